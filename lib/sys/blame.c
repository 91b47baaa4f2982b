/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why an attachment failed, in words. The kernel has one errno for many causes; what else is known
 * (names, configuration, the program's type) tells them apart.
 */
#include "sys/attach.h"

#include <string.h>
#include <unistd.h>

#define ENOTSUPP_KERNEL 524 /* not in errno.h, yet the kernel lets it out */

static bool is_permission(int err)
{
	return err == -EPERM || err == -EACCES;
}

/* The start of each sentence: "kprobe:__alloc_skb". */
static const char *subject(struct bu_attaching *c)
{
	const char *s = bu_arena_printf(&c->ds->arena, "%s:%s", bu_hook_name(c->at->hook),
					c->at->target);

	return s ? s : "attach";
}

struct near_search {
	struct bu_near near;
	struct bu_arena *arena;
};

static bool near_name(void *ctx, const char *name)
{
	struct near_search *n = ctx;

	bu_near_feed(&n->near, name);
	if (n->near.best == name)
		n->near.best = bu_arena_strdup(n->arena, name);
	return true;
}

/* The listed name that is nearest to word, in the sink's arena, or NULL. */
static const char *near(struct bu_attaching *c, enum bu_names what, const char *within,
			const char *word)
{
	struct near_search n = { .arena = &c->ds->arena };

	if (!c->s->ops->names)
		return NULL;
	bu_near_init(&n.near, word, strlen(word));
	c->s->ops->names(c->s, what, within, near_name, &n);
	return n.near.best;
}

struct exact_search {
	const char *want;
	bool found;
	unsigned n;
};

static bool exact_name(void *ctx, const char *name)
{
	struct exact_search *e = ctx;

	e->found = strcmp(name, e->want) == 0;
	return !e->found;
}

/* Is the name listed? 1, 0, or -1 where the list cannot be had. */
static int listed(struct bu_attaching *c, enum bu_names what, const char *within, const char *name)
{
	struct exact_search e = { .want = name };

	if (!c->s->ops->names || c->s->ops->names(c->s, what, within, exact_name, &e))
		return -1;
	return e.found;
}

static int not_permitted(struct bu_attaching *c, int cmd, int err)
{
	struct bu_diag *d = bu_diag(c->ds, BU_ERROR, "S0110", "%s: not permitted (%s)", subject(c),
				    bu_errno_name(err));

	bu_sys_explain(c->s, c->ds, d, cmd, err, NULL);
	return err;
}

static int other(struct bu_attaching *c, const char *step, int err)
{
	struct bu_diag *d;

	if (err == -EOPNOTSUPP && strcmp(c->s->ops->name, "vm") == 0) {
		bu_diag(c->ds, BU_ERROR, "S0102", "%s: the VM has no events of this kind", subject(c));
		return err;
	}
	d = bu_diag(c->ds, BU_ERROR, "S0112", "%s: %s failed: %s (%s)", subject(c), step,
		    bu_strerror(err), bu_errno_name(err));
	/* What any call may meet: no more files, no memory. */
	if (err == -EMFILE || err == -ENOMEM || err == -EBUSY || err == -ENOSPC)
		bu_sys_explain(c->s, c->ds, d, BU_CMD_PERF_EVENT_OPEN, err, NULL);
	return err;
}

/* Adds the message if the program is of a type that this event does not run; false if it is not. */
static bool wrong_type(struct bu_attaching *c)
{
	struct bpf_prog_info info;
	uint32_t size = sizeof(info), want = bu_hook_prog_type(c->at->hook);
	const struct bu_kind *is, *wants;

	memset(&info, 0, sizeof(info));
	if (bu_sys_info(c->s, c->prog_fd, &info, &size) || info.type == want)
		return false;
	if (want == BPF_PROG_TYPE_RAW_TRACEPOINT &&
	    (info.type == BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE ||
	     info.type == BPF_PROG_TYPE_TRACING))
		return false;
	is = bu_kind_by_num(bu_prog_types, bu_nprog_types, info.type);
	wants = bu_kind_by_num(bu_prog_types, bu_nprog_types, want);
	bu_diag(c->ds, BU_ERROR, "S0109", "%s: the program is of type %s, this event runs %s",
		subject(c), is ? is->name : "unknown", wants ? wants->name : "another");
	return true;
}

const char *bu_blame_subject(struct bu_attaching *c)
{
	return subject(c);
}

int bu_blame_step(struct bu_attaching *c, int cmd, const char *step, int err)
{
	return is_permission(err) ? not_permitted(c, cmd, err) :
	       err == -EINVAL && wrong_type(c) ? err : other(c, step, err);
}

int bu_blame_pmu(struct bu_attaching *c, const char *pmu, int err)
{
	bool kprobe = strcmp(pmu, "kprobe") == 0;
	const char *option = kprobe ? "CONFIG_KPROBES" : "CONFIG_UPROBES";
	struct bu_diag *d;
	int built = c->s->ops->config ? c->s->ops->config(c->s, option) : -ENOENT;

	if (is_permission(err))
		return not_permitted(c, BU_CMD_PERF_EVENT_OPEN, err);
	if (built == 'y' || built == 'm') {
		d = bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel has %s but no event source "
			    "for it", subject(c), option);
		bu_diag_note(c->ds, d, "it needs %s and Linux 4.17 or later",
			     kprobe ? "CONFIG_KPROBE_EVENTS" : "CONFIG_UPROBE_EVENTS");
		return -EOPNOTSUPP;
	}
	d = bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel was built without %s", subject(c),
		    option);
	if (built < 0)
		bu_diag_note(c->ds, d, "its configuration cannot be read; it has no event source "
			     "'%s'", pmu);
	if (kprobe)
		bu_diag_help(c->ds, d, "tracepoints need no kprobes: see tracepoint:CATEGORY:NAME "
			     "and raw_tp:NAME");
	return -EOPNOTSUPP;
}

static int blame_kprobe(struct bu_attaching *c, int err)
{
	const char *name = c->at->a, *best;
	struct bu_diag *d;
	int known;

	if (err == -EADDRNOTAVAIL) {
		bu_diag(c->ds, BU_ERROR, "S0104", "%s: more than one function of this kernel is "
			"called '%s'", subject(c), name);
		return err;
	}
	if (err == -EILSEQ) {
		bu_diag(c->ds, BU_ERROR, "S0104", "%s: offset %llu is not the start of an "
			"instruction", subject(c), (unsigned long long)c->at->offset);
		return err;
	}
	known = listed(c, BU_NAMES_FUNCTIONS, NULL, name);
	if (known == 0 || (known < 0 && err == -ENOENT)) {
		d = bu_diag(c->ds, BU_ERROR, "S0104", "%s: this kernel has no function '%s'",
			    subject(c), name);
		best = near(c, BU_NAMES_FUNCTIONS, NULL, name);
		if (best)
			bu_diag_help(c->ds, d, "did you mean '%s'?", best);
		return -ENOENT;
	}
	if (err != -EINVAL)
		return other(c, "perf_event_open", err);
	d = bu_diag(c->ds, BU_ERROR, "S0104", "%s: the kernel does not let this function be probed",
		    subject(c));
	bu_diag_note(c->ds, d, "functions that probes themselves need are listed in "
		     "/sys/kernel/debug/kprobes/blacklist%s",
		     c->at->offset ? "; or the offset lies behind the function" : "");
	return err;
}

static bool count_name(void *ctx, const char *name)
{
	struct exact_search *e = ctx;

	e->n += strcmp(name, e->want) == 0;
	return true;
}

int bu_blame_untraceable(struct bu_attaching *c)
{
	struct exact_search e = { .want = c->at->a };
	struct bu_diag *d;

	if (c->s->ops->names)
		c->s->ops->names(c->s, BU_NAMES_FUNCTIONS, NULL, count_name, &e);
	if (e.n > 1)
		return blame_kprobe(c, -EADDRNOTAVAIL);
	if (!e.n)
		return blame_kprobe(c, -ENOENT);
	d = bu_diag(c->ds, BU_ERROR, "S0104", "%s: the function '%s' cannot be traced", subject(c), c->at->a);
	bu_diag_note(c->ds, d, "what can be is listed in /sys/kernel/tracing/available_filter_functions");
	return -EINVAL;
}

int bu_blame_cookie(struct bu_attaching *c)
{
	if (wrong_type(c))
		return -EINVAL;
	if (strstr(bu_hook_name(c->at->hook), "multi"))
		bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel has no link for %s, and without it no cookie",
			subject(c), bu_hook_name(c->at->hook));
	else
		bu_diag(c->ds, BU_ERROR, "S0103", "%s: this kernel has no links for events, and without them no "
			"cookies, which needs Linux 5.15", subject(c));
	return -EOPNOTSUPP;
}

int bu_blame_event(struct bu_attaching *c, int err)
{
	if (is_permission(err))
		return not_permitted(c, BU_CMD_PERF_EVENT_OPEN, err);
	switch (c->at->hook) {
	case BU_HOOK_KPROBE:
	case BU_HOOK_KRETPROBE:
	case BU_HOOK_KPROBE_MULTI:
	case BU_HOOK_KRETPROBE_MULTI:
	case BU_HOOK_KSYSCALL:
	case BU_HOOK_KRETSYSCALL:
		return blame_kprobe(c, err);
	case BU_HOOK_UPROBE:
	case BU_HOOK_URETPROBE:
	case BU_HOOK_UPROBE_MULTI:
	case BU_HOOK_URETPROBE_MULTI:
	case BU_HOOK_USDT:
		if (err == -ESRCH && c->at->pid) {
			bu_diag(c->ds, BU_ERROR, "S0132", "%s: there is no process %u", subject(c), c->at->pid);
			return err;
		}
		if (err == -ENOENT || err == -ENOTDIR || err == -ELOOP)
			return bu_blame_symbol(c, err, NULL);
		if (err != -EINVAL && err != -EIO && err != -ENOTSUPP_KERNEL)
			break;
		bu_diag(c->ds, BU_ERROR, "S0108", "%s: the kernel cannot place a probe there: no "
			"regular file, an offset outside it, or an instruction it cannot step over",
			subject(c));
		return err;
	default:
		break;
	}
	return other(c, "perf_event_open", err);
}

int bu_blame_bind(struct bu_attaching *c, int err)
{
	if (err == -EINVAL && wrong_type(c))
		return err;
	switch (err) {
	case -EPERM:
		return not_permitted(c, BPF_LINK_CREATE, err);
	case -EACCES: /* no permission: the program's reads were checked against the record */
		bu_diag(c->ds, BU_ERROR, "S0109", "%s: the program reads behind the end of this "
			"event's record", subject(c));
		return -EINVAL;
	case -EEXIST:
		bu_diag(c->ds, BU_ERROR, "S0111", "%s: this program is attached to this event "
			"already", subject(c));
		return err;
	case -E2BIG:
		bu_diag(c->ds, BU_ERROR, "S0111", "%s: this event runs as many programs as it can "
			"(64)", subject(c));
		return err;
	default:
		return other(c, c->via == BU_VIA_LINK ? "making a link"
						      : "setting the event's program", err);
	}
}

int bu_blame_tracepoint(struct bu_attaching *c, int err)
{
	const char *cat = c->at->a, *name = c->at->b, *best;
	struct bu_diag *d;

	if (err == -ENODEV) {
		d = bu_diag(c->ds, BU_ERROR, "S0106", "%s: tracefs is not mounted", subject(c));
		bu_diag_help(c->ds, d, "as root: mount -t tracefs tracefs /sys/kernel/tracing");
		return -EOPNOTSUPP;
	}
	if (is_permission(err)) {
		d = bu_diag(c->ds, BU_ERROR, "S0110", "%s: not permitted to read tracefs (%s)",
			    subject(c), bu_errno_name(err));
		bu_diag_note(c->ds, d, "the ids of tracepoints are read from /sys/kernel/tracing, "
			     "which belongs to root");
		return err;
	}
	if (err != -ENOENT)
		return other(c, "reading the tracepoint's id", err);
	if (listed(c, BU_NAMES_TRACEPOINT_CATEGORIES, NULL, cat) == 0) {
		d = bu_diag(c->ds, BU_ERROR, "S0105", "%s: this kernel has no tracepoint category "
			    "'%s'", subject(c), cat);
		best = near(c, BU_NAMES_TRACEPOINT_CATEGORIES, NULL, cat);
		if (best)
			bu_diag_help(c->ds, d, "did you mean '%s'?", best);
		return err;
	}
	d = bu_diag(c->ds, BU_ERROR, "S0105", "%s: this kernel has no tracepoint '%s' in '%s'",
		    subject(c), name, cat);
	best = near(c, BU_NAMES_TRACEPOINTS, cat, name);
	if (best)
		bu_diag_help(c->ds, d, "did you mean '%s:%s'?", cat, best);
	return err;
}

int bu_blame_raw_tp(struct bu_attaching *c, int err)
{
	const char *best;
	struct bu_diag *d;

	switch (err) {
	case -EPERM:
	case -EACCES:
		return not_permitted(c, BPF_RAW_TRACEPOINT_OPEN, err);
	case -ENOENT:
		d = bu_diag(c->ds, BU_ERROR, "S0105", "%s: this kernel has no raw tracepoint '%s'",
			    subject(c), c->at->a);
		best = near(c, BU_NAMES_TRACEPOINTS, NULL, c->at->a);
		if (best && strcmp(best, c->at->a) != 0)
			bu_diag_help(c->ds, d, "did you mean '%s'?", best);
		return err;
	case -EINVAL:
		if (wrong_type(c))
			return err;
		bu_diag(c->ds, BU_ERROR, "S0109", "%s: the program reads more arguments than this "
			"tracepoint has", subject(c));
		return err;
	default:
		return other(c, "opening the raw tracepoint", err);
	}
}

int bu_blame_symbol(struct bu_attaching *c, int err, const char *best)
{
	const char *path = c->at->a;
	struct bu_diag *d;

	if (err == -ENOEXEC) {
		bu_diag(c->ds, BU_ERROR, "S0108", "%s: %s is no ELF executable or library, or it "
			"is damaged", subject(c), path);
		return err;
	}
	/* A file that is not there and a symbol that is not there are both ENOENT. */
	if (err == -ENOENT && c->at->b && access(path, R_OK) == 0) {
		d = bu_diag(c->ds, BU_ERROR, "S0107", "%s: there is no function '%s' in %s",
			    subject(c), c->at->b, path);
		if (best)
			bu_diag_help(c->ds, d, "did you mean '%s'?", best);
		return err;
	}
	bu_diag(c->ds, BU_ERROR, "S0108", "%s: %s cannot be read: %s", subject(c), path,
		bu_strerror(-err));
	return err;
}

struct netns_search {
	struct bu_attaching *c;
	char *found;
};

static bool has_device(void *ctx, const char *netns)
{
	struct netns_search *n = ctx;
	struct bu_sys *s = n->c->s;
	int fd = s->ops->target_open(s, BU_TARGET_NETNS, netns);

	if (fd < 0)
		return true;
	if (s->ops->netns_set(s, fd) == 0 && s->ops->ifindex(s, n->c->at->a) > 0)
		n->found = bu_arena_strdup(&n->c->ds->arena, netns);
	s->ops->close(s, fd);
	return !n->found;
}

/* Names the network namespace that has the device; false: none that has a name. */
static bool other_netns(struct bu_attaching *c, struct bu_diag *d)
{
	struct netns_search n = { .c = c };
	struct bu_sys *s = c->s;
	int home;

	if (!s->ops->names || !s->ops->netns_set || !s->ops->target_open)
		return false;
	home = s->ops->target_open(s, BU_TARGET_NETNS, NULL);
	if (home < 0)
		return false;
	s->ops->names(s, BU_NAMES_NETNS, NULL, has_device, &n);
	s->ops->netns_set(s, home);
	s->ops->close(s, home);
	if (!n.found)
		return false;
	bu_diag_note(c->ds, d, "network namespace '%s' has a device of that name", n.found);
	bu_diag_help(c->ds, d, "ip netns exec %s bpf-ld …", n.found);
	return true;
}

int bu_blame_device(struct bu_attaching *c, int err)
{
	struct bu_diag *d;
	const char *best;

	if (err != -ENODEV && err != -ENXIO)
		return other(c, "finding the device", err);
	d = bu_diag(c->ds, BU_ERROR, "S0113", "%s: there is no network device '%s'", subject(c),
		    c->at->a);
	if (!other_netns(c, d))
		bu_diag_note(c->ds, d, "devices of other network namespaces are not seen from here");
	best = near(c, BU_NAMES_DEVICES, NULL, c->at->a);
	if (best)
		bu_diag_help(c->ds, d, "did you mean '%s'?", best);
	return -ENODEV;
}

int bu_blame_xdp(struct bu_attaching *c, int cmd, int err, const char *words)
{
	struct bu_diag *d;

	if (is_permission(err)) {
		err = not_permitted(c, BU_CMD_NETLINK, err);
		d = c->ds->last;
	} else if (err == -EBUSY || err == -EEXIST) {
		d = bu_diag(c->ds, BU_ERROR, "S0111", "%s: device '%s' has an XDP program already",
			    subject(c), c->at->a);
		bu_sys_explain_more(c->s, c->ds, d, &(struct bu_refused){ .cmd = cmd, .err = err,
				    .ifindex = c->s->ops->ifindex(c->s, c->at->a) });
		if (cmd == BPF_LINK_CREATE)
			bu_diag_help(c->ds, d, "'xdp:%s,replace' takes the place of what netlink has set", c->at->a);
	} else if (err == -EINVAL && wrong_type(c)) {
		d = c->ds->last;
	} else if (err == -EOPNOTSUPP && cmd == BU_CMD_NETLINK && !words[0]) {
		d = bu_diag(c->ds, BU_ERROR, "S0114", "%s: this kernel or device does not take XDP "
			    "programs this way", subject(c));
	} else if (err == -EOPNOTSUPP) {
		d = bu_diag(c->ds, BU_ERROR, "S0114", "%s: the driver of '%s' does not run XDP "
			    "programs", subject(c), c->at->a);
		if (c->at->xdp_flags & XDP_FLAGS_DRV_MODE)
			bu_diag_help(c->ds, d, "'%s:generic' works on every device", c->at->a);
	} else {
		err = other(c, cmd == BU_CMD_NETLINK ? "netlink" : "making a link", err);
		d = c->ds->last;
	}
	if (words[0] && d)
		bu_diag_note(c->ds, d, "the kernel says: %s", words);
	return err;
}
