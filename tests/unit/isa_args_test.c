/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arguments of helpers, with the verifier as the judge. It looks at r1 to r5 in their order, and
 * says "R3 !read_ok" for the first that it reads and nothing has set. So we set r1, r2, … to one kind of
 * thing after the other (the context, numbers, the stack, maps, objects of the kernel) until it asks for the
 * next register or takes the program: the highest register that it asks for is what our table must say.
 */
#include "tap.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>
#include "isa/isa.h"

enum { MAP_CREATE, PROG_LOAD = 5, LOG = 1 << 16, MAXINSN = 64, HELPER_GET_TASK_BTF = 158 };

/* The starts of two commands' parts of union bpf_attr, which isa.h does not have. */
struct load_attr {
	uint32_t prog_type, insn_cnt;
	uint64_t insns, license;
	uint32_t log_level, log_size;
	uint64_t log_buf;
	uint32_t kern_version, prog_flags;
	char name[16];
	uint32_t ifindex, expected;
};
struct map_attr {
	uint32_t type, key, value, max, flags;
};

static const struct map_attr map_attrs[] = {
	{ BPF_MAP_TYPE_HASH, 4, 8, 4, 0 },
	{ BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_STACK_TRACE, 4, 80, 4, 0 },
	{ BPF_MAP_TYPE_CGROUP_ARRAY, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0 },
	{ BPF_MAP_TYPE_QUEUE, 0, 8, 4, 0 },
	{ BPF_MAP_TYPE_SOCKMAP, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_SOCKHASH, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_DEVMAP, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, 4, 4, 0 },
	{ BPF_MAP_TYPE_PERCPU_HASH, 4, 8, 4, 0 },
	{ BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 0, 0 },
};
static int maps[BU_ARRAY_SIZE(map_attrs)];

/* Kinds of programs whose helpers differ. */
static const struct {
	uint32_t type, expected;
} progs[] = {
	{ BPF_PROG_TYPE_SCHED_CLS, 0 }, { BPF_PROG_TYPE_XDP, 0 }, { BPF_PROG_TYPE_KPROBE, 0 },
	{ BPF_PROG_TYPE_PERF_EVENT, 0 }, { BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT },
	{ BPF_PROG_TYPE_SOCK_OPS, BPF_CGROUP_SOCK_OPS }, { BPF_PROG_TYPE_SK_SKB, BPF_SK_SKB_STREAM_VERDICT },
	{ BPF_PROG_TYPE_SK_MSG, BPF_SK_MSG_VERDICT }, { BPF_PROG_TYPE_LWT_XMIT, 0 },
	{ BPF_PROG_TYPE_LWT_IN, 0 }, { BPF_PROG_TYPE_LWT_SEG6LOCAL, 0 },
	{ BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_CGROUP_SYSCTL }, { BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_SETSOCKOPT },
	{ BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS }, { BPF_PROG_TYPE_SK_REUSEPORT, 0 },
	{ BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP }, { BPF_PROG_TYPE_LIRC_MODE2, BPF_LIRC_MODE2 },
	{ BPF_PROG_TYPE_SYSCALL, 0 },
};

/* What an argument may be; maps follow. */
enum { A_CTX, A_ZERO, A_EIGHT, A_STACK, A_TASK, A_MAP };

static char logbuf[LOG];
static unsigned loads;

static void op(struct bu_insn *in, unsigned *n, uint8_t code, unsigned dst, unsigned src, int off, int32_t imm)
{
	in[(*n)++] = (struct bu_insn){ .code = code, .dst = (uint8_t)dst, .src = (uint8_t)src,
				       .off = (int16_t)off, .imm = imm };
}

/* A program that sets the registers to arg[0 … nargs - 1] and calls; 0 or -errno, logbuf filled. */
static long load(unsigned prog, int32_t id, const uint8_t *arg, unsigned nargs)
{
	uint8_t raw[MAXINSN * BU_INSN_SIZE];
	struct bu_insn in[MAXINSN];
	struct load_attr attr = {
		.prog_type = progs[prog].type, .expected = progs[prog].expected,
		.prog_flags = progs[prog].type == BPF_PROG_TYPE_SYSCALL ? 16 : 0, /* BPF_F_SLEEPABLE */
		.insns = (uintptr_t)raw, .license = (uintptr_t)"GPL", .log_level = 1, .log_size = LOG,
		.log_buf = (uintptr_t)logbuf,
	};
	unsigned n = 0;
	bool task = false;
	long fd;

	for (unsigned i = 0; i < nargs; i++)
		task = task || arg[i] == A_TASK;
	op(in, &n, 0xbf, 6, 1, 0, 0);
	op(in, &n, 0xb7, 7, 0, 0, 0);
	for (int off = -64; off < 0; off += 8)
		op(in, &n, 0x7a, 10, 0, off, 0);
	/* r1 to r5 are lost by a call; r7: the current task, where a program may have it */
	op(in, &n, BU_OP_CALL, 0, 0, 0, task ? HELPER_GET_TASK_BTF : 7);
	if (task)
		op(in, &n, 0xbf, 7, 0, 0, 0);
	for (unsigned i = 0; i < nargs; i++) {
		unsigned r = i + 1;

		if (arg[i] == A_CTX) {
			op(in, &n, 0xbf, r, 6, 0, 0);
		} else if (arg[i] == A_ZERO || arg[i] == A_EIGHT) {
			op(in, &n, 0xb7, r, 0, 0, arg[i] == A_EIGHT ? 8 : 0);
		} else if (arg[i] == A_STACK) {
			op(in, &n, 0xbf, r, 10, 0, 0);
			op(in, &n, 0x07, r, 0, 0, -64);
		} else if (arg[i] == A_TASK) {
			op(in, &n, 0xbf, r, 7, 0, 0);
		} else {
			op(in, &n, BU_OP_LD_IMM64, r, 1, 0, maps[arg[i] - A_MAP]);
			op(in, &n, 0, 0, 0, 0, 0);
		}
	}
	op(in, &n, BU_OP_CALL, 0, 0, 0, id);
	op(in, &n, 0xb7, 0, 0, 0, 0);
	op(in, &n, BU_OP_EXIT, 0, 0, 0, 0);
	attr.insn_cnt = n;
	for (unsigned i = 0; i < n; i++)
		bu_insn_encode(raw + i * BU_INSN_SIZE, &in[i], BU_HOST_BE);
	logbuf[0] = 0;
	loads++;
	fd = syscall(SYS_bpf, PROG_LOAD, &attr, sizeof(attr));
	if (fd >= 0)
		close((int)fd);
	return fd < 0 ? -errno : 0;
}

/* The highest register that the verifier is seen to read; exact: a program was taken. */
static unsigned search(unsigned prog, int32_t id, uint8_t *arg, unsigned n, unsigned limit, bool *exact)
{
	unsigned best = n, got;
	char want[32];
	long err = load(prog, id, arg, n);

	if (!err) {
		*exact = true;
		return n;
	}
	snprintf(want, sizeof(want), "R%u !read_ok", n + 1);
	if (n == 5 || !strstr(logbuf, want))
		return strstr(logbuf, "!read_ok") ? 99 : n ? n - 1 : 0;
	best = n + 1;
	for (unsigned k = 0; k < A_MAP + BU_ARRAY_SIZE(maps) && loads < limit; k++) {
		/* A map is the first argument, or the second behind a context; the task likewise. */
		if ((k > A_STACK && n > 1) || (k == A_CTX && n > 1) ||
		    (k >= A_MAP && maps[k - A_MAP] < 0))
			continue;
		arg[n] = (uint8_t)k;
		got = search(prog, id, arg, n + 1, limit, exact);
		if (got != 99 && got > best)
			best = got;
		if (*exact)
			return best;
	}
	return best;
}

int main(void)
{
	unsigned same = 0, exact_n = 0, partly = 0, unknown = 0, bad = 0;
	uint8_t arg[8] = { 0 };

	if (load(0, 7, arg, 0)) {
		skip(1, "bpf(2) is not there or not permitted");
		return done_testing();
	}
	for (unsigned i = 0; i < BU_ARRAY_SIZE(maps); i++)
		maps[i] = (int)syscall(SYS_bpf, MAP_CREATE, &map_attrs[i], sizeof(map_attrs[i]));
	for (unsigned h = 0; h < bu_nhelpers; h++) {
		unsigned most = 0;
		bool exact = false, seen = false;

		for (unsigned p = 0; p < BU_ARRAY_SIZE(progs) && !exact; p++) {
			unsigned got;

			if (load(p, bu_helpers[h].id, arg, 0) && !strstr(logbuf, "R1 !read_ok"))
				continue;
			seen = true;
			got = search(p, bu_helpers[h].id, arg, 0, loads + 600, &exact);
			most = exact ? got : got > most ? got : most;
		}
		if (!seen) {
			unknown++;
			if (getenv("VERBOSE"))
				printf("# %s: no kind of program here has it\n", bu_helpers[h].name);
			continue;
		}
		if (most > bu_helpers[h].args || (exact && most != bu_helpers[h].args)) {
			printf("# %s: %u arguments, not %u\n", bu_helpers[h].name, most, bu_helpers[h].args);
			bad++;
		}
		same += most == bu_helpers[h].args;
		exact_n += exact;
		partly += most < bu_helpers[h].args;
		if (getenv("VERBOSE") && most < bu_helpers[h].args)
			printf("# %s: %u seen of %u\n", bu_helpers[h].name, most, bu_helpers[h].args);
	}
	printf("# %u loads; %u helpers read as many registers as the table says (%u of them in a program that "
	       "the kernel took), %u at least as many as could be tried, %u are for no program tried here\n",
	       loads, same, exact_n, partly, unknown);
	ok(!bad, "no helper has other arguments than the table says");
	if (same >= 60)
		ok(1, "60 helpers and more were seen to read all their arguments");
	else
		skip(1, "a kernel that knows or permits too few helpers");
	return done_testing();
}
