/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The model of types: look-up by name, sizes, layout as C compilers lay out structs for BPF. */
#include "bpf-as/types.h"

/* Bit offsets have 32 bits in BTF. */
#define MAX_SIZE (1u << 28)

/* Basic types by the words that bpf programs use; names in BTF are those that compilers give. */
static const struct base {
	const char *word, *btf;
	uint8_t size, enc;
} bases[] = {
	{ "u8", "unsigned char", 1, 0 }, { "u16", "unsigned short", 2, 0 },
	{ "u32", "unsigned int", 4, 0 }, { "u64", "unsigned long long", 8, 0 },
	{ "s8", "signed char", 1, 1 }, { "s16", "short", 2, 1 },
	{ "s32", "int", 4, 1 }, { "s64", "long long", 8, 1 },
	{ "char", "char", 1, 1 }, { "bool", "bool", 1, 4 },
	{ "long", "long", 8, 1 }, { "ulong", "unsigned long", 8, 0 },
	{ "u128", "unsigned __int128", 16, 0 }, { "s128", "__int128", 16, 1 },
};
enum { BASE_U8, BASE_U16, BASE_U32, BASE_U64, BASE_S8, BASE_S16, BASE_S32, BASE_S64 };

/* Other words for the same. */
static const struct {
	const char *word, *is;
} aliases[] = {
	{ "__u8", "u8" }, { "__u16", "u16" }, { "__u32", "u32" }, { "__u64", "u64" },
	{ "__s8", "s8" }, { "__s16", "s16" }, { "__s32", "s32" }, { "__s64", "s64" },
	{ "uint8_t", "u8" }, { "uint16_t", "u16" }, { "uint32_t", "u32" }, { "uint64_t", "u64" },
	{ "int8_t", "s8" }, { "int16_t", "s16" }, { "int32_t", "s32" }, { "int64_t", "s64" },
	{ "__be16", "u16" }, { "__be32", "u32" }, { "__be64", "u64" },
	{ "__le16", "u16" }, { "__le32", "u32" }, { "__le64", "u64" },
	{ "__sum16", "u16" }, { "__wsum", "u32" },
	{ "size_t", "ulong" }, { "ssize_t", "long" }, { "uintptr_t", "ulong" }, { "_Bool", "bool" },
	{ "__uint128_t", "u128" }, { "__int128", "s128" },
};

struct as_types *as_types(struct as *as)
{
	if (!as->ty) {
		as->ty = bu_arena_alloc(&as->arena, sizeof(*as->ty));
		if (as->ty)
			as->ty->tail = &as->ty->all;
	}
	return as->ty;
}

void as_types_free(struct as *as)
{
	if (!as->ty)
		return;
	bu_hash_free(&as->ty->tags);
	bu_hash_free(&as->ty->names);
	if (as->ty->has_btf)
		bu_btf_free(&as->ty->btf);
	bu_buf_free(&as->ty->file);
}

/* ---------------------------------------------------------------- making */

struct as_type *as_type_new(struct as *as, enum bu_btf_kind kind, const char *name, size_t n)
{
	struct as_type *t = bu_arena_alloc(&as->arena, sizeof(*t));

	if (!t)
		return NULL;
	t->kind = (uint8_t)kind;
	t->name = n ? bu_arena_strndup(&as->arena, name, n) : "";
	t->align = 1;
	return t->name ? t : NULL;
}

static struct as_type *of(struct as *as, enum bu_btf_kind kind, const char *name, size_t n,
			  struct as_type *to)
{
	struct as_type *t = to ? as_type_new(as, kind, name, n) : NULL;

	if (!t)
		return NULL;
	t->to = to;
	t->depth = (uint16_t)(to->kind == BU_BTF_STRUCT || to->kind == BU_BTF_UNION ? 1 : to->depth + 1);
	return t;
}

struct as_type *as_type_ptr(struct as *as, struct as_type *to)
{
	struct as_type *t = of(as, BU_BTF_PTR, NULL, 0, to);

	if (t)
		t->size = t->align = 8;
	return t;
}

struct as_type *as_type_array(struct as *as, struct as_type *elem, uint32_t n)
{
	struct as_type *t = of(as, BU_BTF_ARRAY, NULL, 0, elem);
	int64_t size = elem ? as_type_size(elem) : 0;

	if (!t)
		return NULL;
	t->nelems = n;
	t->align = elem->align;
	/* Too large is told by whoever knows the place: the size then exceeds every limit. */
	t->size = size > 0 && n > MAX_SIZE / (uint64_t)size ? UINT32_MAX : (uint32_t)(size * n);
	return t;
}

struct as_type *as_type_mod(struct as *as, enum bu_btf_kind kind, const char *name, size_t n,
			    struct as_type *to)
{
	struct as_type *t = of(as, kind, name, n, to);

	if (t)
		t->align = to->align;
	return t;
}

static struct as_type *base(struct as *as, unsigned i)
{
	struct as_types *ty = as_types(as);

	_Static_assert(BU_ARRAY_SIZE(bases) <= BU_ARRAY_SIZE(((struct as_types *)0)->base), "bases");
	if (ty && !ty->base[i]) {
		struct as_type *t = as_type_new(as, BU_BTF_INT, bases[i].btf, strlen(bases[i].btf));

		if (t) {
			t->size = t->align = bases[i].size;
			t->enc = bases[i].enc;
			t->complete = true;
		}
		ty->base[i] = t;
	}
	return ty ? ty->base[i] : NULL;
}

struct as_type *as_type_word(struct as *as, struct bu_str w)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(bases); i++)
		if (bu_str_is(w, bases[i].word))
			return base(as, i);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(aliases); i++)
		if (bu_str_is(w, aliases[i].word))
			return as_type_word(as, bu_str_c(aliases[i].is));
	return NULL;
}

struct as_type *as_type_int(struct as *as, unsigned size, bool is_signed)
{
	unsigned i = size == 1 ? BASE_U8 : size == 2 ? BASE_U16 : size == 4 ? BASE_U32 : BASE_U64;

	return base(as, is_signed ? i + BASE_S8 : i);
}

struct as_member *as_type_member(struct as *as, struct as_type *t)
{
	struct as_member *m = bu_arena_grow(&as->arena, t->mem, t->n, &t->cap, sizeof(*m));

	if (!m)
		return NULL;
	t->mem = m;
	m += t->n++;
	memset(m, 0, sizeof(*m));
	return m;
}

/* ---------------------------------------------------------------- look-up */

static struct as_type *known(struct as *as, struct bu_str name)
{
	return as->ty ? bu_hash_get(&as->ty->tags, name.p, name.n) : NULL;
}

static bool fits(const struct as_type *t, enum bu_btf_kind kind)
{
	return t && (kind == BU_BTF_VOID || t->kind == kind ||
		     (kind == BU_BTF_ENUM && t->kind == BU_BTF_ENUM64));
}

struct as_type *as_type_tag(struct as *as, enum bu_btf_kind kind, struct bu_str name)
{
	struct as_type *t = known(as, name);
	const char *text;

	if (t && (t->complete || t->defining))
		return fits(t, kind) ? t : NULL;
	text = as_type_builtin(name);
	if (text && as_types(as) && as_type_text_read(as, text)) {
		t = known(as, name);
		if (t && t->complete)
			return fits(t, kind) ? t : NULL;
	}
	if (!t && as->ty && as->ty->has_btf) {
		t = as_type_import(as, kind, name);
		if (t && bu_hash_put(&as->ty->tags, t->name, name.n, t))
			as->arena.failed = true;
	}
	return fits(t, kind) ? t : NULL;
}

struct as_type *as_type_tag_made(struct as *as, enum bu_btf_kind kind, struct bu_str name)
{
	struct as_types *ty = as_types(as);
	struct as_type *t = ty ? as_type_tag(as, kind, name) : NULL;

	if (t || !ty)
		return t;
	if (known(as, name))
		return NULL; /* of another kind */
	t = as_type_new(as, kind, name.p, name.n);
	if (!t || bu_hash_put(&ty->tags, t->name, name.n, t)) {
		as->arena.failed = true;
		return NULL;
	}
	*ty->tail = t;
	ty->tail = &t->next;
	return t;
}

struct as_type *as_type_typedef(struct as *as, struct bu_str name)
{
	struct as_type *t;

	if (!as->ty)
		return NULL;
	t = bu_hash_get(&as->ty->names, name.p, name.n);
	if (!t && as->ty->has_btf) {
		t = as_type_import(as, BU_BTF_TYPEDEF, name);
		if (t && bu_hash_put(&as->ty->names, t->name, name.n, t))
			as->arena.failed = true;
	}
	return t;
}

struct as_type *as_type_real(struct as_type *t)
{
	while (t && (t->kind == BU_BTF_TYPEDEF || t->kind == BU_BTF_CONST || t->kind == BU_BTF_VOLATILE ||
		     t->kind == BU_BTF_RESTRICT || t->kind == BU_BTF_TYPE_TAG))
		t = t->to;
	return t;
}

int64_t as_type_size(const struct as_type *t)
{
	t = as_type_real((struct as_type *)t);
	if (!t)
		return -1;
	switch (t->kind) {
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		return t->complete ? (int64_t)t->size : -1;
	case BU_BTF_ARRAY:
		return as_type_size(t->to) < 0 ? -1 : (int64_t)t->size;
	case BU_BTF_INT:
	case BU_BTF_FLOAT:
	case BU_BTF_PTR:
		return t->size;
	default:
		return -1;
	}
}

void as_type_help(struct as *as, struct bu_diag *d, const struct as_type *t, const char *otherwise)
{
	struct bu_near near;

	t = as_type_real((struct as_type *)t);
	while (t->kind == BU_BTF_ARRAY)
		t = as_type_real(t->to);
	bu_near_init(&near, t->name, strlen(t->name));
	for (struct as_type *o = as->ty->all; o; o = o->next)
		if (o->complete && o != t && *o->name)
			bu_near_feed(&near, o->name);
	as_type_builtin_feed(&near);
	if (near.best)
		bu_diag_help(as->ds, d, "did you mean '%s'?", near.best);
	else if (otherwise)
		bu_diag_help(as->ds, d, "%s", otherwise);
}

void as_type_feed(struct as *as, struct bu_near *near)
{
	as_type_builtin_feed(near);
	for (struct as_type *t = as->ty ? as->ty->all : NULL; t; t = t->next)
		if (t->complete || t->kind == BU_BTF_TYPEDEF)
			bu_near_feed(near, t->name);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(bases); i++)
		bu_near_feed(near, bases[i].word);
}

/* ---------------------------------------------------------------- layout */

/*
 * *bit: where the struct's next free bit is. A bit-field goes into the bits that are free of the
 * unit of its type, and into the next unit when it would cross its end.
 */
bool as_type_place(struct as_type *t, struct as_member *m, uint64_t *bit)
{
	uint64_t size = (uint64_t)as_type_size(m->type), at = t->kind == BU_BTF_UNION ? 0 : *bit, end;
	uint32_t align = t->packed ? 1 : m->type->align ? m->type->align : 1;
	struct as_type *real = as_type_real(m->type);

	if (!t->packed && real->align > align)
		align = real->align;
	if (m->bit_size) {
		uint64_t unit = size * 8;

		if (!t->packed && at / unit != (at + m->bit_size - 1) / unit)
			at = (at + unit - 1) / unit * unit;
		end = at + m->bit_size;
	} else {
		at = (at + align * 8u - 1) / (align * 8u) * (align * 8u);
		end = at + size * 8;
	}
	if (end > (uint64_t)MAX_SIZE * 8)
		return false;
	m->bit_off = (uint32_t)at;
	if (t->align < align)
		t->align = align;
	if (end > *bit)
		*bit = end;
	return true;
}

/* ---------------------------------------------------------------- words */

const char *as_type_kind_name(enum bu_btf_kind k)
{
	switch (k) {
	case BU_BTF_STRUCT: return "struct";
	case BU_BTF_UNION: return "union";
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64: return "enum";
	case BU_BTF_TYPEDEF: return "typedef";
	default: return "type";
	}
}

const char *as_type_text(struct as *as, const struct as_type *t)
{
	struct bu_buf b = { 0 };
	const char *s;

	for (unsigned i = 0; t && i < AS_TYPE_DEPTH; i++, t = t->to) {
		if (t->kind == BU_BTF_PTR) {
			bu_buf_str(&b, "pointer to ");
			continue;
		}
		if (t->kind == BU_BTF_ARRAY) {
			bu_buf_printf(&b, "array[%u] of ", t->nelems);
			continue;
		}
		if (t->kind == BU_BTF_CONST || t->kind == BU_BTF_VOLATILE || t->kind == BU_BTF_TYPE_TAG ||
		    t->kind == BU_BTF_RESTRICT)
			continue;
		if (t->kind == BU_BTF_STRUCT || t->kind == BU_BTF_UNION || t->kind == BU_BTF_ENUM ||
		    t->kind == BU_BTF_ENUM64)
			bu_buf_printf(&b, "%s ", as_type_kind_name((enum bu_btf_kind)t->kind));
		bu_buf_str(&b, t->kind == BU_BTF_FUNC_PROTO ? "function" : t->kind == BU_BTF_VOID ? "void" :
			       *t->name ? t->name : "(anonymous)");
		break;
	}
	s = bu_arena_strdup(&as->arena, bu_buf_cstr(&b));
	bu_buf_free(&b);
	return s ? s : "";
}

/* ---------------------------------------------------------------- built-in structs */

/* What the verifier knows by name in the values of maps; other tables may follow. */
static const struct {
	const char *name, *text;
} builtins[] = {
#define BUILTIN(name, text) { name, text },
#include "bpf-as/builtin.def"
#undef BUILTIN
};

const char *as_type_builtin(struct bu_str name)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(builtins); i++)
		if (bu_str_is(name, builtins[i].name))
			return builtins[i].text;
	return NULL;
}

void as_type_builtin_feed(struct bu_near *near)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(builtins); i++)
		bu_near_feed(near, builtins[i].name);
}
