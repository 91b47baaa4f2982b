// SPDX-License-Identifier: GPL-2.0-or-later
/* bpftool: looks at, and changes, the programs, maps and links that a machine holds. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "load/load.h"
#include "tool.h"

#define BPFFS_MAGIC 0xcafe4a11ul

enum {
	OPT_JSON = 1, OPT_PRETTY, OPT_PINS, OPT_NOMOUNT, OPT_VERSION, OPT_HELP, OPT_BACKEND, OPT_VM,
	OPT_COLOR, OPT_EXPLAIN, OPT_COMPLETE, OPT_HUMAN, OPT_EXACT, OPT_DEBUG, OPT_BASE_BTF, OPT_MAPCOMPAT, OPT_LEGACY, OPT_LOADER,
	OPT_LINES, OPT_SIGN, OPT_KEY, OPT_CERT,
};

const struct bu_opt bt_opts[] = {
	{ OPT_JSON, 'j', "json", NULL, "print JSON on one line", BU_WORD_NONE, NULL },
	{ OPT_PRETTY, 'p', "pretty", NULL, "print JSON on many lines", BU_WORD_NONE, NULL },
	{ OPT_LINES, 0, "json-lines", NULL, "print each value of what runs on as JSON on a line of its own",
	  BU_WORD_NONE, NULL },
	{ OPT_PINS, 'f', "bpffs", NULL, "show where objects are pinned", BU_WORD_NONE, NULL },
	{ OPT_NOMOUNT, 'n', "nomount", NULL, "never mount a bpf file system", BU_WORD_NONE, NULL },
	{ OPT_HUMAN, 0, "human", NULL, "show addresses in typed values as text", BU_WORD_NONE, NULL },
	{ OPT_EXACT, 0, "exact", NULL, "JSON has integers beyond 2^53 as strings", BU_WORD_NONE, NULL },
	{ OPT_DEBUG, 'd', "debug", NULL, "print the verifier's log of what is loaded", BU_WORD_NONE, NULL },
	{ OPT_BASE_BTF, 'B', "base-btf", "FILE", "types that those of a module or file build on", BU_WORD_FILE, NULL },
	{ OPT_MAPCOMPAT, 'm', "mapcompat", NULL, "nothing: maps of all forms are taken anyway", BU_WORD_NONE, NULL },
	{ OPT_LEGACY, 'l', "legacy", NULL, "nothing: objects of all forms are taken anyway", BU_WORD_NONE, NULL },
	{ OPT_LOADER, 'L', "use-loader", NULL, NULL, BU_WORD_NONE, NULL },
	{ OPT_SIGN, 'S', "sign", NULL, NULL, BU_WORD_NONE, NULL },
	{ OPT_KEY, 'k', NULL, "FILE", NULL, BU_WORD_FILE, NULL },
	{ OPT_CERT, 'i', NULL, "FILE", NULL, BU_WORD_FILE, NULL },
	{ OPT_BACKEND, 0, "backend", "NAME", "who holds the objects: auto, kernel or vm",
	  BU_WORD_LIST, "auto|kernel|vm" },
	{ OPT_VM, 0, "vm", NULL, "the same as --backend=vm", BU_WORD_NONE, NULL },
	{ OPT_COLOR, 0, "color", "[WHEN]", "colour messages: auto, always or never", BU_WORD_LIST,
	  "auto|always|never" },
	{ OPT_EXPLAIN, 0, "explain", "CODE", "tell more about the code of a message", BU_WORD_NONE, NULL },
	{ OPT_VERSION, 'V', "version", NULL, "print the version", BU_WORD_NONE, NULL },
	{ OPT_HELP, 'h', "help", NULL, "print help", BU_WORD_NONE, NULL },
	{ OPT_COMPLETE, 0, "complete", NULL, NULL, BU_WORD_NONE, NULL },
	{ 0 },
};

/* ---------------------------------------------------------------- one command */

static void begin(struct bt *t, int n, char **words)
{
	bu_arena_init(&t->arena);
	bu_diags_init(&t->ds);
	t->w = words;
	t->nw = n;
	t->i = 0;
	t->began = false;
	t->holders = t->pinned = NULL;
	t->metas = NULL;
}

static void end(struct bt *t)
{
	bt_btfs_free(t);
	bt_ksyms_free(t);
	bu_diags_free(&t->ds);
	bu_arena_free(&t->arena);
}

/* What the command did not say itself: its error or "null" as JSON, messages on stderr. */
static void report(struct bt *t, int status)
{
	struct bu_buf b = { 0 };
	const struct bu_diag *d, *first = t->ds.first;
	bool talk = false;

	/* A note about the backend may stand before the error. */
	while (first && first->severity != BU_ERROR)
		first = first->next;
	if (!t->json || t->began || !status)
		first = NULL;
	if (t->json && !t->began) {
		if (first) {
			bu_diag_render(&b, first, BU_DIAG_JSON, false, t->prog);
			bu_out_raw(&t->out, t->key, bu_buf_cstr(&b), NULL);
			bu_buf_reset(&b);
		} else {
			bu_out_null(&t->out, t->key);
		}
	}
	for (d = t->ds.first; d; d = d->next)
		talk |= d != first;
	if (talk) {
		bu_out_flush(&t->out);
		for (d = t->ds.first; d; d = d->next)
			if (d != first)
				bu_diag_render(&b, d, BU_DIAG_TEXT, bu_tty_color(2, t->color), t->prog);
		bu_write_all(STDERR_FILENO, b.p, b.n);
	}
	bu_buf_free(&b);
}

int bt_run(struct bt *t, int n, char **words)
{
	int status;

	begin(t, n, words);
	status = bt_dispatch(t);
	if (bu_arena_failed(&t->arena) && !status)
		status = bt_error(t, "U0003", "out of memory");
	if (status && t->file && t->ds.first)
		bu_diag_note(&t->ds, t->ds.first, "in line %u of %s", t->line, t->file);
	report(t, status);
	end(t);
	return status;
}

/* Do the words name something that is pinned in the kernel? Its file's mode says who may open it. */
static bool names_kernel_pin(const struct bt *t)
{
	struct statfs fs;
	int i;

	for (i = 0; i + 1 < t->nw; i++)
		if (!strcmp(t->w[i], "pinned") && !statfs(t->w[i + 1], &fs) && (unsigned long)fs.f_type == BPFFS_MAGIC)
			return true;
	return false;
}

bool bt_open_backend(struct bt *t)
{
	enum bu_backend which = t->backend;

	if (t->sys)
		return true;
	if (which == BU_BACKEND_AUTO && names_kernel_pin(t))
		which = BU_BACKEND_KERNEL;
	if (bu_backend_open(&t->sys, which, NULL, 0, &t->ds) == -ENOMEM)
		bt_error(t, "U0003", "out of memory");
	return t->sys != NULL;
}

/* ---------------------------------------------------------------- command line */

/* word: what is wrong, in front of the text; NULL: the text says it. */
static int complain(struct bt *t, const char *word, const char *text, const char *hint)
{
	struct bu_diag *d;

	begin(t, 0, NULL);
	d = word ? bu_diag(&t->ds, BU_ERROR, "U0001", "'%s' %s", bt_escz(t, word), text)
		 : bu_diag(&t->ds, BU_ERROR, "U0001", "%s", text);
	bu_diag_help(&t->ds, d, "%s", *hint ? hint : "--help lists the options");
	report(t, BU_EXIT_USAGE);
	end(t);
	return BU_EXIT_USAGE;
}

static int unsupported(struct bt *t, const char *what, const char *hint)
{
	begin(t, 0, NULL);
	bt_error(t, "U0001", "%s", what);
	bt_hint(t, "%s", hint);
	report(t, BU_EXIT_UNSUPPORTED);
	end(t);
	return BU_EXIT_UNSUPPORTED;
}

static bool set_backend(struct bt *t, const char *word)
{
	return bu_backend_parse(word, &t->backend) == 0;
}

static int option(struct bt *t, const struct bu_optscan *s, int id, const char **instead)
{
	switch (id) {
	case OPT_PRETTY:
		t->pretty = true;
		/* fall through */
	case OPT_JSON:
		t->json = true;
		break;
	case OPT_LINES:
		t->json = t->lines = true;
		break;
	case OPT_PINS:
		t->pins = true;
		break;
	case OPT_NOMOUNT:
		t->nomount = true;
		break;
	case OPT_HUMAN:
		t->values |= BU_BTF_HUMAN;
		break;
	case OPT_EXACT:
		t->values |= BU_BTF_EXACT;
		t->out.exact = true;
		break;
	case OPT_DEBUG:
		t->debug = true;
		break;
	case OPT_BASE_BTF:
		t->base_btf = s->arg;
		break;
	case OPT_MAPCOMPAT:
	case OPT_LEGACY:
		break;
	case OPT_LOADER:
		return unsupported(t, "-L: there is no light loader here",
				   "programs are loaded by the calls of bpf(2) without it");
	case OPT_SIGN:
	case OPT_KEY:
	case OPT_CERT:
		return unsupported(t, "-S, -k, -i: programs are not signed here",
				   "the kernel tree's bpftool signs them, since Linux 6.18");
	case OPT_VERSION:
		*instead = "version";
		break;
	case OPT_HELP:
		*instead = "help";
		break;
	case OPT_VM:
		t->backend = BU_BACKEND_VM;
		break;
	case OPT_BACKEND:
		if (!set_backend(t, s->arg))
			return complain(t, s->arg, "is none of auto, kernel, vm", "");
		break;
	case OPT_COLOR:
		if (bu_tty_color_parse(s->arg ? s->arg : "always", &t->color))
			return complain(t, s->arg, "is none of auto, always, never", "");
		break;
	}
	t->out.json = t->json;
	t->out.pretty = t->pretty && !t->lines;
	return 0;
}

static int explain(struct bt *t, const char *code)
{
	const char *title, *text = bu_diag_explain(code, &title);

	if (!text)
		return complain(t, code, "is no code of a message", "codes look like T0104");
	begin(t, 0, NULL);
	bt_begin(t);
	bu_out_obj(&t->out, NULL);
	bu_out_str(&t->out, "code", code, SIZE_MAX, "%s: ", code);
	bu_out_str(&t->out, "title", title, SIZE_MAX, "%s\n\n", title);
	bu_out_str(&t->out, "text", text, SIZE_MAX, "%s\n", text);
	bu_out_obj_end(&t->out);
	end(t);
	return 0;
}

static int complete(struct bt *t, int n, char **words)
{
	struct bu_buf b = { 0 };

	if (n && !strcmp(words[0], "--")) {
		n--;
		words++;
	}
	begin(t, 0, NULL);
	bt_complete(t, &b, n, words);
	end(t);
	bu_write_all(STDOUT_FILENO, b.p, b.n);
	bu_buf_free(&b);
	return 0;
}

/* "-5" and the like are data, not options. */
static bool is_number(const char *w)
{
	return w[0] == '-' && w[1] >= '0' && w[1] <= '9';
}

static int run_words(struct bt *t, int argc, char **argv)
{
	const char *env = getenv("BPFUTILS_BACKEND"), *instead = NULL;
	char **words = calloc((size_t)argc + 1, sizeof(*words));
	struct bu_optscan s;
	int n = 0, id, st = 0;

	if (!words)
		return BU_EXIT_FAIL;
	if (env && *env && !set_backend(t, env)) {
		st = complain(t, env, "in $BPFUTILS_BACKEND is none of auto, kernel, vm", "");
		goto out;
	}
	bu_opt_start(&s, bt_opts, argc, argv);
	for (;;) {
		if (!s.rest && !s.dashdash && s.i < argc && is_number(argv[s.i])) {
			words[n++] = argv[s.i++];
			continue;
		}
		id = bu_opt_next(&s);
		if (id == BU_OPT_END)
			break;
		if (id == OPT_COMPLETE) {
			st = complete(t, argc - s.i, argv + s.i);
			goto out;
		}
		if (id == OPT_EXPLAIN) {
			st = explain(t, s.arg);
			goto out;
		}
		if (id == BU_OPT_OPERAND)
			words[n++] = (char *)s.arg;
		else
			st = id == BU_OPT_ERROR ? complain(t, NULL, s.error, s.hint) : option(t, &s, id, &instead);
		if (st)
			goto out;
	}
	if (instead) {
		if (!strcmp(instead, "version"))
			n = 0;
		memmove(words + 1, words, sizeof(*words) * (size_t)(n < argc ? n : argc - 1));
		words[0] = (char *)instead;
		n = n && *instead == 'h' ? 2 : 1;
	}
	st = n ? bt_run(t, n, words) : isatty(STDIN_FILENO) ? bt_shell(t) : bt_batch(t);
out:
	free(words);
	return st;
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	struct bt t = { .backend = BU_BACKEND_AUTO, .color = BU_COLOR_AUTO };
	struct rlimit files;
	int st, err;

	bu_std_fds();
	t.prog = slash ? slash + 1 : argc && argv[0][0] ? argv[0] : "bpftool";
	bu_out_init(&t.out, bu_out_write_fd, (void *)(intptr_t)STDOUT_FILENO);
	/* a name may match a thousand objects, all open at once */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	st = run_words(&t, argc, argv);
	err = bu_out_finish(&t.out);
	if (t.sys)
		t.sys->ops->destroy(t.sys);
	if (err == -EPIPE)
		return 128 + SIGPIPE;
	if (err) {
		struct bu_buf b = { 0 };

		bu_buf_printf(&b, "%s: error: cannot write to standard output: %s [U0002]\n", t.prog,
			      bt_strerror(err));
		bu_write_all(STDERR_FILENO, b.p, b.n);
		bu_buf_free(&b);
		return BU_EXIT_IO;
	}
	return st;
}
