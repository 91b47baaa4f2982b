	.text
	.file	"c2.c"
	.file	0 "src" "src" md5 0xbfe8283bddfb2849e30c9a23d9d12edc
	.file	1 "src" "c2.c" md5 0xbfe8283bddfb2849e30c9a23d9d12edc
	.section	xdp,"ax",@progbits
	.globl	prog
	.p2align	3
	.type	prog,@function
prog:
.Lfunc_begin0:
	.loc	1 4 0
	.cfi_sections .debug_frame
	.cfi_startproc


	.loc	1 5 9 prologue_end
.Ltmp0:
	r1 = *(u32 *)(r1 + 0)
.Ltmp1:
.Ltmp2:
	call sub
.Ltmp3:
	.loc	1 5 2 is_stmt 0
.Ltmp4:
	exit
.Ltmp5:
.Ltmp6:
.Lfunc_end0:
	.size	prog, .Lfunc_end0-prog
	.cfi_endproc

	.text
	.p2align	3
	.type	sub,@function
sub:
.Lfunc_begin1:
	.loc	1 2 0 is_stmt 1
	.cfi_startproc


	r2 = r1
	r2 &= 1
.Ltmp7:
	.loc	1 2 62 prologue_end
.Ltmp8:
.Ltmp9:
	r2 <<= 2
	r3 = table ll
	r3 += r2
	r0 = *(u32 *)(r3 + 0)
	.loc	1 2 60 is_stmt 0
.Ltmp10:
	r0 *= r1
	.loc	1 2 51
.Ltmp11:
	exit
.Ltmp12:
.Ltmp13:
.Lfunc_end1:
	.size	sub, .Lfunc_end1-sub
	.cfi_endproc

	.type	table,@object
	.data
	.globl	table
	.p2align	2
table:
	.long	1
	.long	2
	.size	table, 8

	.section	.debug_loclists,"",@progbits
	.long	.Ldebug_list_header_end0-.Ldebug_list_header_start0
.Ldebug_list_header_start0:
	.short	5
	.byte	8
	.byte	0
	.long	1
.Lloclists_table_base0:
	.long	.Ldebug_loc0-.Lloclists_table_base0
.Ldebug_loc0:
	.byte	3
	.byte	1
	.uleb128 .Ltmp1-.Lfunc_begin0
	.byte	1
	.byte	81
	.byte	0
.Ldebug_list_header_end0:
	.section	.debug_abbrev,"",@progbits
	.byte	1
	.byte	17
	.byte	1
	.byte	37
	.byte	37
	.byte	19
	.byte	5
	.byte	3
	.byte	37
	.byte	114
	.byte	23
	.byte	16
	.byte	23
	.byte	27
	.byte	37
	.byte	17
	.byte	1
	.byte	85
	.byte	35
	.byte	115
	.byte	23
	.byte	116
	.byte	23
	.ascii	"\214\001"
	.byte	23
	.byte	0
	.byte	0
	.byte	2
	.byte	52
	.byte	0
	.byte	3
	.byte	37
	.byte	73
	.byte	19
	.byte	63
	.byte	25
	.byte	58
	.byte	11
	.byte	59
	.byte	11
	.byte	2
	.byte	24
	.byte	0
	.byte	0
	.byte	3
	.byte	1
	.byte	1
	.byte	73
	.byte	19
	.byte	0
	.byte	0
	.byte	4
	.byte	33
	.byte	0
	.byte	73
	.byte	19
	.byte	55
	.byte	11
	.byte	0
	.byte	0
	.byte	5
	.byte	36
	.byte	0
	.byte	3
	.byte	37
	.byte	62
	.byte	11
	.byte	11
	.byte	11
	.byte	0
	.byte	0
	.byte	6
	.byte	36
	.byte	0
	.byte	3
	.byte	37
	.byte	11
	.byte	11
	.byte	62
	.byte	11
	.byte	0
	.byte	0
	.byte	7
	.byte	15
	.byte	0
	.byte	73
	.byte	19
	.byte	0
	.byte	0
	.byte	8
	.byte	46
	.byte	1
	.byte	17
	.byte	27
	.byte	18
	.byte	6
	.byte	64
	.byte	24
	.byte	122
	.byte	25
	.byte	3
	.byte	37
	.byte	58
	.byte	11
	.byte	59
	.byte	11
	.byte	39
	.byte	25
	.byte	73
	.byte	19
	.byte	63
	.byte	25
	.byte	0
	.byte	0
	.byte	9
	.byte	5
	.byte	0
	.byte	2
	.byte	34
	.byte	3
	.byte	37
	.byte	58
	.byte	11
	.byte	59
	.byte	11
	.byte	73
	.byte	19
	.byte	0
	.byte	0
	.byte	10
	.byte	72
	.byte	0
	.byte	127
	.byte	19
	.byte	125
	.byte	27
	.byte	0
	.byte	0
	.byte	11
	.byte	46
	.byte	1
	.byte	17
	.byte	27
	.byte	18
	.byte	6
	.byte	64
	.byte	24
	.byte	122
	.byte	25
	.byte	3
	.byte	37
	.byte	58
	.byte	11
	.byte	59
	.byte	11
	.byte	39
	.byte	25
	.byte	73
	.byte	19
	.byte	0
	.byte	0
	.byte	12
	.byte	5
	.byte	0
	.byte	2
	.byte	24
	.byte	3
	.byte	37
	.byte	58
	.byte	11
	.byte	59
	.byte	11
	.byte	73
	.byte	19
	.byte	0
	.byte	0
	.byte	13
	.byte	15
	.byte	0
	.byte	0
	.byte	0
	.byte	0
	.section	.debug_info,"",@progbits
.Lcu_begin0:
	.long	.Ldebug_info_end0-.Ldebug_info_start0
.Ldebug_info_start0:
	.short	5
	.byte	1
	.byte	8
	.long	.debug_abbrev
	.byte	1
	.byte	0
	.short	12
	.byte	1
	.long	.Lstr_offsets_base0
	.long	.Lline_table_start0
	.byte	2
	.quad	0
	.byte	0
	.long	.Laddr_table_base0
	.long	.Lrnglists_table_base0
	.long	.Lloclists_table_base0
	.byte	2
	.byte	3
	.long	58

	.byte	1
	.byte	1
	.byte	2
	.byte	161
	.byte	0
	.byte	3
	.long	70
	.byte	4
	.long	74
	.byte	2
	.byte	0
	.byte	5
	.byte	4
	.byte	5
	.byte	4
	.byte	6
	.byte	5
	.byte	8
	.byte	7
	.byte	7
	.long	70
	.byte	8
	.byte	1
	.long	.Lfunc_end0-.Lfunc_begin0
	.byte	1
	.byte	90

	.byte	6
	.byte	1
	.byte	3

	.long	70

	.byte	9
	.byte	0
	.byte	8
	.byte	1
	.byte	3
	.long	140
	.byte	10
	.long	114
	.byte	2
	.byte	0
	.byte	11
	.byte	3
	.long	.Lfunc_end1-.Lfunc_begin1
	.byte	1
	.byte	90

	.byte	7
	.byte	1
	.byte	2

	.long	70
	.byte	12
	.byte	1
	.byte	81
	.byte	9
	.byte	1
	.byte	2
	.long	70
	.byte	0
	.byte	13
	.byte	0
.Ldebug_info_end0:
	.section	.debug_rnglists,"",@progbits
	.long	.Ldebug_list_header_end1-.Ldebug_list_header_start1
.Ldebug_list_header_start1:
	.short	5
	.byte	8
	.byte	0
	.long	1
.Lrnglists_table_base0:
	.long	.Ldebug_ranges0-.Lrnglists_table_base0
.Ldebug_ranges0:
	.byte	3
	.byte	1
	.uleb128 .Lfunc_end0-.Lfunc_begin0
	.byte	3
	.byte	3
	.uleb128 .Lfunc_end1-.Lfunc_begin1
	.byte	0
.Ldebug_list_header_end1:
	.section	.debug_str_offsets,"",@progbits
	.long	44
	.short	5
	.short	0
.Lstr_offsets_base0:
	.section	.debug_str,"MS",@progbits,1
.Linfo_string0:
	.asciz	"Debian clang version 14.0.6"
.Linfo_string1:
	.asciz	"src"
.Linfo_string2:
	.asciz	"src"
.Linfo_string3:
	.asciz	"table"
.Linfo_string4:
	.asciz	"int"
.Linfo_string5:
	.asciz	"__ARRAY_SIZE_TYPE__"
.Linfo_string6:
	.asciz	"prog"
.Linfo_string7:
	.asciz	"sub"
.Linfo_string8:
	.asciz	"c"
.Linfo_string9:
	.asciz	"x"
	.section	.debug_str_offsets,"",@progbits
	.long	.Linfo_string0
	.long	.Linfo_string1
	.long	.Linfo_string2
	.long	.Linfo_string3
	.long	.Linfo_string4
	.long	.Linfo_string5
	.long	.Linfo_string6
	.long	.Linfo_string7
	.long	.Linfo_string8
	.long	.Linfo_string9
	.section	.debug_addr,"",@progbits
	.long	.Ldebug_addr_end0-.Ldebug_addr_start0
.Ldebug_addr_start0:
	.short	5
	.byte	8
	.byte	0
.Laddr_table_base0:
	.quad	table
	.quad	.Lfunc_begin0
	.quad	.Ltmp3
	.quad	.Lfunc_begin1
.Ldebug_addr_end0:
	.section	.BTF,"",@progbits
	.short	60319
	.byte	1
	.byte	0
	.long	24
	.long	0
	.long	172
	.long	172
	.long	171
	.long	0
	.long	33554432
	.long	0
	.long	0
	.long	218103809
	.long	3
	.long	1
	.long	1
	.long	3
	.long	16777216
	.long	4
	.long	16777248
	.long	7
	.long	201326593
	.long	2
	.long	0
	.long	218103809
	.long	3
	.long	50
	.long	3
	.long	52
	.long	201326592
	.long	5
	.long	0
	.long	50331648
	.long	0
	.long	3
	.long	8
	.long	2
	.long	139
	.long	16777216
	.long	4
	.long	32
	.long	159
	.long	234881024
	.long	7
	.long	1
	.long	165
	.long	251658241
	.long	0
	.long	9
	.long	table
	.long	8
	.byte	0
	.byte	99
	.byte	0
	.ascii	"int"
	.byte	0
	.ascii	"prog"
	.byte	0
	.ascii	"xdp"
	.byte	0
	.ascii	"src"
	.byte	0
	.ascii	"\treturn sub(*(int *)c);"
	.byte	0
	.byte	120
	.byte	0
	.ascii	"sub"
	.byte	0
	.ascii	".text"
	.byte	0
	.ascii	"static __attribute__((noinline)) int sub(int x) { return x * table[x & 1]; }"
	.byte	0
	.ascii	"__ARRAY_SIZE_TYPE__"
	.byte	0
	.ascii	"table"
	.byte	0
	.ascii	".data"
	.byte	0
	.section	.BTF.ext,"",@progbits
	.short	60319
	.byte	1
	.byte	0
	.long	32
	.long	0
	.long	36
	.long	36
	.long	116
	.long	152
	.long	0
	.long	8
	.long	12
	.long	1
	.long	.Lfunc_begin0
	.long	4
	.long	56
	.long	1
	.long	.Lfunc_begin1
	.long	6
	.long	16
	.long	12
	.long	2
	.long	.Ltmp0
	.long	16
	.long	26
	.long	5129
	.long	.Ltmp4
	.long	16
	.long	26
	.long	5122
	.long	56
	.long	4
	.long	.Lfunc_begin1
	.long	16
	.long	62
	.long	2048
	.long	.Ltmp9
	.long	16
	.long	62
	.long	2110
	.long	.Ltmp10
	.long	16
	.long	62
	.long	2108
	.long	.Ltmp11
	.long	16
	.long	62
	.long	2099
	.addrsig
	.addrsig_sym prog
	.section	.debug_line,"",@progbits
.Lline_table_start0:
