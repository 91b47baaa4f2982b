/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program's code as its backend hands it out, for the commands that dump and compare it. */
#ifndef BT_PROGCODE_H
#define BT_PROGCODE_H

#include "tool.h"

/* What to fetch; each costs the kernel and us a copy. */
enum { BT_CODE_INSNS = 1, BT_CODE_LINES = 2, BT_CODE_NATIVE = 4 };

struct bt_code {
	struct bpf_prog_info pi;  /* with the numbers of what was really given */
	const char *name;
	uint8_t *insns;           /* everything is in the arena */
	uint32_t n;
	uint64_t *ksyms;          /* pi.nr_jited_ksyms addresses of functions */
	uint8_t *funcs, *lines;   /* records of the kernel's size */
	const struct bu_btf *btf; /* NULL: none, or no use for it */
	/* BT_CODE_NATIVE */
	uint8_t *native;
	uint32_t nnative;         /* bytes */
	uint32_t *func_lens, nfunc_lens;
	uint8_t *native_lines;    /* pi.nr_jited_line_info addresses */
	/* private */
	uint64_t call_base;
	bool no_call_base;
	uint32_t func_at, line_at; /* next record of the walk */
};

/* Reads what fd is. Status, said why; pi.id is set if it could be read. */
int bt_code_fetch(struct bt *t, struct bt_code *c, int fd, unsigned what);
/* The walks of functions and lines begin anew. */
void bt_code_rewind(struct bt_code *c);
static inline bool bt_code_line_at(const struct bt_code *c, uint32_t i, struct bpf_line_info *l)
{
	if (i >= c->pi.nr_line_info)
		return false;
	__builtin_memcpy(l, c->lines + (size_t)i * c->pi.line_info_rec_size, sizeof(*l));
	return true;
}
static inline bool bt_code_func_at(const struct bt_code *c, uint32_t i, struct bpf_func_info *f)
{
	if (i >= c->pi.nr_func_info)
		return false;
	__builtin_memcpy(f, c->funcs + (size_t)i * c->pi.func_info_rec_size, sizeof(*f));
	return true;
}
/* The prototype of the function that begins at instruction `at`, in the arena; NULL: none does. For a walk. */
const char *bt_code_proto(struct bt *t, struct bt_code *c, uint32_t at);
/* The prototype of function number i by its record, or NULL; and its name alone, or "". */
const char *bt_code_proto_of(struct bt *t, const struct bt_code *c, uint32_t i);
const char *bt_code_func_name(const struct bt_code *c, uint32_t i);
/* The line of source that begins at instruction `at`. For a walk. */
bool bt_code_line(struct bt_code *c, uint32_t at, struct bpf_line_info *l);
/* Text of the BTF at off, without the blanks in front; escaped for text output. */
const char *bt_code_str(struct bt *t, const struct bt_code *c, uint32_t off);
/* "; SOURCE [file:F line_num:N line_col:N]" or its JSON keys, without a newline. */
void bt_put_source(struct bt *t, const struct bt_code *c, const struct bpf_line_info *l, bool linum);
/*
 * The instruction at `at` as the kernel's disassembler shows it, appended to b with its operands named:
 * "r1 = map[id:7]". Returns the slots it takes.
 */
uint32_t bt_code_print(struct bt *t, struct bt_code *c, uint32_t at, struct bu_buf *b);
/* Name of the kernel's function that a call goes to, or NULL. */
const char *bt_code_callee(struct bt *t, struct bt_code *c, const struct bu_insn *in);
/* First instruction of the function that a local call at `at` goes to. */
int64_t bt_code_target(const struct bt_code *c, uint32_t at, const struct bu_insn *in);
/*
 * First instructions of all functions, rising, the first is 0: from records, calls and addresses taken.
 * In the arena; NULL: no memory.
 */
uint32_t *bt_code_starts(struct bt *t, const struct bt_code *c, uint32_t *n);
/* A new file of the n bytes at p. Status. */
int bt_write_file(struct bt *t, const char *path, const void *p, size_t n);

/* visual.c: the program as a graph in the language of graphviz. */
void bt_put_graph(struct bt *t, struct bt_code *c, bool opcodes, bool linum);
/* progasm.c: text that bpf-as makes the same bytes of. */
void bt_put_asm(struct bt *t, struct bt_code *c);

#endif
