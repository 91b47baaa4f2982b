/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The world's ring of trace_printk, and time. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

uint64_t bu_vm_ktime(const struct bu_vm_run *run)
{
	return 0;
}

void bu_vm_trace(struct bu_vm_run *run, const char *text, size_t n)
{
}

int bu_vm_trace_read(struct bu_sys *s, uint64_t *pos, char *text, size_t size, uint64_t *lost)
{
	return 0;
}

