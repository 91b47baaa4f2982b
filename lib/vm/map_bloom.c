/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bloom filters: a value that was pushed is found for ever, another one seldom. As many bits as the kernel takes (7/5 of
 * max_entries * hashes, a power of two); which ones a value sets is our own choice. Bits are only set, by
 * one atomic operation each, so that nothing can be torn or half done but a push, which can be seen by nobody.
 */
#include "vm/seq.h"

#include <string.h>
#include <sys/random.h>

#define VALUE_MAX (4u << 20)
#define HASHES 5u /* when map_extra does not say */

enum { W_SEED };
enum { U_MASK, U_HASHES };

static int check(struct bu_vm *vm, const union bpf_attr *a)
{
	uint32_t flags = BPF_F_NUMA_NODE | BPF_F_ZERO_SEED | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG |
			 BPF_F_WRONLY_PROG;

	(void)vm;
	if (a->key_size || !a->value_size || !a->max_entries || (a->map_flags & ~flags) ||
	    ((a->map_flags & BPF_F_RDONLY_PROG) && (a->map_flags & BPF_F_WRONLY_PROG)) || a->map_extra & ~15ull)
		return -EINVAL;
	return a->value_size > VALUE_MAX ? -E2BIG : 0;
}

static int layout(struct bu_vm_map *m)
{
	uint64_t n = m->map_extra ? m->map_extra : HASHES, bits = 64, want = m->max_entries * n / 5 * 7;

	while (bits < want && bits < 1ull << 32)
		bits <<= 1;
	m->u[U_MASK] = bits - 1;
	m->u[U_HASHES] = n;
	m->data_size = (bits / 8 + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	m->alloc_size = m->data_size;
	return 0;
}

static int init(struct bu_vm_map *m)
{
	uint64_t seed = 0;

	if (!(m->flags & BPF_F_ZERO_SEED) && getrandom(&seed, sizeof(seed), GRND_NONBLOCK) < 0)
		seed = (uintptr_t)m * 0x9e3779b97f4a7c15u;
	atomic_store(&m->live->word[W_SEED], seed);
	return 0;
}

static uint64_t hash(const uint8_t *p, uint32_t n, uint64_t h)
{
	uint64_t v;

	h ^= n * 0x9e3779b97f4a7c15u;
	for (; n; n -= n < 8 ? n : 8, p += 8) {
		v = 0;
		memcpy(&v, p, n < 8 ? n : 8);
		h = (h ^ v) * 0xc2b2ae3d27d4eb4fu;
		h ^= h >> 29;
	}
	h *= 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/* The bit number i of a value: two hashes make all of them. */
static uint64_t bit(const struct bu_vm_map *m, uint64_t a, uint64_t b, uint32_t i)
{
	return (a + i * (b | 1)) & m->u[U_MASK];
}

static int push(struct bu_vm_map *m, const void *value, uint64_t flags)
{
	uint64_t seed = atomic_load_explicit(&m->live->word[W_SEED], memory_order_relaxed), a, b, at;

	if (flags != BPF_ANY)
		return -EINVAL;
	a = hash(value, m->value_size, seed);
	b = hash(value, m->value_size, ~seed);
	for (uint32_t i = 0; i < m->u[U_HASHES]; i++) {
		at = bit(m, a, b, i);
		atomic_fetch_or((_Atomic uint8_t *)(m->mem + at / 8), (uint8_t)(1u << at % 8));
	}
	return 0;
}

static int peek(struct bu_vm_map *m, void *value)
{
	uint64_t seed = atomic_load_explicit(&m->live->word[W_SEED], memory_order_relaxed), a, b, at;

	a = hash(value, m->value_size, seed);
	b = hash(value, m->value_size, ~seed);
	for (uint32_t i = 0; i < m->u[U_HASHES]; i++) {
		at = bit(m, a, b, i);
		if (!(atomic_load((_Atomic uint8_t *)(m->mem + at / 8)) >> at % 8 & 1))
			return -ENOENT;
	}
	return 0;
}

static uint64_t mem_usage(const struct bu_vm_map *m)
{
	return m->data_size;
}

const struct bu_vm_map_ops bu_vm_bloom_ops = {
	.check = check, .layout = layout, .init = init, .push = push, .peek = peek, .mem_usage = mem_usage,
};
