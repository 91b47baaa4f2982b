/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vm-maps: what operations on maps cost in the VM, beside the kernel's in the same session.
 *
 *   prog   as a program does them: the kernel's by PROG_TEST_RUN of a loop, ours by the map's operation
 *   bpf    as bpf(2) does them
 *   dump   all elements by LOOKUP_BATCH, in another process than the one that wrote them
 *   watched  a program of ours that updates, alone and while another process on another CPU dumps the map
 *          all the time: updates for each second of the writer's CPU time, in windows that alternate. The same beside a
 *          process that dumps another map, which is what sharing the machine costs.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kern/kern.h"
#include "vm/map.h"
#include "vm/run.h"

#define ENTRIES 10000u
#define LOOP 1000u
#define RUNS 9

static const struct {
	const char *name;
	uint32_t type;
	bool erase;
} kinds[] = {
	{ "hash", BPF_MAP_TYPE_HASH, true },
	{ "percpu_hash", BPF_MAP_TYPE_PERCPU_HASH, true },
	{ "lru_hash", BPF_MAP_TYPE_LRU_HASH, true },
	{ "array", BPF_MAP_TYPE_ARRAY, false },
};
enum op { LOOKUP, UPDATE, ERASE, DUMP };
static const char *const ops[] = { "lookup", "update", "delete", "dump" };
static char world[] = "/dev/shm/bpfutils-bench-XXXXXX";
static char dir[64];
static unsigned failures;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int make(struct bu_sys *s, uint32_t type)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = type;
	a.key_size = 4;
	a.value_size = 8;
	a.max_entries = ENTRIES;
	return bu_sys_map_create(s, &a);
}

static void put_all(struct bu_sys *s, int fd, unsigned ncpus)
{
	uint64_t *v = calloc(ncpus + 1, 8);

	for (uint32_t k = 0; v && k < ENTRIES; k++)
		bu_sys_map_update(s, fd, &k, v, 0);
	free(v);
}

/* A program that does one operation LOOP times on the keys LOOP to 1. */
static int load_loop(struct bu_sys *s, int fd, enum op op)
{
	uint64_t p[24];
	unsigned n = 0;
	union bpf_attr a;

#define INSN(code, dst, src, off, imm)                                                             \
	(p[n++] = (uint64_t)(code) | (uint64_t)((dst) | (src) << 4) << 8 |                         \
		  (uint64_t)(uint16_t)(off) << 16 | (uint64_t)(uint32_t)(imm) << 32)
	INSN(0xb7, 6, 0, 0, LOOP);
	INSN(0x63, 10, 6, -4, 0);
	INSN(0x7b, 10, 6, -16, 0);
	INSN(0x18, 1, 1, 0, fd);
	INSN(0, 0, 0, 0, 0);
	INSN(0xbf, 2, 10, 0, 0);
	INSN(0x07, 2, 0, 0, -4);
	INSN(0xbf, 3, 10, 0, 0);
	INSN(0x07, 3, 0, 0, -16);
	INSN(0xb7, 4, 0, 0, 0);
	INSN(0x85, 0, 0, 0, op + 1);
	INSN(0x17, 6, 0, 0, 1);
	INSN(0x55, 6, 0, -12, 0);
	INSN(0xb7, 0, 0, 0, 2);
	INSN(0x95, 0, 0, 0, 0);
#undef INSN
	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_XDP;
	a.insns = (uintptr_t)p;
	a.insn_cnt = n;
	a.license = (uintptr_t)"GPL";
	return bu_sys_prog_load(s, &a, 0);
}

/* ns per operation as a program does it; < 0: not to be had. */
static double by_prog_kernel(struct bu_sys *s, int fd, enum op op)
{
	int prog = load_loop(s, fd, op);
	uint8_t data[64] = { 0 };
	union bpf_attr a;
	double t = -1;

	if (prog < 0)
		return -1;
	memset(&a, 0, sizeof(a));
	a.test.prog_fd = (uint32_t)prog;
	a.test.data_in = (uintptr_t)data;
	a.test.data_size_in = sizeof(data);
	a.test.repeat = op == ERASE ? 1 : 50;
	if (!bu_sys_test_run(s, &a))
		t = (double)a.test.duration / LOOP;
	close(prog);
	return t;
}

static double by_prog_vm(struct bu_sys *s, int fd, enum op op)
{
	unsigned repeat = op == ERASE ? 1 : 50;
	struct bu_vm_map *m;
	uint64_t v = 1;
	double t;

	if (bu_vm_map_by_fd(bu_vm(s), fd, 2, &m))
		return -1;
	t = now();
	for (unsigned r = 0; r < repeat; r++)
		for (uint32_t k = LOOP; k; k--) {
			if (op == LOOKUP) {
				void *volatile p = m->ops->lookup(m, &k, 0);

				(void)p;
			} else if (op == UPDATE) {
				m->ops->update(m, &k, &v, 0, 0);
			} else {
				m->ops->erase(m, &k);
			}
		}
	t = (now() - t) / repeat / LOOP;
	bu_vm_map_put(m);
	return t;
}

static double by_bpf(struct bu_sys *s, int fd, enum op op, unsigned ncpus)
{
	uint64_t *v = calloc(ncpus + 1, 8);
	double t = now();

	for (uint32_t k = LOOP; v && k; k--) {
		if (op == LOOKUP)
			bu_sys_map_lookup(s, fd, &k, v, 0);
		else if (op == UPDATE)
			bu_sys_map_update(s, fd, &k, v, 0);
		else
			bu_sys_map_delete(s, fd, &k);
	}
	t = (now() - t) / LOOP;
	free(v);
	return t;
}

static double dump_child(struct bu_sys *s, int fd, unsigned ncpus, uint32_t *got)
{
	uint32_t *keys = malloc(ENTRIES * 4), from = 0, to = 0, n;
	void *values = malloc((size_t)ENTRIES * ncpus * 8);
	bool first = true;
	double t = now();
	int err = 0;

	*got = 0;
	while (!err && keys && values) {
		n = ENTRIES;
		err = bu_sys_map_lookup_batch(s, fd, first ? NULL : &from, &to, keys, values, &n);
		if (!err || err == -ENOENT)
			*got += n;
		from = to;
		first = false;
	}
	t = (now() - t) / ENTRIES;
	free(keys);
	free(values);
	return t;
}

/* By another process; the VM's opens the world for itself and takes the map by its id. */
static double dump(struct bu_sys *s, int fd, bool vm, unsigned ncpus)
{
	struct { double t; uint32_t n; } *out;
	uint32_t id = 0;
	enum bu_objkind kind;
	double t = -1;
	pid_t pid;

	out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (out == MAP_FAILED)
		return -1;
	if (vm && bu_sys_fd_kind(s, fd, &kind, &id))
		return -1;
	pid = fork();
	if (!pid) {
		struct bu_vm_options o = { .world = dir };

		if (vm && (bu_vm_open(&s, &o, NULL) || (fd = bu_sys_fd_by_id(s, BU_MAP, id, 0)) < 0))
			_exit(1);
		out->t = dump_child(s, fd, ncpus, &out->n);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	if (out->n == ENTRIES)
		t = out->t;
	else
		fprintf(stderr, "vm-maps: a dump has %u elements of %u\n", out->n, ENTRIES);
	munmap(out, sizeof(*out));
	return t;
}

static double median(struct bu_sys *s, int fd, bool vm, const char *way, enum op op, unsigned ncpus)
{
	double t[RUNS];

	for (unsigned i = 0; i < RUNS; i++) {
		if (op == ERASE)
			put_all(s, fd, ncpus);
		if (op == DUMP)
			t[i] = dump(s, fd, vm, ncpus);
		else if (!strcmp(way, "bpf"))
			t[i] = by_bpf(s, fd, op, ncpus);
		else
			t[i] = vm ? by_prog_vm(s, fd, op) : by_prog_kernel(s, fd, op);
	}
	qsort(t, RUNS, sizeof(t[0]), compare);
	return t[RUNS / 2];
}

static void row(struct bu_sys *k, struct bu_sys *v, int kfd, int vfd, const char *map,
		const char *way, enum op op, unsigned ncpus)
{
	double b = median(v, vfd, true, way, op, ncpus), a = -1;

	if (kfd >= 0)
		a = median(k, kfd, false, way, op, ncpus);
	if (b < 0) {
		printf("%-12s %-6s %-5s failed\n", map, ops[op], op == DUMP ? "bpf" : way);
		failures++;
		return;
	}
	printf("%-12s %-6s %-5s %9.1f ns", map, ops[op], op == DUMP ? "bpf" : way, b);
	if (a > 0)
		printf("  kernel %9.1f ns  ratio %5.2f\n", a, b / a);
	else
		printf("  kernel: not to be had\n");
}

/* ---------------------------------------------------------------- watched */

#define WINDOW 4e6
#define PAIRS 151

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static double cpu_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ns of CPU time for an update, in one window. */
static double window(struct bu_vm_prog *p)
{
	uint8_t data[64] = { 0 };
	struct bu_vm_ctx c = { .kind = BU_VM_CTX_XDP, .packet = data, .packet_size = sizeof(data), .packet_room = sizeof(data) };
	struct bu_vm_fault f;
	double from = cpu_time(), t;
	uint64_t r0, runs = 0;

	do {
		for (unsigned i = 0; i < 10; i++, runs++)
			if (bu_vm_run_prog(p, &c, NULL, &r0, &f))
				return -1;
		t = cpu_time() - from;
	} while (t < WINDOW);
	return t / (double)runs / LOOP;
}

struct watch {
	uint32_t id;            /* of the map to be dumped; 0: sleep */
	uint32_t dumps, end;
};

static void watcher(struct watch *w, unsigned ncpus)
{
	struct bu_vm_options o = { .world = dir };
	struct bu_sys *s = NULL;
	uint32_t id = 0, got;
	int fd = -1;

	on_cpu(1);
	if (bu_vm_open(&s, &o, NULL))
		_exit(1);
	while (!__atomic_load_n(&w->end, __ATOMIC_ACQUIRE)) {
		uint32_t want = __atomic_load_n(&w->id, __ATOMIC_ACQUIRE);

		if (want && want != id) {
			if (fd >= 0)
				close(fd);
			fd = bu_sys_fd_by_id(s, BU_MAP, want, 0);
			id = want;
		}
		if (!want) {
			usleep(100);
			continue;
		}
		dump_child(s, fd, ncpus, &got);
		if (got == ENTRIES)
			__atomic_fetch_add(&w->dumps, 1, __ATOMIC_RELEASE);
	}
	_exit(0);
}

/* The median of the ratios of windows in which the map of that id is dumped to ones in which nothing is; NAN: none was dumped. */
static double loss(struct watch *w, struct bu_vm_prog *p, uint32_t id, double *alone, double *rate)
{
	double ratio[PAIRS], plain[PAIRS], from;
	uint32_t dumps = __atomic_load_n(&w->dumps, __ATOMIC_ACQUIRE), n;
	double busy = 0;

	for (unsigned i = 0; i < PAIRS; i++) {
		double t[2];

		for (unsigned k = 0; k < 2; k++) {
			bool on = (k ^ i) & 1;

			__atomic_store_n(&w->id, on ? id : 0, __ATOMIC_RELEASE);
			usleep(500);
			from = now();
			t[on] = window(p);
			busy += on ? now() - from : 0;
		}
		ratio[i] = t[1] / t[0];
		plain[i] = t[0];
	}
	__atomic_store_n(&w->id, 0, __ATOMIC_RELEASE);
	n = __atomic_load_n(&w->dumps, __ATOMIC_ACQUIRE) - dumps;
	qsort(ratio, PAIRS, sizeof(ratio[0]), compare);
	qsort(plain, PAIRS, sizeof(plain[0]), compare);
	*alone = plain[PAIRS / 2];
	*rate = n / (busy / 1e9);
	return ratio[PAIRS / 2];
}

static void watched(struct bu_sys *v, uint32_t type, const char *name, unsigned ncpus)
{
	int fd = make(v, type), other = make(v, type), prog;
	struct bu_vm_prog *p = NULL;
	uint32_t id = 0, other_id = 0;
	enum bu_objkind kind;
	double alone, rate, own, beside;
	struct watch *w;
	pid_t pid;

	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	put_all(v, fd, ncpus);
	put_all(v, other, ncpus);
	prog = load_loop(v, fd, UPDATE);
	if (w == MAP_FAILED || prog < 0 || bu_vm_prog_by_fd(bu_vm(v), prog, &p) || bu_sys_fd_kind(v, fd, &kind, &id) ||
	    bu_sys_fd_kind(v, other, &kind, &other_id)) {
		printf("%-12s watched failed\n", name);
		failures++;
		return;
	}
	pid = fork();
	if (!pid)
		watcher(w, ncpus);
	on_cpu(0);
	beside = loss(w, p, other_id, &alone, &rate);
	own = loss(w, p, id, &alone, &rate);
	printf("%-12s update watched %7.1f ns alone; dumped %.0f times a second: %+.1f %%, beside a dump of another: %+.1f %%\n", name,
	       alone, rate, (own - 1) * 100, (beside - 1) * 100);
	__atomic_store_n(&w->end, 1, __ATOMIC_RELEASE);
	waitpid(pid, NULL, 0);
	bu_vm_prog_put(p);
	close(prog);
	close(fd);
	close(other);
	munmap(w, sizeof(*w));
}

int main(void)
{
	struct bu_sys *k = bu_kern_open(), *v = NULL;
	struct bu_vm_options o = { .world = dir };
	unsigned ncpus;
	char cmd[100];

	if (!mkdtemp(world)) {
		perror(world);
		return 1;
	}
	snprintf(dir, sizeof(dir), "%s/w", world);
	if (!k || bu_vm_open(&v, &o, NULL)) {
		fprintf(stderr, "vm-maps: no world can be made in %s\n", world);
		return 1;
	}
	ncpus = (unsigned)v->ops->possible_cpus(v);
	if ((unsigned)k->ops->possible_cpus(k) > ncpus)
		ncpus = (unsigned)k->ops->possible_cpus(k);
	printf("%u elements, keys of 4 bytes, values of 8; medians of %u runs\n", ENTRIES, RUNS);
	for (unsigned i = 0; i < BU_ARRAY_SIZE(kinds); i++) {
		int kfd = make(k, kinds[i].type), vfd = make(v, kinds[i].type);

		if (vfd < 0) {
			printf("%-12s cannot be made: %d\n", kinds[i].name, vfd);
			failures++;
			continue;
		}
		if (kfd < 0)
			printf("%-12s the kernel refuses it (%d): only ours\n", kinds[i].name, kfd);
		else
			put_all(k, kfd, ncpus);
		put_all(v, vfd, ncpus);
		for (enum op op = LOOKUP; op <= ERASE; op++) {
			if (op == ERASE && !kinds[i].erase)
				continue;
			row(k, v, kfd, vfd, kinds[i].name, "prog", op, ncpus);
			row(k, v, kfd, vfd, kinds[i].name, "bpf", op, ncpus);
		}
		if (kinds[i].type != BPF_MAP_TYPE_LRU_HASH) { /* the kernel's evicts early */
			put_all(v, vfd, ncpus);
			if (kfd >= 0)
				put_all(k, kfd, ncpus);
			row(k, v, kfd, vfd, kinds[i].name, "dump", DUMP, ncpus);
		}
		close(vfd);
		if (kfd >= 0)
			close(kfd);
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) > 1) {
		watched(v, BPF_MAP_TYPE_HASH, "hash", ncpus);
		watched(v, BPF_MAP_TYPE_ARRAY, "array", ncpus);
	}
	v->ops->destroy(v);
	k->ops->destroy(k);
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", world);
	return system(cmd) || failures;
}
