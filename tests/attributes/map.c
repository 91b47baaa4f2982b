/* SPDX-License-Identifier: GPL-2.0-or-later */
/* MAP_CREATE, the element commands and MAP_FREEZE. */
#include "core.h"
#include "fixtures.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------- MAP_CREATE */

static const struct field create_fields[] = {
	FIELD(map_type, F_NUM), FIELD(key_size, F_NUM), FIELD(value_size, F_NUM),
	FIELD(max_entries, F_NUM), FIELD(map_flags, F_FLAGS), FIELD(inner_map_fd, F_FD),
	FIELD(numa_node, F_NUM), FIELD(map_name, F_NAME), FIELD(map_ifindex, F_NUM),
	FIELD(btf_fd, F_FD), FIELD(btf_key_type_id, F_NUM), FIELD(btf_value_type_id, F_NUM),
	FIELD(btf_vmlinux_value_type_id, F_NUM), FIELD(map_extra, F_FLAGS),
	FIELD(value_type_btf_obj_fd, F_FD), FIELD(map_token_fd, F_FD),
	FIELD(excl_prog_hash, F_IN), FIELD(excl_prog_hash_size, F_NUM),
};

static void after_create(unsigned side, int r, struct bu_buf *out)
{
	struct bpf_map_info i = { 0 };
	uint32_t n = sizeof(i), *u = (uint32_t *)&i;
	int err;

	if (r < 0)
		return;
	err = bu_sys_info(side_sys(side), r, &i, &n);
	i.id = 0;
	i.btf_id = i.btf_id != 0;
	bu_buf_printf(out, "    info %d, %u bytes:", err, n);
	for (unsigned k = 0; k < sizeof(i) / 4; k++)
		bu_buf_printf(out, " %x", u[k]);
	bu_buf_char(out, '\n');
}
static const struct spec map_create = { BPF_MAP_CREATE, "map_create", true, create_fields,
					BU_ARRAY_SIZE(create_fields), after_create };

static struct call create(const char *label, uint32_t type, uint32_t key, uint32_t value, uint32_t max,
			  uint32_t flags)
{
	struct call c = call_of(&map_create, label);

	set(&c, "map_type", num(type));
	set(&c, "key_size", num(key));
	set(&c, "value_size", num(value));
	set(&c, "max_entries", num(max));
	set(&c, "map_flags", num(flags));
	set(&c, "map_name", name(label));
	return c;
}

static void test_create(void)
{
	static const struct {
		const char *label;
		uint32_t type, key, value, max, flags;
	} rows[] = {
		{ "hash", BPF_MAP_TYPE_HASH, 4, 8, 16, 0 },
		{ "hash_np", BPF_MAP_TYPE_HASH, 5, 13, 7, BPF_F_NO_PREALLOC },
		{ "array", BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 },
		{ "array_mm", BPF_MAP_TYPE_ARRAY, 4, 12, 4, BPF_F_MMAPABLE },
		{ "array_in", BPF_MAP_TYPE_ARRAY, 4, 12, 4, BPF_F_INNER_MAP },
		{ "pchash", BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 16, 0 },
		{ "pcarray", BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 4, 0 },
		{ "lru", BPF_MAP_TYPE_LRU_HASH, 4, 8, 64, 0 },
		{ "lpm", BPF_MAP_TYPE_LPM_TRIE, 8, 8, 16, BPF_F_NO_PREALLOC },
		{ "queue", BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0 },
		{ "stack", BPF_MAP_TYPE_STACK, 0, 8, 4, 0 },
		{ "ringbuf", BPF_MAP_TYPE_RINGBUF, 0, 0, 8192, 0 },
		{ "perf", BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 2, 0 },
		{ "progs", BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0 },
	};
	static const uint32_t flags[] = { BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY | BPF_F_WRONLY,
		BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
		BPF_F_ZERO_SEED, BPF_F_NUMA_NODE, BPF_F_INNER_MAP | BPF_F_NO_PREALLOC,
		BPF_F_MMAPABLE | BPF_F_INNER_MAP, BPF_F_NO_PREALLOC | BPF_F_ZERO_SEED,
		BPF_F_NO_COMMON_LRU | BPF_F_NO_PREALLOC, BPF_F_PRESERVE_ELEMS };
	struct call c;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		c = create(rows[i].label, rows[i].type, rows[i].key, rows[i].value, rows[i].max,
			   rows[i].flags);
		break_all(&c);
		for (unsigned k = 0; k < BU_ARRAY_SIZE(flags); k++) {
			set(&c, "map_flags", num(flags[k]));
			run(&c);
		}
	}
	c = create("typed", BPF_MAP_TYPE_HASH, 4, 8, 16, 0);
	set(&c, "btf_fd", fd_of(&fx_btf));
	set(&c, "btf_key_type_id", num(1));
	set(&c, "btf_value_type_id", num(3));
	break_all(&c);
	set(&c, "map_type", num(BPF_MAP_TYPE_ARRAY));
	break_all(&c);
	c = create("of_maps", BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 4, 0);
	set(&c, "inner_map_fd", fd_of(&fx_inner));
	break_all(&c);
	set(&c, "map_type", num(BPF_MAP_TYPE_HASH_OF_MAPS));
	break_all(&c);
	/* Every type with sizes that are right for some. */
	for (uint32_t t = 0; t < 36; t++)
		for (uint32_t k = 0; k < 3; k++)
			for (uint32_t v = 0; v < 3; v++) {
				if (t == BPF_MAP_TYPE_BLOOM_FILTER || t == BPF_MAP_TYPE_ARENA ||
				    t == BPF_MAP_TYPE_STRUCT_OPS)
					continue;
				c = create("sizes", t, k * 4, v * 4, 4096, 0);
				run(&c);
			}
}

/* ---------------------------------------------------------------- elements */

static const struct field elem_fields[] = {
	FIELD(map_fd, F_FD), FIELD(key, F_IN), FIELD(value, F_OUT), FIELD(flags, F_FLAGS),
};
static const struct field update_fields[] = {
	FIELD(map_fd, F_FD), FIELD(key, F_IN), FIELD(value, F_IN), FIELD(flags, F_FLAGS),
};
static const struct field delete_fields[] = { FIELD(map_fd, F_FD), FIELD(key, F_IN) };
static const struct field next_fields[] = {
	FIELD(map_fd, F_FD), FIELD(key, F_IN), FIELD(next_key, F_OUT),
};
#define SPEC(cmd, text, fields) { cmd, text, false, fields, BU_ARRAY_SIZE(fields), NULL }
static const struct spec
	lookup = SPEC(BPF_MAP_LOOKUP_ELEM, "map_lookup_elem", elem_fields),
	update = SPEC(BPF_MAP_UPDATE_ELEM, "map_update_elem", update_fields),
	erase = SPEC(BPF_MAP_DELETE_ELEM, "map_delete_elem", delete_fields),
	next = SPEC(BPF_MAP_GET_NEXT_KEY, "map_get_next_key", next_fields),
	take = SPEC(BPF_MAP_LOOKUP_AND_DELETE_ELEM, "map_lookup_and_delete_elem", elem_fields);

static const struct {
	const struct fixture *f;
	unsigned key, value; /* bytes */
	bool array;
} maps[] = {
	{ &fx_hash1, 4, 8, false }, { &fx_array, 4, 8, true }, { &fx_nopre, 4, 8, false },
	{ &fx_lru1, 4, 8, false }, { &fx_pchash1, 4, 16, false }, { &fx_pcarray, 4, 16, true },
	{ &fx_lpm1, 8, 8, false }, { &fx_queue, 0, 8, false }, { &fx_stack, 0, 8, false },
	{ &fx_queue0, 0, 8, false }, { &fx_ringbuf, 0, 0, false }, { &fx_perf, 4, 4, true },
	{ &fx_progs, 4, 4, true }, { &fx_arrofmaps, 4, 4, true }, { &fx_hashofmaps, 4, 4, false },
	{ &fx_ro, 4, 8, false }, { &fx_wo, 4, 8, false }, { &fx_frozen, 4, 8, true },
	{ &fx_mmapable, 4, 8, true }, { &fx_locked, 4, 8, false }, { &fx_hash0, 4, 8, false },
	{ &fx_full, 4, 8, false },
};
static const uint64_t value[32] = { 0x1122334455667788, 0x99aabbccddeeff00, 3, 4 };

/* Keys to try: there, not there, out of an array. 8 bytes, for LPM tries. */
static const uint32_t keys[][2] = { { 1, 0 }, { 7, 0 }, { 0, 0 }, { 4, 0 }, { 0xffffffff, 1 },
				    { 8, 0x0a0b0c0d }, { 33, 1 }, { 16, 0x0a0b0c0d } };
static const uint64_t flags[] = { 0, BPF_NOEXIST, BPF_EXIST, 3, BPF_F_LOCK, BPF_F_LOCK | BPF_NOEXIST,
				  BPF_F_LOCK | BPF_EXIST, 8, 16, 1ull << 32 };

static struct val key_of(unsigned map, unsigned k)
{
	return maps[map].key ? in(keys[k], maps[map].key) : num(0);
}

static struct val value_of(unsigned map)
{
	static const struct embed inner = { .what = E_FD, .fx = &fx_inner },
				  inner2 = { .what = E_FD, .fx = &fx_inner2 },
				  prog = { .what = E_FD, .fx = &fx_prog };

	if (maps[map].f == &fx_arrofmaps)
		return in_emb(value, 4, &inner2, 1);
	if (maps[map].f == &fx_hashofmaps)
		return in_emb(value, 4, &inner, 1);
	if (maps[map].f == &fx_progs)
		return in_emb(value, 4, &prog, 1);
	return in(value, maps[map].value);
}

static void elem(const struct spec *s, unsigned i)
{
	bool has_value = s != &erase && s != &next, has_flags = has_value;
	struct call c = call_of(s, maps[i].f->name);

	set(&c, "map_fd", fd_of(maps[i].f));
	set(&c, "key", key_of(i, maps[i].f->arg[0] == BPF_MAP_TYPE_LPM_TRIE ? 5 : 0));
	if (s == &update)
		set(&c, "value", value_of(i));
	else if (has_value)
		set(&c, "value", out(maps[i].value));
	if (s == &next)
		set(&c, "next_key", out(maps[i].key));
	break_all(&c);
	for (unsigned k = 0; k < BU_ARRAY_SIZE(keys); k++)
		for (unsigned f = 0; f < (has_flags ? BU_ARRAY_SIZE(flags) : 1); f++) {
			set(&c, "key", key_of(i, k));
			if (has_flags)
				set(&c, "flags", num(flags[f]));
			run(&c);
		}
	if (s == &update && (maps[i].f->of || maps[i].f == &fx_progs)) {
		static struct embed e[64]; /* each kind of fd where one of a map or program belongs */

		set(&c, "key", key_of(i, 0));
		set(&c, "flags", num(0));
		for (unsigned n = 0; n < BU_ARRAY_SIZE(e) && fx_wrong(n); n++) {
			e[n] = (struct embed){ .what = E_FD, .fx = fx_wrong(n) };
			set(&c, "value", in_emb(value, 4, &e[n], 1));
			run(&c);
		}
	}
}

/* ---------------------------------------------------------------- freeze */

static const struct field freeze_fields[] = { FIELD(map_fd, F_FD) };
static const struct spec freeze = SPEC(BPF_MAP_FREEZE, "map_freeze", freeze_fields);

static void test_freeze(void)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++) {
		struct call c = call_of(&freeze, maps[i].f->name);

		set(&c, "map_fd", fd_of(maps[i].f));
		break_all(&c);
	}
}

void map_tests(void)
{
	static const struct spec *const specs[] = { &lookup, &update, &erase, &next, &take };

	test_create();
	for (unsigned s = 0; s < BU_ARRAY_SIZE(specs); s++)
		for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++)
			elem(specs[s], i);
	test_freeze();
}
