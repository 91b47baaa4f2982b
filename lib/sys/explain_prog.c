/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a program or its BTF was not loaded, when the verifier's log does not tell; and why a helper is not there. */
#include "sys/explain.h"

#include <stdio.h>
#include <string.h>

#define B BU_CAP(BU_CAP_BPF)
#define P BU_CAP(BU_CAP_PERFMON)
#define N BU_CAP(BU_CAP_NET_ADMIN)

static const char *type_name(uint32_t type)
{
	const struct bu_kind *k = bu_kind_by_num(bu_prog_types, bu_nprog_types, type);

	return k ? k->name : "this one";
}

static const char *type_option(uint32_t type)
{
	switch (type) {
#define BU_PROG_NEED(type, caps, option) case type: return option;
#include "sys/progneed.def"
#undef BU_PROG_NEED
	default:
		return "";
	}
}

static bool since(struct bu_why *x, const char *what, uint16_t first)
{
	if (!bu_why_older(x, first))
		return false;
	why_note(x, "%s came with Linux %u.%u; this is %u.%u", what, first >> 8, first & 0xff, x->f.major, x->f.minor);
	return true;
}

/* Members of the attribute that older kernels refuse (E2BIG) when they are not zero. */
static bool young_member(struct bu_why *x)
{
	const union bpf_attr *a = x->a;
	const struct { bool used; uint16_t first; const char *what; } rows[] = {
		{ a->prog_name[0], 0x040f, "the program's name" },
		{ a->expected_attach_type, 0x0411, "the type of attachment a program is loaded for" },
		{ a->prog_btf_fd, 0x0500, "type information with programs" },
		{ a->attach_btf_id, 0x0505, "loading a program for a kernel function" },
		{ a->fd_array, 0x050e, "the list of maps beside a program" },
		{ a->core_relo_cnt, 0x0511, "CO-RE relocation by the kernel" },
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		if (rows[i].used && since(x, rows[i].what, rows[i].first))
			return true;
	}
	return false;
}

bool bu_why_prog_size(struct bu_why *x)
{
	bool privileged = x->f.caps_known && !bu_why_missing(x, B);
	uint32_t limit = (privileged || !x->f.caps_known) && !bu_why_older(x, 0x0502) ? BPF_COMPLEXITY_LIMIT_INSNS : 4096;

	if (!x->a || young_member(x))
		return x->a;
	if (x->a->insn_cnt > limit) {
		why_note(x, "the program has %u instructions, this caller may load %u", x->a->insn_cnt, limit);
		if (limit == 4096 && !bu_why_older(x, 0x0502))
			why_help(x, "with CAP_BPF it may be %u", BPF_COMPLEXITY_LIMIT_INSNS);
		else
			why_help(x, "split it by tail calls");
		return true;
	}
	why_note(x, "the program is not too long (%u instructions): the verifier gave up after following %u of them along "
		 "all paths", x->a->insn_cnt, BPF_COMPLEXITY_LIMIT_INSNS);
	why_help(x, "shorten loops, use bpf_loop, or global functions, which are verified once");
	return true;
}

/* Does the smallest program of that type load for the attach type? */
static bool type_loads(struct bu_why *x, uint32_t type, uint32_t attach)
{
	int fd = bu_sys_try_prog(x->s, type, attach, -1, NULL, 0);

	if (fd >= 0)
		x->s->ops->close(x->s, fd);
	return fd >= 0;
}

/* The attach types that programs of this type are loaded for; false: the kernel takes none, so that is not it. */
static bool say_attach_types(struct bu_why *x, const struct bu_kind *given)
{
	struct bu_buf b = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < bu_nattach_types; i++) {
		if (type_loads(x, x->a->prog_type, bu_attach_types[i].num))
			bu_buf_printf(&b, "%s%s", n++ ? ", " : "", bu_attach_types[i].name);
	}
	if (n)
		why_note(x, "programs of type %s are loaded for one of these, not for %s: %s", type_name(x->a->prog_type),
			 given ? given->name : "none", bu_buf_cstr(&b));
	bu_buf_free(&b);
	return n;
}

bool bu_why_prog_type(struct bu_why *x)
{
	const struct bu_kind *type, *at = NULL;
	char what[96];

	if (!x->a)
		return false;
	type = bu_kind_by_num(bu_prog_types, bu_nprog_types, x->a->prog_type);
	snprintf(what, sizeof(what), "program type %s", type_name(x->a->prog_type));
	if (type && since(x, what, type->since))
		return true;
	if (bu_why_option(x, type_option(x->a->prog_type), what))
		return true;
	if (x->a->expected_attach_type)
		at = bu_kind_by_num(bu_attach_types, bu_nattach_types, x->a->expected_attach_type);
	snprintf(what, sizeof(what), "attach type %s", at ? at->name : "");
	if (at && since(x, what, at->since))
		return true;
	if (x->probe && !type_loads(x, x->a->prog_type, x->a->expected_attach_type) && say_attach_types(x, at))
		return true;
	/* Where the configuration cannot be read. */
	if (x->probe && type_option(x->a->prog_type)[0] && !type_loads(x, x->a->prog_type, x->a->expected_attach_type) &&
	    x->s->ops->config && x->s->ops->config(x->s, type_option(x->a->prog_type)) == -ENOENT) {
		why_note(x, "this kernel loads no program of type %s; it may have been built without %s, but its configuration "
			 "cannot be read", type_name(x->a->prog_type), type_option(x->a->prog_type));
		return true;
	}
	if (x->a->prog_type == BPF_PROG_TYPE_KPROBE && bu_why_older(x, 0x0500)) {
		why_note(x, "before Linux 5.0 the object's version section must hold this kernel's version, %u.%u", x->f.major,
			 x->f.minor);
		return true;
	}
	return false;
}

bool bu_why_attach_target(struct bu_why *x)
{
	if (!x->a || !x->a->attach_btf_id)
		return false;
	why_note(x, "the kernel does not find the function or hook that the program is for: type %u of %s BTF",
		 x->a->attach_btf_id, x->a->attach_btf_obj_fd ? "that object's" : "its own");
	return bu_why_option(x, "CONFIG_DEBUG_INFO_BTF", "finding functions by their types");
}

bool bu_why_log_room(struct bu_why *x)
{
	if (x->a && x->cmd == BPF_PROG_LOAD && x->a->log_size)
		why_note(x, "the verifier's log did not fit into its buffer of %u bytes", x->a->log_size);
	else
		why_note(x, "the verifier's log did not fit into its buffer");
	why_help(x, "it says nothing of the program: load it without a log, or with a larger buffer");
	return true;
}

/* The verifier reports a log that it could not write as EFAULT, whatever it thinks of the program. */
bool bu_why_log_fault(struct bu_why *x)
{
	why_note(x, "a buffer that was handed to the kernel cannot be read or written; before Linux 5.4 and after 6.4 a log "
		 "that grows too large shows itself so, too");
	return true;
}

bool bu_why_btf_size(struct bu_why *x)
{
	if (x->a && x->a->btf_size > 16u << 20)
		why_note(x, "the type information has %u bytes; 16 MiB is the most", x->a->btf_size);
	return true;
}

/* ---------------------------------------------------------------- helpers */

/* Program types that need nothing but the type to be loaded with. */
static const uint8_t plain_types[] = {
	BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT,
	BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_CGROUP_SKB,
	BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_LWT_IN, BPF_PROG_TYPE_LWT_OUT, BPF_PROG_TYPE_LWT_XMIT,
	BPF_PROG_TYPE_SOCK_OPS, BPF_PROG_TYPE_SK_SKB, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_PROG_TYPE_SK_MSG,
	BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_LWT_SEG6LOCAL, BPF_PROG_TYPE_SK_REUSEPORT,
	BPF_PROG_TYPE_FLOW_DISSECTOR, BPF_PROG_TYPE_CGROUP_SYSCTL,
};

/* Does the verifier let that type call the helper, whatever it says of the arguments? */
static bool may_call(struct bu_why *x, uint32_t type, int32_t helper)
{
	char log[2048] = "";
	int fd = bu_sys_try_prog(x->s, type, 0, helper, log, sizeof(log));

	if (fd >= 0) {
		x->s->ops->close(x->s, fd);
		return true;
	}
	log[sizeof(log) - 1] = '\0';
	return log[0] && !strstr(log, "cannot use helper") && !strstr(log, "unknown func") && !strstr(log, "invalid func");
}

static void say_types(struct bu_why *x, const char *name, int32_t helper)
{
	struct bu_buf b = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(plain_types); i++) {
		if (may_call(x, plain_types[i], helper))
			bu_buf_printf(&b, "%s%s", n++ ? ", " : "", type_name(plain_types[i]));
	}
	if (n)
		why_note(x, "this kernel lets programs of these types call %s: %s", name, bu_buf_cstr(&b));
	else
		why_note(x, "this kernel lets none of the types of programs that can be tried call %s", name);
	bu_buf_free(&b);
}

void bu_sys_explain_helper(struct bu_sys *s, struct bu_diags *ds, struct bu_diag *d, uint32_t prog_type,
			   int32_t helper)
{
	static const struct { int32_t id; uint64_t caps; const char *option; } needs[] = {
#define BU_HELPER_NEED(id, caps, option) { id, caps, option },
#include "sys/helperneed.def"
#undef BU_HELPER_NEED
	};
	const struct bu_helper *h = bu_helper_by_id(helper);
	struct bu_why x = { .s = s, .ds = ds, .d = d, .cmd = BPF_PROG_LOAD, .kernel = true };
	const char *name = h ? h->name : "this helper";
	uint64_t missing;

	(void)prog_type;
	bu_why_facts(s, &x.f);
	if (strcmp(s->ops->name, "kernel") != 0)
		return;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(needs); i++) {
		struct bu_buf names = { 0 };

		if (needs[i].id != helper)
			continue;
		missing = bu_why_missing(&x, needs[i].caps);
		if (missing) {
			bu_why_cap_names(&names, missing);
			why_note(&x, "%s takes %s, which this process lacks: the kernel says so in these words", name,
				 bu_buf_cstr(&names));
			why_help(&x, "run it as root, or with %s", bu_buf_cstr(&names));
			bu_buf_free(&names);
			return;
		}
		if (bu_why_option(&x, needs[i].option, name))
			return;
	}
	if (helper == 36 && bu_why_locked(&x)) { /* probe_write_user */
		why_help(&x, "%s is one of these; it works after a boot without lockdown", name);
		return;
	}
	if (h && !bu_why_missing(&x, B | P | N))
		say_types(&x, name, helper);
}
