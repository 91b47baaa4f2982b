/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The functions of an executable or library, and where in its file each begins: what a uprobe is given.
 * The symbol's value is an address; the program header that loads it says where in the file that address
 * comes from, for position-independent files and others alike.
 *
 * Versions of symbols are in .symtab a part of the name (f@V, f@@V for the default); for .dynsym they are in
 * .gnu.version, a number for each symbol, and .gnu.version_d, the names of the numbers.
 * Source: System V ABI; Linux Standard Base, Symbol Versioning.
 */
#include "sys/elffile.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define STT_IFUNC 10 /* STT_GNU_IFUNC */
#define VERSIONS_MAX 0x8000u

struct tables {
	struct bu_buf syms, strs, vers, defs, defstrs;
	uint32_t version[VERSIONS_MAX]; /* number -> offset in defstrs + 1 */
};

/* The names of the versions that this file defines. Damaged ones are no versions. */
static void read_versions(const struct bu_elff *e, struct tables *t)
{
	size_t at = 0;

	memset(t->version, 0, sizeof(t->version));
	for (uint32_t n = 0; n < VERSIONS_MAX && at < t->defs.n && t->defs.n - at >= 20; n++) {
		const uint8_t *d = t->defs.p + at;
		uint32_t number = bu_get16(d + 4, e->be), aux = bu_get32(d + 12, e->be);
		uint32_t next = bu_get32(d + 16, e->be);

		if (aux < t->defs.n - at && t->defs.n - at - aux >= 8 && number < VERSIONS_MAX &&
		    bu_get16(d + 6, e->be)) {
			uint32_t name = bu_get32(d + aux, e->be);

			if (name < t->defstrs.n)
				t->version[number] = name + 1;
		}
		if (!next || next > t->defs.n - at)
			break;
		at += next;
	}
}

/* Reads what tells the versions of .dynsym; without it there are none. */
static int read_version_tables(const struct bu_elff *e, struct tables *t)
{
	struct bu_elff_sect s, str;
	int err;

	bu_buf_reset(&t->vers);
	bu_buf_reset(&t->defs);
	bu_buf_reset(&t->defstrs);
	for (uint32_t i = 0; i < e->shnum; i++) {
		err = bu_elff_sect(e, i, &s);
		if (!err && s.type == SHT_GNU_versym)
			err = bu_elff_table(e, &s, &t->vers);
		if (!err && s.type == SHT_GNU_verdef && s.link < e->shnum) {
			err = bu_elff_sect(e, s.link, &str);
			if (!err)
				err = bu_elff_table(e, &s, &t->defs);
			if (!err)
				err = bu_elff_table(e, &str, &t->defstrs);
		}
		if (err)
			return err;
	}
	read_versions(e, t);
	return 0;
}

/* The version of symbol number i of .dynsym into f. */
static void set_version(const struct bu_elff *e, const struct tables *t, size_t i, struct bu_elff_func *f)
{
	uint32_t v;

	if (t->vers.n / 2 <= i)
		return;
	v = bu_get16(t->vers.p + i * 2, e->be);
	f->is_default = !(v & 0x8000);
	v &= 0x7fff;
	if (v > 1 && t->version[v])
		f->version = (const char *)t->defstrs.p + t->version[v] - 1;
}

/* One symbol as a function. False: it is none, or lies nowhere in the file. */
static bool take(const struct bu_elff *e, const struct tables *t, size_t i, size_t entsize, bool dynamic,
		 struct bu_elff_func *f)
{
	const uint8_t *b = t->syms.p + i * entsize;
	uint32_t name = bu_get32(b, e->be);
	uint8_t info = b[e->is64 ? 4 : 12], type = info & 15;
	uint16_t shndx = bu_get16(b + (e->is64 ? 6 : 14), e->be);
	uint64_t value = bu_elff_word(e, b + (e->is64 ? 8 : 4));
	const char *at;

	/* or none, as hand-written assembler leaves it */
	if (type != STT_FUNC && type != STT_IFUNC && type != STT_NOTYPE)
		return false;
	if (shndx == SHN_UNDEF || shndx == SHN_ABS || name >= t->strs.n || !t->strs.p[name] || !value)
		return false;
	if (bu_elff_offset(e, value, true, &f->offset))
		return false;
	f->name = (const char *)t->strs.p + name;
	f->n = strlen(f->name);
	f->version = "";
	f->is_default = true;
	f->local = info >> 4 == STB_LOCAL;
	if (dynamic) {
		set_version(e, t, i, f);
		return true;
	}
	at = strchr(f->name, '@');
	if (at) {
		f->n = (size_t)(at - f->name);
		f->is_default = at[1] == '@';
		f->version = at + 1 + f->is_default;
	}
	return true;
}

static int each_of_table(const struct bu_elff *e, struct tables *t, const struct bu_elff_sect *tab,
			 bu_elff_func_fn *fn, void *ctx, bool *stopped)
{
	size_t entsize = e->is64 ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	bool dynamic = tab->type == SHT_DYNSYM;
	struct bu_elff_sect str;
	struct bu_elff_func f;
	int err;

	if (tab->link >= e->shnum)
		return -ENOEXEC;
	err = bu_elff_sect(e, tab->link, &str);
	if (!err)
		err = bu_elff_table(e, tab, &t->syms);
	if (!err)
		err = bu_elff_table(e, &str, &t->strs);
	if (!err && dynamic)
		err = read_version_tables(e, t);
	for (size_t i = 0; !err && !*stopped && i < t->syms.n / entsize; i++)
		if (take(e, t, i, entsize, dynamic, &f))
			*stopped = !fn(ctx, &f);
	return err;
}

int bu_elff_each_func(const char *path, bu_elff_func_fn *fn, void *ctx)
{
	static const uint32_t types[] = { SHT_SYMTAB, SHT_DYNSYM };
	struct tables *t = calloc(1, sizeof(*t));
	struct bu_elff e = { .fd = -1 };
	bool stopped = false;
	int err = t ? bu_elff_open(&e, path) : -ENOMEM;

	for (unsigned k = 0; !err && !stopped && k < BU_ARRAY_SIZE(types); k++) {
		for (uint32_t i = 0; !err && i < e.shnum; i++) {
			struct bu_elff_sect s;

			err = bu_elff_sect(&e, i, &s);
			if (err || s.type != types[k])
				continue;
			err = each_of_table(&e, t, &s, fn, ctx, &stopped);
			break; /* there is at most one of each type */
		}
	}
	bu_elff_close(&e);
	if (t) {
		bu_buf_free(&t->syms);
		bu_buf_free(&t->strs);
		bu_buf_free(&t->vers);
		bu_buf_free(&t->defs);
		bu_buf_free(&t->defstrs);
	}
	free(t);
	return err;
}

/* ---------------------------------------------------------------- one symbol */

struct search {
	const char *name, *version; /* version NULL: any, the default first */
	size_t n;
	bool only_default;
	struct bu_near *near;
	struct bu_arena *keep;
	uint64_t off;
	unsigned rank; /* of what was found; 0: nothing yet */
};

static bool look(void *ctx, const struct bu_elff_func *f)
{
	struct search *q = ctx;
	unsigned rank = 1 + !f->local + 2 * f->is_default;

	if (f->n == q->n && memcmp(f->name, q->name, q->n) == 0 && (f->is_default || !q->only_default) &&
	    (!q->version || strcmp(f->version, q->version) == 0)) {
		if (rank > q->rank) {
			q->rank = rank;
			q->off = f->offset;
		}
		return rank < 4; /* better it cannot be */
	}
	if (q->near && !q->rank && f->name[0]) {
		bu_near_feed(q->near, f->name);
		if (q->near->best == f->name) /* the tables go away */
			q->near->best = bu_arena_strndup(q->keep, f->name, q->near->best_n);
	}
	return true;
}

int bu_elf_symbol_offset(const char *path, const char *symbol, uint64_t *off, struct bu_near *near,
			 struct bu_arena *keep)
{
	struct search q = { .name = symbol, .n = strcspn(symbol, "@"), .near = near, .keep = keep };
	int err;

	if (symbol[q.n]) {
		q.only_default = symbol[q.n + 1] == '@';
		q.version = symbol + q.n + 1 + q.only_default;
	}
	err = bu_elff_each_func(path, look, &q);
	if (err)
		return err;
	*off = q.off;
	return q.rank ? 0 : -ENOENT;
}
