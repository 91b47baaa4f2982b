/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields that lie elsewhere in each kernel: what task_struct holds is what the helpers say.
 * seen[0]: how often both agreed, seen[1]: how often not.
 */
	.license "GPL"
	.struct task_struct { int pid; int tgid; struct task_struct *group_leader; }
	.map	seen, array, key=u32, value=u64, max_entries=2

	.section raw_tp/sys_enter
on_enter:
	call	bpf_get_current_task_btf
	r6 = r0
	call	bpf_get_current_pid_tgid
	r7 = r0
	w1 = *(u32 *)(r6 + @task_struct.pid)
	w2 = *(u32 *)(r6 + @task_struct.tgid)
	r3 = *(u64 *)(r6 + @task_struct.group_leader)
	w3 = *(u32 *)(r3 + @task_struct.pid)
	r8 = 0
	if w1 != w7 goto differ
	r7 >>= 32
	if w2 != w7 goto differ
	if w3 == w7 goto agree
differ:	r8 = 1
agree:	*(u32 *)(r10 - 4) = w8
	r1 = seen ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	if r0 == 0 goto out
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
out:	r0 = 0
	exit
