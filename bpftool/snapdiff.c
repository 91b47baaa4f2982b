// SPDX-License-Identifier: GPL-2.0-or-later
/* What differs between two snapshots. */
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

struct diff {
	struct bt *t;
	struct bt_snapshot a, b;
	bool any;
};

static const char *const nouns[BT_SNAP_LISTS] = { "prog", "map", "link", "attached" };

/* ---------------------------------------------------------------- one row */

/* Times of loading are counted back from now, and may be a second off. */
static bool same_time(struct bu_str a, struct bu_str b)
{
	uint64_t x, y;

	if (bu_str_u64(a, &x, NULL) || bu_str_u64(b, &y, NULL))
		return a.n == b.n;
	return x - y + 2 <= 4;
}

/* The same object at two times, or two that happen to have the same id? */
static bool same_object(const struct bt_snaprow *a, const struct bt_snaprow *b)
{
	return bu_json_same(a->type, b->type) && bu_json_same(a->name, b->name) && bu_json_same(a->tag, b->tag) &&
	       same_time(a->loaded_at, b->loaded_at);
}

static void put_raw(struct bu_out *o, const char *key, struct bu_str raw)
{
	if (!raw.p) {
		bu_out_null(o, key);
		return;
	}
	bu_out_raw(o, key, "", NULL);
	bu_buf_add(&o->buf, raw.p, raw.n);
}

/* Passes the members of a row but for its elements, which may be many. */
static void put_row(struct bt *t, const struct bt_snaprow *row)
{
	struct bu_buf key = { 0 };
	struct bu_json j;
	struct bu_str raw = { 0 };

	bu_json_init(&j, row->raw);
	bu_out_obj(&t->out, NULL);
	for (bu_json_obj(&j); bu_json_key(&j, &key);) {
		bu_json_skip(&j, &raw);
		if (strcmp(bu_buf_cstr(&key), "elements") != 0)
			put_raw(&t->out, bu_buf_cstr(&key), raw);
	}
	bu_out_obj_end(&t->out);
	bu_buf_free(&key);
}

static void say_row(struct diff *d, int list, const struct bt_snaprow *row, const char *mark)
{
	struct bt *t = d->t;

	d->any = true;
	if (t->json) {
		put_row(t, row);
		return;
	}
	if (list == BT_SNAP_ATTACHMENTS) {
		bu_out_text(&t->out, "%s %s %s\n", mark, nouns[list], bt_esc(t, row->raw.p, row->raw.n));
		return;
	}
	bu_out_text(&t->out, "%s %s %u: %s", mark, nouns[list], row->id, bt_snapshot_text(t, row->type));
	if (row->name.p)
		bu_out_text(&t->out, "  name %s", bt_snapshot_text(t, row->name));
	if (row->tag.p)
		bu_out_text(&t->out, "  tag %s", bt_snapshot_text(t, row->tag));
	bu_out_text(&t->out, "\n");
}

/* ---------------------------------------------------------------- what changed in a row */

/* A member of a row by its name; .p NULL: it has none of that name. */
static struct bu_str member(struct bu_str row, const char *name)
{
	struct bu_buf key = { 0 };
	struct bu_str raw = { 0 };
	struct bu_json j;
	bool found = false;

	bu_json_init(&j, row);
	for (bu_json_obj(&j); !found && bu_json_key(&j, &key);)
		found = bu_json_skip(&j, &raw) && !strcmp(bu_buf_cstr(&key), name);
	bu_buf_free(&key);
	return found ? raw : (struct bu_str){ 0 };
}

struct changes {
	struct bt *t;
	const struct bt_snaprow *row;
	const char *noun;
	unsigned n;
};

/* Begins with the first change. */
static void begin(struct changes *c)
{
	struct bt *t = c->t;

	if (c->n++) {
		bu_out_text(&t->out, ",");
		return;
	}
	bu_out_obj(&t->out, NULL);
	bu_out_uint(&t->out, "id", c->row->id, "~ %s %u:", c->noun, c->row->id);
	if (c->row->name.p) {
		if (t->json)
			put_raw(&t->out, "name", c->row->name);
		bu_out_text(&t->out, " name %s ", bt_snapshot_text(t, c->row->name));
	}
	bu_out_obj(&t->out, "changes");
}

static void change(struct changes *c, const char *key, struct bu_str was, struct bu_str is)
{
	struct bt *t = c->t;

	begin(c);
	if (t->json) {
		bu_out_arr(&t->out, key);
		put_raw(&t->out, NULL, was);
		put_raw(&t->out, NULL, is);
		bu_out_arr_end(&t->out);
		return;
	}
	bu_out_text(&t->out, " %s %s -> %s", bt_escz(t, key), was.p ? bt_esc(t, was.p, was.n) : "none",
		    is.p ? bt_esc(t, is.p, is.n) : "none");
}

/* "k" and "v" of an element. */
static bool pair(struct bu_json *j, struct bu_str *k, struct bu_str *v, struct bu_buf *key)
{
	struct bu_str raw;

	*k = *v = (struct bu_str){ 0 };
	for (bu_json_obj(j); bu_json_key(j, key);) {
		if (!bu_json_skip(j, &raw))
			return false;
		if (!strcmp(bu_buf_cstr(key), "k"))
			*k = raw;
		else if (!strcmp(bu_buf_cstr(key), "v"))
			*v = raw;
	}
	return !j->error && k->p && v->p;
}

struct value { struct bu_str v; };

/* How many elements differ: of the keys of a, which b has and how. -ENOMEM. */
static int elements(struct bt *t, struct bu_str a, struct bu_str b, uint64_t *added, uint64_t *removed,
		    uint64_t *changed)
{
	struct bu_hash h = { 0 };
	struct bu_buf key = { 0 };
	struct bu_str k, v;
	struct bu_json j;
	struct value *have;
	uint64_t found = 0, all = 0;
	int err = 0;

	*added = *removed = *changed = 0;
	bu_json_init(&j, a);
	bu_json_arr(&j);
	while (!err && bu_json_elem(&j) && pair(&j, &k, &v, &key)) {
		if (bu_hash_get(&h, k.p, k.n))
			continue;
		have = bu_arena_memdup(&t->arena, &(struct value){ v }, sizeof(*have));
		err = have ? bu_hash_put(&h, k.p, k.n, have) : -ENOMEM;
		all++;
	}
	bu_json_init(&j, b);
	bu_json_arr(&j);
	while (!err && bu_json_elem(&j) && pair(&j, &k, &v, &key)) {
		have = bu_hash_get(&h, k.p, k.n);
		if (!have) {
			++*added;
			continue;
		}
		found++;
		if (!bu_json_same(have->v, v))
			++*changed;
	}
	*removed = all > found ? all - found : 0;
	bu_hash_free(&h);
	bu_buf_free(&key);
	return err;
}

static void compare_elements(struct changes *c, const struct bt_snaprow *a, const struct bt_snaprow *b)
{
	struct bt *t = c->t;
	uint64_t added, removed, changed;

	/* of a map that is too large it is not known which ones are missing */
	if (!a->elements.p || !b->elements.p || a->cut || b->cut || (a->elements.n == b->elements.n &&
						  !memcmp(a->elements.p, b->elements.p, a->elements.n)))
		return;
	if (elements(t, a->elements, b->elements, &added, &removed, &changed)) {
		bt_error(t, "U0003", "out of memory");
		return;
	}
	if (!added && !removed && !changed)
		return;
	begin(c);
	bu_out_obj(&t->out, "elements");
	bu_out_uint(&t->out, "added", added, " elements: %llu added", (unsigned long long)added);
	bu_out_uint(&t->out, "removed", removed, ", %llu removed", (unsigned long long)removed);
	bu_out_uint(&t->out, "changed", changed, ", %llu changed", (unsigned long long)changed);
	bu_out_obj_end(&t->out);
}

static void compare_row(struct diff *d, int list, const struct bt_snaprow *a, const struct bt_snaprow *b)
{
	struct changes c = { .t = d->t, .row = b, .noun = nouns[list] };
	struct bu_buf key = { 0 };
	struct bu_str is = { 0 }, was;
	struct bu_json j;

	bu_json_init(&j, b->raw);
	for (bu_json_obj(&j); bu_json_key(&j, &key);) {
		const char *k = bu_buf_cstr(&key);

		bu_json_skip(&j, &is);
		if (!strcmp(k, "elements") || !strcmp(k, "loaded_at"))
			continue;
		was = member(a->raw, k);
		if (!was.p || !bu_json_same(was, is))
			change(&c, k, was, is);
	}
	bu_json_init(&j, a->raw);
	for (bu_json_obj(&j); bu_json_key(&j, &key);) {
		bu_json_skip(&j, &was);
		if (strcmp(bu_buf_cstr(&key), "elements") != 0 && !member(b->raw, bu_buf_cstr(&key)).p)
			change(&c, bu_buf_cstr(&key), was, (struct bu_str){ 0 });
	}
	compare_elements(&c, a, b);
	bu_buf_free(&key);
	if (!c.n)
		return;
	d->any = true;
	bu_out_obj_end(&d->t->out);
	bu_out_obj_end(&d->t->out);
	bu_out_text(&d->t->out, "\n");
}

/* ---------------------------------------------------------------- lists */

static int by_id(const void *va, const void *vb)
{
	const struct bt_snaprow *a = va, *b = vb;

	return a->id < b->id ? -1 : a->id > b->id;
}

static void sort_rows(struct bt_snaprows *rows)
{
	if (rows->n)
		qsort(rows->v, rows->n, sizeof(*rows->v), by_id);
}

enum { REMOVED = 1, ADDED = 2, CHANGED = 4 };

static void compare_objects(struct diff *d, int list, int what)
{
	struct bt_snaprows *a = &d->a.list[list], *b = &d->b.list[list];
	size_t i = 0, k = 0;
	int c;

	while (i < a->n || k < b->n) {
		const struct bt_snaprow *x = i < a->n ? &a->v[i] : NULL, *y = k < b->n ? &b->v[k] : NULL;

		c = !x ? 1 : !y ? -1 : x->id < y->id ? -1 : x->id > y->id;
		i += c <= 0;
		k += c >= 0;
		if (!c && same_object(x, y)) {
			if (what & CHANGED)
				compare_row(d, list, x, y);
			continue;
		}
		if (c <= 0 && (what & REMOVED))
			say_row(d, list, x, "-");
		if (c >= 0 && (what & ADDED))
			say_row(d, list, y, "+");
	}
}

/* Attachments have no id: each is there or is not. */
static void mark_same(struct bt_snaprows *a, struct bt_snaprows *b)
{
	struct bu_hash h = { 0 };
	struct bt_snaprow *r;

	for (size_t i = 0; i < a->n; i++)
		bu_hash_put(&h, a->v[i].raw.p, a->v[i].raw.n, &a->v[i]);
	for (size_t i = 0; i < b->n; i++) {
		r = bu_hash_get(&h, b->v[i].raw.p, b->v[i].raw.n);
		if (r)
			r->same = b->v[i].same = true;
	}
	bu_hash_free(&h);
}

static void compare_attachments(struct diff *d, int what)
{
	struct bt_snaprows *a = &d->a.list[BT_SNAP_ATTACHMENTS], *b = &d->b.list[BT_SNAP_ATTACHMENTS];

	for (size_t i = 0; i < a->n && (what & REMOVED); i++)
		if (!a->v[i].same)
			say_row(d, BT_SNAP_ATTACHMENTS, &a->v[i], "-");
	for (size_t i = 0; i < b->n && (what & ADDED); i++)
		if (!b->v[i].same)
			say_row(d, BT_SNAP_ATTACHMENTS, &b->v[i], "+");
}

static void compare_list(struct diff *d, int list, int what)
{
	if (list == BT_SNAP_ATTACHMENTS)
		compare_attachments(d, what);
	else
		compare_objects(d, list, what);
}

static void compare_all(struct diff *d)
{
	static const struct { const char *key; int what; } kinds[] = {
		{ "added", ADDED }, { "removed", REMOVED }, { "changed", CHANGED },
	};
	struct bu_out *o = &d->t->out;

	mark_same(&d->a.list[BT_SNAP_ATTACHMENTS], &d->b.list[BT_SNAP_ATTACHMENTS]);
	bu_out_obj(o, d->t->key);
	for (int list = 0; list < BT_SNAP_LISTS; list++) {
		if (list != BT_SNAP_ATTACHMENTS) {
			sort_rows(&d->a.list[list]);
			sort_rows(&d->b.list[list]);
		}
		if (!d->t->json) {
			compare_list(d, list, ADDED | REMOVED | CHANGED);
			continue;
		}
		bu_out_obj(o, bt_snapshot_lists[list]);
		for (size_t k = 0; k < BU_ARRAY_SIZE(kinds); k++) {
			bu_out_arr(o, kinds[k].key);
			compare_list(d, list, kinds[k].what);
			bu_out_arr_end(o);
		}
		bu_out_obj_end(o);
	}
	bu_out_obj_end(o);
}

int bt_snapshot_diff(struct bt *t)
{
	struct diff d = { .t = t };
	const char *first = bt_next(t), *second = bt_next(t);
	int st = first ? bt_end(t) : bt_usage(t, NULL, NULL, "'snapshot diff' wants one file or two");

	if (!st)
		st = bt_snapshot_read(t, first, 0, &d.a);
	if (!st)
		st = bt_snapshot_read(t, second, (size_t)d.a.limit, &d.b);
	if (!st && !bu_json_same(d.a.backend, d.b.backend))
		st = bt_error(t, "T0141", "%s is of another backend than %s", d.a.name, d.b.name);
	if (!st) {
		bt_begin(t);
		compare_all(&d);
		st = d.any || t->ds.errors ? BU_EXIT_FAIL : 0;
	}
	bt_snapshot_free(&d.a);
	bt_snapshot_free(&d.b);
	return st;
}
