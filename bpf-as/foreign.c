/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Foreign text: what it is, its lines, its instructions. */
#include "bpf-as/foreign.h"

#include <stdio.h>

/* ---------------------------------------------------------------- words */

struct bu_str fr_trim(struct bu_str s)
{
	while (s.n && IS(s.p[0], CL_SPACE))
		s.p++, s.n--;
	while (s.n && IS(s.p[s.n - 1], CL_SPACE))
		s.n--;
	return s;
}

bool fr_begins(struct bu_str t, const char *prefix)
{
	size_t n = strlen(prefix);

	return t.n >= n && !memcmp(t.p, prefix, n);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

bool fr_number(struct bu_str *t, unsigned base, uint64_t *out)
{
	size_t i = 0;
	uint64_t v = 0;

	for (; i < t->n && digit(t->p[i]) < (int)base; i++)
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit(t->p[i]), &v))
			return false;
	t->p += i;
	t->n -= i;
	*out = v;
	return i > 0;
}

size_t fr_hex(struct bu_str *t, uint8_t *out, size_t max)
{
	struct bu_str s = *t;
	size_t n = 0;

	while (n < max && s.n >= 2 && digit(s.p[0]) < 16 && digit(s.p[1]) < 16 &&
	       (s.n == 2 || IS(s.p[2], CL_SPACE))) {
		out[n++] = (uint8_t)(digit(s.p[0]) << 4 | digit(s.p[1]));
		s.p += 2;
		s.n -= 2;
		if (s.n && s.p[0] == ' ')
			s.p++, s.n--;
	}
	if (n)
		*t = fr_trim(s);
	return n;
}

/* ---------------------------------------------------------------- lines */

static bool next_line(struct foreign *fr)
{
	struct as *as = fr->as;
	const char *nl;

	if (fr->failed || fr->next >= fr->end)
		return false;
	nl = memchr(fr->next, '\n', (size_t)(fr->end - fr->next));
	if (!nl)
		nl = fr->end;
	if (fr->next != (const char *)as->file->text.p)
		as->line++;
	as->line_start = fr->next;
	as->line_off_known = false;
	as->stmt = as->stmt_src = fr->next;
	as->stmt_n = (size_t)(nl - fr->next);
	fr->line = fr_trim(bu_str(fr->next, (size_t)(nl - fr->next)));
	fr->next = nl + 1;
	return true;
}

bool fr_line(struct foreign *fr)
{
	while (next_line(fr))
		if (!fr->line.n || fr->line.p[0] != '#')
			return true;
	return false;
}

bool fr_fail(struct foreign *fr, const char *code, const char *p, size_t n, const char *fmt, ...)
{
	char text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!fr->failed)
		as_error(fr->as, code, p, n ? n : 1, "%s", text);
	fr->failed = true;
	return false;
}

void fr_no_raw(struct foreign *fr, const char *pos, size_t n, const char *option)
{
	struct bu_diag *d;

	if (fr->warned)
		return;
	fr->warned = true;
	d = as_warn(fr->as, "A0274", pos, n, "no raw bytes stand beside the text");
	bu_diag_note(fr->as->ds, d, "a tool prints an instruction that it does not know as one that it knows; bytes "
		     "beside the text would tell");
	bu_diag_help(fr->as->ds, d, "%s", option);
}

bool fr_put(struct foreign *fr, const uint8_t *code, size_t n, const char *pos)
{
	struct as *as = fr->as;
	uint64_t from = as->cur->size;

	as_line(as, pos);
	if (!as_put(as, code, n, pos)) {
		fr->failed = true;
		return false;
	}
	as_mark_raw(as, from);
	return true;
}

/* ---------------------------------------------------------------- instructions */

/* Numbers, and names of helpers. */
static size_t operand(void *ctx, struct bu_str s, enum bu_field f, struct bu_operand *out)
{
	const struct bu_helper *h;
	bool neg = false, sign = false;
	struct bu_str t = s;
	uint64_t v;

	(void)ctx;
	while (t.n && (t.p[0] == '+' || t.p[0] == '-' || (sign && t.p[0] == ' '))) {
		neg ^= t.p[0] == '-';
		sign = true;
		t.p++;
		t.n--;
	}
	if (f == BU_FIELD_HELPER && t.n && IS(t.p[0], CL_START)) {
		struct as_cur c = { t.p, t.p + t.n };
		struct bu_str w = as_word(&c);

		h = bu_helper_by_name(w);
		out->val = h ? h->id : 0;
		return h && !sign ? w.n : 0;
	}
	if (t.n > 2 && t.p[0] == '0' && t.p[1] == 'x') {
		t.p += 2;
		t.n -= 2;
		if (!fr_number(&t, 16, &v))
			return 0;
	} else if (!fr_number(&t, 10, &v)) {
		return 0;
	}
	out->relative = sign;
	out->val = (int64_t)(neg ? 0 - v : v);
	return (size_t)(t.p - s.p);
}

bool fr_read(struct foreign *fr, struct bu_str t, struct fr_insn *out)
{
	fr->matcher.operand = operand;
	fr->matcher.dialects = fr->dialects;
	if (bu_isa_match(&fr->matcher, t, &out->m, NULL))
		return false;
	out->slots = bu_match_encode(&out->m, out->in, NULL);
	if (out->slots < 0)
		return false;
	out->half = fr_begins(t, "ld_pseudo");
	fr->dialects = out->m.dialects;
	return true;
}

/* The field that tells a row from its siblings: older tools do not look at all of them. */
static bool key_agrees(const struct bu_isa *row, const struct bu_insn *in)
{
	switch (row->key) {
	case BU_KEY_OFF: return !row->keyval || in->off == row->keyval;
	case BU_KEY_IMM: return (row->sem == BU_SEM_ATOMIC && !row->keyval) || in->imm == row->keyval;
	case BU_KEY_SRC: return !row->keyval || in->src == row->keyval || row->sem == BU_SEM_CALL_LOCAL;
	default: return true;
	}
}

bool fr_agrees(const struct fr_insn *text, const struct bu_insn *in, const struct bu_insn *next)
{
	const struct bu_isa *row = text->m.row;
	const struct bu_insn *t = text->in;

	if (t->code != in->code || !key_agrees(row, in))
		return false;
	if (row->sem == BU_SEM_CALLX) /* old LLVM: the register in imm */
		return t->dst == in->dst || (!in->dst && t->dst == in->imm) || !t->dst;
	if ((row->uses & BU_USES_DST) && t->dst != in->dst)
		return false;
	if ((row->uses & BU_USES_SRC) && row->key != BU_KEY_SRC && t->src != in->src)
		return false;
	if ((row->uses & BU_USES_OFF) && row->key != BU_KEY_OFF && text->m.off.present && t->off != in->off)
		return false;
	if (row->sem == BU_SEM_LD_IMM64 && text->m.imm.present)
		return t[0].imm == in->imm && (!next || text->half || t[1].imm == next->imm);
	if ((text->m.imm.present || text->m.x.present) && row->key != BU_KEY_IMM)
		return t->imm == in->imm;
	return true;
}

int fr_order(struct foreign *fr, struct bu_str text, const uint8_t *code, size_t n)
{
	struct bu_insn in[2][2] = { 0 };
	uint32_t dialects = fr->dialects;
	struct fr_insn t;
	bool ok[2], read;

	read = fr_read(fr, text, &t);
	fr->dialects = dialects;
	if (!read)
		return -1;
	for (int be = 0; be < 2; be++) {
		bu_insn_decode(&in[be][0], code, be);
		if (n == 16)
			bu_insn_decode(&in[be][1], code + 8, be);
		ok[be] = fr_agrees(&t, in[be], n == 16 ? &in[be][1] : NULL);
	}
	return ok[0] == ok[1] ? -1 : ok[1];
}

/* ---------------------------------------------------------------- what it is */

/* "12: (b7) r0 = 1", also with "12: .1........ " before the opcode. */
static bool kernel_line(struct bu_str t, bool *live)
{
	uint64_t v;

	if (!fr_number(&t, 10, &v) || !fr_begins(t, ": "))
		return false;
	t = fr_trim(bu_str(t.p + 1, t.n - 1));
	*live = t.n > 10 && (t.p[0] == '.' || digit(t.p[0]) < 10) && t.p[0] != '(';
	if (*live) {
		const char *sp = memchr(t.p, ' ', t.n);

		t = sp ? fr_trim(bu_str(sp, t.n - (size_t)(sp - t.p))) : bu_str(t.p, 0);
	}
	return t.n > 4 && t.p[0] == '(' && digit(t.p[1]) < 16 && digit(t.p[2]) < 16 && t.p[3] == ')';
}

static bool log_sign(struct bu_str t)
{
	return fr_begins(t, "func#") || fr_begins(t, "Live regs before insn") || fr_begins(t, "0: R1=") ||
	       fr_begins(t, "libbpf: prog ") || fr_begins(t, "processed ") || fr_begins(t, "arg#");
}

static bool has(struct bu_str t, const char *what)
{
	return memmem(t.p, t.n, what, strlen(what)) != NULL;
}

/* Not after a line that only our own language has: its comments may quote anything. */
static enum fr_kind recognise(const struct as_file *f)
{
	const char *p = (const char *)f->text.p, *e = p + f->text.n, *nl;
	bool live, log = false;

	/* Comments with # may stand in front. */
	for (unsigned i = 0; i < 300 && p < e; i++, p = nl + 1) {
		struct bu_str t;

		nl = memchr(p, '\n', (size_t)(e - p));
		if (!nl)
			nl = e;
		t = fr_trim(bu_str(p, (size_t)(nl - p)));
		if (!t.n || t.p[0] == '#')
			continue;
		if (t.p[0] == '/' || (t.n > 1 && t.p[0] == '.' && IS(t.p[1], CL_START)))
			return FR_NONE;
		if (kernel_line(t, &live))
			return live || log || memchr(t.p, ';', t.n) ? FR_LOG : FR_XLATED;
		log |= log_sign(t);
		if (has(t, ":\tfile format elf64-bpf") || has(t, ":     file format elf64-bpf") ||
		    (fr_begins(t, "Disassembly of section ") && t.p[t.n - 1] == ':'))
			return FR_OBJDUMP;
	}
	return FR_NONE;
}

bool as_foreign(struct as *as, struct as_file *f)
{
	struct foreign fr = { .as = as, .dialects = BU_DIALECTS_PSEUDOC | 1u << BU_DIALECT_GNU };

	fr.kind = recognise(f);
	if (fr.kind == FR_NONE)
		return false;
	fr.next = (const char *)f->text.p;
	fr.end = fr.next + f->text.n;
	as->file = f;
	as->line = 1;
	as->last_label = NULL;
	switch (fr.kind) {
	case FR_OBJDUMP: fr_objdump(&fr); break;
	case FR_XLATED: fr_xlated(&fr); break;
	default: fr_log(&fr);
	}
	as->stmt = as->stmt_src = NULL;
	return true;
}
