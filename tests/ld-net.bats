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
	need_libnl
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

@test "a section's other name; a kernel without netkit" {
	need_tcx
	prog in tc/ingress 0 $PASS
	prog out tc/egress 1 $PASS
	prog x xdp 2 2
	# shellcheck disable=SC2046
	counted --attach tcx/ingress:va,netns="$NS" --attach tcx/egress:va,netns="$NS" p.o -- $(poke)
	more 0
	more 1
	rm p.s
	prog one tc 0 $PASS
	prog x xdp 2 2
	# shellcheck disable=SC2046
	counted --attach tcx/ingress:va,netns="$NS" p.o -- $(poke)
	more 0
	run --separate-stderr $BPF_LD --attach netkit/primary:va,netns="$NS" p.o
	if zcat /proc/config.gz 2>/dev/null | grep -q '^# CONFIG_NETKIT is not set'; then
		assert_equal "$status" 3
		[[ $stderr == *"this kernel was built without CONFIG_NETKIT"* ]]
	else
		assert_equal "$status" 1
	fi
	run --separate-stderr $BPF_LD --attach lirc_mode2:0=one p.o
	[[ $status != 0 && $stderr == *"error:"* ]]
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

# ---------------------------------------------------------------- XDP

xdp_ids() { ip -n "$NS" -d link show va | sed -n 's/.*prog\/xdp[a-z]* id \([0-9]*\).*/\1/p'; }

@test "xdp: modes, another namespace, replace and old=" {
	need_libnl
	prog one xdp 0 2
	prog two xdp.frags 1 2
	object
	for mode in '' :generic :native; do
		# shellcheck disable=SC2046
		counted --attach "xdp:va$mode,netns=$NS=one" p.o -- $(poke)
		more 0
		is 1 0
	done
	# shellcheck disable=SC2046
	counted --attach "xdp:va,netns=$NS=two" p.o -- $(poke)
	more 1
	[ -z "$(xdp_ids)" ]
	# One that is there by netlink: replaced while we are here, and then it is back.
	start --attach-via netlink --attach "xdp:va:generic,netns=$NS=one" p.o
	before=$(xdp_ids)
	[ -n "$before" ]
	run -1 --separate-stderr $BPF_LD --attach "xdp:va,netns=$NS=two" p.o
	[[ $stderr == *"has an XDP program already"* ]]
	for opt in replace "old=$before"; do
		# shellcheck disable=SC2046
		counted --attach "xdp:va,$opt,netns=$NS=two" p.o -- $(poke)
		more 1
		assert_equal "$(xdp_ids)" "$before"
	done
	run -1 --separate-stderr $BPF_LD --attach "xdp:va,old=link:99999999,netns=$NS=two" p.o
	run -1 --separate-stderr $BPF_LD --attach "xdp:va,replace,netns=$NS=two" --attach "xdp:vx,netns=$NS=two" p.o
	assert_equal "$(xdp_ids)" "$before"
	run -3 --separate-stderr $BPF_LD --attach-via link --attach "xdp:va,replace,netns=$NS=two" p.o
	stop TERM 0
	[ -z "$(xdp_ids)" ]
	# shellcheck disable=SC2046
	counted --attach "xdp:va,replace,netns=$NS=two" p.o -- $(poke)
	more 1
	run --separate-stderr $BPF_LD --attach "xdp:lo:offload=one" p.o
	[[ $status = [13] && $stderr == *"processor of a network device"* ]]
}

# ---------------------------------------------------------------- sk_lookup, flow_dissector, netfilter

@test "sk_lookup: a namespace by name; without a target, the one where bpf-ld runs" {
	prog look sk_lookup 0 1
	counted --attach "sk_lookup:$NS" p.o -- ip netns exec "$NS" "$NETDO" tcp 127.0.0.1
	more 0
	# Another namespace's packets are not seen.
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach "sk_lookup:$NS" p.o -- ip netns exec "$NS2" "$NETDO" tcp 127.0.0.1
	is 0 0
	# The section says all: nothing has to be named.
	run -0 --separate-stderr in_ns $BPF_LD --watch counts=1h p.o -- "$NETDO" tcp 127.0.0.1
	more 0
	run -0 --separate-stderr in_ns $BPF_LD --watch counts=1h --attach sk_lookup=look p.o -- "$NETDO" tcp 127.0.0.1
	more 0
	run -3 --separate-stderr $BPF_LD --attach-via ioctl --attach "sk_lookup:$NS" p.o
	[[ $stderr == *"attached by links"* ]]
	run -1 --separate-stderr $BPF_LD --attach "sk_lookup:${NS}x" p.o
	[[ $stderr == *"did you mean '$NS'?"* ]]
	# A program that drops makes a connection impossible, until it is killed.
	rm p.s
	prog look sk_lookup 0 0
	object
	start --attach "sk_lookup:$NS" p.o
	run -1 in_ns "$NETDO" tcp 127.0.0.1
	[[ $output == *refused* ]]
	stop KILL
	eventually 5 in_ns "$NETDO" tcp 127.0.0.1
}

@test "flow_dissector: by link, and by BPF_PROG_ATTACH; one only" {
	prog dissect flow_dissector 0 0
	in_ns sh -c 'echo 3 >/sys/class/net/va/queues/rx-0/rps_cpus' || skip "needs receive packet steering (CONFIG_RPS)"
	# shellcheck disable=SC2046
	counted --attach "flow_dissector:$NS" p.o -- $(poke)
	more 0
	run -0 --separate-stderr in_ns $BPF_LD --watch counts=1h --attach-via ioctl --attach flow_dissector p.o -- \
		nsenter --net="/run/netns/$NS2" "$NETDO" poke 10.9.0.1
	more 0
	start --attach "flow_dissector:$NS" p.o
	run -1 --separate-stderr $BPF_LD --attach "flow_dissector:$NS" p.o
	[[ $stderr == *"one flow dissector, and this one has it already"* ]]
	stop TERM 0
}

@test "netfilter: a hook, its priority, defrag" {
	grep -q ' bpf_nf_link_attach$' /proc/kallsyms || skip "needs programs of netfilter (CONFIG_NETFILTER_BPF_LINK, Linux 6.4)"
	prog nf netfilter 0 1
	prog drop netfilter 1 0
	object
	# shellcheck disable=SC2046
	counted --attach netfilter:ipv4:input,netns="$NS"=nf p.o -- $(poke)
	is 0 1
	# shellcheck disable=SC2046
	counted --attach netfilter:ipv4:prerouting,priority=-10,defrag,netns="$NS"=nf p.o -- $(poke)
	is 0 1
	start --attach netfilter:ipv4:input,priority=5,netns="$NS"=drop p.o
	# shellcheck disable=SC2046
	run -1 $(poke)
	run -1 --separate-stderr $BPF_LD --attach netfilter:ipv4:input,priority=5,netns="$NS"=nf p.o
	[[ $stderr == *"another priority= may be free"* ]]
	stop KILL
	# shellcheck disable=SC2046
	eventually 3 $(poke)
	run -1 --separate-stderr $BPF_LD --attach netfilter:ipx:input=nf p.o
	[[ $stderr == *"neither 'ipv4' nor 'ipv6'"* ]]
	run -1 --separate-stderr $BPF_LD --attach netfilter:ipv4:sideways=nf p.o
	[[ $stderr == *"there is no such hook"* ]]
}

# ---------------------------------------------------------------- routes

need_lwt() # TYPE
{
	need_libnl
	prog probe "$1" 0 0
	object
	run --separate-stderr $BPF_LD --attach "$1:${2:-10.99.0.0/24},dev=vb,netns=$NS2" p.o -- true
	rm p.s p.o
	[ "$status" != 3 ] || skip "needs programs of routes: $stderr"
}

routes() { ip -n "$1" ${2:-} route show; }

@test "lwt_xmit and lwt_out: the packets of a route, which is gone at the end" {
	need_lwt lwt_xmit
	prog xmit lwt_xmit 0 0
	prog out lwt_out 1 0
	object
	counted --attach lwt_xmit:10.8.0.0/24,dev=vb,netns="$NS2" --attach lwt_out:10.8.1.0/24,via=10.9.0.1,netns="$NS2" p.o -- \
		ip netns exec "$NS2" "$NETDO" send 10.8.0.1 send 10.8.1.1
	is 0 1
	is 1 1
	run -0 routes "$NS2"
	refute_output --partial 10.8.
	start --attach lwt_xmit:10.8.0.0/24,dev=vb,headroom=64,metric=7,netns="$NS2" p.o
	run -0 routes "$NS2"
	assert_output --partial 'encap bpf xmit lwt_xmit'
	run -1 --separate-stderr $BPF_LD --attach lwt_xmit:10.8.0.0/24,dev=vb,metric=7,netns="$NS2" p.o
	[[ $stderr == *"there is a route to this destination already"* ]]
	stop TERM 0
	run -0 routes "$NS2"
	refute_output --partial 10.8.
}

@test "lwt_in: packets that are forwarded by the route" {
	need_lwt lwt_in
	prog in lwt_in 0 0
	in_ns sysctl -qw net.ipv4.ip_forward=1
	ip -n "$NS2" route add 10.8.0.0/24 via 10.9.0.1
	in_ns ip neigh replace 10.8.0.1 dev va lladdr 02:00:00:00:00:01 nud permanent
	counted --attach lwt_in:10.8.0.0/24,dev=va,netns="$NS" p.o -- sh -c "ip netns exec $NS2 $NETDO send 10.8.0.1; sleep 0.2"
	is 0 1
}

@test "lwt_seg6local: packets with a segment routing header" {
	need_lwt lwt_seg6local fc00::99/128
	in_ns sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.va.seg6_enabled=1
	in_ns ip -6 addr add fd00:9::1/64 dev va nodad
	ip -n "$NS2" -6 addr add fd00:9::2/64 dev vb nodad
	ip -n "$NS2" -6 route add fc00::1/128 via fd00:9::1
	ip -n "$NS2" -6 route add fd00:8::/64 encap seg6 mode encap segs fc00::1,fc00::2 dev vb 2>/dev/null ||
		skip "needs SRv6 encapsulation (CONFIG_IPV6_SEG6_LWTUNNEL)"
	prog seg lwt_seg6local 0 0
	counted --attach lwt_seg6local:fc00::1/128,dev=va,netns="$NS" p.o -- \
		sh -c "ip netns exec $NS2 $NETDO send fd00:8::1; sleep 0.2"
	is 0 1
	run -0 routes "$NS" -6
	refute_output --partial seg6local
	run -1 --separate-stderr $BPF_LD --attach lwt_seg6local:10.0.0.0/24,dev=va,netns="$NS" p.o
	[[ $stderr == *"SRv6 is about IPv6"* ]]
}

@test "routes: refusals" {
	need_lwt lwt_xmit
	prog xmit lwt_xmit 0 0
	object
	run -1 --separate-stderr $BPF_LD --attach lwt_xmit:10.8.0.1/24,dev=vb p.o
	[[ $stderr == *"bits behind its prefix"* ]]
	run -1 --separate-stderr $BPF_LD --attach lwt_xmit:10.8.0.0/24 p.o
	[[ $stderr == *"neither dev= nor via= is given"* ]]
	run -1 --separate-stderr $BPF_LD --attach lwt_xmit:10.8.0.0/24,via=10.77.0.1,netns="$NS2" p.o
	[[ $stderr == *"the gateway cannot be reached"* ]]
	run -1 --separate-stderr $BPF_LD --attach lwt_xmit:10.8.0.0/24,dev=vx,netns="$NS2" p.o
	[[ $stderr == *"there is no network device 'vx'"* && $stderr == *"did you mean 'vb'?"* ]]
	run -3 --separate-stderr $BPF_LD --attach-via link --attach lwt_xmit:10.8.0.0/24,dev=vb,netns="$NS2" p.o
	[[ $stderr == *"no links to routes"* ]]
}

@test "a device that goes away takes its programs with it; the end is quiet" {
	need_tc
	need_lwt lwt_xmit
	prog in tc 0 $PASS
	prog x xdp 1 2
	prog xmit lwt_xmit 2 0
	object
	start --attach tc:va:ingress,netns="$NS" --attach lwt_xmit:10.8.0.0/24,dev=va,netns="$NS" p.o
	in_ns ip link del va
	stop TERM 0
	run -0 cat err
	refute_output --partial error
	in_ns ip link add va type veth peer name vc
	in_ns ip link set va up
	start --attach-via netlink --attach xdp:va,netns="$NS" p.o
	in_ns ip link del va
	stop TERM 0
	run -0 cat err
	refute_output --partial error
}

# Each call fails once, wherever it is: what is attached is taken away all the same, also by netlink.
@test "a fault at each call of netlink, setns and bpf leaves nothing" {
	need_tc
	need_cmd strace
	strace -qq -o /dev/null -e trace=getpid -e inject=getpid:error=EPERM true 2>/dev/null ||
		skip "needs strace with fault injection, and leave to trace"
	need_lwt lwt_xmit
	prog in tc 0 $PASS
	prog x xdp 1 2
	prog xmit lwt_xmit 2 0
	object
	state() { in_ns sh -c 'tc qdisc show dev va; tc filter show dev va ingress; ip route; ip -d link show va | grep -o "prog/xdp.*"; true'; }
	local before call n
	before=$(state)
	as_before() { [ "$(state)" = "$before" ]; }
	for call in sendmsg:10 recvmsg:22 setns:13 bpf:16; do
		for n in $(seq "${call#*:}"); do
			run strace -qq -o /dev/null -e trace="${call%:*}" -e inject="${call%:*}:error=ENOMEM:when=$n" \
				$BPF_LD --attach tc:va:ingress,netns="$NS" --attach lwt_xmit:10.50.0.0/24,dev=va,netns="$NS" \
				--attach xdp:va,replace,netns="$NS" p.o -- true
			eventually 3 as_before || { echo "left by $call $n: $output"; state; return 1; }
		done
	done
}

# ---------------------------------------------------------------- sockets

@test "socket: all packets of a device, by a socket of our own" {
	prog all socket 0 0
	# shellcheck disable=SC2046
	counted --attach socket:va,netns="$NS" p.o -- $(poke)
	more 0
}

@test "socket: an inherited one, which the command has too" {
	prog all socket 0 -1
	prog none socket 1 0
	object
	run -0 --separate-stderr in_ns "$NETDO" fd 5001 $BPF_LD --watch counts=1h --attach socket:fd:9=all p.o -- "$NETDO" self 5001
	is 0 1
	# A filter that lets nothing through; it is taken away at the end.
	run -0 --separate-stderr in_ns "$NETDO" fd 5001 sh -c "$BPF_LD --watch counts=1h --attach socket:fd:9=none p.o -- $NETDO self 5001
		echo status \$?; $NETDO self 5001"
	is 1 1
	assert_output --partial 'status 1'
	run -1 --separate-stderr $BPF_LD --attach socket:fd:99=all p.o
	[[ $stderr == *"no open file descriptor 99"* ]]
	run -1 --separate-stderr $BPF_LD --attach socket:fd:1=all p.o
	[[ $stderr == *"file descriptor 1 is no socket"* ]]
}

@test "sk_reuseport: an inherited socket, and one of our own in its group" {
	prog pass sk_reuseport 0 1
	prog drop sk_reuseport 1 0
	object
	run -0 --separate-stderr in_ns "$NETDO" fd 5002 $BPF_LD --watch counts=1h --attach sk_reuseport:fd:9=pass p.o -- "$NETDO" self 5002
	is 0 1
	run -1 --separate-stderr in_ns "$NETDO" fd 5002 $BPF_LD --watch counts=1h --attach sk_reuseport:udp:127.0.0.1:5002=drop p.o -- \
		"$NETDO" self 5002
	is 1 1
	run -1 --separate-stderr $BPF_LD --attach sk_reuseport:udp:0=pass p.o
	[[ $stderr == *"no number from 1 to 65535"* ]]
}

# ---------------------------------------------------------------- sockmaps

sockmap_object()
{
	prog msg sk_msg 0 1
	prog verdict sk_skb/stream_verdict 1 1
	cat >>p.s <<-'END'
	.map socks, sockmap, key=u32, value=u32, max_entries=2
	.section sk_skb/stream_parser
	parse:	r0 = *(u32 *)(r1 + __sk_buff.len)
		exit
	/* Sockets of connections: who connects is element 0, who accepts is 1. */
	.section sockops
	ops:	r2 = *(u32 *)(r1 + 0)
		*(u32 *)(r10 - 4) = 0
		if r2 == 4 goto 1f
		*(u32 *)(r10 - 4) = 1
		if r2 != 5 goto 2f
	1:	r2 = socks ll
		r3 = r10
		r3 += -4
		r4 = 0
		call bpf_sock_map_update
	2:	r0 = 1
		exit
	END
	object
}

@test "sk_msg and sk_skb: the sockets of a map; by link and by BPF_PROG_ATTACH" {
	need_cgroup
	sockmap_object
	for via in auto ioctl; do
		counted --attach-via $via --attach "sockops:$CG" --attach sk_msg:socks --attach sk_skb/stream_parser:socks \
			--attach sk_skb/stream_verdict:socks p.o -- nsenter --net="/run/netns/$NS" "$NETDO" -c "$CG" tcp 127.0.0.1
		is 0 1
		more 1
	done
	run -1 --separate-stderr $BPF_LD --attach sk_msg:sock p.o
	[[ $stderr == *'the object has no map "sock"'* ]]
	run -1 --separate-stderr $BPF_LD --attach sk_msg:counts p.o
	[[ $stderr == *"the map is of type array"* ]]
}

@test "sk_msg: a map that is pinned" {
	need_cgroup
	need_pins
	sockmap_object
	$BPF_LD --pin "$PINS/a" --attach "sockops:$CG" p.o
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach "sk_msg:$PINS/a/socks" p.o -- \
		nsenter --net="/run/netns/$NS" "$NETDO" -c "$CG" tcp 127.0.0.1
	is 0 1
}
