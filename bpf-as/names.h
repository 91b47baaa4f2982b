/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * names: what a source may name without defining it, beyond the tables of lib/isa.
 *
 *   names.c     look-up, did-you-mean
 *   cinclude.c  macros of C headers (.cinclude); cinclude.h
 *   tracefs.c   fields of this machine's tracepoints (--tracefs)
 */
#ifndef AS_NAMES_H
#define AS_NAMES_H

#include "bpf-as/as.h"

/* tracefs.c */
/*
 * "tracepoint:SYSTEM:EVENT.FIELD" from the format file of as->tracefs. false: no --tracefs, or it has no
 * such event or field.
 */
bool as_tracefs_field(struct as *as, struct bu_str path, int64_t *off, int64_t *size);
/* The fields of the event of path, as whole paths, and events of nearly its name. */
void as_tracefs_feed(struct as *as, struct bu_str path, struct bu_near *near);
/* What can be said about an unknown tracepoint. false: nothing. */
bool as_tracefs_help(struct as *as, const struct as_sym *s, struct bu_diag *d);

/* cinclude.c */
/* A macro or enumerator of the headers of .cinclude. */
bool as_cinclude_value(struct as *as, struct bu_str name, int64_t *value);
/* Tells why a macro is no constant. false: there is no such macro. */
bool as_cinclude_undefined(struct as *as, const struct as_sym *s, const char *pos);
void as_cinclude_feed(struct as *as, struct bu_near *near);
void as_cinclude_free(struct as *as);

#endif
