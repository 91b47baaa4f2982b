#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: jumps that are too far for 16 bits, instruction set versions, releases of Linux. What far jumps
# mean when they run is in unit/as_relax_test.c.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# words OBJECT FROM COUNT: instructions of section xdp, 16 hex digits each
words()
{
	readelf -x xdp "$1" 2>/dev/null | awk -v from="$2" -v n="$3" '/^  0x/ {
		h = substr($0, 14, 35); gsub(/ /, "", h)
		for (i = 0; i < 2; i++)
			if (at++ >= from && at <= from + n)
				printf "%s ", substr(h, 1 + 16 * i, 16)
	}'
}

far()
{
	cat >x.s <<'S'
	.section xdp
p:	if r1 == 0 goto end
	if r1 & 1 goto end
	if r1 == 5 goto +1
	if w2 s> 3 goto end
	goto end
	if r1 > r2 goto near
	r0 = 0
near:
	.rept 33000
	r0 += 1
	.endr
	if r1 != 7 goto p
	gotol -2
	call f
end:	exit
f:	r0 = 2
	exit
	.type f, @function
	.data
	.4byte end - p, f - near
S
}

@test "with gotol: the opposite condition, or two jumps; +N counts what was written" {
	need_cmd readelf
	far
	run -0 --separate-stderr $BPF_AS -w x.s
	assert_equal "$stderr" ''
	assert_equal "$(words x.o 0 12)" '5501010000000000 06000000f5800000 4501010001000000 0500010000000000 06000000f2800000 1501020005000000 d602010003000000 06000000ef800000 06000000ee800000 2d21010000000000 b700000000000000 0700000001000000 '
	# from the end: "if r1 == 7 goto +1; gotol p", then gotol -2 to the first of these two
	assert_equal "$(words x.o 33011 6)" '1501010007000000 060000000b7fffff 06000000fdffffff 8510000001000000 9500000000000000 b700000002000000 '
	readelf -sW x.o | grep -qE ' 0000000000000000 0x407c0 +FUNC .* p$'
	readelf -x .data x.o | grep -q 'b8070400 68070400'
}

@test "without gotol: islands, jumped over, inside the function" {
	need_cmd readelf
	far
	sed -i '/gotol/d' x.s
	run -0 --separate-stderr $BPF_AS -w -mcpu=v3 x.s
	assert_equal "$stderr" ''
	run -0 words x.o 0 33100
	refute_output --regexp '(^| )06'
	readelf -rW x.o | grep -q 'no relocations'
	# as much was put in as is in the islands: each begins with a jump over the others
	readelf -sW x.o | grep -qE ' FUNC .* p$'
}

@test "-mno-relax refuses, with the place" {
	far
	run -1 $BPF_AS --diagnostics=short -w -mno-relax x.s
	assert_line --index 0 --partial 'x.s:2:20: error: target is 33009 instructions away'
	run -1 $BPF_AS --diagnostics=short --mno-relax x.s
	assert_line --index 0 --partial 'x.s:2:20: error: target is 33009 instructions away'
}

@test "far jumps that go nowhere are mistakes" {
	printf '\t.section xdp\np:\tr0 = 0\n\tgoto +40000\n\texit\n' >x.s
	run -1 $BPF_AS --diagnostics=short -w x.s
	assert_output --partial 'x.s:3:7: error: jump past the end'
	printf '\t.section xdp\np:\tr0 = 0\n\tgoto q\n\texit\n\t.rept 40000\n\tr0 = 1\n\t.endr\nq:\texit\n\t.type q, @function\n' >x.s
	run -1 $BPF_AS --diagnostics=short -w x.s
	assert_output --partial "jump out of function 'p'"
	run -1 $BPF_AS --diagnostics=short -w -mcpu=v2 x.s
	assert_output --partial 'target is too far, and in another function'
}

@test "a source from a pipe is relaxed too, and warnings are told once" {
	far
	{ cat x.s; printf '\t.warning "once"\n'; } >y.s
	$BPF_AS -o f.o y.s 2>err
	assert_equal "$(grep -c "warning: once" err)" 1
	$BPF_AS -o p.o - <y.s
	assert_equal "$(words f.o 0 33100 | md5sum)" "$(words p.o 0 33100 | md5sum)"
	[ "$(words p.o 0 33100 | wc -w)" = 33018 ]
}

@test "the kernel loads both forms" {
	need_root
	need_bpf
	cat >x.s <<'S'
	.license "GPL"
	.section xdp
p:	r2 = *(u32 *)(r1 + xdp_md.ingress_ifindex)
	r0 = 2
	if r2 == 0 goto end
	if r2 & 2 goto end
	.rept 40000
	r0 += 1
	.endr
	if r2 s< 9 goto end
	r0 = 2
end:	exit
S
	run -0 $BPF_AS -mcpu=v3 -o v3.o x.s
	run -0 $BPF_LD --no-attach v3.o
	case $(uname -r) in [1-5].* | 6.[0-5].*) skip "needs Linux 6.6 for gotol" ;; esac
	run -0 $BPF_AS -o v4.o x.s
	run -0 $BPF_LD --no-attach v4.o
}

@test "-mcpu says which version has an instruction" {
	printf 'p:\tif r1 s< 2 goto +0\n\tif w1 == 2 goto +0\n\tr1 = (s8)r2\n\tr0 = 0\n\texit\n' >x.s
	run -0 $BPF_AS x.s
	run -0 $BPF_AS -mcpu=v4 x.s
	run -1 $BPF_AS --diagnostics=short -w -mcpu=v3 x.s
	assert_output 'x.s:3:2: error: instruction set v3 does not have this instruction [A0209]'
	run -1 $BPF_AS -misa-spec=v1 x.s
	assert_line --partial 'it is there from v2'
	assert_line --partial 'it is there from v3'
	assert_line --partial 'it is there from v4'
	run -2 $BPF_AS -mcpu=v9 x.s
	assert_output --partial "unknown instruction set 'v9'"
}

@test "--target says from which release on an instruction or helper is there" {
	printf 'p:\tr1 = (s8)r2\n\tcall bpf_loop\n\tcall bpf_map_lookup_elem\n\texit\n' >x.s
	run -0 $BPF_AS --target=linux-6.6 x.s
	run -1 $BPF_AS --target=linux-6.1 x.s
	assert_line 'x.s:1:4: error: linux-6.1 does not have this instruction [A0210]'
	assert_line --partial 'it is there from Linux 6.6'
	run -1 $BPF_AS --target=5.10 x.s
	assert_line 'x.s:2:7: error: linux-5.10 does not have this helper function [A0210]'
	assert_line --partial 'it is there from Linux 5.17'
	printf '\t.map m, ringbuf, max_entries=4096\n' >x.s
	run -0 $BPF_AS --target=5.8 x.s
	run -1 $BPF_AS --target=5.4 x.s
	assert_line 'x.s:1:10: error: linux-5.4 does not have this type of map [A0210]'
	printf '\t.section lsm/x\np:\tr0 = 0\n\texit\n' >x.s
	run -0 $BPF_AS --target=5.8 x.s
	run -1 $BPF_AS --target=5.4 x.s
	assert_line 'x.s:1:11: error: linux-5.4 does not have this type of program [A0210]'
	run -2 $BPF_AS --target=windows x.s
	assert_output --partial "unknown target 'windows'"
}
