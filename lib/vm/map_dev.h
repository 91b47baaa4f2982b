/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What maps of devices share (map_dev.c, map_hash.c), and what redirecting asks them. */
#ifndef BU_VM_MAP_DEV_H
#define BU_VM_MAP_DEV_H

#include "vm/seq.h"

/* The first word of a value: a device's index, the length of a CPU's queue. */
uint32_t bu_vm_dev_of(const struct bu_vm_map *m, const void *value);
/* Is there such a device? */
bool bu_vm_dev_is(const struct bu_vm_map *m, const void *value);
/* What is kept of a value: its first word, and the program's id. */
uint64_t bu_vm_dev_word(uint32_t v, const struct bu_vm_obj *prog);
/* Has the devmap, cpumap or xskmap an entry at i? */
bool bu_vm_dev_there(struct bu_vm_map *m, uint32_t i);

/*
 * map_devprog.c, under W/lock: the program whose fd is in a value (NULL: none), one reference; -EBADF, -EINVAL. Taken before
 * an entry has its id, dropped after one had it.
 */
int bu_vm_devprog_get(struct bu_vm_map *m, const void *value, uint32_t attach_type, struct bu_vm_obj **prog);
int bu_vm_devprog_take(struct bu_vm_map *m, const struct bu_vm_obj *prog);
void bu_vm_devprog_drop(struct bu_vm_map *m, uint32_t id);
int bu_vm_devprog_settle(struct bu_vm_map *m);
int bu_vm_devprog_verify(struct bu_vm_map *m, struct bu_buf *why);

#endif
