/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btf: BPF Type Format, read and build; .BTF.ext; print a value by its type.
 *
 * A struct bu_btf is a checked view of one BTF blob: after bu_btf_parse every type id, string
 * offset, member list and enum list it hands out is inside the blob and no type cycle is endless
 * (modifier and typedef chains end, by-value containment ends). Input is hostile.
 *
 * Source: Documentation/bpf/btf.rst (the kernel's), include/uapi/linux/btf.h for the numbers.
 */
#ifndef BU_BTF_H
#define BU_BTF_H

#include "base/base.h"
#include "isa/isa.h"

enum bu_btf_kind {
	BU_BTF_VOID, BU_BTF_INT, BU_BTF_PTR, BU_BTF_ARRAY, BU_BTF_STRUCT, BU_BTF_UNION,
	BU_BTF_ENUM, BU_BTF_FWD, BU_BTF_TYPEDEF, BU_BTF_VOLATILE, BU_BTF_CONST, BU_BTF_RESTRICT,
	BU_BTF_FUNC, BU_BTF_FUNC_PROTO, BU_BTF_VAR, BU_BTF_DATASEC, BU_BTF_FLOAT,
	BU_BTF_DECL_TAG, BU_BTF_TYPE_TAG, BU_BTF_ENUM64,
	BU_BTF_UNKNOWN = 31, /* later than these; its length is told by the blob's table of layouts */
};

struct bu_btf {
	const uint8_t *data;  /* the blob; not owned, must outlive this */
	size_t size;
	bool be;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
	uint32_t layout_off, layout_len; /* since Linux 7.1 */
	uint32_t ntypes;      /* ids are 1 .. ntypes; 0 is void. With a base: base's ids first */
	uint32_t *offs;       /* [id - first]: offset of each type in data; heap */
	const struct bu_btf *base; /* split BTF, or NULL */
	bool borrowed;        /* offs is of a file that may lie: types are looked at with care, offs is not freed */
	uint8_t ptr_size;     /* bytes of a pointer; 0: not known, which counts as 8 */
	bool tagged;          /* there are declaration tags */
	uint8_t values;       /* how values are printed: BU_BTF_HUMAN | BU_BTF_EXACT; set by the caller */
};
/*
 * HUMAN: addresses as text (fields of __be32 or of bytes by their names or tags, struct in_addr and in6_addr;
 * other fields in network order as "be:443"), pointers in hexadecimal. EXACT: integers beyond 2^53, which many
 * readers of JSON round, as strings. What they print is parsed too.
 */
enum { BU_BTF_HUMAN = 1, BU_BTF_EXACT = 2 };

/*
 * Checks a blob (either endianness) and indexes it. name is used in messages. base may be NULL.
 * Returns 0, -EINVAL with a message in ds (may be NULL), -ENOMEM. Release with bu_btf_free.
 */
int bu_btf_parse(struct bu_btf *b, const void *data, size_t size, const struct bu_btf *base,
		 const char *name, struct bu_diags *ds);
void bu_btf_free(struct bu_btf *b);

/*
 * Where in a file's bytes its BTF is: an ELF file's section .BTF, else all of it. -ENOENT: an ELF file
 * without that section; -EINVAL: a damaged one.
 */
int bu_btf_in_file(const void *data, size_t size, const uint8_t **btf, size_t *n);
/* The section .BTF.base of an ELF file: of its base's types those that it needs. -ENOENT, -EINVAL. */
int bu_btf_base_in_file(const void *data, size_t size, const uint8_t **btf, size_t *n);

/* The fixed part of a type, decoded. */
struct bu_btf_type {
	uint32_t id;
	enum bu_btf_kind kind;
	bool kflag;
	const char *name;    /* "" when anonymous */
	uint32_t vlen;
	union {
		uint32_t size; /* INT, ENUM, STRUCT, UNION, DATASEC, FLOAT, ENUM64: bytes */
		uint32_t type; /* PTR, TYPEDEF, modifiers, FUNC, FUNC_PROTO, VAR, tags */
	};
	/* INT */
	uint8_t int_enc;     /* 1 signed, 2 char, 4 bool */
	uint8_t int_off, int_bits;
	/* ARRAY */
	uint32_t elem, index, nelems;
	/* VAR, FUNC: linkage; DECL_TAG: component_idx */
	int32_t linkage;
};
struct bu_btf_member { const char *name; uint32_t type; uint32_t bit_off, bit_size; /* 0: whole */ };
struct bu_btf_enum { const char *name; int64_t val; };
struct bu_btf_secvar { uint32_t type; uint32_t off, size; };
struct bu_btf_param { const char *name; uint32_t type; };

/* Type id into *t. -ENOENT when there is none. id 0 is VOID. */
int bu_btf_get(const struct bu_btf *b, uint32_t id, struct bu_btf_type *t);
/* The i-th member, enumerator, variable, parameter of t (i < t->vlen of the fitting kind). */
int bu_btf_member(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i, struct bu_btf_member *m);
int bu_btf_enum(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i, struct bu_btf_enum *e);
int bu_btf_secvar(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i, struct bu_btf_secvar *v);
int bu_btf_param(const struct bu_btf *b, const struct bu_btf_type *t, uint32_t i, struct bu_btf_param *p);
/* The string at an offset of the string section ("" outside). */
const char *bu_btf_str(const struct bu_btf *b, uint32_t off);
/* First type of that kind and name (kind VOID: any), or 0. Linear. */
uint32_t bu_btf_find(const struct bu_btf *b, enum bu_btf_kind kind, const char *name);
/* Through typedefs and modifiers. */
uint32_t bu_btf_resolve(const struct bu_btf *b, uint32_t id);
/* Size in bytes of a value of the type, or -EINVAL. */
int64_t bu_btf_size(const struct bu_btf *b, uint32_t id);

/*
 * Prints the n bytes at data as the type id. JSON mode: a value under key, always valid. Text mode:
 * what upstream bpftool's typed dump shows (JSON-like, indented), mended where that is not valid;
 * the key is not printed. Shapes: integers, enumerators' names (a number where none fits), structs
 * and unions as objects, DATASEC as { ".data": [{ "var": value }, ...] }, arrays as lists, char
 * arrays that are clean C strings, or text to their end, as strings, pointers as decimal numbers in JSON and 0x… or
 * (nil) in text, bit-fields as numbers, 128-bit integers as hex (a string in JSON), floats (NaN
 * and infinities as strings), null for what has no value.
 * Returns 0; -EINVAL: n is too small or the type has no size; -E2BIG: hostile type, cut short.
 */
int bu_btf_print_value(struct bu_out *o, const char *key, const struct bu_btf *b, uint32_t id,
		       const void *data, size_t n);
/*
 * The text form alone, appended to out. depth: how many times four blanks the line stands in on
 * which the value begins (0, or 2 for the "key" and "value" of upstream's map dump).
 */
int bu_btf_print_text(struct bu_buf *out, const struct bu_btf *b, uint32_t id, const void *data,
		      size_t n, unsigned depth);
/*
 * The same for many values of one type: what is between the data is put together once. A form prints what the two
 * functions above print of n bytes at this depth. NULL: the type is too large, has no value, or there is no memory.
 * Neither b nor b->values may change while it is used.
 */
struct bu_btf_form *bu_btf_form_make(const struct bu_btf *b, uint32_t id, size_t n, bool json, bool pretty,
				     unsigned depth);
void bu_btf_form_put(const struct bu_btf_form *f, struct bu_buf *out, const void *data);
void bu_btf_form_free(struct bu_btf_form *f);
/*
 * Parses text (a number, true/false, an enumerator, 'c', "string" for char arrays, addresses; {…} and […] of
 * these) into the n bytes at out, by type. Values out of range are refused. 0, -EINVAL, -ERANGE with a message.
 */
int bu_btf_parse_value(const struct bu_btf *b, uint32_t id, struct bu_str text, void *out, size_t n,
		       struct bu_diags *ds);
/*
 * The same for a part: "PATH=VALUE", PATH being names and [indices]: "port=443", "a.b[2]=7". In a DATASEC it begins
 * with a variable's name. What stands beside it in out stays as it is.
 */
int bu_btf_parse_part(const struct bu_btf *b, uint32_t id, struct bu_str text, void *out, size_t n,
		      struct bu_diags *ds);
/* A type as C, with a blank behind: "struct pair ", "u64 * ". */
int bu_btf_print_type(struct bu_buf *out, const struct bu_btf *b, uint32_t id);
/*
 * An address in network order into n bytes: 4 (10.0.0.1), 16 (fe80::1), 6 (02:00:00:00:00:01), or, into 2, 4 or 8,
 * be:NUMBER. -EINVAL: it is none of that size; -ERANGE.
 */
int bu_btf_parse_addr(struct bu_str text, uint8_t *out, size_t n);
/* A function's C prototype as bpftool prints above a dump: "int count(struct xdp_md * ctx)". */
int bu_btf_print_proto(struct bu_buf *out, const struct bu_btf *b, uint32_t func_id);

/* ---------------------------------------------------------------- as C
 *
 * A header as vmlinux.h is one: what is needed stands before what needs it, sizes and offsets are those of
 * the types (padding, packing), names that clash get ___2 and so on, kernel functions get prototypes.
 * b is one that bu_btf_parse has checked. Each returns 0; -ENOMEM; -E2BIG: hostile types.
 */
struct bu_btf_c;
int bu_btf_c_new(struct bu_btf_c **c, const struct bu_btf *b);
void bu_btf_c_free(struct bu_btf_c *c);
/* All types of b (not of its base, but for what they need), in order of their names or of their ids. */
int bu_btf_c_all(struct bu_btf_c *c, struct bu_buf *out, bool sorted);
/* One type and what it needs, as far as it has not been printed yet. */
int bu_btf_c_type(struct bu_btf_c *c, struct bu_buf *out, uint32_t id);
/*
 * "struct foo *name[4]", or a pointer to such, without qualifiers and semicolon; depth: tabs in front of the lines of
 * a body.
 */
int bu_btf_c_decl(struct bu_btf_c *c, struct bu_buf *out, uint32_t id, const char *name, bool pointer,
		  unsigned depth);
/* How a value of the type is aligned, in bytes. */
unsigned bu_btf_c_align(struct bu_btf_c *c, uint32_t id);
/* What stands before and behind all of them: guards, and that clang keeps the accesses for CO-RE. */
void bu_btf_c_begin(struct bu_buf *out);
void bu_btf_c_end(struct bu_buf *out);

/* ---------------------------------------------------------------- building */

/* Types and strings under construction; equal strings and equal anonymous types are shared. */
struct bu_btfgen {
	struct bu_buf types, strs;
	uint32_t ntypes;
	struct bu_hash str_index;  /* string -> offset + 1 */
	struct bu_hash type_index; /* bytes of a type without a list -> id */
	struct bu_arena arena;
	bool be;
	/* private: position of the list that is open (struct, enum, datasec, proto) */
	size_t open;
	int err;
};

void bu_btfgen_init(struct bu_btfgen *g, bool be);
void bu_btfgen_free(struct bu_btfgen *g);
/* Each returns the new (or an equal earlier) type's id, 0 on error (sticky in err). */
uint32_t bu_btfgen_int(struct bu_btfgen *g, const char *name, uint32_t size, uint8_t enc);
uint32_t bu_btfgen_ptr(struct bu_btfgen *g, uint32_t to);
uint32_t bu_btfgen_array(struct bu_btfgen *g, uint32_t elem, uint32_t n);
uint32_t bu_btfgen_mod(struct bu_btfgen *g, enum bu_btf_kind kind, const char *name, uint32_t to); /* typedef, const, volatile, restrict, type_tag */
uint32_t bu_btfgen_fwd(struct bu_btfgen *g, const char *name, bool is_union);
/* Begins a struct or union of size bytes; members follow, before any other type is made. */
uint32_t bu_btfgen_struct(struct bu_btfgen *g, enum bu_btf_kind kind, const char *name, uint32_t size);
void bu_btfgen_member(struct bu_btfgen *g, const char *name, uint32_t type, uint32_t bit_off);
/* The same for a bit-field of bit_size bits: its struct's members then all count in bits. */
void bu_btfgen_bitfield(struct bu_btfgen *g, const char *name, uint32_t type, uint32_t bit_off,
			uint32_t bit_size);
/*
 * The type of member i of the struct that began where g->types.n was at: for members whose types are
 * made after the struct.
 */
void bu_btfgen_member_type(struct bu_btfgen *g, size_t at, uint32_t i, uint32_t type);
/* Begins an enum of size bytes (8: ENUM64); enumerators follow. */
uint32_t bu_btfgen_enum(struct bu_btfgen *g, const char *name, uint32_t size, bool is_signed);
void bu_btfgen_enumval(struct bu_btfgen *g, const char *name, int64_t val);
uint32_t bu_btfgen_float(struct bu_btfgen *g, const char *name, uint32_t size);
uint32_t bu_btfgen_proto(struct bu_btfgen *g, uint32_t ret);
void bu_btfgen_param(struct bu_btfgen *g, const char *name, uint32_t type);
uint32_t bu_btfgen_func(struct bu_btfgen *g, const char *name, uint32_t proto, int linkage);
uint32_t bu_btfgen_var(struct bu_btfgen *g, const char *name, uint32_t type, int linkage);
/* component: of the member or parameter, -1: of the type itself */
uint32_t bu_btfgen_decl_tag(struct bu_btfgen *g, const char *name, uint32_t of, int component);
uint32_t bu_btfgen_datasec(struct bu_btfgen *g, const char *name, uint32_t size);
void bu_btfgen_secvar(struct bu_btfgen *g, uint32_t var, uint32_t off, uint32_t size);
uint32_t bu_btfgen_str(struct bu_btfgen *g, const char *s);
/* Writes the finished .BTF blob. 0 or -errno. */
int bu_btfgen_finish(struct bu_btfgen *g, struct bu_buf *out);
/* The same without the strings, which come last: g->strs. */
int bu_btfgen_head(struct bu_btfgen *g, struct bu_buf *out);

/*
 * Appends the types of b, which has no base and g's byte order, with the strings they use; its data
 * sections are left out. map has room for b->ntypes + 1 ids and tells what each id of b became; 0 for void
 * and data sections. 0 or -errno, which is sticky in g.
 */
int bu_btfgen_append(struct bu_btfgen *g, const struct bu_btf *b, uint32_t *map);
/*
 * Leaves one of the types that are equal, and what a forward declaration declares in its place, if there is
 * just one of that name. Variables and data sections stay apart. same (may be NULL, else ntypes + 1 ids): a
 * type stands for same[id], if that is not 0 and stands for nothing else. *map (heap, ntypes + 1 ids as
 * they were) tells what each id became. 0 or -errno, sticky in g.
 */
int bu_btfgen_dedup(struct bu_btfgen *g, const uint32_t *same, uint32_t **map);

/* ---------------------------------------------------------------- .BTF.ext */

struct bu_func_info { uint32_t insn_off; /* bytes into the section */ uint32_t type_id; };
struct bu_line_info { uint32_t insn_off; uint32_t file_off, line_off; uint32_t line, col; };
/* All records of one program section, in order of insn_off. */
struct bu_btfext_sec {
	const char *name;    /* section name */
	struct bu_func_info *func; uint32_t nfunc;
	struct bu_line_info *line; uint32_t nline; /* bu_btfext_write: NULL leaves room, see line_at */
	const uint8_t *core; uint32_t ncore, core_size; /* raw bpf_core_relo records, checked for length */
	size_t line_at; /* bu_btfext_write: where in out the nline records belong that are not there */
};
struct bu_btfext { struct bu_btfext_sec *sec; uint32_t nsec; };

/* Parses .BTF.ext against its .BTF; memory from a. 0, -EINVAL with a message, -ENOMEM. */
int bu_btfext_parse(struct bu_btfext *e, const void *data, size_t size, const struct bu_btf *btf,
		    struct bu_arena *a, const char *name, struct bu_diags *ds);
/* Writes .BTF.ext for sections whose names are in g's strings (added if not). Call before bu_btfgen_finish. */
int bu_btfext_write(const struct bu_btfext *e, struct bu_btfgen *g, struct bu_buf *out);
#define BU_LINE_REC 16
/* One line record as the file has it. */
static inline void bu_btfext_line(uint8_t out[BU_LINE_REC], const struct bu_line_info *l, bool be)
{
	bu_put32(out, be, l->insn_off);
	bu_put32(out + 4, be, l->file_off);
	bu_put32(out + 8, be, l->line_off);
	/* 22 bits of line, 10 of column; what does not fit is not known */
	bu_put32(out + 12, be, (l->line >> 22 ? 0 : l->line << 10) | (l->col > 1023 ? 0 : l->col));
}

/* Index of the first line record of x at or behind byte off of the code; x->nline: none. Records are sorted. */
uint32_t bu_btfext_first_line(const struct bu_btfext_sec *x, uint64_t off);

/* ---------------------------------------------------------------- many types, few of them wanted */

/*
 * A view of the BTF of a kernel, of its modules or of a file, of which a few types of 100,000 will be
 * looked at: one walk finds where each type begins, and names are indexed when one is asked for.
 * What bu_btf_parse checks beyond the bounds of each type is not checked: names and ids may lead nowhere
 * (bu_btf_str gives "", bu_btf_get -ENOENT) and chains of types may have no end, so that readers
 * must bound their steps; bu_btf_resolve, bu_btf_size and all of CO-RE do.
 */
enum { BU_BTF_NAMES_TYPES, BU_BTF_NAMES_SYMBOLS, BU_BTF_NAMES };
struct bu_btf_index {
	struct bu_btf btf;
	const char *name;     /* "vmlinux", the module's, or the file's */
	/* of structs and so on by essential name; of functions, variables and their sections by name */
	struct bu_btf_names {
		uint32_t *head;   /* by hash: number of an entry, 0: none */
		uint32_t mask;
		struct { uint32_t id, next; } *entry; /* from 1 */
		uint32_t count, used; /* types of these kinds; entries */
		bool borrowed, sure; /* of a file; its sum is right */
		uint64_t sum;
	} names[BU_BTF_NAMES];
	bool failed;          /* out of memory: a look-up may have missed something */
};
/* data and name must outlive x; base may be NULL. 0, -EINVAL with a message in ds, -ENOMEM. */
int bu_btf_index(struct bu_btf_index *x, const void *data, size_t size, const struct bu_btf *base,
		 const char *name, struct bu_diags *ds);
void bu_btf_index_free(struct bu_btf_index *x);
/*
 * All of the index as bytes, for the same BTF at another time: 0 or -ENOMEM. And back, without a walk; saved
 * must outlive x, and may be anything: -EINVAL when it is damaged or of another BTF.
 */
int bu_btf_index_save(struct bu_btf_index *x, struct bu_buf *out);
int bu_btf_index_load(struct bu_btf_index *x, const void *data, size_t size, const char *name,
		      const void *saved, size_t nsaved);
/*
 * The next type that is called so (n bytes; without flavour for types) and whose kind is in the bit
 * set, or 0. *pos is 0 for the first. Ids come in rising order. The set holds kinds of
 * types or of symbols (FUNC, VAR, DATASEC), not both.
 */
uint32_t bu_btf_index_next(struct bu_btf_index *x, uint32_t kinds, const char *name, size_t n,
			   uint32_t *pos);
/* The length of a type's name without its flavour: 11 of "task_struct___v2". */
size_t bu_btf_essential(const char *name);

/* ---------------------------------------------------------------- CO-RE
 *
 * Pure: types in, patched instructions out. The rules are libbpf's, which the kernel shares; what
 * they do not settle is said where it is decided. Source: Documentation/bpf/llvm_reloc.rst and
 * libbpf's description of struct bpf_core_relo.
 */

enum bu_core_kind {
	BU_CORE_FIELD_OFFSET, BU_CORE_FIELD_SIZE, BU_CORE_FIELD_EXISTS, BU_CORE_FIELD_SIGNED,
	BU_CORE_FIELD_LSHIFT, BU_CORE_FIELD_RSHIFT, BU_CORE_TYPE_ID_LOCAL, BU_CORE_TYPE_ID_TARGET,
	BU_CORE_TYPE_EXISTS, BU_CORE_TYPE_SIZE, BU_CORE_ENUMVAL_EXISTS, BU_CORE_ENUMVAL_VALUE,
	BU_CORE_TYPE_MATCHES, BU_CORE_NKINDS,
};
/* "byte_off", "field_exists", …, as llvm-objdump prints them; "?" for others. */
const char *bu_core_kind_name(uint32_t kind);

/* One record of .BTF.ext; access is text: the indices of a field, or of an enumerator. */
struct bu_core_relo { uint32_t type_id; uint32_t kind; const char *access; };
/* A type of the target whose name and kind fit. */
struct bu_core_cand { const struct bu_btf *btf; uint32_t id; const char *where; };

/* What all records of an object share. */
struct bu_core {
	const struct bu_btf *local; /* the object's types */
	struct bu_arena *a;   /* for texts */
	bool explain;         /* make texts; without it nothing is allocated */
	uint64_t fuel;        /* steps that may still be made through types: BU_CORE_FUEL for a start */
};
#define BU_CORE_FUEL (64ull << 20)

struct bu_core_result {
	uint64_t was, is;       /* the value that the compiler put there, and the right one */
	bool poison;            /* the target has no such thing: the instruction must not be reached */
	bool check;             /* the instruction must hold `was` now */
	bool bad_width;         /* a load or store of the old width would be wrong, of the new one too */
	bool narrow;            /* 32 bits that may be signed: as the compiler extended them */
	uint32_t old_size, new_size; /* of the field; differ: loads and stores change their width */
	/* with explain, in the arena: */
	const char *what;       /* "struct task_struct.comm[3]" */
	const char *why;        /* poison or an error: the reason */
	const char *near;       /* a member or enumerator that may have been meant, or NULL */
};
/*
 * The name and the bit set of kinds that candidates of a record have: 0; -ENOENT: it needs none;
 * -EINVAL, -EOPNOTSUPP: there can be none (res->why). name points into the BTF.
 */
int bu_core_wants(struct bu_core *c, const struct bu_core_relo *r, const char **name, size_t *n,
		  uint32_t *kinds, struct bu_core_result *res);
/*
 * Answers one record by the candidates. 0; -EINVAL damaged record, -EEXIST candidates disagree,
 * -EOPNOTSUPP unknown kind, -ELOOP out of fuel: with res->why; -ENOMEM.
 */
int bu_core_calc(struct bu_core *c, const struct bu_core_relo *r, const struct bu_core_cand *cand,
		 uint32_t ncands, struct bu_core_result *res);
/*
 * Puts the answer into in[0] (and in[1] of a wide one; left: how many there are). 0, or -EINVAL with
 * res->why: the instruction is none that can carry it.
 */
#define BU_CORE_POISON 195896080 /* the helper that poisoned instructions call; libbpf's number too */
int bu_core_patch(struct bu_core *c, struct bu_insn *in, uint32_t left, struct bu_core_result *res);
/* Are two types alike as far as TYPE_EXISTS goes, or one of them declared only? 1, 0; -EINVAL they have no end. */
int bu_core_compatible(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib);

/*
 * The types that CO-RE records look at, cut out of a kernel's, which have no base. Objects are added one by
 * one; a record that finds nothing keeps nothing. 0; -ENOMEM; another -errno with a message in ds.
 */
struct bu_core_keep;
int bu_core_keep_new(struct bu_core_keep **k, const struct bu_btf *target);
int bu_core_keep_all(struct bu_core_keep *k, const struct bu_btf *local, const struct bu_btfext *ext,
		     const char *name, struct bu_diags *ds);
/* Appends them as a blob. */
int bu_core_keep_write(struct bu_core_keep *k, struct bu_buf *out);
void bu_core_keep_free(struct bu_core_keep *k);

#endif
