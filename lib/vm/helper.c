/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers: their table, and the check of their arguments. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

bool bu_vm_progset_has(uint8_t set, uint32_t prog_type)
{
	return false;
}

const struct bu_vm_helper *bu_vm_helper(int32_t id)
{
	return NULL;
}

int bu_vm_call_helper(struct bu_vm_run *run, const struct bu_vm_helper *h, uint64_t *r0)
{
	return -EFAULT;
}


int bu_vm_helpers_end(struct bu_vm_run *run)
{
	return 0;
}
