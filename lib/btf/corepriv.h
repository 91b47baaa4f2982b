/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of CO-RE share with each other only. */
#ifndef BU_COREPRIV_H
#define BU_COREPRIV_H

#include "btf/btf.h"

#define CORE_MAX_STEPS 64  /* of an access, as in libbpf */
#define CORE_MAX_DEPTH 32  /* of types in types, as in libbpf */

/* One step of an access: a member by name (of a struct or union), or an element by number. */
struct core_step {
	uint32_t type;    /* what has the member; the element's type */
	uint32_t index;
	const char *name; /* NULL: an element */
};
struct core_spec {
	const struct bu_btf *btf;
	uint32_t root;
	uint32_t n;
	struct core_step step[CORE_MAX_STEPS];
	uint64_t bit_off;
};

/* How far a candidate got that does not fit: the step, and what was wrong with it. */
enum core_miss_why {
	MISS_NONE, MISS_NO_TYPE, MISS_TYPE, MISS_NO_MEMBER, MISS_MEMBER_TYPE, MISS_NO_STRUCT,
	MISS_NO_ARRAY, MISS_SHORT_ARRAY, MISS_NO_ENUMERATOR,
};
struct core_miss {
	enum core_miss_why why;
	uint32_t step;
	uint32_t in;      /* NO_MEMBER, NO_ENUMERATOR: the type that was looked through */
	uint64_t *fuel;
	bool declared;    /* a declared struct is as good as a defined one */
};
/* Steps that take n units; false: there is no fuel left. */
static inline bool core_burn(struct core_miss *m, uint64_t n)
{
	if (*m->fuel < n) {
		*m->fuel = 0;
		return false;
	}
	*m->fuel -= n;
	return true;
}

static inline bool core_is_field(uint32_t kind)
{
	return kind <= BU_CORE_FIELD_RSHIFT;
}

static inline bool core_is_type(uint32_t kind)
{
	return (kind >= BU_CORE_TYPE_ID_LOCAL && kind <= BU_CORE_TYPE_SIZE) ||
	       kind == BU_CORE_TYPE_MATCHES;
}

static inline bool core_is_enumval(uint32_t kind)
{
	return kind == BU_CORE_ENUMVAL_EXISTS || kind == BU_CORE_ENUMVAL_VALUE;
}

static inline bool core_is_composite(const struct bu_btf_type *t)
{
	return t->kind == BU_BTF_STRUCT || t->kind == BU_BTF_UNION;
}

static inline bool core_is_enum(const struct bu_btf_type *t)
{
	return t->kind == BU_BTF_ENUM || t->kind == BU_BTF_ENUM64;
}

static inline bool core_same_kind(const struct bu_btf_type *a, const struct bu_btf_type *b)
{
	return a->kind == b->kind || (core_is_enum(a) && core_is_enum(b));
}

/* Through typedefs and modifiers; what leads nowhere is VOID with id 0. Returns t->id. */
uint32_t core_skip(const struct bu_btf *b, uint32_t id, struct bu_btf_type *t);
/* Are two names the same but for their flavours? */
bool core_same_name(const char *a, const char *b);

/*
 * corespec.c: reads the record's access against the object's own types. 0, or -errno with *why (may
 * be static text).
 */
int core_parse(struct core_spec *s, const struct bu_btf *b, const struct bu_core_relo *r,
	       const char **why);
/* Appends "struct sk_buff.cb[3]", of the first n steps. */
void core_print(struct bu_buf *out, const struct core_spec *s, uint32_t kind, uint32_t n);
/* "struct" and so on in front of a name. */
const char *core_kind_word(const struct bu_btf_type *t);
/* Is step i - 1 the last member of a struct, of zero elements? Then it has as many as are asked for. */
bool core_is_flex(const struct core_spec *s, const struct bu_btf_type *array);

/*
 * corematch.c: finds in a candidate what the object means. 1 found, and out says where; 0 not, and
 * miss says how far it came; -EINVAL: types without an end or size, -ELOOP: out of fuel.
 */
int core_match(const struct core_spec *local, uint32_t kind, const struct bu_core_cand *cand,
	       struct core_spec *out, struct core_miss *miss);

#endif
