/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* near: the candidate nearest to a mistyped word (Damerau-Levenshtein, bounded). */
#include "base/base.h"

#include <string.h>

#define MAX_WORD 64

void bu_near_init(struct bu_near *n, const char *word, size_t len)
{
	/* Farther than a third of the word is no typo any more. */
	*n = (struct bu_near){ .word = bu_str(word, len), .score = (unsigned)(len / 3 + 2) * 2 };
}

/* Edit distance times two, or limit when it is that or more. */
static unsigned distance(struct bu_str a, struct bu_str b, unsigned limit)
{
	unsigned rows[3][MAX_WORD + 1], *before = rows[0], *prev = rows[1], *row = rows[2];

	if (a.n > MAX_WORD || b.n > MAX_WORD)
		return limit;
	for (size_t j = 0; j <= b.n; j++)
		prev[j] = (unsigned)j * 2;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned best, *swap;

		row[0] = best = (unsigned)i * 2;
		for (size_t j = 1; j <= b.n; j++) {
			unsigned d = prev[j - 1] + (a.p[i - 1] == b.p[j - 1] ? 0 : 2);

			if (prev[j] + 2 < d)
				d = prev[j] + 2;
			if (row[j - 1] + 2 < d)
				d = row[j - 1] + 2;
			/* Two letters exchanged count as one slip. */
			if (i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1] &&
			    before[j - 2] + 2 < d)
				d = before[j - 2] + 2;
			row[j] = d;
			if (d < best)
				best = d;
		}
		if (best >= limit)
			return limit;
		swap = before, before = prev, prev = row, row = swap;
	}
	return prev[b.n] < limit ? prev[b.n] : limit;
}

void bu_near_feed(struct bu_near *n, const char *cand)
{
	struct bu_str c = bu_str_c(cand);
	unsigned d;

	if (!n->word.n || !c.n)
		return;
	if (c.n > n->word.n && n->word.n >= 3 && memcmp(c.p, n->word.p, n->word.n) == 0)
		d = 1; /* a word that was cut short */
	else if (c.n + n->score <= n->word.n || n->word.n + n->score <= c.n)
		return;
	else
		d = distance(n->word, c, n->score);
	if (d < n->score) {
		n->score = d;
		n->best = cand;
		n->best_n = c.n;
	}
}
