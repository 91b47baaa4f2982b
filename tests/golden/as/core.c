// SPDX-License-Identifier: GPL-2.0-or-later
// The questions of core.s, asked by clang.
typedef unsigned long long u64; typedef unsigned int u32;
#define PAI __attribute__((preserve_access_index))
struct task_struct { int pid; int tgid; char comm[16]; unsigned in_execve : 1, in_iowait : 1; u64 start_time; void *stack; } PAI;
struct task_struct___none { int no_such_field; } PAI;
struct nothing_at_all { int x; } PAI;
enum bpf_map_type___c { BPF_MAP_TYPE_ARRAY___c = 77, BPF_MAP_TYPE_NONE___c = 3 };
#define F(x,k) __builtin_preserve_field_info(x,k)
volatile u64 out[32];
__attribute__((section("syscall"))) int p(void *ctx)
{
	struct task_struct *t = 0; struct task_struct___none *n = 0;
	out[0] = (u64)__builtin_preserve_access_index(&t->pid);
	out[1] = (u64)__builtin_preserve_access_index(&t->comm[3]);
	out[2] = F(t->stack, 2);
	out[3] = F(n->no_such_field, 2);
	out[4] = F(t->comm, 1);
	out[5] = F(t->pid, 3);
	out[6] = F(t->in_iowait, 0);
	out[7] = F(t->in_iowait, 1);
	out[8] = F(t->in_iowait, 4);
	out[9] = F(t->in_iowait, 5);
	out[10] = __builtin_preserve_type_info(*(struct task_struct *)0, 0);
	out[11] = __builtin_preserve_type_info(*(struct task_struct *)0, 1);
	out[12] = __builtin_preserve_type_info(*(struct nothing_at_all *)0, 0);
	out[13] = __builtin_btf_type_id(*(struct task_struct *)0, 1);
	out[14] = __builtin_preserve_enum_value(*(enum bpf_map_type___c *)BPF_MAP_TYPE_ARRAY___c, 0);
	out[15] = __builtin_preserve_enum_value(*(enum bpf_map_type___c *)BPF_MAP_TYPE_ARRAY___c, 1);
	out[16] = __builtin_preserve_enum_value(*(enum bpf_map_type___c *)BPF_MAP_TYPE_NONE___c, 0);
	out[17] = __builtin_preserve_type_info(*(struct task_struct *)0, 2);
	return 0;
}
char _license[] __attribute__((section("license"))) = "GPL";
