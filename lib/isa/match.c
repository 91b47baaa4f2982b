/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * match: a statement walks the tree of templates.
 *
 * At each node one token of the statement is read and its edge taken. A word that a template
 * has there wins over an operand; only where that leads nowhere is the operand tried ("r1 = map ll"
 * is the symbol map). So the walk goes back at most at the few nodes that have both.
 *
 * The place of an error is the farthest one that any attempt reached.
 */
#include <string.h>
#include "isa/trie.h"

/* Dialects whose registers have no %. */
#define BARE (1u << BU_DIALECT_RBPF)

struct walk {
	const struct trie *t;
	const struct bu_matcher *m;
	const char *s;
	size_t n;
	struct bu_match *out;
	struct bu_operand same;           /* %n */
	uint32_t dialects;                /* that may be read */
	uint8_t reg[TRIE_REGS];
	size_t reg_at[TRIE_REGS];
	/* the farthest failure */
	size_t far;
	unsigned far_len, far_node;
	const char *why;                  /* instead of what the node expects */
	bool failed, sure;                /* sure: nothing that is tried later can be nearer */
};

static int walk(struct walk *w, unsigned node, size_t pos, unsigned nregs);

static bool fail(struct walk *w, unsigned node, size_t pos, size_t len, const char *why)
{
	if (w->sure || (w->failed && pos <= w->far))
		return false;
	w->failed = true;
	w->far = pos;
	w->far_len = (unsigned)(len ? len : 1);
	w->far_node = node;
	w->why = why;
	return false;
}

/* ---------------------------------------------------------------- operands */

static bool sign_at(const struct walk *w, size_t pos)
{
	return pos < w->n && (w->s[pos] == '+' || w->s[pos] == '-');
}

/* Behind the "pc" of "goto pc+1", which must stand before a sign; else pos. */
static size_t skip_pc(const struct walk *w, size_t pos)
{
	size_t i;

	if (w->n - pos < 3 || w->s[pos] != 'p' || w->s[pos + 1] != 'c' ||
	    bu_lex_is_word(w->s[pos + 2]))
		return pos;
	i = bu_lex_blanks(w->s, pos + 2, w->n);
	return sign_at(w, i) ? i : pos;
}

static enum bu_field field_of(unsigned tok)
{
	static const uint8_t map[T_WORDS] = {
		[T_IMM] = BU_FIELD_IMM, [T_IMM64] = BU_FIELD_IMM64, [T_X] = BU_FIELD_X,
		[T_Y] = BU_FIELD_Y, [T_OFF] = BU_FIELD_OFF, [T_SIGNED] = BU_FIELD_IMM,
		[T_MODULE] = BU_FIELD_X, [T_TARGET] = BU_FIELD_TARGET,
		[T_TARGET32] = BU_FIELD_TARGET32, [T_HELPER] = BU_FIELD_HELPER,
		[T_LOCAL] = BU_FIELD_LOCAL, [T_KFUNC] = BU_FIELD_KFUNC, [T_SAME] = BU_FIELD_X,
		[T_MAP] = BU_FIELD_MAP,
	};

	return map[tok];
}

static struct bu_operand *operand_of(struct walk *w, unsigned tok)
{
	switch (tok) {
	case T_X: return &w->out->x;
	case T_Y: return &w->out->y;
	case T_OFF:
	case T_MODULE:
	case T_TARGET: return &w->out->off;
	case T_SAME: return &w->same;
	default: return &w->out->imm;
	}
}

/* A register's name inside a symbolic operand, where it would be taken for a symbol. */
static bool find_reg(struct bu_str s, size_t *at, size_t *len)
{
	for (size_t i = 0; i < s.n;) {
		size_t start = i;
		bool digits = true;

		if (s.p[i] == '"') { /* "any name" is a symbol */
			for (i++; i < s.n && s.p[i] != '"'; i++)
				i += s.p[i] == '\\';
			i++;
			continue;
		}

		while (i < s.n && bu_lex_is_word(s.p[i])) {
			if (i > start && (s.p[i] < '0' || s.p[i] > '9'))
				digits = false;
			i++;
		}
		if (i > start + 1 && digits && (s.p[start] == 'r' || s.p[start] == 'w')) {
			*at = start;
			*len = i - start;
			return true;
		}
		i += i == start;
	}
	return false;
}

/*
 * Takes the operand for edge tok at *pos. Returns false, having noted the failure, when there is
 * none. An offset that is left out counts as 0.
 */
static bool take(struct walk *w, unsigned node, unsigned tok, size_t *pos)
{
	struct bu_operand *op = operand_of(w, tok);
	size_t p = *pos, used, at, len;

	*op = (struct bu_operand){ 0 };
	switch (tok) {
	case T_OFF:
	case T_SIGNED:
		if (!sign_at(w, p)) {
			op->field = field_of(tok);
			return true;
		}
		break;
	case T_MODULE:
		if (p >= w->n || w->s[p] != ',')
			return true;
		p = bu_lex_blanks(w->s, p + 1, w->n);
		break;
	case T_HELPER:
		if (sign_at(w, p))
			return fail(w, node, p, 1, NULL);
		break;
	case T_TARGET:
	case T_TARGET32:
	case T_LOCAL:
		p = skip_pc(w, p);
		break;
	default:
		break;
	}
	used = 0;
	if (p < w->n)
		used = w->m->operand(w->m->ctx, bu_str(w->s + p, w->n - p), field_of(tok), op);
	if (!used || used > w->n - p) {
		struct bu_lex lx = bu_lex_next(&w->t->words, w->s + p, w->n - p);

		return fail(w, node, p, lx.len, NULL);
	}
	op->present = true;
	op->field = (uint8_t)field_of(tok);
	op->text = bu_str(w->s + p, used);
	if (op->symbolic && !w->m->bare_names && !w->m->far_names && find_reg(op->text, &at, &len))
		return fail(w, node, p + at, len, "a number or a symbol, not a register");
	*pos = p + used;
	return true;
}

/* Does the statement end with the word ll? Tells ld_imm64 from mov before the operand is read. */
static bool ends_with_ll(const struct walk *w)
{
	size_t n = w->n;

	while (n && (w->s[n - 1] == ' ' || w->s[n - 1] == '\t'))
		n--;
	return n >= 3 && w->s[n - 1] == 'l' && w->s[n - 2] == 'l' && !bu_lex_is_word(w->s[n - 3]);
}

/* Tries the operands that may follow here. */
static int walk_fields(struct walk *w, unsigned node, size_t pos, unsigned nregs)
{
	uint32_t fields = w->t->fields[node];
	const uint32_t both = 1u << T_IMM | 1u << T_IMM64, call = 1u << T_HELPER | 1u << T_LOCAL;

	uint8_t choice;

	if ((fields & both) == both)
		fields &= ends_with_ll(w) ? ~(1u << T_IMM) : ~(1u << T_IMM64);
	choice = w->t->digits[node] ? BU_CHOICE_OTHER
	       : !(fields & (fields - 1)) ? BU_CHOICE_NONE
	       : fields == call ? BU_CHOICE_CALL : BU_CHOICE_OTHER;
	while (fields) {
		unsigned tok = (unsigned)__builtin_ctz(fields);
		struct bu_operand *op = operand_of(w, tok);
		size_t p = pos;

		fields &= fields - 1;
		if (take(w, node, tok, &p)) {
			op->choice = choice;
			if (walk(w, bu_trie_step(w->t, node, tok), p, nregs) == 0)
				return 0;
		}
		*op = (struct bu_operand){ 0 };
	}
	return -ENOENT;
}

/* ---------------------------------------------------------------- the walk */

#define SAME(r) r ", the same register as before"
static const char *const same_reg[2][11] = {
	{ SAME("r0"), SAME("r1"), SAME("r2"), SAME("r3"), SAME("r4"), SAME("r5"), SAME("r6"),
	  SAME("r7"), SAME("r8"), SAME("r9"), SAME("r10") },
	{ SAME("w0"), SAME("w1"), SAME("w2"), SAME("w3"), SAME("w4"), SAME("w5"), SAME("w6"),
	  SAME("w7"), SAME("w8"), SAME("w9"), SAME("w10") },
};

/* All text is read: distributes the registers; the same field twice must be the same register. */
static int finish(struct walk *w, unsigned node)
{
	const struct trie_leaf *leaf = &w->t->leaf[node];
	uint32_t dialects = leaf->dialects & w->dialects;
	int val[4] = { -1, -1, -1, 0 };

	if (w->t->words.percent)
		for (unsigned i = 0; i < leaf->nregs; i++)
			dialects &= w->s[w->reg_at[i]] == '%' ? ~BARE : BARE;
	if (!dialects) {
		fail(w, node, 0, 1, "a spelling of the dialect that is read");
		return -ENOENT;
	}

	for (unsigned i = 0; i < leaf->nregs; i++) {
		int *v = &val[leaf->reg[i]];

		if (*v >= 0 && *v != w->reg[i]) {
			size_t at = w->reg_at[i];

			w->failed = false;
			fail(w, node, at, w->reg[i] == 10 ? 3 : 2,
			     same_reg[w->s[at] == 'w'][*v]);
			w->sure = true;
			return -ENOENT;
		}
		*v = w->reg[i];
	}
	if (w->same.present && (w->same.symbolic || w->out->imm.symbolic ||
				w->same.val != w->out->imm.val)) {
		w->failed = false;
		fail(w, node, (size_t)(w->same.text.p - w->s), w->same.text.n,
		     "the number of the helper before the #");
		w->sure = true;
		return -ENOENT;
	}
	w->out->row = &bu_isa_rows[leaf->row - 1];
	w->out->dialects = dialects;
	w->out->nregs = leaf->nregs;
	memcpy(w->out->reg_field, leaf->reg, sizeof(leaf->reg));
	w->out->dst = val[REG_DST] < 0 ? 0 : (uint8_t)val[REG_DST];
	w->out->src = val[REG_SRC] < 0 ? 0 : (uint8_t)val[REG_SRC];
	return 0;
}

/* Fields that may be absent: their node can be passed without reading anything. */
static unsigned optional_field(const struct walk *w, unsigned node)
{
	static const unsigned optional[] = { T_OFF, T_SIGNED, T_MODULE };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(optional); i++)
		if (w->t->fields[node] & 1u << optional[i])
			return bu_trie_step(w->t, node, optional[i]);
	return 0;
}

/* The statement goes on where a template ends. */
static bool fail_trailing(struct walk *w, unsigned node, size_t pos, unsigned len)
{
	const struct bu_operand *op = &w->out->imm;

	/* "r1 = be24 r1", "r1 = xchg_46(r1, r2)": the word taken for a symbol is the wrong one. */
	if (!w->sure && (!w->failed || pos > w->far) && w->t->leaf[node].row &&
	    op->present && op->symbolic && op->field == BU_FIELD_IMM &&
	    pos == bu_lex_blanks(w->s, (size_t)(op->text.p - w->s) + op->text.n, w->n) &&
	    (bu_lex_is_word(w->s[pos]) || w->s[pos] == '(')) {
		fail(w, node, pos, len, "a known operation");
		w->far = (size_t)(op->text.p - w->s);
		w->far_len = (unsigned)op->text.n;
		return false;
	}
	return fail(w, node, pos, len, NULL);
}

static bool may_be_name(const struct bu_matcher *m, const struct bu_lex *lx)
{
	return (m->bare_names && !lx->percent) || (m->far_names && lx->reg == BU_LEX_REG_BAD);
}

static int walk(struct walk *w, unsigned node, size_t pos, unsigned nregs)
{
	const struct trie *t = w->t;

	for (;;) {
		struct bu_lex lx;
		unsigned next = 0;

		pos = bu_lex_blanks(w->s, pos, w->n);
		if (pos == w->n) {
			unsigned skip = t->leaf[node].row ? 0 : optional_field(w, node);

			if (t->leaf[node].row)
				return finish(w, node);
			if (skip) {
				node = skip;
				continue;
			}
			fail(w, node, pos, 1, NULL);
			return -ENOENT;
		}
		lx = bu_lex_next(&t->words, w->s + pos, w->n - pos);
		if ((lx.tok == T_R || lx.tok == T_W) && may_be_name(w->m, &lx))
			lx.tok = T_NONE;
		if (lx.tok == T_R || lx.tok == T_W) {
			next = bu_trie_step(t, node, lx.tok);
			if (!next || lx.reg == BU_LEX_REG_BAD || nregs == TRIE_REGS) {
				fail_trailing(w, node, pos, lx.len);
				return -ENOENT;
			}
			w->reg[nregs] = (uint8_t)lx.reg;
			w->reg_at[nregs++] = pos;
			node = next;
			pos += lx.len;
			continue;
		}
		if (lx.tok != T_NONE)
			next = bu_trie_step(t, node, lx.tok);
		if (!t->fields[node]) {
			if (!next) {
				fail_trailing(w, node, pos, lx.len);
				return -ENOENT;
			}
			node = next;
			pos += lx.len;
			continue;
		}
		/* An attempt that fails leaves no operand behind: walk_fields clears them. */
		if (next && walk(w, next, pos + lx.len, nregs) == 0)
			return 0;
		return walk_fields(w, node, pos, nregs);
	}
}

/* Fills err; kept apart, as it costs what matching must not. */
static void explain(const struct walk *w, struct bu_str stmt, struct bu_mismatch *err)
{
	unsigned row = w->t->first_row[w->far_node];

	err->pos = w->far;
	err->len = w->far_len;
	err->expected = w->why ? w->why : bu_trie_expected(w->t, w->far_node, stmt, w->far);
	err->near = w->far_node ? &bu_isa_rows[row] : NULL;
}

static int match_in(const struct bu_matcher *m, enum trie_kind kind, uint32_t dialects,
		    struct bu_str stmt, struct bu_match *out, struct bu_mismatch *err)
{
	struct walk w = { .t = bu_trie(kind), .m = m, .s = stmt.p, .n = stmt.n, .out = out,
			  .dialects = dialects };

	memset(out, 0, sizeof(*out));
	if (walk(&w, 0, 0, 0) == 0)
		return 0;
	if (err)
		explain(&w, stmt, err);
	return -ENOENT;
}

int bu_isa_match(const struct bu_matcher *m, struct bu_str stmt, struct bu_match *out,
		 struct bu_mismatch *err)
{
	uint32_t set = m->dialects ? m->dialects : BU_DIALECTS_PSEUDOC;
	uint32_t c = set & BU_DIALECTS_PSEUDOC, other = set & ~BU_DIALECTS_PSEUDOC;
	struct bu_mismatch err2;
	struct bu_match more;

	if (!other)
		return match_in(m, TRIE_PSEUDOC, c, stmt, out, err);
	if (!c)
		return match_in(m, TRIE_MNEMONIC, other, stmt, out, err);
	if (match_in(m, TRIE_PSEUDOC, c, stmt, out, err)) {
		/* Of two failures the one that got further says more. */
		if (match_in(m, TRIE_MNEMONIC, other, stmt, out, &err2) == 0)
			return 0;
		if (err && err2.pos > err->pos)
			*err = err2;
		return -ENOENT;
	}
	if (match_in(m, TRIE_MNEMONIC, other, stmt, &more, NULL) == 0 && more.row == out->row)
		out->dialects |= more.dialects;
	return 0;
}
