/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* buf: growing bytes on the heap, with fast number formatting and JSON escapes. */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bu_buf_free(struct bu_buf *b)
{
	free(b->p);
	*b = (struct bu_buf){ 0 };
}

uint8_t *bu_buf_room(struct bu_buf *b, size_t n)
{
	size_t want, cap;
	uint8_t *p;

	if (b->failed)
		return NULL;
	if (__builtin_add_overflow(b->n, n, &want))
		goto fail;
	if (want <= b->cap)
		return b->p + b->n;
	cap = b->cap > SIZE_MAX / 2 ? SIZE_MAX : b->cap * 2;
	if (cap < want)
		cap = want;
	if (cap < 64)
		cap = 64;
	p = realloc(b->p, cap);
	if (!p)
		goto fail;
	b->p = p;
	b->cap = cap;
	return b->p + b->n;
fail:
	b->failed = true;
	return NULL;
}

int bu_buf_add(struct bu_buf *b, const void *p, size_t n)
{
	uint8_t *to;

	if (!n)
		return b->failed ? -ENOMEM : 0;
	to = bu_buf_room(b, n);
	if (!to)
		return -ENOMEM;
	memcpy(to, p, n);
	b->n += n;
	return 0;
}

int bu_buf_zero(struct bu_buf *b, size_t n)
{
	uint8_t *to = bu_buf_room(b, n ? n : 1);

	if (!to)
		return -ENOMEM;
	memset(to, 0, n);
	b->n += n;
	return 0;
}

int bu_buf_str(struct bu_buf *b, const char *s)
{
	return bu_buf_add(b, s, strlen(s));
}

int bu_buf_vprintf(struct bu_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	uint8_t *to;
	int n;

	to = bu_buf_room(b, 128);
	if (!to)
		return -ENOMEM;
	va_copy(again, ap);
	n = vsnprintf((char *)to, b->cap - b->n, fmt, ap);
	if (n >= 0 && (size_t)n >= b->cap - b->n) {
		to = bu_buf_room(b, (size_t)n + 1);
		n = to ? vsnprintf((char *)to, (size_t)n + 1, fmt, again) : -1;
	}
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return -ENOMEM;
	}
	b->n += (size_t)n;
	return 0;
}

int bu_buf_printf(struct bu_buf *b, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = bu_buf_vprintf(b, fmt, ap);
	va_end(ap);
	return err;
}

int bu_buf_u64(struct bu_buf *b, uint64_t v)
{
	char *to = (char *)bu_buf_room(b, BU_PUT_MAX);

	if (!to)
		return -ENOMEM;
	b->n += (size_t)(bu_put_u64(to, v) - to);
	return 0;
}

int bu_buf_s64(struct bu_buf *b, int64_t v)
{
	if (v >= 0)
		return bu_buf_u64(b, (uint64_t)v);
	bu_buf_char(b, '-');
	return bu_buf_u64(b, -(uint64_t)v);
}

int bu_buf_hex(struct bu_buf *b, uint64_t v)
{
	char *to = (char *)bu_buf_room(b, BU_PUT_MAX);

	if (!to)
		return -ENOMEM;
	b->n += (size_t)(bu_put_hex(to, v) - to);
	return 0;
}

/* Unicode 3.9, table 3-7. */
size_t bu_utf8_len(const uint8_t *s, size_t n)
{
	static const struct {
		uint8_t lo, hi, second_lo, second_hi, len;
	} row[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < BU_ARRAY_SIZE(row); i++) {
		if (s[0] < row[i].lo || s[0] > row[i].hi)
			continue;
		if (n < row[i].len || s[1] < row[i].second_lo || s[1] > row[i].second_hi)
			return 0;
		for (size_t k = 2; k < row[i].len; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return row[i].len;
	}
	return 0;
}

int bu_buf_json_escape(struct bu_buf *b, const char *s, size_t n)
{
	const uint8_t *p = (const uint8_t *)s;

	for (size_t i = 0; i < n;) {
		size_t len = 1, plain = i;

		while (plain < n && p[plain] >= 0x20 && p[plain] < 0x7f && p[plain] != '"' &&
		       p[plain] != '\\')
			plain++;
		if (plain > i) {
			bu_buf_add(b, p + i, plain - i);
			i = plain;
			continue;
		}
		if (p[i] == '"' || p[i] == '\\') {
			bu_buf_char(b, '\\');
			bu_buf_char(b, (char)p[i]);
		} else if (p[i] == '\n') {
			bu_buf_str(b, "\\n");
		} else if (p[i] == '\t') {
			bu_buf_str(b, "\\t");
		} else if (p[i] < 0x20 || p[i] == 0x7f) {
			bu_buf_printf(b, "\\u%04x", p[i]);
		} else if ((len = bu_utf8_len(p + i, n - i))) {
			bu_buf_add(b, p + i, len);
		} else {
			len = 1;
			bu_buf_str(b, "\\ufffd");
		}
		i += len;
	}
	return b->failed ? -ENOMEM : 0;
}

const char *bu_buf_cstr(struct bu_buf *b)
{
	uint8_t *end = bu_buf_room(b, 1);

	if (!end)
		return "";
	*end = 0;
	return (const char *)b->p;
}
