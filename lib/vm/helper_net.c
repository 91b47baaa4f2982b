/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that work on packets and their checksums. */
#include "vm/helper.h"

#include <string.h>

#define ETH_HLEN 14u
/* The kernel keeps a struct xdp_frame at the start of the headroom. */
#define XDP_FRAME 40u
#define XDP_META_MAX 255u

static uint64_t packet_size(const struct bu_vm_run *run)
{
	return run->data_end - run->data;
}

/* ---------------------------------------------------------------- XDP */

uint64_t bu_vm_h_xdp_adjust_head(struct bu_vm_run *run, uint64_t ctx, uint64_t delta, uint64_t c,
				 uint64_t d, uint64_t e)
{
	uint64_t first = (uintptr_t)run->packet_buf + XDP_FRAME, meta = run->data - run->data_meta;
	int64_t by = (int32_t)delta;
	uint64_t data = run->data + (uint64_t)by;

	(void)ctx, (void)c, (void)d, (void)e;
	/* A program for packets may be run without one. */
	if (!run->packet_buf || data < first + meta || data > run->data_end - ETH_HLEN)
		return bu_vm_ret(-EINVAL);
	if (meta)
		memmove(bu_vm_ptr(run->data_meta + (uint64_t)by), bu_vm_ptr(run->data_meta), meta);
	run->data_meta += (uint64_t)by;
	run->data = data;
	return 0;
}

uint64_t bu_vm_h_xdp_adjust_meta(struct bu_vm_run *run, uint64_t ctx, uint64_t delta, uint64_t c,
				 uint64_t d, uint64_t e)
{
	uint64_t first = (uintptr_t)run->packet_buf + XDP_FRAME;
	uint64_t meta = run->data_meta + (uint64_t)(int64_t)(int32_t)delta, n;

	(void)ctx, (void)c, (void)d, (void)e;
	if (!run->packet_buf || meta < first || meta > run->data)
		return bu_vm_ret(-EINVAL);
	n = run->data - meta;
	if (n & 3 || n > XDP_META_MAX)
		return bu_vm_ret(-EACCES);
	run->data_meta = meta;
	return 0;
}

uint64_t bu_vm_h_xdp_adjust_tail(struct bu_vm_run *run, uint64_t ctx, uint64_t delta, uint64_t c,
				 uint64_t d, uint64_t e)
{
	uint64_t last = (uintptr_t)run->packet_buf + run->packet_buf_size;
	uint64_t end = run->data_end + (uint64_t)(int64_t)(int32_t)delta;

	(void)ctx, (void)c, (void)d, (void)e;
	if (!run->packet_buf || end > last || end < run->data + ETH_HLEN)
		return bu_vm_ret(-EINVAL);
	if (end > run->data_end)
		memset(bu_vm_ptr(run->data_end), 0, end - run->data_end);
	run->data_end = end;
	return 0;
}

uint64_t bu_vm_h_xdp_get_buff_len(struct bu_vm_run *run, uint64_t ctx, uint64_t b, uint64_t c,
				  uint64_t d, uint64_t e)
{
	(void)ctx, (void)b, (void)c, (void)d, (void)e;
	return packet_size(run);
}

/* The packet's bytes at off, or NULL and why. */
static uint8_t *xdp_at(struct bu_vm_run *run, uint64_t off, uint64_t n, int64_t *err)
{
	off = (uint32_t)off;
	*err = off > 0xffff || n > 0xffff ? -EFAULT : -EINVAL;
	if (off > 0xffff || n > 0xffff || off + n > packet_size(run))
		return NULL;
	*err = 0;
	return bu_vm_ptr(run->data + off);
}

uint64_t bu_vm_h_xdp_load_bytes(struct bu_vm_run *run, uint64_t ctx, uint64_t off, uint64_t to,
				uint64_t n, uint64_t e)
{
	int64_t err;
	uint8_t *p = xdp_at(run, off, n, &err);

	(void)ctx, (void)e;
	if (p)
		memmove(bu_vm_ptr(to), p, n);
	return bu_vm_ret(err);
}

uint64_t bu_vm_h_xdp_store_bytes(struct bu_vm_run *run, uint64_t ctx, uint64_t off, uint64_t from,
				 uint64_t n, uint64_t e)
{
	int64_t err;
	uint8_t *p = xdp_at(run, off, n, &err);

	(void)ctx, (void)e;
	if (p)
		memmove(p, bu_vm_ptr(from), n);
	return bu_vm_ret(err);
}

/* ---------------------------------------------------------------- skb */

/* n bytes of the packet at off, or NULL. */
static uint8_t *skb_at(const struct bu_vm_run *run, uint64_t off, uint64_t n)
{
	off = (uint32_t)off;
	if (off > INT32_MAX || n > packet_size(run) || off > packet_size(run) - n)
		return NULL;
	return bu_vm_ptr(run->data + off);
}

static uint64_t load(const uint8_t *p, uint64_t to, uint64_t n)
{
	if (p)
		memmove(bu_vm_ptr(to), p, n);
	else
		memset(bu_vm_ptr(to), 0, n);
	return p ? 0 : bu_vm_ret(-EFAULT);
}

uint64_t bu_vm_h_skb_load_bytes(struct bu_vm_run *run, uint64_t ctx, uint64_t off, uint64_t to,
				uint64_t n, uint64_t e)
{
	(void)ctx, (void)e;
	return load(skb_at(run, off, n), to, n);
}

uint64_t bu_vm_h_skb_load_bytes_relative(struct bu_vm_run *run, uint64_t ctx, uint64_t off,
					 uint64_t to, uint64_t n, uint64_t from)
{
	uint64_t head = bu_vm_has_mac(run) ? ETH_HLEN : 0;
	const uint8_t *p = NULL;

	(void)ctx;
	off = (uint32_t)off;
	if (off <= 0xffff && (uint32_t)from == 1 /* BPF_HDR_START_NET */)
		p = skb_at(run, off + head, n);
	else if (off <= 0xffff && !(uint32_t)from && head) /* BPF_HDR_START_MAC */
		p = skb_at(run, off, n);
	return load(p, to, n);
}

uint64_t bu_vm_h_skb_store_bytes(struct bu_vm_run *run, uint64_t ctx, uint64_t off, uint64_t from,
				 uint64_t n, uint64_t flags)
{
	uint8_t *p = skb_at(run, off, n);

	(void)ctx;
	if (flags & ~3ull) /* RECOMPUTE_CSUM, INVALIDATE_HASH: nothing to do here */
		return bu_vm_ret(-EINVAL);
	if (!p)
		return bu_vm_ret(-EFAULT);
	memmove(p, bu_vm_ptr(from), n);
	return 0;
}

uint64_t bu_vm_h_skb_pull_data(struct bu_vm_run *run, uint64_t ctx, uint64_t n, uint64_t c, uint64_t d,
			       uint64_t e)
{
	(void)ctx, (void)c, (void)d, (void)e;
	/* All of a packet lies in one piece. */
	return (uint32_t)n > packet_size(run) ? bu_vm_ret(-ENOMEM) : 0;
}

uint64_t bu_vm_h_csum_update(struct bu_vm_run *run, uint64_t ctx, uint64_t sum, uint64_t c, uint64_t d,
			     uint64_t e)
{
	(void)run, (void)ctx, (void)sum, (void)c, (void)d, (void)e;
	return bu_vm_ret(-BU_VM_ENOTSUPP); /* no packet here has a sum of the device's */
}

uint64_t bu_vm_h_set_hash_invalid(struct bu_vm_run *run, uint64_t ctx, uint64_t b, uint64_t c,
				  uint64_t d, uint64_t e)
{
	(void)run, (void)ctx, (void)b, (void)c, (void)d, (void)e;
	return 0;
}

/* ---------------------------------------------------------------- checksums (RFC 1071) */

static uint32_t add(uint32_t a, uint32_t b)
{
	uint32_t s = a + b;

	return s + (s < a);
}

static uint32_t sum(const uint8_t *p, uint64_t n, uint32_t seed)
{
	uint64_t s = seed;
	uint32_t w;

	for (uint64_t i = 0; i < n; i += 4) {
		w = 0; /* behind the end there are zeros */
		memcpy(&w, p + i, n - i < 4 ? n - i : 4);
		s += w;
		s = (s & 0xffffffff) + (s >> 32);
	}
	return (uint32_t)s;
}

static uint16_t fold(uint32_t s)
{
	s = (s & 0xffff) + (s >> 16);
	return (uint16_t)((s & 0xffff) + (s >> 16));
}

uint64_t bu_vm_h_csum_diff(struct bu_vm_run *run, uint64_t from, uint64_t from_n, uint64_t to,
			   uint64_t to_n, uint64_t seed)
{
	uint32_t s = (uint32_t)seed;

	(void)run;
	if (to_n)
		s = sum(bu_vm_ptr(to), to_n, s);
	if (from_n && to_n)
		s = add(s, ~sum(bu_vm_ptr(from), from_n, 0));
	else if (from_n) /* the same, but for which of the two zeros it is */
		s = ~sum(bu_vm_ptr(from), from_n, ~s);
	return fold(s);
}

static void replace(uint8_t *p, uint32_t diff)
{
	uint16_t v;

	memcpy(&v, p, 2);
	v = (uint16_t)~fold(add(diff, (uint16_t)~v));
	memcpy(p, &v, 2);
}

/* How much from -> to adds, by the size of the field; false: a size that there is not. */
static bool field_diff(uint64_t from, uint64_t to, uint64_t size, uint32_t *diff)
{
	switch (size) {
	case 0: /* to is the difference itself */
		*diff = (uint32_t)to;
		return !from;
	case 2:
		*diff = add((uint16_t)~from, (uint16_t)to);
		return true;
	case 4:
		*diff = add(~(uint32_t)from, (uint32_t)to);
		return true;
	}
	return false;
}

uint64_t bu_vm_h_l3_csum_replace(struct bu_vm_run *run, uint64_t ctx, uint64_t off, uint64_t from,
				 uint64_t to, uint64_t flags)
{
	uint8_t *p = skb_at(run, off, 2);
	uint32_t diff;

	(void)ctx;
	if (flags & ~0xfull)
		return bu_vm_ret(-EINVAL);
	off = (uint32_t)off;
	if (off > 0xffff || off & 1 || !p)
		return bu_vm_ret(-EFAULT);
	if (!field_diff(from, to, flags, &diff))
		return bu_vm_ret(-EINVAL);
	replace(p, diff);
	return 0;
}

/* BPF_F_PSEUDO_HDR 16, MARK_MANGLED_0 32, MARK_ENFORCE 64, IPV6 128 */
uint64_t bu_vm_h_l4_csum_replace(struct bu_vm_run *run, uint64_t ctx, uint64_t off, uint64_t from,
				 uint64_t to, uint64_t flags)
{
	bool zero_is_none = flags & 32;
	uint8_t *p = skb_at(run, off, 2);
	uint32_t diff;

	(void)ctx;
	if (flags & ~0xffull)
		return bu_vm_ret(-EINVAL);
	off = (uint32_t)off;
	if (off > 0xffff || off & 1 || !p)
		return bu_vm_ret(-EFAULT);
	if (zero_is_none && !(flags & 64) && !p[0] && !p[1])
		return 0;
	if (!field_diff(from, to, flags & 0xf, &diff))
		return bu_vm_ret(-EINVAL);
	replace(p, diff);
	if (zero_is_none && !p[0] && !p[1])
		p[0] = p[1] = 0xff;
	return 0;
}
