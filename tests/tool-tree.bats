#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool tree and mem: where programs hang, what keeps objects alive, what they take.
# shellcheck disable=SC2034,SC2154 # for and from what is loaded

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	load net_helper
}

teardown()
{
	net_teardown
	zoo_end
	drop_pins
}

# places ID: "hook how" of each place in tree.json where the program hangs
places()
{
	jq -r ".hooks[] | . as \$h | .lists[] | . as \$l | .programs[] | select(.id == $1) | [\$h.hook, \$l.how] | join(\" \")" tree.json
}

@test "tree: every attachment of a zoo appears exactly once" {
	need_bpf
	need_pins
	need_net
	need_libnl
	need_tracefs
	need_cgroup
	need_cmd tc
	cat >run <<-'EOF'
	mkfifo in
	"$ZOO_PROG" rawtp tp perf uprobe uprobe_multi netns flow netfilter sockmap socklink tailcall inner ioctl prog:idle \
		xdp:$1 tcx:$1 cgroup:$2 load:$3/x:xdp:2 load:$3/c:sched_cls:0 load:$3/d:cgroup_device <in >out &
	exec 9>in
	for _ in $(seq 200); do grep -q ready out && break; sleep 0.05; done
	$BPFTOOL net attach xdpdrv pinned $3/x dev lo 2>/dev/null || $BPFTOOL net attach xdpgeneric pinned $3/x dev lo
	tc qdisc add dev va clsact
	tc filter add dev va egress bpf da object-pinned $3/c
	$BPFTOOL cgroup attach $2 device pinned $3/d multi
	$BPFTOOL -j tree >tree.json
	$BPFTOOL tree >tree.txt
	$BPFTOOL -j tree dev va >dev.json
	$BPFTOOL -j tree cgroup $2 >cgroup.json
	$BPFTOOL -j net detach xdp dev lo
	EOF
	export BPFTOOL ZOO_PROG=$BUILDDIR/tests/tool_zoo
	nsenter --net=/run/netns/$NS bash run "$(in_ns cat /sys/class/net/va/ifindex)" $CG $PINS 3>&-
	ZOO=$(<out)
	expect() # ITEM PLACES
	{
		local id
		grep -q "^$1 .*error=" out && return
		id=$(sed -n "s|^$1 prog=\([0-9]*\) .*|\1|p" out)
		assert_equal "$1: $(places "$id")" "$1: $2"
	}
	expect rawtp 'tracepoint raw_tracepoint'
	expect tp 'tracepoint tracepoint'
	expect perf 'event perf_event'
	expect uprobe 'probe uprobe'
	expect uprobe_multi 'probe uprobe.multi'
	expect netns 'netns sk_lookup'
	expect flow 'netns flow_dissector'
	expect netfilter 'netfilter '
	expect sockmap 'sockets sk_msg_verdict'
	expect socklink 'sockets sk_msg_verdict'
	expect ioctl 'tracepoint tracepoint'
	expect "xdp:.*" 'dev xdp driver'
	expect "tcx:.*" 'dev tcx/ingress'
	expect "cgroup:.*" 'cgroup cgroup_inet_ingress'
	expect "load:.*/x:xdp:2" 'dev xdp generic'
	expect "load:.*/d:cgroup_device" 'cgroup cgroup_device'
	assert_regex "$(places "$(sed -n 's|^load:.*/c:sched_cls:0 prog=\([0-9]*\) .*|\1|p' out)")" '^dev clsact/egress prio [0-9]+ handle 0x1$'
	refute grep -q '^rawtp.*error' out
	refute grep -q '^flow.*error' out
	# what is attached nowhere, and what hangs on that
	for item in tailcall inner prog:idle; do
		id=$(id_of prog $item)
		assert_equal "$(places "$id")" ''
		run -0 jq -c "[.programs[] | select(.id == $id)] | length" tree.json
		assert_output 1
	done
	run -0 jq -c ".programs[] | select(.id == $(id_of prog tailcall)) | .maps[0] | [.name, .elements[0].index, .elements[0].name]" tree.json
	assert_output '["callees",2,"callee"]'
	run -0 jq -c ".programs[] | select(.id == $(id_of prog inner)) | .maps[0] | [.name, .elements[0].kind, .elements[0].name, (.elements[0].kept_by | map(.by))]" tree.json
	assert_output '["outside","map","inside",["map"]]'
	# all that is known twice: as text and as JSON
	id=$(id_of prog rawtp)
	run -0 grep -A 1 "^    prog $id raw_tracepoint  rawtp" tree.txt
	assert_line --index 0 --regexp "  kept by link $(id_of link rawtp), fd of tool_zoo\([0-9]+\)$"
	assert_line --index 1 --regexp "^      link $(id_of link rawtp) raw_tracepoint  kept by fd of tool_zoo\([0-9]+\)$"
	run -0 jq -c "[.hooks[].lists[].programs[] | select(.id == $id)][0] | [.link.id, (.kept_by | map(.by))]" tree.json
	assert_output "[$(id_of link rawtp),[\"link\",\"process\"]]"
	# parts of it
	run -0 jq -c '[([.hooks[].place] | unique), (.programs | length), (.maps | length)]' cgroup.json
	assert_output "[[\"$CG\"],0,0]"
	run -0 jq -c '[([.hooks[].hook] | unique), ([.hooks[].lists[].how] | length), (.programs | length)]' dev.json
	assert_output '[["dev"],3,0]'
}

@test "tree of a program and of a map" {
	need_bpf
	need_tracefs
	zoo calls:one calls:two tailcall rawtp
	one=$(id_of prog calls:one)
	map=$($BPFTOOL -j prog show id $one | jq '.map_ids[0]')
	run -0 $BPFTOOL tree map id $map
	assert_line --index 0 'programs that are attached nowhere'
	assert_line --index 1 --regexp "^  prog $one socket_filter  .*kept by fd of tool_zoo\($ZOO_PID\)$"
	assert_line --index 2 --regexp "^    map $map array  zoo_data  kept by program $one, fd of tool_zoo\($ZOO_PID\)$"
	[ "${#lines[@]}" = 3 ]
	run -0 $BPFTOOL -j tree prog id "$(id_of prog rawtp)"
	run -0 jq -c '[(.hooks | map([.hook, .place])), .programs, .maps]' <<<"$output"
	assert_output '[[["tracepoint","task_rename"]],[],[]]'
	run -2 $BPFTOOL tree nonsense
	run -2 $BPFTOOL tree prog
	run -1 $BPFTOOL tree dev nosuch
}

@test "tree: struct_ops with its programs, registered with and without a link" {
	need_cmd clang-19
	need_bpf
	need_pins
	[ -e /sys/kernel/btf/vmlinux ] || skip "needs /sys/kernel/btf/vmlinux"
	sed -e "s/bpf_half/tree$$/; s/bpf_left_out/left$$/" "$SRCDIR/tests/progs/struct_ops.c" >ops.c
	clang-19 --target=bpf -O2 -g -I"$SRCDIR/tests/progs" -c ops.c -o ops.o
	run $BPF_LD --no-attach ops.o
	[ $status != 3 ] || skip "needs a kernel with struct_ops: $(tail -1 <<<"$output")"
	start ops.o
	$BPFTOOL -j tree >tree.json
	run -0 jq -c "[.hooks[] | select(.hook == \"struct_ops\") | .lists[].programs[] | select(.kept_by | any(.pid == $pid))] | length, (map(.id) | unique | length)" tree.json
	[ "${lines[0]}" -ge 1 ]
	assert_equal "${lines[0]}" "${lines[1]}"
	stop TERM
}

@test "tree on the VM" {
	need_world
	printf '.map m, hash, key=u32, value=u64, max_entries=4\n.section "tracepoint/task/task_rename"\nn: r1 = m ll\nr0 = 0\nexit\n.section "raw_tp/sys_enter"\nr: r1 = m ll\nr0 = 0\nexit\n.license "GPL"\n' >p.s
	$BPF_AS -o p.o p.s
	start --vm p.o
	run -0 $BPFTOOL --vm tree
	assert_line --index 0 'tracepoint sys_enter'
	assert_line --index 1 '  raw_tracepoint'
	assert_line --index 2 --regexp "^    prog [0-9]+ raw_tracepoint  r  kept by link [0-9]+"
	assert_line --regexp "^      map [0-9]+ hash  m  kept by program [0-9]+, program [0-9]+"
	assert_line 'tracepoint task_rename'
	assert_line --regexp "^      map [0-9]+ hash  m  \(see above\)$"
	run -0 $BPFTOOL --vm -j tree
	run -0 jq -c '[(.hooks | map([.hook, .place, .lists[0].how])), .programs, .maps, .links]' <<<"$output"
	assert_output '[[["tracepoint","sys_enter","raw_tracepoint"],["tracepoint","task_rename","tracepoint"]],[],[],[]]'
	stop TERM
}

# ---------------------------------------------------------------- mem

# two programs that share a map, held by bpf-ld; figures of its process: mem_of [--vm]
mem_of()
{
	printf '.map m, hash, key=u32, value=u64, max_entries=1000\n.section "tracepoint/task/task_rename"\nn: r1 = m ll\nr0 = 0\nexit\n.section "raw_tp/sys_enter"\nr: r1 = m ll\nr0 = 0\nexit\n.license "GPL"\n' >p.s
	$BPF_AS -o p.o p.s
	start $1 p.o
	$BPFTOOL $1 -j mem >mem.json
	p=$($BPFTOOL $1 -j prog show | jq -c "[.[] | select(any(.pids[]?; .pid == $pid)) | .id]")
	m=$($BPFTOOL $1 -j map show | jq -c "[.[] | select(any(.pids[]?; .pid == $pid)) | .id]")
	run -0 jq -c "[(.maps[] | select(.id == ${m}[0]) | .prog_ids == ($p | sort)),
		(.processes[] | select(.pid == $pid) | .programs, .maps, .bytes == .bytes_alone),
		([.processes[] | select(.pid == $pid)][0].bytes == ([.programs[] | select([.id] | inside($p)) | .bytes] + [.maps[] | select(.id == ${m}[0]) | .bytes_memlock] | add)),
		(.maps[] | select(.id == ${m}[0]) | .bytes_memlock >= 8000),
		(.programs[] | select(.id == ${p}[0]) | .bytes_maps >= 8000),
		.total.bytes == ([.programs[].bytes_memlock, .programs[].bytes_jited, .maps[].bytes_memlock] | add),
		(.total.maps == (.maps | length))]" mem.json
	assert_output '[true,2,1,true,true,true,true,true,true]'
	run -0 $BPFTOOL $1 mem sort name
	assert_line --regexp "^$pid +[0-9]+ +[0-9]+ +2 +1  [^ ]+$"
	assert_line --regexp "^total +[0-9]+ programs"
	run -2 $BPFTOOL $1 mem sort nothing
	stop TERM
}

@test "mem: a map that two programs share counts once" {
	need_bpf
	need_tracefs
	mem_of
}

@test "mem on the VM" {
	need_world
	mem_of --vm
}

@test "mem: what a pin keeps is not a process's alone" {
	need_bpf
	need_pins
	zoo load:$PINS/p:socket_filter prog:mine
	run -0 $BPFTOOL -j mem
	run -0 jq -c ".processes[] | select(.pid == $ZOO_PID) | [.programs, (.bytes > .bytes_alone), (.bytes_alone > 0)]" <<<"$output"
	assert_output '[2,true,true]'
}

@test "tree: devices of another network namespace, by its name and by a process" {
	need_bpf
	need_pins
	need_net
	need_libnl
	zoo load:$PINS/x:xdp:2
	nsenter --net=/run/netns/$NS2 $BPFTOOL net attach xdpgeneric pinned $PINS/x dev vb
	run -0 $BPFTOOL -j tree prog pinned $PINS/x
	run -0 jq -c '.hooks | map([.hook, .netns, .lists[0].how])' <<<"$output"
	assert_output "[[\"dev\",\"netns $NS2\",\"xdp generic\"]]"
	run -0 $BPFTOOL tree prog pinned $PINS/x
	assert_line --index 0 --regexp "^dev vb\([0-9]+\) in netns $NS2$"
	# here numbers of devices are others
	run -0 $BPFTOOL -j tree dev lo
	run -0 jq -c '[.hooks[] | select(.netns)] | length' <<<"$output"
	assert_output 0
	mkfifo hold
	unshare -n sh -c "$BPFTOOL net attach xdpgeneric pinned $PINS/x dev lo overwrite && echo yes >attached; read -r _ <hold" 3>&- &
	other=$!
	eventually 10 test -s attached
	run -0 $BPFTOOL -j tree prog pinned $PINS/x
	echo >hold
	wait $other
	run -0 jq -c '.hooks | map(.netns[0:8])' <<<"$output"
	assert_output '["netns bu","netns of"]'
}

@test "link, net, tree, mem: devices, links and processes that come and go are left out, every time" {
	need_bpf
	need_net
	need_libnl
	zoo prog:stays
	here_loop()
	{
		while :; do
			ip link add ch0 type veth peer name ch1
			ip link del ch0
			"$BUILDDIR/tests/tool_zoo" rawtp xdp:1 tcx:1 netns tailcall </dev/null
		done
	}
	export -f here_loop
	export BUILDDIR
	nsenter --net=/run/netns/$NS bash -c here_loop >/dev/null 2>&1 3>&- &
	pid=$! # net_teardown ends it
	for _ in $(seq 8); do
		for what in link net tree mem; do
			run -0 --separate-stderr nsenter --net=/run/netns/$NS $BPFTOOL -j $what
			jq -e . <<<"$output" >/dev/null
		done
		[ "$(jq "[.programs[] | select(.id == $(id_of prog prog:stays))] | length" <<<"$output")" = 1 ]
	done
}
