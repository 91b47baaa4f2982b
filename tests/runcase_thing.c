/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cases put into maps beside values: sockets, processes, control groups, samples of a user_ringbuf. */
#include "runcase.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DISCARD (1u << 30)
#define ROOM 4096u

/* One that is bound to a port of 127.0.0.1 of the kernel's choice. */
static int bound(int type)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
	if (fd >= 0 && !bind(fd, (struct sockaddr *)&a, sizeof(a)) && (type == SOCK_DGRAM || !listen(fd, 8)))
		return fd;
	close(fd);
	return -1;
}

static int opened[64];
static unsigned nopened;

/* Maps know sockets by their cookies. */
static bool no_cookies;

bool things_lack_cookies(void)
{
	bool was = no_cookies;

	no_cookies = false;
	return was;
}

static int keep(int fd)
{
	uint64_t cookie;
	socklen_t n = sizeof(cookie);

	if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) &&
	    errno != ENOTSOCK)
		no_cookies = true;
	if (fd >= 0 && nopened < BU_ARRAY_SIZE(opened))
		opened[nopened++] = fd;
	return fd;
}

/* By a connection whose other end stays open. */
static int connected(void)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);
	int l = keep(bound(SOCK_STREAM)), fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (l >= 0 && fd >= 0 && !getsockname(l, (struct sockaddr *)&a, &n) &&
	    !connect(fd, (struct sockaddr *)&a, n) && keep(accept4(l, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		return fd;
	close(fd);
	return -1;
}

static int cgroup(void)
{
	char line[1024], dir[256], type[32];
	FILE *f = fopen("/proc/self/mounts", "re");
	int fd = -1;

	while (f && fd < 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %255s %31s", dir, type) == 2 && !strcmp(type, "cgroup2"))
			fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f)
		fclose(f);
	return fd;
}

static int open_by_name(struct bu_str name)
{
	return bu_str_is(name, "listener")  ? bound(SOCK_STREAM) :
	       bu_str_is(name, "udp")	    ? bound(SOCK_DGRAM) :
	       bu_str_is(name, "connected") ? connected() :
	       bu_str_is(name, "unbound")   ? socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) :
	       bu_str_is(name, "cgroup")    ? cgroup() :
	       bu_str_is(name, "self")	    ? (int)syscall(SYS_pidfd_open, getpid(), 0) :
	       bu_str_is(name, "file")	    ? open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

int thing_open(struct bu_str name)
{
	return keep(open_by_name(name));
}

void things_close(void)
{
	while (nopened)
		close(opened[--nopened]);
}

bool sample_put(struct bu_sys *s, int map, const uint8_t *value, uint32_t n, bool discard)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info), len = n | (discard ? DISCARD : 0);
	uint8_t *prod, *at;
	uint64_t pos;
	int err;

	if (bu_sys_info(s, map, &info, &size))
		return false;
	prod = s->ops->mmap(s, map, ROOM + 2 * (size_t)info.max_entries, true, ROOM, &err);
	if (!prod)
		return false;
	pos = *(volatile uint64_t *)prod;
	at = prod + ROOM + (pos & (info.max_entries - 1));
	memcpy(at, &len, 4);
	memcpy(at + 8, value, n);
	__atomic_store_n((uint64_t *)(void *)prod, pos + ((n + 8 + 7) & ~7u), __ATOMIC_RELEASE);
	s->ops->munmap(s, prod, ROOM + 2 * (size_t)info.max_entries);
	return true;
}
