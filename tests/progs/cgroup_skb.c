/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of a cgroup, in and out. */
#include "bpf.h"

struct counters { u64 packets, bytes; };
struct {
	UINT(type, PERCPU_HASH);
	UINT(max_entries, 1024);
	UINT(map_flags, NO_PREALLOC);
	TYPE(key, u64);
	TYPE(value, struct counters);
} in SEC(".maps"), out SEC(".maps");
HELPER(79, u64, bpf_skb_cgroup_id, (void *skb));

INLINE int count(void *map, struct __sk_buff *skb)
{
	struct counters *c, init = { 1, skb->len };
	u64 id = bpf_skb_cgroup_id(skb);

	c = bpf_map_lookup_elem(map, &id);
	if (!c) {
		bpf_map_update_elem(map, &id, &init, MAP_NOEXIST);
	} else {
		c->packets++;
		c->bytes += skb->len;
	}
	return 1;
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	return count(&in, skb);
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	return count(&out, skb);
}
LICENSE("GPL");
