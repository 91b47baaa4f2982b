#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs from C that call kernel functions: the VM and the kernel do the same.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_world
	need_cmd clang-19
	head -c 64 /dev/zero >packet
	head -c 33 /dev/zero >short
}

teardown()
{
	drop_world
	drop_pins
}

# Loads tests/progs/NAME.c into the VM and, where it can be, the kernel; each then gives VALUE for the packet in FILE.
gives() # NAME FILE VALUE
{
	clang-19 --target=bpf -mcpu=v3 -g -O2 -I"$SRCDIR/tests/progs" -c "$SRCDIR/tests/progs/$1.c" -o "$1.o"
	rm -rf "$BPFUTILS_WORLD/pins/k-$$"
	run -0 $BPF_LD --vm --no-attach --pin "/sys/fs/bpf/k-$$" "$1.o"
	run -0 $BPFTOOL --vm -j prog run pinned "/sys/fs/bpf/k-$$/$1" data_in "$2" repeat 1
	assert_output --regexp "\"retval\": ?$3[,}]"
	[ "$(id -u)" = 0 ] && [ -z "$_emu" ] && [ -r /sys/kernel/btf/vmlinux ] || return 0
	grep -q ' T bpf_throw$' /proc/kallsyms || return 0 # 6.7
	need_pins
	run -0 $BPF_LD --no-attach --pin "$PINS/k" "$1.o"
	run -0 $BPFTOOL -j prog run pinned "$PINS/k/$1" data_in "$2" repeat 1
	assert_output --regexp "\"retval\": ?$3[,}]"
	rm -rf "$PINS"
	PINS=
}

@test "an exception callback takes over" {
	gives throws packet 7
	gives throws short 41
}

@test "objects of the program's types; a loop by an iterator" {
	gives objects packet 5510
}
