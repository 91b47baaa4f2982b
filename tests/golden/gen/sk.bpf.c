// SPDX-License-Identifier: GPL-2.0-or-later
// What skeletons have to hold: maps, variables of all sections, programs, types without names; tests/tool-gen.bats.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
typedef unsigned char u8;
struct ev { int a; long b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 16); __type(key, int); __type(value, struct ev); } counts SEC(".maps");
const volatile int limit = 42;
int counter; long total[3]; static int hidden = 9;
struct { int x; u8 y; } anon_var = { 3, 4 };
volatile const char *const volatile ptr = 0;
extern int LINUX_KERNEL_VERSION __kconfig;
char own[8] SEC(".data.own") = "abc";
SEC("raw_tp/sys_enter") int handle_enter(void *ctx) { int k = 0; counter += limit + hidden++; total[1]++; anon_var.x++; own[0]++; return LINUX_KERNEL_VERSION ? 0 : (int)(long)bpf_map_lookup_elem(&counts, &k); }
SEC("xdp") int xdp_main(struct xdp_md *c) { return XDP_PASS; }
char LICENSE[] SEC("license") = "GPL";
