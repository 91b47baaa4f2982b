/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What no kernel loads, said here with the line: jumps out of the function or into the middle of
 * an instruction, code that runs off its end, code that belongs to no function. Code written as
 * data or by .insn is exempt.
 */
#include "bpf-as/as.h"

#define OP_GOTOX 0x0d

/* The statement that made the instruction at off. */
const char *as_insn_place(struct as *as, const struct as_sec *s, uint64_t off)
{
	struct as_lines it = as_lines(s);
	struct bu_line_info l = { 0 };

	if (!as_lines_next(&it))
		return s->pos;
	do
		l = it.l;
	while (as_lines_next(&it) && it.l.insn_off <= off);
	for (size_t i = 0; i < as->nfiles; i++)
		if (as->files[i]->name_off == l.file_off)
			return as_line_pos(as->files[i], l.line, l.col);
	return NULL;
}

size_t as_statement_len(const char *p)
{
	size_t n = 0;

	while (p && p[n] && p[n] != '\n' && p[n] != ';' && !(p[n] == '/' && p[n + 1] == '/') &&
	       !(p[n] == '/' && p[n + 1] == '*') && !(p[n] == '#' && n && IS(p[n - 1], CL_SPACE)))
		n++;
	while (n && IS(p[n - 1], CL_SPACE))
		n--;
	return n ? n : 1;
}

bool as_is_raw(const struct as_sec *s, uint64_t off)
{
	size_t lo = 0, hi = s->nraw;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (off < s->raw[mid].from)
			hi = mid;
		else if (off >= s->raw[mid].to)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

/* Second slots of ld_imm64: a bit each. */
static uint8_t *second_slots(struct as *as, const struct as_sec *s)
{
	uint64_t n = s->size / 8;
	uint8_t *bits = bu_arena_array(&as->arena, n / 8 + 1, 1);

	for (uint64_t i = 0; bits && i + 1 < n; i++)
		if (s->buf.p[i * 8] == BU_OP_LD_IMM64) {
			i++;
			bits[i / 8] |= (uint8_t)(1u << (i % 8));
		}
	return bits;
}

static void check_jump(struct as *as, const struct as_sec *s, const uint8_t *second, uint64_t i,
		       int64_t target, int64_t lo, int64_t hi, const struct as_sym *f)
{
	const char *p = NULL, *t;
	struct bu_diag *d;

	if (target >= lo && target < hi && !(second[target / 8] & (1u << (target % 8))))
		return;
	if (as_is_raw(s, i * 8))
		return;
	if (as_lint_untold(as, target < 0 || target >= (int64_t)(s->size / 8) ? LINT_JUMP_SECTION :
			      second[target / 8] & (1u << (target % 8)) ? LINT_JUMP_MIDDLE : LINT_JUMP_OUT))
		return;
	p = as_insn_place(as, s, i * 8);
	if (target < 0 || target >= (int64_t)(s->size / 8)) {
		as_lint(as, LINT_JUMP_SECTION, p, as_statement_len(p), "jump %s section '%s'",
			 target < 0 ? "before the start of" : "past the end of", s->name);
		return;
	}
	t = as_insn_place(as, s, (uint64_t)target * 8);
	if (second[target / 8] & (1u << (target % 8))) {
		d = as_lint(as, LINT_JUMP_MIDDLE, p, as_statement_len(p), "jump into the middle of an instruction");
		if (t)
			as_span(as, d, t, as_statement_len(t), "this takes two slots");
		bu_diag_help(as->ds, d, "a label is safer than a number of instructions");
		return;
	}
	d = as_lint(as, LINT_JUMP_OUT, p, as_statement_len(p), "jump out of function '%s'", f->name);
	if (t)
		as_span(as, d, t, as_statement_len(t), "to here");
	bu_diag_note(as->ds, d, "a jump stays in its function; 'call' reaches another one");
}

static void check_range(struct as *as, const struct as_sec *s, const uint8_t *second, uint64_t from,
			uint64_t to, const struct as_sym *f)
{
	/* Outside a function only the section bounds a jump. */
	int64_t lo = f ? (int64_t)from : 0, hi = f ? (int64_t)to : (int64_t)(s->size / 8);
	struct bu_insn in = { 0 };
	struct bu_diag *d;
	const char *p;
	uint64_t i, last = from;

	for (i = from; i < to; i++) {
		const uint8_t *b = s->buf.p + i * 8;
		unsigned cls = *b & 7, op = *b >> 4;

		last = i;
		if (*b == BU_OP_LD_IMM64) {
			i++;
			continue;
		}
		if (cls != 5 && cls != 6)
			continue;
		if (*b == BU_OP_JA32)
			check_jump(as, s, second, i, (int64_t)i + 1 + (int32_t)bu_get32(b + 4, as->be), lo,
				   hi, f);
		else if (op != 8 && op != 9 && *b != OP_GOTOX) /* not call, exit, gotox */
			check_jump(as, s, second, i, (int64_t)i + 1 + (int16_t)bu_get16(b + 2, as->be), lo,
				   hi, f);
	}
	if (!f || from >= to || as_is_raw(s, last * 8))
		return;
	bu_insn_decode(&in, s->buf.p + last * 8, as->be);
	if (in.code == BU_OP_EXIT || in.code == BU_OP_JA || in.code == BU_OP_JA32 || in.code == OP_GOTOX)
		return;
	if (as_lint_untold(as, LINT_FALL_OFF))
		return;
	p = as_insn_place(as, s, last * 8);
	d = as_lint(as, LINT_FALL_OFF, p, as_statement_len(p), "function '%s' runs off its end", f->name);
	bu_diag_help(as->ds, d, "end it with 'exit' or 'goto'");
}

static void outside(struct as *as, struct as_sec *s)
{
	const char *p = as_insn_place(as, s, 0);
	struct bu_diag *d;

	d = as_lint(as, LINT_NO_FUNCTION, p, as_statement_len(p),
		    s->nfunc ? "code before the first function of section '%s'"
			     : "section '%s' has code and no function", s->name);
	bu_diag_help(as->ds, d, "begin it with a label: the program's name");
}

/* A section name that is nearly one that loaders know. */
static void check_name(struct as *as, const struct as_sec *s)
{
	const char *slash = strchr(s->name, '/');
	size_t n = slash ? (size_t)(slash - s->name) : strlen(s->name);
	const char *q = s->name[0] == '?' ? s->name + 1 : s->name;
	const struct bu_secdef *def;
	struct bu_str target;
	struct bu_near near;
	struct bu_diag *d;

	def = bu_secdef_find(bu_str_c(s->name), &target);
	if (def) {
		as_check_kind(as, bu_kind_by_num(bu_prog_types, bu_nprog_types, def->prog_type),
			      "type of program", s->pos, n);
		return;
	}
	bu_near_init(&near, q, n - (size_t)(q - s->name));
	for (unsigned i = 0; i < bu_nsecdefs; i++)
		bu_near_feed(&near, bu_secdefs[i].prefix);
	if (!near.best)
		return;
	d = as_lint(as, LINT_SECTION_NAME, s->pos, n, "no kind of program is called '%.*s'", (int)n, s->name);
	bu_diag_mean(as->ds, d, near.best, near.best_n);
}

static void check_section(struct as *as, struct as_sec *s)
{
	uint8_t *second = second_slots(as, s);
	uint64_t from = 0, to, end = s->size / 8;

	if (!second)
		return;
	if (s->kind == SEC_PROG)
		check_name(as, s);
	if (s->kind == SEC_PROG && (!s->nfunc || s->func[0]->value > 0))
		outside(as, s);
	for (uint32_t i = 0; i <= s->nfunc; i++, from = to) {
		to = i < s->nfunc ? (uint64_t)s->func[i]->value / 8 : end;
		if (from >= to)
			continue;
		check_range(as, s, second, from, to, i ? s->func[i - 1] : NULL);
		if (i && !as->ds->errors)
			as_lint_function(as, s, from, to, s->func[i - 1]);
	}
}

void as_check_code(struct as *as)
{
	for (size_t i = 0; i < as->nsecs; i++) {
		struct as_sec *s = as->secs[i];

		if (s->kind <= SEC_TEXT && s->size >= 8 && s->buf.n == s->size)
			check_section(as, s);
	}
}
