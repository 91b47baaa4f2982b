/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memcpy, memset, memmove and comparisons as builtins; structs by value. */
#include "bpf.h"

struct rec { u64 id; char name[20]; u16 flags; u32 v[3]; };
struct {
	UINT(type, ARRAY_MAP);
	UINT(max_entries, 4);
	TYPE(key, u32);
	TYPE(value, struct rec);
} recs SEC(".maps");

static const struct rec model = { 77, "the model", 0x8001, { 1, 2, 3 } };

SEC("socket")
int memory(struct __sk_buff *skb)
{
	struct rec a = model, b = { 0 }, *r;
	u32 key = skb->len & 3;

	a.id += skb->hash;
	__builtin_memcpy(b.name, a.name, sizeof(b.name));
	__builtin_memset(a.v, 0xff, sizeof(a.v));
	__builtin_memmove(b.v, a.v, sizeof(b.v));
	if (__builtin_memcmp(a.name, model.name, 8))
		b = a;
	r = bpf_map_lookup_elem(&recs, &key);
	if (!r)
		return 0;
	*r = key & 1 ? a : b;
	return (int)r->v[2];
}
LICENSE("GPL");
