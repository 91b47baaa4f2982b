# SPDX-License-Identifier: GPL-2.0-or-later
# GNU as's mnemonics, for the fuzzer to damage.
	.map m, hash, key=u32, value=u64, max_entries=4
	.license "GPL"
	.section xdp
prog:	mov	%r6, %r1
	stw	[%fp-4], 7
	lddw	%r1, m
	mov	%r2, %fp
	add	%r2, -4
	call	bpf_map_lookup_elem
	jeq	%r0, 0, 1f
	ldxdw	%r1, [%r0+-0]
	movs	%r1, %r1, 8
	afadd32	[%r0], %r1
	ldacqw	%r3, [%r0+0]
	endbe	%r1, 16
	jslt32	%r1, -5, +1
	call	sub
	jcond	1f
1:	mov	%r0, XDP_PASS
	exit
	.text
sub:	neg32	%r1
	lddw	%r0, 0x1122334455667788
	exit
