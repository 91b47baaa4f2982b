/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types as the C text that bpftool prints above a program: each word followed by one blank. */
#include "btf/btf.h"

/* Pointers may lead in a circle; a name that deep tells nobody anything. */
#define MAX_DEPTH 32

static void type_text(struct bu_buf *out, const struct bu_btf *b, uint32_t id, unsigned depth);

static void params_text(struct bu_buf *out, const struct bu_btf *b, const struct bu_btf_type *proto,
			unsigned depth)
{
	struct bu_btf_param p;

	bu_buf_char(out, '(');
	for (uint32_t i = 0; i < proto->vlen && !out->failed && out->n < (1u << 16); i++) {
		bu_btf_param(b, proto, i, &p);
		if (i)
			bu_buf_str(out, ", ");
		/* The last parameter of no type stands for "and more". */
		if (!p.type && !*p.name && i + 1 == proto->vlen) {
			bu_buf_str(out, "...");
			break;
		}
		type_text(out, b, p.type, depth + 1);
		bu_buf_str(out, p.name);
	}
	bu_buf_char(out, ')');
}

static void tagged(struct bu_buf *out, const char *tag, const char *name)
{
	bu_buf_str(out, tag);
	bu_buf_str(out, *name ? name : "(anon)");
	bu_buf_char(out, ' ');
}

static void pointer_text(struct bu_buf *out, const struct bu_btf *b, uint32_t to, unsigned depth)
{
	struct bu_btf_type t;

	if (bu_btf_get(b, to, &t) == 0 && t.kind == BU_BTF_FUNC_PROTO) {
		type_text(out, b, t.type, depth + 1);
		bu_buf_str(out, "(*)");
		params_text(out, b, &t, depth + 1);
		bu_buf_char(out, ' ');
		return;
	}
	type_text(out, b, to, depth + 1);
	bu_buf_str(out, "* ");
}

static void type_text(struct bu_buf *out, const struct bu_btf *b, uint32_t id, unsigned depth)
{
	struct bu_btf_type t;

	if (depth > MAX_DEPTH || bu_btf_get(b, id, &t)) {
		bu_buf_str(out, "... ");
		return;
	}
	switch (t.kind) {
	case BU_BTF_VOID:
		bu_buf_str(out, "void ");
		break;
	case BU_BTF_INT:
	case BU_BTF_FLOAT:
	case BU_BTF_TYPEDEF:
		tagged(out, "", t.name);
		break;
	case BU_BTF_STRUCT:
		tagged(out, "struct ", t.name);
		break;
	case BU_BTF_UNION:
		tagged(out, "union ", t.name);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		tagged(out, "enum ", t.name);
		break;
	case BU_BTF_FWD:
		tagged(out, t.kflag ? "union " : "struct ", t.name);
		break;
	case BU_BTF_PTR:
		pointer_text(out, b, t.type, depth);
		break;
	case BU_BTF_ARRAY:
		type_text(out, b, t.elem, depth + 1);
		bu_buf_printf(out, "[%u] ", t.nelems);
		break;
	case BU_BTF_CONST:
		bu_buf_str(out, "const ");
		type_text(out, b, t.type, depth + 1);
		break;
	case BU_BTF_VOLATILE:
		bu_buf_str(out, "volatile ");
		type_text(out, b, t.type, depth + 1);
		break;
	case BU_BTF_RESTRICT:
		bu_buf_str(out, "restrict ");
		type_text(out, b, t.type, depth + 1);
		break;
	case BU_BTF_TYPE_TAG:
	case BU_BTF_VAR:
		type_text(out, b, t.type, depth + 1);
		break;
	case BU_BTF_FUNC_PROTO:
		type_text(out, b, t.type, depth + 1);
		params_text(out, b, &t, depth + 1);
		bu_buf_char(out, ' ');
		break;
	default:
		tagged(out, "", t.name);
		break;
	}
}

int bu_btf_print_type(struct bu_buf *out, const struct bu_btf *b, uint32_t id)
{
	type_text(out, b, id, 0);
	return out->failed ? -ENOMEM : 0;
}

int bu_btf_print_proto(struct bu_buf *out, const struct bu_btf *b, uint32_t func_id)
{
	struct bu_btf_type f, proto;

	if (bu_btf_get(b, func_id, &f) || f.kind != BU_BTF_FUNC || bu_btf_get(b, f.type, &proto) ||
	    proto.kind != BU_BTF_FUNC_PROTO)
		return -EINVAL;
	type_text(out, b, proto.type, 0);
	bu_buf_str(out, f.name);
	params_text(out, b, &proto, 0);
	return out->failed ? -ENOMEM : 0;
}
