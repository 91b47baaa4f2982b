/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Iterators: the link says over what (a map's elements, the tasks of a process, a control group and
 * those below); bu_sys_iter_create makes a file of it, and reading that runs the program.
 */
#include "sys/attach.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct { const char *name; uint32_t order; } orders[] = {
	{ "self", BPF_CGROUP_ITER_SELF_ONLY },        { "pre", BPF_CGROUP_ITER_DESCENDANTS_PRE },
	{ "post", BPF_CGROUP_ITER_DESCENDANTS_POST }, { "up", BPF_CGROUP_ITER_ANCESTORS_UP },
};

static int parse_order(struct bu_attach_parser *p, const char *form)
{
	struct bu_str text;

	if (!bu_attach_opt(p, BU_ATTACH_OPT_ORDER, &text))
		return 0;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(orders); i++) {
		if (bu_str_is(text, orders[i].name)) {
			p->at->order = orders[i].order;
			return 0;
		}
	}
	return bu_attach_bad(p, form, "order is none of self, pre, post and up");
}

static int parse_iter(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "KIND, such as task, bpf_map or bpf_map_elem,map=NAME";
	struct bu_attach *at = p->at;
	int err;

	if (!bu_attach_word(t))
		return bu_attach_bad(p, form, "that is not the name of a kind of iterator");
	at->a = bu_attach_keep(p, t);
	at->order = BPF_CGROUP_ITER_SELF_ONLY;
	err = bu_attach_opt_text(p, BU_ATTACH_OPT_MAP, &at->map);
	if (!err)
		err = bu_attach_opt_text(p, BU_ATTACH_OPT_CGROUP, &at->cgroup);
	if (!err)
		err = bu_attach_opt_pid(p, BU_ATTACH_OPT_PID, &at->pid);
	if (!err)
		err = bu_attach_opt_pid(p, BU_ATTACH_OPT_TID, &at->tid);
	if (!err)
		err = parse_order(p, form);
	if (!err && !!at->map + !!at->cgroup + !!at->pid + !!at->tid > 1)
		return bu_attach_bad(p, form, "it takes only one of map, cgroup, pid and tid");
	return err;
}

static int attach_iter(struct bu_attaching *c)
{
	const struct bu_attach *at = c->at;
	union bpf_iter_link_info info;
	union bpf_attr a;
	int dir = -1, fd;

	memset(&info, 0, sizeof(info));
	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)c->prog_fd;
	a.link_create.attach_type = BPF_TRACE_ITER;
	if (at->cgroup) {
		dir = open(at->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return bu_blame_cgroup(c, -errno);
		info.cgroup.order = at->order;
		info.cgroup.cgroup_fd = (uint32_t)dir;
	} else if (at->map) {
		info.map.map_fd = (uint32_t)at->map_fd;
	} else {
		info.task.tid = at->tid;
		info.task.pid = at->pid;
	}
	if (at->cgroup || at->map || at->pid || at->tid) {
		a.link_create.iter_info = bu_ptr64(&info);
		a.link_create.iter_info_len = sizeof(info);
	}
	fd = bu_sys_link_make(c->s, &a);
	if (dir >= 0)
		close(dir);
	if (fd < 0)
		return bu_blame_iter(c, fd);
	c->out->link_fd = fd;
	return 0;
}

const struct bu_attach_driver bu_driver_iter = { .parse = parse_iter, .attach = attach_iter };
