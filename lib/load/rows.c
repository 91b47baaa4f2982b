// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What became of each program: the rows of the table that --keep-going prints, and the rule by which a
 * program's failure ends all of it or only that program.
 */
#include <string.h>

#include "load/priv.h"

const char *bu_row_status(enum bu_row_status s)
{
	static const char *const words[] = {
		[BU_ROW_LEFT] = "left out", [BU_ROW_PLANNED] = "not tried", [BU_ROW_LOADED] = "loaded",
		[BU_ROW_ATTACHED] = "attached", [BU_ROW_UNATTACHED] = "unattached",
		[BU_ROW_FAILED] = "failed", [BU_ROW_UNDONE] = "undone",
	};

	return words[s];
}

struct bu_rows *bu_rows_new(struct bu_arena *a, const struct bu_obj *o)
{
	struct bu_rows *r = bu_arena_alloc(a, sizeof(*r));

	if (!r)
		return NULL;
	r->arena = a;
	r->v = bu_arena_array(a, o->nprogs, sizeof(*r->v));
	r->n = r->v ? o->nprogs : 0;
	for (uint32_t i = 0; i < r->n; i++)
		r->v[i].type = o->progs[i].def ? o->progs[i].def->prog_type : BPF_PROG_TYPE_UNSPEC;
	return r;
}

void bu_row_set(const struct bu_load_opts *opts, uint32_t prog, enum bu_row_status s, uint32_t type)
{
	if (!opts->rows || prog >= opts->rows->n)
		return;
	opts->rows->v[prog].status = s;
	if (type)
		opts->rows->v[prog].type = type;
}

void bu_row_fail(const struct bu_load_opts *opts, uint32_t prog, enum bu_row_status s, int err,
		 const struct bu_diag *why)
{
	struct bu_row *r;

	if (!opts->rows || prog >= opts->rows->n)
		return;
	r = &opts->rows->v[prog];
	r->status = s;
	r->err = err;
	if (why && !r->reason) {
		r->reason = bu_arena_strdup(opts->rows->arena, why->text);
		r->code = why->code;
	}
}

void bu_row_undone(const struct bu_load_opts *opts, uint32_t prog)
{
	if (opts->rows && prog < opts->rows->n && !opts->rows->v[prog].err)
		opts->rows->v[prog].status = BU_ROW_UNDONE;
}

/* The first error behind mark. */
static struct bu_diag *error_behind(struct bu_diags *ds, struct bu_diag *mark)
{
	struct bu_diag *d = mark ? mark->next : ds->first;

	while (d && d->severity != BU_ERROR)
		d = d->next;
	return d;
}

int bu_load_spare(const struct bu_load_opts *opts, uint32_t prog, enum bu_row_status s, int err,
		  struct bu_diag *mark, struct bu_diags *ds)
{
	struct bu_diag *d;

	if (!err)
		return 0;
	d = error_behind(ds, mark);
	bu_row_fail(opts, prog, s, err, d);
	if (!opts->keep_going || err == -ENOMEM)
		return err;
	bu_load_soften(mark, ds);
	return 0;
}

void bu_load_soften(struct bu_diag *mark, struct bu_diags *ds)
{
	for (struct bu_diag *d = error_behind(ds, mark); d; d = error_behind(ds, d)) {
		d->severity = BU_WARNING;
		ds->errors--;
		ds->warnings++;
	}
}

void bu_rows_lack_map(const struct bu_load_opts *opts)
{
	if (opts->rows)
		opts->rows->lacks_map = true;
}

bool bu_rows_whole(const struct bu_rows *r)
{
	if (r && r->lacks_map)
		return false;
	for (uint32_t i = 0; r && i < r->n; i++)
		if (r->v[i].err)
			return false;
	return true;
}
