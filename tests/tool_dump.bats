#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: dumps of whole maps: beside upstream's, typed, large, and under change.

bats_require_minimum_version 1.5.0

setup()
{
	load tool_helper
	setup_objects
}

teardown() { drop_objects; }

# Upstream prints characters without a NUL behind them as numbers; ours is a string.
strings()
{
	perl -0pe 's/\[49,50,51,52,53,54,55,56\s*\]/"12345678"/g'
}

# same ARGS...: ours prints what upstream prints, text and one-line JSON to the byte
same()
{
	$UPSTREAM "$@" 2>&1 | strings >"$T/up.txt"
	$BPFTOOL "$@" >"$T/our.txt" 2>&1
	diff "$T/up.txt" "$T/our.txt"
	$UPSTREAM -j "$@" | strings >"$T/up.js"
	$BPFTOOL -j "$@" >"$T/our.js"
	cmp "$T/up.js" "$T/our.js"
	$UPSTREAM -p "$@" | strings | jq -S . >"$T/up.js"
	$BPFTOOL -p "$@" | jq -S . >"$T/our.js"
	diff "$T/up.js" "$T/our.js"
}

new_map() # NAME TYPE KEY VALUE ENTRIES [MORE...]
{
	local name=$1 type=$2 key=$3 value=$4 n=$5
	shift 5
	$BPFTOOL map create "$PINS/$name" type "$type" key "$key" value "$value" entries "$n" name "$name" "$@"
}

@test "dump is what upstream dumps: every type that can be listed" {
	need_upstream_bpftool
	new_map hash hash 4 8 10
	new_map wide hash 20 40 10
	new_map half hash 12 16 10
	new_map lru lru_hash 2 3 10
	new_map array array 4 5 3
	new_map phash percpu_hash 4 3 10
	new_map parray percpu_array 4 20 2
	new_map lpm lpm_trie 8 4 3 flags 1
	new_map devmap devmap 4 4 3
	new_map empty hash 4 8 10
	for i in 1 2 3; do
		$BPFTOOL map update pinned "$PINS/hash" key $i value $i
		$BPFTOOL map update pinned "$PINS/wide" key $(seq $i $((i + 19))) value $(seq $i $((i + 39)))
		$BPFTOOL map update pinned "$PINS/half" key $(seq $i $((i + 11))) value $(seq $i $((i + 15)))
		$BPFTOOL map update pinned "$PINS/lru" key $i value $i 2 3
		$BPFTOOL map update pinned "$PINS/phash" key $i value $i 2 3
		$BPFTOOL map update pinned "$PINS/lpm" key 8 0 0 0 1$i 0 0 0 value $i
	done
	for m in hash wide half lru array phash parray lpm devmap empty; do
		same map dump pinned "$PINS/$m"
	done
	for m in hash wide half lru; do
		same map getnext pinned "$PINS/$m"
	done
	same map lookup pinned "$PINS/phash" key 1 0 0 0
}

@test "dump of several maps of one name is what upstream dumps" {
	need_upstream_bpftool
	serial
	new_map a hash 4 4 3 name tool_same
	new_map b array 4 4 1 name tool_same
	$BPFTOOL map update pinned "$PINS/a" key 1 value 2
	same map dump name tool_same
}

@test "typed dump is what upstream dumps" {
	need_upstream_bpftool
	zoo "typed:$PINS/typed"
	same map dump pinned "$PINS/typed"
	same map lookup pinned "$PINS/typed" key 1 0 0 0
	run -0 $BPFTOOL -j map dump pinned "$PINS/typed"
	run -0 jq -c 'sort_by(.formatted.key) | .[0].formatted' <<<"$output"
	assert_output --partial '"count":-7'
	run -0 $BPFTOOL -j map dump pinned "$PINS/typed"
	assert_output --partial '"stamp":18446744073709551601'
}

@test "typed values go in as they come out" {
	zoo "typed:$PINS/typed"
	m="pinned $PINS/typed"
	value='{"count":-5,"stamp":18446744073709551615,"name":"beta","addr":[10,0,0,255],"last":9}'
	run -0 $BPFTOOL map update $m key 7 value "$value"
	run -0 $BPFTOOL -j map lookup $m key 7
	run -0 jq -c '.formatted.value | del(.stamp)' <<<"$output"
	assert_output "$(jq -c 'del(.stamp)' <<<"$value")"
	run -0 $BPFTOOL -j map lookup $m key 7
	assert_output --partial '"stamp":18446744073709551615'
	# a whole dump, put back element by element, is the same dump
	$BPFTOOL -j map dump $m >"$T/before"
	$BPFTOOL map dump $m >"$T/before.txt"
	n=$(jq length "$T/before")
	for ((i = 0; i < n; i++)); do
		key=$(jq -c ".[$i].formatted.key" "$T/before")
		$BPFTOOL map lookup $m key "$key" >"$T/elem"
		value=$(sed -n '/^    "value": /,/^    }/p' "$T/elem" | sed '1s/^    "value": //')
		$BPFTOOL map delete $m key "$key"
		$BPFTOOL map update $m key "$key" value "$value"
	done
	run -0 $BPFTOOL -j map dump $m
	assert_equal "$(jq -cS 'sort_by(.formatted.key)' <<<"$output")" "$(jq -cS 'sort_by(.formatted.key)' "$T/before")"
}

@test "typed values out of range or of another shape are refused" {
	zoo "typed:$PINS/typed"
	m="pinned $PINS/typed"
	before=$($BPFTOOL -j map dump $m)
	run -1 $BPFTOOL map update $m key 4294967296 value '{"count":1}'
	run -1 $BPFTOOL map update $m key 1 value '{"count":2147483648}'
	run -1 $BPFTOOL map update $m key 1 value '{"addr":[1,2,3,256]}'
	run -1 $BPFTOOL map update $m key 1 value '{"cuont":1}'
	run -1 $BPFTOOL map update $m key 1 value '[1'
	run -1 $BPFTOOL map update $m key x value '{"count":1}'
	run -1 --separate-stderr $BPFTOOL -j map update $m key x value '{"count":1}'
	run -0 jq -r '.error | length > 0' <<<"$output"
	assert_output true
	run -0 $BPFTOOL -j map dump $m
	assert_output "$before"
}

@test "a million elements: upstream's bytes, in few calls and little memory" {
	need_upstream_bpftool
	new_map million hash 8 8 1000000
	"$BUILDDIR/tests/tool_zoo" "fill:$PINS/million:1000000" </dev/null
	for f in '' -j; do
		$UPSTREAM $f map dump pinned "$PINS/million" | md5sum >"$T/up"
		$BPFTOOL $f map dump pinned "$PINS/million" | md5sum >"$T/our"
		diff "$T/up" "$T/our"
	done
	need_cmd strace
	need_native
	ASAN_OPTIONS=detect_leaks=0 strace -f -qq -c -e trace=bpf,read,write -o "$T/calls" $BPFTOOL map dump pinned "$PINS/million" >"$T/text"
	run -0 tail -n 1 "$T/text"
	assert_output 'Found 1000000 elements'
	run -0 awk '$NF == "total" { print ($4 < 1000) ? "few" : $0 }' "$T/calls"
	assert_output few
}

@test "a map that changes all the time: each key once, as many rows as there are keys" {
	zoo "churn:$PINS/churn:10000"
	# every bucket is read at a time of its own, so the sum scatters by some hundred rows
	for _ in {1..10}; do
		$BPFTOOL map dump pinned "$PINS/churn" | grep ^key: >"$T/rows"
		run -0 awk '{ k = $2 $3 $4 $5 $6 $7 $8 $9; if (seen[k]++) twice++ } END { print twice + 0, (NR > 9500 && NR < 10500) }' "$T/rows"
		assert_output '0 1'
	done
	run -0 $BPFTOOL -j map dump pinned "$PINS/churn"
	jq -e 'length > 9500' <<<"$output" >/dev/null
}

@test "a dump into a closed pipe ends quietly" {
	new_map piped array 4 8 100000
	run -0 bash -c "set -o pipefail; $BPFTOOL map dump pinned $PINS/piped 2>$T/err | head -n 1; exit 0"
	assert_output --partial 'key: 00 00 00 00'
	run -0 cat "$T/err"
	assert_output ''
}
