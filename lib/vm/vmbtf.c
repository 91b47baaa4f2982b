/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The type information that the VM has of itself. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/private.h"
#include "vm/progfile.h"

int bu_vm_iter_by_btf_id(struct bu_vm *vm, uint32_t id)
{
	return -EINVAL;
}

int bu_vm_op_vmlinux_btf(struct bu_sys *s, const void **data, size_t *size)
{
	return -ENOENT;
}

