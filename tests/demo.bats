#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job on this kernel's own events, and that it can fail.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_root
	need_native
	need_bpf
	need_tracefs
	serial
	cp -r "$SRCDIR/examples" ex
}

@test "the demo counts 50, 30, 0 on live events" {
	run -0 --separate-stderr ex/demo.sh "$BUILDDIR"
	assert_line --regexp '^ +50  unix: 50 datagrams sent'
	assert_line --regexp '^ +30  unix: 20 of them read'
	assert_line --regexp '^ +0  unix: closed'
	assert_line --regexp 'age [0-9.]+ s$'
	assert_line --regexp '^Events: .*(kprobe|kmem_cache_alloc)'
}

@test "the demo fails when frees are not seen" {
	sed -i 's/call	bpf_map_delete_elem/r0 = 0/' ex/skbleak.s
	DEMO_DEADLINE=1 run -1 ex/demo.sh "$BUILDDIR"
	assert_output --partial 'FAILED: '
}

@test "the demo fails when allocations are not seen" {
	sed -i 's/call	bpf_map_update_elem/r0 = 0/' ex/skbleak.s
	DEMO_DEADLINE=1 run -1 ex/demo.sh "$BUILDDIR"
	assert_output --partial '0 entries in skbs, should be 50'
}

@test "the demo leaves no map, program or process behind" {
	run -0 ex/demo.sh "$BUILDDIR"
	# The kernel frees a program, and then its maps, after a grace period.
	gone() { ! $BPFTOOL -j map show name skbs | grep -q '"id"'; }
	eventually 20 gone
	run pgrep -x leak
	assert_failure
}
