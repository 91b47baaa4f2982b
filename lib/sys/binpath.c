/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file that a short name means: "libc", "c", "libssl.so.3", "bash". With a process, first what is mapped
 * into it; then $PATH; then what the dynamic linker finds: $LD_LIBRARY_PATH, its cache, its directories.
 *
 * Source: ld.so(8); the cache as glibc has written it since 2.2 (magic "glibc-ld.so.cache1.1").
 */
#include "sys/elffile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_MAX (64u << 20)
#define MAPS_MAX (64u << 20)
#define HEADER 48
#define ENTRY 24

static const char magic[] = "glibc-ld.so.cache1.1";

/* Is base "NAME", "NAME.so…" or "libNAME.so…"? */
static bool fits(const char *base, const char *name)
{
	size_t n = strlen(name);

	for (int lib = 0; lib < 2; lib++) {
		const char *b = base;

		if (lib && strncmp(b, "lib", 3))
			break;
		b += lib ? 3 : 0;
		if (strncmp(b, name, n))
			continue;
		if ((!b[n] && !lib) || strncmp(b + n, ".so", 3) == 0)
			return true;
	}
	return false;
}

/* Of this process's class: a library for another one has the same name. */
static bool usable(const char *path)
{
	struct bu_elff e;
	bool ok;

	if (bu_elff_open(&e, path))
		return false;
	ok = e.is64 == (sizeof(void *) == 8) && e.be == BU_HOST_BE;
	bu_elff_close(&e);
	return ok;
}

static const char *join(struct bu_arena *a, const char *dir, size_t n, const char *base)
{
	const char *path = n ? bu_arena_printf(a, "%.*s/%s", (int)n, dir, base) : NULL;

	return path && usable(path) ? path : NULL;
}

/* ---------------------------------------------------------------- where to look */

/* The files mapped into a process, as it sees them. */
static const char *in_process(const char *name, uint32_t pid, struct bu_arena *a)
{
	const char *found = NULL, *line;
	struct bu_buf b = { 0 };
	char maps[32];

	snprintf(maps, sizeof(maps), "/proc/%u/maps", pid);
	if (bu_file_read(maps, MAPS_MAX, &b))
		goto out;
	for (line = bu_buf_cstr(&b); *line && !found;) {
		size_t n = strcspn(line, "\n");
		const char *path = memchr(line, '/', n);
		size_t len = path ? n - (size_t)(path - line) : 0;
		const char *slash = path ? memrchr(path, '/', len) : NULL;

		if (slash) {
			char *base = bu_arena_strndup(a, slash + 1, len - (size_t)(slash + 1 - path));

			if (base && fits(base, name))
				found = bu_arena_printf(a, "/proc/%u/root%.*s", pid, (int)len, path);
		}
		line += n + (line[n] == '\n');
	}
out:
	bu_buf_free(&b);
	return found;
}

/* A list of directories, parted by ':'. exact: that name only, else the first that fits. */
static const char *in_dirs(const char *name, const char *dirs, bool exact, struct bu_arena *a)
{
	while (dirs && *dirs) {
		size_t n = strcspn(dirs, ":");
		const char *found = join(a, dirs, n, name);
		char *dir = found || exact ? NULL : bu_arena_strndup(a, dirs, n);
		DIR *d = dir ? opendir(dir) : NULL;
		struct dirent *e;

		while (d && !found && (e = readdir(d)))
			if (fits(e->d_name, name))
				found = join(a, dirs, n, e->d_name);
		if (d)
			closedir(d);
		if (found)
			return found;
		dirs += n + (dirs[n] == ':');
	}
	return NULL;
}

/* The linker's cache: names and paths, after a header; the offsets count from the header. */
static const char *in_cache(const char *name, struct bu_arena *a)
{
	const char *found = NULL;
	struct bu_buf b = { 0 };
	const uint8_t *p;
	size_t size;
	uint32_t n;

	if (bu_file_read("/etc/ld.so.cache", CACHE_MAX, &b))
		goto out;
	/* An older form may stand in front of it. */
	p = memmem(b.p, b.n, magic, sizeof(magic) - 1);
	size = p ? b.n - (size_t)(p - b.p) : 0;
	if (size < HEADER)
		goto out;
	n = bu_get32(p + 20, BU_HOST_BE);
	for (uint32_t i = 0; i < n && !found && HEADER + (uint64_t)(i + 1) * ENTRY <= size; i++) {
		const uint8_t *e = p + HEADER + (size_t)i * ENTRY;
		uint32_t key = bu_get32(e + 4, BU_HOST_BE), val = bu_get32(e + 8, BU_HOST_BE);

		/* bu_file_read puts a NUL behind the last byte */
		if (key >= size || val >= size || !fits((const char *)p + key, name))
			continue;
		if (usable((const char *)p + val))
			found = bu_arena_strdup(a, (const char *)p + val);
	}
out:
	bu_buf_free(&b);
	return found;
}

int bu_find_binary(const char *name, uint32_t pid, struct bu_arena *a, const char **path)
{
	static const char dirs[] = "/lib64:/usr/lib64:/lib:/usr/lib:/usr/local/lib";
	const char *found = NULL, *seen;

	*path = name;
	if (strchr(name, '/')) {
		/* The process may live in another root. */
		seen = pid && name[0] == '/' ? bu_arena_printf(a, "/proc/%u/root%s", pid, name) : NULL;
		if (seen && access(seen, F_OK) == 0)
			*path = seen;
		return 0;
	}
	if (pid)
		found = in_process(name, pid, a);
	if (!found)
		found = in_dirs(name, getenv("PATH"), true, a);
	if (!found)
		found = in_dirs(name, getenv("LD_LIBRARY_PATH"), false, a);
	if (!found)
		found = in_cache(name, a);
	if (!found)
		found = in_dirs(name, dirs, false, a);
	if (!found)
		return -ENOENT;
	*path = found;
	return 0;
}
