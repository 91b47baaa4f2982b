/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elfmut.h"

#include <elf.h>
#include <string.h>

#include "btf/btf.h"
#include "obj/obj.h"

#define SHDR 64u
#define SYM 24u
#define REL 16u

struct file {
	struct rng *r;
	uint8_t *p;
	size_t n, max;
	bool be;
	uint64_t shoff;
	uint32_t nsh, symtab, shstr;
};

static bool in_file(const struct file *f, uint64_t off, uint64_t n)
{
	return off <= f->n && n <= f->n - off;
}

static bool open_file(struct file *f, struct rng *r, uint8_t *p, size_t n, size_t max)
{
	*f = (struct file){ .r = r, .p = p, .n = n, .max = max };
	if (n < 64 || memcmp(p, ELFMAG, SELFMAG) || p[EI_CLASS] != ELFCLASS64)
		return false;
	f->be = p[EI_DATA] == ELFDATA2MSB;
	f->shoff = bu_get64(p + 40, f->be);
	f->nsh = bu_get16(p + 60, f->be);
	f->shstr = bu_get16(p + 62, f->be);
	return f->nsh > 1 && in_file(f, f->shoff, (uint64_t)f->nsh * SHDR);
}

static uint8_t *shdr(const struct file *f, uint32_t i)
{
	return f->p + f->shoff + (uint64_t)i * SHDR;
}

/* The bytes of section i; NULL: it has none. */
static uint8_t *bytes(const struct file *f, uint32_t i, uint64_t *n)
{
	const uint8_t *h = shdr(f, i);
	uint64_t off = bu_get64(h + 24, f->be);

	*n = bu_get64(h + 32, f->be);
	return *n && bu_get32(h + 4, f->be) != SHT_NOBITS && in_file(f, off, *n) ? f->p + off : NULL;
}

static const char *name(const struct file *f, uint32_t i)
{
	uint32_t at = bu_get32(shdr(f, i), f->be);
	uint64_t n;
	const uint8_t *s = f->shstr < f->nsh ? bytes(f, f->shstr, &n) : NULL;

	return s && at < n && memchr(s + at, 0, n - at) ? (const char *)s + at : "";
}

/* A random section of that type (0: any), or 0. */
static uint32_t some_section(const struct file *f, uint32_t type)
{
	uint32_t at = 1 + (uint32_t)rnd(f->r, f->nsh - 1);

	for (uint32_t k = 0; k < f->nsh; k++, at = at + 1 < f->nsh ? at + 1 : 1)
		if (!type || bu_get32(shdr(f, at) + 4, f->be) == type)
			return at;
	return 0;
}

static uint32_t named(const struct file *f, const char *want)
{
	for (uint32_t i = 1; i < f->nsh; i++)
		if (!strcmp(name(f, i), want))
			return i;
	return 0;
}

/* A number near one that matters. */
static uint64_t number(struct rng *r, uint64_t near)
{
	static const uint64_t some[] = { 0, 1, 2, 3, 4, 7, 8, 16, 0xff, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
					 0xfffffff0, 0xffffffff, 0x100000000, INT64_MAX, UINT64_MAX };

	switch (rnd(r, 5)) {
	case 0:
		return some[rnd(r, BU_ARRAY_SIZE(some))];
	case 1:
		return near + rnd(r, 17) - 8;
	case 2:
		return near ^ 1ull << rnd(r, 32);
	case 3:
		return rnd(r, 64);
	default:
		return near / 8 * 8 + 8 * (rnd(r, 5) - 2);
	}
}

static void change32(struct rng *r, uint8_t *p, bool be)
{
	bu_put32(p, be, (uint32_t)number(r, bu_get32(p, be)));
}

static void change64(struct rng *r, uint8_t *p, bool be)
{
	bu_put64(p, be, number(r, bu_get64(p, be)));
}

/* ---------------------------------------------------------------- headers */

static void header_field(struct file *f)
{
	uint8_t *h = shdr(f, (uint32_t)rnd(f->r, f->nsh));
	static const uint8_t words[] = { 0, 4, 40, 44 }, longs[] = { 8, 24, 32, 48, 56 };
	static const uint32_t types[] = { SHT_NULL, SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE,
					  SHT_NOBITS, SHT_REL, SHT_GROUP, 0x6fff4c03 };
	uint8_t *g = shdr(f, (uint32_t)rnd(f->r, f->nsh));
	unsigned at;

	switch (rnd(f->r, 6)) {
	case 0:
		bu_put32(h + 4, f->be, types[rnd(f->r, BU_ARRAY_SIZE(types))]);
		break;
	case 1: /* link, info: another section */
		bu_put32(h + 40 + 4 * rnd(f->r, 2), f->be, (uint32_t)rnd(f->r, f->nsh + 1));
		break;
	case 2: /* as another one has it */
		at = longs[rnd(f->r, BU_ARRAY_SIZE(longs))];
		memcpy(h + at, g + at, 8);
		break;
	case 3:
		bu_put64(h + 8, f->be, bu_get64(h + 8, f->be) ^ 1ull << rnd(f->r, 12));
		break;
	case 4:
		change32(f->r, h + words[rnd(f->r, BU_ARRAY_SIZE(words))], f->be);
		break;
	default:
		change64(f->r, h + longs[rnd(f->r, BU_ARRAY_SIZE(longs))], f->be);
	}
}

/* Another name for a section, over what the string table has there. */
static void rename_section(struct file *f)
{
	static const char *const names[] = {
		".maps", "maps", "maps/x", "license", "version", ".text", ".rodata", ".data.x", ".bss", ".rodata.str1.1",
		".ksyms", ".kconfig", ".struct_ops", ".struct_ops.link", ".BTF", ".BTF.ext", ".addr_space.1", ".arena.1",
		"xdp", "tc", "?kprobe/f", "tp/a/b", "raw_tp/x", "fentry/f", "iter/task", "lsm.s/f", "syscall", "socket",
		"classifier", "cgroup/connect4", "struct_ops/x", "freplace/f", "uprobe//bin/a:b", "perf_event",
		".note.bpfutils", "2/0", "tail-1", "odd", "",
	};
	const char *s = names[rnd(f->r, BU_ARRAY_SIZE(names))];
	uint32_t at = bu_get32(shdr(f, some_section(f, 0)), f->be);
	uint64_t n;
	uint8_t *t = f->shstr < f->nsh ? bytes(f, f->shstr, &n) : NULL;

	if (t && at < n && strlen(s) + 1 <= n - at)
		memcpy(t + at, s, strlen(s) + 1);
}

/* One header over another, or two that change places. */
static void copy_header(struct file *f)
{
	uint8_t *a = shdr(f, (uint32_t)rnd(f->r, f->nsh)), *b = shdr(f, (uint32_t)rnd(f->r, f->nsh)), t[SHDR];

	memcpy(t, a, SHDR);
	memcpy(a, b, SHDR);
	if (rnd(f->r, 2))
		memcpy(b, t, SHDR);
}

/* The section's bytes, at the end of the file, with n more: room for what comes. NULL: none. */
static uint8_t *grow(struct file *f, uint32_t i, size_t more)
{
	size_t at = (f->n + 7) / 8 * 8;
	uint64_t n;
	uint8_t *p = bytes(f, i, &n);

	if (!p || at > f->max || n + more > f->max - at)
		return NULL;
	memset(f->p + f->n, 0, at - f->n);
	memmove(f->p + at, p, n);
	memset(f->p + at + n, 0, more);
	bu_put64(shdr(f, i) + 24, f->be, at);
	bu_put64(shdr(f, i) + 32, f->be, n + more);
	f->n = at + n + more;
	return f->p + at + n;
}

/* ---------------------------------------------------------------- entries */

static void symbol(struct file *f)
{
	static const uint16_t ndx[] = { 0, 0xfff1, 0xfff2, 0xffff };
	uint32_t tab = some_section(f, SHT_SYMTAB);
	uint64_t n;
	uint8_t *p = tab ? bytes(f, tab, &n) : NULL, *s, *t;

	if (!p || n < SYM)
		return;
	s = p + rnd(f->r, n / SYM) * SYM;
	t = p + rnd(f->r, n / SYM) * SYM;
	switch (rnd(f->r, 8)) {
	case 0: /* another's name */
		memcpy(s, t, 4);
		break;
	case 1:
		s[4] = (uint8_t)(rnd(f->r, 3) << 4 | rnd(f->r, 5));
		break;
	case 2:
		bu_put16(s + 6, f->be, rnd(f->r, 3) ? (uint16_t)rnd(f->r, f->nsh + 1) : ndx[rnd(f->r, 4)]);
		break;
	case 3:
		memcpy(s + 8, t + 8, 8);
		break;
	case 4:
		memcpy(s, t, SYM);
		break;
	case 5:
		change64(f->r, s + 16, f->be);
		break;
	case 6: /* one more */
		t = grow(f, tab, SYM);
		if (t) {
			p = bytes(f, tab, &n);
			memcpy(t, p + rnd(f->r, n / SYM - 1) * SYM, SYM);
		}
		break;
	default:
		change64(f->r, s + 8, f->be);
	}
}

static void reloc(struct file *f)
{
	static const uint32_t types[] = { 0, 1, 2, 3, 4, 10, 5, 0xffffffff };
	uint32_t sec = some_section(f, SHT_REL);
	uint64_t n;
	uint8_t *p = sec ? bytes(f, sec, &n) : NULL, *e, *o;

	if (!p || n < REL)
		return;
	e = p + rnd(f->r, n / REL) * REL;
	o = p + rnd(f->r, n / REL) * REL;
	switch (rnd(f->r, 6)) {
	case 0:
		change64(f->r, e, f->be);
		break;
	case 1: /* another type */
		bu_put64(e + 8, f->be, (bu_get64(e + 8, f->be) & ~0xffffffffull) | types[rnd(f->r, BU_ARRAY_SIZE(types))]);
		break;
	case 2: /* another symbol */
		bu_put64(e + 8, f->be, (uint64_t)rnd(f->r, 32) << 32 | (uint32_t)bu_get64(e + 8, f->be));
		break;
	case 3:
		memcpy(e, o, REL);
		break;
	case 4:
		e = grow(f, sec, REL);
		if (e) {
			p = bytes(f, sec, &n);
			memcpy(e, p + rnd(f->r, n / REL - 1) * REL, REL);
			change64(f->r, e, f->be);
		}
		break;
	default:
		memcpy(e, o, 8);
	}
}

static void code(struct file *f)
{
	static const uint8_t codes[] = { 0x18, 0x85, 0x05, 0x06, 0x95, 0x15, 0x55, 0x61, 0x7b, 0xb7, 0xbf, 0x8d, 0xdb, 0xe5, 0 };
	uint32_t sec = some_section(f, SHT_PROGBITS);
	uint64_t n;
	uint8_t *p, *in;

	for (int k = 0; k < 8 && !(bu_get64(shdr(f, sec) + 8, f->be) & SHF_EXECINSTR); k++)
		sec = some_section(f, SHT_PROGBITS);
	p = sec ? bytes(f, sec, &n) : NULL;
	if (!p || n < 8)
		return;
	in = p + rnd(f->r, n / 8) * 8;
	switch (rnd(f->r, 6)) {
	case 0:
		in[0] = codes[rnd(f->r, BU_ARRAY_SIZE(codes))];
		break;
	case 1: /* src says what an ld_imm64 or a call is of */
		in[1] = (uint8_t)(f->be ? (in[1] & 0xf0) | rnd(f->r, 8) : (in[1] & 15) | rnd(f->r, 8) << 4);
		break;
	case 2:
		change32(f->r, in + 4, f->be);
		break;
	case 3:
		bu_put16(in + 2, f->be, (uint16_t)number(f->r, bu_get16(in + 2, f->be)));
		break;
	case 4:
		memcpy(in, p + rnd(f->r, n / 8) * 8, 8);
		break;
	default:
		in = grow(f, sec, 8);
		if (in) {
			p = bytes(f, sec, &n);
			memcpy(in, p + rnd(f->r, n / 8 - 1) * 8, 8);
		}
	}
}

/* ---------------------------------------------------------------- types */

static size_t type_len(uint32_t info)
{
	static const uint8_t fixed[32] = { [1] = 4, [3] = 12, [14] = 4, [17] = 4 };
	static const uint8_t each[32] = { [4] = 12, [5] = 12, [6] = 8, [13] = 8, [15] = 12, [19] = 12 };
	uint32_t kind = info >> 24 & 31;

	return 12 + fixed[kind] + (size_t)each[kind] * (info & 0xffff);
}

/* One field of one type; rarely of the header. */
static void mutate_types(struct rng *r, uint8_t *p, size_t n)
{
	bool be = p[0] == 0xeb;
	uint32_t hdr = n >= 24 ? bu_get32(p + 4, be) : 0, off, len, nt = 0, pick;
	size_t at, end;
	uint32_t info;

	if (n < 24 || rnd(r, 24) == 0) {
		if (n >= 24)
			change32(r, p + 4 * rnd(r, 6), be);
		return;
	}
	off = bu_get32(p + 8, be);
	len = bu_get32(p + 12, be);
	if ((uint64_t)hdr + off + len > n)
		return;
	end = (size_t)hdr + off + len;
	for (at = hdr + off; at + 12 <= end; at += type_len(bu_get32(p + at + 4, be)))
		nt++;
	if (!nt)
		return;
	pick = (uint32_t)rnd(r, nt);
	for (at = hdr + off; pick--; at += type_len(bu_get32(p + at + 4, be)))
		;
	info = bu_get32(p + at + 4, be);
	if (type_len(info) > end - at)
		return;
	switch (rnd(r, 8)) {
	case 0: /* another kind, of as many bytes if possible */
		info = (info & ~(31u << 24)) | (uint32_t)rnd(r, 21) << 24;
		if (type_len(info) != type_len(bu_get32(p + at + 4, be)) && rnd(r, 4))
			return;
		bu_put32(p + at + 4, be, info);
		break;
	case 1:
		bu_put32(p + at + 4, be, info ^ 1u << 31);
		break;
	case 2:
		change32(r, p + at + 4, be);
		break;
	case 3: /* the name, as another has it */
		bu_put32(p + at, be, rnd(r, 2) ? 0 : (uint32_t)rnd(r, n - end + 1));
		break;
	case 4:
		bu_put32(p + at + 8, be, (uint32_t)rnd(r, nt + 2));
		break;
	case 5:
		change32(r, p + at + 8, be);
		break;
	default: /* of the list */
		if (type_len(info) > 12) {
			uint8_t *q = p + at + 12 + 4 * rnd(r, (type_len(info) - 12) / 4);

			if (rnd(r, 2))
				bu_put32(q, be, (uint32_t)rnd(r, nt + 2));
			else
				change32(r, q, be);
		}
	}
}

static void mutate_ext(struct rng *r, uint8_t *p, size_t n)
{
	if (n < 32)
		return;
	if (rnd(r, 6) == 0)
		change32(r, p + 4 * rnd(r, 8), p[0] == 0xeb);
	else
		change32(r, p + 4 * rnd(r, n / 4), p[0] == 0xeb);
}

size_t btf_mutate(struct rng *r, uint8_t *p, size_t n, bool ext)
{
	size_t nb = n;

	if (n < 2)
		return n;
	if (ext) {
		nb = bu_get16(p, false);
		p += 2;
		if (nb > n - 2)
			nb = n - 2;
		if (rnd(r, 3)) {
			mutate_ext(r, p + nb, n - 2 - nb);
			return n;
		}
	}
	if (rnd(r, 8) == 0)
		mutate_bytes(r, p, nb);
	else
		mutate_types(r, p, nb);
	return n;
}

/* ---------------------------------------------------------------- all of it */

static void contents(struct file *f, const char *which)
{
	uint32_t i = named(f, which);
	uint64_t n;
	uint8_t *p = i ? bytes(f, i, &n) : NULL;

	if (!p)
		return;
	if (!strcmp(which, ".BTF"))
		mutate_types(f->r, p, n);
	else if (!strcmp(which, ".BTF.ext"))
		mutate_ext(f->r, p, n);
	else
		mutate_bytes(f->r, p, n);
}

size_t elf_mutate(struct rng *r, uint8_t *p, size_t n, size_t max)
{
	static const char *const secs[] = { ".maps", "maps", "license", "version", ".symtab", ".strtab", ".shstrtab",
					    ".rodata", ".data", ".ksyms", ".kconfig" };
	struct file f;
	uint64_t k;
	uint8_t *q;

	if (!open_file(&f, r, p, n, max)) {
		mutate_bytes(r, p, n);
		return n;
	}
	switch (rnd(r, 16)) {
	case 0:
	case 1:
		header_field(&f);
		break;
	case 2:
		rename_section(&f);
		break;
	case 3:
		copy_header(&f);
		break;
	case 4:
	case 5:
		symbol(&f);
		break;
	case 6:
	case 7:
		reloc(&f);
		break;
	case 8:
		code(&f);
		break;
	case 9:
	case 10:
	case 11:
	case 12:
		contents(&f, ".BTF");
		break;
	case 13:
		contents(&f, ".BTF.ext");
		break;
	case 14:
		contents(&f, secs[rnd(r, BU_ARRAY_SIZE(secs))]);
		break;
	default:
		q = bytes(&f, some_section(&f, 0), &k);
		if (q && rnd(r, 2))
			mutate_bytes(r, q, k);
		else
			mutate_bytes(r, p, n);
	}
	return f.n;
}

size_t elf_cross(struct rng *r, uint8_t *p, size_t n, const uint8_t *q, size_t m, size_t max)
{
	struct file f, g;
	uint32_t i, k;
	uint64_t have, want;
	uint8_t *from, *to;

	/* Of the second only what is read is used. */
	if (!open_file(&f, r, p, n, max) || !open_file(&g, r, (uint8_t *)(uintptr_t)q, m, m) || f.be != g.be)
		return n;
	k = some_section(&g, 0);
	i = rnd(r, 3) ? named(&f, name(&g, k)) : some_section(&f, 0);
	from = bytes(&g, k, &want);
	if (!i || !from)
		return n;
	/* A section of that size at the end of the file. */
	have = 0;
	to = bytes(&f, i, &have);
	if (!to || want > max)
		return n;
	if (want <= have) {
		memcpy(to, from, want);
		bu_put64(shdr(&f, i) + 32, f.be, want);
		return f.n;
	}
	if (grow(&f, i, want - have))
		memcpy(f.p + bu_get64(shdr(&f, i) + 24, f.be), from, want);
	return f.n;
}
