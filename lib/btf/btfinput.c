/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a value by its type from text: what bu_btf_print_value prints, and what one would type.
 *
 *   number     12, -1, 0x1f, 1K, 1.5 (floats), true, false, 'c', "c", an enumerator's name
 *   string     "text" for arrays of characters
 *   address    10.0.0.1, fe80::1, 02:00:00:00:00:01, in quotes or not, for bytes and words that may hold one;
 *              be:443, a number in network order
 *   list       [ value, … ]                    fewer than the array has: the others are 0
 *   struct     { name: value, … }              also "name": and .name = ; unnamed ones are 0
 *              { value, … }                    members in order
 *   DATASEC    { ".data": [ { "var": value }, … ] }
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const struct bu_btf *b;
	struct bu_str text;
	size_t at;
	uint8_t *out;
	uint64_t bits;
	struct bu_diags *ds;
	const char *member;   /* that is read, for messages; "" at the top */
	bool rest;            /* all that is left is the value: characters need no quotes */
};

static int read_value(struct input *in, const struct btf_field *f, uint64_t bit, uint32_t bit_size);

/* ---------------------------------------------------------------- messages */

/* A message with the place in the text underlined; returns err. */
BU_PRINTF(6, 7)
static int complain(struct input *in, int err, size_t at, size_t len, struct bu_diag **out,
		    const char *fmt, ...)
{
	struct bu_buf text = { 0 };
	struct bu_diag *d;
	va_list ap;

	if (!in->ds)
		return err;
	if (*in->member)
		bu_buf_printf(&text, "%s: ", in->member);
	va_start(ap, fmt);
	bu_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	d = bu_diag(in->ds, BU_ERROR, err == -ERANGE ? "B0111" : "B0110", "%s", bu_buf_cstr(&text));
	bu_diag_span(in->ds, d, "value", 1, (uint32_t)at + 1, len ? (uint32_t)len : 1, in->text,
		     NULL);
	bu_buf_free(&text);
	if (out)
		*out = d;
	return err;
}

/* The type as one would name it in a message. */
static const char *type_name(const struct bu_btf_type *t)
{
	static const char *const kinds[] = {
		"void", "an integer", "a pointer", "an array", "a struct", "a union", "an enum",
		"a forward", "a type", "a type", "a type", "a type", "a function", "a prototype",
		"a variable", "a data section", "a float", "a tag", "a tag", "an enum",
	};

	return *t->name ? t->name : (unsigned)t->kind < BU_ARRAY_SIZE(kinds) ? kinds[t->kind] : "?";
}

/* ---------------------------------------------------------------- tokens */

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char peek(struct input *in)
{
	while (in->at < in->text.n && blank(in->text.p[in->at]))
		in->at++;
	return in->at < in->text.n ? in->text.p[in->at] : 0;
}

static bool accept(struct input *in, char c)
{
	if (peek(in) != c || in->at >= in->text.n)
		return false;
	in->at++;
	return true;
}

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '+' || c == '-' || c == '$';
}

static struct bu_str word(struct input *in)
{
	size_t from;

	peek(in);
	from = in->at;
	while (in->at < in->text.n && word_char(in->text.p[in->at]))
		in->at++;
	return bu_str(in->text.p + from, in->at - from);
}

static int hex_digits(struct input *in, unsigned n, uint32_t *v)
{
	*v = 0;
	for (unsigned i = 0; i < n; i++, in->at++) {
		int d = in->at < in->text.n ? bu_hex_digit(in->text.p[in->at]) : -1;

		if (d < 0)
			return -EINVAL;
		*v = *v << 4 | (uint32_t)d;
	}
	return 0;
}

static int escape(struct input *in, uint8_t *c)
{
	static const char from[] = "abfnrtv0\\\"'/", to[] = "\a\b\f\n\r\t\v\0\\\"'/";
	char e = in->at < in->text.n ? in->text.p[in->at++] : 0;
	const char *f;
	uint32_t v;
	int err;

	if (e == 'x' || e == 'u') {
		err = hex_digits(in, e == 'x' ? 2 : 4, &v);
		if (err || v > 0xff)
			return -EINVAL;
		*c = (uint8_t)v;
		return 0;
	}
	f = e ? strchr(from, e) : NULL;
	if (!f)
		return -EINVAL;
	*c = (uint8_t)to[f - from];
	return 0;
}

/* A literal in either kind of quotes, its bytes into buf. */
static int quoted(struct input *in, struct bu_buf *buf)
{
	size_t from = in->at;
	char q = in->text.p[in->at++];

	while (in->at < in->text.n && in->text.p[in->at] != q) {
		uint8_t c = (uint8_t)in->text.p[in->at++];

		if (c == '\\' && escape(in, &c))
			return complain(in, -EINVAL, in->at - 1, 1, NULL,
					"this escape stands for no single byte");
		bu_buf_char(buf, (char)c);
	}
	if (in->at >= in->text.n)
		return complain(in, -EINVAL, from, in->text.n - from, NULL, "no closing quote");
	in->at++;
	return buf->failed ? -ENOMEM : 0;
}

/* ---------------------------------------------------------------- bits */

static void put_bits(struct input *in, uint64_t bit, unsigned n, uint64_t v)
{
	bool be = in->b->be;

	for (unsigned i = 0; i < n; i++) {
		/* bit i of v, from its least significant one */
		uint64_t at = be ? bit + n - 1 - i : bit + i;
		uint8_t mask = (uint8_t)(be ? 0x80 >> at % 8 : 1 << at % 8);

		if (v >> i & 1)
			in->out[at / 8] |= mask;
		else
			in->out[at / 8] &= (uint8_t)~mask;
	}
}

/* ---------------------------------------------------------------- scalars */

struct number {
	uint64_t v, hi; /* hi: bits 64..127 */
	bool neg;       /* v is two's complement of a value below 0 */
};

static int wide_number(struct bu_str s, struct number *num)
{
	unsigned digits = 0;

	if (s.n < 3 || s.p[0] != '0' || (s.p[1] | 0x20) != 'x')
		return -EINVAL;
	for (size_t i = 2; i < s.n; i++) {
		char c = s.p[i] | 0x20;
		unsigned d = s.p[i] >= '0' && s.p[i] <= '9' ? (unsigned)(s.p[i] - '0')
							     : (unsigned)(c - 'a') + 10;

		if (d > 15)
			return -EINVAL;
		if (digits || d)
			digits++;
		if (digits > 32)
			return -ERANGE;
		num->hi = num->hi << 4 | num->v >> 60;
		num->v = num->v << 4 | d;
	}
	return 0;
}

/*
 * Any number a scalar may be given as: digits, true and false, one character in quotes, or a number
 * in quotes as JSON's printers must write large ones.
 */
static int read_number(struct input *in, const struct bu_btf_type *t, struct number *num)
{
	struct bu_buf buf = { 0 };
	size_t from;
	struct bu_str w;
	int err = 0;
	char c = peek(in);

	from = in->at;
	*num = (struct number){ 0 };
	if (c == '\'' || c == '"') {
		err = quoted(in, &buf);
		w = bu_str((char *)buf.p, buf.n);
		if (!err && buf.n == 1 && (c == '\'' || w.p[0] < '0' || w.p[0] > '9' ||
					   (t->kind == BU_BTF_INT && t->int_enc & BTF_INT_CHAR))) {
			num->v = buf.p[0];
			/* A character above 127 in a signed type is the same byte. */
			if (t->kind == BU_BTF_INT && (t->int_enc & BTF_INT_SIGNED) && t->size == 1 &&
			    num->v > 127) {
				num->v -= 256;
				num->neg = true;
			}
			goto out;
		}
	} else {
		w = word(in);
		if (bu_str_is(w, "true") || bu_str_is(w, "false")) {
			num->v = bu_str_is(w, "true");
			goto out;
		}
	}
	if (err)
		goto out;
	err = bu_str_u64(w, &num->v, &num->neg);
	if (err) {
		num->neg = false;
		num->v = 0;
		if (t->size > 8 && wide_number(w, num) == 0)
			err = 0;
		else
			err = complain(in, err, from, in->at - from, NULL,
				       err == -ERANGE ? "this number does not fit %s"
						      : "no value for %s", type_name(t));
	}
out:
	bu_buf_free(&buf);
	return err;
}

/* Does num fit n bits? A -0 is 0. */
static bool fits(const struct number *num, unsigned n, bool is_signed)
{
	if (num->neg && num->v) {
		if (!is_signed)
			return false;
		if (!((int64_t)num->v < 0))
			return false;
		return n >= 64 || (int64_t)num->v >= -(int64_t)(1ull << (n - 1));
	}
	if (is_signed)
		n--;
	if (num->hi)
		return n > 64 && (n >= 128 || !(num->hi >> (n - 64)));
	return n >= 64 || !(num->v >> n);
}

static int store(struct input *in, const struct number *num, uint64_t bit, unsigned n)
{
	uint64_t hi = num->neg && num->v ? UINT64_MAX : num->hi;

	if (n <= 64) {
		put_bits(in, bit, n, num->v);
	} else if (in->b->be) {
		put_bits(in, bit, n - 64, hi);
		put_bits(in, bit + n - 64, 64, num->v);
	} else {
		put_bits(in, bit, 64, num->v);
		put_bits(in, bit + 64, n - 64, hi);
	}
	return 0;
}

/* The least and the greatest value of n bits, "" where they have too many digits to be read. */
static const char *range(char s[64], unsigned n, bool is_signed)
{
	uint64_t top = n >= 64 ? UINT64_MAX : (1ull << n) - 1;

	*s = 0;
	if (n <= 64 && is_signed)
		snprintf(s, 64, ": %lld to %lld", -(long long)(top >> 1) - 1, (long long)(top >> 1));
	else if (n <= 64)
		snprintf(s, 64, ": 0 to %llu", (unsigned long long)top);
	return s;
}

static int read_int(struct input *in, const struct bu_btf_type *t, uint64_t bit, unsigned n)
{
	bool is_signed = t->int_enc & BTF_INT_SIGNED, boolean = t->int_enc & BTF_INT_BOOL;
	struct number num;
	char limits[64];
	size_t from;
	int err;

	peek(in);
	from = in->at;
	err = read_number(in, t, &num);
	if (err)
		return err;
	if (!fits(&num, boolean ? 1 : n, is_signed && !boolean))
		return complain(in, -ERANGE, from, in->at - from, NULL,
				"%.*s does not fit %s (%s%u bit%s%s)", (int)(in->at - from),
				in->text.p + from, type_name(t), is_signed ? "signed, " : "",
				boolean ? 1 : n, boolean || n == 1 ? "" : "s",
				range(limits, boolean ? 1 : n, is_signed && !boolean));
	return store(in, &num, bit, n);
}

/* A pointer to nothing as printed as text. */
static bool read_nil(struct input *in)
{
	peek(in);
	if (in->text.n - in->at < 5 || memcmp(in->text.p + in->at, "(nil)", 5) != 0)
		return false;
	in->at += 5;
	return true;
}

static int read_enum(struct input *in, const struct bu_btf_type *t, uint64_t bit, unsigned n)
{
	struct number num = { 0 };
	struct bu_diag *d = NULL;
	struct bu_near near;
	struct bu_btf_enum e;
	struct bu_buf buf = { 0 };
	bool is_signed = t->kflag;
	size_t from;
	struct bu_str w;
	char c = peek(in);
	int err = 0;

	from = in->at;
	if (c == '"' || c == '\'')
		err = quoted(in, &buf);
	w = c == '"' || c == '\'' ? bu_str((char *)buf.p, buf.n) : word(in);
	if (err)
		goto out;
	for (uint32_t i = 0; i < t->vlen; i++) {
		bu_btf_enum(in->b, t, i, &e);
		if (bu_str_is(w, e.name)) {
			store(in, &(struct number){ .v = (uint64_t)e.val }, bit, n);
			goto out;
		}
	}
	err = bu_str_u64(w, &num.v, &num.neg);
	if (err == -EINVAL) {
		err = complain(in, err, from, in->at - from, &d, "%s has no enumerator '%.*s'",
			       *t->name ? t->name : "the enum", (int)w.n, w.p ? w.p : "");
		bu_near_init(&near, w.p ? w.p : "", w.n);
		for (uint32_t i = 0; i < t->vlen && i < 4096; i++) {
			bu_btf_enum(in->b, t, i, &e);
			bu_near_feed(&near, e.name);
		}
		if (d && near.best)
			bu_diag_help(in->ds, d, "did you mean '%s'?", near.best);
		goto out;
	}
	/* Where signedness is not told, both readings are taken. */
	if (err || !(fits(&num, n, is_signed) || (!is_signed && fits(&num, n, true))))
		err = complain(in, -ERANGE, from, in->at - from, NULL, "%.*s does not fit %s (%u bits)",
			       (int)w.n, w.p ? w.p : "", type_name(t), n);
	else
		store(in, &num, bit, n);
out:
	bu_buf_free(&buf);
	return err;
}

static int read_float(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_buf buf = { 0 };
	struct number num = { 0 };
	struct bu_str w;
	size_t from;
	char s[64], c = peek(in), *end;
	uint32_t raw;
	double v;
	float f;
	int err = 0;

	from = in->at;
	if (c == '"')
		err = quoted(in, &buf);
	w = c == '"' ? bu_str((char *)buf.p, buf.n) : word(in);
	if (err)
		goto out;
	if (t->size != 4 && t->size != 8) {
		err = wide_number(w, &num);
		if (err || (t->size < 16 && num.hi >> (t->size > 8 ? (t->size - 8) * 8 : 0)) ||
		    (t->size == 2 && (num.hi || num.v >> 16)))
			err = complain(in, -EINVAL, from, in->at - from, NULL,
				       "a float of %u bytes is given as its bits, in hexadecimal",
				       t->size);
		else
			store(in, &num, bit, t->size * 8);
		goto out;
	}
	if (!w.n || w.n >= sizeof(s)) {
		err = complain(in, -EINVAL, from, in->at - from, NULL, "no number for %s",
			       type_name(t));
		goto out;
	}
	memcpy(s, w.p, w.n);
	s[w.n] = 0;
	v = strtod(s, &end);
	if (*end) {
		err = complain(in, -EINVAL, from, in->at - from, NULL, "'%s' is no number", s);
		goto out;
	}
	if (t->size == 4) {
		f = (float)v;
		memcpy(&raw, &f, sizeof(raw));
		num.v = raw;
		if (isinf(f) && !isinf(v))
			err = complain(in, -ERANGE, from, in->at - from, NULL,
				       "%s does not fit %s", s, type_name(t));
	} else {
		memcpy(&num.v, &v, sizeof(v));
	}
	if (!err)
		store(in, &num, bit, t->size * 8);
out:
	bu_buf_free(&buf);
	return err;
}

/* ---------------------------------------------------------------- aggregates */

static bool is_char_array(struct input *in, const struct bu_btf_type *t)
{
	struct bu_btf_type e;

	return bu_btf_get(in->b, bu_btf_resolve(in->b, t->elem), &e) == 0 &&
	       e.kind == BU_BTF_INT && e.size == 1 && e.int_bits == 8;
}

static int read_string(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_buf buf = { 0 };
	size_t from = in->at;
	int err = quoted(in, &buf);

	if (!err && buf.n > t->nelems)
		err = complain(in, -ERANGE, from, in->at - from, NULL,
			       "this string of %zu bytes does not fit %u", buf.n, t->nelems);
	/* The bytes lie within out: the array does, and its elements are bytes. */
	if (!err) {
		memset(in->out + bit / 8, 0, t->nelems);
		if (buf.n)
			memcpy(in->out + bit / 8, buf.p, buf.n);
	}
	bu_buf_free(&buf);
	return err;
}

/* Elements that print as text: other bytes than char want quotes or a list. */
static bool is_text(struct input *in, const struct bu_btf_type *t)
{
	struct bu_btf_type e;

	return is_char_array(in, t) && bu_btf_get(in->b, bu_btf_resolve(in->b, t->elem), &e) == 0 &&
	       ((e.int_enc & BTF_INT_CHAR) || !strcmp(e.name, "char"));
}

/* All that is left, as it stands. */
static int read_bare(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	size_t n = in->text.n - in->at;

	if (n > t->nelems)
		return complain(in, -ERANGE, in->at, n, NULL, "this string of %zu bytes does not fit %u", n,
				t->nelems);
	memset(in->out + bit / 8, 0, t->nelems);
	memcpy(in->out + bit / 8, in->text.p + in->at, n);
	in->at = in->text.n;
	return 0;
}

static int read_array(struct input *in, const struct btf_field *f, const struct bu_btf_type *t, uint64_t bit)
{
	const struct btf_field one = { f->name, t->elem, f->owner, f->component };
	int64_t elem = bu_btf_size(in->b, t->elem);
	char c = peek(in);
	size_t from = in->at;
	uint32_t i = 0;
	int err;

	if (c == '"' && is_char_array(in, t))
		return read_string(in, t, bit);
	if (in->rest && c && !strchr("[{\"'", c) && is_text(in, t))
		return read_bare(in, t, bit);
	in->rest = false;
	if (elem < 0 || !(accept(in, '[') || accept(in, '{')))
		return complain(in, -EINVAL, from, 1, NULL, "an array is given as [value, ...]");
	c = c == '[' ? ']' : '}';
	if (accept(in, c))
		return 0;
	do {
		if (accept(in, c))
			return 0;
		if (i >= t->nelems)
			return complain(in, -ERANGE, in->at, 1, NULL,
					"the array has %u elements only", t->nelems);
		err = read_value(in, &one, bit + (uint64_t)i++ * (uint64_t)elem * 8, 0);
		if (err)
			return err;
	} while (accept(in, ','));
	if (!accept(in, c))
		return complain(in, -EINVAL, in->at, 1, NULL, "'%c' or ',' is missing here", c);
	return 0;
}

/* A member, and how it is declared. */
struct member {
	struct btf_field f;
	uint64_t bit_off;
	uint32_t bit_size;
};

static void declare(struct member *out, const struct bu_btf_type *t, const struct bu_btf_member *m, uint32_t i)
{
	*out = (struct member){ { m->name, m->type, t->id, (int32_t)i }, m->bit_off, m->bit_size };
}

/* Finds a member by name, also inside members that have none. */
static bool find_member(const struct bu_btf *b, const struct bu_btf_type *t, struct bu_str name,
			struct member *out, unsigned depth)
{
	struct bu_btf_member m;
	struct bu_btf_type mt;
	struct member sub;

	for (uint32_t i = 0; i < t->vlen && name.n; i++) {
		bu_btf_member(b, t, i, &m);
		if (bu_str_is(name, m.name)) {
			declare(out, t, &m, i);
			return true;
		}
	}
	for (uint32_t i = 0; i < t->vlen && name.n; i++) {
		bu_btf_member(b, t, i, &m);
		if (*m.name || depth > 8 || bu_btf_get(b, bu_btf_resolve(b, m.type), &mt) ||
		    (mt.kind != BU_BTF_STRUCT && mt.kind != BU_BTF_UNION))
			continue;
		if (find_member(b, &mt, name, &sub, depth + 1)) {
			*out = sub;
			out->bit_off += m.bit_off;
			return true;
		}
	}
	return false;
}

static int no_member(struct input *in, const struct bu_btf_type *t, struct bu_str name, size_t from)
{
	struct bu_diag *d = NULL;
	struct bu_btf_member m;
	struct bu_near near;

	complain(in, -EINVAL, from, in->at - from, &d, "%s has no member '%.*s'", type_name(t),
		 (int)name.n, name.p ? name.p : "");
	bu_near_init(&near, name.p ? name.p : "", name.n);
	for (uint32_t i = 0; i < t->vlen && i < 4096; i++) {
		bu_btf_member(in->b, t, i, &m);
		bu_near_feed(&near, m.name);
	}
	if (d && near.best)
		bu_diag_help(in->ds, d, "did you mean '%s'?", near.best);
	return -EINVAL;
}

/* Is a member's name next, followed by ':' or '='? Then it is taken. */
static bool member_name(struct input *in, struct bu_buf *buf)
{
	size_t from = in->at;
	struct bu_diags *ds = in->ds;
	char c = peek(in);
	struct bu_str w;

	bu_buf_reset(buf);
	in->ds = NULL;
	if (c == '"' || c == '\'') {
		if (quoted(in, buf))
			buf->n = 0;
	} else {
		accept(in, '.');
		w = word(in);
		bu_buf_add(buf, w.p, w.n);
	}
	in->ds = ds;
	if ((buf->n || c == '"') && (accept(in, ':') || accept(in, '=')))
		return true;
	in->at = from;
	return false;
}

/* The i-th member without a name, as printed under the key "". */
static bool unnamed_member(struct input *in, const struct bu_btf_type *t, uint32_t i, struct member *out)
{
	struct bu_btf_member m;

	for (uint32_t k = 0; k < t->vlen; k++) {
		bu_btf_member(in->b, t, k, &m);
		if (!*m.name && !i--) {
			declare(out, t, &m, k);
			return true;
		}
	}
	return false;
}

/* The value of a member, which messages name. */
static int read_member(struct input *in, const struct member *m, uint64_t bit)
{
	const char *outer = in->member;
	int err;

	if (*m->f.name)
		in->member = m->f.name;
	err = read_value(in, &m->f, bit + m->bit_off, m->bit_size);
	in->member = outer;
	return err;
}

static int read_struct(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_buf name = { 0 };
	struct bu_btf_member plain;
	struct member m;
	uint32_t next = 0, unnamed = 0;
	size_t from;
	int err = 0;

	peek(in);
	if (!accept(in, '{'))
		return complain(in, -EINVAL, in->at, 1, NULL,
				"%s is given as {member: value, ...}", type_name(t));
	in->rest = false;
	while (!accept(in, '}')) {
		bool found;

		peek(in);
		from = in->at;
		if (member_name(in, &name)) {
			struct bu_str s = bu_str((char *)name.p, name.n);

			found = name.n ? find_member(in->b, t, s, &m, 0)
				       : unnamed_member(in, t, unnamed++, &m);
			if (!found) {
				err = no_member(in, t, s, from);
				break;
			}
		} else if (bu_btf_member(in->b, t, next, &plain)) {
			err = complain(in, -ERANGE, from, 1, NULL, "%s has %u members only",
				       type_name(t), t->vlen);
			break;
		} else {
			declare(&m, t, &plain, next++);
		}
		err = read_member(in, &m, bit);
		if (err)
			break;
		if (!accept(in, ',') && peek(in) != '}') {
			err = complain(in, -EINVAL, in->at, 1, NULL, "'}' or ',' is missing here");
			break;
		}
	}
	bu_buf_free(&name);
	return err;
}

/* Finds a variable of a data section. */
static bool find_var(const struct bu_btf *b, const struct bu_btf_type *t, struct bu_str name, struct member *out)
{
	struct bu_btf_secvar v;
	struct bu_btf_type var;

	for (uint32_t i = 0; i < t->vlen; i++) {
		bu_btf_secvar(b, t, i, &v);
		if (bu_btf_get(b, v.type, &var) || var.kind != BU_BTF_VAR || !bu_str_is(name, var.name))
			continue;
		*out = (struct member){ { var.name, var.type, var.id, -1 }, (uint64_t)v.off * 8, 0 };
		return true;
	}
	return false;
}

static int no_variable(struct input *in, const struct bu_btf_type *t, struct bu_str name, size_t from)
{
	struct bu_diag *d = NULL;
	struct bu_btf_secvar v;
	struct bu_btf_type var;
	struct bu_near near;

	complain(in, -EINVAL, from, in->at - from, &d, "%s has no variable '%.*s'", t->name, (int)name.n,
		 name.p ? name.p : "");
	bu_near_init(&near, name.p ? name.p : "", name.n);
	for (uint32_t i = 0; i < t->vlen && i < 4096; i++) {
		bu_btf_secvar(in->b, t, i, &v);
		if (bu_btf_get(in->b, v.type, &var) == 0)
			bu_near_feed(&near, var.name);
	}
	if (d && near.best)
		bu_diag_help(in->ds, d, "did you mean '%s'?", near.best);
	return -EINVAL;
}

static int read_named_var(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_buf name = { 0 };
	struct member m;
	size_t from;
	int err;

	if (!accept(in, '{'))
		return complain(in, -EINVAL, in->at, 1, NULL, "a variable is given as {name: value}");
	peek(in);
	from = in->at;
	if (!member_name(in, &name))
		err = complain(in, -EINVAL, in->at, 1, NULL, "a variable is given as {name: value}");
	else if (find_var(in->b, t, bu_str((char *)name.p, name.n), &m))
		err = read_member(in, &m, bit);
	else
		err = no_variable(in, t, bu_str((char *)name.p, name.n), from);
	if (!err && !accept(in, '}'))
		err = complain(in, -EINVAL, in->at, 1, NULL, "'}' is missing here");
	bu_buf_free(&name);
	return err;
}

static int read_datasec(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_buf name = { 0 };
	int err = 0;

	if (!accept(in, '{') || !member_name(in, &name) ||
	    !bu_str_is(bu_str((char *)name.p, name.n), t->name) || !accept(in, '['))
		err = complain(in, -EINVAL, in->at, 1, NULL,
			       "a data section is given as {\"%s\": [{variable: value}, ...]}", t->name);
	while (!err && !accept(in, ']')) {
		err = read_named_var(in, t, bit);
		if (!err && !accept(in, ',') && peek(in) != ']')
			err = complain(in, -EINVAL, in->at, 1, NULL, "']' or ',' is missing here");
	}
	if (!err && !accept(in, '}'))
		err = complain(in, -EINVAL, in->at, 1, NULL, "'}' is missing here");
	bu_buf_free(&name);
	return err;
}

static unsigned width(const struct bu_btf_type *t)
{
	switch (t->kind) {
	case BU_BTF_INT:
		return t->int_bits;
	case BU_BTF_PTR:
		return 64;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
	case BU_BTF_FLOAT:
		return t->size * 8;
	default:
		return 0;
	}
}

/* Does the whole of a value lie in out? Checked before any bit is written. */
static bool inside(struct input *in, uint32_t id, const struct bu_btf_type *t, uint64_t bit,
		   uint64_t bit_size)
{
	int64_t n;

	if (bit > in->bits)
		return false;
	if (bit_size)
		return (t->kind == BU_BTF_INT ? bit_size <= 128 : bit_size <= 64) &&
		       bit_size <= in->bits - bit;
	n = bu_btf_size(in->b, id);
	return n >= 0 && (uint64_t)n <= (in->bits - bit) / 8;
}

/* Bytes of what may be given as an address; 0: it is something else. */
static size_t address_size(struct input *in, const struct bu_btf_type *t)
{
	struct bu_btf_type e;

	if (t->kind == BU_BTF_INT)
		return !(t->int_enc & (BTF_INT_SIGNED | BTF_INT_BOOL)) && t->int_bits == t->size * 8 ? t->size : 0;
	if (t->kind == BU_BTF_STRUCT)
		return !strcmp(t->name, "in6_addr") || !strcmp(t->name, "in_addr") ? t->size : 0;
	if (t->kind != BU_BTF_ARRAY || bu_btf_get(in->b, bu_btf_resolve(in->b, t->elem), &e) ||
	    e.kind != BU_BTF_INT || e.int_bits != e.size * 8 || !strcmp(e.name, "char"))
		return 0;
	/* "::1" is text where bytes are characters; the others are too long for what they stand for */
	if (e.size == 1)
		return t->nelems == 4 || t->nelems == 6 || (t->nelems == 16 && !e.int_enc) ? t->nelems : 0;
	return e.size == 4 && t->nelems == 4 ? 16 : 0;
}

/* -ENOENT: there is no address here. */
static int read_address(struct input *in, const struct bu_btf_type *t, uint64_t bit)
{
	size_t n = address_size(in, t), from, end, at;
	char quote = peek(in);
	int err;

	if (!n || bit % 8)
		return -ENOENT;
	if (quote != '"' && quote != '\'')
		quote = 0;
	from = at = in->at + (quote != 0);
	while (at < in->text.n && ((word_char(in->text.p[at]) && in->text.p[at] != '$') || in->text.p[at] == ':'))
		at++;
	end = at;
	if (quote && (at >= in->text.n || in->text.p[at++] != quote))
		return -ENOENT;
	/* nothing is written but by an address */
	err = bu_btf_parse_addr(bu_str(in->text.p + from, end - from), in->out + bit / 8, n);
	if (err == -EINVAL)
		return -ENOENT;
	in->at = at;
	if (err)
		return complain(in, err, from, end - from, NULL, "%.*s does not fit %s (%zu bytes)",
				(int)(end - from), in->text.p + from, type_name(t), n);
	return 0;
}

static int read_value(struct input *in, const struct btf_field *f, uint64_t bit, uint32_t bit_size)
{
	static const struct bu_btf_type pointer = { .kind = BU_BTF_INT, .name = "a pointer", .size = 8 };
	struct bu_btf_type t;
	unsigned n;
	int err;

	if (bu_btf_get(in->b, bu_btf_resolve(in->b, f->type), &t))
		return -EINVAL;
	n = bit_size ? bit_size : width(&t);
	if (t.kind == BU_BTF_INT)
		bit += t.int_off;
	if (!inside(in, f->type, &t, bit, bit_size ? bit_size : t.kind == BU_BTF_INT ? n : 0))
		return complain(in, -EINVAL, in->at, 1, NULL,
				"%s does not lie within the value, or has no size", type_name(&t));
	err = bit_size ? -ENOENT : read_address(in, &t, bit);
	if (err != -ENOENT)
		return err;
	switch (t.kind) {
	case BU_BTF_INT:
		return read_int(in, &t, bit, n);
	case BU_BTF_PTR:
		return read_nil(in) ? store(in, &(struct number){ 0 }, bit, n) : read_int(in, &pointer, bit, n);
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		return read_enum(in, &t, bit, n);
	case BU_BTF_FLOAT:
		return read_float(in, &t, bit);
	case BU_BTF_ARRAY:
		return read_array(in, f, &t, bit);
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		return read_struct(in, &t, bit);
	case BU_BTF_DATASEC:
		in->rest = false;
		return read_datasec(in, &t, bit);
	case BU_BTF_VAR:
		return read_value(in, &(struct btf_field){ t.name, t.type, t.id, -1 }, bit, 0);
	default:
		return complain(in, -EINVAL, in->at, 1, NULL, "%s has no values", type_name(&t));
	}
}

static int at_end(struct input *in)
{
	if (peek(in) || in->at < in->text.n)
		return complain(in, -EINVAL, in->at, in->text.n - in->at, NULL, "nothing may follow the value");
	return 0;
}

int bu_btf_parse_value(const struct bu_btf *b, uint32_t id, struct bu_str text, void *out, size_t n,
		       struct bu_diags *ds)
{
	struct input in = { .b = b, .text = text, .out = out, .bits = (uint64_t)n * 8, .ds = ds, .member = "",
			    .rest = true };
	int err;

	memset(out, 0, n);
	err = read_value(&in, &(struct btf_field){ "", id, 0, 0 }, 0, 0);
	return err ? err : at_end(&in);
}

/* ---------------------------------------------------------------- parts */

/* One step of a path, from m to what its next name or index means. */
static int step(struct input *in, struct member *m)
{
	struct bu_btf_type t;
	uint64_t index;
	struct bu_str w;
	size_t from = in->at;

	if (bu_btf_get(in->b, bu_btf_resolve(in->b, m->f.type), &t) || m->bit_size ||
	    !inside(in, m->f.type, &t, m->bit_off, 0))
		return complain(in, -EINVAL, from, 1, NULL, "what stands before this has no parts");
	if (accept(in, '[')) {
		w = word(in);
		if (bu_str_u64(w, &index, NULL) || !accept(in, ']'))
			return complain(in, -EINVAL, from, in->at - from, NULL, "an index is given as [number]");
		if (t.kind != BU_BTF_ARRAY)
			return complain(in, -EINVAL, from, in->at - from, NULL, "%s has no elements", type_name(&t));
		if (index >= t.nelems)
			return complain(in, -ERANGE, from, in->at - from, NULL, "the array has %u elements only",
					t.nelems);
		m->f.type = t.elem;
		m->bit_off += index * (uint64_t)bu_btf_size(in->b, t.elem) * 8;
		return 0;
	}
	while (in->at < in->text.n && word_char(in->text.p[in->at]) && in->text.p[in->at] != '.')
		in->at++;
	w = bu_str(in->text.p + from, in->at - from);
	if (!w.n)
		return complain(in, -EINVAL, from, 1, NULL, "a name is missing here");
	if (t.kind == BU_BTF_STRUCT || t.kind == BU_BTF_UNION) {
		struct member sub;

		if (!find_member(in->b, &t, w, &sub, 0))
			return no_member(in, &t, w, from);
		sub.bit_off += m->bit_off;
		*m = sub;
		in->member = m->f.name;
		return 0;
	}
	if (t.kind == BU_BTF_DATASEC) {
		if (!find_var(in->b, &t, w, m))
			return no_variable(in, &t, w, from);
		in->member = m->f.name;
		return 0;
	}
	return complain(in, -EINVAL, from, in->at - from, NULL, "%s has no members", type_name(&t));
}

int bu_btf_parse_part(const struct bu_btf *b, uint32_t id, struct bu_str text, void *out, size_t n,
		      struct bu_diags *ds)
{
	struct input in = { .b = b, .text = text, .out = out, .bits = (uint64_t)n * 8, .ds = ds, .member = "" };
	struct member m = { { "", id, 0, 0 }, 0, 0 };
	int64_t size;
	int err;

	do {
		err = step(&in, &m);
		if (err)
			return err;
	} while (accept(&in, '.') || peek(&in) == '[');
	if (!accept(&in, '='))
		return complain(&in, -EINVAL, in.at, 1, NULL, "'=' is missing here");
	in.rest = true;
	size = m.bit_size ? 0 : bu_btf_size(b, m.f.type);
	if (size > 0 && m.bit_off % 8 == 0 && m.bit_off <= in.bits && (uint64_t)size <= (in.bits - m.bit_off) / 8)
		memset(in.out + m.bit_off / 8, 0, (size_t)size);
	err = read_value(&in, &m.f, m.bit_off, m.bit_size);
	return err ? err : at_end(&in);
}
