/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An iterator: text of each task. */
#include "bpf.h"

struct seq_file;
struct task_struct { int pid, tgid; char comm[16]; } CORE;
struct bpf_iter_meta { struct seq_file *seq; u64 session_id, seq_num; } CORE;
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; } CORE;
HELPER(126, long, bpf_seq_printf, (struct seq_file *m, const char *fmt, u32 size, const void *data, u32 len));

SEC("iter/task")
int dump_task(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	static const char fmt[] = "%8d %8d\n";
	u64 args[2];

	if (!t)
		return 0;
	args[0] = (u64)t->pid;
	args[1] = (u64)t->tgid;
	bpf_seq_printf(ctx->meta->seq, fmt, sizeof(fmt), args, sizeof(args));
	return 0;
}
LICENSE("GPL");
