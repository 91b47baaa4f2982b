/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Timers of map values, as those who run and wait see them. timer.c */
#ifndef BU_VM_TIMER_H
#define BU_VM_TIMER_H

#include "vm/run.h"

/* Calls what is due, in front of a run or behind it: 0, or a callback's error. */
int bu_vm_timers_fire(struct bu_vm *vm, const struct bu_vm_env *env, bool behind, struct bu_vm_fault *fault);
/* ms until the next is due; -1: none is. */
int bu_vm_timers_due(struct bu_vm *vm);
void bu_vm_timers_close(struct bu_vm *vm);

/* A callback with an element of a map, as a run of its own. run.c */
struct bu_vm_entry {
	uint32_t insn;
	struct bu_vm_map *map;
	const void *key;
	void *value;
};
int bu_vm_run_entry(struct bu_vm_prog *p, const struct bu_vm_entry *e, const struct bu_vm_env *env,
		    struct bu_vm_fault *fault);

#endif
