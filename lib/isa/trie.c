/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trie: building the tree of templates. */
#include <string.h>
#include "isa/names.h"
#include "isa/trie.h"

static const struct {
	const char *row, *templ;
} alts[] = {
#define BU_ALT(nm, text) { .row = nm, .templ = text },
#include "isa/alt.def"
#undef BU_ALT
};

static const struct {
	uint32_t dialects;
	const char *row, *templ;
} spellings[] = {
#define BU_SPELL(set, nm, text) { .dialects = set, .row = nm, .templ = text },
#include "isa/dialect.def"
#undef BU_SPELL
};

/* A token of a template: its edge and, for a register, the field it fills. */
struct part {
	unsigned tok;
	uint8_t reg;
	size_t len;
};

static struct part field_part(char f)
{
	static const char letters[] = "iIxyojmtThlknM";
	const char *at = strchr(letters, f);

	switch (f) {
	case 'd': return (struct part){ T_R, REG_DST, 2 };
	case 's': return (struct part){ T_R, REG_SRC, 2 };
	case 'D': return (struct part){ T_W, REG_DST, 2 };
	case 'S': return (struct part){ T_W, REG_SRC, 2 };
	default: return (struct part){ at ? T_IMM + (unsigned)(at - letters) : T_NONE, 0, 2 };
	}
}
_Static_assert(T_MAP - T_IMM == 13, "one letter for each field token");

/* Reads the token at t. A percent sign in an operator is doubled there. */
static struct part next_part(struct bu_lex_words *w, const char *t)
{
	struct bu_lex lx;
	char text[64];
	size_t n = 0;

	if (t[0] == '%' && t[1] != '%')
		return field_part(t[1]);
	for (const char *p = t; *p && *p != ' ' && n < sizeof(text); p++) {
		if (p[0] == '%' && *++p != '%')
			break;
		text[n++] = *p;
	}
	lx = bu_lex_next(w, text, n);
	if (lx.tok == T_R || lx.tok == T_W)
		return (struct part){ lx.tok, REG_ZERO, lx.len };
	return (struct part){ bu_lex_intern(w, text, lx.len), 0,
			      lx.len + (memchr(text, '%', lx.len) != NULL) };
}

static unsigned add_edge(struct trie *t, unsigned node, unsigned tok, uint8_t row)
{
	unsigned to = bu_trie_step(t, node, tok);
	uint32_t h = bu_trie_slot(node, tok);

	if (to)
		return to;
	if (t->nodes >= TRIE_NODES || t->nodes >= TRIE_EDGES / 2)
		return 0;
	while (t->edge[h].key)
		h = (h + 1) & (TRIE_EDGES - 1);
	to = t->nodes++;
	t->edge[h].key = node << 8 | tok;
	t->edge[h].to = to;
	t->first_row[to] = row;
	if (tok >= T_IMM && tok < T_WORDS)
		t->fields[node] |= 1u << tok;
	if (tok >= T_WORDS && t->words.quoted[tok][1] >= '0' && t->words.quoted[tok][1] <= '9')
		t->digits[node] = true;
	return to;
}

static bool add(struct trie *t, const char *templ, unsigned row, uint32_t dialects)
{
	struct trie_leaf leaf = { .row = (uint8_t)(row + 1), .dialects = (uint8_t)dialects };
	unsigned node = 0;

	while (*templ) {
		struct part p;

		if (*templ == ' ') {
			templ++;
			continue;
		}
		p = next_part(&t->words, templ);
		if (p.tok == T_NONE)
			return false;
		if (p.reg) {
			if (leaf.nregs == TRIE_REGS)
				return false;
			leaf.reg[leaf.nregs++] = p.reg;
		}
		node = add_edge(t, node, p.tok, (uint8_t)row);
		if (!node)
			return false;
		templ += p.len;
	}
	if (!node || t->leaf[node].row)
		return false;
	t->leaf[node] = leaf;
	return true;
}

/* The tables of spellings go through the rows nearly in order: the next one is near `from`, the last. */
static unsigned row_named(const char *name, unsigned from)
{
	for (unsigned k = 0; k < bu_isa_nrows; k++) {
		unsigned i = (from + k) % bu_isa_nrows;

		if (*bu_isa_rows[i].name == *name && strcmp(bu_isa_rows[i].name, name) == 0)
			return i;
	}
	return bu_isa_nrows;
}

static void build_pseudoc(struct trie *t)
{
	t->nodes = 1;
	for (unsigned i = 0; i < bu_isa_nrows; i++)
		t->clashes += !add(t, bu_isa_rows[i].templ, i, BU_DIALECTS_PSEUDOC);
	for (unsigned a = 0, i = 0; a < BU_ARRAY_SIZE(alts); a++) {
		i = row_named(alts[a].row, i);
		t->clashes += i == bu_isa_nrows || !add(t, alts[a].templ, i, BU_DIALECTS_PSEUDOC);
	}
	t->clashes += t->words.full;
}

static void build_mnemonic(struct trie *t)
{
	t->nodes = 1;
	t->words.percent = true;
	for (unsigned a = 0, i = 0; a < BU_ARRAY_SIZE(spellings); a++) {
		i = row_named(spellings[a].row, i);
		t->clashes += i == bu_isa_nrows ||
			      !add(t, spellings[a].templ, i, spellings[a].dialects);
	}
	t->clashes += t->words.full;
}

const struct trie *bu_trie(enum trie_kind kind)
{
	static struct trie trie[2];
	static atomic_int state[2];

	if (bu_once_begin(&state[kind])) {
		if (kind == TRIE_PSEUDOC)
			build_pseudoc(&trie[kind]);
		else
			build_mnemonic(&trie[kind]);
		bu_once_done(&state[kind]);
	}
	return &trie[kind];
}

static void feed(enum trie_kind kind, struct bu_near *near)
{
	static char plain[2][BU_LEX_MAX_WORDS][32];
	static atomic_int state[2];
	const struct trie *t = bu_trie(kind);

	/* The words without their quotes, as near needs whole strings. */
	if (bu_once_begin(&state[kind])) {
		for (unsigned i = T_WORDS; i < t->words.n; i++)
			if (t->words.len[i] < sizeof(plain[kind][i]))
				memcpy(plain[kind][i], t->words.quoted[i] + 1, t->words.len[i]);
		bu_once_done(&state[kind]);
	}
	for (unsigned i = T_WORDS; i < t->words.n; i++)
		if (bu_lex_is_word(plain[kind][i][0]) && plain[kind][i][1])
			bu_near_feed(near, plain[kind][i]);
}

void bu_isa_words_feed(struct bu_near *near)
{
	feed(TRIE_PSEUDOC, near);
}

void bu_isa_mnemonics_feed(struct bu_near *near)
{
	feed(TRIE_MNEMONIC, near);
}
