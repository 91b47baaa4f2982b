/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * print_kernel: instructions as the kernel's disassembler shows them (verifier log, bpftool's
 * xlated). It looks at opcode bits, not at rows: it has a text for every opcode, valid or not, and
 * ignores reserved fields; both are kept here. Its quirks, too: callx is a call of the helper imm,
 * and a name it does not know is "(null)".
 *
 * Text goes through a pointer to room in the buffer, as in print.c: listings have millions of lines.
 */
#include <string.h>

#include "isa/isa.h"

/* More than an instruction takes, names that come from elsewhere aside. */
#define ROOM 128

/* Bits 2-0 of the opcode. */
enum { LD, LDX, ST, STX, ALU, JMP, JMP32, ALU64 };

/* Where text goes: p is NULL when there is no memory, then nothing is put. */
struct put {
	struct bu_buf *out;
	char *p;
};

static void begin(struct put *t)
{
	t->p = (char *)bu_buf_room(t->out, ROOM);
}

static void end(struct put *t)
{
	if (t->p)
		t->out->n = (size_t)((uint8_t *)t->p - t->out->p);
}

static void chr(struct put *t, char c)
{
	*t->p++ = c;
}

static inline void str(struct put *t, const char *s)
{
	t->p = bu_put_mem(t->p, s, strlen(s));
}

static void dec(struct put *t, int64_t v)
{
	t->p = bu_put_s64(t->p, v);
}

/* As %+d. */
static void sgn(struct put *t, int64_t v)
{
	if (v >= 0)
		*t->p++ = '+';
	t->p = bu_put_s64(t->p, v);
}

static void reg(struct put *t, char kind, unsigned n)
{
	*t->p++ = kind;
	if (n >= 10) {
		*t->p++ = '1';
		n -= 10;
	}
	*t->p++ = (char)('0' + n);
}

static const char *const alu_op[16] = {
	" += ", " -= ", " *= ", " /= ", " |= ", " &= ", " <<= ", " >>= ", " neg ", " %= ", " ^= ", " = ", " s>>= ",
	" endian ", " (null) ", " (null) ",
};
static const char *const jmp_op[16] = {
	" jmp ", " == ", " > ", " >= ", " & ", " != ", " s> ", " s>= ", " call ", " exit ", " < ", " <= ", " s< ",
	" s<= ", " (null) ", " (null) ",
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

static void put_alu(struct put *t, const struct bu_insn *in)
{
	bool wide = (in->code & 7) == ALU64, by_reg = in->code & 8;
	unsigned op = op_of(in);
	const char *text = alu_op[op];
	char r = wide ? 'r' : 'w';

	if (op == 0xd) {
		reg(t, 'r', in->dst);
		str(t, wide ? " = bswap" : by_reg ? " = be" : " = le");
		dec(t, in->imm);
		chr(t, ' ');
		reg(t, 'r', in->dst);
		return;
	}
	if (op == 0x8) {
		reg(t, r, in->dst);
		str(t, " = -");
		reg(t, r, in->dst);
		return;
	}
	if (in->code == 0xbf && in->off == 1) {
		reg(t, 'r', in->dst);
		str(t, " = addr_space_cast(");
		reg(t, 'r', in->src);
		str(t, ", ");
		dec(t, (uint32_t)in->imm >> 16);
		str(t, ", ");
		dec(t, (uint32_t)in->imm & 0xffff);
		chr(t, ')');
		return;
	}
	if (in->code == 0xbf && in->off == -1) {
		reg(t, 'r', in->dst);
		str(t, " = &(void __percpu *)(");
		reg(t, 'r', in->src);
		chr(t, ')');
		return;
	}
	if ((op == 0x3 || op == 0x9) && in->off == 1)
		text = op == 0x3 ? " s/= " : " s%= ";
	reg(t, r, in->dst);
	str(t, text);
	if (!by_reg) {
		dec(t, in->imm);
		return;
	}
	if (op == 0xb && (in->off == 8 || in->off == 16 || in->off == 32))
		str(t, in->off == 8 ? "(s8)" : in->off == 16 ? "(s16)" : "(s32)");
	reg(t, r, in->src);
}

static void put_call(struct put *t, const struct bu_insn *in, const struct bu_isa_names *names)
{
	static const struct bu_helper unspec = { .id = 0, .name = "bpf_unspec" };
	const struct bu_helper *h = NULL;
	bool named = false;

	if (!in->src)
		h = in->imm ? bu_helper_by_id(in->imm) : &unspec;
	str(t, in->src == BU_CALL_LOCAL ? "call pc" : "call ");
	if (h || (names && names->call)) {
		end(t);
		if (h)
			named = !bu_buf_str(t->out, h->name);
		else
			named = names->call(names->ctx, t->out, in);
		begin(t);
		if (!t->p)
			return;
	}
	if (!named && in->src == BU_CALL_LOCAL)
		sgn(t, in->imm);
	else if (!named)
		str(t, in->src == BU_CALL_KFUNC ? "kernel-function" : "unknown");
	if (in->src != BU_CALL_LOCAL) {
		chr(t, '#');
		dec(t, in->imm);
	}
}

static void put_jump(struct put *t, const struct bu_insn *in, const struct bu_isa_names *names)
{
	unsigned op = op_of(in);
	char r = (in->code & 7) == JMP32 ? 'w' : 'r';

	if (op == 0x8) {
		put_call(t, in, names);
	} else if (in->code == 0x05) {
		str(t, "goto pc");
		sgn(t, in->off);
	} else if (in->code == 0xe5 && !in->src) {
		str(t, "may_goto pc");
		sgn(t, in->off);
	} else if (in->code == 0x0d) {
		str(t, "gotox ");
		reg(t, 'r', in->dst);
	} else if (in->code == 0x06) {
		str(t, "gotol pc");
		sgn(t, in->imm);
	} else if (in->code == 0x95) {
		str(t, "exit");
	} else {
		str(t, "if ");
		reg(t, r, in->dst);
		str(t, jmp_op[op]);
		if (in->code & 8)
			reg(t, r, in->src);
		else
			t->p = bu_put_hex(t->p, (uint32_t)in->imm);
		str(t, " goto pc");
		sgn(t, in->off);
	}
}

static const char *fetch_name(int32_t imm)
{
	switch (imm) {
	case 0x01: return "add";
	case 0x41: return "or";
	case 0x51: return "and";
	default: return "xor";
	}
}

/* "*(u32 *)(r1 +4)"; in a call the star before is left out. */
static void put_mem(struct put *t, const char *before, const char *type, unsigned base, int off)
{
	str(t, before);
	str(t, type);
	str(t, " *)(");
	reg(t, 'r', base);
	chr(t, ' ');
	sgn(t, off);
	chr(t, ')');
}

/* "r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)": result, what is done, and the operands. */
static void put_atomic_call(struct put *t, const struct bu_insn *in, unsigned result, const char *what,
			    const char *more)
{
	reg(t, 'r', result);
	str(t, (in->code & 0x18) == 0x18 ? " = atomic64_" : " = atomic_");
	str(t, what);
	put_mem(t, "((", type_of(in), in->dst, in->off);
	str(t, more);
	reg(t, 'r', in->src);
	chr(t, ')');
}

static void put_byte(struct put *t, const char *before, uint8_t v)
{
	static const char hex[] = "0123456789abcdef";

	str(t, before);
	chr(t, hex[v >> 4]);
	chr(t, hex[v & 15]);
}

static void put_atomic(struct put *t, const struct bu_insn *in)
{
	switch (in->imm) {
	case 0x00: case 0x40: case 0x50: case 0xa0:
		put_mem(t, "lock *(", type_of(in), in->dst, in->off);
		str(t, alu_op[in->imm >> 4]);
		reg(t, 'r', in->src);
		break;
	case 0x01: case 0x41: case 0x51: case 0xa1: {
		char what[] = "fetch_\0\0\0";

		memcpy(what + 6, fetch_name(in->imm), in->imm == 0x41 ? 2 : 3);
		put_atomic_call(t, in, in->src, what, ", ");
		break;
	}
	case 0xe1:
		put_atomic_call(t, in, in->src, "xchg", ", ");
		break;
	case 0xf1:
		put_atomic_call(t, in, 0, "cmpxchg", ", r0, ");
		break;
	case 0x100:
		reg(t, 'r', in->dst);
		put_mem(t, " = load_acquire((", type_of(in), in->src, in->off);
		chr(t, ')');
		break;
	case 0x110:
		put_mem(t, "store_release((", type_of(in), in->dst, in->off);
		str(t, ", ");
		reg(t, 'r', in->src);
		chr(t, ')');
		break;
	default:
		put_byte(t, "BUG_", in->code);
	}
}

static void put_load(struct put *t, const struct bu_insn *in, const struct bu_insn *next,
		     const struct bu_isa_names *names)
{
	unsigned mode = in->code >> 5;
	uint64_t val;

	if (mode == 1 || mode == 2) {
		str(t, "r0 = *(");
		str(t, type_of(in));
		str(t, " *)skb[");
		if (mode == 2) {
			reg(t, 'r', in->src);
			str(t, " + ");
		}
		dec(t, in->imm);
		chr(t, ']');
	} else if (in->code == BU_OP_LD_IMM64) {
		val = (uint64_t)(uint32_t)(next ? next->imm : 0) << 32 | (uint32_t)in->imm;
		reg(t, 'r', in->dst);
		str(t, " = ");
		if (names && names->imm64) {
			bool named;

			end(t);
			named = names->imm64(names->ctx, t->out, in, val);
			begin(t);
			if (named || !t->p)
				return;
		}
		t->p = bu_put_hex(t->p, val);
	} else {
		put_byte(t, "BUG_ld_", in->code);
	}
}

int bu_isa_print_kernel(struct bu_buf *out, const struct bu_insn *in, const struct bu_insn *next,
			int64_t pc, const struct bu_isa_names *names)
{
	unsigned mode = in->code >> 5;
	struct put t = { .out = out };

	(void)pc;
	begin(&t);
	if (!t.p)
		return -ENOMEM;
	switch (in->code & 7) {
	case ALU:
	case ALU64:
		put_alu(&t, in);
		break;
	case JMP:
	case JMP32:
		put_jump(&t, in, names);
		break;
	case LD:
		put_load(&t, in, next, names);
		break;
	case LDX:
		if (mode == 3 || mode == 4) {
			reg(&t, 'r', in->dst);
			put_mem(&t, " = *(", mode == 3 ? type_of(in) : memsx_type[in->code >> 3 & 3], in->src, in->off);
		} else {
			put_byte(&t, "BUG_ldx_", in->code);
		}
		break;
	case ST:
		if (mode == 3) {
			put_mem(&t, "*(", type_of(in), in->dst, in->off);
			str(&t, " = ");
			dec(&t, in->imm);
		} else if (mode == 6) {
			str(&t, "nospec");
		} else {
			put_byte(&t, "BUG_st_", in->code);
		}
		break;
	default: /* STX */
		if (mode == 3) {
			put_mem(&t, "*(", type_of(in), in->dst, in->off);
			str(&t, " = ");
			reg(&t, 'r', in->src);
		} else if (mode == 6) {
			put_atomic(&t, in);
		} else {
			put_byte(&t, "BUG_", in->code);
		}
	}
	end(&t);
	return out->failed ? -ENOMEM : 0;
}
