# SPDX-License-Identifier: GPL-2.0-or-later
# What no compiler writes, for other assemblers: sections of odd names and flags, alignment, notes.
	.section	"odd name, with \"quotes\"","aw",@progbits
	.quad	1
	.section	.note.thing,"",@note
	.long	4, 4, 1
	.asciz	"abc"
	.long	7
	.section	.strings,"aMS",@progbits,1
	.asciz	"first"
	.asciz	"second \001\377"
	.section	.consts,"aM",@progbits,16
	.p2align	4
	.quad	1, 2
	.section	.bss.big,"aw",@nobits
	.p2align	12
	.globl	room
	.type	room,@object
room:
	.zero	5000
	.size	room, 5000
	.section	.tables,"a",@progbits
	.quad	room+16
	.quad	.tables
	.long	undefined_thing
	.quad	-1
	.byte	1,2,3
	.weak	maybe_defined
	.quad	maybe_defined
	.globl	absolute
	.set	absolute, 0x1234567890
	.hidden	room
	.text
	.globl	start
	.type	start,@function
start:
	r0 = 1
	exit
	.size	start, .-start
