#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool: the command line, and single elements of maps.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
}

teardown()
{
	drop_pins
}

# A map at $PINS/NAME, of that name with the test's number, so that tests do not meet by name.
new_map() # NAME TYPE KEY VALUE ENTRIES [MORE...]
{
	local name=$1 type=$2 key=$3 value=$4 n=$5
	shift 5
	$BPFTOOL map create "$PINS/$name" type "$type" key "$key" value "$value" entries "$n" name "$name" "$@"
}

# ---------------------------------------------------------------- command line

@test "help goes to standard output and names every command" {
	run -0 --separate-stderr $BPFTOOL help
	assert_equal "$stderr" ''
	for c in 'prog show' 'prog list' 'prog dump xlated' 'prog pin' 'map show' 'map dump' 'map lookup' \
		'map getnext' 'map update' 'map delete' 'map create' 'map pin' 'link show' 'link pin' \
		'link detach' 'world show' 'world gc' 'batch file' version help; do
		assert_output --partial "  $c"
	done
	for o in --json --pretty --bpffs --nomount --backend --vm --color --version; do
		assert_output --partial "$o"
	done
	refute_output --partial --complete
}

@test "help of an object shows its commands only" {
	for words in 'map help' 'help map' 'm h' '--help map'; do
		run -0 $BPFTOOL $words
		assert_output --partial '  map dump MAP'
		refute_output --partial '  prog show'
	done
}

@test "help is JSON when JSON is asked for" {
	run -0 $BPFTOOL -j help
	run -0 jq -r '.[] | select(.command == "map dump") | .args' <<<"$output"
	assert_output 'MAP [all] [pid N]'
}

@test "no help text is wider than 100 columns" {
	run -0 $BPFTOOL help
	run -0 awk 'length > 100' <<<"$output"
	assert_output ''
}

@test "version, in words and options" {
	for words in version -V --version ver; do
		run -0 $BPFTOOL $words
		assert_line --index 0 --regexp '^bpftool \(bpfutils\) [0-9]+\.[0-9]+\.[0-9]+$'
	done
	run -0 $BPFTOOL -j version
	run -0 jq -r '.version, (.features | type)' <<<"$output"
	assert_line --index 0 --regexp '^[0-9]+\.[0-9]+\.[0-9]+$'
	assert_line --index 1 object
}

@test "an unknown word: two lines that name it and the nearest one, status 2" {
	run -2 --separate-stderr $BPFTOOL prgo
	assert_output ''
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[0]} == *"'prgo' is no command"* ]]
	[[ ${stderr_lines[1]} == *"did you mean 'prog'?"* ]]
	run -2 --separate-stderr $BPFTOOL map dmp
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[1]} == *"did you mean 'dump'?"* ]]
	run -2 --separate-stderr $BPFTOOL --jsn map
	assert_equal "${#stderr_lines[@]}" 2
	[[ ${stderr_lines[1]} == *"did you mean --json?"* ]]
}

@test "a word that could be several means the first of them, as with the other bpftool" {
	run -2 $BPFTOOL map d id
	assert_output --partial "id"
	run -2 $BPFTOOL map d x
	assert_output --partial "'x' does not say which map"
	run -2 $BPFTOOL p d q
	assert_output --partial "'q' does not go with 'dump'"
	run -0 $BPFTOOL v
	assert_output --partial "bpfutils"
}

@test "half a command says what could follow" {
	run -2 $BPFTOOL prog dump
	assert_output --partial "'dump' is not all of a command: xlated"
}

@test "usage errors are JSON on standard output when JSON is asked for" {
	run -2 --separate-stderr $BPFTOOL -j map dmp
	assert_equal "$stderr" ''
	run -0 jq -r '.error, .help[0]' <<<"$output"
	assert_line --index 0 --partial "'dmp' does not go with 'map'"
	assert_line --index 1 "did you mean 'dump'?"
}

@test "a handle that is none, an id that is none" {
	run -2 $BPFTOOL map dump skbs
	assert_output --partial "'skbs' does not say which map: expected id, name, pinned or prog"
	run -2 $BPFTOOL map dump nmae skbs
	assert_output --partial "did you mean 'name'?"
	for id in x 1x -1 99999999999 ''; do
		run -2 $BPFTOOL map dump id "$id"
	done
	run -2 $BPFTOOL prog show tag 12
	assert_output --partial 'a tag has 16 hex digits'
	run -2 $BPFTOOL link show name x
	run -2 $BPFTOOL map dump
	assert_output --partial 'which map?'
}

@test "a backend of no such name is a wrong command line" {
	BPFUTILS_BACKEND=nonsense run -2 $BPFTOOL link
	run -2 $BPFTOOL --backend=foo map
	run -0 $BPFTOOL --vm version
}

@test "a full disk is an error, status 4" {
	need_file /dev/full
	run -4 --separate-stderr bash -c "$BPFTOOL help >/dev/full"
	[[ $stderr == *"cannot write to standard output: No space left on device"* ]]
}

@test "colour only where it is asked for" {
	run -2 $BPFTOOL --color=always foo
	assert_output --partial $'\e[1;31m'
	run -2 $BPFTOOL foo
	refute_output --partial $'\e['
	run -2 $BPFTOOL --color=sometimes foo
	assert_output --partial 'none of auto, always, never'
}

# ---------------------------------------------------------------- elements

@test "create, update, lookup, getnext, delete" {
	need_bpf
	need_pins
	new_map elems hash 4 8 4
	m="pinned $PINS/elems"
	run -0 $BPFTOOL map update $m key 1 0 0 0 value 1 2 3 4 5 6 7 8
	assert_output ''
	run -0 $BPFTOOL map lookup $m key 1 0 0 0
	assert_output 'key: 01 00 00 00  value: 01 02 03 04 05 06 07 08'
	run -0 $BPFTOOL -j map lookup $m key 1 0 0 0
	assert_output '{"key":["0x01","0x00","0x00","0x00"],"value":["0x01","0x02","0x03","0x04","0x05","0x06","0x07","0x08"]}'
	run -0 $BPFTOOL map getnext $m
	assert_output $'key: None\nnext key:\n01 00 00 00'
	run -0 $BPFTOOL -j map getnext $m
	assert_output '{"key":null,"next_key":["0x01","0x00","0x00","0x00"]}'
	run -1 $BPFTOOL map getnext $m key 1 0 0 0
	assert_output --partial 'no key follows'
	run -0 $BPFTOOL -j map delete $m key 1 0 0 0
	assert_output null
	run -1 $BPFTOOL map delete $m key 1 0 0 0
	assert_output --partial 'does not have this key'
	run -1 $BPFTOOL map getnext $m
	assert_output --partial 'is empty'
}

@test "a key that is not there: Not found, null, status 1" {
	need_bpf
	need_pins
	new_map missing hash 4 8 4
	run -1 $BPFTOOL map lookup pinned "$PINS/missing" key hex 09 00 00 00
	assert_output $'key:\n09 00 00 00\n\nNot found'
	run -1 $BPFTOOL -j map lookup pinned "$PINS/missing" key hex 09 00 00 00
	assert_output null
}

@test "bytes out of range, too few and too many are refused, and nothing is stored" {
	need_bpf
	need_pins
	new_map range hash 4 8 4
	m="pinned $PINS/range"
	run -1 $BPFTOOL map update $m key 300 0 0 0 value 1 2 3 4 5 6 7 8
	assert_output --partial '300 does not fit a byte (0 to 255)'
	run -1 $BPFTOOL map update $m key 1 0 0 0 value 1 2 3 4 5 6 7 256
	run -1 $BPFTOOL map update $m key 1 0 0 0 value 1 2 3 4 5 6 7 -1
	run -1 $BPFTOOL map update $m key 1 0 0 value 1 2 3 4 5 6 7 8
	assert_output --partial 'key has 4 bytes, but 3 are given'
	run -1 $BPFTOOL map update $m key 1 0 0 0 0 value 1 2 3 4 5 6 7 8
	run -1 $BPFTOOL map update $m key hex 1 0 0 100 value 1
	run -1 $BPFTOOL map update $m key hex zz 0 0 0 value 1
	run -1 $BPFTOOL map update $m key one value 1
	run -1 $BPFTOOL map update $m key 4294967296 value 1
	assert_output --partial '4294967296 does not fit 4 bytes'
	run -1 $BPFTOOL map update $m key -2147483649 value 1
	run -0 $BPFTOOL map dump $m
	assert_output 'Found 0 elements'
}

@test "a number alone fills a field of 2, 4 or 8 bytes; hex digits may stand together" {
	need_bpf
	need_pins
	new_map whole hash 4 8 8
	m="pinned $PINS/whole"
	$BPFTOOL map update $m key 258 value 18446744073709551615
	$BPFTOOL map update $m key -2 value -2
	$BPFTOOL map update $m key hex 0a0b0c0d value hex 01 02 03 04 0506 0708
	$BPFTOOL map update $m key 4294967295 value 1K
	run -0 $BPFTOOL -j map dump $m
	run -0 jq -c 'map({(.key | join(" ")): (.value | join(" "))}) | add | to_entries | sort_by(.key) | .[] | [.key, .value]' <<<"$output"
	assert_line '["0x0a 0x0b 0x0c 0x0d","0x01 0x02 0x03 0x04 0x05 0x06 0x07 0x08"]'
	if [ "$(printf '\1\0' | od -An -tu2 | tr -d ' ')" = 1 ]; then
		assert_line '["0x02 0x01 0x00 0x00","0xff 0xff 0xff 0xff 0xff 0xff 0xff 0xff"]'
		assert_line '["0xfe 0xff 0xff 0xff","0xfe 0xff 0xff 0xff 0xff 0xff 0xff 0xff"]'
		assert_line '["0xff 0xff 0xff 0xff","0x00 0x04 0x00 0x00 0x00 0x00 0x00 0x00"]'
	fi
}

@test "any, exist and noexist, before and behind the data" {
	need_bpf
	need_pins
	new_map flags hash 4 4 8
	m="pinned $PINS/flags"
	run -1 $BPFTOOL map update $m key 1 value 1 exist
	assert_output --partial 'does not have this key'
	run -0 $BPFTOOL map update $m noexist key 1 value 1
	run -1 $BPFTOOL map update $m key 1 value 2 noexist
	assert_output --partial 'has this key already'
	run -0 $BPFTOOL map update $m key 1 value 3 exist
	run -0 $BPFTOOL map update $m key 1 value 4 any
	run -2 $BPFTOOL map update $m key 1 value 4 any exist
	run -2 $BPFTOOL map update $m key 1
	run -2 $BPFTOOL map update $m value 1
	run -2 $BPFTOOL map update $m key 1 key 1 value 1
}

@test "a full map says how many entries it takes" {
	need_bpf
	need_pins
	new_map full hash 4 4 2
	m="pinned $PINS/full"
	$BPFTOOL map update $m key 1 value 1
	$BPFTOOL map update $m key 2 value 1
	run -1 $BPFTOOL map update $m key 3 value 1
	assert_output --partial 'max_entries is 2'
}

@test "maps of maps and program arrays take objects as values" {
	need_bpf
	need_pins
	new_map inner hash 4 4 2
	run -0 $BPFTOOL -j map show pinned "$PINS/inner"
	id=$(jq .id <<<"$output")
	new_map outer hash_of_maps 4 4 4 inner_map id $id
	$BPFTOOL map update pinned "$PINS/outer" key 1 value pinned "$PINS/inner"
	run -0 $BPFTOOL -j map lookup pinned "$PINS/outer" key 1
	run -0 jq .inner_map_id <<<"$output"
	assert_output "$id"
	run -0 $BPFTOOL map dump pinned "$PINS/outer"
	assert_line --index 0 --partial "inner_map_id: $id"
	run -2 $BPFTOOL map update pinned "$PINS/outer" key 1 value 7
	new_map progs prog_array 4 4 4
	run -1 $BPFTOOL map update pinned "$PINS/progs" key 1 value pinned "$PINS/inner"
	assert_output --partial 'is a map, not a program'
}

@test "per-CPU maps show each CPU" {
	need_bpf
	need_pins
	new_map percpu percpu_hash 4 3 4
	$BPFTOOL map update pinned "$PINS/percpu" key 1 value 1 2 3
	run -0 $BPFTOOL map dump pinned "$PINS/percpu"
	assert_line 'value (CPU 00): 01 02 03'
	run -0 $BPFTOOL -j map lookup pinned "$PINS/percpu" key 1
	run -0 jq -c '[.values[0].cpu, .values[0].value, (.values | length > 0)]' <<<"$output"
	assert_output '[0,["0x01","0x02","0x03"],true]'
}

@test "long keys and values stand in rows of 16" {
	need_bpf
	need_pins
	new_map long hash 20 33 2
	$BPFTOOL map update pinned "$PINS/long" key $(seq 20) value $(seq 33)
	run -0 $BPFTOOL map dump pinned "$PINS/long"
	assert_output 'key:
01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10
11 12 13 14
value:
01 02 03 04 05 06 07 08  09 0a 0b 0c 0d 0e 0f 10
11 12 13 14 15 16 17 18  19 1a 1b 1c 1d 1e 1f 20
21
Found 1 element'
}

@test "create: what is wrong is named" {
	need_bpf
	need_pins
	run -2 $BPFTOOL map create "$PINS/a" type hsh key 4 value 4 entries 1
	assert_output --partial "did you mean 'hash'?"
	run -2 $BPFTOOL map create "$PINS/a" key 4 value 4 entries 1
	assert_output --partial 'type is missing'
	run -2 $BPFTOOL map create "$PINS/a" type hash kye 4
	assert_output --partial "did you mean 'key'?"
	run -1 $BPFTOOL map create "$PINS/a" type hash key 4 value 4 entries 1 name sixteen_chars_16
	assert_output --partial 'too long: 15 characters'
	run -1 $BPFTOOL map create "$PINS/a" type hash key 4 value 4 entries 0
	assert_output --partial 'entries 0'
	run -1 $BPFTOOL map create "$T/a" type hash key 4 value 4 entries 1
	assert_output --partial 'not in a bpf file system'
	[ ! -e "$PINS/a" ]
	run -0 $BPFTOOL map create "$PINS/a" t hash k 4 v 4 e 1 n a f 1
	run -1 $BPFTOOL map create "$PINS/a" type hash key 4 value 4 entries 1
	assert_output --partial 'File exists'
	run -0 $BPFTOOL -j map show pinned "$PINS/a"
	run -0 jq -c '[.type, .name, .flags, .bytes_key, .bytes_value, .max_entries, .frozen]' <<<"$output"
	assert_output '["hash","a",1,4,4,1,0]'
}

@test "pin: a second name for a map" {
	need_bpf
	need_pins
	new_map one hash 4 4 2
	run -0 $BPFTOOL -j map pin pinned "$PINS/one" "$PINS/two"
	assert_output null
	$BPFTOOL map update pinned "$PINS/two" key 7 value 8
	run -0 $BPFTOOL map lookup pinned "$PINS/one" key 7
	assert_output 'key: 07 00 00 00  value: 08 00 00 00'
	run -2 $BPFTOOL map pin pinned "$PINS/one"
	run -1 $BPFTOOL map pin pinned "$PINS/one" "$PINS/two"
	run -1 $BPFTOOL map show pinned "$PINS/three"
	assert_output --partial 'nothing is pinned at'
}

@test "-f shows where a map is pinned, with hostile names made harmless" {
	need_bpf
	need_pins
	serial
	new_map pinned hash 4 4 2
	evil="$PINS/"$'a\e[31m"\n\xff'
	$BPFTOOL map pin pinned "$PINS/pinned" "$evil"
	run -0 $BPFTOOL -f map show pinned "$PINS/pinned"
	assert_line "	pinned $PINS/pinned"
	assert_line "	pinned $PINS/"'a\x1b[31m"\x0a\xff'
	run -0 $BPFTOOL -f -j map show pinned "$PINS/pinned"
	# The file system may be mounted elsewhere too; those paths are true as well.
	run -0 jq -c --arg d "$PINS/" '[.pinned[] | select(startswith($d))] | length' <<<"$output"
	assert_output 2
	run -0 $BPFTOOL -fp map show
	run -0 jq -c 'type' <<<"$output"
	assert_output '"array"'
}

@test "of queues, stacks and ring buffers what can be seen is listed; Bloom filters say that they cannot be" {
	need_bpf
	need_pins
	"$BUILDDIR/tests/tool_zoo" "mixed:$PINS/mixed" </dev/null
	for type in queue stack ringbuf; do
		run -0 $BPFTOOL map dump pinned "$PINS/mixed-$type"
		assert_output --partial "Found 0"
		run -0 $BPFTOOL -j map dump pinned "$PINS/mixed-$type"
		assert_output '[]'
	done
	run -3 $BPFTOOL map dump pinned "$PINS/mixed-bloom_filter"
	assert_output --partial "is a bloom_filter: "
	run -3 --separate-stderr $BPFTOOL -j map dump pinned "$PINS/mixed-bloom_filter"
	assert_equal "$stderr" ''
	run -0 jq -r '.error | length > 0' <<<"$output"
	assert_output true
}

@test "a file that is no pin, a pin of another kind" {
	need_bpf
	need_pins
	: >"$T/file"
	run -1 $BPFTOOL map show pinned "$T/file"
	assert_output --partial "is not in a bpf file system"
	new_map other hash 4 4 2
	run -1 $BPFTOOL prog show pinned "$PINS/other"
	assert_output --partial 'is a map, not a program'
}

@test "an ordinary user: listings are refused with the reason, a readable pin is not" {
	need_bpf
	need_pins
	need_cmd setpriv
	need_native
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* "$T" 2>/dev/null || true
	new_map unpriv hash 4 4 2
	$BPFTOOL map update pinned "$PINS/unpriv" key 1 value 2
	prog=$(mktemp /tmp/bpftool-XXXXXX)
	cp "$BUILDDIR/bpftool/bpftool" "$prog"
	chmod 755 "$prog" "$PINS" /sys/fs/bpf
	chmod 644 "$PINS/unpriv"
	user="setpriv --reuid=65534 --regid=65534 --clear-groups"
	for object in prog map link; do
		run -3 $user "$prog" --backend=kernel $object
		assert_output --partial 'Operation not permitted'
		assert_output --partial CAP_
		run -3 --separate-stderr $user "$prog" --backend=kernel -j $object
		run -0 jq -r .error <<<"$output"
		assert_output --partial 'cannot list'
	done
	run -0 $user "$prog" --backend=kernel map dump pinned "$PINS/unpriv"
	assert_line 'key: 01 00 00 00  value: 02 00 00 00'
	run -3 $user "$prog" --backend=kernel map update pinned "$PINS/unpriv" key 1 value 3
	assert_output --partial 'Permission denied'
	rm -f "$prog"
}
