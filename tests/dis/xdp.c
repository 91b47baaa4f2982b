/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets, a map by BTF, loops and jump tables of compares. */
#include "bpf.h"

struct { INT(type, 1); TYPE(key, (u32)0); TYPE(value, (u64)0); INT(max_entries, 256); } counts SEC(".maps");
struct { INT(type, 6); INT(key_size, 4); INT(value_size, 16); INT(max_entries, 8); INT(map_flags, 4); } cpus SEC(".maps");

SEC("xdp") int count(struct xdp_md *ctx)
{
	u8 *p = (u8 *)(long)ctx->data, *e = (u8 *)(long)ctx->data_end;
	u32 key = 0;
	u64 *n;

	if (p + 34 > e)
		return 1;
	switch (p[12] << 8 | p[13]) {
	case 0x0800: key = p[23]; break;
	case 0x86dd: key = 41; break;
	case 0x0806: return 2;
	default: key = 255;
	}
#pragma GCC unroll 1
	for (int i = 0; i < 12; i++)
		key += p[i];
	key &= 255;
	n = map_lookup(&counts, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	return 2;
}
char _license[] SEC("license") = "GPL";
