// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An object's types for a kernel that is older than they are. What it does not know is rewritten in place, into
 * something of the same length, so that all types keep their ids; maps and functions keep
 * what they had. Which kernel knows what: names of sections with '?' 6.10, 64-bit enums and signs of
 * enums 6.0, TYPE_TAG 5.17, DECL_TAG 5.16, FLOAT 5.13, global functions 5.6, variables 5.2.
 */
#include <string.h>

#include "load/kpriv.h"

#define TYPE_SIZE 12

struct old {
	const struct bu_btf *b; /* the types as they were: ids, offsets */
	uint8_t *copy;          /* what becomes of them */
	uint32_t num;           /* an integer for members that need a type, or 0 */
};

static void put(struct old *o, uint8_t *at, uint32_t word, uint32_t v)
{
	bu_put32(at + word * 4, o->b->be, v);
}

static uint32_t info(enum bu_btf_kind kind, uint32_t vlen)
{
	return (uint32_t)kind << 24 | vlen;
}

/* One byte, whatever it was: more might reach beyond the section. */
static void to_byte(struct old *o, uint8_t *at)
{
	put(o, at, 0, 0);
	put(o, at, 1, info(BU_BTF_INT, 0));
	put(o, at, 2, 1);
	put(o, at, 3, 8);
	/* An integer needs a name; the first one of the object lends its own. */
	memcpy(at, o->b->data + o->b->offs[o->num - 1], 4);
}

/* A section of variables: a struct of that size, without a name. */
static void to_struct(struct old *o, const struct bu_btf_type *t, uint8_t *at)
{
	struct bu_btf_secvar v;

	put(o, at, 0, 0);
	put(o, at, 1, info(BU_BTF_STRUCT, t->vlen));
	for (uint32_t i = 0; i < t->vlen; i++) {
		uint8_t *m = at + TYPE_SIZE + (size_t)i * 12;

		v.type = bu_get32(m, o->b->be);
		v.off = bu_get32(m + 4, o->b->be);
		memcpy(m, o->b->data + o->b->offs[v.type - 1], 4);
		put(o, m, 1, v.type);
		put(o, m, 2, v.off * 8);
	}
}

/* 64-bit enumerators: the members of a union, which keep their names and lose their values. */
static void to_union(struct old *o, const struct bu_btf_type *t, uint8_t *at)
{
	put(o, at, 1, info(BU_BTF_UNION, t->vlen));
	for (uint32_t i = 0; i < t->vlen; i++) {
		uint8_t *m = at + TYPE_SIZE + (size_t)i * 12;

		put(o, m, 1, o->num);
		put(o, m, 2, 0);
	}
}

/* A kind that only the object's compiler knows; len: bytes behind the fixed part. */
static int to_something(struct old *o, uint8_t *at, int64_t len)
{
	if (len == 4) {
		to_byte(o, at);
		return 0;
	}
	if (len % 12)
		return -EINVAL;
	put(o, at, 0, 0);
	put(o, at, 1, info(BU_BTF_STRUCT, (uint32_t)(len / 12)));
	put(o, at, 2, 16);
	for (int64_t i = 0; i < len / 12; i++) {
		uint8_t *m = at + TYPE_SIZE + i * 12;

		put(o, m, 0, 0);
		put(o, m, 1, o->num);
		put(o, m, 2, 0);
	}
	return 0;
}

static bool needs_number(const struct bu_btf_type *t, unsigned lacks)
{
	switch (t->kind) {
	case BU_BTF_VAR:
		return lacks & BU_OLD_DATASEC;
	case BU_BTF_DECL_TAG:
		return lacks & BU_OLD_DECL_TAG;
	case BU_BTF_ENUM64:
		return lacks & BU_OLD_ENUM64;
	default:
		return t->kind == BU_BTF_UNKNOWN;
	}
}

static int one(struct old *o, const struct bu_btf_type *t, uint8_t *at, unsigned lacks)
{
	uint32_t old = bu_get32(at + 4, o->b->be), next;
	char *name;

	switch (t->kind) {
	case BU_BTF_VAR:
		if (lacks & BU_OLD_DATASEC)
			to_byte(o, at);
		break;
	case BU_BTF_DATASEC:
		if (lacks & BU_OLD_DATASEC) {
			to_struct(o, t, at);
		} else if ((lacks & BU_OLD_QMARK) && t->name[0] == '?') {
			name = (char *)o->copy + (t->name - (const char *)o->b->data);
			*name = '_';
		}
		break;
	case BU_BTF_FUNC:
		if ((lacks & BU_OLD_GLOBAL_FUNC) && (old & 0xffff) == 1)
			put(o, at, 1, info(BU_BTF_FUNC, 0));
		break;
	case BU_BTF_FLOAT:
		if (lacks & BU_OLD_FLOAT)
			put(o, at, 1, info(BU_BTF_STRUCT, 0));
		break;
	case BU_BTF_DECL_TAG:
		if (lacks & BU_OLD_DECL_TAG)
			to_byte(o, at);
		break;
	case BU_BTF_TYPE_TAG:
		if (lacks & BU_OLD_TYPE_TAG) {
			put(o, at, 0, 0);
			put(o, at, 1, info(BU_BTF_CONST, 0));
		}
		break;
	case BU_BTF_ENUM:
		if (lacks & BU_OLD_ENUM64)
			put(o, at, 1, old & 0x7fffffff);
		break;
	case BU_BTF_ENUM64:
		if (lacks & BU_OLD_ENUM64)
			to_union(o, t, at);
		break;
	case BU_BTF_UNKNOWN:
		next = t->id < o->b->ntypes ? o->b->offs[t->id] : o->b->hdr_len + o->b->type_off + o->b->type_len;
		return to_something(o, at, (int64_t)next - o->b->offs[t->id - 1] - TYPE_SIZE);
	default:
		break;
	}
	return 0;
}

int bu_btf_make_old(const struct bu_btf *b, uint8_t *copy, unsigned lacks)
{
	struct old o = { .b = b, .copy = copy };
	struct bu_btf_type t;
	bool needed = false;
	int err = 0;

	for (uint32_t id = 1; id <= b->ntypes; id++) {
		if (bu_btf_get(b, id, &t))
			continue;
		if (t.kind == BU_BTF_INT && t.name[0] && !o.num)
			o.num = id;
		needed |= needs_number(&t, lacks);
	}
	if (needed && !o.num)
		return -EINVAL;
	for (uint32_t id = 1; id <= b->ntypes && !err; id++)
		/* What fix_ksyms made something else of stays so. */
		if (!bu_btf_get(b, id, &t) && strcmp(t.name, ".ksyms") != 0)
			err = one(&o, &t, copy + b->offs[id - 1], lacks);
	return err;
}

int bu_btf_plain(const struct bu_btf *b, const uint8_t *copy, struct bu_buf *out)
{
	uint8_t h[24];

	memcpy(h, copy, 4);
	bu_put32(h + 4, b->be, sizeof(h));
	bu_put32(h + 8, b->be, 0);
	bu_put32(h + 12, b->be, b->type_len);
	bu_put32(h + 16, b->be, b->type_len);
	bu_put32(h + 20, b->be, b->str_len);
	bu_buf_add(out, h, sizeof(h));
	bu_buf_add(out, copy + b->hdr_len + b->type_off, b->type_len);
	return bu_buf_add(out, copy + b->hdr_len + b->str_off, b->str_len);
}

unsigned bu_btf_lacks(const struct bu_btf *b, struct bu_sys *s)
{
	static const struct { enum bu_btf_kind kind; enum bu_feature feature; unsigned bit; } rows[] = {
		{ BU_BTF_DATASEC, BU_FEAT_BTF_DATASEC, BU_OLD_DATASEC },
		{ BU_BTF_VAR, BU_FEAT_BTF_DATASEC, BU_OLD_DATASEC },
		{ BU_BTF_DATASEC, BU_FEAT_BTF_QMARK, BU_OLD_QMARK },
		{ BU_BTF_FUNC, BU_FEAT_BTF_GLOBAL_FUNC, BU_OLD_GLOBAL_FUNC },
		{ BU_BTF_FLOAT, BU_FEAT_BTF_FLOAT, BU_OLD_FLOAT },
		{ BU_BTF_DECL_TAG, BU_FEAT_BTF_DECL_TAG, BU_OLD_DECL_TAG },
		{ BU_BTF_TYPE_TAG, BU_FEAT_BTF_TYPE_TAG, BU_OLD_TYPE_TAG },
		{ BU_BTF_ENUM, BU_FEAT_BTF_ENUM64, BU_OLD_ENUM64 },
		{ BU_BTF_ENUM64, BU_FEAT_BTF_ENUM64, BU_OLD_ENUM64 },
	};
	uint32_t kinds = 0;
	unsigned lacks = 0;
	struct bu_btf_type t;

	for (uint32_t id = 1; id <= b->ntypes; id++)
		if (!bu_btf_get(b, id, &t))
			kinds |= 1u << t.kind;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++)
		if ((kinds >> rows[i].kind & 1) && !bu_sys_has(s, rows[i].feature))
			lacks |= rows[i].bit;
	return lacks;
}
