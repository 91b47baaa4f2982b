/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bpf-as/foreign.h"
bool fr_xlated(struct foreign *fr) { return fr_fail(fr, "A0270", fr->next, 1, "todo"); }
bool fr_log(struct foreign *fr) { return fr_fail(fr, "A0270", fr->next, 1, "todo"); }
