/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all map types share. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/cmd.h"
#include "vm/run.h"

const struct bu_vm_map_ops *bu_vm_map_ops(uint32_t type)
{
	return NULL;
}

int bu_vm_map_create(struct bu_vm *vm, const union bpf_attr *a)
{
	return -ENOSYS;
}

int bu_vm_map_of(struct bu_vm_obj *o, struct bu_vm_map **m)
{
	return -ENOSYS;
}

int bu_vm_map_by_fd(struct bu_vm *vm, int fd, int need, struct bu_vm_map **m)
{
	return -ENOSYS;
}

int bu_vm_map_by_id(struct bu_vm *vm, uint32_t id, struct bu_vm_map **m)
{
	return -ENOSYS;
}

bool bu_vm_map_meta_equal(const struct bu_vm_map *outer, const struct bu_vm_map *inner)
{
	return false;
}

void bu_vm_grant(struct bu_vm_map *m, const void *p)
{
}

void bu_vm_copy(void *dst, const void *src, size_t n)
{
}

void bu_vm_copy_value(const struct bu_vm_map *m, void *dst, const void *src)
{
}

void bu_vm_map_unused(struct bu_vm_obj *o)
{
}

