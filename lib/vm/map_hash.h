/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The hash family's file: bucket heads, one staging element, elements.
 *
 * A head or next is an element's number + 1, or END | bucket; a head may also be 0, empty. The end
 * names its bucket, so that a reader that was led astray by a recycled element knows, and begins again.
 * Elements are taken never-used ones first, then from a FIFO list of free ones; there are some more of
 * them than max_entries, so that a freed one is the last to be taken again.
 */
#ifndef BU_VM_MAP_HASH_H
#define BU_VM_MAP_HASH_H

#include "vm/map.h"

#define HASH_END 0x80000000u
#define HASH_FREE_END 0xffffffffu

struct hash_elem {
	_Atomic uint32_t next;  /* stays when it is unlinked: readers may stand on it */
	_Atomic uint32_t fnext; /* free list: number + 1 of the next, or FREE_END; 0: not in it */
	_Atomic uint32_t hash;
	_Atomic uint32_t gen;   /* odd: key and value are being filled in, nothing leads here */
	_Atomic uint32_t seq;   /* odd: the value is being changed in place */
	_Atomic uint32_t ref;   /* LRU: looked up since the hand came by */
	/* key, to a multiple of 8; value, or rows */
};

/* m->u */
enum { U_MASK, U_NELEM, U_ELEMS, U_STRIDE, U_VAL, U_STAGE };
/* m->live->word */
enum { W_USED, W_FHEAD, W_FTAIL, W_ALLOC, W_SEED, W_HAND, W_PENDING };

static inline struct hash_elem *hash_at(const struct bu_vm_map *m, uint32_t i)
{
	return (struct hash_elem *)(m->mem + m->u[U_ELEMS] + i * m->u[U_STRIDE]);
}
static inline uint32_t hash_index(const struct bu_vm_map *m, const struct hash_elem *e)
{
	return (uint32_t)((uint64_t)((const uint8_t *)e - m->mem - m->u[U_ELEMS]) / m->u[U_STRIDE]);
}
static inline uint8_t *hash_key(const struct hash_elem *e)
{
	return (uint8_t *)(e + 1);
}
static inline uint8_t *hash_val(const struct bu_vm_map *m, const struct hash_elem *e)
{
	return (uint8_t *)e + m->u[U_VAL];
}
static inline _Atomic uint32_t *hash_head(const struct bu_vm_map *m, uint32_t b)
{
	return (_Atomic uint32_t *)m->mem + b;
}
static inline bool hash_holds_maps(const struct bu_vm_map *m)
{
	return m->type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

uint32_t bu_vm_hash_of(const struct bu_vm_map *m, const void *key);
/* Without the lock: the element and (if gen) its generation, or NULL. */
struct hash_elem *bu_vm_hash_find(const struct bu_vm_map *m, const void *key, uint32_t hash,
				  uint32_t *gen);
/* Under the lock: also where the link to it stands. */
struct hash_elem *bu_vm_hash_find_locked(struct bu_vm_map *m, const void *key, uint32_t hash,
					 uint64_t *link);
/* Copies a whole value (user_value bytes) out: 0, -EAGAIN: recycled meanwhile, -EBUSY. */
int bu_vm_hash_copy(struct bu_vm_map *m, struct hash_elem *e, uint32_t gen, void *value,
		    uint64_t flags);
/* Under the lock. */
int bu_vm_hash_unlink(struct bu_vm_map *m, struct hash_elem *e, uint64_t link);

int bu_vm_hash_next_key(struct bu_vm_map *m, const void *key, void *next);
int bu_vm_hash_walk(struct bu_vm_map *m, uint64_t *pos, uint32_t cpu, const void **key,
		    void **value);
int bu_vm_hash_batch(struct bu_vm_map *m, uint64_t *pos, void *keys, void *values, uint32_t *n,
		     bool remove, uint64_t flags);
int bu_vm_hash_verify(struct bu_vm_map *m, struct bu_buf *why);
/* Maps of maps: W/lock and the map's lock; *e is what the pending word names (given back). */
int bu_vm_hash_maps_lock(struct bu_vm_map *m);
void bu_vm_hash_maps_unlock(struct bu_vm_map *m);

#endif
