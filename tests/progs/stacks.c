/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of a profiler. */
#include "bpf.h"

struct {
	UINT(type, STACK_TRACE);
	UINT(max_entries, 1024);
	UINT(key_size, 4);
	UINT(value_size, 127 * 8);
} traces SEC(".maps");
struct where { u32 pid; s32 kernel, user; };
struct {
	UINT(type, HASH);
	UINT(max_entries, 10000);
	TYPE(key, struct where);
	TYPE(value, u64);
} counts SEC(".maps");

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct where w = { .pid = bpf_get_current_pid_tgid() >> 32 };
	u64 one = 1, *n;

	w.kernel = bpf_get_stackid(ctx, &traces, 0);
	w.user = bpf_get_stackid(ctx, &traces, 1 << 8);
	if (w.kernel < 0 && w.user < 0)
		return 0;
	n = bpf_map_lookup_elem(&counts, &w);
	if (n)
		*n += ctx->sample_period;
	else
		bpf_map_update_elem(&counts, &w, &one, MAP_NOEXIST);
	return 0;
}
LICENSE("GPL");
