/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing an object: ELF64, ET_REL (System V ABI).
 *
 * Order of the section headers, as LLVM has it: the null section, the groups, each section of the model with
 * its ".rel" section right behind it, .symtab, .strtab, .shstrtab. The file is the header, the
 * sections in that order at their alignment with zeros between, the section headers. It is written
 * from front to back through one small buffer, so that sections whose bytes are made only now are
 * never whole in memory, and so that a pipe is as good as a file. Nothing in it depends on time or
 * place: equal models give equal bytes.
 */
#include "obj/obj.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_ALIGN (1u << 20) /* of a section; more would make a file of zeros */

struct bu_obj_out {
	int fd, err;
	bool be;
	uint64_t pos; /* bytes put */
	size_t n;
	uint8_t buf[1 << 16];
};

struct writer {
	const struct bu_obj *o;
	struct bu_obj_out *out;
	struct bu_arena a;
	struct bu_buf str, shstr;
	struct bu_hash str_index;
	uint32_t *sec_ndx;  /* model section -> section header index */
	uint32_t *sym_ndx;  /* model symbol -> index in .symtab */
	uint32_t *nrels;    /* relocations by model section */
	uint32_t symtab_ndx, strtab_ndx, shstrtab_ndx;
	uint32_t *group_words, *group_at; /* of group g: from group_at[g] to group_at[g + 1] */
	Elf64_Shdr *sh;
	uint32_t nsh;
	uint64_t end;       /* of the sections laid out so far */
};

/* ---------------------------------------------------------------- out */

static void flush(struct bu_obj_out *out)
{
	if (!out->err && out->n)
		out->err = bu_write_all(out->fd, out->buf, out->n);
	out->n = 0;
}

void bu_obj_put(struct bu_obj_out *out, const void *p, size_t n)
{
	out->pos += n;
	if (n > sizeof(out->buf) - out->n)
		flush(out);
	if (n >= sizeof(out->buf)) {
		if (!out->err)
			out->err = bu_write_all(out->fd, p, n);
		return;
	}
	if (n)
		memcpy(out->buf + out->n, p, n);
	out->n += n;
}

static void put16(struct bu_obj_out *out, uint16_t v)
{
	uint8_t b[2];

	bu_put16(b, out->be, v);
	bu_obj_put(out, b, sizeof(b));
}

static void put32(struct bu_obj_out *out, uint32_t v)
{
	uint8_t b[4];

	bu_put32(b, out->be, v);
	bu_obj_put(out, b, sizeof(b));
}

static void put64(struct bu_obj_out *out, uint64_t v)
{
	uint8_t b[8];

	bu_put64(b, out->be, v);
	bu_obj_put(out, b, sizeof(b));
}

/* A file that was longer ends here. */
static void cut(struct bu_obj_out *out)
{
	off_t pos = lseek(out->fd, 0, SEEK_CUR);
	struct stat st;

	if (!out->err && pos >= 0 && fstat(out->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > pos &&
	    ftruncate(out->fd, pos))
		out->err = -errno;
}

static void pad_to(struct bu_obj_out *out, uint64_t pos)
{
	static const uint8_t zeros[4096];

	while (out->pos < pos && !out->err)
		bu_obj_put(out, zeros, pos - out->pos < sizeof(zeros) ? (size_t)(pos - out->pos) : sizeof(zeros));
}

/* ---------------------------------------------------------------- tables */

/* Offset of s in the symbol names, shared with an equal one; -ENOMEM. */
static int64_t intern(struct writer *w, const char *s)
{
	size_t n = s ? strlen(s) : 0, off = w->str.n;
	void *known;

	if (!n)
		return 0;
	known = bu_hash_get(&w->str_index, s, n);
	if (known)
		return (int64_t)((uintptr_t)known - 1);
	if (bu_buf_add(&w->str, s, n + 1) || bu_hash_put(&w->str_index, s, n, (void *)(off + 1)))
		return -ENOMEM;
	return (int64_t)off;
}

/* Checks the model's indices and gives each section its header index. */
static int number_sections(struct writer *w)
{
	const struct bu_obj *o = w->o;
	uint32_t ndx = 1 + o->ngroups;

	w->sec_ndx = bu_arena_array(&w->a, o->nsecs, sizeof(*w->sec_ndx));
	w->nrels = bu_arena_array(&w->a, o->nsecs, sizeof(*w->nrels));
	if (!w->sec_ndx || !w->nrels)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nrels; i++) {
		if (o->rels[i].sec >= o->nsecs || o->rels[i].sym >= o->nsyms)
			return -EINVAL;
		w->nrels[o->rels[i].sec]++;
	}
	if (o->nsecs > SHN_LORESERVE / 2 - 4 || o->ngroups > SHN_LORESERVE - 4 - 2 * o->nsecs)
		return -E2BIG;
	for (uint32_t i = 0; i < o->nsecs; i++)
		if (o->secs[i].group > o->ngroups || o->secs[i].link > o->nsecs)
			return -EINVAL;
	for (uint32_t i = 0; i < o->ngroups; i++)
		if (o->groups[i].sym >= o->nsyms)
			return -EINVAL;
	for (uint32_t i = 0; i < o->nsecs; i++) {
		w->sec_ndx[i] = ndx++;
		if (w->nrels[i])
			ndx++;
	}
	w->symtab_ndx = ndx++;
	w->strtab_ndx = ndx++;
	w->shstrtab_ndx = ndx;
	return 0;
}

/* .symtab: the null symbol, local symbols, then the others; order kept within each. */
static int build_symbols(struct writer *w, Elf64_Sym **out, uint32_t *nlocal)
{
	const struct bu_obj *o = w->o;
	Elf64_Sym *syms = bu_arena_array(&w->a, (size_t)o->nsyms + 1, sizeof(*syms));
	uint32_t next = 1;

	w->sym_ndx = bu_arena_array(&w->a, o->nsyms, sizeof(*w->sym_ndx));
	if (!syms || !w->sym_ndx)
		return -ENOMEM;
	for (int global = 0; global < 2; global++) {
		for (uint32_t i = 0; i < o->nsyms; i++) {
			const struct bu_sym *s = &o->syms[i];
			Elf64_Sym *e = &syms[next];
			int64_t name;

			if ((s->bind != STB_LOCAL) != global)
				continue;
			name = intern(w, s->name);
			if (name < 0)
				return (int)name;
			e->st_name = (Elf64_Word)name;
			e->st_info = ELF64_ST_INFO(s->bind, s->type);
			e->st_other = s->vis & 3;
			e->st_value = s->value;
			e->st_size = s->size;
			if (s->sec == BU_SEC_UNDEF)
				e->st_shndx = SHN_UNDEF;
			else if (s->sec == BU_SEC_ABS)
				e->st_shndx = SHN_ABS;
			else if (s->sec == BU_SEC_COMMON)
				e->st_shndx = SHN_COMMON;
			else if ((s->sec & BU_SEC_GROUP) && s->sec - BU_SEC_GROUP < o->ngroups)
				e->st_shndx = (Elf64_Half)(1 + s->sec - BU_SEC_GROUP);
			else if (s->sec < o->nsecs)
				e->st_shndx = (Elf64_Half)w->sec_ndx[s->sec];
			else
				return -EINVAL;
			w->sym_ndx[i] = next++;
		}
		if (!global)
			*nlocal = next;
	}
	*out = syms;
	return 0;
}

static int by_offset(const void *a, const void *b)
{
	const Elf64_Rel *x = a, *y = b;

	if (x->r_offset != y->r_offset)
		return x->r_offset < y->r_offset ? -1 : 1;
	return x->r_info < y->r_info ? -1 : x->r_info > y->r_info;
}

/* Relocations grouped by section, by offset within each: first[] is where each section's begin. */
static int build_relocs(struct writer *w, Elf64_Rel **out, uint32_t **first)
{
	const struct bu_obj *o = w->o;
	Elf64_Rel *rels = bu_arena_array(&w->a, o->nrels, sizeof(*rels));
	uint32_t *at = bu_arena_array(&w->a, o->nsecs, sizeof(*at));
	uint32_t *fill = bu_arena_array(&w->a, o->nsecs, sizeof(*fill));
	bool *unsorted = bu_arena_array(&w->a, o->nsecs, sizeof(*unsorted));
	uint32_t sum = 0;

	if (!rels || !at || !fill || !unsorted)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nsecs; i++) {
		at[i] = fill[i] = sum;
		sum += w->nrels[i];
	}
	for (uint32_t i = 0; i < o->nrels; i++) {
		const struct bu_rel *r = &o->rels[i];
		Elf64_Rel *e = &rels[fill[r->sec]++];

		e->r_offset = r->off;
		e->r_info = ELF64_R_INFO((Elf64_Xword)w->sym_ndx[r->sym], r->type);
		if (fill[r->sec] - 1 > at[r->sec] && by_offset(e - 1, e) > 0)
			unsorted[r->sec] = true;
	}
	for (uint32_t i = 0; i < o->nsecs; i++)
		if (unsorted[i])
			qsort(rels + at[i], w->nrels[i], sizeof(*rels), by_offset);
	*out = rels;
	*first = at;
	return 0;
}

/* A group's data: its flags, then the header index of each member. */
static int build_groups(struct writer *w)
{
	const struct bu_obj *o = w->o;
	uint32_t *words = bu_arena_array(&w->a, 2 * ((size_t)o->nsecs + o->ngroups), sizeof(*words));
	uint32_t *at = bu_arena_array(&w->a, (size_t)o->ngroups + 1, sizeof(*at));
	uint32_t *fill = bu_arena_array(&w->a, (size_t)o->ngroups + 1, sizeof(*fill));

	if (!words || !at || !fill)
		return -ENOMEM;
	/* Members by group: how many words each has, where each begins, then the words. */
	for (uint32_t i = 0; i < o->nsecs; i++)
		if (o->secs[i].group)
			at[o->secs[i].group] += w->nrels[i] ? 2 : 1;
	for (uint32_t g = 0; g < o->ngroups; g++) {
		at[g + 1] += at[g] + 1;
		fill[g] = at[g];
		words[fill[g]++] = o->groups[g].comdat ? GRP_COMDAT : 0;
	}
	for (uint32_t i = 0; i < o->nsecs; i++) {
		uint32_t g = o->secs[i].group;

		if (!g)
			continue;
		words[fill[g - 1]++] = w->sec_ndx[i];
		if (w->nrels[i])
			words[fill[g - 1]++] = w->sec_ndx[i] + 1;
	}
	w->group_words = words;
	w->group_at = at;
	return 0;
}

/* ---------------------------------------------------------------- layout */

/* Lays out one more section behind the others; false: no such alignment, or too large. */
static bool place(struct writer *w, const char *prefix, const char *name, Elf64_Shdr h)
{
	uint64_t align = h.sh_addralign;

	if (!align || align > MAX_ALIGN || align & (align - 1) || w->end > INT64_MAX - align || h.sh_size > INT64_MAX - w->end - align)
		return false;
	w->end = (w->end + align - 1) & ~(align - 1);
	h.sh_offset = w->end;
	if (h.sh_type != SHT_NOBITS)
		w->end += h.sh_size;
	h.sh_name = (Elf64_Word)w->shstr.n;
	bu_buf_str(&w->shstr, prefix);
	bu_buf_str(&w->shstr, name);
	bu_buf_char(&w->shstr, '\0');
	w->sh[w->nsh++] = h;
	return true;
}

static int lay_out(struct writer *w, uint32_t nlocal)
{
	const struct bu_obj *o = w->o;

	w->sh = bu_arena_array(&w->a, w->shstrtab_ndx + 1, sizeof(*w->sh));
	if (!w->sh)
		return -ENOMEM;
	w->nsh = 1;
	w->end = sizeof(Elf64_Ehdr);
	for (uint32_t g = 0; g < o->ngroups; g++)
		if (!place(w, ".group", "", (Elf64_Shdr){ .sh_type = SHT_GROUP, .sh_addralign = 4, .sh_entsize = 4,
							  .sh_size = (w->group_at[g + 1] - w->group_at[g]) * 4ull,
							  .sh_link = w->symtab_ndx,
							  .sh_info = w->sym_ndx[o->groups[g].sym] }))
			return -EINVAL;
	for (uint32_t i = 0; i < o->nsecs; i++) {
		const struct bu_sec *s = &o->secs[i];
		uint64_t grouped = s->group ? SHF_GROUP : 0;
		Elf64_Shdr h = { .sh_type = s->type, .sh_flags = s->flags | grouped, .sh_size = s->size,
				 .sh_addralign = s->align ? s->align : 1, .sh_entsize = s->entsize,
				 .sh_link = s->link ? w->sec_ndx[s->link - 1] : 0 };
		Elf64_Shdr r = { .sh_type = SHT_REL, .sh_flags = SHF_INFO_LINK | grouped,
				 .sh_size = (uint64_t)w->nrels[i] * sizeof(Elf64_Rel),
				 .sh_addralign = 8, .sh_entsize = sizeof(Elf64_Rel),
				 .sh_link = w->symtab_ndx, .sh_info = w->sec_ndx[i] };

		if ((s->size && !s->data && !s->make && s->type != SHT_NOBITS) || !place(w, "", s->name, h) ||
		    (w->nrels[i] && !place(w, ".rel", s->name, r)))
			return -EINVAL;
	}
	if (!place(w, "", ".symtab", (Elf64_Shdr){ .sh_type = SHT_SYMTAB, .sh_addralign = 8,
						   .sh_size = ((uint64_t)o->nsyms + 1) * sizeof(Elf64_Sym),
						   .sh_entsize = sizeof(Elf64_Sym), .sh_link = w->strtab_ndx,
						   .sh_info = nlocal }) ||
	    !place(w, "", ".strtab", (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_addralign = 1,
						   .sh_size = w->str.n }) ||
	    !place(w, "", ".shstrtab", (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_addralign = 1 }))
		return -EINVAL;
	w->sh[w->shstrtab_ndx].sh_size = w->shstr.n; /* its own name is in it */
	w->end += w->shstr.n;
	return w->str.failed || w->shstr.failed ? -ENOMEM : 0;
}

/* ---------------------------------------------------------------- the file */

static void put_header(struct writer *w)
{
	struct bu_obj_out *out = w->out;
	const uint8_t ident[EI_NIDENT] = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					   w->o->be ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT };

	bu_obj_put(out, ident, sizeof(ident));
	put16(out, ET_REL);
	put16(out, BU_EM_BPF);
	put32(out, EV_CURRENT);
	put64(out, 0); /* entry */
	put64(out, 0); /* program headers */
	put64(out, (w->end + 7) & ~7ull);
	put32(out, w->o->e_flags);
	put16(out, sizeof(Elf64_Ehdr));
	put16(out, 0);
	put16(out, 0);
	put16(out, sizeof(Elf64_Shdr));
	put16(out, (uint16_t)w->nsh);
	put16(out, (uint16_t)w->shstrtab_ndx);
}

static void put_rels(struct bu_obj_out *out, const Elf64_Rel *r, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		put64(out, r[i].r_offset);
		put64(out, r[i].r_info);
	}
}

static void put_syms(struct bu_obj_out *out, const Elf64_Sym *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		put32(out, s[i].st_name);
		bu_obj_put(out, &s[i].st_info, 1);
		bu_obj_put(out, &s[i].st_other, 1);
		put16(out, s[i].st_shndx);
		put64(out, s[i].st_value);
		put64(out, s[i].st_size);
	}
}

static void put_section_headers(struct writer *w)
{
	struct bu_obj_out *out = w->out;

	for (uint32_t i = 0; i < w->nsh; i++) {
		const Elf64_Shdr *h = &w->sh[i];

		put32(out, h->sh_name);
		put32(out, h->sh_type);
		put64(out, h->sh_flags);
		put64(out, h->sh_addr);
		put64(out, h->sh_offset);
		put64(out, h->sh_size);
		put32(out, h->sh_link);
		put32(out, h->sh_info);
		put64(out, h->sh_addralign);
		put64(out, h->sh_entsize);
	}
}

static int put_sections(struct writer *w, const Elf64_Rel *rels, const uint32_t *first)
{
	const struct bu_obj *o = w->o;

	for (uint32_t g = 0; g < o->ngroups; g++)
		for (uint32_t i = w->group_at[g]; i < w->group_at[g + 1]; i++)
			put32(w->out, w->group_words[i]);
	for (uint32_t i = 0; i < o->nsecs; i++) {
		const struct bu_sec *s = &o->secs[i];
		const Elf64_Shdr *h = &w->sh[w->sec_ndx[i]];

		if (s->type != SHT_NOBITS && s->size) {
			pad_to(w->out, h->sh_offset);
			if (s->make)
				s->make(s, w->out);
			else
				bu_obj_put(w->out, s->data, s->size);
			if (!w->out->err && w->out->pos != h->sh_offset + s->size)
				return -EINVAL;
		}
		if (w->nrels[i]) {
			pad_to(w->out, h[1].sh_offset);
			put_rels(w->out, rels + first[i], w->nrels[i]);
		}
		if (w->out->err)
			return w->out->err;
	}
	return 0;
}

static int write_elf(struct writer *w)
{
	Elf64_Sym *syms = NULL;
	Elf64_Rel *rels = NULL;
	uint32_t *first = NULL, nlocal = 1;
	int err;

	err = number_sections(w);
	if (!err)
		err = build_symbols(w, &syms, &nlocal);
	if (!err)
		err = build_relocs(w, &rels, &first);
	if (!err)
		err = build_groups(w);
	if (!err)
		err = lay_out(w, nlocal);
	if (err)
		return err;
	put_header(w);
	err = put_sections(w, rels, first);
	if (err)
		return err;
	pad_to(w->out, w->sh[w->symtab_ndx].sh_offset);
	put_syms(w->out, syms, (size_t)w->o->nsyms + 1);
	bu_obj_put(w->out, w->str.p, w->str.n);
	bu_obj_put(w->out, w->shstr.p, w->shstr.n);
	pad_to(w->out, (w->end + 7) & ~7ull);
	put_section_headers(w);
	flush(w->out);
	cut(w->out);
	return w->out->err;
}

int bu_obj_write(const struct bu_obj *o, int fd)
{
	struct writer w = { .o = o };
	int err = -ENOMEM;

	bu_arena_init(&w.a);
	bu_buf_char(&w.str, '\0');
	bu_buf_char(&w.shstr, '\0');
	w.out = malloc(sizeof(*w.out));
	if (w.out) {
		w.out->fd = fd;
		w.out->err = 0;
		w.out->be = o->be;
		w.out->pos = w.out->n = 0;
		err = write_elf(&w);
	}
	free(w.out);
	bu_hash_free(&w.str_index);
	bu_buf_free(&w.str);
	bu_buf_free(&w.shstr);
	bu_arena_free(&w.a);
	return err;
}
