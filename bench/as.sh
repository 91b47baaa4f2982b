#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Assembling: as.sh [INSTRUCTIONS], a million by default, against llvm-mc and gas. The three
# sources are one program (see gen.c); gas reads its own dialect.
# shellcheck source=bench/harness.sh
. "$(dirname "$0")/harness.sh"

n=${1:-1000000}
"$build/bench/gen" "$n" c >"$work/as.s"
"$build/bench/gen" "$n" gnu >"$work/gas.s"

set --
for mc in llvm-mc-19 llvm-mc; do
	if command -v $mc >/dev/null; then
		set -- $mc "$mc -triple=bpfel -mcpu=v3 -filetype=obj -o $work/mc.o $work/as.s"
		break
	fi
done
gas=/usr/bin/bpf-as
if [ -x $gas ] && $gas --version 2>/dev/null | grep -q GNU; then
	set -- "$@" gas "$gas -EL -o $work/gas.o $work/gas.s"
fi
[ $# != 0 ] || skip "no peer: neither llvm-mc-19 (Debian package llvm-19) nor GNU bpf-as (binutils-bpf)"
compare "assembling $n instructions" bpf-as "$build/bpf-as/bpf-as -o $work/as.o $work/as.s" "$@"
