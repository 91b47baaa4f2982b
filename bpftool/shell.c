// SPDX-License-Identifier: GPL-2.0-or-later
/* The interactive shell: lines by readline, completed, kept in a history; Ctrl-C drops a line or stops a command. */
#include <config.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

#define HISTORY_LINES 1000

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

/* ---------------------------------------------------------------- reading a line */

#if HAVE_READLINE
static struct bt *shell_of; /* readline's callbacks have no context */
static bool in_block;       /* the lines are the assembler's */
static bool dropped;        /* the block is to end: Ctrl-C */
static int asked;           /* lines that are new in the history */
static int keys = -1;       /* the terminal once more, O_NONBLOCK for nobody else; -1: it cannot be opened */
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
	const char *p, *nl;
	char **all, **res = NULL;
	struct bt_line l;
	bool files = false;
	size_t cap = 0;

	(void)end;
	rl_attempted_completion_over = 1;
	found = NULL;
	nfound = 0;
	bu_arena_init(&a);
	/* within a block the command that reads it is running, with an arena and messages of its own */
	if (!in_block) {
		bu_arena_init(&shell_of->arena);
		bu_diags_init(&shell_of->ds);
	}
	if (in_block) {
		bt_complete_asm(&b, text);
	} else {
		const char *why = bt_split(&a, rl_line_buffer, (size_t)start, &l);

		all = l.w ? bu_arena_array(&a, (size_t)l.n + 1, sizeof(*all)) : NULL;
		if (!all)
			goto out;
		if (why || l.file || l.pipe || l.shell) { /* those are the words of another program */
			bu_buf_str(&b, "\001file\n");
		} else {
			memcpy(all, l.w, (size_t)l.n * sizeof(*all));
			all[l.n] = bu_arena_strdup(&a, text);
			bt_complete(shell_of, &b, l.n + 1, all);
		}
	}
	rl_filename_completion_desired = 0;
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
	if (!in_block) {
		bt_btfs_free(shell_of);
		bu_diags_free(&shell_of->ds);
		bu_arena_free(&shell_of->arena);
	}
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

/* $XDG_STATE_HOME/bpfutils/bpftool_history, or below ~/.local/state; NULL: nowhere. Heap. */
static char *history_path(void)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (state && *state == '/') {
		if (asprintf(&path, "%s/bpfutils/bpftool_history", state) < 0)
			return NULL;
	} else if (home && *home == '/') {
		if (asprintf(&path, "%s/.local/state/bpfutils/bpftool_history", home) < 0)
			return NULL;
	}
	return path;
}

/* Ctrl-C drops the line, not the shell; within a block the block. Is the line to end? */
static bool drop_line(void)
{
	if (!interrupted)
		return false;
	interrupted = 0;
	rl_replace_line("", 0);
	if (in_block) {
		dropped = true;
		return true;
	}
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
	return false;
}

/*
 * Waits for a key, or for Ctrl-C, which readline's own way of reading would not let end the line. SIGINT is
 * blocked but for here, so that none comes unseen while readline does something else.
 */
static int next_key(FILE *f)
{
	struct pollfd p = { .fd = fileno(f), .events = POLLIN };
	sigset_t waiting, reading;
	unsigned char key;
	ssize_t n;

	sigprocmask(SIG_BLOCK, NULL, &reading);
	waiting = reading;
	sigdelset(&waiting, SIGINT);
	for (;;) {
		while (ppoll(&p, 1, NULL, &waiting) < 0 && errno == EINTR) {
			sigprocmask(SIG_SETMASK, &waiting, NULL);
			rl_check_signals(); /* gives it to our handler */
			sigprocmask(SIG_SETMASK, &reading, NULL);
			if (drop_line())
				return '\n';
		}
		if (keys < 0)
			return rl_getc(f);
		/* Ctrl-C takes away what was typed before it: there may be nothing to read any more */
		n = read(keys, &key, 1);
		if (n > 0)
			return key;
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return EOF;
	}
}

static char *ask(const char *prompt)
{
	sigset_t interrupt, old;
	char *line;

	interrupted = 0;
	dropped = false;
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &old);
	line = readline(prompt);
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (line && *line) {
		add_history(line);
		asked++;
	}
	if (dropped) {
		free(line);
		return NULL;
	}
	return line;
}

static char *shell_begin(struct bt *t)
{
	char *path = history_path();
	struct stat st;

	shell_of = t;
	rl_readline_name = "bpftool";
	rl_getc_function = next_key;
	if (isatty(STDIN_FILENO))
		keys = open("/proc/self/fd/0", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	rl_attempted_completion_function = attempt;
	stifle_history(HISTORY_LINES);
	/* reading anything else but a file could wait for ever */
	if (path && !stat(path, &st) && !S_ISREG(st.st_mode)) {
		fprintf(stderr, "%s: note: '%s' is no file: there is no history\n", t->prog, path);
		free(path);
		path = NULL;
	}
	if (path)
		read_history(path);
	asked = 0;
	return path;
}

static void shell_end(char *path)
{
	if (path) {
		mode_t old = umask(0077);

		make_dirs(path);
		/* behind what other shells wrote meanwhile */
		if (append_history(asked, path) && errno == ENOENT)
			write_history(path);
		history_truncate_file(path, HISTORY_LINES);
		umask(old);
	}
	free(path);
	if (keys >= 0)
		close(keys);
	keys = -1;
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

static char *ask_more(struct bt *t, const char *prompt)
{
	char *line;

	(void)t;
#if HAVE_READLINE
	in_block = true;
#endif
	line = ask(prompt);
#if HAVE_READLINE
	in_block = false;
#endif
	return line;
}

/* What a command writes after Ctrl-C goes nowhere, so that it ends soon. */
static int write_out(void *ctx, const void *p, size_t n)
{
	return interrupted ? -EINTR : bu_out_write_fd(ctx, p, n);
}

int bt_shell(struct bt *t)
{
	struct sigaction ours = { .sa_handler = on_interrupt }, was;
	char *path = shell_begin(t), *line;
	unsigned count = 0;

	t->shell = true;
	t->read_line = ask_more;
	t->out.write = write_out;
	sigaction(SIGINT, &ours, &was);
	while (!t->quit && (line = ask("bpftool> "))) {
		interrupted = 0;
		bt_run_line(t, line, strlen(line), &count);
		if (interrupted)
			fputc('\n', stderr);
		/* whatever could not be written, the next answer can */
		t->out.err = 0;
		bu_buf_reset(&t->out.buf);
		t->out.depth = 0;
		t->out.first[0] = 1;
		free(line);
	}
	interrupted = 0;
	sigaction(SIGINT, &was, NULL);
	if (!t->quit && isatty(STDOUT_FILENO))
		fputc('\n', stdout);
	shell_end(path);
	/* a person has seen each error; leaving is no failure */
	return 0;
}
