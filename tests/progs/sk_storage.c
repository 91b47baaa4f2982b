/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory of each socket. */
#include "bpf.h"

struct note { u64 first, packets; };
struct {
	UINT(type, SK_STORAGE);
	UINT(map_flags, NO_PREALLOC);
	TYPE(key, int);
	TYPE(value, struct note);
} notes SEC(".maps");

SEC("cgroup/sock_create")
int note(struct bpf_sock *sk)
{
	struct note *n = bpf_sk_storage_get(&notes, sk, NULL, 1);

	if (!n)
		return 1;
	if (!n->first)
		n->first = bpf_ktime_get_ns();
	n->packets++;
	return 1;
}
LICENSE("GPL");
