/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* opt: a scan over argv by an option table, and the option list of --help. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>

void bu_opt_start(struct bu_optscan *s, const struct bu_opt *opts, int argc, char **argv)
{
	*s = (struct bu_optscan){ .opts = opts, .argc = argc, .argv = argv, .i = 1 };
}

static bool takes(const struct bu_opt *o)
{
	return o->arg && o->arg[0] != '[';
}

static bool may_take(const struct bu_opt *o)
{
	return o->arg && o->arg[0] == '[';
}

static int fail(struct bu_optscan *s, const struct bu_opt *near, const char *fmt, ...)
	BU_PRINTF(3, 4);
static int fail(struct bu_optscan *s, const struct bu_opt *near, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->error, sizeof(s->error), fmt, ap);
	va_end(ap);
	s->hint[0] = 0;
	if (near)
		snprintf(s->hint, sizeof(s->hint), "did you mean --%s?", near->name);
	return BU_OPT_ERROR;
}

static const struct bu_opt *by_letter(const struct bu_opt *opts, char c)
{
	for (; opts->id; opts++)
		if (opts->letter == c)
			return opts;
	return NULL;
}

/* The row whose name is, or unambiguously begins with, the n letters at p. */
static const struct bu_opt *by_name(const struct bu_opt *opts, const char *p, size_t n,
				    bool *ambiguous)
{
	const struct bu_opt *hit = NULL;

	*ambiguous = false;
	for (const struct bu_opt *o = opts; o->id; o++) {
		if (!o->name || strncmp(o->name, p, n) != 0)
			continue;
		if (!o->name[n])
			return o;
		if (hit)
			*ambiguous = true;
		hit = o;
	}
	return *ambiguous ? NULL : hit;
}

static const struct bu_opt *nearest(const struct bu_opt *opts, const char *p, size_t n)
{
	const struct bu_opt *best = NULL;
	struct bu_near near;

	bu_near_init(&near, p, n);
	for (const struct bu_opt *o = opts; o->id; o++) {
		const char *before = near.best;

		if (!o->name)
			continue;
		bu_near_feed(&near, o->name);
		if (near.best != before)
			best = o;
	}
	return best;
}

static int long_option(struct bu_optscan *s, const char *word)
{
	const char *eq = strchr(word, '=');
	size_t n = eq ? (size_t)(eq - word) : strlen(word);
	bool ambiguous;
	const struct bu_opt *o = by_name(s->opts, word, n, &ambiguous);

	if (ambiguous)
		return fail(s, NULL, "option --%.*s is ambiguous", (int)n, word);
	if (!o)
		return fail(s, nearest(s->opts, word, n), "unknown option --%.*s", (int)n, word);
	s->opt = o;
	s->arg = eq ? eq + 1 : NULL;
	if (eq && !o->arg)
		return fail(s, NULL, "option --%s takes no argument", o->name);
	if (!eq && takes(o)) {
		if (s->i >= s->argc)
			return fail(s, NULL, "option --%s needs %s", o->name, o->arg);
		s->arg = s->argv[s->i++];
	}
	return o->id;
}

static int short_option(struct bu_optscan *s)
{
	char c = *s->rest++;
	const struct bu_opt *o = by_letter(s->opts, c);

	if (!o)
		return fail(s, NULL, "unknown option -%c", c);
	s->opt = o;
	s->arg = NULL;
	if (takes(o) || (may_take(o) && *s->rest == '=')) {
		if (*s->rest)
			s->arg = s->rest + (*s->rest == '=' && may_take(o));
		else if (s->i < s->argc)
			s->arg = s->argv[s->i++];
		else
			return fail(s, NULL, "option -%c needs %s", c, o->arg);
		s->rest = NULL;
	} else if (!*s->rest) {
		s->rest = NULL;
	}
	return o->id;
}

int bu_opt_next(struct bu_optscan *s)
{
	const char *word;

	if (s->rest && *s->rest)
		return short_option(s);
	if (s->i >= s->argc)
		return BU_OPT_END;
	word = s->argv[s->i++];
	if (s->dashdash || word[0] != '-' || !word[1]) {
		if (s->stop_at_operand)
			s->dashdash = true;
		s->arg = word;
		return BU_OPT_OPERAND;
	}
	if (strcmp(word, "--") == 0) {
		s->dashdash = true;
		return bu_opt_next(s);
	}
	if (word[1] == '-')
		return long_option(s, word + 2);
	/* Options of more than one letter behind one dash, as gcc's -march=X, match whole. */
	for (const struct bu_opt *o = s->opts; o->id; o++) {
		size_t n = o->name && o->name[0] == '-' ? strlen(o->name) : 0;

		if (!n || strncmp(word, o->name, n) != 0)
			continue;
		if (!word[n] || (word[n] == '=' && o->arg)) {
			s->opt = o;
			s->arg = word[n] ? word + n + 1 : NULL;
			if (!s->arg && takes(o))
				return fail(s, NULL, "option %s needs =%s", o->name, o->arg);
			return o->id;
		}
	}
	s->rest = word + 1;
	return short_option(s);
}

static void option_spelling(struct bu_buf *b, const struct bu_opt *o)
{
	if (o->letter)
		bu_buf_printf(b, "  -%c", o->letter);
	else
		bu_buf_str(b, "    ");
	if (o->name && o->name[0] == '-') /* single dash */
		bu_buf_printf(b, "%s%s", o->letter ? ", " : "  ", o->name);
	else if (o->name)
		bu_buf_printf(b, "%s--%s", o->letter ? ", " : "  ", o->name);
	if (o->arg)
		bu_buf_printf(b, "%s%s", o->name && o->arg[0] != '[' ? "=" : " ", o->arg);
}

void bu_opt_help(struct bu_buf *out, const struct bu_opt *opts)
{
	struct bu_buf line = { 0 };

	for (; opts->id; opts++) {
		const char *p = opts->summary;
		size_t col;

		if (!p)
			continue; /* hidden */
		bu_buf_reset(&line);
		option_spelling(&line, opts);
		col = line.n;
		if (col > 26) {
			bu_buf_char(&line, '\n');
			col = 0;
		}
		/* The summary from column 28 on, wrapped at 80. */
		while (*p) {
			size_t n = strlen(p);

			if (n > 52)
				for (n = 52; n && p[n] != ' '; n--)
					;
			if (!n)
				n = strcspn(p, " ");
			bu_buf_printf(&line, "%*s%.*s\n", (int)(28 - col), "", (int)n, p);
			p += n;
			p += strspn(p, " ");
			col = 0;
		}
		bu_buf_add(out, line.p, line.n);
	}
	bu_buf_free(&line);
}
