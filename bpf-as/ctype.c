/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Declarations in C's syntax.
 *
 *   .struct flow { u32 saddr; u16 port[2]; }      .union … { … }     .enum color { RED, GREEN = 4 }
 *   .typedef struct flow flow_t
 *
 * The scanner ends a statement at ';' and at the line's end; a block "{ … }" is fed from as many
 * statements as it takes, as words and signs. So a member ends with ';' or with its line.
 */
#include "bpf-as/directive.h"
#include "bpf-as/types.h"

#define MAX_TOKENS (1u << 22)
#define MAX_MEMBERS 65535

struct cparser {
	struct as *as;
	const struct as_tok *t, *e; /* next word; the end */
	const char *end;            /* where the text ends, for messages */
	unsigned depth;
	bool failed;
};

static struct as_type *specifiers(struct cparser *p);
static struct as_type *declarator(struct cparser *p, struct as_type *base, struct as_tok *name);

/* ---------------------------------------------------------------- words */

static void tok_add(struct as *as, enum as_toktype type, char sign, const char *p, size_t n)
{
	struct as_types *ty = as->ty;

	if (ty->ntok == ty->cap_tok) {
		struct as_tok *v = bu_arena_grow(&as->arena, ty->tok, ty->ntok, &ty->cap_tok, sizeof(*v));

		if (!v)
			return;
		ty->tok = v;
	}
	ty->tok[ty->ntok++] = (struct as_tok){ (uint8_t)type, sign, as_place(as, p), (uint32_t)n };
}

static void tokens(struct as *as, const char *p, const char *e)
{
	while (p < e) {
		const char *s = p;

		if (IS(*p, CL_SPACE) || *p == '\n') {
			p++;
		} else if (IS(*p, CL_START) && *p != '.' && *p != '$') {
			while (p < e && IS(*p, CL_IDENT) && *p != '.' && *p != '$')
				p++;
			tok_add(as, TOK_WORD, 0, s, (size_t)(p - s));
		} else if (IS(*p, CL_DIGIT)) {
			while (p < e && IS(*p, CL_IDENT) && *p != '.')
				p++;
			tok_add(as, TOK_NUM, 0, s, (size_t)(p - s));
		} else if (*p == '"') {
			for (p++; p < e && *p != '"';)
				p += *p == '\\' && p + 1 < e ? 2 : 1;
			p += p < e;
			tok_add(as, TOK_STR, '"', s, (size_t)(p - s));
		} else if (e - p >= 3 && !memcmp(p, "...", 3)) {
			p += 3;
			tok_add(as, TOK_DOTS, 0, s, 3);
		} else if (*p == ';') {
			p++;
			tok_add(as, TOK_SEP, ';', s, 1);
		} else {
			p++;
			tok_add(as, TOK_SIGN, *s, s, 1);
		}
	}
}

static bool is_sign(const struct cparser *p, char c)
{
	return p->t < p->e && p->t->type == TOK_SIGN && p->t->sign == c;
}

static bool eat(struct cparser *p, char c)
{
	if (!is_sign(p, c))
		return false;
	p->t++;
	return true;
}

static struct bu_str word(const struct as_tok *t)
{
	return bu_str(t->p, t->n);
}

static bool is_word(const struct cparser *p, const char *w)
{
	return p->t < p->e && p->t->type == TOK_WORD && bu_str_is(word(p->t), w);
}

static bool eat_word(struct cparser *p, const char *w)
{
	if (!is_word(p, w))
		return false;
	p->t++;
	return true;
}

static const char *here(const struct cparser *p)
{
	return p->t < p->e ? p->t->p : p->end;
}

static struct bu_diag *error(struct cparser *p, const char *expected)
{
	struct bu_diag *d = NULL;

	if (!p->failed && p->t < p->e && p->t->type != TOK_SEP)
		d = as_error(p->as, "A0240", p->t->p, p->t->n, "expected %s, found '%.*s'", expected,
			     (int)p->t->n, p->t->p);
	else if (!p->failed)
		d = as_error(p->as, "A0240", here(p), 1, "expected %s", expected);
	p->failed = true;
	return d ? d : &p->as->ds->spare;
}

static bool expect(struct cparser *p, char c)
{
	const char text[] = { '\'', c, '\'', 0 };

	if (eat(p, c))
		return true;
	error(p, text);
	return false;
}

static void skip_sep(struct cparser *p)
{
	while (p->t < p->e && p->t->type == TOK_SEP)
		p->t++;
}

/* A number up to the sign c, which is taken too. */
static bool number(struct cparser *p, char c, const char *what, int64_t max, int64_t *v)
{
	const struct as_tok *s = p->t, *t = s;
	struct as_cur cur;
	int nest = 0;

	while (t < p->e && !(t->type == TOK_SIGN && t->sign == c && !nest) && t->type != TOK_SEP &&
	       !(t->type == TOK_SIGN && !nest && (t->sign == '}' || (c == '}' && t->sign == ',')))) {
		if (t->type == TOK_SIGN)
			nest += (t->sign == '(' || t->sign == '[') - (t->sign == ')' || t->sign == ']');
		t++;
	}
	if (t == s) {
		error(p, what);
		return false;
	}
	cur = (struct as_cur){ s->p, t[-1].p + t[-1].n };
	if (as_expr_now(p->as, &cur, what, v)) {
		p->failed = true;
		return false;
	}
	as_skip(&cur);
	if (cur.p < cur.e) {
		as_junk(p->as, &cur);
		p->failed = true;
		return false;
	}
	p->t = t;
	if (max && (*v < 0 || *v > max)) {
		as_error(p->as, "A0241", s->p, (size_t)(t[-1].p + t[-1].n - s->p), "%s is 0 to %lld", what,
			 (long long)max);
		p->failed = true;
		return false;
	}
	return true;
}

/* ---------------------------------------------------------------- attributes */

/* __attribute__((packed)), __attribute__((aligned(8))), packed, __kptr … A tag's name or NULL in *tag. */
static bool attribute(struct cparser *p, bool *packed, int64_t *align, struct bu_str *tag)
{
	static const char *const tags[] = { "kptr", "kptr_untrusted", "percpu_kptr", "uptr", "user", "rcu",
					    "percpu" };
	struct bu_str w;

	if (p->t >= p->e || p->t->type != TOK_WORD)
		return false;
	w = word(p->t);
	if (w.n > 2 && w.p[0] == '_' && w.p[1] == '_')
		for (size_t i = 0; tag && i < BU_ARRAY_SIZE(tags); i++)
			if (bu_str_is(bu_str(w.p + 2, w.n - 2), tags[i])) {
				*tag = bu_str(w.p + 2, w.n - 2);
				p->t++;
				return true;
			}
	if (eat_word(p, "packed") || eat_word(p, "__packed")) {
		if (packed)
			*packed = true;
		return true;
	}
	if (!eat_word(p, "__attribute__"))
		return false;
	if (!expect(p, '(') || !expect(p, '('))
		return true;
	while (!p->failed && !is_sign(p, ')')) {
		if (p->t >= p->e || p->t->type != TOK_WORD) {
			error(p, "an attribute");
		} else if (eat_word(p, "packed") || eat_word(p, "__packed__")) {
			if (packed)
				*packed = true;
		} else if (eat_word(p, "aligned") || eat_word(p, "__aligned__")) {
			int64_t v = 8;

			if (eat(p, '(') && number(p, ')', "alignment", 4096, &v))
				expect(p, ')');
			if (v < 1 || v & (v - 1))
				error(p, "a power of two");
			else if (align)
				*align = v;
		} else if (eat_word(p, "btf_type_tag") && expect(p, '(')) {
			if (p->t < p->e && p->t->type == TOK_STR && p->t->n > 2 && tag)
				*tag = bu_str(p->t->p + 1, p->t->n - 2);
			p->t += p->t < p->e;
			expect(p, ')');
		} else {
			p->t++; /* preserve_access_index and what else compilers know */
		}
		if (!eat(p, ','))
			break;
	}
	if (!p->failed && expect(p, ')'))
		expect(p, ')');
	return true;
}

static struct as_type *qualified(struct cparser *p, struct as_type *t)
{
	struct bu_str tag = { 0 };

	for (;;) {
		if (eat_word(p, "const"))
			t = as_type_mod(p->as, BU_BTF_CONST, NULL, 0, t);
		else if (eat_word(p, "volatile"))
			t = as_type_mod(p->as, BU_BTF_VOLATILE, NULL, 0, t);
		else if (eat_word(p, "restrict") || eat_word(p, "__restrict"))
			;
		else if (attribute(p, NULL, NULL, &tag)) {
			if (tag.n)
				t = as_type_mod(p->as, BU_BTF_TYPE_TAG, tag.p, tag.n, t);
			tag.n = 0;
		} else
			return t;
		if (t && t->depth > AS_TYPE_DEPTH) {
			error(p, "a simpler type");
			return NULL;
		}
	}
}

/* ---------------------------------------------------------------- struct, union, enum */

static void unknown_type(struct cparser *p)
{
	struct bu_near near;
	struct bu_diag *d;

	if (p->failed)
		return;
	if (p->t >= p->e || p->t->type != TOK_WORD) {
		error(p, "a type");
		return;
	}
	d = as_error(p->as, "A0242", p->t->p, p->t->n, "unknown type '%.*s'", (int)p->t->n, p->t->p);
	bu_near_init(&near, p->t->p, p->t->n);
	as_type_feed(p->as, &near);
	if (near.best && as_type_tag(p->as, BU_BTF_VOID, bu_str(near.best, near.best_n)))
		bu_diag_help(p->as->ds, d, "did you mean '%s %.*s'?",
			     as_type_kind_name((enum bu_btf_kind)as_type_tag(p->as, BU_BTF_VOID,
					       bu_str(near.best, near.best_n))->kind),
			     (int)near.best_n, near.best);
	else if (near.best)
		bu_diag_help(p->as->ds, d, "did you mean '%.*s'?", (int)near.best_n, near.best);
	else
		bu_diag_note(p->as->ds, d, "types are u8 to u64, s8 to s64, char, bool, C's own, struct NAME, "
					   "pointers and arrays of them");
	p->failed = true;
}

static bool add_member(struct cparser *p, struct as_type *s, struct as_type *t, const struct as_tok *name,
		       uint64_t *bit)
{
	struct as *as = p->as;
	struct as_member m = { .name = "", .type = t }, *v;
	int64_t bits = 0, size = as_type_size(t);
	const char *pos = name->n ? name->p : here(p);
	size_t len = name->n ? name->n : 1;

	if (eat(p, ':')) {
		struct as_type *real = as_type_real(t);

		if (real->kind != BU_BTF_INT && real->kind != BU_BTF_ENUM && real->kind != BU_BTF_ENUM64) {
			as_error(as, "A0243", pos, len, "a bit-field is an integer or an enum, not %s",
				 as_type_text(as, t));
			return false;
		}
		if (!number(p, ',', "number of bits", size * 8, &bits))
			return false;
		if (!bits) { /* ":0" ends the unit */
			uint64_t unit = (uint64_t)size * 8;

			if (s->kind == BU_BTF_STRUCT)
				*bit = (*bit + unit - 1) / unit * unit;
			return true;
		}
		m.bit_size = (uint32_t)bits;
	} else if (size < 0) {
		struct bu_diag *d = as_error(as, "A0243", pos, len, "member '%.*s' has a type without a size: %s",
					     (int)name->n, name->p ? name->p : "", as_type_text(as, t));

		as_type_help(as, d, t, "declare it first, or make the member a pointer");
		return false;
	}
	if (name->n)
		m.name = bu_arena_strndup(&as->arena, name->p, name->n);
	for (uint32_t i = 0; i < s->n && name->n && s->n <= 512; i++)
		if (bu_str_is(word(name), s->mem[i].name)) {
			as_error(as, "A0243", pos, len, "member '%s' is declared twice", m.name);
			return false;
		}
	if (s->n >= MAX_MEMBERS) {
		as_error(as, "A0243", pos, len, "more than %d members", MAX_MEMBERS);
		return false;
	}
	as_type_full(as, t);
	if (!as_type_place(s, &m, bit)) {
		as_error(as, "A0243", pos, len, "the struct grows beyond 256 MiB");
		return false;
	}
	if (m.bit_size && !name->n)
		return true; /* only room */
	v = as_type_member(as, s);
	if (v)
		*v = m;
	return v != NULL;
}

/* Members up to the closing brace, which is taken. */
static bool members(struct cparser *p, struct as_type *s)
{
	uint64_t bit = 0;
	int64_t align = 0, malign;

	for (skip_sep(p); !is_sign(p, '}'); skip_sep(p)) {
		struct as_type *base;

		if (p->t >= p->e) {
			error(p, "'}'");
			return false;
		}
		base = specifiers(p);
		if (!base)
			return false;
		do {
			struct as_tok name = { .p = here(p) };
			struct as_type *t = base;
			bool aggregate = base->kind == BU_BTF_STRUCT || base->kind == BU_BTF_UNION;

			if (!(aggregate && (p->t >= p->e || p->t->type == TOK_SEP || is_sign(p, '}'))) &&
			    !is_sign(p, ':')) {
				t = declarator(p, base, &name);
				if (!t)
					return false;
				if (!name.n) {
					error(p, "the member's name");
					return false;
				}
			}
			malign = 0;
			while (attribute(p, NULL, &malign, NULL) && !p->failed)
				;
			if (malign && s->kind == BU_BTF_STRUCT)
				bit = (bit + (uint64_t)malign * 8 - 1) / ((uint64_t)malign * 8) * ((uint64_t)malign * 8);
			if (malign > s->align)
				s->align = (uint32_t)malign;
			if (p->failed || !add_member(p, s, t, &name, &bit))
				return false;
		} while (eat(p, ','));
		if (!is_sign(p, '}') && p->t < p->e && p->t->type != TOK_SEP) {
			error(p, "';'");
			return false;
		}
	}
	p->t++;
	while (attribute(p, NULL, &align, NULL) && !p->failed)
		;
	if (align > s->align)
		s->align = (uint32_t)align;
	s->size = (uint32_t)((bit + 7) / 8 + s->align - 1) / s->align * s->align;
	return !p->failed;
}

static bool enumerators(struct cparser *p, struct as_type *t)
{
	struct as *as = p->as;
	int64_t v = 0, lo = 0, hi = 0;
	bool declare = p->end != NULL;

	for (skip_sep(p); !is_sign(p, '}'); skip_sep(p)) {
		const struct as_tok *name = p->t;
		struct as_enumval *e;

		if (p->t >= p->e || p->t->type != TOK_WORD) {
			error(p, "an enumerator's name");
			return false;
		}
		p->t++;
		if (eat(p, '=') && !number(p, ',', "the enumerator's value", 0, &v))
			return false;
		e = bu_arena_grow(&as->arena, t->val, t->n, &t->cap, sizeof(*e));
		if (!e || t->n >= MAX_MEMBERS)
			return false;
		t->val = e;
		e[t->n++] = (struct as_enumval){ bu_arena_strndup(&as->arena, name->p, name->n), v };
		lo = v < lo ? v : lo;
		hi = v > hi ? v : hi;
		if (declare) {
			struct as_sym *s = as_sym(as, name->p, name->n);

			/* The kernel's own enumerators may be repeated as they are. */
			if (s && s->def == DEF_CONST && s->value != v) {
				as_error(as, "A0110", name->p, name->n, "'%s' is the name of a constant (%lld)", s->name,
					 (long long)s->value);
				return false;
			}
			if (s && s->def != DEF_CONST && as_set(as, s, name->p, 0, v))
				return false;
		}
		v = (int64_t)((uint64_t)v + 1);
		skip_sep(p);
		if (!eat(p, ',') && !is_sign(p, '}')) {
			error(p, "',' or '}'");
			return false;
		}
	}
	p->t++;
	t->enc = lo < 0;
	if (lo < INT32_MIN || hi > (t->enc ? (int64_t)INT32_MAX : (int64_t)UINT32_MAX)) {
		t->kind = BU_BTF_ENUM64;
		t->size = t->align = 8;
	} else {
		t->size = t->align = 4;
	}
	return true;
}

/* Is "packed" said behind the block that begins here? */
static bool packed_behind(const struct cparser *p)
{
	struct cparser q = *p;
	bool packed = false;
	int nest = 0;

	for (; q.t < q.e; q.t++) {
		if (q.t->type != TOK_SIGN)
			continue;
		nest += (q.t->sign == '{') - (q.t->sign == '}');
		if (!nest)
			break;
	}
	q.t += q.t < q.e;
	q.failed = true; /* what is wrong there is told later */
	while (attribute(&q, &packed, NULL, NULL) && !packed)
		;
	return packed;
}

/* Behind "struct", "union" or "enum": NAME, NAME { … } or { … }. */
static struct as_type *aggregate(struct cparser *p, enum bu_btf_kind kind)
{
	struct as *as = p->as;
	const struct as_tok *name = NULL;
	struct as_type *t;
	bool ok, packed = false;

	while (attribute(p, &packed, NULL, NULL) && !p->failed)
		;
	if (p->t < p->e && p->t->type == TOK_WORD)
		name = p->t++;
	if (!name && !is_sign(p, '{')) {
		error(p, "a name or '{'");
		return NULL;
	}
	if (!is_sign(p, '{')) {
		t = as_type_tag_made(as, kind, word(name));
		if (!t && !as->arena.failed) {
			t = as_type_tag(as, BU_BTF_VOID, word(name));
			as_error(as, "A0242", name->p, name->n, "'%.*s' is %s %s", (int)name->n, name->p,
				 t && t->kind == BU_BTF_ENUM ? "an" : "a",
				 as_type_kind_name(t ? (enum bu_btf_kind)t->kind : BU_BTF_VOID));
			p->failed = true;
			return NULL;
		}
		return t;
	}
	if (++p->depth > AS_TYPE_DEPTH) {
		error(p, "a struct that is nested less deeply");
		return NULL;
	}
	if (name) {
		t = bu_hash_get(&as->ty->tags, name->p, name->n);
		if (t && (t->complete || t->defining || t->kind != kind)) {
			struct bu_diag *d = as_error(as, "A0244", name->p, name->n,
						     "%s '%.*s' is declared twice", as_type_kind_name(kind),
						     (int)name->n, name->p);
			if (t->pos)
				as_span(as, d, t->pos, name->n, "first declared here");
			p->failed = true;
			return NULL;
		}
		if (!t) {
			t = as_type_new(as, kind, name->p, name->n);
			if (!t || bu_hash_put(&as->ty->tags, t->name, name->n, t)) {
				as->arena.failed = true;
				return NULL;
			}
			*as->ty->tail = t;
			as->ty->tail = &t->next;
		}
		t->pos = p->end ? name->p : NULL;
		t->declared = p->end != NULL;
	} else {
		t = as_type_new(as, kind, NULL, 0);
		if (!t)
			return NULL;
	}
	t->packed = packed || packed_behind(p);
	p->t++;
	t->defining = true;
	ok = kind == BU_BTF_ENUM ? enumerators(p, t) : members(p, t);
	t->defining = false;
	t->complete = true; /* also when wrong, so that its uses are not errors too */
	p->depth--;
	if (!ok)
		p->failed = true;
	return ok ? t : NULL;
}

/* ---------------------------------------------------------------- specifiers, declarators */

/* "unsigned long int" in any order, from the first such word on. NULL: none there. */
static struct as_type *c_integer(struct cparser *p)
{
	unsigned longs = 0, shorts = 0, chars = 0, ints = 0, sgn = 0, uns = 0;
	const struct as_tok *start = p->t;
	struct as_type *t;

	for (;; p->t++) {
		if (is_word(p, "long"))
			longs++;
		else if (is_word(p, "short"))
			shorts++;
		else if (is_word(p, "char"))
			chars++;
		else if (is_word(p, "int"))
			ints++;
		else if (is_word(p, "signed") || is_word(p, "__signed__"))
			sgn++;
		else if (is_word(p, "unsigned"))
			uns++;
		else
			break;
	}
	if (p->t == start)
		return NULL;
	if (longs > 2 || shorts + chars > 1 || ints > 1 || sgn + uns > 1 || (longs && shorts + chars)) {
		p->t = start;
		return NULL;
	}
	if (chars)
		t = sgn || uns ? as_type_int(p->as, 1, sgn) : as_type_word(p->as, BU_STR("char"));
	else if (shorts)
		t = as_type_int(p->as, 2, !uns);
	else if (longs == 1)
		t = as_type_word(p->as, uns ? BU_STR("ulong") : BU_STR("long"));
	else
		t = as_type_int(p->as, longs ? 8 : 4, !uns);
	return t;
}

static struct as_type *specifiers(struct cparser *p)
{
	struct as *as = p->as;
	struct as_type *t = NULL;
	bool is_const = false, is_volatile = false;

	for (;; p->t++) {
		if (is_word(p, "const"))
			is_const = true;
		else if (is_word(p, "volatile"))
			is_volatile = true;
		else if (!is_word(p, "extern") && !is_word(p, "static"))
			break;
	}
	if (eat_word(p, "struct"))
		t = aggregate(p, BU_BTF_STRUCT);
	else if (eat_word(p, "union"))
		t = aggregate(p, BU_BTF_UNION);
	else if (eat_word(p, "enum"))
		t = aggregate(p, BU_BTF_ENUM);
	else if (eat_word(p, "void"))
		t = as_type_new(as, BU_BTF_VOID, NULL, 0);
	else if (eat_word(p, "float") || eat_word(p, "double")) {
		t = as_type_new(as, BU_BTF_FLOAT, p->t[-1].p, p->t[-1].n);
		if (t)
			t->size = t->align = bu_str_is(word(p->t - 1), "float") ? 4 : 8;
	} else if (p->t < p->e && p->t->type == TOK_WORD) {
		t = c_integer(p); /* moves on by itself */
		if (!t) {
			t = as_type_word(as, word(p->t));
			if (!t)
				t = as_type_typedef(as, word(p->t));
			if (t)
				p->t++;
		}
	}
	if (!t) {
		unknown_type(p);
		return NULL;
	}
	if (is_const)
		t = as_type_mod(as, BU_BTF_CONST, NULL, 0, t);
	if (is_volatile)
		t = as_type_mod(as, BU_BTF_VOLATILE, NULL, 0, t);
	return qualified(p, t);
}

/* Parameters behind '(' up to ')', of a function that returns ret. */
static struct as_type *params(struct cparser *p, struct as_type *ret)
{
	struct as_type *f = as_type_mod(p->as, BU_BTF_FUNC_PROTO, NULL, 0, ret);

	if (!f)
		return NULL;
	if (is_word(p, "void") && p->t + 1 < p->e && p->t[1].type == TOK_SIGN && p->t[1].sign == ')')
		p->t++;
	for (skip_sep(p); !is_sign(p, ')'); skip_sep(p)) {
		struct as_tok name = { 0 };
		struct as_member *m;
		struct as_type *t;

		if (p->t < p->e && p->t->type == TOK_DOTS) {
			p->t++;
			f->variadic = true;
			break;
		}
		/* "name: type", or as in C */
		if (p->t + 1 < p->e && p->t->type == TOK_WORD && p->t[1].type == TOK_SIGN && p->t[1].sign == ':') {
			name = *p->t;
			p->t += 2;
			t = specifiers(p);
			if (t)
				t = declarator(p, t, &(struct as_tok){ 0 });
		} else {
			t = specifiers(p);
			if (t)
				t = declarator(p, t, &name);
		}
		if (!t)
			return NULL;
		if (t->kind == BU_BTF_ARRAY)
			t = as_type_ptr(p->as, t->to);
		m = as_type_member(p->as, f);
		if (!t || !m)
			return NULL;
		m->type = t;
		m->name = name.n ? bu_arena_strndup(&p->as->arena, name.p, name.n) : "";
		if (t->depth + 1 > f->depth)
			f->depth = (uint16_t)(t->depth + 1);
		if (f->depth > AS_TYPE_DEPTH || f->n > 64) {
			error(p, "a simpler prototype");
			return NULL;
		}
		skip_sep(p);
		if (!eat(p, ','))
			break;
	}
	skip_sep(p);
	return expect(p, ')') ? f : NULL;
}

/* [N] and (parameters), the last one first. */
static struct as_type *suffixes(struct cparser *p, struct as_type *base)
{
	if (++p->depth > AS_TYPE_DEPTH || base->depth > AS_TYPE_DEPTH) {
		error(p, "a simpler type");
		return NULL;
	}
	if (eat(p, '[')) {
		const char *pos = here(p);
		int64_t n = 0;

		if (!is_sign(p, ']') && !number(p, ']', "number of elements", 1 << 28, &n))
			return NULL;
		if (!expect(p, ']'))
			return NULL;
		base = suffixes(p, base);
		if (!base)
			return NULL;
		if (as_type_size(base) < 0 || base->kind == BU_BTF_FUNC_PROTO) {
			as_error(p->as, "A0243", pos, 1, "an array's elements have no size: %s",
				 as_type_text(p->as, base));
			p->failed = true;
			return NULL;
		}
		base = as_type_array(p->as, base, (uint32_t)n);
		if (base && base->size == UINT32_MAX) {
			as_error(p->as, "A0243", pos, 1, "the array is larger than 256 MiB");
			p->failed = true;
			return NULL;
		}
	} else if (eat(p, '(')) {
		base = params(p, base);
	}
	p->depth--;
	return base;
}

static struct as_type *declarator(struct cparser *p, struct as_type *base, struct as_tok *name)
{
	struct as_type *t = base;
	const struct as_tok *inner = NULL, *after;

	if (++p->depth > AS_TYPE_DEPTH) {
		error(p, "a simpler type");
		return NULL;
	}
	while (t && eat(p, '*')) {
		t = as_type_ptr(p->as, t);
		t = t ? qualified(p, t) : NULL;
		if (t && t->depth > AS_TYPE_DEPTH) {
			error(p, "a simpler type");
			return NULL;
		}
	}
	if (!t)
		return NULL;
	if (is_sign(p, '(') && p->t + 1 < p->e &&
	    (p->t[1].type == TOK_SIGN && (p->t[1].sign == '*' || p->t[1].sign == '('))) {
		int nest = 0;

		inner = ++p->t;
		for (; p->t < p->e; p->t++) {
			if (p->t->type != TOK_SIGN)
				continue;
			if (p->t->sign == ')' && !nest)
				break;
			nest += (p->t->sign == '(') - (p->t->sign == ')');
		}
		if (!expect(p, ')'))
			return NULL;
	} else if (p->t < p->e && p->t->type == TOK_WORD) {
		*name = *p->t++;
	}
	t = suffixes(p, t);
	if (t && inner) {
		after = p->t;
		p->t = inner;
		t = declarator(p, t, name);
		p->t = after;
	}
	p->depth--;
	return t;
}

/* ---------------------------------------------------------------- directives */

static struct cparser parser(struct as *as, const char *end)
{
	static const struct as_tok none; /* there may be no array yet */
	const struct as_tok *t = as->ty->ntok ? as->ty->tok : &none;

	return (struct cparser){ .as = as, .t = t, .e = t + as->ty->ntok, .end = end };
}

static void rest(struct cparser *p)
{
	skip_sep(p);
	if (!p->failed && p->t < p->e)
		as_error(p->as, "A0144", p->t->p, p->t->n, "'%.*s' does not belong here", (int)p->t->n, p->t->p);
}

static void block_done(struct as *as)
{
	struct as_types *ty = as->ty;
	struct cparser p = parser(as, ty->ntok ? ty->tok[ty->ntok - 1].p : ty->open_pos);

	ty->open = false;
	if (!ty->skip && aggregate(&p, ty->open_kind))
		rest(&p);
	ty->skip = false;
	ty->ntok = 0;
}

/* Counts braces of what was added; the block may be whole now. */
static void feed(struct as *as, size_t from)
{
	struct as_types *ty = as->ty;

	for (size_t i = from; i < ty->ntok; i++)
		if (ty->tok[i].type == TOK_SIGN)
			ty->braces += (ty->tok[i].sign == '{') - (ty->tok[i].sign == '}');
	if (ty->braces <= 0)
		block_done(as);
}

void as_types_feed(struct as *as, const char *p, size_t n)
{
	struct as_types *ty = as->ty;
	size_t from = ty->ntok;

	if (ty->ntok > MAX_TOKENS) {
		as_error(as, "A0240", p, 1, "the declaration is longer than %u words", MAX_TOKENS);
		ty->open = false;
		return;
	}
	tok_add(as, TOK_SEP, ';', p, 1);
	tokens(as, p, p + n);
	feed(as, from);
}

void as_types_end(struct as *as)
{
	if (!as->ty || !as->ty->open)
		return;
	as_error(as, "A0240", as->ty->open_pos, as->ty->open_len, "the declaration does not end: '}' is missing");
	as->ty->open = false;
}

/* .struct, .union, .enum: arg is the kind. */
void as_d_aggregate(PARAMS)
{
	struct as_types *ty = as_types(as);
	const char *s = c->p;
	struct bu_str w = as_word(c);
	struct bu_diag *d;

	if (!ty)
		return;
	if (!w.n || !as_eat(c, '{')) {
		d = as_error(as, "A0240", w.n ? c->p : w.p, w.n ? 1 : as_token_len(w.p, c->e),
			     w.n ? "expected '{'" : "expected a name");
		bu_diag_help(as->ds, d, "%.*s NAME { MEMBERS }", (int)name.n, name.p);
		if (!memchr(c->p, '{', (size_t)(c->e - c->p))) {
			c->p = c->e;
			return;
		}
		ty->skip = true; /* the block is read over */
	}
	ty->ntok = 0;
	ty->braces = 0;
	ty->open = true;
	ty->open_kind = (enum bu_btf_kind)arg;
	ty->open_pos = as_place(as, name.p);
	ty->open_len = name.n;
	tokens(as, s, c->e);
	c->p = c->e;
	feed(as, 0);
}

/* .typedef TYPE NAME */
void as_d_typedef(PARAMS)
{
	struct as_types *ty = as_types(as);
	struct as_tok n = { 0 };
	struct cparser p;
	struct as_type *t;
	const char *s = c->p;

	UNUSED;
	if (!ty)
		return;
	ty->ntok = 0;
	tokens(as, s, c->e);
	c->p = c->e;
	p = parser(as, as_place(as, c->e));
	t = specifiers(&p);
	if (t)
		t = declarator(&p, t, &n);
	if (!t)
		return;
	if (!n.n) {
		error(&p, "the name of the type");
		return;
	}
	rest(&p);
	if (as_type_word(as, word(&n)) || bu_hash_get(&ty->names, n.p, n.n)) {
		as_error(as, "A0244", n.p, n.n, "type '%.*s' is declared twice", (int)n.n, n.p);
		return;
	}
	t = as_type_mod(as, BU_BTF_TYPEDEF, n.p, n.n, t);
	if (!t || bu_hash_put(&ty->names, t->name, n.n, t)) {
		as->arena.failed = true;
		return;
	}
	t->declared = true;
	t->pos = n.p;
	*ty->tail = t;
	ty->tail = &t->next;
}

/* A declaration may be at hand that needs another one: its words are put aside. */
struct words {
	struct as_tok *tok;
	size_t n, cap;
};

static struct words put_aside(struct as_types *ty)
{
	struct words w = { ty->tok, ty->ntok, ty->cap_tok };

	if (w.n) {
		ty->tok = NULL;
		ty->ntok = ty->cap_tok = 0;
	}
	return w;
}

static void take_back(struct as_types *ty, struct words w)
{
	if (w.n) {
		ty->tok = w.tok;
		ty->cap_tok = w.cap;
	}
	ty->ntok = w.n;
}

bool as_type_text_read(struct as *as, const char *text)
{
	struct words w = put_aside(as->ty);
	struct cparser p;
	struct as_type *t;

	tokens(as, text, text + strlen(text));
	p = parser(as, NULL);
	t = specifiers(&p);
	take_back(as->ty, w);
	return t != NULL;
}

/* ---------------------------------------------------------------- types within other directives */

/* Sets c behind the words that were taken. */
static void behind(struct as *as, struct as_cur *c, const struct cparser *p)
{
	const char *start = as_place(as, c->p);

	if (p->t >= p->e)
		c->p = c->e;
	else
		c->p += p->t->p - start;
}

struct as_type *as_type_parse(struct as *as, struct as_cur *c, struct bu_str *name)
{
	struct as_tok n = { 0 };
	struct cparser p;
	struct as_type *t;
	struct words w;

	if (!as_types(as))
		return NULL;
	w = put_aside(as->ty);
	tokens(as, c->p, c->e);
	p = parser(as, as_place(as, c->e));
	t = specifiers(&p);
	if (t)
		t = declarator(&p, t, &n);
	if (t && n.n && !name) {
		as_error(as, "A0240", n.p, n.n, "'%.*s' does not belong into this type", (int)n.n, n.p);
		t = NULL;
	}
	if (name)
		*name = bu_str(n.p, n.n);
	behind(as, c, &p);
	take_back(as->ty, w);
	return p.failed ? NULL : t;
}

struct as_type *as_type_proto(struct as *as, struct as_cur *c, struct bu_str *name)
{
	struct as_tok n = { 0 };
	struct as_type *t = NULL, *ret;
	struct cparser p;
	struct words w;

	if (!as_types(as))
		return NULL;
	w = put_aside(as->ty);
	tokens(as, c->p, c->e);
	p = parser(as, as_place(as, c->e));
	if (p.t + 1 < p.e && p.t->type == TOK_WORD && p.t[1].type == TOK_SIGN && p.t[1].sign == '(') {
		n = *p.t;
		p.t += 2;
		ret = as_type_int(as, 4, true);
		t = ret ? params(&p, ret) : NULL;
		if (t && is_sign(&p, '-') && p.t + 1 < p.e && p.t[1].type == TOK_SIGN && p.t[1].sign == '>') {
			p.t += 2;
			ret = specifiers(&p);
			if (ret)
				ret = declarator(&p, ret, &(struct as_tok){ 0 });
			t->to = ret;
			t = ret ? t : NULL;
		}
	} else {
		t = specifiers(&p);
		if (t)
			t = declarator(&p, t, &n);
		if (t && (!n.n || t->kind != BU_BTF_FUNC_PROTO)) {
			error(&p, "a prototype: NAME(x: TYPE) -> TYPE, or as in C");
			t = NULL;
		}
	}
	*name = bu_str(n.p, n.n);
	behind(as, c, &p);
	take_back(as->ty, w);
	return p.failed ? NULL : t;
}
