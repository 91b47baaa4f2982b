/* SPDX-License-Identifier: GPL-2.0-or-later */
/* flags: -fno-builtin */
/* Calls of memset and its kin, which nobody defines: compilers make them of large structs. */
#include "bpf.h"

extern void *memset(void *to, int c, unsigned long n);
extern void *memcpy(void *to, const void *from, unsigned long n);
extern void *memmove(void *to, const void *from, unsigned long n);
extern int memcmp(const void *a, const void *b, unsigned long n);

struct rec { u8 a[61]; u32 b; u64 c[4]; };
struct { UINT(type, ARRAY_MAP); TYPE(key, u32); TYPE(value, struct rec); UINT(max_entries, 2); } recs SEC(".maps");
u8 from[40] = "0123456789abcdefghijklmnopqrstuvwxyz", back[40] = "abcdefghijklmnop", forth[40] = "abcdefghijklmnop";
u64 results[4];

SEC("xdp")
int libcalls(struct xdp_md *ctx)
{
	struct rec r;
	u32 zero = 0, one = 1;
	struct rec *p = bpf_map_lookup_elem(&recs, &zero), *q = bpf_map_lookup_elem(&recs, &one);
	u8 odd[24];
	u8 *at = odd + 3;

	if (!p || !q)
		return XDP_ABORTED;
	memset(&r, 0x5a, sizeof(r));
	memcpy(p, &r, sizeof(r));
	memcpy(q->a, from, 37);
	/* Not at a multiple of 8 of the stack: words are refused. */
	memset(at, 7, 19);
	memcpy(&q->c, at, 19);
	memmove(back + 2, back, 15);
	memmove(forth, forth + 2, 13);
	results[0] = memcmp(p, &r, sizeof(r));
	results[1] = memcmp("abcdefghijk" "lmnopqrs", "abcdefghijk" "lmnoAqrs", 19);
	results[2] = memcmp(from, back, 3) < 0;
	results[3]++;
	return XDP_PASS;
}
LICENSE("GPL");
