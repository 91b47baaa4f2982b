/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Merging the types of several blobs: all of them one behind the other, then one of what is equal.
 *
 * Two types are equal when no path through them tells them apart. That is found by refining a
 * partition: at first types are alike that have the same kind, name, size and entries, whatever these
 * refer to; then, over and over, those that refer to types which are alike; until no class falls apart
 * any more. It is how a deterministic automaton is made minimal (Moore 1956), and it treats cycles as
 * anything else. A forward declaration stands for the only struct, union or enum of its name, if there
 * is one.
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <stdlib.h>
#include <string.h>

/* What a word of a type is; types are words of 32 bits throughout. */
enum word { PLAIN, STRING, TYPE };

static uint32_t nwords(enum bu_btf_kind kind, uint32_t vlen)
{
	switch (kind) {
	case BU_BTF_INT:
	case BU_BTF_VAR:
	case BU_BTF_DECL_TAG:
		return 4;
	case BU_BTF_ARRAY:
		return 6;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
	case BU_BTF_DATASEC:
	case BU_BTF_ENUM64:
		return 3 + 3 * vlen;
	case BU_BTF_ENUM:
	case BU_BTF_FUNC_PROTO:
		return 3 + 2 * vlen;
	default:
		return 3;
	}
}

static bool refers(enum bu_btf_kind kind)
{
	switch (kind) {
	case BU_BTF_PTR:
	case BU_BTF_TYPEDEF:
	case BU_BTF_VOLATILE:
	case BU_BTF_CONST:
	case BU_BTF_RESTRICT:
	case BU_BTF_FUNC:
	case BU_BTF_FUNC_PROTO:
	case BU_BTF_VAR:
	case BU_BTF_DECL_TAG:
	case BU_BTF_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

static enum word word_of(enum bu_btf_kind kind, uint32_t i)
{
	if (i < 3)
		return i == 0 ? STRING : i == 2 && refers(kind) ? TYPE : PLAIN;
	switch (kind) {
	case BU_BTF_ARRAY:
		return i < 5 ? TYPE : PLAIN;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		return i % 3 == 0 ? STRING : i % 3 == 1 ? TYPE : PLAIN;
	case BU_BTF_ENUM64:
		return i % 3 == 0 ? STRING : PLAIN;
	case BU_BTF_DATASEC:
		return i % 3 == 0 ? TYPE : PLAIN;
	case BU_BTF_ENUM:
		return i % 2 == 1 ? STRING : PLAIN;
	case BU_BTF_FUNC_PROTO:
		return i % 2 == 1 ? STRING : TYPE;
	default:
		return PLAIN;
	}
}

static void head(const uint8_t *p, bool be, enum bu_btf_kind *kind, uint32_t *n)
{
	uint32_t info = bu_get32(p + 4, be);

	*kind = (enum bu_btf_kind)(info >> 24 & 0x1f);
	/* A function's linkage stands where others count their entries. */
	*n = nwords(*kind, *kind == BU_BTF_FUNC ? 0 : info & 0xffff);
}

/* ---------------------------------------------------------------- one behind the other */

static int append_one(struct bu_btfgen *g, const struct bu_btf *b, uint32_t id, const uint32_t *map)
{
	const uint8_t *p = b->data + b->offs[id - 1];
	enum bu_btf_kind kind;
	uint32_t n;

	head(p, b->be, &kind, &n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t v = bu_get32(p + (size_t)i * 4, b->be);
		enum word w = word_of(kind, i);
		uint8_t *to;

		if (w == STRING)
			v = bu_btfgen_str(g, bu_btf_str(b, v));
		else if (w == TYPE)
			v = v <= b->ntypes ? map[v] : 0;
		to = bu_buf_room(&g->types, 4);
		if (!to)
			return -ENOMEM;
		bu_put32(to, g->be, v);
		g->types.n += 4;
	}
	return g->err;
}

int bu_btfgen_append(struct bu_btfgen *g, const struct bu_btf *b, uint32_t *map)
{
	struct bu_btf_type t;
	uint32_t next = g->ntypes;
	int err = 0;

	if (b->base || g->err)
		return g->err ? g->err : -EINVAL;
	g->open = 0;
	map[0] = 0;
	for (uint32_t id = 1; id <= b->ntypes; id++) {
		err = bu_btf_get(b, id, &t);
		if (err)
			return err;
		map[id] = t.kind == BU_BTF_DATASEC ? 0 : ++next;
	}
	for (uint32_t id = 1; id <= b->ntypes && !err; id++) {
		if (!map[id])
			continue;
		err = append_one(g, b, id, map);
		if (!err)
			g->ntypes++;
	}
	if (err && !g->err)
		g->err = err;
	return err;
}

/* ---------------------------------------------------------------- one of what is equal */

/* Words that may be looked at in all: types refer to each other in short paths, hostile ones need not. */
#define MAX_WORK (UINT64_C(1) << 29)

struct dedup {
	struct bu_btfgen *g;
	uint32_t n;          /* types */
	uint32_t *off;       /* [1 … n]: word of g->types where it begins */
	uint32_t *color;     /* class; those of void and the types, from 0 */
	uint32_t *next;      /* the classes to be */
	uint32_t *alias;     /* what a forward declaration stands for, else itself */
	uint32_t *sig;       /* signatures of a round, in a row */
	uint32_t *sig_at;    /* [1 … n + 1]: where each begins in sig */
	uint32_t *slot;      /* hash of signatures: a type + 1, or 0 */
	uint32_t mask;
	uint32_t ncolors;
	uint64_t work;
};

static const uint8_t *type_at(const struct dedup *d, uint32_t id)
{
	return d->g->types.p + (size_t)d->off[id] * 4;
}

static uint32_t get(const struct dedup *d, uint32_t id, uint32_t word)
{
	return bu_get32(type_at(d, id) + (size_t)word * 4, d->g->be);
}

static enum bu_btf_kind kind_of(const struct dedup *d, uint32_t id)
{
	return (enum bu_btf_kind)(get(d, id, 1) >> 24 & 0x1f);
}

static uint32_t *array(size_t n)
{
	return calloc(n, sizeof(uint32_t));
}

static int dedup_init(struct dedup *d, struct bu_btfgen *g, const uint32_t *same)
{
	size_t words = g->types.n / 4, at = 0, slots = 64;

	d->g = g;
	d->n = g->ntypes;
	while (slots < (size_t)d->n * 2)
		slots *= 2;
	d->mask = (uint32_t)slots - 1;
	d->off = array((size_t)d->n + 1);
	d->color = array((size_t)d->n + 1);
	d->next = array((size_t)d->n + 1);
	d->alias = array((size_t)d->n + 1);
	d->sig_at = array((size_t)d->n + 2);
	d->sig = array(words + d->n + 1);
	d->slot = array(slots);
	if (!d->off || !d->color || !d->next || !d->alias || !d->sig_at || !d->sig || !d->slot)
		return -ENOMEM;
	for (uint32_t id = 1; id <= d->n; id++) {
		enum bu_btf_kind kind;
		uint32_t n;

		if (words - at < 3)
			return -EINVAL;
		head(g->types.p + at * 4, g->be, &kind, &n);
		if (n > words - at)
			return -EINVAL;
		d->off[id] = (uint32_t)at;
		d->alias[id] = same && same[id] ? same[id] : id;
		if (d->alias[id] > d->n)
			return -EINVAL;
		at += n;
		/* Whoever refers to it has to be told the same in the end. */
		for (uint32_t i = 0; i < n; i++)
			if (word_of(kind, i) == TYPE && get(d, id, i) > d->n)
				return -EINVAL;
	}
	return at == words ? 0 : -EINVAL;
}

static void dedup_free(struct dedup *d)
{
	free(d->off);
	free(d->color);
	free(d->next);
	free(d->alias);
	free(d->sig_at);
	free(d->sig);
	free(d->slot);
}

/* Writes the signature of a type at s: its class, and the classes of what it refers to; its length. */
static uint32_t sign(const struct dedup *d, uint32_t id, bool first, uint32_t *s)
{
	enum bu_btf_kind kind;
	uint32_t n, len = 0;

	head(type_at(d, id), d->g->be, &kind, &n);
	if (!first)
		s[len++] = d->color[id];
	/* Two variables are two places, however alike. */
	else if (kind == BU_BTF_VAR || kind == BU_BTF_DATASEC)
		s[len++] = id;
	for (uint32_t i = 0; i < n; i++) {
		bool type = word_of(kind, i) == TYPE;

		if (first)
			s[len++] = type ? 0 : get(d, id, i);
		else if (type)
			s[len++] = d->color[d->alias[get(d, id, i)]];
	}
	return len;
}

static uint32_t find_class(struct dedup *d, uint32_t id, uint32_t *ncolors)
{
	const uint32_t *s = d->sig + d->sig_at[id];
	uint32_t len = d->sig_at[id + 1] - d->sig_at[id];
	uint32_t h = bu_hash_bytes(s, (size_t)len * 4) & d->mask;

	for (; d->slot[h]; h = (h + 1) & d->mask) {
		uint32_t other = d->slot[h];

		if (d->sig_at[other + 1] - d->sig_at[other] == len &&
		    memcmp(d->sig + d->sig_at[other], s, (size_t)len * 4) == 0)
			return d->next[other];
	}
	d->slot[h] = id;
	return (*ncolors)++;
}

/* One round; the classes only ever fall apart. -E2BIG: the types are not worth it. */
static int refine(struct dedup *d, bool first)
{
	uint32_t at = 0, ncolors = 1, *swap; /* class 0 is void */

	memset(d->slot, 0, ((size_t)d->mask + 1) * sizeof(*d->slot));
	for (uint32_t id = 1; id <= d->n; id++) {
		d->sig_at[id] = at;
		at += sign(d, id, first, d->sig + at);
		d->sig_at[id + 1] = at;
		d->next[id] = find_class(d, id, &ncolors);
	}
	swap = d->color;
	d->color = d->next;
	d->next = swap;
	d->ncolors = ncolors;
	d->work += at;
	return d->work > MAX_WORK ? -E2BIG : 0;
}

static int partition(struct dedup *d)
{
	int err = refine(d, true);
	uint32_t before = 0;

	while (!err && d->ncolors != before) {
		before = d->ncolors;
		err = refine(d, false);
	}
	return err;
}

static bool declares(const struct dedup *d, uint32_t id)
{
	enum bu_btf_kind kind = kind_of(d, id);

	return get(d, id, 0) && (kind == BU_BTF_FWD || ((kind == BU_BTF_ENUM || kind == BU_BTF_ENUM64) &&
						      !(get(d, id, 1) & 0xffff)));
}

/* Is def what the declaration declares? */
static bool defines(const struct dedup *d, uint32_t def, uint32_t decl)
{
	enum bu_btf_kind kind = kind_of(d, def);

	if (get(d, def, 0) != get(d, decl, 0) || declares(d, def))
		return false;
	if (kind_of(d, decl) != BU_BTF_FWD)
		return kind == BU_BTF_ENUM || kind == BU_BTF_ENUM64;
	return kind == (get(d, decl, 1) >> 31 ? BU_BTF_UNION : BU_BTF_STRUCT);
}

/*
 * Lets each declaration stand for the only class of definitions of its name. By name, the types are in
 * lists: first[string offset's slot], then link[]. True when one was found.
 */
static bool resolve_declarations(struct dedup *d, uint32_t *first, uint32_t *link)
{
	bool found = false;

	memset(first, 0, ((size_t)d->mask + 1) * sizeof(*first));
	for (uint32_t id = d->n; id; id--) {
		uint32_t name = get(d, id, 0), h = name * 0x9e3779b1u & d->mask;

		link[id] = first[h];
		if (name && !declares(d, id))
			first[h] = id;
		else
			link[id] = 0;
	}
	for (uint32_t id = 1; id <= d->n; id++) {
		uint32_t only = 0;
		bool several = false;

		if (d->alias[id] != id || !declares(d, id))
			continue;
		for (uint32_t k = first[get(d, id, 0) * 0x9e3779b1u & d->mask]; k && !several; k = link[k]) {
			if (d->work++ > MAX_WORK)
				return false;
			if (!defines(d, k, id))
				continue;
			several = only && d->color[only] != d->color[k];
			if (!only)
				only = k;
		}
		if (!only || several)
			continue;
		d->alias[id] = only;
		found = true;
	}
	return found;
}

/* The types that are left, in the order of the first of each class; *map says what became of each. */
static int rewrite(struct dedup *d, uint32_t *map)
{
	uint32_t *rep = d->next, kept = 0; /* [class]: its new id */
	struct bu_buf out = { 0 };

	memset(rep, 0, ((size_t)d->n + 1) * sizeof(*rep));
	for (uint32_t id = 1; id <= d->n; id++)
		if (d->alias[id] == id && !rep[d->color[id]])
			rep[d->color[id]] = ++kept;
	map[0] = 0;
	for (uint32_t id = 1; id <= d->n; id++)
		map[id] = rep[d->color[d->alias[id]]];
	kept = 0;
	for (uint32_t id = 1; id <= d->n; id++) {
		enum bu_btf_kind kind;
		uint32_t n;

		if (d->alias[id] != id || map[id] != kept + 1)
			continue;
		kept++;
		head(type_at(d, id), d->g->be, &kind, &n);
		for (uint32_t i = 0; i < n; i++) {
			uint32_t v = get(d, id, i);
			uint8_t *to = bu_buf_room(&out, 4);

			if (!to)
				break;
			bu_put32(to, d->g->be, word_of(kind, i) == TYPE ? map[v] : v);
			out.n += 4;
		}
	}
	if (out.failed) {
		bu_buf_free(&out);
		return -ENOMEM;
	}
	bu_buf_free(&d->g->types);
	d->g->types = out;
	d->g->ntypes = kept;
	return 0;
}

int bu_btfgen_dedup(struct bu_btfgen *g, const uint32_t *same, uint32_t **map)
{
	struct dedup d = { 0 };
	uint32_t *first = NULL, *link = NULL;
	int err = g->err;

	*map = NULL;
	if (!err)
		err = dedup_init(&d, g, same);
	if (err)
		goto out;
	*map = array((size_t)d.n + 1);
	first = array((size_t)d.mask + 1);
	link = array((size_t)d.n + 1);
	err = -ENOMEM;
	if (!*map || !first || !link)
		goto out;
	do
		err = partition(&d);
	while (!err && resolve_declarations(&d, first, link));
	/* Each its own class, then: more than need be, and right. */
	for (uint32_t id = 1; err == -E2BIG && id <= d.n; id++)
		d.color[id] = id;
	if (!err || err == -E2BIG)
		err = rewrite(&d, *map);
	/* Equal bytes of types are looked for no more. */
	bu_hash_free(&g->type_index);
	g->open = 0;
out:
	free(first);
	free(link);
	dedup_free(&d);
	if (err) {
		free(*map);
		*map = NULL;
		if (!g->err)
			g->err = err;
	}
	return err;
}
