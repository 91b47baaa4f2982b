/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -d: an object as source that assembles to the same sections.
 *
 *   dis.c         reading, the rounds of print and check, the text as a whole
 *   dis_label.c   names: of symbols, of places that have none; what each relocation becomes
 *   dis_sec.c     a section: heading, symbols, labels, contents
 *   dis_code.c    instructions
 *   dis_data.c    data: numbers, strings, places
 *   dis_maps.c    .map and .license
 *   dis_btf.c     .BTF with what it means beside; dis_ext.c: .BTF.ext
 *   dis_verify.c  is what the text makes the object?
 *
 * A section is printed at a level. It begins at SUGAR; where the text does not make the same section,
 * it is printed again a level lower. At RAW nothing is left that could be understood otherwise.
 */
#ifndef DIS_H
#define DIS_H

#include "bpf-as/as.h"

enum dis_level {
	LEVEL_SUGAR, /* .map, .license */
	LEVEL_PLAIN, /* places as expressions */
	LEVEL_RAW,   /* numbers, and relocations by .reloc */
	LEVEL_BYTES, /* code as bytes too */
};

/* How a relocation is said. */
enum dis_plan {
	PLAN_EXACT,  /* .reloc */
	PLAN_EXPR,   /* as an operand or a value */
	PLAN_HIDDEN, /* by what makes the whole section */
};

/* What is at an instruction's slot. */
#define AT_JUMP 1 /* a jump goes there */
#define AT_REF 2  /* something else names it */
#define AT_SYM 4

#define DIS_SEEN_BITS 16

struct dis_mark {
	uint32_t sec;
	uint64_t off;
};

struct dis_sec {
	uint32_t sym, nsym;  /* in order[] */
	uint32_t rel, nrel;  /* in o.rels */
	const struct bu_btfext_sec *ext; /* --source: where its lines are from, or NULL */
	uint8_t *at;         /* code: AT_*, one a slot; NULL: other sections */
	uint8_t *jumps;      /* what at begins with, or NULL: AT_JUMP, the same in each round */
	uint8_t level;       /* enum dis_level */
	bool left_out;       /* not printed: made anew */
	bool lowered;        /* in this round */
	size_t from, to;     /* bytes of the text */
	uint64_t skipped;    /* check: bytes that were left out of the text: see dis_skip() */
};

/* Contents of a section that the text of a check leaves out. */
struct dis_gap {
	uint32_t sec;
	uint64_t off, n;
};

struct dis {
	struct bu_obj o;
	const struct as_dis_opt *opt;
	struct bu_diags *ds;
	struct bu_arena arena;   /* what all rounds share */
	struct bu_arena round;   /* what one round makes */
	struct bu_buf *out;
	bool stream;             /* the text is written while it is made */
	int werr;                /* what writing it said */
	bool check;              /* the text is for the assembler alone: see dis_code.c */
	uint64_t *seen;          /* check: kinds of instructions that were printed, a table of DIS_SEEN_BITS */
	uint32_t nseen;
	struct dis_gap *gaps;    /* check: by section and place */
	size_t ngaps, cap_gaps;
	bool indexed;
	const char **name;       /* of each symbol, as the text says it; NULL: not shown */
	bool *renamed;
	uint32_t *order;         /* shown symbols in sections, by place */
	uint32_t norder;
	struct dis_sec *sec;
	struct dis_mark *marks;  /* sorted, unique; places that are no slots of code */
	size_t nmarks, cap_marks;
	uint8_t *plan;           /* of each relocation */
	uint32_t maps_sec, license_sec;
	const char *broken;      /* why the text is not the object, or NULL */
	/* the instruction being printed */
	uint32_t cur;
	const struct bu_rel *rel;
	const struct bu_insn *insn;
	int64_t imm64;
};

/* dis.c */
/* What is in out so far goes to the reader of the text if it is much. The text behind stays. */
#define DIS_BLOCK 65536
void dis_write(struct dis *d);
static inline void dis_flush(struct dis *d)
{
	if (d->out->n >= DIS_BLOCK && d->stream)
		dis_write(d);
}
/* In a check n bytes of section k at off are left out: what is like them was said. Calls go up. */
void dis_skip(struct dis *d, uint32_t k, uint64_t off, uint64_t n);

/* dis_label.c */
int dis_names(struct dis *d);
int dis_marks(struct dis *d);
/* Index into order[] of the first symbol of sec at or behind off. */
uint32_t dis_first_sym(const struct dis *d, uint32_t sec, uint64_t off);
/* The first mark of sec at or behind off, as an index. */
size_t dis_first_mark(const struct dis *d, uint32_t sec, uint64_t off);
bool dis_marked(const struct dis *d, uint32_t sec, uint64_t off);
void dis_put_mark(const struct dis *d, struct bu_buf *out, uint32_t sec, uint64_t off);
/* The name of a place: a symbol that stands for it in an expression, or a mark. false: none. */
bool dis_put_place(const struct dis *d, struct bu_buf *out, uint32_t sec, uint64_t off);
/* What the expression of a relocation (PLAN_EXPR) says. */
void dis_put_ref(const struct dis *d, struct bu_buf *out, const struct bu_rel *r);
/* The first relocation of sec at or behind off, as an index into o.rels. */
uint32_t dis_first_rel(const struct dis *d, uint32_t sec, uint64_t off);
/* A .reloc line for r, which is at bytes behind the current place. */
void dis_put_reloc(struct dis *d, const struct bu_rel *r, uint64_t at);
/* The value that a relocated place holds, in bytes. */
int64_t dis_addend(const struct dis *d, const struct bu_rel *r);
bool dis_is_word(const char *s);

/* dis_sec.c */
bool dis_is_code(const struct bu_sec *s);
void dis_section(struct dis *d, uint32_t k);
void dis_loose_symbols(struct dis *d);

/* dis_code.c */
/* Instructions of section k from off on, up to a slot where something is, or to end. Returns where. */
uint64_t dis_code(struct dis *d, uint32_t k, uint64_t off, uint64_t end);

/* dis_data.c */
void dis_data(struct dis *d, uint32_t k, uint64_t from, uint64_t to);
void dis_quoted(struct bu_buf *out, const char *p, size_t n);
uint64_t dis_get(const struct dis *d, const uint8_t *p, unsigned n);

/* dis_maps.c */
void dis_maps(struct dis *d);
bool dis_license(struct dis *d);

/* dis_btf.c */
/* A section of 32-bit words: where the next relocation is. */
struct dis_words {
	struct dis *d;
	const uint8_t *p;
	uint32_t rel, rend;
};
void dis_words_init(struct dis_words *w, struct dis *d, uint32_t k);
/* .4byte with n words from at on; what is relocated as what it names. Calls go up in the section. */
void dis_words(struct dis_words *w, uint64_t at, uint64_t n);
void dis_put_clean(struct bu_buf *out, const char *s);
void dis_put_type(struct bu_buf *out, const struct bu_btf *b, uint32_t id, unsigned depth);
/* The contents of section k with what they mean, false: they are not what they should be. */
bool dis_btf(struct dis *d, uint32_t k);

/* dis_ext.c */
bool dis_btf_ext(struct dis *d, uint32_t k);

/* dis_verify.c */
/*
 * Assembles the text; a section that differs is lowered, *again: something was. Where nothing is left
 * to lower and something differs, a warning is told. 0, -ENOMEM.
 */
int dis_verify(struct dis *d, bool *again);

#endif
