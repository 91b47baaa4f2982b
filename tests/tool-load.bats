#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: map load and map diff.

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

new() # NAME TYPE KEY VALUE ENTRIES [MORE...]
{
	local name=$1 type=$2 key=$3 value=$4 n=$5
	shift 5
	$BPFTOOL map create "$PINS/$name" type "$type" key "$key" value "$value" entries "$n" name "$name" "$@"
}

# back MAP: dump, empty or overwrite, load, dump: the same
back()
{
	local m="pinned $PINS/$1" key
	$BPFTOOL -j map dump $m >want
	[ "$(jq length want)" -gt 0 ]
	while read -r key; do
		# shellcheck disable=SC2086
		$BPFTOOL map delete $m key $key 2>/dev/null ||
			$BPFTOOL map update $m key $key value $(printf ' 255%.0s' $(seq "${2:-8}"))
	done < <(jq -r '.[] | select(.value.error | not) | .key | join(" ")' want 2>/dev/null || jq -r '.[].key | join(" ")' want)
	[ "$($BPFTOOL -j map dump $m)" != "$(cat want)" ]
	run -0 $BPFTOOL map load $m want
	assert_output ''
	$BPFTOOL -j map dump $m >got
	jq -S 'sort_by(.key)' want >w
	jq -S 'sort_by(.key)' got >g
	run -0 diff w g
}

@test "what is dumped is loaded: hash, LRU, LPM, array, per CPU" {
	new hash hash 4 8 100
	new wide hash 20 40 10
	new lru lru_hash 4 8 100
	new array array 4 8 5
	new phash percpu_hash 4 3 10
	new plru lru_percpu_hash 4 8 200
	new dev devmap 4 4 3
	new dhash devmap_hash 4 8 3
	new parray percpu_array 4 8 3
	new lpm lpm_trie 8 4 10 flags 1
	for i in $(seq 1 9); do
		$BPFTOOL map update pinned $PINS/hash key $i value $((i * i))
		$BPFTOOL map update pinned $PINS/lru key $i value $((i * i))
		$BPFTOOL map update pinned $PINS/plru key $i value $((i * i))
	done
	$BPFTOOL map update pinned $PINS/wide key $(seq 1 20) value $(seq 1 40)
	$BPFTOOL map update pinned $PINS/array key 2 value 7
	$BPFTOOL map update pinned $PINS/phash key 2 value 1 2 3
	$BPFTOOL map update pinned $PINS/parray key 1 value 77
	lo=$(cat /sys/class/net/lo/ifindex)
	$BPFTOOL map update pinned $PINS/dev key 1 value $lo
	$BPFTOOL map update pinned $PINS/dhash key 7 value $lo
	$BPFTOOL map update pinned $PINS/lpm key 8 0 0 0 10 0 0 0 value 1
	$BPFTOOL map update pinned $PINS/lpm key 16 0 0 0 10 1 0 0 value 2
	back hash
	back wide
	back lru
	back array
	back phash
	back plru
	back dev 4
	back dhash
	back parray
	back lpm
}

@test "maps of maps by the inner map's id, program arrays by the program's" {
	cat >p.s <<-'END'
		.license "GPL"
		.section socket
	p:	r0 = 0
		exit
	END
	$BPF_AS p.s -o p.o
	$BPFTOOL prog load p.o $PINS/p
	new inner hash 4 8 100
	new outer array_of_maps 4 4 3 inner_map pinned $PINS/inner
	new houter hash_of_maps 4 4 3 inner_map pinned $PINS/inner
	new progs prog_array 4 4 3
	$BPFTOOL map update pinned $PINS/outer key 1 value pinned $PINS/inner
	$BPFTOOL map update pinned $PINS/houter key 9 value pinned $PINS/inner
	$BPFTOOL map update pinned $PINS/progs key 2 value pinned $PINS/p
	back outer
	back houter
	back progs
	run -0 $BPFTOOL -j map dump pinned $PINS/outer
	assert_equal "$(jq '.[].inner_map_id' <<<"$output")" "$($BPFTOOL -j map show pinned $PINS/inner | jq .id)"
	# one that is not there is found before anything is written
	before=$($BPFTOOL -j map dump pinned $PINS/houter)
	echo '[{"key":["0x01","0x00","0x00","0x00"],"inner_map_id":'$($BPFTOOL -j map show pinned $PINS/inner | jq .id)'},
		{"key":["0x02","0x00","0x00","0x00"],"inner_map_id":4294967290}]' >bad
	run -1 $BPFTOOL map load pinned $PINS/houter bad
	assert_output --partial 'element 2, key 02 00 00 00: there is no map with id 4294967290'
	assert_equal "$($BPFTOOL -j map dump pinned $PINS/houter)" "$before"
}

globals()
{
	cat >g.s <<-'END'
		.license "GPL"
		.struct conf { u32 limit; u8 on; u8 pad[3]; u64 seen; }
		.map conf, hash, key=u32, value=struct conf, max_entries=8
		.map each, percpu_hash, key=u32, value=struct conf, max_entries=8
		.data
		.align 8
	count:	.quad 5
		.section .rodata
	ro:	.long 9
		.section socket
	p:	r1 = conf ll
		r1 = each ll
		r1 = count ll
		r1 = ro ll
		r0 = 0
		exit
	END
	$BPF_AS g.s -o g.o
	$BPFTOOL prog load g.o $PINS/p pinmaps $PINS/m
}

@test "global data: .data is set, a frozen .rodata is left when it is the same and refused when it is not" {
	globals
	data=$(echo $PINS/m/*data | tr ' ' '\n' | grep '[._]data')
	ro=$(echo $PINS/m/*rodata)
	$BPFTOOL -j map dump pinned $data >want
	$BPFTOOL map update pinned $data key 0 0 0 0 value 9 9 9 9 9 9 9 9
	run -1 $BPFTOOL map diff pinned $data file want
	run -0 $BPFTOOL map load pinned $data want
	run -0 cmp want <($BPFTOOL -j map dump pinned $data)
	$BPFTOOL -j map dump pinned $ro >want
	run -0 $BPFTOOL map load pinned $ro want
	sed 's/"0x09"/"0x0a"/; s/"formatted":.*/"x":0}]/' want >other
	run ! cmp -s want other
	run $BPFTOOL map load pinned $ro other
	[ "$status" = 1 ] || [ "$status" = 3 ]
	assert_output --partial 'cannot update map'
}

@test "typed elements: from formatted, from the text of a dump, edited; what disagrees is refused" {
	globals
	for m in conf each; do
		m="pinned $PINS/m/$m"
		$BPFTOOL map update $m key 1 value limit=5 on=1
		$BPFTOOL map update $m key 2 value seen=0x7fffffffffffffff
		$BPFTOOL --exact -j map dump $m | jq 'map(.formatted)' >f.json
		$BPFTOOL map dump $m >f.txt
		$BPFTOOL -j map dump $m | jq -c 'sort_by(.key)' >want
		for f in f.json f.txt; do
			$BPFTOOL map delete $m key 1
			$BPFTOOL map update $m key 2 value seen=1
			run -0 $BPFTOOL map load $m $f
			assert_equal "$($BPFTOOL -j map dump $m | jq -c 'sort_by(.key)')" "$(cat want)"
		done
	done
	m="pinned $PINS/m/conf"
	run -0 $BPFTOOL map load $m - < <(echo '[{"key":3,"value":{"limit":8,"seen":1}}]')
	run -0 bash -c "$BPFTOOL -j map lookup $m key 3 | jq -c .formatted.value"
	assert_output '{"limit":8,"on":0,"pad":[0,0,0],"seen":1}'
	$BPFTOOL -j map dump $m | jq 'map(if .formatted.key == 1 then .formatted.value.limit = 6 else . end)' >edited
	before=$($BPFTOOL -j map dump $m)
	run -1 --separate-stderr $BPFTOOL map load $m edited
	[[ $stderr == *'the value differs in bytes and as formatted'* ]]
	assert_equal "$($BPFTOOL -j map dump $m)" "$before"
	run -0 bash -c "jq 'map(.formatted)' edited | $BPFTOOL map load $m -"
	run -0 bash -c "$BPFTOOL -j map lookup $m key 1 | jq -c .formatted.value.limit"
	assert_output 6
}

@test "exact removes what the file does not have; without it that stays" {
	new h hash 4 4 10
	m="pinned $PINS/h"
	$BPFTOOL map update $m key 1 value 1
	$BPFTOOL -j map dump $m >one
	$BPFTOOL map update $m key 2 value 2
	run -0 $BPFTOOL map load $m one
	assert_equal "$($BPFTOOL -j map dump $m | jq length)" 2
	run -0 $BPFTOOL map load $m one exact
	run -0 cmp one <($BPFTOOL -j map dump $m)
	echo '[]' >none
	run -0 $BPFTOOL map load $m none exact
	assert_equal "$($BPFTOOL -j map dump $m)" '[]'
}

@test "what does not go with the map is refused, at its place, and nothing is written" {
	new h hash 4 4 2
	new a array 4 4 2
	new each percpu_hash 4 4 2
	m=h
	bad() # JSON MESSAGE
	{
		printf '%s\n' "$1" >bad.json
		before=$($BPFTOOL -j map dump pinned $PINS/$m)
		run -1 --separate-stderr $BPFTOOL map load pinned $PINS/$m bad.json
		[[ $stderr == *"$2"* ]] || { echo "$1: $stderr"; return 1; }
		assert_equal "$($BPFTOOL -j map dump pinned $PINS/$m)" "$before"
		run -1 $BPFTOOL -j map load pinned $PINS/$m bad.json
		jq -e .error <<<"$output" >/dev/null
	}
	k='"key":["0x01","0x00","0x00","0x00"]' v='"value":["0x01","0x00","0x00","0x00"]'
	bad '' 'bad.json:'
	bad '[' 'ends too early'
	bad "[{$k,$v},
{$k,}]" 'bad.json:2:'
	bad "[{$k,$v},{$k,$v}]" 'element 2, key 01 00 00 00 stands there twice'
	bad "[{$k,$v}] [{$k,$v}]" 'nothing may follow the value'
	bad "{$k,$v} x" 'nothing may follow the value'
	bad "{\"id\":1,\"elements\":[{$k,$v}],\"more\":tru}" 'bad.json:1:'
	bad "{\"elements\":[{$k,$v}]" 'bad.json:2:1'
	bad "[{$k}]" 'element 1: it has no value'
	bad "[{$v}]" 'element 1: it has no key'
	bad "[{$k,\"value\":[\"0x01\"]}]" 'the value has 1 bytes, and the map'
	bad "[{$k,\"value\":[\"0x01\",\"0x00\",\"0x00\",300]}]" 'no list of bytes'
	bad "[{$k,\"value\":5}]" 'the map has no types'
	bad "[{$k,\"values\":[]}]" 'which this is not'
	bad '[{"k":"0100000g","v":"00000000"}]' '"k" is not 4 bytes in hex'
	bad '[{"k":"01000000","v":"00000000"},{"k":"02000000","v":"00000000"},{"k":"03000000","v":"00000000"}]' 'has place for 2'
	m=a
	bad '[{"k":"02000000","v":"00000000"}]' 'index 2, but the map has 2 elements'
	m=each
	bad "[{$k,$v}]" 'no values, one for each CPU'
	bad "[{$k,\"values\":[{\"cpu\":100000,$v}]}]" 'value for CPU 100000, but this machine has'
	bad "[{$k,\"values\":[{$v}]}]" 'values of a per-CPU map are'
	bad "[{$k,\"values\":[]}]" 'there is no value for CPU 0'
	bad "[{$k,\"values\":[{\"cpu\":0,$v},{\"cpu\":0,$v}]}]" 'two values for CPU 0'
	bad '[{"k":"01000000","v":[]}]' 'for each CPU'
	printf '[%s]' "$(printf '[%.0s' {1..1000})" >bad.json
	run -1 $BPFTOOL map load pinned $PINS/h bad.json
	run -1 $BPFTOOL map load pinned $PINS/h /nonexistent
	assert_output --partial "cannot read '/nonexistent'"
	run -2 $BPFTOOL map load pinned $PINS/h
}

@test "100,000 elements: by batches" {
	new h hash 4 8 100000
	awk 'BEGIN { printf "["; for (i = 0; i < 100000; i++) {
		k = sprintf("%02x%02x%02x00", i % 256, int(i / 256) % 256, int(i / 65536))
		printf "%s{\"k\":\"%s\",\"v\":\"%s00000000\"}", i ? "," : "", k, k } print "]" }' >many
	run -0 $BPFTOOL map load pinned $PINS/h many
	run -0 $BPFTOOL map diff pinned $PINS/h file many
	assert_output ''
	run -0 $BPFTOOL map lookup pinned $PINS/h key hex 9f860100
	assert_output --partial 'value: 9f 86 01 00 00 00 00 00'
	if command -v strace >/dev/null && [ -z "${BPFUTILS_EMULATOR:-}" ] && [ "${BPFUTILS_TEST_BACKEND:-}" != vm ]; then
		ASAN_OPTIONS=detect_leaks=0 strace -f -c -e trace=bpf -o calls $BPFTOOL map load pinned $PINS/h many
		[ "$(awk '$NF == "bpf" { print $4 }' calls)" -lt 200 ]
	fi
}

@test "diff: added, removed, changed; status 1 when there is something" {
	new a hash 4 4 10
	new b hash 4 4 10
	new c hash 4 8 10
	$BPFTOOL map update pinned $PINS/a key 1 value 1
	$BPFTOOL map update pinned $PINS/a key 2 value 2
	$BPFTOOL map update pinned $PINS/b key 2 value 3
	$BPFTOOL map update pinned $PINS/b key 10 value 3
	run -1 $BPFTOOL map diff pinned $PINS/a pinned $PINS/b
	assert_output '- key: 01 00 00 00  value: 01 00 00 00
- key: 02 00 00 00  value: 02 00 00 00
+ key: 02 00 00 00  value: 03 00 00 00
+ key: 0a 00 00 00  value: 03 00 00 00'
	run -1 $BPFTOOL -j map diff pinned $PINS/a pinned $PINS/b
	run -0 jq -c '[.removed[].key[0], .added[].key[0], .changed[].old.value[0], .changed[].new.value[0]]' <<<"$output"
	assert_output '["0x01","0x0a","0x02","0x03"]'
	run -0 $BPFTOOL map diff pinned $PINS/a pinned $PINS/a
	assert_output ''
	run -0 $BPFTOOL -j map diff pinned $PINS/a pinned $PINS/a
	assert_output '{"removed":[],"added":[],"changed":[]}'
	run -1 $BPFTOOL map diff pinned $PINS/a pinned $PINS/c
	assert_output --partial 'has keys and values of 4 and 4 bytes'
	run -2 $BPFTOOL map diff pinned $PINS/a
}
