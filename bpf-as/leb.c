/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .uleb128 and .sleb128. A value that is known is put at once. One that names a place still to come
 * has no size yet: it becomes a piece of its section, which takes no room until the end. Then the
 * pieces grow until all values fit, and what stands behind them moves.
 *
 * Labels and fixups count the pieces in front of them, so that they can be moved; a difference of
 * labels is known early only when no piece lies between them (expr.c).
 */
#include "bpf-as/directive.h"

struct as_piece {
	uint64_t off;       /* in the section without its pieces */
	uint64_t size;
	uint64_t before;    /* sizes of the pieces up to this one: labels have been moved so far */
	uint64_t grown;     /* of it in the last round */
	enum { PIECE_ULEB, PIECE_SLEB, PIECE_ALIGN } kind;
	uint32_t expr;
	uint64_t to, max;   /* ALIGN */
	uint8_t fill;
	bool nops;
	int64_t value;
	const char *pos;
	uint32_t len;
	bool told;
};

/* More than the sizes of 64-bit values allow is no progress but a quarrel of alignments. */
#define MAX_ROUNDS 100
#define MAX_DEPTH 100

void as_put_uleb(struct bu_buf *b, uint64_t v)
{
	do {
		uint8_t byte = v & 0x7f;

		v >>= 7;
		bu_buf_char(b, (char)(byte | (v ? 0x80 : 0)));
	} while (v);
}

void as_put_sleb(struct bu_buf *b, int64_t v)
{
	bool more = true;

	while (more) {
		uint8_t byte = (uint8_t)v & 0x7f;

		v >>= 7; /* arithmetic: the sign stays */
		more = !((v == 0 && !(byte & 0x40)) || (v == -1 && (byte & 0x40)));
		bu_buf_char(b, (char)(byte | (more ? 0x80 : 0)));
	}
}

static void put(struct bu_buf *b, const struct as_piece *p)
{
	if (p->kind == PIECE_SLEB)
		as_put_sleb(b, p->value);
	else
		as_put_uleb(b, (uint64_t)p->value);
}

static struct as_piece *piece(struct as *as, const char *pos, size_t len)
{
	struct as_sec *s = as->cur;
	struct as_piece *p;

	s->piece = bu_arena_grow(&as->arena, s->piece, s->npiece, &s->cap_piece, sizeof(*p));
	if (!s->piece) {
		s->npiece = 0;
		return NULL;
	}
	s->used = true;
	p = &s->piece[s->npiece++];
	*p = (struct as_piece){ .off = s->size, .pos = as_place(as, pos), .len = (uint32_t)len };
	return p;
}

/* Is every place that the expression names final already? */
static bool settled(const struct as *as, uint32_t node, unsigned depth)
{
	const struct as_expr *e = &as->ex[node];

	if (depth > MAX_DEPTH)
		return false;
	switch (e->op) {
	case OP_NUM:
		return true;
	case OP_SYM:
		return e->sym->def == DEF_LABEL && !e->sym->x->npiece;
	case OP_NEG:
	case OP_NOT:
	case OP_LNOT:
		return settled(as, e->a, depth + 1);
	case OP_COND:
		return settled(as, e->a, depth + 1) && settled(as, e->b, depth + 1) &&
		       settled(as, e->c, depth + 1);
	default:
		return settled(as, e->a, depth + 1) && settled(as, e->b, depth + 1);
	}
}

static void no_number(struct as *as, const char *pos, size_t len)
{
	as_error(as, "A0141", pos, len, "a value of variable size must be a number, not a place");
}

/* arg 1: signed */
void as_d_leb(PARAMS)
{
	uint64_t from = as->cur->size;
	struct bu_buf b = { 0 };

	(void)name;
	do {
		struct as_piece v = { .kind = arg ? PIECE_SLEB : PIECE_ULEB }, *w;
		struct as_val val;
		const char *p;
		uint32_t node;

		as_skip(c);
		p = c->p;
		if (as_expr(as, c, &node, &v.value)) {
			if (as->ex_error)
				as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
			else
				as_error(as, "A0140", p, as_token_len(c->p, c->e), "expected a value");
			c->p = c->e;
			break;
		}
		if (as->cur->type == SHT_NOBITS) {
			as_error(as, "A0120", p, (size_t)(c->p - p),
				 "section '%s' holds only zeros: it has no data in the file",
				 as->cur->name);
			continue;
		}
		if (node && settled(as, node, 0)) {
			if (as_eval(as, node, &val))
				continue;
			if (val.sym) {
				no_number(as, p, (size_t)(c->p - p));
				continue;
			}
			v.value = val.add;
			node = 0;
		}
		if (node) {
			as_expr_keep(as);
			w = piece(as, p, (size_t)(c->p - p));
			if (w) {
				w->kind = v.kind;
				w->expr = node;
			}
			continue;
		}
		bu_buf_reset(&b);
		put(&b, &v);
		as_put(as, b.p, b.n, p);
	} while (as_eat(c, ','));
	bu_buf_free(&b);
	as_junk(as, c);
	as_mark_raw(as, from);
}

bool as_leb_align(struct as *as, uint64_t to, uint64_t max, int64_t fill, bool nops, const char *pos)
{
	struct as_piece *p;

	if (!as->cur->npiece)
		return false;
	p = piece(as, pos, 1);
	if (p) {
		p->kind = PIECE_ALIGN;
		p->to = to;
		p->max = max;
		p->fill = (uint8_t)fill;
		p->nops = nops;
	}
	return true;
}

/* ---------------------------------------------------------------- sizes */

static uint64_t wanted(struct as *as, struct as_piece *p, uint64_t at)
{
	struct bu_buf b = { 0 };
	struct as_val v;
	uint64_t n;

	if (p->kind == PIECE_ALIGN) {
		n = -at & (p->to - 1);
		return n > p->max ? 0 : n;
	}
	if (p->told)
		return p->size;
	if (as_eval(as, p->expr, &v)) {
		p->told = true;
		return p->size;
	}
	if (v.sym) {
		no_number(as, p->pos, p->len);
		p->told = true;
		return p->size;
	}
	p->value = v.add;
	put(&b, p);
	n = b.n;
	bu_buf_free(&b);
	return n > p->size ? n : p->size; /* never smaller: so the rounds end */
}

/* Moves the labels of s by what the pieces in front of them have grown. true: some did. */
static bool move_labels(struct as_sec *s)
{
	bool moved = false;
	uint64_t sum = 0;

	for (size_t i = 0; i < s->npiece; i++) {
		sum += s->piece[i].size;
		s->piece[i].grown = sum - s->piece[i].before;
		s->piece[i].before = sum;
		moved = moved || s->piece[i].grown;
	}
	for (struct as_sym *y = moved ? s->first_sym : NULL; y; y = y->x->next_in_sec)
		if (y->x->npiece)
			y->value += (int64_t)s->piece[y->x->npiece - 1].grown;
	return moved;
}

static bool round_of(struct as *as, struct as_sec *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->npiece; i++) {
		struct as_piece *p = &s->piece[i];

		p->size = wanted(as, p, p->off + sum);
		sum += p->size;
	}
	return move_labels(s);
}

/* ---------------------------------------------------------------- contents */

static void put_piece(struct bu_buf *b, const struct as_piece *p)
{
	size_t from = b->n;

	if (p->kind == PIECE_ALIGN) {
		if (bu_buf_zero(b, p->size))
			return;
		memset(b->p + from, p->fill, p->size);
		for (size_t i = from; p->nops && p->size % 8 == 0 && i < b->n; i += 8)
			b->p[i] = BU_OP_JA;
		return;
	}
	put(b, p);
	/* A value that has become smaller keeps its room. */
	while (b->n - from < p->size && !b->failed) {
		b->p[b->n - 1] |= 0x80;
		bu_buf_char(b, p->kind == PIECE_SLEB && p->value < 0 ? 0x7f : 0);
	}
}

/* What stands between two values; there may be nothing, and no buffer. */
static void put_rest(struct bu_buf *b, const struct as_sec *s, uint64_t from, uint64_t to)
{
	if (to > from)
		bu_buf_add(b, s->buf.p + from, to - from);
}

static void rebuild(struct as *as, struct as_sec *s)
{
	struct bu_buf b = { 0 };
	uint64_t at = 0;

	for (size_t i = 0; i < s->npiece; i++) {
		const struct as_piece *p = &s->piece[i];

		put_rest(&b, s, at, p->off);
		put_piece(&b, p);
		at = p->off;
	}
	put_rest(&b, s, at, s->buf.n);
	if (b.failed)
		as->arena.failed = true;
	bu_buf_free(&s->buf);
	s->buf = b;
	s->size = b.n;
	/* Whatever code stands amid such data, nobody jumps through it. */
	s->raw = bu_arena_alloc(&as->arena, sizeof(*s->raw));
	s->nraw = s->raw ? 1 : 0;
	if (s->raw)
		s->raw[0] = (struct as_range){ 0, s->size };
}

uint64_t as_leb_moved(const struct as_sec *s, uint64_t off, uint32_t npiece)
{
	return npiece ? off + s->piece[npiece - 1].before : off;
}

static void move_lines(struct as *as, struct as_sec *s)
{
	struct as_lines it = as_lines(s);
	struct bu_buf old = s->lines;
	size_t n = 0;

	s->lines = (struct bu_buf){ 0 };
	s->nline = 0;
	while (as_lines_next(&it)) {
		struct bu_line_info l = it.l;

		while (n < s->npiece && s->piece[n].off < l.insn_off)
			n++;
		l.insn_off = (uint32_t)as_leb_moved(s, l.insn_off, (uint32_t)n);
		as_lines_add(as, s, &l);
	}
	bu_buf_free(&old);
}

void as_leb_finish(struct as *as)
{
	bool any = false, moved = true;

	for (size_t i = 0; i < as->nsecs; i++)
		any = any || as->secs[i]->npiece;
	for (int n = 0; any && moved && !as_too_many(as); n++) {
		moved = false;
		for (size_t i = 0; i < as->nsecs; i++)
			if (as->secs[i]->npiece)
				moved = round_of(as, as->secs[i]) || moved;
		if (n == MAX_ROUNDS) {
			as_error(as, "A0141", NULL, 1, "values of variable size depend on one another");
			break;
		}
	}
	if (!any)
		return;
	for (size_t i = 0; i < as->nfix; i++)
		as->fix[i].off = as_leb_moved(as->fix[i].sec, as->fix[i].off, as->fix[i].npiece);
	for (size_t i = 0; i < as->nsecs && !as->arena.failed; i++) {
		struct as_sec *s = as->secs[i];

		if (!s->npiece || s->type == SHT_NOBITS)
			continue;
		move_lines(as, s);
		rebuild(as, s);
	}
}
