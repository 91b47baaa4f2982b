/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .cfi_*: how a debugger finds the caller's frame, as .debug_frame or .eh_frame. DWARF 5 section
 * 6.4; .eh_frame as in the Linux Standard Base. The parameters (return address in column 11,
 * units of 8 bytes of code and -4 of data) and the order of the entries are LLVM's; GNU as has no
 * such tables for BPF.
 */
#include <stdlib.h>

#include "bpf-as/directive.h"

#define DATA_ALIGN (-4)
#define CODE_ALIGN 8
#define RETURN_COLUMN 11

enum {
	CFA_ADVANCE_LOC = 0x40, CFA_OFFSET = 0x80, CFA_RESTORE = 0xc0,
	CFA_ADVANCE_LOC1 = 0x02, CFA_ADVANCE_LOC2, CFA_ADVANCE_LOC4, CFA_OFFSET_EXTENDED,
	CFA_RESTORE_EXTENDED, CFA_UNDEFINED, CFA_SAME_VALUE, CFA_REGISTER, CFA_REMEMBER_STATE,
	CFA_RESTORE_STATE, CFA_DEF_CFA, CFA_DEF_CFA_REGISTER, CFA_DEF_CFA_OFFSET,
	CFA_OFFSET_EXTENDED_SF = 0x11,
};

enum as_cfiop {
	CFI_DEF_CFA, CFI_DEF_CFA_REGISTER, CFI_DEF_CFA_OFFSET, CFI_ADJUST_CFA_OFFSET, CFI_OFFSET,
	CFI_REL_OFFSET, CFI_RESTORE, CFI_UNDEFINED, CFI_SAME_VALUE, CFI_REGISTER,
	CFI_REMEMBER_STATE, CFI_RESTORE_STATE, CFI_ESCAPE, CFI_SIGNAL_FRAME, CFI_RETURN_COLUMN,
};
/* By the number in directive.def: how many registers, and whether an offset follows. */
static const struct {
	uint8_t regs;
	bool offset;
} operands[] = {
	[CFI_DEF_CFA] = { 1, true }, [CFI_DEF_CFA_REGISTER] = { 1, false },
	[CFI_DEF_CFA_OFFSET] = { 0, true }, [CFI_ADJUST_CFA_OFFSET] = { 0, true },
	[CFI_OFFSET] = { 1, true }, [CFI_REL_OFFSET] = { 1, true }, [CFI_RESTORE] = { 1, false },
	[CFI_UNDEFINED] = { 1, false }, [CFI_SAME_VALUE] = { 1, false }, [CFI_REGISTER] = { 2, false },
	[CFI_REMEMBER_STATE] = { 0, false }, [CFI_RESTORE_STATE] = { 0, false },
	[CFI_ESCAPE] = { 0, false }, [CFI_SIGNAL_FRAME] = { 0, false },
	[CFI_RETURN_COLUMN] = { 1, false },
};

struct op {
	uint64_t off; /* of the code it is true from */
	uint32_t npiece;
	uint8_t kind;
	uint32_t reg, reg2;
	int64_t offset;
	const uint8_t *bytes; /* ESCAPE */
	size_t n;
};

struct frame {
	struct as_sec *sec;
	uint64_t from, to;
	uint32_t from_piece, to_piece;
	struct op *op;
	size_t n, cap;
	bool signal, closed;
	uint32_t column;
	uint32_t nth;
	const char *pos;
};

struct as_cfi {
	struct frame **frame;
	size_t n, cap;
	struct frame *open;
	bool debug, eh;
};

static struct as_cfi *cfi(struct as *as)
{
	if (!as->cfi) {
		as->cfi = bu_arena_alloc(&as->arena, sizeof(*as->cfi));
		if (as->cfi)
			as->cfi->eh = true;
	}
	return as->cfi;
}

/* ---------------------------------------------------------------- directives */

void as_d_cfi_sections(PARAMS)
{
	struct as_cfi *f = cfi(as);

	UNUSED;
	if (!f) {
		c->p = c->e;
		return;
	}
	f->debug = f->eh = false;
	do {
		struct bu_str w = as_word(c);

		if (bu_str_is(w, ".debug_frame")) {
			f->debug = true;
		} else if (bu_str_is(w, ".eh_frame")) {
			f->eh = true;
		} else {
			as_error(as, "A0365", w.p, as_token_len(w.p, c->e),
				 "unwinding tables go to .debug_frame or .eh_frame");
			c->p = c->e;
			return;
		}
	} while (as_eat(c, ','));
	as_junk(as, c);
}

void as_d_cfi_startproc(PARAMS)
{
	struct as_cfi *f = cfi(as);
	struct frame *r;
	struct bu_str w;

	(void)arg;
	w = as_word(c);
	if (w.n && !bu_str_is(w, "simple"))
		c->p = w.p;
	as_junk(as, c);
	if (!f)
		return;
	if (f->open) {
		struct bu_diag *d = as_error(as, "A0366", name.p, name.n, "the frame before has no end");

		as_span(as, d, f->open->pos, name.n, "it begins here");
		return;
	}
	r = bu_arena_alloc(&as->arena, sizeof(*r));
	f->frame = bu_arena_grow(&as->arena, f->frame, f->n, &f->cap, sizeof(r));
	if (!r || !f->frame) {
		f->n = 0;
		return;
	}
	r->sec = as->cur;
	r->from = as->cur->size;
	r->from_piece = (uint32_t)as->cur->npiece;
	r->pos = as_place(as, name.p);
	r->column = RETURN_COLUMN;
	r->nth = (uint32_t)f->n;
	f->frame[f->n++] = f->open = r;
}

static struct frame *open_frame(struct as *as, struct as_cur *c, struct bu_str name)
{
	struct frame *r = as->cfi ? as->cfi->open : NULL;

	if (r && r->sec == as->cur)
		return r;
	as_error(as, "A0366", name.p, name.n, r ? "this frame began in another section" :
		 "no .cfi_startproc stands before this");
	c->p = c->e;
	return NULL;
}

void as_d_cfi_endproc(PARAMS)
{
	struct frame *r = open_frame(as, c, name);

	(void)arg;
	if (!r)
		return;
	as_junk(as, c);
	r->to = as->cur->size;
	r->to_piece = (uint32_t)as->cur->npiece;
	r->closed = true;
	as->cfi->open = NULL;
}

static bool operand(struct as *as, struct as_cur *c, bool reg, int64_t *v)
{
	const char *p;

	as_skip(c);
	p = c->p;
	if (reg && c->e - p > 1 && (*p == 'r' || *p == 'w') && IS(p[1], CL_DIGIT))
		c->p++;
	if (as_expr_now(as, c, reg ? "register" : "offset", v))
		return false;
	if (*v < (reg ? 0 : INT32_MIN) || *v > INT32_MAX) {
		as_error(as, "A0160", p, (size_t)(c->p - p), "%lld is out of range", (long long)*v);
		return false;
	}
	return true;
}

/* Bytes, separated by commas. */
static bool escape(struct as *as, struct as_cur *c, struct op *o)
{
	struct bu_buf b = { 0 };
	bool ok = true;
	int64_t v;

	do {
		ok = !as_expr_now(as, c, "byte", &v);
		bu_buf_char(&b, (char)v);
	} while (ok && as_eat(c, ','));
	o->bytes = bu_arena_memdup(&as->arena, b.p, b.n);
	o->n = b.n;
	bu_buf_free(&b);
	return ok && o->bytes;
}

void as_d_cfi(PARAMS)
{
	struct frame *r = open_frame(as, c, name);
	int64_t v[3] = { 0 };
	unsigned n = 0;
	struct op o;

	if (!r)
		return;
	o = (struct op){ .kind = (uint8_t)arg, .off = as->cur->size,
			 .npiece = (uint32_t)as->cur->npiece };
	for (unsigned i = 0; i < operands[arg].regs + (operands[arg].offset ? 1u : 0); i++) {
		if ((i && !as_comma(as, c)) || !operand(as, c, i < operands[arg].regs, &v[n++])) {
			c->p = c->e;
			return;
		}
	}
	if (arg == CFI_ESCAPE && !escape(as, c, &o)) {
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	if (arg == CFI_SIGNAL_FRAME) {
		r->signal = true;
		return;
	}
	if (arg == CFI_RETURN_COLUMN) {
		r->column = (uint32_t)v[0];
		return;
	}
	o.reg = (uint32_t)v[0];
	o.reg2 = (uint32_t)v[1];
	o.offset = operands[arg].offset ? v[operands[arg].regs] : 0;
	r->op = bu_arena_grow(&as->arena, r->op, r->n, &r->cap, sizeof(o));
	if (r->op)
		r->op[r->n++] = o;
	else
		r->n = 0;
}

/* ---------------------------------------------------------------- instructions */

static void op_uleb(struct bu_buf *b, int op, uint64_t v)
{
	bu_buf_char(b, (char)op);
	as_put_uleb(b, v);
}

static void advance(struct as *as, struct bu_buf *b, uint64_t n)
{
	uint8_t w[4];

	n /= CODE_ALIGN;
	if (!n)
		return;
	if (n < 64) {
		bu_buf_char(b, (char)(CFA_ADVANCE_LOC | n));
	} else if (n < 256) {
		bu_buf_char(b, CFA_ADVANCE_LOC1);
		bu_buf_char(b, (char)n);
	} else if (n < 65536) {
		bu_buf_char(b, CFA_ADVANCE_LOC2);
		bu_put16(w, as->be, (uint16_t)n);
		bu_buf_add(b, w, 2);
	} else {
		bu_buf_char(b, CFA_ADVANCE_LOC4);
		bu_put32(w, as->be, (uint32_t)n);
		bu_buf_add(b, w, 4);
	}
}

static void saved_at(struct bu_buf *b, uint32_t reg, int64_t offset)
{
	offset /= DATA_ALIGN;
	if (offset < 0) {
		op_uleb(b, CFA_OFFSET_EXTENDED_SF, reg);
		as_put_sleb(b, offset);
	} else if (reg < 64) {
		op_uleb(b, (int)(CFA_OFFSET | reg), (uint64_t)offset);
	} else {
		op_uleb(b, CFA_OFFSET_EXTENDED, reg);
		as_put_uleb(b, (uint64_t)offset);
	}
}

/* *cfa: offset of the frame's address from its register, as it stands. */
static void instruction(struct bu_buf *b, const struct op *o, int64_t *cfa)
{
	switch (o->kind) {
	case CFI_DEF_CFA:
		*cfa = o->offset;
		op_uleb(b, CFA_DEF_CFA, o->reg);
		as_put_uleb(b, (uint64_t)o->offset);
		break;
	case CFI_DEF_CFA_REGISTER:
		op_uleb(b, CFA_DEF_CFA_REGISTER, o->reg);
		break;
	case CFI_DEF_CFA_OFFSET:
	case CFI_ADJUST_CFA_OFFSET:
		*cfa = o->kind == CFI_DEF_CFA_OFFSET ? o->offset : *cfa + o->offset;
		op_uleb(b, CFA_DEF_CFA_OFFSET, (uint64_t)*cfa);
		break;
	case CFI_OFFSET:
		saved_at(b, o->reg, o->offset);
		break;
	case CFI_REL_OFFSET:
		saved_at(b, o->reg, o->offset - *cfa);
		break;
	case CFI_RESTORE:
		if (o->reg < 64)
			bu_buf_char(b, (char)(CFA_RESTORE | o->reg));
		else
			op_uleb(b, CFA_RESTORE_EXTENDED, o->reg);
		break;
	case CFI_UNDEFINED:
		op_uleb(b, CFA_UNDEFINED, o->reg);
		break;
	case CFI_SAME_VALUE:
		op_uleb(b, CFA_SAME_VALUE, o->reg);
		break;
	case CFI_REGISTER:
		op_uleb(b, CFA_REGISTER, o->reg);
		as_put_uleb(b, o->reg2);
		break;
	case CFI_REMEMBER_STATE:
		bu_buf_char(b, CFA_REMEMBER_STATE);
		break;
	case CFI_RESTORE_STATE:
		bu_buf_char(b, CFA_RESTORE_STATE);
		break;
	case CFI_ESCAPE:
		bu_buf_add(b, o->bytes, o->n);
		break;
	}
}

/* ---------------------------------------------------------------- the tables */

struct table {
	struct as *as;
	struct as_sec *sec;
	bool eh;
	uint64_t cie; /* where the last one begins */
};

/* Appends entry b, whose length is its first word, padded to a multiple of align. */
static void entry(struct table *t, struct bu_buf *b, uint64_t align)
{
	uint64_t end = t->sec->size + b->n;

	bu_buf_zero(b, -end & (align - 1));
	if (!b->failed)
		bu_put32(b->p, t->as->be, (uint32_t)(b->n - 4));
	t->as->cur = t->sec;
	as_put(t->as, b->p, b->n, NULL);
	if (b->failed)
		t->as->arena.failed = true;
}

static void word(struct table *t, struct bu_buf *b, uint32_t v)
{
	uint8_t w[4];

	bu_put32(w, t->as->be, v);
	bu_buf_add(b, w, 4);
}

static void cie(struct table *t, const struct frame *f)
{
	struct bu_buf b = { 0 };

	t->cie = t->sec->size;
	bu_buf_zero(&b, 4);
	word(t, &b, t->eh ? 0 : UINT32_MAX);
	bu_buf_char(&b, t->eh ? 1 : 4); /* version */
	bu_buf_str(&b, !t->eh ? "" : f->signal ? "zRS" : "zR");
	bu_buf_char(&b, 0);
	if (!t->eh) {
		bu_buf_char(&b, 8); /* bytes of an address */
		bu_buf_char(&b, 0);
	}
	as_put_uleb(&b, CODE_ALIGN);
	as_put_sleb(&b, DATA_ALIGN);
	if (t->eh)
		bu_buf_char(&b, (char)f->column);
	else
		as_put_uleb(&b, f->column);
	if (t->eh) {
		as_put_uleb(&b, 1);
		bu_buf_char(&b, 0x0c); /* addresses are signed, 8 bytes */
	}
	entry(t, &b, t->eh ? 4 : 8);
	bu_buf_free(&b);
}

/* A relocation of size bytes at the end of b, against sec + off. */
static void ref(struct table *t, struct bu_buf *b, struct as_sec *sec, uint64_t off, unsigned size)
{
	struct as_sym *y = as_place_sym(t->as, sec, off);
	struct as_fix *f;

	if (!y)
		return;
	t->as->cur = t->sec;
	f = as_fixup(t->as, FIX_DATA, NULL, 1);
	if (f) {
		f->off = t->sec->size + b->n;
		f->npiece = 0;
		f->size = (uint8_t)size;
		f->expr = as_expr_sym(t->as, y, NULL);
		as_expr_keep(t->as);
	}
	bu_buf_zero(b, size);
}

static void fde(struct table *t, const struct frame *f)
{
	uint64_t from = as_leb_moved(f->sec, f->from, f->from_piece), at = from;
	uint64_t to = as_leb_moved(f->sec, f->to, f->to_piece);
	struct bu_buf b = { 0 };
	int64_t cfa = 0;
	uint8_t w[8];

	bu_buf_zero(&b, 4);
	if (t->eh)
		word(t, &b, (uint32_t)(t->sec->size + 4 - t->cie));
	else
		ref(t, &b, t->sec, t->cie, 4);
	ref(t, &b, f->sec, from, 8);
	bu_put64(w, t->as->be, to - from);
	bu_buf_add(&b, w, 8);
	if (t->eh)
		as_put_uleb(&b, 0);
	for (size_t i = 0; i < f->n; i++) {
		uint64_t off = as_leb_moved(f->sec, f->op[i].off, f->op[i].npiece);

		advance(t->as, &b, off - at);
		at = off;
		instruction(&b, &f->op[i], &cfa);
	}
	entry(t, &b, 8);
	bu_buf_free(&b);
}

static bool same_cie(const struct frame *a, const struct frame *b)
{
	return a->signal == b->signal && a->column == b->column;
}

static int by_cie(const void *a, const void *b)
{
	const struct frame *x = *(struct frame *const *)a, *y = *(struct frame *const *)b;

	if (x->signal != y->signal)
		return x->signal ? 1 : -1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	return x->nth < y->nth ? -1 : x->nth > y->nth;
}

static void table(struct as *as, const char *name, bool eh)
{
	struct as_cfi *f = as->cfi;
	struct table t = { .as = as, .eh = eh };

	t.sec = as_section(as, name, strlen(name), NULL);
	if (!t.sec)
		return;
	if (!t.sec->used)
		t.sec->flags = eh ? SHF_ALLOC : 0;
	if (t.sec->align < 8)
		t.sec->align = 8;
	for (size_t i = 0; i < f->n; i++) {
		if (!i || (eh && !same_cie(f->frame[i - 1], f->frame[i])))
			cie(&t, f->frame[i]);
		fde(&t, f->frame[i]);
	}
}

void as_cfi_finish(struct as *as)
{
	struct as_sec *cur = as->cur;
	struct as_cfi *f = as->cfi;

	if (!f || as->ds->errors)
		return;
	if (f->open) {
		as_error(as, "A0366", f->open->pos, 1, "this frame has no end");
		return;
	}
	if (!f->n)
		return;
	qsort(f->frame, f->n, sizeof(*f->frame), by_cie);
	if (f->eh)
		table(as, ".eh_frame", true);
	if (f->debug)
		table(as, ".debug_frame", false);
	as->cur = cur;
}
