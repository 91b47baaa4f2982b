/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* expected: what could have stood at a node of the tree, in words. Runs only for errors. */
#include "isa/trie.h"

static bool has(const struct trie *t, unsigned node, const char *word)
{
	struct bu_str s = bu_str_c(word);
	struct bu_lex lx = bu_lex_next(&t->words, s.p, s.n);

	return lx.tok != T_NONE && bu_trie_step(t, node, lx.tok);
}

/* The only word that leaves the node, or NULL when there are none or several. */
static const char *only_word(const struct trie *t, unsigned node)
{
	const char *word = NULL;

	for (unsigned i = 0; i < TRIE_EDGES; i++) {
		uint32_t key = t->edge[i].key;
		unsigned tok = key & 255;

		if (!key || key >> 8 != node || tok < T_WORDS)
			continue;
		if (word)
			return NULL;
		word = t->words.quoted[tok];
	}
	return word;
}

/* r: the tree has a register here, w: one of 32 bits */
static const char *reg_text(const struct trie *t, bool r)
{
	if (t->words.percent)
		return "a register %r0 to %r10";
	return r ? "a register r0 to r10" : "a register w0 to w10";
}

static const char *of_field(const struct trie *t, uint32_t fields, bool r, bool w)
{
	static const struct {
		unsigned tok;
		const char *text;
	} texts[] = {
		{ T_HELPER, "a helper, a function, or its number" },
		{ T_LOCAL, "a function, or +N or -N" },
		{ T_TARGET, "a label, or +N or -N" },
		{ T_TARGET32, "a label, or +N or -N" },
		{ T_KFUNC, "a kernel function's BTF id" },
		{ T_OFF, "an offset such as + 8, or what follows it" },
		{ T_SIGNED, "a number with its sign, or ]" },
		{ T_MODULE, "the end of the statement" },
		{ T_MAP, "a map's number" },
	};

	if (fields & (1u << T_IMM | 1u << T_IMM64)) {
		if (r && t->words.percent)
			return "a register %r0 to %r10 or a number";
		if (r)
			return "a register r0 to r10 or a number";
		if (w)
			return "a register w0 to w10 or a number";
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(texts); i++)
		if (fields & 1u << texts[i].tok)
			return texts[i].text;
	return "a number";
}

const char *bu_trie_expected(const struct trie *t, unsigned node, struct bu_str stmt, size_t pos)
{
	bool r = bu_trie_step(t, node, T_R), w = bu_trie_step(t, node, T_W);
	struct bu_lex lx = bu_lex_next(&t->words, stmt.p + pos, stmt.n - pos);
	const char *word = only_word(t, node);

	if (!node)
		return lx.tok == T_R ? "a register r0 to r10" :
		       lx.tok == T_W ? "a register w0 to w10" : "an instruction";
	if (lx.tok == T_R || lx.tok == T_W) {
		/* A register of the wrong number or kind: name the right ones alone. */
		if (r && (lx.tok == T_R || !w))
			return reg_text(t, true);
		if (w)
			return reg_text(t, false);
	}
	if (t->fields[node])
		return of_field(t, t->fields[node], r, w);
	if (r || w)
		return reg_text(t, r);
	if (word)
		return word;
	if (t->leaf[node].row)
		return "the end of the statement";
	if (has(t, node, "+="))
		return has(t, node, "==") ? "an operator" : "an operator such as = or +=";
	if (has(t, node, "=="))
		return "a comparison such as == or s>=";
	if (has(t, node, "("))
		return "'('";
	if (has(t, node, "u32"))
		return has(t, node, "u8") ? "a type: u8, u16, u32 or u64" : "a type: u32 or u64";
	return "another word";
}
