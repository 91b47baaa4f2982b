/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of declarations that not every loader knows: map_extra, flags by enum, unknown ones, sizes by number. */
#include "bpf.h"

enum { FLAGS = 1 };
struct {
	UINT(type, BLOOM);
	TYPE(value, u64);
	UINT(max_entries, 1000);
	UINT(map_extra, 3);
} three_hashes SEC(".maps");

struct {
	UINT(type, HASH);
	UINT(key_size, 12);
	UINT(value_size, 20);
	UINT(max_entries, 64);
	UINT(map_flags, NO_PREALLOC);
	UINT(numa_node, 0);
	UINT(priority, 7);
	TYPE(comment, u32);
} odd SEC(".maps");

struct event { u32 pid; char comm[16]; };
struct { UINT(type, RINGBUF); UINT(max_entries, 5000); TYPE(value, struct event); } ring SEC(".maps");
struct { UINT(type, PERF_EVENT_ARRAY); TYPE(key, u32); TYPE(value, struct event); } perf SEC(".maps");
struct { UINT(type, PERCPU_ARRAY); TYPE(key, u32); TYPE(value, u64); UINT(max_entries, 0); } unsized SEC(".maps");

struct { UINT(type, STACK_TRACE); UINT(key_size, 4); } stacks SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getpid")
int on_getpid(void *ctx)
{
	struct event e = { .pid = bpf_get_current_pid_tgid() >> 32 };
	u32 key[3] = { 1, 2, 3 }, zero = 0;
	u64 v = e.pid;

	bpf_get_stackid(ctx, &stacks, 0);
	bpf_map_push_elem(&three_hashes, &v, 0);
	bpf_ringbuf_output(&ring, &e, sizeof(e), 0);
	bpf_perf_event_output(ctx, &perf, 0xffffffff, &e, sizeof(e));
	return bpf_map_lookup_elem(&odd, key) || bpf_map_lookup_elem(&unsized, &zero);
}
LICENSE("GPL");
