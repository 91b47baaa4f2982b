#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Why calls are refused: each cause is made to happen, and has to be named. What bpf-ld cannot be made to meet,
# tests/doctor asks of the kernel directly. The causes that need other kernels are in tests/qemu/guest.sh.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_root
	need_native
	need_cmd setpriv unshare prlimit
	LD="$BPF_LD --backend=kernel"
	DOCTOR=$BUILDDIR/tests/doctor
	BLOCKED=$BUILDDIR/tests/blocked
	[ -x $DOCTOR ] && [ -x $BLOCKED ]
	ns=
}

teardown()
{
	[ -z "$ns" ] || ip netns del $ns
	[ -z "${OLD_SYSCTL:-}" ] || echo $OLD_SYSCTL >/proc/sys/kernel/unprivileged_bpf_disabled
	drop_pins
}

# says TEXT...: the last run has said each of these
says()
{
	local t
	for t; do
		[[ $output$stderr == *"$t"* ]] || { echo "not said: $t"; echo "$output"; echo "$stderr"; return 1; }
	done
}

# doctor WORDS... : what it makes of the refusal, in $output
doctor() { run -0 --separate-stderr $AS $DOCTOR "$@"; }
# without CAP...: a root that lacks them, in $AS
without() { AS="setpriv --bounding-set=$(printf -- '-%s,' "$@" | sed 's/,$//')"; }
nobody() { AS="setpriv --reuid=65534 --regid=65534 --clear-groups --bounding-set=-all --inh-caps=-all"; }

# program SECTION [LINE...]: p.o with that program, which returns 0
program()
{
	{
		printf '\t.license "GPL"\n\t.section %s\nf:\n' "$1"
		shift
		[ $# = 0 ] || printf '\t%s\n' "$@"
		printf '\tr0 = 0\n\texit\n'
	} >p.s
	$BPF_AS p.s
}

map_o() { printf '\t.map m, %s\n\t.section socket\nf:\tr1 = m ll\n\tr0 = 0\n\texit\n' "$1" >m.s; $BPF_AS m.s; }

# lockdown LEVELS: is the kernel at one of them?
lockdown()
{
	local now
	now=$(unshare -m sh -c 'mount -t securityfs none /mnt && cat /mnt/lockdown' 2>/dev/null) || skip "needs lockdown to be known"
	[[ $now == *"[$1]"* || $now == *"[${2:-$1}]"* ]] || skip "needs a kernel in lockdown"
}

# without_option CONFIG_X: this kernel was built without it
without_option()
{
	need_file /proc/config.gz
	need_cmd zcat
	! zcat /proc/config.gz | grep -q "^$1=" || skip "needs a kernel without $1"
}

# ---------------------------------------------------------------- who asks

@test "an ordinary user: CAP_BPF, and the sysctl" {
	[ "$(cat /proc/sys/kernel/unprivileged_bpf_disabled)" != 0 ] || skip "needs kernel.unprivileged_bpf_disabled"
	program socket
	nobody
	run -3 --separate-stderr $AS $LD --no-attach p.o
	says 'lacks CAP_BPF' 'kernel.unprivileged_bpf_disabled is' 'help: run it as root'
}

@test "XDP without CAP_NET_ADMIN" {
	program xdp
	without net_admin sys_admin
	run -3 --separate-stderr $AS $LD --no-attach p.o
	says 'lacks CAP_NET_ADMIN' 'a program of type xdp takes CAP_BPF, CAP_NET_ADMIN'
}

@test "tracing without CAP_PERFMON" {
	program raw_tp/sys_enter
	without perfmon sys_admin
	run -3 --separate-stderr $AS $LD --no-attach p.o
	says 'lacks CAP_PERFMON' 'raw_tracepoint takes CAP_BPF, CAP_PERFMON'
}

@test "a map type that takes CAP_NET_ADMIN" {
	without net_admin sys_admin
	doctor map 14 4 4 4
	says 'lacks CAP_NET_ADMIN' 'making a map of type devmap takes'
}

@test "CAP_SYS_ADMIN for ids" {
	without sys_admin
	doctor id map 1
	says 'lacks CAP_SYS_ADMIN'
}

@test "a helper that takes CAP_PERFMON, of which the kernel says EINVAL" {
	program tc 'r1 = r10' 'r1 += -8' 'r2 = 8' 'r3 = r1' 'call bpf_probe_read_kernel'
	without perfmon sys_admin
	run -1 --separate-stderr $AS $LD --no-attach p.o
	says 'bpf_probe_read_kernel takes CAP_PERFMON, which this process lacks'
}

@test "the table of what program types take is what this kernel takes" {
	local t caps out
	# number, name, capabilities that have to be named when they are missing
	while read -r t caps; do
		for c in perfmon net_admin; do
			AS="setpriv --bounding-set=-$c,-sys_admin"
			doctor prog $t 0 || continue
			[[ $output == *EPERM* ]] || continue
			says "lacks CAP_${c^^}"
			[[ $caps == *$c* ]] || { echo "type $t: $c"; false; }
		done
	done <<<'1 none
2 perfmon
3 net_admin
5 perfmon
6 net_admin
7 perfmon
9 net_admin
13 net_admin
15 net_admin
16 net_admin
17 perfmon
23 net_admin'
}

@test "a user namespace" {
	program xdp
	run -3 --separate-stderr unshare -Ur $LD --no-attach p.o
	says 'in a user namespace of its own' 'BPF token'
}

@test "seccomp: EPERM" {
	program xdp
	run -3 --separate-stderr $BLOCKED $LD --no-attach p.o
	[ $status != 77 ] || skip "needs seccomp filters"
	says 'a seccomp filter on this process refuses bpf(2)' 'help: docker'
}

@test "seccomp: ENOSYS" {
	program xdp
	run -3 --separate-stderr $BLOCKED -s $LD --no-attach p.o
	says 'the seccomp filter on this process hides it'
}

@test "lockdown: a program that changes a function's result" {
	lockdown integrity confidentiality
	doctor prog 29 27
	says 'the kernel is locked down ('
}

@test "lockdown: a helper" {
	lockdown integrity confidentiality
	program raw_tp/sys_enter 'r1 = 0' 'r2 = r10' 'r2 += -8' 'r3 = 8' 'call bpf_probe_write_user'
	run -1 --separate-stderr $LD --no-attach p.o
	says 'the kernel is locked down (' 'bpf_probe_write_user is one of these'
}

@test "perf_event_paranoid" {
	[ "$(cat /proc/sys/kernel/perf_event_paranoid)" -gt 0 ] || skip "needs kernel.perf_event_paranoid above 0"
	nobody
	doctor event
	says 'lacks CAP_PERFMON' 'kernel.perf_event_paranoid is'
}

@test "locked memory, as an old kernel counts it" {
	doctor old 5 4 65536
	says 'before Linux 5.11' 'it is 64 KiB' 'ulimit -l unlimited'
	doctor old 5 15 65536
	[[ $output != *'5.11'* ]]
}

@test "no more files" {
	map_o "array, key=u32, value=u32, max_entries=4"
	# What bats has open would count, too.
	cat >few <<'END'
for f in /proc/$$/fd/*; do
	n=${f##*/}
	[ "$n" -le 2 ] || eval "exec $n>&-"
done
exec prlimit --nofile=4 "$@"
END
	# Nor has the leak sanitizer a file to look with.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
		run -1 --separate-stderr bash ./few $LD --no-attach m.o
	says 'may have 4 files open (RLIMIT_NOFILE)' 'ulimit -n'
}

# ---------------------------------------------------------------- what the kernel has

@test "a program type that was not built in" {
	without_option CONFIG_BPF_LIRC_MODE2
	program lirc_mode2
	run ! --separate-stderr $LD --no-attach p.o
	says 'built without CONFIG_BPF_LIRC_MODE2, which program type lirc_mode2 needs'
}

@test "a helper that was not built in" {
	without_option CONFIG_BPF_KPROBE_OVERRIDE
	program kprobe/x 'r2 = 0' 'call bpf_override_return'
	run -1 --separate-stderr $LD --no-attach p.o
	says 'built without CONFIG_BPF_KPROBE_OVERRIDE, which bpf_override_return needs'
}

@test "a helper of other program types" {
	program socket 'r2 = 0' 'call bpf_xdp_adjust_head'
	run -1 --separate-stderr $LD --no-attach p.o
	says 'lets programs of these types call bpf_xdp_adjust_head: xdp'
}

@test "kprobes that were not built in" {
	need_no_kprobes
	program kprobe/x
	run -3 --separate-stderr $LD --attach kprobe:do_exit=f --for 1s p.o
	says 'built without CONFIG_KPROBES' 'tracepoint:'
}

@test "a program type without its attach type" {
	doctor prog 18
	says 'programs of type cgroup_sock_addr are loaded for one of these' 'cgroup_inet4_bind'
}

@test "a map type that nobody knows" {
	doctor map 99 4 4 4
	says 'map type 99 is not known'
}

@test "a test run of a type that cannot" {
	doctor run
	says 'cannot run programs of this type for a test'
}

@test "no such tracepoint, no such device" {
	need_tracefs
	program tp/sched/sched_swich
	run -1 --separate-stderr $LD --attach tracepoint:sched:sched_swich=f --for 1s p.o
	says "no tracepoint 'sched_swich'" "did you mean 'sched:sched_switch'"
	program xdp
	run -1 --separate-stderr $LD --attach xdp:no-such-dev --for 1s p.o
	says "no network device 'no-such-dev'" 'other network namespaces'
}

@test "a device of another network namespace" {
	need_netns
	ns=doctor$$
	ip netns add $ns
	ip -n $ns link add dd$$ type veth peer name de$$
	program xdp
	run -1 --separate-stderr $LD --attach xdp:dd$$ --for 1s p.o
	says "no network device 'dd$$'" "network namespace '$ns' has a device of that name"
}

@test "no such function, no such kfunc" {
	need_file /sys/kernel/btf/vmlinux
	program fentry/vfs_raed
	run -1 --separate-stderr $LD --for 1s p.o
	says "no function 'vfs_raed'" "did you mean 'vfs_read'"
	printf '\t.license "GPL"\n\t.kfunc\tvoid *bpf_nosuch(void *a)\n\t.section tc\nf:\tcall bpf_nosuch\n\tr0 = 0\n\texit\n' >k.s
	$BPF_AS k.s
	run -1 --separate-stderr $LD --no-attach k.o
	says 'bpf_nosuch, which is no function of this kernel'
}

@test "a control group of version 1" {
	local v1
	v1=$(awk '$3 == "cgroup" { print $2; exit }' /proc/mounts)
	[ -n "$v1" ] || skip "needs a cgroup v1 hierarchy"
	program cgroup_skb/egress
	run -1 --separate-stderr $LD --attach cgroup_skb/egress:$v1 --for 1s p.o
	says "$v1 is no directory of cgroup2" 'control groups of version 2'
}

@test "a control group that may not have more memory" {
	local v1 g
	v1=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$v1" ] && g=$v1/doctor$$ && mkdir $g 2>/dev/null || skip "needs a memory control group (v1)"
	echo 16M >$g/memory.limit_in_bytes || { rmdir $g; skip "needs a memory limit"; }
	run -0 sh -c "echo \$\$ >$g/cgroup.procs; exec $DOCTOR map 1 4 4096 100000"
	eventually 5 rmdir $g
	says 'ENOMEM' 'the control group of this process may not have more' 'take 391 MiB'
}

@test "no such id" {
	doctor id map 4294967294
	says 'there is no map of that id'
}

# ---------------------------------------------------------------- sizes and rules

@test "too many instructions" {
	doctor long 1000001
	says '1000002 instructions, this caller may load 1000000' 'tail calls'
}

@test "too many instructions for an ordinary user" {
	serial
	OLD_SYSCTL=$(cat /proc/sys/kernel/unprivileged_bpf_disabled)
	[ "$OLD_SYSCTL" != 1 ] && echo 0 2>/dev/null >/proc/sys/kernel/unprivileged_bpf_disabled ||
		skip "needs kernel.unprivileged_bpf_disabled to be settable"
	nobody
	doctor long 5000
	says '5001 instructions, this caller may load 4096' 'with CAP_BPF it may be 1000000'
}

@test "a log that has no room, and one that cannot be written" {
	doctor prog 1 0 20
	says 'did not fit into its buffer of 20 bytes'
	doctor fault
	says 'cannot be read or written'
}

@test "rules of maps" {
	doctor map 1 4 0 4
	says 'value size is 0'
	doctor map 1 4 4 0
	says 'max_entries is 0: hash maps need a size'
	doctor map 2 8 4 4
	says 'array maps have keys of 4 bytes'
	doctor map 27 0 0 5000
	says 'a power of two and whole pages'
	doctor map 3 4 8 4
	says 'prog_array maps have values of 4 bytes'
	doctor map 11 8 4 4
	says 'lpm_trie maps need the flag BPF_F_NO_PREALLOC'
	doctor map 12 4 4 4
	says 'no inner map is given'
	doctor map 2 4 4 4 1
	says 'BPF_F_NO_PREALLOC is for hash maps'
	doctor map 9 4 4 4 1
	says 'lru_hash maps are always preallocated'
	doctor map 7 4 12 4
	says '8 bytes a frame'
}

@test "a per-CPU value that is too large" {
	doctor map 6 4 40000 4
	says 'a per-CPU value may have 32768 bytes'
}

@test "a map for which there is no memory" {
	doctor map 2 4 8192 0x7fffffff
	says "elements alone take 16785407 MiB"
}

@test "elements" {
	doctor element full
	says 'the map is full: it holds 2 entries'
	doctor element behind
	says 'array has 2, from 0 to 1'
	doctor element there
	says 'BPF_NOEXIST'
	doctor element missing
	says 'no element with this key'
	doctor element delete
	says 'cannot be deleted'
	doctor element read-only
	says 'opened read-only'
}

@test "a frozen map" {
	doctor element frozen
	says 'the map is frozen'
	doctor freeze mapped
	says 'mapped writable'
	doctor freeze twice
	says 'frozen already'
}

# ---------------------------------------------------------------- pins

@test "a pin that is there" {
	need_pins
	map_o "array, key=u32, value=u32, max_entries=4"
	run -0 $LD --no-attach --pin $PINS/p m.o
	run -1 --separate-stderr $LD --no-attach --pin $PINS/p m.o
	says 'something is there already' 'is pinned there, id ' "rm -r $PINS/p/"
}

@test "a place that is no bpf file system" {
	doctor pin $T/x
	says 'is not in a bpf file system' 'mount -t bpf'
	doctor get /etc/passwd
	says 'is no pin'
}

@test "no bpf file system mounted" {
	need_bpffs
	run -0 unshare -m sh -c "umount -l /sys/fs/bpf; exec $DOCTOR get /sys/fs/bpf/x"
	says 'may not be mounted'
}

@test "a bpf file system that is mounted read-only" {
	need_pins
	map_o "array, key=u32, value=u32, max_entries=4"
	run ! --separate-stderr unshare -m sh -c "mount -t bpf -o ro none /mnt && exec $LD --no-attach --pin /mnt/p m.o"
	says 'mounted read-only' 'remount,rw'
}

@test "a directory that this user may not write" {
	need_pins
	AS="setpriv --reuid=65534 --clear-groups --inh-caps=+bpf --ambient-caps=+bpf"
	doctor pin $PINS/x
	says "may not write in $PINS" 'belongs to user 0'
}

@test "directories and names that cannot be" {
	need_pins
	doctor pin $PINS/none/x
	says "the directory $PINS/none is not there"
	doctor pin $PINS/a.b
	says 'a dot are reserved'
	doctor get $PINS/none
	says 'nothing is pinned at'
}

@test "a pin that does not fit" {
	need_pins
	map_o "array, key=u32, value=u32, max_entries=4"
	run -0 $LD --no-attach --pin $PINS/p m.o
	map_o "array, key=u32, value=u64, max_entries=4"
	run -1 --separate-stderr $LD --no-attach --map m=$PINS/p/m m.o
	says 'the value size'
}

# ---------------------------------------------------------------- devices

@test "a device that has an XDP program" {
	need_netns
	need_cmd jq
	ns=doctor$$
	ip netns add $ns
	ip -n $ns link set lo up
	program xdp
	mkfifo ready
	ip netns exec $ns $LD --ready-fd 7 --attach xdp:lo --for 20s p.o 7>ready >out 2>err 3>&- &
	pid=$!
	read -r -t 20 word <ready
	run -1 --separate-stderr ip netns exec $ns $LD --attach xdp:lo --for 1s p.o
	kill $pid
	wait $pid || true
	says 'has an XDP program already' 'its XDP program is id ' ', f in generic mode'
}

@test "a driver that does not run XDP" {
	need_netns
	ns=doctor$$
	ip netns add $ns
	program xdp
	run ! --separate-stderr ip netns exec $ns $LD --attach xdp:lo:driver --for 1s p.o
	says "does not run XDP" "'lo:generic' works"
}
