/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What hangs on network devices: XDP programs, and filters of tc that are programs or whose actions are.
 * Sources: rtnetlink(7), linux/if_link.h, linux/pkt_cls.h, linux/tc_act/tc_bpf.h.
 */
#include "config.h"

#include "kern/netlink.h"
#include "kern/private.h"

#ifdef HAVE_LIBNL

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_bpf.h>
#include <netlink/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>

#define TORN_TRIES 8 /* for a list that changes while it is read */
#define KIND_ROOM 32

/* Rows of one answer, kept until it is known to be whole. */
struct rows {
	void *v;
	size_t n, cap, size;
	bool failed;
};

static void *row(struct rows *r)
{
	size_t cap = r->cap ? 2 * r->cap : 64;
	void *v;

	if (r->n == r->cap) {
		v = r->failed ? NULL : realloc(r->v, cap * r->size);
		if (!v) {
			r->failed = true;
			return NULL;
		}
		r->v = v;
		r->cap = cap;
	}
	return memset((char *)r->v + r->n++ * r->size, 0, r->size);
}

static uint32_t u32_of(struct nlattr *at)
{
	return at && nla_len(at) >= 4 ? nla_get_u32(at) : 0;
}

static void text_of(struct nlattr *at, char *to, size_t room)
{
	to[0] = '\0';
	if (at)
		nla_strlcpy(to, at, room);
}

/* Asks until the answer is whole, or often enough; then takes what there is. */
static int talk(struct nl_msg *(*make)(const void *), const void *what, bu_nl_fn *fn, struct rows *r)
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < TORN_TRIES; i++) {
		r->n = 0;
		err = bu_nl_talk(make(what), fn, r, NULL, 0);
	}
	if (err == -EAGAIN)
		err = 0;
	return r->failed ? -ENOMEM : err;
}

/* ---------------------------------------------------------------- devices */

struct dev {
	struct bu_net_dev d;
	char name[64], kind[KIND_ROOM];
};

static void take_xdp(struct bu_net_dev *d, struct nlattr *at)
{
	static const int ids[] = {
		[XDP_ATTACHED_DRV] = IFLA_XDP_DRV_PROG_ID, [XDP_ATTACHED_SKB] = IFLA_XDP_SKB_PROG_ID,
		[XDP_ATTACHED_HW] = IFLA_XDP_HW_PROG_ID,
	};
	struct nlattr *tb[IFLA_XDP_MAX + 1];

	if (nla_parse_nested(tb, IFLA_XDP_MAX, at, NULL) < 0 || !tb[IFLA_XDP_ATTACHED] ||
	    nla_len(tb[IFLA_XDP_ATTACHED]) < 1)
		return;
	d->xdp_mode = nla_get_u8(tb[IFLA_XDP_ATTACHED]);
	for (unsigned m = XDP_ATTACHED_DRV; m <= XDP_ATTACHED_HW; m++)
		d->xdp[m] = u32_of(tb[ids[m]]);
	/* older kernels say the one id without its mode */
	if (d->xdp_mode >= XDP_ATTACHED_DRV && d->xdp_mode <= XDP_ATTACHED_HW && !d->xdp[d->xdp_mode])
		d->xdp[d->xdp_mode] = u32_of(tb[IFLA_XDP_PROG_ID]);
}

static void on_dev(void *ctx, struct nlmsghdr *h)
{
	struct nlattr *tb[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct ifinfomsg *m;
	struct dev *d;

	if (h->nlmsg_type != RTM_NEWLINK || nlmsg_parse(h, sizeof(*m), tb, IFLA_MAX, NULL) < 0)
		return;
	m = nlmsg_data(h);
	d = row(ctx);
	if (!d)
		return;
	d->d.ifindex = m->ifi_index;
	text_of(tb[IFLA_IFNAME], d->name, sizeof(d->name));
	if (tb[IFLA_LINKINFO] && nla_parse_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO], NULL) >= 0)
		text_of(info[IFLA_INFO_KIND], d->kind, sizeof(d->kind));
	if (tb[IFLA_XDP])
		take_xdp(&d->d, tb[IFLA_XDP]);
}

static struct nl_msg *ask_devs(const void *what)
{
	int ifindex = *(const int *)what;
	struct ifinfomsg m = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | (ifindex ? NLM_F_ACK : NLM_F_DUMP));

	if (msg && (nlmsg_append(msg, &m, sizeof(m), NLMSG_ALIGNTO) < 0 ||
		    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int bu_kern_net_devs(struct bu_sys *s, int ifindex, bu_net_dev_fn *fn, void *ctx)
{
	struct rows r = { .size = sizeof(struct dev) };
	struct dev *d;
	int err = talk(ask_devs, &ifindex, on_dev, &r);

	(void)s;
	d = r.v;
	for (size_t i = 0; !err && i < r.n; i++) {
		d[i].d.name = d[i].name;
		d[i].d.kind = d[i].kind;
		if (!fn(ctx, &d[i].d))
			break;
	}
	free(r.v);
	return err;
}

/* ---------------------------------------------------------------- filters */

/* A place where filters may be. */
struct place {
	int ifindex;
	uint32_t handle, parent;
	char kind[KIND_ROOM];
};
struct tc_ask { int type, ifindex; uint32_t parent; };

static struct nl_msg *ask_tc(const void *what)
{
	const struct tc_ask *q = what;
	struct tcmsg m = { .tcm_family = AF_UNSPEC, .tcm_ifindex = q->ifindex, .tcm_parent = q->parent };
	struct nl_msg *msg = nlmsg_alloc_simple(q->type, NLM_F_REQUEST | NLM_F_DUMP);

	if (msg && nlmsg_append(msg, &m, sizeof(m), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* A queueing discipline or one of its classes. */
static void on_place(void *ctx, struct nlmsghdr *h)
{
	struct nlattr *tb[TCA_MAX + 1];
	const struct tcmsg *m;
	struct place *p;

	if ((h->nlmsg_type != RTM_NEWQDISC && h->nlmsg_type != RTM_NEWTCLASS) ||
	    nlmsg_parse(h, sizeof(*m), tb, TCA_MAX, NULL) < 0)
		return;
	m = nlmsg_data(h);
	/* what has no number, such as noqueue, has no filters */
	p = TC_H_MAJ(m->tcm_handle) ? row(ctx) : NULL;
	if (!p)
		return;
	p->ifindex = m->tcm_ifindex;
	p->handle = m->tcm_handle;
	p->parent = m->tcm_parent;
	text_of(tb[TCA_KIND], p->kind, sizeof(p->kind));
}

struct filter {
	struct bu_net_filter f;
	char kind[KIND_ROOM], name[256], act[BU_NET_ACTS][64];
};

/* Where the options of a classifier have its actions. */
static int acts_of(const char *kind)
{
	static const struct { const char *kind; int attr; } rows[] = {
		{ "bpf", TCA_BPF_ACT }, { "matchall", TCA_MATCHALL_ACT }, { "flower", TCA_FLOWER_ACT },
		{ "u32", TCA_U32_ACT }, { "basic", TCA_BASIC_ACT }, { "fw", TCA_FW_ACT },
		{ "cgroup", TCA_CGROUP_ACT }, { "flow", TCA_FLOW_ACT },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].kind, kind))
			return rows[i].attr;
	return 0;
}

static void take_act(struct filter *f, struct nlattr *at)
{
	struct nlattr *tb[TCA_ACT_MAX + 1], *opt[TCA_ACT_BPF_MAX + 1];
	unsigned n = f->f.nacts;

	if (n == BU_NET_ACTS || nla_parse_nested(tb, TCA_ACT_MAX, at, NULL) < 0 || !tb[TCA_ACT_KIND] ||
	    !tb[TCA_ACT_OPTIONS] || nla_strcmp(tb[TCA_ACT_KIND], "bpf") != 0 ||
	    nla_parse_nested(opt, TCA_ACT_BPF_MAX, tb[TCA_ACT_OPTIONS], NULL) < 0)
		return;
	f->f.act[n].prog_id = u32_of(opt[TCA_ACT_BPF_ID]);
	text_of(opt[TCA_ACT_BPF_NAME], f->act[n], sizeof(f->act[n]));
	f->f.nacts++;
}

static void on_filter(void *ctx, struct nlmsghdr *h)
{
	struct nlattr *tb[TCA_MAX + 1], *opt[64] = { NULL }, *at;
	const struct tcmsg *m;
	struct rows *r = ctx;
	struct filter *f;
	int acts, left;

	if (h->nlmsg_type != RTM_NEWTFILTER || nlmsg_parse(h, sizeof(*m), tb, TCA_MAX, NULL) < 0 ||
	    !tb[TCA_KIND] || !tb[TCA_OPTIONS])
		return;
	m = nlmsg_data(h);
	f = row(r);
	if (!f)
		return;
	text_of(tb[TCA_KIND], f->kind, sizeof(f->kind));
	f->f.ifindex = m->tcm_ifindex;
	f->f.parent = m->tcm_parent;
	f->f.prio = TC_H_MAJ(m->tcm_info) >> 16;
	f->f.protocol = ntohs((uint16_t)TC_H_MIN(m->tcm_info));
	f->f.handle = m->tcm_handle;
	f->f.chain = u32_of(tb[TCA_CHAIN]);
	acts = acts_of(f->kind);
	if (nla_parse_nested(opt, BU_ARRAY_SIZE(opt) - 1, tb[TCA_OPTIONS], NULL) < 0)
		acts = 0;
	if (!strcmp(f->kind, "bpf")) {
		f->f.prog_id = u32_of(opt[TCA_BPF_ID]);
		text_of(opt[TCA_BPF_NAME], f->name, sizeof(f->name));
	}
	if (acts && opt[acts]) {
		f->f.has_acts = true;
		nla_for_each_nested(at, opt[acts], left)
			take_act(f, at);
	}
	/* classic BPF has no program's id, and is not ours */
	if (!f->f.prog_id && !f->f.nacts)
		r->n--;
}

/* False: stop. A device or queue that is gone has no filters. */
static bool filters_at(const struct place *p, uint32_t parent, const char *where, bu_net_filter_fn *fn, void *ctx,
		       int *err)
{
	struct tc_ask q = { RTM_GETTFILTER, p->ifindex, parent };
	struct rows r = { .size = sizeof(struct filter) };
	struct filter *f;
	bool go = true;

	*err = talk(ask_tc, &q, on_filter, &r);
	if (*err == -ENODEV || *err == -EINVAL || *err == -ENOENT)
		*err = 0;
	f = r.v;
	for (size_t i = 0; go && !*err && i < r.n; i++) {
		f[i].f.where = where;
		f[i].f.kind = f[i].kind;
		f[i].f.name = f[i].name[0] ? f[i].name : NULL;
		for (unsigned k = 0; k < f[i].f.nacts; k++)
			f[i].f.act[k].name = f[i].act[k];
		go = fn(ctx, &f[i].f);
	}
	free(r.v);
	return go && !*err;
}

/* The filters of a queue's classes. */
static bool classes_of(const struct place *p, bu_net_filter_fn *fn, void *ctx, int *err)
{
	struct tc_ask q = { RTM_GETTCLASS, p->ifindex, 0 };
	struct rows r = { .size = sizeof(struct place) };
	const struct place *c;
	bool go;

	*err = talk(ask_tc, &q, on_place, &r);
	if (*err == -ENODEV)
		*err = 0;
	c = r.v;
	go = !*err;
	for (size_t i = 0; go && i < r.n; i++)
		if (TC_H_MAJ(c[i].handle) == p->handle && c[i].handle != p->handle)
			go = filters_at(&c[i], c[i].handle, c[i].kind, fn, ctx, err);
	free(r.v);
	return go;
}

int bu_kern_net_filters(struct bu_sys *s, int ifindex, bu_net_filter_fn *fn, void *ctx)
{
	struct tc_ask q = { RTM_GETQDISC, ifindex, 0 };
	struct rows r = { .size = sizeof(struct place) };
	const struct place *p;
	bool go = true;
	int err = talk(ask_tc, &q, on_place, &r);

	(void)s;
	p = r.v;
	for (size_t i = 0; go && !err && i < r.n; i++) {
		if (ifindex && p[i].ifindex != ifindex) /* kernels give all, whatever is asked */
			continue;
		if (!strcmp(p[i].kind, "clsact")) {
			go = filters_at(&p[i], BU_TC_INGRESS, "clsact/ingress", fn, ctx, &err) &&
			     filters_at(&p[i], BU_TC_EGRESS, "clsact/egress", fn, ctx, &err);
			continue;
		}
		go = (!strcmp(p[i].kind, "ingress") || classes_of(&p[i], fn, ctx, &err)) &&
		     filters_at(&p[i], p[i].handle, p[i].kind, fn, ctx, &err);
	}
	free(r.v);
	return err;
}

#else

int bu_kern_net_devs(struct bu_sys *s, int ifindex, bu_net_dev_fn *fn, void *ctx)
{
	(void)s, (void)ifindex, (void)fn, (void)ctx;
	return bu_kern_no_netlink(NULL, 0);
}

int bu_kern_net_filters(struct bu_sys *s, int ifindex, bu_net_filter_fn *fn, void *ctx)
{
	(void)s, (void)ifindex, (void)fn, (void)ctx;
	return bu_kern_no_netlink(NULL, 0);
}

#endif
