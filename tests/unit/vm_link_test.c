/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, links, feeds and iterators of the VM. */
#include <linux/perf_event.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vm/run.h"

#include "tap.h"

static struct bu_sys *s;
static char world[64];

/* r0 = val; exit */
static int load(uint32_t type, uint32_t attach, uint32_t btf_id, int32_t val)
{
	struct bu_insn in[2] = { { .code = 0xb7, .imm = val }, { .code = BU_OP_EXIT } };
	union bpf_attr a;
	uint8_t code[16];

	for (unsigned i = 0; i < 2; i++)
		bu_insn_encode(code + 8 * i, &in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.expected_attach_type = attach;
	a.attach_btf_id = btf_id;
	a.insns = bu_ptr64(code);
	a.insn_cnt = 2;
	a.license = bu_ptr64("GPL");
	return bu_sys_prog_load(s, &a, 0);
}

#define I(c, d, s, o, i) { .code = c, .dst = d, .src = s, .off = o, .imm = i }

static int load_iter(uint32_t btf_id, const struct bu_insn *in, unsigned n);

/* Writes the 16 bytes of each object's name: at off of the object, or of what ptr points to in it. */
static int load_namer(uint32_t btf_id, int32_t off, int32_t ptr)
{
	struct bu_insn in[] = {
		I(0x79, 6, 1, 0, 0), I(0x79, 2, 1, 8, 0), /* meta, object */
		I(0x15, 2, 0, 5, 0),                      /* the last call has none */
		I(0x79, 2, 2, (int16_t)ptr, 0), I(0x79, 1, 6, 0, 0),
		I(0x07, 2, 0, 0, off), I(0xb7, 3, 0, 0, 16), I(BU_OP_CALL, 0, 0, 0, 127),
		I(0xb7, 0, 0, 0, 0), I(BU_OP_EXIT, 0, 0, 0, 0),
	};

	if (ptr < 0)
		in[3] = (struct bu_insn)I(0xbf, 2, 2, 0, 0);
	return load_iter(btf_id, in, BU_ARRAY_SIZE(in));
}

/* Prints two numbers for each object, the second in a field of width, by seq_printf. */
static int load_printer(uint32_t btf_id, bool wide)
{
	const char *fmt = wide ? "%d,%300d\n\0" : "%d,%000d\n\0";
	int32_t w[3];

	memcpy(w, fmt, 4);
	memcpy(w + 1, fmt + 3, 8);
	struct bu_insn in[] = {
		I(0x79, 6, 1, 0, 0), I(0x79, 2, 1, 8, 0), I(0x15, 2, 0, 14, 0),
		I(0x62, 10, 0, -12, w[0]), I(0x62, 10, 0, -9, w[1]), I(0x62, 10, 0, -5, w[2]),
		I(0x7a, 10, 0, -32, -5), I(0x7a, 10, 0, -24, 7), I(0x79, 1, 6, 0, 0), I(0xbf, 2, 10, 0, 0),
		I(0x07, 2, 0, 0, -12), I(0xb7, 3, 0, 0, 10), I(0xbf, 4, 10, 0, 0), I(0x07, 4, 0, 0, -32),
		I(0xb7, 5, 0, 0, 16), I(BU_OP_CALL, 0, 0, 0, 126), I(0x55, 0, 0, 1, 0), I(0xb7, 0, 0, 0, 0),
		I(BU_OP_EXIT, 0, 0, 0, 0),
	};

	return load_iter(btf_id, in, BU_ARRAY_SIZE(in));
}

static int load_iter(uint32_t btf_id, const struct bu_insn *in, unsigned n)
{
	uint8_t code[32 * 8];
	union bpf_attr a;

	for (unsigned i = 0; i < n; i++)
		bu_insn_encode(code + 8 * i, &in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_TRACING;
	a.expected_attach_type = BPF_TRACE_ITER;
	a.attach_btf_id = btf_id;
	a.insns = bu_ptr64(code);
	a.insn_cnt = n;
	a.license = bu_ptr64("GPL");
	strcpy(a.prog_name, "namer");
	return bu_sys_prog_load(s, &a, 0);
}

/* What an iterator's program prints: bytes, or -errno. */
static int iterate(int prog, char *text, size_t size)
{
	int link = bu_sys_link_create(s, prog, 0, BPF_TRACE_ITER, 0, 0), fd, n;
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.iter_create.link_fd = (uint32_t)link;
	fd = s->ops->bpf(s, BPF_ITER_CREATE, &a, sizeof(a));
	n = fd < 0 ? fd : (int)read(fd, text, size);
	close(fd), close(link);
	return n;
}

/* Offset of a member in the VM's own BTF. */
static int32_t member_off(const struct bu_btf *b, const char *name, const char *member)
{
	struct bu_btf_type t;
	struct bu_btf_member m;

	if (bu_btf_get(b, bu_btf_find(b, BU_BTF_STRUCT, name), &t))
		return -1;
	for (uint32_t i = 0; i < t.vlen; i++)
		if (!bu_btf_member(b, &t, i, &m) && strcmp(m.name, member) == 0)
			return (int32_t)m.bit_off / 8;
	return -1;
}

static void names(const struct bu_btf *b)
{
	uint32_t maps = bu_btf_find(b, BU_BTF_FUNC, "bpf_iter_bpf_map");
	uint32_t progs = bu_btf_find(b, BU_BTF_FUNC, "bpf_iter_bpf_prog");
	int m, p, one, two, n;
	union bpf_attr a;
	char text[64], wide[1024];

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = a.value_size = a.max_entries = 4;
	strcpy(a.map_name, "first");
	one = bu_sys_map_create(s, &a);
	strcpy(a.map_name, "second");
	two = bu_sys_map_create(s, &a);
	m = load_namer(maps, member_off(b, "bpf_map", "name"), -1);
	ok(one >= 0 && two >= 0 && m >= 0, "two maps and a program that prints names: %d", m);
	n = iterate(m, text, sizeof(text));
	ok(n == 32 && !strcmp(text, "first") && !strcmp(text + 16, "second"), "maps: %d bytes", n);
	close(m);
	m = load_printer(maps, false);
	n = iterate(m, text, sizeof(text));
	ok(n == 10 && !memcmp(text, "-5,7\n-5,7\n", 10), "seq_printf: %d bytes", n);
	close(m);
	m = load_printer(maps, true);
	n = iterate(m, wide, sizeof(wide));
	ok(n == 608 && !memcmp(wide, "-5, ", 4) && !memcmp(wide + 302, "7\n-5, ", 6) && !memcmp(wide + 606, "7\n", 2),
	   "seq_printf, longer than its first buffer: %d bytes", n);
	close(one), close(two), close(m);
	p = load_namer(progs, member_off(b, "bpf_prog_aux", "name"),
		       member_off(b, "bpf_prog", "aux"));
	n = iterate(p, text, sizeof(text));
	ok(n >= 16 && !strcmp(text + n - 16, "namer"), "programs: %d bytes", n);
	close(p);
}

static int attach(enum bu_hook hook, const char *target, int prog, enum bu_attach_via via,
		  struct bu_attached *at)
{
	struct bu_attach a;
	struct bu_diags ds;
	int err;

	bu_diags_init(&ds);
	err = bu_attach_parse(&a, hook, target, &ds.arena, &ds);
	if (!err)
		err = bu_sys_attach(s, &a, prog, via, at, &ds);
	bu_diags_free(&ds);
	return err;
}

static uint64_t got[8];
static unsigned ngot;
static void ran(void *ctx, uint32_t id, int r, uint64_t r0, const struct bu_vm_fault *f)
{
	(void)ctx, (void)id, (void)f;
	if (!r && ngot < 8)
		got[ngot++] = r0;
}

static int feed(const char *hook)
{
	static uint64_t raw[8];
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_RAW, .bytes = raw, .size = sizeof(raw) };

	ngot = 0;
	return bu_vm_feed(s, hook, &ctx, NULL, ran, NULL);
}

static int feed_xdp(void)
{
	static uint8_t packet[64];
	struct bu_vm_ctx ctx = { .kind = BU_VM_CTX_XDP, .packet = packet, .packet_size = 64,
				 .packet_room = 64 };

	ngot = 0;
	return bu_vm_feed(s, "xdp:lo", &ctx, NULL, ran, NULL);
}

static void probes(void)
{
	int a = load(BPF_PROG_TYPE_KPROBE, 0, 0, 7), b = load(BPF_PROG_TYPE_KPROBE, 0, 0, 8);
	int t = load(BPF_PROG_TYPE_TRACEPOINT, 0, 0, 9), x;
	struct bu_attached one, two, three;

	ok(a >= 0 && b >= 0 && t >= 0, "programs are loaded");
	ok(feed("kprobe:f") == 0, "a hook without programs");
	ok(!attach(BU_HOOK_KPROBE, "f", a, BU_VIA_AUTO, &one), "a link to a kprobe");
	ok(!attach(BU_HOOK_KPROBE, "f", b, BU_VIA_IOCTL, &two), "an event with a program by ioctl");
	ok(feed("kprobe:f") == 2 && ngot == 2 && got[0] == 7 && got[1] == 8, "both are run, in order");
	ok(feed("kretprobe:f") == 0, "not by another hook");
	x = attach(BU_HOOK_TRACEPOINT, "skb:kfree_skb", a, BU_VIA_LINK, &three);
	ok(x == -EINVAL, "a kprobe program is none of a tracepoint: %d", x);
	ok(!attach(BU_HOOK_TRACEPOINT, "skb:kfree_skb", t, BU_VIA_LINK, &three), "a tracepoint");
	ok(feed("tracepoint:skb:kfree_skb") == 1 && got[0] == 9, "is run");
	ok(!bu_sys_detach(s, &one), "the link is closed");
	ok(feed("kprobe:f") == 1 && got[0] == 8, "the other one is left");
	bu_sys_detach(s, &two);
	bu_sys_detach(s, &three);
	ok(feed("kprobe:f") == 0 && feed("tracepoint:skb:kfree_skb") == 0, "none is left");
	close(a), close(b), close(t);
}

/* A process attaches, and is killed: what it has attached is not run any more. */
static void killed(void)
{
	int a = load(BPF_PROG_TYPE_KPROBE, 0, 0, 7), up[2], st;
	struct bu_attached at;
	char c;
	pid_t pid;

	for (int by_link = 0; by_link < 2; by_link++) {
		if (pipe(up))
			return;
		pid = fork();
		if (!pid) {
			st = attach(BU_HOOK_KPROBE, "g", a, by_link ? BU_VIA_AUTO : BU_VIA_IOCTL, &at);
			if (write(up[1], st ? "n" : "y", 1) == 1)
				pause();
			_exit(1);
		}
		ok(read(up[0], &c, 1) == 1 && c == 'y' && feed("kprobe:g") == 1 && got[0] == 7,
		   "by %s: another process has attached it", by_link ? "link" : "ioctl");
		kill(pid, SIGKILL);
		waitpid(pid, &st, 0);
		ok(feed("kprobe:g") == 0, "and was killed");
		close(up[0]), close(up[1]);
	}
	close(a);
}

/* The program of a link goes with the link, though its event is still open. */
static void event_stays(void)
{
	int a = load(BPF_PROG_TYPE_KPROBE, 0, 0, 7), b = load(BPF_PROG_TYPE_KPROBE, 0, 0, 8), err;
	struct perf_event_attr pa = { .type = (uint32_t)s->ops->pmu_type(s, "kprobe"), .size = sizeof(pa) };
	int ev, link, second;

	pa.config1 = bu_ptr64("h");
	ev = s->ops->perf_event_open(s, &pa, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	link = bu_sys_link_create(s, a, ev, BPF_PERF_EVENT, 0, 0);
	s->ops->perf_enable(s, ev);
	ok(link >= 0 && feed("kprobe:h") == 1 && got[0] == 7, "a link to an event: %d, %d", ev, link);
	second = bu_sys_link_create(s, b, ev, BPF_PERF_EVENT, 0, 0);
	ok(second == -EEXIST, "a second is refused: %d", second);
	s->ops->close(s, link);
	ok(feed("kprobe:h") == 0, "closed, the event left open: nothing is run");
	second = bu_sys_link_create(s, b, ev, BPF_PERF_EVENT, 0, 0);
	ok(second >= 0 && feed("kprobe:h") == 1 && got[0] == 8, "then another has room: %d", second);
	s->ops->close(s, second);
	err = s->ops->perf_set_bpf(s, ev, a);
	ok(!err && feed("kprobe:h") == 1 && got[0] == 7, "and one by ioctl: %d", err);
	s->ops->close(s, ev);
	ok(feed("kprobe:h") == 0, "which goes with the event");
	close(a), close(b);
}

/*
 * LINK_UPDATE, killed behind each of its steps: there is always a program, which is the old one or the
 * new one, and the other one goes.
 */
static void killed_update(void)
{
	for (int stored = 0; stored < 2; stored++) {
		int a = load(BPF_PROG_TYPE_XDP, 0, 0, 1), b = load(BPF_PROG_TYPE_XDP, 0, 0, 2), n = 0;
		struct bu_vm_obj *link = NULL, *prog = NULL;
		struct bu_attached at;
		uint32_t id = 0;

		if (!ok(!attach(BU_HOOK_XDP, "lo", a, BU_VIA_LINK, &at) &&
			!bu_vm_obj_by_fd(bu_vm(s), at.link_fd, BU_VM_LINK, &link, NULL) &&
			!bu_vm_obj_by_fd(bu_vm(s), b, BU_VM_PROG, &prog, NULL), "XDP by a link"))
			return;
		bu_vm_ref_set(link, 2, prog);
		if (stored)
			link->hdr->link.prog_id = prog->id;
		bu_vm_obj_put(prog), bu_vm_obj_put(link);
		close(a), close(b);
		while (!bu_sys_next_id(s, BU_PROG, id, &id))
			n++;
		ok(n == 1, "one program is left: %d", n);
		atomic_fetch_add(&bu_vm(s)->root->links_gen, 1);
		ok(feed_xdp() == 1 && got[0] == (stored ? 2u : 1u), "and is run");
		bu_sys_detach(s, &at);
	}
}

static void xdp(void)
{
	int a = load(BPF_PROG_TYPE_XDP, 0, 0, 1), b = load(BPF_PROG_TYPE_XDP, 0, 0, 2), err;
	struct bpf_link_info li;
	struct bu_attached at, other;
	union bpf_attr u;
	uint32_t n = sizeof(li);

	ok(!attach(BU_HOOK_XDP, "lo", a, BU_VIA_LINK, &at), "XDP by a link");
	err = attach(BU_HOOK_XDP, "lo", b, BU_VIA_LINK, &other);
	ok(err == -EBUSY, "a second is refused: %d", err);
	err = attach(BU_HOOK_XDP, "lo", b, BU_VIA_NETLINK, &other);
	ok(err == -EBUSY, "and by netlink: %d", err);
	memset(&u, 0, sizeof(u));
	u.link_update.link_fd = (uint32_t)at.link_fd;
	u.link_update.new_prog_fd = (uint32_t)b;
	ok(!s->ops->bpf(s, BPF_LINK_UPDATE, &u, sizeof(u)), "the link's program is changed");
	ok(feed_xdp() == 1 && got[0] == 2, "the new one is run");
	ok(!bu_sys_link_detach(s, at.link_fd), "it is detached");
	memset(&li, 0, sizeof(li));
	ok(!bu_sys_info(s, at.link_fd, &li, &n) && li.type == BPF_LINK_TYPE_XDP && !li.xdp.ifindex,
	   "and has no device any more");
	ok(feed_xdp() == 0, "nothing is run");
	bu_sys_detach(s, &at);

	ok(!attach(BU_HOOK_XDP, "lo", a, BU_VIA_NETLINK, &at), "XDP by netlink");
	close(a);
	ok(feed_xdp() == 1 && got[0] == 1, "stays without an fd of its program");
	ok(!s->ops->xdp_set(s, s->ops->ifindex(s, "lo"), b, -1, 0, NULL, 0) && feed_xdp() == 1 && got[0] == 2,
	   "another takes its place");
	ok(!bu_sys_next_id(s, BU_PROG, 0, &n) && bu_sys_next_id(s, BU_PROG, n, &n) == -ENOENT,
	   "and the former goes");
	ok(!s->ops->xdp_set(s, s->ops->ifindex(s, "lo"), -1, -1, 0, NULL, 0), "it is taken away");
	ok(feed_xdp() == 0, "and is not run any more");
	close(b);
}

static void iterators(void)
{
	const void *data;
	size_t size;
	struct bu_btf btf;
	union bpf_attr a;
	uint32_t id;
	int prog, link, fd;
	char text[8];

	ok(!s->ops->vmlinux_btf(s, &data, &size) && !bu_btf_parse(&btf, data, size, NULL, "vm", NULL),
	   "the VM's own BTF is well-formed");
	id = bu_btf_find(&btf, BU_BTF_FUNC, "bpf_iter_bpf_map");
	ok(id && bu_btf_find(&btf, BU_BTF_FUNC, "bpf_iter_bpf_prog"), "and has the iterators");
	prog = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, id, 0);
	ok(prog >= 0, "an iterator's program: %d", prog);
	fd = load(BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER, 1, 0);
	ok(fd == -EINVAL, "not for a type that is no iterator: %d", fd);
	link = bu_sys_link_create(s, prog, 0, BPF_TRACE_ITER, 0, 0);
	ok(link >= 0, "its link: %d", link);
	memset(&a, 0, sizeof(a));
	a.iter_create.link_fd = (uint32_t)link;
	fd = s->ops->bpf(s, BPF_ITER_CREATE, &a, sizeof(a));
	ok(fd >= 0 && read(fd, text, sizeof(text)) == 0, "one that prints nothing: %d", fd);
	close(fd), close(link), close(prog);
	names(&btf);
	bu_btf_free(&btf);
}

int main(void)
{
	struct bu_vm_options o = { .world = world };
	struct bu_diags ds;
	char cmd[96];

	snprintf(world, sizeof(world), "/dev/shm/bpfutils-test-link-%d", getpid());
	bu_diags_init(&ds);
	if (!ok(!bu_vm_open(&s, &o, &ds), "a world"))
		return done_testing();
	probes();
	killed();
	event_stays();
	killed_update();
	xdp();
	iterators();
	ok(!bu_vm_check(s, &ds), "every invariant of the world holds");
	s->ops->destroy(s);
	bu_diags_free(&ds);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", world);
	ok(!system(cmd), "clean");
	return done_testing();
}
