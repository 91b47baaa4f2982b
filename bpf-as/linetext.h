/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of lines in the BTF strings. A table is asked for a line's text; what it answers is put into the
 * line's record some lines later (as.asked), because by then the place in the table is in the cache.
 *
 * Lines that have a skeleton without names (isa.h) differ in their instruction only: in a large source they
 * have a memo of 16 bytes a place. The others have their text in a table of its own, see btf.c.
 */
#ifndef AS_LINETEXT_H
#define AS_LINETEXT_H

#include "bpf-as/as.h"

/* Kernels refuse a string offset beyond this. */
#define AS_MAX_STR_OFF 0xffffffu
/* Texts of lines end here, so that names fit behind them. */
#define AS_MAX_TEXT_OFF (AS_MAX_STR_OFF - (1u << 20))

struct as_memo {
	uint64_t insn;
	uint32_t line; /* which skeleton and indentation; 0: free */
	uint32_t off;  /* of its text in the BTF strings */
};

/*
 * The line of n bytes at p, as many as AS_MEMO_TEXT, whose instruction is insn and whose skeleton and
 * indentation are id; id 0: other texts have them too. AS_MEMO_ROOM bytes may be read at p.
 */
enum { AS_MEMO_TEXT = 32, AS_MEMO_ROOM = 48 };
static inline void as_memo_ask(struct as *as, const char *p, size_t n, uint64_t insn, uint32_t id)
{
	uint64_t h = (insn ^ id * 0xc2b2ae3d27d4eb4fu) * 0x9e3779b97f4a7c15u;
	struct as_asked *q = &as->asked[as->asked_next % 4];

	q->p = p;
	q->n = n;
	q->insn = insn;
	q->hash = id;
	/* The last place is for what is not asked for again. */
	q->memo = &as->memo[id ? h >> (64 - as->memo_bits) : (uint64_t)1 << as->memo_bits];
	__builtin_prefetch(q->memo, 1);
}

static inline uint32_t as_memo_answer(struct as *as, const struct as_asked *q)
{
	struct bu_buf *strs = &as->gen.strs;
	struct as_memo *m = q->memo;
	uint32_t id = q->hash, off = (uint32_t)strs->n, known;
	uint64_t differs;
	uint8_t *to;

	/* Whether it is known is as good as random: nothing branches. */
	differs = (m->insn ^ q->insn) | (m->line ^ id) | !id;
	known = differs ? 0 : UINT32_MAX;
	if (strs->n + q->n + 1 > AS_MAX_TEXT_OFF)
		return m->off & known;
	if (strs->cap - strs->n < AS_MEMO_ROOM && !bu_buf_room(strs, AS_MEMO_ROOM))
		return 0;
	to = strs->p + strs->n;
	memcpy(to, q->p, AS_MEMO_TEXT);
	to[q->n] = '\0';
	off = (m->off & known) | (off & ~known);
	strs->n += (q->n + 1) & ~known;
	*m = (struct as_memo){ .insn = q->insn, .line = id, .off = off };
	return off;
}

/* btf.c: of a line that has no memo. */
uint32_t as_text_answer(struct as *as, const struct as_asked *q);

/* Answers the oldest question when there is no place for another. */
static inline void as_asked_room(struct as *as)
{
	const struct as_asked *q = &as->asked[as->asked_first % 4];

	if (as->asked_next - as->asked_first < 4)
		return;
	as->asked_first++;
	as->line_off = q->memo ? as_memo_answer(as, q) : as_text_answer(as, q);
	as_lines_patch(q->sec, q->at, as->line_off);
}

#endif
