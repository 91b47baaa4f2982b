/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writing an object by libelf.
 *
 * Order of the section headers, as LLVM has it: the null section, the groups, each section of the
 * model with its ".rel" section right behind it, .symtab, .strtab, .shstrtab. libelf lays out the file; it
 * fills gaps with zeros and nothing in it depends on time or place, so equal models give equal bytes.
 */
#include "obj/obj.h"

#include <elf.h>
#include <fcntl.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct writer {
	const struct bu_obj *o;
	Elf *elf;
	struct bu_arena a;
	struct bu_buf str, shstr;
	struct bu_hash str_index;
	uint32_t *sec_ndx;  /* model section -> section header index */
	uint32_t *sym_ndx;  /* model symbol -> index in .symtab */
	uint32_t *nrels;    /* relocations by model section */
	uint32_t symtab_ndx, strtab_ndx, shstrtab_ndx;
};

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

static Elf_Scn *add_section(struct writer *w, const char *prefix, const char *name, Elf64_Shdr *h)
{
	Elf_Scn *scn = elf_newscn(w->elf);
	Elf64_Shdr *sh = scn ? elf64_getshdr(scn) : NULL;

	if (!sh)
		return NULL;
	*sh = *h;
	sh->sh_name = (Elf64_Word)w->shstr.n;
	bu_buf_str(&w->shstr, prefix);
	bu_buf_str(&w->shstr, name);
	bu_buf_char(&w->shstr, '\0');
	elf_flagshdr(scn, ELF_C_SET, ELF_F_DIRTY);
	return scn;
}

static int add_data(Elf_Scn *scn, Elf_Type type, const void *p, size_t n, uint64_t align)
{
	Elf_Data *d = elf_newdata(scn);

	if (!d)
		return -ENOMEM;
	d->d_type = type;
	d->d_buf = (void *)p;
	d->d_size = n;
	d->d_align = align;
	d->d_version = EV_CURRENT;
	return 0;
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
static int put_groups(struct writer *w)
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
	for (uint32_t g = 0; g < o->ngroups; g++) {
		Elf64_Shdr h = { .sh_type = SHT_GROUP, .sh_addralign = 4, .sh_entsize = 4,
				 .sh_link = w->symtab_ndx, .sh_info = w->sym_ndx[o->groups[g].sym] };
		Elf_Scn *scn = add_section(w, ".group", "", &h);

		if (!scn || add_data(scn, ELF_T_WORD, words + at[g],
				     (at[g + 1] - at[g]) * sizeof(*words), 4))
			return -ENOMEM;
	}
	return 0;
}

static int put_sections(struct writer *w, const Elf64_Rel *rels, const uint32_t *first)
{
	const struct bu_obj *o = w->o;

	for (uint32_t i = 0; i < o->nsecs; i++) {
		const struct bu_sec *s = &o->secs[i];
		uint64_t grouped = s->group ? SHF_GROUP : 0;
		Elf64_Shdr h = { .sh_type = s->type, .sh_flags = s->flags | grouped,
				 .sh_addralign = s->align ? s->align : 1, .sh_entsize = s->entsize,
				 .sh_link = s->link ? w->sec_ndx[s->link - 1] : 0 };
		Elf64_Shdr r = { .sh_type = SHT_REL, .sh_flags = SHF_INFO_LINK | grouped,
				 .sh_addralign = 8, .sh_entsize = sizeof(Elf64_Rel),
				 .sh_link = w->symtab_ndx, .sh_info = w->sec_ndx[i] };
		Elf_Scn *scn = add_section(w, "", s->name, &h);
		const void *data = s->type == SHT_NOBITS ? NULL : s->data;

		if (h.sh_addralign & (h.sh_addralign - 1) ||
		    (s->size && !data && s->type != SHT_NOBITS))
			return -EINVAL;
		if (!scn || add_data(scn, ELF_T_BYTE, data, s->size, h.sh_addralign))
			return -ENOMEM;
		if (!w->nrels[i])
			continue;
		scn = add_section(w, ".rel", s->name, &r);
		if (!scn || add_data(scn, ELF_T_REL, rels + first[i],
				     w->nrels[i] * sizeof(Elf64_Rel), 8))
			return -ENOMEM;
	}
	return 0;
}

static int put_tables(struct writer *w, const Elf64_Sym *syms, uint32_t nlocal)
{
	Elf64_Shdr sym = { .sh_type = SHT_SYMTAB, .sh_addralign = 8,
			   .sh_entsize = sizeof(Elf64_Sym), .sh_link = w->strtab_ndx,
			   .sh_info = nlocal };
	Elf64_Shdr str = { .sh_type = SHT_STRTAB, .sh_addralign = 1 };
	Elf_Scn *scn = add_section(w, "", ".symtab", &sym);

	if (!scn || add_data(scn, ELF_T_SYM, syms,
			     ((size_t)w->o->nsyms + 1) * sizeof(*syms), 8))
		return -ENOMEM;
	scn = add_section(w, "", ".strtab", &str);
	if (!scn || add_data(scn, ELF_T_BYTE, w->str.p, w->str.n, 1))
		return -ENOMEM;
	scn = add_section(w, "", ".shstrtab", &str);
	if (!scn || w->shstr.failed || w->str.failed ||
	    add_data(scn, ELF_T_BYTE, w->shstr.p, w->shstr.n, 1))
		return -ENOMEM;
	return 0;
}

static int put_header(struct writer *w)
{
	Elf64_Ehdr *eh = elf64_newehdr(w->elf);

	if (!eh)
		return -ENOMEM;
	eh->e_ident[EI_DATA] = w->o->be ? ELFDATA2MSB : ELFDATA2LSB;
	eh->e_type = ET_REL;
	eh->e_machine = BU_EM_BPF;
	eh->e_version = EV_CURRENT;
	eh->e_flags = w->o->e_flags;
	eh->e_shstrndx = (Elf64_Half)w->shstrtab_ndx;
	return 0;
}

static int write_elf(struct writer *w, int fd)
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
	if (err)
		return err;

	elf_version(EV_CURRENT);
	elf_fill(0);
	w->elf = elf_begin(fd, ELF_C_WRITE, NULL);
	if (!w->elf)
		return -EIO;
	err = put_header(w);
	if (!err)
		err = put_groups(w);
	if (!err)
		err = put_sections(w, rels, first);
	if (!err)
		err = put_tables(w, syms, nlocal);
	if (err)
		return err;
	errno = 0;
	if (elf_update(w->elf, ELF_C_WRITE) < 0)
		return errno ? -errno : -EIO;
	return 0;
}

/* libelf writes at offset 0 of something that can be truncated; anything else gets a copy. */
static bool writable_in_place(int fd)
{
	struct stat st;
	int fl = fcntl(fd, F_GETFL);

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0 &&
	       fl >= 0 && !(fl & O_APPEND);
}

static int copy_to(int from, int fd)
{
	static const size_t step = 1 << 16;
	uint8_t *buf = NULL;
	struct bu_arena a;
	off_t at = 0;
	ssize_t n = 0;
	int err = 0;

	bu_arena_init(&a);
	buf = bu_arena_alloc(&a, step);
	if (!buf)
		err = -ENOMEM;
	while (!err && (n = pread(from, buf, step, at)) > 0) {
		err = bu_write_all(fd, buf, (size_t)n);
		at += n;
	}
	if (!err && n < 0)
		err = -errno;
	bu_arena_free(&a);
	return err;
}

int bu_obj_write(const struct bu_obj *o, int fd)
{
	struct writer w = { .o = o };
	int err, tmp = -1;

	bu_arena_init(&w.a);
	bu_buf_char(&w.str, '\0');
	bu_buf_char(&w.shstr, '\0');
	if (!writable_in_place(fd)) {
		tmp = memfd_create("bpf-object", MFD_CLOEXEC);
		if (tmp < 0) {
			err = -errno;
			goto out;
		}
	}
	err = write_elf(&w, tmp < 0 ? fd : tmp);
	if (w.elf)
		elf_end(w.elf);
	if (!err && tmp >= 0)
		err = copy_to(tmp, fd);
out:
	if (tmp >= 0)
		close(tmp);
	bu_hash_free(&w.str_index);
	bu_buf_free(&w.str);
	bu_buf_free(&w.shstr);
	bu_arena_free(&w.a);
	return err;
}
