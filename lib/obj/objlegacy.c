/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Maps of section "maps" (2014 to 2022): a struct of 32-bit numbers for each, of which the first five
 * are type, key size, value size, entries and flags. What follows differs by who wrote the loader:
 *
 *   samples   inner map's number, NUMA node                          20, 24 or 28 bytes
 *   tc        id, pinning, inner map's id, element in the outer map  28 or 36 bytes
 *   go        pinning, char namespace[256]                           280 bytes
 *
 * Nothing in the object says which; the sizes, the numbers themselves and the names of the programs'
 * sections do. The same loaders fill arrays of programs by the names of sections: tc's "ID/KEY"
 * (the map of that id), the samples' "kprobe/N" (the only array there is).
 *
 * Sources: samples/bpf of Linux up to 5.13, iproute2's bpf_elf.h, iovisor/gobpf's elf package.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#define BPF_F_NUMA_NODE (1u << 2)
#define GO_NAMESPACE 256
#define GO_SIZE (24 + GO_NAMESPACE)
#define PIN_OBJECT_NS 1
#define PIN_GLOBAL_NS 2
#define PIN_REPLACE 16 /* cilium's: the agent puts the new map into the old one's place */

enum layout { SAMPLES, TC, GO };

/* One declaration, before its layout is known. */
struct decl {
	const struct bu_sym *sym;
	uint64_t size;
	uint32_t w[9]; /* zeros behind what is declared */
};

bool obj_is_legacy_maps(const struct bu_sec *s)
{
	return s->type == SHT_PROGBITS && !(s->flags & SHF_EXECINSTR) &&
	       strncmp(s->name, "maps", 4) == 0;
}

/* "2/16", "0x2/3": two C numbers. */
static bool two_numbers(const char *name, uint64_t *a, uint64_t *b)
{
	const char *slash = strchr(name, '/');

	return slash && !bu_str_u64(bu_str(name, (size_t)(slash - name)), a, NULL) &&
	       !bu_str_u64(bu_str_c(slash + 1), b, NULL);
}

static bool has_tc_programs(const struct bu_obj *o)
{
	static const char *const prefixes[] = { "classifier", "action", "tail-", "from-", "to-" };
	uint64_t a, b;

	for (uint32_t i = 0; i < o->nprogs; i++) {
		const char *s = o->secs[o->progs[i].sec].name;

		for (size_t k = 0; k < BU_ARRAY_SIZE(prefixes); k++)
			if (strncmp(s, prefixes[k], strlen(prefixes[k])) == 0)
				return true;
		if (two_numbers(s, &a, &b))
			return true;
	}
	return false;
}

static bool of_maps(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static enum layout layout_of(const struct bu_obj *o, const struct decl *v, size_t n)
{
	bool long_enough = false;

	for (size_t i = 0; i < n; i++) {
		const struct decl *d = &v[i];

		if (d->size == GO_SIZE)
			return GO;
		if (d->size >= 36)
			return TC;
		long_enough |= d->size >= 28;
		/* Only a map of maps has an inner one, and only a flag gives a node its meaning. */
		if (d->size >= 28 && ((d->w[5] && !of_maps(d->w[0])) ||
				      (d->w[6] && !(d->w[4] & BPF_F_NUMA_NODE) && !of_maps(d->w[0]))))
			return TC;
	}
	return long_enough && has_tc_programs(o) ? TC : SAMPLES;
}

/* ---------------------------------------------------------------- one declaration */

/* iproute2's way to type a map: struct ____btf_map_NAME { K key; V value; }. */
static void annotation(const struct bu_btf *b, struct bu_obj_map *d)
{
	char name[160];
	struct bu_btf_member k, v;
	struct bu_btf_type t;
	uint32_t id;

	snprintf(name, sizeof(name), "____btf_map_%s", d->name);
	id = bu_btf_find(b, BU_BTF_STRUCT, name);
	if (!id || bu_btf_get(b, id, &t) || t.vlen != 2)
		return;
	bu_btf_member(b, &t, 0, &k);
	bu_btf_member(b, &t, 1, &v);
	if (bu_btf_size(b, k.type) == d->key_size && bu_btf_size(b, v.type) == d->value_size) {
		d->btf_key = k.type;
		d->btf_value = v.type;
	}
}

/* The directory of maps that only this object shares with itself, as iproute2 names it. */
static const char *own_directory(struct bu_obj *o)
{
	uint8_t sum[20];
	char hex[41];

	bu_sha1(o->file.p, o->file.n, sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(hex + 2 * i, 3, "%02x", sum[i]);
	return bu_arena_printf(&o->arena, "tc/%s", hex);
}

static void pin(struct bu_obj *o, struct bu_obj_map *d, enum layout as, const char *namespace)
{
	if (as == GO && d->pinning == PIN_GLOBAL_NS)
		d->pin_dir = bu_arena_printf(&o->arena, "%.*s%sglobals", GO_NAMESPACE, namespace,
					     namespace[0] ? "/" : "");
	else if (as == TC && d->pinning == PIN_OBJECT_NS)
		d->pin_dir = own_directory(o);
	else if (as == TC && (d->pinning == PIN_GLOBAL_NS || d->pinning == PIN_REPLACE))
		d->pin_dir = "tc/globals";
	d->pin_replace = d->pinning == PIN_REPLACE;
}

/* What is declared beyond what the layout knows is told, and left out. */
static void unknown_rest(struct obj_maps *m, const struct decl *d, const uint8_t *p, uint64_t known)
{
	for (uint64_t i = known; i < d->size; i++) {
		if (!p[i])
			continue;
		bu_diag(m->ds, BU_NOTE, "O0206", "map %s is declared by %llu bytes, of which those from "
			"%llu on are not known and left out", d->sym->name,
			(unsigned long long)d->size, (unsigned long long)known);
		return;
	}
}

static int legacy_map(struct obj_maps *m, uint32_t sec, const struct decl *v, enum layout as)
{
	static const uint64_t known[] = { [SAMPLES] = 28, [TC] = 36, [GO] = GO_SIZE };
	struct bu_obj *o = m->o;
	const uint8_t *p = o->secs[sec].data + v->sym->value;
	struct bu_obj_map *d = obj_add_map(m, v->sym->name, BU_MAP_LEGACY);

	if (!d)
		return -ENOMEM;
	d->sec = sec;
	d->off = v->sym->value;
	d->size = v->size;
	d->type = v->w[0];
	d->key_size = v->w[1];
	d->value_size = v->w[2];
	d->max_entries = v->w[3];
	d->flags = v->w[4];
	if (as == SAMPLES) {
		d->numa_node = v->w[6];
	} else {
		d->local_id = as == TC ? v->w[5] : 0;
		d->pinning = as == TC ? v->w[6] : v->w[5];
		pin(o, d, as, (const char *)p + (v->size >= GO_SIZE ? 24 : 0));
	}
	unknown_rest(m, v, p, known[as]);
	if (o->has_btf)
		annotation(&o->btf, d);
	return 0;
}

/* ---------------------------------------------------------------- maps of maps */

static int legacy_inner(struct obj_maps *m, uint32_t first, const struct decl *v, enum layout as)
{
	struct bu_obj *o = m->o;

	for (uint32_t i = first; i < o->nmaps; i++) {
		struct bu_obj_map *d = &o->maps[i];
		uint32_t wanted = v[i - first].w[as == TC ? 7 : 5];

		if (!of_maps(d->type))
			continue;
		for (uint32_t k = first; k < o->nmaps; k++)
			if (k != i && (as == TC ? wanted && o->maps[k].local_id == wanted
						: k - first == wanted))
				d->inner = (int32_t)k;
		if (d->inner < 0)
			return obj_error(o, m->ds, "O0203",
					 "map '%s' names inner map %u, which is not declared", d->name,
					 wanted);
	}
	/* tc puts each map with an id into the outer maps that take it as a template. */
	for (uint32_t i = first; as == TC && i < o->nmaps; i++) {
		const struct decl *in = &v[i - first];

		if (!in->w[5] || in->w[7] || in->w[8] == UINT32_MAX || in->size < 36)
			continue;
		for (uint32_t k = first; k < o->nmaps; k++) {
			struct bu_obj_slot s = { .map = k, .index = in->w[8], .target = i };
			int err = 0;

			if (of_maps(o->maps[k].type) && v[k - first].w[7] == in->w[5])
				err = obj_add_slot(m, s);
			if (err)
				return err;
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- a section of them */

static int read_decl(struct obj_maps *m, uint32_t sec, struct decl *d)
{
	const uint8_t *p = m->o->secs[sec].data + d->sym->value;

	if (d->size < 16)
		return obj_error(m->o, m->ds, "O0203",
				 "map '%s' is declared by %llu bytes; such a declaration has at least 16",
				 d->sym->name, (unsigned long long)d->size);
	for (uint64_t i = 0; i < BU_ARRAY_SIZE(d->w) && i < d->size / 4; i++)
		d->w[i] = bu_get32(p + i * 4, m->o->be);
	return 0;
}

int obj_legacy_maps(struct obj_maps *m, uint32_t sec)
{
	struct bu_obj *o = m->o;
	uint64_t end = o->secs[sec].size;
	uint32_t first = o->nmaps;
	const struct bu_sym **syms;
	enum layout as;
	struct decl *v;
	size_t n, nv = 0;
	int err = obj_section_symbols(o, sec, &syms, &n);

	if (err)
		return err;
	v = bu_arena_array(&o->arena, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	if (!n && end)
		return obj_error(o, m->ds, "O0203",
				 "section '%s' declares maps, but no symbol names them",
				 o->secs[sec].name);
	for (size_t i = 0; i < n && !err; i++) {
		struct decl *d = &v[nv];
		uint64_t next;
		size_t k = i + 1;

		while (k < n && syms[k]->value == syms[i]->value)
			k++;
		next = k < n ? syms[k]->value : end;
		*d = (struct decl){ .sym = syms[i], .size = syms[i]->size };
		/* Of several names for one map, one with a size or that others see is the better. */
		for (size_t a = i + 1; a < k; a++)
			if ((syms[a]->bind != STB_LOCAL && d->sym->bind == STB_LOCAL) || !d->size)
				*d = (struct decl){ .sym = syms[a], .size = syms[a]->size };
		if (!d->size)
			d->size = next - d->sym->value;
		if (d->size > next - d->sym->value)
			return obj_error(o, m->ds, "O0203", "maps '%s' and '%s' overlap", d->sym->name,
					 k < n ? syms[k]->name : "?");
		err = read_decl(m, sec, d);
		i = k - 1;
		nv++;
	}
	if (err)
		return err;
	as = layout_of(o, v, nv);
	for (size_t i = 0; i < nv && !err; i++)
		err = legacy_map(m, sec, &v[i], as);
	return err ? err : legacy_inner(m, first, v, as);
}

/* ---------------------------------------------------------------- arrays of programs, by section */

/* The array that "ID/KEY" means: the map of that id; without one, that of "…/N": the only one. */
static int64_t array_for(const struct bu_obj *o, bool by_id, uint64_t id)
{
	int64_t found = -1;

	for (uint32_t i = 0; i < o->nmaps; i++) {
		const struct bu_obj_map *d = &o->maps[i];

		if (d->type != BPF_MAP_TYPE_PROG_ARRAY || d->is_inner)
			continue;
		if (by_id && d->local_id == id)
			return i;
		if (!by_id && found >= 0)
			return -1;
		found = by_id ? -1 : (int64_t)i;
	}
	return found;
}

static bool has_slots(const struct bu_obj *o, uint32_t map)
{
	for (uint32_t i = 0; i < o->nslots; i++)
		if (o->slots[i].map == map && !o->slots[i].by_section)
			return true;
	return false;
}

int obj_section_slots(struct obj_maps *m)
{
	struct bu_obj *o = m->o;
	int err = 0;

	for (uint32_t i = 0; i < o->nprogs && !err; i++) {
		const char *sec = o->secs[o->progs[i].sec].name, *slash = strrchr(sec, '/');
		struct bu_obj_slot s = { .is_prog = true, .target = i, .by_section = true };
		uint64_t id = 0, key;
		bool by_id = two_numbers(sec, &id, &key);
		int64_t map;

		/* The first function of the section is the one that is meant. */
		if (!slash || bu_str_u64(bu_str_c(slash + 1), &key, NULL) ||
		    (i && o->progs[i - 1].sec == o->progs[i].sec))
			continue;
		map = array_for(o, by_id, id);
		if (map < 0 || has_slots(o, (uint32_t)map))
			continue;
		if (key >= o->maps[map].max_entries && o->maps[map].max_entries)
			continue;
		s.map = (uint32_t)map;
		s.index = (uint32_t)key;
		err = obj_add_slot(m, s);
	}
	return err;
}
