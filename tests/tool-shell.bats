#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: what lines can do beside commands; the shell on a terminal; what completion knows of objects.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	load tool_helper
	export XDG_STATE_HOME=$T/state HOME=$T TERM=dumb
}

teardown()
{
	zoo_end
	drop_pins
}

# ---------------------------------------------------------------- lines

@test "a line's output goes to a file, behind a file, to a command; ! is the shell's" {
	cat >b <<-'EOF'
	version > f
	version >> f
	help map >'a file'
	version | sed 's/^features/FEATURES/'
	!echo "from the shell" $((1 + 1))
	apropos pin map
	EOF
	run -0 $BPFTOOL batch file b
	assert_line --regexp '^FEATURES: '
	assert_line 'from the shell 2'
	assert_line --regexp '^map pin +pin a map$'
	assert_line 'processed 6 commands'
	refute_line --partial '(bpfutils)'$'\n'
	assert_equal "$(grep -c '(bpfutils)' f)" 2
	grep -q 'map dump MAP' 'a file'
}

@test "lines with redirections in a batch with JSON: each file is a document, their output here is null" {
	printf 'version > f\nversion | jq -c .features >g\n!true\nversion\n' >b
	run -0 $BPFTOOL -j batch file b
	run -0 jq -c '[.[] | [.command[0], (.output | type)]]' <<<"$output"
	assert_output '[["version","null"],["version","null"],["true","null"],["version","object"]]'
	run -0 jq -r '.version | type' f
	assert_output string
	run -0 jq -r '.readline | type' g
	assert_output boolean
}

@test "a line that is no line ends a batch at its number" {
	local n=0 line
	while IFS= read -r line; do
		printf 'version >/dev/null\n%s\nversion\n' "$line" >b
		run -2 --separate-stderr $BPFTOOL batch file b
		[[ $stderr == *"line 2 of b: "* ]] || fail "$line: $stderr"
		run -2 $BPFTOOL -j batch file b
		run -0 jq -r '.[1].output.error | length > 5' <<<"$output"
		assert_output true
		n=$((n + 1))
	done <<-'EOF'
	version >
	version > a > b
	version > a | cat
	version |
	| cat
	> f
	version > a b
	version 'x
	EOF
	assert_equal $n 8
	printf 'version | exit 7\nversion\n' >b
	run -7 $BPFTOOL batch file b
	printf 'version > no/such/dir\n' >b
	run -4 $BPFTOOL batch file b
	printf '!exit 9\n' >b
	run -9 $BPFTOOL batch file b
}

@test "a reader that leaves early is no error" {
	printf 'help | head -n 1\nversion\n' >b
	run -0 $BPFTOOL batch file b
	assert_line 'processed 2 commands'
}

# ---------------------------------------------------------------- commands about commands

@test "watch runs a command until it is interrupted" {
	# timeout's own status would be 124
	run -0 timeout -s INT --preserve-status 1 $BPFTOOL watch 0.2 version
	[ "$(grep -c '(bpfutils)' <<<"$output")" -ge 2 ]
	assert_line --regexp '^every 0.2s: version  ..:..:..$'
	run -0 timeout -s INT --preserve-status 1 $BPFTOOL -j watch 200ms version
	run -0 jq -s 'length >= 2 and (map(type) | unique == ["object"])' <<<"$output"
	assert_output true
	run -2 $BPFTOOL watch
	run -2 $BPFTOOL watch 0 version
	run -2 $BPFTOOL watch 1 nonsense
	run -2 $BPFTOOL watch watch version
}

@test "apropos finds commands by words" {
	run -0 $BPFTOOL apropos QUEUE element
	assert_line --regexp '^map peek '
	refute_line --regexp '^prog show '
	run -0 $BPFTOOL -j apropos tracelog
	run -0 jq -c '[.[].command]' <<<"$output"
	assert_output '["prog tracelog"]'
	run -1 $BPFTOOL -j apropos no-such-thing
	assert_output '[]'
	run -2 $BPFTOOL apropos
}

@test "set and asm say where they belong" {
	run -0 $BPFTOOL -j set
	run -0 jq -c '[.json, .pretty, .backend | type]' <<<"$output"
	assert_output '["boolean","boolean","string"]'
	run -2 $BPFTOOL set json on
	assert_output --partial 'belongs to the shell'
	run -2 $BPFTOOL asm /x
	assert_output --partial 'belongs to the shell'
}

@test "asm: a program in a batch" {
	need_bpf
	need_pins
	cat >b <<-EOF
	asm $PINS/p
	        .license "GPL"
	        .section socket
	small:  r0 = 5
	        exit
	end
	prog show pinned $PINS/p
	EOF
	run -0 $BPFTOOL batch file b
	assert_line --regexp '^[0-9]+: socket_filter  name small '
	run -0 $BPFTOOL -j prog dump xlated pinned "$PINS/p"
	run -0 jq -r '.[-2].disasm' <<<"$output"
	assert_output --partial 'r0 = 5'
	printf 'asm %s/q\nr0 = nonsense\nend\nversion\n' "$PINS" >b
	run -1 $BPFTOOL batch file b
	assert_output --partial 'the block was not assembled'
	assert_output --partial 'in line 3 of b'
	printf 'asm %s/q\nr0 = 0\n' "$PINS" >b
	run -1 $BPFTOOL batch file b
	assert_output --partial "the block has no line 'end'"
	[ ! -e "$PINS/q" ]
}

# ---------------------------------------------------------------- the shell

@test "shell: an error ends nothing; set, apropos, pipes, files, source" {
	need_readline
	printf 'version\nnonsense\nversion\n' >s
	on_tty <<-EOF
	expect bpftool> 
	send mpa show\n
	expect did you mean 'map'?
	expect bpftool> 
	send version | tr a-z A-Z\n
	expect (BPFUTILS)
	expect bpftool> 
	send help > $T/help\n
	expect bpftool> 
	send set json on\n
	expect bpftool> 
	send set\n
	expect {"json":true,
	expect bpftool> 
	send version\n
	expect {"version":
	expect bpftool> 
	send set json off\n
	expect bpftool> 
	send source $T/s\n
	expect (bpfutils)
	expect 'nonsense' is no command
	expect bpftool> 
	none (bpfutils)
	send !echo out\$((6 * 7))\n
	expect out42
	expect bpftool> 
	send apropos tracelog\n
	expect prog tracelog
	send quit\n
	EOF
	grep -q 'map dump MAP' help
	run -0 cat state/bpfutils/bpftool_history
	assert_line 'mpa show'
	assert_line "help > $T/help"
}

@test "shell: Ctrl-C stops watch, and a command that waits, and the shell stays" {
	need_readline
	on_tty <<-'EOF'
	expect bpftool> 
	send watch 1 version\n
	expect every 1s
	send \x03
	expect bpftool> 
	send !exec python3 -c 'import time; print("sle%dping" % 2, flush=True); time.sleep(30)'\n
	expect sle2ping
	send \x03
	expect bpftool> 
	send version\n
	expect (bpfutils)
	expect bpftool> 
	send quit\n
	EOF
}

@test "shell: a block of assembler, completed and loaded" {
	need_bpf
	need_pins
	need_readline
	on_tty <<-EOF
	expect bpftool> 
	send asm $PINS/tty\n
	expect asm> 
	send .section socket\n
	expect asm> 
	send typed: call bpf_get_prandom\t\n
	expect bpf_get_prandom_u32
	expect asm> 
	send exit\n
	expect asm> 
	send end\n
	expect bpftool> 
	send prog show pinned $PINS/tty\n
	expect name typed
	expect bpftool> 
	send map create $PINS/m type hash key 4 value 4 entries 4 name tool_sh_tab\n
	expect bpftool> 
	send map update name tool_sh_tab key 4242 value 7\n
	expect bpftool> 
	send map lookup name tool_sh_t\t key 42\t\n
	expect 4242
	expect value: 07 00 00 00
	expect bpftool> 
	send map dump pinned $PINS/\t\n
	expect $PINS/m
	expect Found 1 element
	send quit\n
	EOF
}

@test "shell: set backend goes over to the VM's world" {
	need_readline
	need_world
	on_tty <<-'EOF'
	expect bpftool> 
	send set backend vm\n
	expect bpftool> 
	send world show\n
	expect world /dev/shm/
	expect bpftool> 
	send set\n
	expect backend  vm
	send quit\n
	EOF
}

# ---------------------------------------------------------------- completion

complete_words()
{
	$BPFTOOL --complete -- "$@" | cut -f1
}

@test "completion of keys of the map on the line, of pins, of objects' parts" {
	need_bpf
	need_pins
	$BPFTOOL map create "$PINS/k4" type hash key 4 value 4 entries 4 name tool_k4
	$BPFTOOL map create "$PINS/k3" type hash key 3 value 4 entries 4 name tool_k3
	$BPFTOOL map update pinned "$PINS/k4" key 70000 value 1
	$BPFTOOL map update pinned "$PINS/k4" key 5 value 1
	$BPFTOOL map update pinned "$PINS/k3" key 1 2 3 value 1
	run -0 complete_words map lookup pinned "$PINS/k4" key ''
	assert_line 70000
	assert_line 5
	assert_line hex
	run -0 complete_words map lookup pinned "$PINS/k4" key hex ''
	assert_line 70110100
	run -0 complete_words map delete pinned "$PINS/k3" key ''
	assert_line 1
	run -0 complete_words map delete pinned "$PINS/k3" key 1 2 ''
	assert_output $'3'
	run -0 complete_words map update pinned "$PINS/k4" key 5 value ''
	refute_line 70000
	run -0 complete_words map dump pinned "$PINS/"
	assert_output "$PINS/k3
$PINS/k4"
	run -0 complete_words prog show pinned "$PINS/"
	assert_output $'\1file'
	printf '.license "GPL"\n.map tool_m, hash, key=u32, value=u32, max_entries=1\n.section xdp\ntool_p: r1 = tool_m ll\nr0 = 0\nexit\n' >o.s
	run -0 $BPF_AS -o o.o o.s
	run -0 complete_words prog load o.o /x map name ''
	assert_output tool_m
}

@test "completion of links and BTF says what they are; cut words and options do not stop it" {
	need_bpf
	serial
	zoo rawtp
	l=$(id_of link rawtp)
	run -0 $BPFTOOL --complete -- link show id "$l"
	assert_output "$l	raw_tracepoint"
	p=$(id_of prog rawtp)
	run -0 $BPFTOOL --complete -- -j p s id "$p"
	assert_output "$p	rawtp"
	run -0 complete_words --backend kernel pr d x id 1 op
	assert_output opcodes
	run -0 complete_words prog load -d x.o /p ty
	assert_output type
}

@test "completion on the VM offers the world's objects" {
	need_world
	$BPFTOOL --vm map show >/dev/null 2>&1
	$BPFTOOL --vm map create /sys/fs/bpf/m type hash key 4 value 4 entries 4 name only_in_world
	run -0 complete_words --vm map dump name only
	assert_output only_in_world
	run -0 complete_words --backend=vm map dump name only
	assert_output only_in_world
}

@test "completion is bounded: of thousands of maps a thousand is offered, at once" {
	need_world
	export BPFUTILS_BACKEND=vm
	$BPFTOOL map show >/dev/null 2>&1
	seq 1500 | sed "s,.*,map create /sys/fs/bpf/b& type array key 4 value 4 entries 1 name bound_&," >b
	run -0 $BPFTOOL batch file b
	before=$EPOCHREALTIME
	run -0 complete_words map dump name bound_
	after=$EPOCHREALTIME
	[ "${#lines[@]}" -le 1000 ]
	[ "${#lines[@]}" -ge 50 ]
	# 0.3 s of looking, and what a loaded machine and an emulator add
	[ $((${after/./} - ${before/./})) -lt 5000000 ]
}
