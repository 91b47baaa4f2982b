/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PROG_ATTACH, PROG_DETACH, PROG_QUERY and the links of control groups, devices, socket maps and network namespaces: the
 * same steps, by chance, in the kernel and in the VM; each step gives the same errno, and each list is the same then.
 * In a network namespace and in control groups of its own. TAP, one point a family.
 *
 *   attach_model [--steps N] [--seed N] [-v] [NAME]
 */
#include "kern/kern.h"
#include "vm/vm.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGS 6u
#define LINKS 8u
#define TARGETS 3u
#define CGROUPS "/sys/fs/cgroup"

struct family {
	const char *name;
	uint32_t type;
	uint32_t at[3];    /* attach types, and those that the programs are loaded for */
	uint32_t ntypes, targets;
	enum { GROUP, DEVICE, MAP, NETNS } kind;
	uint32_t flags[10]; /* what PROG_ATTACH and links are asked */
};

#define OVERRIDE BPF_F_ALLOW_OVERRIDE
#define MULTI BPF_F_ALLOW_MULTI

static const struct family families[] = {
	{ "cgroup_skb", BPF_PROG_TYPE_CGROUP_SKB, { BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS }, 2, 3, GROUP,
	  { 0, OVERRIDE, MULTI, MULTI, MULTI, MULTI | BPF_F_REPLACE, MULTI | BPF_F_BEFORE, MULTI | BPF_F_AFTER,
	    OVERRIDE | MULTI, BPF_F_REPLACE } },
	{ "cgroup_multi", BPF_PROG_TYPE_CGROUP_SKB, { BPF_CGROUP_INET_INGRESS }, 1, 2, GROUP,
	  { MULTI, MULTI, MULTI | BPF_F_REPLACE, MULTI | BPF_F_BEFORE, MULTI | BPF_F_AFTER, MULTI | BPF_F_ID | BPF_F_BEFORE,
	    MULTI | BPF_F_LINK | BPF_F_AFTER, MULTI | BPF_F_LINK | BPF_F_ID | BPF_F_BEFORE, MULTI | BPF_F_BEFORE | BPF_F_AFTER,
	    1u << 20 } },
	{ "cgroup_preorder", BPF_PROG_TYPE_CGROUP_SKB, { BPF_CGROUP_INET_INGRESS }, 1, 3, GROUP,
	  { MULTI, MULTI | BPF_F_PREORDER, MULTI | BPF_F_PREORDER | BPF_F_BEFORE, MULTI | BPF_F_AFTER, MULTI | BPF_F_REPLACE,
	    MULTI | BPF_F_PREORDER | BPF_F_REPLACE, MULTI | BPF_F_PREORDER | BPF_F_AFTER | BPF_F_ID, BPF_F_PREORDER, MULTI,
	    MULTI | BPF_F_PREORDER } },
	{ "sock_ops", BPF_PROG_TYPE_SOCK_OPS, { BPF_CGROUP_SOCK_OPS }, 1, 3, GROUP,
	  { 0, 0, OVERRIDE, OVERRIDE, MULTI, MULTI, 0, OVERRIDE, MULTI, MULTI } },
	{ "tcx", BPF_PROG_TYPE_SCHED_CLS, { BPF_TCX_INGRESS, BPF_TCX_EGRESS }, 2, 1, DEVICE,
	  { 0, 0, 0, BPF_F_BEFORE, BPF_F_AFTER, BPF_F_REPLACE, BPF_F_BEFORE | BPF_F_ID, BPF_F_AFTER | BPF_F_LINK,
	    BPF_F_BEFORE | BPF_F_LINK | BPF_F_ID, BPF_F_REPLACE | BPF_F_BEFORE } },
	{ "tcx_odd", BPF_PROG_TYPE_SCHED_CLS, { BPF_TCX_INGRESS }, 1, 1, DEVICE,
	  { 0, 0, BPF_F_ID, BPF_F_LINK, BPF_F_BEFORE | BPF_F_AFTER, BPF_F_REPLACE | BPF_F_AFTER, MULTI, 1u << 20,
	    BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID, BPF_F_REPLACE | BPF_F_BEFORE | BPF_F_ID } },
	{ "sk_msg", BPF_PROG_TYPE_SK_MSG, { BPF_SK_MSG_VERDICT }, 1, 2, MAP, { 0, 0, 0, 0, 0, 0, MULTI, 0, 0, BPF_F_REPLACE } },
	{ "sk_skb", BPF_PROG_TYPE_SK_SKB, { BPF_SK_SKB_STREAM_PARSER, BPF_SK_SKB_STREAM_VERDICT, BPF_SK_SKB_VERDICT }, 3, 2, MAP,
	  { 0 } },
	{ "flow_dissector", BPF_PROG_TYPE_FLOW_DISSECTOR, { BPF_FLOW_DISSECTOR }, 1, 1, NETNS,
	  { 0, 0, 0, 0, 0, 0, 0, 0, MULTI, BPF_F_REPLACE } },
	{ "sk_lookup", BPF_PROG_TYPE_SK_LOOKUP, { BPF_SK_LOOKUP }, 1, 1, NETNS, { 0 } },
};

struct side {
	struct bu_sys *s;
	int prog[3][PROGS], link[LINKS], target[TARGETS];
	uint32_t prog_id[3][PROGS], link_id[LINKS];
	uint64_t revision; /* as the last query said */
};

static struct side kernel, vm;
static struct side *const sides[] = { &kernel, &vm };
static char world[] = "/dev/shm/bpfutils-test-XXXXXX", group[TARGETS][160];
static uint64_t seed = 1;
static bool verbose;
static unsigned wrong;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % n;
}

/* ---------------------------------------------------------------- before and after */

static int one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

static void end(void)
{
	if (vm.s)
		vm.s->ops->destroy(vm.s);
	vm.s = NULL;
	nftw(world, one, 16, FTW_DEPTH | FTW_PHYS);
	for (unsigned i = TARGETS; i-- > 0;)
		if (group[i][0])
			rmdir(group[i]);
}

static bool groups(void)
{
	static const char *const roots[] = { CGROUPS, CGROUPS "/unified" };

	for (unsigned r = 0; r < BU_ARRAY_SIZE(roots); r++) {
		char name[64];

		snprintf(name, sizeof(name), "%s/cgroup.procs", roots[r]);
		if (access(name, F_OK))
			continue;
		for (unsigned i = 0; i < TARGETS; i++) {
			snprintf(group[i], sizeof(group[i]), "%s/bpfutils-test-%d%s", roots[r], (int)getpid(),
				 i == 0 ? "" : i == 1 ? "/below" : "/below/below");
			if (mkdir(group[i], 0755))
				return false;
		}
		return true;
	}
	return false;
}

static int load(struct side *x, const struct family *f, uint32_t at)
{
	struct bu_insn in[] = { { .code = 0xb7, .imm = 1 }, { .code = 0x95 } };
	uint8_t code[16];
	union bpf_attr a;

	for (unsigned i = 0; i < 2; i++)
		bu_insn_encode(code + i * 8, &in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = f->type;
	a.expected_attach_type = f->kind == MAP || f->type == BPF_PROG_TYPE_SCHED_CLS ? 0 : at;
	a.insns = (uintptr_t)code;
	a.insn_cnt = 2;
	a.license = (uintptr_t)"GPL";
	return x->s->ops->bpf(x->s, BPF_PROG_LOAD, &a, sizeof(a));
}

static int begin(struct side *x, const struct family *f)
{
	struct bpf_prog_info info;
	union bpf_attr a;
	uint32_t size;

	for (unsigned i = 0; i < LINKS; i++)
		x->link[i] = -1;
	for (unsigned t = 0; t < f->ntypes; t++)
		for (unsigned i = 0; i < PROGS; i++) {
			x->prog[t][i] = load(x, f, f->at[t]);
			if (x->prog[t][i] < 0)
				return x->prog[t][i];
			memset(&info, 0, sizeof(info));
			size = sizeof(info);
			if (bu_sys_info(x->s, x->prog[t][i], &info, &size))
				return -EIO;
			x->prog_id[t][i] = info.id;
		}
	for (unsigned i = 0; i < f->targets; i++) {
		memset(&a, 0, sizeof(a));
		a.map_type = i ? BPF_MAP_TYPE_SOCKHASH : BPF_MAP_TYPE_SOCKMAP;
		a.key_size = a.value_size = 4;
		a.max_entries = 1;
		x->target[i] = f->kind == GROUP	 ? open(group[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) :
			       f->kind == DEVICE ? 1 :
			       f->kind == NETNS	 ? open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC) :
						   x->s->ops->bpf(x->s, BPF_MAP_CREATE, &a, sizeof(a));
		if (x->target[i] < 0)
			return f->kind == MAP ? x->target[i] : -errno;
	}
	return 0;
}

static void finish(struct side *x, const struct family *f)
{
	for (unsigned i = 0; i < LINKS; i++)
		if (x->link[i] >= 0)
			close(x->link[i]);
	for (unsigned t = 0; t < f->ntypes; t++)
		for (unsigned i = 0; i < PROGS; i++)
			if (x->prog[t][i] >= 0)
				close(x->prog[t][i]);
	for (unsigned i = 0; i < f->targets && f->kind != DEVICE; i++)
		if (x->target[i] >= 0)
			close(x->target[i]);
}

/* ---------------------------------------------------------------- steps */

struct step {
	enum { ATTACH, DETACH, LINK, UPDATE, LINK_DETACH, CLOSE, QUERY } what;
	uint32_t t, prog, link, target, flags, old, relative, count;
	enum { NO_REV, RIGHT_REV, WRONG_REV } revision;
	bool no_prog, replace;
};
static const char *const names[] = { "attach", "detach", "link", "update", "link detach", "close", "query" };

/* What stands for a program or link in relative_fd. */
static uint32_t relative(const struct side *x, const struct step *p)
{
	bool id = p->flags & BPF_F_ID;

	if (p->relative >= PROGS)
		return 0;
	if (p->flags & BPF_F_LINK)
		return id ? x->link_id[p->relative] : (uint32_t)x->link[p->relative];
	return id ? x->prog_id[p->t][p->relative] : (uint32_t)x->prog[p->t][p->relative];
}

static uint64_t revision(const struct side *x, const struct step *p)
{
	return p->revision == NO_REV ? 0 : x->revision + (p->revision == WRONG_REV);
}

static int do_attach(struct side *x, const struct family *f, const struct step *p)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.target_fd = f->kind == NETNS ? 0 : (uint32_t)x->target[p->target];
	a.attach_bpf_fd = p->no_prog ? 0 : (uint32_t)x->prog[p->t][p->prog];
	a.attach_type = f->at[p->t];
	a.attach_flags = p->flags;
	if (p->what == ATTACH && p->flags & BPF_F_REPLACE)
		a.replace_bpf_fd = (uint32_t)x->prog[p->t][p->old];
	if (f->kind == GROUP || f->kind == DEVICE) {
		a.relative_fd = relative(x, p);
		a.expected_revision = revision(x, p);
	}
	return x->s->ops->bpf(x->s, p->what == ATTACH ? BPF_PROG_ATTACH : BPF_PROG_DETACH, &a, sizeof(a));
}

static int do_link(struct side *x, const struct family *f, const struct step *p)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.link_create.prog_fd = (uint32_t)x->prog[p->t][p->prog];
	a.link_create.target_fd = (uint32_t)x->target[p->target];
	a.link_create.attach_type = f->at[p->t];
	a.link_create.flags = p->flags;
	if (f->kind == GROUP || f->kind == DEVICE) {
		a.link_create.tcx.relative_fd = relative(x, p);
		a.link_create.tcx.expected_revision = revision(x, p);
	}
	fd = x->s->ops->bpf(x->s, BPF_LINK_CREATE, &a, sizeof(a));
	if (fd < 0)
		return fd;
	if (x->link[p->link] >= 0)
		close(x->link[p->link]);
	x->link[p->link] = fd;
	if (bu_sys_info(x->s, fd, &info, &size))
		return -EIO;
	x->link_id[p->link] = info.id;
	return 0;
}

static int do_update(struct side *x, const struct step *p)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.link_update.link_fd = (uint32_t)x->link[p->link];
	a.link_update.new_prog_fd = (uint32_t)x->prog[p->t][p->prog];
	if (p->replace) {
		a.link_update.flags = BPF_F_REPLACE;
		a.link_update.old_prog_fd = (uint32_t)x->prog[p->t][p->old];
	}
	return x->s->ops->bpf(x->s, BPF_LINK_UPDATE, &a, sizeof(a));
}

static int index_of(const uint32_t *v, unsigned n, uint32_t id)
{
	for (unsigned i = 0; i < n; i++)
		if (v[i] == id)
			return (int)i;
	return id ? -2 : -1;
}

/* A list in words. */
static void ask(struct side *x, const struct family *f, const struct step *p, uint32_t flags, bool more, struct bu_buf *out)
{
	uint32_t ids[128] = { 0 }, pflags[128] = { 0 }, links[128] = { 0 }, lflags[128] = { 0 };
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.query.target_fd = (uint32_t)x->target[p->target];
	a.query.attach_type = f->at[p->t];
	a.query.query_flags = flags;
	a.query.prog_cnt = p->count;
	a.query.prog_ids = (uintptr_t)ids;
	if (more) {
		a.query.prog_attach_flags = (uintptr_t)pflags;
		a.query.link_ids = (uintptr_t)links;
		a.query.link_attach_flags = (uintptr_t)lflags;
	}
	err = x->s->ops->bpf(x->s, BPF_PROG_QUERY, &a, sizeof(a));
	bu_buf_printf(out, "%s: %d flags %u n %u revision %llu:", flags ? "effective" : "list", err, a.query.attach_flags,
		      a.query.prog_cnt, (unsigned long long)a.query.revision);
	if (!err && !flags && f->kind != NETNS)
		x->revision = a.query.revision;
	for (uint32_t i = 0; i < a.query.prog_cnt && i < p->count && i < 128; i++)
		bu_buf_printf(out, " %d/%u/%d/%u", index_of(x->prog_id[p->t], PROGS, ids[i]), pflags[i],
			      index_of(x->link_id, LINKS, links[i]), lflags[i]);
	bu_buf_str(out, "; ");
}

static int step(struct side *x, const struct family *f, const struct step *p)
{
	union bpf_attr a;

	switch (p->what) {
	case ATTACH:
	case DETACH:
		return do_attach(x, f, p);
	case LINK:
		return do_link(x, f, p);
	case UPDATE:
		return do_update(x, p);
	case LINK_DETACH:
		memset(&a, 0, sizeof(a));
		a.link_detach.link_fd = (uint32_t)x->link[p->link];
		return x->s->ops->bpf(x->s, BPF_LINK_DETACH, &a, sizeof(a));
	case CLOSE:
		if (x->link[p->link] >= 0)
			close(x->link[p->link]);
		x->link[p->link] = -1;
		return 0;
	case QUERY:
		break;
	}
	return 0;
}

static void choose(const struct family *f, struct step *p)
{
	static const uint8_t whats[] = { ATTACH, ATTACH, ATTACH, DETACH, DETACH, LINK, LINK, UPDATE, LINK_DETACH, CLOSE, QUERY };

	memset(p, 0, sizeof(*p));
	p->what = whats[chance(sizeof(whats))];
	p->t = chance(f->ntypes);
	p->prog = chance(PROGS);
	p->old = chance(PROGS);
	p->link = chance(LINKS);
	p->target = chance(f->targets);
	p->flags = f->flags[chance(10)];
	if (p->what == DETACH && chance(4))
		p->flags = 0;
	if (p->what == LINK && f->kind == GROUP && chance(2))
		p->flags &= ~(uint32_t)(MULTI | OVERRIDE | BPF_F_REPLACE);
	p->relative = p->flags & (BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_LINK) ? chance(PROGS + 2) : PROGS;
	p->revision = chance(8) ? NO_REV : chance(3) ? RIGHT_REV : WRONG_REV;
	p->no_prog = p->what == DETACH && !chance(6);
	p->replace = chance(2);
	p->count = chance(6) ? 128 : chance(4);
}

static void lists(struct side *x, const struct family *f, const struct step *p, struct bu_buf *out)
{
	ask(x, f, p, 0, f->kind == GROUP || f->kind == DEVICE, out);
	if (f->kind == GROUP)
		ask(x, f, p, BPF_F_QUERY_EFFECTIVE, p->count == 3, out);
}

static bool same(const struct family *f, const struct step *p, unsigned n)
{
	struct bu_buf a[2] = { { 0 }, { 0 } };
	int r[2];
	bool ok;

	for (unsigned i = 0; i < 2; i++) {
		r[i] = step(sides[i], f, p);
		lists(sides[i], f, p, &a[i]);
	}
	/* A link that was closed stays while somebody else looks at it: whoever lists the machine's links. */
	for (unsigned i = 0; i < 100 && r[0] == r[1] && strcmp(bu_buf_cstr(&a[0]), bu_buf_cstr(&a[1])); i++) {
		usleep(20000);
		bu_buf_reset(&a[0]);
		lists(sides[0], f, p, &a[0]);
	}
	ok = r[0] == r[1] && !strcmp(bu_buf_cstr(&a[0]), bu_buf_cstr(&a[1]));
	if (!ok || verbose)
		printf("# step %u: %s type %u prog %u old %u link %u target %u flags %#x relative %u revision %d%s%s\n", n,
		       names[p->what], p->t, p->prog, p->old, p->link, p->target, p->flags, p->relative, p->revision,
		       p->no_prog ? " no prog" : "", p->replace ? " replace" : "");
	if (!ok)
		printf("# kernel %d %s\n# VM     %d %s\n", r[0], bu_buf_cstr(&a[0]), r[1], bu_buf_cstr(&a[1]));
	bu_buf_free(&a[0]);
	bu_buf_free(&a[1]);
	return ok;
}

/* What PROG_ATTACH left outlives the programs' fds. */
static void clear(const struct family *f)
{
	for (unsigned i = 0; i < 2; i++)
		for (uint32_t t = 0; t < f->ntypes; t++)
			for (uint32_t g = 0; g < f->targets; g++)
				for (uint32_t k = 0; k < PROGS; k++) {
					struct step p = { .what = DETACH, .t = t, .prog = k, .target = g, .relative = PROGS };

					while (!do_attach(sides[i], f, &p))
						;
				}
}

static void run(const struct family *f, unsigned steps)
{
	struct step p;

	for (unsigned i = 0; i < steps && wrong < 5; i++) {
		choose(f, &p);
		wrong += !same(f, &p, i);
	}
}

/* ---------------------------------------------------------------- TASK_FD_QUERY */

static void ask_fd(struct side *x, uint32_t prog_id, int pid, int fd, uint32_t flags, void *buf, uint32_t room, struct bu_buf *out)
{
	union bpf_attr a;
	int err;

	memset(&a, 0, sizeof(a));
	a.task_fd_query.pid = (uint32_t)pid;
	a.task_fd_query.fd = (uint32_t)fd;
	a.task_fd_query.flags = flags;
	a.task_fd_query.buf = (uintptr_t)buf;
	a.task_fd_query.buf_len = room;
	a.task_fd_query.fd_type = 77;
	if ((uintptr_t)buf > 4096)
		strcpy(buf, "untouched");
	err = x->s->ops->bpf(x->s, BPF_TASK_FD_QUERY, &a, sizeof(a));
	bu_buf_printf(out, "%d length %u type %u prog %d off %llu addr %llu %s; ", err, a.task_fd_query.buf_len,
		      a.task_fd_query.fd_type, a.task_fd_query.prog_id == prog_id,
		      (unsigned long long)a.task_fd_query.probe_offset, (unsigned long long)a.task_fd_query.probe_addr,
		      (uintptr_t)buf > 4096 ? (char *)buf : "");
}

static bool task_fds(void)
{
	static const struct family raw = { .name = "task_fd_query", .type = BPF_PROG_TYPE_RAW_TRACEPOINT };
	struct bu_buf text[2] = { { 0 }, { 0 } };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	bool ok = true;

	for (unsigned i = 0; i < 2; i++) {
		struct side *x = sides[i];
		int prog = load(x, &raw, 0), link, fds[4];
		struct bpf_prog_info info = { 0 };
		uint32_t size = sizeof(info);
		union bpf_attr a;
		char buf[64];

		memset(&a, 0, sizeof(a));
		a.raw_tracepoint.prog_fd = (uint32_t)prog;
		a.raw_tracepoint.name = (uintptr_t)"sys_enter";
		link = x->s->ops->bpf(x->s, BPF_RAW_TRACEPOINT_OPEN, &a, sizeof(a));
		ok = ok && prog >= 0 && link >= 0 && !bu_sys_info(x->s, prog, &info, &size);
		memcpy(fds, (int[]){ link, prog, null, 9999 }, sizeof(fds));
		for (unsigned k = 0; k < 4; k++)
			ask_fd(x, info.id, (int)getpid(), fds[k], 0, buf, sizeof(buf), &text[i]);
		for (uint32_t room = 0; room < 12; room += room < 8 ? 4 : 1)
			ask_fd(x, info.id, (int)getpid(), link, 0, buf, room, &text[i]);
		ask_fd(x, info.id, (int)getpid(), link, 0, NULL, 9, &text[i]);
		ask_fd(x, info.id, (int)getpid(), link, 0, (void *)8, 9, &text[i]);
		ask_fd(x, info.id, (int)getpid(), link, 1, buf, 9, &text[i]);
		ask_fd(x, info.id, 4194305, link, 0, buf, 9, &text[i]);
		close(prog);
		close(link);
	}
	close(null);
	ok = ok && !strcmp(bu_buf_cstr(&text[0]), bu_buf_cstr(&text[1]));
	if (!ok)
		printf("# kernel %s\n# VM     %s\n", bu_buf_cstr(&text[0]), bu_buf_cstr(&text[1]));
	bu_buf_free(&text[0]);
	bu_buf_free(&text[1]);
	return ok;
}

int main(int argc, char **argv)
{
	struct bu_vm_options o = { .world = world };
	unsigned points = 0, failed = 0, steps = 200;
	const char *only = NULL, *skip = NULL;
	struct bu_diags ds;
	bool have_groups, began = false;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--steps") && i + 1 < argc)
			steps = (unsigned)strtoul(argv[++i], NULL, 0);
		else if (!strcmp(argv[i], "--seed") && i + 1 < argc)
			seed = strtoull(argv[++i], NULL, 0) | 1;
		else if (!strcmp(argv[i], "-v"))
			verbose = true;
		else
			only = argv[i];
	setvbuf(stdout, NULL, _IOLBF, 0);
	bu_diags_init(&ds);
	if (geteuid() || unshare(CLONE_NEWNET))
		skip = "needs root and a network namespace";
	if (!mkdtemp(world) || bu_vm_open(&vm.s, &o, &ds)) {
		printf("Bail out! no world\n");
		return 1;
	}
	atexit(end);
	have_groups = !skip && groups();
	kernel.s = bu_kern_open();
	for (unsigned i = 0; i < BU_ARRAY_SIZE(families); i++) {
		const struct family *f = &families[i];
		const char *why = skip ? skip : f->kind == GROUP && !have_groups ? "needs a control group (v2)" : NULL;
		int err = 0;

		if (only && strcmp(only, f->name))
			continue;
		memset(kernel.prog, 0xff, sizeof(kernel.prog));
		memset(vm.prog, 0xff, sizeof(vm.prog));
		if (!why && !kernel.s)
			why = "needs bpf(2)";
		if (!why && (err = begin(&kernel, f)))
			why = bu_errno_name(err);
		if (why) {
			printf("ok %u - %s # SKIP %s\n", ++points, f->name, why);
			continue;
		}
		began = true;
		err = begin(&vm, f);
		wrong = err != 0;
		if (err)
			printf("# in the VM: %s\n", bu_errno_name(err));
		else
			run(f, steps);
		clear(f);
		failed += wrong != 0;
		printf("%sok %u - %s: %u steps\n", wrong ? "not " : "", ++points, f->name, steps);
		finish(&kernel, f);
		finish(&vm, f);
	}
	if (!only && !began) {
		printf("ok %u - task_fd_query # SKIP needs bpf(2)\n", ++points);
	} else if (!only) {
		bool ok = task_fds();

		failed += !ok;
		printf("%sok %u - task_fd_query\n", ok ? "" : "not ", ++points);
	}
	printf("1..%u\n", points);
	if (kernel.s)
		kernel.s->ops->destroy(kernel.s);
	bu_diags_free(&ds);
	return failed != 0;
}
