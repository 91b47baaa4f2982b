#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-ld: which programs load, as what, and what is told of each.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

# A program that is none but of the type: skb reads a packet by data and data_end as classifiers do, md as XDP
# programs, regs the 13th word of registers; any takes every context.
skb='r2 = *(u32 *)(r1 + 76)
	r3 = *(u32 *)(r1 + 80)
	r4 = r2
	r4 += 14
	if r4 > r3 goto 1f
	r0 = *(u8 *)(r2 + 0)
1:	r0 = 0
	exit'
md='r2 = *(u32 *)(r1 + 0)
	r3 = *(u32 *)(r1 + 4)
	r4 = r2
	r4 += 14
	if r4 > r3 goto 1f
	r0 = *(u8 *)(r2 + 0)
1:	r0 = 1
	exit'
regs='r0 = *(u64 *)(r1 + 96)
	r0 = 0
	exit'
any='r0 = 0
	exit'
bad='r2 = 0
	r0 = *(u64 *)(r2 + 0)
	exit'

prog() # SECTION NAME CODE
{
	printf '\t.section %s,"ax"\n%s:\t%s\n' "$1" "$2" "$3"
}

# A JSON table's rows as words: NAME TYPE STATUS ERRNO
rows()
{
	jq -r '.programs[] | "\(.name) \(.type) \(.status) \(.errno)"' <<<"$output"
}

@test "the names of other loaders and of old samples say what a program is" {
	local s i=0
	local -a t=(xdp_prog xdp 'xdp/0' xdp xdp1 xdp socket1 socket_filter socket/3 socket_filter socket_filter socket_filter
		cgroup/sock1 cgroup_sock tc_main sched_cls cls_main sched_cls classifier/x sched_cls sched_cls sched_cls
		act_drop sched_act kprobe:do_exit kprobe kprobe__do_exit kprobe sk_skb2 sk_skb sk_lookup/ sk_lookup
		.bpf.fn.xdp__x xdp raw_tracepoint:x raw_tracepoint cgroup_device cgroup_device fsession/f tracing
		fentry.multi/f* tracing xdp.frags_x xdp)
	for ((i = 0; i < ${#t[@]}; i += 2)); do
		prog "\"${t[i]}\"" "p$i" "$any"
	done >n.s
	$BPF_AS n.s
	run -0 --separate-stderr $BPF_LD -n --no-attach n.o
	assert_equal "$stderr" ''
	for ((i = 0; i < ${#t[@]}; i += 2)); do
		assert_line "load program p$i: ${t[i + 1]}, 2 instructions, section ${t[i]}"
	done
}

@test "a target behind ':' is one" {
	prog '"tracepoint:sched:sched_switch"' p "$any" >n.s
	$BPF_AS n.s
	run -0 $BPF_LD -n n.o
	assert_line 'attach program p to tracepoint:sched:sched_switch'
}

@test "--type: of all, of one, by section name or program type" {
	{ prog filter f "$any"; prog xdp g "$any"; } >t.s
	$BPF_AS t.s
	run -0 $BPF_LD -n --no-attach --type sched_cls t.o
	assert_line --partial 'load program f: sched_cls,'
	assert_line --partial 'load program g: sched_cls,'
	run -0 $BPF_LD -n --no-attach -t f=cgroup/connect4 -t tc t.o
	assert_line --partial 'load program f: cgroup_sock_addr,'
	assert_line --partial 'load program g: sched_cls,'
	run -2 $BPF_LD --type xdo t.o
	assert_output --partial 'did you mean "xdp"?'
	run -2 $BPF_LD --type =xdp t.o
	run -1 $BPF_LD -n --no-attach --type h=xdp t.o
	assert_output --partial 't.o has no program "h"'
}

@test "--type is what the kernel gets" {
	need_bpf
	need_cmd jq
	need_pins
	{ prog '"?"' f "$any"; prog nothing g "$any"; } >t.s
	$BPF_AS t.s
	run -0 $BPF_LD -j -t f=perf_event -t g=sk_msg --no-attach --only f --only g --pin "$PINS/d" t.o
	run -0 $BPFTOOL -j prog show pinned "$PINS/d/f"
	assert_equal "$(jq -r .type <<<"$output")" perf_event
	run -0 $BPFTOOL -j prog show pinned "$PINS/d/g"
	assert_equal "$(jq -r .type <<<"$output")" sk_msg
}

@test "a type that no name tells is guessed by the verifier, and said" {
	need_bpf
	need_cmd jq
	{ printf '\t.license "GPL"\n'; prog from-netdev a "$skb"; prog test_md b "$md"; prog len_hist c "$regs"
		prog main d "$any"; prog 2/16 e "$skb"; } >g.s
	$BPF_AS g.s
	run -0 --separate-stderr $BPF_LD -j --no-attach g.o
	run -0 rows
	assert_output - <<'END'
a sched_cls loaded 0
b xdp loaded 0
c kprobe loaded 0
d sched_cls loaded 0
e sched_cls loaded 0
END
	run -0 --separate-stderr $BPF_LD --no-attach g.o
	assert_equal "$(grep -c 'L0150' <<<"$stderr")" 5
	[[ $stderr == *'program b is taken for one of type xdp: its section "test_md" names none'* ]]
	[[ $stderr == *'say what it is: --type b=TYPE'* ]]
	# What no type accepts is refused, with all that was tried.
	prog main a "$bad" >g.s
	$BPF_AS g.s
	run -1 --separate-stderr $BPF_LD --no-attach g.o
	[[ $stderr == *"R2 invalid mem access"* ]]
	[[ $stderr == *'names no type; refused as: socket, tc, xdp, kprobe, '* ]]
	run -0 $BPF_LD -n --no-attach g.o
	assert_output --partial 'load program a: socket_filter (a guess)'
}

@test "--only: that program and its maps, whatever stands beside" {
	{
		printf '\t.map m, hash, key=u32, value=u64, max_entries=1\n\t.map n, hash, key=u32, value=u64, max_entries=1\n'
		prog socket a "r1 = m ll; $any"
		prog socket b "r1 = n ll; $any"
		prog raw_tp/sys_enter c "$any"
	} >o.s
	$BPF_AS -g0 o.s
	run -0 $BPF_LD -n --no-attach --only b o.o
	output=$(grep -v '^load BTF' <<<"$output")
	assert_output - <<'END'
create map n: hash, key 4B, value 8B, max_entries 1
load program b: socket_filter, 4 instructions, section socket
END
	run -0 $BPF_LD -n --only c o.o
	assert_line 'attach program c to raw_tp:sys_enter'
	run -0 $BPF_LD -n --only b --attach raw_tp:sys_exit=c o.o
	assert_line --partial 'load program b'
	assert_line 'attach program c to raw_tp:sys_exit'
	refute_output --partial 'attach program b'
	run -1 $BPF_LD -n --only bb --only a o.o
	assert_output --partial '--only bb: o.o has no such program'
	run -2 $BPF_LD -n --only= o.o
}

@test "--keep-going: a table, a status, and what works is there" {
	need_bpf
	need_cmd jq
	need_pins
	{
		printf '\t.map m, hash, key=u32, value=u64, max_entries=1\n\t.map w, hash, key=u32, value=u64, max_entries=1\n'
		prog socket a "$any"
		prog socket b "$bad"
		prog xdp c "r1 = w ll; $any"
		prog xdp d "r1 = m ll; $any"
		printf "\t.extern nowhere\n"; prog socket e "call nowhere; exit"
	} >k.s
	$BPF_AS k.s
	run -1 --separate-stderr $BPF_LD -k --no-attach --pin "$PINS/d" --map w=/none k.o
	assert_line --regexp '^PROGRAM +SECTION +TYPE +STATUS +ID +REASON$'
	assert_line --regexp '^a +socket +socket_filter +loaded +[0-9]+$'
	assert_line --regexp '^b +socket +socket_filter +failed +- +program b was refused by the verifier: R2 invalid mem access'
	assert_line --regexp '^c +xdp +xdp +failed +- +program c uses map w, which cannot be made$'
	assert_line --regexp '^d +xdp +xdp +loaded +[0-9]+$'
	assert_line --regexp '^e +socket +socket_filter +failed +- '
	refute [ -e "$PINS/d/b" ]
	run -0 $BPFTOOL prog show pinned "$PINS/d/a"
	run -0 $BPFTOOL prog show pinned "$PINS/d/d"
	[[ $stderr != *error:* ]]
	rm -r "$PINS/d"
	run -1 --separate-stderr $BPF_LD -j --no-attach --only a --only b k.o
	assert_equal "$(jq -r .error <<<"$output" | cut -d: -f1)" 'program b was refused by the verifier'
	run -0 rows
	assert_output $'a socket_filter undone 0\nb socket_filter failed 22'
	run -0 $BPF_LD -j -k --no-attach --only a --only d k.o
	run -0 rows
	assert_output $'a socket_filter loaded 0\nd xdp loaded 0'
	run -1 --separate-stderr $BPF_LD -k --no-attach --only b k.o
	[[ $stderr == *'error: none of the programs of k.o could be loaded'* ]]
}

@test "--keep-going: a map that the kernel refuses fails the programs that use it" {
	need_bpf
	need_cmd jq
	need_pins
	{
		printf '\t.map big, hash, key=u32, value=u64, max_entries=1\n\t.map m, hash, key=u32, value=u64, max_entries=1\n'
		prog socket a "r1 = big ll; $any"
		prog socket b "r1 = m ll; $any"
	} >k.s
	$BPF_AS k.s
	run -1 --separate-stderr $BPF_LD -k --no-attach --pin "$PINS/d" --set big.type=array --set big.key_size=8 k.o
	assert_line --regexp '^a +socket +socket_filter +failed +- +program a cannot be loaded: its map big could not be made$'
	assert_line --regexp '^b +socket +socket_filter +loaded +[0-9]+$'
	assert_equal "$(ls "$PINS/d")" $'b\nm'
	run -1 --separate-stderr $BPF_LD -j --no-attach --set big.type=array --set big.key_size=8 k.o
	run -0 rows
	assert_output $'a socket_filter not tried 0\nb socket_filter not tried 0'
}

@test "--keep-going: what cannot be attached stays loaded, and counts as a failure" {
	need_bpf
	need_root
	need_cmd jq
	need_tracefs
	{ prog tracepoint/sched/sched_swich a "$any"; prog tracepoint/sched/sched_switch b "$any"; } >k.s
	$BPF_AS k.s
	run -1 --separate-stderr $BPF_LD -k -j --for 10ms k.o
	assert_equal "$(jq '.links | length' <<<"$output")" 1
	run -0 rows
	assert_output $'a tracepoint unattached 2\nb tracepoint attached 0'
}

@test "many programs: the same first failure, whoever verified faster" {
	local i
	need_bpf
	{
		for i in {1..24}; do
			# Of several sizes, so that they end in another order than they begin.
			prog socket "p$i" ".rept $((25 * (i % 7 + 1)))
				call bpf_get_prandom_u32
				if r0 == 7 goto +1
				r0 = 1
				.endr
				$([ $((i % 10)) = 9 ] && echo "$bad" || echo "$any")"
		done
	} >m.s
	$BPF_AS m.s
	for i in 1 2 3 4 5 6 7 8; do
		run -1 $BPF_LD --no-attach m.o
		assert_equal "$(grep -c error: <<<"$output")" 1
		assert_output --partial 'program p9 was refused'
	done
	run -1 $BPF_LD -k --no-attach m.o
	assert_equal "$(grep -cE '^p[0-9]+ .* loaded +[0-9]' <<<"$output")" 22
	run -0 $BPF_LD -k --no-attach $(printf -- '--only p%d ' 1 2 3 4 5 6 7 8 10 11 12 13 14 15 16) m.o
	assert_equal "$(grep -o '^p[0-9]*' <<<"$output" | tr '\n' ' ')" \
		'p1 p2 p3 p4 p5 p6 p7 p8 p10 p11 p12 p13 p14 p15 p16 '
}

@test "a small object takes few calls of bpf(2), a refused program is verified twice at most" {
	need_bpf
	need_native
	need_cmd strace
	strace -f -o /dev/null true 2>/dev/null || skip "needs the program strace, with rights"
	{ printf '\t.map m, array, key=u32, value=u64, max_entries=1\n'; prog socket a "r1 = m ll; $any"; } >s.s
	$BPF_AS s.s
	ASAN_OPTIONS=detect_leaks=0 run -0 strace -f -e trace=bpf -o calls $BPF_LD --backend=kernel --no-attach s.o
	[ "$(wc -l <calls)" -le 7 ] # BTF, map, program, two ids, exit
	prog socket a "$bad" >s.s
	$BPF_AS s.s
	ASAN_OPTIONS=detect_leaks=0 run -1 strace -f -e trace=bpf -o calls $BPF_LD --backend=kernel --no-attach s.o
	[ "$(grep -c BPF_PROG_LOAD calls)" = 2 ]
}

@test "--set MAP.ATTRIBUTE: the map is made so" {
	need_bpf
	need_cmd jq
	need_pins
	{
		printf '\t.map m, hash, key=u32, value=u64, max_entries=1\n\t.map m2, hash, key=u32, value=u64, max_entries=1\n'
		prog socket a "r1 = m ll; r1 = m2 ll; $any"
	} >s.s
	$BPF_AS s.s
	run -0 $BPF_LD --no-attach --pin "$PINS/d" --set m.max_entries=2K --set m.map_flags=BPF_F_NO_PREALLOC \
		--set m.value_size=32 s.o
	run -0 $BPFTOOL -j map show pinned "$PINS/d/m"
	assert_equal "$(jq -c '[.max_entries, .bytes_value, .flags]' <<<"$output")" '[2048,32,1]'
	run -0 $BPFTOOL -j map show pinned "$PINS/d/m2"
	assert_equal "$(jq -c '[.max_entries, .bytes_value, .flags]' <<<"$output")" '[1,8,0]'
	rm -r "$PINS/d"
	run -0 $BPF_LD --no-attach --pin "$PINS/d" --set m.type=array --set 'm[0]=7' s.o
	run -0 $BPFTOOL -j map show pinned "$PINS/d/m"
	assert_equal "$(jq -r .type <<<"$output")" array
	run -1 $BPF_LD -n --no-attach --set m.max_entries=0 --set m.max_entrys=1 --set m.map_flags=BPF_ANY \
		--set m.key_size=5G --set m.type=hsh --set m3.max_entries=1 s.o
	assert_output --partial 'map m: max_entries is at least 1'
	assert_output --partial 'did you mean "max_entries"?'
	assert_output --partial '"BPF_ANY" is neither a number nor a flag'
	assert_output --partial 'key_size has 32 bits'
	assert_output --partial 'there is no map type "hsh"'
	run -1 $BPF_LD -n --no-attach --set m3.max_entries=1 s.o
	assert_output --partial 's.o has no global variable "m3.max_entries"'
}

@test "--set of a part of a variable, by its type" {
	need_bpf
	need_pins
	need_cmd clang jq
	cat >v.c <<'END'
#define SEC(n) __attribute__((section(n), used))
enum mode { OFF, ON, AUTO = 7 };
struct in { unsigned a; short b[3]; };
struct cfg {
	unsigned x; enum mode m; _Bool on; char name[8]; struct in i[2]; unsigned f1 : 3, f2 : 5; int f3 : 4;
	struct { int anon; };
};
const volatile struct cfg cfg = { .x = 1, .f1 = 5 };
volatile unsigned ports[4] = { 1, 2, 3, 4 };
volatile long long zero;
SEC("socket") int prog(void *ctx) { return cfg.x + ports[1] + zero; }
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c v.c -o v.o
	run -0 $BPF_LD --no-attach --pin "$PINS/d" --set cfg.m=AUTO --set cfg.on=true --set 'cfg.name="eth0"' \
		--set 'cfg.i[1].b[2]=-5' --set cfg.f2=31 --set cfg.f3=-8 --set cfg.anon=3 --set 'ports[3]=80' --set zero=-9 v.o
	run -0 $BPFTOOL -j map dump pinned "$PINS/d/rodata"
	run -0 jq -c '.[0].formatted.value[".rodata"][0].cfg | [.x, .m, .on, .name, .i[1].b[2], .f1, .f2, .f3, .i[0].a]' \
		<<<"$output"
	assert_output '[1,"AUTO",true,"eth0",-5,5,31,-8,0]'
	run -0 $BPFTOOL -j map dump pinned "$PINS/d/data"
	run -0 jq -c '.[0].formatted.value[".data"][0].ports' <<<"$output"
	assert_output '[1,2,3,80]'
	run -0 $BPFTOOL -j map dump pinned "$PINS/d/bss"
	run -0 jq -c '.[0].formatted.value[".bss"][0].zero' <<<"$output"
	assert_output -- -9
	run -1 $BPF_LD -n --no-attach --set cfg.f2=32 --set cfg.f3=8 --set cfg.xx=1 --set 'ports[4]=1' --set cfg.x.y=1 \
		--set cfg.m=BLUE --set 'cfg.name="much too long"' --set cfg.on=2 --set 'cfg[0]=1' --set 'cfg.i[1].b[3]=0' v.o
	assert_equal "$(grep -c error: <<<"$output")" 10
	assert_output --partial '32 does not fit into 5 bits'
	assert_output --partial '8 does not fit into 4 bits'
	assert_output --partial 'it has no member "xx"; did you mean "x"?'
	assert_output --partial '[4] is past the end of 4 elements'
	assert_output --partial 'what stands before .y is no struct'
	assert_output --partial 'what stands before [0] is no array'
}

@test "a map pinned by name is shared below --pin-root, if it is the same map" {
	need_bpf
	need_pins
	need_cmd clang jq
	cat >p.c <<'END'
#define SEC(n) __attribute__((section(n), used))
struct { int (*type)[2]; unsigned *key; unsigned long long *value; int (*max_entries)[4]; int (*pinning)[1]; } seen SEC(".maps");
SEC("socket") int prog(void *ctx) { return (long)&seen; }
char _license[] SEC("license") = "GPL";
END
	clang -g -O2 -target bpf -c p.c -o p.o
	run -0 $BPF_LD --no-attach --pin-root "$PINS" --set 'seen[2]=7' p.o
	run -0 $BPFTOOL -j map show pinned "$PINS/seen"
	local id
	id=$(jq .id <<<"$output")
	run -0 $BPF_LD -j --no-attach --pin-root "$PINS/" p.o
	assert_equal "$(jq '.maps[0].id' <<<"$output")" "$id"
	run -1 $BPF_LD --no-attach --pin-root "$PINS" --set seen.max_entries=5 p.o
	assert_output --partial 'max_entries is 4 there, the object wants 5'
	run -1 $BPF_LD --no-attach --pin-root "$PINS" --set seen.map_flags=0x400 p.o
	assert_output --partial 'map_flags is 0 there, the object wants 1024'
	# The user who names a map means that one.
	run -0 $BPF_LD --no-attach --map "seen=$PINS/seen" --set seen.max_entries=5 p.o
}

@test "what is no object is named for what it is" {
	: >empty.o
	printf 'BC\300\336\065\024\000\000\000\000\000\000\000\000\000\000' >bitcode.o
	printf '!<arch>\nabc' >archive.o
	echo 'r0 = 0' >text.s
	head -c 600 /dev/zero >zeros.o
	local f
	for f in empty.o bitcode.o archive.o text.s zeros.o; do
		run -1 $BPF_LD -n $f
		echo "$output" >>all
	done
	assert_equal "$(cat all)" "$(cat <<-'END'
		empty.o: error: not an ELF object: it is empty [O0101]
		bitcode.o: error: not an ELF object: it is LLVM bitcode: compile without -flto and -emit-llvm [O0101]
		archive.o: error: not an ELF object: it is an archive: bpf-ld -r makes an object of it [O0101]
		text.s: error: not an ELF object: it is text: sources are compiled or assembled first, as by bpf-as [O0101]
		zeros.o: error: not an ELF object [O0101]
	END
	)"
}
