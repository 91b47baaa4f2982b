/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lex: the tokens that templates and statements are made of.
 *
 * Words are found by one hash probe, operators by a table; a register followed by the s of a
 * signed operator ("r1s/=r2", as gas prints) is cut before the s.
 */
#include <string.h>
#include "isa/lex.h"

const uint8_t bu_lex_class[256] = {
	['a' ... 'z'] = LEX_WORD, ['A' ... 'Z'] = LEX_WORD, ['_'] = LEX_WORD, ['.'] = LEX_WORD,
	['$'] = LEX_WORD, ['0' ... '9'] = LEX_WORD | LEX_DIGIT,
	['+'] = LEX_COMPOUND, ['-'] = LEX_COMPOUND, ['*'] = LEX_COMPOUND, ['&'] = LEX_COMPOUND,
	['|'] = LEX_COMPOUND, ['^'] = LEX_COMPOUND, ['='] = LEX_COMPOUND, ['!'] = LEX_COMPOUND,
	['/'] = LEX_COMPOUND | LEX_SIGNED, ['%'] = LEX_COMPOUND | LEX_SIGNED,
	['<'] = LEX_COMPOUND | LEX_SIGNED, ['>'] = LEX_COMPOUND | LEX_SIGNED,
};

static bool is(char c, unsigned cls)
{
	return bu_lex_class[(unsigned char)c] & cls;
}

static unsigned word_hash(const char *p, size_t n)
{
	unsigned h = (unsigned)n;

	h = h * 31 + (unsigned char)p[0];
	h = h * 31 + (unsigned char)p[n / 2];
	h = h * 31 + (unsigned char)p[n - 1];
	h = h * 31 + (unsigned char)p[n > 9 ? 9 : n / 3];
	return (h ^ h >> 7) & 511;
}

/* The slot of a word in by_hash: its own, or the free one where it belongs. */
static unsigned word_slot(const struct bu_lex_words *w, const char *p, size_t n)
{
	unsigned h = word_hash(p, n);

	while (w->by_hash[h]) {
		unsigned t = w->by_hash[h];

		if (w->len[t] == n && memcmp(w->quoted[t] + 1, p, n) == 0)
			break;
		h = (h + 1) & 511;
	}
	return h;
}

/* Bytes of the operator at p (any punctuation is one); its form and whether it is a signed one. */
static unsigned op_scan(const char *p, size_t n, bool *is_signed, unsigned *form)
{
	unsigned i = 0;
	char c;

	*is_signed = n > 1 && p[0] == 's' && is(p[1], LEX_SIGNED);
	if (*is_signed)
		i = 1;
	c = p[i];
	*form = 0;
	if (!is(c, LEX_COMPOUND))
		return i + 1;
	if (i + 1 < n && p[i + 1] == '=') {
		*form = 1;
		return i + 2;
	}
	if ((c == '<' || c == '>') && i + 2 < n && p[i + 1] == c && p[i + 2] == '=') {
		*form = 2;
		return i + 3;
	}
	return i + 1;
}

/* A register: r or w and digits, ended by what cannot go on a word. Returns its length or 0. */
static unsigned reg_scan(const char *p, size_t n, struct bu_lex *out)
{
	size_t i = 1, digits;
	unsigned v = 0;

	while (i < n && is(p[i], LEX_DIGIT)) {
		v = v < 1000 ? v * 10 + (unsigned)(p[i] - '0') : v;
		i++;
	}
	digits = i - 1;
	if (!digits)
		return 0;
	if (i < n && bu_lex_is_word(p[i]) &&
	    !(p[i] == 's' && i + 1 < n && is(p[i + 1], LEX_SIGNED)))
		return 0;
	out->tok = p[0] == 'r' ? T_R : T_W;
	out->len = (unsigned)i;
	out->reg = v > 10 || digits > 2 || (digits == 2 && p[1] == '0') ? BU_LEX_REG_BAD : v;
	return out->len;
}

/* %r1, %fp */
static unsigned percent_scan(const char *p, size_t n, struct bu_lex *out)
{
	if (n < 3)
		return 0;
	if (p[1] == 'f' && p[2] == 'p' && (n == 3 || !bu_lex_is_word(p[3]))) {
		*out = (struct bu_lex){ .tok = T_R, .len = 3, .reg = 10, .percent = true };
		return 3;
	}
	if (p[1] != 'r' || !reg_scan(p + 1, n - 1, out))
		return 0;
	out->percent = true;
	return ++out->len;
}

struct bu_lex bu_lex_next(const struct bu_lex_words *w, const char *p, size_t n)
{
	struct bu_lex t = { .tok = T_NONE };
	bool is_signed;
	unsigned form;
	char c;

	if (!n)
		return t;
	c = p[0];
	if ((c == 'r' || c == 'w') && reg_scan(p, n, &t))
		return t;
	if (c == '%' && w->percent && percent_scan(p, n, &t))
		return t;
	if (!is(c, LEX_WORD | LEX_COMPOUND)) {
		t.len = 1;
		t.tok = (unsigned char)c < 128 ? w->ops[0][0][(unsigned char)c] : T_NONE;
		return t;
	}
	if (is(c, LEX_WORD) && !(c == 's' && n > 1 && is(p[1], LEX_SIGNED))) {
		size_t i = 1;

		while (i < n && bu_lex_is_word(p[i]))
			i++;
		t.len = (unsigned)i;
		t.tok = w->by_hash[word_slot(w, p, i)];
		return t;
	}
	t.len = op_scan(p, n, &is_signed, &form);
	c = p[is_signed];
	t.tok = w->ops[is_signed][form][(unsigned char)c];
	return t;
}

unsigned bu_lex_intern(struct bu_lex_words *w, const char *p, size_t len)
{
	bool word = bu_lex_is_word(p[0]), is_signed = false;
	uint8_t *slot;
	unsigned form, num;
	char *q = w->pool + w->pool_n;

	if (word && p[0] == 's' && len > 1 && !bu_lex_is_word(p[1]))
		word = false;
	if (word) {
		slot = &w->by_hash[word_slot(w, p, len)];
	} else {
		op_scan(p, len, &is_signed, &form);
		slot = &w->ops[is_signed][form][(unsigned char)p[is_signed] & 127];
	}
	if (*slot)
		return *slot;
	num = w->n ? w->n : T_WORDS;
	if (num >= BU_LEX_MAX_WORDS || w->pool_n + len + 3 > sizeof(w->pool)) {
		w->full = true;
		return T_NONE;
	}
	q[0] = q[len + 1] = '\'';
	memcpy(q + 1, p, len);
	q[len + 2] = 0;
	w->pool_n += len + 3;
	w->quoted[num] = q;
	w->len[num] = (uint8_t)len;
	*slot = (uint8_t)num;
	w->n = num + 1;
	return num;
}
