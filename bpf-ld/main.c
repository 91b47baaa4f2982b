// SPDX-License-Identifier: GPL-2.0-or-later
/* bpf-ld: object -> plan -> load -> life. */
#include <string.h>
#include <unistd.h>

#include "ld.h"

static int check_watches(struct ld *l)
{
	for (unsigned i = 0; i < l->nwatch; i++) {
		const char *name = l->watch[i].map;
		struct bu_near near;
		struct bu_diag *d;
		bool found = false;

		bu_near_init(&near, name, strlen(name));
		for (uint32_t k = 0; k < l->obj.nmaps; k++) {
			if (l->obj.maps[k].is_inner)
				continue;
			bu_near_feed(&near, l->obj.maps[k].name);
			found |= strcmp(l->obj.maps[k].name, name) == 0;
		}
		if (found)
			continue;
		d = bu_diag(&l->ds, BU_ERROR, "L0108", "--watch: %s has no map \"%s\"", l->object,
			    name);
		if (near.best)
			bu_diag_help(&l->ds, d, "did you mean \"%s\"?", near.best);
		return -EINVAL;
	}
	return 0;
}

/* Does it all; the exit status. */
static int run(struct ld *l)
{
	bool stays = l->limited || l->command || l->nwatch || !(l->load.pin_dir || l->load.no_attach);
	int err = bu_load_read(&l->obj, l->object, &l->ds);
	bool iters = false;

	if (!err)
		err = bu_types_apply(&l->obj, l->types, l->ntypes, &l->ds);
	if (!err) {
		l->load.rows = bu_rows_new(&l->arena, &l->obj);
		err = l->load.rows ? 0 : -ENOMEM;
	}
	if (!err)
		err = check_watches(l);
	if (!err && l->replay)
		err = ld_replay_open(l);
	if (!err)
		err = bu_load_backend(&l->sys, l->backend, &l->obj, &l->ds);
	if (!err && ld_say(l))
		return BU_EXIT_USAGE;
	if (!err)
		err = bu_plan_make(&l->plan, &l->obj, &l->load, l->sys, &l->ds);
	if (err)
		return ld_fail(l, err);
	if (l->dry_run) {
		ld_tell(l);
		l->incomplete = !bu_rows_whole(l->load.rows);
		return ld_print_plan(l) ? ld_no_output(l) : BU_EXIT_OK;
	}
	l->stays = stays;
	err = ld_signals();
	if (!err)
		err = bu_load_run(&l->plan, l->sys, &l->made, &l->ds);
	if (!err && l->replay)
		err = ld_replay_run(l);
	if (err)
		return ld_fail(l, err);
	ld_tell(l);
	l->incomplete = !bu_rows_whole(l->load.rows);
	if (ld_iters_only(l)) {
		iters = true;
		stays &= l->limited || l->command || l->nwatch;
	}
	if (ld_result(l, stays || (iters && !l->load.pin_dir)))
		return ld_no_output(l);
	err = ld_iters_print(l);
	if (err)
		return l->out_err ? ld_no_output(l) : ld_fail(l, err);
	if (stays)
		return ld_live(l);
	return ld_say_ready(l) ? ld_fail(l, -EIO) : BU_EXIT_OK;
}

/* Ends what is attached. The exit status, which says so when it cannot be ended. */
static int leave(struct ld *l, int status)
{
	int end = ld_record_end(l, l->made.nplanned > 0), err;

	ld_events_end(l);
	ld_printk_end(l);
	if (l->signalled)
		ld_let_go(l);
	err = bu_loaded_close(l->sys, &l->made, &l->ds);

	if (end && status == BU_EXIT_OK)
		status = ld_fail(l, -EIO);
	if (err && status == BU_EXIT_OK)
		status = ld_fail(l, err);
	ld_tell(l);
	return status;
}

int main(int argc, char **argv)
{
	struct ld l = { .ready_fd = -1, .mark_fd = -1, .made.btf_fd = -1 };
	int status;

	bu_std_fds();
	bu_arena_init(&l.arena);
	bu_diags_init(&l.ds);
	bu_obj_init(&l.obj);
	status = ld_joins(argc, argv) ? ld_join(&l, argc, argv) : ld_options(&l, argc, argv);
	if (status == LD_GO)
		status = l.unload ? ld_unload(&l) : run(&l);
	if (l.sys) {
		status = leave(&l, status);
		l.sys->ops->destroy(l.sys);
	}
	if (status == BU_EXIT_OK && l.incomplete)
		status = BU_EXIT_FAIL;
	ld_replay_close(&l);
	if (l.plan.priv)
		bu_plan_free(&l.plan);
	bu_obj_free(&l.obj);
	bu_diags_free(&l.ds);
	bu_arena_free(&l.arena);
	return status;
}
