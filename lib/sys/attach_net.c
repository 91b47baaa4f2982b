/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What attaching to network hooks and control groups has in common: options, targets, links, namespaces. */
#include "sys/attach_net.h"

#include <string.h>

/* ---------------------------------------------------------------- options */

int bu_net_opt_u32(struct bu_attach_parser *p, enum bu_attach_opt_id id, uint32_t *v)
{
	uint64_t n = *v;
	int err = bu_attach_opt_u64(p, id, &n);

	if (err)
		return err;
	if (n > UINT32_MAX)
		return bu_attach_bad(p, "NAME=NUMBER", "a number does not fit into 32 bits");
	*v = (uint32_t)n;
	return 0;
}

int bu_net_parse_device(struct bu_attach_parser *p, struct bu_str t, const char *form)
{
	if (!t.n)
		return bu_attach_bad(p, form, "the name of a network device is missing");
	if (!bu_attach_word(t))
		return bu_attach_bad(p, form, "that is not the name of a network device");
	p->at->a = bu_attach_keep(p, t);
	return bu_attach_opt_text(p, BU_ATTACH_OPT_NETNS, &p->at->net.netns);
}

int bu_net_parse_order(struct bu_attach_parser *p)
{
	struct bu_attach_net *n = &p->at->net;
	const char *before = NULL, *after = NULL;
	bool first = bu_attach_opt(p, BU_ATTACH_OPT_FIRST, NULL);
	bool last = bu_attach_opt(p, BU_ATTACH_OPT_LAST, NULL);
	int err = bu_attach_opt_text(p, BU_ATTACH_OPT_BEFORE, &before);

	if (!err)
		err = bu_attach_opt_text(p, BU_ATTACH_OPT_AFTER, &after);
	if (!err)
		err = bu_attach_opt_u64(p, BU_ATTACH_OPT_REVISION, &n->revision);
	if (err)
		return err;
	if (first + last + !!before + !!after > 1)
		return bu_attach_bad(p, "TARGET,first or TARGET,before=ID and so on",
				     "first, last, before and after exclude each other");
	n->relative = before ? before : after;
	n->flags |= first || before ? BPF_F_BEFORE : last || after ? BPF_F_AFTER : 0;
	return 0;
}

bool bu_net_ordered(const struct bu_attach *at)
{
	return at->net.flags & (BPF_F_BEFORE | BPF_F_AFTER) || at->net.revision;
}

bool bu_net_old_way(const struct bu_attaching *c)
{
	return c->via == BU_VIA_IOCTL || c->via == BU_VIA_NETLINK;
}

/* ---------------------------------------------------------------- targets */

int bu_net_ifindex(struct bu_attaching *c)
{
	int ifindex = c->s->ops->ifindex(c->s, c->at->a);

	return ifindex < 0 ? bu_blame_device(c, ifindex) : ifindex;
}

int bu_net_target(struct bu_attaching *c, enum bu_target_kind kind, const char *name)
{
	int fd = c->s->ops->target_open ? c->s->ops->target_open(c->s, kind, name) : -EOPNOTSUPP;

	if (fd < 0)
		return bu_blame_target(c, kind, name, fd);
	c->out->target_fd = fd;
	return 0;
}

/* "7", "id:7", "link:7": the number and its kind. */
static bool numbered(const char *what, uint32_t *id, enum bu_objkind *kind)
{
	uint64_t n;

	*kind = strncmp(what, "link:", 5) == 0 ? BU_LINK : BU_PROG;
	what += *kind == BU_LINK ? 5 : strncmp(what, "id:", 3) == 0 ? 3 : 0;
	if (bu_str_u64(bu_str_c(what), &n, NULL) || n > UINT32_MAX || !n)
		return false;
	*id = (uint32_t)n;
	return true;
}

int bu_net_old(struct bu_attaching *c)
{
	enum bu_objkind kind;
	int fd = bu_net_object(c, c->at->net.old, &kind);

	if (fd < 0 || kind == BU_PROG)
		return fd;
	bu_attach_close(c->s, &fd);
	bu_diag(c->ds, BU_ERROR, "S0117", "%s: '%s' is a link, and a program is wanted", bu_blame_subject(c), c->at->net.old);
	return -EINVAL;
}

int bu_net_object(struct bu_attaching *c, const char *what, enum bu_objkind *kind)
{
	uint32_t id;
	int fd, err;

	if (numbered(what, &id, kind)) {
		fd = bu_sys_fd_by_id(c->s, *kind, id, 0);
	} else {
		fd = bu_sys_get(c->s, what, 0);
		if (fd >= 0) {
			err = bu_sys_fd_kind(c->s, fd, kind, &id);
			if (err || (*kind != BU_PROG && *kind != BU_LINK)) {
				bu_attach_close(c->s, &fd);
				fd = -EINVAL;
			}
		}
	}
	if (fd >= 0)
		return fd;
	if (fd == -ENOENT || fd == -EINVAL) {
		bu_diag(c->ds, BU_ERROR, "S0117", "%s: there is no program or link '%s'", bu_blame_subject(c), what);
		return fd;
	}
	return bu_blame_step(c, BPF_PROG_GET_FD_BY_ID, "opening the other program", fd);
}

/* ---------------------------------------------------------------- links */

/* What BEFORE and AFTER refer to, as flags and the fd or id; *fd is the caller's to close. */
static int relative(struct bu_attaching *c, uint32_t *flags, uint32_t *rel, int *fd, bool *told)
{
	const char *what = c->at->net.relative;
	enum bu_objkind kind;

	*flags |= c->at->net.flags & (BPF_F_BEFORE | BPF_F_AFTER | BPF_F_PREORDER);
	if (!what)
		return 0;
	if (numbered(what, rel, &kind)) {
		*flags |= BPF_F_ID | (kind == BU_LINK ? BPF_F_LINK : 0);
		return 0;
	}
	*fd = bu_net_object(c, what, &kind);
	if (*fd < 0) {
		*told = true;
		return *fd;
	}
	*rel = (uint32_t)*fd;
	*flags |= kind == BU_LINK ? BPF_F_LINK : 0;
	return 0;
}

/* The id of a link by which program prog is attached so, or 0. */
static uint32_t link_of(struct bu_sys *s, uint32_t prog, uint32_t link_type, uint32_t attach_type)
{
	struct bpf_link_info info;
	uint32_t id = 0, size;
	int fd, err;

	while (!bu_sys_next_id(s, BU_LINK, id, &id)) {
		fd = bu_sys_fd_by_id(s, BU_LINK, id, 0);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		err = bu_sys_info(s, fd, &info, &size);
		bu_attach_close(s, &fd);
		if (!err && info.prog_id == prog && info.type == link_type && info.cgroup.attach_type == attach_type)
			return id;
	}
	return 0;
}

/* Control groups want a link's place told by a link: the one of the program that was named. 0 or -ENOENT. */
static int by_its_link(struct bu_attaching *c, union bpf_attr *a)
{
	uint32_t prog = a->link_create.cgroup.relative_id, link;

	if (!(a->link_create.flags & BPF_F_ID)) {
		struct bpf_prog_info info;
		uint32_t size = sizeof(info);

		memset(&info, 0, sizeof(info));
		if (bu_sys_info(c->s, (int)prog, &info, &size))
			return -ENOENT;
		prog = info.id;
	}
	link = link_of(c->s, prog, BPF_LINK_TYPE_CGROUP, a->link_create.attach_type);
	if (!link)
		return -ENOENT;
	a->link_create.cgroup.relative_id = link;
	a->link_create.flags |= BPF_F_ID | BPF_F_LINK;
	return 0;
}

int bu_net_link(struct bu_attaching *c, uint32_t target, uint32_t attach_type, bool *told)
{
	union bpf_attr a;
	uint32_t rel = 0;
	int fd = -1, err;

	memset(&a, 0, sizeof(a));
	*told = false;
	a.link_create.prog_fd = (uint32_t)c->prog_fd;
	a.link_create.target_fd = target;
	a.link_create.attach_type = attach_type;
	err = relative(c, &a.link_create.flags, &rel, &fd, told);
	if (!err) {
		/* tcx, netkit and cgroup have the same two members at the same place. */
		a.link_create.tcx.relative_id = rel;
		a.link_create.tcx.expected_revision = c->at->net.revision;
		if (rel && !(a.link_create.flags & BPF_F_LINK) && bu_attach_driver(c->at->hook) == &bu_driver_cgroup)
			err = by_its_link(c, &a);
		err = err ? err : bu_sys_link_make(c->s, &a);
	}
	bu_attach_close(c->s, &fd);
	if (err < 0)
		return err;
	c->out->link_fd = err;
	return 0;
}

int bu_net_prog_attach(struct bu_attaching *c, uint32_t attach_type, uint32_t flags, bool *told)
{
	union bpf_attr a;
	uint32_t rel = 0;
	int fd = -1, old = -1, err;

	memset(&a, 0, sizeof(a));
	*told = false;
	a.target_fd = c->out->target_fd >= 0 ? (uint32_t)c->out->target_fd : (uint32_t)c->out->ifindex;
	a.attach_bpf_fd = (uint32_t)c->prog_fd;
	a.attach_type = attach_type;
	a.attach_flags = flags;
	err = relative(c, &a.attach_flags, &rel, &fd, told);
	a.relative_id = rel;
	a.expected_revision = c->at->net.revision;
	if (!err && c->at->net.old) {
		old = bu_net_old(c);
		*told = old < 0;
		err = old < 0 ? old : 0;
		a.attach_flags |= BPF_F_REPLACE;
		a.replace_bpf_fd = (uint32_t)old;
	}
	if (!err)
		err = bu_sys_prog_attach(c->s, &a);
	bu_attach_close(c->s, &fd);
	bu_attach_close(c->s, &old);
	if (err < 0)
		return err;
	c->out->persists = true;
	c->out->prog_fd = c->prog_fd;
	c->out->attach_type = attach_type;
	return 0;
}

int bu_net_prog_detach(struct bu_sys *s, struct bu_attached *at)
{
	union bpf_attr a;
	int err;

	if (!at->persists)
		return 0;
	memset(&a, 0, sizeof(a));
	a.target_fd = at->target_fd >= 0 ? (uint32_t)at->target_fd : (uint32_t)at->ifindex;
	a.attach_bpf_fd = (uint32_t)at->prog_fd;
	a.attach_type = at->attach_type;
	err = -ENOMEM;
	for (int i = 0; i < 4 && err == -ENOMEM; i++)
		err = bu_sys_prog_detach(s, &a);
	at->persists = false;
	/* Someone else took it away, or the device is gone, or the control group. */
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

/* ---------------------------------------------------------------- other network namespaces */

/* What fails for want of memory is tried again: what was attached there could not be taken away. */
static int move(struct bu_sys *s, int fd)
{
	int err = -ENOMEM;

	for (int i = 0; i < 4 && err == -ENOMEM; i++)
		err = s->ops->netns_set(s, fd);
	return err;
}

/* Goes to namespace fd; *back is where we were. */
static int go(struct bu_sys *s, int fd, int *back)
{
	int err;

	if (!s->ops->netns_set || !s->ops->target_open)
		return -EOPNOTSUPP;
	*back = s->ops->target_open(s, BU_TARGET_NETNS, NULL);
	if (*back < 0)
		return *back;
	err = move(s, fd);
	if (err)
		bu_attach_close(s, back);
	return err;
}

static int come_back(struct bu_sys *s, int back)
{
	int err = move(s, back);

	bu_attach_close(s, &back);
	return err;
}

int bu_net_attach_there(struct bu_attaching *c, const struct bu_attach_driver *driver)
{
	const char *name = c->at->net.netns;
	int back, err, ns = c->s->ops->target_open ? c->s->ops->target_open(c->s, BU_TARGET_NETNS, name) : -EOPNOTSUPP;

	if (ns < 0)
		return bu_blame_target(c, BU_TARGET_NETNS, name, ns);
	c->out->netns_fd = ns;
	err = go(c->s, ns, &back);
	if (err)
		return bu_blame_step(c, BU_CMD_NETLINK, "going to the network namespace", err);
	err = driver->attach(c);
	ns = come_back(c->s, back);
	return err ? err : ns ? bu_blame_step(c, BU_CMD_NETLINK, "coming back from the network namespace", ns) : 0;
}

int bu_net_detach_there(struct bu_sys *s, struct bu_attached *at, const struct bu_attach_driver *driver)
{
	int back, rc, err = go(s, at->netns_fd, &back);

	if (err)
		return at->netlink || at->persists ? err : 0;
	err = driver->detach(s, at);
	rc = come_back(s, back);
	return err ? err : rc;
}
