/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations that stand for several, as compilers write them: a rotation takes four instructions, an operation on
 * a copy two, the address of an element of a global array two. The first of the instructions is replaced; the
 * others stay where they are, for jumps to them.
 */
#include "vm/interp.h"

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
 * t = x; t >>= 64 - n; x <<= n; x |= t, or the shifts the other way round, of 64 or 32 bits. The code, with *n; 0:
 * it is none.
 */
static uint16_t rotated(const struct bu_vm_op *op, int64_t *n)
{
	static const struct {
		uint16_t mov, first, second, or, code;
		uint8_t bits;
	} forms[] = {
		{ BU_VM_I_MOV64X, BU_VM_I_RSH64K, BU_VM_I_LSH64K, BU_VM_I_OR64X, BU_VM_I_ROLR64, 64 },
		{ BU_VM_I_MOV64X, BU_VM_I_LSH64K, BU_VM_I_RSH64K, BU_VM_I_OR64X, BU_VM_I_ROLL64, 64 },
		{ BU_VM_I_MOV32X, BU_VM_I_RSH32K, BU_VM_I_LSH32K, BU_VM_I_OR32X, BU_VM_I_ROLR32, 32 },
		{ BU_VM_I_MOV32X, BU_VM_I_LSH32K, BU_VM_I_RSH32K, BU_VM_I_OR32X, BU_VM_I_ROLL32, 32 },
	};
	uint8_t t = op[0].dst, x = op[0].src;

	if (t == x || x == 10 || op[1].dst != t || op[2].dst != x || op[3].dst != x || op[3].src != t)
		return 0;
	for (size_t i = 0; i < BU_ARRAY_SIZE(forms); i++) {
		if (op[0].code != forms[i].mov || op[1].code != forms[i].first || op[2].code != forms[i].second ||
		    op[3].code != forms[i].or || !op[1].imm || op[1].imm + op[2].imm != forms[i].bits)
			continue;
		*n = op[i & 1 ? 1 : 2].imm;
		return forms[i].code;
	}
	return 0;
}

/* dst = src; dst op= x, of r0 to r9: the code of both, 0 for none. */
static uint16_t moved_x(const struct bu_vm_op *op)
{
	if (op[0].code != BU_VM_I_MOV64X || op[1].dst != op[0].dst || op[1].src == op[0].dst || op[0].dst > 9 ||
	    op[0].src > 9 || op[1].src > 9)
		return 0;
	return op[1].code == BU_VM_I_ADD64X ? BU_VM_I_MADD64X : op[1].code == BU_VM_I_XOR64X ? BU_VM_I_MXOR64X : 0;
}

/* dst += k; if dst ? k goto: the end of a loop. */
static uint16_t add_jump(const struct bu_vm_op *op)
{
	static const uint16_t codes[][3] = {
		{ BU_VM_I_ADD64K, BU_VM_I_JNE64KF, BU_VM_I_ADDJNE64KF },
		{ BU_VM_I_ADD64K, BU_VM_I_JLT64KF, BU_VM_I_ADDJLT64KF },
		{ BU_VM_I_ADD64K, BU_VM_I_JEQ64KF, BU_VM_I_ADDJEQ64KF },
		{ BU_VM_I_ADD32K, BU_VM_I_JNE32KF, BU_VM_I_ADDJNE32KF },
	};

	if (op[0].dst != op[1].dst || op[0].dst > 9)
		return 0;
	for (size_t i = 0; i < BU_ARRAY_SIZE(codes); i++)
		if (op[0].code == codes[i][0] && (op[1].code == codes[i][1] || op[1].code == codes[i][1] + 1))
			return (uint16_t)(codes[i][2] + op[1].code - codes[i][1]);
	return 0;
}

void bu_vm_fuse(struct bu_vm_op *ops, uint32_t n)
{
	for (uint32_t i = 0; i + 1 < n; i++) {
		struct bu_vm_op *op = &ops[i];
		uint16_t code;
		int64_t by;

		if (i + 3 < n && (code = rotated(op, &by))) {
			*op = (struct bu_vm_op){ .code = code, .dst = op->src, .src = op->dst, .imm = by };
		} else if ((code = moved(op))) {
			op->code = code;
			op->imm = op[1].imm;
		} else if ((code = moved_x(op))) {
			op->code = code;
			op->off = op[1].src;
		} else if ((code = add_jump(op))) {
			op->code = code;
			op->imm = (int64_t)((uint64_t)(uint32_t)op[1].imm << 32 | (uint32_t)op->imm);
		} else if (op->code == BU_VM_I_IMM64 && i + 2 < n && op[2].code == BU_VM_I_ADD64X && op[2].dst == op->dst &&
			   op[2].src != op->dst) {
			op->code = BU_VM_I_LEA64;
			op->src = op[2].src;
		}
	}
}
