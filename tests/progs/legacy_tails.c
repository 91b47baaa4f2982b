/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The samples' way to fill an array of programs: the number behind the section's type. */
#include "bpf.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") progs = { PROG_ARRAY, 4, 4, 64 };
struct bpf_map_def SEC("maps") lens = { PERCPU_ARRAY, 4, 8, 4 };

INLINE void add(u32 i, u64 n)
{
	u64 *v = bpf_map_lookup_elem(&lens, &i);

	if (v)
		*v += n;
}

SEC("socket/3")
int ip4(struct __sk_buff *skb)
{
	add(1, skb->len);
	return 0;
}

SEC("socket/40")
int ip6(struct __sk_buff *skb)
{
	add(2, skb->len);
	return 0;
}

SEC("socket")
int entry(struct __sk_buff *skb)
{
	add(0, 1);
	bpf_tail_call(skb, &progs, skb->protocol == htons(0x86dd) ? 40 : 3);
	return 0;
}
LICENSE("GPL");
