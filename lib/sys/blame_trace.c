/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why tracing programs, replacements, LSM programs and iterators could not be attached, in words. */
#include "sys/attach.h"

#include <linux/perf_event.h>
#include <string.h>

#define ENOTSUPP_KERNEL 524 /* not in errno.h, yet the kernel lets it out */

int bu_blame_cgroup(struct bu_attaching *c, int err)
{
	struct bu_diag *d;

	d = bu_diag(c->ds, BU_ERROR, "S0130", "%s: %s is no control group: %s", bu_blame_subject(c),
		    c->at->cgroup, bu_strerror(-err));
	bu_diag_help(c->ds, d, "it is a directory of the cgroup2 file system, often below /sys/fs/cgroup");
	return err;
}

/* The links that have many places. */
int bu_blame_multi(struct bu_attaching *c, int err)
{
	const char *name = bu_hook_name(c->at->hook);
	bool user = name[0] == 'u', session = strstr(name, "session") != NULL;
	struct bu_diag *d;

	switch (err) {
	case -EINVAL:
	case -EOPNOTSUPP:
	case -ENOTSUPP_KERNEL:
		if (strcmp(c->s->ops->name, "vm") == 0) {
			bu_diag(c->ds, BU_ERROR, "S0102", "%s: the VM has no events of this kind",
				bu_blame_subject(c));
			return -EOPNOTSUPP;
		}
		d = bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel has no link for %s", bu_blame_subject(c),
			    name);
		bu_diag_note(c->ds, d, "it needs Linux %s%s", user ? session ? "6.13" : "6.6" :
			     session ? "6.12" : "5.18", user ? "" : " and CONFIG_FPROBE");
		return -EOPNOTSUPP;
	case -ESRCH:
		if (c->at->pid) {
			bu_diag(c->ds, BU_ERROR, "S0132", "%s: there is no process %u", bu_blame_subject(c),
				c->at->pid);
			return err;
		}
		break;
	case -E2BIG:
		bu_diag(c->ds, BU_ERROR, "S0112", "%s: more functions than the kernel takes at once (1048576)",
			bu_blame_subject(c));
		return err;
	default:
		break;
	}
	return bu_blame_step(c, BPF_LINK_CREATE, "making a link", err);
}

int bu_blame_perf(struct bu_attaching *c, int err)
{
	struct bu_diag *d;

	switch (err) {
	case -ENOENT:
	case -EOPNOTSUPP:
	case -ENXIO:
		d = bu_diag(c->ds, BU_ERROR, "S0103", "%s: %s has no such counter that can call programs",
			    bu_blame_subject(c), strcmp(c->s->ops->name, "vm") == 0 ? "the VM" : "this machine");
		if (c->at->perf.type != PERF_TYPE_SOFTWARE) {
			bu_diag_note(c->ds, d, "virtual machines often have no hardware counters");
			bu_diag_help(c->ds, d, "clocks are everywhere: profile:99hz, software:cpu-clock:1ms");
		}
		return -EOPNOTSUPP;
	case -EINVAL:
		d = bu_diag(c->ds, BU_ERROR, "S0112", "%s: the kernel does not take this event and rate",
			    bu_blame_subject(c));
		if (c->at->perf.freq)
			bu_diag_note(c->ds, d, "/proc/sys/kernel/perf_event_max_sample_rate is the highest rate");
		if (c->at->cpu_given)
			bu_diag_note(c->ds, d, "or there is no CPU %u", c->at->cpu);
		return err;
	case -ESRCH:
		bu_diag(c->ds, BU_ERROR, "S0132", "%s: there is no process %u", bu_blame_subject(c), c->at->pid);
		return err;
	case -ENODEV:
		bu_diag(c->ds, BU_ERROR, "S0132", "%s: CPU %u is not there, or is off", bu_blame_subject(c),
			c->at->cpu);
		return err;
	default:
		return bu_blame_step(c, BU_CMD_PERF_EVENT_OPEN, "perf_event_open", err);
	}
}

int bu_blame_btf(struct bu_attaching *c, int err)
{
	switch (err) {
	case -EBUSY:
		bu_diag(c->ds, BU_ERROR, "S0111", "%s: %s", bu_blame_subject(c),
			c->at->hook == BU_HOOK_FREPLACE
				? "another program replaces this function already, or it is being traced"
				: "the function is busy: a program of another kind is attached to it");
		return err;
	case -E2BIG:
		bu_diag(c->ds, BU_ERROR, "S0111", "%s: this function runs as many programs as it can",
			bu_blame_subject(c));
		return err;
	case -EOPNOTSUPP:
	case -ENOTSUPP_KERNEL:
		bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel, or its architecture, cannot call "
			"programs from its functions", bu_blame_subject(c));
		return -EOPNOTSUPP;
	default:
		return bu_blame_step(c, BPF_LINK_CREATE, "making a link", err);
	}
}

int bu_blame_iter(struct bu_attaching *c, int err)
{
	const char *kind = c->at->a;
	struct bu_diag *d;

	if ((err == -EINVAL || err == -EBADF) && !c->at->map && strstr(kind, "map_elem")) {
		d = bu_diag(c->ds, BU_ERROR, "S0131", "%s: it does not say which map", bu_blame_subject(c));
		bu_diag_help(c->ds, d, "name one: iter:%s,map=NAME", kind);
		return err;
	}
	if ((err == -EINVAL || err == -EBADF) && c->at->map) {
		bu_diag(c->ds, BU_ERROR, "S0131", "%s: this kind of iterator does not take this map",
			bu_blame_subject(c));
		return err;
	}
	if (err == -EINVAL && strcmp(kind, "cgroup") == 0 && !c->at->cgroup) {
		d = bu_diag(c->ds, BU_ERROR, "S0131", "%s: it does not say which control group",
			    bu_blame_subject(c));
		bu_diag_help(c->ds, d, "name one: iter:cgroup,cgroup=PATH");
		return err;
	}
	if (err == -EBADF && c->at->cgroup)
		return bu_blame_cgroup(c, -ENOTDIR);
	if (err == -ESRCH && (c->at->pid || c->at->tid)) {
		bu_diag(c->ds, BU_ERROR, "S0131", "%s: there is no such process or task", bu_blame_subject(c));
		return err;
	}
	if (err == -EACCES) {
		bu_diag(c->ds, BU_ERROR, "S0131", "%s: the program writes behind the end of the map's key "
			"or value, or reads more of it than there is", bu_blame_subject(c));
		return -EINVAL;
	}
	return bu_blame_step(c, BPF_LINK_CREATE, "making a link", err);
}

/* Is word one of the list "a,b,c"? */
static bool listed_in(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = list; *p; p += strcspn(p, ",\n"), p += *p != '\0') {
		if (strcspn(p, ",\n") == n && memcmp(p, word, n) == 0)
			return true;
	}
	return false;
}

void bu_blame_lsm_list(struct bu_attaching *c)
{
	struct bu_buf b = { 0 };
	struct bu_diag *d;

	if (c->s->ops->security && c->s->ops->security(c->s, "lsm", &b) == 0 && !listed_in(bu_buf_cstr(&b), "bpf")) {
		const char *list = bu_buf_cstr(&b);

		d = bu_diag(c->ds, BU_WARNING, "S0140", "%s: the program is attached and will never run: the kernel does "
			    "not ask bpf", bu_blame_subject(c));
		bu_diag_note(c->ds, d, "the security modules that it asks are %.*s", (int)strcspn(list, "\n"), list);
		bu_diag_help(c->ds, d, "boot it with lsm=%.*s,bpf", (int)strcspn(list, "\n"), list);
	}
	bu_buf_free(&b);
}
