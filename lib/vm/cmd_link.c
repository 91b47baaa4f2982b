/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Links and iterators. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"
#include "vm/run.h"

int bu_vm_cmd_link_create(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_link_update(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_link_detach(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_raw_tp(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_iter_create(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_info_link(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	return -ENOSYS;
}

