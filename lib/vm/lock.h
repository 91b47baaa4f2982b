/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks that survive their holder, and changes that are whole or not at all.
 *
 * A lock word holds 0 or member slot + 1. Before a member takes a lock it writes down in its slot
 * which one (intent). All changes of a map's structure under the lock are first written into
 * the slot's redo record as absolute values, then committed by one store of their number, then
 * applied, then cleared. Who meets a lock of a dead member (its slot file's flock is free) applies
 * the committed record once more and takes the lock over; an uncommitted one never happened. A slot is
 * given to a new process only after its intents have been looked after in the same way.
 *
 * What is written outside of the record must be unreachable until the commit: a free element, a
 * staging area.
 */
#ifndef BU_VM_LOCK_H
#define BU_VM_LOCK_H

#include "vm/world.h"

#define BU_VM_REC_OPS 48u

struct bu_vm_rec_op {
	uint64_t dst;  /* offset in the object's file; of 4 bytes: multiple of 4, of 8: of 8 */
	uint64_t src;  /* the value; a copy: offset of its source in the same file */
	uint32_t len;  /* a copy: bytes */
	uint32_t what; /* 4, 8: store of so many bytes; 1: copy */
};

/* In the slot's file, one page. */
struct bu_vm_rec {
	uint64_t magic;
	uint32_t layout;
	int32_t pid;
	uint64_t since;               /* ns of CLOCK_BOOTTIME */
	char comm[16];
	/* The lock that this member has or is about to take: of a map … */
	_Atomic uint32_t map_id;      /* 0: none */
	_Atomic uint32_t n;           /* committed operations on that map; 0: none */
	/* … and a bpf_spin_lock in a value, at this offset of that map's file. */
	_Atomic uint32_t spin_map_id; /* 0: none */
	uint32_t pad;
	_Atomic uint64_t spin_off;
	struct bu_vm_rec_op op[BU_VM_REC_OPS];
};
_Static_assert(sizeof(struct bu_vm_rec) <= BU_VM_PAGE, "a record is one page");

/*
 * The map's lock (o->hdr->live.lock). Recovers it from a dead holder. -EBUSY: a live (stopped?)
 * process has not given it back for seconds, or this process holds it already.
 */
int bu_vm_lock(struct bu_vm_obj *o);
void bu_vm_unlock(struct bu_vm_obj *o);

/*
 * Between lock and unlock: notes changes (in order; at most BU_VM_REC_OPS, checked: the excess is
 * -E2BIG at commit and nothing happens), then makes them all. Offsets are those of o's file.
 */
void bu_vm_txn_begin(struct bu_vm_obj *o);
void bu_vm_txn_set64(struct bu_vm_obj *o, uint64_t off, uint64_t val);
void bu_vm_txn_set32(struct bu_vm_obj *o, uint64_t off, uint32_t val);
void bu_vm_txn_copy(struct bu_vm_obj *o, uint64_t dst, uint64_t src, uint32_t len);
int bu_vm_txn_commit(struct bu_vm_obj *o);

/* Offset in the file of a word of o->hdr->live. */
static inline uint64_t bu_vm_off(const struct bu_vm_obj *o, const volatile void *p)
{
	return (uint64_t)((const uint8_t *)p - o->mem);
}

/* A bpf_spin_lock at off of o's file: the same words, the same takeover. */
int bu_vm_spin_lock(struct bu_vm_obj *o, uint64_t off);
void bu_vm_spin_unlock(struct bu_vm_obj *o, uint64_t off);

/*
 * After member slot `rec` was found dead (fd locked by us): redo or forget, free its locks. Called by
 * who takes the slot over, and by gc. 0; -EMFILE, -ENOMEM …: a map could not be opened, the record is kept
 * and the slot must not be given away.
 */
int bu_vm_recover(struct bu_vm *vm, uint32_t member, struct bu_vm_rec *rec);

#endif
