/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a case file. */
#include "runcase.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct bu_str trim(struct bu_str s)
{
	while (s.n && is_blank(*s.p))
		s.p++, s.n--;
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct bu_str word(struct bu_str *s)
{
	struct bu_str w = { 0 };

	*s = trim(*s);
	w.p = s->p;
	while (s->n && !is_blank(*s->p))
		s->p++, s->n--, w.n++;
	return w;
}

static int bad(struct file *f, unsigned no, const char *why, struct bu_str what)
{
	snprintf(f->error, sizeof(f->error), "line %u: %s: %.*s", no, why, (int)what.n, what.p);
	return -EINVAL;
}

size_t value_parse(struct bu_str s, uint8_t *out, size_t size, bool *ok)
{
	uint64_t v;
	size_t n = 0, i = 0;
	bool neg;

	*ok = true;
	memset(out, 0, size);
	if (s.n && s.p[0] == '"') {
		for (i = 1; i < s.n && s.p[i] != '"'; i++)
			if (n < size)
				out[n++] = (uint8_t)s.p[i];
			else
				*ok = false;
		return i < s.n ? i + 1 : (*ok = false, 0);
	}
	if (s.n && s.p[0] == '{') {
		for (i = 1; i < s.n && s.p[i] != '}';) {
			int a, b;

			if (is_blank(s.p[i])) {
				i++;
				continue;
			}
			a = bu_hex_digit(s.p[i]);
			b = i + 1 < s.n ? bu_hex_digit(s.p[i + 1]) : -1;
			if (a < 0 || b < 0 || n == size) {
				*ok = false;
				return 0;
			}
			out[n++] = (uint8_t)(a << 4 | b);
			i += 2;
		}
		*ok = n == size && i < s.n;
		return i + 1;
	}
	while (n < s.n && !is_blank(s.p[n]) && s.p[n] != ']')
		n++;
	if (!n || bu_str_u64(bu_str(s.p, n), &v, &neg)) {
		*ok = false;
		return 0;
	}
	/* In the byte order of this machine, as programs see it. */
	for (i = 0; i < size; i++) {
		uint8_t b = i < 8 ? (uint8_t)(v >> 8 * i) : neg ? 0xff : 0;

		out[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? i : size - 1 - i] = b;
	}
	return n;
}

/* ---------------------------------------------------------------- sections */

static void add_line(struct file *f, struct lines *l, struct bu_str text, unsigned no)
{
	struct line *at = bu_arena_grow(&f->arena, l->at, l->n, &l->cap, sizeof(*at));

	if (!at)
		return;
	l->at = at;
	at[l->n++] = (struct line){ text, no };
}

static struct one *new_one(struct file *f, unsigned no)
{
	struct one *o = bu_arena_grow(&f->arena, f->ones, f->nones, &f->cap_ones, sizeof(*o));

	if (!o)
		return NULL;
	f->ones = o;
	o += f->nones++;
	memset(o, 0, sizeof(*o));
	o->no = no;
	return o;
}

/* Hex bytes, "text", or zero*N, until the line ends. */
static int add_bytes(struct file *f, struct bytes *b, struct bu_str s, unsigned no)
{
	uint8_t *p = bu_arena_alloc(&f->arena, b->n + 70000);
	struct bu_str w;
	uint64_t n;
	int x, y;

	if (!p)
		return -ENOMEM;
	if (b->n)
		memcpy(p, b->p, b->n);
	b->p = p;
	b->given = true;
	for (w = word(&s); w.n; w = word(&s)) {
		if (w.n > 3 && bu_hex_digit(w.p[0]) >= 0 && bu_hex_digit(w.p[1]) >= 0 && w.p[2] == '*' &&
		    !bu_str_u64(bu_str(w.p + 3, w.n - 3), &n, NULL) && n < 65536) {
			memset(b->p + b->n, bu_hex_digit(w.p[0]) << 4 | bu_hex_digit(w.p[1]), n);
			b->n += n;
			continue;
		}
		for (size_t i = 0; i < w.n; i += 2) {
			x = bu_hex_digit(w.p[i]);
			y = i + 1 < w.n ? bu_hex_digit(w.p[i + 1]) : -1;
			if (x < 0 || y < 0)
				return bad(f, no, "bytes are pairs of hex digits, or XX*COUNT", w);
			b->p[b->n++] = (uint8_t)(x << 4 | y);
		}
		if (s.n && b->n > 60000)
			return bad(f, no, "too many bytes", w);
	}
	return 0;
}

static int columns(struct file *f, struct bu_str s, unsigned no)
{
	struct bu_str w;

	f->ncol = 0;
	for (w = word(&s); w.n; w = word(&s)) {
		if (f->ncol == BU_ARRAY_SIZE(f->col))
			return bad(f, no, "too many columns", w);
		f->col[f->ncol++] = (struct column){ w, *w.p == '$' };
	}
	return 0;
}

/* "1 0xff = 0x100" */
static int row(struct file *f, struct bu_str s, unsigned no)
{
	struct one *o = new_one(f, no);
	struct line *l = bu_arena_alloc(&f->arena, sizeof(*l));
	struct bu_str w;
	bool ok, neg;

	if (!o || !l)
		return -ENOMEM;
	*l = (struct line){ s, no };
	o->row = l;
	o->packet = f->packet;
	o->ctx.p = bu_arena_alloc(&f->arena, 8 * f->ncol + 8);
	for (unsigned i = 0; i < f->ncol; i++) {
		w = word(&s);
		if (!w.n)
			return bad(f, no, "fewer values than columns", l->text);
		if (f->col[i].text)
			continue;
		value_parse(w, o->ctx.p + o->ctx.n, 8, &ok);
		if (!ok)
			return bad(f, no, "not a number", w);
		o->ctx.n += 8;
		o->ctx.given = true;
	}
	w = word(&s);
	if (!bu_str_is(w, "="))
		return bad(f, no, "no = behind the values", l->text);
	w = word(&s);
	o->has_ret = true;
	if (bu_str_u64(w, &o->ret, &neg) || trim(s).n)
		return bad(f, no, "not a number", w);
	return 0;
}

static int header(struct file *f, struct bu_str s, unsigned no)
{
	static const char *const kernels[] = {
		[KERNEL_SAME] = "same", [KERNEL_PLAIN] = "plain", [KERNEL_LOADS] = "loads",
		[KERNEL_REFUSES] = "refuses", [KERNEL_NONE] = "none",
	};
	struct bu_str key = { s.p, 0 }, w;
	const char *colon = memchr(s.p, ':', s.n);
	uint64_t a;

	if (!colon)
		return bad(f, no, "neither KEY: VALUE nor -- SECTION", s);
	key.n = (size_t)(colon - s.p);
	s = trim(bu_str(colon + 1, s.n - key.n - 1));
	if (bu_str_is(key, "type")) {
		f->type = bu_arena_strndup(&f->arena, s.p, s.n);
	} else if (bu_str_is(key, "kernel")) {
		w = word(&s);
		for (unsigned i = 0; i < BU_ARRAY_SIZE(kernels); i++)
			if (bu_str_is(w, kernels[i])) {
				f->kernel = i;
				return 0;
			}
		return bad(f, no, "kernel: same, plain, loads, refuses, none", w);
	} else if (bu_str_is(key, "since")) {
		const char *dot = memchr(s.p, '.', s.n);
		uint64_t b;

		if (!dot || bu_str_u64(bu_str(s.p, (size_t)(dot - s.p)), &a, NULL) ||
		    bu_str_u64(bu_str(dot + 1, s.n - (size_t)(dot + 1 - s.p)), &b, NULL))
			return bad(f, no, "not a kernel's version", s);
		f->since = (unsigned)(a << 8 | b);
	} else if (bu_str_is(key, "load")) {
		w = word(&s);
		for (f->load_err = 1; f->load_err < 600; f->load_err++)
			if (bu_str_is(w, bu_errno_name(f->load_err)))
				break;
		if (f->load_err == 600)
			return bad(f, no, "not an errno", w);
		s = trim(s);
		f->load_text = bu_arena_strndup(&f->arena, s.p, s.n);
	} else if (bu_str_is(key, "env")) {
		add_line(f, &f->env, s, no);
	} else if (bu_str_is(key, "fault")) {
		f->fault = bu_arena_strndup(&f->arena, s.p, s.n);
		if (f->kernel == KERNEL_SAME)
			f->kernel = KERNEL_REFUSES;
	} else {
		return bad(f, no, "type, kernel, since, env, load, fault", key);
	}
	return 0;
}

enum section { S_HEAD, S_CODE, S_TABLE, S_CTX, S_PACKET, S_BEFORE, S_AFTER, S_WANT_PACKET, S_WANT_CTX,
	S_PRINTK, S_MEMORY, S_VERDICT, S_RETURN, S_NONE };

static int section(struct file *f, struct bu_str s, unsigned no, struct one **o, enum section *now)
{
	static const struct { const char *name; enum section s; } names[] = {
		{ "code", S_CODE }, { "table", S_TABLE }, { "context", S_CTX }, { "packet", S_PACKET },
		{ "before", S_BEFORE }, { "after", S_AFTER }, { "packet-after", S_WANT_PACKET },
		{ "context-after", S_WANT_CTX }, { "printk", S_PRINTK }, { "memory", S_MEMORY },
		{ "verdict", S_VERDICT },
		{ "return", S_RETURN }, { "case", S_NONE },
	};
	struct bu_str w = word(&s);

	s = trim(s);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++) {
		if (!bu_str_is(w, names[i].name))
			continue;
		*now = names[i].s;
		if (*now == S_CODE)
			return 0;
		if (*now == S_TABLE && *o && (*o)->packet.given && !(*o)->has_ret) {
			f->packet = (*o)->packet; /* no case of its own, but each row's */
			f->nones--;
			*o = NULL;
		}
		if (*now == S_TABLE)
			return columns(f, s, no);
		if (!*o || *now == S_NONE)
			*o = new_one(f, no);
		if (!*o)
			return -ENOMEM;
		if (*now == S_PRINTK)
			(*o)->want_printk_given = true;
		if (*now == S_RETURN) {
			bool neg;

			(*o)->has_ret = true;
			if (bu_str_u64(s, &(*o)->ret, &neg))
				return bad(f, no, "not a number", s);
		}
		return 0;
	}
	return bad(f, no, "no such section", w);
}

static int content(struct file *f, struct bu_str s, unsigned no, struct one *o, enum section now)
{
	switch (now) {
	case S_HEAD:
		return header(f, s, no);
	case S_TABLE:
		return row(f, s, no);
	case S_CTX:
		return add_bytes(f, &o->ctx, s, no);
	case S_PACKET:
		return add_bytes(f, &o->packet, s, no);
	case S_WANT_PACKET:
		return add_bytes(f, &o->want_packet, s, no);
	case S_WANT_CTX:
		return add_bytes(f, &o->want_ctx, s, no);
	case S_BEFORE:
		add_line(f, &o->before, s, no);
		return 0;
	case S_AFTER:
		add_line(f, &o->after, s, no);
		return 0;
	case S_VERDICT:
		add_line(f, &o->verdict, s, no);
		return 0;
	case S_MEMORY:
		add_line(f, &o->memory, s, no);
		return 0;
	default:
		return bad(f, no, "stands in no section", s);
	}
}

int file_read(struct file *f, const char *path)
{
	enum section now = S_HEAD;
	struct one *o = NULL;
	const char *p, *e;
	unsigned no = 0;
	int err;

	memset(f, 0, sizeof(*f));
	bu_arena_init(&f->arena);
	f->path = path;
	f->type = "syscall";
	err = bu_file_read(path, 1u << 20, &f->text);
	if (err) {
		snprintf(f->error, sizeof(f->error), "%s", bu_errno_name(err));
		return err;
	}
	p = (const char *)f->text.p;
	e = p + f->text.n;
	for (; p < e && !err; no++) {
		const char *nl = memchr(p, '\n', (size_t)(e - p));
		struct bu_str s = bu_str(p, (size_t)((nl ? nl : e) - p)), t = trim(s);

		p = nl ? nl + 1 : e;
		if (s.n > 2 && !memcmp(s.p, "-- ", 3)) {
			err = section(f, bu_str(s.p + 3, s.n - 3), no + 1, &o, &now);
			if (now == S_CODE)
				f->code = bu_str(p, 0);
		} else if (now == S_CODE) {
			f->code.n = (size_t)(p - f->code.p);
		} else if (now == S_PRINTK) {
			bu_buf_add(&o->want_printk, s.p, s.n);
			bu_buf_char(&o->want_printk, '\n');
		} else if (t.n && *t.p != '#') {
			err = content(f, t, no + 1, o, now);
		} else if (t.n && now == S_HEAD && !f->title[0]) {
			t = trim(bu_str(t.p + 1, t.n - 1));
			snprintf(f->title, sizeof(f->title), "%.*s", (int)t.n, t.p);
		}
	}
	if (!err && !f->code.n)
		err = bad(f, no, "no -- code", bu_str("", 0));
	if (!err && !f->nones && !f->load_err && !f->fault)
		err = bad(f, no, "nothing is expected", bu_str("", 0));
	if (!err && !f->nones && !new_one(f, 0))
		err = -ENOMEM;
	if (bu_arena_failed(&f->arena))
		err = -ENOMEM;
	return err;
}

void file_free(struct file *f)
{
	for (size_t i = 0; i < f->nones; i++)
		bu_buf_free(&f->ones[i].want_printk);
	bu_buf_free(&f->text);
	bu_arena_free(&f->arena);
}
