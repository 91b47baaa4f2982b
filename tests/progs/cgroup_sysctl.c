/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Refuses writes of one sysctl; string on the stack. */
#include "bpf.h"

HELPER(101, long, bpf_sysctl_get_name, (void *ctx, char *buf, u64 size, u64 flags));

SEC("cgroup/sysctl")
int sysctl(struct bpf_sysctl *ctx)
{
	static const char want[] = "net/ipv4/ip_forward";
	char name[32] = "";

	if (!ctx->write)
		return 1;
	if (bpf_sysctl_get_name(ctx, name, sizeof(name), 0) < 0)
		return 1;
	return bpf_strncmp(name, sizeof(want), want) != 0;
}
LICENSE("GPL");
