#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool prog dump xlated: beside upstream's, as a graph, as assembler, large. Most of it on both backends.

bats_require_minimum_version 1.5.0

setup()
{
	load tool_helper
	setup_objects
}

teardown() { drop_objects; }

# A program with a map, a helper, jumps back and forth, a loop and a function, at $PINS/p/look
look()
{
	cat >look.s <<-'END'
		.map	seen, hash, key=u32, value=u64, max_entries=64
		.license "GPL"
		.section socket
		.globl	look
		look:
			r6 = r1
			r1 = 0x1122334455667788 ll
			*(u32 *)(r10 - 4) = 1
			r2 = r10
			r2 += -4
			r1 = seen ll
			call	bpf_map_lookup_elem
			if r0 == 0 goto none
			r7 = 0
		again:
			r7 += 1
			if r7 < 5 goto again
			r1 = r7
			call	twice
			exit
		none:
			r0 = 0
			exit
		.section .text
		twice:
			r0 = r1
			r0 += r0
			if r0 > 7 goto out
			r0 = 7
		out:
			exit
	END
	$BPF_AS -o look.o look.s
	$BPF_LD --no-attach --pin "$PINS/p" look.o >/dev/null
}

@test "instructions: maps, constants, calls, jumps; the number in JSON too" {
	look
	map=$($BPFTOOL -j prog show pinned "$PINS/p/look" | jq '.map_ids[0]')
	run -0 $BPFTOOL prog dump xlated pinned "$PINS/p/look"
	assert_line '   1: (18) r1 = 0x1122334455667788'
	assert_line "   6: (18) r1 = map[id:$map]"
	assert_line --regexp '^   8: \(85\) call .*map_lookup_elem#-?[0-9]+$'
	assert_line --regexp '\(85\) call pc\+[0-9]+'
	assert_line --regexp '\(a5\) if r7 < 0x5 goto pc-2$'
	assert_line '; r2 += -4'
	run -0 $BPFTOOL -j prog dump xlated pinned "$PINS/p/look" opcodes linum
	js=$output
	assert_equal "$(jq -c '[.[] | .pc][:7]' <<<"$js")" '[0,1,3,4,5,6,8]'
	assert_equal "$(jq -c '.[1] | [.disasm, .opcodes.code, .opcodes.imm]' <<<"$js")" \
		'["(18) r1 = 0x1122334455667788","0x18",["0x88","0x77","0x66","0x55","0x00","0x00","0x00","0x00","0x44","0x33","0x22","0x11"]]'
	assert_equal "$(jq -r '.[4] | .src, (.line_num | type)' <<<"$js" | xargs)" 'r2 += -4 number'
	# the words in any order, and cut short
	$BPFTOOL prog dump xlated pinned "$PINS/p/look" linum opcodes >a
	$BPFTOOL p d x pinned "$PINS/p/look" op li >b
	cmp a b
}

@test "words that exclude each other, with status 2" {
	look
	p="pinned $PINS/p/look"
	run -2 $BPFTOOL prog dump xlated $p file x opcodes
	assert_output --partial 'a file gets the bytes as they are'
	run -2 $BPFTOOL prog dump xlated $p file
	run -2 $BPFTOOL prog dump xlated $p asm linum
	run -2 $BPFTOOL prog dump xlated $p linu visula
	assert_output --partial "did you mean 'visual'?"
	for w in visual asm; do
		run -2 --separate-stderr $BPFTOOL -j prog dump xlated $p $w
		run -0 jq -r .error <<<"$output"
		assert_output --partial "'$w' is text of its own"
	done
	[ ! -e x ]
}

@test "visual is a graph: functions, blocks, and where they go" {
	look
	run -0 $BPFTOOL prog dump xlated pinned "$PINS/p/look" visual
	graph=$output
	assert_line --index 0 'digraph "DOT graph for eBPF program" {'
	assert_equal "$(grep -c '^subgraph' <<<"$graph")" 2
	assert_line --partial 'call pc+'
	assert_line --partial 'if r7 \< 0x5 goto pc-2\l\'
	# the loop goes to itself and on; the block that leaves goes to the exit, not to what stands behind it
	loop=$(awk '/fn_0_bb_[0-9]+ \[shape=record/ { b = $1 } /r7 \+= 1/ { print b; exit }' <<<"$graph")
	assert_line --regexp "^	$loop:s -> $loop:n "
	leave=$(awk '/fn_0_bb_[0-9]+ \[shape=record/ { b = $1 } /\(95\) exit/ { print b; exit }' <<<"$graph")
	assert_equal "$(grep -c "^	$leave:s" <<<"$graph")" 1
	assert_line --regexp "^	$leave:s -> fn_0_bb_1:n "
	assert_equal "$(grep -c 'shape=record' <<<"$graph")" "$(grep -c '^|\? *}"\];' <<<"$graph")"
	if command -v dot >/dev/null; then
		dot -Tsvg <<<"$graph" >svg
	fi
	run -0 $BPFTOOL prog dump xlated pinned "$PINS/p/look" visual opcodes linum
	assert_line --regexp '^\\ \\ \\ \\ 95 00 00 00 00 00 00 00\\l\\$'
	assert_line --partial 'r2 += -4 [file:'
}

@test "asm: bpf-as makes the same bytes of it" {
	look
	$BPFTOOL prog dump xlated pinned "$PINS/p/look" asm >again.s
	grep -q '^look:' again.s
	grep -q '^twice:' again.s
	grep -q '# map id' again.s
	grep -q '# look.s:[0-9]*: r2 += -4' again.s
	$BPF_AS -o again.o again.s
	$BPFTOOL prog dump xlated pinned "$PINS/p/look" file bytes
	need_cmd objcopy
	objcopy -O binary --only-section=socket again.o again.bin 2>/dev/null ||
		{ need_cmd bpf-objcopy; bpf-objcopy -O binary --only-section=socket again.o again.bin; }
	cmp bytes again.bin
}

@test "several programs of a name: all are printed, each under its own line" {
	look
	cp look.o other.o
	$BPF_LD --no-attach --pin "$PINS/q" other.o >/dev/null
	tag=$($BPFTOOL -j prog show pinned "$PINS/p/look" | jq -r .tag)
	id1=$($BPFTOOL -j prog show pinned "$PINS/p/look" | jq .id)
	id2=$($BPFTOOL -j prog show pinned "$PINS/q/look" | jq .id)
	$BPFTOOL prog dump xlated name look >both
	grep -q "^$id1: socket_filter  name look" both
	grep -q "^$id2: socket_filter  name look" both
	$BPFTOOL -j prog dump xlated tag "$tag" |
		jq -e --argjson a "$id1" --argjson b "$id2" '[.[] | select(.id == $a or .id == $b) | .insns[0].pc] == [0, 0]'
	run -1 $BPFTOOL prog dump xlated name look file x
	assert_output --partial 'programs match, and a file takes one'
	$BPFTOOL prog dump xlated name look visual | grep -c '^digraph' >n
	[ "$(<n)" -ge 2 ]
}

@test "a large program is what upstream dumps, in few writes" {
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel: upstream reads no world"
	need_upstream_bpftool
	{
		printf '\t.section socket\nbig:\n\tr0 = 0\n\t.rept 4000\n\tr0 += 1\n\tr2 = *(u32 *)(r1 + 4)\n\t.endr\n'
		printf '\tif r0 s> -7 goto +0\n\texit\n\t.section license,"a"\n\t.asciz "GPL"\n'
	} >big.s
	$BPF_AS -o big.o big.s
	$BPF_LD --no-attach --pin "$PINS/b" big.o >/dev/null
	for how in '' opcodes linum; do
		$UPSTREAM prog dump xlated pinned "$PINS/b/big" $how >up
		$BPFTOOL prog dump xlated pinned "$PINS/b/big" $how >our
		cmp up our
		$UPSTREAM -j prog dump xlated pinned "$PINS/b/big" $how | jq -S . >up
		$BPFTOOL -j prog dump xlated pinned "$PINS/b/big" $how | jq -S 'map(del(.pc))' >our
		cmp up our
	done
	need_cmd strace
	need_native
	ASAN_OPTIONS=detect_leaks=0 strace -c -e trace=write -o calls $BPFTOOL prog dump xlated pinned "$PINS/b/big" >our
	[ "$(awk '$NF == "write" { print $4 }' calls)" -lt 10 ]
}

@test "instructions that the caller may not see are said to be hidden" {
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel: a world is its owner's"
	need_cmd setpriv
	need_native
	look
	# an open program handed to nobody: its instructions are not nobody's to read
	chmod 755 "$PINS" "$PINS/p"
	chmod 644 "$PINS/p/look"
	cp "$BUILDDIR/bpftool/bpftool" "/tmp/bpfutils-xl-$$"
	chmod 755 "/tmp/bpfutils-xl-$$"
	run setpriv --reuid=65534 --clear-groups --inh-caps=-all "/tmp/bpfutils-xl-$$" --backend=kernel -j prog dump xlated pinned "$PINS/p/look"
	rm -f "/tmp/bpfutils-xl-$$"
	[ "$status" != 0 ]
	jq -e '.error | test("hide|not permitted|denied")' <<<"$output"
}
