/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Targets that a hook can have here, for completion: what the backend lists, and what type information names. */
#include "sys/attach.h"

#include <string.h>

/* Passes names on as targets. */
struct pass {
	bu_name_fn *fn;
	void *ctx;
	const char *category; /* put in front, with ':' */
	const char *strip;    /* taken off; names without it are left out */
	struct bu_buf one;
	bool open;            /* ':' behind: it is only a part of a target */
};

static bool pass(void *ctx, const char *name)
{
	struct pass *p = ctx;
	size_t n = p->strip ? strlen(p->strip) : 0;

	if (n && strncmp(name, p->strip, n))
		return true;
	bu_buf_reset(&p->one);
	bu_buf_printf(&p->one, "%s%s%s%s", p->category ? p->category : "", p->category ? ":" : "", name + n,
		      p->open ? ":" : "");
	return p->one.failed ? false : p->fn(p->ctx, bu_buf_cstr(&p->one));
}

static int from_types(struct bu_sys *s, const struct bu_btf_want *w, struct pass *p)
{
	struct bu_btf_type t;
	const void *data;
	struct bu_btf b;
	size_t size;
	int err = s->ops->vmlinux_btf(s, &data, &size);

	if (!err)
		err = bu_btf_parse(&b, data, size, NULL, "vmlinux", NULL);
	if (err)
		return err;
	p->strip = w->prefix[0] ? w->prefix : NULL;
	for (uint32_t id = 1; id <= b.ntypes; id++)
		if (!bu_btf_get(&b, id, &t) && t.kind == w->kind && t.name[0] && !pass(p, t.name))
			break;
	bu_btf_free(&b);
	return 0;
}

static int list(struct bu_sys *s, enum bu_hook hook, struct bu_str typed, struct pass *p, struct bu_arena *a)
{
	const char *colon = typed.n ? memchr(typed.p, ':', typed.n) : NULL;
	const char *arch = "__x64_sys_";

	switch (hook) {
	case BU_HOOK_KPROBE:
	case BU_HOOK_KRETPROBE:
		return s->ops->names(s, BU_NAMES_FUNCTIONS, NULL, pass, p);
	case BU_HOOK_KPROBE_MULTI:
	case BU_HOOK_KRETPROBE_MULTI:
	case BU_HOOK_KPROBE_SESSION:
		return s->ops->names(s, BU_NAMES_TRACEABLE, NULL, pass, p);
	case BU_HOOK_KSYSCALL:
	case BU_HOOK_KRETSYSCALL:
#ifdef __aarch64__
		arch = "__arm64_sys_";
#endif
		p->strip = arch;
		return s->ops->names(s, BU_NAMES_FUNCTIONS, NULL, pass, p);
	case BU_HOOK_TRACEPOINT:
		p->open = !colon;
		if (!colon)
			return s->ops->names(s, BU_NAMES_TRACEPOINT_CATEGORIES, NULL, pass, p);
		p->category = bu_arena_strndup(a, typed.p, (size_t)(colon - typed.p));
		return p->category ? s->ops->names(s, BU_NAMES_TRACEPOINTS, p->category, pass, p) : -ENOMEM;
	case BU_HOOK_RAW_TP:
		return s->ops->names(s, BU_NAMES_TRACEPOINTS, NULL, pass, p);
	case BU_HOOK_HARDWARE:
	case BU_HOOK_SOFTWARE:
	case BU_HOOK_CACHE:
		return bu_perf_names(hook, pass, p);
	case BU_HOOK_XDP:
		return s->ops->names(s, BU_NAMES_DEVICES, NULL, pass, p);
	default:
		return bu_attach_btf_want(hook) ? from_types(s, bu_attach_btf_want(hook), p) : -ENOENT;
	}
}

int bu_attach_targets(struct bu_sys *s, enum bu_hook hook, struct bu_str typed, bu_name_fn *fn, void *ctx)
{
	struct pass p = { .fn = fn, .ctx = ctx };
	struct bu_arena a;
	int err;

	if (!s->ops->names)
		return -ENOENT;
	bu_arena_init(&a);
	err = list(s, hook, typed, &p, &a);
	bu_buf_free(&p.one);
	bu_arena_free(&a);
	return err;
}
