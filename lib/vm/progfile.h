/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files about programs, BTF, events and links share. */
#ifndef BU_VM_PROGFILE_H
#define BU_VM_PROGFILE_H

#include "vm/cmd.h"
#include "vm/run.h"

#ifndef BU_VM_ENOTSUPP
#define BU_VM_ENOTSUPP 524 /* the kernel's own; no errno.h has it */
#endif

/* The caller's log buffer of PROG_LOAD and BTF_LOAD: text is collected, then handed out once. */
struct bu_vm_log {
	uint32_t level, size;
	uint64_t ubuf;
	struct bu_buf text;
};
/* 0, or -EINVAL by the kernel's rules for the three. */
int bu_vm_log_init(struct bu_vm_log *l, uint32_t level, uint64_t ubuf, uint32_t size);
/*
 * Copies the log out, cut at its end (BPF_LOG_FIXED) or at its start. *true_size: what it takes with
 * its NUL. 0, -ENOSPC when it was cut, -EFAULT. Frees the text.
 */
int bu_vm_log_done(struct bu_vm *vm, struct bu_vm_log *l, uint32_t *true_size);

/*
 * In a program's file, and in bu_vm_prog.insns, an ld_imm64 of a map (src MAP_FD, MAP_VALUE) has the
 * index of the map among the used ones as imm, and the offset in the value as imm of its second slot.
 */
#define BU_VM_USED_MAPS 64u
#define BU_VM_PROG_MAPS 1024u /* with those bound later: room in the file */

/* Parts of a program that came with PROG_LOAD, before they become a file. */
struct bu_vm_newprog {
	struct bu_vm_prog_attr h;
	struct bu_insn *insns;
	uint8_t *raw;                 /* the same as bytes, as they were given */
	struct bu_vm_map *maps[BU_VM_USED_MAPS];
	uint32_t nmaps;
	struct bu_vm_obj *btf;
	struct bpf_func_info *funcs;
	struct bpf_line_info *lines;
	char license[128];
	uint32_t starts[257], nsubs;  /* first instruction of each function, ascending */
};
/* Writes the file, publishes it: the fd or -errno. */
int bu_vm_prog_make(struct bu_vm *vm, struct bu_vm_newprog *np);
/* func_info and line_info by the kernel's rules, into np (attr's counts say whether). progbtf.c */
int bu_vm_prog_btf_early(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
			 union bpf_attr *user, struct bu_vm_log *log);
int bu_vm_prog_btf(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		   union bpf_attr *user, struct bu_vm_log *log);

/* The ids of the VM's own BTF ("vmlinux"). vmbtf.c */
#define BU_VM_ITER_MAP 1
#define BU_VM_ITER_PROG 2
#define BU_VM_ITER_LINK 3
#define BU_VM_ITER_ELEM 4
#define BU_VM_NITERS 5
/* "bpf_map" … */
extern const char *const bu_vm_iter_names[BU_VM_NITERS];
/* Which iterator a type id of the VM's BTF is: BU_VM_ITER_…, or -EINVAL. */
int bu_vm_iter_by_btf_id(struct bu_vm *vm, uint32_t id);

/* A program's type as an object says it, for attaching: 0 with one reference. cmd_link.c */
int bu_vm_prog_obj(struct bu_vm *vm, uint32_t fd, struct bu_vm_obj **o);

#endif
