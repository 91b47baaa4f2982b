/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types by name in a large BTF, such as a kernel's 100,000. The walk reads the word of each type that tells
 * its length, and no more; names are hashed when one is asked for, types and symbols apart, because
 * most objects ask for types only and there are twice as many functions.
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOLS (1u << BU_BTF_FUNC | 1u << BU_BTF_VAR | 1u << BU_BTF_DATASEC)
#define TYPES (1u << BU_BTF_INT | 1u << BU_BTF_STRUCT | 1u << BU_BTF_UNION | 1u << BU_BTF_ENUM | \
	       1u << BU_BTF_FWD | 1u << BU_BTF_TYPEDEF | 1u << BU_BTF_FLOAT | 1u << BU_BTF_ENUM64)

void bu_btf_index_free(struct bu_btf_index *x)
{
	for (int k = 0; k < BU_BTF_NAMES; k++) {
		free(x->names[k].head);
		free(x->names[k].entry);
	}
	bu_btf_free(&x->btf);
	memset(x, 0, sizeof(*x));
}

static inline uint32_t get32(const uint8_t *p, bool be)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be == BU_HOST_BE ? v : __builtin_bswap32(v);
}

/* How long an integer called "long" is tells the size of a pointer. */
static void look_at_long(struct bu_btf *b, const uint8_t *p)
{
	const char *name = bu_btf_str(b, get32(p, b->be));
	uint32_t size = get32(p + 8, b->be);

	if ((size == 4 || size == 8) && (strcmp(name, "long") == 0 || strcmp(name, "long int") == 0 ||
	    strcmp(name, "unsigned long") == 0 || strcmp(name, "long unsigned int") == 0))
		b->ptr_size = (uint8_t)size;
}

static int cut_off(const struct bu_btf_index *x, uint32_t id, const char *what, struct bu_diags *ds)
{
	struct bu_diag *d;

	if (!ds)
		return -EINVAL;
	d = bu_diag(ds, BU_ERROR, "B0101", "damaged BTF: type [%u] %s", id, what);
	bu_diag_span(ds, d, x->name, 0, 0, 1, (struct bu_str){ 0 }, NULL);
	return -EINVAL;
}

static int walk(struct bu_btf_index *x, struct bu_diags *ds)
{
	static const uint8_t entry[BU_BTF_ENUM64 + 1] = {
		[BU_BTF_STRUCT] = 12, [BU_BTF_UNION] = 12, [BU_BTF_DATASEC] = 12,
		[BU_BTF_ENUM64] = 12, [BU_BTF_ENUM] = 8, [BU_BTF_FUNC_PROTO] = 8,
	};
	static const uint8_t fixed[BU_BTF_ENUM64 + 1] = {
		[BU_BTF_INT] = 4, [BU_BTF_VAR] = 4, [BU_BTF_DECL_TAG] = 4, [BU_BTF_ARRAY] = 12,
	};
	struct bu_btf *b = &x->btf;
	uint32_t at = b->hdr_len + b->type_off, end = at + b->type_len, n = 0, cap = 0;
	uint32_t count[32] = { 0 }, first = btf_first_id(b);

	while (at < end) {
		uint32_t info, kind;
		uint64_t len = BTF_TYPE_LEN;

		if (end - at < BTF_TYPE_LEN)
			return cut_off(x, first + n, "is cut off", ds);
		info = get32(b->data + at + 4, b->be);
		kind = BTF_KIND(info);
		if (kind && kind <= BU_BTF_ENUM64) {
			count[kind]++;
			len += fixed[kind] + (uint64_t)entry[kind] * BTF_VLEN(info);
			if (kind == BU_BTF_INT)
				look_at_long(b, b->data + at);
		} else {
			int64_t extra = btf_extra_len(b, kind, BTF_VLEN(info));

			if (extra < 0)
				return cut_off(x, first + n, "is of a kind that is not known", ds);
			len += (uint64_t)extra;
		}
		if (len > end - at)
			return cut_off(x, first + n, "is cut off", ds);
		if (n == cap) {
			uint32_t *v;

			/* some 23 bytes a type in kernels */
			cap = cap ? cap * 2 : b->type_len / 22 + 16;
			v = realloc(b->offs, (size_t)cap * sizeof(*v));
			if (!v)
				return -ENOMEM;
			b->offs = v;
		}
		b->offs[n++] = at;
		at += (uint32_t)len;
	}
	b->ntypes = first + n - 1;
	for (uint32_t k = 1; k <= BU_BTF_ENUM64; k++) {
		if (SYMBOLS >> k & 1)
			x->names[BU_BTF_NAMES_SYMBOLS].count += count[k];
		else if (TYPES >> k & 1)
			x->names[BU_BTF_NAMES_TYPES].count += count[k];
	}
	return 0;
}

int bu_btf_index(struct bu_btf_index *x, const void *data, size_t size, const struct bu_btf *base,
		 const char *name, struct bu_diags *ds)
{
	int err;

	memset(x, 0, sizeof(*x));
	x->name = name;
	x->btf.data = data;
	x->btf.size = size;
	x->btf.base = base;
	if (base)
		x->btf.ptr_size = base->ptr_size;
	err = btf_check_header(&x->btf, size, name, ds);
	if (!err)
		err = walk(x, ds);
	if (err)
		bu_btf_index_free(x);
	return err;
}

/* ---------------------------------------------------------------- names */

static uint32_t hash(const char *name, size_t n)
{
	return bu_word_hash(name, n, n);
}

/* From the last to the first, so that ids of one name rise. */
static int index_names(struct bu_btf_index *x, int which)
{
	struct bu_btf_names *v = &x->names[which];
	uint32_t kinds = which == BU_BTF_NAMES_TYPES ? TYPES : SYMBOLS, size = 16, n = 0, first;
	const struct bu_btf *b = &x->btf;

	while (size < v->count)
		size *= 2;
	v->head = calloc(size, sizeof(*v->head));
	v->entry = malloc((v->count + 1) * sizeof(*v->entry));
	if (!v->head || !v->entry)
		return -ENOMEM;
	v->mask = size - 1;
	first = btf_first_id(b);
	for (uint32_t id = b->ntypes; id >= first; id--) {
		const uint8_t *p = b->data + b->offs[id - first];
		uint32_t kind = BTF_KIND(get32(p + 4, b->be)), *head;
		const char *name;
		size_t len;

		if (kind > BU_BTF_ENUM64 || !(kinds >> kind & 1))
			continue;
		name = bu_btf_str(b, get32(p, b->be));
		len = which == BU_BTF_NAMES_TYPES ? bu_btf_essential(name) : strlen(name);
		if (!len)
			continue;
		head = &v->head[hash(name, len) & v->mask];
		v->entry[++n].id = id;
		v->entry[n].next = *head;
		*head = n;
	}
	return 0;
}

uint32_t bu_btf_index_next(struct bu_btf_index *x, uint32_t kinds, const char *name, size_t n,
			   uint32_t *pos)
{
	int which = kinds & SYMBOLS ? BU_BTF_NAMES_SYMBOLS : BU_BTF_NAMES_TYPES;
	struct bu_btf_names *v = &x->names[which];
	struct bu_btf_type t;

	if (!v->count || !n || x->failed)
		return 0;
	if (!v->head && index_names(x, which)) {
		x->failed = true;
		return 0;
	}
	for (uint32_t at = *pos ? v->entry[*pos].next : v->head[hash(name, n) & v->mask]; at;
	     at = v->entry[at].next) {
		size_t len;

		if (bu_btf_get(&x->btf, v->entry[at].id, &t) || !(kinds >> t.kind & 1))
			continue;
		len = which == BU_BTF_NAMES_TYPES ? bu_btf_essential(t.name) : strlen(t.name);
		if (len != n || memcmp(t.name, name, n) != 0)
			continue;
		*pos = at;
		return t.id;
	}
	return 0;
}
