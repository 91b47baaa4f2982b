/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* print: instructions as text in the canonical dialect, by the templates of isa.def. */
#include <string.h>
#include "isa/isa.h"

/* More than an instruction takes, names that come from elsewhere aside. */
#define ROOM 192

/*
 * Text goes through a pointer to room in out, and only names from elsewhere through out itself. When
 * there is no memory it goes to spare and is lost.
 */
struct printer {
	struct bu_buf *out;
	const struct bu_insn *insn, *next;
	const struct bu_isa_names *names;
	int64_t pc;
	char spare[ROOM];
};

static char *begin(struct printer *pr)
{
	uint8_t *p = bu_buf_room(pr->out, ROOM);

	return p ? (char *)p : pr->spare;
}

/* What was put up to p counts. */
static void end(struct printer *pr, const char *p)
{
	if (!pr->out->failed)
		pr->out->n = (size_t)((const uint8_t *)p - pr->out->p);
}

static uint64_t imm64(const struct printer *pr)
{
	return (uint64_t)(uint32_t)pr->next->imm << 32 | (uint32_t)pr->insn->imm;
}

/* Numbers whose sign is part of the text: "+ 8", "- 8". */
static char *put_signed(char *p, int64_t v)
{
	*p++ = v < 0 ? '-' : '+';
	*p++ = ' ';
	return bu_put_u64(p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static char *put_target(struct printer *pr, char *p, int64_t delta)
{
	if (pr->names && pr->names->label) {
		bool named;

		end(pr, p);
		named = pr->names->label(pr->names->ctx, pr->out, pr->pc + 1 + delta);
		p = begin(pr);
		if (named)
			return p;
	}
	if (delta >= 0)
		*p++ = '+';
	return bu_put_s64(p, delta);
}

static char *put_helper(struct printer *pr, char *p)
{
	if (pr->names && pr->names->helper) {
		bool named;

		end(pr, p);
		named = pr->names->helper(pr->names->ctx, pr->out, pr->insn->imm);
		p = begin(pr);
		if (named)
			return p;
	}
	return bu_put_u64(p, (uint32_t)pr->insn->imm);
}

/* Small numbers in decimal, others (addresses, masks) in hex. */
static char *put_u64(char *p, uint64_t v)
{
	return v < 0x10000 ? bu_put_u64(p, v) : bu_put_hex(p, v);
}

static char *put_half(const struct printer *pr, char *p, bool first)
{
	const struct bu_insn *in = pr->insn;

	if (in->code != BU_OP_LD_IMM64)
		return bu_put_u64(p, first ? (uint32_t)in->imm >> 16 : (uint32_t)in->imm & 0xffff);
	return put_u64(p, (uint32_t)(first ? in->imm : pr->next->imm));
}

static char *put_reg(char *p, char kind, unsigned n)
{
	*p++ = kind;
	if (n == 10) {
		*p++ = '1';
		n = 0;
	}
	*p++ = (char)('0' + n % 10);
	return p;
}

static char *put_field(struct printer *pr, char *p, char f)
{
	const struct bu_insn *in = pr->insn;

	switch (f) {
	case 'd': return put_reg(p, 'r', in->dst);
	case 's': return put_reg(p, 'r', in->src);
	case 'D': return put_reg(p, 'w', in->dst);
	case 'S': return put_reg(p, 'w', in->src);
	case 'i': return bu_put_s64(p, in->imm);
	case 'I': return put_u64(p, imm64(pr));
	case 'o': return put_signed(p, in->off);
	case 'j': return put_signed(p, in->imm);
	case 't': return put_target(pr, p, in->off);
	case 'T':
	case 'l': return put_target(pr, p, in->imm);
	case 'h': return put_helper(pr, p);
	case 'k': return bu_put_u64(p, (uint32_t)in->imm);
	case 'm':
		if (!in->off)
			return p;
		*p++ = ',';
		*p++ = ' ';
		return bu_put_s64(p, in->off);
	case 'x': return put_half(pr, p, true);
	case 'y': return put_half(pr, p, false);
	default: *p++ = f; return p;
	}
}

static void print_template(struct printer *pr, const char *t)
{
	char *p = begin(pr);

	for (; *t; t++)
		if (*t != '%')
			*p++ = *t;
		else
			p = put_field(pr, p, *++t);
	end(pr, p);
}

static void print_raw(struct printer *pr, const struct bu_insn *in)
{
	static const char hex[] = "0123456789abcdef";
	char *p = begin(pr);

	p = bu_put_mem(p, ".insn 0x", 8);
	*p++ = hex[in->code >> 4];
	*p++ = hex[in->code & 15];
	p = bu_put_u64(bu_put_mem(p, ", ", 2), in->dst);
	p = bu_put_u64(bu_put_mem(p, ", ", 2), in->src);
	p = bu_put_s64(bu_put_mem(p, ", ", 2), in->off);
	p = bu_put_s64(bu_put_mem(p, ", ", 2), in->imm);
	end(pr, p);
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
static bool print_named_call(struct printer *p)
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
	struct printer p;
	bool wide = insn->code == BU_OP_LD_IMM64;

	p.out = out;
	p.insn = insn;
	p.next = next;
	p.names = names;
	p.pc = pc;
	if (!row || (wide && !second_fits(row, next))) {
		print_raw(&p, insn);
		if (wide && next) {
			bu_buf_char(out, '\n');
			print_raw(&p, next);
		}
		return out->failed ? -ENOMEM : 0;
	}
	if (wide && names && names->imm64) {
		size_t at = out->n;

		end(&p, bu_put_mem(put_reg(begin(&p), 'r', insn->dst), " = ", 3));
		if (names->imm64(names->ctx, out, insn, imm64(&p)) || out->failed)
			return out->failed ? -ENOMEM : 0;
		out->n = at;
	}
	if (row->sem != BU_SEM_CALL_LOCAL || !print_named_call(&p))
		print_template(&p, row->templ);
	return out->failed ? -ENOMEM : 0;
}
