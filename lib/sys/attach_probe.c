/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probes and tracepoints: perf events that run a program, which is tied to the event by a bpf_link
 * where the kernel has that (5.15), else by an ioctl. Raw tracepoints have their own command.
 */
#include "sys/attach.h"

#include <linux/perf_event.h>
#include <string.h>

int bu_attach_open_event(struct bu_attaching *c, struct perf_event_attr *a, int pid, int cpu)
{
	int fd;

	a->size = sizeof(*a);
	fd = c->s->ops->perf_event_open(c->s, a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return bu_blame_event(c, fd);
	c->out->event_fd = fd;
	return 0;
}

/* By the cookie programs of USDT probes know the place, whatever its number. */
static bool needs_cookie(const struct bu_attach *at)
{
	return at->cookie || at->usdt_spec;
}

int bu_attach_bind_event(struct bu_attaching *c)
{
	struct bu_attached *out = c->out;
	struct bu_sys *s = c->s;
	int err = -EINVAL;

	if (c->via == BU_VIA_IOCTL && needs_cookie(c->at)) {
		bu_diag(c->ds, BU_ERROR, "S0135", "%s: cookies need a link, which --attach-via=ioctl does without",
			bu_blame_subject(c));
		return -EOPNOTSUPP;
	}
	if (c->via != BU_VIA_IOCTL) {
		out->link_fd = bu_sys_link_create(s, c->prog_fd, out->event_fd, BPF_PERF_EVENT,
						  0, c->at->cookie);
		err = out->link_fd < 0 ? out->link_fd : 0;
	}
	if (c->via != BU_VIA_IOCTL && err == -EINVAL && needs_cookie(c->at))
		return bu_blame_cookie(c);
	/* All that a kernel without such links has to say is EINVAL. */
	if (c->via == BU_VIA_IOCTL || ((c->via == BU_VIA_AUTO || c->via == BU_VIA_TRACEFS) && err == -EINVAL)) {
		out->link_fd = -1;
		err = s->ops->perf_set_bpf(s, out->event_fd, c->prog_fd);
	}
	if (err)
		return bu_blame_bind(c, err);
	err = s->ops->perf_enable(s, out->event_fd);
	if (err)
		return bu_blame_event(c, err);
	if (out->link_fd >= 0) /* the link holds the event */
		bu_attach_close(s, &out->event_fd);
	return 0;
}

int bu_attach_probe_event(struct bu_attaching *c, struct perf_event_attr *a, const char *pmu, bool ret)
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

/* ---------------------------------------------------------------- tracepoint */

static int parse_tracepoint(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "CATEGORY:NAME, such as skb:kfree_skb";
	struct bu_str cat, name;
	const char *bcc = t.n ? memmem(t.p, t.n, "__", 2) : NULL;

	if (bcc && !memchr(t.p, ':', t.n) && !memchr(t.p, '/', t.n)) { /* bcc: tracepoint__sched__sched_switch */
		cat = bu_str(t.p, (size_t)(bcc - t.p));
		name = bu_str(bcc + 2, t.n - cat.n - 2);
	} else if (!bu_attach_cut(t, ':', &cat, &name) && !bu_attach_cut(t, '/', &cat, &name))
		return bu_attach_bad(p, form, "a tracepoint has a category and a name");
	if (!cat.n)
		return bu_attach_bad(p, form, "the category is missing");
	if (!name.n)
		return bu_attach_bad(p, form, "the name behind the category is missing");
	if (!bu_attach_word(cat) || !bu_attach_word(name))
		return bu_attach_bad(p, form, "category and name are single words");
	p->at->a = bu_attach_keep(p, cat);
	p->at->b = bu_attach_keep(p, name);
	return bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);
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
	err = bu_attach_open_event(c, &a, -1, 0);
	return err ? err : bu_attach_bind_event(c);
}

const struct bu_attach_driver bu_driver_tracepoint = {
	.parse = parse_tracepoint, .attach = attach_tracepoint,
};

/* ---------------------------------------------------------------- raw_tp */

static int parse_raw_tp(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "NAME, such as kfree_skb";

	if (!t.n)
		return bu_attach_bad(p, form, "the name of a tracepoint is missing");
	if (!bu_attach_word(t))
		return bu_attach_bad(p, form, "a raw tracepoint is named without its category");
	p->at->a = bu_attach_keep(p, t);
	return 0;
}

static int attach_raw_tp(struct bu_attaching *c)
{
	int fd = bu_sys_raw_tp_open(c->s, c->at->a, c->prog_fd);

	if (fd < 0)
		return bu_blame_raw_tp(c, fd);
	c->out->link_fd = fd;
	return 0;
}

const struct bu_attach_driver bu_driver_raw_tp = { .parse = parse_raw_tp, .attach = attach_raw_tp };
