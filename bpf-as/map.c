/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .map NAME, TYPE [, key=T] [, value=T] [, max_entries=N] …: a map as libbpf's convention wants it,
 * a variable in .maps whose BTF type is a structure that says what the map is. The variable's bytes
 * are pointers that nobody reads, eight a member.
 */
#include "bpf-as/directive.h"
#include "bpf-as/map.h"

enum attr {
	MA_KEY, MA_VALUE, MA_MAX, MA_FLAGS, MA_PINNING, MA_ID, MA_EXTRA, MA_NUMA, MA_INNER, MA_SLOTS, MA_FLAG,
};

static const struct attr_row {
	const char *name;
	uint8_t attr;
	uint32_t bits; /* MA_FLAG */
} attrs[] = {
	{ "key", MA_KEY, 0 }, { "value", MA_VALUE, 0 }, { "max_entries", MA_MAX, 0 },
	{ "max", MA_MAX, 0 }, { "flags", MA_FLAGS, 0 }, { "pinning", MA_PINNING, 0 },
	{ "id", MA_ID, 0 }, { "map_extra", MA_EXTRA, 0 }, { "numa_node", MA_NUMA, 0 },
	{ "inner", MA_INNER, 0 }, { "values", MA_SLOTS, 0 },
	/* as libbpf calls them */
	{ "key_size", MA_KEY, 0 }, { "value_size", MA_VALUE, 0 }, { "map_flags", MA_FLAGS, 0 },
	{ "no_prealloc", MA_FLAG, 1u << 0 }, { "zero_seed", MA_FLAG, 1u << 6 },
	{ "readonly", MA_FLAG, 1u << 7 }, { "writeonly", MA_FLAG, 1u << 8 },
	{ "mmapable", MA_FLAG, 1u << 10 }, { "no_common_lru", MA_FLAG, 1u << 1 },
	{ "rdonly", MA_FLAG, 1u << 3 }, { "wronly", MA_FLAG, 1u << 4 },
	{ "stack_build_id", MA_FLAG, 1u << 5 }, { "clone", MA_FLAG, 1u << 9 },
	{ "preserve_elems", MA_FLAG, 1u << 11 }, { "inner_map", MA_FLAG, 1u << 12 },
	{ "segv_on_fault", MA_FLAG, 1u << 17 }, { "no_user_conv", MA_FLAG, 1u << 18 },
};

/* A number, where 64K and 1M may be said, or an expression. */
static bool number(struct as *as, struct as_cur *c, const char *what, int64_t max, int64_t *v)
{
	const char *s, *e;
	uint64_t u;

	as_skip(c);
	s = e = c->p;
	while (e < c->e && *e != ',')
		e++;
	while (e > s && IS(e[-1], CL_SPACE))
		e--;
	if (!bu_str_u64(bu_str(s, (size_t)(e - s)), &u, NULL)) {
		c->p = e;
		*v = u > INT64_MAX ? INT64_MAX : (int64_t)u;
		if (max == INT64_MAX) /* all 64 bits are welcome */
			*v = (int64_t)u;
	} else if (as_expr_now(as, c, what, v)) {
		return false;
	}
	if ((*v < 0 || *v > max) && max != INT64_MAX) {
		as_error(as, "A0190", s, (size_t)(c->p - s), "%s is 0 to %lld", what, (long long)max);
		return false;
	}
	return true;
}

/* Does a type stand here, rather than a size in bytes? */
static bool is_type(struct as *as, const struct as_cur *c)
{
	struct as_cur t = *c;
	struct bu_str w = as_word(&t);

	if (!w.n || bu_str_is(w, "sizeof") || bu_str_is(w, "offsetof") || bu_str_is(w, "alignof"))
		return false;
	return !as_sym_find(as, w.p, w.n) && !bu_const_by_name(w) && !memchr(w.p, '.', w.n);
}

/* u64, char[16], struct flow, or a size in bytes. */
static bool type(struct as *as, struct as_cur *c, const char *what, struct as_type **t, uint32_t *size)
{
	const char *start;
	int64_t v;

	as_skip(c);
	start = c->p;
	*t = NULL;
	if (!is_type(as, c)) {
		if (!number(as, c, what, 0x7fffffff, &v))
			return false;
	} else {
		*t = as_type_parse(as, c, NULL);
		if (!*t)
			return false;
		v = as_type_size(*t);
		if (v < 0) {
			as_type_help(as, as_error(as, "A0191", start, (size_t)(c->p - start),
						  "the map's %s has a type without a size: %s", what,
						  as_type_text(as, *t)), *t, "declare it before, by .struct");
			return false;
		}
		as_type_full(as, *t);
	}
	if (!v) {
		as_error(as, "A0190", start, (size_t)(c->p - start), "%s is at least 1 byte", what);
		return false;
	}
	*size = (uint32_t)v;
	return true;
}

static bool pinning(struct as *as, struct as_cur *c, struct as_map *m)
{
	struct bu_str w = as_word(c);

	if (bu_str_is(w, "by_name") || bu_str_is(w, "LIBBPF_PIN_BY_NAME"))
		m->pinning = 1;
	else if (!bu_str_is(w, "none") && !bu_str_is(w, "LIBBPF_PIN_NONE")) {
		as_error(as, "A0190", w.p, as_token_len(w.p, c->e),
			 "pinning is by_name or none");
		return false;
	}
	return true;
}

static struct as_map *find(struct as *as, struct bu_str w)
{
	for (struct as_map *m = as->maps; m; m = m->next)
		if (bu_str_is(w, m->sym->name))
			return m;
	return NULL;
}

static bool attributes(struct as *as, struct as_cur *c, struct as_map *m);
static bool map_type(struct as *as, struct bu_str w, struct as_map *m);

/* { TYPE, ATTRIBUTE, … }: a pattern of its own, c behind the brace. */
static bool pattern(struct as *as, struct as_cur *c, struct as_map *m)
{
	struct as_map *in = bu_arena_alloc(&as->arena, sizeof(*in));
	struct as_cur body = *c;
	struct bu_str kind;
	const char *name;
	int nest = 1;

	for (; body.e > c->p && c->p < c->e; c->p++) {
		nest += (*c->p == '{') - (*c->p == '}');
		if (!nest)
			break;
	}
	body.e = c->p;
	if (!in || c->p == c->e) {
		as_error(as, "A0192", c->p, 1, "expected '}' behind the pattern of inner maps");
		return false;
	}
	c->p++;
	if (m->is_pattern) {
		as_error(as, "A0192", body.p, 1, "maps of maps are nested two deep at most");
		return false;
	}
	in->is_pattern = true;
	kind = as_word(&body);
	name = bu_arena_strndup(&as->arena, kind.p, kind.n);
	if (!name || !map_type(as, kind, in) || !attributes(as, &body, in) ||
	    !as_map_complete(as, in, kind.p, name))
		return false;
	as_skip(&body);
	if (body.p < body.e) {
		as_junk(as, &body);
		return false;
	}
	m->inner = in;
	return true;
}

static bool inner(struct as *as, struct as_cur *c, struct as_map *m)
{
	struct bu_str w;

	if (as_eat(c, '{'))
		return pattern(as, c, m);
	w = as_word(c);
	m->inner = w.n ? find(as, w) : NULL;
	if (m->inner)
		return true;
	as_error(as, "A0192", w.p, w.n ? w.n : 1, "inner names a map declared before this one");
	return false;
}

/* { a, b, [4] = c }: elements by name. */
static bool slots(struct as *as, struct as_cur *c, struct as_map *m)
{
	size_t cap = 0;
	int64_t i = 0;

	if (!as_eat(c, '{')) {
		as_error(as, "A0192", c->p, 1, "expected '{': values={NAME, [N]=NAME}");
		return false;
	}
	while (!as_eat(c, '}')) {
		const char *p;
		struct as_sym *s;
		struct as_slot *v;

		if (as_eat(c, '[')) {
			if (as_expr_now(as, c, "an element's number", &i))
				return false;
			if (i < 0 || i > 0xfffff || !as_eat(c, ']') || !as_eat(c, '=')) {
				as_error(as, "A0192", c->p, 1, "an element is [N]=NAME, N from 0 to 1048575");
				return false;
			}
		}
		s = as_symbol_arg(as, c, &p);
		v = s ? bu_arena_grow(&as->arena, m->slot, m->nslots, &cap, sizeof(*v)) : NULL;
		if (!v)
			return false;
		m->slot = v;
		v[m->nslots++] = (struct as_slot){ s, (uint32_t)i++, as_place(as, p) };
		for (uint32_t k = 0; k + 1 < m->nslots && m->nslots < 1024; k++)
			if (v[k].index == v[m->nslots - 1].index) {
				as_error(as, "A0192", p, s->n, "element %u is given twice", v[k].index);
				return false;
			}
		if (as_eat(c, ','))
			continue;
		if (as_eat(c, '}'))
			break;
		as_error(as, "A0192", c->p, 1, "expected ',' or '}'");
		return false;
	}
	return true;
}

static bool take_id(struct as *as, struct as_map *m, const char *p, size_t len)
{
	const struct as_map *o = bu_hash_get(&as->map_ids, (const char *)&m->id, sizeof(m->id));
	struct bu_diag *d;

	if (o) {
		d = as_error(as, "A0193", p, len, "map id %u is taken", m->id);
		as_span(as, d, o->id_pos, 2, "by this map");
		return false;
	}
	if (bu_hash_put(&as->map_ids, (const char *)&m->id, sizeof(m->id), m))
		as->arena.failed = true;
	return true;
}

static bool attr(struct as *as, struct as_cur *c, struct as_map *m, const struct attr_row *a,
		 const char *p)
{
	int64_t v;

	switch (a->attr) {
	case MA_KEY:
		m->has_key = true;
		return type(as, c, "key", &m->key, &m->key_size);
	case MA_VALUE:
		m->has_value = true;
		return type(as, c, "value", &m->value, &m->value_size);
	case MA_MAX:
		m->has_max = true;
		if (!number(as, c, "max_entries", UINT32_MAX, &v))
			return false;
		m->max_entries = (uint32_t)v;
		return true;
	case MA_FLAGS:
		if (!number(as, c, "flags", UINT32_MAX, &v))
			return false;
		m->flags |= (uint32_t)v;
		return true;
	case MA_PINNING:
		m->has_pinning = true;
		return pinning(as, c, m);
	case MA_ID:
		if (!number(as, c, "id", INT32_MAX, &v))
			return false;
		if (!v) {
			as_error(as, "A0190", p, 2, "a map's id is a number from 1 up");
			return false;
		}
		m->id = (uint32_t)v;
		m->id_pos = as_place(as, p);
		return take_id(as, m, p, (size_t)(c->p - p));
	case MA_EXTRA:
		m->has_extra = true;
		if (!number(as, c, "map_extra", INT64_MAX, &v))
			return false;
		m->extra = (uint64_t)v;
		return true;
	case MA_NUMA:
		m->has_numa = true;
		if (!number(as, c, "numa_node", INT32_MAX, &v))
			return false;
		m->numa = (uint32_t)v;
		m->flags |= 1u << 2; /* BPF_F_NUMA_NODE */
		return true;
	case MA_INNER:
		return inner(as, c, m);
	case MA_SLOTS:
		return slots(as, c, m);
	default:
		m->flags |= a->bits;
		return true;
	}
}

static bool attributes(struct as *as, struct as_cur *c, struct as_map *m)
{
	uint32_t seen = 0;
	struct bu_near near;
	struct bu_diag *d;
	struct bu_str w;

	while (as_eat(c, ',')) {
		const struct attr_row *a = NULL;

		w = as_word(c);
		for (size_t i = 0; w.n && i < BU_ARRAY_SIZE(attrs); i++)
			if (bu_str_is(w, attrs[i].name))
				a = &attrs[i];
		if (!a) {
			d = as_error(as, "A0194", w.p, w.n ? w.n : as_token_len(c->p, c->e),
				     w.n ? "a map has no attribute '%.*s'" : "expected an attribute",
				     (int)w.n, w.p);
			bu_near_init(&near, w.p, w.n);
			for (size_t i = 0; i < BU_ARRAY_SIZE(attrs); i++)
				bu_near_feed(&near, attrs[i].name);
			if (near.best)
				bu_diag_mean(as->ds, d, near.best, near.best_n);
			else
				bu_diag_note(as->ds, d, "attributes are key, value, max_entries, flags, "
							"pinning, id, inner, map_extra, numa_node, readonly, "
							"writeonly, no_prealloc, mmapable, zero_seed");
			return false;
		}
		if (a->attr != MA_FLAG && seen & (1u << a->attr)) {
			as_error(as, "A0194", w.p, w.n, "'%s' is given twice", a->name);
			return false;
		}
		seen |= 1u << a->attr;
		if (a->attr != MA_FLAG && !as_eat(c, '=')) {
			as_error(as, "A0194", c->p, 1, "expected '=': %s=…", a->name);
			return false;
		}
		if (!attr(as, c, m, a, w.p))
			return false;
	}
	return true;
}

static bool map_type(struct as *as, struct bu_str w, struct as_map *m)
{
	const struct bu_kind *k = bu_kind_by_name(bu_map_types, bu_nmap_types, w);
	struct bu_near near;
	struct bu_diag *d;

	if (k && k->num) {
		m->type = k->num;
		as_check_kind(as, k, "type of map", w.p, w.n);
		return true;
	}
	d = as_error(as, "A0196", w.p, w.n ? w.n : 1, "unknown map type '%.*s'", (int)w.n, w.p);
	bu_near_init(&near, w.p, w.n);
	for (unsigned i = 0; i < bu_nmap_types; i++) {
		bu_near_feed(&near, bu_map_types[i].name);
		bu_near_feed(&near, bu_map_types[i].uapi);
	}
	if (near.best)
		bu_diag_mean(as->ds, d, near.best, near.best_n);
	return false;
}

void as_map(struct as *as, struct as_cur *c)
{
	struct as_sec *cur = as->cur, *prev = as->prev;
	struct as_map *m = bu_arena_alloc(&as->arena, sizeof(*m));
	struct bu_str name, kind = { 0 };
	struct as_sym *s;
	unsigned errors;
	bool ok;

	name = as_word(c);
	if (!m)
		return;
	if (!name.n || (name.n == 1 && *name.p == '.')) {
		as_error(as, "A0148", name.p, as_token_len(c->p, c->e), "expected the map's name");
		c->p = c->e;
		return;
	}
	m->pos = as_place(as, name.p);
	ok = as_eat(c, ',');
	if (!ok) {
		as_error(as, "A0143", c->p, 1, "expected ',': .map NAME, TYPE, …");
	} else {
		kind = as_word(c);
		ok = map_type(as, kind, m) && attributes(as, c, m) &&
		     as_map_complete(as, m, kind.p, bu_arena_strndup(&as->arena, kind.p, kind.n));
	}
	if (ok)
		as_junk(as, c);
	c->p = c->e;
	/* Defined even when wrong, so that its uses are not errors too. */
	s = as_sym(as, name.p, name.n);
	as->cur = as_section(as, as_map_section(as), strlen(as_map_section(as)), name.p);
	if (!s || !as->cur)
		goto out;
	errors = as->ds->errors;
	as_label(as, name.p, name.n);
	if (as->ds->errors != errors)
		goto out;
	s->type = STT_OBJECT;
	s->type_given = true;
	s->bind = STB_GLOBAL;
	s->is_map = true;
	m->sym = s;
	s->size_given = true;
	as_map_put(as, m, s, name.p);
	*as->maps_tail = m;
	as->maps_tail = &m->next;
out:
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
}
