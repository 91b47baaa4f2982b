/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Building a .BTF blob.
 *
 *   type:  name_off  info          size or type   then what the kind adds
 *                    31    kflag
 *                    28-24 kind
 *                    15-0  vlen
 *
 * A type that owns a list (struct, enum, prototype, data section) stays open until the next type
 * begins; each entry appended counts up vlen in the open header. Types without a list are shared
 * when their bytes are equal.
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <string.h>

void bu_btfgen_init(struct bu_btfgen *g, bool be)
{
	memset(g, 0, sizeof(*g));
	g->be = be;
	bu_arena_init(&g->arena);
	bu_buf_char(&g->strs, '\0');
}

void bu_btfgen_free(struct bu_btfgen *g)
{
	bu_buf_free(&g->types);
	bu_buf_free(&g->strs);
	bu_hash_free(&g->str_index);
	bu_hash_free(&g->type_index);
	bu_arena_free(&g->arena);
	memset(g, 0, sizeof(*g));
}

static void set_err(struct bu_btfgen *g, int err)
{
	if (!g->err)
		g->err = err;
}

uint32_t bu_btfgen_str(struct bu_btfgen *g, const char *s)
{
	size_t n = s ? strlen(s) : 0, off;
	void *known;
	char *copy;

	if (!n || g->err)
		return 0;
	known = bu_hash_get(&g->str_index, s, n);
	if (known)
		return (uint32_t)((uintptr_t)known - 1);

	off = g->strs.n;
	if (off + n + 1 > UINT32_MAX / 2) {
		set_err(g, -E2BIG);
		return 0;
	}
	copy = bu_arena_strndup(&g->arena, s, n);
	if (!copy || bu_buf_add(&g->strs, copy, n + 1) ||
	    bu_hash_put(&g->str_index, copy, n, (void *)(off + 1))) {
		set_err(g, -ENOMEM);
		return 0;
	}
	return (uint32_t)off;
}

static void add32(struct bu_btfgen *g, uint32_t v)
{
	uint8_t w[4];

	bu_put32(w, g->be, v);
	if (bu_buf_add(&g->types, w, sizeof(w)))
		set_err(g, -ENOMEM);
}

/* Appends a type header; returns its id, or 0. */
static uint32_t header(struct bu_btfgen *g, enum bu_btf_kind kind, bool kflag, const char *name,
		       uint32_t size_or_type)
{
	uint32_t name_off = bu_btfgen_str(g, name);

	g->open = 0;
	if (g->err)
		return 0;
	add32(g, name_off);
	add32(g, (uint32_t)kind << 24 | (kflag ? 1u << 31 : 0));
	add32(g, size_or_type);
	if (g->err)
		return 0;
	return ++g->ntypes;
}

/* As header(), and the entries of a list may follow. */
static uint32_t open_list(struct bu_btfgen *g, enum bu_btf_kind kind, bool kflag, const char *name,
			  uint32_t size_or_type)
{
	size_t at = g->types.n;
	uint32_t id = header(g, kind, kflag, name, size_or_type);

	if (id)
		g->open = at + 1;
	return id;
}

/* Counts one more entry of the open list, which must be of one of two kinds. */
static bool entry(struct bu_btfgen *g, enum bu_btf_kind a, enum bu_btf_kind b)
{
	uint8_t *info;
	uint32_t v, kind;

	if (g->err)
		return false;
	if (!g->open) {
		set_err(g, -EINVAL);
		return false;
	}
	info = g->types.p + g->open - 1 + 4;
	v = bu_get32(info, g->be);
	kind = v >> 24 & 0x1f;
	if (kind != a && kind != b) {
		set_err(g, -EINVAL);
		return false;
	}
	if ((v & 0xffff) == 0xffff) {
		set_err(g, -E2BIG);
		return false;
	}
	bu_put32(info, g->be, v + 1);
	return true;
}

/* The type that begins at byte `at` is whole: shares it with an equal earlier one. */
static uint32_t share(struct bu_btfgen *g, size_t at, uint32_t id)
{
	size_t n = g->types.n - at;
	const char *key = (const char *)g->types.p + at;
	void *known;
	char *copy;

	if (!id || g->err)
		return 0;
	known = bu_hash_get(&g->type_index, key, n);
	if (known) {
		g->types.n = at;
		g->ntypes--;
		return (uint32_t)(uintptr_t)known;
	}
	copy = bu_arena_memdup(&g->arena, key, n);
	if (!copy || bu_hash_put(&g->type_index, copy, n, (void *)(uintptr_t)id)) {
		set_err(g, -ENOMEM);
		return 0;
	}
	return id;
}

uint32_t bu_btfgen_int(struct bu_btfgen *g, const char *name, uint32_t size, uint8_t enc)
{
	size_t at = g->types.n;
	uint32_t id;

	if (!size || size > 16) {
		set_err(g, -EINVAL);
		return 0;
	}
	id = header(g, BU_BTF_INT, false, name, size);
	add32(g, (uint32_t)enc << 24 | size * 8);
	return share(g, at, id);
}

uint32_t bu_btfgen_float(struct bu_btfgen *g, const char *name, uint32_t size)
{
	size_t at = g->types.n;

	return share(g, at, header(g, BU_BTF_FLOAT, false, name, size));
}

uint32_t bu_btfgen_ptr(struct bu_btfgen *g, uint32_t to)
{
	return bu_btfgen_mod(g, BU_BTF_PTR, NULL, to);
}

uint32_t bu_btfgen_mod(struct bu_btfgen *g, enum bu_btf_kind kind, const char *name, uint32_t to)
{
	size_t at = g->types.n;

	return share(g, at, header(g, kind, false, name, to));
}

uint32_t bu_btfgen_fwd(struct bu_btfgen *g, const char *name, bool is_union)
{
	size_t at = g->types.n;

	return share(g, at, header(g, BU_BTF_FWD, is_union, name, 0));
}

uint32_t bu_btfgen_array(struct bu_btfgen *g, uint32_t elem, uint32_t n)
{
	/* The kernel wants an integer index type; the name is the one that compilers use. */
	uint32_t index = bu_btfgen_int(g, "__ARRAY_SIZE_TYPE__", 4, 0);
	size_t at = g->types.n;
	uint32_t id = header(g, BU_BTF_ARRAY, false, NULL, 0);

	add32(g, elem);
	add32(g, index);
	add32(g, n);
	return share(g, at, id);
}

uint32_t bu_btfgen_struct(struct bu_btfgen *g, enum bu_btf_kind kind, const char *name,
			  uint32_t size)
{
	if (kind != BU_BTF_STRUCT && kind != BU_BTF_UNION) {
		set_err(g, -EINVAL);
		return 0;
	}
	return open_list(g, kind, false, name, size);
}

static void member(struct bu_btfgen *g, const char *name, uint32_t type, uint32_t off)
{
	uint32_t name_off = bu_btfgen_str(g, name);

	if (!entry(g, BU_BTF_STRUCT, BU_BTF_UNION))
		return;
	add32(g, name_off);
	add32(g, type);
	add32(g, off);
}

void bu_btfgen_member(struct bu_btfgen *g, const char *name, uint32_t type, uint32_t bit_off)
{
	if (g->open && !g->err && bu_get32(g->types.p + g->open + 3, g->be) >> 31 &&
	    bit_off > 0xffffff) {
		set_err(g, -ERANGE);
		return;
	}
	member(g, name, type, bit_off);
}

void bu_btfgen_bitfield(struct bu_btfgen *g, const char *name, uint32_t type, uint32_t bit_off,
			uint32_t bit_size)
{
	uint8_t *info;

	if (g->err)
		return;
	if (!g->open || bit_size > 0xff || bit_off > 0xffffff) {
		set_err(g, g->open ? -ERANGE : -EINVAL);
		return;
	}
	info = g->types.p + g->open - 1 + 4;
	bu_put32(info, g->be, bu_get32(info, g->be) | 1u << 31);
	member(g, name, type, bit_size << 24 | bit_off);
}

void bu_btfgen_member_type(struct bu_btfgen *g, size_t at, uint32_t i, uint32_t type)
{
	size_t off = at + BTF_TYPE_LEN + (size_t)i * 12 + 4;

	if (g->err)
		return;
	if (off + 4 > g->types.n)
		set_err(g, -EINVAL);
	else
		bu_put32(g->types.p + off, g->be, type);
}

uint32_t bu_btfgen_enum(struct bu_btfgen *g, const char *name, uint32_t size, bool is_signed)
{
	if (size != 1 && size != 2 && size != 4 && size != 8) {
		set_err(g, -EINVAL);
		return 0;
	}
	return open_list(g, size == 8 ? BU_BTF_ENUM64 : BU_BTF_ENUM, is_signed, name, size);
}

void bu_btfgen_enumval(struct bu_btfgen *g, const char *name, int64_t val)
{
	uint32_t name_off = bu_btfgen_str(g, name);
	bool wide;

	if (!entry(g, BU_BTF_ENUM, BU_BTF_ENUM64))
		return;
	wide = (bu_get32(g->types.p + g->open + 3, g->be) >> 24 & 0x1f) == BU_BTF_ENUM64;
	add32(g, name_off);
	add32(g, (uint32_t)val);
	if (wide)
		add32(g, (uint32_t)((uint64_t)val >> 32));
}

uint32_t bu_btfgen_proto(struct bu_btfgen *g, uint32_t ret)
{
	return open_list(g, BU_BTF_FUNC_PROTO, false, NULL, ret);
}

void bu_btfgen_param(struct bu_btfgen *g, const char *name, uint32_t type)
{
	uint32_t name_off = bu_btfgen_str(g, name);

	if (!entry(g, BU_BTF_FUNC_PROTO, BU_BTF_FUNC_PROTO))
		return;
	add32(g, name_off);
	add32(g, type);
}

uint32_t bu_btfgen_func(struct bu_btfgen *g, const char *name, uint32_t proto, int linkage)
{
	size_t at = g->types.n;
	uint32_t id = header(g, BU_BTF_FUNC, false, name, proto);

	/* A function's linkage stands where other kinds count their entries. */
	if (id)
		bu_put32(g->types.p + at + 4, g->be,
			 (uint32_t)BU_BTF_FUNC << 24 | ((uint32_t)linkage & 0xffff));
	return id;
}

uint32_t bu_btfgen_var(struct bu_btfgen *g, const char *name, uint32_t type, int linkage)
{
	uint32_t id = header(g, BU_BTF_VAR, false, name, type);

	if (id)
		add32(g, (uint32_t)linkage);
	return g->err ? 0 : id;
}

uint32_t bu_btfgen_decl_tag(struct bu_btfgen *g, const char *name, uint32_t of, int component)
{
	uint32_t id = header(g, BU_BTF_DECL_TAG, false, name, of);

	if (id)
		add32(g, (uint32_t)component);
	return g->err ? 0 : id;
}

uint32_t bu_btfgen_datasec(struct bu_btfgen *g, const char *name, uint32_t size)
{
	return open_list(g, BU_BTF_DATASEC, false, name, size);
}

void bu_btfgen_secvar(struct bu_btfgen *g, uint32_t var, uint32_t off, uint32_t size)
{
	if (!entry(g, BU_BTF_DATASEC, BU_BTF_DATASEC))
		return;
	add32(g, var);
	add32(g, off);
	add32(g, size);
}

int bu_btfgen_finish(struct bu_btfgen *g, struct bu_buf *out)
{
	int err = bu_btfgen_head(g, out);

	if (err)
		return err;
	bu_buf_add(out, g->strs.p, g->strs.n);
	return out->failed ? -ENOMEM : 0;
}

int bu_btfgen_head(struct bu_btfgen *g, struct bu_buf *out)
{
	uint8_t h[BTF_HDR_LEN] = { 0 };

	g->open = 0;
	if (g->types.failed || g->strs.failed || bu_arena_failed(&g->arena))
		set_err(g, -ENOMEM);
	if (g->err)
		return g->err;
	if (g->types.n > UINT32_MAX / 2)
		return -E2BIG;
	bu_put16(h, g->be, BTF_MAGIC);
	h[2] = BTF_VERSION;
	bu_put32(h + 4, g->be, BTF_HDR_LEN);
	bu_put32(h + 8, g->be, 0);
	bu_put32(h + 12, g->be, (uint32_t)g->types.n);
	bu_put32(h + 16, g->be, (uint32_t)g->types.n);
	bu_put32(h + 20, g->be, (uint32_t)g->strs.n);
	bu_buf_add(out, h, sizeof(h));
	bu_buf_add(out, g->types.p, g->types.n);
	return out->failed ? -ENOMEM : 0;
}
