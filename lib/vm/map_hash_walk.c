/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Maps: the hash family: what goes over all elements. */
#include "vm/map_hash.h"

#include <stdlib.h>
#include <string.h>

#define TRIES 1000

/* A reader's place in a chain. */
struct place {
	struct hash_elem *e;
	uint32_t gen;
};

/* Where link i of bucket b leads: 1, and *p; 0: the end; -1: astray. */
static int follow(const struct bu_vm_map *m, uint32_t b, uint32_t i, struct place *p)
{
	if (!i || i == (HASH_END | b))
		return 0;
	if ((i & HASH_END) || i > m->u[U_NELEM])
		return -1;
	p->e = hash_at(m, i - 1);
	p->gen = atomic_load_explicit(&p->e->gen, memory_order_acquire);
	if ((p->gen & 1) ||
	    (atomic_load_explicit(&p->e->hash, memory_order_relaxed) & (uint32_t)m->u[U_MASK]) != b)
		return -1;
	return 1;
}

static bool still(const struct place *p)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&p->e->gen, memory_order_relaxed) == p->gen;
}

static int first(const struct bu_vm_map *m, uint32_t b, struct place *p)
{
	return follow(m, b, atomic_load_explicit(hash_head(m, b), memory_order_acquire), p);
}

/* The one behind p; -1 also when p is not what it was. */
static int behind(const struct bu_vm_map *m, uint32_t b, struct place *p)
{
	uint32_t i = atomic_load_explicit(&p->e->next, memory_order_acquire);
	struct place n;
	int r;

	if (!i || !still(p))
		return -1;
	r = follow(m, b, i, &n);
	if (r > 0)
		*p = n;
	return r;
}

/* The first element of a bucket >= b; its key is copied to next. */
static int first_key(const struct bu_vm_map *m, uint64_t b, void *next)
{
	struct place p;
	int r;

	for (; b <= m->u[U_MASK]; b++) {
		for (unsigned tries = 0; tries < TRIES; tries++) {
			r = first(m, (uint32_t)b, &p);
			if (!r)
				break;
			if (r < 0)
				continue;
			memcpy(next, hash_key(p.e), m->key_size);
			if (still(&p))
				return 0;
		}
	}
	return -ENOENT;
}

int bu_vm_hash_next_key(struct bu_vm_map *m, const void *key, void *next)
{
	uint32_t hash, b;
	struct place p;
	int r;

	if (!key)
		return first_key(m, 0, next);
	hash = bu_vm_hash_of(m, key);
	b = hash & (uint32_t)m->u[U_MASK];
	for (unsigned tries = 0; tries < TRIES; tries++) {
		p.e = bu_vm_hash_find(m, key, hash, &p.gen);
		if (!p.e)
			return first_key(m, 0, next);
		r = behind(m, b, &p);
		if (!r)
			return first_key(m, (uint64_t)b + 1, next);
		if (r < 0)
			continue;
		memcpy(next, hash_key(p.e), m->key_size);
		if (still(&p))
			return 0;
	}
	return first_key(m, (uint64_t)b + 1, next);
}

/*
 * *pos: bucket << 36 | low bits of the generation << 29 | number + 1 of the element given last (0:
 * none yet). When that one was recycled meanwhile, the rest of its chain is left out.
 */
int bu_vm_hash_walk(struct bu_vm_map *m, uint64_t *pos, uint32_t cpu, const void **key, void **value)
{
	uint64_t b = *pos >> 36, last = *pos & ((1u << 29) - 1);
	uint32_t gen = *pos >> 29 & 127;
	struct place p;
	int r = 0;

	if (last && last <= m->u[U_NELEM] && b <= m->u[U_MASK]) {
		p.e = hash_at(m, (uint32_t)last - 1);
		p.gen = atomic_load_explicit(&p.e->gen, memory_order_acquire);
		if ((p.gen & 127) == gen)
			r = behind(m, (uint32_t)b, &p);
		b += r <= 0;
	}
	for (; r <= 0 && b <= m->u[U_MASK]; b += r <= 0) {
		r = -1;
		for (unsigned tries = 0; r < 0 && tries < TRIES; tries++)
			r = first(m, (uint32_t)b, &p);
	}
	if (r <= 0) {
		*pos = b << 36;
		return -ENOENT;
	}
	*pos = b << 36 | (uint64_t)(p.gen & 127) << 29 | (hash_index(m, p.e) + 1);
	*key = hash_key(p.e);
	*value = hash_val(m, p.e) + (m->ops->percpu && cpu < m->ncpus ?
				     (uint64_t)cpu * m->rounded : 0);
	return 0;
}

/* ---------------------------------------------------------------- batches */

/* Copies one bucket: the number of its elements (some more than room: it does not fit), -EAGAIN … */
static int64_t copy_bucket(struct bu_vm_map *m, uint32_t b, uint8_t *keys, uint8_t *values,
			   uint64_t room, uint64_t flags)
{
	struct place p;
	uint64_t n = 0;
	int err, r = first(m, b, &p);

	for (; r > 0; r = behind(m, b, &p)) {
		if (n > m->u[U_NELEM])
			return -EUCLEAN;
		if (n < room) {
			memcpy(keys + n * m->key_size, hash_key(p.e), m->key_size);
			err = bu_vm_hash_copy(m, p.e, p.gen, values + n * m->user_value, flags);
			if (err)
				return err;
		}
		n++;
	}
	return r < 0 ? -EAGAIN : (int64_t)n;
}

/* Removes the elements with these keys. Under the lock. */
static int remove_keys(struct bu_vm_map *m, const uint8_t *keys, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		const uint8_t *key = keys + i * m->key_size;
		struct hash_elem *e;
		uint64_t link;
		int err = 0;

		e = bu_vm_hash_find_locked(m, key, bu_vm_hash_of(m, key), &link);
		if (e)
			err = bu_vm_hash_unlink(m, e, link);
		if (!err && hash_holds_maps(m)) { /* one pending reference at a time */
			bu_vm_hash_maps_unlock(m);
			err = bu_vm_hash_maps_lock(m);
		}
		if (err)
			return err;
	}
	return 0;
}

int bu_vm_hash_batch(struct bu_vm_map *m, uint64_t *pos, void *keys, void *values, uint32_t *n,
		     bool remove, uint64_t flags)
{
	uint64_t room = *n, done = 0, b = *pos;
	bool maps = hash_holds_maps(m);
	int err = 0;

	*n = 0;
	for (; b <= m->u[U_MASK]; b++) {
		uint8_t *k = (uint8_t *)keys + done * m->key_size;
		uint8_t *v = (uint8_t *)values + done * m->user_value;
		int64_t got = -EAGAIN;

		if (!atomic_load_explicit(hash_head(m, (uint32_t)b), memory_order_relaxed))
			continue;
		if (remove)
			err = maps ? bu_vm_hash_maps_lock(m) : bu_vm_lock(m->obj);
		if (err)
			break;
		for (unsigned tries = 0; got == -EAGAIN && tries < TRIES; tries++)
			got = copy_bucket(m, (uint32_t)b, k, v, room - done, flags);
		if (got < 0)
			err = got == -EAGAIN ? -EBUSY : (int)got;
		else if ((uint64_t)got > room - done)
			err = -ENOSPC;
		else if (remove)
			err = remove_keys(m, k, (uint64_t)got);
		if (remove && maps && m->obj->vm->locked == m->obj)
			bu_vm_hash_maps_unlock(m);
		else if (remove)
			bu_vm_unlock(m->obj);
		if (err)
			break;
		done += (uint64_t)got;
	}
	*pos = b;
	*n = (uint32_t)done;
	if (!err && b > m->u[U_MASK])
		err = -ENOENT;
	return err;
}

/* ---------------------------------------------------------------- verify */

struct seen {
	struct bu_vm_map *m;
	uint8_t *bits;
	struct bu_buf *why;
};

static bool mark(struct seen *s, uint64_t i)
{
	if (s->bits[i >> 3] & 1 << (i & 7))
		return false;
	s->bits[i >> 3] |= (uint8_t)(1 << (i & 7));
	return true;
}

#define bad(...)                                                                                   \
	({                                                                                         \
		bu_buf_printf(s->why, __VA_ARGS__);                                                \
		-EUCLEAN;                                                                          \
	})

static int verify_bucket(struct seen *s, uint32_t b, uint64_t used, uint64_t *linked)
{
	struct bu_vm_map *m = s->m;
	uint32_t i = atomic_load(hash_head(m, b));

	for (uint32_t prev = 0; i && i != (HASH_END | b);) {
		struct hash_elem *e;

		if ((i & HASH_END) || i > used)
			return bad("bucket %u leads to %#x", b, i);
		e = hash_at(m, i - 1);
		if (!mark(s, i - 1))
			return bad("element %u is in two places", i - 1);
		if (atomic_load(&e->fnext))
			return bad("element %u is in bucket %u and free", i - 1, b);
		if ((atomic_load(&e->hash) & m->u[U_MASK]) != b ||
		    atomic_load(&e->hash) != bu_vm_hash_of(m, hash_key(e)))
			return bad("element %u is in the wrong bucket %u", i - 1, b);
		if (atomic_load(&e->gen) & 1 || atomic_load(&e->seq) & 1)
			return bad("element %u is said to be being written", i - 1);
		for (uint32_t j = atomic_load(hash_head(m, b)); j != i;
		     j = atomic_load(&hash_at(m, j - 1)->next))
			if (!memcmp(hash_key(hash_at(m, j - 1)), hash_key(e), m->key_size))
				return bad("elements %u and %u have one key", j - 1, i - 1);
		++*linked;
		prev = i;
		i = atomic_load(&e->next);
		if (!i)
			return bad("the chain of bucket %u has no end behind element %u", b, prev - 1);
	}
	return 0;
}

static int verify_all(struct seen *s)
{
	struct bu_vm_map *m = s->m;
	uint64_t used = atomic_load(&m->live->word[W_USED]), linked = 0, nfree = 0, last = 0;
	uint64_t count = atomic_load(&m->live->count), i;
	int err;

	if (used > m->u[U_NELEM] || used > atomic_load(&m->live->word[W_ALLOC]) ||
	    atomic_load(&m->live->word[W_ALLOC]) > m->u[U_NELEM])
		return bad("%llu elements used of %llu", (unsigned long long)used,
			   (unsigned long long)m->u[U_NELEM]);
	for (uint64_t b = 0; b <= m->u[U_MASK]; b++) {
		err = verify_bucket(s, (uint32_t)b, used, &linked);
		if (err)
			return err;
	}
	for (i = atomic_load(&m->live->word[W_FHEAD]); i; nfree++) {
		if (i > used || !mark(s, i - 1))
			return bad("the free list leads to %llu", (unsigned long long)i);
		last = i;
		i = atomic_load(&hash_at(m, (uint32_t)i - 1)->fnext);
		if (!i)
			return bad("the free list has no end");
		if (i == HASH_FREE_END)
			i = 0;
	}
	if (last != atomic_load(&m->live->word[W_FTAIL]))
		return bad("the free list ends at %llu, not at its tail", (unsigned long long)last);
	if (linked + nfree != used)
		return bad("%llu elements are lost", (unsigned long long)(used - linked - nfree));
	if (linked != count || count > m->max_entries)
		return bad("%llu elements, counted %llu of %u", (unsigned long long)linked,
			   (unsigned long long)count, m->max_entries);
	i = atomic_load(&m->live->word[W_PENDING]);
	if (i && (i > used || !atomic_load(&hash_at(m, (uint32_t)i - 1)->fnext)) && i != used + 1)
		return bad("the pending reference is element %llu's", (unsigned long long)i);
	return 0;
}

int bu_vm_hash_verify(struct bu_vm_map *m, struct bu_buf *why)
{
	struct seen s = { .m = m, .why = why };
	int err = bu_vm_lock(m->obj), locked = !err;

	if (err && err != -EROFS)
		return err;
	s.bits = calloc(m->u[U_NELEM] / 8 + 1, 1);
	err = s.bits ? verify_all(&s) : -ENOMEM;
	free(s.bits);
	if (locked)
		bu_vm_unlock(m->obj);
	return err;
}
