/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of names: helpers, types, sections, constants, context fields. */
#include "tap.h"
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>
#include "isa/isa.h"
#include "isa_uapi.h"

#define S(text) bu_str_c(text)

/* ---------------------------------------------------------------- against the system's headers */

static void compare(const char *what, const struct uapi_num *want, long long (*ours)(const char *name))
{
	unsigned n = 0, bad = 0;

	if (!want->name) {
		skip(1, "kernel headers older than 6.1");
		return;
	}
	for (; want->name; want++, n++)
		if (ours(want->name) != want->val) {
			printf("# %s is %lld, not %lld\n", want->name, want->val, ours(want->name));
			bad++;
		}
	ok(!bad, "%s: %u as in linux/bpf.h and others", what, n);
}

static long long const_of(const char *name)
{
	const struct bu_const *c = bu_const_by_name(S(name));

	return c ? c->val : -1000000;
}

static long long helper_of(const char *name)
{
	const struct bu_helper *h = bu_helper_by_name(S(name));

	return h ? h->id : strcmp(name, "bpf_unspec") == 0 ? 0 : -1000000;
}

static void test_headers(void)
{
	const struct uapi_field *f = uapi_fields;
	unsigned n = 0, bad = 0;

	compare("helpers", uapi_helpers, helper_of);
	compare("map types", uapi_map_types, const_of);
	compare("program types", uapi_prog_types, const_of);
	compare("attach types", uapi_attach_types, const_of);
	compare("link types", uapi_link_types, const_of);
	compare("constants", uapi_consts, const_of);
	if (!f->path) {
		skip(1, "kernel headers older than 6.1");
		return;
	}
	for (; f->path; f++, n++) {
		const struct bu_ctx_field *o = bu_ctx_field(S(f->path), bu_arch_host(), NULL, NULL);

		if (!o || o->off != f->off || o->size != f->size) {
			printf("# %s: at %u, %u bytes\n", f->path, f->off, f->size);
			bad++;
		}
	}
	ok(!bad, "context fields: %u as in the headers", n);
}

/* ---------------------------------------------------------------- the tables by themselves */

static void test_helpers(void)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < bu_nhelpers; i++)
		bad += bu_helpers[i].id != (int32_t)i + 1 ||
		       bu_helper_by_id((int32_t)i + 1) != &bu_helpers[i] ||
		       bu_helper_by_name(S(bu_helpers[i].name)) != &bu_helpers[i];
	ok(bu_nhelpers == 211 && !bad, "211 helpers, by id and by name");
	ok(!bu_helper_by_id(0) && !bu_helper_by_id(212) && !bu_helper_by_id(-1), "no others");
	ok(!bu_helper_by_name(S("bpf_map_lookup")) && !bu_helper_by_name(bu_str("bpf_map", 0)),
	   "nor by half a name or none");
	ok(bu_helper_by_id(6)->gpl && !bu_helper_by_id(5)->gpl && bu_helper_by_id(113)->gpl,
	   "trace_printk and probe_read_kernel need the GPL, ktime_get_ns does not");
}

static unsigned kinds_bad(const struct bu_kind *t, unsigned n)
{
	unsigned bad = 0;

	for (unsigned i = 0; i < n; i++)
		bad += t[i].num != i || bu_kind_by_num(t, n, i) != &t[i] ||
		       bu_kind_by_name(t, n, S(t[i].uapi)) != &t[i] ||
		       bu_kind_by_name(t, n, S(t[i].name)) != &t[i] ||
		       (i && !t[i].since && t != bu_attach_types);
	return bad + (bu_kind_by_num(t, n, n) != NULL) + (bu_kind_by_name(t, n, S("hsh")) != NULL);
}

static void test_kinds(void)
{
	ok(bu_nmap_types == 34 && !kinds_bad(bu_map_types, bu_nmap_types), "34 map types");
	ok(bu_nprog_types == 33 && !kinds_bad(bu_prog_types, bu_nprog_types), "33 program types");
	ok(bu_nattach_types == 62 && !kinds_bad(bu_attach_types, bu_nattach_types), "62 attach types");
	ok(bu_nlink_types == 15 && !kinds_bad(bu_link_types, bu_nlink_types), "15 link types");
	is_str(bu_map_types[BPF_MAP_TYPE_CGRP_STORAGE].name, "cgrp_storage", "a short name");
	ok(const_of("BPF_FUNC_loop") == 181 && const_of("BPF_MAP_TYPE_ARENA") == 33 &&
	   const_of("BPF_TRACE_UPROBE_SESSION") == 57, "types and helpers are constants as well");
}

static void test_sections(void)
{
	static const struct {
		const char *name;
		uint32_t prog, attach;
		enum bu_hook hook;
		bool sleepable, frags;
		const char *target;
	} t[] = {
		{ "kprobe/__kfree_skb", BPF_PROG_TYPE_KPROBE, BU_NO_ATTACH_TYPE, BU_HOOK_KPROBE, 0, 0,
		  "__kfree_skb" },
		{ "?kretprobe/f+4", BPF_PROG_TYPE_KPROBE, BU_NO_ATTACH_TYPE, BU_HOOK_KRETPROBE, 0, 0, "f+4" },
		{ "kprobe", BPF_PROG_TYPE_KPROBE, BU_NO_ATTACH_TYPE, BU_HOOK_KPROBE, 0, 0, "" },
		{ "tp/skb/kfree_skb", BPF_PROG_TYPE_TRACEPOINT, BU_NO_ATTACH_TYPE, BU_HOOK_TRACEPOINT, 0,
		  0, "skb/kfree_skb" },
		{ "tracepoint/kmem/kmalloc", BPF_PROG_TYPE_TRACEPOINT, BU_NO_ATTACH_TYPE,
		  BU_HOOK_TRACEPOINT, 0, 0, "kmem/kmalloc" },
		{ "raw_tp.w/x", BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, BU_NO_ATTACH_TYPE, BU_HOOK_RAW_TP,
		  0, 0, "x" },
		{ "uprobe.s//bin/sh:main", BPF_PROG_TYPE_KPROBE, BU_NO_ATTACH_TYPE, BU_HOOK_UPROBE, 1, 0,
		  "/bin/sh:main" },
		{ "xdp", BPF_PROG_TYPE_XDP, BPF_XDP, BU_HOOK_XDP, 0, 0, "" },
		{ "xdp.frags/devmap", BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP, BU_HOOK_NONE, 0, 1, "" },
		{ "cgroup/connect6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT,
		  BU_HOOK_CGROUP_CONNECT6, 0, 0, "" },
		{ "fentry.s/f", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, BU_HOOK_FENTRY, 1, 0, "f" },
		{ "sk_reuseport/migrate", BPF_PROG_TYPE_SK_REUSEPORT,
		  BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, BU_HOOK_SK_REUSEPORT_MIGRATE, 0, 0, "" },
		{ "action", BPF_PROG_TYPE_SCHED_ACT, BU_NO_ATTACH_TYPE, BU_HOOK_NONE, 0, 0, "" },
	};
	static const char *const unknown[] = {
		"", "?", ".text", "xdp/", "xdp_prog", "kprobes/x", "socket1", "cgroup/", "/", "maps",
	};

	for (unsigned i = 0; i < BU_ARRAY_SIZE(t); i++) {
		struct bu_str target;
		const struct bu_secdef *d = bu_secdef_find(S(t[i].name), &target);

		ok(d && d->prog_type == t[i].prog && d->attach_type == t[i].attach &&
		   d->hook == t[i].hook && d->sleepable == t[i].sleepable &&
		   d->xdp_frags == t[i].frags && bu_str_is(target, t[i].target),
		   "section %s", t[i].name);
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(unknown); i++) {
		struct bu_str target;

		ok(!bu_secdef_find(S(unknown[i]), &target), "section '%s' is none of ours", unknown[i]);
	}
}

/* By rules, not by a list: names that other loaders and old samples use. */
static void test_sections_like(void)
{
	static const struct { const char *name, *row, *target; } t[] = {
		{ "xdp_prog", "xdp", "" }, { "xdp_prog/0", "xdp", "" }, { "xdp1", "xdp", "" },
		{ "xdp-drop", "xdp", "" }, { "XDP/x", "xdp", "" }, { "xdp.frags_main", "xdp.frags", "" },
		{ "xdp_devmap/x", "xdp/devmap", "" }, { "?xdp_opt", "xdp", "" },
		{ "socket1", "socket", "" }, { "socket/3", "socket", "" }, { "socket/main", "socket", "" },
		{ "socket_filter", "socket", "" }, { "socket_filter/x", "socket", "" },
		{ "cgroup/sock1", "cgroup/sock", "" }, { "cgroup/connect4_x", "cgroup/connect4", "" },
		{ "cgroup_connect6", "cgroup/connect6", "" }, { "cgroup/skb1", "cgroup/skb", "" },
		{ "cgroup_sock_addr", "cgroup/bind4", "" }, { "cgroup_device/x", "cgroup/dev", "" },
		{ "tc_main", "tc", "" }, { "tc/prog", "tc", "" }, { "tc_ingress", "tc/ingress", "" },
		{ "cls_main", "tc", "" }, { "clsact/egress", "tc", "" }, { "sched_cls", "tc", "" },
		{ "classifier/x", "classifier", "" }, { "classifier_egress_drop", "classifier", "" },
		{ "action1", "action", "" }, { "act_main", "action", "" }, { "sched_act/x", "action", "" },
		{ "kprobe:do_exit", "kprobe", "do_exit" }, { "kprobe__do_exit", "kprobe", "do_exit" },
		{ "kprobe_do_exit", "kprobe", "" }, { "kprobe0/f", "kprobe", "f" },
		{ "kprobe_multi/f*", "kprobe.multi", "f*" }, { "kretprobe:f", "kretprobe", "f" },
		{ "tracepoint:sched:sched_switch", "tracepoint", "sched:sched_switch" },
		{ "raw-tracepoint/x", "raw_tracepoint", "x" }, { "raw_tp:x", "raw_tp", "x" },
		{ ".bpf.fn.kretprobe__f", "kretprobe", "f" }, { "kfunc:f", "fentry", "f" },
		{ "sk_skb1", "sk_skb", "" }, { "sk_skb/stream_verdict1", "sk_skb/stream_verdict", "" },
		{ "sk_msg2", "sk_msg", "" }, { "sock_ops/x", "sockops", "" }, { "sockops/x", "sockops", "" },
		{ "sk_lookup/", "sk_lookup", "" }, { "lwt_xmit_len", "lwt_xmit", "" },
		{ "perf-event/x", "perf_event", "" }, { "flow_dissector/x", "flow_dissector", "" },
		{ "fsession.multi.s/x*", "fsession.multi.s", "x*" },
	};
	static const char *const unknown[] = {
		"", "?", "/", "_", "test", "test_md", "xdpx", "2/16", "tail-32", "bind/0", "filter", "loadbalancer",
		"len_hist", "tracing", "kprobes/x", "syscall__open", "from-netdev", "ingress", "1", "classify",
	};
	const struct bu_secdef *g[8];
	struct bu_str target;

	for (unsigned i = 0; i < BU_ARRAY_SIZE(t); i++) {
		const struct bu_secdef *d = bu_secdef_find(S(t[i].name), &target);

		d = d ? d : bu_secdef_like(S(t[i].name), &target);
		ok(d && strcmp(d->prefix, t[i].row) == 0 && bu_str_is(target, t[i].target),
		   "section %s is like %s", t[i].name, t[i].row);
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(unknown); i++)
		ok(!bu_secdef_like(S(unknown[i]), &target), "no rule knows section '%s'", unknown[i]);
	ok(bu_secdef_guess(S("from-netdev"), g, 0, 8) == 1 && g[0]->prog_type == BPF_PROG_TYPE_SCHED_CLS,
	   "from-netdev is likely a classifier");
	ok(bu_secdef_guess(S("my_egress.xdp"), g, 0, 8) == 2 && g[0]->attach_type == BPF_TCX_EGRESS &&
	   g[1]->prog_type == BPF_PROG_TYPE_XDP, "words anywhere, in order");
	ok(bu_secdef_guess(S("tc_tc_tc"), g, 0, 8) == 1 && bu_secdef_guess(S("xdp"), g, 1, 1) == 1 &&
	   bu_secdef_guess(S("2/16"), g, 0, 8) == 0 && bu_secdef_guess(S("fentry_x"), g, 0, 8) == 0,
	   "each once, no more than there is room for");
	for (unsigned i = 0; i < 22; i++)
		ok(bu_secdef_common(i) != NULL, "common row %u", i);
	ok(!bu_secdef_common(22), "and no further");
	/* Each word of the table leads to a row. */
	{
		static const char *const rows[] = {
#define BU_SECWORD(w, r, s) r,
#include "isa/secword.def"
#undef BU_SECWORD
		};

		for (unsigned i = 0; i < BU_ARRAY_SIZE(rows); i++)
			ok(bu_secdef_find(S(rows[i]), NULL) != NULL, "row %s", rows[i]);
	}
}

static void test_hooks(void)
{
	unsigned bad = 0;

	for (int h = BU_HOOK_NONE + 1; h < BU_NHOOKS; h++)
		bad += bu_hook_by_name(S(bu_hook_name((enum bu_hook)h))) != (enum bu_hook)h ||
		       !bu_hook_prog_type((enum bu_hook)h);
	ok(!bad, "each hook has a name and a program type");
	ok(bu_hook_by_name(S("tp")) == BU_HOOK_TRACEPOINT &&
	   bu_hook_by_name(S("raw_tracepoint")) == BU_HOOK_RAW_TP &&
	   bu_hook_by_name(S("kprob")) == BU_HOOK_NONE, "other names of hooks");
}

static void test_fields(void)
{
	const struct bu_ctx_field *f;
	struct bu_near near;
	bool dep = false;

	f = bu_ctx_field(S("pt_regs.retval"), BU_ARCH_X86_64, &dep, NULL);
	ok(f && f->off == 80 && f->size == 8 && dep, "pt_regs.retval of x86_64");
	f = bu_ctx_field(S("pt_regs.retval"), BU_ARCH_ARM64, &dep, NULL);
	ok(f && f->off == 0 && f->size == 8 && dep, "pt_regs.retval of arm64");
	f = bu_ctx_field(S("pt_regs.arg3"), BU_ARCH_X86_64, NULL, NULL);
	ok(f && f->off == 96, "pt_regs.arg3 of x86_64");
	ok(!bu_ctx_field(S("pt_regs.x0"), BU_ARCH_X86_64, NULL, NULL), "x86_64 has no x0");
	ok(!bu_ctx_field(S("pt_regs.retval"), BU_NARCH, NULL, NULL), "another architecture has none");
	f = bu_ctx_field(S("tracepoint:skb:kfree_skb.skbaddr"), BU_ARCH_ARM64, &dep, NULL);
	ok(f && f->off == 8 && f->size == 8 && !dep && strcmp(f->owner, "tracepoint:skb:kfree_skb") == 0 &&
	   strcmp(f->name, "skbaddr") == 0, "skbaddr of kfree_skb");
	f = bu_ctx_field(S("tracepoint:kmem:kmalloc.node"), BU_ARCH_ARM64, &dep, NULL);
	ok(f && f->off == 48 && f->size == 4 && f->is_signed, "node of kmalloc is signed");
	bu_near_init(&near, "xdp_md.data_ende", 16);
	ok(!bu_ctx_field(S("xdp_md.data_ende"), BU_ARCH_ARM64, NULL, &near), "no xdp_md.data_ende");
	is_str(near.best, "xdp_md.data_end", "the nearest field");
	bu_near_init(&near, "bpf_map_lookup_elm", 18);
	bu_names_feed(&near);
	is_str(near.best, "bpf_map_lookup_elem", "the nearest name");
	bu_near_init(&near, "be46", 4);
	bu_isa_words_feed(&near);
	is_str(near.best, "be16", "the nearest word of the language");
}

static void test_arch(void)
{
	ok(bu_arch_by_name(S("aarch64")) == BU_ARCH_ARM64 && bu_arch_by_name(S("arm64")) == BU_ARCH_ARM64 &&
	   bu_arch_by_name(S("amd64")) == BU_ARCH_X86_64 && bu_arch_by_name(S("x86_64")) == BU_ARCH_X86_64,
	   "architectures by name");
	ok(bu_arch_by_name(S("vax")) == -ENOENT, "and no others");
	is_str(bu_arch_name(BU_ARCH_ARM64), "arm64", "name of an architecture");
}

/* ---------------------------------------------------------------- against this kernel's tracefs */

static bool check_line(const char *event, const char *line, unsigned *seen)
{
	const char *semi = strchr(line, ';'), *off = strstr(line, "offset:"), *size = strstr(line, "size:");
	const char *start = semi;
	const struct bu_ctx_field *f;
	char path[128];

	if (!strstr(line, "field:") || !semi || !off || !size)
		return true;
	while (start > line && start[-1] != ' ')
		start--;
	snprintf(path, sizeof(path), "tracepoint:%s.%.*s", event, (int)(semi - start), start);
	f = bu_ctx_field(S(path), BU_ARCH_X86_64, NULL, NULL);
	if (!f)
		return true;
	(*seen)++;
	if (f->off == atoi(off + 7) && f->size == atoi(size + 5))
		return true;
	printf("# %s is at %d, %d bytes\n", path, atoi(off + 7), atoi(size + 5));
	return false;
}

/* Mounts tracefs for this process alone where nobody has mounted it. */
static void mount_tracefs(void)
{
	if (access("/sys/kernel/tracing/events", R_OK) == 0 || unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return;
	if (mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL) != 0)
		printf("# tracefs cannot be mounted\n");
}

static void test_tracefs(void)
{
	static const char *const events[] = {
		"skb:consume_skb", "skb:kfree_skb", "kmem:kmem_cache_alloc", "kmem:kmem_cache_free",
		"kmem:kmalloc", "kmem:kfree", "kmem:mm_page_alloc", "kmem:mm_page_free",
	};

	mount_tracefs();
	for (unsigned i = 0; i < BU_ARRAY_SIZE(events); i++) {
		char path[128], line[4096];
		unsigned seen = 0, bad = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/format", events[i]);
		*strchr(path, ':') = '/';
		f = fopen(path, "r");
		if (!f) {
			skip(1, "no tracefs to be read, or no such event in it");
			continue;
		}
		while (fgets(line, sizeof(line), f))
			bad += !check_line(events[i], line, &seen);
		fclose(f);
		ok(!bad && seen >= 5, "%s: %u fields as this kernel has them", events[i], seen);
	}
}

int main(void)
{
	test_headers();
	test_helpers();
	test_kinds();
	test_sections();
	test_sections_like();
	test_hooks();
	test_fields();
	test_arch();
	test_tracefs();
	return done_testing();
}
