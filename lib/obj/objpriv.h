/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of obj share with each other only. */
#ifndef BU_OBJPRIV_H
#define BU_OBJPRIV_H

#include <string.h>

#include "obj/obj.h"

#define NOTE_SECTION ".note.bpfutils"
#define NOTE_OWNER "bpfutils"
#define NOTE_ARCH 1

/* A message about the object as a whole; always -EINVAL. */
int obj_error(const struct bu_obj *o, struct bu_diags *ds, const char *code, const char *fmt, ...)
	BU_PRINTF(4, 5);
void obj_sort_rels(struct bu_obj *o);

/* Maps and elements while they are found. */
struct obj_maps {
	struct bu_obj *o;
	struct bu_diags *ds;
	size_t cap, slot_cap;
};
/* objmaps.c: the maps that sections declare; called by bu_obj_index after the BTF is read. */
int obj_find_maps(struct bu_obj *o, uint8_t *blob, struct bu_diags *ds);
/* One more map, all zero but for name and origin; moves o->maps. NULL: out of memory. */
struct bu_obj_map *obj_add_map(struct obj_maps *m, const char *name, enum bu_map_origin origin);
int obj_add_slot(struct obj_maps *m, struct bu_obj_slot s);
/* The symbols of a section that name something, by value. */
int obj_section_symbols(struct bu_obj *o, uint32_t sec, const struct bu_sym ***out, size_t *n);

/* Is this a section of ".struct_ops" and its kin? */
static inline bool obj_is_struct_ops(const struct bu_sec *s)
{
	const char *name = s->name[0] == '?' ? s->name + 1 : s->name;

	return strncmp(name, ".struct_ops", 11) == 0 && (!name[11] || strcmp(name + 11, ".link") == 0);
}

/* objlegacy.c: is this a section of legacy map declarations ("maps", "maps/NAME")? */
bool obj_is_legacy_maps(const struct bu_sec *s);
int obj_legacy_maps(struct obj_maps *m, uint32_t sec);
/* Elements that the names of programs' sections give to arrays ("2/16", "kprobe/1"). */
int obj_section_slots(struct obj_maps *m);

/* objkconfig.c: the variables of ".kconfig" and their map; blob: the bytes of o->btf, in which places are filled in. */
int obj_find_kconfig(struct obj_maps *m, uint8_t *blob);

/* objlibc.c: types and places of the supplied functions. */
int obj_libc_btf(struct bu_obj *o, const struct bu_btf *b, uint8_t **blob, size_t *size);
int obj_libc_ext(struct bu_obj *o);

/* objstructops.c */
int obj_struct_ops(struct obj_maps *m, uint32_t sec);

#endif
