#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Typed values of a live map: the same text and JSON as upstream's bpftool, where that is valid.
bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_bpf
	need_cmd clang
	need_upstream_bpftool
	need_pins
	cat >t.c <<-'END'
	#define SEC(n) __attribute__((section(n), used))
	#define __uint(name, val) int (*name)[val]
	#define __type(name, val) typeof(val) *name
	enum e { EA = 1, EB = -2 };
	struct in { short s; unsigned char uc; };
	union u { int i; char c; };
	struct val {
		char c; signed char sc; unsigned char uc; short s; unsigned short us;
		int i; unsigned u; long l; unsigned long ul; _Bool b; void *p;
		enum e e, e2; char str[8], nonstr[4]; int arr[3]; struct in in[2];
		union u un; struct { int anon; }; int two[2][2]; const volatile int cv;
		unsigned char uarr[4]; void (*fn)(int); char empty[0];
	};
	struct {
		__uint(type, 2); __uint(max_entries, 2);
		__type(key, unsigned); __type(value, struct val);
	} m SEC(".maps");
	int g = 5; static volatile int sg = 7; const volatile int ro = 9;
	static void *(*lookup)(void *, const void *) = (void *)1;
	SEC("socket") int prog(void *ctx)
	{
		unsigned k = 0;
		struct val *w = lookup(&m, &k);
		return w ? w->i + g + ro + sg++ : 0;
	}
	END
	run -0 clang -target bpf -g -O2 -c t.c -o t.o
	run -0 "$UPSTREAM" prog load t.o "$PINS/p" pinmaps "$PINS"
}

teardown()
{
	drop_pins
}

# fill INDEX A B: an element whose bytes are a pattern, but for a bool, an enumerator, a string
fill()
{
	local i=$1 v=() n
	n=$("$UPSTREAM" -j map show pinned "$PINS/m" | sed 's/.*"bytes_value":\([0-9]*\).*/\1/')
	for ((b = 0; b < n; b++)); do v+=($(((b * $2 + $3) % 256))); done
	v[32]=1                                            # b
	v[48]=1 v[49]=0 v[50]=0 v[51]=0                     # e = EA
	for ((b = 56; b < 64; b++)); do v[b]=0; done
	v[56]=104 v[57]=105 v[58]=33                        # str = "hi!"
	v[64]=1                                             # nonstr: text without a NUL is a list of upstream's, a string of ours
	"$UPSTREAM" map update pinned "$PINS/m" key "$i" 0 0 0 value "${v[@]}"
}

@test "a struct of many kinds: text and JSON as upstream" {
	fill 0 7 129
	fill 1 13 200
	run -0 "$UPSTREAM" map dump pinned "$PINS/m"
	printf '%s\n' "$output" >want
	run -0 $BPFTOOL map dump pinned "$PINS/m"
	printf '%s\n' "$output" >got
	diff want got >&2

	run -0 "$UPSTREAM" -j map dump pinned "$PINS/m"
	printf '%s\n' "$output" >want
	run -0 $BPFTOOL -j map dump pinned "$PINS/m"
	printf '%s\n' "$output" >got
	diff want got >&2
}

@test "global data: text and JSON as upstream" {
	for map in "$PINS"/*data*; do
		run -0 "$UPSTREAM" map dump pinned "$map"
		printf '%s\n' "$output" >want
		run -0 $BPFTOOL map dump pinned "$map"
		printf '%s\n' "$output" >got
		diff want got >&2
		run -0 "$UPSTREAM" -j map dump pinned "$map"
		printf '%s\n' "$output" >want
		run -0 $BPFTOOL -j map dump pinned "$map"
		printf '%s\n' "$output" >got
		diff want got >&2
	done
}
