#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the kernel tree's own tests of bpftool assert of maps and metadata, in our words. Their exit
# statuses of failures are 255 or a cut errno; ours is 1.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_pins
	need_bpf
	need_cmd jq
	U=up$$
}

teardown()
{
	drop_pins
}

# ---------------------------------------------------------------- metadata

# metadata A B: a program with two values in .rodata; used: its code looks at them
metadata()
{
	need_cmd clang
	cat >m.c <<-END
	#define SEC(n) __attribute__((section(n), used))
	volatile const char bpf_metadata_a[] SEC(".rodata") = "$1";
	volatile const int bpf_metadata_b SEC(".rodata") = $2;
	SEC("cgroup_skb/egress") int prog(void *ctx) { return ${3:-0} ? bpf_metadata_b : 0; }
	char _license[] SEC("license") = "GPL";
	END
	clang -target bpf -g -O2 -c m.c -o m.o
	$BPFTOOL prog load m.o $PINS/p pinmaps $PINS/maps
}

# The assertions of test_bpftool_metadata.sh, of an object whose code does not use the values, and of one whose does
metadata_is() # A B
{
	run -0 $BPFTOOL prog show pinned $PINS/p
	assert_line --regexp "^\s*metadata:\$"
	assert_line --regexp "^\s*a = \"$1\"\$"
	assert_line --regexp "^\s*b = $2\$"
	run -0 $BPFTOOL -j prog show pinned $PINS/p
	assert_output --partial "\"metadata\":{\"a\":\"$1\",\"b\":$2}"
	id=$($BPFTOOL -j map show pinned $PINS/maps/m_rodata | jq .id)
	run -0 $BPFTOOL map
	assert_line --regexp "^$id: array  name m.rodata "
	run -0 $BPFTOOL map show name m.rodata
	assert_line --regexp "^$id: array  name m.rodata "
}

@test "metadata of unused values: plain, JSON, and its map in lists and by name" {
	metadata foo 1
	metadata_is foo 1
}

@test "metadata of used values: plain, JSON, and its map in lists and by name" {
	metadata bar 2 1
	metadata_is bar 2
}

@test "metadata that no code uses: its map is the program's, and upstream's prog show finds it" {
	metadata foo 1
	ro=$($BPFTOOL -j map show pinned $PINS/maps/m_rodata | jq .id)
	run -0 $BPFTOOL -j prog show pinned $PINS/p
	assert_equal "$(jq -c .map_ids <<<"$output")" "[$ro]"
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || return 0
	need_upstream_bpftool
	run -0 $UPSTREAM -j prog show pinned $PINS/p
	assert_output --partial '"metadata":{"a":"foo","b":1}'
}

# ---------------------------------------------------------------- access to maps

# The two maps of the suite: one that a program would protect, one that none does.
two_maps()
{
	cat >maps.s <<-END
		.license "GPL"
		.map ${U}_no, hash, key=u32, value=u32, max_entries=4
		.section socket
	p:	r1 = ${U}_no ll
		r0 = 0
		exit
	END
	$BPF_AS maps.s -o maps.o
	$BPFTOOL prog load maps.o $PINS/p pinmaps $PINS
}

for_handles()
{
	local h
	for h in "name ${U}_no" "pinned $PINS/${U}_no"; do
		"$@" "$h"
	done
}

unprotected()
{
	local h=$1
	run -0 $BPFTOOL map update $h key 0 0 0 0 value 1 1 1 1
	run -0 $BPFTOOL map lookup $h key 0 0 0 0
	run -0 $BPFTOOL map show $h
	run -0 $BPFTOOL map dump $h
	run -0 $BPFTOOL map update $h key 0 0 0 0 value 2 2 2 2
	run -0 $BPFTOOL -j map lookup $h key 0 0 0 0
	assert_output --partial '"value":["0x02","0x02","0x02","0x02"]'
	run -0 $BPFTOOL map delete $h key 0 0 0 0
	run -1 $BPFTOOL map lookup $h key 0 0 0 0
	run -1 $BPFTOOL map delete $h key 0 0 0 0
	run -0 $BPFTOOL map update $h key 0 0 0 0 value 3 3 3 3
}

@test "an unprotected map by name and by pin: look-up, update, delete, and again" {
	two_maps
	for_handles unprotected
}

@test "an unprotected map: its types are dumped" {
	two_maps
	dump() { run -0 $BPFTOOL btf dump map $1; }
	for_handles dump
}

# What a protected map allows is what a frozen one allows: to look.
@test "a frozen map: look-up and dump succeed, update and delete do not" {
	run -0 $BPFTOOL map create $PINS/ro type hash key 4 value 4 entries 4 name $U
	run -0 $BPFTOOL map update name $U key 1 0 0 0 value 1 0 0 0
	run -0 $BPFTOOL map freeze name $U
	for h in "name $U" "pinned $PINS/ro"; do
		run -0 $BPFTOOL map lookup $h key 1 0 0 0
		run -3 $BPFTOOL map update $h key 1 0 0 0 value 2 1 1 1
		run -3 $BPFTOOL map delete $h key 1 0 0 0
		run -0 $BPFTOOL map dump $h
		assert_output --partial 'value: 01 00 00 00'
	done
}

@test "a protected map by name and by pin: look-up succeeds, update and delete do not" {
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs fmod_ret programs"
	[ -r /sys/kernel/security/lockdown ] && grep -q '\[none\]' /sys/kernel/security/lockdown ||
		skip "needs fmod_ret programs (no kernel lockdown)"
	need_cmd clang
	[ -r /sys/kernel/btf/vmlinux ] || skip "needs fmod_ret programs (BTF of the kernel)"
	need_upstream_bpftool
	two_maps
	$UPSTREAM btf dump file /sys/kernel/btf/vmlinux format c >vmlinux.h
	cat >guard.c <<-END
	#include "vmlinux.h"
	#define SEC(n) __attribute__((section(n), used))
	#define CORE __builtin_preserve_access_index
	static long (*read_kernel)(void *, unsigned, const void *) = (void *)113;
	char _license[] SEC("license") = "GPL";
	SEC("fmod_ret/security_bpf_map") int guard(unsigned long long *ctx)
	{
		struct bpf_map *map = (void *)ctx[0];
		unsigned mode = ctx[1], id = 0;

		read_kernel(&id, sizeof(id), CORE(&map->id));
		return id == $($BPFTOOL -j map show pinned "$PINS/${U}_no" | jq .id) && mode & 2 ? -13 : 0;
	}
	END
	clang -target bpf -g -O2 -c guard.c -o guard.o
	run -0 $BPFTOOL map update name ${U}_no key 0 0 0 0 value 1 1 1 1
	run $BPFTOOL prog load guard.o $PINS/guard autoattach
	[ "$status" = 0 ] || skip "needs fmod_ret programs: $output"
	for h in "name ${U}_no" "pinned $PINS/${U}_no"; do
		run -0 $BPFTOOL map show $h
		run -0 $BPFTOOL map lookup $h key 0 0 0 0
		run -3 $BPFTOOL map update $h key 0 0 0 0 value 2 2 2 2
		run -3 $BPFTOOL map delete $h key 0 0 0 0
		run -0 $BPFTOOL -j map lookup $h key 0 0 0 0 # still there, as it was
		assert_output --partial '"value":["0x01","0x01","0x01","0x01"]'
		run -0 $BPFTOOL map dump $h
		run -0 $BPFTOOL btf dump map $h
	done
	run -0 $BPFTOOL btf list
}

@test "maps of maps: created with inner_map name, two updates, a third has no place" {
	run -0 $BPFTOOL map create $PINS/in type array key 4 value 4 entries 1 name ${U}in
	run -0 $BPFTOOL map create $PINS/in2 type array key 4 value 4 entries 1 name ${U}in2
	run -0 $BPFTOOL map create $PINS/out type hash_of_maps key 4 value 4 entries 2 name ${U}out inner_map name ${U}in
	run -0 $BPFTOOL map update name ${U}out key 0 0 0 0 value pinned $PINS/in
	run -0 $BPFTOOL map update pinned $PINS/out key 1 0 0 0 value name ${U}in2
	run -1 $BPFTOOL map update name ${U}out key 2 0 0 0 value name ${U}in
	assert_output --partial 'max_entries is 2: Argument list too long'
	run -0 $BPFTOOL -j map dump pinned $PINS/out
	assert_equal "$(jq length <<<"$output")" 2
}

# ---------------------------------------------------------------- net/bpf_offload.py: the half about any map

@test "update: noexist, exist; the reason is in the error" {
	$BPFTOOL map create $PINS/h type hash key 4 value 8 entries 2 name $U
	m="pinned $PINS/h"
	run -1 $BPFTOOL -j map update $m key 1 0 0 0 value 1 0 0 0 0 0 0 0 exist
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'does not have this key: No such file or directory'
	run -0 $BPFTOOL -j map update $m key 1 0 0 0 value 1 0 0 0 0 0 0 0 noexist
	assert_output null
	run -1 $BPFTOOL -j map update $m key 1 0 0 0 value 1 0 0 0 0 0 0 0 noexist
	run -0 jq -r .error <<<"$output"
	assert_output --partial 'has this key already: File exists'
	run -0 $BPFTOOL map update $m key 1 0 0 0 value 9 0 0 0 0 0 0 0 exist
	run -0 $BPFTOOL map update $m key 2 0 0 0 value 2 0 0 0 0 0 0 0
	run -1 $BPFTOOL map update $m key 3 0 0 0 value 2 0 0 0 0 0 0 0
}

@test "dump: keys and values as lists of bytes in hex; getnext to the end; delete" {
	$BPFTOOL map create $PINS/h type hash key 4 value 8 entries 2 name $U
	m="pinned $PINS/h"
	run -1 $BPFTOOL -j map getnext $m
	jq -e .error <<<"$output"
	$BPFTOOL map update $m key 1 0 0 0 value 17 0 0 0 0 0 0 0
	$BPFTOOL map update $m key 2 0 0 0 value 18 0 0 0 0 0 0 0
	run -0 $BPFTOOL -j map dump $m
	run -0 jq -c 'sort_by(.key) | map([.key, .value])' <<<"$output"
	assert_output '[[["0x01","0x00","0x00","0x00"],["0x11","0x00","0x00","0x00","0x00","0x00","0x00","0x00"]],[["0x02","0x00","0x00","0x00"],["0x12","0x00","0x00","0x00","0x00","0x00","0x00","0x00"]]]'
	run -0 $BPFTOOL -j map getnext $m
	first=$(jq -r '.next_key | join(" ")' <<<"$output")
	[ "$(jq .key <<<"$output")" = null ]
	run -0 $BPFTOOL -j map getnext $m key $first
	second=$(jq -r '.next_key | join(" ")' <<<"$output")
	[ "$first" != "$second" ]
	run -1 $BPFTOOL -j map getnext $m key $second
	jq -e '.error | test("No such file or directory")' <<<"$output"
	run -0 $BPFTOOL -j map delete $m key $first
	assert_output null
	run -1 $BPFTOOL -j map delete $m key $first
	jq -e '.error | test("No such file or directory")' <<<"$output"
	run -0 $BPFTOOL -j map delete $m key $second
	run -0 $BPFTOOL -j map dump $m
	assert_output '[]'
}

@test "a program and its map on a device, orphaned when the device goes" {
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs CONFIG_NETDEVSIM"
	{ [ -d /sys/bus/netdevsim ] || modprobe -q netdevsim 2>/dev/null; } || skip "needs CONFIG_NETDEVSIM"
	[ -w /sys/bus/netdevsim/new_device ] || skip "needs CONFIG_NETDEVSIM"
	serial
	before=$(ls /sys/class/net)
	echo "$((BASHPID % 10000 + 1)) 1" >/sys/bus/netdevsim/new_device
	eventually 5 [ "$before" != "$(ls /sys/class/net)" ]
	dev=$(comm -13 <(sort <<<"$before") <(ls /sys/class/net | sort) | head -n 1)
	printf '\t.license "GPL"\n\t.section xdp\n%s:\tr0 = 2\n\texit\n' $U >x.s
	$BPF_AS x.s -o x.o
	run $BPFTOOL prog load x.o $PINS/p type xdp offload_dev $dev
	st=$status out=$output
	[ $st != 0 ] || run -0 $BPFTOOL -j prog show pinned $PINS/p
	name=$(jq -r '.dev.ifname // ""' <<<"$output" 2>/dev/null || true)
	echo "$((BASHPID % 10000 + 1))" >/sys/bus/netdevsim/del_device
	[ $st = 0 ] || { echo "$out"; return 1; }
	assert_equal "$name" "$dev"
	run -0 $BPFTOOL -j prog show pinned $PINS/p
	run -0 jq -c .orphaned <<<"$output"
	assert_output true
}
