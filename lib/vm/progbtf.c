/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* func_info, line_info and what else PROG_LOAD is told by way of BTF, with the kernel's errno. */
#include "vm/progfile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define REC_MAX 252u

/*
 * One record of rec bytes, of which we know n; what is behind must be zero. *known is told to the
 * caller's attribute (at member offset where) when it is not.
 */
static int record(struct bu_vm *vm, void *dst, uint64_t at, uint32_t n, uint32_t rec,
		  union bpf_attr *user, size_t where, struct bu_buf *log, const char *what)
{
	int err = rec > n ? bu_vm_tail_zero(vm, at, n, rec) : 0;

	if (err == -E2BIG) {
		bu_buf_printf(log, "nonzero tailing record in %s", what);
		if (bu_vm_copy_out(vm, bu_ptr64(user) + where, &n, sizeof(n)))
			return -EFAULT;
	}
	return err ? err : bu_vm_copy_in(vm, dst, at, rec < n ? rec : n);
}

static bool bad_size(uint32_t rec, uint32_t min)
{
	return rec < min || rec > REC_MAX || rec % 4;
}

int bu_vm_prog_btf_early(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
			 union bpf_attr *user, struct bu_vm_log *log)
{
	uint32_t n = a->func_info_cnt, rec = a->func_info_rec_size, prev = 0;
	const struct bu_btf *btf;
	int err;

	if (!a->func_info_cnt && !a->line_info_cnt)
		return 0;
	err = bu_vm_obj_by_fd(vm, (int)a->prog_btf_fd, BU_VM_BTF, &np->btf, NULL);
	if (!err)
		err = bu_vm_btf_of(np->btf, &btf);
	if (err || !n)
		return err;
	if (bad_size(rec, sizeof(struct bpf_func_info))) {
		bu_buf_printf(&log->text, "invalid func info rec size %u\n", rec);
		return -EINVAL;
	}
	if (n > INT_MAX / sizeof(*np->funcs))
		return -ENOMEM;
	/* More records than instructions are wrong at the latest when they are compared with these. */
	np->funcs = calloc(n < np->h.ninsns + 2 ? n : np->h.ninsns + 2, sizeof(*np->funcs));
	if (!np->funcs)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct bpf_func_info f = { 0 };
		struct bu_btf_type t, p;

		err = record(vm, &f, a->func_info + (uint64_t)i * rec, sizeof(f), rec, user,
			     offsetof(union bpf_attr, func_info_rec_size), &log->text, "func info");
		if (err)
			return err;
		if (i == 0 && f.insn_off) {
			bu_buf_printf(&log->text,
				      "nonzero insn_off %u for the first func info record",
				      f.insn_off);
			return -EINVAL;
		}
		if (i && f.insn_off <= prev) {
			bu_buf_printf(&log->text, "same or smaller insn offset (%u) than previous func info record (%u)",
				      f.insn_off, prev);
			return -EINVAL;
		}
		if (bu_btf_get(btf, f.type_id, &t) || t.kind != BU_BTF_FUNC) {
			bu_buf_printf(&log->text, "invalid type id %u in func info", f.type_id);
			return -EINVAL;
		}
		if (bu_btf_get(btf, t.type, &p) || p.kind != BU_BTF_FUNC_PROTO)
			return -EINVAL;
		prev = f.insn_off;
		if (i < np->h.ninsns + 2)
			np->funcs[i] = f;
	}
	return 0;
}

static int check_lines(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		       union bpf_attr *user, const struct bu_btf *btf, struct bu_buf *log)
{
	uint32_t n = a->line_info_cnt, rec = a->line_info_rec_size, prev = 0, s = 0;
	int err;

	if (!n)
		return 0;
	if (n > INT_MAX / sizeof(struct bpf_line_info) ||
	    bad_size(rec, sizeof(struct bpf_line_info)))
		return -EINVAL;
	np->lines = calloc(n < np->h.ninsns ? n : np->h.ninsns, sizeof(*np->lines));
	if (!np->lines)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++) {
		struct bpf_line_info l = { 0 };

		err = record(vm, &l, a->line_info + (uint64_t)i * rec, sizeof(l), rec, user,
			     offsetof(union bpf_attr, line_info_rec_size), log, "line_info");
		if (err)
			return err;
		if ((i && l.insn_off <= prev) || l.insn_off >= np->h.ninsns) {
			bu_buf_printf(log, "Invalid line_info[%u].insn_off:%u (prev_offset:%u prog->len:%u)\n",
				      i, l.insn_off, prev, np->h.ninsns);
			return -EINVAL;
		}
		if (!np->insns[l.insn_off].code) {
			bu_buf_printf(log, "Invalid insn code at line_info[%u].insn_off\n", i);
			return -EINVAL;
		}
		if (l.line_off >= btf->str_len || l.file_name_off >= btf->str_len) {
			bu_buf_printf(log, "Invalid line_info[%u].line_off or .file_name_off\n", i);
			return -EINVAL;
		}
		if (s < np->nsubs && l.insn_off == np->starts[s]) {
			s++;
		} else if (s < np->nsubs && np->starts[s] < l.insn_off) {
			bu_buf_printf(log, "missing bpf_line_info for func#%u\n", s);
			return -EINVAL;
		}
		np->lines[i] = l; /* i < ninsns: insn_off grows and is below it */
		prev = l.insn_off;
	}
	if (s != np->nsubs) {
		bu_buf_printf(log, "missing bpf_line_info for %u funcs starting from func#%u\n",
			      np->nsubs - s, s);
		return -EINVAL;
	}
	np->h.nlines = n;
	np->h.line_rec_size = sizeof(struct bpf_line_info);
	return 0;
}

int bu_vm_prog_btf(struct bu_vm *vm, struct bu_vm_newprog *np, const union bpf_attr *a,
		   union bpf_attr *user, struct bu_vm_log *log)
{
	const struct bu_btf *btf;
	int err;

	if (!a->func_info_cnt && !a->line_info_cnt)
		return 0;
	err = bu_vm_btf_of(np->btf, &btf);
	if (err)
		return err;
	if (a->func_info_cnt) {
		if (a->func_info_cnt != np->nsubs) {
			bu_buf_str(&log->text, "number of funcs in func_info doesn't match number of subprogs\n");
			return -EINVAL;
		}
		for (uint32_t i = 0; i < np->nsubs; i++) {
			if (np->funcs[i].insn_off != np->starts[i]) {
				bu_buf_str(&log->text, "func_info BTF section doesn't match subprog layout in BPF program\n");
				return -EINVAL;
			}
		}
		np->h.nfuncs = a->func_info_cnt;
		np->h.func_rec_size = sizeof(struct bpf_func_info);
	}
	err = check_lines(vm, np, a, user, btf, &log->text);
	if (err || !a->core_relo_cnt)
		return err;
	if (a->core_relo_cnt > INT_MAX / sizeof(struct bpf_core_relo) ||
	    bad_size(a->core_relo_rec_size, sizeof(struct bpf_core_relo)))
		return -EINVAL;
	/* There is no kernel whose types they could be relocated against. */
	bu_buf_str(&log->text, "CO-RE relocations are applied by the loader, not by the VM\n");
	return -EOPNOTSUPP;
}
