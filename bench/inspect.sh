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

# goal TEXT: what the figures above are to be
goal()
{
	echo "  goal: $1"
}

# ---------------------------------------------------------------- maps of a million elements

"$ours" map create "$pins/hash" type hash key 8 value 8 entries 1000000
"$build/tests/tool_zoo" "fill:$pins/hash:1000000" </dev/null >/dev/null
pair "map dump, hash, 1,000,000 elements of 8 and 8 bytes" map dump pinned "$pins/hash"
goal "8 times, at most 1,000 system calls and 8,192 KiB; two processors, both free"
pair "the same as JSON" -j map dump pinned "$pins/hash"
goal "the same"
rm "$pins/hash"

"$ours" map create "$pins/array" type array key 4 value 8 entries 1000000
pair "map dump, array, 1,000,000 elements of 8 bytes" map dump pinned "$pins/array"
rm "$pins/array"
"$ours" map create "$pins/array" type array key 4 value 8 entries 1000000 flags 0x400
pair "map dump, array that can be mapped" map dump pinned "$pins/array"
goal "50 times"
pair "the same as JSON" -j map dump pinned "$pins/array"
goal "50 times"
rm "$pins/array"

"$build/tests/tool_zoo" "u64:$pins/typed:1000000" </dev/null >/dev/null
pair "map dump, hash with BTF (u64 to u64), 1,000,000 elements" map dump pinned "$pins/typed"
pair "the same as JSON" -j map dump pinned "$pins/typed"
rm "$pins/typed"

# ---------------------------------------------------------------- starting, listing

runs=${RUNS:-15}
compare "version" bpfutils "$ours version" bpftool "$peer version"
goal "0.003 s"

# 500 programs that a process holds; upstream's 7.1 does not tell who does
mkfifo "$work/hold"
zoo=
for i in $(seq 500); do zoo="$zoo prog:bench$i"; done
# shellcheck disable=SC2086
"$build/tests/tool_zoo" $zoo <"$work/hold" >"$work/zoo" &
exec 9>"$work/hold"
until grep -qs ready "$work/zoo"; do sleep 0.1; done
compare "prog list, 500 programs (ours with the processes that hold them)" \
	bpfutils "$ours prog list" bpftool "$peer prog list"
goal "0.020 s (a fifth of what upstream 7.8 takes), and no slower than Debian's, which does not tell who holds them"
compare "the same as JSON" bpfutils "$ours -j prog list" bpftool "$peer -j prog list"
exec 9>&-
wait

# ---------------------------------------------------------------- instructions, types, features, devices

{
	echo '.license "GPL"'
	echo '.section socket'
	echo 'long: r0 = 0'
	for i in $(seq 100000); do echo "r0 += $i"; done
	echo exit
} >"$work/long.s"
if "$build/bpf-as/bpf-as" -g0 -o "$work/long.o" "$work/long.s" &&
	"$ours" prog load "$work/long.o" "$pins/long" 2>/dev/null; then
	pair "prog dump xlated, 100,003 instructions" prog dump xlated pinned "$pins/long"
	pair "the same with opcodes" prog dump xlated pinned "$pins/long" opcodes
	rm "$pins/long"
else
	echo "SKIP: xlated: a program of 100,000 instructions is not loaded here"
fi

runs=${RUNS:-5}
if [ -e /sys/kernel/btf/vmlinux ]; then
	pair "btf dump of the kernel's types" btf dump file /sys/kernel/btf/vmlinux
	compare "the same as C" bpfutils "$ours btf dump file /sys/kernel/btf/vmlinux format c" \
		bpftool "$peer btf dump file /sys/kernel/btf/vmlinux format c"
fi
if "$ours" help | grep -q 'feature probe'; then
	compare "feature probe" bpfutils "$ours feature probe" bpftool "$peer feature probe"
	goal "no slower"
fi
compare "net show" bpfutils "$ours net show" bpftool "$peer net show"
