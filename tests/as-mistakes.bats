#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: ordinary mistakes. Each is one message, at the right line and column, with its code, its cause and,
# where there is one, the fix; no object is left by an error. The rows are in golden/as/mistakes.txt.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

rows()
{
	grep -v '^#' "$SRCDIR/tests/golden/as/mistakes.txt" | grep -E "^[CG]($1)\|"
}

check()
{
	local number text place severity code part help bad=0 n=0
	while IFS='|' read -r -u 3 number text place severity code part help; do
		printf '\t.section xdp\np:\n' >x.s
		printf '%s\n' "$text" | sed 's/\\n/\n/g' >>x.s
		rm -f x.o
		run --separate-stderr $BPF_AS --color=never -o x.o x.s
		n=$((n + 1))
		if [ "$severity" = error ] && [ "$status" != 1 -o -e x.o ]; then
			echo "$number: exit status $status for: $text"
			bad=1
		fi
		if [[ ${stderr_lines[0]} != "x.s:$place: $severity: "*"$part"*"[$code]"* ]]; then
			echo "$number: expected $place $severity $code '$part' for: $text"
			echo "$stderr"
			bad=1
		elif [[ $stderr != *"$help"* ]]; then
			echo "$number: expected '$help' for: $text"
			echo "$stderr"
			bad=1
		elif [ "$(grep -cE '^x\.s:[0-9]+:[0-9]+: (error|warning): ' <<<"$stderr")" != 1 ]; then
			echo "$number: more than one message for: $text"
			echo "$stderr"
			bad=1
		fi
	done 3< <(rows "$1")
	echo "# $n rows" >&3
	[ $bad = 0 ] && [ $n -gt 0 ]
}

@test "mistakes 1 to 34, in the canonical dialect and in GNU's" { check '[1-9]|[12][0-9]|3[0-4]'; }
@test "further mistakes: C, other assemblers, slips of the hand, names of every kind" { check '1[0-9][0-9]'; }

@test "every number from 1 to 34 has a row, but 8" {
	local i
	for i in {1..7} {9..34}; do
		rows $i >/dev/null || fail "$i has no row"
	done
}

@test "mistake 8: a branch 40000 away names its line, or is made to reach" {
	{ printf '\t.section xdp\np:\tr0 = 0\n\tif r1 == 0 goto end\n'; yes '	r0 = 0' | head -n 40000; printf 'end:\texit\n'; } >x.s
	run --separate-stderr $BPF_AS --diagnostics=short -o x.o x.s
	if [ $status = 0 ]; then
		run -0 $BPF_AS -d x.o
		assert_output --partial gotol
	else
		[[ $stderr == 'x.s:3:18: error: target is '*'[A0166]'* ]]
		assert_equal "${#stderr_lines[@]}" 1
	fi
}

@test "fixes in JSON: what the first span should be" {
	need_cmd jq
	printf '\t.section xdp\np:\tcall bpf_map_lookup_elm\n\tgotto p\n\t.sectoin x\n\tr0 = xdp_mdd.data\n\texit\n' >x.s
	run -1 --separate-stderr $BPF_AS --diagnostics=json x.s
	assert_equal "$(jq -r 'select(.fix) | "\(.spans[0].line):\(.spans[0].column):\(.spans[0].length) \(.fix)"' <<<"$stderr" | sort)" \
"2:9:18 bpf_map_lookup_elem
3:2:5 goto
4:2:8 .section
5:7:12 xdp_md.data"
	# applied, the source is right
	jq -r 'select(.fix) | "\(.spans[0].line) \(.spans[0].column) \(.spans[0].length) \(.fix)"' <<<"$stderr" |
		while read -r line col len fix; do
			awk -v l="$line" -v c="$col" -v n="$len" -v f="$fix" 'NR == l { $0 = substr($0, 1, c - 1) f substr($0, c + n) } 1' x.s >y.s
			mv y.s x.s
		done
	sed -i '/\.section x$/d; /goto p/d' x.s
	run -0 $BPF_AS -w x.s
}

@test "every code that bpf-as uses is explained, and every explained one is used" {
	local c n=0
	for c in $(cat "$SRCDIR"/bpf-as/*.c "$SRCDIR"/bpf-as/*.def | grep -o '"A0[0-9][0-9][0-9]"' | tr -d '"' | sort -u); do
		run -0 --separate-stderr $BPF_AS --explain "$c"
		assert_output --partial "$c: "
		n=$((n + 1))
	done
	[ $n -gt 60 ]
	for c in $(grep -o '^BU_DIAG("A0[0-9]*"' "$SRCDIR/lib/base/diag.def" | grep -o 'A0[0-9]*'); do
		grep -rq "\"$c\"" "$SRCDIR"/bpf-as || fail "nothing says $c"
	done
}

@test "options: what was meant" {
	run -2 --separate-stderr $BPF_AS --tracefz x.s
	[[ $stderr == *tracefs* ]]
	run -2 --separate-stderr $BPF_AS -Wunreachabel x.s
	[[ $stderr == *"did you mean 'unreachable'?"* ]]
	run -2 --separate-stderr $BPF_AS -mdialect=gnuu x.s
	[[ $stderr == *gnu* ]]
}
