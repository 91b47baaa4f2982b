/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Printing many values of one type. The printer of single values is run once without data: what it writes is the
 * text between the fields, and each place where it would look at data becomes an operation. Integers of whole
 * bytes are printed right away, all else by the printer of single values.
 */
#include "btf/btf.h"
#include "btf/btfpriv.h"

#include <stdlib.h>
#include <string.h>

#define OPS_MAX 4096u
#define TEXT_MAX (256u << 10)
#define WIDE 16u /* short texts are copied as so many bytes */

enum op_kind { OP_U8, OP_U16, OP_U32, OP_U64, OP_S8, OP_S16, OP_S32, OP_S64, OP_BOOL, OP_ANY };

struct op {
	enum op_kind kind;
	uint32_t text, text_n;   /* what stands before it */
	uint32_t byte;
	/* OP_ANY */
	struct btf_field field;
	uint64_t bit;
	uint32_t bit_size;
	unsigned depth;
};

struct bu_btf_form {
	struct op *op;
	uint32_t n, cap;
	struct bu_buf text;
	uint32_t end, end_n;     /* what stands behind the last */
	size_t most;             /* bytes that the text and the integers take */
	uint32_t taken;          /* of text, by operations */
	const struct bu_btf *b;
	uint64_t bits;
	bool pretty, plain, failed;
};

static struct op *add(struct btf_printer *p, enum op_kind kind)
{
	struct bu_btf_form *f = p->form;
	struct op *grown, *o;

	if (f->n == OPS_MAX || f->text.n > TEXT_MAX) {
		p->budget = 0; /* ends the walk */
		f->failed = true;
		return NULL;
	}
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 8;
		grown = realloc(f->op, f->cap * sizeof(*grown));
		if (!grown) {
			f->failed = true;
			return NULL;
		}
		f->op = grown;
	}
	o = &f->op[f->n++];
	*o = (struct op){ .kind = kind, .text = f->taken, .text_n = (uint32_t)f->text.n - f->taken };
	f->taken = (uint32_t)f->text.n;
	return o;
}

void btf_form_any(struct btf_printer *p, const struct btf_field *f, uint64_t bit, uint32_t bit_size)
{
	struct op *o = add(p, OP_ANY);

	if (!o)
		return;
	o->field = *f;
	o->bit = bit;
	o->bit_size = bit_size;
	o->depth = p->depth;
}

/* The operation for integers of n bits, OP_ANY when there is none. */
static enum op_kind whole(const struct bu_btf_type *t, unsigned n)
{
	bool s = t->int_enc & BTF_INT_SIGNED;

	if (t->int_enc & BTF_INT_BOOL)
		return n == 8 ? OP_BOOL : OP_ANY;
	switch (n) {
	case 8:
		return t->int_enc & BTF_INT_CHAR ? OP_ANY : s ? OP_S8 : OP_U8;
	case 16:
		return s ? OP_S16 : OP_U16;
	case 32:
		return s ? OP_S32 : OP_U32;
	case 64:
		return s ? OP_S64 : OP_U64;
	}
	return OP_ANY;
}

void btf_form_scalar(struct btf_printer *p, const struct btf_field *f, const struct bu_btf_type *t, uint64_t bit,
		     uint32_t bit_size, unsigned n)
{
	enum op_kind kind = t->kind == BU_BTF_INT ? whole(t, n) : OP_ANY;
	struct op *o;

	if (bit % 8 || p->b->be != BU_HOST_BE || (n == 64 && !p->plain && (p->b->values & BU_BTF_EXACT)))
		kind = OP_ANY;
	if (kind == OP_ANY) {
		/* the printer adds the offset within the integer again */
		btf_form_any(p, f, t->kind == BU_BTF_INT ? bit - t->int_off : bit, bit_size);
		return;
	}
	o = add(p, kind);
	if (o)
		o->byte = (uint32_t)(bit / 8);
}

struct bu_btf_form *bu_btf_form_make(const struct bu_btf *b, uint32_t id, size_t n, bool json, bool pretty,
				     unsigned depth)
{
	struct bu_btf_form *f = calloc(1, sizeof(*f));
	struct btf_printer p = { .b = b, .bits = (uint64_t)n * 8, .depth = depth, .pretty = pretty || !json, .plain = !json,
				 .budget = BTF_BUDGET, .form = f };
	int64_t size = bu_btf_size(b, id);

	if (!f || size < 0 || (uint64_t)size > n || n > UINT32_MAX / 8)
		goto fail;
	p.out = &f->text;
	f->b = b;
	f->bits = p.bits;
	f->pretty = p.pretty;
	f->plain = p.plain;
	btf_put_value(&p, &(struct btf_field){ "", id, 0, 0 }, 0, 0);
	if (f->failed || p.err || !p.budget || f->text.failed || f->text.n > TEXT_MAX)
		goto fail;
	f->end = f->taken;
	f->end_n = (uint32_t)f->text.n - f->end;
	f->most = f->text.n + (size_t)f->n * BU_PUT_MAX + 2 * WIDE;
	if (bu_buf_zero(&f->text, WIDE)) /* short texts are read beyond their end */
		goto fail;
	return f;
fail:
	bu_btf_form_free(f);
	return NULL;
}

void bu_btf_form_free(struct bu_btf_form *f)
{
	if (!f)
		return;
	bu_buf_free(&f->text);
	free(f->op);
	free(f);
}

static inline char *put_text(char *to, const uint8_t *from, uint32_t n)
{
	if (n > WIDE)
		memcpy(to, from, n);
	else
		memcpy(to, from, WIDE);
	return to + n;
}

#define LOAD(type) ({ type v_; memcpy(&v_, p + o->byte, sizeof(v_)); v_; })

static char *put_scalar(char *to, const struct op *o, const uint8_t *p)
{
	switch (o->kind) {
	case OP_U8:
		return bu_put_u64(to, p[o->byte]);
	case OP_U16:
		return bu_put_u64(to, LOAD(uint16_t));
	case OP_U32:
		return bu_put_u64(to, LOAD(uint32_t));
	case OP_U64:
		return bu_put_u64(to, LOAD(uint64_t));
	case OP_S8:
		return bu_put_s64(to, LOAD(int8_t));
	case OP_S16:
		return bu_put_s64(to, LOAD(int16_t));
	case OP_S32:
		return bu_put_s64(to, LOAD(int32_t));
	case OP_S64:
		return bu_put_s64(to, LOAD(int64_t));
	case OP_BOOL:
		return p[o->byte] ? bu_put_mem(to, "true", 4) : bu_put_mem(to, "false", 5);
	case OP_ANY:
		break;
	}
	return to;
}

void bu_btf_form_put(const struct bu_btf_form *f, struct bu_buf *out, const void *data)
{
	struct btf_printer p = { .out = out, .b = f->b, .data = data, .bits = f->bits, .pretty = f->pretty,
				 .plain = f->plain, .budget = BTF_BUDGET };
	char *to = (char *)bu_buf_room(out, f->most);

	for (uint32_t i = 0; to && i < f->n; i++) {
		const struct op *o = &f->op[i];

		to = put_text(to, f->text.p + o->text, o->text_n);
		if (o->kind != OP_ANY) {
			to = put_scalar(to, o, data);
			continue;
		}
		out->n = (size_t)((uint8_t *)to - out->p);
		p.depth = o->depth;
		btf_put_value(&p, &o->field, o->bit, o->bit_size);
		to = (char *)bu_buf_room(out, f->most);
	}
	if (!to)
		return;
	to = put_text(to, f->text.p + f->end, f->end_n);
	out->n = (size_t)((uint8_t *)to - out->p);
}
