/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROG_LOAD and what else concerns programs. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"
#include "vm/run.h"

int bu_vm_cmd_prog_load(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_bind_map(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_cmd_enable_stats(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_info_prog(struct bu_vm *vm, struct bu_vm_obj *o, union bpf_attr *a, union bpf_attr *user)
{
	return -ENOSYS;
}

int bu_vm_prog_of(struct bu_vm_obj *o, struct bu_vm_prog **p)
{
	return -ENOSYS;
}

int bu_vm_prog_by_fd(struct bu_vm *vm, int fd, struct bu_vm_prog **p)
{
	return -ENOSYS;
}

int bu_vm_prog_by_id(struct bu_vm *vm, uint32_t id, struct bu_vm_prog **p)
{
	return -ENOSYS;
}

