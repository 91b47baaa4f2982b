// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All elements of a map at once: read from it, read from a file of JSON, sorted, written back.
 *
 * An element of a file is what "map dump -j" prints, or an object of a typed dump's text, or a snapshot's:
 *
 *   {"key":["0x01",…],"value":["0x02",…]}                   bytes
 *   {"key":…,"values":[{"cpu":0,"value":[…]},…]}            per CPU
 *   {"key":…,"value":…,"inner_map_id":7}                    maps of maps
 *   {"formatted":{"key":…,"value":…}} or {"key":1,"value":{…}}   by type
 *   {"k":"01…","v":"02…"}, {"k":"01…","v":["02…",…]}        bytes; per CPU
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* Keys and values that are held at once. */
#define BYTES_MAX (4ull << 30)
#define BATCH_ENTRIES 4096u
#define BATCH_BYTES (1u << 20)
#define ENOTSUPP_KERNEL 524

/* Maps whose keys are 0 to max_entries - 1. */
static bool is_indexed(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
		return true;
	}
	return false;
}

void bt_elems_free(struct bt_elems *e)
{
	bu_buf_free(&e->keys);
	bu_buf_free(&e->values);
	bu_buf_free(&e->places);
	*e = (struct bt_elems){ 0 };
}

static int no_memory(struct bt *t, const struct bt_map *m)
{
	return bt_refused(t, -1, -ENOMEM, "cannot hold the elements of map %u", m->info.id);
}

/* ---------------------------------------------------------------- from a map */

static void take(struct bt_walk *w, const uint8_t *keys, const uint8_t *values, size_t stride, uint32_t n,
		 int err)
{
	struct bt_elems *e = w->ctx;

	if (err) {
		e->unreadable += n;
		return;
	}
	bu_buf_add(&e->keys, keys, (size_t)n * w->m->info.key_size);
	for (uint32_t i = 0; i < n; i++)
		bu_buf_add(&e->values, values + i * stride, w->m->vsize);
	e->n += n;
	if (e->keys.failed || e->values.failed)
		w->stop = true;
	if (e->limit && e->keys.n + e->values.n > e->limit)
		e->cut = w->stop = true;
}

int bt_elems_read(struct bt *t, struct bt_map *m, struct bt_elems *e)
{
	struct bt_walk w = { .t = t, .m = m, .fn = take, .ctx = e };
	const char *why = bu_map_unlistable(m->info.type);
	int err;

	if (why)
		return bt_error(t, "T0105", "map %u is a %s: %s", m->info.id,
				bt_kind(t, bu_map_types, bu_nmap_types, m->info.type), why);
	err = bt_map_walk(&w);
	if (e->keys.failed || e->values.failed)
		return no_memory(t, m);
	if (err == -ENOTSUPP_KERNEL || err == -EOPNOTSUPP)
		return bt_error(t, "T0105", "map %u cannot be listed: the kernel has no walk for its type",
				m->info.id);
	if (err)
		return bt_refused(t, BPF_MAP_GET_NEXT_KEY, err, "cannot read map %u", m->info.id);
	if (!w.whole && !e->cut)
		return bt_error(t, "T0109", "map %u changes too fast to be read to its end", m->info.id);
	return 0;
}

/* ---------------------------------------------------------------- order */

static const struct bt_map *sorted_map;
static const struct bt_elems *sorted;

/* Small keys by their number, others by their bytes. */
static int compare(const struct bt_map *m, const uint8_t *a, const uint8_t *b)
{
	uint64_t x = 0, y = 0;

	if (m->info.key_size == 4) {
		x = bu_get32(a, BU_HOST_BE);
		y = bu_get32(b, BU_HOST_BE);
	} else if (m->info.key_size == 8) {
		x = bu_get64(a, BU_HOST_BE);
		y = bu_get64(b, BU_HOST_BE);
	} else {
		return memcmp(a, b, m->info.key_size);
	}
	return x < y ? -1 : x > y;
}

static int by_key(const void *va, const void *vb)
{
	const uint32_t *a = va, *b = vb;
	int c = compare(sorted_map, bt_elem_key(sorted_map, sorted, *a), bt_elem_key(sorted_map, sorted, *b));

	return c ? c : *a < *b ? -1 : *a > *b;
}

uint32_t *bt_elems_sort(struct bt *t, const struct bt_map *m, const struct bt_elems *e)
{
	uint32_t *order = e->n <= UINT32_MAX ? bu_arena_array(&t->arena, e->n + 1, sizeof(*order)) : NULL;

	if (!order)
		return NULL;
	for (uint32_t i = 0; i < e->n; i++)
		order[i] = i;
	sorted_map = m;
	sorted = e;
	if (m->info.key_size)
		qsort(order, e->n, sizeof(*order), by_key);
	return order;
}

int bt_elem_compare(const struct bt_map *m, const uint8_t *a, const uint8_t *b)
{
	return compare(m, a, b);
}

/* ---------------------------------------------------------------- from a file */

struct reader {
	struct bt *t;
	const struct bt_map *m;
	struct bt_elems *e;
	struct bu_json *j;
	const char *name;   /* of the file */
	size_t at;          /* where the element begins */
	uint8_t *key, *value;
};

BU_PRINTF(3, 4)
static int complain(struct reader *r, size_t at, const char *fmt, ...)
{
	struct bu_buf text = { 0 };
	struct bu_diag *d;
	uint32_t line, col;
	va_list ap;

	va_start(ap, fmt);
	bu_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	d = bu_diag(&r->t->ds, BU_ERROR, "T0140", "element %zu: %s", r->e->n + r->e->skipped + 1,
		    bt_escz(r->t, bu_buf_cstr(&text)));
	line = bu_json_line(r->j, at, &col);
	bu_diag_span(&r->t->ds, d, r->name, line, col, 1, (struct bu_str){ 0 }, NULL);
	bu_buf_free(&text);
	return BU_EXIT_FAIL;
}

/* What is wrong with the JSON itself. */
static int broken(struct reader *r)
{
	return complain(r, r->j->error_at, "%s", r->j->error ? r->j->error : "this is no element");
}

static int pair(const char *p)
{
	int hi = bu_hex_digit(p[0]), lo = bu_hex_digit(p[1]);

	return hi < 0 || lo < 0 ? -1 : hi << 4 | lo;
}

/* "0102…": -EINVAL when it is none of n bytes. */
static int hex_string(struct bu_str raw, uint8_t *out, size_t n)
{
	if (raw.n != 2 * n + 2 || raw.p[0] != '"')
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		int v = pair(raw.p + 1 + 2 * i);

		if (v < 0)
			return -EINVAL;
		out[i] = (uint8_t)v;
	}
	return 0;
}

/* ["0x01",…] of n bytes. -ENOENT: it is something else; -ERANGE: another number of bytes, *got. */
static int byte_list(struct bu_str raw, uint8_t *out, size_t n, size_t *got)
{
	struct bu_buf s = { 0 };
	struct bu_json j;
	int err = 0, v;

	*got = 0;
	bu_json_init(&j, raw);
	if (!bu_json_arr(&j))
		return -ENOENT;
	while (!err && bu_json_elem(&j)) {
		bu_buf_reset(&s);
		if (bu_json_kind(&j) != BU_JSON_STRING || !bu_json_string(&j, &s) || s.n != 4 ||
		    memcmp(s.p, "0x", 2) != 0 || (v = pair((char *)s.p + 2)) < 0) {
			err = -ENOENT;
			break;
		}
		if (*got < n)
			out[*got] = (uint8_t)v;
		++*got;
	}
	bu_buf_free(&s);
	return err ? err : *got == n ? 0 : -ERANGE;
}

/* A value by its type; what is wrong is told as of this element. */
static int typed(struct reader *r, struct bu_str raw, uint32_t type, uint8_t *out, size_t n, const char *what)
{
	struct bu_diags ds;
	int err, st = 0;

	bu_diags_init(&ds);
	err = bu_btf_parse_value(r->m->btf, type, raw, out, n, &ds);
	if (err) {
		st = complain(r, (size_t)(raw.p - r->j->text.p), "%s: %s", what,
			      ds.first ? ds.first->text : "not a value of its type");
		for (unsigned i = 0; ds.first && i < ds.first->nremarks; i++)
			bt_hint(r->t, "%s", ds.first->remark[i].text);
	}
	bu_diags_free(&ds);
	return st;
}

/* "name N", "id N", "pinned F", "tag T": the words of the command line, of an inner map or program. */
static int handle(struct reader *r, struct bu_str raw, uint8_t *out)
{
	struct bt *t = r->t;
	char **w = t->w;
	int nw = t->nw, i = t->i, st;
	struct bu_buf s = { 0 };
	struct bt_line l = { 0 };
	struct bt_obj o;
	struct bu_json j;
	const char *wrong;

	bu_json_init(&j, raw);
	wrong = bu_json_string(&j, &s) ? bt_split(&t->arena, bu_buf_cstr(&s), s.n, &l) : "it is no string";
	bu_buf_free(&s);
	if (wrong || l.n < 2 || l.file || l.pipe || l.shell)
		return complain(r, (size_t)(raw.p - r->j->text.p), "the value names no %s: %s",
				bt_noun(r->m->of_maps ? BU_MAP : BU_PROG), wrong ? wrong : "\"name NAME\", \"pinned PATH\"");
	t->w = l.w;
	t->nw = l.n;
	t->i = 0;
	st = bt_handle(t, r->m->of_maps ? BU_MAP : BU_PROG, 0, &o);
	if (!st && t->i < t->nw)
		st = complain(r, (size_t)(raw.p - r->j->text.p), "the value has more words than name one %s",
			      bt_noun(r->m->of_maps ? BU_MAP : BU_PROG));
	t->w = w;
	t->nw = nw;
	t->i = i;
	bu_put32(out, BU_HOST_BE, o.id);
	bt_obj_close(t, &o);
	return st ? BU_EXIT_FAIL : 0;
}

/* Bytes however they are written, or a value of the type. */
static int any_form(struct reader *r, struct bu_str raw, uint32_t type, uint8_t *out, size_t n, const char *what)
{
	size_t at = (size_t)(raw.p - r->j->text.p), got;
	int err = byte_list(raw, out, n, &got);

	if (!err)
		return 0;
	if (err == -ERANGE && (got || !n))
		return complain(r, at, "the %s has %zu bytes, and the map's has %zu", what, got, n);
	if (r->m->btf && type)
		return typed(r, raw, type, out, n, what);
	return complain(r, at, "the %s is no list of bytes, [\"0x01\",...], and the map has no types", what);
}

static int key_form(struct reader *r, struct bu_str raw)
{
	return any_form(r, raw, r->m->info.btf_key_type_id, r->key, r->m->info.key_size, "key");
}

/* One per-CPU row: {"cpu":0,"value":…}. */
static int cpu_row(struct reader *r, struct bu_json *j, uint8_t *seen)
{
	struct bu_buf name = { 0 };
	struct bu_str value = { 0 };
	uint64_t cpu = UINT64_MAX;
	int st;

	bu_json_obj(j);
	while (bu_json_key(j, &name)) {
		if (!strcmp(bu_buf_cstr(&name), "cpu"))
			bu_json_u64(j, &cpu);
		else if (!strcmp(bu_buf_cstr(&name), "value"))
			bu_json_skip(j, &value);
		else
			bu_json_skip(j, NULL);
	}
	bu_buf_free(&name);
	if (j->error || !value.p || cpu == UINT64_MAX)
		return complain(r, r->at, "values of a per-CPU map are [{\"cpu\":0,\"value\":...},...]");
	if (cpu >= r->m->ncpus)
		return complain(r, r->at, "there is a value for CPU %llu, but this machine has %u CPUs",
				(unsigned long long)cpu, r->m->ncpus);
	if (seen[cpu]++)
		return complain(r, r->at, "there are two values for CPU %llu", (unsigned long long)cpu);
	st = any_form(r, value, r->m->info.btf_value_type_id, r->value + cpu * r->m->stride,
		      r->m->info.value_size, "value");
	return st;
}

static int cpu_rows(struct reader *r, struct bu_str raw)
{
	/* places are told within the whole text, of which raw is a part */
	struct bu_json j = *r->j;
	uint8_t *seen;
	int st = 0;

	j.at = (size_t)(raw.p - j.text.p);
	j.text.n = j.at + raw.n;
	if (!r->m->percpu)
		return complain(r, j.at, "\"values\" are those of a per-CPU map, which this is not");
	seen = calloc(r->m->ncpus + 1u, 1);
	if (!seen)
		return no_memory(r->t, r->m);
	bu_json_arr(&j);
	while (!st && bu_json_elem(&j))
		st = cpu_row(r, &j, seen);
	/* an update sets the values of all CPUs */
	for (unsigned c = 0; !st && !j.error && c < r->m->ncpus; c++)
		if (!seen[c])
			st = complain(r, r->at, "there is no value for CPU %u", c);
	free(seen);
	return st ? st : j.error ? complain(r, j.error_at, "%s", j.error) : 0;
}

/* "v" of a snapshot. */
static int short_value(struct reader *r, struct bu_str raw)
{
	size_t n = r->m->info.value_size, cpu = 0;
	struct bu_json j;
	struct bu_str one;

	if (!r->m->percpu)
		return hex_string(raw, r->value, n);
	bu_json_init(&j, raw);
	if (!bu_json_arr(&j))
		return -EINVAL;
	while (bu_json_elem(&j) && bu_json_skip(&j, &one))
		if (cpu >= r->m->ncpus || hex_string(one, r->value + cpu++ * r->m->stride, n))
			return -EINVAL;
	return j.error || cpu < r->m->ncpus ? -EINVAL : 0;
}

struct parts {
	struct bu_str key, value, values, formatted, k, v;
	struct bu_str fkey, fvalue, fvalues; /* of formatted */
	uint64_t inner;
	bool has_inner, error;
};

/* The members of an element, or of its "formatted". */
static void members(struct bu_json *j, struct parts *p, bool formatted)
{
	struct bu_buf name = { 0 };
	struct bu_str raw, *to;
	const char *s;

	bu_json_obj(j);
	while (bu_json_key(j, &name)) {
		s = bu_buf_cstr(&name);
		if (!formatted && !strcmp(s, "inner_map_id")) {
			p->has_inner = bu_json_u64(j, &p->inner);
			continue;
		}
		to = !strcmp(s, "key") ? (formatted ? &p->fkey : &p->key) :
		     !strcmp(s, "value") ? (formatted ? &p->fvalue : &p->value) :
		     !strcmp(s, "values") ? (formatted ? &p->fvalues : &p->values) :
		     formatted ? NULL : !strcmp(s, "formatted") ? &p->formatted : !strcmp(s, "k") ? &p->k :
		     !strcmp(s, "v") ? &p->v : NULL;
		if (!formatted && !strcmp(s, "error"))
			p->error = true;
		if (bu_json_skip(j, &raw) && to)
			*to = raw;
	}
	bu_buf_free(&name);
}

/* Is raw {"error":…}, what a dump has where a value could not be read? */
static bool is_error(struct bu_str raw)
{
	struct bu_buf name = { 0 };
	struct bu_json j;
	bool yes;

	bu_json_init(&j, raw);
	yes = raw.p && bu_json_kind(&j) == BU_JSON_OBJECT && bu_json_obj(&j) && bu_json_key(&j, &name) &&
	      !strcmp(bu_buf_cstr(&name), "error") && bu_json_skip(&j, NULL) && !bu_json_key(&j, &name);
	bu_buf_free(&name);
	return yes;
}

/*
 * Bytes count, but what stands beside them by type may have been edited: then it is not clear what is
 * meant. Compared is what is printed, since padding is not.
 */
static int agree(struct reader *r, struct bu_str raw, uint32_t type, const uint8_t *bytes, size_t n, const char *what)
{
	struct bu_out a, b;
	uint8_t *copy;
	bool same = true;

	if (!raw.p || !r->m->btf || !type)
		return 0;
	copy = malloc(n + 1);
	bu_out_init(&a, NULL, NULL);
	bu_out_init(&b, NULL, NULL);
	a.json = b.json = true;
	if (copy && bu_btf_parse_value(r->m->btf, type, raw, copy, n, NULL) == 0) {
		bu_btf_print_value(&a, NULL, r->m->btf, type, bytes, n);
		bu_btf_print_value(&b, NULL, r->m->btf, type, copy, n);
		same = a.buf.n == b.buf.n && (!a.buf.n || !memcmp(a.buf.p, b.buf.p, a.buf.n));
	}
	bu_buf_free(&a.buf);
	bu_buf_free(&b.buf);
	free(copy);
	if (same)
		return 0;
	complain(r, (size_t)(raw.p - r->j->text.p), "the %s differs in bytes and as formatted", what);
	bt_hint(r->t, "leave one of them out; jq 'map(.formatted)' keeps what is formatted");
	return BU_EXIT_FAIL;
}

static int read_key(struct reader *r, const struct parts *p)
{
	uint32_t n = r->m->info.key_size;
	int st;

	if (!n)
		return 0;
	if (p->k.p)
		return hex_string(p->k, r->key, n) ? complain(r, r->at, "\"k\" is not %u bytes in hex", n) : 0;
	if (p->key.p) {
		st = key_form(r, p->key);
		return st ? st : agree(r, p->fkey, r->m->info.btf_key_type_id, r->key, n, "key");
	}
	if (p->fkey.p)
		return key_form(r, p->fkey);
	return complain(r, r->at, "it has no key");
}

static int read_value(struct reader *r, const struct parts *p)
{
	uint32_t n = r->m->info.value_size, type = r->m->info.btf_value_type_id;
	struct bu_str rows = p->values.p ? p->values : p->fvalues;
	int st;

	if (p->v.p)
		return short_value(r, p->v) ? complain(r, r->at, "\"v\" is not %u bytes in hex%s", n,
						       r->m->percpu ? ", for each CPU" : "") : 0;
	if (r->m->of_maps && p->has_inner) {
		if (p->inner > UINT32_MAX)
			return complain(r, r->at, "inner_map_id is no id");
		bu_put32(r->value, BU_HOST_BE, (uint32_t)p->inner);
		return 0;
	}
	if (rows.p)
		return cpu_rows(r, rows);
	if (r->m->percpu)
		return complain(r, r->at, "it has no values, one for each CPU");
	if ((r->m->of_maps || r->m->of_progs) && p->value.p && *p->value.p == '"' && n == 4)
		return handle(r, p->value, r->value);
	if (p->value.p) {
		st = any_form(r, p->value, type, r->value, n, "value");
		return st ? st : agree(r, p->fvalue, type, r->value, n, "value");
	}
	if (p->fvalue.p)
		return any_form(r, p->fvalue, type, r->value, n, "value");
	return complain(r, r->at, "it has no value");
}

static int read_elem(struct reader *r)
{
	struct bt_elems *e = r->e;
	struct parts p = { 0 };
	struct bu_json j;
	size_t n = r->m->info.key_size;
	uint32_t index;
	int st;

	bu_json_kind(r->j);
	r->at = r->j->at;
	members(r->j, &p, false);
	if (r->j->error)
		return broken(r);
	if (p.formatted.p) {
		j = *r->j;
		j.at = (size_t)(p.formatted.p - j.text.p);
		members(&j, &p, true);
		if (j.error)
			return complain(r, j.error_at, "%s", j.error);
	}
	if (is_error(p.value)) {
		e->skipped++;
		return 0;
	}
	memset(r->value, 0, r->m->vsize);
	st = read_key(r, &p);
	if (!st)
		st = read_value(r, &p);
	if (st)
		return st;
	if (is_indexed(r->m->info.type) && n == 4) {
		index = bu_get32(r->key, BU_HOST_BE);
		if (index >= r->m->info.max_entries)
			return complain(r, r->at, "index %u, but the map has %u elements", index,
					r->m->info.max_entries);
	}
	bu_buf_add(&e->keys, r->key, n);
	bu_buf_add(&e->values, r->value, r->m->vsize);
	bu_buf_add(&e->places, &r->at, sizeof(r->at));
	e->n++;
	if (e->keys.failed || e->values.failed || e->places.failed || e->keys.n + e->values.n > BYTES_MAX)
		return no_memory(r->t, r->m);
	return 0;
}

/* Passes to the list of elements within the object of one map: its "elements". */
static int find_list(struct reader *r, bool *one)
{
	struct bu_buf name = { 0 };
	struct bu_json *j = r->j;
	size_t at = 0;

	*one = false;
	if (bu_json_kind(j) != BU_JSON_OBJECT)
		return 0;
	at = j->at;
	for (bu_json_obj(j); bu_json_key(j, &name);) {
		if (!strcmp(bu_buf_cstr(&name), "elements")) {
			bu_buf_free(&name);
			return 0;
		}
		bu_json_skip(j, NULL);
	}
	bu_buf_free(&name);
	if (j->error)
		return broken(r);
	/* no list: the element that "map lookup" prints */
	*r->j = (struct bu_json){ .text = j->text, .at = at };
	*one = true;
	return 0;
}

int bt_elems_parse(struct bt *t, const struct bt_map *m, struct bu_json *j, const char *name, struct bt_elems *e)
{
	struct reader r = { .t = t, .m = m, .e = e, .j = j, .name = name };
	bool one = false, around = bu_json_kind(j) == BU_JSON_OBJECT;
	struct bu_buf member = { 0 };
	int st;

	r.key = bu_arena_alloc(&t->arena, m->info.key_size + 8);
	r.value = bu_arena_alloc(&t->arena, m->vsize + 8);
	if (!r.key || !r.value)
		return no_memory(t, m);
	st = find_list(&r, &one);
	if (st)
		return st;
	if (one)
		return read_elem(&r);
	bu_json_arr(j);
	while (!st && bu_json_elem(j))
		st = read_elem(&r);
	/* an object around the list may have more members */
	while (!st && around && bu_json_key(j, &member))
		bu_json_skip(j, NULL);
	bu_buf_free(&member);
	return st ? st : j->error ? broken(&r) : 0;
}

int bt_elems_file(struct bt *t, const struct bt_map *m, const char *path, struct bt_elems *e)
{
	struct bu_buf text = { 0 };
	struct bu_json j;
	int st, err = bu_file_read(path, BYTES_MAX, &text);

	if (err)
		return bt_refused(t, -1, err, "cannot read '%s'", bt_escz(t, path));
	bu_json_init(&j, bu_str((char *)text.p, text.n));
	path = bt_escz(t, strcmp(path, "-") ? path : "standard input");
	st = bt_elems_parse(t, m, &j, path, e);
	if (!st && !bu_json_end(&j)) {
		struct reader r = { .t = t, .m = m, .e = e, .j = &j, .name = path };

		st = broken(&r);
	}
	bu_buf_free(&text);
	return st;
}

/* ---------------------------------------------------------------- into a map */

/* Values whose ids have to become fds: the place of the id, or -1. */
int bt_elem_id(const struct bt_map *m, enum bu_objkind *k)
{
	*k = m->of_maps ? BU_MAP : BU_PROG;
	if (m->of_maps || m->of_progs)
		return 0;
	if (m->info.value_size == 8 &&
	    (m->info.type == BPF_MAP_TYPE_DEVMAP || m->info.type == BPF_MAP_TYPE_DEVMAP_HASH ||
	     m->info.type == BPF_MAP_TYPE_CPUMAP))
		return 4;
	return -1;
}

static const char *label(struct bt *t, const struct bt_map *m, const struct bt_elems *e, size_t i)
{
	struct bu_buf b = { 0 };
	const char *s;

	if (!m->info.key_size)
		return bu_arena_printf(&t->arena, "element %zu", i + 1);
	for (uint32_t k = 0; k < m->info.key_size && k < 32; k++)
		bu_buf_printf(&b, "%s%02x", k ? " " : "", bt_elem_key(m, e, i)[k]);
	s = bu_arena_printf(&t->arena, "element %zu, key %s%s", i + 1, bu_buf_cstr(&b),
			    m->info.key_size > 32 ? "..." : "");
	bu_buf_free(&b);
	return s ? s : "element";
}

const char *bt_elems_unloadable(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_SOCKHASH:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
	case BPF_MAP_TYPE_XSKMAP:
		return "its elements are sockets, which only a process that has them can put in";
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return "its elements are perf events, which only the process that opened them can put in";
	case BPF_MAP_TYPE_CGROUP_ARRAY:
		return "its elements are open control groups, and which ones cannot be read from it";
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
		return "its elements belong to tasks, sockets, control groups or inodes, which a file does not hold open";
	case BPF_MAP_TYPE_STACK_TRACE:
		return "only programs put stacks into it";
	case BPF_MAP_TYPE_STRUCT_OPS:
		return "its value is a struct of operations; 'struct_ops register' sets it";
	case BPF_MAP_TYPE_RINGBUF:
		return "only programs put records into it";
	case BPF_MAP_TYPE_USER_RINGBUF:
		return "it has records, not elements";
	case BPF_MAP_TYPE_ARENA:
		return "it is memory without elements";
	}
	return NULL;
}

int bt_elems_check(struct bt *t, const struct bt_map *m, const struct bt_elems *e)
{
	const char *why = e->n + e->skipped ? bt_elems_unloadable(m->info.type) : NULL;

	uint32_t *order, last = 0, id, n = 0;
	enum bu_objkind k;
	int place = bt_elem_id(m, &k), fd;

	if (why) {
		bt_error(t, "T0143", "elements cannot be put into map %u, a %s: %s", m->info.id,
			 bt_kind(t, bu_map_types, bu_nmap_types, m->info.type), why);
		return BU_EXIT_UNSUPPORTED;
	}
	if (bt_is_queue(m) && e->n > m->info.max_entries)
		return bt_error(t, "T0140", "there are %zu elements, but map %u has place for %u", e->n, m->info.id,
				m->info.max_entries);
	for (size_t i = 0; place >= 0 && i < e->n; i++) {
		id = bu_get32(bt_elem_value(m, e, i) + place, BU_HOST_BE);
		if ((!id && place) || (id == last && i))
			continue;
		fd = bu_sys_fd_by_id(t->sys, k, id, 0);
		if (fd == -ENOENT)
			return bt_error(t, "T0102", "%s: there is no %s with id %u", label(t, m, e, i), bt_noun(k), id);
		if (fd < 0)
			return bt_refused(t, k == BU_MAP ? BPF_MAP_GET_FD_BY_ID : BPF_PROG_GET_FD_BY_ID, fd,
					  "%s: cannot open %s %u", label(t, m, e, i), bt_noun(k), id);
		t->sys->ops->close(t->sys, fd);
		last = id;
	}
	if (!m->info.key_size)
		return 0;
	order = bt_elems_sort(t, m, e);
	if (!order)
		return no_memory(t, m);
	for (size_t i = 0; i < e->n; i++, n++)
		if (i && !compare(m, bt_elem_key(m, e, order[i - 1]), bt_elem_key(m, e, order[i])))
			return bt_error(t, "T0140", "%s stands there twice", label(t, m, e, order[i]));
	if (n > m->info.max_entries)
		return bt_error(t, "T0140", "there are %u elements, but map %u has place for %u", n, m->info.id,
				m->info.max_entries);
	return 0;
}

static int refuse(struct bt *t, const struct bt_map *m, const struct bt_elems *e, size_t i, int err)
{
	if (err == -E2BIG && m->info.key_size)
		return bt_error(t, "T0106", "%s: map %u is full: max_entries is %u", label(t, m, e, i), m->info.id,
				m->info.max_entries);
	return bt_refused(t, BPF_MAP_UPDATE_ELEM, err, "%s: cannot update map %u", label(t, m, e, i), m->info.id);
}

static int write_one(struct bt *t, const struct bt_map *m, const struct bt_elems *e, size_t i, uint8_t *scratch)
{
	const uint8_t *value = bt_elem_value(m, e, i), *key = bt_elem_key(m, e, i);
	enum bu_objkind k;
	int place = bt_elem_id(m, &k), fd = -1, err;
	uint32_t id;

	if (place >= 0) {
		memcpy(scratch, value, m->vsize);
		id = bu_get32(scratch + place, BU_HOST_BE);
		if (id || !place) {
			fd = bu_sys_fd_by_id(t->sys, k, id, 0);
			if (fd < 0)
				return fd;
			bu_put32(scratch + place, BU_HOST_BE, (uint32_t)fd);
		}
		value = scratch;
	}
	err = bu_sys_map_update(t->sys, m->fd, m->info.key_size ? key : NULL, value, 0);
	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	return err;
}

/* Elements from *i on in batches, as far as that goes. */
static void write_batches(struct bt *t, const struct bt_map *m, const struct bt_elems *e, size_t *i)
{
	size_t each = m->info.key_size + m->vsize, per = BATCH_BYTES / (each ? each : 1);
	enum bu_objkind k;
	uint32_t n;

	if (!m->info.key_size || bt_elem_id(m, &k) >= 0)
		return;
	per = per > BATCH_ENTRIES ? BATCH_ENTRIES : per ? per : 1;
	for (; *i < e->n; *i += n) {
		n = (uint32_t)(e->n - *i < per ? e->n - *i : per);
		/* how far it came is not known after an error: one by one, to find the element */
		if (bu_sys_map_update_batch(t->sys, m->fd, bt_elem_key(m, e, *i), bt_elem_value(m, e, *i), n))
			break;
	}
}

/* Keys of the map that are not among e's. */
static int remove_others(struct bt *t, struct bt_map *m, const struct bt_elems *e)
{
	struct bt_elems have = { 0 };
	uint32_t *a, *b, i = 0, k = 0;
	int st = bt_elems_read(t, m, &have), c, err;

	if (st)
		goto out;
	a = bt_elems_sort(t, m, e);
	b = bt_elems_sort(t, m, &have);
	if (!a || !b) {
		st = no_memory(t, m);
		goto out;
	}
	while (!st && k < have.n) {
		c = i < e->n ? compare(m, bt_elem_key(m, e, a[i]), bt_elem_key(m, &have, b[k])) : 1;
		if (c < 0) {
			i++;
			continue;
		}
		if (c > 0) {
			err = bu_sys_map_delete(t->sys, m->fd, bt_elem_key(m, &have, b[k]));
			if (err && err != -ENOENT)
				st = bt_refused(t, BPF_MAP_DELETE_ELEM, err, "cannot delete from map %u", m->info.id);
		}
		k++;
	}
out:
	bt_elems_free(&have);
	return st;
}

/* Is the map as e says already? */
static bool is_so(struct bt *t, struct bt_map *m, const struct bt_elems *e)
{
	uint8_t *have = malloc(m->vsize + 8);
	bool same = have != NULL;

	for (size_t i = 0; same && i < e->n; i++)
		same = !bu_sys_map_lookup(t->sys, m->fd, bt_elem_key(m, e, i), have, 0) &&
		       !memcmp(have, bt_elem_value(m, e, i), m->vsize);
	free(have);
	return same;
}

int bt_elems_write(struct bt *t, struct bt_map *m, const struct bt_elems *e, bool exact)
{
	uint8_t *scratch = bu_arena_alloc(&t->arena, m->vsize + 8);
	size_t i = 0;
	int st = 0, err;

	if (!scratch)
		return no_memory(t, m);
	if (bt_is_queue(m))
		return bt_queue_write(t, m, e, exact);
	if (exact && m->info.key_size && m->info.type != BPF_MAP_TYPE_ARRAY && m->info.type != BPF_MAP_TYPE_PERCPU_ARRAY)
		st = remove_others(t, m, e);
	if (st)
		return st;
	write_batches(t, m, e, &i);
	for (; i < e->n; i++) {
		err = write_one(t, m, e, i, scratch);
		if (err == -EPERM && is_so(t, m, e))
			return 0; /* frozen, or for programs to read only: there is nothing to do */
		if (err)
			return refuse(t, m, e, i, err);
	}
	return 0;
}
