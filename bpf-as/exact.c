/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a text needs that describes an object exactly, such as that of -d: .verbatim, which turns
 * off all that is otherwise guessed or judged; relocations that no expression gives (.reloc); symbols
 * whose names no word can be ("a b", or another name than the label's by .rename); the byte order and
 * the flags of the file.
 */
#include <stdlib.h>

#include "bpf-as/directive.h"

struct exact_reloc {
	struct as_sec *sec;
	uint64_t off;
	uint32_t type;
	struct as_sym *sym;
	const char *pos;
	uint32_t len;
};

struct as_exact {
	struct exact_reloc *rel;
	size_t nrel, cap_rel;
	uint32_t e_flags;
};

static struct as_exact *exact(struct as *as)
{
	if (!as->exact)
		as->exact = bu_arena_alloc(&as->arena, sizeof(*as->exact));
	return as->exact;
}

static bool begun(const struct as *as)
{
	if (as->syms || as->maps)
		return true;
	for (size_t i = 0; i < as->nsecs; i++)
		if (as->secs[i]->size || as->secs[i]->used)
			return true;
	return false;
}

void as_d_verbatim(PARAMS)
{
	(void)arg;
	as_junk(as, c);
	if (begun(as)) {
		as_error(as, "A0136", name.p, name.n, ".verbatim stands before all that makes anything");
		return;
	}
	as->verbatim = true;
	as->compat = COMPAT_NONE;
	as->dialects = as->file->dialects = 1u << BU_DIALECT_CANONICAL;
	for (size_t i = 0; i < as->nsecs; i++)
		as->secs[i]->align = 1;
}

void as_d_endian(PARAMS)
{
	struct bu_str w;
	bool be;

	(void)arg;
	w = as_word(c);
	be = bu_str_is(w, "big");
	if (!be && !bu_str_is(w, "little")) {
		as_error(as, "A0136", w.p, as_token_len(w.p, c->e), "byte order is big or little");
		c->p = c->e;
		return;
	}
	as_junk(as, c);
	if (as->be == be)
		return;
	if (begun(as)) {
		as_error(as, "A0136", name.p, name.n, "the byte order changes after something was made");
		return;
	}
	as->be = be;
	as->gen.be = be;
}

/* .elf_flags N: e_flags of the file. */
void as_d_elf_flags(PARAMS)
{
	const char *p;
	int64_t v;

	UNUSED;
	as_skip(c);
	p = c->p;
	if (as_expr_now(as, c, "flags", &v)) {
		c->p = c->e;
		return;
	}
	if (v < 0 || v > UINT32_MAX)
		as_error(as, "A0160", p, (size_t)(c->p - p), "flags are 0 to 4294967295");
	else if (exact(as))
		as->exact->e_flags = (uint32_t)v;
	as_junk(as, c);
}

/* .rename LABEL, "NAME": the symbol table calls it NAME. */
void as_d_rename(PARAMS)
{
	struct bu_buf b = { 0 };
	struct as_sym *s;
	const char *p;

	UNUSED;
	s = as_symbol_arg(as, c, &p);
	if (!s || !as_comma(as, c))
		return;
	as_skip(c);
	p = c->p;
	if (as_string(as, c, &b)) {
		if (memchr(b.p ? b.p : (const uint8_t *)"", 0, b.n))
			as_error(as, "A0136", p, (size_t)(c->p - p), "a symbol's name holds no NUL");
		else
			as_symx(as, s)->rename = bu_arena_strndup(&as->arena, (const char *)b.p, b.n);
		as_junk(as, c);
	}
	c->p = c->e;
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- quoted names */

/*
 * "NAME" at c as a symbol; NULL: told, or none there. A name that would be a register or a constant
 * without quotes is kept apart from it: its key begins with a quote.
 */
struct as_sym *as_quoted(struct as *as, struct as_cur *c)
{
	struct bu_buf b = { 0 };
	struct as_sym *s = NULL;
	const char *p = c->p;

	if (!as_string(as, c, &b))
		goto out;
	if (!b.n || memchr(b.p, 0, b.n)) {
		as_error(as, "A0136", p, (size_t)(c->p - p), "this is no symbol's name");
		goto out;
	}
	s = as_sym(as, (const char *)b.p, b.n);
	if (s && (s->def == DEF_REG || s->def == DEF_CONST || (b.n == 1 && *b.p == '.'))) {
		struct bu_buf key = { 0 };

		bu_buf_char(&key, '"');
		bu_buf_add(&key, b.p, b.n);
		s = as_sym(as, (const char *)key.p, key.n);
		if (s && !s->x->rename) {
			as_symx(as, s)->rename = bu_arena_strndup(&as->arena, (const char *)b.p, b.n);
			s->temp = false;
		}
		bu_buf_free(&key);
	}
out:
	bu_buf_free(&b);
	return s;
}

/* "NAME": at c, a label. false: there is none, c stays. */
bool as_quoted_label(struct as *as, struct as_cur *c)
{
	const char *q = c->p + 1;
	struct as_sym *s;
	const char *p = c->p;

	while (q < c->e && *q != '"')
		q += *q == '\\' && q + 1 < c->e ? 2 : 1;
	if (q >= c->e || q + 1 >= c->e || q[1] != ':')
		return false;
	s = as_quoted(as, c);
	c->p = q + 2;
	if (s)
		as_label_sym(as, s, p, (size_t)(q + 1 - p));
	return true;
}

/* ---------------------------------------------------------------- relocations */

static const struct reloc_name {
	const char *name;
	uint32_t type;
} reloc_names[] = {
	{ "R_BPF_64_64", 1 }, { "R_BPF_64_ABS64", 2 }, { "R_BPF_64_ABS32", 3 },
	{ "R_BPF_64_NODYLD32", 4 }, { "R_BPF_64_32", 10 },
};

const char *as_reloc_name(uint32_t type)
{
	for (size_t i = 0; i < BU_ARRAY_SIZE(reloc_names); i++)
		if (reloc_names[i].type == type)
			return reloc_names[i].name;
	return NULL;
}

uint32_t as_exact_data_reloc(uint64_t flags, bool temp, bool known)
{
	bool loaded = known && (flags & SHF_ALLOC);

	return loaded && (flags & SHF_WRITE || (temp && flags & SHF_EXECINSTR)) ? BU_R_BPF_64_NODYLD32
										  : BU_R_BPF_64_ABS32;
}

static bool reloc_type(struct as *as, struct as_cur *c, uint32_t *type)
{
	const char *p;
	struct bu_str w;
	int64_t v;

	as_skip(c);
	p = c->p;
	if (c->p < c->e && IS(*c->p, CL_START)) {
		w = as_word(c);
		for (size_t i = 0; i < BU_ARRAY_SIZE(reloc_names); i++)
			if (bu_str_is(w, reloc_names[i].name)) {
				*type = reloc_names[i].type;
				return true;
			}
		as_error(as, "A0136", w.p, w.n, "unknown relocation '%.*s'", (int)w.n, w.p);
		return false;
	}
	if (as_expr_now(as, c, "type of relocation", &v))
		return false;
	if (v < 1 || v > UINT32_MAX) {
		as_error(as, "A0160", p, (size_t)(c->p - p), "a relocation's type is 1 to 4294967295");
		return false;
	}
	*type = (uint32_t)v;
	return true;
}

/*
 * .reloc PLACE, TYPE, SYMBOL: a relocation against just this symbol (a label that is in no symbol
 * table: its section). The bytes there stay as they are: they hold the addend.
 */
void as_d_reloc(PARAMS)
{
	struct exact_reloc r = { .sec = as->cur };
	struct as_exact *x = exact(as);
	struct as_val v;
	const char *p;
	uint32_t node;
	int64_t n;

	(void)arg;
	as_skip(c);
	p = c->p;
	if (as_expr(as, c, &node, &n) || (node && as_eval(as, node, &v))) {
		as_error(as, "A0140", p, as_token_len(p, c->e), "expected a place");
		goto bad;
	}
	if (node && v.sym && v.sym->def == DEF_LABEL) {
		r.sec = v.sym->sec;
		n = v.sym->value + v.add;
	} else if (node) {
		as_error(as, "A0141", p, (size_t)(c->p - p), "a relocation's place must be known here");
		goto bad;
	}
	if (n < 0) {
		as_error(as, "A0160", p, (size_t)(c->p - p), "a relocation's place is in its section");
		goto bad;
	}
	r.off = (uint64_t)n;
	if (!as_comma(as, c) || !reloc_type(as, c, &r.type) || !as_comma(as, c))
		goto bad;
	r.sym = as_symbol_arg(as, c, &p);
	if (!r.sym)
		goto bad;
	r.pos = as_place(as, p);
	r.len = r.sym->n;
	as_junk(as, c);
	if (!x)
		return;
	x->rel = bu_arena_grow(&as->arena, x->rel, x->nrel, &x->cap_rel, sizeof(r));
	if (x->rel)
		x->rel[x->nrel++] = r;
	else
		x->nrel = 0;
	(void)name;
	return;
bad:
	c->p = c->e;
}

/* At the end: the symbols of .reloc are used, undefined ones are errors. */
void as_exact_resolve(struct as *as)
{
	struct as_exact *x = as->exact;

	for (size_t i = 0; x && i < x->nrel; i++) {
		struct exact_reloc *r = &x->rel[i];
		struct as_sym *s = r->sym;
		struct as_reloc *to;

		if (s->def == DEF_NONE && !s->is_extern) {
			as_undefined(as, s, r->pos, false);
			continue;
		}
		if (s->def != DEF_NONE && s->def != DEF_LABEL && s->def != DEF_COMMON && !(s->def == DEF_SET && s->bind_given && !s->x->expr)) {
			as_error(as, "A0148", r->pos, r->len, "'%s' is in no symbol table", s->name);
			continue;
		}
		if (r->off >= r->sec->size) {
			as_error(as, "A0160", r->pos, r->len, "the relocation is for byte %llu of %llu",
				 (unsigned long long)r->off, (unsigned long long)r->sec->size);
			continue;
		}
		as->rel = bu_arena_grow(&as->arena, as->rel, as->nrel, &as->cap_rel, sizeof(*to));
		if (!as->rel) {
			as->nrel = 0;
			return;
		}
		to = &as->rel[as->nrel++];
		*to = (struct as_reloc){ .sec = r->sec, .off = r->off, .type = r->type, .sym = s,
					 .exact = true, .pos = r->pos, .len = r->len };
		s->used = true;
		if (s->temp && s->def == DEF_LABEL)
			s->sec->need_sym = true;
	}
}

void as_exact_emit(const struct as *as, struct bu_obj *o)
{
	if (as->exact)
		o->e_flags = as->exact->e_flags;
}
