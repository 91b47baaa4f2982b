// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * prog profile: what a program costs while this runs. Runs and their time are the backend's own counters. Events of
 * the processor are sampled: every so many of them the processor says where it was, and those that fell into the
 * program's machine code are its own (what helpers and other functions of the kernel cost is not). No program of ours
 * is needed for it, so that it works where fentry is not allowed.
 */
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

#define PAGES 16u             /* of a ring, a power of two */
#define DRAIN_EVERY 20000000u /* ns */
#define CPUS_MAX 4096u
#define FUNCS_MAX 4096u

#define CACHE(c, op, result) \
	(PERF_COUNT_HW_CACHE_##c | PERF_COUNT_HW_CACHE_OP_##op << 8 | PERF_COUNT_HW_CACHE_RESULT_##result << 16)

static const struct metric {
	const char *name;
	uint32_t type;        /* of perf_event_open; UINT32_MAX: of the backend's counters */
	uint64_t config;
	uint64_t period;
	int per;              /* index of what it is compared with, or -1 */
	double times;
	const char *words;
} metrics[] = {
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 100003, -1, 0, NULL },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, 100003, 0, 1, "insns per cycle" },
	{ "l1d_loads", PERF_TYPE_HW_CACHE, CACHE(L1D, READ, ACCESS), 100003, -1, 0, NULL },
	{ "llc_misses", PERF_TYPE_HW_CACHE, CACHE(LL, READ, MISS), 997, 1, 1e6, "LLC misses per million insns" },
	{ "itlb_misses", PERF_TYPE_HW_CACHE, CACHE(ITLB, READ, MISS), 997, 1, 1e6, "itlb misses per million insns" },
	{ "dtlb_misses", PERF_TYPE_HW_CACHE, CACHE(DTLB, READ, MISS), 997, 1, 1e6, "dtlb misses per million insns" },
	{ "time", UINT32_MAX, 0, 0, -1, 0, NULL },
	{ "cpu_clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 250000, -1, 0, NULL },
};
#define NMETRICS BU_ARRAY_SIZE(metrics)
#define TIME 6u

struct ring {
	int fd;
	struct perf_event_mmap_page *map;
};

struct counter {
	bool wanted;
	int err;              /* -errno: it cannot be counted */
	struct ring *ring;    /* by CPU */
	unsigned n;
	uint64_t samples, lost, enabled, running;
};

struct profile {
	struct bt *t;
	uint64_t duration;    /* ns, 0: until it is ended */
	struct counter c[NMETRICS];
	uint64_t *addr;       /* of the program's functions */
	uint32_t *len;
	uint32_t nfuncs;
	size_t page;
	struct bt_counter before, after;
	uint64_t started, ended;
};

/* ---------------------------------------------------------------- words */

static int read_words(struct bt *t, struct profile *p)
{
	static const char *const names[] = { "cycles", "instructions", "l1d_loads", "llc_misses", "itlb_misses",
					     "dtlb_misses", "time", "cpu_clock", "duration", NULL };
	bool any = false;
	const char *word;
	size_t i;
	int st;

	if (bt_kw(t, "duration")) {
		st = bt_read_seconds(t, "duration", &p->duration);
		if (st)
			return st;
	}
	while ((word = bt_peek(t))) {
		for (i = 0; i < NMETRICS && strcmp(metrics[i].name, word) != 0; i++)
			;
		for (size_t k = 0; i == NMETRICS && k < NMETRICS; k++)
			if (*word && !strncmp(metrics[k].name, word, strlen(word)))
				i = k;
		if (i == NMETRICS)
			return bt_usage(t, word, names, "'%s' is no metric", bt_escz(t, word));
		p->c[i].wanted = any = true;
		t->i++;
	}
	p->c[TIME].wanted |= !any;
	return 0;
}

/* ---------------------------------------------------------------- where the program is */

static int find_code(struct profile *p, int fd)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);
	struct bt *t = p->t;
	uint32_t n;
	int err;

	memset(&info, 0, sizeof(info));
	err = bu_sys_info(t->sys, fd, &info, &size);
	if (err)
		return err;
	n = info.nr_jited_ksyms;
	if (!info.jited_prog_len || !n || n != info.nr_jited_func_lens || n > FUNCS_MAX)
		return -ENODATA;
	p->addr = bu_arena_array(&t->arena, n, sizeof(*p->addr));
	p->len = bu_arena_array(&t->arena, n, sizeof(*p->len));
	if (!p->addr || !p->len)
		return -ENOMEM;
	memset(&info, 0, sizeof(info));
	info.nr_jited_ksyms = info.nr_jited_func_lens = n;
	info.jited_ksyms = bu_ptr64(p->addr);
	info.jited_func_lens = bu_ptr64(p->len);
	size = sizeof(info);
	err = bu_sys_info(t->sys, fd, &info, &size);
	if (err)
		return err;
	p->nfuncs = info.nr_jited_ksyms < n ? info.nr_jited_ksyms : n;
	/* Zeros, or nothing, is what the kernel gives to whom it hides addresses from. */
	return p->nfuncs && p->addr[0] ? 0 : -EACCES;
}

static bool inside(const struct profile *p, uint64_t ip)
{
	for (uint32_t i = 0; i < p->nfuncs; i++)
		if (ip >= p->addr[i] && ip - p->addr[i] < p->len[i])
			return true;
	return false;
}

/* ---------------------------------------------------------------- sampling */

static void close_counter(struct profile *p, struct counter *c)
{
	const struct bu_sys_ops *ops = p->t->sys->ops;

	for (unsigned i = 0; i < c->n; i++) {
		if (c->ring[i].map)
			ops->munmap(p->t->sys, c->ring[i].map, (1 + PAGES) * p->page);
		ops->close(p->t->sys, c->ring[i].fd);
	}
	c->n = 0;
	free(c->ring);
	c->ring = NULL;
}

static int open_counter(struct profile *p, unsigned i)
{
	const struct bu_sys_ops *ops = p->t->sys->ops;
	struct counter *c = &p->c[i];
	struct perf_event_attr a = {
		.type = metrics[i].type, .size = sizeof(a), .config = metrics[i].config,
		.sample_period = metrics[i].period, .sample_type = PERF_SAMPLE_IP, .exclude_user = 1, .exclude_hv = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
	int cpus = ops->possible_cpus(p->t->sys), err = 0;

	if (cpus < 1 || (unsigned)cpus > CPUS_MAX)
		return -EINVAL;
	c->ring = calloc((size_t)cpus, sizeof(*c->ring));
	if (!c->ring)
		return -ENOMEM;
	for (int cpu = 0; cpu < cpus && !err; cpu++) {
		struct ring *r = &c->ring[c->n];

		r->fd = ops->perf_event_open(p->t->sys, &a, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		if (r->fd == -ENODEV && c->n) /* a processor that is off */
			continue;
		if (r->fd < 0)
			return r->fd;
		c->n++;
		r->map = ops->mmap(p->t->sys, r->fd, (1 + PAGES) * p->page, true, 0, &err);
		if (r->map)
			err = ops->perf_enable(p->t->sys, r->fd);
	}
	return err;
}

static void drain(struct profile *p, struct counter *c, struct ring *r)
{
	uint64_t size = PAGES * (uint64_t)p->page, pos = r->map->data_tail;
	uint64_t end = __atomic_load_n(&r->map->data_head, __ATOMIC_ACQUIRE);
	const uint8_t *data = (const uint8_t *)r->map + p->page;

	while (pos < end) {
		struct perf_event_header h;
		uint64_t word;

		/* Records are of whole 8 bytes, so these never stand over the end. */
		memcpy(&h, data + (pos & (size - 1)), sizeof(h));
		if (h.size < sizeof(h) || h.size % 8 || h.size > end - pos)
			break;
		if (h.type == PERF_RECORD_SAMPLE && h.size >= sizeof(h) + 8) {
			memcpy(&word, data + ((pos + sizeof(h)) & (size - 1)), 8);
			c->samples += inside(p, word);
		} else if (h.type == PERF_RECORD_LOST && h.size >= sizeof(h) + 16) {
			memcpy(&word, data + ((pos + sizeof(h) + 8) & (size - 1)), 8);
			c->lost += word;
		}
		pos += h.size;
	}
	__atomic_store_n(&r->map->data_tail, pos, __ATOMIC_RELEASE);
}

static void drain_all(struct profile *p)
{
	for (unsigned i = 0; i < NMETRICS; i++)
		for (unsigned k = 0; k < p->c[i].n; k++)
			if (p->c[i].ring[k].map)
				drain(p, &p->c[i], &p->c[i].ring[k]);
}

static void read_times(struct profile *p)
{
	uint64_t v[3];

	for (unsigned i = 0; i < NMETRICS; i++)
		for (unsigned k = 0; k < p->c[i].n; k++)
			if (read(p->c[i].ring[k].fd, v, sizeof(v)) == sizeof(v)) {
				p->c[i].enabled += v[1];
				p->c[i].running += v[2];
			}
}

/* ---------------------------------------------------------------- the result */

static uint64_t value_of(const struct profile *p, unsigned i)
{
	const struct counter *c = &p->c[i];
	double v = (double)c->samples * (double)metrics[i].period;

	if (i == TIME)
		return p->after.ns - p->before.ns;
	/* Events that share a counter have it for a part of the time. */
	return (uint64_t)(c->running ? v * (double)c->enabled / (double)c->running : v);
}

static void put_metric(struct profile *p, unsigned i, uint64_t runs)
{
	const struct counter *c = &p->c[i];
	const struct metric *m = &metrics[i];
	struct bu_out *o = &p->t->out;
	uint64_t value = value_of(p, i), with = m->per < 0 ? 0 : value_of(p, (unsigned)m->per);
	uint64_t enabled = i == TIME ? p->ended - p->started : c->enabled;
	uint64_t running = i == TIME ? enabled : c->running;

	bu_out_obj(o, NULL);
	bu_out_str(o, "metric", m->name, SIZE_MAX, NULL);
	bu_out_uint(o, "run_cnt", runs, NULL);
	if (c->err) {
		bu_out_str(o, "error", bt_strerror(c->err), SIZE_MAX, "%18s %-20s\n", "not counted", m->name);
	} else {
		bu_out_uint(o, "value", value, "%18llu %-20s", (unsigned long long)value, m->name);
		bu_out_uint(o, "enabled", enabled, NULL);
		bu_out_uint(o, "running", running, NULL);
		if (i != TIME)
			bu_out_uint(o, "samples", c->samples, NULL);
		if (c->lost)
			bu_out_uint(o, "lost", c->lost, NULL);
		if (m->per >= 0 && with && p->c[m->per].wanted)
			bu_out_text(o, " # %8.2f %-30s", (double)value / (double)with * m->times, m->words);
		else if (i == TIME && runs)
			bu_out_text(o, " # %8.2f %-30s", (double)value / (double)runs, "ns per run");
		else
			bu_out_text(o, " %-41s", "");
		bu_out_text(o, " (%.2f%%)\n", enabled ? (double)running * 100 / (double)enabled : 0.0);
	}
	bu_out_obj_end(o);
}

static int put_result(struct profile *p)
{
	uint64_t runs = p->after.runs - p->before.runs;
	struct bt *t = p->t;
	int st = 0;

	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	bu_out_text(&t->out, "\n%18llu run_cnt\n", (unsigned long long)runs);
	for (unsigned i = 0; i < NMETRICS; i++)
		if (p->c[i].wanted)
			put_metric(p, i, runs);
	bu_out_arr_end(&t->out);
	for (unsigned i = 0; i < NMETRICS; i++) {
		int err = p->c[i].err;

		if (!err)
			continue;
		st = bt_refused(t, BU_CMD_PERF_EVENT_OPEN, err, "%s cannot be counted", metrics[i].name);
		if (err == -ENOENT || err == -EOPNOTSUPP || err == -ENODEV)
			bt_hint(t, "this machine, or what it is a guest of, gives no such counter of the processor; "
				"'time' is always there");
		if (err == -ENODATA)
			bt_hint(t, "the program is not machine code, or its addresses are hidden (kernel.kptr_restrict)");
	}
	return st ? BU_EXIT_UNSUPPORTED : 0;
}

/* ---------------------------------------------------------------- doing it */

static int count(struct profile *p, int fd, struct bt_counter *c)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);
	int err;

	memset(&info, 0, sizeof(info));
	err = bu_sys_info(p->t->sys, fd, &info, &size);
	if (err)
		return bt_refused(p->t, BPF_OBJ_GET_INFO_BY_FD, err, "the program cannot be read");
	*c = (struct bt_counter){ bt_now(), info.run_cnt, info.run_time_ns, info.recursion_misses };
	return 0;
}

static void begin(struct profile *p, int fd)
{
	int code = find_code(p, fd);

	for (unsigned i = 0; i < NMETRICS; i++) {
		struct counter *c = &p->c[i];

		if (!c->wanted || i == TIME)
			continue;
		c->err = code ? code : open_counter(p, i);
		if (!c->err)
			continue;
		close_counter(p, c);
		p->c[TIME].wanted = true; /* what can be told is told */
	}
}

int bt_prog_profile(struct bt *t)
{
	struct profile p = { .t = t, .page = (size_t)sysconf(_SC_PAGESIZE) };
	struct bt_obj o;
	int st = bt_handle(t, BU_PROG, 0, &o), stats = -1;

	if (st)
		return st;
	st = read_words(t, &p);
	if (!st)
		st = bt_stats_on(t, &stats);
	if (!st)
		st = count(&p, o.fd, &p.before);
	if (st)
		goto out;
	begin(&p, o.fd);
	bt_wait_begin(false);
	p.started = bt_now();
	while (!bt_wait_ended() && !(p.duration && bt_now() - p.started >= p.duration)) {
		uint64_t next = bt_now() + DRAIN_EVERY;

		if (p.duration && next > p.started + p.duration)
			next = p.started + p.duration;
		bt_wait(next);
		drain_all(&p);
	}
	p.ended = bt_now();
	bt_wait_end();
	st = count(&p, o.fd, &p.after);
	read_times(&p);
	if (!st)
		st = put_result(&p);
out:
	for (unsigned i = 0; i < NMETRICS; i++)
		close_counter(&p, &p.c[i]);
	if (stats >= 0)
		t->sys->ops->close(t->sys, stats);
	bt_obj_close(t, &o);
	return st;
}
