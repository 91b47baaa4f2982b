#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that the kernel's verifier refuses, and what bpf-ld makes of its words: the code of the cause, the
# source line, the words for registers. tests/golden/refused holds them; registers.txt says how.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_root
	need_cmd jq
	AS="$BPF_AS -Wno-frame-write -Wno-stack-align -Wno-stack-bounds -Wno-jump-section -Wno-fall-off
		-Wno-div-zero -Wno-shift-width"
}

# refused NAME CODE LINE [nocap]: loads NAME.o; a line for each thing that is not as wanted
refused()
{
	local name=$1 code=$2 line=$3 got want as=
	[ "${4:-}" != nocap ] || as="setpriv --bounding-set=-perfmon,-sys_admin"
	$as $BPF_LD -j --no-attach $name.o >out 2>err && { echo "$name: it loads"; return; }
	got=$(jq -r '.code + " " + (.spans[0].line // 0 | tostring)' out) || { echo "$name: $(cat out err)"; return; }
	[[ $got == $code\ $line ]] || echo "$name: $got, not $code $line: $(jq -r .error out)"
	jq -r '.notes[], .help[], .spans[].label // empty' out >texts
	while read -r want; do
		grep -qFe "$want" texts || echo "$name: does not say \"$want\": $(cat texts)"
	done <wants
}

# sections FILE: tries each program of a file; how many in $tried, what is wrong on standard output
sections()
{
	awk '/^== / { n++; out = n ".src"; print n, $2, $3, $4, $5 >"list"; printf "" >out; printf "" >(n ".want"); next }
		/^-- / { print substr($0, 4) >(n ".want"); next }
		n { print >out }' "$1"
	while read -r n code line name cap <&5; do
		cp $n.want wants
		case $name in
		*.c)	cp $n.src $name
			$CC --target=bpf -O2 -g -I "$SRCDIR/tests/progs" -c -o $name.o $name 2>err ;;
		*)	cp $n.src $name.s
			$AS -o $name.o $name.s 2>err ;;
		esac || { echo "$name: $(cat err)"; continue; }
		refused $name $code "$line" $cap
		echo $name >>tried
	done 5<list
}

# all FILE ATLEAST
all()
{
	sections "$SRCDIR/tests/golden/refused/$1" >bad
	cat bad
	[ ! -s bad ]
	[ "$(wc -l <tried)" -ge "$2" ]
}

@test "refused for what a register holds" { need_cmd setpriv; all registers.txt 23; }
@test "refused for an access to memory" { need_cmd setpriv; all memory.txt 22; }
@test "refused for calls, jumps, sizes and results" { need_cmd setpriv; all calls.txt 35; }

@test "refused for locks, and from C" {
	for CC in clang-19 clang-14 clang; do
		command -v $CC >/dev/null && break
	done
	need_cmd $CC
	all c.txt 8
}

@test "the cause for people: place, origin, registers, path, remedy" {
	cat >p.s <<'END'
	.license "GPL"
	.section xdp
f:	r6 = r1
	r2 = *(u32 *)(r6 + xdp_md.data)
	r3 = *(u32 *)(r6 + xdp_md.data_end)
	r4 = r2
	r4 += 14
	r0 = XDP_DROP
	if r4 > r3 goto out
	r0 = *(u8 *)(r2 + 23)
out:	exit
END
	$BPF_AS p.s
	run -1 --separate-stderr $BPF_LD --no-attach p.o
	assert_equal "${stderr_lines[0]}" \
		"p.s:10:2: error: program f was refused by the verifier: R2 offset is outside of the packet [V0201]"
	assert_equal "${stderr_lines[3]}" "p.s:4:2: note: r2 comes from here: r2 = *(u32 *)(r6 + 0)"
	[[ $stderr == *"of which only the first 14 bytes were checked"* ]]
	[[ $stderr == *"the way here: 6: if r4 > r3 goto +1 (p.s:9), not taken"* ]]
	[[ $stderr == *"help: compare first"*"if (data + 23 + 1 > data_end)"* ]]
	[[ $stderr != *"processed "* ]]
	run -1 --separate-stderr $BPF_LD -j --no-attach p.o
	run -0 jq -r '.verifier | .program, .rule, .insn, .line, .text, .registers[0].name, .registers[0].from.insn,
		.path[0].insn, .path[0].taken' <<<"$output"
	assert_output $'f\nV0201\n7\n10\nr0 = *(u8 *)(r2 + 23)\nr2\n1\n6\nfalse'
}

@test "every code of vreason.def is explained" {
	local c
	for c in $(grep -o '^BU_VREASON("V[0-9]*' "$SRCDIR/lib/load/vreason.def" | grep -o 'V[0-9][0-9]*' | sort -u); do
		run -0 --separate-stderr $BPF_LD --explain $c
		assert_line --partial "What usually mends it: "
		refute_line --partial "%1"
	done
	run -2 $BPF_LD --explain V9999
}
