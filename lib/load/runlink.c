// SPDX-License-Identifier: LGPL-2.1-or-later
/* The attachments of a plan: new links, and links that get another program. */
#include <stdlib.h>
#include <string.h>

#include "load/run.h"

void bu_run_no_link(struct bu_attached *at)
{
	memset(at, 0, sizeof(*at));
	at->link_fd = at->event_fd = at->prog_fd = at->target_fd = at->netns_fd = -1;
}

/* With --replace: does the link that an earlier load pinned run the new program now? */
/*
 * The link of that place cannot get another program, and beside it there is no room: that is why the attachment
 * behind mark failed.
 */
static void tell_stuck(struct run *r, uint32_t i, int why, struct bu_diag *mark)
{
	struct bu_diag *d = mark ? mark->next : r->ds->first;
	const char *path = bu_load_link_pin(r->p, i);

	while (d && d->severity != BU_ERROR)
		d = d->next;
	if (!d || !path)
		return;
	if (why == -EOPNOTSUPP)
		bu_diag_note(r->ds, d, "--replace: what is pinned at %s is no link of this place that could get the new "
			     "program, so that a second attachment was tried", path);
	else
		bu_diag_note(r->ds, d, "--replace: the link at %s does not take another program (%s), so that a second "
			     "attachment was tried", path, bu_strerror(why));
	bu_diag_help(r->ds, d, "take the old one away first, which leaves a gap: bpf-ld --detach %s", path);
}

static bool update_link(struct run *r, uint32_t i, const struct bu_attach *at, int *why)
{
	const struct plan_attach *a = &r->p->priv->att[i];
	const char *path = r->p->opts->replace ? bu_load_link_pin(r->p, i) : NULL;
	struct bu_loaded_link *l = &r->out->links[i];

	*why = 0;
	if (path)
		*why = bu_load_update(r->s, path, at, at->hook == BU_HOOK_STRUCT_OPS ? at->map_fd
				      : r->out->progs[a->prog].fd, &r->updated[i]);
	if (!path || *why)
		return false;
	bu_run_no_link(&l->at);
	l->at.hook = at->hook;
	l->at.link_fd = r->updated[i].link_fd;
	l->pin = path;
	l->stays = l->updated = true;
	return true;
}

int bu_run_link(struct run *r, uint32_t i)
{
	const struct plan_attach *a = &r->p->priv->att[i];
	uint32_t prog = r->p->priv->progs[a->prog].prog;
	struct bu_loaded_link *l = &r->out->links[i];
	struct bu_diag *mark = r->ds->last;
	struct bu_attach at = a->at;
	struct bu_usdt_specs *specs = NULL;
	int map = -1, err = 0, why = 0;

	if (r->out->progs[a->prog].fd < 0) /* failed while the others go on */
		return 0;
	if (at.map)
		err = bu_load_attach_map(r->out, r->s, &at, &map, r->ds);
	if (!err && at.hook == BU_HOOK_STRUCT_OPS)
		err = bu_load_struct_ops(r->p, r->s, at.map, r->out, r->ds);
	if (!err && !update_link(r, i, &at, &why)) {
		if (at.hook == BU_HOOK_USDT)
			specs = bu_load_usdt(r->p, r->out, r->s, &at, r->ds);
		err = bu_sys_attach(r->s, &at, r->out->progs[a->prog].fd, r->p->opts->via, &l->at, r->ds);
		free(specs);
		if (err < 0 && why && why != -ENOENT)
			tell_stuck(r, i, why, mark);
	}
	if (map >= 0)
		r->s->ops->close(r->s, map);
	if (err < 0) {
		bu_run_no_link(&l->at);
		return bu_load_spare(r->p->opts, prog, BU_ROW_UNATTACHED, err, mark, r->ds);
	}
	r->out->nlinks = i + 1;
	l->live = true;
	if (at.hook == BU_HOOK_STRUCT_OPS && l->at.link_fd < 0)
		l->stays = r->p->opts->ops_stay;
	l->id = l->at.link_fd < 0 ? 0 : bu_run_id(r, l->at.link_fd);
	bu_row_set(r->p->opts, prog, BU_ROW_ATTACHED, 0);
	return 0;
}

void bu_run_links_back(struct run *r)
{
	for (unsigned i = 0; r->updated && i < r->p->priv->natt; i++) {
		int err = bu_load_update_back(r->s, &r->updated[i]);

		if (err < 0)
			bu_diag(r->ds, BU_WARNING, "L0209", "%s keeps the new program: %s",
				bu_load_link_pin(r->p, i), bu_strerror(-err));
	}
}
