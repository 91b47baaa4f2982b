// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel, a device or the VM can do: sentences, JSON or macros for C. */
#include <ctype.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool.h"

struct probe {
	struct bt *t;
	bool full, unprivileged, macros, reasons, config;
	const char *prefix, *dev;
	uint32_t ifindex;
	struct __user_cap_data_struct caps[2]; /* as they were */
};

/* ---------------------------------------------------------------- one line each */

static void section(struct probe *p, const char *key, const char *sentence, const char *comment)
{
	bu_out_obj(&p->t->out, key);
	if (p->macros)
		bu_out_text(&p->t->out, "/*** %s ***/\n", comment);
	else
		bu_out_text(&p->t->out, "%s\n", sentence);
}

static void section_end(struct probe *p)
{
	bu_out_obj_end(&p->t->out);
	bu_out_text(&p->t->out, "\n");
}

/* "X is available"; key have_x; macro HAVE_X. why: a reason of a "no", or NULL. */
static void verdict(struct probe *p, bool yes, const char *key, const char *sentence, const char *why)
{
	struct bu_out *o = &p->t->out;

	if (p->t->json) {
		bu_out_bool(o, key, yes, NULL);
		return;
	}
	if (p->macros) {
		struct bu_buf b = { 0 };

		bu_buf_str(&b, key);
		for (size_t i = 0; i < b.n; i++)
			b.p[i] = (uint8_t)toupper(b.p[i]);
		bu_out_text(o, "#define %s%s%s", p->prefix, yes ? "" : "NO_", bu_buf_cstr(&b));
		bu_buf_free(&b);
		if (why)
			bu_out_text(o, " /* %s */", why);
	} else {
		bu_out_text(o, "%s is %savailable", sentence, yes ? "" : "NOT ");
		if (why)
			bu_out_text(o, " (%s)", why);
	}
	bu_out_text(o, "\n");
}

/* Why a call was refused, in one line. In the arena; NULL: nobody asked. */
static const char *reason(struct probe *p, int cmd, int err, const union bpf_attr *a)
{
	struct bt *t = p->t;
	struct bu_diags ds;
	struct bu_diag *d;
	char *s;

	if (!p->reasons || !err)
		return NULL;
	bu_diags_init(&ds);
	d = bu_diag(&ds, BU_ERROR, "T0106", "%s", bt_strerror(err));
	bu_sys_explain(t->sys, &ds, d, cmd, err, a);
	s = bu_arena_printf(&t->arena, "%s", bt_strerror(err));
	for (unsigned i = 0; i < d->nremarks; i++)
		if (!d->remark[i].help)
			s = bu_arena_printf(&t->arena, "%s; %s", s ? s : "", d->remark[i].text);
	bu_diags_free(&ds);
	/* it may stand in a comment */
	for (char *c = s; p->macros && c && (c = strstr(c, "*/")); c++)
		*c = '.';
	return s ? bt_escz(t, s) : NULL;
}

/* ---------------------------------------------------------------- configuration */

static long read_sysctl(const char *name)
{
	char path[128];
	struct bu_buf b = { 0 };
	char *end;
	long v = -1;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	if (!bu_file_read(path, 4096, &b) && b.n) {
		v = strtol(bu_buf_cstr(&b), &end, 10);
		if (*end && *end != '\n')
			v = -1;
	}
	bu_buf_free(&b);
	return v;
}

static void sysctls(struct probe *p)
{
	static const char *const unpriv[] = {
		"bpf() syscall for unprivileged users is enabled",
		"bpf() syscall restricted to privileged users (without recovery)",
		"bpf() syscall restricted to privileged users (admin can change)",
	};
	static const char *const jit[] = {
		"JIT compiler is disabled", "JIT compiler is enabled",
		"JIT compiler is enabled with debugging traces in kernel logs",
	};
	static const char *const harden[] = {
		"JIT compiler hardening is disabled", "JIT compiler hardening is enabled for unprivileged users",
		"JIT compiler hardening is enabled for all users",
	};
	static const char *const kallsyms[] = {
		"JIT compiler kallsyms exports are disabled", "JIT compiler kallsyms exports are enabled for root",
	};
	static const struct {
		const char *key, *path;
		const char *const *say;
		int n;
		const char *unknown, *strange;
	} rows[] = {
		{ "unprivileged_bpf_disabled", "kernel/unprivileged_bpf_disabled", unpriv, 3,
		  "Unable to retrieve required privileges for bpf() syscall", "bpf() syscall restriction has unknown value" },
		{ "bpf_jit_enable", "net/core/bpf_jit_enable", jit, 3, "Unable to retrieve JIT-compiler status",
		  "JIT-compiler status has unknown value" },
		{ "bpf_jit_harden", "net/core/bpf_jit_harden", harden, 3, "Unable to retrieve JIT hardening status",
		  "JIT hardening status has unknown value" },
		{ "bpf_jit_kallsyms", "net/core/bpf_jit_kallsyms", kallsyms, 2,
		  "Unable to retrieve JIT kallsyms export status", "JIT kallsyms exports status has unknown value" },
	};
	struct bu_out *o = &p->t->out;
	long v;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		v = read_sysctl(rows[i].path);
		if (v >= 0 && v < rows[i].n)
			bu_out_int(o, rows[i].key, v, "%s\n", rows[i].say[v]);
		else if (v < 0)
			bu_out_int(o, rows[i].key, v, "%s\n", rows[i].unknown);
		else
			bu_out_int(o, rows[i].key, v, "%s %ld\n", rows[i].strange, v);
	}
	v = read_sysctl("net/core/bpf_jit_limit");
	if (v < 0)
		bu_out_int(o, "bpf_jit_limit", v, "Unable to retrieve global memory limit for JIT compiler for "
			   "unprivileged users\n");
	else
		bu_out_int(o, "bpf_jit_limit", v, "Global memory limit for JIT compiler for unprivileged users is "
			   "%ld bytes\n", v);
}

static const char *const options[] = {
	"BPF", "BPF_SYSCALL", "HAVE_EBPF_JIT", "BPF_JIT", "BPF_JIT_ALWAYS_ON", "DEBUG_INFO_BTF",
	"DEBUG_INFO_BTF_MODULES", "CGROUPS", "CGROUP_BPF", "CGROUP_NET_CLASSID", "SOCK_CGROUP_DATA", "BPF_EVENTS",
	"KPROBE_EVENTS", "UPROBE_EVENTS", "TRACING", "FTRACE_SYSCALLS", "FUNCTION_ERROR_INJECTION",
	"BPF_KPROBE_OVERRIDE", "NET", "XDP_SOCKETS", "LWTUNNEL_BPF", "NET_ACT_BPF", "NET_CLS_BPF", "NET_CLS_ACT",
	"NET_SCH_INGRESS", "XFRM", "IP_ROUTE_CLASSID", "IPV6_SEG6_BPF", "BPF_LIRC_MODE2", "BPF_STREAM_PARSER",
	"NETFILTER_XT_MATCH_BPF", "BPFILTER", "BPFILTER_UMH", "TEST_BPF", "HZ",
};

/* "CONFIG_NAME=value" of a line; NULL: not set. In the arena. */
static const char *option(struct bt *t, const char *config, const char *name)
{
	char line[80];
	size_t n;
	const char *at = config;

	snprintf(line, sizeof(line), "CONFIG_%s=", name);
	n = strlen(line);
	while ((at = strstr(at, line))) {
		if (at == config || at[-1] == '\n')
			return bu_arena_strndup(&t->arena, at + n, strcspn(at + n, "\n"));
		at += n;
	}
	return NULL;
}

static void put_config(struct probe *p)
{
	struct bu_out *o = &p->t->out;
	struct bu_buf b = { 0 };
	const char *text = bu_sys_kconfig(NULL, &b) ? "" : bu_buf_cstr(&b);

	for (unsigned i = 0; i < BU_ARRAY_SIZE(options); i++) {
		const char *v, *key = bu_arena_printf(&p->t->arena, "CONFIG_%s", options[i]);

		if (!key || (p->macros && strcmp(options[i], "HZ") != 0))
			continue;
		v = option(p->t, text, options[i]);
		if (p->macros && v)
			bu_out_text(o, "#define %s%s %s\n", p->prefix, key, v);
		else if (p->macros)
			bu_out_text(o, "/* %s%s is not set */\n", p->prefix, key);
		else if (v)
			bu_out_str(o, key, v, SIZE_MAX, "%s is set to %s\n", key, bt_escz(p->t, v));
		else if (p->t->json)
			bu_out_null(o, key);
		else
			bu_out_text(o, "%s is not set\n", key);
	}
	bu_buf_free(&b);
}

/* ---------------------------------------------------------------- sections */

static bool on_device(uint32_t type)
{
	return type == BPF_PROG_TYPE_SCHED_CLS || type == BPF_PROG_TYPE_XDP;
}

/* Helpers that leave a line in the kernel's log when they are asked for. */
static bool is_loud(int32_t id)
{
	return id == 6 || id == 36 || id == 177; /* trace_printk, probe_write_user, trace_vprintk */
}

struct types { uint32_t num[64]; const char *name[64]; int err[64]; const char *why[64]; unsigned n; };

static void prog_types(struct probe *p, struct types *y)
{
	struct bt *t = p->t;

	section(p, "program_types", "Scanning eBPF program types...", "eBPF program types");
	for (unsigned i = 0; i < bu_nprog_types && y->n < BU_ARRAY_SIZE(y->num); i++) {
		const struct bu_kind *k = &bu_prog_types[i];
		const char *key = bu_arena_printf(&t->arena, "have_%s_prog_type", k->name);
		const char *say = bu_arena_printf(&t->arena, "eBPF program_type %s", k->name);
		union bpf_attr a;
		unsigned n = y->n;

		if (!k->num || !key || !say || (p->ifindex && !on_device(k->num)))
			continue;
		y->num[n] = k->num;
		y->name[n] = k->name;
		y->err[n] = bu_probe_prog(t->sys, k->num, p->ifindex, &a);
		y->why[n] = reason(p, BPF_PROG_LOAD, y->err[n], &a);
		verdict(p, !y->err[n], key, say, y->why[n]);
		y->n++;
	}
	section_end(p);
}

static void map_types(struct probe *p, struct types *y)
{
	struct bt *t = p->t;

	section(p, "map_types", "Scanning eBPF map types...", "eBPF map types");
	for (unsigned i = 0; i < bu_nmap_types && y->n < BU_ARRAY_SIZE(y->num); i++) {
		const struct bu_kind *k = &bu_map_types[i];
		const char *key = bu_arena_printf(&t->arena, "have_%s_map_type", k->name);
		const char *say = bu_arena_printf(&t->arena, "eBPF map_type %s", k->name);
		union bpf_attr a;
		unsigned n = y->n;

		if (!k->num || !key || !say ||
		    (p->ifindex && k->num != BPF_MAP_TYPE_HASH && k->num != BPF_MAP_TYPE_ARRAY))
			continue;
		y->name[n] = k->name;
		y->err[n] = bu_probe_map(t->sys, k->num, p->ifindex, &a);
		y->why[n] = reason(p, BPF_MAP_CREATE, y->err[n], &a);
		verdict(p, !y->err[n], key, say, y->why[n]);
		y->n++;
	}
	section_end(p);
}

static void helpers_of(struct probe *p, const char *name, const char *none, const uint8_t *has)
{
	struct bu_out *o = &p->t->out;
	const char *key = bu_arena_printf(&p->t->arena, "%s_available_helpers", name);
	bool any = false;

	bu_out_arr(o, key);
	if (!p->macros)
		bu_out_text(o, "eBPF helpers supported for program type %s:", name);
	for (unsigned id = 1; id <= bu_nhelpers; id++) {
		const char *h = bu_helpers[id - 1].name;

		if (is_loud((int32_t)id) && !p->full)
			continue;
		if (p->macros)
			bu_out_text(o, "#define %sBPF__PROG_TYPE_%s__HELPER_%s %d\n", p->prefix, name, h, has && has[id]);
		else if (has && has[id])
			bu_out_str(o, NULL, h, SIZE_MAX, "\n\t- %s", h);
		any |= has && has[id];
	}
	bu_out_arr_end(o);
	if (p->macros)
		return;
	if (none)
		bu_out_text(o, "\n\t%s", none);
	else if (!any)
		bu_out_text(o, "\n\tNo helper available for this program type");
	bu_out_text(o, "\n");
}

static void helpers(struct probe *p, const struct types *y)
{
	struct bt *t = p->t;
	unsigned row = bu_nhelpers + 1, n = 0;
	uint8_t *has = bu_arena_array(&t->arena, y->n, row);
	uint32_t ask[64];

	section(p, "helpers", "Scanning eBPF helper functions...", "eBPF helper functions");
	if (p->macros)
		bu_out_text(&t->out, "/*\n * HAVE_PROG_TYPE_HELPER(TYPE, HELPER): may programs of TYPE call HELPER? For example\n"
			    " *\n *	#if %sHAVE_PROG_TYPE_HELPER(xdp, bpf_redirect)\n */\n"
			    "#define %sHAVE_PROG_TYPE_HELPER(prog_type, helper)	\\\n"
			    "	%sBPF__PROG_TYPE_ ## prog_type ## __HELPER_ ## helper\n",
			    p->prefix, p->prefix, p->prefix);
	for (unsigned i = 0; i < y->n; i++)
		if (!y->err[i] && bu_probe_can_ask_helpers(y->num[i]))
			ask[n++] = y->num[i];
	if (has && n)
		bu_probe_helpers(t->sys, ask, n, p->ifindex, p->full ? NULL : is_loud, has);
	for (unsigned i = 0, k = 0; i < y->n; i++) {
		bool asked = !y->err[i] && bu_probe_can_ask_helpers(y->num[i]);

		helpers_of(p, y->name[i], y->err[i] ? "Program type not supported" : asked ? NULL
			   : "Could not determine which helpers are available", asked && has ? has + (size_t)k * row : NULL);
		k += asked;
	}
	section_end(p);
}

static void misc(struct probe *p)
{
	static const struct { enum bu_probe_misc what; const char *key, *say; } rows[] = {
		{ BU_PROBE_LARGE, "have_large_insn_limit", "Large program size limit" },
		{ BU_PROBE_LOOPS, "have_bounded_loops", "Bounded loop support" },
		{ BU_PROBE_ISA_V2, "have_v2_isa_extension", "ISA extension v2" },
		{ BU_PROBE_ISA_V3, "have_v3_isa_extension", "ISA extension v3" },
		{ BU_PROBE_ISA_V4, "have_v4_isa_extension", "ISA extension v4" },
	};

	section(p, "misc", "Scanning miscellaneous eBPF features...", "eBPF misc features");
	for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++) {
		int err = bu_probe_misc(p->t->sys, rows[i].what, p->ifindex);

		verdict(p, !err, rows[i].key, rows[i].say, p->reasons && err ? bt_strerror(err) : NULL);
	}
	section_end(p);
}

/* JSON: why each "no" is one, by the names of the types. */
static void put_reasons(struct probe *p, const struct types *progs, const struct types *maps)
{
	struct bu_out *o = &p->t->out;

	if (!p->reasons || !p->t->json)
		return;
	bu_out_obj(o, "reasons");
	for (int k = 0; k < 2; k++) {
		const struct types *y = k ? maps : progs;

		bu_out_obj(o, k ? "map_types" : "program_types");
		for (unsigned i = 0; i < y->n; i++)
			if (y->why[i])
				bu_out_str(o, y->name[i], y->why[i], SIZE_MAX, NULL);
		bu_out_obj_end(o);
	}
	bu_out_obj_end(o);
}

static bool has_bpf(struct bu_sys *s)
{
	struct { uint32_t pad; } none;
	uint32_t size = sizeof(none);
	int err = bu_sys_info(s, -1, &none, &size);

	return err != -ENOSYS;
}

/* ---------------------------------------------------------------- commands */

static int capabilities(struct probe *p, bool drop)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2];

	if (drop && syscall(SYS_capget, &h, p->caps))
		return -errno;
	memcpy(none, p->caps, sizeof(none));
	none[0].effective = none[1].effective = 0;
	return syscall(SYS_capset, &h, drop ? none : p->caps) ? -errno : 0;
}

static int words(struct bt *t, struct probe *p)
{
	while (bt_peek(t)) {
		if (bt_kw(t, "kernel")) {
			if (p->dev)
				return bt_usage(t, NULL, NULL, "either the kernel or a device is probed");
		} else if (bt_kw(t, "dev")) {
			p->dev = bt_next(t);
			if (!p->dev)
				return bt_usage(t, NULL, NULL, "'dev' wants a network device");
		} else if (bt_kw(t, "full")) {
			p->full = true;
		} else if (bt_kw(t, "macros")) {
			p->macros = true;
		} else if (bt_kw(t, "prefix")) {
			p->prefix = bt_next(t);
			if (!p->macros || !p->prefix)
				return bt_usage(t, NULL, NULL, "'prefix' follows 'macros', and wants a word");
		} else if (bt_kw(t, "unprivileged")) {
			p->unprivileged = true;
		} else if (bt_kw(t, "reasons")) {
			p->reasons = true;
		} else {
			return bt_end(t);
		}
	}
	if (p->macros && t->json)
		return bt_usage(t, NULL, NULL, "macros are no JSON");
	return 0;
}

int bt_feature_probe(struct bt *t)
{
	struct probe p = { .t = t, .prefix = "" };
	struct types *progs = bu_arena_alloc(&t->arena, sizeof(*progs)), *maps = bu_arena_alloc(&t->arena, sizeof(*maps));
	int st = words(t, &p), err;

	if (st)
		return st;
	if (!progs || !maps)
		return bt_error(t, "U0003", "out of memory");
	if (p.dev) {
		err = t->sys->ops->ifindex(t->sys, p.dev);
		if (err <= 0)
			return bt_error(t, "T0102", "there is no network device '%s'", bt_escz(t, p.dev));
		p.ifindex = (uint32_t)err;
	}
	if (p.unprivileged) {
		err = capabilities(&p, true);
		if (err)
			return bt_refused(t, -1, err, "capabilities cannot be laid down");
	}
	bt_begin(t);
	bu_out_obj(&t->out, t->key);
	/* the machine's configuration is nothing that a device or the VM has */
	if (!p.dev && !strcmp(t->sys->ops->name, "kernel")) {
		section(&p, "system_config", "Scanning system configuration...", "Misc kernel config items");
		if (!p.macros)
			sysctls(&p);
		put_config(&p);
		section_end(&p);
	}
	section(&p, "syscall_config", "Scanning system call availability...", "System call availability");
	verdict(&p, has_bpf(t->sys), "have_bpf_syscall", "bpf() syscall", NULL);
	section_end(&p);
	if (has_bpf(t->sys)) {
		prog_types(&p, progs);
		map_types(&p, maps);
		helpers(&p, progs);
		misc(&p);
		put_reasons(&p, progs, maps);
	}
	bu_out_obj_end(&t->out);
	if (p.unprivileged)
		capabilities(&p, false);
	return 0;
}

static void list(struct bt *t, const struct bu_kind *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		bu_out_str(&t->out, NULL, v[i].name, SIZE_MAX, "%s\n", v[i].name);
}

int bt_feature_list_builtins(struct bt *t)
{
	static const char *const groups[] = { "prog_types", "map_types", "attach_types", "link_types", "helpers", NULL };
	int which = 0, st;

	while (groups[which] && !bt_kw(t, groups[which]))
		which++;
	if (!groups[which])
		return bt_usage(t, bt_peek(t), groups,
				"'list_builtins' wants prog_types, map_types, attach_types, link_types or helpers");
	st = bt_end(t);
	if (st)
		return st;
	bt_begin(t);
	bu_out_arr(&t->out, t->key);
	switch (which) {
	case 0: list(t, bu_prog_types, bu_nprog_types); break;
	case 1: list(t, bu_map_types, bu_nmap_types); break;
	case 2: list(t, bu_attach_types, bu_nattach_types); break;
	case 3: list(t, bu_link_types, bu_nlink_types); break;
	default:
		bu_out_str(&t->out, NULL, "bpf_unspec", SIZE_MAX, "bpf_unspec\n");
		for (unsigned i = 0; i < bu_nhelpers; i++)
			bu_out_str(&t->out, NULL, bu_helpers[i].name, SIZE_MAX, "%s\n", bu_helpers[i].name);
	}
	bu_out_arr_end(&t->out);
	return 0;
}
