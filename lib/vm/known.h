/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the check of a program knows of the values of registers: numbers, and places in values of maps. known.c */
#ifndef BU_VM_KNOWN_H
#define BU_VM_KNOWN_H

#include "vm/run.h"

struct bu_vm_known {
	uint16_t num;   /* registers that hold the number v */
	uint16_t place; /* … the address of a map's value (of BU_PSEUDO_MAP_VALUE): map's index << 32 | offset */
	uint64_t v[11];
};

/* What is known behind an instruction, of whose registers `lost` are not what they were. */
void bu_vm_known_step(const struct bu_vm_check *c, const struct bu_insn *in, uint32_t lost, struct bu_vm_known *k);
/* Which ways a jump goes: bit 0 on, bit 1 to its target. */
unsigned bu_vm_known_ways(const struct bu_insn *in, const struct bu_vm_known *k);
/* What the jump tells by the way it went. */
void bu_vm_known_went(const struct bu_insn *in, bool taken, struct bu_vm_known *k);
/* Only what both know stays in k: did it change? */
bool bu_vm_known_meet(struct bu_vm_known *k, const struct bu_vm_known *with);

#endif
