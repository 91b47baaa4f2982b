/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has to hold for every object and every BTF that a loader is given, whoever makes it: the
 * libFuzzer targets (ldtarget.c) and the deterministic test (cut_fuzz.c) ask the same questions.
 */
#ifndef FUZZ_LDPROP_H
#define FUZZ_LDPROP_H

#include "load/load.h"

enum ldprop {
	LDP_SILENT,   /* a refusal without a message */
	LDP_ASTRAY,   /* an index or offset that was handed out lies outside of what it is into */
	LDP_REWRITE,  /* what was read and written again reads as something else */
	LDP_JSON,     /* a value or a message that is no JSON */
	LDP_REPARSE,  /* a printed value, parsed, prints as another one */
	LDP_LEFT,     /* a refused load, or the end of one, left objects, pins or fds */
	LDP_WORLD,    /* the world is damaged (bu_vm_check) */
	NLDPROPS
};
extern const char *const ldprop_text[NLDPROPS]; /* as it should be */

struct ldprop_sum {
	unsigned long inputs;
	unsigned long taken;   /* objects read and indexed, BTF parsed */
	unsigned long linked, planned, loaded;
	unsigned long failed[NLDPROPS];
};
extern struct ldprop_sum ldprop_sum;
extern unsigned ldprop_every; /* values of one type of so many are printed, by the input's length; 1: all */

/* Each is one input through what its name says. false: something does not hold, and is counted. */
bool ldprop_obj(const uint8_t *p, size_t n);    /* read, index, link, print, write, read */
bool ldprop_btf(const uint8_t *p, size_t n);    /* an odd last byte: two blobs, the second is split */
bool ldprop_btfext(const uint8_t *p, size_t n); /* two bytes: length of the BTF, which follows; .BTF.ext */
bool ldprop_plan(const uint8_t *p, size_t n);   /* an object and wishes that its bytes choose */
bool ldprop_core(const uint8_t *p, size_t n);   /* two bytes: length of the kernel's BTF, which follows; an object */
bool ldprop_join(const uint8_t *p, size_t n);   /* two bytes: length of the first object, which follows; another */
bool ldprop_ar(const uint8_t *p, size_t n);     /* an archive, and each member as an object */
bool ldprop_vlog(const uint8_t *p, size_t n);   /* two bytes: length of a verifier's log, which follows; an object */
bool ldprop_words(const uint8_t *p, size_t n);  /* lines: which option, its text */
bool ldprop_sym(const uint8_t *p, size_t n);    /* an executable that a probe goes into; a file of --btf */
bool ldprop_load(const uint8_t *p, size_t n);   /* the same, and done in a VM */

/* Counts one failure; false. */
bool ldprop_fails(enum ldprop p);
/* Messages rendered in each form; false: as JSON they are none. */
bool ldprop_messages(const struct bu_diags *ds);

/* A world for plan and load, in a tmpfs. false: told on stderr why there is none. */
bool ldprop_world(void);
void ldprop_world_end(void);

#endif
