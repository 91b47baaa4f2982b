// SPDX-License-Identifier: GPL-2.0-or-later
#include "common.h"
struct pkt { int a; struct pkt *next; };
extern struct { __uint(type, 2); __uint(max_entries, 4); __type(key, u32); __type(value, struct stat); } stats SEC(".maps");
extern int limit;
static u32 mine = 7;
int shared2;
__attribute__((noinline)) static int helper_static(u32 k) { return k * 5 + mine; }
__attribute__((noinline)) u64 weigh(u32 len, struct stat *s)
{
	u32 k = 1; struct stat *o = lookup(&stats, &k);
	if (!s) return 0;
	s->bytes += len;
	if (o) { o->n++; shared2 = 4; }
	mine++;
	return helper_static(len) + limit;
}
SEC("xdp") int second(void *ctx) { return weigh(3, 0) ? 2 : 1; }
struct pkt p0 = { 3 };
char _license[] SEC("license") = "GPL";
