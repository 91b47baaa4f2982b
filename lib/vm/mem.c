/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which memory a run may touch. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

void *bu_vm_mem(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write)
{
	return NULL;
}

void *bu_vm_mem_try(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write)
{
	return NULL;
}

