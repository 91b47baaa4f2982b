/* SPDX-License-Identifier: GPL-2.0-or-later */
/* killstorm [--rounds N] [--seed S]: kills at each system call, then at random instructions. */
#include "killstorm.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN 3

struct ks_shared *ks_shared;
char ks_world[64];
int ks_focus;
static uint64_t seed, base;
static const struct ks_part *const parts[] = { &ks_maps, &ks_objects };

uint64_t ks_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

void ks_bad(const char *fmt, ...)
{
	va_list ap;

	if (atomic_fetch_add(&ks_shared->bad, 1))
		return;
	va_start(ap, fmt);
	vsnprintf(ks_shared->text, sizeof(ks_shared->text), fmt, ap);
	va_end(ap);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static struct bu_sys *open_world(void)
{
	struct bu_vm_options o = { .world = ks_world };
	struct bu_sys *s;

	return bu_vm_open(&s, &o, NULL) ? NULL : s;
}

/* A child: steps of one part, by its own view of the world. n 0: until it is killed. */
/* Which part of a child's life its parent steps through. */
enum trace { NOT_TRACED, FROM_START, FROM_FIRST_STEP, AFTER_A_WHILE };
#define WHILE 300 /* operations */

static void stop_for_parent(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
}

static void child(const struct ks_part *p, unsigned who, unsigned n, uint64_t own_seed, enum trace trace)
{
	struct bu_sys *s;

	alarm(60); /* whatever happens to the parent */
	seed = own_seed | 1;
	if (trace == FROM_START)
		stop_for_parent();
	s = open_world();
	if (!s || p->open(s))
		_exit(3);
	for (unsigned i = 0; trace == AFTER_A_WHILE && i < WHILE; i++)
		p->step(s, who);
	if (trace >= FROM_FIRST_STEP)
		stop_for_parent();
	for (unsigned i = 0; !n || i < n; i++) {
		p->step(s, who);
		atomic_fetch_add_explicit(&ks_shared->ops, 1, memory_order_relaxed);
	}
	_exit(0);
}

static pid_t start(const struct ks_part *p, unsigned who, unsigned n, uint64_t own_seed, enum trace trace)
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		child(p, who, n, own_seed, trace);
	return pid;
}

static void finish(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
}

/* Kills at the nth stop of a system call. False: it had ended before. */
static bool kill_at_syscall(const struct ks_part *p, unsigned who, unsigned nth)
{
	pid_t pid = start(p, who, p->script, base * 8 + who, FROM_START);
	int st;

	if (pid < 0 || waitpid(pid, &st, __WALL) != pid || !WIFSTOPPED(st))
		return false;
	for (unsigned i = 0; i < nth; i++) {
		if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) || waitpid(pid, &st, __WALL) != pid)
			break;
		if (!WIFSTOPPED(st)) {
			if (WIFEXITED(st) && WEXITSTATUS(st))
				ks_bad("a child ended with %d", WEXITSTATUS(st));
			else if (WIFSIGNALED(st))
				ks_bad("a child ended by signal %d", WTERMSIG(st));
			return false;
		}
	}
	finish(pid);
	return true;
}

static unsigned steps;     /* instructions of changes */
static unsigned caught[2]; /* rounds that met a lock held, a decided change */

/*
 * Kills after a random number of single instructions, somewhere in its script; mostly between taking a
 * lock and giving it back: while a change is prepared, or in the few instructions that make it.
 */
static void kill_at_insn(const struct ks_part *p, struct bu_sys *s, unsigned who)
{
	enum ks_busy is = KS_IDLE, want = !p->busy || ks_random() % 4 == 0 ? KS_IDLE :
					  ks_random() % 2 ? KS_LOCKED : KS_COMMITTED;
	bool seen = want == KS_IDLE;
	unsigned skip = (unsigned)(ks_random() % 100);
	unsigned insns = seen ? (unsigned)(ks_random() % 3000) : 15000; /* until a change is met */
	pid_t pid;
	int st;

	ks_focus = seen ? 0 : -1;
	pid = start(p, seen ? who : who % 2, 0, ks_random(), FROM_FIRST_STEP);
	ks_focus = 0;
	if (pid < 0 || waitpid(pid, &st, __WALL) != pid || !WIFSTOPPED(st))
		return;
	for (unsigned i = 0; i < skip + insns; i++) {
		if (!seen && i >= skip && (is || i % 16 == 0)) {
			is = p->busy(s);
			seen = is >= want;
			caught[want == KS_COMMITTED] += seen;
			if (seen)
				insns = i - skip + 1 + (unsigned)(ks_random() % (want == KS_LOCKED ? 800 : 60));
		}
		if (ptrace(i < skip ? PTRACE_SYSCALL : PTRACE_SINGLESTEP, pid, NULL, NULL) ||
		    waitpid(pid, &st, __WALL) != pid || !WIFSTOPPED(st))
			break;
	}
	finish(pid);
}

/* One child on one map: after each instruction of n changes the map must be one that can be recovered. */
static bool each_insn(const struct ks_part *p, struct bu_sys *s, unsigned i, unsigned who, unsigned n)
{
	bool held = false, was;
	unsigned looks = 0;
	pid_t pid;
	int st;

	ks_focus = (int)i + 1;
	pid = start(p, who, 0, ks_random(), AFTER_A_WHILE);
	ks_focus = 0;
	if (pid < 0 || waitpid(pid, &st, __WALL) != pid || !WIFSTOPPED(st))
		ks_bad("a child did not stop");
	for (unsigned k = 0; n && k < 400000 && !atomic_load(&ks_shared->bad); k++) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) || waitpid(pid, &st, __WALL) != pid ||
		    !WIFSTOPPED(st)) {
			ks_bad("a child ended");
			break;
		}
		was = held;
		held = p->probe(s, i);
		looks += held;
		n -= was && !held;
	}
	finish(pid);
	if (!looks)
		ks_bad("no change was met");
	steps += looks;
	return !atomic_load(&ks_shared->bad);
}

static bool each_change(const struct ks_part *p, struct bu_sys *s, unsigned n)
{
	const char *name;
	double t = now();
	unsigned i;

	for (i = 0; !p->focus(i, &name); i++)
		for (unsigned who = 0; name && who < 2; who++)
			if (!each_insn(p, s, i, who, n)) {
				printf("# %s: in a change: %s: %s\n", p->name, name, ks_shared->text);
				return false;
			}
	printf("# %s: %u instructions of changes, each as if it were the last, %.1f s\n", p->name, steps,
	       now() - t);
	return true;
}

static void kill_at_time(const struct ks_part *p)
{
	unsigned us = (unsigned)(ks_random() % 8000) + 500;
	pid_t pid[CHILDREN];

	for (unsigned i = 0; i < CHILDREN; i++)
		pid[i] = start(p, i, 0, ks_random(), NOT_TRACED);
	usleep(us);
	for (unsigned i = 0; i < CHILDREN; i++)
		finish(pid[i]);
}

static bool checked(const struct ks_part *p, struct bu_sys *s, const char *when, unsigned n)
{
	p->check(s);
	if (!atomic_load(&ks_shared->bad))
		return true;
	ks_shared->text[sizeof(ks_shared->text) - 1] = 0;
	printf("# %s: killed %s %u: %s\n", p->name, when, n, ks_shared->text);
	return false;
}

static bool storm(const struct ks_part *p, unsigned rounds)
{
	struct bu_sys *s = open_world();
	double t = now();
	unsigned n = 0, calls = 0;
	int err = s ? p->setup(s) : -EIO;

	if (err) {
		printf("# %s: cannot be set up: %d\n", p->name, err);
		return false;
	}
	for (unsigned who = 0; who < CHILDREN; who++)
		/* Odd stops are in front of a call; few rounds: a sample of them. */
		for (n = 1; kill_at_syscall(p, who, n); n += rounds < 500 ? p->stride : 2, calls++)
			if (!checked(p, s, "at stop", n))
				return false;
	if (!checked(p, s, "at the end, call", n))
		return false;
	printf("# %s: %u kills at system calls, %.1f s\n", p->name, calls, now() - t);
	if (p->focus && !each_change(p, s, rounds < 500 ? 1 : rounds / 100))
		return false;
	for (n = 0; n < rounds; n++) {
		if (n & 1)
			kill_at_insn(p, s, (unsigned)(ks_random() % CHILDREN));
		else
			kill_at_time(p);
		if (!checked(p, s, n & 1 ? "at an instruction, round" : "at a time, round", n))
			return false;
	}
	printf("# %s: %u rounds of kills anywhere, %u of them under a lock, %u when a change was decided, "
	       "%llu operations, %.1f s\n", p->name, rounds, caught[0], caught[1],
	       (unsigned long long)atomic_load(&ks_shared->ops), now() - t);
	caught[0] = caught[1] = 0;
	s->ops->destroy(s);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option opts[] = {
		{ "rounds", required_argument, NULL, 'r' }, { "seed", required_argument, NULL, 's' }, { 0 },
	};
	unsigned rounds = 20, bad = 0;
	char cmd[128];
	int c;

	if (getenv("BPFUTILS_EMULATOR") && *getenv("BPFUTILS_EMULATOR")) {
		puts("1..0 # SKIP needs programs that run without an emulator");
		return 0;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	seed = 20261124;
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 'r') {
			rounds = (unsigned)strtoul(optarg, NULL, 0);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 0) | 1;
		} else {
			fprintf(stderr, "usage: killstorm [--rounds N] [--seed S]\n");
			return 2;
		}
	}
	base = seed;
	ks_shared = mmap(NULL, sizeof(*ks_shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	strcpy(ks_world, "/dev/shm/bpfutils-test-XXXXXX");
	if (ks_shared == MAP_FAILED || !mkdtemp(ks_world)) {
		printf("1..0 # SKIP needs \"a tmpfs at /dev/shm\"\n");
		return 0;
	}
	strcat(ks_world, "/w");
	for (unsigned i = 0; i < BU_ARRAY_SIZE(parts); i++) {
		bool fine = storm(parts[i], rounds);

		printf("%sok %u - %s: nothing is lost, doubled, torn or held by the dead\n",
		       fine ? "" : "not ", i + 1, parts[i]->name);
		bad += !fine;
	}
	printf("1..%zu\n", BU_ARRAY_SIZE(parts));
	*strrchr(ks_world, '/') = 0;
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", ks_world);
	if (bad)
		printf("# the world is kept in %s\n", ks_world);
	else if (system(cmd))
		return 1;
	return bad != 0;
}
