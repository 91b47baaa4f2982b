/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Takes a VLAN tag off: moves the start of the packet. */
#include "bpf.h"

struct vlan { be16 tci, proto; };

SEC("xdp")
int pop_vlan(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, copy;
	struct vlan *v = (void *)(eth + 1);

	if ((void *)(v + 1) > end)
		return XDP_PASS;
	if (eth->proto != htons(0x8100))
		return XDP_PASS;
	__builtin_memcpy(&copy, eth, sizeof(copy));
	copy.proto = v->proto;
	if (bpf_xdp_adjust_head(ctx, (int)sizeof(*v)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + sizeof(copy) > end)
		return XDP_ABORTED;
	__builtin_memcpy(data, &copy, sizeof(copy));
	return XDP_PASS;
}
LICENSE("GPL");
