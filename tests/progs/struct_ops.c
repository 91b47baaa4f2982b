/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A congestion control: functions in a struct. */
#include "bpf.h"

struct sock { u32 x; };
struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops/half")
u32 half(u64 *ctx)
{
	return 10;
}

SEC("struct_ops/avoid")
void avoid(u64 *ctx)
{
	(void)ctx;
}

SEC("struct_ops/undo")
u32 undo(u64 *ctx)
{
	return 20;
}

#ifdef __clang__
SEC(".struct_ops")
struct tcp_congestion_ops ops = {
	.ssthresh = (void *)half,
	.cong_avoid = (void *)avoid,
	.undo_cwnd = (void *)undo,
	.name = "bpf_half",
};
#endif
LICENSE("GPL");
