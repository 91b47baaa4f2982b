// SPDX-License-Identifier: GPL-2.0-or-later
/* Events and raw tracepoints that processes hold, and the programs on them. */
#include <string.h>

#include "hooks.h"

/* By enum bpf_task_fd_type. */
static const struct {
	const char *name, *key; /* of the text */
	enum { TEXT, FUNCTION, OFFSET } form;
} kinds[] = {
	[BPF_FD_TYPE_RAW_TRACEPOINT] = { "raw_tracepoint", "tracepoint", TEXT },
	[BPF_FD_TYPE_TRACEPOINT] = { "tracepoint", "tracepoint", TEXT },
	[BPF_FD_TYPE_KPROBE] = { "kprobe", "func", FUNCTION },
	[BPF_FD_TYPE_KRETPROBE] = { "kretprobe", "func", FUNCTION },
	[BPF_FD_TYPE_UPROBE] = { "uprobe", "filename", OFFSET },
	[BPF_FD_TYPE_URETPROBE] = { "uretprobe", "filename", OFFSET },
};

static void put_kind(struct bt *t, const struct bu_event *e)
{
	const char *text = bt_escz(t, e->text), *name, *key;

	if (e->fd_type >= BU_ARRAY_SIZE(kinds)) {
		bu_out_uint(&t->out, "fd_type", e->fd_type, "type %u\n", e->fd_type);
		return;
	}
	name = kinds[e->fd_type].name;
	key = kinds[e->fd_type].key;
	bu_out_str(&t->out, "fd_type", name, SIZE_MAX, "%s  ", name);
	if (kinds[e->fd_type].form == TEXT) {
		bu_out_str(&t->out, key, e->text, SIZE_MAX, "%s\n", text);
	} else if (kinds[e->fd_type].form == OFFSET || *e->text) {
		bu_out_str(&t->out, key, e->text, SIZE_MAX, "%s %s  ", key, text);
		bu_out_uint(&t->out, "offset", e->offset, "offset %llu\n", (unsigned long long)e->offset);
	} else {
		bu_out_uint(&t->out, "addr", e->addr, "addr %llu\n", (unsigned long long)e->addr);
	}
}

static bool put_event(void *ctx, const struct bu_event *e)
{
	struct bt *t = ctx;

	bu_out_obj(&t->out, NULL);
	bu_out_int(&t->out, "pid", e->pid, "pid %d  ", e->pid);
	bu_out_int(&t->out, "fd", e->fd, "fd %d: ", e->fd);
	bu_out_uint(&t->out, "prog_id", e->prog_id, "prog_id %u  ", e->prog_id);
	put_kind(t, e);
	bu_out_obj_end(&t->out);
	return true;
}

static bool nothing(void *ctx, const struct bu_event *e)
{
	(void)ctx, (void)e;
	return false;
}

int bt_perf_show(struct bt *t)
{
	int st = bt_end(t), err;

	if (st)
		return st;
	/* before a row is begun: may this caller see any? */
	err = t->sys->ops->events(t->sys, nothing, NULL);
	if (err)
		return bt_refused(t, BPF_TASK_FD_QUERY, err, "cannot ask what hangs on the events of processes");
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	t->sys->ops->events(t->sys, put_event, t);
	bu_out_arr_end(&t->out);
	return 0;
}
