/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CO-RE against the running kernel, with what the kernel's own helpers say to compare it with. */
#include "bpf.h"

struct mm_struct;
struct task_struct {
	char comm[16];
	int tgid;
	int not_in_any_kernel;
	struct task_struct *group_leader;
	int pid;
} CORE;
struct task_struct___later { u64 not_in_any_kernel; } CORE;
enum bpf_map_type { BPF_MAP_TYPE_RINGBUF = 1000, NO_SUCH_TYPE = 2000 };

u64 same, differ, leader, size, ring, unknown;

#define READ(to, from) bpf_probe_read_kernel(&(to), sizeof(to), (from))

SEC("raw_tp/sys_enter")
int on_enter(u64 *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task(), *lead = NULL;
	u64 id = bpf_get_current_pid_tgid();
	int tgid = 0, pid = 0;
	char comm[16] = "", name[16] = "";

	READ(tgid, &t->tgid);
	READ(pid, &t->pid);
	READ(lead, &t->group_leader);
	READ(comm, &t->comm);
	bpf_get_current_comm(name, sizeof(name));
	if (tgid == (int)(id >> 32) && pid == (int)id && *(u64 *)comm == *(u64 *)name)
		__sync_fetch_and_add(&same, 1);
	else
		__sync_fetch_and_add(&differ, 1);
	tgid = 0;
	if (lead)
		READ(tgid, &lead->pid);
	if (tgid == (int)(id >> 32))
		__sync_fetch_and_add(&leader, 1);
#ifdef __clang__
	size = __builtin_preserve_type_info(*(struct task_struct *)0, 1);
	ring = __builtin_preserve_enum_value(*(enum bpf_map_type *)BPF_MAP_TYPE_RINGBUF, 1);
	if (__builtin_preserve_enum_value(*(enum bpf_map_type *)NO_SUCH_TYPE, 0))
		unknown = __builtin_preserve_enum_value(*(enum bpf_map_type *)NO_SUCH_TYPE, 1);
	if (__builtin_preserve_field_info(t->not_in_any_kernel, 2))
		READ(unknown, &t->not_in_any_kernel);
#endif
	return 0;
}
LICENSE("GPL");
