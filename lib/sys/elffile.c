/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An executable or library of this machine's ELF, read piece by piece with pread through a checked window:
 * the file may be damaged, huge or hostile.
 *
 * Source: System V ABI, ELF-64 and ELF-32 object file layout.
 */
#include "sys/elffile.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TABLE (256u << 20) /* bytes of one symbol or string table that we are willing to read */

int bu_elff_read(const struct bu_elff *e, uint64_t off, void *p, size_t n)
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
uint64_t bu_elff_word(const struct bu_elff *e, const uint8_t *p)
{
	return e->is64 ? bu_get64(p, e->be) : bu_get32(p, e->be);
}

int bu_elff_sect(const struct bu_elff *e, uint32_t i, struct bu_elff_sect *s)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	uint8_t b[sizeof(Elf64_Shdr)];
	int err;

	if (e->shoff > e->size)
		return -ENOEXEC;
	err = bu_elff_read(e, e->shoff + (uint64_t)i * entsize, b, entsize);
	if (err)
		return err;
	s->name = bu_get32(b, e->be);
	s->type = bu_get32(b + 4, e->be);
	s->flags = bu_elff_word(e, b + 8);
	s->addr = bu_elff_word(e, b + (e->is64 ? 16 : 12));
	s->off = bu_elff_word(e, b + (e->is64 ? 24 : 16));
	s->size = bu_elff_word(e, b + (e->is64 ? 32 : 20));
	s->link = bu_get32(b + (e->is64 ? 40 : 24), e->be);
	return 0;
}

static int read_header(struct bu_elff *e)
{
	uint8_t b[sizeof(Elf64_Ehdr)];
	struct bu_elff_sect first;
	uint16_t type;
	int err;

	err = bu_elff_read(e, 0, b, sizeof(Elf32_Ehdr));
	if (err)
		return err;
	if (memcmp(b, ELFMAG, SELFMAG) ||
	    (b[EI_CLASS] != ELFCLASS64 && b[EI_CLASS] != ELFCLASS32) ||
	    (b[EI_DATA] != ELFDATA2LSB && b[EI_DATA] != ELFDATA2MSB))
		return -ENOEXEC;
	e->is64 = b[EI_CLASS] == ELFCLASS64;
	e->be = b[EI_DATA] == ELFDATA2MSB;
	if (e->is64) {
		err = bu_elff_read(e, 0, b, sizeof(Elf64_Ehdr));
		if (err)
			return err;
	}
	type = bu_get16(b + 16, e->be);
	if (type != ET_EXEC && type != ET_DYN)
		return -ENOEXEC;
	e->phoff = bu_elff_word(e, b + (e->is64 ? 32 : 28));
	e->shoff = bu_elff_word(e, b + (e->is64 ? 40 : 32));
	e->phnum = bu_get16(b + (e->is64 ? 56 : 44), e->be);
	e->shnum = bu_get16(b + (e->is64 ? 60 : 48), e->be);
	e->shstrndx = bu_get16(b + (e->is64 ? 62 : 50), e->be);
	if (!e->shnum && e->shoff) { /* too many to count in 16 bits: the first section says */
		err = bu_elff_sect(e, 0, &first);
		if (err)
			return err;
		if (first.size > UINT32_MAX)
			return -ENOEXEC;
		e->shnum = (uint32_t)first.size;
		e->shstrndx = first.link;
	}
	return 0;
}

/* The segments that are loaded, read once: they are asked for each symbol. */
static int read_segments(struct bu_elff *e)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	uint8_t b[sizeof(Elf64_Phdr)];

	if (e->phoff > e->size)
		return -ENOEXEC;
	e->seg = calloc(e->phnum + 1u, sizeof(*e->seg));
	if (!e->seg)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->phnum; i++) {
		struct bu_elff_seg *g = &e->seg[e->nseg];
		int err = bu_elff_read(e, e->phoff + (uint64_t)i * entsize, b, entsize);

		if (err)
			return err;
		if (bu_get32(b, e->be) != PT_LOAD)
			continue;
		g->off = bu_elff_word(e, b + (e->is64 ? 8 : 4));
		g->addr = bu_elff_word(e, b + (e->is64 ? 16 : 8));
		g->size = bu_elff_word(e, b + (e->is64 ? 32 : 16));
		g->exec = bu_get32(b + (e->is64 ? 4 : 24), e->be) & PF_X;
		e->nseg++;
	}
	return 0;
}

int bu_elff_offset(const struct bu_elff *e, uint64_t addr, bool exec, uint64_t *off)
{
	for (uint32_t i = 0; i < e->nseg; i++) {
		const struct bu_elff_seg *g = &e->seg[i];

		if (g->exec != exec || addr < g->addr || addr - g->addr >= g->size)
			continue;
		if (g->off > e->size || addr - g->addr >= e->size - g->off)
			return -ENOEXEC;
		*off = g->off + (addr - g->addr);
		return 0;
	}
	return -ENOENT;
}

int bu_elff_table(const struct bu_elff *e, const struct bu_elff_sect *s, struct bu_buf *out)
{
	uint8_t *p;
	int err;

	bu_buf_reset(out);
	if (s->off > e->size || s->size > e->size - s->off || s->size > MAX_TABLE)
		return -ENOEXEC;
	p = bu_buf_room(out, s->size + 1);
	if (!p)
		return -ENOMEM;
	err = bu_elff_read(e, s->off, p, s->size);
	if (err)
		return err;
	p[s->size] = '\0'; /* a string without an end ends here */
	out->n = s->size;
	return 0;
}

int bu_elff_open(struct bu_elff *e, const char *path)
{
	struct stat st;
	int err;

	memset(e, 0, sizeof(*e));
	e->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (e->fd < 0)
		return -errno;
	err = fstat(e->fd, &st) ? -errno : S_ISREG(st.st_mode) ? 0 : -ENOEXEC;
	e->size = err ? 0 : (uint64_t)st.st_size;
	if (!err)
		err = read_header(e);
	if (!err)
		err = read_segments(e);
	if (err)
		bu_elff_close(e);
	return err;
}

void bu_elff_close(struct bu_elff *e)
{
	free(e->seg);
	e->seg = NULL;
	if (e->fd >= 0)
		close(e->fd);
	e->fd = -1;
}

int bu_elff_names(const struct bu_elff *e, struct bu_buf *names)
{
	struct bu_elff_sect s;
	int err;

	if (e->shstrndx >= e->shnum)
		return -ENOEXEC;
	err = bu_elff_sect(e, e->shstrndx, &s);
	return err ? err : bu_elff_table(e, &s, names);
}

int bu_elff_find(const struct bu_elff *e, const struct bu_buf *names, const char *name, struct bu_elff_sect *s)
{
	for (uint32_t i = 0; i < e->shnum; i++) {
		int err = bu_elff_sect(e, i, s);

		if (err)
			return err;
		if (s->name < names->n && strcmp((const char *)names->p + s->name, name) == 0)
			return 0;
	}
	return -ENOENT;
}
