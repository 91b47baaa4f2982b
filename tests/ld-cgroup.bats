#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: control groups. Each attach type counts an event that tests/netdo makes in a group of this test.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load net_helper
	need_bpf
	need_native
	need_cgroup
}

teardown()
{
	net_teardown
	drop_pins
}

# Attach type, the number of its element; how often netdo makes it happen in "events".
HOOKS='cgroup_skb/ingress 0 +
cgroup_skb/egress 1 +
cgroup/sock_create 2 +
cgroup/sock_release 3 +
cgroup/post_bind4 4 2
cgroup/post_bind6 5 2
cgroup/bind4 6 2
cgroup/bind6 7 2
cgroup/connect4 8 1
cgroup/connect6 9 1
cgroup/connect_unix 10 1
cgroup/sendmsg4 11 1
cgroup/sendmsg6 12 1
cgroup/sendmsg_unix 13 1
cgroup/recvmsg4 14 1
cgroup/recvmsg6 15 1
cgroup/recvmsg_unix 16 1
cgroup/getpeername4 17 1
cgroup/getpeername6 18 1
cgroup/getpeername_unix 19 1
cgroup/getsockname4 20 2
cgroup/getsockname6 21 2
cgroup/getsockname_unix 22 1
cgroup/sysctl 23 1
cgroup/getsockopt 24 1
cgroup/setsockopt 25 1
cgroup/dev 26 +
sockops 27 +'

events() { echo "$NETDO" -c "$CG" tcp 127.0.0.1 udp 127.0.0.1 tcp ::1 udp ::1 unix sockopt read /proc/sys/kernel/ostype read /dev/zero; }

has_unix_hooks() { [ "$(uname -r | cut -d. -f1)" -ge 7 ] || [ "$(uname -r | cut -d. -f1,2 | tr -d .)" -ge 67 ] ; }

# all_hooks OPTIONS...: every attach type attached to the group, and what each counted
all_hooks()
{
	local sec n want args=()
	while read -r sec n want; do
		prog "p$n" "$sec" "$n" 1
		args+=(--attach "$sec:$CG")
	done <<<"$HOOKS"
	# shellcheck disable=SC2046
	counted "$@" "${args[@]}" p.o -- $(events)
	while read -r sec n want; do
		echo "# $sec"
		if [ "$want" = + ]; then more "$n"; else is "$n" "$want"; fi
	done <<<"$HOOKS"
}

@test "each attach type counts its events, by link" {
	all_hooks
	[[ $output$stderr == *"link "* ]]
}

@test "each attach type counts its events, by BPF_PROG_ATTACH; nothing is left" {
	all_hooks --attach-via ioctl
	[[ $stderr != *"link "* ]]
	# Alone, a program is refused where another one still is.
	rm p.s
	prog p8 cgroup/connect4 8 1
	counted --attach "cgroup/connect4:$CG,alone" p.o -- "$NETDO" -c "$CG" tcp 127.0.0.1
	is 8 1
}

@test "a path from where cgroup2 is mounted; the group of a child counts too" {
	prog p cgroup/connect4 0 1
	mkdir "$CG/sub"
	counted --attach "cgroup/connect4:$CGNAME" p.o -- "$NETDO" -c "$CG/sub" tcp 127.0.0.1
	is 0 1
	counted --attach "cgroup/connect4:$CGNAME/sub" p.o -- "$NETDO" -c "$CG" tcp 127.0.0.1
	is 0 0
}

@test "one program at two attach types of its kind; a program whose section names none" {
	prog p cgroup/connect4 0 1
	prog q whatever 1 1
	counted --attach "cgroup/connect4:$CG=p" --attach "cgroup/connect6:$CG=p" --attach "cgroup_skb/egress:$CG=q" p.o -- \
		"$NETDO" -c "$CG" tcp 127.0.0.1 tcp ::1
	is 0 2
	more 1
}

@test "a program that refuses is obeyed" {
	prog p cgroup/connect4 0 0
	object
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG" p.o -- "$NETDO" -c "$CG" tcp 127.0.0.1
	[[ $stderr == *"netdo: connect: Operation not permitted"* ]]
}

@test "modes: alone keeps groups below free, override and multi do not" {
	prog p cgroup/connect4 0 1
	prog q cgroup/connect4 1 1
	object
	mkdir "$CG/sub"
	start --attach "cgroup/connect4:$CG,alone=p" p.o
	run -3 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG/sub=q" p.o
	[[ $stderr == *"a program of a control group above does not allow another here"* ]]
	stop TERM 0
	start --attach "cgroup/connect4:$CG,override=p" p.o
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach "cgroup/connect4:$CG/sub,override=q" p.o -- \
		"$NETDO" -c "$CG/sub" tcp 127.0.0.1
	is 1 1
	stop TERM 0
	start --attach "cgroup/connect4:$CG,multi=p" p.o
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach "cgroup/connect4:$CG/sub,multi=q" p.o -- \
		"$NETDO" -c "$CG/sub" tcp 127.0.0.1
	is 1 1
	stop TERM 0
	run -3 --separate-stderr $BPF_LD --attach-via link --attach "cgroup/connect4:$CG,override=p" p.o
}

@test "old= puts a program in the place of another" {
	prog p cgroup/connect4 0 1
	prog q cgroup/connect4 1 1
	object
	need_pins
	$BPF_LD --attach-via ioctl --pin "$PINS/one" --attach "cgroup/connect4:$CG=p" p.o
	run -0 --separate-stderr $BPF_LD --watch counts=1h --attach-via ioctl --attach "cgroup/connect4:$CG,old=$PINS/one/p=q" p.o -- \
		"$NETDO" -c "$CG" tcp 127.0.0.1
	is 1 1
	run -0 $BPFTOOL -j map lookup pinned "$PINS/one/counts" key 0 0 0 0
	assert_output --partial '"value":0'
}

@test "the order of programs: first, before=, after=, last" {
	# Each program puts 10 * what is there + its own number.
	cat >p.s <<-'END'
	.license "GPL"
	.map counts, array, key=u32, value=u64, max_entries=1
	END
	for n in 1 2 3 4; do
		cat >>p.s <<-END
		.section "cgroup/connect4"
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
		1:	r0 = 1
			exit
		END
	done
	object
	need_pins
	$BPF_LD --pin "$PINS/a" --attach "cgroup/connect4:$CG=p2" p.o
	id=$($BPFTOOL -j prog show pinned "$PINS/a/p2" | sed 's/.*"id":\([0-9]*\).*/\1/')
	link=$($BPFTOOL -j link show pinned "$PINS/a/p2_link" | sed 's/.*"id":\([0-9]*\).*/\1/')
	run $BPF_LD --pin "$PINS/b" --attach "cgroup/connect4:$CG,first=p1" --map "counts=$PINS/a/counts" p.o
	[[ $output != *"since Linux 6.17"* ]] || skip "needs a kernel that orders programs of control groups (6.17)"
	assert_success
	$BPF_LD --pin "$PINS/c" --attach "cgroup/connect4:$CG,after=link:$link=p4" --map "counts=$PINS/a/counts" p.o
	run -0 --separate-stderr $BPF_LD --watch counts=1h --map "counts=$PINS/a/counts" \
		--attach "cgroup/connect4:$CG,after=$id=p3" p.o -- "$NETDO" -c "$CG" tcp 127.0.0.1
	is 0 1234
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG,before=999999999=p1" p.o
	[[ $stderr == *"'999999999' is not attached here"* ]]
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG,last,revision=99=p1" p.o
	[[ $stderr == *"another revision than 99"* ]]
}

@test "SIGKILL leaves nothing behind where there is a link" {
	prog p cgroup/connect4 0 0
	object
	start --attach "cgroup/connect4:$CG" p.o
	run -1 "$NETDO" -c "$CG" tcp 127.0.0.1
	stop KILL
	eventually 5 "$NETDO" -c "$CG" tcp 127.0.0.1 # the kernel lets go a little later
}

@test "refusals say why" {
	prog p cgroup/connect4 0 1
	object
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:${CGNAME}x" p.o
	[[ $stderr == *"cannot be opened: No such file"* && $stderr == *"did you mean '$CGNAME'?"* ]]
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG,mlti" p.o
	[[ $stderr == *"did you mean the option 'multi'?"* ]]
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:/tmp" p.o
	[[ $stderr == *"/tmp is no directory of cgroup2"* ]]
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG,netns=x" p.o
	[[ $stderr == *"takes no option 'netns'"* ]]
	run -1 --separate-stderr $BPF_LD --attach "cgroup/connect4:$CG,multi,override" p.o
	[[ $stderr == *"exclude each other"* ]]
	run -2 --separate-stderr $BPF_LD --attach "cgroup/conect4:$CG" p.o
	[[ $stderr == *'did you mean "cgroup/connect4"?'* ]]
	run -0 $BPF_LD --complete -- --attach "cgroup/connect4:${CGNAME:0:6}"
	assert_line --partial "cgroup/connect4:$CGNAME"
}

@test "the VM: attached by a link and by a command, and listed" {
	need_world
	need_cmd jq
	prog p cgroup/connect4 0 1
	object
	start --vm --attach "cgroup/connect4:$CG" p.o
	run -0 $BPFTOOL --vm -j cgroup show "$CG"
	run -0 jq -c 'map([.attach_type, .attach_flags, .name])' <<<"$output"
	assert_output '[["cgroup_inet4_connect","multi","p"]]'
	run -0 $BPFTOOL --vm -j link show
	run -0 jq -c '.[] | [.type, .cgroup_id, .attach_type]' <<<"$output"
	assert_output "[\"cgroup\",$(stat -c %i "$CG"),\"cgroup_inet4_connect\"]"
	stop TERM
	run -0 $BPFTOOL --vm -j cgroup show "$CG"
	assert_output '[]'
	run ! --separate-stderr $BPF_LD --vm --attach tc:lo p.o
	drop_world
}
