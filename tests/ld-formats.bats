#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Forms of objects: each source in tests/progs is compiled, planned and loaded. What is made of it stands in
# tests/golden/ld/progs.txt; after a change that is meant:
#
#     BPFUTILS_TEST_UPDATE=1 make check TESTS=tests/ld-formats.bats

bats_require_minimum_version 1.5.0

setup_file()
{
	load helper
	command -v clang-19 >/dev/null || return 0
	export OBJ=$BATS_FILE_TMPDIR
	(cd "$SRCDIR/tests/progs" && printf '%s\n' *.c | xargs -P 2 -I{} sh -c '
		clang-19 --target=bpf -O2 -g $(sed -n "s,^/[*] flags: \(.*\) [*]/,\1,p" {}) \
			-c {} -o "$OBJ/$(basename {} .c).o" 2>"$OBJ/{}.err"')
}

setup()
{
	load helper
	PROGS=$SRCDIR/tests/progs
}

teardown()
{
	[ -z "${DIRS:-}" ] || rm -rf $DIRS
	drop_pins
}

# What differs between machines and compilers' builds, or is told elsewhere.
tidy()
{
	sed -E -e '/^load BTF/d' -e 's/max_entries [0-9]+ \(one entry/max_entries N (one entry/' \
		-e '/^bpf-ld: note:/d'
}

# Programs of types that this kernel, or this version, need not take.
depends()
{
	case $1 in
	core_* | fentry | iter | kfuncs | struct_ops* | switches) return 0 ;;
	esac
	return 1
}

@test "the plan of each program is the one of the table" {
	need_cmd clang-19
	local p
	for p in "$PROGS"/*.c; do
		p=$(basename $p .c)
		! depends $p || continue
		echo "== $p"
		$BPF_LD -n --no-attach $OBJ/$p.o 2>&1 | tidy
	done >table
	[ -z "${BPFUTILS_TEST_UPDATE:-}" ] || cp table "$SRCDIR/tests/golden/ld/progs.txt"
	run -0 diff -u "$SRCDIR/tests/golden/ld/progs.txt" table
}

@test "each program loads" {
	need_cmd clang-19
	need_bpf
	local p bad=
	for p in "$PROGS"/*.c; do
		p=$(basename $p .c)
		! depends $p || continue
		$BPF_LD --no-attach $OBJ/$p.o >out 2>&1 || { bad="$bad $p"; sed "s/^/# $p: /" out >&3; }
	done
	assert_equal "$bad" ''
}

# ---------------------------------------------------------------- maps of "maps"

# run_prog PIN BYTES: calls a program of packets once
run_prog()
{
	head -c $2 /dev/zero >packet
	$UPSTREAM prog run pinned $1 data_in packet repeat 1 >/dev/null
}

value() # PIN KEY: the least byte there
{
	$BPFTOOL -j map lookup pinned $1 key $2 0 0 0 | sed -E 's/.*"value":\["0x(..).*/\1/'
}

@test "tc's maps: sections ID/KEY are tail calls, an inner map stands where it says" {
	need_cmd clang-19
	need_bpf
	need_pins
	need_upstream_bpftool
	run -0 $BPF_LD --no-attach --pin $PINS/p $OBJ/legacy_tc.o
	run_prog $PINS/p/cls_main 64
	assert_equal "$(value $PINS/p/hits 0) $(value $PINS/p/hits 1) $(value $PINS/p/hits 2)" "01 01 01"
	assert_equal "$(value $PINS/p/inner 0)" 40
}

@test "the samples' sections TYPE/N are tail calls" {
	need_cmd clang-19
	need_bpf
	need_pins
	run -0 $BPF_LD --no-attach --pin $PINS/p $OBJ/legacy_tails.o
	run -0 $BPFTOOL -j map dump pinned $PINS/p/progs
	assert_output --regexp '"key":"?3\b|"key":\["0x03'
	assert_output --regexp '"key":"?40\b|"key":\["0x28'
}

@test "tc's pinning: for all in tc/globals, for this object by its SHA-1; a second object shares them" {
	need_cmd clang-19 sha1sum
	need_bpf
	need_pins
	local id sum
	[ "${BPFUTILS_TEST_BACKEND:-}" = vm ] || [ -e /sys/fs/bpf/tc ] || DIRS=/sys/fs/bpf/tc
	cat >pin.c <<-END
		#include "bpf.h"
		struct bpf_elf_map { u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx; };
		struct bpf_elf_map SEC("maps") all_$$ = { HASH, 4, 8, 4, 0, 0, 2 };
		struct bpf_elf_map SEC("maps") own_$$ = { HASH, 4, 8, 4, 0, 0, 1 };
		SEC("classifier") int f(void *ctx) { u32 k = 0; return !bpf_map_lookup_elem(&all_$$, &k) + !bpf_map_lookup_elem(&own_$$, &k); }
		LICENSE("GPL");
	END
	clang-19 --target=bpf -O2 -g -I$PROGS -c pin.c -o pin.o
	sum=$(sha1sum <pin.o | cut -d' ' -f1)
	run -0 $BPF_LD --no-attach pin.o
	DIRS="${DIRS:-} /sys/fs/bpf/tc/globals/all_$$ /sys/fs/bpf/tc/$sum"
	assert_output --partial "pinned at /sys/fs/bpf/tc/globals/all_$$"
	assert_output --partial "pinned at /sys/fs/bpf/tc/$sum/own_$$"
	$BPFTOOL map update pinned /sys/fs/bpf/tc/globals/all_$$ key 1 0 0 0 value 7 0 0 0 0 0 0 0
	run -0 $BPF_LD --no-attach pin.o
	run -0 $BPFTOOL map dump pinned /sys/fs/bpf/tc/globals/all_$$
	assert_output --partial 7
}

@test "cilium's pinning 16: the new map is pinned in place of the old one; a failure puts that back" {
	need_cmd clang-19
	need_bpf
	need_pins
	local pin=/sys/fs/bpf/swap_$$
	DIRS=$pin
	cat >swap.c <<-END
		#include "bpf.h"
		struct { UINT(type, HASH); TYPE(key, u32); TYPE(value, u64); UINT(max_entries, 4); UINT(pinning, 16); }
			swap_$$ SEC(".maps");
		SEC("tc") int f(void *ctx) { return (long)&swap_$$; }
		LICENSE("GPL");
	END
	clang-19 --target=bpf -O2 -g -I$PROGS -c swap.c -o swap.o
	run -0 $BPF_LD --no-attach swap.o
	$BPFTOOL map update pinned $pin key 1 0 0 0 value 7 0 0 0 0 0 0 0
	# The pin of a program fails where something is already, after the map's.
	mkdir -p $PINS/p/f
	run -1 $BPF_LD --no-attach --pin $PINS/p swap.o
	run -0 $BPFTOOL map dump pinned $pin
	assert_output --partial '"value": 7'
	run -0 $BPF_LD --no-attach swap.o
	run -0 $BPFTOOL map dump pinned $pin
	refute_output --partial '"value": 7'
}

@test "extra bytes of a declaration are told and left out; two names of one map" {
	need_cmd clang-19
	cat >extra.c <<-'END'
		#include "bpf.h"
		struct def { u32 type, key, value, max, flags, a, b, c, d, e, f; };
		struct def SEC("maps") m = { HASH, 4, 8, 16, 0, 0, 0, 0, 0, 1, 2 };
		extern __typeof__(m) also __attribute__((alias("m")));
		SEC("xdp") int f(void *ctx) { return (long)&also; }
	END
	clang-19 --target=bpf -O2 -I$PROGS -c extra.c -o extra.o
	run -0 $BPF_LD -n --no-attach extra.o
	assert_output --partial 'is declared by 44 bytes, of which those from 36 on are not known and left out'
	assert_output --partial 'hash, key 4B, value 8B, max_entries 16'
	assert_equal "$(grep -c 'create map' <<<"$output")" 1
}

# ---------------------------------------------------------------- functions

@test "undefined memset, memcpy, memmove, memcmp are supplied: right results, by words where the verifier takes them" {
	need_cmd clang-19 clang-14
	need_bpf
	need_pins
	need_upstream_bpftool
	local v
	for v in 14 19; do
		clang-$v --target=bpf -O2 -g -fno-builtin -c $PROGS/libcalls.c -o l.o
		run -0 --separate-stderr $BPF_LD --no-attach --pin $PINS/$v l.o
		assert_equal "$stderr" ''
		run_prog $PINS/$v/libcalls 64
		run -0 $BPFTOOL -j map dump pinned $PINS/$v/recs
		assert_output --partial "\"a\":[$(printf '90,%.0s' {1..60})90],\"b\":1515870810"
		assert_output --partial '"a":[48,49,50,51,52,53,54,55,56,57,97,98,99,100,101,102,103,104,105,106,107,108,109,110,111,112,113,114,115,116,117,118,119,120,121,122,0,'
		assert_output --partial '"c":[506381209866536711,506381209866536711,460551,0]'
		run -0 $BPFTOOL -j map dump pinned $PINS/$v/data
		assert_output --partial '"back":[97,98,97,98,99,100,101,102,103,104,105,106,107,108,109,110,111,0,'
		assert_output --partial '"forth":[99,100,101,102,103,104,105,106,107,108,109,110,111,110,111,112,0,'
		run -0 $BPFTOOL -j map dump pinned $PINS/$v/bss
		assert_output --partial '"results":[0,47,1,1]'
		run -0 $UPSTREAM prog dump xlated pinned $PINS/$v/libcalls
		assert_output --partial 'memset(void * arg'
		refute_output --partial 'r3 += -8' # its array on the stack is odd
	done
	cat >words.c <<-'END'
		#include "bpf.h"
		extern void *memcpy(void *to, const void *from, unsigned long n);
		u64 a[8], b[8] = { 1, 2, 3 };
		SEC("xdp") int f(void *ctx) { memcpy(a, b, sizeof(a)); return 2; }
	END
	clang-19 --target=bpf -O2 -fno-builtin -I$PROGS -c words.c -o words.o
	run -0 $BPF_LD --no-attach --pin $PINS/w words.o
	run -0 $UPSTREAM prog dump xlated pinned $PINS/w/f
	assert_output --partial 'r3 += -8'
}

@test "an undefined function of another name is refused" {
	need_cmd clang-19
	printf '#include "bpf.h"\nextern int strlen(const char *s);\nSEC("xdp") int f(void *ctx) { return strlen("abc"); }' >u.c
	clang-19 --target=bpf -O2 -fno-builtin -I$PROGS -c u.c -o u.o
	run -1 $BPF_LD -n --no-attach u.o
	assert_output --partial 'calls strlen'
}

@test "an object with damaged types loads without them, and says so" {
	need_cmd clang-19
	need_bpf
	need_cmd llvm-objcopy-19
	local s
	for s in .BTF .BTF.ext; do
		clang-19 --target=bpf -O2 -g -c $PROGS/legacy_tails.c -o d.o
		llvm-objcopy-19 --dump-section $s=part d.o
		printf 'junk' | dd of=part conv=notrunc status=none
		llvm-objcopy-19 --update-section $s=part d.o
		run -0 $BPF_LD --no-attach d.o
		assert_output --partial "section '$s' is damaged"
		assert_output --partial 'program entry: id'
		refute_output --partial error
	done
}

@test "big-endian objects are refused with a clear word" {
	need_cmd clang-19
	clang-19 --target=bpfeb -O2 -g -c $PROGS/xdp_count.c -o be.o
	run -1 $BPF_LD -n --no-attach be.o
	assert_output --partial 'be.o is big endian, and this machine is not'
}
