/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A chain of programs by a prog_array that is filled in its declaration. */
#include "bpf.h"

int second(struct xdp_md *ctx);
int third(struct xdp_md *ctx);

#ifdef __clang__
struct {
	UINT(type, PROG_ARRAY);
	UINT(max_entries, 4);
	UINT(key_size, 4);
	ARRAY(values, int (void *));
} chain SEC(".maps") = {
	.values = { [1] = (void *)&second, [3] = (void *)&third },
};
#else
struct { UINT(type, PROG_ARRAY); UINT(max_entries, 4); UINT(key_size, 4); UINT(value_size, 4); } chain SEC(".maps");
#endif

u32 seen[3];

SEC("xdp")
int first(struct xdp_md *ctx)
{
	seen[0]++;
	bpf_tail_call(ctx, &chain, 1);
	return XDP_ABORTED;
}

SEC("xdp")
int second(struct xdp_md *ctx)
{
	seen[1]++;
	bpf_tail_call(ctx, &chain, 3);
	return XDP_ABORTED;
}

SEC("xdp")
int third(struct xdp_md *ctx)
{
	seen[2]++;
	return XDP_PASS;
}
LICENSE("GPL");
