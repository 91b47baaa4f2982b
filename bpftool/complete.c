// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completion: which words may stand at the end of a line. The arguments' texts in cmd.def are small grammars; each
 * becomes an automaton that has read the words so far, and what it could read next is offered.
 *
 * Thompson's construction: a state reads one word (a keyword, or any word for a placeholder), or goes on to one
 * or two others without reading. Words are few, and so are states.
 */
#include <config.h>
#include <stdio.h>
#include <string.h>

#include "hooks.h"

typedef void offer_fn(struct bt *t, struct bu_buf *out, const char *last);

/* ---------------------------------------------------------------- sources */

static void offer(struct bu_buf *out, const char *last, const char *word, const char *what)
{
	if (!strncmp(word, last, strlen(last)))
		bu_buf_printf(out, "%s\t%s\n", word, what);
}

struct offering {
	struct bu_buf *out;
	const char *last;
	enum bu_objkind kind;
	enum { BY_ID, BY_NAME, BY_TAG } by;
};

static int offer_obj(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct offering *o = ctx;
	struct bpf_prog_info pi = { 0 };
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);
	const char *name = "";
	char text[32];
	int i;

	if (fd < 0)
		return 0;
	if (o->kind == BU_PROG && bt_prog_info(t, fd, &pi, &name))
		return 0;
	if (o->kind == BU_MAP && !bu_sys_info(t->sys, fd, &mi, &size))
		name = bt_name16(t, mi.name);
	name = bt_escz(t, name);
	switch (o->by) {
	case BY_NAME:
		if (*name)
			offer(o->out, o->last, name, "");
		return 0;
	case BY_TAG:
		for (i = 0; i < BPF_TAG_SIZE; i++)
			sprintf(text + 2 * i, "%02x", pi.tag[i]);
		break;
	case BY_ID:
		snprintf(text, sizeof(text), "%u", id);
		break;
	}
	offer(o->out, o->last, text, name);
	return 0;
}

static void offer_objs(struct bt *t, struct offering o)
{
	if (bt_open_backend(t))
		bt_each(t, o.kind, o.kind == BU_MAP ? BPF_F_RDONLY : 0, offer_obj, &o);
}

static void offer_prog_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_PROG, BY_ID });
}

static void offer_prog_name(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_PROG, BY_NAME });
}

static void offer_prog_tag(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_PROG, BY_TAG });
}

static void offer_map_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_MAP, BY_ID });
}

static void offer_map_name(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_MAP, BY_NAME });
}

static void offer_link_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_LINK, BY_ID });
}

static void offer_btf_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_BTF, BY_ID });
}

static void offer_map_type(struct bt *t, struct bu_buf *out, const char *last)
{
	unsigned i;

	(void)t;
	for (i = 0; i < bu_nmap_types; i++)
		if (bu_map_types[i].num)
			offer(out, last, bu_map_types[i].name, "");
}

static void offer_map_flags(struct bt *t, struct bu_buf *out, const char *last)
{
	const char *comma = strrchr(last, ','), *begin;
	const struct bt_map_flag *f;

	/* what stands before the last comma stays */
	begin = comma ? bu_arena_strndup(&t->arena, last, (size_t)(comma - last) + 1) : "";
	for (f = bt_map_flags; f->name && begin; f++) {
		const char *word = bu_arena_printf(&t->arena, "%s%s", begin, f->name);

		if (word)
			offer(out, last, word, "");
	}
}

/* Sections name types more precisely than the types' own names do. */
static void offer_prog_type(struct bt *t, struct bu_buf *out, const char *last)
{
	unsigned i;

	(void)t;
	for (i = 0; i < bu_nsecdefs; i++)
		offer(out, last, bu_secdefs[i].prefix, "");
}

struct names {
	struct bu_buf *out;
	const char *last;
};

static bool offer_name(void *ctx, const char *name)
{
	struct names *n = ctx;

	offer(n->out, n->last, name, "");
	return true;
}

static void offer_names(struct bt *t, struct bu_buf *out, const char *last, enum bu_names what)
{
	struct names n = { out, last };

	if (bt_open_backend(t) && t->sys->ops->names)
		t->sys->ops->names(t->sys, what, NULL, offer_name, &n);
}

static void offer_device(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_names(t, out, last, BU_NAMES_DEVICES);
}

static void offer_cgroup(struct bt *t, struct bu_buf *out, const char *last)
{
	if (*last == '/' || *last == '.')
		bu_buf_str(out, "\001dir\n");
	else
		offer_names(t, out, last, BU_NAMES_CGROUPS);
}

static void offer_cgroup_type(struct bt *t, struct bu_buf *out, const char *last)
{
	const char *w;

	(void)t;
	for (unsigned i = 0; (w = bt_cgroup_word(i)); i++)
		offer(out, last, w, "");
}

static void offer_object(struct bt *t, struct bu_buf *out, const char *last)
{
	const char **w = bt_words_at(t, bt_all_rows(), 0);

	for (; w && *w; w++)
		offer(out, last, *w, "");
}

static void offer_file(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t, (void)last;
	bu_buf_str(out, "\001file\n");
}

static void offer_dir(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t, (void)last;
	bu_buf_str(out, "\001dir\n");
}

static void offer_nothing(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t, (void)out, (void)last;
}

static const struct {
	const char *name;
	offer_fn *fn;
} sources[] = {
#define PHRASE(name, grammar, help)
#define WORD(name, source) { #name, offer_##source },
#include "word.def"
#undef PHRASE
#undef WORD
};

/* ---------------------------------------------------------------- grammar to automaton */

#define MAX_STATES 250
#define MAX_DEPTH 16

struct state {
	enum { SPLIT, KEYWORD, ANY } kind;
	const char *kw;      /* KEYWORD; ends at a blank or a sign */
	size_t n;
	offer_fn *fn;        /* ANY */
	int to, or;          /* -1: none; SPLIT goes to both */
};

struct nfa {
	struct state s[MAX_STATES];
	int n;
	bool bad;            /* no grammar, or too long a one */
	const char *p;       /* what is being read */
};

/* A piece with one way in and one way out (a SPLIT whose to is still open). */
struct piece {
	int in, out;
};

static int add(struct nfa *a, struct state s)
{
	if (a->n == MAX_STATES) {
		a->bad = true;
		return MAX_STATES - 1;
	}
	a->s[a->n] = s;
	return a->n++;
}

static int split(struct nfa *a, int to, int or)
{
	return add(a, (struct state){ .kind = SPLIT, .to = to, .or = or });
}

static struct piece choice(struct nfa *a, int depth);

static void blanks(struct nfa *a)
{
	a->p += strspn(a->p, " ");
}

static struct piece phrase(struct nfa *a, const char *grammar, int depth)
{
	const char *p = a->p;
	struct piece r;

	a->p = grammar;
	r = choice(a, depth + 1);
	a->bad |= *a->p != 0;
	a->p = p;
	return r;
}

static struct piece one_word(struct nfa *a, int depth)
{
	size_t n = strcspn(a->p, " []{}|"), i;
	struct state s = { .kind = KEYWORD, .kw = a->p, .n = n, .to = split(a, -1, -1), .or = -1 };
	const struct bt_phrase *f;

	a->p += n;
	a->bad |= !n;
	if (n && *s.kw >= 'A' && *s.kw <= 'Z') {
		for (f = bt_phrases; f->name; f++)
			if (strlen(f->name) == n && !strncmp(f->name, s.kw, n))
				return phrase(a, f->grammar, depth);
		s.kind = ANY;
		for (i = 0; i < BU_ARRAY_SIZE(sources); i++)
			if (strlen(sources[i].name) == n && !strncmp(sources[i].name, s.kw, n))
				s.fn = sources[i].fn;
		a->bad |= !s.fn;
	}
	return (struct piece){ add(a, s), s.to };
}

/* One [ … ], { … } or word, and the ... behind it. *optional: it was [ … ]. */
static struct piece item(struct nfa *a, int depth, bool *optional)
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

static struct piece sequence(struct nfa *a, int depth)
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

static struct piece choice(struct nfa *a, int depth)
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

static void reach(const struct nfa *a, bool *set, int i)
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
static void step(const struct nfa *a, bool *set, const char *word)
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

static void complete_args(struct bt *t, struct bu_buf *out, const char *grammar, int n, char **words,
			  const char *last)
{
	struct nfa *a = bu_arena_alloc(&t->arena, sizeof(*a));
	bool set[MAX_STATES] = { false }, said;
	struct piece all;
	int i, k;

	if (!a)
		return;
	a->p = grammar;
	all = choice(a, 0);
	if (a->bad || *a->p)
		return;
	reach(a, set, all.in);
	for (i = 0; i < n; i++)
		step(a, set, words[i]);
	for (i = 0; i < a->n; i++) {
		const struct state *s = &a->s[i];

		if (!set[i] || s->kind == SPLIT)
			continue;
		for (k = 0, said = false; k < i && !said; k++)
			said = set[k] && a->s[k].kind == s->kind && a->s[k].fn == s->fn && a->s[k].n == s->n &&
			       (s->kind == ANY || !strncmp(a->s[k].kw, s->kw, s->n));
		if (said)
			continue;
		if (s->kind == ANY)
			s->fn(t, out, last);
		else if (!strncmp(s->kw, last, strlen(last)) && strlen(last) <= s->n)
			bu_buf_printf(out, "%.*s\t\n", (int)s->n, s->kw);
	}
}

/* ---------------------------------------------------------------- a line */

static struct bt *completing; /* bu_opt_complete passes no context on */

static void dynamic(struct bu_buf *out, const struct bu_opt *opt, const struct bu_cmd *cmd, int nwords,
		    char **words)
{
	const char *p;
	int i, at = 0;

	if (opt || !cmd || nwords < 2)
		return;
	/* the words of the path, wherever options stand between them */
	for (p = cmd->path, i = 0; *p && i < nwords - 1; i++) {
		size_t n = strcspn(p, " ");

		if (strlen(words[i]) != n || strncmp(words[i], p, n))
			continue;
		p += n + (p[n] == ' ');
		at = i + 1;
	}
	complete_args(completing, out, cmd->args, nwords - 1 - at, words + at, words[nwords - 1]);
}

void bt_complete(struct bt *t, struct bu_buf *out, int n, char **words)
{
	completing = t;
	bu_opt_complete(out, bt_opts, bt_cmds, n, words, dynamic);
	completing = NULL;
}
