# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For tests that attach to the network and to control groups: objects whose programs count, namespaces,
# control groups. `load net_helper` behind `load helper`; net_teardown in teardown.

NETDO=$BUILDDIR/tests/netdo

# prog NAME SECTION ELEMENT [RETURN]: one more program in p.s, which adds 1 to counts[ELEMENT]
prog()
{
	[ -s p.s ] || printf '.license "GPL"\n.map counts, array, key=u32, value=u64, max_entries=64\n' >p.s
	cat >>p.s <<-END
	.section "$2"
	$1:	*(u32 *)(r10 - 4) = $3
		r2 = r10
		r2 += -4
		r1 = counts ll
		call bpf_map_lookup_elem
		if r0 == 0 goto 1f
		r1 = 1
		lock *(u64 *)(r0 + 0) += r1
	1:	r0 = ${4:-0}
		exit
	END
}

# assembles p.s into p.o
object() { $BPF_AS -o p.o p.s; }

# counted OPTIONS... -- COMMAND...: runs the command while p.o is attached; "ELEMENT COUNT" lines in $output
counted()
{
	object
	run --separate-stderr $BPF_LD --watch counts=1h "$@"
	[ "$status" = 0 ] || { echo "status $status: $stderr"; return 1; }
}

# is ELEMENT COUNT: in $output of counted
is()
{
	local got
	got=$(awk -v k="$1" '$1 == k { n = $2 } END { print n }' <<<"$output")
	assert_equal "counts[$1]=$got" "counts[$1]=$2"
}

# more ELEMENT: counted at least once
more()
{
	local got
	got=$(awk -v k="$1" '$1 == k { n = $2 } END { print n }' <<<"$output")
	[ "${got:-0}" -gt 0 ] || { echo "counts[$1] is ${got:-missing}"; return 1; }
}

# ---------------------------------------------------------------- life

# starts bpf-ld with these options, waits until it is attached; its pid in $pid
start()
{
	rm -f ready
	mkfifo ready
	$BPF_LD --ready-fd 7 "$@" 7>ready >out 2>err 3>&- &
	pid=$!
	read -r -t 20 word <ready || { cat err; return 1; }
	assert_equal "$word" attached
}

# stop SIGNAL [STATUS]: ends it, and compares its status
stop()
{
	local status=0
	kill "-$1" "$pid"
	wait "$pid" 2>/dev/null || status=$?
	pid=
	[ -z "${2:-}" ] || assert_equal "$status" "$2"
}

# ---------------------------------------------------------------- places

# $NS, a network namespace with lo up, and a pair of devices: va here (10.9.0.1) and vb, in $NS2, (10.9.0.2)
need_net()
{
	need_root
	need_cmd ip nsenter
	NS=bu-a-$$-$BATS_TEST_NUMBER
	NS2=bu-b-$$-$BATS_TEST_NUMBER
	ip netns add "$NS" 2>/dev/null || skip "needs network namespaces"
	ip netns add "$NS2"
	ip -n "$NS" link set lo up
	ip -n "$NS2" link set lo up
	ip -n "$NS" link add va type veth peer name vb netns "$NS2" 2>/dev/null || skip "needs veth devices"
	ip netns exec "$NS" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.va.accept_dad=0 net.ipv6.conf.va.router_solicitations=0
	ip netns exec "$NS2" sysctl -qw net.ipv6.conf.vb.accept_dad=0 net.ipv6.conf.vb.router_solicitations=0
	ip -n "$NS" addr add 10.9.0.1/24 dev va
	ip -n "$NS2" addr add 10.9.0.2/24 dev vb
	ip -n "$NS" link set va up
	ip -n "$NS2" link set vb up
}

need_libnl()
{
	grep -q '^#define HAVE_LIBNL 1' "$BUILDDIR/config.h" || skip "needs a build with libnl"
}

# in_ns COMMAND...
in_ns() { ip netns exec "$NS" "$@"; }

# $CG, a control group of this test
need_cgroup()
{
	need_root
	local at
	at=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$at" ] || skip "needs cgroup2 to be mounted"
	CGNAME=bu-$$-$BATS_TEST_NUMBER
	CG=$at/$CGNAME
	mkdir "$CG" || skip "needs a writable cgroup2"
}

net_teardown()
{
	[ -z "${pid:-}" ] || kill -KILL "$pid" 2>/dev/null || true
	pid=
	[ -z "${NS:-}" ] || ip netns del "$NS" 2>/dev/null || true
	[ -z "${NS2:-}" ] || ip netns del "$NS2" 2>/dev/null || true
	if [ -n "${CG:-}" ]; then
		[ ! -d "$CG/sub" ] || eventually 5 rmdir "$CG/sub" || true
		eventually 5 rmdir "$CG" || true
	fi
	NS= NS2= CG=
}
