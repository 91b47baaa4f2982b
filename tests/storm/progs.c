/* SPDX-License-Identifier: GPL-2.0-or-later */
/* killstorm: what runners run: a BPF program for each operation of each type of map. */
#include "killstorm.h"

#include <stdio.h>
#include <string.h>

#include "vm/vm.h"

#define WORDS 6

/* The context: the key, the value, and the flags of the call. */
struct args {
	uint64_t key, value[WORDS], flags;
};

/* On the stack. */
#define KEY (-64)
#define VALUE (-56)

#define MAX 64
struct code {
	struct bu_insn in[MAX];
	unsigned n;
};

static void add(struct code *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (c->n < MAX)
		c->in[c->n++] = (struct bu_insn){ .code = code, .dst = dst, .src = src, .off = off, .imm = imm };
}

static void load_map(struct code *c, uint8_t reg, int fd)
{
	add(c, 0x18, reg, 1, 0, fd);
	add(c, 0, 0, 0, 0, 0);
}

static void address(struct code *c, uint8_t reg, int16_t off)
{
	add(c, 0xbf, reg, 10, 0, 0);
	add(c, 0x07, reg, 0, 0, off);
}

static void call(struct code *c, int32_t helper)
{
	add(c, 0x85, 0, 0, 0, helper);
}

/* Key and value go to the stack, r6 is the context. */
static void begin(struct code *c)
{
	add(c, 0xbf, 6, 1, 0, 0);
	for (int16_t i = 0; i <= WORDS; i++) {
		add(c, 0x79, 2, 6, (int16_t)(i * 8), 0);
		add(c, 0x7b, 10, 2, (int16_t)(KEY + i * 8), 0);
	}
}

static void flags(struct code *c, uint8_t reg)
{
	add(c, 0x79, reg, 6, offsetof(struct args, flags), 0);
}

/* All words of what r0 points to are read; NULL ends the program. */
static void reads(struct code *c, unsigned words)
{
	add(c, 0x15, 0, 0, (int16_t)words + 1, 0);
	for (unsigned i = 0; i < words; i++)
		add(c, 0x79, 1, 0, (int16_t)(i * 8), 0);
	add(c, 0xb7, 0, 0, 0, 0);
}

/* As reads, between bpf_spin_lock and bpf_spin_unlock of the lock behind the words. */
static void reads_locked(struct code *c, unsigned words)
{
	add(c, 0x15, 0, 0, (int16_t)words + 8, 0);
	add(c, 0xbf, 6, 0, 0, 0);
	add(c, 0xbf, 1, 6, 0, 0);
	add(c, 0x07, 1, 0, 0, (int32_t)words * 8);
	call(c, 93);
	for (unsigned i = 0; i < words; i++)
		add(c, 0x79, 2, 6, (int16_t)(i * 8), 0);
	add(c, 0xbf, 1, 6, 0, 0);
	add(c, 0x07, 1, 0, 0, (int32_t)words * 8);
	call(c, 94);
	add(c, 0xb7, 0, 0, 0, 0);
}

static bool make(struct code *c, uint32_t type, unsigned op, int map, bool spin)
{
	begin(c);
	switch (type) {
	case BPF_MAP_TYPE_RINGBUF:
		if (op == KS_UPDATE) { /* ringbuf_output */
			load_map(c, 1, map);
			address(c, 2, VALUE);
			add(c, 0xb7, 3, 0, 0, WORDS * 8);
			add(c, 0xb7, 4, 0, 0, 1 /* no wakeup */);
			call(c, 130);
			break;
		}
		load_map(c, 1, map); /* reserve, fill, submit or discard */
		add(c, 0xb7, 2, 0, 0, WORDS * 8);
		add(c, 0xb7, 3, 0, 0, 0);
		call(c, 131);
		add(c, 0x15, 0, 0, WORDS * 2 + 4, 0);
		for (int16_t i = 0; i < WORDS; i++) {
			add(c, 0x79, 1, 10, (int16_t)(VALUE + i * 8), 0);
			add(c, 0x7b, 0, 1, (int16_t)(i * 8), 0);
		}
		add(c, 0xbf, 1, 0, 0, 0);
		add(c, 0xb7, 2, 0, 0, 1);
		call(c, op == KS_DELETE ? 133 : 132);
		add(c, 0xb7, 0, 0, 0, 0);
		break;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		load_map(c, 1, map);
		address(c, 2, VALUE);
		if (op == KS_UPDATE)
			flags(c, 3);
		call(c, op == KS_UPDATE ? 87 : op == KS_DELETE ? 88 : 89);
		break;
	case BPF_MAP_TYPE_PROG_ARRAY:
		add(c, 0xbf, 1, 6, 0, 0);
		load_map(c, 2, map);
		add(c, 0x61, 3, 10, KEY, 0);
		call(c, 12);
		add(c, 0xb7, 0, 0, 0, 0);
		return op == KS_LOOKUP;
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		add(c, 0xbf, 1, 6, 0, 0);
		load_map(c, 2, map);
		add(c, 0x61, 3, 10, KEY, 0);
		address(c, 4, VALUE);
		add(c, 0xb7, 5, 0, 0, WORDS * 8);
		call(c, 25);
		add(c, 0xb7, 0, 0, 0, 0); /* mostly no event of this CPU */
		return op == KS_LOOKUP;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		load_map(c, 1, map);
		address(c, 2, KEY);
		call(c, 1);
		add(c, 0x15, 0, 0, 8, 0);
		add(c, 0x62, 10, 0, KEY, 0); /* the inner map's element 0 is written */
		add(c, 0xbf, 1, 0, 0, 0);
		address(c, 2, KEY);
		call(c, 1);
		add(c, 0x15, 0, 0, 2, 0);
		add(c, 0x62, 0, 0, 0, 7);
		add(c, 0xb7, 0, 0, 0, 0);
		return op == KS_LOOKUP;
	default:
		load_map(c, 1, map);
		address(c, 2, KEY);
		if (op == KS_UPDATE) {
			address(c, 3, VALUE);
			flags(c, 4);
		}
		call(c, op == KS_UPDATE ? 2 : op == KS_DELETE ? 3 : 1);
		if (op == KS_LOOKUP && spin)
			reads_locked(c, WORDS);
		else if (op == KS_LOOKUP)
			reads(c, WORDS);
	}
	return true;
}

static int load(struct bu_sys *s, const struct code *c)
{
	uint8_t bytes[8 * MAX];
	union bpf_attr a;

	for (unsigned i = 0; i < c->n; i++)
		bu_insn_encode(bytes + 8 * i, &c->in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	a.insns = bu_ptr64(bytes);
	a.insn_cnt = c->n;
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(s, &a, 0);
}

int ks_prog_plain(struct bu_sys *s, int32_t r0)
{
	struct code c = { .n = 0 };

	add(&c, 0xb7, 0, 0, 0, r0);
	add(&c, 0x95, 0, 0, 0, 0);
	return load(s, &c);
}

int ks_prog_make(struct bu_sys *s, uint32_t type, unsigned op, int map, bool spin)
{
	struct code c = { .n = 0 };

	if (!make(&c, type, op, map, spin))
		return -ENOENT;
	add(&c, 0x95, 0, 0, 0, 0);
	return load(s, &c);
}

int ks_prog_run(struct bu_sys *s, int fd, const void *key, uint32_t key_size, const uint64_t *value,
		uint64_t flag)
{
	struct args a = { .flags = flag };
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_RAW, .bytes = &a, .size = sizeof(a) };
	struct bu_vm_fault f = { 0 };
	uint64_t r0 = 0;
	int err;

	memcpy(&a.key, key, key_size);
	memcpy(a.value, value, sizeof(a.value));
	err = bu_vm_run(s, fd, &ctx, NULL, &r0, &f);
	if (err)
		ks_bad("a run gave %d: %s", err, f.text);
	return err ? err : (int)r0;
}
