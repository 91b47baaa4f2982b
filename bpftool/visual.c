// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "prog dump xlated PROG visual": functions, their blocks, and where each block goes, for graphviz.
 *
 * Nodes, their names and their attributes are those of the kernel tree's bpftool, whose users have scripts.
 * Blocks 0 and 1 of each function are its entry and its exit. Numbers of instructions are those of the listing.
 */
#include <stdlib.h>
#include <string.h>

#include "progcode.h"

enum { ENTRY, EXIT, FIRST };

struct graph {
	struct bt *t;
	struct bt_code *c;
	uint8_t *leader;   /* by instruction: a block begins there */
	uint32_t *block;   /* by instruction: the number of the block that begins there */
	uint32_t func;     /* number of the function that is drawn */
	uint32_t from, to; /* its instructions */
	bool opcodes, linum;
	struct bu_buf text;
};

static void decode(const struct graph *g, uint32_t at, struct bu_insn *in)
{
	bu_insn_decode(in, g->c->insns + (size_t)at * BU_INSN_SIZE, BU_HOST_BE);
}

static uint32_t slots(const struct graph *g, uint32_t at)
{
	return g->c->insns[(size_t)at * BU_INSN_SIZE] == BU_OP_LD_IMM64 && at + 1 < g->to ? 2 : 1;
}

/* How an instruction ends a block. */
enum ends { FALLS, JUMPS, BRANCHES, LEAVES };

static enum ends ends(const struct graph *g, uint32_t at, int64_t *target)
{
	struct bu_insn in;
	unsigned cls, op;

	decode(g, at, &in);
	cls = in.code & 7;
	op = in.code & 0xf0;
	*target = -1;
	if ((cls != 5 && cls != 6) || op == 0x80)
		return FALLS;
	if (op == 0x90)
		return LEAVES;
	if (in.code == 0x0d) /* a jump to what a register says */
		return JUMPS;
	*target = (int64_t)at + 1 + (in.code == BU_OP_JA32 ? in.imm : in.off);
	return op == 0 ? JUMPS : BRANCHES;
}

static bool inside(const struct graph *g, int64_t at)
{
	return at >= g->from && at < g->to;
}

static void find_blocks(struct graph *g)
{
	uint32_t at, n = FIRST;
	int64_t to;

	g->leader[g->from] = 1;
	for (at = g->from; at < g->to; at += slots(g, at)) {
		enum ends e = ends(g, at, &to);

		if (inside(g, to))
			g->leader[to] = 1;
		if (e != FALLS && at + 1 < g->to)
			g->leader[at + 1] = 1;
	}
	for (at = g->from; at < g->to; at += slots(g, at))
		if (g->leader[at])
			g->block[at] = n++;
}

/* The inside of a label: what means something there gets a backslash. */
static void put_label(struct graph *g, const char *s)
{
	struct bu_buf *b = &g->t->out.buf;

	for (; *s; s++) {
		if (strchr("\\\"{}<>|&", *s))
			bu_buf_char(b, '\\');
		bu_buf_char(b, *s);
	}
}

static void put_row(struct graph *g, uint32_t at)
{
	struct bu_buf *b = &g->t->out.buf;
	const uint8_t *p = g->c->insns + (size_t)at * BU_INSN_SIZE;
	const char *proto = bt_code_proto(g->t, g->c, at);
	struct bpf_line_info l;
	uint32_t n;

	if (proto) {
		bu_buf_str(b, "; ");
		put_label(g, bt_escz(g->t, proto));
		bu_buf_str(b, ":\\l\\\n");
	}
	if (bt_code_line(g->c, at, &l)) {
		size_t from = b->n;
		const char *s;

		bt_put_source(g->t, g->c, &l, g->linum);
		s = bu_arena_strndup(&g->t->arena, (const char *)b->p + from, b->n - from);
		b->n = from;
		put_label(g, s ? s : "");
		bu_buf_str(b, "\\l\\\n");
	}
	bu_buf_reset(&g->text);
	n = bt_code_print(g->t, g->c, at, &g->text);
	bu_buf_printf(b, "%4u: (%02x) ", at, *p);
	put_label(g, bu_buf_cstr(&g->text));
	bu_buf_str(b, "\\l\\\n");
	if (!g->opcodes)
		return;
	bu_buf_str(b, "\\ \\ \\ \\ ");
	bt_hex(b, p, 8);
	if (n == 2) {
		bu_buf_char(b, ' ');
		bt_hex(b, p + 8, 8);
	}
	bu_buf_str(b, "\\l\\\n");
}

static void put_fixed(struct graph *g, int block, const char *name)
{
	bu_out_text(&g->t->out, "\tfn_%u_bb_%d [shape=Mdiamond,style=filled,label=\"%s\"];\n\n", g->func, block, name);
}

static void put_blocks(struct graph *g)
{
	uint32_t at;

	put_fixed(g, ENTRY, "ENTRY");
	for (at = g->from; at < g->to;) {
		bu_out_text(&g->t->out, "\tfn_%u_bb_%u [shape=record,style=filled,label=\"{\\\n", g->func, g->block[at]);
		put_row(g, at);
		for (at += slots(g, at); at < g->to && !g->leader[at]; at += slots(g, at)) {
			bu_buf_str(&g->t->out.buf, "| ");
			put_row(g, at);
		}
		bu_out_text(&g->t->out, "}\"];\n\n");
	}
	put_fixed(g, EXIT, "EXIT");
}

static void put_edge(struct graph *g, uint32_t from, uint32_t to)
{
	bu_out_text(&g->t->out, "\tfn_%u_bb_%u:s -> fn_%u_bb_%u:n [style=\"solid,bold\", color=black, weight=10, "
		    "constraint=true];\n", g->func, from, g->func, to);
}

static void put_edges(struct graph *g)
{
	uint32_t at, next, now = FIRST;
	int64_t to;

	put_edge(g, ENTRY, FIRST);
	for (at = g->from; at < g->to; at = next) {
		enum ends e;

		next = at + slots(g, at);
		if (g->leader[at])
			now = g->block[at];
		if (next < g->to && !g->leader[next])
			continue;
		e = ends(g, at, &to);
		if (e != JUMPS)
			put_edge(g, now, e == LEAVES || next >= g->to ? EXIT : g->block[next]);
		if (inside(g, to) && g->block[to])
			put_edge(g, now, g->block[to]);
	}
	/* it makes the drawing better */
	bu_out_text(&g->t->out, "\tfn_%u_bb_%u:s -> fn_%u_bb_%u:n [style=\"invis\", constraint=true];\n", g->func, ENTRY,
		    g->func, EXIT);
}

void bt_put_graph(struct bt *t, struct bt_code *c, bool opcodes, bool linum)
{
	struct graph g = { .t = t, .c = c, .opcodes = opcodes, .linum = linum };
	uint32_t nfuncs, *starts = bt_code_starts(t, c, &nfuncs);

	g.leader = bu_arena_array(&t->arena, c->n, sizeof(*g.leader));
	g.block = bu_arena_array(&t->arena, c->n, sizeof(*g.block));
	if (!starts || !g.leader || !g.block) {
		bt_refused(t, -1, -ENOMEM, "cannot draw program %u", c->pi.id);
		return;
	}
	bu_out_text(&t->out, "digraph \"DOT graph for eBPF program\" {\n");
	for (; g.func < nfuncs; g.func++) {
		g.from = starts[g.func];
		g.to = g.func + 1 < nfuncs ? starts[g.func + 1] : c->n;
		bu_out_text(&t->out, "subgraph \"cluster_%u\" {\n\tstyle=\"dashed\";\n\tcolor=\"black\";\n"
			    "\tlabel=\"func_%u ()\";\n", g.func, g.func);
		find_blocks(&g);
		put_blocks(&g);
		put_edges(&g);
		bu_out_text(&t->out, "}\n");
	}
	bu_out_text(&t->out, "}\n");
	bu_buf_free(&g.text);
}
