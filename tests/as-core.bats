#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# bpf-as: CO-RE relocations, as llvm-objdump reads them, and as libbpf and the kernel apply them.
#
# golden/as/core-*.btf are the types that core.s names, of Debian's 6.1.0-56 and 6.12.117 and of a 6.18.44, each made by
# "bpftool gen min_core_btf KERNEL.btf core-X.btf core.o".

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	run -0 $BPF_AS -o core.o "$SRCDIR/tests/golden/as/core.s"
}

teardown()
{
	drop_pins
}

# relocations OBJECT: question, name and access, in order
relocations()
{
	llvm-objdump-19 -dr "$1" | sed -n 's/.*CO-RE <\([a-z0-9_]*\)> \[[0-9]*\] \(.*\)/\1 \2/p'
}

# values OBJECT: the immediates of what libbpf and the kernel made of it, in order, register r0 or r2
values()
{
	$UPSTREAM prog load "$1" "$PINS/v" || return 1
	$UPSTREAM prog dump xlated pinned "$PINS/v" | sed -nE 's/.*\((b7|18)\) r[02] = ([0-9xa-f]+)$/\2/p' |
		while read -r v; do echo $((v)); done
	rm "$PINS/v"
}

@test "all 13 kinds, as clang writes them" {
	need_cmd clang-19 llvm-objdump-19
	run -0 clang-19 -target bpf -mcpu=v3 -g -O2 -c "$SRCDIR/tests/golden/as/core.c" -o c.o
	relocations core.o | grep -v local_type_id >ours
	relocations c.o >theirs
	run -0 diff ours theirs
	assert_equal "$(relocations core.o | cut -d' ' -f1 | sort -u | wc -l)" 13
	run -0 relocations core.o
	assert_line 'byte_off struct task_struct::comm[3] (0:2:3)'
	assert_line 'local_type_id struct task_struct'
}

@test "big endian, too, with the shifts of a bit-field" {
	need_cmd clang-19 llvm-objdump-19
	run -0 $BPF_AS -EB -o b.o "$SRCDIR/tests/golden/as/core.s"
	run -0 clang-19 -target bpfeb -mcpu=v3 -g -O2 -c "$SRCDIR/tests/golden/as/core.c" -o c.o
	relocations b.o | grep -v local_type_id >ours
	relocations c.o >theirs
	run -0 diff ours theirs
	# The local values. clang counts a bit-field's unit in 8 bytes, libbpf, like us, in those of its
	# type; loaders take no notice of what is local of it.
	for o in b.o c.o; do
		llvm-objdump-19 -dr $o | awk '/r[02] = 0x/ { v = $0; sub(/.* = /, "", v); sub(/ .*/, "", v) }
			/CO-RE/ { print $3, $6, v }' | grep -vE 'type_id|in_iowait' >$o.values
	done
	run -0 diff b.o.values c.o.values
	assert [ "$(wc -l <b.o.values)" -ge 13 ]
	run -0 llvm-objdump-19 -dr b.o
	assert_output --regexp 'r0 = 0x21
.*<lshift_u64>'
}

# Not within run: a skip would only end the subshell.
need_peer()
{
	need_native
	need_root
	need_bpf
	need_cmd cc
	need_file /usr/include/bpf/libbpf.h
	cc -o core_peer "$SRCDIR/tests/core_peer.c" -lbpf || skip "needs libbpf to link with"
}

# against KERNEL: the immediates that libbpf makes of core.o by that kernel's types
against()
{
	./core_peer core.o "$SRCDIR/tests/golden/as/core-$1.btf" | awk '$1 == "b7" || $1 == "18" { printf "%s ", $3 }'
}

# pid, comm[3], stack?, none?, size of comm, signed, where in_iowait is, its size, shifts, task_struct?, its size, nothing?,
# its id, enumerator?, its value, none?, match, local id, the end
@test "libbpf adjusts one object to the types of 6.1, 6.12 and 6.18" {
	need_peer
	run -0 against 6.1
	assert_output '2416 2979 1 0 16 1 2344 4 60 63 1 9728 0 7 1 2 0 0 10 0 '
	run -0 against 6.12
	assert_output '2432 2979 1 0 16 1 2360 4 59 63 1 9792 0 7 1 2 0 0 10 0 '
	run -0 against 6.18
	assert_output '1264 1755 1 0 16 1 1192 4 55 63 1 3264 0 7 1 2 0 0 10 0 '
}

@test "on the running kernel libbpf finds for us what it finds for clang" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	need_cmd clang-19
	run -0 clang-19 -target bpf -mcpu=v3 -g -O2 -c "$SRCDIR/tests/golden/as/core.c" -o c.o
	values core.o >all && head -n 18 all >ours
	values c.o >all && head -n 18 all >theirs
	assert [ "$(wc -l <theirs)" = 18 ]
	run -0 diff ours theirs
}

@test "loads through adjusted offsets, by libbpf and by bpf-ld" {
	need_root
	need_upstream_bpftool
	need_bpf
	need_pins
	run -0 $BPF_AS -o x.o "$SRCDIR/tests/qemu/core.s"
	run -0 $UPSTREAM prog load x.o "$PINS/x"
	run -0 $UPSTREAM prog dump xlated pinned "$PINS/x"
	refute_output --partial 'r1 = *(u32 *)(r6 +0)'
	run -0 $BPF_LD --attach raw_tp:sys_enter=on_enter --pin "$PINS/y" x.o -- ls
	run -0 $UPSTREAM -j map dump pinned "$PINS/y/seen"
	assert_output --regexp '"key":0,"value":[1-9][0-9]*\}.*"key":1,"value":0\}'
}

@test "of the types in --btf FILE the object gets what it names" {
	need_upstream_bpftool
	need_file /sys/kernel/btf/vmlinux
	cat >x.s <<'S'
	.license "GPL"
	.section raw_tp/sys_enter
p:	call	bpf_get_current_task_btf
	r1 = *(u32 *)(r0 + @task_struct.pid)
	r2 = @sk_buff.cb[3]
	r2 = @exists(task_struct.thread_info)
	r2 = @net_device.name
	r0 = 0
	exit
S
	run -0 $BPF_AS --btf /sys/kernel/btf/vmlinux x.s
	$UPSTREAM -j btf dump file x.o | jq -c '.types[] | select(.kind == "STRUCT") | [.name, [.members[].name]]' >got
	run -0 cat got
	assert_line '["task_struct",["thread_info","pid"]]'
	assert_line '["sk_buff",["cb"]]'
	assert_line --regexp '^\["net_device",\[.*\]\]'
	assert [ "$(wc -c <x.o)" -lt 4096 ]
	need_root
	need_bpf
	need_pins
	run -0 $UPSTREAM prog load x.o "$PINS/x"
}

@test "an access of another width than the field is told" {
	cat >x.s <<'S'
	.struct task_struct { int pid; u64 start_time; }
	.section xdp
p:	r2 = *(u64 *)(r1 + @task_struct.pid)
	r2 = *(u64 *)(r1 + @task_struct.start_time)
	r0 = 0
	exit
S
	run -0 $BPF_AS --color=never x.s
	assert_output --partial 'x.s:3:21: warning: access of 8 bytes to a field of 4 [A0252]'
	refute_output --partial 'x.s:4'
}
