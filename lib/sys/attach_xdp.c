/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XDP: by link (since 5.9), or by netlink; that is also the way to take the place of the program that is there,
 * which comes back at the end.
 */
#include "sys/attach_net.h"

#include <string.h>

static const struct { const char *name; uint32_t flags; } modes[] = {
	{ "generic", XDP_FLAGS_SKB_MODE }, { "driver", XDP_FLAGS_DRV_MODE }, { "native", XDP_FLAGS_DRV_MODE },
	{ "offload", XDP_FLAGS_HW_MODE },
};

static int parse_xdp(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "DEVICE, DEVICE:generic, DEVICE:native or DEVICE:offload";
	struct bu_str dev = t, mode;
	int err;

	if (bu_attach_cut(t, ':', &dev, &mode)) {
		for (unsigned i = 0; i < BU_ARRAY_SIZE(modes); i++)
			if (bu_str_is(mode, modes[i].name))
				p->at->xdp_flags = modes[i].flags;
		if (!p->at->xdp_flags)
			return bu_attach_bad(p, form, "the mode is neither 'generic' nor 'native' (or 'driver') nor "
					     "'offload'");
	}
	p->at->net.replace = bu_attach_opt(p, BU_ATTACH_OPT_REPLACE, NULL);
	err = bu_attach_opt_text(p, BU_ATTACH_OPT_OLD, &p->at->net.old);
	return err ? err : bu_net_parse_device(p, dev, form);
}

/* The program that is to be replaced into *fd, or -1: there is none; its mode into *flags. 0, or -errno with a message. */
static int find_old(struct bu_attaching *c, int ifindex, uint32_t *flags, int *fd)
{
	/* By XDP_ATTACHED_*: none, driver, generic, offload. */
	static const uint32_t attached[] = { 0, XDP_FLAGS_DRV_MODE, XDP_FLAGS_SKB_MODE, XDP_FLAGS_HW_MODE };
	uint32_t id = 0;
	uint8_t mode = 0;
	int err;

	*fd = -1;
	if (!c->at->net.replace && !c->at->net.old)
		return 0;
	err = c->s->ops->xdp_get ? c->s->ops->xdp_get(c->s, ifindex, &id, &mode) : -EOPNOTSUPP;
	if (err)
		return bu_blame_xdp(c, BU_CMD_NETLINK, err, "");
	if (mode >= BU_ARRAY_SIZE(attached)) /* which of them is meant? */
		mode = 0;
	if (!*flags)
		*flags = attached[mode];
	if (*flags != attached[mode])
		id = 0; /* one in another mode is none of ours; the kernel has words for that */
	if (c->at->net.old) {
		*fd = bu_net_old(c);
		return *fd < 0 ? *fd : 0;
	}
	if (!id)
		return 0;
	*fd = bu_sys_fd_by_id(c->s, BU_PROG, id, 0);
	return *fd < 0 ? bu_blame_step(c, BPF_PROG_GET_FD_BY_ID, "opening the program that is there", *fd) : 0;
}

static int attach_xdp_netlink(struct bu_attaching *c, int ifindex)
{
	uint32_t flags = c->at->xdp_flags;
	char words[256] = "";
	int err, old = -1;

	err = find_old(c, ifindex, &flags, &old);
	if (err)
		return err;
	c->out->target_fd = old;
	err = c->s->ops->xdp_set(c->s, ifindex, c->prog_fd, old,
				 flags | (old >= 0 ? XDP_FLAGS_REPLACE : XDP_FLAGS_UPDATE_IF_NOEXIST), words, sizeof(words));
	c->out->netlink = true;
	c->out->ifindex = ifindex;
	c->out->prog_fd = c->prog_fd;
	c->out->xdp_flags = flags;
	if (!err)
		return 0;
	/* An answer that got lost does not say that nothing was done. */
	bu_sys_detach(c->s, c->out);
	return bu_blame_xdp(c, BU_CMD_NETLINK, err, words);
}

static int attach_xdp(struct bu_attaching *c)
{
	int ifindex = c->s->ops->ifindex(c->s, c->at->a);
	bool replaces = c->at->net.replace || c->at->net.old;
	int fd;

	if (ifindex < 0)
		return bu_blame_device(c, ifindex);
	if (c->via == BU_VIA_LINK && replaces)
		return bu_blame_lacks(c, "a link does not take the place of another program", "leave --attach-via=link out");
	if (bu_net_old_way(c) || replaces)
		return attach_xdp_netlink(c, ifindex);
	fd = bu_sys_link_create(c->s, c->prog_fd, ifindex, BPF_XDP, c->at->xdp_flags, 0);
	if (fd >= 0) {
		c->out->link_fd = fd;
		c->out->ifindex = ifindex;
		return 0;
	}
	/* A kernel without XDP links says EINVAL. So may others, and then netlink has words. */
	if (c->via == BU_VIA_AUTO && fd == -EINVAL)
		return attach_xdp_netlink(c, ifindex);
	return bu_blame_xdp(c, BPF_LINK_CREATE, fd, "");
}

static int detach_xdp(struct bu_sys *s, struct bu_attached *at)
{
	int err = 0;

	/* Take away our own program only: someone may have put another in its place. */
	if (at->netlink)
		err = s->ops->xdp_set(s, at->ifindex, at->target_fd, at->prog_fd, at->xdp_flags | XDP_FLAGS_REPLACE, NULL, 0);
	/* Kernels before 5.7 cannot be told which. */
	if (err == -EINVAL)
		err = s->ops->xdp_set(s, at->ifindex, at->target_fd, -1, at->xdp_flags, NULL, 0);
	/* The device is gone, or has another program by now. */
	if (err == -ENODEV || err == -EEXIST)
		err = 0;
	at->netlink = false;
	return err;
}

static bool same_xdp(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link)
{
	return link->type == BPF_LINK_TYPE_XDP && !at->net.netns &&
	       s->ops->ifindex(s, at->a) == (int)link->xdp.ifindex;
}

const struct bu_attach_driver bu_driver_xdp = {
	.parse = parse_xdp, .attach = attach_xdp, .detach = detach_xdp, .same = same_xdp,
	.names = 1 + BU_NAMES_DEVICES,
};
