/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ".kconfig": variables that the object uses and does not define. ELF knows them as undefined symbols;
 * that they belong together, and their types, are in a data section of the BTF that no section of the
 * object goes with. They get places here, one behind the other, in a read-only map.
 *
 * Source: Documentation/bpf/libbpf (the "__kconfig" externs).
 */
#include "obj/obj.h"
#include "obj/objpriv.h"

#include <elf.h>
#include <string.h>

#define BPF_F_RDONLY_PROG (1u << 7)
#define BPF_F_MMAPABLE (1u << 10)
#define MAX_ALIGN 8u
#define MAX_SIZE (1u << 20)

static uint32_t align_of(const struct bu_btf *b, uint32_t type)
{
	struct bu_btf_type t;
	int64_t size;

	for (unsigned i = 0; i < 8; i++) {
		if (bu_btf_get(b, bu_btf_resolve(b, type), &t) || t.kind != BU_BTF_ARRAY)
			break;
		type = t.elem;
	}
	size = bu_btf_size(b, type);
	return size >= MAX_ALIGN ? MAX_ALIGN : size > 2 ? 4 : size > 0 ? (uint32_t)size : 1;
}

static bool is_weak(const struct bu_obj *o, const char *name)
{
	for (uint32_t i = 0; i < o->nsyms; i++)
		if (o->syms[i].sec == BU_SEC_UNDEF && strcmp(o->syms[i].name, name) == 0)
			return o->syms[i].bind == STB_WEAK;
	return true; /* nothing refers to it */
}

int obj_find_kconfig(struct obj_maps *m, uint8_t *blob)
{
	struct bu_obj *o = m->o;
	uint32_t id = o->has_btf ? bu_btf_find(&o->btf, BU_BTF_DATASEC, ".kconfig") : 0, end = 0;
	struct bu_btf_type t, var;
	struct bu_btf_secvar v;
	struct bu_obj_map *d;
	uint8_t *p;

	o->nkconfig = 0;
	if (!id || bu_obj_sec_by_name(o, ".kconfig") < o->nsecs || bu_btf_get(&o->btf, id, &t))
		return 0;
	p = blob + o->btf.offs[id - 1];
	o->kconfig = bu_arena_array(&o->arena, t.vlen, sizeof(*o->kconfig));
	if (!o->kconfig)
		return -ENOMEM;
	for (uint32_t i = 0; i < t.vlen; i++) {
		struct bu_obj_extern *e = &o->kconfig[o->nkconfig++];
		uint32_t align;
		int64_t size;

		if (bu_btf_secvar(&o->btf, &t, i, &v) || bu_btf_get(&o->btf, v.type, &var))
			return -EINVAL;
		size = bu_btf_size(&o->btf, var.type);
		if (size < 0 || size > MAX_SIZE || end + (uint64_t)size > MAX_SIZE)
			return obj_error(o, m->ds, "O0205", "variable '%s' of '.kconfig' has no size that fits",
					 var.name);
		*e = (struct bu_obj_extern){ .name = var.name, .size = (uint32_t)size, .type = var.type,
					     .weak = is_weak(o, var.name) };
		align = align_of(&o->btf, var.type);
		e->off = (end + align - 1) / align * align;
		end = e->off + e->size;
		bu_put32(p + 12 + (size_t)i * 12 + 4, o->btf.be, e->off);
		bu_put32(p + 12 + (size_t)i * 12 + 8, o->btf.be, e->size);
	}
	if (!end)
		return 0;
	bu_put32(p + 8, o->btf.be, end);
	d = obj_add_map(m, ".kconfig", BU_MAP_KCONFIG);
	if (!d)
		return -ENOMEM;
	d->size = end;
	d->type = BPF_MAP_TYPE_ARRAY;
	d->key_size = 4;
	d->value_size = end;
	d->max_entries = 1;
	d->flags = BPF_F_MMAPABLE | BPF_F_RDONLY_PROG;
	d->frozen = true;
	d->btf_value = id;
	return 0;
}
