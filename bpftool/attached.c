// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every place where a program hangs, once. What the places themselves list (devices, control groups, namespaces,
 * maps of sockets, events of processes) comes first, with the link that put it there; then the links that are left:
 * they are in places that list nothing, or that cannot be looked at from here.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph.h"

enum rank { DEV, CGROUP, NETNS, NETFILTER, TRACEPOINT, PROBE, FUNCTION, EVENT, OPS, SOCKETS, ITER, OTHER };
static const char *const hooks[] = {
	[DEV] = "dev", [CGROUP] = "cgroup", [NETNS] = "netns", [NETFILTER] = "netfilter",
	[TRACEPOINT] = "tracepoint", [PROBE] = "probe", [FUNCTION] = "function", [EVENT] = "event",
	[OPS] = "struct_ops", [SOCKETS] = "sockets", [ITER] = "iter", [OTHER] = "link",
};

struct ctx {
	struct bt *t;
	struct bt_graph *g;
	struct bt_attaches *all;
	bool *taken;          /* links whose place is known, by node */
	const char *netns;    /* where this thread is, NULL: at home */
};

static struct bt_attach *put(struct ctx *c, enum rank rank, const char *place, const char *how)
{
	struct bt_attaches *all = c->all;
	struct bt_attach *v = bu_arena_grow(&c->t->arena, all->v, all->n, &all->cap, sizeof(*v));
	static struct bt_attach nowhere;

	if (!v)
		return &nowhere;
	all->v = v;
	v = &v[all->n];
	*v = (struct bt_attach){ .rank = rank, .hook = hooks[rank], .place = place ? place : "", .how = how ? how : "",
				
				 .order = (uint32_t)all->n, .self = true, .netns = rank == DEV ? c->netns : NULL };
	all->n++;
	return v;
}

static void missed(struct ctx *c, const char *what, int err)
{
	struct bt_attaches *all = c->all;

	if (all->nmissed < BU_ARRAY_SIZE(all->missed))
		all->missed[all->nmissed++] = bu_arena_printf(&c->t->arena, "%s: %s", what, bt_strerror(err));
}

static const char *attach_type(struct ctx *c, uint32_t type)
{
	return bt_kind(c->t, bu_attach_types, bu_nattach_types, type);
}

/* Is there a program of such a type? Else nobody has to look. */
static bool any_of(const struct ctx *c, const uint32_t *types, size_t n)
{
	const struct bt_graph *g = c->g;

	for (size_t i = g->first[BU_PROG]; i < g->past[BU_PROG]; i++)
		for (size_t k = 0; k < n; k++)
			if (g->v[i].err || g->v[i].type == types[k])
				return true;
	return false;
}
#define ANY_OF(c, ...) any_of(c, (const uint32_t[]){ __VA_ARGS__ }, \
			      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* A link that is not yet placed and for which fits says so; gives it to the attachment. */
static void give_link(struct ctx *c, struct bt_attach *a, const struct bt_link *want,
		      bool (*fits)(const struct bpf_link_info *li, const struct bpf_link_info *want))
{
	const struct bt_graph *g = c->g;

	for (size_t i = g->first[BU_LINK]; i < g->past[BU_LINK]; i++) {
		const struct bt_node *n = &g->v[i];

		if (c->taken[i] || n->err || n->link->li.type != want->li.type ||
		    n->link->li.prog_id != want->li.prog_id || !fits(&n->link->li, &want->li))
			continue;
		c->taken[i] = true;
		a->link_id = n->id;
		a->self = false;
		return;
	}
}

static void take_link(struct ctx *c, struct bt_attach *a, uint32_t link_id)
{
	const struct bt_node *n = bt_graph_find(c->g, BU_LINK, link_id);

	a->link_id = link_id;
	a->self = !link_id;
	if (n)
		c->taken[n - c->g->v] = true;
}

/* ---------------------------------------------------------------- devices */

static const char *dev_place(struct ctx *c, const char *name, int ifindex)
{
	return bu_arena_printf(&c->t->arena, "%s(%d)%s%s", name && *name ? name : "?", ifindex,
			       c->netns ? " in " : "", c->netns ? c->netns : "");
}

static bool fits_xdp(const struct bpf_link_info *li, const struct bpf_link_info *want)
{
	return li->xdp.ifindex == want->xdp.ifindex;
}

static void put_xdp(struct ctx *c, const struct bu_net_dev *d)
{
	static const char *const modes[] = { [XDP_ATTACHED_DRV] = "xdp driver", [XDP_ATTACHED_SKB] = "xdp generic",
					     [XDP_ATTACHED_HW] = "xdp offload" };

	for (unsigned m = XDP_ATTACHED_DRV; m <= XDP_ATTACHED_HW; m++) {
		struct bt_link want = { .li = { .type = BPF_LINK_TYPE_XDP, .prog_id = d->xdp[m] } };
		struct bt_attach *a;

		if (!d->xdp[m])
			continue;
		a = put(c, DEV, dev_place(c, d->name, d->ifindex), modes[m]);
		a->ifindex = d->ifindex;
		a->prog_id = d->xdp[m];
		want.li.xdp.ifindex = (uint32_t)d->ifindex;
		give_link(c, a, &want, fits_xdp);
	}
}

static void put_lists(struct ctx *c, const struct bu_net_dev *d)
{
	static const uint32_t types[] = { BPF_TCX_INGRESS, BPF_TCX_EGRESS, BPF_NETKIT_PRIMARY, BPF_NETKIT_PEER };

	for (size_t i = 0; i < BU_ARRAY_SIZE(types); i++) {
		struct bu_query q;

		if (i >= 2 && strcmp(d->kind, "netkit"))
			break;
		bu_sys_query(c->t->sys, d->ifindex, types[i], 0, &q);
		for (uint32_t k = 0; k < q.n; k++) {
			struct bt_attach *a = put(c, DEV, dev_place(c, d->name, d->ifindex), bt_net_where(types[i]));

			a->ifindex = d->ifindex;
			a->prog_id = q.prog_ids[k];
			take_link(c, a, q.link_ids[k]);
		}
		bu_query_free(&q);
	}
}

static void put_filter(struct ctx *c, const char *dev, const struct bu_net_filter *f)
{
	const char *how = bu_arena_printf(&c->t->arena, "%s prio %u%s%s handle 0x%x", f->where, f->prio,
					  strcmp(f->kind, "bpf") ? " " : "", strcmp(f->kind, "bpf") ? f->kind : "",
					  f->handle);
	struct bt_attach *a;

	if (f->prog_id) {
		a = put(c, DEV, dev_place(c, dev, f->ifindex), how);
		a->ifindex = f->ifindex;
		a->prog_id = f->prog_id;
	}
	for (unsigned i = 0; i < f->nacts; i++) {
		a = put(c, DEV, dev_place(c, dev, f->ifindex), how);
		a->ifindex = f->ifindex;
		a->prog_id = f->act[i].prog_id;
		a->note = "action";
	}
}

static void devices(struct ctx *c)
{
	struct bt_net n;
	int err;

	if (!c->t->sys->ops->net_devs ||
	    !ANY_OF(c, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT))
		return;
	err = bt_net_list(c->t, 0, &n);
	if (err) {
		missed(c, "network devices", err);
		return;
	}
	for (size_t i = 0; i < n.ndev; i++) {
		put_xdp(c, &n.dev[i]);
		put_lists(c, &n.dev[i]);
		for (size_t k = 0; k < n.nfilter; k++)
			if (n.filter[k].ifindex == n.dev[i].ifindex)
				put_filter(c, n.dev[i].name, &n.filter[k]);
	}
}

/* ---------------------------------------------------------------- control groups */

static bool fits_cgroup(const struct bpf_link_info *li, const struct bpf_link_info *want)
{
	return li->cgroup.cgroup_id == want->cgroup.cgroup_id && li->cgroup.attach_type == want->cgroup.attach_type;
}

static int one_group(struct bt *t, void *ctx, const char *path, int fd, unsigned level)
{
	struct ctx *c = ctx;
	struct stat st;

	(void)level;
	if (fstat(fd, &st))
		return 0;
	for (unsigned i = 0; i < bu_nattach_types; i++) {
		const struct bu_kind *k = &bu_attach_types[i];
		struct bu_query q;
		int err;

		if (!bt_cgroup_type(k))
			continue;
		err = bu_sys_query(t->sys, fd, k->num, 0, &q);
		for (uint32_t p = 0; p < q.n; p++) {
			struct bt_link want = { .li = { .type = BPF_LINK_TYPE_CGROUP, .prog_id = q.prog_ids[p] } };
			uint32_t flags = q.prog_flags[p] ? q.prog_flags[p] : q.flags;
			struct bt_attach *a = put(c, CGROUP, bu_arena_strdup(&t->arena, path), k->name);

			a->prog_id = q.prog_ids[p];
			a->note = flags & BPF_F_ALLOW_MULTI ? "multi" : flags & BPF_F_ALLOW_OVERRIDE ? "override" : NULL;
			want.li.cgroup.cgroup_id = st.st_ino;
			want.li.cgroup.attach_type = k->num;
			give_link(c, a, &want, fits_cgroup);
		}
		bu_query_free(&q);
		if (err && err != -EINVAL && err != -ENOENT && err != -ENODEV && err != -EBADF) {
			missed(c, "control groups", err);
			return BU_EXIT_FAIL;
		}
	}
	return 0;
}

static void groups(struct ctx *c)
{
	const char *root = c->t->sys->ops->target_open ? bt_cgroup_root(c->t) : NULL;

	if (root && ANY_OF(c, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_CGROUP_DEVICE,
			   BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_PROG_TYPE_CGROUP_SOCKOPT,
			   BPF_PROG_TYPE_SOCK_OPS, BPF_PROG_TYPE_LSM))
		bt_each_cgroup(c->t, root, one_group, c);
}

/* ---------------------------------------------------------------- lists of namespaces and maps of sockets */

static bool fits_netns(const struct bpf_link_info *li, const struct bpf_link_info *want)
{
	return li->netns.netns_ino == want->netns.netns_ino && li->netns.attach_type == want->netns.attach_type;
}

static const char *netns_place(struct ctx *c, uint32_t ino)
{
	struct stat st;
	bool here = !stat("/proc/thread-self/ns/net", &st) && st.st_ino == ino;

	return bu_arena_printf(&c->t->arena, "%u%s%s%s", ino, here ? " (" : "",
			       !here ? "" : c->netns ? c->netns : "this one", here ? ")" : "");
}

static void namespaces(struct ctx *c)
{
	static const uint32_t types[] = { BPF_FLOW_DISSECTOR, BPF_SK_LOOKUP };
	struct bu_sys *s = c->t->sys;
	struct stat st;
	int fd;

	if (!s->ops->target_open || !ANY_OF(c, BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_PROG_TYPE_SK_LOOKUP))
		return;
	fd = s->ops->target_open(s, BU_TARGET_NETNS, NULL);
	if (fd < 0 || fstat(fd, &st)) {
		missed(c, "the network namespace", fd);
		return;
	}
	for (size_t i = 0; i < BU_ARRAY_SIZE(types); i++) {
		struct bu_query q;

		bu_sys_query(s, fd, types[i], 0, &q);
		for (uint32_t k = 0; k < q.n; k++) {
			struct bt_link want = { .li = { .type = BPF_LINK_TYPE_NETNS, .prog_id = q.prog_ids[k] } };
			struct bt_attach *a = put(c, NETNS, netns_place(c, (uint32_t)st.st_ino), attach_type(c, types[i]));

			a->prog_id = q.prog_ids[k];
			want.li.netns.netns_ino = (uint32_t)st.st_ino;
			want.li.netns.attach_type = types[i];
			give_link(c, a, &want, fits_netns);
		}
		bu_query_free(&q);
	}
	s->ops->close(s, fd);
}

/* Namespaces by inode, each once. */
struct spaces {
	struct ctx *c;
	struct space { uint64_t ino; const char *open, *name; } *v;
	size_t n, cap;
};

static void add_space(struct spaces *s, const char *path, const char *open, const char *name)
{
	struct space *v;
	struct stat st;

	if (stat(path, &st) || !open || !name)
		return;
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].ino == st.st_ino)
			return;
	v = bu_arena_grow(&s->c->t->arena, s->v, s->n, &s->cap, sizeof(*v));
	if (!v)
		return;
	s->v = v;
	v[s->n++] = (struct space){ st.st_ino, open, name };
}

static bool add_named(void *ctx, const char *name)
{
	struct spaces *s = ctx;
	struct bu_arena *a = &s->c->t->arena;
	const char *path = bu_arena_printf(a, "/run/netns/%s", name);

	if (path)
		add_space(s, path, path, bu_arena_printf(a, "netns %s", name));
	return true;
}

static void add_processes(struct spaces *s)
{
	struct bu_arena *a = &s->c->t->arena;
	DIR *d = opendir("/proc");
	struct dirent *e;
	char path[64];

	while (d && (e = readdir(d))) {
		if (e->d_name[strspn(e->d_name, "0123456789")] || strlen(e->d_name) > 20)
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", e->d_name);
		add_space(s, path, bu_arena_strdup(a, e->d_name), bu_arena_printf(a, "netns of process %s", e->d_name));
	}
	if (d)
		closedir(d);
}

/* What devices and namespaces list, here and in the other namespaces that have a name or a process. Status. */
static int all_namespaces(struct ctx *c)
{
	struct spaces s = { .c = c };
	struct bu_sys *sys = c->t->sys;
	int home, fd, err;

	devices(c);
	namespaces(c);
	if (!sys->ops->netns_set || !sys->ops->net_devs ||
	    !ANY_OF(c, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT,
		    BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_PROG_TYPE_SK_LOOKUP))
		return 0;
	add_space(&s, "/proc/thread-self/ns/net", "", "");
	if (sys->ops->names)
		sys->ops->names(sys, BU_NAMES_NETNS, NULL, add_named, &s);
	add_processes(&s);
	home = s.n > 1 ? sys->ops->target_open(sys, BU_TARGET_NETNS, NULL) : -1;
	for (size_t i = 1; home >= 0 && i < s.n; i++) {
		fd = sys->ops->target_open(sys, BU_TARGET_NETNS, s.v[i].open);
		if (fd < 0) /* it ended */
			continue;
		err = sys->ops->netns_set(sys, fd);
		sys->ops->close(sys, fd);
		if (err) {
			missed(c, "other network namespaces", err);
			break;
		}
		c->netns = s.v[i].name;
		devices(c);
		namespaces(c);
		c->netns = NULL;
		err = sys->ops->netns_set(sys, home);
		if (err) {
			sys->ops->close(sys, home);
			return bt_refused(c->t, -1, err, "cannot go back to the network namespace");
		}
	}
	if (home >= 0)
		sys->ops->close(sys, home);
	return 0;
}

static bool fits_sockmap(const struct bpf_link_info *li, const struct bpf_link_info *want)
{
	return li->sockmap.map_id == want->sockmap.map_id && li->sockmap.attach_type == want->sockmap.attach_type;
}

static const char *map_place(struct ctx *c, uint32_t id)
{
	const struct bt_node *m = bt_graph_find(c->g, BU_MAP, id);

	return bu_arena_printf(&c->t->arena, "map %u%s%s", id, m && *m->name ? " " : "", m ? m->name : "");
}

static void socket_map(struct ctx *c, const struct bt_node *m)
{
	static const uint32_t types[] = { BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT, BPF_SK_SKB_VERDICT,
					  BPF_SK_MSG_VERDICT };
	struct bu_sys *s = c->t->sys;
	int fd = bu_sys_fd_by_id(s, BU_MAP, m->id, BPF_F_RDONLY);

	for (size_t i = 0; fd >= 0 && i < BU_ARRAY_SIZE(types); i++) {
		struct bu_query q;

		bu_sys_query(s, fd, types[i], 0, &q);
		for (uint32_t k = 0; k < q.n; k++) {
			struct bt_link want = { .li = { .type = BPF_LINK_TYPE_SOCKMAP, .prog_id = q.prog_ids[k] } };
			struct bt_attach *a = put(c, SOCKETS, map_place(c, m->id), attach_type(c, types[i]));

			a->map_id = m->id;
			a->prog_id = q.prog_ids[k];
			want.li.sockmap.map_id = m->id;
			want.li.sockmap.attach_type = types[i];
			give_link(c, a, &want, fits_sockmap);
		}
		bu_query_free(&q);
	}
	if (fd >= 0)
		s->ops->close(s, fd);
}

/* What of struct_ops is in use without a link: state 1, for good until its map's element is deleted. */
static void ops_map(struct ctx *c, const struct bt_node *m)
{
	for (size_t i = 0; i < m->in.n; i++)
		if (m->in.v[i].why == BT_BACKS)
			return;
	if (m->mark != 1)
		return;
	for (size_t i = 0; i < m->out.n; i++) {
		struct bt_attach *a = put(c, OPS, map_place(c, m->id), "registered");

		a->map_id = m->id;
		a->prog_id = c->g->v[m->out.v[i].node].id;
	}
}

static void maps(struct ctx *c)
{
	struct bt_graph *g = c->g;

	for (size_t i = g->first[BU_MAP]; i < g->past[BU_MAP]; i++) {
		if (g->v[i].err)
			continue;
		if (g->v[i].type == BPF_MAP_TYPE_SOCKMAP || g->v[i].type == BPF_MAP_TYPE_SOCKHASH)
			socket_map(c, &g->v[i]);
		else if (g->v[i].type == BPF_MAP_TYPE_STRUCT_OPS)
			ops_map(c, &g->v[i]);
	}
}

/* ---------------------------------------------------------------- links that are left */

/* Name of what a tracing link is on. */
static const char *function_of(struct ctx *c, const struct bpf_link_info *li)
{
	const struct bt_node *p = bt_graph_find(c->g, BU_PROG, li->prog_id), *target = NULL;
	uint32_t obj = p && !p->err ? p->prog.attach_btf_obj_id : 0;
	uint32_t id = li->tracing.target_btf_id ? li->tracing.target_btf_id : p && !p->err ? p->prog.attach_btf_id : 0;
	const struct bu_btf *btf;
	struct bu_btf_type ty;

	if (!obj) { /* the types are those of the program whose function it is */
		target = bt_graph_find(c->g, BU_PROG, li->tracing.target_obj_id);
		obj = target && !target->err ? target->prog.btf_id : 0;
	}
	btf = bt_btf(c->t, obj);
	if (btf && id && !bu_btf_get(btf, id, &ty) && *ty.name)
		return target ? bu_arena_printf(&c->t->arena, "%s of program %u", ty.name, target->id) :
				bu_arena_strdup(&c->t->arena, ty.name);
	return bu_arena_printf(&c->t->arena, "type %u of BTF %u", id, obj);
}

/* Programs that replace a function were loaded for no attach type. */
static bool replaces(struct ctx *c, const struct bpf_link_info *li)
{
	const struct bt_node *p = bt_graph_find(c->g, BU_PROG, li->prog_id);

	return p && !p->err && p->type == BPF_PROG_TYPE_EXT;
}

static const char *dev_of(struct ctx *c, uint32_t ifindex)
{
	char name[IF_NAMESIZE];

	/* not among the devices here: the link is from another namespace, whose numbers are others */
	if (c->t->sys->ops->net_devs || !if_indextoname(ifindex, name))
		return bu_arena_printf(&c->t->arena, "number %u of another namespace", ifindex);
	return dev_place(c, name, (int)ifindex);
}

static struct bt_attach *perf_place(struct ctx *c, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;
	const char *name = l->name ? l->name : "";

	switch (li->perf_event.type) {
	case BPF_PERF_EVENT_TRACEPOINT:
		return put(c, TRACEPOINT, *name ? name : "?", "tracepoint");
	case BPF_PERF_EVENT_KPROBE:
	case BPF_PERF_EVENT_KRETPROBE:
		name = bu_arena_printf(&c->t->arena, "%s+0x%x", *name ? name : "?", li->perf_event.kprobe.offset);
		return put(c, PROBE, name, li->perf_event.type == BPF_PERF_EVENT_KPROBE ? "kprobe" : "kretprobe");
	case BPF_PERF_EVENT_UPROBE:
	case BPF_PERF_EVENT_URETPROBE:
		name = bu_arena_printf(&c->t->arena, "%s+0x%x", *name ? name : "?", li->perf_event.uprobe.offset);
		return put(c, PROBE, name, li->perf_event.type == BPF_PERF_EVENT_UPROBE ? "uprobe" : "uretprobe");
	case BPF_PERF_EVENT_EVENT:
		return put(c, EVENT, bt_event_name(c->t, li->perf_event.event.type, li->perf_event.event.config),
			   "perf_event");
	}
	return put(c, EVENT, "that this kernel does not name", "perf_event");
}

static struct bt_attach *link_place(struct ctx *c, const struct bt_link *l)
{
	const struct bpf_link_info *li = &l->li;
	struct bu_arena *ar = &c->t->arena;
	const char *name = l->name ? l->name : "";

	switch (li->type) {
	case BPF_LINK_TYPE_RAW_TRACEPOINT:
		return put(c, TRACEPOINT, *name ? name : "?", "raw_tracepoint");
	case BPF_LINK_TYPE_TRACING:
		return put(c, FUNCTION, function_of(c, li), replaces(c, li) ? "freplace" :
			   attach_type(c, li->tracing.attach_type));
	case BPF_LINK_TYPE_CGROUP:
		return put(c, CGROUP, li->cgroup.cgroup_id ? bu_arena_printf(ar, "id %llu, not seen from here",
			   (unsigned long long)li->cgroup.cgroup_id) : NULL, attach_type(c, li->cgroup.attach_type));
	case BPF_LINK_TYPE_ITER:
		return put(c, ITER, *name ? name : "?", NULL);
	case BPF_LINK_TYPE_NETNS:
		return put(c, NETNS, li->netns.netns_ino ? netns_place(c, li->netns.netns_ino) : NULL,
			   attach_type(c, li->netns.attach_type));
	case BPF_LINK_TYPE_XDP:
		return put(c, DEV, li->xdp.ifindex ? dev_of(c, li->xdp.ifindex) : NULL, "xdp");
	case BPF_LINK_TYPE_TCX:
		return put(c, DEV, li->tcx.ifindex ? dev_of(c, li->tcx.ifindex) : NULL,
			   bt_net_where(li->tcx.attach_type));
	case BPF_LINK_TYPE_NETKIT:
		return put(c, DEV, li->netkit.ifindex ? dev_of(c, li->netkit.ifindex) : NULL,
			   bt_net_where(li->netkit.attach_type));
	case BPF_LINK_TYPE_SOCKMAP:
		return put(c, SOCKETS, li->sockmap.map_id ? map_place(c, li->sockmap.map_id) : NULL,
			   attach_type(c, li->sockmap.attach_type));
	case BPF_LINK_TYPE_NETFILTER:
		return put(c, NETFILTER, bt_netfilter_name(c->t, li), NULL);
	case BPF_LINK_TYPE_KPROBE_MULTI:
		return put(c, PROBE, bu_arena_printf(ar, "%u functions", li->kprobe_multi.count),
			   li->kprobe_multi.flags & BPF_F_KPROBE_MULTI_RETURN ? "kretprobe.multi" : "kprobe.multi");
	case BPF_LINK_TYPE_UPROBE_MULTI:
		return put(c, PROBE, bu_arena_printf(ar, "%s, %u places", name, li->uprobe_multi.count),
			   li->uprobe_multi.flags & BPF_F_UPROBE_MULTI_RETURN ? "uretprobe.multi" : "uprobe.multi");
	case BPF_LINK_TYPE_PERF_EVENT:
		return perf_place(c, l);
	}
	return put(c, OTHER, bt_kind(c->t, bu_link_types, bu_nlink_types, li->type), NULL);
}

static void other_links(struct ctx *c)
{
	struct bt_graph *g = c->g;

	for (size_t i = g->first[BU_LINK]; i < g->past[BU_LINK]; i++) {
		const struct bt_node *n = &g->v[i];
		const struct bpf_link_info *li;
		struct bt_attach *a;

		if (n->err || c->taken[i])
			continue;
		li = &n->link->li;
		if (li->type != BPF_LINK_TYPE_STRUCT_OPS) {
			a = link_place(c, n->link);
			a->prog_id = li->prog_id;
			a->link_id = n->id;
			a->self = false;
			continue;
		}
		for (size_t k = 0; k < n->out.n; k++) {
			const struct bt_node *m = &g->v[n->out.v[k].node];

			for (size_t p = 0; p < m->out.n; p++) {
				a = put(c, OPS, map_place(c, m->id), NULL);
				a->prog_id = g->v[m->out.v[p].node].id;
				a->link_id = n->id;
				a->map_id = m->id;
				a->self = false;
			}
		}
	}
}

/* ---------------------------------------------------------------- events of processes */

/* An event whose program no link brought there; the events of all CPUs are one. */
static bool one_event(void *ctx, const struct bu_event *e)
{
	struct ctx *c = ctx;
	static const char *const how[] = {
		[BPF_FD_TYPE_RAW_TRACEPOINT] = "raw_tracepoint", [BPF_FD_TYPE_TRACEPOINT] = "tracepoint",
		[BPF_FD_TYPE_KPROBE] = "kprobe", [BPF_FD_TYPE_KRETPROBE] = "kretprobe", [BPF_FD_TYPE_UPROBE] = "uprobe",
		[BPF_FD_TYPE_URETPROBE] = "uretprobe",
	};
	enum rank rank = e->fd_type <= BPF_FD_TYPE_TRACEPOINT ? TRACEPOINT : PROBE;
	const char *place = rank == TRACEPOINT ? e->text : *e->text ?
			    bu_arena_printf(&c->t->arena, "%s+0x%llx", e->text, (unsigned long long)e->offset) :
			    bu_arena_printf(&c->t->arena, "0x%llx", (unsigned long long)e->addr);
	struct bt_attach *a;

	if (e->fd_type >= BU_ARRAY_SIZE(how) || e->fd_type == BPF_FD_TYPE_RAW_TRACEPOINT || !place)
		return true; /* raw tracepoints are links */
	for (size_t i = 0; i < c->all->n; i++) {
		a = &c->all->v[i];
		if (a->rank == rank && a->prog_id == e->prog_id && !strcmp(a->how, how[e->fd_type]) &&
		    !strcmp(a->place, place))
			return true;
	}
	a = put(c, rank, bu_arena_strdup(&c->t->arena, place), how[e->fd_type]);
	a->prog_id = e->prog_id;
	a->self = false;
	a->note = bu_arena_printf(&c->t->arena, "event of %s(%d)", bt_escz(c->t, e->comm), e->pid);
	return true;
}

static int in_order(const void *va, const void *vb)
{
	const struct bt_attach *a = va, *b = vb;
	int d;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	d = strcmp(a->netns ? a->netns : "", b->netns ? b->netns : "");
	if (d)
		return d;
	if (a->ifindex != b->ifindex)
		return a->ifindex < b->ifindex ? -1 : 1;
	d = strcmp(a->place, b->place);
	return d ? d : a->order < b->order ? -1 : a->order > b->order;
}

int bt_attached(struct bt_graph *g, struct bt_attaches *all)
{
	struct ctx c = { .t = g->t, .g = g, .all = all };
	int err, st;

	memset(all, 0, sizeof(*all));
	c.taken = bu_arena_array(&g->t->arena, g->n + 1, sizeof(*c.taken));
	if (!c.taken)
		return bt_refused(g->t, -1, -ENOMEM, "cannot look for attachments");
	st = all_namespaces(&c);
	if (st)
		return st;
	groups(&c);
	maps(&c);
	other_links(&c);
	if (g->t->sys->ops->events) {
		err = g->t->sys->ops->events(g->t->sys, one_event, &c);
		if (err && err != -EINVAL)
			missed(&c, "events of processes", err);
	}
	if (all->n)
		qsort(all->v, all->n, sizeof(*all->v), in_order);
	for (size_t i = 0; i < all->n; i++) {
		struct bt_node *p = bt_graph_find(g, BU_PROG, all->v[i].prog_id);

		if (p)
			p->attached++;
	}
	return 0;
}
