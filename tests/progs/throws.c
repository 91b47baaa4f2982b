/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program that throws, and the function that takes over then, which nothing but a tag names. */
#include "bpf.h"

extern void bpf_throw(u64 cookie) KSYM;

static NOINLINE int doubled(u64 v)
{
	asm volatile("" : "+r"(v));
	return v * 2;
}

NOINLINE int caught(u64 cookie)
{
	return doubled(cookie) + 1;
}

SEC("tc")
__attribute__((btf_decl_tag("exception_callback:caught")))
int throws(struct __sk_buff *skb)
{
	if (skb->len == 33)
		bpf_throw(20);
	return 7;
}
LICENSE("GPL");
