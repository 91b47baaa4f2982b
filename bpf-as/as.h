/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bpf-as: the pipeline, one file a stage.
 *
 *   main.c       options, files in and out
 *   src.c        text -> statements: lines, comments, include stack, places for messages
 *   symbol.c     symbols, numeric labels, sections
 *   expr.c       integer expressions, now or at the end
 *   directive.c  what begins with a dot (directive.def: one row each); data.c, section.c, words.c
 *   map.c        .map
 *   lines.c      which line each instruction is of
 *   fast.c       the short way through src.c and insn.c for most of a source
 *   foreign*.c   what other tools print, read as a source
 *   compat.c     who wrote the source, and what that changes; .comm, .file "name", .ident
 *   dwarf_line.c .file N and .loc -> .debug_line
 *   gasopt.c     options of GNU as that change nothing
 *   cfi.c        .cfi_* -> .debug_frame, .eh_frame
 *   leb.c        .uleb128, .sleb128
 *   insn.c       instructions: matcher, checks of what is written
 *   macro.c      macros and repetition (subst.c, skim.c), cond.c conditionals
 *   relax.c      jumps that are too far: further passes by a plan (relaxplan.c)
 *   target.c     what -mcpu and --target do not have
 *   listing.c    -a; deps.c .incbin and --MD
 *   dialect.c    which dialect a file is in
 *   fixup.c      what had to wait for the end: labels, functions, relocations
 *   check.c      checks of whole functions
 *   lint.c       warnings (lint.def) and their levels; flow.c: which registers are set where
 *   btf.c        .BTF and .BTF.ext
 *   emit.c       the model -> bu_obj
 *   exact.c      .verbatim, .reloc, quoted names: what an exact description of an object needs
 *   dis.c        -d
 *
 * A place in the source is a pointer into the text of a file, which stays until the end; line and
 * column are counted only when a message needs them.
 */
#ifndef AS_H
#define AS_H

#include <elf.h>
#include <string.h>

#include "base/base.h"
#include "btf/btf.h"
#include "isa/isa.h"
#include "obj/obj.h"

struct as_slot;
struct as_type;
struct as_types;
struct as_core;
#include "bpf-as/lint.h"

struct as_file {
	const char *name;   /* as given, or as found by .include */
	struct bu_buf text; /* NUL behind it */
	const char *parent; /* the .include, in another file's text; NULL: the first file */
	uint32_t name_off;  /* in the BTF strings, 0: not yet there */
	size_t mapped;      /* text is a mapping of so many bytes, or 0 */
	const char *drop;   /* mapped text before it was given back */
	uint32_t dialects;  /* in which all of it so far has a meaning */
	const char *dialect_pos; /* the instruction that decided */
};

/* Whose assembler decides where a text means several things, see compat.c. */
enum as_compat { COMPAT_NONE, COMPAT_LLVM, COMPAT_GNU };

enum as_seckind { SEC_PROG, SEC_TEXT, SEC_DATA, SEC_OTHER };

struct as_sec {
	const char *name;
	enum as_seckind kind;
	uint32_t type;
	uint64_t flags, align, entsize;
	struct bu_buf buf;
	uint64_t size;       /* so far; equals buf.n unless NOBITS */
	const char *pos;     /* where it was first named */
	bool used;           /* something was put in or defined */
	bool named;          /* the source has switched to it */
	bool warned;
	bool full;           /* an error was told */
	/* code: one record a statement, offsets ascending */
	struct bu_buf lines;       /* packed, see lines.c */
	struct bu_line_info last;
	size_t nline;
	/* code that was written as data or by .insn: exempt from checks. Ascending [from, to) */
	struct as_range { uint64_t from, to; } *raw;
	size_t nraw, cap_raw;
	/* functions, ascending, after as_functions() */
	struct as_sym **func;
	uint32_t nfunc;
	/* labels but temporary ones in order of definition (offsets ascending but for .org, which does not exist) */
	struct as_sym *first_sym, *last_sym;
	uint32_t out;        /* index in the object, BU_SEC_UNDEF: left out */
	uint32_t out_sym;    /* section symbol */
	bool need_sym;
	uint32_t btf_sec;    /* DATASEC */
	/* of a group; all NULL for most */
	struct as_sym *group;
	bool comdat;
	const char *link;    /* name of the section that sh_link is to give */
	struct as_piece *piece; /* leb.c: places whose size waits, by offset */
	size_t npiece, cap_piece;
	struct as_rxsec *rx; /* relax.h */
};

enum as_def { DEF_NONE, DEF_LABEL, DEF_SET, DEF_CONST, DEF_REG, DEF_COMMON, DEF_FILE };

/* What a data label is followed by. */
enum as_elem { ELEM_NONE, ELEM_INT, ELEM_CHAR, ELEM_MIXED };

/*
 * There may be as many as every other line has, most of them labels that something jumps to: what only
 * others need is behind x.
 */
struct as_sym {
	struct as_sec *sec;
	const char *pos;  /* definition */
	int64_t value;    /* LABEL: offset; SET, CONST: value; COMMON: alignment */
	const struct as_symx *x; /* read as it is; written by as_symx() */
	uint32_t n;
	uint32_t jumps;   /* NONE: plus one, index in as.jump */
	uint8_t def;      /* enum as_def */
	uint8_t type;     /* STT_* */
	uint8_t bind, vis;
	bool temp : 1;    /* .L or numeric: not in the symbol table */
	bool kept : 1;    /* … but for this one, which a relocation needs */
	bool listed : 1;  /* in as.syms; temporary ones only when a directive names them */
	bool bind_given : 1, type_given : 1, size_given : 1, is_extern : 1;
	bool arch_dependent : 1;
	bool called : 1;  /* target of a call */
	bool taken : 1;   /* address taken by ll */
	bool jumped : 1;  /* target of a jump */
	bool used : 1;    /* referred to by something that stays */
	bool is_func : 1;
	bool is_map : 1;
	bool evaluating : 1;
	bool reported : 1;
	bool is_ksym : 1, is_kconfig : 1; /* an extern of which section */
	char name[];      /* NUL terminated */
};

struct as_symx {
	uint8_t elem, elem_size;
	uint16_t field_size; /* constants that are fields: bytes */
	uint32_t npiece;  /* LABEL: of the section's pieces, those before it */
	uint32_t expr;    /* SET to what is not yet known */
	uint32_t size_expr;
	uint64_t size;
	const char *use;  /* first use */
	struct as_sym *alias; /* .set to this label */
	struct as_sym *next_in_sec, *next;
	uint32_t out;     /* index in the object's symbols */
	uint32_t group;   /* 1 + index of the group that it names */
	uint32_t btf;     /* VAR or FUNC */
	const char *rename; /* what the symbol table calls it, or NULL: name */
	struct as_type *ctype; /* a variable's type, a function's prototype; NULL: not declared */
};

struct as_val {
	struct as_sym *sym; /* NULL: a number */
	int64_t add;
};

enum as_op {
	OP_NUM, OP_SYM, OP_NEG, OP_NOT, OP_LNOT, OP_MUL, OP_DIV, OP_MOD, OP_ADD, OP_SUB, OP_SHL,
	OP_SHR, OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_AND, OP_XOR, OP_OR, OP_LAND, OP_LOR,
	OP_COND, OP_CORE,
};
struct as_expr {
	uint8_t op;
	uint32_t a, b, c;
	union {
		int64_t num;
		struct as_sym *sym;
	};
	const char *pos;
};

enum as_fixkind { FIX_IMM, FIX_IMM64, FIX_OFF, FIX_JMP, FIX_JMP32, FIX_CALL, FIX_MAP, FIX_DATA };
struct as_fix {
	uint8_t kind, size;
	uint8_t be;
	uint32_t npiece;     /* pieces of the section in front of it, see leb.c */
	uint32_t expr;       /* a node, or 0 and sym; JMP, JMP32, CALL have sym; MAP: the number */
	uint32_t len;        /* bytes of text at pos */
	uint32_t seq;        /* they are told of in the order of the source */
	uint32_t next;       /* as.jump: plus one, the next jump to the same symbol, or free place */
	struct as_sec *sec;
	uint64_t off;
	const char *pos;
	const struct bu_isa *row;
	struct as_sym *sym;
};

/* A place that names sym + add; which symbol it becomes is decided when all is known. */
struct as_reloc {
	struct as_sec *sec;
	uint64_t off;
	uint32_t type;
	struct as_sym *sym;
	int64_t add;
	bool exact;       /* .reloc: just this symbol, the bytes are not touched */
	const char *pos;
	uint32_t len;
	bool keep; /* the bytes hold the addend already */
};

/* A row of .map. */
struct as_map {
	struct as_sym *sym;
	uint32_t type, key_size, value_size, max_entries, flags, pinning, id, numa;
	uint64_t extra;
	struct as_type *key, *value; /* NULL: by key_size only */
	bool has_max, has_key, has_value, has_flags, has_pinning, has_extra, has_numa;
	struct as_map *inner;
	struct as_slot *slot; /* elements that the declaration gives */
	uint32_t nslots;
	bool is_pattern;      /* of inner maps, without a name */
	bool making;
	const char *pos, *id_pos;
	uint32_t btf;
	struct as_map *next;
};

enum as_map_mode { MAPS_BTF, MAPS_LEGACY, MAPS_IPROUTE2 };

struct as {
	struct bu_arena arena;
	struct bu_diags *ds;
	bool be;
	bool no_line_info;
	uint32_t dialects; /* a set: what a file may be in */
	bool compiled;        /* the source is a compiler's output */
	struct as_lints lints;
	struct bu_buf flow;   /* flow.c */
	bool long_way;    /* as_fast() takes nothing */
	bool verbatim;          /* nothing is guessed or judged, see exact.c */
	struct as_exact *exact;
	enum as_compat compat;
	bool compat_given; /* by an option: the text is not asked */
	bool semi;         /* ; begins a comment, as in GNU as up to 2.40 */
	bool percent;      /* GNU text whose registers begin with %: a name is never one */
	struct as_dwarf *dwarf; /* dwarf_line.c */
	bool loc_waits;         /* a .loc stands before what comes next */
	struct as_cfi *cfi;     /* cfi.c */
	enum bu_arch arch;
	bool arch_used;   /* an object that fits one architecture only */
	bool arch_fields; /* a name was looked up by architecture */
	const char *comp_dir; /* where we run, for debug lines; NULL: not to be told */
	struct as_cinc *cinc; /* .cinclude; NULL: none */
	bool cinc_failed;    /* … and it failed: names that it might have had are not missed */
	bool run_cc;         /* .cinclude may run the C compiler */
	const char *tracefs; /* --tracefs: where tracefs is mounted; NULL: not asked for */
	const char **incdirs;
	unsigned nincdirs;
	/* src */
	struct as_file **files;
	size_t nfiles, cap_files;
	struct bu_str text;    /* the source itself, instead of a file; p NULL: the file */
	struct as_file *file;
	unsigned depth;
	uint32_t line;         /* current line number in file */
	const char *line_start;
	uint32_t line_off;     /* its text in the BTF strings; 0: not yet there */
	bool line_off_known;
	/* texts of lines that are asked for, linetext.h: from question asked_first to asked_next - 1 */
	struct as_asked {
		struct as_sec *sec; /* which has the line's record … */
		size_t at;          /* … ending at this byte */
		const char *p;
		size_t n;
		uint32_t hash;
		uint64_t insn;
		struct as_memo *memo; /* NULL: the table of texts is asked */
	} asked[4];
	unsigned asked_first, asked_next;
	const char *stmt;      /* current statement as the parser sees it … */
	const char *stmt_src;  /* … and where it stands in the file */
	size_t stmt_n;
	struct bu_buf scratch;
	const char *in_end;    /* where the text that is being read ends: a file or an expansion */
	const char *in_call;   /* in an expansion: the statement in file that asked for it */
	const char *resume;    /* a directive has read on to here */
	bool leave;            /* .exitm: the text that is being read ends */
	bool may_relax;        /* a jump that is too far asks for another pass … */
	bool far;              /* … and one did */
	struct as_relax *relax; /* the plan of this pass, relax.h; NULL: the first */
	unsigned cpu;          /* -mcpu=vN; 0: any */
	uint16_t kernel;       /* --target=linux-X.Y, X<<8|Y; 0: any */
	struct as_listing *listing; /* NULL: none is wanted */
	bool want_listing;
	const char **defines;  /* NAME=VALUE of the command line */
	unsigned ndefines;
	struct as_dep *deps;   /* files that were read */
	struct as_sec *abs;    /* of .offset: its labels are numbers */
	struct as_lang *lang;  /* macros, conditionals: lang.h */
	/* sections and symbols */
	struct as_sec **secs;
	size_t nsecs, cap_secs;
	struct bu_hash sec_index;
	struct as_sec *cur, *prev;
	uint64_t total; /* bytes in sections that have data in the file */
	bool full;
	struct { struct as_sec *cur, *prev; } stack[32];
	unsigned nstack;
	struct as_symtab {
		uint64_t cap, n;
		struct { uint64_t hash; struct as_sym *sym; } *slot;
		/* labels that compilers count, .L0 to .L99999999, by number: those that have no slot */
		struct as_sym **counted;
		uint32_t ncounted, cap_counted, sparse; /* sparse: such labels that have a slot */
	} symtab;
	struct as_sym *syms, *syms_last;
	struct as_symx no_symx;   /* where as_symx() has no memory */
	struct bu_hash num_index; /* number -> struct as_numlabel */
	struct as_sym *last_label; /* data label still growing */
	/* expressions */
	struct as_expr *ex;
	size_t nex, cap_ex, mark_ex;
	const char *ex_error;     /* text of the last failed parse, or NULL */
	const char *ex_error_pos;
	/* fixups, relocations, maps */
	const struct as_fix *fixing; /* data that is evaluated */
	struct as_fix *fix;
	size_t nfix, cap_fix;
	uint32_t fix_seq;
	struct as_fix *jump;      /* to labels that are not yet there: chained by symbol, places used again */
	size_t njump, cap_jump;
	uint32_t free_jump;       /* plus one */
	struct as_reloc *rel;
	size_t nrel, cap_rel;
	struct as_map *maps, **maps_tail;
	enum as_map_mode map_mode;
	struct bu_hash map_ids; /* id -> struct as_map */
	const char *license_pos;
	bool ended; /* .end */
	unsigned eval_depth;
	uint64_t eval_steps; /* of all expressions so far */
	/* btf */
	struct bu_btfgen gen;
	struct bu_buf btf, ext, note; /* finished sections; btf: but for the strings, ext: for the lines */
	struct bu_btfext_sec *ext_sec; /* whose lines are not yet in ext */
	uint32_t next_sec;
	bool own_btf;             /* the source writes .BTF itself */
	struct as_linetab *lt;    /* btf.c */
	struct as_memo *memo;     /* texts of lines that have a skeleton; NULL: the source is small */
	unsigned memo_bits;       /* 1 << so many places */
	struct as_types *ty;      /* types.h; NULL: the source names none */
	struct as_core *core;     /* core.c; NULL: no CO-RE */
	struct bu_matcher matcher;
	struct bu_shapes *shapes;
	struct bu_scan scan;      /* of the statement at scan_at, whose shape is new */
	const char *scan_at;
	struct bu_hash directives;
};

/* src.c */
/* Reads statements from p to e, where a NUL stands. */
void as_run(struct as *as, const char *p, const char *e);
/*
 * Reads a file of at most max bytes: beside the including one, then by -I. *path in the arena. 0 or
 * -errno.
 */
int as_find_file(struct as *as, const char *name, size_t max, char **path, struct bu_buf *text);
int as_source(struct as *as, const char *name, const char *from);
/* The text before p is not needed for now. */
void as_drop(struct as *as, const char *p);
/* Where the byte p of the text stands. Any pointer of a statement, copied or not. */
void as_span(struct as *as, struct bu_diag *d, const char *p, size_t len, const char *label);
struct bu_diag *as_error(struct as *as, const char *code, const char *p, size_t len,
			 const char *fmt, ...) BU_PRINTF(5, 6);
/* Either, by sev. */
struct bu_diag *as_report(struct as *as, enum bu_severity sev, const char *code, const char *p,
			  size_t len, const char *fmt, va_list ap);
struct bu_diag *as_warn(struct as *as, const char *code, const char *p, size_t len,
			const char *fmt, ...) BU_PRINTF(5, 6);
struct bu_diag *as_tell(struct as *as, const char *code, const char *p, size_t len, const char *fmt, ...)
	BU_PRINTF(5, 6);
/* More errors would not be shown: what is slow may be left out. */
bool as_too_many(const struct as *as);
/* Maps a pointer of the current statement to the file's text. */
const char *as_place(const struct as *as, const char *p);
/* The file whose text p points into, or NULL. */
const struct as_file *as_file_of(const struct as *as, const char *p);
/* A pointer to file f's line and column (from 1). */
const char *as_line_pos(const struct as_file *f, uint32_t line, uint32_t col);
/* The newline, or the NUL, at or behind q. */
const char *as_line_end(const char *q);
/* Records that the code at the current place of cur comes from the current statement. */
void as_line(struct as *as, const char *p);
/* The same; the statement ends at end, so that the line's end is not before it. */
void as_line_at(struct as *as, const char *p, const char *end);

/* lines.c */
/* The parts of a record, see there. */
enum { AS_LINE_BIAS = 2048, AS_LINE_SPAN = 4096, AS_INSN_SPAN = 1 << 16, AS_LINE_MAX = 0x3fffff };
static inline uint64_t as_line_word(uint32_t text, uint32_t col, uint32_t line, uint32_t insn)
{
	return (uint64_t)text << 1 | (uint64_t)col << 25 | (uint64_t)line << 35 | (uint64_t)insn << 47;
}
/* Adds a record: line_off below 1 << 24, line below 1 << 22, col below 1024. */
void as_lines_add(struct as *as, struct as_sec *s, const struct bu_line_info *l);
/* Puts line_off into the record that ended at byte `at` of s->lines. */
static inline void as_lines_patch(struct as_sec *s, size_t at, uint32_t line_off)
{
	uint64_t w;

	if (at < 8 || at > s->lines.n)
		return;
	memcpy(&w, s->lines.p + at - 8, 8);
	w = (w & ~((uint64_t)0xffffff << 1)) | (uint64_t)line_off << 1;
	memcpy(s->lines.p + at - 8, &w, 8);
}
/* Reads a section's records again, from the first. */
struct as_lines {
	const uint8_t *p, *e;
	struct bu_line_info l;
};
static inline struct as_lines as_lines(const struct as_sec *s)
{
	const uint8_t *p = s->lines.p; /* NULL: there are none */

	return (struct as_lines){ .p = p, .e = s->lines.n ? p + s->lines.n : p };
}
bool as_lines_next(struct as_lines *it);
/* As many of the next records as there are, at most max, as .BTF.ext has them. Their number. */
size_t as_lines_records(struct as_lines *it, uint8_t *out, size_t max, bool be);

/* A cursor over one statement. */
struct as_cur {
	const char *p, *e;
};
static inline void as_skip(struct as_cur *c)
{
	while (c->p < c->e && (*c->p == ' ' || *c->p == '\t' || *c->p == '\r'))
		c->p++;
}
static inline bool as_eat(struct as_cur *c, char ch)
{
	as_skip(c);
	if (c->p < c->e && *c->p == ch) {
		c->p++;
		return true;
	}
	return false;
}
extern const uint8_t as_class[256];
#define CL_IDENT 1 /* may stand in a name */
#define CL_START 2 /* may begin a name */
#define CL_DIGIT 4
#define CL_SPACE 8
#define CL_STOP 16 /* ends or complicates a statement */
#define IS(c, m) (as_class[(uint8_t)(c)] & (m))
/* The name at the cursor, n == 0 when there is none. Blanks before it are skipped. */
struct bu_str as_word(struct as_cur *c);

/* symbol.c */
/* A symbol in no table; NULL: out of memory. */
struct as_sym *as_sym_new(struct as *as, const char *name, size_t n);
/* To write what s has behind x. Out of memory: something that nobody reads. */
struct as_symx *as_symx(struct as *as, struct as_sym *s);
struct as_sym *as_sym(struct as *as, const char *name, size_t n);
/* Puts a symbol that something remarkable is said of into as.syms. */
void as_sym_list(struct as *as, struct as_sym *s);
struct as_sym *as_sym_find(const struct as *as, const char *name, size_t n);
/* Goes over all symbols with names: from *i = 0; NULL: there are no more. */
struct as_sym *as_sym_next(const struct as *as, uint64_t *i);
void as_syms_free(struct as *as);
void as_label(struct as *as, const char *p, size_t n);
/* As as_sym() with the hash at hand, bu_word_hash() of the name; as as_label() with the symbol. */
struct as_sym *as_sym_hashed(struct as *as, const char *name, size_t n, uint32_t hash);
void as_label_sym(struct as *as, struct as_sym *s, const char *p, size_t n);
void as_numlabel(struct as *as, const char *p, size_t n);
struct as_sym *as_numref(struct as *as, const char *p, size_t n, bool forward);
struct as_sym *as_dot(struct as *as);
/* A nameless label at an offset of sec, which has its final size. */
struct as_sym *as_place_sym(struct as *as, struct as_sec *sec, uint64_t off);
int as_set(struct as *as, struct as_sym *s, const char *pos, uint32_t node, int64_t num);
struct as_sec *as_section(struct as *as, const char *name, size_t n, const char *pos);
void as_switch(struct as *as, struct as_sec *s);
/* Appends n bytes (NULL: zeros) to the current section. false: an error was told. */
bool as_put(struct as *as, const void *p, size_t n, const char *pos);
/* Far more than any loader takes; keeps a slip such as .zero 1 << 31 from eating the memory. */
#ifndef AS_MAX_SECTION /* the fuzzers' are lower */
#define AS_MAX_SECTION (256u << 20)
#define AS_MAX_OBJECT (512u << 20)
#endif
/* Room for n bytes in the current section, which has data; NULL: as_put() says why not. */
static inline uint8_t *as_room(struct as *as, size_t n)
{
	struct as_sec *s = as->cur;

	if (s->size > AS_MAX_SECTION - n || as->total > AS_MAX_OBJECT - n)
		return NULL;
	return s->buf.cap - s->buf.n >= n ? s->buf.p + s->buf.n : bu_buf_room(&s->buf, n);
}
/* n bytes were put where as_room() said. */
static inline void as_filled(struct as *as, size_t n)
{
	struct as_sec *s = as->cur;

	s->used = true;
	s->buf.n += n;
	s->size += n;
	as->total += n;
}
/* Symbols that were set to places become labels of them. */
void as_aliases(struct as *as);
void as_check_symbols(struct as *as);

/* expr.c */
/*
 * Parses the longest expression at c. Returns 0 and moves c; -EINVAL: none there (ex_error may say
 * why). *node 0: *num is the value, else the expression waits.
 */
int as_expr(struct as *as, struct as_cur *c, uint32_t *node, int64_t *num);
/* Value of a node at the end. 0, or -EINVAL after an error was told. */
int as_eval(struct as *as, uint32_t node, struct as_val *v);
/* Value of a symbol named at pos, likewise. */
int as_eval_sym(struct as *as, struct as_sym *s, const char *pos, struct as_val *v);
/* An expression whose value must be known now; tells an error otherwise. */
int as_expr_now(struct as *as, struct as_cur *c, const char *what, int64_t *num);
/* Keeps the nodes made since the last statement began. */
static inline void as_expr_keep(struct as *as)
{
	as->mark_ex = as->nex;
}
uint32_t as_expr_sym(struct as *as, struct as_sym *s, const char *pos);

/* names.c */
/* Resolves a name that is no symbol of the source: constants, fields. */
void as_builtin(struct as *as, struct as_sym *s);
void as_undefined(struct as *as, struct as_sym *s, const char *pos, bool call);

/* directive.c */
void as_directive(struct as *as, struct bu_str name, struct as_cur *c);
int as_directives_init(struct as *as);

/* macro.c */
struct as_expansion;
int as_lang_init(struct as *as);
void as_lang_free(struct as *as);
/* Assignments and macro calls: the statement whose first word begins at w, with c behind that word. */
bool as_lang_statement(struct as *as, const char *w, struct as_cur *c);
/* The expansion in whose text p stands, or NULL. */
const struct as_expansion *as_expansion_of(const struct as *as, const char *p);
/* The place in a file that an expansion has its text at p from; p itself when it stands in a file. */
const char *as_written(const struct as *as, const char *p, size_t *len);
/* Notes at a message: what the line expands to, where the expansions were asked for. */
void as_expansion_note(struct as *as, struct bu_diag *d, const struct as_expansion *x, const char *p);
void as_expansion_calls(struct as *as, struct bu_diag *d, const struct as_expansion *x);

/* listing.c */
int as_listing_init(struct as *as);
/* Around the statement at p of the text: begin gives what end wants. */
size_t as_listing_begin(struct as *as, const char *p);
void as_listing_end(struct as *as, size_t i);
/* A condition leaves out the text between. */
void as_listing_skip(struct as *as, const char *from, const char *to);

/* args.c */
/* argv with words of GNU as spelled as options have them; NULL: out of memory. */
char **as_args_rewrite(int argc, char **argv);
void as_args_free(char **argv);
/* "NAME" or "NAME=VALUE": the name's bytes, and the value or 1. */
bool as_define_ok(const char *text, size_t *name_n, int64_t *value);
/* Sets the symbol. 0; -EINVAL: told, unless text is not ok; -ENOMEM. */
int as_define(struct as *as, const char *text);

/* deps.c */
void as_dep(struct as *as, const char *path);
/* Appends a rule for make: target depends on all files that were read. */
void as_deps(const struct as *as, const char *target, struct bu_buf *out);

/* cond.c */
/* Around a text: conditionals that begin in it must end in it. */
size_t as_cond_enter(struct as *as);
void as_cond_leave(struct as *as, size_t outer);
/* compat.c */
/* Finds out who wrote the text of the first file. */
void as_compat_detect(struct as *as, const struct as_file *f);
/* Is what looks like a register a compiler's name for something else, such as a variable r64? */
bool as_compat_name(const struct as *as, const char *p, size_t n);
/* The sections that are there in any case; .text is the current one. */
void as_compat_sections(struct as *as);
/* .comm and .lcomm of compilers, NAME, SIZE[, ALIGNMENT] at c: common to all objects, or in .bss. */
void as_common(struct as *as, struct as_cur *c, bool local);
/* Room for a symbol in .bss. */
void as_bss_symbol(struct as *as, struct as_sym *s, uint64_t size, uint64_t align, const char *pos);
/* The type of a data relocation of size bytes (4 or 8) against sym. */
uint32_t as_data_reloc(const struct as *as, const struct as_sym *sym, unsigned size);
/* a - b as LLVM means it, when both are places of different sections. false: it is none. */
bool as_difference(const struct as *as, const struct as_val *a, const struct as_val *b,
		   struct as_val *v);
/* Symbols that are names of sections become their beginnings. */
void as_section_names(struct as *as);
/* What is known of symbols and sections at the end only. */
void as_compat_finish(struct as *as);
/* Does the relocation name the symbol itself (else its section)? */
bool as_reloc_by_name(const struct as *as, const struct as_sym *s, int64_t add);

/* dwarf_line.c */
/* Code or data is put at the current place of cur: a .loc that waits is about it. */
void as_dwarf_here(struct as *as);
/* Fills .debug_line and .debug_line_str; after the source is read. */
void as_dwarf_finish(struct as *as);
void as_dwarf_free(struct as *as);

/* gasopt.c */
/* Is the program called as GNU as is: "as"? */
bool as_called_as(const char *argv0);
/* Copies the words to out (as many at most) but for options of GNU as that change nothing. Their number. */
int as_gas_options(int argc, char **argv, char **out);

/* cfi.c */
void as_cfi_finish(struct as *as);

/* leb.c */
/* An element whose size is not known yet: place of it in sec. */
struct as_piece;
/* Gives the pieces their sizes and moves what stands behind them. */
void as_leb_finish(struct as *as);
/* After it: where what was at off behind npiece pieces is now. */
uint64_t as_leb_moved(const struct as_sec *s, uint64_t off, uint32_t npiece);
/* Alignment behind a piece: n is not known yet. */
bool as_leb_align(struct as *as, uint64_t to, uint64_t max, int64_t fill, bool nops, const char *pos);
void as_put_uleb(struct bu_buf *b, uint64_t v);
void as_put_sleb(struct bu_buf *b, int64_t v);

/* words.c */
/* Bytes of the word or sign at p, for the mark under it; 0 at the end e. */
size_t as_token_len(const char *p, const char *e);
/* What is left of a statement is an error. */
void as_junk(struct as *as, struct as_cur *c);
/* A string literal; appends its bytes. false: told. */
bool as_string(struct as *as, struct as_cur *c, struct bu_buf *out);

/* map.c */
void as_map(struct as *as, struct as_cur *c);
uint32_t as_map_btf(struct as *as, struct as_map *m);
/* How maps are declared in the object, by name; -EINVAL: no such way. */
int as_map_mode(struct as *as, struct bu_str name);
/* ____btf_map_NAME for the ways that are not BTF's. */
bool as_maps_legacy_btf(struct as *as);
/* The BTF integer of 1, 2, 4 or 8 bytes. */
uint32_t as_btf_int(struct as *as, unsigned size, bool is_signed, bool is_char);

/* foreign.c: text that other tools print. false: f is none. */
bool as_foreign(struct as *as, struct as_file *f);

/* dialect.c */
/* An instruction at p leaves fewer dialects for the current file. */
void as_dialect_narrow(struct as *as, uint32_t left, const char *p);
/* Tells the error when stmt, which did not match, is an instruction in another dialect. */
bool as_dialect_mismatch(struct as *as, struct bu_str stmt);
/* Is 0xffffffff as good as -1 for an immediate? */
bool as_dialect_unsigned(const struct as *as);
/* Is the file in which pos stands in a dialect of mnemonics? */
bool as_dialect_mnemonics(const struct as *as, const char *pos);
/* An offset that may be written as 16 bits in two's complement. */
int64_t as_dialect_off(const struct as *as, int64_t v);
/*
 * Where a jump to a label that is not defined goes all the same: bpf_conformance's "exit" is the first
 * exit instruction. -1: nowhere.
 */
int64_t as_dialect_exit(const struct as *as, const struct as_fix *f);

/* insn.c */
void as_insn_init(struct as *as);
void as_insn(struct as *as, struct as_cur *c);
void as_raw_insn(struct as *as, struct as_cur *c);
void as_nops(struct as *as, uint64_t n, const char *pos);
/* What was put since offset from is exempt from checks of code. */
void as_mark_raw(struct as *as, uint64_t from);
bool as_check_imm(struct as *as, const struct bu_isa *row, int64_t v, const char *p, size_t len,
		  int32_t *imm);
bool as_check_off(struct as *as, const struct bu_isa *row, const struct bu_insn *in, int64_t v,
		  const char *p, size_t len);
bool as_check_jump(struct as *as, const struct bu_isa *row, int64_t delta, const char *p,
		   size_t len);
/* Bytes accessed at base + off, or 0 when row does not access memory through a register. */
unsigned as_access_size(const struct bu_isa *row, const struct bu_insn *in, unsigned *base);
bool as_writes_dst(const struct bu_isa *row);
/* An atomic that gives src the old value. */
bool as_fetches(const struct bu_isa *row);
/* Notes that sym is jumped to or called; true: it is known how far it is, in *delta. */
bool as_target_now(struct as *as, struct as_sym *sym, bool call, int64_t *delta);
/* Adds a fixup at the current place plus delta; NULL: out of memory. */
struct as_fix *as_fixup(struct as *as, enum as_fixkind kind, const char *pos, size_t len);
/* The same for a jump to sym, which is done when the label is reached if nothing is odd about it. */
void as_fixup_jump(struct as *as, enum as_fixkind kind, const struct bu_isa *row, struct as_sym *sym,
		   const char *pos, size_t len);
/* The label s was defined: does what waited for it. */
void as_jumps_to(struct as *as, struct as_sym *s);

/* fast.c */
/*
 * Takes as many statements as go the short way, from p of a text that ends at e with a NUL. Returns
 * where run() must go on.
 */
const char *as_fast(struct as *as, const char *p, const char *e);
/* The matcher's word on the statement at scan_at. */
void as_fast_learn(struct as *as, const struct bu_match *m);
/* Reads m's immediate, at the current place; false: told. */
bool as_insn_imm(struct as *as, struct bu_match *m);

/* relax.c */
/*
 * as_assemble(), again and again until every jump reaches. configure sets the options of each new
 * as; 0, or an error, which is returned. The caller calls as_free(as), bu_obj_free(o) and as_relax_free(*r).
 */
int as_assemble_all(struct as *as, struct bu_diags *ds, const char *path, struct bu_obj *o,
		    int (*configure)(struct as *as, void *ctx), void *ctx, struct as_relax **r);
void as_relax_free(struct as_relax *r);
/* An instruction comes, whose statement begins at pos. true: it was a jump and has been put. */
bool as_relax_insn(struct as *as, struct bu_match *m, const char *pos);
/* Writes all distances. 0; -EAGAIN: another pass is needed; -ENOMEM. */
int as_relax_finish(struct as *as);
/* Did a longer form of a jump end at off? */
bool as_relax_tail(const struct as_sec *s, uint64_t off);
/* The source's text, read in an earlier pass. false: there was none. */
bool as_relax_input(struct as *as, struct bu_buf *text, size_t *mapped);

/* target.c */
/* Refuses an instruction that -mcpu or --target does not have. */
void as_check_target(struct as *as, const struct bu_match *m, const char *p, size_t len);
/* Refuses a type of map or program that --target does not have. */
void as_check_kind(struct as *as, const struct bu_kind *k, const char *what, const char *p, size_t len);
bool as_has_gotol(const struct as *as);
/* "v1" to "v4"; 0: unknown. */
unsigned as_cpu_by_name(const char *name);
/* "linux-6.1", "6.1": 0x0601; 0: unknown. */
uint16_t as_kernel_by_name(const char *name);

/* fixup.c */
/* How far f's jump goes; false: told. */
bool as_jump_distance(struct as *as, const struct as_fix *f, int64_t *delta);
void as_resolve(struct as *as);
void as_functions(struct as *as);
void as_relocate(struct as *as);

/* exact.c */
/* "NAME" at c, as a symbol. NULL: an error was told. */
struct as_sym *as_quoted(struct as *as, struct as_cur *c);
/* "NAME": at c, a label. false: there is none, c stays. */
bool as_quoted_label(struct as *as, struct as_cur *c);
/* "R_BPF_64_64", or NULL. */
const char *as_reloc_name(uint32_t type);
/*
 * The type of a 4-byte data relocation in a .verbatim text, as LLVM chooses it. flags: of the section
 * of what is named; temp: it is a label that is in no symbol table; known: it is in this object.
 */
uint32_t as_exact_data_reloc(uint64_t flags, bool temp, bool known);
void as_exact_resolve(struct as *as);
void as_exact_emit(const struct as *as, struct bu_obj *o);

/* check.c */
void as_check_code(struct as *as);

/* btf.c */
/*
 * Asks for the offset of a line's text in the strings. The answer goes to as.line_off and to the record,
 * which as_asked_for() tells. false: out of memory.
 */
bool as_line_ask(struct as *as, const char *p, size_t n);
/* What was asked for is for the record that s ends with. */
static inline void as_asked_for(struct as *as, struct as_sec *s)
{
	struct as_asked *q = &as->asked[as->asked_next++ % 4];

	q->sec = s;
	q->at = s->lines.n;
}
/* All answers that are due. */
void as_line_answer(struct as *as);
int as_btf(struct as *as, struct bu_buf *btf, struct bu_buf *ext);

/* The whole sections, their sizes now and their bytes when the object is written. */
uint64_t as_btf_size(const struct as *as);
void as_btf_make(const struct bu_sec *s, struct bu_obj_out *out);
uint64_t as_ext_size(const struct as *as);
void as_ext_make(const struct bu_sec *s, struct bu_obj_out *out);

/* emit.c */
int as_emit(struct as *as, struct bu_obj *o);

/* dis.c */
struct as_dis_opt {
	bool raw;      /* --no-sugar */
	bool source;   /* --source: lines of the source as comments */
	bool no_btf;   /* --no-btf: the text is to be edited, types are made anew */
	bool no_check; /* the text is not assembled to see whether it makes the same */
	/* Takes text of large objects block by block: 0 or -errno. The rest is in out. */
	int (*write)(void *ctx, const void *p, size_t n);
	void *ctx;
};
/*
 * Reads the object at path and appends its text to out. opt may be NULL. 0; -EINVAL or -ENOEXEC with
 * messages; -errno. An object that no text describes whole gives a warning, and the nearest text.
 */
int as_dis(const char *path, const struct as_dis_opt *opt, struct bu_diags *ds, struct bu_buf *out);

/* as.c */
void as_init(struct as *as, struct bu_diags *ds);
void as_free(struct as *as);
/* Reads path, resolves, fills o (whose data as owns). 0; -EINVAL with messages; -ENOMEM. */
int as_assemble(struct as *as, const char *path, struct bu_obj *o);

#endif
