/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * types: C types as the source declares them (.struct, .union, .enum, .typedef), as built-in tables
 * and --btf FILE know them, and on their way into .BTF.
 *
 *   types.c     the model: look-up, sizes, layout
 *   ctype.c     words to types: declarations in C's syntax
 *   typepath.c  flow.port[1], sizeof, offsetof, alignof in expressions
 *   typebtf.c   types out to .BTF and in from --btf FILE
 *   var.c       .var, .const, .type NAME, TYPE
 *   func.c      .func, .proto, typed .extern, .kfunc
 *   core.c      @struct.member: CO-RE
 *
 * All memory is the assembler's arena. A type is made once and never changes, but for structs,
 * unions and enums that were named before their body was read.
 */
#ifndef AS_TYPES_H
#define AS_TYPES_H

#include "bpf-as/as.h"

struct as_member {
	const char *name;      /* "": anonymous */
	struct as_type *type;
	uint32_t bit_off, bit_size; /* bit_size 0: no bit-field */
	uint32_t src;          /* its number in the type of --btf FILE */
};
struct as_enumval {
	const char *name;
	int64_t val;
};

struct as_type {
	uint8_t kind;          /* enum bu_btf_kind */
	uint8_t enc;           /* INT: 1 signed, 2 char, 4 bool. ENUM: 1 signed */
	bool complete;         /* STRUCT, UNION, ENUM: the body is known */
	bool defining;         /* … is being read */
	bool declared;         /* by the source: goes to .BTF even if nothing uses it */
	bool packed, variadic;
	bool full;             /* all members of a type from --btf FILE are here */
	uint16_t depth;        /* of what it is made of without a struct between */
	const char *name;      /* "": anonymous */
	uint32_t size, align;  /* bytes */
	struct as_type *to;    /* PTR, ARRAY, TYPEDEF, CONST …, FUNC_PROTO: what it returns */
	uint32_t nelems;
	struct as_member *mem; /* STRUCT, UNION; parameters of FUNC_PROTO */
	struct as_enumval *val;
	uint32_t n;            /* of mem or val */
	size_t cap;
	const char *pos;       /* where it was declared */
	uint32_t src;          /* id in --btf FILE, 0: not from there */
	uint32_t btf;          /* id in the object, 0: not there yet */
	size_t at;             /* STRUCT, UNION: where it lies in the types */
	struct as_type *next;  /* all with a name, in order */
};

/* One word or sign of a declaration. */
enum as_toktype { TOK_END, TOK_SEP, TOK_WORD, TOK_NUM, TOK_STR, TOK_SIGN, TOK_DOTS };
struct as_tok {
	uint8_t type;
	char sign;
	const char *p; /* in the file's text */
	uint32_t n;
};

#define AS_TYPE_DEPTH 64

struct as_types {
	struct bu_hash tags, names; /* struct, union, enum; typedefs */
	struct as_type *all, **tail;
	struct as_type *base[24];   /* basic types that were used, by row */
	struct as_tok *tok;         /* of the declaration at hand */
	size_t ntok, cap_tok;
	/* a block "{ … }" that goes on over statements */
	bool open;
	int braces;
	const char *open_pos;
	size_t open_len;
	bool skip;                  /* it is wrong and read over */
	enum bu_btf_kind open_kind;
	/* --btf FILE */
	struct bu_buf file;
	struct bu_btf btf;
	bool has_btf;
	struct as_type **by_id;
	/* STRUCTs whose members' types have still to be told to .BTF */
	struct as_type **pending;
	size_t npending, cap_pending;
	const char *told; /* where the last wrong name of an expression stands */
	unsigned depth;
};

/* types.c */
struct as_types *as_types(struct as *as); /* made when first asked for; NULL: out of memory */
void as_types_free(struct as *as);
struct as_type *as_type_new(struct as *as, enum bu_btf_kind kind, const char *name, size_t n);
struct as_type *as_type_ptr(struct as *as, struct as_type *to);
struct as_type *as_type_array(struct as *as, struct as_type *elem, uint32_t n);
struct as_type *as_type_mod(struct as *as, enum bu_btf_kind kind, const char *name, size_t n,
			    struct as_type *to);
/* A basic type of one word (u32, char, size_t), or NULL. */
struct as_type *as_type_word(struct as *as, struct bu_str w);
struct as_type *as_type_int(struct as *as, unsigned size, bool is_signed);
/*
 * The struct, union or enum of that name (kind VOID: any of them); from the source, the tables,
 * --btf FILE. NULL: there is none.
 */
struct as_type *as_type_tag(struct as *as, enum bu_btf_kind kind, struct bu_str name);
struct as_type *as_type_typedef(struct as *as, struct bu_str name);
/* As as_type_tag, and made, without a body, if need be. */
struct as_type *as_type_tag_made(struct as *as, enum bu_btf_kind kind, struct bu_str name);
/* Through typedefs, const, tags; never NULL for a type. */
struct as_type *as_type_real(struct as_type *t);
/* Bytes of a value, -1: it has no size. */
int64_t as_type_size(const struct as_type *t);
const char *as_type_kind_name(enum bu_btf_kind k);
/* "struct flow", "u32[4]", for messages. */
const char *as_type_text(struct as *as, const struct as_type *t);
/* Says which declared struct has nearly the name of t, which has no body. */
void as_type_help(struct as *as, struct bu_diag *d, const struct as_type *t, const char *otherwise);
/* For did-you-mean: names that are types. */
void as_type_feed(struct as *as, struct bu_near *near);
/* Appends a member or parameter; NULL: out of memory. */
struct as_member *as_type_member(struct as *as, struct as_type *t);
/* Where the next member of t goes. false: the struct grows too large. */
bool as_type_place(struct as_type *t, struct as_member *m, uint64_t *bit);
/* A type's C text from the built-in tables ("struct flow { … }"), or NULL. */
const char *as_type_builtin(struct bu_str name);
void as_type_builtin_feed(struct bu_near *near);

/* ctype.c */
/*
 * Reads the type at c: "u32", "struct flow", "u8[16]", "struct pt_regs *". name NULL: none may
 * stand in it. NULL: an error was told. stop: a sign that ends it besides comma and bracket.
 */
struct as_type *as_type_parse(struct as *as, struct as_cur *c, struct bu_str *name);
/* "NAME(x: T, y: T) -> T" or a C prototype; NULL: told. */
struct as_type *as_type_proto(struct as *as, struct as_cur *c, struct bu_str *name);
/* Reads one declaration of C text from the tables. */
bool as_type_text_read(struct as *as, const char *text);
/* The statement belongs to a block that is open. */
void as_types_feed(struct as *as, const char *p, size_t n);
void as_types_end(struct as *as);

/* typepath.c */
struct as_step { /* one step of an access: a member, or an element of an array */
	struct as_type *in;  /* the struct or array */
	int64_t index;       /* element; members: see mem */
	const struct as_member *m; /* NULL: an element. Moves when members are fetched */
	uint32_t src;        /* m->src */
};
struct as_path {
	struct as_type *root, *type; /* type of what it leads to */
	uint64_t bit_off;
	uint32_t bit_size;   /* 0: no bit-field */
	struct as_step step[AS_TYPE_DEPTH];
	unsigned n;
};
/*
 * Follows ".a.b[1]" or "a.b[1]" from the type t. 0, or -EINVAL with as->ex_error set.
 */
int as_type_path(struct as *as, struct as_type *t, struct as_cur *c, struct as_path *out);
/*
 * A name that stands in an expression, c behind its letters: sizeof(…), offsetof(…), flow.port[1].
 * 1: *v is its value and c behind it; 0: it is none of these; -EINVAL: ex_error.
 */
int as_type_expr(struct as *as, const char *name, struct as_cur *c, int64_t *v);
/* Is the symbol a member of a built-in struct ("ethhdr.h_proto")? Its offset. Tells nothing. */
bool as_type_field(struct as *as, const struct as_sym *s, int64_t *off, int64_t *size);
/* The same for a symbol "flow.saddr" that was defined nowhere, at the end. */
int as_type_late(struct as *as, const struct as_sym *s, const char *pos, int64_t *v);
/* "struct flow", "union x", "flow": a type without stars; NULL with ex_error set. */
struct as_type *as_type_name(struct as *as, struct as_cur *c);

/* typebtf.c */
uint32_t as_type_btf(struct as *as, struct as_type *t);
/* All that the source declares. true: there was something. */
bool as_types_btf(struct as *as);
/* Reads --btf FILE. 0, -errno with a message. */
int as_types_file(struct as *as, const char *path);
struct as_type *as_type_import(struct as *as, enum bu_btf_kind kind, struct bu_str name);
/* All members are needed, and all of what it holds by value. */
void as_type_full(struct as *as, struct as_type *t);
/* The member of that name of a type from the FILE, taken over now; NULL: none. */
struct as_member *as_type_fetch(struct as *as, struct as_type *t, struct bu_str name);

/* func.c */
/* ": TYPE" or "(…) -> TYPE" behind the name of .extern, which stands at p. false: neither. */
bool as_extern_typed(struct as *as, struct as_cur *c, struct as_sym *s, const char *p);
/* An undefined function that the tables or --btf FILE know becomes an extern. */
bool as_kfunc_known(struct as *as, struct as_sym *s);
void as_kfunc_feed(struct bu_near *near);
/* .kconfig and .ksyms of BTF. true: there are some. */
bool as_externs_btf(struct as *as);
/* The FUNC of a function; name as BTF has it. */
uint32_t as_func_btf(struct as *as, const struct as_sec *sec, const struct as_sym *f, const char *name);

/* core.c */
/* "@…" at c: kept for the end. 0, *ref for as_core_fix and c behind it; -EINVAL: nothing that could be meant. */
int as_core_expr(struct as *as, struct as_cur *c, uint32_t *ref);
/* The value that the instruction of f carries, and a record for the loader. 0, -EINVAL: told. */
int as_core_fix(struct as *as, const struct as_fix *f, uint32_t ref, int64_t *v);
/* Types that records name, to .BTF. */
void as_core_types(struct as *as);
/* The records of a section into out: 1, 0: it has none, -ENOMEM. */
int as_core_section(struct as *as, const struct as_sec *sec, struct bu_btfext_sec *out);

/* var.c */
void as_var_type(struct as *as, struct as_cur *c, struct as_sym *s, const char *pos);
void as_vars_check(struct as *as);

#endif
