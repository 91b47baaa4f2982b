// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters of programs, and waiting between two readings. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "stats.h"

#define HOLDERS_EVERY 2000000000u /* ns */
#define LONGEST 86400.0           /* seconds that one may wait for */

uint64_t bt_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* ---------------------------------------------------------------- counters */

int bt_stats_on(struct bt *t, int *fd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.enable_stats.type = BPF_STATS_RUN_TIME;
	*fd = t->sys->ops->bpf(t->sys, BPF_ENABLE_STATS, &a, sizeof(a.enable_stats));
	return *fd < 0 ? bt_refused(t, BPF_ENABLE_STATS, *fd, "programs cannot be counted") : 0;
}

static bool wanted(const struct bt_stats *s, uint32_t id)
{
	if (!s->only)
		return true;
	for (size_t i = 0; i < s->nonly; i++)
		if (s->only[i] == id)
			return true;
	return false;
}

/* The row of id; new ones have no name. Ids come in order, so that it is mostly the next one. */
static struct bt_stat *row(struct bt_stats *s, size_t from, uint32_t id)
{
	size_t i = from;

	while (i < s->n && s->v[i].id < id)
		i++;
	if (i < s->n && s->v[i].id == id)
		return &s->v[i];
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 64;
		struct bt_stat *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		s->v = v;
		s->cap = cap;
	}
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(*s->v));
	s->n++;
	s->changed = true;
	s->v[i] = (struct bt_stat){ .id = id, .memlock = UINT64_MAX };
	return &s->v[i];
}

/* What a program is called, and what it occupies, does not change. */
static void first_look(struct bt *t, struct bt_stat *r, int fd)
{
	struct bpf_prog_info info;
	const char *name;
	struct bt_fdinfo f;
	long long mem;

	if (bt_prog_info(t, fd, &info, &name))
		return;
	r->name = strdup(name);
	r->type = info.type;
	bt_fdinfo_read(t, fd, &f);
	mem = bt_fdinfo_num(f.text, "memlock");
	if (mem > 0)
		r->memlock = (uint64_t)mem;
}

static void compare(struct bt_stat *r)
{
	uint64_t runs, ns;

	r->seconds = r->runs_s = r->ns_run = r->cpu = 0;
	if (!r->known || r->now.at <= r->before.at)
		return;
	/* A counter that went back is one of a VM that was repaired. */
	runs = r->now.runs > r->before.runs ? r->now.runs - r->before.runs : 0;
	ns = r->now.ns > r->before.ns ? r->now.ns - r->before.ns : 0;
	r->seconds = (double)(r->now.at - r->before.at) / 1e9;
	r->runs_s = (double)runs / r->seconds;
	r->ns_run = runs ? (double)ns / (double)runs : 0;
	r->cpu = (double)ns / (double)(r->now.at - r->before.at) * 100;
}

static int look(struct bt *t, struct bt_stat *r, int fd)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);
	int err;

	memset(&info, 0, sizeof(info));
	r->seen = true;
	if (!r->name && fd >= 0)
		first_look(t, r, fd);
	r->known = r->now.at != 0;
	r->before = r->now;
	r->now.at = bt_now();
	err = fd < 0 ? fd : bu_sys_info(t->sys, fd, &info, &size);
	r->hidden = err != 0;
	if (!err) {
		r->now.runs = info.run_cnt;
		r->now.ns = info.run_time_ns;
		r->now.misses = info.recursion_misses;
	}
	compare(r);
	return 0;
}

static void drop(struct bt_stat *r)
{
	free((char *)r->name);
	free((char *)r->pids);
	free((char *)r->json);
}

static void forget_unseen(struct bt_stats *s)
{
	size_t k = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].seen)
			s->v[k++] = s->v[i];
		else
			drop(&s->v[i]);
	}
	s->n = k;
}

int bt_stats_read(struct bt *t, struct bt_stats *s)
{
	struct bt_stat *r;
	uint32_t id = 0;
	size_t at = 0;
	int err, fd;

	for (size_t i = 0; i < s->n; i++)
		s->v[i].seen = false;
	while (!(err = bu_sys_next_id(t->sys, BU_PROG, id, &id))) {
		if (!wanted(s, id))
			continue;
		fd = bu_sys_fd_by_id(t->sys, BU_PROG, id, 0);
		if (fd == -ENOENT)
			continue;
		r = row(s, at, id);
		if (r) {
			at = (size_t)(r - s->v);
			look(t, r, fd);
		}
		if (fd >= 0)
			t->sys->ops->close(t->sys, fd);
		if (!r)
			return bt_refused(t, -1, -ENOMEM, "programs cannot be listed");
	}
	forget_unseen(s);
	return err == -ENOENT ? 0 : bt_refused(t, BPF_PROG_GET_NEXT_ID, err, "programs cannot be listed");
}

void bt_stats_free(struct bt_stats *s)
{
	for (size_t i = 0; i < s->n; i++)
		drop(&s->v[i]);
	free(s->v);
	*s = (struct bt_stats){ 0 };
}

/* ---------------------------------------------------------------- holders */

struct holding {
	struct bt *t;
	struct bt_stats *s;
	int self, pid;          /* pid: the process of the last call */
	struct { uint32_t link, prog; } *links;
	size_t nlinks, cap;
};

static uint32_t prog_of_link(struct holding *h, uint32_t link)
{
	struct bpf_link_info info;
	uint32_t size = sizeof(info);
	size_t i;
	int fd;

	for (i = 0; i < h->nlinks; i++)
		if (h->links[i].link == link)
			return h->links[i].prog;
	memset(&info, 0, sizeof(info));
	fd = bu_sys_fd_by_id(h->t->sys, BU_LINK, link, 0);
	if (fd >= 0) {
		if (bu_sys_info(h->t->sys, fd, &info, &size))
			info.prog_id = 0;
		h->t->sys->ops->close(h->t->sys, fd);
	}
	h->links = bu_arena_grow(&h->t->arena, h->links, h->nlinks, &h->cap, sizeof(*h->links));
	if (h->links) {
		h->links[h->nlinks].link = link;
		h->links[h->nlinks++].prog = info.prog_id;
	}
	return info.prog_id;
}

static char *append(const char *was, const char *more)
{
	char *s = NULL;

	if (asprintf(&s, "%s%s%s", was ? was : "", was ? "," : "", more) < 0)
		s = NULL;
	free((char *)was);
	return s;
}

static bool on_holder(void *ctx, enum bu_objkind kind, uint32_t id, int pid, const char *comm, int fd)
{
	struct holding *h = ctx;
	struct bu_out o;
	struct bt_stat *r;
	char tail[24];

	(void)fd;
	if (pid == h->self || (kind != BU_PROG && kind != BU_LINK))
		return true;
	if (kind == BU_LINK)
		id = prog_of_link(h, id);
	for (r = h->s->v; r < h->s->v + h->s->n && r->id != id; r++)
		;
	if (!id || r == h->s->v + h->s->n)
		return true;
	/* The fds of a process come together, so its name is the last one if it is there. */
	snprintf(tail, sizeof(tail), "(%d)", pid);
	if (r->pids && strlen(r->pids) >= strlen(tail) && !strcmp(r->pids + strlen(r->pids) - strlen(tail), tail))
		return true;
	r->pids = append(r->pids, bu_arena_printf(&h->t->arena, "%s%s", bt_escz(h->t, comm), tail));
	bu_out_init(&o, NULL, NULL);
	o.json = true;
	bu_out_obj(&o, NULL);
	bu_out_int(&o, "pid", pid, NULL);
	bu_out_str(&o, "comm", comm, SIZE_MAX, NULL);
	bu_out_obj_end(&o);
	r->json = append(r->json, bu_buf_cstr(&o.buf));
	bu_buf_free(&o.buf);
	return true;
}

void bt_stats_holders(struct bt *t, struct bt_stats *s)
{
	struct holding h = { .t = t, .s = s, .self = getpid() };
	uint64_t now = bt_now();

	if (!s->changed && s->held && now - s->held < HOLDERS_EVERY)
		return;
	s->held = now;
	s->changed = false;
	for (size_t i = 0; i < s->n; i++) {
		free((char *)s->v[i].pids);
		free((char *)s->v[i].json);
		s->v[i].pids = s->v[i].json = NULL;
	}
	t->sys->ops->holders(t->sys, on_holder, &h);
}

/* ---------------------------------------------------------------- waiting */

static volatile sig_atomic_t ended, resumed;
static struct sigaction was_int, was_term, was_cont;
static struct termios was_tty;
static bool with_keys;

static void on_signal(int sig)
{
	(void)sig;
	ended = 1;
}

static void on_resume(int sig)
{
	(void)sig;
	resumed = 1;
}

/* Each key at once, and not shown. */
static void take_keys(void)
{
	struct termios raw = was_tty;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void bt_wait_begin(bool keys)
{
	struct sigaction ours = { .sa_handler = on_signal }, cont = { .sa_handler = on_resume };

	ended = 0;
	sigaction(SIGINT, &ours, &was_int);
	sigaction(SIGTERM, &ours, &was_term);
	with_keys = keys && isatty(STDIN_FILENO) && !tcgetattr(STDIN_FILENO, &was_tty);
	if (with_keys) {
		sigaction(SIGCONT, &cont, &was_cont);
		take_keys();
	}
}

void bt_wait_end(void)
{
	if (with_keys) {
		tcsetattr(STDIN_FILENO, TCSANOW, &was_tty);
		sigaction(SIGCONT, &was_cont, NULL);
	}
	with_keys = false;
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
}

bool bt_wait_ended(void)
{
	return ended;
}

bool bt_wait(uint64_t at)
{
	struct pollfd key = { .fd = with_keys ? STDIN_FILENO : -1, .events = POLLIN };
	struct timespec left;
	uint64_t now;
	char c;

	while (!ended && (now = bt_now()) < at) {
		left.tv_sec = (time_t)((at - now) / 1000000000u);
		left.tv_nsec = (long)((at - now) % 1000000000u);
		if (resumed) { /* after Ctrl-Z and fg the terminal is as the shell likes it */
			resumed = 0;
			take_keys();
		}
		if (ppoll(&key, 1, &left, NULL) <= 0 || !key.revents)
			continue;
		if (read(STDIN_FILENO, &c, 1) != 1)
			key.fd = -1;
		else if (c == 'q' || c == 'Q' || c == 3)
			ended = 1;
	}
	return ended;
}

int bt_read_seconds(struct bt *t, const char *what, uint64_t *ns)
{
	const char *word = bt_next(t);
	char *end = NULL;
	double v;

	if (!word)
		return bt_usage(t, NULL, NULL, "'%s' wants a number of seconds", what);
	v = strtod(word, &end);
	if (end == word || *end || !(v > 0) || v > LONGEST)
		return bt_usage(t, NULL, NULL, "'%s' is no number of seconds", bt_escz(t, word));
	*ns = (uint64_t)(v * 1e9);
	*ns = *ns ? *ns : 1;
	return 0;
}
