// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What programs and maps take: as the backend accounts it, and code of the JIT beside it. A map that many use counts
 * once in the totals, and once for each process that can reach it.
 */
#include <stdlib.h>
#include <string.h>

#include "graph.h"

enum sort { BY_BYTES, BY_ID, BY_NAME, BY_TYPE };

struct holder {
	int pid;
	const char *comm;
	uint32_t programs, maps;
	uint64_t bytes, alone;
};

struct mem {
	struct bt *t;
	struct bt_graph g;
	struct bt_attaches all;
	enum sort sort;
	uint32_t *reached;    /* by how many processes, by node */
	bool *stays;          /* a pin or a hook reaches it, by node */
	uint32_t *stamp, now; /* of a walk */
	uint32_t *todo;       /* of a walk: nodes that it has still to go on from */
	struct holder *holders;
	size_t n, cap;
};

static uint64_t bytes_of(const struct bt_node *n)
{
	uint64_t bytes = n->mem_known ? n->mem : 0;

	return n->err || n->kind == BU_LINK ? 0 : n->kind == BU_PROG ? bytes + n->prog.jited_prog_len : bytes;
}

/* ---------------------------------------------------------------- who reaches what */

/* Calls fn for a node and all that it keeps, which this walk has not seen. */
static void walk(struct mem *m, struct bt_node *from, void (*fn)(struct mem *m, struct bt_node *n, struct holder *h),
		 struct holder *h)
{
	uint32_t *todo = m->todo, n = 0;

	if (m->stamp[from - m->g.v] == m->now)
		return;
	todo[n++] = (uint32_t)(from - m->g.v);
	m->stamp[todo[0]] = m->now;
	while (n) {
		struct bt_node *at = &m->g.v[todo[--n]];

		fn(m, at, h);
		for (size_t i = 0; i < at->out.n; i++) {
			uint32_t to = at->out.v[i].node;

			if (m->stamp[to] == m->now)
				continue;
			m->stamp[to] = m->now;
			todo[n++] = to;
		}
	}
}

static void count(struct mem *m, struct bt_node *n, struct holder *h)
{
	m->reached[n - m->g.v]++;
	h->programs += n->kind == BU_PROG;
	h->maps += n->kind == BU_MAP;
	h->bytes += bytes_of(n);
}

static void count_alone(struct mem *m, struct bt_node *n, struct holder *h)
{
	if (m->reached[n - m->g.v] == 1 && !m->stays[n - m->g.v])
		h->alone += bytes_of(n);
}

static void stays(struct mem *m, struct bt_node *n, struct holder *h)
{
	(void)h;
	m->stays[n - m->g.v] = true;
}

static void add_holder(struct mem *m, const struct bt_ref *r)
{
	struct holder *v;

	for (size_t i = m->n; i-- > 0;)
		if (m->holders[i].pid == r->pid)
			return;
	v = bu_arena_grow(&m->t->arena, m->holders, m->n, &m->cap, sizeof(*v));
	if (!v)
		return;
	m->holders = v;
	v[m->n++] = (struct holder){ .pid = r->pid, .comm = r->text ? r->text : "?" };
}

static void each_held(struct mem *m, struct holder *h, void (*fn)(struct mem *m, struct bt_node *n, struct holder *h))
{
	m->now++;
	for (size_t i = 0; i < m->g.n; i++) {
		size_t n;
		const struct bt_ref *r = bt_holders(m->t, m->g.v[i].kind, m->g.v[i].id, &n);

		for (size_t k = 0; k < n; k++) {
			if (r[k].pid != h->pid)
				continue;
			walk(m, &m->g.v[i], fn, h);
			break;
		}
	}
}

static bool find_holders(struct mem *m)
{
	struct bt *t = m->t;
	size_t n;

	m->reached = bu_arena_array(&t->arena, m->g.n + 1, sizeof(*m->reached));
	m->stays = bu_arena_array(&t->arena, m->g.n + 1, sizeof(*m->stays));
	m->stamp = bu_arena_array(&t->arena, m->g.n + 1, sizeof(*m->stamp));
	m->todo = bu_arena_array(&t->arena, m->g.n + 1, sizeof(*m->todo));
	if (!m->reached || !m->stays || !m->stamp || !m->todo)
		return false;
	m->now = 1;
	for (size_t i = 0; i < m->g.n; i++) {
		const struct bt_ref *r = bt_holders(t, m->g.v[i].kind, m->g.v[i].id, &n);

		for (size_t k = 0; k < n; k++)
			add_holder(m, &r[k]);
		if (bt_pins(t, m->g.v[i].kind, m->g.v[i].id, &n))
			walk(m, &m->g.v[i], stays, NULL);
	}
	for (size_t i = 0; i < m->all.n; i++) {
		struct bt_node *p = m->all.v[i].self ? bt_graph_find(&m->g, BU_PROG, m->all.v[i].prog_id) : NULL;

		if (p)
			walk(m, p, stays, NULL);
	}
	for (size_t i = 0; i < m->n; i++)
		each_held(m, &m->holders[i], count);
	for (size_t i = 0; i < m->n; i++)
		each_held(m, &m->holders[i], count_alone);
	return true;
}

/* ---------------------------------------------------------------- order */

static enum sort order; /* qsort passes no context on */

static int in_order(const void *va, const void *vb)
{
	const struct bt_node *a = *(struct bt_node *const *)va, *b = *(struct bt_node *const *)vb;
	uint64_t x = bytes_of(a), y = bytes_of(b);
	int d = 0;

	if (order == BY_BYTES && x != y)
		return x > y ? -1 : 1;
	if (order == BY_NAME)
		d = strcmp(a->name, b->name);
	if (order == BY_TYPE && a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return d ? d : a->id < b->id ? -1 : a->id > b->id;
}

static int by_bytes(const void *va, const void *vb)
{
	const struct holder *a = va, *b = vb;

	if (order == BY_BYTES && a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	if (order == BY_NAME && strcmp(a->comm, b->comm))
		return strcmp(a->comm, b->comm);
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

/* Those of a kind in the order that is asked for; *n: how many. */
static struct bt_node **sorted(struct mem *m, enum bu_objkind k, size_t *n)
{
	struct bt_node **v;

	*n = m->g.past[k] - m->g.first[k];
	v = bu_arena_array(&m->t->arena, *n + 1, sizeof(struct bt_node *));
	if (!v) {
		*n = 0;
		return NULL;
	}
	for (size_t i = 0; i < *n; i++)
		v[i] = &m->g.v[m->g.first[k] + i];
	order = m->sort;
	qsort(v, *n, sizeof(struct bt_node *), in_order);
	return v;
}

/* ---------------------------------------------------------------- rows */

/* A number of bytes, or null and "hidden". */
static void put_bytes(struct bt *t, const char *key, bool known, uint64_t bytes)
{
	if (known) {
		bu_out_uint(&t->out, key, bytes, " %12llu", (unsigned long long)bytes);
		return;
	}
	bu_out_null(&t->out, key);
	bu_out_text(&t->out, " %12s", "hidden");
}

static void put_error(struct bt *t, const struct bt_node *n)
{
	bu_out_str(&t->out, "error", bt_strerror(n->err), SIZE_MAX, " cannot be read: %s\n", bt_strerror(n->err));
	bu_out_obj_end(&t->out);
}

static void put_ids(struct mem *m, const char *key, const struct bt_edges *l, enum bt_why why)
{
	bu_out_arr(&m->t->out, key);
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].why == why)
			bu_out_uint(&m->t->out, NULL, m->g.v[l->v[i].node].id, NULL);
	bu_out_arr_end(&m->t->out);
}

static void put_prog(struct mem *m, const struct bt_node *n)
{
	struct bt *t = m->t;
	bool known = n->prog.xlated_prog_len != 0;
	uint64_t maps = 0;

	for (size_t i = 0; i < n->out.n; i++)
		maps += n->out.v[i].why == BT_USES ? bytes_of(&m->g.v[n->out.v[i].node]) : 0;
	bu_out_obj(&t->out, NULL);
	bu_out_uint(&t->out, "id", n->id, "%-8u", n->id);
	if (n->err) {
		put_error(t, n);
		return;
	}
	put_bytes(t, "bytes", n->mem_known && known, bytes_of(n));
	put_bytes(t, "bytes_memlock", n->mem_known, n->mem);
	put_bytes(t, "bytes_jited", known, n->prog.jited_prog_len);
	if (known)
		bu_out_uint(&t->out, "bytes_xlated", n->prog.xlated_prog_len, NULL);
	else
		bu_out_null(&t->out, "bytes_xlated");
	put_bytes(t, "bytes_maps", true, maps);
	bt_put_kind(t, "type", bu_prog_types, bu_nprog_types, n->type, "  %s", "  type %u");
	bu_out_str(&t->out, "name", n->name, SIZE_MAX, "  %s\n", bt_escz(t, n->name));
	put_ids(m, "map_ids", &n->out, BT_USES);
	bu_out_obj_end(&t->out);
}

static void put_map(struct mem *m, const struct bt_node *n)
{
	struct bt *t = m->t;
	uint32_t users = 0;

	for (size_t i = 0; i < n->in.n; i++)
		users += n->in.v[i].why == BT_USES;
	bu_out_obj(&t->out, NULL);
	bu_out_uint(&t->out, "id", n->id, "%-8u", n->id);
	if (n->err) {
		put_error(t, n);
		return;
	}
	put_bytes(t, "bytes_memlock", n->mem_known, n->mem);
	bu_out_text(&t->out, " %12u", users);
	bt_put_kind(t, "type", bu_map_types, bu_nmap_types, n->type, "  %s", "  type %u");
	bu_out_str(&t->out, "name", n->name, SIZE_MAX, "  %s\n", bt_escz(t, n->name));
	put_ids(m, "prog_ids", &n->in, BT_USES);
	bu_out_obj_end(&t->out);
}

static void put_holders(struct mem *m)
{
	struct bt *t = m->t;

	order = m->sort;
	if (m->n)
		qsort(m->holders, m->n, sizeof(*m->holders), by_bytes);
	if (m->n)
		bu_out_text(&t->out, "\nprocesses\n%-8s %12s %12s %12s %12s  %s\n", "PID", "reached", "alone", "programs",
			    "maps", "comm");
	bu_out_arr(&t->out, "processes");
	for (size_t i = 0; i < m->n; i++) {
		const struct holder *h = &m->holders[i];

		bu_out_obj(&t->out, NULL);
		bu_out_int(&t->out, "pid", h->pid, "%-8d", h->pid);
		put_bytes(t, "bytes", true, h->bytes);
		put_bytes(t, "bytes_alone", true, h->alone);
		bu_out_uint(&t->out, "programs", h->programs, " %12u", h->programs);
		bu_out_uint(&t->out, "maps", h->maps, " %12u", h->maps);
		bu_out_str(&t->out, "comm", h->comm, SIZE_MAX, "  %s\n", bt_escz(t, h->comm));
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

static void put_total(struct mem *m)
{
	struct bt *t = m->t;
	uint64_t progs = 0, jited = 0, maps = 0, lasting = 0, unseen = 0;
	size_t np = 0, nm = 0;

	for (size_t i = 0; i < m->g.past[BU_MAP]; i++) {
		const struct bt_node *n = &m->g.v[i];

		np += n->kind == BU_PROG;
		nm += n->kind == BU_MAP;
		if (n->err)
			continue;
		jited += n->kind == BU_PROG ? n->prog.jited_prog_len : 0;
		lasting += m->stays[i] ? bytes_of(n) : 0;
		unseen += m->stays[i] || m->reached[i] ? 0 : bytes_of(n);
		*(n->kind == BU_PROG ? &progs : &maps) += n->mem_known ? n->mem : 0;
	}
	bu_out_obj(&t->out, "total");
	bu_out_uint(&t->out, "programs", np, "\ntotal    %zu %s", np, np == 1 ? "program" : "programs");
	bu_out_uint(&t->out, "bytes_programs", progs, " %llu", (unsigned long long)progs);
	bu_out_uint(&t->out, "bytes_jited", jited, " + JIT %llu", (unsigned long long)jited);
	bu_out_uint(&t->out, "maps", nm, ", %zu %s", nm, nm == 1 ? "map" : "maps");
	bu_out_uint(&t->out, "bytes_maps", maps, " %llu", (unsigned long long)maps);
	bu_out_uint(&t->out, "bytes", progs + jited + maps, ": %llu bytes\n", (unsigned long long)(progs + jited + maps));
	bu_out_uint(&t->out, "bytes_lasting", lasting, "         %llu bytes are kept by pins and hooks",
		    (unsigned long long)lasting);
	bu_out_uint(&t->out, "bytes_unseen", unseen, ", %llu by what is not seen from here\n", (unsigned long long)unseen);
	bu_out_obj_end(&t->out);
}

/* ---------------------------------------------------------------- the command */

static int read_sort(struct bt *t, enum sort *s)
{
	static const char *const words[] = { "bytes", "id", "name", "type", NULL };

	*s = BY_BYTES;
	if (!bt_kw(t, "sort"))
		return 0;
	for (unsigned i = 0; words[i]; i++) {
		if (!bt_kw(t, words[i]))
			continue;
		*s = (enum sort)i;
		return 0;
	}
	if (!bt_peek(t))
		return bt_usage(t, NULL, NULL, "'sort' wants bytes, id, name or type");
	return bt_usage(t, bt_peek(t), words, "'%s' is no order: bytes, id, name or type", bt_escz(t, bt_peek(t)));
}

int bt_mem(struct bt *t)
{
	struct mem m = { .t = t };
	struct bt_node **v;
	size_t n;
	int st = read_sort(t, &m.sort);

	if (!st)
		st = bt_end(t);
	if (!st)
		st = bt_graph_read(t, &m.g);
	if (!st)
		st = bt_attached(&m.g, &m.all);
	if (st)
		return st;
	if (!find_holders(&m))
		return bt_refused(t, -1, -ENOMEM, "cannot add up");
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	v = sorted(&m, BU_PROG, &n);
	if (n)
		bu_out_text(&t->out, "programs\n%-8s %12s %12s %12s %12s  %s\n", "ID", "bytes", "memlock", "JIT", "its maps",
			    "type  name");
	bu_out_arr(&t->out, "programs");
	for (size_t i = 0; i < n; i++)
		put_prog(&m, v[i]);
	bu_out_arr_end(&t->out);
	v = sorted(&m, BU_MAP, &n);
	if (n)
		bu_out_text(&t->out, "\nmaps\n%-8s %12s %12s  %s\n", "ID", "memlock", "programs", "type  name");
	bu_out_arr(&t->out, "maps");
	for (size_t i = 0; i < n; i++)
		put_map(&m, v[i]);
	bu_out_arr_end(&t->out);
	put_holders(&m);
	put_total(&m);
	bu_out_obj_end(&t->out);
	return 0;
}
