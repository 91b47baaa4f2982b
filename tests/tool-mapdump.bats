#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool map dump: maps that are mapped, maps that change meanwhile, maps that have no walk.

bats_require_minimum_version 1.5.0

setup()
{
	load tool_helper
	setup_objects
}

teardown() { drop_objects; }

new_map() # NAME TYPE KEY VALUE ENTRIES [MORE...]
{
	local name=$1 type=$2 key=$3 value=$4 n=$5
	shift 5
	$BPFTOOL map create "$PINS/$name" type "$type" key "$key" value "$value" entries "$n" name "$name" "$@"
}

# twice FILE: keys that stand in it more than once
twice()
{
	grep -o '^key: [0-9a-f ]*  ' "$1" | sort | uniq -d | wc -l
}

@test "mapped arrays: element by element what a look-up gives, and in a few calls" {
	for v in 4 8 9 40; do
		new_map m$v array 4 $v 3000 flags 0x400
		$BPFTOOL map update pinned "$PINS/m$v" key 0 value $(seq $v)
		$BPFTOOL map update pinned "$PINS/m$v" key 2999 value $(seq 2 $((v + 1)))
		$BPFTOOL map update pinned "$PINS/m$v" key 1500 value $(seq 3 $((v + 2)))
		# the same without mapping
		new_map p$v array 4 $v 3000
		for k in 0:1 2999:2 1500:3; do
			$BPFTOOL map update pinned "$PINS/p$v" key ${k%:*} value $(seq ${k#*:} $((v + ${k#*:} - 1)))
		done
		for f in '' -j -p; do
			$BPFTOOL $f map dump pinned "$PINS/m$v" >"$T/mapped"
			$BPFTOOL $f map dump pinned "$PINS/p$v" >"$T/plain"
			cmp "$T/mapped" "$T/plain"
		done
		run -0 tail -n 1 "$T/plain"
	done
	run -0 $BPFTOOL map dump pinned "$PINS/m40"
	assert_line 'Found 3000 elements'
}

@test "a mapped array is what upstream dumps, in a few calls" {
	need_upstream_bpftool
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	new_map big array 4 8 100000 flags 0x400
	$BPFTOOL map update pinned "$PINS/big" key 99999 value 1 2 3 4 5 6 7 8
	for f in '' -j; do
		$UPSTREAM $f map dump pinned "$PINS/big" | md5sum >"$T/up"
		$BPFTOOL $f map dump pinned "$PINS/big" | md5sum >"$T/our"
		diff "$T/up" "$T/our"
	done
	need_cmd strace
	need_native
	ASAN_OPTIONS=detect_leaks=0 strace -qq -c -o "$T/calls" -e trace=bpf,write $BPFTOOL map dump pinned "$PINS/big" >"$T/text"
	run -0 awk '$NF == "total" { print ($4 < 60) ? "few" : $0 }' "$T/calls"
	assert_output few
	# frozen, it can still be mapped
	$BPFTOOL map dump pinned "$PINS/big" | md5sum >"$T/our"
}

@test "-p puts its brackets where upstream puts them" {
	need_upstream_bpftool
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	new_map few hash 2 3 10
	new_map cpus percpu_array 4 3 2
	$BPFTOOL map update pinned "$PINS/few" key 1 2 value 1 2 3
	$BPFTOOL map update pinned "$PINS/few" key 1 3 value 1 2 3
	for m in few cpus; do
		$UPSTREAM -p map dump pinned "$PINS/$m" >"$T/up"
		$BPFTOOL -p map dump pinned "$PINS/$m" >"$T/our"
		diff "$T/up" "$T/our"
	done
}

@test "under churn: no key twice, and the number of rows is that of the live keys" {
	need_native
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	zoo "churn:$PINS/churn:100000"
	for _ in {1..5}; do
		$BPFTOOL map dump pinned "$PINS/churn" >"$T/rows"
		run -0 twice "$T/rows"
		assert_output 0
		n=$(sed -n 's/^Found \(.*\) elements$/\1/p' "$T/rows")
		[ "$n" -ge 99000 ] && [ "$n" -le 101000 ] || { echo "$n rows"; false; }
	done
	$BPFTOOL -j map dump pinned "$PINS/churn" | jq -e 'length > 99000' >/dev/null
}

# walked TYPE N: whatever happens, no key twice; not all of it is status 1 and said
walked()
{
	local st
	zoo "churn:$PINS/churn:$2:$1"
	[ -e "$PINS/churn" ] || skip "needs $1: $ZOO"
	for _ in {1..5}; do
		st=0
		$BPFTOOL map dump pinned "$PINS/churn" >"$T/rows" 2>"$T/err" || st=$?
		[ "$st" = 0 ] || { [ "$st" = 1 ] && grep -q 'changed, restarted [0-9]* time' "$T/err"; }
		run -0 twice "$T/rows"
		assert_output 0
		n=$(sed -n 's/^Found \(.*\) elements*$/\1/p' "$T/rows")
		# while the walk sleeps all keys may be others: then the sum scatters by the root of their number
		[ "$n" -le $(($2 * 106 / 100)) ]
		[ "$st" = 1 ] || [ "$n" -ge $(($2 * 94 / 100)) ]
	done
	$BPFTOOL -j map dump pinned "$PINS/churn" 2>"$T/err" >"$T/js" || true
	run -0 jq -r 'map(select(.key) | .key | join(" ")) | (length - (unique | length))' "$T/js"
	assert_output 0
}

@test "under churn, a trie: no key twice" {
	need_native
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	walked lpm_trie 5000
}

@test "under churn, a type without batches: no key twice, restarts are told" {
	need_native
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	walked devmap_hash 5000
}

@test "a large hash, read in pieces by two threads: every element, once, in upstream's order" {
	need_native
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	for n in 70000 300000; do
		new_map big$n hash 8 8 300000
		"$BUILDDIR/tests/tool_zoo" "fill:$PINS/big$n:$n" </dev/null >/dev/null
		$BPFTOOL map dump pinned "$PINS/big$n" >"$T/rows"
		run -0 tail -n 1 "$T/rows"
		assert_output "Found $n elements"
		run -0 twice "$T/rows"
		assert_output 0
		# a handful of elements in a large map, and none
		new_map few$n hash 8 8 300000
		"$BUILDDIR/tests/tool_zoo" "fill:$PINS/few$n:37" </dev/null >/dev/null
		run -0 $BPFTOOL map dump pinned "$PINS/few$n"
		assert_line 'Found 37 elements'
		$BPFTOOL -j map dump pinned "$PINS/big$n" | jq -e "length == $n" >/dev/null
	done
	need_upstream_bpftool
	$UPSTREAM map dump pinned "$PINS/big70000" | md5sum >"$T/up"
	$BPFTOOL map dump pinned "$PINS/big70000" | md5sum >"$T/our"
	diff "$T/up" "$T/our"
	# values of per-CPU maps, many bytes each
	new_map cpus percpu_hash 8 8 70000
	run -0 $BPFTOOL map dump pinned "$PINS/cpus"
	assert_output 'Found 0 elements'
}

@test "maps of objects: what upstream dumps of each" {
	need_upstream_bpftool
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel"
	for t in prog_array perf_event_array cgroup_array devmap cpumap sockmap xskmap sockhash devmap_hash reuseport_sockarray; do
		$BPFTOOL map create "$PINS/$t" type $t key 4 value 4 entries 2 || continue
		for f in '' -j; do
			# 524 is the kernel's own number for "not supported"
			$UPSTREAM $f map dump pinned "$PINS/$t" 2>/dev/null | sed 's/Unknown error 524/Operation not supported/g' >"$T/up"
			$BPFTOOL $f map dump pinned "$PINS/$t" 2>/dev/null >"$T/our"
			diff "$T/up" "$T/our"
		done
	done
}
