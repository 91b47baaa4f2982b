#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: xlated dumps and verifier logs as a source. Programs go through the running kernel.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

# hex OBJECT SECTION
hex()
{
	readelf -x "$2" "$1" 2>/dev/null | awk '/^  0x/ { print substr($0, 14, 35) }'
}

# A program that the kernel leaves as it is, but for helpers' numbers and the maps' ids.
plain_source()
{
	cat <<-'END'
		.map m, perf_event_array, key=4, value=4, max_entries=4, id=MAPID
		.license "GPL"
		.section SECTION
	prog:	call bpf_ktime_get_ns
		*(u64 *)(r10 - 8) = r0
		r1 = r0
		r2 = r0
		r7 = 0x1122334455667788 ll
		r1 ^= r7
		r1 s>>= 3
		w1 = -w1
		r3 = 1
		lock *(u64 *)(r10 - 8) += r3
		r3 = atomic_fetch_add((u64 *)(r10 - 8), r3)
		r1 = be32 r1
		r1 <<= 7
		if w1 s< -5 goto 1f
		if r1 == 29 goto 1f
		r5 = map MAPID ll
		r5 = r10
		if r1 & r2 goto 1f
		r1 &= -8
	1:	call bpf_ktime_get_ns
		r8 = r0
		r0 = 2
		exit
	END
}

@test "xlated: plain, opcodes and linum, of ours and upstream's bpftool" {
	need_cmd readelf
	need_bpf
	need_pins
	plain_source | sed 's/MAPID/1/; s/SECTION/xdp/; s/MAPID/1/' >x.s
	run -0 $BPF_AS x.s
	run -0 $BPF_LD --backend=kernel --no-attach -p "$PINS" x.o
	local id tool mode
	for tool in "$BPFTOOL" /usr/sbin/bpftool; do
		[ "$tool" = "$BPFTOOL" ] || [ -x "$tool" ] || continue
		for mode in "" opcodes linum; do
			$tool prog dump xlated pinned "$PINS/prog" $mode >d.txt
			run -0 --separate-stderr $BPF_AS -o t.o d.txt
			[ "$mode" = opcodes ] || [[ $stderr == *'[A0274]'* ]]
			diff <(hex x.o xdp) <(hex t.o prog)
			run -0 $BPF_AS -d t.o
			assert_output --regexp 'r5 = map [0-9]+ ll'
			assert_output --partial 'call bpf_ktime_get_ns'
		done
	done
}

@test "xlated with opcodes: what an old bpftool does not know the bytes tell" {
	need_cmd readelf
	cat >d.txt <<-'END'
	int prog(void * ctx):
	   0: (bf) r1 = r2
	       bf 21 08 00 00 00 00 00
	   1: (37) r1 /= 3
	       37 01 01 00 03 00 00 00
	   2: BUG_alu64_d7
	       d7 01 00 00 20 00 00 00
	   3: (85) call bpf_ktime_get_ns#269488
	       85 00 00 00 b0 1c 04 00
	   4: (85) call pc+1#bpf_prog_0eb5405ba529d7d5_sub
	       85 10 01 00 01 00 00 00
	   5: (95) exit
	       95 00 00 00 00 00 00 00
	int sub():
	; sub: r0 = r1 [file:x.s line_num:40 line_col:6]
	   6: (b7) r0 = -1
	       b7 00 00 00 ff ff ff ff
	   7: (95) exit
	       95 00 00 00 00 00 00 00
	END
	run -0 --separate-stderr $BPF_AS -o t.o d.txt
	assert_equal "$stderr" ''
	assert_equal "$(hex t.o prog | tr -d ' \n')" "$(sed -n 's/^       //p' d.txt |
		sed 's/^85 00 .*/85 00 00 00 05 00 00 00/; s/^85 10 .*/85 10 00 00 01 00 00 00/' | tr -d ' \n')"
	run -0 $BPF_AS -d t.o
	assert_output --partial 'call sub'
	sed 's/d7 01/d7 02/; s/b7 00 00 00 ff/b7 00 00 00 fe/' d.txt >bad.txt
	run -1 --separate-stderr $BPF_AS -o t.o bad.txt
	[[ $stderr == *"bad.txt:17:8: error: these bytes are not what the text above is [A0275]"* ]]
	sed '/^       /d' d.txt >bad.txt
	run -1 --separate-stderr $BPF_AS -o t.o bad.txt
	[[ $stderr == *'[A0276]'* ]]
}

# refused CODE LINE...: a program of these lines is refused so
refused()
{
	local code=$1 i=0 l
	shift
	for l; do
		echo "   $i: $l"
		i=$((i + 1))
	done >d.txt
	echo "   $i: (95) exit" >>d.txt
	run -1 --separate-stderr $BPF_AS -o t.o d.txt
	[[ $stderr == *"[$code]"* ]] || { echo "$stderr"; false; }
}

@test "what the kernel put in place of what was loaded is refused" {
	refused A0276 '(85) call __htab_map_lookup_elem#330864'
	refused A0276 '(85) call bpf_xdp_event_output#10244288'
	refused A0276 '(85) call kernel-function#1234'
	refused A0276 '(bf) r1 = &(void __percpu *)(r2)'
	refused A0276 '(c2) nospec'
	refused A0276 '(99) r1 = *((null) *)(r2 -8)'
	refused A0276 '(8d) call bpf_unspec#0'
	refused A0275 '(b4) r1 = 1'
	refused A0275 '(07) r1 = 1'
	refused A0272 '(b7) r1 = one'
	refused A0272 '(b7) r11 = 1'
	refused A0277 '(05) goto pc+7'
	refused A0271 '(85) call pc-7'
	for c in A0276 A0277; do
		run -0 $BPF_AS --explain $c
	done
}

@test "map[id:N], map[id:N][0]+K, subprog[+N]" {
	need_cmd readelf
	cat >d.txt <<-'END'
	   0: (18) r1 = map[id:7]
	   2: (18) r2 = map[id:8][0]+24
	   4: (18) r3 = subprog[+3]
	   6: (b7) r0 = 0
	   7: (95) exit
	   8: (95) exit
	END
	run -0 --separate-stderr $BPF_AS -o t.o d.txt
	assert_equal "$(hex t.o prog | tr -d ' \n')" 180100000000000000000000000000001822000000000000000000001800000018430000030000000000000000000000b70000000000000095000000000000009500000000000000
	run -0 readelf -rW t.o
	assert_output --partial 'map#7'
	assert_output --partial 'map#8'
}

# The log of loading OBJECT at LEVEL, as bpf-ld's library gives it.
log_of()
{
	"$BUILDDIR/tests/loadlog" "$1" "$2"
}

log_source()
{
	cat <<-'END'
		.map h, hash, key=u32, value=u64, max_entries=8
		.license "GPL"
		.section xdp
	prog:	r6 = r1
		*(u32 *)(r10 - 4) = 7
		r1 = h ll
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		if r0 == 0 goto 1f
		r7 = 0x1122334455667788 ll
		r1 = *(u64 *)(r0 + 0)
		r1 ^= r7
		w1 = (s8)w1
		lock *(u64 *)(r0 + 0) += r1
		r1 = atomic_fetch_xor((u64 *)(r0 + 0), r1)
		r1 = be16 r1
		if w1 s< -5 goto 1f
		r8 = -1 ll
	1:	call bpf_ktime_get_ns
		r0 = 2
		exit
	END
}

@test "a verifier log of level 2 gives the program, with the maps that it names" {
	need_cmd readelf
	need_bpf
	log_source >x.s
	$BPF_AS x.s
	log_of x.o 2 >l.txt
	grep -q '^Live regs before insn' l.txt || skip "needs a kernel whose log prints the whole program"
	run -0 --separate-stderr $BPF_AS -o t.o l.txt
	assert_equal "$stderr" ''
	diff <(hex x.o xdp) <(hex t.o prog)
	run -0 $BPF_AS -d t.o
	assert_output --partial 'r1 = h ll'
	# and with the map beside it, it loads
	printf '\t.map h, hash, key=u32, value=u64, max_entries=8\n\t.license "GPL"\n\t.section xdp\n\t.include "l.txt"\n' >w.s
	run -0 $BPF_AS w.s
	diff <(hex x.o xdp) <(hex w.o xdp)
	run -0 $BPF_LD --backend=kernel --no-attach w.o
	assert_output --partial 'program prog'
}

@test "the log of a rejected program" {
	need_cmd readelf
	need_bpf
	log_source | sed '/goto 1f/d; s/^\t1:/\t/' >x.s
	$BPF_AS x.s
	log_of x.o 2 >l.txt
	grep -q 'invalid mem access' l.txt
	grep -q '^Live regs before insn' l.txt || skip "needs a kernel whose log prints the whole program"
	run -0 $BPF_AS -o t.o l.txt
	diff <(hex x.o xdp) <(hex t.o prog)
	# level 1 ends where the verifier did
	log_of x.o 1 >l.txt
	run -1 --separate-stderr $BPF_AS -o t.o l.txt
	[[ $stderr == *'instruction 10 is not in the text [A0277]'* ]]
}

@test "a log of level 1 that has all of a program" {
	need_cmd readelf
	cat >l.txt <<-'END'
	libbpf: prog 'mine': BPF program load failed: Permission denied
	libbpf: prog 'mine': -- BEGIN PROG LOAD LOG --
	0: R1=ctx() R10=fp0
	; if (x) @ x.c:6
	0: (b7) r2 = 1                        ; R2=1
	1: (15) if r1 == 0x0 goto pc+2        ; R1=ctx()
	2: (18) r1 = 0xffff88814b228c00       ; R1=map_ptr(map=h,ks=4,vs=8)
	4: (bf) r0 = r2                       ; R0=1 R2=1
	5: (95) exit
	At program exit the register R0 has smin=5 smax=5 should have been in [0, 1]

	from 1 to 4: R1=0 R2=1 R10=fp0
	4: (bf) r0 = r2                       ; R0=1 R2=1
	processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
	-- END PROG LOAD LOG --
	END
	run -0 --separate-stderr $BPF_AS -o t.o l.txt
	assert_equal "$(hex t.o prog | tr -d ' \n')" b7020000010000001501000200000000180100000000000000000000000000 ||
	assert_equal "$(hex t.o prog | tr -d ' \n')" b702000001000000150102000000000018010000000000000000000000000000bf200000000000009500000000000000
	run -0 readelf -sW t.o
	assert_output --partial mine
	sed '/^5: /d' l.txt >m.txt
	run -1 --separate-stderr $BPF_AS -o t.o m.txt
	[[ $stderr == *'instruction 5 is not in the text [A0277]'* ]]
	sed 's/ ; R1=map_ptr.*//' l.txt >m.txt
	run -1 --separate-stderr $BPF_AS -o t.o m.txt
	[[ $stderr == *'does not say what this address is'* ]]
	sed 's/map=h,//' l.txt >m.txt
	run -1 --separate-stderr $BPF_AS -o t.o m.txt
	[[ $stderr == *'does not name the map'* ]]
	sed 's/^from 1 to 4.*/4: (bf) r0 = r3/' l.txt >m.txt
	run -1 --separate-stderr $BPF_AS -o t.o m.txt
	[[ $stderr == *'instruction 4 was another one above'* ]]
}

@test "the kernel's text of every encoding is its bytes or is refused" {
	need_cmd readelf
	local n=0 bad=0 line bytes text slots
	awk -F'\t' '$1 == "kernel" && $2 == "same" && $4 !~ /^\(18\)/ && $4 !~ /goto|call/ { print }' \
		"$SRCDIR/tests/golden/as/spellings.txt" >k.txt
	awk -F'\t' '{ printf "%d: %s\n", NR - 1, $4 } END { print NR ": (95) exit" }' k.txt >d.txt
	run -0 --separate-stderr $BPF_AS -o t.o d.txt
	assert_equal "$(hex t.o prog | tr -d ' \n')" "$(cut -f3 k.txt | tr -d ' \n')9500000000000000"
	[ "$(wc -l <k.txt)" -gt 100 ]
}
