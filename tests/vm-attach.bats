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
	need_native # cookies of namespaces
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
	need_native # cookies of namespaces
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

iterator() # KIND CODE...: prints two numbers, r7 and r8, that the code has made of r6, the context
{
	{
		printf '\t.license "GPL"\n\t.section .rodata\nfmt:\t.asciz "%%d=%%d\\n"\n\t.section iter/%s,"ax"\nprog:\n\tr6 = r1\n' "$1"
		printf '\t%s\n' "${@:2}"
		cat <<-'END'
			*(u64 *)(r10 - 16) = r7
			*(u64 *)(r10 - 8) = r8
			r1 = *(u64 *)(r6 + 0)
			r1 = *(u64 *)(r1 + 0)
			r2 = fmt ll
			r3 = 7
			r4 = r10
			r4 += -16
			r5 = 16
			call bpf_seq_printf
		1:
			r0 = 0
			exit
		END
	} >i.s
	$BPF_AS i.s -o i.o
}

@test "iterators: the elements of a map" {
	run -0 $BPFTOOL --vm map create /sys/fs/bpf/c type hash key 4 value 8 entries 8 name counts
	run -0 $BPFTOOL --vm map update pinned /sys/fs/bpf/c key 1 0 0 0 value 7 0 0 0 0 0 0 0
	run -0 $BPFTOOL --vm map update pinned /sys/fs/bpf/c key 2 0 0 0 value 9 0 0 0 0 0 0 0
	iterator bpf_map_elem 'r2 = *(u64 *)(r6 + 16)' 'if r2 == 0 goto 1f' 'r3 = *(u64 *)(r6 + 24)' 'r7 = *(u32 *)(r2 + 0)' \
		'r8 = *(u64 *)(r3 + 0)'
	run -0 --separate-stderr $BPF_LD --vm --attach iter:bpf_map_elem,map=/sys/fs/bpf/c i.o
	assert_equal "$(sort <<<"$output")" $'1=7\n2=9'
	run -0 $BPFTOOL --vm iter pin i.o /sys/fs/bpf/i map pinned /sys/fs/bpf/c
	run -0 $BPFTOOL --vm -j link show
	run -0 jq -c '.[] | [.target_name, .map_id]' <<<"$output"
	assert_output "[\"bpf_map_elem\",$($BPFTOOL --vm -j map show pinned /sys/fs/bpf/c | jq .id)]"
	# Behind a key there is nothing of the program's.
	iterator bpf_map_elem 'r2 = *(u64 *)(r6 + 24)' 'if r2 == 0 goto 1f' 'r7 = *(u64 *)(r2 + 8)' 'r8 = 0'
	run ! --separate-stderr $BPF_LD --vm --attach iter:bpf_map_elem,map=/sys/fs/bpf/c i.o
	# A queue's elements cannot be gone through, and without a map there are none.
	run -0 $BPFTOOL --vm map create /sys/fs/bpf/q type queue value 8 entries 8 name q
	run ! $BPF_LD --vm --attach iter:bpf_map_elem,map=/sys/fs/bpf/q i.o
	run ! $BPF_LD --vm --attach iter:bpf_map_elem i.o
}

@test "iterators: links, with their programs" {
	need_native # cookies of namespaces
	run -0 $BPFTOOL --vm net attach tcx_ingress pinned /sys/fs/bpf/a/tc dev lo
	printf '\t.license "GPL"\n\t.section sk_lookup\nsl:\tr0 = 1\n\texit\n' >s.s
	$BPF_AS s.s -o s.o
	run -0 $BPF_LD --vm --attach sk_lookup s.o --pin /sys/fs/bpf/s
	iterator bpf_link 'r2 = *(u64 *)(r6 + 8)' 'if r2 == 0 goto 1f' 'r7 = *(u32 *)(r2 + 4)' 'r3 = *(u64 *)(r2 + 8)' \
		'r8 = *(u32 *)(r3 + 0)'
	run -0 --separate-stderr $BPF_LD --vm i.o
	# types of link and program: netns, sk_lookup; iter, tracing
	assert_output $'5=30\n4=26'
}
