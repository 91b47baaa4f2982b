/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What has to stand before what. A member needs its whole type, a pointer to a struct needs its declaration
 * only, a pointer to a typedef needs the typedef, and an array the whole type of its elements wherever it
 * stands. A circle closes through a pointer to a struct, which is declared first; one that is closed by
 * a type without a name, which no C compiler makes, gives that type a name.
 */
#include "btf/btfc.h"

#include <stdlib.h>
#include <string.h>

void btfc_op(struct bu_btf_c *c, uint32_t id, int what)
{
	if (c->nops == c->cap_ops) {
		size_t cap = c->cap_ops ? c->cap_ops * 2 : 1024;
		struct btfc_op *v = realloc(c->op, cap * sizeof(*v));

		if (!v) {
			c->err = -ENOMEM;
			return;
		}
		c->op = v;
		c->cap_ops = cap;
	}
	c->op[c->nops++] = (struct btfc_op){ id, (uint8_t)what };
}

static void declare(struct bu_btf_c *c, uint32_t id)
{
	if (c->state[id] & C_DECLARED)
		return;
	c->state[id] |= C_DECLARED;
	btfc_op(c, id, OP_DECLARE);
}

static void need_members(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	struct bu_btf_member m;

	for (uint32_t i = 0; i < t->vlen && !c->err; i++)
		if (!bu_btf_member(c->b, t, i, &m))
			btfc_need(c, m.type, true);
}

static void need_composite(struct bu_btf_c *c, const struct bu_btf_type *t, bool whole)
{
	uint8_t *st = &c->state[t->id];
	uint32_t outer = c->current;

	if (*st & C_DONE)
		return;
	if (*st & C_VISIT) {
		if (!t->name[0])
			*st |= C_TAGGED;
		if (c->current != t->id)
			declare(c, t->id);
		return;
	}
	if (t->name[0] && !whole) {
		declare(c, t->id);
		return;
	}
	*st |= C_VISIT;
	if (t->name[0])
		c->current = t->id;
	need_members(c, t);
	c->current = outer;
	*st |= C_DONE;
	if (btfc_has_tag(c, t)) {
		*st |= C_DECLARED;
		btfc_op(c, t->id, OP_DEFINE);
	}
}

static void need_typedef(struct bu_btf_c *c, const struct bu_btf_type *t, bool whole)
{
	uint8_t *st = &c->state[t->id];
	struct bu_btf_type to;
	uint32_t id = t->type, outer = c->current;

	for (int i = 0; i < 8 && !bu_btf_get(c->b, id, &to) && btfc_is_mod(to.kind); i++)
		id = to.type;
	if (!(*st & C_DONE)) {
		if (*st & C_VISIT) {
			if (btfc_is_composite(&to) && !to.name[0])
				c->state[to.id] |= C_TAGGED | C_DECLARED;
		} else {
			*st |= C_VISIT;
			if (btfc_is_composite(&to) && to.name[0])
				c->state[to.id] |= C_DECLARED; /* the typedef declares it */
			c->current = 0; /* it stands before the struct that it is used in */
			btfc_need(c, t->type, false);
			c->current = outer;
		}
		if (!(*st & C_DONE)) {
			*st |= C_DONE;
			btfc_op(c, t->id, OP_DEFINE);
		}
	}
	if (whole && to.name[0])
		btfc_need(c, t->type, true);
}

static void need_proto(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	struct bu_btf_param p;

	btfc_need(c, t->type, false);
	for (uint32_t i = 0; i < t->vlen && !c->err; i++)
		if (!bu_btf_param(c->b, t, i, &p))
			btfc_need(c, p.type, false);
}

static void once(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	if (c->state[t->id] & C_DONE)
		return;
	c->state[t->id] |= C_DONE;
	btfc_op(c, t->id, OP_DEFINE);
}

static void need(struct bu_btf_c *c, uint32_t id, bool whole)
{
	struct bu_btf_secvar v;
	struct bu_btf_type t;

	if (bu_btf_get(c->b, id, &t))
		return;
	switch (t.kind) {
	case BU_BTF_INT:
	case BU_BTF_FLOAT:
		if (!btfc_is_basic(&t) && t.name[0])
			once(c, &t);
		break;
	case BU_BTF_PTR:
	case BU_BTF_DECL_TAG:
		btfc_need(c, t.type, false);
		break;
	case BU_BTF_ARRAY:
		btfc_need(c, t.elem, true);
		break;
	case BU_BTF_CONST:
	case BU_BTF_VOLATILE:
	case BU_BTF_RESTRICT:
	case BU_BTF_TYPE_TAG:
		btfc_need(c, t.type, whole);
		break;
	case BU_BTF_TYPEDEF:
		need_typedef(c, &t, whole);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		need_composite(c, &t, whole);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		if (t.name[0])
			once(c, &t);
		break;
	case BU_BTF_FWD:
		declare(c, id);
		break;
	case BU_BTF_FUNC_PROTO:
		need_proto(c, &t);
		break;
	case BU_BTF_FUNC:
		btfc_need(c, t.type, false);
		break;
	case BU_BTF_VAR:
		btfc_need(c, t.type, true);
		break;
	case BU_BTF_DATASEC:
		for (uint32_t i = 0; i < t.vlen && !c->err; i++)
			if (!bu_btf_secvar(c->b, &t, i, &v))
				btfc_need(c, v.type, true);
		break;
	case BU_BTF_VOID:
	case BU_BTF_UNKNOWN:
		break;
	}
}

void btfc_need(struct bu_btf_c *c, uint32_t id, bool whole)
{
	if (c->err)
		return;
	if (++c->depth > BTFC_MAX_DEPTH)
		c->err = -E2BIG;
	else
		need(c, id, whole);
	c->depth--;
}

/* ---------------------------------------------------------------- all of them */

static void use(struct bu_btf_c *c, uint32_t id)
{
	if (id <= c->b->ntypes)
		c->state[id] |= C_USED;
}

/* What stands in another type is no type of its own; that matters for enumerations without a name. */
static void mark_used(struct bu_btf_c *c, uint32_t first)
{
	for (uint32_t id = first; id <= c->b->ntypes; id++) {
		struct bu_btf_member m;
		struct bu_btf_param p;
		struct bu_btf_type t;

		if (bu_btf_get(c->b, id, &t))
			continue;
		switch (t.kind) {
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
			for (uint32_t i = 0; i < t.vlen && !bu_btf_member(c->b, &t, i, &m); i++)
				use(c, m.type);
			break;
		case BU_BTF_FUNC_PROTO:
			for (uint32_t i = 0; i < t.vlen && !bu_btf_param(c->b, &t, i, &p); i++)
				use(c, p.type);
			use(c, t.type);
			break;
		case BU_BTF_ARRAY:
			use(c, t.elem);
			break;
		case BU_BTF_PTR:
		case BU_BTF_TYPEDEF:
		case BU_BTF_CONST:
		case BU_BTF_VOLATILE:
		case BU_BTF_RESTRICT:
		case BU_BTF_TYPE_TAG:
		case BU_BTF_VAR:
			use(c, t.type);
			break;
		default:
			break;
		}
	}
}

struct row { const char *name; uint32_t id; uint8_t rank; };

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int d;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	d = strcmp(x->name, y->name);
	return d ? d : x->id < y->id ? -1 : 1;
}

/* Its place among the kinds, 0: it is not printed for itself. */
static uint8_t rank(const struct bu_btf_c *c, const struct bu_btf_type *t)
{
	switch (t->kind) {
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		return t->name[0] ? 2 : c->state[t->id] & C_USED || !t->vlen ? 0 : 1;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		return t->name[0] ? 3 : 0;
	case BU_BTF_TYPEDEF:
		return 4;
	default:
		return 0;
	}
}

void btfc_need_all(struct bu_btf_c *c, bool sorted)
{
	uint32_t first = c->b->base ? c->b->base->ntypes + 1 : 1, n = 0;
	struct row *v = malloc(((size_t)c->b->ntypes - first + 2) * sizeof(*v));
	struct bu_btf_type t;

	if (!v) {
		c->err = -ENOMEM;
		return;
	}
	mark_used(c, first);
	for (uint32_t id = first; id <= c->b->ntypes; id++) {
		struct bu_btf_enum e;
		uint8_t r;

		if (bu_btf_get(c->b, id, &t))
			continue;
		r = rank(c, &t);
		if (!r)
			continue;
		v[n] = (struct row){ t.name, id, r };
		if (r == 1 && !bu_btf_enum(c->b, &t, 0, &e))
			v[n].name = e.name;
		n++;
	}
	if (sorted && n)
		qsort(v, n, sizeof(*v), by_name);
	for (uint32_t i = 0; i < n && !c->err; i++) {
		if (v[i].rank == 1)
			btfc_op(c, v[i].id, OP_DEFINE);
		else
			btfc_need(c, v[i].id, true);
	}
	/* kernel functions that programs may call */
	for (uint32_t id = first; id <= c->b->ntypes && !c->err; id++) {
		struct bu_btf_type f;

		if (!bu_btf_get(c->b, id, &t) && t.kind == BU_BTF_DECL_TAG && t.linkage == -1 &&
		    strcmp(t.name, "bpf_kfunc") == 0 && !bu_btf_get(c->b, t.type, &f) &&
		    f.kind == BU_BTF_FUNC && f.name[0] && !(c->state[f.id] & C_DONE)) {
			c->state[f.id] |= C_DONE;
			btfc_need(c, f.id, false);
			btfc_op(c, f.id, OP_KFUNC);
		}
	}
	free(v);
}
