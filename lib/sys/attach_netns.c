/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hooks of a network namespace (sk_lookup, flow_dissector), of its packet filter (netfilter), and of infrared
 * receivers (lirc_mode2).
 */
#include "sys/attach_net.h"

#include <string.h>

/* ---------------------------------------------------------------- sk_lookup, flow_dissector */

static int parse_netns(struct bu_attach_parser *p, struct bu_str t)
{
	for (size_t i = 0; i < t.n; i++)
		if ((unsigned char)t.p[i] <= ' ')
			return bu_attach_bad(p, "NAME, PATH or PID of a network namespace, or nothing: this one",
					     "there is a blank in it");
	p->at->a = t.n && !bu_str_is(t, "self") ? bu_attach_keep(p, t) : NULL;
	return 0;
}

static int attach_netns(struct bu_attaching *c)
{
	uint32_t type = bu_hook_attach_type(c->at->hook);
	bool told, dissector = c->at->hook == BU_HOOK_FLOW_DISSECTOR;
	int err;

	/* BPF_PROG_ATTACH knows the flow dissector of this namespace only. */
	if (bu_net_old_way(c) && (!dissector || c->at->a))
		return bu_blame_lacks(c, dissector ? "the flow dissector of another namespace is set by a link" :
				      "programs of sk_lookup are attached by links", "leave --attach-via out");
	err = bu_net_target(c, BU_TARGET_NETNS, c->at->a);
	if (err)
		return err;
	if (!bu_net_old_way(c)) {
		err = bu_net_link(c, (uint32_t)c->out->target_fd, type, &told);
		if (!err || told)
			return err;
		if (err != -EINVAL || c->via == BU_VIA_LINK || !dissector || c->at->a || bu_sys_has(c->s, BU_FEAT_LINK))
			return bu_blame_net(c, BPF_LINK_CREATE, err, "");
	}
	bu_attach_close(c->s, &c->out->target_fd); /* this namespace is 0, which c->out->ifindex is */
	err = bu_net_prog_attach(c, type, 0, &told);
	return !err || told ? err : bu_blame_net(c, BPF_PROG_ATTACH, err, "");
}

const struct bu_attach_driver bu_driver_netns = {
	.parse = parse_netns, .attach = attach_netns, .detach = bu_net_prog_detach, .no_target = true,
	.names = 1 + BU_NAMES_NETNS,
};

/* ---------------------------------------------------------------- netfilter */

static const struct { const char *name; uint32_t n; } families[] = {
	{ "ipv4", 2 }, { "ipv6", 10 }, { "ip", 2 }, { "ip6", 10 },
}, hooks[] = {
	{ "pre_routing", 0 }, { "local_in", 1 }, { "forward", 2 }, { "local_out", 3 }, { "post_routing", 4 },
	{ "prerouting", 0 }, { "input", 1 }, { "output", 3 }, { "postrouting", 4 },
};

static int parse_netfilter(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "ipv4:HOOK or ipv6:HOOK; HOOK is prerouting, input, forward, output or postrouting";
	struct bu_attach_net *n = &p->at->net;
	struct bu_str pf, hook, prio;
	uint64_t v = 0;
	bool neg = false, known = false;

	if (!bu_attach_cut(t, ':', &pf, &hook))
		return bu_attach_bad(p, form, "there is no ':' between the protocol and the hook");
	for (unsigned i = 0; i < BU_ARRAY_SIZE(families); i++) {
		if (!bu_str_is(pf, families[i].name))
			continue;
		n->pf = families[i].n;
		known = true;
	}
	if (!known)
		return bu_attach_bad(p, form, "the protocol is neither 'ipv4' nor 'ipv6'");
	known = false;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(hooks); i++) {
		if (!bu_str_is(hook, hooks[i].name))
			continue;
		n->hooknum = hooks[i].n;
		known = true;
	}
	if (!known)
		return bu_attach_bad(p, form, "there is no such hook");
	if (bu_attach_opt(p, BU_ATTACH_OPT_PRIORITY, &prio)) {
		/* The first and the last place are the kernel's. */
		if (bu_str_u64(prio, &v, &neg) ||
		    (neg ? (int64_t)v <= INT32_MIN || (int64_t)v > 0 : v >= INT32_MAX))
			return bu_attach_bad(p, "priority=N", "the priority is no number of 32 bits");
		n->priority = (int32_t)v;
	}
	n->defrag = bu_attach_opt(p, BU_ATTACH_OPT_DEFRAG, NULL);
	p->at->a = bu_attach_keep(p, hook);
	return bu_attach_opt_text(p, BU_ATTACH_OPT_NETNS, &n->netns);
}

static int attach_netfilter(struct bu_attaching *c)
{
	const struct bu_attach_net *n = &c->at->net;
	union bpf_attr a;
	int fd;

	if (bu_net_old_way(c))
		return bu_blame_lacks(c, "programs of netfilter are attached by links", "leave --attach-via out");
	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)c->prog_fd;
	a.link_create.attach_type = BPF_NETFILTER;
	a.link_create.netfilter.pf = n->pf;
	a.link_create.netfilter.hooknum = n->hooknum;
	a.link_create.netfilter.priority = n->priority;
	a.link_create.netfilter.flags = n->defrag ? BPF_F_NETFILTER_IP_DEFRAG : 0;
	fd = bu_sys_link_make(c->s, &a);
	if (fd < 0)
		return bu_blame_net(c, BPF_LINK_CREATE, fd, "");
	c->out->link_fd = fd;
	return 0;
}

const struct bu_attach_driver bu_driver_netfilter = { .parse = parse_netfilter, .attach = attach_netfilter };

/* ---------------------------------------------------------------- lirc_mode2 */

static int parse_lirc(struct bu_attach_parser *p, struct bu_str t)
{
	if (!t.n)
		return bu_attach_bad(p, "PATH or NUMBER, such as /dev/lirc0 or 0", "the receiver is missing");
	p->at->a = bu_attach_keep(p, t);
	return 0;
}

/* There are no links to them. */
static int attach_lirc(struct bu_attaching *c)
{
	bool told;
	int err;

	if (c->via == BU_VIA_LINK)
		return bu_blame_lacks(c, "there are no links to infrared receivers", "leave --attach-via=link out");
	err = bu_net_target(c, BU_TARGET_LIRC, c->at->a);
	if (err)
		return err;
	err = bu_net_prog_attach(c, BPF_LIRC_MODE2, 0, &told);
	return !err || told ? err : bu_blame_net(c, BPF_PROG_ATTACH, err, "");
}

const struct bu_attach_driver bu_driver_lirc = {
	.parse = parse_lirc, .attach = attach_lirc, .detach = bu_net_prog_detach,
};
