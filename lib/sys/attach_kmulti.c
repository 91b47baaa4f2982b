/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kprobe.multi, kretprobe.multi, kprobe.session: all functions of the kernel whose names fit, by one link
 * (since 5.18; sessions 6.12), else by an event for each. Names are those that can be traced
 * (available_filter_functions); of several functions of one name none can be meant.
 */
#include "sys/attach.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 512 /* without such links: each event is slow to make */

static int parse_kmulti(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "PATTERN or PATTERN+PATTERN, such as tcp_*+udp_sendmsg";
	struct bu_buf one = { 0 };
	unsigned n = 0;
	bool bad = !t.n || t.p[0] == '+' || t.p[t.n - 1] == '+';

	p->at->a = bu_attach_keep(p, t);
	while (p->at->a && !bad && bu_attach_pattern(p->at->a, n, &one)) {
		bad = !bu_attach_word(bu_str(bu_buf_cstr(&one), one.n)) || n == 63;
		n++;
	}
	bu_buf_free(&one);
	if (bad)
		return bu_attach_bad(p, form, "a pattern is not one, or there are more than 63");
	return bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);
}

/* ---------------------------------------------------------------- names */

struct names {
	const char *patterns;
	struct bu_buf one;
	struct bu_arena arena;
	const char **name;
	size_t n, cap;
	bool listed, failed;
};

static void add(struct names *v, const char *name)
{
	v->name = bu_arena_grow(&v->arena, v->name, v->n, &v->cap, sizeof(*v->name));
	if (v->name)
		v->name[v->n] = bu_arena_strdup(&v->arena, name);
	if (!v->name || !v->name[v->n])
		v->failed = true;
	else
		v->n++;
}

static bool fits(void *ctx, const char *name)
{
	struct names *v = ctx;

	v->listed = true;
	for (unsigned i = 0; bu_attach_pattern(v->patterns, i, &v->one); i++) {
		if (fnmatch(bu_buf_cstr(&v->one), name, 0) == 0) {
			add(v, name);
			break;
		}
	}
	return !v->failed;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, and without the names that several functions have. */
static void unique(struct names *v)
{
	size_t n = 0;

	if (v->n)
		qsort(v->name, v->n, sizeof(*v->name), by_name);
	for (size_t i = 0, next; i < v->n; i = next) {
		for (next = i + 1; next < v->n && strcmp(v->name[next], v->name[i]) == 0; next++)
			;
		if (next == i + 1)
			v->name[n++] = v->name[i];
	}
	v->n = n;
}

/* A pattern that nothing fits is told by its name. */
static int check(struct bu_attaching *c, struct names *v)
{
	for (unsigned i = 0; bu_attach_pattern(v->patterns, i, &v->one); i++) {
		const char *pattern = bu_buf_cstr(&v->one);
		struct bu_attach at = *c->at;
		struct bu_attaching sub = *c;
		bool met = false;

		for (size_t k = 0; k < v->n && !met; k++)
			met = fnmatch(pattern, v->name[k], 0) == 0;
		if (met)
			continue;
		if (strpbrk(pattern, "*?[")) {
			bu_diag(c->ds, BU_ERROR, "S0104", "%s: no function that can be traced is called like '%s'",
				bu_blame_subject(c), pattern);
			return -ENOENT;
		}
		at.a = bu_arena_strdup(&c->ds->arena, pattern);
		if (!at.a)
			return -ENOMEM;
		sub.at = &at;
		return bu_blame_untraceable(&sub);
	}
	return 0;
}

static int collect(struct bu_attaching *c, struct names *v)
{
	const struct bu_sys_ops *ops = c->s->ops;

	if (!ops->names || ops->names(c->s, BU_NAMES_TRACEABLE, NULL, fits, v) || !v->listed) {
		v->n = 0;
		if (ops->names && !v->failed)
			ops->names(c->s, BU_NAMES_FUNCTIONS, NULL, fits, v);
	}
	if (v->listed) {
		unique(v);
		return v->failed || v->one.failed ? -ENOMEM : check(c, v);
	}
	/* Nothing is known of what there is: names are taken as they are. */
	for (unsigned i = 0; bu_attach_pattern(v->patterns, i, &v->one); i++)
		add(v, bu_buf_cstr(&v->one));
	return v->failed || v->one.failed ? -ENOMEM : 0;
}

/* ---------------------------------------------------------------- attaching */

static int one_link(struct bu_attaching *c, const char **name, size_t n)
{
	uint64_t *cookies = NULL;
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)c->prog_fd;
	a.link_create.attach_type = bu_hook_attach_type(c->at->hook);
	a.link_create.kprobe_multi.flags = c->at->hook == BU_HOOK_KRETPROBE_MULTI ? BPF_F_KPROBE_MULTI_RETURN : 0;
	a.link_create.kprobe_multi.cnt = (uint32_t)n;
	a.link_create.kprobe_multi.syms = bu_ptr64(name);
	if (c->at->cookie) {
		cookies = malloc(n * sizeof(*cookies));
		if (!cookies)
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			cookies[i] = c->at->cookie;
		a.link_create.kprobe_multi.cookies = bu_ptr64(cookies);
	}
	fd = bu_sys_link_make(c->s, &a);
	free(cookies);
	return fd;
}

/* Which of few names is it that the kernel does not take? */
static int blame_one(struct bu_attaching *c, const struct names *v, int err)
{
	for (size_t i = 0; err == -ESRCH && i < v->n && v->n <= 64; i++) {
		int fd = one_link(c, v->name + i, 1);
		struct bu_attach at = *c->at;
		struct bu_attaching sub = *c;

		if (fd >= 0) {
			c->s->ops->close(c->s, fd);
			continue;
		}
		if (fd != err)
			break;
		at.a = v->name[i];
		sub.at = &at;
		return bu_blame_untraceable(&sub);
	}
	return bu_blame_multi(c, err);
}

static int each_event(struct bu_attaching *c, const struct names *v)
{
	int err = 0;

	if (v->n > EVENTS_MAX) {
		bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel has no link for %s, and %zu functions are too many for "
			"an event each", bu_blame_subject(c), bu_hook_name(c->at->hook), v->n);
		return -EOPNOTSUPP;
	}
	for (size_t i = 0; i < v->n && !err; i++) {
		struct bu_attached one;
		struct bu_attach at = *c->at;
		struct bu_attaching sub = *c;

		at.a = v->name[i];
		sub.at = &at;
		bu_attached_init(&one, c->at->hook);
	sub.out = &one;
		err = bu_attach_kprobe_at(&sub);
		if (!err)
			err = bu_attach_more(c->out, &one);
		if (err)
			bu_sys_detach(c->s, &one);
	}
	return err;
}

static int attach(struct bu_attaching *c, const struct names *v)
{
	bool session = c->at->hook == BU_HOOK_KPROBE_SESSION;
	int fd = -EINVAL;

	if (c->via == BU_VIA_AUTO || c->via == BU_VIA_LINK)
		fd = one_link(c, v->name, v->n);
	if (fd >= 0) {
		c->out->link_fd = fd;
		return 0;
	}
	if (session || c->via == BU_VIA_LINK || (fd != -EINVAL && fd != -EOPNOTSUPP) ||
	    strcmp(c->s->ops->name, "vm") == 0)
		return blame_one(c, v, fd);
	return each_event(c, v);
}

static int attach_kmulti(struct bu_attaching *c)
{
	struct names v = { .patterns = c->at->a };
	int err;

	bu_arena_init(&v.arena);
	err = collect(c, &v);
	if (!err)
		err = attach(c, &v);
	bu_buf_free(&v.one);
	bu_arena_free(&v.arena);
	return err;
}

const struct bu_attach_driver bu_driver_kmulti = { .parse = parse_kmulti, .attach = attach_kmulti };
