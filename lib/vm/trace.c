/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The world's ring of trace_printk: cells of one line each, written without a lock.
 *
 * A cell's word is (position + 1) << 16 | owner, owner being the writer's member slot + 1, or 0 when the
 * line is whole. A writer claims the cell at the head by exchanging its word, moves the head on (as
 * does whoever meets a claimed cell there), writes, and clears the owner. So each position in front of
 * the head was claimed by a member, and a reader can tell a writer that is slow from one that died.
 */
#include "vm/helper.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TRIES 1000u
#define TEXT (BU_VM_TRACE_CELL - 12u)

struct cell {
	_Atomic uint64_t word;
	_Atomic uint32_t len;
	char text[TEXT];
};
_Static_assert(sizeof(struct cell) == BU_VM_TRACE_CELL, "a cell is as large as the layout says");

static struct cell *cell_at(const struct bu_vm *vm, uint64_t pos)
{
	return (struct cell *)(vm->trace + pos % BU_VM_TRACE_CELLS * BU_VM_TRACE_CELL);
}

/* Is its writer gone, or can it not have been one? */
static bool dead(struct bu_vm *vm, uint64_t owner)
{
	int fd = -1;

	if (owner > BU_VM_MEMBERS)
		return true;
	if (vm->member >= 0 && owner == (uint64_t)vm->member + 1)
		return false;
	if (!bu_vm_member_dead(vm, (uint32_t)owner - 1, &fd))
		return false;
	if (fd >= 0)
		close(fd);
	return true;
}

static void put_line(struct bu_vm *vm, const char *s, size_t n)
{
	uint64_t head, word, mine;
	struct cell *c;

	if (vm->read_only || !vm->trace || bu_vm_member(vm))
		return;
	if (n > TEXT)
		n = TEXT;
	for (unsigned i = 0; i < TRIES; i++) {
		head = atomic_load(&vm->root->trace_head);
		c = cell_at(vm, head);
		word = atomic_load(&c->word);
		mine = (head + 1) << 16 | ((uint64_t)vm->member + 1);
		if (word >> 16 == head + 1) { /* claimed already: the head lags */
			atomic_compare_exchange_strong(&vm->root->trace_head, &head, head + 1);
			continue;
		}
		/* Still being written, one round later: this cell is passed over. */
		if (word & 0xffff && !dead(vm, word & 0xffff)) {
			atomic_compare_exchange_strong(&vm->root->trace_head, &head, head + 1);
			continue;
		}
		if (!atomic_compare_exchange_strong(&c->word, &word, mine))
			continue;
		atomic_compare_exchange_strong(&vm->root->trace_head, &head, head + 1);
		memcpy(c->text, s, n);
		atomic_store(&c->len, (uint32_t)n);
		atomic_compare_exchange_strong(&c->word, &mine, mine & ~0xffffull);
		return;
	}
}

void bu_vm_trace(struct bu_vm_run *run, const char *text, size_t n)
{
	uint64_t us = bu_vm_ktime(run) / 1000;
	char line[BU_VM_TRACE_CELL + 1], comm[16];
	uint32_t pid, tgid;
	int k;

	if (run->env && run->env->printk) {
		run->env->printk(run->env->printk_ctx, text, n);
		return;
	}
	if (n && text[n - 1] == '\n')
		n--;
	bu_vm_task(run, &pid, &tgid, comm);
	for (char *p = comm; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = '?';
	k = snprintf(line, sizeof(line), "%16s-%-7u [%03u] ..... %5llu.%06llu: bpf_trace_printk: ", comm,
		     pid, run->cpu, (unsigned long long)(us / 1000000),
		     (unsigned long long)(us % 1000000));
	if (n > sizeof(line) - (size_t)k)
		n = sizeof(line) - (size_t)k;
	memcpy(line + k, text, n);
	put_line(run->vm, line, (size_t)k + n);
}

int bu_vm_trace_read(struct bu_sys *s, uint64_t *pos, char *text, size_t size, uint64_t *lost)
{
	struct bu_vm *vm = bu_vm(s);
	uint64_t head, word, gone = 0;
	struct cell *c;
	uint32_t n = 0;

	if (!vm->trace || !size)
		return 0;
	head = atomic_load(&vm->root->trace_head);
	if (head > UINT64_MAX >> 17)
		return -EUCLEAN;
	/* At a position of 0 nothing is lost: that asks for the oldest. */
	if (*pos < head && head - *pos > BU_VM_TRACE_CELLS) {
		gone = *pos ? head - BU_VM_TRACE_CELLS - *pos : 0;
		*pos = head - BU_VM_TRACE_CELLS;
	}
	for (; *pos < head; ++*pos) {
		c = cell_at(vm, *pos);
		word = atomic_load(&c->word);
		if (word >> 16 == *pos + 1 && word & 0xffff) {
			if (!dead(vm, word & 0xffff))
				break;
		} else if (word >> 16 == *pos + 1) {
			n = atomic_load(&c->len);
			n = n > TEXT ? TEXT : n;
			if (n > size - 1)
				n = (uint32_t)size - 1;
			memcpy(text, c->text, n);
			atomic_thread_fence(memory_order_acquire);
			if (atomic_load(&c->word) == word) {
				++*pos;
				break;
			}
			n = 0;
		}
		gone++;
	}
	if (lost)
		*lost += gone;
	text[n] = 0;
	return (int)n;
}
