/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of macros: arguments of a call, and bodies with their parameters replaced. */
#include "bpf-as/lang.h"

static const struct bu_str *lookup(const struct as_subst *s, const char *p, size_t n)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->param[i].name.n == n && !memcmp(s->param[i].name.p, p, n))
			return &s->value[i];
	return NULL;
}

/* \NAME at p: what it stands for; *n is set to the bytes of NAME. "\reg.x" may mean \reg and ".x". */
static const struct bu_str *parameter(const struct as_subst *s, const char *p, const char *e, size_t *n)
{
	const struct bu_str *v;
	const char *q = p;

	while (q < e && IS(*q, CL_IDENT))
		q++;
	*n = (size_t)(q - p);
	v = *n ? lookup(s, p, *n) : NULL;
	for (q = p; !v && q < p + *n; q++)
		if (q > p && (*q == '.' || *q == '$')) {
			*n = (size_t)(q - p);
			return lookup(s, p, *n);
		}
	return v;
}

void as_substitute(struct bu_buf *out, struct bu_str body, const struct as_subst *s)
{
	const char *p = body.p, *e = p + body.n;

	while (p < e) {
		const char *q = memchr(p, '\\', (size_t)(e - p));
		const struct bu_str *v;
		size_t n;

		if (!q || q + 1 == e)
			q = e;
		bu_buf_add(out, p, (size_t)(q - p));
		if (q == e)
			break;
		p = q + 1;
		if (*p == '@' || *p == '+') {
			bu_buf_u64(out, *p == '@' ? s->at : s->plus);
			p++;
		} else if (*p == '(' && p + 1 < e && p[1] == ')') {
			p += 2;
		} else if ((v = parameter(s, p, e, &n))) {
			bu_buf_add(out, v->p, v->n);
			p += n;
		} else { /* an escape in a string, or for a macro inside */
			bu_buf_char(out, '\\');
			if (*p == '\\')
				bu_buf_char(out, *p++);
		}
	}
}

/* ---------------------------------------------------------------- arguments */

static bool word_before(const char *p)
{
	return IS(*p, CL_IDENT) || *p == ')' || *p == ']' || *p == '"' || *p == '\'';
}

/* What cannot go on an expression: the blank before it ends the argument. */
static bool word_after(const char *p)
{
	return IS(*p, CL_IDENT) || *p == '"' || *p == '\'' || *p == '\\';
}

struct bu_str as_argument(struct as_cur *c)
{
	const char *s, *q;
	unsigned depth = 0;

	as_skip(c);
	s = c->p;
	if (s < c->e && *s == '"') {
		for (q = s + 1; q < c->e && *q != '"'; q++)
			if (*q == '\\' && q + 1 < c->e)
				q++;
		if (q < c->e) {
			c->p = q + 1;
			return bu_str(s + 1, (size_t)(q - s) - 1);
		}
	}
	for (q = s; q < c->e; q++) {
		if (*q == '(' || *q == '[') {
			depth++;
		} else if ((*q == ')' || *q == ']') && depth) {
			depth--;
		} else if (*q == '"') {
			const char *t = q + 1;

			while (t < c->e && *t != '"')
				t += *t == '\\' && t + 1 < c->e ? 2 : 1;
			q = t < c->e ? t : c->e - 1;
		} else if (*q == '\'' && q + 1 < c->e) { /* a character */
			q += q[1] == '\\' && q + 2 < c->e ? 2 : 1;
			if (q + 1 < c->e && q[1] == '\'')
				q++;
		} else if (!depth && *q == ',') {
			break;
		} else if (!depth && IS(*q, CL_SPACE)) {
			const char *t = q;

			while (t < c->e && IS(*t, CL_SPACE))
				t++;
			if (t == c->e || *t == ',' || (word_before(q - 1) && word_after(t)))
				break;
			q = t - 1;
		}
	}
	c->p = q;
	return bu_str(s, (size_t)(q - s));
}
