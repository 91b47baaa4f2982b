/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Constants, followed through a program: what loaders and compilers leave of a choice that was made before, by a
 * number or by a frozen map that programs may only read (.rodata, .kconfig). What such a choice keeps from being reached
 * the check does not look at, as the kernel does not.
 */
#include "vm/known.h"

#include <string.h>

#define R(n) (1u << (n))
#define WIDE(in) (((in)->code & 7) == 7 || ((in)->code & 7) == 5) /* ALU64, JMP */

/* A number of a map that never changes: true and *v. */
static bool frozen(const struct bu_vm_check *c, uint64_t place, int64_t off, unsigned size, bool sx, uint64_t *v)
{
	uint64_t i = place >> 32, at = (uint32_t)place + (uint64_t)off, addr;
	struct bu_vm_map *m = i < c->nmaps ? c->maps[i] : NULL;

	if (!m || !(m->flags & BPF_F_RDONLY_PROG) || !atomic_load(&m->live->frozen) || !m->ops->direct ||
	    at > m->value_size || size > m->value_size - at || m->ops->direct(m, at, &addr))
		return false;
	*v = 0;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	memcpy((uint8_t *)v + 8 - size, (const void *)(uintptr_t)(addr + at), size);
#else
	memcpy(v, (const void *)(uintptr_t)(addr + at), size);
#endif
	if (sx)
		*v = (uint64_t)((int64_t)(*v << (64 - size * 8)) >> (64 - size * 8));
	return true;
}

static bool compute(unsigned sem, bool wide, uint64_t a, uint64_t b, uint64_t *v)
{
	unsigned mask = wide ? 63 : 31;

	switch (sem) {
	case BU_SEM_ADD: *v = a + b; break;
	case BU_SEM_SUB: *v = a - b; break;
	case BU_SEM_MUL: *v = a * b; break;
	case BU_SEM_AND: *v = a & b; break;
	case BU_SEM_OR: *v = a | b; break;
	case BU_SEM_XOR: *v = a ^ b; break;
	case BU_SEM_LSH: *v = a << (b & mask); break;
	case BU_SEM_RSH: *v = (wide ? a : (uint32_t)a) >> (b & mask); break;
	case BU_SEM_ARSH: *v = (uint64_t)(wide ? (int64_t)a >> (b & mask) : (int32_t)a >> (b & mask)); break;
	default: return false;
	}
	if (!wide)
		*v = (uint32_t)*v;
	return true;
}

static void set(struct bu_vm_known *k, unsigned r, uint64_t v)
{
	k->num |= (uint16_t)R(r);
	k->v[r] = v;
}

void bu_vm_known_step(const struct bu_vm_check *c, const struct bu_insn *in, uint32_t lost, struct bu_vm_known *k)
{
	const struct bu_isa *row = bu_isa_find_loose(in);
	bool by_reg = in->code & 8, wide = WIDE(in), src_num = !by_reg || k->num & R(in->src);
	bool num = k->num & R(in->dst), place = k->place & R(in->dst), src_place = by_reg && k->place & R(in->src);
	uint64_t was = k->v[in->dst], v = 0;
	uint64_t b = by_reg ? k->v[in->src] : (uint64_t)(int64_t)in->imm;

	k->num &= (uint16_t)~lost;
	k->place &= (uint16_t)~lost;
	if (!row || !(lost & R(in->dst)))
		return;
	switch (row->sem) {
	case BU_SEM_LD_IMM64:
		if (!in->src) {
			set(k, in->dst, (uint64_t)(uint32_t)in[1].imm << 32 | (uint32_t)in->imm);
		} else if (in->src == BU_PSEUDO_MAP_VALUE) {
			k->place |= (uint16_t)R(in->dst);
			k->v[in->dst] = (uint64_t)(uint32_t)in->imm << 32 | (uint32_t)in[1].imm;
		}
		return;
	case BU_SEM_MOV:
		if (src_num) {
			set(k, in->dst, wide ? b : (uint32_t)b);
		} else if (wide && src_place) {
			k->place |= (uint16_t)R(in->dst);
			k->v[in->dst] = b;
		}
		return;
	case BU_SEM_LDX: case BU_SEM_LDSX:
		if ((in->code & 0xe0) != 0xc0 && k->place | place) {
			/* the base may be the register that is loaded */
			bool base = in->src == in->dst ? place : !!(k->place & R(in->src));

			if (base && frozen(c, in->src == in->dst ? was : k->v[in->src], in->off, row->width / 8u,
					   row->sem == BU_SEM_LDSX, &v))
				set(k, in->dst, v);
		}
		return;
	}
	if ((in->code & 7) != 4 && (in->code & 7) != 7)
		return;
	if (place && wide && row->sem == BU_SEM_ADD && src_num) {
		v = (uint32_t)was + b;
		if (v <= INT32_MAX) {
			k->place |= (uint16_t)R(in->dst);
			k->v[in->dst] = (was & ~(uint64_t)UINT32_MAX) | v;
		}
	} else if (num && src_num && compute(row->sem, wide, was, b, &v)) {
		set(k, in->dst, v);
	}
}

unsigned bu_vm_known_ways(const struct bu_insn *in, const struct bu_vm_known *k)
{
	bool wide = WIDE(in), yes;
	uint64_t a = k->v[in->dst], b = in->code & 8 ? k->v[in->src] : (uint64_t)(int64_t)in->imm;
	int64_t x, y;

	if ((in->code & 7) != 5 && (in->code & 7) != 6)
		return 3;
	/* What is there is not NULL. */
	if (wide && k->place & R(in->dst) && !(in->code & 8) && !in->imm && ((in->code & 0xf0) == 0x10 || (in->code & 0xf0) == 0x50))
		return (in->code & 0xf0) == 0x50 ? 2 : 1;
	if (!(k->num & R(in->dst)) || (in->code & 8 && !(k->num & R(in->src))))
		return 3;
	x = wide ? (int64_t)a : (int32_t)a;
	y = wide ? (int64_t)b : (int32_t)b;
	if (!wide)
		a = (uint32_t)a, b = (uint32_t)b;
	switch (in->code & 0xf0) {
	case 0x10: yes = a == b; break;
	case 0x20: yes = a > b; break;
	case 0x30: yes = a >= b; break;
	case 0x40: yes = a & b; break;
	case 0x50: yes = a != b; break;
	case 0x60: yes = x > y; break;
	case 0x70: yes = x >= y; break;
	case 0xa0: yes = a < b; break;
	case 0xb0: yes = a <= b; break;
	case 0xc0: yes = x < y; break;
	case 0xd0: yes = x <= y; break;
	default: return 3; /* goto, may_goto */
	}
	return yes ? 2 : 1;
}

void bu_vm_known_went(const struct bu_insn *in, bool taken, struct bu_vm_known *k)
{
	unsigned op = in->code & 0xf0;

	if ((in->code & 7) == 5 && ((op == 0x10 && taken) || (op == 0x50 && !taken)) && !(k->place & R(in->dst))) {
		if (!(in->code & 8))
			set(k, in->dst, (uint64_t)(int64_t)in->imm);
		else if (k->num & R(in->src))
			set(k, in->dst, k->v[in->src]);
	}
}

bool bu_vm_known_meet(struct bu_vm_known *k, const struct bu_vm_known *with)
{
	uint16_t num = k->num & with->num, place = k->place & with->place;

	for (unsigned r = 0; r < 11; r++)
		if ((num | place) & R(r) && k->v[r] != with->v[r]) {
			num &= (uint16_t)~R(r);
			place &= (uint16_t)~R(r);
		}
	if (num == k->num && place == k->place)
		return false;
	k->num = num;
	k->place = place;
	return true;
}
