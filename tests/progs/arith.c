/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arithmetic of every width and sign. */
#include "bpf.h"

u64 r64;
s64 s64v = -5;
u32 r32;
s32 s32v = -7;
s16 s16v = -9;
s8 s8v = -11;

SEC("socket")
int arith(struct __sk_buff *skb)
{
	u64 a = skb->len, b = skb->mark | 1;
	u32 c = skb->hash, d = skb->priority | 1;

	r64 = a * b + a / b - a % b + (a << (b & 31)) + (a >> 3);
	r32 = c * d + c / d - c % d + (c << (d & 15)) + (c >> 5);
	s64v = (s64v >> 3) + (s64)(s32)c + -(s64)a;
	s32v = (s32v >> 2) + (s16)c + (s8)d;
	s16v = (s16)(s16v * 3 + s8v);
	s8v = (s8)(s8v - (s8)a);
	r64 ^= 0x123456789abcdef0ULL;
	r64 += __builtin_bswap64(a) ^ __builtin_bswap32(c) ^ __builtin_bswap16((u16)d);
	r64 -= a > b ? 0xffffffffULL : 0xffffffff00000000ULL;
	return s64v < 0 ? -1 : s32v > -3 ? (int)r32 : (int)(a > 0x7fffffff);
}
LICENSE("GPL");
