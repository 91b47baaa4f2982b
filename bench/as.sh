#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Assembling: as.sh [INSTRUCTIONS], a million by default, against llvm-mc and gas: CPU time and peak
# memory, with BTF and line info (what users get) and without (what the peers do). Then a file of 26
# lines, disassembling, and ten times as much. Lines repeat, as a compiler's do; a program in which few
# do shows what is owed to that. The sources are one program (see gen.c); gas reads its
# own dialect. Warnings are off: the program is text to assemble, not one that a verifier takes.
# shellcheck source=bench/harness.sh
. "$(dirname "$0")/harness.sh"

n=${1:-1000000}
as=$build/bpf-as/bpf-as
"$build/bench/gen" "$n" c >"$work/as.s"
"$build/bench/gen" "$n" gnu >"$work/gas.s"
"$build/bench/gen" 10 c >"$work/small.s"
"$build/bench/gen" 10 gnu >"$work/gsmall.s"

mc='' dump='' gas=''
for c in llvm-mc-19 llvm-mc; do
	[ -n "$mc" ] || ! command -v $c >/dev/null || mc="$c -triple=bpfel -mcpu=v3 -filetype=obj"
done
for c in llvm-objdump-19 llvm-objdump; do
	[ -n "$dump" ] || ! command -v $c >/dev/null || dump="$c -d"
done
if [ -x /usr/bin/bpf-as ] && /usr/bin/bpf-as --version 2>/dev/null | grep -q GNU; then
	gas="/usr/bin/bpf-as -EL"
fi
[ -n "$mc$gas" ] || skip "no peer: neither llvm-mc-19 (Debian package llvm-19) nor GNU bpf-as (binutils-bpf)"

# against TITLE OURS SOURCE GAS-SOURCE: compares with each peer that is there
against()
{
	title=$1 ours=$2 c=$3 g=$4
	set --
	[ -z "$mc" ] || set -- "${mc%% *}" "$mc -o $work/mc.o $c"
	[ -z "$gas" ] || set -- "$@" gas "$gas -o $work/gas.o $g"
	compare "$title" bpf-as "$ours" "$@"
}

against "assembling $n instructions" "$as -w -o $work/as.o $work/as.s" "$work/as.s" "$work/gas.s"
cp "$work/as.o" "$work/as0.o"
if "$as" -g0 --version >/dev/null 2>&1; then
	against "assembling $n instructions, without line info" "$as -w -g0 -o $work/as0.o $work/as.s" \
		"$work/as.s" "$work/gas.s"
fi
"$build/bench/gen" "$n" c distinct >"$work/distinct.s"
"$build/bench/gen" "$n" gnu distinct >"$work/gdistinct.s"
against "assembling $n instructions, of which few are the same" "$as -w -o $work/d.o $work/distinct.s" \
	"$work/distinct.s" "$work/gdistinct.s"
against "assembling $n instructions, of which few are the same, without line info" \
	"$as -w -g0 -o $work/d.o $work/distinct.s" "$work/distinct.s" "$work/gdistinct.s"
against "a file of $(wc -l <"$work/small.s") lines (see wall)" "$as -w -o $work/s.o $work/small.s" \
	"$work/small.s" "$work/gsmall.s"
if [ -n "$dump" ]; then
	compare "disassembling $n instructions" bpf-as "$as -d $work/as0.o" "${dump%% *}" "$dump $work/as0.o"
	compare "disassembling $n instructions with line info, which llvm-objdump does not print" \
		bpf-as "$as -d $work/as.o" "${dump%% *}" "$dump $work/as.o"
fi
"$build/bench/gen" $((n * 10)) c >"$work/ten.s"
runs=2
compare "ten times as many: the ratio says how many times as long" bpf-as "$as -w -o $work/as.o $work/as.s" \
	tenfold "$as -w -o $work/as.o $work/ten.s"
