// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "prog dump xlated PROG asm": text that bpf-as makes the same bytes of, in one section.
 *
 * What the kernel has put into an operand (the distance to a helper, the id of a map, the index of a function)
 * stays a number, because the bytes are to be the same; a comment says what it is.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "progcode.h"

struct as {
	struct bt *t;
	struct bt_code *c;
	uint8_t *jumped;       /* by instruction: a jump goes there */
	uint32_t *starts, nfuncs;
};

static int64_t jump_target(const struct bu_insn *in, uint32_t at)
{
	unsigned cls = in->code & 7, op = in->code & 0xf0;

	if ((cls != 5 && cls != 6) || op == 0x80 || op == 0x90 || in->code == 0x0d)
		return -1;
	return (int64_t)at + 1 + (in->code == BU_OP_JA32 ? in->imm : in->off);
}

static void find_jumps(struct as *a)
{
	struct bu_insn in;

	for (uint32_t at = 0; at < a->c->n; at++) {
		int64_t to;

		bu_insn_decode(&in, a->c->insns + (size_t)at * BU_INSN_SIZE, BU_HOST_BE);
		to = jump_target(&in, at);
		/* one that no row names is printed as bytes, without a label */
		if (to >= 0 && to < a->c->n && bu_isa_find(&in))
			a->jumped[to] = 1;
		at += in.code == BU_OP_LD_IMM64;
	}
}

static bool put_label(void *ctx, struct bu_buf *out, int64_t target)
{
	struct as *a = ctx;

	if (target < 0 || target >= a->c->n || !a->jumped[target])
		return false;
	bu_buf_printf(out, ".L%u", (uint32_t)target);
	return true;
}

static bool put_helper(void *ctx, struct bu_buf *out, int32_t id)
{
	const struct bu_helper *h = bu_helper_by_id(id);

	(void)ctx;
	return h && h->name && !bu_buf_str(out, h->name);
}

/* A name that is a label as it stands, and no register. */
static bool is_plain(const char *s)
{
	bool reg = (*s == 'r' || *s == 'w') && isdigit((unsigned char)s[1]);
	const char *p = s;

	for (; isalnum((unsigned char)*p) || *p == '_'; p++)
		;
	return *s && !*p && !isdigit((unsigned char)*s) && !reg;
}

static const char *func_name(struct as *a, uint32_t at)
{
	struct bpf_func_info f;
	uint32_t i;

	for (i = 0; bt_code_func_at(a->c, i, &f); i++)
		if (f.insn_off == at)
			return bt_code_func_name(a->c, i);
	return at ? "" : a->c->name;
}

static void put_func(struct as *a, uint32_t i)
{
	const char *proto = bt_code_proto(a->t, a->c, a->starts[i]), *name = func_name(a, a->starts[i]);
	uint32_t k;

	if (proto)
		bu_out_text(&a->t->out, "\t# %s\n", bt_escz(a->t, proto));
	for (k = 0; k < i && name; k++)
		if (!strcmp(name, func_name(a, a->starts[k])))
			name = "";
	if (is_plain(name))
		bu_out_text(&a->t->out, "%s:\n", name);
	else
		bu_out_text(&a->t->out, ".Lfunc_%u:\n", i);
}

/* What an operand that is a number means. */
static void put_note(struct as *a, const struct bu_insn *in, uint32_t at)
{
	struct bu_out *o = &a->t->out;
	const char *sym;

	if (in->code == BU_OP_LD_IMM64 && (in->src == BU_PSEUDO_MAP_FD || in->src == BU_PSEUDO_MAP_VALUE))
		bu_out_text(o, "\t# map id %u", (uint32_t)in->imm);
	if (in->code != BU_OP_CALL)
		return;
	if (in->src == BU_CALL_LOCAL) {
		int64_t to = bt_code_target(a->c, at, in);

		sym = to >= 0 && to < a->c->n ? func_name(a, (uint32_t)to) : "";
		bu_out_text(o, "\t# %s at %lld", *sym ? bt_escz(a->t, sym) : "function", (long long)to);
		return;
	}
	if (in->src == BU_CALL_HELPER && bu_helper_by_id(in->imm))
		return;
	sym = bt_code_callee(a->t, a->c, in);
	if (sym)
		bu_out_text(o, "\t# %s", bt_escz(a->t, sym));
}

static void put_line(struct as *a, uint32_t at)
{
	struct bpf_line_info l;
	const char *file;

	if (!bt_code_line(a->c, at, &l))
		return;
	file = bt_code_str(a->t, a->c, l.file_name_off);
	file = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	bu_out_text(&a->t->out, "\t# %s:%u: %s\n", file, BPF_LINE_INFO_LINE_NUM(l.line_col),
		    bt_code_str(a->t, a->c, l.line_off));
}

static void put_insns(struct as *a)
{
	const struct bu_isa_names names = { .ctx = a, .label = put_label, .helper = put_helper };
	struct bu_buf *b = &a->t->out.buf;
	struct bu_insn in, hi;
	uint32_t at, func = 0;
	bool wide;

	for (at = 0; at < a->c->n; at += 1 + wide) {
		const uint8_t *p = a->c->insns + (size_t)at * BU_INSN_SIZE;

		for (; func < a->nfuncs && a->starts[func] <= at; func++)
			put_func(a, func);
		bu_insn_decode(&in, p, BU_HOST_BE);
		wide = in.code == BU_OP_LD_IMM64 && at + 1 < a->c->n && !a->jumped[at + 1];
		if (wide)
			bu_insn_decode(&hi, p + BU_INSN_SIZE, BU_HOST_BE);
		put_line(a, at);
		if (a->jumped[at])
			bu_buf_printf(b, ".L%u:\n", at);
		bu_buf_char(b, '\t');
		if (in.code == BU_OP_CALL && in.src != BU_CALL_LOCAL && in.imm < 0) /* no number of a helper's */
			bu_buf_printf(b, ".insn 0x85, %u, %u, %d, %d", in.dst, in.src, in.off, in.imm);
		else
			bu_isa_print(b, &in, wide ? &hi : NULL, at, &names);
		put_note(a, &in, at);
		bu_out_text(&a->t->out, "\n"); /* writes what is full */
	}
}

static const char *section(uint32_t prog_type)
{
	for (unsigned i = 0; i < bu_nsecdefs; i++)
		if (bu_secdefs[i].prog_type == prog_type)
			return bu_secdefs[i].prefix;
	return "prog";
}

void bt_put_asm(struct bt *t, struct bt_code *c)
{
	struct as a = { .t = t, .c = c };

	a.starts = bt_code_starts(t, c, &a.nfuncs);
	a.jumped = bu_arena_array(&t->arena, c->n, sizeof(*a.jumped));
	if (!a.starts || !a.jumped) {
		bt_refused(t, -1, -ENOMEM, "cannot print program %u", c->pi.id);
		return;
	}
	find_jumps(&a);
	bu_out_text(&t->out, "\t.verbatim\n");
	if (BU_HOST_BE)
		bu_out_text(&t->out, "\t.endian\tbig\n");
	bu_out_text(&t->out, "\t.section\t\"%s\",\"ax\"\n", section(c->pi.type));
	put_insns(&a);
	if (c->pi.gpl_compatible)
		bu_out_text(&t->out, "\t.section\tlicense,\"aw\"\n\t.asciz\t\"GPL\"\n");
}
