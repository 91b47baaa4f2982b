#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld --unload: what --pin left is taken away, and who holds it still is named.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_pins
	cat >u.s <<'END'
	.license "GPL"
	.map	seen, array, key=u32, value=u64, max_entries=1
	.section raw_tp/sys_enter
count:	*(u32 *)(r10 - 4) = 0
	r2 = r10
	r2 += -4
	r1 = seen ll
	call bpf_map_lookup_elem
	if r0 == 0 goto 1f
	r1 = 1
	lock *(u64 *)(r0 + 0) += r1
1:	r0 = 0
	exit
END
	$BPF_AS u.s
}

teardown()
{
	[ -z "${holder:-}" ] || { kill "$holder"; wait "$holder"; } || :
	drop_pins
}

# As the list of pins calls a path: a world's directory of pins stands for the kernel's.
shown() # PATH
{
	echo "${1/#${BPFUTILS_WORLD:-/none}\/pins/\/sys\/fs\/bpf}"
}

id_of() # KIND PATH
{
	$BPFTOOL "$1" show pinned "$2" | sed 's/:.*//;q'
}

@test "--unload: pins, links first, and the directory" {
	local link prog map d
	d=$(shown "$PINS/d")
	run -0 $BPF_LD --pin "$PINS/d" u.o
	link=$(id_of link "$PINS/d/count_link")
	prog=$(id_of prog "$PINS/d/count")
	map=$(id_of map "$PINS/d/seen")
	run -0 $BPF_LD --dry-run --unload "$PINS/d"
	assert_output "remove link $link at $d/count_link
remove prog $prog at $d/count
remove map $map at $d/seen"
	[ -e "$PINS/d/count_link" ]
	run -0 --separate-stderr $BPF_LD --unload "$PINS/d/"
	assert_output "removed link $link at $d/count_link
removed prog $prog at $d/count
removed map $map at $d/seen"
	assert_equal "$stderr" ''
	[ ! -e "$PINS/d" ]
	run ! $BPFTOOL link show id "$link"
	run ! $BPFTOOL prog show id "$prog"
	run ! $BPFTOOL map show id "$map"
}

@test "--unload of one pin leaves the others" {
	need_cmd jq
	run -0 $BPF_LD --pin "$PINS/d" u.o
	run -0 $BPF_LD -j --unload "$PINS/d/count_link"
	assert_equal "$(jq -c '.removed | map([.kind, .gone])' <<<"$output")" '[["link",true]]'
	run -0 $BPFTOOL map show pinned "$PINS/d/seen"
}

@test "--unload names who holds it still" {
	local map d
	d=$(shown "$PINS/d")
	run -0 $BPF_LD --no-attach --pin "$PINS/d" u.o
	map=$(id_of map "$PINS/d/seen")
	$BPFTOOL map pin pinned "$PINS/d/seen" "$PINS/other"
	mkfifo ready
	exec 6<>ready
	$BPF_LD --ready-fd 6 --map "seen=$PINS/d/seen" u.o 2>/dev/null &
	holder=$!
	read -r -t 20 <&6
	run -0 --separate-stderr $BPF_LD --unload "$PINS/d"
	assert_line "removed map $map at $d/seen, which is still there"
	[[ $stderr == *"warning: map $map, which was pinned at $d/seen, is still there"* ]]
	[[ $stderr == *"it is pinned at $(shown "$PINS/other")"* ]]
	# An emulated process goes by the emulator's name.
	[[ $stderr == *"(bpf-ld) has it open as descriptor"* ||
		( -n $_emu && $stderr == *"(qemu-"*") has it open as descriptor"* ) ]]
	[[ $stderr == *"(count) uses it"* ]]
	[ ! -e "$PINS/d" ]
}

@test "--unload: what is no pin, or not ours" {
	local d
	d=$(shown "$PINS/d")
	mkdir "$PINS/d"
	run -0 $BPF_LD --no-attach --pin "$PINS/d/e" u.o
	run -0 $BPF_LD --no-attach --pin "$PINS/d" u.o
	run -0 --separate-stderr $BPF_LD --unload "$PINS/d"
	[[ $stderr == *"directory $d stays: it holds other things"* ]]
	[ -e "$PINS/d/e/seen" ]
	run -1 $BPF_LD --unload "$PINS/none"
	assert_output --partial 'there is no such pin or directory'
	mkdir "$PINS/empty"
	run -1 $BPF_LD --unload "$PINS/empty"
	assert_output --partial 'nothing is pinned there'
	run -1 $BPF_LD --unload "$T"
	assert_output --partial 'it is no directory within a bpf file system'
	run -2 $BPF_LD --unload "$PINS/d" u.o
	assert_output --partial '--unload takes away: it goes with no object'
	run -2 $BPF_LD --unload=
}
