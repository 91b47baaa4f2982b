#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool.8 and the program agree; its examples work.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	MAN=$SRCDIR/man/bpftool.8
}

@test "bpftool.8 has every command and no other" {
	$BPFTOOL -j help | jq -r '.[].command' | sort >"$T/program"
	# the macros between the words away, and what begins with a capital
	sed -n 's/^\.It Cm //p' "$MAN" | sed 's/ \(Ar\|Op\|Oo\|Bro\) .*//; s/ Cm / /g' |
		sed 's/ key$//' | sort -u >"$T/page"
	sort -u -o "$T/program" "$T/program"
	run -0 diff "$T/program" "$T/page"
}

@test "bpftool.8 has every option and no other" {
	run -0 $BPFTOOL help
	grep -oE -- '^  (-.,)? *--[a-z-]+' <<<"$output" | sed 's/.*--//' | sort >"$T/program"
	sed -n 's/^\.It .*Fl -\([a-z-]*\).*/\1/p' "$MAN" | sort >"$T/page"
	[ -s "$T/page" ]
	run -0 diff "$T/program" "$T/page"
}

@test "bpftool.8: each example runs" {
	need_cmd jq
	local line root='' n=0
	local -a commands=()
	while IFS= read -r line; do
		case $line in
		'# root') root=1 ;;
		'$ '*)
			line=${line#'$ '}
			line=${line//'\e'/\\}
			commands+=("$root:$line")
			root=
			;;
		esac
	done <"$MAN"
	[ "${#commands[@]}" -ge 10 ]
	need_bpf
	need_bpffs
	need_root
	serial
	tools_in_path "$T/bin"
	[ ! -e /sys/fs/bpf/ages ]
	for line in "${commands[@]}"; do
		line=${line#*:}
		echo "\$ $line"
		run -0 bash -o pipefail -c "$line"
		n=$((n + 1))
	done
	[ ! -e /sys/fs/bpf/ages ]
	assert_equal $n "${#commands[@]}"
}

@test "--explain knows bpftool's codes" {
	for code in T0102 T0103 T0104 T0105 T0106 T0109 U0001; do
		run -0 $BPFTOOL --explain $code
		assert_line --index 0 --partial "$code: "
		run -0 $BPFTOOL -j --explain=$code
		run -0 jq -r .code <<<"$output"
		assert_output $code
	done
	run -2 $BPFTOOL --explain X9999
}
