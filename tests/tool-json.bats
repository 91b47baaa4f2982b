#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: what -j prints is one JSON document, whatever the names, values and states. The commands are made from the
# program's own grammars (json_fuzz.py), so that a new one is tested from its first day.
# BPFUTILS_JSON_ROUNDS=10000 for long runs; BPFUTILS_JSON_SEED.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_cmd python3
	need_native
	ROUNDS=${BPFUTILS_JSON_ROUNDS:-180}
	SEED=${BPFUTILS_JSON_SEED:-1}
}

teardown()
{
	[ -z "${CGROUP:-}" ] || rmdir "$CGROUP"
	drop_pins
}

# Objects of several kinds and states in $1, which the backend knows as $2
objects()
{
	$BPFTOOL map create "$2/h" type hash key 4 value 8 entries 8 name fz_hash
	$BPFTOOL map update pinned "$2/h" key 1 value 2
	$BPFTOOL map create "$2/a" type array key 4 value 4 entries 3 name fz_array
	$BPFTOOL map create "$2/pc" type percpu_array key 4 value 8 entries 2 name fz_percpu
	$BPFTOOL map create "$2/q" type queue key 0 value 4 entries 3 name fz_queue
	$BPFTOOL map create "$2/r" type ringbuf key 0 value 0 entries 4096 name fz_ring
	$BPFTOOL map create "$2/progs" type prog_array key 4 value 4 entries 3 name fz_progs
	$BPFTOOL map create "$2/ha"$'\n"\xff\x1b' type hash key 3 value 5 entries 8 name fz_odd
	cat >p.s <<-'EOF'
	        .license "GPL"
	        .const  bpf_metadata_text: char[8] = "a\"b\\c\n\x01"
	        .const  real: u64 = 0x7ff8000000000001
	        .map    typed, hash, key=u32, value=u64, max_entries=4
	        .section socket
	fz_prog:
	        r1 = real ll
	        r1 = typed ll
	        r0 = 0
	        exit
	EOF
	run -0 $BPF_AS -o p.o p.s
	run -0 $BPF_LD --no-attach --pin "$2/o" p.o
}

fuzz() # PINS
{
	run ${in_netns:-} python3 "$SRCDIR/tests/json_fuzz.py" "$ROUNDS" "$SEED" "$1" "${CGROUP:-/no/such/group}" $BPFTOOL
	echo "$output" | cut -c 1-1500
	[ "$status" = 0 ]
	assert_line --regexp "^$ROUNDS commands, [0-9]+ documents, 0 bad\$"
}

@test "JSON on the VM: every command, hostile words, names, values and states" {
	need_world
	export BPFUTILS_BACKEND=vm
	$BPFTOOL map show >/dev/null 2>&1
	PINS=$BPFUTILS_WORLD/pins/fz
	mkdir -p "$PINS"
	objects "$PINS" "$PINS"
	fuzz "$PINS"
}

@test "JSON on the kernel: every command, hostile words, names, values and states" {
	need_bpf
	need_pins
	need_netns
	CGROUP=$(mktemp -d /sys/fs/cgroup/bpfutils-json-XXXXXX) || skip "needs a writable /sys/fs/cgroup"
	objects "$PINS" "$PINS"
	# what concerns all objects of the machine, others' too
	export JSON_FUZZ_NEVER='snapshot save,snapshot restore'
	# in a network namespace of its own, so that nothing is attached to the machine's devices
	in_netns="unshare -n" fuzz "$PINS"
}

@test "JSON on an empty world" {
	need_world
	export BPFUTILS_BACKEND=vm
	ROUNDS=100
	fuzz "$BPFUTILS_WORLD/pins/none"
}

@test "what prints no JSON is found" {
	cat >tool <<-EOF
	#!/bin/sh
	case "\$*" in
	*help) exec $BPFTOOL "\$@" ;;
	*show*) echo '{"a":NaN}' ;;
	*dump*) echo '[1' ;;
	*) echo null ;;
	esac
	EOF
	chmod +x tool
	run -1 python3 "$SRCDIR/tests/json_fuzz.py" 60 1 /no/pins /no/group "$T/tool"
	assert_output --partial 'NaN is no JSON'
	refute_line --regexp '^60 commands, [0-9]+ documents, 0 bad$'
}
