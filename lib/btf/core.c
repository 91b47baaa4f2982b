/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CO-RE: the answer to a record, and the instruction that gets it. An answer that does not exist
 * poisons its instruction: it becomes the call of a helper that no kernel has, which the verifier
 * refuses only where it can be reached.
 */
#include "btf/corepriv.h"

#include <string.h>

/* A reason; its text only when it is asked for. Always err. */
BU_PRINTF(4, 5)
static int because(struct bu_core *c, struct bu_core_result *res, int err, const char *fmt, ...)
{
	va_list ap;

	if (!c->explain)
		return err;
	va_start(ap, fmt);
	res->why = bu_arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	return err;
}

static const char *text(struct bu_core *c, const struct core_spec *s, uint32_t kind, uint32_t n)
{
	struct bu_buf b = { 0 };
	const char *t;

	core_print(&b, s, kind, n);
	t = bu_arena_strdup(c->a, bu_buf_cstr(&b));
	bu_buf_free(&b);
	return t ? t : "";
}

/* ---------------------------------------------------------------- one side's value */

struct value {
	uint64_t v;
	uint32_t size, type; /* of a field, for the width of an access; size 0: it has none */
	bool exact;          /* compilers and we agree on it */
};

/* Where a bit-field's bits are read from: the smallest aligned integer that holds them. */
static int bitfield_unit(uint32_t size, uint64_t bit, uint32_t bits, uint64_t *at, uint32_t *bytes)
{
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return -EINVAL;
	for (;; size *= 2) {
		*at = bit / 8 / size * size;
		*bytes = size;
		if (bit + bits - *at * 8 <= (uint64_t)size * 8)
			return 0;
		if (size == 8)
			return -E2BIG;
	}
}

/* The size of an element, through arrays: what one load or store accesses. */
static int64_t element(const struct bu_btf *b, uint32_t *type)
{
	struct bu_btf_type t;

	*type = core_skip(b, *type, &t);
	for (int depth = 0; t.kind == BU_BTF_ARRAY && depth < CORE_MAX_DEPTH; depth++)
		*type = core_skip(b, t.elem, &t);
	return bu_btf_size(b, *type);
}

static int element_value(uint32_t kind, const struct core_spec *s, struct value *out)
{
	const struct core_step *last = &s->step[s->n - 1];
	int64_t size = bu_btf_size(s->btf, last->type);

	if (size < 0 || size > UINT32_MAX)
		return -EINVAL;
	out->exact = true;
	if (kind == BU_CORE_FIELD_OFFSET) {
		out->v = s->bit_off / 8;
		out->size = (uint32_t)size;
		out->type = last->type;
		return 0;
	}
	out->v = (uint64_t)size;
	return kind == BU_CORE_FIELD_SIZE ? 0 : -EINVAL;
}

static int member_value(uint32_t kind, const struct core_spec *s, struct value *out)
{
	const struct core_step *last = &s->step[s->n - 1];
	struct bu_btf_type t, mt;
	struct bu_btf_member m;
	uint64_t at = s->bit_off / 8, end;
	uint32_t bytes = 0, bits;
	int64_t size;
	int err;

	if (bu_btf_get(s->btf, last->type, &t) || bu_btf_member(s->btf, &t, last->index, &m))
		return -EINVAL;
	out->type = core_skip(s->btf, m.type, &mt);
	if (m.bit_size) {
		err = bitfield_unit(mt.kind == BU_BTF_INT || core_is_enum(&mt) ? mt.size : 0,
				    s->bit_off, m.bit_size, &at, &bytes);
		if (err)
			return err;
		bits = m.bit_size;
	} else {
		size = bu_btf_size(s->btf, out->type);
		if (size < 0 || size > UINT32_MAX / 8)
			return -EINVAL;
		bytes = (uint32_t)size;
		bits = bytes * 8;
	}
	/* Of a bit-field all but its sign depends on the unit that is chosen. */
	out->exact = !m.bit_size;
	end = s->bit_off + bits - at * 8;
	switch (kind) {
	case BU_CORE_FIELD_OFFSET:
		out->v = at;
		if (!m.bit_size) {
			size = element(s->btf, &out->type);
			if (size < 0 || size > UINT32_MAX)
				return -EINVAL;
			out->size = (uint32_t)size;
		}
		break;
	case BU_CORE_FIELD_SIZE:
		out->v = bytes;
		break;
	case BU_CORE_FIELD_SIGNED:
		out->v = core_is_enum(&mt) ? mt.kflag : mt.kind == BU_BTF_INT && (mt.int_enc & 1);
		out->exact = true;
		break;
	case BU_CORE_FIELD_LSHIFT:
		/* so that the field's highest bit becomes that of 64 */
		out->v = s->btf->be ? 64 - (uint64_t)bytes * 8 + (s->bit_off - at * 8) : 64 - end;
		break;
	case BU_CORE_FIELD_RSHIFT:
		out->v = 64 - bits;
		out->exact = true;
		break;
	default:
		return -EOPNOTSUPP;
	}
	return 0;
}

/* s NULL: there is none. -ENODATA: then there is no value either. */
static int value_of(uint32_t kind, const struct core_spec *s, struct value *out)
{
	struct bu_btf_type t;
	struct bu_btf_enum e;
	int64_t size;

	*out = (struct value){ .exact = true };
	switch (kind) {
	case BU_CORE_FIELD_EXISTS:
	case BU_CORE_ENUMVAL_EXISTS:
	case BU_CORE_TYPE_EXISTS:
	case BU_CORE_TYPE_MATCHES:
		out->v = s != NULL;
		return 0;
	case BU_CORE_TYPE_ID_TARGET:
		out->v = s ? s->root : 0;
		out->exact = false;
		return 0;
	case BU_CORE_TYPE_SIZE:
		size = s ? bu_btf_size(s->btf, s->root) : 0;
		out->v = (uint64_t)size;
		return size < 0 ? -EINVAL : 0;
	case BU_CORE_ENUMVAL_VALUE:
		if (!s)
			return -ENODATA;
		if (bu_btf_get(s->btf, s->step[0].type, &t) ||
		    bu_btf_enum(s->btf, &t, s->step[0].index, &e))
			return -EINVAL;
		out->v = (uint64_t)e.val;
		out->size = 0;
		out->type = t.id;
		return 0;
	default:
		if (!s)
			return -ENODATA;
		return s->step[s->n - 1].name ? member_value(kind, s, out)
					      : element_value(kind, s, out);
	}
}

/* ---------------------------------------------------------------- the two sides */

/* May a load or store of the old width become one of the new? */
static bool may_widen(const struct bu_btf *a, uint32_t ia, const struct bu_btf *b, uint32_t ib)
{
	struct bu_btf_type ta, tb;

	core_skip(a, ia, &ta);
	core_skip(b, ib, &tb);
	if (ta.kind == BU_BTF_PTR && tb.kind == BU_BTF_PTR)
		return true;
	/* loads fill up with zeros, which is right for what has no sign */
	return ta.kind == BU_BTF_INT && tb.kind == BU_BTF_INT && !(ta.int_enc & 1) && !(tb.int_enc & 1);
}

/* 32 bits of an enumerator are signed if either side says so; without a word, as the code has them. */
static void enum_result(const struct core_spec *local, const struct core_spec *targ,
			struct bu_core_result *res)
{
	struct bu_btf_type a, b;

	core_skip(local->btf, local->root, &a);
	core_skip(targ->btf, targ->root, &b);
	if (a.kind == BU_BTF_ENUM64 || b.kind == BU_BTF_ENUM64)
		return;
	if (a.kflag || b.kflag) {
		res->was = (uint64_t)(int64_t)(int32_t)(uint32_t)res->was;
		res->is = (uint64_t)(int64_t)(int32_t)(uint32_t)res->is;
	} else {
		res->narrow = true;
	}
}

/* targ NULL: no candidate has it. */
static int answer(struct bu_core *c, uint32_t kind, const struct core_spec *local,
		  const struct core_spec *targ, struct bu_core_result *res)
{
	struct value was, is;
	int err = value_of(kind, local, &was);

	if (err == -E2BIG)
		return because(c, res, -EINVAL, "the bit-field lies across 64 bits in the object's types");
	if (err)
		return because(c, res, -EINVAL, "the object's own types do not answer it");
	res->was = was.v;
	res->check = was.exact;
	res->old_size = was.size;
	err = value_of(kind, targ, &is);
	if (err == -ENODATA) {
		res->poison = true;
		return 0;
	}
	if (err)
		return because(c, res, -EINVAL, err == -E2BIG
			       ? "the bit-field lies across 64 bits in the target's types"
			       : "the target's types do not answer it");
	res->is = is.v;
	res->new_size = is.size;
	if (targ && was.size != is.size)
		res->bad_width = !may_widen(local->btf, was.type, targ->btf, is.type);
	if (kind == BU_CORE_ENUMVAL_VALUE)
		enum_result(local, targ, res);
	return 0;
}

static int parse(struct bu_core *c, const struct bu_core_relo *r, struct core_spec *s,
		 struct bu_core_result *res)
{
	const char *why = "";
	int err;

	memset(res, 0, sizeof(*res));
	err = core_parse(s, c->local, r, &why);
	if (err)
		return because(c, res, err == -EOPNOTSUPP ? err : -EINVAL,
			       "the record (%s of type [%u], access \"%.40s\") is damaged: %s",
			       bu_core_kind_name(r->kind), r->type_id, r->access, why);
	if (c->explain)
		res->what = text(c, s, r->kind, s->n);
	return 0;
}

int bu_core_wants(struct bu_core *c, const struct bu_core_relo *r, const char **name, size_t *n,
		  uint32_t *kinds, struct bu_core_result *res)
{
	struct core_spec s;
	struct bu_btf_type t;
	int err = parse(c, r, &s, res);

	if (err)
		return err;
	if (r->kind == BU_CORE_TYPE_ID_LOCAL)
		return -ENOENT;
	bu_btf_get(c->local, r->type_id, &t);
	if (!t.name[0])
		return because(c, res, -EOPNOTSUPP, "a type without a name cannot be looked for");
	*name = t.name;
	*n = bu_btf_essential(t.name);
	*kinds = core_is_enum(&t) ? 1u << BU_BTF_ENUM | 1u << BU_BTF_ENUM64 : 1u << t.kind;
	return 0;
}

/* ---------------------------------------------------------------- why not */

static void suggest(struct bu_core *c, const struct bu_btf *b, uint32_t in, const char *word,
		    struct bu_core_result *res)
{
	struct bu_near near;
	struct bu_btf_type t;
	struct bu_btf_member m;
	struct bu_btf_enum e;

	bu_near_init(&near, word, strlen(word));
	core_skip(b, in, &t);
	for (uint32_t i = 0; i < t.vlen; i++) {
		if (core_is_composite(&t) && !bu_btf_member(b, &t, i, &m))
			bu_near_feed(&near, m.name);
		else if (core_is_enum(&t) && !bu_btf_enum(b, &t, i, &e))
			bu_near_feed(&near, e.name);
	}
	if (near.best)
		res->near = bu_arena_strdup(c->a, near.best);
}

static void explain(struct bu_core *c, const struct core_spec *local, const struct bu_core_relo *r,
		    const struct bu_core_cand *cand, const struct core_miss *miss,
		    struct bu_core_result *res)
{
	const char *owner = text(c, local, r->kind, miss->step), *name = local->step[miss->step].name;
	struct bu_btf_type t;

	if (!cand) {
		bu_btf_get(c->local, r->type_id, &t);
		because(c, res, 0, "there is no %s%.*s", core_kind_word(&t),
			(int)bu_btf_essential(t.name), t.name);
		return;
	}
	switch (miss->why) {
	case MISS_NO_MEMBER:
		because(c, res, 0, "%s has no member \"%s\"", owner, name);
		suggest(c, cand->btf, miss->in, name, res);
		break;
	case MISS_NO_ENUMERATOR:
		bu_btf_get(c->local, r->type_id, &t);
		because(c, res, 0, "%s%s has no enumerator \"%s\"", core_kind_word(&t), t.name, name);
		suggest(c, cand->btf, miss->in, name, res);
		break;
	case MISS_MEMBER_TYPE:
		because(c, res, 0, "member \"%s\" of %s is of another type", name, owner);
		break;
	case MISS_NO_STRUCT:
		because(c, res, 0, "%s is no struct or union", owner);
		break;
	case MISS_NO_ARRAY:
		because(c, res, 0, "%s is no array", owner);
		break;
	case MISS_SHORT_ARRAY:
		because(c, res, 0, "%s has fewer than %llu elements", owner,
			(unsigned long long)local->step[miss->step].index + 1);
		break;
	default:
		because(c, res, 0, "%s is another type", owner);
		break;
	}
}

static int disagree(struct bu_core *c, const struct bu_core_cand *x, const struct bu_core_cand *y,
		    const struct bu_core_result *a, const struct bu_core_result *b,
		    struct bu_core_result *res)
{
	struct bu_btf_type tx, ty;

	bu_btf_get(x->btf, x->id, &tx);
	bu_btf_get(y->btf, y->id, &ty);
	return because(c, res, -EEXIST,
		       "several types fit and differ: [%u] %s%s of %s gives %llu, [%u] %s%s of %s gives %llu",
		       x->id, core_kind_word(&tx), tx.name, x->where ? x->where : "?",
		       (unsigned long long)a->is, y->id, core_kind_word(&ty), ty.name,
		       y->where ? y->where : "?", (unsigned long long)b->is);
}

int bu_core_calc(struct bu_core *c, const struct bu_core_relo *r, const struct bu_core_cand *cand,
		 uint32_t ncands, struct bu_core_result *res)
{
	const struct bu_core_cand *first = NULL, *nearest = NULL;
	struct core_miss miss, far = { .why = MISS_NO_TYPE };
	struct core_spec local, targ;
	uint64_t place = 0;
	int err = parse(c, r, &local, res);

	if (err)
		return err;
	if (r->kind == BU_CORE_TYPE_ID_LOCAL) {
		res->was = res->is = r->type_id;
		return 0;
	}
	miss = (struct core_miss){ .fuel = &c->fuel };
	for (uint32_t i = 0; i < ncands; i++) {
		struct bu_core_result one = { .what = res->what };
		int r2 = core_match(&local, r->kind, &cand[i], &targ, &miss);

		if (r2 < 0)
			return because(c, res, r2, r2 == -ELOOP ? "the types are too many to be compared"
				       : "the types of the target have no end or size");
		if (!r2) {
			if (!nearest || miss.step > far.step) {
				nearest = &cand[i];
				far = miss;
			}
			continue;
		}
		err = answer(c, r->kind, &local, &targ, &one);
		if (err) {
			res->why = one.why;
			return err;
		}
		if (first && (place != targ.bit_off || one.is != res->is || one.poison != res->poison))
			return disagree(c, first, &cand[i], res, &one, res);
		if (!first) {
			first = &cand[i];
			place = targ.bit_off;
			*res = one;
		}
	}
	if (first)
		return 0;
	err = answer(c, r->kind, &local, NULL, res);
	if (!err && c->explain)
		explain(c, &local, r, nearest, &far, res);
	return err;
}

/* ---------------------------------------------------------------- the instruction */

static void poison(struct bu_insn *in, uint32_t left)
{
	const struct bu_insn bad = { .code = BU_OP_CALL, .imm = BU_CORE_POISON };
	bool wide = in->code == BU_OP_LD_IMM64 && left > 1;

	in[0] = bad;
	if (wide)
		in[1] = bad;
}

/* Is v, as far as 32 bits go, w? */
static bool same32(uint64_t v, int32_t w)
{
	return (uint32_t)v == (uint32_t)w && (v >> 32 == 0 || v >> 32 == UINT32_MAX);
}

static int patch_wide(struct bu_core *c, struct bu_insn *in, uint32_t left, struct bu_core_result *res)
{
	uint64_t v, is = res->is;

	if (in[0].code != BU_OP_LD_IMM64 || left < 2 || in[0].src || in[1].code)
		return because(c, res, -EINVAL, "the instruction is no load of a number");
	v = (uint64_t)(uint32_t)in[1].imm << 32 | (uint32_t)in[0].imm;
	if (res->check && v != res->was && !(res->narrow && same32(v, (int32_t)(uint32_t)res->was)))
		return because(c, res, -EINVAL, "the instruction holds %llu, its record says %llu",
			       (unsigned long long)v, (unsigned long long)res->was);
	if (res->narrow && v >> 32 == UINT32_MAX)
		is = (uint64_t)(int64_t)(int32_t)(uint32_t)is;
	in[0].imm = (int32_t)(uint32_t)is;
	in[1].imm = (int32_t)(uint32_t)(is >> 32);
	return 0;
}

static int patch_memory(struct bu_core *c, struct bu_insn *in, struct bu_core_result *res)
{
	static const uint8_t size_bits[] = { [1] = 0x10, [2] = 0x08, [4] = 0x00, [8] = 0x18 };
	static const uint8_t bytes[] = { 4, 2, 1, 8 };

	if (res->check && (uint64_t)(int64_t)in->off != res->was)
		return because(c, res, -EINVAL, "the instruction holds the offset %d, its record says %llu",
			       in->off, (unsigned long long)res->was);
	if (res->is > INT16_MAX)
		return because(c, res, -EINVAL, "offset %llu does not fit into the instruction",
			       (unsigned long long)res->is);
	if (res->bad_width) {
		res->poison = true;
		because(c, res, 0, "%s has %u bytes, here %u, and is no pointer or unsigned number: a load or "
			"store of either width would be wrong", res->what, res->old_size, res->new_size);
		return 0;
	}
	if (res->old_size == res->new_size) {
		in->off = (int16_t)res->is;
		return 0;
	}
	if (bytes[in->code >> 3 & 3] != res->old_size)
		return because(c, res, -EINVAL, "the instruction accesses %u bytes, the field has %u",
			       bytes[in->code >> 3 & 3], res->old_size);
	if (res->new_size >= BU_ARRAY_SIZE(size_bits) || (res->new_size != 4 && !size_bits[res->new_size]))
		return because(c, res, -EINVAL, "no instruction accesses %u bytes", res->new_size);
	in->off = (int16_t)res->is;
	in->code = (uint8_t)((in->code & ~0x18) | size_bits[res->new_size]);
	return 0;
}

int bu_core_patch(struct bu_core *c, struct bu_insn *in, uint32_t left, struct bu_core_result *res)
{
	int err = 0;

	if (!left)
		return because(c, res, -EINVAL, "there is no instruction");
	if (res->poison) {
		poison(in, left);
		return 0;
	}
	switch (in->code & 7) {
	case 0: /* LD */
		return patch_wide(c, in, left, res);
	case 1: /* LDX */
	case 2: /* ST */
	case 3: /* STX */
		err = patch_memory(c, in, res);
		if (!err && res->poison)
			poison(in, left);
		return err;
	case 4: /* ALU */
	case 7: /* ALU64 */
		if (in->code & 8)
			return because(c, res, -EINVAL, "the instruction has no number to be adjusted");
		if (res->check && !same32(res->was, in->imm))
			return because(c, res, -EINVAL, "the instruction holds %d, its record says %llu",
				       in->imm, (unsigned long long)res->was);
		if (!same32(res->is, (int32_t)(uint32_t)res->is))
			return because(c, res, -EINVAL, "%llu does not fit into the instruction",
				       (unsigned long long)res->is);
		in->imm = (int32_t)(uint32_t)res->is;
		return 0;
	default:
		return because(c, res, -EINVAL, "the instruction (code 0x%02x) has no number to be adjusted",
			       in->code);
	}
}
