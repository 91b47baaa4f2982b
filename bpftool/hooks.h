/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where programs hang: what "net", "cgroup", "link" and "tree" share. */
#ifndef BT_HOOKS_H
#define BT_HOOKS_H

#include "tool.h"

/* ---------------------------------------------------------------- cgroup.c */

/* A group with an fd of its directory; level counts from the root of the walk. Status; not 0 ends it. */
typedef int bt_group_fn(struct bt *t, void *ctx, const char *path, int fd, unsigned level);
int bt_each_cgroup(struct bt *t, const char *root, bt_group_fn *fn, void *ctx);
/* Where cgroup2 is mounted first, or NULL. */
const char *bt_cgroup_root(struct bt *t);
/* An fd of a group that the user named, or a status with *fd < 0. */
int bt_cgroup_open(struct bt *t, const char *path, int *fd);
/* Is it an attach type of control groups? */
bool bt_cgroup_type(const struct bu_kind *k);

/* Words for attach types: the i-th, NULL past the end. */
const char *bt_cgroup_word(unsigned i);

/* ---------------------------------------------------------------- net.c */

/* Devices and filters as the backend lists them, in the arena. */
struct bt_net {
	struct bu_net_dev *dev;
	struct bu_net_filter *filter;
	size_t ndev, nfilter, devcap, filtercap;
};
/* ifindex 0: all. 0 or -errno. */
int bt_net_list(struct bt *t, int ifindex, struct bt_net *n);
/* "dev NAME": its index into *ifindex. Status. */
int bt_net_dev(struct bt *t, int *ifindex);
/* How the programs of a list at a device are told: "tcx/ingress", NULL: it is no such list. */
const char *bt_net_where(uint32_t attach_type);
/* Name of a program by its id, or NULL when it cannot be read. */
const char *bt_prog_name(struct bt *t, uint32_t id);

/* ---------------------------------------------------------------- link.c */

/* A link's info with the strings and lists of its kind, in the arena. */
struct bt_link {
	struct bpf_link_info li;
	char *name;           /* tracepoint, function, file, target of an iterator; or NULL */
	uint64_t *addrs, *refs, *cookies;
	uint32_t count;       /* of these */
};
/* A row of "link show"; ctx is its key. */
int bt_link_row(struct bt *t, void *ctx, uint32_t id, int fd);
int bt_link_read(struct bt *t, int fd, struct bt_link *l);
/* "hardware:cpu-cycles" of a perf event. In the arena. */
const char *bt_event_name(struct bt *t, uint32_t type, uint64_t config);
/* "ip input prio -128" of a netfilter link. In the arena. */
const char *bt_netfilter_name(struct bt *t, const struct bpf_link_info *li);

/* Family, hook, priority and flags of a netfilter link. */
void bt_put_netfilter(struct bt *t, const struct bpf_link_info *li);

#endif
