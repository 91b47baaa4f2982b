/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The batch commands. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"

int bu_vm_cmd_batch(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

