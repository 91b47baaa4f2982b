/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .BTF: maps, functions, global data. .BTF.ext: which function and which line of the source each
 * instruction is of. A source that writes .BTF itself gets none of ours.
 */
#include <stdlib.h>

#include "bpf-as/linetext.h"
#include "bpf-as/types.h"

#define MAX_LINE 512
#define LINE_TABLE 16384u
#define KSYM_NAME_LEN 128

static uint32_t text_hash(const char *p, size_t n)
{
	uint64_t h = n * 0x9e3779b97f4a7c15ull, w = 0;
	const char *e = p + n;

	for (; e - p > 8; p += 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	if (n >= 8) /* the last eight, some of them again */
		memcpy(&w, e - 8, 8);
	for (; n < 8 && p < e; p++)
		w = w << 8 | (uint8_t)*p;
	h = (h ^ w) * 0xff51afd7ed558ccdull;
	return (uint32_t)(h >> 32) | 1;
}

/*
 * The offset of a line's text in the strings. Lines repeat, most often soon: a small table that
 * forgets finds them, fits into the cache, and spares bu_btfgen_str's copy and look-up of each. It
 * keeps the text of short lines, as the strings may be far away.
 */
struct as_linetab {
	uint32_t hash, off;
	uint32_t n;
	char text[52];
};

static uint32_t line_text(struct as *as, const char *p, size_t n, uint32_t h)
{
	struct as_linetab *t = &as->lt[h % LINE_TABLE];
	struct bu_buf *strs = &as->gen.strs;
	uint8_t *b;

	if (t->hash == h && t->n == n &&
	    !memcmp(n <= sizeof(t->text) ? t->text : (const char *)strs->p + t->off, p, n))
		return t->off;
	if (strs->n + n + 1 > AS_MAX_TEXT_OFF)
		return 0;
	b = strs->cap - strs->n > n ? strs->p + strs->n : bu_buf_room(strs, n + 1);
	if (!b)
		return 0;
	memcpy(b, p, n);
	b[n] = '\0';
	t->hash = h;
	t->off = (uint32_t)strs->n;
	t->n = (uint32_t)n;
	memcpy(t->text, p, n <= sizeof(t->text) ? n : 0);
	strs->n += n + 1;
	return t->off;
}

bool as_line_ask(struct as *as, const char *p, size_t n)
{
	struct as_asked *q;

	if (!as->lt)
		as->lt = calloc(LINE_TABLE, sizeof(*as->lt)); /* most of it stays untouched */
	if (!as->lt) {
		as->arena.failed = true;
		return false;
	}
	as_asked_room(as);
	q = &as->asked[as->asked_next % 4];
	q->memo = NULL;
	q->p = p;
	q->n = n > MAX_LINE ? MAX_LINE : n;
	q->hash = text_hash(p, q->n);
	__builtin_prefetch(&as->lt[q->hash % LINE_TABLE]);
	return true;
}

uint32_t as_text_answer(struct as *as, const struct as_asked *q)
{
	return line_text(as, q->p, q->n, q->hash);
}

void as_line_answer(struct as *as)
{
	while (as->asked_first != as->asked_next) {
		const struct as_asked *q = &as->asked[as->asked_first++ % 4];

		as->line_off = q->memo ? as_memo_answer(as, q) : as_text_answer(as, q);
		as_lines_patch(q->sec, q->at, as->line_off);
	}
}

/* A name as BTF allows it: a C identifier, shorter than the kernel's symbols. */
static const char *identifier(struct as *as, const char *name)
{
	char *s = bu_arena_strndup(&as->arena, name, strnlen(name, KSYM_NAME_LEN - 1));

	for (char *p = s; p && *p; p++)
		if (!IS(*p, CL_IDENT) || *p == '.' || *p == '$')
			*p = '_';
	return s ? s : "_";
}

/* ---------------------------------------------------------------- variables */

static uint32_t var_type(struct as *as, const struct as_sym *s)
{
	struct bu_btfgen *g = &as->gen;
	uint32_t n = (uint32_t)s->x->size;

	if (s->x->ctype)
		return as_type_btf(as, s->x->ctype);
	if (s->x->elem == ELEM_CHAR)
		return bu_btfgen_array(g, as_btf_int(as, 1, true, true), n);
	if (s->x->elem == ELEM_INT && s->x->elem_size && n % s->x->elem_size == 0) {
		uint32_t i = as_btf_int(as, s->x->elem_size, false, false);

		return n == s->x->elem_size ? i : bu_btfgen_array(g, i, n / s->x->elem_size);
	}
	if (n == 1 || n == 2 || n == 4 || n == 8)
		return as_btf_int(as, n, false, false);
	return bu_btfgen_array(g, as_btf_int(as, 1, false, false), n);
}

static bool wants_var(const struct as_sec *sec, const struct as_sym *s, uint64_t end)
{
	return !s->temp && s->x->size && s->type == STT_OBJECT && (uint64_t)s->value >= end &&
	       (uint64_t)s->value + s->x->size <= sec->size;
}

static bool datasec(struct as *as, struct as_sec *sec)
{
	struct as_map *m = as->maps;
	uint64_t end = 0;
	uint32_t n = 0;

	for (struct as_sym *s = sec->first_sym; s; s = s->x->next_in_sec) {
		uint32_t t;

		if (!wants_var(sec, s, end))
			continue;
		if (s->is_map) {
			while (m && m->sym != s)
				m = m->next;
			t = m ? as_map_btf(as, m) : 0;
		} else {
			t = var_type(as, s);
		}
		as_symx(as, s)->btf = bu_btfgen_var(&as->gen, identifier(as, s->name), t, s->bind != STB_LOCAL);
		end = (uint64_t)s->value + s->x->size;
		n++;
	}
	if (!n)
		return false;
	if (n > UINT16_MAX) {
		as_error(as, "A0121", sec->pos, strlen(sec->name),
			 "section '%s' holds %u variables, BTF takes %u", sec->name, n, UINT16_MAX);
		return false;
	}
	bu_btfgen_datasec(&as->gen, sec->name, (uint32_t)sec->size);
	for (struct as_sym *s = sec->first_sym; s; s = s->x->next_in_sec)
		if (s->x->btf)
			bu_btfgen_secvar(&as->gen, s->x->btf, (uint32_t)s->value, (uint32_t)s->x->size);
	return true;
}

/* ---------------------------------------------------------------- functions */

static bool functions(struct as *as, struct as_sec *sec, struct bu_btfext_sec *out)
{
	size_t first = 0;

	out->name = sec->name;
	out->func = bu_arena_array(&as->arena, sec->nfunc, sizeof(*out->func));
	if (!out->func)
		return false;
	for (uint32_t i = 0; i < sec->nfunc; i++) {
		struct as_sym *f = sec->func[i];

		if (i && sec->func[i - 1]->value == f->value)
			continue; /* a second name of the same */
		as_symx(as, f)->btf = as_func_btf(as, sec, f, identifier(as, f->name));
		out->func[out->nfunc++] =
			(struct bu_func_info){ .insn_off = (uint32_t)f->value, .type_id = f->x->btf };
	}
	/* Code before the first function belongs to none, and loaders want no lines of it. */
	for (struct as_lines it = as_lines(sec); as_lines_next(&it);)
		if (it.l.insn_off < out->func[0].insn_off)
			first++;
		else
			break;
	if (as->no_line_info)
		first = (uint32_t)sec->nline;
	out->nline = (uint32_t)(sec->nline - first);
	return true;
}

int as_btf(struct as *as, struct bu_buf *btf, struct bu_buf *ext)
{
	struct bu_btfext e = { 0 };
	bool any = false;
	int err;

	if (as->own_btf || as->verbatim)
		return 0;
	e.sec = bu_arena_array(&as->arena, as->nsecs, sizeof(*e.sec));
	if (!e.sec)
		return -ENOMEM;
	for (size_t i = 0; i < as->nsecs; i++) {
		struct as_sec *s = as->secs[i];

		if (s->nfunc && s->kind <= SEC_TEXT) {
			if (!functions(as, s, &e.sec[e.nsec++]))
				return -ENOMEM;
			any = true;
		} else if (s->kind == SEC_DATA || !strcmp(s->name, ".maps") ||
			   !strcmp(s->name, "license")) {
			any = datasec(as, s) || any;
		}
	}
	any = as_externs_btf(as) || any;
	any = as_maps_legacy_btf(as) || any;
	any = as_types_btf(as) || any;
	as_core_types(as);
	for (size_t i = 0; as->core && i < as->nsecs; i++) {
		struct bu_btfext_sec *s = NULL;

		for (uint32_t k = 0; k < e.nsec && !s; k++)
			if (e.sec[k].name == as->secs[i]->name)
				s = &e.sec[k];
		err = as_core_section(as, as->secs[i], s ? s : &e.sec[e.nsec]);
		if (err < 0)
			return err;
		if (err && !s)
			e.nsec++;
		any = any || err;
	}
	if (!any)
		return 0;
	if (e.nsec) {
		err = bu_btfext_write(&e, &as->gen, ext);
		if (err)
			return err;
		as->ext_sec = e.sec;
		as->next_sec = e.nsec;
	}
	return bu_btfgen_head(&as->gen, btf);
}

/* ---------------------------------------------------------------- when the object is written */

uint64_t as_btf_size(const struct as *as)
{
	return as->btf.n ? as->btf.n + as->gen.strs.n : 0;
}

void as_btf_make(const struct bu_sec *s, struct bu_obj_out *out)
{
	const struct as *as = s->ctx;

	bu_obj_put(out, as->btf.p, as->btf.n);
	bu_obj_put(out, as->gen.strs.p, as->gen.strs.n);
}

uint64_t as_ext_size(const struct as *as)
{
	uint64_t n = as->ext.n;

	for (uint32_t i = 0; i < as->next_sec; i++)
		n += as->ext_sec[i].nline * (uint64_t)BU_LINE_REC;
	return n;
}

static void put_lines(const struct as *as, const struct as_sec *sec, const struct bu_btfext_sec *e,
		      struct bu_obj_out *out)
{
	struct as_lines it = as_lines(sec);
	uint8_t rec[4096 * BU_LINE_REC]; /* as much as is written without a copy */
	size_t n;

	for (size_t skip = sec->nline - e->nline; skip && as_lines_next(&it); skip--)
		;
	while ((n = as_lines_records(&it, rec, sizeof(rec) / BU_LINE_REC, as->be)))
		bu_obj_put(out, rec, n * BU_LINE_REC);
}

void as_ext_make(const struct bu_sec *s, struct bu_obj_out *out)
{
	const struct as *as = s->ctx;
	size_t at = 0, k = 0;

	for (uint32_t i = 0; i < as->next_sec; i++) {
		const struct bu_btfext_sec *e = &as->ext_sec[i];

		if (!e->nline)
			continue;
		/* Those with lines are in the order of the sections, of which several may have one name. */
		while (as->secs[k]->name != e->name)
			k++;
		bu_obj_put(out, as->ext.p + at, e->line_at - at);
		at = e->line_at;
		put_lines(as, as->secs[k], e, out);
	}
	bu_obj_put(out, as->ext.p + at, as->ext.n - at);
}
