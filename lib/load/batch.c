// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * All programs of a plan into the kernel. The kernel verifies programs of a privileged caller in parallel,
 * so that they are tried by several threads, the largest first. What comes out does not depend on who was
 * faster: a program is left untried only when one before it in the plan's order has failed, and that one is
 * what the caller gets to hear of.
 *
 * What threads share: the plan and the jobs' memory, which they only read, and s->ops->bpf of the kernel
 * backend, which is a system call and nothing else. Diagnostics, features and explanations are not theirs.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "load/priv.h"

#define MAX_THREADS 16
/* Below that many instructions in all, a thread costs more than it saves (about 0.1 ms each). */
#define MIN_INSNS 1500

struct batch {
	const struct bu_plan *p;
	struct load_job **jobs;
	const unsigned *order;    /* plan programs, the largest first */
	unsigned n;
	bool stop;                /* a failure ends it for those behind it */
	atomic_uint next;         /* index into order */
	atomic_uint failed;       /* the first plan program that failed, UINT_MAX: none */
};

static void *work(void *arg)
{
	struct batch *b = arg;
	unsigned i;

	while ((i = atomic_fetch_add(&b->next, 1)) < b->n) {
		unsigned prog = b->order[i], was;

		if (b->stop && prog > atomic_load(&b->failed))
			continue;
		if (bu_load_job_try(b->jobs[prog]) >= 0 || !b->stop)
			continue;
		was = atomic_load(&b->failed);
		while (prog < was && !atomic_compare_exchange_weak(&b->failed, &was, prog))
			;
	}
	return NULL;
}

static unsigned cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (unsigned)n;
}

/* Largest first; of equal ones, the plan's order. */
static unsigned *make_order(const struct bu_plan *p, struct load_job **jobs, unsigned *n, uint64_t *insns)
{
	const struct bu_plan_priv *v = p->priv;
	unsigned *order = calloc(v->nprogs + 1, sizeof(*order));

	*n = 0;
	*insns = 0;
	for (unsigned i = 0; order && i < v->nprogs; i++) {
		unsigned k = *n;

		if (!jobs[i])
			continue;
		*insns += v->progs[i].code.ninsns;
		while (k && v->progs[order[k - 1]].code.ninsns < v->progs[i].code.ninsns) {
			order[k] = order[k - 1];
			k--;
		}
		order[k] = i;
		(*n)++;
	}
	return order;
}

int bu_load_batch(const struct bu_plan *p, struct bu_sys *s, const int *map_fds,
		  const struct bu_loaded *out, struct load_job **jobs)
{
	const struct bu_plan_priv *v = p->priv;
	struct batch b = { .p = p, .jobs = jobs, .stop = !p->opts->keep_going };
	pthread_t id[MAX_THREADS];
	unsigned nthreads = 0, started = 0, *order;
	uint64_t insns;

	for (unsigned i = 0; i < v->nprogs; i++) {
		if (v->progs[i].dead || out->progs[i].place.failed)
			continue;
		jobs[i] = bu_load_job_begin(p, s, i, map_fds, out);
		if (!jobs[i])
			return -ENOMEM;
	}
	order = make_order(p, jobs, &b.n, &insns);
	if (!order)
		return -ENOMEM;
	b.order = order;
	atomic_init(&b.next, 0);
	atomic_init(&b.failed, UINT32_MAX);
	if (s->parallel && b.n > 1 && insns >= MIN_INSNS)
		nthreads = cpus();
	if (nthreads <= 1)
		for (unsigned i = 0, k = 0; i < v->nprogs; i++) /* one after the other: as they stand */
			if (jobs[i])
				order[k++] = i;
	for (; started + 1 < nthreads && started + 1 < b.n; started++)
		if (pthread_create(&id[started], NULL, work, &b))
			break;
	work(&b);
	while (started)
		pthread_join(id[--started], NULL);
	free(order);
	return 0;
}
