/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts packets by protocol in a per-CPU array. */
#include "bpf.h"

struct {
	UINT(type, PERCPU_ARRAY);
	UINT(max_entries, 256);
	TYPE(key, u32);
	TYPE(value, u64);
} packets SEC(".maps");

SEC("xdp")
int xdp_count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	u32 key;
	u64 *n;

	if ((void *)(ip + 1) > end || eth->proto != htons(0x0800))
		return XDP_PASS;
	key = ip->protocol;
	n = bpf_map_lookup_elem(&packets, &key);
	if (n)
		++*n;
	return XDP_PASS;
}
LICENSE("GPL");
