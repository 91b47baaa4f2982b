# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# Objects for bpftool's tests, made and held by tests/tool_zoo; see there for ITEMS.

# setup and teardown of tests of pinned objects: $PINS is theirs
setup_objects()
{
	load helper
	need_bpf
	need_pins
}

drop_objects()
{
	zoo_end
	drop_pins
}

need_readline()
{
	$BPFTOOL -j version | jq -e .features.readline >/dev/null || skip "needs a build with readline"
	need_cmd python3
}

# on_tty [OPTION...] <SCRIPT: bpftool on a terminal; see ontty.py
on_tty()
{
	run -0 python3 "$SRCDIR/tests/ontty.py" $BPFTOOL "$@"
}

# zoo ITEM...: starts it; what it says is in $ZOO, and it lives until zoo_end
zoo() { start_zoo "" "$@"; }
# zoo_in NETNS ITEM...: within that network namespace
zoo_in() { start_zoo "nsenter --net=/run/netns/$1" "${@:2}"; }

start_zoo()
{
	local before=$1
	shift
	mkfifo "$T/zoo.in"
	# shellcheck disable=SC2086 # an emulator may stand in front
	$before ${_emu}"$BUILDDIR/tests/tool_zoo" "$@" <"$T/zoo.in" >"$T/zoo.out" 3>&- &
	ZOO_PID=$!
	exec {ZOO_FD}>"$T/zoo.in"
	eventually 20 grep -qx ready "$T/zoo.out"
	ZOO=$(<"$T/zoo.out")
}

zoo_end()
{
	[ -n "${ZOO_PID:-}" ] || return 0
	exec {ZOO_FD}>&-
	wait "$ZOO_PID" || true
	ZOO_PID=
}

# id_of prog|link ITEM: the id that the zoo gave; skips when the kernel does not let it make the item
id_of()
{
	local line
	line=$(grep -F -- "$2 " <<<"$ZOO" | head -n 1)
	case $line in
	*error=*) skip "needs objects of this kind: $line" ;;
	esac
	line=${line##*" $1="}
	echo "${line%% *}"
}
