/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers that make or take room behind the link header of a socket buffer, and that set what belongs to it:
 * congestion, time, tunnel. What has no field in struct __sk_buff stands behind it in run->md (BU_VM_MD_*).
 */
#include "vm/helper.h"

#include <string.h>

#define ETH_HLEN 14u
#define LONGEST 65536u   /* of a packet with its header, a little less than the kernel's */
enum { PROTOCOL = 16, HASH = 68, TSTAMP = 152, TSTAMP_TYPE = 180 }; /* in struct __sk_buff */
enum { IP = 0x0800, IPV6 = 0x86dd };

static uint64_t length(const struct bu_vm_run *run)
{
	return run->data_end - run->data;
}

/* The field holds it in network order. */
static unsigned protocol(const struct bu_vm_run *run)
{
	uint16_t v = (uint16_t)bu_get32(run->md + PROTOCOL, BU_HOST_BE);

	return bu_get16(&v, true);
}

static void set_protocol(struct bu_vm_run *run, unsigned p)
{
	uint16_t v;

	bu_put16((uint8_t *)&v, true, (uint16_t)p);
	bu_put32(run->md + PROTOCOL, BU_HOST_BE, v);
}

static unsigned header(unsigned proto)
{
	return proto == IP ? 20 : proto == IPV6 ? 40 : 0;
}

/* n zeros behind the first off bytes. */
static int64_t push(struct bu_vm_run *run, uint64_t off, uint64_t n)
{
	if (off > length(run) || n > run->data - (uintptr_t)run->packet_buf)
		return -ENOMEM;
	run->data -= n;
	run->data_meta = run->data;
	memmove(bu_vm_ptr(run->data), bu_vm_ptr(run->data + n), off);
	memset(bu_vm_ptr(run->data + off), 0, n);
	return 0;
}

static int64_t pop(struct bu_vm_run *run, uint64_t off, uint64_t n)
{
	if (off + n > length(run))
		return -ENOMEM;
	memmove(bu_vm_ptr(run->data + n), bu_vm_ptr(run->data), off);
	run->data += n;
	run->data_meta = run->data;
	return 0;
}

/* ---------------------------------------------------------------- skb_adjust_room (flags: linux/bpf.h) */

#define FIXED_GSO 1ull
#define ENCAP_IPV4 2ull
#define ENCAP_IPV6 4ull
#define ENCAP_GRE 8ull
#define ENCAP_UDP 16ull
#define NO_CSUM_RESET 32ull
#define ENCAP_ETH 64ull
#define DECAP_IPV4 128ull
#define DECAP_IPV6 256ull
#define INNER_MAC(flags) ((flags) >> 56)
#define ROOM_FLAGS (511ull | 0xffull << 56)
enum { ROOM_NET, ROOM_MAC };

static int64_t grow(struct bu_vm_run *run, uint64_t off, uint64_t n, uint64_t flags)
{
	bool encap = flags & (ENCAP_IPV4 | ENCAP_IPV6);
	int64_t err;

	if (encap && ((flags & ENCAP_IPV4 && flags & ENCAP_IPV6) || (flags & ENCAP_GRE && flags & ENCAP_UDP) ||
		      (flags & ENCAP_ETH && INNER_MAC(flags) < ETH_HLEN)))
		return -EINVAL;
	if (encap && run->md[BU_VM_MD_ENCAP])
		return -EALREADY;
	if (encap && INNER_MAC(flags) > n)
		return -EINVAL;
	err = push(run, off, n);
	if (err || !encap)
		return err;
	run->md[BU_VM_MD_ENCAP] = 1;
	set_protocol(run, flags & ENCAP_IPV6 ? IPV6 : IP);
	return 0;
}

static int64_t shrink(struct bu_vm_run *run, uint64_t off, uint64_t n, uint64_t flags)
{
	int64_t err;

	if (flags & ~(FIXED_GSO | DECAP_IPV4 | DECAP_IPV6 | NO_CSUM_RESET))
		return -EINVAL;
	err = pop(run, off, n);
	if (!err && flags & (DECAP_IPV4 | DECAP_IPV6))
		set_protocol(run, flags & DECAP_IPV6 ? IPV6 : IP);
	return err;
}

BU_VM_FN(skb_adjust_room)
{
	int32_t by = (int32_t)b;
	uint64_t n = by < 0 ? 0 - (uint64_t)(int64_t)by : (uint64_t)by, off = ETH_HLEN, flags = d, now;
	unsigned least = header(protocol(run));

	if (flags & ~ROOM_FLAGS)
		return bu_vm_ret(-EINVAL);
	if (n > 0xfff)
		return bu_vm_ret(-EFAULT);
	if (!least || ((uint32_t)c != ROOM_NET && (uint32_t)c != ROOM_MAC))
		return bu_vm_ret(-BU_VM_ENOTSUPP);
	if ((uint32_t)c == ROOM_NET)
		off += least;
	if (flags & (DECAP_IPV4 | DECAP_IPV6)) {
		if (by >= 0 || (flags & DECAP_IPV4 && flags & DECAP_IPV6))
			return bu_vm_ret(-EINVAL);
		least = flags & DECAP_IPV4 ? 20 : 40;
	}
	now = length(run) > ETH_HLEN ? length(run) - ETH_HLEN : 0;
	if (by < 0 ? n >= now || now - n < least : length(run) + n > LONGEST)
		return bu_vm_ret(-BU_VM_ENOTSUPP);
	return bu_vm_ret(by < 0 ? shrink(run, off, n, flags) : grow(run, off, n, flags));
}

/* The header between the two protocols is longer or shorter by 20 bytes; filling it in is the program's. */
BU_VM_FN(skb_change_proto)
{
	uint16_t v = (uint16_t)b;
	unsigned to = bu_get16(&v, true), from = protocol(run);
	int64_t err;

	if (c)
		return bu_vm_ret(-EINVAL);
	if (!(from == IP && to == IPV6) && !(from == IPV6 && to == IP))
		return bu_vm_ret(-BU_VM_ENOTSUPP);
	err = to == IPV6 ? push(run, ETH_HLEN, 20) : pop(run, ETH_HLEN, 20);
	if (err)
		return bu_vm_ret(err);
	set_protocol(run, to);
	bu_put32(run->md + HASH, BU_HOST_BE, 0);
	return 0;
}

/* ---------------------------------------------------------------- marks */

/* "Congestion experienced", if both ends know of it: 1 when it is set. */
BU_VM_FN(skb_ecn_set_ce)
{
	bool l2 = run->prog->type == BPF_PROG_TYPE_SCHED_CLS || run->prog->type == BPF_PROG_TYPE_SCHED_ACT;
	unsigned proto = protocol(run), n = header(proto), ecn, sum;
	uint8_t *p = bu_vm_ptr(run->data + (l2 ? ETH_HLEN : 0));

	if (!n || length(run) < (l2 ? ETH_HLEN : 0) + n)
		return 0;
	ecn = proto == IP ? p[1] & 3 : p[1] >> 4 & 3;
	if (!ecn)
		return 0;
	if (proto == IPV6) {
		p[1] |= 0x30;
		return 1;
	}
	if (ecn == 3)
		return 1;
	sum = bu_get16(p + 10, true) + 0xfffbu + (ecn + 1);
	bu_put16(p + 10, true, (uint16_t)(sum + (sum >> 16)));
	p[1] |= 3;
	return 1;
}

BU_VM_FN(skb_set_tstamp)
{
	enum { REALTIME, MONOTONIC, TAI };
	unsigned proto = protocol(run);
	uint32_t kind = (uint32_t)c;

	if (proto != IP && proto != IPV6)
		return bu_vm_ret(-EOPNOTSUPP);
	if (kind > TAI || (kind != REALTIME && !b))
		return bu_vm_ret(-EINVAL);
	memcpy(run->md + TSTAMP, &b, 8);
	run->md[TSTAMP_TYPE] = (uint8_t)kind;
	return 0;
}

/* ---------------------------------------------------------------- tunnels (struct bpf_tunnel_key) */

enum { KEY_ID = 0, KEY_REMOTE = 4, KEY_TOS = 20, KEY_TTL = 21, KEY_EXT = 22, KEY_LABEL = 24, KEY_LOCAL = 28, KEY_SIZE = 44 };
enum { TUN_IPV6 = 1, TUN_ZERO_CSUM = 2, TUN_DONT_FRAGMENT = 4, TUN_SEQ = 8, TUN_FLAGS = 16, TUN_NO_KEY = 32 };

/* Sizes that the structure had. */
static bool key_size(uint64_t n)
{
	return n == KEY_SIZE || n == KEY_LOCAL || n == KEY_LABEL || n == KEY_EXT || n == KEY_TOS;
}

/* Of a packet that came, by a tunnel or not: none did, so only what the program itself has set. */
BU_VM_FN(skb_get_tunnel_key)
{
	const uint8_t *key = run->md + BU_VM_MD_TUNNEL;
	uint8_t out[KEY_SIZE] = { 0 };
	uint64_t n = c;
	bool v6 = d & TUN_IPV6;
	int64_t err = 0;

	if (!run->md[BU_VM_MD_TUNNEL_SET] || d & ~(uint64_t)(TUN_IPV6 | TUN_FLAGS) || !key_size(n))
		err = -EINVAL;
	else if ((run->md[BU_VM_MD_TUNNEL_SET] == 2) != v6)
		err = -EPROTO;
	memset(bu_vm_ptr(b), 0, n);
	if (err)
		return bu_vm_ret(err);
	memcpy(out, key, KEY_SIZE); /* seen from the other end */
	memcpy(out + KEY_REMOTE, key + KEY_LOCAL, v6 ? 16 : 4);
	memcpy(out + KEY_LOCAL, key + KEY_REMOTE, v6 ? 16 : 4);
	out[KEY_EXT] = out[KEY_EXT + 1] = 0;
	memcpy(bu_vm_ptr(b), out, n);
	return 0;
}

BU_VM_FN(skb_set_tunnel_key)
{
	uint8_t key[KEY_SIZE] = { 0 };
	uint64_t n = c, known = TUN_IPV6 | TUN_ZERO_CSUM | TUN_DONT_FRAGMENT | TUN_SEQ | TUN_NO_KEY;

	if (d & ~known || !key_size(n))
		return bu_vm_ret(-EINVAL);
	memcpy(key, bu_vm_ptr(b), n);
	if (bu_get32(key + KEY_LABEL, BU_HOST_BE) & ~0xfffffu || key[KEY_EXT] || key[KEY_EXT + 1])
		return bu_vm_ret(-EINVAL);
	if (!(d & TUN_IPV6)) { /* of addresses so much is kept as there is */
		memset(key + KEY_REMOTE + 4, 0, 12);
		memset(key + KEY_LOCAL + 4, 0, 12);
		memset(key + KEY_LABEL, 0, 4);
	}
	memcpy(run->md + BU_VM_MD_TUNNEL, key, KEY_SIZE);
	run->md[BU_VM_MD_TUNNEL_SET] = d & TUN_IPV6 ? 2 : 1;
	run->md[BU_VM_MD_OPT_SIZE] = 0;
	return 0;
}

BU_VM_FN(skb_get_tunnel_opt)
{
	unsigned n = run->md[BU_VM_MD_OPT_SIZE];
	int64_t err = !run->md[BU_VM_MD_TUNNEL_SET] || !n ? -ENOENT : c < n ? -ENOMEM : 0;

	memset(bu_vm_ptr(b), 0, c);
	if (err)
		return bu_vm_ret(err);
	memcpy(bu_vm_ptr(b), run->md + BU_VM_MD_OPT, n);
	return n;
}

BU_VM_FN(skb_set_tunnel_opt)
{
	if (!run->md[BU_VM_MD_TUNNEL_SET] || c & 3)
		return bu_vm_ret(-EINVAL);
	if (c > 255)
		return bu_vm_ret(-ENOMEM);
	memcpy(run->md + BU_VM_MD_OPT, bu_vm_ptr(b), c);
	run->md[BU_VM_MD_OPT_SIZE] = (uint8_t)c;
	return 0;
}

/* No packet here came through IPsec. */
BU_VM_FN(skb_get_xfrm_state)
{
	memset(bu_vm_ptr(c), 0, d);
	return bu_vm_ret(-EINVAL);
}
