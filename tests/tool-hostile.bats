#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool among files, terminals, namespaces and pins that mean it no good.
# shellcheck disable=SC2034,SC2154 # for and from what is loaded

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	load net_helper
	export XDG_STATE_HOME=$T/state HOME=$T TERM=dumb
}

teardown()
{
	zoo_end
	net_teardown
	drop_pins
}

# ---------------------------------------------------------------- lines

@test "a batch file that cannot be read to its end is an error" {
	mkdir dir
	for cmd in source "batch file"; do
		# shellcheck disable=SC2086
		run -4 --separate-stderr $BPFTOOL $cmd dir
		assert_equal "$stderr" "bpftool: error: cannot read 'dir': Is a directory [U0002]"
		# shellcheck disable=SC2086
		run -4 --separate-stderr $BPFTOOL -j $cmd dir
		run -0 jq -c . <<<"$output"
		assert_output '[]'
	done
	run -4 --separate-stderr $BPFTOOL <dir
	assert_equal "$stderr" "bpftool: error: cannot read standard input: Is a directory [U0002]"
}

@test "what stands behind a NUL byte in a line is not left out in silence" {
	printf 'version\0 nonsense\nversion\n' >b
	run -2 --separate-stderr $BPFTOOL batch file b
	assert_equal "$stderr" 'bpftool: error: line 1 of b: there is a NUL byte in it [U0001]'
	refute_output --partial readline
}

@test "names in messages of lines are text without control bytes" {
	name=$'\e[31mred'
	printf 'version > "no%s/x"\n' "$name" >"b$name"
	run -4 $BPFTOOL batch file "b$name"
	assert_line "bpftool: error: cannot write 'no\\x1b[31mred/x': No such file or directory [U0002]"
	printf '"\n' >"b$name"
	run -2 $BPFTOOL batch file "b$name"
	assert_line "bpftool: error: line 1 of b\\x1b[31mred: a quote is not closed [U0001]"
}

@test "standard output and error that are closed are not the next file that is opened" {
	printf 'nosuch > f\n' >b
	run -2 bash -c '"$@" <b 2>&-' - $BPFTOOL
	run -0 cat f
	assert_output ''
	printf 'version > f\n' >b
	run -0 bash -c '"$@" <b >&-' - $BPFTOOL
	assert_equal "$(wc -l <f)" 2
}

@test "watch takes a cut word for the command that it is" {
	run timeout 5 $BPFTOOL --vm watch 60 w nosuch
	assert_output --partial "'nosuch' does not go with 'world'"
	run -2 $BPFTOOL watch wat version
	assert_output --partial "'watch' does not watch itself"
}

# ---------------------------------------------------------------- shell

@test "shell: a history that is no file is left alone; two shells' histories come together" {
	need_readline
	mkdir -p state/bpfutils
	mkfifo state/bpfutils/bpftool_history
	on_tty <<-'EOF'
	expect is no file
	expect bpftool>
	send version\n
	expect features
	send quit\n
	EOF
	rm state/bpfutils/bpftool_history
	# the second begins and ends while the first one runs
	cat >inner <<-'EOF'
	expect bpftool>
	send help map\n
	expect map dump
	send quit\n
	EOF
	on_tty <<-EOF
	expect bpftool>
	send version\n
	expect features
	send !python3 $SRCDIR/tests/ontty.py $BPFTOOL <inner >/dev/null\n
	expect bpftool>
	send version\n
	expect features
	send quit\n
	EOF
	run -0 cat state/bpfutils/bpftool_history
	assert_line 'help map'
	assert_equal "$(grep -cx version state/bpfutils/bpftool_history)" 2
}

@test "shell: Ctrl-C leaves a block of assembler" {
	need_readline
	on_tty <<-EOF
	expect bpftool>
	send asm $PINS/no\n
	expect asm>
	send r0 = 1
	send \x03
	expect nothing is assembled
	expect bpftool>
	send version\n
	expect features
	expect bpftool>
	send \x04
	EOF
}

@test "shell: source - reads the terminal up to Ctrl-D, and goes on" {
	need_readline
	on_tty <<-EOF
	expect bpftool>
	send source -\n
	send version\n
	expect features
	send \x04
	expect bpftool>
	send version\n
	expect features
	send quit\n
	EOF
}

# ---------------------------------------------------------------- objects

@test "mem of thousands of pinned maps takes no memory that grows with their square" {
	need_bpf
	need_pins
	need_cmd prlimit
	! grep -q 'enable-sanitizers' "$BUILDDIR/config.status" || skip "needs a build without sanitizers"
	[ -z "${_emu:-}" ] || skip "needs programs that run without an emulator"
	for i in $(seq 4000); do
		echo "map create $PINS/m$i type array key 4 value 4 entries 1 name many"
	done >b
	run -0 $BPFTOOL batch file b
	run -0 prlimit --as=50000000 $BPFTOOL mem
	assert_line --regexp '^total .* maps'
}

@test "pins in forty directories, each in the one before, are found" {
	need_bpf
	need_pins
	dir=$PINS
	for i in $(seq 40); do dir=$dir/d$i; done
	mkdir -p "$dir"
	run -0 $BPFTOOL map create "$dir/deep" type array key 4 value 4 entries 1 name deep
	run -0 $BPFTOOL -j -f map show pinned "$dir/deep"
	run -0 jq -r '.pinned[]' <<<"$output"
	assert_output "$dir/deep"
}

@test "unload waits for a prog_array without opening it, which would keep it for ever" {
	need_bpf
	need_pins
	need_cmd strace
	need_native
	$BPFTOOL map create "$PINS/p" type prog_array key 4 value 4 entries 1 name leaves
	id=$($BPFTOOL -j map show pinned "$PINS/p" | jq .id)
	ASAN_OPTIONS=detect_leaks=0 strace -qq -e trace=bpf,unlink -o calls $BPFTOOL map unload id "$id" >out
	run -0 cat out
	assert_line "map $id is gone"
	# after its pin went nobody opens it
	run -0 awk '/^unlink/ { on = 1 } on && /BPF_MAP_GET_FD_BY_ID/ { print }' calls
	assert_output ''
}

@test "asm without a path prints the instructions, or what is wrong in which line" {
	need_native
	printf 'asm\nr0 = 1\nr1 = 2 ll\nexit\nend\n' >b
	run -0 $BPFTOOL batch file b
	assert_line --regexp '^ +1: \(18\) r1 = 0x2$'
	assert_line --regexp '^ +b7 00 00 00 01 00 00 00$'
	run -0 $BPFTOOL -j batch file b
	run -0 jq -c '.[0].output.sections[0].insns | map(.pc)' <<<"$output"
	assert_output '[0,1,3]'
	printf 'asm\nr0 = 1\nr0 = = 3\nexit\nend\n' >b
	run -1 $BPFTOOL batch file b
	assert_line --partial '<stdin>:2:6: error: expected a register'
	run -1 --separate-stderr $BPFTOOL -j batch file b
	assert_equal "$stderr" ''
	run -0 jq -r '.[0].output | .error, .notes[0]' <<<"$output"
	assert_line 'the block was not assembled'
	assert_line --partial '<stdin>:2:6: error: expected a register'
	run -0 find /tmp -maxdepth 1 -name 'bpftool-asm-*' -newer b
	assert_output ''
}

@test "link: a device of another network namespace has no name here" {
	need_bpf
	need_net
	need_libnl
	ip -n "$NS" link add name here0 index 9999 type veth peer name here1 2>/dev/null || skip "needs veth devices"
	zoo_in "$NS" xdp:9999 tcx:9999
	for i in xdp tcx; do
		id=$(id_of link "$i:9999")
		run -0 $BPFTOOL -j link show id "$id"
		run -0 jq -r '[.devname, .ifindex] | @tsv' <<<"$output"
		assert_output "(unknown)	9999"
		run -0 nsenter --net="/run/netns/$NS" $BPFTOOL -j link show id "$id"
		run -0 jq -r .devname <<<"$output"
		assert_output here0
		# the same number here
		ip -n "$NS2" link add name wrong index 9999 type veth peer name wrong1 2>/dev/null || true
		run -0 nsenter --net="/run/netns/$NS2" $BPFTOOL link show id "$id"
		assert_output --partial 'ifindex (unknown)'
	done
}
