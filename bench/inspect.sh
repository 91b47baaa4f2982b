#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Looking at objects, beside upstream's bpftool. After each pair of dumps: whether the bytes are the same, our system
# calls, and our greatest resident memory.
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
mkdir "$pins"
ours="$build/bpftool/bpftool"

calls() # COMMAND...
{
	command -v strace >/dev/null || { echo '?'; return; }
	strace -f -qq -c -o "$work/calls" "$@" >/dev/null 2>&1 || :
	awk '$NF == "total" { print $4 }' "$work/calls" | head -n 1
	rm -f "$work/calls"
}

memory() # COMMAND...: KiB
{
	[ -x /usr/bin/time ] || { echo '?'; return; }
	/usr/bin/time -f %M -o "$work/mem" "$@" >/dev/null
	cat "$work/mem"
}

same() # ARGS...
{
	a=$($peer "$@" | md5sum)
	b=$("$ours" "$@" | md5sum)
	[ "$a" = "$b" ] && echo "the same bytes" || echo "OTHER BYTES"
}

pair() # TITLE ARGS...
{
	title=$1
	shift
	compare "$title" bpfutils "$ours $*" bpftool "$peer $*"
	echo "  $(same "$@"); system calls $(calls "$ours" "$@"), memory $(memory "$ours" "$@") KiB"
}

# ---------------------------------------------------------------- maps of a million elements

"$ours" map create "$pins/hash" type hash key 8 value 8 entries 1000000
"$build/tests/tool_zoo" "fill:$pins/hash:1000000" </dev/null >/dev/null
pair "map dump, hash, 1,000,000 elements of 8 and 8 bytes" map dump pinned "$pins/hash"
pair "the same as JSON" -j map dump pinned "$pins/hash"
rm "$pins/hash"

"$ours" map create "$pins/array" type array key 4 value 8 entries 1000000
pair "map dump, array, 1,000,000 elements of 8 bytes" map dump pinned "$pins/array"
rm "$pins/array"
"$ours" map create "$pins/array" type array key 4 value 8 entries 1000000 flags 0x400
pair "map dump, array that can be mapped" map dump pinned "$pins/array"
pair "the same as JSON" -j map dump pinned "$pins/array"
rm "$pins/array"

"$build/tests/tool_zoo" "u64:$pins/typed:1000000" </dev/null >/dev/null
pair "map dump, hash with BTF (u64 to u64), 1,000,000 elements" map dump pinned "$pins/typed"
pair "the same as JSON" -j map dump pinned "$pins/typed"
rm "$pins/typed"
