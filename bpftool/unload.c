// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * prog unload, map unload: takes away what keeps an object and is nobody's own: its pins, for a program also the links
 * that run it, with their pins, and where it hangs without a link (XDP, tc, control groups, socket maps). What is left
 * then is a process, another object or a place that we cannot reach, and it is named.
 */
#include <linux/if_link.h>
#include <string.h>

#include "graph.h"
#include "load/load.h"

/* So long it may take the kernel, and so long that it mostly takes. */
#define GONE_MS 2000
#define SOON_MS 300
#define KEEPERS_TOLD 8

struct unload {
	struct bt *t;
	enum bu_objkind kind;
	uint32_t id;
	struct bt_graph g;
	struct bt_attaches all;
	struct bu_diag *d;    /* to which keepers are notes */
	unsigned keepers;
};

/* One thing that was done; what and where are as in JSON. */
static void done(struct unload *u, const char *what, const char *where, uint32_t id)
{
	struct bu_out *o = &u->t->out;

	bu_out_obj(o, NULL);
	bu_out_str(o, "removed", what, SIZE_MAX, "removed %s", what);
	if (id)
		bu_out_uint(o, "id", id, " %u", id);
	if (where && *where)
		bu_out_str(o, "from", where, SIZE_MAX, strncmp(what, "pin", 3) ? " from %s" : " %s", bt_escz(u->t, where));
	bu_out_text(o, "\n");
	bu_out_obj_end(o);
}

static void not_done(struct unload *u, const char *what, const char *where, uint32_t id, int err)
{
	const char *name = id ? bu_arena_printf(&u->t->arena, "%s %u", what, id) : what;

	bu_diag(&u->t->ds, BU_WARNING, "T0121", "%s%s%s cannot be removed: %s", name ? name : what, *where ? " at " : "",
		bt_escz(u->t, where), bt_strerror(err));
}

static int look(struct unload *u)
{
	struct bt *t = u->t;
	int st;

	t->holders = t->pinned = NULL;
	memset(&u->all, 0, sizeof(u->all));
	st = bt_graph_read(t, &u->g);
	return st ? st : bt_attached(&u->g, &u->all);
}

/* ---------------------------------------------------------------- taking away */

static void remove_pins(struct unload *u, enum bu_objkind kind, uint32_t id)
{
	struct bt *t = u->t;
	const struct bt_ref *p;
	size_t n;
	int err;

	p = bt_pins(t, kind, id, &n);
	for (size_t i = 0; i < n; i++) {
		if (!p[i].text || (i && p[i - 1].text && !strcmp(p[i].text, p[i - 1].text)))
			continue;
		err = t->sys->ops->unpin(t->sys, p[i].text);
		if (err)
			not_done(u, "pin", p[i].text, 0, err);
		else
			done(u, kind == BU_LINK ? "pin of its link" : "pin", p[i].text, 0);
	}
}

/* Detached, whoever holds it; a kind that cannot be goes with its pins and holders. */
static void remove_link(struct unload *u, uint32_t id)
{
	struct bt *t = u->t;
	const char *where = "";
	int fd, err;

	for (size_t i = 0; i < u->all.n; i++)
		if (u->all.v[i].link_id == id)
			where = bu_arena_printf(&t->arena, "%s %s", u->all.v[i].hook, u->all.v[i].place);
	remove_pins(u, BU_LINK, id);
	fd = bu_sys_fd_by_id(t->sys, BU_LINK, id, 0);
	if (fd < 0)
		return;
	err = bu_sys_link_detach(t->sys, fd);
	t->sys->ops->close(t->sys, fd);
	if (!err)
		done(u, "link", where, id);
	else if (err != -EOPNOTSUPP && err != -EINVAL && err != -524)
		not_done(u, "link", where ? where : "", id, err);
}

static void remove_xdp(struct unload *u, const struct bu_net_dev *d)
{
	static const uint32_t flags[] = { [XDP_ATTACHED_DRV] = XDP_FLAGS_DRV_MODE, [XDP_ATTACHED_SKB] = XDP_FLAGS_SKB_MODE,
					  [XDP_ATTACHED_HW] = XDP_FLAGS_HW_MODE };
	struct bt *t = u->t;
	int fd, err;

	for (unsigned mode = XDP_ATTACHED_DRV; mode <= XDP_ATTACHED_HW; mode++) {
		if (d->xdp[mode] != u->id)
			continue;
		/* Only if it is still ours: a program that came meanwhile stays. */
		fd = bu_sys_fd_by_id(t->sys, BU_PROG, u->id, 0);
		err = fd < 0 ? fd : t->sys->ops->xdp_set(t->sys, d->ifindex, -1, fd, flags[mode], NULL, 0);
		if (fd >= 0)
			t->sys->ops->close(t->sys, fd);
		if (err)
			not_done(u, "xdp", d->name, 0, err);
		else
			done(u, "xdp", d->name, 0);
	}
}

static void remove_filter(struct unload *u, const struct bu_net_filter *f, const char *dev)
{
	struct bu_tc tc = { .ifindex = f->ifindex, .parent = f->parent, .prio = f->prio, .handle = f->handle,
			    .chain = f->chain };
	const char *where = bu_arena_printf(&u->t->arena, "%s %s", dev, f->where);
	int err = u->t->sys->ops->tc(u->t->sys, BU_TC_FILTER_DEL, &tc, NULL, 0);

	if (err)
		not_done(u, "tc filter", where ? where : dev, 0, err);
	else
		done(u, "tc filter", where ? where : dev, 0);
}

static bool has_link(const struct unload *u, int ifindex)
{
	for (size_t i = 0; i < u->all.n; i++) {
		const struct bt_attach *a = &u->all.v[i];

		if (a->prog_id == u->id && a->link_id && a->ifindex == ifindex && !strncmp(a->how, "xdp", 3))
			return true;
	}
	return false;
}

/* XDP and filters that netlink set. Of a link they are gone with it. */
static void remove_from_devices(struct unload *u)
{
	struct bt *t = u->t;
	struct bt_net net;

	if (!t->sys->ops->net_devs || !t->sys->ops->tc || bt_net_list(t, 0, &net))
		return;
	for (size_t i = 0; i < net.ndev; i++)
		if (!has_link(u, net.dev[i].ifindex))
			remove_xdp(u, &net.dev[i]);
	for (size_t i = 0; i < net.nfilter; i++) {
		const char *dev = "?";

		if (net.filter[i].prog_id != u->id)
			continue;
		for (size_t k = 0; k < net.ndev; k++)
			if (net.dev[k].ifindex == net.filter[i].ifindex)
				dev = net.dev[k].name;
		remove_filter(u, &net.filter[i], dev);
	}
}

/* The attach type that begins a text: "cgroup_inet_ingress multi". */
static int type_of(const char *how)
{
	size_t n = strcspn(how, " ");

	for (unsigned i = 0; i < bu_nattach_types; i++)
		if (strlen(bu_attach_types[i].name) == n && !strncmp(bu_attach_types[i].name, how, n))
			return (int)bu_attach_types[i].num;
	return -1;
}

/* What PROG_ATTACH put into a control group or a socket map, or made the flow dissector here. */
static void remove_from_place(struct unload *u, const struct bt_attach *a)
{
	struct bt *t = u->t;
	union bpf_attr attr;
	int type = type_of(a->how), target = -1, fd, err;

	memset(&attr, 0, sizeof(attr));
	if (!strcmp(a->hook, "cgroup") && t->sys->ops->target_open)
		target = t->sys->ops->target_open(t->sys, BU_TARGET_CGROUP, a->place);
	else if (!strcmp(a->hook, "sockets") && a->map_id)
		target = bu_sys_fd_by_id(t->sys, BU_MAP, a->map_id, 0);
	else if (strcmp(a->hook, "netns") != 0)
		return;
	if (type < 0 || (target < 0 && strcmp(a->hook, "netns") != 0))
		return;
	fd = bu_sys_fd_by_id(t->sys, BU_PROG, u->id, 0);
	attr.target_fd = target < 0 ? 0 : (uint32_t)target;
	attr.attach_bpf_fd = (uint32_t)fd;
	attr.attach_type = (uint32_t)type;
	err = fd < 0 ? fd : bu_sys_prog_detach(t->sys, &attr);
	if (fd >= 0)
		t->sys->ops->close(t->sys, fd);
	if (target >= 0)
		t->sys->ops->close(t->sys, target);
	if (err)
		not_done(u, a->hook, a->place, 0, err);
	else
		done(u, a->hook, a->place, 0);
}

static void take_away(struct unload *u)
{
	const struct bt_node *n = bt_graph_find(&u->g, u->kind, u->id);

	if (n && u->kind == BU_PROG) {
		for (size_t i = 0; i < n->in.n; i++)
			if (n->in.v[i].why == BT_RUNS)
				remove_link(u, u->g.v[n->in.v[i].node].id);
		remove_from_devices(u);
		for (size_t i = 0; i < u->all.n; i++)
			if (u->all.v[i].prog_id == u->id && u->all.v[i].self && !u->all.v[i].link_id)
				remove_from_place(u, &u->all.v[i]);
	}
	remove_pins(u, u->kind, u->id);
}

/* ---------------------------------------------------------------- what is left */

static void keeper(struct unload *u, const char *fmt, ...) BU_PRINTF(2, 3);
static void keeper(struct unload *u, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = bu_arena_vprintf(&u->t->arena, fmt, ap);
	va_end(ap);
	if (!text)
		return;
	bu_out_str(&u->t->out, NULL, text, SIZE_MAX, NULL);
	if (u->keepers++ < KEEPERS_TOLD)
		bu_diag_note(&u->t->ds, u->d, "%s", text);
}

static void tell_processes(struct unload *u, enum bu_objkind kind, uint32_t id, const char *what)
{
	const struct bt_ref *p;
	size_t n;

	p = bt_holders(u->t, kind, id, &n);
	for (size_t i = 0; i < n; i++)
		if (!i || p[i].pid != p[i - 1].pid)
			keeper(u, "process %d (%s) holds %s", p[i].pid, bt_escz(u->t, p[i].text ? p[i].text : "?"), what);
	p = bt_pins(u->t, kind, id, &n);
	for (size_t i = 0; i < n; i++)
		if (p[i].text)
			keeper(u, "%s is pinned at %s", what, bt_escz(u->t, p[i].text));
}

static void tell_edge(struct unload *u, const struct bt_edge *e)
{
	const struct bt_node *from = &u->g.v[e->node];
	const char *name = bt_escz(u->t, from->name ? from->name : ""), *link;

	if (from->kind == BU_LINK) {
		keeper(u, "link %u %s it", from->id, e->why == BT_RUNS ? "runs" : e->why == BT_TARGET ? "traces or replaces" : "uses");
		link = bu_arena_printf(&u->t->arena, "link %u", from->id);
		tell_processes(u, BU_LINK, from->id, link ? link : "the link");
	} else if (from->kind == BU_MAP) {
		keeper(u, "map %u (%s) has it as element %u", from->id, name, e->index);
	} else {
		keeper(u, "program %u (%s) uses it", from->id, name);
	}
}

static void tell_keepers(struct unload *u)
{
	const struct bt_node *n = bt_graph_find(&u->g, u->kind, u->id);

	for (size_t i = 0; n && i < n->in.n; i++)
		tell_edge(u, &n->in.v[i]);
	tell_processes(u, u->kind, u->id, "it");
	for (size_t i = 0; u->kind == BU_PROG && i < u->all.n; i++) {
		const struct bt_attach *a = &u->all.v[i];

		if (a->prog_id != u->id || a->link_id)
			continue;
		if (a->self)
			keeper(u, "it is attached to %s %s%s%s", a->hook, bt_escz(u->t, a->place), *a->how ? ", " : "", a->how);
		else
			keeper(u, "it is on %s %s%s%s", a->hook, bt_escz(u->t, a->place), a->note ? ", " : "",
			       a->note ? bt_escz(u->t, a->note) : "");
	}
}

static int still_there(struct unload *u)
{
	struct bt *t = u->t;

	bt_error(t, "T0121", "%s %u is still there", bt_noun(u->kind), u->id);
	u->d = t->ds.last;
	bu_out_arr(&t->out, "kept_by");
	tell_keepers(u);
	bu_out_arr_end(&t->out);
	if (u->keepers > KEEPERS_TOLD)
		bu_diag_note(&t->ds, u->d, "and %u more", u->keepers - KEEPERS_TOLD);
	if (!u->keepers)
		bu_diag_note(&t->ds, u->d, "what keeps it cannot be seen from here: %s",
			     u->kind == BU_PROG ? "a socket, a route, a device of another network namespace"
						: "a descriptor on its way between processes, or the kernel is not done yet");
	return BU_EXIT_FAIL;
}

static int unload(struct bt *t, enum bu_objkind kind)
{
	struct unload u = { .t = t, .kind = kind };
	struct bt_obj o;
	int st = bt_handle(t, kind, 0, &o);
	bool is_gone;

	if (st)
		return st;
	u.id = o.id;
	bt_obj_close(t, &o);
	st = bt_end(t);
	if (!st)
		st = look(&u);
	if (st)
		return st;
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	bu_out_str(&t->out, "kind", bu_objkind_name(kind), SIZE_MAX, NULL);
	bu_out_uint(&t->out, "id", u.id, NULL);
	bu_out_arr(&t->out, "removed");
	take_away(&u);
	bu_out_arr_end(&t->out);
	is_gone = bu_await_gone(t->sys, kind, u.id, SOON_MS);
	if (!is_gone && !look(&u)) {
		const struct bt_node *n = bt_graph_find(&u.g, kind, u.id);
		size_t held = 0;

		bt_holders(t, kind, u.id, &held);
		/* What nobody seems to keep is on its way. */
		is_gone = !n || (!n->in.n && !held && bu_await_gone(t->sys, kind, u.id, GONE_MS));
	}
	bu_out_bool(&t->out, "gone", is_gone, NULL);
	if (is_gone)
		bu_out_text(&t->out, "%s %u is gone\n", bt_noun(kind), u.id);
	else
		st = still_there(&u);
	bu_out_obj_end(&t->out);
	return st;
}

int bt_prog_unload(struct bt *t)
{
	return unload(t, BU_PROG);
}

int bt_map_unload(struct bt *t)
{
	return unload(t, BU_MAP);
}
