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
	core_* | fentry | iter | kfuncs | ksyms | struct_ops* | switches | throws) return 0 ;;
	esac
	return 1
}

@test "the plan of each program is the one of the table" {
	need_cmd clang-19
	local p t="$SRCDIR/tests/golden/ld/progs.txt"
	for p in "$PROGS"/*.c; do
		p=$(basename $p .c)
		! depends $p || continue
		# One that is newer than the table is not in it until that is made anew.
		[ -n "${BPFUTILS_TEST_UPDATE:-}" ] || grep -qx "== $p" "$t" || continue
		echo "== $p"
		$BPF_LD -n --no-attach $OBJ/$p.o 2>&1 | tidy
	done >table
	[ -z "${BPFUTILS_TEST_UPDATE:-}" ] || cp table "$t"
	[ "$(grep -c ^== table)" -ge 50 ]
	run -0 diff -u "$t" table
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

# made DIR...: what is pinned there, without what differs from load to load
made()
{
	local f
	for f in $(find "$@" -type f); do
		$UPSTREAM -j map show pinned $f 2>/dev/null | grep max_entries ||
			$UPSTREAM -j prog show pinned $f
	done | sed -E -e '/bytes_xlated/s/.*"type":"([^"]*)","name":"([^"]*)".*"bytes_xlated":([0-9]+).*/prog \1 \2 \3/' \
		-e 's/.*("type":[^,]*,"name":"[^"]*","flags":[0-9]*,"bytes_key":[0-9]*,"bytes_value":[0-9]*,"max_entries":[0-9]*).*/\1/' | sort
}

# ---------------------------------------------------------------- functions

@test "a program that throws ends in the function that its tag names" {
	need_cmd clang-19
	need_bpf
	need_pins
	need_upstream_bpftool
	[ "$BACKEND" != vm ] || skip "the VM has no bpf_throw()"
	grep -qw bpf_throw /proc/kallsyms || skip "this kernel has no bpf_throw()"
	run -0 --separate-stderr $BPF_LD --no-attach --pin $PINS/p $OBJ/throws.o
	assert_equal "$stderr" ''
	head -c 33 /dev/zero >packet
	run -0 $UPSTREAM prog run pinned $PINS/p/throws data_in packet
	assert_output --partial 'Return value: 41,'
	head -c 34 /dev/zero >packet
	run -0 $UPSTREAM prog run pinned $PINS/p/throws data_in packet
	assert_output --partial 'Return value: 7,'
}

@test "an exception callback that is not there, or static, is an error" {
	need_cmd clang-19
	sed s/exception_callback:caught/exception_callback:nobody/ "$PROGS/throws.c" >a.c
	sed 's/^NOINLINE int caught/__attribute__((used)) static &/' "$PROGS/throws.c" >b.c
	clang-19 --target=bpf -I"$PROGS" -O2 -g -c a.c
	clang-19 --target=bpf -I"$PROGS" -O2 -g -c b.c
	run -1 $BPF_LD -n --no-attach a.o
	assert_output --partial "'nobody' as its exception callback, which is no function here [O0304]"
	run -1 $BPF_LD -n --no-attach b.o
	assert_output --partial "'caught' as its exception callback, which is static [O0304]"
}

# ---------------------------------------------------------------- maps whose types want something

@test "tries and storage get the flag that they need" {
	need_cmd clang-19
	need_bpf
	run -0 --separate-stderr $BPF_LD -j --no-attach $OBJ/tries.o
	run -0 jq -r '.maps[].type' <<<"$output"
	assert_output $'lpm_trie\nsk_storage'
	run -0 $BPF_LD -n --no-attach $OBJ/tries.o
	assert_output --partial 'create map sockets: sk_storage, key 4B, value 8B, max_entries 0 (with BPF_F_NO_PREALLOC)'
}

@test "--keep-going: a map that nobody needs and that cannot be made is not forgotten in the status" {
	need_cmd clang-19
	need_bpf
	sed 's/UINT(key_size, 8)/UINT(key_size, 3)/; s/lookup_elem(&routes/lookup_elem(\&fine/
		s/^SEC("tc")/struct { UINT(type, HASH); UINT(key_size, 8); UINT(value_size, 4); UINT(max_entries, 16); } fine SEC(".maps");&/' \
		"$PROGS/tries.c" >a.c
	clang-19 --target=bpf -I"$PROGS" -O2 -g -c a.c
	run -1 --separate-stderr $BPF_LD --no-attach -k a.o
	assert_line --regexp '^tries .* loaded'
	[[ $stderr == *"warning: map routes cannot be made"* ]]
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
	printf '#include "bpf.h"\nextern int no_such_function(const char *s);\nSEC("xdp") int f(void *ctx) { return no_such_function("abc"); }' >u.c
	clang-19 --target=bpf -O2 -fno-builtin -I$PROGS -c u.c -o u.o
	run -1 $BPF_LD -n --no-attach u.o
	assert_output --partial 'no_such_function'
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
	assert_output --partial 'help: compile it for this one: --target=bpfel'
}

@test "static programs, several of a section, callbacks in a program's section, functions of odd sections" {
	need_cmd clang-19
	run -0 $BPF_LD -n --no-attach $OBJ/static_progs.o
	assert_line --partial 'load program small: xdp'
	assert_line --partial 'load program large: xdp'
	refute_line --partial 'load program helper'
	run -0 $BPF_LD -n --no-attach $OBJ/callbacks_static.o
	assert_equal "$(grep -c 'load program' <<<"$output")" 1
	run -0 $BPF_LD -n --no-attach $OBJ/other_sections.o
	assert_equal "$(grep -c 'load program' <<<"$output")" 2
}

# The first compilers for BPF gave functions no type (and some no size); their labels are local.
@test "symbols without types: of the section's global ones each is a program, of none the whole section; maps without sizes" {
	need_cmd clang-19
	need_bpf
	need_pins
	cat >old.s <<-'END'
		.section socket1,"ax",@progbits
		.globl	bpf_prog1
	bpf_prog1:
		r6 = r1
		r1 = 0
		*(u32 *)(r10 - 4) = r1
		r2 = r10
		r2 += -4
		r1 = my_map ll
		call 1
		if r0 == 0 goto LBB0_2
		r1 = 1
		lock *(u64 *)(r0 + 0) += r1
	LBB0_2:
		r0 = 0
		exit
		.globl	bpf_prog2
	bpf_prog2:
		r0 = 1
		exit
		.section xdp,"ax",@progbits
		r0 = 2
		exit
		.section maps,"aw",@progbits
		.globl my_map
	my_map:
		.4byte 2, 4, 8, 256, 0
		.globl other
	other:
		.4byte 1, 4, 8, 16, 0
		.section license,"aw",@progbits
		.globl _license
	_license:
		.asciz "GPL"
	END
	clang-19 --target=bpf -c old.s
	run -0 readelf -sW old.o
	assert_line --regexp 'NOTYPE +GLOBAL +DEFAULT +[0-9]+ bpf_prog1'
	assert_line --regexp ' 0 NOTYPE +GLOBAL +DEFAULT +[0-9]+ my_map'
	run -0 $BPF_LD --no-attach --pin $PINS/p old.o
	assert_line --partial 'program bpf_prog1: id'
	assert_line --partial 'program bpf_prog2: id'
	assert_line --partial 'program xdp: id'
	run -0 $BPFTOOL -j map show pinned $PINS/p/other
	assert_output --partial '"max_entries":16'
	run -0 $BPFTOOL -j map show pinned $PINS/p/my_map
	assert_output --partial '"max_entries":256'
}

@test "code in .text alone: what nobody calls loads, its type guessed or said" {
	need_cmd clang-19
	need_bpf
	run -0 $BPF_LD --no-attach $OBJ/text_only.o
	assert_line --partial 'program socket_filter: id'
	assert_line --partial 'program xdp_main: id'
	refute_line --partial 'program clamp'
	refute_line --partial 'program half'
}

@test "an arena's globals are there, and its program reads them" {
	need_cmd clang-19
	need_bpf
	need_pins
	need_upstream_bpftool
	grep -q addr_space_cast <<<"$(llvm-objdump-19 -d $OBJ/arena.o 2>/dev/null)" || skip "needs the program llvm-objdump-19"
	run $BPF_LD --no-attach --pin $PINS/p $OBJ/arena.o
	[ $status = 0 ] || [[ $output != *'map arena cannot be made'* ]] || skip "needs a kernel with arenas"
	assert_equal $status 0
	run -0 $BPF_LD -n --no-attach $OBJ/arena.o
	assert_line --partial '(40 bytes of globals)'
}

@test "what upstream's bpftool loads too, we make the same of: maps, flags, sizes, lengths of programs" {
	need_cmd clang-19
	need_bpf
	need_pins
	need_upstream_bpftool
	local p same=0 bad=
	for p in arith atomics bitfields callbacks cgroup_skb globals inner_maps kconfig memory prog_array_in_map queue_stack \
		sockmap stacks storages strings subprogs tc_mark tp_exec xdp_acl xdp_lb xdp_tail; do
		$UPSTREAM prog loadall $OBJ/$p.o $PINS/u pinmaps $PINS/um 2>/dev/null || { rm -rf $PINS/u $PINS/um; continue; }
		$BPF_LD --no-attach --pin $PINS/o $OBJ/$p.o >/dev/null
		made $PINS/u $PINS/um >theirs
		made $PINS/o >ours
		if cmp -s theirs ours; then same=$((same + 1)); else bad="$bad $p"; diff theirs ours | sed "s/^/# $p: /" >&3; fi
		rm -rf $PINS/u $PINS/um $PINS/o
	done
	assert_equal "$bad" ''
	[ $same -ge 15 ] || [ $same = 0 ]
}

@test "common symbols: variables that clang before 11 left to the linker" {
	need_cmd clang-14
	need_bpf
	need_pins
	cat >common.c <<-'END'
		#include "bpf.h"
		u32 small;
		u64 aligned __attribute__((aligned(64)));
		u8 odd[3];
		static u32 own = 1;
		SEC("xdp") int f(void *ctx) { small += own++; aligned += small; odd[2]++; return 2; }
		LICENSE("GPL");
	END
	clang-14 --target=bpf -O2 -g -fcommon -I$PROGS -c common.c -o common.o
	run -0 readelf -sW common.o
	assert_line --regexp ' COM +small'
	run -0 $BPF_LD --no-attach --pin $PINS/p common.o
	refute_output --partial 'refused'
	assert_line --partial 'map .bss: id'
	run -0 $BPF_LD -n --no-attach --set small=7 common.o
	assert_line --partial ', small=7'
}

@test "types of functions without lines are enough for callbacks" {
	need_cmd clang-19 llvm-objcopy-19
	need_bpf
	cp $OBJ/callbacks.o n.o
	llvm-objcopy-19 --dump-section .BTF.ext=ext n.o
	printf '\0\0\0\0' | dd of=ext bs=1 seek=20 conv=notrunc status=none # line_info_len
	llvm-objcopy-19 --update-section .BTF.ext=ext n.o
	run -0 $BPF_LD --no-attach n.o
	refute_output --partial damaged
	assert_line --partial 'program callbacks: id'
}

@test ".maps without types: the help is the compiler's option" {
	need_cmd clang-19
	clang-19 --target=bpf -O2 -c $PROGS/xdp_count.c -o notypes.o
	run -1 $BPF_LD -n --no-attach notypes.o
	assert_output --partial "BTF does not describe them"
	assert_output --partial 'help: compile with -g'
}

@test "gobpf's pinning: below the namespace that the declaration names" {
	need_cmd clang-19
	need_bpf
	need_pins
	cat >go.c <<-END
		#include "bpf.h"
		struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, pinning; char namespace[256]; };
		struct bpf_map_def SEC("maps/go_$$") go_$$ = { HASH, 4, 8, 4, 0, 2, "space_$$" };
		SEC("xdp") int f(void *ctx) { u32 k = 0; return bpf_map_lookup_elem(&go_$$, &k) ? 1 : 2; }
	END
	clang-19 --target=bpf -O2 -g -I$PROGS -c go.c -o go.o
	run -0 $BPF_LD --no-attach go.o
	DIRS=/sys/fs/bpf/space_$$
	assert_line --partial "map go_$$: id"
	assert_line --partial "pinned at /sys/fs/bpf/space_$$/globals/go_$$"
}
