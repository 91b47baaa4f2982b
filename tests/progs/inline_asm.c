/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Assembly in C, as the kernel's own tests have it. */
#include "bpf.h"

u64 out;

SEC("socket")
int inline_asm(struct __sk_buff *skb)
{
	u64 v = skb->len;

#ifdef __clang__
	asm volatile("%[v] += 1\n\t"
		     "if %[v] > 100 goto 1f\n\t"
		     "%[v] <<= 2\n"
		     "1:\t%[v] ^= 5"
		     : [v] "+r"(v));
	asm volatile("" : "+r"(v) : : "memory");
#endif
	out = v;
	return (int)v;
}

#ifdef __clang__
SEC("socket")
__attribute__((naked)) int bare(void)
{
	asm volatile("r0 = *(u32 *)(r1 + 0);"
		     "if r0 < 10 goto +2;"
		     "r0 -= 10;"
		     "goto l0_%=;"
		     "r0 = 7;"
		     "l0_%=: exit;"
		     ::: "r0");
}
#endif
LICENSE("GPL");
