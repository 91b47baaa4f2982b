/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text that a compiler wrote, for its own assembler.
 *
 * LLVM's and GNU's assemblers make different objects of some texts, and neither is what suits a
 * person who writes a program: an undefined symbol is external, no types are invented, nothing is
 * checked. Compilers count on it, so whose text it is decides, found out from the text itself
 * (as_compat_detect) or told by --compat. What differs is asked where it does, by as->compat:
 *
 *                         written by hand    LLVM                       GNU as 2.40
 *   undefined symbol      error              external                   external
 *   BTF, kinds of labels  made               as written                 as written
 *   fill in code          goto +0            00 00 00 15 ...            zeros
 *   .align N              N bytes            N bytes                    2^N bytes
 *   .4byte place          ABS32              ABS32 or NODYLD32          11
 *   .8byte place          ABS64              ABS64                      12
 *   global label in ll    0                  0                          its offset
 *   call of a global      resolved where     relocation                 relocation
 *   label of the section  libbpf wants it
 *   .text .data .bss      when used          .text always               always
 */
#include "bpf-as/directive.h"

/* What binutils 2.40 calls R_BPF_DATA_32 and R_BPF_DATA_64. */
#define GNU_DATA_32 11
#define GNU_DATA_64 12

/* ---------------------------------------------------------------- whose text is it? */

static bool has(const struct as_file *f, const char *what)
{
	return memmem(f->text.p, f->text.n, what, strlen(what)) != NULL;
}

/* Up to 13 gcc writes comments behind a ';', which later on separates statements. */
static unsigned gcc_version(const struct as_file *f)
{
	const char *p = memmem(f->text.p, f->text.n, "\"GCC: (", 7), *e = (const char *)f->text.p + f->text.n;
	unsigned v = 0;

	while (p && p < e && *p != ')' && *p != '\n')
		p++;
	for (p = p && p + 2 < e ? p + 2 : e; p < e && IS(*p, CL_DIGIT) && v < 1000; p++)
		v = v * 10 + (unsigned)(*p - '0');
	return v;
}

/* C has variables called r64, and, where registers begin with %, r1. */
static void names(struct as *as, const struct as_file *f)
{
	as->percent = as->compat == COMPAT_GNU && has(f, "%r");
	as->semi = as->compat == COMPAT_GNU && !has(f, "\n\tr0 = ") && gcc_version(f) < 14;
	as->matcher.bare_names = as->percent;
	as->matcher.far_names = as->compat != COMPAT_NONE;
}

/*
 * A compiler's text begins with .file or .text. clang's holds .addrsig, or its comments, or a .file
 * with a checksum; gcc's names it in .ident.
 */
void as_compat_detect(struct as *as, const struct as_file *f)
{
	const char *p = (const char *)f->text.p, *e = p + f->text.n;

	if (as->compat_given) {
		names(as, f);
		return;
	}
	while (p < e) {
		while (p < e && (IS(*p, CL_SPACE) || *p == '\n'))
			p++;
		if (p == e || (*p != '#' && !(*p == '/' && e - p > 1 && p[1] == '/')))
			break;
		p = memchr(p, '\n', (size_t)(e - p));
		if (!p)
			return;
	}
	if (e - p < 6 || (memcmp(p, ".text", 5) && memcmp(p, ".file", 5)))
		return;
	if (has(f, "\n\t.addrsig") || has(f, "# -- Begin function") || has(f, "\" md5 0x"))
		as->compat = COMPAT_LLVM;
	else if (has(f, "\n\t.ident\t\"GCC: "))
		as->compat = COMPAT_GNU;
	names(as, f);
	as_compat_sections(as);
}

bool as_compat_name(const struct as *as, const char *p, size_t n)
{
	if (as->percent)
		return true;
	return as->compat && (n > 3 || (n == 3 && (p[1] > '1' || (p[1] == '1' && p[2] > '1'))));
}

void as_compat_sections(struct as *as)
{
	struct as_sec *text = as->cur;

	as->compiled = as->compat != COMPAT_NONE;
	if (as->compat)
		text->named = true;
	if (as->compat == COMPAT_LLVM)
		text->align = 4;
	if (as->compat == COMPAT_GNU) {
		text->align = 1;
		as_switch(as, as_section(as, ".data", 5, NULL));
		as_switch(as, as_section(as, ".bss", 4, NULL));
		as_switch(as, text);
		as->prev = NULL;
	}
}

/* ---------------------------------------------------------------- what depends on it */

uint32_t as_data_reloc(const struct as *as, const struct as_sym *s, unsigned size)
{
	uint64_t f = s->def == DEF_LABEL ? s->sec->flags : 0;

	if (as->compat == COMPAT_GNU)
		return size == 8 ? GNU_DATA_64 : GNU_DATA_32;
	if (size == 8)
		return BU_R_BPF_64_ABS64;
	if (as->verbatim)
		return as_exact_data_reloc(f, s->temp || (s->def == DEF_LABEL && s->bind == STB_LOCAL),
					   s->def == DEF_LABEL);
	/*
	 * LLVM knows by these that .BTF and .BTF.ext ask, whose offsets stay as they are when code is
	 * placed in memory.
	 */
	if (as->compat == COMPAT_LLVM && (f & SHF_ALLOC) &&
	    (f & (s->temp ? SHF_EXECINSTR : SHF_WRITE)))
		return BU_R_BPF_64_NODYLD32;
	return BU_R_BPF_64_ABS32;
}

bool as_reloc_by_name(const struct as *as, const struct as_sym *s, int64_t add)
{
	if (s->def != DEF_LABEL || (!s->temp && s->bind != STB_LOCAL))
		return true;
	/* Linkers move what lies in such a section: an offset from its start would name another thing. */
	return as->compat && (s->sec->flags & SHF_MERGE) && add;
}

/*
 * The difference of a place elsewhere and one in the section where it is put: LLVM means a distance
 * from there, which BPF has no relocation for, and writes one to the place itself.
 */
bool as_difference(const struct as *as, const struct as_val *a, const struct as_val *b,
		   struct as_val *v)
{
	uint64_t add;

	if (as->compat != COMPAT_LLVM || !as->fixing || b->sym->def != DEF_LABEL ||
	    b->sym->sec != as->fixing->sec || (a->sym->def == DEF_LABEL && a->sym->sec == b->sym->sec))
		return false;
	add = (uint64_t)a->add - (uint64_t)b->add + as->fixing->off - (uint64_t)b->sym->value;
	*v = (struct as_val){ a->sym, (int64_t)add };
	return true;
}

/* What no label defines may be the name of a section. */
void as_section_names(struct as *as)
{
	for (struct as_sym *s = as->compat ? as->syms : NULL; s; s = s->x->next) {
		struct as_sec *sec = s->def == DEF_NONE && !s->bind_given
					     ? bu_hash_get(&as->sec_index, s->name, s->n) : NULL;

		if (!sec)
			continue;
		s->def = DEF_LABEL;
		s->temp = true;
		s->sec = sec;
		s->value = 0;
	}
}

/* A symbol that .set to a place is a label there: relocations name it. */
static void alias(struct as *as, struct as_sym *s)
{
	struct as_val v;

	if (as_eval(as, s->x->expr, &v))
		return;
	if (!v.sym) {
		s->value = v.add;
		as_symx(as, s)->expr = 0;
	} else if (v.sym->def == DEF_LABEL) {
		s->def = DEF_LABEL;
		s->sec = v.sym->sec;
		s->value = v.sym->value + v.add;
		as_symx(as, s)->npiece = 0;
		if (!s->type_given) /* an alias is what the other one is */
			s->type = v.sym->type;
		if (!s->size_given)
			as_symx(as, s)->size = v.sym->x->size;
	}
}

/* GNU as of BPF fills each section up to a multiple of its alignment, and gives each a symbol. */
static void gnu_section(struct as *as, struct as_sec *s)
{
	s->need_sym = true;
	as->cur = s;
	as_put(as, NULL, (size_t)(-s->size & (s->align - 1)), s->pos);
}

void as_compat_finish(struct as *as)
{
	struct as_sec *cur = as->cur;

	for (struct as_sym *s = as->syms; s; s = s->x->next)
		if (s->def == DEF_SET && s->x->expr)
			alias(as, s);
	if (as->ds->errors)
		return;
	for (size_t i = 0; as->compat == COMPAT_GNU && i < as->nsecs; i++)
		gnu_section(as, as->secs[i]);
	as->cur = cur;
}

/* ---------------------------------------------------------------- .comm and .lcomm */

void as_bss_symbol(struct as *as, struct as_sym *s, uint64_t size, uint64_t align, const char *pos)
{
	struct as_sec *cur = as->cur, *prev = as->prev, *bss = as_section(as, ".bss", 4, pos);

	if (!bss)
		return;
	as->cur = bss;
	if (bss->align < align)
		bss->align = align;
	as_put(as, NULL, (size_t)(-bss->size & (align - 1)), pos);
	as_label(as, s->name, s->n);
	s->pos = as_place(as, pos);
	as_put(as, NULL, (size_t)size, pos);
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
}

void as_common(struct as *as, struct as_cur *c, bool local)
{
	int64_t size = 0, align = 1;
	struct as_sym *s;
	struct bu_diag *d;
	const char *p, *q;
	bool given;

	s = as_symbol_arg(as, c, &p);
	if (!s || !as_comma(as, c))
		return;
	as_skip(c);
	q = c->p;
	if (as_expr_now(as, c, "size", &size))
		goto bad;
	if (size < 0 || size > INT32_MAX) {
		as_error(as, "A0160", q, (size_t)(c->p - q), "size %lld is out of range (0 to 2147483647)",
			 (long long)size);
		goto bad;
	}
	given = as_eat(c, ',');
	if (given) {
		as_skip(c);
		q = c->p;
		if (as_expr_now(as, c, "alignment", &align))
			goto bad;
		if (align < 1 || align > 1 << 20 || (align & (align - 1))) {
			as_error(as, "A0149", q, (size_t)(c->p - q),
				 "alignment is a power of 2 up to 1048576, not %lld", (long long)align);
			goto bad;
		}
	}
	as_junk(as, c);
	if (!given && !local && as->compat == COMPAT_GNU)
		while (align < 16 && align < size)
			align *= 2;
	if (s->def != DEF_NONE) {
		d = as_error(as, "A0111", p, s->n, "'%s' is defined twice", s->name);
		if (s->pos)
			as_span(as, d, s->pos, s->n, "first defined here");
		return;
	}
	as_symx(as, s)->size = (uint64_t)size;
	s->size_given = true;
	if (!local || as->compat != COMPAT_GNU) {
		s->type_given = true;
		s->type = STT_OBJECT;
	}
	if (local || (s->bind_given && s->bind == STB_LOCAL)) {
		as_bss_symbol(as, s, (uint64_t)size, (uint64_t)align, p);
		return;
	}
	s->def = DEF_COMMON;
	s->value = align;
	s->pos = as_place(as, p);
	if (!s->bind_given)
		s->bind = STB_GLOBAL;
	return;
bad:
	c->p = c->e;
}

/* ---------------------------------------------------------------- .file "name", .ident */

void as_file_symbol(struct as *as, const char *name, size_t n)
{
	struct as_sym *s = as_sym_new(as, name, n);

	if (!s)
		return;
	s->def = DEF_FILE;
	s->type = STT_FILE;
	as_sym_list(as, s);
}

/* Strings for people: .comment, each with its NUL, one NUL in front. */
void as_d_ident(PARAMS)
{
	struct as_sec *cur = as->cur, *prev = as->prev, *s;
	struct bu_buf b = { 0 };

	(void)arg;
	if (!as_string(as, c, &b)) {
		c->p = c->e;
		goto out;
	}
	as_junk(as, c);
	bu_buf_char(&b, '\0');
	s = as_section(as, ".comment", 8, name.p);
	if (!s)
		goto out;
	as->cur = s;
	if (!s->size) {
		s->flags = SHF_MERGE | SHF_STRINGS;
		s->entsize = 1;
		as_put(as, NULL, 1, name.p);
	}
	as_put(as, b.p, b.n, name.p);
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
out:
	bu_buf_free(&b);
}
