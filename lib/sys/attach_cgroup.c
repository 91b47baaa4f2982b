/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control groups: each attach type has its hook, the target is a directory of cgroup2. By link since 5.7, before
 * by BPF_PROG_ATTACH, in one of three modes: alone (none may be below), overridable by groups below, or multi.
 */
#include "sys/attach_net.h"

#include <sys/stat.h>

static int parse_cgroup(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "PATH, such as /sys/fs/cgroup/web, or web from where cgroup2 is mounted";
	struct bu_attach_net *n = &p->at->net;
	bool multi = bu_attach_opt(p, BU_ATTACH_OPT_MULTI, NULL);
	bool override = bu_attach_opt(p, BU_ATTACH_OPT_OVERRIDE, NULL);
	bool alone = bu_attach_opt(p, BU_ATTACH_OPT_ALONE, NULL);
	int err;

	if (!t.n)
		return bu_attach_bad(p, form, "the path of a control group is missing");
	if (multi + override + alone > 1)
		return bu_attach_bad(p, form, "multi, override and alone exclude each other");
	p->at->a = bu_attach_keep(p, t);
	n->flags = multi ? BPF_F_ALLOW_MULTI : override ? BPF_F_ALLOW_OVERRIDE : 0;
	n->flags |= bu_attach_opt(p, BU_ATTACH_OPT_PREORDER, NULL) ? BPF_F_PREORDER : 0;
	n->replace = alone; /* the mode without a flag */
	err = bu_attach_opt_text(p, BU_ATTACH_OPT_OLD, &n->old);
	return err ? err : bu_net_parse_order(p);
}

static int attach_cgroup(struct bu_attaching *c)
{
	const struct bu_attach_net *n = &c->at->net;
	uint32_t type = bu_hook_attach_type(c->at->hook), mode;
	/* Links are always of the mode multi, and replace nothing. */
	bool by_link = !bu_net_old_way(c) && !(n->flags & BPF_F_ALLOW_OVERRIDE) && !n->replace && !n->old, told;
	int err = bu_net_target(c, BU_TARGET_CGROUP, c->at->a);

	if (err)
		return err;
	if (c->via == BU_VIA_LINK && !by_link)
		return bu_blame_lacks(c, "links of control groups are of the mode multi and replace nothing",
				      "--attach-via=auto");
	err = by_link ? bu_net_link(c, (uint32_t)c->out->target_fd, type, &told) : -EINVAL;
	if (!err) {
		bu_attach_close(c->s, &c->out->target_fd);
		return 0;
	}
	if (by_link && (err != -EINVAL || c->via == BU_VIA_LINK || bu_sys_has(c->s, BU_FEAT_LINK)))
		return told ? err : bu_blame_net(c, BPF_LINK_CREATE, err, "");
	mode = n->replace ? 0 : n->flags & BPF_F_ALLOW_OVERRIDE ? BPF_F_ALLOW_OVERRIDE : BPF_F_ALLOW_MULTI;
	err = bu_net_prog_attach(c, type, mode, &told);
	return !err || told ? err : bu_blame_net(c, BPF_PROG_ATTACH, err, "");
}

/* A control group's id is the number of its directory's inode. */
static bool same_cgroup(struct bu_sys *s, const struct bu_attach *at, const struct bpf_link_info *link)
{
	struct stat st;
	int fd;
	bool same;

	if (link->type != BPF_LINK_TYPE_CGROUP || link->cgroup.attach_type != bu_hook_attach_type(at->hook) ||
	    !s->ops->target_open)
		return false;
	fd = s->ops->target_open(s, BU_TARGET_CGROUP, at->a);
	if (fd < 0)
		return false;
	same = fstat(fd, &st) == 0 && st.st_ino == link->cgroup.cgroup_id;
	s->ops->close(s, fd);
	return same;
}

const struct bu_attach_driver bu_driver_cgroup = {
	.parse = parse_cgroup, .attach = attach_cgroup, .detach = bu_net_prog_detach, .same = same_cgroup,
	.names = 1 + BU_NAMES_CGROUPS,
};
