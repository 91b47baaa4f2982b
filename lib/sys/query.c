/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions to bpf(2): which programs hang somewhere, and what hangs on a process's event. */
#include "sys/sys.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64u
#define MOST 65536u

static bool grow(struct bu_query *q, uint32_t room)
{
	uint32_t *p = calloc(room, 4 * sizeof(*p));

	if (!p)
		return false;
	free(q->prog_ids);
	q->prog_ids = p;
	q->prog_flags = p + room;
	q->link_ids = p + 2 * (size_t)room;
	q->link_flags = p + 3 * (size_t)room;
	return true;
}

/* What kernels know of the command: Linux 4.15; 6.0, which has to be asked so about LSM programs; 6.6. */
enum level { IDS, FLAGS, LINKS };

static int ask(struct bu_sys *s, int target, uint32_t type, uint32_t flags, struct bu_query *q, uint32_t room,
	       enum level level)
{
	union bpf_attr a;
	unsigned size = BU_OFFSETOFEND(union bpf_attr, query.prog_cnt);
	int err;

	memset(&a, 0, sizeof(a));
	a.query.target_fd = (uint32_t)target;
	a.query.attach_type = type;
	a.query.query_flags = flags;
	a.query.prog_ids = bu_ptr64(q->prog_ids);
	a.query.prog_cnt = room;
	if (level >= FLAGS) {
		/* what is effective comes from several groups, and has no flags of its own */
		a.query.prog_attach_flags = flags & BPF_F_QUERY_EFFECTIVE ? 0 : bu_ptr64(q->prog_flags);
		size = BU_OFFSETOFEND(union bpf_attr, query.prog_attach_flags);
	}
	if (level >= LINKS) {
		a.query.link_ids = bu_ptr64(q->link_ids);
		a.query.link_attach_flags = bu_ptr64(q->link_flags);
		size = BU_OFFSETOFEND(union bpf_attr, query.revision);
	}
	err = s->ops->bpf(s, BPF_PROG_QUERY, &a, size);
	q->n = a.query.prog_cnt;
	q->flags = a.query.attach_flags;
	q->revision = level >= LINKS ? a.query.revision : 0;
	return err;
}

int bu_sys_query(struct bu_sys *s, int target, uint32_t attach_type, uint32_t query_flags, struct bu_query *q)
{
	uint32_t room = FIRST_ROOM;
	enum level level = LINKS;
	int err;

	memset(q, 0, sizeof(*q));
	for (;;) {
		if (!grow(q, room))
			return -ENOMEM;
		err = ask(s, target, attach_type, query_flags, q, room, level);
		if ((err == -E2BIG || err == -EINVAL) && level) {
			level--; /* an older kernel */
			continue;
		}
		if (err != -ENOSPC || room >= MOST)
			break;
		room = q->n > room && q->n < MOST ? q->n + FIRST_ROOM : 2 * room;
	}
	if (err || q->n > room)
		q->n = 0;
	return err;
}

void bu_query_free(struct bu_query *q)
{
	free(q->prog_ids);
	memset(q, 0, sizeof(*q));
}

int bu_sys_task_fd_query(struct bu_sys *s, union bpf_attr *a)
{
	return s->ops->bpf(s, BPF_TASK_FD_QUERY, a, BU_OFFSETOFEND(union bpf_attr, task_fd_query.probe_addr));
}
