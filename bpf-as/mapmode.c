/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maps in the object, in one of three ways:
 *
 *   btf       .maps: a variable per map whose BTF type is a struct that says what the map is. Its bytes are
 *             pointers that nobody reads, eight a member, and behind them the elements that the
 *             declaration gives, as relocations.
 *   legacy    maps: struct bpf_map_def, five numbers (libbpf before 1.0, cilium/ebpf, bpf-ld)
 *   iproute2  maps: struct bpf_elf_map, nine numbers (tc, ip)
 *
 * The last two may have a BTF struct ____btf_map_NAME { key; value; } beside, which tells the types.
 */
#include "bpf-as/map.h"

#define PIN_GLOBAL_NS 2

int as_map_mode(struct as *as, struct bu_str name)
{
	static const char *const names[] = { "btf", "legacy", "iproute2" };

	for (unsigned i = 0; i < BU_ARRAY_SIZE(names); i++)
		if (bu_str_is(name, names[i])) {
			as->map_mode = (enum as_map_mode)i;
			return 0;
		}
	return -EINVAL;
}

const char *as_map_section(const struct as *as)
{
	return as->map_mode == MAPS_BTF ? ".maps" : "maps";
}

/* Members of the BTF structure that take eight bytes. */
static unsigned members(const struct as_map *m)
{
	return 1u + m->has_key + m->has_value + m->has_max + (m->flags != 0) + (m->pinning != 0) +
	       m->has_extra + m->has_numa;
}

/* The elements, behind the members: a place each, in 8 bytes. */
static void put_slots(struct as *as, struct as_map *m, const char *pos)
{
	uint64_t base = as->cur->size, n = 0;

	for (uint32_t i = 0; i < m->nslots; i++)
		n = m->slot[i].index >= n ? m->slot[i].index + 1u : n;
	for (uint32_t i = 0; i < m->nslots; i++) {
		struct as_fix *f = as_fixup(as, FIX_DATA, m->slot[i].pos, m->slot[i].sym->n);

		if (!f)
			return;
		if (as_map_has_progs(m->type))
			m->slot[i].sym->taken = true; /* a label that is a program */
		f->off = base + 8ull * m->slot[i].index;
		f->size = 8;
		f->expr = as_expr_sym(as, m->slot[i].sym, m->slot[i].pos);
	}
	as_expr_keep(as);
	as_put(as, NULL, 8 * n, pos);
}

static bool only_btf(struct as *as, const struct as_map *m, const char *pos)
{
	const char *what = m->nslots ? "elements" : m->has_extra ? "map_extra" : m->has_numa ? "numa_node" : NULL;
	struct bu_diag *d;

	if (as->map_mode == MAPS_LEGACY && !what)
		what = m->pinning ? "pinning" : m->inner ? "inner" : NULL;
	if (as->map_mode == MAPS_IPROUTE2 && !what && m->inner && !m->inner->id)
		what = "an inner map without an id";
	if (!what)
		return true;
	d = as_error(as, "A0198", pos, m->sym ? m->sym->n : 1, "a map declared the old way cannot say %s", what);
	if (m->inner && as->map_mode == MAPS_IPROUTE2)
		bu_diag_help(as->ds, d, "give the inner map an id: .map NAME, TYPE, …, id=1");
	else
		bu_diag_help(as->ds, d, "use --maps=btf");
	return false;
}

void as_map_put(struct as *as, struct as_map *m, struct as_sym *s, const char *pos)
{
	uint32_t w[9] = { m->type, m->key_size, m->value_size, m->max_entries, m->flags };
	unsigned n = as->map_mode == MAPS_LEGACY ? 5 : 9;

	if (as->map_mode == MAPS_BTF) {
		uint64_t at = as->cur->size;

		as->cur->align = 8;
		as_put(as, NULL, 8ull * members(m), pos);
		put_slots(as, m, pos);
		as_symx(as, s)->size = as->cur->size - at;
		return;
	}
	if (!only_btf(as, m, pos))
		return;
	as->cur->align = 4;
	w[5] = m->id;
	w[6] = m->pinning ? PIN_GLOBAL_NS : 0;
	w[7] = m->inner ? m->inner->id : 0;
	for (unsigned i = 0; i < n; i++) {
		uint8_t b[4];

		bu_put32(b, as->be, w[i]);
		as_put(as, b, 4, pos);
	}
	as_symx(as, s)->size = 4 * n;
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

/* … and one that has more than 32 bits as the value of an enumerator. */
static uint32_t ulong_type(struct as *as, uint64_t n)
{
	uint32_t id;

	if (n <= UINT32_MAX)
		return uint_type(as, (uint32_t)n);
	id = bu_btfgen_enum(&as->gen, "", 8, false);
	bu_btfgen_enumval(&as->gen, bu_arena_printf(&as->arena, "__unique_value%u", id), (int64_t)n);
	return id;
}

static uint32_t value_type(struct as *as, struct as_type *t)
{
	uint32_t id = as_type_btf(as, t);

	return bu_btfgen_ptr(&as->gen, id);
}

/* What the elements are: the inner map's structure, or functions. */
static uint32_t values_type(struct as *as, struct as_map *m)
{
	struct as_map *in = m->inner;
	uint32_t to;

	for (struct as_map *o = as->maps; o && !in && !as_map_has_progs(m->type); o = o->next)
		if (m->nslots && o->sym == m->slot[0].sym)
			in = o;
	if (in) {
		to = as_map_btf(as, in);
	} else {
		to = as_btf_int(as, 4, true, false);
		to = bu_btfgen_proto(&as->gen, to);
	}
	to = bu_btfgen_ptr(&as->gen, to);
	return bu_btfgen_array(&as->gen, to, 0);
}

uint32_t as_map_btf(struct as *as, struct as_map *m)
{
	struct {
		const char *name;
		uint32_t type;
	} mem[12];
	bool values = m->inner || m->nslots;
	unsigned n = 0;

	if (m->btf || m->making)
		return m->btf;
	m->making = true; /* a map may not hold itself */
#define MEMBER(na, ty) (mem[n].name = na, mem[n++].type = ty)
	MEMBER("type", uint_type(as, m->type));
	if (m->has_key && m->key)
		MEMBER("key", value_type(as, m->key));
	else if (m->has_key)
		MEMBER("key_size", uint_type(as, m->key_size));
	if (m->has_value && m->value && !values)
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
		MEMBER("map_extra", ulong_type(as, m->extra));
	if (m->has_numa)
		MEMBER("numa_node", uint_type(as, m->numa));
	if (values) /* an array without length, so it comes last and takes no bytes */
		MEMBER("values", values_type(as, m));
#undef MEMBER
	m->btf = bu_btfgen_struct(&as->gen, BU_BTF_STRUCT, "", 8 * members(m));
	for (unsigned i = 0; i < n; i++)
		bu_btfgen_member(&as->gen, mem[i].name, mem[i].type, 64 * i);
	return m->btf;
}

bool as_maps_legacy_btf(struct as *as)
{
	bool any = false;

	for (struct as_map *m = as->maps; m && as->map_mode != MAPS_BTF; m = m->next) {
		uint32_t key = m->key ? as_type_btf(as, m->key) : 0;
		uint32_t value = m->value ? as_type_btf(as, m->value) : 0;

		if (!key || !value || !m->sym)
			continue;
		bu_btfgen_struct(&as->gen, BU_BTF_STRUCT, bu_arena_printf(&as->arena, "____btf_map_%s", m->sym->name),
				 m->key_size + m->value_size);
		bu_btfgen_member(&as->gen, "key", key, 0);
		bu_btfgen_member(&as->gen, "value", value, 8 * m->key_size);
		any = true;
	}
	return any;
}
