// SPDX-License-Identifier: GPL-2.0-or-later
/* Types as they are, one after the other: "[7] INT 'int' size=4 …" and the same as JSON. */
#include <string.h>

#include "tool.h"

#define BLOCK (256u << 10)

static const char *const kinds[BU_BTF_UNKNOWN + 1] = {
	[BU_BTF_VOID] = "UNKNOWN", [BU_BTF_INT] = "INT", [BU_BTF_PTR] = "PTR", [BU_BTF_ARRAY] = "ARRAY",
	[BU_BTF_STRUCT] = "STRUCT", [BU_BTF_UNION] = "UNION", [BU_BTF_ENUM] = "ENUM", [BU_BTF_FWD] = "FWD",
	[BU_BTF_TYPEDEF] = "TYPEDEF", [BU_BTF_VOLATILE] = "VOLATILE", [BU_BTF_CONST] = "CONST",
	[BU_BTF_RESTRICT] = "RESTRICT", [BU_BTF_FUNC] = "FUNC", [BU_BTF_FUNC_PROTO] = "FUNC_PROTO",
	[BU_BTF_VAR] = "VAR", [BU_BTF_DATASEC] = "DATASEC", [BU_BTF_FLOAT] = "FLOAT",
	[BU_BTF_DECL_TAG] = "DECL_TAG", [BU_BTF_TYPE_TAG] = "TYPE_TAG", [BU_BTF_ENUM64] = "ENUM64",
	[BU_BTF_UNKNOWN] = "UNKNOWN",
};
static const char *const linkages[] = { "static", "global", "extern" };

/* " key=VALUE", or the value under its key: a dump has millions, so no format is read. */
static void word(struct bt *t, const char *key, const char *s)
{
	struct bu_buf *b = &t->out.buf;

	if (t->json) {
		bu_out_str(&t->out, key, s, SIZE_MAX, NULL);
		return;
	}
	bu_buf_char(b, ' ');
	bu_buf_str(b, key);
	bu_buf_char(b, '=');
	bu_buf_str(b, s);
}

static void number(struct bt *t, const char *key, uint64_t v)
{
	if (t->json) {
		bu_out_uint(&t->out, key, v, NULL);
		return;
	}
	word(t, key, "");
	bu_buf_u64(&t->out.buf, v);
}

static void integer(struct bt *t, const char *key, int64_t v)
{
	if (t->json) {
		bu_out_int(&t->out, key, v, NULL);
		return;
	}
	word(t, key, "");
	bu_buf_s64(&t->out.buf, v);
}

/* Only letters, digits, blanks and the like, as nearly all are. */
static bool is_plain(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			return false;
	return true;
}

static void name(struct bt *t, const char *s)
{
	struct bu_buf *b = &t->out.buf;

	s = *s ? s : "(anon)";
	if (t->json) {
		bu_out_str(&t->out, "name", s, SIZE_MAX, NULL);
		return;
	}
	bu_buf_char(b, '\'');
	bu_buf_str(b, is_plain(s) ? s : bt_escz(t, s));
	bu_buf_char(b, '\'');
}

/* A line of its own, or an object in a list. */
static void item(struct bt *t)
{
	if (t->json)
		bu_out_obj(&t->out, NULL);
	else
		bu_buf_str(&t->out.buf, "\n\t");
}

static void named_item(struct bt *t, const char *s)
{
	item(t);
	name(t, s);
}

static const char *encoding(uint8_t enc)
{
	return enc == 0 ? "(none)" : enc == 1 ? "SIGNED" : enc == 2 ? "CHAR" : enc == 4 ? "BOOL" : "UNKN";
}

static const char *linkage(int32_t v)
{
	return v >= 0 && v < (int)BU_ARRAY_SIZE(linkages) ? linkages[v] : "(unknown)";
}

static void members(struct bt *t, const struct bu_btf *b, const struct bu_btf_type *ty)
{
	struct bu_btf_member m;

	bu_out_arr(&t->out, "members");
	for (uint32_t i = 0; i < ty->vlen && !bu_btf_member(b, ty, i, &m); i++) {
		named_item(t, m.name);
		number(t, "type_id", m.type);
		number(t, "bits_offset", m.bit_off);
		if (m.bit_size)
			number(t, "bitfield_size", m.bit_size);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

static void enumerators(struct bt *t, const struct bu_btf *b, const struct bu_btf_type *ty)
{
	bool wide = ty->kind == BU_BTF_ENUM64;
	struct bu_btf_enum e;

	bu_out_arr(&t->out, "values");
	for (uint32_t i = 0; i < ty->vlen && !bu_btf_enum(b, ty, i, &e); i++) {
		named_item(t, e.name);
		if (ty->kflag)
			integer(t, "val", e.val);
		else
			number(t, "val", (uint64_t)e.val);
		if (wide && !t->json)
			bu_buf_str(&t->out.buf, ty->kflag ? "LL" : "ULL");
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

static void params(struct bt *t, const struct bu_btf *b, const struct bu_btf_type *ty)
{
	struct bu_btf_param p;

	bu_out_arr(&t->out, "params");
	for (uint32_t i = 0; i < ty->vlen && !bu_btf_param(b, ty, i, &p); i++) {
		named_item(t, p.name);
		number(t, "type_id", p.type);
		bu_out_obj_end(&t->out);
	}
	bu_out_arr_end(&t->out);
}

static void variables(struct bt *t, const struct bu_btf *b, const struct bu_btf_type *ty)
{
	struct bu_btf_secvar v;
	struct bu_btf_type of;

	bu_out_arr(&t->out, "vars");
	for (uint32_t i = 0; i < ty->vlen && !bu_btf_secvar(b, ty, i, &v); i++) {
		if (t->json)
			bu_out_obj(&t->out, NULL);
		else
			bu_buf_str(&t->out.buf, "\n\ttype_id=");
		if (t->json)
			bu_out_uint(&t->out, "type_id", v.type, NULL);
		else
			bu_buf_u64(&t->out.buf, v.type);
		number(t, "offset", v.off);
		number(t, "size", v.size);
		bu_out_obj_end(&t->out);
		if (t->json || bu_btf_get(b, v.type, &of))
			continue;
		bu_buf_str(&t->out.buf, " (");
		bu_buf_str(&t->out.buf, kinds[of.kind]);
		bu_buf_char(&t->out.buf, ' ');
		name(t, of.name);
		bu_buf_char(&t->out.buf, ')');
	}
	bu_out_arr_end(&t->out);
}

static void put_type(struct bt *t, const struct bu_btf *b, const struct bu_btf_type *ty)
{
	struct bu_buf *o = &t->out.buf;

	if (t->json) {
		bu_out_obj(&t->out, NULL);
		bu_out_uint(&t->out, "id", ty->id, NULL);
		bu_out_str(&t->out, "kind", kinds[ty->kind], SIZE_MAX, NULL);
	} else {
		bu_buf_char(o, '[');
		bu_buf_u64(o, ty->id);
		bu_buf_str(o, "] ");
		bu_buf_str(o, kinds[ty->kind]);
		bu_buf_char(o, ' ');
	}
	name(t, ty->name);
	switch (ty->kind) {
	case BU_BTF_INT:
		number(t, "size", ty->size);
		number(t, "bits_offset", ty->int_off);
		number(t, "nr_bits", ty->int_bits);
		word(t, "encoding", encoding(ty->int_enc));
		break;
	case BU_BTF_PTR:
	case BU_BTF_TYPEDEF:
	case BU_BTF_VOLATILE:
	case BU_BTF_CONST:
	case BU_BTF_RESTRICT:
	case BU_BTF_TYPE_TAG:
		number(t, "type_id", ty->type);
		break;
	case BU_BTF_ARRAY:
		number(t, "type_id", ty->elem);
		number(t, "index_type_id", ty->index);
		number(t, "nr_elems", ty->nelems);
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		number(t, "size", ty->size);
		number(t, "vlen", ty->vlen);
		members(t, b, ty);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		word(t, "encoding", ty->kflag ? "SIGNED" : "UNSIGNED");
		number(t, "size", ty->size);
		number(t, "vlen", ty->vlen);
		enumerators(t, b, ty);
		break;
	case BU_BTF_FWD:
		word(t, "fwd_kind", ty->kflag ? "union" : "struct");
		break;
	case BU_BTF_FUNC:
		number(t, "type_id", ty->type);
		word(t, "linkage", linkage(ty->linkage));
		break;
	case BU_BTF_FUNC_PROTO:
		number(t, "ret_type_id", ty->type);
		number(t, "vlen", ty->vlen);
		params(t, b, ty);
		break;
	case BU_BTF_VAR:
		number(t, "type_id", ty->type);
		if (!t->json)
			bu_buf_char(o, ',');
		word(t, "linkage", linkage(ty->linkage));
		break;
	case BU_BTF_DATASEC:
		number(t, "size", ty->size);
		number(t, "vlen", ty->vlen);
		variables(t, b, ty);
		break;
	case BU_BTF_FLOAT:
		number(t, "size", ty->size);
		break;
	case BU_BTF_DECL_TAG:
		number(t, "type_id", ty->type);
		integer(t, "component_idx", ty->linkage);
		break;
	case BU_BTF_VOID:
	case BU_BTF_UNKNOWN:
		break;
	}
	/* the tag is an attribute as it is: address_space(1) */
	if (t->json && ty->kflag && (ty->kind == BU_BTF_TYPE_TAG || ty->kind == BU_BTF_DECL_TAG))
		bu_out_bool(&t->out, "kind_flag", true, NULL);
	if (t->json)
		bu_out_obj_end(&t->out);
	else
		bu_buf_char(o, '\n');
	if (o->n >= BLOCK)
		bu_out_flush(&t->out);
}

void bt_put_types(struct bt *t, const struct bu_btf *b, const uint32_t *root, size_t nroots)
{
	struct bu_btf_type ty;

	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	bu_out_arr(&t->out, "types");
	for (size_t i = 0; i < nroots; i++)
		if (!bu_btf_get(b, root[i], &ty) && ty.kind)
			put_type(t, b, &ty);
	if (!nroots)
		for (uint32_t id = b->base ? b->base->ntypes + 1 : 1; id <= b->ntypes; id++)
			if (!bu_btf_get(b, id, &ty))
				put_type(t, b, &ty);
	bu_out_arr_end(&t->out);
	bu_out_obj_end(&t->out);
}
