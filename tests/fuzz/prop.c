/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "prop.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

const char *const prop_text[NPROPS] = {
	[PROP_SILENT] = "each refusal has a message",
	[PROP_OTHER] = "the short way makes what the long way makes, twice",
	[PROP_UNREAD] = "each object that was made can be read",
	[PROP_UNTOLD] = "each text of -d is taken, or -d tells why not",
	[PROP_CHANGED] = "each text of -d makes the same sections, or -d tells that it cannot",
	[PROP_ASTRAY] = "each far jump comes to its label",
	[PROP_UNLIKE] = "gotol and islands make the same program",
};
struct prop_sum prop_sum;

static bool fails(enum prop p)
{
	prop_sum.failed[p]++;
	return false;
}

void prop_init(void)
{
	setenv("CC", "/nonexistent/cc", 1); /* .cinclude */
}

/* ---------------------------------------------------------------- assembling */

struct made {
	struct as as;
	struct bu_obj o;
	struct bu_diags ds;
	int err;
};

static void make(struct made *m, const void *p, size_t n, const struct prop_opt *opt, bool long_way)
{
	bu_diags_init(&m->ds);
	m->ds.max_errors = 20;
	bu_obj_init(&m->o);
	as_init(&m->as, &m->ds);
	m->as.be = opt->be;
	if (opt->dialects)
		m->as.dialects = opt->dialects;
	m->as.long_way = long_way;
	m->as.text = bu_str(n ? p : "", n);
	m->err = as_assemble(&m->as, "fuzz.s", &m->o);
}

static void unmake(struct made *m)
{
	as_free(&m->as);
	bu_obj_free(&m->o);
	bu_diags_free(&m->ds);
}

/* A file of memory that has a path. */
struct memfile {
	int fd;
	char path[32];
};

static void memfile(struct memfile *f)
{
	f->fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (f->fd < 0) {
		perror("memfd_create");
		exit(EXIT_FAILURE);
	}
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
}

/* The object's bytes, or the messages. */
static void outcome(const struct made *m, struct bu_buf *b)
{
	struct memfile f;

	bu_diags_render(b, &m->ds, BU_DIAG_TEXT, false, "as");
	if (m->err)
		return;
	memfile(&f);
	if (bu_obj_write(&m->o, f.fd) || bu_file_read(f.path, SIZE_MAX / 2, b))
		bu_buf_str(b, "cannot be written");
	close(f.fd);
}

static bool same_as_long(const struct made *m, const void *p, size_t n, const struct prop_opt *opt)
{
	struct bu_buf a = { 0 }, b = { 0 };
	struct made slow;
	bool same;

	make(&slow, p, n, opt, true);
	outcome(m, &a);
	outcome(&slow, &b);
	same = m->err == slow.err && a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
	unmake(&slow);
	bu_buf_free(&a);
	bu_buf_free(&b);
	return same || fails(PROP_OTHER);
}

/* ---------------------------------------------------------------- -d and back */

static bool same_section(const struct bu_sec *s, const struct bu_sec *t)
{
	return !strcmp(s->name, t->name) && s->type == t->type && s->flags == t->flags &&
	       s->align == t->align && s->size == t->size &&
	       (!s->data || !s->size || !memcmp(s->data, t->data, s->size));
}

/* Each section of a has its own in b; both may have several of a name, in any order. */
static bool same_sections(const struct bu_obj *a, const struct bu_obj *b)
{
	bool *used = calloc(b->nsecs + 1, 1);
	bool same = used && a->be == b->be && a->nrels == b->nrels;

	for (uint32_t i = 0, k; i < a->nsecs && same; i++) {
		for (k = 0; k < b->nsecs; k++)
			if (!used[k] && same_section(&a->secs[i], &b->secs[k]))
				break;
		/* An empty one of no name and no use need not come back. */
		same = k < b->nsecs || (!a->secs[i].size && !strcmp(a->secs[i].name, ".text"));
		if (k < b->nsecs)
			used[k] = true;
	}
	free(used);
	return same;
}

/* The object o, in the file f, as text, and that again as an object. */
static bool back(const struct bu_obj *o, const struct memfile *f, bool ours)
{
	static const struct prop_opt plain;
	struct bu_buf text = { 0 };
	struct bu_diags ds;
	struct made again;
	bool ok = true;
	int err;

	bu_diags_init(&ds);
	err = as_dis(f->path, NULL, &ds, &text);
	if (err) {
		if (err != -ENOMEM && !ds.errors)
			ok = fails(PROP_SILENT);
		else if (ours)
			ok = fails(PROP_UNREAD);
		goto out;
	}
	make(&again, text.p, text.n, &plain, false);
	if (ds.warnings)
		prop_sum.told++;
	else if (again.err)
		ok = fails(PROP_UNTOLD);
	else if (!same_sections(o, &again.o))
		ok = fails(PROP_CHANGED);
	unmake(&again);
out:
	bu_diags_free(&ds);
	bu_buf_free(&text);
	return ok;
}

/* Texts that are to be edited need not make the same; they are to come out all the same. */
static bool other_texts(const struct memfile *f)
{
	static const struct as_dis_opt opt[] = { { .raw = true, .source = true, .no_check = true },
						 { .no_btf = true } };
	static unsigned turn;
	struct bu_buf text = { 0 };
	struct bu_diags ds;
	bool ok = true;
	int err;

	bu_diags_init(&ds);
	err = as_dis(f->path, &opt[turn++ % BU_ARRAY_SIZE(opt)], &ds, &text);
	if (err && err != -ENOMEM && !ds.errors)
		ok = fails(PROP_SILENT);
	bu_diags_free(&ds);
	bu_buf_free(&text);
	return ok;
}

/* An object that was just made. */
static bool round_trip(const struct made *m)
{
	struct memfile f;
	struct bu_diags ds;
	struct bu_obj o;
	bool ok;

	bu_diags_init(&ds);
	bu_obj_init(&o);
	memfile(&f);
	if (bu_obj_write(&m->o, f.fd) || bu_obj_read_file(&o, f.path, &ds))
		ok = fails(PROP_UNREAD);
	else
		ok = back(&o, &f, true);
	close(f.fd);
	bu_obj_free(&o);
	bu_diags_free(&ds);
	return ok;
}

/* ---------------------------------------------------------------- */

static void render_all(const struct bu_diags *ds)
{
	struct bu_buf b = { 0 };

	bu_diags_render(&b, ds, BU_DIAG_JSON, false, "as");
	bu_diags_render(&b, ds, BU_DIAG_TEXT, true, "as");
	bu_buf_free(&b);
}

bool prop_source(const void *p, size_t n, const struct prop_opt *opt)
{
	struct made m;
	bool ok;

	prop_sum.inputs++;
	make(&m, p, n, opt, false);
	render_all(&m.ds);
	ok = same_as_long(&m, p, n, opt);
	if (!m.err) {
		prop_sum.taken++;
		ok = round_trip(&m) && ok;
	} else if (m.err != -ENOMEM && !m.ds.errors) {
		ok = fails(PROP_SILENT);
	}
	unmake(&m);
	return ok;
}

bool prop_object(const void *p, size_t n)
{
	struct memfile f;
	struct bu_diags ds;
	struct bu_obj o;
	bool ok = true;

	prop_sum.inputs++;
	bu_diags_init(&ds);
	bu_obj_init(&o);
	memfile(&f);
	if (bu_write_all(f.fd, p, n)) {
		perror("memory");
		exit(EXIT_FAILURE);
	}
	if (!bu_obj_read_file(&o, f.path, &ds)) {
		prop_sum.taken++;
		ok = back(&o, &f, false);
		ok = other_texts(&f) && ok;
	}
	render_all(&ds);
	close(f.fd);
	bu_obj_free(&o);
	bu_diags_free(&ds);
	return ok;
}
