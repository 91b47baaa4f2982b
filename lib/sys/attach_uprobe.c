/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uprobe, uretprobe: one place in a file. uprobe.multi, uretprobe.multi, uprobe.session: all functions of a file
 * whose names fit, by one link (since 6.6; sessions 6.13), else by a perf event for each.
 */
#include "sys/attach.h"
#include "sys/elffile.h"

#include <fnmatch.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#define REF_CTR_SHIFT 32 /* uprobe PMU's format/ref_ctr_offset: config:32-63 */
#define PLACES_MAX (1u << 20)

static bool returns(enum bu_hook hook)
{
	return hook == BU_HOOK_URETPROBE || hook == BU_HOOK_URETPROBE_MULTI;
}

/* ---------------------------------------------------------------- targets */

static int read_options(struct bu_attach_parser *p)
{
	int err = bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);

	if (!err)
		err = bu_attach_opt_pid(p, BU_ATTACH_OPT_PID, &p->at->pid);
	if (!err)
		err = bu_attach_opt_u64(p, BU_ATTACH_OPT_REF_CTR, &p->at->ref_ctr);
	if (!err && p->at->ref_ctr >> 32)
		return bu_attach_bad(p, "…,ref_ctr=OFFSET", "the place of the reference counter lies beyond 4 GiB");
	return err;
}

static int parse_uprobe(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "FILE:SYMBOL, FILE:SYMBOL+OFFSET or FILE:0xOFFSET";
	struct bu_str path, where, name;
	uint64_t off;

	if (!bu_attach_cut(t, ':', &path, &where))
		return bu_attach_bad(p, form, "there is no ':' between the file and the symbol");
	if (!path.n)
		return bu_attach_bad(p, form, "the path of the file is missing");
	if (!where.n)
		return bu_attach_bad(p, form, "the symbol or offset is missing");
	p->at->a = bu_attach_keep(p, path);
	if (where.p[0] >= '0' && where.p[0] <= '9') {
		if (bu_str_u64(where, &off, NULL))
			return bu_attach_bad(p, form, "the offset in the file is not a number");
		p->at->offset = off;
		p->at->offset_given = true;
		return read_options(p);
	}
	if (bu_attach_offset(p, where, &name))
		return bu_attach_bad(p, form, "the offset behind '+' is not a number");
	if (!name.n)
		return bu_attach_bad(p, form, "the symbol in front of '+' is missing");
	if (p->at->hook == BU_HOOK_URETPROBE && p->at->offset)
		return bu_attach_bad(p, "FILE:SYMBOL or FILE:0xOFFSET",
				     "a return probe sits at the start of a function");
	p->at->b = bu_attach_keep(p, name);
	return read_options(p);
}

static int parse_multi(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "FILE:PATTERN or FILE:PATTERN+PATTERN, such as libc:*alloc+free";
	struct bu_str path, where;

	if (!bu_attach_cut(t, ':', &path, &where))
		return bu_attach_bad(p, form, "there is no ':' between the file and the pattern");
	if (!path.n)
		return bu_attach_bad(p, form, "the path of the file is missing");
	if (!where.n)
		return bu_attach_bad(p, form, "the pattern is missing");
	p->at->a = bu_attach_keep(p, path);
	p->at->b = bu_attach_keep(p, where);
	if (bu_attach_opt(p, BU_ATTACH_OPT_REF_CTR, NULL))
		return bu_attach_bad(p, form, "several functions do not share a reference counter");
	return read_options(p);
}

/* ---------------------------------------------------------------- one place */

/* Kernels before 4.17 have no event source for it. */
static bool by_tracefs(struct bu_attaching *c)
{
	return c->via == BU_VIA_TRACEFS ||
	       (c->via == BU_VIA_AUTO && c->s->ops->dyn_event && c->s->ops->pmu_type(c->s, "uprobe") == -ENOENT &&
		bu_attach_tracefs_has(c, "uprobe_events"));
}

int bu_attach_uprobe_at(struct bu_attaching *c, const char *path, uint64_t off, uint64_t ref_ctr)
{
	struct perf_event_attr a;
	int err;

	if (by_tracefs(c))
		return bu_attach_tracefs(c, "uprobe_events", returns(c->at->hook), path, off, ref_ctr);
	err = bu_attach_probe_event(c, &a, "uprobe", returns(c->at->hook));
	if (err)
		return err;
	if (ref_ctr && c->s->ops->pmu_format_bit(c->s, "uprobe", "ref_ctr_offset") == -ENOENT) {
		bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel cannot count references to a probe, which "
			"needs Linux 4.20", bu_blame_subject(c));
		return -EOPNOTSUPP;
	}
	a.config |= ref_ctr << REF_CTR_SHIFT;
	a.config1 = bu_ptr64(path);
	a.config2 = off;
	err = bu_attach_open_event(c, &a, c->at->pid ? (int)c->at->pid : -1, c->at->pid ? -1 : 0);
	return err ? err : bu_attach_bind_event(c);
}

int bu_attach_one_of_many(struct bu_attaching *c, const char *path, uint64_t off, uint64_t ref_ctr)
{
	struct bu_attached one;
	struct bu_attaching sub = *c;
	int err;

	bu_attached_init(&one, c->at->hook);
	sub.out = &one;
	err = bu_attach_uprobe_at(&sub, path, off, ref_ctr);
	if (!err)
		err = bu_attach_more(c->out, &one);
	if (err)
		bu_sys_detach(c->s, &one);
	return err;
}

int bu_attach_file(struct bu_attaching *c, struct bu_attach *at)
{
	int err = bu_find_binary(at->a, at->pid, &c->ds->arena, &at->a);

	if (!err)
		return 0;
	bu_diag(c->ds, BU_ERROR, "S0108", "%s: there is no program '%s' in $PATH, and no library of that name",
		bu_blame_subject(c), at->a);
	return err;
}

static int attach_uprobe(struct bu_attaching *c)
{
	struct bu_attach at = *c->at;
	struct bu_attaching sub = *c;
	struct perf_event_attr a;
	uint64_t off = 0;
	int err = by_tracefs(c) ? 0 : bu_attach_probe_event(c, &a, "uprobe", returns(at.hook));

	/* A kernel without uprobes says so before the file is looked for. */
	if (!err)
		err = bu_attach_file(c, &at);
	sub.at = &at;
	if (!err && at.b) {
		struct bu_near near;

		bu_near_init(&near, at.b, strcspn(at.b, "@"));
		err = bu_elf_symbol_offset(at.a, at.b, &off, &near, &c->ds->arena);
		if (err)
			return bu_blame_symbol(&sub, err, near.best);
	}
	return err ? err : bu_attach_uprobe_at(&sub, at.a, off + at.offset, at.ref_ctr);
}

/* ---------------------------------------------------------------- many */

struct places {
	const char *patterns; /* parted by '+' */
	struct bu_buf one;    /* a pattern, then a name */
	uint64_t *off;
	size_t n, cap;
	uint64_t used;        /* bits of the patterns that were met */
	bool failed;
};

bool bu_attach_pattern(const char *patterns, unsigned i, struct bu_buf *one)
{
	while (i-- && patterns)
		patterns = strchr(patterns, '+') ? strchr(patterns, '+') + 1 : NULL;
	bu_buf_reset(one);
	if (!patterns || !*patterns)
		return false;
	bu_buf_add(one, patterns, strcspn(patterns, "+"));
	return true;
}

static bool collect(void *ctx, const struct bu_elff_func *f)
{
	struct places *p = ctx;
	bool fits = false;

	for (unsigned i = 0; i < 64 && bu_attach_pattern(p->patterns, i, &p->one); i++) {
		const char *pattern = bu_buf_cstr(&p->one);
		size_t n = strcspn(pattern, "@");

		if (fnmatch(pattern, f->name, 0) == 0 ||
		    (n == f->n && memcmp(pattern, f->name, n) == 0 && (!pattern[n] || f->version[0]) &&
		     strcmp(pattern + n + strspn(pattern + n, "@"), f->version) == 0)) {
			p->used |= UINT64_C(1) << i;
			fits = true;
		}
	}
	if (!fits)
		return true;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		uint64_t *v = cap > PLACES_MAX * 2 ? NULL : realloc(p->off, cap * sizeof(*v));

		p->failed = !v;
		if (!v)
			return false;
		p->off = v;
		p->cap = cap;
	}
	p->off[p->n++] = f->offset;
	return true;
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void unique(struct places *p)
{
	size_t n = 0;

	if (p->n)
		qsort(p->off, p->n, sizeof(*p->off), by_offset);
	for (size_t i = 0; i < p->n; i++)
		if (!i || p->off[i] != p->off[n - 1])
			p->off[n++] = p->off[i];
	p->n = n;
}

/* The pattern that nothing fits, if there is one. */
static int check_patterns(struct bu_attaching *c, struct places *p)
{
	for (unsigned i = 0; i < 64 && bu_attach_pattern(p->patterns, i, &p->one); i++) {
		struct bu_attach at = *c->at;
		struct bu_attaching sub = *c;
		struct bu_near near;
		uint64_t off;

		if (p->used >> i & 1)
			continue;
		at.b = bu_arena_strdup(&c->ds->arena, bu_buf_cstr(&p->one));
		if (!at.b)
			return -ENOMEM;
		if (strpbrk(at.b, "*?[")) {
			bu_diag(c->ds, BU_ERROR, "S0107", "%s: no function of %s is called like '%s'",
				bu_blame_subject(c), at.a, at.b);
			return -ENOENT;
		}
		bu_near_init(&near, at.b, strcspn(at.b, "@"));
		bu_elf_symbol_offset(at.a, at.b, &off, &near, &c->ds->arena);
		sub.at = &at;
		return bu_blame_symbol(&sub, -ENOENT, near.best);
	}
	return 0;
}

static int one_link(struct bu_attaching *c, const struct places *p)
{
	uint64_t *cookies = NULL;
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)c->prog_fd;
	a.link_create.attach_type = bu_hook_attach_type(c->at->hook);
	a.link_create.uprobe_multi.path = bu_ptr64(c->at->a);
	a.link_create.uprobe_multi.offsets = bu_ptr64(p->off);
	a.link_create.uprobe_multi.cnt = (uint32_t)p->n;
	a.link_create.uprobe_multi.flags = returns(c->at->hook) ? BPF_F_UPROBE_MULTI_RETURN : 0;
	a.link_create.uprobe_multi.pid = c->at->pid;
	if (c->at->cookie) {
		cookies = malloc(p->n * sizeof(*cookies));
		if (!cookies)
			return -ENOMEM;
		for (size_t i = 0; i < p->n; i++)
			cookies[i] = c->at->cookie;
		a.link_create.uprobe_multi.cookies = bu_ptr64(cookies);
	}
	fd = bu_sys_link_make(c->s, &a);
	free(cookies);
	return fd;
}

/* A kernel without such links takes an event for each place; their programs see no difference. */
static int attach_places(struct bu_attaching *c, const struct places *p)
{
	int fd = -EINVAL, err = 0;

	if (c->via == BU_VIA_AUTO || c->via == BU_VIA_LINK)
		fd = one_link(c, p);
	if (fd >= 0) {
		c->out->link_fd = fd;
		return 0;
	}
	if (c->at->hook == BU_HOOK_UPROBE_SESSION || c->via == BU_VIA_LINK ||
	    (fd != -EINVAL && fd != -EOPNOTSUPP))
		return bu_blame_multi(c, fd);
	for (size_t i = 0; i < p->n && !err; i++)
		err = bu_attach_one_of_many(c, c->at->a, p->off[i], 0);
	return err;
}

static int attach_multi(struct bu_attaching *c)
{
	struct places p = { .patterns = c->at->b };
	struct bu_attach at = *c->at;
	struct bu_attaching sub = *c;
	int err = bu_attach_file(c, &at);

	if (err)
		return err;
	sub.at = &at;
	err = bu_elff_each_func(at.a, collect, &p);
	if (err)
		err = bu_blame_symbol(&sub, err, NULL);
	else if (p.failed || p.one.failed)
		err = -ENOMEM;
	else
		err = check_patterns(&sub, &p);
	unique(&p);
	if (!err)
		err = attach_places(&sub, &p);
	bu_buf_free(&p.one);
	free(p.off);
	return err;
}

const struct bu_attach_driver bu_driver_uprobe = { .parse = parse_uprobe, .attach = attach_uprobe };
const struct bu_attach_driver bu_driver_uprobe_multi = { .parse = parse_multi, .attach = attach_multi };
