/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps whose type wants a flag that the declarations leave out. */
#include "bpf.h"

struct { UINT(type, LPM_TRIE); UINT(key_size, 8); UINT(value_size, 4); UINT(max_entries, 16); } routes SEC(".maps");
struct { UINT(type, SK_STORAGE); TYPE(key, int); TYPE(value, u64); } sockets SEC(".maps");

SEC("tc")
int tries(struct __sk_buff *skb)
{
	u32 key[2] = { 32, skb->mark };
	u32 *found = bpf_map_lookup_elem(&routes, key);

	return found ? *found : 0;
}
LICENSE("GPL");
