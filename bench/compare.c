/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs two or more commands in turn and prints medians and ratios:
 *
 *   compare [-n RUNS] [-a CLEANUP] TITLE NAME COMMAND NAME COMMAND...
 *
 * The first is ours; a ratio is how many times as much the other takes. Each command is one word,
 * split at spaces and executed without a shell, its stdout thrown away. CLEANUP, if any, runs
 * untimed after each run. Taking turns, and the ratio of two runs made side by side, is what makes
 * figures of a busy machine comparable; one run of each goes unmeasured first.
 */
#define MAX_CMDS 8
#define MAX_RUNS 1000
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct cmd {
	const char *name;
	char *words[64];
	double wall[MAX_RUNS], cpu[MAX_RUNS];
	long peak; /* KiB */
};

static int split(char *text, char **words, int max)
{
	int n = 0;

	for (char *w = strtok(text, " "); w && n < max - 1; w = strtok(NULL, " "))
		words[n++] = w;
	words[n] = NULL;
	return n;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

/* Runs words once; 0 if it exited with 0. wall and cpu in seconds, peak in KiB. */
static int run(char **words, double *wall, double *cpu, long *peak)
{
	struct timespec a, b;
	struct rusage ru;
	int status;
	pid_t pid;

	clock_gettime(CLOCK_MONOTONIC, &a);
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		int null = open("/dev/null", O_WRONLY);

		if (null >= 0)
			dup2(null, 1);
		execvp(words[0], words);
		fprintf(stderr, "compare: %s: %s\n", words[0], strerror(errno));
		_exit(127);
	}
	if (wait4(pid, &status, 0, &ru) < 0)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &b);
	*wall = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
	*cpu = seconds(ru.ru_utime) + seconds(ru.ru_stime);
	*peak = ru.ru_maxrss;
	return status;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void usage(void)
{
	fprintf(stderr, "usage: compare [-n RUNS] [-a CLEANUP] TITLE NAME COMMAND NAME COMMAND...\n");
	exit(2);
}

int main(int argc, char **argv)
{
	static struct cmd cmds[MAX_CMDS];
	char *cleanup[64] = { NULL };
	int runs = 5, ncmds = 0, opt;
	double wall, cpu;
	long peak;

	while ((opt = getopt(argc, argv, "n:a:")) != -1) {
		if (opt == 'n')
			runs = atoi(optarg);
		else if (opt != 'a' || !split(optarg, cleanup, 64))
			usage();
	}
	if (runs < 1 || runs > MAX_RUNS || argc - optind < 5 || (argc - optind) % 2 == 0)
		usage();
	for (int i = optind + 1; i + 1 < argc && ncmds < MAX_CMDS; i += 2) {
		cmds[ncmds].name = argv[i];
		if (!split(argv[i + 1], cmds[ncmds++].words, 64))
			usage();
	}
	for (int r = -1; r < runs; r++) {
		for (int c = 0; c < ncmds; c++) {
			if (run(cmds[c].words, &wall, &cpu, &peak)) {
				fprintf(stderr, "compare: %s failed\n", cmds[c].name);
				return 1;
			}
			if (cleanup[0]) {
				double w, u;
				long p;

				if (run(cleanup, &w, &u, &p))
					fprintf(stderr, "compare: the clean-up failed\n");
			}
			if (r < 0)
				continue;
			cmds[c].wall[r] = wall;
			cmds[c].cpu[r] = cpu;
			if (peak > cmds[c].peak)
				cmds[c].peak = peak;
		}
	}
	printf("%s (median of %d)\n", argv[optind], runs);
	for (int c = 0; c < ncmds; c++) {
		wall = median(cmds[c].wall, runs);
		cpu = median(cmds[c].cpu, runs);
		printf("  %-22s wall %9.4f s   cpu %9.4f s   peak %7.1f MiB", cmds[c].name, wall, cpu,
		       (double)cmds[c].peak / 1024);
		if (c)
			printf("   ratio: wall %.2f, cpu %.2f", wall / median(cmds[0].wall, runs),
			       cpu / median(cmds[0].cpu, runs));
		printf("\n");
	}
	return 0;
}
