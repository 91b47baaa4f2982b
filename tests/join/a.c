// SPDX-License-Identifier: GPL-2.0-or-later
#include "common.h"
struct { __uint(type, 2); __uint(max_entries, 4); __type(key, u32); __type(value, struct stat); } stats SEC(".maps");
int limit = 5;
const volatile u32 mode = 3;
int shared_bss;
extern u64 weigh(u32 len, struct stat *s);
__attribute__((noinline)) static int helper_static(u32 k) { return k * 3 + limit; }
SEC("xdp") int count(void *ctx)
{
	u32 k = 0;
	struct stat *s = lookup(&stats, &k);
	if (!s) return 1;
	s->n++;
	shared_bss++;
	return weigh(mode, s) + helper_static(k) > 10 ? 2 : 1;
}
char _license[] SEC("license") = "GPL";
