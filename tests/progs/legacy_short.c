/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shortest declarations: four numbers, and five as libbpf had them before 1.0; sections of their own. */
#include "bpf.h"

struct four { u32 type, key_size, value_size, max_entries; };
struct five { u32 type, key_size, value_size, max_entries, map_flags; };

struct four SEC("maps/events") events = { PERF_EVENT_ARRAY, 4, 4, 0 };
struct four SEC("maps/seen") seen = { HASH, 4, 8, 100 };
struct five SEC("maps") routes = { LPM_TRIE, 8, 4, 32, NO_PREALLOC };
struct five SEC("maps") stacks = { STACK_TRACE, 4, 127 * 8, 0 };

SEC("tracepoint/syscalls/sys_enter_getpid")
int on_getpid(void *ctx)
{
	u32 pid = bpf_get_current_pid_tgid() >> 32;
	u64 key = 32, now = bpf_ktime_get_ns(), id;

	bpf_map_update_elem(&seen, &pid, &now, MAP_ANY);
	bpf_perf_event_output(ctx, &events, 0xffffffff, &now, sizeof(now));
	id = bpf_get_stackid(ctx, &stacks, 0);
	return bpf_map_lookup_elem(&routes, &key) ? (int)id : 0;
}
LICENSE("GPL");
u32 _version SEC("version") = 0x040e00;
