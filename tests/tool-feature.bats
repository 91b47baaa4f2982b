#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpftool feature: what the kernel's own tests of bpftool assert, in our words; the kernel and the VM.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	cd "$T"
}

teardown()
{
	[ -z "${PINS:-}" ] || drop_pins
}

LOUD='bpf_trace_printk bpf_probe_write_user bpf_trace_vprintk'

# all helpers of all types in a JSON file, one a line
all_helpers()
{
	jq -r '.helpers[][]' "$1" | sort -u
}

@test "probe kernel, probe, and feature alone: six keys, no helper that writes to the log" {
	need_bpf
	for words in "feature probe kernel" "feature probe" "feature"; do
		run -0 $BPFTOOL -j $words
		jq -e 'keys == ["helpers","map_types","misc","program_types","syscall_config","system_config"] or
			keys == ["helpers","map_types","misc","program_types","syscall_config"]' <<<"$output"
		for h in $LOUD; do
			refute_output --partial "\"$h\""
		done
		# only root finds out about the system's settings, and only of the kernel
		[ "$(id -u)" != 0 ] || [ "${BPFUTILS_TEST_BACKEND:-}" = vm ] || jq -e 'keys | length == 6' <<<"$output"
	done
	jq -e '.syscall_config.have_bpf_syscall and .program_types.have_socket_filter_prog_type and
		.map_types.have_hash_map_type and .misc.have_bounded_loops' <<<"$output"
	jq -e '.helpers.socket_filter_available_helpers | index("bpf_map_lookup_elem")' <<<"$output"
	jq -e '[.program_types, .map_types, .misc | .[]] | all(type == "boolean")' <<<"$output"
}

@test "full adds helpers of these three, and nothing else" {
	need_bpf
	$BPFTOOL -j feature probe >part.js
	$BPFTOOL -j feature probe full >full.js
	all_helpers part.js >part
	all_helpers full.js >full
	[ "$(comm -13 full part | wc -l)" = 0 ]
	comm -13 part full >more
	[ -s more ]
	for h in $(cat more); do
		grep -qw "$h" <<<"$LOUD"
	done
	grep -qx bpf_trace_printk more
	# all three, where the kernel is not locked down: then programs do not write into processes
	if [ "${BPFUTILS_TEST_BACKEND:-}" != vm ] && [ "$(id -u)" = 0 ] && grep -qs '\[none\]' /sys/kernel/security/lockdown; then
		assert_equal "$(cat more)" "$(tr ' ' '\n' <<<"$LOUD" | sort)"
	fi
	run jq -cS 'del(.helpers)' part.js
	[ "$output" = "$(jq -cS 'del(.helpers)' full.js)" ]
}

@test "a device: five keys, its types" {
	need_root
	need_bpf
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs network devices of the kernel"
	run -0 $BPFTOOL -j feature probe dev lo
	jq -e 'keys == ["helpers","map_types","misc","program_types","syscall_config"]' <<<"$output"
	jq -e '.program_types | keys == ["have_sched_cls_prog_type","have_xdp_prog_type"]' <<<"$output"
	for h in $LOUD; do
		refute_output --partial "\"$h\""
	done
	jq -e '.map_types | keys == ["have_array_map_type","have_hash_map_type"]' <<<"$output"
	run -1 $BPFTOOL -j feature probe dev no_such_device
	jq -e .error <<<"$output"
}

@test "macros: the five headings, defines of each kind, a prefix; a compiler takes them" {
	need_bpf
	run -0 $BPFTOOL feature probe macros
	for h in 'System call availability' 'eBPF program types' 'eBPF map types' 'eBPF helper functions' 'eBPF misc features'; do
		assert_line "/*** $h ***/"
	done
	assert_line '#define HAVE_BPF_SYSCALL'
	assert_line --regexp '^#define (NO_)?HAVE_XDP_PROG_TYPE$'
	assert_line --regexp '^#define (NO_)?HAVE_HASH_MAP_TYPE$'
	assert_line --regexp '^#define (NO_)?HAVE_LARGE_INSN_LIMIT$'
	assert_line --regexp '^#define BPF__PROG_TYPE_xdp__HELPER_bpf_redirect [01]$'
	printf '%s\n' "$output" '#if !HAVE_PROG_TYPE_HELPER(socket_filter, bpf_map_lookup_elem)' '#error no' '#endif' >m.c
	! command -v gcc >/dev/null || gcc -fsyntax-only m.c
	run -0 $BPFTOOL feature probe macros prefix MY_
	assert_line '#define MY_HAVE_BPF_SYSCALL'
	refute_line --regexp '^#define (HAVE|NO_|BPF)'
	run -2 $BPFTOOL -j feature probe macros
	jq -e .error <<<"$output"
}

@test "sentences and their order are upstream's, for what both know" {
	need_root
	need_bpf
	need_upstream_bpftool
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel, which upstream looks at"
	# Debian's takes newer kernels' words for "no" in lists of helpers for "yes": they are left out
	$UPSTREAM feature probe | grep -v '^	' >up
	$BPFTOOL feature probe | grep -v '^	' >our
	diff up our >difference || true
	run grep '^<' difference
	assert_output ''
	run sed -n 's/^> //p' difference
	refute_line --regexp '^(Scanning|CONFIG|JIT|bpf)'
	$UPSTREAM -j feature probe | jq -S '[.system_config, .syscall_config]' >up.js
	$BPFTOOL -j feature probe | jq -S '[.system_config, .syscall_config]' | diff up.js -
}

@test "helpers: what the verifier says of a call is what the table says, type by type" {
	need_bpf
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel's verifier"
	need_pins
	need_cmd jq
	$BPFTOOL -j feature probe full >table
	# with no arguments, the context, several, pointers; old and new
	local names ids="1 5 14 16 26 46 80 114 158 195"
	mapfile -t names < <($BPFTOOL feature list_builtins helpers)
	for type in socket:socket_filter xdp:xdp tc:sched_cls sockops:sock_ops; do
		jq -e ".program_types.have_${type#*:}_prog_type" table >/dev/null || continue
		for id in $ids; do
			printf '.license "GPL"\n.section %s\nf: call %d\nr0 = 0\nexit\n' "${type%:*}" "$id" >h.s
			$BPF_AS -g0 -w h.s -o h.o 2>/dev/null || $BPF_AS -g0 h.s -o h.o 2>/dev/null
			rm -f "$PINS/h"
			yes=true
			$BPFTOOL prog load h.o "$PINS/h" 2>said || ! grep -qE 'cannot use helper|unknown func|invalid func' said || yes=false
			name=${names[id]}
			[ "$(jq ".helpers.${type#*:}_available_helpers | index(\"$name\") != null" table)" = $yes ] || {
				echo "$type $id $name: $yes"
				cat said
				return 1
			}
		done
	done
}

@test "reasons: what stands behind a no" {
	need_root
	need_bpf
	run -0 $BPFTOOL -j feature probe reasons
	jq -e '(.reasons.program_types | type == "object") and (.program_types as $p | .reasons.program_types | to_entries |
		all((.value | length > 5) and $p["have_" + .key + "_prog_type"] == false))' <<<"$output"
	jq -e '[.program_types[] | select(. == false)] | length == '"$(jq '.reasons.program_types | length' <<<"$output")" <<<"$output"
	text=$($BPFTOOL feature probe reasons)
	[ "$(grep -c ' is NOT available (' <<<"$text")" = "$(grep -c ' is NOT available' <<<"$text")" ]
	if [ "${BPFUTILS_TEST_BACKEND:-}" != vm ] && grep -q '\[integrity\]' /sys/kernel/security/lockdown 2>/dev/null; then
		grep 'program_type tracing is NOT available (.*lockdown' <<<"$text"
	fi
}

@test "unprivileged: lays the capabilities down, and takes them up again" {
	need_root
	need_bpf
	[ "${BPFUTILS_TEST_BACKEND:-}" != vm ] || skip "needs the kernel's rights"
	[ "$(cat /proc/sys/kernel/unprivileged_bpf_disabled)" != 0 ] || skip "needs kernel.unprivileged_bpf_disabled"
	printf 'feature probe unprivileged\nfeature probe\n' | $BPFTOOL -j batch file - >two.js
	run -0 jq -c '[.[] | .output.program_types.have_xdp_prog_type]' two.js
	assert_output '[false,true]'
}

@test "list_builtins: names one a line, and as an array" {
	for g in prog_types:xdp map_types:ringbuf attach_types:cgroup_inet_ingress link_types:xdp helpers:bpf_redirect; do
		run -0 $BPFTOOL feature list_builtins ${g%:*}
		assert_line "${g#*:}"
		n=${#lines[@]}
		run -0 $BPFTOOL -j feature list_builtins ${g%:*}
		jq -e "length == $n and (index(\"${g#*:}\") != null)" <<<"$output"
	done
	run -2 $BPFTOOL feature list_builtins
	run -2 $BPFTOOL -j feature list_builtins nonsense
	jq -e .error <<<"$output"
}
