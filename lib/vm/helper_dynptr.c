/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dynamic pointers: 16 bytes of the program's stack that say where memory is and how much. The program could write them
 * itself here, so they are believed as little as its registers: each use looks whether the run may touch the memory.
 */
#include "vm/kfunc.h"

#include <string.h>

#define MAX (1u << 24) /* bytes, one less than the kernel's first that is too many */

struct dynptr {
	uint64_t data;  /* address; of a packet: offset */
	uint32_t size;
	uint8_t kind;   /* 0: invalid */
	uint8_t rdonly;
	uint16_t pad;
};
enum { LOCAL = 1, RINGBUF, SKB, XDP };

/* The argument was checked to be 16 writable bytes, aligned. */
static struct dynptr *at(uint64_t a)
{
	return (struct dynptr *)(uintptr_t)a;
}

void bu_vm_dynptr_make(void *p, const void *data, uint32_t n)
{
	*(struct dynptr *)p = (struct dynptr){ .data = (uintptr_t)data, .size = n, .kind = LOCAL };
}

static bool is_packet(const struct dynptr *p)
{
	return p->kind == SKB || p->kind == XDP;
}

BU_VM_FN(dynptr_from_mem)
{
	memset(at(d), 0, sizeof(struct dynptr));
	if ((uint32_t)b >= MAX)
		return bu_vm_ret(-E2BIG);
	if (c)
		return bu_vm_ret(-EINVAL);
	*at(d) = (struct dynptr){ .data = a, .size = (uint32_t)b, .kind = LOCAL };
	return 0;
}

/* n bytes at off of it: 0, or what the kernel says. */
static int64_t inside(const struct dynptr *p, uint64_t off, uint64_t n)
{
	return (uint32_t)n > p->size || (uint32_t)off > p->size - (uint32_t)n ? -E2BIG : 0;
}

/* … their address, or NULL and why. A fault is noted when they are not the run's. */
static void *bytes(struct bu_vm_run *run, const struct dynptr *p, uint64_t off, uint64_t n, bool write, int64_t *err)
{
	uint64_t addr = p->data + (uint32_t)off;
	void *mem;

	n = (uint32_t)n;
	*err = p->kind && !(write && p->rdonly) ? inside(p, off, n) : -EINVAL;
	if (*err)
		return NULL;
	if (is_packet(p)) {
		/* It may have become shorter. */
		*err = -EFAULT;
		if (!run->packet_buf || addr > run->data_end - run->data || n > run->data_end - run->data - addr)
			return NULL;
		addr += run->data;
	}
	*err = 0;
	if (!n)
		return bu_vm_ptr(addr);
	mem = bu_vm_mem(run, addr, n, write);
	if (!mem)
		*err = -EFAULT;
	return mem;
}

BU_VM_FN(dynptr_read)
{
	int64_t err;
	void *p;

	if (e)
		return bu_vm_ret(-EINVAL);
	p = bytes(run, at(c), d, b, false, &err);
	if (p)
		memmove(bu_vm_ptr(a), p, (uint32_t)b);
	return bu_vm_ret(err);
}

static int64_t put(struct bu_vm_run *run, const struct dynptr *p, uint64_t off, const void *src, uint64_t n,
		   uint64_t flags)
{
	int64_t err = !p->kind || p->rdonly ? -EINVAL : inside(p, off, n);
	void *dst;

	if (err)
		return err;
	if (p->kind == SKB)
		return (int64_t)bu_vm_h_skb_store_bytes(run, run->ctx_addr, p->data + (uint32_t)off, (uintptr_t)src,
							(uint32_t)n, flags);
	if (flags)
		return -EINVAL;
	dst = bytes(run, p, off, n, true, &err);
	if (dst)
		memmove(dst, src, (uint32_t)n);
	return err;
}

BU_VM_FN(dynptr_write)
{
	return bu_vm_ret(put(run, at(a), b, bu_vm_ptr(c), d, e));
}

BU_VM_FN(dynptr_data)
{
	int64_t err;

	return is_packet(at(a)) ? 0 : (uintptr_t)bytes(run, at(a), b, c, true, &err);
}

/* ---------------------------------------------------------------- kfuncs */

static uint64_t from_packet(struct bu_vm_run *run, uint64_t flags, uint64_t out, uint8_t kind, bool rdonly)
{
	memset(at(out), 0, sizeof(struct dynptr));
	if (flags)
		return bu_vm_ret(-EINVAL);
	*at(out) = (struct dynptr){ .size = run->packet_buf ? (uint32_t)(run->data_end - run->data) : 0, .kind = kind, .rdonly = rdonly };
	return 0;
}

BU_VM_KFN(bpf_dynptr_from_skb)
{
	uint32_t type = run->prog->type;

	return from_packet(run, b, c, SKB, type != BPF_PROG_TYPE_SCHED_CLS && type != BPF_PROG_TYPE_SCHED_ACT &&
			   type != BPF_PROG_TYPE_SK_SKB && type != BPF_PROG_TYPE_LWT_XMIT);
}

BU_VM_KFN(bpf_dynptr_from_xdp)
{
	return from_packet(run, b, c, XDP, false);
}

/* The buffer is for what does not lie in one piece. Here everything does; it has to be the program's all the same. */
static uint64_t slice(struct bu_vm_run *run, uint64_t p, uint64_t off, uint64_t buffer, uint64_t n, bool write)
{
	int64_t err;
	void *mem;

	if (buffer && n && !bu_vm_mem(run, buffer, (uint32_t)n, true))
		return 0;
	if (write && at(p)->rdonly) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, 0, true,
			       "bpf_dynptr_slice_rdwr: the prog does not allow writes to packet data");
		return 0;
	}
	mem = bytes(run, at(p), off, n, write, &err);
	return (uintptr_t)mem;
}

BU_VM_KFN(bpf_dynptr_slice)
{
	return slice(run, a, b, c, d, false);
}

BU_VM_KFN(bpf_dynptr_slice_rdwr)
{
	return slice(run, a, b, c, d, true);
}

BU_VM_KFN(bpf_dynptr_adjust)
{
	struct dynptr *p = at(a);
	uint32_t start = (uint32_t)b, end = (uint32_t)c;

	if (!p->kind || start > end)
		return bu_vm_ret(-EINVAL);
	if (end > p->size)
		return bu_vm_ret(-ERANGE);
	p->data += start;
	p->size = end - start;
	return 0;
}

BU_VM_KFN(bpf_dynptr_is_null)
{
	return !at(a)->kind;
}

BU_VM_KFN(bpf_dynptr_is_rdonly)
{
	return at(a)->kind && at(a)->rdonly;
}

BU_VM_KFN(bpf_dynptr_size)
{
	return at(a)->kind ? at(a)->size : (uint32_t)-EINVAL;
}

BU_VM_KFN(bpf_dynptr_clone)
{
	struct dynptr p = *at(a);

	if (!p.kind) {
		memset(at(b), 0, sizeof(p));
		return bu_vm_ret(-EINVAL);
	}
	*at(b) = p;
	return 0;
}

BU_VM_KFN(bpf_dynptr_copy)
{
	const struct dynptr *dst = at(a), *src = at(c);
	int64_t err;
	void *from = bytes(run, src, d, e, false, &err), *to;

	if (run->fault.kind != BU_VM_FAULT_NONE)
		return 0;
	to = bytes(run, dst, b, e, true, &err);
	if (from && to) {
		memmove(to, from, (uint32_t)e);
		return 0;
	}
	if (from)
		return bu_vm_ret(put(run, dst, b, from, e, 0));
	if (to)
		return bu_vm_ret(src->kind ? inside(src, d, e) : -EINVAL);
	err = inside(dst, b, e);
	return bu_vm_ret(err ? err : inside(src, d, e) ? -E2BIG : -EINVAL);
}

BU_VM_KFN(bpf_dynptr_memset)
{
	int64_t err;
	void *p;

	if (at(a)->rdonly)
		return bu_vm_ret(-EINVAL);
	err = inside(at(a), b, c);
	if (err)
		return bu_vm_ret(err);
	p = bytes(run, at(a), b, c, true, &err);
	if (p)
		memset(p, (int)(uint8_t)d, (uint32_t)c);
	return bu_vm_ret(err);
}

/* What stands in memory that may not be there, into a dynptr. */
static uint64_t probe(struct bu_vm_run *run, uint64_t ptr, uint64_t off, uint64_t n, uint64_t addr, bool str,
		      enum bu_vm_space space)
{
	int64_t err = inside(at(ptr), off, n);
	void *dst;

	if (err)
		return bu_vm_ret(err);
	dst = bytes(run, at(ptr), off, n, true, &err);
	if (!dst || !(uint32_t)n)
		return bu_vm_ret(err);
	return bu_vm_ret(str ? bu_vm_probe_str(run, dst, (uint32_t)n, addr, space) :
			       bu_vm_probe(run, dst, (uint32_t)n, addr, space));
}
#define PROBE(name, str, space) BU_VM_KFN(name) { return probe(run, a, b, c, d, str, space); }
PROBE(bpf_probe_read_user_dynptr, false, BU_VM_USER)
PROBE(bpf_probe_read_kernel_dynptr, false, BU_VM_KERNEL)
PROBE(bpf_probe_read_user_str_dynptr, true, BU_VM_USER)
PROBE(bpf_probe_read_kernel_str_dynptr, true, BU_VM_KERNEL)
PROBE(bpf_copy_from_user_dynptr, false, BU_VM_USER)
PROBE(bpf_copy_from_user_str_dynptr, true, BU_VM_USER)

/* ---------------------------------------------------------------- of ring buffers */

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
