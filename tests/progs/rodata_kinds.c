/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sections of data with names of their own; constants that end branches; strings by value. */
#include "bpf.h"

const volatile u32 debug = 0;
const volatile bool enabled __attribute__((section(".rodata.config"))) = true;
u64 hits __attribute__((section(".data.hits"))) = 1;
u64 zeros[4] __attribute__((section(".bss.zeros")));
static volatile u32 own;
static const char format[] = "pid %d";
const u32 table[16] = { 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987 };

SEC("raw_tracepoint/sys_enter")
int count(u64 *ctx)
{
	u32 i = ctx[1] & 15;

	if (debug)
		bpf_trace_printk(format, sizeof(format), own);
	if (!enabled)
		return 0;
	own++;
	hits += table[i];
	zeros[i & 3]++;
	return 0;
}
LICENSE("GPL");
