/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks and drops by class; packet bytes by helper. */
#include "bpf.h"

struct rule { u32 mark, action; };
struct {
	UINT(type, HASH);
	UINT(max_entries, 128);
	TYPE(key, u16);
	TYPE(value, struct rule);
} rules SEC(".maps");

SEC("tc")
int mark(struct __sk_buff *skb)
{
	struct rule *r;
	u16 port = 0;

	if (skb->protocol != htons(0x0800))
		return TC_ACT_OK;
	if (bpf_skb_load_bytes(skb, 14 + 20 + 2, &port, 2))
		return TC_ACT_OK;
	r = bpf_map_lookup_elem(&rules, &port);
	if (!r)
		return TC_ACT_OK;
	skb->mark = r->mark;
	skb->priority = r->mark & 7;
	return r->action ? TC_ACT_SHOT : TC_ACT_OK;
}
LICENSE("GPL");
