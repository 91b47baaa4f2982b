// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The index of the kernel's types, kept in a file so that only the first load walks through them: /run/bpfutils for
 * root, else $XDG_CACHE_HOME/bpfutils (~/.cache/bpfutils), or $BPFUTILS_CACHE; named by the kernel's build
 * id. Where the kernel's file cannot be mapped (before 6.16), its bytes are kept as well, because to
 * read them takes longer than all the rest.
 *
 * A file that is not ours, that others may write, or that is damaged, counts as not there.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "load/kpriv.h"

#define NOTES "/sys/kernel/notes"
#define MAX_FILE (256u << 20)
#define HEAD 16u /* u64 bytes of the index, u64 bytes of the BTF (0: not kept); the index and the BTF follow */

/* The build id in the kernel's ELF notes, as hexadecimal digits. */
static bool build_id(char out[129])
{
	struct bu_buf b = { 0 };
	size_t at = 0;
	bool found = false;

	if (bu_file_read(NOTES, 1u << 20, &b))
		goto out;
	while (b.n - at >= 12 && !found) {
		uint64_t name = bu_get32(b.p + at, BU_HOST_BE), desc = bu_get32(b.p + at + 4, BU_HOST_BE);
		uint64_t body = at + 12, data = body + ((name + 3) & ~3ull);

		if (data > b.n || desc > b.n - data)
			break;
		if (bu_get32(b.p + at + 8, BU_HOST_BE) == NT_GNU_BUILD_ID && name == 4 && desc && desc <= 64 &&
		    memcmp(b.p + body, "GNU", 4) == 0) {
			for (uint64_t i = 0; i < desc; i++) {
				out[2 * i] = "0123456789abcdef"[b.p[data + i] >> 4];
				out[2 * i + 1] = "0123456789abcdef"[b.p[data + i] & 15];
			}
			out[2 * desc] = '\0';
			found = true;
		}
		at = data + ((desc + 3) & ~3ull);
		if (at > b.n)
			break;
	}
out:
	bu_buf_free(&b);
	return found;
}

/* The directory; its parent must be there. False: there is no place. */
static bool directory(struct bu_buf *b)
{
	const char *env = getenv("BPFUTILS_CACHE"), *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME");

	if (env)
		bu_buf_str(b, env);
	else if (geteuid() == 0)
		bu_buf_str(b, "/run/bpfutils");
	else if (xdg && xdg[0] == '/')
		bu_buf_printf(b, "%s/bpfutils", xdg);
	else if (home && home[0] == '/')
		bu_buf_printf(b, "%s/.cache/bpfutils", home);
	return b->n && !b->failed && b->p[0] == '/';
}

static bool trusted(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & (S_IWGRP | S_IWOTH));
}

static int open_dir(const char *path, bool make)
{
	int fd;

	if (make)
		mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0 && !trusted(fd, S_IFDIR)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

bool bu_kcache_open(struct bu_kcache *c)
{
	struct bu_buf path = { 0 };
	struct stat st;
	int dir = -1, fd = -1;

	memset(c, 0, sizeof(*c));
	if (!directory(&path) || !build_id(c->id))
		goto out;
	c->usable = true;
	dir = open_dir(bu_buf_cstr(&path), false);
	if (dir >= 0)
		fd = openat(dir, c->id, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || !trusted(fd, S_IFREG) || fstat(fd, &st) || st.st_size < (off_t)HEAD || st.st_size > MAX_FILE)
		goto out;
	/* Nobody changes it in place: a new one is renamed over it. */
	c->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		goto out;
	}
	c->map_size = (size_t)st.st_size;
	c->nindex = bu_get64(c->map, BU_HOST_BE);
	c->nbtf = bu_get64((uint8_t *)c->map + 8, BU_HOST_BE);
	c->index = (uint8_t *)c->map + HEAD;
	if (c->nindex % 8 || c->nindex > c->map_size - HEAD || c->nbtf != c->map_size - HEAD - c->nindex)
		bu_kcache_close(c);
	else
		c->btf = c->nbtf ? c->index + c->nindex : NULL;
out:
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	bu_buf_free(&path);
	return c->map != NULL;
}

void bu_kcache_close(struct bu_kcache *c)
{
	if (c->map)
		munmap(c->map, c->map_size);
	c->map = NULL;
	c->index = c->btf = NULL;
}

/* Written beside and renamed; what goes wrong costs the next load a walk, and no word. */
void bu_kcache_save(struct bu_kcache *c, struct bu_btf_index *x, bool whole)
{
	struct bu_buf path = { 0 }, b = { 0 }, tmp = { 0 };
	int dir = -1, fd = -1;
	uint8_t *head;

	if (!c->usable || !directory(&path))
		goto out;
	dir = open_dir(bu_buf_cstr(&path), true);
	if (dir < 0)
		goto out;
	bu_buf_printf(&tmp, ".%s.%d", c->id, (int)getpid());
	bu_buf_zero(&b, HEAD);
	if (bu_btf_index_save(x, &b))
		goto out;
	head = b.p;
	bu_put64(head, BU_HOST_BE, b.n - HEAD);
	bu_put64(head + 8, BU_HOST_BE, whole ? x->btf.size : 0);
	fd = openat(dir, bu_buf_cstr(&tmp), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		goto out;
	if (bu_write_all(fd, b.p, b.n) || (whole && bu_write_all(fd, x->btf.data, x->btf.size)) ||
	    renameat(dir, bu_buf_cstr(&tmp), dir, c->id))
		unlinkat(dir, bu_buf_cstr(&tmp), 0);
out:
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	bu_buf_free(&path);
	bu_buf_free(&b);
	bu_buf_free(&tmp);
}
