/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A function of a program: arguments and memory of the user. */
#include "bpf.h"

struct line { u32 pid, n; char text[80]; };
struct { UINT(type, RINGBUF); UINT(max_entries, 16384); } lines SEC(".maps");

SEC("uprobe")
int on_readline(struct pt_regs *ctx)
{
	struct line l = { 0 };

	l.pid = bpf_get_current_pid_tgid() >> 32;
	l.n = (u32)ctx->si;
	bpf_probe_read_user(l.text, sizeof(l.text), (void *)ctx->di);
	bpf_ringbuf_output(&lines, &l, sizeof(l), 0);
	return 0;
}

SEC("uretprobe")
int readline_done(struct pt_regs *ctx)
{
	return (int)ctx->ax & 0;
}
LICENSE("GPL");
