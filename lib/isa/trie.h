/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * trie: all templates as trees of tokens, one for the pseudo-C dialects (isa.def, alt.def) and one
 * for the mnemonic ones (dialect.def). Private to lib/isa.
 *
 * A node's edges lie in one hash table for its whole tree, so a step costs one probe. Registers
 * are edges by kind (r or w); which field the n-th register of a statement fills is told by the
 * leaf. Built once, in static memory.
 */
#ifndef BU_ISA_TRIE_H
#define BU_ISA_TRIE_H

#include "isa/isa.h"
#include "isa/lex.h"

enum { TRIE_NODES = 2048, TRIE_EDGES = 4096, TRIE_REGS = 4 };

/* What the n-th register of a template is. */
enum trie_reg { REG_DST = 1, REG_SRC, REG_ZERO };

struct trie_leaf {
	uint8_t dialects; /* in which the text means the row */
	uint8_t row; /* plus one; 0: no template ends here */
	uint8_t nregs;
	uint8_t reg[TRIE_REGS];
};

struct trie {
	struct bu_lex_words words;
	struct {
		uint32_t key; /* node << 8 | token, 0: free (no edge carries T_NONE) */
		uint32_t to;
	} edge[TRIE_EDGES];
	uint32_t fields[TRIE_NODES];  /* bits: which field tokens leave the node */
	bool digits[TRIE_NODES];      /* a word that is a number leaves the node */
	uint8_t first_row[TRIE_NODES]; /* of the first template through the node */
	struct trie_leaf leaf[TRIE_NODES];
	unsigned nodes;
	unsigned clashes; /* templates that another one makes ambiguous, or that did not fit */
};

enum trie_kind { TRIE_PSEUDOC, TRIE_MNEMONIC };

/* A tree, built at the first call. */
const struct trie *bu_trie(enum trie_kind kind);

/* What could have stood at byte pos of stmt, at this node: static text. */
const char *bu_trie_expected(const struct trie *t, unsigned node, struct bu_str stmt, size_t pos);

static inline uint32_t bu_trie_slot(unsigned node, unsigned tok)
{
	return (node * 0x9e5u + tok * 0x2fu) & (TRIE_EDGES - 1);
}

/* The node behind an edge, or 0 (the root, which no edge leads to). */
static inline unsigned bu_trie_step(const struct trie *t, unsigned node, unsigned tok)
{
	uint32_t key = node << 8 | tok, h = bu_trie_slot(node, tok);

	while (t->edge[h].key) {
		if (t->edge[h].key == key)
			return t->edge[h].to;
		h = (h + 1) & (TRIE_EDGES - 1);
	}
	return 0;
}

#endif
