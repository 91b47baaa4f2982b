/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CO-RE: members of kernel structs, wherever they are; existence, sizes, enumerators. */
#include "bpf.h"

struct pid_namespace { unsigned int level; } CORE;
struct nsproxy { struct pid_namespace *pid_ns_for_children; } CORE;
struct task_struct {
	int pid, tgid;
	struct task_struct *real_parent;
	struct nsproxy *nsproxy;
	u64 start_boottime;
	char comm[16];
} CORE;

struct info { int pid, ppid; u64 start; u32 level, has_start; char comm[16]; };
struct { UINT(type, RINGBUF); UINT(max_entries, 4096); } out SEC(".maps");

#define READ(to, from) bpf_probe_read_kernel(&(to), sizeof(to), (from))

SEC("kprobe/do_exit")
int on_exit(struct pt_regs *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task(), *parent = NULL;
	struct nsproxy *ns = NULL;
	struct pid_namespace *pns = NULL;
	struct info i = { 0 };

	READ(i.pid, &t->pid);
	READ(parent, &t->real_parent);
	if (parent)
		READ(i.ppid, &parent->tgid);
	READ(ns, &t->nsproxy);
	if (ns)
		READ(pns, &ns->pid_ns_for_children);
	if (pns)
		READ(i.level, &pns->level);
#ifdef __clang__
	if (__builtin_preserve_field_info(t->start_boottime, 2)) {
		i.has_start = __builtin_preserve_field_info(t->start_boottime, 1);
		READ(i.start, &t->start_boottime);
	}
#endif
	bpf_probe_read_kernel_str(i.comm, sizeof(i.comm), &t->comm);
	bpf_ringbuf_output(&out, &i, sizeof(i), 0);
	return 0;
}
LICENSE("GPL");
