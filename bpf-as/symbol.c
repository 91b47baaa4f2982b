/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Symbols, numeric labels, sections and what is put into them. */
#include <stdlib.h>

#include "bpf-as/as.h"

/* r0 to r10, w0 to w10, and numbers beyond, which must not become symbols by mistake. */
static bool is_register(const char *p, size_t n)
{
	if (n < 2 || n > 3 || (*p != 'r' && *p != 'w'))
		return false;
	for (size_t i = 1; i < n; i++)
		if (!IS(p[i], CL_DIGIT))
			return false;
	return true;
}

static const struct as_symx plain = { .out = BU_SEC_UNDEF };

struct as_sym *as_sym_new(struct as *as, const char *name, size_t n)
{
	struct as_sym *s = n < UINT32_MAX ? bu_arena_alloc(&as->arena, offsetof(struct as_sym, name) + n + 1) : NULL;

	if (!s)
		return NULL;
	memcpy(s->name, name, n);
	s->n = (uint32_t)n;
	s->x = &plain;
	return s;
}

struct as_symx *as_symx(struct as *as, struct as_sym *s)
{
	struct as_symx *x = (struct as_symx *)(uintptr_t)s->x;

	if (s->x != &plain)
		return x;
	x = bu_arena_alloc(&as->arena, sizeof(*x));
	if (!x)
		return &as->no_symx;
	*x = plain;
	s->x = x;
	return x;
}

/*
 * Symbols by name: open addressing, at most three quarters full. The hash and the length are compared in the
 * table itself, so that a look-up touches one symbol or none.
 */
static uint64_t key_of(uint32_t hash, size_t n)
{
	return (uint64_t)hash << 32 | (uint32_t)n;
}

/*
 * The last byte of a name that bu_word_hash() multiplies is in the hash's upper bits alone: names that differ
 * there only, such as labels that are counted, get neighbouring places.
 */
static uint64_t first_slot(const struct as_symtab *t, uint64_t key)
{
	return (key >> 32 ^ (key >> 56 & 15)) & (t->cap - 1);
}

/* The slot of the name, or the free one where it belongs. */
static uint64_t slot_of(const struct as_symtab *t, const char *name, size_t n, uint64_t key)
{
	uint64_t i = first_slot(t, key);

	for (; t->slot[i].sym; i = (i + 1) & (t->cap - 1))
		if (t->slot[i].hash == key && !memcmp(t->slot[i].sym->name, name, n))
			break;
	return i;
}

static bool grow(struct as_symtab *t)
{
	struct as_symtab big = *t;

	big.cap = t->cap ? t->cap * 2 : 128;
	big.slot = calloc(big.cap, sizeof(*big.slot));
	if (!big.slot)
		return false;
	for (uint64_t k = 0; k < t->cap; k++) {
		uint64_t i = first_slot(&big, t->slot[k].hash);

		if (!t->slot[k].sym)
			continue;
		while (big.slot[i].sym)
			i = (i + 1) & (big.cap - 1);
		big.slot[i] = t->slot[k];
	}
	free(t->slot);
	*t = big;
	return true;
}

/* A label that is counted: its number, or -1. */
static int64_t counted(const char *name, size_t n)
{
	uint32_t v = 0;

	if (n < 3 || n > 10 || name[0] != '.' || name[1] != 'L' || (name[2] == '0' && n > 3))
		return -1;
	for (size_t i = 2; i < n; i++) {
		unsigned d = (unsigned char)name[i] - '0';

		if (d > 9)
			return -1;
		v = v * 10 + d;
	}
	return v;
}

/* Has the label a place by its number? The places grow as labels come, but not for a few high numbers. */
static bool has_place(struct as_symtab *t, uint32_t v)
{
	uint32_t cap = t->cap_counted ? t->cap_counted : 128;
	struct as_sym **more;

	if (v < t->cap_counted)
		return true;
	if (v / 4 > t->ncounted + 16)
		return false;
	while (cap <= v)
		cap *= 2;
	more = realloc(t->counted, cap * sizeof(struct as_sym *));
	if (!more)
		return false;
	memset(more + t->cap_counted, 0, (cap - t->cap_counted) * sizeof(struct as_sym *));
	t->counted = more;
	t->cap_counted = cap;
	return true;
}

struct as_sym *as_sym_find(const struct as *as, const char *name, size_t n)
{
	const struct as_symtab *t = &as->symtab;
	int64_t v = counted(name, n);

	if (v >= 0 && v < t->cap_counted && t->counted[v])
		return t->counted[v];
	if (!t->n || !n || n > UINT32_MAX)
		return NULL;
	return t->slot[slot_of(t, name, n, key_of(bu_word_hash(name, n, n), n))].sym;
}

struct as_sym *as_sym_next(const struct as *as, uint64_t *i)
{
	const struct as_symtab *t = &as->symtab;

	while (*i < t->cap + t->cap_counted) {
		uint64_t k = (*i)++;
		struct as_sym *s = k < t->cap ? t->slot[k].sym : t->counted[k - t->cap];

		if (s)
			return s;
	}
	return NULL;
}

void as_syms_free(struct as *as)
{
	free(as->symtab.slot);
	free(as->symtab.counted);
	as->symtab = (struct as_symtab){ 0 };
}

struct as_sym *as_sym(struct as *as, const char *name, size_t n)
{
	return as_sym_hashed(as, name, n, bu_word_hash(name, n, n));
}

void as_sym_list(struct as *as, struct as_sym *s)
{
	if (s->listed)
		return;
	s->listed = true;
	if (as->syms_last)
		as_symx(as, as->syms_last)->next = s;
	else
		as->syms = s;
	as->syms_last = s;
}

/* A symbol of that name, which is nowhere yet. */
static struct as_sym *named(struct as *as, const char *name, size_t n)
{
	struct as_sym *s = as_sym_new(as, name, n);

	if (!s)
		return NULL;
	s->temp = n > 2 && name[0] == '.' && name[1] == 'L';
	if (!s->temp || as->compat)
		as_sym_list(as, s);
	return s;
}

struct as_sym *as_sym_hashed(struct as *as, const char *name, size_t n, uint32_t hash)
{
	struct as_symtab *t = &as->symtab;
	uint64_t i = 0, key = key_of(hash, n);
	int64_t v = counted(name, n);
	bool place = v >= 0 && has_place(t, (uint32_t)v);
	struct as_sym *s;

	if (place && t->counted[v])
		return t->counted[v];
	if (t->cap && (!place || t->sparse)) {
		i = slot_of(t, name, n, key);
		if (t->slot[i].sym)
			return t->slot[i].sym;
	}
	s = named(as, name, n);
	if (place && s) {
		t->ncounted++;
		t->counted[v] = s;
		if (!as->compat)
			as_builtin(as, s);
		return s;
	}
	if (s && t->n >= t->cap / 4 * 3)
		i = grow(t) ? slot_of(t, name, n, key) : t->cap;
	if (!s || i >= t->cap) {
		as->arena.failed = true;
		return NULL;
	}
	t->slot[i].hash = key;
	t->slot[i].sym = s;
	t->n++;
	t->sparse += v >= 0;
	if (is_register(name, n) && !as_compat_name(as, name, n))
		s->def = DEF_REG;
	else if (!as->compat)
		as_builtin(as, s);
	return s;
}

static void in_section(struct as *as, struct as_sec *sec, struct as_sym *s)
{
	if (sec->npiece)
		as_symx(as, s)->npiece = (uint32_t)sec->npiece;
	if (sec->last_sym)
		as_symx(as, sec->last_sym)->next_in_sec = s;
	else
		sec->first_sym = s;
	sec->last_sym = s;
}

static void define(struct as *as, struct as_sym *s, const char *pos)
{
	struct as_sec *sec = as->cur;

	s->def = DEF_LABEL;
	s->sec = sec;
	s->value = (int64_t)sec->size;
	s->pos = as_place(as, pos);
	sec->used = true;
	/* Temporary labels need nothing later, unless they move. */
	if (!s->temp || sec->npiece || as->compat)
		in_section(as, sec, s);
	as->last_label = s;
	if (s->jumps)
		as_jumps_to(as, s);
}

void as_label(struct as *as, const char *p, size_t n)
{
	struct as_sym *s = as_sym(as, p, n);

	if (s)
		as_label_sym(as, s, p, n);
}

void as_label_sym(struct as *as, struct as_sym *s, const char *p, size_t n)
{
	struct bu_diag *d;

	if (s->def == DEF_REG) {
		as_error(as, "A0110", p, n, "'%s' is a register and cannot be a label", s->name);
	} else if (s->def == DEF_CONST) {
		d = as_error(as, "A0110", p, n, "'%s' is the name of a constant (%lld)", s->name,
			     (long long)s->value);
		bu_diag_help(as->ds, d, "choose another name for the label");
	} else if (n == 1 && *p == '.') {
		as_error(as, "A0110", p, n, "'.' is the place here and cannot be a label");
	} else if (s->def != DEF_NONE) {
		d = as_error(as, "A0111", p, n, "'%s' is defined twice", s->name);
		if (s->pos)
			as_span(as, d, s->pos, n, "first defined here");
	} else if (as->cur == as->abs) {
		as_set(as, s, p, 0, (int64_t)as->cur->size);
	} else {
		define(as, s, p);
	}
}

struct numlabel {
	struct as_sym *last, *next;
};

static struct numlabel *numlabel(struct as *as, const char *p, size_t n)
{
	struct numlabel *l = bu_hash_get(&as->num_index, p, n);
	const char *key;

	if (l)
		return l;
	l = bu_arena_alloc(&as->arena, sizeof(*l));
	key = bu_arena_strndup(&as->arena, p, n);
	if (!l || !key || bu_hash_put(&as->num_index, key, n, l)) {
		as->arena.failed = true;
		return NULL;
	}
	return l;
}

static struct as_sym *num_sym(struct as *as, const char *p, size_t n)
{
	struct as_sym *s = as_sym_new(as, p, n);

	if (s)
		s->temp = true;
	return s;
}

void as_numlabel(struct as *as, const char *p, size_t n)
{
	struct numlabel *l = numlabel(as, p, n);

	if (!l)
		return;
	l->last = l->next ? l->next : num_sym(as, p, n);
	l->next = NULL;
	if (l->last)
		define(as, l->last, p);
}

struct as_sym *as_numref(struct as *as, const char *p, size_t n, bool forward)
{
	struct numlabel *l = numlabel(as, p, n);

	if (!l)
		return NULL;
	if (!forward)
		return l->last;
	if (!l->next)
		l->next = num_sym(as, p, n);
	return l->next;
}

struct as_sym *as_dot(struct as *as)
{
	struct as_sym *s = as_sym_new(as, ".", 1);

	if (!s)
		return NULL;
	s->temp = true;
	s->def = as->cur == as->abs ? DEF_SET : DEF_LABEL;
	s->sec = as->cur;
	s->value = (int64_t)as->cur->size;
	as->cur->used = true;
	if (as->cur->npiece) /* it moves */
		in_section(as, as->cur, s);
	return s;
}

struct as_sym *as_place_sym(struct as *as, struct as_sec *sec, uint64_t off)
{
	struct as_sym *s = as_sym_new(as, ".", 1);

	if (!s)
		return NULL;
	s->temp = true;
	s->def = DEF_LABEL;
	s->sec = sec;
	s->value = (int64_t)off;
	return s;
}

int as_set(struct as *as, struct as_sym *s, const char *pos, uint32_t node, int64_t num)
{
	struct bu_diag *d;

	if (s->def == DEF_REG) {
		as_error(as, "A0110", pos, s->n, "'%s' is a register and cannot be set", s->name);
		return -EINVAL;
	}
	/* A constant of the tables gives way: sources that bring their own definitions go on to work. */
	if (s->def == DEF_LABEL) {
		d = as_error(as, "A0111", pos, s->n, "'%s' is defined twice", s->name);
		if (s->pos)
			as_span(as, d, s->pos, s->n, "first defined here");
		return -EINVAL;
	}
	as_sym_list(as, s);
	s->def = DEF_SET;
	s->pos = as_place(as, pos);
	as_symx(as, s)->expr = node;
	s->value = num;
	return 0;
}

/* The label that the expression is, plus a number; NULL: it is something else. Tells nothing. */
static struct as_sym *label_of(const struct as *as, uint32_t node, int64_t *add)
{
	*add = 0;
	for (unsigned i = 0; node && i < 100; i++) {
		const struct as_expr *e = &as->ex[node], *b;

		if (e->op == OP_SYM && e->sym->def == DEF_LABEL)
			return e->sym;
		if (e->op == OP_SYM) {
			node = e->sym->def == DEF_SET ? e->sym->x->expr : 0;
		} else if (e->op == OP_ADD || e->op == OP_SUB) {
			b = &as->ex[e->b];
			if (b->op != OP_NUM ||
			    (e->op == OP_ADD ? __builtin_add_overflow(*add, b->num, add)
					     : __builtin_sub_overflow(*add, b->num, add)))
				return NULL;
			node = e->a;
		} else {
			return NULL;
		}
	}
	return NULL;
}

void as_aliases(struct as *as)
{
	struct as_sym *base;
	int64_t add, v;

	for (struct as_sym *s = as->syms; s; s = s->x->next) {
		if (s->def != DEF_SET || !s->x->expr)
			continue;
		base = label_of(as, s->x->expr, &add);
		if (!base || __builtin_add_overflow(base->value, add, &v) || v < 0)
			continue;
		s->def = DEF_LABEL;
		s->sec = base->sec;
		s->value = v;
		if (add)
			continue;
		as_symx(as, s)->alias = base;
		base->called = base->called || s->called;
		base->taken = base->taken || s->taken;
		base->jumped = base->jumped || s->jumped;
	}
}

/* ---------------------------------------------------------------- sections */

static bool begins(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) == 0 && (s[n] == '\0' || s[n] == '.' || s[n - 1] == '_');
}

/* What a section is by its name, until flags say otherwise. */
static void guess(struct as_sec *s, bool compat)
{
	const char *n = s->name;

	s->type = SHT_PROGBITS;
	s->align = 1;
	if (begins(n, ".text")) {
		s->flags = SHF_ALLOC | SHF_EXECINSTR;
	} else if (begins(n, ".rodata")) {
		s->flags = SHF_ALLOC;
	} else if (begins(n, ".bss")) {
		s->flags = SHF_ALLOC | SHF_WRITE;
		s->type = SHT_NOBITS;
	} else if (begins(n, ".data") || begins(n, ".maps") || begins(n, ".kconfig") ||
		   begins(n, ".ksyms") || !strcmp(n, "license") || !strcmp(n, "version") ||
		   begins(n, "maps")) {
		s->flags = SHF_ALLOC | SHF_WRITE;
	} else if (n[0] != '.' && !compat) {
		s->flags = SHF_ALLOC | SHF_EXECINSTR;
	}
}

/* Called again when flags were given. */
static void classify(const struct as *as, struct as_sec *s)
{
	if (s->flags & SHF_EXECINSTR)
		s->kind = begins(s->name, ".text") ? SEC_TEXT : SEC_PROG;
	else
		s->kind = begins(s->name, ".data") || begins(s->name, ".rodata") ||
			  begins(s->name, ".bss") ? SEC_DATA : SEC_OTHER;
	if (s->kind <= SEC_TEXT && s->align < 8 && !as->verbatim && !as->compat)
		s->align = 8;
}

/* With their relocations they must stay below ELF's reserved numbers. */
#define MAX_SECTIONS 30000

/* Behind the name may stand, after a NUL, what tells sections of that name apart. */
struct as_sec *as_section(struct as *as, const char *name, size_t n, const char *pos)
{
	struct as_sec *s = bu_hash_get(&as->sec_index, name, n);

	if (!s) {
		if (as->nsecs == MAX_SECTIONS) {
			as_error(as, "A0121", pos, n, "more than %d sections", MAX_SECTIONS);
			as->ended = true;
			return as->cur;
		}
		s = bu_arena_alloc(&as->arena, sizeof(*s));
		if (!s)
			return NULL;
		s->name = bu_arena_strndup(&as->arena, name, n);
		s->pos = pos ? as_place(as, pos) : NULL;
		s->out = s->out_sym = BU_SEC_UNDEF;
		as->secs = bu_arena_grow(&as->arena, as->secs, as->nsecs, &as->cap_secs, sizeof(s));
		if (!s->name || !as->secs || bu_hash_put(&as->sec_index, s->name, n, s)) {
			as->nsecs = as->secs ? as->nsecs : 0;
			as->arena.failed = true;
			return NULL;
		}
		as->secs[as->nsecs++] = s;
		guess(s, as->compat != COMPAT_NONE);
		if (n >= 4 && !memcmp(name, ".BTF", 4))
			as->own_btf = true;
	}
	classify(as, s);
	return s;
}

void as_switch(struct as *as, struct as_sec *s)
{
	if (!s)
		return;
	as->prev = as->cur;
	as->cur = s;
	s->used = s->used || as->verbatim;
	s->named = true;
	as->last_label = NULL;
}

static bool fits(struct as *as, struct as_sec *s, size_t n, const char *pos)
{
	uint64_t max = s->type == SHT_NOBITS ? INT32_MAX : AS_MAX_SECTION;

	if (n > max || s->size > max - n) {
		if (!s->full)
			as_error(as, "A0121", pos, 1, "section '%s' grows beyond %llu MiB", s->name,
				 (unsigned long long)(max + 1) >> 20);
		s->full = true;
		return false;
	}
	if (s->type == SHT_NOBITS)
		return true;
	if (as->total > AS_MAX_OBJECT - n) {
		if (!as->full)
			as_error(as, "A0121", pos, 1, "the object grows beyond %u MiB", AS_MAX_OBJECT >> 20);
		as->full = true;
		return false;
	}
	as->total += n;
	return true;
}

bool as_put(struct as *as, const void *p, size_t n, const char *pos)
{
	struct as_sec *s = as->cur;

	s->used = true;
	if (!fits(as, s, n, pos))
		return false;
	if (s->type == SHT_NOBITS) {
		const uint8_t *b = p;

		for (size_t i = 0; b && i < n; i++)
			if (b[i]) {
				as_error(as, "A0120", pos, 1,
					 "section '%s' holds only zeros: it has no data in the file",
					 s->name);
				return false;
			}
	} else if (p ? bu_buf_add(&s->buf, p, n) : bu_buf_zero(&s->buf, n)) {
		as->arena.failed = true;
		return false;
	}
	s->size += n;
	return true;
}

/* ---------------------------------------------------------------- at the end */

static void extent(struct as *as, const struct as_sec *sec)
{
	struct as_sym *s, *n;

	for (s = sec->first_sym; s; s = s->x->next_in_sec) {
		if (s->size_given || s->is_map)
			continue;
		if (sec->kind <= SEC_TEXT) {
			if (!s->is_func)
				continue;
			for (n = s->x->next_in_sec; n && (!n->is_func || n->value == s->value);)
				n = n->x->next_in_sec;
		} else {
			for (n = s->x->next_in_sec; n && (n->temp || n->value == s->value);)
				n = n->x->next_in_sec;
		}
		as_symx(as, s)->size = (uint64_t)((n ? n->value : (int64_t)sec->size) - s->value);
	}
}

/* A reader of the object would call it damaged. */
static void check_size(struct as *as, const struct as_sym *s)
{
	const struct as_sym *at = s->x->alias ? s->x->alias : s;

	if (!s->size_given || at->def != DEF_LABEL || !at->sec || s->x->size <= at->sec->size - (uint64_t)at->value)
		return;
	as_error(as, "A0130", s->pos, s->n, "size of '%s' is %llu bytes; section '%s' ends %llu bytes behind it", s->name,
		 (unsigned long long)s->x->size, at->sec->name,
		 (unsigned long long)(at->sec->size - (uint64_t)at->value));
}

void as_check_symbols(struct as *as)
{
	struct as_val v;

	for (struct as_sym *s = as->syms; s; s = s->x->next) {
		if (!s->x->size_expr || as_eval(as, s->x->size_expr, &v))
			continue;
		if (v.sym || v.add < 0)
			as_error(as, "A0130", s->pos, s->n, "size of '%s' is not a number", s->name);
		else
			as_symx(as, s)->size = (uint64_t)v.add;
	}
	for (size_t i = 0; i < as->nsecs && !as->verbatim && !as->compat; i++)
		extent(as, as->secs[i]);
	for (struct as_sym *s = as->syms; s; s = s->x->next) {
		check_size(as, s);
		if (!s->x->alias)
			continue;
		if (!s->type_given)
			s->type = s->x->alias->type;
		if (!s->size_given)
			as_symx(as, s)->size = s->x->alias->x->size;
	}
}
