/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gen: what its files share. gen.c has the commands, skel.c the text of skeletons. */
#ifndef BT_GEN_H
#define BT_GEN_H

#include "tool.h"

/* An object, read and indexed. Status; o is to be freed either way. */
int bt_read_object(struct bt *t, struct bu_obj *o, const char *path);
/* The header that holds the file's bytes; what libbpf's users include. 0, -ENOMEM, -E2BIG (types). */
int bt_skeleton(struct bu_buf *out, const struct bu_obj *o, const char *name, const struct bu_buf *file);
/* The same without any library, on bpfutils/skel.h. Status. */
int bt_own_skeleton(struct bt *t, struct bu_buf *out, const struct bu_obj *o, const char *name);
/* The header for a library that is linked into another object. */
int bt_subskeleton(struct bu_buf *out, const struct bu_obj *o, const char *name);

#endif
