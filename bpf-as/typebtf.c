/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types out to .BTF, and in from the file of --btf.
 *
 * Out: a struct's members may point back to it, so a struct is written first with members of no
 * type, and the types are filled in when they are there.
 *
 * In: a type is taken over when something names it, a member when something asks for it, so that
 * the object holds of the kernel's types what it uses and no more.
 */
#include <stdlib.h>

#include "bpf-as/types.h"

#define MAX_FILE (1u << 30)

/* ---------------------------------------------------------------- out */

static int by_offset(const void *a, const void *b)
{
	const struct as_member *x = a, *y = b;

	if (x->bit_off != y->bit_off)
		return x->bit_off < y->bit_off ? -1 : 1;
	return (x->src > y->src) - (x->src < y->src);
}

static uint32_t out(struct as *as, struct as_type *t);

static void aggregate(struct as *as, struct as_type *t)
{
	struct as_types *ty = as->ty;
	struct bu_btfgen *g = &as->gen;
	struct as_type **v;

	if (t->src && !t->full && t->n)
		qsort(t->mem, t->n, sizeof(*t->mem), by_offset);
	t->at = g->types.n;
	t->btf = bu_btfgen_struct(g, (enum bu_btf_kind)t->kind, t->name, t->complete ? t->size : 0);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct as_member *m = &t->mem[i];

		if (m->bit_size)
			bu_btfgen_bitfield(g, m->name, 0, m->bit_off, m->bit_size);
		else
			bu_btfgen_member(g, m->name, 0, m->bit_off);
	}
	v = bu_arena_grow(&as->arena, ty->pending, ty->npending, &ty->cap_pending, sizeof(t));
	if (!v)
		return;
	ty->pending = v;
	v[ty->npending++] = t;
}

static void proto(struct as *as, struct as_type *t)
{
	uint32_t ret = out(as, t->to), *id = bu_arena_array(&as->arena, t->n + 1, sizeof(*id));

	for (uint32_t i = 0; id && i < t->n; i++)
		id[i] = out(as, t->mem[i].type);
	t->btf = bu_btfgen_proto(&as->gen, ret);
	for (uint32_t i = 0; id && i < t->n; i++)
		bu_btfgen_param(&as->gen, t->mem[i].name, id[i]);
	if (t->variadic)
		bu_btfgen_param(&as->gen, "", 0);
}

static uint32_t out(struct as *as, struct as_type *t)
{
	struct bu_btfgen *g = &as->gen;
	uint32_t to;

	if (!t || t->kind == BU_BTF_VOID)
		return 0;
	if (t->btf)
		return t->btf;
	switch (t->kind) {
	case BU_BTF_INT:
		t->btf = bu_btfgen_int(g, t->name, t->size, t->enc);
		break;
	case BU_BTF_FLOAT:
		t->btf = bu_btfgen_float(g, t->name, t->size);
		break;
	case BU_BTF_PTR:
		to = out(as, t->to);
		t->btf = bu_btfgen_ptr(g, to);
		break;
	case BU_BTF_ARRAY:
		to = out(as, t->to);
		t->btf = bu_btfgen_array(g, to, t->nelems);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		aggregate(as, t);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		t->btf = bu_btfgen_enum(g, t->name, t->size ? t->size : 4, t->enc);
		for (uint32_t i = 0; i < t->n; i++)
			bu_btfgen_enumval(g, t->val[i].name, t->val[i].val);
		break;
	case BU_BTF_FUNC_PROTO:
		proto(as, t);
		break;
	default:
		to = out(as, t->to);
		t->btf = bu_btfgen_mod(g, (enum bu_btf_kind)t->kind, t->name, to);
	}
	return t->btf;
}

uint32_t as_type_btf(struct as *as, struct as_type *t)
{
	uint32_t id = out(as, t);

	while (as->ty->npending) {
		struct as_type *s = as->ty->pending[--as->ty->npending];

		for (uint32_t i = 0; i < s->n; i++)
			bu_btfgen_member_type(&as->gen, s->at, i, out(as, s->mem[i].type));
	}
	return id;
}

bool as_types_btf(struct as *as)
{
	bool any = false;

	for (struct as_type *t = as->ty ? as->ty->all : NULL; t; t = t->next) {
		if (!t->declared)
			continue;
		as_type_btf(as, t);
		any = true;
	}
	return any;
}

/* ---------------------------------------------------------------- in */

int as_types_file(struct as *as, const char *path)
{
	struct as_types *ty = as_types(as);
	const uint8_t *p;
	size_t n;
	int err;

	if (!ty)
		return -ENOMEM;
	err = bu_file_read(path, MAX_FILE, &ty->file);
	if (err) {
		bu_diag(as->ds, BU_ERROR, "A0103", "cannot read '%s': %s", path, strerror(-err));
		return err;
	}
	err = bu_btf_in_file(ty->file.p, ty->file.n, &p, &n);
	if (err) {
		bu_diag(as->ds, BU_ERROR, "A0246", "'%s' is an ELF file without BTF", path);
		return -EINVAL;
	}
	err = bu_btf_parse(&ty->btf, p, n, NULL, path, as->ds);
	if (err)
		return err;
	ty->has_btf = true;
	ty->by_id = bu_arena_array(&as->arena, (size_t)ty->btf.ntypes + 1, sizeof(*ty->by_id));
	return ty->by_id ? 0 : -ENOMEM;
}

static struct as_type *in(struct as *as, uint32_t id, unsigned depth);

static void in_list(struct as *as, struct as_type *t, const struct bu_btf_type *b, unsigned depth)
{
	struct as_types *ty = as->ty;

	for (uint32_t i = 0; i < b->vlen; i++) {
		if (b->kind == BU_BTF_FUNC_PROTO) {
			struct bu_btf_param p;
			struct as_member *m;

			bu_btf_param(&ty->btf, b, i, &p);
			if (!p.type && i + 1 == b->vlen && !*p.name) {
				t->variadic = true;
				return;
			}
			m = as_type_member(as, t);
			if (!m)
				return;
			m->name = p.name;
			m->type = in(as, p.type, depth + 1);
		} else {
			struct as_enumval *v = bu_arena_grow(&as->arena, t->val, t->n, &t->cap, sizeof(*v));
			struct bu_btf_enum e;

			if (!v || bu_btf_enum(&ty->btf, b, i, &e))
				return;
			t->val = v;
			v[t->n++] = (struct as_enumval){ e.name, e.val };
		}
	}
}

static struct as_type *in(struct as *as, uint32_t id, unsigned depth)
{
	struct as_types *ty = as->ty;
	struct bu_btf_type b;
	struct as_type *t;

	if (!id || depth > AS_TYPE_DEPTH || bu_btf_get(&ty->btf, id, &b))
		return as_type_new(as, BU_BTF_VOID, NULL, 0);
	if (ty->by_id[id])
		return ty->by_id[id];
	if (b.kind == BU_BTF_FWD)
		return as_type_tag_made(as, b.kflag ? BU_BTF_UNION : BU_BTF_STRUCT, bu_str_c(b.name));
	t = as_type_new(as, b.kind, b.name, strlen(b.name));
	if (!t)
		return NULL;
	ty->by_id[id] = t;
	t->src = id;
	t->complete = true;
	switch (b.kind) {
	case BU_BTF_INT:
		t->enc = b.int_enc;
		t->size = t->align = b.size;
		break;
	case BU_BTF_FLOAT:
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		t->size = b.size;
		t->align = b.size % 8 == 0 ? 8 : b.size % 4 == 0 ? 4 : b.size % 2 == 0 ? 2 : 1;
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		t->size = t->align = b.size;
		t->enc = b.kflag;
		in_list(as, t, &b, depth);
		break;
	case BU_BTF_ARRAY:
		t->to = in(as, b.elem, depth + 1);
		t->nelems = b.nelems;
		t->size = (uint32_t)(bu_btf_size(&ty->btf, id) > 0 ? bu_btf_size(&ty->btf, id) : 0);
		t->align = t->to ? t->to->align : 1;
		break;
	case BU_BTF_PTR:
		t->size = t->align = 8;
		t->to = in(as, b.type, depth + 1);
		break;
	case BU_BTF_FUNC_PROTO:
		t->to = in(as, b.type, depth + 1);
		in_list(as, t, &b, depth);
		break;
	case BU_BTF_FUNC:
		t->to = in(as, b.type, depth + 1);
		break;
	default:
		t->to = in(as, b.type, depth + 1);
		t->align = t->to ? t->to->align : 1;
	}
	return t;
}

struct as_type *as_type_import(struct as *as, enum bu_btf_kind kind, struct bu_str name)
{
	static const enum bu_btf_kind tags[] = { BU_BTF_STRUCT, BU_BTF_UNION, BU_BTF_ENUM, BU_BTF_ENUM64 };
	const char *s = bu_arena_strndup(&as->arena, name.p, name.n);
	uint32_t id = 0;

	if (!s || !as->ty || !as->ty->has_btf)
		return NULL;
	if (kind != BU_BTF_VOID)
		id = bu_btf_find(&as->ty->btf, kind, s);
	for (size_t i = 0; !id && (kind == BU_BTF_VOID || kind == BU_BTF_ENUM) && i < BU_ARRAY_SIZE(tags); i++)
		if (kind == BU_BTF_VOID || tags[i] == BU_BTF_ENUM64)
			id = bu_btf_find(&as->ty->btf, tags[i], s);
	return id ? in(as, id, 0) : NULL;
}

/* The members that want says, or all (NULL), that are not here yet. */
static void fetch(struct as *as, struct as_type *t, const struct bu_str *want)
{
	struct bu_btf_type b;

	if (!t->src || t->full || t->btf || (t->kind != BU_BTF_STRUCT && t->kind != BU_BTF_UNION) ||
	    bu_btf_get(&as->ty->btf, t->src, &b))
		return;
	for (uint32_t i = 0; i < b.vlen; i++) {
		struct bu_btf_member m;
		struct as_member *v;
		bool have = false;

		bu_btf_member(&as->ty->btf, &b, i, &m);
		if (want && *m.name && !bu_str_is(*want, m.name))
			continue;
		for (uint32_t k = 0; k < t->n && !have; k++)
			have = t->mem[k].src == i;
		if (have)
			continue;
		if (want && !*m.name) { /* only if what is wanted is in there */
			uint32_t id = bu_btf_resolve(&as->ty->btf, m.type);
			struct as_type *in_it = in(as, id, 0);
			struct as_path dummy;

			memset(&dummy, 0, sizeof(dummy));
			if (!in_it || !as_type_fetch(as, in_it, *want))
				continue;
		}
		v = as_type_member(as, t);
		if (!v)
			return;
		*v = (struct as_member){ .name = m.name, .type = in(as, m.type, 0), .bit_off = m.bit_off,
					 .bit_size = m.bit_size, .src = i };
	}
}

struct as_member *as_type_fetch(struct as *as, struct as_type *t, struct bu_str name)
{
	if (!t->src || (t->kind != BU_BTF_STRUCT && t->kind != BU_BTF_UNION))
		return NULL;
	if (++as->ty->depth < AS_TYPE_DEPTH)
		fetch(as, t, &name);
	as->ty->depth--;
	for (uint32_t i = 0; i < t->n; i++)
		if (bu_str_is(name, t->mem[i].name) || (!*t->mem[i].name && as_type_real(t->mem[i].type)->n))
			return &t->mem[i];
	return NULL;
}

void as_type_full(struct as *as, struct as_type *t)
{
	if (!as->ty || ++as->ty->depth > AS_TYPE_DEPTH)
		goto out;
	t = as_type_real(t);
	while (t && t->kind == BU_BTF_ARRAY)
		t = as_type_real(t->to);
	if (!t || !t->src || t->full || (t->kind != BU_BTF_STRUCT && t->kind != BU_BTF_UNION))
		goto out;
	fetch(as, t, NULL);
	if (t->n)
		qsort(t->mem, t->n, sizeof(*t->mem), by_offset);
	t->full = true;
	for (uint32_t i = 0; i < t->n; i++)
		as_type_full(as, t->mem[i].type);
out:
	if (as->ty)
		as->ty->depth--;
}
