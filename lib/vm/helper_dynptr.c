/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dynamic pointers: 16 bytes of the program's stack that say where memory is and how much. The program could write them
 * itself here, so they are believed as little as its registers: each use looks whether the run may touch the memory.
 */
#include "vm/helper.h"

#include <string.h>

#define MAX (1u << 24) /* bytes, one less than the kernel's first that is too many */

struct dynptr {
	uint64_t data;  /* address; 0: invalid */
	uint32_t size;
	uint32_t kind;
};
enum { LOCAL = 1, RINGBUF };

/* The argument was checked to be 16 writable bytes, aligned. */
static struct dynptr *at(uint64_t a)
{
	return (struct dynptr *)(uintptr_t)a;
}

void bu_vm_dynptr_make(void *p, const void *data, uint32_t n)
{
	*(struct dynptr *)p = (struct dynptr){ .data = (uintptr_t)data, .size = n, .kind = LOCAL };
}

uint64_t bu_vm_h_dynptr_from_mem(struct bu_vm_run *run, uint64_t data, uint64_t size, uint64_t flags, uint64_t out,
				 uint64_t e)
{
	(void)run, (void)e;
	memset(at(out), 0, sizeof(struct dynptr));
	if ((uint32_t)size >= MAX)
		return bu_vm_ret(-E2BIG);
	if (flags)
		return bu_vm_ret(-EINVAL);
	*at(out) = (struct dynptr){ .data = data, .size = (uint32_t)size, .kind = LOCAL };
	return 0;
}

/* n bytes at off of it: their address, or NULL and why. */
static void *bytes(struct bu_vm_run *run, const struct dynptr *p, uint64_t off, uint64_t n, bool write, int64_t *err)
{
	void *mem;

	*err = -EINVAL;
	if (!p->data || !p->kind)
		return NULL;
	off = (uint32_t)off;
	n = (uint32_t)n;
	*err = -E2BIG;
	if (n > p->size || off > p->size - n)
		return NULL;
	*err = 0;
	mem = bu_vm_mem(run, p->data + off, n ? n : 1, write); /* notes a fault */
	if (!mem)
		*err = -EFAULT;
	return mem;
}

uint64_t bu_vm_h_dynptr_read(struct bu_vm_run *run, uint64_t dst, uint64_t n, uint64_t src, uint64_t off, uint64_t flags)
{
	int64_t err;
	void *p;

	if (flags)
		return bu_vm_ret(-EINVAL);
	p = bytes(run, at(src), off, n, false, &err);
	if (p)
		memmove((void *)(uintptr_t)dst, p, (uint32_t)n);
	return bu_vm_ret(err);
}

uint64_t bu_vm_h_dynptr_write(struct bu_vm_run *run, uint64_t dst, uint64_t off, uint64_t src, uint64_t n,
			      uint64_t flags)
{
	int64_t err;
	void *p;

	if (flags)
		return bu_vm_ret(-EINVAL);
	p = bytes(run, at(dst), off, n, true, &err);
	if (p)
		memmove(p, (void *)(uintptr_t)src, (uint32_t)n);
	return bu_vm_ret(err);
}

uint64_t bu_vm_h_dynptr_data(struct bu_vm_run *run, uint64_t ptr, uint64_t off, uint64_t n, uint64_t d, uint64_t e)
{
	int64_t err;

	(void)d, (void)e;
	return (uintptr_t)bytes(run, at(ptr), off, n, true, &err);
}

uint64_t bu_vm_h_ringbuf_reserve_dynptr(struct bu_vm_run *run, uint64_t map, uint64_t size, uint64_t flags, uint64_t out,
					uint64_t e)
{
	uint64_t p;

	(void)e;
	memset(at(out), 0, sizeof(struct dynptr));
	if (flags)
		return bu_vm_ret(-EINVAL);
	if ((uint32_t)size >= MAX)
		return bu_vm_ret(-E2BIG);
	p = bu_vm_h_ringbuf_reserve(run, map, (uint32_t)size, 0, 0, 0);
	if (!p)
		return bu_vm_ret(-EINVAL);
	*at(out) = (struct dynptr){ .data = p, .size = (uint32_t)size, .kind = RINGBUF };
	return 0;
}

uint64_t bu_vm_h_ringbuf_submit_dynptr(struct bu_vm_run *run, uint64_t ptr, uint64_t flags, uint64_t c, uint64_t d,
				       uint64_t e)
{
	struct dynptr p = *at(ptr);

	(void)c, (void)d, (void)e;
	if (p.data && p.kind == RINGBUF)
		bu_vm_h_ringbuf_submit(run, p.data, flags, 0, 0, 0);
	memset(at(ptr), 0, sizeof(p));
	return 0;
}

uint64_t bu_vm_h_ringbuf_discard_dynptr(struct bu_vm_run *run, uint64_t ptr, uint64_t flags, uint64_t c, uint64_t d,
					uint64_t e)
{
	struct dynptr p = *at(ptr);

	(void)c, (void)d, (void)e;
	if (p.data && p.kind == RINGBUF)
		bu_vm_h_ringbuf_discard(run, p.data, flags, 0, 0, 0);
	memset(at(ptr), 0, sizeof(p));
	return 0;
}
