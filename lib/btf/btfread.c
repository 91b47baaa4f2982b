/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a .BTF blob: access to its types. btfcheck.c has made sure, before anything here is
 * used, that each offset, id and length is inside the blob.
 *
 *   header   magic, version, flags, hdr_len, type_off, type_len, str_off, str_len
 *            (offsets count from the end of the header)
 *   types    one after the other; the first is id 1, or base's number of types + 1
 *   strings  NUL-terminated; offsets go on behind base's strings
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <stdlib.h>
#include <string.h>

/* From type to type; btfcheck.c refuses chains of 256. */
#define MAX_STEPS 300

void bu_btf_free(struct bu_btf *b)
{
	if (!b->borrowed)
		free(b->offs);
	memset(b, 0, sizeof(*b));
}

uint32_t btf_first_id(const struct bu_btf *b)
{
	return b->base ? b->base->ntypes + 1 : 1;
}

uint32_t btf_first_str(const struct bu_btf *b)
{
	uint32_t n = 0;

	for (b = b->base; b; b = b->base)
		n += b->str_len;
	return n;
}

/* Is all of the type that is said to begin at a byte inside the types? */
static bool fits(const struct bu_btf *b, uint32_t off)
{
	uint32_t start = b->hdr_len + b->type_off, end = start + b->type_len, info;
	int64_t extra;

	if (off < start || off > end || end - off < BTF_TYPE_LEN)
		return false;
	info = bu_get32(b->data + off + 4, b->be);
	extra = btf_extra_len(b, BTF_KIND(info), BTF_VLEN(info));
	return extra >= 0 && extra <= (int64_t)(end - off - BTF_TYPE_LEN);
}

/* The blob of the chain that holds type id, and the type's bytes. NULL: no such type, or void. */
const uint8_t *btf_raw(const struct bu_btf **b, uint32_t id)
{
	uint32_t off;

	if (!id || id > (*b)->ntypes)
		return NULL;
	while (id < btf_first_id(*b))
		*b = (*b)->base;
	off = (*b)->offs[id - btf_first_id(*b)];
	if ((*b)->borrowed && !fits(*b, off))
		return NULL;
	return (*b)->data + off;
}

const char *bu_btf_str(const struct bu_btf *b, uint32_t off)
{
	uint32_t first = btf_first_str(b);

	while (b->base && off < first) {
		b = b->base;
		first = btf_first_str(b);
	}
	off -= first;
	if (off >= b->str_len)
		return "";
	return (const char *)b->data + b->hdr_len + b->str_off + off;
}

int bu_btf_get(const struct bu_btf *b, uint32_t id, struct bu_btf_type *t)
{
	const struct bu_btf *o = b;
	const uint8_t *p = btf_raw(&o, id);
	uint32_t info, extra;

	memset(t, 0, sizeof(*t));
	t->name = "";
	if (!id)
		return 0;
	if (!p)
		return -ENOENT;
	info = bu_get32(p + 4, o->be);
	t->id = id;
	t->kind = BTF_KIND(info) <= BU_BTF_ENUM64 ? (enum bu_btf_kind)BTF_KIND(info) : BU_BTF_UNKNOWN;
	t->kflag = info >> 31;
	t->name = bu_btf_str(o, bu_get32(p, o->be));
	t->vlen = BTF_VLEN(info);
	t->size = bu_get32(p + 8, o->be);
	p += BTF_TYPE_LEN;
	switch (t->kind) {
	case BU_BTF_INT:
		extra = bu_get32(p, o->be);
		t->int_enc = extra >> 24 & 0x0f;
		t->int_off = extra >> 16 & 0xff;
		t->int_bits = extra & 0xff;
		break;
	case BU_BTF_ARRAY:
		t->elem = bu_get32(p, o->be);
		t->index = bu_get32(p + 4, o->be);
		t->nelems = bu_get32(p + 8, o->be);
		break;
	case BU_BTF_VAR:
	case BU_BTF_DECL_TAG:
		t->linkage = (int32_t)bu_get32(p, o->be);
		break;
	case BU_BTF_FUNC:
		t->linkage = (int32_t)t->vlen;
		t->vlen = 0;
		break;
	default:
		break;
	}
	return 0;
}

/* Entry i, of `size` bytes, of the list behind t; t must be one of the kinds in the bit set. */
static const uint8_t *entry(const struct bu_btf **b, const struct bu_btf_type *t, uint32_t kinds,
			    uint32_t i, size_t size)
{
	const uint8_t *p;

	if (!(kinds >> t->kind & 1) || i >= t->vlen)
		return NULL;
	p = btf_raw(b, t->id);
	return p ? p + BTF_TYPE_LEN + i * size : NULL;
}

int bu_btf_member(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i,
		  struct bu_btf_member *m)
{
	const uint8_t *p = entry(&b, t, 1u << BU_BTF_STRUCT | 1u << BU_BTF_UNION, i, 12);
	uint32_t off;

	if (!p)
		return -ENOENT;
	off = bu_get32(p + 8, b->be);
	m->name = bu_btf_str(b, bu_get32(p, b->be));
	m->type = bu_get32(p + 4, b->be);
	m->bit_off = t->kflag ? off & 0xffffff : off;
	m->bit_size = t->kflag ? off >> 24 : 0;
	return 0;
}

int bu_btf_enum(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i,
		struct bu_btf_enum *e)
{
	bool wide = t->kind == BU_BTF_ENUM64;
	const uint8_t *p = entry(&b, t, 1u << BU_BTF_ENUM | 1u << BU_BTF_ENUM64, i, wide ? 12 : 8);
	uint32_t lo;

	if (!p)
		return -ENOENT;
	e->name = bu_btf_str(b, bu_get32(p, b->be));
	lo = bu_get32(p + 4, b->be);
	if (wide)
		e->val = (int64_t)((uint64_t)bu_get32(p + 8, b->be) << 32 | lo);
	else
		e->val = t->kflag ? (int64_t)(int32_t)lo : (int64_t)lo;
	return 0;
}

int bu_btf_secvar(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i,
		  struct bu_btf_secvar *v)
{
	const uint8_t *p = entry(&b, t, 1u << BU_BTF_DATASEC, i, 12);

	if (!p)
		return -ENOENT;
	v->type = bu_get32(p, b->be);
	v->off = bu_get32(p + 4, b->be);
	v->size = bu_get32(p + 8, b->be);
	return 0;
}

int bu_btf_param(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i,
		 struct bu_btf_param *p)
{
	const uint8_t *e = entry(&b, t, 1u << BU_BTF_FUNC_PROTO, i, 8);

	if (!e)
		return -ENOENT;
	p->name = bu_btf_str(b, bu_get32(e, b->be));
	p->type = bu_get32(e + 4, b->be);
	return 0;
}

uint32_t bu_btf_find(const struct bu_btf *b, enum bu_btf_kind kind, const char *name)
{
	uint32_t first, id;

	if (b->base) {
		id = bu_btf_find(b->base, kind, name);
		if (id)
			return id;
	}
	first = btf_first_id(b);
	for (id = first; id <= b->ntypes; id++) {
		const uint8_t *p = b->data + b->offs[id - first];

		if (kind != BU_BTF_VOID && (p[b->be ? 4 : 7] & 0x7f) != kind)
			continue;
		if (strcmp(bu_btf_str(b, bu_get32(p, b->be)), name) == 0)
			return id;
	}
	return 0;
}

uint32_t bu_btf_resolve(const struct bu_btf *b, uint32_t id)
{
	struct bu_btf_type t;

	/* Checked types end long before; a bu_btf_index is not checked. */
	for (int steps = 0; steps < MAX_STEPS && bu_btf_get(b, id, &t) == 0; steps++) {
		switch (t.kind) {
		case BU_BTF_TYPEDEF:
		case BU_BTF_VOLATILE:
		case BU_BTF_CONST:
		case BU_BTF_RESTRICT:
		case BU_BTF_TYPE_TAG:
			id = t.type;
			break;
		default:
			return id;
		}
	}
	return 0;
}

int64_t bu_btf_size(const struct bu_btf *b, uint32_t id)
{
	struct bu_btf_type t;
	uint64_t n = 1, ptr;

	for (int steps = 0; steps < MAX_STEPS; steps++) {
		if (bu_btf_get(b, bu_btf_resolve(b, id), &t))
			return -EINVAL;
		switch (t.kind) {
		case BU_BTF_PTR:
			ptr = b->ptr_size ? b->ptr_size : 8;
			return n > INT64_MAX / ptr ? -EINVAL : (int64_t)(n * ptr);
		case BU_BTF_INT:
		case BU_BTF_ENUM:
		case BU_BTF_ENUM64:
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
		case BU_BTF_DATASEC:
		case BU_BTF_FLOAT:
			if (t.size && n > (uint64_t)INT64_MAX / t.size)
				return -EINVAL;
			return (int64_t)(n * t.size);
		case BU_BTF_ARRAY:
			if (t.nelems && n > (uint64_t)INT64_MAX / t.nelems)
				return -EINVAL;
			n *= t.nelems;
			id = t.elem;
			break;
		case BU_BTF_VAR:
			id = t.type;
			break;
		default:
			return -EINVAL;
		}
	}
	return -EINVAL;
}
