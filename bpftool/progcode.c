// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The code of a loaded program, and what its operands mean.
 *
 * The kernel has rewritten some operands, and hands them out like this:
 *   ld_imm64 of a map   imm is the map's id (src MAP_FD, MAP_VALUE with the offset in the next slot)
 *   call of a helper    imm is the distance from __bpf_call_base (jited or not), a number otherwise
 *   call of a function  off is the distance in instructions, imm its index in jited_ksyms
 */
#include <stdlib.h>
#include <string.h>

#include "progcode.h"

/* Room for n records of size bytes at an address for the kernel; 0 when there are none. */
static void *room(struct bt *t, uint32_t n, uint32_t size, uint64_t *addr)
{
	void *p = n && size ? bu_arena_array(&t->arena, n, size) : NULL;

	*addr = p ? bu_ptr64(p) : 0;
	return p;
}

/* Asks for lines and functions. */
static void want_lines(struct bt *t, struct bt_code *c, struct bpf_prog_info *q)
{
	uint64_t addr = 0;

	if (c->pi.func_info_rec_size >= sizeof(struct bpf_func_info))
		c->funcs = room(t, c->pi.nr_func_info, c->pi.func_info_rec_size, &addr);
	q->func_info = c->funcs ? addr : 0;
	q->nr_func_info = c->funcs ? c->pi.nr_func_info : 0;
	q->func_info_rec_size = c->pi.func_info_rec_size;
	if (c->pi.line_info_rec_size >= sizeof(struct bpf_line_info))
		c->lines = room(t, c->pi.nr_line_info, c->pi.line_info_rec_size, &addr);
	q->line_info = c->lines ? addr : 0;
	q->nr_line_info = c->lines ? c->pi.nr_line_info : 0;
	q->line_info_rec_size = c->pi.line_info_rec_size;
}

static void want_native(struct bt *t, struct bt_code *c, struct bpf_prog_info *q)
{
	uint64_t addr = 0;

	c->native = room(t, c->pi.jited_prog_len, 1, &addr);
	q->jited_prog_insns = addr;
	q->jited_prog_len = c->native ? c->pi.jited_prog_len : 0;
	c->func_lens = room(t, c->pi.nr_jited_func_lens, sizeof(uint32_t), &addr);
	q->jited_func_lens = addr;
	q->nr_jited_func_lens = c->func_lens ? c->pi.nr_jited_func_lens : 0;
	if (c->pi.jited_line_info_rec_size >= sizeof(uint64_t))
		c->native_lines = room(t, c->pi.nr_jited_line_info, c->pi.jited_line_info_rec_size, &addr);
	q->jited_line_info = c->native_lines ? addr : 0;
	q->nr_jited_line_info = c->native_lines ? c->pi.nr_jited_line_info : 0;
	q->jited_line_info_rec_size = c->pi.jited_line_info_rec_size;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What was given: never more than there was room for, nothing where the kernel took the address back. */
static void got(struct bt_code *c, const struct bpf_prog_info *q)
{
	struct bpf_prog_info *pi = &c->pi;

	c->n = c->insns ? least(q->xlated_prog_len, pi->xlated_prog_len) / BU_INSN_SIZE : 0;
	pi->nr_jited_ksyms = c->ksyms && q->jited_ksyms ? least(q->nr_jited_ksyms, pi->nr_jited_ksyms) : 0;
	pi->nr_func_info = c->funcs && q->func_info ? least(q->nr_func_info, pi->nr_func_info) : 0;
	pi->nr_line_info = c->lines && q->line_info ? least(q->nr_line_info, pi->nr_line_info) : 0;
	c->nnative = c->native && q->jited_prog_insns ? least(q->jited_prog_len, pi->jited_prog_len) : 0;
	c->nfunc_lens = c->func_lens && q->jited_func_lens ? least(q->nr_jited_func_lens, pi->nr_jited_func_lens) : 0;
	pi->nr_jited_line_info = c->native_lines && q->jited_line_info ?
		least(q->nr_jited_line_info, pi->nr_jited_line_info) : 0;
}

static int hidden(struct bt *t, const struct bt_code *c)
{
	bt_error(t, "T0106", "the kernel hides the instructions of program %u", c->pi.id);
	bt_hint(t, "it takes CAP_BPF with CAP_PERFMON, and kernel.kptr_restrict below 2");
	return BU_EXIT_UNSUPPORTED;
}

int bt_code_fetch(struct bt *t, struct bt_code *c, int fd, unsigned what)
{
	struct bpf_prog_info q = { 0 };
	uint32_t size = sizeof(q);
	uint64_t addr = 0;
	int err, st;

	*c = (struct bt_code){ .name = "" };
	err = bt_prog_info(t, fd, &c->pi, &c->name);
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about the program");
	if (!c->pi.xlated_prog_len)
		return hidden(t, c);
	if (what & BT_CODE_INSNS) {
		q.xlated_prog_len = c->pi.xlated_prog_len;
		c->insns = room(t, q.xlated_prog_len, 1, &addr);
		q.xlated_prog_insns = addr;
	}
	c->ksyms = room(t, c->pi.nr_jited_ksyms, sizeof(uint64_t), &addr);
	q.jited_ksyms = addr;
	q.nr_jited_ksyms = c->ksyms ? c->pi.nr_jited_ksyms : 0;
	if (what & BT_CODE_LINES)
		want_lines(t, c, &q);
	if (what & BT_CODE_NATIVE)
		want_native(t, c, &q);
	if (bu_arena_failed(&t->arena))
		return bt_refused(t, -1, -ENOMEM, "cannot read program %u", c->pi.id);
	err = bu_sys_info(t->sys, fd, &q, &size);
	if (err) {
		st = bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read program %u", c->pi.id);
		if (err == -ENOMEM)
			bt_hint(t, "the kernel copies all %u bytes in one piece of memory; 'echo 1 "
				">/proc/sys/vm/compact_memory' may make one", c->pi.xlated_prog_len);
		return st;
	}
	if (c->insns && (!q.xlated_prog_insns || !q.xlated_prog_len))
		return hidden(t, c);
	got(c, &q);
	if (c->pi.nr_func_info || c->pi.nr_line_info)
		c->btf = bt_btf(t, c->pi.btf_id);
	return 0;
}

void bt_code_rewind(struct bt_code *c)
{
	c->func_at = c->line_at = 0;
}

int bt_write_file(struct bt *t, const char *path, const void *p, size_t n)
{
	struct bu_outfile f;
	int err = bu_outfile_open(&f, path);

	if (!err) {
		err = bu_write_all(f.fd, p, n);
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

/* ---------------------------------------------------------------- functions */

int64_t bt_code_target(const struct bt_code *c, uint32_t at, const struct bu_insn *in)
{
	struct bpf_func_info f;

	/* 16 bits of distance are not enough for everything; of native code the index is there too */
	if (c->pi.nr_jited_ksyms && c->pi.nr_func_info == c->pi.nr_jited_ksyms && in->imm >= 0 &&
	    bt_code_func_at(c, (uint32_t)in->imm, &f) && (uint16_t)(f.insn_off - at - 1) == (uint16_t)in->off)
		return f.insn_off;
	return (int64_t)at + 1 + in->off;
}

static int by_num(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

uint32_t *bt_code_starts(struct bt *t, const struct bt_code *c, uint32_t *n)
{
	uint32_t *v = NULL, i, k = 0;
	struct bpf_func_info f;
	struct bu_insn in;
	size_t cap = 0;
	int64_t to;

	*n = 0;
#define ADD(x)                                                                                     \
	do {                                                                                       \
		v = bu_arena_regrow(&t->arena, v, *n, &cap, sizeof(*v));                           \
		if (!v)                                                                            \
			return NULL;                                                               \
		v[(*n)++] = (uint32_t)(x);                                                         \
	} while (0)
	ADD(0);
	for (i = 0; bt_code_func_at(c, i, &f); i++)
		if (f.insn_off < c->n)
			ADD(f.insn_off);
	for (i = 0; i < c->n; i++) {
		const uint8_t *p = c->insns + (size_t)i * BU_INSN_SIZE;

		if (*p != BU_OP_LD_IMM64 && *p != BU_OP_CALL)
			continue;
		bu_insn_decode(&in, p, BU_HOST_BE);
		to = -1;
		if (in.code == BU_OP_CALL && in.src == BU_CALL_LOCAL)
			to = bt_code_target(c, i, &in);
		else if (in.code == BU_OP_LD_IMM64 && in.src == BU_PSEUDO_FUNC)
			to = (int64_t)i + 1 + in.imm;
		i += in.code == BU_OP_LD_IMM64;
		if (to > 0 && to < c->n)
			ADD(to);
	}
#undef ADD
	qsort(v, *n, sizeof(*v), by_num);
	for (i = 1; i < *n; i++)
		if (v[i] != v[k])
			v[++k] = v[i];
	*n = k + 1;
	return v;
}

const char *bt_code_proto_of(struct bt *t, const struct bt_code *c, uint32_t i)
{
	struct bu_buf proto = { 0 };
	struct bpf_func_info f;
	const char *s = NULL;

	if (!c->btf || !bt_code_func_at(c, i, &f))
		return NULL;
	if (!bu_btf_print_proto(&proto, c->btf, f.type_id) && proto.n)
		s = bu_arena_strndup(&t->arena, bu_buf_cstr(&proto), proto.n);
	bu_buf_free(&proto);
	return s;
}

const char *bt_code_func_name(const struct bt_code *c, uint32_t i)
{
	struct bpf_func_info f;
	struct bu_btf_type ty;

	if (!c->btf || !bt_code_func_at(c, i, &f) || bu_btf_get(c->btf, f.type_id, &ty))
		return "";
	return ty.name;
}

const char *bt_code_proto(struct bt *t, struct bt_code *c, uint32_t at)
{
	struct bpf_func_info f;

	if (!c->btf || !bt_code_func_at(c, c->func_at, &f) || f.insn_off != at)
		return NULL;
	return bt_code_proto_of(t, c, c->func_at++);
}

/* ---------------------------------------------------------------- lines */

bool bt_code_line(struct bt_code *c, uint32_t at, struct bpf_line_info *l)
{
	for (; c->btf && bt_code_line_at(c, c->line_at, l); c->line_at++) {
		if (l->insn_off > at)
			return false;
		if (l->insn_off == at) {
			c->line_at++;
			return true;
		}
	}
	return false;
}

const char *bt_code_str(struct bt *t, const struct bt_code *c, uint32_t off)
{
	const char *s = bu_btf_str(c->btf, off);

	s += strspn(s, " \t");
	return t->json ? s : bt_esc_line(t, s);
}

void bt_put_source(struct bt *t, const struct bt_code *c, const struct bpf_line_info *l, bool linum)
{
	const char *src = bt_code_str(t, c, l->line_off), *file;
	uint32_t line, col;

	if (t->json) {
		bu_out_str(&t->out, "src", src, SIZE_MAX, NULL);
	} else {
		bu_buf_add(&t->out.buf, "; ", 2);
		bu_buf_str(&t->out.buf, src);
	}
	if (!linum)
		return;
	file = bt_code_str(t, c, l->file_name_off);
	line = BPF_LINE_INFO_LINE_NUM(l->line_col);
	col = BPF_LINE_INFO_LINE_COL(l->line_col);
	bu_out_str(&t->out, "file", file, SIZE_MAX, " [file:%s", file);
	bu_out_uint(&t->out, line ? "line_num" : BU_NO_JSON, line, " line_num:%u", line);
	bu_out_uint(&t->out, col ? "line_col" : BU_NO_JSON, col, " line_col:%u]", col);
}

/* ---------------------------------------------------------------- one instruction */

const char *bt_code_callee(struct bt *t, struct bt_code *c, const struct bu_insn *in)
{
	if (!c->call_base && !c->no_call_base) {
		c->call_base = bt_ksym_addr(t, "__bpf_call_base");
		c->no_call_base = !c->call_base;
	}
	return c->call_base ? bt_ksym(t, c->call_base + (uint64_t)(int64_t)in->imm) : NULL;
}

/* What stands between "call " and its number. */
static void put_local_call(struct bt *t, const struct bt_code *c, const struct bu_insn *in, struct bu_buf *b)
{
	const char *sym;
	uint64_t addr = 0;

	bu_buf_printf(b, "call pc%+d", in->off);
	if (!c->pi.nr_jited_ksyms)
		return;
	addr = (uint32_t)in->imm < c->pi.nr_jited_ksyms ? c->ksyms[in->imm] : 0;
	sym = addr ? bt_ksym(t, addr) : NULL;
	if (sym)
		bu_buf_printf(b, "#%s", sym);
	else
		bu_buf_printf(b, "#0x%llx", (unsigned long long)addr);
}

static void put_call(struct bt *t, struct bt_code *c, const struct bu_insn *in, struct bu_buf *b)
{
	const struct bu_helper *h = in->src == BU_CALL_HELPER ? bu_helper_by_id(in->imm) : NULL;
	const char *sym;

	if (in->src == BU_CALL_LOCAL) {
		put_local_call(t, c, in, b);
		return;
	}
	sym = bt_code_callee(t, c, in);
	if (sym || h)
		bu_buf_printf(b, "call %s#%d", sym ? sym : h->name, in->imm);
	else if (in->src == BU_CALL_KFUNC)
		bu_buf_printf(b, "call kernel-function#%d", in->imm);
	else
		bu_buf_printf(b, "call 0x%llx#%d", (unsigned long long)(c->call_base + (uint64_t)(int64_t)in->imm), in->imm);
}

static void put_ld_imm64(const struct bu_insn *in, const struct bu_insn *hi, struct bu_buf *b)
{
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

uint32_t bt_code_print(struct bt *t, struct bt_code *c, uint32_t at, struct bu_buf *b)
{
	const uint8_t *p = c->insns + (size_t)at * BU_INSN_SIZE;
	struct bu_insn in, hi = { 0 };

	bu_insn_decode(&in, p, BU_HOST_BE);
	if (in.code == BU_OP_LD_IMM64 && at + 1 < c->n) {
		bu_insn_decode(&hi, p + BU_INSN_SIZE, BU_HOST_BE);
		put_ld_imm64(&in, &hi, b);
		return 2;
	}
	if (in.code == BU_OP_CALL)
		put_call(t, c, &in, b);
	else
		bu_isa_print_kernel(b, &in, NULL, at, NULL);
	return 1;
}
