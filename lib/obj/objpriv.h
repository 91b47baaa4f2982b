/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of obj share with each other only. */
#ifndef BU_OBJPRIV_H
#define BU_OBJPRIV_H

#include "obj/obj.h"

#define NOTE_SECTION ".note.bpfutils"
#define NOTE_OWNER "bpfutils"
#define NOTE_ARCH 1

#endif
