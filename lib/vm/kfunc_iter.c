/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Open-coded iterators: their state is on the program's stack, which could write it itself here; what stands there is
 * looked at anew each time.
 */
#include "vm/kfunc.h"

#include <string.h>

#define LOOPS_MAX (8u << 20)
#define WORDS_MAX 511u

struct num {
	int32_t cur, end; /* cur: one before the next */
};

/* The argument was checked to be 8 writable bytes, aligned. */
BU_VM_KFN(bpf_iter_num_new)
{
	struct num *n = (struct num *)(uintptr_t)a;
	int32_t start = (int32_t)b, end = (int32_t)c;

	*n = (struct num){ 0, 0 };
	if (start > end)
		return bu_vm_ret(-EINVAL);
	if ((int64_t)end - start > LOOPS_MAX)
		return bu_vm_ret(-E2BIG);
	*n = (struct num){ (int32_t)((uint32_t)start - 1), end };
	return 0;
}

BU_VM_KFN(bpf_iter_num_next)
{
	struct num *n = (struct num *)(uintptr_t)a;

	if ((int32_t)((uint32_t)n->cur + 1) >= n->end) {
		*n = (struct num){ 0, 0 };
		return 0;
	}
	n->cur++;
	return a;
}

BU_VM_KFN(bpf_iter_num_destroy)
{
	memset(bu_vm_ptr(a), 0, sizeof(struct num));
	return 0;
}

struct bits {
	uint64_t word; /* of at most 64 bits; else the address of the copy that the run has of them */
	int32_t n, cur;
};

BU_VM_KFN(bpf_iter_bits_new)
{
	struct bits *s = (struct bits *)(uintptr_t)a;
	uint32_t words = (uint32_t)c;
	uint64_t copy = a;
	int64_t err;

	*s = (struct bits){ 0, 0, -1 };
	if (!b || !words)
		return bu_vm_ret(-EINVAL);
	if (words > WORDS_MAX)
		return bu_vm_ret(-E2BIG);
	if (words > 1) {
		copy = bu_vm_heap_new(run, words * 8ull, BU_VM_HEAP_BITS);
		if (!copy)
			return bu_vm_ret(-ENOMEM);
	}
	err = bu_vm_probe(run, bu_vm_ptr(copy), words * 8ull, b, BU_VM_KERNEL);
	if (err) {
		s->word = 0;
		if (words > 1)
			bu_vm_heap_drop(run, bu_vm_heap_at(run, copy, BU_VM_HEAP_BITS));
		return bu_vm_ret(words > 1 ? err : -EFAULT);
	}
	if (words > 1)
		s->word = copy;
	s->n = (int32_t)(words * 64);
	return 0;
}

BU_VM_KFN(bpf_iter_bits_next)
{
	struct bits *s = (struct bits *)(uintptr_t)a;
	struct bu_vm_heap *h = NULL;
	uint64_t w;

	if (s->n <= 64 && s->n != 64)
		return 0;
	if (s->n > 64) {
		h = bu_vm_heap_at(run, s->word, BU_VM_HEAP_BITS);
		if (!h || (uint64_t)s->n / 8 > h->hi - h->lo) {
			bu_vm_fault_at(run, BU_VM_FAULT_HELPER, a, 0, false, "bpf_iter_bits_next: argument 1: is no iterator");
			return 0;
		}
	}
	for (int64_t i = s->cur < 0 ? 0 : (int64_t)s->cur + 1; i < s->n; i++) {
		memcpy(&w, h ? bu_vm_ptr(h->lo) + i / 64 * 8 : (const uint8_t *)&s->word, sizeof(w));
		if (!(w >> (i % 64))) {
			i |= 63;
		} else if (w >> (i % 64) & 1) {
			s->cur = (int32_t)i;
			return a + offsetof(struct bits, cur);
		}
	}
	s->cur = s->n;
	return 0;
}

BU_VM_KFN(bpf_iter_bits_destroy)
{
	struct bits *s = (struct bits *)(uintptr_t)a;
	struct bu_vm_heap *h = s->n > 64 ? bu_vm_heap_at(run, s->word, BU_VM_HEAP_BITS) : NULL;

	if (h)
		bu_vm_heap_drop(run, h);
	return 0;
}
