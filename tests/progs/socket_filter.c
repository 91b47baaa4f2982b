/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket filter that looks into the packet the old way. */
#include "bpf.h"

#ifdef __clang__
unsigned long long load_byte(void *skb, unsigned long long off) __asm__("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) __asm__("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) __asm__("llvm.bpf.load.word");
#else
#define load_byte(skb, off) __builtin_bpf_load_byte(off)
#define load_half(skb, off) __builtin_bpf_load_half(off)
#define load_word(skb, off) __builtin_bpf_load_word(off)
#endif

SEC("socket")
int filter(struct __sk_buff *skb)
{
	u32 ihl;

	if (load_half(skb, 12) != 0x0800)
		return 0;
	if (load_byte(skb, 23) != 17)
		return 0;
	ihl = (load_byte(skb, 14) & 15) * 4;
	if (load_half(skb, 14 + ihl + 2) != 53)
		return 0;
	return load_word(skb, 14 + 12) >> 24 == 10 ? (int)skb->len : 96;
}
LICENSE("GPL");
