/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sequences: a reader without a lock knows whether what it has copied was whole. */
#ifndef BU_VM_SEQ_H
#define BU_VM_SEQ_H

#include <sched.h>

#include "vm/map.h"

#define BU_VM_SEQ_TRIES 4000u /* then the reader takes the lock, which looks after dead writers */

/* One at off of the map's file: odd while a change is being applied. */
static inline _Atomic uint32_t *bu_vm_seq_at(const struct bu_vm_map *m, uint64_t off)
{
	return (_Atomic uint32_t *)(m->mem + off);
}
static inline uint32_t bu_vm_seq_get(_Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}
/* Was nothing changed since it was v? */
static inline bool bu_vm_seq_same(_Atomic uint32_t *p, uint32_t v)
{
	atomic_thread_fence(memory_order_acquire);
	return !(v & 1) && atomic_load_explicit(p, memory_order_relaxed) == v;
}
/* After the i-th failure: lets the writer work. */
static inline void bu_vm_seq_pause(unsigned i)
{
	if (i > 64)
		sched_yield();
}

/* The same for the map's structure as a whole: live->seq. */
static inline uint64_t bu_vm_live_seq(const struct bu_vm_map *m)
{
	return atomic_load_explicit(&m->live->seq, memory_order_acquire);
}
static inline bool bu_vm_live_same(const struct bu_vm_map *m, uint64_t v)
{
	atomic_thread_fence(memory_order_acquire);
	return !(v & 1) && atomic_load_explicit(&m->live->seq, memory_order_relaxed) == v;
}

/* Under the lock nobody writes: a sequence that says so all the same is damaged. */
static inline void bu_vm_live_mend(struct bu_vm_map *m)
{
	if (bu_vm_live_seq(m) & 1)
		atomic_fetch_add(&m->live->seq, 1);
}

/* Under the map's lock, which ends what dead writers began; an inspector does without. */
static inline int bu_vm_verify_locked(struct bu_vm_map *m, struct bu_buf *why,
				      int (*verify)(struct bu_vm_map *m, struct bu_buf *why))
{
	int err, busy = bu_vm_lock(m->obj);

	err = verify(m, why);
	if (!busy)
		bu_vm_unlock(m->obj);
	return err;
}

#endif
