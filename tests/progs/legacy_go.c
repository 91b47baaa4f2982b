/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps as gobpf has them: each in a section of its own, with a pinning and the directory for it. */
#include "bpf.h"

struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags, pinning;
	char namespace[256];
};

struct bpf_map_def SEC("maps/pids") pids = {
	.type = HASH, .key_size = 4, .value_size = 8, .max_entries = 128,
};
struct bpf_map_def SEC("maps/events") events = { .type = PERF_EVENT_ARRAY };

SEC("tracepoint/syscalls/sys_enter_getpid")
int on_getpid(void *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 now = bpf_ktime_get_ns();

	bpf_map_update_elem(&pids, &pid, &now, MAP_ANY);
	bpf_perf_event_output(ctx, &events, 0xffffffff, &now, sizeof(now));
	return 0;
}
LICENSE("GPL");
