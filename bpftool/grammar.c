// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arguments' texts in cmd.def are small grammars; each becomes an automaton that reads the words of a line and
 * knows what it could read next.
 *
 * Thompson's construction: a state reads one word (a keyword, or any word for a placeholder), or goes on to one
 * or two others without reading. Words are few, and so are states.
 */
#include <string.h>

#include "tool.h"

#define MAX_STATES 1000
#define MAX_DEPTH 16

struct state {
	enum { SPLIT, KEYWORD, ANY } kind;
	const char *kw;      /* KEYWORD; ends at a blank or a sign */
	size_t n;
	int word;            /* ANY: row of bt_words */
	int to, or;          /* -1: none; SPLIT goes to both */
};

struct bt_grammar {
	struct state s[MAX_STATES];
	int n, in;
	bool bad;            /* no grammar, or too long a one */
	const char *p;       /* what is being read */
};

/* A piece with one way in and one way out (a SPLIT whose to is still open). */
struct piece {
	int in, out;
};

static int add(struct bt_grammar *a, struct state s)
{
	if (a->n == MAX_STATES) {
		a->bad = true;
		return MAX_STATES - 1;
	}
	a->s[a->n] = s;
	return a->n++;
}

static int split(struct bt_grammar *a, int to, int or)
{
	return add(a, (struct state){ .kind = SPLIT, .to = to, .or = or });
}

static struct piece choice(struct bt_grammar *a, int depth);

static void blanks(struct bt_grammar *a)
{
	a->p += strspn(a->p, " ");
}

static struct piece phrase(struct bt_grammar *a, const char *grammar, int depth)
{
	const char *p = a->p;
	struct piece r;

	a->p = grammar;
	r = choice(a, depth + 1);
	a->bad |= *a->p != 0;
	a->p = p;
	return r;
}

static struct piece one_word(struct bt_grammar *a, int depth)
{
	size_t n = strcspn(a->p, " []{}|");
	struct state s = { .kind = KEYWORD, .kw = a->p, .n = n, .to = split(a, -1, -1), .or = -1 };
	const struct bt_phrase *f;

	a->p += n;
	a->bad |= !n;
	if (n && *s.kw >= 'A' && *s.kw <= 'Z') {
		for (f = bt_phrases; f->name; f++)
			if (strlen(f->name) == n && !strncmp(f->name, s.kw, n))
				return phrase(a, f->grammar, depth);
		s.kind = ANY;
		for (s.word = 0; bt_words[s.word]; s.word++)
			if (strlen(bt_words[s.word]) == n && !strncmp(bt_words[s.word], s.kw, n))
				break;
		a->bad |= !bt_words[s.word];
	}
	return (struct piece){ add(a, s), s.to };
}

/* One [ … ], { … } or word, and the ... behind it. *optional: it was [ … ]. */
static struct piece item(struct bt_grammar *a, int depth, bool *optional)
{
	struct piece r;
	char close = *a->p == '[' ? ']' : '}';
	int out;

	*optional = *a->p == '[';
	if (*a->p == '[' || *a->p == '{') {
		a->p++;
		r = choice(a, depth + 1);
		a->bad |= *a->p != close;
		a->p += *a->p == close;
	} else {
		r = one_word(a, depth);
	}
	blanks(a);
	if (!strncmp(a->p, "...", 3)) {
		a->p += 3;
		blanks(a);
		out = split(a, -1, -1);
		a->s[r.out].to = r.in;
		a->s[r.out].or = out;
		r.out = out;
	}
	return r;
}

static struct piece sequence(struct bt_grammar *a, int depth)
{
	struct piece r, x;
	bool optional;
	int round, at;

	r.in = r.out = split(a, -1, -1);
	blanks(a);
	while (!a->bad && *a->p && !strchr("]}|", *a->p)) {
		x = item(a, depth, &optional);
		if (!optional) {
			a->s[r.out].to = x.in;
			r.out = x.out;
			continue;
		}
		/* a round of neighbours: each may come, in any order */
		round = at = split(a, -1, -1);
		a->s[r.out].to = round;
		for (;;) {
			r.out = split(a, -1, -1);
			a->s[x.out].to = round;
			a->s[at].to = x.in;
			a->s[at].or = r.out;
			if (a->bad || *a->p != '[')
				break;
			at = r.out;
			x = item(a, depth, &optional);
		}
	}
	return r;
}

static struct piece choice(struct bt_grammar *a, int depth)
{
	struct piece r, x;

	if (depth > MAX_DEPTH)
		a->bad = true;
	r = sequence(a, depth);
	while (!a->bad && *a->p == '|') {
		a->p++;
		x = sequence(a, depth);
		r.in = split(a, r.in, x.in);
		a->s[x.out].to = split(a, -1, -1);
		a->s[r.out].to = a->s[x.out].to;
		r.out = a->s[x.out].to;
	}
	return r;
}

/* ---------------------------------------------------------------- running it */

static void reach(const struct bt_grammar *a, bool *set, int i)
{
	int stack[2 * MAX_STATES + 2], n = 0;

	stack[n++] = i;
	while (n) {
		i = stack[--n];
		if (i < 0 || set[i])
			continue;
		set[i] = true;
		if (a->s[i].kind != SPLIT)
			continue;
		stack[n++] = a->s[i].to;
		stack[n++] = a->s[i].or;
	}
}

static bool reads(const struct state *s, const char *word)
{
	size_t n = strlen(word);

	return s->kind == ANY || (s->kind == KEYWORD && n && n <= s->n && !strncmp(s->kw, word, n));
}

/*
 * Sets the states after one more word. A word that is a whole keyword is that one, not what a placeholder would
 * take as well.
 */
static void step(const struct bt_grammar *a, bool *set, const char *word)
{
	bool next[MAX_STATES] = { false }, exact = false;
	int i;

	for (i = 0; i < a->n; i++)
		exact |= set[i] && a->s[i].kind == KEYWORD && a->s[i].n == strlen(word) && reads(&a->s[i], word);
	for (i = 0; i < a->n; i++)
		if (set[i] && reads(&a->s[i], word) && (!exact || a->s[i].kind == KEYWORD))
			reach(a, next, a->s[i].to);
	memcpy(set, next, sizeof(next));
}

struct bt_grammar *bt_grammar(struct bu_arena *arena, const char *text)
{
	struct bt_grammar *a = bu_arena_alloc(arena, sizeof(*a));

	if (!a)
		return NULL;
	a->p = text;
	a->in = choice(a, 0).in;
	return a->bad || *a->p ? NULL : a;
}

void bt_grammar_next(const struct bt_grammar *a, int n, char **words, bt_next_fn *fn, void *ctx)
{
	bool set[MAX_STATES] = { false }, said;
	int i, k;

	reach(a, set, a->in);
	for (i = 0; i < n; i++)
		step(a, set, words[i]);
	for (i = 0; i < a->n; i++) {
		const struct state *s = &a->s[i];

		if (!set[i] || s->kind == SPLIT)
			continue;
		for (k = 0, said = false; k < i && !said; k++)
			said = set[k] && a->s[k].kind == s->kind && a->s[k].word == s->word && a->s[k].n == s->n &&
			       (s->kind == ANY || !strncmp(a->s[k].kw, s->kw, s->n));
		if (!said)
			fn(ctx, s->kw, s->n, s->kind == ANY ? s->word : -1);
	}
}

bool bt_grammar_each(const struct bt_grammar *a, bt_way_fn *fn, void *ctx)
{
	int from[MAX_STATES], queue[MAX_STATES], head = 0, tail = 0, i, k, n;
	const struct state *s;
	struct bt_way way;

	/* breadth first: the shortest way to each state */
	for (i = 0; i < a->n; i++)
		from[i] = -2;
	from[a->in] = -1;
	queue[tail++] = a->in;
	while (head < tail) {
		i = queue[head++];
		s = &a->s[i];
		for (k = 0; k < 2; k++) {
			n = k ? s->or : s->to;
			if (n >= 0 && from[n] == -2) {
				from[n] = i;
				queue[tail++] = n;
			}
		}
		if (s->kind != KEYWORD)
			continue;
		way = (struct bt_way){ .kw = s->kw, .kw_n = s->n };
		for (n = 0, k = from[i]; k >= 0; k = from[k])
			n += a->s[k].kind != SPLIT;
		if (n > BT_WAY_WORDS)
			return false;
		way.n = n;
		for (k = from[i]; k >= 0; k = from[k]) {
			if (a->s[k].kind == SPLIT)
				continue;
			way.word[--n] = a->s[k].kind == ANY ? bt_words[a->s[k].word] : a->s[k].kw;
			way.len[n] = a->s[k].kind == ANY ? 0 : a->s[k].n;
		}
		if (!fn(ctx, &way))
			return false;
	}
	return true;
}
