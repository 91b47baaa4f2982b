// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completion, over every row of cmd.def: its arguments are a grammar whose placeholders are known, and each keyword
 * is offered where it may stand.
 */
#include "../../bpftool/tool.h"
#include "tap.h"

const struct bu_opt bt_opts[] = { { 0 } };

/* Main's part of the tool; there are no objects. */
bool bt_open_backend(struct bt *t)
{
	return t->sys != NULL;
}

int bt_run(struct bt *t, int n, char **words)
{
	(void)t, (void)n, (void)words;
	return 1;
}

struct row {
	struct bt t;
	const struct bu_cmd *cmd;
	unsigned keywords;
	bool good;
};

static bool offers(const char *list, const char *kw, size_t n)
{
	for (; *list; list = strchr(list, '\n') + 1)
		if (!strncmp(list, kw, n) && list[n] == '\t')
			return true;
	return false;
}

/* The words of the path, those on the way, and the keyword cut to nothing or to its first letter. */
static bool try_way(struct row *r, const struct bt_way *way, bool first_letter)
{
	char text[256], last[2] = "", *words[64], *p, *save = NULL;
	struct bu_buf out = { 0 };
	int n = 0, i;
	bool good;

	snprintf(text, sizeof(text), "%s", r->cmd->path);
	for (p = strtok_r(text, " ", &save); p; p = strtok_r(NULL, " ", &save))
		words[n++] = p;
	for (i = 0; i < way->n; i++)
		words[n++] = way->len[i] ? bu_arena_strndup(&r->t.arena, way->word[i], way->len[i]) :
					   bu_arena_strdup(&r->t.arena, "1");
	if (first_letter)
		last[0] = way->kw[0];
	words[n++] = last;
	bt_complete(&r->t, &out, n, words);
	good = offers(bu_buf_cstr(&out), way->kw, way->kw_n);
	if (!good) {
		printf("# not offered: '%.*s' behind", (int)way->kw_n, way->kw);
		for (i = 0; i < n; i++)
			printf(" %s", words[i]);
		printf("\n");
	}
	bu_buf_free(&out);
	return good;
}

static bool keyword(void *ctx, const struct bt_way *way)
{
	struct row *r = ctx;

	r->keywords++;
	r->good = try_way(r, way, false) && try_way(r, way, true) && r->good;
	return true;
}

static void rows(void)
{
	struct bt_rows all = bt_all_rows();
	const struct bu_cmd *c;
	unsigned keywords = 0;

	for (c = all.first; c < all.last; c++) {
		struct row r = { .cmd = c, .good = true };
		struct bt_grammar *g;

		bu_arena_init(&r.t.arena);
		bu_diags_init(&r.t.ds);
		g = bt_grammar(&r.t.arena, c->args);
		ok(g, "%s: '%s' is a grammar of known placeholders", c->path, c->args);
		if (g)
			ok(bt_grammar_each(g, keyword, &r) && r.good, "%s: its %u keywords are offered", c->path, r.keywords);
		keywords += r.keywords;
		bu_diags_free(&r.t.ds);
		bu_arena_free(&r.t.arena);
	}
	ok(keywords > 100, "%u keywords in all", keywords);
}

static void bad_grammars(void)
{
	static const char *const bad[] = { "[", "{ a | b", "NO_SUCH_WORD", "a ]", "[ a }", "|]" };
	struct bu_arena a;

	bu_arena_init(&a);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(bad); i++)
		ok(!bt_grammar(&a, bad[i]), "'%s' is none", bad[i]);
	bu_arena_free(&a);
}

/* "WORDS -> KEYWORD…": all that is offered, in any order. */
static void lines(void)
{
	static const struct { const char *line, *want; } tab[] = {
		{ "map update id 1 key 1 2 va", "value" },
		{ "map update id 1 key 1 2 value 3 ", "any exist noexist" },
		{ "m dump n", "name" },
		{ "prog dump xlated id 3 linum op", "opcodes" },
		{ "ver", "version" },
		{ "watch 2 map dum", "dump" },
		{ "watch 2 map dump n", "name" },
		{ "map create /x type hash name n key 4 en", "entries" },
		{ "prog he", "help" },
		{ "help wor", "world" },
	};
	char text[128], *words[32], *p, *save;
	const char *w, *list;
	struct bt t = { 0 };
	int n;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(tab); i++) {
		struct bu_buf out = { 0 };
		bool good = true;

		snprintf(text, sizeof(text), "%s", tab[i].line);
		n = 0;
		save = NULL;
		for (p = strtok_r(text, " ", &save); p; p = strtok_r(NULL, " ", &save))
			words[n++] = p;
		if (tab[i].line[strlen(tab[i].line) - 1] == ' ')
			words[n++] = (char *)"";
		bu_arena_init(&t.arena);
		bu_diags_init(&t.ds);
		bt_complete(&t, &out, n, words);
		list = bu_buf_cstr(&out);
		for (w = tab[i].want; *w; w += strcspn(w, " "), w += *w == ' ')
			good &= offers(list, w, strcspn(w, " "));
		if (!ok(good, "%s: %s", tab[i].line, tab[i].want))
			printf("# offered: %s\n", list);
		bu_buf_free(&out);
		bu_diags_free(&t.ds);
		bu_arena_free(&t.arena);
	}
}

int main(void)
{
	bad_grammars();
	rows();
	lines();
	return done_testing();
}
