/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers that are not integers of 64 bits: .octa, .float, .double. */
#include <stdio.h>
#include <stdlib.h>

#include "bpf-as/directive.h"

/* A number of up to 128 bits: decimal, 0x, 0b, 0; a sign. false: told. */
static bool octa(struct as *as, struct as_cur *c, unsigned __int128 *out)
{
	bool neg = as_eat(c, '-');
	unsigned base = 10, d;
	unsigned __int128 v = 0, w;
	const char *s;

	as_skip(c);
	s = c->p;
	if (c->e - s > 2 && *s == '0' && (s[1] | 32) == 'x')
		base = 16, c->p += 2;
	else if (c->e - s > 2 && *s == '0' && (s[1] | 32) == 'b')
		base = 2, c->p += 2;
	else if (c->e - s > 1 && *s == '0')
		base = 8;
	for (; c->p < c->e && IS(*c->p, CL_IDENT); c->p++) {
		int h = bu_hex_digit(*c->p);

		d = h < 0 ? 99 : (unsigned)h;
		w = v * base + d;
		if (d >= base || v > ((unsigned __int128)-1 - d) / base) {
			as_error(as, "A0140", s, as_token_len(s, c->e),
				 d >= base ? "this is no number" : "number does not fit in 128 bits");
			return false;
		}
		v = w;
	}
	if (c->p == s) {
		as_error(as, "A0140", s, as_token_len(s, c->e), "expected a number");
		return false;
	}
	*out = neg ? -v : v;
	return true;
}

void as_d_octa(PARAMS)
{
	uint64_t from = as->cur->size;
	unsigned __int128 v;
	uint8_t b[16];

	(void)arg;
	as_data_begins(as, name.p, ELEM_MIXED, 0);
	do {
		if (!octa(as, c, &v)) {
			c->p = c->e;
			break;
		}
		bu_put64(b + (as->be ? 8 : 0), as->be, (uint64_t)v);
		bu_put64(b + (as->be ? 0 : 8), as->be, (uint64_t)(v >> 64));
		as_put(as, b, 16, name.p);
	} while (as_eat(c, ','));
	as_junk(as, c);
	as_mark_raw(as, from);
}

/* A number as C's strtod reads it; GNU as writes "0f" or "0d" before it. */
static bool real(struct as *as, struct as_cur *c, bool wide, double *d, float *f)
{
	char text[128], *end;
	const char *s;
	size_t n;

	as_skip(c);
	s = c->p;
	while (c->p < c->e && *c->p != ',' && !IS(*c->p, CL_SPACE))
		c->p++;
	n = (size_t)(c->p - s);
	if (n > 2 && *s == '0' && strchr("fFdDrRsS", s[1]))
		snprintf(text, sizeof(text), "%.*s", (int)(n - 2), s + 2);
	else
		snprintf(text, sizeof(text), "%.*s", (int)n, s);
	if (wide)
		*d = strtod(text, &end);
	else
		*f = strtof(text, &end);
	if (n && n < sizeof(text) && end != text && !*end)
		return true;
	as_error(as, "A0140", s, n ? n : 1, "expected a number such as 1.5e3");
	return false;
}

void as_d_real(PARAMS)
{
	uint64_t from = as->cur->size, bits;
	uint32_t bits32;
	uint8_t b[8];
	double d = 0;
	float f = 0;

	as_data_begins(as, name.p, ELEM_INT, (unsigned)arg);
	do {
		if (!real(as, c, arg == 8, &d, &f)) {
			c->p = c->e;
			break;
		}
		memcpy(&bits, &d, 8);
		memcpy(&bits32, &f, 4);
		if (arg == 8)
			bu_put64(b, as->be, bits);
		else
			bu_put32(b, as->be, bits32);
		as_put(as, b, (size_t)arg, name.p);
	} while (as_eat(c, ','));
	as_junk(as, c);
	as_mark_raw(as, from);
}
