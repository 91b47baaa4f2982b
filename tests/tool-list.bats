#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: what listings of programs and maps say beyond tool_show.bats, on the kernel and on the VM.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

# A program with metadata, pinned as $PINS/o/prog
with_metadata()
{
	cat >m.s <<-'EOF'
	        .license "GPL"
	        .const  bpf_metadata_a: char[4] = "foo"
	        .const  bpf_metadata_b: s32 = -3
	        .const  other: u32 = 7
	        .section socket
	prog:
	        r1 = other ll
	        r0 = *(u32 *)(r1 + 0)
	        exit
	EOF
	run -0 $BPF_AS -o m.o m.s
	run -0 $BPF_LD --no-attach --pin "$PINS/o" m.o
}

@test "prog show: metadata" {
	need_bpf
	need_pins
	with_metadata
	run -0 $BPFTOOL prog show pinned "$PINS/o/prog"
	assert_output --regexp $'\n\tmetadata:\n\t\ta = "foo"\n\t\tb = -3$'
	run -0 $BPFTOOL -j prog show pinned "$PINS/o/prog"
	run -0 jq -c '[.metadata, .orphaned, .dev, (.map_ids | length), (.btf_id > 0)]' <<<"$output"
	assert_output '[{"a":"foo","b":-3},false,null,1,true]'
	run -0 $BPFTOOL -j prog
	id=$($BPFTOOL -j prog show pinned "$PINS/o/prog" | jq .id)
	run -0 $BPFTOOL -j prog show
	run -0 jq -c ".[] | select(.id == $id) | .metadata" <<<"$output"
	assert_output '{"a":"foo","b":-3}'
	run -0 $BPFTOOL -j map show id "$($BPFTOOL -j prog show id $id | jq .map_ids[0])"
	run -0 jq -c '[.frozen, .bytes_value, .type, .max_entries]' <<<"$output"
	assert_output '[1,12,"array",1]'
}

@test "prog show: metadata is what upstream shows" {
	need_bpf
	need_pins
	need_upstream_bpftool
	with_metadata
	$UPSTREAM prog show pinned "$PINS/o/prog" >up
	$BPFTOOL prog show pinned "$PINS/o/prog" >our
	diff up our
	$UPSTREAM -jp prog show pinned "$PINS/o/prog" >up
	$BPFTOOL -jp prog show pinned "$PINS/o/prog" | grep -v '"orphaned"\|"verified_insns"' >our
	diff up our
}

@test "prog show: metadata of an object whose code does not look at it, of the first program and of all" {
	need_bpf
	need_pins
	cat >two.s <<-'EOF'
	        .license "GPL"
	        .const  bpf_metadata_v: u32 = 40
	        .section socket
	one:    r0 = 0
	        exit
	        .section xdp
	two:    r1 = bpf_metadata_v ll
	        r0 = *(u32 *)(r1 + 0)
	        exit
	EOF
	run -0 $BPF_AS -o two.o two.s
	run -0 $BPFTOOL prog load two.o "$PINS/first"
	run -0 $BPFTOOL prog loadall two.o "$PINS/all"
	for p in first all/one all/two; do
		run -0 $BPFTOOL prog show pinned "$PINS/$p"
		assert_output --regexp $'\n\tmetadata:\n\t\tv = 40$'
		run -0 $BPFTOOL -j prog show pinned "$PINS/$p"
		run -0 jq -c '[.metadata, (.map_ids | length)]' <<<"$output"
		assert_output '[{"v":40},1]'
	done
}

@test "prog show: metadata from a hostile object: names are escaped, JSON parses" {
	need_bpf
	need_pins
	need_cmd clang
	cat >h.c <<-'EOF'
	#define SEC(n) __attribute__((section(n), used))
	volatile const char bpf_metadata_text[16] SEC(".rodata") = "a\"\x1b[31m\x80\n";
	volatile const unsigned long long bpf_metadata_max SEC(".rodata") = -1;
	volatile const struct { int a : 3; unsigned char b[2]; } bpf_metadata_parts SEC(".rodata") = { -1, { 1, 2 } };
	volatile const char bpf_metadata_[4] SEC(".rodata") = "non";
	SEC("socket") int prog(void *ctx) { return 0; }
	EOF
	clang -target bpf -g -O2 -c h.c -o h.o
	run -0 $BPFTOOL prog load h.o "$PINS/p"
	run -0 $BPFTOOL prog show pinned "$PINS/p"
	refute_output --partial $'\x1b'
	assert_output --partial $'\n\t\tmax = 18446744073709551615'
	run -0 $BPFTOOL -j prog show pinned "$PINS/p"
	run -0 jq -c '.metadata | [.parts.a, .parts.b, (.text | length > 3), has("")]' <<<"$output"
	assert_output '[-1,[1,2],true,true]'
}

@test "prog show: verified_insns in JSON" {
	need_bpf
	need_pins
	with_metadata
	run -0 $BPFTOOL -j prog show pinned "$PINS/o/prog"
	run -0 jq .verified_insns <<<"$output"
	assert_output --regexp '^(null|[1-9][0-9]*)$'
}

@test "options that change nothing are taken, those that ask for what is not there are refused" {
	run -0 $BPFTOOL -d -m -l -n version
	run -0 $BPFTOOL -B /some/file version
	for o in -L -S "-S -k key -i cert" --use-loader; do
		run -3 --separate-stderr $BPFTOOL -j $o version
		run -0 jq -r '.help | length' <<<"$output"
		assert_output 1
	done
	run -0 $BPFTOOL help
	refute_output --partial use-loader
}
