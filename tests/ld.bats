#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: the command line, and what it says without a kernel.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

@test "help and version are data" {
	run -0 --separate-stderr $BPF_LD --help
	assert_output --partial 'Usage: bpf-ld'
	assert_output --partial '--attach=TYPE:TARGET[=PROGRAM]'
	assert_equal "$stderr" ''
	run -0 $BPF_LD --version
	assert_output --regexp '^bpf-ld \(bpfutils\) [0-9.]+$'
}

@test "a wrong command line is two lines and status 2" {
	run -2 --separate-stderr $BPF_LD --wach=x y.o
	assert_equal "$output" ''
	assert_equal "${#stderr_lines[@]}" 2
	assert_equal "${stderr_lines[0]}" 'bpf-ld: error: unknown option --wach [U0001]'
	[[ ${stderr_lines[1]} == *'did you mean --watch?' ]]
	run -2 $BPF_LD
	assert_output --partial 'there is no object to load'
	run -2 $BPF_LD a.o b.o
	assert_output --partial 'one object too many: b.o'
	run -2 $BPF_LD a.o --
	assert_output --partial 'no command behind --'
	run -2 $BPF_LD --for 1s a.o -- true
	assert_output --partial '--for and COMMAND exclude each other'
	run -2 $BPF_LD --no-attach --for 1s a.o
	assert_output --partial '--no-attach does not stay'
	run -2 $BPF_LD --for never a.o
	assert_output --partial '"never" is not a duration'
	run -2 $BPF_LD --ready-fd 77 a.o
	assert_output --partial '"77" is not an open file descriptor'
	run -2 $BPF_LD --attach-via smoke a.o
	assert_output --partial 'none of auto, link, ioctl, netlink'
}

@test "wishes of the wrong form are named" {
	run -2 $BPF_LD --attach kprobe a.o
	assert_output --partial '--attach "kprobe" is not TYPE:TARGET[=PROGRAM]'
	run -2 $BPF_LD --attach kprob:x a.o
	assert_output --partial 'there is no attach type "kprob"'
	assert_output --partial 'did you mean "kprobe"?'
	run -2 $BPF_LD --set x a.o
	assert_output --partial 'is not MAP[KEY]=VALUE or VARIABLE=VALUE'
	run -2 $BPF_LD --map-from x a.o
	assert_output --partial 'is not MAP=FILE'
	run -2 $BPF_LD --map x=id:y a.o
	assert_output --partial '"y" is not the id of a map'
	run -2 $BPF_LD --watch x=often a.o
	assert_output --partial '"often" is not a duration'
}

@test "a backend of no such name is a wrong command line" {
	BPFUTILS_BACKEND=moon run -2 $BPF_LD a.o
	assert_output --partial '$BPFUTILS_BACKEND: "moon" is none of auto, kernel, vm'
}

@test "a file that cannot be read is status 4, one that is no object status 1" {
	run -4 $BPF_LD none.o
	assert_output --partial 'No such file or directory'
	echo hello >text.o
	run -1 $BPF_LD text.o
	assert_output --partial 'text.o'
}

@test "messages keep control bytes off the terminal, and long lines short" {
	run -4 $BPF_LD $'no\e[31m\tsuch'
	assert_output $'no?[31m\tsuch: error: cannot read the object: No such file or directory [O0100]'
	printf '.map m, hash, key=u32, value=u64, max_entries=1\n.section socket\nf: r1 = m ll\nexit\n' >m.s
	$BPF_AS m.s
	{ printf '1 '; head -c 100000 /dev/zero | tr '\0' 7; echo; } >long
	run -1 $BPF_LD --dry-run --no-attach --map-from m=long m.o
	assert_line --index 0 --partial "long:1:3: error: value of map m: this number does not fit"
	assert_line --index 1 --regexp '^    1 \| 1 7{398}$'
	assert_line --index 2 --regexp '^      \|   \^~{397}$'
}

@test "errors are JSON with --json" {
	need_cmd jq
	run -4 --separate-stderr $BPF_LD -j none.o
	run -0 jq -r '.error' <<<"$output"
	assert_output --partial 'No such file or directory'
	run -2 --separate-stderr $BPF_LD --wach -j
	assert_equal "$stderr" ''
	run -0 jq -r '.code' <<<"$output"
	assert_output 'U0001'
}

@test "codes are explained" {
	run -0 $BPF_LD --explain L0103
	assert_output --partial '=PROGRAM'
	run -2 $BPF_LD --explain L9999
	assert_output --partial 'there is no code "L9999"'
}

@test "targets of --attach complete" {
	need_native
	run -0 $BPF_LD --complete -- --attach xd
	assert_line --partial 'xdp:'
	run -0 $BPF_LD --complete -- --attach xdp:l
	assert_line --partial 'xdp:lo'
	run -0 $BPF_LD --complete -- --attach tcx/ingress:lo,aft
	assert_output --partial 'tcx/ingress:lo,after'
	refute_output --partial before
	run -0 $BPF_LD --complete -- --attach nothing:l
	assert_output ''
}

@test "options complete" {
	local w
	for w in event-type printk replace detach unload no-events; do
		run -0 $BPF_LD --complete -- "--${w%??}"
		assert_line --partial "--$w"
	done
	run -0 $BPF_LD --complete -- --at
	assert_output --partial '--attach'
	run -0 $BPF_LD --complete -- --backend=
	assert_output --partial 'kernel'
}
