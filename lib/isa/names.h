/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * names: an index over the names of a constant table. Private to lib/isa.
 *
 * Open addressing in static memory; built once, at the first look-up, by whoever comes first.
 */
#ifndef BU_ISA_NAMES_H
#define BU_ISA_NAMES_H

#include <stdatomic.h>
#include "isa/isa.h"

struct bu_names {
	const char *(*at)(unsigned i); /* the i-th name; NULL past the last */
	uint16_t *slots;               /* i plus one, 0: free */
	unsigned size;                 /* a power of two, more than the names */
	atomic_int state;              /* 0 not built, 1 being built, 2 ready */
};

#define BU_NAMES(var, slots_, at_)                                                                 \
	static uint16_t var##_slots[slots_];                                                       \
	static struct bu_names var = { .at = at_, .slots = var##_slots, .size = slots_ }

/* The number of name, or -1. Of equal names the first counts. */
int bu_names_get(struct bu_names *ix, struct bu_str name);

/*
 * True for the one caller that is to build what state guards; it ends with bu_once_done(). The
 * others wait until it has.
 */
bool bu_once_begin(atomic_int *state);
void bu_once_done(atomic_int *state);

/* Feeds the paths of all context fields. */
void bu_ctx_fields_feed(struct bu_near *near);

#endif
