#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool snapshot: save, diff, restore.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_pins
	need_bpf
	need_cmd jq
	U=sn$$ # names that no other test has
}

teardown()
{
	drop_pins
}

object()
{
	cat >o.s <<-END
		.license "GPL"
		.map ${U}_h, hash, key=u32, value=u64, max_entries=8
		.map ${U}_c, percpu_array, key=u32, value=u64, max_entries=2
		.map ${U}_q, queue, value=u32, max_entries=2
		.section socket
	$U:	r1 = ${U}_h ll
		r1 = ${U}_c ll
		r1 = ${U}_q ll
		r0 = 0
		exit
	END
	$BPF_AS o.s -o o.o
	$BPFTOOL prog load o.o $PINS/p pinmaps $PINS/m
	H="pinned $PINS/m/${U}_h"
}

oid()
{
	$BPFTOOL -j "$1" show pinned "$2" | jq .id
}

# mine FILE: of the differences in a JSON document, ids of objects whose names begin with $U
mine()
{
	jq -c --arg u "$U" '[.programs, .maps | [.added, .removed, .changed] | map(map(select((.name // "") | startswith($u)) | .id) | sort)]' "$1"
}

@test "a program loaded between two snapshots: exactly its objects differ" {
	run -0 $BPFTOOL snapshot save a limit 4K
	assert_output ''
	object
	run -0 $BPFTOOL snapshot save b limit 4K
	run -1 $BPFTOOL -j snapshot diff a b
	printf '%s\n' "$output" >d
	p=$(oid prog $PINS/p)
	maps=$(for m in h c q; do oid map $PINS/m/${U}_$m; done | sort -n | paste -sd,)
	assert_equal "$(mine d)" "[[[$p],[],[]],[[$maps],[],[]]]"
	if [ "${BPFUTILS_TEST_BACKEND:-}" = vm ]; then # nobody else is there
		assert_equal "$(jq -c '[.[] | .added, .removed, .changed | length]' d)" '[1,0,0,3,0,0,0,0,0,0,0,0]'
	fi
	run -1 $BPFTOOL snapshot diff a b
	assert_line "+ prog $p: socket_filter  name $U  tag $($BPFTOOL -j prog show id $p | jq -r .tag)"
	run -1 $BPFTOOL -j snapshot diff b a
	printf '%s\n' "$output" >d
	assert_equal "$(mine d)" "[[[],[$p],[]],[[],[$maps],[]]]"
	run -0 $BPFTOOL snapshot diff a a
	assert_output ''
	run -0 $BPFTOOL -j snapshot diff b b
	run -0 jq -c '[.[] | .added, .removed, .changed | length] | add' <<<"$output"
	assert_output 0
}

@test "elements that change are counted; one file is compared with now" {
	object
	$BPFTOOL map update $H key 1 value 1
	$BPFTOOL map update $H key 2 value 1
	$BPFTOOL snapshot save a limit 4K
	$BPFTOOL map update $H key 2 value 9
	$BPFTOOL map update $H key 3 value 9
	$BPFTOOL map update $H key 4 value 9
	$BPFTOOL map delete $H key 1
	run -1 $BPFTOOL snapshot diff a
	assert_line "~ map $(oid map $PINS/m/${U}_h): name ${U}_h  elements: 2 added, 1 removed, 1 changed"
	run -1 $BPFTOOL -j snapshot diff a
	run -0 jq -c --arg n ${U}_h '.maps.changed[] | select(.name == $n) | .changes.elements' <<<"$output"
	assert_output '{"added":2,"removed":1,"changed":1}'
}

@test "what is saved: one row a line, elements by rising key, no trace of time or processes" {
	object
	for k in 7 3 5; do $BPFTOOL map update $H key $k value $k; done
	$BPFTOOL snapshot save a limit 4K
	run -0 jq -c '[.bpfutils_snapshot, (.programs, .maps, .links, .attachments | type)]' a
	assert_output '[1,"array","array","array","array"]'
	run -0 jq -c --arg n ${U}_h '.maps[] | select(.name == $n) | .elements' a
	assert_output '[{"k":"03000000","v":"0300000000000000"},{"k":"05000000","v":"0500000000000000"},{"k":"07000000","v":"0700000000000000"}]'
	run -0 jq -r --arg n ${U}_q '.maps[] | select(.name == $n) | .not_read' a
	assert_output --partial 'is a queue'
	run -0 jq -c '[.programs[] | has("pids")] | any' a
	assert_output false
	run -0 bash -o pipefail -c "$BPFTOOL snapshot save - limit 4K | jq -c '[.[] | type] | length'"
	assert_output 7
	run -0 bash -o pipefail -c "$BPFTOOL -j snapshot save - limit 4K | jq -c .bpfutils_snapshot"
	assert_output 1
	run -0 $BPFTOOL -j snapshot save b limit 4K
	assert_output null
	if [ "${BPFUTILS_TEST_BACKEND:-}" = vm ]; then
		run -0 cmp a b
	fi
	run -0 $BPFTOOL snapshot save c limit 8
	run -0 jq -c --arg n ${U}_h '.maps[] | select(.name == $n) | .cut' c
	assert_output true
}

@test "an attachment between two snapshots is told" {
	need_native
	object
	$BPFTOOL snapshot save a limit 4K
	printf '\t.license "GPL"\n\t.section raw_tp/sys_enter\n%s:\tr0 = 0\n\texit\n' ${U}rt >rt.s
	$BPF_AS rt.s -o rt.o
	run $BPFTOOL prog load rt.o $PINS/rt autoattach
	[ "$status" = 0 ] || skip "needs raw tracepoints: $output"
	run -1 $BPFTOOL -j snapshot diff a
	l=$(oid link $PINS/rt)
	run -0 jq -c --argjson l $l '[.attachments.added[] | select(.link_id == $l) | [.hook, .place]], [.links.added[] | select(.id == $l) | .type]' <<<"$output"
	assert_output --partial 'raw_tracepoint'
	assert_output --partial 'sys_enter'
}

@test "restore: elements back into the maps, those that came are removed" {
	object
	$BPFTOOL map update $H key 1 value 11
	$BPFTOOL map update pinned $PINS/m/${U}_c key 1 value 5
	$BPFTOOL -j map dump $H >h
	$BPFTOOL -j map dump pinned $PINS/m/${U}_c >c
	$BPFTOOL snapshot save a limit 4K
	$BPFTOOL map delete $H key 1
	$BPFTOOL map update $H key 2 value 22
	$BPFTOOL map update pinned $PINS/m/${U}_c key 1 value 6
	h=$(oid map $PINS/m/${U}_h)
	run -0 $BPFTOOL snapshot restore a name ${U}_h
	assert_output "map $h  name ${U}_h: 1 element"
	run -0 $BPFTOOL -j snapshot restore a name ${U}_c
	run -0 jq -c '[.[0].elements, .[0].name]' <<<"$output"
	assert_output "[2,\"${U}_c\"]"
	run -0 cmp h <($BPFTOOL -j map dump $H)
	run -0 cmp c <($BPFTOOL -j map dump pinned $PINS/m/${U}_c)
	# a queue was not read, which is a failure only when it is asked for
	run -3 $BPFTOOL snapshot restore a name ${U}_q
	assert_output --partial "not restored: map $(oid map $PINS/m/${U}_q) is a queue: its elements can only be taken out"
}

@test "restore into maps that were made again: by pin or by name; inner maps and programs as they are now" {
	new() # NAME TYPE KEY VALUE [MORE]
	{
		local n=$1 ty=$2 k=$3 v=$4
		shift 4
		$BPFTOOL map create $PINS/$n type $ty key $k value $v entries 4 name ${U}$n "$@"
	}
	make()
	{
		new in1 hash 4 4
		new in2 hash 4 4
		new outer array_of_maps 4 4 inner_map pinned $PINS/in1
		new progs prog_array 4 4
		$BPFTOOL prog load $1.o $PINS/prog
	}
	for i in 1 2; do
		printf '\t.license "GPL"\n\t.section socket\n%sp:\tr0 = %s\n\texit\n' $U $i >p$i.s
		$BPF_AS p$i.s -o p$i.o
	done
	make p1
	$BPFTOOL map update pinned $PINS/outer key 0 value pinned $PINS/in1
	$BPFTOOL map update pinned $PINS/outer key 1 value pinned $PINS/in2
	$BPFTOOL map update pinned $PINS/progs key 3 value pinned $PINS/prog
	$BPFTOOL map update pinned $PINS/in2 key 5 value 55
	$BPFTOOL snapshot save a limit 4K
	rm $PINS/in1 $PINS/in2 $PINS/outer $PINS/progs $PINS/prog
	make p1
	for m in in2 outer progs; do
		run -0 $BPFTOOL snapshot restore a name $U$m
		assert_output --partial "now $(oid map $PINS/$m): "
	done
	run -0 $BPFTOOL -j map dump pinned $PINS/outer
	assert_equal "$(jq -c 'map(.inner_map_id)' <<<"$output")" "[$(oid map $PINS/in1),$(oid map $PINS/in2)]"
	run -0 $BPFTOOL map dump pinned $PINS/progs
	assert_output --partial 'key: 03 00 00 00'
	run -0 $BPFTOOL map lookup pinned $PINS/in2 key 5
	# another program of that name is not the one that was there
	rm $PINS/prog $PINS/progs
	new progs prog_array 4 4
	$BPFTOOL prog load p2.o $PINS/prog
	$BPFTOOL -j map show >all # the VM removes what nobody refers to when it looks
	run -1 $BPFTOOL snapshot restore a name ${U}progs
	assert_output --partial 'not restored: its elements hold program'
	# a map of another shape is not it
	rm $PINS/in2 $PINS/outer
	$BPFTOOL map create $PINS/in2 type hash key 4 value 8 entries 4 name ${U}in2
	run -1 $BPFTOOL snapshot restore a name ${U}in2
	assert_output --partial 'not restored: no map is in its place'
	run -1 $BPFTOOL snapshot restore a name nobody
	assert_output --partial "no map named 'nobody'"
}

@test "what is no snapshot is refused where it stops being one" {
	object
	$BPFTOOL map update $H key 1 value 11
	$BPFTOOL snapshot save a limit 4K
	bad() # FILE MESSAGE
	{
		run -1 --separate-stderr $BPFTOOL snapshot diff "$1" a
		[[ $stderr == *"$2"* ]] || { echo "$stderr"; return 1; }
		run -1 $BPFTOOL -j snapshot restore "$1" name ${U}_h
		jq -e .error <<<"$output" >/dev/null
	}
	echo '{}' >x; bad x 'x:1:1: error: this is no snapshot: the version is missing'
	echo '[]' >x; bad x 'an object is expected here'
	echo '{"bpfutils_snapshot":1}' >x; bad x 'a list is missing'
	echo '{"bpfutils_snapshot":2,"programs":7}' >x; bad x 'of version 2, and only 1 is known'
	echo '{"bpfutils_snapshot":1,"programs":[],"programs":[]}' >x; bad x 'a list is there twice'
	echo '{"bpfutils_snapshot":1,"programs":[{"name":"x"}]}' >x; bad x 'a row has no id'
	echo '{"bpfutils_snapshot":1,"programs":[3]}' >x; bad x 'an object is expected here'
	head -c 300 a >x; bad x 'x:'
	bad /nonexistent 'cannot read'
	sed "s/${U}_h/${U}\xff/" a >x; bad x 'bytes that are not UTF-8'
	sed "s/\"k\":\"01000000\"/\"k\":\"0100000\"/" a >x
	run -1 $BPFTOOL snapshot restore x name ${U}_h
	assert_output --partial '"k" is not 4 bytes in hex'
	# damaged anywhere: an answer, never a crash
	n=$(stat -c %s a)
	for i in $(seq 1 25); do
		cp a x
		printf '%s' "${i: -1}" | dd of=x bs=1 seek=$((n * i / 26)) conv=notrunc status=none
		run $BPFTOOL -j snapshot diff x a
		[ "$status" -le 1 ]
		jq . <<<"$output" >/dev/null
	done
	run -2 $BPFTOOL snapshot save
	run -2 $BPFTOOL snapshot save x limit many
	run -1 $BPFTOOL snapshot save /nonexistent/x
}
