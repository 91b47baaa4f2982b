/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A map of every type, with every member: tests/as-maps.bats says what the kernel makes of it. */
	.license "GPL"
	.struct flow { u32 saddr; u32 daddr; u16 port[2]; }
	.struct stats { u64 packets; u64 bytes; }
	.map	hash, hash, key=struct flow, value=struct stats, max_entries=1K, flags=BPF_F_NO_PREALLOC|BPF_F_ZERO_SEED
	.map	array, array, key=u32, value=u64[4], max_entries=8, mmapable
	.map	array_ro, array, key=u32, value=struct stats, max_entries=2, readonly, numa_node=0
	.map	array_im, array, key=u32, value=u32, max_entries=2, inner_map
	.map	prog_array, prog_array, values={ t1, [3]=t2 }
	.map	perf, perf_event_array
	.map	perf16, perf_event_array, max_entries=16, preserve_elems
	.map	pc_hash, percpu_hash, key=u64, value=u64, max_entries=16
	.map	pc_array, percpu_array, key=u32, value=u64, max_entries=16
	.map	stacks, stack_trace, value=u64[127], max_entries=128
	.map	stack_ids, stack_trace, value=32*4, max_entries=4, stack_build_id
	.map	cgroups, cgroup_array, max_entries=3
	.map	lru, lru_hash, key=u32, value=u32, max_entries=64, no_common_lru
	.map	lru_pc, lru_percpu_hash, key=u32, value=u32, max_entries=64
	.map	lpm, lpm_trie, key=u64, value=u32, max_entries=5, no_prealloc
	.map	in_a, array, key=u32, value=u64, max_entries=2
	.map	in_b, array, key=u32, value=u64, max_entries=2
	.map	outer_a, array_of_maps, max_entries=4, inner={ array, key=u32, value=u64, max_entries=2 }, values={ in_a, [2]=in_b }
	.map	outer_h, hash_of_maps, key=u64, max_entries=9, inner=in_a
	.map	dev, devmap, max_entries=4
	.map	dev8, devmap, value=8, max_entries=4
	.map	sockmap, sockmap, max_entries=5
	.map	cpu, cpumap, value=8, max_entries=2
	.map	xsk, xskmap, max_entries=4
	.map	sockhash, sockhash, key=u64, value=u64, max_entries=6
	.map	cg_storage, cgroup_storage, key=struct bpf_cgroup_storage_key, value=u64
	.map	reuse, reuseport_sockarray, value=u64, max_entries=2
	.map	pc_cg, percpu_cgroup_storage, key=u64, value=u32
	.map	queue, queue, value=struct stats, max_entries=3
	.map	stack, stack, value=u32, max_entries=3
	.map	sk, sk_storage, key=s32, value=struct stats, no_prealloc
	.map	sk_clone, sk_storage, key=s32, value=u64, flags=BPF_F_NO_PREALLOC|BPF_F_CLONE
	.map	devh, devmap_hash, max_entries=7
	.map	ring, ringbuf, max_entries=64K
	.map	inode, inode_storage, key=s32, value=u64, no_prealloc
	.map	task, task_storage, key=s32, value=struct stats, no_prealloc
	.map	bloom, bloom_filter, value=u32, max_entries=100, map_extra=7
	.map	uring, user_ringbuf, max_entries=8K
	.map	cgrp, cgrp_storage, key=s32, value=u64, no_prealloc
	.map	arena, arena, max_entries=4, mmapable

	.section xdp
t1:	r0 = 1
	exit
t2:	r0 = 2
	exit
