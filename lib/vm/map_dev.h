/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What maps of devices share (map_dev.c, map_hash.c), and what redirecting asks them. */
#ifndef BU_VM_MAP_DEV_H
#define BU_VM_MAP_DEV_H

#include "vm/seq.h"

/* The first word of a value: a device's index, the length of a CPU's queue. */
uint32_t bu_vm_dev_of(const struct bu_vm_map *m, const void *value);
/* May the value be an entry of a devmap? 0, -EINVAL (no such device), -EOPNOTSUPP (with a program). */
int bu_vm_dev_check(const struct bu_vm_map *m, const void *value);
/* Has the devmap, cpumap or xskmap an entry at i? */
bool bu_vm_dev_there(struct bu_vm_map *m, uint32_t i);

#endif
