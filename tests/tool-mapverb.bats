#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool map: queues and stacks, freezing, creation, maps named through the program that uses them.

bats_require_minimum_version 1.5.0

setup()
{
	load tool_helper
	setup_objects
}

teardown() { drop_objects; }

@test "a queue and a stack: push, peek, pop, and their other names" {
	$BPFTOOL map create "$PINS/q" type queue value 4 entries 3 name q
	$BPFTOOL map create "$PINS/s" type stack value 4 entries 3 name s
	for m in q s; do
		for i in 1 2 3; do
			run -0 $BPFTOOL map push pinned "$PINS/$m" value $i 0 0 9
			assert_output ''
		done
	done
	run -0 $BPFTOOL map peek pinned "$PINS/q"
	assert_output 'value: 01 00 00 09'
	run -0 $BPFTOOL -j map peek pinned "$PINS/s"
	assert_output '{"key":[],"value":["0x03","0x00","0x00","0x09"]}'
	run -0 $BPFTOOL map pop pinned "$PINS/q"
	assert_output 'value: 01 00 00 09'
	run -0 $BPFTOOL map dequeue pinned "$PINS/q"
	assert_output 'value: 02 00 00 09'
	run -0 $BPFTOOL map pop pinned "$PINS/s"
	assert_output 'value: 03 00 00 09'
	run -0 $BPFTOOL map enqueue pinned "$PINS/q" value 7
	run -0 $BPFTOOL map pop pinned "$PINS/q"
	run -0 $BPFTOOL map peek pinned "$PINS/q"
	assert_output 'value: 07 00 00 00'
	# to the last, and then there is none
	run -0 $BPFTOOL map pop pinned "$PINS/q"
	run -1 --separate-stderr $BPFTOOL map pop pinned "$PINS/q"
	assert_equal "$stderr" "$(grep -o 'bpftool: error: map [0-9]* is empty .T0102.' <<<"$stderr")"
	run -1 --separate-stderr $BPFTOOL -j map pop pinned "$PINS/q"
	assert_output null
	run -1 --separate-stderr $BPFTOOL -j map peek pinned "$PINS/q"
	assert_output null
}

@test "a full queue says so; exist replaces the oldest" {
	$BPFTOOL map create "$PINS/q" type queue value 4 entries 2 name q
	$BPFTOOL map push pinned "$PINS/q" value 1
	$BPFTOOL map push pinned "$PINS/q" value 2
	run -1 $BPFTOOL map push pinned "$PINS/q" value 3
	assert_output --regexp 'map [0-9]+ is full: max_entries is 2'
	run -0 $BPFTOOL map push pinned "$PINS/q" value 3 exist
	run -0 $BPFTOOL map pop pinned "$PINS/q"
	assert_output 'value: 02 00 00 00'
	run -0 $BPFTOOL map pop pinned "$PINS/q"
	assert_output 'value: 03 00 00 00'
}

@test "pop takes an element of a hash, by its key" {
	$BPFTOOL map create "$PINS/h" type hash key 4 value 4 entries 4
	$BPFTOOL map update pinned "$PINS/h" key 5 value 6
	run -2 $BPFTOOL map pop pinned "$PINS/h"
	run -0 $BPFTOOL map pop pinned "$PINS/h" key 5
	assert_output 'key: 05 00 00 00  value: 06 00 00 00'
	run -1 $BPFTOOL map lookup pinned "$PINS/h" key 5
}

@test "queues: the text is upstream's" {
	need_upstream_bpftool
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	$BPFTOOL map create "$PINS/q" type queue value 4 entries 3 name q
	for f in '' -j -p; do
		diff <($UPSTREAM $f map peek pinned "$PINS/q" 2>/dev/null) <($BPFTOOL $f map peek pinned "$PINS/q" 2>/dev/null)
		for i in 1 2 3; do $BPFTOOL map push pinned "$PINS/q" value $i; done
		diff <($UPSTREAM $f map peek pinned "$PINS/q") <($BPFTOOL $f map peek pinned "$PINS/q")
		# all elements become the same: what each prints is its last
		$UPSTREAM $f map pop pinned "$PINS/q" | sed 's/1/2/' >"$T/up"
		$BPFTOOL $f map pop pinned "$PINS/q" >"$T/our"
		diff "$T/up" "$T/our"
		$BPFTOOL map pop pinned "$PINS/q"
	done
}

@test "a frozen map takes no more from us, and can be read" {
	$BPFTOOL map create "$PINS/a" type array key 4 value 4 entries 2
	$BPFTOOL map update pinned "$PINS/a" key 1 value 5
	run -0 $BPFTOOL -j map freeze pinned "$PINS/a"
	assert_output null
	run -3 $BPFTOOL map update pinned "$PINS/a" key 1 value 6
	run -0 $BPFTOOL map lookup pinned "$PINS/a" key 1
	assert_output 'key: 01 00 00 00  value: 05 00 00 00'
	if [ "${BPFUTILS_TEST_BACKEND:-}" != vm ]; then
		run -0 $BPFTOOL -j map show pinned "$PINS/a"
		run -0 jq -r .frozen <<<"$output"
		assert_output 1
	fi
	run $BPFTOOL map freeze pinned "$PINS/a"
	assert_failure
	assert_output --partial 'frozen already'
}

@test "create: flags by name and by number, in any mixture" {
	$BPFTOOL map create "$PINS/a" type hash key 4 value 4 entries 2 flags no_prealloc
	$BPFTOOL map create "$PINS/b" type hash key 4 value 4 entries 2 'flags' 'BPF_F_NO_PREALLOC|0x80'
	$BPFTOOL map create "$PINS/c" type array key 4 value 4 entries 2 flags mmapable,rdonly_prog
	for m in a:1 b:129 c:1152; do
		run -0 $BPFTOOL -j map show pinned "$PINS/${m%:*}"
		run -0 jq -r .flags <<<"$output"
		assert_output "${m#*:}"
	done
	run -2 $BPFTOOL map create "$PINS/d" type hash key 4 value 4 entries 2 flags mmapabel
	assert_output --partial "did you mean 'mmapable'?"
	run -2 $BPFTOOL map create "$PINS/d" type hash key 4 value 4 entries 2 flags 1,,2
	[ ! -e "$PINS/d" ]
}

@test "create: nothing twice; a name that the kernel would not take is told from other mistakes" {
	for twice in "key 4 key 8" "value 4 key 4 value 4" "type hash" "entries 2 entries 3" "flags 1 flags 1"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr $BPFTOOL -j map create "$PINS/d" type hash $twice
		run -0 jq -r .error <<<"$output"
		assert_output --partial 'is given twice'
	done
	for name in 'a b' 'a/b' $'a\e[1m' 'ä' 'a-b'; do
		run -1 $BPFTOOL map create "$PINS/d" type hash key 4 value 4 entries 2 name "$name"
		assert_output --partial "has a character that the kernel does not take"
		refute_output --partial $'\e'
	done
	[ ! -e "$PINS/d" ]
	run -0 $BPFTOOL map create "$PINS/d" type hash key 4 value 4 entries 2 name a.B_9
}

@test "a map by the program that uses it" {
	cat >p.s <<-'END'
		.license "GPL"
		.map counts, hash, key=u32, value=u64, max_entries=4
		.map a_name_of_more_than_15, array, key=u32, value=u32, max_entries=2
		.section socket
		two_maps:
		r1 = counts ll
		r1 = a_name_of_more_than_15 ll
		r0 = 0
		exit
	END
	$BPF_AS -o p.o p.s
	$BPF_LD --no-attach --pin "$PINS/p" p.o >/dev/null
	prog=$(find "$PINS/p" -name two_maps)
	run -0 $BPFTOOL map update prog pinned "$prog" map counts key 3 value 4
	run -0 $BPFTOOL -j map dump prog pinned "$prog" map counts
	run -0 jq -r '.[0].formatted.value // .[0].value[0]' <<<"$output"
	assert_output --regexp '^(4|0x04)$'
	run -0 $BPFTOOL -j map show prog pinned "$prog" map a_name_of_more_than_15
	run -0 jq -r .name <<<"$output"
	assert_output a_name_of_more_
	run -1 $BPFTOOL map show prog pinned "$prog" map cuonts
	assert_output --partial "uses no map named 'cuonts'"
	assert_output --partial 'its maps: '
	run -2 $BPFTOOL map show prog pinned "$prog"
	# it is a MAP for all verbs
	run -0 $BPFTOOL map pin prog pinned "$prog" map counts "$PINS/again"
	run -0 $BPFTOOL map lookup pinned "$PINS/again" key 3
}

@test "a name that more maps have than files may be open: one error; ids in a hint are some, not all" {
	for i in {1..30}; do
		echo "map create $PINS/m$i type hash key 4 value 4 entries 1 name many$$"
	done >cmds
	run -0 $BPFTOOL batch file cmds
	run -0 --separate-stderr bash -c "ulimit -n 24; $BPFTOOL -j map show name many$$ 2>&1 || true"
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'Too many open files'
	run ! --separate-stderr bash -c "ulimit -n 24; $BPFTOOL map dump name many$$"
	assert_equal "$(grep -c error: <<<"$stderr")" 1
	[[ $stderr == *"'ulimit -Hn' allows no more"* ]]
	run -0 $BPFTOOL -j map show name many$$
	run -0 jq length <<<"$output"
	assert_output 30
	run -1 $BPFTOOL -j map delete name many$$ key 1
	run -0 jq -r '.error, (.help[0] | [match("[0-9]+"; "g")] | length)' <<<"$output"
	assert_line --index 0 --partial '30 maps match'
	assert_line --index 1 16
}
