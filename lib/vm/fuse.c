/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations that stand for several, as compilers write them: a rotation takes four instructions, an operation on
 * a copy two, the address of an element of a global array two. The first of the instructions is replaced; the
 * others stay where they are, for jumps to them. What a jump compares with and where it goes to is read where it
 * stands, so nothing here writes that of a jump after it has become part of something.
 *
 * Before that the jumps are put straight, where nothing jumps into between.
 */
#include "vm/interp.h"

#include <stdlib.h>

/* ---------------------------------------------------------------- jumps */

static bool is_cond(uint16_t code)
{
	return code >= BU_VM_I_JEQ64KF && code <= BU_VM_I_JSLE32XB;
}

static bool is_ja(uint16_t code)
{
	return code == BU_VM_I_JAF || code == BU_VM_I_JAB;
}

/* Families have eight codes: four widths and operands, each forwards and backwards. */
static void aim(struct bu_vm_op *op, const struct bu_vm_op *to)
{
	uint16_t first = is_ja(op->code) ? BU_VM_I_JAF : BU_VM_I_JEQ64KF;

	op->code = (uint16_t)(first + ((op->code - first) & ~1) + (to <= op));
	op->imm = (int64_t)(intptr_t)to;
}

/* The first code of the family that jumps when this one does not; 0: none. */
static uint16_t opposite(uint16_t family)
{
	static const uint16_t pairs[][2] = {
		{ BU_VM_I_JEQ64KF, BU_VM_I_JNE64KF }, { BU_VM_I_JGT64KF, BU_VM_I_JLE64KF },
		{ BU_VM_I_JGE64KF, BU_VM_I_JLT64KF }, { BU_VM_I_JSGT64KF, BU_VM_I_JSLE64KF },
		{ BU_VM_I_JSGE64KF, BU_VM_I_JSLT64KF },
	};

	for (size_t i = 0; i < BU_ARRAY_SIZE(pairs); i++) {
		if (pairs[i][0] == family)
			return pairs[i][1];
		if (pairs[i][1] == family)
			return pairs[i][0];
	}
	return 0;
}

/* What is jumped to: a byte an operation; NULL: no memory. */
static uint8_t *targets(const struct bu_vm_op *ops, uint32_t n)
{
	uint8_t *to = calloc(n, 1);

	for (uint32_t i = 0; to && i < n; i++) {
		const struct bu_vm_op *op = &ops[i];
		int64_t t = -1;

		if (is_cond(op->code) || is_ja(op->code))
			t = BU_VM_TARGET(op) - ops;
		else if (op->code == BU_VM_I_MAYGOTO || op->code == BU_VM_I_CALLLOCAL)
			t = (int64_t)i + op->off + 1;
		else if (op->code == BU_VM_I_IMM64 && (uint64_t)op->imm >= BU_VM_FUNC_HANDLE)
			t = (int64_t)(((uint64_t)op->imm - BU_VM_FUNC_HANDLE) >> 3);
		if (t >= 0 && t < n)
			to[t] = 1;
	}
	return to;
}

/* A jump to a jump goes to where that goes. */
static void thread(struct bu_vm_op *ops, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct bu_vm_op *to;

		if (!is_cond(ops[i].code) && !is_ja(ops[i].code))
			continue;
		to = BU_VM_TARGET(&ops[i]);
		for (unsigned hops = 0; hops < 4 && to >= ops && to < ops + n && is_ja(to->code); hops++)
			to = BU_VM_TARGET(to);
		aim(&ops[i], to);
	}
}

/* if a goto 1; goto T: if not a goto T */
static void invert(struct bu_vm_op *ops, uint32_t n, const uint8_t *to)
{
	for (uint32_t i = 0; i + 2 < n; i++) {
		uint16_t family, other;

		if (!is_cond(ops[i].code) || !is_ja(ops[i + 1].code) || BU_VM_TARGET(&ops[i]) != &ops[i + 2] || to[i + 1])
			continue;
		family = (uint16_t)(ops[i].code - (ops[i].code - BU_VM_I_JEQ64KF) % 8);
		other = opposite(family);
		if (!other)
			continue;
		ops[i].code = (uint16_t)(other + ops[i].code - family);
		aim(&ops[i], BU_VM_TARGET(&ops[i + 1]));
		aim(&ops[i + 1], &ops[i + 2]);
	}
}

/* Arithmetic that has nothing to do with a register. */
static bool apart(const struct bu_vm_op *op, uint8_t reg)
{
	if (op->code > BU_VM_I_SMOD32X)
		return op->code <= BU_VM_I_SWAP64 && op->dst != reg &&
		       (op->src != reg || op->code < BU_VM_I_SX64_8 || op->code > BU_VM_I_SX32_16);
	return op->dst != reg && (!(op->code & 1) == !(BU_VM_I_ADD64K & 1) || op->src != reg);
}

/* dst += k; if dst ? k goto: the end of a loop. */
static uint16_t add_jump(const struct bu_vm_op *add, const struct bu_vm_op *jump)
{
	static const uint16_t codes[][3] = {
		{ BU_VM_I_ADD64K, BU_VM_I_JNE64KF, BU_VM_I_ADDJNE64KF },
		{ BU_VM_I_ADD64K, BU_VM_I_JLT64KF, BU_VM_I_ADDJLT64KF },
		{ BU_VM_I_ADD64K, BU_VM_I_JEQ64KF, BU_VM_I_ADDJEQ64KF },
		{ BU_VM_I_ADD32K, BU_VM_I_JNE32KF, BU_VM_I_ADDJNE32KF },
		{ BU_VM_I_ADD64X, BU_VM_I_JLT64KF, BU_VM_I_ADDXJLT64KF },
		{ BU_VM_I_AND32K, BU_VM_I_JEQ32KF, BU_VM_I_ANDJEQ32KF },
		{ BU_VM_I_AND32K, BU_VM_I_JNE32KF, BU_VM_I_ANDJNE32KF },
		{ BU_VM_I_AND32K, BU_VM_I_JGT32KF, BU_VM_I_ANDJGT32KF },
		{ BU_VM_I_AND32K, BU_VM_I_JSGT32KF, BU_VM_I_ANDJSGT32KF },
	};

	if (add->dst != jump->dst || add->dst > 9 || (add->code == BU_VM_I_ADD64X && (add->src == add->dst || add->src > 9)))
		return 0;
	for (size_t i = 0; i < BU_ARRAY_SIZE(codes); i++)
		if (add->code == codes[i][0] && (jump->code == codes[i][1] || jump->code == codes[i][1] + 1))
			return (uint16_t)(codes[i][2] + jump->code - codes[i][1]);
	return 0;
}

/* dst += k, what has nothing to do with dst, if dst ? k goto: the sum moves down to the jump. */
static void sink(struct bu_vm_op *ops, uint32_t n, const uint8_t *to)
{
	for (uint32_t i = 0; i + 2 < n; i++) {
		struct bu_vm_op add = ops[i];
		uint32_t k = i + 1;

		if (add.code != BU_VM_I_ADD64K && add.code != BU_VM_I_ADD32K)
			continue;
		while (k < n && k < i + 9 && !to[k] && apart(&ops[k], add.dst))
			k++;
		if (k == i + 1 || k >= n || to[k] || !is_cond(ops[k].code) || !add_jump(&add, &ops[k]))
			continue;
		for (uint32_t j = i; j + 1 < k; j++)
			ops[j] = ops[j + 1];
		ops[k - 1] = add;
	}
}

/* ---------------------------------------------------------------- several at once */

/* dst = src; dst op= imm: the code of both, 0 for none. */
static uint16_t moved(const struct bu_vm_op *op)
{
	static const uint16_t codes[][4] = { /* 64 and 32 bits, plain and moved */
		{ BU_VM_I_ADD64K, BU_VM_I_ADD32K, BU_VM_I_MADD64, BU_VM_I_MADD32 },
		{ BU_VM_I_MUL64K, BU_VM_I_MUL32K, BU_VM_I_MMUL64, BU_VM_I_MMUL32 },
		{ BU_VM_I_OR64K, BU_VM_I_OR32K, BU_VM_I_MOR64, BU_VM_I_MOR32 },
		{ BU_VM_I_AND64K, BU_VM_I_AND32K, BU_VM_I_MAND64, BU_VM_I_MAND32 },
		{ BU_VM_I_LSH64K, BU_VM_I_LSH32K, BU_VM_I_MLSH64, BU_VM_I_MLSH32 },
		{ BU_VM_I_RSH64K, BU_VM_I_RSH32K, BU_VM_I_MRSH64, BU_VM_I_MRSH32 },
		{ BU_VM_I_XOR64K, BU_VM_I_XOR32K, BU_VM_I_MXOR64, BU_VM_I_MXOR32 },
	};
	bool mov64 = op[0].code == BU_VM_I_MOV64X;

	if ((!mov64 && op[0].code != BU_VM_I_MOV32X) || op[1].dst != op[0].dst)
		return 0;
	for (size_t i = 0; i < BU_ARRAY_SIZE(codes); i++) {
		if (mov64 && op[1].code == codes[i][0])
			return codes[i][2];
		if (op[1].code == codes[i][1]) /* looks at 32 bits only */
			return codes[i][3];
	}
	return 0;
}

/*
 * t = x; t >>= 64 - n; x <<= n; x |= t, or the shifts the other way round, of 64 or 32 bits; or of a copy:
 * t = x; t >>= 64 - n; y = x; y <<= n; y |= t.
 */
static bool rotated(struct bu_vm_op *op, uint32_t left)
{
	static const struct {
		uint16_t mov, first, second, or, code, copy;
		uint8_t bits;
	} forms[] = {
		{ BU_VM_I_MOV64X, BU_VM_I_RSH64K, BU_VM_I_LSH64K, BU_VM_I_OR64X, BU_VM_I_ROLR64, BU_VM_I_ROT64, 64 },
		{ BU_VM_I_MOV64X, BU_VM_I_LSH64K, BU_VM_I_RSH64K, BU_VM_I_OR64X, BU_VM_I_ROLL64, 0, 64 },
		{ BU_VM_I_MOV32X, BU_VM_I_RSH32K, BU_VM_I_LSH32K, BU_VM_I_OR32X, BU_VM_I_ROLR32, BU_VM_I_ROT32, 32 },
		{ BU_VM_I_MOV32X, BU_VM_I_LSH32K, BU_VM_I_RSH32K, BU_VM_I_OR32X, BU_VM_I_ROLL32, 0, 32 },
	};
	uint8_t t = op[0].dst, x = op[0].src;

	if (left < 4 || t == x || t > 9 || x > 9 || op[1].dst != t)
		return false;
	for (size_t i = 0; i < BU_ARRAY_SIZE(forms); i++) {
		const struct bu_vm_op *by = &op[2];
		uint8_t y = op[2].dst;
		bool copy = op[2].code == forms[i].mov;

		if (op[0].code != forms[i].mov || op[1].code != forms[i].first || !op[1].imm)
			continue;
		if (copy && (left < 5 || !forms[i].copy || op[2].src != x || y == x || y == t || y > 9))
			continue;
		by += copy;
		if ((!copy && y != x) || by[0].code != forms[i].second || by[0].dst != y || by[1].code != forms[i].or ||
		    by[1].dst != y || by[1].src != t || op[1].imm + by[0].imm != forms[i].bits)
			continue;
		*op = (struct bu_vm_op){ .code = copy ? forms[i].copy : forms[i].code, .dst = y,
					 .src = copy ? x : t, .off = t, .imm = i & 1 ? op[1].imm : by[0].imm };
		return true;
	}
	return false;
}

/* Of r0 to r9, and all three different. */
static bool different(uint8_t a, uint8_t b, uint8_t c)
{
	return a != b && b != c && a != c && a <= 9 && b <= 9 && c <= 9;
}

/* The first place of a load's family for what is fused with it: 8, 32, 64 bits, checked, then not; 0: no such load. */
static uint16_t load_code(uint16_t load, uint16_t first)
{
	static const uint16_t loads[] = { BU_VM_I_LD8, BU_VM_I_LD32, BU_VM_I_LD64,
					  BU_VM_I_LDN8, BU_VM_I_LDN32, BU_VM_I_LDN64 };

	for (uint16_t i = 0; i < BU_ARRAY_SIZE(loads); i++)
		if (loads[i] == load)
			return (uint16_t)(first + i);
	return 0;
}

/* dst = src; dst op= x, of r0 to r9, or what looks like it with three registers. */
static bool three(struct bu_vm_op *op, uint32_t left)
{
	uint16_t code;

	if (op[0].code == BU_VM_I_MOV64X) {
		if (op[1].dst != op[0].dst || op[1].src == op[0].dst || op[0].src == op[0].dst || op[0].dst > 9 ||
		    op[0].src > 9 || op[1].src > 9)
			return false;
		if (op[1].code == BU_VM_I_ADD64X && left > 2 && op[2].src == op->dst && op[2].dst == op->dst &&
		    (code = load_code(op[2].code, BU_VM_I_LDX8))) {
			op->code = code;
			op->imm = op[2].off;
		} else if (op[1].code == BU_VM_I_ADD64X || op[1].code == BU_VM_I_XOR64X) {
			op->code = op[1].code == BU_VM_I_ADD64X ? BU_VM_I_MADD64X : BU_VM_I_MXOR64X;
		} else {
			return false;
		}
		op->off = op[1].src;
		return true;
	}
	if (op[0].code == BU_VM_I_ADD64X && op[1].code == BU_VM_I_XOR64X && op[1].src == op[0].dst &&
	    different(op[0].dst, op[0].src, op[1].dst)) {
		op->code = BU_VM_I_ADDXOR64;
		op->off = op[1].dst;
		return true;
	}
	if (op[0].code == BU_VM_I_SUB32X && op[1].code == BU_VM_I_XOR32X && op[1].dst == op[0].dst &&
	    different(op[0].dst, op[0].src, op[1].src)) {
		op->code = BU_VM_I_SUBXOR32;
		op->off = op[1].src;
		return true;
	}
	return false;
}

/* dst *= k; dst += x, or y += dst. */
static bool mul_add(struct bu_vm_op *op)
{
	bool wide = op[0].code == BU_VM_I_MUL64K;
	uint8_t d = op[0].dst;

	if ((!wide && op[0].code != BU_VM_I_MUL32K) || op[1].code != (wide ? BU_VM_I_ADD64X : BU_VM_I_ADD32X) ||
	    op[1].src == op[1].dst || op[1].src > 9 || op[1].dst > 9)
		return false;
	if (op[1].dst == d) {
		op->code = wide ? BU_VM_I_MULADD64 : BU_VM_I_MULADD32;
		op->src = op[1].src;
	} else if (op[1].src == d) {
		op->code = wide ? BU_VM_I_ADDMUL64 : BU_VM_I_ADDMUL32;
		op->dst = op[1].dst;
		op->src = d;
	} else {
		return false;
	}
	return true;
}

/* dst = the address of something global; dst += src; a load from there into dst. */
static bool global(struct bu_vm_op *op, uint32_t left)
{
	uint16_t code;

	if (op->code != BU_VM_I_IMM64 || left < 3 || op[2].code != BU_VM_I_ADD64X || op[2].dst != op->dst || op[2].src == op->dst)
		return false;
	op->src = op[2].src;
	op->code = BU_VM_I_LEA64;
	if (left > 3 && op[3].src == op->dst && op[3].dst == op->dst && op->dst <= 9 && op->src <= 9 &&
	    (code = load_code(op[3].code, BU_VM_I_LDG8))) {
		op->code = code;
		op->imm = (int64_t)((uint64_t)op->imm + (uint64_t)(int64_t)op[3].off);
	}
	return true;
}

void bu_vm_fuse(struct bu_vm_op *ops, uint32_t n)
{
	uint8_t *to;

	thread(ops, n);
	to = targets(ops, n);
	if (to) {
		invert(ops, n, to);
		sink(ops, n, to);
		free(to);
	}
	for (uint32_t i = 0; i + 1 < n; i++) {
		struct bu_vm_op *op = &ops[i];
		uint16_t code;

		if (rotated(op, n - i) || three(op, n - i) || mul_add(op) || global(op, n - i))
			continue;
		if ((code = moved(op))) {
			op->code = code;
			op->imm = op[1].imm;
		} else if ((code = add_jump(op, op + 1))) {
			op->code = code;
		} else if (op[0].code == BU_VM_I_ADD64K && op[0].dst <= 9 && op[1].dst <= 9 && op[1].dst != op[0].dst &&
			   (op[1].code == BU_VM_I_JLT64KF || op[1].code == BU_VM_I_JLT64KB)) {
			op->code = op[1].code == BU_VM_I_JLT64KF ? BU_VM_I_ADDJLT64OF : BU_VM_I_ADDJLT64OB;
			op->src = op[1].dst;
		}
	}
}
