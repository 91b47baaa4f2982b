// SPDX-License-Identifier: GPL-2.0-or-later
/* "prog dump xlated": a program as the kernel holds it after verification. */
#include <stdlib.h>
#include <string.h>

#include "progcode.h"

#define OUT_BLOCK (256u << 10)

/* How a program is to be shown. */
struct how {
	bool opcodes, linum, visual, as;
	const char *file;
};

/* ---------------------------------------------------------------- opcodes */

static void put_opcodes_text(struct bu_buf *b, const uint8_t *p, bool wide)
{
	bu_buf_add(b, "       ", 7);
	bt_hex(b, p, 8);
	if (wide) {
		bu_buf_char(b, ' ');
		bt_hex(b, p + 8, 8);
	}
	bu_buf_char(b, '\n');
}

/* The fields of an instruction, as bytes in the order they have in memory. */
static void put_opcodes_json(struct bt *t, const uint8_t *p, bool wide)
{
	struct bu_buf b = { 0 };
	uint8_t regs = p[1];
	int i;

	bu_out_obj(&t->out, "opcodes");
	bu_buf_printf(&b, "0x%02x", p[0]);
	bu_out_str(&t->out, "code", bu_buf_cstr(&b), SIZE_MAX, NULL);
	for (i = 0; i < 2; i++) {
		bool low = (i == 1) != BU_HOST_BE;

		bu_buf_reset(&b);
		bu_buf_printf(&b, "0x%x", low ? regs & 15 : regs >> 4);
		bu_out_str(&t->out, i ? "dst_reg" : "src_reg", bu_buf_cstr(&b), SIZE_MAX, NULL);
	}
	bt_put_bytes(t, &b, "off", p + 2, 2);
	bt_put_bytes(t, &b, "imm", p + 4, wide ? 12 : 4);
	bu_out_obj_end(&t->out);
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- one instruction */

static void put_above(struct bt *t, struct bt_code *c, uint32_t at, bool linum)
{
	const char *proto = bt_code_proto(t, c, at);
	struct bpf_line_info l;

	if (proto)
		bu_out_str(&t->out, "proto", proto, SIZE_MAX, "%s:\n", bt_escz(t, proto));
	if (bt_code_line(c, at, &l)) {
		bt_put_source(t, c, &l, linum);
		if (!t->json)
			bu_buf_char(&t->out.buf, '\n');
	}
}

/* "%4u: (%02x) " */
static void put_number(struct bu_buf *b, uint32_t at, uint8_t code)
{
	static const char hex[] = "0123456789abcdef";
	char *p = (char *)bu_buf_room(b, 32), *from = p;

	if (!p)
		return;
	*p++ = ' '; /* as upstream, where it stands for a sign */
	for (uint32_t least = 100; least > 1 && at < least; least /= 10)
		*p++ = ' ';
	p = bu_put_u64(p, at);
	p = bu_put_mem(p, ": (", 3);
	*p++ = hex[code >> 4];
	*p++ = hex[code & 15];
	p = bu_put_mem(p, ") ", 2);
	b->n += (size_t)(p - from);
}

/* Returns the number of slots taken: 1 or 2. */
static uint32_t put_insn_text(struct bt *t, struct bt_code *c, const struct how *how, uint32_t at)
{
	const uint8_t *p = c->insns + (size_t)at * BU_INSN_SIZE;
	struct bu_buf *b = &t->out.buf;
	uint32_t slots;

	put_above(t, c, at, how->linum);
	put_number(b, at, *p);
	slots = bt_code_print(t, c, at, b);
	bu_buf_char(b, '\n');
	if (how->opcodes)
		put_opcodes_text(b, p, slots == 2);
	if (b->n >= OUT_BLOCK)
		bu_out_flush(&t->out);
	return slots;
}

static uint32_t put_insn_json(struct bt *t, struct bt_code *c, const struct how *how, uint32_t at,
			      struct bu_buf *dis)
{
	const uint8_t *p = c->insns + (size_t)at * BU_INSN_SIZE;
	uint32_t slots;

	bu_out_obj(&t->out, NULL);
	put_above(t, c, at, how->linum);
	bu_out_uint(&t->out, "pc", at, NULL);
	bu_buf_reset(dis);
	put_number(dis, 0, *p);
	slots = bt_code_print(t, c, at, dis);
	/* the number that put_number pads to four columns */
	bu_out_str(&t->out, "disasm", dis->n > 6 ? (const char *)dis->p + 6 : "", dis->n > 6 ? dis->n - 6 : 0, NULL);
	if (how->opcodes)
		put_opcodes_json(t, p, slots == 2);
	bu_out_obj_end(&t->out);
	return slots;
}

static void put_insns(struct bt *t, struct bt_code *c, const struct how *how, const char *key)
{
	struct bu_buf dis = { 0 };
	uint32_t at;

	bu_out_arr(&t->out, key);
	for (at = 0; at < c->n && !t->out.err && !t->out.buf.failed;)
		at += t->json ? put_insn_json(t, c, how, at, &dis) : put_insn_text(t, c, how, at);
	bu_out_arr_end(&t->out);
	bu_buf_free(&dis);
}

/* ---------------------------------------------------------------- the command */

static int dump_one(struct bt *t, const struct how *how, int fd, const char *key, bool header)
{
	struct bt_code c;
	int st = bt_code_fetch(t, &c, fd, BT_CODE_INSNS | (how->file ? 0 : BT_CODE_LINES));

	if (st) {
		if (header)
			bt_error_obj(t, key, c.pi.id);
		return st;
	}
	if (how->file)
		return bt_write_file(t, how->file, c.insns, (size_t)c.n * BU_INSN_SIZE);
	bt_begin(t);
	if (how->visual) {
		bt_put_graph(t, &c, how->opcodes, how->linum);
		return 0;
	}
	if (header) {
		bu_out_obj(&t->out, key);
		if (how->as)
			bu_out_text(&t->out, "# ");
		bt_put_prog_header(t, &c.pi, c.name);
		bu_out_text(&t->out, "\n");
		key = "insns";
	}
	if (how->as)
		bt_put_asm(t, &c);
	else
		put_insns(t, &c, how, key);
	if (header)
		bu_out_obj_end(&t->out);
	return 0;
}

static int read_how(struct bt *t, struct how *how)
{
	static const char *const words[] = { "file", "opcodes", "visual", "linum", "asm", NULL };

	while (bt_peek(t)) {
		if (bt_kw(t, "file")) {
			how->file = bt_next(t);
			if (!how->file)
				return bt_usage(t, NULL, NULL, "'file' wants a path");
		} else if (bt_kw(t, "opcodes")) {
			how->opcodes = true;
		} else if (bt_kw(t, "visual")) {
			how->visual = true;
		} else if (bt_kw(t, "linum")) {
			how->linum = true;
		} else if (bt_kw(t, "asm")) {
			how->as = true;
		} else {
			return bt_usage(t, bt_peek(t), words, "'%s' is not expected here",
					bt_escz(t, bt_peek(t)));
		}
	}
	if (how->file && (how->opcodes || how->linum || how->visual || how->as))
		return bt_usage(t, NULL, NULL, "a file gets the bytes as they are, without %s",
				how->opcodes ? "opcodes" : how->linum ? "linum" : how->visual ? "visual" : "asm");
	if (how->as && (how->opcodes || how->linum || how->visual))
		return bt_usage(t, NULL, NULL, "'asm' goes with no other word");
	if (t->json && (how->visual || how->as))
		return bt_usage(t, NULL, NULL, "'%s' is text of its own, which does not go with JSON",
				how->visual ? "visual" : "asm");
	return 0;
}

int bt_prog_dump_xlated(struct bt *t)
{
	struct how how = { 0 };
	struct bt_objs all;
	int st, one;
	bool many;
	size_t i;

	st = bt_handles(t, BU_PROG, 0, &all);
	if (!st)
		st = read_how(t, &how);
	if (st)
		goto out;
	many = all.n > 1;
	if (many && how.file) {
		st = bt_error(t, "T0103", "%zu programs match, and a file takes one", all.n);
		goto out;
	}
	many &= !how.visual;
	if (many) {
		bt_begin(t);
		bu_out_arr(&t->out, t->key);
	}
	for (i = 0; i < all.n; i++) {
		if (i)
			bu_out_text(&t->out, "\n");
		one = dump_one(t, &how, all.v[i].fd, many ? NULL : t->key, many);
		st = st ? st : one;
	}
	if (many)
		bu_out_arr_end(&t->out);
out:
	bt_objs_close(t, &all);
	return st;
}
