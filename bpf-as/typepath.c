/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways into a type: flow.port[1], and what expressions ask of types: sizeof(T), alignof(T),
 * offsetof(T, path), fieldsize(T, path).
 *
 * A wrong name is told at once, and counts as a number then: the matcher may come by several times
 * with the same text, and the mistake is one.
 */
#include "bpf-as/types.h"

/* ---------------------------------------------------------------- members */

/* Depth first through anonymous structs and unions. */
static bool find(struct as *as, struct as_type *s, struct bu_str name, struct as_path *out, unsigned depth)
{
	const struct as_member *m = NULL;

	if (out->n == AS_TYPE_DEPTH || depth > AS_TYPE_DEPTH)
		return false;
	as_type_fetch(as, s, name);
	for (uint32_t i = 0; i < s->n && !m; i++)
		if (bu_str_is(name, s->mem[i].name))
			m = &s->mem[i];
	for (uint32_t i = 0; i < s->n && !m; i++) {
		struct as_type *t = as_type_real(s->mem[i].type);
		unsigned n = out->n;
		uint64_t off = out->bit_off;

		if (*s->mem[i].name || !t || (t->kind != BU_BTF_STRUCT && t->kind != BU_BTF_UNION))
			continue;
		out->step[out->n++] = (struct as_step){ .in = s, .index = i, .m = &s->mem[i],
						    .src = s->mem[i].src };
		out->bit_off += s->mem[i].bit_off;
		if (find(as, t, name, out, depth + 1))
			return true;
		out->n = n;
		out->bit_off = off;
	}
	if (!m)
		return false;
	out->step[out->n++] = (struct as_step){ .in = s, .index = m - s->mem, .m = m, .src = m->src };
	out->bit_off += m->bit_off;
	out->bit_size = m->bit_size;
	out->type = m->type;
	return true;
}

static void feed(struct as_type *s, struct bu_near *near, unsigned depth)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct as_type *t = as_type_real(s->mem[i].type);

		if (*s->mem[i].name)
			bu_near_feed(near, s->mem[i].name);
		else if (t && depth < 8 && (t->kind == BU_BTF_STRUCT || t->kind == BU_BTF_UNION))
			feed(t, near, depth + 1);
	}
}

static int no_member(struct as *as, struct as_type *s, struct bu_str w)
{
	struct bu_near near;
	struct bu_diag *d;

	d = as_error(as, "A0245", w.p, w.n, "%s has no member '%.*s'", as_type_text(as, s), (int)w.n, w.p);
	if (s->src)
		as_type_full(as, s);
	bu_near_init(&near, w.p, w.n);
	feed(s, &near, 0);
	if (near.best)
		bu_diag_mean(as->ds, d, near.best, near.best_n);
	return -EINVAL;
}

static struct bu_str ident(struct as_cur *c)
{
	const char *s;

	as_skip(c);
	s = c->p;
	if (c->p < c->e && IS(*c->p, CL_START) && *c->p != '.')
		while (c->p < c->e && IS(*c->p, CL_IDENT) && *c->p != '.')
			c->p++;
	return bu_str(s, (size_t)(c->p - s));
}

static int element(struct as *as, struct as_cur *c, struct as_path *out)
{
	struct as_type *t = as_type_real(out->type);
	const char *pos = c->p++;
	int64_t i;

	if (t->kind != BU_BTF_ARRAY) {
		struct bu_diag *d = as_error(as, "A0245", pos, 1, "%s is no array", as_type_text(as, t));

		if (t->kind == BU_BTF_PTR)
			bu_diag_help(as->ds, d, "load the pointer first, then use it as a base");
		return -EINVAL;
	}
	if (as_expr_now(as, c, "an element's number", &i))
		return -EINVAL;
	if (!as_eat(c, ']')) {
		as_error(as, "A0245", c->p, 1, "expected ']'");
		return -EINVAL;
	}
	if (i < 0 || (t->nelems && i >= t->nelems) || i > INT32_MAX) {
		as_error(as, "A0245", pos, (size_t)(c->p - pos), "element %lld of an array of %u", (long long)i,
			 t->nelems);
		return -EINVAL;
	}
	if (out->n == AS_TYPE_DEPTH) {
		as_error(as, "A0245", pos, 1, "the name is too deep");
		return -EINVAL;
	}
	out->step[out->n++] = (struct as_step){ .in = t, .index = i };
	out->type = t->to;
	out->bit_off += (uint64_t)i * (uint64_t)as_type_size(t->to) * 8;
	out->bit_size = 0;
	return 0;
}

static int member(struct as *as, struct as_cur *c, struct as_path *out)
{
	struct as_type *t = as_type_real(out->type);
	struct bu_str w = ident(c);
	struct bu_diag *d;

	if (!w.n) {
		as_error(as, "A0245", w.p, 1, "expected a member's name");
		return -EINVAL;
	}
	if (t->kind != BU_BTF_STRUCT && t->kind != BU_BTF_UNION) {
		d = as_error(as, "A0245", w.p, w.n, "'%.*s' cannot be a member of %s", (int)w.n, w.p,
			     as_type_text(as, t));
		if (t->kind == BU_BTF_PTR && t->to && *as_type_real(t->to)->name)
			bu_diag_help(as->ds, d, "the pointer has to be loaded first; then the member is %s.%.*s",
				     as_type_real(t->to)->name, (int)w.n, w.p);
		return -EINVAL;
	}
	if (!t->complete) {
		d = as_error(as, "A0245", w.p, w.n, "%s is not declared", as_type_text(as, t));
		return -EINVAL;
	}
	return find(as, t, w, out, 0) ? 0 : no_member(as, t, w);
}

int as_type_path(struct as *as, struct as_type *t, struct as_cur *c, struct as_path *out)
{
	int err = 0;

	memset(out, 0, sizeof(*out));
	out->root = out->type = t;
	as_skip(c);
	if (c->p < c->e && *c->p != '.' && *c->p != '[' && IS(*c->p, CL_START))
		err = member(as, c, out);
	while (!err && c->p < c->e) {
		if (*c->p == '.') {
			c->p++;
			err = member(as, c, out);
		} else if (*c->p == '[') {
			err = element(as, c, out);
		} else {
			break;
		}
	}
	return err;
}

/* ---------------------------------------------------------------- names of types */

static struct as_type *by_name(struct as *as, struct bu_str w)
{
	struct as_type *t = as_type_tag(as, BU_BTF_VOID, w);

	return t ? t : as_type_typedef(as, w);
}

struct as_type *as_type_name(struct as *as, struct as_cur *c)
{
	struct bu_str w = ident(c), kind = { 0 };
	enum bu_btf_kind k = BU_BTF_VOID;
	struct as_type *t;
	struct bu_near near;
	struct bu_diag *d;

	if (bu_str_is(w, "struct"))
		k = BU_BTF_STRUCT;
	else if (bu_str_is(w, "union"))
		k = BU_BTF_UNION;
	else if (bu_str_is(w, "enum"))
		k = BU_BTF_ENUM;
	if (k) {
		kind = w;
		w = ident(c);
	}
	if (!w.n) {
		as_error(as, "A0242", w.p, 1, "expected the name of a type");
		return NULL;
	}
	t = k ? as_type_tag(as, k, w) : by_name(as, w);
	if (!t && !k)
		t = as_type_word(as, w);
	if (t)
		return t;
	d = as_error(as, "A0242", w.p, w.n, "unknown type '%.*s%s%.*s'", (int)kind.n, kind.n ? kind.p : "",
		     kind.n ? " " : "", (int)w.n, w.p);
	bu_near_init(&near, w.p, w.n);
	as_type_feed(as, &near);
	if (near.best)
		bu_diag_mean(as->ds, d, near.best, near.best_n);
	else
		bu_diag_help(as->ds, d, "declare it with .struct, or name a file that knows it with --btf");
	return NULL;
}

/* ---------------------------------------------------------------- in expressions */

enum fn { FN_SIZEOF = 1, FN_ALIGNOF, FN_OFFSETOF, FN_FIELDSIZE };

static enum fn function(const char *p, size_t n)
{
	static const struct {
		const char *name;
		enum fn fn;
	} fns[] = {
		{ "sizeof", FN_SIZEOF }, { "alignof", FN_ALIGNOF }, { "_Alignof", FN_ALIGNOF },
		{ "offsetof", FN_OFFSETOF }, { "fieldsize", FN_FIELDSIZE },
	};

	for (size_t i = 0; i < BU_ARRAY_SIZE(fns); i++)
		if (bu_str_is(bu_str(p, n), fns[i].name))
			return fns[i].fn;
	return 0;
}

static void closing(struct as *as, struct as_cur *c, unsigned errors)
{
	if (!as_eat(c, ')') && as->ds->errors == errors)
		as_error(as, "A0240", c->p, 1, "expected ')'");
}

/* Past the ')' that closes the '(' before c, or the end. */
static void skip_parens(struct as_cur *c)
{
	int nest = 1;

	for (; c->p < c->e && nest; c->p++)
		nest += (*c->p == '(') - (*c->p == ')');
}

static int64_t sized(struct as *as, enum fn fn, struct as_type *t, const char *p, size_t n)
{
	int64_t v = as_type_size(t);

	if (v < 0) {
		as_type_help(as, as_error(as, "A0243", p, n, "%s has no size: it is not declared",
					  as_type_text(as, t)), t, NULL);
		return 1;
	}
	return fn == FN_ALIGNOF ? (int64_t)as_type_real(t)->align : v;
}

/* fn( at c. The value; errors are told. */
static int64_t call(struct as *as, enum fn fn, struct as_cur *c)
{
	struct as_path path;
	struct as_type *t;
	struct as_cur in;
	unsigned errors = as->ds->errors;
	const char *s;
	int64_t v = 1;

	c->p++;
	s = c->p;
	in = *c;
	skip_parens(&in);
	in = (struct as_cur){ c->p, in.p > c->p && in.p[-1] == ')' ? in.p - 1 : in.p };
	c->p = in.e;
	if (fn == FN_SIZEOF || fn == FN_ALIGNOF) {
		struct as_cur one = in, all = in;
		const char *dot;

		as_skip(&one);
		dot = one.p < one.e ? memchr(one.p, '.', (size_t)(one.e - one.p)) : NULL;
		if (dot) { /* sizeof(flow.port) */
			t = as_type_name(as, &one);
			if (t && !as_type_path(as, t, &one, &path))
				v = sized(as, fn, path.type, s, (size_t)(in.e - s));
		} else {
			t = as_type_parse(as, &all, NULL);
			if (t)
				v = sized(as, fn, t, s, (size_t)(in.e - s));
		}
	} else {
		t = as_type_name(as, &in);
		if (t && !as_eat(&in, ',')) {
			as_error(as, "A0143", in.p, 1, "expected ',': offsetof(struct NAME, MEMBER)");
			t = NULL;
		}
		if (t && !as_type_path(as, t, &in, &path)) {
			if (fn == FN_FIELDSIZE)
				v = as_type_size(path.type);
			else if (path.bit_size)
				as_error(as, "A0245", s, (size_t)(c->p - s), "a bit-field has no offset in bytes");
			else
				v = (int64_t)(path.bit_off / 8);
		}
	}
	closing(as, c, errors);
	return v;
}

/* The same text again: its mistake was told. */
static bool told(struct as *as, const char *place, unsigned errors)
{
	if (as->ds->errors == errors)
		return false;
	as->ty->told = place;
	return true;
}

int as_type_expr(struct as *as, const char *name, struct as_cur *c, int64_t *v)
{
	size_t n = (size_t)(c->p - name);
	enum fn fn = c->p < c->e && *c->p == '(' ? function(name, n) : 0;
	unsigned errors = as->ds->errors;
	const char *place = as_place(as, name), *dot;
	struct as_path path;
	struct as_type *t;

	if (fn && !as_types(as))
		return -ENOMEM;
	if (fn) {
		*v = 1;
		if (as->ty->told == place) {
			c->p++;
			skip_parens(c);
			return 1;
		}
		*v = call(as, fn, c);
		told(as, place, errors);
		return 1;
	}
	if (!as->ty)
		return 0;
	dot = memchr(name, '.', n);
	if (!dot || dot == name)
		return 0;
	t = by_name(as, bu_str(name, (size_t)(dot - name)));
	if (!t || !as_type_real(t)->complete)
		return 0;
	if (as->ty->told == place) {
		while (c->p < c->e && (IS(*c->p, CL_IDENT) || *c->p == '[' || *c->p == ']'))
			c->p++;
		*v = 0;
		return 1;
	}
	c->p = dot;
	*v = 0;
	if (as_type_path(as, t, c, &path)) {
		while (c->p < c->e && (IS(*c->p, CL_IDENT) || *c->p == '[' || *c->p == ']'))
			c->p++;
	} else {
		if (path.bit_size)
			as_error(as, "A0245", name, (size_t)(c->p - name), "'%.*s' is a bit-field: it has no offset in bytes",
				 (int)(c->p - name), name);
		*v = (int64_t)(path.bit_off / 8);
	}
	told(as, place, errors);
	return 1;
}

bool as_type_field(struct as *as, const struct as_sym *s, int64_t *off, int64_t *size)
{
	const char *dot = memchr(s->name, '.', s->n), *p, *e = s->name + s->n;
	struct as_path path = { 0 };
	struct as_type *t;

	if (!dot || !as_type_builtin(bu_str(s->name, (size_t)(dot - s->name))) || !as_types(as))
		return false;
	t = as_type_tag(as, BU_BTF_VOID, bu_str(s->name, (size_t)(dot - s->name)));
	for (p = dot + 1; t; p = dot + 1) {
		t = as_type_real(t);
		dot = memchr(p, '.', (size_t)(e - p));
		if (!dot)
			dot = e;
		if ((t->kind != BU_BTF_STRUCT && t->kind != BU_BTF_UNION) || !t->complete ||
		    !find(as, t, bu_str(p, (size_t)(dot - p)), &path, 0) || path.bit_size)
			return false;
		if (dot == e) {
			*off = (int64_t)(path.bit_off / 8);
			*size = as_type_size(path.type);
			return true;
		}
		t = path.type;
	}
	return false;
}

int as_type_late(struct as *as, const struct as_sym *s, const char *pos, int64_t *v)
{
	struct as_cur c = { s->name, s->name + s->n };
	const char *dot = memchr(s->name, '.', s->n);
	struct as_path path;
	struct as_type *t;

	if (!as->ty || !dot || dot == s->name)
		return 0;
	t = by_name(as, bu_str(s->name, (size_t)(dot - s->name)));
	if (!t || !as_type_real(t)->complete)
		return 0;
	/* Read from the source, so that a message knows the place. */
	if (pos && as_file_of(as, pos) && !strncmp(pos, s->name, s->n)) {
		dot = pos + (dot - s->name);
		c.e = pos + s->n;
	}
	c.p = dot;
	if (as_type_path(as, t, &c, &path))
		return -EINVAL;
	*v = (int64_t)(path.bit_off / 8);
	return 1;
}
