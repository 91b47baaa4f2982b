/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs on sockets: filters (SO_ATTACH_BPF) and the choice among sockets that share an address
 * (SO_ATTACH_REUSEPORT_EBPF). The socket is one of our own, which nobody reads, or one that we inherited and that
 * the command inherits from us.
 */
#include "sys/attach_net.h"

#include <fcntl.h>
#include <string.h>

static bool is_reuseport(enum bu_hook hook)
{
	return bu_hook_prog_type(hook) == BPF_PROG_TYPE_SK_REUSEPORT;
}

static int parse_port(struct bu_attach_parser *p, struct bu_str t, const char *form)
{
	struct bu_str addr = bu_str(NULL, 0), port = t;
	uint64_t n;

	bu_attach_cut(t, ':', &addr, &port);
	if (bu_str_u64(port, &n, NULL) || !n || n > UINT16_MAX)
		return bu_attach_bad(p, form, "the port is no number from 1 to 65535");
	p->at->net.port = (uint16_t)n;
	p->at->a = addr.n ? bu_attach_keep(p, addr) : NULL;
	return bu_attach_opt_text(p, BU_ATTACH_OPT_NETNS, &p->at->net.netns);
}

static bool prefixed(struct bu_str *t, const char *word, size_t n)
{
	if (t->n < n || memcmp(t->p, word, n) != 0)
		return false;
	*t = bu_str(t->p + n, t->n - n);
	return true;
}

static int parse_socket(struct bu_attach_parser *p, struct bu_str t)
{
	static const char filter[] = "DEVICE, fd:N, udp:[ADDRESS:]PORT or tcp:[ADDRESS:]PORT";
	static const char reuse[] = "fd:N, udp:[ADDRESS:]PORT or tcp:[ADDRESS:]PORT";
	const char *form = is_reuseport(p->at->hook) ? reuse : filter;
	struct bu_attach_net *n = &p->at->net;
	uint64_t fd;

	if (prefixed(&t, "fd:", 3)) {
		if (bu_str_u64(t, &fd, NULL) || fd > INT32_MAX)
			return bu_attach_bad(p, form, "the file descriptor is not a number");
		n->fd = (int)fd;
		return 0;
	}
	n->sock_kind = BU_SOCKET_UDP;
	if (prefixed(&t, "udp:", 4))
		return parse_port(p, t, form);
	n->sock_kind = BU_SOCKET_TCP;
	if (prefixed(&t, "tcp:", 4))
		return parse_port(p, t, form);
	n->sock_kind = BU_SOCKET_PACKET;
	if (is_reuseport(p->at->hook))
		return bu_attach_bad(p, form, "that is no socket");
	return bu_net_parse_device(p, t, form);
}

static int blame_open(struct bu_attaching *c, int err)
{
	if (err == -EADDRINUSE) {
		struct bu_diag *d = bu_diag(c->ds, BU_ERROR, "S0111", "%s: the port is taken by a socket without "
					    "SO_REUSEPORT, or of another user", bu_blame_subject(c));

		bu_diag_help(c->ds, d, "fd:N names a socket that is handed to bpf-ld");
		return err;
	}
	if (err == -EADDRNOTAVAIL || err == -EINVAL) {
		bu_diag(c->ds, BU_ERROR, "S0122", "%s: %s is no address of this machine", bu_blame_subject(c), c->at->a);
		return err;
	}
	return bu_blame_step(c, BU_CMD_NETLINK, "opening a socket", err);
}

static int get_socket(struct bu_attaching *c)
{
	const struct bu_attach_net *n = &c->at->net;
	int ifindex = 0, fd;

	if (n->fd >= 0) {
		fd = fcntl(n->fd, F_DUPFD_CLOEXEC, 3);
		if (fd >= 0)
			return fd;
		bu_diag(c->ds, BU_ERROR, "S0122", "%s: there is no open file descriptor %d", bu_blame_subject(c), n->fd);
		return -EBADF;
	}
	if (n->sock_kind == BU_SOCKET_PACKET) {
		ifindex = bu_net_ifindex(c);
		if (ifindex < 0)
			return ifindex;
	}
	fd = c->s->ops->socket_open(c->s, n->sock_kind, ifindex, c->at->a, n->port);
	return fd < 0 ? blame_open(c, fd) : fd;
}

static int attach_socket(struct bu_attaching *c)
{
	bool reuseport = is_reuseport(c->at->hook);
	int err;

	if (!c->s->ops->socket_open || !c->s->ops->socket_attach)
		return bu_blame_lacks(c, "this backend has no sockets", NULL);
	if (c->via == BU_VIA_LINK)
		return bu_blame_lacks(c, "there are no links to sockets", "leave --attach-via=link out");
	c->out->target_fd = get_socket(c);
	if (c->out->target_fd < 0)
		return c->out->target_fd;
	err = c->s->ops->socket_attach(c->s, c->out->target_fd, reuseport, c->prog_fd);
	if (!err) {
		c->out->persists = true;
		return 0;
	}
	if (err == -ENOTSOCK) {
		bu_diag(c->ds, BU_ERROR, "S0122", "%s: file descriptor %d is no socket", bu_blame_subject(c), c->at->net.fd);
		return err;
	}
	if (err == -EINVAL && reuseport) {
		bu_diag(c->ds, BU_ERROR, "S0122", "%s: the socket does not share its address: SO_REUSEPORT is not set, or it "
			"is not bound", bu_blame_subject(c));
		return err;
	}
	return bu_blame_step(c, BU_CMD_NETLINK, "attaching to the socket", err);
}

static int detach_socket(struct bu_sys *s, struct bu_attached *at)
{
	int err = at->persists ? s->ops->socket_attach(s, at->target_fd, is_reuseport(at->hook), -1) : 0;

	at->persists = false;
	return err == -ENOENT ? 0 : err;
}

const struct bu_attach_driver bu_driver_socket = {
	.parse = parse_socket, .attach = attach_socket, .detach = detach_socket,
	.names = 1 + BU_NAMES_DEVICES,
};
