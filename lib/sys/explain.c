/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an errno of bpf(2) most likely means, told by the command, its attribute and facts about
 * the caller. Only causes that can be seen are named; a guess says that it is one.
 *
 * Sources: bpf(2), capabilities(7), the kernel's Documentation/admin-guide/sysctl/kernel.rst.
 */
#include "sys/sys.h"

#include <limits.h>
#include <string.h>

enum { NET_ADMIN = 12, SYS_ADMIN = 21, PERFMON = 38, BPF = 39 };
#define CAP(n) (UINT64_C(1) << (n))

struct explain {
	struct bu_sys *s;
	struct bu_diags *ds;
	struct bu_diag *d;
	int cmd, err;
	const union bpf_attr *a;
	struct bu_sys_facts f;
};

#define note(x, ...) bu_diag_note((x)->ds, (x)->d, __VA_ARGS__)
#define help(x, ...) bu_diag_help((x)->ds, (x)->d, __VA_ARGS__)

static void get_facts(struct bu_sys *s, struct bu_sys_facts *f)
{
	*f = (struct bu_sys_facts){
		.init_userns = -1, .unpriv_disabled = -1, .perf_paranoid = INT_MIN,
		.lockdown = -1, .seccomp = -1, .root = -1,
	};
	if (s->ops->facts)
		s->ops->facts(s, f);
}

/* ---------------------------------------------------------------- capabilities */

static uint64_t prog_type_caps(uint32_t type)
{
	switch (type) {
	case BPF_PROG_TYPE_SOCKET_FILTER:
		return CAP(BPF);
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
	case BPF_PROG_TYPE_TRACING:
	case BPF_PROG_TYPE_LSM:
	case BPF_PROG_TYPE_STRUCT_OPS:
	case BPF_PROG_TYPE_EXT:
		return CAP(BPF) | CAP(PERFMON);
	case BPF_PROG_TYPE_SYSCALL:
	case BPF_PROG_TYPE_LIRC_MODE2:
		return CAP(BPF);
	default:
		return CAP(BPF) | CAP(NET_ADMIN);
	}
}

static uint64_t needed_caps(const struct explain *x)
{
	switch (x->cmd) {
	case BU_CMD_PERF_EVENT_OPEN:
		return CAP(PERFMON);
	case BU_CMD_NETLINK:
		return CAP(NET_ADMIN);
	case BPF_PROG_LOAD:
		return x->a ? prog_type_caps(x->a->prog_type) : CAP(BPF);
	case BPF_MAP_CREATE:
		if (x->a && (x->a->map_type == BPF_MAP_TYPE_SOCKMAP ||
			     x->a->map_type == BPF_MAP_TYPE_SOCKHASH ||
			     x->a->map_type == BPF_MAP_TYPE_XSKMAP ||
			     x->a->map_type == BPF_MAP_TYPE_DEVMAP ||
			     x->a->map_type == BPF_MAP_TYPE_DEVMAP_HASH ||
			     x->a->map_type == BPF_MAP_TYPE_CPUMAP))
			return CAP(BPF) | CAP(NET_ADMIN);
		return CAP(BPF);
	case BPF_BTF_LOAD:
		return CAP(BPF);
	case BPF_LINK_CREATE:
		return x->a && x->a->link_create.attach_type == BPF_XDP ? CAP(NET_ADMIN) : 0;
	case BPF_PROG_ATTACH:
	case BPF_PROG_DETACH:
	case BPF_PROG_QUERY:
		return CAP(NET_ADMIN);
	case BPF_RAW_TRACEPOINT_OPEN:
		return CAP(PERFMON);
	case BPF_PROG_GET_NEXT_ID:
	case BPF_MAP_GET_NEXT_ID:
	case BPF_BTF_GET_NEXT_ID:
	case BPF_LINK_GET_NEXT_ID:
	case BPF_PROG_GET_FD_BY_ID:
	case BPF_MAP_GET_FD_BY_ID:
	case BPF_BTF_GET_FD_BY_ID:
	case BPF_LINK_GET_FD_BY_ID:
	case BPF_TASK_FD_QUERY:
	case BPF_ENABLE_STATS:
		return CAP(SYS_ADMIN);
	default:
		return 0;
	}
}

static void cap_names(struct bu_buf *out, uint64_t caps)
{
	static const struct { int bit; const char *name; } rows[] = {
		{ BPF, "CAP_BPF" }, { PERFMON, "CAP_PERFMON" }, { NET_ADMIN, "CAP_NET_ADMIN" },
		{ SYS_ADMIN, "CAP_SYS_ADMIN" },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		if (caps & CAP(rows[i].bit))
			bu_buf_printf(out, "%s%s", out->n ? ", " : "", rows[i].name);
	}
}

/* Names what this caller lacks. Returns whether it lacks something. */
static bool explain_caps(struct explain *x)
{
	uint64_t need = needed_caps(x), missing;
	struct bu_buf names = { 0 };

	if (!need || !x->f.caps_known)
		return false;
	/* CAP_BPF and CAP_PERFMON were cut out of CAP_SYS_ADMIN in 5.8, which still holds them. */
	if (x->f.major && (x->f.major < 5 || (x->f.major == 5 && x->f.minor < 8)))
		need = (need & CAP(NET_ADMIN)) | CAP(SYS_ADMIN);
	missing = need & ~x->f.caps;
	if (x->f.caps & CAP(SYS_ADMIN) && x->cmd != BU_CMD_NETLINK)
		missing = 0;
	if (!missing)
		return false;
	cap_names(&names, missing);
	note(x, "this process lacks %s", bu_buf_cstr(&names));
	bu_buf_free(&names);
	return true;
}

/* ---------------------------------------------------------------- by errno */

static void explain_lockdown(struct explain *x)
{
	static const char *const names[] = { "none", "integrity", "confidentiality" };

	if (x->f.lockdown > 0 && x->f.lockdown < (int)BU_ARRAY_SIZE(names))
		note(x, "the kernel is locked down (%s): it refuses what could read or change its "
			"own memory, whoever asks", names[x->f.lockdown]);
}

static void explain_eperm(struct explain *x)
{
	bool lacks = explain_caps(x);

	if (x->f.init_userns == 0)
		note(x, "this process is in a user namespace of its own, where capabilities do not "
			"count for bpf(2)");
	if (lacks && !(x->f.caps & (CAP(BPF) | CAP(SYS_ADMIN))) && x->f.unpriv_disabled > 0 &&
	    (x->cmd == BPF_PROG_LOAD || x->cmd == BPF_MAP_CREATE))
		note(x, "kernel.unprivileged_bpf_disabled is %d: without CAP_BPF nothing is "
			"allowed", x->f.unpriv_disabled);
	if (x->cmd == BU_CMD_PERF_EVENT_OPEN && lacks && x->f.perf_paranoid > 0)
		note(x, "kernel.perf_event_paranoid is %d", x->f.perf_paranoid);
	if (lacks && x->f.root == 1)
		help(x, "this root lacks capabilities: a container must be given them");
	else if (lacks)
		help(x, "run it as root, or with these capabilities");
	if (lacks)
		return;
	explain_lockdown(x);
	if (x->f.seccomp == 1)
		note(x, "a seccomp filter is on this process; it may be what refuses");
	if (x->f.caps_known && x->f.lockdown <= 0 && x->f.seccomp != 1 && x->f.init_userns != 0 &&
	    needed_caps(x))
		note(x, "this process has the capabilities; a security module may refuse%s",
		     x->f.lockdown < 0 ? ", or lockdown (securityfs is not mounted, so its state "
					 "cannot be read)" : "");
	if (x->f.major && (x->f.major < 5 || (x->f.major == 5 && x->f.minor < 11)) &&
	    (x->cmd == BPF_MAP_CREATE || x->cmd == BPF_PROG_LOAD))
		note(x, "before Linux 5.11 maps and programs count against the limit of locked "
			"memory: see ulimit -l");
}

static void explain_enosys(struct explain *x)
{
	int built = x->s->ops->config ? x->s->ops->config(x->s, "CONFIG_BPF_SYSCALL") : -ENOENT;

	if (x->cmd < 0)
		return;
	if (built == 'y')
		note(x, "this kernel has bpf(2); something hides it from this process, such as the "
			"seccomp filter of a container or an emulator");
	else if (built == 'n')
		note(x, "this kernel was built without CONFIG_BPF_SYSCALL");
	else
		note(x, "this kernel has no bpf(2) (CONFIG_BPF_SYSCALL), or a seccomp filter hides "
			"it");
}

static bool is_array_like(uint32_t type)
{
	switch (type) {
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
	case BPF_MAP_TYPE_PROG_ARRAY:
	case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
	case BPF_MAP_TYPE_CGROUP_ARRAY:
	case BPF_MAP_TYPE_ARRAY_OF_MAPS:
	case BPF_MAP_TYPE_DEVMAP:
	case BPF_MAP_TYPE_SOCKMAP:
	case BPF_MAP_TYPE_CPUMAP:
	case BPF_MAP_TYPE_XSKMAP:
	case BPF_MAP_TYPE_REUSEPORT_SOCKARRAY:
		return true;
	default:
		return false;
	}
}

static bool is_fd_array(uint32_t type)
{
	return type == BPF_MAP_TYPE_PROG_ARRAY || type == BPF_MAP_TYPE_PERF_EVENT_ARRAY ||
	       type == BPF_MAP_TYPE_CGROUP_ARRAY || type == BPF_MAP_TYPE_ARRAY_OF_MAPS ||
	       type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

static bool is_local_storage(uint32_t type)
{
	return type == BPF_MAP_TYPE_SK_STORAGE || type == BPF_MAP_TYPE_INODE_STORAGE ||
	       type == BPF_MAP_TYPE_TASK_STORAGE || type == BPF_MAP_TYPE_CGRP_STORAGE;
}

/* The known rules of map creation that these numbers break. */
static void explain_map_einval(struct explain *x)
{
	const union bpf_attr *a = x->a;
	uint32_t t = a->map_type;
	const struct bu_kind *kind = bu_kind_by_num(bu_map_types, bu_nmap_types, t);
	const char *name = kind ? kind->name : "such";
	bool ring = t == BPF_MAP_TYPE_RINGBUF || t == BPF_MAP_TYPE_USER_RINGBUF;
	bool storage = is_local_storage(t);
	bool keyless = t == BPF_MAP_TYPE_QUEUE || t == BPF_MAP_TYPE_STACK ||
		       t == BPF_MAP_TYPE_BLOOM_FILTER || ring || t == BPF_MAP_TYPE_ARENA;

	if (!kind)
		note(x, "map type %u is not known here", t);
	if (!storage && !a->max_entries && t != BPF_MAP_TYPE_CGROUP_STORAGE &&
	    t != BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE && t != BPF_MAP_TYPE_STRUCT_OPS)
		note(x, "max_entries is 0: %s maps need a size", name);
	if (storage && a->max_entries)
		note(x, "max_entries is %u: %s maps take none", a->max_entries, name);
	if (storage && !(a->map_flags & BPF_F_NO_PREALLOC))
		note(x, "%s maps need the flag BPF_F_NO_PREALLOC", name);
	if ((storage || is_array_like(t)) && a->key_size != 4)
		note(x, "key size is %u: %s maps have keys of 4 bytes", a->key_size, name);
	if (keyless && a->key_size)
		note(x, "key size is %u: %s maps have no key", a->key_size, name);
	if (!keyless && !storage && !is_array_like(t) && !a->key_size)
		note(x, "key size is 0");
	if ((ring || t == BPF_MAP_TYPE_ARENA) && a->value_size)
		note(x, "value size is %u: %s maps have no value", a->value_size, name);
	if (is_fd_array(t) && a->value_size != 4)
		note(x, "value size is %u: %s maps have values of 4 bytes", a->value_size, name);
	if (!ring && t != BPF_MAP_TYPE_ARENA && !a->value_size)
		note(x, "value size is 0");
	if (ring && (a->max_entries & (a->max_entries - 1) || a->max_entries % 4096))
		note(x, "max_entries is %u: the size of %s maps is a power of two and whole pages",
		     a->max_entries, name);
	if (t == BPF_MAP_TYPE_LPM_TRIE && !(a->map_flags & BPF_F_NO_PREALLOC))
		note(x, "%s maps need the flag BPF_F_NO_PREALLOC", name);
	if (t == BPF_MAP_TYPE_LPM_TRIE && a->key_size && (a->key_size < 5 || a->key_size > 260))
		note(x, "key size is %u: %s maps have 4 bytes of prefix length and 1 to 256 bytes "
			"of data", a->key_size, name);
	if (t == BPF_MAP_TYPE_STACK_TRACE && a->value_size % 8)
		note(x, "value size is %u: a stack trace holds 8 bytes a frame", a->value_size);
	if ((t == BPF_MAP_TYPE_ARRAY_OF_MAPS || t == BPF_MAP_TYPE_HASH_OF_MAPS) && !a->inner_map_fd)
		note(x, "no inner map is given as a template");
}

static void explain_e2big(struct explain *x)
{
	if (x->cmd == BPF_PROG_LOAD && x->a) {
		bool privileged = x->f.caps_known && (x->f.caps & (CAP(BPF) | CAP(SYS_ADMIN)));
		uint32_t limit = privileged || !x->f.caps_known ? BPF_COMPLEXITY_LIMIT_INSNS : 4096;

		if (x->a->insn_cnt > limit)
			note(x, "the program has %u instructions, this caller may load %u",
			     x->a->insn_cnt, limit);
		else
			note(x, "the program is not too long (%u instructions): the verifier gave "
				"up after following %u of them along all paths", x->a->insn_cnt,
			     BPF_COMPLEXITY_LIMIT_INSNS);
	} else if (x->cmd == BPF_MAP_CREATE && x->a) {
		note(x, "the map is larger than the kernel allows: key %u, value %u bytes, "
			"max_entries %u", x->a->key_size, x->a->value_size, x->a->max_entries);
	} else if (x->cmd == BPF_MAP_UPDATE_ELEM) {
		note(x, "the map is full, or the key lies behind its last entry");
	}
}

void bu_sys_explain(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, int cmd, int err,
		    const union bpf_attr *a)
{
	struct explain x = { .s = s, .ds = ds, .d = d, .cmd = cmd, .err = err < 0 ? -err : err,
			     .a = a };

	get_facts(s, &x.f);
	switch (x.err) {
	case EACCES:
		if (cmd == BPF_PROG_LOAD) /* the verifier's word; its log tells */
			return;
		explain_eperm(&x);
		break;
	case EPERM:
		explain_eperm(&x);
		break;
	case ENOSYS:
		explain_enosys(&x);
		break;
	case E2BIG:
		explain_e2big(&x);
		break;
	case EINVAL:
		if (cmd == BPF_MAP_CREATE && a)
			explain_map_einval(&x);
		break;
	case ENOMEM:
		if (strcmp(s->ops->name, "vm") == 0) {
			note(&x, "the tmpfs that the world is on has no room for it, or this process no memory");
			help(&x, "'bpftool --vm world show' tells where the world is, and what is in it");
			break;
		}
		note(&x, "the kernel has no memory for it, or the control group of this process "
			  "may not have more");
		break;
	case ENOSPC:
		if (cmd == BPF_PROG_LOAD || cmd == BPF_BTF_LOAD)
			note(&x, "the verifier's log did not fit into its buffer");
		break;
	default:
		break;
	}
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
	case 524: /* ENOTSUPP, the kernel's own */
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
