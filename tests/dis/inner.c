/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps in maps with their contents, programs in maps, maps of the old kind. */
#include "bpf.h"

struct inner { INT(type, 2); TYPE(key, (u32)0); TYPE(value, (u32)0); INT(max_entries, 4); };
struct inner a SEC(".maps"), b SEC(".maps");
struct {
	INT(type, 12); INT(max_entries, 4); TYPE(key, (u32)0);
	struct inner *values[];
} outer SEC(".maps") = { .values = { [1] = &a, [3] = &b } };
int target(void *ctx);
struct {
	INT(type, 3); INT(max_entries, 2); TYPE(key, (u32)0);
	int (*values[])(void *);
} progs SEC(".maps") = { .values = { [1] = target } };

struct old { u32 type, key_size, value_size, max_entries, flags; };
struct old legacy SEC("maps") = { 1, 4, 8, 16, 0 }, legacy2 SEC("maps") = { 2, 4, 4, 1, 0 };

SEC("socket") int target(void *ctx) { return 0; }
static long each(u32 i, void *ctx) { return i > 3; }
SEC("socket") int start(void *ctx)
{
	u32 key = 1, *v;
	void *m = map_lookup(&outer, &key);

	v = m ? map_lookup(m, &key) : 0;
	if (v && *v)
		tail_call(ctx, &progs, 1);
	v = map_lookup(&legacy, &key);
	if (!v)
		v = map_lookup(&legacy2, &key);
	loop(3, each, &key, 0);
	return v ? *v : 0;
}
char _license[] SEC("license") = "GPL";
