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

@test "values printed by types" {
	cat >printed.c <<'C'
#include "bpf.h"
struct btf_ptr { void *ptr; u32 type_id, flags; };
HELPER(149, long, bpf_snprintf_btf, (char *str, u32 size, struct btf_ptr *ptr, u32 btf_ptr_size, u64 flags));
struct bpf_dynptr { u64 __opaque[2]; };
struct bpf_iter_num { u64 __opaque[1]; };
char text[12][128];
long ret[12];
#define PRINT(n, T, v, size, flags)                                                                 \
	({                                                                                          \
		T value = v;                                                                        \
		struct btf_ptr p = { &value, __builtin_btf_type_id(*(T *)0, 1) };                   \
		asm volatile("" : "+m"(value));                                                     \
		ret[n] = bpf_snprintf_btf(text[n], size, &p, sizeof(p), flags);                     \
	})
typedef struct bpf_dynptr D;
SEC("tc")
int printed(struct __sk_buff *skb)
{
	PRINT(0, int, -7, 128, 0);
	PRINT(1, int, 0, 128, 1);
	PRINT(2, int, 5, 128, 2);
	PRINT(3, unsigned int, ~0u, 5, 1);
	PRINT(4, struct bpf_dynptr, ((D){ { 1, 2 } }), 128, 0);
	PRINT(5, struct bpf_dynptr, ((D){ { 0, 2 } }), 128, 1);
	PRINT(6, struct bpf_dynptr, ((D){ { 0, 2 } }), 128, 1 | 8);
	PRINT(7, struct bpf_dynptr, ((D){ { 0, 0 } }), 128, 0);
	PRINT(8, struct bpf_dynptr, ((D){ { 3, 0 } }), 128, 2);
	PRINT(9, struct bpf_iter_num, ((struct bpf_iter_num){ { 9 } }), 128, 1);
	PRINT(10, char, 'x', 128, 1);
	PRINT(11, int, 1, 128, 16);
	return 0;
}
LICENSE("GPL");
C
	clang-19 --target=bpf -mcpu=v3 -g -O2 -I"$SRCDIR/tests/progs" -c printed.c -o printed.o
	run -0 $BPF_LD --vm --no-attach --pin "/sys/fs/bpf/k" printed.o
	run -0 $BPFTOOL --vm -j prog run pinned /sys/fs/bpf/k/printed data_in packet
	run -0 $BPFTOOL --vm -j map dump pinned /sys/fs/bpf/k/bss
	jq -c '.. | .text?, .ret? | select(. != null)' <<<"$output" >vm
	grep -q . vm
	[ "$(id -u)" = 0 ] && [ -z "$_emu" ] && [ -r /sys/kernel/btf/vmlinux ] || return 0
	need_pins
	run -0 $BPF_LD --no-attach --pin "$PINS/k" printed.o
	run -0 $BPFTOOL -j prog run pinned "$PINS/k/printed" data_in packet
	run -0 $BPFTOOL -j map dump pinned "$PINS/k/bss"
	jq -c '.. | .text?, .ret? | select(. != null)' <<<"$output" >kernel
	diff vm kernel
}

@test "an iterator prints what it is given by its type" {
	cat >listed.c <<'C'
#include "bpf.h"
struct btf_ptr { void *ptr; u32 type_id, flags; };
HELPER(150, long, bpf_seq_printf_btf, (void *m, struct btf_ptr *ptr, u32 btf_ptr_size, u64 flags));
struct bpf_iter_meta { void *seq; } CORE;
struct bpf_map { u32 id; } CORE;
struct bpf_iter__bpf_map { struct bpf_iter_meta *meta; struct bpf_map *map; } CORE;
SEC("iter/bpf_map")
int listed(struct bpf_iter__bpf_map *ctx)
{
	struct btf_ptr p = { ctx->map, __builtin_btf_type_id(*(struct bpf_map *)0, 1) };

	if (ctx->map)
		bpf_seq_printf_btf(ctx->meta->seq, &p, sizeof(p), 1);
	return 0;
}
LICENSE("GPL");
C
	clang-19 --target=bpf -mcpu=v3 -g -O2 -I"$SRCDIR/tests/progs" -c listed.c -o listed.o
	run -0 $BPFTOOL --vm map create /sys/fs/bpf/c type hash key 4 value 8 entries 8 name counts
	run -0 --separate-stderr $BPF_LD --vm --attach iter:bpf_map listed.o
	assert_output --partial '(struct bpf_map){.id = (unsigned int)1,.map_type = (unsigned int)1,.key_size = (unsigned int)4,'
	assert_output --partial ".name = (char[])['c','o','u','n','t','s',],"
}
