/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From instructions to the interpreter's form. */
#include "vm/run.h"

int bu_vm_decode(struct bu_vm_prog *p)
{
	return -ENOSYS;
}

