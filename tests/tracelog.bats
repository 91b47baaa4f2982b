#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool prog tracelog, on both backends.
bats_require_minimum_version 1.5.0

setup()
{
	load helper
	CASE=$SRCDIR/tests/case/helper_trace_printk_plain.bpf
}
teardown()
{
	[ -z "${reader:-}" ] || kill -9 "$reader" 2>/dev/null
	[ -z "${W:-}" ] || rm -rf "$W"
}
need_shm()
{
	W=$(mktemp -d /dev/shm/bpfutils-test-XXXXXX) || skip "needs a tmpfs on /dev/shm"
	export BPFUTILS_WORLD=$W
}
# The output is in $T/out, and the reader's number in $reader.
begin()
{
	"$@" >"$T/out" 2>"$T/err" 3>&- &
	reader=$!
}
finish()
{
	kill -INT "$reader"
	wait "$reader"
}
found()
{
	grep -q 'bpf_trace_printk: hello' "$T/out"
}

found_twice()
{
	[ "$(grep -c 'bpf_trace_printk: hello' "$T/out")" = 2 ]
}

@test "tracelog --vm prints what another process's program traced, until SIGINT" {
	need_shm
	$_emu "$BUILDDIR/tests/runcase" --backend=vm --world="$W" "$CASE"
	set -m
	begin $BPFTOOL --vm prog tracelog
	eventually 10 found
	$_emu "$BUILDDIR/tests/runcase" --backend=vm --world="$W" "$CASE"
	eventually 10 found_twice
	finish
	run -0 cat "$T/out"
	assert_line --regexp '^ *[^ ]+-[0-9]+ +\[[0-9]{3}\] .* [0-9]+\.[0-9]{6}: bpf_trace_printk: hello$'
}

@test "tracelog --vm -j is an array of lines" {
	need_shm
	need_cmd jq
	$_emu "$BUILDDIR/tests/runcase" --backend=vm --world="$W" "$CASE"
	set -m
	begin $BPFTOOL --vm -j prog tracelog
	sleep 0.5
	finish
	run -0 jq -r '.[0]' "$T/out"
	assert_output --partial 'bpf_trace_printk: hello'
}

traced()
{
	$_emu "$BUILDDIR/tests/runcase" --backend=kernel "$CASE"
	sleep 0.2
	found
}

@test "tracelog reads the kernel's trace_pipe" {
	need_bpf
	need_tracefs
	set -m
	begin $BPFTOOL --backend=kernel prog tracelog
	# Each line goes to one reader: another one may take it.
	eventually 10 traced
	finish
}

@test "tracelog takes no words" {
	need_shm
	run -2 $BPFTOOL --vm prog tracelog now
}
