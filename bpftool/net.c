// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs on network devices and in the network's hooks: XDP, tc, tcx, netkit, flow dissector, netfilter. */
#include <linux/if_link.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "hooks.h"

/* ---------------------------------------------------------------- what there is */

static bool keep_dev(void *ctx, const struct bu_net_dev *d)
{
	struct bt *t = ((void **)ctx)[0];
	struct bt_net *n = ((void **)ctx)[1];
	struct bu_net_dev *v = bu_arena_grow(&t->arena, n->dev, n->ndev, &n->devcap, sizeof(*v));

	if (!v)
		return false;
	n->dev = v;
	v += n->ndev++;
	*v = *d;
	v->name = bu_arena_strdup(&t->arena, d->name);
	v->kind = bu_arena_strdup(&t->arena, d->kind);
	return v->name && v->kind;
}

static bool keep_filter(void *ctx, const struct bu_net_filter *f)
{
	struct bt *t = ((void **)ctx)[0];
	struct bt_net *n = ((void **)ctx)[1];
	struct bu_net_filter *v = bu_arena_grow(&t->arena, n->filter, n->nfilter, &n->filtercap, sizeof(*v));

	if (!v)
		return false;
	n->filter = v;
	v += n->nfilter++;
	*v = *f;
	v->where = bu_arena_strdup(&t->arena, f->where);
	v->kind = bu_arena_strdup(&t->arena, f->kind);
	v->name = f->name ? bu_arena_strdup(&t->arena, f->name) : NULL;
	for (unsigned i = 0; i < v->nacts; i++)
		v->act[i].name = bu_arena_strdup(&t->arena, f->act[i].name);
	return true;
}

/* A backend without devices of its own has those that its links name. */
static int keep_link_dev(struct bt *t, void *ctx, uint32_t id, int fd)
{
	char name[IF_NAMESIZE];
	struct bu_net_dev d = { .name = name, .kind = "", .xdp_mode = XDP_ATTACHED_SKB };
	struct bpf_link_info li = { 0 };
	uint32_t size = sizeof(li);
	const int *only = ((void **)ctx)[2];

	(void)id;
	if (fd < 0 || bu_sys_info(t->sys, fd, &li, &size) || li.type != BPF_LINK_TYPE_XDP || !li.xdp.ifindex ||
	    (*only && (uint32_t)*only != li.xdp.ifindex))
		return 0;
	d.ifindex = (int)li.xdp.ifindex;
	d.xdp[XDP_ATTACHED_SKB] = li.prog_id;
	if (!if_indextoname(li.xdp.ifindex, name))
		strcpy(name, "(unknown)");
	keep_dev(ctx, &d);
	return 0;
}

int bt_net_list(struct bt *t, int ifindex, struct bt_net *n)
{
	void *ctx[] = { t, n, &ifindex };
	int err;

	memset(n, 0, sizeof(*n));
	if (!t->sys->ops->net_devs)
		return bt_each(t, BU_LINK, 0, keep_link_dev, ctx) ? -EIO : 0;
	err = t->sys->ops->net_devs(t->sys, ifindex, keep_dev, ctx);
	return err ? err : t->sys->ops->net_filters(t->sys, ifindex, keep_filter, ctx);
}

const char *bt_prog_name(struct bt *t, uint32_t id)
{
	struct bpf_prog_info pi;
	const char *name = NULL;
	int fd = bu_sys_fd_by_id(t->sys, BU_PROG, id, 0);

	if (fd < 0)
		return NULL;
	if (bt_prog_info(t, fd, &pi, &name))
		name = NULL;
	t->sys->ops->close(t->sys, fd);
	return name;
}

static const struct {
	uint32_t type;
	const char *where;
	const char *kind;     /* of the devices that have it; NULL: all */
} lists[] = {
	{ BPF_TCX_INGRESS, "tcx/ingress", NULL }, { BPF_TCX_EGRESS, "tcx/egress", NULL },
	{ BPF_NETKIT_PRIMARY, "netkit/primary", "netkit" }, { BPF_NETKIT_PEER, "netkit/peer", "netkit" },
};

const char *bt_net_where(uint32_t attach_type)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(lists); i++)
		if (lists[i].type == attach_type)
			return lists[i].where;
	return NULL;
}

int bt_net_dev(struct bt *t, int *ifindex)
{
	const char *dev;

	if (!bt_kw(t, "dev"))
		return bt_usage(t, NULL, NULL, bt_peek(t) ? "'%s' is not expected here: 'dev NAME' is" :
				"%s: 'dev NAME' is missing", bt_peek(t) ? bt_escz(t, bt_peek(t)) : "which device");
	dev = bt_next(t);
	if (!dev)
		return bt_usage(t, NULL, NULL, "'dev' wants the name of a network device");
	*ifindex = t->sys->ops->ifindex(t->sys, dev);
	if (*ifindex > 0)
		return 0;
	return bt_error(t, "T0102", "there is no network device '%s'", bt_escz(t, dev));
}

/* ---------------------------------------------------------------- rows */

static const char *const modes[] = { [XDP_ATTACHED_DRV] = "driver", [XDP_ATTACHED_SKB] = "generic",
				     [XDP_ATTACHED_HW] = "offload" };

static void put_dev(struct bt *t, const char *name, int ifindex)
{
	bu_out_obj(&t->out, NULL);
	if (*name)
		bu_out_str(&t->out, "devname", name, SIZE_MAX, "%s", bt_escz(t, name));
	bu_out_uint(&t->out, "ifindex", (uint32_t)ifindex, "(%d)", ifindex);
}

static void row_end(struct bt *t)
{
	bu_out_obj_end(&t->out);
	bu_out_text(&t->out, "\n");
}

static void put_mode(struct bt *t, const struct bu_net_dev *d, unsigned mode, bool own)
{
	if (!d->xdp[mode])
		return;
	if (own)
		bu_out_obj(&t->out, NULL);
	bu_out_str(&t->out, "mode", modes[mode], SIZE_MAX, " %s", modes[mode]);
	bu_out_uint(&t->out, "id", d->xdp[mode], " id %u", d->xdp[mode]);
	if (own)
		bu_out_obj_end(&t->out);
}

static void put_xdp(struct bt *t, const struct bu_net_dev *d)
{
	static const unsigned order[] = { XDP_ATTACHED_SKB, XDP_ATTACHED_DRV, XDP_ATTACHED_HW };
	bool several = d->xdp_mode == XDP_ATTACHED_MULTI;

	if (!d->xdp_mode)
		return;
	put_dev(t, d->name, d->ifindex);
	if (several)
		bu_out_arr(&t->out, "multi_attachments");
	for (size_t i = 0; i < BU_ARRAY_SIZE(order); i++)
		put_mode(t, d, order[i], several);
	if (several)
		bu_out_arr_end(&t->out);
	row_end(t);
}

static void put_bits(struct bt *t, const char *key, uint32_t flags)
{
	bu_out_arr(&t->out, key);
	if (flags)
		bu_out_text(&t->out, "%s ", key);
	for (uint32_t bit = 1; bit; bit <<= 1)
		if (flags & bit)
			bu_out_uint(&t->out, NULL, bit, "%u ", bit);
	bu_out_arr_end(&t->out);
}

/* -EPERM: they are hidden from this caller. */
static int put_lists(struct bt *t, const struct bu_net_dev *d)
{
	struct bu_query q;
	const char *name;
	int err, hidden = 0;

	for (size_t i = 0; t->sys->ops->net_devs && i < BU_ARRAY_SIZE(lists); i++) {
		if (lists[i].kind && strcmp(lists[i].kind, d->kind))
			continue;
		err = bu_sys_query(t->sys, d->ifindex, lists[i].type, 0, &q);
		hidden = err == -EPERM ? err : hidden;
		for (uint32_t k = 0; k < q.n; k++) {
			put_dev(t, d->name, d->ifindex);
			bu_out_str(&t->out, "kind", lists[i].where, SIZE_MAX, " %s", lists[i].where);
			name = bt_prog_name(t, q.prog_ids[k]);
			if (name && *name)
				bu_out_str(&t->out, "name", name, SIZE_MAX, " %s", bt_escz(t, name));
			bu_out_uint(&t->out, "prog_id", q.prog_ids[k], " prog_id %u ", q.prog_ids[k]);
			put_bits(t, "prog_flags", q.prog_flags[k]);
			bu_out_uint(&t->out, "link_id", q.link_ids[k], NULL);
			if (q.link_ids[k])
				bu_out_text(&t->out, "link_id %u ", q.link_ids[k]);
			put_bits(t, "link_flags", q.link_flags[k]);
			row_end(t);
		}
		bu_query_free(&q);
	}
	return hidden;
}

static void put_filter(struct bt *t, const char *dev, const struct bu_net_filter *f)
{
	put_dev(t, dev, f->ifindex);
	bu_out_str(&t->out, "kind", f->where, SIZE_MAX, " %s", bt_escz(t, f->where));
	if (strcmp(f->kind, "bpf"))
		bu_out_str(&t->out, "classifier", f->kind, SIZE_MAX, " %s", bt_escz(t, f->kind));
	if (f->name)
		bu_out_str(&t->out, "name", f->name, SIZE_MAX, " %s", bt_escz(t, f->name));
	if (f->prog_id)
		bu_out_uint(&t->out, "id", f->prog_id, " id %u", f->prog_id);
	if (f->has_acts) {
		bu_out_text(&t->out, " act [");
		bu_out_arr(&t->out, "act");
		for (unsigned i = 0; i < f->nacts; i++) {
			bu_out_obj(&t->out, NULL);
			bu_out_text(&t->out, "{");
			if (*f->act[i].name)
				bu_out_str(&t->out, "name", f->act[i].name, SIZE_MAX, "%s",
					   bt_escz(t, f->act[i].name));
			if (f->act[i].prog_id)
				bu_out_uint(&t->out, "id", f->act[i].prog_id, " id %u", f->act[i].prog_id);
			bu_out_text(&t->out, "}");
			bu_out_obj_end(&t->out);
		}
		bu_out_arr_end(&t->out);
		bu_out_text(&t->out, "] ");
	}
	row_end(t);
}

/* A section, or a part of it, that the caller may not see. */
static void put_hidden(struct bt *t, const char *kind, int err)
{
	bu_out_obj(&t->out, NULL);
	bu_out_str(&t->out, "kind", kind, SIZE_MAX, "%s ", kind);
	bu_out_str(&t->out, "error", bt_strerror(err), SIZE_MAX, "hidden: %s\n", bt_strerror(err));
	bu_out_obj_end(&t->out);
}

static void put_tc(struct bt *t, struct bt_net *n)
{
	const struct bu_net_filter *f = n->filter, *end = f + n->nfilter, *g;
	int err, hidden = 0;

	/* Both lists are mostly in the order of the kernel's table of devices: go on where the last device ended. */
	for (size_t i = 0; i < n->ndev; i++) {
		int ifindex = n->dev[i].ifindex;

		err = put_lists(t, &n->dev[i]);
		hidden = err ? err : hidden;
		for (g = f; g < end && g->ifindex != ifindex;)
			g++;
		if (g == end)
			for (g = n->filter; g < f && g->ifindex != ifindex;)
				g++;
		for (; g < end && g->ifindex == ifindex; g++)
			put_filter(t, n->dev[i].name, f = g);
	}
	if (hidden)
		put_hidden(t, "tcx", hidden);
}

static void put_flow_dissector(struct bt *t)
{
	struct bu_query q;
	int fd = t->sys->ops->target_open ? t->sys->ops->target_open(t->sys, BU_TARGET_NETNS, NULL) : -1, err;

	if (fd < 0)
		return;
	err = bu_sys_query(t->sys, fd, BPF_FLOW_DISSECTOR, 0, &q);
	if (err == -EPERM)
		put_hidden(t, "flow_dissector", err);
	for (uint32_t i = 0; i < q.n; i++) {
		bu_out_obj(&t->out, NULL);
		bu_out_uint(&t->out, "id", q.prog_ids[i], "id %u", q.prog_ids[i]);
		bu_out_obj_end(&t->out);
	}
	bu_query_free(&q);
	t->sys->ops->close(t->sys, fd);
}

/* ---------------------------------------------------------------- netfilter */

struct nf {
	struct bpf_link_info *v;
	size_t n, cap;
};

static int keep_nf(struct bt *t, void *ctx, uint32_t id, int fd)
{
	struct nf *nf = ctx;
	struct bpf_link_info li = { 0 }, *v;
	uint32_t size = sizeof(li);

	(void)id;
	if (fd < 0 || bu_sys_info(t->sys, fd, &li, &size) || li.type != BPF_LINK_TYPE_NETFILTER)
		return 0;
	v = bu_arena_grow(&t->arena, nf->v, nf->n, &nf->cap, sizeof(*v));
	if (!v)
		return 0;
	nf->v = v;
	v[nf->n++] = li;
	return 0;
}

static int by_hook(const void *va, const void *vb)
{
	const struct bpf_link_info *a = va, *b = vb;

	if (a->netfilter.pf != b->netfilter.pf)
		return a->netfilter.pf < b->netfilter.pf ? -1 : 1;
	if (a->netfilter.hooknum != b->netfilter.hooknum)
		return a->netfilter.hooknum < b->netfilter.hooknum ? -1 : 1;
	if (a->netfilter.priority != b->netfilter.priority)
		return a->netfilter.priority < b->netfilter.priority ? -1 : 1;
	return a->netfilter.flags < b->netfilter.flags ? -1 : a->netfilter.flags > b->netfilter.flags;
}

static int put_netfilter(struct bt *t)
{
	struct nf nf = { 0 };
	int st = bt_each(t, BU_LINK, 0, keep_nf, &nf);

	if (st)
		put_hidden(t, "netfilter", -EPERM);
	if (nf.n)
		qsort(nf.v, nf.n, sizeof(*nf.v), by_hook);
	for (size_t i = 0; i < nf.n; i++) {
		bu_out_obj(&t->out, NULL);
		bt_put_netfilter(t, &nf.v[i]);
		bu_out_uint(&t->out, "id", nf.v[i].prog_id, " prog_id %u", nf.v[i].prog_id);
		bu_out_obj_end(&t->out);
	}
	return st;
}

/* ---------------------------------------------------------------- verbs */

static void section(struct bt *t, const char *name)
{
	bu_out_text(&t->out, "%s:\n", name);
	bu_out_arr(&t->out, name);
}

static void section_end(struct bt *t)
{
	bu_out_arr_end(&t->out);
	bu_out_text(&t->out, "\n");
}

int bt_net_show(struct bt *t)
{
	struct bt_net n;
	int ifindex = 0, st = 0, err;

	if (bt_peek(t))
		st = bt_net_dev(t, &ifindex);
	if (!st)
		st = bt_end(t);
	if (st)
		return st;
	err = bt_net_list(t, ifindex, &n);
	if (err)
		return bt_refused(t, BU_CMD_NETLINK, err, "cannot list network devices");
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	bu_out_obj(&t->out, NULL);
	section(t, "xdp");
	for (size_t i = 0; i < n.ndev; i++)
		put_xdp(t, &n.dev[i]);
	section_end(t);
	section(t, "tc");
	put_tc(t, &n);
	section_end(t);
	section(t, "flow_dissector");
	put_flow_dissector(t);
	section_end(t);
	section(t, "netfilter");
	st = put_netfilter(t);
	section_end(t);
	bu_out_obj_end(&t->out);
	bu_out_arr_end(&t->out);
	return st;
}

static const struct way {
	const char *word;
	uint32_t xdp_flags;
	uint32_t tcx;
} ways[] = {
	{ "xdp", 0, 0 }, { "xdpgeneric", XDP_FLAGS_SKB_MODE, 0 }, { "xdpdrv", XDP_FLAGS_DRV_MODE, 0 },
	{ "xdpoffload", XDP_FLAGS_HW_MODE, 0 }, { "tcx_ingress", 0, BPF_TCX_INGRESS },
	{ "tcx_egress", 0, BPF_TCX_EGRESS },
};

static int read_way(struct bt *t, const struct way **way)
{
	static const char *list[BU_ARRAY_SIZE(ways) + 1];
	const char *word = bt_peek(t);

	for (size_t i = 0; i < BU_ARRAY_SIZE(ways); i++) {
		list[i] = ways[i].word;
		if (!bt_kw(t, ways[i].word))
			continue;
		*way = &ways[i];
		return 0;
	}
	if (!word)
		return bt_usage(t, NULL, NULL, "how? xdp, xdpgeneric, xdpdrv, xdpoffload, tcx_ingress or tcx_egress");
	return bt_usage(t, word, list, "'%s' is no way to attach to a network device", bt_escz(t, word));
}

static int change(struct bt *t, bool attach)
{
	const char *verb = attach ? "attach" : "detach", *to = attach ? "to" : "from", *dev;
	struct bt_obj prog = { 0, -1 };
	const struct way *way = NULL;
	union bpf_attr a = { 0 };
	char words[256] = "";
	bool overwrite = false;
	int ifindex = 0, err, st = read_way(t, &way);

	if (!st && attach)
		st = bt_handle(t, BU_PROG, 0, &prog);
	dev = t->i + 1 < t->nw ? t->w[t->i + 1] : "";
	if (!st)
		st = bt_net_dev(t, &ifindex);
	if (!st && attach)
		overwrite = bt_kw(t, "overwrite");
	if (!st)
		st = bt_end(t);
	if (!st && overwrite && way->tcx)
		st = bt_usage(t, NULL, NULL, "'overwrite' goes with xdp: tcx holds several programs");
	if (st)
		goto out;
	if (way->tcx) {
		a.target_ifindex = (uint32_t)ifindex;
		a.attach_type = way->tcx;
		a.attach_bpf_fd = attach ? (uint32_t)prog.fd : 0;
		err = attach ? bu_sys_prog_attach(t->sys, &a) : bu_sys_prog_detach(t->sys, &a);
	} else {
		err = t->sys->ops->xdp_set(t->sys, ifindex, prog.fd, -1,
					   way->xdp_flags | (attach && !overwrite ? XDP_FLAGS_UPDATE_IF_NOEXIST : 0),
					   words, sizeof(words));
	}
	if (!err)
		goto out;
	st = bt_refused(t, !way->tcx ? BU_CMD_NETLINK : attach ? BPF_PROG_ATTACH : BPF_PROG_DETACH, err,
			"cannot %s %s %s %s%s%s", verb, way->word, to, bt_escz(t, dev), *words ? ": " : "",
			bt_escz(t, words));
	if (attach && !way->tcx && (err == -EBUSY || err == -EEXIST))
		bt_hint(t, "'overwrite' takes the place of a program that was not attached by a link");
	if (!attach && (err == -EBUSY || err == -EINVAL))
		bt_hint(t, "what a link attached, 'link detach' detaches");
out:
	bt_obj_close(t, &prog);
	return st;
}

int bt_net_attach(struct bt *t)
{
	return change(t, true);
}

int bt_net_detach(struct bt *t)
{
	return change(t, false);
}
