// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Completion: which words may stand at the end of a line. What may stand there the grammars of cmd.def tell
 * (grammar.c); what is there, the sources here. However much a machine holds, no more is offered, and no longer looked
 * for, than a person waits for.
 */
#include <config.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "hooks.h"
#include "load/load.h"
#include "obj/obj.h"

#define MOST 1000u            /* candidates */
#define LONGEST 300000000u    /* ns that are spent on looking for them */
#define KEYS 64u              /* of a map */

typedef void offer_fn(struct bt *t, struct bu_buf *out, const char *last);

/* ---------------------------------------------------------------- sources */

static unsigned left;
static uint64_t until;

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Is it worth while to look for more? */
static bool more(void)
{
	return left && now() < until;
}

static void offer(struct bu_buf *out, const char *last, const char *word, const char *what)
{
	if (!left || strncmp(word, last, strlen(last)) || !*word)
		return;
	/* names of groups, devices and pins that would end the line, or go to a terminal as they are */
	for (const char *p = word; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return;
	bu_buf_printf(out, "%s\t%s\n", word, what);
	left--;
}

struct offering {
	struct bu_buf *out;
	const char *last;
	enum bu_objkind kind;
	enum { BY_ID, BY_NAME, BY_TAG } by;
};

static void offer_obj(struct bt *t, const struct offering *o, uint32_t id, int fd)
{
	struct bpf_prog_info pi = { 0 };
	struct bpf_map_info mi = { 0 };
	struct bpf_link_info li = { 0 };
	uint32_t size;
	const char *name = "";
	char text[32];
	int i;

	switch (o->kind) {
	case BU_PROG:
		if (bt_prog_info(t, fd, &pi, &name))
			return;
		break;
	case BU_MAP:
		size = sizeof(mi);
		if (!bu_sys_info(t->sys, fd, &mi, &size))
			name = bt_name16(t, mi.name);
		break;
	case BU_LINK:
		size = sizeof(li);
		if (!bu_sys_info(t->sys, fd, &li, &size))
			name = bt_kind(t, bu_link_types, bu_nlink_types, li.type);
		break;
	case BU_BTF:
		break;
	}
	name = bt_escz(t, name);
	switch (o->by) {
	case BY_NAME:
		/* a name with blanks or escapes could not be typed so; one that stands there already says nothing */
		if (*name && !strpbrk(name, " \\"))
			offer(o->out, o->last, name, "");
		return;
	case BY_TAG:
		for (i = 0; i < BPF_TAG_SIZE; i++)
			sprintf(text + 2 * i, "%02x", pi.tag[i]);
		break;
	case BY_ID:
		snprintf(text, sizeof(text), "%u", id);
		break;
	}
	offer(o->out, o->last, text, name);
}

static void offer_objs(struct bt *t, struct offering o)
{
	uint32_t id = 0;
	char text[16];
	int fd;

	if (!bt_open_backend(t))
		return;
	while (more() && !bu_sys_next_id(t->sys, o.kind, id, &id)) {
		snprintf(text, sizeof(text), "%u", id);
		if (o.by == BY_ID && strncmp(text, o.last, strlen(o.last)))
			continue;
		fd = bu_sys_fd_by_id(t->sys, o.kind, id, o.kind == BU_MAP ? BPF_F_RDONLY : 0);
		if (fd < 0)
			continue;
		offer_obj(t, &o, id, fd);
		t->sys->ops->close(t->sys, fd);
	}
}

/* Paths of pins of a kind; where there are none that fit, files. */
static bool offer_pin(void *ctx, enum bu_objkind kind, uint32_t id, const char *path)
{
	const struct offering *o = ctx;
	char text[16];

	snprintf(text, sizeof(text), "id %u", id);
	if (kind == o->kind && path && !strpbrk(path, "\t\n"))
		offer(o->out, o->last, path, text);
	return more();
}

static void offer_pins(struct bt *t, struct offering o)
{
	size_t before = o.out->n;

	if (bt_open_backend(t))
		t->sys->ops->pins(t->sys, offer_pin, &o);
	if (o.out->n == before)
		bu_buf_str(o.out, "\001file\n");
}

static void offer_prog_pin(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_pins(t, (struct offering){ .out = out, .last = last, .kind = BU_PROG });
}

static void offer_map_pin(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_pins(t, (struct offering){ .out = out, .last = last, .kind = BU_MAP });
}

static void offer_link_pin(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_pins(t, (struct offering){ .out = out, .last = last, .kind = BU_LINK });
}

static void offer_prog_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_PROG, BY_ID });
}

static void offer_prog_name(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_PROG, BY_NAME });
}

static void offer_prog_tag(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_PROG, BY_TAG });
}

static void offer_map_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_MAP, BY_ID });
}

static void offer_map_name(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_MAP, BY_NAME });
}

static void offer_link_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_LINK, BY_ID });
}

static void offer_btf_id(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_objs(t, (struct offering){ out, last, BU_BTF, BY_ID });
}

static void offer_map_type(struct bt *t, struct bu_buf *out, const char *last)
{
	unsigned i;

	(void)t;
	for (i = 0; i < bu_nmap_types; i++)
		if (bu_map_types[i].num)
			offer(out, last, bu_map_types[i].name, "");
}

static void offer_map_flags(struct bt *t, struct bu_buf *out, const char *last)
{
	const char *comma = strrchr(last, ','), *begin;
	const struct bt_map_flag *f;

	/* what stands before the last comma stays */
	begin = comma ? bu_arena_strndup(&t->arena, last, (size_t)(comma - last) + 1) : "";
	for (f = bt_map_flags; f->name && begin; f++) {
		const char *word = bu_arena_printf(&t->arena, "%s%s", begin, f->name);

		if (word)
			offer(out, last, word, "");
	}
}

/* Sections name types more precisely than the types' own names do. */
static void offer_prog_type(struct bt *t, struct bu_buf *out, const char *last)
{
	unsigned i;

	(void)t;
	for (i = 0; i < bu_nsecdefs; i++)
		offer(out, last, bu_secdefs[i].prefix, "");
}

struct names {
	struct bu_buf *out;
	const char *last;
};

static bool offer_name(void *ctx, const char *name)
{
	struct names *n = ctx;

	offer(n->out, n->last, name, "");
	return more();
}

static void offer_names(struct bt *t, struct bu_buf *out, const char *last, enum bu_names what)
{
	struct names n = { out, last };

	if (bt_open_backend(t) && t->sys->ops->names)
		t->sys->ops->names(t->sys, what, NULL, offer_name, &n);
}

static void offer_device(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_names(t, out, last, BU_NAMES_DEVICES);
}

static void offer_cgroup(struct bt *t, struct bu_buf *out, const char *last)
{
	if (*last == '/' || *last == '.')
		bu_buf_str(out, "\001dir\n");
	else
		offer_names(t, out, last, BU_NAMES_CGROUPS);
}

static void offer_cgroup_type(struct bt *t, struct bu_buf *out, const char *last)
{
	const char *w;

	(void)t;
	for (unsigned i = 0; (w = bt_cgroup_word(i)); i++)
		offer(out, last, w, "");
}

static void offer_object(struct bt *t, struct bu_buf *out, const char *last)
{
	const char **w = bt_words_at(t, bt_all_rows(), 0);

	for (; w && *w; w++)
		offer(out, last, *w, "");
}

static void offer_file(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t, (void)last;
	bu_buf_str(out, "\001file\n");
}

static void offer_dir(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t, (void)last;
	bu_buf_str(out, "\001dir\n");
}

/* ---------------------------------------------------------------- keys of the map on the line */

struct key {
	const uint8_t *p;
	size_t n;
};

/* A key as the words behind "key" may say it; before: those that are there. false: not so. */
static bool key_word(const struct key *k, int nbefore, char **before, char *text, size_t room)
{
	uint64_t v;
	size_t i;

	if (nbefore == 1 && !strcmp(before[0], "hex")) {
		for (i = 0; i < k->n && 2 * i + 3 < room; i++)
			sprintf(text + 2 * i, "%02x", k->p[i]);
		return i == k->n;
	}
	if (nbefore == 0 && (k->n == 2 || k->n == 4 || k->n == 8)) {
		v = k->n == 2 ? bu_get16(k->p, BU_HOST_BE) : k->n == 4 ? bu_get32(k->p, BU_HOST_BE) :
			bu_get64(k->p, BU_HOST_BE);
		snprintf(text, room, "%llu", (unsigned long long)v);
		return true;
	}
	/* byte by byte */
	if ((size_t)nbefore >= k->n)
		return false;
	for (i = 0; i < (size_t)nbefore; i++)
		if (bu_str_u64(bu_str_c(before[i]), &v, NULL) || v != k->p[i])
			return false;
	snprintf(text, room, "%u", k->p[nbefore]);
	return true;
}

static void offer_keys(struct bt *t, struct bu_buf *out, const char *last, int fd, int nbefore, char **before)
{
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi), i;
	char text[256], prev[256] = "";
	uint8_t *key, *next;
	struct key k;

	if (bu_sys_info(t->sys, fd, &mi, &size) || !mi.key_size || mi.key_size > 65536)
		return;
	key = bu_arena_alloc(&t->arena, mi.key_size);
	next = bu_arena_alloc(&t->arena, mi.key_size);
	for (i = 0; key && next && i < KEYS && more(); i++) {
		if (bu_sys_map_next_key(t->sys, fd, i ? key : NULL, next))
			return;
		memcpy(key, next, mi.key_size);
		k = (struct key){ key, mi.key_size };
		if (key_word(&k, nbefore, before, text, sizeof(text)) && strcmp(text, prev)) {
			offer(out, last, text, "");
			memcpy(prev, text, sizeof(prev));
		}
	}
}

/* Bytes of a key that is there; of values nothing is known. */
static void offer_byte(struct bt *t, struct bu_buf *out, const char *last)
{
	int n = t->nw - 1, at, words = t->nw;
	struct bt_obj map;

	for (at = n - 1; at > 0 && strcmp(t->w[at], "key") && strcmp(t->w[at], "value"); at--)
		;
	if (at <= 0 || strcmp(t->w[at], "key") || !bt_open_backend(t))
		return;
	t->i = 0;
	t->nw = at;
	if (!bt_handle(t, BU_MAP, BPF_F_RDONLY, &map)) {
		offer_keys(t, out, last, map.fd, n - at - 1, t->w + at + 1);
		bt_obj_close(t, &map);
	}
	t->nw = words;
}

/* ---------------------------------------------------------------- what object files hold */

enum part { PART_SECTION, PART_PROG, PART_MAP };

/* The object file on the line: its last word that is one. */
static void offer_part(struct bt *t, struct bu_buf *out, const char *last, enum part part)
{
	struct bu_obj obj;
	struct bu_diags ds;
	struct stat st;
	uint32_t i;
	int at;

	for (at = t->nw - 2; at >= 0; at--)
		if (!stat(t->w[at], &st) && S_ISREG(st.st_mode) && st.st_size > 64 && st.st_size < 64 << 20)
			break;
	if (at < 0)
		return;
	bu_diags_init(&ds);
	bu_obj_init(&obj);
	if (!bu_obj_read_file(&obj, t->w[at], &ds) && (part == PART_SECTION || !bu_obj_index(&obj, &ds))) {
		for (i = 0; part == PART_SECTION && i < obj.nsecs; i++)
			if (obj.secs[i].name)
				offer(out, last, bt_escz(t, obj.secs[i].name), "");
		for (i = 0; part == PART_PROG && i < obj.nprogs; i++)
			offer(out, last, bt_escz(t, obj.progs[i].name), "");
		for (i = 0; part == PART_MAP && i < obj.nmaps; i++)
			offer(out, last, bt_escz(t, obj.maps[i].name), "");
	}
	bu_obj_free(&obj);
	bu_diags_free(&ds);
}

static void offer_section(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_part(t, out, last, PART_SECTION);
}

static void offer_obj_prog(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_part(t, out, last, PART_PROG);
}

static void offer_obj_map(struct bt *t, struct bu_buf *out, const char *last)
{
	offer_part(t, out, last, PART_MAP);
}

/* ---------------------------------------------------------------- names of the kernel's interface */

static void offer_kinds(struct bu_buf *out, const char *last, const struct bu_kind *tab, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		offer(out, last, tab[i].name, "");
}

static void offer_attach_type(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t;
	offer_kinds(out, last, bu_attach_types, bu_nattach_types);
}

static void offer_helper(struct bt *t, struct bu_buf *out, const char *last)
{
	const struct bu_helper *h;

	(void)t;
	for (int i = 1; (h = bu_helper_by_id(i)); i++)
		offer(out, last, h->name, "");
}

static void offer_nothing(struct bt *t, struct bu_buf *out, const char *last)
{
	(void)t, (void)out, (void)last;
}

static offer_fn *const sources[] = {
#define PHRASE(name, grammar, help)
#define WORD(name, source) offer_##source,
#include "word.def"
#undef PHRASE
#undef WORD
};

const char *const bt_words[] = {
#define PHRASE(name, grammar, help)
#define WORD(name, source) #name,
#include "word.def"
#undef PHRASE
#undef WORD
	NULL,
};

/* ---------------------------------------------------------------- a line */

struct line {
	struct bt *t;
	struct bu_buf *out;
	const char *last;
	bool offered;        /* something, or a file */
};

static void offer_next(void *ctx, const char *kw, size_t n, int word)
{
	struct line *l = ctx;
	size_t before = l->out->n;
	char text[64];

	if (word >= 0) {
		sources[word](l->t, l->out, l->last);
	} else {
		snprintf(text, sizeof(text), "%.*s", (int)n, kw);
		offer(l->out, l->last, text, "");
	}
	l->offered |= l->out->n > before;
}

static bool is_on_line(const struct bt *t, const char *kw, size_t n)
{
	for (int i = 0; i + 1 < t->nw; i++)
		if (strlen(t->w[i]) == n && !strncmp(t->w[i], kw, n))
			return true;
	return false;
}

/* Where the words are no beginning of the arguments (they may come in another order), each keyword that is not there. */
static bool offer_rest(void *ctx, const struct bt_way *way)
{
	struct line *l = ctx;
	char text[64];

	snprintf(text, sizeof(text), "%.*s", (int)way->kw_n, way->kw);
	if (*l->last && !is_on_line(l->t, way->kw, way->kw_n) && !strstr(bu_buf_cstr(l->out), text))
		offer(l->out, l->last, text, "");
	return true;
}

/* The arguments of a command: n words, of which the last is not yet complete. */
static void complete_args(struct line *l, const char *text, int n, char **words)
{
	const struct bt_grammar *g = bt_grammar(&l->t->arena, text);

	if (!g)
		return;
	l->t->w = words;
	l->t->nw = n;
	bt_grammar_next(g, n - 1, words, offer_next, l);
	if (!l->offered)
		bt_grammar_each(g, offer_rest, l);
}

/* n words without options, of which the last is not yet complete. */
static void complete_command(struct line *l, int n, char **words)
{
	struct bt_rows r = bt_all_rows(), next, end;
	const char **w;
	int at;

	for (at = 0;; at++) {
		/* rows that end here stand before those that go on, or are alone */
		for (end = r, end.last = r.first; end.last < r.last && !bt_path_word(end.last->path, at); end.last++)
			;
		next = r;
		if (at == n - 1 || !bt_narrow(&next, at, words[at]))
			break;
		r = next;
	}
	if (at == n - 1)
		for (w = bt_words_at(l->t, r, at); w && *w; w++) {
			next = r;
			bt_narrow(&next, at, *w);
			offer(l->out, l->last, *w, bt_path_word(next.first->path, at + 1) ? "" : next.first->summary);
		}
	if (at == 1 && n == 2)
		offer(l->out, l->last, "help", "");
	if (end.first < end.last && !strcmp(end.first->path, "watch")) {
		/* a command of its own behind the time */
		at += at < n - 1 && isdigit((unsigned char)*words[at]);
		complete_command(l, n - at, words + at);
		return;
	}
	for (; end.first < end.last; end.first++)
		if (end.first + 1 == end.last || strcmp(end.first->args, end.first[1].args))
			complete_args(l, end.first->args, n - at, words + at);
}

void bt_complete_asm(struct bu_buf *out, const char *last)
{
	static const char *const words[] = { "call", "exit", "goto", "if", "end", ".map", ".license", ".section", "lock",
					     NULL };

	left = MOST;
	until = now() + LONGEST;
	for (unsigned i = 0; words[i]; i++)
		offer(out, last, words[i], "");
	offer_helper(NULL, out, last);
}

static const struct bu_opt *option_of(const char *word)
{
	const struct bu_opt *o, *hit = NULL;
	size_t n = strcspn(word + 2 * (word[1] == '-'), "=");

	for (o = bt_opts; o->id; o++) {
		if (word[1] == '-' ? o->name && !strncmp(o->name, word + 2, n) : o->letter == word[1])
			hit = !hit || (o->name && strlen(o->name) == n) ? o : hit;
	}
	return hit;
}

/* Whose objects are completed. */
static void meant(struct bt *t, const char *word, const char *arg)
{
	const char *eq = strchr(word, '=');

	if (!strcmp(word, "--vm"))
		t->backend = BU_BACKEND_VM;
	else if (!strncmp(word, "--backend", 9))
		bu_backend_parse(eq ? eq + 1 : arg, &t->backend);
}

void bt_complete(struct bt *t, struct bu_buf *out, int n, char **words)
{
	char **ops = bu_arena_array(&t->arena, (size_t)n + 2, sizeof(*ops));
	struct line l = { .t = t, .out = out, .last = n ? words[n - 1] : "" };
	const struct bu_opt *o = NULL;
	int i, k = 0;

	left = MOST;
	until = now() + LONGEST;
	if (!ops)
		return;
	for (i = 0; i + 1 < n; i++) {
		if (words[i][0] != '-' || isdigit((unsigned char)words[i][1])) {
			ops[k++] = words[i];
			continue;
		}
		o = option_of(words[i]);
		meant(t, words[i], i + 2 < n ? words[i + 1] : "");
		/* its argument */
		if (o && o->arg && *o->arg != '[' && !strchr(words[i], '=') && i + 2 < n)
			i++;
		else if (o && o->arg && *o->arg != '[' && !strchr(words[i], '='))
			break;
		o = NULL;
	}
	if (o || *l.last == '-') {
		bu_opt_complete(out, bt_opts, bt_cmds, n, words, NULL);
		return;
	}
	ops[k++] = (char *)l.last;
	complete_command(&l, k, ops);
}
