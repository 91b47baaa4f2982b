	.text
	.section	xdp,"ax",@progbits
	.globl	f
	.p2align	3
	.type	f,@function
f:
	r0 = 0
	if r1 == 0 goto LBB0_2
	.rept 32800
	r0 += r1
	.endr
LBB0_1:
	if r0 s> 1 goto LBB0_2
	goto f
LBB0_2:
	exit
.Lfunc_end0:
	.size	f, .Lfunc_end0-f
