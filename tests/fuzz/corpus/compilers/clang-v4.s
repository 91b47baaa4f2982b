	.text
	.file	"c1.c"
	.section	xdp,"ax",@progbits
	.globl	prog                            # -- Begin function prog
	.p2align	3
	.type	prog,@function
prog:                                   # @prog
# %bb.0:
	w0 = 0
	w6 = *(u32 *)(r1 + 0)
	w7 = *(u32 *)(r1 + 4)
	if w7 s< 1 goto LBB0_3
# %bb.1:
	w1 = w6
	call sub
	w1 = w0
	w2 = 0
	w3 = 0
LBB0_2:                                 # =>This Inner Loop Header: Depth=1
	w4 = w2
	w4 &= 3
	r4 <<= 2
	r5 = table ll
	r5 += r4
	w0 = *(u32 *)(r5 + 0)
	w0 ^= w1
	w0 += w3
	w2 += 1
	w3 = w0
	if w2 s< w7 goto LBB0_2
LBB0_3:
	w6 &= 3
	r1 = name ll
	r1 += r6
	r1 = *(s8 *)(r1 + 0)
	w0 += w1
	exit
.Lfunc_end0:
	.size	prog, .Lfunc_end0-prog
                                        # -- End function
	.text
	.p2align	3                               # -- Begin function sub
	.type	sub,@function
sub:                                    # @sub
# %bb.0:
	w0 = w1
	w0 *= 3
	exit
.Lfunc_end1:
	.size	sub, .Lfunc_end1-sub
                                        # -- End function
	.type	table,@object                   # @table
	.data
	.globl	table
	.p2align	2, 0x0
table:
	.long	1                               # 0x1
	.long	2                               # 0x2
	.long	3                               # 0x3
	.long	4                               # 0x4
	.size	table, 16

	.type	name,@object                    # @name
	.section	.rodata,"a",@progbits
	.globl	name
name:
	.asciz	"abc"
	.size	name, 4

	.addrsig
	.addrsig_sym prog
