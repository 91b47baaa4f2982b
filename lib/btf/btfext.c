/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * .BTF.ext: which function and which source line each instruction belongs to, and CO-RE records.
 *
 *   header      magic, version, flags, hdr_len, then offset and length of each of the three parts,
 *               counted from the end of the header
 *   each part   u32 record size, then per program section:
 *               u32 section name, u32 number of records, the records
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- writing */

struct writer {
	struct bu_btfgen *g;
	struct bu_buf body;
	uint64_t left_out; /* bytes of lines that are not in body */
	uint32_t off, len; /* of the part last written */
};

static void put32(struct writer *w, uint32_t v)
{
	uint8_t b[4];

	bu_put32(b, w->g->be, v);
	bu_buf_add(&w->body, b, sizeof(b));
}

enum part { FUNC, LINE, CORE };

static uint32_t part_count(const struct bu_btfext_sec *s, enum part part)
{
	return part == FUNC ? s->nfunc : part == LINE ? s->nline : s->ncore;
}

/* One part; nothing at all when no section has records for it. */
static int put_part(struct writer *w, const struct bu_btfext *e, enum part part)
{
	static const uint32_t rec[] = { BTF_FUNC_REC, BTF_LINE_REC, BTF_CORE_REC };
	uint32_t rec_size = rec[part];
	bool any = false;

	w->off = (uint32_t)(w->body.n + w->left_out);
	w->len = 0;
	for (uint32_t i = 0; i < e->nsec; i++) {
		struct bu_btfext_sec *s = &e->sec[i];
		uint32_t n = part_count(s, part);

		if (!n)
			continue;
		if (part == CORE) {
			if (any && s->core_size != rec_size)
				return -EINVAL;
			rec_size = s->core_size;
		}
		if (!any)
			put32(w, rec_size);
		any = true;
		put32(w, bu_btfgen_str(w->g, s->name));
		put32(w, n);
		for (uint32_t k = 0; k < n && part == FUNC; k++) {
			put32(w, s->func[k].insn_off);
			put32(w, s->func[k].type_id);
		}
		if (part == LINE && !s->line) {
			s->line_at = BTF_EXT_HDR_LEN + w->body.n;
			w->left_out += (uint64_t)n * BU_LINE_REC;
		}
		for (uint32_t k = 0; k < n && part == LINE && s->line; k++) {
			uint8_t line[BU_LINE_REC];

			bu_btfext_line(line, &s->line[k], w->g->be);
			bu_buf_add(&w->body, line, sizeof(line));
		}
		if (part == CORE)
			bu_buf_add(&w->body, s->core, (size_t)n * rec_size);
	}
	if (w->body.n + w->left_out > UINT32_MAX / 2)
		return -E2BIG;
	w->len = (uint32_t)(w->body.n + w->left_out) - w->off;
	return 0;
}

int bu_btfext_write(const struct bu_btfext *e, struct bu_btfgen *g, struct bu_buf *out)
{
	struct writer w = { .g = g };
	uint8_t h[BTF_EXT_HDR_LEN] = { 0 };
	int err = 0;

	bu_put16(h, g->be, BTF_MAGIC);
	h[2] = BTF_VERSION;
	bu_put32(h + 4, g->be, BTF_EXT_HDR_LEN);
	for (int part = FUNC; part <= CORE; part++) {
		err = put_part(&w, e, (enum part)part);
		if (err)
			goto out;
		bu_put32(h + 8 + part * 8, g->be, w.off);
		bu_put32(h + 12 + part * 8, g->be, w.len);
	}
	bu_buf_add(out, h, sizeof(h));
	bu_buf_add(out, w.body.p, w.body.n);
	err = g->err ? g->err : w.body.failed || out->failed ? -ENOMEM : 0;
out:
	bu_buf_free(&w.body);
	return err;
}

/* ---------------------------------------------------------------- reading */

struct reader {
	struct bu_btfext *e;
	const uint8_t *p;      /* the blob */
	const struct bu_btf *btf;
	struct bu_arena *a;
	const char *name;
	struct bu_diags *ds;
	size_t cap;
	struct bu_hash by_name; /* 1 + index into e->sec */
	bool be;
};

BU_PRINTF(2, 3)
static int damaged(struct reader *r, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!r->ds)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bu_diag_span(r->ds, bu_diag(r->ds, BU_ERROR, "B0105", "damaged .BTF.ext: %s", text), r->name,
		     0, 0, 1, (struct bu_str){ 0 }, NULL);
	return -EINVAL;
}

/* The entry for a section name; the same name in two parts is the same entry. */
static struct bu_btfext_sec *section(struct reader *r, const char *name)
{
	struct bu_btfext *e = r->e;
	uintptr_t have = (uintptr_t)bu_hash_get(&r->by_name, name, strlen(name));
	struct bu_btfext_sec *v;

	if (have)
		return &e->sec[have - 1];
	v = bu_arena_grow(r->a, e->sec, e->nsec, &r->cap, sizeof(*v));
	if (!v || bu_hash_put(&r->by_name, name, strlen(name), (void *)(uintptr_t)(e->nsec + 1)))
		return NULL;
	e->sec = v;
	v += e->nsec++;
	memset(v, 0, sizeof(*v));
	v->name = name;
	return v;
}

static int by_func_off(const void *a, const void *b)
{
	const struct bu_func_info *x = a, *y = b;

	return x->insn_off < y->insn_off ? -1 : x->insn_off > y->insn_off;
}

/* By offset; the order of records for one instruction is made definite by the line. */
static int by_line_off(const void *a, const void *b)
{
	const struct bu_line_info *x = a, *y = b;

	if (x->insn_off != y->insn_off)
		return x->insn_off < y->insn_off ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->col < y->col ? -1 : x->col > y->col;
}

static int read_funcs(struct reader *r, struct bu_btfext_sec *s, const uint8_t *p, uint32_t n,
		      uint32_t rec)
{
	bool sorted = true;

	if (s->nfunc)
		return damaged(r, "section '%s' has two lists of functions", s->name);
	s->func = bu_arena_array(r->a, n, sizeof(*s->func));
	if (!s->func)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++, p += rec) {
		struct bu_func_info *f = &s->func[i];
		struct bu_btf_type t;

		f->insn_off = bu_get32(p, r->be);
		f->type_id = bu_get32(p + 4, r->be);
		if (f->insn_off % 8)
			return damaged(r, "a function of section '%s' begins at byte %u, inside an instruction",
				       s->name, f->insn_off);
		if (bu_btf_get(r->btf, f->type_id, &t) || t.kind != BU_BTF_FUNC)
			return damaged(r, "type [%u] of section '%s' is no function", f->type_id,
				       s->name);
		if (i && f[-1].insn_off > f->insn_off)
			sorted = false;
	}
	if (!sorted)
		qsort(s->func, n, sizeof(*s->func), by_func_off);
	s->nfunc = n;
	return 0;
}

static int read_lines(struct reader *r, struct bu_btfext_sec *s, const uint8_t *p, uint32_t n,
		      uint32_t rec)
{
	uint32_t strs = btf_first_str(r->btf) + r->btf->str_len;
	bool sorted = true;

	if (s->nline)
		return damaged(r, "section '%s' has two lists of lines", s->name);
	s->line = bu_arena_array(r->a, n, sizeof(*s->line));
	if (!s->line)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++, p += rec) {
		struct bu_line_info *l = &s->line[i];
		uint32_t at = bu_get32(p + 12, r->be);

		l->insn_off = bu_get32(p, r->be);
		l->file_off = bu_get32(p + 4, r->be);
		l->line_off = bu_get32(p + 8, r->be);
		l->line = at >> 10;
		l->col = at & BTF_COL_MAX;
		if (l->insn_off % 8)
			return damaged(r, "a line of section '%s' is for byte %u, inside an instruction",
				       s->name, l->insn_off);
		if (l->file_off >= strs || l->line_off >= strs)
			return damaged(r, "a line's text of section '%s' lies outside the strings",
				       s->name);
		if (i && l[-1].insn_off > l->insn_off)
			sorted = false;
	}
	if (!sorted)
		qsort(s->line, n, sizeof(*s->line), by_line_off);
	s->nline = n;
	return 0;
}

static int read_part(struct reader *r, enum part part, const uint8_t *p, uint32_t len)
{
	static const char *const what[] = { "functions", "lines", "CO-RE relocations" };
	static const uint32_t least[] = { BTF_FUNC_REC, BTF_LINE_REC, BTF_CORE_REC };
	uint32_t rec;
	int err = 0;

	if (!len)
		return 0;
	if (len < 4)
		return damaged(r, "%u bytes of %s", len, what[part]);
	rec = bu_get32(p, r->be);
	if (rec < least[part] || rec > 4096 || rec % 4)
		return damaged(r, "records of %u bytes for %s", rec, what[part]);
	p += 4;
	len -= 4;
	while (len && !err) {
		struct bu_btfext_sec *s;
		uint32_t name, n;

		if (len < 8)
			return damaged(r, "the list of %s is cut off", what[part]);
		name = bu_get32(p, r->be);
		n = bu_get32(p + 4, r->be);
		p += 8;
		len -= 8;
		if (!n || (uint64_t)n * rec > len)
			return damaged(r, "%u %s in %u bytes", n, what[part], len);
		if (name >= btf_first_str(r->btf) + r->btf->str_len)
			return damaged(r, "a section's name lies outside the strings");
		s = section(r, bu_btf_str(r->btf, name));
		if (!s)
			return -ENOMEM;
		if (part == FUNC) {
			err = read_funcs(r, s, p, n, rec);
		} else if (part == LINE) {
			err = read_lines(r, s, p, n, rec);
		} else if (s->ncore) {
			err = damaged(r, "section '%s' has two lists of CO-RE relocations", s->name);
		} else {
			s->core = p;
			s->ncore = n;
			s->core_size = rec;
		}
		p += n * rec;
		len -= n * rec;
	}
	return err;
}

int bu_btfext_parse(struct bu_btfext *e, const void *data, size_t size, const struct bu_btf *btf,
		    struct bu_arena *a, const char *name, struct bu_diags *ds)
{
	struct reader r = { .e = e, .p = data, .btf = btf, .a = a, .name = name, .ds = ds,
			    .be = btf->be };
	uint32_t hdr_len;
	int err = 0;

	memset(e, 0, sizeof(*e));
	if (size < 24)
		return damaged(&r, "%zu bytes are too short for a header", size);
	if (bu_get16(r.p, r.be) != BTF_MAGIC)
		return damaged(&r, "the magic number is 0x%04x, not 0x%04x", bu_get16(r.p, r.be),
			       BTF_MAGIC);
	if (r.p[2] != BTF_VERSION)
		return damaged(&r, "version %u is unknown, only 1 is", r.p[2]);
	hdr_len = bu_get32(r.p + 4, r.be);
	if (hdr_len < 24 || hdr_len > size)
		return damaged(&r, "a header of %u bytes in %zu bytes", hdr_len, size);
	for (int part = FUNC; part <= CORE && !err; part++) {
		uint32_t off, len;

		if (hdr_len < 16u + (uint32_t)part * 8)
			break;
		off = bu_get32(r.p + 8 + part * 8, r.be);
		len = bu_get32(r.p + 12 + part * 8, r.be);
		err = (uint64_t)off + len > size - hdr_len
			      ? damaged(&r, "part %d reaches beyond the end", part)
			      : read_part(&r, (enum part)part, r.p + hdr_len + off, len);
	}
	bu_hash_free(&r.by_name);
	return err;
}

uint32_t bu_btfext_first_line(const struct bu_btfext_sec *x, uint64_t off)
{
	uint32_t lo = 0, hi = x->nline;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (x->line[mid].insn_off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
