/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an errno most likely means, told by the command, its attribute and facts about the caller. Only causes that
 * can be seen are named; a guess says that it is one.
 *
 * Sources: bpf(2), capabilities(7), Documentation/admin-guide/sysctl/kernel.rst, kernel/bpf/syscall.c.
 */
#include "sys/explain.h"

#include <limits.h>
#include <string.h>

#define B BU_CAP(BU_CAP_BPF)
#define P BU_CAP(BU_CAP_PERFMON)
#define N BU_CAP(BU_CAP_NET_ADMIN)
#define A BU_CAP(BU_CAP_SYS_ADMIN)

void bu_why_facts(struct bu_sys *s, struct bu_sys_facts *f)
{
	*f = (struct bu_sys_facts){
		.init_userns = -1, .unpriv_disabled = -1, .perf_paranoid = INT_MIN,
		.lockdown = -1, .seccomp = -1, .root = -1,
	};
	if (s->ops->facts)
		s->ops->facts(s, f);
}

bool bu_why_older(const struct bu_why *x, uint16_t since)
{
	return x->kernel && x->f.major && since &&
	       (x->f.major < (unsigned)since >> 8 ||
		(x->f.major == (unsigned)since >> 8 && x->f.minor < (since & 0xff)));
}

bool bu_why_option(struct bu_why *x, const char *option, const char *what)
{
	if (!option[0] || !x->s->ops->config || x->s->ops->config(x->s, option) != 'n')
		return false;
	why_note(x, "this kernel was built without %s, which %s needs", option, what);
	return true;
}

/* ---------------------------------------------------------------- capabilities */

uint64_t bu_why_prog_caps(uint32_t type)
{
	switch (type) {
#define BU_PROG_NEED(type, caps, option) case type: return caps;
#include "sys/progneed.def"
#undef BU_PROG_NEED
	default:
		return B;
	}
}

uint64_t bu_why_map_caps(uint32_t type)
{
	switch (type) {
#define BU_MAP_NEED(type, caps, option) case type: return caps;
#include "sys/mapneed.def"
#undef BU_MAP_NEED
	default:
		return B;
	}
}

/* Commands that take the same whatever they are about. */
static const struct { int cmd; uint64_t caps; } command_caps[] = {
	{ BU_CMD_PERF_EVENT_OPEN, P }, { BU_CMD_NETLINK, N }, { BPF_BTF_LOAD, B },
	{ BPF_PROG_ATTACH, N }, { BPF_PROG_DETACH, N }, { BPF_PROG_QUERY, N },
	{ BPF_RAW_TRACEPOINT_OPEN, P }, { BPF_PROG_GET_NEXT_ID, A }, { BPF_MAP_GET_NEXT_ID, A },
	{ BPF_BTF_GET_NEXT_ID, A }, { BPF_LINK_GET_NEXT_ID, A }, { BPF_PROG_GET_FD_BY_ID, A },
	{ BPF_MAP_GET_FD_BY_ID, A }, { BPF_BTF_GET_FD_BY_ID, A }, { BPF_LINK_GET_FD_BY_ID, A },
	{ BPF_TASK_FD_QUERY, A }, { BPF_ENABLE_STATS, A },
};

static uint64_t needed_caps(const struct bu_why *x)
{
	uint64_t need;

	switch (x->cmd) {
	case BPF_PROG_LOAD:
		return x->a ? bu_why_prog_caps(x->a->prog_type) : B;
	case BPF_MAP_CREATE:
		need = x->a ? bu_why_map_caps(x->a->map_type) : B;
		return x->f.unpriv_disabled == 0 ? need : need | B;
	case BPF_LINK_CREATE:
		return x->a && x->a->link_create.attach_type == BPF_XDP ? N : 0;
	default:
		break;
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(command_caps); i++) {
		if (command_caps[i].cmd == x->cmd)
			return command_caps[i].caps;
	}
	return 0;
}

void bu_why_cap_names(struct bu_buf *out, uint64_t caps)
{
	static const struct { uint64_t bit; const char *name; } rows[] = {
		{ B, "CAP_BPF" }, { P, "CAP_PERFMON" }, { N, "CAP_NET_ADMIN" }, { A, "CAP_SYS_ADMIN" },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		if (caps & rows[i].bit)
			bu_buf_printf(out, "%s%s", out->n ? ", " : "", rows[i].name);
	}
}

uint64_t bu_why_missing(const struct bu_why *x, uint64_t need)
{
	if (!x->f.caps_known)
		return 0;
	/* CAP_BPF and CAP_PERFMON were cut out of CAP_SYS_ADMIN in 5.8, which still holds them. */
	if (x->f.major && bu_why_older(x, 0x0508) && need & ~N)
		need = (need & N) | A;
	if (x->f.caps & A)
		need &= x->cmd == BU_CMD_NETLINK ? ~(B | P) : ~(B | P | N);
	return need & ~x->f.caps;
}

/* What the command is about: "a program of type xdp". */
static const char *subject(const struct bu_why *x, char *room, size_t n)
{
	const struct bu_kind *k = NULL;
	struct bu_buf b = { 0 };

	if (x->a && x->cmd == BPF_PROG_LOAD && (k = bu_kind_by_num(bu_prog_types, bu_nprog_types, x->a->prog_type)))
		bu_buf_printf(&b, "loading a program of type %s", k->name);
	else if (x->a && x->cmd == BPF_MAP_CREATE &&
		 (k = bu_kind_by_num(bu_map_types, bu_nmap_types, x->a->map_type)))
		bu_buf_printf(&b, "making a map of type %s", k->name);
	else
		bu_buf_str(&b, "this");
	strncpy(room, bu_buf_cstr(&b), n - 1);
	room[n - 1] = '\0';
	bu_buf_free(&b);
	return room;
}

static void explain_sysctls(struct bu_why *x, uint64_t missing)
{
	if (missing & B && x->f.unpriv_disabled > 0 && (x->cmd == BPF_PROG_LOAD || x->cmd == BPF_MAP_CREATE))
		why_note(x, "kernel.unprivileged_bpf_disabled is %d: without CAP_BPF nothing is allowed%s",
			 x->f.unpriv_disabled, x->f.unpriv_disabled == 1 ? ", until the next boot" : "");
	if (x->cmd == BU_CMD_PERF_EVENT_OPEN && x->f.perf_paranoid > 0)
		why_note(x, "kernel.perf_event_paranoid is %d: %s", x->f.perf_paranoid,
			 x->f.perf_paranoid > 2 ? "events are for callers with CAP_PERFMON only" :
			 "others may watch their own processes only");
}

/* In a user namespace the capabilities are there, and count for nothing that is the machine's. */
static bool foreign_userns(struct bu_why *x)
{
	if (x->f.init_userns != 0)
		return false;
	why_note(x, "this process is in a user namespace of its own, where capabilities do not count for bpf(2)");
	why_help(x, "run it outside, or let a privileged process mount a bpf file system with delegate_cmds, delegate_maps, "
		 "delegate_progs and delegate_attachs for this namespace: a BPF token (Linux 6.9)");
	return true;
}

bool bu_why_locked(struct bu_why *x)
{
	static const char *const names[] = { "none", "integrity", "confidentiality" };
	struct bu_buf b = { 0 };
	int level = x->f.lockdown;

	if (level < 0 && x->s->ops->security && x->s->ops->security(x->s, "lockdown", &b) == 0) {
		for (int i = 0; i < (int)BU_ARRAY_SIZE(names); i++) {
			const char *at = strstr(bu_buf_cstr(&b), names[i]);

			if (at && at > (const char *)b.p && at[-1] == '[')
				level = i;
		}
	}
	bu_buf_free(&b);
	x->f.lockdown = level;
	if (level <= 0 || level >= (int)BU_ARRAY_SIZE(names))
		return false;
	why_note(x, "the kernel is locked down (%s): it refuses what could read or change its own memory, whoever asks",
		 names[level]);
	return true;
}

/* Modules that may refuse beside the capabilities: those of lsm= that have hooks for bpf(2). */
static bool security_modules(struct bu_why *x)
{
	struct bu_buf b = { 0 };
	bool found = false;

	if (x->s->ops->security && x->s->ops->security(x->s, "lsm", &b) == 0) {
		const char *list = bu_buf_cstr(&b);

		found = strstr(list, "selinux") || strstr(list, "smack") || strstr(list, "apparmor") ||
			strstr(list, "tomoyo") || strstr(list, "bpf");
		if (found)
			why_note(x, "this process has the capabilities; one of the security modules may refuse: %.*s",
				 (int)strcspn(list, "\n"), list);
	}
	bu_buf_free(&b);
	return found;
}

/* Commands by which a program comes to look into the kernel. */
static bool lockdown_counts(const struct bu_why *x)
{
	return x->cmd == BPF_PROG_LOAD || x->cmd == BPF_LINK_CREATE || x->cmd == BPF_RAW_TRACEPOINT_OPEN ||
	       x->cmd == BU_CMD_PERF_EVENT_OPEN;
}

bool bu_why_capabilities(struct bu_why *x)
{
	uint64_t need = needed_caps(x), missing = need ? bu_why_missing(x, need) : 0;
	struct bu_buf names = { 0 }, all = { 0 };
	char what[80];
	bool locked;

	if (missing) {
		bu_why_cap_names(&names, missing);
		bu_why_cap_names(&all, need);
		why_note(x, "this process lacks %s", bu_buf_cstr(&names));
		if (need != missing)
			why_note(x, "%s takes %s", subject(x, what, sizeof(what)), bu_buf_cstr(&all));
		bu_buf_free(&names);
		bu_buf_free(&all);
		explain_sysctls(x, missing);
		if (!foreign_userns(x))
			why_help(x, x->f.root == 1 ? "this root lacks capabilities: a container must be given them"
						   : "run it as root, or with these capabilities");
		return true;
	}
	if (foreign_userns(x))
		return true;
	if (bu_why_older(x, 0x050b) && (x->cmd == BPF_MAP_CREATE || x->cmd == BPF_PROG_LOAD)) {
		why_note(x, "before Linux 5.11 maps and programs count against the limit of locked memory%s",
			 x->f.memlock_known && x->f.memlock != UINT64_MAX ? ", which is set here" : "");
		if (x->f.memlock_known && x->f.memlock != UINT64_MAX)
			why_note(x, "it is %llu KiB", (unsigned long long)x->f.memlock >> 10);
		why_help(x, "ulimit -l unlimited");
		return true;
	}
	locked = lockdown_counts(x) && bu_why_locked(x);
	if (x->f.seccomp == 1)
		why_note(x, "a seccomp filter is on this process; it may be what refuses");
	else if (!locked && x->f.caps_known && need && !security_modules(x))
		why_note(x, "this process has the capabilities; a security module may refuse%s",
			 x->f.lockdown < 0 ? ", or lockdown, whose state cannot be read" : "");
	return true;
}

/* ---------------------------------------------------------------- what any call may meet */

/* Does a call that nobody may be refused come through? Then no filter hides bpf(2). */
bool bu_why_blocked(struct bu_why *x)
{
	union bpf_attr a;
	int err;

	/* Without CAP_BPF the kernel itself may refuse everything. */
	if (!x->probe || x->f.seccomp != 1 || x->cmd == BU_CMD_NETLINK)
		return false;
	memset(&a, 0, sizeof(a));
	err = x->s->ops->bpf(x->s, 0x7fff, &a, 4); /* no such command: EINVAL */
	if (err != -EPERM && err != -EACCES)
		return false;
	if (bu_why_missing(x, B))
		return false;
	why_note(x, "a seccomp filter on this process refuses bpf(2) altogether, as in most containers");
	why_help(x, "docker: --security-opt seccomp=unconfined, or a profile that allows bpf and perf_event_open; "
		 "systemd: SystemCallFilter");
	return true;
}

bool bu_why_no_bpf(struct bu_why *x)
{
	int built = x->s->ops->config ? x->s->ops->config(x->s, "CONFIG_BPF_SYSCALL") : -ENOENT;

	if (x->cmd < 0)
		return false;
	if (built == 'y' && x->f.seccomp == 1)
		why_note(x, "this kernel has bpf(2); the seccomp filter on this process hides it");
	else if (built == 'y')
		why_note(x, "this kernel has bpf(2); something hides it from this process, such as the seccomp filter of "
			 "a container or an emulator");
	else if (built == 'n')
		why_note(x, "this kernel was built without CONFIG_BPF_SYSCALL");
	else
		why_note(x, "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL), or a seccomp filter hides it");
	return true;
}

bool bu_why_files(struct bu_why *x)
{
	if (x->f.nofile)
		why_note(x, "this process may have %u files open (RLIMIT_NOFILE); each map, program and link is one",
			 x->f.nofile);
	else
		why_note(x, "this process has as many files open as it may; each map, program and link is one");
	why_help(x, "ulimit -n %u", x->f.nofile ? x->f.nofile * 4 : 4096);
	return true;
}

bool bu_why_memory(struct bu_why *x)
{
	if (!x->kernel) {
		why_note(x, "the tmpfs that the world is on has no room for it, or this process no memory");
		why_help(x, "'bpftool --vm world show' tells where the world is, and what is in it");
		return true;
	}
	if (x->cmd == BPF_MAP_CREATE && x->a && x->a->max_entries) {
		unsigned __int128 bytes = ((unsigned __int128)x->a->key_size + x->a->value_size) * x->a->max_entries;

		why_note(x, "the map's elements alone take %llu MiB%s", (unsigned long long)(bytes >> 20),
			 bu_map_is_percpu(x->a->map_type) ? ", for each CPU" : "");
	}
	why_note(x, "the kernel has no memory for it, or the control group of this process may not have more");
	return true;
}

/* The command itself may be younger than the kernel. */
bool bu_why_too_old(struct bu_why *x)
{
	static const struct { int cmd; uint16_t since; const char *name; } rows[] = {
		{ BPF_PROG_TEST_RUN, 0x040c, "BPF_PROG_TEST_RUN" }, { BPF_OBJ_PIN, 0x0404, "BPF_OBJ_PIN" },
		{ BPF_OBJ_GET, 0x0404, "BPF_OBJ_GET" }, { BPF_OBJ_GET_INFO_BY_FD, 0x040d, "BPF_OBJ_GET_INFO_BY_FD" },
		{ BPF_RAW_TRACEPOINT_OPEN, 0x0411, "BPF_RAW_TRACEPOINT_OPEN" }, { BPF_BTF_LOAD, 0x0412, "BPF_BTF_LOAD" },
		{ BPF_MAP_FREEZE, 0x0502, "BPF_MAP_FREEZE" }, { BPF_LINK_CREATE, 0x0507, "BPF_LINK_CREATE" },
		{ BPF_LINK_UPDATE, 0x0507, "BPF_LINK_UPDATE" }, { BPF_ITER_CREATE, 0x0508, "BPF_ITER_CREATE" },
		{ BPF_ENABLE_STATS, 0x0508, "BPF_ENABLE_STATS" }, { BPF_PROG_BIND_MAP, 0x050a, "BPF_PROG_BIND_MAP" },
	};

	if (x->err != EINVAL)
		return false;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		if (rows[i].cmd == x->cmd && bu_why_older(x, rows[i].since)) {
			why_note(x, "%s came with Linux %u.%u; this is %u.%u", rows[i].name, rows[i].since >> 8,
				 rows[i].since & 0xff, x->f.major, x->f.minor);
			return true;
		}
	}
	return false;
}

/* ---------------------------------------------------------------- the driver */

#define ANY (-100)
#define ENOTSUPP 524 /* the kernel's own */

static const struct { int cmd, err; bu_why_fn *fn; } checks[] = {
#define BU_WHY(cmd, err, fn) { cmd, err, bu_why_##fn },
#include "sys/explain.def"
#undef BU_WHY
};

void bu_sys_explain_more(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, const struct bu_refused *r)
{
	struct bu_why x = { .s = s, .ds = ds, .d = d, .cmd = r->cmd, .err = r->err < 0 ? -r->err : r->err,
			    .a = r->attr, .r = r, .kernel = strcmp(s->ops->name, "vm") != 0,
			    .probe = strcmp(s->ops->name, "kernel") == 0 };

	bu_why_facts(s, &x.f);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(checks); i++) {
		if ((checks[i].cmd == ANY || checks[i].cmd == x.cmd) &&
		    (checks[i].err == ANY || checks[i].err == x.err) && checks[i].fn(&x))
			return;
	}
}

void bu_sys_explain(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, int cmd, int err,
		    const union bpf_attr *a)
{
	const struct bu_refused r = { .cmd = cmd, .err = err, .attr = a };

	bu_sys_explain_more(s, ds, d, &r);
}

int bu_exit_for(int err)
{
	switch (err < 0 ? -err : err) {
	case 0:
		return BU_EXIT_OK;
	case EPERM:
	case EACCES:
	case EOPNOTSUPP:
	case ENOSYS:
	case ENOTSUPP:
		return BU_EXIT_UNSUPPORTED;
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case EROFS:
	case EFBIG:
	case EPIPE:
	case ENXIO:
	case ESPIPE:
		return BU_EXIT_IO;
	default:
		return BU_EXIT_FAIL;
	}
}
