/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that do a plan share: one file for maps, programs, links and pins each, and run.c for all of it. */
#ifndef BU_LOAD_RUN_H
#define BU_LOAD_RUN_H

#include "load/kpriv.h"

/* An element of an existing map, as it was. */
struct run_saved { uint32_t map; const void *key; void *value; /* NULL: was not there */ };

struct run {
	const struct bu_plan *p;
	struct bu_sys *s;
	struct bu_loaded *out;
	struct bu_diags *ds;
	int *map_fds;
	struct load_job **jobs;          /* by plan program, from the first PROG_LOAD on */
	bool tried;
	struct run_saved *saved; size_t nsaved;
	char **dirs; size_t ndirs;       /* made for pins, outermost first */
	unsigned *pins; unsigned npins;  /* done, indices into the plan's */
	struct bu_updated *updated;      /* by the plan's attachment */
	int *replaced;                   /* by the plan's pin: 1 + fd of what was pinned there, or 0 */
};

/* run.c: the id of a map, program or link; 0 when the kernel does not tell (before 4.13). */
uint32_t bu_run_id(struct run *r, int fd);

/* Each does the action of that index. 0, or -errno with a message. */
int bu_run_map(struct run *r, uint32_t i);
int bu_run_map_fill(struct run *r, uint32_t i);
int bu_run_map_freeze(struct run *r, uint32_t i);
int bu_run_btf(struct run *r);
int bu_run_prog(struct run *r, uint32_t i);
int bu_run_slot(struct run *r, uint32_t i);
int bu_run_link(struct run *r, uint32_t i);
int bu_run_pin(struct run *r, uint32_t i);

/* runmap.c: gives existing maps the elements back that they had. */
void bu_run_maps_back(struct run *r);
/* runprog.c: the ids of the maps that no program has told. */
void bu_run_map_ids(struct run *r);
void bu_run_close_place(struct bu_sys *s, struct bu_loaded_prog *l);
/* runlink.c */
void bu_run_no_link(struct bu_attached *at);
/* Links that were updated run their old programs again. */
void bu_run_links_back(struct run *r);
/* runpin.c: before anything is made: can it be pinned there? Makes the directories. */
int bu_run_pins_prepare(struct run *r);
/* Takes away the pins and directories that were made, and puts back what was there. */
void bu_run_pins_back(struct run *r);

#endif
