#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool struct_ops: registered, listed, dumped, ended; and iter.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	AVAILABLE=/proc/sys/net/ipv4/tcp_available_congestion_control
}

teardown()
{
	[ -z "${REGISTERED:-}" ] || $BPFTOOL struct_ops unregister name $REGISTERED 2>/dev/null || true
	drop_pins
}

# Does TCP know the name? Of the VM it does not hear.
tcp_has() # NAME
{
	[ "${BPFUTILS_TEST_BACKEND:-}" = vm ] || grep -q "$1" $AVAILABLE
}
tcp_has_not()
{
	! grep -q "$1" $AVAILABLE
}

# The programs of tests/progs as congestion controls with names of this run
compile() # NAME
{
	need_root
	need_pins
	need_bpf
	need_cmd clang-19 jq
	need_file $AVAILABLE
	[ "${BPFUTILS_TEST_BACKEND:-}" = vm ] || [ -e /sys/kernel/btf/vmlinux ] || skip "needs /sys/kernel/btf/vmlinux"
	sed -e "s/bpf_half/half$$/; s/bpf_counted/count$$/; s/bpf_left_out/left$$/; s/ ops = {/ ops$$ = {/; s/ counted = {/ cnt$$ = {/" \
		"$SRCDIR/tests/progs/$1.c" >$1.c
	clang-19 --target=bpf -O2 -g -I"$SRCDIR/tests/progs" -c $1.c -o $1.o
	run $BPF_LD --no-attach $1.o
	[ $status != 3 ] || skip "needs a kernel with struct_ops: $(tail -1 <<<"$output")"
}

@test "struct_ops: register without links stays, and is listed, dumped, ended" {
	compile struct_ops
	run -0 --separate-stderr $BPFTOOL struct_ops register struct_ops.o
	REGISTERED=ops$$
	assert_output ''
	[[ $stderr =~ 'Registered tcp_congestion_ops ops'$$' id '([0-9]+) ]]
	id=${BASH_REMATCH[1]}
	tcp_has half$$
	run -0 $BPFTOOL struct_ops list
	assert_line --regexp "^$id: ops$$ +tcp_congestion_ops +$"
	run -0 $BPFTOOL -j struct_ops show id $id
	assert_output "{\"id\":$id,\"name\":\"ops$$\",\"kernel_struct_ops\":\"tcp_congestion_ops\"}"
	run -0 $BPFTOOL -j struct_ops show name ops$$
	assert_output "[{\"id\":$id,\"name\":\"ops$$\",\"kernel_struct_ops\":\"tcp_congestion_ops\"}]"
	run -0 $BPFTOOL -j struct_ops dump name ops$$
	run -0 jq -r '.[0].bpf_map_info.id, (.[1].bpf_struct_ops_tcp_congestion_ops | .common.state, .data.name, .data.ssthresh, .data.init)' <<<"$output"
	assert_line --index 0 $id
	assert_line --index 1 BPF_STRUCT_OPS_STATE_INUSE
	assert_line --index 2 half$$
	assert_line --index 3 --regexp '^u32 \(struct sock \*\) half/prog_id:[0-9]+$'
	assert_line --index 4 'void (struct sock *) 0'
	run -0 $BPFTOOL -j struct_ops unregister id $id
	run -1 --separate-stderr $BPFTOOL struct_ops unregister id $id
	tcp_has_not half$$
	REGISTERED=
}

@test "struct_ops: the text of list and dump is upstream's" {
	need_upstream_bpftool
	compile struct_ops
	run -0 $BPFTOOL struct_ops register struct_ops.o
	REGISTERED=ops$$
	for words in "list name ops$$" "dump name ops$$"; do
		$UPSTREAM struct_ops $words | sed 's/(nil)/0/' >theirs
		$BPFTOOL struct_ops $words >ours
		run -0 diff theirs ours
	done
	[ "$($UPSTREAM -j struct_ops dump name ops$$ | jq -S .)" = "$($BPFTOOL -j struct_ops dump name ops$$ | jq -S .)" ]
}

@test "struct_ops: register with a directory pins links; unregister ends them" {
	compile struct_ops_link
	run -0 $BPFTOOL struct_ops register struct_ops_link.o $PINS/l
	run -0 ls $PINS/l
	assert_output cnt$$
	tcp_has count$$
	run -0 $BPFTOOL -j link show pinned $PINS/l/cnt$$
	run -0 jq -r .type <<<"$output"
	assert_output struct_ops
	run -0 $BPFTOOL struct_ops unregister name cnt$$
	run -0 ls $PINS/l
	assert_output ''
	eventually 5 tcp_has_not count$$
}

@test "struct_ops: what is none, what is missing" {
	need_pins
	need_bpf
	$BPFTOOL map create $PINS/m type array key 4 value 4 entries 1 name m$$
	run -1 --separate-stderr $BPFTOOL struct_ops show pinned $PINS/m
	[[ $stderr == *'is no struct_ops'* ]]
	run -1 --separate-stderr $BPFTOOL struct_ops unregister pinned $PINS/m
	run -2 $BPFTOOL struct_ops register
	run -2 $BPFTOOL struct_ops unregister
	printf '\t.license "GPL"\n\t.section socket\np:\tr0 = 0\n\texit\n' >p.s
	$BPF_AS p.s -o p.o
	run -1 --separate-stderr $BPFTOOL struct_ops register p.o
	[[ $stderr == *'has no struct of operations'* ]]
}

@test "iter pin: what is no iterator, a refusal, and nothing is left" {
	need_pins
	need_bpf
	printf '\t.license "GPL"\n\t.section socket\np:\tr0 = 0\n\texit\n' >p.s
	$BPF_AS p.s -o p.o
	run -1 --separate-stderr $BPFTOOL iter pin p.o $PINS/i
	[[ $stderr == *'p is no iterator'* ]]
	run -2 $BPFTOOL iter pin p.o
	printf '\t.license "GPL"\n\t.section iter/bpf_map_elem\ni:\tr0 = 0\n\texit\n' >i.s
	$BPF_AS i.s -o i.o
	$BPFTOOL map create $PINS/m type array key 4 value 8 entries 2 name m
	run --separate-stderr $BPFTOOL iter pin i.o $PINS/i map pinned $PINS/m
	if [ $status = 0 ]; then
		run -0 $BPFTOOL iter list
		assert_line --partial 'target_name bpf_map_elem'
		run -0 $BPFTOOL -j iter list
		run -0 jq -e 'all(.type == "iter")' <<<"$output"
	else
		# a locked down kernel refuses, and all is undone
		[ -n "$stderr" ]
		[ ! -e $PINS/i ]
	fi
	run -0 $BPFTOOL -j iter list
	run -0 jq -r type <<<"$output"
	assert_output array
}
