// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading a map key by key: GET_NEXT_KEY and a look-up.
 *
 * What follows a key that is no longer there is the map's first key, and nothing tells so. Therefore each step asks
 * for the key behind K first and looks K up then: when K is still there, the other was its successor. When it is
 * not, the walk goes on behind the last key that is: keys keep their order while they are there. When none of those
 * that were passed is left, nothing tells where the walk stood: it is begun again, and what was found counts only
 * if no later walk comes further. All of this is bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define ATTEMPTS 16u
#define RETRIES 3u /* of a key that the walk has and a look-up has not */

/* What one walk found, in its order. */
struct found {
	struct bu_buf keys, values, errs;
	uint32_t n;
	uint64_t gone;
};

struct keys {
	struct bt_walk *w;
	struct bu_hash seen;     /* keys of the walk, those that are gone as well */
	struct bu_arena arena;
	struct found now, best;
	uint8_t *key, *next, *value;
	uint64_t steps, limit;
};

static void found_free(struct found *f)
{
	bu_buf_free(&f->keys);
	bu_buf_free(&f->values);
	bu_buf_free(&f->errs);
	*f = (struct found){ 0 };
}

static bool give(struct bt_walk *w, const uint8_t *key, const uint8_t *value, int err)
{
	if (!w->t->out.err)
		w->fn(w, key, value, w->m->vsize, 1, err);
	return !w->t->out.err && !w->stop;
}

static int next_key(struct keys *k, const uint8_t *key)
{
	k->steps++;
	return bu_sys_map_next_key(k->w->t->sys, k->w->m->fd, key, k->next);
}

static int look_up(struct keys *k, const uint8_t *key)
{
	k->steps++;
	return bu_sys_map_lookup(k->w->t->sys, k->w->m->fd, key, k->value, 0);
}

static bool is_seen(struct keys *k, const uint8_t *key)
{
	return bu_hash_get(&k->seen, (const char *)key, k->w->m->info.key_size) != NULL;
}

static int see(struct keys *k, const uint8_t *key)
{
	uint8_t *copy = bu_arena_memdup(&k->arena, key, k->w->m->info.key_size);

	return copy ? bu_hash_put(&k->seen, (const char *)copy, k->w->m->info.key_size, copy) : -ENOMEM;
}

static int keep(struct keys *k, const uint8_t *key, int err)
{
	struct found *f = &k->now;

	bu_buf_add(&f->keys, key, k->w->m->info.key_size);
	bu_buf_add(&f->values, k->value, k->w->m->vsize);
	bu_buf_add(&f->errs, &err, sizeof(err));
	f->n++;
	return f->keys.failed || f->values.failed || f->errs.failed ? -ENOMEM : 0;
}

/* Arrays: each key follows from the one before, whatever changes. */
static int walk_slots(struct keys *k)
{
	struct bt_map *m = k->w->m;
	bool first = true;
	uint8_t *swap;
	int err;

	for (;;) {
		err = next_key(k, first ? NULL : k->key);
		if (err)
			return err;
		first = false;
		swap = k->key;
		k->key = k->next;
		k->next = swap;
		err = look_up(k, k->key);
		if (err == -ENOENT && (m->of_maps || m->of_progs))
			continue; /* an empty slot */
		if (!give(k->w, k->key, k->value, err))
			return 0;
	}
}

/*
 * A key that is not seen yet, behind the last one that is still there, into k->next. 0, -ENOENT: the end of the map
 * is behind it; -ESTALE: there is none; -errno.
 */
static int go_on(struct keys *k)
{
	size_t ks = k->w->m->info.key_size;
	const uint8_t *key;
	int err, was;

	k->w->restarts++;
	for (uint32_t i = k->now.n; i-- > 0 && k->steps < k->limit;) {
		key = k->now.keys.p + i * ks;
		was = next_key(k, key);
		if (was && was != -ENOENT)
			return was;
		if (!was && is_seen(k, k->next))
			continue;
		err = look_up(k, key);
		if (!err)
			return was;
		if (err != -ENOENT)
			return err;
	}
	return -ESTALE;
}

/* One walk. 0: to its end; -ESTALE: its place was lost; -errno. */
static int walk_once(struct keys *k)
{
	struct bt_walk *w = k->w;
	size_t ks = w->m->info.key_size;
	unsigned retries = 0;
	bool end;
	int err = next_key(k, NULL), found;

	while (!err) {
		memcpy(k->key, k->next, ks);
		err = next_key(k, k->key);
		if (err && err != -ENOENT)
			return err;
		end = err == -ENOENT;
		found = look_up(k, k->key);
		if (found == -ENOENT) {
			if (retries++ < RETRIES) {
				err = k->now.n ? go_on(k) : next_key(k, NULL);
				continue;
			}
			/* the walk has it, again and again, and a look-up has not */
			k->now.gone++;
			err = see(k, k->key);
		} else {
			err = see(k, k->key);
			if (!err)
				err = keep(k, k->key, found);
		}
		retries = 0;
		if (err)
			return err;
		if (end)
			return 0;
		if (k->steps > k->limit)
			return -ESTALE;
		if (is_seen(k, k->next))
			err = go_on(k);
	}
	return err == -ENOENT ? 0 : err;
}

static int walk_hash(struct keys *k)
{
	struct bt_walk *w = k->w;
	size_t ks = w->m->info.key_size, vs = w->m->vsize;
	const struct found *f = &k->best;
	int err = -ESTALE;

	k->limit = 16ull * w->m->info.max_entries + 1024;
	for (unsigned i = 0; i < ATTEMPTS && err == -ESTALE && (!i || k->steps < k->limit); i++) {
		bu_hash_free(&k->seen);
		bu_arena_free(&k->arena);
		bu_arena_init(&k->arena);
		found_free(&k->now);
		err = walk_once(k);
		if (!err || !i || k->now.n > k->best.n) {
			found_free(&k->best);
			k->best = k->now;
			k->now = (struct found){ 0 };
		}
	}
	if (err && err != -ESTALE)
		return err;
	/* more than there can be at once: the map was another one at the end of the walk */
	w->whole = !err && f->n <= w->m->info.max_entries;
	w->gone = f->gone;
	for (uint32_t i = 0; i < f->n; i++) {
		int bad;

		memcpy(&bad, f->errs.p + i * sizeof(bad), sizeof(bad));
		if (!give(w, f->keys.p + i * ks, f->values.p + i * vs, bad))
			break;
	}
	return 0;
}

int bt_key_walk(struct bt_walk *w, bool hash)
{
	struct bt_map *m = w->m;
	struct keys k = { .w = w, .key = calloc(1, m->info.key_size + 1), .next = calloc(1, m->info.key_size + 1),
			  .value = calloc(1, m->vsize + 8) };
	int err = -ENOMEM;

	bu_arena_init(&k.arena);
	if (k.key && k.next && k.value)
		err = hash ? walk_hash(&k) : walk_slots(&k);
	bu_hash_free(&k.seen);
	bu_arena_free(&k.arena);
	found_free(&k.now);
	found_free(&k.best);
	free(k.key);
	free(k.next);
	free(k.value);
	return err == -ENOENT ? 0 : err;
}
