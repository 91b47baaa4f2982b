/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maps as the kernel's samples declared them until 5.13: seven numbers, inner maps by their place. */
#include "bpf.h"

struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node;
};

struct bpf_map_def SEC("maps") inner = { HASH, 4, 8, 16, NO_PREALLOC };
struct bpf_map_def SEC("maps") outer = { ARRAY_OF_MAPS, 4, 4, 8, 0, 0 };
struct bpf_map_def SEC("maps") counts = { ARRAY_MAP, 4, 8, 2, 4 /* NUMA_NODE */, 0, 0 };
static struct bpf_map_def SEC("maps") hidden = { PERCPU_HASH, 4, 8, 7 };

SEC("tracepoint/syscalls/sys_enter_getpid")
int on_getpid(void *ctx)
{
	u32 key = 0;
	u64 one = 1, *v;
	void *in;

	v = bpf_map_lookup_elem(&counts, &key);
	if (v)
		__sync_fetch_and_add(v, 1);
	in = bpf_map_lookup_elem(&outer, &key);
	if (in)
		bpf_map_update_elem(in, &key, &one, MAP_ANY);
	bpf_map_update_elem(&inner, &key, &one, MAP_ANY);
	bpf_map_update_elem(&hidden, &key, &one, MAP_ANY);
	return 0;
}
LICENSE("GPL");
