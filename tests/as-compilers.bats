#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What compilers write: directives for debuggers and linkers, and whose assembler decides. The
# compilers themselves are asked in as-progs.bats; here stands what they gave, byte by byte.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# bytes OBJECT SECTION: in hex, no blanks
bytes()
{
	readelf -x "$2" "$1" 2>/dev/null | awk '/^  0x/ {
		h = substr($0, 14, 35); gsub(/ /, "", h); s = s h
	} END { print s }'
}

# symbol OBJECT NAME: value size type bind visibility section-index
symbol()
{
	readelf -sW "$1" | awk -v n="$2" '$8 == n { print $2, $3, $4, $5, $6, $7 }'
}

# src [OPTION]... <SOURCE: assembles it to x.o, silently
src()
{
	cat >x.s
	run -0 --separate-stderr $BPF_AS "$@" -o x.o x.s
	assert_equal "$output" ''
	assert_equal "$stderr" ''
}

wrong()
{
	cat >x.s
	run -1 --separate-stderr $BPF_AS "$@" -o x.o x.s
	assert_equal "$output" ''
}

@test ".uleb128 and .sleb128 of numbers" {
	src <<-'EOF'
		.section .d,""
		.uleb128 0, 127, 128, 300, 0xffffffffffffffff
		.sleb128 0, 63, 64, -64, -65, 0x7fffffffffffffff
	EOF
	assert_equal "$(bytes x.o .d)" \
		"007f8001ac02ffffffffffffffffff01""003fc00040bf7fffffffffffffffffff00"
}

@test ".uleb128 of what comes later: sizes grow until all fits, and all behind moves" {
	src <<-'EOF'
		.section .d,""
		.uleb128 e - b
	b:	.zero 126
		.sleb128 -(e - b)
		.4byte e, l
	l:	.byte 7
		.balign 4
		.8byte .
	e:
	EOF
	# 126 + 2 + 8 + 1 + padding + 8: the first field takes 2 bytes
	n=$(bytes x.o .d)
	assert_equal "${n:0:4}" 9201
	assert_equal "${n:256:4}" ee7e
	assert_equal "${#n}" $((2 * 148))
	run -0 readelf -rW x.o
	assert_line --regexp '^0+82 .* \.d'
	assert_line --regexp '^0+8c .* \.d'
	assert_equal "${n:260:16}" 940000008a000000
	assert_equal "${n:276:2}" 07
	assert_equal "${n:280:16}" 8c00000000000000
}

@test ".uleb128 of a place, and quarrels, are errors" {
	wrong <<-'EOF'
		.data
	a:	.uleb128 a
		.uleb128 b
	b:
	EOF
	[[ $stderr == *'x.s:2:13: error: a value of variable size must be a number, not a place [A0141]'* ]]
	[[ $stderr == *'x.s:3:10: error: a value of variable size must be a number'* ]]
	wrong <<-'EOF'
		.bss
		.uleb128 5
	EOF
	[[ $stderr == *"section '.bss' holds only zeros"* ]]
}

@test ".file and .loc become .debug_line: DWARF 4 without a file 0" {
	src <<-'EOF'
		.file 1 "sub/a.c"
		.section xdp
	f:	.loc 1 3 2
		r0 = 1
		.loc 1 4
		exit
	EOF
	# header, directory, file, then: address, line +2 and a row; line +1, 1 on and a row; 1 on, end
	assert_equal "$(bytes x.o .debug_line)" "$(tr -d ' \n' <<-'EOF'
		3b000000 0400 1f000000 08 01 01 fb 0e 0d 000101010100000001000001
		73756200 00 612e6300 01 00 00 00
		0502 0009020000000000000000 14 0500 21 0201 000101
	EOF
	)"
	run -0 readelf --debug-dump=decodedline x.o
	assert_line --regexp '^a\.c +3 +0 +x$'
	assert_line --regexp '^a\.c +4 +0x8 +x$'
	assert_line --regexp '^a\.c +- +0x10$'
	run -0 readelf -rW x.o
	assert_line --regexp 'R_BPF.*xdp$'
}

@test ".debug_line of LLVM, byte by byte" {
	src --compat=llvm <<-'EOF'
		.text
		.file 0 "/d" "a.c" md5 0x000102030405060708090a0b0c0d0e0f
		.file 1 "/d/i" "a.h" md5 0xf00102030405060708090a0b0c0d0e0f
	f:	.loc 0 3 2 prologue_end
		r0 = 1
		.loc 1 300 5 is_stmt 0
		r0 = 2
		.zero 800
		.loc 0 299 0 discriminator 5
		exit
	EOF
	local n
	n=$(bytes x.o .debug_line)
	assert_equal "${n:8:8}" 05000800
	assert_equal "${n:24:36}" 080101fb0e0d000101010100000001000001
	# one format for directories, three for files
	assert_equal "${n:60:24}" 01011f020000000003000000
	assert_equal "${n:84:14}" 03011f020f051e
	assert_equal "${n:98:54}" 02""08000000""00""000102030405060708090a0b0c0d0e0f""0c000000""01
	assert_equal "${n:152:32}" f00102030405060708090a0b0c0d0e0f
	# set_file 0, column 2, prologue_end, address, line +2 and a row
	assert_equal "${n:184:34}" 0400050""20a""0009020000000000000000""14
	# file 1, column 5, no statement, line +297, 1 instruction on
	assert_equal "${n:218:18}" 040105050603a90220
	[[ $n == *02000101 ]] || [[ $n == *0201000101 ]]
	assert_equal "$(bytes x.o .debug_line_str)" 2f64002f642f6900612e6300612e6800
}

@test ".cfi_* become .debug_frame and .eh_frame" {
	src --compat=llvm <<-'EOF'
		.text
	f:	.cfi_sections .debug_frame, .eh_frame
		.cfi_startproc
		r0 = 1
		.cfi_def_cfa_offset 16
		.cfi_offset 6, -8
		exit
		.cfi_endproc
	EOF
	assert_equal "$(bytes x.o .debug_frame)" "$(tr -d ' \n' <<-'EOF'
		0c000000 ffffffff 04 00 08 00 08 7c 0b 00
		1c000000 00000000 0000000000000000 1000000000000000 41 0e10 8602 000000
	EOF
	)"
	assert_equal "$(bytes x.o .eh_frame)" "$(tr -d ' \n' <<-'EOF'
		10000000 00000000 01 7a5200 08 7c 0b 01 0c 000000
		20000000 18000000 0000000000000000 1000000000000000 00 41 0e10 8602 000000000000
	EOF
	)"
}

@test "frames begin and end" {
	wrong <<-'EOF'
		.section xdp
	f:	.cfi_startproc
		.cfi_startproc
		exit
	EOF
	[[ $stderr == *'x.s:3:1: error: the frame before has no end [A0366]'* ]]
	[[ $stderr == *'it begins here'* ]]
	wrong <<<'	.cfi_endproc'
	[[ $stderr == *'no .cfi_startproc stands before this [A0366]'* ]]
	wrong <<<'	.cfi_startproc'
	[[ $stderr == *'this frame has no end [A0366]'* ]]
	wrong <<<'	.cfi_sections .frames'
	[[ $stderr == *'.debug_frame or .eh_frame [A0365]'* ]]
}

@test "wrong .file and .loc" {
	wrong <<-'EOF'
		.file 1 "a.c" md5 0x12
		.file 2 "a.c"
		.file 2 "b.c"
		.loc 2 3 4 bsic_block
		.loc 7 1
		.file 9999999 "x"
		.loc 2 3 4 is_stmt 2
	EOF
	[[ $stderr == *'x.s:1:19: error: expected a checksum'*'[A0361]'* ]]
	[[ $stderr == *'x.s:3:1: error: file 2 has a name already [A0362]'* ]]
	[[ $stderr == *'x.s:4:12: error: unknown word in .loc [A0363]'* ]]
	[[ $stderr == *'x.s:5:1: error: no .file 7 stands before this [A0364]'* ]]
	[[ $stderr == *'x.s:6:7: error: file number 9999999 is out of range'* ]]
	[[ $stderr == *'x.s:7:20: error: is_stmt 2 is out of range (0 to 1)'* ]]
}

@test ".comm, .lcomm, .local" {
	src --compat=llvm <<-'EOF'
		.comm a,12,4
		.local b
		.comm b,3,2
		.lcomm c,8,8
		.text
	f:	r0 = 0
		exit
	EOF
	assert_equal "$(symbol x.o a)" '0000000000000004 12 OBJECT GLOBAL DEFAULT COM'
	[[ $(symbol x.o b) == '0000000000000000 3 OBJECT LOCAL DEFAULT '* ]]
	[[ $(symbol x.o c) == '0000000000000008 8 OBJECT LOCAL DEFAULT '* ]]
	wrong --compat=llvm <<-'EOF'
		.comm a,-1
		.comm a,1,3
	a:	exit
		.comm a,1
	EOF
	[[ $stderr == *'size -1 is out of range'* ]]
	[[ $stderr == *'power of 2'* ]]
	[[ $stderr == *"'a' is defined twice"* ]]
}

@test ".ident and .file name" {
	src <<-'EOF'
		.file "a b.c"
		.ident "x"
		.ident "y\n"
		.data
		.byte 1
	EOF
	assert_equal "$(bytes x.o .comment)" 00780079""0a00
	run -0 readelf -SW x.o
	assert_line --regexp '\.comment +PROGBITS .* 01 +MS '
	run -0 readelf -sW x.o
	assert_line --regexp 'FILE +LOCAL +DEFAULT +ABS a b.c$'
}

@test "groups, sections of one name, sections about others" {
	src --compat=llvm <<-'EOF'
		.text
		.section .text.f,"axG",@progbits,f,comdat
		.weak f
	f:	exit
		.section .data.f,"awG",@progbits,f,comdat
		.quad f
		.section .sizes,"o",@progbits,.text.f
		.byte 1
		.section .text.f,"ax",@progbits,unique,1
		exit
		exit
		.section .text.f,"ax",@progbits,unique,2
		exit
	EOF
	run -0 readelf -gW x.o
	assert_line --regexp 'COMDAT group section .* `\.group. \[f\] contains 3 sections:'
	assert_line --regexp '\] +\.text\.f$'
	assert_line --regexp '\] +\.data\.f$'
	assert_line --regexp '\] +\.rel\.data\.f$'
	run -0 readelf -SW x.o
	assert_equal "$(grep -c ' \.text\.f ' <<<"$output")" 3
	assert_line --regexp '\.sizes +PROGBITS +0+ [0-9a-f]+ 000001 00 +L +[1-9]'
}

@test "lines of sections of one name: .BTF.ext has those of each" {
	src <<-'EOF'
		.section xdp,"axG",@progbits,g,comdat
	f:	r0 = 0
		exit
		.section xdp,"ax"
	h:	r0 = 1
		r0 = 2
		exit
	EOF
	run -0 readelf -SW x.o
	assert_equal "$(grep -c ' xdp ' <<<"$output")" 2
	# The head; functions: record size, then 8 and a record of 8 for each section; lines: the same with 16.
	assert_line --regexp "\\.BTF\\.ext .* $(printf %06x $((32 + 4 + 2 * (8 + 8) + 4 + 2 * 8 + 5 * 16))) 00 "
}

@test "names in quotes" {
	src --compat=llvm <<-'EOF'
		.text
		.globl "a b"
		.type "a b",@function
	"a b":
		exit
		.size "a b", .-"a b"
		.section "x y","aw"
		.quad "a b"
		.quad "c\"d"
		.section t,"ax"
		call "a b"
		r1 = "c\"d" ll
	EOF
	run -0 readelf -rW x.o
	assert_line --regexp 'R_BPF.* a b$'
	assert_line --regexp 'R_BPF.* c"d$'
	run -0 readelf -sW x.o
	assert_line --regexp '8 FUNC +GLOBAL +DEFAULT +1 a b$'
}

@test "--compat: what LLVM's and GNU's assemblers mean by the same text" {
	local s='	.text
f:	exit
	.p2align 4
g:	exit
	.align 4
	.globl h
h:	exit
	.data
	.globl d
	.byte 1
d:	.4byte h, g, d
	.8byte h
	.section x,"ax"
	call h
	call g
	call u
'
	src --compat=llvm <<<"$s"
	assert_equal "$(bytes x.o .text)" "$(tr -d ' \n' <<-'EOF'
		9500000000000000 0000001500000000 9500000000000000 9500000000000000
	EOF
	)"
	run -0 readelf -rW x.o
	assert_equal "$(awk '/R_BPF/ { print substr($2, 9), $NF }' <<<"$output")" "$(cat <<-'EOF'
		00000003 h
		00000003 .text
		00000004 d
		00000002 h
		0000000a h
		0000000a .text
		0000000a u
	EOF
	)"
	assert_equal "$(bytes x.o .data)" 01""00000000""10000000""00000000""0000000000000000
	assert_equal "$(bytes x.o x)" 85100000ffffffff8510000001000000""85100000ffffffff

	src --compat=gnu <<<"$s"
	assert_equal "$(bytes x.o .text)" "$(tr -d ' \n' <<-'EOF'
		9500000000000000 0000000000000000 9500000000000000 0000000000000000 9500000000000000 0000000000000000
	EOF
	)"
	run -0 readelf -rW x.o
	assert_equal "$(awk '/R_BPF/ { print substr($2, 9), $NF }' <<<"$output")" "$(cat <<-'EOF'
		0000000b h
		0000000b .text
		0000000b d
		0000000c h
		0000000a h
		0000000a .text
		0000000a u
	EOF
	)"
	assert_equal "$(bytes x.o .data)" 01""20000000""10000000""01000000""2000000000000000
	assert_equal "$(bytes x.o x)" 851000001f0000008510000001000000""85100000ffffffff
	run -0 readelf -SW x.o
	assert_line --regexp '\.bss +NOBITS'

	run -1 $BPF_AS --compat=none -o x.o x.s
	assert_output --partial "'u' is not defined"
	run -2 $BPF_AS --compat=gcc x.s
}

@test "whose text it is, by the text" {
	printf '\t.text\n\t.file "a.c"\n\tcall u\n\t.addrsig\n' >x.s
	run -0 $BPF_AS -o x.o x.s
	printf '\t.file "a.c"\n\t.text\n\tcall u\n\t.ident\t"GCC: 12"\n' >x.s
	run -0 $BPF_AS -o x.o x.s
	run -0 readelf -SW x.o
	assert_line --partial .bss
	printf '\t.text\n\tcall u\n' >x.s
	run -1 $BPF_AS -o x.o x.s
	printf '\t.globl f\n\tcall u\n\t.addrsig\n' >x.s
	run -1 $BPF_AS -o x.o x.s
	printf '\t.text\n\tcall u\n\t.addrsig\n' >x.s
	run -1 $BPF_AS --compat=none -o x.o x.s
}

@test "a symbol that is set to a place, and the name of a section" {
	src --compat=llvm <<-'EOF'
		.text
	f:	exit
		.type f,@function
		.size f, .-f
		.globl g
		.set g, f
		.data
		.quad g, .text, .Lz
		.set .Lz, f
		.section x,"ax"
		call g
	EOF
	[[ $(symbol x.o g) == '0000000000000000 8 FUNC GLOBAL DEFAULT 1' ]]
	run -0 readelf -rW x.o
	assert_equal "$(awk '/R_BPF/ { print $NF }' <<<"$output" | tr '\n' ' ')" 'g .text .text g '
}
