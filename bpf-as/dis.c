/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -d: an object as source that assembles again. Maps and the license come back as .map and
 * .license; BTF is left out, the assembler makes it anew. What is referred to and has no symbol
 * gets a label .Lsection_offset.
 */
#include <stdio.h>
#include <stdlib.h>

#include "bpf-as/as.h"

struct mark {
	uint32_t sec;
	uint64_t off;
};

struct dis {
	struct bu_obj o;
	struct bu_buf *out;
	struct bu_arena arena;
	bool indexed;
	uint32_t *order;      /* symbols by (section, value), those in sections only */
	uint32_t norder;
	struct mark *marks;   /* sorted, unique after sort_marks */
	size_t nmarks, cap_marks;
	uint32_t maps_sec, license_sec;
	/* the instruction being printed */
	uint32_t sec;
	const struct bu_rel *rel;
	const struct bu_insn *insn;
	bool *said;           /* of each relocation: the text has it */
};

static bool is_name(const char *s)
{
	if (!IS(*s, CL_START) || !s[1 + (*s == '.')])
		return IS(*s, CL_START) && *s != '.' && !s[1];
	while (IS(*s, CL_IDENT))
		s++;
	return !*s;
}

static bool is_shown(const struct bu_sym *s)
{
	return s->sec < BU_SEC_COMMON && s->type != STT_SECTION && s->type != STT_FILE && is_name(s->name);
}

/* ---------------------------------------------------------------- labels */

static const struct dis *sorting;
static int by_place(const void *a, const void *b)
{
	const struct bu_sym *x = &sorting->o.syms[*(const uint32_t *)a];
	const struct bu_sym *y = &sorting->o.syms[*(const uint32_t *)b];

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	/* of several at one place the function, then the global one speaks */
	if ((x->type == STT_FUNC) != (y->type == STT_FUNC))
		return x->type == STT_FUNC ? -1 : 1;
	if (x->bind != y->bind)
		return x->bind > y->bind ? -1 : 1;
	return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

static int by_mark(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	return x->off < y->off ? -1 : x->off > y->off;
}

/* Index into order of the first symbol at or behind a place. */
static uint32_t first_sym(const struct dis *d, uint32_t sec, uint64_t off)
{
	uint32_t lo = 0, hi = d->norder;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct bu_sym *s = &d->o.syms[d->order[mid]];

		if (s->sec < sec || (s->sec == sec && s->value < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct bu_sym *sym_at(const struct dis *d, uint32_t sec, uint64_t off)
{
	uint32_t i = first_sym(d, sec, off);
	const struct bu_sym *s;

	if (i == d->norder)
		return NULL;
	s = &d->o.syms[d->order[i]];
	return s->sec == sec && s->value == off ? s : NULL;
}

static void mark(struct dis *d, uint32_t sec, uint64_t off)
{
	if (sec >= d->o.nsecs || off > d->o.secs[sec].size || sym_at(d, sec, off))
		return;
	d->marks = bu_arena_grow(&d->arena, d->marks, d->nmarks, &d->cap_marks, sizeof(*d->marks));
	if (d->marks)
		d->marks[d->nmarks++] = (struct mark){ sec, off };
	else
		d->nmarks = 0;
}

static bool marked(const struct dis *d, uint32_t sec, uint64_t off)
{
	struct mark k = { sec, off };

	return d->nmarks && bsearch(&k, d->marks, d->nmarks, sizeof(k), by_mark);
}

static bool say(struct dis *d, const struct bu_rel *r)
{
	d->said[r - d->o.rels] = true;
	return true;
}

/* The name of a place; false: it has none. */
static bool place_name(const struct dis *d, struct bu_buf *b, uint32_t sec, uint64_t off)
{
	const struct bu_sym *s = sym_at(d, sec, off);

	if (s)
		bu_buf_str(b, s->name);
	else if (marked(d, sec, off))
		bu_buf_printf(b, ".L%u_%llu", sec, (unsigned long long)off);
	else
		return false;
	return true;
}

/* ---------------------------------------------------------------- what refers to what */

static bool is_code(const struct bu_sec *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_EXECINSTR) && s->data;
}

static const struct bu_rel *rel_at(const struct dis *d, uint32_t sec, uint64_t off)
{
	uint32_t lo = 0, hi = d->o.nrels;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const struct bu_rel *r = &d->o.rels[mid];

		if (r->sec < sec || (r->sec == sec && r->off < off))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == d->o.nrels || d->o.rels[lo].sec != sec || d->o.rels[lo].off != off)
		return NULL;
	return d->o.rels[lo].sym < d->o.nsyms ? &d->o.rels[lo] : NULL;
}

static bool jump_target(const struct bu_insn *in, int64_t pc, int64_t *target)
{
	const struct bu_isa *row = bu_isa_find(in);

	if (!row)
		return false;
	if (row->sem == BU_SEM_MAY_GOTO || (row->sem >= BU_SEM_JEQ && row->sem <= BU_SEM_JSLE) ||
	    in->code == BU_OP_JA)
		*target = pc + 1 + in->off;
	else if (in->code == BU_OP_JA32)
		*target = pc + 1 + in->imm;
	else
		return false;
	return true;
}

/* Where a relocation points: a section and an offset; false: a symbol that is not here. */
static bool rel_place(const struct dis *d, const struct bu_rel *r, int64_t add, uint32_t *sec,
		      uint64_t *off)
{
	const struct bu_sym *s = &d->o.syms[r->sym];

	if (s->sec >= d->o.nsecs)
		return false;
	*sec = s->sec;
	*off = s->value + (uint64_t)add;
	return true;
}

static uint64_t imm64_at(const struct dis *d, const struct bu_sec *s, uint64_t off)
{
	uint64_t v = bu_get32(s->data + off + 4, d->o.be);

	if (off + 16 <= s->size)
		v |= (uint64_t)bu_get32(s->data + off + 12, d->o.be) << 32;
	return v;
}

static int64_t addend(const struct dis *d, const struct bu_rel *r)
{
	const struct bu_sec *s = &d->o.secs[r->sec];
	const struct bu_sym *y = &d->o.syms[r->sym];
	bool named = y->type != STT_SECTION;

	if (!s->data || r->off + 8 > s->size)
		return 0;
	switch (r->type) {
	case BU_R_BPF_64_64:
		return (int64_t)imm64_at(d, s, r->off);
	case BU_R_BPF_64_32: /* of a named symbol -1 stands for itself */
		return ((int64_t)(int32_t)bu_get32(s->data + r->off + 4, d->o.be) + 1) * 8;
	case BU_R_BPF_64_ABS64:
		return (int64_t)bu_get64(s->data + r->off, d->o.be);
	default:
		return named ? (int32_t)bu_get32(s->data + r->off, d->o.be)
			     : (int64_t)bu_get32(s->data + r->off, d->o.be);
	}
}

static void find_marks(struct dis *d)
{
	size_t n = 0;

	for (uint32_t i = 0; i < d->o.nrels; i++) {
		const struct bu_rel *r = &d->o.rels[i];
		uint32_t sec;
		uint64_t off;

		if (r->sym < d->o.nsyms && r->sec < d->o.nsecs &&
		    rel_place(d, r, addend(d, r), &sec, &off) && sec != d->maps_sec)
			mark(d, sec, off);
	}
	for (uint32_t k = 0; k < d->o.nsecs; k++) {
		const struct bu_sec *s = &d->o.secs[k];

		if (!is_code(s))
			continue;
		for (uint64_t i = 0; i + 8 <= s->size; i += 8) {
			struct bu_insn in;
			int64_t t;

			bu_insn_decode(&in, s->data + i, d->o.be);
			if (jump_target(&in, (int64_t)i / 8, &t) && t >= 0 && t < (int64_t)(s->size / 8))
				mark(d, k, (uint64_t)t * 8);
			if (in.code == BU_OP_LD_IMM64)
				i += 8;
		}
	}
	if (d->nmarks)
		qsort(d->marks, d->nmarks, sizeof(*d->marks), by_mark);
	for (size_t i = 0; i < d->nmarks; i++)
		if (!n || by_mark(&d->marks[n - 1], &d->marks[i]))
			d->marks[n++] = d->marks[i];
	d->nmarks = n;
}

/* ---------------------------------------------------------------- instructions */

static bool put_helper(void *ctx, struct bu_buf *out, int32_t id)
{
	const struct bu_helper *h = bu_helper_by_id(id);

	(void)ctx;
	if (!h || !h->name)
		return false;
	bu_buf_str(out, h->name);
	return true;
}

/* Does a call of, or a function's address at, this place in its own section keep its relocation? */
static bool stays_relocation(const struct dis *d, const struct bu_sym *s)
{
	return s->bind == STB_WEAK ||
	       (s->bind == STB_GLOBAL && !strncmp(d->o.secs[d->sec].name, ".text", 5));
}

/* The function that a relocation names. */
static bool put_function(struct dis *d, struct bu_buf *out)
{
	const struct bu_sym *s = &d->o.syms[d->rel->sym];
	int64_t add = addend(d, d->rel);
	uint32_t sec;
	uint64_t off;

	if (d->rel->type != (d->insn->code == BU_OP_CALL ? BU_R_BPF_64_32 : BU_R_BPF_64_64))
		return false;
	if (rel_place(d, d->rel, add, &sec, &off)) {
		s = sym_at(d, sec, off);
		if (!s || (sec == d->sec && !stays_relocation(d, s)))
			return false;
	} else if (s->sec != BU_SEC_UNDEF || add || !is_name(s->name)) {
		return false;
	}
	bu_buf_str(out, s->name);
	return say(d, d->rel);
}

static bool put_label(void *ctx, struct bu_buf *out, int64_t target)
{
	struct dis *d = ctx;
	const struct bu_sym *s;

	if (d->insn->code == BU_OP_CALL || d->insn->code == BU_OP_LD_IMM64) {
		if (d->rel)
			return put_function(d, out);
		s = target < 0 ? NULL : sym_at(d, d->sec, (uint64_t)target * 8);
		if (!s || stays_relocation(d, s))
			return false;
	}
	if (target < 0 || target >= (int64_t)(d->o.secs[d->sec].size / 8))
		return false;
	return place_name(d, out, d->sec, (uint64_t)target * 8);
}

/* What a relocation refers to, as an expression. */
static bool put_place(struct dis *d, struct bu_buf *out, const struct bu_rel *r, int64_t add)
{
	const struct bu_sym *s = &d->o.syms[r->sym];
	uint32_t sec;
	uint64_t off;

	if (rel_place(d, r, add, &sec, &off) && (s->bind == STB_LOCAL || !is_name(s->name)))
		return place_name(d, out, sec, off) && say(d, r);
	if (s->sec == BU_SEC_ABS || s->sec == BU_SEC_COMMON || !is_name(s->name))
		return false;
	bu_buf_str(out, s->name);
	if (add)
		bu_buf_printf(out, add < 0 ? " - %llu" : " + %llu",
			      (unsigned long long)(add < 0 ? 0 - (uint64_t)add : (uint64_t)add));
	return say(d, r);
}

static bool put_imm64(void *ctx, struct bu_buf *out, const struct bu_insn *in, uint64_t val)
{
	struct dis *d = ctx;
	const char *name;

	if (!d->rel || d->rel->type != BU_R_BPF_64_64 || in->src)
		return false;
	name = d->o.syms[d->rel->sym].name;
	if (!strncmp(name, "map#", 4)) {
		if (val)
			return false;
		bu_buf_printf(out, "map %s ll", name + 4);
		return say(d, d->rel);
	}
	if (!put_place(d, out, d->rel, (int64_t)val))
		return false;
	bu_buf_str(out, " ll");
	return true;
}

static void code(struct dis *d, uint32_t k, uint64_t from, uint64_t to)
{
	const struct bu_isa_names names = { .ctx = d, .label = put_label, .helper = put_helper,
					    .imm64 = put_imm64 };
	const struct bu_sec *s = &d->o.secs[k];

	d->sec = k;
	while (from + 8 <= to) {
		struct bu_insn in, next;
		bool two;

		bu_insn_decode(&in, s->data + from, d->o.be);
		two = in.code == BU_OP_LD_IMM64 && from + 16 <= to;
		if (two)
			bu_insn_decode(&next, s->data + from + 8, d->o.be);
		d->rel = rel_at(d, k, from);
		d->insn = &in;
		bu_buf_char(d->out, '\t');
		if (bu_isa_print(d->out, &in, two ? &next : NULL, (int64_t)from / 8, &names) < 0)
			return;
		bu_buf_char(d->out, '\n');
		from += two ? 16 : 8;
	}
	for (; from < to; from++)
		bu_buf_printf(d->out, "\t.byte\t%u\n", s->data[from]);
}

/* ---------------------------------------------------------------- data */

static bool is_text(const uint8_t *p, uint64_t n)
{
	if (n < 2 || p[n - 1])
		return false;
	for (uint64_t i = 0; i + 1 < n; i++)
		if ((p[i] < ' ' || p[i] > '~') && p[i] != '\n' && p[i] != '\t')
			return false;
	return true;
}

static void quoted(struct bu_buf *b, const uint8_t *p, uint64_t n)
{
	bu_buf_char(b, '"');
	for (uint64_t i = 0; i < n; i++) {
		if (p[i] == '"' || p[i] == '\\')
			bu_buf_printf(b, "\\%c", p[i]);
		else if (p[i] == '\n')
			bu_buf_str(b, "\\n");
		else if (p[i] == '\t')
			bu_buf_str(b, "\\t");
		else if (p[i] < ' ' || p[i] > '~')
			bu_buf_printf(b, "\\%03o", p[i]);
		else
			bu_buf_char(b, (char)p[i]);
	}
	bu_buf_str(b, "\"\n");
}

static uint64_t get(const struct dis *d, const uint8_t *p, unsigned n)
{
	switch (n) {
	case 1: return *p;
	case 2: return bu_get16(p, d->o.be);
	case 4: return bu_get32(p, d->o.be);
	default: return bu_get64(p, d->o.be);
	}
}

/* false: it cannot be said, nothing was printed. */
static bool data_rel(struct dis *d, const struct bu_rel *r, unsigned size)
{
	size_t at = d->out->n;

	bu_buf_printf(d->out, "\t.%ubyte\t", size);
	if (!put_place(d, d->out, r, addend(d, r))) {
		d->out->n = d->out->failed ? d->out->n : at;
		return false;
	}
	bu_buf_char(d->out, '\n');
	return true;
}

static void data(struct dis *d, uint32_t k, uint64_t from, uint64_t to)
{
	const struct bu_sec *s = &d->o.secs[k];
	uint64_t n = to - from, i;

	if (from == to)
		return;
	if (!s->data) {
		bu_buf_printf(d->out, "\t.zero\t%llu\n", (unsigned long long)n);
		return;
	}
	if (is_text(s->data + from, n)) {
		bu_buf_str(d->out, "\t.asciz\t");
		quoted(d->out, s->data + from, n - 1);
		return;
	}
	while (from < to) {
		const struct bu_rel *r = rel_at(d, k, from);

		n = to - from;
		if (r && r->type == BU_R_BPF_64_ABS64 && n >= 8 && data_rel(d, r, 8)) {
			from += 8;
			continue;
		}
		if (r && r->type == BU_R_BPF_64_ABS32 && n >= 4 && data_rel(d, r, 4)) {
			from += 4;
			continue;
		}
		for (i = 0; i < n && !s->data[from + i] && (i == 0 || !rel_at(d, k, from + i));)
			i++;
		if (i > 8) {
			bu_buf_printf(d->out, "\t.zero\t%llu\n", (unsigned long long)i);
			from += i;
			continue;
		}
		i = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
		while (i > 1 && (from % i || i > s->align))
			i /= 2;
		bu_buf_printf(d->out, i == 1 ? "\t.byte\t" : "\t.%llubyte\t", (unsigned long long)i);
		bu_buf_printf(d->out, "0x%llx\n", (unsigned long long)get(d, s->data + from, (unsigned)i));
		from += i;
	}
}

/* ---------------------------------------------------------------- sections */

/* Would a label there be taken for a function? */
static bool ends_before(const struct dis *d, const struct bu_sym *s)
{
	const uint8_t *p = d->o.secs[s->sec].data;

	if (s->value < 8 || s->value > d->o.secs[s->sec].size)
		return true;
	p += s->value - 8;
	return *p == BU_OP_EXIT || *p == BU_OP_JA || *p == BU_OP_JA32;
}

static void attributes(struct dis *d, const struct bu_sym *s, bool in_code, bool prog)
{
	bool dflt = prog && s->type == STT_FUNC && s->bind == STB_GLOBAL && s->value == 0;

	if (s->bind == STB_WEAK)
		bu_buf_printf(d->out, "\t.weak\t%s\n", s->name);
	else if (s->bind == STB_GLOBAL && !dflt)
		bu_buf_printf(d->out, "\t.globl\t%s\n", s->name);
	else if (s->bind == STB_LOCAL && s->type == STT_FUNC && prog)
		bu_buf_printf(d->out, "\t.local\t%s\n", s->name);
	if (s->vis == STV_HIDDEN)
		bu_buf_printf(d->out, "\t.hidden\t%s\n", s->name);
	if (in_code && s->type == STT_FUNC && s->bind == STB_LOCAL && s->value)
		bu_buf_printf(d->out, "\t.type\t%s, @function\n", s->name);
	if (in_code && s->type == STT_NOTYPE && (s->bind != STB_LOCAL || ends_before(d, s)))
		bu_buf_printf(d->out, "\t.type\t%s, @notype\n", s->name);
	if (!in_code && s->type == STT_NOTYPE)
		bu_buf_printf(d->out, "\t.type\t%s, @notype\n", s->name);
}

static bool plain_name(const char *s)
{
	for (; *s; s++)
		if (*s <= ' ' || *s > '~' || *s == ',' || *s == ';' || *s == '"' || *s == '#' ||
		    (*s == '/' && (s[1] == '/' || s[1] == '*')))
			return false;
	return true;
}

static void heading(struct dis *d, const struct bu_sec *s)
{
	char flags[8];
	size_t n = 0;

	if (!strcmp(s->name, ".text")) {
		bu_buf_str(d->out, "\n\t.text\n");
		return;
	}
	bu_buf_str(d->out, "\n\t.section\t");
	if (plain_name(s->name)) {
		bu_buf_str(d->out, s->name);
	} else {
		quoted(d->out, (const uint8_t *)s->name, strlen(s->name));
		d->out->n -= d->out->n > 0; /* the newline */
	}
	if (s->flags & SHF_ALLOC)
		flags[n++] = 'a';
	if (s->flags & SHF_WRITE)
		flags[n++] = 'w';
	if (s->flags & SHF_EXECINSTR)
		flags[n++] = 'x';
	if (s->flags & SHF_MERGE)
		flags[n++] = 'M';
	if (s->flags & SHF_STRINGS)
		flags[n++] = 'S';
	flags[n] = 0;
	bu_buf_printf(d->out, ", \"%s\", @%s", flags, s->type == SHT_NOBITS ? "nobits" : "progbits");
	if (s->flags & SHF_MERGE && s->entsize)
		bu_buf_printf(d->out, ", %llu", (unsigned long long)s->entsize);
	bu_buf_char(d->out, '\n');
	if (s->align > 1 && !(s->flags & SHF_EXECINSTR && s->align == 8))
		bu_buf_printf(d->out, "\t.balign\t%llu\n", (unsigned long long)s->align);
}

static uint64_t next_label(const struct dis *d, uint32_t k, uint64_t off)
{
	uint64_t end = d->o.secs[k].size;
	uint32_t i = first_sym(d, k, off + 1);

	if (i < d->norder && d->o.syms[d->order[i]].sec == k && d->o.syms[d->order[i]].value < end)
		end = d->o.syms[d->order[i]].value;
	for (size_t m = 0, hi = d->nmarks; m < hi;) {
		size_t mid = m + (hi - m) / 2;

		if (d->marks[mid].sec < k || (d->marks[mid].sec == k && d->marks[mid].off <= off)) {
			m = mid + 1;
		} else {
			hi = mid;
			if (d->marks[mid].sec == k && d->marks[mid].off < end)
				end = d->marks[mid].off;
		}
	}
	return end;
}

static void section(struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];
	bool in_code = is_code(s), prog = in_code && strncmp(s->name, ".text", 5);
	uint64_t off = 0, next;

	heading(d, s);
	for (;;) {
		for (uint32_t i = first_sym(d, k, off); i < d->norder; i++) {
			const struct bu_sym *y = &d->o.syms[d->order[i]];

			if (y->sec != k || y->value != off)
				break;
			attributes(d, y, in_code, prog);
			bu_buf_printf(d->out, "%s:\n", y->name);
		}
		if (marked(d, k, off))
			bu_buf_printf(d->out, ".L%u_%llu:\n", k, (unsigned long long)off);
		if (off >= s->size)
			return;
		next = next_label(d, k, off);
		if (in_code)
			code(d, k, off, next);
		else
			data(d, k, off, next);
		off = next;
	}
}

/* ---------------------------------------------------------------- maps */

static void map_type(struct dis *d, const char *what, uint32_t id, uint32_t size)
{
	const struct bu_btf *btf = &d->o.btf;
	struct bu_btf_type t;
	uint32_t n = 0;

	if (!size)
		return;
	bu_buf_printf(d->out, ", %s=", what);
	if (id && !bu_btf_get(btf, bu_btf_resolve(btf, id), &t) && t.kind == BU_BTF_ARRAY) {
		n = t.nelems;
		id = t.elem;
	}
	if (id && !bu_btf_get(btf, bu_btf_resolve(btf, id), &t) && t.kind == BU_BTF_INT &&
	    (t.size == 1 || t.size == 2 || t.size == 4 || t.size == 8) &&
	    (n ? (uint64_t)n * t.size : t.size) == size) {
		if (t.size == 1 && !strcmp(t.name, "char"))
			bu_buf_str(d->out, "char");
		else
			bu_buf_printf(d->out, "%c%u", t.int_enc & 1 ? 's' : 'u', t.size * 8);
		if (n)
			bu_buf_printf(d->out, "[%u]", n);
	} else {
		bu_buf_printf(d->out, "%u", size);
	}
}

static bool same_map(const struct bu_obj_map *a, const struct bu_obj_map *b)
{
	return a->type == b->type && a->key_size == b->key_size && a->value_size == b->value_size &&
	       a->btf_key == b->btf_key && a->btf_value == b->btf_value &&
	       a->max_entries == b->max_entries && a->flags == b->flags &&
	       a->map_extra == b->map_extra && a->inner < 0 && b->inner < 0;
}

/* inner= names a declared map; in BTF the pattern stands for itself. */
static void inner_map(struct dis *d, uint32_t i)
{
	const struct bu_obj_map *m = &d->o.maps[i], *in;

	if (m->inner < 0 || (uint32_t)m->inner >= d->o.nmaps)
		return;
	in = &d->o.maps[m->inner];
	for (uint32_t k = 0; k < i; k++)
		if (!d->o.maps[k].is_inner && is_name(d->o.maps[k].name) && same_map(&d->o.maps[k], in)) {
			bu_buf_printf(d->out, ", inner=%s", d->o.maps[k].name);
			return;
		}
	bu_buf_printf(d->out, "\n\t.error\t\"map %s: its inner map is declared inside it, which cannot be "
		      "written as text\"", m->name);
}

static void maps(struct dis *d)
{
	for (uint32_t i = 0; i < d->o.nmaps; i++) {
		const struct bu_obj_map *m = &d->o.maps[i];
		const struct bu_kind *k = bu_kind_by_num(bu_map_types, bu_nmap_types, m->type);

		if (m->origin == BU_MAP_DATA || m->is_inner || !k || !is_name(m->name))
			continue;
		bu_buf_printf(d->out, "\t.map\t%s, %s", m->name, k->name);
		map_type(d, "key", m->btf_key, m->key_size);
		map_type(d, "value", m->btf_value, m->value_size);
		if (m->max_entries)
			bu_buf_printf(d->out, ", max_entries=%u", m->max_entries);
		if (m->flags)
			bu_buf_printf(d->out, ", flags=0x%x", m->flags);
		if (m->pinning)
			bu_buf_str(d->out, ", pinning=by_name");
		if (m->map_extra)
			bu_buf_printf(d->out, ", map_extra=%llu", (unsigned long long)m->map_extra);
		inner_map(d, i);
		bu_buf_char(d->out, '\n');
	}
}

static bool hidden(const struct dis *d, uint32_t k)
{
	const struct bu_sec *s = &d->o.secs[k];

	if (k == d->maps_sec || k == d->license_sec)
		return true;
	if (s->type != SHT_PROGBITS && s->type != SHT_NOBITS)
		return true;
	if (!strncmp(s->name, ".BTF", 4) || !strncmp(s->name, ".debug", 6) || !strcmp(s->name, ".comment"))
		return true;
	return !(s->flags & SHF_ALLOC) || (!s->size && !sym_at(d, k, 0));
}

/*
 * What has no text form must not get lost: the text says so, and so it will not assemble. Other
 * sections than those shown hold no part of a program.
 */
static void unsaid(struct dis *d)
{
	for (uint32_t k = 0; k < d->o.nsecs; k++)
		if (d->o.secs[k].flags & SHF_ALLOC && d->o.secs[k].type != SHT_PROGBITS &&
		    d->o.secs[k].type != SHT_NOBITS)
			bu_buf_printf(d->out, "\t.error\t\"section %u is of a type that cannot be written as "
				      "text\"\n", k);
	for (uint32_t k = 0; k < d->o.nsecs; k++)
		for (uint32_t i = 0; i < k && !hidden(d, k); i++)
			if (!hidden(d, i) && !strcmp(d->o.secs[i].name, d->o.secs[k].name)) {
				bu_buf_printf(d->out, "\t.error\t\"section %u has the name of section %u\"\n",
					      k, i);
				break;
			}
	for (uint32_t i = 0; i < d->o.nrels; i++) {
		const struct bu_rel *r = &d->o.rels[i];
		char text[200];

		if (d->said[i] || r->sec >= d->o.nsecs || (hidden(d, r->sec) && r->sec != d->maps_sec))
			continue;
		snprintf(text, sizeof(text), "relocation %u at %s+0x%llx%s%s cannot be written as text", r->type,
			 d->o.secs[r->sec].name, (unsigned long long)r->off,
			 r->sym < d->o.nsyms && *d->o.syms[r->sym].name ? " against " : "",
			 r->sym < d->o.nsyms ? d->o.syms[r->sym].name : "");
		bu_buf_str(d->out, "\t.error\t");
		quoted(d->out, (const uint8_t *)text, strlen(text));
	}
}

static void text(struct dis *d)
{
	if (d->indexed && d->o.arch >= 0)
		bu_buf_printf(d->out, "\t.arch\t%s\n", bu_arch_name((enum bu_arch)d->o.arch));
	if (d->license_sec != BU_SEC_UNDEF) {
		bu_buf_str(d->out, "\t.license ");
		quoted(d->out, (const uint8_t *)d->o.license, strlen(d->o.license));
	}
	if (d->maps_sec != BU_SEC_UNDEF)
		maps(d);
	for (uint32_t i = 0; i < d->o.nsyms; i++)
		if (d->o.syms[i].sec == BU_SEC_UNDEF && is_name(d->o.syms[i].name))
			bu_buf_printf(d->out, "\t.extern\t%s\n", d->o.syms[i].name);
	for (uint32_t k = 0; k < d->o.nsecs; k++)
		if (!hidden(d, k))
			section(d, k);
	unsaid(d);
}

/* Field relocations live in .BTF.ext, which the text leaves out. */
static void warn_core(const struct dis *d, const char *path, struct bu_diags *ds)
{
	uint64_t n = 0;

	for (uint32_t i = 0; d->o.has_btf && i < d->o.ext.nsec; i++)
		n += d->o.ext.sec[i].ncore;
	if (n)
		bu_diag(ds, BU_WARNING, "A0135", "%llu CO-RE relocation%s of '%s' %s not in the text",
			(unsigned long long)n, n == 1 ? "" : "s", path, n == 1 ? "is" : "are");
}

int as_dis(const char *path, struct bu_diags *ds, struct bu_buf *out)
{
	struct dis d = { .out = out, .maps_sec = BU_SEC_UNDEF, .license_sec = BU_SEC_UNDEF };
	struct bu_diags quiet;
	int err;

	bu_obj_init(&d.o);
	bu_arena_init(&d.arena);
	bu_diags_init(&quiet);
	err = bu_obj_read_file(&d.o, path, ds);
	if (err)
		goto out;
	/* What the sections mean is a bonus: an object that libbpf would refuse is shown too. */
	d.indexed = bu_obj_index(&d.o, &quiet) == 0;
	if (d.indexed)
		warn_core(&d, path, ds);
	if (d.indexed) {
		d.maps_sec = bu_obj_sec_by_name(&d.o, ".maps");
		d.license_sec = bu_obj_sec_by_name(&d.o, "license");
	}
	d.order = bu_arena_array(&d.arena, d.o.nsyms, sizeof(*d.order));
	d.said = bu_arena_array(&d.arena, d.o.nrels, sizeof(*d.said));
	if (!d.order || !d.said) {
		err = -ENOMEM;
		goto out;
	}
	for (uint32_t i = 0; i < d.o.nsyms; i++)
		if (is_shown(&d.o.syms[i]))
			d.order[d.norder++] = i;
	sorting = &d;
	if (d.norder)
		qsort(d.order, d.norder, sizeof(*d.order), by_place);
	find_marks(&d);
	text(&d);
	if (d.arena.failed || out->failed)
		err = -ENOMEM;
out:
	bu_diags_free(&quiet);
	bu_arena_free(&d.arena);
	bu_obj_free(&d.o);
	return err;
}
