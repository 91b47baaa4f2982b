/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The types of a kernel that the CO-RE records of some objects look at, and no others: what is asked for gets the
 * same answer from them. A field keeps the structs on the way to it with that member alone, at its
 * place; a type that is asked for itself keeps its members; an enumerator its enumeration. What stands behind a
 * pointer is not kept, the pointer then is one to void.
 */
#include "btf/corepriv.h"
#include "btf/btfpriv.h"

#include <stdlib.h>
#include <string.h>

/* How much of a type: what tells its size and kind; what it refers to as well; members of structs as well. */
enum { KEEP = 1, SHAPE = 3, WHOLE = 7 };
#define RECORD 16

struct bu_core_keep {
	const struct bu_btf *b;
	struct bu_btf_index x;
	uint8_t *type;        /* [id]: KEEP, SHAPE, WHOLE */
	uint8_t **member;     /* [id]: of structs, one byte a member; NULL: none is kept */
	unsigned depth;
	int err;
};

int bu_core_keep_new(struct bu_core_keep **out, const struct bu_btf *b)
{
	struct bu_core_keep *k = calloc(1, sizeof(*k));
	size_t n = (size_t)b->ntypes + 1;
	int err = -ENOMEM;

	*out = k;
	if (!k)
		return -ENOMEM;
	k->b = b;
	k->type = calloc(n, 1);
	k->member = calloc(n, sizeof(*k->member));
	if (k->type && k->member)
		err = bu_btf_index(&k->x, b->data, b->size, NULL, "types", NULL);
	if (err) {
		bu_core_keep_free(k);
		*out = NULL;
	}
	return err;
}

void bu_core_keep_free(struct bu_core_keep *k)
{
	if (!k)
		return;
	for (uint32_t i = 0; k->member && i <= k->b->ntypes; i++)
		free(k->member[i]);
	free(k->member);
	free(k->type);
	bu_btf_index_free(&k->x);
	free(k);
}

static bool keep_member(struct bu_core_keep *k, const struct bu_btf_type *t, uint32_t i)
{
	if (i >= t->vlen)
		return false;
	k->type[t->id] |= KEEP;
	if (!k->member[t->id])
		k->member[t->id] = calloc(t->vlen, 1);
	if (!k->member[t->id]) {
		k->err = -ENOMEM;
		return false;
	}
	k->member[t->id][i] = 1;
	return true;
}

/* Parsed types end, but for what goes through pointers. */
static void keep_type(struct bu_core_keep *k, uint32_t id, uint8_t want)
{
	struct bu_btf_member m;
	struct bu_btf_param p;
	struct bu_btf_type t;

	if (!id || bu_btf_get(k->b, id, &t) || (k->type[id] & want) == want)
		return;
	if (++k->depth > 1000) {
		k->err = -E2BIG;
		goto out;
	}
	k->type[id] |= want;
	switch (t.kind) {
	case BU_BTF_TYPEDEF:
	case BU_BTF_CONST:
	case BU_BTF_VOLATILE:
	case BU_BTF_RESTRICT:
	case BU_BTF_TYPE_TAG:
		keep_type(k, t.type, want);
		break;
	case BU_BTF_PTR:
		if (want >= SHAPE)
			keep_type(k, t.type, SHAPE);
		break;
	case BU_BTF_ARRAY:
		keep_type(k, t.elem, want);
		keep_type(k, t.index, KEEP);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		for (uint32_t i = 0; want == WHOLE && i < t.vlen && !bu_btf_member(k->b, &t, i, &m); i++)
			if (keep_member(k, &t, i))
				keep_type(k, m.type, WHOLE);
		break;
	case BU_BTF_FUNC_PROTO:
		keep_type(k, t.type, SHAPE);
		for (uint32_t i = 0; i < t.vlen && !bu_btf_param(k->b, &t, i, &p); i++)
			keep_type(k, p.type, SHAPE);
		break;
	default:
		break;
	}
out:
	k->depth--;
}

/* Through names, qualifiers and arrays, all of which are kept: a struct, a union or what is none. */
static void keep_way(struct bu_core_keep *k, uint32_t id, struct bu_btf_type *t)
{
	keep_type(k, id, KEEP);
	for (int i = 0; i < 256 && !bu_btf_get(k->b, bu_btf_resolve(k->b, id), t) && t->kind == BU_BTF_ARRAY; i++)
		id = t->elem;
}

/* Keeps what leads from a type to a struct that lies in it, through members without a name. */
static bool keep_between(struct bu_core_keep *k, uint32_t from, uint32_t to, int depth)
{
	struct bu_btf_member m;
	struct bu_btf_type t;

	keep_way(k, from, &t);
	if (t.id == to)
		return true;
	if (!core_is_composite(&t) || depth > 32)
		return false;
	for (uint32_t i = 0; i < t.vlen && !bu_btf_member(k->b, &t, i, &m); i++)
		if (!m.name[0] && keep_between(k, m.type, to, depth + 1))
			return keep_member(k, &t, i);
	return false;
}

static void keep_field(struct bu_core_keep *k, const struct core_spec *s)
{
	uint32_t at = s->root;

	keep_type(k, at, KEEP);
	for (uint32_t i = 0; i < s->n; i++) {
		const struct core_step *step = &s->step[i];
		struct bu_btf_member m;
		struct bu_btf_type t;

		if (!step->name) {
			keep_type(k, step->type, KEEP);
			continue;
		}
		keep_between(k, at, step->type, 0);
		if (bu_btf_get(k->b, step->type, &t) || bu_btf_member(k->b, &t, step->index, &m))
			return;
		keep_member(k, &t, step->index);
		keep_type(k, m.type, KEEP);
		at = m.type;
	}
}

static int keep_record(struct bu_core_keep *k, struct bu_core *c, const struct bu_core_relo *r,
		       struct bu_core_result *res)
{
	struct core_spec local, targ;
	const char *name, *why;
	uint32_t kinds, id, pos = 0;
	size_t n;
	int err = bu_core_wants(c, r, &name, &n, &kinds, res);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = core_parse(&local, c->local, r, &why);
	while (!err && (id = bu_btf_index_next(&k->x, kinds, name, n, &pos))) {
		struct bu_core_cand cand = { .btf = k->b, .id = id };
		struct core_miss miss = { .fuel = &c->fuel };
		int found = core_match(&local, r->kind, &cand, &targ, &miss);

		if (found < 0)
			return found;
		if (!found)
			continue;
		if (core_is_field(r->kind))
			keep_field(k, &targ);
		else
			keep_type(k, id, r->kind == BU_CORE_TYPE_MATCHES ? WHOLE : SHAPE);
	}
	return err ? err : k->x.failed ? -ENOMEM : k->err;
}

int bu_core_keep_all(struct bu_core_keep *k, const struct bu_btf *local, const struct bu_btfext *ext,
		     const char *name, struct bu_diags *ds)
{
	struct bu_arena a;
	struct bu_core c = { .local = local, .a = &a, .explain = true, .fuel = BU_CORE_FUEL };
	int err = 0;

	bu_arena_init(&a);
	for (uint32_t i = 0; i < ext->nsec && !err; i++) {
		const struct bu_btfext_sec *s = &ext->sec[i];

		for (uint32_t n = 0; n < s->ncore && s->core_size >= RECORD && !err; n++) {
			const uint8_t *p = s->core + (size_t)n * s->core_size;
			struct bu_core_relo r = {
				.type_id = bu_get32(p + 4, local->be), .kind = bu_get32(p + 12, local->be),
				.access = bu_btf_str(local, bu_get32(p + 8, local->be)),
			};
			struct bu_core_result res = { 0 };

			k->depth = 0;
			err = keep_record(k, &c, &r, &res);
			if (err && err != -ENOMEM) {
				struct bu_diag *d = bu_diag(ds, BU_ERROR, "L0131", "a CO-RE relocation of section %s "
							    "cannot be read: %s", s->name,
							    res.why ? res.why : strerror(-err));

				bu_diag_span(ds, d, name, 0, 0, 1, (struct bu_str){ 0 }, NULL);
			}
		}
	}
	bu_arena_free(&a);
	return err;
}

/* ---------------------------------------------------------------- what is left */

struct writer { const struct bu_core_keep *k; struct bu_btfgen g; uint32_t *id; };

static void put32(struct writer *w, uint32_t v)
{
	uint8_t b[4];

	bu_put32(b, w->g.be, v);
	bu_buf_add(&w->g.types, b, sizeof(b));
}

static uint32_t renumbered(const struct writer *w, uint32_t id)
{
	return id <= w->k->b->ntypes ? w->id[id] : 0;
}

static void put_list(struct writer *w, const struct bu_btf_type *t, const uint8_t *p)
{
	const struct bu_btf *b = w->k->b;
	const uint8_t *kept = w->k->member[t->id];
	uint32_t size = t->kind == BU_BTF_ENUM || t->kind == BU_BTF_FUNC_PROTO ? 8 : 12;

	for (uint32_t i = 0; i < t->vlen; i++, p += size) {
		uint32_t first = bu_get32(p, b->be), second = bu_get32(p + 4, b->be);

		if (core_is_composite(t) && (!kept || !kept[i]))
			continue;
		put32(w, bu_btfgen_str(&w->g, bu_btf_str(b, first)));
		put32(w, core_is_enum(t) ? second : renumbered(w, second));
		if (size == 12)
			put32(w, bu_get32(p + 8, b->be));
	}
}

static void put_type(struct writer *w, uint32_t id)
{
	const struct bu_btf *b = w->k->b;
	const uint8_t *p = b->data + b->offs[id - 1];
	uint32_t info = bu_get32(p + 4, b->be), n = 0;
	struct bu_btf_type t;

	bu_btf_get(b, id, &t);
	if (core_is_composite(&t)) {
		for (uint32_t i = 0; w->k->member[id] && i < t.vlen; i++)
			n += w->k->member[id][i];
		info = (info & ~0xffffffu) | n;
	}
	put32(w, bu_btfgen_str(&w->g, t.name));
	put32(w, info);
	switch (t.kind) {
	case BU_BTF_INT:
		put32(w, t.size);
		put32(w, bu_get32(p + BTF_TYPE_LEN, b->be));
		break;
	case BU_BTF_ARRAY:
		put32(w, 0);
		put32(w, renumbered(w, t.elem));
		put32(w, renumbered(w, t.index));
		put32(w, t.nelems);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		put32(w, t.size);
		put_list(w, &t, p + BTF_TYPE_LEN);
		break;
	case BU_BTF_FUNC_PROTO:
		put32(w, renumbered(w, t.type));
		put_list(w, &t, p + BTF_TYPE_LEN);
		break;
	case BU_BTF_FLOAT:
	case BU_BTF_FWD:
		put32(w, t.size);
		break;
	default:
		put32(w, renumbered(w, t.type));
		break;
	}
	w->g.ntypes++;
}

int bu_core_keep_write(struct bu_core_keep *k, struct bu_buf *out)
{
	struct writer w = { .k = k };
	uint32_t n = 0;
	int err = -ENOMEM;

	w.id = calloc((size_t)k->b->ntypes + 1, sizeof(*w.id));
	bu_btfgen_init(&w.g, k->b->be);
	if (!w.id || k->err)
		goto out;
	/* an integer called long tells the size of a pointer */
	keep_type(k, bu_btf_find(k->b, BU_BTF_INT, "long unsigned int"), KEEP);
	for (uint32_t id = 1; id <= k->b->ntypes; id++) {
		struct bu_btf_type t;

		bu_btf_get(k->b, id, &t);
		if (t.kind > BU_BTF_FUNC_PROTO && t.kind != BU_BTF_FLOAT && t.kind != BU_BTF_TYPE_TAG &&
		    t.kind != BU_BTF_ENUM64)
			k->type[id] = 0;
		w.id[id] = k->type[id] ? ++n : 0;
	}
	for (uint32_t id = 1; id <= k->b->ntypes; id++)
		if (k->type[id])
			put_type(&w, id);
	err = bu_btfgen_finish(&w.g, out);
out:
	bu_btfgen_free(&w.g);
	free(w.id);
	return err;
}
