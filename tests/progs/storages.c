/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps without a number of entries: local storage, and the queue-like that have no key. */
#include "bpf.h"

struct { UINT(type, TASK_STORAGE); UINT(map_flags, NO_PREALLOC); TYPE(key, int); TYPE(value, u64); } tasks SEC(".maps");
struct { UINT(type, SK_STORAGE); UINT(map_flags, NO_PREALLOC); TYPE(key, int); TYPE(value, u64); } socks SEC(".maps");
struct { UINT(type, 32); UINT(map_flags, NO_PREALLOC); TYPE(key, int); TYPE(value, u64); } cgroups SEC(".maps");
struct { UINT(type, QUEUE); TYPE(value, u64); UINT(max_entries, 4); } waiting SEC(".maps");

SEC("tp_btf/task_newtask")
int newtask(u64 *ctx)
{
	u64 *v = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 1);

	if (v)
		*v += 1;
	return 0;
}

SEC("cgroup/sock_create")
int create(struct bpf_sock *sk)
{
	u64 *v = bpf_sk_storage_get(&socks, sk, NULL, 1), now = bpf_ktime_get_ns();

	if (v)
		*v = now;
	bpf_map_push_elem(&waiting, &now, 0);
	return 1;
}
LICENSE("GPL");
