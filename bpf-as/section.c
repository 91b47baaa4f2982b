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
		if (memchr(quoted->p, 0, quoted->n) || !quoted->n) {
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

static bool section_flags(struct as *as, const char *p, const struct bu_buf *b, uint64_t *flags,
			  bool *merge)
{
	uint64_t n;

	if (b->n && IS(b->p[0], CL_DIGIT)) { /* all of them as a number */
		if (bu_str_u64(bu_str((const char *)b->p, b->n), &n, NULL)) {
			as_error(as, "A0125", p, b->n + 2, "section flags are letters or a number");
			return false;
		}
		*flags = n;
		*merge = n & SHF_MERGE;
		return true;
	}
	for (size_t i = 0; i < b->n; i++) {
		switch (b->p[i]) {
		case 'a': *flags |= SHF_ALLOC; break;
		case 'w': *flags |= SHF_WRITE; break;
		case 'x': *flags |= SHF_EXECINSTR; break;
		case 'M': *flags |= SHF_MERGE; *merge = true; break;
		case 'S': *flags |= SHF_STRINGS; break;
		case 'e': *flags |= SHF_EXCLUDE; break;
		default:
			as_error(as, "A0125", p + 1 + i, 1, "unknown section flag '%c'", b->p[i]);
			return false;
		}
	}
	return true;
}

/* ,"flags"[,@type[,entsize]] */
static bool section_attrs(struct as *as, struct as_cur *c, struct as_sec *s, bool *given,
			  uint64_t *flags, uint32_t *type)
{
	struct bu_buf b = { 0 };
	bool merge = false, ok = false;
	const char *p;
	struct bu_str w;
	int64_t n = 0;

	as_skip(c);
	p = c->p;
	if (!as_string(as, c, &b) || !section_flags(as, p, &b, flags, &merge))
		goto out;
	*given = true;
	if (as_eat(c, ',')) {
		as_skip(c);
		p = c->p;
		if (c->p < c->e && (*c->p == '@' || *c->p == '%'))
			c->p++;
		w = as_word(c);
		if (!w.n && c->p < c->e && IS(*c->p, CL_DIGIT)) {
			if (as_expr_now(as, c, "section type", &n))
				goto out;
			*type = (uint32_t)n;
			n = 0;
		} else if (bu_str_is(w, "progbits"))
			*type = SHT_PROGBITS;
		else if (bu_str_is(w, "nobits"))
			*type = SHT_NOBITS;
		else if (bu_str_is(w, "note"))
			*type = SHT_NOTE;
		else {
			as_error(as, "A0125", p, c->p > p ? (size_t)(c->p - p) : 1,
				 "section type is @progbits, @nobits or @note");
			goto out;
		}
		if (merge && as_eat(c, ',') && as_expr_now(as, c, "element size", &n))
			goto out;
		s->entsize = n > 0 ? (uint64_t)n : 0;
	}
	ok = true;
out:
	bu_buf_free(&b);
	return ok;
}

static struct as_sec *section(struct as *as, struct as_cur *c)
{
	struct bu_buf quoted = { 0 };
	bool known, given = false;
	uint64_t flags = 0;
	struct as_sec *s;
	struct bu_str n;
	const char *p;
	uint32_t type = 0;

	as_skip(c);
	p = c->p;
	n = section_name(as, c, &quoted);
	if (!n.n) {
		c->p = c->e;
		bu_buf_free(&quoted);
		return NULL;
	}
	known = bu_hash_get(&as->sec_index, n.p, n.n) != NULL;
	s = as_section(as, n.p, n.n, p + (*p == '"'));
	bu_buf_free(&quoted);
	if (!s)
		return NULL;
	if (!s->pos)
		s->pos = as_place(as, p);
	if (as_eat(c, ',') && !section_attrs(as, c, s, &given, &flags, &type)) {
		c->p = c->e;
		return s;
	}
	as_junk(as, c);
	if (!given)
		return s;
	if (known && s->used && s->flags != flags)
		as_error(as, "A0126", p, n.n, "section '%s' had other flags before", s->name);
	s->flags = flags;
	if (type && !(known && s->used))
		s->type = type;
	else if (!type && !s->used)
		s->type = strncmp(s->name, ".bss", 4) ? SHT_PROGBITS : SHT_NOBITS;
	return as_section(as, s->name, strlen(s->name), NULL);
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
