// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The object's BTF as the kernel wants it. Compilers leave the sizes of data sections and the
 * offsets of the variables in them to the loader (they are relocations of .BTF); the kernel wants
 * them filled in and sorted, and knows no "extern" linkage.
 */
#include <stdlib.h>
#include <string.h>

#include "load/priv.h"

#define SECVAR_SIZE 12 /* type, offset, size */
#define TYPE_SIZE 12   /* name, info, size or type */
#define LINKAGE_EXTERN 2
#define STV_DEFAULT 0
#define STT_FUNC 2

struct secvar { uint32_t type, off, size; };

static int by_offset(const void *a, const void *b)
{
	const struct secvar *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* The object's symbols by name: of several of one name the first. */
struct by_name { struct bu_hash funcs, vars; };

static int index_symbols(const struct bu_obj *o, struct by_name *n)
{
	int err = 0;

	for (uint32_t i = o->nsyms; i-- > 0 && !err;) {
		struct bu_sym *s = &o->syms[i];

		if (s->name[0])
			err = bu_hash_put(s->type == STT_FUNC ? &n->funcs : &n->vars, s->name, strlen(s->name), s);
	}
	return err;
}

/* The offset of a variable in its section, or have when no symbol tells. */
static uint32_t var_offset(const struct bu_obj *o, const struct by_name *n, uint32_t sec, const char *name,
			   uint32_t have)
{
	const struct bu_sym *s = bu_hash_get(&n->vars, name, strlen(name));

	/* Static variables of functions share names: another one is looked for. */
	for (uint32_t i = s && s->sec != sec ? 0 : o->nsyms; i < o->nsyms; i++) {
		s = &o->syms[i];
		if (s->sec == sec && s->type != STT_FUNC && strcmp(s->name, name) == 0)
			break;
	}
	return s && s->sec == sec && s->value <= UINT32_MAX ? (uint32_t)s->value : have;
}

static int fix_datasec(struct bu_plan *p, const struct by_name *names, const struct bu_btf_type *t, uint8_t *at)
{
	const struct bu_obj *o = p->obj;
	uint32_t sec = bu_obj_sec_by_name(o, t->name);
	struct secvar *v;
	struct bu_btf_type var;

	if (sec == BU_SEC_UNDEF || o->secs[sec].size > UINT32_MAX)
		return 0;
	if (!t->size)
		bu_put32(at + 8, o->be, (uint32_t)o->secs[sec].size);
	v = bu_arena_array(&p->arena, t->vlen, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < t->vlen; i++) {
		const uint8_t *e = at + TYPE_SIZE + (size_t)i * SECVAR_SIZE;

		v[i].type = bu_get32(e, o->be);
		v[i].off = bu_get32(e + 4, o->be);
		v[i].size = bu_get32(e + 8, o->be);
		if (!bu_btf_get(&o->btf, v[i].type, &var))
			v[i].off = var_offset(o, names, sec, var.name, v[i].off);
	}
	qsort(v, t->vlen, sizeof(*v), by_offset);
	for (uint32_t i = 0; i < t->vlen; i++) {
		uint8_t *e = at + TYPE_SIZE + (size_t)i * SECVAR_SIZE;

		bu_put32(e, o->be, v[i].type);
		bu_put32(e + 4, o->be, v[i].off);
		bu_put32(e + 8, o->be, v[i].size);
	}
	return 0;
}

/* A function that other objects cannot see is verified with its callers, as a static one. */
static bool is_hidden(const struct by_name *n, const char *name)
{
	const struct bu_sym *s = bu_hash_get(&n->funcs, name, strlen(name));

	return s && s->vis != STV_DEFAULT;
}

/* An integer of 4 bytes, or of another size; 0: there is none. */
static uint32_t any_int(const struct bu_btf *b)
{
	struct bu_btf_type t;
	uint32_t best = 0;

	for (uint32_t id = 1; id <= b->ntypes; id++) {
		if (bu_btf_get(b, id, &t) || t.kind != BU_BTF_INT)
			continue;
		best = id;
		if (t.size == 4)
			break;
	}
	return best;
}

/* The kernel wants parameters to have names, which compilers leave out in declarations. */
static void name_params(const struct bu_btf *b, uint8_t *copy, uint32_t proto, uint32_t name_off)
{
	struct bu_btf_type t;
	uint8_t *at;

	if (bu_btf_get(b, proto, &t) || t.kind != BU_BTF_FUNC_PROTO)
		return;
	at = copy + b->offs[proto - 1] + TYPE_SIZE;
	for (uint32_t i = 0; i < t.vlen; i++, at += 8)
		if (!bu_get32(at, b->be) && bu_get32(at + 4, b->be))
			bu_put32(at, b->be, name_off);
}

/*
 * Symbols of the kernel are no data of the program. Their section would have to hold variables of types with
 * a size, at places of their own; it holds functions and declarations, too. The section becomes a struct
 * without a name, as long as it was, so that all types keep their ids; its variables become integers.
 */
static void fix_ksyms(const struct bu_btf *b, uint8_t *copy, const struct bu_btf_type *sec, uint8_t *at)
{
	uint32_t num = any_int(b);
	struct bu_btf_type t, n;
	struct bu_btf_secvar v;

	if (!num || bu_btf_get(b, num, &n))
		return;
	bu_put32(at, b->be, 0);
	bu_put32(at + 4, b->be, (uint32_t)BU_BTF_STRUCT << 24 | sec->vlen);
	bu_put32(at + 8, b->be, n.size);
	for (uint32_t i = 0; i < sec->vlen; i++) {
		uint8_t *m = at + TYPE_SIZE + (size_t)i * SECVAR_SIZE;

		bu_btf_secvar(b, sec, i, &v);
		bu_put32(m, b->be, 0);
		bu_put32(m + 4, b->be, num);
		bu_put32(m + 8, b->be, 0);
		if (!bu_btf_get(b, v.type, &t) && t.kind == BU_BTF_VAR)
			bu_put32(copy + b->offs[v.type - 1] + 8, b->be, num);
	}
}

static int fix_types(struct bu_plan *p, const struct by_name *names, uint8_t *copy)
{
	const struct bu_obj *o = p->obj;
	struct bu_btf_type t;

	for (uint32_t id = 1; id <= o->btf.ntypes; id++) {
		uint8_t *at = copy + o->btf.offs[id - 1];
		uint32_t info;

		if (bu_btf_get(&o->btf, id, &t))
			continue;
		switch (t.kind) {
		case BU_BTF_DATASEC:
			if (strcmp(t.name, ".ksyms") == 0)
				fix_ksyms(&o->btf, copy, &t, at);
			else if (fix_datasec(p, names, &t, at))
				return -ENOMEM;
			break;
		case BU_BTF_VAR:
			if (t.linkage == LINKAGE_EXTERN)
				bu_put32(at + TYPE_SIZE, o->be, 1);
			break;
		case BU_BTF_FUNC:
			info = bu_get32(at + 4, o->be);
			name_params(&o->btf, copy, t.type, bu_get32(at, o->be));
			if (t.linkage == LINKAGE_EXTERN)
				bu_put32(at + 4, o->be, (info & ~0xffffu) | 1);
			else if (t.linkage == 1 && is_hidden(names, t.name))
				bu_put32(at + 4, o->be, info & ~0xffffu);
			break;
		default:
			break;
		}
	}
	return 0;
}

int bu_plan_btf(struct bu_plan *p, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct by_name names = { 0 };
	uint8_t *copy;
	int err;

	(void)ds;
	if (!o->has_btf || !o->btf.ntypes)
		return 0;
	copy = bu_arena_memdup(&p->arena, o->btf.data, o->btf.size);
	err = copy ? index_symbols(o, &names) : -ENOMEM;
	if (!err)
		err = fix_types(p, &names, copy);
	bu_hash_free(&names.funcs);
	bu_hash_free(&names.vars);
	p->priv->btf = err ? NULL : copy;
	p->priv->btf_size = o->btf.size;
	return err;
}
