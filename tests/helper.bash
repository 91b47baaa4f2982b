# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034 # the files that load this use the variables
# What every bats file needs; a file begins with
#
#     bats_require_minimum_version 1.5.0
#     setup() { load helper; need_bpf; ... }      # or setup_file
#
# Programs     $BPF_AS $BPF_LD $BPFTOOL     the three built here. They may hold an emulator in
#                                           front: use them unquoted (run -0 $BPF_AS ...)
# Places       $SRCDIR $BUILDDIR            top of the source tree and of the build tree
#              $T                           this test's own empty directory (BATS_TEST_TMPDIR)
#              $PINS                        a bpffs directory of this test, after need_pins
# Conditions   need_root need_cmd need_file need_bpf need_bpffs need_pins need_tracefs
#              need_kprobes need_no_kprobes need_netns need_native need_upstream_bpftool
#              each skips the test and says what is missing
# Worlds       need_world                   an empty world of the VM for this test, $BPFUTILS_WORLD;
#                                           drop_world in teardown removes it
# Backends     need_bpf with BPFUTILS_TEST_BACKEND=vm in the environment gives the VM; see both.bats
# Order        serial                       alone on this machine: for tests that change sysctls or
#                                           list global objects
# Waiting      eventually SECONDS CMD...    repeats CMD until it succeeds
# Examples     tools_in_path DIR            DIR/bpf-as, DIR/bpf-ld, DIR/bpftool, first in PATH

bats_load_library bats-support
bats_load_library bats-assert

SRCDIR=${BPFUTILS_SRCDIR:-$(cd "$BATS_TEST_DIRNAME/.." && pwd)}
BUILDDIR=${BPFUTILS_BUILDDIR:-$SRCDIR/build}
T=${BATS_TEST_TMPDIR:-${BATS_FILE_TMPDIR:-}}

_emu=${BPFUTILS_EMULATOR:+$BPFUTILS_EMULATOR }
BPF_AS="$_emu$BUILDDIR/bpf-as/bpf-as"
BPF_LD="$_emu$BUILDDIR/bpf-ld/bpf-ld"
BPFTOOL="$_emu$BUILDDIR/bpftool/bpftool"

# Tests must not depend on who runs them. LC_ALL: sorted output and messages. The others would
# change what our programs print.
export LC_ALL=C.UTF-8
unset NO_COLOR BPFUTILS_BACKEND BPFUTILS_WORLD CDPATH
# An emulator has no bpf(2): what is told of that would stand in front of what a test expects.
[ -z "$_emu" ] || export BPFUTILS_BACKEND=kernel
[ -z "$T" ] || cd "$T" || exit 1

# ---------------------------------------------------------------- conditions

need_root()
{
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# need_cmd NAME...: programs of the machine
need_cmd()
{
	local c
	for c; do
		command -v "$c" >/dev/null || skip "needs the program $c"
	done
}

# need_file PATH...
need_file()
{
	local f
	for f; do
		[ -e "$f" ] || skip "needs $f"
	done
}

# bpf(2) answers and this process may make maps and load programs. Waits for a serial test.
need_bpf()
{
	local probe=$BUILDDIR/tests/probe why
	if [ ! -x "$probe" ]; then
		echo "$probe is missing: make check builds it" >&2
		return 1
	fi
	why=$($_emu "$probe") || skip "needs bpf(2): $why"
	_lock -s
}

# Binaries made here run on this processor, without an emulator.
need_native()
{
	[ -z "$_emu" ] || skip "needs programs that run without an emulator"
}

_is_mounted() # TYPE DIR
{
	grep -qs "^[^ ]* $2 $1 " /proc/mounts
}

need_bpffs()
{
	_is_mounted bpf /sys/fs/bpf && return
	need_root
	mount -t bpf bpf /sys/fs/bpf 2>/dev/null || skip "needs a bpf file system on /sys/fs/bpf"
}

# need_bpffs, and an empty directory $PINS in it. drop_pins in teardown removes it.
need_pins()
{
	need_root
	need_bpffs
	PINS=$(mktemp -d /sys/fs/bpf/bpfutils-test-XXXXXX) || skip "needs a writable /sys/fs/bpf"
}

drop_pins()
{
	[ -z "${PINS:-}" ] || rm -rf "$PINS"
	PINS=
	drop_world
}

# A world of the VM for this test alone: $BPFUTILS_WORLD, not yet made. drop_world in teardown.
need_world()
{
	_is_mounted tmpfs /dev/shm || skip "needs a tmpfs on /dev/shm"
	WORLD_DIR=$(mktemp -d /dev/shm/bpfutils-test-XXXXXX) || skip "needs a writable /dev/shm"
	export BPFUTILS_WORLD=$WORLD_DIR/w
}

drop_world()
{
	[ -z "${WORLD_DIR:-}" ] || rm -rf "$WORLD_DIR"
	WORLD_DIR=
}

# Sets TRACEFS.
need_tracefs()
{
	need_root
	TRACEFS=/sys/kernel/tracing
	[ -e $TRACEFS/events ] && return
	if [ -d $TRACEFS ] && mount -t tracefs tracefs $TRACEFS 2>/dev/null; then
		return
	fi
	TRACEFS=/sys/kernel/debug/tracing
	[ -e $TRACEFS/events ] || skip "needs tracefs"
}

_have_kprobes()
{
	[ -e /sys/bus/event_source/devices/kprobe/type ]
}

need_kprobes()
{
	_have_kprobes || skip "needs a kernel with CONFIG_KPROBES"
}

need_no_kprobes()
{
	! _have_kprobes || skip "needs a kernel without CONFIG_KPROBES"
}

need_netns()
{
	need_root
	need_cmd ip unshare
	unshare -n true 2>/dev/null || skip "needs network namespaces"
}

# Sets UPSTREAM to Debian's (or the kernel tree's) bpftool, never to ours.
need_upstream_bpftool()
{
	local c
	for c in /usr/sbin/bpftool /usr/local/sbin/bpftool /sbin/bpftool; do
		if [ -x "$c" ] && "$c" version 2>/dev/null | grep -q libbpf; then
			UPSTREAM=$c
			return
		fi
	done
	skip "needs upstream's bpftool (Debian package bpftool)"
}

# ---------------------------------------------------------------- order

# Tests that use bpf(2) share a lock; one that must be alone takes it for itself. The lock is one
# file per user and machine, so that two builds tested side by side do not disturb each other.
_lock() # -s | -x
{
	# In setup_file the lock would be held by the file, and its own tests would wait for it.
	[ -n "${BATS_TEST_NAME:-}" ] || return 0
	command -v flock >/dev/null || return 0
	if [ -z "${_lockfd:-}" ]; then
		exec {_lockfd}>>"/tmp/bpfutils-tests-$(id -u).lock" || return 1
	fi
	[ "${_lockmode:-}" != -x ] || return 0
	flock -w 300 "$1" "$_lockfd" || {
		echo "another test held the lock for 300 seconds" >&2
		return 1
	}
	_lockmode=$1
}

serial()
{
	_lock -x
}

# ---------------------------------------------------------------- waiting, examples

# eventually SECONDS COMMAND...: 0 as soon as the command succeeds, 1 after that time
eventually()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

tools_in_path()
{
	local d=$1 name
	mkdir -p "$d"
	for name in bpf-as bpf-ld bpftool; do
		printf '#!/bin/sh\nexec %s%s "$@"\n' "$_emu" "$BUILDDIR/$name/$name" >"$d/$name"
		chmod +x "$d/$name"
	done
	PATH=$d:$PATH
}

# ---------------------------------------------------------------- the same tests on the VM

# With BPFUTILS_TEST_BACKEND=vm the conditions mean the VM's world: see tests/both.bats.
if [ "${BPFUTILS_TEST_BACKEND:-}" = vm ]; then
	need_bpf()
	{
		[ -n "${WORLD_DIR:-}" ] || need_world
		export BPFUTILS_BACKEND=vm
	}
	serial() { :; }
	need_bpffs() { need_bpf; }
	need_pins()
	{
		need_bpf
		$BPFTOOL -j map show >/dev/null 2>&1 || return 1 # makes the world
		PINS=$BPFUTILS_WORLD/pins/test
		mkdir -p "$PINS"
	}
fi
