#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What helpers answer in the VM: bpf-ld's --clock, --seed, --cpu, --pid, --comm, --helper, --env; bpftool's prog run … env.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_world
	# All that differs from run to run, into the packet.
	cat >all.s <<-'EOF'
		.section "xdp", "ax"
	all:
		r6 = *(u32 *)(r1 + 0)
		r7 = *(u32 *)(r1 + 4)
		r1 = r6
		r1 += 64
		if r1 > r7 goto 1f
		call bpf_get_prandom_u32
		*(u64 *)(r6 + 0) = r0
		call bpf_ktime_get_ns
		*(u64 *)(r6 + 8) = r0
		call bpf_ktime_get_boot_ns
		*(u64 *)(r6 + 16) = r0
		call bpf_get_current_pid_tgid
		*(u64 *)(r6 + 24) = r0
		call bpf_get_smp_processor_id
		*(u64 *)(r6 + 32) = r0
		call bpf_jiffies64
		*(u64 *)(r6 + 40) = r0
		r1 = r6
		r1 += 48
		r2 = 16
		call bpf_get_current_comm
	1:
		r0 = 2
		exit
	EOF
	$BPF_AS -o all.o all.s
	printf '\0%.0s' $(seq 64) >in
}

teardown()
{
	drop_world
}

loaded() # OBJECT NAME [OPTION...]: pins it as NAME
{
	$BPF_LD --vm --pin /sys/fs/bpf/"$2" --no-attach "${@:3}" "$1"
}

PIN=/sys/fs/bpf/e
SAME="env clock=step:7 env seed=5 env cpu=0 env pid=42 env comm=same"

@test "env: 200 runs in 10 processes, one hash" {
	loaded all.o e
	for i in $(seq 20); do
		echo "prog run pinned $PIN/all data_in in data_out out.$i $SAME"
	done >batch
	for p in $(seq 10); do
		$BPFTOOL --vm batch file batch >/dev/null
		md5sum <out.1 >>sums
		for i in $(seq 2 20); do
			cmp out.1 "out.$i"
		done
		rm out.*
	done
	[ "$(wc -l <sums)" = 10 ]
	[ "$(sort -u sums | wc -l)" = 1 ]
	# and it is said in them
	$BPFTOOL --vm prog run pinned $PIN/all data_in in data_out one $SAME >/dev/null
	run -0 od -An -t u8 -j 8 -N 32 one
	assert_output --regexp '^ *0 +7 *
 *180388626474 +0$'
	run -0 tail -c 16 one
	assert_output same
}

@test "env: without it runs differ" {
	loaded all.o e
	for i in 1 2; do
		$BPFTOOL --vm prog run pinned $PIN/all data_in in data_out out.$i >/dev/null
	done
	run ! cmp -s out.1 out.2
}

@test "env: of one run of a batch, not of the next" {
	loaded all.o e
	printf 'prog run pinned %s data_in in data_out %s\n' "$PIN/all" "out.1 $SAME" "$PIN/all" out.2 >batch
	$BPFTOOL --vm batch file batch >/dev/null
	run -0 tail -c 16 out.1
	assert_output same
	run -0 tail -c 16 out.2
	refute_output same
}

@test "helper: a program that calls what the VM does not have loads and runs where it is faked" {
	cat >find.s <<-'EOF'
		.license "GPL"
		.section "xdp", "ax"
	find:
		r1 = 0
		call bpf_task_pt_regs
		exit
	EOF
	$BPF_AS -o find.o find.s
	run -1 --separate-stderr loaded find.o f
	[[ $stderr == *'the VM does not have it'* ]]
	loaded find.o f --helper task_pt_regs=3
	# in another process it is not faked
	run ! $BPFTOOL --vm prog run pinned /sys/fs/bpf/f/find data_in in
	assert_output --partial 'bpf_task_pt_regs: the VM does not have it'
	run -0 $BPFTOOL --vm prog run pinned /sys/fs/bpf/f/find data_in in env helper=task_pt_regs=3
	assert_output --partial 'Return value: 3,'
}

@test "pid: in the namespace that a program asks for, and in no other" {
	local dev ino
	read -r dev ino <<<"$(stat -Lc '%d %i' /proc/self/ns/pid)"
	cat >ns.s <<-'EOF'
		.section "xdp", "ax"
	ns:
		r1 = DEV ll
		r2 = INO ll
		r3 = r10
		r3 += -8
		r4 = 8
		call bpf_get_ns_current_pid_tgid
		if r0 != 0 goto 1f
		r0 = *(u32 *)(r10 - 4)
	1:
		exit
	EOF
	$BPF_AS --defsym DEV="$dev" --defsym INO="$ino" -o ns.o ns.s
	$BPF_AS --defsym DEV="$dev" --defsym INO="$((ino + 1))" -o other.o ns.s
	loaded ns.o n
	loaded other.o o
	run -0 $BPFTOOL --vm prog run pinned /sys/fs/bpf/n/ns data_in in env pid=4321
	assert_output --partial 'Return value: 4321,'
	run -0 $BPFTOOL --vm prog run pinned /sys/fs/bpf/o/ns data_in in env pid=4321
	assert_output --partial 'Return value: 4294967274,'
}

@test "clock, pid, comm, cpu: instead of what was recorded" {
	cat >rec.s <<-'EOF'
		.map seen, hash, key=u64, value=u64, max_entries=64
		.section "tracepoint/skb/kfree_skb", "ax"
	rec:
		call bpf_ktime_get_ns
		r6 = r0
		call bpf_ktime_get_ns
		r0 -= r6
		*(u64 *)(r10 - 8) = r0
		call bpf_get_current_pid_tgid
		*(u64 *)(r10 - 16) = r0
		r1 = seen ll
		r2 = r10
		r2 += -8
		r3 = r10
		r3 += -16
		r4 = 0
		call bpf_map_update_elem
		r0 = 0
		exit
	EOF
	$BPF_AS -o rec.o rec.s
	run -0 $BPF_LD --replay "$SRCDIR/examples/skbleak.rec" --attach tracepoint:skb:kfree_skb --clock step:11 --pid 9 \
		--comm nine --cpu 0 --seed 1 rec.o -- $BPFTOOL --vm map dump name seen
	assert_output --partial '"key": 11'
	assert_output --partial "\"value\": $((9 << 32 | 9))"
	assert_output --partial '"key": 11'
	run -0 $BPF_LD --replay "$SRCDIR/examples/skbleak.rec" --attach tracepoint:skb:kfree_skb rec.o -- $BPFTOOL --vm map dump name seen
	assert_output --partial '"key": 0'
}

@test "refused: what makes no sense, and a kernel" {
	local say
	loaded all.o e
	for say in clock=noon clock=step:0 clock=fixed: seed=x cpu=100000 pid=-1 comm=0123456789abcdef helper=nothing=1 \
		helper=map_lookup_elem=0 helper=sk_release=0 helper=get_retval sysctl=x socket=sctp,1.2.3.4:5 socket=tcp,1.2.3.4 \
		route=1.2.3.4,dev=1 route=1.2.3.0/33,dev=1 route=1.2.3.0/24 kstack=x nothing=1 none; do
		run -2 $BPFTOOL --vm prog run pinned $PIN/all data_in in env "$say"
		assert_output --partial "env '$say' "
	done
	run -2 $BPF_LD --vm --no-attach --clock noon all.o
	assert_output --partial '--clock: "noon" is none of real, fixed:NS, step:NS'
	run -2 $BPF_LD --vm --no-attach --env nothing all.o
	assert_output --partial '"nothing" is not NAME=VALUE'
	run -2 $BPF_LD --backend=kernel --dry-run --seed 1 all.o
	assert_output --partial '--seed is for the VM: add --vm or --replay'
}
