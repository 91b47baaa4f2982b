#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: sources that ask for too much end soon, with an error that says what was too much.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# too_much TEXT...: the source on standard input is refused, in little time and memory, with that
# message. Sanitizers need memory of their own.
too_much()
{
	cat >x.s
	grep -q "enable-sanitizers\|fsanitize" "$BUILDDIR/config.status" || ulimit -v 1500000
	run -1 timeout 30 $BPF_AS --diagnostics=short -o x.o x.s
	assert_line --partial "$*"
	assert [ ! -e x.o ]
}

# lines N TEXT: TEXT for each number from 0; @ is it, @@ one more
lines()
{
	awk -v n="$1" -v f="$2" 'BEGIN { for (i = 0; i < n; i++) { s = f; gsub(/@@/, i + 1, s); gsub(/@/, i, s); print s } }'
}

# times N TEXT
times()
{
	awk -v n="$1" -v t="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%s", t }'
}

@test "symbols that are set by one another" {
	{ lines 60 '.set s@, s@@ + s@@'; echo '.set s60, 1'; echo '.data'; echo '.8byte s0'; } |
		too_much "symbols are set by one another too often"
	{ lines 5000 '.set s@, s@@ + 1'; echo '.set s5000, 1'; echo '.data'; echo '.8byte s0'; } |
		too_much "symbols are set by one another too deeply"
}

@test "macros and repetition" {
	{ lines 40 $'.macro m@\nm@@\nm@@\n.endm'; printf '.macro m40\n.byte 1\n.endm\n.data\nm0\n'; } |
		too_much "expansions make more than 128 MiB of text"
	too_much "expansions make more than 128 MiB of text" <<<$'.macro m a\nm "\\a \\a"\n.endm\nm x'
	too_much "expansions make more than 128 MiB of text" <<<$'.rept 1000000000\n.endr'
	{ times 8 $'.rept 100\n'; echo .byte 1; times 8 $'.endr\n'; } |
		too_much "expansions make more than 128 MiB of text"
}

@test "expressions and types that are nested" {
	{ printf '.8byte '; times 100000 '('; echo 1; } | too_much "expression is nested too deeply"
	{ printf '.8byte '; times 100000 '-'; echo 1; } | too_much "expression is nested too deeply"
	{ printf '.struct s { '; times 10000 'struct { '; times 10000 '} x; '; echo '}'; } | too_much "nested less deeply"
	{ printf '.struct s { int '; times 10000 '*'; echo 'p; }'; } | too_much "a simpler type"
	{ echo '.struct s0 { u8 x; }'; lines 60 '.struct s@@ { struct s@ a, b; }'; } |
		too_much "the struct grows beyond 256 MiB"
	{ echo '.typedef int t0'; lines 5000 '.typedef t@ *t@@'; } | too_much "a simpler type"
}

@test "files that include themselves, and what has no end" {
	too_much "includes are nested deeper than 64" <<<$'.include "x.s"\n.include "x.s"'
	too_much "cannot read '/dev/zero': File too large" <<<'.incbin "/dev/zero"'
}

@test "sections, pushed ones and what they hold" {
	times 40 $'.pushsection .data\n' | too_much "sections are pushed more than 32 deep"
	lines 30100 '.section s@' | too_much "more than 30000 sections"
	too_much "section '.data' grows beyond 256 MiB" <<<$'.data\n.zero 1 << 30'
	too_much "section '.data' grows beyond 256 MiB" <<<$'.data\n.org 1 << 30'
	too_much "section '.text' grows beyond 256 MiB" <<<$'f:\n.fill 1 << 28, 8, 0'
}

@test "a size beyond the section" {
	too_much "size of 'x' is 2 bytes; section '.data' ends 1 bytes behind it" <<<$'.data\nx: .byte 1\n.size x, 2'
}
