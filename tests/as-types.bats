#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: types of the source: declarations, sizes and offsets, what reaches .BTF and the kernel.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

assemble()
{
	cat >x.s
	run -0 $BPF_AS x.s "$@"
}

# code: the instructions of the object as text, without labels
code()
{
	$BPF_AS -d -o - "${1:-x.o}" | grep -v '^[._a-z]' | sed 's/^	//' | grep -E '^(r|w|\*|exit|call|if|lock)'
}

@test "sizes, offsets, members, enumerators in expressions" {
	run -0 $BPF_AS -o x.o "$SRCDIR/tests/golden/as/types.s"
	assert_equal "$(code)" "r0 = 40
r0 = 18
r0 = 10
*(u16 *)(r10 - 54) = 1
r0 = 5
r0 = 5
r0 = 128
r0 = 4
exit"
}

@test "declarations reach BTF as a C compiler lays them out" {
	need_upstream_bpftool
	need_cmd clang
	run -0 $BPF_AS -o x.o "$SRCDIR/tests/golden/as/types.s"
	cat >c.c <<'C'
typedef unsigned u32; typedef unsigned short u16; typedef unsigned char u8; typedef unsigned long long u64;
struct flow { u32 saddr, daddr; u16 port[2]; u8 proto : 4, flags : 4; union { u32 x; struct { u16 lo, hi; }; } u;
	struct flow *next; int (*cb)(struct flow *f, void *ctx); } f;
struct stats { u64 packets; u64 bytes; } s;
union v { u32 a; u8 b[4]; } v;
struct __pk { u8 a; u32 b; } __attribute__((packed)) pk;
enum color { RED, GREEN = 4, BLUE } c;
C
	run -0 clang -target bpf -g -O2 -c c.c -o c.o
	for t in flow stats v __pk; do
		for o in x.o c.o; do
			$UPSTREAM -j btf dump file $o | jq -c ".types[] | select(.name == \"$t\" and .members) |
				[.kind, .size, [.members[] | [.name, .bits_offset, .bitfield_size]]]" >$o.$t
		done
		run -0 diff x.o.$t c.o.$t
		assert [ -s x.o.$t ]
	done
	run -0 $UPSTREAM btf dump file x.o
	assert_output --partial "ENUM 'color'"
	assert_output --partial "'BLUE' val=5"
	assert_output --partial "TYPEDEF 'flow_t'"
	assert_output --partial "TYPE_TAG 'kptr'"
}

@test "keys and values of maps are the declared types" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	run -0 $BPF_AS -o x.o "$SRCDIR/tests/golden/as/types.s"
	run -0 $UPSTREAM prog loadall x.o "$PINS/p" pinmaps "$PINS/m"
	run -0 $UPSTREAM map update pinned "$PINS/m/m" key hex 1 0 0 0 2 0 0 0 3 0 4 0 25 0 0 0 6 0 0 0 0 0 0 0 \
		0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 value hex 7 0 0 0 0 0 0 0 8 0 0 0 0 0 0 0
	run -0 $UPSTREAM -j map dump pinned "$PINS/m/m"
	assert_output --partial '"saddr":1,"daddr":2,"port":[3,4],"proto":"0x5","flags":"0x2"'
	assert_output --partial '"value":{"packets":7,"bytes":8}'
	run -0 $UPSTREAM -j map show pinned "$PINS/m/n"
	assert_output --partial '"bytes_value":24'
}

@test "aligned(N) behind a member moves it and aligns the struct" {
	printf '\t.struct s { u32 a; u32 b __attribute__((aligned(16))); u8 c; }\n\t.data\n\t.4byte s.b, s.c, sizeof(struct s), alignof(struct s)\n' >x.s
	run -0 $BPF_AS x.s
	assert_equal "$(readelf -x .data x.o | awk '/0x00000000/ { print $2 $3 $4 $5 }')" 10000000140000002000000010000000
}
