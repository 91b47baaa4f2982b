/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What decoder, interpreter and memory checks share. */
#ifndef BU_VM_INTERP_H
#define BU_VM_INTERP_H

#include "vm/run.h"

#include <string.h>

enum bu_vm_icode {
#define BU_VM_I(n) BU_VM_I_##n,
#include "vm/interp.def"
#undef BU_VM_I
	BU_VM_NICODES,
};

#define BU_VM_NO_REG 16u

/* Fuel is counted by the distance of operations in memory: what n instructions cost. */
#define BU_VM_COST(n) ((uint64_t)(n) * sizeof(struct bu_vm_op))
/* Where a jump goes to, and what it costs backwards: what lies between. */
#define BU_VM_TARGET(op) ((const struct bu_vm_op *)(intptr_t)(op)->imm)
#define BU_VM_BACK(op) ((uint64_t)((const char *)(op) - (const char *)BU_VM_TARGET(op)) + sizeof(struct bu_vm_op))

/* For some hundred bytes the library's memset beats what gcc makes of a constant size. */
static inline void bu_vm_clear(void *p, size_t n)
{
	__asm__("" : "+r"(n));
	memset(p, 0, n);
}

/* Addresses that nothing is ever mapped at stand for what only helpers and ctx.c understand. */
#define BU_VM_CTX_HANDLE 0xffffc90000010000u
#define BU_VM_SK_BUFF_HANDLE 0xffff8881000a0000u /* struct sk_buff, which only kfuncs understand */
#define BU_VM_MAP_HANDLE 0xffff888000000000u   /* used map i: + i << 12 */
#define BU_VM_INNER_HANDLE 0xffff888040000000u /* inner map i of the run */
#define BU_VM_TASK_HANDLE 0xffff888060000000u  /* the current task */
#define BU_VM_KOBJ_HANDLE 0xffff888070000000u  /* task or control group i of the run: + i << 6 */
#define BU_VM_FUNC_HANDLE 0xffffffffc0000000u  /* function at instruction i: + i << 3 */

/* A stretch of memory that the run may touch, around an address. */
struct bu_vm_span {
	uint64_t lo, hi;
	bool read, write;
	bool stack;        /* goes when its function returns */
	bool once;         /* must be looked up again at each access */
	const struct bu_vm_map *map;
};
/* The program's arena: what an address of it is, and the memory at it; NULL: nothing is there. map_arena.c */
uint64_t bu_vm_arena_cast(const struct bu_vm_run *run, uint64_t v, bool to_user);
void *bu_vm_arena_at(const struct bu_vm_run *run, uint64_t addr, uint32_t size);
/* The stretch that addr is in: 0; -ENOENT: none. mem.c */
int bu_vm_mem_span(struct bu_vm_run *run, uint64_t addr, struct bu_vm_span *s);
/* Notes the fault of an access that may not be, in words that say what is near. mem.c */
int bu_vm_mem_fault(struct bu_vm_run *run, uint64_t addr, uint64_t size, bool write);

#endif
