/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots: all programs, maps with their elements, links and attachments as JSON, a row a line:
 *
 *   {"bpfutils_snapshot":1,"backend":"kernel","limit":16777216,
 *   "programs":[ what prog show -j -f has, but for processes ],
 *   "maps":[ the same, and "elements":[{"k":"01…","v":"02…"},…] by rising key, per CPU "v":[…];
 *            "not_read":"why" instead; "cut":true: there are more ],
 *   "links":[ … ],
 *   "attachments":[{"hook":…,"place":…,"how":…,"prog_id":…,"link_id":…},…]}
 */
#ifndef BT_SNAPSHOT_H
#define BT_SNAPSHOT_H

#include "tool.h"

#define BT_SNAPSHOT_VERSION 1
#define BT_SNAPSHOT_LIMIT (16u << 20) /* bytes of elements of a map */
#define BT_SNAPSHOT_BYTES (4ull << 30) /* of a file */

/* Writes one of what is there now; limit: bytes of elements of each map; queues: take theirs out and back. Status. */
int bt_snapshot_write(struct bt *t, int (*write)(void *ctx, const void *p, size_t n), void *ctx, size_t limit,
		      bool queues);

/* A row as it stands in the text; strings with their quotes. */
struct bt_snaprow {
	struct bu_str raw;
	uint32_t id;
	struct bu_str type, name, tag, loaded_at, pinned, elements, not_read;
	uint64_t key, value;  /* sizes of a map's */
	bool cut;
	bool same;            /* of use to who compares */
};
struct bt_snaprows {
	struct bt_snaprow *v;     /* in the arena */
	size_t n, cap;
};
enum { BT_SNAP_PROGRAMS, BT_SNAP_MAPS, BT_SNAP_LINKS, BT_SNAP_ATTACHMENTS, BT_SNAP_LISTS };
struct bt_snapshot {
	const char *name;     /* for messages */
	struct bu_buf text;
	struct bu_str backend;
	uint64_t limit;       /* with which it was made */
	struct bt_snaprows list[BT_SNAP_LISTS];
};
/* "programs", … */
extern const char *const bt_snapshot_lists[BT_SNAP_LISTS];
/* Reads and checks a file, or, path NULL, what is there now, up to limit. Status. */
int bt_snapshot_read(struct bt *t, const char *path, size_t limit, struct bt_snapshot *s);
void bt_snapshot_free(struct bt_snapshot *s);
/* The text of a string in quotes, escaped for a terminal. In the arena. */
const char *bt_snapshot_text(struct bt *t, struct bu_str raw);

#endif
