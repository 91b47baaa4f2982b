#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: the language of GNU as: macros, conditionals, places, numbers.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# bytes OBJECT SECTION: in hex, blanks between
bytes()
{
	readelf -x "$2" "$1" 2>/dev/null | awk '/^  0x/ {
		h = substr($0, 14, 35); gsub(/ /, "", h); s = s h
	} END { gsub(/../, "& ", s); print s }'
}

src()
{
	cat >x.s
	run -0 --separate-stderr $BPF_AS "$@" x.s
	assert_equal "$output" ''
	assert_equal "$stderr" ''
}

# refused: what is read from standard input; the messages are in $output, one a line
refused()
{
	rm -f x.o
	cat >x.s
	run -1 $BPF_AS --diagnostics=short "$@" x.s
	assert [ ! -e x.o ]
}

# code TEXT: the bytes of .text of that source
code()
{
	printf '%s\n' "$1" >c.s
	$BPF_AS -o c.o c.s && bytes c.o .text
}

@test "macros, conditionals, places and numbers make the bytes that GNU as makes" {
	need_cmd readelf
	local gas
	gas=$(type -P -a bpf-as | grep -v "$BUILDDIR" | head -n 1)
	[ -n "$gas" ] || skip "needs GNU as for BPF"
	printf '\1\2\3\4' >four.bin
	cp "$SRCDIR/tests/golden/as/gnu-data.s" x.s
	run -0 "$gas" -o g.o x.s
	run -0 --separate-stderr $BPF_AS -o o.o x.s
	assert_equal "$stderr" ''
	assert [ "$(bytes g.o .data | wc -w)" -gt 400 ]
	assert_equal "$(bytes o.o .data)" "$(bytes g.o .data)"
	# GNU as 2.40 has words of real numbers, and long fill values, in little endian order there
	sed -i -E '/\.(fill\t[0-9], 8|float|double|single)/d' x.s
	run -0 "$gas" -EB -o g.o x.s
	run -0 $BPF_AS -EB -o o.o x.s
	assert_equal "$(bytes o.o .data)" "$(bytes g.o .data)"
}

@test "macros of instructions: defaults, keywords, brackets, varargs" {
	need_cmd readelf
	src <<'S'
	.macro	load dst:req, from=r1, off=0
	\dst = *(u64 *)(\from + \off)
	.endm
	.macro	zero regs:vararg
	.irp	n, \regs
	r\n = 0
	.endr
	.endm
	.macro	do insn
	\insn
	.endm
	LOAD	r2
	load	r3, off=8
	load	off=16, dst=r4, from=r9
	zero	1, 2
	do	r5 = *(u32 *)(r1 + 4)
	do	"r6 = 1; r7 = 2"
	.rept	2; r8 += 1; .endr
	exit
S
	assert_equal "$(bytes x.o .text)" "$(code '
	r2 = *(u64 *)(r1 + 0)
	r3 = *(u64 *)(r1 + 8)
	r4 = *(u64 *)(r9 + 16)
	r1 = 0
	r2 = 0
	r5 = *(u32 *)(r1 + 4)
	r6 = 1
	r7 = 2
	r8 += 1
	r8 += 1
	exit')"
}

@test "an assignment is no instruction, and registers are not assigned" {
	need_cmd readelf
	src <<'S'
N = 4
M == N + 1
later = end - begin
	r1 = N
	r2 = M
begin:	r3 = later
end:	exit
. = 40
	exit
S
	assert_equal "$(bytes x.o .text)" "$(code '
	r1 = 4
	r2 = 5
	r3 = 8
	exit
	goto +0
	exit')"
	refused <<<$'R1 = 1'
	assert_output --partial "unknown instruction 'R1'"
	refused <<<$'\tfp = 1'
	assert_output --partial "unknown instruction 'fp'"
	refused <<<$'M == 1\nM == 2'
	assert_output --partial "'M' is defined twice"
}

@test "a symbol set to a place is that place" {
	need_cmd readelf
	src <<'S'
	.globl	other
	.set	other, f
	.text
f:	r0 = 1
	exit
	.section xdp
p:	call	other
	exit
	.data
	.globl	second
d:	.quad	1, 2
	.set	second, d + 8
S
	readelf -sW x.o >syms
	grep -qE ' 0000000000000000 +16 FUNC +GLOBAL DEFAULT +[0-9]+ other$' syms
	grep -qE ' 0000000000000008 +0 NOTYPE +GLOBAL DEFAULT +[0-9]+ second$' syms
	readelf -rW x.o | grep -q ' other$'
}

@test ".comm and .lcomm reserve in .bss" {
	need_cmd readelf
	src <<<$'\t.comm a, 12, 4\n\t.lcomm b, 8\n\t.local c\n\t.comm c, 1\n\t.data\n\t.byte 1'
	readelf -sW x.o >syms
	grep -qE ' 0000000000000000 +12 OBJECT +GLOBAL DEFAULT +[0-9]+ a$' syms
	grep -qE ' 0000000000000010 +8 OBJECT +LOCAL +DEFAULT +[0-9]+ b$' syms
	grep -qE ' 0000000000000018 +1 OBJECT +LOCAL +DEFAULT +[0-9]+ c$' syms
}

@test ".org in code leaves instructions that do nothing" {
	need_cmd readelf
	src <<<$'\tr0 = 0\n\t.org 24\n\texit'
	assert_equal "$(bytes x.o .text)" 'b7 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 05 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00 '
	refused <<<$'\tr0 = 0\n\texit\n\t.org 8'
	assert_output --partial 'this is 8 bytes back'
}

@test ".print, .warning, .err, .fail, .abort; what is refused says why" {
	cat >x.s <<<$'\t.print "hello"\n\t.warning "careful"\n\t.warning\n\t.fail 500\n\texit'
	run -0 --separate-stderr $BPF_AS --diagnostics=short x.s
	assert_equal "${#stderr_lines[@]}" 4
	assert_equal "${stderr_lines[0]}" 'x.s:1:2: note: hello [A0206]'
	assert_equal "${stderr_lines[1]}" 'x.s:2:2: warning: careful [A0206]'
	rm x.o
	refused <<<$'\t.err\n\t.fail 1\n\t.abort\n\tnot read'
	assert_equal "${#lines[@]}" 3
	refused <<<$'\t.symver a, b@1\n\t.altmacro'
	assert_line --partial "'.symver' has no meaning for BPF"
	assert_line --partial "'.altmacro' has no meaning for BPF"
}

@test "a message in an expansion names the body's line and the calls" {
	cat >x.s <<'S'
	.macro	inner x
	r0 = 1
	r\x = 5
	.endm
	.macro	outer y
	inner	\y
	.endm
	.section xdp
p:	outer	11
	.rept	3
	r1 = r12
	.endr
	exit
S
	run -1 $BPF_AS x.s
	assert_line --index 0 "x.s:3:2: error: there is no register 'r11' [A0151]"
	assert_line "x.s:6:2: note: expanded from here"
	assert_line "x.s:9:4: note: which was expanded from here"
	assert_output --partial "the line expands to 'r11 = 5'"
	assert_line "x.s:11:7: error: there is no register 'r12' [A0151]"
	assert_line "x.s:10:2: note: expanded from here"
	assert_equal "$(grep -c 'error:' <<<"$output")" 2
}

@test "lines of expanded code are those of the call" {
	cat >x.s <<'S'
	.macro	two
	r0 = 1
	r0 = 2
	.endm
	.section xdp
p:	two
	exit
S
	run -0 $BPF_AS x.s
	run -0 strings -n 3 x.o
	assert_line --partial 'p:	two'
	refute_line --partial 'r0 = 2'
}

@test "expansions without end are refused, soon" {
	refused <<<$'\t.macro m\n\tm\n\t.endm\n\tm'
	assert_line --index 0 --partial 'nested deeper than 500'
	refused <<<$'\t.macro m x\n\t.if \\x < 40\n\tm (\\x+1)\n\tm (\\x+1)\n\t.endif\n\t.endm\n\tm 0'
	assert_line --index 0 --partial 'expansions make more than 128 MiB of text'
	refused <<<$'\t.rept 1000000000\n\tgoto +0\n\t.endr'
	assert_line --index 0 --partial 'expansions make more than 128 MiB of text'
	refused <<<$'\t.rept 1000000\n\t.rept 1000000\n\t.endr\n\t.endr'
	assert_line --index 0 --partial 'expansions make more than 128 MiB of text'
	refused <<<$'\t.include "x.s"'
	assert_line --index 0 --partial 'nested deeper than 64'
}

@test "what is not closed, and what closes nothing" {
	refused <<<$'\t.if 1\n\texit'
	assert_output --partial "x.s:1:2: error: '.if' has no .endif"
	refused <<<$'\t.if 0\n\t.else\n\t.else\n\t.endif\n\t.endif\n\t.else'
	assert_line --index 0 --partial 'x.s:3:2: error: .else after .else'
	assert_line --index 1 --partial 'x.s:5:2: error: .endif without .if'
	assert_line --index 2 --partial 'x.s:6:2: error: .else without .if'
	refused <<<$'\t.macro m\n\texit'
	assert_output --partial '.macro has no .endm'
	refused <<<$'\t.rept 2\n\texit'
	assert_output --partial '.rept has no .endr'
	refused <<<$'\t.irp x, 1\n\texit'
	assert_output --partial '.irp has no .endr'
	refused <<<$'\t.endm\n\t.endr\n\t.exitm'
	assert_equal "${#lines[@]}" 3
	refused <<<$'\t.macro m\n\t.if 1\n\t.endm\n\tm\n\t.endif'
	assert_line --index 0 --partial "x.s:2:2: error: '.if' has no .endif"
	refused <<<$'\t.macro m a:req, b\n\t.endm\n\tm\n\tm 1, 2, 3\n\tm a=1, a=2\n\t.macro m\n\t.endm'
	assert_line --index 0 --partial "macro 'm' needs the argument 'a'"
	assert_line --index 1 --partial "macro 'm' takes 2 arguments"
	assert_line --index 2 --partial "'a' is given twice"
	assert_line --index 3 --partial "macro 'm' is defined twice"
}

@test "a condition wants what is known, and says what is not" {
	refused <<<$'\t.if later > 2\n\t.endif\nlater = 3\n\t.rept n\n\t.endr'
	assert_line --index 0 --partial "x.s:1:6: error: condition must be a number known here, and 'later' is not defined yet"
	assert_line --index 1 --partial "x.s:4:8: error: count must be a number known here, and 'n' is not defined yet"
	refute_line --partial ':2:'
	src <<<$'a:\tr0 = 0\nb:\texit\n\t.if b - a != 8\n\t.err\n\t.endif\n\t.if (. - a) / 8 == 2 && . > b\n\t.else\n\t.err\n\t.endif'
}

@test "text that is left out is not read: quotes, comments, unknown words" {
	need_cmd readelf
	src <<'S'
	.if 0
	don't "care
	/* .endif
	*/
	.string ".endif"	# .endif
	.ifdef x; .endif; sheer nonsense
	.endif
	r0 = 0; .if 0; r1 = 1; .else; r2 = 2; .endif; exit
S
	assert_equal "$(bytes x.o .text)" 'b7 00 00 00 00 00 00 00 b7 02 00 00 02 00 00 00 95 00 00 00 00 00 00 00 '
}

@test ".incbin takes what there is, not more" {
	printf 'abcd' >f.bin
	refused <<<$'\t.data\n\t.incbin "f.bin", 5'
	assert_output --partial 'the file has 4 bytes'
	refused <<<$'\t.data\n\t.incbin "f.bin", 2, 3'
	assert_output --partial 'the file has 4 bytes'
	refused <<<$'\t.data\n\t.incbin "no.bin"'
	assert_output --partial "cannot read 'no.bin'"
	mkdir inc
	mv f.bin inc
	src -I inc <<<$'\t.data\n\t.incbin "f.bin"'
	assert_equal "$(bytes x.o .data)" '61 62 63 64 '
}
