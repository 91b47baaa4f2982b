/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The window: where this process maps the world; and what happens to it by SIGBUS and by fork.
 *
 * Open worlds are kept in a list that a signal handler can walk: its nodes are never freed.
 */
#include "vm/life.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

struct watched {
	_Atomic(struct bu_vm *) vm; /* NULL: the node is free */
	_Atomic uintptr_t root, base, len;
	struct watched *next;
};
static _Atomic(struct watched *) all;
static struct sigaction former;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* ---------------------------------------------------------------- SIGBUS, fork */

/* A file was cut short under its mapping: a page of zeros stands in for what is gone. */
static void on_bus(int sig, siginfo_t *si, void *uc)
{
	uintptr_t a = (uintptr_t)si->si_addr;
	int keep = errno;

	for (struct watched *w = atomic_load(&all); w; w = w->next) {
		struct bu_vm *vm = atomic_load(&w->vm);
		uintptr_t root = atomic_load(&w->root), base = atomic_load(&w->base);

		if (!vm || si->si_code <= 0)
			continue;
		if (!(root && a - root < BU_VM_ROOT_SIZE) && !(base && a - base < atomic_load(&w->len)))
			continue;
		if (mmap((void *)(a & ~(uintptr_t)(BU_VM_PAGE - 1)), BU_VM_PAGE,
			 PROT_READ | PROT_WRITE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    MAP_FAILED) {
			vm->win.fault = 1;
			errno = keep;
			return;
		}
	}
	errno = keep;
	if (former.sa_flags & SA_SIGINFO) {
		former.sa_sigaction(sig, si, uc);
	} else if (former.sa_handler != SIG_DFL && former.sa_handler != SIG_IGN) {
		former.sa_handler(sig);
	} else {
		signal(SIGBUS, SIG_DFL);
		if (si->si_code <= 0) /* was sent; a fault comes again by itself */
			raise(SIGBUS);
	}
}

/* The child shares the open files of its parent: it must not keep or free the parent's locks. */
static void in_child(void)
{
	for (struct watched *w = atomic_load(&all); w; w = w->next) {
		struct bu_vm *vm = atomic_load(&w->vm);

		if (!vm)
			continue;
		if (vm->member >= 0) {
			close(vm->member_fd);
			munmap(vm->rec, BU_VM_PAGE);
		}
		vm->member = -1;
		vm->member_fd = -1;
		vm->rec = NULL;
		vm->locked = vm->spun = NULL;
		vm->lock_depth = 0;
		close(vm->lock_fd);
		vm->lock_fd = openat(vm->dir, "lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	}
}

static void install(void)
{
	struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO | SA_ONSTACK };

	sigemptyset(&sa.sa_mask);
	sigaction(SIGBUS, &sa, &former);
	pthread_atfork(NULL, NULL, in_child);
}

static struct watched *node_of(const struct bu_vm *vm)
{
	struct watched *w = atomic_load(&all);

	while (w && atomic_load(&w->vm) != vm)
		w = w->next;
	return w;
}

int bu_vm_watch(struct bu_vm *vm)
{
	struct watched *w;

	pthread_once(&once, install);
	for (w = atomic_load(&all); w; w = w->next) {
		struct bu_vm *none = NULL;

		if (atomic_compare_exchange_strong(&w->vm, &none, vm))
			break;
	}
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return -ENOMEM;
		atomic_store(&w->vm, vm);
		w->next = atomic_load(&all);
		while (!atomic_compare_exchange_weak(&all, &w->next, w))
			;
	}
	atomic_store(&w->root, (uintptr_t)vm->root);
	return 0;
}

void bu_vm_unwatch(struct bu_vm *vm)
{
	struct watched *w = node_of(vm);

	if (!w)
		return;
	atomic_store(&w->root, 0);
	atomic_store(&w->base, 0);
	atomic_store(&w->len, 0);
	atomic_store(&w->vm, NULL);
}

int bu_vm_window_fault(struct bu_vm *vm)
{
	if (!vm->win.fault)
		return 0;
	vm->win.fault = 0;
	return -EIO;
}

/* ---------------------------------------------------------------- reservation */

static int reserve(struct bu_vm *vm)
{
	/* From 1 TiB down to what a small address space has left. */
	static const struct { unsigned shift; uint32_t most, least; } sizes[] = {
		{ 24, 1u << 16, 256 }, { 20, 2048, 256 }, { 16, 2048, 64 },
	};
	struct bu_vm_window *w = &vm->win;
	struct watched *node = node_of(vm);

	for (unsigned i = 0; i < BU_ARRAY_SIZE(sizes); i++) {
		for (uint32_t n = sizes[i].most; n >= sizes[i].least; n /= 2) {
			size_t len = (size_t)n << sizes[i].shift;
			void *p = mmap(NULL, len, PROT_NONE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

			if (p == MAP_FAILED)
				continue;
			w->slot = calloc(n, sizeof(*w->slot));
			if (!w->slot) {
				munmap(p, len);
				continue;
			}
			w->base = p;
			w->shift = sizes[i].shift;
			w->nslots = n;
			if (node) {
				atomic_store(&node->base, (uintptr_t)p);
				atomic_store(&node->len, len);
			}
			return 0;
		}
	}
	return -ENOMEM;
}

void bu_vm_window_close(struct bu_vm *vm)
{
	struct bu_vm_window *w = &vm->win;

	for (uint32_t i = 0; i < w->nslots; i++)
		if (w->slot[i] && (!i || w->slot[i] != w->slot[i - 1]))
			free(w->slot[i]);
	if (w->base)
		munmap(w->base, (size_t)w->nslots << w->shift);
	free(w->slot);
	w->base = NULL;
	w->slot = NULL;
	w->nslots = 0;
}

/* n free slots in a row: the first, or nslots. */
static uint32_t find_slots(struct bu_vm *vm, uint32_t n)
{
	struct bu_vm_window *w = &vm->win;
	uint32_t run = 0;

	for (uint32_t from = vm->win_hint, tries = 0; tries < 2; tries++, from = 0, run = 0) {
		for (uint32_t i = from; i < w->nslots; i++) {
			run = w->slot[i] ? 0 : run + 1;
			if (run == n) {
				vm->win_hint = i + 1 < w->nslots ? i + 1 : 0;
				return i + 1 - n;
			}
		}
	}
	return w->nslots;
}

void *bu_vm_window_map(struct bu_vm *vm, int fd, uint64_t size, bool writable,
		       enum bu_vm_region_kind kind, void *owner, int *err)
{
	struct bu_vm_window *w = &vm->win;
	struct bu_vm_region *r = NULL;
	uint64_t n;
	uint32_t at;
	/* In a world that is only looked at, a stray store must not reach the file. */
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE :
		    vm->read_only ? MAP_PRIVATE | MAP_NORESERVE : MAP_SHARED;
	void *p;

	*err = -ENOMEM;
	if (!w->base && reserve(vm))
		return NULL;
	n = (size >> w->shift) + !!(size & ((1ull << w->shift) - 1));
	if (!n || n > w->nslots)
		return NULL;
	at = find_slots(vm, (uint32_t)n);
	if (at == w->nslots) {
		bu_vm_cache_drop(vm, -2, 0);
		at = find_slots(vm, (uint32_t)n);
	}
	r = calloc(1, sizeof(*r));
	if (at == w->nslots || !r)
		goto fail;
	p = mmap(w->base + ((uint64_t)at << w->shift), size,
		 writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_FIXED | flags, fd, 0);
	if (p == MAP_FAILED) {
		*err = -errno;
		/* a failed fixed mapping may have left a hole for others to map */
		mmap(w->base + ((uint64_t)at << w->shift), size, PROT_NONE,
		     MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		goto fail;
	}
	*r = (struct bu_vm_region){ .lo = (uintptr_t)p, .hi = (uintptr_t)p + size, .kind = kind,
				    .owner = owner };
	for (uint64_t k = 0; k < n; k++)
		w->slot[at + k] = r;
	*err = 0;
	return p;
fail:
	free(r);
	return NULL;
}

void bu_vm_window_unmap(struct bu_vm *vm, void *p, uint64_t size)
{
	struct bu_vm_window *w = &vm->win;
	uint64_t i = (uint64_t)((uint8_t *)p - w->base) >> w->shift;
	uint64_t n = (size >> w->shift) + !!(size & ((1ull << w->shift) - 1));

	if (!w->base || i >= w->nslots || n > w->nslots - i || !w->slot[i])
		return;
	mmap(p, size, PROT_NONE, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	free(w->slot[i]);
	for (uint64_t k = 0; k < n; k++)
		w->slot[i + k] = NULL;
}
