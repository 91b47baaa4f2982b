/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loops: bounded, unrolled, nested, over packet bytes. */
#include "bpf.h"

u32 primes[32];

SEC("xdp")
int loops(struct xdp_md *ctx)
{
	u8 *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	u32 sum = 0, n = 0;
	u8 window[16];

	for (u32 i = 0; i < 20; i++) {
		if (p + i + 1 > end)
			break;
		sum = (sum << 1 | sum >> 31) ^ p[i];
	}
#pragma GCC unroll 4
	for (int i = 0; i < 16; i++)
		window[i] = (u8)(sum >> i);
	for (u32 i = 2; i < 24 && n < 32; i++) {
		bool ok = true;

		for (u32 j = 2; j * j <= i; j++)
			if (i % j == 0) {
				ok = false;
				break;
			}
		if (ok)
			primes[n++ & 31] = i;
	}
	return window[sum & 15] > 200 ? XDP_DROP : XDP_PASS;
}
LICENSE("GPL");
