/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A load balancer: flows to backends, with a checksum that is updated. */
#include "bpf.h"

struct flow { be32 saddr, daddr; be16 sport, dport; u8 proto, pad[3]; };
struct backend { be32 addr; u8 mac[6]; u16 weight; u64 packets, bytes; };

struct {
	UINT(type, LRU_HASH);
	UINT(max_entries, 4096);
	TYPE(key, struct flow);
	TYPE(value, u32);
} flows SEC(".maps");
struct {
	UINT(type, ARRAY_MAP);
	UINT(max_entries, 64);
	TYPE(key, u32);
	TYPE(value, struct backend);
} backends SEC(".maps");

const volatile u32 nbackends = 4;

static NOINLINE u32 hash(const struct flow *f)
{
	u32 h = f->saddr ^ (f->daddr << 7);

	h ^= (u32)f->sport << 16 | f->dport;
	h ^= h >> 15;
	h *= 0x2c1b3c6d;
	return h ^ (h >> 12);
}

INLINE u16 csum_fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

SEC("xdp")
int balance(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct flow f = { 0 };
	struct backend *b;
	u32 *known, i;

	if ((void *)(tcp + 1) > end || eth->proto != htons(0x0800) || ip->ihl != 5 || ip->protocol != 6)
		return XDP_PASS;
	f.saddr = ip->saddr;
	f.daddr = ip->daddr;
	f.sport = tcp->source;
	f.dport = tcp->dest;
	f.proto = 6;
	known = bpf_map_lookup_elem(&flows, &f);
	i = known ? *known : hash(&f) % (nbackends ? nbackends : 1);
	b = bpf_map_lookup_elem(&backends, &i);
	if (!b || !b->addr)
		return XDP_DROP;
	if (!known && tcp->syn)
		bpf_map_update_elem(&flows, &f, &i, MAP_ANY);
	__sync_fetch_and_add(&b->packets, 1);
	__sync_fetch_and_add(&b->bytes, end - data);
	__builtin_memcpy(eth->src, eth->dst, 6);
	__builtin_memcpy(eth->dst, b->mac, 6);
	ip->check = csum_fold((u16)~ip->check + (u16)~ip->daddr + (u16)b->addr);
	ip->daddr = b->addr;
	return XDP_TX;
}
LICENSE("GPL");
