/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The interpreter. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

int bu_vm_interp(struct bu_vm_run *run)
{
	return -EFAULT;
}

int bu_vm_callback(struct bu_vm_run *run, uint64_t func, const uint64_t arg[5], uint64_t *r0)
{
	return -EFAULT;
}

int bu_vm_fault_at(struct bu_vm_run *run, enum bu_vm_fault_kind kind, uint64_t addr, uint32_t size, bool write, const char *fmt, ...)
{
	return -EFAULT;
}

