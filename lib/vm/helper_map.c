/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that work on maps; loops. */
#include "vm/ctxrule.h"
#include "vm/helper.h"
#include "vm/interp.h"
#include "vm/map_sock.h"

#include <stdlib.h>
#include <string.h>

/* bpf_loop's bound */
#define MAX_LOOPS (8u << 20)
#define MAX_SAMPLES (128u << 10) /* of user_ringbuf_drain */
#define RB_FLAGS 3u /* BPF_RB_NO_WAKEUP, BPF_RB_FORCE_WAKEUP */
#define INDEX_MASK 0xffffffffull
#define CTXLEN_MASK (0xfffffull << 32)

static struct bu_vm_map *map_arg(uint64_t a)
{
	return (struct bu_vm_map *)(uintptr_t)a;
}

/* Inner maps become handles; the same one twice is one handle. */
static uint64_t inner(struct bu_vm_run *run, uint32_t id)
{
	struct bu_vm_map *m;
	uint64_t h;

	if (!id)
		return 0;
	for (uint32_t i = 0; i < run->ninner; i++)
		if (run->inner[i]->obj->id == id) {
			m = run->inner[i];
			m->obj->refs++;
			return bu_vm_inner_handle(run, m);
		}
	if (bu_vm_map_by_id(run->vm, id, &m))
		return 0;
	h = bu_vm_inner_handle(run, m);
	if (!h)
		bu_vm_map_put(m);
	return h;
}

static uint64_t lookup(struct bu_vm_run *run, struct bu_vm_map *m, uint64_t key, uint32_t cpu)
{
	void *p;

	if (bu_vm_is_sockmap(m))
		return bu_vm_sock_found(run, m, bu_vm_ptr(key));
	p = m->ops->lookup ? m->ops->lookup(m, bu_vm_ptr(key), cpu) : NULL;

	if (!p)
		return 0;
	if (m->ops->fds)
		return inner(run, __atomic_load_n((uint32_t *)p, __ATOMIC_ACQUIRE));
	bu_vm_grant(m, p);
	return (uintptr_t)p;
}

uint64_t bu_vm_h_map_lookup_elem(struct bu_vm_run *run, uint64_t map, uint64_t key, uint64_t c,
				 uint64_t d, uint64_t e)
{
	(void)c, (void)d, (void)e;
	return lookup(run, map_arg(map), key, run->cpu);
}

uint64_t bu_vm_h_map_lookup_percpu_elem(struct bu_vm_run *run, uint64_t map, uint64_t key,
					uint64_t cpu, uint64_t d, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);

	(void)d, (void)e;
	return (uint32_t)cpu < m->ncpus ? lookup(run, m, key, (uint32_t)cpu) : 0;
}

uint64_t bu_vm_h_map_update_elem(struct bu_vm_run *run, uint64_t map, uint64_t key, uint64_t value,
				 uint64_t flags, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);

	(void)e;
	if (bu_vm_is_sockmap(m)) {
		const struct bu_vm_sock *s = bu_vm_sock_at(run, value)->of;
		struct bu_vm_sock_entry entry = { .cookie = bu_vm_sock_cookie(run, s), .sock = *s };

		if (!bu_vm_sock_suits(s))
			return bu_vm_ret(-EOPNOTSUPP);
		return bu_vm_ret(bu_vm_sockmap_put(m, bu_vm_ptr(key), &entry, flags));
	}
	if (!m->ops->update)
		return bu_vm_ret(-EOPNOTSUPP);
	return bu_vm_ret(m->ops->update(m, bu_vm_ptr(key), bu_vm_ptr(value), flags, run->cpu));
}

uint64_t bu_vm_h_map_delete_elem(struct bu_vm_run *run, uint64_t map, uint64_t key, uint64_t c,
				 uint64_t d, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);

	(void)run, (void)c, (void)d, (void)e;
	return bu_vm_ret(m->ops->erase ? m->ops->erase(m, bu_vm_ptr(key)) : -EINVAL);
}

uint64_t bu_vm_h_map_push_elem(struct bu_vm_run *run, uint64_t map, uint64_t value, uint64_t flags,
			       uint64_t d, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);

	(void)run, (void)d, (void)e;
	return bu_vm_ret(m->ops->push ? m->ops->push(m, bu_vm_ptr(value), flags) : -EOPNOTSUPP);
}

uint64_t bu_vm_h_map_pop_elem(struct bu_vm_run *run, uint64_t map, uint64_t value, uint64_t c,
			      uint64_t d, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);

	(void)run, (void)c, (void)d, (void)e;
	return bu_vm_ret(m->ops->pop ? m->ops->pop(m, bu_vm_ptr(value)) : -EOPNOTSUPP);
}

uint64_t bu_vm_h_map_peek_elem(struct bu_vm_run *run, uint64_t map, uint64_t value, uint64_t c,
			       uint64_t d, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);

	(void)run, (void)c, (void)d, (void)e;
	return bu_vm_ret(m->ops->peek ? m->ops->peek(m, bu_vm_ptr(value)) : -EOPNOTSUPP);
}

/* ---------------------------------------------------------------- loops */

/*
 * The callback gets a copy of the key: in the file it stands beside other keys. The copy is in the
 * half of the caller's frame that no program may use, and may be read as long as the loop is on. It does
 * not touch the frames on both sides, unless the key is as long as that half.
 */
uint64_t bu_vm_h_for_each_map_elem(struct bu_vm_run *run, uint64_t map, uint64_t func,
				   uint64_t arg, uint64_t flags, uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);
	uint32_t frame = run->depth;
	uint32_t gap = m->key_size + 16 <= BU_VM_FRAME_STRIDE - BU_VM_STACK ? 8 : 0;
	uint8_t *copy = run->stack + frame * BU_VM_FRAME_STRIDE + BU_VM_STACK + gap;
	uint64_t pos = 0, r0 = 0, n = 0, handle = run->r[1];
	const void *key;
	void *value;

	(void)e;
	if (flags || !m->ops->walk || m->key_size > BU_VM_FRAME_STRIDE - BU_VM_STACK)
		return bu_vm_ret(-EINVAL);
	/* No map has more elements at a time; a damaged one does not keep us here. */
	while (n < m->max_entries && !m->ops->walk(m, &pos, run->cpu, &key, &value)) {
		memcpy(copy, key, m->key_size);
		run->key[frame].lo = (uintptr_t)copy;
		run->key[frame].hi = (uintptr_t)copy + m->key_size;
		bu_vm_grant(m, value);
		n++;
		if (bu_vm_callback(run, func,
				   (uint64_t[5]){ handle, (uintptr_t)copy, (uintptr_t)value, arg, 0 },
				   &r0))
			break;
		if (r0)
			break;
	}
	run->key[frame].lo = run->key[frame].hi = 0;
	return n;
}

uint64_t bu_vm_h_loop(struct bu_vm_run *run, uint64_t n, uint64_t func, uint64_t arg, uint64_t flags,
		      uint64_t e)
{
	uint32_t count = (uint32_t)n, i;
	uint64_t r0 = 0;

	(void)e;
	if (flags)
		return bu_vm_ret(-EINVAL);
	if (count > MAX_LOOPS)
		return bu_vm_ret(-E2BIG);
	for (i = 0; i < count; i++) {
		if (bu_vm_callback(run, func, (uint64_t[5]){ i, arg, 0, 0, 0 }, &r0))
			return 0;
		if (r0)
			return (uint64_t)i + 1;
	}
	return i;
}

/* The interpreter jumps; who asks for the call itself is told that there is no such program. */
uint64_t bu_vm_h_tail_call(struct bu_vm_run *run, uint64_t ctx, uint64_t map, uint64_t index,
			   uint64_t d, uint64_t e)
{
	(void)run, (void)ctx, (void)map, (void)index, (void)d, (void)e;
	return bu_vm_ret(-ENOENT);
}

/* ---------------------------------------------------------------- spin locks */

static bool lock_in(struct bu_vm_run *run, struct bu_vm_map *m, uint64_t p)
{
	const struct bu_vm_granules *g = &m->gran;
	uint64_t off = p - (uintptr_t)m->mem;
	struct bu_vm_span s;

	if (m->spin_lock_off < 0 || !g->stride || off < g->off || off >= m->data_size ||
	    (off - g->off) % g->stride != (uint64_t)g->val + (uint32_t)m->spin_lock_off || off & 3)
		return false;
	return !bu_vm_mem_span(run, p, &s);
}

static struct bu_vm_map *lock_map(struct bu_vm_run *run, uint64_t p)
{
	for (uint32_t i = 0; i < run->prog->nmaps; i++)
		if (lock_in(run, run->prog->maps[i], p))
			return run->prog->maps[i];
	for (uint32_t i = 0; i < run->ninner; i++)
		if (lock_in(run, run->inner[i], p))
			return run->inner[i];
	return NULL;
}

uint64_t bu_vm_h_spin_lock(struct bu_vm_run *run, uint64_t p, uint64_t b, uint64_t c, uint64_t d,
			   uint64_t e)
{
	struct bu_vm_map *m = lock_map(run, p);
	int err;

	(void)b, (void)c, (void)d, (void)e;
	if (!m) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, 4, true,
			       "bpf_spin_lock: argument 1: is no bpf_spin_lock of a map value");
		return 0;
	}
	err = bu_vm_spin_lock(m->obj, p - (uintptr_t)m->mem);
	if (err) {
		bu_vm_fault_at(run, BU_VM_FAULT_WORLD, p, 4, true, "bpf_spin_lock: %s",
			       bu_errno_name(err));
		return 0;
	}
	run->spin = m->obj;
	run->spin_off = p - (uintptr_t)m->mem;
	return 0;
}

uint64_t bu_vm_h_spin_unlock(struct bu_vm_run *run, uint64_t p, uint64_t b, uint64_t c, uint64_t d,
			     uint64_t e)
{
	(void)b, (void)c, (void)d, (void)e;
	if (!run->spin || (uintptr_t)run->spin->mem + run->spin_off != p) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, 4, true,
			       "bpf_spin_unlock: argument 1: is not the lock that is held");
		return 0;
	}
	bu_vm_spin_unlock(run->spin, run->spin_off);
	run->spin = NULL;
	return 0;
}

/* ---------------------------------------------------------------- output */

uint64_t bu_vm_h_ringbuf_output(struct bu_vm_run *run, uint64_t map, uint64_t data, uint64_t size,
				uint64_t flags, uint64_t e)
{
	(void)run, (void)e;
	if (flags & ~(uint64_t)RB_FLAGS)
		return bu_vm_ret(-EINVAL);
	return bu_vm_ret(bu_vm_ringbuf_output(map_arg(map), bu_vm_ptr(data), size, flags));
}

uint64_t bu_vm_h_ringbuf_reserve(struct bu_vm_run *run, uint64_t map, uint64_t size, uint64_t flags,
				 uint64_t d, uint64_t e)
{
	void *p;

	(void)d, (void)e;
	if (flags || run->nrec == BU_ARRAY_SIZE(run->rec))
		return 0;
	p = bu_vm_ringbuf_reserve(map_arg(map), size);
	if (!p)
		return 0;
	run->rec[run->nrec++] = (struct bu_vm_record){
		.lo = (uintptr_t)p, .hi = (uintptr_t)p + size, .map = map_arg(map),
	};
	return (uintptr_t)p;
}

static uint64_t commit(struct bu_vm_run *run, uint64_t p, uint64_t flags, bool discard)
{
	for (uint32_t i = 0; i < run->nrec; i++) {
		if (run->rec[i].lo != p)
			continue;
		bu_vm_ringbuf_commit(run->rec[i].map, bu_vm_ptr(p), flags, discard);
		run->rec[i] = run->rec[--run->nrec];
		break;
	}
	return 0;
}

uint64_t bu_vm_h_ringbuf_submit(struct bu_vm_run *run, uint64_t p, uint64_t flags, uint64_t c,
				uint64_t d, uint64_t e)
{
	(void)c, (void)d, (void)e;
	return commit(run, p, flags, false);
}

uint64_t bu_vm_h_ringbuf_discard(struct bu_vm_run *run, uint64_t p, uint64_t flags, uint64_t c,
				 uint64_t d, uint64_t e)
{
	(void)c, (void)d, (void)e;
	return commit(run, p, flags, true);
}

uint64_t bu_vm_h_ringbuf_query(struct bu_vm_run *run, uint64_t map, uint64_t what, uint64_t c,
			       uint64_t d, uint64_t e)
{
	(void)run, (void)c, (void)d, (void)e;
	return bu_vm_ringbuf_query(map_arg(map), what);
}

/*
 * The dynptr of a sample stands where for_each_map_elem has its key: it may be read, not changed. The sample itself
 * is memory that user space may change meanwhile.
 */
uint64_t bu_vm_h_user_ringbuf_drain(struct bu_vm_run *run, uint64_t map, uint64_t func, uint64_t arg, uint64_t flags,
				    uint64_t e)
{
	struct bu_vm_map *m = map_arg(map);
	uint32_t frame = run->depth, size, n, passed = 0;
	uint8_t *ptr = run->stack + frame * BU_VM_FRAME_STRIDE + BU_VM_STACK + 8;
	uint64_t r0 = 0;
	void *sample;
	int err;

	(void)e;
	if (flags & ~(uint64_t)RB_FLAGS)
		return bu_vm_ret(-EINVAL);
	if (run->nsample == BU_ARRAY_SIZE(run->sample))
		return bu_vm_ret(-EBUSY);
	err = bu_vm_user_ringbuf_begin(m);
	if (err)
		return bu_vm_ret(err);
	for (n = 0; n < MAX_SAMPLES && !r0; n++) {
		err = bu_vm_user_ringbuf_next(m, &sample, &size);
		if (err == -EAGAIN) {
			passed++;
			continue;
		}
		if (err)
			break;
		bu_vm_dynptr_make(ptr, sample, size);
		run->key[frame].lo = (uintptr_t)ptr;
		run->key[frame].hi = (uintptr_t)ptr + BU_VM_DYNPTR;
		run->sample[run->nsample].lo = (uintptr_t)sample;
		run->sample[run->nsample++].hi = (uintptr_t)sample + size;
		err = bu_vm_callback(run, func, (uint64_t[5]){ (uintptr_t)ptr, arg, 0, 0, 0 }, &r0);
		run->nsample--;
		bu_vm_user_ringbuf_release(m, size);
		if (err)
			break;
	}
	run->key[frame].lo = run->key[frame].hi = 0;
	bu_vm_user_ringbuf_end(m);
	return err && err != -ENODATA && err != -EAGAIN ? bu_vm_ret(err) : n - passed;
}

/* With packets, the upper half of the flags asks for so many bytes of the packet behind the data. */
static bool has_packet(const struct bu_vm_run *run)
{
	return run->ctx && (run->ctx_id == BU_VM_C_XDP || run->ctx_id == BU_VM_C_SKB);
}

uint64_t bu_vm_h_perf_event_output(struct bu_vm_run *run, uint64_t ctx, uint64_t map, uint64_t flags,
				   uint64_t data, uint64_t size)
{
	uint64_t mask = INDEX_MASK | (has_packet(run) ? CTXLEN_MASK : 0);
	uint64_t index = flags & INDEX_MASK, n = (flags & CTXLEN_MASK) >> 32;
	uint8_t *both;
	int err;

	(void)ctx;
	if (flags & ~mask)
		return bu_vm_ret(-EINVAL);
	if (!n)
		return bu_vm_ret(bu_vm_perf_output(run, map_arg(map), index, bu_vm_ptr(data), size));
	if (n > run->data_end - run->data)
		return bu_vm_ret(-EFAULT);
	both = malloc(size + n);
	if (!both)
		return bu_vm_ret(-ENOMEM);
	memcpy(both, bu_vm_ptr(data), size);
	memcpy(both + size, bu_vm_ptr(run->data), n);
	err = bu_vm_perf_output(run, map_arg(map), index, both, size + n);
	free(both);
	return bu_vm_ret(err);
}
