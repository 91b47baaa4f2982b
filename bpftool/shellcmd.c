// SPDX-License-Identifier: GPL-2.0-or-later
/* Commands about commands: watch, apropos, set, asm. */
#include <config.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load/load.h"
#include "tool.h"

/* ---------------------------------------------------------------- watch */

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* Above each round: what is run, and when. On a terminal on a cleared screen. */
static void head(struct bt *t, uint64_t every, int n, char **words)
{
	struct bu_buf b = { 0 };
	time_t now = time(NULL);
	char when[64] = "?";
	struct tm tm;

	if (t->json)
		return;
	if (localtime_r(&now, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	for (int i = 0; i < n; i++)
		bu_buf_printf(&b, "%s%s", i ? " " : "", bt_escz(t, words[i]));
	bu_out_text(&t->out, "%severy %gs: %s  %s\n\n", isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "",
		    (double)every / 1e9, bu_buf_cstr(&b), when);
	bu_buf_free(&b);
}

/* One round as a document of its own. */
static int again(struct bt *t, int n, char **words)
{
	struct bt inner = *t;
	int st;

	inner.btfs = NULL;
	inner.ksyms = NULL;
	inner.key = NULL;
	st = bt_run(&inner, n, words);
	t->out = inner.out;
	t->sys = inner.sys;
	t->fdinfo_dir = inner.fdinfo_dir;
	if (t->json)
		bu_buf_char(&t->out.buf, '\n');
	bu_out_flush(&t->out);
	t->out.first[0] = 1;
	return st;
}

int bt_watch(struct bt *t)
{
	struct sigaction ours = { .sa_handler = on_signal }, was_int, was_term;
	struct bt_rows r = bt_all_rows();
	uint64_t every = 2000000000;
	char **words;
	int n, st = 0;

	if (t->key)
		return bt_usage(t, NULL, NULL, "'watch' has no place in a batch with JSON");
	if (bt_peek(t) && *bt_peek(t) >= '0' && *bt_peek(t) <= '9') {
		if (bu_str_duration(bu_str_c(bt_peek(t)), &every) || !every)
			return bt_usage(t, NULL, NULL, "'%s' is no time: 2, 0.5, 100ms", bt_escz(t, bt_peek(t)));
		t->i++;
	}
	words = t->w + t->i;
	n = t->nw - t->i;
	if (!n)
		return bt_usage(t, NULL, NULL, "'watch' wants a command");
	/* the word may be cut, and then another command's come first */
	if (bt_narrow(&r, 0, words[0]) && !strcmp(r.first->path, "watch"))
		return bt_usage(t, NULL, NULL, "'watch' does not watch itself");
	bt_begin(t);
	stop = 0;
	sigaction(SIGINT, &ours, &was_int);
	sigaction(SIGTERM, &ours, &was_term);
	while (!stop && !t->out.err && st != BU_EXIT_USAGE) {
		head(t, every, n, words);
		st = again(t, n, words);
		if (!stop && !t->out.err && st != BU_EXIT_USAGE)
			poll(NULL, 0, every / 1000000 > 86400000 ? 86400000 : (int)(every / 1000000));
	}
	sigaction(SIGINT, &was_int, NULL);
	sigaction(SIGTERM, &was_term, NULL);
	return st == BU_EXIT_USAGE ? st : 0;
}

/* ---------------------------------------------------------------- apropos */

static bool fits(const struct bu_cmd *c, const char *word)
{
	return strcasestr(c->path, word) || strcasestr(c->summary, word) || strcasestr(c->args, word);
}

int bt_apropos(struct bt *t)
{
	struct bt_rows r = bt_all_rows();
	const struct bu_cmd *c;
	unsigned n = 0;
	int i;

	if (!bt_peek(t))
		return bt_usage(t, NULL, NULL, "'apropos' wants a word");
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	for (c = r.first; c < r.last; c++) {
		for (i = t->i; i < t->nw && fits(c, t->w[i]); i++)
			;
		if (i < t->nw)
			continue;
		bu_out_obj(&t->out, NULL);
		bu_out_str(&t->out, "command", c->path, SIZE_MAX, "%-20s ", c->path);
		bu_out_str(&t->out, "args", c->args, SIZE_MAX, NULL);
		bu_out_str(&t->out, "summary", c->summary, SIZE_MAX, "%s\n", c->summary);
		bu_out_obj_end(&t->out);
		n++;
	}
	bu_out_arr_end(&t->out);
	if (!n)
		bu_out_text(&t->out, "nothing fits\n");
	return n ? 0 : BU_EXIT_FAIL;
}

/* ---------------------------------------------------------------- set */

static const char *const color_words[] = { "auto", "always", "never" };
static const char *const backend_words[] = { "auto", "kernel", "vm" };

static void put_switch(struct bt *t, const char *name, bool on)
{
	bu_out_bool(&t->out, name, on, "%-8s %s\n", name, on ? "on" : "off");
}

static int show_settings(struct bt *t)
{
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	put_switch(t, "json", t->json);
	put_switch(t, "pretty", t->pretty);
	put_switch(t, "bpffs", t->pins);
	put_switch(t, "human", t->values & BU_BTF_HUMAN);
	put_switch(t, "exact", t->values & BU_BTF_EXACT);
	put_switch(t, "debug", t->debug);
	bu_out_str(&t->out, "color", color_words[t->color], SIZE_MAX, "%-8s %s\n", "color", color_words[t->color]);
	bu_out_str(&t->out, "backend", backend_words[t->backend], SIZE_MAX, "%-8s %s\n", "backend",
		   backend_words[t->backend]);
	bu_out_obj_end(&t->out);
	return 0;
}

/* "on", "off", or nothing for on. false: said why. */
static bool read_switch(struct bt *t, const char *name, bool *on)
{
	const char *w = bt_next(t);

	*on = !w || !strcmp(w, "on");
	if (*on || !strcmp(w, "off"))
		return true;
	bt_usage(t, NULL, NULL, "%s is on or off, not '%s'", name, bt_escz(t, w));
	return false;
}

static int set_color(struct bt *t)
{
	const char *w = bt_next(t);

	if (!w || bu_tty_color_parse(w, &t->color))
		return bt_usage(t, NULL, NULL, "color is auto, always or never");
	return 0;
}

/* The next command opens the other one. */
static int set_backend(struct bt *t)
{
	const char *w = bt_next(t);

	if (!w || bu_backend_parse(w, &t->backend))
		return bt_usage(t, NULL, NULL, "backend is auto, kernel or vm");
	if (t->sys)
		t->sys->ops->destroy(t->sys);
	t->sys = NULL;
	return 0;
}

static void set_bits(uint8_t *to, uint8_t bit, bool on)
{
	*to = on ? *to | bit : (uint8_t)(*to & ~bit);
}

int bt_set(struct bt *t)
{
	static const char *const names[] = { "json", "pretty", "bpffs", "human", "exact", "debug", "color", "backend",
					     NULL };
	const char *w = bt_next(t);
	bool on = false;
	int st = 0;

	if (!w)
		return show_settings(t);
	if (!t->shell)
		return bt_usage(t, NULL, NULL, "'set' belongs to the shell; elsewhere there are options");
	if (!strcmp(w, "color"))
		st = set_color(t);
	else if (!strcmp(w, "backend"))
		st = set_backend(t);
	else if (!strcmp(w, "json") || !strcmp(w, "pretty") || !strcmp(w, "bpffs") || !strcmp(w, "human") ||
		 !strcmp(w, "exact") || !strcmp(w, "debug"))
		st = read_switch(t, w, &on) ? bt_end(t) : BU_EXIT_USAGE;
	else
		return bt_usage(t, w, names, "'%s' cannot be set", bt_escz(t, w));
	if (st || bt_end(t))
		return BU_EXIT_USAGE;
	bt_begin(t); /* there is no answer, not even null */
	if (!strcmp(w, "json")) {
		t->json = on;
		t->pretty &= on;
	} else if (!strcmp(w, "pretty")) {
		t->pretty = on;
		t->json |= on;
	} else if (!strcmp(w, "bpffs")) {
		t->pins = on;
	} else if (!strcmp(w, "debug")) {
		t->debug = on;
	} else if (!strcmp(w, "human")) {
		set_bits(&t->values, BU_BTF_HUMAN, on);
	} else if (!strcmp(w, "exact")) {
		set_bits(&t->values, BU_BTF_EXACT, on);
	}
	t->out.json = t->json;
	t->out.pretty = t->pretty;
	t->out.exact = t->values & BU_BTF_EXACT;
	return 0;
}

/* ---------------------------------------------------------------- asm */

/* The assembler: the one beside this program, else the one of $PATH. */
static char *assembler(void)
{
	char self[4096], *slash, *path = NULL;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
		if (slash && asprintf(&path, "%.*s/bpf-as", (int)(slash - self), self) >= 0 && !access(path, X_OK))
			return path;
		free(path);
		/* in a build tree each program has a directory of its own */
		path = NULL;
		if (slash && asprintf(&path, "%.*s/../bpf-as/bpf-as", (int)(slash - self), self) >= 0 &&
		    !access(path, X_OK))
			return path;
		free(path);
	}
	return strdup("bpf-as");
}

/* Lines up to "end" into text; false: there is no such line. */
static bool read_block(struct bt *t, struct bu_buf *text)
{
	char *line;
	bool end;

	while ((line = t->read_line(t, "asm> "))) {
		size_t n = strlen(line);

		end = !strcmp(line + strspn(line, " \t"), "end") || !strncmp(line + strspn(line, " \t"), "end\n", 4);
		if (!end) {
			bu_buf_add(text, line, n);
			if (!n || line[n - 1] != '\n')
				bu_buf_char(text, '\n');
		}
		free(line);
		if (end)
			return true;
	}
	return false;
}

/* The error of a block; each line of what the assembler said about it, if that was kept, is a note. */
static int not_assembled(struct bt *t, int said)
{
	int st = bt_error(t, "T0135", "the block was not assembled");
	struct bu_diag *d = t->ds.last;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f = said >= 0 && lseek(said, 0, SEEK_SET) == 0 ? fdopen(dup(said), "r") : NULL;

	while (f && (n = getline(&line, &cap, f)) > 0) {
		line[n - (line[n - 1] == '\n')] = 0;
		bu_diag_note(&t->ds, d, "%s", line);
	}
	free(line);
	if (f)
		fclose(f);
	return st;
}

/* Assembles text into the file out. Status; what the assembler says is on stderr, or with JSON in the error. */
static int assemble(struct bt *t, const struct bu_buf *text, const char *out)
{
	int p[2], status = 0, err = 0, said = t->json ? memfd_create("messages", MFD_CLOEXEC) : -1, st = 0;
	char *as = assembler();
	void (*was)(int);
	pid_t pid;

	if (!as || pipe2(p, O_CLOEXEC)) {
		st = bt_error(t, "U0003", "cannot start the assembler: %s", strerror(errno));
		free(as);
		goto out;
	}
	pid = fork();
	if (!pid) {
		dup2(p[0], STDIN_FILENO);
		if (said >= 0)
			dup2(said, STDERR_FILENO);
		execlp(as, "bpf-as", said >= 0 ? "--diagnostics=short" : "--diagnostics=text", "-o", out, "-", (char *)NULL);
		_exit(127);
	}
	close(p[0]);
	free(as);
	if (pid < 0) {
		st = bt_error(t, "U0003", "cannot start the assembler: %s", strerror(errno));
		close(p[1]);
		goto out;
	}
	was = signal(SIGPIPE, SIG_IGN);
	err = bu_write_all(p[1], text->p, text->n);
	signal(SIGPIPE, was);
	close(p[1]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		st = bt_error(t, "U0002", "the assembler bpf-as is not beside this program, nor in $PATH");
	else if (!WIFEXITED(status) || WEXITSTATUS(status) || (err && err != -EPIPE))
		st = not_assembled(t, said);
out:
	if (said >= 0)
		close(said);
	return st;
}

/*
 * asm [PATH [OPTION …]]: the program of the lines up to "end", loaded and pinned as prog load does; without a path its
 * instructions as they are encoded.
 */
int bt_asm(struct bt *t)
{
	char dir[] = "/tmp/bpftool-asm-XXXXXX", opcodes[] = "opcodes", file[64], **words;
	struct bu_buf text = { 0 };
	int st, n = t->nw - t->i;

	if (!t->read_line)
		return bt_usage(t, NULL, NULL, "'asm' reads the lines that follow it: it belongs to the shell and to batch files");
	if (!read_block(t, &text)) {
		st = bt_error(t, "U0001", "'asm': the block has no line 'end', so that nothing is assembled");
		goto out;
	}
	if (!mkdtemp(dir)) {
		st = bt_error(t, "U0002", "cannot make a directory in /tmp: %s", strerror(errno));
		goto out;
	}
	snprintf(file, sizeof(file), "%s/asm.o", dir);
	st = assemble(t, &text, file);
	words = bu_arena_array(&t->arena, (size_t)n + 3, sizeof(*words));
	if (!st && words) {
		words[0] = file;
		memcpy(words + 1, t->w + t->i, (size_t)n * sizeof(*words));
		if (!n)
			words[1] = opcodes;
		t->w = words;
		t->nw = n ? n + 1 : 2;
		t->i = 0;
		st = n ? bt_prog_load(t) : bt_object_dump(t);
	}
	unlink(file);
	rmdir(dir);
out:
	bu_buf_free(&text);
	return st;
}
