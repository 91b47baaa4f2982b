/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses within values: which fields hold one, and its text. In memory they are in network order,
 * whatever the byte order of the BTF.
 *
 *   declared __be32, __be16, __be64         network order; __be32 of a fitting name is an IPv4 address
 *   struct in_addr, struct in6_addr         IPv4, IPv6
 *   unsigned 32 bits named saddr, daddr, ip  IPv4
 *   bytes [4], [16], [6], words [4]         of a fitting name: IPv4, IPv6, MAC
 *   declaration or type tag "ip" (32 or 128 bits), "ip6", "mac", "be"
 *
 * A fitting name has a part (between underscores) that ends with addr or ip and the like.
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Typedefs and modifiers that are looked through. */
#define MAX_STEPS 32

static bool one_of(const char *s, size_t n, const char *const *list)
{
	for (; *list; list++)
		if (strlen(*list) == n && !strncasecmp(s, *list, n))
			return true;
	return false;
}

static bool ends_with(const char *s, size_t n, const char *end)
{
	size_t len = strlen(end);

	return n >= len && !strncasecmp(s + n - len, end, len);
}

/* Does a part of the name, digits and an s at its end left out, mean what kind says? IP4: and nothing else. */
static bool name_fits(const char *name, enum btf_addr kind)
{
	bool sure = kind == BTF_ADDR_IP4;
	static const char *const ip[] = { "src", "dst", "gw", "gateway", "local", "remote", "peer", "netmask",
					  "nexthop", NULL };
	static const char *const mac[] = { "mac", "eth", "ether", "dest", "source", NULL };

	while (*name) {
		size_t n = strcspn(name, "_"), len = n;

		while (len && (isdigit((unsigned char)name[len - 1]) || (len > 3 && name[len - 1] == 's')))
			len--;
		if (kind == BTF_ADDR_MAC ? one_of(name, len, mac) || ends_with(name, len, "mac") ||
					   ends_with(name, len, "hwaddr") || ends_with(name, len, "lladdr") ||
					   ends_with(name, len, "ethaddr")
					 : (!sure && (one_of(name, len, ip) || ends_with(name, len, "addr"))) ||
					   ends_with(name, len, "saddr") || ends_with(name, len, "daddr") ||
					   ends_with(name, len, "ip") || ends_with(name, len, "ipv"))
			return true;
		name += n + (name[n] == '_');
	}
	return false;
}

static enum btf_addr by_tag(const char *tag)
{
	static const struct { const char *tag; enum btf_addr kind; } tags[] = {
		{ "ip", BTF_ADDR_IP }, { "ip4", BTF_ADDR_IP }, { "ipv4", BTF_ADDR_IP }, { "ip6", BTF_ADDR_IP },
		{ "ipv6", BTF_ADDR_IP }, { "mac", BTF_ADDR_MAC }, { "be", BTF_ADDR_BE }, { "net", BTF_ADDR_BE },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(tags); i++)
		if (!strcmp(tag, tags[i].tag))
			return tags[i].kind;
	return BTF_ADDR_NONE;
}

/* The tag of a member (component of the struct owner), or of a variable or typedef (-1). */
static enum btf_addr declared(const struct bu_btf *b, uint32_t owner, int32_t component)
{
	enum btf_addr kind = BTF_ADDR_NONE;
	struct bu_btf_type t;

	if (!b->tagged || !owner)
		return kind;
	for (uint32_t id = btf_first_id(b); id <= b->ntypes && !kind; id++)
		if (bu_btf_get(b, id, &t) == 0 && t.kind == BU_BTF_DECL_TAG && t.type == owner &&
		    t.linkage == component)
			kind = by_tag(t.name);
	return kind;
}

/* What a type of that many bytes can be: unsigned integers, and arrays of them. */
static enum btf_addr shape(const struct bu_btf *b, const struct bu_btf_type *t, enum btf_addr want)
{
	struct bu_btf_type e;

	if (t->kind == BU_BTF_INT && !(t->int_enc & (BTF_INT_SIGNED | BTF_INT_BOOL)) && t->int_bits == t->size * 8) {
		if (want == BTF_ADDR_IP)
			return t->size == 4 ? BTF_ADDR_IP4 : t->size == 16 ? BTF_ADDR_IP6 : BTF_ADDR_NONE;
		if (want == BTF_ADDR_BE && (t->size == 2 || t->size == 4 || t->size == 8))
			return BTF_ADDR_BE;
		return BTF_ADDR_NONE;
	}
	if (t->kind != BU_BTF_ARRAY || bu_btf_get(b, bu_btf_resolve(b, t->elem), &e) || e.kind != BU_BTF_INT ||
	    e.int_bits != e.size * 8 || !strcmp(e.name, "char") || (e.int_enc & (BTF_INT_SIGNED | BTF_INT_BOOL)))
		return BTF_ADDR_NONE;
	if (want == BTF_ADDR_MAC)
		return e.size == 1 && t->nelems == 6 ? BTF_ADDR_MAC : BTF_ADDR_NONE;
	if (want != BTF_ADDR_IP)
		return BTF_ADDR_NONE;
	if (e.size == 1 && t->nelems == 4)
		return BTF_ADDR_IP4;
	return (e.size == 1 && t->nelems == 16) || (e.size == 4 && t->nelems == 4) ? BTF_ADDR_IP6 : BTF_ADDR_NONE;
}

enum btf_addr btf_addr_of(const struct bu_btf *b, const struct btf_field *f, const struct bu_btf_type *t)
{
	enum btf_addr want = declared(b, f->owner, f->component), kind;
	struct bu_btf_type s;
	uint32_t id = f->type;
	bool fits = name_fits(f->name, BTF_ADDR_IP), be = false;

	if (t->kind == BU_BTF_STRUCT && ((!strcmp(t->name, "in6_addr") && t->size == 16) ||
					 (!strcmp(t->name, "in_addr") && t->size == 4)))
		return t->size == 4 ? BTF_ADDR_IP4 : BTF_ADDR_IP6;
	if (t->kind != BU_BTF_INT && t->kind != BU_BTF_ARRAY)
		return BTF_ADDR_NONE;
	/* An array of __be32 is what its elements are. */
	for (int i = 0; i < MAX_STEPS && bu_btf_get(b, id, &s) == 0; i++) {
		if (s.kind == BU_BTF_TYPEDEF) {
			be |= !strncmp(s.name, "__be", 4) || !strcmp(s.name, "__u32_be");
			fits |= name_fits(s.name, BTF_ADDR_IP);
			if (!want)
				want = declared(b, id, -1);
		} else if (s.kind == BU_BTF_TYPE_TAG && !want) {
			want = by_tag(s.name);
		} else if (s.kind == BU_BTF_ARRAY && t->kind == BU_BTF_ARRAY) {
			id = s.elem;
			continue;
		}
		if (s.kind != BU_BTF_TYPEDEF && s.kind != BU_BTF_TYPE_TAG && s.kind != BU_BTF_CONST &&
		    s.kind != BU_BTF_VOLATILE && s.kind != BU_BTF_RESTRICT)
			break;
		id = s.type;
	}
	if (want)
		return shape(b, t, want);
	if (be && t->kind == BU_BTF_INT)
		return shape(b, t, fits && t->size == 4 ? BTF_ADDR_IP : BTF_ADDR_BE);
	if (name_fits(f->name, BTF_ADDR_MAC) && (kind = shape(b, t, BTF_ADDR_MAC)))
		return kind;
	/* most programs copy such a field as they find it in a header */
	if (t->kind == BU_BTF_INT && t->size == 4 && name_fits(f->name, BTF_ADDR_IP4))
		return shape(b, t, BTF_ADDR_IP);
	return fits && t->kind == BU_BTF_ARRAY ? shape(b, t, BTF_ADDR_IP) : BTF_ADDR_NONE;
}

static uint64_t network_order(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

void btf_addr_text(struct bu_buf *out, enum btf_addr kind, const uint8_t *p, size_t n)
{
	char s[INET6_ADDRSTRLEN];

	switch (kind) {
	case BTF_ADDR_IP4:
		bu_buf_printf(out, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
		break;
	case BTF_ADDR_IP6:
		bu_buf_str(out, inet_ntop(AF_INET6, p, s, sizeof(s)) ? s : "?");
		break;
	case BTF_ADDR_MAC:
		bu_buf_printf(out, "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4], p[5]);
		break;
	case BTF_ADDR_BE:
		bu_buf_str(out, "be:");
		bu_buf_u64(out, network_order(p, n));
		break;
	case BTF_ADDR_NONE:
	case BTF_ADDR_IP:
		break;
	}
}

static int read_mac(const char *s, uint8_t *out)
{
	for (int i = 0; i < 6; i++, s += 3) {
		int hi = bu_hex_digit(s[0]), lo = hi < 0 ? -1 : bu_hex_digit(s[1]);

		if (lo < 0 || (i < 5 ? s[2] != ':' && s[2] != '-' : s[2] != 0))
			return -EINVAL;
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	return 0;
}

int bu_btf_parse_addr(struct bu_str text, uint8_t *out, size_t n)
{
	char s[64];
	uint64_t v;
	int err;

	if (!text.n || text.n >= sizeof(s))
		return -EINVAL;
	memcpy(s, text.p, text.n);
	s[text.n] = 0;
	if (n <= 8 && text.n > 3 && !memcmp(s, "be:", 3)) {
		err = bu_str_u64(bu_str(text.p + 3, text.n - 3), &v, NULL);
		if (!err && n < 8 && v >> n * 8)
			err = -ERANGE;
		for (size_t i = n; !err && i--; v >>= 8)
			out[i] = (uint8_t)v;
		return err;
	}
	if (n == 4 && inet_pton(AF_INET, s, out) == 1)
		return 0;
	if (n == 16 && inet_pton(AF_INET6, s, out) == 1)
		return 0;
	return n == 6 ? read_mac(s, out) : -EINVAL;
}
