// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines instead of arguments: batch files, and the interactive shell. */
#include <config.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if HAVE_READLINE
#include <readline/history.h>
#include <readline/readline.h>
#endif

#include "tool.h"

/* ---------------------------------------------------------------- splitting a line */

/* One word from *p into out (room for all of the line); false: an open quote. */
static bool word(const char **p, const char *end, char *out)
{
	const char *s = *p;
	char quote = 0;

	for (; s < end; s++) {
		if (quote) {
			if (*s == quote)
				quote = 0;
			else if (quote == '"' && *s == '\\' && s + 1 < end)
				*out++ = *++s;
			else
				*out++ = *s;
		} else if (*s == '\'' || *s == '"') {
			quote = *s;
		} else if (*s == '\\' && s + 1 < end) {
			*out++ = *++s;
		} else if (strchr(" \t\r\n", *s)) {
			break;
		} else {
			*out++ = *s;
		}
	}
	*out = 0;
	*p = s;
	return !quote;
}

char **bt_split(struct bu_arena *a, const char *line, size_t len, int *n, const char **why)
{
	const char *p = line, *end = line + len;
	char **words = NULL;
	size_t cap = 0, used = 0;
	char *w;

	*why = "out of memory";
	for (;;) {
		while (p < end && strchr(" \t\r\n", *p))
			p++;
		words = bu_arena_grow(a, words, used, &cap, sizeof(*words));
		if (!words)
			return NULL;
		if (p == end || *p == '#' || !*p)
			break;
		w = bu_arena_alloc(a, (size_t)(end - p) + 1);
		if (!w)
			return NULL;
		if (!word(&p, end, w)) {
			*why = "a quote is not closed";
			return NULL;
		}
		words[used++] = w;
	}
	words[used] = NULL;
	*n = (int)used;
	return words;
}

/* ---------------------------------------------------------------- running a line */

/* In a batch with JSON each command is {"command":[…],"output":…}. */
static int run_line(struct bt *t, const char *line, size_t len, unsigned *count)
{
	struct bu_arena a;
	const char *why;
	char **words;
	int n, i, st = 0;

	bu_arena_init(&a);
	words = bt_split(&a, line, len, &n, &why);
	if (!words || n) {
		bu_out_obj(&t->out, NULL);
		bu_out_arr(&t->out, "command");
		for (i = 0; words && i < n; i++)
			bu_out_str(&t->out, NULL, words[i], SIZE_MAX, NULL);
		bu_out_arr_end(&t->out);
		t->key = "output";
		if (words) {
			st = bt_run(t, n, words);
		} else {
			bu_out_obj(&t->out, t->key);
			bu_out_str(&t->out, "error", why, SIZE_MAX, NULL);
			bu_out_obj_end(&t->out);
			if (!t->json)
				fprintf(stderr, "%s: error: line %u of %s: %s [U0001]\n", t->prog, t->line,
					t->file, why);
			st = BU_EXIT_USAGE;
		}
		t->key = NULL;
		bu_out_obj_end(&t->out);
		*count += 1;
	}
	bu_arena_free(&a);
	return st;
}

static int run_stream(struct bt *t, FILE *f, const char *name, unsigned *count)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int st = 0;

	bu_out_arr(&t->out, NULL);
	t->file = name;
	for (t->line = 1; !st && !t->quit && (n = getline(&line, &cap, f)) >= 0; t->line++) {
		st = run_line(t, line, (size_t)n, count);
		bu_out_flush(&t->out);
	}
	t->file = NULL;
	bu_out_arr_end(&t->out);
	free(line);
	return st;
}

int bt_batch(struct bt *t)
{
	unsigned count = 0;

	return run_stream(t, stdin, "standard input", &count);
}

int bt_batch_file(struct bt *t, const char *path)
{
	bool std = !strcmp(path, "-");
	/* the commands of the file are commands of their own */
	struct bt inner = *t;
	unsigned count = 0;
	FILE *f;
	int st;

	if (t->file)
		return bt_error(t, "U0001", "a batch file cannot run another one");
	f = std ? stdin : fopen(path, "re");
	if (!f) {
		bt_error(t, "U0002", "cannot read '%s': %s", bt_escz(t, path), strerror(errno));
		return BU_EXIT_IO;
	}
	bt_begin(t);
	inner.btfs = NULL;
	inner.ksyms = NULL;
	st = run_stream(&inner, f, std ? "standard input" : path, &count);
	t->out = inner.out;
	t->sys = inner.sys;
	if (!std)
		fclose(f);
	bu_out_text(&t->out, "processed %u commands\n", count);
	return st;
}

/* ---------------------------------------------------------------- the interactive shell */

#if HAVE_READLINE
static struct bt *shell_of; /* readline's callbacks have no context */
static char **found;        /* candidates for the word */
static size_t nfound;

static char *next_candidate(const char *text, int state)
{
	static size_t at;

	(void)text;
	if (!state)
		at = 0;
	return at < nfound ? strdup(found[at++]) : NULL;
}

static char **attempt(const char *text, int start, int end)
{
	struct bu_buf b = { 0 };
	struct bu_arena a;
	const char *why, *p, *nl;
	char **words, **all, **res = NULL;
	bool files = false;
	size_t cap = 0;
	int n;

	(void)end;
	rl_attempted_completion_over = 1;
	found = NULL;
	nfound = 0;
	bu_arena_init(&a);
	bu_arena_init(&shell_of->arena);
	bu_diags_init(&shell_of->ds);
	words = bt_split(&a, rl_line_buffer, (size_t)start, &n, &why);
	all = words ? bu_arena_array(&a, (size_t)n + 1, sizeof(*all)) : NULL;
	if (!all)
		goto out;
	memcpy(all, words, (size_t)n * sizeof(*all));
	all[n] = bu_arena_strdup(&a, text);
	bt_complete(shell_of, &b, n + 1, all);
	for (p = bu_buf_cstr(&b); (nl = strchr(p, '\n')); p = nl + 1) {
		size_t len = strcspn(p, "\t\n");

		if (*p == 1) {
			files = true;
			continue;
		}
		found = bu_arena_grow(&a, found, nfound, &cap, sizeof(*found));
		if (!found)
			goto out;
		found[nfound++] = bu_arena_strndup(&a, p, len);
	}
	if (files && !nfound)
		rl_attempted_completion_over = 0; /* readline knows file names itself */
	else
		res = rl_completion_matches(text, next_candidate);
out:
	bt_btfs_free(shell_of);
	bu_diags_free(&shell_of->ds);
	bu_arena_free(&shell_of->arena);
	bu_buf_free(&b);
	bu_arena_free(&a);
	return res;
}

/* Makes each directory of a path; what fails shows when the file is written. */
static void make_dirs(char *path)
{
	char *p;

	for (p = path + 1; (p = strchr(p, '/')); p++) {
		*p = 0;
		mkdir(path, 0700);
		*p = '/';
	}
}

/* $XDG_STATE_HOME/bpftool/history or ~/.local/state/bpftool/history; NULL: nowhere. Heap. */
static char *history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (state && *state == '/') {
		if (asprintf(&path, "%s/bpftool/history", state) < 0)
			return NULL;
	} else if (home && *home == '/') {
		if (asprintf(&path, "%s/.local/state/bpftool/history", home) < 0)
			return NULL;
	}
	return path;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* Ctrl-C drops the line, not the shell. */
static int drop_line(void)
{
	if (interrupted) {
		interrupted = 0;
		rl_crlf();
		rl_replace_line("", 0);
		rl_on_new_line();
		rl_redisplay();
	}
	return 0;
}

static char *ask(const char *prompt)
{
	struct sigaction ours = { .sa_handler = on_interrupt }, old;
	char *line;

	sigaction(SIGINT, &ours, &old);
	line = readline(prompt);
	sigaction(SIGINT, &old, NULL);
	if (line && *line)
		add_history(line);
	return line;
}

static char *shell_begin(struct bt *t)
{
	char *path = history_path();

	shell_of = t;
	rl_readline_name = "bpftool";
	rl_signal_event_hook = drop_line;
	rl_attempted_completion_function = attempt;
	stifle_history(1000);
	if (path)
		read_history(path);
	return path;
}

static void shell_end(char *path)
{
	if (path) {
		mode_t old = umask(0077);

		make_dirs(path);
		write_history(path);
		umask(old);
	}
	free(path);
}
#else
static char *ask(const char *prompt)
{
	char *line = NULL;
	size_t cap = 0;

	fputs(prompt, stdout);
	fflush(stdout);
	if (getline(&line, &cap, stdin) < 0) {
		free(line);
		return NULL;
	}
	return line;
}

static char *shell_begin(struct bt *t)
{
	(void)t;
	return NULL;
}

static void shell_end(char *path)
{
	(void)path;
}
#endif

int bt_shell(struct bt *t)
{
	char *path = shell_begin(t), *line;
	struct bu_arena a;
	const char *why;
	char **words;
	int n;

	while (!t->quit && (line = ask("bpftool> "))) {
		bu_arena_init(&a);
		words = bt_split(&a, line, strlen(line), &n, &why);
		if (!words)
			fprintf(stderr, "%s: error: %s [U0001]\n", t->prog, why);
		else if (n) {
			bt_run(t, n, words);
			if (t->json) {
				/* each answer is a document of its own */
				bu_buf_char(&t->out.buf, '\n');
				bu_out_flush(&t->out);
				t->out.first[0] = 1;
			}
			bu_out_flush(&t->out);
		}
		bu_arena_free(&a);
		free(line);
	}
	if (!t->quit && isatty(STDOUT_FILENO))
		fputc('\n', stdout);
	shell_end(path);
	/* a person has seen each error; leaving is no failure */
	return 0;
}
