/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may connect where, and rewriting of addresses. */
#include "bpf.h"

struct dest { be32 addr; be32 port; };
struct {
	UINT(type, HASH);
	UINT(max_entries, 64);
	TYPE(key, struct dest);
	TYPE(value, struct dest);
} rewrite SEC(".maps");

SEC("cgroup/connect4")
int connect4(struct bpf_sock_addr *ctx)
{
	struct dest d = { ctx->user_ip4, ctx->user_port }, *to;

	if (ctx->type != 1)
		return 1;
	to = bpf_map_lookup_elem(&rewrite, &d);
	if (!to)
		return 1;
	if (!to->addr)
		return 0;
	ctx->user_ip4 = to->addr;
	ctx->user_port = to->port;
	return 1;
}

SEC("cgroup/connect6")
int connect6(struct bpf_sock_addr *ctx)
{
	u32 any = ctx->user_ip6[0] | ctx->user_ip6[1] | ctx->user_ip6[2];

	return any || ctx->user_ip6[3] != 0x01000000;
}
LICENSE("GPL");
