/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tc: the qdisc clsact and filters of kind bpf, by rtnetlink.
 * Sources: rtnetlink(7), tc-bpf(8), linux/pkt_cls.h.
 */
#include "config.h"

#include "kern/netlink.h"
#include "kern/private.h"

#ifdef HAVE_LIBNL

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

static struct nl_msg *request(int type, int flags, const struct bu_tc *t, uint32_t parent, uint32_t info)
{
	struct tcmsg m = {
		.tcm_family = AF_UNSPEC, .tcm_ifindex = t->ifindex, .tcm_parent = parent, .tcm_info = info,
		.tcm_handle = t->handle,
	};
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	if (msg && nlmsg_append(msg, &m, sizeof(m), NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* The message, or NULL when an attribute did not fit. */
static struct nl_msg *whole(struct nl_msg *msg, int err)
{
	if (err >= 0)
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int qdisc(bool add, const struct bu_tc *t, char *words, size_t room)
{
	struct bu_tc q = { .ifindex = t->ifindex, .handle = TC_H_MAKE(TC_H_CLSACT, 0) };
	struct nl_msg *msg = request(add ? RTM_NEWQDISC : RTM_DELQDISC,
				     NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_EXCL : 0), &q, TC_H_CLSACT, 0);

	if (msg)
		msg = whole(msg, nla_put_string(msg, TCA_KIND, "clsact"));
	return bu_nl_talk(msg, NULL, NULL, words, room);
}

static uint32_t prio_info(const struct bu_tc *t)
{
	return TC_H_MAKE(t->prio << 16, htons(ETH_P_ALL));
}

/* A filter's message: the attributes, or false when it is damaged or of another kind. */
static bool read_filter(struct nlmsghdr *h, const struct tcmsg **m, struct nlattr *opt[TCA_BPF_MAX + 1])
{
	struct nlattr *tb[TCA_MAX + 1];

	if (h->nlmsg_type != RTM_NEWTFILTER || nlmsg_parse(h, sizeof(**m), tb, TCA_MAX, NULL) < 0)
		return false;
	*m = nlmsg_data(h);
	return tb[TCA_KIND] && tb[TCA_OPTIONS] && nla_strcmp(tb[TCA_KIND], "bpf") == 0 &&
	       nla_parse_nested(opt, TCA_BPF_MAX, tb[TCA_OPTIONS], NULL) >= 0;
}

/* What was added comes back with what the kernel chose. */
static void on_filter(void *ctx, struct nlmsghdr *h)
{
	struct nlattr *opt[TCA_BPF_MAX + 1];
	struct bu_tc *t = ctx;
	const struct tcmsg *m;

	if (!read_filter(h, &m, opt))
		return;
	t->prio = TC_H_MAJ(m->tcm_info) >> 16;
	t->handle = m->tcm_handle;
	t->prog_id = opt[TCA_BPF_ID] && nla_len(opt[TCA_BPF_ID]) >= 4 ? nla_get_u32(opt[TCA_BPF_ID]) : 0;
}

static int add_filter(struct bu_tc *t, char *words, size_t room)
{
	struct nl_msg *msg = request(RTM_NEWTFILTER, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL | NLM_F_ECHO, t, t->parent,
				     prio_info(t));
	struct nlattr *nest;
	int err;

	if (!msg)
		return -ENOMEM;
	err = nla_put_string(msg, TCA_KIND, "bpf");
	if (err >= 0 && t->chain)
		err = nla_put_u32(msg, TCA_CHAIN, t->chain);
	nest = err >= 0 ? nla_nest_start(msg, TCA_OPTIONS) : NULL;
	if (!nest || nla_put_u32(msg, TCA_BPF_FD, (uint32_t)t->prog_fd) < 0 ||
	    nla_put_string(msg, TCA_BPF_NAME, t->name ? t->name : "bpf") < 0 ||
	    (!t->classify && nla_put_u32(msg, TCA_BPF_FLAGS, TCA_BPF_FLAG_ACT_DIRECT) < 0)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	nla_nest_end(msg, nest);
	return bu_nl_talk(msg, on_filter, t, words, room);
}

/* A request about the one filter that t names. */
static struct nl_msg *named(int type, const struct bu_tc *t)
{
	struct nl_msg *msg = request(type, NLM_F_ACK, t, t->parent, prio_info(t));

	if (msg)
		msg = whole(msg, nla_put_string(msg, TCA_KIND, "bpf"));
	if (msg && t->chain)
		msg = whole(msg, nla_put_u32(msg, TCA_CHAIN, t->chain));
	return msg;
}

static void count_filter(void *ctx, struct nlmsghdr *h)
{
	/* Each priority comes once without a handle, and then its filters. */
	if (h->nlmsg_type == RTM_NEWTFILTER && nlmsg_valid_hdr(h, sizeof(struct tcmsg)))
		++*(int *)ctx;
}

static int count_filters(const struct bu_tc *t)
{
	static const uint32_t sides[] = { BU_TC_INGRESS, BU_TC_EGRESS };
	struct bu_tc any = { .ifindex = t->ifindex };
	int n = 0, err = 0;

	for (unsigned i = 0; !err && i < BU_ARRAY_SIZE(sides); i++)
		err = bu_nl_talk(request(RTM_GETTFILTER, NLM_F_DUMP, &any, sides[i], 0), count_filter, &n, NULL, 0);
	return err ? err : n;
}

int bu_kern_tc(struct bu_sys *s, enum bu_tc_op op, struct bu_tc *t, char *words, size_t room)
{
	(void)s;
	switch (op) {
	case BU_TC_QDISC_ADD:
		return qdisc(true, t, words, room);
	case BU_TC_QDISC_DEL:
		return qdisc(false, t, words, room);
	case BU_TC_FILTER_ADD:
		return add_filter(t, words, room);
	case BU_TC_FILTER_DEL:
		return bu_nl_talk(named(RTM_DELTFILTER, t), NULL, NULL, words, room);
	case BU_TC_FILTER_GET:
		t->prog_id = 0;
		return bu_nl_talk(named(RTM_GETTFILTER, t), on_filter, t, words, room);
	case BU_TC_FILTERS:
		return count_filters(t);
	}
	return -EINVAL;
}

#else

int bu_kern_tc(struct bu_sys *s, enum bu_tc_op op, struct bu_tc *t, char *words, size_t room)
{
	(void)s, (void)op, (void)t;
	return bu_kern_no_netlink(words, room);
}

#endif
