/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directives of places: .org, the addresses of .offset, and .comm, which reserves without data. */
#include "bpf-as/directive.h"

#include <stdio.h>

/* ---------------------------------------------------------------- .org */

/* A place of the current section, or a number of bytes from its start. false: told. */
static bool destination(struct as *as, struct as_cur *c, uint64_t *to)
{
	struct as_val v = { 0 };
	const char *p;
	uint32_t node;

	as_skip(c);
	p = c->p;
	if (as_expr(as, c, &node, &v.add)) {
		if (as->ex_error)
			as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
		else
			as_error(as, "A0140", p, as_token_len(p, c->e), "expected a place");
		return false;
	}
	if (node && as_eval(as, node, &v))
		return false;
	if (v.sym && v.sym->def == DEF_NONE) {
		as_error(as, "A0141", p, (size_t)(c->p - p), "the place must be known here");
		return false;
	}
	if (v.sym && v.sym->sec != as->cur) {
		as_error(as, "A0205", p, (size_t)(c->p - p), "this place is in section '%s'",
			 v.sym->sec->name);
		return false;
	}
	if (v.sym && __builtin_add_overflow(v.add, v.sym->value, &v.add))
		v.add = -1;
	if (v.add < (int64_t)as->cur->size) {
		as_error(as, "A0205", p, (size_t)(c->p - p), "this is %llu bytes back: the place here is %llu",
			 (unsigned long long)(as->cur->size - (uint64_t)v.add),
			 (unsigned long long)as->cur->size);
		return false;
	}
	*to = (uint64_t)v.add;
	return true;
}

/* .org PLACE [, BYTE], and ". = PLACE". */
void as_d_org(PARAMS)
{
	uint64_t to, n;
	int64_t v = 0;
	bool given;

	(void)arg;
	if (!destination(as, c, &to)) {
		c->p = c->e;
		return;
	}
	given = as_eat(c, ',');
	if (given && as_expr_now(as, c, "fill value", &v)) {
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	n = to - as->cur->size;
	if (n > INT32_MAX) {
		as_error(as, "A0205", name.p, name.n, "the section would have more than 2 GiB");
		return;
	}
	if (v < -128 || v > 255)
		as_error(as, "A0160", name.p, name.n, "%lld does not fit in 1 byte", (long long)v);
	else
		as_pad(as, n, 1, v, given, name.p);
}

/* ---------------------------------------------------------------- .offset */

/*
 * What follows, up to the next section, has no bytes: its labels are numbers, counted from the
 * expression.
 */
void as_d_offset(PARAMS)
{
	int64_t v = 0;
	const char *p;

	UNUSED;
	as_skip(c);
	p = c->p;
	if (c->p < c->e && as_expr_now(as, c, "offset", &v)) {
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	if (v < 0 || v > INT32_MAX) {
		as_error(as, "A0160", p, 1, "offset %lld is out of range (0 to 2147483647)", (long long)v);
		return;
	}
	if (!as->abs) {
		as->abs = bu_arena_alloc(&as->arena, sizeof(*as->abs));
		if (!as->abs)
			return;
		as->abs->name = "*ABS*";
		as->abs->type = SHT_NOBITS;
		as->abs->kind = SEC_OTHER;
		as->abs->align = 1;
	}
	if (as->cur != as->abs)
		as_switch(as, as->abs);
	as->abs->size = (uint64_t)v;
}

/* ---------------------------------------------------------------- .comm */

/*
 * .comm NAME, SIZE [, ALIGN], and .lcomm. An object is loaded without a linker that would choose a
 * place for what several objects have in common, so it is one in .bss.
 */
void as_d_comm(PARAMS)
{
	struct as_sec *cur = as->cur, *prev = as->prev;
	int64_t size, align = 0;
	struct as_sym *s;
	const char *p, *q;

	if (as->compat || as->verbatim) {
		as_common(as, c, arg == STB_LOCAL);
		return;
	}
	(void)name;
	s = as_symbol_arg(as, c, &p);
	if (!s || !as_comma(as, c))
		return;
	as_skip(c);
	q = c->p;
	if (as_expr_now(as, c, "size", &size) ||
	    (as_eat(c, ',') && as_expr_now(as, c, "alignment", &align))) {
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	if (size < 0 || size > INT32_MAX) {
		as_error(as, "A0160", q, 1, "size %lld is out of range (0 to 2147483647)", (long long)size);
		return;
	}
	if (align < 0 || align > 1 << 20 || (align & (align - 1))) {
		as_error(as, "A0149", q, 1, "alignment is a power of 2 up to 1048576, not %lld",
			 (long long)align);
		return;
	}
	if (!align)
		for (align = 1; align < 8 && align * 2 <= size; align *= 2)
			;
	as_switch(as, as_section(as, ".bss", 4, p));
	if (as->cur->align < (uint64_t)align)
		as->cur->align = (uint64_t)align;
	as_pad(as, (uint64_t)(align - 1) & -as->cur->size, 1, 0, true, p);
	as_label(as, s->name, s->n);
	if (s->def == DEF_LABEL && s->sec == as->cur && s->value == (int64_t)as->cur->size) {
		s->pos = as_place(as, p);
		s->type = STT_OBJECT;
		as_symx(as, s)->size = (uint64_t)size;
		s->size_given = true;
		if (!s->bind_given)
			s->bind = (uint8_t)arg;
		as_put(as, NULL, (size_t)size, p);
	}
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
}
