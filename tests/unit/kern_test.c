/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel backend on the running kernel: maps, every kind of attachment, pins, holders. What the
 * kernel or the caller's rights do not allow is skipped and said.
 */
#include "kern/kern.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"

static struct bu_sys *sys;

/* ---------------------------------------------------------------- a map and programs that count */

static int make_array(uint32_t entries, const char *name)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = entries;
	strcpy(a.map_name, name);
	return bu_sys_map_create(sys, &a);
}

static void put(uint8_t *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	struct bu_insn i = { .code = code, .dst = dst, .src = src, .off = off, .imm = imm };

	bu_insn_encode(p, &i, BU_HOST_BE);
}

/* Adds one to the first value of the map, atomically, and returns ret. */
static int load_counter(uint32_t type, int map, int ret)
{
	uint8_t code[6 * 8];
	union bpf_attr a;

	put(code, BU_OP_LD_IMM64, 1, BU_PSEUDO_MAP_VALUE, 0, map);
	put(code + 8, 0, 0, 0, 0, 0);
	put(code + 16, 0xb7, 2, 0, 0, 1);   /* r2 = 1 */
	put(code + 24, 0xdb, 1, 2, 0, 0);   /* lock *(u64 *)(r1 + 0) += r2 */
	put(code + 32, 0xb7, 0, 0, 0, ret); /* r0 = ret */
	put(code + 40, BU_OP_EXIT, 0, 0, 0, 0);
	memset(&a, 0, sizeof(a));
	a.prog_type = type;
	a.insns = bu_ptr64(code);
	a.insn_cnt = sizeof(code) / 8;
	a.license = bu_ptr64("GPL");
	strcpy(a.prog_name, "counter");
	return bu_sys_prog_load(sys, &a, 0);
}

static uint64_t count(int map)
{
	uint32_t key = 0;
	uint64_t v = UINT64_MAX;

	bu_sys_map_lookup(sys, map, &key, &v, 0);
	return v;
}

/* ---------------------------------------------------------------- maps, facts */

static void test_map(void)
{
	int map = make_array(1000, "bu_test");
	static uint32_t keys[1000];
	static uint64_t values[1000];
	uint32_t key = 1000, next, in, n = 1000, id;
	uint64_t v = 7;
	enum bu_objkind kind;
	struct bpf_map_info info;
	uint32_t size = sizeof(info);
	int again, err;

	ok(map >= 0, "map create");
	ok(bu_sys_map_update(sys, map, &key, &v, 0) == -E2BIG, "a key behind the end");
	key = 5;
	ok(bu_sys_map_update(sys, map, &key, &v, 0) == 0 &&
		   bu_sys_map_lookup(sys, map, &key, &(uint64_t){ 0 }, 0) == 0, "update, lookup");
	ok(bu_sys_map_next_key(sys, map, NULL, &next) == 0 && next == 0, "first key");
	err = bu_sys_map_lookup_batch(sys, map, NULL, &in, keys, values, &n);
	ok((err == 0 || err == -ENOENT) && n == 1000 && keys[5] == 5 && values[5] == 7,
	   "a batch of all");
	memset(&info, 0, sizeof(info));
	ok(bu_sys_info(sys, map, &info, &size) == 0 && info.max_entries == 1000 &&
		   strcmp(info.name, "bu_test") == 0, "info");
	ok(bu_sys_fd_kind(sys, map, &kind, &id) == 0 && kind == BU_MAP && id == info.id,
	   "what an fd is");
	ok(bu_sys_fd_kind(sys, 0, &kind, &id) == -EINVAL, "standard input is none");
	ok(bu_sys_fd_kind(sys, 900, &kind, &id) == -EBADF, "nor is what is not open");
	again = bu_sys_fd_by_id(sys, BU_MAP, info.id, 0);
	ok(again >= 0 && bu_sys_map_freeze(sys, again) == 0 &&
		   bu_sys_map_update(sys, map, &key, &v, 0) == -EPERM, "by id; freeze");
	sys->ops->close(sys, again);
	sys->ops->close(sys, map);
}

static bool find_schedule(void *ctx, const char *name)
{
	bool *found = ctx;

	*found |= strcmp(name, "schedule") == 0;
	return !*found;
}

static void test_facts(void)
{
	const void *btf;
	size_t size;
	struct bu_sys_facts f;
	bool found = false;
	int cpus = sys->ops->possible_cpus(sys);

	ok(cpus >= sysconf(_SC_NPROCESSORS_ONLN) && cpus < 100000, "possible CPUs: %d", cpus);
	if (sys->ops->vmlinux_btf(sys, &btf, &size))
		skip(1, "needs a kernel with BTF");
	else
		ok(size > 1000 && bu_get16(btf, BU_HOST_BE) == 0xeb9f, "the kernel's BTF");
	memset(&f, 0, sizeof(f));
	sys->ops->facts(sys, &f);
	ok(f.caps_known && f.major >= 4 && f.root == 1, "facts of this process");
	ok(sys->ops->names(sys, BU_NAMES_FUNCTIONS, NULL, find_schedule, &found) == 0 && found,
	   "the kernel has a function schedule");
	found = sys->ops->config(sys, "CONFIG_BPF_SYSCALL") == 'n';
	ok(!found && sys->ops->config(sys, "CONFIG_BPF_SYSCAL") != 'y', "its configuration");
	ok(bu_sys_has(sys, BU_FEAT_PROG_NAME) && bu_sys_has(sys, BU_FEAT_EXPECTED_ATTACH),
	   "features that every kernel with bpffs in use has");
	if (f.major < 6)
		skip(1, "needs Linux 6");
	else
		ok(bu_sys_has(sys, BU_FEAT_GLOBAL_DATA) && bu_sys_has(sys, BU_FEAT_BTF) &&
			   bu_sys_has(sys, BU_FEAT_BTF_FUNC) &&
			   bu_sys_has(sys, BU_FEAT_ARRAY_MMAP) &&
			   bu_sys_has(sys, BU_FEAT_PERF_LINK),
		   "and those that Linux 6 has");
}

/* ---------------------------------------------------------------- events */

__attribute__((noinline)) int kern_test_target(int a);
int kern_test_target(int a)
{
	__asm__ volatile("");
	return a + 1;
}

static void fork_once(int arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void call_target(int arg)
{
	kern_test_target(arg);
}

struct attempt {
	struct bu_arena arena;
	struct bu_diags ds;
	struct bu_attach at;
	struct bu_attached out;
	struct bu_buf text;
	int err;
};

static void attempt(struct attempt *t, enum bu_hook hook, const char *target, int prog,
		    enum bu_attach_via via)
{
	bu_arena_init(&t->arena);
	bu_diags_init(&t->ds);
	t->text = (struct bu_buf){ 0 };
	t->err = bu_attach_parse(&t->at, hook, target, &t->arena, &t->ds);
	if (!t->err)
		t->err = bu_sys_attach(sys, &t->at, prog, via, &t->out, &t->ds);
	bu_diags_render(&t->text, &t->ds, BU_DIAG_TEXT, false, "test");
}

static void attempt_end(struct attempt *t)
{
	bu_arena_free(&t->arena);
	bu_diags_free(&t->ds);
	bu_buf_free(&t->text);
}

/* Attaches a counter, sets off the event 5 times, detaches, sets it off again. */
static void live(enum bu_hook hook, const char *target, enum bu_attach_via via,
		 void (*fire)(int), const char *how)
{
	int map = make_array(1, "count"), prog = load_counter(bu_hook_prog_type(hook), map, 0);
	struct attempt t;
	uint64_t hits, after;

	attempt(&t, hook, target, prog, via);
	if (ok(prog >= 0 && t.err == 0, "%s %s is attached", bu_hook_name(hook), how)) {
		for (int i = 0; i < 5; i++)
			fire(i);
		hits = count(map);
		/* other processes fork too */
		ok(fire == fork_once ? hits >= 5 : hits == 5, "it counts 5 (%llu)",
		   (unsigned long long)hits);
		bu_sys_detach(sys, &t.out);
		after = count(map);
		fire(0);
		ok(count(map) == after, "and nothing once it is detached");
	} else {
		printf("# %s\n", bu_buf_cstr(&t.text));
		skip(2, "not attached");
	}
	attempt_end(&t);
	sys->ops->close(sys, prog);
	sys->ops->close(sys, map);
}

/* Expects a refusal that says why. */
static void refused(enum bu_hook hook, const char *target, int ret, int err, const char *why)
{
	int map = make_array(1, "count"), prog = load_counter(bu_hook_prog_type(hook), map, ret);
	struct attempt t;

	attempt(&t, hook, target, prog, BU_VIA_AUTO);
	if (!ok(t.err == err && strstr(bu_buf_cstr(&t.text), why), "%s:%s is refused: %s",
		bu_hook_name(hook), target, why))
		printf("# %d, %s\n", t.err, bu_buf_cstr(&t.text));
	if (!t.err)
		bu_sys_detach(sys, &t.out);
	attempt_end(&t);
	sys->ops->close(sys, prog);
	sys->ops->close(sys, map);
}

static void test_events(const char *self)
{
	static const char fork_tp[] = "sched:sched_process_fork";
	char target[512];

	if (sys->ops->tracepoint_id(sys, "sched", "sched_process_fork") < 0) {
		skip(9, "needs tracepoints, and to be root");
	} else {
		live(BU_HOOK_TRACEPOINT, fork_tp, BU_VIA_AUTO, fork_once, "by the best way");
		live(BU_HOOK_TRACEPOINT, fork_tp, BU_VIA_IOCTL, fork_once, "by ioctl");
		refused(BU_HOOK_TRACEPOINT, "sched:sched_proces_fork", 0, -ENOENT,
			"did you mean 'sched:sched_process_fork'?");
		refused(BU_HOOK_TRACEPOINT, "schedd:sched_process_fork", 0, -ENOENT,
			"did you mean 'sched'?");
		refused(BU_HOOK_RAW_TP, "sched_process_frk", 0, -ENOENT,
			"did you mean 'sched_process_fork'?");
	}
	live(BU_HOOK_RAW_TP, "sched_process_fork", BU_VIA_AUTO, fork_once, "by its own link");
	if (sys->ops->pmu_type(sys, "kprobe") < 0) {
		skip(4, "needs a kernel with CONFIG_KPROBES");
		refused(BU_HOOK_KPROBE, "__alloc_skb", 0, -EOPNOTSUPP, "without CONFIG_KPROBES");
	} else {
		live(BU_HOOK_KRETPROBE, "kernel_clone", BU_VIA_AUTO, fork_once, "by link or ioctl");
		refused(BU_HOOK_KPROBE, "kernel_clon", 0, -ENOENT, "did you mean");
	}
	if (sys->ops->pmu_type(sys, "uprobe") < 0) {
		skip(7, "needs a kernel with CONFIG_UPROBES");
		return;
	}
	snprintf(target, sizeof(target), "%s:kern_test_target", self);
	live(BU_HOOK_UPROBE, target, BU_VIA_AUTO, call_target, "by the best way");
	live(BU_HOOK_URETPROBE, target, BU_VIA_IOCTL, call_target, "by ioctl");
	snprintf(target, sizeof(target), "%s:kern_test_targte", self);
	refused(BU_HOOK_UPROBE, target, 0, -ENOENT, "did you mean 'kern_test_target'?");
}

/* ---------------------------------------------------------------- XDP */

static bool loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool done;

	r.ifr_flags = IFF_UP | IFF_RUNNING;
	done = s >= 0 && ioctl(s, SIOCSIFFLAGS, &r) == 0;
	if (s >= 0)
		close(s);
	return done;
}

static void send_packet(int arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	/* The counter drops what it sees, so no answer comes back to be counted. */
	(void)arg;
	if (s < 0 || sendto(s, "x", 1, 0, (struct sockaddr *)&to, sizeof(to)) != 1)
		printf("# a packet could not be sent\n");
	if (s >= 0)
		close(s);
}

static void xdp_live(const char *target, enum bu_attach_via via, const char *how)
{
	int map = make_array(1, "count"), prog = load_counter(BPF_PROG_TYPE_XDP, map, 1 /* drop */);
	struct attempt t, second;
	uint64_t hits;

	attempt(&t, BU_HOOK_XDP, target, prog, via);
	if (!ok(t.err == 0 && t.out.netlink == (via == BU_VIA_NETLINK), "xdp:%s %s is attached",
		target, how))
		printf("# %s\n", bu_buf_cstr(&t.text));
	for (int i = 0; i < 5 && !t.err; i++)
		send_packet(i);
	/* generic XDP runs later, in softirq */
	for (int i = 0; i < 1000 && count(map) < 5; i++)
		usleep(1000);
	hits = count(map);
	ok(hits == 5, "it sees 5 packets (%llu)", (unsigned long long)hits);
	attempt(&second, BU_HOOK_XDP, target, prog, via);
	if (!ok(second.err < 0 && strstr(bu_buf_cstr(&second.text), "has an XDP program already"),
		"a second one is refused"))
		printf("# %s\n", bu_buf_cstr(&second.text));
	attempt_end(&second);
	ok(t.err == 0 && bu_sys_detach(sys, &t.out) == 0, "detached");
	attempt_end(&t);
	attempt(&t, BU_HOOK_XDP, target, prog, via);
	ok(t.err == 0, "and free again");
	if (!t.err)
		bu_sys_detach(sys, &t.out);
	attempt_end(&t);
	sys->ops->close(sys, prog);
	sys->ops->close(sys, map);
}

static void test_xdp(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (home < 0 || unshare(CLONE_NEWNET) || !loopback_up()) {
		skip(13, "needs a network namespace of its own");
		if (home >= 0)
			close(home);
		return;
	}
	xdp_live("lo:generic", BU_VIA_AUTO, "by link");
	xdp_live("lo:generic", BU_VIA_NETLINK, "by netlink");
	refused(BU_HOOK_XDP, "loo", 2, -ENODEV, "did you mean 'lo'?");
	refused(BU_HOOK_XDP, "lo:driver", 2, -EOPNOTSUPP, "'lo:generic' works");
	if (system("ip link add bu0 type veth peer name bu1 2>/dev/null && ip link set bu0 up && "
		   "ip link set bu1 up")) {
		skip(1, "needs ip and veth devices");
	} else {
		int map = make_array(1, "count"), prog = load_counter(BPF_PROG_TYPE_XDP, map, 2);
		struct attempt t;

		attempt(&t, BU_HOOK_XDP, "bu0:driver", prog, BU_VIA_AUTO);
		ok(t.err == 0 && bu_sys_detach(sys, &t.out) == 0, "xdp in a driver (veth)");
		attempt_end(&t);
		sys->ops->close(sys, prog);
		sys->ops->close(sys, map);
	}
	if (setns(home, CLONE_NEWNET))
		printf("# cannot go back to the network namespace\n");
	close(home);
}

/* ---------------------------------------------------------------- holders and pins */

struct seen {
	enum bu_objkind kind;
	uint32_t id;
	int pid, n;
	const char *path;
	char comm[32];
};

static bool see_holder(void *ctx, enum bu_objkind kind, uint32_t id, int pid, const char *comm,
		       int fd)
{
	struct seen *s = ctx;

	(void)fd;
	if (kind == s->kind && id == s->id && pid == getpid()) {
		s->n++;
		snprintf(s->comm, sizeof(s->comm), "%s", comm);
	}
	return true;
}

static bool see_pin(void *ctx, enum bu_objkind kind, uint32_t id, const char *path)
{
	struct seen *s = ctx;

	if (kind == s->kind && id == s->id && strcmp(path, s->path) == 0)
		s->n++;
	return true;
}

static void holds(int fd, enum bu_objkind want)
{
	struct seen s = { .kind = want };
	enum bu_objkind kind;
	int err = bu_sys_fd_kind(sys, fd, &kind, &s.id);

	ok(err == 0 && kind == want && sys->ops->holders(sys, see_holder, &s) == 0 && s.n == 1 &&
		   s.comm[0], "this process holds a %s", bu_objkind_name(want));
}

static int load_btf(void)
{
	/* header (magic, version, flags, length; types at 0, 16 bytes; strings behind, 5 bytes) */
	uint8_t b[24 + 16 + 5] = { 0 };
	static const uint32_t type[4] = { 1, 1u << 24, 4, 32 };

	bu_put16(b, BU_HOST_BE, 0xeb9f);
	b[2] = 1;
	bu_put32(b + 4, BU_HOST_BE, 24);
	bu_put32(b + 12, BU_HOST_BE, 16);
	bu_put32(b + 16, BU_HOST_BE, 16);
	bu_put32(b + 20, BU_HOST_BE, 5);
	memcpy(b + 24, type, sizeof(type));
	memcpy(b + 41, "int", 3);
	return bu_sys_btf_load(sys, b, sizeof(b), NULL, 0);
}

static void test_holders(void)
{
	int map = make_array(1, "held"), prog = load_counter(BPF_PROG_TYPE_RAW_TRACEPOINT, map, 0);
	int link = bu_sys_raw_tp_open(sys, "sched_process_fork", prog), btf = load_btf();

	holds(map, BU_MAP);
	holds(prog, BU_PROG);
	holds(link, BU_LINK);
	holds(btf, BU_BTF);
	sys->ops->close(sys, btf);
	sys->ops->close(sys, link);
	sys->ops->close(sys, prog);
	sys->ops->close(sys, map);
}

static void test_pins(bool own_mounts)
{
	char dir[] = "/tmp/bu-kern-test-XXXXXX", path[128], sub[64], file[64];
	int map, fd;
	struct seen s = { .kind = BU_MAP };
	enum bu_objkind kind;

	if (!mkdtemp(dir))
		return;
	snprintf(sub, sizeof(sub), "%s/a b", dir);
	snprintf(path, sizeof(path), "%s/pin", sub);
	snprintf(file, sizeof(file), "%s.file", dir);
	s.path = path;
	if (!own_mounts || mount("bpf", dir, "bpf", 0, "mode=0700")) {
		skip(9, "needs a mount namespace of its own");
		rmdir(dir);
		return;
	}
	map = make_array(1, "pinned");
	ok(sys->ops->pin_prepare(sys, path, true) == 0, "a place for pins is taken as it is");
	ok(sys->ops->pin_prepare(sys, "/tmp/pin", true) == -EINVAL, "another is none");
	ok(sys->ops->pin_mkdir(sys, sub) == 0 && sys->ops->pin_mkdir(sys, sub) == -EEXIST,
	   "a directory, once");
	ok(bu_sys_pin(sys, map, path) == 0 && bu_sys_pin(sys, map, path) == -EEXIST, "pin, once");
	fd = bu_sys_get(sys, path, 0);
	ok(fd >= 0 && bu_sys_fd_kind(sys, fd, &kind, &s.id) == 0 && kind == BU_MAP, "get");
	ok(sys->ops->pins(sys, see_pin, &s) == 0 && s.n == 1, "the walk finds it");
	ok(sys->ops->unpin(sys, path) == 0 && bu_sys_get(sys, path, 0) == -ENOENT, "unpin");
	ok(sys->ops->pin_rmdir(sys, sub) == 0, "remove the directory");
	sys->ops->close(sys, fd);
	sys->ops->close(sys, map);
	fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	ok(sys->ops->unpin(sys, file) == -EINVAL && access(file, F_OK) == 0,
	   "a file that is no pin is never removed");
	unlink(file);
	umount(dir);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	int map;
	char self[400];
	/* tracefs and bpffs are mounted here, and gone with us, whatever happens */
	bool own_mounts = unshare(CLONE_NEWNS) == 0 &&
			  mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;

	(void)argc;
	if (!realpath(argv[0], self))
		strcpy(self, "/proc/self/exe");
	sys = bu_kern_open();
	if (!ok(sys != NULL, "the kernel backend opens"))
		return done_testing();
	map = make_array(1, "probe");
	if (map < 0) {
		char why[80];

		snprintf(why, sizeof(why), "needs bpf(2): %s", strerror(-map));
		skip(1, why);
	} else {
		sys->ops->close(sys, map);
		test_map();
		test_facts();
		test_events(self);
		test_xdp();
		test_holders();
		test_pins(own_mounts);
	}
	sys->ops->destroy(sys);
	return done_testing();
}
