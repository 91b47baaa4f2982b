/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The type information that the VM has of itself. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/private.h"

int bu_vm_op_vmlinux_btf(struct bu_sys *s, const void **data, size_t *size)
{
	return -ENOENT;
}

