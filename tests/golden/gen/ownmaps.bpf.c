// SPDX-License-Identifier: GPL-2.0-or-later
/* For a skeleton without a library: a map that is pinned by name, maps in a map, a table of programs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} kept SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} one SEC(".maps"), two SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct inner);
} maps SEC(".maps") = { .values = { [0] = &one, [2] = &two } };

int after(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__array(values, int(struct xdp_md *));
} progs SEC(".maps") = { .values = { [1] = &after } };

SEC("xdp") int after(struct xdp_md *ctx)
{
	return 7;
}

SEC("xdp") int count(struct xdp_md *ctx)
{
	__u32 zero = 0, last = 2;
	__u64 *v = bpf_map_lookup_elem(&kept, &zero);
	void *in = bpf_map_lookup_elem(&maps, &last);

	if (v)
		++*v;
	if (in && (v = bpf_map_lookup_elem(in, &zero)))
		*v = 5;
	bpf_tail_call(ctx, &progs, 1);
	return 1;
}

char LICENSE[] SEC("license") = "GPL";
