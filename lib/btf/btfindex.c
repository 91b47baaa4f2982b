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
		if (x->names[k].borrowed)
			continue;
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
		const struct bu_btf *own = b;
		const uint8_t *p = btf_raw(&own, id);
		uint32_t kind = p ? BTF_KIND(get32(p + 4, b->be)) : 0, *head;
		const char *name;
		size_t len;

		if (n == v->count)
			break;
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
	v->used = n;
	return 0;
}

static uint64_t sum(const void *p, size_t n);

/* The names of a file are looked at when they are needed; what is damaged is made anew. */
static bool sure(struct bu_btf_names *v)
{
	if (!v->sure)
		v->sure = v->sum == (sum(v->head, ((size_t)v->mask + 1) * 4) ^
				     sum(v->entry, ((size_t)v->used + 1) * sizeof(*v->entry)));
	return v->sure;
}

uint32_t bu_btf_index_next(struct bu_btf_index *x, uint32_t kinds, const char *name, size_t n,
			   uint32_t *pos)
{
	int which = kinds & SYMBOLS ? BU_BTF_NAMES_SYMBOLS : BU_BTF_NAMES_TYPES;
	struct bu_btf_names *v = &x->names[which];
	struct bu_btf_type t;

	if (!v->count || !n || x->failed)
		return 0;
	if (v->borrowed && !sure(v)) {
		v->borrowed = false;
		v->head = NULL;
	}
	if (!v->head && index_names(x, which)) {
		x->failed = true;
		return 0;
	}
	for (uint32_t at = *pos ? v->entry[*pos].next : v->head[hash(name, n) & v->mask], steps = 0;
	     at && at <= v->used && steps <= v->used; at = v->entry[at].next, steps++) {
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

/* ---------------------------------------------------------------- as bytes */

#define SAVED_MAGIC 0x42496478u
#define SAVED_VERSION 1u /* of this layout, and of what a name without its flavour is */
#define SAMPLE "task_struct" /* its hash tells by which function names were hashed */

struct saved {
	uint32_t magic, version;
	uint32_t size, type_off, type_len, str_off, str_len; /* of the BTF */
	uint32_t ntypes, ptr_size, sample;
	struct { uint32_t mask, count, used, pad; uint64_t sum; } names[BU_BTF_NAMES];
	uint64_t offs_sum;
	uint64_t sum; /* of what stands before */
};

/* Against damage, not against malice. Four lanes, so that the multiplications overlap. */
static uint64_t sum(const void *p, size_t n)
{
	const uint8_t *c = p;
	uint64_t h[4] = { n, 1, 2, 3 }, w[4];

	for (; n >= sizeof(w); n -= sizeof(w), c += sizeof(w)) {
		memcpy(w, c, sizeof(w));
		for (int i = 0; i < 4; i++)
			h[i] = (h[i] ^ w[i]) * 0x9e3779b97f4a7c15u;
	}
	memset(w, 0, sizeof(w));
	memcpy(w, c, n);
	for (int i = 0; i < 4; i++) {
		h[i] = (h[i] ^ h[i] >> 29 ^ w[i]) * 0xc2b2ae3d27d4eb4fu;
		h[0] ^= h[i] >> 31 ^ h[i] << 7;
	}
	return h[0];
}

int bu_btf_index_save(struct bu_btf_index *x, struct bu_buf *out)
{
	const struct bu_btf *b = &x->btf;
	struct saved s = {
		.magic = SAVED_MAGIC, .version = SAVED_VERSION, .size = (uint32_t)b->size,
		.type_off = b->type_off, .type_len = b->type_len, .str_off = b->str_off,
		.str_len = b->str_len, .ntypes = b->ntypes, .ptr_size = b->ptr_size,
		.sample = hash(SAMPLE, sizeof(SAMPLE) - 1),
	};

	for (int k = 0; k < BU_BTF_NAMES; k++) {
		struct bu_btf_names *v = &x->names[k];

		if (!v->head && index_names(x, k))
			return -ENOMEM;
		s.names[k].mask = v->mask;
		s.names[k].count = v->count;
		s.names[k].used = v->used;
		memset(&v->entry[0], 0, sizeof(v->entry[0]));
		s.names[k].sum = sum(v->head, ((size_t)v->mask + 1) * 4) ^
				 sum(v->entry, ((size_t)v->used + 1) * sizeof(*v->entry));
	}
	s.offs_sum = sum(b->offs, (size_t)b->ntypes * 4);
	s.sum = sum(&s, offsetof(struct saved, sum));
	bu_buf_add(out, &s, sizeof(s));
	for (int k = 0; k < BU_BTF_NAMES; k++) {
		bu_buf_add(out, x->names[k].entry, ((size_t)x->names[k].used + 1) * sizeof(*x->names[k].entry));
		bu_buf_add(out, x->names[k].head, ((size_t)x->names[k].mask + 1) * 4);
	}
	bu_buf_add(out, b->offs, (size_t)b->ntypes * 4);
	bu_buf_zero(out, b->ntypes % 2 * 4); /* whole words */
	return out->failed ? -ENOMEM : 0;
}

/* The place of n bytes of a file, and what stands behind them; NULL: there are fewer. */
static void *take(const uint8_t **p, size_t *left, uint64_t n)
{
	void *at = (void *)(uintptr_t)*p;

	if (n > *left)
		return NULL;
	*p += n;
	*left -= n;
	return at;
}

int bu_btf_index_load(struct bu_btf_index *x, const void *data, size_t size, const char *name,
		      const void *saved, size_t nsaved)
{
	const uint8_t *p = saved;
	struct bu_btf *b = &x->btf;
	struct saved s;

	memset(x, 0, sizeof(*x));
	if (nsaved < sizeof(s) || (uintptr_t)saved % 8)
		return -EINVAL;
	memcpy(&s, saved, sizeof(s));
	p += sizeof(s);
	nsaved -= sizeof(s);
	x->name = name;
	b->data = data;
	b->size = size;
	if (s.magic != SAVED_MAGIC || s.version != SAVED_VERSION || s.sum != sum(&s, offsetof(struct saved, sum)) ||
	    btf_check_header(b, size, name, NULL) || s.size != size || s.type_off != b->type_off ||
	    s.type_len != b->type_len || s.str_off != b->str_off || s.str_len != b->str_len ||
	    s.sample != hash(SAMPLE, sizeof(SAMPLE) - 1) || !s.ntypes || s.ntypes > s.type_len / BTF_TYPE_LEN)
		return -EINVAL;
	for (int k = 0; k < BU_BTF_NAMES; k++) {
		struct bu_btf_names *v = &x->names[k];

		v->mask = s.names[k].mask;
		v->count = s.names[k].count;
		v->used = s.names[k].used;
		v->sum = s.names[k].sum;
		v->borrowed = true;
		if (v->used > v->count || v->count > s.ntypes || (v->mask & (v->mask + 1)))
			return -EINVAL;
		v->entry = take(&p, &nsaved, ((uint64_t)v->used + 1) * sizeof(*v->entry));
		v->head = take(&p, &nsaved, ((uint64_t)v->mask + 1) * 4);
		if (!v->entry || !v->head)
			return -EINVAL;
	}
	b->offs = take(&p, &nsaved, (uint64_t)s.ntypes * 4);
	take(&p, &nsaved, s.ntypes % 2 * 4);
	b->borrowed = true;
	b->ptr_size = s.ptr_size == 4 ? 4 : 8;
	b->ntypes = s.ntypes;
	if (!b->offs || nsaved || s.offs_sum != sum(b->offs, (size_t)s.ntypes * 4))
		return -EINVAL;
	return 0;
}
