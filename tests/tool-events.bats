#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: what programs send (ring buffers, perf events, stacks), maps that cannot be dumped, map watch.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	need_bpf
	need_pins
}

teardown()
{
	[ -z "${PIPE:-}" ] || kill "$PIPE" 2>/dev/null || true
	zoo_end
	[ -z "${CG:-}" ] || net_teardown
	drop_pins
}

on_kernel()
{
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
}

# sender MAP: a program that sends SIZE bytes (16 unless set) to the map, pinned at $PINS/p
sender()
{
	local size=${SIZE:-16}
	cat >p.s <<-END
		.license "GPL"
		.map events, $1
		.section socket
		send:
		r2 = 0x1122334455667788 ll
		*(u64 *)(r10 - 16) = r2
		*(u64 *)(r10 - 8) = 7
		.ifc "$1", "ringbuf, max_entries=4096"
		r1 = events ll
		r2 = r10
		r2 += -16
		r3 = $size
		r4 = 0
		call bpf_ringbuf_output
		.else
		r2 = events ll
		r3 = 0xffffffff ll
		r4 = r10
		r4 += -16
		r5 = $size
		call bpf_perf_event_output
		.endif
		r0 = 0
		exit
	END
	$BPF_AS -o p.o p.s
	$BPF_LD --no-attach --pin "$PINS/p" p.o >/dev/null
	SEND=$(find "$PINS/p" -name send)
	MAP=$(find "$PINS/p" -name events)
	head -c 64 /dev/zero >packet
}

send() # N
{
	for ((i = 0; i < $1; i++)); do
		$BPFTOOL prog run pinned "$SEND" data_in packet >/dev/null
	done
}

# piped ARGS...: event_pipe in the background, reading by now; its output is in ./piped
piped()
{
	$BPFTOOL "$@" >piped 2>piped.err 3>&- &
	PIPE=$!
	sleep 0.4
}

# ends the pipe as Ctrl-C does: status 0
piped_end()
{
	kill -INT "$PIPE"
	wait "$PIPE"
	PIPE=
}

got() # LINES: grep in piped
{
	[ "$(grep -c "$2" piped)" -ge "$1" ]
}

@test "a ring buffer is looked at, and nothing is consumed" {
	sender 'ringbuf, max_entries=4096'
	run -0 $BPFTOOL map dump pinned "$MAP"
	assert_output 'Found 0 records'
	run -0 $BPFTOOL -j map dump pinned "$MAP"
	assert_output '[]'
	send 2
	for _ in 1 2; do
		run -0 $BPFTOOL map dump pinned "$MAP"
		assert_output "position: 0  size: 16B  ready
88 77 66 55 44 33 22 11  07 00 00 00 00 00 00 00
position: 24  size: 16B  ready
88 77 66 55 44 33 22 11  07 00 00 00 00 00 00 00
Found 2 records"
	done
	run -0 $BPFTOOL -j map dump pinned "$MAP"
	run -0 jq -c '[.[] | [.position, .size, .state, (.data | length)]]' <<<"$output"
	assert_output '[[0,16,"ready",16],[24,16,"ready",16]]'
}

@test "event_pipe reads a ring buffer and consumes it" {
	sender 'ringbuf, max_entries=4096'
	send 2
	piped map event_pipe pinned "$MAP"
	send 1
	eventually 5 got 3 '^== 16 bytes =====$'
	piped_end
	run -0 grep -c '^88 77 66 55 44 33 22 11  07 00 00 00 00 00 00 00$' piped
	assert_output 3
	run -0 $BPFTOOL map dump pinned "$MAP"
	assert_output 'Found 0 records'
	send 1
	piped -j map event_pipe pinned "$MAP"
	piped_end
	run -0 jq -c '[.[] | [.size, .data[0]]]' piped
	assert_output '[[16,"0x88"]]'
}

@test "event_pipe reads perf events, without perf's padding" {
	for SIZE in 16 12 5; do
		sender 'perf_event_array, max_entries=64'
		piped -j map event_pipe pinned "$MAP"
		send 2
		sleep 0.2
		piped_end
		run -0 jq -c '[.[] | [.type, (.data | length), .data[0], .cpu == .index, .timestamp > 0]]' piped
		assert_output "[[9,$SIZE,\"0x88\",true,true],[9,$SIZE,\"0x88\",true,true]]"
		rm -rf "$PINS/p"
	done
	SIZE=16 sender 'perf_event_array, max_entries=64'
	piped map event_pipe pinned "$MAP"
	send 1
	eventually 5 got 1 '^88 77 66 55 44 33 22 11  07 00 00 00 00 00 00 00$'
	piped_end
	run -0 head -n 1 piped
	assert_output --regexp '^== @[0-9]+\.[0-9]{9} CPU: [0-9]+ index: [0-9]+ =====$'
}

@test "event_pipe of one CPU at one index" {
	on_kernel
	need_cmd taskset
	need_native
	sender 'perf_event_array, max_entries=64'
	sed -i 's/r3 = 0xffffffff ll/r3 = 5/' p.s
	$BPF_AS -o p.o p.s
	rm -rf "$PINS/p"
	$BPF_LD --no-attach --pin "$PINS/p" p.o >/dev/null
	piped -j map event_pipe pinned "$MAP" cpu 0 index 5
	for _ in 1 2; do
		taskset -c 0 $BPFTOOL prog run pinned "$SEND" data_in packet >/dev/null
	done
	sleep 0.2
	piped_end
	run -0 jq -c '[.[] | [.cpu, .index]]' piped
	assert_output '[[0,5],[0,5]]'
	run -2 $BPFTOOL map event_pipe pinned "$MAP" cpu 0
	$BPFTOOL map create "$PINS/h" type hash key 4 value 4 entries 4
	run -1 $BPFTOOL map event_pipe pinned "$PINS/h"
	assert_output --partial 'neither a perf_event_array nor a ring buffer'
}

@test "queues and stacks show what comes next, and say that it is not all" {
	$BPFTOOL map create "$PINS/q" type queue value 4 entries 3
	run -0 $BPFTOOL -j map dump pinned "$PINS/q"
	assert_output '[]'
	$BPFTOOL map push pinned "$PINS/q" value 1
	$BPFTOOL map push pinned "$PINS/q" value 2
	run -3 --separate-stderr $BPFTOOL map dump pinned "$PINS/q"
	assert_output 'value: 01 00 00 00
Found 1 element'
	[[ $stderr == *'is a queue: its next element is printed'* ]]
	run -3 --separate-stderr $BPFTOOL -j map dump pinned "$PINS/q"
	run -0 jq -c '[length, .[0].value[0], (.[1].error | test("is a queue"))]' <<<"$output"
	assert_output '[2,"0x01",true]'
}

@test "types that have nothing to show: status 3, an error as JSON" {
	on_kernel
	$BPFTOOL map create "$PINS/b" type bloom_filter value 4 entries 3
	run -3 --separate-stderr $BPFTOOL map dump pinned "$PINS/b"
	assert_output ''
	[[ $stderr == *'is a bloom_filter: it does not keep the values'* ]]
	run -3 --separate-stderr $BPFTOOL -j map dump pinned "$PINS/b"
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'is a bloom_filter'
	run -3 $BPFTOOL map watch pinned "$PINS/b"
	# a ring that user space fills can be looked at
	$BPFTOOL map create "$PINS/u" type user_ringbuf entries 4096
	run -0 $BPFTOOL map dump pinned "$PINS/u"
	assert_output 'Found 0 records'
}

@test "stack traces are frames with symbols; those of a process by its files" {
	on_kernel
	need_native
	grep -q '^[0-9a-f]*[1-9a-f][0-9a-f]* ' /proc/kallsyms || skip "needs addresses in /proc/kallsyms"
	cat >s.s <<-'END'
		.license "GPL"
		.map stacks, stack_trace, key=4, value=128, max_entries=65536
		.map ustacks, stack_trace, key=4, value=128, max_entries=65536
		.section tracepoint/task/task_rename
		on_rename:
		r6 = r1
		r2 = stacks ll
		r3 = 0
		call bpf_get_stackid
		r1 = r6
		r2 = ustacks ll
		r3 = 256
		call bpf_get_stackid
		r0 = 0
		exit
	END
	$BPF_AS -o s.o s.s
	$BPF_LD --pin "$PINS/s" s.o >/dev/null
	bash -c 'echo renamed >/proc/self/comm; echo $$ >pid; read -r' < <(sleep 20) 3>&- &
	eventually 5 test -s pid
	$BPFTOOL map dump pinned "$PINS/s/stacks" >text
	run -0 grep -E '^	ffff[0-9a-f]{12}  (__set_task_comm|__x64_sys_write|comm_write)\+0x[0-9a-f]+' text
	run -0 bash -c "$BPFTOOL -j map dump pinned $PINS/s/stacks | jq -r '.[].frames[].symbol' | grep -c comm"
	# the process wrote by its C library
	$BPFTOOL map dump pinned "$PINS/s/ustacks" pid "$(<pid)" >text
	run -0 grep -E '^	[0-9a-f]{16}  .*\[/.*\]$' text
	kill "$(<pid)"
	run -1 $BPFTOOL map dump pinned "$PINS/s/ustacks" pid 4194305
	assert_output --partial "memory map of process 4194305"
}

@test "watch: what is new, changed and gone, as lines" {
	$BPFTOOL map create "$PINS/h" type hash key 4 value 4 entries 4
	$BPFTOOL map update pinned "$PINS/h" key 1 value 1
	$BPFTOOL map update pinned "$PINS/h" key 2 value 2
	piped map watch pinned "$PINS/h" 50ms
	eventually 5 got 2 '^[0-9:.]*   key: 0[12] 00 00 00  value: 0[12] 00 00 00$'
	$BPFTOOL map update pinned "$PINS/h" key 1 value 9
	eventually 5 got 1 '^[0-9:.]* \* key: 01 00 00 00  value: 09 00 00 00$'
	$BPFTOOL map update pinned "$PINS/h" key 3 value 3
	eventually 5 got 1 '^[0-9:.]* + key: 03 00 00 00  value: 03 00 00 00$'
	$BPFTOOL map delete pinned "$PINS/h" key 2
	eventually 5 got 1 '^[0-9:.]* - key: 02 00 00 00  value: 02 00 00 00$'
	piped_end
	[ "$(wc -l <piped)" = 5 ]
}

@test "watch as JSON lines; count ends it" {
	$BPFTOOL map create "$PINS/h" type array key 4 value 4 entries 2
	run -0 $BPFTOOL -j map watch pinned "$PINS/h" 0.01 count 3
	run -0 jq -sc '[.[] | [.round, .change, .element.key[0]]]' <<<"$output"
	assert_output '[[0,"present","0x00"],[0,"present","0x01"]]'
	run -2 $BPFTOOL map watch pinned "$PINS/h" 5x
	run -2 $BPFTOOL map watch pinned "$PINS/h" count
}

@test "watch in place, on a terminal" {
	need_cmd script
	need_native
	$BPFTOOL map create "$PINS/h" type array key 4 value 4 entries 2
	script -qec "$BPFTOOL map watch pinned $PINS/h 10ms count 2" /dev/null >screen
	run -0 grep -c "$(printf '\033\\[H\033\\[J')" screen
	assert_output 2
	run -0 grep -c '^  key: 01 00 00 00  value: 00 00 00 00' screen
	assert_output 2
}

@test "local storage: owner by owner, keys are their numbers" {
	need_native
	zoo "task_storage:$PINS/task" "sk_storage:$PINS/sk"
	id_of prog "task_storage:$PINS/task"
	run -0 $BPFTOOL -j map dump pinned "$PINS/task"
	run -0 jq -c '[length, .[0].formatted.key, .[0].formatted.value]' <<<"$output"
	assert_output "[1,$ZOO_PID,42]"
	# the number of a thread is no key: that would be a descriptor of this process
	$BPFTOOL -j map dump pinned "$PINS/task" >dump.json
	run -3 $BPFTOOL map load pinned "$PINS/task" dump.json
	assert_output --partial 'which a file does not hold open'
	for verb in "lookup pinned $PINS/task key 1000" "update pinned $PINS/task key 1000 value 1" "delete pinned $PINS/task key 1000"; do
		run ! $BPFTOOL map $verb
		assert_output --partial 'a key of local storage is a descriptor of its owner'
		refute_output --partial 'that is no map'
	done
	ino=$(readlink "/proc/$ZOO_PID/fd/"* | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
	run -0 $BPFTOOL -j map dump pinned "$PINS/sk"
	run -0 jq -c '[length, .[0].formatted.key, .[0].formatted.value]' <<<"$output"
	assert_output "[1,$ino,42]"
}

@test "local storage of control groups" {
	need_native
	load net_helper
	need_cgroup
	zoo "cgrp_storage:$PINS/cg:$CG"
	id_of prog "cgrp_storage:$PINS/cg"
	run -0 $BPFTOOL -j map dump pinned "$PINS/cg"
	run -0 jq -c '[length, .[0].formatted.key, .[0].formatted.value]' <<<"$output"
	assert_output "[1,$(stat -c %i "$CG"),42]"
}
