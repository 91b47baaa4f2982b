/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A struct of operations by its members' names: a flavour of the kernel's with less in another order, and with a
 * member that no kernel has; a second one that is left out.
 */
#include "bpf.h"

struct sock { u32 x; };
struct tcp_congestion_ops___mine {
	char name[16];
	u32 flags;
	void (*from_the_future)(struct sock *sk);
	u32 not_yet___v7;
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(struct sock *sk);
	u32 (*ssthresh)(struct sock *sk);
};

u64 avoided, thresholds;

SEC("struct_ops")
u32 ssthresh(u64 *ctx)
{
	__sync_fetch_and_add(&thresholds, 1);
	return 10;
}

SEC("struct_ops")
u32 undo_cwnd(u64 *ctx)
{
	return 20;
}

SEC("struct_ops")
void cong_avoid(u64 *ctx)
{
	__sync_fetch_and_add(&avoided, 1);
}

#ifdef __clang__
SEC(".struct_ops.link")
struct tcp_congestion_ops___mine counted = {
	.name = "bpf_counted",
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)cong_avoid,
	.undo_cwnd = (void *)undo_cwnd,
};

SEC("?.struct_ops.link")
struct tcp_congestion_ops___mine left_out = {
	.name = "bpf_left_out",
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)cong_avoid,
	.undo_cwnd = (void *)undo_cwnd,
};
#endif
LICENSE("GPL");
