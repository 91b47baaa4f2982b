# macros, conditionals, repetition
.macro load reg, off=0, size=64
	r\reg = *(u\size *)(r10 - 8 - \off)
.endm
.macro count from, to
	.if \to - \from
	.byte \from
	count "(\from + 1)", \to
	.endif
.endm
.macro list first, rest:vararg
	.ifnb \first
	.4byte \first
	list \rest
	.endif
.endm
.set N, 4
.equ later, end - start
	.section xdp
start:
	*(u64 *)(r10 - 8) = 0
	load 1
	load 2, 0, 32
	.rept N
	r1 += 1
	.endr
	.irp r, 3, 4, 5
	r\r = \r
	.endr
	.ifdef N
	.if N == 4
	.else
	.err
	.endif
	.endif
1:	if r1 > 3 goto 1f
	r1 += 1
	may_goto 1b
1:	r0 = later
	exit
end:
	.data
	count 0, 5
	list 1, 2, N
	.irpc c, abc
	.ascii "\c"
	.endr
	.balign 8
	.uleb128 end - start
	.sleb128 -129
	.octa 0x0102030405060708090a
	.float 1.5
	.double -2.5e10
	.skip 3, 0x41
	.org 256
	.comm shared, 8, 8
	.lcomm mine, 16
	.purgem load
