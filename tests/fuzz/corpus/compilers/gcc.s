	.file	"c2.c"
	.text
.Ltext0:
	.align	3
	.type	sub, @function
sub:
.LFB0:
.LM1:
	lsh	%r1,32
	arsh	%r1,32
.LM2:
	mov	%r2,%r1
	and	%r2,1
	lsh	%r2,2
	lddw	%r0,table
	add	%r0,%r2
.LM3:
	ldxw	%r0,[%r0+0]
.LM4:
	mul32	%r0,%r1
	exit
.LFE0:
	.size	sub, .-sub
	.section	xdp,"ax",@progbits
	.align	3
	.global	prog
	.type	prog, @function
prog:
.LFB1:
.LM5:
.LM6:
	ldxw	%r1,[%r1+0]
	call	sub
.LM7:
	mov32	%r0,%r0
	exit
.LFE1:
	.size	prog, .-prog
	.global	table
	.data
	.align	2
	.type	table, @object
	.size	table, 8
table:
	.word	1
	.word	2
	.text
.Letext0:
	.section	.debug_info,"",@progbits
.Ldebug_info0:
	.4byte	0x6f
	.2byte	0x5
	.byte	0x1
	.byte	0x8
	.4byte	.Ldebug_abbrev0
	.uleb128 0x1
	.4byte	.LASF2
	.byte	0x1d
	.4byte	.LASF0
	.4byte	.LASF1
	.4byte	.LLRL0
	.8byte	0
	.4byte	.Ldebug_line0
	.uleb128 0x2
	.4byte	.LASF3
	.byte	0x1
	.byte	0x1
	.byte	0x5
	.uleb128 0x9
	.byte	0x3
	.8byte	table
	.uleb128 0x3
	.4byte	.LASF4
	.byte	0x1
	.byte	0x3
	.byte	0x2b
	.8byte	.LFB1
	.8byte	.LFE1-.LFB1
	.uleb128 0x2
	.byte	0x79
	.sleb128 0
	.uleb128 0x4
	.string	"sub"
	.byte	0x1
	.byte	0x2
	.byte	0x26
	.8byte	.LFB0
	.8byte	.LFE0-.LFB0
	.uleb128 0x2
	.byte	0x79
	.sleb128 0
	.byte	0
	.section	.debug_abbrev,"",@progbits
.Ldebug_abbrev0:
	.uleb128 0x1
	.uleb128 0x11
	.byte	0x1
	.uleb128 0x25
	.uleb128 0xe
	.uleb128 0x13
	.uleb128 0xb
	.uleb128 0x3
	.uleb128 0x1f
	.uleb128 0x1b
	.uleb128 0x1f
	.uleb128 0x55
	.uleb128 0x17
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x10
	.uleb128 0x17
	.byte	0
	.byte	0
	.uleb128 0x2
	.uleb128 0x34
	.byte	0
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0xb
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x2
	.uleb128 0x18
	.byte	0
	.byte	0
	.uleb128 0x3
	.uleb128 0x2e
	.byte	0
	.uleb128 0x3f
	.uleb128 0x19
	.uleb128 0x3
	.uleb128 0xe
	.uleb128 0x3a
	.uleb128 0xb
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x40
	.uleb128 0x18
	.uleb128 0x7c
	.uleb128 0x19
	.byte	0
	.byte	0
	.uleb128 0x4
	.uleb128 0x2e
	.byte	0
	.uleb128 0x3
	.uleb128 0x8
	.uleb128 0x3a
	.uleb128 0xb
	.uleb128 0x3b
	.uleb128 0xb
	.uleb128 0x39
	.uleb128 0xb
	.uleb128 0x11
	.uleb128 0x1
	.uleb128 0x12
	.uleb128 0x7
	.uleb128 0x40
	.uleb128 0x18
	.uleb128 0x7a
	.uleb128 0x19
	.byte	0
	.byte	0
	.byte	0
	.section	.debug_aranges,"",@progbits
	.4byte	0x3c
	.2byte	0x2
	.4byte	.Ldebug_info0
	.byte	0x8
	.byte	0
	.2byte	0
	.2byte	0
	.8byte	.Ltext0
	.8byte	.Letext0-.Ltext0
	.8byte	.LFB1
	.8byte	.LFE1-.LFB1
	.8byte	0
	.8byte	0
	.section	.debug_rnglists,"",@progbits
.Ldebug_ranges0:
	.4byte	.Ldebug_ranges3-.Ldebug_ranges2
.Ldebug_ranges2:
	.2byte	0x5
	.byte	0x8
	.byte	0
	.4byte	0
.LLRL0:
	.byte	0x7
	.8byte	.Ltext0
	.uleb128 .Letext0-.Ltext0
	.byte	0x7
	.8byte	.LFB1
	.uleb128 .LFE1-.LFB1
	.byte	0
.Ldebug_ranges3:
	.section	.debug_line,"",@progbits
.Ldebug_line0:
	.4byte	.LELT0-.LSLT0
.LSLT0:
	.2byte	0x5
	.byte	0x8
	.byte	0
	.4byte	.LELTP0-.LASLTP0
.LASLTP0:
	.byte	0x1
	.byte	0x1
	.byte	0x1
	.byte	0xf6
	.byte	0xf2
	.byte	0xd
	.byte	0
	.byte	0x1
	.byte	0x1
	.byte	0x1
	.byte	0x1
	.byte	0
	.byte	0
	.byte	0
	.byte	0x1
	.byte	0
	.byte	0
	.byte	0x1
	.byte	0x1
	.uleb128 0x1
	.uleb128 0x1f
	.uleb128 0x2
	.4byte	.LASF1
	.4byte	.LASF5
	.byte	0x2
	.uleb128 0x1
	.uleb128 0x1f
	.uleb128 0x2
	.uleb128 0xb
	.uleb128 0x2
	.4byte	.LASF0
	.byte	0
	.4byte	.LASF6
	.byte	0x1
.LELTP0:
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM5
	.byte	0x1a
	.byte	0x5
	.uleb128 0x1
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM6
	.byte	0x18
	.byte	0x5
	.uleb128 0x9
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM7
	.byte	0x18
	.byte	0x5
	.uleb128 0x1
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LFE1
	.byte	0
	.uleb128 0x1
	.byte	0x1
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM1
	.byte	0x18
	.byte	0x5
	.uleb128 0x31
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM2
	.byte	0x1
	.byte	0x5
	.uleb128 0x43
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM3
	.byte	0x1
	.byte	0x5
	.uleb128 0x3c
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.LM4
	.byte	0x1
	.byte	0x5
	.uleb128 0x4c
	.byte	0
	.uleb128 0x9
	.byte	0x2
	.8byte	.Letext0
	.byte	0
	.uleb128 0x1
	.byte	0x1
.LELT0:
	.section	.debug_str,"MS",@progbits,1
.LASF4:
	.string	"prog"
.LASF3:
	.string	"table"
.LASF2:
	.string	"GNU C17 12.2.0 -g1 -O2"
	.section	.debug_line_str,"MS",@progbits,1
.LASF1:
	.string	"src"
.LASF5:
	.string	"src"
.LASF6:
	.string	"c2.c"
.LASF0:
	.string	"src"
	.ident	"GCC: (12.2.0-14+deb12u1+) 12.2.0"
