#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Contexts from files: bpftool prog run … ctx_in. What the kernel runs by hand on both backends, the rest in the VM.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
	[ -z "${WORLD_DIR:-}" ] || drop_world
}

object() # SECTION: code on standard input
{
	{
		printf '\t.license "GPL"\n\t.section %s,"ax"\nprog:\n' "$1"
		cat
	} >c.s
	$BPF_AS c.s -o c.o
}

bytes() # HEX...
{
	printf '%s ' "$@" | xxd -r -p
}

# A socket is looked up at port 80 from 10.0.0.7:12345.
lookup() # BACKEND-OPTION PIN
{
	object sk_lookup <<-'END'
		r2 = *(u32 *)(r1 + bpf_sk_lookup.local_port)
		r3 = *(u16 *)(r1 + bpf_sk_lookup.remote_port)
		r0 = 0
		if r2 != 80 goto 1f
		if r3 != 0x3930 goto 1f
		r0 = 1
	1:	exit
	END
	$BPFTOOL $1 prog load c.o "$2"
	{ bytes 0000000000000000 02000000 06000000 0a000007; head -c 16 /dev/zero; bytes 3039 0000 0a000001; head -c 16 /dev/zero
		bytes 50000000; head -c 8 /dev/zero; } >in
	run -0 $BPFTOOL $1 -j prog run pinned "$2" ctx_in in ctx_out out
	assert_equal "$(jq .retval <<<"$output")" 1
	cmp in out
	# Another family is none, and the device is not the caller's to say.
	{ head -c 8 in; bytes 09; tail -c +10 in; } >bad
	run -1 --separate-stderr $BPFTOOL $1 prog run pinned "$2" ctx_in bad
	[[ $stderr == *'Address family not supported'* ]]
	{ head -c 64 in; bytes 01; tail -c +66 in; } >bad
	run -1 --separate-stderr $BPFTOOL $1 prog run pinned "$2" ctx_in bad
	[[ $stderr == *'Invalid argument'* ]]
}

@test "sk_lookup: in the kernel" {
	need_cmd jq xxd
	need_pins
	need_bpf
	lookup '' $PINS/p
}

@test "sk_lookup: in the VM" {
	need_cmd jq xxd
	need_world
	lookup --vm /sys/fs/bpf/p
}

@test "flow_dissector: the keys come out as data, the same from both backends" {
	need_cmd jq xxd
	need_pins
	need_bpf
	object flow_dissector <<-'END'
		r2 = *(u64 *)(r1 + __sk_buff.flow_keys)
		*(u16 *)(r2 + 2) = 500
		*(u8 *)(r2 + 9) = 6
		r0 = 0
		exit
	END
	{ head -c 12 /dev/zero; bytes 0800 45; head -c 49 /dev/zero; } >packet
	{ head -c 48 /dev/zero; bytes 01000000; head -c 4 /dev/zero; } >ctx
	run -0 $BPFTOOL prog load c.o $PINS/p
	run -0 $BPFTOOL prog run pinned $PINS/p data_in packet data_out keys ctx_in ctx ctx_out ctx2
	cmp ctx ctx2
	need_world
	run -0 $BPFTOOL --vm prog load c.o /sys/fs/bpf/p
	run -0 $BPFTOOL --vm prog run pinned /sys/fs/bpf/p data_in packet data_out keys2 ctx_in ctx ctx_out ctx2
	cmp ctx ctx2
	cmp keys keys2
	assert_equal "$(xxd -p -l 12 keys)" 0e0040000000000000060800
}

@test "what the kernel does not run by hand: the VM, where a context is given" {
	need_cmd jq xxd
	need_world
	object cgroup/connect4 <<-'END'
		*(u32 *)(r1 + bpf_sock_addr.user_ip4) = 0x0100007f
		r0 = 1
		exit
	END
	run -0 $BPFTOOL --vm prog load c.o /sys/fs/bpf/p
	{ bytes 02000000 08080808; head -c 16 /dev/zero; bytes 0035 0000 02000000 01000000 06000000; } >in
	run -0 $BPFTOOL --vm -j prog run pinned /sys/fs/bpf/p ctx_in in ctx_out out
	assert_equal "$(jq .retval <<<"$output")" 1
	assert_equal "$(xxd -p -l 8 out)" 020000007f000001
	assert_equal "$(stat -c %s out)" 72
}

@test "getsockopt: the option's value is the data" {
	need_cmd jq xxd
	need_world
	object cgroup/getsockopt <<-'END'
		r2 = *(u64 *)(r1 + bpf_sockopt.optval)
		r3 = *(u64 *)(r1 + bpf_sockopt.optval_end)
		r0 = 0
		r4 = r2
		r4 += 4
		if r4 > r3 goto 1f
		*(u32 *)(r2 + 0) = 7
		*(u32 *)(r1 + bpf_sockopt.optlen) = 4
		r0 = 1
	1:	exit
	END
	run -0 $BPFTOOL --vm prog load c.o /sys/fs/bpf/p
	{ head -c 24 /dev/zero; bytes 06000000 01000000 08000000 00000000; } >in
	head -c 8 /dev/zero >value
	run -0 $BPFTOOL --vm -j prog run pinned /sys/fs/bpf/p ctx_in in ctx_out out data_in value data_out value2
	assert_equal "$(xxd -p value2)" 0700000000000000
	assert_equal "$(xxd -p -s 32 -l 4 out)" 04000000
}

@test "a result that the type does not have ends the run" {
	need_cmd xxd
	need_world
	object cgroup/dev <<-'END'
		*(u64 *)(r10 - 8) = r1
		r1 = *(u64 *)(r10 - 8)
		r0 = *(u32 *)(r1 + bpf_cgroup_dev_ctx.major)
		exit
	END
	run -0 $BPFTOOL --vm prog load c.o /sys/fs/bpf/p
	bytes 00000000 07000000 00000000 >in
	run ! --separate-stderr $BPFTOOL --vm prog run pinned /sys/fs/bpf/p ctx_in in
	[[ $stderr == *'it returned 7, which should have been in [0, 1]'* ]]
}
