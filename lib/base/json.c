/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reading JSON (RFC 8259), one value after the other, without a tree. */
#include "base/base.h"

#include <string.h>

#define DEPTH_MAX 63

void bu_json_init(struct bu_json *j, struct bu_str text)
{
	*j = (struct bu_json){ .text = text };
}

static bool fail(struct bu_json *j, size_t at, const char *why)
{
	if (!j->error) {
		j->error = why;
		j->error_at = at < j->text.n ? at : j->text.n;
	}
	return false;
}

/* The next character that is no blank, 0 at the end or after an error. */
static char look(struct bu_json *j)
{
	const char *p = j->text.p;

	if (j->error)
		return 0;
	while (j->at < j->text.n &&
	       (p[j->at] == ' ' || p[j->at] == '\n' || p[j->at] == '\t' || p[j->at] == '\r'))
		j->at++;
	return j->at < j->text.n ? p[j->at] : 0;
}

enum bu_json_kind bu_json_kind(struct bu_json *j)
{
	char c = look(j);

	switch (c) {
	case '{':
		return BU_JSON_OBJECT;
	case '[':
		return BU_JSON_ARRAY;
	case '"':
		return BU_JSON_STRING;
	case 't':
	case 'f':
		return BU_JSON_BOOL;
	case 'n':
		return BU_JSON_NULL;
	case '-':
	case '0' ... '9':
		return BU_JSON_NUMBER;
	}
	return BU_JSON_NONE;
}

static bool open_list(struct bu_json *j, char c, const char *why)
{
	if (look(j) != c)
		return fail(j, j->at, why);
	if (j->depth >= DEPTH_MAX)
		return fail(j, j->at, "too deep");
	j->at++;
	j->first |= 1ull << ++j->depth;
	return true;
}

bool bu_json_arr(struct bu_json *j)
{
	return open_list(j, '[', "an array is expected here");
}

bool bu_json_obj(struct bu_json *j)
{
	return open_list(j, '{', "an object is expected here");
}

/* Takes the comma in front of a further element, or the bracket behind the last one. */
static bool next(struct bu_json *j, char close)
{
	uint64_t mine = 1ull << j->depth;
	bool first = j->first & mine;
	char c = look(j);

	j->first &= ~mine;
	if (c == close) {
		j->at++;
		j->depth--;
		return false;
	}
	if (first)
		return c ? true : fail(j, j->at, "the text ends too early");
	if (c != ',')
		return fail(j, j->at, c ? "',' or a closing bracket is missing here" :
					  "the text ends too early");
	j->at++;
	return true;
}

bool bu_json_elem(struct bu_json *j)
{
	return next(j, ']');
}

static bool hex4(struct bu_json *j, uint32_t *v)
{
	*v = 0;
	for (int i = 0; i < 4; i++, j->at++) {
		int d = j->at < j->text.n ? bu_hex_digit(j->text.p[j->at]) : -1;

		if (d < 0)
			return fail(j, j->at, "four hex digits are expected here");
		*v = *v << 4 | (uint32_t)d;
	}
	return true;
}

static void put_utf8(struct bu_buf *out, uint32_t c)
{
	if (c < 0x80) {
		bu_buf_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		bu_buf_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			bu_buf_char(out, (char)(0xe0 | c >> 12));
		} else {
			bu_buf_char(out, (char)(0xf0 | c >> 18));
			bu_buf_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		bu_buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	bu_buf_char(out, (char)(0x80 | (c & 0x3f)));
}

static bool escape(struct bu_json *j, struct bu_buf *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = j->at < j->text.n ? j->text.p[j->at++] : 0;
	const char *f = c ? strchr(from, c) : NULL;
	uint32_t v, low;

	if (f) {
		if (out)
			bu_buf_char(out, to[f - from]);
		return true;
	}
	if (c != 'u')
		return fail(j, j->at - 1, "there is no such escape");
	if (!hex4(j, &v))
		return false;
	if (v >= 0xd800 && v < 0xdc00 && j->at + 1 < j->text.n && j->text.p[j->at] == '\\' &&
	    j->text.p[j->at + 1] == 'u') {
		j->at += 2;
		if (!hex4(j, &low))
			return false;
		if (low < 0xdc00 || low > 0xdfff)
			return fail(j, j->at - 6, "half a surrogate pair");
		v = 0x10000 + ((v & 0x3ff) << 10 | (low & 0x3ff));
	} else if (v >= 0xd800 && v < 0xe000) {
		return fail(j, j->at - 6, "half a surrogate pair");
	}
	if (out)
		put_utf8(out, v);
	return true;
}

bool bu_json_string(struct bu_json *j, struct bu_buf *out)
{
	size_t from;

	if (look(j) != '"')
		return fail(j, j->at, "a string is expected here");
	from = j->at++;
	while (j->at < j->text.n && j->text.p[j->at] != '"') {
		uint8_t c = (uint8_t)j->text.p[j->at++];

		if (c < 0x20)
			return fail(j, j->at - 1, "a control character in a string");
		if (c == '\\') {
			if (!escape(j, out))
				return false;
		} else if (c >= 0x80) {
			size_t n = bu_utf8_len((const uint8_t *)j->text.p + j->at - 1, j->text.n - j->at + 1);

			if (!n)
				return fail(j, j->at - 1, "a string has bytes that are not UTF-8");
			if (out)
				bu_buf_add(out, j->text.p + j->at - 1, n);
			j->at += n - 1;
		} else if (out) {
			bu_buf_char(out, (char)c);
		}
	}
	if (j->at >= j->text.n)
		return fail(j, from, "no closing quote");
	j->at++;
	return true;
}

bool bu_json_key(struct bu_json *j, struct bu_buf *key)
{
	bu_buf_reset(key);
	if (!next(j, '}'))
		return false;
	if (!bu_json_string(j, key))
		return false;
	if (look(j) != ':')
		return fail(j, j->at, "':' is missing here");
	j->at++;
	return true;
}

static size_t digits(struct bu_json *j)
{
	size_t from = j->at;

	while (j->at < j->text.n && j->text.p[j->at] >= '0' && j->text.p[j->at] <= '9')
		j->at++;
	return j->at - from;
}

static bool number(struct bu_json *j)
{
	size_t from = j->at, n;
	char c;

	if (j->text.p[j->at] == '-')
		j->at++;
	c = j->at < j->text.n ? j->text.p[j->at] : 0;
	n = digits(j);
	if (!n || (c == '0' && n > 1))
		return fail(j, from, "this is no number");
	if (j->at < j->text.n && j->text.p[j->at] == '.') {
		j->at++;
		if (!digits(j))
			return fail(j, from, "this is no number");
	}
	if (j->at < j->text.n && (j->text.p[j->at] | 0x20) == 'e') {
		j->at++;
		if (j->at < j->text.n && (j->text.p[j->at] == '+' || j->text.p[j->at] == '-'))
			j->at++;
		if (!digits(j))
			return fail(j, from, "this is no number");
	}
	return true;
}

static bool literal(struct bu_json *j)
{
	static const char *const words[] = { "true", "false", "null" };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i]);

		if (j->text.n - j->at >= n && !memcmp(j->text.p + j->at, words[i], n)) {
			j->at += n;
			return true;
		}
	}
	return fail(j, j->at, "this is no value");
}

bool bu_json_skip(struct bu_json *j, struct bu_str *raw)
{
	unsigned bottom = j->depth;
	uint64_t objects = 0; /* by depth */
	size_t from;
	bool more;

	look(j);
	from = j->at;
	do {
		switch (bu_json_kind(j)) {
		case BU_JSON_OBJECT:
			bu_json_obj(j);
			objects |= 1ull << j->depth;
			break;
		case BU_JSON_ARRAY:
			bu_json_arr(j);
			objects &= ~(1ull << j->depth);
			break;
		case BU_JSON_STRING:
			bu_json_string(j, NULL);
			break;
		case BU_JSON_NUMBER:
			number(j);
			break;
		case BU_JSON_BOOL:
		case BU_JSON_NULL:
			literal(j);
			break;
		case BU_JSON_NONE:
			fail(j, j->at, j->at < j->text.n ? "a value is expected here" :
							   "the text ends too early");
			break;
		}
		/* up to the next value within what was opened here */
		more = false;
		while (!j->error && j->depth > bottom && !more) {
			bool object = objects >> j->depth & 1;

			more = next(j, object ? '}' : ']');
			if (more && object) {
				bu_json_string(j, NULL);
				if (look(j) != ':')
					fail(j, j->at, "':' is missing here");
				else
					j->at++;
			}
		}
	} while (more && !j->error);
	if (j->error)
		return false;
	if (raw)
		*raw = bu_str(j->text.p + from, j->at - from);
	return true;
}

bool bu_json_u64(struct bu_json *j, uint64_t *v)
{
	struct bu_str raw = { 0 };
	size_t from;

	look(j);
	from = j->at;
	if (bu_json_kind(j) != BU_JSON_NUMBER || !bu_json_skip(j, &raw) || bu_str_u64(raw, v, NULL))
		return fail(j, from, "a whole number is expected here");
	return true;
}

bool bu_json_end(struct bu_json *j)
{
	if (look(j) || j->at < j->text.n)
		return fail(j, j->at, "nothing may follow the value");
	return !j->error;
}

uint32_t bu_json_line(const struct bu_json *j, size_t at, uint32_t *col)
{
	uint32_t line = 1;
	size_t from = 0, i;

	for (i = 0; i < at && i < j->text.n; i++) {
		if (j->text.p[i] == '\n') {
			line++;
			from = i + 1;
		}
	}
	*col = (uint32_t)(i - from) + 1;
	return line;
}

/* Blanks that do not count are between tokens only: strings are compared whole. */
bool bu_json_same(struct bu_str a, struct bu_str b)
{
	struct bu_json x, y;

	bu_json_init(&x, a);
	bu_json_init(&y, b);
	for (;;) {
		char c = look(&x), d = look(&y);
		size_t from = x.at, to = y.at;

		if (c != d)
			return false;
		if (!c)
			return true;
		if (c == '"') {
			if (!bu_json_string(&x, NULL) || !bu_json_string(&y, NULL))
				return false;
		} else {
			x.at++;
			y.at++;
		}
		if (x.at - from != y.at - to || memcmp(a.p + from, b.p + to, x.at - from) != 0)
			return false;
	}
}
