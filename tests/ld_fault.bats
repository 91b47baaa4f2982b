#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld when the system fails it: each system call in turn is made to fail (strace -e inject), it
# is killed at any moment, its output goes nowhere. Nothing may be left, and never a false success.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_root
	need_native
	# Leaks cannot be looked for under a tracer.
	export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
}

teardown()
{
	drop_pins
}

need_inject()
{
	need_cmd strace
	strace -qq -o /dev/null -e trace=getpid -e inject=getpid:error=EPERM true 2>/dev/null ||
		skip "needs strace with fault injection, and leave to trace"
}

# An object with all there is. The names are this test's own, so that they can be looked for.
object()
{
	cat >fault.s <<-E
		.map	flt_$1, hash, key=u32, value=u64, max_entries=8
		.license "GPL"
		.section .rodata
		.globl limit
	limit:	.quad 5
		.section tracepoint/sched/sched_process_fork
	flt_t$1:	r1 = limit ll
		r6 = *(u64 *)(r1 + 0)
		*(u32 *)(r10 - 4) = 1
		r1 = flt_$1 ll
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		r0 = 0
		exit
		.section raw_tp/sched_process_fork
	flt_r$1:	r0 = 0
		exit
		.section uprobe
	flt_u$1:	r0 = 0
		exit
		.section xdp
	flt_x$1:	r0 = 2
		exit
	E
	$BPF_AS fault.s
	TARGET=$BUILDDIR/tests/qemu/target
	[ -x "$TARGET" ] || make -s -C "$BUILDDIR" tests/qemu/target
	# All of the object, on a device of the network namespace that net() makes.
	LOAD="$BPF_LD --backend=kernel --set flt_$1[7]=9 --attach tracepoint:sched:sched_process_fork
		--attach raw_tp:sched_process_fork --attach uprobe:$TARGET:uprobe_me=flt_u$1
		--attach xdp:flt0=flt_x$1"
}

# net COMMAND...: in a network namespace that has a veth flt0
net()
{
	export -f sweep outcome one_call has_xdp
	export LOAD PINS
	unshare -n bash -c 'ip link add flt0 type veth peer name flt1 && "$@"' net "$@"
}

has_xdp() { ip -o link show flt0 | grep -q 'prog/xdp'; }

# What must hold after any run: a success pinned all, a failure says so and left nothing.
outcome() # WHAT STATUS
{
	local n
	n=$(find "$PINS" -mindepth 1 | wc -l)
	if [ "$2" = 0 ] && [ "$n" = 12 ]; then
		rm -r "${PINS:?}"/*
	elif [ "$2" = 0 ] || [ "$n" != 0 ] || [ "$2" -gt 4 ] || [ "$2" = 2 ] || has_xdp ||
		! grep -q 'error: ' err; then
		echo "$1: status $2, $n pins, $(cat err)"
		return 1
	fi
}

one_call() # SYSCALL ERROR WHEN
{
	local status=0
	strace -f -qq -o trace -e trace="$1" -e inject="$1:error=$2:when=$3" \
		$LOAD --pin "$PINS/a/b" fault.o >out 2>err || status=$?
	outcome "$1 $2 $3" $status
}

# Each call of these kinds fails once with the one error, or from then on with the other.
sweep()
{
	local name n i
	for name in bpf perf_event_open ioctl mkdir; do
		strace -f -qq -o trace -e trace=$name -e signal=none $LOAD --pin "$PINS/a/b" fault.o >out 2>err ||
			{ cat err; return 1; }
		n=$(grep -c "$name(" trace)
		rm -r "${PINS:?}"/*
		[ "$n" -gt 0 ] || { echo "no $name"; return 1; }
		for ((i = 1; i <= n; i++)); do
			one_call $name EPERM $i || return 1
			one_call $name ENOMEM $i+ || return 1
		done
	done
}

left() # N: no map, program or link of object N is there
{
	local kind
	for kind in prog map; do
		$BPFTOOL -j $kind show | jq -e "[.[] | select(.name | test(\"flt_.?$1\"))] == []" || return 1
	done
}

@test "each system call may fail: nothing is left, and the status says so" {
	need_inject
	need_netns
	need_pins
	need_tracefs
	need_cmd jq
	object 71
	run -0 net sweep
	assert_output ""
	eventually 10 left 71
}

# What fails once is tried again; what goes on failing is told, and undone as far as that goes.
@test "netlink may fail, before and after the kernel did it" {
	need_inject
	need_netns
	object 72
	lost()
	{
		local when call status
		for call in sendmsg recvmsg; do
			for when in 1 2 1+ 2+; do
				status=0
				strace -f -qq -o trace -e trace=$call -e inject=$call:error=ENOBUFS:when=$when \
					$BPF_LD --attach-via netlink --for 1ms --attach xdp:flt0:generic=flt_x72 \
					fault.o >out 2>err || status=$?
				case $when$status in
				?0 | ?+[1-9]*) ;;
				*) echo "$call $when: status $status"; return 1 ;;
				esac
				if has_xdp && ! grep -q 'cannot be detached' err; then
					echo "$call $when: $(cat err)"
					return 1
				fi
				ip link set dev flt0 xdpgeneric off
			done
		done
	}
	export BPF_LD
	export -f lost
	run -0 net lost
	assert_output ""
}

@test "killed while it loads: what is left is what was pinned, and rm ends it" {
	need_pins
	need_tracefs
	need_cmd jq
	object 73
	local i
	for i in 1 2 3 4 5 6 7 8; do
		$BPF_LD --set 'flt_73[7]=9' --for 1m --pin "$PINS/k" --attach tracepoint:sched:sched_process_fork \
			--attach raw_tp:sched_process_fork fault.o >out 2>err 3>&- &
		sleep 0.0$((i * 5 + 10))
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		rm -rf "$PINS/k"
	done
	eventually 10 left 73
}

@test "standard output that is full: status 4; a reader that went away: 141; all is detached" {
	need_netns
	need_tracefs
	object 74
	local at="--attach tracepoint:sched:sched_process_fork" args
	for args in "--help" "--dry-run $at fault.o" "--no-attach $at fault.o" \
		"--json --for 1m $at fault.o" "--watch flt_74=10ms $at fault.o" \
		"--json --watch flt_74=10ms $at fault.o"; do
		run -4 sh -c "$BPF_LD $args >/dev/full"
		assert_line --partial "cannot write to standard output: No space left on device"
	done
	gone()
	{
		local status
		$BPF_LD --watch flt_74=10ms --attach-via netlink --attach xdp:flt0:generic=flt_x74 fault.o \
			2>err | head -n 1
		status=${PIPESTATUS[0]}
		[ "$status" = 141 ] && ! grep error err && ! has_xdp
	}
	export BPF_LD
	export -f gone
	run -0 net gone
	assert_output --regexp '^# flt_74: 0 entries after 0\.[0-9]{3} s$'
	# The command gets SIGPIPE as it is.
	run -0 --separate-stderr $BPF_LD $at fault.o -- sh -c 'yes | head -n 1'
	assert_output y
	refute_regex "$stderr" 'write error'
}
