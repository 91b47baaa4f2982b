#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld --dry-run: what would be done, and every wish that cannot be met. Makes nothing, so it needs
# neither a kernel with bpf(2) nor root.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	cat >count.s <<'END'
	.license "GPL"
	.map	calls, hash, key=u32, value=u64, max_entries=1024
	.map	limits, array, key=u32, value=u16, max_entries=4

	.section .rodata
	.globl	debug, step
debug:	.4byte	0
step:	.8byte	1

	.section tracepoint/sched/sched_switch
on_switch:
	r1 = calls ll
	r2 = debug ll
	r3 = step ll
	r0 = 0
	exit

	.section raw_tp/sys_enter
on_enter:
	r1 = limits ll
	r0 = 0
	exit
END
	$BPF_AS count.s
}

dry() # OPTION... : the plan
{
	run -0 $BPF_LD -n "$@" count.o
}

refused() # STATUS OPTION...
{
	local status=$1
	shift
	run "-$status" --separate-stderr $BPF_LD -n "$@" count.o
	assert_equal "$output" ''
	output=$stderr
	lines=("${stderr_lines[@]}")
}

@test "the sections say it all: maps, fills, freezes, programs, attachments in order" {
	dry
	refute_output --partial error
	output=$(grep -v '^load BTF' <<<"$output")
	assert_output - <<'END'
create map calls: hash, key 4B, value 8B, max_entries 1024
create map limits: array, key 4B, value 2B, max_entries 4
create map .rodata: array, key 4B, value 12B, max_entries 1
fill map .rodata: 12 bytes
freeze map .rodata
load program on_switch: tracepoint, 8 instructions, section tracepoint/sched/sched_switch
load program on_enter: raw_tracepoint, 4 instructions, section raw_tp/sys_enter
attach program on_switch to tracepoint:sched/sched_switch
attach program on_enter to raw_tp:sys_enter
END
}

@test "with --attach only the named programs and their maps are there" {
	dry --attach raw_tp:sys_exit=on_enter
	output=$(grep -v '^load BTF' <<<"$output")
	assert_output - <<'END'
create map limits: array, key 4B, value 2B, max_entries 4
load program on_enter: raw_tracepoint, 4 instructions, section raw_tp/sys_enter
attach program on_enter to raw_tp:sys_exit
END
	dry --attach raw_tp:sys_exit=on_enter --watch calls
	assert_output --partial 'create map calls'
}

@test "one program on several targets" {
	dry --attach raw_tp:sys_enter --attach raw_tp:sys_exit=on_enter
	assert_output --partial 'attach program on_enter to raw_tp:sys_enter'
	assert_output --partial 'attach program on_enter to raw_tp:sys_exit'
	assert_equal "$(grep -c '^load program' <<<"$output")" 1
}

@test "pins come after loading and before attaching, those of links last" {
	dry --pin /sys/fs/bpf/d --attach raw_tp:sys_enter
	output=$(sed -n '/^load program/,$p' <<<"$output")
	assert_output - <<'END'
load program on_enter: raw_tracepoint, 4 instructions, section raw_tp/sys_enter
pin map limits at /sys/fs/bpf/d/limits
pin program on_enter at /sys/fs/bpf/d/on_enter
attach program on_enter to raw_tp:sys_enter
pin link of on_enter at /sys/fs/bpf/d/on_enter_link
END
}

@test "the plan as JSON" {
	need_cmd jq
	dry -j
	run -0 jq -r '.plan[-1] | .action, .text' <<<"$output"
	assert_output $'attach\nattach program on_enter to raw_tp:sys_enter'
}

@test "--set takes elements and variables, and tells them" {
	dry --set debug=1 --set step=0x10 --set 'limits[3]=65535' --set 'calls[7]=1' --set 'calls[8]=2'
	assert_line 'fill map .rodata: 12 bytes, debug=1, step=0x10'
	assert_line 'fill map calls: 2 entries'
	assert_line 'fill map limits: 1 entry'
}

@test "--set refuses what is out of range, with all mistakes at once" {
	refused 1 --set 'limits[0]=65536' --set 'limits[4]=1' --set debug=4294967296 --set 'calls[x]=1' \
		--set 'calls[1]=hex 01'
	assert_equal "$(grep -c 'error:' <<<"$output")" 5
	assert_line --partial "--set limits[0]=65536: value of map limits: 65536 does not fit"
	assert_line --partial "--set limits[4]=1: key of map limits: 4 is past the end of 4 entries"
	assert_line --partial "--set debug=4294967296: variable debug: 4294967296 does not fit"
	assert_line --partial "--set calls[x]=1: key of map calls:"
	assert_line --partial "--set calls[1]=hex 01: value of map calls: 1 bytes given, 8 wanted"
}

@test "an element of 2 GB is not set by an option, and costs no memory" {
	printf '\t.map big, array, key=4, value=2000000000, max_entries=1\n\t.section xdp\np:\tr1 = big ll\n\texit\n' >big.s
	run -0 $BPF_AS -o big.o big.s
	run -1 $BPF_LD -n --no-attach --set 'big[0]=hex 00' big.o
	assert_output --partial '--set big[0]=hex 00: map big: its keys and values are too large to be set one by one'
	run -0 $BPF_LD -n --no-attach big.o
	assert_line --partial 'create map big: array, key 4B, value 2000000000B'
}

@test "several errors are one JSON document" {
	need_cmd jq
	run -1 --separate-stderr $BPF_LD -j -n --set a=1 --set b=2 --set c=3 count.o
	assert_equal "$stderr" ''
	run -0 jq -r '.error, .more[].error' <<<"$output"
	assert_equal "${#lines[@]}" 3
}

@test "--set knows what is there" {
	refused 1 --set debugg=1
	assert_output --partial 'count.o has no global variable "debugg"'
	assert_output --partial 'did you mean "debug"?'
	refused 1 --set 'limit[0]=1'
	assert_output --partial 'count.o has no map "limit"'
	assert_output --partial 'did you mean "limits"?'
	refused 1 --set limits=1
	assert_output --partial 'limits is a map, not a variable'
	refused 1 --set '.rodata[0]=1'
	assert_output --partial '.rodata holds global variables'
	refused 1 --watch call
	assert_output --partial 'did you mean "calls"?'
}

@test "--map-from reads keys and values, by lines" {
	printf '# limits\n0 1\n1\t0x10  # sixteen\n\n  2 hex ff 00\r\nhex 03 00 00 00 4' >l.txt
	dry --map-from limits=l.txt
	assert_line 'fill map limits: 4 entries'
}

@test "--map-from names line and column of what is wrong" {
	printf '0 1\n9 1\n1 70000\n# x\n  2\n3 0x1g\n' >l.txt
	refused 1 --map-from limits=l.txt
	assert_equal "$(grep -c 'error:' <<<"$output")" 4
	assert_line --partial 'l.txt:2:1: error: key of map limits: 9 is past the end of 4 entries'
	assert_line --partial 'l.txt:3:3: error: value of map limits: 70000 does not fit'
	assert_line --regexp '^l.txt:5:[0-9]+: error: map limits: the key has no value behind it'
	assert_line --partial 'l.txt:6:3: error: value of map limits:'
	assert_line --partial '3 0x1g'
	refused 4 --map-from limits=none.txt
	assert_output --partial 'none.txt: No such file or directory'
}

@test "an unknown program and an ambiguous wish name the candidates" {
	refused 1 --attach raw_tp:sys_enter=on_entr
	assert_output --partial 'count.o has no program "on_entr"'
	assert_output --partial 'did you mean "on_enter"?'
	refused 1 --attach kprobe:f
	assert_output --partial '2 programs could be meant'
	assert_output --partial 'on_switch (tracepoint/sched/sched_switch), on_enter (raw_tp/sys_enter)'
	refused 1 --attach kprobe:f=on_switch
	assert_output --partial 'on_switch is of type tracepoint by its section'
}

@test "a bad target names its wrong part" {
	refused 1 --attach tracepoint:sched=on_switch
	assert_output --partial 'sched'
	refused 1 --attach kprobe:f+x=on_switch
	assert_output --partial 'error'
}

@test "an object without programs is an error, not a success" {
	printf '\t.map m, array, key=u32, value=u32, max_entries=1\n' >m.s
	$BPF_AS m.s
	run -1 $BPF_LD -n m.o
	assert_output --partial 'm.o holds no program'
	run -1 $BPF_LD --no-attach m.o
	assert_output --partial 'm.o holds no program'
	printf '\t.text\nf:\tr0 = 0\n\texit\n' >m.s
	$BPF_AS m.s
	run -1 $BPF_LD -n m.o
	assert_output --partial 'program f cannot be attached: its section ".text" names no program type'
}

@test "a section that cannot be attached is an error, and loads with --no-attach" {
	printf '\t.section action\nf:\tr0 = 0\n\texit\n' >s.s
	$BPF_AS s.s
	run -1 $BPF_LD -n s.o
	assert_output --partial 'its section "action" is of a type that bpf-ld does not attach'
	assert_output --partial '--no-attach'
	run -0 $BPF_LD -n --no-attach s.o
	assert_output --partial 'load program f: sched_act'
	printf '\t.section kprobe\nf:\tr0 = 0\n\texit\n' >s.s
	$BPF_AS s.s
	run -1 $BPF_LD -n s.o
	assert_output --partial 'its section "kprobe" names no target'
	assert_output --partial '--attach kprobe:TARGET=f'
	printf '\t.section filter,"ax"\nf:\tr0 = 0\n\texit\n' >s.s
	$BPF_AS s.s
	run -1 $BPF_LD -n s.o
	assert_output --partial 'its section "filter" names no program type'
	run -0 $BPF_LD -n --no-attach --attach xdp:lo s.o
	assert_output --partial 'load program f: xdp'
	refute_output --partial 'attach'
	run -0 $BPF_LD -n --attach xdp:lo s.o
	assert_output --partial 'load program f: xdp'
}

@test "pt_regs of another architecture: say so, and how to get it right" {
	local a refused=0
	printf '\t.section kprobe/f\nf:\tr0 = *(u64 *)(r1 + pt_regs.retval)\n\texit\n' >p.s
	for a in x86_64 arm64; do
		$BPF_AS -march=$a p.s
		run $BPF_LD -n p.o
		[ "$status" != 0 ] || continue
		assert_equal "$status" 1
		assert_output --partial "p.o was assembled for $a, and this machine is"
		assert_output --partial 'bpf-as -march='
		refused=$((refused + 1))
	done
	[ $refused -ge 1 ]
}

@test "a local id without a map wants --map" {
	printf '\t.section socket\nf:\tr1 = map 3 ll\n\tr0 = 0\n\texit\n' >i.s
	$BPF_AS i.s
	run -1 $BPF_LD -n --no-attach i.o
	assert_output --partial 'program f uses map 3, which the object does not declare'
	assert_output --partial '--map 3='
	refused 1 --map nosuch=id:1
	assert_output --partial '--map nosuch=id:1: no map of this name is used'
}

@test "objects of clang: plans and values by C types" {
	need_cmd clang
	cat >c.c <<'END'
#define SEC(n) __attribute__((section(n), used))
struct cfg { unsigned a; short b[2]; enum { OFF, ON } e; };
struct { int (*type)[2]; int (*max_entries)[2]; unsigned *key; struct cfg *value; } cfg SEC(".maps");
const volatile signed char level = 1;
static int many[3] = { 1, 2, 3 };
SEC("raw_tp/sys_enter") int prog(void *ctx)
{
	int *p = many;
	asm volatile("" : "+r"(p));
	return level + p[1];
}
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c c.c -o count.o
	dry --set 'cfg[1]={a=7,b=[1,-2],e=ON}' --set level=-128 --set 'many=[4,5,6]'
	assert_line --partial 'level=-128'
	assert_line --partial 'many=[4,5,6]'
	assert_line 'fill map cfg: 1 entry'
	refused 1 --set level=128 --set 'cfg[1]={a=7,b=[1,-40000]}' --set 'cfg[0]={e=MAYBE}'
	assert_equal "$(grep -c 'error:' <<<"$output")" 3
	# Without type information: numbers by size, and bytes.
	grep -v cfg c.c >d.c
	clang -O2 -target bpf -c d.c -o count.o
	dry --set level=-1 --set 'many=hex 01 00 00 00 02 00 00 00 03 00 00 00'
	refused 1 --set level=300
	assert_output --partial '300 does not fit into 1 byte'
}

@test "a map declared to hold nothing gets a size, and is named" {
	need_cmd clang
	cat >z.c <<'END'
#define SEC(n) __attribute__((section(n), used))
struct { int (*type)[1]; unsigned *key; unsigned *value; } empty SEC(".maps");
SEC("socket") int prog(void *ctx) { return (long)&empty; }
END
	clang -g -O2 -target bpf -c z.c -o z.o
	run -0 $BPF_LD -n --no-attach z.o
	assert_output --partial 'note: map empty (hash) has max_entries 0'
	assert_line 'create map empty: hash, key 4B, value 4B, max_entries 10240 (max_entries was 0)'
}

@test "an address in data is warned of" {
	cat >p.s <<-'END'
		.license "GPL"
		.data
		.globl	where, what
	what:	.8byte	7
	where:	.8byte	what
		.section socket
	prog:	r1 = where ll
		r0 = *(u64 *)(r1 + 0)
		exit
	END
	$BPF_AS p.s
	run -0 --separate-stderr $BPF_LD -n --no-attach p.o
	output=$stderr
	assert_output --partial 'warning: .data holds 1 address (the first is of "what")'
}
