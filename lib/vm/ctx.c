/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contexts: bytes of the caller, or virtual fields (xdp_md, __sk_buff). The fields are kept as the caller's
 * structure has them; pointers and lengths are made when they are read, as the kernel rewrites such loads.
 */
#include "vm/helper.h"
#include "vm/interp.h"

#include <stdio.h>
#include <string.h>

#define XDP_SIZE 24u
#define SKB_SIZE 192u
#define HEADROOM 256u
#define TAILROOM 320u       /* of a page, that the kernel keeps for its own use */
#define PACKET_MAX (256u << 10)
#define ETH_LEN 14u

enum { F_RO = 0, F_RW = 1, F_DATA, F_DATA_END, F_DATA_META, F_LEN, F_NULL, F_SOCK };

/* Who may write a field: bits of may_write(). */
enum { W_TC = 1, W_FILTER = 2, W_CGROUP = 4, W_LWT = 8 };

struct field {
	const char *name;
	uint8_t off, size, kind, writers;
};

static const struct field xdp_fields[] = {
	{ "data", 0, 4, F_DATA, 0 },
	{ "data_end", 4, 4, F_DATA_END, 0 },
	{ "data_meta", 8, 4, F_DATA_META, 0 },
	{ "ingress_ifindex", 12, 4, F_RO, 0 },
	{ "rx_queue_index", 16, 4, F_RO, 0 },
	{ "egress_ifindex", 20, 4, F_RO, 0 },
};

static const struct field skb_fields[] = {
	{ "len", 0, 4, F_LEN, 0 },
	{ "pkt_type", 4, 4, F_RO, 0 },
	{ "mark", 8, 4, F_RW, W_TC | W_CGROUP | W_LWT },
	{ "queue_mapping", 12, 4, F_RW, W_TC },
	{ "protocol", 16, 4, F_RO, 0 },
	{ "vlan_present", 20, 4, F_RO, 0 },
	{ "vlan_tci", 24, 4, F_RO, 0 },
	{ "vlan_proto", 28, 4, F_RO, 0 },
	{ "priority", 32, 4, F_RW, W_TC | W_CGROUP | W_LWT },
	{ "ingress_ifindex", 36, 4, F_RO, 0 },
	{ "ifindex", 40, 4, F_RO, 0 },
	{ "tc_index", 44, 4, F_RW, W_TC },
	{ "cb", 48, 20, F_RW, W_TC | W_FILTER | W_CGROUP | W_LWT },
	{ "hash", 68, 4, F_RO, 0 },
	{ "tc_classid", 72, 4, F_RW, W_TC },
	{ "data", 76, 4, F_DATA, 0 },
	{ "data_end", 80, 4, F_DATA_END, 0 },
	{ "napi_id", 84, 4, F_RO, 0 },
	{ "family", 88, 4, F_RO, 0 },
	{ "remote_ip4", 92, 4, F_RO, 0 },
	{ "local_ip4", 96, 4, F_RO, 0 },
	{ "remote_ip6", 100, 16, F_RO, 0 },
	{ "local_ip6", 116, 16, F_RO, 0 },
	{ "remote_port", 132, 4, F_RO, 0 },
	{ "local_port", 136, 4, F_RO, 0 },
	{ "data_meta", 140, 4, F_DATA_META, 0 },
	{ "flow_keys", 144, 8, F_NULL, 0 },
	{ "tstamp", 152, 8, F_RW, W_TC | W_CGROUP },
	{ "wire_len", 160, 4, F_RO, 0 },
	{ "gso_segs", 164, 4, F_RO, 0 },
	{ "sk", 168, 8, F_SOCK, 0 },
	{ "gso_size", 176, 4, F_RO, 0 },
	{ "tstamp_type", 180, 1, F_RO, 0 },
	{ "hwtstamp", 184, 8, F_RO, 0 },
};

static bool xdp(const struct bu_vm_run *run)
{
	return run->ctx->kind == BU_VM_CTX_XDP;
}

static unsigned writer(uint32_t prog_type)
{
	switch (prog_type) {
	case BPF_PROG_TYPE_SCHED_CLS:
	case BPF_PROG_TYPE_SCHED_ACT:
	case BPF_PROG_TYPE_SK_SKB:
		return W_TC;
	case BPF_PROG_TYPE_SOCKET_FILTER:
		return W_FILTER;
	case BPF_PROG_TYPE_CGROUP_SKB:
		return W_CGROUP;
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
	case BPF_PROG_TYPE_LWT_SEG6LOCAL:
		return W_LWT;
	}
	return 0;
}

/* ---------------------------------------------------------------- begin, end */

/* Where in struct __sk_buff and struct xdp_md. */
enum { SKB_PKT_TYPE = 4, SKB_PROTOCOL = 16, SKB_IFINDEX = 40, XDP_IFINDEX = 12 };

static void unless_given(uint8_t *field, uint32_t v)
{
	if (bu_get32(field, BU_HOST_BE) == 0)
		bu_put32(field, BU_HOST_BE, v);
}

/* A packet that comes in by the loopback device, whose address is 0: as eth_type_trans sees it. */
static void by_loopback(struct bu_vm_run *run, uint32_t mac)
{
	static const uint8_t none[6];
	const uint8_t *eth = (const uint8_t *)(uintptr_t)run->data - mac;
	uint8_t proto[2] = { 0 };
	uint32_t type;

	unless_given(run->md + (xdp(run) ? XDP_IFINDEX : SKB_IFINDEX), 1);
	if (xdp(run) || run->data_end - (uintptr_t)eth < ETH_LEN)
		return;
	type = !memcmp(eth, none, sizeof(none)) ? 0 /* PACKET_HOST */ : eth[0] & 1 ? 2 /* _MULTICAST */ :
								    3 /* _OTHERHOST */;
	unless_given(run->md + SKB_PKT_TYPE, type);
	if (eth[12] >= 6)
		memcpy(proto, eth + 12, 2);
	else /* a length: 802.2, or Novell's 802.3 */
		proto[1] = run->data_end - (uintptr_t)eth >= ETH_LEN + 2 && eth[14] == 0xff && eth[15] == 0xff ? 1 : 4;
	unless_given(run->md + SKB_PROTOCOL, bu_get16(proto, BU_HOST_BE));
}

static int packet_in(struct bu_vm_run *run)
{
	struct bu_vm_ctx *c = run->ctx;
	uint32_t meta = xdp(run) ? c->meta_size : 0, size = c->packet_size;
	uint32_t mac = xdp(run) ? 0 : c->mac_size, md = xdp(run) ? XDP_SIZE : SKB_SIZE;
	uint64_t first;

	if (size > PACKET_MAX)
		return -E2BIG;
	if (meta > size || mac > HEADROOM || ((size || mac) && !c->packet) || (c->size && !c->bytes))
		return -EINVAL;
	run->packet_buf_size = HEADROOM + size <= BU_VM_PAGE - TAILROOM ? BU_VM_PAGE - TAILROOM :
			       (HEADROOM + size + BU_VM_PAGE - 1) & ~(uint64_t)(BU_VM_PAGE - 1);
	first = (uintptr_t)run->packet_buf + HEADROOM;
	if (size)
		memcpy(run->packet_buf + HEADROOM, c->packet, size);
	if (mac)
		memcpy(run->packet_buf + HEADROOM - mac, (uint8_t *)c->packet - mac, mac);
	run->data_meta = first;
	run->data = first + meta;
	run->data_end = first + size;
	memset(run->md, 0, BU_VM_MD_END);
	if (c->bytes)
		memcpy(run->md, c->bytes, c->size < md ? c->size : md);
	if (c->loopback)
		by_loopback(run, mac);
	run->ctx_addr = BU_VM_CTX_HANDLE;
	run->ctx_size = md;
	run->r[1] = run->ctx_addr;
	return 0;
}

int bu_vm_ctx_begin(struct bu_vm_run *run)
{
	struct bu_vm_ctx *c = run->ctx;
	uint8_t *buf = run->packet_buf;

	run->ctx_addr = run->ctx_size = 0;
	run->data = run->data_end = run->data_meta = 0;
	run->packet_buf = NULL;
	if (!c)
		return 0;
	switch (c->kind) {
	case BU_VM_CTX_NONE:
		return 0;
	case BU_VM_CTX_MEM:
		run->r[2] = c->size;
		/* fallthrough */
	case BU_VM_CTX_RAW:
		if (c->size && !c->bytes)
			return -EINVAL;
		run->ctx_addr = run->r[1] = (uintptr_t)c->bytes;
		run->ctx_size = c->bytes ? c->size : 0;
		return 0;
	case BU_VM_CTX_XDP:
	case BU_VM_CTX_SKB:
		run->packet_buf = buf;
		return packet_in(run);
	}
	return -EINVAL;
}

void bu_vm_ctx_end(struct bu_vm_run *run)
{
	struct bu_vm_ctx *c = run->ctx;
	uint64_t n;

	if (!c || !run->packet_buf)
		return;
	n = run->data_end - run->data_meta;
	if (c->packet && n)
		memcpy(c->packet, (void *)(uintptr_t)run->data_meta, n < c->packet_room ? n : c->packet_room);
	c->packet_size = (uint32_t)n;
	c->meta_size = (uint32_t)(run->data - run->data_meta);
	if (c->loopback && c->bytes && !xdp(run) && c->size >= SKB_PROTOCOL + 4) { /* not told: programs cannot write them */
		memcpy(run->md + SKB_PKT_TYPE, (uint8_t *)c->bytes + SKB_PKT_TYPE, 4);
		memcpy(run->md + SKB_PROTOCOL, (uint8_t *)c->bytes + SKB_PROTOCOL, 4);
	}
	if (c->bytes)
		memcpy(c->bytes, run->md, c->size < run->ctx_size ? c->size : run->ctx_size);
}

/* ---------------------------------------------------------------- fields */

static const struct field *find(const struct bu_vm_run *run, uint64_t addr, uint32_t size)
{
	const struct field *f = xdp(run) ? xdp_fields : skb_fields;
	unsigned n = xdp(run) ? BU_ARRAY_SIZE(xdp_fields) : BU_ARRAY_SIZE(skb_fields);
	uint64_t off = addr - run->ctx_addr;

	if (off & (size - 1)) /* as the kernel: aligned */
		return NULL;
	for (unsigned i = 0; i < n; i++)
		if (off >= f[i].off && off + size <= (uint64_t)f[i].off + f[i].size)
			return &f[i];
	return NULL;
}

static int no_field(struct bu_vm_run *run, uint64_t addr, uint32_t size, bool write)
{
	return bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, write,
			      "%s has no field of %u byte%s at offset %lld", xdp(run) ? "xdp_md" : "__sk_buff",
			      size, size == 1 ? "" : "s", (long long)(addr - run->ctx_addr));
}

int bu_vm_ctx_load(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t *val)
{
	const struct field *f = find(run, addr, size);
	uint64_t off = addr - run->ctx_addr;
	uint32_t len = (uint32_t)(run->data_end - run->data);
	uint8_t b[8] = { 0 };
	uint16_t v16;
	uint32_t v32;

	if (!f || (f->kind >= F_DATA && f->kind != F_LEN && size != f->size))
		return no_field(run, addr, size, false);
	switch (f->kind) {
	case F_DATA:
		*val = run->data;
		return 0;
	case F_DATA_END:
		*val = run->data_end;
		return 0;
	case F_DATA_META:
		*val = run->data_meta;
		return 0;
	case F_NULL:
		*val = 0;
		return 0;
	case F_SOCK:
		*val = bu_vm_skb_sock(run);
		return 0;
	case F_LEN:
		memcpy(b, (uint8_t *)&len + (off - f->off), size);
		break;
	default:
		memcpy(b, run->md + off, size);
	}
	switch (size) {
	case 1:
		*val = b[0];
		break;
	case 2:
		memcpy(&v16, b, 2);
		*val = v16;
		break;
	case 4:
		memcpy(&v32, b, 4);
		*val = v32;
		break;
	default:
		memcpy(val, b, 8);
	}
	return 0;
}

int bu_vm_ctx_store(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t val)
{
	const struct field *f = find(run, addr, size);
	uint64_t off = addr - run->ctx_addr;
	uint16_t v16 = (uint16_t)val;
	uint32_t v32 = (uint32_t)val;
	uint8_t v8 = (uint8_t)val;

	if (!f)
		return no_field(run, addr, size, true);
	if (f->kind != F_RW || !(f->writers & writer(run->prog->type)))
		return bu_vm_fault_at(run, BU_VM_FAULT_READONLY, addr, size, true,
				      "%s.%s may not be written by this program",
				      xdp(run) ? "xdp_md" : "__sk_buff", f->name);
	if (f->size != 20 && size != f->size)
		return no_field(run, addr, size, true);
	memcpy(run->md + off, size == 1 ? (void *)&v8 : size == 2 ? (void *)&v16 :
			      size == 4 ? (void *)&v32 : (void *)&val, size);
	return 0;
}
