/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps as iproute2 has them: nine numbers with id, pinning and the inner map by its id; tail calls by
 * sections "ID/KEY".
 */
#include "bpf.h"

struct bpf_elf_map {
	u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx;
};

#define CALLS 0x2a
struct bpf_elf_map SEC("maps") calls = { PROG_ARRAY, 4, 4, 8, 0, CALLS };
struct bpf_elf_map SEC("maps") inner = { ARRAY_MAP, 4, 8, 1, 0, 7, 0, 0, 3 };
struct bpf_elf_map SEC("maps") outer = { ARRAY_OF_MAPS, 4, 4, 4, 0, 8, 0, 7 };
struct bpf_elf_map SEC("maps") hits = { ARRAY_MAP, 4, 8, 3, 0, 9 };

static inline __attribute__((always_inline)) void hit(u32 i)
{
	u64 *v = bpf_map_lookup_elem(&hits, &i);

	if (v)
		__sync_fetch_and_add(v, 1);
}

SEC("42/1")
int last(struct __sk_buff *skb)
{
	u32 three = 3, zero = 0;
	void *in = bpf_map_lookup_elem(&outer, &three);
	u64 *v = in ? bpf_map_lookup_elem(in, &zero) : NULL;

	if (v)
		*v = skb->len;
	hit(2);
	return 0;
}

SEC("0x2a/5")
static int middle(struct __sk_buff *skb)
{
	hit(1);
	bpf_tail_call(skb, &calls, 1);
	return 2;
}

SEC("classifier")
int cls_main(struct __sk_buff *skb)
{
	hit(0);
	bpf_tail_call(skb, &calls, 5);
	return 2;
}
LICENSE("GPL");
