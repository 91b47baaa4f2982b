// SPDX-License-Identifier: GPL-2.0-or-later
// What a skeleton without a library can load: maps, variables, local functions, CO-RE, three ways to attach.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
typedef unsigned char u8;
struct ev { int a; long b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, int); __type(value, struct ev); } counts SEC(".maps");
const volatile int limit = 42;
int counter; long total[3]; static int hidden = 9;
struct { int x; u8 y; } anon_var = { 3, 4 };
struct task_struct { int pid; } __attribute__((preserve_access_index));
int pid_off;
static __attribute__((noinline)) int add(int k) { struct ev e = { k, k }; return bpf_map_update_elem(&counts, &k, &e, 0); }
SEC("raw_tp/sys_enter") int handle_enter(void *ctx) { counter += limit + hidden++; total[1]++; anon_var.x++; pid_off = __builtin_preserve_field_info(((struct task_struct *)0)->pid, 0); add(7); return 0; }
SEC("tracepoint/syscalls/sys_enter_getppid") int on_getppid(void *ctx) { total[2] += 1; return 0; }
SEC("xdp") int xdp_main(struct xdp_md *c) { return XDP_PASS; }
char LICENSE[] SEC("license") = "GPL";
