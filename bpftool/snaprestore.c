// SPDX-License-Identifier: GPL-2.0-or-later
/* The elements of a snapshot's maps, back into the maps that are there now. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#include "snapshot.h"

/* A map or program of the snapshot, and the one that is now in its place. */
struct match {
	uint32_t was, is;
};
struct restore {
	struct bt *t;
	struct bt_snapshot s;
	struct match *map, *prog; /* in the arena, by rows of the snapshot; is 0: none */
	unsigned bad, left;
	const char *only; /* the name of the maps that are restored; NULL: all */
};

/* A live object that might be meant. */
struct live {
	const struct bt_snaprow *row;
	uint32_t found;
	unsigned n;
};

static bool is_text(struct bt *t, struct bu_str raw, const char *s)
{
	struct bu_buf b = { 0 };
	struct bu_json j;
	bool same;

	(void)t;
	bu_json_init(&j, raw);
	same = raw.p ? bu_json_string(&j, &b) && !strcmp(bu_buf_cstr(&b), s) : !*s;
	bu_buf_free(&b);
	return same;
}

/* Is the map of the type, name and sizes of the row? name false: whatever its name. */
static bool map_fits(struct bt *t, const struct bt_snaprow *row, int fd, bool name, uint32_t *id)
{
	struct bpf_map_info mi = { 0 };
	uint32_t size = sizeof(mi);

	if (bu_sys_info(t->sys, fd, &mi, &size))
		return false;
	*id = mi.id;
	return is_text(t, row->type, bt_kind(t, bu_map_types, bu_nmap_types, mi.type)) && mi.key_size == row->key &&
	       mi.value_size == row->value && (!name || is_text(t, row->name, bt_name16(t, mi.name)));
}

static int look_map(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct live *l = ctx;
	uint32_t is;

	if (fd >= 0 && map_fits(t, l->row, fd, true, &is)) {
		l->found = id;
		l->n++;
	}
	return 0;
}

/* At a path where it was pinned, of its id, or the only one of its name; 0: none. */
static uint32_t find_map(struct bt *t, const struct bt_snaprow *row)
{
	struct live l = { .row = row };
	struct bu_buf path = { 0 };
	struct bu_json j;
	uint32_t id = 0;
	int fd;

	bu_json_init(&j, row->pinned);
	for (bu_json_arr(&j); !id && row->pinned.p && bu_json_elem(&j);) {
		enum bu_objkind k;
		uint32_t n;

		bu_buf_reset(&path);
		if (!bu_json_string(&j, &path) || memchr(path.p, 0, path.n))
			break;
		fd = bu_sys_get(t->sys, bu_buf_cstr(&path), BPF_F_RDONLY);
		if (fd < 0)
			continue;
		if (bu_sys_fd_kind(t->sys, fd, &k, &n) || k != BU_MAP || !map_fits(t, row, fd, false, &id))
			id = 0;
		t->sys->ops->close(t->sys, fd);
	}
	bu_buf_free(&path);
	if (id)
		return id;
	fd = bu_sys_fd_by_id(t->sys, BU_MAP, row->id, BPF_F_RDONLY);
	if (fd >= 0) {
		if (!map_fits(t, row, fd, true, &id))
			id = 0;
		t->sys->ops->close(t->sys, fd);
	}
	if (id || !row->name.p)
		return id;
	bt_each(t, BU_MAP, BPF_F_RDONLY, look_map, &l);
	return l.n == 1 ? l.found : 0;
}

static bool prog_fits(struct bt *t, const struct bt_snaprow *row, int fd)
{
	char tag[2 * BPF_TAG_SIZE + 1];
	struct bpf_prog_info pi;
	const char *full = "";

	if (bt_prog_info(t, fd, &pi, &full))
		return false;
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(tag + 2 * i, 3, "%02x", pi.tag[i]);
	return is_text(t, row->tag, tag) && is_text(t, row->name, full) &&
	       is_text(t, row->type, bt_kind(t, bu_prog_types, bu_nprog_types, pi.type));
}

static int look_prog(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct live *l = ctx;

	if (fd >= 0 && prog_fits(t, l->row, fd)) {
		l->found = id;
		l->n++;
	}
	return 0;
}

static uint32_t find_prog(struct bt *t, const struct bt_snaprow *row)
{
	struct live l = { .row = row };
	int fd = bu_sys_fd_by_id(t->sys, BU_PROG, row->id, 0);
	bool fits = fd >= 0 && prog_fits(t, row, fd);

	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	if (fits)
		return row->id;
	bt_each(t, BU_PROG, 0, look_prog, &l);
	return l.n == 1 ? l.found : 0;
}

/* What now has the place of an object that an element holds; 0: nothing. Found once. */
static uint32_t translate(struct restore *r, enum bu_objkind k, uint32_t was)
{
	const struct bt_snaprows *rows = &r->s.list[k == BU_MAP ? BT_SNAP_MAPS : BT_SNAP_PROGRAMS];
	struct match *m = k == BU_MAP ? r->map : r->prog;

	for (size_t i = 0; i < rows->n; i++) {
		if (rows->v[i].id != was)
			continue;
		if (!m[i].was) {
			m[i].was = was;
			m[i].is = k == BU_MAP ? find_map(r->t, &rows->v[i]) : find_prog(r->t, &rows->v[i]);
		}
		return m[i].is;
	}
	return 0;
}

static int translate_all(struct restore *r, const struct bt_map *m, struct bt_elems *e)
{
	enum bu_objkind k;
	int place = bt_elem_id(m, &k);
	uint32_t was, is;

	for (size_t i = 0; place >= 0 && i < e->n; i++) {
		uint8_t *p = e->values.p + i * m->vsize + place;

		was = bu_get32(p, BU_HOST_BE);
		if (!was && place)
			continue;
		is = translate(r, k, was);
		if (!is)
			return bt_error(r->t, "T0142", "its elements hold %s %u, which is not here", bt_noun(k), was);
		bu_put32(p, BU_HOST_BE, is);
	}
	return 0;
}

/* Puts the elements of a row into map `is`; *n: how many. Status. */
static int fill(struct restore *r, const struct bt_snaprow *row, uint32_t is, size_t *n)
{
	struct bt *t = r->t;
	struct bt_elems e = { 0 };
	struct bt_map m = { 0 };
	struct bu_json j;
	int st, fd = bu_sys_fd_by_id(t->sys, BU_MAP, is, 0);

	if (fd < 0)
		return bt_refused(t, BPF_MAP_GET_FD_BY_ID, fd, "cannot open map %u", is);
	st = bt_map_open(t, &m, fd);
	if (!st) {
		/* places are told within the whole file */
		bu_json_init(&j, bu_str((char *)r->s.text.p, r->s.text.n));
		j.at = (size_t)(row->elements.p - j.text.p);
		st = bt_elems_parse(t, &m, &j, r->s.name, &e);
	}
	if (!st)
		st = translate_all(r, &m, &e);
	if (!st)
		st = bt_elems_check(t, &m, &e);
	if (!st)
		st = bt_elems_write(t, &m, &e, true);
	*n = e.n;
	bt_elems_free(&e);
	bt_map_done(&m);
	t->sys->ops->close(t->sys, fd);
	return st;
}

/* Says so once, in its row and, as text, on standard error. */
static void restore_map(struct restore *r, const struct bt_snaprow *row)
{
	struct bt *t = r->t;
	struct bu_diags keep = t->ds;
	uint32_t is = translate(r, BU_MAP, row->id);
	const char *name = bt_snapshot_text(t, row->name), *why = NULL;
	size_t n = 0;
	int st = BU_EXIT_FAIL;

	bu_diags_init(&t->ds);
	if (row->not_read.p)
		bt_error(t, "T0142", "%s", bt_snapshot_text(t, row->not_read));
	else if (!row->elements.p)
		bt_error(t, "T0142", "the snapshot has no elements of it");
	else if (row->cut)
		bt_error(t, "T0142", "the snapshot does not have all of its elements");
	else if (!is)
		bt_error(t, "T0142", "no map is in its place");
	else
		st = fill(r, row, is, &n);
	if (st)
		why = bu_arena_strdup(&t->arena, t->ds.first ? t->ds.first->text : "unknown");
	bu_diags_free(&t->ds);
	t->ds = keep;

	bu_out_obj(&t->out, NULL);
	bu_out_uint(&t->out, "id", row->id, "map %u", row->id);
	if (*name)
		bu_out_str(&t->out, "name", name, SIZE_MAX, "  name %s", name);
	if (st) {
		bu_out_str(&t->out, row->not_read.p ? "not_read" : "error", why ? why : "out of memory", SIZE_MAX,
			   ": not restored: %s\n", why ? why : "out of memory");
		/* a queue, say: it never had any in a snapshot, which is no failure unless it was asked for */
		if (row->not_read.p)
			r->left += r->only != NULL;
		else if (st == BU_EXIT_UNSUPPORTED)
			r->left++;
		else
			r->bad++;
	} else {
		if (is == row->id)
			bu_out_uint(&t->out, "to", is, NULL);
		else
			bu_out_uint(&t->out, "to", is, "  now %u", is);
		bu_out_uint(&t->out, "elements", n, ": %zu element%s\n", n, n == 1 ? "" : "s");
	}
	bu_out_obj_end(&t->out);
}

int bt_snapshot_restore(struct bt *t)
{
	struct restore r = { .t = t };
	const char *path = bt_next(t), *name = NULL;
	const struct bt_snaprows *maps;
	size_t wanted = 0;
	int st;

	if (!path)
		return bt_usage(t, NULL, NULL, "'snapshot restore' wants a file, or - for standard input");
	if (bt_kw(t, "name")) {
		name = bt_next(t);
		if (!name)
			return bt_usage(t, NULL, NULL, "'name' wants the name of a map");
	}
	st = bt_end(t);
	if (!st)
		st = bt_snapshot_read(t, path, 0, &r.s);
	if (st)
		goto out;
	maps = &r.s.list[BT_SNAP_MAPS];
	r.map = bu_arena_array(&t->arena, maps->n + 1, sizeof(*r.map));
	r.prog = bu_arena_array(&t->arena, r.s.list[BT_SNAP_PROGRAMS].n + 1, sizeof(*r.prog));
	if (!r.map || !r.prog) {
		st = bt_refused(t, -1, -ENOMEM, "cannot hold the snapshot");
		goto out;
	}
	for (size_t i = 0; i < maps->n; i++)
		wanted += !name || is_text(t, maps->v[i].name, name);
	if (name && !wanted) {
		st = bt_error(t, "T0102", "the snapshot has no map named '%s'", bt_escz(t, name));
		goto out;
	}
	r.only = name;
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	for (size_t i = 0; i < maps->n; i++)
		if (!name || is_text(t, maps->v[i].name, name))
			restore_map(&r, &maps->v[i]);
	bu_out_arr_end(&t->out);
	if (r.bad || r.left)
		st = r.bad ? BU_EXIT_FAIL : BU_EXIT_UNSUPPORTED;
out:
	bt_snapshot_free(&r.s);
	return st;
}
