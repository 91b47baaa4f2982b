/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The linter: a table of warnings (lint.def) with names and levels, the options that set them, and a
 * walk over each function that follows which registers are set.
 */
#ifndef AS_LINT_H
#define AS_LINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct as;
struct as_sec;
struct as_sym;
struct bu_buf;
struct bu_diag;

enum as_lint_id {
#define AS_LINT(id, name, level, code, text) LINT_##id,
#include "bpf-as/lint.def"
#undef AS_LINT
	LINT_COUNT
};

enum as_lint_level { LINT_LEVEL_OFF, LINT_LEVEL_WARN, LINT_LEVEL_ERROR };

/* What the command line says: zeroed, nothing is said. */
struct as_lints {
	bool none;             /* -w */
	bool fatal;            /* -Werror */
	uint8_t said[LINT_COUNT]; /* 0: nothing, else 1 + level */
};

/*
 * One -W word without the W: "NAME", "no-NAME", "error", "error=NAME", "no-error", "no-error=NAME", "all".
 * Returns 0, or -EINVAL: no such name; *near (may be NULL) is then one that is close, or NULL.
 */
int as_lint_option(struct as_lints *l, const char *word, const char **near);
/* The list for -Whelp. */
void as_lint_help(struct bu_buf *out);

/*
 * Tells a finding at p, as an error or a warning by its level. Never NULL: notes may be added, and go
 * nowhere when it is switched off.
 */
struct bu_diag *as_lint(struct as *as, enum as_lint_id id, const char *p, size_t len,
			const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/*
 * Would nobody see a finding of this kind, because it is switched off or because enough was told? Counts
 * it then. For where looking up the place costs more than finding it.
 */
bool as_lint_untold(struct as *as, enum as_lint_id id);

/* Is a finding of this kind switched off? */
bool as_lint_off(const struct as *as, enum as_lint_id id);

/* Is a finding of this kind no error? Then the code stays as it is written. */
bool as_lint_passes(const struct as *as, enum as_lint_id id);

/*
 * Follows function f, which is [from, to) of s, in instructions (flow.c). Its jumps may be wrong.
 */
void as_lint_function(struct as *as, const struct as_sec *s, uint64_t from, uint64_t to,
		      const struct as_sym *f);

/* check.c: the statement that made the instruction at byte off of s, and its length. */
const char *as_insn_place(struct as *as, const struct as_sec *s, uint64_t off);
size_t as_statement_len(const char *p);
bool as_is_raw(const struct as_sec *s, uint64_t off);

#endif
