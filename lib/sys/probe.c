/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a backend can do, asked by doing it. */
#include "sys/sys.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define ENOTSUPP_KERNEL 524
#define MAX_THREADS 8
#define LOG_SIZE 1024

#define MOV_R0 { .code = 0xb7, .imm = 1 }
#define EXIT { .code = BU_OP_EXIT }

/* What a type of program is loaded with; types that are loaded for one place are refused with these words. */
static const struct { uint32_t type, attach, flags, btf_id; const char *refusal; } kinds[] = {
	{ BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, 0, 0, NULL },
	{ BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, 0, 0, NULL },
	{ BPF_PROG_TYPE_SK_LOOKUP, BPF_SK_LOOKUP, 0, 0, NULL },
	{ BPF_PROG_TYPE_NETFILTER, BPF_NETFILTER, 0, 0, NULL },
	{ BPF_PROG_TYPE_SYSCALL, 0, BPF_F_SLEEPABLE, 0, NULL },
	{ BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, 0, 1, "is not a function" },
	{ BPF_PROG_TYPE_LSM, BPF_LSM_MAC, 0, 1, "is not a function" },
	{ BPF_PROG_TYPE_EXT, 0, 0, 1, "Cannot replace kernel functions" },
	{ BPF_PROG_TYPE_STRUCT_OPS, 0, 0, 0, "is not a supported struct" },
};

static int kind_of(uint32_t type)
{
	for (unsigned i = 0; i < BU_ARRAY_SIZE(kinds); i++)
		if (kinds[i].type == type)
			return (int)i;
	return -1;
}

static void attribute(union bpf_attr *a, uint32_t type, uint32_t ifindex)
{
	int k = kind_of(type);

	memset(a, 0, sizeof(*a));
	a->prog_type = type;
	a->license = bu_ptr64("GPL");
	a->prog_ifindex = ifindex;
	if (type == BPF_PROG_TYPE_KPROBE)
		a->kern_version = bu_sys_kernel_version(); /* before 5.0 */
	if (k >= 0) {
		a->expected_attach_type = kinds[k].attach;
		a->prog_flags = kinds[k].flags;
		a->attach_btf_id = kinds[k].btf_id;
	}
}

/* Loads and closes. log may be NULL. 0 or -errno. */
static int try_load(struct bu_sys *s, union bpf_attr *a, const struct bu_insn *insns, unsigned n, char *log)
{
	uint8_t small[4 * BU_INSN_SIZE], *raw = n <= 4 ? small : malloc((size_t)n * BU_INSN_SIZE);
	int fd;

	if (!raw)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		bu_insn_encode(raw + i * BU_INSN_SIZE, &insns[i], BU_HOST_BE);
	a->insns = bu_ptr64(raw);
	a->insn_cnt = n;
	a->log_level = log != NULL;
	a->log_buf = log ? bu_ptr64(log) : 0;
	a->log_size = log ? LOG_SIZE : 0;
	if (log)
		log[0] = 0;
	fd = bu_sys_prog_load(s, a, 0);
	if (raw != small)
		free(raw);
	if (log)
		log[LOG_SIZE - 1] = 0;
	if (fd < 0)
		return fd;
	s->ops->close(s, fd);
	return 0;
}

int bu_probe_prog(struct bu_sys *s, uint32_t type, uint32_t ifindex, union bpf_attr *out)
{
	static const struct bu_insn prog[] = { MOV_R0, EXIT };
	char log[LOG_SIZE];
	union bpf_attr a;
	int k = kind_of(type), err;

	attribute(&a, type, ifindex);
	err = try_load(s, &a, prog, BU_ARRAY_SIZE(prog), k >= 0 && kinds[k].refusal ? log : NULL);
	if (err && k >= 0 && kinds[k].refusal && err != -EPERM &&
	    (strstr(log, kinds[k].refusal) || (type == BPF_PROG_TYPE_STRUCT_OPS && err == -ENOTSUPP_KERNEL)))
		err = 0;
	if (out) {
		*out = a;
		out->insns = out->log_buf = 0;
	}
	return err;
}

/* ---------------------------------------------------------------- helpers */

bool bu_probe_can_ask_helpers(uint32_t type)
{
	int k = kind_of(type);

	return k < 0 || !kinds[k].refusal;
}

/*
 * Arguments that are not there are refused with EACCES, a helper that is not with EINVAL: only where a helper takes no
 * more than the context could EINVAL mean something else, and the log has to tell. Behind the call a register is read
 * that nobody has set, which is refused with EACCES as well: a program that is only tried need not be compiled and
 * given an id. a: what the type is loaded with.
 */
static bool may_call(struct bu_sys *s, union bpf_attr *a, int32_t id)
{
	const struct bu_insn prog[] = { { .code = BU_OP_CALL, .imm = id }, { .code = 0xbf, .src = 9 }, EXIT };
	const struct bu_helper *h = bu_helper_by_id(id);
	bool clear = h && h->args > 1;
	char log[LOG_SIZE];
	int err = try_load(s, a, prog, BU_ARRAY_SIZE(prog), clear ? NULL : log);

	if (!err || err == -EACCES)
		return true;
	if (err == -EPERM || (err == -EINVAL && clear))
		return false;
	if (clear)
		err = try_load(s, a, prog, BU_ARRAY_SIZE(prog), log);
	return !err || (log[0] && !strstr(log, "cannot use helper") && !strstr(log, "unknown func") &&
			!strstr(log, "invalid func"));
}

struct asking {
	struct bu_sys *s;
	const uint32_t *types;
	unsigned ntypes;
	uint32_t ifindex;
	bool (*skip)(int32_t id);
	uint8_t *has;
	atomic_uint next;
};

/* A thread takes a few helpers of a type at a time. */
static void *ask(void *arg)
{
	struct asking *q = arg;
	const unsigned row = bu_nhelpers + 1, all = q->ntypes * row, step = 16;
	unsigned at, of = q->ntypes;
	union bpf_attr a;

	while ((at = atomic_fetch_add(&q->next, step)) < all) {
		for (unsigned i = at; i < at + step && i < all; i++) {
			int32_t id = (int32_t)(i % row);

			if (of != i / row) {
				of = i / row;
				attribute(&a, q->types[of], q->ifindex);
			}
			if (id && (!q->skip || !q->skip(id)))
				q->has[i] = may_call(q->s, &a, id);
		}
	}
	return NULL;
}

int bu_probe_helpers(struct bu_sys *s, const uint32_t *types, unsigned ntypes, uint32_t ifindex,
		     bool (*skip)(int32_t id), uint8_t *has)
{
	struct asking q = { .s = s, .types = types, .ntypes = ntypes, .ifindex = ifindex, .skip = skip, .has = has };
	pthread_t threads[MAX_THREADS];
	unsigned n = 0, cpus = 1;
	cpu_set_t set;

	if (s->parallel && !sched_getaffinity(0, sizeof(set), &set))
		cpus = (unsigned)CPU_COUNT(&set);
	for (; n + 1 < cpus && n < MAX_THREADS; n++)
		if (pthread_create(&threads[n], NULL, ask, &q))
			break;
	ask(&q);
	while (n)
		pthread_join(threads[--n], NULL);
	return 0;
}

/* ---------------------------------------------------------------- maps */

enum { PLAIN, BTF, INNER, OPS };
static const struct { uint32_t type, key, value, entries, flags; int needs; } shapes[] = {
	{ BPF_MAP_TYPE_STACK_TRACE, 4, 8, 1, 0, PLAIN },
	{ BPF_MAP_TYPE_LPM_TRIE, 8, 8, 1, BPF_F_NO_PREALLOC, PLAIN },
	{ BPF_MAP_TYPE_CGROUP_STORAGE, 16, 8, 0, 0, PLAIN },
	{ BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, 16, 8, 0, 0, PLAIN },
	{ BPF_MAP_TYPE_QUEUE, 0, 4, 1, 0, PLAIN },
	{ BPF_MAP_TYPE_STACK, 0, 4, 1, 0, PLAIN },
	{ BPF_MAP_TYPE_BLOOM_FILTER, 0, 4, 1, 0, PLAIN },
	{ BPF_MAP_TYPE_SK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, BTF },
	{ BPF_MAP_TYPE_INODE_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, BTF },
	{ BPF_MAP_TYPE_TASK_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, BTF },
	{ BPF_MAP_TYPE_CGRP_STORAGE, 4, 4, 0, BPF_F_NO_PREALLOC, BTF },
	{ BPF_MAP_TYPE_RINGBUF, 0, 0, 65536, 0, PLAIN },
	{ BPF_MAP_TYPE_USER_RINGBUF, 0, 0, 65536, 0, PLAIN },
	{ BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, 0, INNER },
	{ BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 1, 0, INNER },
	{ BPF_MAP_TYPE_STRUCT_OPS, 4, 0, 1, 0, OPS },
	{ BPF_MAP_TYPE_ARENA, 0, 0, 1, BPF_F_MMAPABLE, PLAIN },
};

static int load_int(struct bu_sys *s)
{
	struct bu_btfgen g;
	struct bu_buf b = { 0 };
	int fd = -ENOMEM;

	bu_btfgen_init(&g, BU_HOST_BE);
	bu_btfgen_int(&g, "int", 4, 1);
	if (!bu_btfgen_finish(&g, &b))
		fd = bu_sys_btf_load(s, b.p, b.n, NULL, 0);
	bu_btfgen_free(&g);
	bu_buf_free(&b);
	return fd;
}

int bu_probe_map(struct bu_sys *s, uint32_t type, uint32_t ifindex, union bpf_attr *out)
{
	union bpf_attr a, in;
	int helper_fd = -1, err = 0, needs = PLAIN;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = a.value_size = 4;
	a.max_entries = 1;
	a.map_ifindex = ifindex;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(shapes); i++) {
		if (shapes[i].type != type)
			continue;
		a.key_size = shapes[i].key;
		a.value_size = shapes[i].value;
		a.max_entries = shapes[i].entries;
		a.map_flags = shapes[i].flags;
		needs = shapes[i].needs;
	}
	if (needs == BTF) {
		helper_fd = err = load_int(s);
		a.btf_fd = (uint32_t)helper_fd;
		a.btf_key_type_id = a.btf_value_type_id = 1;
	} else if (needs == INNER) {
		memset(&in, 0, sizeof(in));
		in.map_type = BPF_MAP_TYPE_HASH;
		in.key_size = in.value_size = 4;
		in.max_entries = 1;
		helper_fd = err = bu_sys_map_create(s, &in);
		a.inner_map_fd = (uint32_t)helper_fd;
	} else if (needs == OPS) {
		a.btf_vmlinux_value_type_id = 1; /* no such struct, says who knows them */
	}
	if (err >= 0)
		err = bu_sys_map_create(s, &a);
	if (err >= 0) {
		s->ops->close(s, err);
		err = 0;
	} else if (needs == OPS && err == -ENOTSUPP_KERNEL) {
		err = 0;
	}
	if (helper_fd >= 0)
		s->ops->close(s, helper_fd);
	if (out)
		*out = a;
	return err;
}

/* ---------------------------------------------------------------- others */

int bu_probe_misc(struct bu_sys *s, enum bu_probe_misc what, uint32_t ifindex)
{
	/* mov r0, 1; sub r0, 1; if r0 != 0 goto -2; exit */
	static const struct bu_insn loop[] = { MOV_R0, { .code = 0x17, .imm = 1 }, { .code = 0x55, .off = -2 }, EXIT };
	/* mov r0, 1; if r0 < 0 goto +1; mov r0, 1; exit: of 64 and of 32 bits */
	static const struct bu_insn v2[] = { MOV_R0, { .code = 0xa5, .off = 1 }, MOV_R0, EXIT };
	static const struct bu_insn v3[] = { MOV_R0, { .code = 0xa6, .off = 1 }, MOV_R0, EXIT };
	/* gotol +0 */
	static const struct bu_insn v4[] = { MOV_R0, { .code = 0x06 }, MOV_R0, EXIT };
	enum { LARGE = 4096 + 2 };
	struct bu_insn *large;
	union bpf_attr a;
	int err;

	attribute(&a, BPF_PROG_TYPE_SOCKET_FILTER, ifindex);
	switch (what) {
	case BU_PROBE_LARGE:
		large = malloc(LARGE * sizeof(*large));
		if (!large)
			return -ENOMEM;
		for (unsigned i = 0; i < LARGE; i++)
			large[i] = i + 1 < LARGE ? (struct bu_insn)MOV_R0 : (struct bu_insn)EXIT;
		err = try_load(s, &a, large, LARGE, NULL);
		free(large);
		return err;
	case BU_PROBE_LOOPS:
		return try_load(s, &a, loop, 4, NULL);
	case BU_PROBE_ISA_V2:
		return try_load(s, &a, v2, 4, NULL);
	case BU_PROBE_ISA_V3:
		return try_load(s, &a, v3, 4, NULL);
	case BU_PROBE_ISA_V4:
		return try_load(s, &a, v4, 4, NULL);
	}
	return -EINVAL;
}
