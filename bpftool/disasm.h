/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Machine instructions as text, by capstone. */
#ifndef BT_DISASM_H
#define BT_DISASM_H

#include "tool.h"

struct bt_disasm;

struct bt_native_insn {
	unsigned size;          /* bytes */
	const char *mnemonic, *operands; /* until the next one */
	bool jumps;             /* operands end with an address, from byte `at` of them on */
	size_t at;
	uint64_t target;
};

/* NULL: said why, with a status in *st. */
struct bt_disasm *bt_disasm_open(struct bt *t, enum bu_arch arch, int *st);
/*
 * The instruction at the n > 0 bytes at p, which run at addr. What is none is ".byte" of one byte (or
 * ".inst" of four).
 */
void bt_disasm_next(struct bt_disasm *d, const uint8_t *p, size_t n, uint64_t addr, struct bt_native_insn *out);
void bt_disasm_close(struct bt_disasm *d);

#endif
