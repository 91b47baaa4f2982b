#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: every mistake is an error with its place, and leaves no object.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# The file's own comments say which lines are wrong and how.
check()
{
	local src=$SRCDIR/tests/golden/as/$1 line text
	run -1 --separate-stderr $BPF_AS --diagnostics=short -o x.o "$src"
	assert [ ! -e x.o ]
	assert_equal "$output" ''
	awk -F'ERROR(-ABOVE)? "' '/\/\/ ERROR/ {
		l = NR; if ($0 ~ /ERROR-ABOVE/) l--
		sub(/"[^"]*$/, "", $2); print l "\t" $2
	}' "$src" >expected
	sed -nE 's/^.*\.s:([0-9]+):[0-9]+: error: /\1\t/p' <<<"$stderr" >got
	echo "$stderr" # shown when something below fails
	assert_equal "$(cut -f1 got)" "$(cut -f1 expected)"
	while IFS=$'\t' read -r -u 3 line text && IFS=$'\t' read -r -u 4 _ msg; do
		[[ $msg == *"$text"* ]] || fail "line $line: expected '$text', got '$msg'"
	done 3<expected 4<got
}

@test "mistakes in instructions" { check err-insn.s; }
@test "values and memory" { check err-imm.s; }
@test "names" { check err-names.s; }
@test "flow" { check err-flow.s; }
@test "directives" { check err-dir.s; }
@test "maps" { check err-map.s; }
@test "declarations of types" { check err-types.s; }
@test "variables, prototypes, externs" { check err-funcs.s; }
@test "CO-RE" { check err-core.s; }
@test "maps by type, elements, inner maps" { check err-maps.s; }
@test "members and sizes in expressions" { check err-typexpr.s; }

@test "an error shows the line, a caret and the cause" {
	printf '\t.section xdp\np:\tcall bpf_map_lookup_elm\n\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS --color=never x.s
	assert_equal "$stderr" "x.s:2:9: error: no helper function is called 'bpf_map_lookup_elm' [A0113]
    2 | p:	call bpf_map_lookup_elm
      |   	     ^~~~~~~~~~~~~~~~~~
      = help: did you mean 'bpf_map_lookup_elem'?"
}

@test "a label defined twice shows both places" {
	printf 'a:\texit\nb:\texit\na:\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS --color=never x.s
	assert_equal "${stderr_lines[0]}" "x.s:3:1: error: 'a' is defined twice [A0111]"
	[[ $stderr == *'x.s:1:1: note: first defined here'* ]]
}

@test "a branch that is too far" {
	{ printf 'p:\tgoto end\n'; yes '	r0 = 0' | head -n 40000; printf 'end:\texit\n'; } >x.s
	run -1 --separate-stderr $BPF_AS -mno-relax x.s
	[[ $stderr == *'x.s:1:9: error: target is 40000 instructions away'*gotol* ]]
	sed -i 1s/goto/gotol/ x.s
	run -0 $BPF_AS x.s
}

@test "columns stay right behind comments and in included files" {
	printf '\tr0 = /* one */ r11\n' >inc.s
	printf '/* two\nlines */ .include "inc.s"\n' >x.s
	run -1 --separate-stderr $BPF_AS --color=never x.s
	assert_equal "${stderr_lines[0]}" "inc.s:1:17: error: there is no register 'r11' [A0151]"
	[[ $stderr == *'included from x.s:2'* ]]
}

@test "20 errors are shown, the others counted" {
	yes '	r11 = 1' | head -n 30 >x.s
	run -1 --separate-stderr $BPF_AS --diagnostics=short x.s
	assert_equal "$(grep -c ': error: ' <<<"$stderr")" 20
}

@test "errors as JSON, one object a line" {
	need_cmd jq
	printf '\tr11 = 1\n\tr12 = 1\n' >x.s
	run -1 --separate-stderr $BPF_AS --diagnostics=json x.s
	assert_equal "$(jq -r '.code' <<<"$stderr" | xargs)" 'A0151 A0151'
	assert_equal "$(jq -r '.spans[0].line' <<<"$stderr" | xargs)" '1 2'
}

@test "an error leaves the old object as it was" {
	echo old >x.o
	printf '\tr11 = 1\n' >x.s
	run -1 $BPF_AS x.s
	assert_equal "$(cat x.o)" old
	assert_equal "$(echo *)" 'x.o x.s'
}

@test "every code used is explained" {
	local c
	for c in $(grep -oh '"A01[0-9][0-9]"' "$SRCDIR"/bpf-as/*.c | tr -d '"' | sort -u); do
		run -0 --separate-stderr $BPF_AS --explain "$c"
		assert_output --partial "$c: "
	done
	run -2 $BPF_AS --explain A9999
}

@test ".map beside a .BTF of the source" {
	printf '\t.map m, array, key=u32, value=u32, max_entries=1\n\t.section .BTF\n\t.byte 1\n' >x.s
	run -1 --separate-stderr $BPF_AS x.s
	[[ $stderr == *'x.s:1:7: error: .map needs the .BTF'* ]]
}

@test "warnings: a section name that is nearly one, code without a function" {
	printf '\t.section kprob/f\np:\texit\n\t.section xdp\n\texit\n' >x.s
	run -0 --separate-stderr $BPF_AS --color=never x.s
	[[ $stderr == *"warning: no kind of program is called 'kprob'"*"did you mean 'kprobe'?"* ]]
	[[ $stderr == *"warning: section 'xdp' has code and no function"* ]]
}

@test "hostile text: no crash, no endless loop" {
	local f
	printf 'a\0b\n\tr1 = \0\n' >n.s
	printf '\t.set a, ' >deep.s; printf '(%.0s' {1..5000} >>deep.s
	for i in $(seq 3000 -1 1); do printf '\t.set s%d, s%d + 1\n' "$i" $((i - 1)); done >chain.s
	printf '\t.8byte s3000\n\t.set s0, 1\n' >>chain.s
	printf '\t.include "self.s"\n' >self.s
	printf '\t.fill 0x7fffffff, 8, 1\n\t.zero 0x7fffffff\n\t.zero 0x7fffffff\n' >big.s
	printf '\t.bss\n\t.zero 0x7fffffff\n\t.zero 0x7fffffff\n' >bss.s
	printf '/*' >open.s
	printf '\t.section xdp\np:\t.byte 1\n\tr0 = 0\n' >odd.s
	for f in n deep self big bss open odd chain; do
		run -1 timeout 20 $BPF_AS $f.s
	done
	printf '' >empty.s
	run -0 $BPF_AS empty.s
}

@test "an undefined label at the end of a section is one error" {
	printf '\t.section xdp\np:\tgoto nowhere\n' >x.s
	run -1 $BPF_AS --diagnostics=short x.s
	assert_output "x.s:2:9: error: 'nowhere' is not defined [A0112]"
}

@test "a function with the name of a helper is a warning, call local reaches it" {
	printf '\t.section xdp\np:\tcall local bpf_ktime_get_ns\n\texit\n\t.text\nbpf_ktime_get_ns:\texit\n' >x.s
	run -0 $BPF_AS x.s
	assert_line --partial "x.s:5:1: warning: function 'bpf_ktime_get_ns' has the name of a helper [A0114]"
	run -0 $BPF_AS -d x.o
	assert_line --partial 'call local bpf_ktime_get_ns'
}
