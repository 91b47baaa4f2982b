/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CO-RE: does a type of the target have what the object means? Three questions with rules of their
 * own:
 *
 *   fields       found step by step by their names, through anonymous members; each has to be compatible
 *   types        compatible (the outer shape only), for existence, size and id
 *   "matches"    the whole shape: each member here has one of that name and a matching type there
 */
#include "btf/corepriv.h"

#include <string.h>

/* ---------------------------------------------------------------- types alike */

struct pair {
	const struct bu_btf *a, *b; /* the object's, the target's */
	struct bu_btf_type ta, tb;
};

static bool same_prototypes(const struct pair *p)
{
	return p->ta.vlen == p->tb.vlen;
}

/* Are two types the same as far as a member's access goes? */
static bool fields_compatible(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib)
{
	struct bu_btf_type ta, tb;

	for (int depth = 0; depth <= CORE_MAX_DEPTH * 8; depth++) {
		core_skip(a, ia, &ta);
		core_skip(b, ib, &tb);
		if (core_is_composite(&ta) && core_is_composite(&tb))
			return true;
		if (!core_same_kind(&ta, &tb))
			return false;
		switch (ta.kind) {
		case BU_BTF_PTR:
		case BU_BTF_FLOAT:
			return true;
		case BU_BTF_FWD:
		case BU_BTF_ENUM:
		case BU_BTF_ENUM64:
			return !ta.name[0] || !tb.name[0] || core_same_name(ta.name, tb.name);
		case BU_BTF_INT: /* but for bit-fields as old compilers described them */
			return !ta.int_off && !tb.int_off;
		case BU_BTF_ARRAY:
			ia = ta.elem;
			ib = tb.elem;
			break;
		default:
			return false;
		}
	}
	return false;
}

/* A forward declaration stands for a struct, or, with its flag, for a union. */
static bool is_fwd_of(const struct bu_btf_type *fwd, const struct bu_btf_type *t)
{
	return fwd->kind == BU_BTF_FWD && ((t->kind == BU_BTF_STRUCT && !fwd->kflag) ||
					   (t->kind == BU_BTF_UNION && fwd->kflag));
}

static int compatible(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib,
		      struct core_miss *miss, int depth)
{
	struct pair p = { .a = a, .b = b };
	struct bu_btf_param pa, pb;
	int r;

	for (;; depth++) {
		if (depth >= CORE_MAX_DEPTH)
			return -EINVAL;
		if (!core_burn(miss, 1))
			return -ELOOP;
		core_skip(a, ia, &p.ta);
		core_skip(b, ib, &p.tb);
		if (miss->declared && (is_fwd_of(&p.ta, &p.tb) || is_fwd_of(&p.tb, &p.ta)))
			return 1;
		if (!core_same_kind(&p.ta, &p.tb))
			return 0;
		switch (p.ta.kind) {
		case BU_BTF_VOID:
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
		case BU_BTF_ENUM:
		case BU_BTF_ENUM64:
		case BU_BTF_FWD:
			return 1;
		case BU_BTF_INT:
			return !p.ta.int_off && !p.tb.int_off;
		case BU_BTF_PTR:
			ia = p.ta.type;
			ib = p.tb.type;
			break;
		case BU_BTF_ARRAY:
			ia = p.ta.elem;
			ib = p.tb.elem;
			break;
		case BU_BTF_FUNC_PROTO:
			if (!same_prototypes(&p))
				return 0;
			for (uint32_t i = 0; i < p.ta.vlen; i++) {
				bu_btf_param(a, &p.ta, i, &pa);
				bu_btf_param(b, &p.tb, i, &pb);
				r = compatible(a, pa.type, b, pb.type, miss, depth + 1);
				if (r <= 0)
					return r;
			}
			ia = p.ta.type;
			ib = p.tb.type;
			break;
		default:
			return 0;
		}
	}
}

/* ---------------------------------------------------------------- "matches" */

static int matches(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib, bool behind,
		   struct core_miss *miss, int depth);

/* Two names, either or both of which may be missing. */
static bool names_match(const char *a, const char *b)
{
	return b[0] ? core_same_name(a, b) : !a[0];
}

static int enums_match(const struct pair *p, struct core_miss *miss)
{
	struct bu_btf_enum ea, eb;

	if (p->ta.size != p->tb.size || p->ta.vlen > p->tb.vlen)
		return 0;
	for (uint32_t i = 0; i < p->ta.vlen; i++) {
		uint32_t k = 0;

		bu_btf_enum(p->a, &p->ta, i, &ea);
		while (k < p->tb.vlen && !bu_btf_enum(p->b, &p->tb, k, &eb) &&
		       !names_match(ea.name, eb.name))
			k++;
		if (k == p->tb.vlen)
			return 0;
		if (!core_burn(miss, k))
			return -ELOOP;
	}
	return 1;
}

static int members_match(const struct pair *p, bool behind, struct core_miss *miss, int depth)
{
	struct bu_btf_member ma, mb;

	if (p->ta.vlen > p->tb.vlen)
		return 0;
	for (uint32_t i = 0; i < p->ta.vlen; i++) {
		int found = 0;

		bu_btf_member(p->a, &p->ta, i, &ma);
		for (uint32_t k = 0; k < p->tb.vlen && !found; k++) {
			bu_btf_member(p->b, &p->tb, k, &mb);
			if (!names_match(ma.name, mb.name))
				continue;
			found = matches(p->a, ma.type, p->b, mb.type, behind, miss, depth + 1);
			if (found < 0)
				return found;
		}
		if (!found)
			return 0;
		if (!core_burn(miss, p->tb.vlen))
			return -ELOOP;
	}
	return 1;
}

static int params_match(const struct pair *p, struct core_miss *miss, int depth)
{
	struct bu_btf_param pa, pb;

	if (!same_prototypes(p))
		return 0;
	for (uint32_t i = 0; i < p->ta.vlen; i++) {
		int r;

		bu_btf_param(p->a, &p->ta, i, &pa);
		bu_btf_param(p->b, &p->tb, i, &pb);
		r = matches(p->a, pa.type, p->b, pb.type, false, miss, depth + 1);
		if (r <= 0)
			return r;
	}
	return 1;
}

/* behind: behind a pointer, where structs are told by their names alone. */
static int matches(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib, bool behind,
		   struct core_miss *miss, int depth)
{
	struct pair p = { .a = a, .b = b };
	const struct bu_btf_type *ta = &p.ta, *tb = &p.tb;
	int r;

	for (;; depth++) {
		if (depth >= CORE_MAX_DEPTH)
			return -EINVAL;
		if (!core_burn(miss, 1))
			return -ELOOP;
		core_skip(a, ia, &p.ta);
		core_skip(b, ib, &p.tb);
		if (!names_match(ta->name, tb->name))
			return 0;
		switch (ta->kind) {
		case BU_BTF_VOID:
			return tb->kind == BU_BTF_VOID;
		case BU_BTF_FWD:
			if (tb->kind == BU_BTF_FWD)
				return ta->kflag == tb->kflag;
			return behind && is_fwd_of(ta, tb);
		case BU_BTF_ENUM:
		case BU_BTF_ENUM64:
			return core_is_enum(tb) ? enums_match(&p, miss) : 0;
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
			if (behind)
				return ta->kind == tb->kind || is_fwd_of(tb, ta);
			return ta->kind == tb->kind ? members_match(&p, behind, miss, depth) : 0;
		case BU_BTF_INT:
			return tb->kind == BU_BTF_INT && ta->size == tb->size &&
			       !((ta->int_enc ^ tb->int_enc) & 1);
		case BU_BTF_PTR:
			if (tb->kind != BU_BTF_PTR)
				return 0;
			behind = true;
			ia = ta->type;
			ib = tb->type;
			break;
		case BU_BTF_ARRAY:
			if (tb->kind != BU_BTF_ARRAY || ta->nelems != tb->nelems)
				return 0;
			ia = ta->elem;
			ib = tb->elem;
			break;
		case BU_BTF_FUNC_PROTO:
			if (tb->kind != BU_BTF_FUNC_PROTO)
				return 0;
			r = params_match(&p, miss, depth);
			if (r <= 0)
				return r;
			ia = ta->type;
			ib = tb->type;
			break;
		default:
			return 0;
		}
	}
}

/* ---------------------------------------------------------------- fields */

/* Looks for the local member in a struct of the target, and in its anonymous members. */
static int find_member(const struct core_spec *local, const struct core_step *want, struct core_spec *out,
		       uint32_t *id, struct core_miss *miss, int depth)
{
	struct bu_btf_type t, lt;
	struct bu_btf_member m, lm;

	if (depth >= CORE_MAX_DEPTH)
		return -EINVAL;
	*id = core_skip(out->btf, *id, &t);
	if (!core_is_composite(&t)) {
		miss->why = MISS_NO_STRUCT;
		return 0;
	}
	if (!core_burn(miss, t.vlen + 1))
		return -ELOOP;
	for (uint32_t i = 0; i < t.vlen; i++) {
		uint32_t to;
		int r;

		bu_btf_member(out->btf, &t, i, &m);
		to = m.type;
		if (!m.name[0]) {
			out->bit_off += m.bit_off;
			r = find_member(local, want, out, &to, miss, depth + 1);
			if (r) {
				*id = to;
				return r;
			}
			/* An incompatible one ends the search, as in libbpf. */
			if (miss->why == MISS_MEMBER_TYPE)
				return 0;
			out->bit_off -= m.bit_off;
			continue;
		}
		if (strcmp(m.name, want->name) != 0)
			continue;
		core_skip(local->btf, want->type, &lt);
		if (bu_btf_member(local->btf, &lt, want->index, &lm) ||
		    !fields_compatible(local->btf, lm.type, out->btf, m.type)) {
			miss->why = MISS_MEMBER_TYPE;
			return 0;
		}
		if (out->n == CORE_MAX_STEPS)
			return -EINVAL;
		out->bit_off += m.bit_off;
		out->step[out->n++] = (struct core_step){ .type = *id, .index = i, .name = m.name };
		*id = m.type;
		return 1;
	}
	miss->why = MISS_NO_MEMBER;
	miss->in = *id;
	return 0;
}

static int find_element(const struct core_step *want, uint32_t i, struct core_spec *out, uint32_t *id,
			struct core_miss *miss)
{
	struct bu_btf_type t;
	int64_t size;
	uint64_t bits;

	*id = core_skip(out->btf, *id, &t);
	if (i) {
		if (t.kind != BU_BTF_ARRAY) {
			miss->why = MISS_NO_ARRAY;
			return 0;
		}
		if (want->index >= t.nelems && !core_is_flex(out, &t)) {
			miss->why = MISS_SHORT_ARRAY;
			return 0;
		}
		*id = core_skip(out->btf, t.elem, &t);
	}
	size = bu_btf_size(out->btf, *id);
	if (size < 0 || size > INT64_MAX / 8 ||
	    __builtin_mul_overflow((uint64_t)size * 8, want->index, &bits) ||
	    __builtin_add_overflow(out->bit_off, bits, &out->bit_off) || out->n == CORE_MAX_STEPS)
		return -EINVAL;
	out->step[out->n++] = (struct core_step){ .type = *id, .index = want->index };
	return 1;
}

static int match_field(const struct core_spec *local, struct core_spec *out, struct core_miss *miss)
{
	uint32_t id = out->root;

	for (uint32_t i = 0; i < local->n; i++) {
		const struct core_step *want = &local->step[i];
		int r;

		miss->why = MISS_NONE;
		miss->step = i;
		if (want->name)
			r = find_member(local, want, out, &id, miss, 0);
		else
			r = find_element(want, i, out, &id, miss);
		if (r <= 0)
			return r;
	}
	return 1;
}

static int match_enumerator(const struct core_spec *local, struct core_spec *out, struct core_miss *miss)
{
	struct bu_btf_type t;
	struct bu_btf_enum e;
	uint32_t id = core_skip(out->btf, out->root, &t);

	miss->why = MISS_NO_ENUMERATOR;
	miss->in = id;
	if (!core_is_enum(&t))
		return 0;
	if (!core_burn(miss, t.vlen))
		return -ELOOP;
	for (uint32_t i = 0; i < t.vlen; i++) {
		bu_btf_enum(out->btf, &t, i, &e);
		if (!core_same_name(local->step[0].name, e.name))
			continue;
		out->n = 1;
		out->step[0] = (struct core_step){ .type = id, .index = i, .name = e.name };
		return 1;
	}
	return 0;
}

int core_match(const struct core_spec *local, uint32_t kind, const struct bu_core_cand *cand,
	       struct core_spec *out, struct core_miss *miss)
{
	struct bu_btf_type a, b;

	out->btf = cand->btf;
	out->root = cand->id;
	out->n = 0;
	out->bit_off = 0;
	miss->why = MISS_NONE;
	miss->step = miss->in = 0;
	if (core_is_field(kind))
		return match_field(local, out, miss);
	if (core_is_enumval(kind))
		return match_enumerator(local, out, miss);
	miss->why = MISS_TYPE;
	if (kind == BU_CORE_TYPE_MATCHES)
		return matches(local->btf, local->root, out->btf, out->root, false, miss, 0);
	if (bu_btf_get(local->btf, local->root, &a) || bu_btf_get(out->btf, out->root, &b) ||
	    !core_same_kind(&a, &b))
		return 0;
	return compatible(local->btf, local->root, out->btf, out->root, miss, 0);
}

int bu_core_compatible(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib)
{
	uint64_t fuel = 1u << 20;
	struct core_miss miss = { .fuel = &fuel, .declared = true };

	return compatible(a, ia, b, ib, &miss, 0);
}
