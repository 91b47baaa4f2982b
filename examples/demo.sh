#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The main job on this machine's own events: the skb leak check.
#
#   demo.sh [DIR]      DIR: where bpf-as, bpf-ld, bpftool and leak are (a build tree, or one folder)
#
# A process leaks 50 datagrams, reads 20 of them, closes: the map must show 50, 30, 0. Where the kernel
# or this user's rights do not allow that, the same object gets the events of skbleak.rec in the VM.
# Exit status: 0 all counts were right, 1 one was wrong.
# Needs sh, awk, sed, mkfifo; runs with busybox.
#
# Environment: DEMO_DEADLINE, seconds that a count may take; DEMO_RECORD=FILE makes such a recording of
# the live run (root only); DEMO_REPLAY=1 replays in any case.

set -u
here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-$here/../build}
deadline=${DEMO_DEADLINE:-20} # seconds that a count may take: frees are deferred

find_tool()
{
	for f in "$dir/$1" "$dir/$1/$1" "$dir/examples/$1"; do
		[ -f "$f" ] && [ -x "$f" ] && echo "$f" && return
	done
	echo "demo: $1 is not in $dir" >&2
	return 1
}
bpf_as=$(find_tool bpf-as) && bpf_ld=$(find_tool bpf-ld) && bpftool=$(find_tool bpftool) &&
	leak=$(find_tool leak) || exit 1

tmp=$(mktemp -d) || exit 1
leak_pid=
ld_pid=
world=
cleanup()
{
	trap - EXIT
	[ -n "$ld_pid" ] && kill -INT "$ld_pid" 2>/dev/null && wait "$ld_pid"
	[ -n "$leak_pid" ] && kill "$leak_pid" 2>/dev/null && wait "$leak_pid" 2>/dev/null
	rm -rf "$tmp"
	[ -z "$world" ] || rm -rf "$world"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# ---------------------------------------------------------------- without the kernel

# The object in the VM, with the recorded events up to a mark; another process counts.
replay_to() # MARK WHAT
{
	"$bpf_ld" -j --vm --replay "$here/skbleak.rec" --until "$1" --ready-fd 6 "$tmp/skbleak.o" \
		6>"$tmp/ready" >"$tmp/made" 2>"$tmp/err" &
	ld_pid=$!
	if ! read -r _ <"$tmp/ready"; then
		wait "$ld_pid"
		status=$?
		ld_pid=
		cat "$tmp/made" "$tmp/err" >&2
		exit "$status"
	fi
	n=$("$bpftool" --vm -j map dump id "$(sed 's/.*"name":"skbs","id":\([0-9]*\).*/\1/' "$tmp/made")" |
		awk '{ n += gsub(/"formatted"/, "") } END { print n + 0 }')
	kill -INT "$ld_pid"
	wait "$ld_pid"
	ld_pid=
	if [ "$n" != "$1" ]; then
		cat "$tmp/err" >&2
		echo "FAILED: $2: $n entries in skbs, should be $1" >&2
		exit 1
	fi
	printf '%4d  %s\n' "$n" "$2"
}

# cannot WHY: the live check is not possible. The rest of the demo is the replay.
cannot()
{
	echo "Events: replayed in the VM from $here/skbleak.rec, because $*."
	"$bpf_as" -march="$(uname -m)" -o "$tmp/skbleak.o" "$here/skbleak.s" || exit 1
	mkfifo "$tmp/ready" || exit 1
	echo "Entries in the map skbs, as bpftool --vm shows them while bpf-ld holds the map:"
	replay_to 50 "unix: 50 datagrams sent, nobody reads"
	replay_to 30 "unix: 20 of them read"
	replay_to 0 "unix: closed"
	echo "50, 30, 0: every count was right."
	exit 0
}

# ---------------------------------------------------------------- which events

kallsyms_has()
{
	grep -q " [tT] $1\$" /proc/kallsyms 2>/dev/null
}

# Sets attach to the --attach and --set options, and says which source was taken and why.
choose_events()
{
	tracefs=/sys/kernel/tracing
	[ -d $tracefs/events ] || mount -t tracefs tracefs $tracefs 2>/dev/null
	free="--attach tracepoint:skb:consume_skb --attach tracepoint:skb:kfree_skb"
	if [ -d /sys/bus/event_source/devices/kprobe ] && kallsyms_has __alloc_skb &&
		kallsyms_has __kfree_skb; then
		kprobes=yes
		attach="--attach kretprobe:__alloc_skb --attach kprobe:__kfree_skb $free"
		# An acknowledgement merged in a socket's backlog is freed here, past the others.
		if kallsyms_has kfree_skb_partial; then
			attach="$attach --attach kprobe:kfree_skb_partial=on_free"
		fi
		echo "Events: kretprobe:__alloc_skb; kprobe:__kfree_skb and the skb tracepoints,"
		echo "        because this kernel ($(uname -r)) has kprobes, which see every allocation and free."
		return
	fi
	kprobes=no
	kallsyms_has __alloc_skb || cannot "no kprobes, and no __alloc_skb in /proc/kallsyms"
	[ -d $tracefs/events/kmem/kmem_cache_alloc ] ||
		cannot "no kprobes, and no tracepoint kmem:kmem_cache_alloc"
	# The function's bounds: its own address and that of the next symbol.
	# (No sort: GNU sort takes a good part of the memory for a file whose size it cannot see.)
	bounds=$(awk 'NR == FNR { if ($3 == "__alloc_skb") lo = $1 ""; next }
		$1 "" > lo && (hi == "" || $1 "" < hi) { hi = $1 "" }
		END { print lo, hi }' /proc/kallsyms /proc/kallsyms)
	lo=${bounds% *} hi=${bounds#* }
	case $lo in
	*[!0]*) ;;
	*) cannot "no kprobes, and /proc/kallsyms hides its addresses (kernel.kptr_restrict)" ;;
	esac
	attach="--set alloc_lo=0x$lo --set alloc_hi=0x$hi --attach tracepoint:kmem:kmem_cache_alloc $free"
	echo "Events: tracepoint:kmem:kmem_cache_alloc from within __alloc_skb (0x$lo..0x$hi),"
	echo "        and the skb tracepoints, because this kernel ($(uname -r)) has no kprobes."
	echo "        It frees read UDP datagrams and TCP's buffers past every tracepoint, so only"
	echo "        AF_UNIX is counted here."
}

# ---------------------------------------------------------------- counts

# Tells the leaking process to do something and waits until it has.
tell_leak()
{
	echo "$*" >&4
	read -r answer <&5 || answer="error: the process is gone"
	case $answer in
	error*) echo "demo: leak $*: $answer" >&2 && exit 1 ;;
	esac
}

count()
{
	"$bpftool" -j map dump name skbs | awk '{ n += gsub(/"formatted"/, "") } END { print n + 0 }'
}

# expect N WHAT: the map has N entries, now or before the deadline.
expect()
{
	end=$(($(date +%s) + deadline))
	n=$(count)
	while [ "$n" != "$1" ] && [ "$(date +%s)" -lt "$end" ]; do
		sleep 0.1
		n=$(count)
	done
	if [ "$n" != "$1" ]; then
		echo "FAILED: $2: $n entries in skbs, should be $1" >&2
		exit 1
	fi
	printf '%4d  %s\n' "$n" "$2"
}

# A mark in the recording, behind all that has happened.
set_mark()
{
	[ -n "$record" ] || return 0
	echo "$1" >&7
	read -r answer <&8
	[ "$answer" = "mark $1" ] || { echo "demo: no mark $1: $answer" >&2 && exit 1; }
}

# The first entries with their age, from the dump as it is printed.
show_ages()
{
	tell_leak now
	"$bpftool" map dump name skbs | sed -n 's/.*"\(key\|value\)": \([0-9]*\).*/\2/p' |
		awk -v now="$answer" '
			NR % 2 { key[++n] = $1; next }
			{ age[n] = (now - $1) / 1e9 }
			END { for (i = 1; i <= n; i++) print key[i], age[i] }' |
		while read -r key age; do
			shown=$((${shown:-0} + 1))
			[ $shown -gt 3 ] || printf '      skb 0x%x  age %.3f s\n' "$key" "$age"
		done
	[ "$n" -le 3 ] || echo "      ... $((n - 3)) more"
}

# ---------------------------------------------------------------- the run

# Should it come to the VM: a world that nothing else is in.
if [ -z "${BPFUTILS_WORLD:-}" ] && world=$(mktemp -d /dev/shm/bpfutils-demo-XXXXXX 2>/dev/null); then
	BPFUTILS_WORLD=$world
	export BPFUTILS_WORLD
fi
[ -z "${DEMO_REPLAY:-}" ] || cannot "DEMO_REPLAY is set"
why=$("$bpftool" -j map show name skbs 2>&1 >/dev/null | sed -n 's/.*note: \(.*\): the VM serves.*/\1/p')
[ -z "$why" ] || cannot "$why"
[ "$(id -u)" = 0 ] || cannot "perf events need root here"
choose_events
if [ "$("$bpftool" -j map show name skbs 2>/dev/null | grep -c '"id"')" != 0 ]; then
	echo "demo: there is a map named skbs already; see: bpftool map show name skbs" >&2
	exit 1
fi

"$bpf_as" -march="$(uname -m)" -o "$tmp/skbleak.o" "$here/skbleak.s" || exit 1

mkfifo "$tmp/in" "$tmp/out" "$tmp/ready" "$tmp/marks" || exit 1
"$leak" <"$tmp/in" >"$tmp/out" &
leak_pid=$!
exec 4>"$tmp/in" 5<"$tmp/out"

record=
if [ -n "${DEMO_RECORD:-}" ]; then
	record="--record $DEMO_RECORD --record-pid $leak_pid --mark-fd 7"
fi
# The first opens it for both, so that no side waits for the other.
exec 7<>"$tmp/marks"
# shellcheck disable=SC2086 # attach and record hold options
"$bpf_ld" --set "watch_pid=$leak_pid" $attach $record --ready-fd 6 "$tmp/skbleak.o" \
	6>"$tmp/ready" 4>&- 5<&- &
ld_pid=$!
exec 8<"$tmp/ready"
if ! read -r _ <&8; then
	wait "$ld_pid"
	status=$?
	ld_pid=
	exit "$status"
fi

leak_check() # KIND
{
	tell_leak "$1" 50
	expect 50 "$1: 50 datagrams sent, nobody reads"
	set_mark 50
	show_ages
	tell_leak read 20
	expect 30 "$1: 20 of them read"
	set_mark 30
	tell_leak close
	expect 0 "$1: closed"
	set_mark 0
}

echo "Entries in the map skbs:"
expect 0 "attached"
leak_check unix
if [ $kprobes = yes ]; then
	leak_check udp
	tell_leak tcp $((4 * 1024 * 1024))
	expect 0 "tcp: 4 MiB sent, read, closed"
fi
echo "50, 30, 0: every count was right."
