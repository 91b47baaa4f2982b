#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool btf: listing, dumps as they are (as upstream prints them), and as C that compilers take.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	CHECK="$_emu$BUILDDIR/tests/btf_c_check"
	cd "$T"
}

teardown()
{
	zoo_end
	drop_pins
}



# shapes CC: compiles the hard types, prints them as C, compiles that, and compares
shapes()
{
	$1 -g -target bpf -w -c "$SRCDIR/tests/golden/btf/shapes.c" -o shapes.o
	run -0 $BPFTOOL btf dump file shapes.o format c $2
	printf '%s\n' "$output" >shapes.h
	{ echo '#define BPF_NO_PRESERVE_ACCESS_INDEX'; cat shapes.h; $CHECK uses 1 shapes.o; } >again.c
	$1 -g -target bpf -Wall -Werror -Wno-visibility -c again.c -o again.o
	run $CHECK same 1 shapes.o again.o
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	assert_output --regexp '^[23][0-9] types compared, 0 differ$'
}

@test "raw dumps are upstream's, as text and JSON" {
	need_cmd clang-19
	need_upstream_bpftool
	clang-19 -g -target bpf -w -c "$SRCDIR/tests/golden/btf/shapes.c" -o shapes.o
	clang-19 -g -O2 -target bpf -mcpu=v3 -c "$SRCDIR/tests/golden/as/core.c" -o core.o
	for o in shapes.o core.o; do
		for f in "" -j -p; do
			$UPSTREAM $f btf dump file $o >up
			run -0 $BPFTOOL $f btf dump file $o
			diff up - <<<"$output"
		done
	done
}

@test "the kernel's types: raw as upstream, C for clang and gcc with equal layouts" {
	need_cmd clang-19
	need_upstream_bpftool
	need_file /sys/kernel/btf/vmlinux
	$BPFTOOL btf dump file /sys/kernel/btf/vmlinux >our
	$UPSTREAM btf dump file /sys/kernel/btf/vmlinux | cmp - our
	$BPFTOOL btf dump file /sys/kernel/btf/vmlinux format c >vmlinux.h
	echo '#include "vmlinux.h"' >v.c
	clang-19 -target bpf -fsyntax-only -Wall -Werror -I. v.c
	gcc -fsyntax-only -Wall -Wno-unknown-pragmas -Wno-attributes -Werror -I. v.c
	{ echo '#define BPF_NO_PRESERVE_ACCESS_INDEX'; cat vmlinux.h; $CHECK uses 61 /sys/kernel/btf/vmlinux; } >all.c
	clang-19 -g -target bpf -c all.c -o all.o
	run -0 $CHECK same 61 /sys/kernel/btf/vmlinux all.o
	assert_output --regexp '^[0-9]{3} types compared, 0 differ$'
}

@test "C of packed, aligned, nested, circular types has their layout" {
	need_cmd clang-19
	shapes clang-19
	shapes clang-19 unsorted
	# and gcc agrees about sizes
	awk '/^(struct|union) [a-z0-9_]+ \{/ { print $1, $2 }' shapes.h >names
	[ "$(wc -l <names)" -ge 20 ]
	{ cat shapes.h; while read -r k n; do
		[ $n = node ] && continue
		s=$($BPFTOOL -j btf dump file shapes.o | jq ".types[] | select(.name == \"$n\" and (.kind | ascii_downcase) == \"$k\") | .size")
		echo "_Static_assert(sizeof($k $n) == $s, \"$n\");"
	done <names; } >sizes.c
	gcc -m64 -fsyntax-only -Wall -Werror -Wno-unknown-pragmas sizes.c
}

@test "C: sorted by name, or by id; clashing names; only some roots" {
	need_cmd clang-19
	cat >a.c <<-'END'
	struct zebra { int a; }; struct ant { struct zebra *z; enum { IN } e; }; union late; struct ant ant; struct zebra zebra;
	int f(union late *l) { return l != 0; }
	END
	clang-19 -g -O2 -target bpf -c a.c -o a.o
	run -0 $BPFTOOL btf dump file a.o format c
	[ "$(grep -n '^struct ant {' <<<"$output" | cut -d: -f1)" -lt "$(grep -n '^struct zebra {' <<<"$output" | cut -d: -f1)" ]
	id=$($BPFTOOL -j btf dump file a.o | jq '.types[] | select(.name == "zebra" and .kind == "STRUCT").id')
	run -0 $BPFTOOL btf dump file a.o format c root_id $id
	assert_line 'struct zebra {'
	refute_line --partial 'struct ant'
	run -0 $BPFTOOL btf dump file a.o root_id $id root_id 1
	assert_line --index 0 "[$id] STRUCT 'zebra' size=4 vlen=1"
	assert_line --index 2 --regexp '^\[1\]'
	run -1 $BPFTOOL btf dump file a.o root_id 4000
	assert_output --partial 'there is no type 4000'
	# the same name twice: linked objects that disagree
	echo 'struct zebra { long a; }; struct zebra two; typedef struct { int x; } ant; ant v;' >b.c
	clang-19 -g -target bpf -c b.c -o b.o
	$BPF_LD -r -o ab.o a.o b.o
	run -0 $BPFTOOL btf dump file ab.o format c
	assert_line 'struct zebra {'
	assert_line 'struct zebra___2 {'
	assert_line '} ant;'
	printf '%s\n' "$output" >ab.c
	clang-19 -target bpf -fsyntax-only -Wall -Werror ab.c
}

@test "C as JSON is one string" {
	need_cmd clang-19
	clang-19 -g -target bpf -w -c "$SRCDIR/tests/golden/btf/shapes.c" -o shapes.o
	$BPFTOOL btf dump file shapes.o format c >plain
	run -0 $BPFTOOL -j btf dump file shapes.o format c
	jq -rj . <<<"$output" | cmp - plain
}

@test "split types: -B, sysfs modules, messages when they cannot be read" {
	# base: INT int; split on it: STRUCT s { int a; }
	printf '\x9f\xeb\x01\x00\x18\0\0\0\0\0\0\0\x10\0\0\0\x10\0\0\0\x05\0\0\0\x01\0\0\0\0\0\0\x01\x04\0\0\0\x20\0\0\x01\0int\0' >base
	printf '\x9f\xeb\x01\x00\x18\0\0\0\0\0\0\0\x18\0\0\0\x18\0\0\0\x04\0\0\0\x05\0\0\0\x01\0\0\x04\x04\0\0\0\x07\0\0\0\x01\0\0\0\0\0\0\0s\0a\0' >split
	run -0 $BPFTOOL btf dump file base
	assert_output "[1] INT 'int' size=4 bits_offset=0 nr_bits=32 encoding=SIGNED"
	run -0 $BPFTOOL -B base btf dump file split
	assert_output "[2] STRUCT 's' size=4 vlen=1"$'\n'"	'a' type_id=1 bits_offset=0"
	run -0 $BPFTOOL --base-btf=base btf dump file split format c
	assert_line '	int a;'
	run -1 $BPFTOOL btf dump file split
	assert_output --partial 'damaged BTF'
	assert_output --partial 'help: types that build on others'
	# a module has what it was built on with it
	if command -v objcopy >/dev/null && command -v as >/dev/null; then
		as -o empty.o /dev/null
		objcopy --add-section .BTF=split --add-section .BTF.base=base empty.o module.ko
		run -0 $BPFTOOL btf dump file module.ko
		assert_output "[2] STRUCT 's' size=4 vlen=1"$'\n'"	'a' type_id=1 bits_offset=0"
	fi
	run -1 $BPFTOOL -j btf dump file split
	jq -e '.error | test("damaged BTF")' <<<"$output"
	run -1 $BPFTOOL btf dump file nowhere
	assert_output --partial "'nowhere' cannot be read: No such file"
	run -1 --separate-stderr $BPFTOOL -j btf dump file /dev/null
	jq -e .error <<<"$output"
	run -2 $BPFTOOL btf dump
	run -2 $BPFTOOL btf dump file base format d
}

@test "names and cycles that no C compiler makes end in no crash" {
	# STRUCT '' { ->self }; TYPEDEF 'int' -> it; STRUCT "a-b" { ''; INT 'u8<T>' }
	{
		printf '\x9f\xeb\x01\x00\x18\0\0\0\0\0\0\0\x64\0\0\0\x64\0\0\0\x15\0\0\0'
		printf '\0\0\0\0\x01\0\0\x04\x08\0\0\0\x01\0\0\0\x02\0\0\0\0\0\0\0'     # 1 STRUCT { x: 2 }
		printf '\0\0\0\0\0\0\0\x02\x01\0\0\0'                                   # 2 PTR -> 1
		printf '\x03\0\0\0\0\0\0\x08\x01\0\0\0'                                 # 3 TYPEDEF int -> 1
		printf '\x07\0\0\0\x02\0\0\x04\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x0b\0\0\0\x05\0\0\0\x40\0\0\0' # 4 STRUCT a-b
		printf '\x0f\0\0\0\0\0\0\x01\x01\0\0\0\x08\0\0\0'                       # 5 INT u8<T>
		printf '\0x\0int\0a-b\0for\0u8<T>\0'
	} >odd
	run -0 $BPFTOOL btf dump file odd format c
	assert_line 'typedef struct anon_1 int_;'
	assert_line 'struct a_b {'
	assert_line --partial 'u8_T_ for_;'
	printf '%s\n' "$output" >odd.c
	gcc -fsyntax-only -Wno-unknown-pragmas -Werror odd.c
	run -0 $BPFTOOL -j btf dump file odd
	jq -e '.types | length == 5' <<<"$output"
}

# ---------------------------------------------------------------- objects, on both backends

@test "btf of loaded objects: show, dump by id, program and map" {
	need_bpf
	need_pins
	cat >o.s <<-'END'
	.map counts, array, key=u32, value=u64, max_entries=4
	.license "GPL"
	.section socket
	prog:	r1 = counts ll
		r0 = 0
		exit
	END
	$BPF_AS -g -o o.o o.s
	$BPF_LD --pin "$PINS/o" --no-attach o.o
	prog=$($BPFTOOL -j prog show pinned "$PINS/o/prog")
	btf=$(jq .btf_id <<<"$prog") id=$(jq .id <<<"$prog") map=$(jq '.map_ids[0]' <<<"$prog")
	run -0 $BPFTOOL -j btf show id $btf
	jq -e ".id == $btf and .prog_ids == [$id] and .map_ids == [$map] and .size > 40" <<<"$output"
	run -0 $BPFTOOL btf list id $btf
	assert_line --index 0 --regexp "^$btf: name <anon>  size [0-9]+B  prog_ids $id  map_ids $map$"
	run -0 $BPFTOOL -j btf
	jq -e ".[] | select(.id == $btf).map_ids == [$map]" <<<"$output"
	run -0 $BPFTOOL btf dump id $btf
	assert_output --partial "FUNC 'prog'"
	all=$output
	run -0 $BPFTOOL btf dump prog id $id
	[ "$output" = "$all" ]
	run -0 $BPFTOOL btf dump map id $map all
	[ "$output" = "$all" ]
	run -0 $BPFTOOL -j btf dump map id $map
	jq -e '.types | length == 2' <<<"$output"
	run -0 $BPFTOOL -j btf dump map pinned "$PINS/o/counts" value
	jq -e '[.types[].size] == [8] or (.types | length == 1)' <<<"$output"
	run -0 $BPFTOOL btf dump map id $map key format c
	assert_line '#define __VMLINUX_H__'
	run -1 $BPFTOOL btf show id 4000000000
	assert_output --partial 'there is no BTF with id 4000000000'
	run -1 $BPFTOOL -j btf dump id 4000000000
	jq -e .error <<<"$output"
}

@test "a map without types: an error, as text and JSON" {
	need_bpf
	need_pins
	$BPFTOOL map create "$PINS/m" type array key 4 value 4 entries 1
	run -1 $BPFTOOL btf dump map pinned "$PINS/m"
	assert_output --partial 'has no BTF'
	run -1 $BPFTOOL -j btf dump map pinned "$PINS/m"
	jq -e '.error | test("has no BTF")' <<<"$output"
}
