// SPDX-License-Identifier: GPL-2.0-or-later
// Records through a ring buffer and through perf buffers; their type is in BTF because a pointer to it is.
typedef unsigned int u32; typedef unsigned long long u64;
#define SEC(n) __attribute__((section(n), used))
#define __uint(name, val) int (*name)[val]
struct event { u32 pid; char comm[16]; u64 n; };
const struct event *unused __attribute__((unused));
struct { __uint(type, 27); __uint(max_entries, 4096); } rb SEC(".maps");
struct { __uint(type, 4); __uint(key_size, 4); __uint(value_size, 4); } pb SEC(".maps");
static void *(*const reserve)(void *, u64, u64) = (void *)131;
static void (*const submit)(void *, u64) = (void *)132;
static u64 (*const pidtgid)(void) = (void *)14;
static long (*const comm)(void *, u32) = (void *)16;
static long (*const output)(void *, void *, u64, void *, u64) = (void *)25;
u64 n;
SEC("tp/sched/sched_process_exec") int on_exec(void *ctx)
{
	struct event *e = reserve(&rb, sizeof(*e), 0), f = {0};
	if (e) { e->pid = pidtgid() >> 32; comm(e->comm, 16); e->n = ++n; submit(e, 0); }
	f.pid = 7; f.n = n; comm(f.comm, 16);
	output(ctx, &pb, 0xffffffff, &f, sizeof(f));
	return 0;
}
char _license[] SEC("license") = "GPL";
