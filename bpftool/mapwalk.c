// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading all of a map, in the cheapest way that its type has.
 *
 *   mapped   arrays that may be mapped: no calls at all, a window at a time
 *   batches  MAP_LOOKUP_BATCH: some hundred calls for a million elements; a hash is read bucket by
 *            bucket, so that no key comes twice from a map that changes meanwhile
 *   keys     GET_NEXT_KEY and a look-up each: keywalk.c
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define BATCH_ENTRIES 16384u
#define BATCH_BYTES (1u << 20)
#define WINDOW (1u << 20) /* bytes mapped at once */
#define ENOTSUPP_KERNEL 524

/* Types whose walk by keys begins again when the key it stands on is gone. */
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
	case BPF_MAP_TYPE_CGROUP_STORAGE:
	case BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE:
		return true;
	}
	return false;
}

static bool give(struct bt_walk *w, const uint8_t *keys, const uint8_t *values, size_t stride, uint32_t n,
		 int err)
{
	if (n && !w->t->out.err)
		w->fn(w, keys, values, stride, n, err);
	return !w->t->out.err && !w->stop;
}

/* ---------------------------------------------------------------- mapped */

/* 0 with *used, when the map was read this way. */
static int walk_mapped(struct bt_walk *w, bool *used)
{
	struct bt_map *m = w->m;
	const struct bu_sys_ops *ops = w->t->sys->ops;
	size_t stride = ((size_t)m->info.value_size + 7) / 8 * 8, page = 65536, len, left, off = 0;
	uint32_t n = m->info.max_entries, per, k, i = 0;
	uint32_t *keys = NULL;
	int fd, err = 0;
	uint8_t *p;

	*used = false;
	if (m->info.type != BPF_MAP_TYPE_ARRAY || !(m->info.map_flags & BPF_F_MMAPABLE) ||
	    m->info.key_size != 4 || !stride)
		return 0;
	/* Windows begin at a page and at an element. */
	per = (uint32_t)(stride < WINDOW ? WINDOW / stride : 1);
	while (per > 1 && (size_t)per * stride % page)
		per--;
	if ((size_t)per * stride % page)
		per = n; /* all at once: elements of an odd size, larger than most */
	/* What is open for reading only cannot be mapped. */
	fd = bu_sys_fd_by_id(w->t->sys, BU_MAP, m->info.id, 0);
	if (fd < 0)
		return 0;
	keys = malloc((per < BATCH_ENTRIES ? per : BATCH_ENTRIES) * sizeof(*keys));
	while (keys && i < n) {
		left = (size_t)(n - i < per ? n - i : per);
		len = left * stride;
		p = ops->mmap(w->t->sys, fd, len, false, off, &err);
		if (!p)
			break;
		*used = true;
		for (size_t at = 0; at < left; at += k) {
			k = (uint32_t)(left - at < BATCH_ENTRIES ? left - at : BATCH_ENTRIES);
			for (uint32_t j = 0; j < k; j++)
				keys[j] = i + j;
			if (!give(w, (uint8_t *)keys, p + at * stride, stride, k, 0))
				n = 0;
			i += k;
		}
		ops->munmap(w->t->sys, p, len);
		off += len;
	}
	ops->close(w->t->sys, fd);
	free(keys);
	return *used ? err : 0;
}

/* ---------------------------------------------------------------- seen keys */

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

/* ---------------------------------------------------------------- batches */

struct batch {
	uint8_t *keys, *values;
	uint8_t *cur, *in;   /* two positions, of cur_size each; the one to go on from */
	size_t cur_size;
	uint32_t cap, count;
	/* of a trie */
	struct bu_hash seen;
	struct bu_arena arena;
	struct bu_buf all_keys, all_values;
	uint64_t steps;
};

/*
 * The trie's batches are a walk by keys within the kernel, which may begin again as well: what is new is kept
 * until all of it has been seen.
 */
static int keep_new(struct bt_walk *w, struct batch *b)
{
	size_t ks = w->m->info.key_size, vs = w->m->vsize;
	bool seen, again = false;
	int err = 0;

	b->steps += b->count;
	for (uint32_t i = 0; i < b->count && !err; i++) {
		err = remember(&b->seen, &b->arena, b->keys + i * ks, ks, &seen);
		again |= seen;
		if (err || seen)
			continue;
		bu_buf_add(&b->all_keys, b->keys + i * ks, ks);
		bu_buf_add(&b->all_values, b->values + i * vs, vs);
	}
	w->restarts += again;
	if (b->all_keys.failed || b->all_values.failed)
		err = -ENOMEM;
	if (!err && b->steps > 4ull * w->m->info.max_entries + 1024) {
		w->whole = false;
		w->stop = true;
	}
	return err;
}

/* Shows what was kept; when the walk began again, what of it is still there. */
static void give_kept(struct bt_walk *w, struct batch *b)
{
	size_t ks = w->m->info.key_size, vs = w->m->vsize, n = b->all_keys.n / ks;
	const uint8_t *key = b->all_keys.p;
	uint8_t *value = b->all_values.p;

	w->stop = false;
	if (!w->restarts) {
		give(w, key, value, vs, (uint32_t)n, 0);
		return;
	}
	for (; n; n--, key += ks, value += vs) {
		int err = bu_sys_map_lookup(w->t->sys, w->m->fd, key, value, 0);

		if (err == -ENOENT)
			w->gone++;
		else if (!give(w, key, value, vs, 1, err))
			break;
	}
}

static int batch_room(struct bt_walk *w, struct batch *b)
{
	free(b->keys);
	free(b->values);
	b->keys = malloc((size_t)b->cap * w->m->info.key_size + 8);
	b->values = malloc((size_t)b->cap * w->m->vsize + 8);
	return b->keys && b->values ? 0 : -ENOMEM;
}

/* 0, or -errno; *used is false when the kernel has no batch for this type. */
static int walk_batch(struct bt_walk *w, bool *used)
{
	struct bt_map *m = w->m;
	size_t each = m->info.key_size + m->vsize, fit = BATCH_BYTES / (each ? each : 1);
	struct batch b = { .cap = BATCH_ENTRIES };
	bool last, trie = m->info.type == BPF_MAP_TYPE_LPM_TRIE;
	int err;

	*used = false;
	bu_arena_init(&b.arena);
	if (b.cap > fit)
		b.cap = fit ? (uint32_t)fit : 1;
	if (b.cap > m->info.max_entries)
		b.cap = m->info.max_entries ? m->info.max_entries : 1;
	b.cur_size = m->info.key_size > 8 ? m->info.key_size : 8;
	b.cur = calloc(2, b.cur_size);
	err = b.cur ? batch_room(w, &b) : -ENOMEM;
	*used = err != 0;
	while (!err) {
		b.count = b.cap;
		err = bu_sys_map_lookup_batch(w->t->sys, m->fd, b.in, b.cur + (b.in == b.cur ? b.cur_size : 0),
					      b.keys, b.values, &b.count);
		if (err == -EINTR || err == -EAGAIN) {
			err = 0;
			continue;
		}
		if (err == -ENOSPC && b.cap < UINT32_MAX / 4) {
			/* one bucket holds more than the room given */
			b.cap *= 2;
			err = batch_room(w, &b);
			*used = true;
			continue;
		}
		if (err && err != -ENOENT)
			break;
		*used = true;
		last = err == -ENOENT;
		err = 0;
		if (b.count > b.cap)
			b.count = b.cap;
		if (trie) {
			err = keep_new(w, &b);
			if (err || w->stop || last)
				break;
		} else if (!give(w, b.keys, b.values, m->vsize, b.count, 0) || last) {
			break;
		}
		b.in = b.in == b.cur ? b.cur + b.cur_size : b.cur;
	}
	if (trie && *used && !err)
		give_kept(w, &b);
	free(b.keys);
	free(b.values);
	free(b.cur);
	bu_buf_free(&b.all_keys);
	bu_buf_free(&b.all_values);
	bu_hash_free(&b.seen);
	bu_arena_free(&b.arena);
	return err;
}

int bt_map_walk(struct bt_walk *w)
{
	bool used = false;
	int err;

	w->whole = true;
	w->restarts = 0;
	w->gone = 0;
	if (bt_is_storage(w->m->info.type))
		return bt_storage_walk(w);
	err = walk_mapped(w, &used);
	if (!used)
		err = bt_hash_split(w, &used);
	if (!used)
		err = w->m->info.key_size ? walk_batch(w, &used) : -ENOTSUP;
	if (!used)
		err = bt_key_walk(w, is_hash(w->m->info.type));
	return err == -ENOTSUPP_KERNEL ? -EOPNOTSUPP : err;
}
