#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool's programs: loaded from objects, run on data.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	[ -z "${NS:-}" ] || ip netns del $NS
	drop_pins
}

# An object of three programs and two maps; one section says where its program is to be attached.
object() # [NAME]
{
	cat >${1:-three}.s <<-'END'
		.license "GPL"
		.map counts, hash, key=u32, value=u64, max_entries=4
		.map other, array, key=u32, value=u64, max_entries=1
		.section xdp
	first:	r1 = counts ll
		r0 = 1
		exit
		.section raw_tp/sys_enter
	second:	r0 = 0
		exit
		.section socket
	third:	r0 = 0
		exit
	END
	$BPF_AS ${1:-three}.s -o ${1:-three}.o
}

entries() # DIR
{
	ls -1 "$1" | tr '\n' ' '
}

prog_id() # PIN
{
	$BPFTOOL -j prog show pinned "$1" | jq .id
}

@test "load pins the first program, and nothing else" {
	need_pins
	need_bpf
	object
	run -0 --separate-stderr $BPFTOOL prog load three.o $PINS/p
	assert_equal "$output$stderr" ''
	assert_equal "$(entries $PINS)" 'p '
	run -0 $BPFTOOL prog show pinned $PINS/p
	assert_output --partial 'xdp  name first  '
	run -0 $BPFTOOL -j prog load three.o $PINS/p2
	assert_output null
}

@test "loadall pins all programs by name, pinmaps the maps" {
	need_pins
	need_bpf
	object
	run -0 $BPFTOOL prog loadall three.o $PINS/p pinmaps $PINS/m
	assert_equal "$(entries $PINS/p)" 'first second third '
	assert_equal "$(entries $PINS/m)" 'counts other '
	run -0 $BPFTOOL map show pinned $PINS/m/other
	assert_output --partial 'array  name other  '
}

@test "what is pinned there already: an error, and nothing is left" {
	need_pins
	need_bpf
	object
	run -0 $BPFTOOL prog load three.o $PINS/third
	run -1 --separate-stderr $BPFTOOL prog loadall three.o $PINS pinmaps $PINS/m
	[[ $stderr == *'something is there already'* ]]
	assert_equal "$(entries $PINS)" 'third '
	run -1 --separate-stderr $BPFTOOL -j prog loadall three.o $PINS
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'something is there already'
}

@test "a program that the verifier refuses: its message, and nothing is left" {
	need_pins
	need_bpf
	printf '\t.license "GPL"\n\t.section socket\ngood:\tr0 = 0\n\texit\nbad:\tr0 = r3\n\texit\n' >bad.s
	$BPF_AS -Wno-all bad.s -o bad.o || $BPF_AS bad.s -o bad.o
	run ! --separate-stderr $BPFTOOL prog loadall bad.o $PINS/p pinmaps $PINS/m
	[[ $stderr == *'bad'* ]]
	[[ $stderr == *'r3'* || $stderr == *'R3'* ]]
	assert_equal "$(entries $PINS)" ''
}

@test "load -d prints the verifier's log, of what is refused too; data stays on standard output" {
	need_pins
	need_bpf
	object
	run -0 --separate-stderr $BPFTOOL -d prog load three.o $PINS/p
	assert_equal "$output" ''
	[[ $stderr == 'verifier on first:'* ]]
	[[ $stderr == *'processed '*' insns'* ]]
	if [ "${BPFUTILS_TEST_BACKEND:-}" != vm ]; then
		[[ $stderr == *'0: (18) r1 = '* ]] # level 1: each instruction
		[[ $stderr == *'1: R'*'2: (b7) r0 = 1 '* || $stderr == *'2: (b7) r0 = 1'* ]]
	fi
	run -0 --separate-stderr $BPFTOOL -j prog loadall three.o $PINS/all -d # options also stand behind
	assert_equal "$output" null
	[[ $stderr == *'verifier on first:'*'verifier on second:'*'verifier on third:'* ]]
	run -0 --separate-stderr $BPFTOOL prog loadall three.o $PINS/quiet
	assert_equal "$output$stderr" ''
	printf '\t.license "GPL"\n\t.section socket\nbad:\tr0 = r3\n\texit\n' >bad.s
	$BPF_AS -Wno-all bad.s -o bad.o || $BPF_AS bad.s -o bad.o
	run ! --separate-stderr $BPFTOOL -j -d prog load bad.o $PINS/bad
	jq -e .error <<<"$output"
	[[ $stderr == *'verifier on bad.o:'* ]]
	[[ $stderr == *'0: (bf) r0 = r3'* || "${BPFUTILS_TEST_BACKEND:-}" = vm ]]
	[ ! -e $PINS/bad ]
}

@test "load -d: lines of source that the log quotes do not reach the terminal as they are" {
	need_pins
	need_bpf
	need_cmd clang
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs a verifier that quotes source lines"
	printf '__attribute__((section("socket"), used)) int p(void *c) { return *(volatile int *)c; /* \033[31m */ }\n' >esc.c
	clang -target bpf -g -O2 -c esc.c -o esc.o
	run -0 --separate-stderr $BPFTOOL -d prog load esc.o $PINS/p
	[[ $stderr == *'return *(volatile int *)c;'* ]] || { echo "$stderr"; return 1; }
	[[ $stderr != *$'\x1b'* ]]
}

@test "load takes a map that is there, by name and by index" {
	need_pins
	need_bpf
	object
	run -0 $BPFTOOL map create $PINS/mine type hash key 4 value 8 entries 4 name mine
	id=$($BPFTOOL -j map show pinned $PINS/mine | jq .id)
	run -0 $BPFTOOL prog load three.o $PINS/a map name counts pinned $PINS/mine
	run -0 $BPFTOOL prog load three.o $PINS/b map idx 0 id $id
	for p in a b; do
		run -0 $BPFTOOL -j prog show pinned $PINS/$p
		run -0 jq -c .map_ids <<<"$output"
		assert_output "[$id]"
	done
	run -1 --separate-stderr $BPFTOOL prog load three.o $PINS/c map name count pinned $PINS/mine
	[[ $stderr == *"did you mean 'counts'?"* ]]
	run -1 --separate-stderr $BPFTOOL prog load three.o $PINS/c map idx 2 pinned $PINS/mine
	[[ $stderr == *'no map with index 2'* ]]
	[ ! -e $PINS/c ]
}

@test "load: type" {
	need_pins
	need_bpf
	object
	for type in socket:socket_filter classifier:sched_cls action:sched_act cgroup/skb:cgroup_skb sockops:sock_ops \
		cgroup/bind4:cgroup_sock_addr sched_cls:sched_cls raw_tracepoint:raw_tracepoint; do
		run -0 $BPFTOOL prog load three.o $PINS/p type ${type%:*}
		run -0 $BPFTOOL -j prog show pinned $PINS/p
		run -0 jq -r .type <<<"$output"
		assert_output "${type#*:}"
		rm $PINS/p
	done
	run -2 --separate-stderr $BPFTOOL prog load three.o $PINS/p type sokcet
	[[ $stderr == *'did you mean "socket"?'* ]]
}

@test "load: what is missing or wrong" {
	need_pins
	need_bpf
	object
	run -2 $BPFTOOL prog load
	run -2 $BPFTOOL prog load three.o
	run -2 --separate-stderr $BPFTOOL prog load three.o $PINS/p typ socket bogus
	[[ $stderr == *"'bogus' is not expected here"* ]]
	run -4 --separate-stderr $BPFTOOL prog load nosuch.o $PINS/p
	[[ $stderr == *'nosuch.o'*'No such file'* ]]
	run -1 --separate-stderr $BPFTOOL prog load three.s $PINS/p
	run -1 --separate-stderr $BPFTOOL prog load three.o $T/p
	[[ $stderr == *'not in a bpf file system'* ]]
	assert_equal "$(entries $PINS)" ''
}

@test "autoattach attaches what its section says where, and pins the link" {
	need_pins
	need_bpf
	object
	run -0 --separate-stderr $BPFTOOL prog loadall three.o $PINS/p autoattach
	[[ $stderr == *'program first does not support autoattach, falling back to pinning'* ]]
	[[ $stderr == *'program third does not support autoattach, falling back to pinning'* ]]
	[[ $stderr != *second* ]]
	assert_equal "$(entries $PINS/p)" 'first second third '
	run -0 $BPFTOOL link show pinned $PINS/p/second
	assert_output --partial "tp 'sys_enter'"
	run -0 $BPFTOOL prog show pinned $PINS/p/first
}

@test "autoattach to what is not there: an error, and nothing is left" {
	need_pins
	need_bpf
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs a kernel, which knows its tracepoints"
	object
	sed 's/sys_enter/no_such_thing/' three.s >wrong.s
	$BPF_AS wrong.s -o wrong.o
	run ! --separate-stderr $BPFTOOL prog loadall wrong.o $PINS/p autoattach
	[[ $stderr == *no_such_thing* ]]
	assert_equal "$(entries $PINS)" ''
}

@test "xdpmeta_dev binds to a device, offload_dev is refused by one that runs no programs" {
	need_netns
	need_pins
	need_bpf
	object
	NS=bpfutils-tp-$$
	ip netns add $NS
	ip -n $NS link add v0 type veth peer name v1
	run ip netns exec $NS $BPFTOOL -n prog load three.o $PINS/p xdpmeta_dev v0
	# the new mount of /sys of "ip netns exec" hides the pins: the same through nsenter
	run nsenter --net=/run/netns/$NS $BPFTOOL prog load three.o $PINS/p xdpmeta_dev v0
	[[ $status != 3 ]] || skip "needs a kernel with device-bound programs (6.3): $output"
	assert_equal $status 0
	run -0 $BPFTOOL -j prog show pinned $PINS/p
	run -0 nsenter --net=/run/netns/$NS $BPFTOOL prog load three.o $PINS/q
	run ! nsenter --net=/run/netns/$NS $BPFTOOL prog load three.o $PINS/r offload_dev v0
	run -1 nsenter --net=/run/netns/$NS $BPFTOOL prog load three.o $PINS/r offload_dev nosuch
	assert_output --partial "there is no device 'nosuch'"
	[ ! -e $PINS/r ]
}

# ---------------------------------------------------------------- run

# A program that adds 1 to the packet's first byte and returns what it was.
counter()
{
	cat >inc.s <<-'END'
		.license "GPL"
		.section xdp
	inc:	r2 = *(u32 *)(r1 + 0)
		r3 = *(u32 *)(r1 + 4)
		r4 = r2
		r4 += 1
		r0 = 0
		if r4 > r3 goto 1f
		r0 = *(u8 *)(r2 + 0)
		r5 = r0
		r5 += 1
		*(u8 *)(r2 + 0) = r5
	1:	exit
	END
	$BPF_AS inc.s -o inc.o
	$BPFTOOL prog load inc.o $PINS/inc
	printf '0123456789abcdefghijklmnopqrstuvwxyzABCDEFG' >in
}

@test "run: value, duration, data to a file" {
	need_pins
	need_bpf
	counter
	run -0 $BPFTOOL prog run pinned $PINS/inc data_in in data_out out
	assert_output --regexp '^Return value: 48, duration: [0-9]+ns$'
	run -0 cat out
	assert_output 1123456789abcdefghijklmnopqrstuvwxyzABCDEFG
	run -0 $BPFTOOL prog run pinned $PINS/inc data_in - repeat 5 data_out out <in
	assert_output --regexp '^Return value: 52, duration \(average\): [0-9]+ns$'
	run -0 cat out
	assert_output 5123456789abcdefghijklmnopqrstuvwxyzABCDEFG
}

@test "run: data and context on standard output, as a dump and as JSON" {
	need_pins
	need_bpf
	need_cmd jq
	counter
	head -c 24 /dev/zero >ctx
	printf '\x2b' | dd of=ctx bs=1 seek=4 conv=notrunc status=none
	run -0 $BPFTOOL prog run pinned $PINS/inc data_in in data_out - ctx_in ctx ctx_out -
	assert_line --index 0 "0000000	3131 3233 3435 3637 3839 6162 6364 6566 | 11234567 89abcdef"
	assert_line --index 1 "0000010	6768 696a 6b6c 6d6e 6f70 7172 7374 7576 | ghijklmn opqrstuv"
	assert_line --index 2 "0000020	7778 797a 4142 4344 4546 47             | wxyzABCD EFG"
	assert_line --index 3 "0000000	0000 0000 2b00 0000 0000 0000 0000 0000 | ....+... ........"
	assert_line --index 4 "0000010	0000 0000 0000 0000                     | ........ "
	assert_line --index 5 --regexp '^Return value: 48, duration: [0-9]+ns$'
	run -0 $BPFTOOL -j prog run pinned $PINS/inc data_in in data_out - ctx_in ctx ctx_out -
	run -0 jq -c '[keys_unsorted, .retval, (.data_out|length), .data_out[0:2], .ctx_out[4]]' <<<"$output"
	assert_output '[["data_out","ctx_out","retval","duration"],48,43,[49,49],43]'
	run -0 $BPFTOOL -j prog run pinned $PINS/inc data_in in
	run -0 jq -c keys_unsorted <<<"$output"
	assert_output '["retval","duration"]'
}

@test "run: what is refused, and why" {
	need_pins
	need_bpf
	counter
	printf short >short
	run -1 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in short
	[[ $stderr == *'failed to run program: Invalid argument'*'at least 14 bytes'* ]]
	run -1 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in in data_out out data_size_out 8
	[[ $stderr == *'No space left'*data_size_out* ]]
	[ ! -e out ]
	run -1 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in nosuch
	[[ $stderr == *nosuch*'No such file'* ]]
	run -4 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in in data_out nosuch/out
	run -2 --separate-stderr $BPFTOOL prog run pinned $PINS/inc
	run -2 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in - ctx_in -
	run -2 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in in bogus
	for word in repeat data_size_out ctx_size_out; do
		run -2 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in in $word 2 $word 3
		[[ $stderr == *"'$word' is given twice"* ]]
	done
	run -2 --separate-stderr $BPFTOOL prog run pinned $PINS/inc data_in in data_in in
	run -1 --separate-stderr $BPFTOOL -j prog run pinned $PINS/inc data_in short
	run -0 jq -r .error <<<"$output"
	assert_output 'failed to run program: Invalid argument'
}

@test "run: the same text as upstream's" {
	need_upstream_bpftool
	need_pins
	need_bpf
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs a kernel, for upstream's"
	counter
	for words in '' '-j'; do
		for args in 'data_in in' 'data_in in data_out -' 'data_in in data_out - repeat 3'; do
			$BPFTOOL $words prog run pinned $PINS/inc $args | sed 's/[0-9]*ns$//; s/"duration":[0-9]*//' >ours
			$UPSTREAM $words prog run pinned $PINS/inc $args | sed 's/[0-9]*ns$//; s/"duration":[0-9]*//' >theirs
			run -0 diff theirs ours
		done
	done
}

# ---------------------------------------------------------------- attach, detach

@test "attach to a socket map, detach" {
	need_pins
	need_bpf
	printf '\t.license "GPL"\n\t.section sk_skb/stream_verdict\nverdict:\tr0 = 1\n\texit\n' >v.s
	$BPF_AS v.s -o v.o
	run $BPFTOOL map create $PINS/m type sockmap key 4 value 4 entries 2 name socks
	[ $status = 0 ] || skip "needs a backend with socket maps: $output"
	$BPFTOOL prog load v.o $PINS/v
	# what is attached cannot be attached as another, and a map that no program is in says so
	run ! --separate-stderr $BPFTOOL prog detach pinned $PINS/v sk_skb_stream_verdict pinned $PINS/m
	[[ $stderr == *'failed prog detach to map'* ]]
	run -0 --separate-stderr $BPFTOOL prog attach pinned $PINS/v sk_skb_stream_verdict pinned $PINS/m
	assert_equal "$output$stderr" ''
	# the map keeps it
	id=$(prog_id $PINS/v)
	rm $PINS/v
	run -0 $BPFTOOL prog show id $id
	run -0 $BPFTOOL -j prog detach id $id stream_verdict pinned $PINS/m
	assert_output null
	eventually 5 eval "! $BPFTOOL prog show id $id"
}

@test "attach the flow dissector of a namespace, detach" {
	need_netns
	need_pins
	need_bpf
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs a backend with network namespaces"
	printf '\t.license "GPL"\n\t.section flow_dissector\ndissect:\tr0 = 0\n\texit\n' >f.s
	$BPF_AS f.s -o f.o
	run -0 $BPFTOOL prog load f.o $PINS/f
	NS=bpfutils-tf-$$
	ip netns add $NS
	run -0 nsenter --net=/run/netns/$NS $BPFTOOL prog attach pinned $PINS/f flow_dissector
	id=$(prog_id $PINS/f)
	rm $PINS/f
	run -0 $BPFTOOL prog show id $id
	run -0 nsenter --net=/run/netns/$NS $BPFTOOL prog detach id $id flow_dissector
	eventually 5 eval "! $BPFTOOL prog show id $id"
}

@test "attach: what is wrong" {
	need_pins
	need_bpf
	object
	run -0 $BPFTOOL prog load three.o $PINS/p
	run -2 --separate-stderr $BPFTOOL prog attach pinned $PINS/p
	run -2 --separate-stderr $BPFTOOL prog attach pinned $PINS/p sk_msg_verdct
	[[ $stderr == *"did you mean 'sk_msg_verdict'?"* ]]
	run -2 --separate-stderr $BPFTOOL prog attach pinned $PINS/p sk_msg_verdict
	[[ $stderr == *'which map?'* ]]
	run -2 --separate-stderr $BPFTOOL prog attach pinned $PINS/p xdp
	[[ $stderr == *"'net attach'"* ]]
	run ! --separate-stderr $BPFTOOL -j prog attach pinned $PINS/p flow_dissector
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'failed prog attach'
}
