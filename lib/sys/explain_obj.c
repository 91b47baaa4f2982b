/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a pin, an object by its id, a link or an event was refused. */
#include "sys/explain.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BPFFS_MAGIC 0xcafe4a11u

/* The directory of a path into dir; false: too long. */
static bool dir_of(const char *path, char dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (n >= PATH_MAX)
		return false;
	if (!slash)
		strcpy(dir, ".");
	else if (!n)
		strcpy(dir, "/");
	else {
		memcpy(dir, path, n);
		dir[n] = '\0';
	}
	return true;
}

/* What is pinned at path: "a map, id 7"; false: nothing that can be opened. */
static bool what_is_there(struct bu_why *x, const char *path)
{
	enum bu_objkind kind;
	uint32_t id = 0;
	int fd = bu_sys_get(x->s, path, 0);

	if (fd < 0)
		return false;
	if (bu_sys_fd_kind(x->s, fd, &kind, &id) == 0)
		why_note(x, "%s is pinned there, id %u", kind == BU_PROG ? "a program" : kind == BU_MAP ? "a map" :
			 kind == BU_LINK ? "a link" : "BTF", id);
	x->s->ops->close(x->s, fd);
	return true;
}

bool bu_why_pin(struct bu_why *x)
{
	const char *path = x->r->path, *name;
	char dir[PATH_MAX];
	struct statfs fs;
	struct statvfs vfs;
	struct stat st;

	if (!path || !x->probe || !dir_of(path, dir))
		return false;
	name = strrchr(path, '/');
	name = name ? name + 1 : path;
	if (x->err == EEXIST) {
		if (!what_is_there(x, path) && stat(path, &st) == 0)
			why_note(x, "there is a %s at this path", S_ISDIR(st.st_mode) ? "directory" : "file");
		why_help(x, "another directory, or: rm -r %s", path);
		return true;
	}
	if (statfs(dir, &fs)) {
		why_note(x, "the directory %s %s", dir, errno == ENOENT ? "is not there" : "cannot be reached");
		return true;
	}
	if ((uint32_t)fs.f_type != BPFFS_MAGIC) {
		why_note(x, "%s is not in a bpf file system, where alone objects can be pinned", dir);
		why_help(x, "mount -t bpf bpf /sys/fs/bpf, and pin below it");
		return true;
	}
	if (statvfs(dir, &vfs) == 0 && vfs.f_flag & ST_RDONLY) {
		why_note(x, "the bpf file system at %s is mounted read-only", dir);
		why_help(x, "mount -o remount,rw %s", dir);
		return true;
	}
	if (strchr(name, '.')) {
		why_note(x, "names with a dot are reserved in bpf file systems: '%s'", name);
		return true;
	}
	if (access(dir, W_OK)) {
		why_note(x, "this user may not write in %s", dir);
		if (stat(dir, &st) == 0)
			why_note(x, "it belongs to user %u, mode %03o", (unsigned)st.st_uid, (unsigned)(st.st_mode & 0777));
		return true;
	}
	return false;
}

bool bu_why_pin_get(struct bu_why *x)
{
	const char *path = x->r->path;
	char dir[PATH_MAX];
	struct statfs fs;
	struct stat st;

	if (!path || !x->probe || !dir_of(path, dir))
		return false;
	if (stat(path, &st) && errno == ENOENT) {
		if (statfs(dir, &fs) == 0 && (uint32_t)fs.f_type != BPFFS_MAGIC)
			why_note(x, "nothing is at %s, and %s is not in a bpf file system: it may not be mounted here", path, dir);
		else
			why_note(x, "nothing is pinned at %s", path);
		return true;
	}
	if (statfs(path, &fs) == 0 && (uint32_t)fs.f_type != BPFFS_MAGIC) {
		why_note(x, "%s is no pin: it is not in a bpf file system", path);
		return true;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		why_note(x, "%s is a directory of pins", path);
		return true;
	}
	if (access(path, R_OK | W_OK)) {
		why_note(x, "this user may not open %s", path);
		return true;
	}
	return false;
}

bool bu_why_no_id(struct bu_why *x)
{
	static const char *const kinds[] = { "program", "map", "type information", "link" };
	unsigned k = x->cmd == BPF_PROG_GET_FD_BY_ID ? 0 : x->cmd == BPF_MAP_GET_FD_BY_ID ? 1 :
		     x->cmd == BPF_BTF_GET_FD_BY_ID ? 2 : 3;

	why_note(x, "there is no %s of that id%s", kinds[k],
		 x->kernel ? "; ids are not used again, so it is gone" : " in this world");
	return true;
}

bool bu_why_xdp_there(struct bu_why *x)
{
	static const char *const modes[] = { "", " in driver mode", " in generic mode", " offloaded to the device",
					     " in several modes" };
	uint32_t id = 0, size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info;
	uint8_t mode = 0;
	int fd;

	if (!x->r->ifindex || !x->s->ops->xdp_get || x->s->ops->xdp_get(x->s, x->r->ifindex, &id, &mode) || !id)
		return false;
	memset(&info, 0, sizeof(info));
	fd = bu_sys_fd_by_id(x->s, BU_PROG, id, 0);
	if (fd >= 0) {
		if (bu_sys_info(x->s, fd, &info, &size))
			info.name[0] = '\0';
		x->s->ops->close(x->s, fd);
	}
	info.name[sizeof(info.name) - 1] = '\0';
	why_note(x, "its XDP program is id %u%s%s%s", id, info.name[0] ? ", " : "", info.name,
		 mode < BU_ARRAY_SIZE(modes) ? modes[mode] : "");
	why_help(x, "ip link set DEVICE xdp off takes away what netlink has set; 'bpftool link show' tells of links");
	return true;
}

bool bu_why_link_old(struct bu_why *x)
{
	const struct bu_kind *at;

	if (!x->a)
		return false;
	at = bu_kind_by_num(bu_attach_types, bu_nattach_types, x->a->link_create.attach_type);
	if (!at || !bu_why_older(x, at->since))
		return false;
	why_note(x, "attach type %s came with Linux %u.%u; this is %u.%u", at->name, at->since >> 8, at->since & 0xff,
		 x->f.major, x->f.minor);
	return true;
}

bool bu_why_event_busy(struct bu_why *x)
{
	why_note(x, x->err == EBUSY ? "another one holds this counter for itself"
				    : "the processor has no free counter or breakpoint of this kind");
	return true;
}

bool bu_why_test_run(struct bu_why *x)
{
	if (x->err == ENOTSUP || x->err == 524) {
		why_note(x, "the kernel cannot run programs of this type for a test");
		return true;
	}
	if (x->err == ENOSPC) {
		why_note(x, "the buffer for the output is smaller than what the program has left");
		return true;
	}
	if (x->err == EINVAL) {
		why_note(x, "the kernel refuses the input: a packet has at least 14 bytes, a context the size that its type has");
		return true;
	}
	return false;
}
