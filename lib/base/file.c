/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* file: read whole; write beside and rename, so that nobody sees half a file. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void bu_std_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd ? O_RDONLY : O_WRONLY) < 0)
			return; /* no /dev here: then the caller goes on as he is */
}

int bu_write_all(int fd, const void *p, size_t n)
{
	const char *c = p;

	while (n) {
		ssize_t did = write(fd, c, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return -errno;
		c += did;
		n -= (size_t)did;
	}
	return 0;
}

int bu_file_read(const char *path, size_t max, struct bu_buf *out)
{
	bool std = strcmp(path, "-") == 0;
	int fd = std ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	size_t start = out->n;
	struct stat st;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0) {
		if (S_ISDIR(st.st_mode)) {
			err = -EISDIR;
			goto out;
		}
		/* One byte more than the size shows the end without a second growth. */
		if (S_ISREG(st.st_mode) && st.st_size > 0 && (uint64_t)st.st_size <= max)
			bu_buf_room(out, (size_t)st.st_size + 2);
	}
	for (;;) {
		size_t room = out->cap - out->n > 1 ? out->cap - out->n - 1 : 65536;
		uint8_t *to = bu_buf_room(out, room + 1);
		ssize_t got;

		if (!to) {
			err = -ENOMEM;
			break;
		}
		got = read(fd, to, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = -errno;
		if (got <= 0)
			break;
		out->n += (size_t)got;
		if (out->n - start > max) {
			err = -EFBIG;
			break;
		}
	}
	if (!err && bu_buf_room(out, 1))
		out->p[out->n] = 0;
out:
	if (!std)
		close(fd);
	return err;
}

#define MAP_FROM (1u << 20)

int bu_file_map(const char *path, size_t max, struct bu_buf *out, size_t *mapped)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), n;
	uint8_t *p = MAP_FAILED;
	struct stat st;
	int fd;

	*mapped = 0;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= MAP_FROM &&
	    (uint64_t)st.st_size <= max) {
		/* Zeros first: a page of them stays where the file fills its last page. */
		n = ((size_t)st.st_size + page) / page * page;
		p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p != MAP_FAILED && mmap(p, (size_t)st.st_size, PROT_READ | PROT_WRITE,
					    MAP_PRIVATE | MAP_FIXED, fd, 0) == MAP_FAILED) {
			munmap(p, n);
			p = MAP_FAILED;
		}
	}
	if (fd >= 0)
		close(fd);
	if (p == MAP_FAILED)
		return bu_file_read(path, max, out);
	*out = (struct bu_buf){ .p = p, .n = (size_t)st.st_size, .cap = n };
	*mapped = n;
	return 0;
}

/* Standard output, by a name: others may write there before and behind us, so that no file takes its place. */
static bool is_stdout(const char *path)
{
	return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/fd/1") == 0 ||
	       strcmp(path, "/proc/self/fd/1") == 0;
}

/* Writes into what is there, or where the link points to. */
static int open_itself(struct bu_outfile *f, const char *path, int flags)
{
	f->fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0666);
	if (f->fd < 0)
		return -errno;
	f->path = strdup(path);
	if (!f->path) {
		close(f->fd);
		f->fd = -1;
		return -ENOMEM;
	}
	return 0;
}

int bu_outfile_open(struct bu_outfile *f, const char *path)
{
	struct stat st;
	size_t room;
	mode_t mask;

	*f = (struct bu_outfile){ .fd = -1 };
	if (is_stdout(path)) {
		f->fd = STDOUT_FILENO;
		return 0;
	}
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return open_itself(f, path, 0);
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
		f->path = realpath(path, NULL);
		/* to nothing yet, or to a file without a name any more (/proc/PID/fd): never to be replaced itself */
		if (!f->path)
			return open_itself(f, path, O_CREAT | O_TRUNC);
	}
	if (!f->path)
		f->path = strdup(path);
	room = f->path ? strlen(f->path) + sizeof(".XXXXXX") : 0;
	f->tmp = malloc(room);
	if (!f->path || !f->tmp) {
		bu_outfile_abort(f);
		return -ENOMEM;
	}
	snprintf(f->tmp, room, "%s.XXXXXX", f->path);
	f->fd = mkostemp(f->tmp, O_CLOEXEC);
	if (f->fd < 0) {
		int err = -errno;

		free(f->tmp);
		f->tmp = NULL; /* there is nothing to remove */
		bu_outfile_abort(f);
		return err;
	}
	mask = umask(0);
	umask(mask);
	fchmod(f->fd, 0666 & ~mask);
	return 0;
}

int bu_outfile_commit(struct bu_outfile *f)
{
	int err = 0;

	if (!f->path) {
		f->fd = -1;
		return 0;
	}
	if (close(f->fd) < 0)
		err = -errno;
	f->fd = -1;
	if (!err && f->tmp && rename(f->tmp, f->path) < 0)
		err = -errno;
	if (!err) {
		free(f->tmp);
		f->tmp = NULL;
	}
	bu_outfile_abort(f);
	return err;
}

void bu_outfile_abort(struct bu_outfile *f)
{
	if (f->path && f->fd >= 0)
		close(f->fd);
	if (f->tmp)
		unlink(f->tmp);
	free(f->tmp);
	free(f->path);
	*f = (struct bu_outfile){ .fd = -1 };
}
