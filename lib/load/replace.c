// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * --replace: what an earlier load pinned in the same directory gives way, without a gap. A link of the same
 * place gets the new program by BPF_LINK_UPDATE; where there is no such thing, the new attachment is made
 * before the old one is let go.
 */
#include <string.h>

#include "load/priv.h"

/* Of a struct of operations it is the map. */
static int update(struct bu_sys *s, int link_fd, int prog_fd)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_update.link_fd = (uint32_t)link_fd;
	a.link_update.new_prog_fd = (uint32_t)prog_fd;
	return s->ops->bpf(s, BPF_LINK_UPDATE, &a, BU_OFFSETOFEND(union bpf_attr, link_update.old_prog_fd));
}

const char *bu_load_link_pin(const struct bu_plan *p, unsigned att)
{
	const struct bu_plan_priv *v = p->priv;

	for (unsigned i = 0; i < v->npins; i++)
		if (v->pins[i].kind == PIN_LINK && v->pins[i].index == att)
			return v->pins[i].path;
	return NULL;
}

int bu_load_update(struct bu_sys *s, const char *path, const struct bu_attach *at, int prog_fd,
		   struct bu_updated *u)
{
	struct bpf_link_info info;
	uint32_t len = sizeof(info), id;
	enum bu_objkind kind = BU_LINK;
	int fd = bu_sys_get(s, path, 0), err;

	*u = (struct bu_updated){ .link_fd = -1, .old_prog = -1 };
	if (fd < 0)
		return fd;
	memset(&info, 0, sizeof(info));
	err = bu_sys_fd_kind(s, fd, &kind, &id);
	if (!err && kind != BU_LINK)
		err = -EOPNOTSUPP;
	if (!err)
		err = bu_sys_info(s, fd, &info, &len);
	if (!err && !bu_sys_attach_is(s, at, &info))
		err = -EOPNOTSUPP;
	if (!err) {
		u->old_prog = at->hook == BU_HOOK_STRUCT_OPS ? bu_sys_fd_by_id(s, BU_MAP, info.struct_ops.map_id, 0)
			      : bu_sys_fd_by_id(s, BU_PROG, info.prog_id, 0);
		err = u->old_prog < 0 ? u->old_prog : update(s, fd, prog_fd);
	}
	if (err < 0) {
		if (u->old_prog >= 0)
			s->ops->close(s, u->old_prog);
		s->ops->close(s, fd);
		u->old_prog = -1;
		return err;
	}
	u->link_fd = fd;
	return 0;
}

int bu_load_update_back(struct bu_sys *s, struct bu_updated *u)
{
	int err = 0;

	if (u->old_prog < 0)
		return 0;
	err = update(s, u->link_fd, u->old_prog);
	bu_load_updated(s, u);
	return err;
}

void bu_load_updated(struct bu_sys *s, struct bu_updated *u)
{
	if (u->old_prog >= 0)
		s->ops->close(s, u->old_prog);
	u->old_prog = -1;
}
