#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld and bpftool on the VM: the choice of the backend, worlds, two processes, sudden death.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_world
	BLOCKED="$_emu$BUILDDIR/tests/blocked"
	LD_PID=
	cat >two.s <<-'END'
		.map	numbers, hash, key=u32, value=u64, max_entries=64
		.map	list, array, key=u32, value=u32, max_entries=4
		.license "GPL"
		.section .data
		.globl	limit
		limit:	.4byte 7
		.section tracepoint/skb/kfree_skb
		on_drop:
			r1 = limit ll
			r1 = *(u32 *)(r1 + 0)
			r1 = numbers ll
			r2 = r10
			r2 += -4
			*(u32 *)(r10 - 4) = 1
			call	bpf_map_lookup_elem
			r0 = 0
			exit
	END
	$BPF_AS -o two.o two.s
}

teardown()
{
	[ -z "$LD_PID" ] || kill "$LD_PID" || true
	drop_world
}

# bpf-ld in the background, until it is attached.
hold() # ARG...
{
	mkfifo ready
	$BPF_LD --vm "$@" --ready-fd 6 two.o 6>ready >made 2>err 3>&- &
	LD_PID=$!
	read -r _ <ready || { cat made err; return 1; }
	rm ready
}

let_go() # SIGNAL
{
	kill "-$1" "$LD_PID"
	wait "$LD_PID" 2>/dev/null || true
	LD_PID=
}

@test "vm: another process lists, dumps and changes what bpf-ld holds" {
	hold --set 'numbers[3]=9' --set 'list[1]=5' --set limit=12
	run -0 $BPFTOOL --vm -j map show name numbers
	assert_output --partial '"max_entries":64'
	run -0 $BPFTOOL --vm map dump name numbers
	assert_output --partial '"value": 9'
	run -0 $BPFTOOL --vm map update name numbers key 4 0 0 0 value 1 1 0 0 0 0 0 0
	run -0 $BPFTOOL --vm -j map lookup name numbers key 4 0 0 0
	assert_output --partial '"value":257'
	run -0 $BPFTOOL --vm map dump name two.data
	assert_output --partial '12'
	run -0 $BPFTOOL --vm prog show name on_drop
	assert_output --partial 'tracepoint  name on_drop'
	run -0 $BPFTOOL --vm prog dump xlated name on_drop
	assert_output --partial 'call bpf_map_lookup_elem'
	run -0 $BPFTOOL --vm link show
	assert_output --partial 'kfree_skb'
}

@test "vm: what nobody holds is gone" {
	hold
	run -0 $BPFTOOL --vm -j map show
	assert_output --partial '"name":"numbers"'
	let_go INT
	run -0 --separate-stderr $BPFTOOL --vm -j map show
	assert_output '[]'
	run -0 --separate-stderr $BPFTOOL --vm -j prog show
	assert_output '[]'
	run -0 --separate-stderr $BPFTOOL --vm -j link show
	assert_output '[]'
}

@test "vm: what a killed bpf-ld held is gone too" {
	hold
	let_go KILL
	run -0 --separate-stderr $BPFTOOL --vm -j map show
	assert_output '[]'
	run -0 --separate-stderr $BPFTOOL --vm -j prog show
	assert_output '[]'
}

@test "vm: pins stay, and end with rm" {
	run -0 $BPF_LD --vm --pin /sys/fs/bpf/kept --set 'numbers[1]=2' two.o
	run -0 $BPFTOOL --vm -f map show name numbers
	assert_output --partial 'kept/numbers'
	run -0 $BPFTOOL --vm map dump pinned /sys/fs/bpf/kept/numbers
	assert_output --partial '"value": 2'
	[ ! -e /sys/fs/bpf/kept ]
	[ -e "$BPFUTILS_WORLD/pins/kept/numbers" ]
	# A second object takes over the pinned map.
	run -0 $BPF_LD --vm --map numbers=/sys/fs/bpf/kept/numbers --watch numbers --for 1ms two.o
	assert_line --regexp '^1 2$'
	rm -r "$BPFUTILS_WORLD/pins/kept"
	run -0 --separate-stderr $BPFTOOL --vm -j map show
	assert_output '[]'
}

@test "vm: --watch, --for and a command" {
	run -0 --separate-stderr $BPF_LD --vm --set 'numbers[1]=2' --watch numbers two.o -- true
	assert_line --regexp '^1 2$'
	run -0 --separate-stderr $BPF_LD --vm -j --no-attach two.o
	assert_output --partial '"name":"numbers","id":'
	run -7 $BPF_LD --vm two.o -- sh -c 'exit 7'
}

@test "vm: a failed load leaves nothing" {
	run ! $BPF_LD --vm --set 'list[4]=5' two.o
	run -0 --separate-stderr $BPFTOOL --vm -j map show
	assert_output '[]'
}

@test "vm: auto takes the VM where bpf(2) is refused, and says so in one line" {
	need_native
	$BLOCKED true || skip "needs seccomp filters"
	run -0 --separate-stderr $BLOCKED $BPF_LD --for 1ms two.o
	[ "$(grep -c 'the VM serves instead' <<<"$stderr")" = 1 ]
	[[ $stderr == *"$BPFUTILS_WORLD"* ]]
	run -0 --separate-stderr $BLOCKED $BPFTOOL -j map show
	assert_output '[]'
	[[ $stderr == *seccomp* ]]
	run -0 --separate-stderr $BLOCKED -s $BPFTOOL -j map show
	[[ $stderr == *'no bpf(2)'* ]]
}

@test "vm: the kernel is not replaced when it is asked for" {
	need_native
	$BLOCKED true || skip "needs seccomp filters"
	run -3 $BLOCKED $BPF_LD --backend=kernel --for 1ms two.o
	BPFUTILS_BACKEND=kernel run -3 $BLOCKED $BPFTOOL map show
}

@test "vm: \$BPFUTILS_BACKEND chooses, an option overrides it" {
	BPFUTILS_BACKEND=vm run -0 --separate-stderr $BPFTOOL -j map show
	assert_output '[]'
	[ -d "$BPFUTILS_WORLD" ]
	BPFUTILS_BACKEND=moon run -2 $BPFTOOL map show
	BPFUTILS_BACKEND=kernel run -0 --separate-stderr $BPF_LD --vm --for 1ms two.o
}

@test "vm: an ordinary user's objects are not root's" {
	need_native
	need_root
	need_cmd setpriv
	unset BPFUTILS_WORLD
	mkdir "$WORLD_DIR/d"
	cp "$BUILDDIR/bpf-ld/bpf-ld" "$BUILDDIR/bpftool/bpftool" two.o "$WORLD_DIR/d"
	chmod -R a+rX "$WORLD_DIR"
	mkdir -m 700 "$WORLD_DIR/run"
	chown 65534 "$WORLD_DIR/run"
	run -0 --separate-stderr env XDG_RUNTIME_DIR="$WORLD_DIR/run" setpriv --reuid=65534 --regid=65534 \
		--clear-groups "$WORLD_DIR/d/bpf-ld" --vm --for 1ms "$WORLD_DIR/d/two.o"
	[ "$(stat -c '%U %a' "$WORLD_DIR/run/bpfutils")" = "nobody 700" ]
	BPFUTILS_WORLD=$WORLD_DIR/run/bpfutils run ! $BPF_LD --vm --for 1ms two.o
	# Root may look when it names the world, and changes nothing.
	BPFUTILS_WORLD=$WORLD_DIR/run/bpfutils run -0 $BPFTOOL --vm world
	assert_output --partial "uid 65534"
	BPFUTILS_WORLD=$WORLD_DIR/run/bpfutils run -4 $BPFTOOL --vm map create /sys/fs/bpf/x type array \
		key 4 value 4 entries 1 name x
	assert_output --partial "Read-only file system"
	assert_equal "$(find "$WORLD_DIR/run/bpfutils" -user 0)" ""
	chmod 777 "$WORLD_DIR/run/bpfutils"
	run ! env BPFUTILS_WORLD="$WORLD_DIR/run/bpfutils" setpriv --reuid=65534 --regid=65534 \
		--clear-groups "$WORLD_DIR/d/bpftool" --vm map show
}

@test "vm: in a user namespace" {
	need_native
	need_cmd unshare
	unshare -Ur true 2>/dev/null || skip "needs user namespaces"
	run -0 --separate-stderr unshare -Ur $BPF_LD --for 1ms two.o
	[[ $stderr == *'the VM serves instead'* ]]
}

@test "vm: a full tmpfs is an error, and nothing stays" {
	need_native
	need_root
	need_cmd unshare
	cat >big.s <<-'END'
		.map	big, array, key=u32, value=u64, max_entries=1M
		.license "GPL"
		.section tracepoint/skb/kfree_skb
		p:	r1 = big ll
			r0 = 0
			exit
	END
	$BPF_AS -o big.o big.s
	mkdir small
	run -0 --separate-stderr unshare -m sh -c "mount -t tmpfs -o size=2m,mode=700 s small || exit 9
		BPFUTILS_WORLD=\$PWD/small/w
		export BPFUTILS_WORLD
		$BPF_LD --vm --for 1ms big.o && exit 8
		$BPF_LD --vm --for 1ms two.o || exit 7
		$BPFTOOL --vm -j map show"
	[[ $stderr == *'map big cannot be made: '* ]]
	assert_line '[]'
}

@test "vm: a place that is no tmpfs is an error" {
	mkdir on_disk
	[ "$(stat -f -c %T on_disk)" != tmpfs ] || skip "needs a test directory that is on no tmpfs"
	BPFUTILS_WORLD=$PWD/on_disk/w run ! $BPFTOOL --vm map show
	assert_output --partial on_disk
}
