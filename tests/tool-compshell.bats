#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool's completion in the shells that it is for, as somebody types.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	export HOME=$T TERM=dumb
	mkdir bin
	printf '#!/bin/sh\nexec %s "$@"\n' "$BPFTOOL" >bin/bpftool
	chmod +x bin/bpftool
	export PATH=$T/bin:$PATH
	for shell in bash zsh fish; do
		sed 's,@NAME@,bpftool,' "$SRCDIR/bpftool/completion/$shell.in" >"$shell.completion"
	done
	touch 'one file.o' two.o
}

teardown()
{
	[ -z "${CG:-}" ] || find "$CG" -depth -type d -exec rmdir {} + || true
	drop_pins
}

# pins with names that shells have to quote
odd_pins()
{
	need_bpf
	need_pins
	$BPFTOOL map create "$PINS/a b" type array key 4 value 4 entries 1 name tool_ab
	$BPFTOOL map create "$PINS/col:on" type array key 4 value 4 entries 1 name tool_colon
}

# typed TEXT: what bash makes of TEXT and Tab, as words of a line
typed()
{
	cat >ask <<-EOF
	PS1='B''> '; bind 'set enable-bracketed-paste off'; bind 'set completion-ignore-case off'
	source $T/bash.completion
	EOF
	run -0 python3 "$SRCDIR/tests/ontty.py" bash --norc --noprofile -i <<-EOF
	send source $T/ask\n
	expect B>
	send set -- $1\t\n
	expect B>
	send printf '<%s>' "\$@"; echo ''\n
	expect B>
	send exit\n
	EOF
}

@test "bash: words, options, names that have to be quoted or have a colon" {
	need_cmd python3
	# the words of set are those of bpftool
	sed -i 's/^complete -F .*/complete -F _as_set set/' bash.completion
	cat >>bash.completion <<-'EOF'
	_as_set()
	{
		COMP_WORDS=(bpftool "${COMP_WORDS[@]:2}") COMP_CWORD=$((COMP_CWORD - 1))
		COMP_LINE="bpftool${COMP_LINE#set --}" COMP_POINT=$((COMP_POINT))
		_bpfutils_complete bpftool "$2"
	}
	EOF
	typed 'map du'
	assert_output --partial '<map><dump>'
	typed '--backend=v'
	assert_output --partial '<--backend=vm>'
	typed 'gen object x one'
	assert_output --partial '<one file.o>'
	odd_pins
	typed "map dump pinned $PINS/a"
	assert_output --partial "<map><dump><pinned><$PINS/a b>"
	typed "map dump pinned $PINS/col:o"
	assert_output --partial "<map><dump><pinned><$PINS/col:on>"
}

@test "names with control bytes are not offered: they would end the line, or act on the terminal" {
	load net_helper
	need_bpf
	need_pins
	need_cgroup
	mkdir "$CG"/$'red\e[31m' "$CG/three"
	run -0 $BPFTOOL --backend=kernel --complete -- cgroup show "$CGNAME/"
	rmdir "$CG"/$'red\e[31m' "$CG/three"
	net_teardown
	assert_line --partial "$CGNAME/three"
	refute_output --partial red
	$BPFTOOL map create "$PINS/"$'red\e[31m' type array key 4 value 4 entries 1
	$BPFTOOL map create "$PINS/three" type array key 4 value 4 entries 1
	run -0 $BPFTOOL --complete -- map dump pinned "$PINS/"
	assert_line --partial "$PINS/three"
	refute_output --partial red
}

@test "zsh: words with what they mean, files, names that have to be quoted" {
	need_cmd zsh python3
	mkdir functions
	mv zsh.completion functions/_bpftool
	cat >before <<-EOF
	expect #
	send unset zle_bracketed_paste; PS1='Z''> '; fpath=($T/functions \$fpath); autoload -U compinit; compinit -u -D; print rea''dy\n
	expect ready
	send bpftool feature list_b\t
	expect uiltins
	send \x20prog_t\t\n
	expect socket_filter
	send bpftool gen object x two\t
	expect .o
	send \x15
	send bpftool net attach xdp\t\t
	expect xdpgeneric
	send \x15
	EOF
	{ cat before; echo 'send exit\n'; } >script
	run -0 python3 "$SRCDIR/tests/ontty.py" zsh -f -i <script
	odd_pins
	cat before - >script <<-EOF
	send bpftool map dump pinned $PINS/a\t\n
	expect Found 1 element
	send bpftool map dump pinned $PINS/col\t\n
	expect Found 1 element
	send exit\n
	EOF
	run -0 python3 "$SRCDIR/tests/ontty.py" zsh -f -i <script
}

@test "fish: words with what they mean, files, names that have to be quoted" {
	need_cmd fish
	fish_completes() { run -0 fish --no-config -c 'source fish.completion; complete -C $argv[1]' "$1"; }
	fish_completes 'bpftool map du'
	assert_output 'dump	print all elements'
	fish_completes 'bpftool net attach xdpg'
	assert_output xdpgeneric
	fish_completes 'bpftool --backend=v'
	assert_output --partial -- '--backend=vm'
	fish_completes 'bpftool gen object x tw'
	assert_output two.o
	odd_pins
	fish_completes "bpftool map dump pinned $PINS/"
	assert_line --partial "$PINS/a b	id "
	assert_line --partial "$PINS/col:on	id "
}
