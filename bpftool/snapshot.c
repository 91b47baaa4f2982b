// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots: writing one of what is there, reading one. */
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "snapshot.h"

const char *const bt_snapshot_lists[BT_SNAP_LISTS] = { "programs", "maps", "links", "attachments" };

/* ---------------------------------------------------------------- writing */

struct writer {
	struct bt *t;
	struct bu_out out;
	size_t limit;
	bool queues;
};

static int into_buf(void *ctx, const void *p, size_t n)
{
	return bu_buf_add(ctx, p, n);
}

/* Says an error of other diagnostics once more. */
static int again(struct bt *t, const struct bu_diag *from)
{
	struct bu_diag *d = bu_diag(&t->ds, BU_ERROR, from ? from->code : "U0003", "%s", from ? from->text : "out of memory");

	for (unsigned i = 0; from && i < from->nremarks; i++)
		(from->remark[i].help ? bu_diag_help : bu_diag_note)(&t->ds, d, "%s", from->remark[i].text);
	return BU_EXIT_FAIL;
}

/* Runs a listing; its JSON goes to text. Status, said why. */
static int capture(struct bt *t, bt_fn *fn, struct bu_buf *text)
{
	struct bt was = *t;
	struct bu_diags said;
	int st;

	/* what is said of an empty list is of no interest here */
	bu_diags_init(&t->ds);
	bu_out_init(&t->out, into_buf, text);
	t->out.json = t->json = t->pins = true;
	t->pretty = t->began = false;
	t->nw = t->i = 0;
	t->key = NULL;
	st = fn(t);
	if (t->began)
		st = 0; /* an object that cannot be read has an error in its row */
	said = t->ds;
	t->ds = was.ds;
	if (bu_out_finish(&t->out) || text->failed)
		st = bt_refused(t, -1, -ENOMEM, "cannot list what is there");
	else if (st)
		again(t, said.last);
	bu_diags_free(&said);
	t->out = was.out;
	t->json = was.json;
	t->pins = was.pins;
	t->pretty = was.pretty;
	t->began = was.began;
	t->w = was.w;
	t->nw = was.nw;
	t->i = was.i;
	t->key = was.key;
	return st;
}

static void put_raw(struct bu_out *o, const char *key, struct bu_str raw)
{
	bu_out_raw(o, key, "", NULL);
	bu_buf_add(&o->buf, raw.p, raw.n);
}

static void put_hex(struct bu_buf *b, const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *o = bu_buf_room(b, 2 * n + 2);

	if (!o)
		return;
	*o++ = '"';
	for (size_t i = 0; i < n; i++) {
		*o++ = (uint8_t)digits[p[i] >> 4];
		*o++ = (uint8_t)digits[p[i] & 15];
	}
	*o = '"';
	b->n += 2 * n + 2;
}

static void put_elems(struct writer *w, const struct bt_map *m, const struct bt_elems *e, const uint32_t *order)
{
	struct bu_buf *b = &w->out.buf;

	bu_out_raw(&w->out, "elements", "", NULL);
	for (size_t i = 0; i < e->n; i++) {
		bu_buf_str(b, i ? ",{\"k\":" : "[{\"k\":");
		put_hex(b, bt_elem_key(m, e, order[i]), m->info.key_size);
		bu_buf_str(b, m->percpu ? ",\"v\":[" : ",\"v\":");
		for (unsigned c = 0; c < m->ncpus; c++) {
			if (c)
				bu_buf_char(b, ',');
			put_hex(b, bt_elem_value(m, e, order[i]) + c * m->stride, m->info.value_size);
		}
		bu_buf_str(b, m->percpu ? "]}" : "}");
		if (b->n > 256u << 10)
			bu_out_flush(&w->out);
	}
	bu_buf_str(b, e->n ? "]" : "[]");
}

/* Elements of a map, or why there are none. */
static void put_contents(struct writer *w, uint32_t id)
{
	struct bt *t = w->t;
	struct bu_diags keep = t->ds;
	struct bt_elems e = { .limit = w->limit };
	struct bt_map m = { 0 };
	uint32_t *order = NULL;
	int st = BU_EXIT_FAIL, fd = bu_sys_fd_by_id(t->sys, BU_MAP, id, BPF_F_RDONLY);

	bu_diags_init(&t->ds);
	if (fd < 0)
		bt_refused(t, -1, fd, "cannot open map %u", id);
	else
		st = bt_map_open(t, &m, fd);
	if (!st && w->queues && bt_is_queue(&m)) {
		t->sys->ops->close(t->sys, fd);
		m.fd = fd = bu_sys_fd_by_id(t->sys, BU_MAP, id, 0);
		st = fd < 0 ? bt_refused(t, -1, fd, "cannot open map %u", id) : bt_queue_read(t, &m, &e);
	} else if (!st) {
		st = bt_elems_read(t, &m, &e);
	}
	if (!st && e.cut && e.n > w->limit / (m.info.key_size + m.vsize))
		e.n = w->limit / (m.info.key_size + m.vsize);
	if (!st) {
		order = bt_elems_sort(t, &m, &e);
		if (!order)
			st = bt_error(t, "U0003", "out of memory");
	}
	if (!st && e.unreadable && !e.n)
		bu_out_str(&w->out, "not_read", "its values cannot be read", SIZE_MAX, NULL);
	else if (!st)
		put_elems(w, &m, &e, order);
	else
		bu_out_str(&w->out, "not_read", t->ds.last ? t->ds.last->text : "unknown", SIZE_MAX, NULL);
	if (!st && e.cut)
		bu_out_bool(&w->out, "cut", true, NULL);
	bu_diags_free(&t->ds);
	t->ds = keep;
	bt_elems_free(&e);
	bt_map_done(&m);
	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
}

/* Rows of a listing without what changes by itself. */
static int put_rows(struct writer *w, const char *list, bt_fn *fn, bool maps)
{
	struct bu_buf text = { 0 }, key = { 0 };
	struct bu_json j;
	struct bu_str raw;
	uint64_t id;
	int st = capture(w->t, fn, &text);

	if (st)
		goto out;
	bu_out_arr(&w->out, list);
	bu_json_init(&j, bu_str((char *)text.p, text.n));
	bu_json_arr(&j);
	while (bu_json_elem(&j) && !w->out.err) {
		bu_buf_char(&w->out.buf, '\n');
		bu_out_obj(&w->out, NULL);
		id = 0;
		for (bu_json_obj(&j); bu_json_key(&j, &key);) {
			const char *k = bu_buf_cstr(&key);

			bu_json_skip(&j, &raw);
			if (!strcmp(k, "id"))
				bu_str_u64(raw, &id, NULL);
			if (!j.error && strcmp(k, "pids") != 0)
				put_raw(&w->out, k, raw);
		}
		if (maps && id)
			put_contents(w, (uint32_t)id);
		bu_out_obj_end(&w->out);
	}
	bu_out_arr_end(&w->out);
	if (j.error)
		st = bt_error(w->t, "U0003", "the listing of %s is damaged: %s", list, j.error);
out:
	bu_buf_free(&text);
	bu_buf_free(&key);
	return st;
}

static void put_id(struct bu_out *o, const char *key, uint32_t id)
{
	if (id)
		bu_out_uint(o, key, id, NULL);
}

static int put_attachments(struct writer *w)
{
	struct bt_graph g = { .t = w->t };
	struct bt_attaches all = { 0 };
	struct bu_out *o = &w->out;
	int st = bt_graph_read(w->t, &g);

	if (!st)
		st = bt_attached(&g, &all);
	if (st)
		return st;
	bu_out_arr(o, "attachments");
	for (size_t i = 0; i < all.n; i++) {
		const struct bt_attach *a = &all.v[i];

		bu_buf_char(&o->buf, '\n');
		bu_out_obj(o, NULL);
		bu_out_str(o, "hook", a->hook, SIZE_MAX, NULL);
		bu_out_str(o, "place", a->place, SIZE_MAX, NULL);
		bu_out_str(o, "how", a->how, SIZE_MAX, NULL);
		if (a->netns)
			bu_out_str(o, "netns", a->netns, SIZE_MAX, NULL);
		put_id(o, "prog_id", a->prog_id);
		put_id(o, "link_id", a->link_id);
		put_id(o, "map_id", a->map_id);
		if (a->note)
			bu_out_str(o, "note", a->note, SIZE_MAX, NULL);
		bu_out_obj_end(o);
	}
	bu_out_arr_end(o);
	return 0;
}

int bt_snapshot_write(struct bt *t, int (*write)(void *ctx, const void *p, size_t n), void *ctx, size_t limit,
		      bool queues)
{
	struct writer w = { .t = t, .limit = limit, .queues = queues };
	int st, err;

	bu_out_init(&w.out, write, ctx);
	w.out.json = true;
	bu_out_obj(&w.out, NULL);
	bu_out_uint(&w.out, "bpfutils_snapshot", BT_SNAPSHOT_VERSION, NULL);
	bu_out_str(&w.out, "backend", t->sys->ops->name, SIZE_MAX, NULL);
	bu_out_uint(&w.out, "limit", limit, NULL);
	bu_buf_char(&w.out.buf, '\n');
	st = put_rows(&w, "programs", bt_prog_show, false);
	bu_buf_char(&w.out.buf, '\n');
	if (!st)
		st = put_rows(&w, "maps", bt_map_show, true);
	bu_buf_char(&w.out.buf, '\n');
	if (!st)
		st = put_rows(&w, "links", bt_link_show, false);
	bu_buf_char(&w.out.buf, '\n');
	if (!st)
		st = put_attachments(&w);
	bu_out_obj_end(&w.out);
	err = bu_out_finish(&w.out);
	if (!st && err)
		st = bt_refused(t, -1, err, "cannot write the snapshot");
	return st;
}

/* ---------------------------------------------------------------- reading */

static int broken(struct bt *t, const struct bt_snapshot *s, const struct bu_json *j, size_t at, const char *why)
{
	uint32_t line, col;
	struct bu_diag *d = bu_diag(&t->ds, BU_ERROR, "T0141", "this is no snapshot: %s", why);

	line = bu_json_line(j, at, &col);
	bu_diag_span(&t->ds, d, s->name, line, col, 1, (struct bu_str){ 0 }, NULL);
	return BU_EXIT_FAIL;
}

/* One row: an object, whose members of these names are kept as they stand. */
static void read_row(struct bu_json *j, struct bt_snaprow *row, struct bu_buf *key)
{
	const struct { const char *name; struct bu_str *to; } texts[] = {
		{ "type", &row->type }, { "name", &row->name }, { "tag", &row->tag }, { "loaded_at", &row->loaded_at },
		{ "pinned", &row->pinned }, { "elements", &row->elements }, { "not_read", &row->not_read },
	};
	struct bu_json all = *j;
	uint64_t v;

	if (!bu_json_skip(&all, &row->raw)) {
		*j = all;
		return;
	}
	for (bu_json_obj(j); bu_json_key(j, key);) {
		const char *k = bu_buf_cstr(key);
		struct bu_str raw = { 0 };

		bu_json_skip(j, &raw);
		for (size_t i = 0; i < BU_ARRAY_SIZE(texts); i++)
			if (!strcmp(k, texts[i].name))
				*texts[i].to = raw;
		if (!strcmp(k, "cut"))
			row->cut = bu_str_is(raw, "true");
		if (bu_str_u64(raw, &v, NULL) != 0)
			continue;
		if (!strcmp(k, "id") && v <= UINT32_MAX)
			row->id = (uint32_t)v;
		else if (!strcmp(k, "bytes_key"))
			row->key = v;
		else if (!strcmp(k, "bytes_value"))
			row->value = v;
	}
}

static int read_rows(struct bt *t, struct bt_snapshot *s, struct bu_json *j, struct bt_snaprows *rows)
{
	struct bu_buf key = { 0 };
	struct bt_snaprow row;
	int st = 0;

	bu_json_arr(j);
	while (!st && bu_json_elem(j)) {
		size_t at = j->at;

		row = (struct bt_snaprow){ 0 };
		read_row(j, &row, &key);
		if (j->error)
			break;
		if (!row.id && rows != &s->list[BT_SNAP_ATTACHMENTS]) {
			st = broken(t, s, j, at, "a row has no id");
			break;
		}
		rows->v = bu_arena_regrow(&t->arena, rows->v, rows->n, &rows->cap, sizeof(*rows->v));
		if (!rows->v)
			st = bt_refused(t, -1, -ENOMEM, "cannot hold the snapshot");
		else
			rows->v[rows->n++] = row;
	}
	bu_buf_free(&key);
	return st;
}

static int read_text(struct bt *t, struct bt_snapshot *s)
{
	struct bu_buf key = { 0 };
	uint64_t version = 0;
	struct bu_json j;
	unsigned have = 0;
	int st = 0, i;

	bu_json_init(&j, bu_str((char *)s->text.p, s->text.n));
	bu_json_obj(&j);
	while (!st && bu_json_key(&j, &key)) {
		const char *k = bu_buf_cstr(&key);

		if (!strcmp(k, "bpfutils_snapshot")) {
			bu_json_u64(&j, &version);
			if (!j.error && version != BT_SNAPSHOT_VERSION) {
				st = bt_error(t, "T0141", "%s is a snapshot of version %llu, and only %d is known", s->name,
					      (unsigned long long)version, BT_SNAPSHOT_VERSION);
				break;
			}
			continue;
		}
		if (!strcmp(k, "limit")) {
			bu_json_u64(&j, &s->limit);
			continue;
		}
		if (!strcmp(k, "backend")) {
			bu_json_skip(&j, &s->backend);
			continue;
		}
		for (i = 0; i < BT_SNAP_LISTS && strcmp(k, bt_snapshot_lists[i]) != 0; i++)
			;
		if (i == BT_SNAP_LISTS) {
			bu_json_skip(&j, NULL);
		} else if (have >> i & 1) {
			st = broken(t, s, &j, j.at, "a list is there twice");
		} else {
			have |= 1u << i;
			st = read_rows(t, s, &j, &s->list[i]);
		}
	}
	bu_buf_free(&key);
	if (st)
		return st;
	if (!bu_json_end(&j))
		return broken(t, s, &j, j.error_at, j.error);
	if (!version || have != (1u << BT_SNAP_LISTS) - 1)
		return broken(t, s, &j, 0, version ? "a list is missing" : "the version is missing");
	return 0;
}

int bt_snapshot_read(struct bt *t, const char *path, size_t limit, struct bt_snapshot *s)
{
	int st = 0, err;

	*s = (struct bt_snapshot){ .limit = BT_SNAPSHOT_LIMIT, .name = !path ? "now" : strcmp(path, "-") ? bt_escz(t, path) : "standard input" };
	if (path) {
		err = bu_file_read(path, BT_SNAPSHOT_BYTES, &s->text);
		if (err)
			return bt_refused(t, -1, err, "cannot read '%s'", bt_escz(t, path));
	} else {
		st = bt_snapshot_write(t, into_buf, &s->text, limit, false);
	}
	return st ? st : read_text(t, s);
}

void bt_snapshot_free(struct bt_snapshot *s)
{
	bu_buf_free(&s->text);
}

const char *bt_snapshot_text(struct bt *t, struct bu_str raw)
{
	struct bu_buf b = { 0 };
	struct bu_json j;
	const char *s = "";

	bu_json_init(&j, raw);
	if (raw.p && bu_json_string(&j, &b))
		s = bt_esc(t, (char *)b.p, b.n);
	bu_buf_free(&b);
	return s;
}

/* ---------------------------------------------------------------- snapshot save */

static int to_file(void *ctx, const void *p, size_t n)
{
	return bu_write_all(*(int *)ctx, p, n);
}

static int print_snapshot(struct bt *t, size_t limit, bool queues)
{
	struct bu_buf text = { 0 };
	int st = bt_snapshot_write(t, into_buf, &text, limit, queues);

	if (!st) {
		bt_begin(t);
		if (t->json)
			put_raw(&t->out, t->key, bu_str((char *)text.p, text.n - (text.n > 0)));
		else
			bu_buf_add(&t->out.buf, text.p, text.n);
	}
	bu_buf_free(&text);
	return st;
}

int bt_snapshot_save(struct bt *t)
{
	const char *path = bt_next(t);
	uint64_t limit = BT_SNAPSHOT_LIMIT;
	struct bu_outfile f;
	bool queues;
	int st, err;

	if (!path)
		return bt_usage(t, NULL, NULL, "'snapshot save' wants a file, or - for standard output");
	queues = bt_kw(t, "queues");
	if (bt_kw(t, "limit")) {
		const char *w = bt_next(t);

		if (!w || bu_str_u64(bu_str_c(w), &limit, NULL) || limit > SIZE_MAX / 4)
			return bt_usage(t, NULL, NULL, "'limit' wants a number of bytes");
	}
	queues = queues || bt_kw(t, "queues");
	st = bt_end(t);
	if (st)
		return st;
	if (!strcmp(path, "-"))
		return print_snapshot(t, (size_t)limit, queues);
	err = bu_outfile_open(&f, path);
	if (err)
		return bt_refused(t, -1, err, "cannot write '%s'", bt_escz(t, path));
	st = bt_snapshot_write(t, to_file, &f.fd, (size_t)limit, queues);
	if (st) {
		bu_outfile_abort(&f);
		return st;
	}
	err = bu_outfile_commit(&f);
	return err ? bt_refused(t, -1, err, "cannot write '%s'", bt_escz(t, path)) : 0;
}
