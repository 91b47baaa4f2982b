/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of .map share: map.c reads it, mapneed.c checks it, mapmode.c puts it into the object. */
#ifndef AS_MAP_H
#define AS_MAP_H

#include "bpf-as/types.h"

/* An element that the declaration gives: a map, or a program. */
struct as_slot {
	struct as_sym *sym;
	uint32_t index;
	const char *pos;
};

/* mapneed.c */
/* Fills in what need not be said, and refuses what no kernel makes. p: the type's name. */
bool as_map_complete(struct as *as, struct as_map *m, const char *p, const char *name);
bool as_map_has_inner(uint32_t type);
bool as_map_has_progs(uint32_t type);
/* At the end: elements are what they must be. */
void as_maps_check(struct as *as);

/* mapmode.c */
const char *as_map_section(const struct as *as);
/* Puts the declaration's bytes at the current place and sizes the symbol. */
void as_map_put(struct as *as, struct as_map *m, struct as_sym *s, const char *pos);

#endif
