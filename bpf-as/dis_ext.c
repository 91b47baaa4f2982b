/* SPDX-License-Identifier: GPL-2.0-or-later */
/* .BTF.ext as numbers, a record a line, with the function, the line of the source or the field beside. */
#include "bpf-as/dis.h"

struct ext {
	struct dis *d;
	struct dis_words w;
	const uint8_t *p;
	uint64_t n;
	struct bu_btf btf;
	bool has_btf;
	uint32_t k;
	/* lines: "FILE:" as last printed, and which it is */
	struct bu_buf from;
	size_t file_len;
	uint32_t file;
	/* one_of_many(): the file that was said, if any */
	uint32_t said;
	bool any;
};

/* Records of a list that a check has; others are numbers like these. */
#define EXAMPLES 64
/* Lines of a section from which on they are said shortly. */
#define MANY 65536

static uint32_t word(const struct ext *e, uint64_t at)
{
	return bu_get32(e->p + at, e->d->o.be);
}

static const char *str(const struct ext *e, uint32_t off)
{
	return e->has_btf ? bu_btf_str(&e->btf, off) : "";
}

/* ---------------------------------------------------------------- records */

static void func(struct ext *e, uint64_t at, uint32_t size)
{
	struct bu_btf_type t;

	(void)size;
	if (e->has_btf && !bu_btf_get(&e->btf, word(e, at + 4), &t))
		dis_put_clean(e->d->out, t.name);
}

static void line(struct ext *e, uint64_t at, uint32_t size)
{
	uint32_t at_line = word(e, at + 12), file = word(e, at + 4);
	struct bu_buf *out = e->d->out;
	const char *text;
	char *p, *start;

	if (size < 16)
		return;
	if (!e->file_len || e->file != file) {
		e->from.n = 0;
		dis_put_clean(&e->from, str(e, file));
		bu_buf_char(&e->from, ':');
		e->file = file;
		e->file_len = e->from.n;
	}
	p = start = (char *)bu_buf_room(out, e->file_len + 2 * BU_PUT_MAX + 3);
	if (!p)
		return;
	p = bu_put_u64(bu_put_mem(p, e->from.p, e->file_len), at_line >> 10);
	*p++ = ':';
	p = bu_put_mem(bu_put_u64(p, at_line & 1023), ": ", 2);
	out->n += (size_t)(p - start);
	text = str(e, word(e, at + 8));
	while (*text == ' ' || *text == '\t')
		text++;
	dis_put_clean(out, text);
}

/*
 * One of very many: line and column as what they make, without their text, which is among the strings.
 * The file is said where it changes.
 */
static void one_of_many(struct ext *e, uint64_t at)
{
	uint32_t file = word(e, at + 4), text = word(e, at + 8), at_line = word(e, at + 12);
	struct bu_buf *out = e->d->out;
	char *p, *start;

	p = start = (char *)bu_buf_room(out, 6 * BU_PUT_MAX);
	if (!p)
		return;
	p = bu_put_hex(bu_put_mem(p, "\t.4byte\t", 8), word(e, at));
	p = bu_put_u64(bu_put_mem(p, ", ", 2), file);
	p = bu_put_u64(bu_put_mem(p, ", ", 2), text);
	p = bu_put_u64(bu_put_mem(p, ", ", 2), at_line >> 10);
	p = bu_put_u64(bu_put_mem(p, " << 10 | ", 9), at_line & 1023);
	out->n += (size_t)(p - start);
	if (!e->any || e->said != file) {
		bu_buf_add(out, "\t#     ", 7);
		dis_put_clean(out, str(e, file));
		e->said = file;
		e->any = true;
	}
	bu_buf_char(out, '\n');
}

static void core(struct ext *e, uint64_t at, uint32_t size)
{
	static const char *const kinds[] = {
		"byte offset", "byte size", "exists", "is signed", "left shift", "right shift", "local type id",
		"target type id", "type exists", "type size", "enumerator exists", "enumerator's value",
		"type matches",
	};
	uint32_t kind;

	if (size < 16)
		return;
	if (e->has_btf)
		dis_put_type(e->d->out, &e->btf, word(e, at + 4), 0);
	bu_buf_char(e->d->out, ' ');
	dis_put_clean(e->d->out, str(e, word(e, at + 8)));
	kind = word(e, at + 12);
	bu_buf_printf(e->d->out, ": %s", kind < BU_ARRAY_SIZE(kinds) ? kinds[kind] : "?");
}

/* One of the three lists: the size of a record, then for each section its name, a count and records. */
static bool list_is_whole(const struct ext *e, uint64_t at, uint64_t len)
{
	uint64_t end = at + len;
	uint32_t size;

	if (!len)
		return true;
	if (len < 4)
		return false;
	size = word(e, at);
	if (size < 8 || size > 4096 || size % 4)
		return false;
	for (at += 4; at < end;) {
		uint32_t n;

		if (end - at < 8)
			return false;
		n = word(e, at + 4);
		if (n > (end - at - 8) / size)
			return false;
		at += 8 + (uint64_t)n * size;
	}
	return true;
}

static void list(struct ext *e, uint64_t at, uint64_t len, const char *what,
		 void (*say)(struct ext *e, uint64_t at, uint32_t size))
{
	struct dis *d = e->d;
	bool check = d->check && !d->sec[e->k].nrel;
	uint64_t end = at + len;
	uint32_t size;

	if (!len)
		return;
	size = word(e, at);
	dis_words(&e->w, at, 1);
	bu_buf_printf(d->out, "\t# %s: bytes of a record\n", what);
	for (at += 4; at < end;) {
		uint32_t n = word(e, at + 4);

		dis_words(&e->w, at, 2);
		bu_buf_str(d->out, "\t# section ");
		dis_put_clean(d->out, str(e, word(e, at)));
		bu_buf_str(d->out, ", number of records\n");
		at += 8;
		for (uint32_t i = 0; i < n && !d->out->failed; i++, at += size) {
			if (check && i == EXAMPLES) {
				dis_skip(d, e->k, at, (uint64_t)(n - i) * size);
				at += (uint64_t)(n - i) * size;
				break;
			}
			if (n >= MANY && say == line && size == 16 && !d->sec[e->k].nrel) {
				one_of_many(e, at);
				dis_flush(d);
				continue;
			}
			dis_words(&e->w, at, size / 4);
			bu_buf_add(d->out, "\t#     ", 7);
			say(e, at, size);
			bu_buf_char(d->out, '\n');
			dis_flush(d);
		}
	}
}

static bool contents(struct ext *e)
{
	uint64_t hdr, at[3] = { 0 }, len[3] = { 0 };

	if (e->n < 24 || bu_get16(e->p, e->d->o.be) != 0xeb9f)
		return false;
	hdr = word(e, 4);
	if ((hdr != 24 && hdr != 32) || hdr > e->n)
		return false;
	for (unsigned i = 0; i < (hdr - 8) / 8; i++) {
		at[i] = hdr + word(e, 8 + 8 * i);
		len[i] = word(e, 12 + 8 * i);
	}
	/* in this order and without gaps, as all have it */
	if (at[0] != hdr || at[1] != at[0] + len[0] || (hdr == 32 && at[2] != at[1] + len[1]) ||
	    at[1] + len[1] + len[2] != e->n || !list_is_whole(e, at[0], len[0]) ||
	    !list_is_whole(e, at[1], len[1]) || !list_is_whole(e, at[2], len[2]))
		return false;
	bu_buf_printf(e->d->out, "\t.2byte\t0xeb9f\t# magic\n\t.byte\t%u, %u\t# version, flags\n", e->p[2], e->p[3]);
	dis_words(&e->w, 4, 1);
	bu_buf_str(e->d->out, "\t# bytes of the header\n");
	dis_words(&e->w, 8, 2);
	bu_buf_str(e->d->out, "\t# functions: where behind the header, bytes\n");
	dis_words(&e->w, 16, 2);
	bu_buf_str(e->d->out, "\t# lines\n");
	if (hdr == 32) {
		dis_words(&e->w, 24, 2);
		bu_buf_str(e->d->out, "\t# fields to be relocated\n");
	}
	list(e, at[0], len[0], "functions", func);
	list(e, at[1], len[1], "lines", line);
	list(e, at[2], len[2], "fields", core);
	return true;
}

bool dis_btf_ext(struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];
	uint32_t b = bu_obj_sec_by_name(&d->o, ".BTF");
	struct ext e = { .d = d, .k = k, .p = s->data, .n = s->size };
	bool ok;

	if (!s->data || s->size % 4)
		return false;
	dis_words_init(&e.w, d, k);
	e.has_btf = b != BU_SEC_UNDEF && d->o.secs[b].data &&
		    !bu_btf_parse(&e.btf, d->o.secs[b].data, d->o.secs[b].size, NULL, "", NULL);
	ok = contents(&e);
	if (e.has_btf)
		bu_btf_free(&e.btf);
	bu_buf_free(&e.from);
	return ok;
}
