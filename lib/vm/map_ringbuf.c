/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ring buffers. The file: the consumer's page, the producer's page, the data; mapped with the data
 * twice in a row, so that no record is cut in two.
 *
 * The second word of a record's header says which process reserved it, so that the record of one that
 * was killed can be discarded: else the consumer would wait for it for ever.
 */
#include "vm/seq.h"
#include "vm/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define BUSY 0x80000000u
#define DISCARD 0x40000000u
#define HDR 8u
#define RECORD_MAX (UINT32_MAX / 4)
#define DYNPTR_MAX (1u << 24)
#define POS_PAGES 2u
#define NO_WAKEUP 1u
#define FORCE_WAKEUP 2u

/* words of live */
enum { W_PENDING /* of the oldest record not submitted */, W_NOTIFY /* wakeups */, W_BUSY /* user_ringbuf: its consumer, + 1 */ };

struct ring {
	uint8_t *data; /* twice the data, in the window */
	uint64_t tag_of; /* member that tag is of, + 1 */
	uint32_t tag;
	bool consuming; /* user_ringbuf: a program of this process */
};

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	(void)vm;
	if ((a->map_flags & ~BPF_F_NUMA_NODE) || a->key_size || a->value_size || !a->max_entries ||
	    (a->max_entries & (a->max_entries - 1)) || a->max_entries % BU_VM_PAGE)
		return -EINVAL;
	return 0;
}

static int layout(struct bu_vm_map *m)
{
	m->data_size = m->alloc_size = (uint64_t)POS_PAGES * BU_VM_PAGE + m->max_entries;
	return 0;
}

static _Atomic uint64_t *consumer(const struct bu_vm_map *m)
{
	return (_Atomic uint64_t *)m->mem;
}

static _Atomic uint64_t *producer(const struct bu_vm_map *m)
{
	return (_Atomic uint64_t *)(m->mem + BU_VM_PAGE);
}

static uint64_t mask(const struct bu_vm_map *m)
{
	return m->max_entries - 1;
}

static _Atomic uint32_t *header(const struct bu_vm_map *m, uint64_t pos)
{
	return (_Atomic uint32_t *)(m->mem + POS_PAGES * BU_VM_PAGE + (pos & mask(m) & ~7ull));
}

static void close_ring(struct bu_vm_map *m)
{
	struct ring *r = m->priv;

	if (!r)
		return;
	if (r->data)
		bu_vm_window_unmap(m->obj->vm, r->data, 2ull * m->max_entries);
	free(r);
	m->priv = NULL;
}

/* The data twice in a row, made on first use. */
static struct ring *ring(struct bu_vm_map *m)
{
	struct bu_vm *vm = m->obj->vm;
	uint64_t n = m->max_entries;
	struct ring *r = m->priv;
	int err, fd;

	if (r)
		return r;
	r = calloc(1, sizeof(*r));
	fd = r ? bu_vm_obj_file(m->obj) : -ENOMEM;
	if (fd < 0) {
		free(r);
		return NULL;
	}
	r->data = bu_vm_window_map(vm, -1, 2 * n, true, BU_VM_R_OTHER, m, &err);
	m->priv = r;
	for (unsigned i = 0; i < 2; i++) {
		if (r && (!r->data || mmap(r->data + i * n, n, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_FIXED, fd,
					   POS_PAGES * BU_VM_PAGE) == MAP_FAILED)) {
			close_ring(m);
			r = NULL;
		}
	}
	close(fd);
	return r;
}

/* ---------------------------------------------------------------- who has reserved */

static uint32_t tag(uint32_t member, uint64_t since)
{
	uint64_t h = since * 0x9e3779b97f4a7c15u;

	return (uint32_t)(h >> 42) << 10 | (member & 1023);
}

static uint32_t own_tag(struct bu_vm *vm, struct ring *r)
{
	if (r->tag_of != (uint64_t)vm->member + 1) {
		r->tag = tag((uint32_t)vm->member, vm->rec->since);
		r->tag_of = (uint64_t)vm->member + 1;
	}
	return r->tag;
}

/* Is the process gone that has left this tag? */
static bool owner_gone(struct bu_vm *vm, uint32_t t)
{
	struct bu_vm_rec rec;
	uint32_t member = t & 1023;
	char name[16];
	int fd;
	bool gone;

	if (vm->member >= 0 && member == (uint32_t)vm->member)
		return t != tag(member, vm->rec->since);
	if (bu_vm_member_dead(vm, member, &fd)) {
		close(fd);
		return true;
	}
	/* The slot may be another process's by now. */
	snprintf(name, sizeof(name), "%u", member);
	fd = openat(vm->mdir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return true;
	gone = pread(fd, &rec, sizeof(rec), 0) == (ssize_t)sizeof(rec) && tag(member, rec.since) != t;
	close(fd);
	return gone;
}

static void notify(struct bu_vm_map *m)
{
	atomic_fetch_add(&m->live->word[W_NOTIFY], 1);
}

/* Discards the record at pos if who reserved it is gone. Its length word as it is then. */
static uint32_t look_after(struct bu_vm_map *m, uint64_t pos)
{
	_Atomic uint32_t *h = header(m, pos);
	uint32_t len = atomic_load(h);

	if (!(len & BUSY) || !owner_gone(m->obj->vm, atomic_load(h + 1)))
		return len;
	if (atomic_compare_exchange_strong(h, &len, (len & ~BUSY) | DISCARD)) {
		len = (len & ~BUSY) | DISCARD;
		notify(m);
	}
	return len;
}

/* ---------------------------------------------------------------- producers */

void *bu_vm_ringbuf_reserve(struct bu_vm_map *m, uint64_t size)
{
	struct ring *r = ring(m);
	uint64_t cons, prod, pend, len, to;
	_Atomic uint32_t *h;
	void *p = NULL;

	if (!r || size > RECORD_MAX)
		return NULL;
	len = (size + HDR + 7) & ~7ull;
	if (len > m->max_entries)
		return NULL;
	cons = atomic_load(consumer(m));
	if (bu_vm_lock(m->obj))
		return NULL;
	prod = atomic_load(producer(m));
	pend = atomic_load(&m->live->word[W_PENDING]);
	if (prod % 8 || pend % 8 || prod - pend > m->max_entries)
		pend = prod &= ~7ull;
	while (pend < prod) {
		uint32_t l = atomic_load(header(m, pend));

		if (l & BUSY)
			l = look_after(m, pend);
		if (l & BUSY)
			break;
		pend += ((uint64_t)(l & ~DISCARD) + HDR + 7) & ~7ull;
	}
	if (pend > prod)
		pend = prod;
	atomic_store(&m->live->word[W_PENDING], pend);
	to = prod + len;
	if (to - cons > mask(m) || to - pend > mask(m))
		goto out;
	h = header(m, prod);
	atomic_store(h + 1, own_tag(m->obj->vm, r));
	atomic_store(h, (uint32_t)size | BUSY);
	atomic_store_explicit(producer(m), to, memory_order_release);
	p = r->data + (prod & mask(m)) + HDR;
out:
	bu_vm_unlock(m->obj);
	return p;
}

void bu_vm_ringbuf_commit(struct bu_vm_map *m, void *sample, uint64_t flags, bool discard)
{
	struct ring *r = m->priv;
	uint64_t at, cons;
	_Atomic uint32_t *h;
	uint32_t len;

	if (!r || (uint8_t *)sample < r->data + HDR || (uint8_t *)sample > r->data + 2ull * m->max_entries)
		return;
	at = (uint64_t)((uint8_t *)sample - HDR - r->data) & mask(m);
	h = header(m, at);
	len = atomic_load(h) & ~BUSY;
	atomic_exchange(h, discard ? len | DISCARD : len);
	/* Who has read up to here may be asleep for this one. */
	cons = atomic_load(consumer(m)) & mask(m);
	if ((flags & FORCE_WAKEUP) || (cons == at && !(flags & NO_WAKEUP)))
		notify(m);
}

int bu_vm_ringbuf_output(struct bu_vm_map *m, const void *data, uint64_t size, uint64_t flags)
{
	void *p;

	if (flags & ~(uint64_t)(NO_WAKEUP | FORCE_WAKEUP))
		return -EINVAL;
	p = bu_vm_ringbuf_reserve(m, size);
	if (!p)
		return -EAGAIN;
	memcpy(p, data, size);
	bu_vm_ringbuf_commit(m, p, flags, false);
	return 0;
}

uint64_t bu_vm_ringbuf_query(struct bu_vm_map *m, uint64_t what)
{
	uint64_t cons = atomic_load(consumer(m)), prod = atomic_load(producer(m));

	switch (what) {
	case 0: /* BPF_RB_AVAIL_DATA */
		return prod - cons;
	case 1: /* BPF_RB_RING_SIZE */
		return m->max_entries;
	case 2: /* BPF_RB_CONS_POS */
		return cons;
	case 3: /* BPF_RB_PROD_POS */
		return prod;
	default:
		return 0;
	}
}

/* ---------------------------------------------------------------- user space */

static bool readable(struct bu_vm_map *m)
{
	uint64_t cons = atomic_load(consumer(m)), prod = atomic_load(producer(m));

	if (prod == cons)
		return false;
	if (prod - cons <= m->max_entries && !m->obj->vm->read_only)
		look_after(m, cons);
	return true;
}

uint64_t bu_vm_ringbuf_wakeups(const struct bu_vm_map *m)
{
	return atomic_load(&m->live->word[W_NOTIFY]);
}

/* ---------------------------------------------------------------- user space as the producer */

int bu_vm_user_ringbuf_begin(struct bu_vm_map *m)
{
	struct bu_vm *vm = m->obj->vm;
	_Atomic uint64_t *busy = &m->live->word[W_BUSY];
	uint64_t me = (uint64_t)vm->member + 1, was = 0;
	struct ring *r = ring(m);
	int fd;

	if (!r)
		return -ENOMEM;
	if (r->consuming)
		return -EBUSY;
	if (!atomic_compare_exchange_strong(busy, &was, me)) {
		/* Our number is what one before us left. */
		if (was != me && was <= BU_VM_MEMBERS) {
			if (!bu_vm_member_dead(vm, (uint32_t)was - 1, &fd))
				return -EBUSY;
			close(fd);
		}
		if (!atomic_compare_exchange_strong(busy, &was, me))
			return -EBUSY;
	}
	r->consuming = true;
	return 0;
}

void bu_vm_user_ringbuf_end(struct bu_vm_map *m)
{
	((struct ring *)m->priv)->consuming = false;
	atomic_store(&m->live->word[W_BUSY], 0);
}

/* The positions and lengths are whatever user space writes, at any time: each is read once. */
int bu_vm_user_ringbuf_next(struct bu_vm_map *m, void **sample, uint32_t *size)
{
	struct ring *r = m->priv;
	uint64_t prod = atomic_load(producer(m)), cons = atomic_load(consumer(m)), total;
	uint32_t len;

	if (prod % 8)
		return -EINVAL;
	if (cons >= prod || cons % 8)
		return -ENODATA;
	len = atomic_load(header(m, cons));
	total = ((uint64_t)(len & ~(BUSY | DISCARD)) + HDR + 7) & ~7ull;
	if (total > prod - cons)
		return -EINVAL;
	if (total > m->max_entries || (len & ~(BUSY | DISCARD)) >= DYNPTR_MAX)
		return -E2BIG;
	if (len & DISCARD) {
		atomic_store(consumer(m), cons + total);
		return -EAGAIN;
	}
	if (len & BUSY)
		return -ENODATA;
	*sample = r->data + (cons & mask(m)) + HDR;
	*size = len;
	return 0;
}

void bu_vm_user_ringbuf_release(struct bu_vm_map *m, uint32_t size)
{
	atomic_fetch_add(consumer(m), ((uint64_t)size + HDR + 7) & ~7ull);
}

/* As the kernel's: positions, and the data twice; only the consumer's page for writing. */
static int ring_mmap(struct bu_vm_map *m, int fd, uint64_t off, uint64_t len, bool writable, void **p)
{
	uint64_t once = (uint64_t)POS_PAGES * BU_VM_PAGE + m->max_entries, end, n, first;
	void *q;
	int err;

	/* Of a user_ringbuf all but that page. */
	if (writable && (m->type == BPF_MAP_TYPE_USER_RINGBUF ? !off : off || len != BU_VM_PAGE))
		return -EPERM;
	if (__builtin_add_overflow(off, len, &end) || end > once + m->max_entries)
		return -EINVAL;
	if (end <= once)
		return bu_vm_map_file(fd, off, len, writable, NULL, p);
	if (off >= once)
		return bu_vm_map_file(fd, off - m->max_entries, len, writable, NULL, p);
	*p = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (*p == MAP_FAILED)
		return -errno;
	first = once - off;
	n = len - first;
	err = bu_vm_map_file(fd, off, first, writable, *p, &q);
	if (!err)
		err = bu_vm_map_file(fd, (uint64_t)POS_PAGES * BU_VM_PAGE, n, writable,
				     (uint8_t *)*p + first, &q);
	if (err)
		munmap(*p, len);
	return err;
}

static int invariants(struct bu_vm_map *m, struct bu_buf *why)
{
	uint64_t prod = atomic_load(producer(m)), pend = atomic_load(&m->live->word[W_PENDING]);

	if (!(prod % 8) && prod - pend <= m->max_entries)
		return 0;
	bu_buf_printf(why, "producer at %llu, oldest pending at %llu", (unsigned long long)prod,
		      (unsigned long long)pend);
	return -EUCLEAN;
}

static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	return bu_vm_verify_locked(m, why, invariants);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_ringbuf_ops = {
	.check = check, .layout = layout, .close = close_ring, .mmap = ring_mmap,
	.readable = readable, .verify = verify, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_user_ringbuf_ops = {
	.check = check, .layout = layout, .close = close_ring, .mmap = ring_mmap, .mem_usage = mem_usage,
};
