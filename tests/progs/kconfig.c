/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's configuration and version as variables. */
#include "bpf.h"

#ifdef __clang__
extern u32 LINUX_KERNEL_VERSION KCONFIG;
extern u32 CONFIG_HZ KCONFIG WEAK;
enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };
extern enum libbpf_tristate CONFIG_BPF_JIT KCONFIG WEAK;
extern char CONFIG_DEFAULT_HOSTNAME[32] KCONFIG WEAK;
#else
u32 LINUX_KERNEL_VERSION, CONFIG_HZ, CONFIG_BPF_JIT;
char CONFIG_DEFAULT_HOSTNAME[32];
#endif

u64 ticks;

SEC("raw_tracepoint/sys_exit")
int kconfig(void *ctx)
{
	if (LINUX_KERNEL_VERSION < 0x50a00 || !CONFIG_BPF_JIT)
		return 0;
	ticks += CONFIG_HZ ? bpf_ktime_get_ns() / (1000000000u / (CONFIG_HZ + 1)) : 1;
	return CONFIG_DEFAULT_HOSTNAME[0] == '(';
}
LICENSE("GPL");
