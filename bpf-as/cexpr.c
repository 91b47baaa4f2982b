/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The value of a constant expression of C, as its preprocessor leaves it: numbers with suffixes,
 * characters, casts, sizeof of basic types, C's operators with C's types (int, unsigned, long and so on),
 * because ~0U and -1L differ in more than their looks. Numbers are as on 64-bit Linux.
 */
#include "bpf-as/cinclude.h"

#define MAX_NEST 100

struct cx {
	const char *p, *e;
	as_cname_fn *lookup;
	void *ctx;
	unsigned depth;
	const char *why; /* static text, NULL: fine so far */
	struct bu_str word; /* that why is about */
	bool dead;       /* in a branch that C does not evaluate */
};

static struct as_cval expr(struct cx *x, int min);

static struct as_cval fail(struct cx *x, const char *why, const char *p, size_t n)
{
	if (!x->why) {
		x->why = why;
		x->word = bu_str(p, n);
	}
	x->p = x->e;
	return (struct as_cval){ 0, 4, false };
}

/* v as a value of its type. */
static struct as_cval fit(uint64_t v, unsigned size, bool is_unsigned)
{
	if (size < 8) {
		unsigned sh = 64 - size * 8;

		v = is_unsigned ? v << sh >> sh : (uint64_t)((int64_t)(v << sh) >> sh);
	}
	return (struct as_cval){ (int64_t)v, (uint8_t)size, is_unsigned };
}

static struct as_cval promote(struct as_cval v)
{
	return v.size < 4 ? (struct as_cval){ v.v, 4, false } : v;
}

static void skip(struct cx *x)
{
	while (x->p < x->e && (IS(*x->p, CL_SPACE) || *x->p == '\n'))
		x->p++;
}

static bool eat(struct cx *x, const char *sign)
{
	size_t n = strlen(sign);

	skip(x);
	if ((size_t)(x->e - x->p) < n || memcmp(x->p, sign, n))
		return false;
	x->p += n;
	return true;
}

static struct bu_str word(struct cx *x)
{
	const char *s;

	skip(x);
	s = x->p;
	if (x->p < x->e && IS(*x->p, CL_START) && *x->p != '.' && *x->p != '$')
		while (x->p < x->e && IS(*x->p, CL_IDENT) && *x->p != '.' && *x->p != '$')
			x->p++;
	return bu_str(s, (size_t)(x->p - s));
}

/* ---------------------------------------------------------------- types */

/* Words of a type up to ')', or nothing taken: *t is its size and sign. */
static bool type_name(struct cx *x, struct as_cval *t)
{
	static const struct {
		const char *name;
		uint8_t size;
		bool is_unsigned;
	} types[] = {
		{ "__u8", 1, true }, { "__u16", 2, true }, { "__u32", 4, true }, { "__u64", 8, true },
		{ "__s8", 1, false }, { "__s16", 2, false }, { "__s32", 4, false }, { "__s64", 8, false },
		{ "u8", 1, true }, { "u16", 2, true }, { "u32", 4, true }, { "u64", 8, true },
		{ "s8", 1, false }, { "s16", 2, false }, { "s32", 4, false }, { "s64", 8, false },
		{ "uint8_t", 1, true }, { "uint16_t", 2, true }, { "uint32_t", 4, true }, { "uint64_t", 8, true },
		{ "int8_t", 1, false }, { "int16_t", 2, false }, { "int32_t", 4, false }, { "int64_t", 8, false },
		{ "__be16", 2, true }, { "__be32", 4, true }, { "__be64", 8, true },
		{ "__le16", 2, true }, { "__le32", 4, true }, { "__le64", 8, true },
		{ "in_addr_t", 4, true }, { "size_t", 8, true }, { "ssize_t", 8, false },
		{ "uintptr_t", 8, true }, { "intptr_t", 8, false }, { "_Bool", 1, true }, { "bool", 1, true },
	};
	const char *start = x->p;
	unsigned size = 0, longs = 0;
	bool is_unsigned = false, any = false;
	struct bu_str w;

	for (w = word(x); w.n; w = word(x), any = true) {
		size_t i = 0;

		if (bu_str_is(w, "const") || bu_str_is(w, "volatile") || bu_str_is(w, "__force") ||
		    bu_str_is(w, "signed") || bu_str_is(w, "int") || bu_str_is(w, "__signed__"))
			continue;
		if (bu_str_is(w, "unsigned")) {
			is_unsigned = true;
			continue;
		}
		if (bu_str_is(w, "long")) {
			longs++;
			continue;
		}
		if (bu_str_is(w, "char") || bu_str_is(w, "short")) {
			size = *w.p == 'c' ? 1 : 2;
			continue;
		}
		while (i < BU_ARRAY_SIZE(types) && !bu_str_is(w, types[i].name))
			i++;
		if (i == BU_ARRAY_SIZE(types)) {
			x->p = start;
			return false;
		}
		size = types[i].size;
		is_unsigned = types[i].is_unsigned;
	}
	if (any && eat(x, "*"))
		size = 8, is_unsigned = true;
	if (!any || !eat(x, ")")) {
		x->p = start;
		return false;
	}
	*t = (struct as_cval){ 0, (uint8_t)(size ? size : longs ? 8 : 4), is_unsigned };
	return true;
}

/* ---------------------------------------------------------------- operands */

static struct as_cval number(struct cx *x)
{
	const char *s = x->p, *d;
	unsigned base = 10, l = 0;
	bool u = false;
	uint64_t v = 0;
	size_t n;

	while (x->p < x->e && (IS(*x->p, CL_IDENT)))
		x->p++;
	n = (size_t)(x->p - s);
	d = s;
	if (n > 2 && s[0] == '0' && (s[1] | 0x20) == 'x')
		base = 16, d += 2;
	else if (n > 2 && s[0] == '0' && (s[1] | 0x20) == 'b')
		base = 2, d += 2;
	else if (s[0] == '0')
		base = 8;
	for (; d < x->p; d++) {
		char c = *d | 0x20;
		unsigned digit = IS(*d, CL_DIGIT) ? (unsigned)(*d - '0') :
				 c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return fail(x, "a number of more than 64 bits", s, n);
	}
	for (; d < x->p; d++) {
		char c = *d | 0x20;

		if (c == 'u' && !u)
			u = true;
		else if (c == 'l' && l < 2)
			l++;
		else
			return fail(x, "a number that is no integer", s, n);
	}
	/* the first type of C's list that holds it; octal and hexadecimal may be unsigned */
	if (!l && v <= INT32_MAX)
		return (struct as_cval){ (int64_t)v, 4, u };
	if (!l && v <= UINT32_MAX && (u || base != 10))
		return (struct as_cval){ (int64_t)v, 4, true };
	return (struct as_cval){ (int64_t)v, 8, u || v > INT64_MAX };
}

static struct as_cval character(struct cx *x)
{
	static const char from[] = "ntrabfv\\'\"?", to[] = "\n\t\r\a\b\f\v\\'\"?";
	const char *s = x->p++, *f;
	unsigned v = 0;

	if (x->e - x->p < 2)
		return fail(x, "a character without end", s, 1);
	if (*x->p == '\\') {
		x->p++;
		f = *x->p ? strchr(from, *x->p) : NULL;
		if (f) {
			v = (uint8_t)to[f - from];
			x->p++;
		} else if (*x->p == 'x') {
			for (x->p++; x->p < x->e && strchr("0123456789abcdefABCDEF", *x->p) && v < 256; x->p++)
				v = v * 16 + (unsigned)(IS(*x->p, CL_DIGIT) ? *x->p - '0' : (*x->p | 0x20) - 'a' + 10);
		} else {
			for (; x->p < x->e && *x->p >= '0' && *x->p <= '7' && v < 256; x->p++)
				v = v * 8 + (unsigned)(*x->p - '0');
		}
	} else {
		v = (uint8_t)*x->p++;
	}
	if (x->p == x->e || *x->p != '\'')
		return fail(x, "a character that is not one byte", s, 1);
	x->p++;
	return fit(v, 1, false).v < 0 ? (struct as_cval){ (int8_t)v, 4, false } : (struct as_cval){ v, 4, false };
}

static struct as_cval named(struct cx *x)
{
	struct as_cval v = { 0, 4, false };
	struct bu_str w = word(x);

	if (bu_str_is(w, "sizeof")) {
		if (!eat(x, "(") || !type_name(x, &v))
			return fail(x, "sizeof of what is no basic type", w.p, w.n);
		return (struct as_cval){ v.size, 8, true };
	}
	if (x->lookup && x->lookup(x->ctx, w, &v))
		return v;
	skip(x);
	if (x->p < x->e && *x->p == '(')
		return fail(x, "a call, which has no value here", w.p, w.n);
	return fail(x, "a name that is no constant", w.p, w.n);
}

static struct as_cval unary(struct cx *x)
{
	struct as_cval v, t;
	const char *s;

	skip(x);
	s = x->p;
	if (x->why || s == x->e)
		return fail(x, "an expression that ends too early", s, 0);
	if (++x->depth > MAX_NEST)
		return fail(x, "an expression that is nested too deeply", s, 1);
	switch (*s) {
	case '-':
	case '+':
	case '~':
		x->p++;
		v = promote(unary(x));
		if (*s != '+')
			v = fit(*s == '-' ? 0 - (uint64_t)v.v : ~(uint64_t)v.v, v.size, v.is_unsigned);
		break;
	case '!':
		x->p++;
		v = (struct as_cval){ !unary(x).v, 4, false };
		break;
	case '(':
		x->p++;
		if (type_name(x, &t)) {
			v = unary(x);
			v = fit((uint64_t)v.v, t.size, t.is_unsigned);
			break;
		}
		v = expr(x, 0);
		if (!x->why && !eat(x, ")"))
			v = fail(x, "a ')' that is missing", x->p, x->p < x->e);
		break;
	case '\'':
		v = character(x);
		break;
	case '"':
		v = fail(x, "a string", s, (size_t)(x->e - s));
		break;
	case '{':
		v = fail(x, "a block or an initializer", s, 1);
		break;
	default:
		v = IS(*s, CL_DIGIT) ? number(x) : IS(*s, CL_START) && *s != '.' ? named(x) :
		    fail(x, "something that is no expression", s, 1);
	}
	x->depth--;
	return v;
}

/* ---------------------------------------------------------------- operators */

enum { LOR = 1, LAND, OR, XOR, AND, EQ, NE, LT, GT, LE, GE, SHL, SHR, ADD, SUB, MUL, DIV, MOD };
static const struct {
	const char *sign;
	uint8_t op, prec;
} ops[] = { /* longer signs first */
	{ "||", LOR, 1 }, { "&&", LAND, 2 }, { "==", EQ, 6 }, { "!=", NE, 6 }, { "<<", SHL, 8 },
	{ ">>", SHR, 8 }, { "<=", LE, 7 }, { ">=", GE, 7 }, { "<", LT, 7 }, { ">", GT, 7 },
	{ "|", OR, 3 }, { "^", XOR, 4 }, { "&", AND, 5 }, { "+", ADD, 9 }, { "-", SUB, 9 },
	{ "*", MUL, 10 }, { "/", DIV, 10 }, { "%", MOD, 10 },
};

static struct as_cval apply(struct cx *x, unsigned op, struct as_cval a, struct as_cval b, const char *at)
{
	uint64_t p, q, r;
	unsigned size;
	bool u, lt;

	a = promote(a);
	b = promote(b);
	if (op == SHL || op == SHR) {
		if (b.v < 0 || b.v >= a.size * 8)
			return x->dead ? a : fail(x, "a shift that is too far", at, 2);
		if (op == SHL)
			return fit((uint64_t)a.v << b.v, a.size, a.is_unsigned);
		return fit(a.is_unsigned ? (uint64_t)a.v >> b.v : (uint64_t)(a.v >> b.v), a.size, a.is_unsigned);
	}
	size = a.size > b.size ? a.size : b.size;
	u = (a.size == size && a.is_unsigned) || (b.size == size && b.is_unsigned);
	p = (uint64_t)fit((uint64_t)a.v, size, u).v;
	q = (uint64_t)fit((uint64_t)b.v, size, u).v;
	lt = u ? p < q : (int64_t)p < (int64_t)q;
	switch (op) {
	case LOR: return (struct as_cval){ a.v || b.v, 4, false };
	case LAND: return (struct as_cval){ a.v && b.v, 4, false };
	case EQ: return (struct as_cval){ p == q, 4, false };
	case NE: return (struct as_cval){ p != q, 4, false };
	case LT: return (struct as_cval){ lt, 4, false };
	case GE: return (struct as_cval){ !lt, 4, false };
	case LE: return (struct as_cval){ lt || p == q, 4, false };
	case GT: return (struct as_cval){ !lt && p != q, 4, false };
	case OR: r = p | q; break;
	case XOR: r = p ^ q; break;
	case AND: r = p & q; break;
	case ADD: r = p + q; break;
	case SUB: r = p - q; break;
	case MUL: r = p * q; break;
	default:
		if (!q)
			return x->dead ? a : fail(x, "a division by zero", at, 1);
		if (u)
			r = op == DIV ? p / q : p % q;
		else if (q == UINT64_MAX) /* INT64_MIN / -1 would trap */
			r = op == DIV ? 0 - p : 0;
		else
			r = (uint64_t)(op == DIV ? (int64_t)p / (int64_t)q : (int64_t)p % (int64_t)q);
	}
	return fit(r, size, u);
}

static struct as_cval expr(struct cx *x, int min)
{
	struct as_cval a = unary(x), b, c;

	while (!x->why) {
		const char *at;
		size_t i = 0;

		skip(x);
		at = x->p;
		if (min == 0 && eat(x, "?")) {
			bool dead = x->dead;

			if (++x->depth > MAX_NEST)
				return fail(x, "an expression that is nested too deeply", at, 1);
			x->dead = dead || !a.v;
			b = promote(expr(x, 0));
			if (!eat(x, ":"))
				return fail(x, "a ':' that is missing", x->p, x->p < x->e);
			x->dead = dead || a.v;
			c = promote(expr(x, 0));
			x->dead = dead;
			x->depth--;
			b.size = c.size = b.size > c.size ? b.size : c.size;
			return a.v ? b : c;
		}
		while (i < BU_ARRAY_SIZE(ops) && !eat(x, ops[i].sign))
			i++;
		if (i == BU_ARRAY_SIZE(ops) || ops[i].prec <= min) {
			x->p = at;
			break;
		}
		{
			bool dead = x->dead;

			x->dead = dead || (ops[i].op == LOR && a.v) || (ops[i].op == LAND && !a.v);
			b = expr(x, ops[i].prec);
			x->dead = dead;
		}
		if (!x->why)
			a = apply(x, ops[i].op, a, b, at);
	}
	return a;
}

bool as_cexpr(struct bu_str text, as_cname_fn *lookup, void *ctx, struct as_cval *v, const char **why,
	      struct bu_str *word_)
{
	struct cx x = { .p = text.p, .e = text.p + text.n, .lookup = lookup, .ctx = ctx };

	skip(&x);
	if (x.p == x.e) {
		*why = "nothing";
		*word_ = text;
		return false;
	}
	*v = expr(&x, 0);
	skip(&x);
	if (!x.why && x.p < x.e)
		fail(&x, "more than an expression", x.p, 1);
	*why = x.why;
	*word_ = x.word;
	return !x.why;
}
