/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins: hard links below W/pins, which is what /sys/fs/bpf is to the kernel; and who holds what.
 *
 * A path is walked one name at a time from W/pins on, never through a symbolic link, and never above it.
 */
#include "vm/life.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define PLACE "/sys/fs/bpf"
#define MAX_DEPTH 32

/* What follows prefix in path when it stands there as whole names, or NULL. */
static const char *below(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) || (path[n] && path[n] != '/') ? NULL : path + n;
}

/* The part of a path below W/pins, or NULL: it leads elsewhere. Several slashes count as one. */
static const char *inside(struct bu_vm *vm, const char *path, char *keep)
{
	char pins[PATH_MAX + 8];
	const char *r;
	size_t n = 0;

	for (; *path && n < PATH_MAX - 1; path++)
		if (*path != '/' || !n || keep[n - 1] != '/')
			keep[n++] = *path;
	keep[n] = '\0';
	r = below(keep, PLACE);
	if (!r)
		r = below(keep, "pins");
	if (!r) {
		snprintf(pins, sizeof(pins), "%s/pins", vm->path);
		r = below(keep, pins);
	}
	return r;
}

/* A place below W/pins: its directory, open, and the last name ("" for W/pins itself). */
struct place {
	int dir;
	char name[NAME_MAX + 1];
	bool slash; /* there was a slash behind it */
};

static int step(int *dir, const char *name)
{
	struct stat st;
	int fd = openat(*dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), err = -errno;

	if (fd < 0) {
		if (!fstatat(*dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode))
			return -ELOOP;
		return err;
	}
	close(*dir);
	*dir = fd;
	return 0;
}

/* 0; -EXDEV: above W/pins; else the kernel's errno. Close p->dir unless it is -1. */
static int walk(int from, const char *rel, struct place *p)
{
	unsigned depth = 0;
	int err = 0;

	p->name[0] = '\0';
	p->slash = false;
	p->dir = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return -errno;
	while (!err && *rel) {
		size_t n = strcspn(rel, "/");
		bool dot = n == 1 && rel[0] == '.', up = n == 2 && rel[0] == '.' && rel[1] == '.';

		if (!n) {
			p->slash = p->name[0] != '\0';
			rel++;
			continue;
		}
		/* One more name: the one before it is a directory. */
		if (p->name[0]) {
			err = step(&p->dir, p->name);
			p->name[0] = '\0';
			depth++;
		}
		if (err)
			break;
		if (n > NAME_MAX)
			err = -ENAMETOOLONG;
		else if (up && !depth)
			err = -EXDEV;
		else if (up)
			err = step(&p->dir, ".."), depth--;
		else if (!dot && memchr(rel, '.', n))
			err = -EPERM; /* the BPF file system keeps such names for itself */
		else if (!dot)
			memcpy(p->name, rel, n), p->name[n] = '\0';
		p->slash = false;
		rel += n;
	}
	if (err) {
		close(p->dir);
		p->dir = -1;
	}
	return err;
}

/* Is dirfd a directory below W/pins of this world? */
static bool is_pins_dir(struct bu_vm *vm, int dirfd)
{
	char link[64], path[PATH_MAX], pins[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (fstat(dirfd, &st) || st.st_dev != vm->dev)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n < 0)
		return false;
	path[n] = '\0';
	snprintf(link, sizeof(link), "/proc/self/fd/%d", vm->pdir);
	n = readlink(link, pins, sizeof(pins) - 1);
	if (n < 0)
		return false;
	pins[n] = '\0';
	return below(path, pins) != NULL;
}

/* Finds the place; -EXDEV: the path leads to no pins. */
static int locate(struct bu_vm *vm, int dirfd, const char *path, struct place *p)
{
	char keep[PATH_MAX];
	const char *rel;

	p->dir = -1;
	if (!*path)
		return -ENOENT;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	if (path[0] != '/' && dirfd != AT_FDCWD) {
		struct stat st;

		if (fstat(dirfd, &st))
			return -EBADF;
		if (!S_ISDIR(st.st_mode))
			return -ENOTDIR;
		return is_pins_dir(vm, dirfd) ? walk(dirfd, path, p) : -EXDEV;
	}
	rel = inside(vm, path, keep);
	return rel ? walk(vm->pdir, rel, p) : -EXDEV;
}

/* What a path that is not of this world's pins is told: as one on another file system is. */
static int outside(int dirfd, const char *path, bool making)
{
	char up[PATH_MAX];
	struct stat st;
	char *slash;
	size_t n;

	if (strncmp(path, PLACE, sizeof(PLACE) - 1) == 0 && strstr(path, ".."))
		return making ? -EPERM : -EACCES;
	if (!fstatat(dirfd, path, &st, making ? AT_SYMLINK_NOFOLLOW : 0))
		return making ? -EEXIST : -EACCES;
	if (!making || errno != ENOENT)
		return -errno;
	n = (size_t)snprintf(up, sizeof(up), "%s", path);
	if (n >= sizeof(up))
		return -ENAMETOOLONG;
	if (n && up[n - 1] == '/')
		return -ENOENT;
	slash = strrchr(up, '/');
	if (!slash)
		return -EPERM;
	slash[slash == up] = '\0';
	return fstatat(dirfd, up, &st, 0) ? -errno : -EPERM;
}

/* What object a file below W/pins is: 0, -errno. */
static int identify(struct bu_vm *vm, int dir, const char *name, uint32_t *kind, uint32_t *id)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK), err;
	char own[BU_VM_OBJ_NAME];
	struct bu_vm_hdr h;
	struct stat st, o;

	if (fd < 0)
		return errno == ENXIO ? -EACCES : -errno;
	err = fstat(fd, &st) ? -errno : bu_vm_hdr_read(fd, &st, &h);
	close(fd);
	if (err)
		return err == -EINVAL ? -EACCES : err;
	bu_vm_obj_name(own, h.kind, h.id);
	if (fstatat(vm->odir, own, &o, AT_SYMLINK_NOFOLLOW) || o.st_ino != st.st_ino)
		return -EUCLEAN;
	*kind = h.kind;
	*id = h.id;
	return 0;
}

int bu_vm_pin(struct bu_vm *vm, int dirfd, const char *path, int fd)
{
	char name[BU_VM_OBJ_NAME];
	struct bu_vm_obj *o;
	struct place p;
	struct stat st;
	int err;

	if (vm->read_only)
		return -EROFS;
	err = bu_vm_obj_by_fd(vm, fd, -1, &o, NULL);
	if (err)
		return err;
	err = locate(vm, dirfd, path, &p);
	if (err) {
		bu_vm_obj_put(o);
		return err == -EXDEV ? outside(dirfd, path, true) : err;
	}
	err = bu_vm_world_lock(vm);
	if (!err) {
		bu_vm_obj_name(name, o->kind, o->id);
		if (!p.name[0])
			err = -EEXIST;
		else if (p.slash)
			err = fstatat(p.dir, p.name, &st, AT_SYMLINK_NOFOLLOW) ? -ENOENT : -EEXIST;
		else if (linkat(vm->odir, name, p.dir, p.name, 0))
			err = -errno;
		bu_vm_world_unlock(vm);
	}
	close(p.dir);
	bu_vm_obj_put(o);
	return err;
}

int bu_vm_pin_get(struct bu_vm *vm, int dirfd, const char *path, int oflags)
{
	struct place p;
	struct stat st;
	uint32_t kind, id;
	int err = locate(vm, dirfd, path, &p);

	if (err)
		return err == -EXDEV ? outside(dirfd, path, false) : err;
	if (!p.name[0])
		err = -EACCES;
	else if (fstatat(p.dir, p.name, &st, AT_SYMLINK_NOFOLLOW))
		err = -errno;
	else if (S_ISLNK(st.st_mode))
		err = -ELOOP;
	else if (S_ISDIR(st.st_mode))
		err = -EACCES;
	else if (p.slash)
		err = -ENOTDIR;
	else
		err = identify(vm, p.dir, p.name, &kind, &id);
	close(p.dir);
	if (err)
		return err;
	if (kind == BU_VM_LINK && oflags != O_RDWR && !vm->read_only)
		return -EINVAL;
	if (kind == BU_VM_PROG && !vm->read_only)
		oflags = O_RDWR;
	return bu_vm_obj_open(vm, (int)kind, id, oflags);
}

/* ---------------------------------------------------------------- operations */

int bu_vm_op_pin_prepare(struct bu_sys *s, const char *path, bool no_mount)
{
	char keep[PATH_MAX];

	(void)no_mount;
	if (strlen(path) >= PATH_MAX)
		return -ENAMETOOLONG;
	return inside(bu_vm(s), path, keep) ? 0 : -EINVAL;
}

int bu_vm_op_pin_mkdir(struct bu_sys *s, const char *dir)
{
	struct place p;
	int err = locate(bu_vm(s), AT_FDCWD, dir, &p);

	if (err)
		return err == -EXDEV ? outside(AT_FDCWD, dir, true) : err;
	if (bu_vm(s)->read_only)
		err = -EROFS;
	else if (!p.name[0])
		err = -EEXIST;
	else if (mkdirat(p.dir, p.name, 0700))
		err = -errno;
	close(p.dir);
	return err;
}

int bu_vm_op_pin_rmdir(struct bu_sys *s, const char *dir)
{
	struct place p;
	int err = locate(bu_vm(s), AT_FDCWD, dir, &p);

	if (err)
		return err == -EXDEV ? -EINVAL : err;
	if (bu_vm(s)->read_only)
		err = -EROFS;
	else if (!p.name[0])
		err = -EBUSY;
	else if (unlinkat(p.dir, p.name, AT_REMOVEDIR))
		err = -errno;
	close(p.dir);
	return err;
}

int bu_vm_op_unpin(struct bu_sys *s, const char *path)
{
	struct bu_vm *vm = bu_vm(s);
	struct place p;
	struct stat st;
	uint32_t kind, id;
	bool known;
	int err = locate(vm, AT_FDCWD, path, &p);

	if (err == -EXDEV)
		return fstatat(AT_FDCWD, path, &st, 0) ? -errno : -EINVAL;
	if (err)
		return err;
	if (vm->read_only || !p.name[0]) {
		close(p.dir);
		return vm->read_only ? -EROFS : -EISDIR;
	}
	known = !identify(vm, p.dir, p.name, &kind, &id);
	err = bu_vm_world_lock(vm);
	if (!err) {
		if (p.slash)
			err = fstatat(p.dir, p.name, &st, AT_SYMLINK_NOFOLLOW) ? -errno : -ENOTDIR;
		else if (unlinkat(p.dir, p.name, 0))
			err = -errno;
		if (!err && known)
			bu_vm_life_reap(vm, kind, id);
		bu_vm_world_unlock(vm);
	}
	close(p.dir);
	return err;
}

struct pins {
	struct bu_vm *vm;
	bu_pin_fn *fn;
	void *ctx;
	bool stopped;
	char path[PATH_MAX];
};

static void visit(struct pins *w, int dir, size_t n, unsigned depth)
{
	DIR *d = fdopendir(dir);
	struct dirent *e;
	uint32_t kind, id;
	struct stat st;

	if (!d) {
		close(dir);
		return;
	}
	while (!w->stopped && (e = readdir(d))) {
		size_t len = strlen(e->d_name);

		if (e->d_name[0] == '.' || n + 1 + len >= sizeof(w->path) ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		w->path[n] = '/';
		memcpy(w->path + n + 1, e->d_name, len + 1);
		if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH) {
			int sub = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

			if (sub >= 0)
				visit(w, sub, n + 1 + len, depth + 1);
		} else if (S_ISREG(st.st_mode) && !identify(w->vm, dir, e->d_name, &kind, &id)) {
			w->stopped = !w->fn(w->ctx, (enum bu_objkind)kind, id, w->path);
		}
		w->path[n] = '\0';
	}
	closedir(d);
}

int bu_vm_op_pins(struct bu_sys *s, bu_pin_fn *fn, void *ctx)
{
	struct pins *w = calloc(1, sizeof(*w));
	int dir;

	if (!w)
		return -ENOMEM;
	*w = (struct pins){ .vm = bu_vm(s), .fn = fn, .ctx = ctx, .path = PLACE };
	dir = openat(w->vm->pdir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir >= 0)
		visit(w, dir, strlen(PLACE), 0);
	free(w);
	return 0;
}

int bu_vm_op_fd_kind(struct bu_sys *s, int fd, enum bu_objkind *k, uint32_t *id)
{
	struct bu_vm_obj *o;
	int err = bu_vm_obj_by_fd(bu_vm(s), fd, -1, &o, NULL);

	if (err)
		return err;
	*k = (enum bu_objkind)o->kind;
	*id = o->id;
	err = o->kind == BU_VM_EVENT ? -EINVAL : 0;
	bu_vm_obj_put(o);
	return err;
}

int bu_vm_op_fdinfo(struct bu_sys *s, int fd, char *text, size_t room)
{
	struct bu_vm_obj *o;
	int err = bu_vm_obj_by_fd(bu_vm(s), fd, -1, &o, NULL), n;
	struct stat st;

	if (err)
		return err;
	if (fstat(fd, &st))
		st.st_blocks = 0;
	n = snprintf(text, room, "memlock:\t%llu\n%s", (unsigned long long)st.st_blocks * 512,
		     o->kind == BU_VM_MAP && atomic_load(&o->hdr->live.frozen) ? "frozen:\t1\n" : "");
	bu_vm_obj_put(o);
	return n < 0 || (size_t)n >= room ? -ENOSPC : n;
}

/* ---------------------------------------------------------------- holders */

/* The object behind a descriptor of any process: by its link's last name, proved by the inode. */
static bool object_of(struct bu_vm *vm, int dir, const char *fd, uint32_t *kind, uint32_t *id)
{
	char text[PATH_MAX], name[BU_VM_OBJ_NAME];
	struct stat st, o;
	ssize_t n = readlinkat(dir, fd, text, sizeof(text) - 1);
	char *base;

	if (n <= 0 || text[0] != '/')
		return false;
	text[n] = '\0';
	base = strrchr(text, '/') + 1;
	if (bu_vm_obj_name_parse(base, kind, id))
		return false;
	bu_vm_obj_name(name, *kind, *id);
	return !fstatat(dir, fd, &st, 0) && st.st_dev == vm->dev &&
	       !fstatat(vm->odir, name, &o, AT_SYMLINK_NOFOLLOW) && o.st_ino == st.st_ino;
}

static void comm_of(int proc, int pid, char *comm, size_t size)
{
	char name[32];
	ssize_t n = -1;
	int fd;

	snprintf(name, sizeof(name), "%d/comm", pid);
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, comm, size - 1);
		close(fd);
	}
	comm[n > 0 ? n - (comm[n - 1] == '\n') : 0] = '\0';
}

struct held {
	struct bu_vm *vm;
	bool (*found)(const struct held *h, uint32_t kind, uint32_t id, int pid, const char *comm, int fd);
	void *fn, *ctx;
};

/* All fds of objects, of all processes. */
static int each_held(const struct held *h)
{
	DIR *procs = opendir("/proc"), *d;
	struct dirent *p, *e;
	uint32_t kind, id;
	bool go = true;

	if (!procs)
		return -errno;
	while (go && (p = readdir(procs))) {
		char *end, name[32], comm[64] = "";
		long pid = strtol(p->d_name, &end, 10);
		int dir;

		if (*end || pid <= 0 || pid > INT_MAX)
			continue;
		snprintf(name, sizeof(name), "%ld/fd", pid);
		dir = openat(dirfd(procs), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		d = dir < 0 ? NULL : fdopendir(dir);
		if (!d && dir >= 0)
			close(dir);
		while (go && d && (e = readdir(d))) {
			if (e->d_name[0] == '.' || !object_of(h->vm, dir, e->d_name, &kind, &id))
				continue;
			if (!comm[0])
				comm_of(dirfd(procs), (int)pid, comm, sizeof(comm));
			go = h->found(h, kind, id, (int)pid, comm, atoi(e->d_name));
		}
		if (d)
			closedir(d);
	}
	closedir(procs);
	return 0;
}

static bool held_object(const struct held *h, uint32_t kind, uint32_t id, int pid, const char *comm, int fd)
{
	return kind == BU_VM_EVENT || ((bu_holder_fn *)h->fn)(h->ctx, (enum bu_objkind)kind, id, pid, comm, fd);
}

int bu_vm_op_holders(struct bu_sys *s, bu_holder_fn *fn, void *ctx)
{
	struct held h = { bu_vm(s), held_object, (void *)fn, ctx };

	return each_held(&h);
}

/* ---------------------------------------------------------------- events */

/* "tracepoint:CATEGORY:NAME", "kprobe:FUNCTION+OFFSET", "uprobe:PATH:OFFSET" into what the kernel tells of them. */
static bool read_hook(char *hook, const struct bu_vm_event_attr *a, struct bu_event *e)
{
	static const struct { const char *word; uint32_t type; char cut; } rows[] = {
		{ "tracepoint:", BPF_FD_TYPE_TRACEPOINT, 0 }, { "kprobe:", BPF_FD_TYPE_KPROBE, '+' },
		{ "kretprobe:", BPF_FD_TYPE_KRETPROBE, '+' }, { "uprobe:", BPF_FD_TYPE_UPROBE, ':' },
		{ "uretprobe:", BPF_FD_TYPE_URETPROBE, ':' },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		char *text = hook + strlen(rows[i].word), *cut;

		if (strncmp(hook, rows[i].word, strlen(rows[i].word)))
			continue;
		cut = rows[i].cut ? strrchr(text, rows[i].cut) : NULL;
		if (cut)
			*cut = 0;
		else if (!rows[i].cut && (cut = strchr(text, ':')))
			text = cut + 1;
		e->fd_type = rows[i].type;
		e->text = text;
		e->offset = a->probe_off;
		return true;
	}
	return false;
}

static bool held_event(const struct held *h, uint32_t kind, uint32_t id, int pid, const char *comm, int fd)
{
	struct bu_event e = { .pid = pid, .fd = fd, .comm = comm };
	char hook[sizeof(((struct bu_vm_event_attr *)0)->hook)];
	struct bu_vm_obj *o;
	bool yes = false;

	if ((kind != BU_VM_EVENT && kind != BU_VM_LINK) || bu_vm_obj_by_id(h->vm, (int)kind, id, &o))
		return true;
	if (kind == BU_VM_EVENT) {
		memcpy(hook, o->h.event.hook, sizeof(hook));
		hook[sizeof(hook) - 1] = 0;
		e.prog_id = o->hdr->event.prog_id;
		yes = e.prog_id && read_hook(hook, &o->h.event, &e);
	} else if (o->h.link.type == BPF_LINK_TYPE_RAW_TRACEPOINT) {
		snprintf(hook, sizeof(hook), "%.*s", (int)sizeof(o->h.link.name) - 1, o->h.link.name);
		e.prog_id = o->hdr->link.prog_id;
		e.fd_type = BPF_FD_TYPE_RAW_TRACEPOINT;
		e.text = hook;
		yes = true;
	}
	bu_vm_obj_put(o);
	return !yes || ((bu_event_fn *)h->fn)(h->ctx, &e);
}

int bu_vm_op_events(struct bu_sys *s, bu_event_fn *fn, void *ctx)
{
	struct held h = { bu_vm(s), held_event, (void *)fn, ctx };

	return each_held(&h);
}
