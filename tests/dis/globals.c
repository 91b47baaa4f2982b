/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data of all kinds: initialised, zero, constant, hidden, weak, with addresses in it; strings. */
#include "bpf.h"

int counter = 3;
static volatile u64 hidden_total;
const volatile u32 wanted = 7;
__attribute__((visibility("hidden"))) u16 small[5] = { 1, 2, 3 };
__attribute__((weak)) char label[] = "a label;\n\"quoted\"";
int big_zero[100];
static const char *const names[] = { "one", "two", "three # four // five" };
int *pointer = &counter, *inside = &big_zero[10];
struct { char c; u64 v; char tail[3]; } packed = { 'x', 0x1122334455667788, "ab" };
extern int outside;
extern int maybe __attribute__((weak));

static noinline int sub(int x) { return x * counter + wanted; }
noinline int global_sub(int x) { return x ? sub(x - 1) + small[x & 3] : 0; }

SEC("tracepoint/one") int one(void *ctx)
{
	const volatile char *s = names[(long)ctx & 1];

	hidden_total += sub((int)(long)ctx);
	return global_sub(packed.c) + label[1] + *inside + s[0] + outside + (&maybe ? 1 : 0);
}
SEC("tracepoint/one") int two(void *ctx) { return one(ctx) + big_zero[3] + *pointer; }
SEC("?kprobe/odd.name-x") int three(void *ctx) { return sub(1) - (int)hidden_total; }
u32 _version SEC("version") = 0x60100;
char LICENSE[] SEC("license") = "Dual MIT/GPL";
