/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and results of kernel functions; time between them. */
#include "bpf.h"

struct {
	UINT(type, HASH);
	UINT(max_entries, 10240);
	TYPE(key, u64);
	TYPE(value, u64);
} started SEC(".maps");
struct {
	UINT(type, ARRAY_MAP);
	UINT(max_entries, 64);
	TYPE(key, u32);
	TYPE(value, u64);
} hist SEC(".maps");

static NOINLINE u32 log2(u64 v)
{
	u32 r = 0;

	if (v >> 32) {
		v >>= 32;
		r = 32;
	}
	r += (v > 0xffff) << 4;
	v >>= (v > 0xffff) << 4;
	r += (v > 0xff) << 3;
	v >>= (v > 0xff) << 3;
	r += (v > 0xf) << 2;
	v >>= (v > 0xf) << 2;
	r += (v > 0x3) << 1;
	v >>= (v > 0x3) << 1;
	return r + (u32)(v >> 1);
}

SEC("kprobe/vfs_read")
int enter(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	if (ctx->dx < 16)
		return 0;
	bpf_map_update_elem(&started, &id, &now, MAP_ANY);
	return 0;
}

SEC("kretprobe/vfs_read")
int leave(struct pt_regs *ctx)
{
	u64 id = bpf_get_current_pid_tgid(), *from, *slot;
	u32 i;

	from = bpf_map_lookup_elem(&started, &id);
	if (!from)
		return 0;
	i = log2(bpf_ktime_get_ns() - *from);
	if (i > 63)
		i = 63;
	slot = bpf_map_lookup_elem(&hist, &i);
	if (slot)
		__sync_fetch_and_add(slot, 1);
	bpf_map_delete_elem(&started, &id);
	return 0;
}
LICENSE("GPL");
