#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: hooks of devices and network namespaces. Each counts what passes between two namespaces of this test:
# va (10.9.0.1) in $NS and vb (10.9.0.2) in $NS2.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load net_helper
	need_bpf
	need_native
	need_net
}

teardown()
{
	net_teardown
	drop_pins
}

# A datagram to va and its answer.
poke() { echo ip netns exec "$NS2" "$NETDO" poke 10.9.0.1; }
PASS=0 # TC_ACT_OK
NEXT=-1

need_tcx() { [ "$(uname -r | cut -d. -f1)" -ge 7 ] || [ "$(uname -r | awk -F. '{ print $1 * 100 + $2 }')" -ge 606 ] || skip "needs tcx (Linux 6.6)"; }
filters() { in_ns tc filter show dev va "$1"; }
qdiscs() { in_ns tc qdisc show dev va; }

need_tc()
{
	need_cmd tc
	in_ns tc qdisc add dev va clsact 2>/dev/null || skip "needs clsact (CONFIG_NET_SCH_INGRESS)"
	in_ns tc qdisc del dev va clsact
}

# ---------------------------------------------------------------- clsact

@test "tc: both sides, clsact is made and removed" {
	need_tc
	prog in tc/ingress 0 $PASS
	prog out tc/egress 1 $PASS
	# shellcheck disable=SC2046
	counted --attach tc:va:ingress,netns="$NS"=in --attach tc/egress:va,netns="$NS" p.o -- $(poke)
	more 0
	more 1
	[[ $stderr != *"link "* ]]
	run -0 qdiscs
	refute_output --partial clsact
}

@test "tc: a clsact that was there stays, and so do the filters of others" {
	need_tc
	in_ns tc qdisc add dev va clsact
	prog in tc 0 $PASS
	# shellcheck disable=SC2046
	counted --attach tc:va:ingress,netns="$NS" p.o -- $(poke)
	more 0
	run -0 qdiscs
	assert_output --partial clsact
	in_ns tc qdisc del dev va clsact
	# One who comes later puts a filter into the clsact that we made: it stays with its filter.
	start --attach tc:va:ingress,netns="$NS" p.o
	in_ns tc filter add dev va egress prio 7 u32 match u32 0 0 flowid 1:1
	stop TERM 0
	run -0 filters egress
	assert_output --partial u32
	run -0 filters ingress
	assert_output ''
}

@test "tc: prio=, handle= and chain=; several programs of one side" {
	need_tc
	prog one tc 0 $NEXT
	prog two classifier 1 $PASS
	prog three tc 2 $PASS
	object
	start --watch counts=1h --attach tc:va:ingress,prio=20,handle=0x10,netns="$NS"=two --attach tc:va:ingress,prio=10,netns="$NS"=one \
		--attach tc:va:ingress,prio=30,chain=5,netns="$NS"=three p.o
	run -0 filters ingress
	assert_output --partial 'pref 10 bpf chain 0'
	assert_output --partial 'pref 20 bpf chain 0 handle 0x10'
	assert_output --partial 'pref 30 bpf chain 5'
	assert_output --partial direct-action
	run -1 --separate-stderr $BPF_LD --attach tc:va:ingress,prio=20,handle=0x10,netns="$NS"=two p.o
	[[ $stderr == *"there is a filter of this preference and handle already"* ]]
	# shellcheck disable=SC2046
	run -0 $(poke)
	stop TERM 0
	output=$(cat out)
	more 0
	more 1
	is 2 0
	run -0 qdiscs
	refute_output --partial clsact
}

@test "tc: a program that drops is obeyed; when one of two cannot be attached, the other is taken away" {
	need_tc
	prog drop tc 0 2
	object
	# shellcheck disable=SC2046
	run -1 $BPF_LD --attach tc:va:ingress,netns="$NS" p.o -- $(poke)
	run -1 --separate-stderr $BPF_LD --attach tc:va:ingress,netns="$NS" --attach tc:vx:ingress,netns="$NS" p.o
	[[ $stderr == *"there is no network device 'vx'"* && $stderr == *"did you mean 'va'?"* ]]
	run -0 qdiscs
	refute_output --partial clsact
}

# ---------------------------------------------------------------- tcx

@test "tcx: both sides, by link; SIGKILL leaves nothing" {
	need_tcx
	prog in tcx/ingress 0 $PASS
	prog out tcx/egress 1 $PASS
	# shellcheck disable=SC2046
	counted --attach tcx/ingress:va,netns="$NS" --attach tcx/egress:va,netns="$NS" p.o -- $(poke)
	more 0
	more 1
	[[ $stderr == *"link "* ]]
	rm p.s
	prog drop tcx/ingress 0 2
	object
	start --attach tcx/ingress:va,netns="$NS" p.o
	# shellcheck disable=SC2046
	run -1 $(poke)
	stop KILL
	# shellcheck disable=SC2046
	eventually 3 $(poke)
}

@test "tcx: a kernel without it takes clsact; and BPF_PROG_ATTACH" {
	need_tc
	prog in tcx/ingress 0 $PASS
	# shellcheck disable=SC2046
	counted --attach-via netlink --attach tcx/ingress:va,netns="$NS" p.o -- $(poke)
	more 0
	run -0 qdiscs
	refute_output --partial clsact
	run -3 --separate-stderr $BPF_LD --attach-via netlink --attach tcx/ingress:va,first,netns="$NS" p.o
	[[ $stderr == *"filters of tc know no first"* ]]
	need_tcx
	# shellcheck disable=SC2046
	counted --attach-via ioctl --attach tcx/ingress:va,netns="$NS" p.o -- $(poke)
	more 0
	# It is taken away at the end: the same again.
	# shellcheck disable=SC2046
	counted --attach-via ioctl --attach tcx/ingress:va,netns="$NS" p.o -- $(poke)
	more 0
}

@test "tcx: the order of programs" {
	need_tcx
	cat >p.s <<-'END'
	.license "GPL"
	.map counts, array, key=u32, value=u64, max_entries=1
	END
	for n in 1 2 3 4; do
		cat >>p.s <<-END
		.section "tcx/ingress"
		p$n:	*(u32 *)(r10 - 4) = 0
			r2 = r10
			r2 += -4
			r1 = counts ll
			call bpf_map_lookup_elem
			if r0 == 0 goto 1f
			r1 = *(u64 *)(r0 + 0)
			r1 *= 10
			r1 += $n
			*(u64 *)(r0 + 0) = r1
		1:	r0 = $NEXT
			exit
		END
	done
	object
	need_pins
	at=tcx/ingress:va,netns=$NS
	$BPF_LD --pin "$PINS/a" --attach "$at=p2" p.o
	id=$($BPFTOOL -j prog show pinned "$PINS/a/p2" | sed 's/.*"id":\([0-9]*\).*/\1/')
	$BPF_LD --pin "$PINS/b" --attach "$at,first=p1" --map "counts=$PINS/a/counts" p.o
	$BPF_LD --pin "$PINS/c" --attach "$at,last=p4" --map "counts=$PINS/a/counts" p.o
	start --map "counts=$PINS/a/counts" --attach "$at,before=$PINS/c/p4_link=p3" p.o
	# One packet, and nothing else that comes by itself.
	in_ns sysctl -qw net.ipv6.conf.va.disable_ipv6=1
	ip netns exec "$NS2" sysctl -qw net.ipv6.conf.vb.disable_ipv6=1
	ip -n "$NS2" neigh replace 10.9.0.1 dev vb lladdr "$(in_ns cat /sys/class/net/va/address)" nud permanent
	in_ns ip neigh replace 10.9.0.2 dev va lladdr "$(ip netns exec "$NS2" cat /sys/class/net/vb/address)" nud permanent
	run -0 $BPFTOOL map update pinned "$PINS/a/counts" key 0 0 0 0 value 0 0 0 0 0 0 0 0
	# shellcheck disable=SC2046
	run -0 $(poke)
	run -0 $BPFTOOL -j map lookup pinned "$PINS/a/counts" key 0 0 0 0
	assert_output --partial '"value":1234'
	run -1 --separate-stderr $BPF_LD --attach "$at,after=$id,revision=99=p3" p.o
	[[ $stderr == *"another revision than 99"* ]]
	run -1 --separate-stderr $BPF_LD --attach "$at,after=999999999=p3" p.o
	[[ $stderr == *"'999999999' is not attached here"* ]]
	run -1 --separate-stderr $BPF_LD --attach "$at,after=$PINS/a/counts=p3" p.o
	[[ $stderr == *"there is no program or link"* ]]
}

# ---------------------------------------------------------------- namespaces

@test "netns=: a name, a path, a process; and refusals" {
	need_tcx
	prog in tcx/ingress 0 $PASS
	object
	# shellcheck disable=SC2046
	counted --attach tcx/ingress:va,netns="/run/netns/$NS" p.o -- $(poke)
	more 0
	ip netns exec "$NS" sleep 20 3>&- &
	sleeper=$!
	eventually 5 test "/proc/$sleeper/ns/net" -ef "/run/netns/$NS"
	# shellcheck disable=SC2046
	counted --attach tcx/ingress:va,netns=$sleeper p.o -- $(poke)
	more 0
	kill $sleeper
	run -1 --separate-stderr $BPF_LD --attach tcx/ingress:va,netns="${NS}x" p.o
	[[ $stderr == *"network namespace ${NS}x cannot be opened"* && $stderr == *"did you mean '$NS'?"* ]]
	run -1 --separate-stderr $BPF_LD --attach tcx/ingress:va,netns=/dev/null p.o
	[[ $stderr == *"/dev/null is no network namespace"* ]]
	run -1 --separate-stderr $BPF_LD --attach "tcx/ingress:va" p.o
	[[ $stderr == *"there is no network device 'va'"* ]]
}
