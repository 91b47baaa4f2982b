// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading all of a map.
 *
 * MAP_LOOKUP_BATCH where the kernel has it for the type: some hundred calls for a million
 * elements, and a hash is read bucket by bucket, so that a map that changes meanwhile is read once.
 * Else GET_NEXT_KEY and a lookup each. There a hash whose current key is deleted begins again, so
 * keys that were printed are remembered, and the number of steps is bounded.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define BATCH_ENTRIES 4096u
#define BATCH_BYTES (8u << 20)
#define OUT_BLOCK (256u << 10)
#define ENOTSUPP_KERNEL 524

/* ---------------------------------------------------------------- what kind of map it is */

/* Types whose walk begins again when the key it stands on is gone. */
static bool is_hash(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
	case BPF_MAP_TYPE_HASH_OF_MAPS:
	case BPF_MAP_TYPE_LPM_TRIE:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_DEVMAP_HASH:
		return true;
	}
	return false;
}

int bt_map_open(struct bt *t, struct bt_map *m, int fd)
{
	uint32_t size = sizeof(m->info);
	int err, n = 1;

	memset(m, 0, sizeof(*m));
	m->fd = fd;
	err = bu_sys_info(t->sys, fd, &m->info, &size);
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about the map");
	m->percpu = bu_map_is_percpu(m->info.type);
	m->of_maps = m->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
		     m->info.type == BPF_MAP_TYPE_HASH_OF_MAPS;
	m->of_progs = m->info.type == BPF_MAP_TYPE_PROG_ARRAY;
	m->stride = m->info.value_size;
	if (m->percpu) {
		n = t->sys->ops->possible_cpus(t->sys);
		if (n < 1)
			return bt_refused(t, -1, n ? n : -EIO, "cannot tell the number of CPUs");
		m->stride = (m->stride + 7) / 8 * 8;
	}
	m->ncpus = (unsigned)n;
	if (__builtin_mul_overflow(m->stride, (size_t)n, &m->vsize))
		return bt_refused(t, -1, -E2BIG, "map %u has too large values", m->info.id);
	if (m->info.btf_value_type_id)
		m->btf = bt_btf(t, m->info.btf_id);
	return 0;
}

void bt_map_done(struct bt_map *m)
{
	bu_buf_free(&m->hex);
}

/* ---------------------------------------------------------------- bytes as text */

static const char hex_digits[] = "0123456789abcdef";

void bt_hex(struct bu_buf *b, const uint8_t *p, size_t n)
{
	uint8_t *o = bu_buf_room(b, n * 4 + 1);
	size_t i, at = 0;

	if (!o)
		return;
	for (i = 0; i < n; i++) {
		if (i && i % 16 == 0) {
			o[at++] = '\n';
		} else if (i) {
			o[at++] = ' ';
			if (i % 8 == 0)
				o[at++] = ' ';
		}
		o[at++] = (uint8_t)hex_digits[p[i] >> 4];
		o[at++] = (uint8_t)hex_digits[p[i] & 15];
	}
	b->n += at;
}

void bt_hex_json(struct bu_buf *b, const uint8_t *p, size_t n)
{
	uint8_t *o = bu_buf_room(b, n * 7 + 2);
	size_t i, at = 0;

	if (!o)
		return;
	o[at++] = '[';
	for (i = 0; i < n; i++) {
		if (i)
			o[at++] = ',';
		o[at++] = '"';
		o[at++] = '0';
		o[at++] = 'x';
		o[at++] = (uint8_t)hex_digits[p[i] >> 4];
		o[at++] = (uint8_t)hex_digits[p[i] & 15];
		o[at++] = '"';
	}
	o[at++] = ']';
	b->n += at;
}

/* ---------------------------------------------------------------- one element */

static void put_bytes_json(struct bt *t, struct bt_map *m, const char *key, const uint8_t *p, size_t n)
{
	bu_buf_reset(&m->hex);
	bt_hex_json(&m->hex, p, n);
	bu_out_raw(&t->out, key, bu_buf_cstr(&m->hex), NULL);
}

/* "key" and "value", or "values" by CPU, by type. */
static void put_typed_json(struct bt *t, struct bt_map *m, const uint8_t *key, const uint8_t *value)
{
	unsigned c;

	if (m->info.btf_key_type_id)
		bu_btf_print_value(&t->out, "key", m->btf, m->info.btf_key_type_id, key,
				   m->info.key_size);
	if (!m->percpu) {
		bu_btf_print_value(&t->out, "value", m->btf, m->info.btf_value_type_id, value,
				   m->info.value_size);
		return;
	}
	bu_out_arr(&t->out, "values");
	for (c = 0; c < m->ncpus; c++) {
		bu_out_obj(&t->out, NULL);
		bu_out_uint(&t->out, "cpu", c, NULL);
		bu_btf_print_value(&t->out, "value", m->btf, m->info.btf_value_type_id,
				   value + c * m->stride, m->info.value_size);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

static void line(struct bu_buf *b, unsigned depth, const char *text)
{
	bu_buf_char(b, '\n');
	for (; depth; depth--)
		bu_buf_add(b, "    ", 4);
	bu_buf_str(b, text);
}

/* The same as text: like JSON on many lines, but for people. depth: of the braces. */
static void put_typed_text(struct bt *t, struct bt_map *m, const uint8_t *key, const uint8_t *value,
			   int err)
{
	struct bu_buf *b = &t->out.buf;
	unsigned depth = m->depth, c;

	bu_buf_char(b, '{');
	if (m->info.btf_key_type_id) {
		line(b, depth + 1, "\"key\": ");
		bu_btf_print_text(b, m->btf, m->info.btf_key_type_id, key, m->info.key_size, depth + 1);
		bu_buf_char(b, ',');
	}
	if (err) {
		line(b, depth + 1, "\"error\": ");
		bu_buf_printf(b, "\"%s\"", bt_strerror(err));
	} else if (!m->percpu) {
		line(b, depth + 1, "\"value\": ");
		bu_btf_print_text(b, m->btf, m->info.btf_value_type_id, value, m->info.value_size,
				  depth + 1);
	} else {
		line(b, depth + 1, "\"values\": [");
		for (c = 0; c < m->ncpus; c++) {
			bu_buf_str(b, c ? ",{" : "{");
			line(b, depth + 3, "\"cpu\": ");
			bu_buf_printf(b, "%u,", c);
			line(b, depth + 3, "\"value\": ");
			bu_btf_print_text(b, m->btf, m->info.btf_value_type_id, value + c * m->stride,
					  m->info.value_size, depth + 3);
			line(b, depth + 2, "}");
		}
		line(b, depth + 1, "]");
	}
	line(b, depth, "}");
}

static void put_json(struct bt *t, struct bt_map *m, const char *name, const uint8_t *key,
		     const uint8_t *value, int err)
{
	unsigned c;

	bu_out_obj(&t->out, name);
	if (m->info.key_size)
		put_bytes_json(t, m, "key", key, m->info.key_size);
	if (err) {
		bu_out_obj(&t->out, "value");
		bu_out_str(&t->out, "error", bt_strerror(err), SIZE_MAX, NULL);
		bu_out_obj_end(&t->out);
		goto out;
	}
	if (m->percpu) {
		bu_out_arr(&t->out, "values");
		for (c = 0; c < m->ncpus; c++) {
			bu_out_obj(&t->out, NULL);
			bu_out_uint(&t->out, "cpu", c, NULL);
			put_bytes_json(t, m, "value", value + c * m->stride, m->info.value_size);
			bu_out_obj_end(&t->out);
		}
		bu_out_arr_end(&t->out);
	} else {
		put_bytes_json(t, m, "value", value, m->info.value_size);
	}
	if (m->of_maps)
		bu_out_uint(&t->out, "inner_map_id", bu_get32(value, BU_HOST_BE), NULL);
	if (m->btf) {
		bu_out_obj(&t->out, "formatted");
		put_typed_json(t, m, key, value);
		bu_out_obj_end(&t->out);
	}
out:
	bu_out_obj_end(&t->out);
}

static void put_hex(struct bu_buf *b, const char *name, bool own_line, const uint8_t *p, size_t n)
{
	bu_buf_str(b, name);
	bu_buf_char(b, own_line ? '\n' : ' ');
	bt_hex(b, p, n);
}

/* Hex text, laid out as upstream does: one line when all of it is short. */
static void put_plain(struct bt *t, struct bt_map *m, const uint8_t *key, const uint8_t *value, int err)
{
	struct bu_buf *b = &t->out.buf;
	size_t kn = m->info.key_size, vn = m->info.value_size;
	const char *msg = err == -ENOENT ? "<no entry>" : bt_strerror(err);
	bool tall, flat;
	char name[32];
	unsigned c;

	if (m->percpu && !err) {
		put_hex(b, "key:", true, key, kn);
		for (c = 0; c < m->ncpus; c++) {
			snprintf(name, sizeof(name), "\nvalue (CPU %02u):", c);
			put_hex(b, name, vn > 16, value + c * m->stride, vn);
		}
		bu_buf_char(b, '\n');
		return;
	}
	if (err)
		vn = strlen(msg);
	tall = kn > 16 || vn > 16;
	flat = kn + vn <= 24 && !tall;
	if (kn) {
		put_hex(b, "key:", tall, key, kn);
		bu_buf_str(b, flat ? "  " : "\n");
	}
	if (err)
		bu_buf_printf(b, "value:%c%s", tall ? '\n' : ' ', msg);
	else if (m->of_maps)
		bu_buf_printf(b, "inner_map_id: %u", bu_get32(value, BU_HOST_BE));
	else
		put_hex(b, "value:", tall, value, vn);
	bu_buf_char(b, '\n');
}

void bt_put_elem(struct bt *t, struct bt_map *m, const char *key_name, const uint8_t *key,
		 const uint8_t *value, int err)
{
	if (t->json)
		put_json(t, m, key_name, key, value, err);
	else if (m->btf)
		put_typed_text(t, m, key, value, err);
	else
		put_plain(t, m, key, value, err);
	if (t->out.buf.n >= OUT_BLOCK)
		bu_out_flush(&t->out);
}

/* ---------------------------------------------------------------- all elements */

struct walk {
	struct bt *t;
	struct bt_map *m;
	bool typed_text;
	uint64_t n;          /* elements shown */
	uint64_t shown;      /* those with an error in their place, too */
};

static void show(struct walk *w, const uint8_t *key, const uint8_t *value, int err)
{
	if (w->typed_text && w->shown++)
		bu_buf_char(&w->t->out.buf, ',');
	bt_put_elem(w->t, w->m, NULL, key, value, err);
	if (!err)
		w->n++;
}

/* 0, or -errno; *used is false when the kernel has no batch for this type. */
static int walk_batch(struct walk *w, bool *used)
{
	struct bt_map *m = w->m;
	size_t each = m->info.key_size + m->vsize, cur_size = m->info.key_size > 8 ? m->info.key_size : 8;
	size_t fit = BATCH_BYTES / (each ? each : 1);
	uint32_t cap = BATCH_ENTRIES, count, i;
	uint8_t *keys = NULL, *values = NULL, *cur, *in = NULL;
	int err;

	*used = false;
	if (cap > fit)
		cap = fit ? (uint32_t)fit : 1;
	if (cap > m->info.max_entries)
		cap = m->info.max_entries;
	cur = calloc(2, cur_size);
	if (!cur || !cap)
		goto nomem;
	for (;;) {
		if (!keys) {
			keys = malloc((size_t)cap * m->info.key_size);
			values = malloc((size_t)cap * m->vsize);
			if (!keys || !values)
				goto nomem;
		}
		count = cap;
		err = bu_sys_map_lookup_batch(w->t->sys, m->fd, in, cur + (in == cur ? cur_size : 0),
					      keys, values, &count);
		if (err == -EINTR)
			continue;
		if (err == -ENOSPC && cap < UINT32_MAX / 4) {
			/* one bucket holds more than the room given */
			cap *= 2;
			free(keys);
			free(values);
			keys = values = NULL;
			*used = true;
			continue;
		}
		if (err && err != -ENOENT)
			break;
		*used = true;
		if (count > cap)
			count = cap;
		for (i = 0; i < count; i++)
			show(w, keys + (size_t)i * m->info.key_size, values + (size_t)i * m->vsize, 0);
		if (err == -ENOENT || w->t->out.err) {
			err = 0;
			break;
		}
		in = in == cur ? cur + cur_size : cur;
	}
	goto out;
nomem:
	*used = true;
	err = -ENOMEM;
out:
	free(keys);
	free(values);
	free(cur);
	return err;
}

/* Remembers a key; *seen when it was there before. */
static int remember(struct bu_hash *h, struct bu_arena *a, const uint8_t *key, size_t n, bool *seen)
{
	void *copy;

	*seen = bu_hash_get(h, (const char *)key, n) != NULL;
	if (*seen)
		return 0;
	copy = bu_arena_memdup(a, key, n);
	return copy ? bu_hash_put(h, copy, n, copy) : -ENOMEM;
}

/* Key by key. *whole is false when the map changed too often for an end to be found. */
static int walk_keys(struct walk *w, bool *whole)
{
	struct bt_map *m = w->m;
	struct bt *t = w->t;
	bool hash = is_hash(m->info.type), seen = false;
	uint64_t steps = 0, limit = 4ull * m->info.max_entries + 1024;
	uint8_t *key = calloc(1, m->info.key_size + 1), *next_key = calloc(1, m->info.key_size + 1);
	uint8_t *value = calloc(1, m->vsize + 8), *swap;
	struct bu_arena arena;
	struct bu_hash keys = { 0 };
	bool first = true;
	int err, lerr;

	bu_arena_init(&arena);
	*whole = true;
	err = key && next_key && value ? 0 : -ENOMEM;
	while (!err && !t->out.err) {
		err = bu_sys_map_next_key(t->sys, m->fd, first ? NULL : key, next_key);
		if (err)
			break;
		first = false;
		swap = key;
		key = next_key;
		next_key = swap;
		if (hash) {
			err = remember(&keys, &arena, key, m->info.key_size, &seen);
			if (steps++ > limit) {
				*whole = false;
				break;
			}
			if (err || seen)
				continue;
		}
		lerr = bu_sys_map_lookup(t->sys, m->fd, key, value, 0);
		if (lerr == -ENOENT && (hash || m->of_maps || m->of_progs))
			continue; /* gone meanwhile, or an empty slot */
		show(w, key, value, lerr);
	}
	bu_hash_free(&keys);
	bu_arena_free(&arena);
	free(key);
	free(next_key);
	free(value);
	return err == -ENOENT ? 0 : err;
}

static int dump_elems(struct bt *t, struct bt_map *m, uint64_t *n)
{
	struct walk w = { .t = t, .m = m, .typed_text = m->btf && !t->json };
	bool used = false, whole = true;
	int err;

	if (w.typed_text) {
		m->depth = 1;
		bu_buf_char(&t->out.buf, '[');
	}
	err = m->info.key_size ? walk_batch(&w, &used) : -ENOTSUP;
	if (!used)
		err = walk_keys(&w, &whole);
	*n = w.n;
	if (w.typed_text)
		bu_buf_str(&t->out.buf, w.shown ? "\n]\n" : "]\n");
	if (err == -ENOTSUPP_KERNEL || err == -EOPNOTSUPP)
		return bt_error(t, "T0105", "map %u cannot be listed: the kernel has no walk for its type",
				m->info.id);
	if (err)
		return bt_refused(t, BPF_MAP_GET_NEXT_KEY, err, "cannot read map %u", m->info.id);
	if (!whole)
		return bt_error(t, "T0109", "map %u changes too fast to be read to its end", m->info.id);
	return 0;
}

/* ---------------------------------------------------------------- map dump */

static int dump_one(struct bt *t, int fd, const char *key, bool header)
{
	const char *why, *type;
	struct bt_map m;
	uint64_t n = 0;
	int st;

	st = bt_map_open(t, &m, fd);
	if (st)
		goto fail;
	type = bt_kind(t, bu_map_types, bu_nmap_types, m.info.type);
	why = bu_map_unlistable(m.info.type);
	if (why) {
		st = bt_error(t, "T0105", "map %u is a %s: %s", m.info.id, type, why);
		goto fail;
	}
	bt_begin(t);
	if (header) {
		bu_out_obj(&t->out, key);
		bu_out_uint(&t->out, "id", m.info.id, "%u: ", m.info.id);
		bt_put_kind(t, "type", bu_map_types, bu_nmap_types, m.info.type, "%s  ", "type %u  ");
		if (m.info.name[0]) {
			const char *name = bt_name16(t, m.info.name);

			bu_out_str(&t->out, "name", name, SIZE_MAX, "name %s  ", bt_escz(t, name));
		}
		bu_out_uint(&t->out, "flags", m.info.map_flags, "flags 0x%x\n", m.info.map_flags);
		key = "elements";
	}
	bu_out_arr(&t->out, key);
	st = dump_elems(t, &m, &n);
	if (st)
		bt_error_obj(t, NULL, 0);
	bu_out_arr_end(&t->out);
	if (!m.btf)
		bu_out_text(&t->out, "Found %llu element%s\n", (unsigned long long)n,
			    n == 1 ? "" : "s");
	if (header)
		bu_out_obj_end(&t->out);
	bt_map_done(&m);
	return st;
fail:
	if (header)
		bt_error_obj(t, key, m.info.id);
	bt_map_done(&m);
	return st;
}

int bt_map_dump(struct bt *t)
{
	struct bt_objs all;
	int st, one;
	bool many;
	size_t i;

	st = bt_handles(t, BU_MAP, BPF_F_RDONLY, &all);
	if (!st)
		st = bt_end(t);
	if (st)
		goto out;
	many = all.n > 1;
	if (many) {
		bt_begin(t);
		bu_out_arr(&t->out, t->key);
	}
	for (i = 0; i < all.n; i++) {
		if (i)
			bu_out_text(&t->out, "\n");
		one = dump_one(t, all.v[i].fd, many ? NULL : t->key, many);
		st = st ? st : one;
	}
	if (many)
		bu_out_arr_end(&t->out);
out:
	bt_objs_close(t, &all);
	return st;
}
