#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool prog unload, map unload: what keeps an object goes, and what stays is named.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_cmd jq
}

teardown()
{
	[ -z "${HOLD_FD:-}" ] || exec {HOLD_FD}>&-
	[ -z "${NS:-}" ] || ip netns del $NS
	[ -z "${CG:-}" ] || rmdir $CG
	drop_pins
}

# Programs with a map; one whose section attaches it.
object()
{
	cat >u.s <<-'END'
		.license "GPL"
		.map counts, hash, key=u32, value=u64, max_entries=4
		.section xdp
	first:	r1 = counts ll
		r0 = 1
		exit
		.section raw_tp/sys_enter
	second:	r0 = 0
		exit
		.section cgroup_skb/ingress
	third:	r0 = 1
		exit
	END
	$BPF_AS u.s -o u.o
}

id_at() # prog|map|link PIN
{
	$BPFTOOL -j $1 show pinned "$2" | jq .id
}

gone() # prog|map ID
{
	run -1 --separate-stderr $BPFTOOL $1 show id $2
	[[ $stderr == *'there is no'* ]]
}

@test "unload: a program that pins keep" {
	need_pins
	need_bpf
	object
	$BPFTOOL prog load u.o $PINS/a
	id=$(id_at prog $PINS/a)
	$BPFTOOL prog pin id $id $PINS/b
	run -0 --separate-stderr $BPFTOOL prog unload id $id
	assert_line --partial 'removed pin '
	assert_line "program $id is gone"
	assert_equal "$stderr" ''
	assert_equal "$(ls $PINS)" ''
	gone prog $id
}

@test "unload: a program that a pinned link keeps" {
	need_pins
	need_bpf
	object
	sed '/xdp/,/exit/d; /cgroup/,/exit/d' u.s >r.s
	$BPF_AS r.s -o r.o
	run -0 $BPFTOOL prog load r.o $PINS/l autoattach
	id=$($BPFTOOL -j link show pinned $PINS/l | jq .prog_id)
	run -0 $BPFTOOL -j prog unload id $id
	run -0 jq -c '[.kind, .id, .gone, [.removed[].removed]]' <<<"$output"
	assert_output "[\"prog\",$id,true,[\"pin of its link\"]]"
	assert_equal "$(ls $PINS)" ''
	gone prog $id
}

@test "unload: a process that holds it is named, status 1, and what could go is gone" {
	need_pins
	need_bpf
	[ -z "$_emu" ] || skip "needs programs that run without an emulator"
	mkfifo in
	"$BUILDDIR/tests/tool_rate" h$$ <in >out 3>&- &
	local holder=$!
	exec {HOLD_FD}>in
	eventually 20 grep -qx ready out
	id=$(sed -n 's/^prog=//p' out)
	$BPFTOOL prog pin id $id $PINS/h
	run -1 --separate-stderr $BPFTOOL prog unload id $id
	assert_line --partial "removed pin "
	[[ $stderr == *"program $id is still there"*"process $holder (tool_rate) holds it"* ]]
	[ ! -e $PINS/h ]
	run -1 --separate-stderr $BPFTOOL -j prog unload name h$$
	run -0 jq -c '[.gone, .kept_by]' <<<"$output"
	assert_output "[false,[\"process $holder (tool_rate) holds it\"]]"
	exec {HOLD_FD}>&-
	HOLD_FD=
	wait $holder
	eventually 5 eval "! $BPFTOOL prog show id $id"
}

@test "map unload: a program that uses the map is named" {
	need_pins
	need_bpf
	object
	$BPFTOOL prog load u.o $PINS/p pinmaps $PINS/m
	map=$(id_at map $PINS/m/counts)
	prog=$(id_at prog $PINS/p)
	run -1 --separate-stderr $BPFTOOL map unload id $map
	[[ $stderr == *"map $map is still there"*"program $prog (first) uses it"* ]]
	assert_equal "$(ls $PINS/m)" ''
	run -0 $BPFTOOL prog unload id $prog
	eventually 5 eval "! $BPFTOOL map show id $map"
	$BPFTOOL map create $PINS/x type array key 4 value 4 entries 1 name lonely
	map=$(id_at map $PINS/x)
	run -0 $BPFTOOL map unload pinned $PINS/x
	gone map $map
}

@test "unload: a map that has the program as an element is named" {
	need_pins
	need_bpf
	object
	$BPFTOOL prog load u.o $PINS/p
	id=$(id_at prog $PINS/p)
	$BPFTOOL map create $PINS/arr type prog_array key 4 value 4 entries 4 name tails
	$BPFTOOL map update pinned $PINS/arr key 2 0 0 0 value pinned $PINS/p
	run -1 --separate-stderr $BPFTOOL prog unload id $id
	[[ $stderr == *"map $(id_at map $PINS/arr) (tails) has it as element 2"* ]]
	$BPFTOOL map delete pinned $PINS/arr key 2 0 0 0
	eventually 5 eval "! $BPFTOOL prog show id $id"
}

@test "unload: XDP and tc without links, and a tcx link" {
	need_netns
	need_pins
	need_bpf
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs the kernel"
	need_cmd tc
	object
	NS=bpfutils-ul-$$
	ip netns add $NS
	ip -n $NS link add v0 type veth peer name v1
	$BPFTOOL prog load u.o $PINS/p
	id=$(id_at prog $PINS/p)
	nsenter --net=/run/netns/$NS ip link set v0 xdpgeneric pinned $PINS/p
	run -0 nsenter --net=/run/netns/$NS $BPFTOOL prog unload id $id
	assert_line 'removed xdp from v0'
	gone prog $id
	$BPFTOOL prog load u.o $PINS/t type tc
	id=$(id_at prog $PINS/t)
	nsenter --net=/run/netns/$NS tc qdisc add dev v0 clsact
	nsenter --net=/run/netns/$NS tc filter add dev v0 egress bpf da pinned $PINS/t
	run -0 nsenter --net=/run/netns/$NS $BPFTOOL prog unload id $id
	assert_line 'removed tc filter from v0 clsact/egress'
	gone prog $id
	run -0 nsenter --net=/run/netns/$NS tc filter show dev v0 egress
	assert_output ''
}

@test "unload: a control group" {
	need_root
	need_pins
	need_bpf
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs the kernel"
	local root
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "needs a mounted cgroup2"
	object
	mkdir $root/bpfutils-ul-$$ || skip "needs a writable cgroup2"
	CG=$root/bpfutils-ul-$$
	$BPFTOOL prog load u.o $PINS/p type cgroup_skb/ingress
	id=$(id_at prog $PINS/p)
	run -0 $BPFTOOL cgroup attach $CG cgroup_inet_ingress pinned $PINS/p
	run -0 $BPFTOOL prog unload id $id
	assert_line "removed cgroup from $CG"
	gone prog $id
}

@test "unload: what is wrong" {
	need_bpf
	run -2 $BPFTOOL prog unload
	run -1 $BPFTOOL prog unload id 4294967295
	run -1 --separate-stderr $BPFTOOL -j map unload id 4294967295
	run -0 jq -r .error <<<"$output"
	assert_output 'there is no map with id 4294967295'
}
