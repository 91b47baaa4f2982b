/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of our own, and programs on sockets. Sources: socket(7), packet(7). */
#include "kern/private.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Headers before 4.20 and 5.3 lack some of them. */
#ifndef SO_ATTACH_BPF
#define SO_ATTACH_BPF 50
#endif
#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

/* Nobody reads it: what its program lets through is dropped when the smallest buffer is full. */
static int packet_socket(int ifindex)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = ifindex };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), small = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) || bind(fd, (void *)&a, sizeof(a))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static int inet_socket(bool stream, const char *addr, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	bool is6 = addr && strchr(addr, ':');
	int fd, on = 1, err;

	if (addr && inet_pton(is6 ? AF_INET6 : AF_INET, addr, is6 ? (void *)&six.sin6_addr : &four.sin_addr) != 1)
		return -EINVAL;
	fd = socket(is6 ? AF_INET6 : AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ||
	    bind(fd, is6 ? (void *)&six : (void *)&four, is6 ? sizeof(six) : sizeof(four)) ||
	    (stream && listen(fd, 1))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int bu_kern_socket_open(struct bu_sys *s, enum bu_socket_kind kind, int ifindex, const char *addr, uint16_t port)
{
	(void)s;
	return kind == BU_SOCKET_PACKET ? packet_socket(ifindex) : inet_socket(kind == BU_SOCKET_TCP, addr, port);
}

int bu_kern_socket_attach(struct bu_sys *s, int sock, bool reuseport, int prog_fd)
{
	int opt = prog_fd >= 0 ? (reuseport ? SO_ATTACH_REUSEPORT_EBPF : SO_ATTACH_BPF)
			       : (reuseport ? SO_DETACH_REUSEPORT_BPF : SO_DETACH_FILTER);

	(void)s;
	return setsockopt(sock, SOL_SOCKET, opt, &prog_fd, sizeof(prog_fd)) ? -errno : 0;
}
