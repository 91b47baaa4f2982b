#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: what llvm-objdump and GNU objdump print, as a source. Never other bytes.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	SPELL=$SRCDIR/tests/golden/as/spellings.txt
}

# code OBJECT: the byte order, and each section with code in hex
code()
{
	readelf -hSW "$1" 2>/dev/null | awk '/Data:/ { print $NF, $(NF-1) }
		/ PROGBITS / && / AX / && $(NF-5) != "000000" { sub(/^ *\[ *[0-9]+\] */, ""); print $1 }' |
	while read -r n _; do
		echo "$n"
		readelf -x "$n" "$1" 2>/dev/null | awk '/^  0x/ { print substr($0, 14, 35) }'
	done
}

# relocations OBJECT SECTION: place, type, symbol
relocations()
{
	readelf -rW "$1" | awk -v s=".rel$2" '/^Relocation section/ { on = index($0, "\047" s "\047") }
		on && /R_BPF|Unrecognized/ { print $1, $3, $NF }'
}

# back DUMP: assembles it into t.o
back()
{
	run --separate-stderr $BPF_AS "${@:2}" -o t.o "$1"
	[ "$status" = 0 ] || { echo "$stderr"; return 1; }
}

objects()
{
	local v flag
	need_cmd readelf
	for v in 14 19; do
		command -v clang-$v >/dev/null || continue
		for flag in -target\ bpf -target\ bpf\ -mcpu=v3 -target\ bpfeb -O1\ -target\ bpf; do
			# shellcheck disable=SC2086
			clang-$v -O2 -g $flag -c "$SRCDIR/tests/golden/as/foreign/calls.c" -o "c$v${flag//[ =]/_}.o"
		done
	done
	! command -v clang-19 >/dev/null || clang-19 -O2 -target bpf -mcpu=v4 -DSIGNED -c \
		"$SRCDIR/tests/golden/as/foreign/calls.c" -o v4.o
	ls ./*.o 2>/dev/null || skip "needs clang-14 or clang-19"
}

# each COMMAND...: every object's dump comes back with the same bytes
each()
{
	local o
	for o in ./*.o; do
		[ "$o" != ./t.o ] || continue
		"$@" "$o" >dump.txt
		back dump.txt
		diff <(code "$o") <(code t.o)
	done
}

@test "llvm-objdump -d and -dr of clang's objects" {
	objects
	local t found=
	for t in llvm-objdump-14 llvm-objdump-19; do
		command -v $t >/dev/null || continue
		found=1
		each $t -d
		each $t -dr
		each $t -d -S
	done
	[ -n "$found" ] || skip "needs llvm-objdump-14 or llvm-objdump-19"
}

@test "GNU objdump -d and -dr of clang's objects" {
	need_cmd bpf-objdump
	objects
	each bpf-objdump -d
	each bpf-objdump -dr
	each bpf-objdump -drz
}

@test "llvm-objdump -dr --no-show-raw-insn: the same bytes, and a warning" {
	need_cmd llvm-objdump-19 clang-19
	objects
	local o n=0
	for o in ./*.o; do
		[ "$o" != ./t.o ] || continue
		llvm-objdump-19 -dr --no-show-raw-insn "$o" >dump.txt
		endian=-EL
		[[ $o != *bpfeb* ]] || endian=-EB
		run --separate-stderr $BPF_AS $endian -o t.o dump.txt
		if [ "$status" = 0 ]; then
			[[ $stderr == *'[A0274]'* ]]
			diff <(code "$o") <(code t.o)
			n=$((n + 1))
		else
			[[ $stderr == *'[A0273]'* || $stderr == *'[A0272]'* ]]
		fi
	done
	[ $n -ge 4 ]
}

@test "relocations of -dr: place, type and name" {
	need_cmd clang-19 llvm-objdump-19 bpf-objdump
	objects
	for t in llvm-objdump-19 bpf-objdump; do
		$t -dr v4.o >dump.txt
		back dump.txt
		for s in xdp tc .text; do
			diff <(relocations v4.o $s) <(relocations t.o $s)
		done
		[ "$(relocations t.o xdp | wc -l)" -ge 4 ]
	done
}

@test "every encoding, both byte orders, dumped by each tool" {
	need_cmd readelf
	local e t
	for e in L B; do
		$BPF_AS -E$e -o e.o "$SRCDIR/tests/golden/as/encodings.s"
		for t in "llvm-objdump-14 -d" "llvm-objdump-19 -d" "llvm-objdump-19 --mcpu=v4 -d" "bpf-objdump -d"; do
			command -v "${t%% *}" >/dev/null || continue
			$t e.o >dump.txt
			back dump.txt
			diff <(code e.o) <(code t.o)
		done
	done
}

@test "words of any kind: raw bytes decide" {
	need_cmd readelf
	local t
	awk 'BEGIN { srand(5); print "\t.text\nf:"
		for (i = 0; i < 4000; i++)
			printf "\t.insn %d, %d, %d, %d, %d\n", int(rand() * 256), int(rand() * 16), int(rand() * 16),
				int(rand() * 4) ? 0 : int(rand() * 65536), int(rand() * 4) ? int(rand() * 258) : int(rand() * 4e9)
		for (i = 0; i < 3; i++) print "\texit" }' >w.s
	$BPF_AS -o w.o w.s
	for t in llvm-objdump-14 llvm-objdump-19 bpf-objdump; do
		command -v $t >/dev/null || continue
		$t -d w.o >dump.txt
		back dump.txt
		diff <(code w.o) <(code t.o)
	done
}

# dump TOOL same|lost raw|text: the spellings as that tool's dump
dump()
{
	awk -F'\t' -v tool="$1" -v kind="$2" -v raw="$3" '
	BEGIN {
		llvm = tool == "llvm"
		print ""
		print llvm ? "x.o:\tfile format elf64-bpf" : "x.o:     file format elf64-bpfle"
		print "\nDisassembly of section .text:\n\n0000000000000000 <f>:"
	}
	$1 == tool && (kind == "all" || $2 == kind) {
		n = length($3) < 24 ? 8 : 16
		if (raw == "text")
			printf llvm ? "%8d:\t%s\n" : "%4x:\t%s\n", llvm ? at / 8 : at, $4
		else if (llvm)
			printf "%8d:\t%s\t%s\n", at / 8, $3, $4
		else {
			printf "%4x:\t%s \t%s\n", at, substr($3, 1, 23), $4
			if (n == 16)
				printf "%4x:\t%s \n", at + 8, substr($3, 25)
		}
		at += n
	}' "$SPELL"
}

@test "newer versions' dumps: what the text alone tells, and what only the bytes tell" {
	need_cmd readelf
	local t
	for t in llvm gnu pseudoc; do
		dump $t all raw >d.txt
		back d.txt
		sed -n "s/^$t\t[a-z]*\t\([0-9a-f ]*\)\t.*/\1/p" "$SPELL" | sed 's/ /,0x/g; s/^/\t.byte 0x/' >b.s
		$BPF_AS -o b.o b.s
		diff <(code b.o) <(code t.o)
	done
}

@test "text that tells less than its bytes is refused without them" {
	local text
	while IFS=$'\t' read -r tool text; do
		printf 'x.o:%sfile format elf64-bpf%s\n\nDisassembly of section xdp:\n\n%s <f>:\n       0:\t%s\n%8s:\tr0 = 0x0\n%8s:\texit\n%8s:\texit\n%8s:\texit\n' \
			"$([ $tool = llvm ] && printf '\t' || echo '     ')" "$([ $tool = llvm ] || echo le)" 0000000000000000 "$text" \
			1 2 3 4 >d.txt
		[ $tool = llvm ] || sed -i '/r0 =/d; /exit/d' d.txt
		run -1 --separate-stderr $BPF_AS -o t.o d.txt
		[[ $stderr == *'[A0273]'* || $stderr == *'[A0272]'* ]] || { echo "$text: $stderr"; false; }
	done <<-'END'
	llvm	call 0x2
	llvm	r0 = *(u16 *)skb[r2]
	llvm	ld_pseudo r1, 0x2, 0x7
	llvm	lock *(u32 *)(r1 - 0x8) += r2
	llvm	<unknown>
	gnu	xadddw [%r1+-8],%r2
	gnu	*unknown*
	END
}

@test "a dump that does not fit together is refused" {
	printf 'x.o:\tfile format elf64-bpf\n\nDisassembly of section xdp:\n\n0000000000000000 <f>:\n       0:\tb7 00 00 00 01 00 00 00\tr0 = 0x1\n       1:\t95 00 00 00 00 00 00 00\texit\n' >good.txt
	back good.txt
	sed 's/r0 = 0x1/r0 = 0x2/' good.txt >d.txt
	run -1 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *"d.txt:6:35: error: the text is not what the bytes before it are [A0275]"* ]]
	sed '6d' good.txt >d.txt
	run -1 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *'[A0271]'* ]]
	sed 's/ 1:/ 2:/' good.txt >d.txt
	run -1 $BPF_AS -o t.o d.txt
	sed 's/exit/leave it/' good.txt >d.txt
	run -1 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *'[A0272]'* ]]
	(cat good.txt; echo 'SYMBOL TABLE:') >d.txt
	run -1 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *'[A0270]'* ]]
	(cat good.txt; printf '\t...\n') >d.txt
	run -1 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *'-z'* ]]
	for c in A0270 A0271 A0272 A0273 A0274 A0275; do
		run -0 $BPF_AS --explain $c
	done
}

@test "CO-RE relocations in a dump are a warning, names like registers are names" {
	need_cmd readelf
	printf 'x.o:\tfile format elf64-bpf\n\nDisassembly of section xdp:\n\n0000000000000000 <f>:\n       0:\tb7 01 00 00 08 00 00 00\tr1 = 0x8\n\t\t0000000000000000:  CO-RE <byte_off> [5] struct x::y (0:1)\n       1:\t18 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00\tr2 = 0x0 ll\n\t\t0000000000000008:  R_BPF_64_64\tr64\n       3:\t95 00 00 00 00 00 00 00\texit\n' >d.txt
	run -0 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *'[A0278]'* ]]
	assert_equal "$(relocations t.o xdp)" '0000000000000008 R_BPF_INSN_64 r64'
	run -0 $BPF_AS --explain A0278
}

@test "a dump inside a comment is no dump" {
	printf '/*\n   0: (b7) r0 = 1\n*/\n\t.section xdp\nf:\tr0 = 2\n\texit\n' >x.s
	run -0 --separate-stderr $BPF_AS x.s
	printf '# x.o:\tfile format elf64-bpf\n\t.section xdp\nf:\tr0 = 2\n\texit\n' >x.s
	run -0 --separate-stderr $BPF_AS x.s
}
