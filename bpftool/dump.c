// SPDX-License-Identifier: GPL-2.0-or-later
/* Elements as text and JSON, one or all of a map. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* ---------------------------------------------------------------- what kind of map it is */

int bt_map_open(struct bt *t, struct bt_map *m, int fd)
{
	uint32_t size = sizeof(m->info);
	int err, n = 1;

	memset(m, 0, sizeof(*m));
	m->fd = fd;
	err = bu_sys_info(t->sys, fd, &m->info, &size);
	if (err)
		return bt_refused(t, BPF_OBJ_GET_INFO_BY_FD, err, "cannot read about the map");
	m->percpu = bu_map_is_percpu(m->info.type);
	m->of_maps = m->info.type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
		     m->info.type == BPF_MAP_TYPE_HASH_OF_MAPS;
	m->of_progs = m->info.type == BPF_MAP_TYPE_PROG_ARRAY;
	m->stride = m->info.value_size;
	if (m->percpu) {
		n = t->sys->ops->possible_cpus(t->sys);
		if (n < 1)
			return bt_refused(t, -1, n ? n : -EIO, "cannot tell the number of CPUs");
		m->stride = (m->stride + 7) / 8 * 8;
	}
	m->ncpus = (unsigned)n;
	if (__builtin_mul_overflow(m->stride, (size_t)n, &m->vsize))
		return bt_refused(t, -1, -E2BIG, "map %u has too large values", m->info.id);
	if (m->info.btf_value_type_id)
		m->btf = bt_btf(t, m->info.btf_id);
	return 0;
}

void bt_map_done(struct bt_map *m)
{
	bu_buf_free(&m->hex);
}

/* ---------------------------------------------------------------- bytes as text */

#define H1(h) h "0", h "1", h "2", h "3", h "4", h "5", h "6", h "7", h "8", h "9", h "a", h "b", h "c", \
	h "d", h "e", h "f"
const char bt_hex_pairs[256][2] = {
	H1("0"), H1("1"), H1("2"), H1("3"), H1("4"), H1("5"), H1("6"), H1("7"), H1("8"), H1("9"), H1("a"),
	H1("b"), H1("c"), H1("d"), H1("e"), H1("f"),
};

void bt_hex(struct bu_buf *b, const uint8_t *p, size_t n)
{
	uint8_t *o = bu_buf_room(b, n * 4 + 1);
	size_t i, at = 0;

	if (!o)
		return;
	for (i = 0; i < n; i++) {
		if (i && i % 16 == 0) {
			o[at++] = '\n';
		} else if (i) {
			o[at++] = ' ';
			if (i % 8 == 0)
				o[at++] = ' ';
		}
		memcpy(o + at, bt_hex_pairs[p[i]], 2);
		at += 2;
	}
	b->n += at;
}

void bt_hex_json(struct bu_buf *b, const uint8_t *p, size_t n)
{
	uint8_t *o = bu_buf_room(b, n * 7 + 2);
	size_t i, at = 0;

	if (!o)
		return;
	o[at++] = '[';
	for (i = 0; i < n; i++) {
		if (i)
			o[at++] = ',';
		o[at++] = '"';
		o[at++] = '0';
		o[at++] = 'x';
		memcpy(o + at, bt_hex_pairs[p[i]], 2);
		at += 2;
		o[at++] = '"';
	}
	o[at++] = ']';
	b->n += at;
}

/* ---------------------------------------------------------------- one element */

void bt_put_bytes(struct bt *t, struct bu_buf *scratch, const char *key, const uint8_t *p, size_t n)
{
	unsigned i;

	bu_buf_reset(scratch);
	bt_hex_json(scratch, p, n);
	if (t->out.pretty && n && !scratch->failed) {
		/* the closing bracket stands on a line of its own, as upstream's */
		scratch->p[scratch->n - 1] = '\n';
		for (i = 0; i < t->out.depth; i++)
			bu_buf_str(scratch, "    ");
		bu_buf_char(scratch, ']');
	}
	bu_out_raw(&t->out, key, bu_buf_cstr(scratch), NULL);
}

static void put_bytes_json(struct bt *t, struct bt_map *m, const char *key, const uint8_t *p, size_t n)
{
	bt_put_bytes(t, &m->hex, key, p, n);
}

/* A value by its type, or, for a pattern, the place where it stands. */
static void put_typed(struct bt *t, struct bt_map *m, const char *name, uint32_t type, const uint8_t *p, size_t n)
{
	if (!m->marks) {
		bu_btf_print_value(&t->out, name, m->btf, type, p, n);
		return;
	}
	bu_out_raw(&t->out, name, "", NULL);
	bt_pattern_mark(m->marks, t->out.buf.n, type, p, n, t->out.depth);
}

static void put_typed_lines(struct bt *t, struct bt_map *m, uint32_t type, const uint8_t *p, size_t n, unsigned depth)
{
	if (m->marks)
		bt_pattern_mark(m->marks, t->out.buf.n, type, p, n, depth);
	else
		bu_btf_print_text(&t->out.buf, m->btf, type, p, n, depth);
}

/* "key" and "value", or "values" by CPU, by type. */
static void put_typed_json(struct bt *t, struct bt_map *m, const uint8_t *key, const uint8_t *value)
{
	unsigned c;

	if (m->info.btf_key_type_id)
		put_typed(t, m, "key", m->info.btf_key_type_id, key, m->info.key_size);
	if (!m->percpu) {
		put_typed(t, m, "value", m->info.btf_value_type_id, value, m->info.value_size);
		return;
	}
	bu_out_arr(&t->out, "values");
	for (c = 0; c < m->ncpus; c++) {
		bu_out_obj(&t->out, NULL);
		bu_out_uint(&t->out, "cpu", c, NULL);
		put_typed(t, m, "value", m->info.btf_value_type_id, value + c * m->stride, m->info.value_size);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

static void line(struct bu_buf *b, unsigned depth, const char *text)
{
	bu_buf_char(b, '\n');
	for (; depth; depth--)
		bu_buf_add(b, "    ", 4);
	bu_buf_str(b, text);
}

/* The same as text: like JSON on many lines, but for people. depth: of the braces. */
static void put_typed_text(struct bt *t, struct bt_map *m, const uint8_t *key, const uint8_t *value,
			   int err)
{
	struct bu_buf *b = &t->out.buf;
	unsigned depth = m->depth, c;

	bu_buf_char(b, '{');
	if (m->info.btf_key_type_id) {
		line(b, depth + 1, "\"key\": ");
		put_typed_lines(t, m, m->info.btf_key_type_id, key, m->info.key_size, depth + 1);
		bu_buf_char(b, ',');
	}
	if (err) {
		line(b, depth + 1, "\"error\": ");
		bu_buf_printf(b, "\"%s\"", bt_strerror(err));
	} else if (!m->percpu) {
		line(b, depth + 1, "\"value\": ");
		put_typed_lines(t, m, m->info.btf_value_type_id, value, m->info.value_size, depth + 1);
	} else {
		line(b, depth + 1, "\"values\": [");
		for (c = 0; c < m->ncpus; c++) {
			bu_buf_str(b, c ? ",{" : "{");
			line(b, depth + 3, "\"cpu\": ");
			bu_buf_printf(b, "%u,", c);
			line(b, depth + 3, "\"value\": ");
			put_typed_lines(t, m, m->info.btf_value_type_id, value + c * m->stride, m->info.value_size,
					depth + 3);
			line(b, depth + 2, "}");
		}
		line(b, depth + 1, "]");
	}
	line(b, depth, "}");
}

static void put_json(struct bt *t, struct bt_map *m, const char *name, const uint8_t *key,
		     const uint8_t *value, int err)
{
	unsigned c;

	bu_out_obj(&t->out, name);
	put_bytes_json(t, m, "key", key, m->info.key_size);
	if (err) {
		bu_out_obj(&t->out, "value");
		bu_out_str(&t->out, "error", bt_strerror(err), SIZE_MAX, NULL);
		bu_out_obj_end(&t->out);
		goto out;
	}
	if (m->percpu) {
		bu_out_arr(&t->out, "values");
		for (c = 0; c < m->ncpus; c++) {
			bu_out_obj(&t->out, NULL);
			bu_out_uint(&t->out, "cpu", c, NULL);
			put_bytes_json(t, m, "value", value + c * m->stride, m->info.value_size);
			bu_out_obj_end(&t->out);
		}
		bu_out_arr_end(&t->out);
	} else {
		put_bytes_json(t, m, "value", value, m->info.value_size);
	}
	if (m->of_maps)
		bu_out_uint(&t->out, "inner_map_id", bu_get32(value, BU_HOST_BE), NULL);
	if (m->info.type == BPF_MAP_TYPE_STACK_TRACE)
		bt_put_frames(t, m, value);
	if (m->btf) {
		bu_out_obj(&t->out, "formatted");
		put_typed_json(t, m, key, value);
		bu_out_obj_end(&t->out);
	}
out:
	bu_out_obj_end(&t->out);
}

static void put_hex(struct bu_buf *b, const char *name, bool own_line, const uint8_t *p, size_t n)
{
	bu_buf_str(b, name);
	bu_buf_char(b, own_line ? '\n' : ' ');
	bt_hex(b, p, n);
}

/* Hex text, laid out as upstream does: one line when all of it is short. */
static void put_plain(struct bt *t, struct bt_map *m, const uint8_t *key, const uint8_t *value, int err)
{
	struct bu_buf *b = &t->out.buf;
	size_t kn = m->info.key_size, vn = m->info.value_size;
	const char *msg = err == -ENOENT ? "<no entry>" :
			  err == -ENOSPC && m->info.type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ? "<cannot read>" : bt_strerror(err);
	bool tall, flat;
	char name[32];
	unsigned c;

	if (m->info.type == BPF_MAP_TYPE_STACK_TRACE && !err) {
		put_hex(b, "key:", false, key, kn);
		bu_buf_char(b, '\n');
		bt_put_frames(t, m, value);
		return;
	}
	if (m->percpu && !err) {
		put_hex(b, "key:", true, key, kn);
		for (c = 0; c < m->ncpus; c++) {
			snprintf(name, sizeof(name), "\nvalue (CPU %02u):", c);
			put_hex(b, name, vn > 16, value + c * m->stride, vn);
		}
		bu_buf_char(b, '\n');
		return;
	}
	if (err)
		vn = strlen(msg);
	tall = kn > 16 || vn > 16;
	flat = kn + vn <= 24 && !tall;
	if (kn) {
		put_hex(b, "key:", tall, key, kn);
		bu_buf_str(b, flat ? "  " : "\n");
	}
	if (err)
		bu_buf_printf(b, "value:%c%s", tall ? '\n' : ' ', msg);
	else if (m->of_maps)
		bu_buf_printf(b, "inner_map_id: %u", bu_get32(value, BU_HOST_BE));
	else
		put_hex(b, "value:", tall, value, vn);
	bu_buf_char(b, '\n');
}

void bt_put_elem(struct bt *t, struct bt_map *m, const char *key_name, const uint8_t *key,
		 const uint8_t *value, int err)
{
	if (t->json)
		put_json(t, m, key_name, key, value, err);
	else if (m->btf)
		put_typed_text(t, m, key, value, err);
	else
		put_plain(t, m, key, value, err);
	if (t->out.buf.n >= BT_OUT_BLOCK)
		bu_out_flush(&t->out);
}

/* ---------------------------------------------------------------- all elements */

struct dump {
	bool typed_text;
	uint64_t n;          /* elements shown */
	uint64_t shown;      /* those with an error in their place, too */
	struct bt_pattern pattern;
};

static void show(struct bt_walk *w, const uint8_t *keys, const uint8_t *values, size_t stride, uint32_t n,
		 int err)
{
	struct dump *d = w->ctx;
	size_t ks = w->m->info.key_size;
	uint32_t i;

	for (i = 0; i < n; i++) {
		/* the first tells whether a comma is needed */
		if (d->shown && !err && !d->pattern.tried)
			bt_pattern_make(w->t, w->m, &d->pattern, d->typed_text ? "," : "");
		if (d->pattern.text && !err)
			break;
		if (d->typed_text && d->shown)
			bu_buf_char(&w->t->out.buf, ',');
		bt_put_elem(w->t, w->m, NULL, keys + i * ks, values + i * stride, err);
		d->shown++;
	}
	if (i < n) {
		bt_pattern_put(w->t, &d->pattern, keys + i * ks, values + i * stride, stride, n - i);
		d->shown += n - i;
	}
	if (!err)
		d->n += n;
}

static int dump_elems(struct bt *t, struct bt_map *m, uint64_t *n)
{
	struct dump d = { .typed_text = m->btf && !t->json };
	struct bt_walk w = { .t = t, .m = m, .fn = show, .ctx = &d };
	unsigned base = m->depth;
	int err;

	/* a socket's cookie has 8 bytes */
	if (m->info.type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY && m->info.value_size != 8)
		bt_note(t, "T0105", "values of map %u cannot be read: they have not 8 bytes", m->info.id);
	if (d.typed_text) {
		m->depth = base + 1;
		bu_buf_char(&t->out.buf, '[');
	}
	err = bt_map_walk(&w);
	bt_pattern_free(&d.pattern);
	*n = d.n;
	if (d.typed_text) {
		if (d.shown)
			line(&t->out.buf, base, "]");
		else
			bu_buf_char(&t->out.buf, ']');
		if (!base)
			bu_buf_char(&t->out.buf, '\n');
	}
	if (err == -EOPNOTSUPP) {
		bt_error(t, "T0105", "map %u cannot be listed: the kernel has no walk for its type", m->info.id);
		return BU_EXIT_UNSUPPORTED;
	}
	if (err)
		return bt_refused(t, BPF_MAP_GET_NEXT_KEY, err, "cannot read map %u", m->info.id);
	if (!w.whole || w.gone > d.n / 100)
		return bt_error(t, "T0109", "map %u changed, restarted %u time%s: what is printed is not all of it",
				m->info.id, w.restarts, w.restarts == 1 ? "" : "s");
	if (w.restarts)
		bt_note(t, "T0109", "map %u changed, restarted %u time%s", m->info.id, w.restarts,
			w.restarts == 1 ? "" : "s");
	return 0;
}

/* ---------------------------------------------------------------- map dump */

/* Queues and stacks: the next element is all that can be looked at. */
static int dump_head(struct bt *t, struct bt_map *m, const char *type, uint64_t *n)
{
	uint8_t *value = bu_arena_alloc(&t->arena, m->vsize + 8);
	int err = value ? bu_sys_map_lookup(t->sys, m->fd, NULL, value, 0) : -ENOMEM;

	if (err == -ENOENT)
		return 0;
	if (err)
		return bt_refused(t, BPF_MAP_LOOKUP_ELEM, err, "cannot look into map %u", m->info.id);
	bt_put_elem(t, m, NULL, value, value, 0);
	if (!t->json && m->btf)
		bu_out_text(&t->out, "\n");
	*n = 1;
	bt_error(t, "T0105", "map %u is a %s: its next element is printed, others cannot be looked at", m->info.id,
		 type);
	bt_hint(t, "'map dump MAP all' takes all elements out and puts them back; 'map pop' takes one out");
	return BU_EXIT_UNSUPPORTED;
}

/* All that a queue has, taken out and put back. */
static int dump_queue(struct bt *t, struct bt_map *m, uint64_t *n)
{
	struct bt_elems e = { 0 };
	int st, fd = bu_sys_fd_by_id(t->sys, BU_MAP, m->info.id, 0);

	if (fd < 0)
		return bt_refused(t, BPF_MAP_GET_FD_BY_ID, fd, "cannot open map %u to take from it", m->info.id);
	m->fd = fd;
	st = bt_queue_read(t, m, &e);
	t->sys->ops->close(t->sys, fd);
	/* what could not be put back is nowhere else any more */
	for (size_t i = 0; i < e.n; i++) {
		bt_put_elem(t, m, NULL, NULL, bt_elem_value(m, &e, i), 0);
		if (!t->json && m->btf)
			bu_out_text(&t->out, "\n");
	}
	*n = e.n;
	bt_elems_free(&e);
	return st;
}

static int dump_any(struct bt *t, struct bt_map *m, const char *type, uint64_t *n)
{
	if (m->all)
		return dump_queue(t, m, n);

	switch (m->info.type) {
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		return bt_ring_dump(t, m, n);
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		return dump_head(t, m, type, n);
	}
	return dump_elems(t, m, n);
}

/* Why nothing of a map can be shown, or NULL. */
static const char *hidden(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
		return NULL;
	}
	return bu_map_unlistable(type);
}

/* Has the map types, and a walk? */
static bool is_typed(struct bt *t, int fd)
{
	struct bt_map m;
	bool yes = !bt_map_open(t, &m, fd) && m.btf && !bu_map_unlistable(m.info.type);

	bt_map_done(&m);
	return yes;
}

/* Several maps that all have types are one text, like JSON. */
static int dump_typed(struct bt *t, const struct bt_objs *all)
{
	struct bu_buf *b = &t->out.buf;
	size_t done = 0;
	int st = 0, one;

	bt_begin(t);
	for (size_t i = 0; i < all->n; i++) {
		struct bt_map m;
		uint64_t n;

		one = bt_map_open(t, &m, all->v[i].fd);
		if (!one) {
			bu_buf_str(b, done++ ? ",{" : "[{");
			line(b, 2, "\"id\": ");
			bu_buf_printf(b, "%u,", m.info.id);
			line(b, 2, "\"type\": ");
			bu_buf_printf(b, "\"%s\",", bt_kind(t, bu_map_types, bu_nmap_types, m.info.type));
			if (m.info.name[0]) {
				line(b, 2, "\"name\": ");
				bu_buf_printf(b, "\"%s\",", bt_escz(t, bt_name16(t, m.info.name)));
			}
			line(b, 2, "\"flags\": ");
			bu_buf_printf(b, "%u,", m.info.map_flags);
			line(b, 2, "\"elements\": ");
			m.depth = 2;
			one = dump_elems(t, &m, &n);
			line(b, 1, "}");
		}
		bt_map_done(&m);
		st = st ? st : one;
	}
	if (done)
		bu_buf_str(b, "\n]\n");
	return st;
}

static int dump_one(struct bt *t, int fd, const char *key, bool header, bool all, struct bt_procmap *proc)
{
	const char *why, *type;
	struct bt_map m;
	uint64_t n = 0;
	int st;

	st = bt_map_open(t, &m, fd);
	if (st)
		goto fail;
	m.proc = proc;
	m.all = all && bt_is_queue(&m);
	type = bt_kind(t, bu_map_types, bu_nmap_types, m.info.type);
	why = hidden(m.info.type);
	if (why) {
		bt_error(t, "T0105", "map %u is a %s: %s", m.info.id, type, why);
		st = BU_EXIT_UNSUPPORTED;
		goto fail;
	}
	bt_begin(t);
	if (header) {
		bu_out_obj(&t->out, key);
		bu_out_uint(&t->out, "id", m.info.id, "%u: ", m.info.id);
		bt_put_kind(t, "type", bu_map_types, bu_nmap_types, m.info.type, "%s  ", "type %u  ");
		if (m.info.name[0]) {
			const char *name = bt_name16(t, m.info.name);

			bu_out_str(&t->out, "name", name, SIZE_MAX, "name %s  ", bt_escz(t, name));
		}
		bu_out_uint(&t->out, "flags", m.info.map_flags, "flags 0x%x\n", m.info.map_flags);
		key = "elements";
	}
	bu_out_arr(&t->out, key);
	st = dump_any(t, &m, type, &n);
	if (st)
		bt_error_obj(t, NULL, 0);
	bu_out_arr_end(&t->out);
	if (!m.btf)
		bu_out_text(&t->out, "Found %llu %s%s\n", (unsigned long long)n,
			    strstr(type, "ringbuf") ? "record" : "element", n == 1 ? "" : "s");
	if (header)
		bu_out_obj_end(&t->out);
	bt_map_done(&m);
	return st;
fail:
	if (header)
		bt_error_obj(t, key, m.info.id);
	bt_map_done(&m);
	return st;
}

int bt_map_dump(struct bt *t)
{
	struct bt_procmap *proc = NULL;
	struct bt_objs all;
	uint32_t pid;
	int st, one;
	bool many, take = false;
	size_t i;

	st = bt_handles(t, BU_MAP, BPF_F_RDONLY, &all);
	take = !st && bt_kw(t, "all");
	if (!st && bt_kw(t, "pid")) {
		st = bt_read_u32(t, "a process id", &pid);
		if (!st)
			st = bt_procmap_open(t, pid, &proc);
	}
	if (!st)
		st = bt_end(t);
	if (st)
		goto out;
	many = all.n > 1;
	for (i = 0; many && !t->json && i < all.n && is_typed(t, all.v[i].fd); i++)
		;
	if (i && i == all.n) {
		st = dump_typed(t, &all);
		goto out;
	}
	if (many) {
		bt_begin(t);
		bu_out_arr(&t->out, t->key);
	}
	for (i = 0; i < all.n; i++) {
		if (i)
			bu_out_text(&t->out, "\n");
		one = dump_one(t, all.v[i].fd, many ? NULL : t->key, many, take, proc);
		st = st ? st : one;
	}
	if (many)
		bu_out_arr_end(&t->out);
out:
	bt_procmap_close(proc);
	bt_objs_close(t, &all);
	return st;
}
