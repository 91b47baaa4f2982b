// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --watch: a map as it lives, on standard output. Its text is what --map-from reads: a comment, and
 * a line "KEY VALUE" an element, by BTF type or as "hex 01 02 ...".
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ld.h"

#define BATCH 256u /* elements a call, as long as they fit these bytes */
#define BATCH_BYTES (4u << 20)

static uint64_t start_time; /* ns, when watching began */

struct table {
	const struct ld *l;
	const struct bu_loaded_map *m;
	struct bpf_map_info info;
	uint32_t value_bytes, rows; /* a per-CPU value has a row for each CPU */
	struct bu_out *o;
	struct bu_buf lines;        /* text mode */
	struct bu_out word;         /* one key or value, which goes to text */
	struct bu_buf text;
	uint64_t n;
};

static int to_buf(void *ctx, const void *p, size_t n)
{
	return bu_buf_add(ctx, p, n);
}

/* One key or value as JSON text, or as hex bytes: kept in t->text. */
static const char *word(struct table *t, uint32_t type, const uint8_t *p, uint32_t n)
{
	struct bu_buf *b = &t->text;

	bu_buf_reset(b);
	t->word.depth = 0;
	t->word.first[0] = 1;
	/* The one key of global data has no type, and no more to say than its number. */
	if (!type && t->m->def && t->m->def->origin == BU_MAP_DATA && n == 4) {
		bu_buf_u64(b, bu_get32(p, BU_HOST_BE));
		return bu_buf_cstr(b);
	}
	if (type && bu_btf_print_value(&t->word, NULL, &t->l->obj.btf, type, p, n) >= 0 &&
	    bu_out_flush(&t->word) >= 0)
		return bu_buf_cstr(b);
	bu_buf_reset(&t->word.buf);
	bu_buf_reset(b);
	if (t->l->json) {
		bu_buf_char(b, '[');
		for (uint32_t i = 0; i < n; i++)
			bu_buf_printf(b, "%s\"0x%02x\"", i ? "," : "", p[i]);
		bu_buf_char(b, ']');
	} else {
		bu_buf_str(b, "hex");
		for (uint32_t i = 0; i < n; i++)
			bu_buf_printf(b, " %02x", p[i]);
	}
	return bu_buf_cstr(b);
}

static void element(struct table *t, const uint8_t *key, const uint8_t *value)
{
	bool typed = t->m->def && t->l->obj.has_btf;
	uint32_t kt = typed ? t->m->def->btf_key : 0, vt = typed ? t->m->def->btf_value : 0;
	uint32_t stride = (t->info.value_size + 7) / 8 * 8;

	t->n++;
	if (t->l->json) {
		bu_out_obj(t->o, NULL);
		bu_out_raw(t->o, "key", word(t, kt, key, t->info.key_size), NULL);
		if (t->rows > 1)
			bu_out_arr(t->o, "values");
		for (uint32_t r = 0; r < t->rows; r++)
			bu_out_raw(t->o, t->rows > 1 ? NULL : "value",
				   word(t, vt, value + (size_t)r * stride, t->info.value_size),
				   NULL);
		if (t->rows > 1)
			bu_out_arr_end(t->o);
		bu_out_obj_end(t->o);
		return;
	}
	bu_buf_printf(&t->lines, "%s ", word(t, kt, key, t->info.key_size));
	for (uint32_t r = 0; r < t->rows; r++)
		bu_buf_printf(&t->lines, "%s%s", r ? ", " : t->rows > 1 ? "[" : "",
			      word(t, vt, value + (size_t)r * stride, t->info.value_size));
	bu_buf_str(&t->lines, t->rows > 1 ? "]\n" : "\n");
}

/*
 * In batches, where the map and the kernel can: a walk by keys starts anew when the key it stands
 * on is deleted. -EOPNOTSUPP, -EINVAL: not this way.
 */
static int by_batch(struct table *t)
{
	size_t fit = BATCH_BYTES / ((size_t)t->info.key_size + t->value_bytes + 1);
	uint32_t room = fit < 1 ? 1 : fit < BATCH ? (uint32_t)fit : BATCH, count;
	uint8_t *keys = malloc((size_t)t->info.key_size * room + 8);
	uint8_t *values = malloc((size_t)t->value_bytes * room + 8);
	uint8_t *at = calloc(2, (size_t)t->info.key_size + 8), *next, *in = NULL;
	int rc = -ENOMEM;

	if (!keys || !values || !at)
		goto out;
	next = at + t->info.key_size + 8;
	for (;;) {
		count = room;
		rc = bu_sys_map_lookup_batch(t->l->sys, t->m->fd, in, next, keys, values, &count);
		/* A bucket of more elements than fit: look at that many more. */
		if (rc == -ENOSPC && room < 1u << 20) {
			uint8_t *k, *v;

			room *= 4;
			k = realloc(keys, (size_t)t->info.key_size * room + 8);
			keys = k ? k : keys;
			v = realloc(values, (size_t)t->value_bytes * room + 8);
			values = v ? v : values;
			if (k && v)
				continue;
			rc = -ENOMEM;
		}
		if (rc < 0 && rc != -ENOENT)
			break;
		for (uint32_t i = 0; i < count; i++)
			element(t, keys + (size_t)i * t->info.key_size,
				values + (size_t)i * t->value_bytes);
		if (rc == -ENOENT) {
			rc = 0;
			break;
		}
		memcpy(at, next, t->info.key_size + 8);
		in = at;
	}
out:
	free(keys);
	free(values);
	free(at);
	return rc;
}

static int by_keys(struct table *t)
{
	uint8_t *key = calloc(2, (size_t)t->info.key_size + 8), *next;
	uint8_t *value = malloc((size_t)t->value_bytes + 8);
	const uint8_t *at = NULL;
	int rc = -ENOMEM;

	if (!key || !value)
		goto out;
	next = key + t->info.key_size + 8;
	rc = 0;
	for (uint64_t i = 0; i < t->info.max_entries; i++) {
		rc = bu_sys_map_next_key(t->l->sys, t->m->fd, at, next);
		if (rc < 0)
			break;
		memcpy(key, next, t->info.key_size);
		at = key;
		if (bu_sys_map_lookup(t->l->sys, t->m->fd, key, value, 0) >= 0)
			element(t, key, value);
	}
	rc = rc == -ENOENT ? 0 : rc;
out:
	free(key);
	free(value);
	return rc;
}

/* By keys that mean something: those of local storage are fds, a perf array holds none to show. */
static bool can_walk(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
		return false;
	default:
		return !bu_map_unlistable(type);
	}
}

static int map_info(struct ld *l, const struct bu_loaded_map *m, struct bpf_map_info *info)
{
	uint32_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bu_sys_info(l->sys, m->fd, info, &len);
}

static int walk(struct table *t)
{
	int rc = by_batch(t);

	/* Older kernels know no batches, or not for this type; nothing was printed then. */
	if (rc < 0 && rc != -ENOMEM && !t->n)
		rc = by_keys(t);
	return rc;
}

static int out_text(struct table *t, uint64_t now)
{
	struct bu_buf b = { 0 };
	int rc;

	bu_buf_printf(&b, "# %s: %llu %s after %llu.%03llu s\n", t->m->name,
		      (unsigned long long)t->n, t->n == 1 ? "entry" : "entries",
		      (unsigned long long)((now - start_time) / 1000000000),
		      (unsigned long long)((now - start_time) / 1000000 % 1000));
	rc = bu_write_all(STDOUT_FILENO, b.p, b.n);
	if (!rc)
		rc = bu_write_all(STDOUT_FILENO, t->lines.p, t->lines.n);
	bu_buf_free(&b);
	return rc;
}

static int cannot_watch(struct ld *l, const struct ld_watch *w, int err)
{
	bu_diag(&l->ds, BU_ERROR, "L0302", "--watch %s: %s", w->map, bu_strerror(-err));
	return err;
}

int ld_watch_print(struct ld *l, const struct ld_watch *w, uint64_t now)
{
	struct table t = { .l = l, .m = w->m, .rows = 1 };
	struct bu_out o;
	int rc = map_info(l, w->m, &t.info), cpus;

	if (rc < 0)
		return cannot_watch(l, w, rc);
	t.value_bytes = t.info.value_size;
	if (bu_map_is_percpu(t.info.type)) {
		cpus = l->sys->ops->possible_cpus(l->sys);
		t.rows = cpus > 0 ? (uint32_t)cpus : 1;
		t.value_bytes = (t.info.value_size + 7) / 8 * 8 * t.rows;
	}
	bu_out_init(&t.word, to_buf, &t.text);
	t.word.json = true;
	bu_out_init(&o, bu_out_write_fd, (void *)(intptr_t)STDOUT_FILENO);
	o.json = l->json;
	t.o = &o;
	bu_out_obj(&o, NULL);
	bu_out_str(&o, "map", w->m->name, SIZE_MAX, NULL);
	bu_out_uint(&o, "after_ms", (now - start_time) / 1000000, NULL);
	bu_out_arr(&o, "entries");
	rc = walk(&t);
	bu_out_arr_end(&o);
	bu_out_obj_end(&o);
	if (rc < 0)
		cannot_watch(l, w, rc);
	if (l->json)
		l->out_err = bu_out_finish(&o);
	else if (!rc)
		l->out_err = out_text(&t, now);
	rc = rc ? rc : l->out_err;
	bu_buf_free(&o.buf);
	bu_buf_free(&t.word.buf);
	bu_buf_free(&t.text);
	bu_buf_free(&t.lines);
	return rc;
}

int ld_watch_start(struct ld *l, uint64_t now)
{
	start_time = now;
	for (unsigned i = 0; i < l->nwatch; i++) {
		struct ld_watch *w = &l->watch[i];
		struct bpf_map_info info;
		int rc;

		for (unsigned k = 0; k < l->made.nmaps && !w->m; k++) {
			if (strcmp(l->made.maps[k].name, w->map) == 0)
				w->m = &l->made.maps[k];
		}
		if (!w->m)
			return -ENOENT;
		rc = map_info(l, w->m, &info);
		if (rc < 0)
			return rc;
		if (!can_walk(info.type)) {
			const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types,
								 info.type);

			bu_diag(&l->ds, BU_ERROR, "L0302", "--watch %s: a map of type %s cannot be "
				"walked", w->map, k ? k->name : "unknown");
			return -EINVAL;
		}
		w->due = now + w->interval;
	}
	return 0;
}
