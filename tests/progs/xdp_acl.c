/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Longest prefixes that are dropped, and a Bloom filter of ports. */
#include "bpf.h"

struct prefix { u32 len; be32 addr; };

struct {
	UINT(type, LPM_TRIE);
	UINT(max_entries, 1000);
	UINT(map_flags, NO_PREALLOC);
	TYPE(key, struct prefix);
	TYPE(value, u8);
} denied SEC(".maps");
struct {
	UINT(type, BLOOM);
	UINT(max_entries, 100);
	UINT(map_extra, 3);
	TYPE(value, be16);
} ports SEC(".maps");
HELPER(89, long, bpf_map_peek_elem, (void *map, void *value));

static u64 dropped, passed;

SEC("xdp")
int acl(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct prefix p = { 32 };
	be16 port;

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end)
		return XDP_PASS;
	p.addr = ip->saddr;
	if (bpf_map_lookup_elem(&denied, &p)) {
		dropped++;
		return XDP_DROP;
	}
	port = udp->dest;
	if (ip->protocol == 17 && !bpf_map_peek_elem(&ports, &port)) {
		dropped++;
		return XDP_DROP;
	}
	passed++;
	return XDP_PASS;
}
LICENSE("GPL");
