/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* perf_event_array and the rings of its events. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/map.h"
#include "vm/run.h"

int bu_vm_perf_output(struct bu_vm_run *run, struct bu_vm_map *m, uint64_t index, const void *data, uint64_t size)
{
	return -ENOSYS;
}

