/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Static programs: three of one section, each a program; a static function that they call is none. */
#include "bpf.h"

static NOINLINE int classify(struct xdp_md *ctx, u32 limit)
{
	return ctx->data_end - ctx->data > limit ? XDP_PASS : XDP_DROP;
}

SEC("xdp")
static int small(struct xdp_md *ctx)
{
	return classify(ctx, 64);
}

SEC("xdp")
static int large(struct xdp_md *ctx)
{
	return classify(ctx, 1400);
}

SEC("xdp")
static NOINLINE int helper(struct xdp_md *ctx)
{
	return ctx->ingress_ifindex + 1;
}

SEC("xdp")
int caller(struct xdp_md *ctx)
{
	return helper(ctx) ? XDP_PASS : XDP_ABORTED;
}
LICENSE("GPL");
