/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statements read over: what a false conditional leaves out, and bodies of macros. The same rules
 * for comments, quotes and ends as in src.c, and nothing is told of what stands there.
 */
#include "bpf-as/lang.h"

static const char *comment_end(const char *p, const char *e)
{
	const char *q = memmem(p + 2, (size_t)(e - p) - 2, "*/", 2);

	return q ? q + 2 : e;
}

static const char *eol(const char *p, const char *e)
{
	const char *q = memchr(p, '\n', (size_t)(e - p));

	return q ? q : e;
}

static bool at(const char *p, const char *e, char a, char b)
{
	return p + 1 < e && p[0] == a && p[1] == b;
}

/* To the first byte of a statement. */
static const char *begin(const char *p, const char *e)
{
	while (p < e) {
		if (IS(*p, CL_SPACE) || *p == ';' || *p == '\n')
			p++;
		else if (*p == '#' || at(p, e, '/', '/'))
			p = eol(p, e);
		else if (at(p, e, '/', '*'))
			p = comment_end(p, e);
		else
			break;
	}
	return p;
}

static const char *quoted(const char *p, const char *e)
{
	char quote = *p++;

	if (quote == '\'') {
		if (p + 1 < e && *p == '\\' && p[1] != '\n')
			p++;
		if (p < e && *p != '\n')
			p++;
		return p < e && *p == '\'' ? p + 1 : p;
	}
	while (p < e && *p != '\n' && *p != '"')
		p += at(p, e, '\\', p + 1 < e ? p[1] : 0) && p[1] != '\n' ? 2 : 1;
	return p < e && *p == '"' ? p + 1 : p;
}

static const char *finish(const char *s, const char *e)
{
	const char *p = s;

	while (p < e && *p != '\n' && *p != ';') {
		if (*p == '"' || *p == '\'')
			p = quoted(p, e);
		else if (at(p, e, '/', '/') || (*p == '#' && p > s && IS(p[-1], CL_SPACE)))
			p = eol(p, e);
		else if (at(p, e, '/', '*'))
			p = comment_end(p, e);
		else
			p++;
	}
	return p < e ? p : e;
}

bool as_skim(const char *p, const char *e, struct as_skim *out)
{
	struct as_cur c;

	p = begin(p, e);
	if (p >= e)
		return false;
	c = (struct as_cur){ p, e };
	for (;;) {
		out->word = as_word(&c);
		if (!out->word.n)
			while (c.p < e && IS(*c.p, CL_DIGIT))
				c.p++;
		if (c.p == out->word.p || c.p >= e || *c.p != ':')
			break;
		c.p++;
	}
	out->next = finish(p, e);
	return true;
}

bool as_skim_body(struct as *as, bool (*open)(struct bu_str), bool (*close)(struct bu_str),
		  struct bu_str *body)
{
	const char *e = as->in_end, *start;
	struct as_skim s;
	unsigned depth = 0;

	*body = bu_str(e, 0);
	if (!as_skim(as->stmt_src, e, &s)) /* the statement itself */
		return false;
	start = s.next;
	while (as_skim(s.next, e, &s)) {
		if (!s.word.n || *s.word.p != '.')
			continue;
		if (open(s.word)) {
			depth++;
		} else if (close(s.word) && !depth--) {
			*body = bu_str(start, (size_t)(s.word.p - start));
			as->resume = s.next;
			return true;
		}
	}
	as->resume = e;
	return false;
}
