/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * btfc: what the files that print types as C share.
 *
 *   btfc.c        declarations and definitions as text
 *   btfcorder.c   what has to stand before what
 *   btfcname.c    names: clashes, and what C does not take
 *   btfclayout.c  alignment and packing, which BTF does not tell
 */
#ifndef BU_BTFC_H
#define BU_BTFC_H

#include "btf/btf.h"

/* How deep types may lie in each other before they count as hostile. */
#define BTFC_MAX_DEPTH 512
/* Members and enumerators that may be printed; each place where a struct has no name has its own copy. */
#define BTFC_BUDGET (1u << 22)

enum {
	C_VISIT = 1,    /* its parts are being looked at */
	C_DONE = 2,     /* what it needs is there, and so is it, if it has a name */
	C_DECLARED = 4, /* struct NAME; */
	C_TAGGED = 8,   /* has no name and needs one */
	C_NAMED = 16,   /* has got its name */
	C_USED = 32,    /* stands in another type */
	C_LAID = 64,    /* align and C_PACKED are known */
	C_PACKED = 128,
};

enum { OP_DECLARE, OP_DEFINE, OP_KFUNC };
struct btfc_op { uint32_t id; uint8_t what; };

struct bu_btf_c {
	const struct bu_btf *b;
	uint8_t *state;       /* [id] */
	uint8_t *align;       /* [id]: bytes, of structs and unions that are laid out */
	const char **alias;   /* [id]: a name that is not the type's own */
	struct btfc_op *op;   /* in order */
	size_t nops, cap_ops, printed;
	struct bu_hash tags, idents; /* names that are given away: 1 + how often */
	struct bu_arena a;
	struct bu_buf *out;
	uint32_t current;     /* struct whose members are looked at */
	unsigned depth;
	uint32_t budget;
	bool strip;           /* no qualifiers */
	uint64_t lost;        /* members that C cannot put where they are */
	int err;
};

static inline bool btfc_is_composite(const struct bu_btf_type *t)
{
	return t->kind == BU_BTF_STRUCT || t->kind == BU_BTF_UNION;
}
static inline bool btfc_is_enum(const struct bu_btf_type *t)
{
	return t->kind == BU_BTF_ENUM || t->kind == BU_BTF_ENUM64;
}
static inline bool btfc_is_mod(enum bu_btf_kind k)
{
	return k == BU_BTF_CONST || k == BU_BTF_VOLATILE || k == BU_BTF_RESTRICT || k == BU_BTF_TYPE_TAG;
}
/* Does it stand as "struct NAME", and not as its body? */
static inline bool btfc_has_tag(const struct bu_btf_c *c, const struct bu_btf_type *t)
{
	return t->name[0] || (c->state[t->id] & C_TAGGED);
}

/* btfcorder.c: notes what has to be printed before id can be used; whole: as the type of a member. */
void btfc_need(struct bu_btf_c *c, uint32_t id, bool whole);
void btfc_op(struct bu_btf_c *c, uint32_t id, int what);
/* All that has a name, in order of names or of ids. */
void btfc_need_all(struct bu_btf_c *c, bool sorted);

/* btfcname.c: gives names to what the operations from `from` on print. */
void btfc_name_all(struct bu_btf_c *c, size_t from);
/* The name as C takes it. */
const char *btfc_word(struct bu_btf_c *c, const char *name);
/* The name that a type goes by. */
const char *btfc_name(struct bu_btf_c *c, const struct bu_btf_type *t);
/* A name of that kind which nobody has; it is taken then. */
const char *btfc_free_name(struct bu_btf_c *c, struct bu_hash *h, const char *name);
/* Does C know an integer or floating point type of that name? */
bool btfc_is_basic(const struct bu_btf_type *t);

/* btfclayout.c */
unsigned btfc_align(struct bu_btf_c *c, uint32_t id);
bool btfc_packed(struct bu_btf_c *c, const struct bu_btf_type *t);
/* Width of a bit-field and where it begins; 0: it is none. */
uint32_t btfc_bits(const struct bu_btf_c *c, const struct bu_btf_type *t, const struct bu_btf_member *m,
		   uint64_t *at);
/* Where a member of that type and width would be put behind bit cur. */
uint64_t btfc_place(struct bu_btf_c *c, uint64_t cur, uint32_t type, uint32_t bits, bool packed);

#endif
