/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shape: statements that look like an earlier one, see isa.h. */
#include <string.h>
#include "isa/trie.h"

/* Tokens of a key besides those of lex.h: field tokens, which no text has. */
enum { TOK_NUM = T_IMM, TOK_NAME = T_HELPER, TOK_PERCENT_R = T_X, TOK_PLUS = T_Y };

/* What begins with a character. */
enum { C_BAD, C_BLANK, C_CR, C_END, C_WORD, C_REG, C_S, C_DIGIT, C_OP, C_SLASH, C_HASH };
static const uint8_t begins[256] = {
	[' '] = C_BLANK, ['\t'] = C_BLANK, ['\r'] = C_CR, ['\n'] = C_END, [';'] = C_END,
	['a' ... 'q'] = C_WORD, ['r'] = C_REG, ['s'] = C_S, ['t' ... 'v'] = C_WORD, ['w'] = C_REG,
	['x' ... 'z'] = C_WORD, ['A' ... 'Z'] = C_WORD, ['_'] = C_WORD, ['.'] = C_WORD, ['$'] = C_WORD,
	['0' ... '9'] = C_DIGIT,
	['+'] = C_OP, ['-'] = C_OP, ['*'] = C_OP, ['&'] = C_OP, ['|'] = C_OP, ['^'] = C_OP, ['='] = C_OP,
	['!'] = C_OP, ['%'] = C_OP, ['<'] = C_OP, ['>'] = C_OP, ['('] = C_OP, [')'] = C_OP, ['['] = C_OP,
	[']'] = C_OP, [','] = C_OP, ['~'] = C_OP, ['/'] = C_SLASH, ['#'] = C_HASH,
};

static bool is(char c, unsigned cls)
{
	return bu_lex_class[(unsigned char)c] & cls;
}

/* ---------------------------------------------------------------- words */

static unsigned word_slot(uint32_t hash)
{
	return hash >> 23;
}

void bu_shapes_init(struct bu_shapes *s, const struct bu_matcher *m)
{
	bool c = m->dialects & BU_DIALECTS_PSEUDOC, other = m->dialects & ~BU_DIALECTS_PSEUDOC;
	const struct bu_lex_words *w;

	memset(s->word, 0, sizeof(s->word));
	memset(s->shape, 0, sizeof(s->shape));
	s->dialects = m->dialects;
	s->words = NULL;
	s->epoch++;
	s->skels = true;
	if (c == other)
		return;
	w = &bu_trie(c ? TRIE_PSEUDOC : TRIE_MNEMONIC)->words;
	s->words = w;
	for (unsigned t = T_WORDS; t < w->n; t++) {
		const char *p = w->quoted[t] + 1;
		unsigned n = w->len[t], h;

		if (*p == '.' || (*p >= 'A' && *p <= 'Z'))
			s->skels = false;
		if (!bu_lex_is_word(*p) || (*p == 's' && n > 1 && !bu_lex_is_word(p[1])))
			continue;
		h = word_slot(bu_word_hash(p, n, n));
		while (s->word[h].tok)
			h = (h + 1) % BU_ARRAY_SIZE(s->word);
		s->word[h] = (struct bu_shape_word){ bu_word_head(p, n, n), (uint16_t)n, (uint8_t)t };
	}
}

/* The token of a word, or TOK_NAME. */
static unsigned word_tok(const struct bu_shapes *s, const char *p, size_t n, size_t room,
			 uint32_t hash)
{
	uint64_t head = bu_word_head(p, n, room);

	for (unsigned h = word_slot(hash); s->word[h].tok; h = (h + 1) % BU_ARRAY_SIZE(s->word)) {
		const struct bu_shape_word *w = &s->word[h];

		if (w->head == head && w->n == n &&
		    (n <= 8 || memcmp(s->words->quoted[w->tok] + 1, p, n) == 0))
			return w->tok;
	}
	return TOK_NAME;
}

/* ---------------------------------------------------------------- the scan */

/* The number at p; returns its end, NULL: declined. */
static const char *number(const char *p, uint64_t *out)
{
	const char *q = p;
	uint64_t v = 0;

	if (*p == '0' && (p[1] | 0x20) == 'x') {
		for (q = p + 2; ; q++) {
			unsigned d = (unsigned char)*q - '0';

			if (d > 9) {
				d = ((unsigned char)*q | 0x20) - 'a';
				if (d > 5)
					break;
				d += 10;
			}
			v = v << 4 | d;
		}
		if (q == p + 2 || q > p + 18)
			return NULL;
	} else {
		if (*p == '0' && is(p[1], LEX_DIGIT))
			return NULL; /* octal */
		do
			v = v * 10 + (unsigned)(*q++ - '0');
		while (is(*q, LEX_DIGIT));
		if (q > p + 18)
			return NULL;
	}
	*out = v;
	return bu_lex_is_word(*q) ? NULL : q;
}

bool bu_skel_number(const char *p, unsigned n, uint64_t *out)
{
	return number(p, out) == p + n;
}

/* The operator at p, behind the s of a signed one; returns its end, NULL: declined. */
static inline const char *operator(const struct bu_lex_words *w, const char *p, bool is_signed,
				   unsigned *tok)
{
	unsigned char c = (unsigned char)*p;
	unsigned form = 0;
	const char *q = p + 1;

	/* Most stand alone: *q is a blank, a word or another operator. */
	if ((*q == '=' || *q == (char)c) && is(*p, LEX_COMPOUND)) {
		if (*q == '=') {
			form = 1;
			q++;
		} else if ((c == '<' || c == '>') && q[1] == '=') {
			form = 2;
			q += 2;
		}
	}
	*tok = w->ops[is_signed][form][c];
	/* The sign of an operand, which no template has. */
	if (!*tok && c == '+' && !form && !is_signed)
		*tok = TOK_PLUS;
	return *tok ? q : NULL;
}

/* The register at p, whose number begins at p[1]; returns its end, NULL: declined. */
static inline const char *reg(const char *p, uint8_t *num)
{
	const char *q = p + 2;

	*num = (uint8_t)(p[1] - '0');
	if (*num == 1 && *q == '0') {
		*num = 10;
		q++;
	}
	return bu_lex_is_word(*q) && !(*q == 's' && is(q[1], LEX_SIGNED)) ? NULL : q;
}

bool bu_shape_scan(const struct bu_shapes *s, const char *p, const char *e, struct bu_scan *out)
{
	uint64_t lo = 0, hi = 0;
	unsigned n = 0, nregs = 0, nvals = 0, tok;
	const char *start = p, *q;
	struct bu_shape_val *v;
	uint32_t hash;

	if (!s->words)
		return false;
	out->reg[0] = 0;
	for (;;) {
		switch (begins[(unsigned char)*p]) {
		case C_BLANK:
			p++;
			continue;
		case C_CR:
			if (p[1] != '\n')
				return false;
			p++;
			continue;
		case C_HASH:
			if (p == start || !(p[-1] == ' ' || p[-1] == '\t'))
				return false;
			goto end;
		case C_SLASH:
			if (p[1] == '/')
				goto end;
			if (p[1] == '*')
				return false;
			/* fall through */
		case C_OP:
			if (*p == '%' && s->words->percent) {
				if (p[1] != 'r' || !is(p[2], LEX_DIGIT) || nregs == BU_SHAPE_REGS)
					return false;
				q = reg(p + 1, &out->reg[++nregs]);
				if (!q)
					return false;
				tok = TOK_PERCENT_R;
				break;
			}
			q = operator(s->words, p, false, &tok);
			if (!q)
				return false;
			break;
		case C_END:
			goto end;
		case C_REG:
			if (is(p[1], LEX_DIGIT)) {
				if (nregs == BU_SHAPE_REGS)
					return false;
				q = reg(p, &out->reg[++nregs]);
				if (!q)
					return false;
				tok = *p == 'r' ? T_R : T_W;
				break;
			}
			goto word;
		case C_S:
			if (is(p[1], LEX_SIGNED)) {
				q = operator(s->words, p + 1, true, &tok);
				if (!q)
					return false;
				break;
			}
			/* fall through */
		case C_WORD:
		word:
			for (q = p + 1; bu_lex_is_word(*q); q++)
				;
			hash = bu_word_hash(p, (size_t)(q - p), (size_t)(e - p));
			tok = word_tok(s, p, (size_t)(q - p), (size_t)(e - p), hash);
			if (tok != TOK_NAME)
				break;
			if (nvals == BU_SHAPE_VALS || (*p == '.' && q == p + 1))
				return false;
			v = &out->val[nvals++];
			v->p = p;
			v->n = (uint32_t)(q - p);
			v->is_name = true;
			v->hash = hash;
			break;
		case C_DIGIT:
			if (nvals == BU_SHAPE_VALS)
				return false;
			v = &out->val[nvals++];
			q = number(p, &v->num);
			if (!q)
				return false;
			v->p = p;
			v->n = (uint32_t)(q - p);
			v->is_name = false;
			tok = TOK_NUM;
			break;
		default:
			return false;
		}
		if (n == BU_SHAPE_TOKENS / 2) { /* no token is 0 */
			hi = lo;
			lo = 0;
		} else if (n == BU_SHAPE_TOKENS) {
			return false;
		}
		n++;
		lo = lo << 8 | tok;
		p = q + (*q == ' ');
	}
end:
	out->key[0] = lo;
	out->key[1] = hi;
	out->end = p;
	out->nregs = nregs;
	out->nvals = nvals;
	return n > 0;
}

/* ---------------------------------------------------------------- learning */

/* Finds the token that is all of an operand. */
static bool source(const struct bu_scan *c, const struct bu_operand *op, struct bu_shape_at *at)
{
	const char *p = op->text.p, *e = p + op->text.n;

	for (unsigned i = 0; i < c->nvals; i++) {
		const struct bu_shape_val *v = &c->val[i];

		if (v->p + v->n != e || v->p < p)
			continue;
		*at = (struct bu_shape_at){ .at = (uint8_t)(i + 1), .field = op->field };
		if (v->p == p)
			return true;
		at->sign = true;
		at->minus = *p == '-';
		if (*p != '-' && *p != '+')
			return false;
		for (p++; p < v->p; p++)
			if (*p != ' ' && *p != '\t')
				return false;
		return true;
	}
	return false;
}

/* May the matcher's choice of the field be repeated for any other value of the token's class? */
static bool field_is_sure(const struct bu_scan *c, const struct bu_operand *op,
			  const struct bu_shape_at *at)
{
	switch (op->field) {
	case BU_FIELD_HELPER:
	case BU_FIELD_LOCAL:
		if (op->choice == BU_CHOICE_CALL || !c->val[at->at - 1].is_name)
			return true;
		return op->choice == BU_CHOICE_NONE && op->field == BU_FIELD_LOCAL;
	case BU_FIELD_IMM:
	case BU_FIELD_IMM64:
	case BU_FIELD_OFF:
	case BU_FIELD_TARGET:
	case BU_FIELD_TARGET32:
		return op->choice == BU_CHOICE_NONE;
	default:
		return false;
	}
}

static bool operands(struct bu_shape *t, const struct bu_scan *c, const struct bu_match *m)
{
	unsigned used = 0;

	if (m->x.present || m->y.present)
		return false;
	if (m->imm.present) {
		if (!source(c, &m->imm, &t->imm) || !field_is_sure(c, &m->imm, &t->imm))
			return false;
		used++;
	}
	if (m->off.present) {
		if (!source(c, &m->off, &t->off) || !field_is_sure(c, &m->off, &t->off))
			return false;
		used++;
	}
	if (used != c->nvals || (used == 2 && t->imm.at == t->off.at))
		return false;
	t->by_name = t->imm.at && c->val[t->imm.at - 1].is_name && m->imm.choice == BU_CHOICE_CALL;
	return true;
}

static bool registers(struct bu_shape *t, const struct bu_scan *c, const struct bu_match *m)
{
	uint8_t first[4] = { 0 };

	if (m->nregs != c->nregs)
		return false;
	for (unsigned i = 0; i < m->nregs; i++) {
		uint8_t field = m->reg_field[i];

		/* A literal r0 is the same as reg[0]. */
		if (!first[field] && field != REG_ZERO) {
			first[field] = (uint8_t)(i + 1);
		} else {
			t->same[t->nsame].reg = (uint8_t)(i + 1);
			t->same[t->nsame++].as = first[field];
		}
	}
	t->dst = first[REG_DST];
	t->src = first[REG_SRC];
	return true;
}

struct bu_shape *bu_shape_learn(struct bu_shapes *s, const struct bu_scan *c, const struct bu_match *m)
{
	uint32_t h = bu_shape_hash(c->key);
	struct bu_shape *t = NULL;
	const struct bu_isa *row;

	/* A statement that leaves fewer dialects is no news a second time. */
	if (m->dialects != s->dialects)
		return NULL;
	row = m->row;
	for (unsigned i = 0; i < 4 && (!t || t->key[0] | t->key[1]); i++)
		t = &s->shape[(h + i) % BU_SHAPES];
	if (t->key[0] | t->key[1]) {
		t = &s->shape[h];
		s->epoch++;
	}
	*t = (struct bu_shape){ .key = { c->key[0], c->key[1] }, .base.code = row->code };
	if (!registers(t, c, m) || !operands(t, c, m))
		return NULL;
	t->row = row;
	t->wide = row->code == BU_OP_LD_IMM64;
	switch (row->key) {
	case BU_KEY_SRC: t->base.src = (uint8_t)row->keyval; break;
	case BU_KEY_OFF: t->base.off = (int16_t)row->keyval; break;
	case BU_KEY_IMM: t->base.imm = row->keyval; break;
	default: break;
	}
	return t;
}
