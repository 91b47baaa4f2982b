/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A token bucket under a spin lock. */
#include "bpf.h"

struct bpf_spin_lock { u32 val; };
struct bucket {
	struct bpf_spin_lock lock;
	u32 pad;
	u64 tokens, last;
};
struct {
	UINT(type, ARRAY_MAP);
	UINT(max_entries, 1);
	TYPE(key, u32);
	TYPE(value, struct bucket);
} buckets SEC(".maps");

const volatile u64 rate = 125000, burst = 1000000;

SEC("classifier")
int police(struct __sk_buff *skb)
{
	u64 now = bpf_ktime_get_ns(), more;
	struct bucket *b;
	u32 key = 0;
	bool ok;

	b = bpf_map_lookup_elem(&buckets, &key);
	if (!b)
		return TC_ACT_SHOT;
	more = (now - b->last) / 1000 * rate / 1000000;
	bpf_spin_lock(&b->lock);
	b->tokens += more;
	b->last = now;
	if (b->tokens > burst)
		b->tokens = burst;
	ok = b->tokens >= skb->len;
	if (ok)
		b->tokens -= skb->len;
	bpf_spin_unlock(&b->lock);
	return ok ? TC_ACT_OK : TC_ACT_SHOT;
}
LICENSE("GPL");
