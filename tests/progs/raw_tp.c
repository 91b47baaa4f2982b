/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A raw tracepoint: arguments as 64-bit words; events to a perf buffer. */
#include "bpf.h"

struct { UINT(type, PERF_EVENT_ARRAY); UINT(key_size, 4); UINT(value_size, 4); } out SEC(".maps");
struct args { u64 arg[4]; };
struct rec { u64 ts; u32 nr, cpu; };

SEC("raw_tracepoint/sys_enter")
int sys_enter(struct args *ctx)
{
	struct rec r = { .ts = bpf_ktime_get_ns(), .nr = (u32)ctx->arg[1], .cpu = bpf_get_smp_processor_id() };

	if (r.nr > 400)
		return 0;
	bpf_perf_event_output(ctx, &out, 0xffffffffULL, &r, sizeof(r));
	return 0;
}
LICENSE("GPL");
