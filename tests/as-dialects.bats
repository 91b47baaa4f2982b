#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: every way to write the instructions, the dialect that a file is in, and -mdialect=.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	SPELL=$SRCDIR/tests/golden/as/spellings.txt
}

# text OBJECT: .text in hex, blanks between
text()
{
	readelf -x .text "$1" 2>/dev/null | awk '/^  0x/ {
		h = substr($0, 14, 35); gsub(/ /, "", h); s = s h
	} END { gsub(/../, "& ", s); print s }'
}

# rows TOOL: what is not lost, as a source with the bytes behind //
rows()
{
	awk -F'\t' -v t="$1" '$1 == t && $2 == "same" {
		sub(/^\([0-9a-f]*\) /, "", $4); print "\t" $4 "\t// " $3 }' "$SPELL"
}

# want FILE: the bytes that rows wrote
want()
{
	sed -n 's,.*// ,,p' "$1" | tr '\n' ' '
}

# all_of TOOL COUNT OPTION...: each spelling of the tool gives its bytes
all_of()
{
	local tool=$1 count=$2
	shift 2
	rows "$tool" >x.s
	assert_equal "$(wc -l <x.s)" "$count"
	run -0 --separate-stderr $BPF_AS "$@" -o x.o x.s
	assert_equal "$stderr" ''
	assert_equal "$(text x.o)" "$(want x.s)"
}

@test "LLVM's spellings" {
	need_cmd readelf
	all_of llvm 181
	all_of llvm 181 -mdialect=canonical
}

@test "GNU as's mnemonics" {
	need_cmd readelf
	all_of gnu 180
	all_of gnu 180 -mdialect=gnu
	all_of gnu 180 -mdialect=normal
}

@test "GNU as's pseudo-C" {
	need_cmd readelf
	all_of pseudoc 167
	all_of pseudoc 167 --mdialect=pseudoc
}

@test "bpf_conformance's, ubpf's and rbpf's spellings" {
	need_cmd readelf
	all_of conformance 166 -mdialect=conformance
	all_of ubpf 109 -mdialect=ubpf
	all_of rbpf 129 -mdialect=rbpf
	all_of rbpf 129
}

@test "the kernel's spellings, without their opcode" {
	need_cmd readelf
	rows kernel | grep -v '// 18 ' >x.s
	assert_equal "$(wc -l <x.s)" 175
	run -0 --separate-stderr $BPF_AS -o x.o x.s
	assert_equal "$(text x.o)" "$(want x.s)"
}

@test "GNU as itself: what Debian's reads gives the same bytes" {
	need_cmd bpf-as readelf
	local bad
	rows gnu | sed 's,\t//.*,,' >all.s
	bpf-as -o g.o all.s 2>err || :
	bad=$(sed -nE 's,^all.s:([0-9]+): Error.*,\1d,p' err | sort -u)
	sed "$bad" all.s >some.s
	[ "$(wc -l <some.s)" -gt 100 ]
	bpf-as -o g.o some.s
	run -0 --separate-stderr $BPF_AS -o x.o some.s
	assert_equal "$(text x.o)" "$(text g.o)"
	bpf-as -EB -o g.o some.s
	run -0 $BPF_AS -EB -o x.o some.s
	assert_equal "$(text x.o)" "$(text g.o)"
}

@test "a file is in one dialect; the message says which and since where" {
	printf '\tmov %%r1, 2\n\tr1 = 3\n\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *'x.s:2:2: error: this is written in the dialect canonical; the file is read as gnu, conformance or ubpf [A0155]'* ]]
	[[ $stderr == *'since this instruction'* && $stderr == *'-mdialect='* ]]
	printf '\tr1 = 3\n\tjcond 1\n\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *'the dialect gnu; the file is read as canonical [A0155]'* ]]
	printf '\tlock add [%%r1+8], %%r2\n\taadd [%%r1+8], %%r2\n' >x.s
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *'the dialect gnu; the file is read as conformance'* ]]
	printf '\tmov r1, 1\n\tmov %%r1, 1\n' >x.s
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *'the file is read as rbpf'* ]]
}

@test "-mdialect= refuses what another dialect says, and unknown names" {
	printf '\tmov %%r1, 2\n\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS -mdialect=canonical x.s
	[[ $stderr == *'gnu, conformance or ubpf; the file is read as canonical'* ]]
	run -1 --separate-stderr $BPF_AS -mdialect=rbpf x.s
	run -0 $BPF_AS -mdialect=ubpf x.s
	run -2 --separate-stderr $BPF_AS -mdialect=intel x.s
	[[ ${stderr_lines[0]} == *"unknown dialect 'intel'"* ]]
	run -2 --separate-stderr $BPF_AS --mdialect=x x.s
	run -0 $BPF_AS --explain A0155
}

@test "included files have their own dialect" {
	need_cmd readelf
	printf '\tmov %%r1, 2\n' >g.s
	printf '\tr0 = 1\n\t.include "g.s"\n\tr0 = 3\n' >x.s
	run -0 --separate-stderr $BPF_AS x.s
	assert_equal "$(text x.o)" 'b7 00 00 00 01 00 00 00 b7 01 00 00 02 00 00 00 b7 00 00 00 03 00 00 00 '
}

@test "GNU mnemonics with labels, symbols, helpers, maps and functions" {
	cat >g.s <<-'END'
		.map m, hash, key=u32, value=u64, max_entries=4
		.license "GPL"
		.section xdp
	prog:
		stw [%fp-4], 7
		lddw %r1, m
		mov %r2, %fp
		add %r2, -4
		call bpf_map_lookup_elem
		jeq %r0, 0, 1f
		ldxdw %r1, [%r0]
		call sub
	1:	mov %r0, XDP_PASS
		exit
		.text
	sub:	mov32 %r0, %r1
		exit
	END
	cat >c.s <<-'END'
		.map m, hash, key=u32, value=u64, max_entries=4
		.license "GPL"
		.section xdp
	prog:
		*(u32 *)(r10 - 4) = 7
		r1 = m ll
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		if r0 == 0 goto 1f
		r1 = *(u64 *)(r0 + 0)
		call sub
	1:	r0 = XDP_PASS
		exit
		.text
	sub:	w0 = w1
		exit
	END
	run -0 --separate-stderr $BPF_AS g.s
	assert_equal "$stderr" ''
	run -0 $BPF_AS c.s
	$BPF_AS -d --no-btf g.o >g.txt
	$BPF_AS -d --no-btf c.o >c.txt
	diff g.txt c.txt
}

@test "bpf_conformance: exit is a label, immediates and offsets may be unsigned" {
	need_cmd readelf
	printf '\tmov %%r0, 0xffffffff\n\tjne %%r0, 1, exit\n\tcall local f\n\texit\nf:\tmov32 %%r0, 1\n\texit\n' >x.s
	run -0 --separate-stderr $BPF_AS -mdialect=conformance x.s
	assert_equal "$(text x.o)" 'b7 00 00 00 ff ff ff ff 55 00 01 00 01 00 00 00 85 10 00 00 01 00 00 00 95 00 00 00 00 00 00 00 b4 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00 '
	# the same in a file that may be GNU's is the usual mistake
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *A0161* ]]
	printf '\tjne32 %%r0, 1, exit\n\tmov %%r0, 2\n\texit\n\tmovsx864 %%r0, %%r0\n' >x.s
	run -0 $BPF_AS x.s
	printf '\tjne32 %%r0, 1, exit\n\tmovs %%r0, %%r0, 8\n\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *"'exit' is not defined"* ]]
}

@test "traps: kernel targets, gotol as one word, numbers as distances, # inside a name" {
	need_cmd readelf
	cat >x.s <<-'END'
		l: goto pc+1
		gotol +1
		goto 1
		call pc-1
		if r1 s> 2 goto pc-3
		r1s/=r2
		call bpf_map_lookup_elem#1	# one
		r0 = 1; exit
	END
	run -0 --separate-stderr $BPF_AS -mdialect=pseudoc x.s
	assert_equal "$(text x.o)" '05 00 01 00 00 00 00 00 06 00 00 00 01 00 00 00 05 00 01 00 00 00 00 00 85 10 00 00 ff ff ff ff 65 01 fd ff 02 00 00 00 3f 21 01 00 00 00 00 00 85 00 00 00 01 00 00 00 b7 00 00 00 01 00 00 00 95 00 00 00 00 00 00 00 '
}
