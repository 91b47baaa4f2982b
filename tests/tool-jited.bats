#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool prog dump jited: native code of the kernel's compiler; on the VM the reason why there is none.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_pins
	VM=
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || VM=1
}

teardown()
{
	drop_pins
}

# A program with a helper, a jump and a function, compiled by the kernel, at $PINS/p/look
look()
{
	cat >look.s <<-'END'
		.license "GPL"
		.section socket
		.globl	look
		look:
			call	bpf_ktime_get_ns
			r1 = r0
			if r1 > 1000 goto over
			r1 = 1000
		over:
			call	twice
			exit
		.section .text
		twice:
			r0 = r1
			r0 += r0
			exit
	END
	$BPF_AS -o look.o look.s
	$BPF_LD --no-attach --pin "$PINS/p" look.o >/dev/null
	P="pinned $PINS/p/look"
}

need_jit()
{
	[ -z "$VM" ] || skip "needs the kernel's compiler"
	[ "$($BPFTOOL -j prog show $P | jq .jited)" = true ] || skip "needs a kernel that compiles programs (net.core.bpf_jit_enable)"
}

need_capstone()
{
	grep -q '^#define HAVE_CAPSTONE 1' "$BUILDDIR/config.h" || skip "needs capstone when it is built"
}

@test "no native code: status 3 and the reason, in JSON too" {
	[ -n "$VM" ] || skip "needs the VM"
	look
	run -3 $BPFTOOL prog dump jited $P
	assert_output --partial 'has no native code: the VM interprets it'
	run -3 --separate-stderr $BPFTOOL -j prog dump jited $P
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'has no native code'
	run -3 $BPFTOOL prog dump jited $P file x
	[ ! -e x ]
}

@test "functions with their names, source lines, instructions" {
	look
	need_jit
	need_capstone
	tag=$($BPFTOOL -j prog show $P | jq -r .tag)
	run -0 $BPFTOOL prog dump jited $P
	assert_line "bpf_prog_${tag}_look:"
	assert_line --regexp '^(bpf_prog_[0-9a-f]{16}_)?twice:$'
	assert_line '; call	twice'
	assert_line --regexp '^   0:	'
	assert_line --regexp '<.*ktime_get_ns.*>$'
	assert_line --regexp '<(bpf_prog_[0-9a-f]{16}_)?twice>$'
	run -0 $BPFTOOL prog dump jited $P linum opcodes
	assert_line --regexp '^; call	twice \[file:.*look.s line_num:10 line_col:[0-9]+\]$'
	assert_line --regexp '^	([0-9a-f]{2} )+$'
}

@test "JSON: each instruction with its bytes, which are those of the file" {
	look
	need_jit
	need_capstone
	$BPFTOOL -j prog dump jited $P opcodes linum >js
	jq -e 'length == 2 and all(.insns | length > 2)' js
	jq -e 'all(.[]; (.name | type) == "string") and all(.[].insns[]; (.pc | test("^0x[0-9a-f]+$")) and
		(.operation | length > 0) and (.operands | length > 0))' js
	jq -e '[.[0].insns[].symbol // "" | select(test("ktime_get_ns|twice"))] | length == 2' js
	jq -e '[.[0].insns[] | select(.src == "call\ttwice") | .line_num] == [10]' js
	jq -r '.[].insns[].opcodes[]' js | sed 's/0x//' | tr -d '\n' >hex
	$BPFTOOL prog dump jited $P file bytes
	assert_equal "$(<hex)" "$(od -An -v -tx1 bytes | tr -d ' \n')"
	assert_equal "$($BPFTOOL -j prog show $P | jq .bytes_jited)" "$(stat -c %s bytes)"
	# counted from 0 in each function, without holes
	jq -e 'all(.[]; .insns | [.[].opcodes | length] as $n | [.[].pc] | .[0] == "0x0" and (length == ($n | length)))' js
}

@test "where a jump goes is an instruction of the listing" {
	look
	need_jit
	need_capstone
	$BPFTOOL prog dump jited $P >text
	# the first function's only jump inside: over "r1 = 1000"
	awk '/^$/ { exit } { print }' text >one
	to=$(awk -F '\t' '$2 ~ /^(j[a-z]+|b\.[a-z]+)$/ { sub(/^#?0x/, "", $3); print $3; exit }' one)
	[ -n "$to" ]
	grep -q "^ *$to:" one
}

@test "the file needs no disassembler, and goes with no other word" {
	look
	need_jit
	run -0 $BPFTOOL prog dump jited $P file x
	[ -s x ]
	run -2 $BPFTOOL prog dump jited $P file x linum
	run -2 $BPFTOOL prog dump jited $P visual
	run -2 $BPFTOOL prog dump jited $P linu opcods
	assert_output --partial "did you mean 'opcodes'?"
}

@test "without the library: status 3, and what to install" {
	look
	need_jit
	need_capstone
	need_cmd unshare
	need_native
	lib=$(ldconfig -p | awk '/libcapstone\.so/ { print $NF; exit }')
	[ -n "$lib" ] || skip "needs libcapstone as a library of its own"
	unshare -m true 2>/dev/null || skip "needs mount namespaces"
	run -3 unshare -m sh -c 'mount --bind /dev/null "$1" && shift && exec "$@"' sh "$(readlink -f "$lib")" \
		$BPFTOOL prog dump jited $P
	assert_output --partial 'is shown by the library libcapstone.so'
	assert_output --partial 'install it'
}
