/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The batch commands. */
#include "core.h"
#include "fixtures.h"

static const struct field lookup_fields[] = {
	FIELD(batch.map_fd, F_FD), FIELD(batch.in_batch, F_IN), FIELD(batch.out_batch, F_OUT),
	FIELD(batch.keys, F_OUT), FIELD(batch.values, F_OUT), FIELD(batch.count, F_NUM),
	FIELD(batch.elem_flags, F_FLAGS), FIELD(batch.flags, F_FLAGS),
};
static const struct field update_fields[] = {
	FIELD(batch.map_fd, F_FD), FIELD(batch.in_batch, F_IN), FIELD(batch.out_batch, F_OUT),
	FIELD(batch.keys, F_IN), FIELD(batch.values, F_IN), FIELD(batch.count, F_NUM),
	FIELD(batch.elem_flags, F_FLAGS), FIELD(batch.flags, F_FLAGS),
};
#define SPEC(cmd, text, fields) { cmd, text, false, fields, BU_ARRAY_SIZE(fields), NULL }
static const struct spec
	lookup = SPEC(BPF_MAP_LOOKUP_BATCH, "map_lookup_batch", lookup_fields),
	take = SPEC(BPF_MAP_LOOKUP_AND_DELETE_BATCH, "map_lookup_and_delete_batch", lookup_fields),
	update = SPEC(BPF_MAP_UPDATE_BATCH, "map_update_batch", update_fields),
	erase = SPEC(BPF_MAP_DELETE_BATCH, "map_delete_batch", update_fields);

static const struct {
	const struct fixture *f;
	unsigned key, value;
	bool hash;
} maps[] = {
	{ &fx_hash1, 4, 8, true }, { &fx_hash3, 4, 8, true }, { &fx_array, 4, 8, false },
	{ &fx_pchash3, 4, 16, true }, { &fx_pcarray, 4, 16, false }, { &fx_lru3, 4, 8, true },
	{ &fx_lpm, 8, 8, false }, { &fx_queue, 0, 8, false }, { &fx_ringbuf, 0, 0, false },
	{ &fx_perf, 4, 4, false }, { &fx_progs, 4, 4, false }, { &fx_arrofmaps, 4, 4, false },
	{ &fx_hashofmaps, 4, 4, true }, { &fx_ro, 4, 8, true }, { &fx_wo, 4, 8, true },
	{ &fx_frozen, 4, 8, false }, { &fx_locked, 4, 8, true }, { &fx_hash0, 4, 8, true },
	{ &fx_full, 4, 8, true }, { &fx_nopre, 4, 8, true },
};
static const uint64_t values[32] = { 0x1122334455667788, 0x99aabbccddeeff00, 3, 4, 5, 6, 7, 8 };
static const uint32_t keys4[] = { 1, 2, 0, 3, 4, 1, 9, 9 };
static const uint32_t keys8[] = { 8, 0x0a0b0c0d, 16, 0x0a0b0c0d, 24, 0x0a0b0c0d, 32, 1, 33, 1,
				  8, 0x0a0b0c0d, 7, 7, 9, 9 };

static void lookups(const struct spec *s, unsigned i)
{
	/* How many elements a batch of a hash gives is a matter of which buckets they are in; in
	 * which order, too. What is left: batches of all, and of one. */
	const struct mask masks[] = {
		{ "batch.keys", 0, maps[i].key, M_SORT, maps[i].value, "the order of a hash is its own" },
		{ "batch.out_batch", 0, 4, M_ANY, 0, "so is the number of a bucket" },
	};
	static const uint32_t zero[2], one[2] = { 1 }, two[2] = { 2 }, big[2] = { 0xffffffff },
				       many[2] = { 64 };
	static const uint32_t *const from[] = { zero, one, two, big, many };
	struct call c = call_of(s, maps[i].f->name);

	if (maps[i].hash) {
		c.masks = masks;
		c.nmasks = 2;
	}
	set(&c, "batch.map_fd", fd_of(maps[i].f));
	set(&c, "batch.out_batch", out(maps[i].key > 4 ? maps[i].key : 4));
	set(&c, "batch.keys", out(8 * maps[i].key));
	set(&c, "batch.values", out(8 * maps[i].value));
	set(&c, "batch.count", num(8));
	break_all(&c);
	for (uint32_t n = 0; n < 6; n++) {
		if (maps[i].hash && n && maps[i].f->arg[5] > n)
			continue;
		set(&c, "batch.count", num(n));
		run(&c);
		for (unsigned k = 0; k < BU_ARRAY_SIZE(from); k++) {
			/* A bucket in the middle: how much is behind it only the side knows. */
			if (maps[i].hash && (k == 1 || k == 2))
				continue;
			set(&c, "batch.in_batch", in(from[k], maps[i].key > 4 ? 8 : 4));
			run(&c);
			break_pairs(&c, 4);
		}
		set(&c, "batch.in_batch", num(0));
	}
}

static void changes(const struct spec *s, unsigned i)
{
	static const struct embed inner[] = { { .off = 0, .what = E_FD, .fx = &fx_inner },
					      { .off = 4, .what = E_FD, .fx = &fx_inner } },
				  inner2[] = { { .off = 0, .what = E_FD, .fx = &fx_inner2 },
					       { .off = 4, .what = E_FD, .fx = &fx_inner2 } };
	struct call c = call_of(s, maps[i].f->name);

	set(&c, "batch.map_fd", fd_of(maps[i].f));
	set(&c, "batch.keys", in(maps[i].key == 8 ? keys8 : keys4, 8 * maps[i].key));
	if (maps[i].f->of)
		set(&c, "batch.values", in_emb(values, 8 * 4, maps[i].hash ? inner : inner2, 2));
	else
		set(&c, "batch.values", in(values, 8 * maps[i].value));
	set(&c, "batch.count", num(3));
	break_all(&c);
	for (uint32_t n = 0; n <= 8; n++) {
		set(&c, "batch.count", num(n));
		run(&c);
		break_pairs(&c, 4);
	}
}

void batch_tests(void)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++) {
		lookups(&lookup, i);
		lookups(&take, i);
		changes(&update, i);
		changes(&erase, i);
	}
}
