/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to hold for every input of bpf-as, whoever makes it: the deterministic fuzzers (as_fuzz,
 * obj_fuzz) and the libFuzzer targets (target.c) ask the same questions.
 */
#ifndef FUZZ_PROP_H
#define FUZZ_PROP_H

#include "bpf-as/as.h"

enum prop {
	PROP_SILENT,  /* a refusal without a message */
	PROP_OTHER,   /* the short way of fast.c makes other bytes or messages than the long one */
	PROP_UNREAD,  /* our reader, or -d, refuses an object that we made */
	PROP_UNTOLD,  /* the text of -d is refused, and -d did not tell that it would be */
	PROP_CHANGED, /* the text of -d makes other sections, and -d did not tell */
	PROP_ASTRAY,  /* a far jump does not come to its label */
	PROP_UNLIKE,  /* islands and gotol make programs that do other things */
	NPROPS
};
extern const char *const prop_text[NPROPS]; /* as it should be: "each refusal has a message" */

struct prop_sum {
	unsigned long inputs, taken; /* taken: gave an object, or a text */
	unsigned long told;          /* -d told that a text cannot be all of the object */
	unsigned long failed[NPROPS];
};
extern struct prop_sum prop_sum;

struct prop_opt {
	uint32_t dialects; /* 0: all */
	bool be;
};
/* Before the first of them: no input may start a compiler. */
void prop_init(void);
/* A source and what becomes of it. false: something does not hold, and is counted. */
bool prop_source(const void *p, size_t n, const struct prop_opt *opt);
/* A source with far jumps, by gotol and by islands; others are left alone. */
bool prop_far(const void *p, size_t n, const struct prop_opt *opt);
/* An object through -d, and the text through the assembler. */
bool prop_object(const void *p, size_t n);

#endif
