/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Types as C: a header that a compiler takes, with the sizes and offsets that BTF tells. Two passes:
 * btfcorder.c lists what is declared and defined, in order; here each becomes text.
 */
#include "btf/btfc.h"

#include <stdlib.h>
#include <string.h>

/* Pointers, arrays and qualifiers around one name. */
#define MAX_CHAIN 64
/* Padding of more words than that is an array. */
#define MAX_PADS 16

struct link { enum bu_btf_kind kind; struct bu_btf_type t; };

static void put(struct bu_btf_c *c, const char *s)
{
	bu_buf_str(c->out, s);
}

static void indent(struct bu_btf_c *c, unsigned depth)
{
	while (depth--)
		bu_buf_char(c->out, '\t');
}

static void put_body(struct bu_btf_c *c, const struct bu_btf_type *t, unsigned depth);
static void put_enumerators(struct bu_btf_c *c, const struct bu_btf_type *t, unsigned depth);
static void put_decl(struct bu_btf_c *c, uint32_t id, const char *name, unsigned depth);

/* ---------------------------------------------------------------- declarations */

static const char *integer_of(const struct bu_btf_type *t)
{
	bool sign = t->int_enc & 1;

	if (t->int_enc & 4 && t->size == 1)
		return "_Bool";
	switch (t->size) {
	case 1: return sign ? "signed char" : "unsigned char";
	case 2: return sign ? "short" : "unsigned short";
	case 4: return sign ? "int" : "unsigned int";
	case 8: return sign ? "long long" : "unsigned long long";
	case 16: return sign ? "__int128" : "unsigned __int128";
	}
	return NULL;
}

static void put_base(struct bu_btf_c *c, uint32_t id, unsigned depth)
{
	const char *word;
	struct bu_btf_type t;

	if (bu_btf_get(c->b, id, &t)) {
		put(c, "void");
		return;
	}
	switch (t.kind) {
	case BU_BTF_VOID:
		put(c, "void");
		break;
	case BU_BTF_INT:
		word = t.name[0] ? NULL : integer_of(&t);
		put(c, word ? word : btfc_is_basic(&t) ? t.name : btfc_name(c, &t));
		break;
	case BU_BTF_FLOAT:
		put(c, btfc_is_basic(&t) ? t.name : t.name[0] ? btfc_name(c, &t) : t.size == 4 ? "float" : "double");
		break;
	case BU_BTF_TYPEDEF:
		put(c, btfc_name(c, &t));
		break;
	case BU_BTF_FWD:
		put(c, t.kflag ? "union " : "struct ");
		put(c, btfc_name(c, &t));
		break;
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		put(c, t.kind == BU_BTF_UNION ? "union " : "struct ");
		if (btfc_has_tag(c, &t))
			put(c, btfc_name(c, &t));
		else
			put_body(c, &t, depth);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		if (!t.name[0] && !t.vlen) {
			put(c, "int");
			break;
		}
		put(c, "enum ");
		if (t.name[0])
			put(c, btfc_name(c, &t));
		else
			put_enumerators(c, &t, depth);
		break;
	default:
		put(c, "int");
		break;
	}
}

/* From the name to what stands at the left of it all; qualifiers of an array are its elements'. */
static unsigned collect(struct bu_btf_c *c, uint32_t *id, struct link *v)
{
	struct link held[8];
	unsigned n = 0, nheld = 0, steps = 0;

	for (;;) {
		struct bu_btf_type t;
		bool mod;

		if (bu_btf_get(c->b, *id, &t))
			break;
		mod = btfc_is_mod(t.kind);
		if (!mod && t.kind != BU_BTF_PTR && t.kind != BU_BTF_ARRAY && t.kind != BU_BTF_FUNC_PROTO)
			break;
		if (++steps > BTFC_MAX_DEPTH || n + nheld + 2 >= MAX_CHAIN || (mod && nheld == BU_ARRAY_SIZE(held))) {
			c->err = c->err ? c->err : -E2BIG;
			break;
		}
		if (mod && c->strip) {
			*id = t.type;
			continue;
		}
		if (mod) {
			held[nheld++] = (struct link){ t.kind, t };
		} else {
			if (t.kind == BU_BTF_PTR)
				for (unsigned i = 0; i < nheld; i++)
					v[n++] = held[i];
			if (t.kind != BU_BTF_ARRAY)
				nheld = 0;
			v[n++] = (struct link){ t.kind, t };
		}
		*id = t.kind == BU_BTF_ARRAY ? t.elem : t.type;
	}
	for (unsigned i = 0; i < nheld; i++)
		v[n++] = held[i];
	return n;
}

static void put_tag(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	if (t->kflag) {
		bu_buf_printf(c->out, " __attribute__((%s))", t->name);
		return;
	}
	put(c, " __attribute__((btf_type_tag(\"");
	for (const char *p = t->name; *p; p++)
		bu_buf_char(c->out, *p == '"' || *p == '\\' || (unsigned char)*p < ' ' ? '_' : *p);
	put(c, "\")))");
}

static void put_params(struct bu_btf_c *c, const struct bu_btf_type *proto, unsigned depth)
{
	struct bu_btf_param p;

	bu_buf_char(c->out, '(');
	if (!proto->vlen || (proto->vlen == 1 && !bu_btf_param(c->b, proto, 0, &p) && !p.type))
		put(c, "void");
	else
		for (uint32_t i = 0; i < proto->vlen && !c->err; i++) {
			const char *name;

			bu_btf_param(c->b, proto, i, &p);
			if (i)
				put(c, ", ");
			if (!p.type && i + 1 == proto->vlen) {
				put(c, "...");
				break;
			}
			name = btfc_word(c, p.name);
			/* a typedef's name would hide it from the parameters that follow */
			put_decl(c, p.type, bu_hash_get(&c->idents, name, strlen(name)) ? "" : name, depth);
		}
	bu_buf_char(c->out, ')');
}

/* Does what a pointer points to stand at the right of it? */
static bool is_right(const struct link *v, unsigned i, unsigned n)
{
	while (i < n && btfc_is_mod(v[i].kind))
		i++;
	return i < n && (v[i].kind == BU_BTF_ARRAY || v[i].kind == BU_BTF_FUNC_PROTO);
}

static void put_declarator(struct bu_btf_c *c, const struct link *v, unsigned n, const char *name,
			   unsigned depth)
{
	bool word = false;

	if (n ? v[n - 1].kind != BU_BTF_ARRAY || name[0] : name[0] != 0)
		bu_buf_char(c->out, ' ');
	for (unsigned i = n; i-- > 0;) {
		switch (v[i].kind) {
		case BU_BTF_PTR:
			put(c, is_right(v, i + 1, n) ? "(*" : "*");
			word = false;
			break;
		case BU_BTF_CONST:
		case BU_BTF_VOLATILE:
		case BU_BTF_RESTRICT:
			put(c, v[i].kind == BU_BTF_CONST ? " const" : v[i].kind == BU_BTF_VOLATILE ? " volatile"
			    : " restrict");
			word = true;
			break;
		case BU_BTF_TYPE_TAG:
			put_tag(c, &v[i].t);
			word = true;
			break;
		default:
			break;
		}
	}
	if (word && name[0])
		bu_buf_char(c->out, ' ');
	put(c, name);
	for (unsigned i = 0; i < n; i++) {
		if (v[i].kind == BU_BTF_ARRAY)
			bu_buf_printf(c->out, "[%u]", v[i].t.nelems);
		else if (v[i].kind == BU_BTF_FUNC_PROTO)
			put_params(c, &v[i].t, depth);
		else if (v[i].kind == BU_BTF_PTR && is_right(v, i + 1, n))
			bu_buf_char(c->out, ')');
	}
}

static void put_decl(struct bu_btf_c *c, uint32_t id, const char *name, unsigned depth)
{
	struct link v[MAX_CHAIN];
	unsigned n, m, kinds = 0;

	if (c->err)
		return;
	if (++c->depth > BTFC_MAX_DEPTH / 8) {
		c->err = -E2BIG;
		goto out;
	}
	if (name[0] == '*')
		v[0] = (struct link){ .kind = BU_BTF_PTR };
	n = name[0] == '*';
	name += n;
	n += collect(c, &id, v + n);
	for (m = n; m && btfc_is_mod(v[m - 1].kind); m--)
		kinds |= 1u << v[m - 1].kind; /* elements and their array may both be const */
	if (kinds & 1u << BU_BTF_CONST)
		put(c, "const ");
	if (kinds & 1u << BU_BTF_VOLATILE)
		put(c, "volatile ");
	put_base(c, id, depth);
	for (unsigned i = n; i-- > m;)
		if (v[i].kind == BU_BTF_TYPE_TAG)
			put_tag(c, &v[i].t);
	put_declarator(c, v, m, name, depth);
out:
	c->depth--;
}

/* ---------------------------------------------------------------- structs */

/* Room between two members, as fields without a name. unit: the widest that does not align the struct. */
static void put_pad(struct bu_btf_c *c, uint64_t from, uint64_t to, unsigned unit, unsigned depth)
{
	static const struct { unsigned bits; const char *type; } words[] = {
		{ 64, "long long" }, { 32, "int" }, { 16, "short" }, { 8, "char" },
	};

	if ((to - from) / (unit * 8) > MAX_PADS) {
		uint64_t byte = (from + 7) / 8;

		if (from % 8) {
			indent(c, depth);
			bu_buf_printf(c->out, "char: %u;\n", 8 - (unsigned)(from % 8));
		}
		indent(c, depth);
		bu_buf_printf(c->out, "char __pad_%llu[%llu];\n", (unsigned long long)byte,
			      (unsigned long long)(to / 8 - byte));
		from = to / 8 * 8;
	}
	while (from < to && !c->out->failed) {
		unsigned n = 0, i = 0;

		if (from % 8 || to - from < 8) {
			n = 8 - (unsigned)(from % 8);
			n = n > to - from ? (unsigned)(to - from) : n;
			i = 3;
		} else {
			while (words[i].bits > unit * 8 || from % words[i].bits || to - from < words[i].bits)
				i++;
			n = words[i].bits;
		}
		indent(c, depth);
		bu_buf_printf(c->out, "%s: %u;\n", words[i].type, n);
		from += n;
	}
}

static void put_member(struct bu_btf_c *c, const struct bu_btf_member *m, uint32_t i, uint32_t bits,
		       unsigned depth)
{
	const char *name = btfc_word(c, m->name);
	struct bu_btf_type t;
	char made[24];

	indent(c, depth);
	if (!name[0] && !bits) {
		/* the members of a struct without a name are the outer one's, also if its type has a name */
		if (!bu_btf_get(c->b, bu_btf_resolve(c->b, m->type), &t) && btfc_is_composite(&t)) {
			put(c, t.kind == BU_BTF_UNION ? "union " : "struct ");
			put_body(c, &t, depth);
			put(c, ";\n");
			return;
		}
		memcpy(made, "__unnamed_", 10);
		*bu_put_u64(made + 10, i) = 0;
		name = made;
	}
	put_decl(c, m->type, name, depth);
	if (bits)
		bu_buf_printf(c->out, ": %u", bits);
	put(c, ";\n");
}

static uint64_t bits_of(struct bu_btf_c *c, uint32_t id)
{
	int64_t n = bu_btf_size(c->b, id);

	return n > 0 && n < INT64_MAX / 8 ? (uint64_t)n * 8 : 0;
}

static void put_members(struct bu_btf_c *c, const struct bu_btf_type *t, bool packed, unsigned depth)
{
	unsigned align = btfc_align(c, t->id), unit = packed || align > 8 ? 8 : align;
	uint64_t cur = 0, end, size = (uint64_t)t->size * 8, longest = 0;

	for (uint32_t i = 0; i < t->vlen && !c->err && !c->out->failed; i++) {
		struct bu_btf_member m;
		uint64_t at;
		uint32_t bits;

		if (bu_btf_member(c->b, t, i, &m))
			break;
		bits = btfc_bits(c, t, &m, &at);
		if (t->kind == BU_BTF_UNION)
			cur = 0;
		if (btfc_place(c, cur, m.type, bits, packed) < at && at <= size) {
			put_pad(c, cur, at, unit, depth);
			cur = at;
		}
		if (btfc_place(c, cur, m.type, bits, packed) != at) {
			c->lost++;
			indent(c, depth);
			bu_buf_printf(c->out, "/* the next lies at bit %llu */\n", (unsigned long long)at);
		}
		put_member(c, &m, i, bits, depth);
		cur = at + (bits ? bits : bits_of(c, m.type));
		longest = cur > longest ? cur : longest;
	}
	end = (longest + align * 8u - 1) / (align * 8u) * (align * 8u);
	if (end >= size)
		return;
	if (t->kind == BU_BTF_UNION || !t->vlen) {
		indent(c, depth);
		bu_buf_printf(c->out, "char __pad[%u];\n", t->size);
	} else {
		put_pad(c, longest, size, unit, depth);
	}
}

/* Braces and what is between them. */
static void put_body(struct bu_btf_c *c, const struct bu_btf_type *t, unsigned depth)
{
	bool packed = btfc_packed(c, t);

	if (t->vlen >= c->budget || ++c->depth > BTFC_MAX_DEPTH / 8) {
		c->err = c->err ? c->err : -E2BIG;
		put(c, "{}");
		return;
	}
	c->budget -= t->vlen + 1;
	if (!t->vlen && !t->size) {
		put(c, "{}");
	} else {
		put(c, "{\n");
		put_members(c, t, packed, depth + 1);
		indent(c, depth);
		bu_buf_char(c->out, '}');
	}
	if (packed)
		put(c, " __attribute__((packed))");
	c->depth--;
}

static void put_enumerators(struct bu_btf_c *c, const struct bu_btf_type *t, unsigned depth)
{
	bool small = true;

	if (t->vlen >= c->budget) {
		c->err = c->err ? c->err : -E2BIG;
		put(c, "{}");
		return;
	}
	c->budget -= t->vlen + 1;
	put(c, "{\n");
	for (uint32_t i = 0; i < t->vlen && !c->out->failed; i++) {
		struct bu_btf_enum e;

		if (bu_btf_enum(c->b, t, i, &e))
			break;
		indent(c, depth + 1);
		put(c, btfc_free_name(c, &c->idents, btfc_word(c, e.name)));
		put(c, " = ");
		if (t->kind == BU_BTF_ENUM64 && !t->kflag) {
			bu_buf_u64(c->out, (uint64_t)e.val);
			put(c, "ULL");
			small &= (uint64_t)e.val <= UINT32_MAX;
		} else if (e.val == INT64_MIN) {
			put(c, "-9223372036854775807LL - 1");
			small = false;
		} else {
			bu_buf_s64(c->out, e.val);
			put(c, t->kind == BU_BTF_ENUM64 ? "LL" : "");
			small &= e.val >= INT32_MIN && e.val <= (t->kflag ? INT32_MAX : UINT32_MAX);
		}
		put(c, ",\n");
	}
	indent(c, depth);
	bu_buf_char(c->out, '}');
	if (t->size == 1)
		put(c, " __attribute__((mode(QI)))");
	else if (t->size == 2)
		put(c, " __attribute__((mode(HI)))");
	else if (t->size == 8 && small)
		put(c, " __attribute__((mode(DI)))");
}

/* ---------------------------------------------------------------- operations */

/* The definition of a type with a name. */
static void define(struct bu_btf_c *c, const struct bu_btf_type *t)
{
	const char *word;

	switch (t->kind) {
	case BU_BTF_STRUCT:
	case BU_BTF_UNION:
		put(c, t->kind == BU_BTF_UNION ? "union " : "struct ");
		put(c, btfc_name(c, t));
		bu_buf_char(c->out, ' ');
		put_body(c, t, 0);
		break;
	case BU_BTF_ENUM:
	case BU_BTF_ENUM64:
		put(c, "enum");
		if (t->name[0]) {
			bu_buf_char(c->out, ' ');
			put(c, btfc_name(c, t));
		}
		if (!t->vlen)
			break;
		bu_buf_char(c->out, ' ');
		put_enumerators(c, t, 0);
		break;
	case BU_BTF_TYPEDEF:
		put(c, "typedef ");
		put_decl(c, t->type, btfc_name(c, t), 0);
		break;
	case BU_BTF_INT:
	case BU_BTF_FLOAT:
		word = t->kind == BU_BTF_INT ? integer_of(t) : t->size == 4 ? "float" : t->size == 8 ? "double" : NULL;
		bu_buf_printf(c->out, "typedef %s %s", word ? word : "char", btfc_name(c, t));
		if (!word)
			bu_buf_printf(c->out, "[%u]", t->size);
		break;
	default:
		break;
	}
	put(c, ";\n\n");
}

static void print_ops(struct bu_btf_c *c)
{
	size_t from = c->printed;
	struct bu_btf_type t;

	btfc_name_all(c, from);
	for (; c->printed < c->nops && !c->err && !c->out->failed; c->printed++) {
		const struct btfc_op *op = &c->op[c->printed];

		if (bu_btf_get(c->b, op->id, &t))
			continue;
		if (op->what == OP_DEFINE) {
			define(c, &t);
		} else if (op->what == OP_DECLARE) {
			put_base(c, op->id, 0);
			put(c, ";\n\n");
		}
	}
}

static void print_kfuncs(struct bu_btf_c *c)
{
	bool any = false;
	struct bu_btf_type t;

	for (size_t i = 0; i < c->nops && !c->err; i++) {
		const char *name;

		if (c->op[i].what != OP_KFUNC || bu_btf_get(c->b, c->op[i].id, &t))
			continue;
		name = btfc_word(c, t.name);
		if (bu_hash_get(&c->idents, name, strlen(name)))
			continue;
		bu_hash_put(&c->idents, name, strlen(name), (void *)1);
		if (!any)
			put(c, "#ifndef BPF_NO_KFUNC_PROTOTYPES\n"
			    "#ifndef __ksym\n#define __ksym __attribute__((section(\".ksyms\")))\n#endif\n\n"
			    "#ifndef __weak\n#define __weak __attribute__((weak))\n#endif\n\n");
		any = true;
		put(c, "extern ");
		put_decl(c, t.type, name, 0);
		put(c, " __weak __ksym;\n");
	}
	if (any)
		put(c, "#endif\n\n");
}

/* ---------------------------------------------------------------- what others call */

int bu_btf_c_new(struct bu_btf_c **out, const struct bu_btf *b)
{
	struct bu_btf_c *c = calloc(1, sizeof(*c));
	size_t n = (size_t)b->ntypes + 1;

	*out = c;
	if (!c)
		return -ENOMEM;
	c->b = b;
	c->budget = BTFC_BUDGET;
	bu_arena_init(&c->a);
	c->state = calloc(n, 1);
	c->align = calloc(n, 1);
	c->alias = calloc(n, sizeof(*c->alias));
	/* compilers have one of their own, of the size that it has there */
	if (c->state && c->align && c->alias &&
	    !bu_hash_put(&c->idents, "__builtin_va_list", strlen("__builtin_va_list"), (void *)1))
		return 0;
	bu_btf_c_free(c);
	*out = NULL;
	return -ENOMEM;
}

void bu_btf_c_free(struct bu_btf_c *c)
{
	if (!c)
		return;
	free(c->state);
	free(c->align);
	free(c->alias);
	free(c->op);
	bu_hash_free(&c->tags);
	bu_hash_free(&c->idents);
	bu_arena_free(&c->a);
	free(c);
}

static int result(struct bu_btf_c *c)
{
	return c->err ? c->err : c->out->failed || bu_arena_failed(&c->a) ? -ENOMEM : 0;
}

int bu_btf_c_type(struct bu_btf_c *c, struct bu_buf *out, uint32_t id)
{
	struct bu_btf_type t;

	c->out = out;
	btfc_need(c, id, true);
	if (!bu_btf_get(c->b, id, &t) && btfc_is_enum(&t) && !t.name[0] && !(c->state[id] & C_DONE)) {
		c->state[id] |= C_DONE;
		btfc_op(c, id, OP_DEFINE);
	}
	print_ops(c);
	return result(c);
}

int bu_btf_c_decl(struct bu_btf_c *c, struct bu_buf *out, uint32_t id, const char *name, bool pointer,
		  unsigned depth)
{
	c->out = out;
	c->strip = true;
	name = btfc_word(c, name);
	if (pointer)
		name = bu_arena_printf(&c->a, "*%s", name);
	put_decl(c, id, name ? name : "", depth);
	c->strip = false;
	return result(c);
}

int bu_btf_c_all(struct bu_btf_c *c, struct bu_buf *out, bool sorted)
{
	c->out = out;
	btfc_need_all(c, sorted);
	print_ops(c);
	print_kfuncs(c);
	return result(c);
}

void bu_btf_c_begin(struct bu_buf *out)
{
	bu_buf_str(out, "#ifndef __VMLINUX_H__\n#define __VMLINUX_H__\n\n"
		   "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n"
		   "#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)\n"
		   "#endif\n\n");
}

void bu_btf_c_end(struct bu_buf *out)
{
	bu_buf_str(out, "#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop\n#endif\n\n"
		   "#endif /* __VMLINUX_H__ */\n");
}
