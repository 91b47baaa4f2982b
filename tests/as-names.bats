#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: names of the kernel's interface: constants, structs, contexts, tracepoints, headers.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

# All rows of const.def: NAME VALUE
constants()
{
	sed -nE 's/^BU_CONST\("(\w+)", ([^)]*)\)$/\1 \2/p' "$SRCDIR/lib/isa/const.def"
}

# hex digits of the section, in order
bytes()
{
	readelf -x "$2" "$1" | awk '/^  0x/ { print substr($0, 14, 35) }' | tr -d ' \n'
}

@test "constants are those of the system's headers, where they have them" {
	need_cmd "${CC:-cc}"
	[ -e /usr/include/linux/bpf.h ] || skip "no linux/bpf.h"
	local group n=0 seen
	local groups=(
		'linux/bpf.h linux/btf.h linux/bpf_perf_event.h linux/if_ether.h linux/if_packet.h linux/if_vlan.h linux/in.h linux/in6.h linux/ip.h linux/ipv6.h linux/icmp.h linux/icmpv6.h linux/tcp.h linux/udp.h linux/pkt_cls.h linux/netfilter.h linux/perf_event.h linux/lirc.h linux/lwtunnel.h linux/seg6_local.h linux/errno.h linux/capability.h linux/sched.h'
		'linux/if_arp.h linux/if_link.h linux/rtnetlink.h linux/mpls.h linux/vm_sockets.h'
		'sys/socket.h netinet/in.h netinet/ip.h netinet/tcp.h sys/stat.h signal.h limits.h'
	)
	for group in "${groups[@]}"; do
		{
			for h in $group; do [ -e /usr/include/$h -o -e "/usr/include/$(uname -m)-linux-gnu/$h" ] && echo "#include <$h>"; done
			constants | awk '{ printf "_Static_assert((long long)(%s) == (long long)(%s), \"differs: %s\");\n", $1, $2, $1 }'
		} >c.c
		"${CC:-cc}" -w -fsyntax-only -fno-diagnostics-show-caret c.c 2>err.txt || true
		# the largest of a kind grows with each release
		grep "assert.*failed" err.txt | grep -o "differs: [A-Z0-9_a-z]*" | grep -vE '_MAX(_|$)|_NUM$' | sort -u >differ || true
		assert_equal "$(cat differ)" ''
		seen=$(($(constants | wc -l) - $(grep -o "'[A-Z0-9a-z_]*' undeclared\|‘[A-Za-z0-9_]*’ undeclared" err.txt | sort -u | wc -l)))
		n=$((n + seen))
	done
	echo "# $n comparisons with headers" >&3
	[ $n -gt 1000 ]
}

@test "constants are those of the running kernel's BTF, where it has them" {
	need_cmd bpftool
	[ -e /sys/kernel/btf/vmlinux ] || skip "the kernel shows no BTF"
	bpftool btf dump file /sys/kernel/btf/vmlinux format raw >raw.txt 2>/dev/null || skip "bpftool cannot read the kernel's BTF"
	constants >ours
	# a name that stands in two enums with two values is no UAPI name
	awk 'FNR == NR { ours[$1] = $2; next }
	     /^\t.* val=/ { n = $1; gsub(/\047/, "", n); v = $2; sub(/val=/, "", v)
			if (n in ours && n !~ /_MAX(_|$)/) { if (n in got && got[n] != v) two[n] = 1; got[n] = v } }
	     END { for (n in got) if (!(n in two)) print n, got[n] }' ours raw.txt >btf
	{
		while read -r name _; do printf '\t.8byte %s\n' "$name"; done <btf
	} >a.s
	while read -r _ value; do printf '\t.8byte %s\n' "$value"; done <btf >b.s
	sed -i '1i\\t.data' a.s b.s
	$BPF_AS a.s; $BPF_AS b.s
	assert_equal "$(bytes a.o .data)" "$(bytes b.o .data)"
	echo "# $(wc -l <btf) constants as in this kernel" >&3
	[ "$(wc -l <btf)" -gt 300 ]
}

@test "no constant stands twice with different values, and a source's own definition counts" {
	assert_equal "$(constants | sort -u | awk '{ print $1 }' | uniq -d)" ''
	printf '\t.data\n\t.4byte ETH_P_IP, TCP_SYN_SENT, -EINVAL\n\t.set ETH_P_IP, 1\n\t.equ TCP_SYN_SENT, 7\n\t.4byte ETH_P_IP, TCP_SYN_SENT\n' >x.s
	run -0 $BPF_AS x.s
	assert_output ''
	assert_equal "$(bytes x.o .data)" 0008000002000000eaffffff0100000007000000
}

# NAME TEXT of each built-in struct, one a line
structs()
{
	awk '/^BUILTIN\(/ { if (row) print row; row = "" }
	     /^BUILTIN\(|^\t"/ { line = $0; sub(/^\t/, "", line); row = row line }
	     END { print row }' "$SRCDIR/bpf-as/builtin.def" |
		sed -nE 's/^BUILTIN\("([^"]+)",? *(.*)\)$/\1 \2/; s/"//gp'
}

@test "built-in structs lie as the running kernel's BTF says" {
	need_cmd bpftool
	[ -e /sys/kernel/btf/vmlinux ] || skip "the kernel shows no BTF"
	bpftool btf dump file /sys/kernel/btf/vmlinux format raw >raw.txt 2>/dev/null || skip "bpftool cannot read the kernel's BTF"
	structs >ours
	# NAME.member OFFSET of members that ours has too; NAME SIZE
	awk 'FNR == NR { text[$1] = $0; next }
	     /^\[/ { s = ""; gsub(/\047/, ""); if ($2 == "STRUCT" && $3 in text && !($3 in seen)) {
			s = $3; seen[s] = 1; sub(/size=/, "", $4); print s, $4 > "sizes" } next }
	     s && $1 != "\047(anon)\047" && !/bitfield_size/ { m = $1; gsub(/\047/, "", m); o = $3; sub(/bits_offset=/, "", o)
			if (text[s] ~ "[ *]" m "[;[]") print s "." m, o / 8 > "offsets" }' ours raw.txt
	# what bpf(2) and helpers take grows with releases
	{
		awk '{ print "\t.if " $1 " != " $2 "\n\t.error \"" $1 " is at " $2 "\"\n\t.endif" }' offsets
		awk '{ op = $1 ~ /^bpf_|^__sk_buff/ ? "<" : "!="
			print "\t.if sizeof(struct " $1 ") " op " " $2 "\n\t.error \"" $1 " has " $2 " bytes\"\n\t.endif" }' sizes
	} >a.s
	run --separate-stderr $BPF_AS --diagnostics=short a.s
	assert_equal "$stderr" ''
	echo "# $(wc -l <sizes) structs, $(wc -l <offsets) members as in this kernel" >&3
	[ "$(wc -l <offsets)" -gt 300 ]
}

@test "members in addresses, of nested structs and arrays; nothing of it goes into the object" {
	cat >a.s <<'END'
	.section tc
p:	r0 = *(u32 *)(r1 + __sk_buff.mark)
	r0 = *(u32 *)(r1 + __sk_buff.cb[2])
	r0 = *(u32 *)(r1 + __sk_buff.cb + 8)
	r0 = *(u32 *)(r1 + bpf_sock_ops.replylong[1])
	r0 = *(u8 *)(r1 + sizeof(struct ethhdr) + iphdr.protocol)
	r2 = sizeof(struct bpf_fib_lookup)
	r3 = offsetof(struct bpf_fib_lookup, dmac[3])
	r3 = ipv6hdr.addrs.daddr
	r3 = sizeof(struct bpf_tunnel_key) - bpf_tunnel_key.local_ipv6
	*(u8 *)(r10 - 64 + bpf_fib_lookup.l4_protocol) = IPPROTO_TCP
	r0 = 0
	exit
END
	sed -e 's/__sk_buff.mark/8/; s/__sk_buff.cb\[2\]/56/; s/__sk_buff.cb + 8/56/; s/bpf_sock_ops.replylong\[1\]/8/
		s/sizeof(struct ethhdr) + iphdr.protocol/23/; s/sizeof(struct bpf_fib_lookup)/64/; s/offsetof(.*)/61/
		s/ipv6hdr.addrs.daddr/24/; s/sizeof(struct bpf_tunnel_key).*/16/
		s/- 64 + bpf_fib_lookup.l4_protocol/- 63/; s/IPPROTO_TCP/6/' a.s >b.s
	! grep -q '_' <(sed 1d b.s) || fail "a name is left"
	for e in L B; do
		run -0 $BPF_AS -w -E$e -o a.o a.s
		run -0 $BPF_AS -w -E$e -o b.o b.s
		assert_equal "$(bytes a.o tc)" "$(bytes b.o tc)"
		# BTF differs by the lines' text only
		assert_equal "$(bpftool btf dump file a.o | grep -vc FUNC)" "$(bpftool btf dump file b.o | grep -vc FUNC)"
	done
}

@test "a source's own struct stands before the built-in one of its name" {
	printf '\t.struct ethhdr { u64 x; u16 h_proto; }\n\t.data\n\t.4byte ethhdr.h_proto, sizeof(struct ethhdr)\n' >x.s
	run -0 $BPF_AS x.s
	assert_equal "$(bytes x.o .data)" 0800000010000000
}

@test "PT_REGS_*: libbpf's names, per architecture" {
	printf '\t.data\n\t.2byte PT_REGS_PARM1, PT_REGS_PARM2, PT_REGS_PARM3, PT_REGS_PARM4, PT_REGS_PARM5, PT_REGS_PARM6\n' >x.s
	printf '\t.2byte PT_REGS_RC, PT_REGS_IP, PT_REGS_SP, PT_REGS_FP, PT_REGS_RET, PT_REGS_PARM4_SYSCALL, PT_REGS_PARM1_SYSCALL\n' >>x.s
	run -0 $BPF_AS x.s
	# di si dx cx r8 r9; ax ip sp bp sp r10 di
	assert_equal "$(bytes x.o .data)" 7000680060005800480040005000800098002000980038007000
	run -0 $BPF_AS -march=arm64 x.s
	assert_equal "$(bytes x.o .data)" 00000800100018002000280000000001f800e800f00018001001
	printf '\t.section kprobe/f\np:\tr0 = *(u64 *)(r1 + PT_REGS_PARM1)\n\texit\n' >x.s
	run -0 $BPF_AS x.s
	run -0 readelf -n x.o
	assert_output --partial bpfutils
}

# A directory like tracefs.
tracefs()
{
	mkdir -p t/events/sched/sched_switch t/events/sched/sched_wakeup t/events/syscalls
	cat >t/events/sched/sched_switch/format <<'END'
name: sched_switch
ID: 314
format:
	field:unsigned short common_type;	offset:0;	size:2;	signed:0;
	field:int common_pid;	offset:4;	size:4;	signed:1;

	field:char prev_comm[16];	offset:8;	size:16;	signed:0;
	field:pid_t prev_pid;	offset:24;	size:4;	signed:1;
	field:const char * ptr;	offset:32;	size:8;	signed:0;
	field:__data_loc char[] name;	offset:40;	size:4;	signed:0;
	field:nonsense;

print fmt: "prev_pid=%d offset:99; ", REC->prev_pid
END
	printf 'no format at all' >t/events/sched/sched_wakeup/format
}

@test "tracepoint fields: a built-in few, the others from the kernel's format files when asked" {
	tracefs
	local f
	printf '\t.data\n' >x.s
	for f in common_type common_pid prev_comm prev_pid ptr name; do
		printf '\t.byte tracepoint:sched:sched_switch.%s\n' $f >>x.s
	done
	run -0 $BPF_AS --tracefs=t x.s
	assert_equal "$(bytes x.o .data)" 000408182028
	run -1 --separate-stderr $BPF_AS --color=never x.s
	[[ $stderr == *"--tracefs reads those of the running kernel"* ]]
	# the built-in ones need no option, and are what they are
	printf '\t.data\n\t.byte tracepoint:skb:kfree_skb.skbaddr\n' >x.s
	run -0 $BPF_AS x.s
	assert_equal "$(bytes x.o .data)" 08
	for f in 'sched:sched_switch.prev_pdi=sched:sched_switch.prev_pid' 'sched:sched_swich.prev_pid=sched:sched_switch.prev_pid' \
		'shed:sched_switch.prev_pid=sched:sched_switch.prev_pid' 'sched:sched_wakeup.a=' 'sched:../../x.a=' 'sched:sched_switch.=' ; do
		printf '\t.data\n\t.byte tracepoint:%s\n' "${f%%=*}" >x.s
		run -1 --separate-stderr $BPF_AS --color=never --tracefs=t x.s
		[ -z "${f##*=}" ] || [[ $stderr == *"did you mean 'tracepoint:${f##*=}'"* ]] || fail "$f: $stderr"
	done
}

@test "tracepoint fields of this machine's kernel" {
	[ -r /sys/kernel/tracing/events/sched/sched_switch/format ] || skip "no tracefs that can be read"
	printf '\t.data\n\t.byte tracepoint:sched:sched_switch.prev_comm\n' >x.s
	run -0 $BPF_AS --tracefs x.s
	assert_equal "$((16#$(bytes x.o .data)))" "$(sed -nE 's/.* prev_comm\[.*offset:([0-9]+);.*/\1/p' /sys/kernel/tracing/events/sched/sched_switch/format)"
}

@test ".cinclude: macros and enumerators of C headers, with C's types" {
	need_cmd "${CC:-cc}"
	mkdir -p inc
	cat >inc/my.h <<'END'
#define A 1 + 2
#define B A * 3
#define ALL (~0U)
#define BIG (1UL << 40)
#define CAST ((unsigned char)0x1ff)
#define CH 'A'
#define CHX '\x7f'
#define BIT(n) (1 << (n))
#define B5 BIT(5)
#define SIZE sizeof(unsigned long)
#define COND (sizeof(int) == 4 ? 10 : 1 / 0)
#define PASTE2(a,b) a##b
#define PASTE PASTE2(0x, ff)
#define U64 18446744073709551615ULL
#define DIV (-7 / 2)
#define LESS (-1 < 1U)
#define OVER -2147483648
#define SELF SELF
enum color { SELF = 3, GREEN = 5, BLUE, LAST = BLUE + 10 } x;
enum { ANON = 1 << 4 };
#define STR "text"
#define CALL foo(3)
#define BLOCK do { } while (0)
#define EMPTY
#define MUT1 MUT2
#define MUT2 MUT1
#define FLT 1.5
#undef GONE
#define GONE 1
#undef GONE
END
	printf '\t.cinclude "my.h"\n\t.data\n' >x.s
	local want=
	while read -r name value; do
		printf '\t.8byte %s\n' "$name" >>x.s
		printf '\t.8byte %s\n' "$value" >>y.s
	done <<'END'
B 7
ALL 0xffffffff
BIG 0x10000000000
CAST 255
CH 65
CHX 127
B5 32
SIZE 8
COND 10
PASTE 255
U64 -1
DIV -3
LESS 0
OVER -2147483648
SELF 3
GREEN 5
BLUE 6
LAST 16
ANON 16
END
	sed -i '1i\\t.data' y.s
	run -0 $BPF_AS -I inc x.s
	assert_output ''
	run -0 $BPF_AS y.s
	assert_equal "$(bytes x.o .data)" "$(bytes y.o .data)"
	# what the compiler itself says
	printf '#include "inc/my.h"\n' >c.c
	sed -nE 's/^\t.8byte (\w+)$/_Static_assert((long long)(\1) == (V_\1), "\1");/p' x.s >asserts
	paste <(sed -nE 's/^\t.8byte (.*)$/\1/p' x.s) <(sed -nE 's/^\t.8byte (.*)$/\1/p' y.s) | sed -E 's/^(\w+)\t(.*)$/#define V_\1 \2/' >>c.c
	cat asserts >>c.c
	run -0 "${CC:-cc}" -w -fsyntax-only c.c
	for name in STR CALL BLOCK EMPTY MUT1 FLT BIT; do
		printf '\t.cinclude "inc/my.h"\n\t.data\n\t.byte %s\n' $name >z.s
		run -1 $BPF_AS --diagnostics=short z.s
		assert_output --regexp "^z.s:3:8: error: the macro '$name' .*\[A0221\]$"
	done
	printf '\t.cinclude "inc/my.h"\n\t.data\n\t.byte GREN\n' >z.s
	run -1 $BPF_AS --color=never z.s
	assert_output --partial "did you mean 'GREEN'?"
	printf '\t.cinclude "inc/my.h"\n\t.data\n\t.byte GONE\n' >z.s
	run -1 $BPF_AS --color=never z.s
}

@test ".cinclude: system headers, the source's directory, uses before it, dependencies" {
	need_cmd "${CC:-cc}"
	[ -e /usr/include/linux/if_ether.h ] || skip "no linux/if_ether.h"
	mkdir sub
	printf '#include "other.h"\n#define TC_ACT_OK 5\n' >sub/a.h
	printf '#define OTHER 7\n' >sub/other.h
	printf '\t.data\n\t.byte OTHER\n\t.cinclude "a.h", <linux/if_arp.h>\n\t.byte TC_ACT_OK, ARPOP_REPLY\n' >sub/x.s
	run -0 $BPF_AS -o x.o sub/x.s
	assert_equal "$(bytes x.o .data)" 070502
	if $BPF_AS --help | grep -q -- --MD; then
		run -0 $BPF_AS --MD x.d -o x.o sub/x.s
		grep -q 'sub/other.h' x.d
	fi
}

@test ".cinclude: one message when it cannot be done; nothing is run by a shell" {
	printf '\t.cinclude "no-such.h"\n\t.data\n\t.byte NAME1, NAME2\n' >x.s
	CC=/nonexistent run -1 $BPF_AS --diagnostics=short x.s
	assert_output 'x.s:1:12: error: .cinclude needs a C compiler, and there is none [A0220]'
	printf '#!/bin/sh\necho "oh no" >&2\nexit 3\n' >fake
	chmod +x fake
	CC=./fake run -1 $BPF_AS --color=never x.s
	assert_line --index 0 'x.s:1:12: error: the C compiler refuses the header [A0220]'
	assert_output --partial 'note: oh no'
	printf '#!/bin/sh\nyes | head -c 40000000\n' >fake
	CC=./fake run -1 $BPF_AS --diagnostics=short x.s
	assert_output 'x.s:1:12: error: the C compiler prints more than 32 MiB [A0220]'
	local bad
	for bad in 'x.h' '<x.h' '"x.h' '""' '"a\\n"' '"x.h" y'; do
		printf '\t.cinclude %s\n' "$bad" >x.s
		run -1 $BPF_AS --diagnostics=short x.s
		assert_equal "${#lines[@]}" 1
	done
	printf '\t.cinclude "$(touch pwned).h", <`touch pwned`>\n' >x.s
	run -1 $BPF_AS x.s
	assert [ ! -e pwned ]
}
