// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Structs of operations: the object's struct is made into the kernel's, member by member, by name. The map's
 * value is struct bpf_struct_ops_NAME, which holds struct NAME in its member "data"; a member that is a
 * function holds the fd of its program.
 */
#include <stdlib.h>
#include <string.h>

#include "load/kpriv.h"

/* The value of such a map, and where the programs' fds go. */
struct plan_ops {
	uint8_t *value;
	struct { uint32_t off, prog; } *fn; /* prog: index into the plan's programs */
	uint32_t nfn;
};

struct making {
	struct bu_plan *p;
	struct plan_map *m;
	struct bu_diags *ds;
	const struct bu_btf *ours, *theirs;
	struct bu_btf_type kern; /* struct NAME */
	uint32_t data_off;
};

static int wrong(const struct making *k, const char *member, const char *why)
{
	bu_diag(k->ds, BU_ERROR, "L0118", "struct %s: member %s of %s %s", k->m->name, member, k->kern.name, why);
	return -EINVAL;
}

static uint32_t find_struct(struct bu_btf_index *x, const char *name)
{
	uint32_t pos = 0;

	return bu_btf_index_next(x, 1u << BU_BTF_STRUCT, name, strlen(name), &pos);
}

/* The kernel's struct NAME and that of the map's value. */
static int find_types(struct making *k, uint32_t *value_type)
{
	struct bu_btf_index *x;
	struct bu_btf_type t, value;
	struct bu_btf_member f;
	const char *name, *wrap;
	struct bu_diag *d;
	uint32_t id;
	int err = bu_kbtf_kernel(k->p->priv->kbtf, &x);

	bu_btf_get(k->ours, k->m->def->btf_value, &t);
	name = bu_arena_strndup(&k->p->arena, t.name, bu_btf_essential(t.name));
	wrap = bu_arena_printf(&k->p->arena, "bpf_struct_ops_%s", name ? name : "");
	if (!name || !wrap)
		return -ENOMEM;
	if (err == -ENOMEM)
		return err;
	if (err) {
		bu_diag(k->ds, BU_ERROR, "L0118", "struct %s: the kernel's types cannot be read: %s", k->m->name,
			bu_strerror(-err));
		return -EOPNOTSUPP;
	}
	k->theirs = &x->btf;
	id = find_struct(x, name);
	*value_type = find_struct(x, wrap);
	if (!id || !*value_type || bu_btf_get(k->theirs, id, &k->kern) ||
	    bu_btf_get(k->theirs, *value_type, &value)) {
		d = bu_diag(k->ds, BU_ERROR, "L0118", "struct %s: programs cannot implement %s here", k->m->name, name);
		bu_diag_note(k->ds, d, id ? "the kernel has the struct, and no %s" : "the kernel has no such struct%.0s",
			     wrap);
		return -EOPNOTSUPP;
	}
	for (uint32_t i = 0; i < value.vlen; i++) {
		bu_btf_member(k->theirs, &value, i, &f);
		if (strcmp(f.name, "data") == 0)
			k->data_off = f.bit_off / 8;
	}
	k->m->value_size = k->m->value_bytes = value.size;
	if (!k->data_off || (uint64_t)k->data_off + k->kern.size > value.size)
		return wrong(k, "data", "does not lie where it should");
	return 0;
}

static bool find_member(const struct making *k, const char *name, uint32_t *index, struct bu_btf_member *f)
{
	size_t n = bu_btf_essential(name);

	for (uint32_t i = 0; i < k->kern.vlen; i++) {
		bu_btf_member(k->theirs, &k->kern, i, f);
		if (strlen(f->name) == n && memcmp(f->name, name, n) == 0) {
			*index = i;
			return true;
		}
	}
	return false;
}

/* The program at a member, or NULL. */
static const struct bu_obj_op *op_at(const struct making *k, uint32_t off)
{
	const struct bu_obj *o = k->p->obj;

	for (uint32_t i = 0; i < o->nops; i++)
		if (&o->maps[o->ops[i].map] == k->m->def && o->ops[i].off == off)
			return &o->ops[i];
	return NULL;
}

static int put_program(const struct making *k, const struct bu_btf_member *lm, const struct bu_obj_op *op,
		       uint32_t index, uint32_t off)
{
	struct bu_plan_priv *v = k->p->priv;
	struct plan_ops *ops = k->m->ops;

	for (unsigned i = 0; i < v->nprogs; i++) {
		struct plan_prog *g = &v->progs[i];

		if (g->prog != op->prog)
			continue;
		if (g->type != BPF_PROG_TYPE_STRUCT_OPS)
			return wrong(k, lm->name, "points to a program of another type");
		if (g->attach_btf_id && (g->attach_btf_id != k->kern.id || g->attach_type != index))
			return wrong(k, lm->name, "points to a program that is another member already");
		g->attach_btf_id = k->kern.id;
		g->attach_type = index;
		ops->fn[ops->nfn].off = off;
		ops->fn[ops->nfn++].prog = i;
		return 0;
	}
	return 0; /* it is not to load */
}

static bool all_zero(const uint8_t *p, uint64_t n)
{
	while (n && !*p)
		p++, n--;
	return !n;
}

static int put_member(const struct making *k, const struct bu_btf_member *lm, const uint8_t *from)
{
	const struct bu_obj_op *op = op_at(k, lm->bit_off / 8);
	struct bu_btf_type a, b;
	struct bu_btf_member km;
	int64_t n = bu_btf_size(k->ours, lm->type);
	uint32_t index = 0, off = lm->bit_off / 8;

	if (n < 0 || (uint64_t)off + (uint64_t)n > k->m->def->size)
		return wrong(k, lm->name, "has no size");
	if (!find_member(k, lm->name, &index, &km)) {
		if (!op && all_zero(from + off, (uint64_t)n))
			return 0; /* for another kernel */
		return wrong(k, lm->name, "is not in this kernel's");
	}
	if (lm->bit_size || km.bit_size)
		return all_zero(from + off, (uint64_t)n) ? 0 : wrong(k, lm->name, "is a bit-field");
	if (bu_btf_get(k->ours, bu_btf_resolve(k->ours, lm->type), &a) ||
	    bu_btf_get(k->theirs, bu_btf_resolve(k->theirs, km.type), &b))
		return -EINVAL;
	if (a.kind != b.kind || n != bu_btf_size(k->theirs, km.type) ||
	    (uint64_t)km.bit_off / 8 + (uint64_t)n > k->kern.size)
		return wrong(k, lm->name, "has another type in this kernel's");
	if (op)
		return a.kind == BU_BTF_PTR ? put_program(k, lm, op, index, k->data_off + km.bit_off / 8)
					    : wrong(k, lm->name, "is no function");
	if (a.kind == BU_BTF_PTR && !all_zero(from + off, (uint64_t)n))
		return wrong(k, lm->name, "points to what is no program");
	memcpy(k->m->ops->value + k->data_off + km.bit_off / 8, from + off, (size_t)n);
	return 0;
}

int bu_plan_struct_ops(struct bu_plan *p, struct plan_map *m, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct making k = { .p = p, .m = m, .ds = ds, .ours = &o->btf };
	const uint8_t *from = o->secs[m->def->sec].data + m->def->off;
	struct bu_btf_type t;
	struct bu_btf_member f;
	int err = find_types(&k, &m->kernel_value);

	if (err)
		return err;
	m->type = BPF_MAP_TYPE_STRUCT_OPS;
	m->key_size = 4;
	m->max_entries = 1;
	m->flags = p->opts->ops_stay ? 0 : BPF_F_LINK;
	m->ops = bu_arena_alloc(&p->arena, sizeof(*m->ops));
	if (!m->ops)
		return -ENOMEM;
	m->ops->value = bu_arena_alloc(&p->arena, m->value_size);
	m->ops->fn = bu_arena_array(&p->arena, o->nops, sizeof(*m->ops->fn));
	if (!m->ops->value || !m->ops->fn || bu_btf_get(k.ours, m->def->btf_value, &t))
		return -ENOMEM;
	for (uint32_t i = 0; i < t.vlen && !err; i++) {
		bu_btf_member(k.ours, &t, i, &f);
		if (f.name[0])
			err = put_member(&k, &f, from);
	}
	return err;
}

int bu_plan_ops_member(struct bu_plan *p, uint32_t prog, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct bu_diag *d;

	for (uint32_t i = 0; i < o->nops; i++)
		if (o->ops[i].prog == prog)
			return bu_plan_add_prog(p, prog, BPF_PROG_TYPE_STRUCT_OPS, BU_HOOK_NONE, ds);
	d = bu_diag(ds, BU_ERROR, "L0104", "program %s cannot be loaded: no struct of operations has it as a member",
		    o->progs[prog].name);
	bu_diag_help(ds, d, "put it into a variable of section .struct_ops.link");
	return -EINVAL;
}

int bu_plan_ops_named(struct bu_plan *p, const struct bu_attach_req *r, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	int first = -1, prog, rc = 0;
	struct bu_near near;
	struct bu_diag *d;
	uint32_t map = 0;

	if (r->prog) {
		d = bu_diag(ds, BU_ERROR, "L0104", "%s: a struct is attached with all its members, not by a program", r->origin);
		bu_diag_help(ds, d, "--attach struct_ops:%s", r->target);
		return -EINVAL;
	}
	bu_near_init(&near, r->target, strlen(r->target));
	for (; map < o->nmaps; map++) {
		if (o->maps[map].origin != BU_MAP_STRUCT_OPS)
			continue;
		bu_near_feed(&near, o->maps[map].name);
		if (strcmp(o->maps[map].name, r->target) == 0)
			break;
	}
	if (map == o->nmaps) {
		d = bu_diag(ds, BU_ERROR, "L0102", "%s: %s has no struct of operations \"%s\"", r->origin, o->path, r->target);
		if (near.best)
			bu_diag_help(ds, d, "did you mean \"%s\"?", near.best);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < o->nops; i++) {
		struct bu_diag *mark = ds->last;

		if (o->ops[i].map != map)
			continue;
		prog = bu_plan_ops_member(p, o->ops[i].prog, ds);
		first = first < 0 ? prog : first;
		prog = bu_load_spare(p->opts, o->ops[i].prog, BU_ROW_FAILED, prog < 0 ? prog : 0, mark, ds);
		rc = prog ? prog : rc;
	}
	if (rc || first >= 0)
		return rc;
	bu_diag(ds, BU_ERROR, "L0104", "%s: none of its members is a program of the object", r->origin);
	return -EINVAL;
}

int bu_plan_has_ops(const struct bu_plan *p, const struct plan_prog *g, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;

	if (g->type != BPF_PROG_TYPE_STRUCT_OPS || g->attach_btf_id || g->dead)
		return 0;
	for (uint32_t i = 0; i < o->nops; i++) {
		if (o->ops[i].prog != g->prog)
			continue;
		bu_diag(ds, BU_ERROR, "L0104", "program %s cannot be loaded: its struct %s cannot be made",
			o->progs[g->prog].name, o->maps[o->ops[i].map].name);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Is the struct one that is attached: named by --attach, or without that no '?' in front of its section? */
static bool is_asked(const struct bu_plan *p, const struct bu_obj_map *m)
{
	for (unsigned i = 0; i < p->opts->nattaches; i++)
		if (p->opts->attaches[i].hook == BU_HOOK_STRUCT_OPS && strcmp(p->opts->attaches[i].target, m->name) == 0)
			return true;
	return !p->opts->nattaches && !m->optional;
}

bool bu_plan_ops_needed(const struct bu_plan *p, const struct bu_obj_map *m)
{
	for (unsigned i = 0; i < p->opts->nattaches; i++)
		if (p->opts->attaches[i].hook == BU_HOOK_STRUCT_OPS)
			return is_asked(p, m);
	return !m->optional;
}

/* A struct is attached when one of its programs loads. */
int bu_plan_ops_attach(struct bu_plan *p, struct bu_diags *ds)
{
	const struct bu_obj *o = p->obj;
	struct bu_plan_priv *v = p->priv;
	int rc = 0;

	for (uint32_t i = 0; i < o->nmaps && !rc; i++) {
		int64_t first = -1;

		if (o->maps[i].origin != BU_MAP_STRUCT_OPS || !is_asked(p, &o->maps[i]) || p->opts->no_attach ||
		    p->opts->attach_if)
			continue;
		for (uint32_t k = 0; k < o->nops && first < 0; k++)
			for (unsigned g = 0; g < v->nprogs && o->ops[k].map == i && first < 0; g++)
				if (v->progs[g].prog == o->ops[k].prog)
					first = g;
		if (first >= 0)
			rc = bu_plan_add_attach(p, (unsigned)first, BU_HOOK_STRUCT_OPS, o->maps[i].name, ds);
	}
	return rc;
}

int bu_load_struct_ops(const struct bu_plan *p, struct bu_sys *s, const char *name, const struct bu_loaded *l,
		       struct bu_diags *ds)
{
	const struct plan_map *m = NULL;
	struct bu_diag *d;
	uint32_t zero = 0;
	uint8_t *value;
	int fd = -1, err;

	for (unsigned i = 0; i < p->priv->nmaps; i++)
		if (p->priv->maps[i].ops && strcmp(p->priv->maps[i].name, name) == 0) {
			m = &p->priv->maps[i];
			fd = l->maps[i].fd;
		}
	if (!m)
		return 0;
	value = malloc(m->value_size);
	if (!value)
		return -ENOMEM;
	memcpy(value, m->ops->value, m->value_size);
	for (uint32_t i = 0; i < m->ops->nfn; i++)
		bu_put64(value + m->ops->fn[i].off, BU_HOST_BE, (uint64_t)l->progs[m->ops->fn[i].prog].fd);
	err = bu_sys_map_update(s, fd, &zero, value, 0);
	free(value);
	if (err < 0) {
		d = bu_diag(ds, BU_ERROR, "L0202", "struct %s is not taken by the kernel: %s", name, bu_strerror(-err));
		if (err == -EEXIST)
			bu_diag_note(ds, d, "one of the same name is registered already");
		bu_sys_explain(s, ds, d, BPF_MAP_UPDATE_ELEM, err, NULL);
	}
	return err;
}
