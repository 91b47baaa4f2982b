/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print_kernel: instructions as the kernel's disassembler shows them (verifier log, bpftool's
 * xlated). It looks at opcode bits, not at rows: it has a text for every opcode, valid or not, and
 * ignores reserved fields; both are kept here. Its quirks, too: callx is a call of the helper imm,
 * and a name it does not know is "(null)".
 */
#include "isa/isa.h"

/* Bits 2-0 of the opcode. */
enum { LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 };

static const char *const alu_op[16] = {
	"+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "neg", "%=", "^=", "=", "s>>=", "endian",
	"(null)", "(null)",
};
static const char *const jmp_op[16] = {
	"jmp", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=",
	"(null)", "(null)",
};
static const char *const mem_type[4] = { "u32", "u16", "u8", "u64" };
static const char *const memsx_type[4] = { "s32", "s16", "s8", "(null)" };

static unsigned op_of(const struct bu_insn *in)
{
	return in->code >> 4;
}

static const char *type_of(const struct bu_insn *in)
{
	return mem_type[in->code >> 3 & 3];
}

static void print_alu(struct bu_buf *out, const struct bu_insn *in)
{
	bool wide = (in->code & 7) == ALU64, by_reg = in->code & 8;
	unsigned op = op_of(in);
	const char *text = alu_op[op], *cast = "";
	char r = wide ? 'r' : 'w';

	if (op == 0xd) {
		bu_buf_printf(out, "r%u = %s%d r%u", in->dst,
			      wide ? "bswap" : by_reg ? "be" : "le", in->imm, in->dst);
		return;
	}
	if (op == 0x8) {
		bu_buf_printf(out, "%c%u = -%c%u", r, in->dst, r, in->dst);
		return;
	}
	if (in->code == 0xbf && in->off == 1) {
		bu_buf_printf(out, "r%u = addr_space_cast(r%u, %u, %u)", in->dst, in->src,
			      (uint32_t)in->imm >> 16, (uint32_t)in->imm & 0xffff);
		return;
	}
	if (in->code == 0xbf && in->off == -1) {
		bu_buf_printf(out, "r%u = &(void __percpu *)(r%u)", in->dst, in->src);
		return;
	}
	if ((op == 0x3 || op == 0x9) && in->off == 1)
		text = op == 0x3 ? "s/=" : "s%=";
	if (!by_reg) {
		bu_buf_printf(out, "%c%u %s %d", r, in->dst, text, in->imm);
		return;
	}
	if (op == 0xb && (in->off == 8 || in->off == 16 || in->off == 32))
		cast = in->off == 8 ? "(s8)" : in->off == 16 ? "(s16)" : "(s32)";
	bu_buf_printf(out, "%c%u %s %s%c%u", r, in->dst, text, cast, r, in->src);
}

static void print_call(struct bu_buf *out, const struct bu_insn *in,
		       const struct bu_isa_names *names)
{
	static const struct bu_helper unspec = { .id = 0, .name = "bpf_unspec" };
	const struct bu_helper *h = NULL;

	if (!in->src)
		h = in->imm ? bu_helper_by_id(in->imm) : &unspec;
	bu_buf_str(out, in->src == BU_CALL_LOCAL ? "call pc" : "call ");
	if (h)
		bu_buf_str(out, h->name);
	else if (names && names->call && names->call(names->ctx, out, in))
		;
	else if (in->src == BU_CALL_LOCAL)
		bu_buf_printf(out, "%+d", in->imm);
	else
		bu_buf_str(out, in->src == BU_CALL_KFUNC ? "kernel-function" : "unknown");
	if (in->src != BU_CALL_LOCAL)
		bu_buf_printf(out, "#%d", in->imm);
}

static void print_jump(struct bu_buf *out, const struct bu_insn *in,
		       const struct bu_isa_names *names)
{
	unsigned op = op_of(in);
	char r = (in->code & 7) == JMP32 ? 'w' : 'r';

	if (op == 0x8)
		print_call(out, in, names);
	else if (in->code == 0x05)
		bu_buf_printf(out, "goto pc%+d", in->off);
	else if (in->code == 0xe5 && !in->src)
		bu_buf_printf(out, "may_goto pc%+d", in->off);
	else if (in->code == 0x0d)
		bu_buf_printf(out, "gotox r%u", in->dst);
	else if (in->code == 0x06)
		bu_buf_printf(out, "gotol pc%+d", in->imm);
	else if (in->code == 0x95)
		bu_buf_str(out, "exit");
	else if (in->code & 8)
		bu_buf_printf(out, "if %c%u %s %c%u goto pc%+d", r, in->dst, jmp_op[op], r, in->src,
			      in->off);
	else
		bu_buf_printf(out, "if %c%u %s 0x%x goto pc%+d", r, in->dst, jmp_op[op],
			      (uint32_t)in->imm, in->off);
}

static const char *fetch_name(int32_t imm)
{
	switch (imm) {
	case 0x01: return "add";
	case 0x41: return "or";
	case 0x51: return "and";
	case 0xa1: return "xor";
	default: return NULL;
	}
}

static void print_atomic(struct bu_buf *out, const struct bu_insn *in)
{
	const char *t = type_of(in), *w = (in->code & 0x18) == 0x18 ? "64" : "";
	unsigned d = in->dst, s = in->src;
	int off = in->off;

	switch (in->imm) {
	case 0x00: case 0x40: case 0x50: case 0xa0:
		bu_buf_printf(out, "lock *(%s *)(r%u %+d) %s r%u", t, d, off, alu_op[in->imm >> 4],
			      s);
		break;
	case 0x01: case 0x41: case 0x51: case 0xa1:
		bu_buf_printf(out, "r%u = atomic%s_fetch_%s((%s *)(r%u %+d), r%u)", s, w,
			      fetch_name(in->imm), t, d, off, s);
		break;
	case 0xe1:
		bu_buf_printf(out, "r%u = atomic%s_xchg((%s *)(r%u %+d), r%u)", s, w, t, d, off, s);
		break;
	case 0xf1:
		bu_buf_printf(out, "r0 = atomic%s_cmpxchg((%s *)(r%u %+d), r0, r%u)", w, t, d, off,
			      s);
		break;
	case 0x100:
		bu_buf_printf(out, "r%u = load_acquire((%s *)(r%u %+d))", d, t, s, off);
		break;
	case 0x110:
		bu_buf_printf(out, "store_release((%s *)(r%u %+d), r%u)", t, d, off, s);
		break;
	default:
		bu_buf_printf(out, "BUG_%02x", in->code);
	}
}

static void print_load(struct bu_buf *out, const struct bu_insn *in, const struct bu_insn *next,
		       const struct bu_isa_names *names)
{
	unsigned mode = in->code >> 5;
	uint64_t val;

	if (mode == 1) {
		bu_buf_printf(out, "r0 = *(%s *)skb[%d]", type_of(in), in->imm);
	} else if (mode == 2) {
		bu_buf_printf(out, "r0 = *(%s *)skb[r%u + %d]", type_of(in), in->src, in->imm);
	} else if (in->code == BU_OP_LD_IMM64) {
		val = (uint64_t)(uint32_t)(next ? next->imm : 0) << 32 | (uint32_t)in->imm;
		bu_buf_printf(out, "r%u = ", in->dst);
		if (!names || !names->imm64 || !names->imm64(names->ctx, out, in, val))
			bu_buf_hex(out, val);
	} else {
		bu_buf_printf(out, "BUG_ld_%02x", in->code);
	}
}

int bu_isa_print_kernel(struct bu_buf *out, const struct bu_insn *in, const struct bu_insn *next,
			int64_t pc, const struct bu_isa_names *names)
{
	unsigned mode = in->code >> 5;

	(void)pc;
	switch (in->code & 7) {
	case ALU:
	case ALU64:
		print_alu(out, in);
		break;
	case JMP:
	case JMP32:
		print_jump(out, in, names);
		break;
	case LD:
		print_load(out, in, next, names);
		break;
	case LDX:
		if (mode == 3 || mode == 4)
			bu_buf_printf(out, "r%u = *(%s *)(r%u %+d)", in->dst,
				      mode == 3 ? type_of(in) : memsx_type[in->code >> 3 & 3],
				      in->src, in->off);
		else
			bu_buf_printf(out, "BUG_ldx_%02x", in->code);
		break;
	case ST:
		if (mode == 3)
			bu_buf_printf(out, "*(%s *)(r%u %+d) = %d", type_of(in), in->dst, in->off,
				      in->imm);
		else if (mode == 6)
			bu_buf_str(out, "nospec");
		else
			bu_buf_printf(out, "BUG_st_%02x", in->code);
		break;
	default: /* STX */
		if (mode == 3)
			bu_buf_printf(out, "*(%s *)(r%u %+d) = r%u", type_of(in), in->dst, in->off,
				      in->src);
		else if (mode == 6)
			print_atomic(out, in);
		else
			bu_buf_printf(out, "BUG_%02x", in->code);
	}
	return out->failed ? -ENOMEM : 0;
}
