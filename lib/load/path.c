// SPDX-License-Identifier: LGPL-2.1-or-later
/* A part of a variable: "cfg.limits[2].max", by type information. */
#include <string.h>

#include "load/priv.h"

#define ANON_DEPTH 8 /* structs without a name in one another */

/* The member of that name, also of members without one; bits from the beginning of id are added to *bits. */
static bool find_member(const struct bu_btf *b, uint32_t id, struct bu_str name, unsigned depth,
			struct bu_btf_member *out, uint64_t *bits, struct bu_near *near)
{
	struct bu_btf_type t;

	id = bu_btf_resolve(b, id);
	if (bu_btf_get(b, id, &t) || (t.kind != BU_BTF_STRUCT && t.kind != BU_BTF_UNION))
		return false;
	for (uint32_t i = 0; i < t.vlen; i++) {
		struct bu_btf_member m;
		uint64_t inner = 0;

		if (bu_btf_member(b, &t, i, &m))
			continue;
		if (m.name[0])
			bu_near_feed(near, m.name);
		if (m.name[0] ? bu_str_is(name, m.name)
			      : depth && find_member(b, m.type, name, depth - 1, out, &inner, near)) {
			if (m.name[0])
				*out = m;
			*bits += m.bit_off + inner;
			return true;
		}
	}
	return false;
}

/* The word up to the next '.' or '['. */
static struct bu_str word_at(const char *p)
{
	return bu_str(p, strcspn(p, ".["));
}

const char *bu_load_path(struct bu_arena *a, const struct bu_btf *b, const char *path, struct bu_var_part *f)
{
	uint64_t bits = (uint64_t)f->off * 8;

	while (*path) {
		struct bu_btf_type t;
		struct bu_str w;
		uint64_t n;

		if (!b || !f->type)
			return "it has no type information, so it has no parts";
		if (f->bits)
			return "a bit-field has no parts";
		f->type = bu_btf_resolve(b, f->type);
		if (bu_btf_get(b, f->type, &t))
			return "its type is not known";
		if (*path == '[') {
			const char *end = strchr(path, ']');
			int64_t size;

			if (!end)
				return "a ']' is missing";
			w = bu_str(path + 1, (size_t)(end - path - 1));
			if (t.kind != BU_BTF_ARRAY)
				return bu_arena_printf(a, "what stands before [%.*s] is no array", (int)w.n, w.p);
			if (bu_str_u64(w, &n, NULL))
				return bu_arena_printf(a, "\"%.*s\" is not an index", (int)w.n, w.p);
			if (n >= t.nelems)
				return bu_arena_printf(a, "[%.*s] is past the end of %u elements", (int)w.n, w.p,
						       t.nelems);
			size = bu_btf_size(b, t.elem);
			if (size < 0)
				return "its type is not known";
			bits += n * (uint64_t)size * 8;
			f->type = t.elem;
			path = end + 1;
		} else if (*path == '.') {
			struct bu_btf_member m;
			struct bu_near near;

			w = word_at(path + 1);
			bu_near_init(&near, w.p, w.n);
			if (t.kind != BU_BTF_STRUCT && t.kind != BU_BTF_UNION)
				return bu_arena_printf(a, "what stands before .%.*s is no struct", (int)w.n, w.p);
			if (!w.n || !find_member(b, f->type, w, ANON_DEPTH, &m, &bits, &near))
				return bu_arena_printf(a, "it has no member \"%.*s\"%s%s%s", (int)w.n, w.p,
						       near.best ? "; did you mean \"" : "",
						       near.best ? near.best : "", near.best ? "\"?" : "");
			f->type = m.type;
			f->bits = m.bit_size;
			path = w.p + w.n;
		} else {
			return bu_arena_printf(a, "\"%s\" is not .MEMBER or [INDEX]", path);
		}
	}
	f->bit = f->bits ? (uint32_t)(bits % 8) : 0;
	if (!f->bits && bits % 8)
		return "it does not begin at a byte";
	if (bits / 8 > UINT32_MAX)
		return "it lies too far behind";
	f->off = (uint32_t)(bits / 8);
	if (f->bits) {
		f->size = (f->bit + f->bits + 7) / 8;
	} else {
		int64_t size = bu_btf_size(b, f->type);

		if (size <= 0 || size > UINT32_MAX)
			return "its size is not known";
		f->size = (uint32_t)size;
	}
	return NULL;
}

const char *bu_load_bits(struct bu_arena *a, const struct bu_btf *b, const struct bu_var_part *f, struct bu_str text,
			 uint8_t *out)
{
	int64_t size = bu_btf_size(b, f->type);
	struct bu_btf_type t;
	uint8_t raw[8] = { 0 };
	const char *why;
	bool is_signed;
	int64_t v;

	if (bu_btf_get(b, bu_btf_resolve(b, f->type), &t) || f->bits > 64 ||
	    (size != 1 && size != 2 && size != 4 && size != 8))
		return "its type is not known";
	why = bu_load_value(a, b, f->type, (uint32_t)size, text, raw);
	if (why)
		return why;
	v = size == 1 ? raw[0] : size == 2 ? bu_get16(raw, BU_HOST_BE) :
	    size == 4 ? bu_get32(raw, BU_HOST_BE) : (int64_t)bu_get64(raw, BU_HOST_BE);
	is_signed = t.kind == BU_BTF_INT ? t.int_enc & 1 : t.kflag;
	if (is_signed && size < 8)
		v = (int64_t)((uint64_t)v << (64 - 8 * size)) >> (64 - 8 * size);
	if (f->bits < 64) {
		int64_t top = (int64_t)1 << (f->bits - 1);

		if (is_signed ? v < -top || v >= top : (uint64_t)v >> f->bits)
			return bu_arena_printf(a, "%.*s does not fit into %u bit%s", (int)text.n, text.p, f->bits,
					       f->bits == 1 ? "" : "s");
	}
	for (uint32_t i = 0; i < f->bits; i++) {
		/* Bit 0 of the value: the lowest of the lowest byte, or the last of the last one. */
		uint32_t at = BU_HOST_BE ? f->bit + f->bits - 1 - i : f->bit + i;
		uint8_t mask = (uint8_t)(BU_HOST_BE ? 0x80 >> at % 8 : 1 << at % 8);

		if ((uint64_t)v >> i & 1)
			out[at / 8] |= mask;
		else
			out[at / 8] &= (uint8_t)~mask;
	}
	return NULL;
}
