/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions and variables of the kernel by name, strong and weak. */
#include "bpf.h"

#ifdef __clang__
extern void bpf_rcu_read_lock(void) KSYM;
extern void bpf_rcu_read_unlock(void) KSYM;
extern void bpf_nothing_of_that_name(int a) WEAK KSYM;
extern const void bpf_prog_active WEAK KSYM;
extern const int runqueues_absent WEAK KSYM;
#else
#define bpf_rcu_read_lock() 0
#define bpf_rcu_read_unlock() 0
#endif

u64 found;

SEC("tp_btf/task_newtask")
int kfuncs(u64 *ctx)
{
	bpf_rcu_read_lock();
	found++;
	bpf_rcu_read_unlock();
#ifdef __clang__
	if (bpf_nothing_of_that_name)
		bpf_nothing_of_that_name(1);
	if (&runqueues_absent)
		found += 2;
#endif
	return 0;
}
LICENSE("GPL");
