/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queue and stack. */
#include "bpf.h"

struct item { u32 a, b; };
struct { UINT(type, QUEUE); UINT(max_entries, 32); TYPE(value, struct item); } queue SEC(".maps");
struct { UINT(type, STACK); UINT(max_entries, 32); TYPE(value, struct item); } stack SEC(".maps");

SEC("tc")
int queue_stack(struct __sk_buff *skb)
{
	struct item i = { skb->len, skb->mark }, j;

	if (bpf_map_push_elem(&queue, &i, 0))
		return TC_ACT_SHOT;
	if (!bpf_map_pop_elem(&queue, &j))
		bpf_map_push_elem(&stack, &j, 2);
	if (bpf_map_pop_elem(&stack, &i))
		return TC_ACT_OK;
	return (int)(i.a + i.b);
}
LICENSE("GPL");
