/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Enough code and data that offsets take more than one byte, and lines more than one step. */
#include "bpf.h"

#define X1(n) v = (v ^ (n)) * 0x9e3779b97f4a7c15ULL + (v >> 29);
#define X4(n) X1(n) X1(n + 1) X1(n + 2) X1(n + 3)
#define X16(n) X4(n) X4(n + 4) X4(n + 8) X4(n + 12)
#define X64(n) X16(n) X16(n + 16) X16(n + 32) X16(n + 48)

u64 state[128];
u16 table[1024] = { [1000] = 1 };

SEC("socket")
int large(struct __sk_buff *skb)
{
	u64 v = skb->len;

	X64(0)
	X64(64)
	if (v & 1) {
		X64(128)



















































		X64(192)
	} else {
		for (int i = 0; i < 8; i++) {
			u64 w = v + (u64)i;

			X16(256)
			state[w & 127] += v;
		}
	}
	state[v & 127] ^= table[v & 1023];
	return (int)v;
}
LICENSE("GPL");
