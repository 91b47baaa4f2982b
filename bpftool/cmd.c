// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands: finding one, help, completion. */
#include <config.h>
#include <stdio.h>
#include <string.h>

#include "tool.h"

#if HAVE_READLINE
#define HAS_READLINE true
#else
#define HAS_READLINE false
#endif

enum {
	CMD_PROG_SHOW = 1, CMD_PROG_DUMP, CMD_PROG_PIN, CMD_PROG_TRACELOG,
	CMD_MAP_SHOW, CMD_MAP_DUMP, CMD_MAP_LOOKUP,
	CMD_MAP_GETNEXT, CMD_MAP_UPDATE, CMD_MAP_DELETE, CMD_MAP_CREATE, CMD_MAP_PIN, CMD_LINK_SHOW,
	CMD_LINK_PIN, CMD_LINK_DETACH, CMD_WORLD_SHOW, CMD_WORLD_GC,
	CMD_BATCH, CMD_VERSION, CMD_HELP, CMD_QUIT, NCMDS,
};

const struct bu_cmd bt_cmds[] = {
	{ CMD_PROG_SHOW, "prog show", "[PROG]", "list programs", BU_WORD_DYNAMIC },
	{ CMD_PROG_SHOW, "prog list", "[PROG]", "the same", BU_WORD_DYNAMIC },
	{ CMD_PROG_DUMP, "prog dump xlated", "PROG [opcodes] [linum] | PROG file FILE",
	  "print a program's instructions", BU_WORD_DYNAMIC },
	{ CMD_PROG_PIN, "prog pin", "PROG PATH", "pin a program", BU_WORD_DYNAMIC },
	{ CMD_PROG_TRACELOG, "prog tracelog", "", "print what programs trace, until Ctrl-C", BU_WORD_NONE },
	{ CMD_MAP_SHOW, "map show", "[MAP]", "list maps", BU_WORD_DYNAMIC },
	{ CMD_MAP_SHOW, "map list", "[MAP]", "the same", BU_WORD_DYNAMIC },
	{ CMD_MAP_DUMP, "map dump", "MAP", "print all elements", BU_WORD_DYNAMIC },
	{ CMD_MAP_LOOKUP, "map lookup", "MAP key DATA", "print one element", BU_WORD_DYNAMIC },
	{ CMD_MAP_GETNEXT, "map getnext", "MAP [key DATA]", "print the key after this one, or the first",
	  BU_WORD_DYNAMIC },
	{ CMD_MAP_UPDATE, "map update", "MAP key DATA value VALUE [any|exist|noexist]",
	  "set one element", BU_WORD_DYNAMIC },
	{ CMD_MAP_DELETE, "map delete", "MAP key DATA", "remove one element", BU_WORD_DYNAMIC },
	{ CMD_MAP_CREATE, "map create",
	  "PATH type TYPE key N value N entries N [name NAME] [flags N] [inner_map MAP]",
	  "make a map and pin it", BU_WORD_DYNAMIC },
	{ CMD_MAP_PIN, "map pin", "MAP PATH", "pin a map", BU_WORD_DYNAMIC },
	{ CMD_LINK_SHOW, "link show", "[LINK]", "list links", BU_WORD_DYNAMIC },
	{ CMD_LINK_SHOW, "link list", "[LINK]", "the same", BU_WORD_DYNAMIC },
	{ CMD_LINK_PIN, "link pin", "LINK PATH", "pin a link", BU_WORD_DYNAMIC },
	{ CMD_LINK_DETACH, "link detach", "LINK", "detach what the link attached", BU_WORD_DYNAMIC },
	{ CMD_WORLD_SHOW, "world show", "", "where the VM keeps its objects, and who uses them", BU_WORD_NONE },
	{ CMD_WORLD_GC, "world gc", "", "remove what nobody uses", BU_WORD_NONE },
	{ CMD_BATCH, "batch file", "FILE", "run the commands in a file, one a line", BU_WORD_FILE },
	{ CMD_VERSION, "version", "", "print the version", BU_WORD_NONE },
	{ CMD_HELP, "help", "[OBJECT]", "print this list", BU_WORD_NONE },
	{ CMD_QUIT, "quit", "", "leave the shell", BU_WORD_NONE },
	{ CMD_QUIT, "exit", "", "the same", BU_WORD_NONE },
	{ 0 },
};

static int version(struct bt *t)
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

static int batch(struct bt *t)
{
	const char *path = bt_next(t);
	int st;

	if (!path)
		return bt_usage(t, NULL, NULL, "'batch file' wants a path, or - for standard input");
	st = bt_end(t);
	return st ? st : bt_batch_file(t, path);
}

static int quit(struct bt *t)
{
	int st = bt_end(t);

	t->quit = !st;
	return st;
}

static const struct {
	bt_fn *fn;
	bool backend; /* works on objects */
} commands[NCMDS] = {
	[CMD_PROG_SHOW] = { bt_prog_show, true },
	[CMD_PROG_DUMP] = { bt_prog_dump_xlated, true },
	[CMD_PROG_PIN] = { bt_prog_pin, true },
	[CMD_PROG_TRACELOG] = { bt_prog_tracelog, true },
	[CMD_MAP_SHOW] = { bt_map_show, true },
	[CMD_MAP_DUMP] = { bt_map_dump, true },
	[CMD_MAP_LOOKUP] = { bt_map_lookup, true },
	[CMD_MAP_GETNEXT] = { bt_map_getnext, true },
	[CMD_MAP_UPDATE] = { bt_map_update, true },
	[CMD_MAP_DELETE] = { bt_map_delete, true },
	[CMD_MAP_CREATE] = { bt_map_create, true },
	[CMD_MAP_PIN] = { bt_map_pin, true },
	[CMD_LINK_SHOW] = { bt_link_show, true },
	[CMD_LINK_PIN] = { bt_link_pin, true },
	[CMD_LINK_DETACH] = { bt_link_detach, true },
	[CMD_WORLD_SHOW] = { bt_world_show, false },
	[CMD_WORLD_GC] = { bt_world_gc, false },
	[CMD_BATCH] = { batch, false },
	[CMD_VERSION] = { version, false },
	[CMD_HELP] = { bt_help, false },
	[CMD_QUIT] = { quit, false },
};

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

/* The rows that are still possible, by the words so far: [first, last). Rows stand in groups. */
struct rows {
	const struct bu_cmd *first, *last;
};

static struct rows all_rows(void)
{
	struct rows r = { bt_cmds, bt_cmds };

	while (r.last->path)
		r.last++;
	return r;
}

/*
 * Narrows r to the rows whose word number at is, or unambiguously begins with, word. Returns the
 * number of different words that fit.
 */
static int narrow(struct rows *r, int at, const char *word)
{
	struct rows hit = { NULL, NULL };
	const struct bu_cmd *c;
	const char *last = "";
	size_t n, last_n = 0, len = strlen(word);
	int different = 0;

	for (c = r->first; c < r->last; c++) {
		const char *p = path_word(c->path, at, &n);
		bool exact = n == len && !strncmp(p, word, n);

		if (n < len || strncmp(p, word, len))
			continue;
		if (different && n == last_n && !strncmp(p, last, n)) {
			hit.last = c + 1;
			continue;
		}
		if (exact || !different) {
			hit = (struct rows){ c, c + 1 };
			different = exact ? 1 : different + 1;
		} else {
			different++;
		}
		last = p;
		last_n = n;
		if (exact) {
			/* the rows of this word stand together */
			while (hit.last < r->last) {
				p = path_word(hit.last->path, at, &n);
				if (n != len || strncmp(p, word, len))
					break;
				hit.last++;
			}
			break;
		}
	}
	if (different == 1)
		*r = hit;
	return different;
}

/* Each different word number at of the rows, NULL at the end. In the arena. */
static const char **words_at(struct bt *t, struct rows r, int at)
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

static const char *join(struct bt *t, const char **list, const char *begin)
{
	char *s = NULL;

	for (; list && *list; list++)
		if (!begin || !strncmp(*list, begin, strlen(begin)))
			s = bu_arena_printf(&t->arena, "%s%s%s", s ? s : "", s ? ", " : "", *list);
	return s ? s : "";
}

/* Finds the row that the words name; NULL: said why. "OBJECT help" is help, "OBJECT" is its list. */
static const struct bu_cmd *find(struct bt *t)
{
	struct rows r = all_rows();
	const char **list;
	const char *word, *before = "command";
	size_t n;
	int at, fit;

	for (at = 0;; at++) {
		path_word(r.first->path, at, &n);
		if (!n)
			return r.first;
		word = bt_peek(t);
		if (!word) {
			if (at == 1) /* the first row of each object is its list */
				return r.first;
			list = words_at(t, r, at);
			bt_usage(t, NULL, NULL, "'%s' is not all of a command: %s", before, join(t, list, NULL));
			return NULL;
		}
		if (at == 1 && is_prefix(word, "help")) {
			t->i = 0; /* the object's word is help's */
			t->nw = 1;
			return NULL;
		}
		fit = *word ? narrow(&r, at, word) : 0;
		if (fit != 1) {
			list = words_at(t, r, at);
			if (fit)
				bt_usage(t, NULL, NULL, "'%s' is ambiguous: %s", bt_escz(t, word),
					 join(t, list, word));
			else if (at == 0)
				bt_usage(t, word, list, "'%s' is no command", bt_escz(t, word));
			else
				bt_usage(t, word, list, "'%s' does not go with '%s': %s", bt_escz(t, word),
					 before, join(t, list, NULL));
			return NULL;
		}
		before = words_at(t, r, at)[0];
		t->i++;
	}
}

int bt_dispatch(struct bt *t)
{
	const struct bu_cmd *c = find(t);

	if (!c)
		return t->ds.errors ? BU_EXIT_USAGE : bt_help(t);
	if (commands[c->id].backend && !bt_open_backend(t))
		return BU_EXIT_UNSUPPORTED;
	return commands[c->id].fn(t);
}

/* ---------------------------------------------------------------- help */

static void help_rows(struct bt *t, struct rows r)
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
	for (c = r.first; c < r.last; c++) {
		int n = (int)strlen(c->path) + (int)strlen(c->args) + 3;

		bu_out_text(&t->out, "  %s %s", c->path, c->args);
		bu_out_text(&t->out, n < 40 ? "%*s%s\n" : "\n%*s%s\n", n < 40 ? 42 - n : 42, "", c->summary);
	}
	bu_out_text(&t->out, "\n"
		"  PROG   id N | name NAME | tag TAG | pinned PATH\n"
		"  MAP    id N | name NAME | pinned PATH\n"
		"  LINK   id N | pinned PATH\n"
		"  DATA   bytes (1 2 0x3), hex and hex bytes (hex 01 02), a number for a field of 2, 4 or\n"
		"         8 bytes, or a value of the element's type\n"
		"  VALUE  DATA; of maps of maps a MAP, of program arrays a PROG\n"
		"\nWords may be cut as long as they are unambiguous. Options:\n");
	bu_opt_help(&t->out.buf, bt_opts);
}

int bt_help(struct bt *t)
{
	struct rows r = all_rows();
	const char *word = bt_peek(t);
	int fit;

	if (word) {
		t->i++;
		fit = narrow(&r, 0, word);
		if (fit != 1)
			return bt_usage(t, word, words_at(t, all_rows(), 0), "'%s' is no command",
					bt_escz(t, word));
	}
	bt_begin(t);
	help_rows(t, r);
	return 0;
}

/* ---------------------------------------------------------------- completion */

static struct bt *completing; /* bu_opt_complete passes no context on */

static void offer(struct bu_buf *out, const char *last, const char *word, const char *what)
{
	if (!strncmp(word, last, strlen(last)))
		bu_buf_printf(out, "%s\t%s\n", word, what);
}

static void offer_list(struct bu_buf *out, const char *last, const char *const *list)
{
	for (; *list; list++)
		offer(out, last, *list, "");
}

struct offering {
	struct bu_buf *out;
	const char *last, *by;
	enum bu_objkind kind;
};

static int offer_obj(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct offering *o = ctx;
	struct bpf_prog_info pi;
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
	if (!strcmp(o->by, "name")) {
		if (*name)
			offer(o->out, o->last, name, "");
		return 0;
	}
	if (!strcmp(o->by, "tag")) {
		for (i = 0; i < BPF_TAG_SIZE; i++)
			sprintf(text + 2 * i, "%02x", pi.tag[i]);
	} else {
		snprintf(text, sizeof(text), "%u", id);
	}
	offer(o->out, o->last, text, name);
	return 0;
}

static void offer_types(struct bu_buf *out, const char *last)
{
	unsigned i;

	for (i = 0; i < bu_nmap_types; i++)
		if (bu_map_types[i].num)
			offer(out, last, bu_map_types[i].name, "");
}

/* Number of handles already on the line: words that begin one. */
static bool is_handle_word(const char *w)
{
	return !strcmp(w, "id") || !strcmp(w, "name") || !strcmp(w, "tag") || !strcmp(w, "pinned");
}

static void offer_keywords(struct bu_buf *out, const struct bu_cmd *cmd, const char *last, bool handle)
{
	static const char *const prog[] = { "id", "name", "tag", "pinned", NULL };
	static const char *const map[] = { "id", "name", "pinned", NULL };
	static const char *const link[] = { "id", "pinned", NULL };
	static const char *const dump[] = { "opcodes", "linum", "file", NULL };
	static const char *const key[] = { "key", NULL };
	static const char *const update[] = { "key", "value", "any", "exist", "noexist", NULL };
	static const char *const create[] = { "type", "key", "value", "entries", "name", "flags",
					      "inner_map", NULL };

	if (cmd->id == CMD_MAP_CREATE) {
		offer_list(out, last, create);
	} else if (!handle) {
		offer_list(out, last, *cmd->path == 'p' ? prog : *cmd->path == 'm' ? map : link);
	} else if (cmd->id == CMD_PROG_DUMP) {
		offer_list(out, last, dump);
	} else if (cmd->id == CMD_MAP_UPDATE) {
		offer_list(out, last, update);
		offer_list(out, last, map);
	} else if (cmd->id == CMD_MAP_LOOKUP || cmd->id == CMD_MAP_GETNEXT || cmd->id == CMD_MAP_DELETE) {
		offer_list(out, last, key);
	} else if (cmd->id == CMD_PROG_PIN || cmd->id == CMD_MAP_PIN || cmd->id == CMD_LINK_PIN) {
		bu_buf_str(out, "\001file\n");
	}
}

static void dynamic(struct bu_buf *out, const struct bu_opt *opt, const struct bu_cmd *cmd, int nwords,
		    char **words)
{
	struct bt *t = completing;
	const char *last = nwords ? words[nwords - 1] : "";
	const char *prev = nwords > 1 ? words[nwords - 2] : "";
	struct offering o = { out, last, prev, BU_PROG };
	bool handle = false;
	int i;

	if (opt || !cmd)
		return;
	for (i = 0; i + 2 < nwords; i++)
		handle |= is_handle_word(words[i]);
	if (!strcmp(prev, "create") || !strcmp(prev, "pinned") || !strcmp(prev, "file")) {
		bu_buf_str(out, "\001file\n");
		return;
	}
	if (cmd->id == CMD_MAP_CREATE && !strcmp(prev, "type")) {
		offer_types(out, last);
		return;
	}
	if (!strcmp(prev, "id") || (!strcmp(prev, "name") && cmd->id != CMD_MAP_CREATE) ||
	    (!strcmp(prev, "tag") && *cmd->path == 'p')) {
		o.kind = *cmd->path == 'p' ? BU_PROG : *cmd->path == 'm' ? BU_MAP : BU_LINK;
		if (bt_open_backend(t))
			bt_each(t, o.kind, o.kind == BU_MAP ? BPF_F_RDONLY : 0, offer_obj, &o);
		return;
	}
	offer_keywords(out, cmd, last, handle);
}

void bt_complete(struct bt *t, struct bu_buf *out, int n, char **words)
{
	completing = t;
	bu_opt_complete(out, bt_opts, bt_cmds, n, words, dynamic);
	completing = NULL;
}
