/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Jumps farther than 16 bits. When a first pass over the source meets one, the source is read again
 * with a plan: which jumps take a longer form, and where islands stand. So labels, line info, sizes,
 * differences and data move by themselves. Passes go on until every jump reaches.
 *
 * With gotol (ISA v4), "goto L" becomes "gotol L", "if C goto L" becomes "if not C goto +1; gotol L",
 * and what has no opposite "if C goto +1; goto +1; gotol L".
 *
 * Without it a jump goes to a trampoline, "goto L" on an island within reach, which may go to
 * another one. An island stands between two instructions: "goto +N" over it, then N trampolines.
 *
 * Places are counted in slots as if nothing had been inserted ("orig"): they are the same in each pass.
 */
#ifndef AS_RELAX_H
#define AS_RELAX_H

#include "bpf-as/as.h"

#define AS_MAX_PASSES 12
#define AS_NO_VIA UINT32_MAX

enum as_jkind { J_OFF, J_IMM }; /* where the distance stands: off (16 bits), imm */

struct as_jump {
	struct as_sec *sec;
	uint64_t off;      /* of the slot that holds the distance */
	uint64_t orig;     /* slot of the statement */
	int64_t target;    /* orig slot, found at the end of the pass; -1: none */
	struct as_sym *sym; /* NULL: "+N" */
	int64_t delta;
	const struct bu_isa *row;
	const char *pos;
	uint32_t len;
	uint8_t kind;      /* enum as_jkind */
	uint8_t grow;      /* slots more in the long form */
	bool wide;         /* has it */
};

/* Slots that a plan put in, behind orig slot at - 1 (a longer form) or before at (an island). */
struct as_insert { uint64_t off, at, n; };

/* What a pass notes of a section; in the pass's arena. */
struct as_rxsec {
	uint32_t index;
	struct as_sec *sec;
	uint32_t *insn; /* orig slot of each instruction statement */
	size_t ninsn, cap_insn;
	struct as_insert *ins;
	size_t nins, cap_ins;
	uint64_t inserted; /* slots */
};

struct as_tramp {
	uint32_t jump; /* one that wants the same target */
	uint32_t next; /* the trampoline it goes to, or AS_NO_VIA: the target */
	uint64_t off;  /* in this pass */
	struct as_sec *sec;
};

/* An island: before instruction insn of section sec stand trampolines first to first + n - 1. */
struct as_site { uint32_t sec, insn, first, n; };

struct as_relax {
	struct bu_buf input; /* the source's text between passes: a pipe is read once */
	size_t mapped;        /* as in struct as_file */
	bool have_input;
	unsigned pass;
	/* the plan; heap */
	size_t njump; /* jumps of the pass it was made from */
	uint8_t *wide;
	uint32_t *via;
	struct as_tramp *tramp;
	uint32_t ntramp;
	struct as_site *site;
	uint32_t nsite;
	/* of this pass; its arena */
	struct as_jump *jump;
	size_t nj, cap_j;
	struct as_rxsec **sec;
	size_t nsec, cap_sec;
	uint32_t next_site;
};

/* The orig slot of the byte at off of the section. */
uint64_t as_relax_orig(const struct as_rxsec *x, uint64_t off);
/* Makes the plan of the next pass. 0, -ENOMEM; -EINVAL: told why there is none. */
int as_relax_plan(struct as *as);

#endif
