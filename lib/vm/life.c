/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Life and death of objects. An object lives while somebody has a flock on its file, it has a
 * second link (a pin), or its anchor has one (a reference).
 *
 * What dies is removed under W/lock: the object's file first, then the references it had, its anchor,
 * its bit in the index. A bit without a file tells the next scan to go on with the rest.
 */
#include "vm/life.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum state {
	GONE,     /* no such file */
	HELD,     /* by a flock or a pin */
	REFERRED, /* only by other objects */
	DEAD,
	STRANGE,  /* no regular file */
};

/* REFERRED, DEAD: *fd has an exclusive flock until closed; else it is -1. */
static enum state look(struct bu_vm *vm, uint32_t kind, uint32_t id, int *fd)
{
	char name[BU_VM_OBJ_NAME];
	struct stat st;
	enum state s = STRANGE;

	bu_vm_obj_name(name, kind, id);
	*fd = openat(vm->odir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0)
		return errno == ENOENT ? GONE : errno == ELOOP || errno == ENXIO ? STRANGE : HELD;
	if (fstat(*fd, &st) || !S_ISREG(st.st_mode))
		goto out;
	s = !st.st_nlink ? GONE : HELD;
	if (st.st_nlink != 1 || flock(*fd, LOCK_EX | LOCK_NB))
		goto out;
	bu_vm_anchor_name(name, kind, id);
	if (!fstatat(vm->odir, name, &st, AT_SYMLINK_NOFOLLOW) && st.st_nlink > 1)
		return REFERRED;
	return DEAD;
out:
	close(*fd);
	*fd = -1;
	return s;
}

bool bu_vm_obj_lives(struct bu_vm_obj *o)
{
	int fd;
	enum state s = look(o->vm, o->kind, o->id, &fd);

	if (fd >= 0)
		close(fd);
	return s == HELD || s == REFERRED;
}

/* ---------------------------------------------------------------- references */

int bu_vm_ref_target(struct bu_vm *vm, const struct stat *st, uint32_t *kind, uint32_t *id)
{
	char name[BU_VM_OBJ_NAME];
	struct stat a;

	if (!S_ISREG(st->st_mode) || st->st_mtim.tv_sec <= 0 || st->st_mtim.tv_sec > UINT32_MAX ||
	    st->st_mtim.tv_nsec < 0 || st->st_mtim.tv_nsec >= BU_VM_NKINDS)
		return -ENOENT;
	*kind = (uint32_t)st->st_mtim.tv_nsec;
	*id = (uint32_t)st->st_mtim.tv_sec;
	bu_vm_anchor_name(name, *kind, *id);
	if (fstatat(vm->odir, name, &a, AT_SYMLINK_NOFOLLOW) || a.st_ino != st->st_ino)
		return -ENOENT;
	return 0;
}

/* Notes that an object may have died. When memory is short a later scan finds it. */
static void may_have_died(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	if (vm->dying.n == vm->dying.cap) {
		size_t cap = vm->dying.cap ? vm->dying.cap * 2 : 64;
		void *v = realloc(vm->dying.v, cap * sizeof(*vm->dying.v));

		if (!v)
			return;
		vm->dying.v = v;
		vm->dying.cap = cap;
	}
	vm->dying.v[vm->dying.n++] = (struct bu_vm_target){ kind, id };
}

/* The directory of an object's references, or -errno. */
static int refs_dir(struct bu_vm *vm, uint32_t kind, uint32_t id, bool make)
{
	char name[BU_VM_OBJ_NAME];
	int fd;

	bu_vm_obj_name(name, kind, id);
	if (make && mkdirat(vm->rdir, name, 0700) && errno != EEXIST)
		return -errno;
	fd = openat(vm->rdir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

int bu_vm_ref_set(struct bu_vm_obj *holder, uint32_t slot, const struct bu_vm_obj *target)
{
	struct bu_vm *vm = holder->vm;
	char name[16], anchor[BU_VM_OBJ_NAME];
	uint32_t okind = 0, oid = 0;
	struct stat old, want;
	bool had = false;
	int dir = -1, err;

	if (vm->read_only)
		return -EROFS;
	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	dir = refs_dir(vm, holder->kind, holder->id, target != NULL);
	if (dir < 0) {
		err = dir == -ENOENT ? 0 : dir == -ENOSPC ? -ENOMEM : dir;
		goto out;
	}
	snprintf(name, sizeof(name), "%u", slot);
	if (!fstatat(dir, name, &old, AT_SYMLINK_NOFOLLOW))
		had = !bu_vm_ref_target(vm, &old, &okind, &oid);
	if (!target) {
		if (unlinkat(dir, name, 0) && errno != ENOENT)
			err = -errno;
		goto out;
	}
	bu_vm_anchor_name(anchor, target->kind, target->id);
	if (fstatat(vm->odir, anchor, &want, AT_SYMLINK_NOFOLLOW)) {
		err = -errno;
		goto out;
	}
	if (had && old.st_ino == want.st_ino) {
		had = false;
		goto out;
	}
	/* What a killed process left by this name is one link too many of whatever it is. */
	unlinkat(dir, ".tmp", 0);
	if (linkat(vm->odir, anchor, dir, ".tmp", 0) || renameat(dir, ".tmp", dir, name)) {
		err = errno == ENOSPC ? -ENOMEM : -errno;
		unlinkat(dir, ".tmp", 0);
		had = false;
	}
out:
	if (dir >= 0)
		close(dir);
	if (had && !err)
		bu_vm_life_reap(vm, okind, oid);
	bu_vm_world_unlock(vm);
	return err;
}

int bu_vm_ref_settle(struct bu_vm_obj *holder, bool (*keep)(void *ctx, uint32_t slot), void *ctx)
{
	struct bu_vm *vm = holder->vm;
	struct dirent *e;
	unsigned long slot;
	char *end;
	int err, fd;
	DIR *d;

	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	fd = refs_dir(vm, holder->kind, holder->id, false);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	while (d && (e = readdir(d))) {
		slot = strtoul(e->d_name, &end, 10);
		if (end != e->d_name && !*end && slot && slot <= UINT32_MAX && !keep(ctx, (uint32_t)slot))
			bu_vm_ref_set(holder, (uint32_t)slot, NULL);
	}
	if (d)
		closedir(d);
	bu_vm_world_unlock(vm);
	return 0;
}

#define SPARE_SLOT 2 /* of links and events, which use 0 and 1 */

static uint32_t *prog_of(const struct bu_vm_obj *o)
{
	return o->kind == BU_VM_LINK ? &o->hdr->link.prog_id : &o->hdr->event.prog_id;
}

int bu_vm_prog_settle(struct bu_vm_obj *o)
{
	struct bu_vm_obj prog = { .vm = o->vm, .kind = BU_VM_PROG, .id = *prog_of(o) };
	int err = prog.id ? bu_vm_ref_set(o, 0, &prog) : 0;

	return err && err != -ENOENT ? err : bu_vm_ref_set(o, SPARE_SLOT, NULL);
}

int bu_vm_prog_change(struct bu_vm_obj *o, const struct bu_vm_obj *prog)
{
	int err = bu_vm_prog_settle(o);

	if (!err)
		err = bu_vm_ref_set(o, SPARE_SLOT, prog);
	if (err)
		return err;
	*(volatile uint32_t *)prog_of(o) = prog->id;
	return bu_vm_prog_settle(o);
}

/* All references of an object that is no more. */
static void drop_refs(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	char name[BU_VM_OBJ_NAME];
	int dir = refs_dir(vm, kind, id, false);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *e;
	struct stat st;
	uint32_t k, i;

	bu_vm_obj_name(name, kind, id);
	if (!d) {
		if (dir >= 0)
			close(dir);
		else if (dir == -ENOTDIR || dir == -ELOOP)
			unlinkat(vm->rdir, name, 0);
		return;
	}
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!bu_vm_ref_target(vm, &st, &k, &i))
			may_have_died(vm, k, i);
		unlinkat(dir, e->d_name, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
	}
	closedir(d);
	unlinkat(vm->rdir, name, AT_REMOVEDIR);
}

/* ---------------------------------------------------------------- death */

/* What is left of an object whose file is gone. */
static void clean(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	char name[BU_VM_OBJ_NAME];

	drop_refs(vm, kind, id);
	bu_vm_anchor_name(name, kind, id);
	unlinkat(vm->odir, name, 0);
	bu_vm_ids_set(vm, kind, id, false);
	bu_vm_cache_drop(vm, (int)kind, id);
}

static void remove_dead(struct bu_vm *vm, uint32_t kind, uint32_t id, int fd)
{
	char name[BU_VM_OBJ_NAME];
	struct stat st;

	if (!fstat(fd, &st))
		vm->reaped_bytes += (uint64_t)st.st_blocks * 512;
	vm->reaped++;
	bu_vm_obj_name(name, kind, id);
	unlinkat(vm->odir, name, 0);
	if (kind == BU_VM_LINK)
		atomic_fetch_add(&vm->root->links_gen, 1);
	clean(vm, kind, id);
}

/* A map that only programs refer to: an array of programs lets go of its own. */
static void unused(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	struct bu_vm_obj *o;

	if (kind != BU_VM_MAP || bu_vm_obj_by_id(vm, (int)kind, id, &o))
		return;
	if (o->h.map.type == BPF_MAP_TYPE_PROG_ARRAY)
		bu_vm_map_unused(o);
	bu_vm_obj_put(o);
}

int bu_vm_life_reap(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	int fd, err;

	if (vm->read_only)
		return -EROFS;
	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	may_have_died(vm, kind, id);
	if (vm->dying.on) /* who called us goes through all of them */
		goto out;
	vm->dying.on = true;
	while (vm->dying.n) {
		struct bu_vm_target t = vm->dying.v[--vm->dying.n];
		enum state s = look(vm, t.kind, t.id, &fd);

		if (s == GONE)
			clean(vm, t.kind, t.id);
		else if (s == DEAD)
			remove_dead(vm, t.kind, t.id, fd);
		if (fd >= 0)
			close(fd);
		if (s == REFERRED)
			unused(vm, t.kind, t.id);
	}
	vm->dying.on = false;
out:
	bu_vm_world_unlock(vm);
	return 0;
}

/* Half-made objects of the dead. */
static void reap_new(struct bu_vm *vm)
{
	int dir = openat(vm->newdir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *e;
	struct stat st;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		fd = openat(dir, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (fd < 0) {
			if (errno == ELOOP)
				unlinkat(dir, e->d_name, 0);
			continue;
		}
		if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !flock(fd, LOCK_EX | LOCK_NB) &&
		    !unlinkat(dir, e->d_name, 0)) {
			vm->reaped++;
			vm->reaped_bytes += (uint64_t)st.st_blocks * 512;
		}
		close(fd);
	}
	if (d)
		closedir(d);
	else if (dir >= 0)
		close(dir);
}

/* References that a killed process left: only of what can have such a one more is looked at. */
static void settle(struct bu_vm *vm, uint32_t kind, uint32_t id)
{
	char name[BU_VM_OBJ_NAME], place[BU_VM_OBJ_NAME + 8];
	struct bu_vm_obj *o;

	if (kind != BU_VM_MAP && kind != BU_VM_LINK && kind != BU_VM_EVENT)
		return;
	bu_vm_obj_name(name, kind, id);
	snprintf(place, sizeof(place), kind == BU_VM_MAP ? "%s" : "%s/%u", name, SPARE_SLOT);
	if (faccessat(vm->rdir, place, F_OK, AT_SYMLINK_NOFOLLOW) ||
	    bu_vm_obj_by_id(vm, (int)kind, id, &o))
		return;
	if (kind == BU_VM_MAP) {
		bu_vm_map_settle(o);
	} else if (!bu_vm_world_lock(vm)) {
		bu_vm_prog_settle(o);
		bu_vm_world_unlock(vm);
	}
	bu_vm_obj_put(o);
}

/* Everything that the index names. Links first: what they let go of is met later, or at once. */
static void sweep(struct bu_vm *vm)
{
	static const uint8_t order[] = { BU_VM_LINK, BU_VM_EVENT, BU_VM_PROG, BU_VM_MAP, BU_VM_BTF };
	uint32_t id;
	int fd;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(order); i++) {
		for (id = 0; !bu_vm_ids_next(vm, order[i], id, &id) && id < UINT32_MAX;) {
			enum state s = look(vm, order[i], id, &fd);

			if (fd >= 0)
				close(fd);
			if (s == DEAD || s == GONE || (s == REFERRED && order[i] == BU_VM_MAP))
				bu_vm_life_reap(vm, order[i], id);
			else if (s != STRANGE)
				settle(vm, order[i], id);
		}
	}
}

int bu_vm_obj_next_id(struct bu_vm *vm, int kind, uint32_t start, uint32_t *next)
{
	int err, fd;

	if (kind < 0 || kind >= BU_VM_NKINDS)
		return -EINVAL;
	if (!start) {
		vm->swept = false;
		bu_vm_cache_drop(vm, -1, 0);
		if (!vm->read_only)
			reap_new(vm);
	}
	for (;;) {
		enum state s;

		err = bu_vm_ids_next(vm, (uint32_t)kind, start, next);
		if (err)
			return err;
		s = look(vm, (uint32_t)kind, *next, &fd);
		if (fd >= 0)
			close(fd);
		/* What refers to it may be dead itself: that takes a look at all objects. */
		if (s == REFERRED && !vm->swept && !vm->read_only) {
			vm->swept = true;
			sweep(vm);
			continue;
		}
		if (s == HELD || s == REFERRED)
			return 0;
		if (s == DEAD || s == GONE)
			bu_vm_life_reap(vm, (uint32_t)kind, *next);
		start = *next;
		if (start == UINT32_MAX)
			return -ENOENT;
	}
}

int bu_vm_obj_open(struct bu_vm *vm, int kind, uint32_t id, int oflags)
{
	char name[BU_VM_OBJ_NAME];
	struct bu_vm_hdr h;
	struct stat st, a;
	int fd, rd, err = 0;

	if (kind < 0 || kind >= BU_VM_NKINDS || !id)
		return -ENOENT;
	if (vm->read_only && oflags != O_RDONLY)
		return -EROFS;
	bu_vm_obj_name(name, (uint32_t)kind, id);
	fd = openat(vm->odir, name, oflags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return errno == ELOOP || errno == EISDIR || errno == ENXIO ? -EUCLEAN : -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EUCLEAN;
	}
	/* If nobody holds it and nothing else keeps it, it is dead, though still there. */
	if (!flock(fd, LOCK_EX | LOCK_NB) && st.st_nlink <= 1) {
		bu_vm_anchor_name(name, (uint32_t)kind, id);
		if (fstatat(vm->odir, name, &a, AT_SYMLINK_NOFOLLOW) || a.st_nlink <= 1) {
			close(fd);
			bu_vm_life_reap(vm, (uint32_t)kind, id);
			return -ENOENT;
		}
	}
	while (flock(fd, LOCK_SH))
		if (errno != EINTR) {
			err = -errno;
			break;
		}
	if (!err && (fstat(fd, &st) || !st.st_nlink))
		err = -ENOENT;
	bu_vm_obj_name(name, (uint32_t)kind, id);
	if (!err) {
		rd = oflags == O_WRONLY ? openat(vm->odir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : fd;
		err = rd < 0 ? -errno : bu_vm_hdr_read(rd, &st, &h);
		if (err || (int)h.kind != kind || h.id != id)
			err = -EUCLEAN;
		if (rd >= 0 && rd != fd)
			close(rd);
	}
	if (err)
		close(fd);
	return err ? err : fd;
}

/* ---------------------------------------------------------------- gc */

/* What the index does not name: set its bit (or clean it away), so that the sweep meets it. */
static void reap_unnamed(struct bu_vm *vm, int at, bool refs)
{
	int dir = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	struct dirent *e;
	uint32_t kind, id;
	struct stat st;
	char name[BU_VM_OBJ_NAME];

	while (d && (e = readdir(d))) {
		int r = bu_vm_obj_name_parse(e->d_name, &kind, &id);

		if (r < 0)
			continue;
		bu_vm_obj_name(name, kind, id);
		if (fstatat(vm->odir, name, &st, AT_SYMLINK_NOFOLLOW))
			bu_vm_life_reap(vm, kind, id);
		else if (!r && !refs && bu_vm_ids_has(vm, kind, id) == 0)
			bu_vm_ids_set(vm, kind, id, true);
		if (!r && !refs && atomic_load(&vm->root->next_id[kind]) < id)
			atomic_store(&vm->root->next_id[kind], id);
		if (refs) {
			int rd = refs_dir(vm, kind, id, false);

			if (rd >= 0 && !fstatat(rd, ".tmp", &st, AT_SYMLINK_NOFOLLOW)) {
				unlinkat(rd, ".tmp", 0);
				if (!bu_vm_ref_target(vm, &st, &kind, &id))
					bu_vm_life_reap(vm, kind, id);
			}
			if (rd >= 0)
				close(rd);
		}
	}
	if (d)
		closedir(d);
	else if (dir >= 0)
		close(dir);
}

int bu_vm_reap(struct bu_vm *vm, uint32_t *removed, uint64_t *bytes)
{
	int err;

	*removed = 0;
	*bytes = 0;
	if (vm->read_only)
		return -EROFS;
	bu_vm_members_gc(vm);
	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	vm->reaped = 0;
	vm->reaped_bytes = 0;
	reap_new(vm);
	reap_unnamed(vm, vm->odir, false);
	reap_unnamed(vm, vm->rdir, true);
	sweep(vm);
	*removed = vm->reaped;
	*bytes = vm->reaped_bytes;
	bu_vm_world_unlock(vm);
	bu_vm_cache_drop(vm, -1, 0);
	return 0;
}
