#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: batch files, commands from standard input, the interactive shell, completion.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

# complete WORD...: the candidates for the last word
complete_words()
{
	$BPFTOOL --complete -- "$@" | cut -f1
}

# ---------------------------------------------------------------- batch

@test "batch file: commands, comments, quotes" {
	cat >b <<-'EOF'
	# a comment
	version

	help  "map"   # another
	'ver'sion
	EOF
	run -0 $BPFTOOL batch file b
	assert_line --index 0 --partial '(bpfutils)'
	assert_line --regexp '^  map dump MAP( |$)'
	assert_line 'processed 3 commands'
}

@test "batch file: the first error ends it and is its status" {
	printf 'version\nmpa show\nversion\n' >b
	run -2 --separate-stderr $BPFTOOL batch file b
	assert_equal "$(grep -c bpfutils <<<"$output")" 1
	[[ ${stderr_lines[1]} == *"did you mean 'map'?"* ]]
	[[ ${stderr_lines[2]} == *"in line 2 of b"* ]]
	printf 'version\n"open\n' >b
	run -2 $BPFTOOL batch file b
	assert_output --partial 'line 2 of b: a quote is not closed'
	run -4 $BPFTOOL batch file nothing
	assert_output --partial "cannot read 'nothing': No such file"
	printf 'batch file b\n' >b
	run -1 $BPFTOOL batch file b
	assert_output --partial 'cannot run another one'
	run -2 $BPFTOOL batch
	run -2 $BPFTOOL batch file
}

@test "batch as JSON is one array of commands and outputs" {
	printf 'version\nhelp map\nprog shwo\nversion\n' >b
	run -2 --separate-stderr $BPFTOOL -j batch file b
	assert_equal "$stderr" ''
	run -0 jq -c '[.[] | [.command, (.output | type)]]' <<<"$output"
	assert_output '[[["version"],"object"],[["help","map"],"array"],[["prog","shwo"],"object"]]'
	run -2 $BPFTOOL -j batch file b
	run -0 jq -r '.[2].output.help[0]' <<<"$output"
	assert_output "did you mean 'show'?"
}

@test "commands from standard input" {
	run -0 $BPFTOOL <<<$'version\n'
	assert_line --index 0 --partial '(bpfutils)'
	run -0 $BPFTOOL -j <<<version
	run -0 jq -c '.[0].command' <<<"$output"
	assert_output '["version"]'
	run -0 $BPFTOOL </dev/null
	assert_output ''
	run -0 $BPFTOOL -j </dev/null
	assert_output '[]'
	run -2 $BPFTOOL <<<nonsense
	run -0 $BPFTOOL <<<$'version\nquit\nnonsense'
	run -0 $BPFTOOL batch file - <<<version
	assert_line 'processed 1 commands'
}

@test "a batch works on maps" {
	need_bpf
	need_pins
	cat >b <<-EOF
	map create $PINS/batch type hash key 4 value 4 entries 4 name batch
	map update pinned $PINS/batch key 1 value 2
	map update pinned "$PINS/batch" key 3 value 4
	map dump pinned $PINS/batch
	EOF
	run -0 $BPFTOOL batch file b
	assert_line 'key: 03 00 00 00  value: 04 00 00 00'
	assert_line 'Found 2 elements'
	run -0 $BPFTOOL -j map dump pinned "$PINS/batch"
	run -0 jq length <<<"$output"
	assert_output 2
}

# ---------------------------------------------------------------- shell

# typed TEXT: runs the shell on a terminal of its own and types TEXT
typed()
{
	need_cmd script
	printf "$1" | script -qec "$BPFTOOL" /dev/null
}

@test "the shell answers, keeps going after an error, and leaves with 0" {
	export XDG_STATE_HOME=$T/state HOME=$T TERM=dumb
	run -0 typed 'version\nmpa\nhelp link\nquit\n'
	assert_output --partial 'bpftool> '
	assert_output --partial '(bpfutils)'
	assert_output --partial "did you mean 'map'?"
	assert_output --partial 'link detach LINK'
}

@test "the shell keeps its history under XDG_STATE_HOME" {
	export XDG_STATE_HOME=$T/state HOME=$T TERM=dumb
	$BPFTOOL -j version | jq -e .features.readline >/dev/null || skip "needs a build with readline"
	run -0 typed 'help prog\nquit\n'
	run -0 cat "$T/state/bpfutils/bpftool_history"
	assert_line 'help prog'
	run -0 stat -c %a "$T/state/bpfutils/bpftool_history"
	assert_output 600
}

@test "Ctrl-C in the shell drops the line, not the shell" {
	export XDG_STATE_HOME=$T/state HOME=$T TERM=dumb
	$BPFTOOL -j version | jq -e .features.readline >/dev/null || skip "needs a build with readline"
	need_cmd script
	# Half a line, Ctrl-C once the shell echoes it, then a command.
	mkfifo keys
	script -fqec "$BPFTOOL" shown <keys >/dev/null &
	exec 8>keys
	eventually 10 grep -q 'bpftool> ' shown
	printf half >&8
	eventually 10 grep -q half shown
	printf '\003' >&8
	eventually 10 grep -q '\^C' shown
	printf 'help link\nquit\n' >&8
	exec 8>&-
	wait $!
	run -0 cat "$T/state/bpfutils/bpftool_history"
	assert_output "help link
quit"
}

@test "the shell completes words" {
	export XDG_STATE_HOME=$T/state HOME=$T TERM=dumb
	$BPFTOOL -j version | jq -e .features.readline >/dev/null || skip "needs a build with readline"
	run -0 typed 'vers\t\nquit\n'
	assert_output --partial '(bpfutils)'
	run -0 typed 'help li\t\nquit\n'
	assert_output --partial 'link detach LINK'
}

# ---------------------------------------------------------------- completion

@test "completion of commands and options" {
	run -0 complete_words ''
	for w in prog map link batch version help; do
		assert_line $w
	done
	run -0 complete_words map ''
	for w in show list dump lookup getnext update delete create pin; do
		assert_line $w
	done
	refute_line xlated
	run -0 complete_words prog du
	assert_output dump
	run -0 complete_words prog dump ''
	assert_output $'xlated\njited'
	run -0 complete_words --js
	assert_line --json
	run -0 complete_words --color=al
	assert_output --color=always
	run -0 complete_words --backend ''
	assert_line kernel
	run -0 complete_words --backend=k
	assert_output --backend=kernel
}

@test "completion of handles, keywords and map types" {
	run -0 complete_words map dump ''
	assert_output $'id\nname\npinned\nprog'
	run -0 complete_words prog show t
	assert_output tag
	run -0 complete_words map create /x type lru_h
	assert_output lru_hash
	run -0 complete_words map create /x type hash k
	assert_output key
	run -0 complete_words map update name x key 1 v
	assert_output value
	run -0 complete_words prog dump xlated id 1 op
	assert_output opcodes
	run -0 complete_words map show pinned ./no/such
	assert_output $'\1file'
}

@test "completion of ids and names that there are" {
	need_bpf
	need_pins
	serial
	$BPFTOOL map create "$PINS/m" type hash key 4 value 4 entries 1 name tool_complete
	run -0 complete_words map dump name tool_comp
	assert_output tool_complete
	id=$($BPFTOOL -j map show pinned "$PINS/m" | jq .id)
	run -0 complete_words map dump id ''
	assert_line "$id"
	run -0 $BPFTOOL --complete -- map dump id "$id"
	assert_line "$id	tool_complete"
}

@test "the installed completion asks the program, under its installed name" {
	need_cmd make
	run -0 make -s -C "$BUILDDIR" install-completion DESTDIR="$T/inst" prefix=/usr datadir=/usr/share \
		program_transform_name='s,^,x-,'
	run -0 ls "$T/inst/usr/share/bash-completion/completions" "$T/inst/usr/share/zsh/site-functions" \
		"$T/inst/usr/share/fish/vendor_completions.d"
	assert_line x-bpftool
	assert_line _x-bpftool
	assert_line x-bpftool.fish
	run -1 grep -r '@NAME@' "$T/inst"
	mkdir bin
	printf '#!/bin/sh\nexec %s "$@"\n' "$BPFTOOL" >bin/x-bpftool
	chmod +x bin/x-bpftool
	cat >ask.bash <<-'EOF'
	source "$1"
	complete -p x-bpftool | grep -q _bpfutils_complete || exit 1
	COMP_WORDS=(x-bpftool map du) COMP_CWORD=2
	_bpfutils_complete x-bpftool du map
	echo "${COMPREPLY[@]}"
	EOF
	PATH=$T/bin:$PATH run -0 bash ask.bash "$T/inst/usr/share/bash-completion/completions/x-bpftool"
	assert_output dump
	run -0 make -s -C "$BUILDDIR" uninstall-completion DESTDIR="$T/inst" prefix=/usr datadir=/usr/share \
		program_transform_name='s,^,x-,'
	run -0 find "$T/inst" -type f
	assert_output ''
}
