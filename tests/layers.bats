#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The rules of the house that a machine can check: layers, silence of lib/, file lengths, licence
# lines, diagnostic codes. Each checker prints its findings, one a line; none means the rule holds.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	cd "$SRCDIR" || return 1
}

# The files of the tree by extension, whether it is a checkout or an unpacked release.
sources()
{
	find . -name .git -prune -o -name 'build*' -type d -prune -o -name autom4te.cache -prune \
		-o -name 'bpfutils-[0-9]*' -prune -o -name '_build' -prune -o -name m4 -prune \
		-o -type f -print |
		sed 's|^\./||' | grep -E "\.($1)\$" | grep -vx 'config\.h\|aclocal\.m4' | sort
}

# base <- isa <- btf <- obj <- sys <- {kern, vm} <- load <- tools
wrong_arrows()
{
	sources 'c|h|def' | grep -E '^(lib|bpf-as|bpf-ld|bpftool)/' | xargs -r grep -Hn '^[ 	]*#[ 	]*include[ 	]*"' |
		awk -F: '
		BEGIN {
			n = split("base isa btf obj sys kern load", order, " ")
			for (i = 1; i <= n; i++)
				rank[order[i]] = i
			rank["vm"] = rank["kern"]
			rank["bpf-as"] = rank["bpf-ld"] = rank["bpftool"] = n + 1
		}
		{
			split($1, dir, "/")
			from = dir[1] == "lib" ? dir[2] : dir[1]
			what = $3
			gsub(/^[^"]*"|".*$/, "", what)
			if (split(what, part, "/") < 2)
				next # of the same folder, or config.h
			to = part[1]
			if (!(to in rank))
				print $1 ":" $2 ": includes " what ", which is of no layer"
			else if (to != from && rank[to] >= rank[from])
				print $1 ":" $2 ": " from " includes " what ": the arrow points right"
			else if (to != from && what != to "/" to ".h" && what != "sys/uapi.h" &&
				 what !~ /\.def$/)
				print $1 ":" $2 ": includes " what ", which is private to " to
		}'
}

# Undefined symbols of the library that print or end the process.
loud_symbols() # ARCHIVE
{
	${NM:-nm} -u "$1" 2>/dev/null | awk '
		/:$/ { file = $1 }
		$2 ~ /^(_?_?v?f?printf(_chk)?|__f?printf_chk|__vf?printf_chk|v?dprintf|__v?dprintf_chk|f?puts|puts|f?putc|putchar|perror|stdout|stderr|v?err|v?errx|v?warn|v?warnx|v?syslog|abort|exit|_exit|_Exit|quick_exit|__assert_fail|error)(@.*)?$/ \
			{ print file " " $2 }'
}

long_files()
{
	sources 'c|h' | grep -E '^(lib|bpf-as|bpf-ld|bpftool)/' | xargs -r wc -l |
		awk '$2 != "total" && $1 > 1200 { print $2 ": " $1 " lines" }'
}

without_licence()
{
	{
		sources 'c|h|def|mk|ac|am|sh|bash|bats|s|[1-8]'
		for f in bootstrap .ci/run tests/qemu/init; do
			[ ! -e $f ] || echo $f
		done
	} | while read -r f; do
		want=GPL-2.0-or-later
		case $f in
		tests/fuzz/corpus/*) continue ;; # inputs, some of which allow no comment
		lib/*) want=LGPL-2.1-or-later ;;
		include/*) want='(LGPL-2.1 OR BSD-2-Clause)' ;; # programs of any licence include these
		esac
		case $(head -n 6 "$f") in
		*"SPDX-License-Identifier: $want"*) ;;
		*"SPDX-License-Identifier: "*) echo "$f: not $want" ;;
		*) echo "$f: no SPDX line" ;;
		esac
	done
}

diag_rows()
{
	sed -n 's/^BU_DIAG("\([A-Z][0-9]*\)".*/\1/p' lib/base/diag.def
}

diag_uses()
{
	sources c | grep -E '^(lib|bpf-as|bpf-ld|bpftool)/' |
		xargs -r grep -ohE '"[ABLOSTU][0-9]{4}"' | tr -d '"'
}

@test "includes point left, and only at public headers" {
	run -0 wrong_arrows
	assert_output ''
}

@test "the include rule finds what it is for" {
	mkdir -p "$T"/lib/{isa,btf,kern,vm} "$T/bpf-as" "$T/bpf-ld"
	cd "$T"
	printf '#include "btf/btf.h"\n' >lib/isa/a.c
	printf '#include "isa/isa.h"\n#include "isa/inner.h"\n#include "own.h"\n' >lib/btf/b.c
	printf '#include "vm/vm.h"\n' >lib/kern/c.c
	printf '#include "isa/isa.def"\n#include "load/load.h"\n' >bpf-ld/d.c
	printf '#include "bpf-ld/d.h"\n' >bpf-as/e.c
	run -0 wrong_arrows
	assert_equal "${#lines[@]}" 4
	assert_line 'lib/isa/a.c:1: isa includes btf/btf.h: the arrow points right'
	assert_line 'lib/btf/b.c:2: includes isa/inner.h, which is private to isa'
	assert_line 'lib/kern/c.c:1: kern includes vm/vm.h: the arrow points right'
	assert_line 'bpf-as/e.c:1: bpf-as includes bpf-ld/d.h: the arrow points right'
}

@test "lib/ neither prints nor exits" {
	need_cmd "${NM:-nm}"
	local lib=$BUILDDIR/lib/libbu.a
	# The tool must read these objects, else silence would prove nothing.
	run -0 "${NM:-nm}" "$lib"
	assert_output --partial ' T bu_arena_alloc'
	run -0 loud_symbols "$lib"
	assert_output ''
}

@test "no file of lib/ or a tool is longer than 1200 lines" {
	run -0 long_files
	assert_output ''
}

@test "every file carries its licence" {
	run -0 without_licence
	assert_output ''
}

@test "every diagnostic code is one row of diag.def" {
	run -0 diag_rows
	local rows=$output
	assert_equal "$(sort <<<"$rows" | uniq -d)" ''
	assert_equal "$(comm -23 <(diag_uses | sort -u) <(sort -u <<<"$rows"))" ''
}

@test "nothing is left for later" {
	run -1 grep -rnwE "TO""DO|FIX""ME" --include='*.[chs]' --include='*.def' --include='*.bats' \
		--include='*.md' lib bpf-as bpf-ld bpftool tests examples man bench
	assert_output ''
}
