/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All code in .text: what nobody calls is a program, if its type can be had. */
#include "bpf.h"

NOINLINE int clamp(int v)
{
	return v > 100 ? 100 : v;
}

static NOINLINE u32 half(u32 v)
{
	return v / 2;
}

int socket_filter(struct __sk_buff *skb)
{
	return clamp(skb->len) + half(skb->mark);
}

int xdp_main(struct xdp_md *ctx)
{
	return clamp(ctx->data_end - ctx->data) > 60 ? XDP_PASS : XDP_DROP;
}
LICENSE("GPL");
