/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Traffic of a device: tcx and netkit by link (6.6), and filters of tc's clsact by netlink, which every kernel
 * since 4.5 has. A filter stays until it is taken away, and so does a clsact: it is taken away by who made it, if
 * nothing else is in it by then.
 */
#include "sys/attach_net.h"

#include <string.h>

#define PRIO_MAX 0xffffu

static bool is_egress(const struct bu_attach *at)
{
	return at->hook == BU_HOOK_TC_EGRESS || at->hook == BU_HOOK_TCX_EGRESS || at->net.parent == BU_TC_EGRESS;
}

/* ---------------------------------------------------------------- clsact */

static int parse_filter(struct bu_attach_parser *p)
{
	struct bu_attach_net *n = &p->at->net;
	int err = bu_net_opt_u32(p, BU_ATTACH_OPT_PRIO, &n->prio);

	if (!err)
		err = bu_net_opt_u32(p, BU_ATTACH_OPT_HANDLE, &n->handle);
	if (!err)
		err = bu_net_opt_u32(p, BU_ATTACH_OPT_CHAIN, &n->chain);
	if (!err && n->prio > PRIO_MAX)
		err = bu_attach_bad(p, "prio=1 to prio=65535", "the preference is too large");
	n->classify = bu_attach_opt(p, BU_ATTACH_OPT_CLASSIFY, NULL);
	return err;
}

static int parse_tc(struct bu_attach_parser *p, struct bu_str t)
{
	static const char both[] = "DEVICE:ingress or DEVICE:egress", one[] = "DEVICE";
	struct bu_str dev = t, side;
	int err;

	if (p->at->hook == BU_HOOK_TC) {
		if (!bu_attach_cut(t, ':', &dev, &side))
			return bu_attach_bad(p, both, "the side is missing");
		if (bu_str_is(side, "ingress"))
			p->at->net.parent = BU_TC_INGRESS;
		else if (bu_str_is(side, "egress"))
			p->at->net.parent = BU_TC_EGRESS;
		else
			return bu_attach_bad(p, both, "the side is neither 'ingress' nor 'egress'");
	}
	err = bu_net_parse_device(p, dev, p->at->hook == BU_HOOK_TC ? both : one);
	return err ? err : parse_filter(p);
}

static int tc(struct bu_attaching *c, enum bu_tc_op op, char *words, size_t room)
{
	return c->s->ops->tc ? c->s->ops->tc(c->s, op, &c->out->tc, words, room) : -EOPNOTSUPP;
}

static uint32_t prog_id(struct bu_sys *s, int fd)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info);

	memset(&info, 0, sizeof(info));
	return bu_sys_info(s, fd, &info, &size) ? 0 : info.id;
}

static int attach_clsact(struct bu_attaching *c, int ifindex)
{
	const struct bu_attach_net *n = &c->at->net;
	struct bu_attached *out = c->out;
	char words[256] = "";
	int err;

	out->tc = (struct bu_tc){
		.ifindex = ifindex, .parent = is_egress(c->at) ? BU_TC_EGRESS : BU_TC_INGRESS, .prio = n->prio,
		.handle = n->handle, .chain = n->chain, .classify = n->classify, .prog_fd = c->prog_fd,
		.name = c->at->target,
	};
	err = tc(c, BU_TC_QDISC_ADD, words, sizeof(words));
	out->made_qdisc = !err;
	if (err && err != -EEXIST)
		return bu_blame_tc(c, err, words);
	err = tc(c, BU_TC_FILTER_ADD, words, sizeof(words));
	if (err)
		return bu_blame_tc(c, err, words);
	out->netlink = true;
	out->tc.prog_id = prog_id(c->s, c->prog_fd);
	/* A kernel that does not tell what it chose (before 4.10) cannot be told to take it away either. */
	return out->tc.prio ? 0 : bu_blame_lacks(c, "this kernel does not tell a filter's preference",
						 "give it one: prio=1");
}

/* Takes away our own filter, and the clsact that we made if that is empty. */
static int detach_clsact(struct bu_sys *s, struct bu_attached *at)
{
	struct bu_tc t = at->tc;
	int err = 0;

	if (at->netlink && t.prio) {
		err = s->ops->tc(s, BU_TC_FILTER_GET, &t, NULL, 0);
		if (!err && (!t.prog_id || !at->tc.prog_id || t.prog_id == at->tc.prog_id)) {
			t = at->tc;
			err = s->ops->tc(s, BU_TC_FILTER_DEL, &t, NULL, 0);
		}
		/* Someone else took it away, or all filters, or the device. */
		if (err == -ENOENT || err == -EINVAL || err == -ENODEV)
			err = 0;
	}
	if (at->made_qdisc && !err) {
		err = s->ops->tc(s, BU_TC_FILTERS, &at->tc, NULL, 0);
		if (!err)
			err = s->ops->tc(s, BU_TC_QDISC_DEL, &at->tc, NULL, 0);
		if (err == -ENOENT || err == -EINVAL || err == -ENODEV)
			err = 0;
	}
	at->netlink = at->made_qdisc = false;
	return err < 0 ? err : 0;
}

/* ---------------------------------------------------------------- tcx, netkit */

static int parse_tcx(struct bu_attach_parser *p, struct bu_str t)
{
	int err = bu_net_parse_device(p, t, "DEVICE");

	return err ? err : bu_net_parse_order(p);
}

static bool is_netkit(const struct bu_attach *at)
{
	return at->hook == BU_HOOK_NETKIT_PRIMARY || at->hook == BU_HOOK_NETKIT_PEER;
}

static uint32_t attach_type(const struct bu_attach *at)
{
	return is_netkit(at) ? bu_hook_attach_type(at->hook) : is_egress(at) ? BPF_TCX_EGRESS : BPF_TCX_INGRESS;
}

static int attach_tcx_link(struct bu_attaching *c, int ifindex)
{
	bool told;
	int err = bu_net_link(c, (uint32_t)ifindex, attach_type(c->at), &told);

	return !err || told ? err : bu_blame_net(c, BPF_LINK_CREATE, err, "");
}

static int attach_tcx(struct bu_attaching *c)
{
	int err, ifindex = bu_net_ifindex(c);
	bool told;

	if (ifindex < 0)
		return ifindex;
	c->out->ifindex = ifindex;
	if (c->via == BU_VIA_IOCTL) {
		err = bu_net_prog_attach(c, attach_type(c->at), 0, &told);
		return !err || told ? err : bu_blame_net(c, BPF_PROG_ATTACH, err, "");
	}
	/* A filter does the same, but for its place among others. */
	if (!is_netkit(c->at) && (c->via == BU_VIA_NETLINK || (c->via == BU_VIA_AUTO && !bu_sys_has(c->s, BU_FEAT_TCX)))) {
		if (bu_net_ordered(c->at))
			return bu_blame_lacks(c, c->via == BU_VIA_NETLINK ? "filters of tc know no first, last, before, after and revision" :
					      "this kernel has no tcx, and filters of tc know no first, last, before, after "
					      "and revision", "order filters by tc/ingress:DEVICE,prio=N");
		return attach_clsact(c, ifindex);
	}
	return attach_tcx_link(c, ifindex);
}

static int detach_tcx(struct bu_sys *s, struct bu_attached *at)
{
	return at->persists ? bu_net_prog_detach(s, at) : detach_clsact(s, at);
}

static bool same_tcx(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link)
{
	/* The two tell their places in the same words. */
	uint32_t type = link->type == BPF_LINK_TYPE_NETKIT ? link->netkit.attach_type : link->tcx.attach_type;

	return (link->type == BPF_LINK_TYPE_TCX || link->type == BPF_LINK_TYPE_NETKIT) && !at->net.netns &&
	       type == bu_hook_attach_type(at->hook) && s->ops->ifindex(s, at->a) == (int)link->tcx.ifindex;
}

const struct bu_attach_driver bu_driver_tcx = {
	.parse = parse_tcx, .attach = attach_tcx, .detach = detach_tcx, .same = same_tcx,
	.names = 1 + BU_NAMES_DEVICES,
};

/* ---------------------------------------------------------------- tc */

static int attach_tc(struct bu_attaching *c)
{
	const struct bu_attach_net *n = &c->at->net;
	int ifindex = bu_net_ifindex(c);

	if (ifindex < 0)
		return ifindex;
	if (c->via != BU_VIA_LINK)
		return attach_clsact(c, ifindex);
	if (n->prio || n->handle || n->chain || n->classify)
		return bu_blame_lacks(c, "links have no prio, handle, chain and classify", "leave --attach-via=link out");
	return attach_tcx_link(c, ifindex);
}

const struct bu_attach_driver bu_driver_tc = {
	.parse = parse_tc, .attach = attach_tc, .detach = detach_clsact, .names = 1 + BU_NAMES_DEVICES,
};
