/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What perf_event_open and its kin are here: an event is an object that names a hook; programs that
 * are tied to it run when the hook is fed (feed.c). Nothing of this machine fires it.
 */
#include "vm/private.h"
#include "vm/link.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Types of the PMUs that probes are, as sysfs of most machines has them. */
#define PMU_KPROBE 8u
#define PMU_UPROBE 9u
#define PROBE_RET 1u /* config:0 */

/* Tracepoints that this process has asked for; their id is the place in the list + 1. */
struct names {
	char **name;
	uint32_t n, cap;
};

bool bu_vm_event_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *s))
			return false;
	return true;
}

/* The names that a tracepoint can have are another kernel's matter: every well-formed one will do. */
int bu_vm_op_tracepoint_id(struct bu_sys *s, const char *category, const char *name)
{
	struct bu_vm *vm = bu_vm(s);
	struct names *l = vm->events;
	char text[192];

	if (!bu_vm_event_name(category) || !bu_vm_event_name(name) ||
	    (size_t)snprintf(text, sizeof(text), "%s:%s", category, name) >= sizeof(text))
		return -ENOENT;
	if (!l) {
		l = vm->events = calloc(1, sizeof(*l));
		if (!l)
			return -ENOMEM;
	}
	for (uint32_t i = 0; i < l->n; i++)
		if (strcmp(l->name[i], text) == 0)
			return (int)i + 1;
	if (l->n == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 8;
		char **p = realloc(l->name, cap * sizeof(*p));

		if (!p)
			return -ENOMEM;
		l->name = p;
		l->cap = cap;
	}
	l->name[l->n] = strdup(text);
	if (!l->name[l->n])
		return -ENOMEM;
	return (int)++l->n;
}

void bu_vm_events_close(struct bu_vm *vm)
{
	struct names *l = vm->events;

	for (uint32_t i = 0; l && i < l->n; i++)
		free(l->name[i]);
	if (l)
		free(l->name);
	free(l);
	vm->events = NULL;
}

int bu_vm_op_pmu_type(struct bu_sys *s, const char *pmu)
{
	(void)s;
	return strcmp(pmu, "kprobe") == 0 ? (int)PMU_KPROBE :
	       strcmp(pmu, "uprobe") == 0 ? (int)PMU_UPROBE :
					    -ENOENT;
}

int bu_vm_op_pmu_format_bit(struct bu_sys *s, const char *pmu, const char *format)
{
	if (bu_vm_op_pmu_type(s, pmu) < 0 || strcmp(format, "retprobe"))
		return -ENOENT;
	return PROBE_RET;
}

/* ---------------------------------------------------------------- opening */

static int name_tracepoint(struct bu_vm *vm, const struct perf_event_attr *a,
			   struct bu_vm_event_attr *h)
{
	const struct names *l = vm->events;

	if (!l || !a->config || a->config > l->n)
		return -ENOENT;
	snprintf(h->hook, sizeof(h->hook), "tracepoint:%s", l->name[a->config - 1]);
	return 0;
}

static int name_probe(struct bu_vm *vm, const struct perf_event_attr *a, struct bu_vm_event_attr *h)
{
	bool ret = a->config & PROBE_RET, user = a->type == PMU_UPROBE;
	char what[200] = "";
	long n;
	int len;

	h->ret = ret;
	h->probe_off = a->config2;
	if (a->config & ~(uint64_t)PROBE_RET && !user)
		return -EINVAL;
	if (!a->config1) {
		if (user)
			return -EINVAL;
		snprintf(what, sizeof(what), "0x%llx", (unsigned long long)a->config2);
	} else {
		n = bu_vm_copy_str(vm, what, a->config1, sizeof(what));
		if (n < 0)
			return n == -E2BIG ? -ENAMETOOLONG : (int)n;
		if (!n)
			return -EINVAL;
	}
	if (ret && !user && a->config2)
		return -EINVAL;
	len = snprintf(h->hook, sizeof(h->hook), "%s:%s",
		       user ? ret ? "uretprobe" : "uprobe" : ret ? "kretprobe" : "kprobe", what);
	if (len > 0 && (size_t)len < sizeof(h->hook)) {
		if (user)
			snprintf(h->hook + len, sizeof(h->hook) - (size_t)len, ":0x%llx",
				 (unsigned long long)a->config2);
		else if (a->config1 && a->config2)
			snprintf(h->hook + len, sizeof(h->hook) - (size_t)len, "+%llu",
				 (unsigned long long)a->config2);
	}
	return 0;
}

int bu_vm_op_perf_event_open(struct bu_sys *s, struct perf_event_attr *a, int pid, int cpu,
			     int group, unsigned long flags)
{
	struct bu_vm *vm = bu_vm(s);
	struct bu_vm_hdr *h;
	struct bu_vm_obj *o;
	uint64_t size = BU_VM_PAGE;
	int fd = -1, err = 0;

	if (flags & ~(unsigned long)(PERF_FLAG_FD_CLOEXEC | PERF_FLAG_FD_NO_GROUP |
				     PERF_FLAG_FD_OUTPUT | PERF_FLAG_PID_CGROUP))
		return -EINVAL;
	if (pid == -1 && cpu == -1)
		return -EINVAL;
	if (cpu >= (int)vm->root->ncpus || (group != -1 && fcntl(group, F_GETFD) < 0))
		return group != -1 ? -EBADF : -EINVAL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->kind = BU_VM_EVENT;
	h->event.type = a->type;
	h->event.config = a->config;
	h->event.pid = pid;
	h->event.cpu = cpu < 0 ? 0 : (uint32_t)cpu;
	h->event.enabled = !a->disabled;
	h->event.sample_type = a->sample_type;
	if (a->type == PERF_TYPE_TRACEPOINT)
		err = name_tracepoint(vm, a, &h->event);
	else if (a->type == PMU_KPROBE || a->type == PMU_UPROBE)
		err = name_probe(vm, a, &h->event);
	else if (a->type == PERF_TYPE_SOFTWARE && a->config == PERF_COUNT_SW_BPF_OUTPUT)
		size = (BU_VM_EVENT_PAGES + 1) * (uint64_t)BU_VM_PAGE;
	else if (a->type == PERF_TYPE_SOFTWARE && a->config < PERF_COUNT_SW_MAX)
		err = 0;
	else
		err = -ENOENT;
	if (!err)
		err = bu_vm_obj_new(vm, h, size, 0, O_RDWR, &o, &fd);
	free(h);
	if (err)
		return err;
	err = bu_vm_obj_publish(o, NULL, 0);
	if (err)
		bu_vm_obj_abandon(o);
	bu_vm_obj_put(o);
	if (err) {
		close(fd);
		return err;
	}
	if (!(flags & PERF_FLAG_FD_CLOEXEC))
		fcntl(fd, F_SETFD, 0);
	return fd;
}

/* Under W/lock. The program of a link goes with the link. */
static bool has_prog(const struct bu_vm_obj *ev)
{
	const struct bu_vm_event_attr *e = &ev->hdr->event;
	struct bu_vm_obj *link;
	bool lives;

	if (!e->prog_id || !e->link_id)
		return e->prog_id;
	if (bu_vm_obj_by_id(ev->vm, BU_VM_LINK, e->link_id, &link))
		return false;
	lives = bu_vm_obj_lives(link);
	bu_vm_obj_put(link);
	return lives;
}

/* perf_event_set_bpf_prog's rules: may this program be tied to this event? */
int bu_vm_event_accepts(const struct bu_vm_obj *ev, const struct bu_vm_obj *prog)
{
	const struct bu_vm_event_attr *e = &ev->h.event;
	uint32_t type = prog->h.prog.type;

	switch (e->type) {
	case PERF_TYPE_TRACEPOINT:
		if (type != BPF_PROG_TYPE_TRACEPOINT)
			return -EINVAL;
		break;
	case PMU_KPROBE:
	case PMU_UPROBE:
		if (type != BPF_PROG_TYPE_KPROBE)
			return -EINVAL;
		break;
	default:
		return type == BPF_PROG_TYPE_PERF_EVENT ? -EOPNOTSUPP : -EINVAL;
	}
	if (prog->h.prog.flags & BPF_F_SLEEPABLE && e->type != PMU_UPROBE)
		return -EINVAL;
	return has_prog(ev) ? -EEXIST : 0;
}

int bu_vm_event_by_fd(struct bu_vm *vm, int fd, struct bu_vm_obj **o)
{
	int err = bu_vm_obj_by_fd(vm, fd, BU_VM_EVENT, o, NULL);

	return err == -EINVAL ? -EBADF : err;
}

int bu_vm_op_perf_set_bpf(struct bu_sys *s, int event_fd, int prog_fd)
{
	struct bu_vm *vm = bu_vm(s);
	struct bu_vm_obj *ev, *prog;
	int err = bu_vm_event_by_fd(vm, event_fd, &ev);

	if (err)
		return err;
	err = bu_vm_prog_obj(vm, (uint32_t)prog_fd, &prog);
	if (err)
		goto out;
	err = bu_vm_world_lock(vm);
	if (!err) {
		err = bu_vm_event_accepts(ev, prog);
		if (!err)
			err = bu_vm_ref_set(ev, 0, prog);
		if (!err) {
			ev->hdr->event.link_id = 0;
			ev->hdr->event.prog_id = prog->id;
			atomic_fetch_add(&vm->root->links_gen, 1);
		}
		bu_vm_world_unlock(vm);
	}
	bu_vm_obj_put(prog);
out:
	bu_vm_obj_put(ev);
	return err;
}

int bu_vm_op_perf_enable(struct bu_sys *s, int event_fd)
{
	struct bu_vm *vm = bu_vm(s);
	struct bu_vm_obj *ev;
	int err = bu_vm_event_by_fd(vm, event_fd, &ev);

	if (err)
		return err;
	ev->hdr->event.enabled = 1;
	atomic_fetch_add(&vm->root->links_gen, 1);
	bu_vm_obj_put(ev);
	return 0;
}

/* ---------------------------------------------------------------- devices and names */

int bu_vm_op_ifindex(struct bu_sys *s, const char *dev)
{
	unsigned i = if_nametoindex(dev);

	(void)s;
	return i ? (int)i : -ENODEV;
}

static bool each_file(const char *dir, bu_name_fn *fn, void *ctx)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool more = true;

	while (d && more && (e = readdir(d)))
		if (e->d_name[0] != '.' && e->d_type == DT_DIR)
			more = fn(ctx, e->d_name);
	if (d)
		closedir(d);
	return more;
}

int bu_vm_op_names(struct bu_sys *s, enum bu_names what, const char *within, bu_name_fn *fn,
		   void *ctx)
{
	static const char events[] = "/sys/kernel/tracing/events";
	struct if_nameindex *list, *i;
	char dir[256];

	(void)s;
	switch (what) {
	case BU_NAMES_TRACEPOINT_CATEGORIES:
		each_file(events, fn, ctx);
		return 0;
	case BU_NAMES_TRACEPOINTS:
		if (within && bu_vm_event_name(within) &&
		    (size_t)snprintf(dir, sizeof(dir), "%s/%s", events, within) < sizeof(dir))
			each_file(dir, fn, ctx);
		return 0;
	case BU_NAMES_DEVICES:
		list = if_nameindex();
		for (i = list; i && i->if_index; i++)
			if (!fn(ctx, i->if_name))
				break;
		if (list)
			if_freenameindex(list);
		return 0;
	case BU_NAMES_CGROUPS:
		return bu_sys_each_cgroup(fn, ctx);
	case BU_NAMES_NETNS:
		return bu_sys_each_netns(fn, ctx);
	default:
		return 0;
	}
}
