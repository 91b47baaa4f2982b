#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as -d: the text assembles to the object, for compilers' objects, other assemblers' and our own.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	OBJCMP="$_emu$BUILDDIR/tests/objcmp"
	D=$SRCDIR/tests/dis
}

# same OBJECT [OPTION...]: -d, silently, and back gives the object
same()
{
	local o=$1 text=${1%.o}.dis.s
	shift
	run -0 --separate-stderr $BPF_AS -d "$@" -o "$text" "$o"
	assert_equal "$stderr" ''
	run -0 --separate-stderr $BPF_AS -o "$text.o" "$text"
	assert_equal "$stderr" ''
	run -0 $OBJCMP "$o" "$text.o"
	assert_output ''
}

# every way in which -d prints
same_all()
{
	same "$1"
	same "$1" --no-sugar
	same "$1" --source
}

# programs COMPILER OPTION...: all C files here, each compiled
programs()
{
	local f o n=0
	for f in xdp globals inner core; do
		o=$f.o
		"$@" -O2 -c "$D/$f.c" -o $o || continue
		same_all $o
		n=$((n + 1))
	done
	[ $n -gt 2 ]
}

@test "objects of clang-14 come back" {
	need_cmd clang-14
	programs clang-14 -target bpf -g
	programs clang-14 -target bpf -mcpu=v3 2>/dev/null
}

@test "objects of clang-19 come back" {
	need_cmd clang-19
	programs clang-19 -target bpf -g -mcpu=v4
	programs clang-19 -target bpf 2>/dev/null
}

@test "big endian objects come back" {
	need_cmd clang-19
	programs clang-19 -target bpfeb -g
	$BPF_AS -d -o x.s xdp.o
	grep -q '	\.endian	big' x.s
}

@test "objects of bpf-gcc and GNU as come back" {
	need_cmd bpf-gcc
	programs bpf-gcc
	programs bpf-gcc -g
	programs bpf-gcc -gbtf
	programs bpf-gcc -g3 -ffunction-sections -fdata-sections # groups of .debug_macro
}

@test "odd names, flags and alignments of other assemblers come back" {
	need_cmd clang-19
	clang-19 -target bpf -c -x assembler "$D/odd.s" -o odd.o
	same_all odd.o
	need_cmd bpf-as
	sed 's/r0 = 1/mov %r0,1/' "$D/odd.s" >gnu.s
	bpf-as gnu.s -o gnu.o || skip "needs a GNU as for BPF"
	same_all gnu.o
}

@test "groups of sections, links and sections of one name come back" {
	need_cmd clang-19
	clang-19 -target bpf -O2 -g -x c++ -c "$D/comdat.cpp" -o comdat.o
	run -0 readelf -gW comdat.o
	assert_line --partial COMDAT
	same_all comdat.o
	cat >x.s <<-'END'
		.section .text.one, "axG", @progbits, sig, comdat
	sig:	exit
		.section .about, "ao", @progbits, .text.one
		.8byte	1
		.section .twice, "a", @progbits
		.byte	1
		.section .twice, "a", @progbits, unique, 1
		.byte	2
		.section .entries, "a", @progbits, entsize=4
		.4byte	1, 2
	END
	$BPF_AS -o x.o x.s
	same_all x.o
	assert_equal "$(grep -c '^	\.section	\.twice' x.dis.s)" 2
}

@test "our own objects come back: examples and tests" {
	local s n=0
	for s in "$SRCDIR"/examples/*.s "$SRCDIR"/tests/golden/as/enc*.s "$SRCDIR"/tests/qemu/*.s; do
		$BPF_AS -o own.o "$s" 2>/dev/null || continue
		same_all own.o
		n=$((n + 1))
	done
	[ $n -gt 3 ]
}

@test "what is odd in sources comes back" {
	cat >x.s <<-'END'
		.verbatim
		.elf_flags 4
		.extern	"strange, name", "r1"
		.weak	"strange, name"
		.set	number, 0xfedcba9876543210
		.globl	number
		.set	"file.c", 0
		.local	"file.c"
		.type	"file.c", @file
		.comm	common, 24, 8
		.text
		.balign	8
		.type	"a b", @function
	"a b":	r1 = "r1" ll
		r2 = "strange, name" + 8 ll
		r10 = 5
		r1 <<= 70
		r3 = *(u32 *)(r10 + 3)
		if r1 > 3 goto "a b"
		goto +1
		r5 = 0x123456789 ll
		call "strange, name"
		.reloc	., R_BPF_64_32, "a b"
		call local +2
		.reloc	.+4, 300, number
		.insn	0xff, 15, 15, -1, -1
		.size	"a b", .-"a b"
		.section "sec, t", "0x200003", @0x70000005
		.byte	1, 2, 3
	one:	.byte	4
		.rename	two, "one"
	two:	.8byte	"r1" + 4, one, number
		.4byte	1
		.rename	three, ""
		.hidden	three
		.globl	three
	three:	.byte	1
		.size	three, 1
	END
	$BPF_AS x.s
	same_all x.o
	run -0 readelf -sW x.o
	assert_line --regexp ' strange, name$'
	assert_line --regexp 'WEAK .* UND strange, name$'
	assert_line --regexp 'FILE .*LOCAL .*ABS file.c$'
	assert_equal "$(grep -c ' one$' <<<"$output")" 2
}

@test "what no text says is told, and the text does not pass for the object" {
	printf '\t.section xdp\np:\tr1 = q ll\n\texit\n\t.text\nq:\texit\n' >x.s
	$BPF_AS x.s
	# a symbol of a bind that has no directive: 10, GNU_UNIQUE
	python3 - <<-'END' || skip 'needs python3'
	import struct
	b = bytearray(open('x.o', 'rb').read())
	shoff, = struct.unpack_from('<Q', b, 40)
	for i in range(struct.unpack_from('<H', b, 60)[0]):
	    t, = struct.unpack_from('<I', b, shoff + 64 * i + 4)
	    off, size = struct.unpack_from('<QQ', b, shoff + 64 * i + 24)
	    if t == 2:
	        b[off + size - 24 + 4] = 0xa2
	open('x.o', 'wb').write(b)
	END
	run -0 --separate-stderr $BPF_AS -d -o y.s x.o
	[[ $stderr == *"warning: 'x.o' is not described whole: section"*'has a symbol that cannot be written [A0137]'* ]]
	run -1 $BPF_AS y.s
	assert_line --partial 'error: section'
	assert_line --partial '[A0134]'
}

@test "the text reads well: labels, functions, maps, data, relocations" {
	cat >x.s <<-'END'
		.license "GPL"
		.map	m, hash, key=u32, value=u64, max_entries=10
		.section xdp
	f:	if r1 == 0 goto out
		r1 = m ll
		call bpf_map_lookup_elem
	out:	exit
	g:	call sub
		exit
		.text
	sub:	r0 = 0
		exit
		.data
		.globl text
	text:	.asciz	"two\n", "lines"
		.type	table, @object
	table:	.8byte	text + 4, sub
	END
	$BPF_AS x.s
	run -0 $BPF_AS -d x.o
	assert_equal "${lines[*]:0:3}" $'\t.verbatim \t.license "GPL" \t.map\tm, hash, key=u32, value=u64, max_entries=10'
	assert_line '	r1 = m ll'
	assert_line '	call bpf_map_lookup_elem'
	assert_line '	if r1 == 0 goto out'
	assert_line '	.size	f, .-f'
	assert_line '	.asciz	"two\n"'
	assert_line '	.8byte	text + 4'
	assert_line '	.8byte	sub'
	assert_equal "$(grep -B1 '^	.globl	g$' <<<"$output")" $'\n\t.globl\tg'
	run -0 $BPF_AS -d --no-btf x.o
	refute_line --partial .verbatim
	refute_line --partial BTF
	printf '%s\n' "${output/max_entries=10/max_entries=20}" >y.s
	run -0 $BPF_AS y.s
	run -0 $OBJCMP -i '.BTF*' x.o y.o
	run -0 $BPF_AS -d y.o
	assert_line '	.map	m, hash, key=u32, value=u64, max_entries=20'
}

@test "large objects come back, with relocations, lines and strings of each kind" {
	# 70000 instructions: the check has each kind of them, of numbers and of strings once
	awk 'BEGIN {
		print "\t.map m, hash, key=u32, value=u64, max_entries=10\n\t.section xdp\nf:"
		for (i = 0; i < 17500; i++) {
			printf "\tr%d = %d\n", i % 10, i * 7919 - 60000000
			if (i % 500 == 0)
				print "\tr1 = m ll\n\tcall g\n\tcall h # \"quoted\" \\ \\n"
			if (i % 700 == 0)
				printf "\tr2 = 0x%x00000001 ll\n", i
			printf "\tif r%d == %d goto l%d\nl%d:\tr3 = *(u8 *)(r1 %+d)\n\tw%d += w%d\n", i % 10, i, i, i, i % 99 - 50, i % 10, i % 7
		}
		print "\texit\ng:\tr0 = 0\n\texit\n\t.text\nh:\tr0 = \47\"\47\n\texit"
	}' >large.s
	$BPF_AS -w large.s
	[ "$(wc -c <large.o)" -gt 2000000 ]
	same large.o
	grep -q '^	\.4byte	0x8, 1, [0-9]*, 5 << 10 | 2$' large.dis.s
	same large.o --no-sugar
	same large.o --source
	$BPF_AS -w -g0 large.s
	same large.o
	# written in blocks: what cannot be written is told all the same
	[ -w /dev/full ] || skip '/dev/full cannot be written'
	run -4 --separate-stderr $BPF_AS -d -o /dev/full large.o
	[[ $stderr == *"cannot write '/dev/full': No space left on device"* ]]
}

@test "compressed sections and relocations that do nothing are told" {
	need_cmd clang-19
	need_cmd llvm-objcopy-19
	clang-19 -target bpf -g -O2 -c "$D/xdp.c" -o x.o
	llvm-objcopy-19 --compress-debug-sections=zlib x.o packed.o || skip 'llvm-objcopy-19 knows no zlib'
	run -1 $BPF_AS -d packed.o
	assert_line --partial "is compressed, and its relocations are for what it was before [A0137]"
	assert_line --partial 'llvm-objcopy --decompress-debug-sections'
	run -0 $BPF_AS -d --no-btf packed.o
	refute_line --partial debug
	printf '\t.extern q\n\t.section xdp\np:\tr1 = q ll\n\texit\n' >y.s
	$BPF_AS -w y.s
	python3 - <<-'END' || skip 'needs python3'
	import struct
	b = bytearray(open('y.o', 'rb').read())
	shoff, = struct.unpack_from('<Q', b, 40)
	for i in range(struct.unpack_from('<H', b, 60)[0]):
	    t, = struct.unpack_from('<I', b, shoff + 64 * i + 4)
	    off, = struct.unpack_from('<Q', b, shoff + 64 * i + 24)
	    if t == 9:
	        b[off + 8:off + 12] = bytes(4)
	open('y.o', 'wb').write(b)
	END
	run -0 $BPF_AS -d y.o
	assert_line --partial "warning: 1 relocation of 'y.o', of type R_BPF_NONE, which does nothing, is not in the text [A0137]"
}
