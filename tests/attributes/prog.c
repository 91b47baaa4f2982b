/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs, BTF, links. */
#include "core.h"
#include "fixtures.h"

void prog_tests(void)
{
}
