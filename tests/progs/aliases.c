/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Aliases, symbols with other names than C gives, weak ones, sections of one's own. */
#include "bpf.h"

int value = 5;
extern int other_name __attribute__((alias("value")));
int renamed __asm__("name.with.dots") = 7;
#ifdef __clang__
int odd __asm__("name with blanks") = 8;
int *to_odd = &odd;
#endif

NOINLINE int base(int x)
{
	return x + value;
}
int also(int x) __attribute__((alias("base")));
WEAK int missing(int x);
SEC("?socket") NOINLINE int in_section(int x)
{
	return x * 3;
}

SEC("socket")
int aliases(struct __sk_buff *skb)
{
	return base((int)skb->len) + renamed + other_name;
}

SEC("?tc")
int not_by_itself(struct __sk_buff *skb)
{
	return base((int)skb->mark);
}

SEC("kprobe.multi/vfs_*")
int many(void *ctx)
{
	return 0;
}
LICENSE("Dual MIT/GPL");
