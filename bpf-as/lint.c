/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The linter's table, the options that set its levels, and how a finding is told. */
#include "bpf-as/as.h"

static const struct row {
	const char *name, *flag, *code, *text;
	uint8_t level;
} rows[LINT_COUNT] = {
#define AS_LINT(id, name, level, code, text) [LINT_##id] = { name, "-W" name, code, text, LINT_LEVEL_##level },
#include "bpf-as/lint.def"
#undef AS_LINT
};

static int find(const char *name, size_t n)
{
	for (int i = 0; i < LINT_COUNT; i++)
		if (strlen(rows[i].name) == n && !memcmp(rows[i].name, name, n))
			return i;
	return -1;
}

static const char *nearest(const char *name)
{
	struct bu_near near;

	bu_near_init(&near, name, strlen(name));
	for (int i = 0; i < LINT_COUNT; i++)
		bu_near_feed(&near, rows[i].name);
	return near.best;
}

/* Removes a prefix. */
static bool eat(const char **p, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*p, prefix, n))
		return false;
	*p += n;
	return true;
}

int as_lint_option(struct as_lints *l, const char *word, const char **near)
{
	bool no = eat(&word, "no-"), error = false;
	int id;

	if (near)
		*near = NULL;
	if (!strcmp(word, "error")) {
		l->fatal = !no;
		return 0;
	}
	if (!strcmp(word, "all")) {
		for (int i = 0; i < LINT_COUNT; i++)
			if (no || rows[i].level == LINT_LEVEL_OFF)
				l->said[i] = 1 + (no ? LINT_LEVEL_OFF : LINT_LEVEL_WARN);
		return 0;
	}
	error = eat(&word, "error=");
	id = find(word, strlen(word));
	if (id < 0) {
		if (near)
			*near = nearest(word);
		return -EINVAL;
	}
	if (error)
		l->said[id] = 1 + (no ? LINT_LEVEL_WARN : LINT_LEVEL_ERROR);
	else if (no)
		l->said[id] = 1 + LINT_LEVEL_OFF;
	else if (rows[id].level != LINT_LEVEL_ERROR)
		l->said[id] = 1 + LINT_LEVEL_WARN;
	else
		l->said[id] = 0;
	return 0;
}

void as_lint_help(struct bu_buf *out)
{
	static const char *const level[] = { "off", "warning", "error" };

	for (int i = 0; i < LINT_COUNT; i++)
		bu_buf_printf(out, "  -W%-14s %-8s %s\n", rows[i].name, level[rows[i].level], rows[i].text);
}

static enum as_lint_level level_of(const struct as *as, enum as_lint_id id)
{
	const struct as_lints *l = &as->lints;
	enum as_lint_level v = l->said[id] ? l->said[id] - 1u : rows[id].level;

	if (!l->said[id] && as->compiled) /* who reads that cannot change it */
		v = LINT_LEVEL_OFF;
	if (v == LINT_LEVEL_WARN && l->none)
		v = LINT_LEVEL_OFF;
	if (v == LINT_LEVEL_WARN && l->fatal)
		v = LINT_LEVEL_ERROR;
	return v;
}

bool as_lint_off(const struct as *as, enum as_lint_id id)
{
	return level_of(as, id) == LINT_LEVEL_OFF;
}

bool as_lint_passes(const struct as *as, enum as_lint_id id)
{
	return level_of(as, id) != LINT_LEVEL_ERROR;
}

bool as_lint_untold(struct as *as, enum as_lint_id id)
{
	enum as_lint_level level = level_of(as, id);
	unsigned *count = level == LINT_LEVEL_ERROR ? &as->ds->errors : &as->ds->warnings;

	if (level == LINT_LEVEL_OFF)
		return true;
	if (!as->ds->max_errors || *count < as->ds->max_errors)
		return false;
	++*count;
	return true;
}

struct bu_diag *as_lint(struct as *as, enum as_lint_id id, const char *p, size_t len,
			const char *fmt, ...)
{
	enum as_lint_level level = level_of(as, id);
	struct bu_diag *d;
	va_list ap;

	if (level == LINT_LEVEL_OFF || as->verbatim)
		return &as->ds->spare;
	va_start(ap, fmt);
	d = as_report(as, level == LINT_LEVEL_ERROR ? BU_ERROR : BU_WARNING, rows[id].code, p, len, fmt, ap);
	va_end(ap);
	d->flag = rows[id].flag;
	return d;
}
