/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Assembles the text in this process and compares what it makes with the object: sections, relocations
 * by symbol, symbols. A section that differs, or in whose text an error was told, is lowered by a level.
 */
#include <stdlib.h>

#include "bpf-as/dis.h"

#define MAX_ERRORS 100

struct verify {
	struct dis *d;
	struct bu_obj *o, *made;
	struct bu_arena a;
	uint32_t *to;      /* section of o -> section of made, or UNDEF */
	bool lowered;
	uint32_t unsaid;   /* a section that can go no lower, or UNDEF */
	const char *why;
	bool left;         /* something differs that no level mends */
};

static void lower_to(struct verify *v, uint32_t k, unsigned last, const char *why)
{
	struct dis_sec *s = &v->d->sec[k];

	if (s->lowered)
		return;
	if (s->level < last) {
		s->level++;
		s->lowered = true;
		v->lowered = true;
	} else if (v->unsaid == BU_SEC_UNDEF) {
		v->left = true;
		v->unsaid = k;
		v->why = why;
	}
}

static void lower(struct verify *v, uint32_t k, const char *why)
{
	lower_to(v, k, dis_is_code(&v->o->secs[k]) ? LEVEL_BYTES : LEVEL_RAW, why);
}

static void loose(struct verify *v, const char *why)
{
	if (v->left)
		return;
	v->left = true;
	v->why = why;
}

/* ---------------------------------------------------------------- sections */

static int match_sections(struct verify *v)
{
	struct bu_hash first = { 0 };
	uint32_t *next = bu_arena_array(&v->a, v->made->nsecs + 1, sizeof(*next));
	int err = 0;

	v->to = bu_arena_array(&v->a, v->o->nsecs, sizeof(*v->to));
	if (!v->to || !next)
		return -ENOMEM;
	/* lists of one name, in order */
	for (uint32_t i = v->made->nsecs; i-- > 0 && !err;) {
		const char *n = v->made->secs[i].name;

		next[i] = (uint32_t)(uintptr_t)bu_hash_get(&first, n, strlen(n));
		err = bu_hash_put(&first, n, strlen(n), (void *)(uintptr_t)(i + 1));
	}
	for (uint32_t k = 0; k < v->o->nsecs && !err; k++) {
		const char *n = v->o->secs[k].name;
		uint32_t i = (uint32_t)(uintptr_t)bu_hash_get(&first, n, strlen(n));

		v->to[k] = BU_SEC_UNDEF;
		if (!i || v->d->sec[k].left_out)
			continue;
		v->to[k] = i - 1;
		n = v->made->secs[i - 1].name;
		err = bu_hash_put(&first, n, strlen(n), (void *)(uintptr_t)next[i - 1]);
	}
	bu_hash_free(&first);
	return err;
}

/* The same but for what was left out of the text? The sizes were compared. */
static bool same_pieces(const struct verify *v, uint32_t k, const uint8_t *x, uint64_t n, const uint8_t *y)
{
	const struct dis *d = v->d;
	uint64_t at = 0;

	for (size_t i = 0; i < d->ngaps; i++) {
		const struct dis_gap *g = &d->gaps[i];

		if (g->sec != k)
			continue;
		if (memcmp(x + at, y, g->off - at))
			return false;
		y += g->off - at;
		at = g->off + g->n;
	}
	return at == n || !memcmp(x + at, y, n - at);
}

static bool same_bytes(const struct verify *v, uint32_t k, const struct bu_sec *y)
{
	static const uint8_t zero[8];
	const struct bu_sec *x = &v->o->secs[k];
	bool code = v->d->sec[k].at != NULL;

	if (v->d->sec[k].skipped)
		return y->data && same_pieces(v, k, x->data, x->size, y->data);

	if (!x->data || !y->data || !memcmp(x->data, y->data, x->size))
		return !x->data == !y->data || !x->size;
	if (!v->d->check || !code)
		return false;
	/* what was said once is left out */
	for (uint64_t i = 0; i < x->size; i += 8) {
		size_t n = x->size - i < 8 ? x->size - i : 8;

		if (n == 8 && (!bu_get64(y->data + i, false) ||
			       bu_get64(y->data + i, false) == bu_get64(x->data + i, false)))
			continue;
		if (memcmp(x->data + i, y->data + i, n) && memcmp(y->data + i, zero, n))
			return false;
	}
	return true;
}

/* Of the same group, about the same section? */
static bool same_ties(const struct verify *v, const struct bu_sec *x, const struct bu_sec *y)
{
	if (!x->group != !y->group || !x->link != !y->link)
		return false;
	if (x->link && v->to[x->link - 1] != y->link - 1)
		return false;
	if (x->group) {
		const struct bu_group *g = &v->o->groups[x->group - 1], *h = &v->made->groups[y->group - 1];

		return g->comdat == h->comdat && !strcmp(v->o->syms[g->sym].name, v->made->syms[h->sym].name);
	}
	return true;
}

static void section(struct verify *v, uint32_t k)
{
	const struct bu_sec *x = &v->o->secs[k], *y;

	if (v->d->sec[k].left_out)
		return;
	if (v->to[k] == BU_SEC_UNDEF) {
		lower(v, k, "is not made");
		return;
	}
	y = &v->made->secs[v->to[k]];
	if (x->type != y->type || x->flags != y->flags || x->align != y->align || x->entsize != y->entsize)
		lower(v, k, "has a type, flags, alignment or element size that cannot be written");
	else if (!same_ties(v, x, y))
		lower(v, k, "has a group or link that cannot be written");
	else if (x->size != y->size + v->d->sec[k].skipped || !same_bytes(v, k, y))
		lower(v, k, "has other contents");
}

/* ---------------------------------------------------------------- symbols */

static bool section_symbol(const struct bu_sym *s)
{
	return s->type == STT_SECTION;
}

/* A section of the original as the new object numbers it. */
static uint32_t sec_of(const struct verify *v, const struct bu_sym *s, bool made)
{
	return made || s->sec >= v->o->nsecs ? s->sec : v->to[s->sec];
}

struct ref {
	const struct verify *v;
	const struct bu_sym *s;
	bool made;
};

static int cmp(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_symbol(const void *a, const void *b)
{
	const struct ref *p = a, *q = b;
	const struct bu_sym *x = p->s, *y = q->s;
	int c = cmp(section_symbol(x), section_symbol(y));

	if (!c && !section_symbol(x))
		c = strcmp(x->name, y->name);
	if (!c)
		c = cmp(sec_of(p->v, x, p->made), sec_of(q->v, y, q->made));
	if (c || section_symbol(x))
		return c;
	c = cmp(x->value, y->value);
	c = c ? c : cmp(x->size, y->size);
	c = c ? c : cmp(x->type, y->type);
	c = c ? c : cmp(x->bind, y->bind);
	return c ? c : cmp(x->vis, y->vis);
}

static struct ref *sorted(struct verify *v, const struct bu_obj *o, bool made, uint32_t *n)
{
	struct ref *r = bu_arena_array(&v->a, o->nsyms, sizeof(*r));

	*n = 0;
	for (uint32_t i = 0; r && i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];

		if (section_symbol(s) || (!made && s->sec < o->nsecs && v->d->sec[s->sec].left_out))
			continue;
		r[(*n)++] = (struct ref){ v, s, made };
	}
	if (r && *n)
		qsort(r, *n, sizeof(*r), by_symbol);
	return r;
}

static int symbols(struct verify *v)
{
	uint32_t n, m, i = 0, k = 0;
	struct ref *x = sorted(v, v->o, false, &n), *y = sorted(v, v->made, true, &m);

	if (!x || !y)
		return -ENOMEM;
	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : by_symbol(&x[i], &y[k]);

		if (c < 0 && x[i].s->sec < v->o->nsecs)
			/* only .map and .license make symbols by themselves */
			lower_to(v, x[i].s->sec, LEVEL_PLAIN, "has a symbol that cannot be written");
		else if (c < 0)
			loose(v, "a symbol of no section cannot be written");
		else if (c > 0)
			loose(v, "there are symbols that the object has not");
		i += c <= 0;
		k += c >= 0;
	}
	return 0;
}

/* ---------------------------------------------------------------- relocations */

struct reloc {
	struct ref sym;
	uint32_t sec, type; /* sec: as made numbers it */
	uint64_t off;
	uint32_t from;      /* section of the original */
};

static int by_reloc(const void *a, const void *b)
{
	const struct reloc *x = a, *y = b;
	int c = cmp(x->sec, y->sec);

	c = c ? c : cmp(x->off, y->off);
	c = c ? c : cmp(x->type, y->type);
	return c ? c : by_symbol(&x->sym, &y->sym);
}

static struct reloc *relocs(struct verify *v, const struct bu_obj *o, bool made, uint32_t *n)
{
	struct reloc *r = bu_arena_array(&v->a, o->nrels, sizeof(*r));

	*n = 0;
	for (uint32_t i = 0; r && i < o->nrels; i++) {
		const struct bu_rel *e = &o->rels[i];

		if (!made && (v->d->sec[e->sec].left_out || v->to[e->sec] == BU_SEC_UNDEF))
			continue;
		r[(*n)++] = (struct reloc){ { v, &o->syms[e->sym], made }, made ? e->sec : v->to[e->sec],
					    e->type, e->off, e->sec };
	}
	if (r && *n)
		qsort(r, *n, sizeof(*r), by_reloc);
	return r;
}

/* Of an instruction that the text of a check leaves out? */
static bool left_out(const struct verify *v, const struct reloc *r)
{
	const struct bu_sec *x = &v->o->secs[r->from], *y = &v->made->secs[r->sec];

	return v->d->check && v->d->sec[r->from].at && y->data && r->off % 8 == 0 && r->off + 8 <= x->size &&
	       r->off + 8 <= y->size && bu_get64(x->data + r->off, false) && !bu_get64(y->data + r->off, false);
}

static int relocations(struct verify *v)
{
	uint32_t n, m, i = 0, k = 0, *from;
	struct reloc *x = relocs(v, v->o, false, &n), *y = relocs(v, v->made, true, &m);

	from = bu_arena_array(&v->a, v->made->nsecs, sizeof(*from));
	if (!x || !y || !from)
		return -ENOMEM;
	for (uint32_t s = 0; s < v->o->nsecs; s++)
		if (v->to[s] != BU_SEC_UNDEF)
			from[v->to[s]] = s + 1;
	while (i < n || k < m) {
		int c = i == n ? 1 : k == m ? -1 : by_reloc(&x[i], &y[k]);

		if (c < 0 && !left_out(v, &x[i]))
			lower(v, x[i].from, "has a relocation that cannot be written");
		if (c > 0 && from[y[k].sec])
			lower(v, from[y[k].sec] - 1, "gets a relocation that it has not");
		i += c <= 0;
		k += c >= 0;
	}
	return 0;
}

/* ---------------------------------------------------------------- the whole */

/* Errors in the text: which section printed that line? */
static void blame(struct verify *v, const struct bu_diags *ds)
{
	const char *t = (const char *)v->d->out->p, *e = t + v->d->out->n;

	for (const struct bu_diag *m = ds->first; m; m = m->next) {
		uint32_t line = m->nspans ? m->span[0].line : 0, k;
		const char *p = t, *nl;
		size_t at;

		if (m->severity != BU_ERROR)
			continue;
		for (; line > 1 && (nl = memchr(p, '\n', (size_t)(e - p))); line--)
			p = nl + 1;
		at = (size_t)(p - t);
		for (k = 0; k < v->o->nsecs; k++)
			if (line && at >= v->d->sec[k].from && at < v->d->sec[k].to)
				break;
		if (k < v->o->nsecs)
			lower(v, k, "has what the assembler refuses");
		else
			loose(v, "a symbol or the whole is refused by the assembler");
	}
}

static int compare(struct verify *v)
{
	int err = match_sections(v);

	if (err)
		return err;
	for (uint32_t k = 0; k < v->o->nsecs; k++)
		section(v, k);
	/* What they refer to is known when all sections are there. */
	err = symbols(v);
	if (!err)
		err = relocations(v);
	if (v->o->e_flags != v->made->e_flags || v->o->be != v->made->be)
		loose(v, "the flags of the file cannot be written");
	return err;
}

/* The text is not the object: it says so, and so it will not pass for it. */
static void confess(struct verify *v)
{
	struct bu_buf b = { 0 };
	struct bu_diag *m;

	if (v->unsaid != BU_SEC_UNDEF)
		bu_buf_printf(&b, "section %u '%s' %s", v->unsaid, v->o->secs[v->unsaid].name, v->why);
	else
		bu_buf_str(&b, v->why);
	m = bu_diag(v->d->ds, BU_WARNING, "A0137", "'%s' is not described whole: %s", v->o->path,
		    bu_buf_cstr(&b));
	bu_diag_note(v->d->ds, m, "the text ends with .error, so that it does not pass for the object");
	v->d->broken = bu_arena_strndup(&v->d->arena, (const char *)b.p, b.n);
	bu_buf_free(&b);
}

int dis_verify(struct dis *d, bool *again)
{
	struct bu_obj made;
	struct bu_diags quiet;
	struct verify v = { .d = d, .o = &d->o, .made = &made, .unsaid = BU_SEC_UNDEF };
	struct as as;
	int err;

	bu_obj_init(&made);
	bu_diags_init(&quiet);
	bu_arena_init(&v.a);
	quiet.max_errors = MAX_ERRORS;
	as_init(&as, &quiet);
	as.text = bu_str((const char *)d->out->p, d->out->n);
	for (uint32_t k = 0; k < d->o.nsecs; k++)
		d->sec[k].lowered = false;
	err = as_assemble(&as, "-d", &made);
	if (!err)
		err = compare(&v);
	else if (err == -EINVAL && quiet.errors) {
		blame(&v, &quiet);
		err = 0;
	}
	if (!err && v.a.failed)
		err = -ENOMEM;
	*again = !err && v.lowered;
	if (!err && v.left && !v.lowered)
		confess(&v);
	as_free(&as);
	bu_arena_free(&v.a);
	bu_diags_free(&quiet);
	bu_obj_free(&made);
	return err;
}
