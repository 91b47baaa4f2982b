/* SPDX-License-Identifier: GPL-2.0-or-later */
/* To another device, by a devmap; and to another CPU. */
#include "bpf.h"

struct { UINT(type, DEVMAP); UINT(max_entries, 8); UINT(key_size, 4); UINT(value_size, 4); } ports SEC(".maps");
struct { UINT(type, CPUMAP); UINT(max_entries, 4); UINT(key_size, 4); UINT(value_size, 4); } cpus SEC(".maps");

SEC("xdp")
int to_port(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ports, ctx->ingress_ifindex & 7, XDP_PASS);
}

SEC("xdp")
int to_cpu(struct xdp_md *ctx)
{
	u32 cpu = bpf_get_smp_processor_id();

	return bpf_redirect_map(&cpus, (cpu + 1) & 3, 0);
}

SEC("xdp")
int to_device(struct xdp_md *ctx)
{
	return bpf_redirect(ctx->ingress_ifindex + 1, 0);
}
LICENSE("GPL");
