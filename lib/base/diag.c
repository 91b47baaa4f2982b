/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* diag: records of what the user must read, and the sink that keeps them. */
#include "base/base.h"

#include <string.h>

void bu_diags_init(struct bu_diags *ds)
{
	*ds = (struct bu_diags){ 0 };
	bu_arena_init(&ds->arena);
}

void bu_diags_free(struct bu_diags *ds)
{
	bu_arena_free(&ds->arena);
	*ds = (struct bu_diags){ 0 };
}

static struct bu_diag *spare(struct bu_diags *ds)
{
	ds->spare = (struct bu_diag){ .text = "out of memory", .code = "U0003" };
	return &ds->spare;
}

struct bu_diag *bu_diag(struct bu_diags *ds, enum bu_severity sev, const char *code,
			const char *fmt, ...)
{
	struct bu_diag *d;
	va_list ap;

	if (sev == BU_ERROR && ds->errors++ >= ds->max_errors && ds->max_errors)
		return spare(ds);
	if (sev == BU_WARNING && ds->warnings++ >= ds->max_errors && ds->max_errors)
		return spare(ds);
	d = bu_arena_alloc(&ds->arena, sizeof(*d));
	if (!d)
		return spare(ds);
	d->severity = sev;
	d->code = code;
	va_start(ap, fmt);
	d->text = bu_arena_vprintf(&ds->arena, fmt, ap);
	va_end(ap);
	if (!d->text)
		d->text = "out of memory";
	if (ds->last)
		ds->last->next = d;
	else
		ds->first = d;
	ds->last = d;
	return d;
}

void bu_diag_span(struct bu_diags *ds, struct bu_diag *d, const char *file, uint32_t line,
		  uint32_t col, uint32_t len, struct bu_str src, const char *label)
{
	struct bu_span *s;

	if (d == &ds->spare || d->nspans == BU_ARRAY_SIZE(d->span))
		return;
	s = &d->span[d->nspans++];
	s->file = bu_arena_strdup(&ds->arena, file);
	if (!s->file)
		s->file = "?";
	s->line = line;
	s->col = col;
	s->len = len ? len : 1;
	if (src.p) {
		s->src.p = bu_arena_strndup(&ds->arena, src.p, src.n);
		s->src.n = s->src.p ? src.n : 0;
	}
	if (label && *label)
		s->label = bu_arena_strdup(&ds->arena, label);
}

static void remark(struct bu_diags *ds, struct bu_diag *d, bool help, const char *fmt, va_list ap)
{
	struct bu_remark *r;
	const char *text;

	if (d == &ds->spare || d->nremarks == BU_ARRAY_SIZE(d->remark))
		return;
	text = bu_arena_vprintf(&ds->arena, fmt, ap);
	if (!text)
		return;
	r = &d->remark[d->nremarks++];
	r->help = help;
	r->text = text;
}

void bu_diag_note(struct bu_diags *ds, struct bu_diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	remark(ds, d, false, fmt, ap);
	va_end(ap);
}

void bu_diag_help(struct bu_diags *ds, struct bu_diag *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	remark(ds, d, true, fmt, ap);
	va_end(ap);
}

void bu_diag_mean(struct bu_diags *ds, struct bu_diag *d, const char *name, size_t n)
{
	bu_diag_help(ds, d, "did you mean '%.*s'?", (int)n, name);
	if (d != &ds->spare)
		d->fix = bu_arena_strndup(&ds->arena, name, n);
}

const char *bu_diag_explain(const char *code, const char **title)
{
	static const struct { const char *code, *title, *text; } rows[] = {
#define BU_DIAG(code, title, text) { code, title, text },
#include "base/diag.def"
#undef BU_DIAG
	};

	for (size_t i = 0; i < BU_ARRAY_SIZE(rows); i++)
		if (strcmp(rows[i].code, code) == 0) {
			if (title)
				*title = rows[i].title;
			return rows[i].text;
		}
	return NULL;
}
