/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * differ [--seed S] [--cmd NAME] [--full] [--pairs N] [--most N] [-v]: see differ.h. One test point a command.
 * --full: all of what is else a sample. --pairs: random combinations of broken fields for each valid call; --most: differences shown, per
 * command; -v prints every call, -vv also before it is made.
 */
#include "core.h"
#include "kern/kern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

/* Reasons to differ. Keep it short: each row is something that a user could notice. */
const struct exempt exempts[] = {
	{ BPF_MAP_CREATE, 1, -EOPNOTSUPP, NULL, "a map type that the VM does not have" },
	{ BPF_MAP_CREATE, -E2BIG, 1, "map_type=10", "a cpumap for more CPUs than this kernel was built for" },
	{ BPF_BTF_LOAD, 0, -EINVAL, "(byte 3", "an integer that is longer than its bits has no value" },
	{ BPF_LINK_CREATE, -EOPNOTSUPP, 0, "xdp", "every device of the VM has a driver's mode" },
	{ BPF_PROG_LOAD, -ENOSPC, 0, "log", "its verifier has less to say" },
	{ BPF_PROG_TEST_RUN, 0, 0, "[36]=5a", "a run may take as many ns as what stood there" },
	{ BPF_TOKEN_CREATE, 1, -EOPNOTSUPP, NULL, "there are no rights to delegate" },
	{ BPF_PROG_STREAM_READ_BY_FD, 1, -EOPNOTSUPP, NULL, "programs have no streams here" },
};
const unsigned nexempts = BU_ARRAY_SIZE(exempts);

static const struct {
	void (*fn)(void);
} tests[] = { { map_tests }, { batch_tests }, { obj_tests }, { prog_tests } };

static int usage(void)
{
	fprintf(stderr, "usage: differ [--seed S] [--cmd NAME] [--full] [--pairs N] [--most N] [-v]\n");
	return 2;
}

static int parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *w = argv[i], *v = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(w, "-v") == 0 || strcmp(w, "-vv") == 0) {
			options.verbose = (int)strlen(w) - 1;
			continue;
		}
		if (strcmp(w, "--full") == 0) {
			options.full = true;
			continue;
		}
		if (!v)
			return usage();
		i++;
		if (strcmp(w, "--seed") == 0)
			options.seed = strtoull(v, NULL, 0);
		else if (strcmp(w, "--cmd") == 0)
			options.cmd = v;
		else if (strcmp(w, "--pairs") == 0)
			options.pairs = (unsigned)strtoul(v, NULL, 0);
		else if (strcmp(w, "--most") == 0)
			options.most = (unsigned)strtoul(v, NULL, 0);
		else
			return usage();
	}
	return 0;
}

static bool kernel_has_bpf(void)
{
	struct bu_sys *s = bu_kern_open();
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = a.value_size = a.max_entries = 4;
	fd = s ? bu_sys_map_create(s, &a) : -ENOMEM;
	if (s)
		s->ops->destroy(s);
	if (fd < 0) {
		printf("1..0 # SKIP needs bpf(2): %s\n", bu_errno_name(fd));
		return false;
	}
	close(fd);
	return true;
}

/* One group of commands, in a process with a world of its own. */
static int group(unsigned i, struct counts *told)
{
	int err = core_init();

	if (!err)
		err = fixtures_init();
	if (err) {
		printf("Bail out! cannot start: %s\n", bu_errno_name(err));
		fixtures_end();
		return 1;
	}
	tests[i].fn();
	fixtures_end();
	*told = counts;
	return 0;
}

static void add_counts(const struct counts *c)
{
	for (unsigned i = 0; i < TALLIES; i++) {
		struct tally *t = &counts.cmd[i];

		if (c->cmd[i].name)
			t->name = c->cmd[i].name;
		t->runs += c->cmd[i].runs;
		t->good += c->cmd[i].good;
		t->differ += c->cmd[i].differ;
		t->exempt += c->cmd[i].exempt;
		t->missing += c->cmd[i].missing;
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(c->by_row); i++)
		counts.by_row[i] += c->by_row[i];
}

/* Side by side: the kernel makes most calls that change something wait. How many groups broke. */
static unsigned all_groups(void)
{
	size_t size = BU_ARRAY_SIZE(tests) * sizeof(counts);
	struct counts *told = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[BU_ARRAY_SIZE(tests)], self = getpid();
	unsigned bad = 0;
	int st;

	if (told == MAP_FAILED)
		return 1;
	fflush(stdout);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(tests); i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			_exit(getppid() == self ? group(i, &told[i]) | (fflush(stdout) != 0) : 1);
		}
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(tests); i++) {
		if (pid[i] < 0 || waitpid(pid[i], &st, 0) != pid[i] || st) {
			printf("# group %u of commands did not end well\n", i);
			bad++;
		} else {
			add_counts(&told[i]);
		}
	}
	munmap(told, size);
	return bad;
}

int main(int argc, char **argv)
{
	unsigned n = 0, bad, broken, runs = 0, exempt = 0, missing = 0;

	if (getenv("BPFUTILS_EMULATOR") && *getenv("BPFUTILS_EMULATOR")) {
		puts("1..0 # SKIP needs programs that run without an emulator");
		return 0;
	}
	options.seed = 1;
	options.most = 10;
	options.pairs = 4;
	if (parse(argc, argv))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!kernel_has_bpf())
		return 0;
	bad = broken = all_groups();
	if (broken)
		printf("not ok %u - every group of commands came to its end\n", ++n);
	for (unsigned i = 0; i < TALLIES; i++) {
		const struct tally *t = &counts.cmd[i];

		if (!t->runs && !t->missing)
			continue;
		bad += t->differ || t->missing;
		printf("%sok %u - %s: %u calls, %u of them good; %u differ, %u exempt, %u without fixture\n",
		       t->differ || t->missing ? "not " : "", ++n, t->name, t->runs, t->good, t->differ,
		       t->exempt, t->missing);
		runs += t->runs;
		exempt += t->exempt;
		missing += t->missing;
	}
	for (unsigned i = 0; i < nexempts; i++)
		if (counts.by_row[i])
			printf("# exempt %u: %s\n", counts.by_row[i], exempts[i].why);
	if (!options.cmd) {
		n++;
		printf("%sok %u - at least 5000 attributes were sent\n", runs < 5000 ? "not " : "", n);
		bad += runs < 5000;
	}
	printf("# %u calls, %u exempt, %u without fixture\n1..%u\n", runs, exempt, missing, n);
	return bad != 0;
}
