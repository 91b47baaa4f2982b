/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hint: what somebody means who writes what is no instruction. */
#ifndef AS_HINT_H
#define AS_HINT_H

#include "bpf-as/as.h"

/* Adds a help to the message d about stmt, whose first word is unknown or not. false: no idea. */
bool as_hint(struct as *as, struct bu_diag *d, struct bu_str stmt, bool unknown);
/* The same, when nothing with a similar name is known either. */
bool as_hint_last(struct as *as, struct bu_diag *d, struct bu_str stmt);

/*
 * Warns when an instruction that is right says "r1 =+ 2", which is r1 = 2, and is most likely meant as
 * r1 += 2. false: it does not.
 */
bool as_hint_swapped(struct as *as, struct bu_str stmt);

#endif
