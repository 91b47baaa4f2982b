#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the documents say is true: pages are well formed, name the options that there are, and
# every example in them runs. The examples of one document are one session, in order, in a
# directory that holds examples/ and the sources in it, with our programs first in PATH.
#
#   README.md    ```console blocks; a line that begins with "$ " is a command
#   man pages    .Bd -literal blocks; the same
#   a listing    a block that begins with "# file: NAME" or "/* file: NAME */" becomes that file
#   marks        a comment line before a command: "# root" (needs root and bpf(2)), "# kprobes"
#                (needs root and a kernel with kprobes); after it: "# exit N"

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	# Examples of the VM must not touch the world of who runs the tests.
	! _is_mounted tmpfs /dev/shm || need_world
}

teardown()
{
	drop_world
	# Examples may pin into directories of this name.
	[ "$(id -u)" != 0 ] || rm -rf /sys/fs/bpf/example
}

pages()
{
	ls "$SRCDIR"/man/*.[1-8]
}

# Literal blocks of a document as text, each headed by a line "%% KIND".
blocks() # FILE
{
	case $1 in
	*.md)
		awk '/^```/ { if (on) on = 0; else { on = 1; print "%% " substr($0, 4) }; next } on' "$1" ;;
	*)
		awk '/^\.Bd .*-literal/ { on = 1; print "%% console"; next } /^\.Ed/ { on = 0 } on' "$1" |
			sed -e 's/\\&//g; s/\\-/-/g; s/\\(dq/"/g; s/\\(aq/'\''/g; s/\\(ga/`/g' \
				-e 's/\\(ti/~/g; s/\\(ha/^/g; s/\\(at/@/g; s/\\e/\\/g; s/\\(rs/\\/g' ;;
	esac
}

# Unpacks a document: listings become files here, the commands go to ./session, one a line as
# MARK<TAB>STATUS<TAB>COMMAND.
unpack_examples() # FILE
{
	cp -r "$SRCDIR/examples" .
	cp examples/*.s .
	blocks "$1" | awk '
		function flush() {
			if (cmd != "")
				print mark "\t" status "\t" cmd >>"session"
			cmd = ""; mark = "any"; status = 0
		}
		BEGIN { flush() }
		/^%% / { flush(); kind = $2; first = 1; file = ""; next }
		first && /^(#|\/\*) file: / { file = $3; printf "" >file; first = 0 }
		{ first = 0 }
		file != "" { print >>file; next }
		kind != "console" { next }
		/^# (root|kprobes)$/ { flush(); mark = $2; next }
		/^# exit [0-9]+$/ { status = $3; next }
		/^\$ / { m = mark; if (cmd != "") { flush(); m = "any" }; mark = m; cmd = substr($0, 3) }
		END { flush() }'
	touch session
}

# Runs the session: privileged or not.
run_examples() # FILE yes|no
{
	local mark status cmd got n=0
	unpack_examples "$1"
	tools_in_path "$T/bin"
	if [ -n "$_emu" ]; then
		printf '#!/bin/sh\necho %s\n' "$($_emu "$BUILDDIR/tests/probe" machine)" >"$T/bin/uname"
		chmod +x "$T/bin/uname"
	fi
	while IFS=$'\t' read -r mark status cmd; do
		case $mark in
		root) [ "$2" = yes ] || continue ;;
		kprobes)
			[ "$2" = yes ] || continue
			_have_kprobes || continue
			;;
		esac
		got=0
		timeout -k 5 60 sh -c "$cmd" </dev/null >out 2>err 3>&- || got=$?
		if [ "$got" != "$status" ]; then
			echo "${1##*/}: \$ $cmd"
			echo "exit status $got, should be $status; it printed:"
			head -n 40 out err
			return 1
		fi
		n=$((n + 1))
	done <session
	echo "${1##*/}: $n commands"
}

# The options a tool's --help lists, one a line: "-x", "--long".
options_of_help() # COMMAND...
{
	"$@" --help | sed -n 's/^ \{1,6\}\(-.*\)/\1/p' | sed 's/   *.*//' |
		grep -oE -- '(^|[ ,])--?[A-Za-z][A-Za-z0-9-]*' | tr -d ' ,' | sort -u
}

# The options that a page describes in its lists.
options_of_page() # FILE
{
	sed -n 's/^\.It Fl //p' "$1" | sed 's/\\-/-/g; s/\\&//g' | awk '{
		fl = 1 # the first word follows a Fl
		for (i = 1; i <= NF; i++) {
			if ($i == "Fl") { fl = 1; continue }
			w = $i
			sub(/[=,\[].*/, "", w)
			if (fl && w ~ /^-?[A-Za-z][A-Za-z0-9-]*$/)
				print "-" w
			fl = 0
		}
	}' | sort -u
}

same_options() # PAGE TOOL
{
	local page=$SRCDIR/man/$1
	shift
	options_of_help "$@" >"$T/help"
	options_of_page "$page" >"$T/page"
	[ -s "$T/help" ] || fail "no options found in the help of $*"
	diff -u --label "$* --help" --label "${page##*/}" "$T/help" "$T/page"
}

@test "mandoc finds nothing to say about the pages" {
	need_cmd mandoc
	local page
	for page in $(pages); do
		run -0 mandoc -Tlint -Wwarning "$page"
		assert_output ''
	done
}

@test "groff finds nothing to say about the pages" {
	need_cmd groff
	local page
	for page in $(pages); do
		run -0 groff -mdoc -Tutf8 -ww -z "$page"
		assert_output ''
	done
}

@test "every program has a page, and bpf-asm(7), bpf-vm(7)" {
	local f
	for f in bpf-as.1 bpf-ld.1 bpftool.8 bpf-asm.7 bpf-vm.7; do
		assert [ -s "$SRCDIR/man/$f" ]
	done
}

@test "bpf-as: page and --help name the same options" {
	same_options bpf-as.1 $BPF_AS
}

@test "bpf-ld: page and --help name the same options" {
	same_options bpf-ld.1 $BPF_LD
}

@test "bpftool: page and --help name the same options" {
	same_options bpftool.8 $BPFTOOL
}

@test "no two options of a program have one letter" {
	local p
	for p in "$BPF_AS" "$BPF_LD" "$BPFTOOL"; do
		run -0 $p --help
		run -0 bash -c "grep -oE '^ +-[A-Za-z],' | sort | uniq -d" <<<"$output"
		assert_output ""
	done
}

@test "an example that fails, or says another status, is found" {
	mkdir "$T/doc"
	cat >"$T/doc/x.md" <<-'END'
		```
		# file: a.txt
		hello
		```
		```console
		$ grep -q hello a.txt
		$ exit 3
		# exit 3
		# root
		$ false
		```
	END
	printf '.Bd -literal -offset indent\n$ test "\\e" = "\\e\\&"\n$ false\n.Ed\n' >"$T/doc/x.1"
	run -0 run_examples "$T/doc/x.md" no
	assert_output 'x.md: 2 commands'
	rm -rf examples session
	run -1 run_examples "$T/doc/x.md" yes
	assert_line 'x.md: $ false'
	rm -rf examples session
	run -1 run_examples "$T/doc/x.1" no
	assert_line 'x.1: $ false'
}

@test "README: examples run" {
	run_examples "$SRCDIR/README.md" no
}

@test "README: examples run, those for root too" {
	need_root
	need_bpf
	serial # some list all objects of the machine
	need_tracefs
	run_examples "$SRCDIR/README.md" yes
}

@test "man pages: examples run" {
	local page
	for page in $(pages); do
		mkdir "$T/${page##*/}"
		cd "$T/${page##*/}"
		run_examples "$page" no
	done
}

@test "man pages: examples run, those for root too" {
	need_root
	need_bpf
	serial
	need_tracefs
	need_bpffs
	local page
	for page in $(pages); do
		mkdir "$T/${page##*/}"
		cd "$T/${page##*/}"
		run_examples "$page" yes
	done
}
