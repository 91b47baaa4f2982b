// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys and values as they are written on the command line. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

int bt_read_u32(struct bt *t, const char *what, uint32_t *v)
{
	const char *w = bt_next(t);
	uint64_t val;
	int err;

	if (!w)
		return bt_usage(t, NULL, NULL, "%s is missing", what);
	err = bu_str_u64(bu_str_c(w), &val, NULL);
	if (err == -ERANGE || (!err && val > UINT32_MAX))
		return bt_usage(t, NULL, NULL, "'%s' is too large for %s", bt_escz(t, w), what);
	if (err)
		return bt_usage(t, NULL, NULL, "'%s' is not %s", bt_escz(t, w), what);
	*v = (uint32_t)val;
	return 0;
}

/* Words of hex digits: one byte of one or two, or several of two each ("0a0b"). */
static int read_hex(struct bt *t, const struct bt_data *d, int nwords)
{
	size_t at = 0, k, len;
	int i;

	for (i = 0; i < nwords; i++) {
		const char *w = t->w[t->i + i];

		if (w[0] == '0' && (w[1] == 'x' || w[1] == 'X') && w[2])
			w += 2;
		len = strlen(w);
		for (k = 0; k < len; k++)
			if (bu_hex_digit(w[k]) < 0)
				return bt_error(t, "T0104", "%s: '%s' is not a hex byte", d->what,
						bt_escz(t, w));
		if (len == 0 || (len > 2 && len % 2))
			return bt_error(t, "T0104", "%s: '%s' is not whole bytes in hex", d->what,
					bt_escz(t, w));
		for (k = 0; k < len; k += 2, at++) {
			int hi = len == 1 ? 0 : bu_hex_digit(w[k]);
			int lo = bu_hex_digit(w[len == 1 ? 0 : k + 1]);

			if (at < d->n)
				d->p[at] = (uint8_t)(hi << 4 | lo);
		}
	}
	if (at != d->n)
		return bt_error(t, "T0104", "%s has %zu bytes, but %zu %s given", d->what, d->n, at,
				at == 1 ? "is" : "are");
	return 0;
}

static int read_bytes(struct bt *t, const struct bt_data *d, int nwords)
{
	uint64_t v;
	bool neg;
	int i, err;

	for (i = 0; i < nwords; i++) {
		const char *w = t->w[t->i + i];

		err = bu_str_u64(bu_str_c(w), &v, &neg);
		if (err == -EINVAL)
			return bt_error(t, "T0104", "%s: '%s' is not a number", d->what, bt_escz(t, w));
		if (err || neg || v > 255)
			return bt_error(t, "T0104", "%s: %s does not fit a byte (0 to 255)", d->what,
					bt_escz(t, w));
		if ((size_t)i < d->n)
			d->p[i] = (uint8_t)v;
	}
	if ((size_t)nwords != d->n) {
		err = bt_error(t, "T0104", "%s has %zu bytes, but %d %s given", d->what, d->n, nwords,
			       nwords == 1 ? "is" : "are");
		return err;
	}
	return 0;
}

/* One number for a whole 2, 4 or 8 byte field, in this machine's byte order. */
static int read_whole(struct bt *t, const struct bt_data *d)
{
	const char *w = t->w[t->i];
	unsigned bits = (unsigned)d->n * 8;
	uint64_t v, sign = 1ull << (bits - 1);
	bool neg, fits;
	int err = bu_str_u64(bu_str_c(w), &v, &neg);

	if (err == -EINVAL)
		return bt_error(t, "T0104", "%s: '%s' is not a number", d->what, bt_escz(t, w));
	/* a negative number comes as its two's complement; -v is how far it is below 0 */
	fits = neg ? -v <= sign : bits == 64 || !(v >> bits);
	if (err || !fits)
		return bt_error(t, "T0104", "%s: %s does not fit %zu bytes", d->what, bt_escz(t, w), d->n);
	if (d->n == 2)
		bu_put16(d->p, BU_HOST_BE, (uint16_t)v);
	else if (d->n == 4)
		bu_put32(d->p, BU_HOST_BE, (uint32_t)v);
	else
		bu_put64(d->p, BU_HOST_BE, v);
	return 0;
}

/*
 * An address for bytes without a type, and, for a trie, with the length of its prefix: "10.1.0.0/16". False: the word
 * is something else; *st otherwise.
 */
static bool read_address(struct bt *t, const struct bt_data *d, int *st)
{
	const char *w = t->w[t->i], *slash = d->lpm ? strchr(w, '/') : NULL;
	size_t at = d->lpm ? 4 : 0, n = d->n > at ? d->n - at : 0;
	uint64_t len = n * 8;
	int err;

	if (!strpbrk(w, ".:") || (d->type && !d->lpm))
		return false;
	err = bu_btf_parse_addr(bu_str(w, slash ? (size_t)(slash - w) : strlen(w)), d->p + at, n);
	if (err == -EINVAL)
		return false;
	if (!err && slash && (bu_str_u64(bu_str_c(slash + 1), &len, NULL) || len > n * 8))
		*st = bt_error(t, "T0104", "%s: '%s' is no length of a prefix (0 to %zu)", d->what,
			       bt_escz(t, slash + 1), n * 8);
	else if (err)
		*st = bt_error(t, "T0104", "%s: %s does not fit %zu bytes", d->what, bt_escz(t, w), d->n);
	else
		*st = 0;
	if (d->lpm)
		bu_put32(d->p, BU_HOST_BE, (uint32_t)len);
	return true;
}

/* Each word sets a part: "port=443", "a.b[2]=7". What p had beside it stays. */
static int read_parts(struct bt *t, const struct bt_data *d, int nwords)
{
	unsigned before = t->ds.errors;
	int err = 0;

	for (int i = 0; i < nwords && !err; i++)
		err = bu_btf_parse_part(d->btf, d->type, bu_str_c(t->w[t->i + i]), d->p, d->n, &t->ds);
	if (err && t->ds.errors == before)
		bt_error(t, "T0104", "%s: not a value of its type", d->what);
	return err ? BU_EXIT_FAIL : 0;
}

bool bt_data_part(struct bt *t, const struct bt_data *d)
{
	const char *w = bt_peek(t);
	struct bu_btf_type ty;
	size_t n;

	if (!w || !d->type || bu_btf_get(d->btf, bu_btf_resolve(d->btf, d->type), &ty))
		return false;
	if (ty.kind != BU_BTF_STRUCT && ty.kind != BU_BTF_UNION && ty.kind != BU_BTF_DATASEC &&
	    !(ty.kind == BU_BTF_ARRAY && *w == '['))
		return false;
	for (n = 0; isalnum((unsigned char)w[n]) || (w[n] && strchr("_.[]", w[n])); n++)
		;
	return n && w[n] == '=';
}

static int read_typed(struct bt *t, const struct bt_data *d, int nwords)
{
	struct bu_buf text = { 0 };
	unsigned before = t->ds.errors;
	int i, err;

	for (i = 0; i < nwords; i++) {
		if (i)
			bu_buf_char(&text, ' ');
		bu_buf_str(&text, t->w[t->i + i]);
	}
	err = text.failed ? -ENOMEM :
	      bu_btf_parse_value(d->btf, d->type, bu_str((char *)text.p, text.n), d->p, d->n, &t->ds);
	bu_buf_free(&text);
	if (err && t->ds.errors == before)
		bt_error(t, "T0104", "%s: not a value of its type", d->what);
	return err ? BU_EXIT_FAIL : 0;
}

/* Whether all words read as plain numbers. */
static bool all_numbers(struct bt *t, int nwords)
{
	uint64_t v;
	bool neg;
	int i;

	for (i = 0; i < nwords; i++)
		if (bu_str_u64(bu_str_c(t->w[t->i + i]), &v, &neg) == -EINVAL)
			return false;
	return true;
}

int bt_read_data(struct bt *t, const struct bt_data *d, const char *const *stop)
{
	bool hex = bt_peek(t) && !strcmp(bt_peek(t), "hex");
	int n = 0, st, k;

	t->i += hex;
	for (; t->i + n < t->nw; n++) {
		const char *w = t->w[t->i + n];

		for (k = 0; stop[k]; k++)
			if (!strcmp(w, stop[k]) ||
			    (!hex && !d->type && isalpha((unsigned char)*w) &&
			     !strncmp(w, stop[k], strlen(w))))
				break;
		if (stop[k])
			break;
	}
	if (!n && d->n)
		return bt_usage(t, NULL, NULL, "'%s' wants data: %zu bytes", d->what, d->n);
	if (hex)
		st = read_hex(t, d, n);
	else if (n == 1 && read_address(t, d, &st))
		;
	else if ((size_t)n == d->n && (n > 1 || !d->type) && all_numbers(t, n))
		st = read_bytes(t, d, n);
	else if (bt_data_part(t, d))
		st = read_parts(t, d, n);
	else if (d->type)
		st = read_typed(t, d, n);
	else if (n == 1 && (d->n == 2 || d->n == 4 || d->n == 8))
		st = read_whole(t, d);
	else
		st = read_bytes(t, d, n);
	t->i += n;
	return st;
}
