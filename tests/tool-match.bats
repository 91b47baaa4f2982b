#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool prog match: is a loaded program one of an object's? On both backends.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_pins
	N=look_for_it_by_name
}

teardown()
{
	drop_pins
}

# object NAME NUMBER [ENTRIES]: two programs, one with a map, global data and a function
object()
{
	cat >"$1.s" <<-END
		.map	seen, hash, key=u32, value=u64, max_entries=${3:-64}
		.license "GPL"
		.section .data
		.globl	limit
		limit:	.4byte 7
		.section socket
		.globl	$N
		$N:
			*(u32 *)(r10 - 4) = 1
			r2 = r10
			r2 += -4
			r1 = seen ll
			call	bpf_map_lookup_elem
			r1 = limit ll
			r1 = *(u32 *)(r1 + 0)
			call	twice
			r0 += $2
			exit
		.section xdp
		.globl	pass
		pass:
			r0 = XDP_PASS
			exit
		.section .text
		twice:
			r0 = r1
			r0 += r0
			exit
	END
	$BPF_AS -o "$1.o" "$1.s"
}

loaded()
{
	object a 5
	$BPF_LD --no-attach --pin "$PINS/p" a.o >/dev/null
	P="pinned $PINS/p/$N"
}

@test "equal: by the tag, whose digest is named" {
	loaded
	run -0 $BPFTOOL prog match pin $PINS/p/$N a.o # words may be cut
	assert_output --partial 'equals program'
	run -0 $BPFTOOL prog match $P a.o
	assert_output --regexp 'equals program look_for_it_by_name of a.o: the tag \(sha(1|256)\) of 15 instructions'
	run -0 $BPFTOOL -j prog match $P a.o
	assert_equal "$(jq -c '[.equal, .by, .program, .insns]' <<<"$output")" '[true,"tag","look_for_it_by_name",15]'
	# of an object with another name, and with other maps: they are not part of a tag
	object b 5 128
	run -0 $BPFTOOL prog match $P b.o
	run -0 $BPFTOOL prog match pinned "$PINS/p/pass" b.o
}

@test "different: both tags, and the first instruction that differs with its line" {
	loaded
	object b 6
	run -1 $BPFTOOL prog match $P b.o
	assert_line --regexp '^	tag in the file: [0-9a-f]{16} \(sha1\), [0-9a-f]{16} \(sha256\), of 15 instructions$'
	assert_line --regexp '^	first difference, after verification: instruction [0-9]+ \([0-9]+ loaded, [0-9]+ in the file\)$'
	assert_line --regexp '^	; r0 \+= 6 \[file:.*b.s line_num:17 line_col:[0-9]+\]$'
	assert_line --regexp '^	loaded: +[0-9]+: \(07\) r0 \+= 5$'
	assert_line --regexp '^	file:   +[0-9]+: \(07\) r0 \+= 6$'
	assert_line '	differs from program look_for_it_by_name of b.o'
	run -1 --separate-stderr $BPFTOOL -j prog match $P b.o
	assert_equal "$(jq -c '[.equal, .difference.loaded_insn, .difference.file_insn, .difference.src]' <<<"$output")" \
		'[false,"(07) r0 += 5","(07) r0 += 6","r0 += 6"]'
	# the tags that are told are those that it gets when it is loaded
	tags=$(jq -r '.file_tag_sha1, .file_tag_sha256' <<<"$output")
	$BPF_LD --no-attach --pin "$PINS/q" b.o >/dev/null
	grep -qx "$($BPFTOOL -j prog show pinned "$PINS/q/look_for_it_by_name" | jq -r .tag)" <<<"$tags"
}

@test "a difference is found by a load that leaves nothing behind" {
	N=once$$
	loaded
	object b 6
	run -1 $BPFTOOL prog match $P b.o
	assert_output --partial 'first difference'
	run -0 $BPFTOOL -j prog show name $N
	assert_equal "$(jq -r .name <<<"$output")" $N # one match is an object
	assert_equal "$(ls "$PINS" | xargs)" p
}

@test "the tag of older kernels is SHA-1: a known one" {
	printf '\t.section socket\n\t.globl tiny\ntiny:\n\tr0 = 0\n\texit\n' >zero.s
	sed 's/r0 = 0/r0 = 1/' zero.s >one.s
	$BPF_AS -o zero.o zero.s
	$BPF_AS -o one.o one.s
	$BPF_LD --no-attach --pin "$PINS/o" one.o >/dev/null
	run -1 $BPFTOOL -j prog match pinned "$PINS/o/tiny" zero.o
	assert_equal "$(jq -r .file_tag_sha1 <<<"$output")" a04f5eef06a7f555
}

@test "another program of the object, by name; none of that name" {
	loaded
	run -1 $BPFTOOL prog match pinned "$PINS/p/pass" a.o prog look_for_it_by_name
	assert_line '	differs from program look_for_it_by_name of a.o'
	run -1 $BPFTOOL prog match $P a.o prog nothing
	assert_output --partial "'a.o' has no program 'nothing'"
	run -2 $BPFTOOL prog match $P
	run -2 $BPFTOOL prog match $P a.o prog
	run -2 $BPFTOOL prog match
	run -4 $BPFTOOL prog match $P no.o
	run -1 --separate-stderr $BPFTOOL -j prog match $P a.s
	jq -e .error <<<"$output"
}

@test "without a program: which of the loaded are the object's, and which of the object's are not loaded" {
	loaded
	id=$($BPFTOOL -j prog show $P | jq .id)
	run -0 $BPFTOOL prog match a.o
	assert_line --regexp "^$id: look_for_it_by_name  equals look_for_it_by_name  by its tag \(sha(1|256)\)$"
	object b 6
	run -1 $BPFTOOL prog match b.o
	assert_line 'no loaded program equals look_for_it_by_name'
	refute_output --partial 'no loaded program equals pass'
	run -1 $BPFTOOL -j prog match b.o
	assert_equal "$(jq -c '[.not_loaded, (.equal | map(.program) | unique)]' <<<"$output")" \
		'[["look_for_it_by_name"],["pass"]]'
}
