# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
#
# The tests inside the guest, for busybox's shell; prints TAP. Everything runs as root on a kernel
# with kprobes, one CPU, nothing else going on.
#
#   sh guest.sh            all tests
#   sh guest.sh FUNCTION   one, its output as it comes

tests=/tests
limit=150 # seconds a test

# count_is ATTACHMENT ELEMENT WANT [-- COMMAND]: what COMMAND, else "target 5", leaves in counts while attached.
# $obj is the object, attach.o if unset.
count_is()
{
	attach=$1
	element=$2
	want=$3
	shift 3
	[ $# != 0 ] || set -- -- target 5
	bpf-ld --attach-via "${via:-auto}" --attach "$attach" --pin /sys/fs/bpf/t "${obj:-attach.o}" "$@"
	got=$(value /sys/fs/bpf/t/counts "$element")
	rm -r /sys/fs/bpf/t
	if [ "$got" != "$want" ]; then
		echo "counts[$element] is $got, not $want"
		return 1
	fi
}

# value PIN ELEMENT: the number in an element of a pinned array
value()
{
	bpftool -j map lookup pinned "$1" key "$2" 0 0 0 | sed -n 's/.*"value":\([0-9]*\).*/\1/p'
}

assembles()
{
	bpf-as $tests/attach.s
	bpf-as $tests/refused.s
	bpf-as $tests/trace.s
	bpf-as $tests/victim.s
	bpf-as $tests/replace.s
	test -s attach.o
}

call=__x64_sys_sched_get_priority_max

kprobe() { count_is "kprobe:$call=on_kprobe" 0 5; }
kretprobe() { count_is "kretprobe:$call=on_kretprobe" 1 495; }
tracepoint() { count_is "tracepoint:syscalls:sys_enter_sched_get_priority_max=on_tracepoint" 2 5; }
raw_tp() { count_is "raw_tp:sys_enter=on_raw_tp" 3 5; }

# Many functions by one link (6.12), or by an event for each (6.1).
watched_is()
{
	got=$(bpf-ld --attach-via "${via:-auto}" --attach "$1" --watch counts=1h attach.o -- target 5 | sed -n "s/^$2 //p")
	[ "$got" = "$3" ] || { echo "counts[$2] is $got, not $3"; return 1; }
}
kprobe_multi() { watched_is "kprobe.multi:__x64_sys_sched_get_priority_m*+__x64_sys_getpgid=on_kprobe" 0 5; }
kretprobe_multi() { watched_is "kretprobe.multi:$call=on_kretprobe" 1 495; }
kprobe_session()
{
	status=0
	count_is "kprobe.session:$call=on_kprobe" 0 10 2>err || status=$?
	cat err
	[ $status = 0 ] || grep -q 'it needs Linux 6.12' err
}
kprobe_multi_bad()
{
	for bad in no_such_function "$call+no_such_function"; do
		status=0
		bpf-ld --attach "kprobe.multi:$bad=on_kprobe" attach.o -- true 2>err || status=$?
		cat err
		[ $status = 1 ]
		grep -q "this kernel has no function 'no_such_function'" err
	done
	status=0
	bpf-ld --attach "kprobe.multi:no_such_*=on_kprobe" attach.o -- true 2>err || status=$?
	grep -q "is called like 'no_such_\*'" err
	nothing_left
}
ksyscall() { count_is "ksyscall:sched_get_priority_max=on_kprobe" 0 5; }
kretsyscall() { count_is "kretsyscall:sched_get_priority_max=on_kretprobe" 1 495; }

# As kernels before 4.17 do it.
tracefs() { via=tracefs; count_is "$@"; }
lines() { cat /sys/kernel/tracing/kprobe_events /sys/kernel/tracing/uprobe_events; }
tracefs_probes()
{
	tracefs "kprobe:$call=on_kprobe" 0 5
	tracefs "kretprobe:$call=on_kretprobe" 1 495
	tracefs "uprobe:/bin/target:uprobe_me=on_uprobe" 4 10
	tracefs "uretprobe:/bin/target:uprobe_me=on_uretprobe" 5 15
	via=tracefs watched_is "kprobe.multi:__x64_sys_sched_get_priority_m*=on_kprobe" 0 5
	status=0
	bpf-ld --attach-via tracefs --attach "kprobe:no_such_function=on_kprobe" attach.o -- true 2>err || status=$?
	cat err
	[ $status = 1 ]
	grep -q "this kernel has no function 'no_such_function'" err
	# What a killed process leaves, the next one takes away.
	# shellcheck disable=SC2016 # that shell's own parent
	bpf-ld --attach-via tracefs --attach "kprobe:$call=on_kprobe" attach.o -- sh -c 'kill -9 $PPID; sleep 1' || true
	lines
	lines | grep -q bpfutils
	for n in 1 2 3 4 5; do
		sleep 1
		bpf-ld --attach-via tracefs --attach "kprobe:$call=on_kprobe" --for 1ms attach.o
		[ -n "$(lines)" ] || break
	done
	lines
	[ -z "$(lines)" ]
	nothing_left
}
uprobe_multi() { count_is "uprobe.multi:target:uprobe_m*=on_uprobe" 4 10; }
uprobe() { count_is "uprobe:/bin/target:uprobe_me=on_uprobe" 4 10; }
uretprobe() { count_is "uretprobe:/bin/target:uprobe_me=on_uretprobe" 5 15; }

# By type information.
traced() { obj=trace.o count_is "$@"; }
tp_btf() { traced "tp_btf:sys_enter=on_tp_btf" 5 5; }
fentry() { traced "fentry:$call=on_fentry" 0 5; }
fexit() { traced "fexit:$call=on_fexit" 1 495; }
fmod_ret() { traced "fmod_ret:security_inode_mkdir=on_fmod_ret" 2 2 -- sh -c "! mkdir a && ! mkdir b && [ ! -e a ]"; }
lsm() { traced "lsm:inode_mkdir=on_lsm" 3 2 -- sh -c "! mkdir a && ! mkdir b && [ ! -e a ]"; }

fentry_busy()
{
	# The same program and another on one function: all of them run.
	bpf-ld --attach "fentry:$call=on_fentry" --attach "fexit:$call=on_fexit" --attach "fentry:__x64_sys_getpgid=on_fentry" \
		--pin /sys/fs/bpf/t trace.o -- target 3
	[ "$(value /sys/fs/bpf/t/counts 0)" = 3 ]
	[ "$(value /sys/fs/bpf/t/counts 1)" = 297 ]
	ls /sys/fs/bpf/t
	[ -e /sys/fs/bpf/t/on_fentry_2 ]
	rm -r /sys/fs/bpf/t
	nothing_left
}

lsm_cgroup()
{
	mkdir -p /tmp/cg
	mount -t cgroup2 none /tmp/cg || return
	mkdir /tmp/cg/x
	got=0
	bpf-ld --attach "lsm_cgroup:socket_post_create,cgroup=/tmp/cg/x=on_lsm_cgroup" --pin /sys/fs/bpf/t trace.o -- \
		sh -c 'ping -q -c 1 127.0.0.1; echo $$ >/tmp/cg/x/cgroup.procs; ping -q -c 1 127.0.0.1; echo $$ >/tmp/cg/cgroup.procs' || got=$?
	echo "status $got, counted $(value /sys/fs/bpf/t/counts 4)"
	[ "$got" = 0 ]
	[ "$(value /sys/fs/bpf/t/counts 4)" = 1 ]
	rm -r /sys/fs/bpf/t
	obj=trace.o
	shown "lsm_cgroup:socket_post_create,cgroup=/tmp/cg/x=on_lsm_cgroup" '	cgroup_id [0-9]*  attach_type lsm_cgroup  ' \
		'cgroup /tmp/cg/x'
	cat groups
	grep -q '^    [0-9]* *lsm_cgroup *multi *on_lsm_cgroup *bpf_lsm_socket_post_create' groups
	rmdir /tmp/cg/x
	umount /tmp/cg
	nothing_left
}

# A function of an XDP program, then one program whose function is looked into.
freplace()
{
	bpf-ld --attach xdp:lo:generic --pin /sys/fs/bpf/v victim.o
	obj=replace.o count_is "freplace:/sys/fs/bpf/v/on_xdp:verdict" 6 6 -- ping -q -c 3 127.0.0.1
	id=$(bpftool -j prog show pinned /sys/fs/bpf/v/on_xdp | sed 's/.*"id":\([0-9]*\).*/\1/')
	obj=replace.o count_is "freplace:$id:verdict" 6 4 -- ping -q -c 2 127.0.0.1
	traced "fentry:id:$id:verdict=on_fentry" 0 4 -- ping -q -c 2 127.0.0.1
	rm -r /sys/fs/bpf/v
	nothing_left
}

# nothing_left: no link, no program, no map and no pin of ours
nothing_left()
{
	for kind in link prog map; do
		for n in 1 2 3 4 5 6 7 8 9 10; do # the kernel frees a little later
			got=$(bpftool -j $kind show)
			[ "$got" != "[]" ] || break
			sleep 0.5
		done
		if [ "$got" != "[]" ]; then
			echo "left behind, $kind: $got"
			return 1
		fi
	done
	[ -z "$(ls /sys/fs/bpf)" ]
}

xdp_generic()
{
	count_is "xdp:lo:generic=on_xdp" 6 6 -- ping -q -c 3 127.0.0.1
}

xdp_driver()
{
	echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
	# This ip cannot name the other end; the kernel does.
	ip link add v0 type veth
	for peer in /sys/class/net/veth*; do
		peer=${peer##*/}
	done
	ip link set v0 up
	ip link set "$peer" up
	ip addr add 10.9.9.1/24 dev "$peer"
	# Nobody answers, so arping fails; its frames reach v0 all the same.
	count_is "xdp:v0:driver=on_xdp" 6 3 -- sh -c "arping -q -c 3 -w 4 -I $peer -s 10.9.9.1 10.9.9.9; true"
	ip link del v0
}

# ran ATTACHMENT ELEMENT WANT -- COMMAND: what COMMAND leaves in counts of net.o while attached
ran()
{
	attach=$1
	element=$2
	want=$3
	shift 3
	got=$(bpf-ld --watch counts=1h --attach "$attach" net.o "$@" | sed -n "s/^$element //p" | tail -n 1)
	if [ "$got" != "$want" ]; then
		echo "counts[$element] is $got, not $want: $attach"
		return 1
	fi
}

# A kernel without tcx takes a filter of clsact for it.
clsact()
{
	bpf-as $tests/net.s
	ran tc:lo:ingress=on_tc 0 6 -- ping -q -c 3 127.0.0.1
	ran tcx/ingress:lo 1 6 -- ping -q -c 3 127.0.0.1
	bpf-ld --attach tcx/ingress:lo net.o -- true >out 2>&1
	cat out
	case $(uname -r) in
	6.1.*) ! grep -q 'link [0-9]' out ;;
	*) grep -q 'link [0-9]' out ;;
	esac
	nothing_left
}

# Actions that are programs, of a filter that is one and of another kind of filter.
actions()
{
	tc=/bin/tc # the shell would take busybox's
	[ -x $tc ] || { echo 'needs the program tc'; return 77; }
	printf '.license "GPL"\n.section "action"\nact: r0 = 0\nexit\n.section "tc"\ncls: r0 = 0\nexit\n' >act.s
	bpf-as act.s
	bpf-ld --no-attach --pin /sys/fs/bpf/t act.o
	act=$(bpftool -j prog show pinned /sys/fs/bpf/t/act | sed 's/.*"id":\([0-9]*\).*/\1/')
	$tc qdisc add dev lo clsact
	$tc filter add dev lo ingress prio 7 matchall action bpf object-pinned /sys/fs/bpf/t/act
	$tc filter add dev lo egress prio 8 bpf object-pinned /sys/fs/bpf/t/cls action bpf object-pinned /sys/fs/bpf/t/act
	bpftool net show >net.out
	bpftool -j net show >json
	bpftool tree >tree.out
	cat net.out json tree.out
	grep -q "^lo(1) clsact/ingress matchall act \[{.* id $act}\] $" net.out
	grep -q "^lo(1) clsact/egress .* id [0-9]* act \[{.* id $act}\] $" net.out
	grep -q "\"act\":\[{\"name\":\"[^\"]*\",\"id\":$act}\]" json
	[ "$(grep -c "^    prog $act sched_act  act  action" tree.out)" = 2 ]
	grep -qx '  clsact/ingress prio 7 matchall handle 0x1' tree.out
	$tc qdisc del dev lo clsact
	rm -r /sys/fs/bpf/t
	nothing_left
}

netkit()
{
	bpf-as $tests/net.s
	# The other end gets a name by itself.
	ip link add n0 type netkit || { echo 'needs a kernel with CONFIG_NETKIT'; return 77; }
	ip link set n0 up
	for peer in /sys/class/net/nk*; do
		ip link set "${peer##*/}" up
	done
	ip addr add 10.7.0.1/24 dev n0
	ran netkit/primary:n0 2 3 -- sh -c 'ping -q -c 3 -W 1 10.7.0.2; true'
	obj=net.o
	shown netkit/primary:n0 '	ifindex n0([0-9]*)  attach_type netkit_primary  ' 'dev n0([0-9]*)'
	cat net.out
	grep -qx '  netkit/primary' tree.out
	grep -q 'n0([0-9]*) netkit/primary on_netkit prog_id [0-9]* link_id [0-9]* ' net.out
	ip link del n0
	nothing_left
}

# Older than their links, or not: cgroups, routes, sk_lookup.
networks()
{
	mkdir -p /tmp/cg2
	mount -t cgroup2 cgroup2 /tmp/cg2
	bpf-as $tests/net.s
	ran cgroup_skb/egress:. 3 6 -- ping -q -c 3 127.0.0.1
	ran cgroup_skb/egress:/tmp/cg2,override 3 6 -- ping -q -c 3 127.0.0.1
	ran lwt_xmit:10.6.0.0/24,dev=lo 5 1 -- sh -c 'ping -q -c 1 -W 1 10.6.0.1; true'
	ran cgroup/connect4:/tmp/cg2 4 1 -- sh -c 'nc -w 1 127.0.0.1 9; true'
	ran sk_lookup:self 6 1 -- sh -c 'nc -w 1 127.0.0.1 9; true'
	umount /tmp/cg2
	nothing_left
}

# bpftool's own loading: what sections name is attached, links are pinned, unload ends them.
autoattach()
{
	cat >auto.s <<-'END'
		.license "GPL"
		.map counts, array, key=u32, value=u64, max_entries=4
		.section kprobe/__x64_sys_sched_get_priority_max
	on_probe:
		r1 = 0
		*(u32 *)(r10 - 4) = r1
		r1 = counts ll
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		if r0 == 0 goto 1f
		r1 = 1
		lock *(u64 *)(r0 + 0) += r1
	1:	r0 = 0
		exit
		.section fentry/__x64_sys_sched_get_priority_max
	on_entry:
		r0 = 0
		exit
		.section xdp
	on_packet:
		r0 = 2
		exit
	END
	bpf-as auto.s -o auto.o
	bpftool prog loadall auto.o /sys/fs/bpf/a pinmaps /sys/fs/bpf/m autoattach 2>err
	cat err
	grep -q 'program on_packet does not support autoattach' err
	target 5
	[ "$(value /sys/fs/bpf/m/counts 0)" = 5 ]
	bpftool link show pinned /sys/fs/bpf/a/on_probe
	bpftool link show pinned /sys/fs/bpf/a/on_entry
	for prog in on_probe on_entry on_packet; do
		bpftool prog unload name $prog
	done
	target 5
	[ "$(value /sys/fs/bpf/m/counts 0)" = 5 ]
	[ -z "$(ls /sys/fs/bpf/a)" ]
	bpftool map unload name counts
	rmdir /sys/fs/bpf/a /sys/fs/bpf/m
}
iter_pin()
{
	cat >elems.s <<-'END'
		.license "GPL"
		.section iter/bpf_map_elem
	elems:	r2 = *(u64 *)(r1 + 0)
		r1 = *(u64 *)(r2 + 0)
		r3 = 0x0a6d656c65 ll
		*(u64 *)(r10 - 8) = r3
		r2 = r10
		r2 += -8
		r3 = 5
		call bpf_seq_write
		r0 = 0
		exit
	END
	bpf-as elems.s -o elems.o
	bpftool map create /sys/fs/bpf/elems type array key 4 value 8 entries 3 name elems
	bpftool iter pin elems.o /sys/fs/bpf/it map pinned /sys/fs/bpf/elems
	bpftool iter list >list.out
	cat list.out
	grep -q 'target_name bpf_map_elem' list.out
	[ "$(grep -c elem /sys/fs/bpf/it)" -ge 3 ]
	bpftool prog unload name elems
	[ ! -e /sys/fs/bpf/it ]
	rm /sys/fs/bpf/elems
}

pinned()
{
	bpf-ld --attach "kprobe:$call=on_kprobe" --pin /sys/fs/bpf/t attach.o -- target 2
	target 3
	[ "$(value /sys/fs/bpf/t/counts 0)" = 5 ]
	rm -r /sys/fs/bpf/t
	nothing_left
}

interrupted()
{
	mkfifo ready
	bpf-ld --attach "kprobe:$call=on_kprobe" --ready-fd 6 attach.o 6>ready &
	pid=$!
	read -r _ <ready
	bpftool link show | grep -q perf_event
	kill -INT $pid
	wait $pid
	rm ready
	nothing_left
}

# shown ATTACHMENT LINK TREE: while $obj is attached, "link show" and "tree" have these lines
shown()
{
	mkfifo ready
	bpf-ld --attach "$1" "$obj" 6>ready --ready-fd 6 &
	pid=$!
	read -r word <ready
	rm ready
	[ "$word" = attached ]
	bpftool link show >links
	bpftool tree >tree.out
	bpftool net show >net.out
	bpftool cgroup tree >groups 2>&1 || true
	bpftool -j tree >/dev/null
	kill -INT $pid
	wait $pid
	cat links tree.out
	grep -q -- "$2" links
	grep -qx -- "$3" tree.out
}

# Kinds of links that the reference machine refuses; 6.1 names no probes of perf events.
listed()
{
	case $(uname -r) in
	6.1.*) new=false ;;
	*) new=true ;;
	esac
	obj=attach.o
	if $new; then
		shown "kprobe:$call=on_kprobe" "	kprobe [0-9a-f]* $call  " "probe $call+0x0"
		shown "kretprobe:$call=on_kretprobe" "	kretprobe [0-9a-f]* $call  " '  kretprobe'
		shown "kprobe.multi:__x64_sys_sched_get_priority_m*=on_kprobe" "	[0-9a-f]\{16\} 0  *$call  " 'probe 2 functions'
		shown "kprobe.multi:__x64_sys_sched_get_priority_m*=on_kprobe" '	kprobe.multi  func_cnt 2  ' '  kprobe.multi'
	else
		shown "kprobe:$call=on_kprobe" ': perf_event  prog [0-9]' 'event that this kernel does not name'
	fi
	obj=trace.o
	shown "fentry:$call=on_fentry" '	prog_type tracing  attach_type trace_fentry' "function $call"
	shown "fexit:$call=on_fexit" '	prog_type tracing  attach_type trace_fexit' '  trace_fexit'
	shown "lsm:inode_mkdir=on_lsm" '	prog_type lsm  attach_type lsm_mac' 'function bpf_lsm_inode_mkdir'
	bpf-ld --attach xdp:lo:generic --pin /sys/fs/bpf/v victim.o
	bpftool tree dev lo | grep -qx '  xdp generic'
	obj=replace.o
	shown "freplace:/sys/fs/bpf/v/on_xdp:verdict" '	prog_type ext  ' 'function verdict of program [0-9]*'
	grep -A 2 'function verdict' tree.out | grep -q '    prog [0-9]* ext '
	grep 'prog [0-9]* xdp ' tree.out | grep -q 'kept by link [0-9]*, link [0-9]*, pin '
	rm -r /sys/fs/bpf/v
	nothing_left
}

refused()
{
	status=0
	bpf-ld -vv --attach "kprobe:$call=on_kprobe" refused.o -- true 2>err || status=$?
	cat err
	[ $status = 1 ]
	grep -q 'refused.s:13' err
	nothing_left
}

no_function()
{
	status=0
	bpf-ld --attach "kprobe:no_such_function=on_kprobe" attach.o -- true 2>err || status=$?
	cat err
	[ $status = 1 ]
	grep -q no_such_function err
	nothing_left
}

# core FIELDS: what task_struct holds is what the helpers say, on this kernel's layout
core()
{
	bpf-as $tests/core.s
	bpf-ld --attach raw_tp:sys_enter=on_enter --pin /sys/fs/bpf/t core.o -- target 5
	agree=$(value /sys/fs/bpf/t/seen 0)
	differ=$(value /sys/fs/bpf/t/seen 1)
	rm -r /sys/fs/bpf/t
	echo "agree $agree, differ $differ"
	[ "$agree" -ge 5 ] && [ "$differ" = 0 ]
}

# What this kernel is too old for, or was built without.
doctor()
{
	case $(uname -r) in
	6.1.*)
		/bin/doctor prog 32 | grep 'program type netfilter came with Linux 6.4; this is 6.1'
		/bin/doctor map 33 0 0 1 | grep 'map type arena came with Linux 6.9; this is 6.1'
		;;
	*)
		/bin/doctor map 33 4 0 1 | grep 'key size is 4: arena maps have no key'
		;;
	esac
	/bin/doctor prog 20 | grep 'may have been built without CONFIG_BPF_LIRC_MODE2'
}

# Symbols of the kernel, types of its module veth.
ksym()
{
	bpf-as $tests/ksym.s
	bpf-ld --attach raw_tp:sys_enter=on_enter --pin /sys/fs/bpf/t ksym.o -- target 5
	got="$(for i in 0 1 2 3 4; do value /sys/fs/bpf/t/counts $i; done)"
	rm -r /sys/fs/bpf/t
	# shellcheck disable=SC2086 # one word each
	set -- $got
	echo "counts: $*"
	[ "$1" -ge 5 ] && [ "$2 $3 $4" = '1 1 0' ] && [ "$5" -gt 8 ]
}

# Types of the module veth, as the kernel has them and as its file has them: numbers go on behind the kernel's.
module_btf()
{
	[ -r /sys/kernel/btf/veth ] || { echo 'needs CONFIG_DEBUG_INFO_BTF_MODULES'; return 77; }
	base=/sys/kernel/btf/vmlinux
	bpftool btf dump file /sys/kernel/btf/veth >veth.raw
	head -n 2 veth.raw
	grep -q "^\[[0-9]*\] STRUCT 'veth_priv' size=" veth.raw
	last=$(bpftool btf dump file $base | grep -c '^\[')
	first=$(sed -n '1s/^\[\([0-9]*\)\].*/\1/p' veth.raw)
	[ "$first" = $((last + 1)) ]
	id=$(bpftool btf show | sed -n 's/^\([0-9]*\): name \[veth\] .*/\1/p')
	bpftool btf show id "$id"
	bpftool btf dump id "$id" | cmp - veth.raw
	bpftool -B $base btf dump id "$id" | cmp - veth.raw
	bpftool -B $base btf dump file /modules/veth.ko | cmp - veth.raw
	status=0
	bpftool btf dump file /modules/veth.ko 2>err || status=$?
	cat err
	[ $status = 1 ]
	grep -q -- "-B /sys/kernel/btf/vmlinux" err
	bpftool btf dump file /sys/kernel/btf/veth format c >veth.h
	grep -q '^struct veth_priv {$' veth.h
	grep -q 'struct net_device \*' veth.h
	bpftool -j btf dump id "$id" | grep -q '"kind":"STRUCT","name":"veth_priv"'
}

# What the kernel tree's test of maps asserts: one map is protected from writing by a program, another is not.
protected()
{
	cat >guard.s <<-'END'
		.license "GPL"
		.map guarded, array, key=u32, value=u32, max_entries=1
		.section fmod_ret/security_bpf_map
	guard:	r6 = r1
		r1 = 0
		*(u32 *)(r10 - 4) = r1
		*(u32 *)(r10 - 8) = r1
		r3 = *(u64 *)(r6 + 0)
		r3 += @bpf_map.id
		r1 = r10
		r1 += -4
		r2 = 4
		call bpf_probe_read_kernel
		r1 = guarded ll
		r2 = r10
		r2 += -8
		call bpf_map_lookup_elem
		if r0 == 0 goto 1f
		r1 = *(u32 *)(r0 + 0)
		r2 = *(u32 *)(r10 - 4)
		if r1 != r2 goto 1f
		r1 = *(u64 *)(r6 + 8)
		r1 &= 2
		if r1 == 0 goto 1f
		r0 = -13
		exit
	1:	r0 = 0
		exit
	END
	bpf-as --btf /sys/kernel/btf/vmlinux guard.s -o guard.o || bpf-as guard.s -o guard.o
	for n in prot not_prot; do
		bpftool map create /sys/fs/bpf/$n type hash key 4 value 4 entries 4 name $n
		bpftool map update pinned /sys/fs/bpf/$n key 0 0 0 0 value 1 1 1 1
	done
	bpftool prog load guard.o /sys/fs/bpf/guard pinmaps /sys/fs/bpf/gm autoattach
	id=$(bpftool -j map show pinned /sys/fs/bpf/prot | sed 's/.*"id":\([0-9]*\).*/\1/')
	bpftool map update pinned /sys/fs/bpf/gm/guarded key 0 0 0 0 value "$id"
	for h in 'name prot' 'pinned /sys/fs/bpf/prot'; do
		echo "handle $h"
		# shellcheck disable=SC2086 # two words
		{
			bpftool map lookup $h key 0 0 0 0
			bpftool map show $h
			bpftool map dump $h
			! bpftool map update $h key 0 0 0 0 value 2 2 2 2 || return 1
			! bpftool map delete $h key 0 0 0 0 || return 1
			bpftool map lookup $h key 0 0 0 0 | grep -q '01 01 01 01'
			bpftool map create /sys/fs/bpf/outer type hash_of_maps key 4 value 4 entries 2 name outer inner_map $h
			rm /sys/fs/bpf/outer
		}
	done
	for h in 'name not_prot' 'pinned /sys/fs/bpf/not_prot'; do
		echo "handle $h"
		# shellcheck disable=SC2086 # two words
		{
			bpftool map update $h key 0 0 0 0 value 2 2 2 2
			bpftool map lookup $h key 0 0 0 0 | grep -q '02 02 02 02'
			bpftool map delete $h key 0 0 0 0
			! bpftool map lookup $h key 0 0 0 0 || return 1
			bpftool map update $h key 0 0 0 0 value 1 1 1 1
		}
	done
	bpftool btf list >/dev/null
	bpftool map show | grep -q ' name prot ' # a list does not end at it
	[ -s elems.o ] || iter_pin
	for n in prot not_prot; do # an iterator reads both
		bpftool iter pin elems.o /sys/fs/bpf/it map name $n
		grep -q elem /sys/fs/bpf/it
		rm /sys/fs/bpf/it
	done
	rm -r /sys/fs/bpf/guard /sys/fs/bpf/gm /sys/fs/bpf/prot /sys/fs/bpf/not_prot
	nothing_left
}

# What its test of features asserts where nothing is locked down: full adds the three helpers that write to the log.
features()
{
	bpftool -j feature probe >probed
	bpftool -j feature probe full >probed-full
	for h in bpf_trace_printk bpf_probe_write_user bpf_trace_vprintk; do
		! grep -q "\"$h\"" probed || return 1
		grep -q "\"$h\"" probed-full
	done
	sed 's/"bpf_trace_v*printk",*//g; s/"bpf_probe_write_user",*//g; s/,\]/]/g' probed-full >rest
	sed 's/,\]/]/g' probed | cmp - rest
	grep -q '"have_kprobe_prog_type":true' probed
	grep -q '"have_lsm_prog_type":true' probed
}

demo_kretprobe()
{
	sh /examples/demo.sh /bin | tee demo.out
	grep -q 'Events: kretprobe:__alloc_skb' demo.out
	grep -q '0  tcp: 4 MiB' demo.out
	grep -q '50, 30, 0: every count was right' demo.out
}

# function, name
all='
assembles		assemble in the guest
kprobe			kprobe counts 5 calls
kretprobe		kretprobe adds 5 return values
tracepoint		tracepoint counts 5 calls
raw_tp			raw tracepoint counts 5 calls
uprobe			uprobe adds 5 arguments
uretprobe		uretprobe adds 5 return values
kprobe_multi		kprobe.multi counts the calls of one of several
kretprobe_multi		kretprobe.multi adds 5 return values
kprobe_session		kprobe.session counts both ends, or says what it needs
kprobe_multi_bad	a function or pattern that is not there is named among many
ksyscall		ksyscall counts 5 calls
kretsyscall		kretsyscall adds 5 return values
tracefs_probes		kprobes and uprobes by lines in tracefs, gone afterwards
uprobe_multi		uprobe.multi adds 5 arguments
tp_btf			tp_btf counts 5 calls
fentry			fentry counts 5 calls
fexit			fexit adds 5 return values
fmod_ret		fmod_ret returns instead of the function
lsm			lsm refuses two directories
fentry_busy		fentry and fexit of one function, one program on two
lsm_cgroup		lsm_cgroup sees the sockets of its control group only
freplace		freplace and fentry of a function of another program
xdp_generic		XDP counts the packets of lo, generic
xdp_driver		XDP counts the frames of a veth, in its driver
clsact			tc and tcx count packets, by filters of clsact and by link
actions			net show and tree have the actions of filters
netkit			netkit counts packets
networks		control groups, routes and sk_lookup count theirs
listed			link show and tree name kprobes, functions, what replaces a function
pinned			a pinned kprobe outlives bpf-ld, and ends with its pins
autoattach		bpftool loadall attaches and pins links, unload ends them
iter_pin		bpftool iter pin: the elements of a map by cat
interrupted		an interrupt detaches, status 0, nothing is left
refused			a refused program: its line is named, nothing is left
no_function		a function that is not there is named, nothing is left
doctor			what this kernel is too old for, or was built without
core			CO-RE: fields of task_struct where this kernel has them
ksym			.ksyms: a typed variable, an address, a weak one; CO-RE against a module
module_btf		btf dump of a module: by file, by id, as C, from the .ko
protected		a map that a program protects: looked at, not changed; another is changed
features		feature probe full adds the helpers that write to the log, and nothing else
demo_kretprobe		the leak check: 50, 30, 0, and 0 after TCP
'

if [ $# != 0 ]; then
	set -e
	"$1"
	exit
fi
n=0
echo "$all" >/tmp/all
while read -r function name; do
	[ -n "$function" ] || continue
	n=$((n + 1))
	status=0
	timeout $limit sh "$0" "$function" >/tmp/log 2>&1 </dev/null || status=$?
	case $status in
	0) echo "ok $n - $name" ;;
	77) echo "ok $n - $name # SKIP $(tail -n 1 /tmp/log)" ;;
	*)
		echo "not ok $n - $name"
		tail -n 25 /tmp/log | sed 's/^/# /'
		;;
	esac
done </tmp/all
echo "1..$n"
