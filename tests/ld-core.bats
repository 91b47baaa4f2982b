#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: CO-RE relocations applied in user space: against the running kernel, against files of types
# (--btf), the same as libbpf and the kernel do it, and what is said when something is missing.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	PROGS=$SRCDIR/tests/progs
	OURS=$_emu$BUILDDIR/tests/core_ours
}

teardown()
{
	drop_pins
}

# compiled NAME [FLAGS...]: NAME.o of tests/progs
compiled()
{
	local n=$1
	shift
	need_cmd clang-19
	clang-19 --target=bpf -mcpu=v3 -g -O2 "$@" -c "$PROGS/$n.c" -o "$n.o"
}

need_peer()
{
	need_native
	need_root
	need_bpf
	need_cmd cc
	need_file /usr/include/bpf/libbpf.h
	cc -o core_peer "$SRCDIR/tests/core_peer.c" -lbpf || skip "needs libbpf to link with"
}

# bss NAME FIELD: of the pinned data map of NAME
field()
{
	$BPFTOOL -j map dump pinned "$PINS/x/${2:-bss}" | jq -c ".. | .$1? // empty" | head -1
}

@test "what a program reads by CO-RE is what the kernel's helpers say" {
	need_root
	need_bpf
	need_pins
	need_file /sys/kernel/btf/vmlinux
	compiled core_self
	run -0 $BPF_LD --pin "$PINS/x" core_self.o -- ls
	assert [ "$(field same)" -gt 10 ]
	assert_equal "$(field differ)" 0
	assert [ "$(field leader)" -gt 10 ]
	assert_equal "$(field ring)" 27
	assert_equal "$(field unknown)" 0
	assert [ "$(field size)" -gt 1000 ]
}

# numbers: the immediates of the pinned program of tests/golden/as/core.s, register r0 or r2
numbers()
{
	local v
	$BPFTOOL prog dump xlated pinned "$PINS/v/p" >dump || return 1
	sed -nE 's/.*r[02] = (0x[0-9a-f]+|-?[0-9]+)( ll)?$/\1/p' dump | while read -r v; do
		printf '%d ' $((v))
	done
}

# adjusted KERNEL [OPTION]: core.s loaded against that kernel's types
adjusted()
{
	rm -rf "$PINS/v"
	$BPF_LD ${2:-} --no-attach --pin "$PINS/v" --btf "$SRCDIR/tests/golden/as/core-$1.btf" core.o >/dev/null &&
		numbers
}

# The same numbers as in as-core.bats, where libbpf gives them.
@test "--btf FILE: the types of 6.1, 6.12 and 6.18 give one object three forms" {
	need_root
	need_bpf
	need_pins
	run -0 $BPF_AS -o core.o "$SRCDIR/tests/golden/as/core.s"
	run -0 adjusted 6.1
	assert_output --partial '2416 2979 1 0 16 1 2344 4 60 63 1 9728 0 7 1 2 0 0 10 0 '
	run -0 adjusted 6.12
	assert_output --partial '2432 2979 1 0 16 1 2360 4 59 63 1 9792 0 7 1 2 0 0 10 0 '
	run -0 adjusted 6.18
	assert_output --partial '1264 1755 1 0 16 1 1192 4 55 63 1 3264 0 7 1 2 0 0 10 0 '
}

# same_as_peer OBJECT [BTF]: each instruction with a CO-RE relocation is what libbpf makes of it
same_as_peer()
{
	$OURS "$@" >ours || return 1
	./core_peer "$@" | awk '/:$/ { p = substr($1, 1, length($1) - 1); i = 0; next }
		{ print p " " i++ ": " $0 }' >all
	awk 'FNR == NR { want[$1 " " $2]; next } ($1 " " $2) in want' ours all >theirs
	[ -s ours ] && diff ours theirs
}

@test "every instruction is what libbpf makes of it" {
	need_peer
	need_file /sys/kernel/btf/vmlinux
	local p
	for p in core_self core_bitfield; do
		compiled $p
		run -0 same_as_peer $p.o
	done
	clang-19 --target=bpf -mcpu=v3 -g -O2 -c "$SRCDIR/tests/golden/as/core.c" -o core.o
	run -0 same_as_peer core.o
	assert [ "$(wc -l <ours)" -ge 18 ]
	for p in 6.1 6.12 6.18; do
		run -0 same_as_peer core.o "$SRCDIR/tests/golden/as/core-$p.btf"
	done
}

@test "the kernel comes to the same result" {
	need_native
	need_root
	need_bpf
	need_file /sys/kernel/btf/vmlinux
	need_cmd clang-19
	clang-19 --target=bpf -mcpu=v3 -g -O2 -c "$SRCDIR/tests/golden/as/core.c" -o core.o
	run -0 --separate-stderr $OURS core.o
	assert [ ${#lines[@]} -ge 18 ]
	ours=$output
	run -0 --separate-stderr $OURS -k core.o
	assert_equal "$output" "$ours"
}

# The object's struct has the members in another order and width than FILE's.
@test "--btf FILE: members that have moved, an ELF file with types, wider loads" {
	need_root
	need_bpf
	need_pins
	need_cmd clang-19
	need_upstream_bpftool
	cat >prog.c <<'C'
#include "bpf.h"
struct box { u32 a, b; struct { u16 c; } in; u32 arr[4]; u64 old; } CORE;
u64 sum;
SEC("socket") int p(struct __sk_buff *skb)
{
	struct box *x = (void *)(long)skb->len;
	sum = __builtin_preserve_field_info(x->a, 0) + 1000 * __builtin_preserve_field_info(x->in.c, 0)
		+ 1000000 * __builtin_preserve_field_info(x->arr[3], 0);
	if (__builtin_preserve_field_info(x->old, 2))
		sum = __builtin_preserve_field_info(x->old, 0);
	return 0;
}
LICENSE("GPL");
C
	cat >types.c <<'C'
struct box { unsigned long pad[2]; union { struct { unsigned short z, c; } in; }; unsigned a; unsigned arr[9]; } one;
C
	clang-19 --target=bpf -O2 -g -I"$PROGS" -c prog.c -o prog.o
	clang-19 --target=bpf -O2 -g -c types.c -o types.o
	head -c 64 /dev/zero >packet
	run -0 $BPF_LD --no-attach --pin "$PINS/x" --btf types.o prog.o
	run -0 $UPSTREAM prog run pinned "$PINS/x/p" data_in packet
	assert_equal "$(field sum)" 36018020
	for i in $(seq 40); do echo "char pad$i[100];"; done >>types.c
	clang-19 --target=bpfeb -O2 -g -c types.c -o types.o
	rm -r "$PINS/x"
	run -0 $BPF_LD --no-attach --pin "$PINS/x" --btf types.o prog.o
	run -0 $UPSTREAM prog run pinned "$PINS/x/p" data_in packet
	assert_equal "$(field sum)" 36018020
}

@test "a member that the kernel has not: its name, the line, what it may be" {
	need_root
	need_bpf
	need_file /sys/kernel/btf/vmlinux
	compiled core_missing
	run -1 $BPF_LD --color=never --no-attach core_missing.o
	assert_output --partial 'core_missing.c:15:'
	assert_output --partial 'program on_enter uses struct task_struct.tgidd, which the kernel'"'"'s types have not: struct task_struct has no member "tgidd" [L0134]'
	assert_output --partial 'did you mean "tgid"?'
	assert_output --partial 'bpf_core_field_exists()'
}

@test "types that differ are told both" {
	need_cmd clang-19
	cat >prog.c <<'C'
#include "bpf.h"
struct box { u32 a, b; } CORE;
u64 sum;
SEC("socket") int p(struct __sk_buff *skb)
{
	struct box *x = (void *)(long)skb->len;
	sum = __builtin_preserve_field_info(x->b, 0);
	return 0;
}
LICENSE("GPL");
C
	cat >types.c <<'C'
struct box { unsigned b; } one;
struct box___2 { unsigned a, b; } two;
C
	clang-19 --target=bpf -O2 -g -I"$PROGS" -c prog.c -o prog.o
	clang-19 --target=bpf -O2 -g -c types.c -o types.o
	run -1 $BPF_LD --color=never -n --vm --no-attach --btf types.o prog.o
	assert_output --partial 'several types fit and differ'
	assert_output --partial 'struct box of types.o gives 0'
	assert_output --partial 'struct box___2 of types.o gives 4 [L0132]'
	assert_output --partial 'prog.c:7:'
}

@test "--btf FILE that is none" {
	run -0 $BPF_AS -o core.o "$SRCDIR/tests/golden/as/core.s"
	run -1 $BPF_LD --vm -n --no-attach --btf nothing.btf core.o
	assert_output --partial '--btf: nothing.btf cannot be read: No such file or directory [L0130]'
	head -c 500 "$SRCDIR/tests/golden/as/core-6.1.btf" >cut.btf
	run -1 $BPF_LD --vm -n --no-attach --btf cut.btf core.o
	assert_output --partial 'damaged BTF'
	echo hello, this is text >text
	run -1 $BPF_LD --vm -n --no-attach --btf text core.o
	assert_output --partial 'not BTF'
}

@test "the index of the kernel's types is kept, and one that is damaged or others' is made anew" {
	need_native
	need_root
	need_bpf
	need_file /sys/kernel/btf/vmlinux
	need_file /sys/kernel/notes
	local f first
	run -0 $BPF_AS -o core.o "$SRCDIR/tests/golden/as/core.s"
	export BPFUTILS_CACHE=$T/cache
	run -0 $BPF_LD --no-attach core.o
	f=$(echo cache/*)
	assert_equal "$(stat -c %a cache "$f" | xargs)" "700 600"
	[[ $f == cache/*([0-9a-f]) ]]
	cp "$f" good
	first=$(stat -c %i "$f")
	run -0 $BPF_LD --no-attach core.o
	assert_equal "$(stat -c %i "$f")" "$first"
	# Damaged, cut short, of others, no file: each time the program loads, and the file is good afterwards.
	printf 'x' | dd of="$f" bs=1 seek=1200000 conv=notrunc status=none
	run -0 $BPF_LD --no-attach core.o
	run -0 cmp "$f" good
	truncate -s 1000 "$f"
	run -0 $BPF_LD --no-attach core.o
	run -0 cmp "$f" good
	chmod 666 "$f"
	run -0 $BPF_LD --no-attach core.o
	assert_equal "$(stat -c %a "$f")" 600
	rm "$f"
	ln -s good "$f"
	run -0 $BPF_LD --no-attach core.o
	assert [ ! -L "$f" ]
	# A directory that others may write is left alone.
	rm -r cache
	mkdir -m 777 cache
	run -0 $BPF_LD --no-attach core.o
	assert_equal "$(ls -A cache)" ''
	BPFUTILS_CACHE='' run -0 $BPF_LD --no-attach core.o
}

@test "where the kernel's types are hidden, the kernel applies them itself" {
	need_native
	need_root
	need_bpf
	need_cmd unshare
	need_file /sys/kernel/btf/vmlinux
	compiled core_self
	run -0 unshare -m sh -c "mount -t tmpfs none /sys/kernel/btf && $BPF_LD --no-attach core_self.o"
	assert_output --partial 'it has to apply the CO-RE relocations of core_self.o itself [L0130]'
	assert_output --partial 'program on_enter: id '
}

@test "the VM takes the types of this machine, and says so" {
	need_world
	need_file /sys/kernel/btf/vmlinux
	run -0 $BPF_AS -o core.o "$SRCDIR/tests/golden/as/core.s"
	run -0 $BPF_LD --vm --no-attach core.o
	assert_output --partial "the types of this machine's kernel are used"
	run -0 $BPF_LD --vm --no-attach --btf "$SRCDIR/tests/golden/as/core-6.1.btf" core.o
	refute_output --partial "this machine's kernel"
	drop_world
}

@test "types whose comparison never ends cost seconds, not minutes, however many programs ask" {
	local o="$SRCDIR/tests/fuzz/slow/endless-types.o"
	# 50 programs; each used to take 2 s of a processor. Sanitizers make it five times as slow.
	run -1 bash -c "ulimit -t 40; exec $BPF_LD --vm -n --no-attach --btf '$o' '$o'"
	assert_output --partial 'the types are too many to be compared'
}
