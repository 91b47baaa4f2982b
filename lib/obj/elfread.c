/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading an ELF object, by hand: the few structures are small, and each offset, size, index and
 * string is checked against the file before it is used.
 *
 * The model leaves out what it stands for itself: the null section, .symtab, .strtab, .shstrtab,
 * the relocation sections, groups (bu_group; their members' flag SHF_GROUP), and LLVM's address-significance table (which holds symbol indices).
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define EHDR_LEN 64u
#define SHDR_LEN 64u
#define SYM_LEN 24u
#define REL_LEN 16u
#define SHT_LLVM_ADDRSIG 0x6fff4c03u
#define MAX_FILE (1u << 30)

struct shdr {
	uint32_t name, type, link, info;
	uint64_t flags, off, size, align, entsize;
};

struct reader {
	struct bu_obj *o;
	struct bu_diags *ds;
	const uint8_t *p;
	size_t size;
	struct shdr *sh;
	uint32_t nsh;
	uint32_t *model;      /* section header index -> index into secs, or BU_SEC_ABS */
	const char *shstr;    /* section names; the last byte is NUL */
	uint64_t shstr_len;
	uint32_t symtab;      /* section header index, 0: none */
	uint32_t nsyms;       /* the null symbol included */
};

BU_PRINTF(4, 5)
int obj_error(const struct bu_obj *o, struct bu_diags *ds, const char *code, const char *fmt, ...)
{
	struct bu_buf text = { 0 };
	va_list ap;

	va_start(ap, fmt);
	bu_buf_vprintf(&text, fmt, ap);
	va_end(ap);
	bu_diag_span(ds, bu_diag(ds, BU_ERROR, code, "%s", bu_buf_cstr(&text)), o->path, 0, 0, 1,
		     (struct bu_str){ 0 }, NULL);
	bu_buf_free(&text);
	return -EINVAL;
}

static bool in_file(const struct reader *r, uint64_t off, uint64_t n)
{
	return off <= r->size && n <= r->size - off;
}

/* What else the file is, for people who gave the wrong one; NULL: unknown. */
static const char *other_kind(const uint8_t *p, size_t n)
{
	size_t text = 0;

	if (!n)
		return "it is empty";
	if (n >= 4 && memcmp(p, "BC\xc0\xde", 4) == 0)
		return "it is LLVM bitcode: compile without -flto and -emit-llvm";
	if (n >= 8 && memcmp(p, "!<arch>\n", 8) == 0)
		return "it is an archive: bpf-ld -r makes an object of it";
	if (n >= 8 && memcmp(p, "!<thin>\n", 8) == 0)
		return "it is a thin archive: name the files that its members are";
	while (text < n && text < 512 && (p[text] >= ' ' || p[text] == '\t' || p[text] == '\n' || p[text] == '\r'))
		text++;
	return text == n || text == 512 ? "it is text: sources are compiled or assembled first, as by bpf-as" : NULL;
}

static int read_ident(struct reader *r)
{
	struct bu_obj *o = r->o;
	const uint8_t *p = r->p;
	uint16_t type, machine;
	const char *other = other_kind(p, r->size);

	if (r->size < EI_NIDENT || memcmp(p, ELFMAG, SELFMAG) != 0)
		obj_error(o, r->ds, "O0101", "not an ELF object%s%s", other ? ": " : "", other ? other : "");
	else if (p[EI_CLASS] != ELFCLASS64)
		obj_error(o, r->ds, "O0101", "not a BPF object: a 32-bit ELF file");
	else if (p[EI_DATA] != ELFDATA2LSB && p[EI_DATA] != ELFDATA2MSB)
		obj_error(o, r->ds, "O0101", "not a BPF object: byte order %u is unknown",
			  p[EI_DATA]);
	else if (r->size < EHDR_LEN)
		return obj_error(o, r->ds, "O0102", "damaged object: %zu bytes, the header needs %u",
				 r->size, EHDR_LEN);
	else {
		o->be = p[EI_DATA] == ELFDATA2MSB;
		type = bu_get16(p + 16, o->be);
		machine = bu_get16(p + 18, o->be);
		/* The first compilers for BPF wrote machine 0. */
		if (machine != BU_EM_BPF && machine != EM_NONE)
			obj_error(o, r->ds, "O0101",
				  "not a BPF object: it is for ELF machine %u, BPF is %u", machine,
				  BU_EM_BPF);
		else if (type != ET_REL)
			obj_error(o, r->ds, "O0101",
				  "not a BPF object: ELF type %u is not relocatable (%u)", type,
				  ET_REL);
		else
			return 0;
	}
	return -ENOEXEC;
}

static void get_shdr(const struct reader *r, uint64_t shoff, uint32_t i, struct shdr *h)
{
	const uint8_t *p = r->p + shoff + (uint64_t)i * SHDR_LEN;
	bool be = r->o->be;

	h->name = bu_get32(p, be);
	h->type = bu_get32(p + 4, be);
	h->flags = bu_get64(p + 8, be);
	h->off = bu_get64(p + 24, be);
	h->size = bu_get64(p + 32, be);
	h->link = bu_get32(p + 40, be);
	h->info = bu_get32(p + 44, be);
	h->align = bu_get64(p + 48, be);
	h->entsize = bu_get64(p + 56, be);
}

static const char *shname(const struct reader *r, uint32_t i)
{
	return r->sh[i].name < r->shstr_len ? r->shstr + r->sh[i].name : "";
}

/* A string table: its bytes, the last of which is NUL. */
static int string_table(struct reader *r, uint32_t i, const char *what, const char **str,
			uint64_t *len)
{
	const struct shdr *h;

	if (!i || i >= r->nsh)
		return obj_error(r->o, r->ds, "O0103",
				 "damaged object: %s are in section %u of %u", what, i, r->nsh);
	h = &r->sh[i];
	if (h->type != SHT_STRTAB)
		return obj_error(r->o, r->ds, "O0103",
				 "damaged object: section %u, for %s, is no string table", i, what);
	if (!in_file(r, h->off, h->size))
		return obj_error(r->o, r->ds, "O0102",
				 "damaged object: %s (section %u) reach beyond the end of the file",
				 what, i);
	if (!h->size || r->p[h->off + h->size - 1])
		return obj_error(r->o, r->ds, "O0103",
				 "damaged object: the last of %s (section %u) has no end", what, i);
	*str = (const char *)r->p + h->off;
	*len = h->size;
	return 0;
}

static int read_headers(struct reader *r)
{
	struct bu_obj *o = r->o;
	bool be = o->be;
	uint64_t shoff = bu_get64(r->p + 40, be);
	uint32_t shstrndx = bu_get16(r->p + 62, be);
	struct shdr first;

	o->e_flags = bu_get32(r->p + 48, be);
	r->nsh = bu_get16(r->p + 60, be);
	if (!shoff)
		return obj_error(o, r->ds, "O0102", "damaged object: there are no sections");
	if (bu_get16(r->p + 58, be) != SHDR_LEN)
		return obj_error(o, r->ds, "O0102",
				 "damaged object: section headers of %u bytes, not %u",
				 bu_get16(r->p + 58, be), SHDR_LEN);
	if (!in_file(r, shoff, SHDR_LEN))
		return obj_error(o, r->ds, "O0102",
				 "damaged object: the section headers lie outside the file");
	/* Numbers too large for the header stand in the first section's. */
	get_shdr(r, shoff, 0, &first);
	if (!r->nsh) {
		if (first.size > MAX_FILE / SHDR_LEN)
			return obj_error(o, r->ds, "O0102",
					 "damaged object: more section headers than bytes");
		r->nsh = (uint32_t)first.size;
	}
	if (shstrndx == SHN_XINDEX)
		shstrndx = first.link;
	if (!r->nsh || !in_file(r, shoff, (uint64_t)r->nsh * SHDR_LEN))
		return obj_error(o, r->ds, "O0102",
				 "damaged object: %u section headers reach beyond the end of the file",
				 r->nsh);
	r->sh = bu_arena_array(&o->arena, r->nsh, sizeof(*r->sh));
	if (!r->sh)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->nsh; i++)
		get_shdr(r, shoff, i, &r->sh[i]);
	return string_table(r, shstrndx, "the section names", &r->shstr, &r->shstr_len);
}

/* Is this section told by the model in another way? */
static bool left_out(const struct reader *r, uint32_t i, uint32_t shstrndx)
{
	switch (r->sh[i].type) {
	case SHT_NULL:
	case SHT_SYMTAB:
	case SHT_REL:
	case SHT_RELA:
	case SHT_SYMTAB_SHNDX:
	case SHT_GROUP:
	case SHT_LLVM_ADDRSIG:
		return true;
	case SHT_STRTAB:
		return i == shstrndx || (r->symtab && r->sh[r->symtab].link == i);
	default:
		return false;
	}
}

/* Which section is this one about? Only where a flag says that the field means that. */
static void read_links(struct reader *r)
{
	for (uint32_t i = 1; i < r->nsh; i++) {
		const struct shdr *h = &r->sh[i];

		if (r->model[i] < r->o->nsecs && (h->flags & SHF_LINK_ORDER) && h->link < r->nsh &&
		    r->model[h->link] < r->o->nsecs)
			r->o->secs[r->model[i]].link = 1 + r->model[h->link];
	}
}

static int read_sections(struct reader *r)
{
	struct bu_obj *o = r->o;
	uint32_t shstrndx = bu_get16(r->p + 62, o->be);

	if (shstrndx == SHN_XINDEX)
		shstrndx = r->sh[0].link;
	for (uint32_t i = 1; i < r->nsh; i++) {
		if (r->sh[i].type != SHT_SYMTAB)
			continue;
		if (r->symtab)
			return obj_error(o, r->ds, "O0102",
					 "damaged object: sections %u and %u are both symbol tables",
					 r->symtab, i);
		r->symtab = i;
	}
	o->secs = bu_arena_array(&o->arena, r->nsh, sizeof(*o->secs));
	r->model = bu_arena_array(&o->arena, r->nsh, sizeof(*r->model));
	if (!o->secs || !r->model)
		return -ENOMEM;
	for (uint32_t i = 0; i < r->nsh; i++) {
		const struct shdr *h = &r->sh[i];
		struct bu_sec *s;

		r->model[i] = BU_SEC_ABS;
		if (!i || h->type == SHT_NULL)
			continue;
		if (h->name >= r->shstr_len)
			return obj_error(o, r->ds, "O0103",
					 "damaged object: the name of section %u lies outside the names",
					 i);
		if (h->type != SHT_NOBITS && !in_file(r, h->off, h->size))
			return obj_error(o, r->ds, "O0102",
					 "damaged object: section %u '%s' (%llu bytes at %llu) reaches beyond the end of the file",
					 i, shname(r, i), (unsigned long long)h->size,
					 (unsigned long long)h->off);
		if (h->align & (h->align - 1))
			return obj_error(o, r->ds, "O0102",
					 "damaged object: section %u '%s' has alignment %llu, no power of 2",
					 i, shname(r, i), (unsigned long long)h->align);
		if (h->type == SHT_GROUP)
			r->model[i] = BU_SEC_GROUP | o->ngroups++;
		if (left_out(r, i, shstrndx))
			continue;
		r->model[i] = o->nsecs;
		s = &o->secs[o->nsecs++];
		s->name = shname(r, i);
		s->type = h->type;
		s->flags = h->flags;
		s->align = h->align ? h->align : 1;
		s->size = h->size;
		s->data = h->type == SHT_NOBITS ? NULL : r->p + h->off;
		s->entsize = h->entsize;
	}
	read_links(r);
	return 0;
}

static int read_symbol(struct reader *r, uint32_t i, const char *str, uint64_t str_len,
		       struct bu_sym *s)
{
	struct bu_obj *o = r->o;
	const uint8_t *p = r->p + r->sh[r->symtab].off + (uint64_t)i * SYM_LEN;
	uint32_t name = bu_get32(p, o->be), ndx = bu_get16(p + 6, o->be);
	const struct bu_sec *sec;

	if (name >= str_len)
		return obj_error(o, r->ds, "O0104",
				 "damaged object: the name of symbol %u lies outside the names", i);
	s->name = str + name;
	s->type = ELF64_ST_TYPE(p[4]);
	s->bind = ELF64_ST_BIND(p[4]);
	s->vis = ELF64_ST_VISIBILITY(p[5]);
	s->value = bu_get64(p + 8, o->be);
	s->size = bu_get64(p + 16, o->be);
	if (ndx == SHN_UNDEF)
		s->sec = BU_SEC_UNDEF;
	else if (ndx == SHN_ABS)
		s->sec = BU_SEC_ABS;
	else if (ndx == SHN_COMMON)
		s->sec = BU_SEC_COMMON;
	else if (ndx >= r->nsh)
		return obj_error(o, r->ds, "O0104",
				 "damaged object: symbol %u '%s' is in section %u of %u", i, s->name,
				 ndx, r->nsh);
	else
		s->sec = r->model[ndx];
	if (s->sec >= o->nsecs)
		return 0;
	sec = &o->secs[s->sec];
	if (s->value > sec->size || s->size > sec->size - s->value)
		return obj_error(o, r->ds, "O0104",
				 "damaged object: symbol %u '%s' (%llu bytes at %llu) reaches beyond section '%s' of %llu bytes",
				 i, s->name, (unsigned long long)s->size,
				 (unsigned long long)s->value, sec->name,
				 (unsigned long long)sec->size);
	return 0;
}

static int read_symbols(struct reader *r)
{
	struct bu_obj *o = r->o;
	const struct shdr *h = &r->sh[r->symtab];
	const char *str;
	uint64_t str_len;
	int err;

	if (!r->symtab)
		return 0;
	if (h->entsize != SYM_LEN || h->size % SYM_LEN)
		return obj_error(o, r->ds, "O0104",
				 "damaged object: the symbol table has %llu bytes in entries of %llu",
				 (unsigned long long)h->size, (unsigned long long)h->entsize);
	err = string_table(r, h->link, "the symbol names", &str, &str_len);
	if (err)
		return err;
	r->nsyms = (uint32_t)(h->size / SYM_LEN);
	if (r->nsyms < 2)
		return 0;
	o->syms = bu_arena_array(&o->arena, r->nsyms - 1, sizeof(*o->syms));
	if (!o->syms)
		return -ENOMEM;
	for (uint32_t i = 1; i < r->nsyms; i++) {
		err = read_symbol(r, i, str, str_len, &o->syms[i - 1]);
		if (err)
			return err;
		o->nsyms++;
	}
	return 0;
}

/* Group g: its signature and its members; of relocation sections the model tells otherwise. */
static int read_group(struct reader *r, uint32_t i, uint32_t g)
{
	struct bu_obj *o = r->o;
	const struct shdr *h = &r->sh[i];
	const uint8_t *p = r->p + h->off;

	if (!r->symtab || h->link != r->symtab || !h->info || h->info >= r->nsyms)
		return obj_error(o, r->ds, "O0104",
				 "damaged object: group %u has no symbol (%u of %u)", i, h->info, r->nsyms);
	if (h->size < 4 || h->size % 4)
		return obj_error(o, r->ds, "O0102", "damaged object: group %u has %llu bytes", i,
				 (unsigned long long)h->size);
	o->groups[g].sym = h->info - 1;
	o->groups[g].comdat = bu_get32(p, o->be) & GRP_COMDAT;
	for (uint64_t k = 4; k < h->size; k += 4) {
		uint32_t m = bu_get32(p + k, o->be);

		if (m >= r->nsh)
			return obj_error(o, r->ds, "O0102",
					 "damaged object: group %u has section %u of %u", i, m, r->nsh);
		if (r->model[m] >= o->nsecs)
			continue;
		if (o->secs[r->model[m]].group)
			return obj_error(o, r->ds, "O0102",
					 "damaged object: section %u is in two groups", m);
		o->secs[r->model[m]].group = g + 1;
		o->secs[r->model[m]].flags &= ~(uint64_t)SHF_GROUP;
	}
	return 0;
}

static int read_groups(struct reader *r)
{
	int err = 0;

	r->o->groups = bu_arena_array(&r->o->arena, r->o->ngroups, sizeof(*r->o->groups));
	if (!r->o->groups)
		return -ENOMEM;
	for (uint32_t i = 1; i < r->nsh && !err; i++)
		if (r->sh[i].type == SHT_GROUP)
			err = read_group(r, i, r->model[i] & ~BU_SEC_GROUP);
	return err;
}

/* The relocations of section header i, if it holds any for the model. */
static int read_relocs(struct reader *r, uint32_t i)
{
	struct bu_obj *o = r->o;
	const struct shdr *h = &r->sh[i];
	uint32_t target, n;

	if (h->type != SHT_REL && h->type != SHT_RELA)
		return 0;
	if (h->info >= r->nsh)
		return obj_error(o, r->ds, "O0105",
				 "damaged object: '%s' relocates section %u of %u", shname(r, i),
				 h->info, r->nsh);
	target = r->model[h->info];
	if (target >= o->nsecs)
		return 0;
	if (h->type == SHT_RELA) {
		if (!(o->secs[target].flags & SHF_ALLOC))
			return 0;
		return obj_error(o, r->ds, "O0105",
				 "'%s' has relocations with addends, BPF has none", shname(r, i));
	}
	if (h->entsize != REL_LEN || h->size % REL_LEN)
		return obj_error(o, r->ds, "O0105",
				 "damaged object: '%s' has %llu bytes in entries of %llu",
				 shname(r, i), (unsigned long long)h->size,
				 (unsigned long long)h->entsize);
	if (!r->symtab || h->link != r->symtab)
		return obj_error(o, r->ds, "O0105",
				 "damaged object: '%s' names section %u as its symbols, they are in %u",
				 shname(r, i), h->link, r->symtab);
	n = (uint32_t)(h->size / REL_LEN);
	if (n && o->secs[target].flags & SHF_COMPRESSED && !(o->secs[target].flags & SHF_ALLOC)) {
		o->packed = o->packed ? o->packed : target + 1;
		return 0;
	}
	for (uint32_t k = 0; k < n; k++) {
		const uint8_t *p = r->p + h->off + (uint64_t)k * REL_LEN;
		uint64_t off = bu_get64(p, o->be), info = bu_get64(p + 8, o->be);
		uint32_t sym = (uint32_t)ELF64_R_SYM(info), type = (uint32_t)ELF64_R_TYPE(info);
		struct bu_rel *e;

		if (type == BU_R_BPF_NONE) {
			o->nnone++;
			continue;
		}
		if (off >= o->secs[target].size)
			return obj_error(o, r->ds, "O0105",
					 "damaged object: entry %u of '%s' is for offset %llu of %llu bytes",
					 k, shname(r, i), (unsigned long long)off,
					 (unsigned long long)o->secs[target].size);
		if (!sym || sym >= r->nsyms)
			return obj_error(o, r->ds, "O0105",
					 "damaged object: entry %u of '%s' refers to symbol %u of %u", k,
					 shname(r, i), sym, r->nsyms);
		e = &o->rels[o->nrels++];
		e->sec = target;
		e->off = off;
		e->type = type;
		e->sym = sym - 1;
	}
	return 0;
}

static int read_all_relocs(struct reader *r)
{
	struct bu_obj *o = r->o;
	uint64_t total = 0;
	int err = 0;

	/* Headers may share bytes, so that the sum is not bounded by the file; what is real is. */
	for (uint32_t i = 1; i < r->nsh; i++)
		if (r->sh[i].type == SHT_REL)
			total += r->sh[i].size / REL_LEN;
	if (total > r->size / REL_LEN)
		return obj_error(o, r->ds, "O0105",
				 "damaged object: relocation sections lie over each other");
	o->rels = bu_arena_array(&o->arena, (size_t)total, sizeof(*o->rels));
	if (!o->rels)
		return -ENOMEM;
	for (uint32_t i = 1; i < r->nsh && !err; i++)
		err = read_relocs(r, i);
	obj_sort_rels(o);
	return err;
}

static int by_place(const void *a, const void *b)
{
	const struct bu_rel *x = a, *y = b;

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	if (x->off != y->off)
		return x->off < y->off ? -1 : 1;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return x->sym < y->sym ? -1 : x->sym > y->sym;
}

void obj_sort_rels(struct bu_obj *o)
{
	for (uint32_t i = 1; i < o->nrels; i++) {
		if (by_place(&o->rels[i - 1], &o->rels[i]) > 0) {
			qsort(o->rels, o->nrels, sizeof(*o->rels), by_place);
			return;
		}
	}
}

static int read_elf(struct bu_obj *o, struct bu_diags *ds)
{
	struct reader r = { .o = o, .ds = ds, .p = o->file.p, .size = o->file.n };
	int err = read_ident(&r);

	if (!err)
		err = read_headers(&r);
	if (!err)
		err = read_sections(&r);
	if (!err)
		err = read_symbols(&r);
	if (!err)
		err = read_groups(&r);
	if (!err)
		err = read_all_relocs(&r);
	return err;
}

static int set_path(struct bu_obj *o, const char *path)
{
	o->path = bu_arena_strdup(&o->arena, path);
	if (o->path)
		return 0;
	o->path = "";
	return -ENOMEM;
}

int bu_obj_read(struct bu_obj *o, const void *data, size_t size, const char *path,
		struct bu_diags *ds)
{
	int err = set_path(o, path);

	if (err)
		return err;
	if (size > MAX_FILE)
		return obj_error(o, ds, "O0102", "an object of %zu bytes, more than 1 GiB", size);
	if (bu_buf_add(&o->file, data, size))
		return -ENOMEM;
	return read_elf(o, ds);
}

int bu_obj_read_file(struct bu_obj *o, const char *path, struct bu_diags *ds)
{
	int err = set_path(o, path);

	if (err)
		return err;
	err = bu_file_read(path, MAX_FILE, &o->file);
	if (err) {
		obj_error(o, ds, "O0100", "cannot read the object: %s", strerror(-err));
		return err;
	}
	return read_elf(o, ds);
}
