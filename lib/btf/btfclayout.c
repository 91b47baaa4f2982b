/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Alignment and packing. BTF has neither: a struct is packed if a member does not lie where its type alone
 * would put it, or if its size is no multiple of its alignment. What is aligned more than its
 * members need gets padding.
 */
#include "btf/btfc.h"

static unsigned power_of_2(uint64_t size)
{
	unsigned a = 1;

	while (a < 16 && a * 2 <= size)
		a *= 2;
	return a;
}

uint32_t btfc_bits(const struct bu_btf_c *c, const struct bu_btf_type *t, const struct bu_btf_member *m,
		   uint64_t *at)
{
	struct bu_btf_type mt;

	*at = m->bit_off;
	if (m->bit_size || t->kflag)
		return m->bit_size;
	/* Old compilers made an integer of that width instead. */
	if (bu_btf_get(c->b, bu_btf_resolve(c->b, m->type), &mt) || mt.kind != BU_BTF_INT ||
	    (!mt.int_off && mt.int_bits == mt.size * 8) || !mt.int_bits)
		return 0;
	*at += mt.int_off;
	return mt.int_bits;
}

static void lay_out(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	unsigned align = 1;
	bool packed = false;

	for (uint32_t i = 0; i < t->vlen; i++) {
		struct bu_btf_member m;
		uint64_t at, unit;
		uint32_t bits;
		unsigned a;

		if (bu_btf_member(c->b, t, i, &m))
			break;
		bits = btfc_bits(c, t, &m, &at);
		a = btfc_align(c, m.type);
		if (bits) {
			int64_t size = bu_btf_size(c->b, m.type);

			unit = size > 0 ? (uint64_t)size * 8 : 8;
			packed |= at / unit != (at + bits - 1) / unit;
		} else {
			packed |= at % (a * 8u) != 0;
		}
		align = a > align ? a : align;
	}
	packed |= t->size % align != 0;
	c->align[t->id] = packed ? 1 : (uint8_t)align;
	c->state[t->id] |= packed ? C_LAID | C_PACKED : C_LAID;
}

unsigned btfc_align(struct bu_btf_c *c, uint32_t id)
{
	struct bu_btf_type t;

	for (int steps = 0; steps < BTFC_MAX_DEPTH; steps++) {
		if (bu_btf_get(c->b, bu_btf_resolve(c->b, id), &t))
			return 1;
		switch (t.kind) {
		case BU_BTF_PTR:
			return c->b->ptr_size ? c->b->ptr_size : 8;
		case BU_BTF_INT:
		case BU_BTF_FLOAT:
		case BU_BTF_ENUM:
		case BU_BTF_ENUM64:
			return power_of_2(t.size);
		case BU_BTF_ARRAY:
			id = t.elem;
			break;
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
			if (!(c->state[t.id] & C_LAID)) {
				if (++c->depth > BTFC_MAX_DEPTH)
					c->err = c->err ? c->err : -E2BIG;
				else
					lay_out(c, &t);
				c->depth--;
			}
			return c->align[t.id] ? c->align[t.id] : 1;
		default:
			return 1;
		}
	}
	return 1;
}

bool btfc_packed(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	btfc_align(c, t->id);
	return c->state[t->id] & C_PACKED;
}

static uint64_t round_up(uint64_t v, uint64_t to)
{
	return to ? (v + to - 1) / to * to : v;
}

uint64_t btfc_place(struct bu_btf_c *c, uint64_t cur, uint32_t type, uint32_t bits, bool packed)
{
	int64_t size;
	uint64_t unit;

	if (!bits)
		return round_up(cur, packed ? 8 : btfc_align(c, type) * 8u);
	size = bu_btf_size(c->b, type);
	unit = size > 0 ? (uint64_t)size * 8 : 8;
	if (!packed && cur / unit != (cur + bits - 1) / unit)
		return round_up(cur, unit);
	return cur;
}

unsigned bu_btf_c_align(struct bu_btf_c *c, uint32_t id)
{
	return btfc_align(c, id);
}
