/* SPDX-License-Identifier: GPL-2.0-or-later */
/* License and version in sections whose names only begin so. */
#include "bpf.h"

char dual[] SEC("license.dual") = "Dual MIT/GPL";
u32 kern SEC("version.kern") = 0x050000;

SEC("kprobe/do_nanosleep")
int on_sleep(struct pt_regs *ctx)
{
	char text[8] = "asleep\n";

	bpf_trace_printk(text, sizeof(text));
	return 0;
}
