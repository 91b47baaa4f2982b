/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's disassembler prints: bpftool's xlated dumps and the verifier's log.
 *
 *   int prog(void * ctx):                           xlated: a function begins
 *   ; return 2; [file:x.c line_num:3 line_col:2]            source
 *      2: (18) r1 = map[id:7]
 *         18 11 00 00 07 00 00 00 …                        with opcodes
 *
 *   Live regs before insn:                          log, level 2: all of the program
 *         2: .1........ (18) r1 = 0xffff88814b228c00
 *   2: (18) r1 = 0xffff88814b228c00   ; R1=map_ptr(map=h,ks=4,vs=8)    what was walked, with states
 *
 * The instructions are collected by number; then each must be there, once with one meaning. What the
 * kernel put in place of what was loaded, and what it does not print, is refused with the reason.
 */
#include <stdio.h>

#include "bpf-as/foreign.h"

#define MAX_INSNS (1u << 20)

enum row_ref { REF_NONE, REF_MAP_ID, REF_VALUE_ID, REF_NAME };

struct row {
	struct bu_insn in[2];
	uint8_t slots;           /* 0: not there; 3: the second slot of the one before */
	uint8_t ref;             /* enum row_ref */
	bool settled;            /* LD_IMM64 of a log: its state was seen */
	bool unknown;            /* the tool did not know it: the bytes have to follow */
	uint32_t id, add;        /* of the map; bytes from the value's start */
	struct bu_str name;      /* REF_NAME */
	struct bu_str text;
	uint32_t line;
	const char *line_start;
};

struct kernel {
	struct foreign *fr;
	struct row *row;
	size_t nrow, cap;
	struct { struct bu_str name; uint32_t at; } func[256];
	unsigned nfunc;
	struct bu_str name;      /* of the program, as the log says */
	uint32_t cur;            /* of the last instruction line */
	bool have_cur, order_known;
};

/* ---------------------------------------------------------------- one instruction's text */

static bool refuse(struct kernel *k, struct bu_str t, const char *why)
{
	return fr_fail(k->fr, "A0276", t.p, t.n, "%s", why);
}

/* "NAME" at the start of t up to one of the characters of stop. */
static struct bu_str until(struct bu_str t, const char *stop)
{
	size_t i = 0;

	while (i < t.n && !strchr(stop, t.p[i]))
		i++;
	return bu_str(t.p, i);
}

static struct bu_str skip(struct bu_str t, size_t n)
{
	return n <= t.n ? bu_str(t.p + n, t.n - n) : bu_str(t.p + t.n, 0);
}

/* "[+-]N", to the end of t. */
static bool signed_all(struct bu_str t, int64_t *v)
{
	bool neg = t.n && t.p[0] == '-';
	uint64_t u;

	if (t.n && (t.p[0] == '+' || neg))
		t = skip(t, 1);
	if (!fr_number(&t, 10, &u) || t.n || u > INT32_MAX)
		return false;
	*v = neg ? -(int64_t)u : (int64_t)u;
	return true;
}

/* rD = VALUE of ld_imm64, behind the "=". */
static bool wide_value(struct kernel *k, struct row *r, struct bu_str t)
{
	uint64_t v = 0, add = 0;
	struct bu_str s;
	int64_t delta;

	if (fr_begins(t, "0x")) {
		s = skip(t, 2);
		if (!fr_number(&s, 16, &v) || s.n)
			return fr_fail(k->fr, "A0272", t.p, t.n, "not a number");
		r->in[0].imm = (int32_t)v;
		r->in[1].imm = (int32_t)(v >> 32);
		return true;
	}
	if (fr_begins(t, "map[id:")) {
		s = skip(t, 7);
		if (!fr_number(&s, 10, &v) || !fr_begins(s, "]") || !v || v > INT32_MAX)
			return fr_fail(k->fr, "A0272", t.p, t.n, "not a map's id");
		r->id = (uint32_t)v;
		r->ref = REF_MAP_ID;
		s = skip(s, 1);
		if (!s.n)
			return true;
		if (!fr_begins(s, "[0]+") || (s = skip(s, 4), !fr_number(&s, 10, &add)) || s.n ||
		    add > INT32_MAX)
			return fr_fail(k->fr, "A0272", t.p, t.n, "not a place in a map");
		r->ref = REF_VALUE_ID;
		r->add = (uint32_t)add;
		r->in[0].src = BU_PSEUDO_MAP_VALUE;
		r->in[1].imm = (int32_t)add;
		return true;
	}
	if (fr_begins(t, "subprog[")) {
		s = skip(t, 8);
		if (!s.n || s.p[s.n - 1] != ']' || !signed_all(bu_str(s.p, s.n - 1), &delta))
			return fr_fail(k->fr, "A0272", t.p, t.n, "not a function's distance");
		r->in[0].src = BU_PSEUDO_FUNC;
		r->in[0].imm = (int32_t)delta;
		return true;
	}
	return refuse(k, t, "the kernel does not say what this 64-bit constant is");
}

static bool wide(struct kernel *k, struct row *r, struct bu_str t)
{
	struct bu_str s = t;
	uint64_t reg;

	r->slots = 2;
	if (!fr_begins(s, "r") || (s = skip(s, 1), !fr_number(&s, 10, &reg)) || reg > 10 ||
	    !fr_begins(s, " = "))
		return fr_fail(k->fr, "A0272", t.p, t.n, "not an instruction");
	r->in[0] = (struct bu_insn){ .code = BU_OP_LD_IMM64, .dst = (uint8_t)reg };
	return wide_value(k, r, skip(s, 3));
}

/* "call pc+18#name", "call bpf_x#5" */
static bool call(struct kernel *k, struct row *r, struct bu_str t)
{
	struct bu_str name = until(skip(t, 5), "#"), num;
	const struct bu_helper *h;
	int64_t v;

	r->slots = 1;
	r->in[0] = (struct bu_insn){ .code = BU_OP_CALL };
	if (fr_begins(name, "pc+") || fr_begins(name, "pc-")) {
		if (!signed_all(skip(name, 2), &v))
			return fr_fail(k->fr, "A0272", t.p, t.n, "not an instruction");
		r->in[0].src = BU_CALL_LOCAL;
		r->in[0].imm = (int32_t)v;
		return true;
	}
	num = skip(t, 5 + name.n + 1);
	h = bu_helper_by_name(name);
	if (!signed_all(num, &v))
		return fr_fail(k->fr, "A0272", t.p, t.n, "not an instruction");
	/* After the kernel's changes the number is an address; the name says which helper it was. */
	if (h && (h->id == v || k->fr->kind == FR_XLATED)) {
		r->in[0].imm = h->id;
		return true;
	}
	if (k->fr->kind == FR_XLATED)
		return refuse(k, t, "the kernel has put one of its own functions here: what was loaded is not in this dump");
	return refuse(k, t, "a kernel function by its BTF id: the log does not say of which BTF");
}

static bool text(struct kernel *k, struct row *r, uint8_t code, struct bu_str t)
{
	struct fr_insn x;

	r->text = t;
	if (fr_begins(t, "nospec") || fr_begins(t, "BUG_") || memmem(t.p, t.n, "(null)", 6) ||
	    memmem(t.p, t.n, "__percpu", 8))
		return refuse(k, t, "a form that the kernel makes for itself and no program can hold");
	if (code == BU_OP_LD_IMM64)
		return wide(k, r, t);
	if (code == BU_OP_CALL && fr_begins(t, "call "))
		return call(k, r, t);
	if (code == BU_OP_CALLX)
		return refuse(k, t, "the register of a call by register is not printed");
	k->fr->dialects = BU_DIALECTS_PSEUDOC;
	if (!fr_read(k->fr, t, &x))
		return fr_fail(k->fr, "A0272", t.p, t.n, "not an instruction");
	if (x.in[0].code != code)
		return fr_fail(k->fr, "A0275", t.p, t.n, "the text is opcode 0x%02x, not the 0x%02x before it",
			       x.in[0].code, code);
	r->in[0] = x.in[0];
	r->slots = 1;
	return true;
}

/* ---------------------------------------------------------------- the program by number */

static struct row *row_at(struct kernel *k, uint32_t i)
{
	struct as *as = k->fr->as;

	while (i >= k->nrow) {
		struct row *v;

		if (k->nrow == k->cap) {
			v = bu_arena_grow(&as->arena, k->row, k->nrow, &k->cap, sizeof(*v));
			if (!v)
				return NULL;
			k->row = v;
		}
		memset(&k->row[k->nrow++], 0, sizeof(*k->row));
	}
	return &k->row[i];
}

static bool same(const struct row *a, const struct row *b)
{
	return a->slots == b->slots && a->in[0].code == b->in[0].code && a->in[0].dst == b->in[0].dst &&
	       a->in[0].off == b->in[0].off &&
	       (a->slots == 2 || (a->in[0].src == b->in[0].src && a->in[0].imm == b->in[0].imm));
}

/* Enters what one line says. Several lines of a log say the same instruction. */
static bool enter(struct kernel *k, uint32_t i, const struct row *r)
{
	struct as *as = k->fr->as;
	struct row *at, *second;

	/* Each instruction has a line: what is beyond that is not there, and needs no memory. */
	if (i > as->file->text.n / 8)
		return fr_fail(k->fr, "A0277", r->text.p, r->text.n, "the text has not so many lines that this could be "
			       "instruction %u", i);
	if (i + 1 >= MAX_INSNS)
		return fr_fail(k->fr, "A0271", r->text.p, r->text.n, "more than %u instructions", MAX_INSNS);
	if (!row_at(k, i + (r->slots == 2)))
		return false;
	at = &k->row[i];
	if (at->slots && !same(at, r))
		return fr_fail(k->fr, "A0271", r->text.p, r->text.n, "instruction %u was another one above", i);
	if (!at->slots) {
		*at = *r;
		at->line = as->line;
		at->line_start = as->line_start;
	}
	if (r->slots == 2) {
		second = &k->row[i + 1];
		if (second->slots && second->slots != 3)
			return fr_fail(k->fr, "A0271", r->text.p, r->text.n,
				       "instruction %u takes two slots, and the second holds another one", i);
		second->slots = 3;
	}
	k->cur = i;
	k->have_cur = true;
	return true;
}

/* Where instruction i goes besides to the next one; false: nowhere. *next: does it go on? */
static bool goes_to(const struct row *r, uint32_t i, int64_t *to, bool *next)
{
	const struct bu_insn *in = r->in;
	unsigned cls = in->code & 7;

	*next = in->code != BU_OP_EXIT && in->code != BU_OP_JA && in->code != BU_OP_JA32 && in->code != 0x0d;
	if (in->code == BU_OP_LD_IMM64 && in->src == BU_PSEUDO_FUNC)
		return *to = (int64_t)i + 1 + in->imm, true;
	if (cls != 5 && cls != 6)
		return false;
	if (in->code == BU_OP_CALL && in->src != BU_CALL_LOCAL)
		return false;
	if (in->code == BU_OP_EXIT || in->code == 0x0d)
		return false;
	*to = (int64_t)i + 1 + (in->code == BU_OP_CALL || in->code == BU_OP_JA32 ? in->imm : in->off);
	return true;
}

/* Every instruction up to the last that anything leads to must be there. */
static bool complete(struct kernel *k)
{
	struct bu_buf missing = { 0 };
	unsigned n = 0;
	int64_t to, last = 0;
	bool next;

	for (uint32_t i = 0; i < k->nrow; i++) {
		const struct row *r = &k->row[i];

		if (r->slots == 1 || r->slots == 2) {
			if (goes_to(r, i, &to, &next) && to > last)
				last = to;
			if (next && (int64_t)i + r->slots > last)
				last = (int64_t)i + r->slots;
		}
	}
	if (last >= MAX_INSNS || last < (int64_t)k->nrow - 1)
		last = (int64_t)k->nrow - 1;
	for (uint32_t i = 0; i <= (uint32_t)last; i++)
		if (i >= k->nrow || !k->row[i].slots) {
			if (n++ < 20)
				bu_buf_printf(&missing, "%s%u", n > 1 ? ", " : "", i);
		}
	if (n)
		fr_fail(k->fr, "A0277", k->row[0].slots ? k->row[0].text.p : NULL, 1,
			"instruction%s %s%s %s not in the text", n > 1 ? "s" : "", bu_buf_cstr(&missing),
			n > 20 ? " …" : "", n > 1 ? "are" : "is");
	bu_buf_free(&missing);
	return !n;
}

/* ---------------------------------------------------------------- out */

static bool reference(struct kernel *k, const struct row *r)
{
	struct as *as = k->fr->as;
	struct as_reloc *v;
	struct as_sym *s;
	struct as_fix *f;

	if (r->ref == REF_MAP_ID) {
		f = as_fixup(as, FIX_MAP, r->text.p, r->text.n);
		if (f)
			f->expr = r->id;
		return f != NULL;
	}
	s = r->ref == REF_NAME ? as_sym(as, r->name.p, r->name.n) : NULL;
	if (r->ref == REF_VALUE_ID) {
		char name[24];

		snprintf(name, sizeof(name), "map#%u", r->id);
		s = as_sym(as, name, strlen(name));
	}
	v = s ? bu_arena_grow(&as->arena, as->rel, as->nrel, &as->cap_rel, sizeof(*v)) : NULL;
	if (!v)
		return false;
	s->is_extern = true;
	s->used = true;
	if (!s->x->use)
		as_symx(as, s)->use = r->text.p;
	as->rel = v;
	v[as->nrel++] = (struct as_reloc){ .sec = as->cur, .off = as->cur->size, .type = BU_R_BPF_64_64,
					   .sym = s, .add = r->ref == REF_NAME ? r->add : 0,
					   .keep = r->ref == REF_VALUE_ID,
					   .pos = r->text.p, .len = (uint32_t)r->text.n };
	return true;
}

/* What is called is static: whether it was global the text does not tell, and callbacks must be. */
static void function(struct kernel *k, struct bu_str name, bool first)
{
	struct as *as = k->fr->as;
	struct as_sym *s = as_sym_find(as, name.p, name.n);

	if (!s || s->def == DEF_NONE) {
		as_label(as, name.p, name.n);
		s = as_sym_find(as, name.p, name.n);
		if (s && s->def == DEF_LABEL) {
			s->type = STT_FUNC;
			s->type_given = true;
			s->bind_given = true;
			s->bind = first ? STB_GLOBAL : STB_LOCAL;
			s->called = !first;
		}
	}
}

/* Functions that calls lead to and that have no name: sub_N. */
static bool functions(struct kernel *k, uint8_t *starts)
{
	for (uint32_t i = 0; i < k->nrow; i++) {
		const struct bu_insn *in = k->row[i].in;
		int64_t to;
		bool next;

		if (k->row[i].slots != 1 && k->row[i].slots != 2)
			continue;
		if (((in->code == BU_OP_CALL && in->src == BU_CALL_LOCAL) || in->code == BU_OP_LD_IMM64) &&
		    goes_to(&k->row[i], i, &to, &next)) {
			if (to < 0 || to >= (int64_t)k->nrow || k->row[to].slots == 3)
				return fr_fail(k->fr, "A0271", k->row[i].text.p, k->row[i].text.n,
					       "this leads out of the program");
			starts[to] = 1;
		}
	}
	return true;
}

static bool emit(struct kernel *k)
{
	struct foreign *fr = k->fr;
	struct as *as = fr->as;
	uint8_t *starts, code[16];
	unsigned f = 0;

	if (fr->failed || !k->nrow)
		return !fr->failed;
	starts = bu_arena_array(&as->arena, k->nrow + 1, 1);
	if (!starts || !complete(k) || !functions(k, starts))
		return false;
	for (uint32_t i = 0; i < k->nrow; i++) {
		const struct row *r = &k->row[i];
		char name[16];

		if (r->slots == 3)
			continue;
		as->line = r->line;
		as->line_start = r->line_start;
		as->line_off_known = false;
		while (f < k->nfunc && k->func[f].at < i)
			f++;
		snprintf(name, sizeof(name), "sub_%u", i);
		if (f < k->nfunc && k->func[f].at == i)
			function(k, k->func[f].name, !i);
		else if (!i)
			function(k, k->name.n ? k->name : bu_str_c("prog"), true);
		else if (starts[i])
			function(k, bu_str_c(bu_arena_strdup(&as->arena, name)), false);
		if (r->ref && !reference(k, r))
			return false;
		for (int s = 0; s < r->slots; s++)
			bu_insn_encode(code + 8 * s, &r->in[s], as->be);
		if (!fr_put(fr, code, (size_t)r->slots * 8, r->text.p))
			return false;
	}
	k->nrow = k->nfunc = 0;
	k->have_cur = false;
	return true;
}

/* Where the program goes: the section of the including source, or one of its own. */
static bool place(struct kernel *k)
{
	struct as *as = k->fr->as;

	if (as->cur->kind == SEC_TEXT && !as->cur->size)
		as_switch(as, as_section(as, "prog", 4, NULL));
	return as->cur && (as->cur->flags & SHF_EXECINSTR) && !(as->cur->size % 8);
}

/* ---------------------------------------------------------------- xlated */

/* The raw bytes under an instruction. */
static bool raw_line(struct kernel *k, struct bu_str t)
{
	struct foreign *fr = k->fr;
	struct row *r = &k->row[k->cur];
	struct bu_str rest = t;
	struct bu_insn in[2] = { 0 };
	uint8_t code[16] = { 0 };
	size_t n = fr_hex(&rest, code, 16);
	struct fr_insn x;
	bool ok;
	int be;

	if (r->unknown) {
		r->unknown = false;
		bu_insn_decode(&r->in[0], code, fr->as->be);
		if (n == 8 && !rest.n && r->in[0].code != BU_OP_LD_IMM64 && bu_isa_find(&r->in[0]))
			return true;
		return refuse(k, r->text, "a form that the kernel makes for itself and no program can hold");
	}
	if (n != (size_t)r->slots * 8 || rest.n)
		return fr_fail(fr, "A0270", t.p, t.n, "not the bytes of the instruction above");
	if (!k->order_known && (be = fr_order(fr, r->text, code, n)) >= 0) {
		k->order_known = true;
		fr->as->be = fr->as->gen.be = be;
	}
	bu_insn_decode(&in[0], code, fr->as->be);
	bu_insn_decode(&in[1], code + 8, fr->as->be);
	if (r->ref)
		ok = in[0].code == r->in[0].code && in[0].dst == r->in[0].dst && (uint32_t)in[0].imm == r->id;
	else if (r->in[0].code == BU_OP_CALL) /* the kernel has put an address, or a function's number, there */
		ok = in[0].code == BU_OP_CALL && in[0].src == r->in[0].src;
	else if (r->in[0].code == BU_OP_LD_IMM64)
		ok = in[0].dst == r->in[0].dst && in[0].imm == r->in[0].imm && in[1].imm == r->in[1].imm;
	else
		ok = fr_read(fr, r->text, &x) && fr_agrees(&x, &in[0], NULL) && bu_isa_find(&in[0]);
	if (!ok)
		return fr_fail(fr, "A0275", t.p, t.n, "these bytes are not what the text above is");
	if (!r->ref && r->in[0].code == BU_OP_LD_IMM64 && in[0].src && in[0].src != BU_PSEUDO_FUNC)
		return refuse(k, r->text, "the kernel has put an address of its own here: what was loaded is not in this dump");
	if (!r->ref && r->in[0].code != BU_OP_CALL) {
		r->in[0] = in[0];
		if (r->slots == 2)
			r->in[1] = in[1];
	}
	return true;
}

/* "int prog(void * ctx):" -> prog */
static bool prototype(struct kernel *k, struct bu_str t)
{
	struct bu_str name = until(t, "(");

	if (t.n < 4 || t.p[t.n - 1] != ':' || t.p[t.n - 2] != ')' || name.n == t.n)
		return false;
	for (size_t i = name.n; i--;)
		if (!IS(name.p[i], CL_IDENT)) {
			name = skip(name, i + 1);
			break;
		}
	if (!name.n || k->nfunc == BU_ARRAY_SIZE(k->func))
		return false;
	k->func[k->nfunc].name = name;
	k->func[k->nfunc++].at = (uint32_t)k->nrow;
	return true;
}

static bool is_insn(struct bu_str t, uint64_t *i, uint8_t *code, struct bu_str *rest)
{
	struct bu_str s = t, h;
	uint64_t v;

	if (!fr_number(&s, 10, i) || !fr_begins(s, ":"))
		return false;
	s = fr_trim(skip(s, 1));
	if (s.n && s.p[0] != '(') { /* the live registers */
		h = until(s, " ");
		if (h.n < 10)
			return false;
		for (size_t c = 0; c < h.n; c++)
			if (h.p[c] != '.' && !IS(h.p[c], CL_DIGIT))
				return false;
		s = fr_trim(skip(s, h.n));
	}
	if (s.n < 4 || s.p[0] != '(' || s.p[3] != ')')
		return false;
	h = bu_str(s.p + 1, 2);
	if (!fr_number(&h, 16, &v) || h.n)
		return false;
	*code = (uint8_t)v;
	*rest = fr_trim(skip(s, 4));
	return *i < MAX_INSNS;
}

/* "22: BUG_alu64_d7" of a bpftool that is older than the instruction. */
static bool is_unknown(struct bu_str t, uint64_t *i, struct row *r)
{
	struct bu_str s = t;

	if (!fr_number(&s, 10, i) || !fr_begins(s, ": BUG_"))
		return false;
	*r = (struct row){ .slots = 1, .unknown = true, .text = skip(s, 2) };
	return true;
}

/* Without bytes: the text may be of a bpftool that is older than the instruction. */
static void no_bytes(struct kernel *k)
{
	const struct row *r = k->nrow ? &k->row[k->cur] : NULL;

	if (!r || !k->have_cur)
		return;
	if (r->unknown)
		refuse(k, r->text, "the tool did not know this instruction, and its bytes do not follow");
	else
		fr_no_raw(k->fr, r->text.p, r->text.n, "dump with 'opcodes'");
}

bool fr_xlated(struct foreign *fr)
{
	struct kernel k = { .fr = fr };
	uint8_t code;
	uint64_t i;

	if (!place(&k))
		return fr_fail(fr, "A0122", fr->next, 1, "no section with code is open here");
	while (fr_line(fr)) {
		struct row r = { 0 };
		struct bu_str t = fr->line, rest;

		if (!t.n || t.p[0] == ';')
			continue;
		if (is_insn(t, &i, &code, &rest) || is_unknown(t, &i, &r)) {
			no_bytes(&k);
			if (i != k.nrow)
				return fr_fail(fr, "A0271", t.p, t.n, "instruction %u should come here, not %llu",
					       (unsigned)k.nrow, (unsigned long long)i);
			if ((!r.unknown && !text(&k, &r, code, rest)) || !enter(&k, (uint32_t)i, &r))
				return false;
		} else if (k.have_cur && t.n >= 23 && t.p[2] == ' ') {
			if (!raw_line(&k, t))
				return false;
			k.have_cur = false;
		} else if (!prototype(&k, t)) {
			return fr_fail(fr, "A0270", t.p, t.n, "not a line of a xlated dump");
		}
	}
	no_bytes(&k);
	return emit(&k);
}

/* ---------------------------------------------------------------- the verifier's log */

/* What state says of register reg: the text behind "Rn=" to the next blank outside parentheses. */
static struct bu_str of_reg(struct bu_str state, unsigned reg)
{
	char want[8];
	int n = snprintf(want, sizeof(want), "R%u", reg);

	for (size_t i = 0; i + (size_t)n < state.n; i++) {
		size_t e = i + (size_t)n;

		if ((i && !IS(state.p[i - 1], CL_SPACE)) || memcmp(state.p + i, want, (size_t)n))
			continue;
		if (state.p[e] == '_' && e + 2 < state.n) /* R1_w= */
			e += 2;
		if (e < state.n && state.p[e] == '=')
			return until(skip(state, e + 1), " ");
	}
	return bu_str(state.p, 0);
}

/* "KEY=VALUE" inside the parentheses of a state. */
static struct bu_str attr(struct bu_str s, const char *key)
{
	const char *at = memmem(s.p, s.n, key, strlen(key));

	if (!at || at == s.p || (at[-1] != '(' && at[-1] != ','))
		return bu_str(s.p, 0);
	return until(skip(s, (size_t)(at - s.p) + strlen(key)), ",)");
}

/* A 64-bit constant by the state behind it: a map's address, a place in a map, a function, a number. */
static bool settle(struct kernel *k, struct row *r, struct bu_str state)
{
	struct bu_str v = of_reg(state, r->in[0].dst), name, off;
	uint64_t add = 0;

	if (!v.n || r->settled)
		return true;
	if (fr_begins(v, "map_ptr(") || fr_begins(v, "map_value(")) {
		name = attr(v, "map=");
		if (!name.n)
			return refuse(k, v, "this kernel's log does not name the map");
		off = attr(v, "off=");
		if (!off.n)
			off = attr(v, "imm=");
		if (off.n && !fr_number(&off, off.n > 2 && off.p[1] == 'x' ? 16 : 10, &add))
			return refuse(k, v, "a place before the start of the map's value");
		r->ref = REF_NAME;
		r->name = name;
		r->add = fr_begins(v, "map_ptr(") ? 0 : (uint32_t)add;
		r->in[0].imm = (int32_t)r->add;
		r->in[1].imm = 0;
	} else if (fr_begins(v, "func(")) {
		r->in[0].src = BU_PSEUDO_FUNC;
		r->in[1].imm = 0;
	} else if (!IS(v.p[0], CL_DIGIT) && v.p[0] != '-' && !fr_begins(v, "scalar") && !fr_begins(v, "P") &&
		   !fr_begins(v, "inv")) {
		return refuse(k, v, "an address of the kernel that is neither a map's nor a function's");
	}
	r->settled = true;
	return true;
}

static bool log_insn(struct kernel *k, uint64_t i, uint8_t code, struct bu_str t)
{
	const char *semi = memchr(t.p, ';', t.n);
	struct bu_str state = bu_str(t.p, 0);
	struct row r = { 0 };

	if (semi) {
		state = fr_trim(skip(t, (size_t)(semi - t.p) + 1));
		t = fr_trim(bu_str(t.p, (size_t)(semi - t.p)));
	}
	if (!text(k, &r, code, t) || !enter(k, (uint32_t)i, &r))
		return false;
	return r.slots != 2 || settle(k, &k->row[i], state);
}

/*
 * A constant that no state explains is one unless it looks like an address of a 64-bit kernel. The last
 * page holds none: there are the errors that pointers can be.
 */
static bool addresses(struct kernel *k)
{
	for (size_t i = 0; i < k->nrow; i++) {
		struct row *r = &k->row[i];

		if (r->slots == 2 && !r->settled && (uint32_t)r->in[1].imm >> 16 == 0xffff &&
		    ((uint32_t)r->in[1].imm != UINT32_MAX || (uint32_t)r->in[0].imm < 0xfffff000))
			return refuse(k, r->text, "the log does not say what this address is: the verifier did not come here");
	}
	return true;
}

static bool log_end(struct kernel *k)
{
	return addresses(k) && emit(k);
}

bool fr_log(struct foreign *fr)
{
	struct kernel k = { .fr = fr };
	struct bu_str rest;
	uint8_t code;
	uint64_t i;

	if (!place(&k))
		return fr_fail(fr, "A0122", fr->next, 1, "no section with code is open here");
	while (fr_line(fr)) {
		struct bu_str t = fr->line;
		const char *begin = memmem(t.p, t.n, "BEGIN PROG LOAD LOG", 19);
		const char *prog = begin ? memmem(t.p, t.n, "prog '", 6) : NULL;

		if (begin) {
			if (!log_end(&k))
				return false;
			k.name = prog ? until(skip(t, (size_t)(prog - t.p) + 6), "'") : bu_str(t.p, 0);
		} else if (is_insn(t, &i, &code, &rest)) {
			if (!log_insn(&k, i, code, rest))
				return false;
		}
	}
	return !fr->failed && log_end(&k);
}
