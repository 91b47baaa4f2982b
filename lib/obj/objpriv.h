/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of obj share with each other only. */
#ifndef BU_OBJPRIV_H
#define BU_OBJPRIV_H

#include "obj/obj.h"

#define NOTE_SECTION ".note.bpfutils"
#define NOTE_OWNER "bpfutils"
#define NOTE_ARCH 1

/* A message about the object as a whole; always -EINVAL. */
int obj_error(const struct bu_obj *o, struct bu_diags *ds, const char *code, const char *fmt, ...)
	BU_PRINTF(4, 5);
void obj_sort_rels(struct bu_obj *o);

/* objmaps.c: the maps that sections declare; called by bu_obj_index after the BTF is read. */
int obj_find_maps(struct bu_obj *o, struct bu_diags *ds);
/* Is this a section of legacy map declarations ("maps")? */
bool obj_is_legacy_maps(const struct bu_sec *s);

#endif
