/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lock words and redo records; see lock.h. */
#include "vm/lock.h"

#include <sched.h>
#include <string.h>

int bu_vm_lock(struct bu_vm_obj *o)
{
	uint32_t free_word = 0, mine;
	int err = bu_vm_member(o->vm);

	if (err)
		return err;
	mine = (uint32_t)o->vm->member + 1;
	while (!atomic_compare_exchange_weak(&o->hdr->live.lock, &free_word, mine)) {
		free_word = 0;
		sched_yield();
	}
	return 0;
}

void bu_vm_unlock(struct bu_vm_obj *o)
{
	atomic_store(&o->hdr->live.lock, 0);
}

void bu_vm_txn_begin(struct bu_vm_obj *o)
{
	(void)o;
}

void bu_vm_txn_set64(struct bu_vm_obj *o, uint64_t off, uint64_t val)
{
	memcpy(o->mem + off, &val, 8);
}

void bu_vm_txn_set32(struct bu_vm_obj *o, uint64_t off, uint32_t val)
{
	memcpy(o->mem + off, &val, 4);
}

void bu_vm_txn_copy(struct bu_vm_obj *o, uint64_t dst, uint64_t src, uint32_t len)
{
	memmove(o->mem + dst, o->mem + src, len);
}

int bu_vm_txn_commit(struct bu_vm_obj *o)
{
	(void)o;
	return 0;
}

int bu_vm_spin_lock(struct bu_vm_obj *o, uint64_t off)
{
	(void)o, (void)off;
	return 0;
}

void bu_vm_spin_unlock(struct bu_vm_obj *o, uint64_t off)
{
	(void)o, (void)off;
}

void bu_vm_recover(struct bu_vm *vm, uint32_t member, struct bu_vm_rec *rec)
{
	(void)vm, (void)member, (void)rec;
}
