/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Local storage of sockets, tasks, inodes and control groups: a hash table by who owns the value, which user space
 * says by an fd. Nobody hears of an owner's end; those of tasks that have ended go when there is no room.
 */
#include "vm/map_local.h"

#include "vm/map_hash.h"
#include "vm/map_keyed.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define ENOTSUPP 524
#define CGROUP1 0x27e0eb
#define CGROUP2 0x63677270
#define OWNERS 16384u      /* at a time */
#define VALUE_MAX 65407u   /* of the kernel, found out by trying */
#define BYTES (256u << 20) /* for longer values there are fewer */
#define LEAST 1024u

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	if (a->map_flags & ~(uint32_t)(BPF_F_NO_PREALLOC | BPF_F_CLONE) || !(a->map_flags & BPF_F_NO_PREALLOC) ||
	    a->max_entries || a->key_size != 4 || !a->value_size || !a->btf_key_type_id ||
	    !a->btf_value_type_id)
		return -EINVAL;
	return a->value_size > VALUE_MAX ? -E2BIG : 0;
}

static int layout(struct bu_vm_map *m)
{
	uint32_t n = BYTES / (m->value_size ? m->value_size : 1);

	n = n > OWNERS ? OWNERS : n < LEAST ? LEAST : n;
	return bu_vm_keyed_layout(m, sizeof(struct bu_vm_owner), m->value_size, n);
}

/* ---------------------------------------------------------------- owners */

/* When a task began, in ticks: numbers of tasks are used again. 0: it is not there. */
static uint64_t began(uint32_t pid)
{
	char path[32], text[1024], *p;
	unsigned long long v = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	p = strrchr(text, ')'); /* the name may hold anything */
	for (int i = 0; p && i < 20; i++)
		p = strchr(p + 1, ' ');
	return p && sscanf(p, "%llu", &v) == 1 ? v : 0;
}

void bu_vm_owner_task(uint32_t pid, struct bu_vm_owner *o)
{
	*o = (struct bu_vm_owner){ pid, began(pid) };
}

static int task_by_fd(int fd, struct bu_vm_owner *o)
{
	char path[40], line[128];
	int pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fd < 0 ? NULL : fopen(path, "re");
	while (f && !pid && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	if (f)
		fclose(f);
	if (!pid)
		return -EBADF;
	if (pid < 0) /* it has ended */
		return -ENOENT;
	bu_vm_owner_task((uint32_t)pid, o);
	return 0;
}

static int sock_by_fd(int fd, struct bu_vm_owner *o)
{
	socklen_t n = sizeof(o->a);
	struct stat st;

	*o = (struct bu_vm_owner){ 0, 0 };
	if (fstat(fd, &st) || fcntl(fd, F_GETFL) & O_PATH)
		return -EBADF;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &o->a, &n) ? -errno : 0;
}

static int inode_by_fd(int fd, struct bu_vm_owner *o)
{
	struct stat st;

	if (fstat(fd, &st))
		return -EBADF;
	*o = (struct bu_vm_owner){ st.st_ino, st.st_dev };
	return 0;
}

void bu_vm_owner_cgroup(uint64_t id, struct bu_vm_owner *o)
{
	*o = (struct bu_vm_owner){ id, 0 };
}

static int cgroup_by_fd(int fd, struct bu_vm_owner *o)
{
	struct statfs fs;
	struct stat st;

	if (fstatfs(fd, &fs) || fstat(fd, &st) || !S_ISDIR(st.st_mode) || (fs.f_type != CGROUP2 && fs.f_type != CGROUP1))
		return -EBADF;
	*o = (struct bu_vm_owner){ st.st_ino, fs.f_type == CGROUP2 ? 0 : st.st_dev };
	return 0;
}

static int by_fd(const struct bu_vm_map *m, const void *key, struct bu_vm_owner *o)
{
	int fd;

	memcpy(&fd, key, 4);
	switch (m->type) {
	case BPF_MAP_TYPE_SK_STORAGE:
		return sock_by_fd(fd, o);
	case BPF_MAP_TYPE_TASK_STORAGE:
		return task_by_fd(fd, o);
	case BPF_MAP_TYPE_INODE_STORAGE:
		return inode_by_fd(fd, o);
	default:
		return cgroup_by_fd(fd, o);
	}
}

/* ---------------------------------------------------------------- values */

/* Takes out what tasks have left: how many. */
static unsigned sweep(struct bu_vm_map *t)
{
	struct bu_vm_owner *gone = malloc(256 * sizeof(*gone)), o;
	uint64_t pos = 0, steps = 0;
	const void *key;
	unsigned n = 0;
	void *value;

	while (gone && n < 256 && steps++ < OWNERS && !bu_vm_hash_ops.walk(t, &pos, 0, &key, &value)) {
		memcpy(&o, key, sizeof(o));
		if (began((uint32_t)o.a) != o.b)
			gone[n++] = o;
	}
	for (unsigned i = 0; i < n; i++)
		bu_vm_hash_ops.erase(t, &gone[i]);
	free(gone);
	return n;
}

int bu_vm_local_set(struct bu_vm_map *m, const struct bu_vm_owner *o, const void *value, uint64_t flags)
{
	struct bu_vm_map *t = bu_vm_keyed(m);
	int err;

	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST || (flags & BPF_F_LOCK && m->spin_lock_off < 0))
		return -EINVAL;
	err = bu_vm_hash_ops.update(t, o, value, flags, 0);
	if (err == -E2BIG && m->type == BPF_MAP_TYPE_TASK_STORAGE && sweep(t))
		err = bu_vm_hash_ops.update(t, o, value, flags, 0);
	return err == -E2BIG ? -ENOMEM : err;
}

void *bu_vm_local_get(struct bu_vm_map *m, const struct bu_vm_owner *o)
{
	return bu_vm_hash_ops.lookup(bu_vm_keyed(m), o, 0);
}

int bu_vm_local_delete(struct bu_vm_map *m, const struct bu_vm_owner *o)
{
	return bu_vm_hash_ops.erase(bu_vm_keyed(m), o);
}

static int read_value(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	struct bu_vm_owner o;
	int err = by_fd(m, key, &o);

	return err ? err : bu_vm_hash_ops.read(bu_vm_keyed(m), &o, value, flags);
}

static int write_value(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	struct bu_vm_owner o;
	int err = by_fd(m, key, &o);

	return err ? err : bu_vm_local_set(m, &o, value, flags);
}

static int erase(struct bu_vm_map *m, const void *key)
{
	struct bu_vm_owner o;
	int err = by_fd(m, key, &o);

	return err ? err : bu_vm_local_delete(m, &o);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

/* There is no next key: user space may not have an fd of each owner. */
const struct bu_vm_map_ops bu_vm_local_ops = {
	.check = check, .layout = layout, .init = bu_vm_keyed_init, .close = bu_vm_keyed_close,
	.read = read_value, .write = write_value, .erase = erase, .verify = bu_vm_keyed_verify, .mem_usage = mem_usage,
};
