#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: warnings. Each is checked against the running kernel: what is warned of it refuses, in the
# words that stand in the table, and without the slip it loads the program.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# NAME | wrong statements | the same mended | what the kernel says of the wrong ones; ';' ends a statement
table()
{
	cat <<'END'
shift-width|r0 = 1; r0 <<= 64; exit|r0 = 1; r0 <<= 63; exit|invalid shift 64
div-zero|r0 = 1; r0 /= 0; exit|r0 = 1; r0 /= 1; exit|div by zero
stack-bounds|*(u64 *)(r10 - 520) = 0; r0 = 0; exit|*(u64 *)(r10 - 512) = 0; r0 = 0; exit|invalid write to stack
stack-bounds|r2 = r10; r2 += -512; *(u64 *)(r2 - 8) = 0; r0 = 0; exit|r2 = r10; r2 += -504; *(u64 *)(r2 - 8) = 0; r0 = 0; exit|invalid write to stack
stack-align|*(u32 *)(r10 - 6) = 0; r0 = 0; exit|*(u32 *)(r10 - 8) = 0; r0 = 0; exit|misaligned stack access
stack-align|r2 = r10; r2 += -4; *(u64 *)(r2 - 8) = 0; r0 = 0; exit|r2 = r10; r2 += -4; *(u64 *)(r2 - 12) = 0; r0 = 0; exit|misaligned stack access
frame-write|r10 = 0; r0 = 0; exit|r9 = 0; r0 = 0; exit|frame pointer is read only
jump-section|r0 = 0; if r1 == 0 goto +5; exit|r0 = 0; if r1 == 0 goto +0; exit|jump out of range
jump-middle|r0 = 0; if r0 == 0 goto +1; r1 = 1 ll; exit|r0 = 0; if r0 == 0 goto +2; r1 = 1 ll; exit|
fall-off|r0 = 0|r0 = 0; exit|last insn is not an exit or jmp
uninit|r0 = r2; exit|r0 = 0; exit|R2 !read_ok
uninit|call bpf_ktime_get_ns; r0 = *(u32 *)(r1 + 0); exit|r6 = r1; call bpf_ktime_get_ns; r0 = *(u32 *)(r6 + 0); exit|R1 !read_ok
uninit|exit|r0 = 0; exit|R0 !read_ok
uninit|r0 = 0; *(u64 *)(r10 - 8) = r9; exit|r0 = 0; *(u64 *)(r10 - 8) = r1; exit|R9 !read_ok
unreachable|r0 = 0; exit; r0 = 1; exit|r0 = 0; exit|unreachable insn
unreachable|r0 = 0; goto 1f; r0 = 1; 1: exit|r0 = 0; goto 1f; 1: exit|unreachable insn
END
}

source_of()
{
	printf '\t.license "GPL"\n\t.section socket\np:\n'
	tr ';' '\n' <<<"$1"
}

@test "each finding is told by its name, can be switched off, made a warning and an error" {
	local name wrong right n=0
	while IFS='|' read -r -u 3 name wrong right _; do
		source_of "$wrong" >wrong.s
		source_of "$right" >right.s
		run -0 --separate-stderr $BPF_AS -Wall right.s
		assert_equal "$stderr" ''
		run -0 --separate-stderr $BPF_AS --diagnostics=short -Wno-error=$name wrong.s
		[[ $stderr == "wrong.s:"*": warning: "*" [-W$name]" ]] || fail "$name: $stderr"
		assert_equal "${#stderr_lines[@]}" 1
		run -0 --separate-stderr $BPF_AS -Wno-$name wrong.s
		assert_equal "$stderr" ''
		run -1 --separate-stderr $BPF_AS -Werror=$name wrong.s
		[[ $stderr == *": error: "*" [-W$name]"* ]] || fail "$name: $stderr"
		n=$((n + 1))
	done 3< <(table)
	assert_equal $n 16
}

@test "the kernel refuses what is warned of, and takes the mended program" {
	need_root; need_bpf
	local name wrong right says
	while IFS='|' read -r -u 3 name wrong right says; do
		source_of "$wrong" | $BPF_AS -w -Wno-$name -o wrong.o -
		source_of "$right" | $BPF_AS -o right.o -
		run -0 $BPF_LD --no-attach right.o
		run ! $BPF_LD --no-attach -v wrong.o
		assert_output --partial "$says"
	done 3< <(table)
}

@test "a sign-extended immediate: the program returns what the error says" {
	printf '\t.section socket\np:\tr0 = 0xffffffff\n\tr0 >>= 32\n\texit\n' >x.s
	run -1 $BPF_AS x.s
	assert_output --partial "it would be 0xffffffffffffffff"
	assert_output --partial "[A0161] [-Wsign-extend]"
	run -0 $BPF_AS -Wno-sign-extend x.s
	run -0 --separate-stderr $BPF_AS -d x.o
	assert_line --partial 'r0 = -1'
}

@test "the finding names the place, the register and the call" {
	printf '\t.section tc\np:\tr2 = 1\n\tcall bpf_ktime_get_ns\n\tr0 += r2\n\texit\n' >x.s
	run -0 --separate-stderr $BPF_AS --color=never x.s
	assert_equal "$stderr" "x.s:4:2: warning: r2 is read, but a call has clobbered it [A0186] [-Wuninit]
    4 | 	r0 += r2
      | 	^~~~~~~~
x.s:3:2: note: a call leaves nothing in r1 to r5
    3 | 	call bpf_ktime_get_ns
      | 	^~~~~~~~~~~~~~~~~~~~~ a call leaves nothing in r1 to r5
      = help: keep what outlives a call in r6 to r9 or on the stack"
}

@test "loops, joins and callees: no finding where some path sets the register" {
	cat >x.s <<'END'
	.section tc
p:	r6 = 10
	r7 = 0
1:	r7 += r6
	r6 -= 1
	if r6 != 0 goto 1b
	if r7 == 3 goto 2f
	r8 = 1
2:	if r7 != 3 goto 3f
	goto 4f
3:	r7 = r8
4:	r1 = r7
	r2 = 1
	call sub
	exit
	.text
sub:	goto 2f
	.balign 32
1:	r0 = r1
	r0 += r2
	exit
2:	goto 1b
END
	run -0 --separate-stderr $BPF_AS -Wall x.s
	assert_equal "$stderr" ''
}

@test ".insn and data in code are exempt" {
	printf '\t.section socket\np:\t.insn 0xbf, 0, 9, 0, 0\n\t.8byte 0x95\n\t.insn 0xbf, 10, 1, 0, 0\n' >x.s
	run -0 --separate-stderr $BPF_AS -Wall x.s
	assert_equal "$stderr" ''
}

@test "-Werror, -w, -Whelp and an unknown name" {
	printf '\t.section socket\np:\tr0 = 0\n\texit\n\texit\n' >x.s
	run -0 $BPF_AS x.s
	assert_output --partial 'warning: nothing leads to this instruction [A0187] [-Wunreachable]'
	run -1 $BPF_AS -Werror x.s
	run -1 $BPF_AS --fatal-warnings x.s
	run -0 $BPF_AS -w x.s
	refute_output
	run -0 $BPF_AS -Werror -Wno-error=unreachable -Wno-unreachable x.s
	run -0 $BPF_AS -Whelp
	assert_line --regexp '^  -Wunreachable +warning +instructions that nothing leads to$'
	run -2 $BPF_AS -Wunreachble x.s
	assert_output --partial "no warning is called 'unreachble'"
	assert_output --partial "did you mean 'unreachable'?"
}

@test "the registers that a helper reads: one message a call, exact, and only what is not set on any path" {
	source_of 'call bpf_ktime_get_ns; call bpf_get_current_comm; r0 = 0; exit' >x.s
	run -0 $BPF_AS --diagnostics=short x.s
	assert_output 'x.s:5:2: warning: bpf_get_current_comm takes 2 arguments, but r1 and r2 are not set [A0186] [-Wuninit]'
	source_of 'r6 = r1; r2 = 8; call bpf_trace_printk; r0 = 0; exit' >x.s
	run -0 $BPF_AS x.s
	assert_output ''
	source_of 'r6 = r1; if r6 == 0 goto 1f; r2 = 8; 1: call bpf_trace_printk; r0 = 0; exit' >x.s
	run -0 $BPF_AS x.s
	assert_output ''
	source_of 'r4 = 0; call bpf_map_update_elem; r0 = 0; exit' >x.s
	run -0 $BPF_AS --color=never x.s
	assert_line --index 0 --partial 'bpf_map_update_elem takes 4 arguments, but r2 and r3 are not set [A0186]'
	source_of 'r2 = 0; r3 = 0; r1 = r2; call bpf_trace_printk; call bpf_redirect; r0 = 0; exit' >x.s
	run -0 $BPF_AS --color=never x.s
	assert_output --partial 'keep what outlives a call in r6 to r9'
	assert_output --partial 'a call leaves nothing in r1 to r5'
}
