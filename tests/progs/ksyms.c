/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symbols of the kernel: functions called, by name and by flavour; addresses; weak ones that no kernel has.
 * With TYPED a variable of every processor, which takes a kernel with CONFIG_KALLSYMS_ALL.
 */
#include "bpf.h"

struct task_struct { int pid, tgid; } CORE;
struct rq { int cpu; } CORE;

#ifdef __clang__
extern struct task_struct *bpf_task_from_pid(int pid) KSYM;
extern void bpf_task_release(struct task_struct *p) KSYM;
/* Not what the kernel has under that name: left out because it is weak. */
extern int bpf_task_from_pid___old(u64 a, u64 b) KSYM WEAK;
extern int bpf_no_such_function(int a) KSYM WEAK;
extern const void schedule KSYM;
extern const void no_such_address KSYM WEAK;
extern const int no_such_variable KSYM WEAK;
#ifdef TYPED
extern const struct rq runqueues KSYM;
HELPER(153, void *, bpf_per_cpu_ptr, (const void *p, u32 cpu));
#endif
#endif

u64 found, released, address, absent, cpu = 99;

SEC("tp_btf/task_newtask")
int ksyms(u64 *ctx)
{
#ifdef __clang__
	int pid = (int)bpf_get_current_pid_tgid();
	struct task_struct *t = bpf_task_from_pid(pid);

	if (t) {
		found += t->pid == pid;
		bpf_task_release(t);
		released++;
	}
	if (bpf_no_such_function)
		absent += bpf_no_such_function(1);
	if (bpf_task_from_pid___old)
		absent += bpf_task_from_pid___old(1, 2);
	address = (u64)&schedule;
	absent += (u64)&no_such_address + (u64)&no_such_variable;
#ifdef TYPED
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, 0);

	if (rq)
		cpu = rq->cpu;
#endif
#endif
	return 0;
}
LICENSE("GPL");
