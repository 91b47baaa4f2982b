/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins, ids, info; and the commands that the VM does not serve. */
#include "core.h"
#include "fixtures.h"

void obj_tests(void)
{
}
