/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What programs may do to their context: for each program type and attach type, each offset, size and direction, a program of
 * four instructions is loaded by the kernel and by the VM; both take it or both refuse it, with the same errno and words.
 * The same for results. TAP, one point a type; a type that this kernel does not load is skipped.
 *
 *   ctx_model [-v] [NAME]
 */
#include "kern/kern.h"
#include "vm/vm.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kind {
	const char *name;
	int type, attach, end, result; /* bytes looked at; a result that may be */
	uint32_t flags;
};

static const struct kind kinds[] = {
#define K(name, type, attach, end, result, flags) { name, BPF_PROG_TYPE_##type, attach, end, result, flags },
	K("socket", SOCKET_FILTER, 0, 200, 0, 0)
	K("tc", SCHED_CLS, 0, 200, 0, 0)
	K("tcx", SCHED_CLS, BPF_TCX_INGRESS, 200, 0, 0)
	K("netkit", SCHED_CLS, BPF_NETKIT_PRIMARY, 200, 0, 0)
	K("action", SCHED_ACT, 0, 200, 0, 0)
	K("xdp", XDP, 0, 32, 0, 0)
	K("xdp_attach", XDP, BPF_XDP, 32, 0, 0)
	K("xdp_devmap", XDP, BPF_XDP_DEVMAP, 32, 0, 0)
	K("xdp_cpumap", XDP, BPF_XDP_CPUMAP, 32, 0, 0)
	K("kprobe", KPROBE, 0, 184, 0, 0)
	K("kprobe_multi", KPROBE, BPF_TRACE_KPROBE_MULTI, 184, 0, 0)
	K("kprobe_session", KPROBE, BPF_TRACE_KPROBE_SESSION, 184, 0, 0)
	K("uprobe_session", KPROBE, BPF_TRACE_UPROBE_SESSION, 184, 0, 0)
	K("tracepoint", TRACEPOINT, 0, 72, 0, 0)
	K("perf_event", PERF_EVENT, 0, 200, 0, 0)
	K("cgroup_skb_ingress", CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 200, 0, 0)
	K("cgroup_skb_egress", CGROUP_SKB, BPF_CGROUP_INET_EGRESS, 200, 0, 0)
	K("sock_create", CGROUP_SOCK, BPF_CGROUP_INET_SOCK_CREATE, 90, 1, 0)
	K("sock_release", CGROUP_SOCK, BPF_CGROUP_INET_SOCK_RELEASE, 90, 1, 0)
	K("post_bind4", CGROUP_SOCK, BPF_CGROUP_INET4_POST_BIND, 90, 1, 0)
	K("post_bind6", CGROUP_SOCK, BPF_CGROUP_INET6_POST_BIND, 90, 1, 0)
	K("lwt_in", LWT_IN, 0, 200, 0, 0)
	K("lwt_out", LWT_OUT, 0, 200, 0, 0)
	K("lwt_xmit", LWT_XMIT, 0, 200, 0, 0)
	K("lwt_seg6local", LWT_SEG6LOCAL, 0, 200, 0, 0)
	K("sock_ops", SOCK_OPS, BPF_CGROUP_SOCK_OPS, 232, 0, 0)
	K("sk_skb_parser", SK_SKB, BPF_SK_SKB_STREAM_PARSER, 200, 0, 0)
	K("sk_skb_verdict", SK_SKB, BPF_SK_SKB_VERDICT, 200, 0, 0)
	K("cgroup_device", CGROUP_DEVICE, BPF_CGROUP_DEVICE, 20, 0, 0)
	K("sk_msg", SK_MSG, BPF_SK_MSG_VERDICT, 90, 0, 0)
	K("raw_tp", RAW_TRACEPOINT, 0, 104, 0, 0)
	K("raw_tp_writable", RAW_TRACEPOINT_WRITABLE, 0, 104, 0, 0)
	K("bind4", CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_BIND, 80, 1, 0)
	K("bind6", CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_BIND, 80, 1, 0)
	K("connect4", CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, 80, 1, 0)
	K("connect6", CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT, 80, 1, 0)
	K("connect_unix", CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_CONNECT, 80, 1, 0)
	K("sendmsg4", CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG, 80, 1, 0)
	K("sendmsg6", CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG, 80, 1, 0)
	K("sendmsg_unix", CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_SENDMSG, 80, 1, 0)
	K("recvmsg4", CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_RECVMSG, 80, 1, 0)
	K("recvmsg6", CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_RECVMSG, 80, 1, 0)
	K("recvmsg_unix", CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_RECVMSG, 80, 1, 0)
	K("getpeername4", CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETPEERNAME, 80, 1, 0)
	K("getpeername6", CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETPEERNAME, 80, 1, 0)
	K("getpeername_unix", CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_GETPEERNAME, 80, 1, 0)
	K("getsockname4", CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_GETSOCKNAME, 80, 1, 0)
	K("getsockname6", CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_GETSOCKNAME, 80, 1, 0)
	K("getsockname_unix", CGROUP_SOCK_ADDR, BPF_CGROUP_UNIX_GETSOCKNAME, 80, 1, 0)
	K("sk_reuseport", SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT, 64, 0, 0)
	K("sk_reuseport_migrate", SK_REUSEPORT, BPF_SK_REUSEPORT_SELECT_OR_MIGRATE, 64, 0, 0)
	K("flow_dissector", FLOW_DISSECTOR, BPF_FLOW_DISSECTOR, 200, 0, 0)
	K("sysctl", CGROUP_SYSCTL, BPF_CGROUP_SYSCTL, 20, 0, 0)
	K("getsockopt", CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, 48, 1, 0)
	K("setsockopt", CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT, 48, 1, 0)
	K("sk_lookup", SK_LOOKUP, BPF_SK_LOOKUP, 80, 0, 0)
	K("syscall", SYSCALL, 0, 24, 0, BPF_F_SLEEPABLE)
	K("netfilter", NETFILTER, BPF_NETFILTER, 32, 0, 0)
};

static struct bu_sys *vm, *kernel;
static char world[] = "/dev/shm/bpfutils-test-XXXXXX";
static bool verbose;
static unsigned loads;

static int one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st, (void)type, (void)f;
	return remove(path);
}

static void end(void)
{
	if (vm)
		vm->ops->destroy(vm);
	nftw(world, one, 16, FTW_DEPTH | FTW_PHYS);
}

/* 0 or -errno; said: the verifier's words, when they are asked for. */
static int load(struct bu_sys *s, const struct kind *k, const struct bu_insn *in, unsigned n, char *said, size_t room)
{
	static char log[16384];
	uint8_t code[8 * 8];
	union bpf_attr a;
	char *line;
	int fd;

	for (unsigned i = 0; i < n; i++)
		bu_insn_encode(code + i * 8, &in[i], __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
	memset(&a, 0, sizeof(a));
	a.prog_type = (uint32_t)k->type;
	a.expected_attach_type = (uint32_t)k->attach;
	a.prog_flags = k->flags;
	a.insns = (uintptr_t)code;
	a.insn_cnt = n;
	a.license = (uintptr_t)"GPL";
	if (said) {
		a.log_level = 1;
		a.log_buf = (uintptr_t)log;
		a.log_size = sizeof(log);
		log[0] = said[0] = 0;
	}
	loads++;
	fd = s->ops->bpf(s, BPF_PROG_LOAD, &a, sizeof(a));
	if (fd >= 0)
		close(fd);
	/* The line in front of "processed". */
	if (said && fd < 0) {
		line = strstr(log, "processed ");
		if (line && line > log)
			line[-1] = 0;
		line = strrchr(log, '\n');
		snprintf(said, room, "%s", line ? line + 1 : log);
	}
	return fd < 0 ? fd : 0;
}

static unsigned wrong;

static void compare(const struct kind *k, const struct bu_insn *in, unsigned n, const char *what, int v, bool words)
{
	char a[256] = "", b[256] = "";
	int x = load(kernel, k, in, n, words ? a : NULL, sizeof(a));
	int y = load(vm, k, in, n, words ? b : NULL, sizeof(b));

	if (verbose && x)
		printf("# %s %s %d: %d %s\n", k->name, what, v, x, a);
	if (x == y && !strcmp(a, b))
		return;
	if (++wrong < 10)
		printf("# %s %s %d: kernel %d %s, VM %d %s\n", k->name, what, v, x, a, y, b);
}

/* Tracepoints: the kernel takes offsets below 0 (its comparison is one of numbers without a sign); the VM does not. */
static bool kernels_fault(const struct kind *k, int off)
{
	return k->type == BPF_PROG_TYPE_TRACEPOINT && off < 0;
}

static void fields(const struct kind *k)
{
	static const uint8_t codes[3][4] = {
		{ 0x71, 0x69, 0x61, 0x79 }, { 0x73, 0x6b, 0x63, 0x7b }, { 0x72, 0x6a, 0x62, 0x7a },
	};
	static const char *const names[] = { "load", "store", "store of a constant" };
	char what[64];

	for (int off = -8; off < k->end; off++)
		for (unsigned op = 0; op < 3; op++)
			for (unsigned s = 0; s < 4; s++) {
				struct bu_insn in[] = {
					{ .code = 0xb7, .dst = 2 },
					{ .code = codes[op][s], .dst = op ? 1 : 2, .src = op == 0 ? 1 : op == 1 ? 2 : 0,
					  .off = (int16_t)off },
					{ .code = 0xb7, .imm = k->result },
					{ .code = 0x95 },
				};

				/* Of unaligned places some, and of constants too. */
				if (kernels_fault(k, off) || (off & 1 && s && off % 7) || (op == 2 && off % 5))
					continue;
				snprintf(what, sizeof(what), "%s of %u bytes at", names[op], 1u << s);
				compare(k, in, 4, what, off, off % 11 == 0);
			}
}

static void results(const struct kind *k)
{
	for (int v = -2; v < 6; v++) {
		struct bu_insn in[] = { { .code = v & 1 ? 0xb7 : 0xb4, .imm = v }, { .code = 0x95 } };

		compare(k, in, 2, "returns", v, true);
	}
}

static void others(const struct kind *k)
{
	struct bu_insn ctx[] = { { .code = 0xbf, .src = 1 }, { .code = 0x95 } };
	struct bu_insn atomic[] = {
		{ .code = 0xb7, .dst = 2 }, { .code = 0xdb, .dst = 1, .src = 2 }, { .code = 0xb7, .imm = k->result },
		{ .code = 0x95 },
	};
	struct bu_insn acquire[] = {
		{ .code = 0xdb, .dst = 2, .src = 1, .imm = 0x100 }, { .code = 0xb7, .imm = k->result }, { .code = 0x95 },
	};

	for (int d = -8; d <= 8; d += 8) {
		struct bu_insn moved[] = {
			{ .code = 0x07, .dst = 1, .imm = d }, { .code = 0x61, .dst = 2, .src = 1, .off = (int16_t)(8 - d) },
			{ .code = 0xb7, .imm = k->result }, { .code = 0x95 },
		};

		if (d)
			compare(k, moved, 4, "moved context by", d, true);
	}
	for (int off = 0; off < 80; off += 4)
		for (unsigned s = 0; s < 4; s++) {
			static const uint8_t codes[] = { 0x71, 0x69, 0x61, 0x79 };
			struct bu_insn in[] = { { .code = codes[s], .src = 1, .off = (int16_t)off }, { .code = 0x95 } };

			if (k->type != BPF_PROG_TYPE_KPROBE || !k->attach)
				compare(k, in, 2, "returns what is at", off, true);
		}
	compare(k, ctx, 2, "returns its context", 0, true);
	compare(k, atomic, 4, "atomic", 0, true);
	compare(k, acquire, 3, "load-acquire", 0, true);
}

int main(int argc, char **argv)
{
	struct bu_vm_options o = { .world = world };
	unsigned points = 0, failed = 0;
	struct bu_diags ds;
	const char *only = NULL;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "-v"))
			verbose = true;
		else
			only = argv[i];
	setvbuf(stdout, NULL, _IOLBF, 0);
	bu_diags_init(&ds);
	if (!mkdtemp(world) || bu_vm_open(&vm, &o, &ds)) {
		printf("Bail out! no world\n");
		return 1;
	}
	atexit(end);
	kernel = bu_kern_open();
	for (unsigned i = 0; i < BU_ARRAY_SIZE(kinds); i++) {
		const struct kind *k = &kinds[i];
		struct bu_insn nop[] = { { .code = 0xb7, .imm = k->result }, { .code = 0x95 } };
		int err;

		if (only && strcmp(only, k->name))
			continue;
		err = kernel ? load(kernel, k, nop, 2, NULL, 0) : -ENOSYS;
		if (err) {
			printf("ok %u - %s # SKIP this kernel does not load it: %s\n", ++points, k->name, bu_errno_name(err));
			continue;
		}
		wrong = 0;
		fields(k);
		results(k);
		others(k);
		failed += wrong != 0;
		printf("%sok %u - %s: %u differences\n", wrong ? "not " : "", ++points, k->name, wrong);
	}
	printf("1..%u\n# %u loads\n", points, loads);
	if (kernel)
		kernel->ops->destroy(kernel);
	bu_diags_free(&ds);
	return failed != 0;
}
