/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files beside the source: .incbin, and the rule for make that names all that was read. */
#include "bpf-as/directive.h"

/* More does not fit into a section. */
#define MAX_BIN (256u << 20)

/* ,SKIP[,COUNT]; what is left of n bytes. false: told. */
static bool part(struct as *as, struct as_cur *c, uint64_t n, uint64_t *from, uint64_t *count)
{
	int64_t skip = 0, len = -1;
	const char *p;

	as_skip(c);
	p = c->p;
	if (as_eat(c, ',')) {
		as_skip(c);
		if ((c->p == c->e || *c->p != ',') && as_expr_now(as, c, "number of bytes to skip", &skip))
			return false;
		if (as_eat(c, ',') && as_expr_now(as, c, "number of bytes", &len))
			return false;
	}
	if (skip < 0 || (uint64_t)skip > n || (len >= 0 && (uint64_t)len > n - (uint64_t)skip)) {
		as_error(as, "A0208", p, c->p > p ? (size_t)(c->p - p) : 1,
			 "the file has %llu bytes, fewer than are asked for", (unsigned long long)n);
		return false;
	}
	*from = (uint64_t)skip;
	*count = len >= 0 ? (uint64_t)len : n - (uint64_t)skip;
	return true;
}

void as_d_incbin(PARAMS)
{
	struct bu_buf name_text = { 0 }, data = { 0 };
	uint64_t at = as->cur->size, from, count;
	const char *p, *file;
	char *path = NULL;
	int err;

	(void)arg;
	as_skip(c);
	p = c->p;
	if (!as_string(as, c, &name_text))
		goto out;
	file = bu_buf_cstr(&name_text);
	err = as_find_file(as, file, MAX_BIN, &path, &data);
	if (err) {
		as_error(as, "A0103", p, (size_t)(c->p - p), "cannot read '%s': %s", file, strerror(-err));
		goto out;
	}
	as_dep(as, path);
	if (!part(as, c, data.n, &from, &count))
		goto out;
	as_junk(as, c);
	as_data_begins(as, name.p, ELEM_MIXED, 0);
	as_put(as, data.p + from, count, name.p);
	as_mark_raw(as, at);
out:
	c->p = c->e;
	bu_buf_free(&name_text);
	bu_buf_free(&data);
}

/* ---------------------------------------------------------------- make */

struct as_dep {
	const char *path;
	struct as_dep *next;
};

void as_dep(struct as *as, const char *path)
{
	struct as_dep **at = &as->deps, *d;

	for (; *at; at = &(*at)->next)
		if (!strcmp((*at)->path, path))
			return;
	d = bu_arena_alloc(&as->arena, sizeof(*d));
	if (d) {
		d->path = bu_arena_strdup(&as->arena, path);
		*at = d->path ? d : NULL;
	}
}

/* A name as make reads it. */
static void quote(struct bu_buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == ' ' || *s == '\t' || *s == '#')
			bu_buf_char(b, '\\');
		else if (*s == '$')
			bu_buf_char(b, '$');
		bu_buf_char(b, *s);
	}
}

void as_deps(const struct as *as, const char *target, struct bu_buf *out)
{
	size_t col;

	quote(out, target);
	bu_buf_char(out, ':');
	col = out->n;
	for (const struct as_dep *d = as->deps; d; d = d->next) {
		if (out->n - col + strlen(d->path) > 75) {
			bu_buf_str(out, " \\\n");
			col = out->n;
		}
		bu_buf_char(out, ' ');
		quote(out, d->path);
	}
	bu_buf_char(out, '\n');
}
