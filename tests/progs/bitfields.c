/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bit-fields, packed and unaligned members, unions. */
#include "bpf.h"

struct bits {
	u32 a : 1, b : 7, c : 13, d : 11;
	s32 e : 5, f : 27;
	u64 g : 40, h : 24;
};
struct packed { u8 a; u32 b; u16 c; u64 d; } __attribute__((packed));
union any { u64 v; u8 b[8]; struct { u32 lo, hi; }; struct bits *p; };

struct bits all[4];
struct packed odd = { 1, 2, 3, 4 };
union any any = { .b = { 1, 2, 3 } };

SEC("socket")
int bitfields(struct __sk_buff *skb)
{
	struct bits *x = &all[skb->len & 3];

	x->a ^= 1;
	x->b += skb->mark;
	x->c = x->d + x->b;
	x->e--;
	x->f = (int)skb->priority - x->e;
	x->g += (u64)x->c << 20;
	x->h = x->g >> 3;
	odd.b += odd.a;
	odd.d ^= odd.c;
	any.lo += any.hi;
	return x->f > 0 ? (int)x->h : (int)odd.d + any.b[3];
}
LICENSE("GPL");
