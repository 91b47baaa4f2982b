/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first form of iproute2's maps: seven numbers as the samples have, but the last are id and pinning. */
#include "bpf.h"

struct bpf_elf_map { u32 type, size_key, size_value, max_elem, flags, id, pinning; };

struct bpf_elf_map SEC("maps") tc_old_lxc = { HASH, 4, 16, 64, 0, 1, 0 };
struct bpf_elf_map SEC("maps") tc_old_jmp = { PROG_ARRAY, 4, 4, 4, 0, 2, 0 };

struct entry { u64 packets, bytes; };

SEC("2/3")
int tail_drop(struct __sk_buff *skb)
{
	return 2;
}

SEC("classifier")
int from_container(struct __sk_buff *skb)
{
	u32 key = skb->ifindex;
	struct entry *e = bpf_map_lookup_elem(&tc_old_lxc, &key);

	if (!e) {
		bpf_tail_call(skb, &tc_old_jmp, 3);
		return 2;
	}
	e->packets++;
	e->bytes += skb->len;
	return 0;
}
LICENSE("GPL");
