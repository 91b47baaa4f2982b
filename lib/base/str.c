/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* str: slices, and the numbers and durations that users write. */
#include "base/base.h"

#include <string.h>

struct bu_str bu_str_c(const char *cstr)
{
	return bu_str(cstr, strlen(cstr));
}

bool bu_str_eq(struct bu_str a, struct bu_str b)
{
	return a.n == b.n && (!a.n || memcmp(a.p, b.p, a.n) == 0);
}

bool bu_str_is(struct bu_str a, const char *cstr)
{
	return bu_str_eq(a, bu_str_c(cstr));
}

int bu_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int take_base(struct bu_str *s)
{
	if (s->n > 2 && s->p[0] == '0' && (s->p[1] == 'x' || s->p[1] == 'X')) {
		*s = bu_str(s->p + 2, s->n - 2);
		return 16;
	}
	if (s->n > 2 && s->p[0] == '0' && (s->p[1] == 'b' || s->p[1] == 'B')) {
		*s = bu_str(s->p + 2, s->n - 2);
		return 2;
	}
	return s->n > 1 && s->p[0] == '0' ? 8 : 10;
}

/* 2^10, 2^20, 2^30 by the last letter; 1 without one. */
static uint64_t take_suffix(struct bu_str *s)
{
	static const struct { char c; uint64_t mul; } row[] = {
		{ 'K', 1u << 10 }, { 'M', 1u << 20 }, { 'G', 1u << 30 },
	};

	for (size_t i = 0; s->n > 1 && i < BU_ARRAY_SIZE(row); i++)
		if (s->p[s->n - 1] == row[i].c) {
			s->n--;
			return row[i].mul;
		}
	return 1;
}

int bu_str_u64(struct bu_str s, uint64_t *val, bool *neg)
{
	uint64_t v = 0, mul;
	bool minus = false;
	int base;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+')) {
		if (!neg)
			return -EINVAL;
		minus = s.p[0] == '-';
		s = bu_str(s.p + 1, s.n - 1);
	}
	if (!s.n || s.p[0] < '0' || s.p[0] > '9')
		return -EINVAL;
	mul = take_suffix(&s);
	base = take_base(&s);
	for (size_t i = 0; i < s.n; i++) {
		int d = bu_hex_digit(s.p[i]);

		if (d < 0 || d >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)d, &v))
			return -ERANGE;
	}
	if (__builtin_mul_overflow(v, mul, &v))
		return -ERANGE;
	if (minus && v > (uint64_t)1 << 63)
		return -ERANGE;
	*val = minus ? -v : v;
	if (neg)
		*neg = minus;
	return 0;
}

int bu_str_duration(struct bu_str s, uint64_t *ns)
{
	static const struct { const char *unit; uint64_t ns; } row[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "m", 60000000000 }, { "h", 3600000000000 }, { "", 1000000000 },
	};
	uint64_t whole = 0, frac = 0, scale = 1, unit = 0;
	size_t i = 0, digits = 0;
	struct bu_str rest;

	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++)
		if (__builtin_mul_overflow(whole, 10u, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(s.p[i] - '0'), &whole))
			return -ERANGE;
	if (i < s.n && s.p[i] == '.')
		for (i++; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++, digits++)
			if (scale < 1000000000) {
				frac = frac * 10 + (uint64_t)(s.p[i] - '0');
				scale *= 10;
			}
	if (!digits)
		return -EINVAL;
	rest = bu_str(s.p + i, s.n - i);
	for (size_t k = 0; k < BU_ARRAY_SIZE(row); k++)
		if (bu_str_is(rest, row[k].unit))
			unit = row[k].ns;
	if (!unit)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, unit, &whole))
		return -ERANGE;
	/* frac < scale <= 10^9 and unit <= 3.6e12: the product needs up to 72 bits. */
	frac = (uint64_t)((unsigned __int128)frac * unit / scale);
	return __builtin_add_overflow(whole, frac, ns) ? -ERANGE : 0;
}
