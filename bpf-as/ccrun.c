/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the preprocessor: bounded in time and in what it prints. Its streams are files in memory, so
 * that nobody waits for the other; that it ended shows the closing of a pipe that only it holds.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bpf-as/cinclude.h"

#define MAX_OUTPUT (32u << 20)
#define MAX_COMPLAINT 2000u
#define SECONDS 20
#define MAX_ARGS 64
#define NOT_FOUND 127

static void child(char **argv, int in, int out, int err)
{
	const struct rlimit size = { MAX_OUTPUT, MAX_OUTPUT }, core = { 0, 0 }, cpu = { SECONDS, SECONDS };

	setpgid(0, 0);
	setrlimit(RLIMIT_FSIZE, &size);
	setrlimit(RLIMIT_CORE, &core);
	setrlimit(RLIMIT_CPU, &cpu);
	signal(SIGXFSZ, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(NOT_FOUND - 1);
	execvp(argv[0], argv);
	_exit(NOT_FOUND);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Waits until all ends of the pipe are closed. */
static int wait_end(int fd)
{
	int64_t end = now_ms() + SECONDS * 1000, left;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while ((left = end - now_ms()) > 0) {
		int n = poll(&p, 1, (int)left);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
	return -ETIMEDOUT;
}

static int take(int fd, size_t max, struct bu_buf *out)
{
	off_t n = lseek(fd, 0, SEEK_END);
	size_t size;
	uint8_t *p;

	if (n < 0)
		return -errno;
	if ((uint64_t)n >= MAX_OUTPUT)
		return -EFBIG;
	size = (uint64_t)n < max ? (size_t)n : max;
	p = bu_buf_room(out, size + 1);
	if (!p)
		return -ENOMEM;
	for (size_t at = 0; at < size;) {
		ssize_t k = pread(fd, p + at, size - at, (off_t)at);

		if (k <= 0)
			return k < 0 ? -errno : -EIO;
		at += (size_t)k;
	}
	out->n += size;
	return 0;
}

static int run(char **argv, struct bu_str input, struct bu_buf *out, struct bu_buf *complaint)
{
	int in = memfd_create("cc-in", MFD_CLOEXEC), o = memfd_create("cc-out", MFD_CLOEXEC);
	int e = memfd_create("cc-err", MFD_CLOEXEC), end[2] = { -1, -1 }, err = 0, status = 0;
	pid_t pid = -1;

	if (in < 0 || o < 0 || e < 0 || pipe(end)) {
		err = -errno;
		goto out;
	}
	fcntl(end[0], F_SETFD, FD_CLOEXEC);
	err = bu_write_all(in, input.p, input.n);
	if (err)
		goto out;
	lseek(in, 0, SEEK_SET);
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto out;
	}
	if (pid == 0)
		child(argv, in, o, e);
	close(end[1]);
	end[1] = -1;
	err = wait_end(end[0]);
	if (err) {
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (err)
		goto out;
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		err = -ENOENT;
	else
		err = take(o, MAX_OUTPUT, out);
	if (!err && status) {
		err = -EINVAL;
		take(e, MAX_COMPLAINT, complaint);
	}
out:
	for (int i = 0; i < 2; i++)
		if (end[i] >= 0)
			close(end[i]);
	if (in >= 0)
		close(in);
	if (o >= 0)
		close(o);
	if (e >= 0)
		close(e);
	return err;
}

int as_cc_run(const char *const *args, struct bu_str input, struct bu_buf *out, struct bu_buf *complaint)
{
	static const char *const names[] = { "cc", "gcc", "clang" };
	const char *cc = getenv("CC");
	char *words = cc && *cc ? strdup(cc) : NULL, *argv[MAX_ARGS + 1], *save = NULL;
	unsigned first = 0, n;
	int err = -ENOENT;

	if (words)
		for (char *w = strtok_r(words, " \t", &save); w && first < 8; w = strtok_r(NULL, " \t", &save))
			argv[first++] = w;
	for (size_t i = 0; err == -ENOENT && i < (first ? 1 : BU_ARRAY_SIZE(names)); i++) {
		n = first;
		if (!first)
			argv[n++] = (char *)(uintptr_t)names[i];
		for (const char *const *a = args; *a && n < MAX_ARGS; a++)
			argv[n++] = (char *)(uintptr_t)*a;
		argv[n] = NULL;
		err = run(argv, input, out, complaint);
	}
	free(words);
	return err;
}
