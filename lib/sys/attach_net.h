/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach_net: what the drivers of network hooks and control groups share.
 *
 * Each of them attaches by a bpf_link where there is one. Where there is none, or the user asked for another
 * way, the program is set by BPF_PROG_ATTACH or netlink; then it outlives this process (persists), and detach
 * takes it away.
 */
#ifndef BU_ATTACH_NET_H
#define BU_ATTACH_NET_H

#include "sys/attach.h"

/* A device's name of t into p->at->a, and the option netns. 0 or -EINVAL with a message. */
int bu_net_parse_device(struct bu_attach_parser *p, struct bu_str t, const char *form);
/* The options first, last, before, after, revision of hooks that keep a list of programs. */
int bu_net_parse_order(struct bu_attach_parser *p);
/* A number that fits into 32 bits as the option's value. */
int bu_net_opt_u32(struct bu_attach_parser *p, enum bu_attach_opt_id id, uint32_t *v);

/* The device's index, or -ENODEV with a message. */
int bu_net_ifindex(struct bu_attaching *c);
/* Opens the target into c->out->target_fd. 0, or -errno with a message. */
int bu_net_target(struct bu_attaching *c, enum bu_target_kind kind, const char *name);
/* An fd of what is written N, id:N or as a pinned path; *kind tells what it is. -errno with a message. */
int bu_net_object(struct bu_attaching *c, const char *what, enum bu_objkind *kind);
/* An fd of the program that the option old names. -errno with a message. */
int bu_net_old(struct bu_attaching *c);
/*
 * LINK_CREATE on target (fd or ifindex) with the order that was asked for; the link into c->out->link_fd. 0, or
 * -errno without a message (but see *told).
 */
int bu_net_link(struct bu_attaching *c, uint32_t target, uint32_t attach_type, bool *told);
/* PROG_ATTACH on target_fd with flags, likewise; fills c->out for bu_net_prog_detach. */
int bu_net_prog_attach(struct bu_attaching *c, uint32_t attach_type, uint32_t flags, bool *told);
int bu_net_prog_detach(struct bu_sys *s, struct bu_attached *at);
/* Was any of first, last, before, after, revision given? */
bool bu_net_ordered(const struct bu_attach *at);
/* The way that leaves links out was asked for. */
bool bu_net_old_way(const struct bu_attaching *c);

/* attach.c: the driver's work in the namespace of the option netns. */
int bu_net_attach_there(struct bu_attaching *c, const struct bu_attach_driver *driver);
int bu_net_detach_there(struct bu_sys *s, struct bu_attached *at, const struct bu_attach_driver *driver);

/* blame_net.c: as blame.c */
int bu_blame_target(struct bu_attaching *c, enum bu_target_kind kind, const char *name, int err);
/* cmd: BPF_LINK_CREATE, BPF_PROG_ATTACH or BU_CMD_NETLINK; words: the kernel's, or "". */
int bu_blame_net(struct bu_attaching *c, int cmd, int err, const char *words);
int bu_blame_tc(struct bu_attaching *c, int err, const char *words);
/* The error may be one of a kernel that was built without the hook: then says so. */
bool bu_blame_option(struct bu_attaching *c, int err);
/* The backend or this kernel has no such thing at all: -EOPNOTSUPP. */
int bu_blame_lacks(struct bu_attaching *c, const char *what, const char *help);

#endif
