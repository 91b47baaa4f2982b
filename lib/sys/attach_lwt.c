/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lightweight tunnels: a route whose packets the program sees, when they come in (lwt_in), go out (lwt_out) or
 * just before they are sent (lwt_xmit), or by SRv6 (lwt_seg6local). The route is made for it, and taken away again.
 */
#include "sys/attach_net.h"

#include <arpa/inet.h>
#include <string.h>

/* An address into out: its family, or 0. */
static int address(struct bu_str s, uint8_t out[16])
{
	char text[64];
	int family;

	if (s.n >= sizeof(text) || !s.n)
		return 0;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	memset(out, 0, 16);
	family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(family, text, out) == 1 ? family : 0;
}

static int parse_lwt(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "PREFIX,dev=DEVICE or PREFIX,via=ADDRESS, such as 10.1.0.0/16,dev=eth0";
	struct bu_route *r = &p->at->net.route;
	struct bu_str addr = t, len, via;
	uint64_t bits;
	int err;

	if (!t.n)
		return bu_attach_bad(p, form, "the destination is missing");
	r->family = bu_attach_cut(t, '/', &addr, &len) ? address(addr, r->dst) : address(t, r->dst);
	if (!r->family)
		return bu_attach_bad(p, form, "the destination is no address");
	bits = r->family == AF_INET ? 32 : 128;
	r->prefix = (uint8_t)bits;
	if (addr.n != t.n) {
		uint64_t n;

		if (bu_str_u64(len, &n, NULL) || n > bits)
			return bu_attach_bad(p, form, "the length of the prefix is wrong");
		r->prefix = (uint8_t)n;
	}
	for (unsigned i = r->prefix; i < bits; i++)
		if (r->dst[i / 8] & 0x80 >> i % 8)
			return bu_attach_bad(p, form, "the address has bits behind its prefix");
	if (p->at->hook == BU_HOOK_LWT_SEG6LOCAL && r->family != AF_INET6)
		return bu_attach_bad(p, "PREFIX,dev=DEVICE, such as fc00::1/128,dev=eth0", "SRv6 is about IPv6");
	if (bu_attach_opt(p, BU_ATTACH_OPT_VIA, &via)) {
		r->has_via = true;
		if (address(via, r->via) != r->family)
			return bu_attach_bad(p, form, "the gateway is no address of that kind");
	}
	err = bu_attach_opt_text(p, BU_ATTACH_OPT_DEV, &p->at->a);
	if (!err)
		err = bu_net_opt_u32(p, BU_ATTACH_OPT_TABLE, &r->table);
	if (!err)
		err = bu_net_opt_u32(p, BU_ATTACH_OPT_METRIC, &r->metric);
	if (!err && p->at->hook == BU_HOOK_LWT_XMIT)
		err = bu_net_opt_u32(p, BU_ATTACH_OPT_HEADROOM, &r->headroom);
	if (!err && !p->at->a && !r->has_via)
		err = bu_attach_bad(p, form, "neither dev= nor via= is given");
	if (!err && !p->at->a && p->at->hook == BU_HOOK_LWT_SEG6LOCAL)
		err = bu_attach_bad(p, form, "dev= is missing");
	if (!err)
		err = bu_attach_opt_text(p, BU_ATTACH_OPT_NETNS, &p->at->net.netns);
	return err;
}

static int blame_route(struct bu_attaching *c, int err, const char *words)
{
	struct bu_diag *d;

	if (err == -EEXIST) {
		d = bu_diag(c->ds, BU_ERROR, "S0111", "%s: there is a route to this destination already",
			    bu_blame_subject(c));
		bu_diag_help(c->ds, d, "another metric= puts this one beside it");
		return err;
	}
	if (bu_blame_option(c, err))
		return -EOPNOTSUPP;
	if (err == -EOPNOTSUPP && words[0]) {
		bu_diag(c->ds, BU_ERROR, "S0121", "%s: %s", bu_blame_subject(c), words);
		return err;
	}
	if (err == -ENETUNREACH) {
		bu_diag(c->ds, BU_ERROR, "S0122", "%s: the gateway cannot be reached, or the device is down",
			bu_blame_subject(c));
		return err;
	}
	return bu_blame_net(c, BU_CMD_NETLINK, err, words);
}

static int attach_lwt(struct bu_attaching *c)
{
	struct bu_route *r = &c->out->route;
	char words[256] = "";
	int err;

	if (!c->s->ops->route)
		return bu_blame_lacks(c, "this backend has no routes", NULL);
	if (c->via == BU_VIA_LINK)
		return bu_blame_lacks(c, "there are no links to routes", "leave --attach-via=link out");
	*r = c->at->net.route;
	if (c->at->a) {
		r->ifindex = bu_net_ifindex(c);
		if (r->ifindex < 0)
			return r->ifindex;
	}
	r->prog_type = bu_hook_prog_type(c->at->hook);
	r->prog_fd = c->prog_fd;
	r->name = bu_hook_name(c->at->hook);
	err = c->s->ops->route(c->s, true, r, words, sizeof(words));
	if (err)
		return blame_route(c, err, words);
	c->out->netlink = true;
	return 0;
}

static int detach_lwt(struct bu_sys *s, struct bu_attached *at)
{
	int err = at->netlink ? s->ops->route(s, false, &at->route, NULL, 0) : 0;

	at->netlink = false;
	/* Someone else took it away, or it went with the device. */
	return err == -ESRCH || err == -ENODEV || err == -ENETUNREACH ? 0 : err;
}

const struct bu_attach_driver bu_driver_lwt = { .parse = parse_lwt, .attach = attach_lwt, .detach = detach_lwt };
