#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: .map of every type with every member, as libbpf makes them on this kernel; other ways to declare them.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

# What golden/as/maps.s asks for: name, type, bytes of key and value, entries, flags.
asked()
{
	cat <<'T'
array array 4 32 8 1024
array_im array 4 4 2 4096
array_ro array 4 16 2 132
bloom bloom_filter 0 4 100 0
cg_storage cgroup_storage 16 8 0 0
cgroups cgroup_array 4 4 3 0
cgrp 32 4 8 0 1
cpu cpumap 4 8 2 0
dev devmap 4 4 4 128
dev8 devmap 4 8 4 128
devh devmap_hash 4 4 7 128
hash hash 12 16 1024 65
in_a array 4 8 2 0
in_b array 4 8 2 0
inode inode_storage 4 8 0 1
lpm lpm_trie 8 4 5 1
lru lru_hash 4 4 64 2
lru_pc lru_percpu_hash 4 4 64 0
outer_a array_of_maps 4 4 4 0
outer_h hash_of_maps 8 4 9 0
pc_array percpu_array 4 8 16 0
pc_cg percpu_cgroup_storage 8 4 0 0
pc_hash percpu_hash 8 8 16 0
perf16 perf_event_array 4 4 16 2048
prog_array prog_array 4 4 4 0
queue queue 0 16 3 0
reuse reuseport_sockarray 4 8 2 0
ring ringbuf 0 0 65536 0
sk sk_storage 4 16 0 1
sk_clone sk_storage 4 8 0 513
sockhash sockhash 8 8 6 0
sockmap sockmap 4 4 5 0
stack stack 0 4 3 0
stack_ids stack_trace 4 128 4 32
stacks stack_trace 4 1016 128 0
task task_storage 4 16 0 1
uring user_ringbuf 0 0 8192 0
xsk xskmap 4 4 4 0
T
}

@test "every type of map: what was asked for is what the kernel has, by upstream's bpftool" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	need_cmd jq
	run -0 $BPF_AS -o m.o "$SRCDIR/tests/golden/as/maps.s"
	assert_output ''
	run $UPSTREAM prog loadall m.o "$PINS/m" pinmaps "$PINS/m"
	assert_success
	refute_output --partial 'Retrying without BTF'
	asked | while read -r name rest; do
		info=$($UPSTREAM -j map show pinned "$PINS/m/$name" |
			jq -r '[.type, .bytes_key, .bytes_value, .max_entries, .flags] | @tsv' | tr '\t' ' ')
		[ "$info" = "$rest" ] || echo "$name: asked $rest, got $info"
	done >wrong
	run -0 cat wrong
	assert_output ''
	assert_equal "$(asked | wc -l)" 38
	run -0 $UPSTREAM map dump pinned "$PINS/m/prog_array"
	assert_output --partial 'Found 2 elements'
	assert_output --partial 'key: 03 00 00 00'
	run -0 $UPSTREAM map dump pinned "$PINS/m/outer_a"
	assert_output --partial 'key: 02 00 00 00'
}

@test "bpf-ld makes the same maps" {
	need_root
	need_bpf
	need_pins
	run -0 $BPF_AS -o m.o "$SRCDIR/tests/golden/as/maps.s"
	run -0 $BPF_LD --no-attach --pin "$PINS/m" m.o
	run -0 $BPFTOOL map dump pinned "$PINS/m/prog_array"
	assert_output --partial '03 00 00 00'
	run -0 $BPFTOOL -j map show pinned "$PINS/m/hash"
	assert_output --partial '"max_entries":1024'
}

@test "map_extra of more than 32 bits is an enumerator, as libbpf's __ulong" {
	need_upstream_bpftool
	cat >x.s <<'S'
	.map a, arena, max_entries=4, mmapable, map_extra=0x100000000000
	.map b, bloom_filter, value=u32, max_entries=9, map_extra=3
S
	run -0 $BPF_AS x.s
	run -0 $UPSTREAM btf dump file x.o
	assert_output --regexp "ENUM64 '.*' .*size=8 vlen=1"
	assert_output --partial 'val=17592186044416'
}

@test "pinned by name is found again" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	printf '\t.map as_maps_pin, array, key=u32, value=u32, max_entries=3, pinning=by_name\n\t.section xdp\np:\tr0 = 2\n\texit\n' >x.s
	run -0 $BPF_AS x.s
	run -0 $UPSTREAM prog load x.o "$PINS/x"
	run -0 $UPSTREAM -j map show pinned /sys/fs/bpf/as_maps_pin
	assert_output --partial '"max_entries":3'
	rm /sys/fs/bpf/as_maps_pin
}

old_maps()
{
	cat >x.s <<'S'
	.license "GPL"
	.struct stats { u64 packets; u64 bytes; }
	.map	inner, array, key=u32, value=u64, max_entries=2, id=7
	.map	h, hash, key=u32, value=struct stats, max_entries=16, no_prealloc
S
	cat >>x.s
	cat >>x.s <<'S'
	.section classifier
p:	*(u32 *)(r10 - 4) = 1
	r1 = h ll
	r2 = r10
	r2 += -4
	call	bpf_map_lookup_elem
	r0 = 0
	exit
S
}

@test "legacy: struct bpf_map_def, five numbers a map" {
	need_cmd llvm-objcopy-19
	old_maps </dev/null
	run -0 $BPF_AS --maps=legacy x.s
	llvm-objcopy-19 --dump-section maps=maps x.o
	assert_equal "$(od -An -v -tu4 -w20 maps | tr -s ' ')" " 2 4 8 2 0
 1 4 16 16 1"
	need_root
	need_bpf
	run -0 $BPF_LD --no-attach x.o
	assert_output --partial 'map h: id'
}

@test "iproute2: struct bpf_elf_map with id, pinning and inner map, and the types beside" {
	need_cmd llvm-objcopy-19
	need_upstream_bpftool
	old_maps <<'S'
	.map	outer, array_of_maps, max_entries=4, inner=inner, id=8, pinning=by_name
S
	sed -i '1i\	.map_format iproute2' x.s
	run -0 $BPF_AS x.s
	llvm-objcopy-19 --dump-section maps=maps x.o
	assert_equal "$(od -An -v -tu4 -w36 maps | tr -s ' ')" " 2 4 8 2 0 7 0 0 0
 1 4 16 16 1 0 0 0 0
 12 4 4 4 0 8 2 7 0"
	run -0 $UPSTREAM btf dump file x.o
	assert_output --partial "STRUCT '____btf_map_h' size=20 vlen=2"
}

@test "what the old ways cannot say is refused" {
	old_maps <<'S'
	.map	b, bloom_filter, value=u32, max_entries=9, map_extra=3
S
	run -1 $BPF_AS --maps=legacy x.s
	assert_output --partial 'cannot say map_extra [A0198]'
	run -2 $BPF_AS --maps=ebpf x.s
	assert_output --partial "unknown way to declare maps 'ebpf'"
}
