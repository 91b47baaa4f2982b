/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Global data of each kind and size, initialised and not, with pointers among them. */
#include "bpf.h"

struct pair { int a; struct { char name[5]; u64 v; } in[2]; };

u8 b1 = 7;
u16 h1 = 0x1234;
#ifdef __clang__ /* no name for its assembler */
#define w1 word1
#endif
u32 w1 = 0x12345678, v2;
u64 d1 = 0x123456789abcdef0, d2;
static int local = -3, zero;
static const char text[] = "a text with \"quotes\", \t tabs, \\ and \377 bytes";
const char *const names[] = { "one", "two", "three", "one" };
struct pair pairs[3] = { { 1, { { "ab", 2 }, { "cde", 3 } } }, { 4 } };
const volatile struct { u32 on : 1, mode : 3; s32 limit; } config = { 1, 5, -100 };
u32 *where = &w1, *beyond = &v2 + 2;
u32 table[64] = { [3] = 3, [62] = 62 };
u8 big[4000];
double pi = 3.25;
HIDDEN int hidden_one = 11;
WEAK int weak_one = 12;
u32 in_own_section __attribute__((section(".data.own"))) = 99;
u32 ro_own __attribute__((section(".rodata.own"))) = 98;

SEC("socket")
int globals(struct __sk_buff *skb)
{
	u32 i = skb->len & 63;

	v2 += b1 + h1 + w1;
	d2 += d1 + local + zero++;
	big[i] = text[i & 31];
	table[i] += pairs[i & 1].in[1].v;
	if (config.on && config.mode > 2 && (s32)skb->len > config.limit)
		local--;
	hidden_one += weak_one;
	in_own_section += ro_own;
	return (int)(v2 + d2 + table[i]);
}
LICENSE("GPL");
