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

#include <string.h>

/* ---------------------------------------------------------------- writing */

struct writer {
	struct bu_btfgen *g;
	struct bu_buf body;
	uint32_t off, len; /* of the part last written */
};

static void put32(struct writer *w, uint32_t v)
{
	uint8_t b[4];

	bu_put32(b, w->g->be, v);
	bu_buf_add(&w->body, b, sizeof(b));
}

static void put_line(struct writer *w, const struct bu_line_info *l)
{
	uint32_t line = l->line, col = l->col;

	if (line >> BTF_LINE_BITS)
		line = 0;
	if (col > BTF_COL_MAX)
		col = 0;
	put32(w, l->insn_off);
	put32(w, l->file_off);
	put32(w, l->line_off);
	put32(w, line << 10 | col);
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

	w->off = (uint32_t)w->body.n;
	w->len = 0;
	for (uint32_t i = 0; i < e->nsec; i++) {
		const struct bu_btfext_sec *s = &e->sec[i];
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
		for (uint32_t k = 0; k < n && part == LINE; k++)
			put_line(w, &s->line[k]);
		if (part == CORE)
			bu_buf_add(&w->body, s->core, (size_t)n * rec_size);
	}
	if (w->body.n > UINT32_MAX / 2)
		return -E2BIG;
	w->len = (uint32_t)w->body.n - w->off;
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
