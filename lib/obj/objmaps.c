/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The maps an object declares, in three ways:
 *
 *   .maps   a variable per map whose BTF type is a struct: what a member points to is the value
 *           (an array's length for numbers, a type for key and value)
 *   maps    (2014 to 2022) a struct of 32-bit numbers per map: objlegacy.c
 *   .data, .bss, .rodata and these with a dot and a name behind: one array map for all of it
 *
 * Sources: the kernel's Documentation/bpf/libbpf and btf.rst for .maps.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define BPF_F_RDONLY_PROG (1u << 7)
#define BPF_F_MMAPABLE (1u << 10)
#define PIN_BY_NAME 1  /* libbpf's LIBBPF_PIN_BY_NAME */
#define PIN_REPLACE 16 /* cilium's */

struct bu_obj_map *obj_add_map(struct obj_maps *m, const char *name, enum bu_map_origin origin)
{
	struct bu_obj *o = m->o;
	struct bu_obj_map *v = bu_arena_grow(&o->arena, o->maps, o->nmaps, &m->cap, sizeof(*v));

	if (!v)
		return NULL;
	o->maps = v;
	v += o->nmaps++;
	memset(v, 0, sizeof(*v));
	v->name = name;
	v->origin = origin;
	v->sec = BU_SEC_UNDEF;
	v->inner = -1;
	return v;
}

static int by_value(const void *a, const void *b)
{
	const struct bu_sym *x = *(const struct bu_sym *const *)a;
	const struct bu_sym *y = *(const struct bu_sym *const *)b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x < y ? -1 : x > y;
}

int obj_add_slot(struct obj_maps *m, struct bu_obj_slot s)
{
	struct bu_obj *o = m->o;
	struct bu_obj_slot *v = bu_arena_grow(&o->arena, o->slots, o->nslots, &m->slot_cap, sizeof(*v));

	if (!v)
		return -ENOMEM;
	o->slots = v;
	v[o->nslots++] = s;
	return 0;
}

int obj_section_symbols(struct bu_obj *o, uint32_t sec, const struct bu_sym ***out, size_t *n)
{
	const struct bu_sym **v = bu_arena_array(&o->arena, o->nsyms, sizeof(*v));

	*n = 0;
	*out = v;
	if (!v)
		return -ENOMEM;
	for (uint32_t i = 0; i < o->nsyms; i++) {
		const struct bu_sym *s = &o->syms[i];

		if (s->sec == sec && s->name[0] && (s->type == STT_OBJECT || s->type == STT_NOTYPE))
			v[(*n)++] = s;
	}
	qsort(v, *n, sizeof(*v), by_value);
	return 0;
}

/* ---------------------------------------------------------------- .maps */

/* The type a pointer member points to, or 0. */
static uint32_t pointee(const struct bu_btf *b, uint32_t id)
{
	struct bu_btf_type t;

	if (bu_btf_get(b, bu_btf_resolve(b, id), &t) || t.kind != BU_BTF_PTR)
		return 0;
	return t.type;
}

/* A number: the length of the array that the member points to, or the one value of an enum. */
static bool number(const struct bu_btf *b, uint32_t type, uint64_t *val)
{
	struct bu_btf_type t;
	struct bu_btf_enum e;
	uint32_t to = pointee(b, type);

	if (to) {
		if (bu_btf_get(b, bu_btf_resolve(b, to), &t) || t.kind != BU_BTF_ARRAY)
			return false;
		*val = t.nelems;
		return true;
	}
	if (bu_btf_get(b, bu_btf_resolve(b, type), &t) ||
	    (t.kind != BU_BTF_ENUM && t.kind != BU_BTF_ENUM64) || bu_btf_enum(b, &t, 0, &e))
		return false;
	*val = (uint64_t)e.val;
	return true;
}

static int bad_member(struct obj_maps *m, const char *map, const char *member, const char *why)
{
	return obj_error(m->o, m->ds, "O0204", "map '%s': member '%s' %s", map, member, why);
}

static int number_member(struct obj_maps *m, struct bu_obj_map *d, const struct bu_btf_member *f)
{
	static const struct { const char *name; size_t off; } fields[] = {
		{ "type", offsetof(struct bu_obj_map, type) },
		{ "max_entries", offsetof(struct bu_obj_map, max_entries) },
		{ "map_flags", offsetof(struct bu_obj_map, flags) },
		{ "numa_node", offsetof(struct bu_obj_map, numa_node) },
		{ "key_size", offsetof(struct bu_obj_map, key_size) },
		{ "value_size", offsetof(struct bu_obj_map, value_size) },
		{ "pinning", offsetof(struct bu_obj_map, pinning) },
	};
	struct bu_near near;
	struct bu_diag *diag;
	uint64_t val;

	if (strcmp(f->name, "map_extra") == 0) {
		if (!number(&m->o->btf, f->type, &d->map_extra))
			return bad_member(m, d->name, f->name, "is no number (see __uint and __ulong)");
		return 0;
	}
	for (size_t i = 0; i < BU_ARRAY_SIZE(fields); i++) {
		uint32_t *p = (uint32_t *)((char *)d + fields[i].off);

		if (strcmp(f->name, fields[i].name) != 0)
			continue;
		if (!number(&m->o->btf, f->type, &val))
			return bad_member(m, d->name, f->name, "is no number (see __uint)");
		if (val > UINT32_MAX)
			return bad_member(m, d->name, f->name, "does not fit 32 bits");
		/* Size and type of key or value may both be given, if they agree. */
		if (*p && *p != val)
			return bad_member(m, d->name, f->name, "contradicts an earlier member");
		*p = (uint32_t)val;
		return 0;
	}
	diag = bu_diag(m->ds, BU_NOTE, "O0206", "map %s: its member '%s' is not known and left out", d->name,
		       f->name);
	bu_near_init(&near, f->name, strlen(f->name));
	for (size_t i = 0; i < BU_ARRAY_SIZE(fields); i++)
		bu_near_feed(&near, fields[i].name);
	if (near.best)
		bu_diag_help(m->ds, diag, "did you mean '%s'?", near.best);
	return 0;
}

static int type_member(struct obj_maps *m, struct bu_obj_map *d, const struct bu_btf_member *f,
		       uint32_t *size, uint32_t *type)
{
	const struct bu_btf *b = &m->o->btf;
	uint32_t to = pointee(b, f->type);
	int64_t n;

	if (!to)
		return bad_member(m, d->name, f->name, "is no pointer to a type (see __type)");
	n = bu_btf_size(b, to);
	if (n < 0 || n > UINT32_MAX)
		return bad_member(m, d->name, f->name, "has a type without a size");
	if (*size && *size != (uint32_t)n)
		return bad_member(m, d->name, f->name, "contradicts an earlier size");
	*size = (uint32_t)n;
	*type = to;
	return 0;
}

static int read_def(struct obj_maps *m, uint32_t map, uint32_t struct_id, bool inner);

/* values: an array of pointers, to a struct that declares the inner maps, or to functions. */
static int values_member(struct obj_maps *m, uint32_t map, const struct bu_btf_member *f)
{
	struct bu_obj *o = m->o;
	const struct bu_btf *b = &o->btf;
	struct bu_btf_type t;
	const char *name = o->maps[map].name;
	struct bu_obj_map *d;
	uint32_t to;
	int err;

	if (bu_btf_get(b, bu_btf_resolve(b, f->type), &t) || t.kind != BU_BTF_ARRAY)
		return bad_member(m, name, f->name, "is no array (see __array)");
	to = pointee(b, t.elem);
	if (!to || bu_btf_get(b, bu_btf_resolve(b, to), &t))
		return bad_member(m, name, f->name, "is no array of pointers");
	d = &o->maps[map];
	if (d->value_size && d->value_size != 4)
		return bad_member(m, name, f->name, "wants a value size of 4");
	d->value_size = 4;
	if (t.kind == BU_BTF_FUNC_PROTO)
		return 0;
	if (t.kind != BU_BTF_STRUCT)
		return bad_member(m, name, f->name, "points neither to a map nor to a function");
	if (d->is_inner)
		return bad_member(m, name, f->name, "nests maps more than two deep");
	d = obj_add_map(m, bu_arena_printf(&o->arena, "%s.inner", name), BU_MAP_BTF);
	if (!d)
		return -ENOMEM;
	d->is_inner = true;
	err = read_def(m, o->nmaps - 1, t.id, true);
	return err;
}

static int read_def(struct obj_maps *m, uint32_t map, uint32_t struct_id, bool inner)
{
	struct bu_obj *o = m->o;
	struct bu_btf_member f;
	struct bu_btf_type t;
	int err = 0;

	bu_btf_get(&o->btf, struct_id, &t);
	for (uint32_t i = 0; i < t.vlen && !err; i++) {
		struct bu_obj_map *d = &o->maps[map];

		bu_btf_member(&o->btf, &t, i, &f);
		if (strcmp(f.name, "key") == 0) {
			err = type_member(m, d, &f, &d->key_size, &d->btf_key);
		} else if (strcmp(f.name, "value") == 0) {
			err = type_member(m, d, &f, &d->value_size, &d->btf_value);
		} else if (strcmp(f.name, "values") == 0) {
			uint32_t next = o->nmaps;

			err = values_member(m, map, &f);
			if (!err && o->nmaps > next)
				o->maps[map].inner = (int32_t)next;
			o->maps[map].values_off = f.bit_off / 8;
		} else {
			err = number_member(m, d, &f);
		}
	}
	if (!err && !o->maps[map].type)
		err = obj_error(o, m->ds, "O0204", "map '%s' has no type", o->maps[map].name);
	if (!err && inner && o->maps[map].pinning)
		err = obj_error(o, m->ds, "O0204", "map '%s': an inner map cannot be pinned",
				o->maps[map].name);
	return err;
}

/*
 * Type hints on maps that have no keys and values of their own ("__type(value, struct event)" on a
 * ring buffer) are for user space; the kernel refuses them as sizes.
 */
static void drop_hints(struct bu_obj_map *d)
{
	if (d->type == BPF_MAP_TYPE_RINGBUF) {
		d->key_size = d->value_size = 0;
		d->btf_key = d->btf_value = 0;
	} else if (d->type == BPF_MAP_TYPE_PERF_EVENT_ARRAY) {
		d->key_size = d->value_size = 4;
		d->btf_key = d->btf_value = 0;
	}
}

static int btf_map(struct obj_maps *m, uint32_t sec, const struct bu_sym *sym, uint32_t var_type)
{
	struct bu_obj *o = m->o;
	uint32_t id = bu_btf_resolve(&o->btf, var_type), map = o->nmaps;
	struct bu_btf_type t;
	struct bu_obj_map *d;
	int err;

	if (bu_btf_get(&o->btf, id, &t) || t.kind != BU_BTF_STRUCT)
		return obj_error(o, m->ds, "O0204", "map '%s': its type is no struct", sym->name);
	d = obj_add_map(m, sym->name, BU_MAP_BTF);
	if (!d)
		return -ENOMEM;
	d->sec = sec;
	d->off = sym->value;
	d->size = sym->size ? sym->size : t.size;
	err = read_def(m, map, id, false);
	if (err)
		return err;
	d = &o->maps[map];
	drop_hints(d);
	d->pin_replace = d->pinning == PIN_REPLACE;
	if (d->pinning == PIN_BY_NAME || d->pin_replace)
		d->pin_dir = "";
	return err;
}

static int btf_maps(struct obj_maps *m, uint32_t sec)
{
	struct bu_obj *o = m->o;
	struct bu_hash names = { 0 };
	const struct bu_sym **syms;
	struct bu_btf_type ds, var;
	struct bu_btf_secvar v;
	uint32_t id = 0;
	size_t n;
	int err;

	if (!o->secs[sec].size)
		return 0;
	if (o->has_btf)
		id = bu_btf_find(&o->btf, BU_BTF_DATASEC, ".maps");
	if (!id) {
		obj_error(o, m->ds, "O0204",
			  "section '.maps' declares maps, but the object's BTF does not describe them");
		if (m->ds->last)
			bu_diag_help(m->ds, m->ds->last, "compile with -g: types are what declares these maps");
		return -EINVAL;
	}
	err = obj_section_symbols(o, sec, &syms, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n && !err; i++)
		err = bu_hash_put(&names, syms[i]->name, strlen(syms[i]->name), (void *)syms[i]);
	bu_btf_get(&o->btf, id, &ds);
	for (uint32_t i = 0; i < ds.vlen && !err; i++) {
		const struct bu_sym *s;

		bu_btf_secvar(&o->btf, &ds, i, &v);
		if (bu_btf_get(&o->btf, v.type, &var) || var.kind != BU_BTF_VAR)
			continue;
		s = bu_hash_get(&names, var.name, strlen(var.name));
		if (!s)
			err = obj_error(o, m->ds, "O0204",
					"map '%s' is described by BTF, but has no symbol in section '.maps'",
					var.name);
		else
			err = btf_map(m, sec, s, var.type);
	}
	bu_hash_free(&names);
	return err;
}

/* ---------------------------------------------------------------- elements of .maps */

/* The declared map whose elements lie at a byte of the section, or NULL. */
static const struct bu_obj_map *map_of_element(const struct bu_obj *o, uint32_t sec, uint64_t off)
{
	for (uint32_t i = 0; i < o->nmaps; i++) {
		const struct bu_obj_map *d = &o->maps[i];

		if (d->origin == BU_MAP_BTF && !d->is_inner && d->sec == sec && d->values_off &&
		    off >= d->off + d->values_off && off - d->off < d->size)
			return d;
	}
	return NULL;
}

static bool slot_target(const struct bu_obj *o, uint32_t sec, uint64_t off, struct bu_obj_slot *s)
{
	for (uint32_t i = 0; i < o->nprogs; i++) {
		if (o->progs[i].sec == sec && o->progs[i].off == off) {
			s->is_prog = true;
			s->target = i;
			return true;
		}
	}
	for (uint32_t i = 0; i < o->nmaps; i++) {
		if (o->maps[i].sec == sec && o->maps[i].off == off && !o->maps[i].is_inner &&
		    o->maps[i].origin == BU_MAP_BTF) {
			s->target = i;
			return true;
		}
	}
	return false;
}

/* What relocations put into the arrays "values": programs for tail calls, inner maps. */
static int find_slots(struct obj_maps *m, uint32_t sec)
{
	struct bu_obj *o = m->o;

	for (uint32_t i = 0; i < o->nrels; i++) {
		const struct bu_rel *r = &o->rels[i];
		const struct bu_sym *sym = &o->syms[r->sym];
		const struct bu_obj_map *d;
		struct bu_obj_slot slot = { 0 };
		uint64_t add;

		if (r->sec != sec || !o->secs[sec].data || r->off + 8 > o->secs[sec].size)
			continue;
		d = map_of_element(o, sec, r->off);
		add = bu_get64(o->secs[sec].data + r->off, o->be);
		slot.map = d ? (uint32_t)(d - o->maps) : 0;
		if (!d || (r->off - d->off - d->values_off) % 8 ||
		    !slot_target(o, sym->sec, sym->value + add, &slot))
			return obj_error(o, m->ds, "O0204",
					 "section '.maps': byte %llu refers to '%s', which is no element of a map",
					 (unsigned long long)r->off, sym->name);
		slot.index = (uint32_t)((r->off - d->off - d->values_off) / 8);
		if (obj_add_slot(m, slot))
			return -ENOMEM;
	}
	return 0;
}

/* ---------------------------------------------------------------- global data */

static bool is_data_name(const char *name, const char *kind)
{
	size_t n = strlen(kind);

	return strncmp(name, kind, n) == 0 && (!name[n] || name[n] == '.');
}

static int data_map(struct obj_maps *m, uint32_t sec)
{
	struct bu_obj *o = m->o;
	const struct bu_sec *s = &o->secs[sec];
	bool ro = is_data_name(s->name, ".rodata");
	struct bu_obj_map *d;

	if ((s->type != SHT_PROGBITS && s->type != SHT_NOBITS) || !(s->flags & SHF_ALLOC) ||
	    (s->flags & SHF_EXECINSTR) || !s->size)
		return 0;
	if (!ro && !is_data_name(s->name, ".data") && !is_data_name(s->name, ".bss"))
		return 0;
	if (s->size > INT32_MAX)
		return obj_error(o, m->ds, "O0205", "section '%s' has %llu bytes, a map's value holds 2 GiB",
				 s->name, (unsigned long long)s->size);
	d = obj_add_map(m, s->name, BU_MAP_DATA);
	if (!d)
		return -ENOMEM;
	d->sec = sec;
	d->size = s->size;
	d->type = BPF_MAP_TYPE_ARRAY;
	d->key_size = 4;
	d->value_size = (uint32_t)s->size;
	d->max_entries = 1;
	d->flags = BPF_F_MMAPABLE | (ro ? BPF_F_RDONLY_PROG : 0);
	d->frozen = ro;
	if (o->has_btf)
		d->btf_value = bu_btf_find(&o->btf, BU_BTF_DATASEC, s->name);
	return 0;
}

/* Globals of address space 1 lie in the object's arena. */
static void arena_data(struct bu_obj *o)
{
	uint32_t sec = bu_obj_sec_by_name(o, ".addr_space.1");

	for (uint32_t i = 0; sec < o->nsecs && o->secs[sec].size && i < o->nmaps; i++)
		if (o->maps[i].type == BPF_MAP_TYPE_ARENA && !o->maps[i].is_inner) {
			o->maps[i].arena_sec = sec + 1;
			return;
		}
}

int obj_find_maps(struct bu_obj *o, uint8_t *blob, struct bu_diags *ds)
{
	struct obj_maps m = { .o = o, .ds = ds };
	int err = 0;

	o->maps = NULL;
	o->nmaps = 0;
	o->slots = NULL;
	o->nslots = 0;
	o->ops = NULL;
	o->nops = 0;
	for (uint32_t i = 0; i < o->nsecs && !err; i++) {
		if (strcmp(o->secs[i].name, ".maps") == 0)
			err = btf_maps(&m, i);
		else if (obj_is_legacy_maps(&o->secs[i]))
			err = obj_legacy_maps(&m, i);
		else if (obj_is_struct_ops(&o->secs[i]))
			err = obj_struct_ops(&m, i);
		else
			err = data_map(&m, i);
	}
	for (uint32_t i = 0; i < o->nsecs && !err; i++)
		if (strcmp(o->secs[i].name, ".maps") == 0)
			err = find_slots(&m, i);
	if (!err)
		arena_data(o);
	if (!err)
		err = obj_section_slots(&m);
	return err ? err : obj_find_kconfig(&m, blob);
}
