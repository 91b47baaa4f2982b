/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Globals in an arena (address space 1), and its pages. */
/* flags: -mcpu=v3 */
#include "bpf.h"

#if defined(__clang__) && defined(__BPF_FEATURE_ADDR_SPACE_CAST)
#define ARENA __attribute__((address_space(1)))
#else
#define ARENA
#endif

struct {
	UINT(type, 33);
	UINT(map_flags, 1 << 10);
	UINT(max_entries, 16);
} arena SEC(".maps");

u64 ARENA counter = 5;
u64 ARENA total[4];

SEC("syscall")
int add(void *ctx)
{
	counter++;
	total[1] += counter;
	return counter;
}
LICENSE("GPL");
