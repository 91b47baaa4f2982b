/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that are connected to one another in the kernel. */
#include "bpf.h"

struct { UINT(type, SOCKMAP); UINT(max_entries, 2); UINT(key_size, 4); UINT(value_size, 4); } peers SEC(".maps");

SEC("sk_skb/stream_parser")
int parser(struct __sk_buff *skb)
{
	return skb->len;
}

SEC("sk_skb/stream_verdict")
int verdict(struct __sk_buff *skb)
{
	return bpf_sk_redirect_map(skb, &peers, skb->local_port & 1, 0);
}

SEC("sockops")
int ops(struct bpf_sock_ops *ops)
{
	u32 key = 0;

	switch (ops->op) {
	case 4:
		key = 1;
		/* fall through */
	case 5:
		bpf_sock_map_update(ops, &peers, &key, MAP_ANY);
	}
	return 0;
}
LICENSE("GPL");
