#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: queues and stacks as a whole; what cannot be put into a map from a file; objects in a file by name.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	need_bpf
	need_pins
	need_cmd jq
	U=q$$
}

teardown()
{
	zoo_end
	drop_pins
}

new() # NAME TYPE KEY VALUE ENTRIES [MORE...]
{
	local name=$1 type=$2 key=$3 value=$4 n=$5
	shift 5
	$BPFTOOL map create "$PINS/$name" type "$type" key "$key" value "$value" entries "$n" name "$U$name" "$@"
}

# firsts MAP: the first byte of each element, as they come out
firsts()
{
	$BPFTOOL -j map dump pinned "$PINS/$1" all | jq -c '[.[].value[0]]'
}

fill()
{
	new q queue 0 4 5
	new s stack 0 4 5
	for i in 1 2 3; do
		$BPFTOOL map push pinned "$PINS/q" value $i 0 0 0
		$BPFTOOL map push pinned "$PINS/s" value $i 0 0 0
	done
}

@test "a queue and a stack: all is seen, in order, and stays" {
	fill
	for again in 1 2; do
		run -0 firsts q
		assert_output '["0x01","0x02","0x03"]'
		run -0 firsts s
		assert_output '["0x03","0x02","0x01"]'
	done
	run -0 $BPFTOOL map dump pinned "$PINS/q" all
	assert_line --index 0 'value: 01 00 00 00'
	assert_line --index 3 'Found 3 elements'
	# a hash has them all anyway
	new h hash 4 4 2
	run -0 $BPFTOOL map dump pinned "$PINS/h" all
	assert_output 'Found 0 elements'
	run -0 $BPFTOOL map pop pinned "$PINS/q"
	assert_output 'value: 01 00 00 00'
	run -0 $BPFTOOL map pop pinned "$PINS/s"
	assert_output 'value: 03 00 00 00'
}

@test "map load of what map dump all wrote: the order is kept" {
	fill
	for m in q s; do
		$BPFTOOL -j map dump pinned "$PINS/$m" all >want
		while $BPFTOOL map pop pinned "$PINS/$m" >/dev/null 2>&1; do :; done
		run -0 firsts $m
		assert_output '[]'
		run -0 $BPFTOOL map load pinned "$PINS/$m" want
		run -0 diff want <($BPFTOOL -j map dump pinned "$PINS/$m" all)
		# exact: instead of what is there; else there is no room for six
		run -0 $BPFTOOL map load pinned "$PINS/$m" want exact
		run -0 diff want <($BPFTOOL -j map dump pinned "$PINS/$m" all)
		run -1 --separate-stderr $BPFTOOL map load pinned "$PINS/$m" want
		[[ $stderr == *'is full: 2 of 3 elements were put in, max_entries is 5'* ]]
	done
	jq '. + .' want >many
	run -1 --separate-stderr $BPFTOOL map load pinned "$PINS/q" many exact
	[[ $stderr == *'there are 6 elements, but map'*'has place for 5'* ]]
	run -0 firsts q
	assert_output '["0x01","0x02","0x03","0x01","0x02"]'
}

@test "snapshots: queues when they are asked for, and back in order" {
	fill
	$BPFTOOL snapshot save without
	run -0 jq -c "[.maps[] | select(.name // \"\" | startswith(\"$U\")) | has(\"not_read\")]" without
	assert_output '[true,true]'
	$BPFTOOL snapshot save with queues
	run -0 jq -c "[.maps[] | select(.name // \"\" | startswith(\"$U\")) | [.elements[].v]]" with
	assert_output '[["01000000","02000000","03000000"],["03000000","02000000","01000000"]]'
	$BPFTOOL map pop pinned "$PINS/q"
	$BPFTOOL map push pinned "$PINS/q" value 9 0 0 0
	$BPFTOOL map push pinned "$PINS/s" value 9 0 0 0
	run -0 $BPFTOOL snapshot restore with name ${U}q
	assert_output --partial ': 3 elements'
	run -0 $BPFTOOL snapshot restore with name ${U}s
	run -0 firsts q
	assert_output '["0x01","0x02","0x03"]'
	run -0 firsts s
	assert_output '["0x03","0x02","0x01"]'
}

@test "what only its owner can put in is refused with status 3 and the reason" {
	new p perf_event_array 4 4 2
	new c cgroup_array 4 4 2
	new t stack_trace 4 8 2
	echo '[{"key":["0x00","0x00","0x00","0x00"],"value":["0x01","0x00","0x00","0x00"]}]' >one
	echo '[{"key":["0x00","0x00","0x00","0x00"],"value":{"error":"Operation not supported"}}]' >unread
	echo '[{"key":["0x00","0x00","0x00","0x00"],"value":["0x01","0x00","0x00","0x00","0x00","0x00","0x00","0x00"]}]' >eight
	for f in one unread; do
		run -3 --separate-stderr $BPFTOOL map load pinned "$PINS/p" $f
		[[ $stderr == *'a perf_event_array: its elements are perf events'* ]]
		run -3 --separate-stderr $BPFTOOL map load pinned "$PINS/c" $f
		[[ $stderr == *'a cgroup_array: its elements are open control groups'* ]]
	done
	run -3 --separate-stderr $BPFTOOL map load pinned "$PINS/t" eight
	[[ $stderr == *'only programs put stacks into it'* ]]
	run -3 $BPFTOOL -j map load pinned "$PINS/p" one
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'its elements are perf events'
	# a file without elements asks for nothing
	echo '[]' >none
	run -0 $BPFTOOL map load pinned "$PINS/p" none
}

@test "sockets: a snapshot restores the other maps and tells what it left" {
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	new s sockhash 4 8 4
	new h hash 4 4 4
	$BPFTOOL map update pinned "$PINS/h" key 1 0 0 0 value 7 0 0 0
	$BPFTOOL snapshot save now
	# as if a socket had been in it
	jq -c "(.maps[] | select(.name == \"${U}s\") | .elements) |= [{\"k\":\"01000000\",\"v\":\"0500000000000000\"}]" now >had
	$BPFTOOL map update pinned "$PINS/h" key 1 0 0 0 value 8 0 0 0
	run -3 $BPFTOOL snapshot restore had name ${U}s
	assert_output --partial 'not restored: elements cannot be put into map'
	assert_output --partial 'a sockhash: its elements are sockets, which only a process that has them can put in'
	jq -c ".maps |= [.[] | select(.name // \"\" | startswith(\"$U\"))]" had >ours
	run -3 $BPFTOOL snapshot restore ours
	assert_line --partial 'its elements are sockets'
	assert_line --partial "name ${U}h: 1 element"
	run -0 $BPFTOOL map lookup pinned "$PINS/h" key 1 0 0 0
	assert_output --partial 'value: 07 00 00 00'
}

@test "inner maps and programs of a file by name, pin or id" {
	new in1 hash 4 4 2
	new in2 hash 4 4 2
	new out array_of_maps 4 4 3 inner_map pinned "$PINS/in1"
	cat >f <<-END
		[{"key":["0x00","0x00","0x00","0x00"],"value":"name ${U}in2"},
		 {"key":["0x01","0x00","0x00","0x00"],"value":"pinned $PINS/in1"},
		 {"key":["0x02","0x00","0x00","0x00"],"value":"id $($BPFTOOL -j map show pinned "$PINS/in2" | jq .id)"}]
	END
	run -0 $BPFTOOL map load pinned "$PINS/out" f
	one=$($BPFTOOL -j map show pinned "$PINS/in1" | jq .id) two=$($BPFTOOL -j map show pinned "$PINS/in2" | jq .id)
	run -0 bash -c "$BPFTOOL -j map dump pinned '$PINS/out' | jq -c '[.[].inner_map_id]'"
	assert_output "[$two,$one,$two]"
	echo "[{\"key\":[\"0x00\",\"0x00\",\"0x00\",\"0x00\"],\"value\":\"name ${U}none\"}]" >bad
	run -1 --separate-stderr $BPFTOOL map load pinned "$PINS/out" bad
	[[ $stderr == *"${U}none"* ]]
	echo '[{"key":["0x00","0x00","0x00","0x00"],"value":"some words here"}]' >bad
	run ! $BPFTOOL map load pinned "$PINS/out" bad
	run -0 bash -c "$BPFTOOL -j map dump pinned '$PINS/out' | jq -c '[.[].inner_map_id]'"
	assert_output "[$two,$one,$two]"
}
