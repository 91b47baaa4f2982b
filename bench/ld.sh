#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Loading and pinning a small object, a map and a program, against upstream's bpftool.
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
"$build/bpf-as/bpf-as" -o "$work/small.o" "$work/small.s"
runs=${RUNS:-31}
compare -a "rm -r $pins" "loading a small object" \
	bpf-ld "$build/bpf-ld/bpf-ld --no-attach --pin $pins $work/small.o" \
	bpftool "$peer prog loadall $work/small.o $pins pinmaps $pins"
