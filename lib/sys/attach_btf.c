/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is loaded for its place, which BTF names: tp_btf, fentry, fexit, fmod_ret, lsm, freplace. All
 * that is left to do is to make the link; kernels before 5.19 have that under another command.
 */
#include "sys/attach.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct bu_btf_want wants[BU_NHOOKS] = {
	[BU_HOOK_TP_BTF] = { "btf_trace_", BU_BTF_TYPEDEF },
	[BU_HOOK_FENTRY] = { "", BU_BTF_FUNC },
	[BU_HOOK_FEXIT] = { "", BU_BTF_FUNC },
	[BU_HOOK_FSESSION] = { "", BU_BTF_FUNC },
	[BU_HOOK_FMOD_RET] = { "", BU_BTF_FUNC },
	[BU_HOOK_FREPLACE] = { "", BU_BTF_FUNC },
	[BU_HOOK_LSM] = { "bpf_lsm_", BU_BTF_FUNC },
	[BU_HOOK_LSM_CGROUP] = { "bpf_lsm_", BU_BTF_FUNC },
	[BU_HOOK_ITER] = { "bpf_iter_", BU_BTF_FUNC },
};

const struct bu_btf_want *bu_attach_btf_want(enum bu_hook hook)
{
	return hook < BU_NHOOKS && wants[hook].prefix ? &wants[hook] : NULL;
}

/* ---------------------------------------------------------------- targets */

static const char *form_of(enum bu_hook hook)
{
	switch (hook) {
	case BU_HOOK_TP_BTF:
		return "NAME, such as sched_switch";
	case BU_HOOK_LSM:
		return "HOOK, such as file_open";
	case BU_HOOK_FREPLACE:
		return "PROGRAM:FUNCTION; PROGRAM is where it is pinned, or its id";
	default:
		return "FUNCTION, MODULE:FUNCTION, or PROGRAM:FUNCTION where PROGRAM is where it is pinned, or "
		       "id:N";
	}
}

/* "7", "id:7" and "/sys/fs/bpf/x" are programs. */
static bool is_program(struct bu_str s)
{
	uint64_t n;

	if (s.n > 3 && memcmp(s.p, "id:", 3) == 0)
		s = bu_str(s.p + 3, s.n - 3);
	return memchr(s.p, '/', s.n) || (!bu_str_u64(s, &n, NULL) && n && n <= UINT32_MAX);
}

static int parse_owner(struct bu_attach_parser *p, const char *form, struct bu_str owner)
{
	if (!owner.n)
		return bu_attach_bad(p, form, "there is nothing in front of ':'");
	if (is_program(owner)) {
		p->at->prog = memchr(owner.p, '/', owner.n) || owner.p[0] == 'i'
				      ? bu_attach_keep(p, owner)
				      : bu_arena_printf(p->arena, "id:%.*s", (int)owner.n, owner.p);
		return 0;
	}
	if (p->at->hook == BU_HOOK_FREPLACE)
		return bu_attach_bad(p, form, "what is in front of ':' is no program");
	if (!bu_attach_word(owner))
		return bu_attach_bad(p, form, "what is in front of ':' is neither a module nor a program");
	p->at->b = bu_attach_keep(p, owner);
	return 0;
}

static int parse_btf(struct bu_attach_parser *p, struct bu_str t)
{
	bool owned = p->at->hook != BU_HOOK_TP_BTF && p->at->hook != BU_HOOK_LSM;
	const char *form = form_of(p->at->hook);
	struct bu_str owner, name = t;
	int err;

	if (owned && bu_attach_cut(t, ':', &owner, &name)) {
		err = parse_owner(p, form, owner);
		if (err)
			return err;
	} else if (p->at->hook == BU_HOOK_FREPLACE) {
		return bu_attach_bad(p, form, "it does not say of which program");
	}
	if (!name.n)
		return bu_attach_bad(p, form, "the name is missing");
	if (!bu_attach_word(name))
		return bu_attach_bad(p, form, "the name is not a single word");
	p->at->a = bu_attach_keep(p, name);
	if (p->at->hook == BU_HOOK_FREPLACE)
		return 0;
	return bu_attach_opt_u64(p, BU_ATTACH_OPT_COOKIE, &p->at->cookie);
}

static int parse_lsm_cgroup(struct bu_attach_parser *p, struct bu_str t)
{
	static const char form[] = "HOOK,cgroup=PATH, such as socket_post_create,cgroup=/sys/fs/cgroup/x";
	int err;

	if (!bu_attach_word(t))
		return bu_attach_bad(p, form, "that is not the name of a hook");
	p->at->a = bu_attach_keep(p, t);
	err = bu_attach_opt_text(p, BU_ATTACH_OPT_CGROUP, &p->at->cgroup);
	if (!err && !p->at->cgroup)
		return bu_attach_bad(p, form, "the control group is missing");
	return err;
}

static int parse_fmulti(struct bu_attach_parser *p, struct bu_str t)
{
	struct bu_diag *d = bu_diag(p->ds, BU_ERROR, "S0102", "%s:%.*s: one link of this type for many functions is newer "
				    "than Linux 7.1, and not known here", bu_hook_name(p->at->hook), (int)t.n, t.p);

	bu_diag_help(p->ds, d, "kprobe.multi and kprobe.session attach to many functions; fentry and fexit to one each, "
		     "and may be given several times");
	return -EOPNOTSUPP;
}

/* ---------------------------------------------------------------- attaching */

static int attach_btf(struct bu_attaching *c)
{
	enum bu_hook hook = c->at->hook;
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)c->prog_fd;
	a.link_create.attach_type = hook == BU_HOOK_FREPLACE ? 0 : bu_hook_attach_type(hook);
	a.link_create.tracing.cookie = c->at->cookie;
	fd = bu_sys_link_make(c->s, &a);
	if (fd == -EINVAL && !c->at->cookie)
		fd = bu_sys_raw_tp_open(c->s, NULL, c->prog_fd);
	if (fd < 0)
		return bu_blame_btf(c, fd);
	c->out->link_fd = fd;
	if (hook == BU_HOOK_LSM)
		bu_blame_lsm_list(c);
	return 0;
}

static int attach_lsm_cgroup(struct bu_attaching *c)
{
	int dir = open(c->at->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	if (dir < 0)
		return bu_blame_cgroup(c, -errno);
	fd = bu_sys_link_create(c->s, c->prog_fd, dir, BPF_LSM_CGROUP, 0, 0);
	close(dir);
	if (fd == -EBADF)
		return bu_blame_cgroup(c, -ENOTDIR);
	if (fd < 0)
		return bu_blame_btf(c, fd);
	c->out->link_fd = fd;
	return 0;
}

const struct bu_attach_driver bu_driver_btf = { .parse = parse_btf, .attach = attach_btf };
const struct bu_attach_driver bu_driver_fmulti = { .parse = parse_fmulti, .attach = attach_btf };
const struct bu_attach_driver bu_driver_lsm_cgroup = {
	.parse = parse_lsm_cgroup, .attach = attach_lsm_cgroup,
};
