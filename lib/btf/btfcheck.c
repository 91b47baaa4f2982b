/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checking a .BTF blob before anybody reads it. Three passes: the header; the length, names and
 * references of each type; and a walk over what contains what by value, which must end.
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Chains of typedefs, arrays and members by value; the kernel's own limit is 32 steps. */
#define MAX_NESTING 256

struct checker {
	struct bu_btf *b;
	const char *name;
	struct bu_diags *ds;
	uint32_t first; /* id of the first type here */
	uint32_t strs;  /* string bytes, base's included */
};

static const char *const kind_names[] = {
	"VOID", "INT", "PTR", "ARRAY", "STRUCT", "UNION", "ENUM", "FWD", "TYPEDEF", "VOLATILE",
	"CONST", "RESTRICT", "FUNC", "FUNC_PROTO", "VAR", "DATASEC", "FLOAT", "DECL_TAG",
	"TYPE_TAG", "ENUM64",
};

/* Tells what is wrong with the blob as a whole; always -EINVAL. */
BU_PRINTF(3, 4)
static int damaged(struct checker *c, const char *code, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	if (!c->ds)
		return -EINVAL;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	bu_diag_span(c->ds, bu_diag(c->ds, BU_ERROR, code, "%s", text), c->name, 0, 0, 1,
		     (struct bu_str){ 0 }, NULL);
	return -EINVAL;
}

/* The same for one type. */
BU_PRINTF(3, 4)
static int bad_type(struct checker *c, uint32_t id, const char *fmt, ...)
{
	char text[200];
	const uint8_t *p = c->b->data + c->b->offs[id - c->first];
	uint32_t kind = BTF_KIND(bu_get32(p + 4, c->b->be));
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return damaged(c, "B0103", "damaged BTF: type [%u] %s: %s", id,
		       kind < BU_ARRAY_SIZE(kind_names) ? kind_names[kind] : "?", text);
}

static int check_header(struct checker *c, size_t size)
{
	struct bu_btf *b = c->b;
	const uint8_t *p = b->data;
	uint64_t room;

	if (size < 8)
		return damaged(c, "B0101", "damaged BTF: %zu bytes are too short for a header", size);
	if (bu_get16(p, false) == BTF_MAGIC)
		b->be = false;
	else if (bu_get16(p, true) == BTF_MAGIC)
		b->be = true;
	else
		return damaged(c, "B0101", "not BTF: the magic number is 0x%04x, not 0x%04x",
			       bu_get16(p, false), BTF_MAGIC);
	if (p[2] != BTF_VERSION)
		return damaged(c, "B0101", "BTF version %u is unknown, only 1 is", p[2]);
	b->hdr_len = bu_get32(p + 4, b->be);
	if (b->hdr_len < BTF_HDR_LEN || b->hdr_len > size)
		return damaged(c, "B0101", "damaged BTF: a header of %u bytes in %zu bytes",
			       b->hdr_len, size);
	b->type_off = bu_get32(p + 8, b->be);
	b->type_len = bu_get32(p + 12, b->be);
	b->str_off = bu_get32(p + 16, b->be);
	b->str_len = bu_get32(p + 20, b->be);
	room = size - b->hdr_len;
	if ((uint64_t)b->type_off + b->type_len > room)
		return damaged(c, "B0101", "damaged BTF: the types reach beyond the end");
	if ((uint64_t)b->str_off + b->str_len > room)
		return damaged(c, "B0101", "damaged BTF: the strings reach beyond the end");
	if (b->type_off % 4)
		return damaged(c, "B0101", "damaged BTF: the types are not aligned");
	if (!b->str_len && !b->base)
		return damaged(c, "B0101", "damaged BTF: there are no strings");
	if (b->hdr_len >= BTF_HDR_LAYOUT) {
		b->layout_off = bu_get32(p + 24, b->be);
		b->layout_len = bu_get32(p + 28, b->be);
		if ((uint64_t)b->layout_off + b->layout_len > room)
			return damaged(c, "B0101", "damaged BTF: the table of layouts reaches beyond the end");
	}
	p += b->hdr_len + b->str_off;
	if (b->str_len && p[b->str_len - 1])
		return damaged(c, "B0101", "damaged BTF: the last string has no end");
	if (!b->base && p[0])
		return damaged(c, "B0101", "damaged BTF: the first string is not empty");
	if ((uint64_t)btf_first_str(b) + b->str_len > UINT32_MAX)
		return damaged(c, "B0101", "damaged BTF: the strings of all parts exceed 4 GiB");
	return 0;
}

int btf_check_header(struct bu_btf *b, size_t size, const char *name, struct bu_diags *ds)
{
	struct checker c = { .b = b, .name = name, .ds = ds };

	if (size > UINT32_MAX)
		return damaged(&c, "B0101", "BTF of %zu bytes: more than 4 GiB", size);
	return check_header(&c, size);
}

/* Of a kind that is not known here, the blob's own table may tell how long its types are. */
static int64_t layout_len(const struct bu_btf *b, uint32_t kind, uint32_t vlen)
{
	const uint8_t *p = b->data + b->hdr_len + b->layout_off + (size_t)kind * BTF_LAYOUT_LEN;

	if (!kind || (kind + 1) * BTF_LAYOUT_LEN > b->layout_len || (p[0] | p[1]) % 4)
		return -1;
	return p[0] + (int64_t)p[1] * vlen;
}

int64_t btf_extra_len(const struct bu_btf *b, uint32_t kind, uint32_t vlen)
{
	switch (kind) {
	case BU_BTF_INT:
	case BU_BTF_VAR:
	case BU_BTF_DECL_TAG:
		return 4;
	case BU_BTF_ARRAY:
		return 12;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
	case BU_BTF_DATASEC:
	case BU_BTF_ENUM64:
		return 12 * (int64_t)vlen;
	case BU_BTF_ENUM:
	case BU_BTF_FUNC_PROTO:
		return 8 * (int64_t)vlen;
	case BU_BTF_PTR:
	case BU_BTF_FWD:
	case BU_BTF_TYPEDEF:
	case BU_BTF_VOLATILE:
	case BU_BTF_CONST:
	case BU_BTF_RESTRICT:
	case BU_BTF_FUNC:
	case BU_BTF_FLOAT:
	case BU_BTF_TYPE_TAG:
		return 0;
	default:
		return layout_len(b, kind, vlen);
	}
}

/* Finds where each type begins. */
static int index_types(struct checker *c)
{
	struct bu_btf *b = c->b;
	uint32_t at = b->hdr_len + b->type_off, end = at + b->type_len;
	size_t cap = 0, n = 0;

	while (at < end) {
		uint32_t id = c->first + (uint32_t)n, info, kind;
		int64_t extra;

		if (end - at < BTF_TYPE_LEN)
			return damaged(c, "B0101", "damaged BTF: type [%u] is cut off", id);
		info = bu_get32(b->data + at + 4, b->be);
		kind = BTF_KIND(info);
		extra = btf_extra_len(b, kind, BTF_VLEN(info));
		if (extra < 0)
			return damaged(c, "B0102", "BTF type [%u] is of unknown kind %u", id, kind);
		if (extra > (int64_t)(end - at - BTF_TYPE_LEN))
			return damaged(c, "B0101", "damaged BTF: type [%u] %s is cut off", id,
				       kind < BU_ARRAY_SIZE(kind_names) ? kind_names[kind] : "?");
		if (n == cap) {
			uint32_t *v;

			cap = cap ? cap * 2 : 64;
			v = realloc(b->offs, cap * sizeof(*v));
			if (!v)
				return -ENOMEM;
			b->offs = v;
		}
		b->offs[n++] = at;
		b->ntypes = id;
		at += BTF_TYPE_LEN + (uint32_t)extra;
	}
	return 0;
}

static int check_ref(struct checker *c, uint32_t id, uint32_t ref, const char *what)
{
	if (ref > c->b->ntypes)
		return bad_type(c, id, "%s is type [%u] of %u", what, ref, c->b->ntypes);
	return 0;
}

static int check_name(struct checker *c, uint32_t id, uint32_t off)
{
	if (off >= c->strs)
		return bad_type(c, id, "a name lies outside the strings (at %u of %u)", off, c->strs);
	return 0;
}

static enum bu_btf_kind kind_of(struct checker *c, uint32_t id)
{
	const struct bu_btf *b = c->b;
	const uint8_t *p = btf_raw(&b, id);

	return p ? (enum bu_btf_kind)BTF_KIND(bu_get32(p + 4, b->be)) : BU_BTF_VOID;
}

static int check_entries(struct checker *c, const struct bu_btf_type *t, const uint8_t *p)
{
	const bool be = c->b->be;
	int err = 0;

	for (uint32_t i = 0; i < t->vlen && !err; i++) {
		switch (t->kind) {
		case BU_BTF_STRUCT:
		case BU_BTF_UNION:
			err = check_name(c, t->id, bu_get32(p, be));
			if (!err)
				err = check_ref(c, t->id, bu_get32(p + 4, be), "a member");
			p += 12;
			break;
		case BU_BTF_FUNC_PROTO:
			err = check_name(c, t->id, bu_get32(p, be));
			if (!err)
				err = check_ref(c, t->id, bu_get32(p + 4, be), "a parameter");
			p += 8;
			break;
		case BU_BTF_DATASEC:
			err = check_ref(c, t->id, bu_get32(p, be), "a variable");
			if (!err && kind_of(c, bu_get32(p, be)) != BU_BTF_VAR &&
			    kind_of(c, bu_get32(p, be)) != BU_BTF_FUNC)
				err = bad_type(c, t->id, "entry %u is no variable", i);
			p += 12;
			break;
		case BU_BTF_ENUM:
			err = check_name(c, t->id, bu_get32(p, be));
			p += 8;
			break;
		case BU_BTF_ENUM64:
			err = check_name(c, t->id, bu_get32(p, be));
			p += 12;
			break;
		default:
			return 0;
		}
	}
	return err;
}

static int check_int(struct checker *c, const struct bu_btf_type *t)
{
	if (t->size != 1 && t->size != 2 && t->size != 4 && t->size != 8 && t->size != 16)
		return bad_type(c, t->id, "an integer of %u bytes", t->size);
	if (!t->int_bits || t->int_off + t->int_bits > t->size * 8)
		return bad_type(c, t->id, "%u bits at %u in %u bytes", t->int_bits, t->int_off,
				t->size);
	return 0;
}

static int check_type(struct checker *c, uint32_t id)
{
	const uint8_t *p = c->b->data + c->b->offs[id - c->first];
	struct bu_btf_type t;
	int err;

	err = check_name(c, id, bu_get32(p, c->b->be));
	if (err)
		return err;
	bu_btf_get(c->b, id, &t);
	switch (t.kind) {
	case BU_BTF_INT:
		return check_int(c, &t);
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		if (t.size != 1 && t.size != 2 && t.size != 4 && t.size != 8)
			return bad_type(c, id, "an enum of %u bytes", t.size);
		break;
	case BU_BTF_FLOAT:
		if (t.size != 2 && t.size != 4 && t.size != 8 && t.size != 12 && t.size != 16)
			return bad_type(c, id, "a floating-point type of %u bytes", t.size);
		break;
	case BU_BTF_ARRAY:
		err = check_ref(c, id, t.elem, "the element");
		return err ? err : check_ref(c, id, t.index, "the index");
	case BU_BTF_FUNC:
		err = check_ref(c, id, t.type, "the prototype");
		if (!err && kind_of(c, t.type) != BU_BTF_FUNC_PROTO)
			err = bad_type(c, id, "type [%u] is no prototype", t.type);
		return err;
	case BU_BTF_PTR:
	case BU_BTF_TYPEDEF:
	case BU_BTF_VOLATILE:
	case BU_BTF_CONST:
	case BU_BTF_RESTRICT:
	case BU_BTF_TYPE_TAG:
	case BU_BTF_VAR:
	case BU_BTF_DECL_TAG:
		c->b->tagged |= t.kind == BU_BTF_DECL_TAG;
		return check_ref(c, id, t.type, "what it refers to");
	case BU_BTF_FUNC_PROTO:
		err = check_ref(c, id, t.type, "the return value");
		if (err)
			return err;
		break;
	default:
		break;
	}
	return check_entries(c, &t, p + BTF_TYPE_LEN);
}

/*
 * The i-th type that id contains by value (or is a name for); false when there are no more.
 * Types of the base are done already and end a walk.
 */
static bool child(struct checker *c, uint32_t id, uint32_t i, uint32_t *out)
{
	const struct bu_btf *b = c->b;
	const uint8_t *p = b->data + b->offs[id - c->first];
	uint32_t info = bu_get32(p + 4, b->be);

	switch (BTF_KIND(info)) {
	case BU_BTF_TYPEDEF:
	case BU_BTF_VOLATILE:
	case BU_BTF_CONST:
	case BU_BTF_RESTRICT:
	case BU_BTF_TYPE_TAG:
	case BU_BTF_VAR:
	case BU_BTF_DECL_TAG:
		*out = bu_get32(p + 8, b->be);
		return i == 0;
	case BU_BTF_ARRAY:
		*out = bu_get32(p + (i ? 16 : 12), b->be);
		return i < 2;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		if (i >= BTF_VLEN(info))
			return false;
		*out = bu_get32(p + BTF_TYPE_LEN + i * 12 + 4, b->be);
		return true;
	case BU_BTF_DATASEC:
		if (i >= BTF_VLEN(info))
			return false;
		*out = bu_get32(p + BTF_TYPE_LEN + i * 12, b->be);
		return true;
	default:
		return false;
	}
}

/* height of a type: 0 not visited, 1 on the path now, else longest chain below it plus 2 */
static int walk(struct checker *c, uint16_t *height, uint32_t root)
{
	struct { uint32_t id, next; uint16_t below; } path[MAX_NESTING];
	unsigned n = 0;

	path[n].id = root;
	path[n].next = 0;
	path[n++].below = 1;
	height[root - c->first] = 1;
	while (n) {
		uint32_t to = 0;

		if (!child(c, path[n - 1].id, path[n - 1].next++, &to)) {
			uint16_t h = (uint16_t)(path[n - 1].below + 1);

			height[path[n - 1].id - c->first] = h;
			n--;
			if (n && h > path[n - 1].below)
				path[n - 1].below = h;
			continue;
		}
		if (to < c->first)
			continue;
		if (height[to - c->first] == 1)
			return bad_type(c, root, "it contains itself, by way of type [%u]", to);
		if (height[to - c->first] > path[n - 1].below)
			path[n - 1].below = height[to - c->first];
		if (n >= MAX_NESTING || path[n - 1].below > MAX_NESTING)
			return bad_type(c, root, "nested more than %d deep", MAX_NESTING);
		if (height[to - c->first])
			continue;
		path[n].id = to;
		path[n].next = 0;
		path[n++].below = 1;
		height[to - c->first] = 1;
	}
	return 0;
}

static int check_nesting(struct checker *c)
{
	uint32_t n = c->b->ntypes - c->first + 1;
	uint16_t *height;
	int err = 0;

	if (!n)
		return 0;
	height = calloc(n, sizeof(*height));
	if (!height)
		return -ENOMEM;
	for (uint32_t i = 0; i < n && !err; i++)
		if (!height[i])
			err = walk(c, height, c->first + i);
	free(height);
	return err;
}

int bu_btf_parse(struct bu_btf *b, const void *data, size_t size, const struct bu_btf *base,
		 const char *name, struct bu_diags *ds)
{
	struct checker c = { .b = b, .name = name, .ds = ds };
	int err;

	memset(b, 0, sizeof(*b));
	b->data = data;
	b->size = size;
	b->base = base;
	err = btf_check_header(b, size, name, ds);
	if (err)
		goto out;
	c.first = btf_first_id(b);
	c.strs = btf_first_str(b) + b->str_len;
	b->ntypes = c.first - 1;
	err = index_types(&c);
	for (uint32_t id = c.first; !err && id <= b->ntypes; id++)
		err = check_type(&c, id);
	if (!err)
		err = check_nesting(&c);
out:
	if (err)
		bu_btf_free(b);
	return err;
}
