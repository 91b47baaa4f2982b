/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in its file a function of an executable or library begins: what a uprobe is given.
 *
 * The symbol's value is an address; the program header that loads it says where in the file that
 * address comes from, for position-independent files and others alike. Everything is read with
 * pread through a checked window: the file may be damaged, huge or hostile.
 *
 * Source: System V ABI, ELF-64 and ELF-32 object file layout.
 */
#include "sys/sys.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TABLE (256u << 20) /* bytes of one symbol or string table that we are willing to read */

struct elf {
	int fd;
	uint64_t size;
	bool be, is64;
	uint64_t phoff, shoff;
	uint32_t phnum, shnum;
};

struct sect {
	uint32_t type, link;
	uint64_t off, size;
};

static int read_at(const struct elf *e, uint64_t off, void *p, size_t n)
{
	uint8_t *to = p;

	if (off > e->size || n > e->size - off)
		return -ENOEXEC;
	while (n) {
		ssize_t r = pread(e->fd, to, n, (off_t)off);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0) /* cut while we read it */
			return -ENOEXEC;
		to += r;
		off += (uint64_t)r;
		n -= (size_t)r;
	}
	return 0;
}

/* A word of 4 or 8 bytes by the file's class. */
static uint64_t word(const struct elf *e, const uint8_t *p)
{
	return e->is64 ? bu_get64(p, e->be) : bu_get32(p, e->be);
}

static int read_sect(const struct elf *e, uint32_t i, struct sect *s)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	uint8_t b[sizeof(Elf64_Shdr)];
	int err;

	if (e->shoff > e->size)
		return -ENOEXEC;
	err = read_at(e, e->shoff + (uint64_t)i * entsize, b, entsize);
	if (err)
		return err;
	s->type = bu_get32(b + 4, e->be);
	s->off = word(e, b + (e->is64 ? 24 : 16));
	s->size = word(e, b + (e->is64 ? 32 : 20));
	s->link = bu_get32(b + (e->is64 ? 40 : 24), e->be);
	return 0;
}

static int read_header(struct elf *e)
{
	uint8_t b[sizeof(Elf64_Ehdr)];
	struct sect first;
	uint16_t type;
	int err;

	err = read_at(e, 0, b, sizeof(Elf32_Ehdr));
	if (err)
		return err;
	if (memcmp(b, ELFMAG, SELFMAG) ||
	    (b[EI_CLASS] != ELFCLASS64 && b[EI_CLASS] != ELFCLASS32) ||
	    (b[EI_DATA] != ELFDATA2LSB && b[EI_DATA] != ELFDATA2MSB))
		return -ENOEXEC;
	e->is64 = b[EI_CLASS] == ELFCLASS64;
	e->be = b[EI_DATA] == ELFDATA2MSB;
	if (e->is64) {
		err = read_at(e, 0, b, sizeof(Elf64_Ehdr));
		if (err)
			return err;
	}
	type = bu_get16(b + 16, e->be);
	if (type != ET_EXEC && type != ET_DYN)
		return -ENOEXEC;
	e->phoff = word(e, b + (e->is64 ? 32 : 28));
	e->shoff = word(e, b + (e->is64 ? 40 : 32));
	e->phnum = bu_get16(b + (e->is64 ? 56 : 44), e->be);
	e->shnum = bu_get16(b + (e->is64 ? 60 : 48), e->be);
	if (!e->shnum && e->shoff) { /* too many to count in 16 bits: the first section says */
		err = read_sect(e, 0, &first);
		if (err)
			return err;
		if (first.size > UINT32_MAX)
			return -ENOEXEC;
		e->shnum = (uint32_t)first.size;
	}
	return 0;
}

/* The place in the file of the address that an executable segment loads. */
static int addr_to_offset(const struct elf *e, uint64_t addr, uint64_t *off)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint8_t b[sizeof(Elf64_Phdr)];

	if (e->phoff > e->size)
		return -ENOEXEC;
	for (uint32_t i = 0; i < e->phnum; i++) {
		uint64_t p_off, vaddr, filesz;
		uint32_t flags;
		int err = read_at(e, e->phoff + (uint64_t)i * entsize, b, entsize);

		if (err)
			return err;
		p_off = word(e, b + (e->is64 ? 8 : 4));
		vaddr = word(e, b + (e->is64 ? 16 : 8));
		filesz = word(e, b + (e->is64 ? 32 : 16));
		flags = bu_get32(b + (e->is64 ? 4 : 24), e->be);
		if (bu_get32(b, e->be) != PT_LOAD || !(flags & PF_X))
			continue;
		if (addr < vaddr || addr - vaddr >= filesz)
			continue;
		if (p_off > e->size || addr - vaddr >= e->size - p_off)
			return -ENOEXEC;
		*off = p_off + (addr - vaddr);
		return 0;
	}
	return -ENOENT;
}

static int read_table(const struct elf *e, const struct sect *s, struct bu_buf *out)
{
	uint8_t *p;
	int err;

	bu_buf_reset(out);
	if (s->off > e->size || s->size > e->size - s->off || s->size > MAX_TABLE)
		return -ENOEXEC;
	p = bu_buf_room(out, s->size + 1);
	if (!p)
		return -ENOMEM;
	err = read_at(e, s->off, p, s->size);
	if (err)
		return err;
	p[s->size] = '\0'; /* a string without an end ends here */
	out->n = s->size;
	return 0;
}

struct search {
	const char *symbol;
	struct bu_near *near;
	struct bu_buf syms, strs;
	uint64_t addr;
};

/* Is this the name we look for? "name@VERSION" and "name@@VERSION" are of .symtab only. */
static bool is_name(const char *name, const char *want)
{
	size_t n = strlen(want);

	return strncmp(name, want, n) == 0 && (!name[n] || name[n] == '@');
}

/* Looks in one symbol table. 0 found, -ENOENT, another error. */
static int search_table(const struct elf *e, struct search *q, const struct sect *tab)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	struct sect str;
	bool found = false;
	int err;

	if (tab->link >= e->shnum)
		return -ENOEXEC;
	err = read_sect(e, tab->link, &str);
	if (!err)
		err = read_table(e, tab, &q->syms);
	if (!err)
		err = read_table(e, &str, &q->strs);
	if (err)
		return err;
	for (size_t o = 0; q->syms.n - o >= entsize; o += entsize) {
		const uint8_t *b = q->syms.p + o;
		uint32_t name = bu_get32(b, e->be);
		uint8_t info = b[e->is64 ? 4 : 12];
		uint16_t shndx = bu_get16(b + (e->is64 ? 6 : 14), e->be);
		uint64_t value = word(e, b + (e->is64 ? 8 : 4));
		const char *s;

		/* type FUNC or GNU_IFUNC (10), or none, as hand-written assembler leaves it */
		if ((info & 15) != STT_FUNC && (info & 15) != 10 && (info & 15) != STT_NOTYPE)
			continue;
		if (shndx == SHN_UNDEF || shndx == SHN_ABS || name >= q->strs.n || !value)
			continue;
		s = (const char *)q->strs.p + name;
		if (is_name(s, q->symbol)) {
			q->addr = value;
			found = true;
			if (info >> 4 != STB_LOCAL) /* a local one of that name gives way */
				return 0;
		}
	}
	return found ? 0 : -ENOENT;
}

/* The names near to the one that is not there; best is copied, because the tables go away. */
static void feed_near(const struct elf *e, struct search *q)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);

	for (size_t o = 0; q->syms.n - o >= entsize; o += entsize) {
		const uint8_t *b = q->syms.p + o;
		uint32_t name = bu_get32(b, e->be);

		if ((b[e->is64 ? 4 : 12] & 15) == STT_FUNC && name && name < q->strs.n &&
		    bu_get16(b + (e->is64 ? 6 : 14), e->be) != SHN_UNDEF)
			bu_near_feed(q->near, (const char *)q->strs.p + name);
	}
}

static int search_file(const struct elf *e, struct search *q, struct bu_arena *keep)
{
	static const uint32_t types[] = { SHT_SYMTAB, SHT_DYNSYM };
	int err;

	for (unsigned t = 0; t < BU_ARRAY_SIZE(types); t++) {
		for (uint32_t i = 0; i < e->shnum; i++) {
			struct sect s;

			err = read_sect(e, i, &s);
			if (err)
				return err;
			if (s.type != types[t])
				continue;
			err = search_table(e, q, &s);
			if (err != -ENOENT)
				return err;
			if (q->near)
				feed_near(e, q);
			if (q->near && q->near->best)
				q->near->best = bu_arena_strndup(keep, q->near->best,
								 q->near->best_n);
			break; /* there is at most one of each type */
		}
	}
	return -ENOENT;
}

int bu_elf_symbol_offset(const char *path, const char *symbol, uint64_t *off,
			 struct bu_near *near, struct bu_arena *keep)
{
	struct elf e = { .fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) };
	struct search q = { .symbol = symbol, .near = near };
	struct stat st;
	int err;

	if (e.fd < 0)
		return -errno;
	if (fstat(e.fd, &st)) {
		err = -errno;
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		err = -ENOEXEC;
		goto out;
	}
	e.size = (uint64_t)st.st_size;
	err = read_header(&e);
	if (!err)
		err = search_file(&e, &q, keep);
	if (!err)
		err = addr_to_offset(&e, q.addr, off);
out:
	bu_buf_free(&q.syms);
	bu_buf_free(&q.strs);
	close(e.fd);
	return err;
}
