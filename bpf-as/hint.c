/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people mean when they write what is no instruction: C, other assemblers, slips of the
 * hand. One row a slip: how the statement looks, and what to write.
 *
 * A pattern is compared with the statement from its begin: blanks are skipped on both sides, R stands for
 * a register (r0 … r10, w0 … w10, with % or without), N for a number or name, S for a type u8 … u64, … for
 * anything up to the end; other signs stand for themselves, letters for whole words.
 */
#include "bpf-as/as.h"
#include "bpf-as/hint.h"

static const struct {
	const char *like, *help;
} hints[] = {
	/* C */
	{ "return ~", "r0 is the value that 'exit' returns" },
	{ "R ++", "write 'rN += 1'" },
	{ "R --", "write 'rN -= 1'" },
	{ "R == ~", "'=' assigns, '==' only compares: if r1 == 0 goto LABEL" },
	{ "if R = ~", "'==' compares, '=' assigns" },
	{ "if R == R {~", "a comparison jumps: if r1 == r2 goto LABEL" },
	{ "if ( ~", "a comparison stands without parentheses: if r1 == r2 goto LABEL" },
	{ "if R goto ~", "a comparison is needed: if r1 != 0 goto LABEL" },
	{ "while ~", "a loop is a jump back: if r1 != 0 goto LABEL" },
	{ "for ~", "a loop is a jump back: if r1 != 0 goto LABEL" },
	{ "R = R + ~", "one operation at a time: 'rD = rA', then 'rD += rB'" },
	{ "R = R - ~", "one operation at a time: 'rD = rA', then 'rD -= rB'" },
	{ "R = R * ~", "one operation at a time: 'rD = rA', then 'rD *= rB'" },
	{ "R = R & ~", "one operation at a time: 'rD = rA', then 'rD &= rB'" },
	{ "R = R | ~", "one operation at a time: 'rD = rA', then 'rD |= rB'" },
	{ "R = R ^ ~", "one operation at a time: 'rD = rA', then 'rD ^= rB'" },
	{ "R = R / ~", "one operation at a time: 'rD = rA', then 'rD /= rB'" },
	{ "R = R < < ~", "one operation at a time: 'rD = rA', then 'rD <<= N'" },
	{ "R = R > > ~", "one operation at a time: 'rD = rA', then 'rD >>= N'" },
	{ "R += R + ~", "one operation at a time: 'rD += rA', then 'rD += rB'" },
	{ "R = - R ~", "negation is in place: 'rD = rA', then 'rD = -rD'" },
	{ "R = ~ R ~", "there is no complement; xor with -1: 'rD ^= -1'" },
	{ "R = ! R ~", "there is no logical not: compare and jump" },
	{ "R = ^ R ~", "xor with -1: 'rD ^= -1'" },
	{ "R = * ( R ~", "say how much is loaded: *(u64 *)(rN + OFFSET)" },
	{ "R = * R ~", "say how much is loaded: *(u64 *)(rN + OFFSET)" },
	{ "R = * S * ~", "the type is in parentheses: *(u64 *)(rN + OFFSET)" },
	{ "R = S * ~", "the type is in parentheses: *(u64 *)(rN + OFFSET)" },
	{ "R = * ( S * ) R ~", "the address is in parentheses: *(u64 *)(rN + 0)" },
	{ "* ( S * ) R ~", "the address is in parentheses: *(u64 *)(rN + 0)" },
	{ "* ( R ~", "say how much is stored: *(u64 *)(rN + OFFSET) = rM" },
	{ "R = R [ ~", "a load is written *(u64 *)(rN + OFFSET)" },
	{ "R = & ~", "the address of data is loaded by 'rN = NAME ll'" },
	{ "R = [ ~", "a load is written *(u64 *)(rN + OFFSET)" },
	{ "[ R ~", "a store is written *(u64 *)(rN + OFFSET) = rM" },
	/* sizes that there are not */
	{ "R = be24 ~", "be16, be32 and be64 swap" },
	{ "R = le24 ~", "le16, le32 and le64 swap" },
	{ "R = * ( u128 ~", "a load takes 1, 2, 4 or 8 bytes: u8, u16, u32 or u64" },
	{ "R = * ( int ~", "a load takes u8, u16, u32, u64, or s8, s16, s32 with its sign" },
	{ "R = * ( char ~", "a load takes u8, u16, u32, u64, or s8, s16, s32 with its sign" },
	{ "R = * ( long ~", "a load takes u8, u16, u32, u64, or s8, s16, s32 with its sign" },
	{ "R = * ( unsigned ~", "a load takes u8, u16, u32, u64, or s8, s16, s32 with its sign" },
	{ "R = * ( void ~", "a load takes u8, u16, u32, u64, or s8, s16, s32 with its sign" },
	{ "lock * ( u8 ~", "atomic operations take 4 or 8 bytes: u32 or u64" },
	{ "lock * ( u16 ~", "atomic operations take 4 or 8 bytes: u32 or u64" },
	{ "xaddb ~", "atomic operations take 4 or 8 bytes: xaddw or xadddw" },
	{ "xaddh ~", "atomic operations take 4 or 8 bytes: xaddw or xadddw" },
	{ "endbe R , ~", "16, 32 or 64 bits are swapped" },
	{ "endle R , ~", "16, 32 or 64 bits are swapped" },
	/* other machines */
	{ "jmp ~", "write 'goto LABEL' (ja in GNU's mnemonics)" },
	{ "b N", "write 'goto LABEL' (ja in GNU's mnemonics)" },
	{ "ret ~", "write 'exit'; r0 is the value returned" },
	{ "ret", "write 'exit'; r0 is the value returned" },
	{ "nop", "write 'goto +0', which does nothing" },
	{ "bl N", "write 'call NAME'" },
	{ "push ~", "there is no push: store to the stack, *(u64 *)(r10 - 8) = rN" },
	{ "pop ~", "there is no pop: load from the stack, rN = *(u64 *)(r10 - 8)" },
	{ "lea ~", "write 'rD = rA', then 'rD += OFFSET'" },
	{ "li ~", "write 'rN = NUMBER', or 'rN = NUMBER ll' beyond 32 bits" },
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Bytes of the register at p, 0: none. */
static size_t a_register(const char *p, const char *e)
{
	const char *s = p;

	p += p < e && *p == '%';
	if (e - p < 2 || (*p != 'r' && *p != 'w') || !IS(p[1], CL_DIGIT))
		return 0;
	for (p++; p < e && IS(*p, CL_DIGIT);)
		p++;
	return p < e && IS(*p, CL_IDENT) ? 0 : (size_t)(p - s);
}

static size_t a_word(const char *p, const char *e)
{
	const char *s = p;

	while (p < e && IS(*p, CL_IDENT))
		p++;
	return (size_t)(p - s);
}

static bool like(const char *pat, const char *p, const char *e)
{
	for (;;) {
		size_t n, w;

		while (p < e && blank(*p))
			p++;
		while (*pat == ' ')
			pat++;
		if (!*pat)
			return p == e;
		if (pat[0] == '~' && !pat[1])
			return true;
		if (p == e)
			return false;
		for (w = 0; IS(pat[w], CL_IDENT);)
			w++;
		if (w == 0) {
			if (*pat++ != *p++)
				return false;
			continue;
		}
		if (w == 1 && *pat == 'R') {
			n = a_register(p, e);
		} else {
			n = a_word(p, e);
			if (w == 1 && *pat == 'S')
				n = n >= 2 && n <= 3 && (*p == 'u' || *p == 's') && IS(p[1], CL_DIGIT) ? n : 0;
			else if (!(w == 1 && *pat == 'N') && (n != w || memcmp(p, pat, n)))
				n = 0;
		}
		if (!n)
			return false;
		p += n;
		pat += w;
	}
}

/* R1, EXIT: the same in lower case would be read. */
static bool upper_case(struct as *as, struct bu_diag *d, struct bu_str stmt)
{
	char low[8];
	size_t n = a_word(stmt.p, stmt.p + stmt.n);

	if (n < 2 || n >= sizeof(low) || stmt.p[0] < 'A' || stmt.p[0] > 'Z')
		return false;
	for (size_t i = 0; i < n; i++)
		low[i] = (char)(stmt.p[i] >= 'A' && stmt.p[i] <= 'Z' ? stmt.p[i] | 0x20 : stmt.p[i]);
	if (a_register(low, low + n) == n)
		bu_diag_help(as->ds, d, "registers and instructions are lower case: %.*s", (int)n, low);
	else
		return false;
	return true;
}

/* The statement follows a ';' that was to begin a comment. */
static bool gas_comment(struct as *as, struct bu_diag *d, struct bu_str stmt)
{
	const char *p = as_place(as, stmt.p);
	const struct as_file *f = as_file_of(as, p);

	if (!f)
		return false;
	while (p > (const char *)f->text.p && blank(p[-1]))
		p--;
	if (p == (const char *)f->text.p || p[-1] != ';')
		return false;
	bu_diag_help(as->ds, d, "';' ends a statement here; a comment begins with '//' or '#', or is /* … */");
	return true;
}

bool as_hint(struct as *as, struct bu_diag *d, struct bu_str stmt, bool unknown)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(hints); i++)
		if (like(hints[i].like, stmt.p, stmt.p + stmt.n)) {
			bu_diag_help(as->ds, d, "%s", hints[i].help);
			return true;
		}
	return unknown && upper_case(as, d, stmt);
}

bool as_hint_last(struct as *as, struct bu_diag *d, struct bu_str stmt)
{
	return gas_comment(as, d, stmt);
}

bool as_hint_swapped(struct as *as, struct bu_str stmt)
{
	const char *eq = memchr(stmt.p, '=', stmt.n), *e = stmt.p + stmt.n;
	struct bu_diag *d;

	/* "r1 = +2" and "r1 =-2" are what they look like. */
	if (!eq || eq == stmt.p || e - eq < 3 || !blank(eq[-1]) || (eq[1] != '+' && eq[1] != '-') || !blank(eq[2]))
		return false;
	d = as_lint(as, LINT_SWAPPED, eq, 2, "'=%c' assigns %s number", eq[1], eq[1] == '+' ? "the" : "the negated");
	if (d)
		bu_diag_help(as->ds, d, "did you mean '%c='?", eq[1]);
	return true;
}
