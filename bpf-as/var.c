/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Variables with a type:
 *
 *   .var counter: u64              to .bss, or to the data section at hand
 *   .var limits: u32[2] = {1, 2}   to .data
 *   .const name: char[] = "x"      to .rodata
 *   .type label, u64               the type of a label that data directives fill
 */
#include "bpf-as/directive.h"
#include "bpf-as/types.h"

#define MAX_INIT (16u << 20)

struct init {
	struct as *as;
	struct as_cur *c;
	uint8_t *buf;
	size_t size;
	unsigned depth;
	uint64_t base; /* where the variable begins in its section */
};

static bool value(struct init *in, struct as_type *t, size_t off);

static bool fail(struct init *in, const char *p, size_t n, const char *fmt, const char *arg)
{
	as_error(in->as, "A0249", p, n ? n : 1, fmt, arg);
	return false;
}

static void put(struct init *in, size_t off, unsigned size, uint64_t v)
{
	uint8_t *b = in->buf + off;

	if (off > in->size || size > in->size - off)
		return;
	switch (size) {
	case 1: *b = (uint8_t)v; break;
	case 2: bu_put16(b, in->as->be, (uint16_t)v); break;
	case 4: bu_put32(b, in->as->be, (uint32_t)v); break;
	case 8: bu_put64(b, in->as->be, v); break;
	default: break;
	}
}

static bool fits(int64_t v, unsigned bits, bool is_signed)
{
	if (bits >= 64)
		return true;
	return v >= -(1LL << (bits - 1)) && v < (is_signed ? 1LL << (bits - 1) : 1LL << bits);
}

static bool truth(struct as_cur *c, int64_t *v)
{
	struct as_cur t = *c;
	struct bu_str w = as_word(&t);

	if (!bu_str_is(w, "true") && !bu_str_is(w, "false"))
		return false;
	*v = w.n == 4;
	*c = t;
	return true;
}

/* A number, or a place in 8 or 4 bytes. m: a bit-field, or NULL. */
static bool scalar(struct init *in, struct as_type *t, size_t off, const struct as_member *m)
{
	struct as_type *real = as_type_real(t);
	unsigned size = real->size, bits = m && m->bit_size ? m->bit_size : size * 8;
	struct as *as = in->as;
	struct as_fix *f;
	uint32_t node = 0;
	const char *p;
	int64_t v;

	as_skip(in->c);
	p = in->c->p;
	if (real->kind == BU_BTF_FLOAT || size > 8)
		return fail(in, p, 1, "%s cannot be given a value here", as_type_text(as, t));
	if (!truth(in->c, &v) && as_expr(as, in->c, &node, &v)) {
		if (as->ex_error)
			as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
		else
			as_error(as, "A0140", p, as_token_len(p, in->c->e), "expected a value");
		return false;
	}
	if (node && m && m->bit_size)
		return fail(in, p, (size_t)(in->c->p - p), "a bit-field needs a number%s", "");
	if (node) {
		f = as_fixup(as, FIX_DATA, p, (size_t)(in->c->p - p));
		as_expr_keep(as);
		if (f) {
			f->off = in->base + off;
			f->size = (uint8_t)size;
			f->expr = node;
		}
		return true;
	}
	if (!fits(v, bits, real->enc & 1)) {
		as_error(as, "A0160", p, (size_t)(in->c->p - p), "%lld does not fit in %u bits", (long long)v, bits);
		return false;
	}
	if (m && m->bit_size) {
		for (unsigned i = 0; i < bits; i++) {
			unsigned bit = m->bit_off % 8 + i;
			size_t at = off + bit / 8;
			unsigned in_byte = as->be ? 7 - bit % 8 : bit % 8;
			unsigned from = as->be ? bits - 1 - i : i;

			if (at < in->size && (uint64_t)v >> from & 1)
				in->buf[at] |= (uint8_t)(1u << in_byte);
		}
		return true;
	}
	put(in, off, size, (uint64_t)v);
	return true;
}

static bool text(struct init *in, struct as_type *t, size_t off)
{
	struct bu_buf b = { 0 };
	const char *p = in->c->p;
	bool ok = as_string(in->as, in->c, &b);

	if (ok && b.n > t->size)
		ok = fail(in, p, (size_t)(in->c->p - p), "the text is longer than %s", as_type_text(in->as, t));
	if (ok && b.n && off <= in->size && b.n <= in->size - off)
		memcpy(in->buf + off, b.p, b.n);
	bu_buf_free(&b);
	return ok;
}

static bool array(struct init *in, struct as_type *t, size_t off)
{
	int64_t elem = as_type_size(t->to), i = 0;

	while (!as_eat(in->c, '}')) {
		const char *p = in->c->p;

		if (as_eat(in->c, '[')) {
			if (as_expr_now(in->as, in->c, "an element's number", &i))
				return false;
			if (!as_eat(in->c, ']') || !as_eat(in->c, '='))
				return fail(in, in->c->p, 1, "expected [N] = VALUE%s", "");
		}
		if (i < 0 || i >= t->nelems)
			return fail(in, p, 1, "more values than %s has", as_type_text(in->as, t));
		if (!value(in, t->to, off + (size_t)(i * elem)))
			return false;
		i++;
		if (!as_eat(in->c, ',')) {
			if (as_eat(in->c, '}'))
				return true;
			return fail(in, in->c->p, 1, "expected ',' or '}'%s", "");
		}
	}
	return true;
}

static bool aggregate(struct init *in, struct as_type *t, size_t off)
{
	uint32_t i = 0;

	while (!as_eat(in->c, '}')) {
		const struct as_member *m;
		struct as_path path = { 0 };
		const char *p = in->c->p;
		bool named = false;

		as_skip(in->c);
		if (in->c->p + 1 < in->c->e && *in->c->p == '.' && IS(in->c->p[1], CL_START)) {
			if (as_type_path(in->as, t, in->c, &path))
				return false;
			if (!as_eat(in->c, '='))
				return fail(in, in->c->p, 1, "expected '=': .MEMBER = VALUE%s", "");
			named = true;
			i = path.n ? (uint32_t)path.step[0].index + 1 : i;
			m = path.n ? path.step[path.n - 1].m : NULL;
		} else {
			if (i >= t->n || (t->kind == BU_BTF_UNION && i))
				return fail(in, p, 1, "more values than %s has members", as_type_text(in->as, t));
			m = &t->mem[i++];
			path.bit_off = m->bit_off;
			path.type = m->type;
			path.bit_size = m->bit_size;
		}
		if (path.bit_size) {
			struct as_member bits = *m;

			bits.bit_off = (uint32_t)path.bit_off;
			if (!scalar(in, path.type, off + (size_t)(path.bit_off / 8), &bits))
				return false;
		} else if (!value(in, path.type, off + (size_t)(path.bit_off / 8))) {
			return false;
		}
		(void)named;
		if (!as_eat(in->c, ',')) {
			if (as_eat(in->c, '}'))
				return true;
			return fail(in, in->c->p, 1, "expected ',' or '}'%s", "");
		}
	}
	return true;
}

static bool value(struct init *in, struct as_type *t, size_t off)
{
	struct as_type *real = as_type_real(t);
	bool ok = true;

	as_skip(in->c);
	if (++in->depth > AS_TYPE_DEPTH)
		return fail(in, in->c->p, 1, "the value is nested too deeply%s", "");
	switch (real->kind) {
	case BU_BTF_ARRAY:
		if (in->c->p < in->c->e && *in->c->p == '"' && as_type_size(real->to) == 1)
			ok = text(in, real, off);
		else if (as_eat(in->c, '{'))
			ok = array(in, real, off);
		else
			ok = fail(in, in->c->p, 1, "%s needs its values in { }", as_type_text(in->as, real));
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		if (as_eat(in->c, '{'))
			ok = aggregate(in, real, off);
		else
			ok = fail(in, in->c->p, 1, "%s needs its values in { }", as_type_text(in->as, real));
		break;
	default:
		ok = scalar(in, t, off, NULL);
	}
	in->depth--;
	return ok;
}

/* Elements of "T x[] = …": of the text with its end, or between the outermost commas. */
static uint32_t count(struct as *as, const struct as_cur *at)
{
	struct as_cur c = *at;
	struct bu_buf b = { 0 };
	uint32_t n = 0;
	int nest = 0;

	as_skip(&c);
	if (c.p < c.e && *c.p == '"') {
		if (as_string(as, &c, &b))
			n = (uint32_t)b.n + 1;
		bu_buf_free(&b);
		return n;
	}
	for (bool any = false; c.p < c.e; c.p++) {
		if (*c.p == '}' && --nest == 0)
			return n + any;
		if (nest == 1 && *c.p == ',') {
			n += any;
			any = false;
		} else if (nest && !IS(*c.p, CL_SPACE)) {
			any = true;
		}
		nest += *c.p == '{';
	}
	return n;
}

static bool named(const char *s, const char *kind)
{
	size_t n = strlen(kind);

	return !strncmp(s, kind, n) && (!s[n] || s[n] == '.');
}

static struct as_sec *place(struct as *as, bool is_const, bool init, const char *pos)
{
	if (as->cur->kind == SEC_DATA && (!is_const || named(as->cur->name, ".rodata")) &&
	    !(init && as->cur->type == SHT_NOBITS))
		return as->cur;
	return is_const ? as_section(as, ".rodata", 7, pos) : init ? as_section(as, ".data", 5, pos)
								   : as_section(as, ".bss", 4, pos);
}

void as_d_var(PARAMS)
{
	struct as_sec *cur = as->cur, *prev = as->prev;
	struct as_type *t;
	struct as_sym *s;
	struct init in = { .as = as, .c = c };
	const char *pos, *tp;
	bool init, ok = true;
	int64_t size;

	s = as_symbol_arg(as, c, &pos);
	if (!s)
		return;
	if (!as_eat(c, ':')) {
		as_error(as, "A0240", c->p, 1, "expected ':': %.*s NAME: TYPE = VALUE", (int)name.n, name.p);
		c->p = c->e;
		return;
	}
	as_skip(c);
	tp = c->p;
	t = as_type_parse(as, c, NULL);
	init = t && as_eat(c, '=');
	if (init && as_type_real(t)->kind == BU_BTF_ARRAY && !as_type_real(t)->nelems)
		t = as_type_array(as, as_type_real(t)->to, count(as, c));
	size = t ? as_type_size(t) : 0;
	if (t && (size < 1 || size > INT32_MAX || (init && size > MAX_INIT))) {
		as_type_help(as, as_error(as, "A0243", tp, as_token_len(tp, c->e), "'%s' has a type %s: %s", s->name,
					  size < 1 ? "without a size" : "that is too large", as_type_text(as, t)),
			     t, NULL);
		t = NULL;
	}
	as->cur = t ? place(as, arg, init, name.p) : as->cur;
	if (!t || !as->cur) {
		c->p = c->e;
		as->cur = cur;
		return;
	}
	as_type_full(as, t);
	if (as->cur->align < as_type_real(t)->align)
		as->cur->align = as_type_real(t)->align;
	as_put(as, NULL, (as_type_real(t)->align - as->cur->size % as_type_real(t)->align) % as_type_real(t)->align,
	       pos);
	in.base = as->cur->size;
	in.size = (size_t)size;
	if (init) {
		in.buf = bu_arena_array(&as->arena, 1, in.size);
		ok = in.buf && value(&in, t, 0);
		if (ok)
			as_junk(as, c);
	} else {
		as_junk(as, c);
	}
	c->p = c->e;
	as_label(as, pos, s->n);
	s->type = STT_OBJECT;
	s->type_given = true;
	if (!s->bind_given)
		s->bind = STB_GLOBAL;
	as_symx(as, s)->size = (uint64_t)size;
	s->size_given = true;
	as_symx(as, s)->ctype = t;
	as_put(as, ok ? in.buf : NULL, in.size, pos);
	as->last_label = NULL;
	as->cur = cur;
	as->prev = prev;
}

/* .version NUMBER: the kernel's version as old loaders want it. Behind a string it is a note of others. */
void as_d_version(PARAMS)
{
	struct as_sec *cur = as->cur, *prev = as->prev;
	struct as_sym *s;
	uint8_t b[4];
	int64_t v;

	(void)arg;
	as_skip(c);
	if (c->p < c->e && *c->p == '"') {
		c->p = c->e;
		return;
	}
	if (as_expr_now(as, c, "a version: 6 << 16 | 1 << 8", &v)) {
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	as->cur = as_section(as, "version", 7, name.p);
	s = as_sym(as, "_version", 8);
	if (!as->cur || !s || as->cur->used || s->def != DEF_NONE || v < 0 || v > UINT32_MAX) {
		as_error(as, "A0249", name.p, name.n, "the version is a number of 32 bits, given once");
	} else {
		as->cur->align = 4;
		as_label(as, "_version", 8);
		s->type = STT_OBJECT;
		s->type_given = true;
		s->bind = STB_GLOBAL;
		as_symx(as, s)->ctype = as_type_int(as, 4, false);
		bu_put32(b, as->be, (uint32_t)v);
		as_put(as, b, 4, name.p);
	}
	as->cur = cur ? cur : as->cur;
	as->prev = prev;
	as->last_label = NULL;
}

/* .type NAME, TYPE: c is at the type. */
void as_var_type(struct as *as, struct as_cur *c, struct as_sym *s, const char *pos)
{
	const char *p = c->p;
	struct as_type *t = as_type_parse(as, c, NULL);

	if (!t) {
		c->p = c->e;
		return;
	}
	if (as_type_size(t) < 0) {
		as_error(as, "A0243", p, (size_t)(c->p - p), "'%s' has a type without a size: %s", s->name,
			 as_type_text(as, t));
		return;
	}
	if (s->x->ctype) {
		as_error(as, "A0247", pos, s->n, "the type of '%s' is given twice", s->name);
		return;
	}
	as_type_full(as, t);
	as_symx(as, s)->ctype = t;
	s->type = STT_OBJECT;
	s->type_given = true;
}

/* At the end: is a label's data as long as its type? */
void as_vars_check(struct as *as)
{
	for (struct as_sym *s = as->syms; s; s = s->x->next) {
		struct as_type *real = s->x->ctype ? as_type_real(s->x->ctype) : NULL;

		if (!real || s->def != DEF_LABEL || real->kind == BU_BTF_FUNC_PROTO || s->is_map)
			continue;
		if (real->kind == BU_BTF_ARRAY && !real->nelems && as_type_size(real->to) > 0 &&
		    s->x->size % (uint64_t)as_type_size(real->to) == 0)
			as_symx(as, s)->ctype = as_type_array(as, real->to, (uint32_t)(s->x->size / (uint64_t)as_type_size(real->to)));
		else if ((uint64_t)as_type_size(real) != s->x->size)
			as_error(as, "A0249", s->pos, s->n, "'%s' has %llu bytes, its type %s has %lld", s->name,
				 (unsigned long long)s->x->size, as_type_text(as, real), (long long)as_type_size(real));
	}
}
