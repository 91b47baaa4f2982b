/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * objcmp [OPTION]... A.o B.o: do two relocatable objects hold the same?
 *
 * Compared: byte order, machine and flags of the file; each section's type, flags, alignment, entry
 * size, bytes, the section it is linked to; relocations by place, type and symbol; members and
 * signature of groups; symbols. Symbols and sections are known by name, so that their order, the
 * string tables and .llvm_addrsig (a table of symbol numbers) do not matter. Reads by libelf, not by
 * the reader of lib/obj, so that a mistake of that one shows.
 *
 *   -S      not the symbols (those of relocations are compared all the same)
 *   -e      empty sections that one of them has and the other has not are no difference
 *   -f      not the e_flags of the file
 *   -i PAT  leave out the sections whose names the shell pattern PAT fits, and symbols in them
 *   -n      not the names of local symbols that relocations refer to: place and section count
 *   -F      not the symbols of type FILE
 *
 * Prints one line a section that differs, with its first difference. Exit: 0 the same, 1 they
 * differ, 2 no object.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LLVM_ADDRSIG 0x6fff4c03u
#define MAX_IGNORE 32

/* What hangs on the two objects lives to the end; a leak checker need not say so. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static struct {
	bool no_syms, no_empty, no_flags, no_local_names, no_file;
	const char *ignore[MAX_IGNORE];
	unsigned nignore;
} opt;

struct sec {
	const char *name;
	GElf_Shdr h;
	const uint8_t *p;   /* NULL: none, or NOBITS */
	size_t n;
	char *key;          /* name, group, which of several */
	size_t rel, nrel;   /* its relocations in obj.rels */
	bool shown;         /* part of what is compared */
};
struct rel {
	size_t sec;
	GElf_Rel r;
	char *sym;          /* the symbol in words */
};
struct obj {
	const char *path;
	Elf *elf;
	int fd;
	GElf_Ehdr eh;
	struct sec *secs;
	size_t nsecs;
	Elf_Data *symtab;
	size_t symtab_ndx, strtab_ndx, nsyms;
	char **syms;        /* sorted lines */
	size_t nlines;
	struct rel *rels;
	size_t nrels;
};

static __attribute__((noreturn)) void die(const char *path, const char *what)
{
	fprintf(stderr, "objcmp: %s: %s\n", path, what);
	exit(2);
}

static void *need(void *p)
{
	if (!p)
		die("memory", "none left");
	return p;
}

__attribute__((format(printf, 1, 2))) static char *text(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		s = NULL;
	va_end(ap);
	return need(s);
}

static bool ignored(const char *name)
{
	for (unsigned i = 0; i < opt.nignore; i++)
		if (!fnmatch(opt.ignore[i], name, 0))
			return true;
	return false;
}

/* ---------------------------------------------------------------- reading */

static GElf_Sym symbol(const struct obj *o, size_t i)
{
	GElf_Sym s;

	if (!o->symtab || i > INT32_MAX || !gelf_getsym(o->symtab, (int)i, &s))
		die(o->path, "a symbol's number is out of range");
	return s;
}

static const char *symbol_name(const struct obj *o, const GElf_Sym *s)
{
	const char *n = elf_strptr(o->elf, o->strtab_ndx, s->st_name);

	return n ? n : "?";
}

static const char *place(const struct obj *o, const GElf_Sym *s)
{
	switch (s->st_shndx) {
	case SHN_UNDEF: return "*UND*";
	case SHN_ABS: return "*ABS*";
	case SHN_COMMON: return "*COM*";
	default: return s->st_shndx < o->nsecs ? o->secs[s->st_shndx].key : "*?*";
	}
}

/* What a relocation or a group names. */
static char *symbol_text(const struct obj *o, size_t i)
{
	GElf_Sym s = symbol(o, i);

	if (GELF_ST_TYPE(s.st_info) == STT_SECTION)
		return text("section %s", place(o, &s));
	if (opt.no_local_names && GELF_ST_BIND(s.st_info) == STB_LOCAL)
		return text("%s+%llu", place(o, &s), (unsigned long long)s.st_value);
	return text("%s", symbol_name(o, &s));
}

static void sections(struct obj *o)
{
	size_t shstr;

	if (elf_getshdrnum(o->elf, &o->nsecs) || elf_getshdrstrndx(o->elf, &shstr))
		die(o->path, elf_errmsg(-1));
	o->secs = need(calloc(o->nsecs + 1, sizeof(*o->secs)));
	for (size_t i = 0; i < o->nsecs; i++) {
		struct sec *s = &o->secs[i];
		Elf_Scn *scn = elf_getscn(o->elf, i);
		Elf_Data *d;

		if (!scn || !gelf_getshdr(scn, &s->h))
			die(o->path, elf_errmsg(-1));
		s->name = elf_strptr(o->elf, shstr, s->h.sh_name);
		if (!s->name)
			s->name = "";
		s->key = (char *)s->name;
		s->shown = i && !ignored(s->name);
		if (s->h.sh_type == SHT_SYMTAB) {
			o->symtab = elf_getdata(scn, NULL);
			o->symtab_ndx = i;
			o->strtab_ndx = s->h.sh_link;
			o->nsyms = s->h.sh_entsize ? s->h.sh_size / s->h.sh_entsize : 0;
		}
		if (s->h.sh_type == SHT_NOBITS || !s->h.sh_size || !i)
			continue;
		d = elf_rawdata(scn, NULL);
		if (!d)
			die(o->path, elf_errmsg(-1));
		s->p = d->d_buf;
		s->n = d->d_size;
	}
	for (size_t i = 1; i < o->nsecs; i++) {
		struct sec *s = &o->secs[i];

		switch (s->h.sh_type) {
		case SHT_NULL: case SHT_SYMTAB: case SHT_SYMTAB_SHNDX: case LLVM_ADDRSIG:
		case SHT_REL: case SHT_RELA:
			s->shown = false;
			break;
		case SHT_STRTAB:
			s->shown = s->shown && i != shstr && i != o->strtab_ndx;
		}
	}
}

static uint32_t word(const struct obj *o, const uint8_t *p)
{
	return o->eh.e_ident[EI_DATA] == ELFDATA2MSB
		       ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		       : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Sections of one name are told apart by their groups, then by their order. */
static void keys(struct obj *o)
{
	for (size_t i = 1; i < o->nsecs; i++) {
		struct sec *g = &o->secs[i];
		char *sig;

		if (g->h.sh_type != SHT_GROUP)
			continue;
		sig = symbol_text(o, g->h.sh_info);
		g->key = text(".group[%s]", sig);
		for (size_t k = 4; k + 4 <= g->n; k += 4) {
			uint32_t m = word(o, g->p + k);

			if (m && m < o->nsecs)
				o->secs[m].key = text("%s[%s]", o->secs[m].name, sig);
		}
	}
	for (size_t i = 1; i < o->nsecs; i++)
		for (size_t k = 1, n = 1; k < i && o->secs[i].shown; k++)
			if (o->secs[k].shown && !strcmp(o->secs[k].key, o->secs[i].key))
				o->secs[i].key = text("%s#%zu", o->secs[i].key, ++n);
}

static int by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void symbols(struct obj *o)
{
	static const char *const binds[] = { "local", "global", "weak" };
	static const char *const types[] = { "notype", "object", "func", "section", "file", "common",
					     "tls" };
	static const char *const viss[] = { "", " internal", " hidden", " protected" };

	o->syms = need(calloc(o->nsyms + 1, sizeof(*o->syms)));
	for (size_t i = 1; i < o->nsyms; i++) {
		GElf_Sym s = symbol(o, i);
		unsigned b = GELF_ST_BIND(s.st_info), t = GELF_ST_TYPE(s.st_info);

		if (t == STT_SECTION || (t == STT_FILE && opt.no_file))
			continue;
		if (s.st_shndx && s.st_shndx < o->nsecs && !o->secs[s.st_shndx].shown)
			continue;
		o->syms[o->nlines++] =
			text("%s: %s+%llu size %llu %s %s%s", symbol_name(o, &s), place(o, &s),
			     (unsigned long long)s.st_value, (unsigned long long)s.st_size,
			     b < 3 ? binds[b] : "bind ?", t < 7 ? types[t] : "type ?",
			     viss[GELF_ST_VISIBILITY(s.st_other)]);
	}
	qsort(o->syms, o->nlines, sizeof(*o->syms), by_line);
}

static int by_place(const void *a, const void *b)
{
	const struct rel *x = a, *y = b;

	if (x->sec != y->sec)
		return x->sec < y->sec ? -1 : 1;
	if (x->r.r_offset != y->r.r_offset)
		return x->r.r_offset < y->r.r_offset ? -1 : 1;
	if (GELF_R_TYPE(x->r.r_info) != GELF_R_TYPE(y->r.r_info))
		return GELF_R_TYPE(x->r.r_info) < GELF_R_TYPE(y->r.r_info) ? -1 : 1;
	return strcmp(x->sym, y->sym);
}

static void relocations(struct obj *o)
{
	size_t total = 0;

	for (size_t i = 1; i < o->nsecs; i++)
		if (o->secs[i].h.sh_type == SHT_REL && o->secs[i].h.sh_entsize)
			total += o->secs[i].h.sh_size / o->secs[i].h.sh_entsize;
	o->rels = need(calloc(total + 1, sizeof(*o->rels)));
	for (size_t i = 1; i < o->nsecs; i++) {
		const GElf_Shdr *h = &o->secs[i].h;
		Elf_Data *d;

		if (h->sh_type == SHT_RELA)
			die(o->path, "relocations with addends");
		if (h->sh_type != SHT_REL || !h->sh_entsize || h->sh_info >= o->nsecs)
			continue;
		d = elf_getdata(elf_getscn(o->elf, i), NULL);
		for (size_t k = 0; d && k < h->sh_size / h->sh_entsize; k++) {
			struct rel *e = &o->rels[o->nrels];

			if (!gelf_getrel(d, (int)k, &e->r))
				die(o->path, elf_errmsg(-1));
			e->sec = h->sh_info;
			e->sym = symbol_text(o, GELF_R_SYM(e->r.r_info));
			o->nrels++;
		}
	}
	qsort(o->rels, o->nrels, sizeof(*o->rels), by_place);
	for (size_t i = 0; i < o->nrels; i++) {
		struct sec *s = &o->secs[o->rels[i].sec];

		if (!s->nrel++)
			s->rel = i;
	}
}

static void read_object(struct obj *o, const char *path)
{
	o->path = path;
	o->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (o->fd < 0)
		die(path, "cannot open");
	o->elf = elf_begin(o->fd, ELF_C_READ, NULL);
	if (!o->elf || elf_kind(o->elf) != ELF_K_ELF || !gelf_getehdr(o->elf, &o->eh))
		die(path, "no ELF object");
	sections(o);
	keys(o);
	symbols(o);
	relocations(o);
}

/* ---------------------------------------------------------------- comparing */

static unsigned differences;
static const struct sec *saying;

__attribute__((format(printf, 1, 2))) static void differ(const char *fmt, ...)
{
	va_list ap;

	differences++;
	if (saying)
		printf("%s: ", saying->key);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static const char *link_name(const struct obj *o, const struct sec *s)
{
	return s->h.sh_link && s->h.sh_link < o->nsecs && s->h.sh_type != SHT_GROUP
		       ? o->secs[s->h.sh_link].key : "";
}

/* The first bytes that differ, with what surrounds them. */
static void bytes(const struct sec *x, const struct sec *y)
{
	char l[64] = "", r[64] = "";
	size_t at = 0, from;

	while (x->p[at] == y->p[at])
		at++;
	from = at & ~(size_t)7;
	for (size_t i = from; i < from + 16 && i < x->n; i++) {
		sprintf(l + strlen(l), i % 8 ? "%02x" : " %02x", x->p[i]);
		sprintf(r + strlen(r), i % 8 ? "%02x" : " %02x", y->p[i]);
	}
	differ("bytes differ at 0x%zx:%s, not%s", at, l, r);
}

static char *rel_text(const struct obj *o, const struct sec *s, size_t k)
{
	const struct rel *e = &o->rels[s->rel + k];

	return text("0x%llx type %u %s", (unsigned long long)e->r.r_offset,
		    (unsigned)GELF_R_TYPE(e->r.r_info), e->sym);
}

/* Contents of a group: its word, and its members by name, sections of relocations among them. */
static char *group_text(const struct obj *o, const struct sec *g)
{
	char *t = text("flags %u", g->n >= 4 ? word(o, g->p) : 0);

	for (size_t k = 4; k + 4 <= g->n; k += 4) {
		uint32_t m = word(o, g->p + k);
		char *u = text("%s %s", t, m < o->nsecs ? o->secs[m].name : "?");

		free(t);
		t = u;
	}
	return t;
}

static void compare_section(const struct obj *a, const struct sec *x, const struct obj *b,
			    const struct sec *y)
{
	size_t k;

	saying = x;
	if (x->h.sh_type != y->h.sh_type)
		differ("type 0x%x, not 0x%x", x->h.sh_type, y->h.sh_type);
	else if (x->h.sh_flags != y->h.sh_flags)
		differ("flags 0x%llx, not 0x%llx", (unsigned long long)x->h.sh_flags,
		       (unsigned long long)y->h.sh_flags);
	else if (x->h.sh_addralign != y->h.sh_addralign)
		differ("alignment %llu, not %llu", (unsigned long long)x->h.sh_addralign,
		       (unsigned long long)y->h.sh_addralign);
	else if (x->h.sh_entsize != y->h.sh_entsize)
		differ("entry size %llu, not %llu", (unsigned long long)x->h.sh_entsize,
		       (unsigned long long)y->h.sh_entsize);
	else if (x->h.sh_size != y->h.sh_size)
		differ("%llu bytes, not %llu", (unsigned long long)x->h.sh_size,
		       (unsigned long long)y->h.sh_size);
	else if (strcmp(link_name(a, x), link_name(b, y)))
		differ("linked to '%s', not '%s'", link_name(a, x), link_name(b, y));
	else if (x->h.sh_type == SHT_GROUP && strcmp(group_text(a, x), group_text(b, y)))
		differ("group: %s, not: %s", group_text(a, x), group_text(b, y));
	else if (x->h.sh_type != SHT_GROUP && x->n && x->n == y->n && memcmp(x->p, y->p, x->n))
		bytes(x, y);
	for (k = 0; k < x->nrel && k < y->nrel; k++)
		if (strcmp(rel_text(a, x, k), rel_text(b, y, k)))
			break;
	if (k < x->nrel && k < y->nrel)
		differ("relocation %s, not %s", rel_text(a, x, k), rel_text(b, y, k));
	else if (k < x->nrel || k < y->nrel)
		differ("%zu relocations, not %zu: only %s has %s", x->nrel, y->nrel,
		       k < x->nrel ? a->path : b->path,
		       k < x->nrel ? rel_text(a, x, k) : rel_text(b, y, k));
	saying = NULL;
}

static struct sec *find(const struct obj *o, const char *key)
{
	for (size_t i = 1; i < o->nsecs; i++)
		if (o->secs[i].shown && !strcmp(o->secs[i].key, key))
			return &o->secs[i];
	return NULL;
}

static void lacks(const struct obj *in, const struct sec *s, const struct obj *o)
{
	if (!(opt.no_empty && !s->h.sh_size))
		differ("%s has section '%s' (%llu bytes), %s has not", in->path, s->key,
		       (unsigned long long)s->h.sh_size, o->path);
}

static void compare_symbols(const struct obj *a, const struct obj *b)
{
	size_t i = 0, k = 0;
	unsigned said = 0;

	while ((i < a->nlines || k < b->nlines) && said < 5) {
		int c = i == a->nlines ? 1 : k == b->nlines ? -1 : strcmp(a->syms[i], b->syms[k]);

		if (c) {
			differ("symbol only in %s: %s", c < 0 ? a->path : b->path,
			       c < 0 ? a->syms[i] : b->syms[k]);
			said++;
		}
		i += c <= 0;
		k += c >= 0;
	}
}

static void compare(const struct obj *a, const struct obj *b)
{
	if (memcmp(a->eh.e_ident, b->eh.e_ident, EI_NIDENT))
		differ("the ELF identification: byte order, class or ABI");
	if (a->eh.e_type != b->eh.e_type || a->eh.e_machine != b->eh.e_machine)
		differ("the file's type or machine");
	if (!opt.no_flags && a->eh.e_flags != b->eh.e_flags)
		differ("e_flags 0x%x, not 0x%x", a->eh.e_flags, b->eh.e_flags);
	for (size_t i = 1; i < a->nsecs; i++) {
		const struct sec *y, *x = &a->secs[i];

		if (!x->shown)
			continue;
		y = find(b, x->key);
		if (y)
			compare_section(a, x, b, y);
		else
			lacks(a, x, b);
	}
	for (size_t i = 1; i < b->nsecs; i++)
		if (b->secs[i].shown && !find(a, b->secs[i].key))
			lacks(b, &b->secs[i], a);
	if (!opt.no_syms)
		compare_symbols(a, b);
}

int main(int argc, char **argv)
{
	static struct obj a, b;
	int c;

	while ((c = getopt(argc, argv, "Sefi:nF")) != -1) {
		switch (c) {
		case 'S': opt.no_syms = true; break;
		case 'e': opt.no_empty = true; break;
		case 'f': opt.no_flags = true; break;
		case 'n': opt.no_local_names = true; break;
		case 'F': opt.no_file = true; break;
		case 'i':
			if (opt.nignore == MAX_IGNORE)
				die("-i", "too many patterns");
			opt.ignore[opt.nignore++] = optarg;
			break;
		default: argc = 0;
		}
	}
	if (argc - optind != 2) {
		fprintf(stderr, "Usage: objcmp [-SefnF] [-i PATTERN]... A.o B.o\n");
		return 2;
	}
	elf_version(EV_CURRENT);
	read_object(&a, argv[optind]);
	read_object(&b, argv[optind + 1]);
	compare(&a, &b);
	return differences ? 1 : 0;
}
