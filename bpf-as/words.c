/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of a directive: tokens, strings, symbols, commas. */
#include "bpf-as/directive.h"

size_t as_token_len(const char *p, const char *e)
{
	const char *q = p;

	if (q == e)
		return 0;
	if (!IS(*q, CL_IDENT))
		return 1;
	while (q < e && IS(*q, CL_IDENT))
		q++;
	return (size_t)(q - p);
}

void as_junk(struct as *as, struct as_cur *c)
{
	as_skip(c);
	if (c->p < c->e)
		as_error(as, "A0144", c->p, as_token_len(c->p, c->e), "'%.*s' does not belong here",
			 (int)as_token_len(c->p, c->e), c->p);
	c->p = c->e;
}

/* ---------------------------------------------------------------- strings and names */

bool as_string(struct as *as, struct as_cur *c, struct bu_buf *out)
{
	static const char from[] = "ntrabfv\\'\"e", to[] = "\n\t\r\a\b\f\v\\'\"\033";
	const char *start, *f;

	as_skip(c);
	start = c->p;
	if (!as_eat(c, '"')) {
		as_error(as, "A0145", c->p, as_token_len(c->p, c->e), "expected a string in double quotes");
		return false;
	}
	while (c->p < c->e && *c->p != '"') {
		char ch = *c->p++;

		if (ch == '\\' && c->p < c->e) {
			ch = *c->p++;
			f = strchr(from, ch);
			if (ch >= '0' && ch <= '7') {
				int v = ch - '0';

				for (int i = 0; i < 2 && c->p < c->e && *c->p >= '0' && *c->p <= '7'; i++)
					v = v * 8 + (*c->p++ - '0');
				ch = (char)v;
			} else if (ch == 'x') {
				unsigned v = 0, n = 0;

				for (; c->p < c->e && n < 2; n++, c->p++) {
					char h = *c->p;

					if (h >= '0' && h <= '9')
						v = v * 16 + (unsigned)(h - '0');
					else if ((h | 32) >= 'a' && (h | 32) <= 'f')
						v = v * 16 + (unsigned)((h | 32) - 'a' + 10);
					else
						break;
				}
				if (!n) {
					as_error(as, "A0146", c->p - 2, 2, "\\x without digits");
					return false;
				}
				ch = (char)v;
			} else if (f && ch) {
				ch = to[f - from];
			} else {
				as_error(as, "A0146", c->p - 2, 2, "unknown escape '\\%c'", ch);
				return false;
			}
		}
		bu_buf_char(out, ch);
	}
	if (c->p == c->e) {
		as_error(as, "A0147", start, (size_t)(c->e - start), "string does not end");
		return false;
	}
	c->p++;
	return true;
}

struct as_sym *as_symbol_arg(struct as *as, struct as_cur *c, const char **pos)
{
	struct bu_str w = as_word(c);
	struct as_sym *s;

	*pos = w.p;
	if (!w.n && c->p < c->e && *c->p == '"') {
		s = as_quoted(as, c);
		if (!s)
			c->p = c->e;
		return s;
	}
	if (!w.n || (w.n == 1 && *w.p == '.')) {
		as_error(as, "A0148", w.p, as_token_len(c->p, c->e), "expected a symbol");
		c->p = c->e;
		return NULL;
	}
	s = as_sym(as, w.p, w.n);
	if (s && s->def == DEF_REG) {
		as_error(as, "A0110", w.p, w.n, "'%s' is a register, not a symbol", s->name);
		c->p = c->e;
		return NULL;
	}
	if (s)
		as_sym_list(as, s);
	return s;
}

bool as_comma(struct as *as, struct as_cur *c)
{
	if (as_eat(c, ','))
		return true;
	as_error(as, "A0143", c->p, c->p < c->e ? as_token_len(c->p, c->e) : 1, "expected ','");
	c->p = c->e;
	return false;
}
