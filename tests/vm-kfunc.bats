#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs from C that call kernel functions: the VM and the kernel do the same.

bats_require_minimum_version 1.5.0

setup()
{
	load helper
	need_world
	need_cmd clang-19
	head -c 64 /dev/zero >packet
	head -c 33 /dev/zero >short
	cp "$SRCDIR/tests/progs/throws.c" .
	cat >objects.c <<'C'
#include "bpf.h"

extern void *bpf_obj_new_impl(u64 local_type_id, void *meta) KSYM;
extern void bpf_obj_drop_impl(void *p, void *meta) KSYM;
struct bpf_iter_num { u64 __opaque[1]; } __attribute__((aligned(8)));
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) KSYM;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) KSYM;
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) KSYM;

struct pair {
	u64 sum, n;
};

SEC("tc")
int objects(struct __sk_buff *skb)
{
	struct pair *p = bpf_obj_new_impl(__builtin_btf_type_id(*(struct pair *)0, 0), 0);
	struct bpf_iter_num it;
	int *i, ret;

	if (!p)
		return -1;
	p->sum = p->n = 0;
	bpf_iter_num_new(&it, 1, 11);
	while ((i = bpf_iter_num_next(&it))) {
		p->sum += *i;
		p->n++;
	}
	bpf_iter_num_destroy(&it);
	ret = p->sum * 100 + p->n;
	bpf_obj_drop_impl(p, 0);
	return ret;
}
LICENSE("GPL");
C
}

teardown()
{
	drop_world
	drop_pins
}

# Loads NAME.c into the VM and, where it can be, the kernel; each then gives VALUE for the packet in FILE.
gives() # NAME FILE VALUE
{
	clang-19 --target=bpf -mcpu=v3 -g -O2 -I"$SRCDIR/tests/progs" -c "$1.c" -o "$1.o"
	rm -rf "$BPFUTILS_WORLD/pins/k-$$"
	run -0 $BPF_LD --vm --no-attach --pin "/sys/fs/bpf/k-$$" "$1.o"
	run -0 $BPFTOOL --vm -j prog run pinned "/sys/fs/bpf/k-$$/$1" data_in "$2" repeat 1
	assert_output --regexp "\"retval\": ?$3[,}]"
	[ "$(id -u)" = 0 ] && [ -z "$_emu" ] && [ -r /sys/kernel/btf/vmlinux ] || return 0
	grep -q ' T bpf_throw$' /proc/kallsyms || return 0 # 6.7
	need_pins
	run -0 $BPF_LD --no-attach --pin "$PINS/k" "$1.o"
	run -0 $BPFTOOL -j prog run pinned "$PINS/k/$1" data_in "$2" repeat 1
	assert_output --regexp "\"retval\": ?$3[,}]"
	rm -rf "$PINS"
	PINS=
}

@test "an exception callback takes over" {
	gives throws packet 7
	gives throws short 41
}

@test "objects of the program's types; a loop by an iterator" {
	gives objects packet 5510
}
