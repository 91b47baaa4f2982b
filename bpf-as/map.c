/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * .map NAME, TYPE [, key=T] [, value=T] [, max_entries=N] …: a map as libbpf's convention wants it,
 * a variable in .maps whose BTF type is a structure that says what the map is. The variable's bytes
 * are pointers that nobody reads, eight a member.
 */
#include "bpf-as/types.h"

enum attr {
	MA_KEY, MA_VALUE, MA_MAX, MA_FLAGS, MA_PINNING, MA_ID, MA_EXTRA, MA_NUMA, MA_INNER, MA_FLAG,
};

static const struct attr_row {
	const char *name;
	uint8_t attr;
	uint32_t bits; /* MA_FLAG */
} attrs[] = {
	{ "key", MA_KEY, 0 }, { "value", MA_VALUE, 0 }, { "max_entries", MA_MAX, 0 },
	{ "max", MA_MAX, 0 }, { "flags", MA_FLAGS, 0 }, { "pinning", MA_PINNING, 0 },
	{ "id", MA_ID, 0 }, { "map_extra", MA_EXTRA, 0 }, { "numa_node", MA_NUMA, 0 },
	{ "inner", MA_INNER, 0 },
	{ "no_prealloc", MA_FLAG, 1u << 0 }, { "zero_seed", MA_FLAG, 1u << 6 },
	{ "readonly", MA_FLAG, 1u << 7 }, { "writeonly", MA_FLAG, 1u << 8 },
	{ "mmapable", MA_FLAG, 1u << 10 },
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

	if (bu_str_is(w, "by_name"))
		m->pinning = 1;
	else if (!bu_str_is(w, "none")) {
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

static bool inner(struct as *as, struct as_cur *c, struct as_map *m)
{
	struct bu_str w = as_word(c);

	m->inner = w.n ? find(as, w) : NULL;
	if (m->inner)
		return true;
	as_error(as, "A0192", w.p, w.n ? w.n : 1, "inner names a map declared before this one");
	return false;
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
		if (m->extra > UINT32_MAX) {
			as_error(as, "A0190", p, (size_t)(c->p - p),
				 "map_extra is 0 to 4294967295: BTF map definitions hold no more");
			return false;
		}
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
				bu_diag_help(as->ds, d, "did you mean '%.*s'?", (int)near.best_n, near.best);
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

/* ---------------------------------------------------------------- what the kernel asks for */

enum { N_KEY = 1, N_VALUE = 2, N_MAX = 4, KEY4 = 8, N_INNER = 16, N_NOPRE = 32, NO_KEY = 64 };

static unsigned needs(uint32_t t)
{
	switch (t) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_PERCPU_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
	case BPF_MAP_TYPE_LRU_PERCPU_HASH:
		return N_KEY | N_VALUE | N_MAX;
	case BPF_MAP_TYPE_LPM_TRIE:
		return N_KEY | N_VALUE | N_MAX | N_NOPRE;
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return N_KEY | N_VALUE | N_MAX | KEY4;
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
		return N_MAX | KEY4;
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
		return KEY4;
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
		return N_MAX | KEY4 | N_INNER;
	case BPF_MAP_TYPE_HASH_OF_MAPS:
		return N_KEY | N_MAX | N_INNER;
	case BPF_MAP_TYPE_QUEUE:
	case BPF_MAP_TYPE_STACK:
	case BPF_MAP_TYPE_BLOOM_FILTER:
		return N_VALUE | N_MAX | NO_KEY;
	case BPF_MAP_TYPE_RINGBUF:
	case BPF_MAP_TYPE_USER_RINGBUF:
		return N_MAX | NO_KEY;
	case BPF_MAP_TYPE_SK_STORAGE:
	case BPF_MAP_TYPE_INODE_STORAGE:
	case BPF_MAP_TYPE_TASK_STORAGE:
	case BPF_MAP_TYPE_CGRP_STORAGE:
		return N_KEY | N_VALUE | KEY4 | N_NOPRE;
	default:
		return 0;
	}
}

static bool complete(struct as *as, struct as_map *m, const char *p, const char *name)
{
	unsigned n = needs(m->type);
	const char *what = NULL;

	/* Arrays of file descriptors have u32 keys and values; they need not be said. */
	if ((n & KEY4) && !(n & N_KEY) && !m->has_key) {
		m->has_key = true;
		m->key = as_type_int(as, 4, false);
		m->key_size = 4;
	}
	if ((n & KEY4) && !(n & N_VALUE) && !m->has_value) {
		m->has_value = true;
		m->value = as_type_int(as, 4, false);
		m->value_size = 4;
	}
	if ((n & N_INNER) && !m->has_value) {
		m->has_value = true;
		m->value = as_type_int(as, 4, false);
		m->value_size = 4;
	}
	if ((n & N_KEY) && !m->has_key)
		what = "key=TYPE";
	else if ((n & N_VALUE) && !m->has_value)
		what = "value=TYPE";
	else if ((n & N_MAX) && !m->has_max)
		what = "max_entries=N";
	else if ((n & N_INNER) && !m->inner)
		what = "inner=MAP";
	if (what) {
		as_error(as, "A0195", p, strlen(name), "a map of type %s needs %s", name, what);
		return false;
	}
	if ((n & N_MAX) && !m->max_entries) {
		as_error(as, "A0190", p, strlen(name), "max_entries is at least 1");
		return false;
	}
	if ((n & KEY4) && m->key_size != 4) {
		as_error(as, "A0195", p, strlen(name), "a map of type %s has keys of 4 bytes, not %u",
			 name, m->key_size);
		return false;
	}
	if ((n & NO_KEY) && m->has_key) {
		as_error(as, "A0195", p, strlen(name), "a map of type %s has no keys", name);
		return false;
	}
	if ((n & N_NOPRE) && !(m->flags & 1)) {
		struct bu_diag *d = as_error(as, "A0195", p, strlen(name),
					     "a map of type %s needs no_prealloc", name);

		bu_diag_note(as->ds, d, "the kernel makes such maps only with BPF_F_NO_PREALLOC");
		return false;
	}
	if (m->inner && !(n & N_INNER)) {
		as_error(as, "A0195", p, strlen(name), "a map of type %s has no inner maps", name);
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
		return true;
	}
	d = as_error(as, "A0196", w.p, w.n ? w.n : 1, "unknown map type '%.*s'", (int)w.n, w.p);
	bu_near_init(&near, w.p, w.n);
	for (unsigned i = 0; i < bu_nmap_types; i++) {
		bu_near_feed(&near, bu_map_types[i].name);
		bu_near_feed(&near, bu_map_types[i].uapi);
	}
	if (near.best)
		bu_diag_help(as->ds, d, "did you mean '%.*s'?", (int)near.best_n, near.best);
	return false;
}

/* Members of the BTF structure that take eight bytes. */
unsigned as_map_members(const struct as_map *m)
{
	return 1u + m->has_key + m->has_value + m->has_max + (m->flags != 0) + (m->pinning != 0) +
	       m->has_extra + m->has_numa;
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
		     complete(as, m, kind.p, bu_arena_strndup(&as->arena, kind.p, kind.n));
	}
	if (ok)
		as_junk(as, c);
	c->p = c->e;
	/* Defined even when wrong, so that its uses are not errors too. */
	s = as_sym(as, name.p, name.n);
	as->cur = as_section(as, ".maps", 5, name.p);
	if (!s || !as->cur)
		goto out;
	as->cur->align = 8;
	errors = as->ds->errors;
	as_label(as, name.p, name.n);
	if (as->ds->errors != errors)
		goto out;
	s->type = STT_OBJECT;
	s->type_given = true;
	s->bind = STB_GLOBAL;
	s->is_map = true;
	s->size = 8u * as_map_members(m);
	as_put(as, NULL, s->size, name.p);
	m->sym = s;
	*as->maps_tail = m;
	as->maps_tail = &m->next;
out:
	as->cur = cur;
	as->prev = prev;
	as->last_label = NULL;
}

/* ---------------------------------------------------------------- BTF */

uint32_t as_btf_int(struct as *as, unsigned size, bool is_signed, bool is_char)
{
	static const char *const u[] = { "unsigned char", "unsigned short", "unsigned int",
					 "unsigned long long" };
	static const char *const s[] = { "signed char", "short", "int", "long long" };
	unsigned i = size == 1 ? 0 : size == 2 ? 1 : size == 4 ? 2 : 3;

	if (is_char)
		return bu_btfgen_int(&as->gen, "char", 1, 1);
	return bu_btfgen_int(&as->gen, is_signed ? s[i] : u[i], size, is_signed ? 1 : 0);
}

/* A number N is said as int (*name)[N]. */
static uint32_t uint_type(struct as *as, uint32_t n)
{
	uint32_t i = as_btf_int(as, 4, true, false);

	return bu_btfgen_ptr(&as->gen, bu_btfgen_array(&as->gen, i, n));
}

static uint32_t value_type(struct as *as, struct as_type *t)
{
	return bu_btfgen_ptr(&as->gen, as_type_btf(as, t));
}

/* The structure's type id. */
uint32_t as_map_btf(struct as *as, struct as_map *m)
{
	struct {
		const char *name;
		uint32_t type;
	} mem[12];
	unsigned n = 0;

	if (m->btf)
		return m->btf;
#define MEMBER(na, ty) (mem[n].name = na, mem[n++].type = ty)
	MEMBER("type", uint_type(as, m->type));
	if (m->has_key && m->key)
		MEMBER("key", value_type(as, m->key));
	else if (m->has_key)
		MEMBER("key_size", uint_type(as, m->key_size));
	if (m->has_value && m->value && !m->inner)
		MEMBER("value", value_type(as, m->value));
	else if (m->has_value)
		MEMBER("value_size", uint_type(as, m->value_size));
	if (m->has_max)
		MEMBER("max_entries", uint_type(as, m->max_entries));
	if (m->flags)
		MEMBER("map_flags", uint_type(as, m->flags));
	if (m->pinning)
		MEMBER("pinning", uint_type(as, m->pinning));
	if (m->has_extra)
		MEMBER("map_extra", uint_type(as, (uint32_t)m->extra));
	if (m->has_numa)
		MEMBER("numa_node", uint_type(as, m->numa));
	if (m->inner) /* an array without length, so it comes last and takes no bytes */
		MEMBER("values", bu_btfgen_array(&as->gen,
						 bu_btfgen_ptr(&as->gen, as_map_btf(as, m->inner)), 0));
#undef MEMBER
	m->btf = bu_btfgen_struct(&as->gen, BU_BTF_STRUCT, "", 8 * as_map_members(m));
	for (unsigned i = 0; i < n; i++)
		bu_btfgen_member(&as->gen, mem[i].name, mem[i].type, 64 * i);
	return m->btf;
}
