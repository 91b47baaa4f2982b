/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ring of trace_printk: other processes' lines, their order, what is lost, writers that die. */
#include "vm/helper.h"
#include "tests/unit/tap.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[] = "/dev/shm/bpfutils-test-XXXXXX";

static struct bu_sys *join(void)
{
	struct bu_vm_options o = { .world = dir };
	struct bu_sys *s = NULL;
	struct bu_diags ds;

	bu_diags_init(&ds);
	bu_vm_open(&s, &o, &ds);
	bu_diags_free(&ds);
	return s;
}

static void say(struct bu_sys *s, const char *text)
{
	struct bu_vm_run run = { .vm = bu_vm(s) };

	bu_vm_trace(&run, text, strlen(text));
}

/* What the child said is "w N"; are all of its numbers there, ascending? */
static void read_all(struct bu_sys *s, uint64_t *pos, unsigned *lines, unsigned *bad, uint64_t *lost)
{
	char text[2048], *p;
	int n, last[2] = { -1, -1 }, who, num;

	while ((n = bu_vm_trace_read(s, pos, text, sizeof(text), lost)) > 0) {
		p = strstr(text, "bpf_trace_printk: ");
		if (!p || sscanf(p + 18, "%d %d", &who, &num) != 2 || who < 0 || who > 1 ||
		    num <= last[who]) {
			++*bad;
			continue;
		}
		last[who] = num;
		++*lines;
	}
}

static pid_t writer(int who, int n)
{
	char text[64];
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid)
		return pid;
	struct bu_sys *s = join();

	for (int i = 0; s && i < n; i++) {
		snprintf(text, sizeof(text), "%d %d", who, i);
		say(s, text);
	}
	if (s && n < 0) /* for ever, until it is killed */
		for (int i = 0;; i++) {
			snprintf(text, sizeof(text), "%d %d", who, i);
			say(s, text);
		}
	_exit(!s);
}

int main(void)
{
	unsigned lines = 0, bad = 0;
	uint64_t pos = 0, lost = 0;
	char text[2048], cmd[128], longest[3000];
	struct bu_sys *s;
	pid_t a, b;
	int n;

	need_native();
	if (!mkdtemp(dir)) {
		printf("1..0 # SKIP needs a tmpfs on /dev/shm\n");
		return 0;
	}
	s = join();
	if (!ok(s != NULL, "a world of its own"))
		return done_testing();
	ok(bu_vm_trace_read(s, &pos, text, sizeof(text), &lost) == 0, "nothing was said yet");
	say(s, "hello\n");
	n = bu_vm_trace_read(s, &pos, text, sizeof(text), &lost);
	ok(n > 0 && strstr(text, ": bpf_trace_printk: hello") && text[n - 1] == 'o', "a line, without its newline");
	ok(pos == 1 && !lost, "the position moves on by one");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	say(s, longest);
	n = bu_vm_trace_read(s, &pos, text, sizeof(text), &lost);
	ok(n > 900 && n < 1024, "a long text is cut");
	n = bu_vm_trace_read(s, &pos, text, 16, &lost);
	ok(n == 0, "and nothing is behind it");

	a = writer(0, 200);
	b = writer(1, 200);
	waitpid(a, NULL, 0);
	waitpid(b, NULL, 0);
	read_all(s, &pos, &lines, &bad, &lost);
	ok(lines == 400 && !bad && !lost, "two processes: %u lines in order, %u bad, %llu lost", lines, bad,
	   (unsigned long long)lost);

	a = writer(0, BU_VM_TRACE_CELLS + 100);
	waitpid(a, NULL, 0);
	lines = 0;
	read_all(s, &pos, &lines, &bad, &lost);
	ok(lines == BU_VM_TRACE_CELLS && lost == 100 && !bad, "the oldest are overwritten, and counted: %u, %llu",
	   lines, (unsigned long long)lost);

	for (int i = 0; i < 60; i++) {
		a = writer(0, -1);
		usleep((useconds_t)(500 + i * 37));
		kill(a, SIGKILL);
		waitpid(a, NULL, 0);
		lines = 0;
		read_all(s, &pos, &lines, &bad, &lost);
	}
	say(s, "1 1");
	lines = 0;
	read_all(s, &pos, &lines, &bad, &lost);
	ok(lines == 1 && !bad, "after sixty writers were killed the next line comes: %u, %u bad", lines, bad);

	/* Rubbish in the ring */
	memset(bu_vm(s)->trace, 0xff, BU_VM_TRACE_CELL * BU_VM_TRACE_CELLS);
	pos = 0;
	n = bu_vm_trace_read(s, &pos, text, sizeof(text), &lost);
	ok(n == 0, "rubbish is no line");
	atomic_store(&bu_vm(s)->root->trace_head, UINT64_MAX);
	ok(bu_vm_trace_read(s, &pos, text, sizeof(text), &lost) == -EUCLEAN, "a head that cannot be");
	say(s, "x");
	s->ops->destroy(s);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ok(system(cmd) == 0, "removed");
	return done_testing();
}
