/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tracefs: lines that make and remove probes, and the functions that can be traced. */
#include "kern/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int bu_kern_dyn_event(struct bu_sys *s, const char *file, const char *line)
{
	struct bu_kern *k = bu_kern(s);
	char path[128];
	ssize_t n;
	int fd, err = bu_kern_find_tracefs(k);

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/%s", k->tracefs, file);
	if (!line)
		return access(path, W_OK) ? -errno : 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, line, strlen(line));
	err = n < 0 ? -errno : (size_t)n == strlen(line) ? 0 : -EIO;
	close(fd);
	return err;
}

/* available_filter_functions: "name" or "name [module]" a line. */
int bu_kern_each_traceable(struct bu_kern *k, bu_name_fn *fn, void *ctx)
{
	char path[128], line[1024];
	int err = bu_kern_find_tracefs(k);
	FILE *f;

	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/available_filter_functions", k->tracefs);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, " \t\n")] = '\0';
		/* what the kernel could not name */
		if (line[0] && strncmp(line, "__ftrace_invalid_address__", 26) && !fn(ctx, line))
			break;
	}
	fclose(f);
	return 0;
}
