/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text functions: of memory that may not be there. They answer a place, a length, or -errno. */
#include "vm/kfunc.h"

#include <string.h>

#define MAX 65536u /* characters that the kernel looks at */

struct text {
	struct bu_vm_run *run;
	int64_t err; /* of a character that is not there */
};

/* Character i of s; t->err when there is none. */
static unsigned char at(struct text *t, uint64_t s, uint64_t i)
{
	unsigned char c = 0;

	if (!t->err)
		t->err = bu_vm_probe(t->run, &c, 1, s + i, BU_VM_KERNEL);
	return c;
}

static unsigned char lower(unsigned char c)
{
	/* ASCII and Latin-1, as the kernel's tolower */
	return (c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) ? c + 32 : c;
}

static uint64_t compare(struct bu_vm_run *run, uint64_t a, uint64_t b, bool fold)
{
	struct text t = { .run = run };

	for (uint64_t i = 0; i < MAX; i++) {
		unsigned char x = at(&t, a, i), y = at(&t, b, i);

		if (t.err)
			return bu_vm_ret(t.err);
		if (fold)
			x = lower(x), y = lower(y);
		if (x != y)
			return bu_vm_ret(x < y ? -1 : 1);
		if (!x)
			return 0;
	}
	return bu_vm_ret(-E2BIG);
}

BU_VM_KFN(bpf_strcmp)
{
	return compare(run, a, b, false);
}

BU_VM_KFN(bpf_strcasecmp)
{
	return compare(run, a, b, true);
}

/* The first c of at most n characters; its NUL counts as one of them. nul: where there is none, that of the NUL. */
static uint64_t find(struct bu_vm_run *run, uint64_t s, uint64_t n, unsigned char c, bool nul)
{
	struct text t = { .run = run };

	for (uint64_t i = 0; i < n && i < MAX; i++) {
		unsigned char x = at(&t, s, i);

		if (t.err)
			return bu_vm_ret(t.err);
		if (x == c || (nul && !x))
			return i;
		if (!x)
			return bu_vm_ret(-ENOENT);
	}
	return bu_vm_ret(n < MAX ? -ENOENT : -E2BIG);
}

BU_VM_KFN(bpf_strchr)
{
	return find(run, a, MAX, (unsigned char)b, false);
}

BU_VM_KFN(bpf_strchrnul)
{
	return find(run, a, MAX, (unsigned char)b, true);
}

BU_VM_KFN(bpf_strnchr)
{
	return find(run, a, b, (unsigned char)c, false);
}

BU_VM_KFN(bpf_strrchr)
{
	struct text t = { .run = run };
	int64_t last = -ENOENT;

	for (uint64_t i = 0; i < MAX; i++) {
		unsigned char x = at(&t, a, i);

		if (t.err)
			return bu_vm_ret(t.err);
		if (x == (unsigned char)b)
			last = (int64_t)i;
		if (!x)
			return bu_vm_ret(last);
	}
	return bu_vm_ret(-E2BIG);
}

static uint64_t length(struct bu_vm_run *run, uint64_t s, uint64_t n)
{
	struct text t = { .run = run };

	for (uint64_t i = 0; i < n && i < MAX; i++) {
		unsigned char x = at(&t, s, i);

		if (t.err)
			return bu_vm_ret(t.err);
		if (!x)
			return i;
	}
	return n < MAX ? n : bu_vm_ret(-E2BIG);
}

BU_VM_KFN(bpf_strlen)
{
	return length(run, a, MAX);
}

BU_VM_KFN(bpf_strnlen)
{
	return length(run, a, b);
}

/* How many characters at the start of s are (are not) of a set. */
static uint64_t span(struct bu_vm_run *run, uint64_t s, uint64_t set, bool in)
{
	struct text t = { .run = run };

	for (uint64_t i = 0; i < MAX; i++) {
		unsigned char x = at(&t, s, i), y;
		uint64_t k = 0;

		if (!t.err && !x)
			return i;
		do {
			y = at(&t, set, k++);
		} while (!t.err && y && y != x && k < MAX);
		if (t.err)
			return bu_vm_ret(t.err);
		if (y && y != x)
			return bu_vm_ret(-E2BIG);
		if ((y == x) != in)
			return i;
	}
	return bu_vm_ret(-E2BIG);
}

BU_VM_KFN(bpf_strspn)
{
	return span(run, a, b, true);
}

BU_VM_KFN(bpf_strcspn)
{
	return span(run, a, b, false);
}

/* Where a text stands within the first n characters of another. */
static uint64_t within(struct bu_vm_run *run, uint64_t s, uint64_t what, uint64_t n)
{
	struct text t = { .run = run };

	for (uint64_t i = 0; i < MAX; i++) {
		uint64_t k;

		for (k = 0; i + k <= n && k < MAX; k++) {
			unsigned char y = at(&t, what, k), x;

			if (t.err)
				return bu_vm_ret(t.err);
			if (!y)
				return i;
			if (i + k == n)
				break;
			x = at(&t, s, i + k);
			if (t.err)
				return bu_vm_ret(t.err);
			if (!x)
				return bu_vm_ret(-ENOENT);
			if (x != y)
				break;
		}
		if (k == MAX)
			return bu_vm_ret(-E2BIG);
		if (i + k == n)
			return bu_vm_ret(-ENOENT);
	}
	return bu_vm_ret(-E2BIG);
}

BU_VM_KFN(bpf_strstr)
{
	return within(run, a, b, MAX);
}

BU_VM_KFN(bpf_strnstr)
{
	return within(run, a, b, c);
}

/* A text of user space: bytes with the NUL. Flag 1: what is behind it is zeroed, too. */
BU_VM_KFN(bpf_copy_from_user_str)
{
	uint64_t n = (uint32_t)b;
	int64_t got;

	if (d & ~1ull)
		return bu_vm_ret(-EINVAL);
	if (!n)
		return 0;
	got = bu_vm_probe_str(run, bu_vm_ptr(a), n, c, BU_VM_USER);
	if (got > 0 && d & 1)
		memset(bu_vm_ptr(a) + got, 0, n - (uint64_t)got);
	return bu_vm_ret(got);
}
