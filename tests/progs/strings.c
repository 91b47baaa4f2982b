/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings: in .rodata, on the stack, compared, formatted, printed. */
#include "bpf.h"

static const char *const days[7] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
char last[64];

SEC("raw_tracepoint/sched_switch")
int strings(void *ctx)
{
	char comm[16], line[64];
	u64 args[2] = { 0 };

	bpf_get_current_comm(comm, sizeof(comm));
	if (!bpf_strncmp(comm, sizeof(comm), "swapper/0"))
		return 0;
	args[0] = bpf_get_current_pid_tgid() >> 32;
	args[1] = (u64)(long)comm;
	bpf_snprintf(last, sizeof(last), "pid %d comm %s", args, sizeof(args));
	static const char fmt[] = "cpu %d: %s\n";
	bpf_trace_printk(fmt, sizeof(fmt), bpf_get_smp_processor_id(), last);
	__builtin_memset(line, 'x', sizeof(line));
	__builtin_memcpy(line, "head", 4);
	line[63] = 0;
	bpf_trace_printk(line, sizeof(line));
	return 0;
}
LICENSE("GPL");
