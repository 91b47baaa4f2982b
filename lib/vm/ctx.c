/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contexts: bytes of the caller, or virtual fields (ctx.def). The fields are kept as the caller's
 * structure has them; pointers and lengths are made when they are read, as the kernel rewrites such loads.
 */
#include "vm/ctxrule.h"
#include "vm/helper.h"
#include "vm/interp.h"

#include <stdio.h>
#include <string.h>

#define HEADROOM 256u
#define TAILROOM 320u       /* of a page, that the kernel keeps for its own use */
#define PACKET_MAX (256u << 10)
#define ETH_LEN 14u
#define HOOK_STATE 48u      /* bytes of struct nf_hook_state */

static bool xdp(const struct bu_vm_run *run)
{
	return run->ctx_id == BU_VM_C_XDP;
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
	uint32_t mac = run->ctx_id == BU_VM_C_SKB ? c->mac_size : 0;
	uint64_t first;

	if (size > PACKET_MAX)
		return -E2BIG;
	if (meta > size || mac > HEADROOM || ((size || mac) && !c->packet))
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
	return 0;
}

static void area(struct bu_vm_run *run, unsigned md, uint32_t size, bool write, const char *name)
{
	uint64_t lo = (uintptr_t)run->md + md;

	run->area[run->nareas].lo = lo;
	run->area[run->nareas].hi = lo + size;
	run->area[run->nareas].write = write;
	run->area[run->nareas++].name = name;
}

static bool has_data(const struct bu_vm_run *run)
{
	switch (run->ctx_id) {
	case BU_VM_C_XDP: case BU_VM_C_SKB: case BU_VM_C_SOCK_OPS: case BU_VM_C_MSG: case BU_VM_C_REUSEPORT:
	case BU_VM_C_SOCKOPT:
		return true;
	}
	return false;
}

static int fields_in(struct bu_vm_run *run, uint8_t *buf)
{
	struct bu_vm_ctx *c = run->ctx;
	uint32_t size = bu_vm_ctx_structs[run->ctx_id].size;
	int err = 0;

	if (c->size && !c->bytes)
		return -EINVAL;
	run->packet_buf = has_data(run) ? buf : NULL;
	if (run->packet_buf)
		err = packet_in(run);
	if (err)
		return err;
	memset(run->md, 0, BU_VM_MD_END);
	if (run->ctx_id == BU_VM_C_NF) {
		memset(run->md + BU_VM_MD_HOOK, 0, HOOK_STATE);
		if (c->bytes)
			memcpy(run->md + BU_VM_MD_HOOK, c->bytes, c->size < HOOK_STATE ? c->size : HOOK_STATE);
		area(run, BU_VM_MD_HOOK, HOOK_STATE, false, "the hook's state");
	} else if (c->bytes) {
		memcpy(run->md, c->bytes, c->size < size ? c->size : size);
	}
	if (run->ctx_id == BU_VM_C_SKB && run->prog->type == BPF_PROG_TYPE_FLOW_DISSECTOR) {
		memcpy(run->md + BU_VM_MD_KEYS, c->flow_keys, BU_VM_FLOW_KEYS);
		area(run, BU_VM_MD_KEYS, BU_VM_FLOW_KEYS, true, "the flow's keys");
	} else if (c->loopback && (xdp(run) || run->ctx_id == BU_VM_C_SKB) && run->prog->type != BPF_PROG_TYPE_SK_SKB) {
		by_loopback(run, xdp(run) ? 0 : c->mac_size);
	}
	run->ctx_addr = BU_VM_CTX_HANDLE;
	run->ctx_size = size;
	run->r[1] = run->ctx_addr;
	return 0;
}

static int bytes_in(struct bu_vm_run *run, bool written)
{
	const struct bu_vm_ctx *c = run->ctx;

	if (c->size && !c->bytes)
		return -EINVAL;
	run->ctx_written = written;
	run->ctx_addr = run->r[1] = (uintptr_t)c->bytes;
	run->ctx_size = c->bytes ? c->size : 0;
	return 0;
}

/* What ctx.def says of the program; of a context that is not its type's, all may be read. */
static void look(struct bu_vm_run *run, unsigned id)
{
	const struct bu_vm_ctx_view *v = run->prog->view;

	run->ctx_id = (uint8_t)(id < BU_VM_NCTX ? id : v ? v->id : BU_VM_NCTX);
	run->ctx_view = v && v->id == run->ctx_id ? v->view : ~0ull;
	run->ctx_write_view = v && v->id == run->ctx_id ? v->view : 0;
}

int bu_vm_ctx_begin(struct bu_vm_run *run)
{
	struct bu_vm_ctx *c = run->ctx;
	uint8_t *buf = run->packet_buf;

	run->ctx_addr = run->ctx_size = 0;
	run->ctx_id = BU_VM_NCTX;
	run->ctx_written = false;
	run->nareas = 0;
	run->data = run->data_end = run->data_meta = 0;
	run->packet_buf = NULL;
	if (!c)
		return 0;
	switch (c->kind) {
	case BU_VM_CTX_NONE:
		return 0;
	case BU_VM_CTX_MEM:
		run->r[2] = c->size;
		return bytes_in(run, true);
	case BU_VM_CTX_RAW:
		return bytes_in(run, false);
	case BU_VM_CTX_XDP:
		look(run, BU_VM_C_XDP);
		return fields_in(run, buf);
	case BU_VM_CTX_SKB:
		look(run, BU_VM_C_SKB);
		return fields_in(run, buf);
	case BU_VM_CTX_TYPE:
		look(run, BU_VM_NCTX);
		if (run->ctx_id == BU_VM_NCTX)
			return -EINVAL;
		return bu_vm_ctx_structs[run->ctx_id].raw ? bytes_in(run, run->ctx_id == BU_VM_C_SYSCALL) :
							    fields_in(run, buf);
	}
	return -EINVAL;
}

void bu_vm_ctx_end(struct bu_vm_run *run)
{
	struct bu_vm_ctx *c = run->ctx;
	uint64_t n;

	if (!c || run->ctx_addr != BU_VM_CTX_HANDLE)
		return;
	if (run->packet_buf) {
		n = run->data_end - run->data_meta;
		if (c->packet && n)
			memcpy(c->packet, (void *)(uintptr_t)run->data_meta, n < c->packet_room ? n : c->packet_room);
		c->packet_size = (uint32_t)n;
		c->meta_size = (uint32_t)(run->data - run->data_meta);
	}
	if (run->ctx_id == BU_VM_C_SKB && run->nareas)
		memcpy(c->flow_keys, run->md + BU_VM_MD_KEYS, BU_VM_FLOW_KEYS);
	if (run->ctx_id == BU_VM_C_NF) /* programs cannot change it */
		return;
	if (c->loopback && c->bytes && run->ctx_id == BU_VM_C_SKB && c->size >= SKB_PROTOCOL + 4) {
		/* not told: programs cannot write them */
		memcpy(run->md + SKB_PKT_TYPE, (uint8_t *)c->bytes + SKB_PKT_TYPE, 4);
		memcpy(run->md + SKB_PROTOCOL, (uint8_t *)c->bytes + SKB_PROTOCOL, 4);
	}
	if (c->bytes)
		memcpy(c->bytes, run->md, c->size < run->ctx_size ? c->size : run->ctx_size);
}

/* ---------------------------------------------------------------- fields */

static int no_field(struct bu_vm_run *run, uint64_t addr, uint32_t size, bool write)
{
	int64_t off = (int64_t)(addr - run->ctx_addr);
	const struct bu_vm_ctx_field *f = bu_vm_ctx_field_of(run->ctx_id, off);
	const char *name = bu_vm_ctx_structs[run->ctx_id].name;

	if (write && f && !(f->writers & run->ctx_write_view))
		return bu_vm_fault_at(run, BU_VM_FAULT_READONLY, addr, size, true,
				      "%s.%s may not be written by this program", name, f->name);
	if (!write && f && !(f->readers & run->ctx_view))
		return bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, false,
				      "%s.%s may not be read by this program", name, f->name);
	return bu_vm_fault_at(run, BU_VM_FAULT_ACCESS, addr, size, write,
			      "%s has no field of %u byte%s at offset %lld", name,
			      size, size == 1 ? "" : "s", (long long)off);
}

int bu_vm_ctx_load(struct bu_vm_run *run, uint64_t addr, uint32_t size, uint64_t *val)
{
	uint64_t off = addr - run->ctx_addr;
	const struct bu_vm_ctx_field *f =
		bu_vm_ctx_field_at(run->ctx_id, run->ctx_view, (int64_t)off, size, false);
	uint32_t len = (uint32_t)(run->data_end - run->data);
	uint8_t b[8] = { 0 };
	uint16_t v16;
	uint32_t v32;

	if (!f)
		return no_field(run, addr, size, false);
	switch (f->kind) {
	case BU_VM_K_DATA:
		*val = run->data;
		return 0;
	case BU_VM_K_DATA_END:
		*val = run->data_end;
		return 0;
	case BU_VM_K_META:
		*val = run->data_meta;
		return 0;
	case BU_VM_K_KEYS:
		*val = (uintptr_t)run->md + BU_VM_MD_KEYS;
		return 0;
	case BU_VM_K_SOCKET:
		*val = run->ctx_id == BU_VM_C_SKB ? bu_vm_skb_sock(run) : bu_vm_ctx_sock(run);
		return 0;
	case BU_VM_K_NO_SOCKET:
		*val = 0;
		return 0;
	case BU_VM_K_HOOK_STATE:
		*val = (uintptr_t)run->md + BU_VM_MD_HOOK;
		return 0;
	case BU_VM_K_SK_BUFF:
		*val = BU_VM_SK_BUFF_HANDLE;
		return 0;
	case BU_VM_K_LEN:
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
	uint64_t off = addr - run->ctx_addr;
	uint16_t v16 = (uint16_t)val;
	uint32_t v32 = (uint32_t)val;
	uint8_t v8 = (uint8_t)val;

	if (!bu_vm_ctx_field_at(run->ctx_id, run->ctx_write_view, (int64_t)off, size, true))
		return no_field(run, addr, size, true);
	memcpy(run->md + off, size == 1 ? (void *)&v8 : size == 2 ? (void *)&v16 :
			      size == 4 ? (void *)&v32 : (void *)&val, size);
	return 0;
}
