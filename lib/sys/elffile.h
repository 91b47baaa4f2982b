/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* elffile: an executable or library as uprobes and USDT need it; elffile.c. */
#ifndef BU_ELFFILE_H
#define BU_ELFFILE_H

#include "sys/sys.h"

struct bu_elff_seg { uint64_t addr, off, size; bool exec; };
struct bu_elff {
	int fd;
	uint64_t size;
	bool be, is64;
	uint64_t phoff, shoff;
	uint32_t phnum, shnum, shstrndx;
	struct bu_elff_seg *seg; uint32_t nseg; /* those that are loaded; heap */
};
struct bu_elff_sect {
	uint32_t name, type, link;
	uint64_t flags, addr, off, size;
};

/* 0; -ENOEXEC: no ELF executable or library, or damaged; else what open and read said. */
int bu_elff_open(struct bu_elff *e, const char *path);
void bu_elff_close(struct bu_elff *e);
int bu_elff_read(const struct bu_elff *e, uint64_t off, void *p, size_t n);
/* A word of 4 or 8 bytes by the file's class. */
uint64_t bu_elff_word(const struct bu_elff *e, const uint8_t *p);
int bu_elff_sect(const struct bu_elff *e, uint32_t i, struct bu_elff_sect *s);
/* All of a section, and a NUL behind it. */
int bu_elff_table(const struct bu_elff *e, const struct bu_elff_sect *s, struct bu_buf *out);
/* The sections' names, and the section of a name: -ENOENT. */
int bu_elff_names(const struct bu_elff *e, struct bu_buf *names);
int bu_elff_find(const struct bu_elff *e, const struct bu_buf *names, const char *name, struct bu_elff_sect *s);
/* The place in the file of an address, in a segment of code or of data. -ENOENT: it is in none. */
int bu_elff_offset(const struct bu_elff *e, uint64_t addr, bool exec, uint64_t *off);

#endif
