// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands (cmd.def): finding one and running it. */
#include <config.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

#if HAVE_READLINE
#define HAS_READLINE true
#else
#define HAS_READLINE false
#endif

const struct bu_cmd bt_cmds[] = {
#define CMD(fn, needs, path, args, summary) { 1, path, args, summary, BU_WORD_DYNAMIC },
#include "cmd.def"
#undef CMD
	{ 0 },
};

enum needs { ALONE, OBJECTS };

static const struct {
	bt_fn *fn;
	enum needs needs;
} commands[] = { /* row by row as bt_cmds */
#define CMD(name, needs, path, args, summary) { bt_##name, needs },
#include "cmd.def"
#undef CMD
};

int bt_version(struct bt *t)
{
	int st = bt_end(t);

	if (st)
		return st;
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	bu_out_str(&t->out, "version", PACKAGE_VERSION, SIZE_MAX, "%s (bpfutils) %s\n", t->prog, PACKAGE_VERSION);
	bu_out_obj(&t->out, "features");
	bu_out_bool(&t->out, "readline", HAS_READLINE, "features: %s\n",
		    HAS_READLINE ? "readline" : "none");
	bu_out_obj_end(&t->out);
	bu_out_obj_end(&t->out);
	return 0;
}

int bt_batch_words(struct bt *t)
{
	const char *path = bt_next(t);
	int st;

	if (!path)
		return bt_usage(t, NULL, NULL, "'batch file' wants a path, or - for standard input");
	st = bt_end(t);
	return st ? st : bt_batch_file(t, path);
}

int bt_quit(struct bt *t)
{
	int st = bt_end(t);

	t->quit = !st;
	return st;
}

/* ---------------------------------------------------------------- words */

static bool is_prefix(const char *word, const char *kw)
{
	size_t n = strlen(word);

	return n && !strncmp(word, kw, n);
}

bool bt_is(const struct bt *t, const char *kw)
{
	return bt_peek(t) && is_prefix(bt_peek(t), kw);
}

bool bt_kw(struct bt *t, const char *kw)
{
	bool yes = bt_is(t, kw);

	t->i += yes;
	return yes;
}

int bt_end(struct bt *t)
{
	if (!bt_peek(t))
		return 0;
	return bt_usage(t, NULL, NULL, "'%s' is not expected here", bt_escz(t, bt_peek(t)));
}

/* ---------------------------------------------------------------- finding a command */

/* Word number at of a path: its start, its length in *n; n 0 when the path is shorter. */
static const char *path_word(const char *path, int at, size_t *n)
{
	for (; at > 0 && *path; at--) {
		path += strcspn(path, " ");
		path += *path == ' ';
	}
	*n = strcspn(path, " ");
	return path;
}

const char *bt_path_word(const char *path, int at)
{
	size_t n;

	path = path_word(path, at, &n);
	return n ? path : NULL;
}

struct bt_rows bt_all_rows(void)
{
	return (struct bt_rows){ bt_cmds, bt_cmds + BU_ARRAY_SIZE(bt_cmds) - 1 };
}

bool bt_narrow(struct bt_rows *r, int at, const char *word)
{
	const struct bu_cmd *c, *hit = NULL;
	const char *p, *q;
	size_t n, m, len = strlen(word);

	for (c = r->first; c < r->last && len; c++) {
		p = path_word(c->path, at, &n);
		if (n < len || strncmp(p, word, len) || (hit && n != len))
			continue;
		hit = c;
		if (n == len)
			break;
	}
	if (!hit)
		return false;
	p = path_word(hit->path, at, &n);
	for (c = hit + 1; c < r->last; c++) {
		q = path_word(c->path, at, &m);
		if (m != n || strncmp(p, q, n))
			break;
	}
	*r = (struct bt_rows){ hit, c };
	return true;
}

/* Each different word number at of the rows, NULL at the end. In the arena. */
const char **bt_words_at(struct bt *t, struct bt_rows r, int at)
{
	size_t cap = (size_t)(r.last - r.first), n, k = 0;
	const char **list = bu_arena_array(&t->arena, cap + 2, sizeof(*list));
	const char *p, *w;

	for (; list && r.first < r.last; r.first++) {
		p = path_word(r.first->path, at, &n);
		w = bu_arena_strndup(&t->arena, p, n);
		if (n && w && (!k || strcmp(list[k - 1], w)))
			list[k++] = w;
	}
	return list;
}

static const char *join(struct bt *t, const char **list)
{
	char *s = NULL;

	for (; list && *list; list++)
		s = bu_arena_printf(&t->arena, "%s%s%s", s ? s : "", s ? ", " : "", *list);
	return s ? s : "";
}

/* Finds the row that the words name; NULL: said why. "OBJECT help" is help, "OBJECT" is its list. */
static const struct bu_cmd *find(struct bt *t)
{
	struct bt_rows r = bt_all_rows();
	const char **list;
	const char *word, *before = "command";
	size_t n;
	int at;

	for (at = 0;; at++) {
		path_word(r.first->path, at, &n);
		if (!n)
			return r.first;
		word = bt_peek(t);
		if (!word) {
			if (at == 1) /* the first row of each object is its list */
				return r.first;
			list = bt_words_at(t, r, at);
			bt_usage(t, NULL, NULL, "'%s' is not all of a command: %s", before, join(t, list));
			return NULL;
		}
		if (at == 1 && is_prefix(word, "help")) {
			t->i = 0; /* the object's word is help's */
			t->nw = 1;
			return NULL;
		}
		if (!bt_narrow(&r, at, word)) {
			list = bt_words_at(t, r, at);
			if (at == 0)
				bt_usage(t, word, list, "'%s' is no command", bt_escz(t, word));
			else
				bt_usage(t, word, list, "'%s' does not go with '%s': %s", bt_escz(t, word),
					 before, join(t, list));
			return NULL;
		}
		before = bt_words_at(t, r, at)[0];
		t->i++;
	}
}

int bt_dispatch(struct bt *t)
{
	const struct bu_cmd *c = find(t);

	if (!c)
		return t->ds.errors ? BU_EXIT_USAGE : bt_help(t);
	if (commands[c - bt_cmds].needs == OBJECTS && !bt_open_backend(t))
		return BU_EXIT_UNSUPPORTED;
	return commands[c - bt_cmds].fn(t);
}
