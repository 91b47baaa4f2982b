/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Objects: files, their life, and what this process knows of them. */
#include "vm/lock.h"
#include "vm/private.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kinds[] = { "prog", "map", "link", "btf", "event" };

static unsigned slot(uint32_t kind, uint32_t id)
{
	return (kind * 31 + id) & 255;
}

int bu_vm_obj_new(struct bu_vm *vm, const struct bu_vm_hdr *h, uint64_t size, uint64_t alloc,
		  int oflags, struct bu_vm_obj **out, int *fd)
{
	struct bu_vm_obj *o = calloc(1, sizeof(*o));
	char name[64];
	struct stat st;
	int w, err = -ENOMEM;

	snprintf(name, sizeof(name), ".new.%d.%p", getpid(), (void *)o);
	w = openat(vm->odir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	*fd = openat(vm->odir, name, oflags | O_CLOEXEC);
	flock(*fd, LOCK_SH);
	if (ftruncate(w, (off_t)size) || (alloc && posix_fallocate(w, 0, (off_t)alloc)) ||
	    posix_fallocate(w, (off_t)(size - BU_VM_PAGE), BU_VM_PAGE))
		goto out;
	fstat(w, &st);
	o->vm = vm;
	o->kind = h->kind;
	o->refs = 1;
	o->ino = st.st_ino;
	o->size = size;
	o->mem = bu_vm_window_map(vm, w, size, true, BU_VM_R_NONE, o, &err);
	if (!o->mem)
		goto out;
	o->hdr = (struct bu_vm_hdr *)(o->mem + size - BU_VM_PAGE);
	memcpy(o->hdr, h, sizeof(*h));
	o->hdr->magic = BU_VM_MAGIC;
	o->hdr->layout = BU_VM_LAYOUT;
	o->hdr->size = size;
	memcpy(&o->h, o->hdr, sizeof(o->h));
	*out = o;
	err = 0;
out:
	close(w);
	if (err)
		free(o);
	return err;
}

int bu_vm_obj_alloc(struct bu_vm_obj *o, uint64_t off, uint64_t len)
{
	char name[64];
	int fd, err;

	snprintf(name, sizeof(name), "%s.%u", kinds[o->kind], o->id);
	fd = openat(o->vm->odir, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = posix_fallocate(fd, (off_t)off, (off_t)len);
	close(fd);
	return err ? -ENOMEM : 0;
}

int bu_vm_obj_publish(struct bu_vm_obj *o, const struct bu_vm_target *refs, unsigned nrefs)
{
	struct bu_vm *vm = o->vm;
	char name[64], old[64];

	(void)refs, (void)nrefs;
	o->id = atomic_fetch_add(&vm->root->next_id[o->kind], 1) + 1;
	o->hdr->id = o->h.id = o->id;
	snprintf(old, sizeof(old), ".new.%d.%p", getpid(), (void *)o);
	snprintf(name, sizeof(name), "%s.%u", kinds[o->kind], o->id);
	if (renameat(vm->odir, old, vm->odir, name))
		return -errno;
	o->next = vm->table[slot(o->kind, o->id)];
	vm->table[slot(o->kind, o->id)] = o;
	return 0;
}

void bu_vm_obj_abandon(struct bu_vm_obj *o)
{
	char old[64];

	snprintf(old, sizeof(old), ".new.%d.%p", getpid(), (void *)o);
	unlinkat(o->vm->odir, old, 0);
}

static int find(struct bu_vm *vm, int fd, struct bu_vm_obj **out, const struct stat *st)
{
	struct bu_vm_obj *o;
	int err = -ENOMEM;

	for (unsigned i = 0; i < 256; i++)
		for (o = vm->table[i]; o; o = o->next)
			if (o->ino == st->st_ino) {
				o->refs++;
				*out = o;
				return 0;
			}
	if (st->st_size < BU_VM_PAGE)
		return -EINVAL;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	o->vm = vm;
	o->ino = st->st_ino;
	o->size = (uint64_t)st->st_size;
	o->mem = bu_vm_window_map(vm, fd, o->size, true, BU_VM_R_NONE, o, &err);
	if (!o->mem) {
		free(o);
		return err;
	}
	o->hdr = (struct bu_vm_hdr *)(o->mem + o->size - BU_VM_PAGE);
	memcpy(&o->h, o->hdr, sizeof(o->h));
	o->kind = o->h.kind;
	o->id = o->h.id;
	o->refs = 1;
	o->next = vm->table[slot(o->kind, o->id)];
	vm->table[slot(o->kind, o->id)] = o;
	*out = o;
	return 0;
}

int bu_vm_obj_by_fd(struct bu_vm *vm, int fd, int kind, struct bu_vm_obj **o, int *mode)
{
	struct stat st;
	char path[64];
	int err, w;

	if (fstat(fd, &st))
		return -EBADF;
	if (!S_ISREG(st.st_mode) || st.st_dev != vm->dev)
		return -EINVAL;
	if (mode)
		*mode = fcntl(fd, F_GETFL) & O_ACCMODE;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	w = open(path, O_RDWR | O_CLOEXEC);
	if (w < 0)
		return -errno;
	err = find(vm, w, o, &st);
	close(w);
	if (!err && kind >= 0 && (int)(*o)->kind != kind) {
		bu_vm_obj_put(*o);
		return -EINVAL;
	}
	return err;
}

int bu_vm_obj_by_id(struct bu_vm *vm, int kind, uint32_t id, struct bu_vm_obj **o)
{
	char name[64];
	struct stat st;
	int fd, err;

	snprintf(name, sizeof(name), "%s.%u", kinds[kind], id);
	fd = openat(vm->odir, name, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -ENOENT;
	err = fstat(fd, &st) ? -errno : find(vm, fd, o, &st);
	close(fd);
	return err;
}

void bu_vm_obj_put(struct bu_vm_obj *o)
{
	if (o)
		o->refs--;
}

int bu_vm_obj_open(struct bu_vm *vm, int kind, uint32_t id, int oflags)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "%s.%u", kinds[kind], id);
	fd = openat(vm->odir, name, oflags | O_CLOEXEC);
	if (fd >= 0)
		flock(fd, LOCK_SH);
	return fd < 0 ? -ENOENT : fd;
}

int bu_vm_obj_next_id(struct bu_vm *vm, int kind, uint32_t start, uint32_t *next)
{
	char name[64];

	for (uint32_t id = start + 1; id && id <= vm->root->next_id[kind]; id++) {
		snprintf(name, sizeof(name), "%s.%u", kinds[kind], id);
		if (!faccessat(vm->odir, name, F_OK, 0)) {
			*next = id;
			return 0;
		}
	}
	return -ENOENT;
}

bool bu_vm_obj_user_refs(struct bu_vm_obj *o)
{
	(void)o;
	return true;
}

int bu_vm_reap(struct bu_vm *vm, uint32_t *removed, uint64_t *bytes)
{
	(void)vm;
	*removed = 0;
	*bytes = 0;
	return 0;
}

int bu_vm_ref_set(struct bu_vm_obj *holder, uint32_t s, const struct bu_vm_obj *target)
{
	(void)holder, (void)s, (void)target;
	return 0;
}

bool bu_vm_member_dead(struct bu_vm *vm, uint32_t m, int *fd)
{
	(void)vm, (void)m, (void)fd;
	return false;
}
