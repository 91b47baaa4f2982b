/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Structs of operations: the map's value is complete, a link registers it. Before links (Linux 6.4) writing
 * the value did, and deleting it undoes that; such a map's fd is kept as the event's.
 */
#include "sys/attach.h"

#include <fcntl.h>
#include <string.h>

static int parse_struct_ops(struct bu_attach_parser *p, struct bu_str t)
{
	if (!bu_attach_word(t))
		return bu_attach_bad(p, "NAME", "that is not the name of a struct");
	p->at->map = p->at->a = bu_attach_keep(p, t);
	return 0;
}

static int attach_struct_ops(struct bu_attaching *c)
{
	struct bpf_map_info info;
	uint32_t size = sizeof(info);
	union bpf_attr a;
	int fd;

	memset(&info, 0, sizeof(info));
	if (!bu_sys_info(c->s, c->at->map_fd, &info, &size) && !(info.map_flags & BPF_F_LINK)) {
		fd = fcntl(c->at->map_fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return bu_blame_step(c, BPF_MAP_UPDATE_ELEM, "keeping the map", -errno);
		c->out->event_fd = fd;
		return 0;
	}
	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)c->at->map_fd;
	a.link_create.attach_type = BPF_STRUCT_OPS;
	fd = bu_sys_link_make(c->s, &a);
	if (fd < 0)
		return bu_blame_step(c, BPF_LINK_CREATE, "registering it", fd);
	c->out->link_fd = fd;
	return 0;
}

static int detach_struct_ops(struct bu_sys *s, struct bu_attached *at)
{
	uint32_t zero = 0;
	int err = at->event_fd >= 0 ? bu_sys_map_delete(s, at->event_fd, &zero) : 0;

	return err == -ENOENT ? 0 : err;
}

/* That it is the same struct of the same name, the kernel sees to. */
static bool same_struct_ops(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link)
{
	(void)s;
	(void)at;
	return link->type == BPF_LINK_TYPE_STRUCT_OPS;
}

const struct bu_attach_driver bu_driver_struct_ops = {
	.parse = parse_struct_ops, .attach = attach_struct_ops, .detach = detach_struct_ops, .same = same_struct_ops,
};
