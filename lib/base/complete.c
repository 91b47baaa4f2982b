/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* complete: candidates for the last word of a command line, from the same tables. */
#include "base/base.h"

#include <string.h>

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static void candidate(struct bu_buf *out, const char *word, const char *what)
{
	bu_buf_str(out, word);
	bu_buf_char(out, '\t');
	bu_buf_str(out, what ? what : "");
	bu_buf_char(out, '\n');
}

static void complete_list(struct bu_buf *out, const char *list, const char *lead, const char *part)
{
	while (*list) {
		size_t n = strcspn(list, "|");

		if (strncmp(list, part, strlen(part)) == 0)
			bu_buf_printf(out, "%s%.*s\t\n", lead, (int)n, list);
		list += n + (list[n] == '|');
	}
}

static void complete_kind(struct bu_buf *out, enum bu_word kind)
{
	if (kind == BU_WORD_FILE)
		bu_buf_str(out, "\001file\n");
	else if (kind == BU_WORD_DIR)
		bu_buf_str(out, "\001dir\n");
}

static const struct bu_opt *option_of(const struct bu_opt *opts, const char *word)
{
	for (; opts->id; opts++) {
		if (opts->name && opts->name[0] == '-' && strcmp(opts->name, word) == 0)
			return opts;
		if (opts->name && begins(word, "--") && strcmp(word + 2, opts->name) == 0)
			return opts;
		if (opts->letter && word[0] == '-' && word[1] == opts->letter && !word[2])
			return opts;
	}
	return NULL;
}

static void complete_options(struct bu_buf *out, const struct bu_opt *opts, const char *last)
{
	const char *eq = strchr(last, '=');

	for (const struct bu_opt *o = opts; o->id; o++) {
		bool single = o->name && o->name[0] == '-';
		char word[80];
		size_t n;

		if (!o->summary)
			continue;
		if (!o->name) {
			word[0] = '-', word[1] = o->letter, word[2] = 0;
		} else {
			word[0] = 0;
			strncat(word, single ? "" : "--", 3);
			strncat(word, o->name, sizeof(word) - 4);
		}
		n = strlen(word);
		if (eq && o->arg && n == (size_t)(eq - last) && strncmp(word, last, n) == 0) {
			char lead[84];

			strcpy(lead, word);
			strcat(lead, "=");
			if (o->word == BU_WORD_LIST)
				complete_list(out, o->list, lead, eq + 1);
			else
				complete_kind(out, o->word);
		} else if (!eq && begins(word, last)) {
			candidate(out, word, o->summary);
		}
	}
}

/* The next word of each command whose words so far are nops; true when some command is complete. */
static const struct bu_cmd *complete_commands(struct bu_buf *out, const struct bu_cmd *cmds,
					      char **ops, int nops, const char *last)
{
	const struct bu_cmd *whole = NULL;
	const char *prev = "";
	size_t prev_n = 0;

	for (; cmds->path; cmds++) {
		const char *p = cmds->path;
		int i = 0;
		size_t n;

		for (; i < nops && *p; i++) {
			n = strcspn(p, " ");
			if (strlen(ops[i]) != n || strncmp(ops[i], p, n) != 0)
				break;
			p += n + (p[n] == ' ');
		}
		if (!*p && i && (i <= nops)) {
			whole = cmds;
			continue;
		}
		if (i < nops)
			continue;
		n = strcspn(p, " ");
		if (strncmp(p, last, strlen(last)) != 0 || (n == prev_n && !strncmp(p, prev, n)))
			continue;
		bu_buf_printf(out, "%.*s\t%s\n", (int)n, p, p[n] ? "" : cmds->summary);
		prev = p;
		prev_n = n;
	}
	return whole;
}

void bu_opt_complete(struct bu_buf *out, const struct bu_opt *opts, const struct bu_cmd *cmds,
		     int nwords, char **words,
		     void (*dynamic)(struct bu_buf *out, const struct bu_opt *opt,
				     const struct bu_cmd *cmd, int nwords, char **words))
{
	const char *last = nwords ? words[nwords - 1] : "";
	const struct bu_opt *before = NULL;
	const struct bu_cmd *whole = NULL;
	char *ops[16];
	int nops = 0;

	for (int i = 0; i + 1 < nwords; i++) {
		const struct bu_opt *o = words[i][0] == '-' ? option_of(opts, words[i]) : NULL;

		before = NULL;
		if (o && o->arg && o->arg[0] != '[' && !(o->name && o->name[0] == '-')) {
			if (i + 2 == nwords)
				before = o;
			i++; /* its argument */
		} else if (words[i][0] != '-' && nops < (int)BU_ARRAY_SIZE(ops)) {
			ops[nops++] = words[i];
		}
	}
	if (before) {
		if (before->word == BU_WORD_LIST)
			complete_list(out, before->list, "", last);
		else if (before->word == BU_WORD_DYNAMIC && dynamic)
			dynamic(out, before, NULL, nwords, words);
		else
			complete_kind(out, before->word);
		return;
	}
	if (last[0] == '-') {
		complete_options(out, opts, last);
		return;
	}
	if (cmds)
		whole = complete_commands(out, cmds, ops, nops, last);
	else
		complete_kind(out, BU_WORD_FILE);
	if (whole && whole->word == BU_WORD_DYNAMIC && dynamic)
		dynamic(out, NULL, whole, nwords, words);
	else if (whole)
		complete_kind(out, whole->word);
}
