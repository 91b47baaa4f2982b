/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table of commands, and the caller's memory. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"

int bu_vm_bpf(struct bu_sys *s, int cmd, union bpf_attr *attr, unsigned size)
{
	return -ENOSYS;
}

int bu_vm_copy_in(struct bu_vm *vm, void *dst, uint64_t user, size_t n)
{
	return -EFAULT;
}

int bu_vm_copy_out(struct bu_vm *vm, uint64_t user, const void *src, size_t n)
{
	return -EFAULT;
}

long bu_vm_copy_str(struct bu_vm *vm, char *dst, uint64_t user, size_t n)
{
	return -EFAULT;
}

void *bu_vm_dup_in(struct bu_vm *vm, uint64_t user, size_t n, int *err)
{
	return (*err = -EFAULT, NULL);
}

