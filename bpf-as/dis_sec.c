/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A section: its heading, what symbols say of themselves, labels, and its contents between them. */
#include <stdlib.h>

#include "bpf-as/dis.h"

/* More symbols than these that lie in one another get their sizes as numbers. */
#define MAX_OPEN 16

bool dis_is_code(const struct bu_sec *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_EXECINSTR) && s->data && s->size;
}

/* ---------------------------------------------------------------- heading */

static void flags(struct bu_buf *out, const struct bu_sec *s)
{
	static const struct { uint64_t flag; char c; } letters[] = {
		{ SHF_ALLOC, 'a' }, { SHF_WRITE, 'w' }, { SHF_EXECINSTR, 'x' }, { SHF_MERGE, 'M' },
		{ SHF_STRINGS, 'S' }, { SHF_EXCLUDE, 'e' }, { SHF_TLS, 'T' }, { SHF_GNU_RETAIN, 'R' },
	};
	uint64_t left = s->flags;
	char text[16];
	size_t n = 0;

	for (size_t i = 0; i < BU_ARRAY_SIZE(letters); i++)
		if (left & letters[i].flag) {
			text[n++] = letters[i].c;
			left &= ~letters[i].flag;
		}
	if (s->group)
		text[n++] = 'G';
	if (s->link && (left & SHF_LINK_ORDER)) {
		text[n++] = 'o';
		left &= ~(uint64_t)SHF_LINK_ORDER;
	}
	text[n] = 0;
	if (left && !s->group && !s->link)
		bu_buf_printf(out, ", \"0x%llx\"", (unsigned long long)s->flags);
	else
		bu_buf_printf(out, ", \"%s\"", text);
}

static bool plain_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s > '~' || *s == ',' || *s == ';' || *s == '"' || *s == '\'' || *s == '#' ||
		    (*s == '/' && (s[1] == '/' || s[1] == '*')))
			return false;
	return true;
}

static void type(struct bu_buf *out, const struct bu_sec *s)
{
	switch (s->type) {
	case SHT_PROGBITS: bu_buf_str(out, ", @progbits"); break;
	case SHT_NOBITS: bu_buf_str(out, ", @nobits"); break;
	case SHT_NOTE: bu_buf_str(out, ", @note"); break;
	default: bu_buf_printf(out, ", @0x%x", s->type);
	}
}

/* Which of several of this name? */
static unsigned twin(const struct dis *d, uint32_t k)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < k && d->o.nsecs < 1000; i++)
		n += d->o.secs[i].group == d->o.secs[k].group && d->o.secs[i].link == d->o.secs[k].link &&
		     !strcmp(d->o.secs[i].name, d->o.secs[k].name);
	return n;
}

static void heading(struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];
	struct bu_buf *out = d->out;
	unsigned n = twin(d, k);

	bu_buf_char(out, '\n');
	if (!strcmp(s->name, ".text") && s->flags == (SHF_ALLOC | SHF_EXECINSTR) && !n &&
	    s->type == SHT_PROGBITS && !s->entsize && !s->group && !s->link) {
		bu_buf_str(out, "\t.text\n");
	} else {
		bu_buf_str(out, "\t.section\t");
		if (plain_name(s->name))
			bu_buf_str(out, s->name);
		else
			dis_quoted(out, s->name, strlen(s->name));
		flags(out, s);
		type(out, s);
		if (s->flags & SHF_MERGE)
			bu_buf_printf(out, ", %llu", (unsigned long long)s->entsize);
		if (s->group) {
			const struct bu_group *g = &d->o.groups[s->group - 1];

			bu_buf_printf(out, ", %s%s", d->name[g->sym] ? d->name[g->sym] : "?",
				      g->comdat ? ", comdat" : "");
		}
		if (s->link)
			bu_buf_printf(out, ", %s", d->o.secs[s->link - 1].name);
		if (s->entsize && !(s->flags & SHF_MERGE))
			bu_buf_printf(out, ", entsize=%llu", (unsigned long long)s->entsize);
		if (n)
			bu_buf_printf(out, ", unique, %u", n);
		bu_buf_char(out, '\n');
	}
	if (s->align > 1)
		bu_buf_printf(out, "\t.balign\t%llu\n", (unsigned long long)s->align);
}

/* ---------------------------------------------------------------- symbols */

static void symbol_type(struct bu_buf *out, const char *name, unsigned t)
{
	static const char *const words[] = { NULL, "object", "function", NULL, "file", "common", "tls_object" };

	if (t == STT_NOTYPE)
		return;
	if (t < BU_ARRAY_SIZE(words) && words[t])
		bu_buf_printf(out, "\t.type\t%s, @%s\n", name, words[t]);
	else
		bu_buf_printf(out, "\t.type\t%s, @%u\n", name, t);
}

static void attributes(struct dis *d, uint32_t i)
{
	static const char *const vis[] = { NULL, "internal", "hidden", "protected" };
	const struct bu_sym *s = &d->o.syms[i];
	const char *name = d->name[i];

	if (d->renamed[i]) {
		bu_buf_printf(d->out, "\t.rename\t%s, ", name);
		dis_quoted(d->out, s->name, strlen(s->name));
		bu_buf_char(d->out, '\n');
	}
	if (s->bind == STB_WEAK)
		bu_buf_printf(d->out, "\t.weak\t%s\n", name);
	else if (s->bind == STB_GLOBAL && s->sec != BU_SEC_UNDEF)
		bu_buf_printf(d->out, "\t.globl\t%s\n", name);
	if (s->vis)
		bu_buf_printf(d->out, "\t.%s\t%s\n", vis[s->vis & 3], name);
	symbol_type(d->out, name, s->type);
}

static void size_number(struct dis *d, uint32_t i)
{
	bu_buf_printf(d->out, "\t.size\t%s, %llu\n", d->name[i], (unsigned long long)d->o.syms[i].size);
}

/* Symbols that are in no section: undefined, absolute. */
void dis_loose_symbols(struct dis *d)
{
	for (uint32_t i = 0; i < d->o.nsyms; i++) {
		const struct bu_sym *s = &d->o.syms[i];

		if (!d->name[i] || s->sec < d->o.nsecs)
			continue;
		if (s->sec == BU_SEC_UNDEF) {
			bu_buf_printf(d->out, "\t.extern\t%s\n", d->name[i]);
			attributes(d, i);
		} else if (s->sec == BU_SEC_ABS) {
			bu_buf_printf(d->out, "\t.set\t%s, %llu\n", d->name[i], (unsigned long long)s->value);
			if (s->bind == STB_LOCAL)
				bu_buf_printf(d->out, "\t.local\t%s\n", d->name[i]);
			attributes(d, i);
		} else if (s->sec == BU_SEC_COMMON) {
			bu_buf_printf(d->out, "\t.comm\t%s, %llu, %llu\n", d->name[i], (unsigned long long)s->size,
				      (unsigned long long)s->value);
			attributes(d, i);
			continue;
		} else { /* a group's signature, which the section's heading makes */
			continue;
		}
		if (s->size)
			size_number(d, i);
	}
}

/* ---------------------------------------------------------------- contents */

struct walk {
	uint32_t open[MAX_OPEN]; /* symbols whose ends are to come */
	unsigned nopen;
};

static void close_at(struct dis *d, struct walk *w, uint64_t off)
{
	for (unsigned i = 0; i < w->nopen;) {
		const struct bu_sym *s = &d->o.syms[w->open[i]];

		if (s->value + s->size != off) {
			i++;
			continue;
		}
		bu_buf_printf(d->out, "\t.size\t%s, .-%s\n", d->name[w->open[i]], d->name[w->open[i]]);
		memmove(&w->open[i], &w->open[i + 1], (w->nopen - i - 1) * sizeof(*w->open));
		w->nopen--;
	}
}

static void labels_at(struct dis *d, struct walk *w, uint32_t k, uint64_t off)
{
	uint32_t end = d->sec[k].sym + d->sec[k].nsym;
	bool code = d->sec[k].at != NULL;
	uint8_t at = code && off % 8 == 0 ? d->sec[k].at[off / 8] : 0;

	for (uint32_t i = d->sec[k].nsym ? dis_first_sym(d, k, off) : end; i < end; i++) {
		uint32_t y = d->order[i];
		const struct bu_sym *s = &d->o.syms[y];

		if (s->value != off)
			break;
		if (s->type == STT_FUNC && off)
			bu_buf_char(d->out, '\n');
		attributes(d, y);
		bu_buf_printf(d->out, "%s:\n", d->name[y]);
		if (!s->size)
			continue;
		if (w->nopen < MAX_OPEN)
			w->open[w->nopen++] = y;
		else
			size_number(d, y);
	}
	if (code && off % 8 == 0 ? (at & AT_REF) || ((at & AT_JUMP) && !(at & AT_SYM) && !d->check)
				 : dis_marked(d, k, off)) {
		dis_put_mark(d, d->out, k, off);
		bu_buf_str(d->out, ":\n");
	}
}

/* The next place behind off where something is to be said. */
static uint64_t next_stop(const struct dis *d, const struct walk *w, uint32_t k, uint64_t off, bool code)
{
	uint64_t end = d->o.secs[k].size;
	uint32_t i = dis_first_sym(d, k, off + 1);
	size_t m;

	for (unsigned n = 0; n < w->nopen; n++) {
		const struct bu_sym *s = &d->o.syms[w->open[n]];

		if (s->value + s->size > off && s->value + s->size < end)
			end = s->value + s->size;
	}
	if (i < d->sec[k].sym + d->sec[k].nsym && d->o.syms[d->order[i]].value < end)
		end = d->o.syms[d->order[i]].value;
	m = d->nmarks ? dis_first_mark(d, k, off + 1) : 0;
	if (m < d->nmarks && d->marks[m].sec == k && d->marks[m].off < end)
		end = d->marks[m].off;
	(void)code; /* marks in code are found on the way */
	return end;
}

void dis_section(struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];
	bool code = d->sec[k].at != NULL;
	struct walk w = { .nopen = 0 };
	uint64_t off = 0, stop = 0;

	d->sec[k].from = d->out->n;
	heading(d, k);
	if (!(!d->sec[k].nsym && d->sec[k].level < LEVEL_PLAIN &&
	      ((!strcmp(s->name, ".BTF") && dis_btf(d, k)) || (!strcmp(s->name, ".BTF.ext") && dis_btf_ext(d, k)))))
		for (;;) {
			if (off == stop)
				close_at(d, &w, off);
			dis_flush(d);
			labels_at(d, &w, k, off);
			if (off >= s->size || d->out->failed)
				break;
			if (off == stop)
				stop = next_stop(d, &w, k, off, code);
			if (code) {
				off = dis_code(d, k, off, stop);
			} else {
				dis_data(d, k, off, stop);
				off = stop;
			}
		}
	d->sec[k].to = d->out->n;
}
