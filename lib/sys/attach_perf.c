/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counters and clocks: a program that runs each time an event has been counted so often, or so many
 * times a second. An event belongs to one CPU, or to one task: each of them gets its own.
 *
 *   hardware, software, cache, raw   EVENT[:RATE]       on each CPU
 *   profile                          RATE               the CPU's clock, on each CPU
 *   interval                         RATE               the CPU's clock, on one CPU
 *   perf                             KIND:EVENT[:RATE]  of one of the kinds above
 * RATE: N (events), Nhz, or a time such as 10ms where the event is a clock; hz:N and ms:N as bpftrace has them.
 */
#include "sys/attach.h"

#include <dirent.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CPUS_MAX 65536

static const struct { const char *name; enum bu_hook hook; uint64_t config, every; } events[] = {
#define BU_PERF_EVENT(kind, name, config, every) { name, BU_HOOK_##kind, PERF_COUNT_##config, every },
#include "sys/perfevent.def"
};
static const struct { const char *name; unsigned id; } caches[] = {
#define BU_PERF_CACHE(name, config) { name, PERF_COUNT_HW_CACHE_##config },
#include "sys/perfevent.def"
};
static const struct { const char *suffix; unsigned op, result; } ops[] = {
#define BU_PERF_OP(suffix, op, result) { suffix, PERF_COUNT_HW_CACHE_OP_##op, PERF_COUNT_HW_CACHE_RESULT_##result },
#include "sys/perfevent.def"
};

int bu_perf_names(enum bu_hook hook, bu_name_fn *fn, void *ctx)
{
	char name[64];

	for (unsigned i = 0; i < BU_ARRAY_SIZE(events); i++)
		if (events[i].hook == hook && !fn(ctx, events[i].name))
			return 0;
	for (unsigned i = 0; hook == BU_HOOK_CACHE && i < BU_ARRAY_SIZE(caches); i++)
		for (unsigned k = 0; k < BU_ARRAY_SIZE(ops); k++) {
			strcpy(stpcpy(name, caches[i].name), ops[k].suffix);
			if (!fn(ctx, name))
				return 0;
		}
	return 0;
}

/* ---------------------------------------------------------------- rates */

static bool is_clock(const struct bu_attach *at)
{
	return at->perf.type == PERF_TYPE_SOFTWARE &&
	       (at->perf.config == PERF_COUNT_SW_CPU_CLOCK || at->perf.config == PERF_COUNT_SW_TASK_CLOCK);
}

/* "99hz" and "hz:99"; "1000"; for clocks "10ms", "ms:10". What is wrong with it, or NULL. */
static const char *read_rate(struct bu_attach *at, struct bu_str s)
{
	static const char *const units[] = { "hz", "s", "ms", "us", "ns" };
	struct bu_str number = s, unit = bu_str("", 0);
	uint64_t n;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(units) && !unit.n; i++) {
		size_t len = strlen(units[i]);

		if (s.n > len && memcmp(s.p, units[i], len) == 0 && s.p[len] == ':') {
			unit = bu_str_c(units[i]);
			number = bu_str(s.p + len + 1, s.n - len - 1);
		} else if (s.n > len && memcmp(s.p + s.n - len, units[i], len) == 0 &&
			   s.p[s.n - len - 1] >= '0' && s.p[s.n - len - 1] <= '9') {
			unit = bu_str_c(units[i]);
			number = bu_str(s.p, s.n - len);
		}
	}
	if (bu_str_u64(number, &n, NULL) || !n || n >> 62)
		return "the rate is not a number above 0 such as 1000, 99hz or (for clocks) 10ms";
	at->perf.freq = bu_str_is(unit, "hz");
	if (unit.n && !at->perf.freq) {
		struct bu_buf text = { 0 };
		bool bad;

		bu_buf_printf(&text, "%llu%.*s", (unsigned long long)n, (int)unit.n, unit.p);
		bad = !is_clock(at) || bu_str_duration(bu_str(bu_buf_cstr(&text), text.n), &n) || n >> 62;
		bu_buf_free(&text);
		if (bad)
			return "a time is the rate of clocks only: cpu-clock, task-clock, profile, interval";
	}
	at->perf.period = n;
	return NULL;
}

/* ---------------------------------------------------------------- targets */

static int no_event(struct bu_attach_parser *p, enum bu_hook kind, struct bu_str name)
{
	struct bu_near near;
	struct bu_diag *d;

	d = bu_diag(p->ds, BU_ERROR, "S0101", "%s target '%s': there is no %s event '%.*s'",
		    bu_hook_name(p->at->hook), p->target, bu_hook_name(kind), (int)name.n, name.p);
	bu_near_init(&near, name.p, name.n);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(events); i++)
		if (events[i].hook == kind)
			bu_near_feed(&near, events[i].name);
	if (near.best)
		bu_diag_help(p->ds, d, "did you mean '%s'?", near.best);
	else
		bu_diag_note(p->ds, d, "the names are those of perf list");
	return -EINVAL;
}

static bool cache_event(struct bu_str s, uint64_t *config)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(caches); i++) {
		size_t n = strlen(caches[i].name);

		if (s.n <= n || memcmp(s.p, caches[i].name, n))
			continue;
		for (unsigned k = 0; k < BU_ARRAY_SIZE(ops); k++) {
			if (bu_str_is(bu_str(s.p + n, s.n - n), ops[k].suffix)) {
				*config = caches[i].id | ops[k].op << 8 | ops[k].result << 16;
				return true;
			}
		}
	}
	return false;
}

/* "r01c2" as perf writes it, or a number. */
static bool raw_event(struct bu_str s, uint64_t *config)
{
	int digit;

	if (s.n < 2 || s.n > 17 || s.p[0] != 'r')
		return !bu_str_u64(s, config, NULL);
	*config = 0;
	for (size_t i = 1; i < s.n; i++) {
		digit = bu_hex_digit(s.p[i]);
		if (digit < 0)
			return false;
		*config = *config << 4 | (unsigned)digit;
	}
	return true;
}

static int read_event(struct bu_attach_parser *p, enum bu_hook kind, struct bu_str name)
{
	struct bu_attach *at = p->at;
	bool found = false;

	at->perf.period = 1000000;
	switch (kind) {
	case BU_HOOK_CACHE:
		at->perf.type = PERF_TYPE_HW_CACHE;
		found = cache_event(name, &at->perf.config);
		break;
	case BU_HOOK_RAW_EVENT:
		at->perf.type = PERF_TYPE_RAW;
		found = raw_event(name, &at->perf.config);
		break;
	default:
		at->perf.type = kind == BU_HOOK_HARDWARE ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE;
		for (unsigned i = 0; i < BU_ARRAY_SIZE(events) && !found; i++) {
			found = events[i].hook == kind && bu_str_is(name, events[i].name);
			if (found) {
				at->perf.config = events[i].config;
				at->perf.period = events[i].every;
			}
		}
	}
	return found ? 0 : no_event(p, kind, name);
}

static int read_options(struct bu_attach_parser *p)
{
	uint64_t cpu = 0;
	int err = bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);

	if (!err)
		err = bu_attach_opt_pid(p, BU_ATTACH_OPT_PID, &p->at->pid);
	p->at->cpu_given = bu_attach_opt(p, BU_ATTACH_OPT_CPU, NULL);
	if (!err)
		err = bu_attach_opt_u64(p, BU_ATTACH_OPT_CPU, &cpu);
	if (!err && cpu >= CPUS_MAX)
		return bu_attach_bad(p, "…,cpu=N", "there is no such CPU");
	p->at->cpu = (uint32_t)cpu;
	return err;
}

/* KIND of "perf:KIND:…". */
static bool cut_kind(struct bu_str t, enum bu_hook *kind, struct bu_str *rest)
{
	const char *colon = memchr(t.p, ':', t.n);

	if (!colon)
		return false;
	*kind = bu_hook_by_name(bu_str(t.p, (size_t)(colon - t.p)));
	*rest = bu_str(colon + 1, t.n - (size_t)(colon + 1 - t.p));
	return *kind == BU_HOOK_HARDWARE || *kind == BU_HOOK_SOFTWARE || *kind == BU_HOOK_CACHE ||
	       *kind == BU_HOOK_RAW_EVENT || *kind == BU_HOOK_PROFILE || *kind == BU_HOOK_INTERVAL;
}

static int parse_perf(struct bu_attach_parser *p, struct bu_str t)
{
	enum bu_hook kind = p->at->hook;
	const char *form = "EVENT or EVENT:RATE, such as cycles:99hz or page-faults:100", *why, *colon;
	bool clock;
	int err;

	if (kind == BU_HOOK_PERF && !cut_kind(t, &kind, &t))
		return bu_attach_bad(p, "KIND:EVENT:RATE; KIND is hardware, software, cache, raw, profile or interval",
				     "it does not begin with a kind");
	clock = kind == BU_HOOK_PROFILE || kind == BU_HOOK_INTERVAL;
	if (clock)
		form = "RATE, such as 99hz or 10ms";
	if (!t.n)
		return bu_attach_bad(p, form, clock ? "the rate is missing" : "the event is missing");
	if (clock) {
		p->at->perf.type = PERF_TYPE_SOFTWARE;
		p->at->perf.config = PERF_COUNT_SW_CPU_CLOCK;
		why = read_rate(p->at, t);
	} else {
		colon = memchr(t.p, ':', t.n);
		err = read_event(p, kind, bu_str(t.p, colon ? (size_t)(colon - t.p) : t.n));
		if (err)
			return err;
		why = colon ? read_rate(p->at, bu_str(colon + 1, t.n - (size_t)(colon + 1 - t.p))) : NULL;
	}
	if (why)
		return bu_attach_bad(p, form, why);
	p->at->perf.once = kind == BU_HOOK_INTERVAL;
	return read_options(p);
}

/* ---------------------------------------------------------------- attaching */

static int attach_one(struct bu_attaching *c, int pid, int cpu)
{
	struct bu_attached one;
	struct bu_attaching sub = *c;
	struct perf_event_attr a;
	int fd, err;

	memset(&a, 0, sizeof(a));
	a.size = sizeof(a);
	a.type = c->at->perf.type;
	a.config = c->at->perf.config;
	a.freq = c->at->perf.freq;
	a.sample_period = c->at->perf.period; /* or sample_freq: one field */
	a.disabled = 1;
	a.inherit = pid > 0;
	fd = c->s->ops->perf_event_open(c->s, &a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return fd;
	bu_attached_init(&one, c->at->hook);
	sub.out = &one;
	one.event_fd = fd;
	err = bu_attach_bind_event(&sub);
	if (!err)
		err = bu_attach_more(c->out, &one);
	if (err) {
		bu_attach_close(c->s, &one.link_fd);
		bu_attach_close(c->s, &one.event_fd);
	}
	return err;
}

/* Each CPU that is there; those that are off say ENODEV. */
static int attach_cpus(struct bu_attaching *c)
{
	int n = c->s->ops->possible_cpus(c->s), err, done = 0;
	unsigned errors = c->ds->errors;

	if (n < 0)
		return bu_blame_step(c, BU_CMD_PERF_EVENT_OPEN, "counting the CPUs", n);
	for (int cpu = 0; cpu < n; cpu++) {
		err = attach_one(c, -1, cpu);
		if (err == -ENODEV && c->ds->errors == errors)
			continue;
		if (err)
			return c->ds->errors != errors ? err : bu_blame_perf(c, err);
		done++;
		if (c->at->perf.once)
			break;
	}
	return done ? 0 : bu_blame_perf(c, -ENODEV);
}

/* Each task of the process; those that they start are counted with them. */
static int attach_process(struct bu_attaching *c)
{
	char path[64];
	unsigned errors = c->ds->errors, done = 0;
	struct dirent *e;
	int err = -ESRCH;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/task", c->at->pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		int tid = atoi(e->d_name);

		if (tid <= 0)
			continue;
		err = attach_one(c, tid, c->at->cpu_given ? (int)c->at->cpu : -1);
		if (err == -ESRCH && c->ds->errors == errors) /* it ended */
			continue;
		if (err)
			break;
		done++;
	}
	if (d)
		closedir(d);
	if (err && (err != -ESRCH || !done))
		return c->ds->errors != errors ? err : bu_blame_perf(c, err);
	return 0;
}

static int attach_perf(struct bu_attaching *c)
{
	unsigned errors = c->ds->errors;
	int err;

	if (c->at->pid)
		return attach_process(c);
	if (!c->at->cpu_given)
		return attach_cpus(c);
	err = attach_one(c, -1, (int)c->at->cpu);
	return err && c->ds->errors == errors ? bu_blame_perf(c, err) : err;
}

const struct bu_attach_driver bu_driver_perf = { .parse = parse_perf, .attach = attach_perf };
