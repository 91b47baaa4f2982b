/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each CO-RE question once: tests/as-core.bats says what loaders make of it. */
	.license "GPL"
	.struct task_struct { int pid; int tgid; char comm[16]; unsigned in_execve : 1, in_iowait : 1; u64 start_time; void *stack; }
	.struct task_struct___none { int no_such_field; }
	.struct nothing_at_all { int x; }
	.enum bpf_map_type___c { BPF_MAP_TYPE_ARRAY___c = 77, BPF_MAP_TYPE_NONE___c = 3 }
	.section "syscall"
	.func	p(ctx: void *) -> int
	r0 = @task_struct.pid
	r0 = @task_struct.comm[3]
	r0 = @exists(task_struct.stack)
	r0 = @exists(task_struct___none.no_such_field)
	r0 = @size(task_struct.comm)
	r0 = @signed(task_struct.pid)
	r0 = @offset(task_struct.in_iowait)
	r0 = @size(task_struct.in_iowait)
	r0 = @lshift(task_struct.in_iowait)
	r0 = @rshift(task_struct.in_iowait)
	r0 = @exists(struct task_struct)
	r0 = @size(struct task_struct)
	r0 = @exists(struct nothing_at_all)
	r0 = @type_id(struct task_struct) ll
	r0 = @exists(enum bpf_map_type___c.BPF_MAP_TYPE_ARRAY___c)
	r0 = @value(enum bpf_map_type___c.BPF_MAP_TYPE_ARRAY___c) ll
	r0 = @exists(enum bpf_map_type___c.BPF_MAP_TYPE_NONE___c)
	r0 = @matches(struct task_struct)
	r0 = @local_id(struct task_struct)
	r0 = 0
	exit
