/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the world share: window, member slots, ids, life. */
#ifndef BU_VM_LIFE_H
#define BU_VM_LIFE_H

#include <sys/stat.h>

#include "vm/lock.h"
#include "vm/map.h"
#include "vm/private.h"

#define BU_VM_OBJ_NAME 32u
#define BU_VM_ROOT_SIZE                                                                            \
	((sizeof(struct bu_vm_root) + BU_VM_TRACE_CELL * BU_VM_TRACE_CELLS + BU_VM_PAGE - 1) &     \
	 ~(uint64_t)(BU_VM_PAGE - 1))

/* "map.17"; its anchor has ".r" behind it. */
void bu_vm_obj_name(char name[BU_VM_OBJ_NAME], uint32_t kind, uint32_t id);
void bu_vm_anchor_name(char name[BU_VM_OBJ_NAME], uint32_t kind, uint32_t id);
/* Reads such a name: 0, 1: an anchor's, -EINVAL. */
int bu_vm_obj_name_parse(const char *name, uint32_t *kind, uint32_t *id);
/* The header of an open object's file, checked: 0, -EINVAL: no object, -EUCLEAN, -EPROTO. */
int bu_vm_hdr_read(int fd, const struct stat *st, struct bu_vm_hdr *h);

/* window.c: what fork and SIGBUS have to know of an open world. 0, -ENOMEM. */
int bu_vm_watch(struct bu_vm *vm);
void bu_vm_unwatch(struct bu_vm *vm);
void bu_vm_window_close(struct bu_vm *vm);

/* member.c */
void bu_vm_member_close(struct bu_vm *vm);
/* Looks after the dead: their locks, redo records and virtual CPUs. */
void bu_vm_members_gc(struct bu_vm *vm);

/* ids.c: the index. Under W/lock, but for next: -ENOENT at the end. */
int bu_vm_ids_set(struct bu_vm *vm, uint32_t kind, uint32_t id, bool lives);
int bu_vm_ids_next(struct bu_vm *vm, uint32_t kind, uint32_t start, uint32_t *next);
/* Is the bit of id set: 1, 0, -errno. */
int bu_vm_ids_has(struct bu_vm *vm, uint32_t kind, uint32_t id);
void bu_vm_ids_close(struct bu_vm *vm);

/* life.c: removes an object if it is dead, or what is left of it, and what dies by that. */
int bu_vm_life_reap(struct bu_vm *vm, uint32_t kind, uint32_t id);
/* Whose anchor a link in r/ is: 0, -ENOENT. */
int bu_vm_ref_target(struct bu_vm *vm, const struct stat *st, uint32_t *kind, uint32_t *id);

/* obj.c: forgets what nobody in this process uses: of one object, or (kind < 0) what is gone. */
void bu_vm_cache_drop(struct bu_vm *vm, int kind, uint32_t id);
void bu_vm_cache_close(struct bu_vm *vm);

#endif
