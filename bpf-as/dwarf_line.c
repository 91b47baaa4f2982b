/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .file N and .loc: which line of which source each instruction is of, as .debug_line.
 *
 * A .loc waits until code or data is put; that place gets a row. The sequences (one a section)
 * become a program of the line number machine, DWARF 5 section 6.2. Debuggers read any such program;
 * ours has the bytes that LLVM writes, and in GNU mode those of GNU as 2.40, so that an object does
 * not depend on who assembled it. They differ in the header's parameters, in the order of the
 * operations and in when a special opcode is used.
 */
#include "bpf-as/directive.h"

#define LINE_BASE (-5)
#define LINE_RANGE 14
#define OPCODE_BASE 13

enum { LNS_COPY = 1, LNS_ADVANCE_PC, LNS_ADVANCE_LINE, LNS_SET_FILE, LNS_SET_COLUMN,
       LNS_NEGATE_STMT, LNS_SET_BASIC_BLOCK, LNS_CONST_ADD_PC, LNS_FIXED_ADVANCE_PC,
       LNS_SET_PROLOGUE_END, LNS_SET_EPILOGUE_BEGIN, LNS_SET_ISA };
enum { LNE_END_SEQUENCE = 1, LNE_SET_ADDRESS, LNE_DEFINE_FILE, LNE_SET_DISCRIMINATOR };
enum { LNCT_PATH = 1, LNCT_DIRECTORY_INDEX = 2, LNCT_MD5 = 5,
       LNCT_LLVM_SOURCE = 0x2001 };
enum { FORM_UDATA = 0x0f, FORM_DATA16 = 0x1e, FORM_LINE_STRP = 0x1f };

enum { IS_STMT = 1, BASIC_BLOCK = 2, PROLOGUE_END = 4, EPILOGUE_BEGIN = 8 };

#define MAX_FILE_NUMBER (1 << 20)

struct source {
	const char *name; /* NULL: no such number */
	uint32_t dir;
	bool has_md5;
	uint8_t md5[16];
	const char *text; /* of the file, NULL: not given */
};

struct row {
	uint64_t off;
	uint32_t npiece;
	uint32_t file, line, isa, discriminator;
	uint32_t col;
	uint8_t flags;
};

struct seq {
	struct as_sec *sec;
	struct row *row;
	size_t n, cap;
	struct seq *next;
};

struct as_dwarf {
	struct source *file;
	uint32_t nfile;
	size_t cap_file;
	const char **dir; /* 0: where the compiler ran */
	uint32_t ndir;
	size_t cap_dir;
	bool root; /* there is a file 0, which tells directory 0 */
	bool some_md5, no_md5, some_text;
	bool v5;
	bool waits;
	struct row loc;
	struct seq *seq, **tail;
	struct bu_hash seqs; /* section -> seq */
	struct bu_hash strs; /* of .debug_line_str, name -> 1 + offset */
	struct as_sec *line_sec, *str_sec;
};

static struct as_dwarf *dwarf(struct as *as)
{
	struct as_dwarf *d = as->dwarf;

	if (d)
		return d;
	d = bu_arena_alloc(&as->arena, sizeof(*d));
	if (!d)
		return NULL;
	d->tail = &d->seq;
	d->loc.flags = IS_STMT;
	d->loc.file = 1;
	d->dir = bu_arena_grow(&as->arena, NULL, 0, &d->cap_dir, sizeof(*d->dir));
	if (!d->dir)
		return NULL;
	d->dir[0] = NULL;
	d->ndir = 1;
	if (as->compat == COMPAT_LLVM) { /* clang's own assembler knows no other version */
		d->v5 = true;
		d->dir[0] = as->comp_dir;
	}
	as->dwarf = d;
	return d;
}

/* ---------------------------------------------------------------- .file */

static uint32_t directory(struct as *as, struct as_dwarf *d, const char *name, size_t n)
{
	uint32_t i;

	if (!n)
		return 0;
	/* Few: a compiler names each once. */
	for (i = d->root ? 0 : 1; i < d->ndir; i++)
		if (strlen(d->dir[i]) == n && !memcmp(d->dir[i], name, n))
			return i;
	d->dir = bu_arena_grow(&as->arena, d->dir, d->ndir, &d->cap_dir, sizeof(*d->dir));
	if (!d->dir) {
		as->dwarf = NULL;
		return 0;
	}
	d->dir[d->ndir] = bu_arena_strndup(&as->arena, name, n);
	return d->dir[d->ndir] ? d->ndir++ : 0;
}

/* 32 hex digits behind 0x. */
static bool md5(struct as *as, struct as_cur *c, uint8_t out[16])
{
	const char *p;

	as_skip(c);
	p = c->p;
	if (c->e - p >= 34 && p[0] == '0' && (p[1] | 32) == 'x') {
		unsigned i = 0;

		for (; i < 32 && bu_hex_digit(p[2 + i]) >= 0; i++)
			;
		if (i == 32) {
			for (i = 0; i < 16; i++)
				out[i] = (uint8_t)(bu_hex_digit(p[2 + 2 * i]) << 4 |
						   bu_hex_digit(p[3 + 2 * i]));
			c->p = p + 34;
			return true;
		}
	}
	as_error(as, "A0361", p, as_token_len(p, c->e), "expected a checksum: 0x and 32 hex digits");
	return false;
}

static struct source *source(struct as *as, struct as_dwarf *d, uint32_t n)
{
	while (d->nfile <= n) {
		d->file = bu_arena_grow(&as->arena, d->file, d->nfile, &d->cap_file, sizeof(*d->file));
		if (!d->file) {
			d->nfile = 0;
			return NULL;
		}
		memset(&d->file[d->nfile++], 0, sizeof(*d->file));
	}
	return &d->file[n];
}

/* new: its name, checksum and text; the directory is apart. */
static void number_file(struct as *as, uint32_t n, const char *dir, struct source new,
			const char *pos)
{
	struct as_dwarf *d = dwarf(as);
	struct source *f = d ? source(as, d, n) : NULL;
	const char *name = new.name, *slash;

	if (!f)
		return;
	if (f->name) {
		if (n || strcmp(f->name, name))
			as_error(as, "A0362", pos, 1, "file %u has a name already", n);
		return;
	}
	if (n == 0) {
		d->v5 = d->root = true;
		d->dir[0] = dir ? dir : "";
	} else if (!dir) {
		slash = strrchr(name, '/');
		if (slash && slash[1]) {
			new.dir = directory(as, d, name, slash == name ? 1 : (size_t)(slash - name));
			new.name = slash + 1;
		}
	} else {
		new.dir = directory(as, d, dir, strlen(dir));
	}
	f = as->dwarf ? &d->file[n] : NULL;
	if (!f)
		return;
	*f = new;
	if (f->has_md5)
		d->some_md5 = true;
	else
		d->no_md5 = true;
	d->some_text = d->some_text || f->text;
}

/* .file "name", or .file N ["dir"] "name" [md5 0x...] [source "text"] */
void as_d_file(PARAMS)
{
	struct bu_buf a = { 0 }, b = { 0 };
	const char *p, *first, *second = NULL;
	struct source new = { 0 };
	int64_t n = -1;
	struct bu_str w;

	(void)arg;
	as_skip(c);
	p = c->p;
	if (p < c->e && IS(*p, CL_DIGIT)) {
		if (as_expr_now(as, c, "file number", &n))
			goto bad;
		if (n > MAX_FILE_NUMBER) {
			as_error(as, "A0160", p, (size_t)(c->p - p), "file number %lld is out of range (0 to %d)",
				 (long long)n, MAX_FILE_NUMBER);
			goto bad;
		}
	}
	if (!as_string(as, c, &a))
		goto bad;
	if (n < 0) {
		as_junk(as, c);
		if (!memchr(bu_buf_cstr(&a), 0, a.n))
			as_file_symbol(as, bu_buf_cstr(&a), a.n);
		goto out;
	}
	as_skip(c);
	if (c->p < c->e && *c->p == '"') {
		if (!as_string(as, c, &b))
			goto bad;
		second = bu_arena_strndup(&as->arena, bu_buf_cstr(&b), b.n);
	}
	first = bu_arena_strndup(&as->arena, bu_buf_cstr(&a), a.n);
	as_skip(c);
	while (c->p < c->e) {
		w = as_word(c);
		if (bu_str_is(w, "md5")) {
			new.has_md5 = md5(as, c, new.md5);
			if (!new.has_md5)
				goto bad;
		} else if (bu_str_is(w, "source")) {
			bu_buf_reset(&b);
			if (!as_string(as, c, &b))
				goto bad;
			new.text = bu_arena_strndup(&as->arena, bu_buf_cstr(&b), b.n);
		} else {
			break;
		}
		as_skip(c);
	}
	as_junk(as, c);
	new.name = second ? second : first;
	if (new.name)
		number_file(as, (uint32_t)n, second ? first : NULL, new, name.p);
	goto out;
bad:
	c->p = c->e;
out:
	bu_buf_free(&a);
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- .loc */

static struct seq *sequence(struct as *as, struct as_dwarf *d, struct as_sec *sec)
{
	struct seq *q = bu_hash_get(&d->seqs, (const char *)&sec, sizeof(sec));
	const char *key;

	if (q)
		return q;
	q = bu_arena_alloc(&as->arena, sizeof(*q));
	key = bu_arena_memdup(&as->arena, &sec, sizeof(sec));
	if (!q || !key || bu_hash_put(&d->seqs, key, sizeof(sec), q)) {
		as->arena.failed = true;
		return NULL;
	}
	q->sec = sec;
	*d->tail = q;
	d->tail = &q->next;
	return q;
}

void as_dwarf_here(struct as *as)
{
	struct as_dwarf *d = as->dwarf;
	struct seq *q = d ? sequence(as, d, as->cur) : NULL;

	as->loc_waits = false;
	if (!q)
		return;
	q->row = bu_arena_grow(&as->arena, q->row, q->n, &q->cap, sizeof(*q->row));
	if (!q->row) {
		q->n = 0;
		return;
	}
	d->loc.off = as->cur->size;
	d->loc.npiece = (uint32_t)as->cur->npiece;
	q->row[q->n++] = d->loc;
	d->loc.flags &= IS_STMT;
	d->loc.discriminator = 0;
}

static bool number(struct as *as, struct as_cur *c, const char *what, int64_t max, uint32_t *out)
{
	const char *p;
	int64_t v;

	as_skip(c);
	p = c->p;
	if (as_expr_now(as, c, what, &v))
		return false;
	if (v < 0 || v > max) {
		as_error(as, "A0160", p, (size_t)(c->p - p), "%s %lld is out of range (0 to %lld)", what,
			 (long long)v, (long long)max);
		return false;
	}
	*out = (uint32_t)v;
	return true;
}

/* .loc FILE LINE [COLUMN] [basic_block] [prologue_end] [epilogue_begin] [is_stmt N] [isa N] … */
void as_d_loc(PARAMS)
{
	struct as_dwarf *d = dwarf(as);
	struct row r;
	uint32_t n;

	(void)arg;
	if (!d) {
		c->p = c->e;
		return;
	}
	/* Two in a row: the first one is about nothing, and is told nevertheless. */
	if (as->loc_waits)
		as_dwarf_here(as);
	r = (struct row){ .flags = d->loc.flags & IS_STMT };
	if (as->compat == COMPAT_GNU) { /* what is not said stays */
		r.isa = d->loc.isa;
		r.col = d->loc.col;
	}
	if (!number(as, c, "file number", MAX_FILE_NUMBER, &r.file) ||
	    !number(as, c, "line", INT32_MAX, &r.line))
		goto bad;
	as_skip(c);
	if (c->p < c->e && IS(*c->p, CL_DIGIT) && !number(as, c, "column", UINT16_MAX, &r.col))
		goto bad;
	for (as_skip(c); c->p < c->e; as_skip(c)) {
		const char *p = c->p;
		struct bu_str w = as_word(c);

		if (bu_str_is(w, "basic_block")) {
			r.flags |= BASIC_BLOCK;
		} else if (bu_str_is(w, "prologue_end")) {
			r.flags |= PROLOGUE_END;
		} else if (bu_str_is(w, "epilogue_begin")) {
			r.flags |= EPILOGUE_BEGIN;
		} else if (bu_str_is(w, "is_stmt")) {
			if (!number(as, c, "is_stmt", 1, &n))
				goto bad;
			r.flags = (uint8_t)((r.flags & ~IS_STMT) | (n ? IS_STMT : 0));
		} else if (bu_str_is(w, "isa")) {
			if (!number(as, c, "isa", INT32_MAX, &r.isa))
				goto bad;
		} else if (bu_str_is(w, "discriminator")) {
			if (!number(as, c, "discriminator", INT32_MAX, &r.discriminator))
				goto bad;
		} else if (bu_str_is(w, "view")) { /* compilers only count them */
			as_skip(c);
			while (c->p < c->e && !IS(*c->p, CL_SPACE))
				c->p++;
		} else {
			as_error(as, "A0363", p, as_token_len(p, c->e), "unknown word in .loc");
			goto bad;
		}
	}
	if (r.file >= d->nfile || !d->file[r.file].name) {
		/* DWARF 4 text assembled as DWARF 5 may begin at 1. */
		as_error(as, "A0364", name.p, name.n, "no .file %u stands before this", r.file);
		return;
	}
	d->loc = r;
	as->loc_waits = true;
	return;
bad:
	c->p = c->e;
}

/* ---------------------------------------------------------------- the header */

static struct as_sec *debug_section(struct as *as, const char *name, uint64_t flags, uint64_t entsize)
{
	struct as_sec *s = as_section(as, name, strlen(name), NULL);

	if (!s)
		return NULL;
	if (!s->used) {
		s->flags = flags;
		s->entsize = entsize;
	}
	return s;
}

/* Appends a 4-byte relocation against sec + off. */
static void section_ref(struct as *as, struct bu_buf *b, struct as_sec *into, uint64_t base,
			struct as_sec *sec, uint64_t off, unsigned size)
{
	struct as_sym *y = as_place_sym(as, sec, off);
	struct as_fix *f;
	uint32_t node;

	if (!y)
		return;
	node = as_expr_sym(as, y, NULL);
	as_expr_keep(as);
	as->cur = into;
	f = as_fixup(as, FIX_DATA, NULL, 1);
	if (f) {
		f->off = base + b->n;
		f->npiece = 0;
		f->size = (uint8_t)size;
		f->expr = node;
	}
	bu_buf_zero(b, size);
}

/* The offset of a string of .debug_line_str, put there once; by GNU as each time. */
static uint64_t line_string(struct as *as, struct as_dwarf *d, const char *s)
{
	size_t n = strlen(s);
	void *known = as->compat == COMPAT_GNU ? NULL : bu_hash_get(&d->strs, s, n);
	uint64_t off;

	if (known)
		return (uintptr_t)known - 1;
	off = d->str_sec->size;
	as->cur = d->str_sec;
	as_put(as, s, n + 1, NULL);
	if (bu_hash_put(&d->strs, s, n, (void *)(uintptr_t)(off + 1)))
		as->arena.failed = true;
	return off;
}

static void path(struct as *as, struct as_dwarf *d, struct bu_buf *b, uint64_t base, const char *s)
{
	uint64_t off = line_string(as, d, s);

	section_ref(as, b, d->line_sec, base, d->str_sec, off, 4);
}

static void tables_v5(struct as *as, struct as_dwarf *d, struct bu_buf *b, uint64_t base)
{
	bool sums = d->some_md5 && !d->no_md5;
	uint32_t n = d->nfile ? d->nfile : 1;

	bu_buf_char(b, 1);
	as_put_uleb(b, LNCT_PATH);
	as_put_uleb(b, FORM_LINE_STRP);
	as_put_uleb(b, d->ndir);
	for (uint32_t i = 0; i < d->ndir; i++)
		path(as, d, b, base, d->dir[i] ? d->dir[i] : "");
	bu_buf_char(b, (char)(2 + sums + d->some_text));
	as_put_uleb(b, LNCT_PATH);
	as_put_uleb(b, FORM_LINE_STRP);
	as_put_uleb(b, LNCT_DIRECTORY_INDEX);
	as_put_uleb(b, FORM_UDATA);
	if (sums) {
		as_put_uleb(b, LNCT_MD5);
		as_put_uleb(b, FORM_DATA16);
	}
	if (d->some_text) {
		as_put_uleb(b, LNCT_LLVM_SOURCE);
		as_put_uleb(b, FORM_LINE_STRP);
	}
	as_put_uleb(b, n);
	for (uint32_t i = 0; i < n; i++) {
		/* Text for DWARF 4 has no file 0: it is file 1 then. */
		const struct source *f = i < d->nfile && (i || d->file[0].name) ? &d->file[i] : NULL;

		if (!f && i == 0 && d->nfile > 1)
			f = &d->file[1];
		path(as, d, b, base, f && f->name ? f->name : "");
		as_put_uleb(b, f ? f->dir : 0);
		if (sums)
			bu_buf_add(b, f ? f->md5 : (const uint8_t[16]){ 0 }, 16);
		if (d->some_text)
			path(as, d, b, base, f && f->text ? f->text : "");
	}
}

static void tables_v4(struct as_dwarf *d, struct bu_buf *b)
{
	for (uint32_t i = 1; i < d->ndir; i++)
		bu_buf_add(b, d->dir[i], strlen(d->dir[i]) + 1);
	bu_buf_char(b, 0);
	for (uint32_t i = 1; i < d->nfile; i++) {
		const char *name = d->file[i].name ? d->file[i].name : "";

		bu_buf_add(b, name, strlen(name) + 1);
		as_put_uleb(b, d->file[i].dir);
		bu_buf_zero(b, 2);
	}
	bu_buf_char(b, 0);
}

static void put_len(struct as *as, struct bu_buf *b, size_t at, size_t n)
{
	if (!b->failed)
		bu_put32(b->p + at, as->be, (uint32_t)n);
}

static void put_u16(struct as *as, struct bu_buf *b, uint16_t v)
{
	uint8_t w[2];

	bu_put16(w, as->be, v);
	bu_buf_add(b, w, 2);
}

/* Bytes of the shortest instruction, which addresses advance by. */
static unsigned unit(const struct as *as)
{
	return as->compat == COMPAT_GNU ? 1 : 8;
}

/* Up to the line program; the length of the unit is filled in later. */
static void header(struct as *as, struct as_dwarf *d, struct bu_buf *b, uint64_t base)
{
	/* How many operands the standard opcodes 1 to 12 have. */
	static const uint8_t operands[OPCODE_BASE - 1] = { 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1 };
	size_t len;

	bu_buf_zero(b, 4);
	put_u16(as, b, d->v5 ? 5 : as->compat == COMPAT_GNU ? 3 : 4);
	if (d->v5) {
		bu_buf_char(b, 8); /* bytes of an address */
		bu_buf_char(b, 0);
	}
	len = b->n;
	bu_buf_zero(b, 4);
	bu_buf_char(b, (char)unit(as));
	if (d->v5 || as->compat != COMPAT_GNU)
		bu_buf_char(b, 1); /* operations in an instruction */
	bu_buf_char(b, 1); /* is_stmt at first */
	bu_buf_char(b, (char)LINE_BASE);
	bu_buf_char(b, LINE_RANGE);
	bu_buf_char(b, OPCODE_BASE);
	bu_buf_add(b, operands, sizeof(operands));
	if (d->v5)
		tables_v5(as, d, b, base);
	else
		tables_v4(d, b);
	put_len(as, b, len, b->n - len - 4);
}

/* ---------------------------------------------------------------- the line program */

/* Machine registers while the program is written. */
struct machine {
	struct as *as;
	struct bu_buf *b;
	uint32_t file, col, discriminator, isa;
	int64_t line;
	uint8_t flags;
};

static void op_uleb(struct bu_buf *b, int op, uint64_t v)
{
	bu_buf_char(b, (char)op);
	as_put_uleb(b, v);
}

static void extended(struct bu_buf *b, int op, size_t n)
{
	bu_buf_char(b, 0);
	as_put_uleb(b, n + 1);
	bu_buf_char(b, (char)op);
}

/* What one special opcode can advance the address by. */
#define SPECIAL_MAX ((255 - OPCODE_BASE) / LINE_RANGE)

/* Advances line and address and makes a row, in as few bytes as special opcodes allow. */
static void advance(struct bu_buf *b, int64_t line, uint64_t addr)
{
	bool in_range = line >= LINE_BASE && line < LINE_BASE + LINE_RANGE;
	uint64_t op;

	if (!in_range) {
		bu_buf_char(b, LNS_ADVANCE_LINE);
		as_put_sleb(b, line);
		line = 0;
	}
	if (!line && !addr) {
		bu_buf_char(b, LNS_COPY);
		return;
	}
	op = (uint64_t)(line - LINE_BASE) + OPCODE_BASE;
	if (addr < 256 + SPECIAL_MAX) {
		if (op + addr * LINE_RANGE <= 255) {
			bu_buf_char(b, (char)(op + addr * LINE_RANGE));
			return;
		}
		if (addr >= SPECIAL_MAX && op + (addr - SPECIAL_MAX) * LINE_RANGE <= 255) {
			bu_buf_char(b, LNS_CONST_ADD_PC);
			bu_buf_char(b, (char)(op + (addr - SPECIAL_MAX) * LINE_RANGE));
			return;
		}
	}
	op_uleb(b, LNS_ADVANCE_PC, addr);
	bu_buf_char(b, in_range ? (char)op : LNS_COPY);
}

static void end(struct bu_buf *b, uint64_t addr)
{
	if (addr == SPECIAL_MAX)
		bu_buf_char(b, LNS_CONST_ADD_PC);
	else if (addr)
		op_uleb(b, LNS_ADVANCE_PC, addr);
	extended(b, LNE_END_SEQUENCE, 0);
}

/* What a row says beside line and address. */
static void registers(struct machine *m, const struct row *r)
{
	struct bu_buf *b = m->b;

	if (m->file != r->file)
		op_uleb(b, LNS_SET_FILE, r->file);
	if (m->col != r->col)
		op_uleb(b, LNS_SET_COLUMN, r->col);
	if (r->discriminator) {
		struct bu_buf n = { 0 };

		as_put_uleb(&n, r->discriminator);
		extended(b, LNE_SET_DISCRIMINATOR, n.n);
		bu_buf_add(b, n.p, n.n);
		bu_buf_free(&n);
	}
	if (m->isa != r->isa)
		op_uleb(b, LNS_SET_ISA, r->isa);
	if ((m->flags ^ r->flags) & IS_STMT)
		bu_buf_char(b, LNS_NEGATE_STMT);
	if (r->flags & BASIC_BLOCK)
		bu_buf_char(b, LNS_SET_BASIC_BLOCK);
	if (r->flags & PROLOGUE_END)
		bu_buf_char(b, LNS_SET_PROLOGUE_END);
	if (r->flags & EPILOGUE_BEGIN)
		bu_buf_char(b, LNS_SET_EPILOGUE_BEGIN);
	m->file = r->file;
	m->col = r->col;
	m->isa = r->isa;
	m->flags = r->flags;
}

static void program(struct as *as, struct as_dwarf *d, const struct seq *q, struct bu_buf *b,
		    uint64_t base)
{
	struct machine m = { .as = as, .b = b, .file = 1, .line = 1, .flags = IS_STMT };
	uint64_t at = 0;

	for (size_t i = 0; i < q->n; i++) {
		const struct row *r = &q->row[i];
		uint64_t off = as_leb_moved(q->sec, r->off, r->npiece);
		int64_t line = (int64_t)r->line - m.line;

		registers(&m, r);
		if (!i) {
			extended(b, LNE_SET_ADDRESS, 8);
			section_ref(as, b, d->line_sec, base, q->sec, off, 8);
			at = off;
		}
		advance(b, line, (off - at) / unit(as));
		m.line = r->line;
		at = off;
	}
	end(b, (q->sec->size - at) / unit(as));
}

void as_dwarf_finish(struct as *as)
{
	struct as_dwarf *d = as->dwarf;
	struct as_sec *cur = as->cur;
	struct bu_buf b = { 0 };
	uint64_t base;

	if (!d || as->ds->errors)
		return;
	d->line_sec = debug_section(as, ".debug_line", 0, 0);
	d->str_sec = d->v5 ? debug_section(as, ".debug_line_str", SHF_MERGE | SHF_STRINGS, 1) : NULL;
	if (!d->line_sec || (d->v5 && !d->str_sec))
		return;
	base = d->line_sec->size;
	header(as, d, &b, base);
	for (struct seq *q = d->seq; q; q = q->next)
		program(as, d, q, &b, base);
	put_len(as, &b, 0, b.n - 4);
	if (b.failed)
		as->arena.failed = true;
	as->cur = d->line_sec;
	as_put(as, b.p, b.n, NULL);
	as->cur = cur;
	bu_buf_free(&b);
}

void as_dwarf_free(struct as *as)
{
	if (!as->dwarf)
		return;
	bu_hash_free(&as->dwarf->seqs);
	bu_hash_free(&as->dwarf->strs);
}
