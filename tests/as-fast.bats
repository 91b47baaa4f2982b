#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Large sources: what the short way through the assembler makes of thousands of lines that look alike has
# to be what the long way makes of them (-mcpu=v4, which no shape or skeleton serves), texts of lines included.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	cd "$BATS_TEST_TMPDIR" || return 1
}

# N lines of all that a skeleton leaves out or does not: the same on every machine.
lines() # N SEED
{
	awk -v n="$1" -v seed="$2" '
	function rnd(k)
	{
		seed = (seed * 1103 + 12345) % 1048576
		return int(seed / 7) % k
	}
	function num(k)
	{
		k = rnd(8)
		if (k == 0)
			return sprintf("0x%x", rnd(4096))
		if (k == 1)
			return sprintf("0X%X", rnd(4096))
		if (k == 2)
			return "0"
		if (k == 3)
			return "0" rnd(8)
		return k == 4 ? 100000000 + rnd(1000000) : rnd(2000)
	}
	function reg(k) { k = rnd(12); return "r" (k == 11 ? 10 : k % 10) }
	function ind(k) { k = rnd(20); return k == 0 ? "" : k == 1 ? "  " : k == 2 ? " \t" : "\t" }
	function end(k)
	{
		k = rnd(40)
		return k == 0 ? " " : k == 1 ? " # note " rnd(9) : k == 2 ? " // r1 = 2" : k == 3 ? "; r1 = " rnd(9) : ""
	}
	BEGIN {
		print "\t.equ SIZE, 24\n\t.text\nf:\n.L0:\nLBB0_0:"; last = 0
		for (i = 0; i < n; i++) {
			k = rnd(16)
			l = ind()
			d = "r" rnd(10)
			if (k < 3)
				l = l d " += " num()
			else if (k < 5)
				l = l d " = " reg()
			else if (k == 5)
				l = l "w" rnd(10) " ^= w" rnd(10)
			else if (k == 6)
				l = l d " = *(u32 *)(r" rnd(10) " + " num() % 32000 ")"
			else if (k == 7)
				l = l "*(u64 *)(r10 - " 8 * (1 + rnd(64)) ") = " d
			else if (k == 8)
				l = l "*(u8 *)(" d " + " rnd(300) ") = " rnd(128)
			else if (k == 9)
				l = l "if " d " s> -" rnd(500) " goto .L" last
			else if (k == 10)
				l = l "if " d " == " reg() " goto .L" last + 1
			else if (k == 11)
				l = l d " = " (rnd(2) ? "SIZE" : "BPF_ANY")
			else if (k == 12)
				l = l "goto " (rnd(2) ? ".L" last : "LBB0_" last)
			else if (k == 13)
				l = l d " = " num() " ll"
			else if (k == 14)
				l = l "call " (rnd(2) ? 1 + rnd(90) : "bpf_ktime_get_ns")
			else
				l = ".L" ++last ":\nLBB0_" last ":" (rnd(2) ? " " d " = be16 " d : "")
			print l end()
		}
		print ".L" last + 1 ":\n\tr0 = 0\n\texit"
	}'
}

# What an object says of its code: instructions and labels, each with the line that it is of.
code() # OBJECT
{
	$BPF_AS -d --source "$1" >"$1.txt" 2>/dev/null || return 1
	sed '/^[ \t]*\.section[ \t]*\.BTF/,$d' "$1.txt"
}

@test "a large source makes the same by the short way, lines and their texts too" {
	for seed in 1 7 4711; do
		lines 6000 "$seed" >in.s
		$BPF_AS -w -o short.o in.s
		$BPF_AS -w -mcpu=v4 -o long.o in.s
		code short.o >short
		code long.o >long
		[ "$(grep -c '# in.s:' short)" -gt 5000 ]
		cmp short long
	done
}

@test "… and without line info" {
	lines 6000 99 >in.s
	$BPF_AS -w -g0 -o short.o in.s
	$BPF_AS -w -g0 -mcpu=v4 -o long.o in.s
	cmp short.o long.o
}

@test "… as big-endian" {
	lines 3000 5 >in.s
	$BPF_AS -w -EB -o short.o in.s
	$BPF_AS -w -EB -mcpu=v4 -o long.o in.s
	code short.o >short
	code long.o >long
	cmp short long
}

@test "a mistake among thousands of lines is told where it is, both ways" {
	lines 4000 3 >in.s
	for bad in 'r1 = r11' 'r10 = 5' 'r1 <<= 64' 'r1 = *(u64 *)(r10 + 8)' 'goto .Lnone' 'r3 += 99999999999' \
		'*(u8 *)(r1 + 1) = 256' 'w3 = 0777777777777777'; do
		sed "2500s/.*/	$bad/" in.s >bad.s
		run -1 $BPF_AS -w -o bad.o bad.s
		short=$output
		[[ $short == *bad.s:2500:* ]]
		run -1 $BPF_AS -w -mcpu=v4 -o bad.o bad.s
		[ "$output" = "$short" ]
	done
}

@test "labels that are counted are found whatever their numbers are" {
	{
		printf '\t.text\nf:\n'
		for n in 99999999 5 40 100000000 00 0 123456 41 7; do
			printf '\tif r1 == 0 goto .L%s\n' "$n"
		done
		for n in 7 41 123456 0 00 100000000 40 5 99999999; do
			printf '.L%s:\n\tr1 += 1\n' "$n"
		done
		printf '\tgoto .L00\n\texit\n'
	} >in.s
	$BPF_AS -w -o in.o in.s
	$BPF_AS -d in.o | sed '/^[ \t]*\.section[ \t]*\.BTF/,$d' >in.txt
	# Each jump leads to the instruction that its label has: the first to the last, and so on.
	jumps=$(sed -n 's/.*if r1 == 0 goto \(\S*\)$/\1/p' in.txt)
	labels=$(grep -B1 'r1 += 1' in.txt | sed -n 's/^\(\S*\):$/\1/p' | tac)
	[ "$(wc -w <<<"$jumps")" = 9 ]
	[ "$jumps" = "$labels" ]
	printf '\t.text\nf:\n\tgoto .L3\n.L30:\n\texit\n' >no.s
	run -1 $BPF_AS -o no.o no.s
	[[ $output == *"'.L3' is not defined"*"did you mean '.L30'"* ]]
	printf '\t.text\nf:\n.L3:\n\texit\n.L3:\n\texit\n' >no.s
	run -1 $BPF_AS -o no.o no.s
	[[ $output == *"'.L3' is defined twice"* ]]
}
