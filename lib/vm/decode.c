/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From instructions to the interpreter's form: by the semantic operation of isa.def's row, with jumps as
 * distances, constants widened, and what can be decided now decided.
 */
#include "vm/interp.h"

#include <stdlib.h>

#define LITTLE (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

/* The first code of a family; 0 stands for "none" where ADD64K cannot be meant. */
static const uint16_t family[] = {
	[BU_SEM_ADD] = BU_VM_I_ADD64K, [BU_SEM_SUB] = BU_VM_I_SUB64K, [BU_SEM_MUL] = BU_VM_I_MUL64K,
	[BU_SEM_DIV] = BU_VM_I_DIV64K, [BU_SEM_OR] = BU_VM_I_OR64K, [BU_SEM_AND] = BU_VM_I_AND64K,
	[BU_SEM_LSH] = BU_VM_I_LSH64K, [BU_SEM_RSH] = BU_VM_I_RSH64K, [BU_SEM_MOD] = BU_VM_I_MOD64K,
	[BU_SEM_XOR] = BU_VM_I_XOR64K, [BU_SEM_MOV] = BU_VM_I_MOV64K, [BU_SEM_ARSH] = BU_VM_I_ARSH64K,
	[BU_SEM_SDIV] = BU_VM_I_SDIV64K, [BU_SEM_SMOD] = BU_VM_I_SMOD64K,
	[BU_SEM_JEQ] = BU_VM_I_JEQ64KF, [BU_SEM_JGT] = BU_VM_I_JGT64KF, [BU_SEM_JGE] = BU_VM_I_JGE64KF,
	[BU_SEM_JSET] = BU_VM_I_JSET64KF, [BU_SEM_JNE] = BU_VM_I_JNE64KF,
	[BU_SEM_JSGT] = BU_VM_I_JSGT64KF, [BU_SEM_JSGE] = BU_VM_I_JSGE64KF,
	[BU_SEM_JLT] = BU_VM_I_JLT64KF, [BU_SEM_JLE] = BU_VM_I_JLE64KF,
	[BU_SEM_JSLT] = BU_VM_I_JSLT64KF, [BU_SEM_JSLE] = BU_VM_I_JSLE64KF,
};

/* 8, 16, 32, 64 bits: 0 to 3. */
static unsigned size_of(const struct bu_isa *row)
{
	return row->width == 8 ? 0 : row->width == 16 ? 1 : row->width == 32 ? 2 : 3;
}

static bool in_frame(uint8_t reg, int32_t off, unsigned bytes)
{
	return reg == 10 && off >= -(int32_t)BU_VM_STACK && off <= -(int32_t)bytes;
}

/* Instructions from a function's start to the next one's: what its call costs. */
static int64_t length(const struct bu_vm_prog *p, const uint8_t *start, uint32_t i)
{
	uint32_t n = 1;

	while (i + n < p->ninsns && !start[i + n])
		n++;
	return n;
}

static void ld_imm64(const struct bu_vm_prog *p, uint32_t i, struct bu_vm_op *op)
{
	const struct bu_insn *in = &p->insns[i];
	uint64_t addr = 0;

	op->code = BU_VM_I_IMM64;
	switch (in->src) {
	case 0:
		op->imm = (int64_t)((uint64_t)(uint32_t)in[1].imm << 32 | (uint32_t)in->imm);
		return;
	case BU_PSEUDO_FUNC:
		op->imm = (int64_t)bu_vm_func_handle(p, (uint32_t)((int64_t)i + in->imm + 1));
		return;
	case BU_PSEUDO_MAP_FD:
		op->imm = (int64_t)(BU_VM_MAP_HANDLE + ((uint64_t)(uint32_t)in->imm << 12));
		return;
	case BU_PSEUDO_MAP_VALUE:
		if ((uint32_t)in->imm < p->nmaps && p->maps[in->imm]->ops->direct &&
		    !p->maps[in->imm]->ops->direct(p->maps[in->imm], (uint32_t)in[1].imm, &addr)) {
			op->imm = (int64_t)(addr + (uint32_t)in[1].imm);
			return;
		}
	}
	op->code = BU_VM_I_BAD;
}

static void memory(const struct bu_vm_prog *p, uint32_t i, const struct bu_isa *row, struct bu_vm_op *op)
{
	bool load = row->sem == BU_SEM_LDX || row->sem == BU_SEM_LDSX;
	bool proved = (p->facts && p->facts[i] & BU_VM_PROVED_MEM) ||
		      in_frame(load ? op->src : op->dst, op->off, row->width / 8);
	unsigned base = row->sem == BU_SEM_LDX	? (proved ? BU_VM_I_LDN8 : BU_VM_I_LD8) :
			row->sem == BU_SEM_LDSX ? (proved ? BU_VM_I_LDSN8 : BU_VM_I_LDS8) :
			row->sem == BU_SEM_ST	? (proved ? BU_VM_I_STN8 : BU_VM_I_ST8) :
						  (proved ? BU_VM_I_STXN8 : BU_VM_I_STX8);

	op->code = (uint16_t)(base + size_of(row));
}

static void swap(const struct bu_isa *row, struct bu_vm_op *op)
{
	bool turn = row->sem == BU_SEM_BSWAP || (row->sem == BU_SEM_BE) == LITTLE;

	op->code = row->width == 16 ? (turn ? BU_VM_I_SWAP16 : BU_VM_I_ZX16) :
		   row->width == 32 ? (turn ? BU_VM_I_SWAP32 : BU_VM_I_ZX32) :
				      (turn ? BU_VM_I_SWAP64 : BU_VM_I_NOP);
}

static void jump(const struct bu_isa *row, const struct bu_insn *in, struct bu_vm_op *op)
{
	op->code = (uint16_t)(family[row->sem] + (row->width == 32 ? 4 : 0) +
			      (in->code & 8 ? 2 : 0) + (in->off < 0));
	op->off = in->imm;
	op->imm = (int64_t)(intptr_t)(op + in->off + 1);
}

static void call(const struct bu_vm_prog *p, const struct bu_insn *in, struct bu_vm_op *op)
{
	if (p->raw_helper) {
		op->code = BU_VM_I_CALLRAW;
	} else if (in->imm == 12) {
		op->code = BU_VM_I_TAIL;
	} else {
		op->code = in->imm == 1 ? BU_VM_I_LOOKUP : BU_VM_I_CALL;
		op->imm = (int64_t)(intptr_t)bu_vm_helper_row(in->imm);
		if (!op->imm)
			op->code = BU_VM_I_BAD;
	}
}

static void one(const struct bu_vm_prog *p, const uint8_t *start, uint32_t i, struct bu_vm_op *op)
{
	const struct bu_insn *in = &p->insns[i];
	const struct bu_isa *row = bu_isa_find_loose(in);
	const struct bu_vm_kfunc *kfunc;

	*op = (struct bu_vm_op){ .code = BU_VM_I_BAD, .dst = in->dst, .src = in->src, .off = in->off,
				 .imm = in->imm };
	if (!row || in->dst > 10 || in->src > 10)
		return;
	switch ((enum bu_sem)row->sem) {
	case BU_SEM_ADD: case BU_SEM_SUB: case BU_SEM_MUL: case BU_SEM_DIV: case BU_SEM_OR:
	case BU_SEM_AND: case BU_SEM_LSH: case BU_SEM_RSH: case BU_SEM_MOD: case BU_SEM_XOR:
	case BU_SEM_MOV: case BU_SEM_ARSH: case BU_SEM_SDIV: case BU_SEM_SMOD:
		op->code = (uint16_t)(family[row->sem] + (row->width == 32 ? 2 : 0) +
				      (in->code & 8 ? 1 : 0));
		if (row->sem == BU_SEM_LSH || row->sem == BU_SEM_RSH || row->sem == BU_SEM_ARSH)
			op->imm &= row->width - 1;
		break;
	case BU_SEM_NEG:
		op->code = row->width == 32 ? BU_VM_I_NEG32 : BU_VM_I_NEG64;
		break;
	case BU_SEM_MOVSX:
		op->code = row->width == 64 ? (in->off == 8  ? BU_VM_I_SX64_8 :
					       in->off == 16 ? BU_VM_I_SX64_16 : BU_VM_I_SX64_32) :
					      (in->off == 8 ? BU_VM_I_SX32_8 : BU_VM_I_SX32_16);
		break;
	case BU_SEM_LE: case BU_SEM_BE: case BU_SEM_BSWAP:
		swap(row, op);
		break;
	case BU_SEM_JA:
		if (row->width == 32)
			op->off = in->imm;
		op->code = op->off < 0 ? BU_VM_I_JAB : BU_VM_I_JAF;
		op->imm = (int64_t)(intptr_t)(op + op->off + 1);
		break;
	case BU_SEM_MAY_GOTO:
		op->code = BU_VM_I_MAYGOTO;
		break;
	case BU_SEM_JEQ: case BU_SEM_JGT: case BU_SEM_JGE: case BU_SEM_JSET: case BU_SEM_JNE:
	case BU_SEM_JSGT: case BU_SEM_JSGE: case BU_SEM_JLT: case BU_SEM_JLE: case BU_SEM_JSLT:
	case BU_SEM_JSLE:
		jump(row, in, op);
		break;
	case BU_SEM_CALL:
		call(p, in, op);
		break;
	case BU_SEM_CALL_LOCAL:
		op->code = BU_VM_I_CALLLOCAL;
		op->off = in->imm;
		op->imm = (int64_t)BU_VM_COST(length(p, start, (uint32_t)((int64_t)i + in->imm + 1)));
		break;
	case BU_SEM_CALLX:
		op->code = p->raw_helper ? BU_VM_I_CALLX : BU_VM_I_BAD;
		break;
	case BU_SEM_EXIT:
		op->code = BU_VM_I_EXIT;
		break;
	case BU_SEM_LD_IMM64:
		ld_imm64(p, i, op);
		break;
	case BU_SEM_LD_ABS:
		op->src = BU_VM_NO_REG;
		/* fallthrough */
	case BU_SEM_LD_IND:
		op->code = (uint16_t)(BU_VM_I_SKB8 + size_of(row));
		break;
	case BU_SEM_LDX: case BU_SEM_LDSX: case BU_SEM_ST: case BU_SEM_STX:
		memory(p, i, row, op);
		break;
	case BU_SEM_ATOMIC:
		op->code = row->width == 32 ? BU_VM_I_ATOMIC32 : BU_VM_I_ATOMIC64;
		break;
	case BU_SEM_LOAD_ACQUIRE:
		op->code = (uint16_t)(BU_VM_I_ACQ8 + size_of(row));
		break;
	case BU_SEM_STORE_RELEASE:
		op->code = (uint16_t)(BU_VM_I_REL8 + size_of(row));
		break;
	case BU_SEM_CALL_KFUNC:
		kfunc = bu_vm_kfunc(p->vm, in->imm);
		if (!kfunc || in->off)
			break;
		op->code = BU_VM_I_CALL;
		op->imm = (int64_t)(intptr_t)&kfunc->h;
		break;
	case BU_SEM_ADDR_SPACE_CAST:
		op->code = BU_VM_I_CAST;
		break;
	case BU_SEM_JX:
		break;
	}
}

int bu_vm_decode(struct bu_vm_prog *p)
{
	uint8_t *start = calloc(p->ninsns, 1);

	if (!start)
		return -ENOMEM;
	for (uint32_t i = 0; i < p->ninsns; i++) {
		const struct bu_insn *in = &p->insns[i];
		int64_t t = (int64_t)i + in->imm + 1;

		if ((in->code == BU_OP_CALL && in->src == BU_CALL_LOCAL) ||
		    (in->code == BU_OP_LD_IMM64 && in->src == BU_PSEUDO_FUNC))
			if (t >= 0 && t < p->ninsns)
				start[t] = 1;
		i += in->code == BU_OP_LD_IMM64;
	}
	for (uint32_t i = 0; i < p->ninsns; i++) {
		one(p, start, i, &p->ops[i]);
		if (p->insns[i].code == BU_OP_LD_IMM64 && i + 1 < p->ninsns)
			p->ops[++i] = (struct bu_vm_op){ .code = BU_VM_I_NOP };
	}
	free(start);
	if (!p->plain)
		bu_vm_fuse(p->ops, p->ninsns);
	bu_vm_bind(p->ops, p->ninsns);
	return 0;
}
