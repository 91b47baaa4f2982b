/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's functions that programs call by BTF id: their table (kfunc.def) and what they share. */
#ifndef BU_VM_KFUNC_H
#define BU_VM_KFUNC_H

#include "vm/helper.h"

#define BU_VM_KFUNC(name, progs, flags, ret, params, a, b, c, d, e) bu_vm_helper_fn bu_vm_k_##name;
#include "vm/kfunc.def"
#undef BU_VM_KFUNC

#define BU_VM_KFN(name)                                                                              \
	uint64_t bu_vm_k_##name(__attribute__((unused)) struct bu_vm_run *run,                      \
				__attribute__((unused)) uint64_t a, __attribute__((unused)) uint64_t b, \
				__attribute__((unused)) uint64_t c, __attribute__((unused)) uint64_t d, \
				__attribute__((unused)) uint64_t e)

/* Memory of a run's own: its address in the window, zeroed, or 0. kind: enum bu_vm_heap_kind. kfunc.c */
uint64_t bu_vm_heap_new(struct bu_vm_run *run, uint64_t size, uint8_t kind);
/* The one that begins at p, or NULL; and its end. */
struct bu_vm_heap *bu_vm_heap_at(struct bu_vm_run *run, uint64_t p, uint8_t kind);
void bu_vm_heap_drop(struct bu_vm_run *run, struct bu_vm_heap *h);

#endif
