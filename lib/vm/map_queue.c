/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Queues and stacks: max_entries + 1 slots in a ring. Where the next value goes (head) and where the
 * oldest is (tail) are the halves of one word. A value is written to the free slot before it counts.
 */
#include "vm/seq.h"

#include <string.h>

#define VALUE_MAX (4u << 20)

enum { W_POS };
enum { U_SLOTS };

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t flags = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG |
			 BPF_F_WRONLY_PROG;

	(void)vm;
	if (!a->max_entries || a->key_size || !a->value_size || (a->map_flags & ~flags) ||
	    ((a->map_flags & BPF_F_RDONLY_PROG) && (a->map_flags & BPF_F_WRONLY_PROG)))
		return -EINVAL;
	return a->value_size > VALUE_MAX ? -E2BIG : 0;
}

static int layout(struct bu_vm_map *m)
{
	uint64_t slots = (uint64_t)m->max_entries + 1, bytes = slots * m->rounded;

	/* One slot more than the indices of 32 bits can name. */
	if (slots > UINT32_MAX || bytes > 1ull << 44)
		return -ENOMEM;
	m->u[U_SLOTS] = slots;
	m->data_size = (bytes + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	m->alloc_size = m->data_size;
	return 0;
}

/* Head and tail; -EUCLEAN. */
static int position(struct bu_vm_map *m, uint32_t *head, uint32_t *tail)
{
	uint64_t w = atomic_load_explicit(&m->live->word[W_POS], memory_order_acquire);

	*head = (uint32_t)w;
	*tail = (uint32_t)(w >> 32);
	return *head < m->u[U_SLOTS] && *tail < m->u[U_SLOTS] ? 0 : -EUCLEAN;
}

static uint32_t after(const struct bu_vm_map *m, uint32_t i)
{
	return i + 1 < m->u[U_SLOTS] ? i + 1 : 0;
}

static uint32_t before(const struct bu_vm_map *m, uint32_t i)
{
	return i ? i - 1 : (uint32_t)m->u[U_SLOTS] - 1;
}

static int commit(struct bu_vm_map *m, uint32_t head, uint32_t tail)
{
	struct bu_vm_obj *o = m->obj;
	uint64_t n = head >= tail ? head - tail : head + m->u[U_SLOTS] - tail;

	bu_vm_txn_begin(o);
	bu_vm_txn_set64(o, bu_vm_off(o, &m->live->word[W_POS]), (uint64_t)tail << 32 | head);
	bu_vm_txn_set64(o, bu_vm_off(o, &m->live->count), n);
	bu_vm_txn_set64(o, bu_vm_off(o, &m->live->seq), bu_vm_live_seq(m) + 2);
	return bu_vm_txn_commit(o);
}

static int push(struct bu_vm_map *m, const void *value, uint64_t flags)
{
	uint32_t head, tail;
	int err;

	if ((flags & BPF_NOEXIST) || flags > BPF_EXIST)
		return -EINVAL;
	err = bu_vm_lock(m->obj);
	if (err)
		return err;
	err = position(m, &head, &tail);
	if (err)
		goto out;
	if (after(m, head) == tail) {
		if (!(flags & BPF_EXIST)) {
			err = -E2BIG;
			goto out;
		}
		tail = after(m, tail);
	}
	memcpy(m->mem + (uint64_t)head * m->rounded, value, m->value_size);
	err = commit(m, after(m, head), tail);
out:
	bu_vm_unlock(m->obj);
	return err;
}

/* The value that pop would take: its slot, or -ENOENT. */
static int next_slot(struct bu_vm_map *m, uint32_t head, uint32_t tail, uint32_t *slot)
{
	if (head == tail)
		return -ENOENT;
	*slot = m->type == BPF_MAP_TYPE_STACK ? before(m, head) : tail;
	return 0;
}

static int pop(struct bu_vm_map *m, void *value)
{
	uint32_t head, tail, slot;
	int err = bu_vm_lock(m->obj);

	if (err)
		return err;
	err = position(m, &head, &tail);
	if (!err)
		err = next_slot(m, head, tail, &slot);
	if (err) {
		memset(value, 0, m->value_size);
		goto out;
	}
	memcpy(value, m->mem + (uint64_t)slot * m->rounded, m->value_size);
	if (m->type == BPF_MAP_TYPE_STACK)
		err = commit(m, slot, tail);
	else
		err = commit(m, head, after(m, tail));
out:
	bu_vm_unlock(m->obj);
	return err;
}

static int peek_once(struct bu_vm_map *m, void *value)
{
	uint32_t head, tail, slot;
	int err = position(m, &head, &tail);

	if (!err)
		err = next_slot(m, head, tail, &slot);
	if (err)
		memset(value, 0, m->value_size);
	else
		memcpy(value, m->mem + (uint64_t)slot * m->rounded, m->value_size);
	return err;
}

static int peek(struct bu_vm_map *m, void *value)
{
	int err, busy;

	for (unsigned n = 0; n < BU_VM_SEQ_TRIES; n++) {
		uint64_t seq = bu_vm_live_seq(m);

		err = peek_once(m, value);
		if (bu_vm_live_same(m, seq))
			return err;
		bu_vm_seq_pause(n);
	}
	busy = bu_vm_lock(m->obj);
	if (busy && busy != -EROFS)
		return busy;
	err = peek_once(m, value);
	if (!busy) {
		bu_vm_live_mend(m);
		bu_vm_unlock(m->obj);
	}
	return err;
}

static int erase(struct bu_vm_map *m, const void *key)
{
	(void)m, (void)key;
	return -EINVAL;
}

static int next_key(struct bu_vm_map *m, const void *key, void *next)
{
	(void)m, (void)key, (void)next;
	return -EINVAL;
}

static int invariants(struct bu_vm_map *m, struct bu_buf *why)
{
	uint32_t head, tail;
	int err = position(m, &head, &tail);

	if (err)
		bu_buf_printf(why, "positions %u and %u of %llu slots", head, tail,
			      (unsigned long long)m->u[U_SLOTS]);
	return err;
}

static int verify(struct bu_vm_map *m, struct bu_buf *why)
{
	return bu_vm_verify_locked(m, why, invariants);
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_queue_ops = {
	.check = check, .layout = layout, .push = push, .pop = pop, .peek = peek, .erase = erase,
	.next_key = next_key, .verify = verify, .mem_usage = mem_usage,
};

const struct bu_vm_map_ops bu_vm_stack_ops = {
	.check = check, .layout = layout, .push = push, .pop = pop, .peek = peek, .erase = erase,
	.next_key = next_key, .verify = verify, .mem_usage = mem_usage,
};
