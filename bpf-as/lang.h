/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes a language of the statements: macros and repetition (macro.c, subst.c), conditionals
 * (cond.c). Text that an expansion makes is read like a file's (as_run). It stays until the end,
 * because places point into it; a message maps such a place back to the body that was written.
 */
#ifndef AS_LANG_H
#define AS_LANG_H

#include "bpf-as/directive.h"

/* Deeper is a mistake: a macro that calls itself without end. */
#define AS_MAX_EXPANSION 500
/* Bytes that all expansions together may make the assembler read. */
#ifndef AS_MAX_VOLUME /* the fuzzers' is lower */
#define AS_MAX_VOLUME (128u << 20)
#endif
#define AS_MAX_PARAMS 100
#define AS_MAX_CONDS 4000

struct as_expansion {
	const char *text; /* NUL behind it */
	size_t n;
	const char *origin; /* the body: as many lines */
	size_t origin_n;
	const char *call; /* the statement that asked for it */
	size_t call_len;
};

struct as_param {
	struct bu_str name, value; /* the default */
	bool required, rest;
};

struct as_macro {
	const char *name;
	struct as_param *param;
	unsigned nparam;
	struct bu_str body;
	const char *pos;
	uint64_t count; /* calls */
};

struct as_cond {
	const char *pos;
	uint32_t len;
	bool taken, has_else;
};

struct as_lang {
	struct bu_hash macros; /* by name in lower case */
	size_t nmacros;
	struct as_expansion **exp;
	size_t nexp, cap_exp;
	uint64_t volume;
	unsigned depth;
	uint64_t count; /* macro calls: \@ */
	struct as_cond *cond;
	size_t ncond, cap_cond, cond_base; /* base: those of the text that is being read */
};

/* macro.c: is the word at p, in a text with a NUL at its end, the name of a macro? */
bool as_is_macro(const struct as *as, const char *p);

/* skim.c: one statement, read over. */
struct as_skim {
	struct bu_str word; /* the first behind labels; n == 0: none */
	const char *next;   /* where to go on: its end, at a newline, ';' or the end of the text */
};
/* The statement at or behind p, before e. false: there is none. */
bool as_skim(const char *p, const char *e, struct as_skim *out);
/*
 * Reads on behind the current statement up to the word that closes it; open and close say which
 * words nest. *body is what stands between. false: it is not closed; the rest has been read over.
 */
bool as_skim_body(struct as *as, bool (*open)(struct bu_str), bool (*close)(struct bu_str),
		  struct bu_str *body);

/* subst.c: text with \NAME, \@, \+ and \() replaced. */
struct as_subst {
	const struct as_param *param;
	const struct bu_str *value;
	unsigned n;
	uint64_t at, plus;
};
void as_substitute(struct bu_buf *out, struct bu_str body, const struct as_subst *s);
/*
 * The next argument at c: up to a comma, or a blank between words; "quoted text" without its
 * quotes. Commas and blanks inside brackets belong to it. Empty when there is none.
 */
struct bu_str as_argument(struct as_cur *c);

#endif
