// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A large hash read by two threads: what a batch costs is memory that is not in the cache, and that two processors
 * wait for at once.
 *
 * The position of a batch is opaque, but that of a hash has always been a bucket's number. So it is tried first: the
 * batch from half of the first batch's position has to begin with the second part of what that had. When it does
 * not (it may be a map that changes just then), the map is read in the plain way.
 *
 * Buckets are read in pieces, each a few batches of about as many elements as are expected. The last batch of a
 * piece goes beyond its end, into buckets that the next piece has too: a key is always in the same bucket, so the
 * keys of that batch are left out at the beginning of the next piece.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

#define WORKERS 2
#define SLOTS 3u
#define LEAST 65536u         /* elements that make it worth while */
#define PIECE_BYTES (512u << 10)
#define PROBE 1024u
#define FIRST 512u           /* elements of a piece's first batch */
#define SMALL 64u            /* what a batch has more room for than is expected */

/* Where a batch ended. */
struct stop {
	uint32_t pos;
	size_t n;            /* elements up to there */
};

struct piece {
	enum { FREE, BUSY, READY } state;
	struct bu_buf keys, values;
	size_t n;
	struct stop *stop;
	size_t nstops, cap;
	bool last;           /* the end of the map was found */
	int err;
};

struct split {
	struct bt_walk *w;
	struct bu_sys *s;
	size_t ks, vs;
	uint32_t width;      /* buckets of a piece */
	double load;         /* elements of a bucket: of the first ones, then of all that were read */
	uint64_t elems, buckets;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct piece slot[SLOTS];
	uint64_t next;       /* piece to be read */
	bool quit;
};

/* One batch from a position; *count in and out. */
static int batch(struct split *p, uint32_t *pos, bool start, void *keys, void *values, uint32_t *count)
{
	uint32_t in[2] = { *pos, 0 }, out[2] = { 0, 0 };
	int err = bu_sys_map_lookup_batch(p->s, p->w->m->fd, start ? NULL : in, out, keys, values, count);

	*pos = out[0];
	return err;
}

/* ---------------------------------------------------------------- pieces */

static int add_stop(struct piece *c, uint32_t pos)
{
	struct stop *v = c->stop;

	if (c->nstops == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		v = realloc(v, c->cap * sizeof(*v));
		if (!v)
			return -ENOMEM;
		c->stop = v;
	}
	v[c->nstops++] = (struct stop){ pos, c->n };
	return 0;
}

static int read_piece(struct split *p, struct piece *c, uint64_t index, double load)
{
	uint64_t from = index * p->width, end = from + p->width, want;
	uint32_t pos, count, room = FIRST;
	int err = 0;

	bu_buf_reset(&c->keys);
	bu_buf_reset(&c->values);
	c->n = c->nstops = 0;
	c->last = false;
	if (end > UINT32_MAX) {
		c->last = true;
		return 0;
	}
	/* grown step by step they would leave holes that stay in memory */
	want = (uint64_t)(p->width * load * 1.25) + FIRST + 2048;
	if (!bu_buf_room(&c->keys, want * p->ks) || !bu_buf_room(&c->values, want * p->vs))
		return -ENOMEM;
	for (pos = (uint32_t)from; pos < end;) {
		uint32_t at = pos;
		void *keys = bu_buf_room(&c->keys, room * p->ks + 8);
		void *values = bu_buf_room(&c->values, room * p->vs + 8);

		if (!keys || !values)
			return -ENOMEM;
		count = room;
		err = batch(p, &pos, false, keys, values, &count);
		if (err == -ENOSPC || err == -EINTR || err == -EAGAIN) {
			if (err == -ENOSPC && room > UINT32_MAX / 4)
				return err;
			room = err == -ENOSPC ? room * 2 : room;
			pos = at;
			continue;
		}
		if (err && err != -ENOENT)
			return err;
		if (count > room)
			return -EIO;
		c->keys.n += count * p->ks;
		c->values.n += count * p->vs;
		c->n += count;
		c->last = err == -ENOENT;
		err = add_stop(c, c->last ? UINT32_MAX : pos);
		if (err || c->last)
			return err;
		if (pos <= at)
			return -EIO;
		/* nearly all of it, then a batch that goes a little beyond the end */
		want = pos < end ? (uint64_t)((double)(end - pos) * load) : 0;
		room = (uint32_t)(want > 1024 ? want - want / 32 : want + want / 8 + SMALL);
	}
	return 0;
}

static void *worker(void *arg)
{
	struct split *p = arg;
	struct piece *c;
	uint64_t index;
	double load;
	int err;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->quit && p->slot[p->next % SLOTS].state != FREE)
			pthread_cond_wait(&p->change, &p->lock);
		if (p->quit)
			break;
		index = p->next++;
		c = &p->slot[index % SLOTS];
		c->state = BUSY;
		load = p->load;
		pthread_mutex_unlock(&p->lock);
		err = read_piece(p, c, index, load);
		pthread_mutex_lock(&p->lock);
		if (!err && c->nstops && !c->last) {
			p->elems += c->n;
			p->buckets += c->stop[c->nstops - 1].pos - index * p->width;
			p->load = (double)p->elems / (double)p->buckets;
		}
		c->err = err;
		c->state = READY;
		pthread_cond_broadcast(&p->change);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* ---------------------------------------------------------------- in order */

static bool show(struct split *p, const struct piece *c, size_t from, size_t to)
{
	if (to > from && !p->w->t->out.err)
		p->w->fn(p->w, c->keys.p + from * p->ks, c->values.p + from * p->vs, p->vs, (uint32_t)(to - from), 0);
	return !p->w->t->out.err && !p->w->stop;
}

/* tail: keys of the batch that went beyond the end of the piece before, up to a position. */
static bool show_piece(struct split *p, const struct piece *c, const struct bu_hash *tail, uint32_t upto)
{
	size_t i = 0, k, from;

	for (k = 0; k < c->nstops && (!k || c->stop[k - 1].pos < upto); k++) {
		for (from = i; i < c->stop[k].n; i++) {
			if (!bu_hash_get(tail, (const char *)c->keys.p + i * p->ks, p->ks))
				continue;
			if (!show(p, c, from, i))
				return false;
			from = i + 1;
		}
		if (!show(p, c, from, i))
			return false;
	}
	return show(p, c, i, c->n);
}

/* The keys of the last batch of a piece, copied: the piece's buffers are used again. */
static int keep_tail(struct split *p, const struct piece *c, struct bu_hash *tail, struct bu_buf *bytes, uint32_t *upto)
{
	size_t from = c->nstops > 1 ? c->stop[c->nstops - 2].n : 0, i;
	int err = 0;

	bu_hash_free(tail);
	bu_buf_reset(bytes);
	*upto = c->nstops ? c->stop[c->nstops - 1].pos : 0;
	if (bu_buf_add(bytes, c->keys.p + from * p->ks, (c->n - from) * p->ks))
		return -ENOMEM;
	for (i = 0; i < c->n - from && !err; i++)
		err = bu_hash_put(tail, (const char *)bytes->p + i * p->ks, p->ks, bytes->p);
	return err;
}

static int show_all(struct split *p)
{
	struct bu_hash tail = { 0 };
	struct bu_buf bytes = { 0 };
	uint32_t upto = 0;
	uint64_t index;
	bool more = true;
	int err = 0;

	for (index = 0; more && !err; index++) {
		struct piece *c = &p->slot[index % SLOTS];

		pthread_mutex_lock(&p->lock);
		while (c->state != READY)
			pthread_cond_wait(&p->change, &p->lock);
		pthread_mutex_unlock(&p->lock);
		err = c->err;
		if (!err)
			more = show_piece(p, c, &tail, upto) && !c->last;
		if (!err && more)
			err = keep_tail(p, c, &tail, &bytes, &upto);
		pthread_mutex_lock(&p->lock);
		c->state = FREE;
		pthread_cond_broadcast(&p->change);
		pthread_mutex_unlock(&p->lock);
	}
	bu_hash_free(&tail);
	bu_buf_free(&bytes);
	return err;
}

/* ---------------------------------------------------------------- is it worth while, and does it work? */

static bool probe(struct split *p)
{
	uint8_t *keys = malloc(2 * PROBE * p->ks), *more = keys ? keys + PROBE * p->ks : NULL;
	uint8_t *values = malloc(PROBE * p->vs + 8);
	uint32_t pos = 0, half, n = PROBE, m = PROBE, i;
	bool good = false;

	if (!keys || !values || batch(p, &pos, true, keys, values, &n) || n < PROBE / 4 || n > PROBE || pos < 16)
		goto out;
	p->load = (double)n / pos;
	half = pos / 2;
	if (batch(p, &half, false, more, values, &m) || m < PROBE / 4 || m > PROBE || half <= pos / 2)
		goto out;
	for (i = 0; i < n && memcmp(keys + i * p->ks, more, p->ks); i++)
		;
	good = i > n / 8 && i < n - n / 8 && n - i <= m && !memcmp(keys + i * p->ks, more, (n - i) * p->ks);
out:
	free(keys);
	free(values);
	return good;
}

int bt_hash_split(struct bt_walk *w, bool *used)
{
	const struct bpf_map_info *mi = &w->m->info;
	struct split p = { .w = w, .s = w->t->sys, .ks = mi->key_size, .vs = w->m->vsize };
	pthread_t thread[WORKERS];
	unsigned n = 0, i;
	int err = 0;

	*used = false;
	if ((mi->type != BPF_MAP_TYPE_HASH && mi->type != BPF_MAP_TYPE_PERCPU_HASH) || !p.s->parallel ||
	    mi->max_entries < LEAST || p.vs > 4096 || p.ks > 4096 || sysconf(_SC_NPROCESSORS_ONLN) < 2 || !probe(&p))
		return 0;
	p.width = (uint32_t)(PIECE_BYTES / (p.ks + p.vs) / (p.load > 1 ? p.load : 1)) + 64;
	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.change, NULL);
	while (n < WORKERS && !pthread_create(&thread[n], NULL, worker, &p))
		n++;
	if (n) {
		*used = true;
		err = show_all(&p);
	}
	pthread_mutex_lock(&p.lock);
	p.quit = true;
	pthread_cond_broadcast(&p.change);
	pthread_mutex_unlock(&p.lock);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	for (i = 0; i < SLOTS; i++) {
		bu_buf_free(&p.slot[i].keys);
		bu_buf_free(&p.slot[i].values);
		free(p.slot[i].stop);
	}
	pthread_cond_destroy(&p.change);
	pthread_mutex_destroy(&p.lock);
	return err;
}
