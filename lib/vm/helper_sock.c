/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sockets, and the way of packets: what a program finds is what the environment's tables have (bu_vm_env). A socket that
 * was found is a struct bpf_sock in memory of the run that may be read; one by a lookup has to be released.
 */
#include "vm/ctxrule.h"
#include "vm/helper.h"
#include "vm/map_sock.h"

#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ETH_HLEN 14u
#define LOOPBACK 1u
#define LOOPBACK_MTU 65536u
enum { XDP_IFINDEX = 12, SKB_IFINDEX = 40 }; /* in the contexts */
enum { S_IFINDEX = 0, S_FAMILY = 4, S_TYPE = 8, S_PROTOCOL = 12, S_MARK = 16, S_PRIORITY = 20, S_SRC4 = 24, S_SRC6 = 28,
	S_SRC_PORT = 44, S_DST_PORT = 48, S_DST4 = 52, S_DST6 = 56, S_STATE = 72, S_QUEUE = 76, SOCK_SIZE = 80 };
enum { STREAM = 1, DGRAM = 2, TCP = 6, UDP = 17 };
enum { TIME_WAIT = 6, CLOSED = 7, LISTEN = 10, NEW_SYN_RECV = 12 };
#define TCP_SOCK 128u /* bytes of struct bpf_tcp_sock, and some more */

static bool xdp(const struct bu_vm_run *run)
{
	return run->ctx && run->ctx_id == BU_VM_C_XDP;
}

/* ---------------------------------------------------------------- sockets */

static void field(uint8_t *p, unsigned off, uint32_t v)
{
	bu_put32(p + off, BU_HOST_BE, v);
}

static void fill(uint8_t *p, const struct bu_vm_sock *s)
{
	memset(p, 0, SOCK_SIZE);
	field(p, S_IFINDEX, s->ifindex);
	field(p, S_FAMILY, s->family);
	field(p, S_TYPE, s->protocol == TCP ? STREAM : s->protocol == UDP ? DGRAM : 0);
	field(p, S_PROTOCOL, s->protocol);
	field(p, S_MARK, s->mark);
	memcpy(p + (s->family == AF_INET6 ? S_SRC6 : S_SRC4), s->local, s->family == AF_INET6 ? 16 : 4);
	memcpy(p + (s->family == AF_INET6 ? S_DST6 : S_DST4), s->remote, s->family == AF_INET6 ? 16 : 4);
	field(p, S_SRC_PORT, s->local_port);
	bu_put16(p + S_DST_PORT, true, s->remote_port);
	field(p, S_STATE, s->state);
	field(p, S_QUEUE, UINT32_MAX);
}

/* The run's copy of a socket. 0: there is no room for more. */
static uint64_t ref(struct bu_vm_run *run, const struct bu_vm_sock *s, bool tcp, bool held)
{
	struct bu_vm_sock_ref *r;
	uint8_t *p;

	for (uint32_t i = 0; !held && i < run->nsock; i++)
		if (run->sock[i].of == s && run->sock[i].tcp == tcp && run->sock[i].lo)
			return run->sock[i].lo;
	if (run->nsock == BU_ARRAY_SIZE(run->sock))
		return 0;
	r = &run->sock[run->nsock];
	p = run->md + BU_VM_MD_SOCKS + run->nsock++ * TCP_SOCK;
	*r = (struct bu_vm_sock_ref){ .of = s, .lo = (uintptr_t)p, .tcp = tcp, .held = held };
	r->hi = r->lo + (tcp ? TCP_SOCK : SOCK_SIZE);
	if (tcp)
		memset(p, 0, TCP_SOCK);
	else
		fill(p, s);
	run->nheld += held;
	return r->lo;
}

/* Runs by hand give packets a socket that is closed, with the addresses that the packet has. */
uint64_t bu_vm_skb_sock(struct bu_vm_run *run)
{
	struct bu_vm_ctx *c = run->ctx;
	struct bu_vm_sock *s = &run->own;
	const uint8_t *p = c->packet;
	uint32_t n = c->packet_size;

	if (!c->loopback)
		return 0;
	if (run->nsock && run->sock[0].of == s)
		return run->sock[0].lo;
	*s = (struct bu_vm_sock){ .state = CLOSED };
	if (c->mac_size) {
		p -= c->mac_size;
		n += c->mac_size;
	}
	if (n >= ETH_HLEN + 20 && bu_get16(p + 12, true) == 0x0800) {
		s->family = AF_INET;
		memcpy(s->local, p + ETH_HLEN + 12, 4);
		memcpy(s->remote, p + ETH_HLEN + 16, 4);
	} else if (n >= ETH_HLEN + 40 && bu_get16(p + 12, true) == 0x86dd) {
		s->family = AF_INET6;
		memcpy(s->local, p + ETH_HLEN + 8, 16);
		memcpy(s->remote, p + ETH_HLEN + 24, 16);
	}
	return ref(run, s, false, false);
}

/* Where a context has the addresses of its socket: offsets in it, 0 of a port: it has none. */
static const struct place {
	uint8_t id, family, remote4, local4, remote6, local6, remote_port, local_port;
} places[] = {
	{ BU_VM_C_SOCK_OPS, 20, 24, 28, 32, 48, 64, 68 },
	{ BU_VM_C_MSG, 16, 20, 24, 28, 44, 60, 64 },
};
enum { ADDR_FAMILY = 28, ADDR_PROTOCOL = 36, OPS_STATE = 88, ESTABLISHED = 1 };

uint64_t bu_vm_ctx_sock(struct bu_vm_run *run)
{
	struct bu_vm_sock *s = &run->own;
	const uint8_t *md = run->md;

	if (run->nsock && run->sock[0].of == s)
		return run->sock[0].lo;
	*s = (struct bu_vm_sock){ .state = CLOSED };
	if (run->ctx_id == BU_VM_C_ADDR) {
		s->family = (uint8_t)bu_get32(md + ADDR_FAMILY, BU_HOST_BE);
		s->protocol = (uint8_t)bu_get32(md + ADDR_PROTOCOL, BU_HOST_BE);
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(places); i++) {
		const struct place *at = &places[i];

		if (at->id != run->ctx_id)
			continue;
		s->protocol = TCP;
		s->family = (uint8_t)bu_get32(md + at->family, BU_HOST_BE);
		s->state = run->ctx_id == BU_VM_C_SOCK_OPS ? (uint8_t)bu_get32(md + OPS_STATE, BU_HOST_BE) : ESTABLISHED;
		if (s->family == AF_INET6) {
			memcpy(s->remote, md + at->remote6, 16);
			memcpy(s->local, md + at->local6, 16);
		} else {
			memcpy(s->remote, md + at->remote4, 4);
			memcpy(s->local, md + at->local4, 4);
		}
		s->remote_port = (uint16_t)bu_get32(md + at->remote_port, true);
		s->local_port = (uint16_t)bu_get32(md + at->local_port, BU_HOST_BE);
	}
	return ref(run, s, false, false);
}

struct bu_vm_sock_ref *bu_vm_sock_at(struct bu_vm_run *run, uint64_t p)
{
	for (uint32_t i = 0; i < run->nsock; i++)
		if (run->sock[i].lo == p)
			return &run->sock[i];
	return NULL;
}

static const struct bu_vm_sock *sock(struct bu_vm_run *run, uint64_t p)
{
	return bu_vm_sock_at(run, p)->of; /* the argument was checked */
}

/* What a map of sockets has, to be released; from the table, where it is there, too. */
uint64_t bu_vm_sock_found(struct bu_vm_run *run, struct bu_vm_map *m, const void *key)
{
	const struct bu_vm_sock *s = NULL;
	struct bu_vm_sock_entry e;

	if (run->nsock == BU_ARRAY_SIZE(run->sock) || bu_vm_sockmap_get(m, key, &e))
		return 0;
	for (unsigned i = 0; run->env && i < run->env->nsocks; i++)
		if (bu_vm_sock_cookie(run, &run->env->socks[i]) == e.cookie)
			s = &run->env->socks[i];
	if (!s) {
		run->found[run->nsock] = e.sock;
		run->found[run->nsock].cookie = e.cookie;
		s = &run->found[run->nsock];
	}
	return ref(run, s, false, true);
}

static bool zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

/* tuple: remote address, local address, remote port, local port, in network order. Connected sockets first. */
static const struct bu_vm_sock *find(const struct bu_vm_run *run, unsigned protocol, const uint8_t *tuple, unsigned alen)
{
	const struct bu_vm_sock *found = NULL, *s;
	uint16_t rport = bu_get16(tuple + 2 * alen, true), lport = bu_get16(tuple + 2 * alen + 2, true);

	for (unsigned i = 0; run->env && i < run->env->nsocks; i++) {
		s = &run->env->socks[i];
		if (s->protocol != protocol || s->family != (alen == 4 ? AF_INET : AF_INET6) || s->local_port != lport ||
		    (memcmp(s->local, tuple + alen, alen) != 0 && !zero(s->local, alen)))
			continue;
		if (s->remote_port == rport && !memcmp(s->remote, tuple, alen))
			return s;
		if (!s->remote_port && !found)
			found = s;
	}
	return found;
}

static uint64_t lookup(struct bu_vm_run *run, unsigned protocol, uint64_t tuple, uint64_t size, uint64_t netns,
		       uint64_t flags, bool full)
{
	const struct bu_vm_sock *s;

	if ((size != 12 && size != 36) || flags || ((int32_t)netns >= 0 && netns > INT32_MAX))
		return 0;
	s = find(run, protocol, bu_vm_ptr(tuple), size == 12 ? 4 : 16);
	if (!s || (full && (s->state == TIME_WAIT || s->state == NEW_SYN_RECV)))
		return 0;
	return ref(run, s, false, true);
}

BU_VM_FN(sk_lookup_tcp)
{
	return lookup(run, TCP, b, c, d, e, true);
}

BU_VM_FN(sk_lookup_udp)
{
	return lookup(run, UDP, b, c, d, e, true);
}

BU_VM_FN(skc_lookup_tcp)
{
	return lookup(run, TCP, b, c, d, e, false);
}

BU_VM_FN(sk_release)
{
	struct bu_vm_sock_ref *r = bu_vm_sock_at(run, a);

	if (!r->held)
		return bu_vm_ret(bu_vm_fault_at(run, BU_VM_FAULT_HELPER, a, 0, false,
					  "bpf_sk_release: argument 1: a socket that was not looked up, or is released"));
	r->held = false;
	r->lo = r->hi = 0; /* may not be read any more */
	run->nheld--;
	return 0;
}

static bool full(const struct bu_vm_sock *s)
{
	return s->state != TIME_WAIT && s->state != NEW_SYN_RECV;
}

BU_VM_FN(sk_fullsock)
{
	return full(sock(run, a)) ? a : 0;
}

BU_VM_FN(tcp_sock)
{
	const struct bu_vm_sock *s = sock(run, a);

	return full(s) && s->protocol == TCP ? ref(run, s, true, false) : 0;
}

BU_VM_FN(get_listener_sock)
{
	return sock(run, a)->state == LISTEN ? a : 0;
}

/* Which socket a packet is for can only be said where it comes in, which runs by hand are not. */
BU_VM_FN(sk_assign)
{
	return bu_vm_ret(c ? -EINVAL : -EOPNOTSUPP);
}

BU_VM_FN(get_socket_cookie)
{
	return 1;
}

/* root's, who runs it by hand */
BU_VM_FN(get_socket_uid)
{
	return 0;
}

/* ---------------------------------------------------------------- routes */

/* The MTU of a device; false: there is none of that number. Ours is the loopback device where nothing is said. */
static bool mtu_of(const struct bu_vm_run *run, uint32_t ifindex, uint32_t *mtu)
{
	struct ifreq r = { 0 };
	bool ok = false;
	int fd;

	if (!ifindex)
		ifindex = bu_get32(run->md + (xdp(run) ? XDP_IFINDEX : SKB_IFINDEX), BU_HOST_BE);
	*mtu = LOOPBACK_MTU;
	if (!ifindex || ifindex == LOOPBACK)
		return true;
	if (!if_indextoname(ifindex, r.ifr_name))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	ok = !ioctl(fd, SIOCGIFMTU, &r);
	*mtu = (uint32_t)r.ifr_mtu;
	close(fd);
	return ok;
}

BU_VM_FN(check_mtu)
{
	enum { SEGMENTS = 1, FITS = 0, TOO_LONG = 1 };
	uint32_t given = bu_get32(bu_vm_ptr(c), BU_HOST_BE), mtu, len;
	uint64_t flags = e;

	if (flags & ~(xdp(run) ? 0ull : SEGMENTS) || (flags && ((int32_t)d || given)))
		return bu_vm_ret(-EINVAL);
	if (!mtu_of(run, (uint32_t)b, &mtu))
		return bu_vm_ret(-ENODEV);
	len = given ? given + ETH_HLEN : (uint32_t)(run->data_end - run->data);
	len += (uint32_t)d;
	bu_put32(bu_vm_ptr(c), BU_HOST_BE, mtu);
	return (int32_t)len <= (int32_t)(mtu + ETH_HLEN) ? FITS : TOO_LONG;
}

/* struct bpf_fib_lookup */
enum { FIB_FAMILY = 0, FIB_LEN = 6, FIB_IFINDEX = 8, FIB_METRIC = 12, FIB_DST = 32, FIB_VLAN = 48, FIB_SMAC = 52, FIB_DMAC = 58,
	FIB_SIZE = 64 };
enum { FIB_OK = 0, FIB_NOT_FORWARDED = 4, FIB_TOO_LONG = 8 };
#define FIB_FLAGS 63ull

static bool covers(const struct bu_vm_route *r, const uint8_t *addr)
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;

	return !memcmp(r->dst, addr, whole) && (!rest || !((r->dst[whole] ^ addr[whole]) & 0xff00 >> rest & 0xff));
}

BU_VM_FN(fib_lookup)
{
	const struct bu_vm_route *best = NULL, *r;
	uint8_t *p = bu_vm_ptr(b);
	unsigned family;

	if (c < FIB_SIZE || d & ~FIB_FLAGS)
		return bu_vm_ret(-EINVAL);
	family = p[FIB_FAMILY];
	if (family != AF_INET && family != AF_INET6)
		return bu_vm_ret(-EAFNOSUPPORT);
	for (unsigned i = 0; run->env && i < run->env->nroutes; i++) {
		r = &run->env->routes[i];
		if (r->family == family && covers(r, p + FIB_DST) && (!best || r->bits > best->bits))
			best = r;
	}
	if (!best)
		return FIB_NOT_FORWARDED;
	if (best->mtu && bu_get16(p + FIB_LEN, BU_HOST_BE) > best->mtu) {
		bu_put16(p + FIB_LEN, BU_HOST_BE, (uint16_t)best->mtu);
		return FIB_TOO_LONG;
	}
	bu_put16(p + FIB_LEN, BU_HOST_BE, (uint16_t)best->mtu);
	bu_put32(p + FIB_IFINDEX, BU_HOST_BE, best->ifindex);
	bu_put32(p + FIB_METRIC, BU_HOST_BE, 0);
	if (best->gateway_given)
		memcpy(p + FIB_DST, best->gateway, family == AF_INET ? 4 : 16);
	memset(p + FIB_VLAN, 0, 4);
	memcpy(p + FIB_SMAC, best->smac, 6);
	memcpy(p + FIB_DMAC, best->dmac, 6);
	return FIB_OK;
}

/* ---------------------------------------------------------------- SYN cookies of sockets */

enum { TH_LEN = 20, TH_DOFF = 12, TH_FLAGS = 13, FIN = 1, SYN = 2, RST = 4, ACK = 16, IP_LEN = 20 };

/* No queue here runs over, so no socket gives cookies or has given any. */
BU_VM_FN(tcp_check_syncookie)
{
	const struct bu_vm_sock *s = sock(run, a);
	uint8_t flags = bu_vm_ptr(d)[e > TH_FLAGS ? TH_FLAGS : 0];

	if (e < TH_LEN || s->protocol != IPPROTO_TCP || s->state != LISTEN)
		return bu_vm_ret(-EINVAL);
	if (!(flags & ACK) || flags & (RST | SYN))
		return bu_vm_ret(-ENOENT);
	return bu_vm_ret(c < IP_LEN ? -EINVAL : -ENOENT);
}

BU_VM_FN(tcp_gen_syncookie)
{
	const struct bu_vm_sock *s = sock(run, a);
	const uint8_t *th = bu_vm_ptr(d);

	if (e < TH_LEN || e != (uint64_t)(th[TH_DOFF] >> 4) * 4 || s->protocol != IPPROTO_TCP || s->state != LISTEN)
		return bu_vm_ret(-EINVAL);
	if (!(th[TH_FLAGS] & SYN) || th[TH_FLAGS] & (ACK | FIN | RST) || c < IP_LEN)
		return bu_vm_ret(-EINVAL);
	return bu_vm_ret(-ENOENT);
}
