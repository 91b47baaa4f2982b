/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Routes whose packets a program sees (lightweight tunnels of the kinds bpf and seg6local), by rtnetlink.
 * Sources: rtnetlink(7), ip-route(8), linux/lwtunnel.h, linux/seg6_local.h.
 */
#include "config.h"

#include "kern/netlink.h"
#include "kern/private.h"

#ifdef HAVE_LIBNL

#include <linux/lwtunnel.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/seg6_local.h>
#include <netlink/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>
#include <sys/socket.h>

/* A program as a nested attribute: its fd and a name that shows in lists of routes. */
static int put_prog(struct nl_msg *msg, int type, int fd_type, int name_type, const struct bu_route *r)
{
	struct nlattr *nest = nla_nest_start(msg, type | NLA_F_NESTED);

	if (!nest || nla_put_u32(msg, fd_type, (uint32_t)r->prog_fd) < 0 ||
	    nla_put_string(msg, name_type, r->name ? r->name : "bpf") < 0)
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

static int put_encap(struct nl_msg *msg, const struct bu_route *r)
{
	bool seg6 = r->prog_type == BPF_PROG_TYPE_LWT_SEG6LOCAL;
	struct nlattr *nest;
	int err;

	if (nla_put_u16(msg, RTA_ENCAP_TYPE, seg6 ? LWTUNNEL_ENCAP_SEG6_LOCAL : LWTUNNEL_ENCAP_BPF) < 0)
		return -ENOMEM;
	nest = nla_nest_start(msg, RTA_ENCAP | NLA_F_NESTED);
	if (!nest)
		return -ENOMEM;
	if (seg6) {
		err = nla_put_u32(msg, SEG6_LOCAL_ACTION, SEG6_LOCAL_ACTION_END_BPF) < 0 ? -ENOMEM :
		      put_prog(msg, SEG6_LOCAL_BPF, SEG6_LOCAL_BPF_PROG, SEG6_LOCAL_BPF_PROG_NAME, r);
	} else {
		err = put_prog(msg, r->prog_type == BPF_PROG_TYPE_LWT_IN ? LWT_BPF_IN :
				    r->prog_type == BPF_PROG_TYPE_LWT_OUT ? LWT_BPF_OUT : LWT_BPF_XMIT,
			       LWT_BPF_PROG_FD, LWT_BPF_PROG_NAME, r);
		if (!err && r->headroom)
			err = nla_put_u32(msg, LWT_BPF_XMIT_HEADROOM, r->headroom) < 0 ? -ENOMEM : 0;
	}
	nla_nest_end(msg, nest);
	return err;
}

static int put_route(struct nl_msg *msg, bool add, const struct bu_route *r)
{
	int size = r->family == AF_INET ? 4 : 16;
	struct rtmsg m = {
		.rtm_family = (unsigned char)r->family, .rtm_dst_len = r->prefix,
		.rtm_table = r->table && r->table < 256 ? (unsigned char)r->table :
			     r->table ? RT_TABLE_UNSPEC : RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC, .rtm_type = RTN_UNICAST,
		.rtm_scope = r->has_via || r->family != AF_INET ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
	};

	if (!add) {
		m.rtm_scope = RT_SCOPE_NOWHERE;
		m.rtm_protocol = 0;
	}
	if (nlmsg_append(msg, &m, sizeof(m), NLMSG_ALIGNTO) < 0 ||
	    (r->prefix && nla_put(msg, RTA_DST, size, r->dst) < 0) ||
	    (r->has_via && nla_put(msg, RTA_GATEWAY, size, r->via) < 0) ||
	    (r->ifindex && nla_put_u32(msg, RTA_OIF, (uint32_t)r->ifindex) < 0) ||
	    (r->table && nla_put_u32(msg, RTA_TABLE, r->table) < 0) ||
	    (r->metric && nla_put_u32(msg, RTA_PRIORITY, r->metric) < 0))
		return -ENOMEM;
	return add ? put_encap(msg, r) : 0;
}

int bu_kern_route(struct bu_sys *s, bool add, const struct bu_route *r, char *words, size_t room)
{
	struct nl_msg *msg = nlmsg_alloc_simple(add ? RTM_NEWROUTE : RTM_DELROUTE, NLM_F_REQUEST | NLM_F_ACK |
						(add ? NLM_F_CREATE | NLM_F_EXCL : 0));

	(void)s;
	if (msg && put_route(msg, add, r)) {
		nlmsg_free(msg);
		msg = NULL;
	}
	return bu_nl_talk(msg, NULL, NULL, words, room);
}

#else

int bu_kern_route(struct bu_sys *s, bool add, const struct bu_route *r, char *words, size_t room)
{
	(void)s, (void)add, (void)r;
	return bu_kern_no_netlink(words, room);
}

#endif
