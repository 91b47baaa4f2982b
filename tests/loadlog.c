/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loadlog OBJECT LEVEL: loads into the kernel and prints the verifier's log of that level, of a program
 * that loads or of one that is refused. Exit 0 in both cases; 1 when there is no log.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/load.h"

int main(int argc, char **argv)
{
	struct bu_load_opts opts = { .no_attach = true };
	struct bu_loaded made = { 0 };
	struct bu_plan plan = { 0 };
	struct bu_sys *sys = NULL;
	struct bu_diags ds;
	struct bu_obj obj;
	const char *log;
	int status = 1;

	bu_diags_init(&ds);
	bu_obj_init(&obj);
	if (argc != 3)
		goto out;
	opts.log_level = (uint32_t)strtoul(argv[2], NULL, 10);
	if (bu_obj_read_file(&obj, argv[1], &ds) || bu_obj_index(&obj, &ds) ||
	    bu_backend_open(&sys, BU_BACKEND_KERNEL, NULL, 0, &ds))
		goto out;
	if (bu_plan_make(&plan, &obj, &opts, sys, &ds) == 0)
		bu_load_run(&plan, sys, &made, &ds);
	log = made.nprogs ? made.progs[0].log : made.log;
	if (log && *log) {
		fputs(log, stdout);
		status = 0;
	}
	bu_loaded_close(sys, &made, &ds);
	bu_plan_free(&plan);
out:
	for (const struct bu_diag *d = ds.first; status && d; d = d->next)
		fprintf(stderr, "%s\n", d->text);
	if (sys)
		sys->ops->destroy(sys);
	bu_obj_free(&obj);
	bu_diags_free(&ds);
	return status;
}
