#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool top: what programs cost while they run.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_cmd jq
}

teardown()
{
	[ -z "${TOP:-}" ] || kill -9 $TOP || true
	rate_end
	[ -z "${BUSY:-}" ] || touch stop
	drop_pins
	drop_world
}

# A program of name r$$ that runs 1000 times a second; its id is in $ID.
rate()
{
	[ ! -s /proc/sys/kernel/bpf_stats_enabled ] || [ "$(</proc/sys/kernel/bpf_stats_enabled)" = 0 ] ||
		skip "needs kernel.bpf_stats_enabled = 0"
	mkfifo in
	${_emu}"$BUILDDIR/tests/tool_rate" r$$ <in >out 3>&- &
	RATE=$!
	exec {RATE_FD}>in
	eventually 20 grep -qx ready out
	ID=$(sed -n 's/^prog=//p' out)
}

rate_end()
{
	[ -n "${RATE:-}" ] || return 0
	exec {RATE_FD}>&-
	wait $RATE || true
	RATE=
}

runs()
{
	$BPFTOOL -j prog show id $ID | jq '.run_cnt // 0'
}

@test "top: a known rate, holders, memory, the total" {
	need_root
	need_bpf
	rate
	$BPFTOOL --json-lines top count 3 interval 0.7 >lines
	assert_equal "$(wc -l <lines)" 3
	jq -c ".programs[] | select(.id == $ID)" lines >mine
	assert_equal "$(wc -l <mine)" 3
	# over all rounds: within 5 %
	run -0 jq -s '[.[] | .runs_per_s * .seconds] as $r | [.[].seconds] as $s | ($r | add) / ($s | add) | . > 950 and . < 1050' mine
	assert_output true
	run -0 jq -s -r ".[0] | .name, .type, (.pids[] | \"\\(.pid)\"), (.run_cnt > 0), (.cpu_percent < 100), (.ns_per_run > 0)" mine
	assert_line --index 0 r$$
	assert_line --index 1 socket_filter
	[ -n "$_emu" ] || assert_line --index 2 $RATE
	for i in 3 4 5; do assert_line --index $i true; done
	run -0 jq -s '.[2] | (.total.runs_per_s | floor) >= ([.programs[].runs_per_s] | add | floor - 1)' lines
	assert_output true
}

@test "top: one program, as a table and as an array" {
	need_root
	need_bpf
	rate
	run -0 $BPFTOOL top id $ID count 2 interval 0.2
	assert_equal "$(grep -c "^ *$ID  socket_filter *r$$ " <<<"$output")" 2
	assert_equal "$(grep -c "^ *total " <<<"$output")" 2
	assert_line --index 0 --regexp '^ +ID  TYPE +NAME +RUNS/S +NS/RUN +CPU% +MEMORY +PIDS$'
	run -0 $BPFTOOL -j top id $ID count 2 interval 0.1
	run -0 jq -c '[length, .[1].total.programs]' <<<"$output"
	assert_output '[2,1]'
}

@test "top: within a batch rounds are an array, with --json-lines too" {
	need_root
	need_bpf
	printf 'top count 2 interval 0.1\nversion\n' >batch
	for o in -j --json-lines; do
		run -0 $BPFTOOL $o batch file batch
		run -0 jq -c '[.[].command[0], (.[0].output | length)]' <<<"$output"
		assert_output '["top","version",2]'
	done
}

@test "top: programs that go and come while it runs" {
	need_root
	need_bpf
	rate
	$BPFTOOL --json-lines top interval 0.1 >lines 3>&- {RATE_FD}>&- &
	TOP=$!
	eventually 10 grep -q "\"id\":$ID," lines
	rate_end
	eventually 10 sh -c "tail -n 2 lines | head -n 1 | grep '^{.*}$' | grep -vq '\"id\":$ID,'"
	kill -INT $TOP
	wait $TOP
	TOP=
	run -0 jq -s 'length > 2' lines
	assert_output true
}

# Nobody counts: neither we nor a test beside this one.
stands_still()
{
	local a b
	a=$(runs)
	sleep 0.2
	b=$(runs)
	[ "$a" = "$b" ]
}

@test "top counts only while it runs: ended by SIGTERM, and killed" {
	need_root
	need_bpf
	local a
	rate
	for sig in TERM KILL; do
		$BPFTOOL --json-lines top interval 0.1 >lines 3>&- {RATE_FD}>&- &
		TOP=$!
		eventually 10 grep -q "\"id\":$ID," lines
		a=$(runs)
		eventually 10 eval "[ \$(runs) -gt $a ]"
		run ! stands_still
		kill -$sig $TOP
		wait $TOP || [ $sig = KILL ]
		TOP=
		eventually 20 stands_still
	done
}

@test "top: Ctrl-C on a terminal, and q" {
	need_root
	need_bpf
	need_cmd python3
	rate
	cat >onpty.py <<-'END'
		import os, pty, select, signal, sys, termios, time
		how, cmd = sys.argv[1], sys.argv[2:]
		pid, fd = pty.fork()
		if not pid:
		    os.environ["TERM"] = "xterm"
		    os.execvp(cmd[0], cmd)
		got, end = b"", time.time() + 20
		sent = False
		while time.time() < end:
		    r = select.select([fd], [], [], 0.1)[0]
		    try:
		        got += os.read(fd, 65536) if r else b""
		    except OSError:
		        break
		    if got.count(b"\x1b[J") >= 2 and not sent:
		        sent = True
		        os.write(fd, b"\x03" if how == "ctrl-c" else b"q")
		status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
		print("status", status, "home", got.count(b"\x1b[H") > 1, "rows", b"total" in got)
	END
	for how in ctrl-c q; do
		run -0 python3 onpty.py $how $BPFTOOL top interval 0.1
		assert_output 'status 0 home True rows True'
	done
}

@test "top: what is wrong" {
	need_bpf
	for words in 'count' 'count 0' 'count x' 'interval' 'interval 0' 'interval -1' 'interval nan' 'interval 1e9' 'bogus'; do
		run -2 --separate-stderr $BPFTOOL top $words
		[ -n "$stderr" ]
	done
	run -1 --separate-stderr $BPFTOOL -j top id 4294967295 count 1
	run -0 jq -r .error <<<"$output"
	assert_output 'there is no program with id 4294967295'
}

@test "top: an ordinary user is told why not" {
	need_root
	need_bpf
	need_cmd setpriv
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs the kernel"
	run -3 setpriv --reuid 65534 --clear-groups $BPFTOOL --backend=kernel top count 1
	assert_output --partial 'programs cannot be counted: Operation not permitted'
	assert_output --partial CAP_SYS_ADMIN
}

# ---------------------------------------------------------------- profile

# A program that is busy all the time for a while, pinned at $PINS/busy
busy()
{
	printf '\t.license "GPL"\n\t.section socket\nbusy:\tr0 = 0\n\tr1 = 1000\n1:\tr1 += -1\n\tif r1 != 0 goto 1b\n\texit\n' >busy.s
	$BPF_AS busy.s -o busy.o
	$BPFTOOL prog load busy.o $PINS/busy
	head -c 64 /dev/zero >data
	(while [ ! -e stop ]; do $BPFTOOL prog run pinned $PINS/busy data_in data repeat 20000 >/dev/null || break; done) 3>&- &
	BUSY=$!
}

not_busy()
{
	touch stop
	wait $BUSY || true
	drop_pins
}

@test "profile: runs and their time" {
	need_root
	need_pins
	need_bpf
	busy
	run -0 $BPFTOOL -j prog profile pinned $PINS/busy duration 0.5
	not_busy
	run -0 jq -c '[.[].metric, (.[0] | .run_cnt > 100, .value > 10000, .enabled > 400000000, .enabled == .running)]' <<<"$output"
	assert_output '["time",true,true,true,true]'
}

@test "profile: sampling sees where the processor is" {
	need_root
	need_pins
	need_bpf
	[ "${BPFUTILS_BACKEND:-}" != vm ] || skip "needs the kernel"
	[ "$(cat /proc/sys/net/core/bpf_jit_enable 2>/dev/null)" != 0 ] || skip "needs the kernel's JIT compiler"
	busy
	run -0 $BPFTOOL -j prog profile pinned $PINS/busy duration 1 time cpu_clock
	not_busy
	# the time of the program's own code: not more than all of it, and most of it
	run -0 jq -c '(map({(.metric): .value}) | add) as $m | $m.cpu_clock > 0.4 * $m.time and $m.cpu_clock < 1.4 * $m.time' <<<"$output"
	assert_output true
}

@test "profile: without counters of the processor that is said, status 3, and the time is there all the same" {
	need_root
	need_pins
	need_bpf
	busy
	run --separate-stderr $BPFTOOL prog profile pinned $PINS/busy duration 0.3 cycles instructions
	not_busy
	[ $status != 0 ] || skip "needs a machine without hardware counters"
	assert_equal $status 3
	assert_line --regexp '^ +[0-9]+ run_cnt$'
	assert_line --regexp '^ +[0-9]+ time '
	assert_line --regexp '^ +not counted cycles'
	[[ $stderr == *'cycles cannot be counted'* ]]
}

@test "profile: what is wrong" {
	need_bpf
	run -2 $BPFTOOL prog profile
	run -1 $BPFTOOL prog profile id 4294967295 time
}
