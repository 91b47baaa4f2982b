/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data: strings where it is text, else numbers; places by name, and .reloc where no name says it. */
#include "bpf-as/dis.h"

#define STRING_MAX 4096

/* What stands behind a backslash for a byte in quotes; 1: its number in octal; 0: it stands for itself. */
static const uint8_t escapes[256] = {
	[0 ... '\t' - 1] = 1, ['\t'] = 't', ['\n'] = 'n', ['\n' + 1 ... ' ' - 1] = 1, ['"'] = '"',
	['\\'] = '\\', [0x7f ... 0xff] = 1,
};

/* Do the next eight bytes stand for themselves? */
static bool all_plain(const uint8_t *q)
{
	const uint64_t ones = 0x0101010101010101u, top = 0x80 * ones;
	uint64_t x, quote, slash;

	memcpy(&x, q, 8);
	quote = x ^ '"' * ones;
	slash = x ^ '\\' * ones;
	/* a byte is below ' ', is above '~', is zero now */
	return !((x | (x - ' ' * ones) | (x + ones) | (quote - ones) | (slash - ones)) & top);
}

static void inside(struct bu_buf *out, const uint8_t *q, size_t n)
{
	char *p = (char *)bu_buf_room(out, n * 4), *start = p;

	for (const uint8_t *e = q + n; p && q < e; q++) {
		uint8_t esc;

		for (; e - q > 8 && all_plain(q); q += 8, p += 8)
			memcpy(p, q, 8);
		esc = escapes[*q];

		if (!esc) {
			*p++ = (char)*q;
			continue;
		}
		*p++ = '\\';
		if (esc > 1) {
			*p++ = (char)esc;
		} else {
			*p++ = (char)('0' + (*q >> 6));
			*p++ = (char)('0' + (*q >> 3 & 7));
			*p++ = (char)('0' + (*q & 7));
		}
	}
	out->n += (size_t)(p - start);
}

void dis_quoted(struct bu_buf *out, const char *text, size_t n)
{
	const uint8_t *p = (const uint8_t *)text;

	bu_buf_char(out, '"');
	for (size_t i = 0; i < n; i += STRING_MAX)
		inside(out, p + i, n - i < STRING_MAX ? n - i : STRING_MAX);
	bu_buf_char(out, '"');
}

uint64_t dis_get(const struct dis *d, const uint8_t *p, unsigned n)
{
	switch (n) {
	case 1: return *p;
	case 2: return bu_get16(p, d->o.be);
	case 4: return bu_get32(p, d->o.be);
	default: return bu_get64(p, d->o.be);
	}
}

/* ---------------------------------------------------------------- strings */

static bool printable(uint8_t c)
{
	return (c >= ' ' && c <= '~') || c == '\n' || c == '\t';
}

/* Strings, each with its end, and nothing else? any: a section of strings, whatever they hold. */
static bool is_text(const uint8_t *p, uint64_t n, bool any)
{
	uint64_t letters = 0;

	if (n < 2 || p[n - 1])
		return any && n && !p[n - 1];
	if (any)
		return true;
	for (uint64_t i = 0; i < n; i++) {
		if (!p[i] ? !letters : !printable(p[i]))
			return false;
		letters = p[i] ? letters + 1 : 0;
	}
	return true;
}

static void strings(struct dis *d, const uint8_t *p, uint64_t n)
{
	while (n) {
		uint64_t len = strnlen((const char *)p, n);

		if (len > STRING_MAX || len == n) {
			len = len > STRING_MAX ? STRING_MAX : len;
			bu_buf_str(d->out, "\t.ascii\t");
			dis_quoted(d->out, (const char *)p, len);
		} else {
			bu_buf_str(d->out, "\t.asciz\t");
			dis_quoted(d->out, (const char *)p, len);
			len++;
		}
		bu_buf_char(d->out, '\n');
		p += len;
		n -= len;
	}
}

/* ---------------------------------------------------------------- numbers */

static void numbers(struct dis *d, const uint8_t *p, uint64_t n, unsigned size, unsigned per_line)
{
	static const char *const names[] = { "", ".byte", ".2byte", "", ".4byte", "", "", "", ".8byte" };

	for (uint64_t i = 0; i < n; i += size) {
		unsigned col = (unsigned)(i / size % per_line);
		uint64_t v = dis_get(d, p + i, size);

		if (!col)
			bu_buf_printf(d->out, "%s\t%s\t", i ? "\n" : "", names[size]);
		else
			bu_buf_str(d->out, ", ");
		if (v < 10)
			bu_buf_u64(d->out, v);
		else
			bu_buf_hex(d->out, v);
	}
	bu_buf_char(d->out, '\n');
}

/* Bytes without relocations: runs of zeros, numbers as large as they are aligned. */
static void plain(struct dis *d, const struct bu_sec *s, uint64_t from, uint64_t to)
{
	while (from < to) {
		uint64_t n = to - from, zeros = 0, i;
		unsigned size = 8;

		while (zeros < n && !s->data[from + zeros])
			zeros++;
		if (zeros > 16 || (zeros == n && zeros > 8)) {
			bu_buf_printf(d->out, "\t.zero\t%llu\n", (unsigned long long)zeros);
			from += zeros;
			continue;
		}
		/* up to the next long run of zeros */
		for (i = 0, zeros = 0; i < n; i++) {
			zeros = s->data[from + i] ? 0 : zeros + 1;
			if (zeros > 16) {
				n = i + 1 - zeros;
				break;
			}
		}
		if (!(s->flags & SHF_ALLOC))
			size = 1;
		while (size > 1 && (from % size || size > s->align || n < size))
			size /= 2;
		if (size == 1) {
			/* up to where larger ones fit */
			if (s->flags & SHF_ALLOC && s->align > 1 && from % s->align && n > s->align - from % s->align)
				n = s->align - from % s->align;
			numbers(d, s->data + from, n, 1, 16);
		} else {
			n -= n % size;
			numbers(d, s->data + from, n, size, 32 / size);
		}
		from += n;
	}
}

/* ---------------------------------------------------------------- places */

void dis_data(struct dis *d, uint32_t k, uint64_t from, uint64_t to)
{
	const struct bu_sec *s = &d->o.secs[k];
	uint32_t r = dis_first_rel(d, k, from), rend = d->sec[k].rel + d->sec[k].nrel;

	if (from >= to)
		return;
	if (!s->data) {
		bu_buf_printf(d->out, "\t.zero\t%llu\n", (unsigned long long)(to - from));
		return;
	}
	while (from < to && !d->out->failed) {
		uint64_t stop;

		for (; r < rend && from < to && d->o.rels[r].off == from; r++) {
			unsigned size = d->o.rels[r].type == BU_R_BPF_64_ABS64 ? 8 : 4;

			if (d->plan[r] == PLAN_EXPR && to - from >= size &&
			    (r + 1 == rend || d->o.rels[r + 1].off >= from + size)) {
				bu_buf_printf(d->out, "\t.%ubyte\t", size);
				dis_put_ref(d, d->out, &d->o.rels[r]);
				bu_buf_char(d->out, '\n');
				from += size;
			} else {
				dis_put_reloc(d, &d->o.rels[r], 0);
			}
		}
		stop = r < rend && d->o.rels[r].off < to ? d->o.rels[r].off : to;
		if (stop <= from)
			continue;
		if (is_text(s->data + from, stop - from, s->flags & SHF_STRINGS))
			strings(d, s->data + from, stop - from);
		else
			plain(d, s, from, stop);
		from = stop;
	}
}
