// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What programs with libbpf's usdt.bpf.h read: the map __bpf_usdt_specs, whose elements say where the arguments
 * of a probe are. The element's layout is what the object's type information says, so that headers of any
 * version will do; without it, that of libbpf 1.0.
 */
#include <stdlib.h>
#include <string.h>

#include "load/priv.h"

#define SPECS "__bpf_usdt_specs"
#define UNKNOWN_TYPE 0x7f /* bpf_usdt_arg() says EINVAL */

/* A member: bits from the start of its struct; size 0: the struct has none of that name. */
struct field { uint32_t off, size; };
struct layout {
	uint32_t arg_size, spec_size;
	struct field args, cookie, count;
	struct field val, type, reg, is_signed, shift, index, scale;
};

static const struct layout libbpf_1_0 = {
	.arg_size = 16, .spec_size = 208, .args = { 0, 16 * 8 * BU_USDT_ARGS }, .cookie = { 192 * 8, 64 },
	.count = { 200 * 8, 16 }, .val = { 0, 64 }, .type = { 64, 32 }, .reg = { 96, 16 }, .is_signed = { 112, 8 },
	.shift = { 120, 8 },
};

/* The element that a map's fd has been found for, while one attachment is made. */
struct bu_usdt_specs {
	struct bu_sys *s;
	struct bu_diags *ds;
	const struct bu_attach *at;
	int fd;
	uint32_t max, *next;
	struct layout lay;
};

/* ---------------------------------------------------------------- layout */

static struct field member(const struct bu_btf *b, uint32_t id, const char *name, uint32_t *type)
{
	struct field f = { 0, 0 };
	struct bu_btf_member m;
	struct bu_btf_type t;

	if (bu_btf_get(b, id, &t) || t.kind != BU_BTF_STRUCT)
		return f;
	for (uint32_t i = 0; i < t.vlen; i++) {
		int64_t size;

		if (bu_btf_member(b, &t, i, &m) || strcmp(m.name, name))
			continue;
		size = bu_btf_size(b, m.type);
		f.off = m.bit_off;
		f.size = m.bit_size ? m.bit_size : size > 0 && size < 1 << 20 ? (uint32_t)size * 8 : 0;
		if (type)
			*type = bu_btf_resolve(b, m.type);
		break;
	}
	return f;
}

static bool read_layout(const struct bu_btf *b, uint32_t spec, struct layout *l)
{
	struct bu_btf_type t, arr;
	uint32_t args = 0, arg;

	spec = bu_btf_resolve(b, spec);
	if (bu_btf_get(b, spec, &t) || t.kind != BU_BTF_STRUCT || !t.size || t.size > 65536)
		return false;
	memset(l, 0, sizeof(*l));
	l->spec_size = t.size;
	l->args = member(b, spec, "args", &args);
	l->cookie = member(b, spec, "usdt_cookie", NULL);
	l->count = member(b, spec, "arg_cnt", NULL);
	if (!l->args.size || bu_btf_get(b, args, &arr) || arr.kind != BU_BTF_ARRAY || arr.nelems < BU_USDT_ARGS)
		return false;
	arg = bu_btf_resolve(b, arr.elem);
	if (bu_btf_get(b, arg, &t) || t.kind != BU_BTF_STRUCT)
		return false;
	l->arg_size = t.size;
	l->val = member(b, arg, "val_off", NULL);
	l->type = member(b, arg, "arg_type", NULL);
	l->reg = member(b, arg, "reg_off", NULL);
	l->is_signed = member(b, arg, "arg_signed", NULL);
	l->shift = member(b, arg, "arg_bitshift", NULL);
	l->index = member(b, arg, "idx_reg_off", NULL);
	l->scale = member(b, arg, "scale_bitshift", NULL);
	return l->arg_size && l->cookie.size && l->count.size && l->val.size && l->type.size && l->reg.size &&
	       l->is_signed.size && l->shift.size;
}

/* Puts v into the bits of a field, whose struct begins at bit `at`. */
static void put(uint8_t *spec, uint32_t size, uint32_t at, struct field f, uint64_t v)
{
	for (uint32_t i = 0; i < f.size && i < 64; i++) {
		uint64_t bit = (uint64_t)at + f.off + (BU_HOST_BE ? f.size - 1 - i : i);
		uint8_t mask = (uint8_t)(1u << (BU_HOST_BE ? 7 - bit % 8 : bit % 8));

		if (bit / 8 < size && v >> i & 1)
			spec[bit / 8] |= mask;
	}
}

/* ---------------------------------------------------------------- one specification */

static void put_arg(struct bu_usdt_specs *u, uint8_t *spec, unsigned i, const struct bu_usdt_site *site)
{
	const struct bu_usdt_arg *a = &site->arg[i];
	const struct layout *l = &u->lay;
	uint32_t at = l->args.off + i * l->arg_size * 8;
	bool known = a->where != BU_USDT_UNKNOWN && (a->where != BU_USDT_SIB || l->index.size);

	put(spec, l->spec_size, at, l->val, (uint64_t)a->val);
	put(spec, l->spec_size, at, l->type, known ? (uint64_t)a->where : UNKNOWN_TYPE);
	put(spec, l->spec_size, at, l->reg, a->reg);
	put(spec, l->spec_size, at, l->is_signed, a->is_signed);
	put(spec, l->spec_size, at, l->shift, 64u - 8u * a->size);
	put(spec, l->spec_size, at, l->index, a->index);
	put(spec, l->spec_size, at, l->scale, a->shift);
	if (!known)
		bu_diag(u->ds, BU_WARNING, "L0122", "%s:%s: where argument %u is, of \"%s\", is not understood: the "
			"program does not get it", bu_hook_name(u->at->hook), u->at->target, i, site->args);
}

static int new_spec(void *ctx, const struct bu_usdt_site *site, uint64_t cookie, uint32_t *id)
{
	struct bu_usdt_specs *u = ctx;
	uint8_t *spec;
	int err;

	*id = *u->next;
	if (*id >= u->max) {
		bu_diag(u->ds, BU_ERROR, "L0122", "%s:%s: the map " SPECS " has room for %u places only",
			bu_hook_name(u->at->hook), u->at->target, u->max);
		return -E2BIG;
	}
	spec = calloc(1, u->lay.spec_size);
	if (!spec)
		return -ENOMEM;
	for (unsigned i = 0; i < site->nargs; i++)
		put_arg(u, spec, i, site);
	put(spec, u->lay.spec_size, 0, u->lay.cookie, cookie);
	put(spec, u->lay.spec_size, 0, u->lay.count, site->nargs);
	err = bu_sys_map_update(u->s, u->fd, id, spec, 0);
	free(spec);
	if (err)
		bu_diag(u->ds, BU_ERROR, "L0202", "map " SPECS " cannot be filled: %s", bu_strerror(-err));
	else
		++*u->next;
	return err;
}

struct bu_usdt_specs *bu_load_usdt(const struct bu_plan *p, struct bu_loaded *l, struct bu_sys *s,
				   struct bu_attach *at, struct bu_diags *ds)
{
	struct bu_usdt_specs *u;

	for (unsigned i = 0; i < l->nmaps; i++) {
		const struct plan_map *m = &p->priv->maps[i];

		if (strcmp(m->name, SPECS) || m->key_size != 4)
			continue;
		u = calloc(1, sizeof(*u));
		if (!u)
			return NULL;
		*u = (struct bu_usdt_specs){ .s = s, .ds = ds, .at = at, .fd = l->maps[i].fd, .max = m->max_entries,
					     .next = &l->usdt_next };
		if (!p->obj->has_btf || !m->def || !read_layout(&p->obj->btf, m->def->btf_value, &u->lay))
			u->lay = libbpf_1_0;
		if (u->lay.spec_size != m->value_size) { /* something else of that name */
			free(u);
			return NULL;
		}
		at->usdt_spec = new_spec;
		at->usdt_ctx = u;
		return u;
	}
	return NULL;
}
