/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pins: the BPF file system, its directories, and a walk over all that is pinned. */
#include "kern/private.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define BPFFS_MAGIC 0xcafe4a11
#define BPFFS_PLACE "/sys/fs/bpf"
#define MAX_DEPTH 512 /* of directories in directories */

/* Is the existing path on a BPF file system? 1, 0, -errno. */
static int on_bpffs(const char *path)
{
	struct statfs st;

	if (statfs(path, &st))
		return -errno;
	/* f_type is signed and of different widths */
	return (uint32_t)st.f_type == BPFFS_MAGIC;
}

/* Cuts the last component off path in place. False when there is none left. */
static bool to_parent(char *path)
{
	char *slash;
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		path[--n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (slash == path && !path[1]))
		return false;
	slash[slash == path] = '\0';
	return true;
}

static bool is_below_place(const char *path)
{
	size_t n = sizeof(BPFFS_PLACE) - 1;

	return strncmp(path, BPFFS_PLACE, n) == 0 && (!path[n] || path[n] == '/');
}

int bu_kern_pin_prepare(struct bu_sys *s, const char *path, bool no_mount)
{
	char dir[PATH_MAX];
	int r;

	if (strlen(path) >= sizeof(dir))
		return -ENAMETOOLONG;
	strcpy(dir, path);
	/* Directories of the path may be yet to be made: the nearest that exists tells. */
	do {
		if (!to_parent(dir)) {
			strcpy(dir, ".");
			r = on_bpffs(dir);
			break;
		}
		r = on_bpffs(dir);
	} while (r == -ENOENT);
	if (r < 0)
		return r;
	if (r)
		return 0;
	if (no_mount || !is_below_place(path))
		return -EINVAL;
	if (mount("bpf", BPFFS_PLACE, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return -errno;
	s->did = "mounted a BPF file system at " BPFFS_PLACE;
	return 0;
}

int bu_kern_pin_mkdir(struct bu_sys *s, const char *dir)
{
	(void)s;
	return mkdir(dir, 0700) ? -errno : 0;
}

int bu_kern_pin_rmdir(struct bu_sys *s, const char *dir)
{
	(void)s;
	return rmdir(dir) ? -errno : 0;
}

int bu_kern_unpin(struct bu_sys *s, const char *path)
{
	int r = on_bpffs(path);

	(void)s;
	if (r < 0)
		return r;
	if (!r) /* never remove a file that is no pin */
		return -EINVAL;
	return unlink(path) ? -errno : 0;
}

/* ---------------------------------------------------------------- the walk */

struct walk {
	struct bu_sys *s;
	bu_pin_fn *fn;
	void *ctx;
	bool stopped;
	char path[PATH_MAX];
};

/* Opens a pin in whatever way it allows: a link only for both, a protected map only for reading. */
static int open_pin(struct bu_sys *s, const char *path)
{
	int fd = bu_sys_get(s, path, 0);

	return fd >= 0 ? fd : bu_sys_get(s, path, BPF_F_RDONLY);
}

static void visit_pin(struct walk *w)
{
	enum bu_objkind kind;
	uint32_t id;
	int fd = open_pin(w->s, w->path);

	if (fd < 0) /* unpinned meanwhile, not ours to read, or one of the kernel's debug files */
		return;
	if (!bu_kern_fd_kind(w->s, fd, &kind, &id))
		w->stopped = !w->fn(w->ctx, kind, id, w->path);
	close(fd);
}

/* Everything below the directory w->path of n bytes. What vanishes meanwhile is left out. */
static void visit_dir(struct walk *w, size_t n, unsigned depth)
{
	DIR *d = opendir(w->path);
	struct dirent *e;

	if (!d)
		return;
	while (!w->stopped && (e = readdir(d))) {
		struct stat st;
		size_t len = strlen(e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    n + 1 + len >= sizeof(w->path))
			continue;
		w->path[n] = '/';
		memcpy(w->path + n + 1, e->d_name, len + 1);
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode))
			visit_pin(w);
		else if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
			visit_dir(w, n + 1 + len, depth + 1);
		w->path[n] = '\0';
	}
	closedir(d);
}

int bu_kern_pins(struct bu_sys *s, bu_pin_fn *fn, void *ctx)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct walk *w = calloc(1, sizeof(*w));
	struct mntent *m;
	int err = 0;

	if (!mounts || !w) {
		err = mounts ? -ENOMEM : -errno;
		goto out;
	}
	*w = (struct walk){ .s = s, .fn = fn, .ctx = ctx };
	while (!w->stopped && (m = getmntent(mounts))) {
		size_t n = strlen(m->mnt_dir);

		if (strcmp(m->mnt_type, "bpf") != 0 || n >= sizeof(w->path))
			continue;
		memcpy(w->path, m->mnt_dir, n + 1);
		visit_dir(w, n, 0);
	}
out:
	if (mounts)
		endmntent(mounts);
	free(w);
	return err;
}
