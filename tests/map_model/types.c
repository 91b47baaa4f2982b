/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The types under test: sizes, keys, values, and what values that are fds refer to. */
#include "model.h"

#include "btf/btf.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define HASH_WEIGHTS { [LOOKUP] = 30, [UPDATE] = 40, [ERASE] = 15, [NEXT] = 4, [TAKE] = 6, [WALK] = 1, \
		       [LOOKUP_BATCH] = 1, [TAKE_BATCH] = 1, [UPDATE_BATCH] = 3, [ERASE_BATCH] = 2, \
		       [INFO] = 1, [MMAP] = 1 }
#define ARRAY_WEIGHTS { [LOOKUP] = 30, [UPDATE] = 40, [ERASE] = 3, [NEXT] = 6, [TAKE] = 2, [WALK] = 1, \
			[LOOKUP_BATCH] = 3, [TAKE_BATCH] = 1, [UPDATE_BATCH] = 3, \
			[ERASE_BATCH] = 1, [INFO] = 1, [MMAP] = 2 }
/* The kernel waits for a grace period after each change of these: many in one call. */
#define OUTER_WEIGHTS { [LOOKUP] = 40, [UPDATE] = 1, [ERASE] = 1, [NEXT] = 6, [TAKE] = 1, [WALK] = 1, \
			[LOOKUP_BATCH] = 10, [TAKE_BATCH] = 1, [UPDATE_BATCH] = 8, \
			[ERASE_BATCH] = 4, [INFO] = 1, [MMAP] = 1 }
#define FDS_WEIGHTS { [LOOKUP] = 30, [UPDATE] = 40, [ERASE] = 20, [NEXT] = 6, [TAKE] = 1, [WALK] = 1, \
		      [LOOKUP_BATCH] = 1, [TAKE_BATCH] = 1, [UPDATE_BATCH] = 1, [ERASE_BATCH] = 1, \
		      [INFO] = 1, [MMAP] = 1 }

/* Nothing but mappings, and refusals. */
#define RING_WEIGHTS { [LOOKUP] = 10, [UPDATE] = 10, [ERASE] = 10, [NEXT] = 10, [TAKE] = 10, [LOOKUP_BATCH] = 10, \
		       [TAKE_BATCH] = 10, [UPDATE_BATCH] = 10, [ERASE_BATCH] = 10, [INFO] = 5, [MMAP] = 30 }

const struct type types[] = {
	{ "hash", BPF_MAP_TYPE_HASH, 0, KEYS_ANY, VALUES_ANY, false, false, true, HASH_WEIGHTS },
	{ "hash-noprealloc", BPF_MAP_TYPE_HASH, BPF_F_NO_PREALLOC, KEYS_ANY, VALUES_ANY, false, false,
	  true, HASH_WEIGHTS },
	{ "percpu-hash", BPF_MAP_TYPE_PERCPU_HASH, 0, KEYS_ANY, VALUES_ANY, true, false, false,
	  HASH_WEIGHTS },
	{ "array", BPF_MAP_TYPE_ARRAY, 0, KEYS_INDEX, VALUES_ANY, false, true, true, ARRAY_WEIGHTS },
	{ "percpu-array", BPF_MAP_TYPE_PERCPU_ARRAY, 0, KEYS_INDEX, VALUES_ANY, true, true, false,
	  ARRAY_WEIGHTS },
	{ "lru-hash", BPF_MAP_TYPE_LRU_HASH, 0, KEYS_ANY, VALUES_ANY, false, false, false,
	  HASH_WEIGHTS },
	{ "lru-percpu-hash", BPF_MAP_TYPE_LRU_PERCPU_HASH, 0, KEYS_ANY, VALUES_ANY, true, false, false,
	  HASH_WEIGHTS },
	{ "devmap", BPF_MAP_TYPE_DEVMAP, 0, KEYS_INDEX, VALUES_DEVS, false, true, false, ARRAY_WEIGHTS },
	{ "devmap-hash", BPF_MAP_TYPE_DEVMAP_HASH, 0, KEYS_INDEX, VALUES_DEVS, false, false, false, HASH_WEIGHTS },
	{ "cpumap", BPF_MAP_TYPE_CPUMAP, 0, KEYS_INDEX, VALUES_DEVS, false, true, false, FDS_WEIGHTS },
	{ "xskmap", BPF_MAP_TYPE_XSKMAP, 0, KEYS_INDEX, VALUES_FEW, false, true, false, FDS_WEIGHTS },
	{ "lpm-trie", BPF_MAP_TYPE_LPM_TRIE, BPF_F_NO_PREALLOC, KEYS_PREFIX, VALUES_ANY, false, true,
	  false, HASH_WEIGHTS },
	{ "prog-array", BPF_MAP_TYPE_PROG_ARRAY, 0, KEYS_INDEX, VALUES_PROGS, false, true, false,
	  FDS_WEIGHTS },
	{ "array-of-maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 0, KEYS_INDEX, VALUES_MAPS, false, true, false,
	  OUTER_WEIGHTS },
	{ "hash-of-maps", BPF_MAP_TYPE_HASH_OF_MAPS, 0, KEYS_ANY, VALUES_MAPS, false, false, false,
	  OUTER_WEIGHTS },
	{ "queue", BPF_MAP_TYPE_QUEUE, 0, KEYS_NONE, VALUES_ANY, false, true, false,
	  { [LOOKUP] = 20, [UPDATE] = 50, [ERASE] = 1, [NEXT] = 1, [TAKE] = 30, [LOOKUP_BATCH] = 1,
	    [TAKE_BATCH] = 1, [UPDATE_BATCH] = 1, [ERASE_BATCH] = 1, [INFO] = 1, [MMAP] = 1 } },
	{ "stack", BPF_MAP_TYPE_STACK, 0, KEYS_NONE, VALUES_ANY, false, true, false,
	  { [LOOKUP] = 20, [UPDATE] = 50, [ERASE] = 1, [NEXT] = 1, [TAKE] = 30, [LOOKUP_BATCH] = 1,
	    [TAKE_BATCH] = 1, [UPDATE_BATCH] = 1, [ERASE_BATCH] = 1, [INFO] = 1, [MMAP] = 1 } },
	{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, KEYS_NONE, VALUES_ANY, false, true, false, RING_WEIGHTS },
	{ "user-ringbuf", BPF_MAP_TYPE_USER_RINGBUF, 0, KEYS_NONE, VALUES_ANY, false, true, false, RING_WEIGHTS },
	{ "arena", BPF_MAP_TYPE_ARENA, BPF_F_MMAPABLE, KEYS_NONE, VALUES_ANY, false, true, false, RING_WEIGHTS },
	{ "stack-trace", BPF_MAP_TYPE_STACK_TRACE, 0, KEYS_INDEX, VALUES_ANY, false, true, false, FDS_WEIGHTS },
	{ "sockmap", BPF_MAP_TYPE_SOCKMAP, 0, KEYS_INDEX, VALUES_SOCKETS, false, true, false, FDS_WEIGHTS },
	{ "sockhash", BPF_MAP_TYPE_SOCKHASH, 0, KEYS_ANY, VALUES_SOCKETS, false, false, false, FDS_WEIGHTS },
	{ "reuseport", BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 0, KEYS_INDEX, VALUES_SOCKETS, false, true, false, FDS_WEIGHTS },
	{ "sk-storage", BPF_MAP_TYPE_SK_STORAGE, BPF_F_NO_PREALLOC, KEYS_FDS, VALUES_SOCKETS, false, true, true, FDS_WEIGHTS },
	{ "task-storage", BPF_MAP_TYPE_TASK_STORAGE, BPF_F_NO_PREALLOC, KEYS_FDS, VALUES_TASKS, false, true, true, FDS_WEIGHTS },
	{ "inode-storage", BPF_MAP_TYPE_INODE_STORAGE, BPF_F_NO_PREALLOC, KEYS_FDS, VALUES_INODES, false, true, true,
	  FDS_WEIGHTS },
	{ "cgrp-storage", BPF_MAP_TYPE_CGRP_STORAGE, BPF_F_NO_PREALLOC, KEYS_FDS, VALUES_CGROUPS, false, true, true,
	  FDS_WEIGHTS },
	{ "cgroup-storage", BPF_MAP_TYPE_CGROUP_STORAGE, 0, KEYS_ANY, VALUES_ANY, false, true, false, FDS_WEIGHTS },
	{ "percpu-cgroup-storage", BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 0, KEYS_ANY, VALUES_ANY, true, true, false, FDS_WEIGHTS },
	{ "struct-ops", BPF_MAP_TYPE_STRUCT_OPS, 0, KEYS_INDEX, VALUES_OPS, false, true, false, FDS_WEIGHTS },
	{ "cgroup-array", BPF_MAP_TYPE_CGROUP_ARRAY, 0, KEYS_INDEX, VALUES_CGROUPS, false, true, false, FDS_WEIGHTS },
	{ "perf-event-array", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 0, KEYS_INDEX, VALUES_EVENTS, false, true,
	  false, FDS_WEIGHTS },
};
const unsigned ntypes = BU_ARRAY_SIZE(types);

uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint32_t below(uint64_t *state, uint32_t n)
{
	*state += 0x9e3779b97f4a7c15u;
	return (uint32_t)((mix(*state) >> 32) * n >> 32);
}

/* One of the words, by chance. */
#define PICK(st, ...)                                                                              \
	({                                                                                         \
		static const uint32_t pick_of[] = { __VA_ARGS__ };                                 \
		pick_of[below(st, BU_ARRAY_SIZE(pick_of))];                                        \
	})

static uint64_t flags_of(const struct round *r, uint64_t *st, enum what w)
{
	uint64_t f = 0;

	if (!below(st, 40))
		return PICK(st, 3, 5, 6, 7, 8, 16, 0x10000, 0x80000000u);
	if (!below(st, 400))
		return 1ull << (32 + below(st, 32));
	if (w == UPDATE && !are_fds(r->t))
		f = PICK(st, 0, 0, 0, 0, 1, 2, 2);
	else if (w == UPDATE)
		f = PICK(st, 0, 0, 0, 0, 0, 0, 1, 2);
	if (!below(st, r->lock_btf ? 2 : 60))
		f |= BPF_F_LOCK;
	return f;
}

static void op_make(const struct round *r, uint64_t *st, struct op *op)
{
	uint32_t sum = 0, at;
	unsigned w;

	for (w = 0; w < NWHATS; w++)
		sum += r->t->weight[w];
	at = below(st, sum);
	for (w = 0; at >= r->t->weight[w]; w++)
		at -= r->t->weight[w];
	*op = (struct op){ .what = (uint8_t)w };
	if (!below(st, 500))
		op->what = FREEZE;
	op->fd = below(st, 30) ? 0 : (uint8_t)PICK(st, 1, 2);
	op->nokey = !below(st, r->t->keys == KEYS_NONE ? 1 : op->what == NEXT ? 4 : 300);
	if (r->t->keys == KEYS_NONE && !below(st, 50))
		op->nokey = 0;
	op->key = below(st, r->space);
	op->value = below(st, 1u << 30);
	op->n = below(st, 10) ? 1 + below(st, 24) : PICK(st, 0, 1, 63, 64);
	if (r->t->values == VALUES_MAPS && (op->what == UPDATE_BATCH || op->what == ERASE_BATCH))
		op->n = below(st, 1000);
	if (r->t->values == VALUES_MAPS && op->what == TAKE_BATCH)
		op->n = 64 + below(st, 200);
	if (op->what == MMAP)
		op->n = PICK(st, 0, 1, 1, 1, 2, 3, 4);
	op->flags = flags_of(r, st, op->what);
}

void round_make(struct round *r, const struct type *t, uint64_t seed, uint32_t number)
{
	uint64_t st = mix(seed ^ mix(number ^ mix(t->type * 977 + t->flags)));
	bool freeze;

	r->t = t;
	r->seed = seed;
	r->number = number;
	r->flags = t->flags;
	r->value_size = PICK(&st, 1, 2, 3, 4, 4, 8, 8, 8, 12, 16, 24, 40, 100);
	r->key_size = PICK(&st, 1, 2, 3, 4, 4, 8, 8, 12, 16, 20, 32);
	r->max_entries = PICK(&st, 1, 2, 3, 7, 16, 50, 100, 200);
	r->space = r->max_entries + PICK(&st, 1, 2, 5, 20, 100);
	r->timer = 0;
	r->lock_btf = t->lock && !below(&st, 6);
	if (r->lock_btf) {
		r->timer = (t->type == BPF_MAP_TYPE_HASH || t->type == BPF_MAP_TYPE_ARRAY) && !below(&st, 2);
		r->key_size = 4;
		r->value_size = r->timer ? 32 : 16;
	}
	switch (t->keys) {
	case KEYS_INDEX:
		r->key_size = 4;
		break;
	case KEYS_PREFIX:
		r->key_size = PICK(&st, 5, 6, 8, 8, 12, 20);
		r->space *= 2;
		break;
	case KEYS_NONE:
		r->key_size = 0;
		break;
	case KEYS_FDS:
		r->key_size = 4;
		r->value_size = r->lock_btf ? 16 : PICK(&st, 4, 40);
		r->max_entries = 0;
		r->space = POOL + 2;
		if (!below(&st, 4))
			r->flags |= BPF_F_CLONE;
		break;
	case KEYS_ANY:
		if (r->key_size == 1 && r->space > 200)
			r->space = 200;
		break;
	}
	if (t->keys == KEYS_FDS)
		; /* as its BTF has them */
	else if (t->values == VALUES_SOCKETS)
		r->value_size = PICK(&st, 4, 8, 8, 8, 8, 12);
	else if (are_fds(t) || t->type == BPF_MAP_TYPE_XSKMAP)
		r->value_size = 4;
	else if (t->values == VALUES_FEW || t->values == VALUES_DEVS)
		r->value_size = PICK(&st, 4, 4, 4, 8, 8, 12);
	if (t->type == BPF_MAP_TYPE_CGROUP_STORAGE || t->type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE) {
		r->key_size = PICK(&st, 8, 16, 16, 12);
		r->max_entries = below(&st, 20) ? 0 : 1;
	}
	if (t->type == BPF_MAP_TYPE_STRUCT_OPS) {
		r->value_size = below(&st, 20) ? OPS_SIZE : 192;
		r->max_entries = below(&st, 20) ? 1 : 2;
		r->space = 2;
		r->flags |= below(&st, 2) ? BPF_F_LINK : 0;
	}
	if (t->type == BPF_MAP_TYPE_STACK_TRACE)
		r->value_size = PICK(&st, 4, 8, 8, 16, 32, 40, 64, 1016, 1024);
	if (t->type == BPF_MAP_TYPE_STACK_TRACE && !below(&st, 4))
		r->flags |= BPF_F_STACK_BUILD_ID;
	if (t->type == BPF_MAP_TYPE_ARENA) {
		r->value_size = 0;
		r->max_entries = PICK(&st, 1, 2, 4, 100);
		r->space = 10;
		if (!below(&st, 3))
			r->flags |= PICK(&st, BPF_F_SEGV_ON_FAULT, BPF_F_NO_USER_CONV);
	}
	if (t->type == BPF_MAP_TYPE_RINGBUF || t->type == BPF_MAP_TYPE_USER_RINGBUF) {
		r->value_size = 0;
		r->max_entries = PICK(&st, 4096, 4096, 8192, 16384);
		r->space = 10;
	}
	/* As long as no CPU has to take from another's list, the kernel evicts nothing. */
	if (t->type == BPF_MAP_TYPE_LRU_HASH || t->type == BPF_MAP_TYPE_LRU_PERCPU_HASH)
		r->max_entries = 20000;
	if (t->type == BPF_MAP_TYPE_ARRAY && !r->lock_btf && !below(&st, 3))
		r->flags |= BPF_F_MMAPABLE;
	if (t->type == BPF_MAP_TYPE_ARRAY && !below(&st, 8))
		r->flags |= BPF_F_INNER_MAP;
	if (!below(&st, 8))
		r->flags |= PICK(&st, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG);
	if (!below(&st, 30))
		r->flags |= PICK(&st, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY | BPF_F_WRONLY,
				 BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG, BPF_F_NO_PREALLOC,
				 BPF_F_MMAPABLE, BPF_F_PRESERVE_ELEMS, BPF_F_ZERO_SEED,
				 BPF_F_NO_COMMON_LRU, BPF_F_STACK_BUILD_ID, BPF_F_CLONE, BPF_F_INNER_MAP,
				 BPF_F_LINK, 1u << 19, 1u << 31, BPF_F_NUMA_NODE);
	if (!below(&st, 40)) {
		switch (below(&st, 3)) {
		case 0: r->key_size = PICK(&st, 0, 3, 5, 8, 300, 512, 600, 1 << 23); break;
		case 1: r->value_size = PICK(&st, 0, 5, 0x80000000u, 0xffffffffu, 0xfffffff8u); break;
		default: r->max_entries = 0;
		}
	}
	freeze = !below(&st, 4);
	for (unsigned i = 0; i < r->n; i++) {
		op_make(r, &st, &r->ops[i]);
		if (r->ops[i].what == FREEZE && (!freeze || i < r->n / 2))
			r->ops[i].what = LOOKUP;
	}
}

void key_make(const struct round *r, const struct side *side, uint32_t number, uint8_t *key)
{
	uint64_t x = 0;

	if (r->t->keys == KEYS_FDS) {
		uint32_t k = number % (POOL + 2);
		int fd = !side ? (int)k : k < POOL ? side->pool[k] : k == POOL ? -1 : 1000000;

		memset(key, 0, r->key_size < MAX_KEY ? r->key_size : MAX_KEY);
		memcpy(key, &fd, 4);
		return;
	}

	if (r->key_size > 64) {
		memset(key, (int)number, r->key_size < MAX_KEY ? r->key_size : MAX_KEY);
		return;
	}
	if (r->t->keys == KEYS_INDEX) {
		uint32_t i = number;

		if (number + 1 == r->space)
			i = UINT32_MAX;
		memcpy(key, &i, 4);
		return;
	}
	for (uint32_t i = 0; i < r->key_size; i++) {
		if (i % 8 == 0)
			x = mix(mix(number) + i);
		key[i] = (uint8_t)(x >> i % 8 * 8);
	}
	if (r->t->keys == KEYS_PREFIX && r->key_size >= 5) {
		uint32_t bits = (r->key_size - 4) * 8, len = key[0] % 8 < 2 ? bits : key[0] % (bits + 1);

		/* Few different bits in front, so that prefixes are in one another. */
		for (uint32_t i = 4; i < r->key_size; i++)
			key[i] &= i + 1 < r->key_size ? 0x11 : 0x83;
		if (key[1] == 7)
			len = bits + 1;
		memcpy(key, &len, 4);
	} else if (r->t->keys == KEYS_ANY && r->key_size == 1) {
		key[0] = (uint8_t)number;
	} else if (r->t->keys == KEYS_ANY && r->key_size == 2) {
		key[0] = (uint8_t)number;
		key[1] = (uint8_t)(number >> 8);
	}
}

/* Mostly what is taken. */
static void ops_make(const struct side *side, uint32_t number, uint8_t *v)
{
	static const struct { uint8_t prog, off, often; } func[] = { { 0, 0, 12 }, { 1, 8, 12 }, { 2, 64, 12 }, { 3, 136, 2 } };
	uint64_t st = mix(number);
	uint32_t flags;
	int fd;

	memset(v, 0, OPS_SIZE);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(func); i++) {
		fd = side->pool[below(&st, 30) ? func[i].prog : below(&st, POOL)];
		if (below(&st, func[i].often))
			memcpy(v + OPS_DATA + func[i].off, &fd, 4);
	}
	snprintf((char *)v + OPS_DATA + 88, 16, below(&st, 20) ? "m%u.%u" : "m %u.%u", (unsigned)getpid() % 1000000,
		 below(&st, 3));
	if (!below(&st, 8)) {
		flags = below(&st, 16);
		memcpy(v + OPS_DATA + 132, &flags, 4);
	}
	if (!below(&st, 12))
		v[below(&st, OPS_SIZE)] = 1;
}

void value_make(const struct round *r, const struct side *side, uint32_t number, uint8_t *value)
{
	uint32_t rows = r->t->percpu ? (uint32_t)side->ncpus : 1, n = (r->value_size + 7) / 8 * 8;

	if (are_fds(r->t)) {
		uint32_t k = number % (POOL + 2);
		int fd = k < POOL ? side->pool[k] : k == POOL ? -1 : 1000000;

		if (r->value_size > 4)
			memset(value, 0, r->value_size);
		memcpy(value, &fd, 4);
		return;
	}
	if (r->t->values == VALUES_OPS) {
		memset(value, 0, r->value_size);
		if (r->value_size == OPS_SIZE)
			ops_make(side, number, value);
		return;
	}
	if (!r->t->percpu)
		n = r->value_size;
	if (r->t->values == VALUES_FEW || r->t->values == VALUES_DEVS) {
		uint32_t k = number / 5 % (POOL + 6);
		int fd = k < POOL ? side->pool[k] : k == POOL ? -1 : k == POOL + 1 ? 1000000 : 0;

		memset(value, 0, n);
		if (n)
			value[0] = (uint8_t)(number % 5);
		if (n == 8 && r->t->values == VALUES_DEVS)
			memcpy(value + 4, &fd, 4);
		return;
	}
	for (uint32_t c = 0; c < rows; c++)
		for (uint32_t i = 0; i < n; i++)
			value[c * n + i] = (uint8_t)mix(number * 64ull + c * 7919 + i);
}

/* ---------------------------------------------------------------- what values refer to */

static uint32_t id_of(struct bu_sys *s, int fd, bool prog)
{
	struct bpf_map_info m;
	struct bpf_prog_info p;
	uint32_t size = prog ? sizeof(p) : sizeof(m);

	memset(&m, 0, sizeof(m));
	memset(&p, 0, sizeof(p));
	if (fd < 0 || bu_sys_info(s, fd, prog ? (void *)&p : &m, &size))
		return 0;
	return prog ? p.id : m.id;
}

/* The kernel's struct, and what a map has of it. */
static bool ops_types(struct side *side)
{
	struct bu_btf b;
	const void *data;
	size_t size;

	if (side->s->ops->vmlinux_btf(side->s, &data, &size) || bu_btf_parse(&b, data, size, NULL, "vmlinux", NULL))
		return false;
	side->ops = bu_btf_find(&b, BU_BTF_STRUCT, "tcp_congestion_ops");
	side->ops_value = bu_btf_find(&b, BU_BTF_STRUCT, "bpf_struct_ops_tcp_congestion_ops");
	if (bu_btf_size(&b, side->ops_value) != OPS_SIZE)
		side->ops_value = 0; /* another kernel's */
	bu_btf_free(&b);
	return side->ops && side->ops_value;
}

static int map_like(struct bu_sys *s, uint32_t type, uint32_t value, uint32_t n)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = 4;
	a.value_size = value;
	a.max_entries = n;
	return bu_sys_map_create(s, &a);
}

static int prog_like(struct bu_sys *s, uint32_t type, uint32_t attach_type, uint32_t r0)
{
	const uint64_t insns[2] = { 0xb7 | (uint64_t)r0 << 32, 0x95 };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.expected_attach_type = attach_type;
	a.insns = (uintptr_t)insns;
	a.insn_cnt = 2;
	a.license = (uintptr_t)"GPL";
	return bu_sys_prog_load(s, &a, 0);
}

static int ops_prog(const struct side *side, uint32_t member)
{
	const uint64_t insns[2] = { 0xb7, 0x95 };
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_STRUCT_OPS;
	a.attach_btf_id = side->ops;
	a.expected_attach_type = member;
	a.insns = (uintptr_t)insns;
	a.insn_cnt = 2;
	a.license = (uintptr_t)"GPL";
	return bu_sys_prog_load(side->s, &a, 0);
}

static int event_like(struct bu_sys *s, int cpu)
{
	struct perf_event_attr a;

	memset(&a, 0, sizeof(a));
	a.size = sizeof(a);
	a.type = PERF_TYPE_SOFTWARE;
	a.config = PERF_COUNT_SW_BPF_OUTPUT;
	a.sample_type = PERF_SAMPLE_RAW;
	return s->ops->perf_event_open(s, &a, -1, cpu, -1, 0);
}

/* The root of control groups, version 2. */
static int cgroup_fd(void)
{
	static const char *const at[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
	struct statfs fs;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(at); i++)
		if (!statfs(at[i], &fs) && fs.f_type == 0x63677270)
			return open(at[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return -1;
}

static int bound(int type, bool listens)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)) || (listens && listen(fd, 4)))
		return -1;
	return fd;
}

/* Of what maps of sockets take some and others not; the last is no socket. What belongs to one stays open. */
static int socket_fd(unsigned i)
{
	static int listener = -1;
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int pair[2], fd;

	switch (i) {
	case 0:
		return listener = bound(SOCK_STREAM, true);
	case 1:
		return bound(SOCK_DGRAM, false);
	case 2:
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || getsockname(listener, (struct sockaddr *)&a, &n) ||
		    connect(fd, (struct sockaddr *)&a, sizeof(a)) || accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
			return -1;
		return fd;
	case 3:
		return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ? -1 : pair[0];
	case 4:
		return bound(SOCK_STREAM, false); /* neither listens nor is connected */
	default:
		return open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	}
}

/* This process twice, its parent, the first; one that has ended. */
static int task_fd(unsigned i)
{
	pid_t pid = i < 2 ? getpid() : i < 3 ? getppid() : i < 4 ? 1 : fork();
	int fd;

	if (i == 4 && !pid)
		_exit(0);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (i == 4)
		waitpid(pid, NULL, 0);
	return fd;
}

/* One of the machine, of which the second side gets the first one's. */
static int machine_fd(struct bu_sys *s, const struct type *t, unsigned i)
{
	static struct {
		struct bu_sys *of;
		int fd;
	} first[POOL];
	int fd = -1;

	if (first[i].of && first[i].of != s) {
		fd = fcntl(first[i].fd, F_DUPFD_CLOEXEC, 0);
		first[i].of = NULL;
		return fd;
	}
	if (t->values == VALUES_SOCKETS)
		fd = socket_fd(i);
	else if (t->values == VALUES_TASKS)
		fd = i < 5 ? task_fd(i) : open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	else if (t->values == VALUES_INODES)
		fd = open(i < 2 ? "/" : i < 4 ? "/proc/self/status" : "/dev/null", i % 2 ? O_PATH | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
	else if (t->values == VALUES_CGROUPS)
		fd = i < 4 ? cgroup_fd() : open(i < 5 ? "/proc/self/status" : "/proc", O_RDONLY | O_CLOEXEC);
	first[i].of = s;
	first[i].fd = fd;
	return fd;
}

/* Four that the map takes, one that it does not, one of another kind. */
const char *pool_open(struct side *side, const struct type *t)
{
	for (unsigned i = 0; i < POOL; i++)
		side->pool[i] = -1;
	if (!are_fds(t) && t->keys != KEYS_FDS && t->values != VALUES_DEVS && t->values != VALUES_OPS)
		return NULL;
	if (t->values == VALUES_OPS && !ops_types(side))
		return "struct tcp_congestion_ops of this kernel";
	for (unsigned i = 0; i < POOL; i++) {
		int fd = -1;

		if (t->values >= VALUES_CGROUPS && t->values != VALUES_OPS) {
			side->pool[i] = machine_fd(side->s, t, i);
			if (side->pool[i] < 0)
				return t->values == VALUES_CGROUPS ? "control groups" :
				       t->values == VALUES_SOCKETS ? "sockets" : "pidfds";
			continue;
		}
		if (t->values == VALUES_MAPS)
			fd = i < 4 ? map_like(side->s, BPF_MAP_TYPE_ARRAY, 8, 5) :
			     i < 5 ? map_like(side->s, BPF_MAP_TYPE_HASH, 8, 5) :
				     map_like(side->s, BPF_MAP_TYPE_ARRAY, 8, 6);
		else if (t->values == VALUES_OPS)
			fd = i < 4 ? ops_prog(side, (const uint32_t[]){ 0, 1, 8, 16 }[i]) :
			     i < 5 ? prog_like(side->s, BPF_PROG_TYPE_XDP, 0, i) :
				     map_like(side->s, BPF_MAP_TYPE_ARRAY, 8, 6);
		else if (t->values == VALUES_DEVS)
			fd = i < 5 ? prog_like(side->s, BPF_PROG_TYPE_XDP, i < 2 ? BPF_XDP_DEVMAP : i < 4 ? BPF_XDP_CPUMAP : 0, i) :
				     map_like(side->s, BPF_MAP_TYPE_ARRAY, 8, 6);
		else if (t->values == VALUES_PROGS)
			fd = i < 4 ? prog_like(side->s, BPF_PROG_TYPE_SOCKET_FILTER, 0, i) :
			     i < 5 ? prog_like(side->s, BPF_PROG_TYPE_XDP, 0, i) :
				     map_like(side->s, BPF_MAP_TYPE_ARRAY, 8, 6);
		else
			fd = i < 5 ? event_like(side->s, 0) : map_like(side->s, BPF_MAP_TYPE_ARRAY, 8, 6);
		if (fd < 0)
			return t->values == VALUES_MAPS	 ? "inner maps" :
			       t->values == VALUES_PROGS || t->values == VALUES_DEVS || t->values == VALUES_OPS ? "programs" : "perf events";
		side->pool[i] = fd;
		side->pool_id[i] = t->values == VALUES_EVENTS ? 0 :
							      id_of(side->s, fd, t->values != VALUES_MAPS && i < 5);
	}
	return NULL;
}

void pool_close(struct side *side)
{
	for (unsigned i = 0; i < POOL; i++)
		if (side->pool[i] >= 0)
			side->s->ops->close(side->s, side->pool[i]);
}

/* int; struct bpf_spin_lock { u32 val; }; struct { struct bpf_spin_lock l; int a, b, c; }; int[10]; the like with a bpf_timer */
int lock_btf(struct bu_sys *s)
{
	static const char str[] = "\0int\0bpf_spin_lock\0val\0v\0l\0a\0b\0c\0bpf_timer\0w\0t";
	static const uint32_t types_bytes[] = {
		1, 1u << 24, 4, 1u << 24 | 32,               /* [1] int, signed, 32 bits */
		5, 4u << 24 | 1, 4, 19, 1, 0,                /* [2] bpf_spin_lock */
		23, 4u << 24 | 4, 16, 25, 2, 0, 27, 1, 32, 29, 1, 64, 31, 1, 96, /* [3] v */
		0, 3u << 24, 0, 1, 1, 10,                    /* [4] */
		0, 3u << 24, 0, 1, 1, 4,                     /* [5] */
		33, 4u << 24 | 1, 16, 19, 5, 0,              /* [6] bpf_timer */
		43, 4u << 24 | 4, 32, 27, 1, 0, 29, 1, 32, 45, 6, 64, 31, 1, 192, /* [7] w */
	};
	uint8_t b[512];
	uint32_t head[6] = { 0x0001eb9f, 24, 0, sizeof(types_bytes), sizeof(types_bytes), sizeof(str) };

	memcpy(b, head, 24);
	memcpy(b + 24, types_bytes, sizeof(types_bytes));
	memcpy(b + 24 + sizeof(types_bytes), str, sizeof(str));
	return bu_sys_btf_load(s, b, 24 + sizeof(types_bytes) + sizeof(str), NULL, 0);
}
