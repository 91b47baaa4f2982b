/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* errno: symbolic names and words of error numbers, the kernel's internal ENOTSUPP (524) included. */
#include "base/base.h"

#include <errno.h>
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

const char *bu_strerror(int err)
{
	if (err < 0)
		err = -err;
	return strerror(err == 524 ? ENOTSUP : err);
}
