/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CO-RE: values that the loader adjusts to the kernel it loads into.
 *
 *   r2 = *(u32 *)(r1 + @task_struct.pid)      where a field is
 *   r1 = @exists(task_struct.pid)             and what else there is to ask, see the table below
 *
 * The text behind '@' is kept while reading and looked at in the end, when all types are known. The
 * instruction carries the value by the types as declared here; a record in .BTF.ext names type, access
 * and question. An access is "0", then for each step the number of the member or element.
 * Source: struct bpf_core_relo and enum bpf_core_relo_kind of linux/bpf.h.
 */
#include <stdlib.h>

#include "bpf-as/types.h"

enum kind {
	FIELD_OFFSET, FIELD_SIZE, FIELD_EXISTS, FIELD_SIGNED, FIELD_LSHIFT, FIELD_RSHIFT,
	TYPE_LOCAL, TYPE_TARGET, TYPE_EXISTS, TYPE_SIZE, ENUM_EXISTS, ENUM_VALUE, TYPE_MATCHES, NONE,
};

static const struct fn {
	const char *name;
	uint8_t field, type, enumval;
} fns[] = {
	{ "offset", FIELD_OFFSET, NONE, NONE },
	{ "size", FIELD_SIZE, TYPE_SIZE, NONE },
	{ "exists", FIELD_EXISTS, TYPE_EXISTS, ENUM_EXISTS },
	{ "signed", FIELD_SIGNED, NONE, NONE },
	{ "lshift", FIELD_LSHIFT, NONE, NONE },
	{ "rshift", FIELD_RSHIFT, NONE, NONE },
	{ "local_id", NONE, TYPE_LOCAL, NONE },
	{ "type_id", NONE, TYPE_TARGET, NONE },
	{ "matches", NONE, TYPE_MATCHES, NONE },
	{ "value", NONE, NONE, ENUM_VALUE },
};

struct ref {
	const char *text, *pos; /* behind the '@', copied; where it stands */
	uint32_t n;
};

struct record {
	struct as_sec *sec;
	uint64_t off;
	enum kind kind;
	struct as_type *root;
	struct as_step *step;
	unsigned nstep;
	uint32_t index;         /* of the enumerator */
};

struct as_core {
	struct ref *ref;
	size_t nref, cap_ref;
	struct record *rec;
	size_t nrec, cap_rec;
};

/* ---------------------------------------------------------------- reading */

/* The end of what belongs to the '@' before p: NAME, NAME.member[N], or FN(…). */
static const char *extent(const char *p, const char *e)
{
	int nest = 0;

	for (; p < e; p++) {
		if (*p == '(' || *p == '[')
			nest++;
		else if ((*p == ')' || *p == ']') && --nest < 0)
			break;
		else if (!nest && *p != ')' && *p != ']' && !IS(*p, CL_IDENT))
			break;
		if (!nest && *p == ')')
			return p + 1;
	}
	return p;
}

int as_core_expr(struct as *as, struct as_cur *c, uint32_t *ref)
{
	const char *s = ++c->p, *e = extent(s, c->e);
	struct as_core *core = as->core;
	struct ref *r;

	if (e == s || !IS(*s, CL_START))
		return -EINVAL;
	if (!core)
		core = as->core = bu_arena_alloc(&as->arena, sizeof(*core));
	r = core && as_types(as) ? bu_arena_grow(&as->arena, core->ref, core->nref, &core->cap_ref, sizeof(*r)) : NULL;
	if (!r)
		return -ENOMEM;
	core->ref = r;
	r += core->nref++;
	*r = (struct ref){ bu_arena_strndup(&as->arena, s, (size_t)(e - s)), as_place(as, s), (uint32_t)(e - s) };
	*ref = (uint32_t)core->nref - 1;
	c->p = e;
	return r->text ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- the question */

static const struct fn *function(struct as *as, struct bu_str w)
{
	struct bu_near near;
	struct bu_diag *d;

	bu_near_init(&near, w.p, w.n);
	for (size_t i = 0; i < BU_ARRAY_SIZE(fns); i++) {
		if (bu_str_is(w, fns[i].name))
			return &fns[i];
		bu_near_feed(&near, fns[i].name);
	}
	d = as_error(as, "A0250", w.p, w.n, "unknown question '@%.*s'", (int)w.n, w.p);
	if (near.best)
		bu_diag_help(as->ds, d, "did you mean '@%s'?", near.best);
	else
		bu_diag_note(as->ds, d, "there are @offset, @size, @exists, @signed, @lshift, @rshift, @type_id, "
					"@local_id, @matches and @value");
	return NULL;
}

static bool enumerator(struct as *as, struct as_type *t, struct as_cur *c, struct record *r, int64_t *v)
{
	struct bu_str w = as_word(c);
	struct bu_near near;
	struct bu_diag *d;

	bu_near_init(&near, w.p, w.n);
	for (uint32_t i = 0; i < t->n; i++) {
		if (bu_str_is(w, t->val[i].name)) {
			r->index = i;
			*v = r->kind == ENUM_EXISTS ? 1 : t->val[i].val;
			return true;
		}
		bu_near_feed(&near, t->val[i].name);
	}
	d = as_error(as, "A0250", w.p, w.n ? w.n : 1, "%s has no enumerator '%.*s'", as_type_text(as, t), (int)w.n, w.p);
	if (near.best)
		bu_diag_help(as->ds, d, "did you mean '%s'?", near.best);
	return false;
}

/*
 * The bytes that a loader reads for a field: a bit-field's unit of its type, doubled while the bits
 * cross its end.
 */
static void unit(const struct as_path *p, uint64_t *off, uint64_t *size)
{
	int64_t n = as_type_size(p->type);

	*size = n > 0 ? (uint64_t)n : 0;
	*off = p->bit_off / 8;
	if (!p->bit_size || !*size)
		return;
	*off = *off / *size * *size;
	while (*size < 8 && p->bit_off + p->bit_size - *off * 8 > *size * 8) {
		*size *= 2;
		*off = p->bit_off / 8 / *size * *size;
	}
}

static int64_t field_value(struct as *as, enum kind kind, const struct as_path *p)
{
	struct as_type *t = as_type_real(p->type);
	uint64_t off, size, bits;

	unit(p, &off, &size);
	bits = p->bit_size ? p->bit_size : size * 8;
	switch (kind) {
	case FIELD_OFFSET: return (int64_t)off;
	case FIELD_SIZE: return (int64_t)size;
	case FIELD_SIGNED:
		return (t->kind == BU_BTF_INT || t->kind == BU_BTF_ENUM || t->kind == BU_BTF_ENUM64) && (t->enc & 1);
	case FIELD_LSHIFT:
		if (as->be)
			return (int64_t)((8 - size) * 8 + (p->bit_off - off * 8));
		return (int64_t)(64 - (p->bit_off + bits - off * 8));
	case FIELD_RSHIFT: return (int64_t)(64 - bits);
	default: return 1;
	}
}

/* Loads of less or more than the field: the loader adjusts the width of whole numbers only. */
static void check_width(struct as *as, const struct as_fix *f, const struct as_path *p)
{
	struct as_type *t = as_type_real(p->type);
	struct bu_diag *d;

	if (f->kind != FIX_OFF || p->bit_size || f->row->width == t->size * 8 ||
	    (t->kind != BU_BTF_INT && t->kind != BU_BTF_PTR && t->kind != BU_BTF_ENUM))
		return;
	d = as_warn(as, "A0252", f->pos, f->len, "access of %u bytes to a field of %u", f->row->width / 8, t->size);
	bu_diag_note(as->ds, d, "where the kernel's field has another size, loaders refuse this");
}

static bool field(struct as *as, const struct as_fix *f, struct record *r, struct as_cur *c, int64_t *v)
{
	struct as_path *path = bu_arena_alloc(&as->arena, sizeof(*path));

	if (!path || as_type_path(as, r->root, c, path))
		return false;
	r->step = path->step;
	r->nstep = path->n;
	*v = field_value(as, r->kind, path);
	if (as_type_size(path->type) < 0 && r->kind != FIELD_EXISTS && r->kind != FIELD_OFFSET) {
		as_error(as, "A0250", f->pos, f->len, "the field has no size");
		return false;
	}
	if (r->kind == FIELD_OFFSET)
		check_width(as, f, path);
	return true;
}

static bool nothing(struct as *as, const struct as_fix *f, const struct fn *fn, const char *what)
{
	as_error(as, "A0250", f->pos, f->len, "@%s does not ask about %s", fn->name, what);
	return false;
}

static bool question(struct as *as, const struct as_fix *f, struct as_cur *c, struct record *r, int64_t *v)
{
	const struct fn *fn = &fns[0];
	struct as_cur t = *c;
	struct bu_str w = as_word(&t);
	struct as_type *real;
	bool call = t.p < t.e && *t.p == '(' && !memchr(w.p, '.', w.n);

	if (call) {
		fn = function(as, w);
		if (!fn)
			return false;
		c->p = t.p + 1;
		c->e -= c->e > c->p && c->e[-1] == ')';
		/* A struct that nobody declares may still exist. */
		t = *c;
		w = as_word(&t);
		if (fn->type == TYPE_EXISTS && bu_str_is(w, "struct")) {
			w = as_word(&t);
			as_skip(&t);
			if (t.p == t.e && w.n && !memchr(w.p, '.', w.n))
				as_type_tag_made(as, BU_BTF_STRUCT, w);
		}
	}
	r->root = as_type_name(as, c);
	if (!r->root)
		return false;
	real = as_type_real(r->root);
	as_skip(c);
	if (c->p < c->e && *c->p == '.' && (real->kind == BU_BTF_ENUM || real->kind == BU_BTF_ENUM64)) {
		c->p++;
		r->kind = fn->enumval;
		if (r->kind == NONE)
			return nothing(as, f, fn, "enumerators");
		return enumerator(as, real, c, r, v);
	}
	if (c->p < c->e && (*c->p == '.' || *c->p == '[')) {
		r->kind = fn->field;
		return r->kind == NONE ? nothing(as, f, fn, "fields") : field(as, f, r, c, v);
	}
	r->kind = fn->type;
	if (r->kind == NONE)
		return nothing(as, f, fn, "types");
	*v = r->kind == TYPE_SIZE ? as_type_size(r->root) : 1;
	if (*v < 0) {
		as_error(as, "A0250", f->pos, f->len, "%s has no size: it is not declared", as_type_text(as, r->root));
		return false;
	}
	if (r->kind == TYPE_MATCHES)
		as_type_full(as, r->root);
	return true;
}

/* ---------------------------------------------------------------- at the end of the source */

static bool relocatable(struct as *as, const struct as_fix *f)
{
	struct bu_diag *d;
	unsigned cls = f->row ? f->row->code & 7 : 8;

	if (f->row && (cls == 1 || cls == 2 || cls == 3 || cls == 4 || cls == 7 || f->row->code == BU_OP_LD_IMM64) &&
	    !(cls != 4 && cls != 7 && f->row->code != BU_OP_LD_IMM64 && f->kind != FIX_OFF))
		return true;
	d = as_error(as, "A0251", f->pos, f->len, "the loader cannot adjust a value here");
	bu_diag_note(as->ds, d, "it adjusts the offsets of loads and stores, the immediates of arithmetic and moves, and "
				"'rN = VALUE ll'");
	if (f->row && (cls == 5 || cls == 6))
		bu_diag_help(as->ds, d, "move it into a register first, then compare");
	return false;
}

int as_core_fix(struct as *as, const struct as_fix *f, uint32_t ref, int64_t *v)
{
	struct as_core *core = as->core;
	const struct ref *r = &core->ref[ref];
	const char *stmt = as->stmt, *src = as->stmt_src;
	size_t n = as->stmt_n;
	struct as_cur c = { r->text, r->text + r->n };
	struct record rec = { .sec = f->sec, .off = f->off }, *to;
	bool ok;

	if (!relocatable(as, f))
		return -EINVAL;
	/* Places in the copy are places in the source. */
	as->stmt = r->text;
	as->stmt_src = r->pos;
	as->stmt_n = r->n;
	ok = question(as, f, &c, &rec, v);
	as_skip(&c);
	if (ok && c.p < c.e) {
		as_error(as, "A0144", c.p, as_token_len(c.p, c.e), "'%.*s' does not belong here",
			 (int)as_token_len(c.p, c.e), c.p);
		ok = false;
	}
	as->stmt = stmt;
	as->stmt_src = src;
	as->stmt_n = n;
	if (!ok)
		return -EINVAL;
	to = bu_arena_grow(&as->arena, core->rec, core->nrec, &core->cap_rec, sizeof(*to));
	if (!to)
		return -ENOMEM;
	core->rec = to;
	to[core->nrec++] = rec;
	return 0;
}

/* ---------------------------------------------------------------- .BTF.ext */

/* The member's number in the object's type, of which some members may be left out. */
static int64_t step_index(const struct as_step *s)
{
	if (s->m && s->in->src)
		for (uint32_t i = 0; i < s->in->n; i++)
			if (s->in->mem[i].src == s->src)
				return i;
	return s->index;
}

static uint32_t access_string(struct as *as, const struct record *r)
{
	struct bu_buf b = { 0 };
	uint32_t off;

	if (r->kind == ENUM_EXISTS || r->kind == ENUM_VALUE)
		bu_buf_u64(&b, r->index);
	else
		bu_buf_char(&b, '0');
	for (unsigned i = 0; i < r->nstep; i++)
		bu_buf_printf(&b, ":%lld", (long long)step_index(&r->step[i]));
	off = bu_btfgen_str(&as->gen, bu_buf_cstr(&b));
	bu_buf_free(&b);
	return off;
}

/* By section, then by offset: loaders want them so. */
static int by_place(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	return (x->off > y->off) - (x->off < y->off);
}

void as_core_types(struct as *as)
{
	struct as_core *core = as->core;

	if (!core || !core->nrec)
		return;
	qsort(core->rec, core->nrec, sizeof(*core->rec), by_place);
	for (size_t i = 0; i < core->nrec; i++) {
		struct record *r = &core->rec[i];
		uint32_t id = as_type_btf(as, r->root);
		uint8_t *b = r->sec->buf.p + r->off;

		/* The instruction carries the id, which is known only now. */
		if ((r->kind == TYPE_LOCAL || r->kind == TYPE_TARGET) && r->off + 8 <= r->sec->buf.n)
			bu_put32(b + 4, as->be, id);
	}
}

int as_core_section(struct as *as, const struct as_sec *sec, struct bu_btfext_sec *out)
{
	struct as_core *core = as->core;
	size_t first = 0, n = 0;
	uint8_t *p;

	for (size_t i = 0; core && i < core->nrec; i++) {
		if (core->rec[i].sec != sec)
			continue;
		first = n ? first : i;
		n++;
	}
	if (!n)
		return 0;
	p = bu_arena_array(&as->arena, n, 16);
	if (!p)
		return -ENOMEM;
	out->name = sec->name;
	out->core = p;
	out->core_size = 16;
	out->ncore = (uint32_t)n;
	for (size_t i = 0; i < n; i++, p += 16) {
		const struct record *r = &core->rec[first + i];

		bu_put32(p, as->be, (uint32_t)r->off);
		bu_put32(p + 4, as->be, r->root->btf);
		bu_put32(p + 8, as->be, access_string(as, r));
		bu_put32(p + 12, as->be, r->kind);
	}
	return 1;
}
