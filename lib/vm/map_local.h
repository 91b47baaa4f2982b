/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Local storage, for its helpers. */
#ifndef BU_VM_MAP_LOCAL_H
#define BU_VM_MAP_LOCAL_H

#include "vm/map.h"

/* A socket's cookie; a task's number and when it began; an inode's number and device; a control group's id. */
struct bu_vm_owner {
	uint64_t a, b;
};
void bu_vm_owner_task(uint32_t pid, struct bu_vm_owner *o);
void bu_vm_owner_cgroup(uint64_t id, struct bu_vm_owner *o);

/* The value's address, or NULL. */
void *bu_vm_local_get(struct bu_vm_map *m, const struct bu_vm_owner *o);
/* 0, -EEXIST, -ENOENT, -EINVAL by the flags; -ENOMEM: too many owners. */
int bu_vm_local_set(struct bu_vm_map *m, const struct bu_vm_owner *o, const void *value, uint64_t flags);
int bu_vm_local_delete(struct bu_vm_map *m, const struct bu_vm_owner *o);

#endif
