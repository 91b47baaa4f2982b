/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XDP: by link (since 5.9), or by netlink. */
#include "sys/attach.h"

#include <string.h>

static int parse_xdp(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "DEVICE, DEVICE:generic or DEVICE:driver";
	struct bu_str dev = t, mode;

	if (bu_attach_cut(t, ':', &dev, &mode)) {
		if (bu_str_is(mode, "generic"))
			p->at->xdp_flags = XDP_FLAGS_SKB_MODE;
		else if (bu_str_is(mode, "driver"))
			p->at->xdp_flags = XDP_FLAGS_DRV_MODE;
		else
			return bu_attach_bad(p, form, "the mode is neither 'generic' nor 'driver'");
	}
	if (!dev.n)
		return bu_attach_bad(p, form, "the name of a network device is missing");
	if (!bu_attach_word(dev))
		return bu_attach_bad(p, form, "that is not the name of a network device");
	p->at->a = bu_attach_keep(p, dev);
	return 0;
}

static int attach_xdp_netlink(struct bu_attaching *c, int ifindex)
{
	char words[256] = "";
	int err = c->s->ops->xdp_set(c->s, ifindex, c->prog_fd, -1,
				     c->at->xdp_flags | XDP_FLAGS_UPDATE_IF_NOEXIST, words,
				     sizeof(words));

	c->out->netlink = true;
	c->out->ifindex = ifindex;
	c->out->prog_fd = c->prog_fd;
	c->out->xdp_flags = c->at->xdp_flags;
	if (!err)
		return 0;
	/* An answer that got lost does not say that nothing was done. */
	bu_sys_detach(c->s, c->out);
	return bu_blame_xdp(c, BU_CMD_NETLINK, err, words);
}

static int attach_xdp(struct bu_attaching *c)
{
	int ifindex = c->s->ops->ifindex(c->s, c->at->a);
	int fd;

	if (ifindex < 0)
		return bu_blame_device(c, ifindex);
	if (c->via == BU_VIA_NETLINK || c->via == BU_VIA_IOCTL)
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
		err = s->ops->xdp_set(s, at->ifindex, -1, at->prog_fd,
				      at->xdp_flags | XDP_FLAGS_REPLACE, NULL, 0);
	/* Kernels before 5.7 cannot be told which. */
	if (err == -EINVAL)
		err = s->ops->xdp_set(s, at->ifindex, -1, -1, at->xdp_flags, NULL, 0);
	/* The device is gone, or has another program by now. */
	if (err == -ENODEV || err == -EEXIST)
		err = 0;
	at->netlink = false;
	return err;
}

const struct bu_attach_driver bu_driver_xdp = {
	.parse = parse_xdp, .attach = attach_xdp, .detach = detach_xdp,
};
