/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of tracepoints as the running kernel's format files have them: lines such as
 *
 *	field:void * skbaddr;	offset:8;	size:8;	signed:0;
 *
 * The built-in table holds the few that are the same in all kernels; this is for the others, only when
 * asked for by --tracefs, because the object then fits this kernel.
 */
#include <dirent.h>
#include <stdlib.h>

#include "bpf-as/names.h"
#include "bpf-as/types.h"

#define MAX_FORMAT (256u << 10)
#define MAX_ENTRIES 20000

/* system and event of "tracepoint:SYSTEM:EVENT.FIELD", and the field. */
struct path {
	struct bu_str system, event, field;
};

static bool plain(struct bu_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!IS(s.p[i], CL_IDENT) || s.p[i] == '.' || s.p[i] == '$')
			return false;
	return s.n > 0 && s.n < 128;
}

static bool split(struct bu_str name, struct path *p)
{
	const char *e = name.p + name.n, *colon, *dot;

	if (name.n <= 11 || memcmp(name.p, "tracepoint:", 11))
		return false;
	name.p += 11;
	colon = memchr(name.p, ':', (size_t)(e - name.p));
	dot = colon ? memchr(colon, '.', (size_t)(e - colon)) : NULL;
	if (!dot)
		return false;
	p->system = bu_str(name.p, (size_t)(colon - name.p));
	p->event = bu_str(colon + 1, (size_t)(dot - colon - 1));
	p->field = bu_str(dot + 1, (size_t)(e - dot - 1));
	return plain(p->system) && plain(p->event);
}

/* The number behind key in the line, -1: not there. */
static int64_t number(struct bu_str line, const char *key)
{
	size_t n = strlen(key);
	int64_t v = 0;

	for (size_t i = 0; i + n < line.n; i++) {
		if (memcmp(line.p + i, key, n))
			continue;
		for (i += n; i < line.n && IS(line.p[i], CL_DIGIT) && v < 1 << 24; i++)
			v = v * 10 + (line.p[i] - '0');
		return v;
	}
	return -1;
}

/* The next field of a format file: its name, place and size. */
static bool next_field(const char **p, const char *e, struct bu_str *name, int64_t *off, int64_t *size)
{
	while (*p < e) {
		const char *nl = memchr(*p, '\n', (size_t)(e - *p)), *end = nl ? nl : e, *semi, *q;
		struct bu_str line = bu_str(*p, (size_t)(end - *p));

		*p = nl ? nl + 1 : e;
		while (line.n && IS(*line.p, CL_SPACE))
			line.p++, line.n--;
		if (line.n < 6 || memcmp(line.p, "field:", 6))
			continue;
		semi = memchr(line.p, ';', line.n);
		if (!semi)
			continue;
		for (q = semi; q > line.p && q[-1] == ']'; ) { /* char comm[16] */
			while (q > line.p && *q != '[')
				q--;
		}
		for (name->p = q; name->p > line.p && IS(name->p[-1], CL_IDENT);)
			name->p--;
		name->n = (size_t)(q - name->p);
		*off = number(line, "offset:");
		*size = number(line, "size:");
		if (name->n && *off >= 0 && *size >= 0)
			return true;
	}
	return false;
}

static bool read_format(struct as *as, const struct path *p, struct bu_buf *text)
{
	char *path = bu_arena_printf(&as->arena, "%s/events/%.*s/%.*s/format", as->tracefs, (int)p->system.n,
				     p->system.p, (int)p->event.n, p->event.p);
	int err = path ? bu_file_read(path, MAX_FORMAT, text) : -ENOMEM;

	if (!err)
		as_dep(as, path);
	return !err;
}

bool as_tracefs_field(struct as *as, struct bu_str name, int64_t *off, int64_t *size)
{
	struct bu_buf text = { 0 };
	const char *at, *end;
	struct bu_str field;
	struct path p;
	bool found = false;

	if (!as->tracefs || !split(name, &p))
		return false;
	if (read_format(as, &p, &text)) {
		at = (const char *)text.p;
		end = at + text.n;
		while (!found && next_field(&at, end, &field, off, size))
			found = field.n == p.field.n && !memcmp(field.p, p.field.p, field.n);
	}
	bu_buf_free(&text);
	return found;
}

/* false: there is no such directory. */
static bool feed_dir(struct as *as, const char *dir, const char *before, struct bu_str after,
		     struct bu_near *near)
{
	DIR *d = dir && before ? opendir(dir) : NULL;
	struct dirent *e;

	for (unsigned i = 0; d && i < MAX_ENTRIES && (e = readdir(d)); i++)
		if (e->d_name[0] != '.')
			bu_near_feed(near, bu_arena_printf(&as->arena, "%s%s%.*s", before, e->d_name,
							   (int)after.n, after.p));
	if (d)
		closedir(d);
	return d != NULL;
}

void as_tracefs_feed(struct as *as, struct bu_str name, struct bu_near *near)
{
	struct bu_buf text = { 0 };
	const char *at, *end, *dir;
	struct bu_str field, tail;
	int64_t off, size;
	struct path p;

	if (!as->tracefs || !split(name, &p))
		return;
	if (read_format(as, &p, &text)) {
		at = (const char *)text.p;
		end = at + text.n;
		while (next_field(&at, end, &field, &off, &size))
			bu_near_feed(near, bu_arena_printf(&as->arena, "%.*s%.*s", (int)(p.field.p - name.p),
							   name.p, (int)field.n, field.p));
	} else {
		tail = bu_str(p.event.p + p.event.n, (size_t)(name.p + name.n - p.event.p - p.event.n));
		dir = bu_arena_printf(&as->arena, "%s/events/%.*s", as->tracefs, (int)p.system.n, p.system.p);
		if (!feed_dir(as, dir, bu_arena_printf(&as->arena, "%.*s", (int)(p.event.p - name.p), name.p),
			      tail, near)) {
			tail = bu_str(p.system.p + p.system.n,
				      (size_t)(name.p + name.n - p.system.p - p.system.n));
			feed_dir(as, bu_arena_printf(&as->arena, "%s/events", as->tracefs), "tracepoint:", tail,
				 near);
		}
	}
	bu_buf_free(&text);
}

bool as_tracefs_help(struct as *as, const struct as_sym *s, struct bu_diag *d)
{
	struct path p;

	if (!split(bu_str(s->name, s->n), &p))
		return false;
	if (as->tracefs)
		bu_diag_help(as->ds, d, "%s/events/%.*s/%.*s/format lists the fields", as->tracefs,
			     (int)p.system.n, p.system.p, (int)p.event.n, p.event.p);
	else
		bu_diag_help(as->ds, d, "the built-in table holds a few stable fields only; --tracefs reads those of the "
			     "running kernel");
	return true;
}
