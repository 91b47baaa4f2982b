#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Loading and pinning objects against upstream's bpftool: a small one, one with CO-RE relocations, one with
# many programs and maps, and one that the verifier refuses. After each pair: calls of bpf(2), by strace.
# A process that does nothing takes a good part of the time of a small object: its figure stands beside.
# shellcheck source=bench/harness.sh
. "$(dirname "$0")/harness.sh"

peer=/usr/sbin/bpftool
[ -x $peer ] || skip "no peer: upstream's bpftool (Debian package bpftool)"
[ "$(id -u)" = 0 ] || skip "needs root"
grep -qs '^[^ ]* /sys/fs/bpf bpf ' /proc/mounts || mount -t bpf bpf /sys/fs/bpf 2>/dev/null ||
	skip "needs a bpf file system on /sys/fs/bpf"
"$build/tests/probe" >/dev/null || skip "needs bpf(2)"

pins=/sys/fs/bpf/bpfutils-bench-$$
trap 'rm -rf "$work" "$pins"' EXIT
ld="$build/bpf-ld/bpf-ld"
as="$build/bpf-as/bpf-as"

calls() # COMMAND...
{
	command -v strace >/dev/null || { echo '?'; return; }
	strace -f -e trace=bpf -o "$work/trace" "$@" >/dev/null 2>&1 || :
	rm -rf "$pins"
	grep -c 'bpf(' "$work/trace" || :
}

pair() # TITLE OBJECT
{
	compare -a "rm -rf $pins" "$1" \
		bpf-ld "$ld --no-attach --pin $pins $2" \
		bpftool "$peer prog loadall $2 $pins pinmaps $pins" nothing true
	echo "  calls of bpf(2): bpf-ld $(calls "$ld" --no-attach --pin "$pins" "$2")," \
		"bpftool $(calls $peer prog loadall "$2" "$pins" pinmaps "$pins")"
}

# A program that takes the verifier a while: what it has on its stack differs from path to path.
heavy() # NAME STEPS [LAST]
{
	echo "        .section socket
$1:
        call bpf_get_prandom_u32
        if r0 == 7 goto ${1}_last
        r6 = 0; r0 = 0"
	awk -v n="$2" 'BEGIN { for (i = 0; i < n; i++) {
		print "call bpf_get_prandom_u32; if r0 & " 2 ^ (i % 30) " goto +2; r6 ^= " i "; goto +2"
		print "r0 &= 15; r6 += r0"
		print "*(u64 *)(r10 - " 8 * (i % 16 + 1) ") = r6" } }'
	echo "        r6 &= 15; r6 <<= 3; r7 = r10; r7 += r6; r0 = *(u64 *)(r7 - 128); r0 &= 1
        exit
${1}_last:
        ${3:-r0 = 0}
        exit"
}

runs=${RUNS:-31}
cat >"$work/small.s" <<'END'
        .license "GPL"
        .map    counts, array, key=u32, value=u64, max_entries=4
        .section socket
count:
        *(u32 *)(r10 - 4) = 0
        r2 = r10
        r2 += -4
        r1 = counts ll
        call bpf_map_lookup_elem
        if r0 == 0 goto 1f
        r1 = 1
        lock *(u64 *)(r0 + 0) += r1
1:      r0 = 0
        exit
END
"$as" -o "$work/small.o" "$work/small.s"
pair "loading a small object" "$work/small.o"

if command -v clang >/dev/null && [ -e /sys/kernel/btf/vmlinux ]; then
	clang -g -O2 -target bpf -c "$src/tests/progs/core_task.c" -o "$work/core.o"
	pair "loading a CO-RE object" "$work/core.o"
else
	echo "SKIP: a CO-RE object: needs clang and a kernel with BTF"
fi

{
	echo '        .license "GPL"'
	for i in $(seq 16); do echo "        .map m$i, hash, key=u32, value=u64, max_entries=16"; done
	for i in $(seq 24); do heavy "p$i" 80; done
} >"$work/many.s"
"$as" -o "$work/many.o" "$work/many.s"
runs=${RUNS:-9}
pair "loading 24 programs and 16 maps, in $(nproc) threads" "$work/many.o"

{ echo '        .license "GPL"'; heavy p 300 'r0 = *(u64 *)(r0 + 0)'; } >"$work/bad.s"
{ echo '        .license "GPL"'; heavy p 300; } >"$work/good.s"
"$as" -o "$work/bad.o" "$work/bad.s"
"$as" -o "$work/good.o" "$work/good.s"
quiet() # NAME COMMAND...: compare wants status 0
{
	printf '#!/bin/sh\n%s 2>/dev/null; rm -rf %s; exit 0\n' "$2" "$pins" >"$work/$1"
	chmod +x "$work/$1"
}
quiet bad-ld "$ld --no-attach --pin $pins $work/bad.o"
quiet good-ld "$ld --no-attach --pin $pins $work/good.o"
quiet bad-bpftool "$peer prog loadall $work/bad.o $pins"
compare "refusing an object; the same without the fault" \
	bpf-ld "$work/bad-ld" bpftool "$work/bad-bpftool" without "$work/good-ld"
