/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the hash family: layout, look-up, change. What goes over all elements: map_hash_walk.c. */
#include "vm/map_dev.h"
#include "vm/run.h"
#include "vm/map_hash.h"

#include <string.h>
#include <sys/random.h>

#define ENOTSUPP 524
#define ACCESS (BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)
#define KMALLOC_MAX (4u << 20)     /* what the kernel's elements may take, less their header … */
#define KERNEL_ELEM 48u            /* … of so many bytes */
#define PERCPU_MAX 32768u          /* the kernel's bound of a per-CPU row */
#define RESTARTS 10000

/* ---------------------------------------------------------------- attributes and layout */

static bool is_lru(uint32_t type)
{
	return type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
}

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	bool percpu = a->map_type == BPF_MAP_TYPE_PERCPU_HASH || a->map_type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	bool lru = is_lru(a->map_type);
	uint32_t f = a->map_flags;

	(void)vm;
	if (a->map_type == BPF_MAP_TYPE_HASH_OF_MAPS && a->value_size != 4)
		return -EINVAL;
	if (f & ~(BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | ACCESS))
		return -EINVAL;
	if ((f & BPF_F_RDONLY_PROG) && (f & BPF_F_WRONLY_PROG))
		return -EINVAL;
	if (!lru && (f & BPF_F_NO_COMMON_LRU))
		return -EINVAL;
	if (lru && (f & BPF_F_NO_PREALLOC))
		return -ENOTSUPP;
	if (a->numa_node != UINT32_MAX && (percpu || (f & BPF_F_NO_COMMON_LRU)))
		return -EINVAL;
	if (!a->max_entries || !a->key_size || !a->value_size)
		return -EINVAL;
	if ((uint64_t)a->key_size + a->value_size >= KMALLOC_MAX - KERNEL_ELEM)
		return -E2BIG;
	if (percpu && ((a->value_size + 7) & ~7u) > PERCPU_MAX)
		return -E2BIG;
	return 0;
}

/* Elements beyond max_entries: at least two, so that there is always a free one to fill. */
static uint64_t spares(uint64_t entries, uint64_t stride)
{
	uint64_t n = entries / 4;

	n = n < 8 ? 8 : n > 256 ? 256 : n;
	while (n > 2 && n * stride > 65536 && n > entries / 16)
		n /= 2;
	return n;
}

static uint64_t round_up(uint64_t v, uint64_t to)
{
	return (v + to - 1) & ~(to - 1);
}

static int layout(struct bu_vm_map *m)
{
	uint64_t buckets = 1, val, stride, n, off;

	if (m->max_entries > 1u << 31)
		return -E2BIG;
	while (buckets < m->max_entries)
		buckets <<= 1;
	if (buckets > UINT32_MAX / 16) /* the kernel's bucket */
		return -E2BIG;
	val = sizeof(struct hash_elem) + round_up(m->key_size, 8);
	stride = val + (m->ops->percpu ? (uint64_t)m->rounded * m->ncpus : m->rounded);
	n = m->max_entries + spares(m->max_entries, stride);
	if (n > (1ull << 40) / stride)
		return -ENOMEM;
	off = round_up(buckets * 4, 64);
	m->u[U_MASK] = buckets - 1;
	m->u[U_NELEM] = n;
	m->u[U_STRIDE] = stride;
	m->u[U_VAL] = val;
	m->u[U_STAGE] = off;
	m->u[U_ELEMS] = off + stride;
	m->data_size = round_up(off + stride + n * stride, BU_VM_PAGE);
	m->alloc_size = m->data_size;
	if (m->flags & BPF_F_NO_PREALLOC)
		m->alloc_size = round_up(off + stride, BU_VM_PAGE);
	if (!hash_holds_maps(m))
		m->gran = (struct bu_vm_granules){
			.off = m->u[U_ELEMS], .n = n, .stride = stride, .val = (uint32_t)val,
			.len = m->value_size, .rows = m->ops->percpu ? m->ncpus : 1,
			.row_stride = m->rounded,
		};
	return 0;
}

static int init(struct bu_vm_map *m)
{
	uint64_t seed = 0;

	if (!(m->flags & BPF_F_ZERO_SEED) && getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uintptr_t)m * 0x9e3779b97f4a7c15u;
	atomic_store(&m->live->word[W_SEED], seed);
	if (!(m->flags & BPF_F_NO_PREALLOC))
		atomic_store(&m->live->word[W_ALLOC], m->u[U_NELEM]);
	return 0;
}

/* ---------------------------------------------------------------- look-up */

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 p = (unsigned __int128)a * b;

	return (uint64_t)p ^ (uint64_t)(p >> 64);
}

uint32_t bu_vm_hash_of(const struct bu_vm_map *m, const void *key)
{
	uint64_t h = atomic_load_explicit(&m->live->word[W_SEED], memory_order_relaxed), v = 0;
	const uint8_t *p = key;
	uint32_t n = m->key_size;

	if (n == 4) {
		uint32_t k;

		memcpy(&k, p, 4);
		h = mix(h ^ k ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
		return (uint32_t)(h ^ h >> 32);
	}
	h ^= n;
	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&v, p, 8);
		h = mix(h ^ v ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
	}
	if (n) {
		v = 0;
		memcpy(&v, p, n);
		h = mix(h ^ v ^ 0x8ebc6af09c88c6e3u, 0x589965cc75374cc3u);
	}
	return (uint32_t)(h ^ h >> 32);
}

static inline bool same_key(const struct bu_vm_map *m, const struct hash_elem *e, const void *key)
{
	uint64_t a, b;
	uint32_t c, d;

	switch (m->key_size) {
	case 4:
		memcpy(&c, hash_key(e), 4);
		memcpy(&d, key, 4);
		return c == d;
	case 8:
		memcpy(&a, hash_key(e), 8);
		memcpy(&b, key, 8);
		return a == b;
	}
	return !memcmp(hash_key(e), key, m->key_size);
}

struct hash_elem *bu_vm_hash_find(const struct bu_vm_map *m, const void *key, uint32_t hash,
				  uint32_t *gen)
{
	uint32_t b = hash & (uint32_t)m->u[U_MASK], i, g;
	uint64_t steps = 0;
	struct hash_elem *e;

	for (unsigned tries = 0; tries < RESTARTS; tries++) {
		i = atomic_load_explicit(hash_head(m, b), memory_order_acquire);
		if (!i)
			return NULL;
		while (i && !(i & HASH_END)) {
			if (i > m->u[U_NELEM] || steps++ > m->u[U_NELEM] + RESTARTS)
				return NULL; /* damaged */
			e = hash_at(m, i - 1);
			g = atomic_load_explicit(&e->gen, memory_order_acquire);
			if (atomic_load_explicit(&e->hash, memory_order_relaxed) == hash &&
			    same_key(m, e, key)) {
				atomic_thread_fence(memory_order_acquire);
				if ((g & 1) || atomic_load_explicit(&e->gen, memory_order_relaxed) != g)
					break;
				if (gen)
					*gen = g;
				return e;
			}
			i = atomic_load_explicit(&e->next, memory_order_acquire);
			/* A recycled element may stand further down now. */
			if ((g & 1) || atomic_load_explicit(&e->gen, memory_order_relaxed) != g) {
				i = 0;
				break;
			}
		}
		if (i == (HASH_END | b))
			return NULL;
	}
	return NULL;
}

struct hash_elem *bu_vm_hash_find_locked(struct bu_vm_map *m, const void *key, uint32_t hash,
					 uint64_t *link)
{
	uint32_t b = hash & (uint32_t)m->u[U_MASK];
	_Atomic uint32_t *at = hash_head(m, b);
	uint32_t i = atomic_load_explicit(at, memory_order_relaxed);
	uint64_t steps = 0;

	while (i && !(i & HASH_END) && i <= m->u[U_NELEM] && steps++ < m->u[U_NELEM]) {
		struct hash_elem *e = hash_at(m, i - 1);

		if (atomic_load_explicit(&e->hash, memory_order_relaxed) == hash &&
		    same_key(m, e, key)) {
			*link = bu_vm_off(m->obj, at);
			return e;
		}
		at = &e->next;
		i = atomic_load_explicit(at, memory_order_relaxed);
	}
	*link = bu_vm_off(m->obj, hash_head(m, b));
	return NULL;
}

/* The link to an element that is known to be in a chain; 0: damaged. */
static uint64_t link_of(struct bu_vm_map *m, const struct hash_elem *want)
{
	uint32_t b = atomic_load(&want->hash) & (uint32_t)m->u[U_MASK];
	uint32_t self = hash_index(m, want) + 1;
	_Atomic uint32_t *at = hash_head(m, b);
	uint64_t steps = 0;

	for (;;) {
		uint32_t i = atomic_load_explicit(at, memory_order_relaxed);

		if (i == self)
			return bu_vm_off(m->obj, at) | 1; /* so that offset 0 is not "none" */
		if (!i || (i & HASH_END) || i > m->u[U_NELEM] || steps++ > m->u[U_NELEM])
			return 0;
		at = &hash_at(m, i - 1)->next;
	}
}

/* As bu_vm_hash_find, for a program: keys of 4 and 8 bytes, the first elements of a chain that nobody changes now. */
static inline struct hash_elem *find_quick(const struct bu_vm_map *m, const void *key)
{
	uint64_t seed = atomic_load_explicit(&m->live->word[W_SEED], memory_order_relaxed), k, h;
	uint32_t hash, b, i, small;

	if (m->key_size == 4) {
		memcpy(&small, key, 4);
		k = small;
	} else if (m->key_size == 8) {
		memcpy(&k, key, 8);
		seed ^= 8;
	} else {
		return bu_vm_hash_find(m, key, bu_vm_hash_of(m, key), NULL);
	}
	h = mix(seed ^ k ^ 0xa0761d6478bd642fu, 0xe7037ed1a0b428dbu);
	hash = (uint32_t)(h ^ h >> 32);
	b = hash & (uint32_t)m->u[U_MASK];
	i = atomic_load_explicit(hash_head(m, b), memory_order_acquire);
	for (unsigned left = 4; left && i - 1 < m->u[U_NELEM]; left--) {
		struct hash_elem *e = hash_at(m, i - 1);
		uint32_t gen = atomic_load_explicit(&e->gen, memory_order_acquire);
		bool same = atomic_load_explicit(&e->hash, memory_order_relaxed) == hash && same_key(m, e, key);

		i = atomic_load_explicit(&e->next, memory_order_acquire);
		atomic_thread_fence(memory_order_acquire);
		if ((gen & 1) || atomic_load_explicit(&e->gen, memory_order_relaxed) != gen)
			return bu_vm_hash_find(m, key, hash, NULL);
		if (same)
			return e;
	}
	return i == (HASH_END | b) ? NULL : bu_vm_hash_find(m, key, hash, NULL);
}

static void *lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	struct hash_elem *e = find_quick(m, key);

	(void)cpu;
	return e ? hash_val(m, e) : NULL;
}

static void *percpu_lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	uint8_t *v = lookup(m, key, 0);

	return v && cpu < m->ncpus ? v + (uint64_t)cpu * m->rounded : NULL;
}

static void *lru_lookup(struct bu_vm_map *m, const void *key, uint32_t cpu)
{
	struct hash_elem *e = find_quick(m, key);

	if (!e || (m->ops->percpu && cpu >= m->ncpus))
		return NULL;
	if (!atomic_load_explicit(&e->ref, memory_order_relaxed))
		atomic_store_explicit(&e->ref, 1, memory_order_relaxed);
	return hash_val(m, e) + (m->ops->percpu ? (uint64_t)cpu * m->rounded : 0);
}

int bu_vm_hash_copy(struct bu_vm_map *m, struct hash_elem *e, uint32_t gen, void *value,
		    uint64_t flags)
{
	uint64_t lock = bu_vm_off(m->obj, hash_val(m, e)) + (uint32_t)m->spin_lock_off;
	bool spin = (flags & BPF_F_LOCK) && m->spin_lock_off >= 0;
	uint32_t s;
	int err;

	if (spin) {
		err = bu_vm_spin_lock(m->obj, lock);
		if (err == -EROFS)
			spin = false; /* who only looks takes the value as it is */
		else if (err)
			return err;
	}
	err = -EBUSY;
	for (unsigned tries = 0; tries < 4000; tries++) {
		s = atomic_load_explicit(&e->seq, memory_order_acquire);
		if (!(s & 1)) {
			bu_vm_copy(value, hash_val(m, e), m->user_value);
			atomic_thread_fence(memory_order_acquire);
			if (atomic_load_explicit(&e->gen, memory_order_relaxed) != gen) {
				err = -EAGAIN;
				break;
			}
			if (atomic_load_explicit(&e->seq, memory_order_relaxed) == s) {
				err = 0;
				break;
			}
		} else if (m->obj->vm->locked == m->obj) {
			atomic_fetch_add(&e->seq, 1); /* nobody writes, so it is damage */
		} else if (tries % 1000 == 999) {
			/* Its writer is slow, or dead: the lock finds out. */
			err = bu_vm_lock(m->obj);
			if (err) {
				err = -EBUSY;
				break;
			}
			if (atomic_load(&e->seq) & 1) /* nobody writes, so it is damage */
				atomic_fetch_add(&e->seq, 1);
			bu_vm_unlock(m->obj);
			err = -EBUSY;
		}
	}
	if (spin)
		bu_vm_spin_unlock(m->obj, lock);
	/* Of the lock, which may be ours, nobody outside sees more than zero. */
	if (!err && m->spin_lock_off >= 0)
		memset((uint8_t *)value + m->spin_lock_off, 0, 4);
	if (!err)
		bu_vm_no_timer(m, value);
	return err;
}

static int read_value(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t hash = bu_vm_hash_of(m, key), gen;
	int err = -EAGAIN;

	for (unsigned tries = 0; err == -EAGAIN && tries < RESTARTS; tries++) {
		struct hash_elem *e = bu_vm_hash_find(m, key, hash, &gen);

		if (!e)
			return -ENOENT;
		err = bu_vm_hash_copy(m, e, gen, value, flags);
	}
	return err == -EAGAIN ? -EBUSY : err;
}

/* ---------------------------------------------------------------- changes */

/* The free list as it will be behind the changes noted so far. */
struct list {
	uint64_t used, head, tail;
	bool moved;
};

static struct list list_of(const struct bu_vm_map *m)
{
	return (struct list){
		.used = atomic_load_explicit(&m->live->word[W_USED], memory_order_relaxed),
		.head = atomic_load_explicit(&m->live->word[W_FHEAD], memory_order_relaxed),
		.tail = atomic_load_explicit(&m->live->word[W_FTAIL], memory_order_relaxed),
	};
}

static uint64_t word_off(const struct bu_vm_map *m, unsigned w)
{
	return bu_vm_off(m->obj, &m->live->word[w]);
}

/* Memory for element i of a map that is not preallocated. */
static int grow(struct bu_vm_map *m, uint64_t i)
{
	uint64_t have = atomic_load_explicit(&m->live->word[W_ALLOC], memory_order_relaxed);
	uint64_t stride = m->u[U_STRIDE], more, off;
	int err;

	if (i < have)
		return 0;
	if (have > m->u[U_NELEM])
		return -EUCLEAN;
	more = 65536 / stride + have / 4 + 1;
	if (more * stride > 4u << 20)
		more = (4u << 20) / stride + 1;
	if (more > m->u[U_NELEM] - have)
		more = m->u[U_NELEM] - have;
	off = m->u[U_ELEMS] + have * stride;
	err = bu_vm_obj_alloc(m->obj, off, more * stride);
	if (err && more > 1) { /* the last that is there */
		more = 1;
		err = bu_vm_obj_alloc(m->obj, off, stride);
	}
	if (err)
		return err;
	atomic_store(&m->live->word[W_ALLOC], have + more);
	return i < have + more ? 0 : -EUCLEAN;
}

/* Which element to fill: it stays free until the commit. */
static int choose(struct bu_vm_map *m, const struct list *l, uint32_t *i)
{
	int err = 0;

	if (l->used < m->u[U_NELEM]) {
		err = grow(m, l->used);
		if (!err) {
			*i = (uint32_t)l->used;
			return 0;
		}
	}
	if (l->head && l->head <= m->u[U_NELEM]) {
		*i = (uint32_t)l->head - 1;
		return 0;
	}
	return err ? err : -EUCLEAN;
}

static void note_taken(struct bu_vm_map *m, struct list *l, uint32_t i)
{
	struct hash_elem *e = hash_at(m, i);
	uint32_t next;

	if (i == l->used) {
		bu_vm_txn_set64(m->obj, word_off(m, W_USED), ++l->used);
		return;
	}
	next = atomic_load_explicit(&e->fnext, memory_order_relaxed);
	l->head = next == HASH_FREE_END ? 0 : next;
	if (!l->head)
		l->tail = 0;
	l->moved = true;
	bu_vm_txn_set32(m->obj, bu_vm_off(m->obj, &e->fnext), 0);
}

static void note_freed(struct bu_vm_map *m, struct list *l, const struct hash_elem *e)
{
	uint32_t i = hash_index(m, e) + 1;

	bu_vm_txn_set32(m->obj, bu_vm_off(m->obj, &e->fnext), HASH_FREE_END);
	if (l->tail && l->tail <= m->u[U_NELEM])
		bu_vm_txn_set32(m->obj, bu_vm_off(m->obj, &hash_at(m, (uint32_t)l->tail - 1)->fnext),
				i);
	else
		l->head = i;
	l->tail = i;
	l->moved = true;
}

static void note_list(struct bu_vm_map *m, const struct list *l)
{
	if (!l->moved)
		return;
	bu_vm_txn_set64(m->obj, word_off(m, W_FHEAD), l->head);
	bu_vm_txn_set64(m->obj, word_off(m, W_FTAIL), l->tail);
}

static void note_count(struct bu_vm_map *m, int64_t by)
{
	uint64_t n = atomic_load_explicit(&m->live->count, memory_order_relaxed);

	bu_vm_txn_set64(m->obj, bu_vm_off(m->obj, &m->live->count), n + (uint64_t)by);
}

/* Key and value into a free element. whole: value has all rows; else that of cpu. */
static void fill(struct bu_vm_map *m, struct hash_elem *e, const void *key, uint32_t hash,
		 const void *value, uint32_t next, bool whole, uint32_t cpu)
{
	uint32_t g = atomic_load_explicit(&e->gen, memory_order_relaxed) | 1;
	uint8_t *v = hash_val(m, e);

	atomic_store_explicit(&e->gen, g, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	atomic_store_explicit(&e->next, next, memory_order_relaxed);
	atomic_store_explicit(&e->hash, hash, memory_order_relaxed);
	atomic_store_explicit(&e->ref, 0, memory_order_relaxed);
	if (atomic_load_explicit(&e->seq, memory_order_relaxed) & 1)
		atomic_store_explicit(&e->seq, 0, memory_order_relaxed);
	memcpy(hash_key(e), key, m->key_size);
	if (!m->ops->percpu) {
		if (m->spin_lock_off >= 0)
			memset(v + m->spin_lock_off, 0, 4);
		bu_vm_copy_value(m, v, value);
	} else if (whole) {
		bu_vm_copy(v, value, m->user_value);
	} else {
		memset(v, 0, m->user_value);
		if (cpu < m->ncpus)
			memcpy(v + (uint64_t)cpu * m->rounded, value, m->value_size);
	}
	atomic_store_explicit(&e->gen, g + 1, memory_order_release);
}

bool bu_vm_map_key_of(struct bu_vm_map *m, uint64_t off, uint32_t *index, const void **key)
{
	const struct bu_vm_granules *g = &m->gran;
	uint64_t i = off >= g->off && g->stride ? (off - g->off) / g->stride : g->n;

	if (i >= g->n || m->key_size > BU_VM_FRAME_STRIDE - BU_VM_STACK)
		return false;
	*index = (uint32_t)i;
	*key = m->type == BPF_MAP_TYPE_ARRAY ? (const void *)index : hash_key(hash_at(m, (uint32_t)i));
	return true;
}

int bu_vm_hash_unlink(struct bu_vm_map *m, struct hash_elem *e, uint64_t link)
{
	struct list l = list_of(m);

	bu_vm_no_timer(m, hash_val(m, e));

	bu_vm_txn_begin(m->obj);
	bu_vm_txn_set32(m->obj, link, atomic_load_explicit(&e->next, memory_order_relaxed));
	note_freed(m, &l, e);
	note_list(m, &l);
	note_count(m, -1);
	if (hash_holds_maps(m))
		bu_vm_txn_set64(m->obj, word_off(m, W_PENDING), (uint64_t)hash_index(m, e) + 1);
	return bu_vm_txn_commit(m->obj);
}

/* The element that the clock's hand comes to first and that was not looked up since the last time. */
static struct hash_elem *victim(struct bu_vm_map *m)
{
	uint64_t used = atomic_load(&m->live->word[W_USED]);
	uint64_t hand = atomic_load(&m->live->word[W_HAND]);

	if (used > m->u[U_NELEM] || !used)
		return NULL;
	for (uint64_t n = 0; n < 2 * used + 1; n++) {
		struct hash_elem *e;

		if (hand >= used)
			hand = 0;
		e = hash_at(m, (uint32_t)hand++);
		if (atomic_load_explicit(&e->fnext, memory_order_relaxed))
			continue;
		if (atomic_load_explicit(&e->ref, memory_order_relaxed)) {
			atomic_store_explicit(&e->ref, 0, memory_order_relaxed);
			continue;
		}
		atomic_store_explicit(&m->live->word[W_HAND], hand, memory_order_relaxed);
		return e;
	}
	return NULL;
}

/* Changes a value in place through the staging element: len bytes at to, the lock's word left out. */
static int change_in_place(struct bu_vm_map *m, struct hash_elem *e, uint64_t at, const void *value,
			   uint32_t len)
{
	uint64_t to = bu_vm_off(m->obj, hash_val(m, e)) + at, from = m->u[U_STAGE];
	uint64_t seq_off = bu_vm_off(m->obj, &e->seq);
	uint32_t s = atomic_load_explicit(&e->seq, memory_order_relaxed) & ~1u;
	uint32_t lock = (uint32_t)m->spin_lock_off;

	bu_vm_copy(m->mem + from, value, len);
	bu_vm_no_timer(m, m->mem + from);
	bu_vm_txn_begin(m->obj);
	bu_vm_txn_set32(m->obj, seq_off, s + 1);
	if (m->spin_lock_off >= 0) {
		if (lock)
			bu_vm_txn_copy(m->obj, to, from, lock);
		if (len > lock + 4)
			bu_vm_txn_copy(m->obj, to + lock + 4, from + lock + 4, len - lock - 4);
	} else {
		bu_vm_txn_copy(m->obj, to, from, len);
	}
	bu_vm_txn_set32(m->obj, seq_off, s + 2);
	return bu_vm_txn_commit(m->obj);
}

/*
 * A value of up to 8 bytes is changed by one store, which is torn for nobody and undone by nothing. Who has a pointer to
 * the value sees the new one; with the kernel he may, when the element is used again.
 */
static void store_word(struct bu_vm_map *m, struct hash_elem *e, const void *value)
{
	uint64_t v = 0;

	memcpy(&v, value, m->value_size);
	atomic_store_explicit((_Atomic uint64_t *)(void *)hash_val(m, e), v, memory_order_release);
}

static int check_flags(const struct hash_elem *e, uint64_t flags)
{
	flags &= ~(uint64_t)BPF_F_LOCK;
	if (e && flags == BPF_NOEXIST)
		return -EEXIST;
	return !e && flags == BPF_EXIST ? -ENOENT : 0;
}

/* Puts a filled element in the place of old (NULL: at the head of its chain). Under the lock. */
static int insert(struct bu_vm_map *m, struct hash_elem *old, uint64_t link, const void *key,
		  uint32_t hash, const void *value, bool whole, uint32_t cpu)
{
	uint32_t b = hash & (uint32_t)m->u[U_MASK], i, next;
	struct hash_elem *e, *out = NULL;
	uint64_t out_link = 0;
	struct list l = list_of(m);
	int err;

	if (!old && atomic_load_explicit(&m->live->count, memory_order_relaxed) >= m->max_entries) {
		if (!is_lru(m->type))
			return -E2BIG;
		out = victim(m);
		out_link = out ? link_of(m, out) : 0;
		if (!out_link)
			return -EUCLEAN;
		out_link &= ~1ull;
	}
	err = choose(m, &l, &i);
	if (err)
		return err;
	e = hash_at(m, i);
	next = atomic_load_explicit(old ? &old->next : hash_head(m, b), memory_order_relaxed);
	if (out && out_link == link) /* the one that goes is the chain's first */
		next = atomic_load_explicit(&out->next, memory_order_relaxed);
	fill(m, e, key, hash, value, next ? next : HASH_END | b, whole, cpu);
	bu_vm_txn_begin(m->obj);
	if (out && out_link != link)
		bu_vm_txn_set32(m->obj, out_link, atomic_load(&out->next));
	bu_vm_txn_set32(m->obj, link, i + 1);
	note_taken(m, &l, i);
	if (old || out)
		note_freed(m, &l, old ? old : out);
	else
		note_count(m, 1);
	note_list(m, &l);
	if (hash_holds_maps(m))
		bu_vm_txn_set64(m->obj, word_off(m, W_PENDING),
				old ? (uint64_t)hash_index(m, old) + 1 : 0);
	return bu_vm_txn_commit(m->obj);
}

static int update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags,
		  uint32_t cpu)
{
	uint32_t hash;
	struct hash_elem *e;
	uint64_t link, lock;
	int err;

	if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
		return -EINVAL;
	if ((flags & BPF_F_LOCK) && (m->spin_lock_off < 0 || m->type != BPF_MAP_TYPE_HASH))
		return -EINVAL;
	hash = bu_vm_hash_of(m, key);
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	e = bu_vm_hash_find_locked(m, key, hash, &link);
	err = check_flags(e, flags);
	if (!err && e && (flags & BPF_F_LOCK)) {
		lock = bu_vm_off(m->obj, hash_val(m, e)) + (uint32_t)m->spin_lock_off;
		err = bu_vm_spin_lock(m->obj, lock);
		if (!err) {
			err = change_in_place(m, e, 0, value, m->value_size);
			bu_vm_spin_unlock(m->obj, lock);
		}
	} else if (!err && e && m->value_size <= 8 && m->spin_lock_off < 0 && !hash_holds_maps(m)) {
		store_word(m, e, value);
	} else if (!err) {
		err = insert(m, e, link, key, hash, value, false, cpu);
	}
	bu_vm_unlock(m->obj);
	return err;
}

static int percpu_change(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags,
			 bool whole, uint32_t cpu)
{
	uint32_t hash;
	struct hash_elem *e;
	uint64_t link;
	int err;

	if (flags > BPF_EXIST || (!whole && cpu >= m->ncpus))
		return -EINVAL;
	hash = bu_vm_hash_of(m, key);
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	e = bu_vm_hash_find_locked(m, key, hash, &link);
	err = check_flags(e, flags);
	if (err)
		goto out;
	if (!e)
		err = insert(m, NULL, link, key, hash, value, whole, cpu);
	else if (whole)
		err = change_in_place(m, e, 0, value, m->user_value);
	else
		err = change_in_place(m, e, (uint64_t)cpu * m->rounded, value, m->value_size);
out:
	bu_vm_unlock(m->obj);
	return err;
}

static int percpu_update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags,
			 uint32_t cpu)
{
	return percpu_change(m, key, value, flags, false, cpu);
}

static int percpu_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	return percpu_change(m, key, value, flags, true, 0);
}

static int erase(struct bu_vm_map *m, const void *key)
{
	uint32_t hash = bu_vm_hash_of(m, key);
	struct hash_elem *e;
	uint64_t link;
	int err = bu_vm_lock(m->obj);

	if (err)
		return err;
	e = bu_vm_hash_find_locked(m, key, hash, &link);
	err = e ? bu_vm_hash_unlink(m, e, link) : -ENOENT;
	bu_vm_unlock(m->obj);
	return err;
}

static int take(struct bu_vm_map *m, const void *key, void *value, uint64_t flags)
{
	uint32_t hash = bu_vm_hash_of(m, key);
	struct hash_elem *e;
	uint64_t link;
	int err = bu_vm_lock(m->obj);

	if (err)
		return err;
	e = bu_vm_hash_find_locked(m, key, hash, &link);
	err = e ? bu_vm_hash_copy(m, e, atomic_load(&e->gen), value, flags) : -ENOENT;
	if (!err)
		err = bu_vm_hash_unlink(m, e, link);
	bu_vm_unlock(m->obj);
	return err == -EAGAIN ? -EUCLEAN : err;
}

/* ---------------------------------------------------------------- maps of maps */

/* W_PENDING names a free element whose reference may still be there: it is given back. */
static int settle(struct bu_vm_map *m)
{
	uint64_t p = atomic_load(&m->live->word[W_PENDING]);
	int err = 0;

	if (!p)
		return 0;
	if (p <= m->u[U_NELEM])
		err = bu_vm_ref_set(m->obj, BU_VM_MAP_SLOT(p - 1), NULL);
	if (!err)
		atomic_store(&m->live->word[W_PENDING], 0);
	return err;
}

int bu_vm_hash_maps_lock(struct bu_vm_map *m)
{
	int err = bu_vm_world_lock(m->obj->vm);

	if (err)
		return err;
	err = bu_vm_lock(m->obj);
	if (!err) {
		err = settle(m);
		if (!err)
			return 0;
		bu_vm_unlock(m->obj);
	}
	bu_vm_world_unlock(m->obj->vm);
	return err;
}

void bu_vm_hash_maps_unlock(struct bu_vm_map *m)
{
	settle(m);
	bu_vm_unlock(m->obj);
	bu_vm_world_unlock(m->obj->vm);
}

static int maps_settle(struct bu_vm_map *m)
{
	int err = atomic_load(&m->live->word[W_PENDING]) ? bu_vm_hash_maps_lock(m) : -EALREADY;

	if (!err)
		bu_vm_hash_maps_unlock(m);
	return err == -EALREADY ? 0 : err;
}

static int maps_put(struct bu_vm_map *m, const void *key, const struct bu_vm_map *in,
		    uint64_t flags)
{
	uint32_t hash = bu_vm_hash_of(m, key), i;
	struct hash_elem *e;
	struct list l;
	uint64_t link;
	int err = bu_vm_hash_maps_lock(m);

	if (err)
		return err;
	e = bu_vm_hash_find_locked(m, key, hash, &link);
	err = check_flags(e, flags);
	if (!err && !e && atomic_load(&m->live->count) >= m->max_entries)
		err = -E2BIG;
	if (err)
		goto out;
	l = list_of(m);
	err = choose(m, &l, &i);
	if (err)
		goto out;
	atomic_store(&m->live->word[W_PENDING], (uint64_t)i + 1);
	err = bu_vm_ref_set(m->obj, BU_VM_MAP_SLOT(i), in->obj);
	if (!err)
		err = insert(m, e, link, key, hash, &in->obj->id, false, 0);
out:
	bu_vm_hash_maps_unlock(m);
	return err;
}

static int maps_write(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	struct bu_vm_map *in;
	int32_t fd;
	int err;

	memcpy(&fd, value, sizeof(fd));
	err = bu_vm_map_by_fd(m->obj->vm, fd, 0, &in);
	if (err)
		return err;
	if (!bu_vm_map_meta_equal(m, in) || flags > BPF_EXIST)
		err = -EINVAL;
	else
		err = maps_put(m, key, in, flags);
	bu_vm_map_put(in);
	return err;
}

static int maps_erase(struct bu_vm_map *m, const void *key)
{
	uint32_t hash = bu_vm_hash_of(m, key);
	struct hash_elem *e;
	uint64_t link;
	int err = bu_vm_hash_maps_lock(m);

	if (err)
		return err;
	e = bu_vm_hash_find_locked(m, key, hash, &link);
	err = e ? bu_vm_hash_unlink(m, e, link) : -ENOENT;
	bu_vm_hash_maps_unlock(m);
	return err;
}

/* ---------------------------------------------------------------- devices by any key */

static int devs_check(struct bu_vm *vm, const union bpf_attr *a)
{
	if (a->max_entries > 1u << 31)
		return -EINVAL;
	return bu_vm_devmap_ops.check(vm, a);
}

static uint32_t prog_of(struct bu_vm_map *m, const void *key)
{
	const uint8_t *v = lookup(m, key, 0);
	uint32_t id = 0;

	if (v && m->value_size == 8)
		memcpy(&id, v + 4, 4);
	return id;
}

static int devs_update(struct bu_vm_map *m, const void *key, const void *value, uint64_t flags)
{
	struct bu_vm *vm = m->obj->vm;
	struct bu_vm_obj *prog = NULL;
	uint32_t dev = bu_vm_dev_of(m, value), was;
	uint64_t word;
	int err;

	if (flags > BPF_EXIST || !dev)
		return -EINVAL;
	err = bu_vm_world_lock(vm);
	if (err)
		return err;
	was = prog_of(m, key);
	if (flags == BPF_NOEXIST && lookup(m, key, 0))
		err = -EEXIST;
	else if (!bu_vm_dev_is(m, value) || bu_vm_devprog_get(m, value, BPF_XDP_DEVMAP, &prog))
		err = -EINVAL;
	if (!err)
		err = bu_vm_devprog_take(m, prog);
	word = bu_vm_dev_word(dev, prog);
	if (!err) /* the kernel does not look at BPF_EXIST here */
		err = update(m, key, &word, flags == BPF_EXIST ? BPF_ANY : flags, 0);
	if (prog)
		bu_vm_devprog_drop(m, prog->id);
	bu_vm_devprog_drop(m, was);
	bu_vm_obj_put(prog);
	bu_vm_world_unlock(vm);
	return err;
}

static int devs_erase(struct bu_vm_map *m, const void *key)
{
	uint32_t was;
	int err = bu_vm_world_lock(m->obj->vm);

	if (err)
		return err;
	was = prog_of(m, key);
	err = erase(m, key);
	bu_vm_devprog_drop(m, was);
	bu_vm_world_unlock(m->obj->vm);
	return err;
}

static int devs_verify(struct bu_vm_map *m, struct bu_buf *why)
{
	int err = bu_vm_hash_verify(m, why);

	return err ? err : bu_vm_devprog_verify(m, why);
}

/* ---------------------------------------------------------------- rows */

const struct bu_vm_map_ops bu_vm_devmap_hash_ops = {
	.check = devs_check, .layout = layout, .init = init, .lookup = lookup, .read = read_value,
	.write = devs_update, .erase = devs_erase, .next_key = bu_vm_hash_next_key, .verify = devs_verify,
	.settle = bu_vm_devprog_settle, .more_flags = BPF_F_RDONLY_PROG,
};

const struct bu_vm_map_ops bu_vm_hash_ops = {
	.check = check, .layout = layout, .init = init, .lookup = lookup, .read = read_value,
	.update = update, .erase = erase, .next_key = bu_vm_hash_next_key, .take = take,
	.walk = bu_vm_hash_walk, .batch = bu_vm_hash_batch, .verify = bu_vm_hash_verify,
	.batches = true,
};

const struct bu_vm_map_ops bu_vm_percpu_hash_ops = {
	.check = check, .layout = layout, .init = init, .lookup = percpu_lookup,
	.read = read_value, .update = percpu_update, .write = percpu_write, .erase = erase,
	.next_key = bu_vm_hash_next_key, .take = take, .walk = bu_vm_hash_walk,
	.batch = bu_vm_hash_batch, .verify = bu_vm_hash_verify, .batches = true, .percpu = true,
};

const struct bu_vm_map_ops bu_vm_lru_hash_ops = {
	.check = check, .layout = layout, .init = init, .lookup = lru_lookup, .read = read_value,
	.update = update, .erase = erase, .next_key = bu_vm_hash_next_key, .take = take,
	.walk = bu_vm_hash_walk, .batch = bu_vm_hash_batch, .verify = bu_vm_hash_verify,
	.batches = true,
};

const struct bu_vm_map_ops bu_vm_lru_percpu_hash_ops = {
	.check = check, .layout = layout, .init = init, .lookup = lru_lookup,
	.read = read_value, .update = percpu_update, .write = percpu_write, .erase = erase,
	.next_key = bu_vm_hash_next_key, .take = take, .walk = bu_vm_hash_walk,
	.batch = bu_vm_hash_batch, .verify = bu_vm_hash_verify, .batches = true, .percpu = true,
};

const struct bu_vm_map_ops bu_vm_hash_of_maps_ops = {
	.check = check, .layout = layout, .init = init, .lookup = lookup, .read = read_value,
	.write = maps_write, .erase = maps_erase, .next_key = bu_vm_hash_next_key,
	.batch = bu_vm_hash_batch, .verify = bu_vm_hash_verify, .settle = maps_settle,
	.batches = true, .fds = true,
};
