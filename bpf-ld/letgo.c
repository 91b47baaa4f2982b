// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The end after a signal. The kernel takes some 80 ms to let go of a tracepoint or probe, one after the other
 * when they are closed one after the other (12 of them: 0.9 s), and who pressed Ctrl-C waits. A child gets the
 * fds instead, closes them side by side, and is not waited for: the programs are off when their links are
 * closed, and the process that the user sees is gone at once.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ld.h"

#define WORTH_IT 3u /* fewer are soon done */

static bool is_slow(const struct bu_loaded_link *k)
{
	switch (k->spec.hook) {
	case BU_HOOK_TRACEPOINT:
	case BU_HOOK_KPROBE:
	case BU_HOOK_KRETPROBE:
	case BU_HOOK_UPROBE:
	case BU_HOOK_URETPROBE:
		return !k->stays && (k->at.link_fd >= 0 || k->at.event_fd >= 0);
	default:
		return false;
	}
}

static void *close_one(void *fd)
{
	close((int)(intptr_t)fd);
	return NULL;
}

/* In the child: keeps nothing but those fds, which stand in order. */
static void keep_only(const int *fds, unsigned n)
{
	unsigned next = 0;

	for (unsigned i = 0; i < n; i++) {
		if ((unsigned)fds[i] > next)
			close_range(next, (unsigned)fds[i] - 1, 0);
		next = (unsigned)fds[i] + 1;
	}
	close_range(next, ~0u, 0);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void __attribute__((noreturn)) child(int *fds, unsigned n)
{
	pthread_t *t = calloc(n, sizeof(*t));
	bool *started = calloc(n, sizeof(*started));

	setsid();
	if (chdir("/") < 0)
		_exit(EXIT_FAILURE);
	keep_only(fds, n);
	for (unsigned i = 0; t && started && i < n; i++)
		started[i] = pthread_create(&t[i], NULL, close_one, (void *)(intptr_t)fds[i]) == 0;
	for (unsigned i = 0; t && started && i < n; i++)
		if (started[i])
			pthread_join(t[i], NULL);
	_exit(EXIT_SUCCESS); /* and with it what is still open */
}

void ld_let_go(struct ld *l)
{
	int *fds = bu_arena_array(&l->arena, 2 * (size_t)l->made.nlinks + 1, sizeof(*fds));
	unsigned n = 0;

	if (!fds || !l->sys || strcmp(l->sys->ops->name, "kernel") != 0)
		return;
	for (unsigned i = 0; i < l->made.nlinks; i++) {
		const struct bu_loaded_link *k = &l->made.links[i];

		if (!is_slow(k))
			continue;
		if (k->at.link_fd >= 0)
			fds[n++] = k->at.link_fd;
		if (k->at.event_fd >= 0)
			fds[n++] = k->at.event_fd;
	}
	if (n < WORTH_IT)
		return;
	qsort(fds, n, sizeof(*fds), by_number);
	/* Without a child it takes as long as it takes. */
	if (fork() == 0)
		child(fds, n);
}
