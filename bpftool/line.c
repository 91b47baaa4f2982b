// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines instead of arguments: splitting one, running it with its output where it says, and streams of lines
 * (batch files, standard input, source).
 *
 *   COMMAND | SHELL COMMAND     COMMAND > FILE     COMMAND >> FILE     !SHELL COMMAND     # comment
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static const char *blanks(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p))
		p++;
	return p;
}

/* Behind an unquoted > or >>: one word. NULL, or what is wrong. */
static const char *target(struct bu_arena *a, struct bt_line *l, const char **p, const char *end)
{
	char *w;

	l->append = *p + 1 < end && (*p)[1] == '>';
	*p = blanks(*p + 1 + l->append, end);
	w = bu_arena_alloc(a, (size_t)(end - *p) + 1);
	if (!w)
		return "out of memory";
	if (!word(p, end, w))
		return "a quote is not closed";
	l->file = w;
	return *w ? NULL : "a file is missing behind '>'";
}

static const char *command_of(struct bu_arena *a, const char *p, const char *end)
{
	while (end > p && strchr(" \t\r\n", end[-1]))
		end--;
	p = blanks(p, end);
	return bu_arena_strndup(a, p, (size_t)(end - p));
}

const char *bt_split(struct bu_arena *a, const char *line, size_t len, struct bt_line *l)
{
	const char *p = line, *end = line + len, *why = NULL;
	size_t cap = 0, used = 0;
	char *w;

	*l = (struct bt_line){ 0 };
	if (memchr(line, 0, len))
		return "there is a NUL byte in it";
	p = blanks(p, end);
	if (p < end && *p == '!') {
		l->shell = command_of(a, p + 1, end);
		p = end;
	}
	for (;;) {
		p = blanks(p, end);
		l->w = bu_arena_grow(a, l->w, used, &cap, sizeof(*l->w));
		if (!l->w)
			return "out of memory";
		if (p == end || *p == '#')
			break;
		if (*p == '|') {
			l->pipe = command_of(a, p + 1, end);
			if (l->pipe && !*l->pipe)
				return "a command is missing behind '|'";
			break;
		}
		if (*p == '>') {
			if (l->file)
				return "there are two files for the output";
			why = target(a, l, &p, end);
			if (why)
				return why;
			continue;
		}
		if (l->file)
			return "the file for the output is not the last word";
		w = bu_arena_alloc(a, (size_t)(end - p) + 1);
		if (!w)
			return "out of memory";
		if (!word(&p, end, w))
			return "a quote is not closed";
		l->w[used++] = w;
	}
	l->w[used] = NULL;
	l->n = (int)used;
	if (l->file && l->pipe)
		return "the output goes to a file or to a command, not to both";
	return !used && (l->file || l->pipe) ? "a command is missing in front" : NULL;
}

/* ---------------------------------------------------------------- running it */

/* The status of a child as a shell tells it. */
static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return BU_EXIT_FAIL;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* sh -c TEXT with in as its standard input (-1: ours). Its process id, or -errno. */
static pid_t start(const char *text, int in)
{
	pid_t pid = fork();

	if (pid)
		return pid < 0 ? -errno : pid;
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	if (in >= 0)
		dup2(in, STDIN_FILENO);
	execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	_exit(127);
}

static int say(struct bt *t, const char *what, int err)
{
	fprintf(stderr, "%s: error: cannot %s: %s [U0002]\n", t->prog, what, bt_strerror(err));
	return BU_EXIT_IO;
}

/* Text with a name in place of %s, as it may go to a terminal; no command is running whose arena could hold it. */
static void say_name(struct bt *t, const char *before, const char *name, const char *after)
{
	struct bt quiet = { .prog = t->prog };

	bu_arena_init(&quiet.arena);
	fprintf(stderr, "%s: error: %s%s%s\n", t->prog, before, bt_escz(&quiet, name), after);
	bu_arena_free(&quiet.arena);
}

static int run_shell(struct bt *t, const char *text)
{
	pid_t pid;

	bu_out_flush(&t->out);
	pid = start(*text ? text : "exec ${SHELL:-/bin/sh}", -1);
	return pid < 0 ? say(t, "start a shell", (int)pid) : wait_for(pid);
}

/* Runs a command as a document of its own on fd, which is standard output meanwhile. */
static int run_on(struct bt *t, int fd, const struct bt_line *l, int *err)
{
	struct bu_out was = t->out;
	const char *key = t->key;
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3), st;

	if (saved < 0)
		return say(t, "keep standard output", -errno);
	dup2(fd, STDOUT_FILENO);
	bu_out_init(&t->out, was.write, was.ctx);
	t->out.json = was.json;
	t->out.pretty = was.pretty;
	t->out.exact = was.exact;
	t->key = NULL;
	st = bt_run(t, l->n, l->w);
	*err = bu_out_finish(&t->out);
	t->key = key;
	t->out = was;
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return st;
}

static int run_into(struct bt *t, const struct bt_line *l)
{
	int fd = open(l->file, O_WRONLY | O_CREAT | O_CLOEXEC | (l->append ? O_APPEND : O_TRUNC), 0666), st, err = 0;

	if (fd < 0) {
		char after[128];

		snprintf(after, sizeof(after), "': %s [U0002]", strerror(errno));
		say_name(t, "cannot write '", l->file, after);
		return BU_EXIT_IO;
	}
	st = run_on(t, fd, l, &err);
	if (close(fd) && !err)
		err = -errno;
	return err ? say(t, "write the output", err) : st;
}

static int run_piped(struct bt *t, const struct bt_line *l)
{
	void (*was)(int);
	int p[2], st, err = 0, theirs;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC))
		return say(t, "make a pipe", -errno);
	pid = start(l->pipe, p[0]);
	close(p[0]);
	if (pid < 0) {
		close(p[1]);
		return say(t, "start a shell", (int)pid);
	}
	was = signal(SIGPIPE, SIG_IGN);
	st = run_on(t, p[1], l, &err);
	close(p[1]);
	signal(SIGPIPE, was);
	theirs = wait_for(pid);
	/* who reads only the beginning is content */
	return err && err != -EPIPE ? say(t, "write the output", err) : st ? st : theirs;
}

/* In a batch with JSON each command is {"command":[…],"output":…}; output is null when it goes elsewhere. */
static int run_in_batch(struct bt *t, const struct bt_line *l)
{
	bool elsewhere = l->shell || l->file || l->pipe;
	int i, st;

	bu_out_obj(&t->out, NULL);
	bu_out_arr(&t->out, "command");
	for (i = 0; i < l->n; i++)
		bu_out_str(&t->out, NULL, l->w[i], SIZE_MAX, NULL);
	if (l->shell)
		bu_out_str(&t->out, NULL, l->shell, SIZE_MAX, NULL);
	bu_out_arr_end(&t->out);
	if (elsewhere) {
		st = l->shell ? run_shell(t, l->shell) : l->file ? run_into(t, l) : run_piped(t, l);
		bu_out_null(&t->out, "output");
	} else {
		t->key = "output";
		st = bt_run(t, l->n, l->w);
		t->key = NULL;
	}
	bu_out_obj_end(&t->out);
	return st;
}

/* As a document of its own. */
static int run_alone(struct bt *t, const struct bt_line *l)
{
	int st;

	if (l->shell)
		return run_shell(t, l->shell);
	if (l->file)
		return run_into(t, l);
	if (l->pipe) {
		bu_out_flush(&t->out);
		return run_piped(t, l);
	}
	st = bt_run(t, l->n, l->w);
	if (t->json && t->out.buf.n)
		bu_buf_char(&t->out.buf, '\n');
	bu_out_flush(&t->out);
	t->out.first[0] = 1;
	return st;
}

int bt_run_line(struct bt *t, const char *line, size_t len, unsigned *count)
{
	struct bu_arena a;
	struct bt_line l;
	const char *why;
	int st = 0;

	bu_arena_init(&a);
	why = bt_split(&a, line, len, &l);
	if (why) {
		if (t->shell) {
			fprintf(stderr, "%s: error: %s [U0001]\n", t->prog, why);
		} else {
			bu_out_obj(&t->out, NULL);
			bu_out_arr(&t->out, "command");
			bu_out_arr_end(&t->out);
			bu_out_obj(&t->out, "output");
			bu_out_str(&t->out, "error", why, SIZE_MAX, NULL);
			bu_out_obj_end(&t->out);
			bu_out_obj_end(&t->out);
			if (!t->json) {
				const char *before = bu_arena_printf(&a, "line %u of ", t->line);
				const char *after = bu_arena_printf(&a, ": %s [U0001]", why);

				say_name(t, before ? before : "", t->file, after ? after : "");
			}
		}
		st = BU_EXIT_USAGE;
		*count += 1;
	} else if (l.n || l.shell) {
		st = t->shell ? run_alone(t, &l) : run_in_batch(t, &l);
		*count += 1;
	}
	bu_arena_free(&a);
	return st;
}

/* ---------------------------------------------------------------- streams of lines */

static char *read_line(struct bt *t, const char *prompt)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, t->stream);

	(void)prompt;
	if (n < 0) {
		free(line);
		return NULL;
	}
	t->line++;
	t->line_n = (size_t)n;
	return line;
}

/* *err: -errno when the stream could not be read to its end. */
static int run_stream(struct bt *t, FILE *f, const char *name, unsigned *count, int *err)
{
	char *line;
	int st = 0;

	*err = 0;
	t->file = name;
	t->stream = f;
	t->read_line = read_line;
	t->line = 0;
	if (!t->shell)
		bu_out_arr(&t->out, NULL);
	while (!st && !t->quit && (line = read_line(t, NULL))) {
		st = bt_run_line(t, line, t->line_n, count);
		bu_out_flush(&t->out);
		free(line);
	}
	if (!st && !t->quit && ferror(f))
		*err = errno ? -errno : -EIO;
	if (!t->shell)
		bu_out_arr_end(&t->out);
	t->file = NULL;
	return st;
}

int bt_batch(struct bt *t)
{
	unsigned count = 0;
	int err, st = run_stream(t, stdin, "standard input", &count, &err);

	return err ? say(t, "read standard input", err) : st;
}

/* The commands of the file are commands of their own: in a copy of t, which shares output and backend. */
static int run_file(struct bt *t, const char *path, bool shell)
{
	bool std = !strcmp(path, "-");
	struct bt inner = *t;
	unsigned count = 0;
	FILE *f;
	int st, err;

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
	inner.shell = shell;
	st = run_stream(&inner, f, std ? "standard input" : path, &count, &err);
	t->out = inner.out;
	t->sys = inner.sys;
	t->fdinfo_dir = inner.fdinfo_dir;
	if (!std)
		fclose(f);
	else
		clearerr(stdin); /* on a terminal there is more behind Ctrl-D */
	if (err) {
		bt_error(t, "U0002", "cannot read '%s': %s", bt_escz(t, path), bt_strerror(err));
		st = BU_EXIT_IO;
	}
	if (!shell) {
		bu_out_text(&t->out, "processed %u commands\n", count);
		return st;
	}
	t->json = inner.json;
	t->pretty = inner.pretty;
	t->pins = inner.pins;
	t->values = inner.values;
	t->color = inner.color;
	t->backend = inner.backend;
	t->quit = inner.quit;
	return st;
}

int bt_batch_file(struct bt *t, const char *path)
{
	return run_file(t, path, false);
}

int bt_source(struct bt *t)
{
	const char *path = bt_next(t);
	int st;

	if (!path)
		return bt_usage(t, NULL, NULL, "'source' wants a file of commands");
	st = bt_end(t);
	return st ? st : run_file(t, path, t->shell);
}
