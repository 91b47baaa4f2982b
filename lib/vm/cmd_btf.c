/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* BTF objects. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"

int bu_vm_cmd_btf_load(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_info_btf(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	return -ENOSYS;
}

int bu_vm_btf_of(struct bu_vm_obj *o, const struct bu_btf **btf)
{
	return -ENOSYS;
}

int bu_vm_btf_spin_lock(const struct bu_btf *btf, uint32_t value_type)
{
	return -ENOENT;
}

