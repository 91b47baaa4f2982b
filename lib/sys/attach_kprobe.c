/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kprobe, kretprobe: a function of the kernel. ksyscall, kretsyscall: that of a system call, which each
 * architecture calls differently. By the event source (since 4.17), else by a line in tracefs.
 */
#include "sys/attach.h"

#include <linux/perf_event.h>
#include <string.h>

static bool returns(enum bu_hook hook)
{
	return hook == BU_HOOK_KRETPROBE || hook == BU_HOOK_KRETSYSCALL || hook == BU_HOOK_KRETPROBE_MULTI;
}

/* ---------------------------------------------------------------- kprobe, kretprobe */

static int parse_kprobe(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "FUNCTION or FUNCTION+OFFSET";
	struct bu_str name;

	if (bu_attach_offset(p, t, &name))
		return bu_attach_bad(p, form, "the offset behind '+' is not a number");
	if (!name.n)
		return bu_attach_bad(p, form, "the name of a kernel function is missing");
	if (!bu_attach_word(name))
		return bu_attach_bad(p, form, "that is not the name of a function");
	if (p->at->hook == BU_HOOK_KRETPROBE && p->at->offset)
		return bu_attach_bad(p, "FUNCTION", "a return probe takes no offset");
	p->at->a = bu_attach_keep(p, name);
	return bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);
}

int bu_attach_kprobe_at(struct bu_attaching *c)
{
	bool old = c->via == BU_VIA_TRACEFS ||
		   (c->via == BU_VIA_AUTO && c->s->ops->dyn_event &&
		    c->s->ops->pmu_type(c->s, "kprobe") == -ENOENT && bu_attach_tracefs_has(c, "kprobe_events"));
	struct perf_event_attr a;
	int err;

	if (old)
		return bu_attach_tracefs(c, "kprobe_events", returns(c->at->hook), c->at->a, c->at->offset, 0);
	err = bu_attach_probe_event(c, &a, "kprobe", returns(c->at->hook));
	if (err)
		return err;
	a.config1 = bu_ptr64(c->at->a);
	a.config2 = c->at->offset;
	err = bu_attach_open_event(c, &a, -1, 0);
	return err ? err : bu_attach_bind_event(c);
}

const struct bu_attach_driver bu_driver_kprobe = { .parse = parse_kprobe, .attach = bu_attach_kprobe_at };

/* ---------------------------------------------------------------- ksyscall, kretsyscall */

static int parse_ksyscall(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "SYSCALL, such as openat";

	if (!bu_attach_word(t))
		return bu_attach_bad(p, form, t.n ? "that is not the name of a system call" : "the name is missing");
	p->at->a = bu_attach_keep(p, t);
	return bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);
}

/* What the function is called, the likeliest first. */
static const char *const prefixes[] = {
#if defined(__x86_64__)
	"__x64_sys_",
#elif defined(__aarch64__)
	"__arm64_sys_",
#elif defined(__s390x__)
	"__s390x_sys_",
#elif defined(__riscv)
	"__riscv_sys_",
#elif defined(__i386__)
	"__ia32_sys_",
#endif
	"__se_sys_", "sys_",
};

struct syscall {
	const char *name;
	unsigned best; /* index of the prefix that was found */
	bool any;      /* there was a list to look in */
	struct bu_near near;
	struct bu_arena *arena;
};

static bool look(void *ctx, const char *name)
{
	struct syscall *q = ctx;

	q->any = true;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(prefixes); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(name, prefixes[i], n))
			continue;
		if (strcmp(name + n, q->name) == 0) {
			q->best = i < q->best ? i : q->best;
			return q->best > 0;
		}
		if (i == 0) {
			bu_near_feed(&q->near, name + n);
			if (q->near.best == name + n)
				q->near.best = bu_arena_strdup(q->arena, name + n);
		}
	}
	return true;
}

static int attach_ksyscall(struct bu_attaching *c)
{
	struct syscall q = { .name = c->at->a, .best = BU_ARRAY_SIZE(prefixes), .arena = &c->ds->arena };
	struct bu_attach at = *c->at;
	struct bu_attaching sub = *c;
	struct bu_diag *d;

	bu_near_init(&q.near, q.name, strlen(q.name));
	if (c->s->ops->names)
		c->s->ops->names(c->s, BU_NAMES_FUNCTIONS, NULL, look, &q);
	if (q.any && q.best == BU_ARRAY_SIZE(prefixes)) {
		d = bu_diag(c->ds, BU_ERROR, "S0104", "%s: this kernel has no system call '%s'", bu_blame_subject(c),
			    q.name);
		if (q.near.best)
			bu_diag_help(c->ds, d, "did you mean '%s'?", q.near.best);
		return -ENOENT;
	}
	at.a = bu_arena_printf(&c->ds->arena, "%s%s", prefixes[q.any ? q.best : 0], q.name);
	if (!at.a)
		return -ENOMEM;
	sub.at = &at;
	return bu_attach_kprobe_at(&sub);
}

const struct bu_attach_driver bu_driver_ksyscall = { .parse = parse_ksyscall, .attach = attach_ksyscall };
