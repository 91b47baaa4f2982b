/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* put: text through a pointer, for loops that made room before. Each returns what is behind it. */
#ifndef BU_PUT_H
#define BU_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The most that a number takes. */
#define BU_PUT_MAX 20

static inline char *bu_put_u64(char *p, uint64_t v)
{
	static const char pairs[] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
		"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	unsigned n = 1;
	char *e;

	if (v < 10) {
		*p = (char)('0' + v);
		return p + 1;
	}
	for (uint64_t t = v; t >= 10; n++)
		t = t >= 100 ? (n++, t / 100) : t / 10;
	e = p + n;
	for (p = e; v >= 100; v /= 100)
		memcpy(p -= 2, pairs + v % 100 * 2, 2);
	if (v >= 10)
		memcpy(p - 2, pairs + v * 2, 2);
	else
		p[-1] = (char)('0' + v);
	return e;
}

static inline char *bu_put_s64(char *p, int64_t v)
{
	if (v < 0)
		*p++ = '-';
	return bu_put_u64(p, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

/* With 0x. */
static inline char *bu_put_hex(char *p, uint64_t v)
{
	unsigned n = v ? (67u - (unsigned)__builtin_clzll(v)) / 4 : 1;

	*p++ = '0';
	*p++ = 'x';
	for (char *q = p + n; q > p; v >>= 4)
		*--q = "0123456789abcdef"[v & 15];
	return p + n;
}

static inline char *bu_put_mem(char *p, const void *from, size_t n)
{
	memcpy(p, from, n);
	return p + n;
}

#endif
