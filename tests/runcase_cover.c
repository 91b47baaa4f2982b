/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the case files have run in the VM: instructions of isa.def, helpers, map types. */
#include "runcase.h"

#include "vm/run.h"

#include <stdlib.h>
#include <string.h>

#define MAX_ROWS 512u
#define MAX_HELPERS 512
#define MAX_TYPES 64u

static bool row[MAX_ROWS], helper[MAX_HELPERS], type[MAX_TYPES];

static void note_code(const uint8_t *code, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct bu_insn in;
		const struct bu_isa *k;

		bu_insn_decode(&in, code + (size_t)i * BU_INSN_SIZE, BU_HOST_BE);
		k = bu_isa_find_loose(&in);
		if (k && k - bu_isa_rows < MAX_ROWS)
			row[k - bu_isa_rows] = true;
		if (in.code == BU_OP_CALL && in.src == BU_CALL_HELPER && in.imm > 0 && in.imm < MAX_HELPERS)
			helper[in.imm] = true;
		i += in.code == BU_OP_LD_IMM64;
	}
}

void cover_note(struct bu_sys *s, const struct bu_loaded *l)
{
	for (unsigned i = 0; i < l->nprogs; i++) {
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		uint8_t *code;

		if (bu_sys_info(s, l->progs[i].fd, &info, &size))
			continue;
		code = malloc(info.xlated_prog_len + 1);
		info = (struct bpf_prog_info){ .xlated_prog_len = info.xlated_prog_len,
					       .xlated_prog_insns = bu_ptr64(code) };
		size = sizeof(info);
		if (code && !bu_sys_info(s, l->progs[i].fd, &info, &size))
			note_code(code, info.xlated_prog_len / BU_INSN_SIZE);
		free(code);
	}
	for (unsigned i = 0; i < l->nmaps; i++) {
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);

		if (!bu_sys_info(s, l->maps[i].fd, &info, &size) && info.type < MAX_TYPES)
			type[info.type] = true;
	}
}

/* What no case can run, and why. */
static bool exempt_row(const struct bu_isa *k)
{
	static const char *const names[] = {
		"ADDR_SPACE_CAST", "JX", "CALL_KFUNC", "CALLX", /* refused */
		"LD_BTF_ID",                                     /* refused: there is nothing of the kernel's to point to */
		"LD_MAP_IDX", "LD_MAP_IDX_VALUE",                /* loaded programs have the map itself instead */
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++)
		if (!strcmp(k->name, names[i]))
			return true;
	return false;
}

static bool exempt_helper(int id)
{
	switch (id) {
	case 93: case 94:   /* bpf_spin_lock and unlock want a type in BTF: unit/vm_spin_test */
	case 145: case 146: /* bpf_inode_storage_get and delete are for security modules, which the VM has not */
	case 126: case 127: /* bpf_seq_printf and write want an iterator: unit/vm_link_test */
	case 150:           /* so does bpf_seq_printf_btf: vm-kfunc.bats */
		return true;
	}
	return false;
}

unsigned cover_missing(struct bu_buf *why)
{
	unsigned n = 0;

	for (unsigned i = 0; i < bu_isa_nrows; i++)
		if (i >= MAX_ROWS || (!row[i] && !exempt_row(&bu_isa_rows[i]))) {
			bu_buf_printf(why, "no case runs the instruction %s\n", bu_isa_rows[i].name);
			n++;
		}
	for (int i = 0; i < MAX_HELPERS; i++)
		if (bu_vm_helper(i) && !helper[i] && !exempt_helper(i)) {
			bu_buf_printf(why, "no case calls %s\n", bu_helper_by_id(i)->name);
			n++;
		}
	for (unsigned i = BPF_MAP_TYPE_HASH; i < MAX_TYPES; i++)
		/* a struct of operations is no map of a source: tests/tool-structops.bats */
		if (bu_vm_map_ops(i) && !type[i] && i != BPF_MAP_TYPE_STRUCT_OPS) {
			bu_buf_printf(why, "no case has a map of type %s\n",
				      bu_kind_by_num(bu_map_types, bu_nmap_types, i)->name);
			n++;
		}
	return n;
}
