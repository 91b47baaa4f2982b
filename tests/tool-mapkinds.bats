#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool map: the less common types of maps: made, shown, filled by descriptors, dumped; on each backend.

bats_require_minimum_version 1.5.0

setup()
{
	load tool_helper
	setup_objects
}

teardown() { drop_objects; }

# A program that returns 2, of a section, pinned as $PINS/NAME; its id in $ID.
xdp() # NAME SECTION
{
	cat >"$T/$1.s" <<-END
		.license "GPL"
		.section $2
		$1:
		r0 = 2
		exit
	END
	$BPF_AS -o "$T/$1.o" "$T/$1.s"
	$BPFTOOL prog load "$T/$1.o" "$PINS/$1"
	ID=$($BPFTOOL -j prog show pinned "$PINS/$1" | jq .id)
}

@test "types that are made of sizes alone: create, show, dump" {
	local t
	for t in 'stack_trace key 4 value 16' 'cgroup_array key 4 value 4' 'sockmap key 4 value 8' 'sockhash key 20 value 8' \
		'reuseport_sockarray key 4 value 8' 'devmap key 4 value 8' 'devmap_hash key 4 value 8' 'cpumap key 4 value 8'; do
		# shellcheck disable=SC2086 # words
		run -0 $BPFTOOL map create "$PINS/${t%% *}" type $t entries 2 name kind
		run -0 $BPFTOOL -j map show pinned "$PINS/${t%% *}"
		run -0 jq -r '.type, .name, .max_entries' <<<"$output"
		assert_output "${t%% *}"$'\nkind\n2'
		run -0 $BPFTOOL -j map dump pinned "$PINS/${t%% *}"
		run -0 jq -e 'type == "array"' <<<"$output"
	done
	run -0 $BPFTOOL map create "$PINS/urb" type user_ringbuf entries 4096
	run -0 $BPFTOOL map dump pinned "$PINS/urb"
	assert_output 'Found 0 records'
	run -0 $BPFTOOL map create "$PINS/arena" type arena entries 4 flags 0x400
	run -0 $BPFTOOL -j map show pinned "$PINS/arena"
	run -0 jq -r '.type, .flags' <<<"$output"
	assert_output $'arena\n1024'
}

@test "what they do not take is refused" {
	run ! $BPFTOOL map create "$PINS/a" type stack_trace key 4 value 12 entries 2
	run ! $BPFTOOL map create "$PINS/a" type sockmap key 8 value 8 entries 2
	run ! $BPFTOOL map create "$PINS/a" type arena entries 4
	run ! $BPFTOOL map create "$PINS/a" type user_ringbuf entries 5000
	run ! $BPFTOOL map create "$PINS/a" type task_storage key 4 value 8 entries 0 flags 1
	[ ! -e "$PINS/a" ]
	$BPFTOOL map create "$PINS/s" type stack_trace key 4 value 16 entries 2
	run ! $BPFTOOL map update pinned "$PINS/s" key 0 0 0 0 value 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
	run ! $BPFTOOL map delete pinned "$PINS/s" key 0 0 0 0
}

@test "a program in an entry of a devmap: shown by its id, and kept by it" {
	local m
	for m in devmap devmap_hash; do
		xdp "in_$m" xdp/devmap
		run -0 $BPFTOOL map create "$PINS/$m" type $m key 4 value 8 entries 3
		held "$PINS/$m" "$PINS/in_$m" "$ID"
	done
}

# The entry 1 of a map gets device 1 and the program of a pin, which lives as long as that.
held() # MAP PROG ID
{
	# shellcheck disable=SC2086
	${_emu}"$BUILDDIR/tests/mapfd" "$1" 1 1 "$2" || skip "needs programs in entries"
	run -0 $BPFTOOL -j map lookup pinned "$1" key 1 0 0 0
	run -0 jq -r '.value | map(ltrimstr("0x")) | join("")' <<<"$output"
	assert_output "01000000$(printf '%02x%02x%02x%02x' $(($3 & 255)) $(($3 >> 8 & 255)) $(($3 >> 16 & 255)) $(($3 >> 24)))"
	rm "$2"
	run -0 $BPFTOOL prog show id "$3"
	run -0 $BPFTOOL map delete pinned "$1" key 1 0 0 0
	eventually 5 gone "$3"
}

gone()
{
	! $BPFTOOL prog show id "$1" >/dev/null 2>&1
}

@test "a program in an entry of a cpumap" {
	xdp in_cpu xdp/cpumap
	run -0 $BPFTOOL map create "$PINS/c" type cpumap key 4 value 8 entries 3
	held "$PINS/c" "$PINS/in_cpu" "$ID"
}

@test "a program for somewhere else is refused" {
	xdp plain xdp
	run -0 $BPFTOOL map create "$PINS/d" type devmap key 4 value 8 entries 3
	run ! ${_emu}"$BUILDDIR/tests/mapfd" "$PINS/d" 1 1 "$PINS/plain"
	run -0 $BPFTOOL map dump pinned "$PINS/d"
	assert_output --partial 'Found 0 elements'
}
