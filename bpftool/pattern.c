// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many elements of one map. They all look the same but for the digits of their bytes and what is printed by type:
 * one is printed twice, of zeros and of ones, and where the two differ is where digits stand; where a value by
 * type would stand is told by who prints (bt_pattern_mark).
 */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define ROW_BYTES 4096u

struct bt_mark {
	size_t at;           /* where in the text */
	uint32_t type;
	uint32_t from;       /* which byte of an element, the value behind the key */
	size_t n;
	unsigned depth;
	struct bu_btf_form *form;
	bool owned;          /* not one that stands before has the same */
	size_t digits;       /* how many stand before it */
};

static void clear(struct bt_pattern *r)
{
	for (size_t i = 0; i < r->nmarks; i++)
		if (r->mark[i].owned)
			bu_btf_form_free(r->mark[i].form);
	free(r->text);
	free(r->at);
	free(r->from);
	free(r->mark);
	*r = (struct bt_pattern){ .tried = true };
}

void bt_pattern_free(struct bt_pattern *r)
{
	clear(r);
}

void bt_pattern_mark(struct bt_pattern *r, size_t at, uint32_t type, const uint8_t *p, size_t n, unsigned depth)
{
	struct bt_mark *grown;

	if (r->nmarks == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 8;
		grown = realloc(r->mark, r->cap * sizeof(*grown));
		if (!grown) {
			r->failed = true;
			return;
		}
		r->mark = grown;
	}
	r->mark[r->nmarks++] = (struct bt_mark){ .at = at, .type = type, .from = (uint32_t)(p - r->sample), .n = n,
						 .depth = depth };
}

/* One element of all the same bytes, as it stands behind others. */
static void sample(struct bt *t, struct bt_map *m, struct bt_pattern *r, uint8_t *bytes, int byte, const char *first,
		   struct bu_buf *out)
{
	struct bu_buf keep = t->out.buf;

	memset(bytes, byte, m->info.key_size + m->vsize);
	r->nmarks = 0;
	r->sample = bytes;
	t->out.buf = (struct bu_buf){ 0 };
	bu_buf_str(&t->out.buf, first);
	m->marks = r;
	bt_put_elem(t, m, NULL, bytes, bytes + m->info.key_size, 0);
	m->marks = NULL;
	*out = t->out.buf;
	t->out.buf = keep;
}

/* Where the digits are: false: not only they differ. */
static bool find_digits(struct bt_pattern *r, const struct bt_map *m, const struct bu_buf *a, const struct bu_buf *b)
{
	size_t vn = m->info.value_size, i, k = 0, mark = 0;

	if (a->failed || b->failed || a->n != b->n || a->n > UINT32_MAX)
		return false;
	for (i = 0; i < a->n; i++) {
		while (mark < r->nmarks && r->mark[mark].at <= i)
			r->mark[mark++].digits = k;
		if (a->p[i] == b->p[i])
			continue;
		if (k == r->ndigits || i + 1 == a->n)
			return false;
		r->at[k++] = (uint32_t)i++;
	}
	while (mark < r->nmarks)
		r->mark[mark++].digits = k;
	/* none at all, where everything is by type */
	if (k != r->ndigits && (k || !r->nmarks))
		return false;
	r->ndigits = k;
	for (i = 0; i < k; i++)
		r->from[i] = (uint32_t)(i < r->ks ? i : r->ks + (i - r->ks) / vn * m->stride + (i - r->ks) % vn);
	return true;
}

static bool make_forms(struct bt *t, struct bt_pattern *r, const struct bt_map *m)
{
	for (size_t i = 0; i < r->nmarks; i++) {
		struct bt_mark *a = &r->mark[i];

		for (size_t k = i; k-- > 0 && !a->form;)
			if (r->mark[k].type == a->type && r->mark[k].depth == a->depth && r->mark[k].n == a->n)
				a->form = r->mark[k].form;
		if (a->form)
			continue;
		a->form = bu_btf_form_make(m->btf, a->type, a->n, t->json, t->out.pretty, a->depth);
		a->owned = true;
		if (!a->form)
			return false;
	}
	return true;
}

void bt_pattern_make(struct bt *t, struct bt_map *m, struct bt_pattern *r, const char *first)
{
	size_t kn = m->info.key_size, digits = kn + (size_t)m->info.value_size * m->ncpus;
	struct bu_buf zeros = { 0 }, ones = { 0 };
	uint8_t *bytes;

	*r = (struct bt_pattern){ .tried = true, .ks = kn, .ndigits = digits };
	if (digits > ROW_BYTES || m->info.type == BPF_MAP_TYPE_STACK_TRACE)
		return;
	bytes = malloc(kn + m->vsize + 8);
	if (!bytes)
		return;
	sample(t, m, r, bytes, 0, first, &zeros);
	sample(t, m, r, bytes, 0xff, first, &ones);
	free(bytes);
	r->at = malloc((digits + 1) * sizeof(*r->at));
	r->from = malloc((digits + 1) * sizeof(*r->from));
	if (r->failed || !r->at || !r->from || !find_digits(r, m, &zeros, &ones) || !make_forms(t, r, m)) {
		clear(r);
		bu_buf_free(&zeros);
	} else {
		r->text = (char *)zeros.p;
		r->n = zeros.n;
	}
	bu_buf_free(&ones);
}

/* Digits [i, end) of one element into what stands at o, which begins with byte start of the text. */
static inline void put_digits(const struct bt_pattern *r, size_t i, size_t end, uint8_t *o, const uint8_t *key,
			      const uint8_t *value)
{
	for (; i < end && i < r->ks; i++)
		memcpy(o + r->at[i], bt_hex_pairs[key[i]], 2);
	for (; i < end; i++)
		memcpy(o + r->at[i], bt_hex_pairs[value[r->from[i] - r->ks]], 2);
}

static void put_typed(const struct bt_pattern *r, struct bu_buf *b, const uint8_t *key, const uint8_t *value)
{
	size_t from = 0, digit = 0;
	uint8_t *o;

	for (size_t i = 0; i < r->nmarks; i++) {
		const struct bt_mark *a = &r->mark[i];

		o = bu_buf_room(b, a->at - from);
		if (!o)
			return;
		memcpy(o, r->text + from, a->at - from);
		put_digits(r, digit, a->digits, o - from, key, value);
		b->n += a->at - from;
		bu_btf_form_put(a->form, b, a->from < r->ks ? key + a->from : value + (a->from - r->ks));
		from = a->at;
		digit = a->digits;
	}
	o = bu_buf_room(b, r->n - from);
	if (!o)
		return;
	memcpy(o, r->text + from, r->n - from);
	put_digits(r, digit, r->ndigits, o - from, key, value);
	b->n += r->n - from;
}

void bt_pattern_put(struct bt *t, const struct bt_pattern *r, const uint8_t *key, const uint8_t *value, size_t stride,
		    uint32_t n)
{
	struct bu_buf *b = &t->out.buf;
	uint8_t *o;

	for (; n && !t->out.err; n--, key += r->ks, value += stride) {
		if (b->n >= BT_OUT_BLOCK)
			bu_out_flush(&t->out);
		if (r->nmarks) {
			put_typed(r, b, key, value);
			continue;
		}
		o = bu_buf_room(b, r->n);
		if (!o)
			return;
		b->n += r->n;
		memcpy(o, r->text, r->n);
		put_digits(r, 0, r->ndigits, o, key, value);
	}
}
