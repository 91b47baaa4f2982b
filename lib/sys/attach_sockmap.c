/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs of sockmaps and sockhashes: they see what the sockets in the map receive or send. By link since 6.10,
 * else by BPF_PROG_ATTACH; then the program stays as long as the map does.
 */
#include "sys/attach_net.h"

#include <fcntl.h>
#include <string.h>

static int parse_sockmap(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "MAP (a name of the object), id:N or the PATH of a pinned map";

	if (!t.n)
		return bu_attach_bad(p, form, "the map is missing");
	p->at->a = p->at->map = bu_attach_keep(p, t);
	return 0;
}

/* Only these two types hold sockets whose traffic programs see. */
static int check_type(struct bu_attaching *c)
{
	struct bpf_map_info info;
	uint32_t size = sizeof(info);
	const struct bu_kind *k;

	memset(&info, 0, sizeof(info));
	if (bu_sys_info(c->s, c->at->map_fd, &info, &size) || info.type == BPF_MAP_TYPE_SOCKMAP ||
	    info.type == BPF_MAP_TYPE_SOCKHASH)
		return 0;
	k = bu_kind_by_num(bu_map_types, bu_nmap_types, info.type);
	bu_diag(c->ds, BU_ERROR, "S0109", "%s: the map is of type %s, and these programs belong to a sockmap or a sockhash",
		bu_blame_subject(c), k ? k->name : "unknown");
	return -EINVAL;
}

static int attach_sockmap(struct bu_attaching *c)
{
	uint32_t type = bu_hook_attach_type(c->at->hook);
	bool told;
	int err = check_type(c);

	if (err)
		return err;
	if (!bu_net_old_way(c)) {
		err = bu_net_link(c, (uint32_t)c->at->map_fd, type, &told);
		if (!err || told)
			return err;
		/* Older kernels do not know the type for links. */
		if (err != -EINVAL || c->via == BU_VIA_LINK)
			return bu_blame_net(c, BPF_LINK_CREATE, err, "");
	}
	c->out->target_fd = fcntl(c->at->map_fd, F_DUPFD_CLOEXEC, 3);
	if (c->out->target_fd < 0)
		return bu_blame_step(c, BPF_PROG_ATTACH, "keeping the map open", -errno);
	err = bu_net_prog_attach(c, type, 0, &told);
	return !err || told ? err : bu_blame_net(c, BPF_PROG_ATTACH, err, "");
}

const struct bu_attach_driver bu_driver_sockmap = {
	.parse = parse_sockmap, .attach = attach_sockmap, .detach = bu_net_prog_detach,
};
