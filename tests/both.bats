#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Tests that are not about one backend, once more with the VM: the same files, the same expectations.
# What is left out is about the kernel's own events, messages and rights.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_world
	drop_world
}

# Runs the tests of a file whose names match, on the VM; at least so many must be there.
on_vm() # FILE REGEX NUMBER
{
	run env -i PATH="${PATH//"$BATS_LIBEXEC":/}" HOME="$HOME" TERM=dumb BPFUTILS_TEST_BACKEND=vm BPFUTILS_BUILDDIR="$BUILDDIR" \
		BPFUTILS_SRCDIR="$SRCDIR" BPFUTILS_EMULATOR="${_emu% }" \
		timeout 240 bats --tap -f "$2" "$SRCDIR/tests/$1"
	[ "$status" = 0 ] || { echo "$output"; return 1; }
	refute_line --regexp '^not ok'
	[ "$(grep -c '^ok' <<<"$output")" -ge "$3" ] # and not one that was renamed out of here
}

@test "bpftool feature: probe, macros, reasons, lists; btf of loaded objects" {
	on_vm tool-feature.bats '^(probe kernel|full adds|macros|reasons|list_builtins)' 5
	on_vm tool-btf.bats '^(btf of loaded|a map without types)' 2
}

@test "bpftool's maps: create, change, list, pin, refuse" {
	on_vm tool.bats '^(create, update|a key that is not|bytes out of|a number alone|any, exist|a full map|maps of maps|per-CPU maps|long keys|create: what|pin: a second|a file that is no pin)' 12
}

@test "bpftool prog dump xlated, prog dump jited" {
	on_vm tool-xlated.bats '^(instructions:|words that|visual is|asm:|several programs)' 5
	on_vm tool-jited.bats '^no native code' 1
}

@test "bpftool prog match" {
	on_vm tool-match.bats '' 6
}

@test "bpftool: listings" {
	on_vm tool-list.bats '^prog show: metadata( of| from|$)' 3
}

@test "bpf-ld: life, watching, pins, used maps" {
	on_vm ld_run.bats '^(--for ends|--watch prints|what --watch prints|--json: what was|--pin keeps|--pin elsewhere|--pin with COMMAND|a pinned map is|structs are watched)' 9
}

@test "bpf-ld: old forms of objects, tc's pinning" {
	command -v clang-19 >/dev/null || skip "needs the program clang-19"
	on_vm ld-formats.bats '^(the samples.|tc.s pinning|cilium|symbols without|code in|common symbols|an object with damaged)' 5
}

@test "bpf-ld: types, selection, sizes and parts of variables, maps shared by name" {
	on_vm ld-cli.bats '^(--type is what|--only|--set|a map pinned by name|a target behind)' 6
}

@test "bpf-ld --unload" {
	on_vm ld-unload.bats '^--unload' 4
}

@test "bpftool's programs: load, run" {
	on_vm tool-prog.bats '^(load|what is pinned|a program that the verifier|autoattach attaches|run: (value|data|what))' 12
}

@test "bpftool top, prog profile, prog unload, map unload" {
	on_vm tool-top.bats '^(top|profile: (runs|what))' 9
	on_vm tool-unload.bats '^(unload: (a (program|process|map)|what)|map unload)' 6
}

@test "bpftool's typed values: parts, addresses, ranges" {
	on_vm tool-typed.bats '^(parts of|a part that|a byte of|--human|--exact)' 6
}

@test "bpftool's maps: dumps, queues, freezing, maps of a program" {
	on_vm tool-mapdump.bats '^mapped arrays' 1
	on_vm tool-mapverb.bats '^(a queue and|a full queue|pop takes|a frozen|create:|a map by)' 6
}

@test "bpftool map load, map diff" {
	on_vm tool-load.bats . 8
}

@test "bpftool: local storage of tasks, sockets and control groups; a ring that user space fills" {
	on_vm tool-events.bats '^local storage' 2
	on_vm tool-mapkinds.bats . 5
}

@test "bpftool struct_ops" {
	command -v clang-19 >/dev/null || skip "needs the program clang-19"
	on_vm tool-structops.bats '^struct_ops: (register|what)' 3
}

@test "bpftool snapshot: save, diff, restore" {
	on_vm tool-snapshot.bats . 7
}

@test "what the kernel tree's tests of bpftool assert of maps" {
	on_vm tool-upstream.bats '^(metadata|an unprotected map by|a frozen map|maps of maps|update:|dump:)' 6
}

@test "bpftool's maps: ring buffers, event_pipe, watch" {
	on_vm tool-events.bats '^(a ring buffer|event_pipe reads|queues and stacks|watch: what|watch as JSON)' 6
}
