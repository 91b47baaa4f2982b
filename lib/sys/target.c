/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What attachments need an fd of: control groups, network namespaces, infrared receivers; and the namespace
 * of this thread.
 */
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP2_MAGIC 0x63677270 /* linux/magic.h */
#define NS_GET_NSTYPE _IO(0xb7, 0x3) /* linux/nsfs.h */
#define NETNS_DIR "/run/netns"
#define CGROUP_DEPTH 32 /* of groups whose names are listed */

/* Where cgroup2 is mounted first, into dir. */
static int cgroup2_mount(char *dir, size_t room)
{
	FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	int err = -ENODEV;

	if (!f)
		return -errno;
	while (err && (m = getmntent(f))) {
		if (strcmp(m->mnt_type, "cgroup2") != 0 || strlen(m->mnt_dir) >= room)
			continue;
		memcpy(dir, m->mnt_dir, strlen(m->mnt_dir) + 1);
		err = 0;
	}
	endmntent(f);
	return err;
}

/* The path of a group as the user writes it. */
static int cgroup_path(const char *name, char *path, size_t room)
{
	size_t n;
	int err;

	if (name[0] == '/') {
		if (strlen(name) >= room)
			return -ENAMETOOLONG;
		memcpy(path, name, strlen(name) + 1);
		return 0;
	}
	err = cgroup2_mount(path, room);
	if (err)
		return err;
	n = strlen(path);
	return (size_t)snprintf(path + n, room - n, "/%s", name) >= room - n ? -ENAMETOOLONG : 0;
}

static int open_cgroup(const char *name)
{
	char path[PATH_MAX];
	struct statfs st;
	int fd, err = cgroup_path(name, path, sizeof(path));

	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &st) || (unsigned)st.f_type != CGROUP2_MAGIC) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	return fd;
}

static int open_netns(const char *name)
{
	char path[PATH_MAX];
	int fd;

	if (!name)
		snprintf(path, sizeof(path), "/proc/thread-self/ns/net");
	else if (name[0] && name[strspn(name, "0123456789")] == '\0')
		snprintf(path, sizeof(path), "/proc/%s/ns/net", name);
	else if ((size_t)snprintf(path, sizeof(path), strchr(name, '/') ? "%s" : NETNS_DIR "/%s", name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	return fd;
}

static int open_lirc(const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int fd;

	if ((size_t)snprintf(path, sizeof(path), name[0] == '/' ? "%s" : "/dev/lirc%s", name) >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISCHR(st.st_mode)) {
		close(fd);
		return -EMEDIUMTYPE;
	}
	return fd;
}

int bu_sys_target_open(struct bu_sys *s, enum bu_target_kind kind, const char *name)
{
	(void)s; /* the same for every backend */
	switch (kind) {
	case BU_TARGET_CGROUP:
		return open_cgroup(name);
	case BU_TARGET_NETNS:
		return open_netns(name);
	case BU_TARGET_LIRC:
		return open_lirc(name);
	}
	return -EINVAL;
}

int bu_sys_netns_set(struct bu_sys *s, int netns_fd)
{
	(void)s;
	return setns(netns_fd, CLONE_NEWNET) ? -errno : 0;
}

/* ---------------------------------------------------------------- names */

/* Lists the directories below path, whose names begin at base, and what is below them. */
static int each_group(char *path, size_t room, size_t base, unsigned depth, bu_name_fn *fn, void *ctx)
{
	size_t n = strlen(path);
	DIR *d = opendir(path);
	struct dirent *e;
	int stop = 0;

	if (!d)
		return -errno;
	while (!stop && (e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if ((size_t)snprintf(path + n, room - n, "/%s", e->d_name) >= room - n)
			continue;
		stop = !fn(ctx, path + base);
		if (!stop && depth)
			stop = each_group(path, room, base, depth - 1, fn, ctx) == 1;
	}
	path[n] = '\0';
	closedir(d);
	return stop;
}

int bu_sys_each_cgroup(bu_name_fn *fn, void *ctx)
{
	char path[PATH_MAX];
	int err = cgroup2_mount(path, sizeof(path));

	if (!err)
		err = each_group(path, sizeof(path), strlen(path) + 1, CGROUP_DEPTH, fn, ctx);
	return err < 0 ? err : 0;
}

int bu_sys_each_netns(bu_name_fn *fn, void *ctx)
{
	DIR *d = opendir(NETNS_DIR);
	struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && !fn(ctx, e->d_name))
			break;
	closedir(d);
	return 0;
}
