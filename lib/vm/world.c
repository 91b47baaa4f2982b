/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The world's directory and root file. */
#include "vm/lock.h"
#include "vm/private.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ROOT_SIZE ((sizeof(struct bu_vm_root) + BU_VM_TRACE_CELL * BU_VM_TRACE_CELLS + 4095) & ~4095ul)

int bu_vm_where(const struct bu_vm_options *opts, char *path, size_t size, struct bu_diags *ds)
{
	const char *env = getenv("BPFUTILS_WORLD");

	(void)ds;
	if (opts && opts->world)
		snprintf(path, size, "%s", opts->world);
	else if (env && *env)
		snprintf(path, size, "%s", env);
	else
		snprintf(path, size, "/dev/shm/bpfutils-%u", (unsigned)geteuid());
	return 0;
}

static int sub(struct bu_vm *vm, const char *name)
{
	mkdirat(vm->dir, name, 0700);
	return openat(vm->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int bu_vm_world_open(struct bu_vm *vm, const struct bu_vm_options *opts, struct bu_diags *ds)
{
	struct stat st;
	int fd;

	bu_vm_where(opts, vm->path, sizeof(vm->path), ds);
	mkdir(vm->path, 0700);
	vm->dir = open(vm->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (vm->dir < 0)
		return -errno;
	fstat(vm->dir, &st);
	vm->dev = st.st_dev;
	vm->odir = sub(vm, "o");
	vm->rdir = sub(vm, "r");
	vm->mdir = sub(vm, "m");
	close(sub(vm, "pins"));
	vm->lock_fd = openat(vm->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	fd = openat(vm->dir, "world", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || vm->lock_fd < 0)
		return -errno;
	flock(vm->lock_fd, LOCK_EX);
	if (posix_fallocate(fd, 0, ROOT_SIZE)) {
		close(fd);
		return -ENOMEM;
	}
	vm->root = mmap(NULL, ROOT_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (vm->root == MAP_FAILED)
		return -ENOMEM;
	vm->trace = (uint8_t *)(vm->root + 1);
	if (!vm->root->magic) {
		vm->root->ncpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
		vm->root->layout = BU_VM_LAYOUT;
		vm->root->magic = BU_VM_MAGIC;
	}
	flock(vm->lock_fd, LOCK_UN);
	vm->win.shift = 26;
	vm->win.nslots = 4096;
	vm->win.base = mmap(NULL, (size_t)4096 << 26, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	vm->win.slot = calloc(4096, sizeof(*vm->win.slot));
	return vm->win.base == MAP_FAILED || !vm->win.slot ? -ENOMEM : 0;
}

void bu_vm_world_close(struct bu_vm *vm)
{
	munmap(vm->root, ROOT_SIZE);
	munmap(vm->win.base, (size_t)4096 << 26);
	free(vm->win.slot);
	close(vm->dir);
	close(vm->odir);
	close(vm->rdir);
	close(vm->mdir);
	close(vm->lock_fd);
}

int bu_vm_world_lock(struct bu_vm *vm)
{
	return flock(vm->lock_fd, LOCK_EX) ? -errno : 0;
}

void bu_vm_world_unlock(struct bu_vm *vm)
{
	flock(vm->lock_fd, LOCK_UN);
}

int bu_vm_member(struct bu_vm *vm)
{
	static struct bu_vm_rec rec;

	vm->member = 0;
	vm->rec = &rec;
	return 0;
}

void *bu_vm_window_map(struct bu_vm *vm, int fd, uint64_t size, bool writable,
		       enum bu_vm_region_kind kind, void *owner, int *err)
{
	struct bu_vm_window *w = &vm->win;
	uint32_t n = (uint32_t)((size + (1ull << w->shift) - 1) >> w->shift), i, k = 0;
	struct bu_vm_region *r;
	void *p;

	for (i = 0; i + n <= w->nslots; i++) {
		for (k = 0; k < n && !w->slot[i + k]; k++)
			;
		if (k == n)
			break;
	}
	r = calloc(1, sizeof(*r));
	if (k != n || !r) {
		free(r);
		*err = -ENOMEM;
		return NULL;
	}
	p = mmap(w->base + ((uint64_t)i << w->shift), size,
		 writable ? PROT_READ | PROT_WRITE : PROT_READ,
		 MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED), fd, 0);
	if (p == MAP_FAILED) {
		*err = -errno;
		free(r);
		return NULL;
	}
	*r = (struct bu_vm_region){ .lo = (uintptr_t)p, .hi = (uintptr_t)p + size, .kind = kind,
				    .owner = owner };
	for (k = 0; k < n; k++)
		w->slot[i + k] = r;
	return p;
}

void bu_vm_window_unmap(struct bu_vm *vm, void *p, uint64_t size)
{
	struct bu_vm_window *w = &vm->win;
	uint32_t n = (uint32_t)((size + (1ull << w->shift) - 1) >> w->shift);
	uint32_t i = (uint32_t)(((uint8_t *)p - w->base) >> w->shift);

	mmap(p, size, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	free(w->slot[i]);
	for (uint32_t k = 0; k < n; k++)
		w->slot[i + k] = NULL;
}

int bu_vm_info(struct bu_sys *s, struct bu_vm_info *info)
{
	memset(info, 0, sizeof(*info));
	info->path = bu_vm_path(s);
	return 0;
}

int bu_vm_members(struct bu_sys *s, bu_vm_member_fn *fn, void *ctx)
{
	(void)s, (void)fn, (void)ctx;
	return 0;
}

int bu_vm_gc(struct bu_sys *s, uint32_t *removed, uint64_t *bytes)
{
	return bu_vm_reap(bu_vm(s), removed, bytes);
}

int bu_vm_check(struct bu_sys *s, struct bu_diags *ds)
{
	(void)s, (void)ds;
	return 0;
}
