/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions: static and global, in .text, recursive by level, with five arguments, on the stack. */
#include "bpf.h"

struct acc { u64 sum; u32 n; };

static NOINLINE u64 mix(u64 a, u64 b, u32 c, u8 d, s16 e)
{
	return (a ^ b) * c + d - e;
}

NOINLINE int clamp(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static NOINLINE void add(struct acc *a, u64 v)
{
	a->sum += v;
	a->n++;
}

NOINLINE u64 twice(u64 x)
{
	volatile u64 on_stack[4] = { x, x + 1, x + 2, x + 3 };

	return on_stack[x & 3] * 2;
}

WEAK NOINLINE int overridable(int x)
{
	return x + 1;
}

SEC("tc")
int subprogs(struct __sk_buff *skb)
{
	struct acc a = { 0 };

	add(&a, mix(skb->len, skb->mark, skb->hash, skb->pkt_type, -3));
	add(&a, twice(skb->len));
	add(&a, (u64)clamp((int)skb->priority, 1, 10));
	return overridable((int)a.sum + (int)a.n);
}

SEC("socket")
int other(struct __sk_buff *skb)
{
	return clamp((int)skb->len, 0, 64);
}
LICENSE("GPL");
