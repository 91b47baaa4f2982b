// SPDX-License-Identifier: GPL-2.0-or-later
/* help: the table of commands in words. */
#include <string.h>

#include "tool.h"

#define HELP_COLUMNS 96

const struct bt_phrase bt_phrases[] = {
#define PHRASE(name, grammar, help) { #name, grammar, help },
#define WORD(name, source)
#include "word.def"
#undef PHRASE
#undef WORD
	{ 0 },
};

static void help_phrases(struct bt *t)
{
	const struct bt_phrase *p;
	const char *s;
	size_t n;

	for (p = bt_phrases; p->name; p++) {
		bu_out_text(&t->out, "  %-6s ", p->name);
		for (s = p->help; (n = strcspn(s, "\n")), s[n]; s += n + 1)
			bu_out_text(&t->out, "%.*s\n%*s", (int)n, s, 9, "");
		bu_out_text(&t->out, "%s\n", s);
	}
}

/* Bytes of s that stand on one line of so many columns: whole words, and brackets together where they fit. */
static size_t line_of(const char *s, size_t columns)
{
	size_t i, whole = 0, word = 0;
	int depth = 0;

	for (i = 0; s[i] && i < columns; i++) {
		depth += (s[i] == '[' || s[i] == '{') - (s[i] == ']' || s[i] == '}');
		if (s[i] == ' ') {
			word = i;
			whole = depth ? whole : i;
		}
	}
	return !s[i] ? i : whole ? whole : word ? word : i;
}

static void help_command(struct bt *t, const struct bu_cmd *c)
{
	size_t at = strlen(c->path) + 3, n = line_of(c->args, HELP_COLUMNS - at);
	const char *s = c->args + n;

	bu_out_text(&t->out, "  %s %.*s", c->path, (int)n, c->args);
	for (at += n; *s == ' '; s += n) {
		s++;
		n = line_of(s, HELP_COLUMNS - 6);
		bu_out_text(&t->out, "\n      %.*s", (int)n, s);
		at = HELP_COLUMNS;
	}
	bu_out_text(&t->out, at < 40 ? "%*s%s\n" : "\n%*s%s\n", at < 40 ? 42 - (int)at : 42, "", c->summary);
}

static void help_rows(struct bt *t, struct bt_rows r)
{
	const struct bu_cmd *c;

	if (t->json) {
		bu_out_arr(&t->out, t->key);
		for (c = r.first; c < r.last; c++) {
			bu_out_obj(&t->out, NULL);
			bu_out_str(&t->out, "command", c->path, SIZE_MAX, NULL);
			bu_out_str(&t->out, "args", c->args, SIZE_MAX, NULL);
			bu_out_str(&t->out, "summary", c->summary, SIZE_MAX, NULL);
			bu_out_obj_end(&t->out);
		}
		bu_out_arr_end(&t->out);
		return;
	}
	bu_out_text(&t->out, "Usage: %s [OPTIONS] OBJECT COMMAND ...\n"
		    "       %s                          a shell; or commands from standard input\n\n",
		    t->prog, t->prog);
	for (c = r.first; c < r.last; c++)
		help_command(t, c);
	bu_out_text(&t->out, "\n");
	help_phrases(t);
	bu_out_text(&t->out, "\nWords may be cut; the first command that fits is meant. Options:\n");
	bu_opt_help(&t->out.buf, bt_opts);
}

int bt_help(struct bt *t)
{
	struct bt_rows r = bt_all_rows();
	const char *word = bt_peek(t);

	if (word) {
		t->i++;
		if (!bt_narrow(&r, 0, word))
			return bt_usage(t, word, bt_words_at(t, r, 0), "'%s' is no command",
					bt_escz(t, word));
	}
	bt_begin(t);
	help_rows(t, r);
	return 0;
}

