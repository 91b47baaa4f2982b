/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Structs of operations (".struct_ops", ".struct_ops.link"): variables of a type that the kernel has too,
 * such as tcp_congestion_ops. Their members that are functions point, by relocation, to programs.
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>

static int add_ops(struct obj_maps *m, uint32_t map, size_t *cap)
{
	struct bu_obj *o = m->o;
	const struct bu_obj_map *d = &o->maps[map];
	const struct bu_sec *s = &o->secs[d->sec];

	for (uint32_t i = 0; i < o->nrels; i++) {
		const struct bu_rel *r = &o->rels[i];
		const struct bu_sym *sym = &o->syms[r->sym];
		struct bu_obj_op *v;
		uint64_t to;
		uint32_t k;

		if (r->sec != d->sec || r->off < d->off || r->off - d->off >= d->size || r->off + 8 > s->size)
			continue;
		to = sym->value + bu_get64(s->data + r->off, o->be);
		for (k = 0; k < o->nprogs; k++)
			if (o->progs[k].sec == sym->sec && o->progs[k].off == to)
				break;
		if (k == o->nprogs)
			return obj_error(o, m->ds, "O0208", "struct '%s': what stands at byte %llu ('%s') is no program",
					 d->name, (unsigned long long)(r->off - d->off), sym->name);
		v = bu_arena_grow(&o->arena, o->ops, o->nops, cap, sizeof(*v));
		if (!v)
			return -ENOMEM;
		o->ops = v;
		v[o->nops++] = (struct bu_obj_op){ .map = map, .off = (uint32_t)(r->off - d->off), .prog = k };
	}
	return 0;
}

int obj_struct_ops(struct obj_maps *m, uint32_t sec)
{
	struct bu_obj *o = m->o;
	const struct bu_sec *s = &o->secs[sec];
	uint32_t id = o->has_btf ? bu_btf_find(&o->btf, BU_BTF_DATASEC, s->name) : 0;
	struct bu_btf_type ds, var, t;
	const struct bu_sym **syms;
	struct bu_btf_secvar v;
	size_t n, cap = o->nops;
	int err;

	if (!s->size || !s->data)
		return 0;
	if (!id || bu_btf_get(&o->btf, id, &ds))
		return obj_error(o, m->ds, "O0208",
				 "section '%s' holds structs of operations, but the object's BTF does not describe them",
				 s->name);
	err = obj_section_symbols(o, sec, &syms, &n);
	if (err)
		return err;
	for (size_t i = 0; i < n && !err; i++) {
		uint32_t type = 0;
		struct bu_obj_map *d;

		for (uint32_t k = 0; k < ds.vlen && !type; k++)
			if (!bu_btf_secvar(&o->btf, &ds, k, &v) && !bu_btf_get(&o->btf, v.type, &var) &&
			    strcmp(var.name, syms[i]->name) == 0)
				type = bu_btf_resolve(&o->btf, var.type);
		if (bu_btf_get(&o->btf, type, &t) || t.kind != BU_BTF_STRUCT || t.size > s->size - syms[i]->value)
			return obj_error(o, m->ds, "O0208", "'%s' of section '%s' is no struct of operations",
					 syms[i]->name, s->name);
		d = obj_add_map(m, syms[i]->name, BU_MAP_STRUCT_OPS);
		if (!d)
			return -ENOMEM;
		d->sec = sec;
		d->off = syms[i]->value;
		d->size = t.size;
		d->type = BPF_MAP_TYPE_STRUCT_OPS;
		d->key_size = 4;
		d->max_entries = 1;
		d->btf_value = t.id;
		d->optional = s->name[0] == '?';
		err = add_ops(m, o->nmaps - 1, &cap);
	}
	return err;
}
