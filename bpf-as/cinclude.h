/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .cinclude: constants of C headers.
 *
 *   cinclude.c  the directive, macros and enumerators by name
 *   cexpr.c     the value of a constant expression of C
 *   ccrun.c     running the C compiler's preprocessor
 */
#ifndef AS_CINCLUDE_H
#define AS_CINCLUDE_H

#include "bpf-as/as.h"

struct as_cval {
	int64_t v;
	uint8_t size; /* bytes of its C type */
	bool is_unsigned;
};

/* The value of a name within an expression. */
typedef bool as_cname_fn(void *ctx, struct bu_str name, struct as_cval *v);

/*
 * The value of text. false: *why says what it holds instead, a static noun phrase ("a call …"), about *word.
 */
bool as_cexpr(struct bu_str text, as_cname_fn *lookup, void *ctx, struct as_cval *v, const char **why,
	      struct bu_str *word);

/*
 * Runs $CC, cc, gcc or clang with args (NULL at the end) and input on its standard input, without a
 * shell. Appends what it prints to *out and the first of its complaints to *complaint. 0; -ENOENT: no compiler;
 * -ETIMEDOUT, -EFBIG; -EINVAL: it failed; other -errno.
 */
int as_cc_run(const char *const *args, struct bu_str input, struct bu_buf *out, struct bu_buf *complaint);

#endif
