/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What refusals are explained by: files of securityfs, mounted or not; the XDP program of a device. */
#include "kern/private.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---------------------------------------------------------------- securityfs */

/* Appends what there is to read, at most 4 KiB. */
static int read_fd(int fd, struct bu_buf *out)
{
	uint8_t *p = bu_buf_room(out, 4096);
	ssize_t n = p ? read(fd, p, 4096) : -1;

	if (n < 0)
		return p ? -errno : -ENOMEM;
	out->n += (size_t)n;
	return 0;
}

/*
 * A mount of securityfs that nobody else sees (fsopen, fsmount: Linux 5.2), because most containers and small
 * systems have none. An fd of its root, or -errno.
 */
static int private_mount(void)
{
	int fs, root = -ENOSYS;

	fs = (int)syscall(SYS_fsopen, "securityfs", 1 /* close-on-exec */);
	if (fs < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs, 6 /* create */, NULL, NULL, 0) == 0)
		root = (int)syscall(SYS_fsmount, fs, 1, 0);
	if (root < 0)
		root = -errno;
	close(fs);
	return root;
}

int bu_kern_security(struct bu_sys *s, const char *file, struct bu_buf *out)
{
	char path[96];
	int fd, root, err;

	(void)s;
	snprintf(path, sizeof(path), "/sys/kernel/security/%s", file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		root = private_mount();
		if (root < 0)
			return root;
		fd = openat(root, file, O_RDONLY | O_CLOEXEC);
		err = errno;
		close(root);
		if (fd < 0)
			return -err;
	}
	err = read_fd(fd, out);
	close(fd);
	return err;
}

/* ---------------------------------------------------------------- XDP */

static void read_xdp(const struct rtattr *at, int n, uint32_t *id, uint8_t *mode)
{
	for (; RTA_OK(at, n); at = RTA_NEXT(at, n)) {
		size_t len = RTA_PAYLOAD(at);

		if (at->rta_type == IFLA_XDP_ATTACHED && len >= 1)
			memcpy(mode, RTA_DATA(at), 1);
		else if (at->rta_type == IFLA_XDP_PROG_ID && len >= 4)
			memcpy(id, RTA_DATA(at), 4);
		/* in several modes there is no other */
		else if (!*id && (at->rta_type == IFLA_XDP_DRV_PROG_ID || at->rta_type == IFLA_XDP_SKB_PROG_ID ||
				  at->rta_type == IFLA_XDP_HW_PROG_ID) && len >= 4)
			memcpy(id, RTA_DATA(at), 4);
	}
}

int bu_kern_xdp_get(struct bu_sys *s, int ifindex, uint32_t *prog_id, uint8_t *mode)
{
	struct { struct nlmsghdr h; struct ifinfomsg i; } ask = {
		.h = { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = NLM_F_REQUEST },
		.i = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex },
	};
	_Alignas(struct nlmsghdr) char room[32768];
	const struct nlmsghdr *h = (const void *)room;
	const struct ifinfomsg *info;
	struct timeval limit = { .tv_sec = 1 };
	ssize_t n;
	int fd, left, err = 0;

	(void)s;
	*prog_id = 0;
	*mode = 0;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	n = send(fd, &ask, sizeof(ask), 0) < 0 ? -1 : recv(fd, room, sizeof(room), 0);
	if (n < 0) {
		err = -errno;
		goto out;
	}
	if (!NLMSG_OK(h, (size_t)n) || h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*info))) {
		err = -ENODEV;
		goto out;
	}
	info = NLMSG_DATA(h);
	left = (int)IFLA_PAYLOAD(h);
	for (const struct rtattr *at = IFLA_RTA(info); RTA_OK(at, left); at = RTA_NEXT(at, left)) {
		if ((at->rta_type & NLA_TYPE_MASK) == IFLA_XDP)
			read_xdp(RTA_DATA(at), (int)RTA_PAYLOAD(at), prog_id, mode);
	}
out:
	close(fd);
	return err;
}
