/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* skel: lines that look like an earlier one, see isa.h. */
#include <stdlib.h>
#include <string.h>
#include "isa/lex.h"
#include "isa/isa.h"

enum { SKELS = 4096, LINE = 32 };

#ifdef __SSE2__
#include <immintrin.h>

/* The line's first bytes, and where in them numbers, names and registers' digits are: a bit a byte. */
struct line {
	__m128i text[2]; /* zeros there and behind the line */
	uint32_t numbers, names, regs;
	unsigned n;      /* bytes of the line; 0: it is longer, or empty */
};

static inline __m128i between(__m128i v, char lo, char hi)
{
	__m128i d = _mm_sub_epi8(v, _mm_set1_epi8(lo));

	return _mm_cmpeq_epi8(_mm_min_epu8(d, _mm_set1_epi8((char)(hi - lo))), d);
}

static inline __m128i is(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

static inline uint32_t bits(__m128i v)
{
	return (uint32_t)_mm_movemask_epi8(v);
}

/* v without the bytes whose bits are set in the lower half of m. */
static inline __m128i without(__m128i v, uint32_t m)
{
	const __m128i bit = _mm_set_epi8(-128, 64, 32, 16, 8, 4, 2, 1, -128, 64, 32, 16, 8, 4, 2, 1);
	__m128i x = _mm_cvtsi32_si128((int)m);

	x = _mm_unpacklo_epi8(x, x);
	x = _mm_unpacklo_epi64(_mm_shufflelo_epi16(x, 0), _mm_shufflelo_epi16(x, 0x55));
	x = _mm_cmpeq_epi8(_mm_and_si128(x, bit), bit);
	return _mm_andnot_si128(x, v);
}

/* What the bytes of half a line are. */
struct half {
	uint32_t digit, name, word, rw, nl;
};

static inline struct half half(__m128i v)
{
	__m128i digit = between(v, '0', '9'), name = _mm_or_si128(between(v, 'A', 'Z'), is(v, '.'));
	__m128i word = _mm_or_si128(_mm_or_si128(between(v, 'a', 'z'), is(v, '_')), _mm_or_si128(digit, name));

	return (struct half){ .digit = bits(digit), .name = bits(name), .word = bits(word), .nl = bits(is(v, '\n')),
			      .rw = bits(_mm_or_si128(is(v, 'r'), is(v, 'w'))) };
}

/* What l is, from what its bytes are. Returns the bytes that are left out, and those behind the line. */
static inline __attribute__((always_inline)) uint32_t parts(struct line *l, uint32_t nl, uint32_t digit,
							     uint32_t name, uint32_t word, uint32_t rw)
{
	uint32_t first = word & ~(word << 1);

	l->n = (unsigned)__builtin_ctz(nl);
	nl = (nl & -nl) - 1;
	/* A carry goes from the first byte of a word to behind its last one. */
	l->numbers = word & ~(word + (first & digit)) & nl;
	l->names = word & ~(word + (first & name)) & nl;
	l->regs = (first & rw) << 1 & digit & ~(word >> 1) & nl;
	return l->numbers | l->names | l->regs | ~nl;
}

static inline void classify(const char *p, struct line *l)
{
	__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(p + 16));
	struct half x = half(a), y = half(b);
	uint32_t nl = x.nl | y.nl << 16, out;

	l->n = 0;
	if (!nl)
		return;
	out = parts(l, nl, x.digit | y.digit << 16, x.name | y.name << 16, x.word | y.word << 16, x.rw | y.rw << 16);
	l->text[0] = without(a, out & 0xffff);
	l->text[1] = without(b, out >> 16);
}

/*
 * The same with AVX2: a byte's upper and lower half each choose from a table the classes that have such a
 * half; it is in those that both chose. Bit 7: r, w; 6: digits; 5: a to o; 4: p to z; 3: _; 2 to 0: what
 * names begin with: A to O, P to Z, the dot.
 */
__attribute__((target("avx2"))) static inline void classify_avx2(const char *p, struct line *l)
{
	const __m256i upper = _mm256_broadcastsi128_si256(
		_mm_setr_epi8(0, 0, 1, 0x40, 4, 8 | 2, 0x20, -128 | 0x10, 0, 0, 0, 0, 0, 0, 0, 0));
	const __m256i lower = _mm256_broadcastsi128_si256(_mm_setr_epi8(
		0x40 | 0x10 | 2, 0x40 | 0x30 | 6, -128 | 0x40 | 0x30 | 6, 0x40 | 0x30 | 6, 0x40 | 0x30 | 6,
		0x40 | 0x30 | 6, 0x40 | 0x30 | 6, -128 | 0x40 | 0x30 | 6, 0x40 | 0x30 | 6, 0x40 | 0x30 | 6,
		0x30 | 6, 0x20 | 4, 0x20 | 4, 0x20 | 4, 0x20 | 4 | 1, 0x20 | 4 | 8));
	const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201u), zero = _mm256_setzero_si256();
	const __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p), c, m;
	uint32_t nl = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n'))), out;

	l->n = 0;
	if (!nl)
		return;
	c = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
	c = _mm256_and_si256(_mm256_shuffle_epi8(upper, c), _mm256_shuffle_epi8(lower, v));
	out = parts(l, nl, (uint32_t)_mm256_movemask_epi8(_mm256_slli_epi16(c, 1)),
		    (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_and_si256(c, _mm256_set1_epi8(7)), zero)),
		    (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(_mm256_and_si256(c, _mm256_set1_epi8(127)), zero)),
		    (uint32_t)_mm256_movemask_epi8(c));
	m = _mm256_shuffle_epi8(_mm256_set1_epi32((int)out), byte);
	v = _mm256_andnot_si256(_mm256_cmpeq_epi8(_mm256_and_si256(m, bit), bit), v);
	l->text[0] = _mm256_castsi256_si128(v);
	l->text[1] = _mm256_extracti128_si256(v, 1);
}

static inline uint64_t low(__m128i v)
{
	return (uint64_t)_mm_cvtsi128_si64(v);
}

static inline uint64_t high(__m128i v)
{
	return (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(v, v));
}

static inline __attribute__((always_inline)) unsigned slot(const struct line *l)
{
	uint64_t h = (low(l->text[0]) ^ l->n) * 0x9e3779b97f4a7c15u +
		     (high(l->text[0]) ^ l->names) * 0xc2b2ae3d27d4eb4fu +
		     low(l->text[1]) * 0xff51afd7ed558ccdu + high(l->text[1]) * 0xd6e8feb86659fd93u;

	return (unsigned)((h ^ h >> 29) >> 20) % SKELS;
}

static inline __attribute__((always_inline)) const struct bu_skel *find(const struct bu_shapes *s,
									const struct line *l)
{
	const struct bu_skel *k;
	__m128i same;

	if (!l->n)
		return NULL;
	k = &s->skel[slot(l)];
	same = _mm_and_si128(_mm_cmpeq_epi8(l->text[0], _mm_loadu_si128((const __m128i *)(const void *)k->text)),
			     _mm_cmpeq_epi8(l->text[1], _mm_loadu_si128((const __m128i *)(const void *)(k->text + 16))));
	return _mm_movemask_epi8(same) == 0xffff && k->names == l->names && k->n == l->n &&
	       k->epoch == s->epoch ? k : NULL;
}

__attribute__((target("avx2"))) static const struct bu_skel *find_avx2(const struct bu_shapes *s, const char *p,
								      unsigned *n)
{
	struct line l;

	classify_avx2(p, &l);
	*n = l.n;
	return find(s, &l);
}

const struct bu_skel *bu_skel_find(const struct bu_shapes *s, const char *p, const char *e, unsigned *n)
{
	struct line l;

	if (!s->skel || e - p < BU_SKEL_ROOM)
		return NULL;
	if (s->avx2)
		return find_avx2(s, p, n);
	classify(p, &l);
	*n = l.n;
	return find(s, &l);
}

/* Are n bytes from at on all of a word that is in m? */
static bool is_run(uint32_t m, size_t at, size_t n)
{
	uint64_t run = (((uint64_t)1 << n) - 1) << at, around = (uint64_t)m << 1;

	return at + n < LINE && (around >> 1 & run) == run && !(around & ((uint64_t)1 << at)) && !(m >> (at + n) & 1);
}

/* Finds the statement's registers, in order. false: they are not those that the scan has seen. */
static bool registers(struct bu_skel *k, const struct bu_shape *t, const struct bu_scan *c, const char *p,
		      uint32_t regs)
{
	unsigned n = 0;

	for (unsigned i = 0; i + 1 < k->n; i++) {
		struct bu_skel_reg r = { 0 };

		if ((p[i] != 'r' && p[i] != 'w') || (i && bu_lex_is_word(p[i - 1])) ||
		    !(bu_lex_class[(unsigned char)p[i + 1]] & LEX_DIGIT))
			continue;
		if (++n > c->nregs)
			return false;
		r.at = (uint8_t)(i + 1);
		if (regs >> r.at & 1)
			r.mask = 15;
		else
			r.is = c->reg[n];
		regs &= ~(1u << r.at);
		if (((p[r.at] & r.mask) | r.is) != c->reg[n])
			return false;
		if (n == t->dst)
			k->dst = r;
		if (n == t->src)
			k->src = r;
	}
	return n == c->nregs && !regs;
}

struct bu_skel *bu_skel_learn(struct bu_shapes *s, const struct bu_shape *t, const struct bu_scan *c, const char *p,
			      const char *e)
{
	struct bu_skel new = { .shape = t }, *k;
	struct line l;

	if (!s->skels || e - p < BU_SKEL_ROOM || !t->row || t->nsame || t->by_name)
		return NULL;
	classify(p, &l);
	if (!l.n || c->end != p + l.n || p[l.n - 1] == ' ' || p[l.n - 1] == '\t' || p[l.n - 1] == '\r')
		return NULL;
	new.n = (uint8_t)l.n;
	new.names = l.names;
	new.epoch = s->epoch;
	for (unsigned i = 0; i < c->nvals; i++) {
		const struct bu_shape_val *v = &c->val[i];
		struct bu_skel_val at = { .at = (uint8_t)(v->p - p), .n = (uint8_t)v->n, .is_name = v->is_name };
		uint32_t *of = v->is_name ? &l.names : &l.numbers;

		if (v->n >= LINE || v->p + v->n > p + l.n)
			return NULL;
		at.fixed = v->is_name && !(*of >> at.at & 1);
		if (!at.fixed && !is_run(*of, at.at, at.n))
			return NULL;
		if (!at.fixed)
			*of &= ~((uint32_t)(((uint64_t)1 << at.n) - 1) << at.at);
		if (t->imm.at == i + 1)
			new.imm = at;
		if (t->off.at == i + 1)
			new.off = at;
	}
	if (l.numbers || l.names || !registers(&new, t, c, p, l.regs))
		return NULL;
	if (!s->skel) {
		s->skel = calloc(SKELS, sizeof(*s->skel));
		s->avx2 = __builtin_cpu_supports("avx2");
	}
	if (!s->skel || s->nskel >= UINT32_MAX / 2)
		return NULL;
	new.id = ++s->nskel;
	_mm_storeu_si128((__m128i *)(void *)new.text, l.text[0]);
	_mm_storeu_si128((__m128i *)(void *)(new.text + 16), l.text[1]);
	k = &s->skel[slot(&(struct line){ { l.text[0], l.text[1] }, 0, new.names, 0, l.n })];
	*k = new;
	return k;
}

#else /* every line is scanned */

const struct bu_skel *bu_skel_find(const struct bu_shapes *s, const char *p, const char *e, unsigned *n)
{
	(void)n;
	(void)s;
	(void)p;
	(void)e;
	return NULL;
}

struct bu_skel *bu_skel_learn(struct bu_shapes *s, const struct bu_shape *t, const struct bu_scan *c, const char *p,
			      const char *e)
{
	(void)s;
	(void)t;
	(void)c;
	(void)p;
	(void)e;
	return NULL;
}

#endif
