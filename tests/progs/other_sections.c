/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Functions that programs call, in sections of any name; calls between programs' sections. */
#include "bpf.h"

__attribute__((section("subprogs"))) NOINLINE int twice(int v)
{
	return v * 2;
}

__attribute__((section("more.subprogs"))) static NOINLINE int four_times(int v)
{
	return twice(twice(v));
}

SEC("tc")
int first(struct __sk_buff *skb)
{
	return four_times(skb->len) > 1000 ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("classifier/again")
int second(struct __sk_buff *skb)
{
	return first(skb) + twice(skb->mark);
}
LICENSE("GPL");
