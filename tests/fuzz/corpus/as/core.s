	.license "GPL"
	.struct task_struct { int pid; u64 start; } __attribute__((preserve_access_index))
	.section kprobe/x
p:	r2 = *(u32 *)(r1 + @task_struct.pid)
	r3 = @task_struct.start
	r0 = *(u64 *)(r1 + pt_regs.arg1)
	exit
