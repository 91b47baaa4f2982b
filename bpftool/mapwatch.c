// SPDX-License-Identifier: GPL-2.0-or-later
/* map watch: a map read again and again, with what is new, changed or gone since the time before. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define PARTIAL 1 /* a reading that did not come to its end */

enum mark { SAME, NEW, CHANGED, REMOVED };

static const struct { const char *word, *sign, *color; } marks[] = {
	[SAME] = { "present", "  ", "" },
	[NEW] = { "new", "+ ", "\033[32m" },
	[CHANGED] = { "changed", "* ", "\033[33m" },
	[REMOVED] = { "removed", "- ", "\033[31m" },
};

/* One reading: elements in the order of the walk. */
struct reading {
	struct bu_arena arena;
	struct bu_hash index;  /* by key, to elements */
	uint8_t **v;           /* value behind key */
	size_t n, cap;
	int err;
};

struct watch {
	struct bt *t;
	struct bt_map m;
	struct reading r[2];
	unsigned now;          /* which of r is the newest */
	bool first, tty, lines, color;
	int ms;
	uint64_t count, rounds; /* count 0: until a signal */
	int rows;              /* left on the screen */
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* ---------------------------------------------------------------- reading */

static void take(struct bt_walk *w, const uint8_t *keys, const uint8_t *values, size_t stride, uint32_t n, int err)
{
	struct reading *r = w->ctx;
	size_t ks = w->m->info.key_size, vs = w->m->vsize;

	for (uint32_t i = 0; i < n && !err && !r->err; i++) {
		uint8_t *e = bu_arena_alloc(&r->arena, ks + vs + 1);

		if (r->n == r->cap) {
			uint8_t **grown;

			r->cap = r->cap ? r->cap * 2 : 256;
			grown = realloc(r->v, r->cap * sizeof(*grown));
			r->v = grown ? grown : r->v;
			e = grown ? e : NULL;
		}
		if (!e) {
			r->err = -ENOMEM;
			w->stop = true;
			return;
		}
		memcpy(e, keys + i * ks, ks);
		memcpy(e + ks, values + i * stride, stride < vs ? stride : vs);
		r->v[r->n++] = e;
		r->err = bu_hash_put(&r->index, (const char *)e, ks, e);
	}
}

static void forget(struct reading *r)
{
	bu_hash_free(&r->index);
	bu_arena_free(&r->arena);
	bu_arena_init(&r->arena);
	r->index = (struct bu_hash){ 0 };
	r->n = 0;
	r->err = 0;
}

/* 0, PARTIAL, or -errno. */
static int read_map(struct watch *w)
{
	struct reading *r = &w->r[w->now ^= 1];
	struct bt_walk walk = { .t = w->t, .m = &w->m, .fn = take, .ctx = r };
	int err;

	forget(r);
	err = bt_map_walk(&walk);
	if (!err && !r->err && !walk.whole) { /* what is missing here may still be there */
		w->now ^= 1;
		return PARTIAL;
	}
	return err ? err : r->err;
}

static enum mark compare(const struct watch *w, const uint8_t *e)
{
	const uint8_t *was = bu_hash_get(&w->r[w->now ^ 1].index, (const char *)e, w->m.info.key_size);

	if (w->first)
		return SAME;
	if (!was)
		return NEW;
	return memcmp(was + w->m.info.key_size, e + w->m.info.key_size, w->m.vsize) ? CHANGED : SAME;
}

/* ---------------------------------------------------------------- printing */

static void stamp(char *text, size_t room)
{
	struct timespec ts;
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &ts);
	localtime_r(&ts.tv_sec, &tm);
	n = strftime(text, room, "%H:%M:%S", &tm);
	snprintf(text + n, room - n, ".%03ld", ts.tv_nsec / 1000000);
}

/* A line of JSON of its own, or inside a batch an element of the command's array. */
static void put_json(struct watch *w, const uint8_t *e, enum mark mark)
{
	struct bt *t = w->t;
	struct bu_out keep = t->out;
	struct timespec ts;

	if (w->lines) {
		bu_out_init(&t->out, keep.write, keep.ctx);
		t->out.json = true;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	bu_out_obj(&t->out, NULL);
	bu_out_uint(&t->out, "time_ms", (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000, NULL);
	bu_out_uint(&t->out, "round", w->rounds, NULL);
	bu_out_str(&t->out, "change", marks[mark].word, SIZE_MAX, NULL);
	bt_put_elem(t, &w->m, "element", e, e + w->m.info.key_size, 0);
	bu_out_obj_end(&t->out);
	if (w->lines) {
		int err = bu_out_finish(&t->out);

		t->out = keep;
		t->out.err = t->out.err ? t->out.err : err;
	}
}

/* Number of lines that the buffer got since at. */
static int lines_since(const struct bu_buf *b, size_t at)
{
	int n = 0;

	for (; at < b->n; at++)
		n += b->p[at] == '\n';
	return n;
}

static void put_text(struct watch *w, const uint8_t *e, enum mark mark, const char *time)
{
	struct bt *t = w->t;
	struct bu_buf *b = &t->out.buf;
	size_t at = b->n;

	if (w->tty && w->rows <= 0)
		return;
	if (!w->tty)
		bu_out_text(&t->out, "%s ", time);
	bu_out_text(&t->out, "%s%s", w->color ? marks[mark].color : "", marks[mark].sign);
	bt_put_elem(t, &w->m, NULL, e, e + w->m.info.key_size, 0);
	if (w->color && *marks[mark].color)
		bu_out_text(&t->out, "\033[m");
	if (w->m.btf)
		bu_out_text(&t->out, "\n");
	w->rows -= lines_since(b, at < b->n ? at : 0);
}

static void put(struct watch *w, const uint8_t *e, enum mark mark, const char *time)
{
	if (w->t->json)
		put_json(w, e, mark);
	else
		put_text(w, e, mark, time);
}

static void head(struct watch *w, const char *time)
{
	struct winsize ws = { 0 };
	struct bt *t = w->t;

	if (!w->tty || t->json)
		return;
	w->rows = ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) || ws.ws_row < 4 ? 24 : ws.ws_row;
	w->rows -= 2;
	bu_out_text(&t->out, "\033[H\033[J%s  map %u  %s  %zu elements\n", time, w->m.info.id,
		    bt_escz(t, bt_name16(t, w->m.info.name)), w->r[w->now].n);
}

static void show(struct watch *w)
{
	const struct reading *now = &w->r[w->now], *was = &w->r[w->now ^ 1];
	size_t ks = w->m.info.key_size, i;
	enum mark mark;
	char time[32];

	stamp(time, sizeof(time));
	head(w, time);
	for (i = 0; i < was->n && !w->first; i++)
		if (!bu_hash_get(&now->index, (const char *)was->v[i], ks))
			put(w, was->v[i], REMOVED, time);
	for (i = 0; i < now->n && !w->t->out.err; i++) {
		mark = compare(w, now->v[i]);
		if (mark != SAME || w->first || (w->tty && !w->t->json))
			put(w, now->v[i], mark, time);
	}
	bu_out_flush(&w->t->out);
}

static int rounds(struct watch *w)
{
	bool told = false;
	int err = 0;

	for (w->first = true; !stop && !w->t->out.err;) {
		err = read_map(w);
		if (err && err != PARTIAL)
			break;
		if (w->first && !w->t->began) {
			bt_begin(w->t);
			if (!w->lines)
				bu_out_arr(&w->t->out, w->t->key);
		}
		if (!err) {
			show(w);
			w->first = false;
		} else if (!told) {
			bt_note(w->t, "T0109", "map %u changes too fast to be read to its end each time: such rounds are left out",
				w->m.info.id);
			told = true;
		}
		err = 0;
		if (++w->rounds == w->count)
			break;
		poll(NULL, 0, w->ms);
	}
	if (err == -EOPNOTSUPP) {
		bt_error(w->t, "T0105", "map %u cannot be watched: its type has no walk", w->m.info.id);
		return BU_EXIT_UNSUPPORTED;
	}
	return err ? bt_refused(w->t, BPF_MAP_GET_NEXT_KEY, err, "cannot read map %u", w->m.info.id) : 0;
}

/* ---------------------------------------------------------------- the command */

/* "500ms", "2s", "0.5" (seconds), "1m". */
static int read_interval(struct bt *t, int *ms)
{
	const char *w = bt_next(t);
	char *end;
	double v = strtod(w, &end);

	if (!strcmp(end, "ms"))
		v /= 1000;
	else if (!strcmp(end, "m"))
		v *= 60;
	else if (*end && strcmp(end, "s"))
		end = (char *)w;
	if (end == w || !(v >= 0.001 && v <= 86400))
		return bt_usage(t, NULL, NULL, "'%s' is no interval: 0.5, 2s, 500ms or 1m", bt_escz(t, w));
	*ms = (int)(v * 1000);
	return 0;
}

static int read_words(struct bt *t, struct watch *w)
{
	uint32_t n;
	int st = 0;

	while (!st && bt_peek(t)) {
		if (bt_kw(t, "count")) {
			st = bt_read_u32(t, "a number of rounds", &n);
			w->count = st ? 0 : n;
		} else {
			st = read_interval(t, &w->ms);
		}
	}
	return st;
}

int bt_map_watch(struct bt *t)
{
	struct sigaction ours = { .sa_handler = on_signal }, was_int, was_term;
	struct watch w = { .t = t, .ms = 1000 };
	struct bt_obj o;
	int st, i;

	st = bt_handle(t, BU_MAP, BPF_F_RDONLY, &o);
	if (!st)
		st = read_words(t, &w);
	if (!st)
		st = bt_map_open(t, &w.m, o.fd);
	if (st)
		goto out;
	w.tty = isatty(STDOUT_FILENO);
	w.color = !t->json && bu_tty_color(STDOUT_FILENO, t->color);
	w.lines = t->json && !t->key;
	for (i = 0; i < 2; i++)
		bu_arena_init(&w.r[i].arena);
	stop = 0;
	sigaction(SIGINT, &ours, &was_int);
	sigaction(SIGTERM, &ours, &was_term);
	st = rounds(&w);
	if (t->began && !w.lines)
		bu_out_arr_end(&t->out);
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	for (i = 0; i < 2; i++) {
		forget(&w.r[i]);
		bu_arena_free(&w.r[i].arena);
		free(w.r[i].v);
	}
	bt_map_done(&w.m);
out:
	bt_obj_close(t, &o);
	return st;
}
