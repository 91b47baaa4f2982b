/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callbacks by address: static and global, of .text and of the program's own section, one with a callback itself. */
#include "bpf.h"

struct { UINT(type, ARRAY_MAP); TYPE(key, u32); TYPE(value, u64); UINT(max_entries, 8); } sums SEC(".maps");

static long inner(u32 i, u64 *sum)
{
	*sum += i;
	return 0;
}

NOINLINE long add_up(u32 n)
{
	u64 sum = 0;

	bpf_loop(n & 7, inner, &sum, 0);
	return sum;
}

static long each(void *map, u32 *key, u64 *value, void *ctx)
{
	*value = add_up(*key);
	return 0;
}

SEC("tc")
static long in_section(u32 i, void *ctx)
{
	return i > 2;
}

SEC("tc")
int run(struct __sk_buff *skb)
{
	bpf_for_each_map_elem(&sums, each, NULL, 0);
	return bpf_loop(10, in_section, NULL, 0);
}
LICENSE("GPL");
