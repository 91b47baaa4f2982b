/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* netlink: one request to rtnetlink and its answer. Only where there is libnl. */
#ifndef BU_KERN_NETLINK_H
#define BU_KERN_NETLINK_H

#include <stddef.h>

struct nl_msg;
struct nlmsghdr;

/* One message of the answer that is no acknowledgement. */
typedef void bu_nl_fn(void *ctx, struct nlmsghdr *h);
/*
 * Sends msg and reads up to its acknowledgement or the end of the list. 0, or the kernel's -errno, and its words
 * (room bytes, may be NULL). fn may be NULL. msg is freed; NULL: -ENOMEM. -EAGAIN: what is listed changed meanwhile,
 * so that rows may be missing or twice; it was read to its end.
 */
int bu_nl_talk(struct nl_msg *msg, bu_nl_fn *fn, void *ctx, char *words, size_t room);

#endif
