/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROG_TEST_RUN: the kernel's rules around a run. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"
#include "vm/run.h"

int bu_vm_cmd_test_run(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	return -ENOSYS;
}

