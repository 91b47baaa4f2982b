#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: its objects load with upstream's bpftool and libbpf.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
}

teardown()
{
	drop_pins
}

# loads SOURCE-on-stdin: pins programs in $PINS/p and maps in $PINS/m
loads()
{
	cat >x.s
	run -0 $BPF_AS x.s
	run $UPSTREAM prog loadall x.o "$PINS/p" pinmaps "$PINS/m" "$@"
	assert_success
}

@test "the skb leak check, whole" {
	run -0 $BPF_AS "$SRCDIR/examples/skbleak.s"
	run -0 $UPSTREAM prog loadall skbleak.o "$PINS/p"
	run -0 ls "$PINS/p"
	assert_output --partial on_alloc
	assert_output --partial on_drop
}

@test "source lines, functions and prototypes show in a dump" {
	loads <<'S'
	.license "GPL"
	.section xdp
prog:	r0 = XDP_PASS	/* let it go */
	call sub
	exit
	.text
sub:	r0 = 2; exit
S
	run -0 $UPSTREAM prog dump xlated pinned "$PINS/p/prog" linum
	assert_output --partial 'int prog(void * ctx):'
	assert_output --partial 'prog:	r0 = XDP_PASS	/* let it go */'
	assert_output --regexp 'file:x.s line_num:3 line_col:7'
	assert_output --partial 'sub:	r0 = 2; exit'
	assert_output --regexp 'line_num:7 line_col:[0-9]+'
}

@test "a refused program's log shows the lines of the source" {
	cat >x.s <<'S'
	.license "GPL"
	.section xdp
prog:	r0 = *(u64 *)(r5 + 0)	// never set
	exit
S
	run -0 $BPF_AS x.s
	run ! $UPSTREAM prog load x.o "$PINS/x"
	assert_output --partial 'prog:	r0 = *(u64 *)(r5 + 0)	// never set'
}

@test "maps: types, keys, values, flags, pins" {
	need_cmd jq
	loads <<'S'
	.license "GPL"
	.map	h, hash, key=u64, value=u32, max_entries=1K, no_prealloc
	.map	a, array, key=u32, value=u8[12], max_entries=4, mmapable
	.map	s, BPF_MAP_TYPE_LRU_HASH, key=16, value=4*6, max_entries=64
	.map	r, ringbuf, max_entries=4K
	.map	q, queue, value=u64, max_entries=3
	.map	pa, prog_array, max_entries=2
	.map	st, stack_trace, key=u32, value=8*127, max_entries=10
	.map	ro, array, key=u32, value=u64, max_entries=1, readonly
	.map	t, lpm_trie, key=u64, value=u32, max_entries=5, flags=BPF_F_NO_PREALLOC
	.section xdp
prog:	r1 = h ll
	r0 = 2
	exit
S
	info() { $UPSTREAM -j map show pinned "$PINS/m/$1" | jq -r '[.type, .bytes_key, .bytes_value, .max_entries, .flags] | @tsv' | tr '\t' ' '; }
	assert_equal "$(info h)" 'hash 8 4 1024 1'
	assert_equal "$(info a)" 'array 4 12 4 1024'
	assert_equal "$(info s)" 'lru_hash 16 24 64 0'
	assert_equal "$(info r)" 'ringbuf 0 0 4096 0'
	assert_equal "$(info q)" 'queue 0 8 3 0'
	assert_equal "$(info pa)" 'prog_array 4 4 2 0'
	assert_equal "$(info st)" 'stack_trace 4 1016 10 0'
	assert_equal "$(info ro)" 'array 4 8 1 128'
	assert_equal "$(info t)" 'lpm_trie 8 4 5 1'
	run -0 $UPSTREAM map update pinned "$PINS/m/h" key hex 2a 0 0 0 0 0 0 0 value hex 7 0 0 0
	run -0 $UPSTREAM map dump pinned "$PINS/m/h"
	assert_output --regexp '"key": 42'
	assert_output --regexp '"value": 7'
}

@test "maps of maps" {
	loads <<'S'
	.license "GPL"
	.map	tmpl, array, key=u32, value=u64, max_entries=2
	.map	outer, hash_of_maps, key=u32, max_entries=8, inner=tmpl
	.section xdp
prog:	r1 = outer ll
	r0 = 2
	exit
S
	run -0 $UPSTREAM map show pinned "$PINS/m/outer"
	assert_output --partial 'hash_of_maps'
}

@test "global data by name, and a program that uses it" {
	need_cmd jq
	loads <<'S'
	.license "GPL"
	.section .rodata
	.globl	limit
limit:	.4byte	5
	.data
count:	.8byte	40
name:	.asciz	"abc"
	.bss
seen:	.zero	8
	.section xdp
prog:	r1 = count ll
	r2 = *(u64 *)(r1 + 0)
	r3 = limit ll
	r3 = *(u32 *)(r3 + 0)
	r2 += r3
	r4 = seen ll
	*(u64 *)(r4 + 0) = r2
	r0 = r2
	exit
S
	head -c 64 /dev/zero >pkt
	run -0 $UPSTREAM -j prog run pinned "$PINS/p/prog" data_in pkt
	assert_equal "$(jq .retval <<<"$output")" 45
	run -0 $UPSTREAM -j prog show pinned "$PINS/p/prog"
	local id out=
	for id in $(jq '.map_ids[]' <<<"$output"); do out+=$($UPSTREAM map dump id "$id"); done
	[[ $out == *'"limit": 5'* ]]
	[[ $out == *'"count": 40'* ]]
	[[ $out == *'"name": "abc"'* ]]
	[[ $out == *'"seen": 45'* ]]
}

@test "subprograms, numeric labels, callbacks run" {
	need_cmd jq
	loads <<'S'
	.license "GPL"
	.section xdp
prog:	r1 = 10
	r2 = step ll
	r3 = r10
	r3 += -8
	*(u64 *)(r10 - 8) = 0
	r4 = 0
	call bpf_loop
	r1 = *(u64 *)(r10 - 8)
	call twice
	exit
	.text
twice:	r0 = r1
	r0 += r1
	exit
	/* bpf_loop's callback: index, context */
step:	r3 = *(u64 *)(r2 + 0)
	r3 += r1
	*(u64 *)(r2 + 0) = r3
	r0 = 0
	exit
S
	head -c 64 /dev/zero >pkt
	run -0 $UPSTREAM -j prog run pinned "$PINS/p/prog" data_in pkt
	assert_equal "$(jq .retval <<<"$output")" 90
}

@test "two programs of one section, and one that calls another" {
	loads type xdp <<'S'
	.license "GPL"
	.section xdp
one:	call sub
	exit
	.globl	two
two:	r0 = 1
	exit
	.text
	.globl	sub
sub:	r0 = 2
	exit
S
	run -0 ls "$PINS/p"
	assert_output $'one\ntwo'
}

@test "an object that went through -d loads too" {
	run -0 $BPF_AS "$SRCDIR/examples/skbleak.s"
	run -0 $BPF_AS -d -o y.s skbleak.o
	run -0 $BPF_AS y.s
	run -0 $UPSTREAM prog loadall y.o "$PINS/p"
}
