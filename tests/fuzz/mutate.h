/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources changed as people change them, line by line and word by word, and not as people do. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H

#include "base/base.h"

struct rng {
	uint64_t state; /* not 0 */
};
size_t rnd(struct rng *r, size_t n);

/* One change. */
void mutate_text(struct rng *r, struct bu_buf *b);
/* n bytes of an object: bits, words, fields copied to where others are. */
void mutate_bytes(struct rng *r, uint8_t *p, size_t n);
/* Every word of the tables that a source may have (templates, directives, …), for a dictionary. */
void mutate_words(void (*word)(void *ctx, struct bu_str s), void *ctx);

#endif
