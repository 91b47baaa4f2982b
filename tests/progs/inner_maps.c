/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps in maps: an array and a hash, filled in their declarations. */
#include "bpf.h"

struct inner {
	UINT(type, ARRAY_MAP);
	UINT(max_entries, 8);
	TYPE(key, u32);
	TYPE(value, u64);
} one SEC(".maps"), two SEC(".maps");

#ifdef __clang__
struct {
	UINT(type, ARRAY_OF_MAPS);
	UINT(max_entries, 4);
	TYPE(key, u32);
	ARRAY(values, struct inner);
} by_index SEC(".maps") = {
	.values = { [0] = &one, [2] = &two },
};
struct {
	UINT(type, HASH_OF_MAPS);
	UINT(max_entries, 16);
	TYPE(key, u64);
	ARRAY(values, struct inner);
} by_key SEC(".maps");
#else
struct { UINT(type, ARRAY_OF_MAPS); UINT(max_entries, 4); UINT(key_size, 4); UINT(value_size, 4); } by_index SEC(".maps");
struct { UINT(type, HASH_OF_MAPS); UINT(max_entries, 4); UINT(key_size, 8); UINT(value_size, 4); } by_key SEC(".maps");
#endif

SEC("xdp")
int inner(struct xdp_md *ctx)
{
	u32 i = ctx->rx_queue_index & 3, j = 5;
	u64 key = ctx->ingress_ifindex, *v;
	void *m = bpf_map_lookup_elem(&by_index, &i);

	if (!m)
		m = bpf_map_lookup_elem(&by_key, &key);
	if (!m)
		return XDP_PASS;
	v = bpf_map_lookup_elem(m, &j);
	if (v)
		*v += 1;
	return XDP_DROP;
}
LICENSE("GPL");
