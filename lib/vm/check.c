/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every program is checked for before it runs. */
#include "vm/run.h"

int bu_vm_check_insns(struct bu_vm_check *c)
{
	return c->n ? 0 : -E2BIG;
}
