/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * CO-RE: what a record of the object is about. The access "0:2:3" of a struct means: element 0 of
 * what the pointer points to, its member 2, and of that (an array) element 3. Of records about
 * enumerators it is the enumerator's index; of those about types it is "0".
 */
#include "btf/corepriv.h"

#include <string.h>

static const char *const kinds[BU_CORE_NKINDS] = {
	[BU_CORE_FIELD_OFFSET] = "byte_off",
	[BU_CORE_FIELD_SIZE] = "byte_sz",
	[BU_CORE_FIELD_EXISTS] = "field_exists",
	[BU_CORE_FIELD_SIGNED] = "signed",
	[BU_CORE_FIELD_LSHIFT] = "lshift_u64",
	[BU_CORE_FIELD_RSHIFT] = "rshift_u64",
	[BU_CORE_TYPE_ID_LOCAL] = "local_type_id",
	[BU_CORE_TYPE_ID_TARGET] = "target_type_id",
	[BU_CORE_TYPE_EXISTS] = "type_exists",
	[BU_CORE_TYPE_SIZE] = "type_size",
	[BU_CORE_ENUMVAL_EXISTS] = "enumval_exists",
	[BU_CORE_ENUMVAL_VALUE] = "enumval_value",
	[BU_CORE_TYPE_MATCHES] = "type_matches",
};

const char *bu_core_kind_name(uint32_t kind)
{
	return kind < BU_CORE_NKINDS ? kinds[kind] : "?";
}

/* ---------------------------------------------------------------- names */

/*
 * A flavour is what follows "___" with a character other than '_' on both sides; the last such
 * place in the name counts.
 */
size_t bu_btf_essential(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = n; i >= 5; i--) {
		const char *p = name + i - 5;

		if (p[1] == '_' && p[2] == '_' && p[3] == '_' && p[0] != '_' && p[4] != '_')
			return i - 4;
	}
	return n;
}

bool core_same_name(const char *a, const char *b)
{
	size_t n = bu_btf_essential(a);

	return n == bu_btf_essential(b) && memcmp(a, b, n) == 0;
}

const char *core_kind_word(const struct bu_btf_type *t)
{
	switch (t->kind) {
	case BU_BTF_STRUCT:
		return "struct ";
	case BU_BTF_UNION:
		return "union ";
	case BU_BTF_FWD:
		return t->kflag ? "union " : "struct ";
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		return "enum ";
	default:
		return "";
	}
}

void core_print(struct bu_buf *out, const struct core_spec *s, uint32_t kind, uint32_t n)
{
	struct bu_btf_type t;
	struct bu_btf_enum e;

	bu_btf_get(s->btf, s->root, &t);
	bu_buf_printf(out, "%s%s", core_kind_word(&t), t.name[0] ? t.name : "(anonymous)");
	if (core_is_enumval(kind)) {
		core_skip(s->btf, s->root, &t);
		if (s->n && !bu_btf_enum(s->btf, &t, s->step[0].index, &e))
			bu_buf_printf(out, "::%s", e.name);
		return;
	}
	if (!core_is_field(kind))
		return;
	if (s->n && n && s->step[0].index)
		bu_buf_printf(out, "[%u]", s->step[0].index);
	for (uint32_t i = 1; i < s->n && i < n; i++) {
		if (s->step[i].name)
			bu_buf_printf(out, ".%s", s->step[i].name);
		else
			bu_buf_printf(out, "[%u]", s->step[i].index);
	}
}

/* ---------------------------------------------------------------- types */

uint32_t core_skip(const struct bu_btf *b, uint32_t id, struct bu_btf_type *t)
{
	if (bu_btf_get(b, bu_btf_resolve(b, id), t))
		memset(t, 0, sizeof(*t)); /* its name too: who prints it looks at the id */
	if (!t->name)
		t->name = "";
	return t->id;
}

bool core_is_flex(const struct core_spec *s, const struct bu_btf_type *array)
{
	const struct core_step *last = &s->step[s->n - 1];
	struct bu_btf_type t;

	if (!s->n || array->nelems || !last->name || bu_btf_get(s->btf, last->type, &t))
		return false;
	return last->index == t.vlen - 1;
}

/* ---------------------------------------------------------------- the access */

/* The next index of the access; -EINVAL: there is none in it. */
static int next_index(const char **p, uint32_t *v)
{
	uint64_t n = 0;

	if (**p < '0' || **p > '9')
		return -EINVAL;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		n = n * 10 + (uint64_t)(**p - '0');
		if (n > UINT32_MAX)
			return -EINVAL;
	}
	if (**p == ':' && (*p)[1])
		(*p)++;
	else if (**p)
		return -EINVAL;
	*v = (uint32_t)n;
	return 0;
}

/* Adds n elements of a type to the place. */
static int add_elements(struct core_spec *s, uint32_t type, uint32_t n, const char **why)
{
	int64_t size = bu_btf_size(s->btf, type);
	uint64_t bits;

	if (size < 0) {
		*why = "a type without a size is accessed";
		return -EINVAL;
	}
	if (__builtin_mul_overflow((uint64_t)size * 8, n, &bits) || size > INT64_MAX / 8 ||
	    __builtin_add_overflow(s->bit_off, bits, &s->bit_off)) {
		*why = "it lies too far away";
		return -EINVAL;
	}
	return 0;
}

/* One step into a struct, union or array. */
static int step_in(struct core_spec *s, uint32_t *id, uint32_t index, const char **why)
{
	struct core_step *out = &s->step[s->n];
	struct bu_btf_type t;
	struct bu_btf_member m;

	*id = core_skip(s->btf, *id, &t);
	if (core_is_composite(&t)) {
		if (bu_btf_member(s->btf, &t, index, &m)) {
			*why = "a member is named by an index beyond the last";
			return -EINVAL;
		}
		s->bit_off += m.bit_off;
		if (m.name[0])
			*out = (struct core_step){ .type = *id, .index = index, .name = m.name };
		s->n += m.name[0] != '\0'; /* what has no name is not looked for */
		*id = m.type;
		return 0;
	}
	if (t.kind != BU_BTF_ARRAY) {
		*why = "something is accessed that is neither struct nor array";
		return -EINVAL;
	}
	if (index >= t.nelems && !core_is_flex(s, &t)) {
		*why = "an element is accessed beyond the last";
		return -EINVAL;
	}
	*id = core_skip(s->btf, t.elem, &t);
	*out = (struct core_step){ .type = *id, .index = index };
	s->n++;
	return add_elements(s, *id, index, why);
}

int core_parse(struct core_spec *s, const struct bu_btf *b, const struct bu_core_relo *r,
	       const char **why)
{
	const char *p = r->access;
	struct bu_btf_type t;
	struct bu_btf_enum e;
	uint32_t id, index;
	int err;

	memset(s, 0, offsetof(struct core_spec, step));
	s->bit_off = 0;
	s->btf = b;
	s->root = r->type_id;
	*why = "its access is no list of numbers";
	if (!r->type_id || bu_btf_get(b, r->type_id, &t)) {
		*why = "it names no type";
		return -EINVAL;
	}
	if (r->kind >= BU_CORE_NKINDS) {
		*why = "it is of an unknown kind";
		return -EOPNOTSUPP;
	}
	err = next_index(&p, &index);
	if (err)
		return err;
	if (core_is_type(r->kind)) {
		*why = "its access is not \"0\"";
		return index || *p ? -EINVAL : 0;
	}
	id = core_skip(b, r->type_id, &t);
	s->n = 1;
	s->step[0] = (struct core_step){ .type = id, .index = index };
	if (core_is_enumval(r->kind)) {
		*why = "it names no enumerator";
		if (*p || !core_is_enum(&t) || bu_btf_enum(b, &t, index, &e))
			return -EINVAL;
		s->step[0].name = e.name;
		return 0;
	}
	err = add_elements(s, id, index, why);
	while (!err && *p) {
		if (s->n == CORE_MAX_STEPS) {
			*why = "its access has too many steps";
			return -E2BIG;
		}
		*why = "its access is no list of numbers";
		err = next_index(&p, &index);
		if (!err)
			err = step_in(s, &id, index, why);
	}
	return err;
}
