/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Integer expressions with C's operators and precedence, 64 bits, two's complement. What can be
 * computed is computed while reading; what names a symbol that is not yet known becomes a tree of
 * nodes, evaluated at the end. A value is a number, or a symbol plus a number.
 */
#include "bpf-as/types.h"

struct ev {
	uint32_t node; /* 0: num holds */
	int64_t num;
};

#define MAX_NEST 200
#define MAX_EVAL 2000
/*
 * Symbols that are set by one another double the work with each: .set a, b + b. What an honest source
 * needs grows with it.
 */
#define MAX_STEPS (1u << 24)
#define STEPS_PER_NODE 64

struct parser {
	struct as *as;
	struct as_cur c;
	unsigned depth;
	bool bad; /* ex_error tells why */
};

static bool expr(struct parser *p, int min, struct ev *out);

static bool fail(struct parser *p, const char *pos, const char *why)
{
	if (!p->bad) {
		p->as->ex_error = why;
		p->as->ex_error_pos = pos;
	}
	p->bad = true;
	return false;
}

static uint32_t new_node(struct as *as, enum as_op op, const char *pos)
{
	struct as_expr *e;

	if (as->nex == as->cap_ex) {
		e = bu_arena_grow(&as->arena, as->ex, as->nex, &as->cap_ex, sizeof(*e));
		if (!e)
			return 0;
		as->ex = e;
	}
	e = &as->ex[as->nex];
	memset(e, 0, sizeof(*e));
	e->op = (uint8_t)op;
	e->pos = as_place(as, pos);
	return (uint32_t)as->nex++;
}

static uint32_t num_node(struct as *as, int64_t v, const char *pos)
{
	uint32_t n = new_node(as, OP_NUM, pos);

	if (n)
		as->ex[n].num = v;
	return n;
}

uint32_t as_expr_sym(struct as *as, struct as_sym *s, const char *pos)
{
	uint32_t n = new_node(as, OP_SYM, pos);

	if (n)
		as->ex[n].sym = s;
	return n;
}

/* ---------------------------------------------------------------- operators */

static int64_t wrap(uint64_t v)
{
	return (int64_t)v;
}

/* false: division by zero or a shift too far, *why says which. */
static bool apply(enum as_op op, int64_t a, int64_t b, int64_t *r, const char **why)
{
	uint64_t x = (uint64_t)a, y = (uint64_t)b;

	switch (op) {
	case OP_MUL: *r = wrap(x * y); break;
	case OP_DIV:
	case OP_MOD:
		if (!b) {
			*why = "division by zero in an expression";
			return false;
		}
		if (b == -1) /* INT64_MIN / -1 would trap */
			*r = op == OP_DIV ? wrap(0 - x) : 0;
		else
			*r = op == OP_DIV ? a / b : a % b;
		break;
	case OP_ADD: *r = wrap(x + y); break;
	case OP_SUB: *r = wrap(x - y); break;
	case OP_SHL:
	case OP_SHR:
		if (y > 63) {
			*why = "shift by less than 0 or more than 63 in an expression";
			return false;
		}
		*r = op == OP_SHL ? wrap(x << y) : a >> y;
		break;
	case OP_LT: *r = a < b; break;
	case OP_LE: *r = a <= b; break;
	case OP_GT: *r = a > b; break;
	case OP_GE: *r = a >= b; break;
	case OP_EQ: *r = a == b; break;
	case OP_NE: *r = a != b; break;
	case OP_AND: *r = a & b; break;
	case OP_XOR: *r = a ^ b; break;
	case OP_OR: *r = a | b; break;
	case OP_LAND: *r = a && b; break;
	case OP_LOR: *r = a || b; break;
	case OP_NEG: *r = wrap(0 - x); break;
	case OP_NOT: *r = ~a; break;
	case OP_LNOT: *r = !a; break;
	default: *r = 0;
	}
	return true;
}

static bool combine(struct parser *p, enum as_op op, const char *pos, struct ev *a, struct ev *b)
{
	struct as *as = p->as;
	const char *why;
	uint32_t n;

	if (!a->node && !b->node)
		return apply(op, a->num, b->num, &a->num, &why) || fail(p, pos, why);
	if (op == OP_SUB && a->node && b->node) {
		const struct as_expr *x = &as->ex[a->node], *y = &as->ex[b->node];

		/* Places are final once defined, but for what leb.c moves. */
		if (x->op == OP_SYM && y->op == OP_SYM && x->sym->def == DEF_LABEL &&
		    y->sym->def == DEF_LABEL && x->sym->sec == y->sym->sec &&
		    x->sym->x->npiece == y->sym->x->npiece) {
			a->num = x->sym->value - y->sym->value;
			a->node = 0;
			return true;
		}
	}
	if (!a->node)
		a->node = num_node(as, a->num, pos);
	if (!b->node)
		b->node = num_node(as, b->num, pos);
	n = new_node(as, op, pos);
	if (!n)
		return fail(p, pos, "out of memory");
	as->ex[n].a = a->node;
	as->ex[n].b = b->node;
	a->node = n;
	return true;
}

struct binop {
	uint8_t op, prec, len;
};

static struct binop binop(const struct as_cur *c)
{
	const char *p = c->p;
	char a = p < c->e ? p[0] : 0, b = p + 1 < c->e ? p[1] : 0;

	switch (a) {
	case '*': return (struct binop){ OP_MUL, 10, 1 };
	case '/': return (struct binop){ OP_DIV, 10, 1 };
	case '%': return (struct binop){ OP_MOD, 10, 1 };
	case '+': return (struct binop){ OP_ADD, 9, 1 };
	case '-': return (struct binop){ OP_SUB, 9, 1 };
	case '<':
		if (b == '<')
			return (struct binop){ OP_SHL, 8, 2 };
		return b == '=' ? (struct binop){ OP_LE, 7, 2 } : (struct binop){ OP_LT, 7, 1 };
	case '>':
		if (b == '>')
			return (struct binop){ OP_SHR, 8, 2 };
		return b == '=' ? (struct binop){ OP_GE, 7, 2 } : (struct binop){ OP_GT, 7, 1 };
	case '=':
		return b == '=' ? (struct binop){ OP_EQ, 6, 2 } : (struct binop){ 0, 0, 0 };
	case '!':
		return b == '=' ? (struct binop){ OP_NE, 6, 2 } : (struct binop){ 0, 0, 0 };
	case '&':
		return b == '&' ? (struct binop){ OP_LAND, 2, 2 } : (struct binop){ OP_AND, 5, 1 };
	case '^': return (struct binop){ OP_XOR, 4, 1 };
	case '|':
		return b == '|' ? (struct binop){ OP_LOR, 1, 2 } : (struct binop){ OP_OR, 3, 1 };
	}
	return (struct binop){ 0, 0, 0 };
}

/* ---------------------------------------------------------------- operands */

static int digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch |= 0x20;
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : 99;
}

static bool number(struct parser *p, struct ev *out)
{
	const char *s = p->c.p, *q = s, *e = p->c.e, *d;
	unsigned base = 10;
	uint64_t v = 0;

	if (*q == '0' && q + 1 < e) {
		char x = q[1] | 0x20;

		if (x == 'x')
			base = 16, q += 2;
		else if (x == 'b' && q + 2 < e && (q[2] == '0' || q[2] == '1'))
			base = 2, q += 2;
		else if (IS(q[1], CL_DIGIT))
			base = 8, q++;
	}
	for (d = q; q < e; q++) {
		unsigned n = (unsigned)digit(*q);

		if (n >= base)
			break;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)n, &v)) {
			while (q < e && IS(*q, CL_IDENT))
				q++;
			p->c.p = q;
			return fail(p, s, "number does not fit in 64 bits");
		}
	}
	if (q < e && (*q == 'b' || *q == 'f') && base != 16 &&
	    (q + 1 == e || !IS(q[1], CL_IDENT))) {
		struct as_sym *sym = as_numref(p->as, s, (size_t)(q - s), *q == 'f');

		if (!sym)
			return fail(p, s, "no such numeric label before this place");
		out->node = as_expr_sym(p->as, sym, s);
		p->c.p = q + 1;
		return true;
	}
	if (q == d && base != 8)
		return fail(p, s, "number without digits");
	/* C's suffixes */
	while (q < e && base != 2 && (*q == 'u' || *q == 'U' || *q == 'l' || *q == 'L') && q - d < 40)
		q++;
	if (q < e && IS(*q, CL_IDENT) && *q != '.')
		return fail(p, s, "digit or letter that does not belong in this number");
	out->num = (int64_t)v;
	out->node = 0;
	p->c.p = q;
	return true;
}

static bool character(struct parser *p, struct ev *out)
{
	static const char from[] = "ntr0abfv\\'\"", to[] = "\n\t\r\0\a\b\f\v\\'\"";
	struct as_cur *c = &p->c;
	const char *s = c->p++, *f;

	if (c->p == c->e)
		return fail(p, s, "character is missing after the quote");
	out->node = 0;
	if (*c->p == '\\' && c->p + 1 < c->e) {
		c->p++;
		f = strchr(from, *c->p);
		if (!f || !*f)
			return fail(p, s, "unknown escape in a character");
		out->num = (uint8_t)to[f - from];
	} else {
		out->num = (uint8_t)*c->p;
	}
	c->p++;
	if (c->p < c->e && *c->p == '\'')
		c->p++;
	return true;
}

static bool use(struct parser *p, const char *s, struct as_sym *sym, struct ev *out);

/* "any name" */
static bool quoted(struct parser *p, struct ev *out)
{
	const char *s = p->c.p;
	struct as_sym *sym = as_quoted(p->as, &p->c);

	if (!sym)
		return fail(p, s, "this is no name of a symbol");
	return use(p, s, sym, out);
}

/* "tracepoint:kmem:kmem_cache_alloc.ptr" is one name although it holds colons. */
static bool is_tracepoint(const char *s, size_t n)
{
	return n == 10 && !memcmp(s, "tracepoint", 10);
}

static bool name(struct parser *p, struct ev *out)
{
	struct as_cur *c = &p->c;
	const char *s = c->p;
	struct as_sym *sym;
	size_t n;

	while (c->p < c->e && IS(*c->p, CL_IDENT))
		c->p++;
	if (c->p < c->e && *c->p == ':' && is_tracepoint(s, (size_t)(c->p - s)))
		while (c->p < c->e && (IS(*c->p, CL_IDENT) || *c->p == ':'))
			c->p++;
	n = (size_t)(c->p - s);
	if (c->p < c->e && *c->p == '[' && memchr(s, '.', n))
		(void)as_types(p->as); /* __sk_buff.cb[2] */
	if ((c->p < c->e && *c->p == '(') || p->as->ty) {
		out->node = 0;
		if (as_type_expr(p->as, s, c, &out->num) > 0)
			return true;
	}
	if (n == 1 && *s == '.') {
		sym = as_dot(p->as);
	} else {
		sym = as_sym(p->as, s, n);
		if (sym && sym->def == DEF_REG) {
			c->p = s;
			return fail(p, s, NULL);
		}
	}
	if (!sym)
		return fail(p, s, "out of memory");
	return use(p, s, sym, out);
}

static bool use(struct parser *p, const char *s, struct as_sym *sym, struct ev *out)
{
	out->node = 0;
	if (sym->def == DEF_CONST || (sym->def == DEF_SET && !sym->x->expr)) {
		if (sym->arch_dependent)
			p->as->arch_used = true;
		out->num = sym->value;
		return true;
	}
	/* A .set that waits is used as it is now, not as it may be set again. */
	out->node = sym->def == DEF_SET && !p->as->compat ? sym->x->expr : as_expr_sym(p->as, sym, s);
	return true;
}

/* @task_struct.pid: a value that the loader adjusts. */
static bool core(struct parser *p, struct ev *out)
{
	const char *s = p->c.p;
	uint32_t ref;

	if (as_core_expr(p->as, &p->c, &ref))
		return fail(p, s, "expected a field or a question: @TYPE.FIELD, @exists(TYPE.FIELD)");
	out->node = new_node(p->as, OP_CORE, s);
	if (!out->node)
		return fail(p, s, "out of memory");
	p->as->ex[out->node].a = ref;
	return true;
}

static bool unary(struct parser *p, struct ev *out)
{
	struct as_cur *c = &p->c;
	struct ev zero = { 0, 0 };
	const char *s;
	bool ok;

	as_skip(c);
	s = c->p;
	if (s == c->e)
		return fail(p, s, NULL);
	if (++p->depth > MAX_NEST)
		return fail(p, s, "expression is nested too deeply");
	switch (*s) {
	case '-':
	case '~':
	case '!':
		c->p++;
		ok = unary(p, out) && combine(p, *s == '-' ? OP_NEG : *s == '~' ? OP_NOT : OP_LNOT, s,
					      out, &zero);
		break;
	case '+':
		c->p++;
		ok = unary(p, out);
		break;
	case '(':
		c->p++;
		ok = expr(p, 0, out);
		if (ok && !as_eat(c, ')'))
			ok = fail(p, c->p, "expected ')'");
		break;
	case '\'':
		ok = character(p, out);
		break;
	case '"':
		ok = quoted(p, out);
		break;
	case '@':
		ok = core(p, out);
		break;
	default:
		if (IS(*s, CL_DIGIT))
			ok = number(p, out);
		else if (IS(*s, CL_START))
			ok = name(p, out);
		else
			ok = fail(p, s, NULL);
	}
	p->depth--;
	return ok;
}

/* a ? b : c, with a at hand and the cursor behind '?'. */
static bool conditional(struct parser *p, const char *pos, struct ev *a)
{
	struct as *as = p->as;
	struct ev b, c;
	uint32_t n;

	if (++p->depth > MAX_NEST)
		return fail(p, pos, "expression is nested too deeply");
	if (!expr(p, 0, &b))
		return false;
	if (!as_eat(&p->c, ':'))
		return fail(p, p->c.p, "expected ':'");
	if (!expr(p, 0, &c))
		return false;
	p->depth--;
	if (!a->node) {
		*a = a->num ? b : c;
		return true;
	}
	b.node = b.node ? b.node : num_node(as, b.num, pos);
	c.node = c.node ? c.node : num_node(as, c.num, pos);
	n = new_node(as, OP_COND, pos);
	if (!n)
		return fail(p, pos, "out of memory");
	as->ex[n].a = a->node;
	as->ex[n].b = b.node;
	as->ex[n].c = c.node;
	a->node = n;
	return true;
}

/* Operators that bind tighter than min. */
static bool expr(struct parser *p, int min, struct ev *out)
{
	struct as_cur *c = &p->c;
	struct binop op;
	struct ev right;

	if (!unary(p, out))
		return false;
	for (;;) {
		const char *end = c->p, *pos;

		as_skip(c);
		pos = c->p;
		if (min == 0 && pos < c->e && *pos == '?') {
			c->p++;
			return conditional(p, pos, out);
		}
		op = binop(c);
		if (!op.len || op.prec <= min) {
			c->p = end;
			return true;
		}
		c->p += op.len;
		as_skip(c);
		if (c->p == c->e)
			return fail(p, pos, "an operand is missing behind this operator");
		if (!expr(p, op.prec, &right) || !combine(p, op.op, pos, out, &right))
			return false;
	}
}

int as_expr(struct as *as, struct as_cur *c, uint32_t *node, int64_t *num)
{
	struct parser p = { .as = as, .c = *c };
	struct ev v = { 0, 0 };
	const char *s;

	as_skip(&p.c);
	s = p.c.p;
	/* The common case first: one decimal number. */
	if (s < p.c.e && *s >= '1' && *s <= '9') {
		int64_t n = *s - '0';
		const char *q = s + 1;

		while (q < p.c.e && IS(*q, CL_DIGIT) && q - s < 17)
			n = n * 10 + (*q++ - '0');
		if (q == p.c.e || *q == ')' || *q == ',' || *q == ']') {
			c->p = q;
			*node = 0;
			*num = n;
			return 0;
		}
	}
	as->ex_error = NULL;
	as->ex_error_pos = NULL;
	if (!expr(&p, 0, &v))
		return -EINVAL;
	c->p = p.c.p;
	*node = v.node;
	*num = v.num;
	return 0;
}

/* A symbol in the expression that has no value yet, or NULL. */
static const struct as_sym *not_yet(const struct as *as, uint32_t node, unsigned depth)
{
	const struct as_expr *e = &as->ex[node];
	const struct as_sym *s = NULL;

	if (!node || depth > MAX_NEST)
		return NULL;
	if (e->op == OP_SYM)
		return e->sym->def == DEF_NONE && !e->sym->is_extern ? e->sym : NULL;
	if (e->op != OP_NUM) {
		s = not_yet(as, e->a, depth + 1);
		s = s ? s : not_yet(as, e->b, depth + 1);
		s = s ? s : not_yet(as, e->c, depth + 1);
	}
	return s;
}

int as_expr_now(struct as *as, struct as_cur *c, const char *what, int64_t *num)
{
	const struct as_sym *unknown;
	uint32_t node;
	struct as_val v;
	const char *s;

	as_skip(c);
	s = c->p;
	if (as_expr(as, c, &node, num)) {
		if (as->ex_error)
			as_error(as, "A0140", as->ex_error_pos, 1, "%s", as->ex_error);
		else
			as_error(as, "A0140", s, 1, "expected %s", what);
		return -EINVAL;
	}
	if (!node)
		return 0;
	unknown = not_yet(as, node, 0);
	if (unknown) {
		as_error(as, "A0141", s, (size_t)(c->p - s), "%s must be a number known here, and '%s' is not "
			 "defined yet", what, unknown->name);
		return -EINVAL;
	}
	if (as_eval(as, node, &v))
		return -EINVAL;
	if (v.sym) {
		as_error(as, "A0141", s, (size_t)(c->p - s), "%s must be a number known here", what);
		return -EINVAL;
	}
	*num = v.add;
	return 0;
}

/* ---------------------------------------------------------------- evaluation */

static int eval_error(struct as *as, const struct as_expr *e, const char *text)
{
	as_error(as, "A0142", e->pos, 1, "%s", text);
	return -EINVAL;
}

static int eval_sym(struct as *as, struct as_sym *s, const struct as_expr *e, struct as_val *v)
{
	int err;

	switch (s->def) {
	case DEF_SET:
		if (!s->x->expr) {
			*v = (struct as_val){ NULL, s->value };
			return 0;
		}
		if (s->evaluating)
			return eval_error(as, e, "symbol is set by itself");
		s->evaluating = true;
		err = as_eval(as, s->x->expr, v);
		s->evaluating = false;
		return err;
	case DEF_CONST:
		if (s->arch_dependent)
			as->arch_used = true;
		*v = (struct as_val){ NULL, s->value };
		return 0;
	default:
		if (s->def == DEF_NONE && as->ty) {
			*v = (struct as_val){ NULL, 0 };
			err = as_type_late(as, s, e->pos, &v->add);
			if (err)
				return err < 0 ? err : 0;
		}
		*v = (struct as_val){ s, 0 };
		s->used = true;
		if (!s->x->use)
			as_symx(as, s)->use = e->pos;
		return 0;
	}
}

static int eval_binary(struct as *as, const struct as_expr *e, struct as_val *v)
{
	struct as_val a, b;
	const char *why;
	int err;

	err = as_eval(as, e->a, &a);
	if (err)
		return err;
	if (e->op == OP_COND) {
		if (a.sym)
			return eval_error(as, e, "condition is not a number");
		return as_eval(as, a.add ? e->b : e->c, v);
	}
	if (e->op == OP_LAND || e->op == OP_LOR || (e->op >= OP_NEG && e->op <= OP_LNOT)) {
		if (a.sym)
			return eval_error(as, e, "operator needs numbers, this is a place");
	}
	if (e->op >= OP_NEG && e->op <= OP_LNOT) {
		v->sym = NULL;
		apply(e->op, a.add, 0, &v->add, &why);
		return 0;
	}
	err = as_eval(as, e->b, &b);
	if (err)
		return err;
	if (e->op == OP_ADD && (!a.sym || !b.sym)) {
		v->sym = a.sym ? a.sym : b.sym;
		v->add = wrap((uint64_t)a.add + (uint64_t)b.add);
		return 0;
	}
	if (e->op == OP_SUB && !b.sym) {
		v->sym = a.sym;
		v->add = wrap((uint64_t)a.add - (uint64_t)b.add);
		return 0;
	}
	if (a.sym && b.sym) {
		/* Both places of one section: compare and subtract their offsets. */
		if (e->op == OP_SUB && as_difference(as, &a, &b, v))
			return 0;
		if (a.sym != b.sym) {
			if (a.sym->def != DEF_LABEL)
				return as_undefined(as, a.sym, e->pos, false), -EINVAL;
			if (b.sym->def != DEF_LABEL)
				return as_undefined(as, b.sym, e->pos, false), -EINVAL;
			if (a.sym->sec != b.sym->sec)
				return eval_error(as, e, "places of different sections have no "
							 "difference before linking");
			a.add += a.sym->value;
			b.add += b.sym->value;
		}
		if (e->op != OP_SUB && (e->op < OP_LT || e->op > OP_NE))
			return eval_error(as, e, "operator needs numbers, these are places");
	} else if (a.sym || b.sym) {
		return eval_error(as, e, "operator needs numbers, this is a place");
	}
	v->sym = NULL;
	if (!apply(e->op, a.add, b.add, &v->add, &why))
		return eval_error(as, e, why);
	return 0;
}

int as_eval_sym(struct as *as, struct as_sym *s, const char *pos, struct as_val *v)
{
	struct as_expr e = { .op = OP_SYM, .sym = s, .pos = pos };
	int err;

	if (as->eval_depth >= MAX_EVAL)
		return eval_error(as, &e, "symbols are set by one another too deeply");
	as->eval_depth++;
	err = eval_sym(as, s, &e, v);
	as->eval_depth--;
	return err;
}

int as_eval(struct as *as, uint32_t node, struct as_val *v)
{
	struct as_expr e = as->ex[node];
	int err;

	if (++as->eval_steps > MAX_STEPS + STEPS_PER_NODE * (uint64_t)as->nex)
		return eval_error(as, &e, "symbols are set by one another too often");
	switch (e.op) {
	case OP_NUM:
		*v = (struct as_val){ NULL, e.num };
		return 0;
	case OP_CORE:
		return eval_error(as, &e, "a value that the loader adjusts stands alone, in an instruction");
	case OP_SYM:
		return as_eval_sym(as, e.sym, e.pos, v);
	default:
		if (as->eval_depth >= MAX_EVAL)
			return eval_error(as, &e, "symbols are set by one another too deeply");
		as->eval_depth++;
		err = eval_binary(as, &e, v);
		as->eval_depth--;
		return err;
	}
}
