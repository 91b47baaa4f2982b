#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: functions and variables of the kernel by name (.ksyms).

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	PROGS=$SRCDIR/tests/progs
}

teardown()
{
	drop_pins
}

compiled()
{
	need_cmd clang-19
	clang-19 --target=bpf -mcpu=v3 -g -O2 -I"$PROGS" "${@:2}" -c "$1" -o "$(basename "$1" .c).o"
}

need_kfuncs()
{
	need_root
	need_bpf
	need_pins
	need_file /sys/kernel/btf/vmlinux
	grep -q ' T bpf_task_from_pid$' /proc/kallsyms || skip "needs a kernel with bpf_task_from_pid (6.2)"
}

field()
{
	$BPFTOOL -j map dump pinned "$PINS/x/${2:-bss}" | jq -c ".. | .$1? // empty" | head -1
}

@test "kernel functions are called, addresses are there, what is weak and absent is 0" {
	need_kfuncs
	compiled "$PROGS/ksyms.c"
	run -0 $BPF_LD --pin "$PINS/x" ksyms.o -- sh -c 'true & wait; true & wait'
	refute_output --partial L0206
	assert [ "$(field found)" -ge 2 ]
	assert [ "$(field released)" -ge 2 ]
	assert_equal "$(field absent)" 0
	# not by jq, whose numbers have 53 bits
	address=$($BPFTOOL map dump pinned "$PINS/x/bss" | sed -n 's/.*"address": //p')
	assert_equal "$(printf '%x' $address)" "$(awk '$3 == "schedule" { print $1; exit }' /proc/kallsyms)"
}

@test "a typed variable of the kernel" {
	need_kfuncs
	grep -q ' runqueues$' /proc/kallsyms || skip "needs a kernel with CONFIG_KALLSYMS_ALL"
	compiled "$PROGS/ksyms.c" -DTYPED
	run -0 $BPF_LD --pin "$PINS/x" ksyms.o -- sh -c 'true & wait; true & wait'
	assert_equal "$(field cpu data)" 0
}

@test "kfuncs in a tracing program; its types are taken by the kernel" {
	need_root
	need_bpf
	need_pins
	need_file /sys/kernel/btf/vmlinux
	compiled "$PROGS/kfuncs.c"
	run -0 $BPF_LD --pin "$PINS/x" kfuncs.o -- sh -c 'true & wait; true & wait'
	refute_output --partial L0206
	assert [ "$(field found)" -ge 2 ]
	run -0 $BPFTOOL prog dump xlated pinned "$PINS/x/kfuncs"
	assert_output --partial 'int kfuncs(u64 * ctx)'
}

# declared NAME DECLARATION USE: an object
declared()
{
	cat >"$1.c" <<C
#include "bpf.h"
$2;
u64 v;
SEC("tp_btf/task_newtask") int p(u64 *ctx) { $3; return 0; }
LICENSE("GPL");
C
	compiled "$1.c"
}

@test "what the kernel has not is named, with what may be meant" {
	need_root
	need_bpf
	need_file /sys/kernel/btf/vmlinux
	declared strong 'extern void bpf_rcu_read_lok(void) KSYM' 'bpf_rcu_read_lok()'
	run -1 $BPF_LD --color=never --no-attach strong.o
	assert_output --partial 'program p uses bpf_rcu_read_lok, which is no function of this kernel [L0140]'
	assert_output --partial 'did you mean "bpf_rcu_read_lock"?'
	declared several 'extern const void nothing_1 KSYM; extern void bpf_rcu_read_unlok(void) KSYM; extern void bpf_rcu_read_lock(void) KSYM' \
		'v = (u64)&nothing_1; bpf_rcu_read_unlok(); bpf_rcu_read_lock()'
	run -1 $BPF_LD --color=never -n --no-attach several.o
	assert_output --partial 'uses nothing_1, which'
	assert_output --partial 'uses bpf_rcu_read_unlok, which'
	declared weak 'extern void bpf_not_here(void) KSYM WEAK' 'bpf_not_here()'
	run -1 $BPF_LD --color=never --no-attach weak.o
	assert_output --partial 'weak.c:4:'
	assert_output --partial 'program p calls bpf_not_here, which this kernel has not [L0140]'
	declared other 'extern void bpf_rcu_read_lock(int a, int b) KSYM' 'bpf_rcu_read_lock(1, 2)'
	run -1 $BPF_LD --color=never --no-attach other.o
	assert_output --partial 'function bpf_rcu_read_lock is declared of another type than this kernel has [L0141]'
	declared address 'extern const void nothing_at_all KSYM' 'v = (u64)&nothing_at_all'
	run -1 $BPF_LD --color=never --no-attach address.o
	assert_output --partial 'program p uses nothing_at_all, which is no symbol of this kernel [L0140]'
}

@test "a function of the kernel that the VM has not: it says so; weak ones are 0" {
	need_world
	declared strong 'extern void bpf_preempt_at_dawn(void) KSYM' 'bpf_preempt_at_dawn()'
	run -1 $BPF_LD --vm --color=never -n --no-attach strong.o
	assert_output --partial 'bpf_preempt_at_dawn, which is no function of the VM [L0140]'
	declared weak 'extern void bpf_preempt_at_dawn(void) KSYM WEAK' 'if (bpf_preempt_at_dawn) bpf_preempt_at_dawn(); v = 1'
	run -0 $BPF_LD --vm -n --no-attach weak.o
	drop_world
}

@test "in the VM, too: what is absent may be called where nothing leads to the call" {
	need_native
	need_world
	# way NAME: a call of nothing, and the instructions in front of it, from standard input
	way()
	{
		{
			printf '.license "GPL"\n.section socket\n%s: r3 = *(u32 *)(r1 + 0)\n' $1
			cat
			printf '\t.insn 0x85, 0, 0, 0, 2002000000\nout:\tr0 = 7\n\texit\n'
		} >$1.s
		$BPF_AS -w -g0 -o $1.o $1.s
	}
	way wide <<<$'\tr2 = 0 ll\n\tr4 = 1\n\tif r2 == 0 goto out'
	way mov <<<$'\tr2 = 5\n\tif r2 != 4 goto out'
	way half <<<$'\tw2 = -1\n\tif w2 == -1 goto out'
	way narrow <<<$'\tw2 = -1\n\tif r2 != -1 goto out' # w2 leaves no sign
	way both <<<$'\tr2 = 0\n\tif r3 == 9 goto mid\n\tr2 = 0\nmid:\tif r2 == 0 goto out'
	for o in wide mov half narrow both; do
		run -0 $BPF_LD --vm --no-attach $o.o
	done
	way not_so <<<$'\tr2 = 1\n\tif r2 == 0 goto out'
	way sign <<<$'\tr2 = -1\n\tif r2 != -1 goto out'
	way into <<<$'\tr2 = 1\n\tif r3 == 9 goto mid\n\tr2 = 0\nmid:\tif r2 == 0 goto out'
	way changed <<<$'\tr2 = 0\n\tr2 += r3\n\tif r2 == 0 goto out'
	way lost <<<$'\tr2 = 0\n\tcall bpf_get_prandom_u32\n\tr2 = r0\n\tif r2 == 0 goto out'
	way loaded <<<$'\tr6 = r1\n\tr2 = 0\n\tr2 = *(u32 *)(r6 + 0)\n\tif r2 == 0 goto out'
	for o in not_so sign into changed lost loaded; do
		run ! $BPF_LD --vm --no-attach $o.o
		assert_output --partial 'invalid func unknown#2002000000'
	done
	command -v clang-19 >/dev/null || return 0
	compiled "$PROGS/kfuncs.c"
	sed 's/tp_btf.task_newtask/socket/; s/bpf_rcu_read_\(un\)*lock();//' "$PROGS/kfuncs.c" >weak.c
	compiled weak.c
	run -0 $BPF_LD --vm --no-attach weak.o
}
