#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool as nobody: what may be read is read, what is hidden is "hidden", and refusals name what is missing.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_pins
	need_native
	need_cmd setpriv
	export BPFUTILS_BACKEND=kernel # else the VM serves a caller who may not use bpf(2)
	chmod 755 "$T" "$PINS"
	NOBODY="setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs"
	$NOBODY $BPFTOOL version >/dev/null 2>&1 || skip "needs a build tree that everybody may read"
	# some kernels do not let anybody look
	$BPFTOOL map create "$PINS/open" type hash key 4 value 4 entries 4 name open
	$BPFTOOL map update pinned "$PINS/open" key 1 value 2
	chmod 644 "$PINS/open"
}

teardown()
{
	drop_pins
}

@test "nobody: a map that its pin lets everybody read" {
	[ "$(stat -c %a "$(dirname "$PINS")")" != 700 ] || chmod o+x "$(dirname "$PINS")" || skip "needs a way to the pin"
	run -0 $NOBODY $BPFTOOL map dump pinned "$PINS/open"
	assert_line 'key: 01 00 00 00  value: 02 00 00 00'
	run -0 $NOBODY $BPFTOOL -j map show pinned "$PINS/open"
	run -0 jq -r .name <<<"$output"
	assert_output open
	run -3 --separate-stderr $NOBODY $BPFTOOL -j map update pinned "$PINS/open" key 1 value 3
	run -0 jq -r '.error | length > 0' <<<"$output"
	assert_output true
}

@test "nobody: sizes of a program are hidden, not 0" {
	printf '.license "GPL"\n.section socket\nunpriv: r0 = 0\nexit\n' >p.s
	run -0 $BPF_AS -o p.o p.s
	$BPFTOOL prog load p.o "$PINS/p"
	chmod 666 "$PINS/p"
	run -0 $NOBODY $BPFTOOL prog show pinned "$PINS/p"
	assert_output --partial 'xlated hidden  jited hidden'
	run -0 $NOBODY $BPFTOOL -j prog show pinned "$PINS/p"
	run -0 jq -c '[.bytes_xlated, .jited]' <<<"$output"
	assert_output '[null,null]'
}

@test "nobody: refusals name the capability" {
	for cmd in 'prog show' 'map show' 'link show' 'map show id 1' 'prog dump xlated id 1'; do
		# shellcheck disable=SC2086
		run -3 --separate-stderr $NOBODY $BPFTOOL $cmd
		[[ $stderr == *CAP_* ]] || fail "$cmd: $stderr"
		# shellcheck disable=SC2086
		run -3 --separate-stderr $NOBODY $BPFTOOL -j $cmd
		run -0 jq -r '.error | length > 0' <<<"$output"
		assert_output true
	done
}

@test "nobody: what cannot be listed is not said to be absent" {
	printf '.license "GPL"\n.section socket\nunpriv: r0 = 0\nexit\n' >p.s
	run -0 $BPF_AS -o p.o p.s
	$BPFTOOL prog load p.o "$PINS/p" # it is there
	run -3 --separate-stderr $NOBODY $BPFTOOL prog match p.o
	assert_output ''
	[[ $stderr == *'cannot list programs'*CAP_SYS_ADMIN* ]]
	run -3 --separate-stderr $NOBODY $BPFTOOL -j prog match p.o
	run -0 jq -c '[(.error | length > 0), has("not_loaded")]' <<<"$output"
	assert_output '[true,false]'
	run -3 --separate-stderr $NOBODY $BPFTOOL snapshot save /dev/null
	[[ $stderr == *'cannot list programs'*CAP_SYS_ADMIN* ]]
}

@test "nobody: a pin that may not be opened: whose it is, its mode, what it takes" {
	[ "$(stat -c %a "$(dirname "$PINS")")" != 700 ] || chmod o+x "$(dirname "$PINS")" || skip "needs a way to the pin"
	printf '.license "GPL"\n.section socket\nunpriv: r0 = 0\nexit\n' >p.s
	run -0 $BPF_AS -o p.o p.s
	$BPFTOOL prog load p.o "$PINS/p"
	chmod 644 "$PINS/p"
	run -3 $NOBODY $BPFTOOL prog show pinned "$PINS/p"
	assert_output --partial 'it belongs to uid 0, gid 0, and its mode is 0644: to open one takes leave to read and write'
	run -3 $NOBODY $BPFTOOL map update pinned "$PINS/open" key 1 value 3
	assert_output --partial 'to change a map takes leave to read and write'
	chmod 600 "$PINS/open"
	run -3 $NOBODY $BPFTOOL map dump pinned "$PINS/open"
	assert_output --partial 'its mode is 0600: to look into a map takes leave to read'
	chmod 700 "$PINS"
	run -3 $NOBODY $BPFTOOL map dump pinned "$PINS/open"
	assert_output --partial 'a directory on the way to it is closed to this user'
}
