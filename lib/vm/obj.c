/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects: how files come to be, and what this process knows of them. */
#include "vm/life.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define MAX_UNUSED 64 /* objects that stay mapped without a user */

static const char *const kinds[] = { "prog", "map", "link", "btf", "event" };

void bu_vm_obj_name(char name[BU_VM_OBJ_NAME], uint32_t kind, uint32_t id)
{
	snprintf(name, BU_VM_OBJ_NAME, "%s.%u", kinds[kind], id);
}

void bu_vm_anchor_name(char name[BU_VM_OBJ_NAME], uint32_t kind, uint32_t id)
{
	snprintf(name, BU_VM_OBJ_NAME, "%s.%u.r", kinds[kind], id);
}

int bu_vm_obj_name_parse(const char *name, uint32_t *kind, uint32_t *id)
{
	for (uint32_t k = 0; k < BU_VM_NKINDS; k++) {
		size_t n = strlen(kinds[k]);
		unsigned long long v;
		char *end;

		if (strncmp(name, kinds[k], n) || name[n] != '.' || name[n + 1] < '1' ||
		    name[n + 1] > '9')
			continue;
		v = strtoull(name + n + 1, &end, 10);
		if (v > UINT32_MAX || (*end && strcmp(end, ".r")))
			return -EINVAL;
		*kind = k;
		*id = (uint32_t)v;
		return *end != '\0';
	}
	return -EINVAL;
}

int bu_vm_hdr_read(int fd, const struct stat *st, struct bu_vm_hdr *h)
{
	if (!S_ISREG(st->st_mode) || st->st_size < (off_t)BU_VM_PAGE || st->st_size % BU_VM_PAGE)
		return -EINVAL;
	if (pread(fd, h, sizeof(*h), st->st_size - BU_VM_PAGE) != (ssize_t)sizeof(*h))
		return -EIO;
	if (h->magic != BU_VM_MAGIC || h->kind >= BU_VM_NKINDS)
		return -EINVAL;
	if (h->layout != BU_VM_LAYOUT)
		return -EPROTO;
	return h->size != (uint64_t)st->st_size ? -EUCLEAN : 0;
}

/* ---------------------------------------------------------------- the cache */

static unsigned by_id(uint32_t kind, uint32_t id)
{
	return (kind * 31 + id) & 255;
}

static void insert(struct bu_vm_obj *o)
{
	struct bu_vm *vm = o->vm;

	o->next = vm->table[by_id(o->kind, o->id)];
	vm->table[by_id(o->kind, o->id)] = o;
	o->next_ino = vm->inodes[o->ino & 255];
	vm->inodes[o->ino & 255] = o;
}

static void body_drop(struct bu_vm_obj *o)
{
	if (o->body && o->body_free)
		o->body_free(o);
	o->body = NULL;
}

static void destroy(struct bu_vm_obj *o)
{
	body_drop(o);
	if (o->mem)
		bu_vm_window_unmap(o->vm, o->mem, o->size);
	free(o);
}

static void take_out(struct bu_vm_obj *o)
{
	struct bu_vm_obj **p;

	for (p = &o->vm->table[by_id(o->kind, o->id)]; *p && *p != o; p = &(*p)->next)
		;
	if (*p)
		*p = o->next;
	for (p = &o->vm->inodes[o->ino & 255]; *p && *p != o; p = &(*p)->next_ino)
		;
	if (*p)
		*p = o->next_ino;
}

static void evict(struct bu_vm_obj *o)
{
	o->vm->unused--;
	take_out(o);
	destroy(o);
}

static bool is_gone(const struct bu_vm_obj *o)
{
	char name[BU_VM_OBJ_NAME];
	struct stat st;

	bu_vm_obj_name(name, o->kind, o->id);
	return fstatat(o->vm->odir, name, &st, AT_SYMLINK_NOFOLLOW) || st.st_ino != o->ino;
}

void bu_vm_cache_drop(struct bu_vm *vm, int kind, uint32_t id)
{
	struct bu_vm_obj *o;
	bool again = vm->unused != 0;

	if (vm->evicting)
		return;
	vm->evicting = true;
	/* What one lets go may make others unused, and changes the chains. */
	while (again) {
		again = false;
		for (unsigned i = 0; i < 256 && !again; i++) {
			if (kind >= 0 && i != by_id((uint32_t)kind, id))
				continue;
			for (o = vm->table[i]; o && !again; o = o->next) {
				if (o->refs || (kind >= 0 && ((int)o->kind != kind || o->id != id)) ||
				    (kind == -1 && !is_gone(o)))
					continue;
				evict(o);
				again = kind < 0;
				break;
			}
		}
	}
	vm->evicting = false;
}

/* A part of the cache at each creation: gone objects go soon, and a creation costs few look-ups. */
static void drop_some(struct bu_vm *vm)
{
	struct bu_vm_obj *o, *next;

	if (vm->evicting)
		return;
	vm->evicting = true;
	for (unsigned i = 0; i < 8 && vm->unused; i++) {
		for (o = vm->table[vm->swept_bucket++ & 255]; o; o = next) {
			next = o->next;
			if (o->refs || !is_gone(o))
				continue;
			evict(o);
			break; /* what it let go may have been the next */
		}
	}
	vm->evicting = false;
}

void bu_vm_cache_close(struct bu_vm *vm)
{
	struct bu_vm_obj *o;

	vm->evicting = true;
	/* Programs first: theirs let go of maps by the maps' bodies. */
	for (int rest = 0; rest < 2; rest++)
		for (unsigned i = 0; i < 256; i++)
			for (o = vm->table[i]; o; o = o->next)
				if (rest || o->kind == BU_VM_PROG)
					body_drop(o);
	for (unsigned i = 0; i < 256; i++) {
		while ((o = vm->table[i])) {
			take_out(o);
			destroy(o);
		}
	}
}

void bu_vm_obj_put(struct bu_vm_obj *o)
{
	if (!o || !o->refs || --o->refs)
		return;
	if (!o->id) { /* never published */
		destroy(o);
		return;
	}
	if (++o->vm->unused > MAX_UNUSED)
		bu_vm_cache_drop(o->vm, -2, 0);
}

static struct bu_vm_obj *get(struct bu_vm_obj *o)
{
	if (!o->refs++)
		o->vm->unused--;
	return o;
}

/* ---------------------------------------------------------------- finding */

/* The object KIND.ID, whose file must have this inode (0: any). */
static int load(struct bu_vm *vm, uint32_t kind, uint32_t id, uint64_t ino, struct bu_vm_obj **out)
{
	char name[BU_VM_OBJ_NAME];
	struct bu_vm_obj *o = NULL;
	struct bu_vm_hdr h;
	struct stat st;
	int fd, err = 0;

	bu_vm_obj_name(name, kind, id);
	fd = openat(vm->odir, name, (vm->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW |
			    O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? -ENOENT : errno == EMFILE || errno == ENFILE ? -errno : -EUCLEAN;
	if (fstat(fd, &st))
		err = -errno;
	else if (ino && st.st_ino != ino)
		err = -EINVAL;
	else
		err = bu_vm_hdr_read(fd, &st, &h) ? -EUCLEAN : 0;
	if (!err && (h.kind != kind || h.id != id))
		err = -EUCLEAN;
	if (err)
		goto out;
	o = calloc(1, sizeof(*o));
	if (!o) {
		err = -ENOMEM;
		goto out;
	}
	o->vm = vm;
	o->kind = kind;
	o->id = id;
	o->ino = st.st_ino;
	o->size = h.size;
	o->h = h;
	o->mem = bu_vm_window_map(vm, fd, o->size, true, BU_VM_R_NONE, o, &err);
	if (!o->mem)
		goto out;
	o->hdr = (struct bu_vm_hdr *)(o->mem + o->size - BU_VM_PAGE);
	o->refs = 1;
	insert(o);
	*out = o;
out:
	if (err)
		free(o);
	close(fd);
	return err;
}

int bu_vm_obj_by_fd(struct bu_vm *vm, int fd, int kind, struct bu_vm_obj **out, int *mode)
{
	struct bu_vm_obj *o;
	struct bu_vm_hdr h;
	struct stat st;
	char path[64];
	int err, flags;

	if (fstat(fd, &st))
		return -EBADF;
	if (!S_ISREG(st.st_mode) || st.st_dev != vm->dev)
		return -EINVAL;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -EBADF;
	if (flags & O_PATH)
		return -EBADF;
	if (mode)
		*mode = flags & O_ACCMODE;
	for (o = vm->inodes[st.st_ino & 255]; o; o = o->next_ino) {
		if (o->ino != st.st_ino)
			continue;
		if (kind >= 0 && (int)o->kind != kind)
			return -EINVAL;
		*out = get(o);
		return 0;
	}
	if ((flags & O_ACCMODE) == O_WRONLY) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return -errno;
		err = bu_vm_hdr_read(fd, &st, &h);
		close(fd);
	} else {
		err = bu_vm_hdr_read(fd, &st, &h);
	}
	if (err)
		return err;
	if (!h.id || (kind >= 0 && (int)h.kind != kind))
		return -EINVAL;
	err = load(vm, h.kind, h.id, st.st_ino, out);
	return err == -ENOENT ? -EINVAL : err;
}

int bu_vm_obj_by_id(struct bu_vm *vm, int kind, uint32_t id, struct bu_vm_obj **out)
{
	struct bu_vm_obj *o;

	if (!id || kind < 0 || kind >= BU_VM_NKINDS)
		return -ENOENT;
	for (o = vm->table[by_id((uint32_t)kind, id)]; o; o = o->next) {
		if ((int)o->kind != kind || o->id != id)
			continue;
		if (!o->refs && is_gone(o)) {
			bu_vm_cache_drop(vm, kind, id);
			return -ENOENT;
		}
		*out = get(o);
		return 0;
	}
	return load(vm, (uint32_t)kind, id, 0, out);
}

/* ---------------------------------------------------------------- making */

static int give_memory(int fd, uint64_t off, uint64_t len)
{
	int r;

	if (!len)
		return 0;
	do
		r = fallocate(fd, 0, (off_t)off, (off_t)len);
	while (r && errno == EINTR);
	return !r ? 0 : errno == ENOSPC || errno == EFBIG ? -ENOMEM : -errno;
}

/*
 * The file of a new object, w, and its holder, which has the flock by which a scan sees that somebody is
 * still at it. A scan between the two calls may take the file away: then once more.
 */
static int make_file(struct bu_vm *vm, char *name, int oflags, int *w, int *holder)
{
	struct stat st;
	int err = 0;

	for (int tries = 0; tries < 16; tries++) {
		snprintf(name, BU_VM_OBJ_NAME, "%d.%u", (int)getpid(), ++vm->new_count);
		*w = openat(vm->newdir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (*w < 0 && errno == EEXIST)
			continue;
		if (*w < 0)
			return errno == ENOSPC ? -ENOMEM : -errno;
		*holder = openat(vm->newdir, name, oflags | O_CLOEXEC | O_NOFOLLOW);
		if (*holder >= 0 && !flock(*holder, LOCK_SH) && !fstat(*holder, &st) && st.st_nlink)
			return 0;
		err = *holder < 0 ? -errno : -EAGAIN;
		close(*w);
		if (*holder >= 0)
			close(*holder);
		else if (err != -ENOENT) {
			unlinkat(vm->newdir, name, 0);
			return err;
		}
	}
	return err ? err : -EEXIST;
}

int bu_vm_obj_new(struct bu_vm *vm, const struct bu_vm_hdr *h, uint64_t size, uint64_t alloc,
		  int oflags, struct bu_vm_obj **out, int *fd)
{
	struct bu_vm_obj *o;
	struct stat st;
	int w, err;

	if (vm->read_only)
		return -EROFS;
	if (size < BU_VM_PAGE || size % BU_VM_PAGE || alloc > size || size > 1ull << 46)
		return -E2BIG;
	drop_some(vm);
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	err = make_file(vm, o->tmp, oflags, &w, fd);
	if (err) {
		free(o);
		return err;
	}
	if (ftruncate(w, (off_t)size))
		err = errno == EFBIG || errno == ENOSPC ? -ENOMEM : -errno;
	for (int again = 0; !err && again < 2; again++) {
		err = give_memory(w, 0, alloc);
		if (!err)
			err = give_memory(w, size - BU_VM_PAGE, BU_VM_PAGE);
		if (err != -ENOMEM || again)
			break;
		bu_vm_cache_drop(vm, -1, 0); /* memory that only our mappings keep */
		err = 0;
	}
	if (!err && fstat(w, &st))
		err = -errno;
	if (err)
		goto fail;
	o->vm = vm;
	o->kind = h->kind;
	o->refs = 1;
	o->ino = st.st_ino;
	o->size = size;
	o->mem = bu_vm_window_map(vm, w, size, true, BU_VM_R_NONE, o, &err);
	if (!o->mem)
		goto fail;
	o->hdr = (struct bu_vm_hdr *)(o->mem + size - BU_VM_PAGE);
	memcpy(o->hdr, h, sizeof(*h));
	o->hdr->magic = BU_VM_MAGIC;
	o->hdr->layout = BU_VM_LAYOUT;
	o->hdr->size = size;
	o->hdr->id = 0;
	memcpy(&o->h, o->hdr, sizeof(o->h));
	close(w);
	*out = o;
	return 0;
fail:
	unlinkat(vm->newdir, o->tmp, 0);
	close(*fd);
	close(w);
	free(o);
	*fd = -1;
	return err;
}

int bu_vm_obj_file(struct bu_vm_obj *o)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, fd;
	char name[BU_VM_OBJ_NAME];
	struct stat st;

	bu_vm_obj_name(name, o->kind, o->id);
	fd = o->id ? openat(o->vm->odir, name, flags) : openat(o->vm->newdir, o->tmp, flags);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || st.st_ino != o->ino) {
		close(fd);
		return -EUCLEAN;
	}
	return fd;
}

int bu_vm_obj_alloc(struct bu_vm_obj *o, uint64_t off, uint64_t len)
{
	int fd, err;

	if (off > o->size || len > o->size - off)
		return -EINVAL;
	fd = bu_vm_obj_file(o);
	if (fd < 0)
		return fd;
	err = give_memory(fd, off, len);
	close(fd);
	return err;
}

void bu_vm_obj_abandon(struct bu_vm_obj *o)
{
	if (!o->id)
		unlinkat(o->vm->newdir, o->tmp, 0);
}

/* Steps of publish; a scan ends each prefix of them: a bit without an object is cleaned away. */
int bu_vm_obj_publish(struct bu_vm_obj *o, const struct bu_vm_target *refs, unsigned nrefs)
{
	struct bu_vm *vm = o->vm;
	char name[BU_VM_OBJ_NAME], anchor[BU_VM_OBJ_NAME];
	struct timespec who[2] = { { 0, UTIME_OMIT }, { 0, 0 } };
	uint32_t id = 0;
	int err, fd = -1;

	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	/* Ids are not used again; one that is taken tells of a damaged counter. */
	for (int tries = 0; tries < 64; tries++) {
		id = atomic_load(&vm->root->next_id[o->kind]);
		if (id >= INT32_MAX - 1) {
			err = -ENOSPC;
			goto out;
		}
		atomic_store(&vm->root->next_id[o->kind], ++id);
		bu_vm_anchor_name(anchor, o->kind, id);
		err = bu_vm_ids_set(vm, o->kind, id, true);
		if (err)
			goto out;
		fd = openat(vm->odir, anchor, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
	}
	/* The anchor says whose it is by its time: links to it are all there is of a reference. */
	who[1].tv_sec = id;
	who[1].tv_nsec = (long)o->kind;
	if (fd < 0 || futimens(fd, who))
		err = errno == ENOSPC ? -ENOMEM : -errno;
	if (fd >= 0)
		close(fd);
	o->id = id;
	for (unsigned i = 0; i < nrefs && !err; i++) {
		struct bu_vm_obj t = { .vm = vm, .kind = refs[i].kind, .id = refs[i].id };

		if (t.id)
			err = bu_vm_ref_set(o, i, &t);
	}
	if (!err) {
		o->hdr->id = o->h.id = id;
		bu_vm_obj_name(name, o->kind, id);
		if (renameat2(vm->newdir, o->tmp, vm->odir, name, RENAME_NOREPLACE))
			err = errno == ENOSPC ? -ENOMEM : -errno;
	}
	if (err) {
		o->id = o->hdr->id = o->h.id = 0;
		if (fd >= 0)
			bu_vm_life_reap(vm, o->kind, id);
		else
			bu_vm_ids_set(vm, o->kind, id, false);
		goto out;
	}
	insert(o);
out:
	bu_vm_world_unlock(vm);
	return err;
}
