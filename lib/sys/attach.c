/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Attaching one program to one event, and undoing it.
 *
 * Probes and tracepoints are perf events that run a program; the program is tied to the event by a
 * bpf_link where the kernel has that (5.15), else by an ioctl. XDP goes by link (5.9) or netlink,
 * raw tracepoints by their own command. Every refusal is turned into a sentence by blame.c.
 */
#include "sys/attach.h"

#include <linux/perf_event.h>
#include <string.h>

static void close_fd(struct bu_sys *s, int *fd)
{
	if (*fd >= 0)
		s->ops->close(s, *fd);
	*fd = -1;
}

/* Ties the program to the event that is open in out->event_fd. */
static int bind_event(struct bu_attaching *c)
{
	struct bu_attached *out = c->out;
	struct bu_sys *s = c->s;
	int err = -EINVAL;

	if (c->via != BU_VIA_IOCTL) {
		out->link_fd = bu_sys_link_create(s, c->prog_fd, out->event_fd, BPF_PERF_EVENT,
						  0, 0);
		err = out->link_fd < 0 ? out->link_fd : 0;
	}
	/* All that a kernel without such links has to say is EINVAL. */
	if (c->via == BU_VIA_IOCTL || (c->via == BU_VIA_AUTO && err == -EINVAL)) {
		out->link_fd = -1;
		err = s->ops->perf_set_bpf(s, out->event_fd, c->prog_fd);
	}
	if (err)
		return bu_blame_bind(c, err);
	err = s->ops->perf_enable(s, out->event_fd);
	if (err)
		return bu_blame_event(c, err);
	if (out->link_fd >= 0) /* the link holds the event */
		close_fd(s, &out->event_fd);
	return 0;
}

/* All processes, and one CPU's event: the program then runs for every CPU's hits. */
static int open_event(struct bu_attaching *c, struct perf_event_attr *a)
{
	int fd;

	a->size = sizeof(*a);
	fd = c->s->ops->perf_event_open(c->s, a, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return bu_blame_event(c, fd);
	c->out->event_fd = fd;
	return 0;
}

/* Fills type and return bit of a probe's event source. 0 or -EOPNOTSUPP with the message. */
static int probe_event(struct bu_attaching *c, struct perf_event_attr *a, const char *pmu, bool ret)
{
	int type = c->s->ops->pmu_type(c->s, pmu);
	int bit;

	memset(a, 0, sizeof(*a));
	if (type < 0)
		return bu_blame_pmu(c, pmu, type);
	a->type = (uint32_t)type;
	if (!ret)
		return 0;
	bit = c->s->ops->pmu_format_bit(c->s, pmu, "retprobe");
	if (bit < 0)
		return bu_blame_pmu(c, pmu, bit);
	a->config = (uint32_t)bit;
	return 0;
}

static int attach_kprobe(struct bu_attaching *c)
{
	struct perf_event_attr a;
	int err = probe_event(c, &a, "kprobe", c->at->hook == BU_HOOK_KRETPROBE);

	if (err)
		return err;
	a.config1 = bu_ptr64(c->at->a);
	a.config2 = c->at->offset;
	err = open_event(c, &a);
	return err ? err : bind_event(c);
}

static int attach_uprobe(struct bu_attaching *c)
{
	struct perf_event_attr a;
	uint64_t off = 0;
	int err = probe_event(c, &a, "uprobe", c->at->hook == BU_HOOK_URETPROBE);

	if (err)
		return err;
	if (c->at->b) {
		struct bu_near near;

		bu_near_init(&near, c->at->b, strlen(c->at->b));
		err = bu_elf_symbol_offset(c->at->a, c->at->b, &off, &near, &c->ds->arena);
		if (err)
			return bu_blame_symbol(c, err, near.best);
	}
	off += c->at->offset;
	a.config1 = bu_ptr64(c->at->a);
	a.config2 = off;
	err = open_event(c, &a);
	return err ? err : bind_event(c);
}

static int attach_tracepoint(struct bu_attaching *c)
{
	struct perf_event_attr a;
	int err, id = c->s->ops->tracepoint_id(c->s, c->at->a, c->at->b);

	if (id < 0)
		return bu_blame_tracepoint(c, id);
	memset(&a, 0, sizeof(a));
	a.type = PERF_TYPE_TRACEPOINT;
	a.config = (uint32_t)id;
	a.sample_period = 1;
	a.wakeup_events = 1;
	err = open_event(c, &a);
	return err ? err : bind_event(c);
}

static int attach_raw_tp(struct bu_attaching *c)
{
	int fd = bu_sys_raw_tp_open(c->s, c->at->a, c->prog_fd);

	if (fd < 0)
		return bu_blame_raw_tp(c, fd);
	c->out->link_fd = fd;
	return 0;
}

static int attach_xdp_netlink(struct bu_attaching *c, int ifindex)
{
	char words[256] = "";
	int err = c->s->ops->xdp_set(c->s, ifindex, c->prog_fd, -1,
				     c->at->xdp_flags | XDP_FLAGS_UPDATE_IF_NOEXIST, words,
				     sizeof(words));

	c->out->netlink = true;
	c->out->ifindex = ifindex;
	c->out->prog_fd = c->prog_fd;
	c->out->xdp_flags = c->at->xdp_flags;
	if (!err)
		return 0;
	/* An answer that got lost does not say that nothing was done. */
	bu_sys_detach(c->s, c->out);
	return bu_blame_xdp(c, BU_CMD_NETLINK, err, words);
}

static int attach_xdp(struct bu_attaching *c)
{
	int ifindex = c->s->ops->ifindex(c->s, c->at->a);
	int fd;

	if (ifindex < 0)
		return bu_blame_device(c, ifindex);
	if (c->via == BU_VIA_NETLINK || c->via == BU_VIA_IOCTL)
		return attach_xdp_netlink(c, ifindex);
	fd = bu_sys_link_create(c->s, c->prog_fd, ifindex, BPF_XDP, c->at->xdp_flags, 0);
	if (fd >= 0) {
		c->out->link_fd = fd;
		c->out->ifindex = ifindex;
		return 0;
	}
	/* A kernel without XDP links says EINVAL. So may others, and then netlink has words. */
	if (c->via == BU_VIA_AUTO && fd == -EINVAL)
		return attach_xdp_netlink(c, ifindex);
	return bu_blame_xdp(c, BPF_LINK_CREATE, fd, "");
}

int bu_sys_attach(struct bu_sys *s, const struct bu_attach *at, int prog_fd,
		  enum bu_attach_via via, struct bu_attached *out, struct bu_diags *ds)
{
	struct bu_attaching c = {
		.s = s, .at = at, .prog_fd = prog_fd, .via = via, .out = out, .ds = ds,
	};
	int err;

	*out = (struct bu_attached){
		.hook = at->hook, .link_fd = -1, .event_fd = -1, .prog_fd = -1,
	};
	switch (at->hook) {
	case BU_HOOK_KPROBE:
	case BU_HOOK_KRETPROBE:
		err = attach_kprobe(&c);
		break;
	case BU_HOOK_TRACEPOINT:
		err = attach_tracepoint(&c);
		break;
	case BU_HOOK_RAW_TP:
		err = attach_raw_tp(&c);
		break;
	case BU_HOOK_UPROBE:
	case BU_HOOK_URETPROBE:
		err = attach_uprobe(&c);
		break;
	case BU_HOOK_XDP:
		err = attach_xdp(&c);
		break;
	default:
		bu_diag(ds, BU_ERROR, "S0102", "this kind of program cannot be attached");
		err = -EOPNOTSUPP;
		break;
	}
	bu_sys_tell(s, ds);
	if (err)
		bu_sys_detach(s, out);
	return err;
}

int bu_sys_detach(struct bu_sys *s, struct bu_attached *at)
{
	int err = 0;

	/* Take away our own program only: someone may have put another in its place. */
	if (at->netlink)
		err = s->ops->xdp_set(s, at->ifindex, -1, at->prog_fd,
				      at->xdp_flags | XDP_FLAGS_REPLACE, NULL, 0);
	/* Kernels before 5.7 cannot be told which. */
	if (err == -EINVAL)
		err = s->ops->xdp_set(s, at->ifindex, -1, -1, at->xdp_flags, NULL, 0);
	/* The device is gone, or has another program by now. */
	if (err == -ENODEV || err == -EEXIST)
		err = 0;
	at->netlink = false;
	close_fd(s, &at->link_fd);
	close_fd(s, &at->event_fd);
	return err;
}
