/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the events that hooks of networking see, each once, within this process:
 *
 *   netdo [-c CGROUP] WHAT...
 *
 * WHAT: tcp ADDR   a connection to ourselves: bind, listen, connect, accept, names asked for, 5 bytes sent
 *       udp ADDR   a datagram of 5 bytes, by sendto and recvfrom
 *       unix       a stream and a datagram between unix sockets with names in the working directory
 *       sockopt    one setsockopt and one getsockopt of SO_KEEPALIVE
 *       read FILE  opens it and reads a byte
 *       poke ADDR  a datagram to a port where nobody is: done when that was answered, failed after a second
 *       send ADDR  a datagram to that port, whoever gets it
 *       fd PORT COMMAND...  a UDP socket at 127.0.0.1:PORT (SO_REUSEPORT) as file descriptor 9 of COMMAND
 *       self PORT  a datagram to 127.0.0.1:PORT, which comes out of file descriptor 9 within a second
 *       sleep      waits for a line on standard input, or its end
 *       to PORT    connects to 127.0.0.1:PORT by TCP, prints what the other side sends
 *       serve PORT WORD  listens at 127.0.0.1:PORT (SO_REUSEPORT), prints "ready", sends WORD to one client
 * -c moves the process there before. Ends with 1 and a word at the first failure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

union addr {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_un un;
};

static void fail(const char *what)
{
	fprintf(stderr, "netdo: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* -1 is failure. */
static int must(int r, const char *what)
{
	if (r < 0)
		fail(what);
	return r;
}

static socklen_t make(union addr *a, const char *text, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(text, ':')) {
		a->six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(port) };
		if (inet_pton(AF_INET6, text, &a->six.sin6_addr) != 1)
			fail(text);
		return sizeof(a->six);
	}
	a->four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port) };
	if (inet_pton(AF_INET, text, &a->four.sin_addr) != 1)
		fail(text);
	return sizeof(a->four);
}

static void pass(int from, int to)
{
	char buf[16] = "";

	must((int)send(from, "hello", 5, 0), "send");
	if (must((int)recv(to, buf, sizeof(buf), 0), "recv") != 5 || memcmp(buf, "hello", 5) != 0)
		fail("another text came");
}

static void tcp(const char *text)
{
	union addr a, b;
	socklen_t n = make(&a, text, 0), len = sizeof(b);
	int l = must(socket(a.any.sa_family, SOCK_STREAM, 0), "socket"), c, s;

	must(bind(l, &a.any, n), "bind");
	must(listen(l, 1), "listen");
	must(getsockname(l, &a.any, &n), "getsockname");
	c = must(socket(a.any.sa_family, SOCK_STREAM, 0), "socket");
	must(connect(c, &a.any, n), "connect");
	s = must(accept(l, NULL, NULL), "accept");
	must(getpeername(c, &b.any, &len), "getpeername");
	pass(c, s);
	close(c);
	close(s);
	close(l);
}

static void udp(const char *text)
{
	union addr a, b;
	socklen_t n = make(&a, text, 0), len = sizeof(b);
	int r = must(socket(a.any.sa_family, SOCK_DGRAM, 0), "socket");
	int s = must(socket(a.any.sa_family, SOCK_DGRAM, 0), "socket");
	char buf[16];

	must(bind(r, &a.any, n), "bind");
	must(getsockname(r, &a.any, &n), "getsockname");
	must((int)sendto(s, "hello", 5, 0, &a.any, n), "sendto");
	if (must((int)recvfrom(r, buf, sizeof(buf), 0, &b.any, &len), "recvfrom") != 5)
		fail("another text came");
	close(s);
	close(r);
}

static socklen_t name(union addr *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->un.sun_family = AF_UNIX;
	strncpy(a->un.sun_path, path, sizeof(a->un.sun_path) - 1);
	unlink(path);
	return (socklen_t)sizeof(a->un);
}

static void unix_sockets(void)
{
	union addr a, b;
	socklen_t n = name(&a, "stream.sock"), len = sizeof(b);
	int l = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), c = must(socket(AF_UNIX, SOCK_STREAM, 0), "socket"), s;
	char buf[16];

	must(bind(l, &a.any, n), "bind");
	must(listen(l, 1), "listen");
	must(connect(c, &a.any, n), "connect");
	s = must(accept(l, NULL, NULL), "accept");
	must(getpeername(c, &b.any, &len), "getpeername");
	len = sizeof(b);
	must(getsockname(s, &b.any, &len), "getsockname");
	pass(c, s);
	close(c);
	close(s);
	close(l);
	n = name(&a, "datagram.sock");
	l = must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	c = must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	must(bind(l, &a.any, n), "bind");
	name(&b, "sender.sock");
	must(bind(c, &b.any, n), "bind"); /* recvmsg_unix is asked about senders with a name */
	must((int)sendto(c, "hello", 5, 0, &a.any, n), "sendto");
	len = sizeof(b);
	must((int)recvfrom(l, buf, sizeof(buf), 0, &b.any, &len), "recvfrom");
	close(c);
	close(l);
}

static void sockopt(void)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), on = 1;
	socklen_t n = sizeof(on);

	must(setsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &on, n), "setsockopt");
	must(getsockopt(s, SOL_SOCKET, SO_KEEPALIVE, &on, &n), "getsockopt");
	close(s);
}

static void read_file(const char *path)
{
	int fd = must(open(path, O_RDONLY), path);
	char c;

	must((int)read(fd, &c, 1), path);
	close(fd);
}

static void poke(const char *text)
{
	union addr a;
	socklen_t n = make(&a, text, 9);
	int s = must(socket(a.any.sa_family, SOCK_DGRAM, 0), "socket");
	struct timeval limit = { .tv_usec = 250000 };
	int tries = 4; /* a device that has just got a program may lose one */
	char c;

	must(setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), "setsockopt");
	must(connect(s, &a.any, n), "connect");
	do
		must((int)send(s, "x", 1, 0), "send");
	while (recv(s, &c, 1, 0) < 0 && errno == EAGAIN && --tries);
	if (errno != ECONNREFUSED)
		fail(text);
	close(s);
}

static void send_to(const char *text)
{
	union addr a;
	socklen_t n = make(&a, text, 9);
	int s = must(socket(a.any.sa_family, SOCK_DGRAM, 0), "socket");

	must((int)sendto(s, "x", 1, 0, &a.any, n), "sendto");
	close(s);
}

static void fd_for(const char *port, char **command)
{
	union addr a;
	socklen_t n = make(&a, "127.0.0.1", (uint16_t)atoi(port));
	int s = must(socket(AF_INET, SOCK_DGRAM, 0), "socket"), on = 1;

	must(setsockopt(s, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "setsockopt");
	must(bind(s, &a.any, n), "bind");
	must(dup2(s, 9), "dup2");
	close(s);
	execvp(command[0], command);
	fail(command[0]);
}

static void self(const char *port)
{
	union addr a;
	socklen_t n = make(&a, "127.0.0.1", (uint16_t)atoi(port));
	int s = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	struct timeval limit = { .tv_sec = 1 };
	char c;

	must(setsockopt(9, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), "setsockopt");
	must((int)sendto(s, "x", 1, 0, &a.any, n), "sendto");
	must((int)recv(9, &c, 1, 0), "recv");
	close(s);
}

static void to(const char *port)
{
	union addr a;
	socklen_t n = make(&a, "127.0.0.1", (uint16_t)atoi(port));
	int s = must(socket(AF_INET, SOCK_STREAM, 0), "socket");
	char buf[64];
	ssize_t got;

	must(connect(s, &a.any, n), "connect");
	while ((got = recv(s, buf, sizeof(buf), 0)) > 0)
		fwrite(buf, 1, (size_t)got, stdout);
	close(s);
}

static void serve(const char *port, const char *word)
{
	union addr a;
	socklen_t n = make(&a, "127.0.0.1", (uint16_t)atoi(port));
	int l = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), s, on = 1;

	must(setsockopt(l, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), "setsockopt");
	must(bind(l, &a.any, n), "bind");
	must(listen(l, 4), "listen");
	puts("ready");
	fflush(stdout);
	s = must(accept(l, NULL, NULL), "accept");
	must((int)send(s, word, strlen(word), 0), "send");
	close(s);
	close(l);
}

static void join(const char *cgroup)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	f = fopen(path, "w");
	if (!f || fprintf(f, "0\n") < 0 || fclose(f))
		fail(path);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "-c") == 0)
			join(next), i++;
		else if (strcmp(argv[i], "tcp") == 0)
			tcp(next), i++;
		else if (strcmp(argv[i], "udp") == 0)
			udp(next), i++;
		else if (strcmp(argv[i], "unix") == 0)
			unix_sockets();
		else if (strcmp(argv[i], "sockopt") == 0)
			sockopt();
		else if (strcmp(argv[i], "read") == 0)
			read_file(next), i++;
		else if (strcmp(argv[i], "poke") == 0)
			poke(next), i++;
		else if (strcmp(argv[i], "send") == 0)
			send_to(next), i++;
		else if (strcmp(argv[i], "fd") == 0 && i + 2 < argc)
			fd_for(next, argv + i + 2);
		else if (strcmp(argv[i], "self") == 0)
			self(next), i++;
		else if (strcmp(argv[i], "sleep") == 0)
			getchar();
		else if (strcmp(argv[i], "to") == 0)
			to(next), i++;
		else if (strcmp(argv[i], "serve") == 0)
			serve(next, i + 2 < argc ? argv[i + 2] : ""), i += 2;
		else
			return fprintf(stderr, "netdo: what is %s?\n", argv[i]), 2;
	}
	return 0;
}
