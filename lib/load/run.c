// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does a plan, action by action, and undoes it when one fails. */
#include <stdlib.h>
#include <string.h>

#include "load/run.h"

/* The id of a map, program or link; 0 when the kernel does not tell (before 4.13). */
uint32_t bu_run_id(struct run *r, int fd)
{
	uint32_t info[2] = { 0 }, size = sizeof(info); /* each kind's info begins with type and id */

	return bu_sys_info(r->s, fd, info, &size) < 0 ? 0 : info[1];
}

static int alloc_all(struct run *r)
{
	const struct bu_plan_priv *v = r->p->priv;
	struct bu_loaded *o = r->out;

	r->jobs = calloc(v->nprogs + 1, sizeof(*r->jobs));
	o->maps = calloc(v->nmaps + 1, sizeof(*o->maps));
	o->progs = calloc(v->nprogs + 1, sizeof(*o->progs));
	o->links = calloc(v->natt + 1, sizeof(*o->links));
	r->map_fds = calloc(v->nmaps + 1, sizeof(*r->map_fds));
	r->pins = calloc(v->npins + 1, sizeof(*r->pins));
	r->replaced = calloc(v->npins + 1, sizeof(*r->replaced));
	r->updated = calloc(v->natt + 1, sizeof(*r->updated));
	for (unsigned i = 0; r->updated && i < v->natt; i++)
		r->updated[i] = (struct bu_updated){ -1, -1 };
	if (!o->maps || !o->progs || !o->links || !r->map_fds || !r->pins || !r->replaced || !r->jobs ||
	    !r->updated)
		return -ENOMEM;
	o->nmaps = v->nmaps;
	o->nprogs = v->nprogs;
	o->nplanned = v->natt;
	for (unsigned i = 0; i < v->nmaps; i++) {
		o->maps[i] = (struct bu_loaded_map){ .def = v->maps[i].def, .fd = -1,
						     .name = v->maps[i].name,
						     .existing = v->maps[i].where != NULL };
		r->map_fds[i] = -1;
	}
	for (unsigned i = 0; i < v->nprogs; i++)
		o->progs[i] = (struct bu_loaded_prog){ .def = &r->p->obj->progs[v->progs[i].prog],
						       .fd = -1, .type = v->progs[i].type,
						       .place = { .fd = -1 } };
	for (unsigned i = 0; i < v->natt; i++) {
		o->links[i].spec = v->att[i].at;
		o->links[i].prog = v->att[i].prog;
		bu_run_no_link(&o->links[i].at);
	}
	return 0;
}

/* A map that cannot be made is, with keep_going, the failure of the programs that need it. */
static int do_map(struct run *r, const struct bu_action *a)
{
	struct bu_diag *mark = r->ds->last;
	int err;

	if (a->kind == BU_DO_MAP_FILL)
		return r->map_fds[a->index] < 0 ? 0 : bu_run_map_fill(r, a->index);
	if (a->kind == BU_DO_MAP_FREEZE)
		return r->map_fds[a->index] < 0 ? 0 : bu_run_map_freeze(r, a->index);
	err = bu_run_map(r, a->index);
	if (!err || !r->p->opts->keep_going || r->map_fds[a->index] >= 0)
		return err;
	bu_load_soften(mark, r->ds);
	bu_rows_lack_map(r->p->opts);
	return 0;
}

static int do_action(struct run *r, const struct bu_action *a)
{
	switch (a->kind) {
	case BU_DO_BTF_LOAD:
		return bu_run_btf(r);
	case BU_DO_MAP_CREATE:
	case BU_DO_MAP_USE:
	case BU_DO_MAP_FILL:
	case BU_DO_MAP_FREEZE:
		return do_map(r, a);
	case BU_DO_PLACE:
		return bu_load_places(r->p, r->s, r->out, r->ds);
	case BU_DO_PROG_LOAD:
		return bu_run_prog(r, a->index);
	case BU_DO_SLOT:
		return bu_run_slot(r, a->index);
	case BU_DO_ATTACH:
		return bu_run_link(r, a->index);
	case BU_DO_PIN:
		return bu_run_pin(r, a->index);
	}
	return -EINVAL;
}

static void undo(struct run *r)
{
	char *log = r->out->log;

	bu_run_links_back(r);
	bu_run_pins_back(r);
	for (unsigned i = 0; i < r->out->nlinks; i++)
		r->out->links[i].stays = false;
	for (unsigned i = 0; i < r->out->nprogs; i++)
		if (r->out->progs[i].fd >= 0)
			bu_row_undone(r->p->opts, r->p->priv->progs[i].prog);
	bu_run_maps_back(r);
	r->out->log = NULL;
	bu_loaded_close(r->s, r->out, r->ds);
	r->out->log = log;
}

/* Going on is for those that work: when none does, that is a failure like any other. */
static int nothing_left(struct run *r)
{
	const struct bu_rows *rows = r->p->opts->rows;
	int err = 0;

	for (unsigned i = 0; i < r->out->nprogs; i++)
		if (r->out->progs[i].fd >= 0)
			return 0;
	for (uint32_t i = 0; rows && i < rows->n && !err; i++)
		err = rows->v[i].err;
	bu_diag(r->ds, BU_ERROR, "L0101", "none of the programs of %s could be loaded", r->p->obj->path);
	return err ? err : -EINVAL;
}

int bu_load_run(const struct bu_plan *p, struct bu_sys *s, struct bu_loaded *out,
		struct bu_diags *ds)
{
	struct run r = { .p = p, .s = s, .out = out, .ds = ds };
	bool told = false;
	int err;

	memset(out, 0, sizeof(*out));
	out->btf_fd = -1;
	err = alloc_all(&r);
	if (!err)
		err = bu_run_pins_prepare(&r);
	for (unsigned i = 0; !err && i < p->nact; i++) {
		if (p->act[i].kind == BU_DO_ATTACH || p->act[i].kind == BU_DO_PIN)
			bu_run_map_ids(&r);
		if (p->act[i].kind == BU_DO_ATTACH && !told && p->opts->before_attach) {
			told = true;
			err = p->opts->before_attach(p->opts->ctx, out, ds);
		}
		if (!err)
			err = do_action(&r, &p->act[i]);
	}
	if (!err)
		bu_run_map_ids(&r);
	if (!err && p->opts->keep_going)
		err = nothing_left(&r);
	if (err == -ENOMEM && !ds->errors)
		bu_diag(ds, BU_ERROR, "U0003", "out of memory");
	for (unsigned i = 0; r.jobs && i < p->priv->nprogs; i++)
		bu_load_job_drop(r.jobs[i]);
	if (err)
		undo(&r);
	while (r.nsaved)
		free(r.saved[--r.nsaved].value);
	while (r.ndirs)
		free(r.dirs[--r.ndirs]);
	free(r.saved);
	free(r.dirs);
	free(r.map_fds);
	for (unsigned i = 0; r.replaced && i < p->priv->npins; i++)
		if (r.replaced[i])
			s->ops->close(s, r.replaced[i] - 1);
	free(r.replaced);
	for (unsigned i = 0; r.updated && i < p->priv->natt; i++)
		bu_load_updated(s, &r.updated[i]);
	free(r.updated);
	free(r.jobs);
	free(r.pins);
	return err;
}

static int detach(struct bu_sys *s, struct bu_loaded_link *k, struct bu_diags *ds)
{
	int err = bu_sys_detach(s, &k->at);

	if (err)
		bu_diag(ds, BU_ERROR, "L0209", "%s:%s cannot be detached: %s",
			bu_hook_name(k->spec.hook), k->spec.target, bu_strerror(-err));
	return err;
}

int bu_loaded_close(struct bu_sys *s, struct bu_loaded *l, struct bu_diags *ds)
{
	int rc = 0;

	for (unsigned i = l->nlinks; i-- > 0;) {
		struct bu_attached *at = &l->links[i].at;

		if (!l->links[i].live)
			continue;
		if (!l->links[i].stays) {
			int err = detach(s, &l->links[i], ds);

			rc = rc ? rc : err;
			continue;
		}
		/* What stays is left by its holder without a word to the kernel. */
		bu_sys_leave(s, at);
	}
	for (unsigned i = 0; i < l->nprogs; i++) {
		if (l->progs[i].fd >= 0)
			s->ops->close(s, l->progs[i].fd);
		bu_run_close_place(s, &l->progs[i]);
		free(l->progs[i].log);
	}
	for (unsigned i = 0; i < l->nmaps; i++) {
		if (l->maps[i].fd >= 0)
			s->ops->close(s, l->maps[i].fd);
	}
	if (l->btf_fd >= 0)
		s->ops->close(s, l->btf_fd);
	free(l->maps);
	free(l->progs);
	free(l->links);
	free(l->log);
	memset(l, 0, sizeof(*l));
	l->btf_fd = -1;
	return rc;
}
