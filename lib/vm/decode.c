/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From instructions to the interpreter's form. */
#pragma GCC diagnostic ignored "-Wunused-parameter" /* while this is a stub */
#include "vm/run.h"

int bu_vm_decode(struct bu_vm_prog *p)
{
	return -ENOSYS;
}

