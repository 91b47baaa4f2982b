/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cpu v4 has instructions for: signed division, sign extension, swaps. */
#include "bpf.h"

s64 q64, m64;
s32 q32, m32;
s8 bytes[16];
s16 halves[16];
s32 words[16];

SEC("socket")
int signed_v4(struct __sk_buff *skb)
{
	u32 i = skb->len & 15;
	s64 a = (s64)skb->mark - 1000;
	s32 b = (s32)skb->hash;

#if __BPF_CPU_VERSION__ >= 4
	q64 = a / 7;
	m64 = a % (b | 1);
	q32 = b / 3;
	m32 = b % 11;
#endif
	a += bytes[i] + halves[i] + words[i];
	a += (s8)skb->len + (s16)skb->mark;
	words[i] = (s32)(s16)a;
	return (int)__builtin_bswap32((u32)a) + (int)__builtin_bswap16((u16)b);
}
LICENSE("GPL");
