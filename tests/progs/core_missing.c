/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CO-RE of a member that the kernel has under another name: refused, with its name. */
#include "bpf.h"

struct task_struct { int tgidd; } CORE;

u64 seen;

SEC("raw_tp/sys_enter")
int on_enter(u64 *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	int v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), &t->tgidd);
	seen += v;
	return 0;
}
LICENSE("GPL");
