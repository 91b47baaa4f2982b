#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: values by their types, out and in: addresses, parts, names, ranges; map load; map diff.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_pins
	need_bpf
	need_cmd jq
}

teardown()
{
	drop_pins
}

# Maps of a type that has much in it: $C a hash, $P per CPU, $G the global data.
conns()
{
	cat >conns.s <<-'END'
		.license "GPL"
		.enum verdict { DROP, PASS = 4 }
		.struct conn { __be32 saddr; __be16 port; u8 mac[6]; char comm[8]; s32 a : 3; u32 b : 5; u8 pad[3]; enum verdict v; u64 big; u32 q[3]; u32 z; }
		.map conns, hash, key=u32, value=struct conn, max_entries=8
		.map each, percpu_hash, key=u32, value=struct conn, max_entries=8
		.section socket
	p:	r1 = conns ll
		r1 = each ll
		r0 = 0
		exit
	END
	$BPF_AS conns.s -o conns.o
	$BPFTOOL prog load conns.o $PINS/prog pinmaps $PINS
	C="pinned $PINS/conns"
	P="pinned $PINS/each"
}

# value KEY: of a hash, as JSON
value()
{
	$BPFTOOL $OPT -j map lookup $C key "$1" | jq -c .formatted.value
}

@test "parts of a value: named, indexed, of a new element and of one that is there" {
	conns
	run -0 $BPFTOOL map update $C key 1 value saddr=10.0.0.1 port=be:443 mac=02:00:00:00:00:01 comm=eth0 a=-1 b=31 v=PASS 'q[2]=7'
	run -0 value 1
	assert_output '{"saddr":16777226,"port":47873,"mac":[2,0,0,0,0,1],"comm":"eth0","a":-1,"b":31,"pad":[0,0,0],"v":"PASS","big":0,"q":[0,0,7],"z":0}'
	run -0 $BPFTOOL map update $C key 1 value big=0xffffffffffffffff 'q[0]=9'
	OPT=--exact run -0 value 1
	assert_output --partial '"comm":"eth0"'
	assert_output --partial '"big":"18446744073709551615","q":[9,0,7]'
	run -0 $BPFTOOL map update $C key 2 value z=5
	run -0 value 2
	assert_output --partial '"saddr":0,'
	assert_output --partial '"z":5}'
}

@test "parts of a per-CPU value change that of each CPU" {
	conns
	run -0 $BPFTOOL map update $P key 1 value z=5
	run -0 $BPFTOOL map update $P key 1 value v=PASS
	run -0 bash -o pipefail -c "$BPFTOOL -j map lookup $P key 1 | jq -c '[.formatted.values[].value | [.z, .v]] | unique'"
	assert_output '[[5,"PASS"]]'
}

@test "a part that does not fit, or is not there, is refused by its name and changes nothing" {
	conns
	$BPFTOOL map update $C key 1 value z=5
	before=$($BPFTOOL -j map dump $C)
	bad() # WORD MESSAGE
	{
		run -1 --separate-stderr $BPFTOOL map update $C key 1 value "$1"
		[[ $stderr == *"$2"* ]] || { echo "$1: $stderr"; return 1; }
	}
	bad a=4 'a: 4 does not fit int (signed, 3 bits: -4 to 3)'
	bad b=32 'b: 32 does not fit unsigned int (5 bits: 0 to 31)'
	bad b=-1 'b: -1 does not fit'
	bad port=be:65536 'port: be:65536 does not fit unsigned short (2 bytes)'
	bad 'mac[6]=1' 'mac: the array has 6 elements only'
	bad 'mac=[300]' 'mac: 300 does not fit unsigned char (8 bits: 0 to 255)'
	bad mac=02:00 'mac: '
	bad saddr=10.0.0.256 'saddr: no value'
	bad v=PAS "did you mean 'PASS'?"
	bad prt=1 "did you mean 'port'?"
	bad comm=longerthan8 'comm: this string of 11 bytes does not fit 8'
	bad q.x=1 'q: an array has no members'
	assert_equal "$($BPFTOOL -j map dump $C)" "$before"
	run -2 $BPFTOOL map update $C value z=5 key 1
	assert_output --partial 'the key in front'
}

@test "a byte of 300 is an error, not 44" {
	run -0 $BPFTOOL map create $PINS/h type hash key 4 value 4 entries 4 name h
	run -1 $BPFTOOL map update pinned $PINS/h key 1 0 0 0 value 300 0 0 0
	assert_output --partial '300 does not fit a byte (0 to 255)'
	run -0 $BPFTOOL -j map dump pinned $PINS/h
	assert_output '[]'
}

@test "addresses for bytes without types, prefixes for tries" {
	$BPFTOOL map create $PINS/h type hash key 4 value 6 entries 4 name h
	$BPFTOOL map create $PINS/six type hash key 16 value 2 entries 4 name six
	$BPFTOOL map create $PINS/lpm type lpm_trie key 8 value 4 entries 4 name lpm flags 1
	$BPFTOOL map create $PINS/lpm6 type lpm_trie key 20 value 4 entries 4 name lpm6 flags 1
	run -0 $BPFTOOL map update pinned $PINS/h key 10.0.0.1 value 02:00:00:00:00:ff
	run -0 $BPFTOOL map dump pinned $PINS/h
	assert_line 'key: 0a 00 00 01  value: 02 00 00 00 00 ff'
	run -0 $BPFTOOL map update pinned $PINS/six key fe80::1 value be:443
	run -0 $BPFTOOL -j map dump pinned $PINS/six
	run -0 jq -c '[.[0].key[0], .[0].key[15], .[0].value]' <<<"$output"
	assert_output '["0xfe","0x01",["0x01","0xbb"]]'
	run -0 $BPFTOOL map update pinned $PINS/lpm key 10.1.0.0/16 value 7
	run -0 $BPFTOOL map lookup pinned $PINS/lpm key 10.1.200.3
	assert_output --partial 'value: 07 00 00 00'
	run -1 $BPFTOOL map lookup pinned $PINS/lpm key 10.2.0.1
	run -0 $BPFTOOL map update pinned $PINS/lpm6 key fd00::/8 value 1
	run -0 $BPFTOOL map lookup pinned $PINS/lpm6 key fd12::5/128
	run -1 $BPFTOOL map update pinned $PINS/lpm key 10.1.0.0/33 value 7
	assert_output --partial "'33' is no length of a prefix (0 to 32)"
	run -1 $BPFTOOL map update pinned $PINS/h key 10.0.0.256 value 02:00:00:00:00:ff
	run -1 $BPFTOOL map update pinned $PINS/h key 10.0.0.0/8 value 02:00:00:00:00:ff
	run -1 $BPFTOOL map update pinned $PINS/six key fe80::1 value be:65536
	assert_output --partial 'be:65536 does not fit 2 bytes'
}

@test "--human: addresses as text, which go in as they come out" {
	conns
	$BPFTOOL map update $C key 1 value saddr=192.168.0.1 port=be:53 mac=aa:bb:cc:dd:ee:ff comm=12345678
	OPT=--human run -0 value 1
	assert_output --partial '{"saddr":"192.168.0.1","port":13568,"mac":"aa:bb:cc:dd:ee:ff","comm":"12345678",'
	run -0 $BPFTOOL map update $C key 2 value "$output"
	assert_equal "$(value 2)" "$(value 1)"
	run -0 $BPFTOOL --human map dump $C
	assert_output --partial '"saddr": "192.168.0.1",'
	# not asked for: as upstream shows them
	run -0 value 1
	assert_output --partial '"mac":[170,187,204,221,238,255]'
}

@test "--exact: integers beyond 2^53 are strings, and only those" {
	conns
	$BPFTOOL map update $C key 1 value big=9007199254740993 z=7
	$BPFTOOL map update $C key 2 value big=9007199254740992
	OPT=--exact run -0 value 1
	assert_output --partial '"big":"9007199254740993"'
	assert_output --partial '"z":7'
	OPT=--exact run -0 value 2
	assert_output --partial '"big":9007199254740992,'
	run -0 $BPFTOOL map update $C key 3 value "$(OPT=--exact value 1)"
	run -0 $BPFTOOL -j map lookup $C key 3
	assert_output --partial '"big":9007199254740993,'
}

@test "typed values are what upstream prints, where that is valid; floats, bit-fields, tags" {
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs objects of the kernel"
	need_upstream_bpftool
	need_cmd clang
	cat >t.c <<-'END'
	#define SEC(n) __attribute__((section(n), used))
	#define __uint(name, val) int (*name)[val]
	#define __type(name, val) typeof(val) *name
	enum e64 { BIG = 0x100000000ull };
	typedef int num; typedef const num cnum;
	union u { int i; struct { short a, b; }; unsigned char c[8]; };
	struct plain {
		cnum n; enum e64 e; union u u; struct { int x; union { int y; int z; }; }; int arr[2][3]; _Bool b;
		char text[8]; void *p; const char *s; int (*f)(void); int flex[];
	};
	struct odd { int a:3; unsigned b:5; float f; double d; char full[4]; unsigned tagged __attribute__((btf_decl_tag("ip"))); int last; };
	struct { __uint(type, 2); __uint(max_entries, 2); __type(key, unsigned); __type(value, struct plain); } plain SEC(".maps");
	struct { __uint(type, 2); __uint(max_entries, 1); __type(key, unsigned); __type(value, struct odd); } odd SEC(".maps");
	static void *(*lookup)(void *, const void *) = (void *)1;
	SEC("socket") int prog(void *ctx)
	{
		unsigned k = 0;
		struct plain *p = lookup(&plain, &k);
		struct odd *o = lookup(&odd, &k);
		return (p ? p->n : 0) + (o ? o->last : 0);
	}
	END
	run -0 clang -target bpf -g -O2 -c t.c -o t.o
	run -0 $BPFTOOL prog load t.o $PINS/p pinmaps $PINS
	m="pinned $PINS/plain"
	run -0 $BPFTOOL map update $m key 0 value n=-5 e=BIG u.a=-2 y=7 'arr[1]=[1,2,3]' b=true text=hello p=0xffff888000000000
	for opt in "" -j; do
		assert_equal "$($BPFTOOL $opt map dump $m)" "$($UPSTREAM $opt map dump $m)"
	done
	m="pinned $PINS/odd"
	run -0 $BPFTOOL map update $m key 0 value a=-1 b=17 f=0.1 d=-1e300 full=abcd tagged=10.1.2.3 last=9
	run -0 $BPFTOOL -j map lookup $m key 0
	run -0 jq -c .formatted.value <<<"$output"
	assert_output '{"a":-1,"b":17,"f":0.1,"d":-1e+300,"full":"abcd","tagged":50462986,"last":9}'
	run -0 $BPFTOOL --human map lookup $m key 0
	assert_output --partial '"tagged": "10.1.2.3"'
	# upstream loses what stands behind the float
	run $UPSTREAM -j map lookup $m key 0 0 0 0
	refute_output --partial '"last"'
}

@test "each element of a dump by type is what a look-up prints, in text and JSON, also per CPU" {
	conns
	for k in 1 2 3 4 5; do
		for m in "$C" "$P"; do
			$BPFTOOL map update $m key $k value saddr=10.0.0.$k port=be:$((k * 11)) mac=02:00:00:00:00:0$k comm=eth$k a=-$((k % 4)) \
				b=$((k + 3)) v=$([ $k = 3 ] && echo 77 || echo PASS) big=0xffffffffffffff$k "q[1]=$k"
		done
	done
	for m in "$C" "$P"; do
		for f in '-j' '-j --human' '-j --exact'; do
			$BPFTOOL $f map dump $m | jq -c 'sort_by(.formatted.key)[]' >dump
			for k in 1 2 3 4 5; do $BPFTOOL $f map lookup $m key $k | jq -c .; done >single
			diff dump single
			[ "$(sort -u dump | wc -l)" = 5 ]
		done
		# the order of a hash is not that of the keys: lines, sorted
		$BPFTOOL map dump $m | sed 's/,$//' | sort >dump
		for k in 1 2 3 4 5; do $BPFTOOL map lookup $m key $k | sed 's/^/    /; s/,$//; s/},{$/},{/'; done | sort >single
		diff <(grep -v '^[][]*[{}]*,*{*$' dump | grep '"' | sed 's/^ *//' | sort) <(grep '"' single | sed 's/^ *//' | sort)
		# and pretty JSON means the same
		cmp <($BPFTOOL -jp map dump $m | jq -cS .) <($BPFTOOL -j map dump $m | jq -cS .)
	done
}
