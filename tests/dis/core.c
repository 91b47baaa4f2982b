/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields by CO-RE: structures, bit-fields, enumerators, existence of types. */
#include "bpf.h"

#if defined(__clang__)
#define PRESERVE __attribute__((preserve_access_index))
#define ACCESS(x) __builtin_preserve_access_index(x)
#else
#define PRESERVE
#define ACCESS(x) (x)
#endif
struct pids { int level; struct { int nr; void *ns; } numbers[2]; } PRESERVE;
struct task_struct {
	long state; int pid, tgid; struct task_struct *parent; struct pids *thread_pid;
	char comm[16]; unsigned flag : 3, other : 5; union { int i; float f; } u;
} PRESERVE;
enum color { RED, GREEN = 5, BLUE = -1 };
enum wide { HUGE_VALUE = 0x123456789abULL };
typedef struct task_struct task_t;
volatile const enum color favourite = GREEN;
enum wide w = HUGE_VALUE;

SEC("raw_tp/sched_switch") int on_switch(u64 *ctx)
{
	task_t *t = (task_t *)ctx[1], *p = 0;
	char comm[16];
	int pid = 0;

	probe_read(&p, sizeof(p), ACCESS(&t->parent));
	probe_read(&pid, sizeof(pid), ACCESS(&p->tgid));
	probe_read(comm, sizeof(comm), ACCESS(&t->comm));
#if defined(__clang__)
	if (__builtin_preserve_field_info(t->thread_pid, 2))
		pid += __builtin_preserve_field_info(t->u.i, 0);
	pid += __builtin_preserve_type_info(*(struct pids *)0, 0);
	pid += __builtin_preserve_enum_value(*(enum color *)GREEN, 1);
#endif
	return pid + comm[3] + favourite + (int)w;
}
char _license[] SEC("license") = "GPL";
