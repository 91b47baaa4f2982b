/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which devices may be opened: a switch, and a table in .rodata. */
#include "bpf.h"

static const u16 allowed[][2] = {
	{ 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 }, { 1, 9 }, { 5, 0 }, { 5, 2 },
};

SEC("cgroup/dev")
int devices(struct bpf_cgroup_dev_ctx *ctx)
{
	u32 type = ctx->access_type & 0xffff, major = ctx->major, minor = ctx->minor;

	switch (type) {
	case 1:
		return 0;
	case 2:
		break;
	default:
		return 1;
	}
	for (int i = 0; i < 7; i++)
		if (allowed[i][0] == major && allowed[i][1] == minor)
			return 1;
	return major == 136;
}
LICENSE("GPL");
