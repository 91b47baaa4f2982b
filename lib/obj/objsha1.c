/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-1 (FIPS 180-4), for the name of the directory in which tc pins the maps of one object. It
 * protects nothing.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <string.h>

static uint32_t rol(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static void block(uint32_t h[5], const uint8_t *p)
{
	static const uint32_t k[] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (unsigned i = 0; i < 80; i++)
		w[i] = i < 16 ? bu_get32(p + 4 * i, true)
			      : rol(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (unsigned i = 0; i < 80; i++) {
		uint32_t f = i < 20 ? (b & c) | (~b & d)
			   : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
		uint32_t t = rol(a, 5) + f + e + k[i / 20] + w[i];

		e = d;
		d = c;
		c = rol(b, 30);
		b = a;
		a = t;
	}
	h[0] += a;
	h[1] += b;
	h[2] += c;
	h[3] += d;
	h[4] += e;
}

void obj_sha1(const uint8_t *p, size_t n, uint8_t out[20])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
	uint8_t last[128] = { 0 };
	size_t whole = n / 64 * 64, rest = n - whole, len = rest < 56 ? 64 : 128;

	for (size_t i = 0; i < whole; i += 64)
		block(h, p + i);
	if (rest)
		memcpy(last, p + whole, rest);
	last[rest] = 0x80;
	bu_put32(last + len - 8, true, (uint32_t)((uint64_t)n >> 29));
	bu_put32(last + len - 4, true, (uint32_t)((uint64_t)n << 3));
	for (size_t i = 0; i < len; i += 64)
		block(h, last + i);
	for (unsigned i = 0; i < 5; i++)
		bu_put32(out + 4 * i, true, h[i]);
}
