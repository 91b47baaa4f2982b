/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network devices: their index, and XDP by rtnetlink (IFLA_XDP of RTM_SETLINK), with the words the
 * kernel has for a refusal (extended acknowledgements, Documentation/userspace-api/netlink).
 */
#include "config.h"

#include "kern/netlink.h"
#include "kern/private.h"

#include <net/if.h>
#include <string.h>

int bu_kern_ifindex(struct bu_sys *s, const char *dev)
{
	unsigned i = if_nametoindex(dev);

	(void)s;
	return i ? (int)i : errno == ENXIO ? -ENODEV : -errno;
}

#ifdef HAVE_LIBNL

#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>
#include <sys/time.h>

/* Headers before 5.6 lack it. */
#define XDP_EXPECTED_FD 8

struct answer {
	int err; /* -errno of the kernel */
	bool over, torn;
	char *words;
	size_t room;
	bu_nl_fn *fn;
	void *ctx;
};

static void take_words(struct answer *a, const struct nlmsgerr *e, size_t len)
{
	const struct nlmsghdr *reply = (const void *)((const char *)e - NLMSG_HDRLEN);
	size_t skip = sizeof(*e);
	struct nlattr *at;

	if (!a->words || !a->room || !(reply->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	/* The request comes back in between, unless the reply was capped. */
	if (!(reply->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len >= NLMSG_HDRLEN)
		skip += e->msg.nlmsg_len - NLMSG_HDRLEN;
	if (NLMSG_ALIGN(skip) >= len)
		return;
	at = nla_find((struct nlattr *)((char *)e + NLMSG_ALIGN(skip)),
		      (int)(len - NLMSG_ALIGN(skip)), NLMSGERR_ATTR_MSG);
	if (at)
		nla_strlcpy(a->words, at, a->room);
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;

	(void)msg;
	a->err = 0;
	a->over = true;
	return NL_STOP;
}

/* The end of a list. Behind its header stands why the kernel ended it: 0, or -errno for one that is cut. */
static int on_end(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *h = nlmsg_hdr(msg);
	struct answer *a = arg;
	int32_t err = 0;

	if (nlmsg_datalen(h) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(h), sizeof(err));
	a->err = err < 0 ? err : 0;
	a->over = true;
	return NL_STOP;
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;

	if (a->fn)
		a->fn(a->ctx, nlmsg_hdr(msg));
	return NL_OK;
}

/* A list that changed while it was written. */
static int on_torn(struct nl_msg *msg, void *arg)
{
	struct answer *a = arg;

	(void)msg;
	a->torn = true;
	return NL_OK;
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct answer *a = arg;
	const struct nlmsghdr *reply = (const void *)((const char *)e - NLMSG_HDRLEN);

	(void)from;
	a->err = e->error;
	a->over = true;
	if (reply->nlmsg_len > NLMSG_HDRLEN)
		take_words(a, e, reply->nlmsg_len - NLMSG_HDRLEN);
	return NL_STOP;
}

static int put_request(struct nl_msg *msg, int ifindex, int prog_fd, int old_fd, uint32_t flags)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nlattr *nest;

	if (nlmsg_append(msg, &info, sizeof(info), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	nest = nla_nest_start(msg, IFLA_XDP);
	if (!nest || nla_put_u32(msg, IFLA_XDP_FD, (uint32_t)prog_fd) < 0 ||
	    nla_put_u32(msg, IFLA_XDP_FLAGS, flags) < 0)
		return -ENOMEM;
	if (old_fd >= 0 && nla_put_u32(msg, XDP_EXPECTED_FD, (uint32_t)old_fd) < 0)
		return -ENOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

/* libnl has codes of its own; none of them is the kernel's answer. */
static int from_libnl(int err)
{
	switch (err < 0 ? -err : err) {
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_AF_NOSUPPORT:
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	default:
		return -EIO;
	}
}

/*
 * A request that was not sent, and an answer that was not fetched, are tried again: else nobody would know what is
 * done and what is not.
 */
#define TRIES 4

int bu_nl_talk(struct nl_msg *msg, bu_nl_fn *fn, void *ctx, char *words, size_t room)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct answer a = { .err = -EIO, .words = words, .room = room, .fn = fn, .ctx = ctx };
	struct timeval limit = { .tv_sec = 2 };
	int on = 1, err = 0;

	if (words && room)
		words[0] = '\0';
	if (!sock || !msg) {
		err = -ENOMEM;
		goto out;
	}
	nl_socket_disable_seq_check(sock); /* an echo comes in front of its acknowledgement */
	nl_socket_modify_cb(sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, &a);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, on_end, &a);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_message, &a);
	nl_socket_modify_cb(sock, NL_CB_DUMP_INTR, NL_CB_CUSTOM, on_torn, &a);
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, on_error, &a);
	err = -NLE_FAILURE;
	for (int i = 0; i < TRIES && err < 0; i++)
		err = nl_connect(sock, NETLINK_ROUTE);
	if (err >= 0) {
		setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
		setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
		setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		err = -NLE_FAILURE;
		for (int i = 0; i < TRIES && err < 0; i++)
			err = nl_send_auto(sock, msg);
	}
	if (err < 0) {
		err = from_libnl(err);
		goto out;
	}
	for (int i = 0; i < TRIES && !a.over;) {
		err = nl_recvmsgs_default(sock);
		i += err < 0;
	}
	err = a.over ? a.err : from_libnl(err);
	if (!err && a.torn)
		err = -EAGAIN;
out:
	nlmsg_free(msg);
	nl_socket_free(sock);
	return err;
}

int bu_kern_xdp_set(struct bu_sys *s, int ifindex, int prog_fd, int old_fd, uint32_t flags,
		    char *extack, size_t extack_size)
{
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
	int err = msg ? put_request(msg, ifindex, prog_fd, old_fd, flags) : -ENOMEM;

	(void)s;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return bu_nl_talk(msg, NULL, NULL, extack, extack_size);
}

#else

int bu_kern_no_netlink(char *words, size_t room)
{
	if (words && room) {
		strncpy(words, "this build has no netlink (libnl)", room - 1);
		words[room - 1] = '\0';
	}
	return -EOPNOTSUPP;
}

int bu_kern_xdp_set(struct bu_sys *s, int ifindex, int prog_fd, int old_fd, uint32_t flags,
		    char *extack, size_t extack_size)
{
	(void)s, (void)ifindex, (void)prog_fd, (void)old_fd, (void)flags;
	return bu_kern_no_netlink(extack, extack_size);
}

#endif
