/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands that all objects share. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"

int bu_vm_cmd_pin(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_get(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_next_id(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_fd_by_id(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_info(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_info_map(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	return -ENOSYS;
}

