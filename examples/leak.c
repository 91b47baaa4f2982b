/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * leak: a process that leaks socket buffers on demand, for the demo and the tests.
 *
 * Reads commands from standard input, a line each, and answers each with "ok" or "error: …":
 *   unix N | udp N     sends N datagrams over an AF_UNIX pair, or UDP over loopback, nobody reads
 *   read N             reads N of those that were sent last
 *   close              closes the pair
 *   tcp BYTES          sends so many bytes over a TCP connection on loopback, reads and closes
 *   now                answers with CLOCK_MONOTONIC in ns
 *   quit
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int from = -1, to = -1; /* the pair: written to, read from */

static int fail(const char *what)
{
	printf("error: %s: %s\n", what, strerror(errno));
	return -1;
}

static void close_pair(void)
{
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	from = to = -1;
}

/* A socket of the type, bound to a free port of loopback, whose address goes into sa. */
static int bound(int type, struct sockaddr_in *sa)
{
	socklen_t len = sizeof(*sa);
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	*sa = (struct sockaddr_in){ .sin_family = AF_INET };
	sa->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (bind(fd, (struct sockaddr *)sa, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)sa, &len) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_unix(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fd) < 0)
		return fail("socketpair");
	from = fd[0];
	to = fd[1];
	return 0;
}

static int open_udp(void)
{
	struct sockaddr_in sa;

	to = bound(SOCK_DGRAM, &sa);
	if (to < 0)
		return fail("udp socket");
	from = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (from < 0 || connect(from, (struct sockaddr *)&sa, sizeof(sa)) < 0)
		return fail("udp connect");
	return 0;
}

static int send_datagrams(long n)
{
	/* A full queue is an error to tell, not a reason to hang. */
	for (long i = 0; i < n; i++)
		if (send(from, "leak", 4, MSG_DONTWAIT) != 4)
			return fail("send");
	return 0;
}

static int read_datagrams(long n)
{
	char buf[64];

	for (long i = 0; i < n; i++)
		if (recv(to, buf, sizeof(buf), MSG_DONTWAIT) != 4)
			return fail("recv");
	return 0;
}

/* Moves n bytes from one end of a connection to the other, both held by this process. */
static int pump(int out, int in, long n)
{
	static char buf[65536];
	long sent = 0, got = 0;

	while (got < n) {
		long want = n - sent < (long)sizeof(buf) ? n - sent : (long)sizeof(buf);
		ssize_t did = want ? send(out, buf, (size_t)want, MSG_DONTWAIT) : 0;

		if (did < 0 && errno != EAGAIN)
			return fail("tcp send");
		if (did > 0)
			sent += did;
		did = recv(in, buf, sizeof(buf), sent > got ? 0 : MSG_DONTWAIT);
		if (did < 0 && errno != EAGAIN)
			return fail("tcp recv");
		if (did > 0)
			got += did;
	}
	return 0;
}

static int tcp(long n)
{
	struct sockaddr_in sa;
	int listener = bound(SOCK_STREAM, &sa), out = -1, in = -1, err = -1;
	char c;

	if (listener < 0 || listen(listener, 1) < 0) {
		fail("tcp listen");
		goto out;
	}
	out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (out < 0 || connect(out, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		fail("tcp connect");
		goto out;
	}
	in = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (in < 0) {
		fail("tcp accept");
		goto out;
	}
	err = pump(out, in, n);
	/* An orderly end, so that nothing is left in a queue. */
	shutdown(out, SHUT_WR);
	if (!err && recv(in, &c, 1, 0) != 0)
		err = fail("tcp end");
out:
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (listener >= 0)
		close(listener);
	return err;
}

static int now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	printf("%lld%09ld\n", (long long)ts.tv_sec, ts.tv_nsec);
	return -1; /* answered */
}

static int command(const char *word, long n)
{
	if (strcmp(word, "unix") == 0 || strcmp(word, "udp") == 0) {
		close_pair();
		if (strcmp(word, "unix") == 0 ? open_unix() : open_udp())
			return -1;
		return send_datagrams(n);
	}
	if (strcmp(word, "read") == 0)
		return read_datagrams(n);
	if (strcmp(word, "close") == 0) {
		close_pair();
		return 0;
	}
	if (strcmp(word, "tcp") == 0)
		return tcp(n);
	if (strcmp(word, "now") == 0)
		return now();
	printf("error: unknown command %s\n", word);
	return -1;
}

int main(void)
{
	char line[128], word[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		long n = 0;

		if (sscanf(line, "%63s %ld", word, &n) < 1)
			continue;
		if (strcmp(word, "quit") == 0)
			break;
		if (command(word, n) == 0)
			puts("ok");
	}
	close_pair();
	return 0;
}
