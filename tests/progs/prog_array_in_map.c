/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps of maps with elements by declaration, a hash of arrays among them; an array of programs twice used. */
#include "bpf.h"

struct table { UINT(type, HASH); TYPE(key, u32); TYPE(value, u64); UINT(max_entries, 16); };
struct table blue SEC(".maps"), red SEC(".maps");

int leaf(struct __sk_buff *skb);

#ifdef __clang__
struct {
	UINT(type, ARRAY_OF_MAPS);
	UINT(max_entries, 2);
	TYPE(key, u32);
	ARRAY(values, struct table);
} colours SEC(".maps") = { .values = { &blue, &red } };
struct {
	UINT(type, PROG_ARRAY);
	UINT(max_entries, 8);
	TYPE(key, u32);
	ARRAY(values, int (void *));
} jumps SEC(".maps") = { .values = { [0] = (void *)&leaf, [7] = (void *)&leaf } };
#else
struct { UINT(type, PROG_ARRAY); UINT(max_entries, 8); TYPE(key, u32); TYPE(value, u32); } jumps SEC(".maps");
#endif

SEC("tc")
int root(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &jumps, skb->mark & 7);
	return TC_ACT_SHOT;
}

SEC("tc")
int leaf(struct __sk_buff *skb)
{
	u32 which = skb->mark & 1;
#ifdef __clang__
	void *t = bpf_map_lookup_elem(&colours, &which);
#else
	void *t = &red;
#endif
	u64 one = 1;

	if (t)
		bpf_map_update_elem(t, &which, &one, MAP_ANY);
	return TC_ACT_OK;
}
LICENSE("GPL");
