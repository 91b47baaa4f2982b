/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The short way for what most of a source is: labels, and instructions whose skeleton or shape was met
 * before (see isa.h), with plain numbers and names as operands. It does what statement() and
 * as_insn() do, or, before it has done anything, leaves the statement to them: whatever could make
 * a message takes the long way.
 */
#include <stdlib.h>

#include "bpf-as/lang.h"
#include "bpf-as/linetext.h"
#include "bpf-as/types.h"

/* bu_shape.user */
enum { KNOWN = 1, WRITES_DST = 2, WRITES_SRC = 4, MEMORY = 8, BASE_SRC = 16 };

/* The immediates that as_check_imm() takes without a word, or fewer. */
static void imm_range(struct bu_shape *t)
{
	const struct bu_isa *row = t->row;

	t->lo = INT32_MIN;
	t->hi = INT32_MAX;
	if (t->imm.field == BU_FIELD_HELPER)
		t->lo = 0;
	switch (row->sem) {
	case BU_SEM_LSH:
	case BU_SEM_RSH:
	case BU_SEM_ARSH:
		t->lo = 0;
		t->hi = row->width - 1;
		break;
	case BU_SEM_DIV:
	case BU_SEM_MOD:
	case BU_SEM_SDIV:
	case BU_SEM_SMOD:
		t->lo = 1;
		break;
	case BU_SEM_ST:
		if (row->width < 32) {
			t->lo = -(1 << (row->width - 1));
			t->hi = (1 << row->width) - 1;
		}
		break;
	}
}

void as_fast_learn(struct as *as, const struct bu_match *m)
{
	struct bu_shape *t = bu_shape_learn(as->shapes, &as->scan, m);
	unsigned base;

	if (!t)
		return;
	t->user = KNOWN;
	if (as_writes_dst(t->row))
		t->user |= WRITES_DST;
	if (as_fetches(t->row))
		t->user |= WRITES_SRC;
	if (as_access_size(t->row, &(struct bu_insn){ .dst = 0, .src = 1 }, &base)) {
		t->user |= MEMORY;
		if (base)
			t->user |= BASE_SRC;
	}
	imm_range(t);
}

/* A number, or a name that stands for one. false: another name. */
static bool value(struct as *as, const struct bu_scan *c, const struct bu_shape_at *at, int64_t *out)
{
	const struct bu_shape_val *v = &c->val[at->at - 1];
	uint64_t n = v->num;

	if (v->is_name) {
		const struct as_sym *s;

		if (as->ty) /* it may be a member of a struct */
			return false;
		s = as_sym_hashed(as, v->p, v->n, v->hash);
		if (!s || (s->def != DEF_CONST && (s->def != DEF_SET || s->x->expr)))
			return false;
		if (s->arch_dependent)
			as->arch_used = true;
		n = (uint64_t)s->value;
	}
	*out = (int64_t)(at->minus ? 0 - n : n);
	return true;
}

/* What is jumped to or called: fills *delta, or *sym when it has to wait. */
static bool target(struct as *as, const struct bu_scan *c, const struct bu_shape_at *at, bool call,
		   int64_t *delta, struct as_sym **sym)
{
	const struct bu_shape_val *v = &c->val[at->at - 1];
	struct as_sym *s;

	*delta = 0;
	if (!v->is_name) {
		*delta = (int64_t)(at->minus ? 0 - v->num : v->num);
		return true;
	}
	if (at->sign)
		return false;
	s = as_sym_hashed(as, v->p, v->n, v->hash);
	if (!s)
		return false;
	*sym = s;
	if (as_target_now(as, s, call, delta))
		*sym = NULL;
	return true;
}

static void fix_at(struct as *as, enum as_fixkind kind, const struct bu_shape *t, struct as_sym *sym, const char *p,
		   size_t n)
{
	struct as_fix *f = as_fixup(as, kind, p, n);

	if (!f)
		return;
	f->row = t->row;
	f->sym = sym;
}

static void fix(struct as *as, enum as_fixkind kind, const struct bu_shape *t,
		const struct bu_shape_at *at, const struct bu_scan *c, struct as_sym *sym)
{
	const struct bu_shape_val *v = &c->val[at->at - 1];

	if (kind == FIX_JMP || kind == FIX_JMP32)
		as_fixup_jump(as, kind, t->row, sym, v->p, v->n);
	else
		fix_at(as, kind, t, sym, v->p, v->n);
}

/* In these a function is called as a helper is, "call NAME"; others with mnemonics have other words. */
static bool calls_look_alike(uint32_t dialects)
{
	return !(dialects & ~(uint32_t)BU_DIALECTS_PSEUDOC) || dialects == 1u << BU_DIALECT_GNU;
}

/* call NAME: 1 a helper, 0 a function, -1 what the long way must see. */
static int callee(struct as *as, const struct bu_scan *c, const struct bu_shape_at *at, int64_t *id)
{
	const struct bu_shape_val *v = &c->val[at->at - 1];
	const struct bu_helper *h = as->compat ? NULL : bu_helper_by_name(bu_str(v->p, v->n));
	const struct as_sym *s;

	if (h) {
		*id = h->id;
		return 1;
	}
	s = as_sym_hashed(as, v->p, v->n, v->hash);
	return s && s->def != DEF_SET ? 0 : -1;
}

static bool stack_ok(int64_t off, unsigned size)
{
	return off < 0 && off >= -512 && off + size <= 0 && off % (int64_t)size == 0;
}

static bool code_here(const struct as_sec *s)
{
	return (s->flags & SHF_EXECINSTR) && s->type != SHT_NOBITS && s->size % 8 == 0 && s->size == s->buf.n;
}

/* true: the statement is done. */
static bool insn(struct as *as, const struct bu_shape *t, const struct bu_scan *c, const char *p)
{
	unsigned dst = c->reg[t->dst], src = c->reg[t->src];
	struct as_sym *imm_sym = NULL, *off_sym = NULL;
	enum as_fixkind imm_fix = FIX_CALL;
	int64_t imm = 0, off = 0;
	uint64_t w, high = 0;
	struct bu_insn base = t->base;
	uint8_t *to;

	for (unsigned i = 0; i < t->nsame; i++)
		if (c->reg[t->same[i].reg] != c->reg[t->same[i].as])
			return false;
	if ((dst == 10 && t->user & WRITES_DST) || (src == 10 && t->user & WRITES_SRC))
		return false;
	if (!code_here(as->cur))
		return false;
	if (t->off.at) {
		if (t->off.field == BU_FIELD_TARGET) {
			if (!target(as, c, &t->off, false, &off, &off_sym))
				return false;
		} else if (!value(as, c, &t->off, &off)) {
			return false;
		}
		if (off < INT16_MIN || off > INT16_MAX)
			return false;
	}
	if (t->user & MEMORY && (t->user & BASE_SRC ? src : dst) == 10 && !stack_ok(off, t->row->width / 8))
		return false;
	if (t->imm.at) {
		bool call = t->imm.field == BU_FIELD_LOCAL, jump = t->imm.field == BU_FIELD_TARGET32;

		if (t->by_name) {
			int kind = callee(as, c, &t->imm, &imm);

			if (kind < 0)
				return false;
			call = !kind;
			if (call != (t->row->sem == BU_SEM_CALL_LOCAL) && !calls_look_alike(as->matcher.dialects))
				return false;
			base.src = call ? BU_CALL_LOCAL : BU_CALL_HELPER;
		}
		if (call || jump) {
			if (!target(as, c, &t->imm, call, &imm, &imm_sym))
				return false;
			imm_fix = call ? FIX_CALL : FIX_JMP32;
			if (imm < INT32_MIN || imm > INT32_MAX)
				return false;
		} else if (t->imm.field == BU_FIELD_IMM64) {
			const struct bu_shape_val *v = &c->val[t->imm.at - 1];

			if (!value(as, c, &t->imm, &imm)) {
				if (as->ty)
					return false;
				imm_sym = as_sym_hashed(as, v->p, v->n, v->hash);
				imm_fix = FIX_IMM64;
				if (!imm_sym || t->imm.sign ||
				    (imm_sym->def != DEF_NONE && imm_sym->def != DEF_LABEL))
					return false;
			}
			high = (uint64_t)imm >> 32;
		} else if (!t->by_name) {
			if (!value(as, c, &t->imm, &imm) || imm < t->lo || imm > t->hi)
				return false;
		}
	}
	to = as_room(as, t->wide ? 16 : 8);
	if (!to)
		return false;

	/* From here on nothing goes back. */
	as->stmt = as->stmt_src = p;
	as->stmt_n = (size_t)(c->end - p);
	as_line_at(as, p, c->end);
	if (as->loc_waits)
		as_dwarf_here(as);
	if (imm_sym) {
		if (imm_fix == FIX_CALL)
			imm_sym->called = true;
		else if (imm_fix == FIX_JMP32)
			imm_sym->jumped = true;
		fix(as, imm_fix, t, &t->imm, c, imm_sym);
	}
	if (off_sym)
		fix(as, FIX_JMP, t, &t->off, c, off_sym);
	base.dst = (uint8_t)dst;
	base.src |= (uint8_t)src;
	base.off |= (int16_t)off;
	base.imm |= (int32_t)imm;
	if (as->be) {
		bu_insn_encode(to, &base, true);
		if (t->wide)
			bu_insn_encode(to + 8, &(struct bu_insn){ .imm = (int32_t)high }, true);
	} else {
		w = base.code | (uint64_t)base.dst << 8 | (uint64_t)base.src << 12 |
		    (uint64_t)(uint16_t)base.off << 16 | (uint64_t)(uint32_t)base.imm << 32;
		bu_put64(to, false, w);
		if (t->wide)
			bu_put64(to + 8, false, high << 32);
	}
	as_filled(as, t->wide ? 16 : 8);
	return true;
}

/* ---------------------------------------------------------------- by skeleton */

/* bu_skel.user: which operands there are. */
enum { PLAIN = 1, IMM, OFF, IMM_OFF, JUMP, IMM_JUMP, IMM64, PLACE64, SCAN };

/* How the lines of a skeleton that was learned can be taken. */
static void learn_line(struct as *as, const struct bu_shape *t, const struct bu_scan *c, const char *p, const char *e)
{
	struct bu_skel *k = bu_skel_learn(as->shapes, t, c, p, e);
	bool jump = t->off.at && t->off.field == BU_FIELD_TARGET;

	if (!k)
		return;
	k->user = SCAN;
	/* Registers that a skeleton leaves out are never r10. */
	if ((k->dst.is == 10 && t->user & WRITES_DST) || (k->src.is == 10 && t->user & WRITES_SRC) || as->be)
		return;
	if (t->imm.at && t->imm.field == BU_FIELD_IMM64) {
		/* A map, most often: the same name each time is the same symbol. */
		if (k->imm.fixed && !t->imm.sign)
			k->data = as_sym_hashed(as, p + k->imm.at, k->imm.n, c->val[t->imm.at - 1].hash);
		if (!t->off.at && (k->data || !k->imm.is_name))
			k->user = k->data ? PLACE64 : IMM64;
		return;
	}
	if (t->wide || (t->imm.at && (k->imm.is_name || t->imm.field == BU_FIELD_LOCAL ||
				      t->imm.field == BU_FIELD_TARGET32)))
		return;
	if (t->off.at && (k->off.is_name ? !jump || t->off.sign : jump))
		return;
	if (!t->off.at && t->user & MEMORY && (t->user & BASE_SRC ? k->src : k->dst).is == 10)
		return;
	k->user = jump ? (t->imm.at ? IMM_JUMP : JUMP) :
		  t->off.at ? (t->imm.at ? IMM_OFF : OFF) : (t->imm.at ? IMM : PLAIN);
}

/*
 * The number of n digits at p, of which eight bytes may be read: all in one go. false: there are other
 * bytes, more than eight digits, or a zero before others.
 */
static inline bool digits(const char *p, unsigned n, uint64_t *out)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t x = 0;

	if (n > 8 || n == 0 || (n > 1 && *p == '0') || __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
		return false;
	memcpy(&x, p, 8);
	x = (x ^ ones * '0') << (64 - 8 * n);
	if (((x + ones * 0x76) | x) & ones * 0x80)
		return false;
	/* Neighbours join: digits to pairs, pairs to fours and those to all. */
	x = (x * 10 + (x >> 8)) & 0x00ff00ff00ff00ffu;
	x = (x * 100 + (x >> 16)) & 0x0000ffff0000ffffu;
	*out = (x * 10000 + (x >> 32)) & 0xffffffffu;
	return true;
}

/* *one is left true when no other text of as many bytes is the same number. */
static inline bool number(const char *p, struct bu_skel_val v, bool minus, int64_t *out, bool *one)
{
	uint64_t n = 0;

	p += v.at;
	if (!digits(p, v.n, &n)) {
		if (!bu_skel_number(p, v.n, &n))
			return false;
		*one = *one && *p != '0';
	}
	*out = (int64_t)(minus ? 0 - n : n);
	return true;
}

/* The symbol that is named at p. */
static inline struct as_sym *symbol(struct as *as, const char *p, unsigned n, const char *e)
{
	uint64_t v;

	if (n > 2 && p[0] == '.' && p[1] == 'L' && e - p >= 10 && digits(p + 2, n - 2, &v) &&
	    v < as->symtab.cap_counted && as->symtab.counted[v])
		return as->symtab.counted[v];
	return as_sym_hashed(as, p, n, bu_word_hash(p, n, (size_t)(e - p)));
}

static inline unsigned reg(const char *p, struct bu_skel_reg r)
{
	return ((unsigned)p[r.at] & r.mask) | r.is;
}

/* What as_line_at() does, for a line that is one statement. one: no other text has this instruction. */
static inline void note(struct as *as, struct as_sec *s, const struct bu_skel *k, const char *p, bool one, uint64_t w)
{
	uint32_t insn = (uint32_t)s->size - s->last.insn_off, line = as->line - s->last.line + AS_LINE_BIAS;
	size_t indent = (size_t)(p - as->line_start);
	struct bu_buf *b = &s->lines;
	uint64_t rec;

	if (!s->nline || insn - 1 >= AS_INSN_SPAN - 1 || line >= AS_LINE_SPAN || as->line > AS_LINE_MAX ||
	    s->last.file_off != as->file->name_off || b->cap - b->n < sizeof(rec) || as->line_off_known ||
	    indent > 1 || (indent && p[-1] != '\t')) {
		as_line_at(as, p, p + k->n);
		return;
	}
	as_asked_room(as);
	if (!as->no_line_info)
		as_memo_ask(as, as->line_start, k->n + indent, w, one ? k->id << 1 | (uint32_t)indent : 0);
	s->last.line_off = 0;
	s->last.line = as->line;
	s->last.insn_off = (uint32_t)s->size;
	s->last.col = (uint32_t)indent + 1;
	rec = as_line_word(0, s->last.col, line, insn);
	memcpy(b->p + b->n, &rec, sizeof(rec));
	b->n += sizeof(rec);
	s->nline++;
	if (!as->no_line_info)
		as_asked_for(as, s);
}

/* Sources from this size on have a memo; of smaller ones each text is there once. */
#define MEMO_FROM (64u << 10)

static void make_memo(struct as *as, size_t size)
{
	if (as->memo || size < MEMO_FROM || as->no_line_info)
		return;
	as->memo_bits = 12;
	while (as->memo_bits < 16 && size >> as->memo_bits > 16)
		as->memo_bits++;
	as->memo = calloc(((size_t)1 << as->memo_bits) + 1, sizeof(*as->memo));
}

/* The line at p, which has the skeleton k, where code can go. true: it is done. */
static inline bool line(struct as *as, const struct bu_skel *k, const char *p, const char *e, bool records)
{
	const struct bu_shape *t = k->shape;
	unsigned dst = reg(p, k->dst), src = reg(p, k->src);
	struct as_sec *sec = as->cur;
	struct as_sym *sym = NULL, *place = NULL;
	int64_t imm = 0, off = 0;
	bool one = true;
	size_t size = 8;
	uint64_t w;
	uint8_t *to;

	switch (k->user) {
	case IMM_JUMP:
		if (!number(p, k->imm, t->imm.minus, &imm, &one) || imm < t->lo || imm > t->hi)
			return false;
		/* fall through */
	case JUMP:
		sym = symbol(as, p + k->off.at, k->off.n, e);
		if (!sym)
			return false;
		if (as_target_now(as, sym, false, &off)) {
			sym = NULL;
			if (off < INT16_MIN || off > INT16_MAX)
				return false;
		}
		break;
	case IMM_OFF:
		if (!number(p, k->imm, t->imm.minus, &imm, &one) || imm < t->lo || imm > t->hi)
			return false;
		/* fall through */
	case OFF:
		if (!number(p, k->off, t->off.minus, &off, &one) || off < INT16_MIN || off > INT16_MAX)
			return false;
		if (t->user & MEMORY && (t->user & BASE_SRC ? src : dst) == 10 && !stack_ok(off, t->row->width / 8))
			return false;
		break;
	case IMM:
		if (!number(p, k->imm, t->imm.minus, &imm, &one) || imm < t->lo || imm > t->hi)
			return false;
		break;
	case PLAIN:
		break;
	case IMM64:
		if (!number(p, k->imm, t->imm.minus, &imm, &one))
			return false;
		one = false; /* the instruction's first half is not all */
		size = 16;
		break;
	case PLACE64:
		place = k->data;
		if (as->ty || (place->def != DEF_NONE && place->def != DEF_LABEL))
			return false;
		size = 16;
		break;
	default:
		return false;
	}
	to = as_room(as, size);
	if (!to)
		return false;

	/* From here on nothing goes back. */
	as->stmt = as->stmt_src = p;
	as->stmt_n = k->n;
	w = t->base.code | (uint64_t)dst << 8 | (uint64_t)(t->base.src | src) << 12 |
	    (uint64_t)(uint16_t)(t->base.off | off) << 16 | (uint64_t)(uint32_t)(t->base.imm | imm) << 32;
	if (records)
		note(as, sec, k, p, one && !k->names, w);
	else
		as_line_at(as, p, p + k->n);
	if (as->loc_waits)
		as_dwarf_here(as);
	if (sym)
		as_fixup_jump(as, FIX_JMP, t->row, sym, p + k->off.at, k->off.n);
	if (place)
		fix_at(as, FIX_IMM64, t, place, p + k->imm.at, k->imm.n);
	bu_put64(to, false, w);
	if (size == 16)
		bu_put64(to + 8, false, (uint64_t)imm >> 32 << 32);
	as_filled(as, size);
	return true;
}

/* The label at p. Returns what follows it, or p when there is none. */
static const char *label(struct as *as, const char *p, const char *e)
{
	const char *q = p, *next;
	struct as_sym *s;
	size_t n;

	if (!IS(*p, CL_START))
		return p;
	while (IS(*q, CL_IDENT))
		q++;
	n = (size_t)(q - p);
	if (*q != ':')
		return p;
	/* What run() would take for a new line's beginning may be none behind a label. */
	for (next = q + 1; *next == ' ' || *next == '\t' || *next == '\r'; next++)
		;
	if (!IS(*next, CL_IDENT) && *next != '\n' && *next != '*' && *next != ';' &&
	    (*next != '#' || next == q + 1))
		return p;
	s = n < UINT32_MAX ? symbol(as, p, (unsigned)n, e) : NULL;
	if (!s || s->def != DEF_NONE)
		return p;
	as->stmt = as->stmt_src = p;
	as->stmt_n = n + 1;
	as_label_sym(as, s, p, n);
	return next;
}

const char *as_fast(struct as *as, const char *p, const char *e)
{
	unsigned errors = as->ds->errors;
	const struct bu_shape *t;
	const struct bu_skel *k;
	bool whole, records;
	unsigned n;
	struct bu_scan c;

	as->matcher.dialects = as->file->dialects;
	if (as->shapes->dialects != as->matcher.dialects)
		bu_shapes_init(as->shapes, &as->matcher);
	as->scan_at = NULL;
	make_memo(as, (size_t)(e - p));
	if (as->long_way || (as->ty && as->ty->open) || as_too_many(as))
		return p;
	/* Nothing changes these until we return. */
	whole = !as->lang->nmacros && code_here(as->cur);
	records = !as->in_call && !as->verbatim && (as->memo || as->no_line_info);
	while (p < e) { /* an error ends it */
		const char *s = p;

		switch (*p) {
		case ' ':
		case '\t':
		case '\r':
			p++;
			continue;
		case ';':
			p = as->semi ? as_line_end(p) : p + 1;
			continue;
		case '\n':
			p++;
			if (as->in_call)
				continue;
			as->line++;
			if (!(as->line & 0x3fff))
				as_drop(as, p);
			as->line_start = p;
			as->line_off_known = false;
			p += *p == '\t';
			continue;
		case '#':
			p = as_line_end(p);
			continue;
		case '.':
			p = label(as, p, e);
			if (p == s || as->ds->errors != errors)
				return p;
			continue;
		}
		k = whole ? bu_skel_find(as->shapes, p, e, &n) : NULL;
		if (k && line(as, k, p, e, records)) {
			p += n;
			continue;
		}
		if (!bu_shape_scan(as->shapes, p, e, &c)) {
			p = label(as, p, e);
			if (p == s || as->ds->errors != errors)
				return p;
			continue;
		}
		if (as->lang->nmacros && as_is_macro(as, p))
			return p;
		t = bu_shape_find(as->shapes, &c);
		if (!t) { /* as_insn() tells what it is */
			as->scan = c;
			as->scan_at = p;
			return p;
		}
		if (!t->row || !insn(as, t, &c, p))
			return p;
		if (whole && !k)
			learn_line(as, t, &c, p, e);
		p = c.end;
		if (*p == '/')
			p = as_line_end(p);
	}
	return p;
}
