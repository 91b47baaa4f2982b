/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Conditionals. What is not assembled is read over (skim.c) to the .else, .elseif or .endif that
 * belongs to it, which is then read as any directive.
 */
#include "bpf-as/lang.h"

static bool opens(struct bu_str w)
{
	static const char *const words[] = {
		".if", ".ifb", ".ifc", ".ifdef", ".ifeq", ".ifeqs", ".ifge", ".ifgt", ".ifle", ".iflt",
		".ifnb", ".ifnc", ".ifndef", ".ifne", ".ifnes", ".ifnotdef",
	};

	if (w.n < 3 || w.p[1] != 'i' || w.p[2] != 'f')
		return false;
	for (size_t i = 0; i < BU_ARRAY_SIZE(words); i++)
		if (bu_str_is(w, words[i]))
			return true;
	return false;
}

/* Reads on behind the current statement to where its conditional goes on or ends. */
static void skip(struct as *as)
{
	const char *e = as->in_end, *from;
	struct as_skim s;
	unsigned depth = 0;

	as->resume = e;
	if (!as_skim(as->stmt_src, e, &s))
		return;
	from = s.next;
	while (as_skim(s.next, e, &s)) {
		if (s.word.n < 3 || *s.word.p != '.')
			continue;
		if (opens(s.word)) {
			depth++;
		} else if (!depth && (bu_str_is(s.word, ".else") || bu_str_is(s.word, ".elseif") ||
				      bu_str_is(s.word, ".endif"))) {
			as->resume = s.word.p;
			break;
		} else if (bu_str_is(s.word, ".endif")) {
			depth--;
		}
	}
	if (as->listing)
		as_listing_skip(as, from, as->resume);
}

static void enter(struct as *as, struct bu_str name, bool yes)
{
	struct as_lang *l = as->lang;

	if (l->ncond == AS_MAX_CONDS) {
		as_error(as, "A0201", name.p, name.n, "conditionals are nested deeper than %d",
			 AS_MAX_CONDS);
		as->ended = true;
		return;
	}
	l->cond = bu_arena_grow(&as->arena, l->cond, l->ncond, &l->cap_cond, sizeof(*l->cond));
	if (!l->cond) {
		l->ncond = l->cond_base = 0;
		return;
	}
	l->cond[l->ncond++] = (struct as_cond){ .pos = as_place(as, name.p), .len = (uint32_t)name.n,
						.taken = yes };
	if (!yes)
		skip(as);
}

size_t as_cond_enter(struct as *as)
{
	size_t outer = as->lang->cond_base;

	as->lang->cond_base = as->lang->ncond;
	return outer;
}

void as_cond_leave(struct as *as, size_t outer)
{
	struct as_lang *l = as->lang;

	for (size_t i = l->cond_base; i < l->ncond && !as->ended && !as->leave; i++)
		as_error(as, "A0201", l->cond[i].pos, l->cond[i].len, "'%.*s' has no .endif",
			 (int)l->cond[i].len, l->cond[i].pos);
	if (l->ncond > l->cond_base)
		l->ncond = l->cond_base;
	l->cond_base = outer;
}

/* The innermost conditional of this text; NULL: told. */
static struct as_cond *current(struct as *as, struct bu_str name)
{
	struct as_lang *l = as->lang;

	if (l->ncond > l->cond_base)
		return &l->cond[l->ncond - 1];
	as_error(as, "A0201", name.p, name.n, "%.*s without .if", (int)name.n, name.p);
	return NULL;
}

/* ---------------------------------------------------------------- conditions */

enum { IF_NE, IF_EQ, IF_GT, IF_GE, IF_LT, IF_LE };

static bool condition(struct as *as, struct as_cur *c, int op)
{
	int64_t v;

	if (as_expr_now(as, c, "condition", &v)) {
		c->p = c->e;
		return false;
	}
	as_junk(as, c);
	switch (op) {
	case IF_EQ: return v == 0;
	case IF_GT: return v > 0;
	case IF_GE: return v >= 0;
	case IF_LT: return v < 0;
	case IF_LE: return v <= 0;
	default: return v != 0;
	}
}

/* .if and .ifne, .ifeq, .ifgt …: an expression compared with 0. */
void as_d_if(PARAMS)
{
	enter(as, name, condition(as, c, arg));
}

/* .ifdef, .ifndef */
void as_d_ifdef(PARAMS)
{
	struct bu_str w = as_word(c);
	struct as_sym *s;
	bool yes = false;

	if (!w.n)
		as_error(as, "A0148", w.p, as_token_len(c->p, c->e), "expected a symbol");
	s = w.n ? as_sym(as, w.p, w.n) : NULL;
	if (s)
		yes = s->def != DEF_NONE;
	as_junk(as, c);
	enter(as, name, yes != (arg != 0));
}

/* .ifb, .ifnb: is anything there? */
void as_d_ifb(PARAMS)
{
	bool yes;

	as_skip(c);
	yes = c->p == c->e;
	if (c->e - c->p == 2 && c->p[0] == '"' && c->p[1] == '"')
		yes = true;
	c->p = c->e;
	enter(as, name, yes != (arg != 0));
}

static struct bu_str trim(const char *p, const char *e)
{
	while (p < e && IS(*p, CL_SPACE))
		p++;
	while (e > p && IS(e[-1], CL_SPACE))
		e--;
	return bu_str(p, (size_t)(e - p));
}

/* One text of .ifc: up to the comma (the last one: to the end), or in single quotes. */
static struct bu_str text(struct as_cur *c, bool last)
{
	const char *s;

	as_skip(c);
	s = c->p;
	if (c->p < c->e && *c->p == '\'') {
		const char *q = memchr(s + 1, '\'', (size_t)(c->e - s) - 1);

		if (q) {
			c->p = q + 1;
			return bu_str(s + 1, (size_t)(q - s) - 1);
		}
	}
	for (bool in = false; c->p < c->e && (last || in || *c->p != ','); c->p++)
		if (*c->p == '"')
			in = !in;
	return trim(s, c->p);
}

/* .ifc, .ifnc: are two texts the same? */
void as_d_ifc(PARAMS)
{
	struct bu_str a = text(c, false), b;
	bool yes = false;

	if (as_comma(as, c)) {
		b = text(c, true);
		yes = bu_str_eq(a, b);
		as_junk(as, c);
	}
	enter(as, name, yes != (arg != 0));
}

/* .ifeqs, .ifnes: two strings in double quotes. */
void as_d_ifeqs(PARAMS)
{
	struct bu_buf a = { 0 }, b = { 0 };
	bool yes = false;

	if (as_string(as, c, &a) && as_comma(as, c) && as_string(as, c, &b)) {
		yes = bu_str_eq(bu_str((char *)a.p, a.n), bu_str((char *)b.p, b.n));
		as_junk(as, c);
	}
	c->p = c->e;
	bu_buf_free(&a);
	bu_buf_free(&b);
	enter(as, name, yes != (arg != 0));
}

/* ---------------------------------------------------------------- other ways, the end */

/* .else, and .elseif with arg 1. */
void as_d_else(PARAMS)
{
	struct as_cond *k = current(as, name);

	if (!k || k->has_else) {
		if (k)
			as_error(as, "A0201", name.p, name.n, "%.*s after .else", (int)name.n, name.p);
		c->p = c->e;
		if (k)
			skip(as);
		return;
	}
	k->has_else = !arg;
	if (k->taken) {
		c->p = c->e;
		skip(as);
		return;
	}
	if (arg) {
		k->taken = condition(as, c, IF_NE);
	} else {
		as_junk(as, c);
		k->taken = true;
	}
	if (!k->taken)
		skip(as);
}

void as_d_endif(PARAMS)
{
	(void)arg;
	as_junk(as, c);
	if (current(as, name))
		as->lang->ncond--;
}
