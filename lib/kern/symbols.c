/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses of the kernel's symbols, of /proc/kallsyms: "ADDRESS TYPE NAME[\t[MODULE]]" a line,
 * some 200,000 of them, read once for all names that are wanted.
 */
#include "kern/private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK (256u << 10)

static bool parse(const char *line, const char *end, uint64_t *addr, const char **name, size_t *n)
{
	const char *p = line;

	for (*addr = 0; p < end && *p != ' '; p++) {
		unsigned d = (unsigned char)*p;

		d = d >= '0' && d <= '9' ? d - '0' : d >= 'a' && d <= 'f' ? d - 'a' + 10 : 16;
		if (d > 15)
			return false;
		*addr = *addr << 4 | d;
	}
	if (end - p < 4)
		return false;
	*name = p += 3;
	while (p < end && *p != '\t' && *p != ' ')
		p++;
	*n = (size_t)(p - *name);
	return true;
}

int bu_kern_symbols(struct bu_sys *s, const char *const *names, uint64_t *addr, unsigned n)
{
	struct bu_hash want = { 0 };
	char *buf = malloc(CHUNK);
	size_t have = 0;
	bool any = false, hidden = true;
	int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC), err = 0;

	(void)s;
	if (fd < 0 || !buf) {
		err = fd < 0 ? -errno : -ENOMEM;
		goto out;
	}
	for (unsigned i = 0; i < n && !err; i++) {
		addr[i] = 0;
		err = bu_hash_put(&want, names[i], strlen(names[i]), &addr[i]);
	}
	while (!err) {
		ssize_t got = read(fd, buf + have, CHUNK - have);
		char *line = buf, *end, *nl;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			err = got < 0 ? -errno : 0;
			break;
		}
		end = buf + have + got;
		for (; (nl = memchr(line, '\n', (size_t)(end - line))); line = nl + 1) {
			const char *name;
			uint64_t a, *to;
			size_t len;

			if (!parse(line, nl, &a, &name, &len))
				continue;
			hidden &= !a;
			to = bu_hash_get(&want, name, len);
			if (!to)
				continue;
			any = true;
			*to = *to && *to != a ? UINT64_MAX : a;
		}
		have = (size_t)(end - line);
		memmove(buf, line, have);
		if (have == CHUNK)
			have = 0; /* no line is that long */
	}
	if (!err && any && hidden)
		err = -EACCES;
out:
	if (fd >= 0)
		close(fd);
	free(buf);
	bu_hash_free(&want);
	return err;
}
