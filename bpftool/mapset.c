// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps as a whole: filled from a file, compared. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int bt_map_load(struct bt *t)
{
	struct bt_elems e = { 0 };
	struct bt_map m = { 0 };
	struct bt_obj o;
	const char *path;
	bool exact;
	int st = bt_handle(t, BU_MAP, 0, &o);

	if (st)
		return st;
	path = bt_next(t);
	exact = path && bt_kw(t, "exact");
	st = path ? bt_end(t) : bt_usage(t, NULL, NULL, "'map load' wants a file after the map, or - for standard input");
	if (!st)
		st = bt_map_open(t, &m, o.fd);
	if (!st)
		st = bt_elems_file(t, &m, path, &e);
	if (!st)
		st = bt_elems_check(t, &m, &e);
	if (!st)
		st = bt_elems_write(t, &m, &e, exact);
	bt_elems_free(&e);
	bt_map_done(&m);
	bt_obj_close(t, &o);
	return st;
}

/* ---------------------------------------------------------------- diff */

/* One of the two that are compared. */
struct side {
	struct bt_obj o;
	struct bt_map m;
	struct bt_elems e;
	uint32_t *order;
};

/* What bt_put_elem prints, each line behind a mark. */
static void put_marked(struct bt *t, struct bt_map *m, const struct bt_elems *e, uint32_t i, const char *mark)
{
	struct bu_buf keep = t->out.buf, text;
	const uint8_t *p, *end, *nl;

	t->out.buf = (struct bu_buf){ 0 };
	m->depth = 0;
	bt_put_elem(t, m, NULL, bt_elem_key(m, e, i), bt_elem_value(m, e, i), 0);
	text = t->out.buf;
	t->out.buf = keep;
	for (p = text.p, end = text.p + text.n; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			nl = end;
		bu_buf_str(&t->out.buf, mark);
		bu_buf_add(&t->out.buf, p, (size_t)(nl - p));
		bu_buf_char(&t->out.buf, '\n');
	}
	bu_buf_free(&text);
	if (t->out.buf.n >= 256u << 10)
		bu_out_flush(&t->out);
}

static void put_elem(struct bt *t, const char *key, struct bt_map *m, const struct bt_elems *e, uint32_t i,
		     const char *mark)
{
	if (t->json)
		bt_put_elem(t, m, key, bt_elem_key(m, e, i), bt_elem_value(m, e, i), 0);
	else
		put_marked(t, m, e, i, mark);
}

enum { REMOVED = 1, ADDED = 2, CHANGED = 4 };

/* Calls for each key that differs, in order of keys; what: the kinds that are wanted. Their number. */
static uint64_t compare(struct bt *t, struct side *a, struct side *b, int what)
{
	struct bt_map *m = &a->m;
	size_t i = 0, k = 0;
	uint64_t n = 0;
	int c, is;

	while (i < a->e.n || k < b->e.n) {
		uint32_t x = i < a->e.n ? a->order[i] : 0, y = k < b->e.n ? b->order[k] : 0;

		c = i == a->e.n ? 1 : k == b->e.n ? -1 :
		    bt_elem_compare(m, bt_elem_key(m, &a->e, x), bt_elem_key(m, &b->e, y));
		i += c <= 0;
		k += c >= 0;
		is = c < 0 ? REMOVED : c > 0 ? ADDED :
		     memcmp(bt_elem_value(m, &a->e, x), bt_elem_value(m, &b->e, y), m->vsize) ? CHANGED : 0;
		if (!(is & what))
			continue;
		n++;
		if (t->json && is == CHANGED)
			bu_out_obj(&t->out, NULL);
		if (is != ADDED)
			put_elem(t, is == CHANGED ? "old" : NULL, m, &a->e, x, "- ");
		if (is != REMOVED)
			put_elem(t, is == CHANGED ? "new" : NULL, m, &b->e, y, "+ ");
		if (t->json && is == CHANGED)
			bu_out_obj_end(&t->out);
	}
	return n;
}

static int open_side(struct bt *t, struct side *s)
{
	int st = bt_handle(t, BU_MAP, BPF_F_RDONLY, &s->o);

	return st ? st : bt_map_open(t, &s->m, s->o.fd);
}

static int read_sides(struct bt *t, struct side *a, struct side *b, const char *file)
{
	const struct bpf_map_info *x = &a->m.info, *y = &b->m.info;
	int st;

	if (!file && (x->key_size != y->key_size || x->value_size != y->value_size || a->m.vsize != b->m.vsize))
		return bt_error(t, "T0140", "map %u has keys and values of %u and %u bytes%s, map %u of %u and %u%s", x->id,
				x->key_size, x->value_size, a->m.percpu ? " for each CPU" : "", y->id, y->key_size,
				y->value_size, b->m.percpu ? " for each CPU" : "");
	if (!x->key_size)
		return bt_error(t, "T0105", "elements of map %u have no key, and no two of them can be compared", x->id);
	st = bt_elems_read(t, &a->m, &a->e);
	if (!st)
		st = file ? bt_elems_file(t, &a->m, file, &b->e) : bt_elems_read(t, &b->m, &b->e);
	if (st)
		return st;
	a->order = bt_elems_sort(t, &a->m, &a->e);
	b->order = bt_elems_sort(t, &a->m, &b->e);
	return a->order && b->order ? 0 : bt_refused(t, -1, -ENOMEM, "cannot hold the elements of map %u", x->id);
}

int bt_map_diff(struct bt *t)
{
	struct side a = { .o.fd = -1 }, b = { .o.fd = -1 };
	const char *file = NULL;
	uint64_t n;
	int st = open_side(t, &a);

	if (!st && bt_kw(t, "file")) {
		file = bt_next(t);
		st = file ? 0 : bt_usage(t, NULL, NULL, "'file' wants a path");
	} else if (!st) {
		st = open_side(t, &b);
	}
	if (!st)
		st = bt_end(t);
	if (!st)
		st = read_sides(t, &a, &b, file);
	if (st)
		goto out;
	bt_begin(t);
	if (t->json) {
		bu_out_obj(&t->out, t->key);
		bu_out_arr(&t->out, "removed");
		n = compare(t, &a, &b, REMOVED);
		bu_out_arr_end(&t->out);
		bu_out_arr(&t->out, "added");
		n += compare(t, &a, &b, ADDED);
		bu_out_arr_end(&t->out);
		bu_out_arr(&t->out, "changed");
		n += compare(t, &a, &b, CHANGED);
		bu_out_arr_end(&t->out);
		bu_out_obj_end(&t->out);
	} else {
		n = compare(t, &a, &b, REMOVED | ADDED | CHANGED);
	}
	st = n ? BU_EXIT_FAIL : 0;
out:
	bt_elems_free(&a.e);
	bt_elems_free(&b.e);
	bt_map_done(&a.m);
	bt_map_done(&b.m);
	bt_obj_close(t, &a.o);
	bt_obj_close(t, &b.o);
	return st;
}
