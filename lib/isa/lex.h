/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* lex: the tokens that templates and statements are made of. Private to lib/isa. */
#ifndef BU_ISA_LEX_H
#define BU_ISA_LEX_H

#include "base/base.h"

/* Numbers below T_WORDS stand for registers and fields, the others for words and operators. */
enum bu_tok {
	T_NONE, /* end, or what no template has */
	T_R, T_W, /* r0 to r10, w0 to w10 */
	/* fields, each with the letter it has in a template */
	T_IMM, T_IMM64, T_X, T_Y, T_OFF, T_SIGNED, T_MODULE, T_TARGET, T_TARGET32, T_HELPER,
	T_LOCAL, T_KFUNC, T_SAME, T_MAP,
	T_WORDS,
};

#define BU_LEX_REG_BAD 99 /* looks like a register, but there is none of that number */

struct bu_lex {
	unsigned tok; /* T_R, T_W, or a word's number, or T_NONE */
	unsigned len; /* bytes; 0 at the end */
	unsigned reg; /* T_R, T_W: the number, or BU_LEX_REG_BAD */
	bool percent; /* a register with % before it */
};

enum { BU_LEX_MAX_WORDS = 200 };

struct bu_lex_words {
	unsigned n;                            /* numbers in use, from T_WORDS */
	const char *quoted[BU_LEX_MAX_WORDS];  /* 'goto', by number */
	uint8_t len[BU_LEX_MAX_WORDS];         /* without the quotes */
	uint8_t by_hash[512];                  /* words: number, 0: free */
	uint8_t ops[2][3][128];                /* operators: s prefix; x, x=, xx=; character */
	char pool[2048];
	size_t pool_n;
	bool full;
	bool percent;                          /* %r1 and %fp are registers too */
};

/* The token at the start of p, n bytes; no blanks before it. */
struct bu_lex bu_lex_next(const struct bu_lex_words *w, const char *p, size_t n);
/* The number of the word or operator of len bytes at p, entered when it is new. */
unsigned bu_lex_intern(struct bu_lex_words *w, const char *p, size_t len);

static inline size_t bu_lex_blanks(const char *p, size_t i, size_t n)
{
	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i;
}

/* What a character may do in a token. */
enum { LEX_WORD = 1, LEX_DIGIT = 2, LEX_COMPOUND = 4 /* starts an operator of several */,
       LEX_SIGNED = 8 /* may follow the s of a signed operator */ };
extern const uint8_t bu_lex_class[256];

static inline bool bu_lex_is_word(char c)
{
	return bu_lex_class[(unsigned char)c] & LEX_WORD;
}

#endif
