/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that ask which control group, namespace and user something belongs to, and what a control group's program returns. */
#include "vm/ctxrule.h"
#include "vm/helper.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#define ROOT_ID 1u /* of the hierarchy's root */

/* Where the hierarchy is mounted. */
static const char *mount_point(void)
{
	static char at[256];
	char line[1024], dir[256], type[32];
	FILE *f;

	if (at[0])
		return at;
	f = fopen("/proc/self/mounts", "re");
	while (f && !at[0] && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %255s %31s", dir, type) == 2 && !strcmp(type, "cgroup2"))
			snprintf(at, sizeof(at), "%s", dir);
	if (f)
		fclose(f);
	if (!at[0])
		snprintf(at, sizeof(at), "/sys/fs/cgroup");
	return at;
}

/* This process's control group below the mount, "" for the root or where none is known. */
static void own_path(char *path, size_t size)
{
	char line[4096];
	FILE *f = fopen("/proc/self/cgroup", "re");

	path[0] = 0;
	while (f && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "0::", 3) && strcmp(line, "0::/") != 0 && strstr(line, "/..") == NULL)
			snprintf(path, size, "%s", line + 3);
	}
	if (f)
		fclose(f);
}

/* Id of the group that so many levels of its path name; level -1: of all. 0: it has not so many. */
static uint64_t group(const struct bu_vm_run *run, int32_t level)
{
	const struct bu_vm_env *env = run->env;
	char path[4096], full[4096 + 256], *p;
	struct stat st;

	if (env && env->ncgroups)
		return level < 0 ? env->cgroups[env->ncgroups - 1] :
		       (unsigned)level < env->ncgroups ? env->cgroups[level] : 0;
	if (env && env->fixed_task)
		return level <= 0 ? ROOT_ID : 0;
	own_path(path, sizeof(path));
	p = path;
	for (int32_t i = 0; level >= 0 && i <= level; i++) {
		if (i && !*p)
			return 0;
		if (i)
			p++; /* the slash */
		if (i || level == 0)
			p += level == 0 ? 0 : strcspn(p, "/");
	}
	if (level >= 0)
		*p = 0;
	snprintf(full, sizeof(full), "%s%s", mount_point(), path);
	return stat(full, &st) ? ROOT_ID : st.st_ino;
}

BU_VM_FN(get_current_cgroup_id)
{
	return group(run, -1);
}

BU_VM_FN(get_current_ancestor_cgroup_id)
{
	return (int32_t)a < 0 ? 0 : group(run, (int32_t)a);
}

/* Packets of runs by hand belong to a socket of who runs them. */
BU_VM_FN(skb_cgroup_id)
{
	return group(run, -1);
}

BU_VM_FN(skb_ancestor_cgroup_id)
{
	return (int32_t)b < 0 ? 0 : group(run, (int32_t)b);
}

BU_VM_FN(skb_cgroup_classid)
{
	return 0;
}

BU_VM_FN(sk_cgroup_id)
{
	return group(run, -1);
}

BU_VM_FN(sk_ancestor_cgroup_id)
{
	return (int32_t)b < 0 ? 0 : group(run, (int32_t)b);
}

uint64_t bu_vm_cgroup_above(const struct bu_vm_run *run, int32_t level)
{
	return group(run, level);
}

int32_t bu_vm_cgroup_level(const struct bu_vm_run *run, uint64_t id)
{
	uint64_t is;

	for (int32_t level = 0; (is = group(run, level)) != 0; level++)
		if (is == id)
			return level;
	return -1;
}

/* By its handle, which only a privileged caller may open; others know the groups that they are in. */
bool bu_vm_cgroup_there(const struct bu_vm_run *run, uint64_t id)
{
	union {
		struct file_handle h;
		uint8_t room[sizeof(struct file_handle) + 8];
	} u = { .h = { .handle_bytes = 8, .handle_type = 0xfe /* FILEID_KERNFS */ } };
	int at, fd;

	if (bu_vm_cgroup_level(run, id) >= 0)
		return true;
	if (run->env && (run->env->ncgroups || run->env->fixed_task))
		return false;
	memcpy(u.h.f_handle, &id, 8);
	at = open(mount_point(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = at < 0 ? -1 : open_by_handle_at(at, &u.h, O_PATH | O_CLOEXEC);
	if (at >= 0)
		close(at);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Is the group of element i the task's, or above it? */
static uint64_t under(const struct bu_vm_run *run, uint64_t map, uint64_t i)
{
	const struct bu_vm_map *m = (const struct bu_vm_map *)(uintptr_t)map;
	uint64_t want;

	if ((uint32_t)i >= m->max_entries)
		return bu_vm_ret(-E2BIG);
	want = bu_vm_cgroup_at(m, (uint32_t)i);
	if (!want)
		return bu_vm_ret(-EAGAIN);
	return bu_vm_cgroup_level(run, want) >= 0;
}

BU_VM_FN(current_task_under_cgroup)
{
	return under(run, a, b);
}

BU_VM_FN(skb_under_cgroup)
{
	return bu_vm_skb_sock(run) ? under(run, b, c) : bu_vm_ret(-ENOENT);
}

/* ---------------------------------------------------------------- namespaces */

BU_VM_FN(get_netns_cookie)
{
	uint64_t cookie = 1; /* the first namespace's */
	socklen_t n = sizeof(cookie);
	int fd;

	if (run->env && run->env->fixed_task)
		return cookie;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return cookie;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n))
		cookie = 1;
	close(fd);
	return cookie;
}

/* struct bpf_pidns_info: pid, tgid */
BU_VM_FN(get_ns_current_pid_tgid)
{
	uint32_t out[2] = { 0 };
	struct stat st;

	memset((void *)(uintptr_t)c, 0, d);
	if (d != sizeof(out) || stat("/proc/self/ns/pid", &st) || st.st_dev != a || st.st_ino != b)
		return (uint64_t)-EINVAL;
	bu_vm_task(run, &out[0], &out[1], NULL);
	memcpy((void *)(uintptr_t)c, out, sizeof(out));
	return 0;
}

/* ---------------------------------------------------------------- the result of a control group's programs */

BU_VM_FN(get_retval)
{
	return run->ctx ? (uint64_t)(int64_t)run->ctx->retval : 0;
}

BU_VM_FN(set_retval)
{
	if (run->ctx)
		run->ctx->retval = (int32_t)a;
	return 0;
}

/* ---------------------------------------------------------------- a sysctl that is read or written */

#define BASE_NAME 1ull
#define VALUE_MAX (4096u - BU_VM_MD_SYSCTL)

/* struct bpf_sysctl: write, file_pos */
static bool writes(const struct bu_vm_run *run)
{
	return run->ctx_id == BU_VM_C_SYSCTL && bu_get32(run->md, BU_HOST_BE);
}

/* The value into n bytes, with zeros behind or cut with one: its length, or why not. */
static uint64_t copy(uint64_t to, uint64_t n, const void *value, size_t size)
{
	uint8_t *p = (uint8_t *)(uintptr_t)to;

	memset(p, 0, n);
	if (!value || !size)
		return (uint64_t)-EINVAL;
	memcpy(p, value, size < n ? size : n);
	if (n > size)
		return size;
	p[n - 1] = 0;
	return (uint64_t)-E2BIG;
}

BU_VM_FN(sysctl_get_name)
{
	const char *name = run->env ? run->env->sysctl_name : NULL, *base = name ? strrchr(name, '/') : NULL;
	size_t n;

	if (d & ~BASE_NAME || !name)
		return (uint64_t)-EINVAL;
	if (d & BASE_NAME && base)
		name = base + 1;
	n = strlen(name);
	memset((void *)(uintptr_t)b, 0, c);
	memcpy((void *)(uintptr_t)b, name, n < c ? n : c - 1);
	return n < c ? n : (uint64_t)-E2BIG;
}

BU_VM_FN(sysctl_get_current_value)
{
	const char *v = run->env ? run->env->sysctl_value : NULL;

	return copy(b, c, v, v ? strlen(v) : 0);
}

BU_VM_FN(sysctl_get_new_value)
{
	const char *v = run->env ? run->env->sysctl_new : NULL;

	if (!writes(run))
		v = NULL;
	else if (run->sysctl_size)
		return copy(b, c, run->md + BU_VM_MD_SYSCTL, run->sysctl_size);
	return copy(b, c, v, v ? strlen(v) : 0);
}

/* What is written instead, for the rest of the run: noted, as nothing is written. */
BU_VM_FN(sysctl_set_new_value)
{
	if (!writes(run) || !run->env || !run->env->sysctl_new)
		return (uint64_t)-EINVAL;
	if (c > VALUE_MAX)
		return (uint64_t)-E2BIG;
	memcpy(run->md + BU_VM_MD_SYSCTL, (const void *)(uintptr_t)b, c);
	run->sysctl_size = (uint32_t)c;
	return 0;
}
