/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fentry, fexit and LSM: typed arguments. */
#include "bpf.h"

struct task_struct { int pid; } CORE;
struct file { u32 f_mode; u64 f_pos; } CORE;

struct {
	UINT(type, TASK_STORAGE);
	UINT(map_flags, NO_PREALLOC);
	TYPE(key, int);
	TYPE(value, u64);
} per_task SEC(".maps");

u64 reads, bytes, denied;

SEC("fentry/vfs_read")
int on_read(u64 *ctx)
{
	u64 *n = bpf_task_storage_get(&per_task, bpf_get_current_task_btf(), NULL, 1);

	if (n)
		++*n;
	reads++;
	return 0;
}

SEC("fexit/vfs_read")
int after_read(u64 *ctx)
{
	s64 ret = (s64)ctx[4];

	if (ret > 0)
		bytes += (u64)ret;
	return 0;
}

SEC("lsm/file_open")
int on_open(u64 *ctx)
{
	if ((s32)ctx[1])
		return (s32)ctx[1];
	denied += 0;
	return 0;
}
LICENSE("GPL");
