/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directives that choose a section. */
#include "bpf-as/directive.h"

/* A section's name: quoted, or up to a comma or blank. */
static struct bu_str section_name(struct as *as, struct as_cur *c, struct bu_buf *quoted)
{
	const char *s;

	as_skip(c);
	s = c->p;
	if (s < c->e && *s == '"') {
		if (!as_string(as, c, quoted))
			return bu_str(s, 0);
		if (!quoted->n || memchr(quoted->p, 0, quoted->n)) {
			as_error(as, "A0124", s, (size_t)(c->p - s), "this is no section name");
			return bu_str(s, 0);
		}
		return bu_str((const char *)quoted->p, quoted->n);
	}
	while (c->p < c->e && *c->p != ',' && !IS(*c->p, CL_SPACE))
		c->p++;
	if (c->p == s)
		as_error(as, "A0124", s, 1, "expected a section name");
	return bu_str(s, (size_t)(c->p - s));
}

/* What stands behind a section's name. */
struct attrs {
	bool given;
	uint64_t flags, entsize;
	uint32_t type;      /* 0: not given */
	bool merge, grouped, linked, comdat;
	struct as_sym *group;
	const char *link;   /* section that it is about */
	struct bu_buf key;  /* tells sections of one name apart */
};

static bool section_flags(struct as *as, const char *p, const struct bu_buf *b, struct attrs *a)
{
	uint64_t n;

	if (b->n && IS(b->p[0], CL_DIGIT)) { /* all of them as a number */
		if (bu_str_u64(bu_str((const char *)b->p, b->n), &n, NULL)) {
			as_error(as, "A0125", p, b->n + 2, "section flags are letters or a number");
			return false;
		}
		a->flags = n;
		a->merge = n & SHF_MERGE;
		return true;
	}
	for (size_t i = 0; i < b->n; i++) {
		switch (b->p[i]) {
		case 'a': a->flags |= SHF_ALLOC; break;
		case 'w': a->flags |= SHF_WRITE; break;
		case 'x': a->flags |= SHF_EXECINSTR; break;
		case 'M': a->flags |= SHF_MERGE; a->merge = true; break;
		case 'S': a->flags |= SHF_STRINGS; break;
		case 'e': a->flags |= SHF_EXCLUDE; break;
		case 'T': a->flags |= SHF_TLS; break;
		case 'R': a->flags |= SHF_GNU_RETAIN; break;
		case 'G': a->grouped = true; break;
		case 'o': a->flags |= SHF_LINK_ORDER; a->linked = true; break;
		default:
			as_error(as, "A0125", p + 1 + i, 1, "unknown section flag '%c'", b->p[i]);
			return false;
		}
	}
	return true;
}

static bool section_type(struct as *as, struct as_cur *c, uint32_t *type)
{
	static const struct {
		const char *name;
		uint32_t type;
	} types[] = {
		{ "progbits", SHT_PROGBITS }, { "nobits", SHT_NOBITS }, { "note", SHT_NOTE },
		{ "init_array", SHT_INIT_ARRAY }, { "fini_array", SHT_FINI_ARRAY },
		{ "preinit_array", SHT_PREINIT_ARRAY }, { "unwind", 0x70000001 },
		{ "llvm_odrtab", 0x6fff4c00 }, { "llvm_linker_options", 0x6fff4c01 },
		{ "llvm_dependent_libraries", 0x6fff4c04 }, { "llvm_sympart", 0x6fff4c05 },
		{ "llvm_call_graph_profile", 0x6fff4c09 }, { "llvm_bb_addr_map", 0x6fff4c0a },
		{ "llvm_offloading", 0x6fff4c0b }, { "llvm_lto", 0x6fff4c0c },
	};
	const char *p;
	struct bu_str w;
	int64_t n;

	as_skip(c);
	p = c->p;
	if (c->p < c->e && (*c->p == '@' || *c->p == '%'))
		c->p++;
	if (c->p < c->e && IS(*c->p, CL_DIGIT)) {
		if (as_expr_now(as, c, "section type", &n))
			return false;
		if (n > 0 && n <= UINT32_MAX) {
			*type = (uint32_t)n;
			return true;
		}
	} else {
		w = as_word(c);
		for (size_t i = 0; i < BU_ARRAY_SIZE(types); i++)
			if (bu_str_is(w, types[i].name)) {
				*type = types[i].type;
				return true;
			}
	}
	as_error(as, "A0125", p, c->p > p ? (size_t)(c->p - p) : 1,
		 "section type is @progbits, @nobits or @note");
	return false;
}

/* A symbol, or a number that serves as one; NULL: told. */
static struct as_sym *signature(struct as *as, struct as_cur *c)
{
	const char *p;

	as_skip(c);
	p = c->p;
	if (p == c->e || !IS(*p, CL_DIGIT))
		return as_symbol_arg(as, c, &p);
	while (c->p < c->e && IS(*c->p, CL_IDENT))
		c->p++;
	return as_sym(as, p, (size_t)(c->p - p));
}

/* ,element size ,group[,comdat] ,section that it is about ,unique,N: each if its flag was there */
static bool section_more(struct as *as, struct as_cur *c, struct attrs *a)
{
	struct bu_str w;
	const char *p;
	int64_t n = 0;

	if (a->merge && as_eat(c, ',')) {
		if (as_expr_now(as, c, "element size", &n))
			return false;
		a->entsize = n > 0 ? (uint64_t)n : 0;
	}
	if (a->grouped) {
		if (!as_comma(as, c))
			return false;
		a->group = signature(as, c);
		if (!a->group)
			return false;
		bu_buf_printf(&a->key, "%cG%s", 0, a->group->name);
	}
	if (a->linked) {
		if (!as_comma(as, c))
			return false;
		as_skip(c);
		p = c->p;
		while (c->p < c->e && *c->p != ',' && !IS(*c->p, CL_SPACE))
			c->p++;
		a->link = bu_arena_strndup(&as->arena, p, (size_t)(c->p - p));
		bu_buf_printf(&a->key, "%cL%.*s", 0, (int)(c->p - p), p);
	}
	while (as_eat(c, ',')) {
		as_skip(c);
		p = c->p;
		w = as_word(c);
		if (bu_str_is(w, "entsize") && as_eat(c, '=')) {
			if (as_expr_now(as, c, "element size", &n))
				return false;
			a->entsize = n > 0 ? (uint64_t)n : 0;
		} else if (a->grouped && bu_str_is(w, "comdat")) {
			a->comdat = true;
		} else if (bu_str_is(w, "unique") && as_eat(c, ',')) {
			if (as_expr_now(as, c, "number", &n))
				return false;
			bu_buf_printf(&a->key, "%cU%lld", 0, (long long)n);
		} else {
			as_error(as, "A0125", p, as_token_len(p, c->e), "expected the end of the line");
			return false;
		}
	}
	return true;
}

/* ,"flags"[,@type[,...]] */
static bool section_attrs(struct as *as, struct as_cur *c, struct attrs *a)
{
	struct bu_buf b = { 0 };
	const char *p;
	bool ok;

	as_skip(c);
	p = c->p;
	ok = as_string(as, c, &b) && section_flags(as, p, &b, a);
	a->given = ok;
	if (ok && as_eat(c, ','))
		ok = section_type(as, c, &a->type) && section_more(as, c, a);
	bu_buf_free(&b);
	return ok;
}

static struct as_sec *section(struct as *as, struct as_cur *c)
{
	struct bu_buf quoted = { 0 };
	struct attrs a = { 0 };
	struct as_sec *s = NULL;
	struct bu_str n;
	const char *p;
	bool known, ok;

	as_skip(c);
	p = c->p;
	n = section_name(as, c, &quoted);
	if (!n.n) {
		c->p = c->e;
		goto out;
	}
	bu_buf_add(&a.key, n.p, n.n);
	ok = !as_eat(c, ',') || section_attrs(as, c, &a);
	known = bu_hash_get(&as->sec_index, (const char *)a.key.p, a.key.n) != NULL;
	s = as_section(as, (const char *)a.key.p, a.key.n, p + (*p == '"'));
	if (!s || !ok) {
		c->p = c->e;
		goto out;
	}
	if (!s->pos)
		s->pos = as_place(as, p);
	as_junk(as, c);
	if (!a.given)
		goto out;
	if (known && s->used && s->flags != a.flags)
		as_error(as, "A0126", p, n.n, "section '%s' had other flags before", s->name);
	s->flags = a.flags;
	if (a.merge || a.entsize)
		s->entsize = a.entsize;
	s->group = a.group;
	s->comdat = a.comdat;
	s->link = a.link;
	if (a.group)
		a.group->used = a.group->kept = true;
	if (a.type && !(known && s->used))
		s->type = a.type;
	else if (!a.type && !s->used)
		s->type = strncmp(s->name, ".bss", 4) ? SHT_PROGBITS : SHT_NOBITS;
	s = as_section(as, (const char *)a.key.p, a.key.n, NULL);
out:
	bu_buf_free(&quoted);
	bu_buf_free(&a.key);
	return s;
}

void as_d_section(PARAMS)
{
	UNUSED;
	as_switch(as, section(as, c));
}

void as_d_section_short(PARAMS)
{
	(void)arg;
	as_junk(as, c);
	as_switch(as, as_section(as, name.p, name.n, name.p));
}

void as_d_previous(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	if (!as->prev)
		as_error(as, "A0127", name.p, name.n, "there is no previous section");
	else
		as_switch(as, as->prev);
}

void as_d_pushsection(PARAMS)
{
	UNUSED;
	if (as->nstack == BU_ARRAY_SIZE(as->stack)) {
		as_error(as, "A0127", name.p, name.n, "sections are pushed more than %zu deep",
			 BU_ARRAY_SIZE(as->stack));
		c->p = c->e;
		return;
	}
	as->stack[as->nstack].cur = as->cur;
	as->stack[as->nstack++].prev = as->prev;
	as_switch(as, section(as, c));
}

void as_d_popsection(PARAMS)
{
	UNUSED;
	as_junk(as, c);
	if (!as->nstack) {
		as_error(as, "A0127", name.p, name.n, ".popsection without .pushsection");
		return;
	}
	as->cur = as->stack[--as->nstack].cur;
	as->prev = as->stack[as->nstack].prev;
	as->last_label = NULL;
}
