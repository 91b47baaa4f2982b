/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callbacks: addresses of functions, bpf_loop, each element, a timer. */
#include "bpf.h"

struct bpf_timer { u64 opaque[2]; };
struct elem { struct bpf_timer t; u64 n; };
struct {
	UINT(type, HASH);
	UINT(max_entries, 16);
	TYPE(key, u32);
	TYPE(value, struct elem);
} elems SEC(".maps");

struct state { u64 sum; u32 n; };

static long each(void *map, u32 *key, struct elem *e, struct state *s)
{
	s->sum += e->n;
	return s->sum > 1000;
}

static long step(u32 i, struct state *s)
{
	s->n += i & 1;
	return 0;
}

static int fired(void *map, u32 *key, struct elem *e)
{
	e->n++;
	return 0;
}

SEC("tc")
int callbacks(struct __sk_buff *skb)
{
	struct state s = { 0 };
	u32 key = 1;
	struct elem *e;

	bpf_for_each_map_elem(&elems, each, &s, 0);
	bpf_loop(10, step, &s, 0);
	e = bpf_map_lookup_elem(&elems, &key);
	if (e) {
		bpf_timer_init(&e->t, &elems, 1);
		bpf_timer_set_callback(&e->t, fired);
		bpf_timer_start(&e->t, 1000000, 0);
	}
	return (int)s.sum;
}
LICENSE("GPL");
