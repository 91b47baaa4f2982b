// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "prog dump jited": what the kernel's compiler made of a program, function by function.
 *
 * The image holds the functions one behind the other; their lengths, addresses and prototypes, and an address
 * for each line of source, come beside it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "disasm.h"
#include "progcode.h"

struct native {
	struct bt *t;
	struct bt_code c;
	struct bt_disasm *dis;
	uint32_t line;     /* next line record */
	bool opcodes, linum;
	struct bu_buf text;
};

/* ---------------------------------------------------------------- what stands around */

static uint64_t line_addr(const struct native *d, uint32_t i)
{
	uint64_t addr;

	memcpy(&addr, d->c.native_lines + (size_t)i * d->c.pi.jited_line_info_rec_size, sizeof(addr));
	return addr;
}

/* Lines and their addresses stand in one order; to the first of a function at [addr, end). */
static void seek_line(struct native *d, uint64_t addr, uint64_t end)
{
	uint32_t i, n = d->c.pi.nr_jited_line_info;

	for (i = d->line; i < n; i++)
		if (line_addr(d, i) >= addr && line_addr(d, i) < end) {
			d->line = i;
			return;
		}
}

static void put_line(struct native *d, uint64_t addr)
{
	struct bpf_line_info l;

	/* several lines of one address: instructions that the verifier took out; the first one is told */
	if (d->line >= d->c.pi.nr_jited_line_info || line_addr(d, d->line) != addr)
		return;
	if (d->c.btf && bt_code_line_at(&d->c, d->line, &l)) {
		bt_put_source(d->t, &d->c, &l, d->linum);
		bu_out_text(&d->t->out, "\n");
	}
	while (d->line < d->c.pi.nr_jited_line_info && line_addr(d, d->line) == addr)
		d->line++;
}

/* As kallsyms has it; where that is silent, as it would have it. */
static const char *func_name(struct native *d, uint32_t i, uint64_t addr)
{
	const char *sym = addr ? bt_ksym(d->t, addr) : NULL, *name = bt_code_func_name(&d->c, i);
	char tag[2 * BPF_TAG_SIZE + 1];

	if (sym)
		return sym;
	if (i) /* the kernel tells the tag of the first one only */
		return *name ? name : bu_arena_printf(&d->t->arena, "0x%016llx", (unsigned long long)addr);
	for (int k = 0; k < BPF_TAG_SIZE; k++)
		sprintf(tag + 2 * k, "%02x", d->c.pi.tag[k]);
	return bu_arena_printf(&d->t->arena, "bpf_prog_%s%s%s", tag, *d->c.name ? "_" : "", d->c.name);
}

/* ---------------------------------------------------------------- instructions */

/*
 * Operands, with where a jump goes: inside of the function the number that stands in the column on the left,
 * else an address, with its symbol in *sym ("" for none).
 */
static const char *operands(struct native *d, const struct bt_native_insn *in, uint64_t addr, uint32_t len,
			    const char **sym)
{
	const char *name;
	uint64_t off;

	*sym = "";
	if (!in->jumps)
		return in->operands;
	bu_buf_reset(&d->text);
	bu_buf_add(&d->text, in->operands, in->at);
	if (in->target - addr < len) {
		bu_buf_hex(&d->text, in->target - addr);
		return bu_buf_cstr(&d->text);
	}
	bu_buf_hex(&d->text, in->target);
	name = addr ? bt_ksym_near(d->t, in->target, &off, NULL) : NULL;
	if (name && !off)
		*sym = name;
	else if (name && off < 65536)
		*sym = bu_arena_printf(&d->t->arena, "%s+0x%llx", name, (unsigned long long)off);
	return bu_buf_cstr(&d->text);
}

/* "a,b(c,d),e" as its three parts; no operand is null. */
static void put_operands_json(struct native *d, const char *s)
{
	struct bu_out *o = &d->t->out;
	size_t n;

	bu_out_arr(o, "operands");
	if (!*s)
		bu_out_null(o, NULL);
	while (*s) {
		int deep = 0;

		for (n = 0; s[n] && (deep || s[n] != ','); n++)
			deep += (s[n] == '(' || s[n] == '[' || s[n] == '{') - (s[n] == ')' || s[n] == ']' || s[n] == '}');
		bu_out_str(o, NULL, s, n, NULL);
		s += n + (s[n] == ',');
		s += strspn(s, " ");
	}
	bu_out_arr_end(o);
}

static void put_bytes(struct native *d, const uint8_t *p, size_t n)
{
	bu_buf_reset(&d->text);
	if (d->t->json) {
		bt_put_bytes(d->t, &d->text, "opcodes", p, n);
		return;
	}
	bu_buf_char(&d->text, '\t');
	for (size_t i = 0; i < n; i++)
		bu_buf_printf(&d->text, "%02x ", p[i]);
	bu_buf_char(&d->text, '\n');
	bu_buf_add(&d->t->out.buf, d->text.p, d->text.n);
}

static void put_insn(struct native *d, const uint8_t *p, uint32_t pc, uint64_t addr, uint32_t len, unsigned *size)
{
	struct bu_out *o = &d->t->out;
	struct bt_native_insn in;
	const char *ops, *sym;
	char num[16];

	bt_disasm_next(d->dis, p + pc, len - pc, addr + pc, &in);
	*size = in.size;
	bu_out_obj(o, NULL);
	put_line(d, addr + pc);
	ops = operands(d, &in, addr, len, &sym);
	snprintf(num, sizeof(num), "0x%x", pc);
	bu_out_str(o, "pc", num, SIZE_MAX, "%4x:\t", pc);
	bu_out_str(o, "operation", in.mnemonic, SIZE_MAX, "%s%s%s", in.mnemonic, *ops ? "\t" : "", ops);
	if (d->t->json)
		put_operands_json(d, ops);
	if (sym && *sym)
		bu_out_str(o, "symbol", sym, SIZE_MAX, " <%s>", bt_escz(d->t, sym));
	bu_out_text(o, "\n");
	if (d->opcodes)
		put_bytes(d, p + pc, in.size);
	bu_out_obj_end(o);
}

static void put_func(struct native *d, uint32_t i, const uint8_t *p, uint32_t len)
{
	uint64_t addr = i < d->c.pi.nr_jited_ksyms ? d->c.ksyms[i] : 0;
	const char *proto = bt_code_proto_of(d->t, &d->c, i), *name = func_name(d, i, addr);
	struct bu_out *o = &d->t->out;
	unsigned size;

	bu_out_obj(o, NULL);
	if (proto)
		bu_out_str(o, "proto", proto, SIZE_MAX, "%s:\n", bt_escz(d->t, proto));
	bu_out_str(o, "name", name ? name : "", SIZE_MAX, "%s:\n", name ? bt_escz(d->t, name) : "");
	seek_line(d, addr, addr + len);
	bu_out_arr(o, "insns");
	for (uint32_t pc = 0; pc < len && !o->err; pc += size)
		put_insn(d, p, pc, addr, len, &size);
	bu_out_arr_end(o);
	bu_out_obj_end(o);
	bu_out_text(o, "\n");
}

/* ---------------------------------------------------------------- the command */

static int check(struct bt *t, const struct bt_code *c)
{
	if (c->nnative)
		return 0;
	if (!c->pi.jited_prog_len && !strcmp(t->sys->ops->name, "vm")) {
		bt_error(t, "T0130", "program %u has no native code: the VM interprets it", c->pi.id);
	} else if (!c->pi.jited_prog_len) {
		bt_error(t, "T0130", "program %u has no native code: the kernel interprets it", c->pi.id);
		bt_hint(t, "net.core.bpf_jit_enable=1 lets programs be compiled when they are loaded");
	} else {
		bt_error(t, "T0106", "the kernel hides the native code of program %u", c->pi.id);
		bt_hint(t, "it takes CAP_BPF with CAP_PERFMON, and kernel.kptr_restrict below 2");
	}
	return BU_EXIT_UNSUPPORTED;
}

static void put_funcs(struct native *d, const char *key)
{
	uint32_t at = 0, i, len;

	bu_out_arr(&d->t->out, key);
	for (i = 0; i < d->c.nfunc_lens && at < d->c.nnative; i++, at += len) {
		len = d->c.func_lens[i];
		if (len > d->c.nnative - at)
			len = d->c.nnative - at;
		put_func(d, i, d->c.native + at, len);
	}
	/* a kernel without lengths; or what they do not account for */
	if (at < d->c.nnative)
		put_func(d, i, d->c.native + at, d->c.nnative - at);
	bu_out_arr_end(&d->t->out);
}

static int dump_one(struct native *d, int fd, const char *file, const char *key, bool header)
{
	struct bt *t = d->t;
	int st = bt_code_fetch(t, &d->c, fd, BT_CODE_NATIVE | (file ? 0 : BT_CODE_LINES));

	if (!st)
		st = check(t, &d->c);
	if (!st && !file && !d->dis)
		d->dis = bt_disasm_open(t, bu_arch_host(), &st);
	if (st) {
		if (header)
			bt_error_obj(t, key, d->c.pi.id);
		return st;
	}
	if (file)
		return bt_write_file(t, file, d->c.native, d->c.nnative);
	bt_begin(t);
	if (header) {
		bu_out_obj(&t->out, key);
		bt_put_prog_header(t, &d->c.pi, d->c.name);
		bu_out_text(&t->out, "\n");
		key = "insns";
	}
	d->line = 0;
	put_funcs(d, key);
	if (header)
		bu_out_obj_end(&t->out);
	return 0;
}

static int read_how(struct native *d, const char **file)
{
	static const char *const words[] = { "file", "opcodes", "linum", NULL };
	struct bt *t = d->t;

	while (bt_peek(t)) {
		if (bt_kw(t, "file")) {
			*file = bt_next(t);
			if (!*file)
				return bt_usage(t, NULL, NULL, "'file' wants a path");
		} else if (bt_kw(t, "opcodes")) {
			d->opcodes = true;
		} else if (bt_kw(t, "linum")) {
			d->linum = true;
		} else {
			return bt_usage(t, bt_peek(t), words, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
		}
	}
	if (*file && (d->opcodes || d->linum))
		return bt_usage(t, NULL, NULL, "a file gets the bytes as they are, without %s",
				d->opcodes ? "opcodes" : "linum");
	return 0;
}

int bt_prog_dump_jited(struct bt *t)
{
	struct native d = { .t = t };
	const char *file = NULL;
	struct bt_objs all;
	int st, one;
	bool many;
	size_t i;

	st = bt_handles(t, BU_PROG, 0, &all);
	if (!st)
		st = read_how(&d, &file);
	if (st)
		goto out;
	many = all.n > 1;
	if (many && file) {
		st = bt_error(t, "T0103", "%zu programs match, and a file takes one", all.n);
		goto out;
	}
	if (many) {
		bt_begin(t);
		bu_out_arr(&t->out, t->key);
	}
	for (i = 0; i < all.n; i++) {
		one = dump_one(&d, all.v[i].fd, file, many ? NULL : t->key, many);
		st = st ? st : one;
	}
	if (many)
		bu_out_arr_end(&t->out);
out:
	bt_disasm_close(d.dis);
	bu_buf_free(&d.text);
	bt_objs_close(t, &all);
	return st;
}
