/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tracepoint whose events go to a ring buffer. */
#include "bpf.h"

struct event { u64 ts; u32 pid, uid; char comm[16]; char file[64]; };
struct { UINT(type, RINGBUF); UINT(max_entries, 65536); } events SEC(".maps");

struct exec_args { u64 common; int filename_loc, pid, old_pid; };

u64 lost = 0;

SEC("tracepoint/sched/sched_process_exec")
int on_exec(struct exec_args *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	e->ts = bpf_ktime_get_ns();
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->uid = (u32)bpf_get_current_uid_gid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	if (bpf_probe_read_kernel_str(e->file, sizeof(e->file), (void *)ctx + (ctx->filename_loc & 0xffff)) < 0) {
		bpf_ringbuf_discard(e, 0);
		return 0;
	}
	bpf_ringbuf_submit(e, 0);
	return 0;
}
LICENSE("GPL");
