#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is attached in the VM, as the tools show it. That it is what the kernel does is tests/attach_model's.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_cmd jq
	need_world
	cat >a.s <<-'END'
		.license "GPL"
		.map sock, sockmap, key=u32, value=u32, max_entries=2
		.section cgroup/connect4,"ax"
	c4:	r0 = 1
		exit
		.section tcx/ingress,"ax"
	tc:	r0 = 0
		exit
		.section flow_dissector,"ax"
	fd:	r0 = 0
		exit
		.section sk_lookup,"ax"
	sl:	r0 = 1
		exit
		.section netfilter,"ax"
	nf:	r0 = 1
		exit
		.section sk_msg,"ax"
	sm:	r0 = 1
		exit
	END
	$BPF_AS a.s -o a.o
	$BPFTOOL --vm prog loadall a.o /sys/fs/bpf/a pinmaps /sys/fs/bpf/m
}

teardown()
{
	[ -z "${CG:-}" ] || rmdir "$CG"
	[ -z "${WORLD_DIR:-}" ] || drop_world
}

# An empty control group, $CG.
need_group()
{
	local root

	need_root
	root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "needs cgroup2"
	CG=$root/bpfutils-vm-$$
	mkdir "$CG" || { CG=; skip "needs cgroup2 that can be written"; }
}

prog_id() # NAME
{
	$BPFTOOL --vm -j prog show pinned /sys/fs/bpf/a/"$1" | jq .id
}

@test "a control group: attached, listed, detached, by another process" {
	need_group
	run -0 $BPFTOOL --vm cgroup attach "$CG" cgroup_inet4_connect pinned /sys/fs/bpf/a/c4 multi
	run -0 $BPFTOOL --vm -j cgroup show "$CG"
	run -0 jq -c 'map([.id, .attach_type, .attach_flags])' <<<"$output"
	assert_output "[[$(prog_id c4),\"cgroup_inet4_connect\",\"multi\"]]"
	run -0 $BPFTOOL --vm -j cgroup show "$CG" effective
	run -0 jq length <<<"$output"
	assert_output 1
	# Twice is once too often.
	run ! $BPFTOOL --vm cgroup attach "$CG" cgroup_inet4_connect pinned /sys/fs/bpf/a/c4 multi
	# It keeps its program.
	run -0 $BPFTOOL --vm -j cgroup tree
	run -0 jq -c "[.[] | .. | .id? // empty] | unique" <<<"$output"
	assert_output "[$(prog_id c4)]"
	run -0 $BPFTOOL --vm cgroup detach "$CG" cgroup_inet4_connect pinned /sys/fs/bpf/a/c4
	run -0 $BPFTOOL --vm -j cgroup show "$CG"
	assert_output '[]'
	run ! $BPFTOOL --vm cgroup detach "$CG" cgroup_inet4_connect pinned /sys/fs/bpf/a/c4
}

@test "devices, the flow dissector and a socket map" {
	run -0 $BPFTOOL --vm net attach tcx_ingress pinned /sys/fs/bpf/a/tc dev lo
	run -0 $BPFTOOL --vm prog attach pinned /sys/fs/bpf/a/fd flow_dissector
	run -0 $BPFTOOL --vm prog attach pinned /sys/fs/bpf/a/sm sk_msg_verdict pinned /sys/fs/bpf/m/sock
	run -0 $BPFTOOL --vm -j net
	run -0 jq -c '.[0] | [[.tc[] | [.devname, .kind, .prog_id]], .flow_dissector]' <<<"$output"
	assert_output "[[[\"lo\",\"tcx/ingress\",$(prog_id tc)]],[{\"id\":$(prog_id fd)}]]"
	run -0 $BPFTOOL --vm tree
	assert_output --partial "prog $(prog_id sm) sk_msg  sm  kept by sockets map"
	run -0 $BPFTOOL --vm net detach tcx_ingress dev lo
	run -0 $BPFTOOL --vm prog detach pinned /sys/fs/bpf/a/fd flow_dissector
	run -0 $BPFTOOL --vm prog detach pinned /sys/fs/bpf/a/sm sk_msg_verdict pinned /sys/fs/bpf/m/sock
	run -0 $BPFTOOL --vm -j net
	assert_output '[{"xdp":[],"tc":[],"flow_dissector":[],"netfilter":[]}]'
}

@test "links of namespaces and of netfilter: listed, and gone with their holder" {
	printf '\t.license "GPL"\n\t.section sk_lookup\nsl:\tr0 = 1\n\texit\n' >s.s
	printf '\t.license "GPL"\n\t.section netfilter\nnf:\tr0 = 1\n\texit\n' >n.s
	$BPF_AS s.s -o s.o
	$BPF_AS n.s -o n.o
	run -0 $BPF_LD --vm --attach sk_lookup s.o --pin /sys/fs/bpf/s
	run -0 $BPF_LD --vm --attach netfilter:ipv4:prerouting,priority=7 n.o --pin /sys/fs/bpf/n
	run -0 $BPFTOOL --vm -j link show
	run -0 jq -c 'map(if .type == "netns" then [.type, .netns_ino, .attach_type] else [.type, .pf, .hook, .prio] end) | sort' <<<"$output"
	assert_output "[[\"netfilter\",2,0,7],[\"netns\",$(stat -Lc %i /proc/self/ns/net),\"sk_lookup\"]]"
	run -0 $BPFTOOL --vm -j net
	run -0 jq -c '.[0].netfilter | map([.pf, .hook, .prio])' <<<"$output"
	assert_output '[[2,0,7]]'
	rm -r "$BPFUTILS_WORLD"/pins/s "$BPFUTILS_WORLD"/pins/n
	run -0 --separate-stderr $BPFTOOL --vm -j link show
	assert_output '[]'
}
