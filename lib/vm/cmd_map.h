/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the element and the batch commands share. */
#ifndef BU_VM_CMD_MAP_H
#define BU_VM_CMD_MAP_H

#include "vm/cmd.h"

#define BU_VM_ENOTSUPP 524 /* the kernel's own; no errno.h has it */
#define BU_VM_CAN_READ 1
#define BU_VM_CAN_WRITE 2

/* bu_vm_map_by_fd, and -EPERM for writing to a frozen map. */
int bu_vm_cmd_map_get(struct bu_vm *vm, uint32_t fd, int need, struct bu_vm_map **m);
/* One element as the element commands read, write and erase it; memory is ours. */
int bu_vm_cmd_read_value(struct bu_vm_map *m, const void *key, void *value, uint64_t flags);
int bu_vm_cmd_write_value(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags);
int bu_vm_cmd_erase(struct bu_vm_map *m, const void *key);

#endif
