/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/sys over a scripted backend: what is asked of it, what is told the user, what is undone. */
#include "sys/sys.h"

#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tap.h"

/* ---------------------------------------------------------------- a backend by script */

struct fake {
	struct bu_sys sys;
	int ret[64];        /* by command; an fd is handed out where the script says FD */
	uint32_t out_count; /* batch.count to answer */
	uint32_t prog_type; /* of info */
	int pmu, format, tp_id, open_ret, bind_ret, enable_ret, ifindex, xdp_ret, config;
	const char *words;
	struct bu_sys_facts facts;
	const char *lsm; /* the list of security modules, NULL: not known */
	/* seen */
	int open_fds, calls, last_cmd;
	unsigned last_size;
	union bpf_attr last;
	struct perf_event_attr event;
	int xdp_set, xdp_old, xdp_prog;
	uint32_t xdp_flags;
	int next_fd;
};
#define FD INT_MAX

static int hand_out(struct fake *f, int r)
{
	if (r != FD)
		return r;
	f->open_fds++;
	return f->next_fd++;
}
static int f_bpf(struct bu_sys *s, int cmd, union bpf_attr *a, unsigned size)
{
	struct fake *f = (struct fake *)s;

	f->calls++;
	f->last_cmd = cmd;
	f->last_size = size;
	f->last = *a;
	if (cmd == BPF_MAP_LOOKUP_BATCH)
		a->batch.count = f->out_count;
	if (cmd == BPF_OBJ_GET_INFO_BY_FD && f->prog_type)
		((struct bpf_prog_info *)(uintptr_t)a->info.info)->type = f->prog_type;
	return hand_out(f, f->ret[cmd]);
}
static int f_close(struct bu_sys *s, int fd)
{
	(void)fd;
	((struct fake *)s)->open_fds--;
	return 0;
}
static int f_open(struct bu_sys *s, struct perf_event_attr *a, int pid, int cpu, int group,
		  unsigned long flags)
{
	struct fake *f = (struct fake *)s;

	(void)pid, (void)cpu, (void)group, (void)flags;
	f->event = *a;
	return hand_out(f, f->open_ret);
}
static int f_set_bpf(struct bu_sys *s, int e, int p)
{
	(void)e, (void)p;
	return ((struct fake *)s)->bind_ret;
}
static int f_enable(struct bu_sys *s, int e)
{
	(void)e;
	return ((struct fake *)s)->enable_ret;
}
static int f_tp(struct bu_sys *s, const char *c, const char *n)
{
	(void)c, (void)n;
	return ((struct fake *)s)->tp_id;
}
static int f_pmu(struct bu_sys *s, const char *p)
{
	(void)p;
	return ((struct fake *)s)->pmu;
}
static int f_format(struct bu_sys *s, const char *p, const char *w)
{
	(void)p, (void)w;
	return ((struct fake *)s)->format;
}
static int f_xdp(struct bu_sys *s, int ifindex, int prog, int old, uint32_t flags, char *ext,
		 size_t n)
{
	struct fake *f = (struct fake *)s;

	(void)ifindex;
	f->xdp_set++;
	f->xdp_prog = prog;
	f->xdp_old = old;
	f->xdp_flags = flags;
	if (ext && f->words)
		snprintf(ext, n, "%s", f->words);
	return f->xdp_ret;
}
static int f_ifindex(struct bu_sys *s, const char *d)
{
	(void)d;
	return ((struct fake *)s)->ifindex;
}
static int f_names(struct bu_sys *s, enum bu_names what, const char *within, bu_name_fn *fn,
		   void *ctx)
{
	static const char *const cats[] = { "sched", "skb", NULL };
	static const char *const tps[] = { "consume_skb", "kfree_skb", NULL };
	static const char *const funcs[] = { "__alloc_skb", "kfree", "vfs_read", NULL };
	static const char *const devs[] = { "lo", "eth0", NULL };
	static const char *const cgs[] = { "web", "web/one", NULL };
	static const char *const nss[] = { "blue", "green", NULL };
	static const char *const *const lists[] = {
		[BU_NAMES_TRACEPOINT_CATEGORIES] = cats, [BU_NAMES_TRACEPOINTS] = tps, [BU_NAMES_FUNCTIONS] = funcs,
		[BU_NAMES_DEVICES] = devs, [BU_NAMES_CGROUPS] = cgs, [BU_NAMES_NETNS] = nss,
	};
	char name[32]; /* not valid after the call, as the interface says */

	(void)s, (void)within;
	for (const char *const *p = lists[what]; *p; p++) {
		snprintf(name, sizeof(name), "%s", *p);
		if (!fn(ctx, name))
			break;
	}
	memset(name, '#', sizeof(name));
	return 0;
}
static int f_config(struct bu_sys *s, const char *o)
{
	(void)o;
	return ((struct fake *)s)->config;
}
static void f_facts(struct bu_sys *s, struct bu_sys_facts *facts)
{
	*facts = ((struct fake *)s)->facts;
}
static int f_security(struct bu_sys *s, const char *file, struct bu_buf *out)
{
	const char *lsm = ((struct fake *)s)->lsm;

	if (!lsm || strcmp(file, "lsm") != 0)
		return -ENOENT;
	return bu_buf_str(out, lsm);
}
static const struct bu_sys_ops fake_ops = {
	.name = "fake", .bpf = f_bpf, .close = f_close, .perf_event_open = f_open,
	.perf_set_bpf = f_set_bpf, .perf_enable = f_enable, .tracepoint_id = f_tp,
	.pmu_type = f_pmu, .pmu_format_bit = f_format, .xdp_set = f_xdp, .ifindex = f_ifindex,
	.names = f_names, .config = f_config, .facts = f_facts,
	.security = f_security,
};

static struct fake fake(void)
{
	struct fake f = {
		.sys.ops = &fake_ops, .pmu = 8, .format = 1, .tp_id = 77, .open_ret = FD,
		.ifindex = 3, .config = -ENOENT, .next_fd = 1000,
		.facts = { .caps_known = true, .caps = ~UINT64_C(0), .init_userns = 1,
			   .unpriv_disabled = 2, .perf_paranoid = 2, .root = 1, .major = 6,
			   .minor = 18 },
	};

	f.ret[BPF_LINK_CREATE] = f.ret[BPF_RAW_TRACEPOINT_OPEN] = FD;
	return f;
}

/* ---------------------------------------------------------------- wrappers */

static bool tail_is_zero(const struct fake *f)
{
	const uint8_t *p = (const uint8_t *)&f->last;

	for (size_t i = f->last_size; i < sizeof(f->last); i++) {
		if (p[i])
			return false;
	}
	return true;
}

#define asked(f, cmd, size) ((f).last_cmd == (cmd) && (f).last_size == (size) && tail_is_zero(&(f)))

static void test_wrappers(void)
{
	struct fake f = fake();
	union bpf_attr a;
	uint32_t n = 7, k = 1, v = 2, size = 40;
	char log[16] = "old";

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_HASH;
	a.key_size = a.value_size = 4;
	a.max_entries = 10;
	bu_sys_map_create(&f.sys, &a);
	ok(asked(f, BPF_MAP_CREATE, 20), "a plain map is asked for in 20 bytes");
	strcpy(a.map_name, "skbs");
	bu_sys_map_create(&f.sys, &a);
	ok(asked(f, BPF_MAP_CREATE, 32), "a named one up to its name");
	a.map_extra = 1;
	bu_sys_map_create(&f.sys, &a);
	ok(asked(f, BPF_MAP_CREATE, 68), "map_extra up to there, rounded to a word");

	bu_sys_map_lookup(&f.sys, 3, &k, &v, 0);
	ok(asked(f, BPF_MAP_LOOKUP_ELEM, 24) && f.last.map_fd == 3 &&
		   f.last.key == bu_ptr64(&k) && f.last.value == bu_ptr64(&v), "lookup");
	bu_sys_map_update(&f.sys, 3, &k, &v, BPF_EXIST);
	ok(asked(f, BPF_MAP_UPDATE_ELEM, 28) && f.last.flags == BPF_EXIST, "update with a flag");
	bu_sys_map_delete(&f.sys, 3, &k);
	ok(asked(f, BPF_MAP_DELETE_ELEM, 16), "delete");
	bu_sys_map_next_key(&f.sys, 3, NULL, &k);
	ok(asked(f, BPF_MAP_GET_NEXT_KEY, 24) && f.last.key == 0, "first key");
	bu_sys_map_freeze(&f.sys, 3);
	ok(asked(f, BPF_MAP_FREEZE, 4), "freeze");

	f.out_count = 5;
	ok(bu_sys_map_lookup_batch(&f.sys, 3, NULL, &v, &k, &v, &n) == 0 && n == 5 &&
		   asked(f, BPF_MAP_LOOKUP_BATCH, 56), "a batch says how many it got");
	f.ret[BPF_MAP_LOOKUP_BATCH] = -ENOENT;
	n = 7;
	ok(bu_sys_map_lookup_batch(&f.sys, 3, NULL, &v, &k, &v, &n) == -ENOENT && n == 5,
	   "so does the last, which ends with ENOENT");
	f.ret[BPF_MAP_LOOKUP_BATCH] = -524;
	n = 7;
	ok(bu_sys_map_lookup_batch(&f.sys, 3, NULL, &v, &k, &v, &n) == -524 && n == 0,
	   "a refused one got nothing");

	bu_sys_next_id(&f.sys, BU_LINK, 9, &n);
	ok(asked(f, BPF_LINK_GET_NEXT_ID, 8) && f.last.start_id == 9, "next id");
	bu_sys_fd_by_id(&f.sys, BU_BTF, 9, 0);
	ok(asked(f, BPF_BTF_GET_FD_BY_ID, 4), "fd by id");
	bu_sys_fd_by_id(&f.sys, BU_MAP, 9, BPF_F_RDONLY);
	ok(asked(f, BPF_MAP_GET_FD_BY_ID, 12), "fd by id to read only");
	bu_sys_info(&f.sys, 4, log, &size);
	ok(asked(f, BPF_OBJ_GET_INFO_BY_FD, 16) && size == 40, "info");
	bu_sys_pin(&f.sys, 4, "/x");
	ok(asked(f, BPF_OBJ_PIN, 12), "pin");
	bu_sys_get(&f.sys, "/x", 0);
	ok(asked(f, BPF_OBJ_GET, 8), "get");
	bu_sys_get(&f.sys, "/x", BPF_F_RDONLY);
	ok(asked(f, BPF_OBJ_GET, 16), "get to read only");
	bu_sys_btf_load(&f.sys, "x", 1, NULL, 0);
	ok(asked(f, BPF_BTF_LOAD, 20), "BTF without a log");
	bu_sys_btf_load(&f.sys, "x", 1, log, sizeof(log));
	ok(asked(f, BPF_BTF_LOAD, 28) && !log[0], "BTF with one, empty before");
	bu_sys_link_create(&f.sys, 5, 6, BPF_PERF_EVENT, 0, 0);
	ok(asked(f, BPF_LINK_CREATE, 16), "link");
	bu_sys_link_create(&f.sys, 5, 6, BPF_PERF_EVENT, 0, 0x100);
	ok(asked(f, BPF_LINK_CREATE, 20) && f.last.link_create.perf_event.bpf_cookie == 0x100,
	   "link with a cookie");
	ok(bu_sys_link_create(&f.sys, 5, 6, BPF_XDP, 0, 1) == -EINVAL, "XDP has no cookies");
	bu_sys_link_detach(&f.sys, 5);
	ok(asked(f, BPF_LINK_DETACH, 4), "link detach");
	bu_sys_raw_tp_open(&f.sys, "x", 5);
	ok(asked(f, BPF_RAW_TRACEPOINT_OPEN, 12), "raw tracepoint");
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_XDP;
	bu_sys_prog_load(&f.sys, &a, 0);
	ok(asked(f, BPF_PROG_LOAD, 44), "a bare program");
	a.expected_attach_type = BPF_XDP;
	bu_sys_prog_load(&f.sys, &a, 0);
	ok(asked(f, BPF_PROG_LOAD, 72), "a program with its attach type");
	memset(&a, 0, sizeof(a));
	bu_sys_test_run(&f.sys, &a);
	ok(asked(f, BPF_PROG_TEST_RUN, 40), "test run");
}

static void test_words(void)
{
	enum bu_backend b;

	ok(bu_backend_parse("vm", &b) == 0 && b == BU_BACKEND_VM, "--backend=vm");
	ok(bu_backend_parse("kernal", &b) == -EINVAL, "--backend=kernal");
	is_str(bu_objkind_name(BU_LINK), "link", "name of a kind");
	ok(bu_exit_for(0) == 0 && bu_exit_for(-EPERM) == 3 && bu_exit_for(ENOSYS) == 3 &&
		   bu_exit_for(-524) == 3 && bu_exit_for(-EIO) == 4 && bu_exit_for(-EINVAL) == 1,
	   "exit statuses");
}

static void test_features(void)
{
	struct fake f = fake();
	int calls;

	f.ret[BPF_MAP_CREATE] = -EPERM;
	ok(bu_sys_has(&f.sys, BU_FEAT_PROG_NAME), "who may not ask is told yes");
	calls = f.calls;
	ok(bu_sys_has(&f.sys, BU_FEAT_PROG_NAME) && f.calls == calls, "asked once only");
	f = fake();
	f.ret[BPF_MAP_CREATE] = -E2BIG;
	ok(!bu_sys_has(&f.sys, BU_FEAT_PROG_NAME), "E2BIG: the member is not known");
	f.ret[BPF_MAP_FREEZE] = -EBADF;
	ok(bu_sys_has(&f.sys, BU_FEAT_GLOBAL_DATA), "the command looks at its fd: it is there");
	f.ret[BPF_BTF_LOAD] = FD;
	ok(bu_sys_has(&f.sys, BU_FEAT_BTF) && f.open_fds == 0, "a probe leaves nothing open");
	f.ret[BPF_PROG_LOAD] = FD;
	f.ret[BPF_LINK_CREATE] = -EINVAL;
	ok(!bu_sys_has(&f.sys, BU_FEAT_PERF_LINK) && f.open_fds == 0, "no links of perf events");
	f.pmu = -ENOENT;
	ok(!bu_sys_has(&f.sys, BU_FEAT_KPROBE_PMU), "no kprobes");
}

/* ---------------------------------------------------------------- targets */

struct parsed {
	struct bu_attach at;
	struct bu_arena arena;
	struct bu_diags ds;
	int err;
	struct bu_buf text;
};

static const char *render(struct parsed *p)
{
	bu_buf_reset(&p->text);
	bu_diags_render(&p->text, &p->ds, BU_DIAG_TEXT, false, "test");
	return bu_buf_cstr(&p->text);
}
static bool told(struct parsed *p, const char *what)
{
	bool is = strstr(render(p), what) != NULL;

	if (!is)
		printf("# not in: %s\n", render(p));
	return is;
}
static struct parsed parse(enum bu_hook hook, const char *target)
{
	struct parsed p = { .err = 0 };

	bu_arena_init(&p.arena);
	bu_diags_init(&p.ds);
	p.err = bu_attach_parse(&p.at, hook, target, &p.arena, &p.ds);
	return p;
}
static void drop(struct parsed *p)
{
	bu_arena_free(&p->arena);
	bu_diags_free(&p->ds);
	bu_buf_free(&p->text);
}

static void good(enum bu_hook hook, const char *target, const char *a, const char *b, uint64_t off)
{
	struct parsed p = parse(hook, target);

	ok(p.err == 0 && p.at.a && strcmp(p.at.a, a) == 0 && !b == !p.at.b &&
		   (!b || strcmp(p.at.b, b) == 0) && p.at.offset == off && p.ds.errors == 0,
	   "%s:%s", bu_hook_name(hook), target);
	drop(&p);
}
static void wrong(enum bu_hook hook, const char *target, const char *why)
{
	struct parsed p = parse(hook, target);

	ok(p.err == -EINVAL && p.ds.errors == 1 && told(&p, why), "%s:%s is refused: %s",
	   bu_hook_name(hook), target, why);
	drop(&p);
}

static void test_targets(void)
{
	struct parsed p;

	good(BU_HOOK_KPROBE, "__alloc_skb", "__alloc_skb", NULL, 0);
	good(BU_HOOK_KPROBE, "foo.isra.0+0x10", "foo.isra.0", NULL, 16);
	good(BU_HOOK_TRACEPOINT, "skb:kfree_skb", "skb", "kfree_skb", 0);
	good(BU_HOOK_TRACEPOINT, "skb/kfree_skb", "skb", "kfree_skb", 0);
	good(BU_HOOK_RAW_TP, "kfree_skb", "kfree_skb", NULL, 0);
	good(BU_HOOK_UPROBE, "/lib/a:b.so:malloc+4", "/lib/a:b.so", "malloc", 4);
	good(BU_HOOK_URETPROBE, "/bin/x:0x1234", "/bin/x", NULL, 0x1234);
	good(BU_HOOK_XDP, "eth0.100", "eth0.100", NULL, 0);
	good(BU_HOOK_KPROBE, "f+4,cookie=0x10", "f", NULL, 4);
	wrong(BU_HOOK_KPROBE, "f,cookie=x", "not a number");
	wrong(BU_HOOK_XDP, "eth0,cookie=1", "takes no option");
	wrong(BU_HOOK_KPROBE, "f,cooky=1", "not the name");
	wrong(BU_HOOK_KPROBE, "", "missing");
	wrong(BU_HOOK_KPROBE, "+4", "missing");
	wrong(BU_HOOK_KPROBE, "f+x", "not a number");
	wrong(BU_HOOK_KPROBE, "a b", "not the name");
	wrong(BU_HOOK_KRETPROBE, "f+4", "no offset");
	wrong(BU_HOOK_TRACEPOINT, "kfree_skb", "category");
	wrong(BU_HOOK_TRACEPOINT, ":kfree_skb", "category is missing");
	wrong(BU_HOOK_TRACEPOINT, "skb:", "missing");
	wrong(BU_HOOK_TRACEPOINT, "a/b:c", "single words");
	wrong(BU_HOOK_RAW_TP, "skb:kfree_skb", "without its category");
	wrong(BU_HOOK_UPROBE, "/bin/x", "no ':'");
	wrong(BU_HOOK_UPROBE, ":main", "path");
	wrong(BU_HOOK_UPROBE, "/bin/x:", "missing");
	wrong(BU_HOOK_UPROBE, "/bin/x:0xzz", "not a number");
	wrong(BU_HOOK_URETPROBE, "/bin/x:main+4", "start of a function");
	wrong(BU_HOOK_XDP, "", "missing");
	wrong(BU_HOOK_XDP, "eth0:fast", "generic");
	wrong(BU_HOOK_XDP, "a/b", "not the name");
	wrong(BU_HOOK_NONE, "x", "no attach target");
	p = parse(BU_HOOK_XDP, "eth0:generic");
	ok(p.err == 0 && p.at.xdp_flags == XDP_FLAGS_SKB_MODE, "xdp:eth0:generic");
	drop(&p);
	p = parse(BU_HOOK_XDP, "eth0:driver");
	ok(p.err == 0 && p.at.xdp_flags == XDP_FLAGS_DRV_MODE, "xdp:eth0:driver");
	drop(&p);
}

static void test_net_targets(void)
{
	struct parsed p;

	good(BU_HOOK_TC, "eth0:egress,prio=5,handle=0x10,chain=2", "eth0", NULL, 0);
	good(BU_HOOK_TC_INGRESS, "eth0,netns=blue,classify", "eth0", NULL, 0);
	good(BU_HOOK_TCX_INGRESS, "eth0,before=link:7,revision=3", "eth0", NULL, 0);
	good(BU_HOOK_CGROUP_CONNECT4, "/sys/fs/cgroup/a:b c,multi", "/sys/fs/cgroup/a:b c", NULL, 0);
	good(BU_HOOK_SK_MSG, "socks", "socks", NULL, 0);
	good(BU_HOOK_NETFILTER, "ipv6:output,priority=-100,defrag", "output", NULL, 0);
	good(BU_HOOK_LWT_XMIT, "10.1.0.0/16,dev=eth0,headroom=14", "eth0", NULL, 0);
	good(BU_HOOK_SOCKET, "udp:127.0.0.1:53", "127.0.0.1", NULL, 0);
	good(BU_HOOK_SK_REUSEPORT, "tcp:fd00::1:53", "fd00::1", NULL, 0);
	good(BU_HOOK_LIRC_MODE2, "/dev/lirc0", "/dev/lirc0", NULL, 0);
	wrong(BU_HOOK_TCX_INGRESS, "eth0,befor=1", "did you mean the option 'before'?");
	wrong(BU_HOOK_TCX_INGRESS, "eth0,first=1", "the option first takes no value");
	wrong(BU_HOOK_TC_INGRESS, "eth0,prio", "needs a value: prio=VALUE");
	wrong(BU_HOOK_TC, "eth0", "the side is missing");
	wrong(BU_HOOK_TC, "eth0:up", "neither 'ingress' nor 'egress'");
	wrong(BU_HOOK_TC_EGRESS, "eth0,prio=65536", "too large");
	wrong(BU_HOOK_TC_EGRESS, "eth0,handle=0x100000000", "does not fit");
	wrong(BU_HOOK_TC_EGRESS, "eth0,first", "takes no option 'first'");
	wrong(BU_HOOK_TCX_EGRESS, "eth0,first,last", "exclude each other");
	wrong(BU_HOOK_TCX_EGRESS, "eth0,before=", "missing");
	wrong(BU_HOOK_CGROUP_DEV, "", "path of a control group is missing");
	wrong(BU_HOOK_NETFILTER, "ipv4", "no ':'");
	wrong(BU_HOOK_NETFILTER, "ipv4:input,priority=-2147483648", "no number of 32 bits");
	wrong(BU_HOOK_NETFILTER, "ipv4:input,priority=2147483647", "no number of 32 bits");
	wrong(BU_HOOK_LWT_IN, "10.0.0.0/33,dev=x", "length of the prefix");
	wrong(BU_HOOK_LWT_IN, "10.0.0.0/8,dev=x,headroom=1", "takes no option 'headroom'");
	wrong(BU_HOOK_LWT_IN, "here,dev=x", "no address");
	wrong(BU_HOOK_LWT_OUT, "10.0.0.0/8,via=::1", "no address of that kind");
	wrong(BU_HOOK_SOCKET, "fd:x", "not a number");
	wrong(BU_HOOK_SOCKET, "udp:70000", "from 1 to 65535");
	wrong(BU_HOOK_SK_REUSEPORT, "eth0", "no socket");
	wrong(BU_HOOK_LIRC_MODE2, "", "missing");
	p = parse(BU_HOOK_SK_LOOKUP, "");
	ok(p.err == 0 && !p.at.a && bu_attach_no_target(BU_HOOK_SK_LOOKUP) && !bu_attach_no_target(BU_HOOK_TC),
	   "sk_lookup needs no target");
	drop(&p);
	p = parse(BU_HOOK_NETFILTER, "ip6:forward,priority=-7");
	ok(p.at.net.pf == 10 && p.at.net.hooknum == 2 && p.at.net.priority == -7, "ip6:forward");
	drop(&p);
	p = parse(BU_HOOK_LWT_XMIT, "fd00:1::/32,via=fd00::2,table=1000,metric=3");
	ok(p.err == 0 && p.at.net.route.prefix == 32 && p.at.net.route.has_via && p.at.net.route.dst[0] == 0xfd &&
	   p.at.net.route.via[15] == 2 && p.at.net.route.table == 1000 && p.at.net.route.metric == 3, "a route");
	drop(&p);
}

/* ---------------------------------------------------------------- attaching */

/* Attaches by script. Success is detached again; either way nothing may be left open. */
static struct parsed attach(struct fake *f, enum bu_hook hook, const char *target,
			    enum bu_attach_via via, struct bu_attached *out)
{
	struct parsed p = parse(hook, target);

	p.err = bu_sys_attach(&f->sys, &p.at, 42, via, out, &p.ds);
	return p;
}

static void fails(struct fake f, enum bu_hook hook, const char *target, int err, const char *why)
{
	struct bu_attached out;
	struct parsed p = attach(&f, hook, target, BU_VIA_AUTO, &out);

	ok(p.err == err && p.ds.errors == 1 && told(&p, why) && f.open_fds == 0 &&
		   out.link_fd == -1 && out.event_fd == -1 && !out.netlink,
	   "%s:%s: %s; nothing is left", bu_hook_name(hook), target, why);
	drop(&p);
}

static void test_attach_probe(void)
{
	struct bu_attached out;
	struct parsed p;
	struct fake f = fake();

	p = attach(&f, BU_HOOK_KRETPROBE, "__alloc_skb", BU_VIA_AUTO, &out);
	ok(p.err == 0 && out.link_fd >= 0 && out.event_fd == -1 && f.open_fds == 1 &&
		   f.event.type == 8 && f.event.config == 1 &&
		   strcmp((char *)(uintptr_t)f.event.config1, "__alloc_skb") == 0,
	   "kretprobe by link: the link alone stays open");
	ok(bu_sys_detach(&f.sys, &out) == 0 && f.open_fds == 0, "and is closed");
	drop(&p);

	f = fake();
	f.ret[BPF_LINK_CREATE] = -EINVAL;
	p = attach(&f, BU_HOOK_KPROBE, "f+8", BU_VIA_AUTO, &out);
	ok(p.err == 0 && out.link_fd == -1 && out.event_fd >= 0 && f.event.config == 0 &&
		   f.event.config2 == 8, "a kernel without such links takes the ioctl");
	bu_sys_detach(&f.sys, &out);
	ok(f.open_fds == 0, "and nothing stays");
	drop(&p);

	f = fake();
	f.pmu = -ENOENT;
	f.config = 'n';
	fails(f, BU_HOOK_KPROBE, "f", -EOPNOTSUPP, "built without CONFIG_KPROBES");
	f.config = -ENOENT;
	fails(f, BU_HOOK_KRETPROBE, "f", -EOPNOTSUPP, "built without CONFIG_KPROBES");
	f.config = 'y';
	fails(f, BU_HOOK_KPROBE, "f", -EOPNOTSUPP, "CONFIG_KPROBE_EVENTS");
	fails(f, BU_HOOK_UPROBE, "/x:main", -EOPNOTSUPP, "CONFIG_UPROBES");

	f = fake();
	f.open_ret = -ENOENT;
	fails(f, BU_HOOK_KPROBE, "__aloc_skb", -ENOENT, "did you mean '__alloc_skb'?");
	f.open_ret = -EINVAL;
	fails(f, BU_HOOK_KPROBE, "kfree", -EINVAL, "does not let this function be probed");
	f.open_ret = -EADDRNOTAVAIL;
	fails(f, BU_HOOK_KPROBE, "kfree", -EADDRNOTAVAIL, "more than one function");
	f.open_ret = -EILSEQ;
	fails(f, BU_HOOK_KPROBE, "kfree+1", -EILSEQ, "not the start of an instruction");
	f.open_ret = -EACCES;
	f.facts.caps = 0;
	f.facts.root = 0;
	fails(f, BU_HOOK_KPROBE, "kfree", -EACCES, "lacks CAP_PERFMON");

	f = fake();
	f.ret[BPF_LINK_CREATE] = f.bind_ret = -EINVAL;
	f.prog_type = BPF_PROG_TYPE_XDP;
	fails(f, BU_HOOK_KPROBE, "kfree", -EINVAL, "of type xdp, this event runs kprobe");
	f = fake();
	f.ret[BPF_LINK_CREATE] = -EEXIST;
	fails(f, BU_HOOK_KPROBE, "kfree", -EEXIST, "already");
	f = fake();
	f.enable_ret = -EIO;
	fails(f, BU_HOOK_TRACEPOINT, "skb:kfree_skb", -EIO, "EIO");
}

static void test_attach_tracepoint(void)
{
	struct bu_attached out;
	struct parsed p;
	struct fake f = fake();

	p = attach(&f, BU_HOOK_TRACEPOINT, "skb:kfree_skb", BU_VIA_AUTO, &out);
	ok(p.err == 0 && f.event.type == PERF_TYPE_TRACEPOINT && f.event.config == 77,
	   "tracepoint by its id");
	bu_sys_detach(&f.sys, &out);
	drop(&p);
	f.tp_id = -ENOENT;
	fails(f, BU_HOOK_TRACEPOINT, "skb:kfre_skb", -ENOENT, "did you mean 'skb:kfree_skb'?");
	fails(f, BU_HOOK_TRACEPOINT, "skbs:kfree_skb", -ENOENT, "did you mean 'skb'?");
	f.tp_id = -ENODEV;
	fails(f, BU_HOOK_TRACEPOINT, "skb:kfree_skb", -EOPNOTSUPP, "tracefs is not mounted");
	f.tp_id = -EACCES;
	fails(f, BU_HOOK_TRACEPOINT, "skb:kfree_skb", -EACCES, "not permitted to read tracefs");
	f = fake();
	f.ret[BPF_LINK_CREATE] = -EACCES;
	fails(f, BU_HOOK_TRACEPOINT, "skb:kfree_skb", -EINVAL, "behind the end");

	f = fake();
	f.ret[BPF_RAW_TRACEPOINT_OPEN] = -ENOENT;
	fails(f, BU_HOOK_RAW_TP, "consume_skbs", -ENOENT, "did you mean 'consume_skb'?");
	f.ret[BPF_RAW_TRACEPOINT_OPEN] = -EINVAL;
	f.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	fails(f, BU_HOOK_RAW_TP, "consume_skb", -EINVAL, "more arguments");
	f.ret[BPF_RAW_TRACEPOINT_OPEN] = -EPERM;
	f.facts.caps = UINT64_C(1) << 39;
	fails(f, BU_HOOK_RAW_TP, "consume_skb", -EPERM, "lacks CAP_PERFMON");
}

static void test_attach_xdp(void)
{
	struct bu_attached out;
	struct parsed p;
	struct fake f = fake();

	p = attach(&f, BU_HOOK_XDP, "lo:generic", BU_VIA_AUTO, &out);
	ok(p.err == 0 && out.link_fd >= 0 && !out.netlink && f.xdp_set == 0 &&
		   f.last.link_create.flags == XDP_FLAGS_SKB_MODE &&
		   f.last.link_create.target_ifindex == 3, "xdp by link");
	bu_sys_detach(&f.sys, &out);
	ok(f.open_fds == 0 && f.xdp_set == 0, "which is closed");
	drop(&p);

	f.ret[BPF_LINK_CREATE] = -EINVAL;
	p = attach(&f, BU_HOOK_XDP, "lo", BU_VIA_AUTO, &out);
	ok(p.err == 0 && out.netlink && f.xdp_prog == 42 && f.xdp_old == -1 &&
		   f.xdp_flags == XDP_FLAGS_UPDATE_IF_NOEXIST, "xdp by netlink on older kernels");
	bu_sys_detach(&f.sys, &out);
	ok(f.xdp_set == 2 && f.xdp_prog == -1 && f.xdp_old == 42 &&
		   f.xdp_flags == XDP_FLAGS_REPLACE, "which takes away its own program only");
	bu_sys_detach(&f.sys, &out);
	ok(f.xdp_set == 2, "and only once");
	drop(&p);

	f.xdp_ret = -EINVAL;
	f.words = "veth: Peer MTU is too large to set XDP";
	fails(f, BU_HOOK_XDP, "eth0", -EINVAL, "Peer MTU is too large");
	f.xdp_ret = -EBUSY;
	f.words = NULL;
	fails(f, BU_HOOK_XDP, "eth0", -EBUSY, "has an XDP program already");
	f = fake();
	f.ret[BPF_LINK_CREATE] = -EOPNOTSUPP;
	fails(f, BU_HOOK_XDP, "eth0:driver", -EOPNOTSUPP, "'eth0:generic' works");
	f.ifindex = -ENODEV;
	fails(f, BU_HOOK_XDP, "etho", -ENODEV, "did you mean 'eth0'?");
	f = fake();
	f.ret[BPF_LINK_CREATE] = -EPERM;
	f.facts.caps = UINT64_C(1) << 39;
	fails(f, BU_HOOK_XDP, "eth0", -EPERM, "lacks CAP_NET_ADMIN");
}

/* What a backend that has no such operation says. */
static void test_attach_net(void)
{
	struct bu_attached out;
	struct parsed p;
	struct fake f = fake();

	fails(f, BU_HOOK_TC_INGRESS, "eth0", -EOPNOTSUPP, "no tc");
	fails(f, BU_HOOK_CGROUP_DEV, "web", -EOPNOTSUPP, "no such target");
	fails(f, BU_HOOK_LWT_XMIT, "10.0.0.0/8,dev=eth0", -EOPNOTSUPP, "no routes");
	fails(f, BU_HOOK_SOCKET, "eth0", -EOPNOTSUPP, "no sockets");
	fails(f, BU_HOOK_TCX_INGRESS, "eth0,netns=blue", -EOPNOTSUPP, "no such target");
	p = attach(&f, BU_HOOK_TCX_EGRESS, "eth0,before=link:7,revision=5", BU_VIA_AUTO, &out);
	ok(p.err == 0 && f.last.link_create.attach_type == BPF_TCX_EGRESS && f.last.link_create.tcx.relative_id == 7 &&
	   f.last.link_create.flags == (BPF_F_BEFORE | BPF_F_ID | BPF_F_LINK) &&
	   f.last.link_create.tcx.expected_revision == 5, "tcx by link, in front of another");
	bu_sys_detach(&f.sys, &out);
	drop(&p);
	p = attach(&f, BU_HOOK_NETFILTER, "ipv4:input,priority=9,defrag", BU_VIA_AUTO, &out);
	ok(p.err == 0 && f.last.link_create.attach_type == BPF_NETFILTER && f.last.link_create.netfilter.pf == 2 &&
	   f.last.link_create.netfilter.hooknum == 1 && f.last.link_create.netfilter.priority == 9 &&
	   f.last.link_create.netfilter.flags == BPF_F_NETFILTER_IP_DEFRAG, "netfilter by link");
	bu_sys_detach(&f.sys, &out);
	drop(&p);
	f.ret[BPF_LINK_CREATE] = -ESTALE;
	fails(f, BU_HOOK_TCX_EGRESS, "eth0,first,revision=5", -ESTALE, "another revision than 5");
	f.ret[BPF_LINK_CREATE] = -ERANGE;
	fails(f, BU_HOOK_TCX_EGRESS, "eth0", -ERANGE, "as many programs as there can be");
	f.ret[BPF_LINK_CREATE] = -ENOENT;
	fails(f, BU_HOOK_TCX_EGRESS, "eth0,after=5", -ENOENT, "'5' is not attached here");
	f.ret[BPF_LINK_CREATE] = -EBUSY;
	fails(f, BU_HOOK_NETFILTER, "ipv4:input", -EBUSY, "another priority= may be free");
	f.ret[BPF_LINK_CREATE] = -EPERM;
	f.facts.caps = UINT64_C(1) << 39;
	fails(f, BU_HOOK_TCX_EGRESS, "eth0", -EPERM, "lacks CAP_NET_ADMIN");
}

/* ---------------------------------------------------------------- explaining */

static void explains(struct fake f, int cmd, int err, const union bpf_attr *a, const char *why)
{
	struct parsed p = { .err = 0 };
	struct bu_diag *d;

	bu_diags_init(&p.ds);
	bu_arena_init(&p.arena);
	d = bu_diag(&p.ds, BU_ERROR, "S0112", "refused");
	bu_sys_explain(&f.sys, &p.ds, d, cmd, err, a);
	if (why)
		ok(told(&p, why), "%s: %s", bu_errno_name(err), why);
	else
		ok(d->nremarks == 0, "%s: nothing is known", bu_errno_name(err));
	drop(&p);
}

static void map_rule(uint32_t type, uint32_t key, uint32_t value, uint32_t max, const char *why)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = key;
	a.value_size = value;
	a.max_entries = max;
	explains(fake(), BPF_MAP_CREATE, -EINVAL, &a, why);
}

/* An LSM program is attached whether or not it will ever run. */
static void lsm_warns(const char *list, bool warns)
{
	struct fake f = fake();
	struct bu_attached out;
	struct parsed p;

	f.lsm = list;
	p = attach(&f, BU_HOOK_LSM, "file_open", BU_VIA_AUTO, &out);
	ok(p.err == 0 && p.ds.warnings == warns && (!warns || told(&p, "will never run")), "lsm=%.*s: %s",
	   list ? (int)strcspn(list, "\n") : 1, list ? list : "?", warns ? "a warning" : "nothing to warn of");
	bu_sys_detach(&f.sys, &out);
	drop(&p);
}

/* What older kernels lack, by their version. */
static void test_old_kernels(void)
{
	struct fake f = fake();
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	f.facts.major = 5;
	f.facts.minor = 4;
	a.prog_type = BPF_PROG_TYPE_SK_LOOKUP;
	explains(f, BPF_PROG_LOAD, -EINVAL, &a, "program type sk_lookup came with Linux 5.9; this is 5.4");
	a.prog_type = BPF_PROG_TYPE_XDP;
	a.insn_cnt = 2;
	a.fd_array = 1;
	explains(f, BPF_PROG_LOAD, -E2BIG, &a, "came with Linux 5.14");
	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_RINGBUF;
	a.max_entries = 4096;
	explains(f, BPF_MAP_CREATE, -EINVAL, &a, "map type ringbuf came with Linux 5.8");
	explains(f, BPF_MAP_CREATE, -EPERM, &a, "limit of locked memory");
	explains(f, BPF_LINK_CREATE, -EINVAL, NULL, "BPF_LINK_CREATE came with Linux 5.7");
	memset(&a, 0, sizeof(a));
	f.facts.minor = 0;
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = a.value_size = 4;
	a.max_entries = 1;
	a.map_flags = BPF_F_MMAPABLE;
	explains(f, BPF_MAP_CREATE, -EINVAL, &a, "BPF_F_MMAPABLE came with Linux 5.5");
	f = fake();
	explains(f, BPF_MAP_CREATE, -EMFILE, NULL, "as many files open as it may");
	f.facts.nofile = 64;
	explains(f, BPF_PROG_LOAD, -EMFILE, NULL, "may have 64 files open");
}

static void test_explain(void)
{
	struct fake f = fake(), user = fake();
	union bpf_attr a;

	user.facts.caps = 0;
	user.facts.root = 0;
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_XDP;
	a.insn_cnt = 10;
	explains(user, BPF_PROG_LOAD, -EPERM, &a, "lacks CAP_BPF, CAP_NET_ADMIN");
	explains(user, BPF_PROG_LOAD, -EPERM, &a, "unprivileged_bpf_disabled is 2");
	a.prog_type = BPF_PROG_TYPE_KPROBE;
	explains(user, BPF_PROG_LOAD, -EPERM, &a, "lacks CAP_BPF, CAP_PERFMON");
	user.facts.caps = UINT64_C(1) << 39;
	explains(user, BPF_PROG_LOAD, -EPERM, &a, "this process lacks CAP_PERFMON\n");
	user.facts.caps = 0;
	user.facts.major = 5;
	user.facts.minor = 4;
	explains(user, BPF_PROG_LOAD, -EPERM, &a, "lacks CAP_SYS_ADMIN");
	explains(f, BPF_PROG_LOAD, -EPERM, &a, "security module");
	f.facts.lockdown = 1;
	explains(f, BPF_PROG_LOAD, -EPERM, &a, "locked down (integrity)");
	f.facts.seccomp = 1;
	explains(f, BPF_PROG_LOAD, -EPERM, &a, "seccomp filter");
	f.facts.init_userns = 0;
	explains(f, BPF_PROG_LOAD, -EPERM, &a, "user namespace");
	explains(user, BPF_MAP_GET_NEXT_ID, -EPERM, NULL, "lacks CAP_SYS_ADMIN");
	f = fake();
	explains(f, BPF_PROG_LOAD, -ENOSYS, &a, "CONFIG_BPF_SYSCALL");
	f.config = 'y';
	explains(f, BPF_PROG_LOAD, -ENOSYS, &a, "hides it");
	explains(f, BPF_PROG_LOAD, -E2BIG, &a, "not too long");
	a.insn_cnt = 2000000;
	explains(f, BPF_PROG_LOAD, -E2BIG, &a, "2000000 instructions");
	explains(f, BPF_PROG_LOAD, -EINVAL, &a, NULL);
	explains(f, BPF_PROG_LOAD, -EACCES, &a, NULL);

	map_rule(BPF_MAP_TYPE_HASH, 4, 4, 0, "max_entries is 0");
	map_rule(BPF_MAP_TYPE_HASH, 0, 4, 1, "key size is 0");
	map_rule(BPF_MAP_TYPE_ARRAY, 8, 4, 1, "keys of 4 bytes");
	map_rule(BPF_MAP_TYPE_PROG_ARRAY, 4, 8, 1, "values of 4 bytes");
	map_rule(BPF_MAP_TYPE_RINGBUF, 0, 0, 5000, "power of two");
	map_rule(BPF_MAP_TYPE_RINGBUF, 0, 8, 4096, "have no value");
	map_rule(BPF_MAP_TYPE_QUEUE, 4, 8, 1, "have no key");
	map_rule(BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, "BPF_F_NO_PREALLOC");
	map_rule(BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, "no inner map");
	map_rule(9999, 4, 4, 1, "not known");
	map_rule(BPF_MAP_TYPE_SK_STORAGE, 4, 4, 0, "BTF types");
	test_old_kernels();
	lsm_warns("lockdown,capability,landlock\n", true);
	lsm_warns("lockdown,bpfx", true);
	lsm_warns("lockdown,capability,bpf", false);
	lsm_warns("bpf\n", false);
	lsm_warns(NULL, false);
	map_rule(BPF_MAP_TYPE_HASH, 4, 4, 1, NULL);
}

/* ---------------------------------------------------------------- symbols of ELF files */

__attribute__((noinline)) int probe_me(int a);
int probe_me(int a)
{
	__asm__ volatile("");
	return a * 3 + 1;
}

/* A copy of this program that can be damaged; its name in path. */
static int copy_self(const char *self, char path[64], struct bu_buf *bytes)
{
	int fd = memfd_create("copy", MFD_CLOEXEC);

	if (fd < 0 || bu_file_read(self, 64u << 20, bytes) ||
	    bu_write_all(fd, bytes->p, bytes->n)) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* Damage in the headers and tables: any answer will do, a crash or a wild offset will not. */
static void test_damaged(const char *self)
{
	struct bu_buf bytes = { 0 };
	char path[64];
	int fd = copy_self(self, path, &bytes);
	uint32_t rnd = 12345;
	unsigned wild = 0, tries = 0;
	uint64_t off, shoff;

	if (fd < 0) {
		skip(2, "no memfd");
		return;
	}
	shoff = bu_get64(bytes.p + 40, BU_HOST_BE);
	for (; tries < 1000 && shoff < bytes.n; tries++) {
		uint64_t at = tries % 2 ? shoff + (rnd >> 8) % (bytes.n - shoff)
					: (rnd >> 8) % 1024;
		uint8_t junk[4] = { (uint8_t)rnd, 0xff, (uint8_t)(rnd >> 24), 0x7f };
		size_t n = at + 4 <= bytes.n ? 4 : 1;

		rnd = rnd * 1664525 + 1013904223;
		if (pwrite(fd, junk, n, (off_t)at) < 0)
			break;
		if (bu_elf_symbol_offset(path, "probe_me", &off, NULL, NULL) == 0 &&
		    off >= bytes.n)
			wild++;
		if (pwrite(fd, bytes.p + at, n, (off_t)at) < 0)
			break;
	}
	ok(tries == 1000 && wild == 0, "1000 damaged files give no offset outside");
	wild = 0;
	for (off_t size = 0; size < (off_t)bytes.n; size += (off_t)bytes.n / 40 + 1) {
		if (ftruncate(fd, size) == 0 &&
		    bu_elf_symbol_offset(path, "probe_me", &off, NULL, NULL) == 0)
			wild++;
	}
	ok(wild == 0, "a file that is cut short is refused");
	bu_buf_free(&bytes);
	close(fd);
}

static void test_elf(const char *self)
{
	struct bu_buf bytes = { 0 };
	struct bu_arena arena;
	struct bu_near near;
	uint64_t off = 0;
	int err;

	bu_arena_init(&arena);
	ok(bu_elf_symbol_offset(self, "probe_me", &off, NULL, NULL) == 0 &&
		   bu_file_read(self, 64u << 20, &bytes) == 0 && off + 8 <= bytes.n &&
		   memcmp(bytes.p + off, (const void *)(uintptr_t)probe_me, 8) == 0,
	   "the offset of a function is where its code is");
	bu_near_init(&near, "probe_em", 8);
	err = bu_elf_symbol_offset(self, "probe_em", &off, &near, &arena);
	ok(err == -ENOENT, "no such symbol");
	is_str(near.best, "probe_me", "but a near one");
	ok(bu_elf_symbol_offset("/nowhere", "x", &off, NULL, NULL) == -ENOENT, "no such file");
	ok(bu_elf_symbol_offset("/dev/null", "x", &off, NULL, NULL) == -ENOEXEC, "a device");
	ok(bu_elf_symbol_offset("/proc/self/status", "x", &off, NULL, NULL) == -ENOEXEC,
	   "a text file");
	bu_buf_free(&bytes);
	bu_arena_free(&arena);
	test_damaged(self);
}

int main(int argc, char **argv)
{
	test_wrappers();
	test_words();
	test_features();
	test_targets();
	test_attach_probe();
	test_attach_tracepoint();
	test_attach_xdp();
	test_net_targets();
	test_attach_net();
	test_explain();
	test_elf(argc > 0 ? argv[0] : "/proc/self/exe");
	return done_testing();
}
