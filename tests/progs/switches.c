/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dense and sparse switches, tables that compilers make of them, gotos. */
#include "bpf.h"

static NOINLINE int table(u32 v)
{
	switch (v) {
	case 0: return 11;
	case 1: return 222;
	case 2: return 3333;
	case 3: return -44;
	case 4: return 5;
	case 5: return 66;
	case 6: return 7777777;
	case 7: return 8;
	case 9: return 99;
	}
	return 1;
}

static NOINLINE const char *word(u32 v)
{
	switch (v & 7) {
	case 0: return "zero";
	case 1: return "one";
	case 2: return "two";
	case 3: return "three";
	case 4: return "four";
	default: return "many";
	}
}

SEC("socket")
int switches(struct __sk_buff *skb)
{
	u32 v = skb->len, r = 0;
	const char *w = word(v);

again:
	switch (v) {
	case 1000 ... 1999:
		r += 1;
		v -= 1000;
		goto again;
	case 0x10000: case 0x20000: case 0x80000000:
		r += 2;
		break;
	default:
		if (v > 100000)
			r += (u32)table(v & 15);
	}
	return (int)r + table(v) + w[1];
}
LICENSE("GPL");
