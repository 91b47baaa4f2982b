// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * "prog dump xlated": a program as the kernel holds it after verification.
 *
 * The kernel has rewritten some operands, and hands them out like this:
 *   ld_imm64 of a map   imm is the map's id (src MAP_FD, MAP_VALUE with the offset in the next slot)
 *   call of a helper    imm is the distance from __bpf_call_base (jited or not), a number otherwise
 *   call of a function  off is the distance in instructions, imm its index in jited_ksyms
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define OUT_BLOCK (256u << 10)

struct dump {
	struct bpf_prog_info pi;
	const char *name;
	uint8_t *insns;      /* all in the arena */
	uint32_t n;
	uint64_t *ksyms;
	uint8_t *funcs, *lines; /* records of the kernel's size */
	const struct bu_btf *btf;
	uint64_t call_base;
	uint32_t func_at, line_at; /* next record */
	bool opcodes, linum;
	struct bu_buf text;
};

/* Room for n records of size bytes at an address for the kernel; 0 when there are none. */
static void *room(struct bt *t, uint32_t n, uint32_t size, uint64_t *addr)
{
	void *p = n && size ? bu_arena_array(&t->arena, n, size) : NULL;

	*addr = p ? bu_ptr64(p) : 0;
	return p;
}

static int fetch(struct bt *t, struct dump *d, int fd)
{
	struct bpf_prog_info q = { 0 };
	uint32_t size = sizeof(q);
	uint64_t addr;
	int err = bt_prog_info(t, fd, &d->pi, &d->name);

	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about the program");
	q.xlated_prog_len = d->pi.xlated_prog_len;
	d->insns = room(t, q.xlated_prog_len, 1, &addr);
	q.xlated_prog_insns = addr;
	d->ksyms = room(t, d->pi.nr_jited_ksyms, sizeof(uint64_t), &addr);
	q.jited_ksyms = addr;
	q.nr_jited_ksyms = d->ksyms ? d->pi.nr_jited_ksyms : 0;
	if (d->pi.func_info_rec_size >= sizeof(struct bpf_func_info))
		d->funcs = room(t, d->pi.nr_func_info, d->pi.func_info_rec_size, &addr);
	q.func_info = d->funcs ? addr : 0;
	q.nr_func_info = d->funcs ? d->pi.nr_func_info : 0;
	q.func_info_rec_size = d->pi.func_info_rec_size;
	if (d->pi.line_info_rec_size >= sizeof(struct bpf_line_info))
		d->lines = room(t, d->pi.nr_line_info, d->pi.line_info_rec_size, &addr);
	q.line_info = d->lines ? addr : 0;
	q.nr_line_info = d->lines ? d->pi.nr_line_info : 0;
	q.line_info_rec_size = d->pi.line_info_rec_size;
	if (bu_arena_failed(&t->arena))
		return bt_refused(t, -1, -ENOMEM, "cannot read program %u", d->pi.id);
	err = d->insns ? bu_sys_info(t->sys, fd, &q, &size) : 0;
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read program %u", d->pi.id);
	if (!d->insns || !q.xlated_prog_insns || q.xlated_prog_len > d->pi.xlated_prog_len) {
		bt_error(t, "T0106", "the kernel hides the instructions of program %u", d->pi.id);
		bt_hint(t, "it takes CAP_BPF with CAP_PERFMON, and kernel.kptr_restrict below 2");
		return BU_EXIT_UNSUPPORTED;
	}
	d->n = q.xlated_prog_len / BU_INSN_SIZE;
	d->pi.nr_jited_ksyms = q.jited_ksyms ? q.nr_jited_ksyms : 0;
	d->pi.nr_func_info = d->funcs && q.func_info ? q.nr_func_info : 0;
	d->pi.nr_line_info = d->lines && q.line_info ? q.nr_line_info : 0;
	if (d->pi.nr_func_info || d->pi.nr_line_info)
		d->btf = bt_btf(t, d->pi.btf_id);
	return 0;
}

/* ---------------------------------------------------------------- operands */

static void put_call(struct bt *t, struct dump *d, const struct bu_insn *in)
{
	struct bu_buf *b = &d->text;
	const struct bu_helper *h;
	const char *sym;
	uint64_t addr;

	if (in->src == BU_CALL_LOCAL) {
		bu_buf_printf(b, "call pc%+d", in->off);
		if (!d->pi.nr_jited_ksyms)
			return;
		addr = (uint32_t)in->imm < d->pi.nr_jited_ksyms ? d->ksyms[in->imm] : 0;
		sym = addr ? bt_ksym(t, addr) : NULL;
		if (sym)
			bu_buf_printf(b, "#%s", sym);
		else
			bu_buf_printf(b, "#0x%llx", (unsigned long long)addr);
		return;
	}
	if (!d->call_base)
		d->call_base = bt_ksym_addr(t, "__bpf_call_base");
	addr = d->call_base + (uint64_t)(int64_t)in->imm;
	sym = d->call_base ? bt_ksym(t, addr) : NULL;
	h = bu_helper_by_id(in->imm);
	if (sym)
		bu_buf_printf(b, "call %s#%d", sym, in->imm);
	else if (h)
		bu_buf_printf(b, "call %s#%d", h->name, in->imm);
	else
		bu_buf_printf(b, "call 0x%llx#%d", (unsigned long long)addr, in->imm);
}

static void put_ld_imm64(struct dump *d, const struct bu_insn *in, const struct bu_insn *hi)
{
	struct bu_buf *b = &d->text;

	bu_buf_printf(b, "r%u = ", in->dst);
	switch (in->src) {
	case BU_PSEUDO_MAP_FD:
		bu_buf_printf(b, "map[id:%u]", (uint32_t)in->imm);
		break;
	case BU_PSEUDO_MAP_VALUE:
		bu_buf_printf(b, "map[id:%u][0]+%u", (uint32_t)in->imm, (uint32_t)hi->imm);
		break;
	case BU_PSEUDO_MAP_IDX_VALUE:
		bu_buf_printf(b, "map[idx:%u]+%u", (uint32_t)in->imm, (uint32_t)hi->imm);
		break;
	case BU_PSEUDO_FUNC:
		bu_buf_printf(b, "subprog[%+d]", in->imm);
		break;
	default:
		bu_buf_hex(b, (uint64_t)(uint32_t)hi->imm << 32 | (uint32_t)in->imm);
	}
}

/* ---------------------------------------------------------------- what stands above an instruction */

static const char *btf_text(struct bt *t, const struct dump *d, uint32_t off)
{
	const char *s = bu_btf_str(d->btf, off);

	s += strspn(s, " \t");
	return t->json ? s : bt_esc_line(t, s);
}

static void put_proto(struct bt *t, struct dump *d, uint32_t at)
{
	struct bu_buf proto = { 0 };
	struct bpf_func_info rec;

	if (!d->btf || d->func_at >= d->pi.nr_func_info)
		return;
	memcpy(&rec, d->funcs + (size_t)d->func_at * d->pi.func_info_rec_size, sizeof(rec));
	if (rec.insn_off != at)
		return;
	d->func_at++;
	if (!bu_btf_print_proto(&proto, d->btf, rec.type_id) && proto.n)
		bu_out_str(&t->out, "proto", bu_buf_cstr(&proto), SIZE_MAX, "%s:\n",
			   bt_escz(t, bu_buf_cstr(&proto)));
	bu_buf_free(&proto);
}

static void put_line(struct bt *t, struct dump *d, uint32_t at)
{
	struct bpf_line_info rec;
	const char *src, *file;
	uint32_t line, col;

	for (;; d->line_at++) {
		if (!d->btf || d->line_at >= d->pi.nr_line_info)
			return;
		memcpy(&rec, d->lines + (size_t)d->line_at * d->pi.line_info_rec_size, sizeof(rec));
		if (rec.insn_off > at)
			return;
		if (rec.insn_off == at)
			break;
	}
	d->line_at++;
	src = btf_text(t, d, rec.line_off);
	bu_out_str(&t->out, "src", src, SIZE_MAX, "; %s", src);
	if (d->linum) {
		file = btf_text(t, d, rec.file_name_off);
		line = BPF_LINE_INFO_LINE_NUM(rec.line_col);
		col = BPF_LINE_INFO_LINE_COL(rec.line_col);
		bu_out_str(&t->out, "file", file, SIZE_MAX, " [file:%s", file);
		bu_out_uint(&t->out, line ? "line_num" : BU_NO_JSON, line, " line_num:%u", line);
		bu_out_uint(&t->out, col ? "line_col" : BU_NO_JSON, col, " line_col:%u]", col);
	}
	bu_out_text(&t->out, "\n");
}

/* ---------------------------------------------------------------- one instruction */

static void put_opcodes(struct bt *t, const uint8_t *p, bool wide)
{
	struct bu_buf b = { 0 };
	uint8_t regs = p[1];
	int i;

	if (!t->json) {
		bu_out_text(&t->out, "       ");
		bt_hex(&b, p, 8);
		if (wide) {
			bu_buf_char(&b, ' ');
			bt_hex(&b, p + 8, 8);
		}
		bu_out_text(&t->out, "%s\n", bu_buf_cstr(&b));
		goto out;
	}
	bu_out_obj(&t->out, "opcodes");
	bu_buf_printf(&b, "0x%02x", p[0]);
	bu_out_str(&t->out, "code", bu_buf_cstr(&b), SIZE_MAX, NULL);
	for (i = 0; i < 2; i++) {
		bool low = (i == 1) != BU_HOST_BE;

		bu_buf_reset(&b);
		bu_buf_printf(&b, "0x%x", low ? regs & 15 : regs >> 4);
		bu_out_str(&t->out, i ? "dst_reg" : "src_reg", bu_buf_cstr(&b), SIZE_MAX, NULL);
	}
	bu_buf_reset(&b);
	bt_hex_json(&b, p + 2, 2);
	bu_out_raw(&t->out, "off", bu_buf_cstr(&b), NULL);
	bu_buf_reset(&b);
	bt_hex_json(&b, p + 4, wide ? 12 : 4);
	bu_out_raw(&t->out, "imm", bu_buf_cstr(&b), NULL);
	bu_out_obj_end(&t->out);
out:
	bu_buf_free(&b);
}

/* Returns the number of slots taken: 1 or 2. */
static uint32_t put_insn(struct bt *t, struct dump *d, uint32_t at)
{
	const uint8_t *p = d->insns + (size_t)at * BU_INSN_SIZE;
	struct bu_insn in, hi = { 0 };
	bool wide;

	bu_insn_decode(&in, p, BU_HOST_BE);
	wide = in.code == BU_OP_LD_IMM64 && at + 1 < d->n;
	if (wide)
		bu_insn_decode(&hi, p + BU_INSN_SIZE, BU_HOST_BE);
	bu_buf_reset(&d->text);
	if (wide)
		put_ld_imm64(d, &in, &hi);
	else if (in.code == BU_OP_CALL && in.src != BU_CALL_KFUNC)
		put_call(t, d, &in);
	else
		bu_isa_print_kernel(&d->text, &in, NULL, at, NULL);
	bu_out_obj(&t->out, NULL);
	put_proto(t, d, at);
	put_line(t, d, at);
	if (t->json) {
		struct bu_buf dis = { 0 };

		bu_buf_printf(&dis, "(%02x) %s", in.code, bu_buf_cstr(&d->text));
		bu_out_str(&t->out, "disasm", bu_buf_cstr(&dis), SIZE_MAX, NULL);
		bu_buf_free(&dis);
	} else {
		bu_out_text(&t->out, "%4u: (%02x) %s\n", at, in.code, bu_buf_cstr(&d->text));
	}
	if (d->opcodes)
		put_opcodes(t, p, wide);
	bu_out_obj_end(&t->out);
	if (t->out.buf.n >= OUT_BLOCK)
		bu_out_flush(&t->out);
	return wide ? 2 : 1;
}

static int dump_one(struct bt *t, const struct dump *how, int fd, const char *key, bool header)
{
	struct dump d = *how;
	uint32_t at;
	int st = fetch(t, &d, fd);

	if (st) {
		if (header)
			bt_error_obj(t, key, d.pi.id);
		return st;
	}
	bt_begin(t);
	if (header) {
		bu_out_obj(&t->out, key);
		bt_put_prog_header(t, &d.pi, d.name);
		bu_out_text(&t->out, "\n");
		key = "insns";
	}
	bu_out_arr(&t->out, key);
	for (at = 0; at < d.n && !t->out.err;)
		at += put_insn(t, &d, at);
	bu_out_arr_end(&t->out);
	if (header)
		bu_out_obj_end(&t->out);
	bu_buf_free(&d.text);
	return 0;
}

static int write_file(struct bt *t, int fd, const char *path)
{
	struct dump d = { 0 };
	struct bu_outfile f;
	int st = fetch(t, &d, fd), err;

	if (st)
		return st;
	err = bu_outfile_open(&f, path);
	if (!err) {
		err = bu_write_all(f.fd, d.insns, (size_t)d.n * BU_INSN_SIZE);
		if (err)
			bu_outfile_abort(&f);
		else
			err = bu_outfile_commit(&f);
	}
	if (!err)
		return 0;
	bt_error(t, "U0002", "cannot write '%s': %s", bt_escz(t, path), bt_strerror(err));
	return BU_EXIT_IO;
}

static int read_how(struct bt *t, struct dump *how, const char **file)
{
	static const char *const words[] = { "file", "opcodes", "linum", NULL };

	while (bt_peek(t)) {
		if (bt_kw(t, "opcodes"))
			how->opcodes = true;
		else if (bt_kw(t, "linum"))
			how->linum = true;
		else if (bt_kw(t, "file")) {
			*file = bt_next(t);
			if (!*file)
				return bt_usage(t, NULL, NULL, "'file' wants a path");
		} else
			return bt_usage(t, bt_peek(t), words, "'%s' is not expected here",
					bt_escz(t, bt_peek(t)));
	}
	if (*file && (how->opcodes || how->linum))
		return bt_usage(t, NULL, NULL, "a file gets the bytes as they are, without %s",
				how->opcodes ? "opcodes" : "linum");
	return 0;
}

int bt_prog_dump_xlated(struct bt *t)
{
	struct dump how = { 0 };
	const char *file = NULL;
	struct bt_objs all;
	int st, one;
	bool many;
	size_t i;

	st = bt_handles(t, BU_PROG, 0, &all);
	if (!st)
		st = read_how(t, &how, &file);
	if (st)
		goto out;
	many = all.n > 1;
	if (file) {
		st = many ? bt_error(t, "T0103", "%zu programs match, and a file takes one", all.n) :
			    write_file(t, all.v[0].fd, file);
		goto out;
	}
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
