/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Printing a value by its type, as JSON or as the JSON-like text of upstream's typed dumps. Line
 * breaks stand before keys and before the closing bracket of what is not empty, nowhere else:
 * "[1,2", newline, "]".
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static void newline(struct btf_printer *p)
{
	if (!p->pretty)
		return;
	bu_buf_char(p->out, '\n');
	for (unsigned i = 0; i < p->depth; i++)
		bu_buf_add(p->out, "    ", 4);
}

static void string(struct btf_printer *p, const char *s, size_t n)
{
	bu_buf_char(p->out, '"');
	bu_buf_json_escape(p->out, s, n);
	bu_buf_char(p->out, '"');
}

static void key(struct btf_printer *p, const char *name, bool first)
{
	if (!first)
		bu_buf_char(p->out, ',');
	newline(p);
	string(p, name, strlen(name));
	bu_buf_str(p->out, p->pretty ? ": " : ":");
}

static void open_bracket(struct btf_printer *p, char c)
{
	bu_buf_char(p->out, c);
	p->depth++;
}

static void close_bracket(struct btf_printer *p, char c, bool empty)
{
	p->depth--;
	if (!empty)
		newline(p);
	bu_buf_char(p->out, c);
}

static void null_value(struct btf_printer *p, int err)
{
	bu_buf_add(p->out, "null", 4);
	if (!p->err)
		p->err = err;
}

/* ---------------------------------------------------------------- bits */

/*
 * Takes n bits (1..64) that begin at a bit of data. Bits count from the least significant one of
 * byte 0 on little-endian machines, from the most significant one on big-endian ones.
 */
uint64_t btf_get_bits(const uint8_t *data, uint64_t bit, unsigned n, bool be)
{
	uint64_t v = 0;
	uint32_t w;

	if (!(bit & 7) && be == BU_HOST_BE) { /* nearly all values */
		if (n == 64) {
			memcpy(&v, data + bit / 8, 8);
			return v;
		}
		if (n == 32) {
			memcpy(&w, data + bit / 8, 4);
			return w;
		}
	}
	for (unsigned got = 0; got < n;) {
		uint64_t at = bit + got;
		unsigned skip = at % 8, take = 8 - skip;
		uint64_t part;

		if (take > n - got)
			take = n - got;
		if (be) {
			part = (uint64_t)data[at / 8] >> (8 - skip - take) & ((1u << take) - 1);
			v = v << take | part;
		} else {
			part = (uint64_t)data[at / 8] >> skip & ((1u << take) - 1);
			v |= part << got;
		}
		got += take;
	}
	return v;
}

static int64_t sign_extend(uint64_t v, unsigned n)
{
	if (n >= 64)
		return (int64_t)v;
	return (int64_t)(v << (64 - n)) >> (64 - n);
}

/* ---------------------------------------------------------------- scalars */

/* Beyond 2^53 not every reader of JSON keeps all digits. */
#define JSON_SAFE (1ull << 53)

static void number(struct btf_printer *p, uint64_t v)
{
	const char *quote = !p->plain && (p->b->values & BU_BTF_EXACT) && v > JSON_SAFE ? "\"" : "";

	bu_buf_str(p->out, quote);
	bu_buf_u64(p->out, v);
	bu_buf_str(p->out, quote);
}

static void signed_number(struct btf_printer *p, int64_t v)
{
	bool far = v > (int64_t)JSON_SAFE || v < -(int64_t)JSON_SAFE;
	const char *quote = !p->plain && (p->b->values & BU_BTF_EXACT) && far ? "\"" : "";

	bu_buf_str(p->out, quote);
	bu_buf_s64(p->out, v);
	bu_buf_str(p->out, quote);
}

static void wide_int(struct btf_printer *p, uint64_t bit, unsigned n)
{
	unsigned lo_bits = 64, hi_bits = n - 64;
	bool be = p->b->be;
	uint64_t hi = btf_get_bits(p->data, be ? bit : bit + lo_bits, hi_bits, be);
	uint64_t lo = btf_get_bits(p->data, be ? bit + hi_bits : bit, lo_bits, be);
	const char *quote = p->plain ? "" : "\"";

	if (hi)
		bu_buf_printf(p->out, "%s0x%llx%016llx%s", quote, (unsigned long long)hi,
			      (unsigned long long)lo, quote);
	else
		bu_buf_printf(p->out, "%s0x%llx%s", quote, (unsigned long long)lo, quote);
}

static void character(struct btf_printer *p, uint8_t c)
{
	char s = (char)c;

	if (c >= 0x20 && c < 0x7f)
		string(p, &s, 1);
	else
		bu_buf_printf(p->out, "\"\\u%04x\"", c);
}

static void integer(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit, unsigned n)
{
	uint64_t v;

	if (n > 64) {
		wide_int(p, bit, n);
		return;
	}
	v = btf_get_bits(p->data, bit, n, p->b->be);
	if (t->int_enc & BTF_INT_BOOL)
		bu_buf_str(p->out, v ? "true" : "false");
	else if ((t->int_enc & BTF_INT_CHAR) && n == 8)
		character(p, (uint8_t)v);
	else if (t->int_enc & BTF_INT_SIGNED)
		signed_number(p, sign_extend(v, n));
	else
		number(p, v);
}

static void enumerator(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit, unsigned n)
{
	uint64_t v = btf_get_bits(p->data, bit, n, p->b->be);
	int64_t sv = t->kflag ? sign_extend(v, n) : (int64_t)v;
	bool is_signed = t->kflag;
	struct bu_btf_enum e;

	for (uint32_t i = 0; i < t->vlen; i++) {
		bu_btf_enum(p->b, t, i, &e);
		/* Compilers before 2022 wrote no signedness: compare the bits that are stored. */
		if (e.val == sv || (n < 64 && ((uint64_t)e.val & ((1ull << n) - 1)) == v)) {
			string(p, e.name, strlen(e.name));
			return;
		}
		is_signed |= t->kind == BU_BTF_ENUM && e.val >> 31;
	}
	/* A scan of many names is work; it counts. */
	p->budget -= p->budget > t->vlen / 16 ? t->vlen / 16 : p->budget;
	if (is_signed)
		signed_number(p, sign_extend(v, n));
	else
		number(p, v);
}

static void pointer(struct btf_printer *p, uint64_t bit)
{
	uint64_t v = btf_get_bits(p->data, bit, 64, p->b->be);

	if (!p->plain && (p->b->values & BU_BTF_HUMAN))
		bu_buf_printf(p->out, "\"0x%llx\"", (unsigned long long)v);
	else if (!p->plain)
		number(p, v);
	else if (v)
		bu_buf_hex(p->out, v);
	else
		bu_buf_str(p->out, "(nil)");
}

static double half_value(uint16_t h)
{
	int exp = h >> 10 & 0x1f, frac = h & 0x3ff;
	double v = exp ? 1024 + frac : frac;

	if (exp == 0x1f)
		v = frac ? (double)NAN : (double)INFINITY;
	else
		v = v * (double)(1u << (exp ? exp : 1)) / (double)(1u << 25);
	return h >> 15 ? -v : v;
}

/* The shortest decimal that reads back as the same number. */
static void float_text(struct btf_printer *p, double v, bool single)
{
	char s[40];

	if (isnan(v)) {
		bu_buf_str(p->out, "\"NaN\"");
		return;
	}
	if (isinf(v)) {
		bu_buf_str(p->out, v < 0 ? "\"-Infinity\"" : "\"Infinity\"");
		return;
	}
	for (int digits = single ? 6 : 15; digits <= 17; digits++) {
		snprintf(s, sizeof(s), "%.*g", digits, v);
		if (single ? strtof(s, NULL) == (float)v : strtod(s, NULL) == v)
			break;
	}
	bu_buf_str(p->out, s);
}

static void floating(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit)
{
	uint64_t v;
	float f;
	double d;

	switch (t->size) {
	case 2:
		float_text(p, half_value((uint16_t)btf_get_bits(p->data, bit, 16, p->b->be)), true);
		break;
	case 4:
		v = btf_get_bits(p->data, bit, 32, p->b->be);
		memcpy(&f, &(uint32_t){ (uint32_t)v }, sizeof(f));
		float_text(p, (double)f, true);
		break;
	case 8:
		v = btf_get_bits(p->data, bit, 64, p->b->be);
		memcpy(&d, &v, sizeof(d));
		float_text(p, d, false);
		break;
	default:
		/* Formats of 12 and 16 bytes differ by machine; their bits do not. */
		wide_int(p, bit, t->size * 8);
		break;
	}
}

/* ---------------------------------------------------------------- aggregates */

static bool may_be_text(const struct bu_btf *b, const struct bu_btf_type *t)
{
	struct bu_btf_type e;

	return !bu_btf_get(b, bu_btf_resolve(b, t->elem), &e) && e.kind == BU_BTF_INT && e.size == 1 &&
	       ((e.int_enc & BTF_INT_CHAR) || !strcmp(e.name, "char"));
}

/* Bytes of a char array that are text, up to its end or with nothing but NULs behind: its length, or -1. */
static int64_t clean_string(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit)
{
	const uint8_t *s;
	uint32_t n = 0;

	if (!may_be_text(p->b, t) || bit % 8 || (uint64_t)t->nelems * 8 > p->bits - bit)
		return -1;
	s = p->data + bit / 8;
	while (n < t->nelems && s[n] >= 0x20 && s[n] < 0x7f)
		n++;
	for (uint32_t i = n; i < t->nelems; i++)
		if (s[i])
			return -1;
	return t->nelems ? (int64_t)n : -1;
}

static void array(struct btf_printer *p, const struct btf_field *f, const struct bu_btf_type *t, uint64_t bit)
{
	/* what a name or tag says of an array of arrays it says of each */
	const struct btf_field one = { f->name, t->elem, f->owner, f->component };
	int64_t elem = bu_btf_size(p->b, t->elem), len;
	uint32_t i;

	if (p->form && may_be_text(p->b, t)) {
		btf_form_any(p, f, bit, 0);
		return;
	}
	len = clean_string(p, t, bit);
	if (len >= 0) {
		string(p, (const char *)p->data + bit / 8, (size_t)len);
		return;
	}
	if (elem < 0) {
		null_value(p, -EINVAL);
		return;
	}
	open_bracket(p, '[');
	for (i = 0; i < t->nelems && p->budget && !p->out->failed; i++) {
		if (i)
			bu_buf_char(p->out, ',');
		btf_put_value(p, &one, bit + (uint64_t)i * (uint64_t)elem * 8, 0);
	}
	close_bracket(p, ']', !i);
}

static void structure(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_btf_member m;
	uint32_t i;

	open_bracket(p, '{');
	for (i = 0; i < t->vlen && p->budget && !p->out->failed; i++) {
		bu_btf_member(p->b, t, i, &m);
		key(p, m.name, !i);
		btf_put_value(p, &(struct btf_field){ m.name, m.type, t->id, (int32_t)i }, bit + m.bit_off, m.bit_size);
	}
	close_bracket(p, '}', !i);
}

static void variable(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit)
{
	open_bracket(p, '{');
	key(p, t->name, true);
	btf_put_value(p, &(struct btf_field){ t->name, t->type, t->id, -1 }, bit, 0);
	close_bracket(p, '}', false);
}

static void datasec(struct btf_printer *p, const struct bu_btf_type *t, uint64_t bit)
{
	struct bu_btf_secvar v;
	uint32_t i;

	open_bracket(p, '{');
	key(p, t->name, true);
	open_bracket(p, '[');
	for (i = 0; i < t->vlen && p->budget && !p->out->failed; i++) {
		bu_btf_secvar(p->b, t, i, &v);
		if (i)
			bu_buf_char(p->out, ',');
		btf_put_value(p, &(struct btf_field){ "", v.type, 0, 0 }, bit + (uint64_t)v.off * 8, 0);
	}
	close_bracket(p, ']', !i);
	close_bracket(p, '}', false);
}

/* Bits of a scalar type; 0: not a scalar. */
static unsigned scalar_bits(const struct bu_btf_type *t)
{
	switch (t->kind) {
	case BU_BTF_INT:
		return t->int_bits;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
	case BU_BTF_FLOAT:
		return t->size * 8;
	case BU_BTF_PTR:
		return 64;
	default:
		return 0;
	}
}

/* An address as text, if the field holds one: true. */
static bool address(struct btf_printer *p, const struct btf_field *f, const struct bu_btf_type *t, uint64_t bit)
{
	enum btf_addr kind = btf_addr_of(p->b, f, t);
	int64_t n = kind ? bu_btf_size(p->b, t->id) : 0;

	if (n <= 0 || bit % 8 || bit > p->bits || (uint64_t)n > (p->bits - bit) / 8)
		return false;
	if (p->form) {
		btf_form_any(p, f, bit, 0);
		return true;
	}
	bu_buf_char(p->out, '"');
	btf_addr_text(p->out, kind, p->data + bit / 8, (size_t)n);
	bu_buf_char(p->out, '"');
	return true;
}

/* The value of a field at a bit of data; bit_size is not 0 for a bit-field. */
void btf_put_value(struct btf_printer *p, const struct btf_field *f, uint64_t bit, uint32_t bit_size)
{
	uint32_t id = f->type;
	struct bu_btf_type t;
	unsigned n;

	if (p->budget)
		p->budget--;
	if (bu_btf_get(p->b, bu_btf_resolve(p->b, id), &t)) {
		null_value(p, -EINVAL);
		return;
	}
	if ((p->b->values & BU_BTF_HUMAN) && !bit_size && address(p, f, &t, bit))
		return;
	n = scalar_bits(&t);
	if (n) {
		if (t.kind == BU_BTF_INT)
			bit += t.int_off;
		if (bit_size)
			n = bit_size;
		if (bit > p->bits || n > p->bits - bit || (bit_size > 64 && t.kind != BU_BTF_INT) ||
		    bit_size > 128) {
			null_value(p, -EINVAL);
			return;
		}
	} else if (bit > p->bits) {
		null_value(p, -EINVAL);
		return;
	}
	if (n && p->form) {
		btf_form_scalar(p, f, &t, bit, bit_size, n);
		return;
	}
	switch (t.kind) {
	case BU_BTF_INT:
		integer(p, &t, bit, n);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		enumerator(p, &t, bit, n);
		break;
	case BU_BTF_PTR:
		pointer(p, bit_size ? bit - bit % 8 : bit);
		break;
	case BU_BTF_FLOAT:
		floating(p, &t, bit);
		break;
	case BU_BTF_ARRAY:
		array(p, f, &t, bit);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		structure(p, &t, bit);
		break;
	case BU_BTF_VAR:
		variable(p, &t, bit);
		break;
	case BU_BTF_DATASEC:
		datasec(p, &t, bit);
		break;
	default:
		null_value(p, -EINVAL);
		break;
	}
}

static int print(struct btf_printer *p, uint32_t id, size_t n)
{
	int64_t size = bu_btf_size(p->b, id);

	p->budget = BTF_BUDGET;
	if (size < 0 || (uint64_t)size > n || n > UINT32_MAX) {
		null_value(p, -EINVAL);
		return p->err;
	}
	/* A large array of small elements is no attack. */
	if (n > p->budget / 2)
		p->budget = n > UINT32_MAX / 4 ? UINT32_MAX : (uint32_t)n * 4;
	p->bits = (uint64_t)n * 8;
	btf_put_value(p, &(struct btf_field){ "", id, 0, 0 }, 0, 0);
	if (p->out->failed)
		return -ENOMEM;
	return p->budget ? p->err : -E2BIG;
}

int bu_btf_print_text(struct bu_buf *out, const struct bu_btf *b, uint32_t id, const void *data,
		      size_t n, unsigned depth)
{
	struct btf_printer p = { .out = out, .b = b, .data = data, .depth = depth, .pretty = true,
			     .plain = true };

	return print(&p, id, n);
}

int bu_btf_print_value(struct bu_out *o, const char *key_name, const struct bu_btf *b, uint32_t id,
		       const void *data, size_t n)
{
	struct btf_printer p = { .out = &o->buf, .b = b, .data = data, .depth = o->depth,
			     .pretty = o->pretty };

	if (!o->json)
		return bu_btf_print_text(&o->buf, b, id, data, n, 0);
	/* Puts the separator and the key; the value follows in the same buffer. */
	bu_out_raw(o, key_name, "", NULL);
	return print(&p, id, n);
}
