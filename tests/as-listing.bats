#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: listings, rules for make, symbols and line info by option.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

list_source()
{
	cat >l.s <<'S'
	.macro	m a
	r0 = \a
	r1 = 2
	.endm
	.section xdp
p:	m	5
	.if	0
	left out
	.else
	r2 = 0x1122334455667788 ll; r3 = 4	# two
	.endif
	.include "l.inc"
	exit
	.data
	.zero	40
x:	.8byte	p, undef
	.extern	undef
S
	echo '	r4 = 1' >l.inc
}

@test "a listing has lines, offsets, bytes, expansions and symbols" {
	list_source
	run -0 --separate-stderr $BPF_AS -alms l.s
	assert_equal "$stderr" ''
	assert_equal "$(sed -E 's/^ +//; s/[\t ]+/ /g' <<<"$output")" "$(sed -E 's/^ +//; s/ +/ /g' <<<'1                        .macro m a
2                        r0 = \a
3                        r1 = 2
4                        .endm
5                        .section xdp
6                       p: m 5
6 0000 b700000005000000 > r0 = 5
6 0008 b701000002000000 > r1 = 2
7                        .if 0
8                        left out
9                        .else
10 0010 1802000088776655  r2 = 0x1122334455667788 ll; r3 = 4 # two
10 0018 0000000044332211
10 0020 b703000004000000
11                        .endif
12                        .include "l.inc"
1 0028 b704000001000000  r4 = 1
13 0030 9500000000000000  exit
14                        .data
15 0000 0000000000000000  .zero 40
15 0008 0000000000000000
15 0010 0000000000000000
15 0018 0000000000000000
16 0028 0000000000000000 x: .8byte p, undef
16 0030 0000000000000000
17                        .extern undef

Defined symbols
  0000000000000000 xdp          p
  0000000000000028 .data        x

Undefined symbols
  undef')"
}

@test "letters of -a choose, =FILE takes the listing" {
	list_source
	run -0 $BPF_AS -acl=out.lst l.s
	assert_output ''
	run -1 grep 'left out' out.lst
	grep -q '0008 b701000002000000$' out.lst
	run -1 grep symbols out.lst
	run -0 $BPF_AS -as l.s
	assert_line 'Defined symbols'
	refute_line --partial '.macro'
	run -0 $BPF_AS -a l.s
	assert_line --partial '.macro'
	assert_line 'Defined symbols'
	run -2 $BPF_AS -axyz l.s
	run -2 $BPF_AS --listing=x l.s
	assert_output --partial "unknown listing 'x'"
}

@test "a listing shows the bytes of longer jumps" {
	printf '\t.section xdp\np:\tif r1 == 0 goto e\n\t.rept 40000\n\tr0 = 1\n\t.endr\ne:\tr0 = 0\n\texit\n' >x.s
	run -0 $BPF_AS -al x.s
	assert_line --regexp '^ +2 0000 5501010000000000 .p:'
	assert_line --regexp '^ +2 0008 06000000409c0000$'
	assert_line --regexp '^ +6 4e210 b700000000000000 .e:'
}

@test "--MD names all that was read, as make reads it" {
	list_source
	printf 'abc' >'a bin$'
	printf '\t.incbin "a bin$"\n' >>l.s
	run -0 $BPF_AS --MD=l.d -o 'my o.o' l.s
	assert_equal "$(cat l.d)" 'my\ o.o: l.s l.inc a\ bin$$'
	run -0 $BPF_AS -MD l2.d l.s
	assert_equal "$(cat l2.d)" 'l.o: l.s l.inc a\ bin$$'
}

@test "-D and --defsym define symbols" {
	need_cmd readelf
	printf '\t.data\n\t.ifdef C\n\t.byte A & 0xff, B, C\n\t.endif\n' >x.s
	run -0 --separate-stderr $BPF_AS --defsym A=-3 -D B=0x10 -DC x.s
	assert_equal "$stderr" ''
	readelf -x .data x.o | grep -q ' fd1001 '
	run -2 $BPF_AS -D 1=2 x.s
	assert_output --partial "'1=2' is not NAME=NUMBER"
	run -2 $BPF_AS -D a=b x.s
	printf 'A:\texit\n' >x.s
	run -1 $BPF_AS -D A x.s
	assert_output --partial "'A' is defined twice"
}

@test "-g0 leaves out lines of the source, -g and its kin do not" {
	printf '\t.section xdp\np:\tr0 = 7777\n\texit\n' >x.s
	for g in -g -g3 -gdwarf-4 --gdwarf-5 --gen-debug; do
		run -0 $BPF_AS "$g" x.s
		grep -q 'r0 = 7777' x.o
	done
	run -0 $BPF_AS -g0 x.s
	run -1 grep -q 'r0 = 7777' x.o
	run -0 $BPF_LD --no-attach --dry-run x.o
}
