/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why attaching to a network hook or a control group failed, in words. See blame.c. */
#include "sys/attach_net.h"

#include <string.h>

#define NET_ADMIN (UINT64_C(1) << 12)

static void say(struct bu_attaching *c, struct bu_diag *d, const char *words)
{
	if (words && words[0] && d)
		bu_diag_note(c->ds, d, "the kernel says: %s", words);
}

int bu_blame_lacks(struct bu_attaching *c, const char *what, const char *help)
{
	struct bu_diag *d = bu_diag(c->ds, BU_ERROR, "S0116", "%s: %s", bu_blame_subject(c), what);

	if (help)
		bu_diag_help(c->ds, d, "%s", help);
	return -EOPNOTSUPP;
}

/* ---------------------------------------------------------------- targets */

struct nearest { struct bu_near near; struct bu_arena *arena; };

static bool feed(void *ctx, const char *name)
{
	struct nearest *n = ctx;

	bu_near_feed(&n->near, name);
	if (n->near.best == name)
		n->near.best = bu_arena_strdup(n->arena, name);
	return true;
}

static void did_you_mean(struct bu_attaching *c, struct bu_diag *d, enum bu_names what, const char *word)
{
	struct nearest n = { .arena = &c->ds->arena };

	if (!c->s->ops->names)
		return;
	bu_near_init(&n.near, word, strlen(word));
	c->s->ops->names(c->s, what, NULL, feed, &n);
	if (n.near.best)
		bu_diag_help(c->ds, d, "did you mean '%s'?", n.near.best);
}

static int blame_cgroup(struct bu_attaching *c, const char *name, int err)
{
	struct bu_diag *d;

	if (err == -ENODEV) {
		d = bu_diag(c->ds, BU_ERROR, "S0118", "%s: the file system cgroup2 is not mounted", bu_blame_subject(c));
		bu_diag_help(c->ds, d, "as root: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		return -EOPNOTSUPP;
	}
	if (err == -EMEDIUMTYPE) {
		d = bu_diag(c->ds, BU_ERROR, "S0118", "%s: %s is no directory of cgroup2", bu_blame_subject(c), name);
		bu_diag_note(c->ds, d, "programs attach to control groups of version 2; /proc/mounts tells where "
			     "cgroup2 is");
		return -EINVAL;
	}
	d = bu_diag(c->ds, BU_ERROR, "S0118", "%s: the control group %s cannot be opened: %s", bu_blame_subject(c), name,
		    bu_strerror(-err));
	if (err == -ENOENT && name[0] != '/')
		did_you_mean(c, d, BU_NAMES_CGROUPS, name);
	if (err == -ENOENT)
		bu_attach_opt_help(name, c->ds, d);
	return err;
}

static int blame_netns(struct bu_attaching *c, const char *name, int err)
{
	struct bu_diag *d;

	if (!name)
		return bu_blame_step(c, BU_CMD_NETLINK, "opening the network namespace", err);
	if (err == -EMEDIUMTYPE) {
		bu_diag(c->ds, BU_ERROR, "S0119", "%s: %s is no network namespace", bu_blame_subject(c), name);
		return -EINVAL;
	}
	d = bu_diag(c->ds, BU_ERROR, "S0119", "%s: the network namespace %s cannot be opened: %s", bu_blame_subject(c),
		    name, bu_strerror(-err));
	if (err == -ENOENT && !strchr(name, '/')) {
		bu_diag_note(c->ds, d, "names are those of 'ip netns'; a number is the id of a process");
		did_you_mean(c, d, BU_NAMES_NETNS, name);
	}
	return err;
}

int bu_blame_target(struct bu_attaching *c, enum bu_target_kind kind, const char *name, int err)
{
	if (!c->s->ops->target_open)
		return bu_blame_lacks(c, "this backend has no such target", NULL);
	if (err == -EPERM || err == -EACCES)
		return bu_blame_step(c, BU_CMD_NETLINK, "opening the target", err);
	if (kind == BU_TARGET_CGROUP)
		return blame_cgroup(c, name, err);
	if (kind == BU_TARGET_NETNS)
		return blame_netns(c, name, err);
	if (bu_blame_option(c, err))
		return -EOPNOTSUPP;
	bu_diag(c->ds, BU_ERROR, "S0118", "%s: %s cannot be opened: %s", bu_blame_subject(c), name,
		err == -EMEDIUMTYPE ? "it is no such device" : bu_strerror(-err));
	return err == -EMEDIUMTYPE ? -EINVAL : err;
}

/* ---------------------------------------------------------------- links and BPF_PROG_ATTACH */

static bool may_admin_net(struct bu_sys *s)
{
	struct bu_sys_facts f = { .caps = 0 };

	if (s->ops->facts)
		s->ops->facts(s, &f);
	return f.caps_known && f.caps & NET_ADMIN;
}

static bool is_cgroup(const struct bu_attach *at)
{
	return bu_attach_driver(at->hook) == &bu_driver_cgroup;
}

static int blame_cgroup_mode(struct bu_attaching *c, int err)
{
	struct bu_diag *d = bu_diag(c->ds, BU_ERROR, "S0120", "%s: a program of a control group above does not allow "
				    "another here", bu_blame_subject(c));

	bu_diag_note(c->ds, d, "it was attached there without multi (and without override); or one is attached here "
		     "in another mode");
	bu_diag_help(c->ds, d, "'bpftool cgroup tree' lists them");
	return err;
}

/* The build option without which the kernel does not know the hook, or NULL. */
static const char *option_of(enum bu_hook hook)
{
	switch (bu_hook_prog_type(hook)) {
	case BPF_PROG_TYPE_CGROUP_SKB:
	case BPF_PROG_TYPE_CGROUP_SOCK:
	case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
	case BPF_PROG_TYPE_CGROUP_SOCKOPT:
	case BPF_PROG_TYPE_CGROUP_SYSCTL:
	case BPF_PROG_TYPE_CGROUP_DEVICE:
	case BPF_PROG_TYPE_SOCK_OPS:
		return "CONFIG_CGROUP_BPF";
	case BPF_PROG_TYPE_SCHED_CLS:
		return hook == BU_HOOK_NETKIT_PRIMARY || hook == BU_HOOK_NETKIT_PEER ? "CONFIG_NETKIT" :
		       hook == BU_HOOK_TCX_INGRESS || hook == BU_HOOK_TCX_EGRESS ? "CONFIG_NET_XGRESS" : "CONFIG_NET_CLS_BPF";
	case BPF_PROG_TYPE_NETFILTER:
		return "CONFIG_NETFILTER_BPF_LINK";
	case BPF_PROG_TYPE_LWT_IN:
	case BPF_PROG_TYPE_LWT_OUT:
	case BPF_PROG_TYPE_LWT_XMIT:
		return "CONFIG_LWTUNNEL_BPF";
	case BPF_PROG_TYPE_LWT_SEG6LOCAL:
		return "CONFIG_IPV6_SEG6_BPF";
	case BPF_PROG_TYPE_SK_SKB:
		return "CONFIG_BPF_STREAM_PARSER";
	case BPF_PROG_TYPE_SK_MSG:
		return "CONFIG_NET_SOCK_MSG";
	case BPF_PROG_TYPE_LIRC_MODE2:
		return "CONFIG_BPF_LIRC_MODE2";
	default:
		return NULL;
	}
}

bool bu_blame_option(struct bu_attaching *c, int err)
{
	const char *option = option_of(c->at->hook);

	if ((err != -EINVAL && err != -EOPNOTSUPP && err != -ENOENT && err != -ENXIO) || !option || !c->s->ops->config ||
	    c->s->ops->config(c->s, option) != 'n')
		return false;
	bu_diag(c->ds, BU_ERROR, "S0121", "%s: this kernel was built without %s", bu_blame_subject(c), option);
	return true;
}

int bu_blame_net(struct bu_attaching *c, int cmd, int err, const char *words)
{
	const char *step = cmd == BPF_LINK_CREATE ? "making a link" :
			   cmd == BPF_PROG_ATTACH ? "attaching" : "netlink";
	struct bu_diag *d;

	switch (err) {
	case -EPERM:
		if (is_cgroup(c->at) && may_admin_net(c->s))
			return blame_cgroup_mode(c, err);
		break;
	case -EEXIST:
		d = bu_diag(c->ds, BU_ERROR, "S0111", "%s: %s", bu_blame_subject(c),
			    c->at->hook == BU_HOOK_SK_LOOKUP || is_cgroup(c->at) || cmd == BPF_LINK_CREATE
			    ? "this program is attached here already, or another one in its place" :
			      "something is there already");
		say(c, d, words);
		return err;
	case -EBUSY:
		d = bu_diag(c->ds, BU_ERROR, "S0111", "%s: the place is taken", bu_blame_subject(c));
		if (c->at->hook == BU_HOOK_NETFILTER)
			bu_diag_help(c->ds, d, "another priority= may be free");
		say(c, d, words);
		return err;
	case -ESTALE:
		bu_diag(c->ds, BU_ERROR, "S0120", "%s: the list of programs has another revision than %llu",
			bu_blame_subject(c), (unsigned long long)c->at->net.revision);
		return err;
	case -ERANGE:
	case -E2BIG:
		bu_diag(c->ds, BU_ERROR, "S0111", "%s: %s", bu_blame_subject(c), c->at->hook == BU_HOOK_FLOW_DISSECTOR
			? "a network namespace has one flow dissector, and this one has it already"
			: "as many programs as there can be (64) are attached here");
		return err;
	case -ENOENT:
	case -ENOLINK:
		if (!c->at->net.relative && !c->at->net.old)
			break;
		bu_diag(c->ds, BU_ERROR, "S0117", "%s: '%s' is not attached here", bu_blame_subject(c),
			c->at->net.relative ? c->at->net.relative : c->at->net.old);
		return err;
	default:
		break;
	}
	if (bu_blame_option(c, err))
		return -EOPNOTSUPP;
	if (c->at->hook == BU_HOOK_NETKIT_PRIMARY || c->at->hook == BU_HOOK_NETKIT_PEER) {
		if (err == -ENXIO || err == -EACCES) {
			d = bu_diag(c->ds, BU_ERROR, "S0109", "%s: '%s' is %s", bu_blame_subject(c), c->at->a,
				    err == -ENXIO ? "no netkit device" : "not the primary device of its pair");
			bu_diag_note(c->ds, d, "both programs of a pair are attached to the primary device");
			return -EINVAL;
		}
	}
	err = bu_blame_step(c, cmd == BPF_LINK_CREATE ? BPF_PROG_ATTACH : cmd, step, err);
	say(c, c->ds->last, words);
	if (err == -EINVAL && c->at->net.flags & (BPF_F_BEFORE | BPF_F_AFTER) && is_cgroup(c->at))
		bu_diag_note(c->ds, c->ds->last, "the order of programs of a control group can be given since Linux 6.17, "
			     "relative to a program that is attached in the same way, by link or without");
	return err;
}

int bu_blame_tc(struct bu_attaching *c, int err, const char *words)
{
	struct bu_diag *d;

	if (!c->s->ops->tc)
		return bu_blame_lacks(c, "this backend has no tc", NULL);
	if (bu_blame_option(c, err))
		return -EOPNOTSUPP;
	switch (err) {
	case -EOPNOTSUPP:
	case -ENOENT:
		d = bu_diag(c->ds, BU_ERROR, "S0121", "%s: %s", bu_blame_subject(c),
			    words[0] ? words : "this kernel has no clsact or no filters of kind bpf");
		if (!words[0] || err == -ENOENT)
			bu_diag_note(c->ds, d, "they need CONFIG_NET_CLS_ACT, CONFIG_NET_SCH_INGRESS and CONFIG_NET_CLS_BPF");
		return -EOPNOTSUPP;
	case -EEXIST:
		d = bu_diag(c->ds, BU_ERROR, "S0111", "%s: there is a filter of this preference and handle already",
			    bu_blame_subject(c));
		bu_diag_help(c->ds, d, "leave prio= and handle= out, and the kernel chooses");
		say(c, d, words);
		return err;
	default:
		return bu_blame_net(c, BU_CMD_NETLINK, err, words);
	}
}
