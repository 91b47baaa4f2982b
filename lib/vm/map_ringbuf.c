/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ring buffers. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/map.h"
#include "vm/run.h"

void *bu_vm_ringbuf_reserve(struct bu_vm_map *m, uint64_t size)
{
	return NULL;
}

void bu_vm_ringbuf_commit(struct bu_vm_map *m, void *sample, uint64_t flags, bool discard)
{
}

int bu_vm_ringbuf_output(struct bu_vm_map *m, const void *data, uint64_t size, uint64_t flags)
{
	return -ENOSYS;
}

uint64_t bu_vm_ringbuf_query(struct bu_vm_map *m, uint64_t what)
{
	return 0;
}

