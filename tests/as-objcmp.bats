#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# objcmp, with which other tests compare objects: it must see a difference of each kind.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	OBJCMP=$_emu$BUILDDIR/tests/objcmp
	cat >a.s <<-'END'
		.map	m, hash, key=u32, value=u64, max_entries=1
		.section xdp
	f:	r1 = m ll
		call g
		exit
		.text
	g:	r0 = 0
		exit
		.section .data, "aw"
	v:	.quad	m
	END
	$BPF_AS -o a.o a.s
}

# change SED: a.s with a change, assembled, compared with a.o; the lines of objcmp are in $output
change()
{
	sed "$@" a.s >b.s
	$BPF_AS -o b.o b.s
	run -1 $OBJCMP -i .BTF* a.o b.o
}

@test "objcmp finds an object the same as itself, and needs objects" {
	run -0 $OBJCMP a.o a.o
	assert_output ''
	run -2 $OBJCMP a.o
	run -2 $OBJCMP a.o a.s
	run -2 $OBJCMP a.o none.o
}

@test "objcmp sees bytes, relocations, sections, symbols" {
	change 's/r0 = 0/r0 = 1/'
	assert_output '.text: bytes differ at 0x4: b700000000000000 9500000000000000, not b700000001000000 9500000000000000'
	change 's/^f:.*/&; r1 = 0/'
	assert_line 'xdp: 32 bytes, not 40'
	assert_line 'xdp: relocation 0x10 type 10 section .text, not 0x18 type 10 section .text'
	change 's/\.quad	m/.quad g/'
	assert_line '.data: relocation 0x0 type 2 m, not 0x0 type 2 section .text'
	change 's/\.quad	m/.quad 0/'
	assert_line '.data: 1 relocations, not 0: only a.o has 0x0 type 2 m'
	change 's/"aw"/"a"/'
	assert_output '.data: flags 0x3, not 0x2'
	change 's/^v:/.balign 16; v:/'
	assert_output '.data: alignment 8, not 16'
	change 's/\.data/.data2/'
	assert_line "a.o has section '.data' (8 bytes), b.o has not"
	assert_line "b.o has section '.data2' (8 bytes), a.o has not"
	change 's/^v:/w:/'
	assert_line 'symbol only in a.o: v: .data+0 size 8 local object'
	assert_line 'symbol only in b.o: w: .data+0 size 8 local object'
	change 's/^f:/.weak f; f:/'
	assert_line 'symbol only in b.o: f: xdp+0 size 32 weak func'
	run -0 $OBJCMP -S -i '.BTF*' a.o b.o
}

@test "objcmp sees the byte order" {
	$BPF_AS -EB -o b.o a.s
	run -1 $OBJCMP a.o b.o
	assert_line 'the ELF identification: byte order, class or ABI'
}
