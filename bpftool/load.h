/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects from files by bpf-ld's loader: what "prog load", "struct_ops register" and "iter pin" share. */
#ifndef BT_LOAD_H
#define BT_LOAD_H

#include "hooks.h"
#include "load/load.h"

struct bt_load {
	const char *object;
	struct bu_load_opts opts;
	struct bu_obj obj;
	struct bu_plan plan;
	struct bu_loaded made;
	struct bu_type_req type;
	bool typed;
	struct bu_map_from *maps; size_t cap;
	const char *only[1];
};
void bt_load_begin(struct bt_load *l);
/* Takes OBJ and reads it; opens the backend that its programs want. Status. */
int bt_load_object(struct bt *t, struct bt_load *l);
/* Plans and loads as opts say; all of it, or nothing. Status. */
int bt_load_run(struct bt *t, struct bt_load *l);
/* Closes; the status, which is another one when that failed and st is 0. */
int bt_load_end(struct bt *t, struct bt_load *l, int st);
/* The status of what the loader said of err. */
int bt_load_failed(struct bt *t, int err);

#endif
