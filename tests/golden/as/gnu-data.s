# SPDX-License-Identifier: GPL-2.0-or-later
# What GNU as and bpf-as must make the same bytes of: macros, conditionals, places, numbers.
# Only data: the dialects of instructions differ. as-gnu.bats assembles it with both.
	.macro	pair a, b=9
	.byte	\a, \b
	.endm
	.macro	rest first:req, more:vararg
	.byte	\first
	.ifnb	\more
	rest	\more
	.endif
	.endm
	.macro	count from=0, to=3
	.4byte	\from
	.if	\to-\from
	count	"(\from+1)", \to
	.endif
	.endm
	.macro	early n
	.byte	\n
	.if	\n > 2
	.exitm
	.endif
	.byte	0xee
	.endm
	.macro	label name
\name\()_\@:	.byte	\@
	.8byte	\name\()_\@ - start
	.endm
	.macro	outer what
	.macro	inner_\what x
	.ascii	"\what\x"
	.endm
	inner_\what one
	inner_\what 2
	.endm
	.macro	text t
	.ascii	"<\t>\n"
	.endm

	.data
start:
	pair	1
	pair	1, 2
	pair	b=3, a=4
	pair	5,
	pair	(1 + 2) * 3, 'x'
	rest	1, 2, 3, 4
	count
	count	to=1
	early	1
	early	3
	label	here
	label	here
	outer	zwei
	outer	drei
	text	"a b, c"
	text	word
	.purgem	pair
	.macro	pair a
	.byte	\a + 100
	.endm
	pair	1

	.rept	3
	.byte	7
	.rept	2
	.byte	8
	.endr
	.endr
	.rept	0
	.byte	0xff
	.endr
	.irp	x, 1, 2, 3
	.byte	\x, \x\()0
	.endr
	.irp	x, a b c
	.ascii	"\x"
	.endr
	.irpc	c, 9081
	.byte	\c
	.endr
	.irp	x
	.asciz	"empty\x"
	.endr

one = 1
	.set	two, one + one
	.equ	two, two + 1
	.equiv	four, 4
	.byte	one, two, four
	.if	two == 3 && four != 3
	.byte	0x11
	.else
	.byte	0xff
	.endif
	.if	0
	.if	1
	.byte	0xff
	.else
	.byte	0xfe
	.endif
	.elseif	two > 2
	.byte	0x12
	.elseif	1
	.byte	0xff
	.else
	.byte	0xff
	.endif
	.ifdef	one
	.ifndef	nothing
	.byte	0x13
	.endif
	.endif
	.ifc	a b,a b
	.byte	0x14
	.endif
	.ifnc	a,b
	.byte	0x15
	.endif
	.ifeqs	"x,y", "x,y"
	.byte	0x16
	.endif
	.ifeq	0
	.byte	0x17
	.endif
	.ifgt	-1
	.byte	0xff
	.endif
	.ifge	0
	.byte	0x18
	.endif
	.iflt	-1
	.byte	0x19
	.endif
	.ifle	1
	.byte	0xff
	.endif
	.ifb
	.byte	0x1a
	.endif

	.org	. + 5
	.org	start + 256, 0xab
. = . + 3
	.balign	16, 0xcc
	.p2align 5,, 3
	.balignw 8, 0x1234
	.balignl 16, 0x12345678
	.fill	2, 3, 0x010203
	.fill	3
	.fill	2, 8, 0x55667788
	.fill	1, 8, -2
	.skip	3, 0x55
	.octa	0x0102030405060708090a0b0c0d0e0f10
	.octa	5, -5
	.float	1.5, -2e10
	.double	0.1
	.single	3.25
	.half	1, 2
	.hword	end - start
	.quad	end - start, (end - start) * 2 / 3 % 7 << 4 | 1
	.dword	-1
	.incbin	"four.bin"
	.incbin	"four.bin", 1
	.incbin	"four.bin", 1, 2
	.offset	4
fa:	.skip	4
fb:	.skip	2
fc:
	.data
	.byte	fa, fb, fc
	.title	"t"
	.sbttl	"s"
	.eject
	.psize	10, 20
	.list
	.nolist
	.byte	0x7f
	.pushsection .data
	.byte	0x7e
	.popsection
	.byte	~1 & 0xff, !1, 3 - -1, 7 & 3 ^ 1, (1 < 2) & 1
end:	.balign	32
