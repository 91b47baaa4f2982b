/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pins, and who holds what. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/private.h"

int bu_vm_op_pin_prepare(struct bu_sys *s, const char *path, bool no_mount)
{
	return -ENOSYS;
}

int bu_vm_op_pin_mkdir(struct bu_sys *s, const char *dir)
{
	return -ENOSYS;
}

int bu_vm_op_pin_rmdir(struct bu_sys *s, const char *dir)
{
	return -ENOSYS;
}

int bu_vm_op_unpin(struct bu_sys *s, const char *path)
{
	return -ENOSYS;
}

int bu_vm_op_pins(struct bu_sys *s, bu_pin_fn *fn, void *ctx)
{
	return 0;
}

int bu_vm_op_holders(struct bu_sys *s, bu_holder_fn *fn, void *ctx)
{
	return 0;
}

int bu_vm_op_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id)
{
	return -EINVAL;
}

int bu_vm_pin(struct bu_vm *vm, int dirfd, const char *path, int fd)
{
	return -ENOSYS;
}

int bu_vm_pin_get(struct bu_vm *vm, int dirfd, const char *path, int oflags)
{
	return -ENOSYS;
}

