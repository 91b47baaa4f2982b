// SPDX-License-Identifier: LGPL-2.1-or-later
/* The type information and the programs of a plan, and the elements that are maps or programs. */
#include <stdlib.h>
#include <string.h>

#include "load/run.h"

#define MAX_USED_MAPS 64 /* of one program, by the kernel */

/* What this kernel does not know of the types is rewritten. */
static int load_old_btf(struct run *r)
{
	const struct bu_plan_priv *v = r->p->priv;
	unsigned lacks = bu_btf_lacks(&r->p->obj->btf, r->s);
	uint8_t *copy = malloc(v->btf_size + 1);
	struct bu_buf b = { 0 };
	int fd = copy ? -EINVAL : -ENOMEM;

	if (copy) {
		memcpy(copy, v->btf, v->btf_size);
		fd = bu_btf_make_old(&r->p->obj->btf, copy, lacks);
	}
	if (!fd)
		fd = bu_btf_plain(&r->p->obj->btf, copy, &b);
	if (!fd)
		fd = bu_sys_btf_load(r->s, b.p, b.n, NULL, 0);
	bu_buf_free(&b);
	free(copy);
	return fd;
}

int bu_run_btf(struct run *r)
{
	const struct bu_plan_priv *v = r->p->priv;
	int fd = bu_sys_btf_load(r->s, v->btf, v->btf_size, NULL, 0);
	struct bu_diag *d;

	if (fd == -EINVAL || fd == -E2BIG)
		fd = load_old_btf(r);

	if (fd >= 0) {
		r->out->btf_fd = fd;
		return 0;
	}
	/* Without permission the next steps fail too, and say so better. */
	if (fd != -EPERM) {
		d = bu_diag(r->ds, BU_NOTE, "L0206", "the kernel refused the type information of "
			    "%s: %s", r->p->obj->path, bu_strerror(-fd));
		bu_diag_note(r->ds, d, "maps and programs are made without it");
	}
	return 0;
}

void bu_run_close_place(struct bu_sys *s, struct bu_loaded_prog *l)
{
	if (l->place.fd >= 0)
		s->ops->close(s, l->place.fd);
	l->place.fd = -1;
}

static bool names_map(const struct bu_ref *ref)
{
	return ref->kind == BU_REF_MAP || ref->kind == BU_REF_MAP_VALUE || ref->kind == BU_REF_LOCAL_ID;
}

/* A map that the program needs is not there, and the others go on. */
static bool lacks_map(struct run *r, uint32_t i)
{
	const struct plan_prog *g = &r->p->priv->progs[i];

	for (uint32_t k = 0; k < g->code.nrefs; k++) {
		if (!names_map(&g->code.ref[k]) || r->map_fds[g->ref_map[k]] >= 0)
			continue;
		bu_diag(r->ds, BU_ERROR, "L0205", "program %s cannot be loaded: its map %s could not be made",
			r->p->obj->progs[g->prog].name, r->p->priv->maps[g->ref_map[k]].name);
		return true;
	}
	return false;
}

/*
 * The id of a program, and those of the maps that it uses, with one call: the kernel has them in the order
 * in which the instructions name them first.
 */
static void ids_of_prog(struct run *r, uint32_t i)
{
	const struct plan_prog *g = &r->p->priv->progs[i];
	uint32_t ids[MAX_USED_MAPS], map[MAX_USED_MAPS], n = 0, size, insn = 0;
	struct bpf_prog_info info;

	for (uint32_t at = 0; at < g->code.nrefs; at++) {
		const struct bu_ref *ref = &g->code.ref[at];
		uint32_t m = g->ref_map[at], k = 0;

		if (!names_map(ref))
			continue;
		if (ref->insn < insn) { /* not in order: nothing is told */
			n = 0;
			break;
		}
		insn = ref->insn;
		while (k < n && map[k] != m)
			k++;
		if (k == MAX_USED_MAPS)
			break;
		if (k == n)
			map[n++] = m;
	}
	memset(&info, 0, sizeof(info));
	size = sizeof(info);
	info.nr_map_ids = n;
	info.map_ids = n ? bu_ptr64(ids) : 0;
	if (bu_sys_info(r->s, r->out->progs[i].fd, &info, &size) < 0)
		return;
	r->out->progs[i].id = info.id;
	for (uint32_t k = 0; k < n && info.nr_map_ids == n; k++)
		r->out->maps[map[k]].id = ids[k];
}

/* Of those maps that no program has told. */
void bu_run_map_ids(struct run *r)
{
	for (unsigned i = 0; i < r->out->nmaps; i++)
		if (r->out->maps[i].fd >= 0 && !r->out->maps[i].id)
			r->out->maps[i].id = bu_run_id(r, r->out->maps[i].fd);
}

/* Such a map is the program's though no instruction uses it. A kernel before 5.10 does not do that; then it is not. */
static void bind_metadata(struct run *r, int prog_fd)
{
	union bpf_attr a;

	for (unsigned i = 0; i < r->out->nmaps; i++) {
		const struct bu_loaded_map *m = &r->out->maps[i];

		if (!m->def || m->fd < 0 || !bu_plan_has_metadata(r->p->obj, m->def))
			continue;
		memset(&a, 0, sizeof(a));
		a.prog_bind_map.prog_fd = (uint32_t)prog_fd;
		a.prog_bind_map.map_fd = (uint32_t)m->fd;
		r->s->ops->bpf(r->s, BPF_PROG_BIND_MAP, &a, BU_OFFSETOFEND(union bpf_attr, prog_bind_map.flags));
	}
}

int bu_run_prog(struct run *r, uint32_t i)
{
	const struct plan_prog *g = &r->p->priv->progs[i];
	struct bu_loaded_prog *l = &r->out->progs[i];
	struct bu_diag *mark = r->ds->last;
	int fd = 0;

	if (!r->tried) {
		r->tried = true;
		fd = bu_load_places(r->p, r->s, r->out, r->ds);
		if (!fd)
			fd = bu_load_batch(r->p, r->s, r->map_fds, r->out, r->jobs);
		if (fd)
			return fd;
	}
	if (l->place.failed)
		return 0;
	if (lacks_map(r, i)) {
		fd = -ENOENT;
	} else {
		fd = bu_load_job_end(r->jobs[i], r->out, r->ds);
		r->jobs[i] = NULL;
	}
	bu_run_close_place(r->s, l);
	if (fd < 0)
		return bu_load_spare(r->p->opts, g->prog, BU_ROW_FAILED, fd, mark, r->ds);
	l->fd = fd;
	ids_of_prog(r, i);
	bind_metadata(r, fd);
	bu_row_set(r->p->opts, g->prog, BU_ROW_LOADED, l->type);
	return 0;
}

int bu_run_slot(struct run *r, uint32_t i)
{
	const struct plan_slot *t = &r->p->priv->slots[i];
	int32_t fd = t->is_prog ? r->out->progs[t->target].fd : r->map_fds[t->target];
	struct bu_diag *d;
	int err;

	/* Of what failed while the others go on. */
	if (fd < 0 || r->map_fds[t->map] < 0)
		return 0;
	err = bu_sys_map_update(r->s, r->map_fds[t->map], &t->index, &fd, 0);
	if (err >= 0)
		return 0;
	d = bu_diag(r->ds, BU_ERROR, "L0202", "element %u of map %s cannot be set to %s: %s", t->index,
		    r->p->priv->maps[t->map].name,
		    t->is_prog ? r->out->progs[t->target].def->name
			       : r->p->priv->maps[t->target].name, bu_strerror(-err));
	bu_sys_explain_more(r->s, r->ds, d, &(struct bu_refused){ .cmd = BPF_MAP_UPDATE_ELEM, .err = err,
			    .fd = r->map_fds[t->map] });
	return err;
}
