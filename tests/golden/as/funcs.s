/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Variables, prototypes, externs, kfuncs: tests/as-funcs.bats says what they come to. */
	.license "GPL"
	.struct stats { u64 packets; u8 b[4]; u32 f : 3, g : 5; }
	.var	counter: u64
	.var	limits: u32[4] = { 1, 2, [3] = 9 }
	.var	st: struct stats = { 7, .b = { 1, 2 }, .f = 5, .g = 9 }
	.const	name: char[] = "hello"
	.const	thr: u32 = 1500
	.data
lab:	.4byte	1, 2, 3
	.type	lab, s32[]
	.extern CONFIG_HZ: u32
	.extern LINUX_KERNEL_VERSION: int
	.extern CONFIG_NOPE: bool
	.weak	CONFIG_NOPE
	.extern bpf_prog_active: void
	.weak	bpf_prog_active
	.version 6 << 16 | 1 << 8

	.section xdp
	.func	on_xdp(ctx: struct xdp_md *) -> int
	r6 = r1
	r1 = CONFIG_HZ ll
	r1 = *(u32 *)(r1 + 0)
	r2 = LINUX_KERNEL_VERSION ll
	r2 = *(s32 *)(r2 + 0)
	r2 = CONFIG_NOPE ll
	r2 = *(u8 *)(r2 + 0)
	r2 = st ll
	r2 = *(u64 *)(r2 + stats.packets)
	r1 = r2
	call	add
	r1 = r6
	call	glob
	r1 = 3
	r2 = cb ll
	r3 = 0
	r4 = 0
	call	bpf_loop
	r0 = XDP_PASS
	exit
	.text
	.func	add(x: u64) -> u64
	r0 = r1
	exit
	.globl glob
	.func	int glob(struct xdp_md *ctx)
	r0 = 0
	exit
	.func	cb(i: u32, ctx: void *) -> int
	r0 = 0
	exit
	.section "syscall"
	.func	sys(ctx: void *) -> int
	r1 = 1
	call	bpf_task_from_pid
	if r0 == 0 goto 1f
	r1 = r0
	call	bpf_task_release
1:	r0 = 0
	exit
