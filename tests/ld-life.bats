#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: what programs send is printed, the end after a signal, and replacing what an earlier load pinned.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_root
	need_native
	pid=
}

teardown()
{
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
	[ -z "${dev:-}" ] || ip link del "$dev" 2>/dev/null || true
	drop_pins
}

events_o()
{
	local c
	for c in clang-19 clang-14 clang ""; do
		[ -n "$c" ] || skip "needs clang"
		command -v $c >/dev/null && break
	done
	$c -O2 -g --target=bpf -c "$SRCDIR/tests/progs/events.c" -o events.o
}

# veth: a pair of devices of this test, the first in $dev
veth()
{
	need_cmd ip
	dev=bu$((BASHPID % 100000))a
	ip link add "$dev" type veth peer name "${dev%a}b" || skip "needs veth devices"
	ip link set "$dev" up
	ip link set "${dev%a}b" up
}

# ---------------------------------------------------------------- events

@test "records of ring and perf buffers are printed by their type" {
	need_tracefs
	events_o
	run -0 --separate-stderr $BPF_LD events.o -- true
	assert_line --regexp '^rb \{"pid":[0-9]+,"comm":"true","n":[0-9]+\}$'
	assert_line --regexp '^pb \{"pid":7,"comm":"true","n":[0-9]+\}$'
	run -0 --separate-stderr $BPF_LD -j events.o -- true
	run -0 jq -c 'select(.map == "rb" and .event.comm == "true") | .event | keys' <<<"$output"
	assert_line '["comm","n","pid"]'
	run -0 --separate-stderr $BPF_LD --no-events events.o -- true
	refute_output --partial '"comm"'
}

@test "the type of records can be said, and one that is not there has a did-you-mean" {
	need_tracefs
	events_o
	run -0 --separate-stderr $BPF_LD -e rb=u64 events.o -- true
	assert_line --regexp '^rb [0-9]+$'
	assert_line --regexp '^pb \{"pid":7'
	run -1 --separate-stderr $BPF_LD -e rb=evnt events.o -- true
	[[ $stderr == *'no type "evnt"'* && $stderr == *'did you mean "event"?'* ]]
	run -2 --separate-stderr $BPF_LD -e =event events.o -- true
}

@test "records without a type are bytes" {
	need_tracefs
	$BPF_AS -g0 -o raw.o - <<-'EOF'
	.map rb, ringbuf, max_entries=4096
	.section "tracepoint/sched/sched_process_exec"
	send:	*(u32 *)(r10 - 4) = 0x11223344
		r1 = rb ll
		r2 = r10
		r2 += -4
		r3 = 4
		r4 = 0
		call bpf_ringbuf_output
		r0 = 0
		exit
	.license "GPL"
	EOF
	run -0 --separate-stderr $BPF_LD raw.o -- true
	assert_line 'rb hex 44 33 22 11'
}

@test "--printk: what programs say" {
	need_tracefs
	$BPF_AS -g0 -o say.o - <<-'EOF'
	.section "tracepoint/sched/sched_process_exec"
	say:	r1 = 0x0a796173 ll
		*(u64 *)(r10 - 8) = r1
		r1 = r10
		r1 += -8
		r2 = 5
		call bpf_trace_printk
		r0 = 0
		exit
	.license "GPL"
	EOF
	run -0 --separate-stderr $BPF_LD --printk say.o -- true
	assert_line --regexp 'bpf_trace_printk: say$'
	run -0 --separate-stderr $BPF_LD -j --printk say.o -- true
	run -0 jq -r 'select(.printk) | .printk' <<<"$output"
	assert_line --regexp 'bpf_trace_printk: say$'
}

@test "in the VM, too: events and printk of a program that another process runs" {
	need_native
	need_world
	$BPF_AS -o both.o - <<-'EOF'
	.map rb, ringbuf, max_entries=4096
	.section "xdp"
	both:	*(u32 *)(r10 - 4) = 0x11223344
		r1 = rb ll
		r2 = r10
		r2 += -4
		r3 = 4
		r4 = 0
		call bpf_ringbuf_output
		r1 = 0x0a796173 ll
		*(u64 *)(r10 - 8) = r1
		r1 = r10
		r1 += -8
		r2 = 5
		call bpf_trace_printk
		r0 = 2
		exit
	.license "GPL"
	EOF
	mkfifo ready
	$BPF_LD --vm --printk --pin /sys/fs/bpf/both --ready-fd 5 both.o -a xdp:lo 5>ready >out 2>err -- sleep 30 &
	pid=$!
	read -r line <ready
	assert_equal "$line" attached
	head -c 20 /dev/zero >packet
	run -0 $BPFTOOL --vm prog run pinned /sys/fs/bpf/both/both data_in packet
	eventually 5 grep -q 'rb hex 44 33 22 11' out
	eventually 5 grep -q 'say$' out
	kill $pid
	wait $pid || true
	pid=
}

# ---------------------------------------------------------------- the end

@test "after a signal a child lets go of what takes long" {
	need_tracefs
	local t list=() before
	$BPF_AS -g0 -o p.o - <<-'EOF'
	.section tracepoint
	lg_p:	r0 = 0
		exit
	.license "GPL"
	EOF
	for t in switch wakeup process_fork process_exec process_exit waking wakeup_new process_wait; do
		list+=(-a "tracepoint:sched:sched_$t=lg_p")
	done
	mkfifo ready
	$BPF_LD --ready-fd 5 "${list[@]}" p.o 5>ready 2>err &
	pid=$!
	read -r before <ready
	[ "$before" = attached ]
	id=$(grep -o 'program [0-9]*' err | head -1 | cut -d' ' -f2)
	kill -INT $pid
	wait $pid
	pid=
	gone() { ! $BPFTOOL prog show id "$id" >/dev/null 2>&1; }
	eventually 5 gone
}

# ---------------------------------------------------------------- --replace

# two versions of one object: what they return, and the number of entries of their map
version() # NAME RETURN ENTRIES
{
	$BPF_AS -g0 -o "$1.o" - <<-EOF
	.map hits, array, key=4, value=8, max_entries=$3
	.section xdp
	rp_main: *(u32 *)(r10 - 4) = 0
		r1 = hits ll
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		if r0 == 0 goto 1f
		r1 = 1
		lock *(u64 *)(r0 + 0) += r1
	1:	r0 = $2
		exit
	.license "GPL"
	EOF
}

link_prog() # the program of the pinned link
{
	$BPFTOOL -j link show pinned "$PINS/v/rp_main_link" | jq '.prog_id'
}

@test "--replace: the link stays and runs the new program, the map is carried over" {
	need_pins
	need_cmd jq
	veth
	version one 2 4
	version two 2 4
	run -0 $BPF_LD --pin "$PINS/v" -a "xdp:$dev" one.o
	link=$($BPFTOOL -j link show pinned "$PINS/v/rp_main_link" | jq .id)
	map=$($BPFTOOL -j map show pinned "$PINS/v/hits" | jq .id)
	old=$(link_prog)
	# Without --replace the pins are in the way, and all stays as it was.
	run -1 --separate-stderr $BPF_LD --pin "$PINS/v" -a "xdp:$dev" two.o
	[ "$(link_prog)" = "$old" ]
	run -0 --separate-stderr $BPF_LD --pin "$PINS/v" --replace -a "xdp:$dev" two.o
	[ "$(link_prog)" != "$old" ]
	[ "$($BPFTOOL -j link show pinned "$PINS/v/rp_main_link" | jq .id)" = "$link" ]
	[ "$($BPFTOOL -j map show pinned "$PINS/v/hits" | jq .id)" = "$map" ]
	[ "$($BPFTOOL -j prog show pinned "$PINS/v/rp_main" | jq .id)" = "$(link_prog)" ]
}

@test "--replace: another shape is refused, a later failure gives the old program back" {
	need_pins
	need_cmd jq
	veth
	version one 2 4
	version wide 2 8
	run -0 $BPF_LD --pin "$PINS/v" -a "xdp:$dev" one.o
	old=$(link_prog)
	run -1 --separate-stderr $BPF_LD --pin "$PINS/v" --replace -a "xdp:$dev" wide.o
	[[ $stderr == *"the number of entries is 4 there, the object wants 8"* ]]
	[ "$(link_prog)" = "$old" ]
	# A second attachment, which fails.
	version two 2 4
	run -1 --separate-stderr $BPF_LD --pin "$PINS/v" --replace -a "xdp:$dev" -a xdp:nodevice two.o
	[ "$(link_prog)" = "$old" ]
	[ "$($BPFTOOL -j prog show pinned "$PINS/v/rp_main" | jq .id)" = "$old" ]
	run -2 --separate-stderr $BPF_LD --replace -a "xdp:$dev" two.o
	[[ $stderr == *"--replace needs --pin"* ]]
}

@test "--replace: where links cannot be updated, the new attachment comes before the old one goes" {
	need_pins
	need_tracefs
	local src='.section "tracepoint/sched/sched_process_exec"
	rp_main: r0 = 0
		exit
	.license "GPL"'
	$BPF_AS -g0 -o t.o - <<<"$src"
	run -0 $BPF_LD --pin "$PINS/v" t.o
	old=$($BPFTOOL -j link show pinned "$PINS/v/rp_main_link" | jq .id)
	run -0 $BPF_LD --pin "$PINS/v" --replace t.o
	new=$($BPFTOOL -j link show pinned "$PINS/v/rp_main_link" | jq .id)
	[ "$old" != "$new" ]
	gone() { ! $BPFTOOL link show id "$old" >/dev/null 2>&1; }
	eventually 5 gone
	run -0 $BPF_LD --detach "$PINS/v/rp_main_link"
	[ ! -e "$PINS/v/rp_main_link" ]
	old=$new
	eventually 5 gone
}

@test "--replace: where no second attachment fits beside a link that is of another place, that is said" {
	need_pins
	veth
	version one 2 4
	run -0 $BPF_LD --pin "$PINS/v" -a "xdp:${dev%a}b" one.o
	run -0 $BPF_LD --pin "$PINS/w" -a "xdp:$dev" one.o
	run ! --separate-stderr $BPF_LD --pin "$PINS/v" --replace -a "xdp:$dev" one.o
	[[ $stderr == *"--replace: what is pinned at $PINS/v/rp_main_link is no link of this place"* ]]
	[[ $stderr == *"take the old one away first, which leaves a gap: bpf-ld --detach $PINS/v/rp_main_link"* ]]
	[ -e "$PINS/v/rp_main_link" ]
}

@test "--detach and --unload name themselves" {
	need_bpf
	run ! --separate-stderr $BPF_LD --detach "$T/nothing"
	[[ $stderr == *"error: --detach $T/nothing: "* ]]
	run ! --separate-stderr $BPF_LD --unload "$T/nothing"
	[[ $stderr == *"error: --unload $T/nothing: "* ]]
	run -2 --separate-stderr $BPF_LD --detach ''
	[[ $stderr == *"--detach needs a pin"* ]]
	run -2 --separate-stderr $BPF_LD --detach "$T/nothing" a.o
	[[ $stderr == *"--detach takes away"* ]]
}

@test "--replace while packets pass: none is seen by no program" {
	need_pins
	need_cmd jq
	veth
	version one 2 4
	version two 2 4
	run -0 $BPF_LD --pin "$PINS/v" -a "xdp:$dev" one.o
	ip addr add 10.99.7.1/24 dev "${dev%a}b"
	ip neigh add 10.99.7.2 lladdr 02:00:00:00:00:01 dev "${dev%a}b"
	before=$(cat /sys/class/net/$dev/statistics/rx_packets)
	while :; do echo x >/dev/udp/10.99.7.2/9; done 2>/dev/null 3>&- &
	pid=$!
	for _ in 1 2 3 4; do
		$BPF_LD --pin "$PINS/v" --replace -a "xdp:$dev" two.o >/dev/null
		$BPF_LD --pin "$PINS/v" --replace -a "xdp:$dev" one.o >/dev/null
	done
	kill $pid
	wait $pid 2>/dev/null || true
	pid=
	passed=$(cat "/sys/class/net/$dev/statistics/rx_packets")
	seen=$($BPFTOOL -j map dump pinned "$PINS/v/hits" | jq -r '.[0].value | map(.[2:]) | reverse | join("")')
	# Each packet that came since the first load was counted by a program.
	[ $((16#$seen)) -ge $((passed - before)) ]
	[ $((passed - before)) -gt 100 ]
}
