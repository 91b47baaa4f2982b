/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a command for which bpf(2) and perf_event_open(2) are refused, as in most containers:
 *
 *   blocked [-s] [-t] COMMAND [ARG]...
 *
 * -s: with ENOSYS instead of EPERM; -t: tells on fd 2 the milliseconds that the command took, by the clock
 * and of all its processors.
 * Exit status: the command's; 77 where no filter can be set.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int block(int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_bpf, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
	};
	struct sock_fprog prog = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int err = EPERM, c, status;
	int timed = 0;
	struct rusage use;
	double begin, cpu;
	pid_t pid;

	while ((c = getopt(argc, argv, "+st")) != -1) {
		if (c == '?')
			return 2;
		if (c == 's')
			err = ENOSYS;
		else
			timed = 1;
	}
	if (optind >= argc) {
		fprintf(stderr, "usage: blocked [-s] [-t] COMMAND [ARG]...\n");
		return 2;
	}
	if (block(err)) {
		fprintf(stderr, "blocked: seccomp: %s\n", strerror(errno));
		return 77;
	}
	begin = now();
	pid = timed ? fork() : 0;
	if (pid < 0)
		return 1;
	if (pid == 0) {
		execvp(argv[optind], argv + optind);
		fprintf(stderr, "blocked: %s: %s\n", argv[optind], strerror(errno));
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	begin = now() - begin;
	getrusage(RUSAGE_CHILDREN, &use);
	cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e3 +
	      (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e3;
	fprintf(stderr, "%.1f ms, %.1f ms of CPU\n", begin, cpu);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
