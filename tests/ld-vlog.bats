#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is read from logs of many kernels: tests/golden/vlog/NAME-KERNEL.log against .out beside it, with the
# instructions of NAME.s where there is one. Those of 6.1 and 6.12 were recorded (tests/qemu/vlog.sh), the others
# follow the forms of the kernels they are named after.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	LOGS=$SRCDIR/tests/golden/vlog
	TELL=$_emu$BUILDDIR/tests/vlogtell
}

# told LOG: what is read of it
told()
{
	local s=$LOGS/$(basename "$1" | sed 's/-.*//').s o=
	if [ -e "$s" ]; then
		o=$(basename "$s" .s).o
		cp "$s" . # its name stands in the message
		$BPF_AS -o $o ${o%.o}.s || return 1
	fi
	$TELL "$1" $o
}

@test "logs of many kernels, against what is in them" {
	local log n=0
	for log in "$LOGS"/*.log; do
		told $log >out || { echo "$log: status $?"; false; }
		diff -u "${log%.log}.out" out || { echo "$log"; false; }
		n=$((n + 1))
	done
	[ $n -ge 12 ]
}

@test "the same cause and place in each form of one log" {
	local log
	for log in "$LOGS"/lookup-*.log; do
		told $log >out
		grep -qx 'insn: 11' out
		grep -qx 'rule: V0102' out
		grep -qx 'jump: 9 to 10, not taken' out
	done
}

@test "a log may be cut off anywhere" {
	local log size i
	for log in "$LOGS"/null-7.3.log "$LOGS"/branches-5.10.log; do
		size=$(stat -c %s "$log")
		for ((i = 0; i < size; i += 53)); do
			head -c $i "$log" >cut
			$TELL cut >out
			tail -c $i "$log" >cut
			$TELL cut >out
		done
	done
}
