#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: typed variables, prototypes, externs of the kernel's configuration and symbols, kfuncs.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	run -0 $BPF_AS -o x.o "$SRCDIR/tests/golden/as/funcs.s"
}

teardown()
{
	drop_pins
}

@test "values of variables" {
	command -v llvm-objcopy-19 >/dev/null || skip "needs llvm-objcopy-19"
	llvm-objcopy-19 --dump-section .data=d --dump-section .rodata=r --dump-section version=v x.o
	assert_equal "$(od -An -v -tx1 d | tr -d '\n')" " 01 00 00 00 02 00 00 00 00 00 00 00 09 00 00 00\
 07 00 00 00 00 00 00 00 01 02 00 00 4d 00 00 00 01 00 00 00 02 00 00 00 03 00 00 00"
	assert_equal "$(od -An -v -tx1 r | tr -d '\n')" " 68 65 6c 6c 6f 00 00 00 dc 05 00 00"
	assert_equal "$(od -An -v -tx1 v | tr -d '\n')" " 00 01 06 00"
}

@test "their types, and prototypes, in BTF" {
	need_upstream_bpftool
	run -0 $UPSTREAM btf dump file x.o
	assert_output --regexp "'f' type_id=[0-9]+ bits_offset=96 bitfield_size=3"
	for l in "VAR 'st' type_id=[0-9]+, linkage=global" "VAR 'lab' type_id=[0-9]+, linkage=static" \
		"FUNC 'add' type_id=[0-9]+ linkage=static" "FUNC 'glob' type_id=[0-9]+ linkage=global" \
		"FUNC 'bpf_task_from_pid' type_id=[0-9]+ linkage=extern" "VAR 'CONFIG_HZ' type_id=[0-9]+, linkage=extern" \
		"DATASEC '.kconfig' size=0 vlen=3" "DATASEC '.ksyms' size=0 vlen=2" "DATASEC '.rodata' size=12 vlen=2"; do
		assert_output --regexp "$l"
	done
}

@test "the kernel takes it: kconfig, a global function by its type, a callback, kfuncs" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	run -0 $UPSTREAM prog loadall x.o "$PINS/p" pinmaps "$PINS/m"
	run -0 $UPSTREAM prog dump xlated pinned "$PINS/p/sys"
	assert_output --partial 'int sys(void * ctx):'
	assert_output --partial 'call bpf_task_from_pid#'
	run -0 $UPSTREAM prog dump xlated pinned "$PINS/p/on_xdp"
	assert_output --partial 'int on_xdp(struct xdp_md * ctx):'
	assert_output --partial 'int glob(struct xdp_md * ctx):'
	assert_output --partial 'u64 add(' || assert_output --partial 'unsigned long long add(unsigned long long x):'
	run -0 $UPSTREAM -j map dump name x.data
	assert_output --partial '"limits":[1,2,0,9]'
	assert_output --partial '"st":{"packets":7,"b":[1,2,0,0],"f":"0x5","g":"0x9"}'
	assert_output --partial '"lab":[1,2,3]'
}

@test "bpf-ld sets variables by name and type" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	cat >y.s <<'S'
	.license "GPL"
	.const	limit: u32 = 5
	.var	pair: u16[2] = { 1, 2 }
	.section xdp
	.func	p(ctx: struct xdp_md *) -> int
	r1 = limit ll
	r0 = *(u32 *)(r1 + 0)
	r1 = pair ll
	r2 = *(u16 *)(r1 + 2)
	r0 += r2
	exit
S
	run -0 $BPF_AS y.s
	run -0 $BPF_LD --no-attach --set limit=7 --set 'pair=[30,40]' --pin "$PINS/y" y.o
	printf '%064d' 0 >in
	run -0 $UPSTREAM prog run pinned "$PINS/y/p" data_in in repeat 1
	assert_output --partial 'Return value: 47'
}

@test "a kfunc that the source declares, and one from --btf" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	need_file /sys/kernel/btf/vmlinux
	cat >y.s <<'S'
	.license "GPL"
	.kfunc	struct cgroup *bpf_cgroup_from_id(u64 cgid)
	.extern bpf_cgroup_release(cgrp: struct cgroup *) -> void
	.section "syscall"
p:	r1 = 1
	call	bpf_cgroup_from_id
	if r0 == 0 goto 1f
	r1 = r0
	call	bpf_cgroup_release
1:	call	bpf_rcu_read_lock
	call	bpf_rcu_read_unlock
	r0 = 0
	exit
S
	run -0 $BPF_AS --btf /sys/kernel/btf/vmlinux y.s
	run -0 $UPSTREAM prog load y.o "$PINS/y"
	run -0 $UPSTREAM prog dump xlated pinned "$PINS/y"
	assert_output --partial 'call bpf_cgroup_from_id#'
	assert_output --partial 'call bpf_rcu_read_unlock#'
}

@test "symbols of the kernel by address; what is weak may be missing" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	grep -qw bpf_prog_put /proc/kallsyms || skip "needs the symbol bpf_prog_put"
	cat >y.s <<'S'
	.license "GPL"
	.extern no_such_symbol: void
	.weak	no_such_symbol
	.extern bpf_prog_put: void
	.extern bpf_no_such_kfunc(x: int) -> int
	.weak	bpf_no_such_kfunc
	.section raw_tp/sys_enter
p:	r6 = bpf_prog_put ll
	r1 = no_such_symbol ll
	if r1 != 0 goto 1f
	r1 = bpf_no_such_kfunc ll
	if r1 == 0 goto 1f
	r1 = 1
	call	bpf_no_such_kfunc
1:	r0 = 0
	exit
S
	run -0 $BPF_AS y.s
	run -0 $UPSTREAM prog load y.o "$PINS/y"
	run -0 $UPSTREAM prog dump xlated pinned "$PINS/y"
	assert_output --regexp "r6 = 0x0*$(awk '$3 == "bpf_prog_put" { print $1; exit }' /proc/kallsyms)"
	assert_output --partial '(18) r1 = 0x0'
	refute_output --partial 'bpf_no_such_kfunc#'
}
