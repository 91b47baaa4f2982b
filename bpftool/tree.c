// SPDX-License-Identifier: GPL-2.0-or-later
/* Hook, its programs in their order, their maps; and what keeps each of them alive. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "graph.h"

#define NEST_MAX 12 /* of programs in maps of programs … */

struct tree {
	struct bt *t;
	struct bt_graph g;
	struct bt_attaches all;
	bool part;            /* not all is asked for: what has `wanted` is */
	int ifindex;          /* only at this device */
	const char *cgroup;   /* only in this group and below */
};

/* ---------------------------------------------------------------- what keeps it */

/* One reason: text behind the others, and an object that begins with "by". */
struct reasons {
	struct bt *t;
	unsigned n;
};

static void reason(struct reasons *r, const char *by)
{
	bu_out_text(&r->t->out, "%s", r->n++ ? ", " : "  kept by ");
	bu_out_obj(&r->t->out, NULL);
	bu_out_str(&r->t->out, "by", by, SIZE_MAX, NULL);
}

static void reason_id(struct reasons *r, const char *by, const char *words, uint32_t id)
{
	reason(r, by);
	bu_out_uint(&r->t->out, "id", id, "%s %u", words, id);
	bu_out_obj_end(&r->t->out);
}

static void outside(struct reasons *r, const struct bt_node *n)
{
	struct bt *t = r->t;
	const struct bt_ref *p;
	size_t count, i;

	p = bt_holders(t, n->kind, n->id, &count);
	for (i = 0; i < count; i++) {
		if (i && p[i].pid == p[i - 1].pid)
			continue;
		reason(r, "process");
		bu_out_int(&t->out, "pid", p[i].pid, NULL);
		bu_out_str(&t->out, "comm", p[i].text ? p[i].text : "?", SIZE_MAX, "fd of %s(%d)",
			   t->json ? "" : bt_escz(t, p[i].text ? p[i].text : "?"), p[i].pid);
		bu_out_obj_end(&t->out);
	}
	p = bt_pins(t, n->kind, n->id, &count);
	for (i = 0; i < count; i++) {
		if (!p[i].text || (i && p[i - 1].text && !strcmp(p[i].text, p[i - 1].text)))
			continue;
		reason(r, "pin");
		bu_out_str(&t->out, "path", p[i].text, SIZE_MAX, "pin %s", t->json ? "" : bt_escz(t, p[i].text));
		bu_out_obj_end(&t->out);
	}
}

static void put_reasons(struct tree *tr, const struct bt_node *n)
{
	static const struct { const char *by, *words; } names[] = {
		[BU_PROG] = { "program", "program" }, [BU_MAP] = { "map", "map" }, [BU_LINK] = { "link", "link" },
	};
	struct bt *t = tr->t;
	struct reasons r = { .t = t };
	const struct bt_node *from;

	bu_out_arr(&t->out, "kept_by");
	for (size_t i = 0; n->kind == BU_PROG && i < tr->all.n; i++) {
		const struct bt_attach *a = &tr->all.v[i];

		if (a->prog_id != n->id || a->link_id)
			continue;
		if (a->self) {
			reason(&r, "hook");
			bu_out_str(&t->out, "hook", a->hook, SIZE_MAX, NULL);
			bu_out_str(&t->out, "place", a->place, SIZE_MAX, "%s%s itself", a->hook,
				   bu_arena_printf(&t->arena, *a->place ? " %s" : "%s", bt_escz(t, a->place)));
			bu_out_obj_end(&t->out);
		} else if (a->note) {
			reason(&r, "event");
			bu_out_str(&t->out, "event", a->note, SIZE_MAX, "%s", bt_escz(t, a->note));
			bu_out_obj_end(&t->out);
		}
	}
	for (size_t i = 0; i < n->in.n; i++) {
		from = &tr->g.v[n->in.v[i].node];
		reason_id(&r, names[from->kind].by, names[from->kind].words, from->id);
	}
	outside(&r, n);
	bu_out_arr_end(&t->out);
	if (!r.n)
		bu_out_text(&t->out, "  kept by what is not seen from here%s", n->kind == BU_PROG ?
			    " (a socket, a route, a struct of operations that ends)" : n->kind == BU_MAP &&
			    n->type == BPF_MAP_TYPE_PROG_ARRAY ? " (or by nobody: see BUGS in bpftool(8))" : "");
}

/* ---------------------------------------------------------------- objects */

static void indent(struct tree *tr, unsigned depth)
{
	bu_out_text(&tr->t->out, "%*s", (int)(2 * depth), "");
}

static void put_node(struct tree *tr, struct bt_node *n, unsigned depth, const struct bt_attach *a);

static bool left_out(const struct tree *tr, const struct bt_node *n)
{
	return tr->part && !n->wanted;
}

static void put_elements(struct tree *tr, struct bt_node *n, unsigned depth)
{
	struct bt *t = tr->t;

	bu_out_arr(&t->out, "elements");
	for (size_t i = 0; i < n->out.n; i++) {
		struct bt_edge *e = &n->out.v[i];

		if (left_out(tr, &tr->g.v[e->node]))
			continue;
		indent(tr, depth);
		bu_out_obj(&t->out, NULL);
		bu_out_uint(&t->out, "index", e->index, "[%u] ", e->index);
		bu_out_uint(&t->out, "times", e->times, NULL);
		put_node(tr, &tr->g.v[e->node], depth, NULL);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
	if (n->cut) {
		indent(tr, depth);
		bu_out_text(&t->out, "(it has more elements)\n");
	}
}

static void put_maps(struct tree *tr, struct bt_node *n, unsigned depth)
{
	struct bt *t = tr->t;

	bu_out_arr(&t->out, "maps");
	for (size_t i = 0; i < n->out.n; i++) {
		struct bt_node *m = &tr->g.v[n->out.v[i].node];

		if (m->kind != BU_MAP || left_out(tr, m))
			continue;
		indent(tr, depth);
		bu_out_obj(&t->out, NULL);
		put_node(tr, m, depth, NULL);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

/* How the link that attached a program came, and what keeps it. */
static void put_link(struct tree *tr, const struct bt_attach *a, unsigned depth)
{
	struct bt_node *l = a ? bt_graph_find(&tr->g, BU_LINK, a->link_id) : NULL;
	struct bt *t = tr->t;

	if (!a || !a->link_id)
		return;
	indent(tr, depth);
	bu_out_obj(&t->out, "link");
	bu_out_uint(&t->out, "id", a->link_id, "link %u", a->link_id);
	if (l) {
		bt_put_kind(t, "type", bu_link_types, bu_nlink_types, l->type, " %s", " type %u");
		put_reasons(tr, l);
		l->shown = true;
	}
	bu_out_obj_end(&t->out);
	bu_out_text(&t->out, "\n");
}

/* The members of an object that is begun; in text its line, which is begun too, and those below. */
static void put_node(struct tree *tr, struct bt_node *n, unsigned depth, const struct bt_attach *a)
{
	struct bt *t = tr->t;
	const struct bu_kind *tab = n->kind == BU_PROG ? bu_prog_types : n->kind == BU_MAP ? bu_map_types : bu_link_types;
	unsigned ntab = n->kind == BU_PROG ? bu_nprog_types : n->kind == BU_MAP ? bu_nmap_types : bu_nlink_types;
	bool again = n->shown;

	bu_out_str(&t->out, "kind", bu_objkind_name(n->kind), SIZE_MAX, "%s ", bu_objkind_name(n->kind));
	bu_out_uint(&t->out, "id", n->id, "%u", n->id);
	if (n->err) {
		bu_out_str(&t->out, "error", bt_strerror(n->err), SIZE_MAX, "  cannot be read: %s\n", bt_strerror(n->err));
		n->shown = true;
		return;
	}
	bt_put_kind(t, "type", tab, ntab, n->type, " %s", " type %u");
	if (n->kind != BU_LINK)
		bu_out_str(&t->out, "name", n->name, SIZE_MAX, *n->name ? "  %s" : "%s", bt_escz(t, n->name));
	if (a && a->note)
		bu_out_str(&t->out, "note", a->note, SIZE_MAX, "  %s", bt_escz(t, a->note));
	n->shown = true;
	if (again) {
		bu_out_bool(&t->out, "again", true, "  (see above)\n");
		put_link(tr, a, depth + 1);
		return;
	}
	put_reasons(tr, n);
	bu_out_text(&t->out, "\n");
	put_link(tr, a, depth + 1);
	if (depth > NEST_MAX)
		return;
	if (n->kind == BU_PROG)
		put_maps(tr, n, depth + 1);
	else if (n->kind == BU_MAP && n->out.n)
		put_elements(tr, n, depth + 1);
}

/* ---------------------------------------------------------------- hooks */

static bool asked(const struct tree *tr, const struct bt_attach *a)
{
	const struct bt_node *p;
	size_t n;

	if (tr->ifindex)
		return a->ifindex == tr->ifindex && !a->netns;
	if (tr->cgroup) {
		n = strlen(tr->cgroup);
		while (n > 1 && tr->cgroup[n - 1] == '/')
			n--;
		return !strcmp(a->hook, "cgroup") && !strncmp(a->place, tr->cgroup, n) &&
		       (!a->place[n] || a->place[n] == '/');
	}
	p = bt_graph_find(&tr->g, BU_PROG, a->prog_id);
	return !tr->part || (p && p->wanted);
}

static bool same_place(const struct bt_attach *a, const struct bt_attach *b)
{
	return a && a->rank == b->rank && a->ifindex == b->ifindex && !strcmp(a->place, b->place);
}

static void put_hooks(struct tree *tr)
{
	struct bt *t = tr->t;
	const struct bt_attach *last = NULL;

	bu_out_arr(&t->out, "hooks");
	for (size_t i = 0; i < tr->all.n; i++) {
		const struct bt_attach *a = &tr->all.v[i];
		struct bt_node *p = bt_graph_find(&tr->g, BU_PROG, a->prog_id);
		unsigned depth = *a->how ? 2 : 1;

		if (!asked(tr, a))
			continue;
		if (!same_place(last, a)) {
			if (last) {
				bu_out_arr_end(&t->out);
				bu_out_obj_end(&t->out);
				bu_out_arr_end(&t->out);
				bu_out_obj_end(&t->out);
			}
			bu_out_obj(&t->out, NULL);
			bu_out_str(&t->out, "hook", a->hook, SIZE_MAX, "%s", a->hook);
			bu_out_str(&t->out, "place", a->place, SIZE_MAX, " %s\n",
				   *a->place ? bt_escz(t, a->place) : "(detached)");
			if (a->ifindex)
				bu_out_int(&t->out, "ifindex", a->ifindex, NULL);
			if (a->netns)
				bu_out_str(&t->out, "netns", a->netns, SIZE_MAX, NULL);
			bu_out_arr(&t->out, "lists");
		} else if (strcmp(last->how, a->how)) {
			bu_out_arr_end(&t->out);
			bu_out_obj_end(&t->out);
		}
		if (!same_place(last, a) || strcmp(last->how, a->how)) {
			bu_out_obj(&t->out, NULL);
			bu_out_str(&t->out, "how", a->how, SIZE_MAX, *a->how ? "  %s\n" : "%s", bt_escz(t, a->how));
			bu_out_arr(&t->out, "programs");
		}
		indent(tr, depth);
		bu_out_obj(&t->out, NULL);
		if (p) {
			put_node(tr, p, depth, a);
		} else {
			bu_out_str(&t->out, "kind", "prog", SIZE_MAX, "prog ");
			bu_out_uint(&t->out, "id", a->prog_id, "%u  gone meanwhile\n", a->prog_id);
		}
		bu_out_obj_end(&t->out);
		last = a;
	}
	if (last) {
		bu_out_arr_end(&t->out);
		bu_out_obj_end(&t->out);
		bu_out_arr_end(&t->out);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

/* Objects of a kind that hang nowhere; those that others hold come behind these. */
static void put_rest(struct tree *tr, enum bu_objkind k, const char *key, const char *title)
{
	struct bt *t = tr->t;
	bool any = false;

	bu_out_arr(&t->out, key);
	for (int held = 0; held < 2; held++) {
		for (size_t i = tr->g.first[k]; i < tr->g.past[k]; i++) {
			struct bt_node *n = &tr->g.v[i];

			if (n->shown || left_out(tr, n) || (n->in.n != 0) != held)
				continue;
			if (!any)
				bu_out_text(&t->out, "%s\n", title);
			any = true;
			indent(tr, 1);
			bu_out_obj(&t->out, NULL);
			put_node(tr, n, 1, NULL);
			bu_out_obj_end(&t->out);
		}
	}
	bu_out_arr_end(&t->out);
}

/* ---------------------------------------------------------------- the command */

/* Marks what the node reaches, or what reaches it. */
static void want(struct tree *tr, struct bt_node *from, bool forward)
{
	uint32_t *todo = bu_arena_array(&tr->t->arena, tr->g.n + 1, sizeof(*todo)), n = 0;
	bool *seen = bu_arena_array(&tr->t->arena, tr->g.n + 1, sizeof(*seen));

	if (!todo || !seen)
		return;
	todo[n++] = (uint32_t)(from - tr->g.v);
	seen[todo[0]] = true;
	while (n) {
		struct bt_node *at = &tr->g.v[todo[--n]];
		const struct bt_edges *l = forward ? &at->out : &at->in;

		at->wanted = true;
		for (size_t i = 0; i < l->n; i++) {
			if (seen[l->v[i].node])
				continue;
			seen[l->v[i].node] = true;
			todo[n++] = l->v[i].node;
		}
	}
}

static int read_words(struct tree *tr, uint32_t *prog, uint32_t *map)
{
	struct bt *t = tr->t;
	static const char *const list[] = { "prog", "map", "dev", "cgroup", NULL };
	char self[32], path[PATH_MAX];
	struct bt_obj o;
	ssize_t n;
	int st, fd;

	if (!bt_peek(t))
		return 0;
	tr->part = true;
	if (bt_is(t, "dev"))
		return bt_net_dev(t, &tr->ifindex);
	if (bt_kw(t, "cgroup")) {
		if (!bt_peek(t))
			return bt_usage(t, NULL, NULL, "'cgroup' wants the path of a control group");
		st = bt_cgroup_open(t, bt_next(t), &fd);
		if (st)
			return st;
		/* its path without links, however it was written */
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		n = readlink(self, path, sizeof(path) - 1);
		t->sys->ops->close(t->sys, fd);
		if (n <= 0)
			return bt_error(t, "T0102", "the control group is gone");
		tr->cgroup = bu_arena_strndup(&t->arena, path, (size_t)n);
		return 0;
	}
	if (!bt_is(t, "prog") && !bt_is(t, "map"))
		return bt_usage(t, bt_peek(t), list, "'%s' is not expected here: prog, map, dev or cgroup",
				bt_escz(t, bt_peek(t)));
	if (bt_kw(t, "prog")) {
		st = bt_handle(t, BU_PROG, 0, &o);
		*prog = o.id;
	} else {
		bt_next(t);
		st = bt_handle(t, BU_MAP, BPF_F_RDONLY, &o);
		*map = o.id;
	}
	bt_obj_close(t, &o);
	return st;
}

int bt_tree(struct bt *t)
{
	struct tree tr = { .t = t };
	uint32_t prog = 0, map = 0;
	struct bt_node *n;
	int st = read_words(&tr, &prog, &map);

	if (!st)
		st = bt_end(t);
	if (!st)
		st = bt_graph_read(t, &tr.g);
	if (!st)
		st = bt_attached(&tr.g, &tr.all);
	if (st)
		return st;
	n = prog ? bt_graph_find(&tr.g, BU_PROG, prog) : map ? bt_graph_find(&tr.g, BU_MAP, map) : NULL;
	if (n) {
		want(&tr, n, false);
		want(&tr, n, true);
	}
	/* at a place all of its programs and their maps are shown, and nothing else */
	for (size_t i = 0; (tr.ifindex || tr.cgroup) && i < tr.all.n; i++)
		if (asked(&tr, &tr.all.v[i]) && (n = bt_graph_find(&tr.g, BU_PROG, tr.all.v[i].prog_id)))
			want(&tr, n, true);
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	put_hooks(&tr);
	put_rest(&tr, BU_PROG, "programs", "programs that are attached nowhere");
	put_rest(&tr, BU_MAP, "maps", "maps of no program");
	put_rest(&tr, BU_LINK, "links", "links to nothing that is seen from here");
	bu_out_arr(&t->out, "not_seen");
	for (size_t i = 0; i < tr.all.nmissed; i++)
		bu_out_str(&t->out, NULL, tr.all.missed[i], SIZE_MAX, "not seen: %s\n", tr.all.missed[i]);
	bu_out_arr_end(&t->out);
	bu_out_obj_end(&t->out);
	return 0;
}
