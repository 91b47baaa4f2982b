/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

int bu_vm_ctx_begin(struct bu_vm_run *run)
{
	return -ENOSYS;
}

void bu_vm_ctx_end(struct bu_vm_run *run)
{
}

int bu_vm_ctx_load(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t *val)
{
	return -EFAULT;
}

int bu_vm_ctx_store(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t val)
{
	return -EFAULT;
}

