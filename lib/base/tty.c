/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tty: whether to colour (NO_COLOR as of no-color.org: set and not empty disables). */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool bu_tty_color(int fd, enum bu_color_when when)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (when != BU_COLOR_AUTO)
		return when == BU_COLOR_ALWAYS;
	return !(no && *no) && term && strcmp(term, "dumb") != 0 && isatty(fd);
}

int bu_tty_color_parse(const char *word, enum bu_color_when *when)
{
	static const char *const names[] = { "auto", "always", "never" };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++)
		if (strcmp(word, names[i]) == 0) {
			*when = (enum bu_color_when)i;
			return 0;
		}
	return -EINVAL;
}
