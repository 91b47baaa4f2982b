// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top: how often programs run, how long a run takes, what share of a processor that is, their memory and holders;
 * again every period. Counting costs each run of each program some 20 ns, and is on only while this runs: the fd
 * that asks for it goes with the process, however that ends.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"

#define ROWS 24u
#define COLUMNS 80u

struct top {
	uint64_t interval;
	uint32_t count;         /* 0: until it is ended */
	bool counted;
	bool screen;            /* refreshed in place */
	bool lines;             /* JSON, a round a line; within a batch rounds are an array */
	unsigned rows, columns; /* of the screen */
	struct bt_stats s;
	const struct bt_stat **order;
};

static int read_words(struct bt *t, struct top *k)
{
	static const char *const words[] = { "count", "interval", NULL };
	int st = 0;

	k->interval = 1000000000u;
	while (!st && bt_peek(t)) {
		if (bt_kw(t, "count")) {
			k->counted = true;
			st = bt_read_u32(t, "a number of rounds", &k->count);
			if (!st && !k->count)
				st = bt_usage(t, NULL, NULL, "no rounds at all are nothing to see");
		} else if (bt_kw(t, "interval")) {
			st = bt_read_seconds(t, "interval", &k->interval);
		} else {
			st = bt_usage(t, bt_peek(t), words, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
		}
	}
	return st;
}

/* The programs that are named; they need not stay. */
static int read_progs(struct bt *t, struct top *k)
{
	struct bt_objs all = { 0 };
	uint32_t *ids;
	int st;

	if (!bt_peek(t) || bt_is(t, "count") || bt_is(t, "interval"))
		return 0;
	st = bt_handles(t, BU_PROG, 0, &all);
	if (st)
		return st;
	ids = calloc(all.n, sizeof(*ids));
	for (size_t i = 0; ids && i < all.n; i++)
		ids[i] = all.v[i].id;
	k->s.only = ids;
	k->s.nonly = all.n;
	bt_objs_close(t, &all);
	return ids ? 0 : bt_refused(t, -1, -ENOMEM, "no memory");
}

/* ---------------------------------------------------------------- a round */

static int by_cost(const void *va, const void *vb)
{
	const struct bt_stat *a = *(const struct bt_stat *const *)va, *b = *(const struct bt_stat *const *)vb;

	if (a->cpu != b->cpu)
		return a->cpu > b->cpu ? -1 : 1;
	if (a->runs_s != b->runs_s)
		return a->runs_s > b->runs_s ? -1 : 1;
	return a->id < b->id ? -1 : a->id > b->id;
}

struct total {
	double runs_s, cpu, ns;
	uint64_t memlock;
};

static struct total add_up(const struct bt_stats *s)
{
	struct total sum = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		const struct bt_stat *r = &s->v[i];

		sum.runs_s += r->runs_s;
		sum.cpu += r->cpu;
		sum.ns += r->runs_s * r->ns_run;
		sum.memlock += r->memlock == UINT64_MAX ? 0 : r->memlock;
	}
	return sum;
}

static const char *type_name(uint32_t type)
{
	const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, type);

	return k ? k->name : "?";
}

/* Three digits and a unit. */
static const char *short_bytes(char out[16], uint64_t n)
{
	static const char unit[] = "BKMGT";
	double v = (double)n;
	unsigned u = 0;

	while (v >= 1000 && u < 4) {
		v /= 1024;
		u++;
	}
	snprintf(out, 16, u && v < 9.95 ? "%.1f%c" : "%.0f%c", v, unit[u]);
	return out;
}

static void put_line(struct bt *t, const struct top *k, const char *text)
{
	size_t n = strlen(text);

	while (n && text[n - 1] == ' ')
		n--;
	if (!k->screen) {
		bu_out_text(&t->out, "%.*s\n", (int)n, text);
		return;
	}
	/* A row that is too long would break; what is behind its end is of the frame before. */
	if (n > k->columns)
		for (n = k->columns; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			; /* not within a character */
	bu_out_text(&t->out, "%.*s\033[K\r\n", (int)n, text);
}

static void put_row(struct bt *t, const struct top *k, const struct bt_stat *r)
{
	char mem[16] = "hidden";
	const char *s;

	if (r->memlock != UINT64_MAX)
		short_bytes(mem, r->memlock);
	if (r->hidden)
		s = bu_arena_printf(&t->arena, "%10u  %-18s %-16s %12s %9s %7s %7s  %s", r->id, type_name(r->type),
				    bt_escz(t, r->name ? r->name : "?"), "hidden", "hidden", "hidden", mem,
				    r->pids ? r->pids : "");
	else
		s = bu_arena_printf(&t->arena, "%10u  %-18s %-16s %12.1f %9.0f %7.2f %7s  %s", r->id, type_name(r->type),
				    bt_escz(t, r->name ? r->name : "?"), r->runs_s, r->ns_run, r->cpu, mem,
				    r->pids ? r->pids : "");
	put_line(t, k, s ? s : "");
}

static void put_table(struct bt *t, const struct top *k)
{
	struct total sum = add_up(&k->s);
	char mem[16];
	size_t fit = k->screen ? (k->rows > 3 ? k->rows - 3 : 1) : k->s.n, i;
	const char *s;

	if (k->screen)
		bu_out_text(&t->out, "\033[H");
	s = bu_arena_printf(&t->arena, "%10s  %-18s %-16s %12s %9s %7s %7s  %s", "ID", "TYPE", "NAME", "RUNS/S", "NS/RUN",
			    "CPU%", "MEMORY", "PIDS");
	put_line(t, k, s ? s : "");
	for (i = 0; i < k->s.n && i < fit; i++)
		put_row(t, k, k->order[i]);
	s = bu_arena_printf(&t->arena, "%10s  %-18s %-16zu %12.1f %9.0f %7.2f %7s", "total", "", k->s.n, sum.runs_s,
			    sum.runs_s > 0 ? sum.ns / sum.runs_s : 0, sum.cpu, short_bytes(mem, sum.memlock));
	put_line(t, k, s ? s : "");
	if (k->screen)
		bu_out_text(&t->out, "\033[J");
	else
		bu_out_text(&t->out, "\n");
}

static void put_number(struct bt *t, const char *key, double v)
{
	char text[64];

	snprintf(text, sizeof(text), "%.3f", v);
	bu_out_raw(&t->out, key, text, NULL);
}

static void put_json_row(struct bt *t, const struct bt_stat *r)
{
	struct bu_out *o = &t->out;

	bu_out_obj(o, NULL);
	bu_out_uint(o, "id", r->id, NULL);
	bt_put_kind(t, "type", bu_prog_types, bu_nprog_types, r->type, NULL, NULL);
	bu_out_str(o, "name", r->name ? r->name : "", SIZE_MAX, NULL);
	if (r->hidden) {
		bu_out_null(o, "runs_per_s");
		bu_out_null(o, "ns_per_run");
		bu_out_null(o, "cpu_percent");
	} else {
		put_number(t, "seconds", r->seconds);
		put_number(t, "runs_per_s", r->runs_s);
		put_number(t, "ns_per_run", r->ns_run);
		put_number(t, "cpu_percent", r->cpu);
		bu_out_uint(o, "run_cnt", r->now.runs, NULL);
		bu_out_uint(o, "run_time_ns", r->now.ns, NULL);
		if (r->now.misses)
			bu_out_uint(o, "recursion_misses", r->now.misses, NULL);
	}
	if (r->memlock != UINT64_MAX)
		bu_out_uint(o, "bytes_memlock", r->memlock, NULL);
	if (r->json) {
		const char *list = bu_arena_printf(&t->arena, "[%s]", r->json);

		bu_out_raw(o, "pids", list ? list : "[]", NULL);
	}
	bu_out_obj_end(o);
}

static void put_json(struct bt *t, const struct top *k)
{
	struct total sum = add_up(&k->s);
	struct bu_out *o = &t->out;
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	bu_out_obj(o, NULL);
	put_number(t, "time", (double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
	bu_out_arr(o, "programs");
	for (size_t i = 0; i < k->s.n; i++)
		put_json_row(t, k->order[i]);
	bu_out_arr_end(o);
	bu_out_obj(o, "total");
	bu_out_uint(o, "programs", k->s.n, NULL);
	put_number(t, "runs_per_s", sum.runs_s);
	put_number(t, "ns_per_run", sum.runs_s > 0 ? sum.ns / sum.runs_s : 0);
	put_number(t, "cpu_percent", sum.cpu);
	bu_out_uint(o, "bytes_memlock", sum.memlock, NULL);
	bu_out_obj_end(o);
	bu_out_obj_end(o);
}

static void measure_screen(struct top *k)
{
	struct winsize w;

	k->rows = ROWS;
	k->columns = COLUMNS;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) || !w.ws_row || !w.ws_col)
		return;
	k->rows = w.ws_row;
	k->columns = w.ws_col;
}

static int put_round(struct bt *t, struct top *k)
{
	k->order = calloc(k->s.n + 1, sizeof(*k->order));
	if (!k->order)
		return bt_refused(t, -1, -ENOMEM, "no memory");
	for (size_t i = 0; i < k->s.n; i++)
		k->order[i] = &k->s.v[i];
	qsort(k->order, k->s.n, sizeof(*k->order), by_cost);
	if (k->screen)
		measure_screen(k);
	if (t->json)
		put_json(t, k);
	else
		put_table(t, k);
	free(k->order);
	if (k->lines)
		bu_out_next(&t->out);
	else
		bu_out_flush(&t->out);
	return t->out.err ? BU_EXIT_IO : 0;
}

static int rounds(struct bt *t, struct top *k)
{
	uint64_t due = bt_now();
	int st = bt_stats_read(t, &k->s);

	for (uint32_t n = 0; !st && !(k->counted && n == k->count); n++) {
		due += k->interval;
		/* What could not be done in time is not made up for. */
		if (due < bt_now())
			due = bt_now();
		if (bt_wait(due))
			break;
		st = bt_stats_read(t, &k->s);
		if (!st) {
			bt_stats_holders(t, &k->s);
			st = put_round(t, k);
		}
		bt_btfs_free(t);
		bu_arena_free(&t->arena);
	}
	return st;
}

int bt_top(struct bt *t)
{
	struct top k = { 0 };
	int st = read_progs(t, &k), fd = -1;

	if (!st)
		st = read_words(t, &k);
	if (!st)
		st = bt_stats_on(t, &fd);
	if (st)
		goto out;
	k.lines = t->lines && !t->key;
	k.screen = !t->json && isatty(STDOUT_FILENO) && getenv("TERM") && strcmp(getenv("TERM"), "dumb") != 0;
	if (k.screen)
		bu_out_text(&t->out, "\033[H\033[2J");
	bt_wait_begin(k.screen);
	bt_begin(t);
	if (!k.lines)
		bu_out_arr(&t->out, t->key);
	st = rounds(t, &k);
	if (!k.lines)
		bu_out_arr_end(&t->out);
	bt_wait_end();
out:
	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	free((void *)k.s.only);
	bt_stats_free(&k.s);
	return st;
}
