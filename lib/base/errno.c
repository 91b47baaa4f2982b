/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* errno: symbolic names of error numbers, the kernel's internal ENOTSUPP (524) included. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

const char *bu_errno_name(int err)
{
	static _Thread_local char number[24];
	const char *name;

	if (err < 0)
		err = -err;
	if (err == 524)
		return "ENOTSUPP";
	name = strerrorname_np(err);
	if (name)
		return name;
	snprintf(number, sizeof(number), "errno %d", err);
	return number;
}
