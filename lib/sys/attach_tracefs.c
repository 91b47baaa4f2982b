/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probes as kernels before 4.17 have them: a line in tracefs makes an event of a name, which is opened like a
 * tracepoint and taken away by another line. A process that is killed leaves its line; the next one to
 * come takes away those whose process is gone (the kernel keeps those that are still in use).
 */
#include "sys/attach.h"

#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define GROUP "bpfutils"
#define TRIES 50 /* while the kernel ends what uses an event */

bool bu_attach_tracefs_has(struct bu_attaching *c, const char *file)
{
	return c->s->ops->dyn_event(c->s, file, NULL) == 0;
}

static int take_away(struct bu_sys *s, const char *file, const char *name)
{
	struct timespec t = { .tv_nsec = 10000000 };
	char line[96];
	int err;

	snprintf(line, sizeof(line), "-:" GROUP "/%s", name);
	err = s->ops->dyn_event(s, file, line);
	for (int i = 0; i < TRIES && err == -EBUSY; i++) {
		nanosleep(&t, NULL);
		err = s->ops->dyn_event(s, file, line);
	}
	return err == -ENOENT ? 0 : err;
}

void bu_attach_tracefs_end(struct bu_sys *s, struct bu_attached *at)
{
	char *next = at->dyn, *name;

	while ((name = strsep(&next, " ")))
		take_away(s, name[0] == 'u' ? "uprobe_events" : "kprobe_events", name);
	free(at->dyn);
	at->dyn = NULL;
}

struct stale { struct bu_sys *s; char name[16][48]; unsigned n; };

static bool is_stale(void *ctx, const char *name)
{
	struct stale *v = ctx;
	int pid;

	if (sscanf(name, "%*1[ku]_%d_", &pid) == 1 && pid > 0 && kill(pid, 0) && errno == ESRCH &&
	    strlen(name) < sizeof(v->name[0]))
		strcpy(v->name[v->n++], name);
	return v->n < BU_ARRAY_SIZE(v->name);
}

static void clean(struct bu_sys *s)
{
	struct stale v = { .s = s };

	if (s->ops->names)
		s->ops->names(s, BU_NAMES_TRACEPOINTS, GROUP, is_stale, &v);
	for (unsigned i = 0; i < v.n; i++) {
		char line[96];

		snprintf(line, sizeof(line), "-:" GROUP "/%s", v.name[i]);
		s->ops->dyn_event(s, v.name[i][0] == 'u' ? "uprobe_events" : "kprobe_events", line);
	}
}

int bu_attach_tracefs(struct bu_attaching *c, const char *file, bool ret, const char *place, uint64_t off,
		      uint64_t ref_ctr)
{
	static unsigned serial;
	bool user = file[0] == 'u';
	struct perf_event_attr a;
	char name[48], more[64] = "";
	const char *line;
	int err, id;

	if (!c->s->ops->dyn_event) {
		bu_diag(c->ds, BU_ERROR, "S0103", "%s: the VM has no tracefs", bu_blame_subject(c));
		return -EOPNOTSUPP;
	}
	clean(c->s);
	snprintf(name, sizeof(name), "%c_%d_%u", user ? 'u' : 'k', (int)getpid(), serial++);
	if (user && ref_ctr)
		snprintf(more, sizeof(more), ":0x%llx(0x%llx)", (unsigned long long)off, (unsigned long long)ref_ctr);
	else if (user)
		snprintf(more, sizeof(more), ":0x%llx", (unsigned long long)off);
	else if (off)
		snprintf(more, sizeof(more), "+%llu", (unsigned long long)off);
	line = bu_arena_printf(&c->ds->arena, "%c:" GROUP "/%s %s%s", ret ? 'r' : 'p', name, place, more);
	c->out->dyn = strdup(name);
	if (!line || !c->out->dyn)
		return -ENOMEM;
	err = c->s->ops->dyn_event(c->s, file, line);
	if (err) {
		free(c->out->dyn); /* it was not made */
		c->out->dyn = NULL;
		if (err == -ENOENT && !bu_attach_tracefs_has(c, file))
			return bu_blame_pmu(c, user ? "uprobe" : "kprobe", err);
		return bu_blame_event(c, err);
	}
	id = c->s->ops->tracepoint_id(c->s, GROUP, name);
	if (id < 0)
		return bu_blame_step(c, BU_CMD_PERF_EVENT_OPEN, "reading the event's id", id);
	memset(&a, 0, sizeof(a));
	a.type = PERF_TYPE_TRACEPOINT;
	a.config = (uint32_t)id;
	a.sample_period = 1;
	a.wakeup_events = 1;
	err = bu_attach_open_event(c, &a, c->at->pid ? (int)c->at->pid : -1, c->at->pid ? -1 : 0);
	return err ? err : bu_attach_bind_event(c);
}
