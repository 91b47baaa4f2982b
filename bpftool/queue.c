// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queues and stacks as a whole. The kernel shows only the next element; to see all, they are taken out and put back
 * in their order. What programs put in or take out meanwhile goes between them: it is done when asked for only.
 */
#include <signal.h>

#include "tool.h"

bool bt_is_queue(const struct bt_map *m)
{
	return m->info.type == BPF_MAP_TYPE_QUEUE || m->info.type == BPF_MAP_TYPE_STACK;
}

/* The i-th to be put in of n, so that they come out in order. */
static size_t turn(const struct bt_map *m, size_t i, size_t n)
{
	return m->info.type == BPF_MAP_TYPE_STACK ? n - 1 - i : i;
}

/* Takes out what there is, as much as the map has room for. 0 or -errno; what was taken is in e in any case. */
static int take_all(struct bt *t, const struct bt_map *m, struct bt_elems *e)
{
	uint8_t *value;
	int err = 0;

	while (!err && e->n < m->info.max_entries) {
		value = bu_buf_room(&e->values, m->vsize + 8);
		err = value ? bu_sys_map_take(t->sys, m->fd, NULL, value) : -ENOMEM;
		if (err)
			break;
		e->values.n += m->vsize;
		e->n++;
	}
	return err == -ENOENT ? 0 : err;
}

int bt_queue_read(struct bt *t, struct bt_map *m, struct bt_elems *e)
{
	sigset_t all, was;
	size_t back = 0;
	int err, again = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &was);
	err = take_all(t, m, e);
	for (size_t i = 0; i < e->n; i++) {
		int one = bu_sys_map_update(t->sys, m->fd, NULL, bt_elem_value(m, e, turn(m, i, e->n)), 0);

		back += !one;
		again = one ? one : again;
	}
	sigprocmask(SIG_SETMASK, &was, NULL);
	if (back < e->n)
		return bt_refused(t, BPF_MAP_UPDATE_ELEM, again, "%zu of the %zu elements of map %u could not be put back",
				  e->n - back, e->n, m->info.id);
	if (err)
		return bt_refused(t, BPF_MAP_LOOKUP_AND_DELETE_ELEM, err, "cannot take from map %u", m->info.id);
	e->cut = e->limit && e->values.n > e->limit;
	return 0;
}

int bt_queue_write(struct bt *t, const struct bt_map *m, const struct bt_elems *e, bool exact)
{
	struct bt_elems old = { 0 };
	int err = exact ? take_all(t, m, &old) : 0;

	bt_elems_free(&old);
	if (err)
		return bt_refused(t, BPF_MAP_LOOKUP_AND_DELETE_ELEM, err, "cannot take from map %u", m->info.id);
	for (size_t i = 0; i < e->n; i++) {
		err = bu_sys_map_update(t->sys, m->fd, NULL, bt_elem_value(m, e, turn(m, i, e->n)), 0);
		if (err == -E2BIG)
			return bt_error(t, "T0106", "map %u is full: %zu of %zu elements were put in, max_entries is %u", m->info.id,
					i, e->n, m->info.max_entries);
		if (err)
			return bt_refused(t, BPF_MAP_UPDATE_ELEM, err, "cannot put an element into map %u", m->info.id);
	}
	return 0;
}
