/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print: instructions as text in the canonical dialect, by the templates of isa.def. */
#include <string.h>
#include "isa/isa.h"

struct printer {
	struct bu_buf *out;
	const struct bu_insn *insn, *next;
	const struct bu_isa_names *names;
	int64_t pc;
};

static uint64_t imm64(const struct printer *p)
{
	return (uint64_t)(uint32_t)p->next->imm << 32 | (uint32_t)p->insn->imm;
}

/* ", 8" style numbers whose sign is part of the text: "+ 8", "- 8". */
static void print_signed(struct bu_buf *out, int64_t v)
{
	bu_buf_str(out, v < 0 ? "- " : "+ ");
	bu_buf_u64(out, (uint64_t)(v < 0 ? -v : v));
}

static void print_target(const struct printer *p, int64_t delta)
{
	if (p->names && p->names->label &&
	    p->names->label(p->names->ctx, p->out, p->pc + 1 + delta))
		return;
	if (delta >= 0)
		bu_buf_char(p->out, '+');
	bu_buf_s64(p->out, delta);
}

static void print_helper(const struct printer *p)
{
	if (p->names && p->names->helper &&
	    p->names->helper(p->names->ctx, p->out, p->insn->imm))
		return;
	bu_buf_u64(p->out, (uint32_t)p->insn->imm);
}

/* Small numbers in decimal, others (addresses, masks) in hex. */
static void print_u64(struct bu_buf *out, uint64_t v)
{
	if (v < 0x10000)
		bu_buf_u64(out, v);
	else
		bu_buf_hex(out, v);
}

static void print_half(const struct printer *p, bool first)
{
	const struct bu_insn *in = p->insn;

	if (in->code != BU_OP_LD_IMM64)
		bu_buf_u64(p->out, first ? (uint32_t)in->imm >> 16 : (uint32_t)in->imm & 0xffff);
	else
		print_u64(p->out, (uint32_t)(first ? in->imm : p->next->imm));
}

static void print_reg(struct bu_buf *out, char kind, unsigned n)
{
	char t[3] = { kind, (char)('0' + n % 10), 0 };

	if (n == 10) {
		t[1] = '1';
		t[2] = '0';
	}
	bu_buf_add(out, t, n == 10 ? 3 : 2);
}

static void print_field(const struct printer *p, char f)
{
	const struct bu_insn *in = p->insn;

	switch (f) {
	case 'd': print_reg(p->out, 'r', in->dst); break;
	case 's': print_reg(p->out, 'r', in->src); break;
	case 'D': print_reg(p->out, 'w', in->dst); break;
	case 'S': print_reg(p->out, 'w', in->src); break;
	case 'i': bu_buf_s64(p->out, in->imm); break;
	case 'I': print_u64(p->out, imm64(p)); break;
	case 'o': print_signed(p->out, in->off); break;
	case 'j': print_signed(p->out, in->imm); break;
	case 't': print_target(p, in->off); break;
	case 'T':
	case 'l': print_target(p, in->imm); break;
	case 'h': print_helper(p); break;
	case 'k': bu_buf_u64(p->out, (uint32_t)in->imm); break;
	case 'm':
		if (in->off) {
			bu_buf_str(p->out, ", ");
			bu_buf_s64(p->out, in->off);
		}
		break;
	case 'x': print_half(p, true); break;
	case 'y': print_half(p, false); break;
	default: bu_buf_char(p->out, f);
	}
}

static void print_template(const struct printer *p, const char *t)
{
	while (*t) {
		const char *pct = strchr(t, '%');
		size_t n = pct ? (size_t)(pct - t) : strlen(t);

		bu_buf_add(p->out, t, n);
		if (!pct)
			break;
		print_field(p, pct[1]);
		t = pct + 2;
	}
}

static void print_raw(struct bu_buf *out, const struct bu_insn *in)
{
	static const char hex[] = "0123456789abcdef";
	char code[5] = { '0', 'x', hex[in->code >> 4], hex[in->code & 15], 0 };

	bu_buf_str(out, ".insn ");
	bu_buf_str(out, code);
	bu_buf_str(out, ", ");
	bu_buf_u64(out, in->dst);
	bu_buf_str(out, ", ");
	bu_buf_u64(out, in->src);
	bu_buf_str(out, ", ");
	bu_buf_s64(out, in->off);
	bu_buf_str(out, ", ");
	bu_buf_s64(out, in->imm);
}

/* Can the second slot be said in the row's text? */
static bool second_fits(const struct bu_isa *row, const struct bu_insn *next)
{
	if (!next || next->code || next->dst || next->src || next->off)
		return false;
	return row->keyval != BU_PSEUDO_FUNC || !next->imm;
}

/*
 * A call by a label's name alone reads best, but a name that is also a helper's would be read as
 * that, and so would one of the words that follow "call".
 */
static bool print_named_call(const struct printer *p)
{
	size_t at = p->out->n, named;
	struct bu_str name;

	if (!p->names || !p->names->label)
		return false;
	bu_buf_str(p->out, "call ");
	named = p->out->n;
	if (!p->names->label(p->names->ctx, p->out, p->pc + 1 + p->insn->imm) || p->out->failed) {
		p->out->n = p->out->failed ? p->out->n : at;
		return false;
	}
	name = bu_str((const char *)p->out->p + named, p->out->n - named);
	if (!bu_helper_by_name(name) && !bu_str_is(name, "local") && !bu_str_is(name, "kfunc"))
		return true;
	p->out->n = at;
	return false;
}

int bu_isa_print(struct bu_buf *out, const struct bu_insn *insn, const struct bu_insn *next,
		 int64_t pc, const struct bu_isa_names *names)
{
	const struct bu_isa *row = bu_isa_find(insn);
	struct printer p = { .out = out, .insn = insn, .next = next, .names = names, .pc = pc };
	bool wide = insn->code == BU_OP_LD_IMM64;

	if (!row || (wide && !second_fits(row, next))) {
		print_raw(out, insn);
		if (wide && next) {
			bu_buf_char(out, '\n');
			print_raw(out, next);
		}
		return out->failed ? -ENOMEM : 0;
	}
	if (wide && names && names->imm64) {
		size_t at = out->n;

		print_reg(out, 'r', insn->dst);
		bu_buf_str(out, " = ");
		if (names->imm64(names->ctx, out, insn, imm64(&p)) || out->failed)
			return out->failed ? -ENOMEM : 0;
		out->n = at;
	}
	if (row->sem != BU_SEM_CALL_LOCAL || !print_named_call(&p))
		print_template(&p, row->templ);
	return out->failed ? -ENOMEM : 0;
}
