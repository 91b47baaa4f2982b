/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers that change a socket buffer's length, tags and marks. The fields of struct __sk_buff are kept in run->md,
 * the packet lies between run->data and run->data_end with room on both sides (ctx.c).
 */
#include "vm/helper.h"

#include <net/if.h>
#include <string.h>

#define ETH_HLEN 14u
#define VLAN_HLEN 4u
#define MTU 65536u           /* the loopback device's, which packets of test runs come by */
enum { PKT_TYPE = 4, VLAN_PRESENT = 20, VLAN_TCI = 24, VLAN_PROTO = 28, HASH = 68 }; /* in struct __sk_buff */
enum { OTHERHOST = 3 };      /* the last type that a packet may be given */
enum { ETH_P_8021Q = 0x8100, ETH_P_8021AD = 0x88a8 };
enum { LEVEL_QUERY, LEVEL_INC, LEVEL_DEC, LEVEL_RESET };

static uint32_t get(const struct bu_vm_run *run, unsigned field)
{
	return bu_get32(run->md + field, BU_HOST_BE);
}

static void set(struct bu_vm_run *run, unsigned field, uint32_t v)
{
	bu_put32(run->md + field, BU_HOST_BE, v);
}

static uint64_t length(const struct bu_vm_run *run)
{
	return run->data_end - run->data;
}

uint64_t bu_vm_h_skb_change_type(struct bu_vm_run *run, uint64_t ctx, uint64_t type, uint64_t c, uint64_t d, uint64_t e)
{
	(void)ctx, (void)c, (void)d, (void)e;
	if ((uint32_t)type > OTHERHOST || get(run, PKT_TYPE) > OTHERHOST)
		return bu_vm_ret(-EINVAL);
	set(run, PKT_TYPE, (uint32_t)type);
	return 0;
}

/* Room behind the packet, and in front of it. */
static uint64_t behind(const struct bu_vm_run *run)
{
	return (uintptr_t)run->packet_buf + run->packet_buf_size - run->data_end;
}

static uint64_t in_front(const struct bu_vm_run *run)
{
	return run->data - (uintptr_t)run->packet_buf;
}

uint64_t bu_vm_h_skb_change_tail(struct bu_vm_run *run, uint64_t ctx, uint64_t size, uint64_t flags, uint64_t d,
				 uint64_t e)
{
	uint64_t now = length(run), want = (uint32_t)size, least = bu_vm_has_mac(run) ? ETH_HLEN : 0;

	(void)ctx, (void)d, (void)e;
	if (flags || want > MTU + ETH_HLEN || want < least)
		return bu_vm_ret(-EINVAL);
	if (want > now && want - now > behind(run))
		return bu_vm_ret(-ENOMEM);
	if (want > now)
		memset(bu_vm_ptr(run->data_end), 0, want - now);
	run->data_end = run->data + want;
	return 0;
}

uint64_t bu_vm_h_skb_change_head(struct bu_vm_run *run, uint64_t ctx, uint64_t size, uint64_t flags, uint64_t d,
				 uint64_t e)
{
	uint64_t more = (uint32_t)size;

	(void)ctx, (void)d, (void)e;
	if (flags || more > INT32_MAX || length(run) + more > MTU + ETH_HLEN)
		return bu_vm_ret(-EINVAL);
	if (more > in_front(run))
		return bu_vm_ret(-ENOMEM);
	run->data -= more;
	run->data_meta = run->data;
	memset(bu_vm_ptr(run->data), 0, more);
	return 0;
}

/* ---------------------------------------------------------------- VLAN tags */

/* The tag of the structure's own, which is not in the packet, goes into it. */
static int64_t tag_in(struct bu_vm_run *run)
{
	uint8_t *p;

	if (length(run) < ETH_HLEN || in_front(run) < VLAN_HLEN)
		return -ENOMEM;
	run->data -= VLAN_HLEN;
	run->data_meta = run->data;
	p = bu_vm_ptr(run->data);
	memmove(p, p + VLAN_HLEN, 12);
	memcpy(p + 12, run->md + VLAN_PROTO, 2);
	bu_put16(p + 14, true, (uint16_t)get(run, VLAN_TCI));
	return 0;
}

uint64_t bu_vm_h_skb_vlan_push(struct bu_vm_run *run, uint64_t ctx, uint64_t proto, uint64_t tci, uint64_t d, uint64_t e)
{
	uint16_t kind = bu_get16(&(uint16_t){ (uint16_t)proto }, true);
	uint8_t b[4] = { 0 };
	int64_t err;

	(void)ctx, (void)d, (void)e;
	if (kind != ETH_P_8021Q && kind != ETH_P_8021AD) {
		kind = ETH_P_8021Q;
		proto = BU_HOST_BE ? ETH_P_8021Q : 0x0081;
	}
	if (get(run, VLAN_PRESENT)) {
		err = tag_in(run);
		if (err)
			return bu_vm_ret(err);
	}
	bu_put16(b, BU_HOST_BE, (uint16_t)proto);
	memset(run->md + VLAN_PROTO, 0, 4);
	bu_put32(run->md + VLAN_PROTO, BU_HOST_BE, bu_get16(b, BU_HOST_BE));
	set(run, VLAN_TCI, (uint16_t)tci);
	set(run, VLAN_PRESENT, 1);
	return 0;
}

uint64_t bu_vm_h_skb_vlan_pop(struct bu_vm_run *run, uint64_t ctx, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint8_t *p = bu_vm_ptr(run->data);
	uint16_t kind;

	(void)ctx, (void)b, (void)c, (void)d, (void)e;
	if (get(run, VLAN_PRESENT)) {
		set(run, VLAN_PRESENT, 0);
		set(run, VLAN_TCI, 0);
		set(run, VLAN_PROTO, 0);
	} else if (length(run) >= ETH_HLEN + VLAN_HLEN) {
		kind = bu_get16(p + 12, true);
		if (kind != ETH_P_8021Q && kind != ETH_P_8021AD)
			return 0;
		memmove(bu_vm_ptr(run->data + VLAN_HLEN), p, 12);
		run->data += VLAN_HLEN;
		run->data_meta = run->data;
	}
	/* a tag that lies under it is the structure's now */
	p = bu_vm_ptr(run->data);
	if (length(run) < ETH_HLEN + VLAN_HLEN)
		return 0;
	kind = bu_get16(p + 12, true);
	if (kind != ETH_P_8021Q && kind != ETH_P_8021AD)
		return 0;
	set(run, VLAN_PRESENT, 1);
	set(run, VLAN_TCI, bu_get16(p + 14, true));
	set(run, VLAN_PROTO, bu_get16(p + 12, BU_HOST_BE));
	memmove(bu_vm_ptr(run->data + VLAN_HLEN), p, 12);
	run->data += VLAN_HLEN;
	run->data_meta = run->data;
	return 0;
}

/* ---------------------------------------------------------------- marks */

/* Of addresses, protocol and ports; the kernel's differs from boot to boot. */
uint64_t bu_vm_h_get_hash_recalc(struct bu_vm_run *run, uint64_t ctx, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	const uint8_t *p = bu_vm_ptr(run->data) + (bu_vm_has_mac(run) ? ETH_HLEN : 0);
	uint32_t h = get(run, HASH), at, n;

	(void)ctx, (void)b, (void)c, (void)d, (void)e;
	if (h || length(run) < (bu_vm_has_mac(run) ? ETH_HLEN : 0) + 20u)
		return h;
	at = p[0] >> 4 == 6 ? 8 : 12;
	n = p[0] >> 4 == 6 ? 36 : 12; /* both addresses, both ports */
	if ((uint64_t)(p - bu_vm_ptr(run->data)) + at + n > length(run))
		n = 8;
	h = 2166136261u; /* FNV-1a */
	for (uint32_t i = 0; i < n; i++)
		h = (h ^ p[at + i]) * 16777619u;
	set(run, HASH, h ? h : 1);
	return get(run, HASH);
}

uint64_t bu_vm_h_set_hash(struct bu_vm_run *run, uint64_t ctx, uint64_t hash, uint64_t c, uint64_t d, uint64_t e)
{
	(void)ctx, (void)c, (void)d, (void)e;
	set(run, HASH, (uint32_t)hash);
	return 0;
}

uint64_t bu_vm_h_csum_level(struct bu_vm_run *run, uint64_t ctx, uint64_t level, uint64_t c, uint64_t d, uint64_t e)
{
	(void)run, (void)ctx, (void)c, (void)d, (void)e;
	switch (level) { /* no packet here has a sum that a device has checked */
	case LEVEL_QUERY: return bu_vm_ret(-EACCES);
	case LEVEL_INC: case LEVEL_DEC: case LEVEL_RESET: return 0;
	}
	return bu_vm_ret(-EINVAL);
}

uint64_t bu_vm_h_get_cgroup_classid(struct bu_vm_run *run, uint64_t ctx, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)run, (void)ctx, (void)b, (void)c, (void)d, (void)e;
	return 0;
}

uint64_t bu_vm_h_get_route_realm(struct bu_vm_run *run, uint64_t ctx, uint64_t b, uint64_t c, uint64_t d, uint64_t e)
{
	(void)run, (void)ctx, (void)b, (void)c, (void)d, (void)e;
	return 0;
}

/* ---------------------------------------------------------------- redirecting (verdicts: linux/bpf.h, pkt_cls.h) */

enum { XDP_ABORTED = 0, XDP_REDIRECT = 4, TC_ACT_SHOT = 2, TC_ACT_REDIRECT = 7 };
#define XDP_FALLBACKS 3ull
#define F_INGRESS 1ull
#define F_BROADCAST 8ull
#define F_EXCLUDE_INGRESS 16ull
#define REDIR_NEIGH 24u /* struct bpf_redir_neigh */

static void go_to(struct bu_vm_run *run, struct bu_vm_redirect to)
{
	if (run->ctx)
		run->ctx->redirect = to;
}

static void to_device(struct bu_vm_run *run, uint64_t ifindex, uint64_t flags)
{
	go_to(run, (struct bu_vm_redirect){ .kind = BU_VM_TO_DEV, .ifindex = (uint32_t)ifindex, .flags = flags });
}

/* What a program of its type returns to have the packet sent to a device. */
uint64_t bu_vm_h_redirect(struct bu_vm_run *run, uint64_t ifindex, uint64_t flags, uint64_t c, uint64_t d, uint64_t e)
{
	bool xdp = run->prog->type == BPF_PROG_TYPE_XDP;

	(void)c, (void)d, (void)e;
	if (flags & ~(xdp ? 0 : F_INGRESS))
		return xdp ? XDP_ABORTED : TC_ACT_SHOT;
	to_device(run, ifindex, flags);
	return xdp ? XDP_REDIRECT : TC_ACT_REDIRECT;
}

uint64_t bu_vm_h_redirect_peer(struct bu_vm_run *run, uint64_t ifindex, uint64_t flags, uint64_t c, uint64_t d,
			       uint64_t e)
{
	(void)c, (void)d, (void)e;
	if (flags)
		return TC_ACT_SHOT;
	to_device(run, ifindex, flags);
	return TC_ACT_REDIRECT;
}

uint64_t bu_vm_h_redirect_neigh(struct bu_vm_run *run, uint64_t ifindex, uint64_t params, uint64_t n, uint64_t flags,
				uint64_t e)
{
	(void)params, (void)e;
	if (flags || (n && n < REDIR_NEIGH))
		return TC_ACT_SHOT;
	to_device(run, ifindex, flags);
	return TC_ACT_REDIRECT;
}

/* A copy goes to the device; the packet stays. Nothing is sent: where to is told. */
uint64_t bu_vm_h_clone_redirect(struct bu_vm_run *run, uint64_t ctx, uint64_t ifindex, uint64_t flags, uint64_t d,
				uint64_t e)
{
	char name[IF_NAMESIZE];

	(void)ctx, (void)d, (void)e;
	if (flags & ~F_INGRESS)
		return bu_vm_ret(-EINVAL);
	if (!if_indextoname((uint32_t)ifindex, name))
		return bu_vm_ret(-EINVAL);
	to_device(run, ifindex, flags);
	return 0;
}

/* The same by a map; what to return when it has no such entry is in flags. */
uint64_t bu_vm_h_redirect_map(struct bu_vm_run *run, uint64_t map, uint64_t key, uint64_t flags, uint64_t d, uint64_t e)
{
	struct bu_vm_map *m = (struct bu_vm_map *)(uintptr_t)map;
	bool devs = m->type == BPF_MAP_TYPE_DEVMAP || m->type == BPF_MAP_TYPE_DEVMAP_HASH;
	uint64_t more = devs ? F_BROADCAST | F_EXCLUDE_INGRESS : 0;
	uint32_t k = (uint32_t)key;

	(void)d, (void)e;
	go_to(run, (struct bu_vm_redirect){ .kind = BU_VM_TO_NONE });
	if (flags & ~(more | XDP_FALLBACKS))
		return XDP_ABORTED;
	if (!m->ops->lookup(m, &k, 0) && !(flags & more & F_BROADCAST))
		return flags & XDP_FALLBACKS;
	go_to(run, (struct bu_vm_redirect){ .kind = BU_VM_TO_MAP, .map_id = m->obj->id, .key = k, .flags = flags & more });
	return XDP_REDIRECT;
}
