#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool map: for who has no capability, and when something cannot be read.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	need_bpf
	need_pins
	need_native
}

teardown()
{
	zoo_end
	drop_pins
	[ -z "${SEEN:-}" ] || rm -rf "$SEEN"
}

# as_nobody ARGS...: bpftool for uid 65534; it may search the directories of bpffs, and a copy is where it can run it
as_nobody()
{
	run --separate-stderr setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all \
		"$SEEN/bpftool" "$@"
}

for_nobody()
{
	need_cmd setpriv
	[ "$(stat -c %a /sys/fs/bpf)" != 700 ] || skip "needs a /sys/fs/bpf that others may search"
	chmod 755 "$PINS"
	SEEN=$(mktemp -d /tmp/bpfutils-test-XXXXXX)
	chmod 755 "$SEEN"
	cp "$BUILDDIR/bpftool/bpftool" "$SEEN"
}

@test "a map whose pin may be read is read without a capability" {
	for_nobody
	$BPFTOOL map create "$PINS/h" type hash key 4 value 4 entries 4 name seen
	$BPFTOOL map update pinned "$PINS/h" key 1 value 2
	$BPFTOOL map create "$PINS/a" type array key 4 value 4 entries 2 flags mmapable
	chmod 444 "$PINS/h" "$PINS/a"
	as_nobody map dump pinned "$PINS/h"
	assert_equal "$status/$output" '0/key: 01 00 00 00  value: 02 00 00 00
Found 1 element'
	as_nobody -j map lookup pinned "$PINS/h" key 1
	assert_equal "$status/$output" '0/{"key":["0x01","0x00","0x00","0x00"],"value":["0x02","0x00","0x00","0x00"]}'
	as_nobody map dump pinned "$PINS/a"
	assert_equal "$status" 0
	assert_line 'Found 2 elements'
	as_nobody map show pinned "$PINS/h"
	assert_equal "$status" 0
	assert_output --partial 'name seen'
	as_nobody map update pinned "$PINS/h" key 1 value 3
	assert_equal "$status" 3
	[[ $stderr == *'Permission denied'* ]]
	chmod 400 "$PINS/h"
	as_nobody map dump pinned "$PINS/h"
	assert_equal "$status" 3
}

@test "types that the caller may not read leave bytes" {
	for_nobody
	zoo "typed:$PINS/typed"
	chmod 444 "$PINS/typed"
	as_nobody map dump pinned "$PINS/typed"
	assert_equal "$status" 0
	assert_line --regexp '^key: ?'
	assert_line 'Found 3 elements'
	as_nobody -j map dump pinned "$PINS/typed"
	run -0 jq -c '[length, (.[0] | has("formatted"))]' <<<"$output"
	assert_output '[3,false]'
}

@test "a map that cannot be read is one row of the list, not its end" {
	serial
	need_cmd strace
	$BPFTOOL map create "$PINS/1" type hash key 4 value 4 entries 4 name unread_1
	$BPFTOOL map create "$PINS/2" type hash key 4 value 4 entries 4 name unread_2
	ids=$($BPFTOOL -j map show | jq -c '[.[] | select(.name // "" | startswith("unread_")) | .id]')
	# the first map's info is refused: after two calls for ids and one for the map
	ASAN_OPTIONS=detect_leaks=0 run -3 --separate-stderr strace -qq -o /dev/null -e trace=bpf -e inject=bpf:error=EACCES:when=4 \
		$BPFTOOL -j map show
	# maps that others made before may still go while this runs: ours are all there, refused or not
	run -0 jq -c "[([.[] | select(.error)] | length), ($ids - [.[].id]), ([.[].name] | index(\"unread_2\") != null)]" <<<"$output"
	assert_output '[1,[],true]'
	run -0 jq length <<<"$ids"
	assert_output 2
}
