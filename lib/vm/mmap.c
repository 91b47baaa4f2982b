/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What user space maps of an object, and waits for. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/map.h"
#include "vm/private.h"

void *bu_vm_op_mmap(struct bu_sys *s, int fd, size_t len, bool writable, uint64_t off, int *err)
{
	return (*err = -ENOSYS, NULL);
}

int bu_vm_op_munmap(struct bu_sys *s, void *p, size_t len)
{
	return -ENOSYS;
}

int bu_vm_op_wait(struct bu_sys *s, const int *fds, unsigned n, int timeout_ms)
{
	return -ENOSYS;
}

