// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Local storage of tasks, control groups and sockets. bpf(2) has no walk for it: a key is an fd of the owner. So
 * the owners that there are get asked one by one, and the key that is shown is what names them: the thread's id,
 * the control group's id, the socket's inode number. Of inodes there are too many.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks.h"

#define THREAD O_EXCL /* PIDFD_THREAD */
#define DEPTH 64

struct storage {
	struct bt_walk *w;
	uint8_t *value;
	struct bu_hash seen; /* sockets: several fds may be of one */
	struct bu_arena arena;
};

/* Asks for what the owner behind fd has. */
static void ask(struct storage *s, int fd, uint32_t name)
{
	struct bt_walk *w = s->w;
	int err = bu_sys_map_lookup(w->t->sys, w->m->fd, &fd, s->value, 0);

	if (!err && !w->stop && !w->t->out.err)
		w->fn(w, (const uint8_t *)&name, s->value, w->m->vsize, 1, 0);
}

/* Calls fn for each entry of a directory whose name is a number. */
static void numbers(struct storage *s, const char *dir, void (*fn)(struct storage *s, const char *dir, unsigned n))
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned long n;
	char *end;

	while (d && (e = readdir(d)) && !s->w->stop && !s->w->t->out.err) {
		n = strtoul(e->d_name, &end, 10);
		if (end != e->d_name && !*end && n <= UINT32_MAX)
			fn(s, dir, (unsigned)n);
	}
	if (d)
		closedir(d);
}

/* ---------------------------------------------------------------- tasks */

static void thread(struct storage *s, const char *dir, unsigned tid)
{
	bool leader = strtoul(dir + strlen("/proc/"), NULL, 10) == tid;
	int fd = (int)syscall(SYS_pidfd_open, tid, leader ? 0 : THREAD);

	if (fd < 0)
		return;
	ask(s, fd, tid);
	close(fd);
}

static void process(struct storage *s, const char *dir, unsigned pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%u/task", dir, pid);
	numbers(s, path, thread);
}

/* ---------------------------------------------------------------- sockets */

static void socket_fd(struct storage *s, const char *dir, unsigned n)
{
	char path[96], link[64];
	unsigned long ino;
	ssize_t len;
	uint64_t *key;
	int pid, fd;

	snprintf(path, sizeof(path), "%s/%u", dir, n);
	len = readlink(path, link, sizeof(link) - 1);
	if (len <= 0)
		return;
	link[len] = 0;
	if (sscanf(link, "socket:[%lu]", &ino) != 1)
		return;
	key = bu_arena_alloc(&s->arena, sizeof(*key));
	if (!key)
		return;
	*key = ino;
	if (bu_hash_get(&s->seen, (const char *)key, sizeof(*key)) ||
	    bu_hash_put(&s->seen, (const char *)key, sizeof(*key), key))
		return;
	pid = (int)syscall(SYS_pidfd_open, strtoul(dir + strlen("/proc/"), NULL, 10), 0);
	fd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pid, n, 0);
	if (fd >= 0) {
		ask(s, fd, (uint32_t)ino);
		close(fd);
	}
	if (pid >= 0)
		close(pid);
}

static void sockets_of(struct storage *s, const char *dir, unsigned pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%u/fd", dir, pid);
	numbers(s, path, socket_fd);
}

/* ---------------------------------------------------------------- control groups */

static void groups(struct storage *s, int dir, int depth)
{
	struct stat st;
	struct dirent *e;
	DIR *d;
	int fd;

	if (!fstat(dir, &st))
		ask(s, dir, (uint32_t)st.st_ino);
	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	while (d && depth && (e = readdir(d)) && !s->w->stop && !s->w->t->out.err) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		fd = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		groups(s, fd, depth - 1);
		close(fd);
	}
	if (d)
		closedir(d);
}

bool bt_is_storage(uint32_t type)
{
	return type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE ||
	       type == BPF_MAP_TYPE_INODE_STORAGE;
}

int bt_storage_walk(struct bt_walk *w)
{
	struct storage s = { .w = w };
	const char *root;
	int err = 0, fd;

	if (w->m->info.key_size != 4)
		return -EOPNOTSUPP;
	s.value = calloc(1, w->m->vsize + 8);
	if (!s.value)
		return -ENOMEM;
	bu_arena_init(&s.arena);
	switch (w->m->info.type) {
	case BPF_MAP_TYPE_TASK_STORAGE:
		numbers(&s, "/proc", process);
		break;
	case BPF_MAP_TYPE_SK_STORAGE:
		numbers(&s, "/proc", sockets_of);
		break;
	case BPF_MAP_TYPE_CGRP_STORAGE:
		root = bt_cgroup_root(w->t);
		fd = root ? open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		err = root && fd < 0 ? -errno : 0;
		if (fd >= 0) {
			groups(&s, fd, DEPTH);
			close(fd);
		}
		break;
	default:
		err = -EOPNOTSUPP;
	}
	bu_hash_free(&s.seen);
	bu_arena_free(&s.arena);
	free(s.value);
	return err;
}
