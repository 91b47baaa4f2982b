/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions: isa's matcher finds the row, this file reads the operands, refuses what no kernel
 * would run as it is written, and leaves to fixups what names a place that is not yet known.
 */
#include "bpf-as/as.h"
#include "bpf-as/hint.h"

/* ---------------------------------------------------------------- operands */

static bool numeric_ref(const char *p, const char *e, size_t *digits)
{
	const char *q = p;

	while (q < e && IS(*q, CL_DIGIT))
		q++;
	*digits = (size_t)(q - p);
	return q > p && q < e && (*q == 'f' || *q == 'b') && (q + 1 == e || !IS(q[1], CL_IDENT));
}

static size_t take_expr(struct as *as, struct bu_str s, struct bu_operand *out)
{
	struct as_cur c = { s.p, s.p + s.n };
	uint32_t node;

	if (as_expr(as, &c, &node, &out->val))
		return 0;
	out->symbolic = node != 0;
	out->expr = node;
	if (node)
		out->val = 0;
	return (size_t)(c.p - s.p);
}

/* A label, 1f, 1b, +N or -N, or N, which is +N too. */
static size_t take_target(struct as *as, struct bu_str s, struct bu_operand *out)
{
	const char *p = s.p, *e = p + s.n;
	struct as_cur c = { p, e };
	struct as_sym *sym;
	struct bu_str w;
	size_t n;

	if (s.n && (*p == '+' || *p == '-' || (IS(*p, CL_DIGIT) && !numeric_ref(p, e, &n)))) {
		n = take_expr(as, s, out);
		out->relative = true;
		return n && !out->symbolic ? n : 0;
	}
	if (numeric_ref(p, e, &n)) {
		sym = as_numref(as, p, n, p[n] == 'f');
		if (!sym) {
			as->ex_error = "no such numeric label before this place";
			as->ex_error_pos = p;
			return 0;
		}
		n++;
	} else if (s.n && *p == '"') {
		sym = as_quoted(as, &c);
		n = (size_t)(c.p - p);
		if (!sym)
			return 0;
	} else {
		w = as_word(&c);
		if (!w.n || w.p != p)
			return 0;
		sym = w.n == 1 && *p == '.' ? NULL : as_sym(as, w.p, w.n);
		n = w.n;
		if (!sym || sym->def == DEF_REG)
			return 0;
	}
	out->symbolic = true;
	out->expr = (uintptr_t)sym;
	return n;
}

static size_t take_helper(struct as *as, struct bu_str s, struct bu_operand *out)
{
	const char *p = s.p, *e = p + s.n;
	struct as_cur c = { p, e };
	const struct bu_helper *h;
	const struct as_sym *sym;
	struct bu_str w;
	size_t n;

	if (s.n && IS(*p, CL_DIGIT))
		return numeric_ref(p, e, &n) ? 0 : take_expr(as, s, out);
	w = as_word(&c);
	if (!w.n)
		return 0;
	h = as->compat ? NULL : bu_helper_by_name(w);
	if (h) {
		out->val = h->id;
		return w.n;
	}
	sym = as_sym_find(as, w.p, w.n);
	if (!sym || sym->def != DEF_SET || sym->x->expr)
		return 0;
	out->val = sym->value;
	return w.n;
}

static size_t operand(void *ctx, struct bu_str s, enum bu_field f, struct bu_operand *out)
{
	struct as *as = ctx;

	memset(out, 0, sizeof(*out));
	out->present = true;
	switch (f) {
	case BU_FIELD_TARGET:
	case BU_FIELD_TARGET32:
	case BU_FIELD_LOCAL:
		return take_target(as, s, out);
	case BU_FIELD_HELPER:
		return take_helper(as, s, out);
	default:
		return take_expr(as, s, out);
	}
}

void as_insn_init(struct as *as)
{
	as->matcher.ctx = as;
	as->matcher.operand = operand;
	as->shapes = bu_arena_alloc(&as->arena, sizeof(*as->shapes));
}

/* ---------------------------------------------------------------- what does not match */

static bool bad_register(const char *p, size_t n)
{
	if (n < 2 || n > 3 || (*p != 'r' && *p != 'w'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!IS(p[i], CL_DIGIT))
			return false;
	return n == 3 ? !(p[1] == '1' && p[2] == '0') : false;
}

static void mismatch(struct as *as, struct bu_str stmt, const struct bu_mismatch *m)
{
	const char *p = stmt.p + (m->pos < stmt.n ? m->pos : stmt.n), *e = stmt.p + stmt.n;
	size_t n = as_token_len(p, e), first = as_token_len(stmt.p, e);
	struct bu_near near;
	struct bu_diag *d;

	if (as_dialect_mismatch(as, stmt))
		return;
	if (as->ex_error && as->ex_error_pos >= p && as->ex_error_pos <= e) {
		as_error(as, "A0140", as->ex_error_pos,
			 as_token_len(as->ex_error_pos, e), "%s", as->ex_error);
		return;
	}
	if (p < e && *p == '%' && bad_register(p + 1, as_token_len(p + 1, e))) {
		n = as_token_len(p + 1, e) + 1;
		d = as_error(as, "A0151", p, n, "there is no register '%.*s'", (int)n, p);
		bu_diag_note(as->ds, d, "registers are %%r0 to %%r10, and %%w0 to %%w10 for their lower 32 bits");
		return;
	}
	if (bad_register(p, n)) {
		d = as_error(as, "A0151", p, n, "there is no register '%.*s'", (int)n, p);
		bu_diag_note(as->ds, d, "registers are r0 to r10, and w0 to w10 for their lower 32 bits");
		return;
	}
	if (m->pos == 0) {
		d = as_error(as, "A0150", stmt.p, first ? first : 1, "unknown instruction '%.*s'",
			     (int)first, stmt.p);
		if (as_hint(as, d, stmt, true))
			return;
		bu_near_init(&near, stmt.p, first);
		if (memchr(stmt.p, '%', stmt.n))
			bu_isa_mnemonics_feed(&near);
		else
			bu_isa_words_feed(&near);
		if (as_hint_last(as, d, stmt))
			return;
		if (near.best)
			bu_diag_mean(as->ds, d, near.best, near.best_n);
		return;
	}
	if (m->expected && n)
		d = as_error(as, "A0152", p, m->len > n ? m->len : n, "expected %s, found '%.*s'",
			     m->expected, (int)n, p);
	else if (m->expected)
		d = as_error(as, "A0152", p, 1, "expected %s", m->expected);
	else if (n)
		d = as_error(as, "A0152", p, m->len ? m->len : n, "'%.*s' does not belong here",
			     (int)n, p);
	else
		d = as_error(as, "A0152", p, 1, "instruction is not complete");
	if (as_hint(as, d, stmt, false))
		return;
	if (IS(*p, CL_START) && n > 1) {
		bu_near_init(&near, p, n);
		bu_isa_words_feed(&near);
		if (near.best && (near.best_n != n || memcmp(near.best, p, n)))
			bu_diag_mean(as->ds, d, near.best, near.best_n);
	}
}

/* ---------------------------------------------------------------- checks */

static bool sign_extended(struct as *as, const struct bu_isa *row, int64_t v, const char *p,
			  size_t len)
{
	struct bu_diag *d = as_lint(as, LINT_SIGN_EXTEND, p, len,
				    "%lld does not fit: the 32 bits are sign-extended to 64 when it runs",
				    (long long)v);

	bu_diag_note(as->ds, d, "it would be 0x%llx", (unsigned long long)(int64_t)(int32_t)v);
	if (row->sem == BU_SEM_MOV)
		bu_diag_help(as->ds, d, "write 'wN = %lld', 'rN = %lld ll', or the %d that it is", (long long)v,
			     (long long)v, (int32_t)v);
	else if (row->sem == BU_SEM_AND && v == 0xffffffff)
		bu_diag_help(as->ds, d, "to keep the lower half write 'wN = wN'");
	else
		bu_diag_help(as->ds, d, "use the w registers, load it with ' ll' first, or write %d",
			     (int32_t)v);
	return as_lint_passes(as, LINT_SIGN_EXTEND);
}

static bool range(struct as *as, int64_t v, int64_t lo, int64_t hi, const char *what, const char *p,
		  size_t len)
{
	if (v >= lo && v <= hi)
		return true;
	as_error(as, "A0160", p, len, "%s %lld is out of range (%lld to %lld)", what, (long long)v,
		 (long long)lo, (long long)hi);
	return false;
}

static bool signed_imm(struct as *as, const struct bu_isa *row, int64_t v, const char *p, size_t len)
{
	if (v > INT32_MAX && v <= UINT32_MAX && !as_dialect_unsigned(as))
		return sign_extended(as, row, v, p, len);
	if (v < INT32_MIN || v > UINT32_MAX) {
		struct bu_diag *d = as_error(as, "A0160", p, len,
					     "immediate %lld does not fit in 32 bits", (long long)v);

		if (row->sem == BU_SEM_MOV)
			bu_diag_help(as->ds, d, as_dialect_mnemonics(as, p) ? "'lddw %%rN,%lld' takes 64 bits" :
			     "'rN = %lld ll' takes 64 bits", (long long)v);
		return false;
	}
	return true;
}

bool as_check_imm(struct as *as, const struct bu_isa *row, int64_t v, const char *p, size_t len,
		  int32_t *imm)
{
	bool ok = true;

	*imm = (int32_t)(uint32_t)(uint64_t)v;
	if (as->verbatim)
		return range(as, v, INT32_MIN, UINT32_MAX, "immediate", p, len);
	switch (row->sem) {
	case BU_SEM_LSH:
	case BU_SEM_RSH:
	case BU_SEM_ARSH:
		if (v >= 0 && v < row->width)
			return true;
		as_lint(as, LINT_SHIFT, p, len, "shift by %lld, but the register has %u bits",
			(long long)v, row->width);
		if (!as_lint_passes(as, LINT_SHIFT))
			return false;
		break;
	case BU_SEM_DIV:
	case BU_SEM_MOD:
	case BU_SEM_SDIV:
	case BU_SEM_SMOD:
		if (!v)
			as_lint(as, LINT_DIV_ZERO, p, len, "division by zero");
		if (!v && !as_lint_passes(as, LINT_DIV_ZERO))
			return false;
		break;
	case BU_SEM_ST:
		if (row->width < 64) {
			int64_t top = 1LL << row->width;

			return range(as, v, -(top / 2), top - 1, "value", p, len);
		}
		break;
	case BU_SEM_LD_ABS:
	case BU_SEM_LD_IND:
		return range(as, v, INT32_MIN, UINT32_MAX, "packet offset", p, len);
	default:
		break;
	}
	if (row->width == 64)
		ok = signed_imm(as, row, v, p, len);
	else
		ok = range(as, v, INT32_MIN, UINT32_MAX, "immediate", p, len);
	return ok;
}

/* Bytes accessed at base + off, or 0 when row does not access memory through a register. */
unsigned as_access_size(const struct bu_isa *row, const struct bu_insn *in, unsigned *base)
{
	switch (row->sem) {
	case BU_SEM_LDX:
	case BU_SEM_LDSX:
	case BU_SEM_LOAD_ACQUIRE:
		*base = in->src;
		return row->width / 8;
	case BU_SEM_ST:
	case BU_SEM_STX:
	case BU_SEM_ATOMIC:
	case BU_SEM_STORE_RELEASE:
		*base = in->dst;
		return row->width / 8;
	default:
		return 0;
	}
}

bool as_check_off(struct as *as, const struct bu_isa *row, const struct bu_insn *in, int64_t v,
		  const char *p, size_t len)
{
	unsigned base, size = as_access_size(row, in, &base);
	struct bu_diag *d;

	if (!range(as, v, INT16_MIN, INT16_MAX, "offset", p, len))
		return false;
	if (!size || base != 10 || as->verbatim)
		return true;
	if (v >= 0 || v + size > 0) {
		d = as_lint(as, LINT_STACK_BOUNDS, p, len, "access ends above the stack frame");
		bu_diag_note(as->ds, d, "r10 is the frame's end: its bytes are at r10 - 512 to r10 - 1");
		return as_lint_passes(as, LINT_STACK_BOUNDS);
	}
	if (v < -512) {
		d = as_lint(as, LINT_STACK_BOUNDS, p, len, "access begins below the stack frame");
		bu_diag_note(as->ds, d, "a frame has 512 bytes, at r10 - 512 to r10 - 1");
		return as_lint_passes(as, LINT_STACK_BOUNDS);
	}
	if (v % (int64_t)size) {
		d = as_lint(as, LINT_STACK_ALIGN, p, len, "stack access of %u bytes is not aligned", size);
		bu_diag_help(as->ds, d, "the offset must be a multiple of %u: r10 - %lld", size,
			     (long long)((-v + size - 1) / size * size));
		return as_lint_passes(as, LINT_STACK_ALIGN);
	}
	return true;
}

bool as_check_jump(struct as *as, const struct bu_isa *row, int64_t delta, const char *p, size_t len)
{
	struct bu_diag *d;

	if (row->sem == BU_SEM_JA && row->code == BU_OP_JA32)
		return range(as, delta, INT32_MIN, INT32_MAX, "jump distance", p, len);
	if (row->sem == BU_SEM_CALL_LOCAL || row->sem == BU_SEM_LD_IMM64)
		return range(as, delta, INT32_MIN, INT32_MAX, "call distance", p, len);
	if (delta >= INT16_MIN && delta <= INT16_MAX)
		return true;
	if (as->may_relax) {
		as->far = true;
		return true;
	}
	d = as_error(as, "A0166", p, len, "target is %lld instructions away, a jump reaches %d to %d",
		     (long long)delta, INT16_MIN, INT16_MAX);
	if (row->sem == BU_SEM_JA)
		bu_diag_help(as->ds, d, "'gotol' reaches further, on kernels from 6.6");
	else
		bu_diag_help(as->ds, d, "jump with the opposite condition over a 'gotol'");
	return false;
}

bool as_writes_dst(const struct bu_isa *row)
{
	switch (row->sem) {
	case BU_SEM_ST:
	case BU_SEM_STX:
	case BU_SEM_ATOMIC:
	case BU_SEM_STORE_RELEASE:
	case BU_SEM_JX:
	case BU_SEM_CALLX:
		return false;
	}
	return (row->uses & BU_USES_DST) && (row->sem < BU_SEM_JA || row->sem > BU_SEM_EXIT);
}

bool as_fetches(const struct bu_isa *row)
{
	return row->sem == BU_SEM_ATOMIC && (row->keyval & 1) && row->keyval != 0xf1;
}

/* r10 may be read, never written. */
static bool check_r10(struct as *as, const struct bu_match *m, struct bu_str stmt)
{
	const struct bu_isa *row = m->row;
	struct bu_diag *d;

	if ((!(m->dst == 10 && as_writes_dst(row)) && !(as_fetches(row) && m->src == 10)) || as->verbatim)
		return true;
	d = as_lint(as, LINT_FRAME_WRITE, stmt.p, as_token_len(stmt.p, stmt.p + stmt.n),
		     "r10 is read-only: it points to the end of the stack frame");
	bu_diag_help(as->ds, d, "copy it first: r2 = r10");
	return as_lint_passes(as, LINT_FRAME_WRITE);
}

/* ---------------------------------------------------------------- emission */

struct as_fix *as_fixup(struct as *as, enum as_fixkind kind, const char *pos, size_t len)
{
	struct as_fix *f;

	if (as->nfix == as->cap_fix) {
		f = bu_arena_regrow(&as->arena, as->fix, as->nfix, &as->cap_fix, sizeof(*f));
		if (!f)
			return NULL;
		as->fix = f;
	}
	f = &as->fix[as->nfix++];
	memset(f, 0, sizeof(*f));
	f->seq = as->fix_seq++;
	f->kind = (uint8_t)kind;
	f->sec = as->cur;
	f->off = as->cur->size;
	f->npiece = (uint32_t)as->cur->npiece;
	f->pos = as_place(as, pos);
	f->len = (uint32_t)len;
	return f;
}

/* Is this a place where code can go? */
static bool code_here(struct as *as, const char *p, size_t len)
{
	struct as_sec *s = as->cur;
	struct bu_diag *d;

	if (!(s->flags & SHF_EXECINSTR)) {
		if (s->warned)
			return false;
		s->warned = true;
		d = as_error(as, "A0122", p, len, "section '%s' holds no code", s->name);
		bu_diag_help(as->ds, d, "choose one that does, such as .text or .section xdp, or "
					"give it the flags \"ax\"");
		return false;
	}
	if (s->size % 8 && !s->npiece) {
		d = as_error(as, "A0123", p, len, "instruction at an offset (%llu) that is no multiple of 8",
			     (unsigned long long)s->size);
		bu_diag_help(as->ds, d, ".balign 8 before it");
		return false;
	}
	return true;
}

bool as_target_now(struct as *as, struct as_sym *sym, bool call, int64_t *delta)
{
	if (call)
		sym->called = true;
	else
		sym->jumped = true;
	if (call || sym->def != DEF_LABEL || sym->sec != as->cur || sym->value % 8 ||
	    sym->x->npiece != as->cur->npiece)
		return false;
	*delta = (sym->value - (int64_t)as->cur->size) / 8 - 1;
	return true;
}

static void symbolic_target(struct as *as, const struct bu_isa *row, struct bu_operand *o,
			    enum as_fixkind kind)
{
	struct as_sym *sym = (struct as_sym *)(uintptr_t)o->expr;
	struct as_fix *f;

	o->val = 0;
	if (as_target_now(as, sym, kind == FIX_CALL, &o->val)) {
		as_check_jump(as, row, o->val, o->text.p, o->text.n);
		return;
	}
	if (kind != FIX_CALL) {
		as_fixup_jump(as, kind, row, sym, o->text.p, o->text.n);
		return;
	}
	f = as_fixup(as, kind, o->text.p, o->text.n);
	if (f) {
		f->row = row;
		f->sym = sym;
	}
}

static void symbolic_value(struct as *as, const struct bu_isa *row, struct bu_operand *o,
			   enum as_fixkind kind)
{
	struct as_fix *f = as_fixup(as, kind, o->text.p, o->text.n);

	as_expr_keep(as);
	o->val = 0;
	if (f) {
		f->row = row;
		f->expr = (uint32_t)o->expr;
	}
}

bool as_insn_imm(struct as *as, struct bu_match *m)
{
	struct bu_operand *o = &m->imm;
	const char *p = o->text.p;
	size_t n = o->text.n;
	struct as_fix *f;
	int32_t imm;

	switch (o->field) {
	case BU_FIELD_TARGET32:
		if (o->symbolic)
			symbolic_target(as, m->row, o, FIX_JMP32);
		return true;
	case BU_FIELD_LOCAL:
		if (o->symbolic)
			symbolic_target(as, m->row, o, FIX_CALL);
		return true;
	case BU_FIELD_MAP:
		if (o->symbolic || o->val < 1 || o->val > INT32_MAX) {
			as_error(as, "A0168", p, n, "a map's number is a number from 1 up, known here");
			return false;
		}
		f = as_fixup(as, FIX_MAP, p, n);
		if (f)
			f->expr = (uint32_t)o->val;
		o->val = 0;
		return true;
	case BU_FIELD_IMM64:
		if (o->symbolic)
			symbolic_value(as, m->row, o, FIX_IMM64);
		return true;
	case BU_FIELD_HELPER:
	case BU_FIELD_KFUNC:
		if (o->symbolic)
			symbolic_value(as, m->row, o, FIX_IMM);
		else
			return range(as, o->val, 0, as->verbatim ? UINT32_MAX : INT32_MAX,
				     "function number", p, n);
		return true;
	default:
		if (o->symbolic)
			symbolic_value(as, m->row, o, FIX_IMM);
		else
			return as_check_imm(as, m->row, o->val, p, n, &imm);
		return true;
	}
}

static bool do_off(struct as *as, struct bu_match *m)
{
	struct bu_operand *o = &m->off;
	struct bu_insn in = { .dst = m->dst, .src = m->src };

	if (!o->symbolic)
		o->val = as_dialect_off(as, o->val);
	if (o->field == BU_FIELD_TARGET) {
		if (o->symbolic)
			symbolic_target(as, m->row, o, FIX_JMP);
		else
			return as_check_jump(as, m->row, o->val, o->text.p, o->text.n);
		return true;
	}
	if (o->symbolic) {
		symbolic_value(as, m->row, o, FIX_OFF);
		return true;
	}
	return as_check_off(as, m->row, &in, o->val, o->text.p, o->text.n);
}

void as_insn(struct as *as, struct as_cur *c)
{
	struct bu_str stmt = bu_str(c->p, (size_t)(c->e - c->p));
	struct bu_mismatch why = { 0 };
	const struct bu_operand *bad;
	struct bu_insn in[2];
	struct bu_match m;
	uint8_t code[16];
	bool ok;
	int n;

	as->ex_error = NULL;
	as->matcher.dialects = as->file->dialects;
	if (bu_isa_match(&as->matcher, stmt, &m, &why)) {
		mismatch(as, stmt, &why);
		return;
	}
	if (m.dialects != as->file->dialects)
		as_dialect_narrow(as, m.dialects, stmt.p);
	if (!as_hint_swapped(as, stmt) && as->scan_at == stmt.p)
		as_fast_learn(as, &m);
	as->scan_at = NULL;
	if (!code_here(as, stmt.p, stmt.n))
		return;
	if (as->cpu || as->kernel)
		as_check_target(as, &m, stmt.p, stmt.n);
	if (as->relax && as_relax_insn(as, &m, stmt.p))
		return;
	as_line(as, stmt.p);
	if (as->loc_waits)
		as_dwarf_here(as);
	ok = check_r10(as, &m, stmt);
	if (m.imm.present)
		ok = as_insn_imm(as, &m) && ok;
	if (m.off.present)
		ok = do_off(as, &m) && ok;
	else if (as_access_size(m.row, &(struct bu_insn){ .dst = m.dst, .src = m.src },
			     &(unsigned){ 0 }))
		ok = as_check_off(as, m.row, &(struct bu_insn){ .dst = m.dst, .src = m.src }, 0,
				  stmt.p, stmt.n) && ok;
	n = bu_match_encode(&m, in, &bad);
	if (n == -ERANGE) {
		if (ok && bad && !bad->symbolic && bad != &m.imm && bad != &m.off)
			as_error(as, "A0160", bad->text.p, bad->text.n,
				 "%lld is out of range for this field", (long long)bad->val);
		n = in[0].code == BU_OP_LD_IMM64 ? 2 : 1;
	}
	for (int i = 0; i < n; i++)
		bu_insn_encode(code + 8 * i, &in[i], as->be);
	as_put(as, code, (size_t)n * 8, stmt.p);
}

/* ---------------------------------------------------------------- raw instructions */

static void raw_range(struct as *as, uint64_t from, uint64_t to)
{
	struct as_sec *s = as->cur;

	if (s->nraw && s->raw[s->nraw - 1].to == from) {
		s->raw[s->nraw - 1].to = to;
		return;
	}
	s->raw = bu_arena_grow(&as->arena, s->raw, s->nraw, &s->cap_raw, sizeof(*s->raw));
	if (s->raw)
		s->raw[s->nraw++] = (struct as_range){ from, to };
	else
		s->nraw = 0;
}

void as_mark_raw(struct as *as, uint64_t from)
{
	if (as->cur->flags & SHF_EXECINSTR)
		raw_range(as, from, as->cur->size);
}

/* .insn code, dst, src, off, imm: every field as it is given. */
void as_raw_insn(struct as *as, struct as_cur *c)
{
	static const struct {
		const char *name;
		int64_t lo, hi;
	} field[5] = {
		{ "code", 0, 255 }, { "dst", 0, 15 }, { "src", 0, 15 }, { "off", INT16_MIN, UINT16_MAX },
		{ "imm", INT32_MIN, UINT32_MAX },
	};
	const char *start = c->p;
	uint64_t from = as->cur->size;
	struct bu_insn in;
	int64_t v[5];
	uint8_t code[8];

	for (int i = 0; i < 5; i++) {
		const char *p;

		as_skip(c);
		p = c->p;
		/* dst and src may be written as registers */
		if ((i == 1 || i == 2) && c->p + 1 < c->e && *c->p == 'r' && IS(c->p[1], CL_DIGIT))
			c->p++;
		if (as_expr_now(as, c, field[i].name, &v[i]))
			return;
		if (!range(as, v[i], field[i].lo, field[i].hi, field[i].name, p, (size_t)(c->p - p)))
			return;
		if (i < 4 && !as_eat(c, ',')) {
			as_error(as, "A0143", c->p, 1, "expected ',': .insn code, dst, src, off, imm");
			return;
		}
	}
	as_junk(as, c);
	if (!code_here(as, start, 1))
		return;
	as_line(as, start);
	in = (struct bu_insn){ .code = (uint8_t)v[0], .dst = (uint8_t)v[1], .src = (uint8_t)v[2],
			       .off = (int16_t)(uint16_t)v[3], .imm = (int32_t)(uint32_t)v[4] };
	bu_insn_encode(code, &in, as->be);
	as_put(as, code, 8, start);
	as_mark_raw(as, from);
}

/* n instructions that do nothing: goto +0. */
void as_nops(struct as *as, uint64_t n, const char *pos)
{
	static const struct bu_insn nop = { .code = BU_OP_JA };
	uint8_t code[8];

	bu_insn_encode(code, &nop, as->be);
	if (n)
		as_line(as, pos);
	while (n-- && as_put(as, code, 8, pos))
		;
}
