/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * model [--ops N] [--seed S] [--type NAME] [--round R] [--stats]
 *
 * TAP: one point a type. A difference is told with the shortest list of operations that shows it.
 */
#include "kern/kern.h"
#include "model.h"
#include "vm/vm.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUND_OPS 1500u
#define SHRINK_RUNS 400u

static struct side kern, vm;
static struct result kres, vres;
static unsigned points, failed;
static uint64_t stats[NWHATS][1024]; /* results by operation: 0, or an errno */
static bool want_stats;

static int by_element(const void *a, const void *b, void *size)
{
	return memcmp(a, b, *(size_t *)size);
}

static bool same(const struct round *r, struct result *a, struct result *b)
{
	size_t each = r->key_size + 4 + (!are_ids(r->t->values) ? kern.row : 4);

	if (a->ret != b->ret || a->size != b->size)
		return false;
	if (a->sorted) {
		qsort_r(a->out, a->size / each, each, by_element, &each);
		qsort_r(b->out, b->size / each, each, by_element, &each);
	}
	return !a->size || !memcmp(a->out, b->out, a->size);
}

/* Runs the operations on fresh maps: the index of the first whose results differ, -1: none; -2: already
 * that of making the map. */
static int round_run(const struct round *r, const struct op *ops, unsigned n, uint64_t *done)
{
	int at = -1, k = map_open(&kern, r), v = map_open(&vm, r);

	if (k != v)
		at = -2;
	for (unsigned i = 0; !k && !v && i < n; i++) {
		op_run(&kern, r, &ops[i], &kres);
		op_run(&vm, r, &ops[i], &vres);
		if (done) {
			*done += kres.elements;
			stats[ops[i].what][kres.ret < 0 ? -kres.ret & 1023 : 0]++;
		}
		if (!same(r, &kres, &vres)) {
			at = (int)i;
			break;
		}
	}
	map_close(&kern);
	map_close(&vm);
	return at;
}

/* Takes out what is not needed for a difference at the end. */
static unsigned shrink(const struct round *r, struct op *ops, unsigned n)
{
	struct op *try = calloc(n, sizeof(*try));
	unsigned runs = 0;

	for (unsigned cut = n / 2; cut && n > 1 && runs < SHRINK_RUNS; cut /= 2) {
		for (unsigned at = 0; at + cut < n && runs < SHRINK_RUNS;) {
			memcpy(try, ops, at * sizeof(*ops));
			memcpy(try + at, ops + at + cut, (n - at - cut) * sizeof(*ops));
			runs++;
			if (round_run(r, try, n - cut, NULL) == (int)(n - cut) - 1) {
				n -= cut;
				memcpy(ops, try, n * sizeof(*ops));
			} else {
				at += cut;
			}
		}
	}
	free(try);
	return n;
}

static void dump(const char *who, const struct result *res)
{
	size_t n = res->size < 64 ? res->size : 64;

	printf("#   %s: %d (%s)", who, res->ret, res->ret < 0 ? strerror(-res->ret) : "ok");
	for (size_t i = 0; i < n; i++)
		printf("%s%02x", i % 4 ? "" : " ", res->out[i]);
	printf("\n");
}

static void report(struct round *r, int at)
{
	unsigned n;

	printf("# %s: a difference: model --type %s --seed %llu --round %u, operation %d\n", r->t->name,
	       r->t->name, (unsigned long long)r->seed, r->number, at);
	printf("# map: key %u, value %u, max_entries %u, flags %#x%s\n", r->key_size, r->value_size,
	       r->max_entries, r->flags, r->timer ? ", bpf_timer" : r->lock_btf ? ", bpf_spin_lock" : "");
	if (at < 0) {
		printf("#   MAP_CREATE: kernel %d, VM %d\n", kern.made, vm.made);
		return;
	}
	n = shrink(r, r->ops, (unsigned)at + 1);
	for (unsigned i = 0; i < n && i < 40; i++)
		op_print(r, &r->ops[n > 40 ? n - 40 + i : i]);
	round_run(r, r->ops, n, NULL);
	for (size_t i = 0; i < kres.size && i < vres.size; i++) {
		if (kres.out[i] == vres.out[i])
			continue;
		printf("#   first other byte: %zu of %zu and %zu: %02x and %02x\n", i, kres.size, vres.size,
		       kres.out[i], vres.out[i]);
		break;
	}
	dump("kernel", &kres);
	dump("VM", &vres);
}

/* What the operations have met: a test in which all fail compares little. */
static void stats_print(void)
{
	for (unsigned w = 0; w < NWHATS; w++) {
		printf("#   %-24s", what_name(w));
		for (unsigned e = 0; e < BU_ARRAY_SIZE(stats[w]); e++)
			if (stats[w][e])
				printf(" %s %llu", e ? strerrorname_np((int)e) ? strerrorname_np((int)e) :
									    "ENOTSUPP" : "ok",
				       (unsigned long long)stats[w][e]);
		printf("\n");
	}
	memset(stats, 0, sizeof(stats));
}

static void run_type(const struct type *t, uint64_t seed, uint64_t ops, long only)
{
	static struct op list[ROUND_OPS];
	struct round r = { .ops = list, .n = ROUND_OPS };
	uint64_t done = 0;
	const char *missing = pool_open(&kern, t);
	struct timespec a, b;
	uint32_t i = 0;
	int at = -1;

	if (missing || (missing = pool_open(&vm, t))) {
		printf("ok %u - %s # SKIP needs %s\n", ++points, t->name, missing);
		goto out;
	}
	clock_gettime(CLOCK_MONOTONIC, &a);
	if (t->values == VALUES_MAPS) /* each takes long, or is many */
		r.n = ROUND_OPS / 5;
	for (i = only < 0 ? 0 : (uint32_t)only; done < ops; i++) {
		round_make(&r, t, seed, i);
		if (r.lock_btf && (kern.btf < 0 || vm.btf < 0))
			r.lock_btf = r.timer = 0;
		at = round_run(&r, r.ops, r.n, &done);
		if (at != -1) {
			printf("not ");
			failed++;
			break;
		}
		if (only >= 0)
			break;
	}
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("ok %u - %s: %llu operations on %u maps, %.1f s\n", ++points, t->name,
	       (unsigned long long)done, i, (double)(b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1e9);
	if (done < ops && only < 0)
		report(&r, at);
	else if (only >= 0 && at != -1)
		report(&r, at);
	if (want_stats)
		stats_print();
out:
	fflush(stdout);
	pool_close(&kern);
	pool_close(&vm);
}

static bool kernel_has_bpf(void)
{
	union bpf_attr a;
	int fd;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = a.value_size = 4;
	a.max_entries = 1;
	fd = bu_sys_map_create(kern.s, &a);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: model [--ops N] [--seed S] [--type NAME] [--round R] [--stats]\ntypes:");
	for (unsigned i = 0; i < ntypes; i++)
		fprintf(stderr, " %s", types[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option opts[] = { { "ops", 1, NULL, 'o' }, { "seed", 1, NULL, 's' },
					      { "type", 1, NULL, 't' }, { "round", 1, NULL, 'r' },
					      { "stats", 0, NULL, 'c' }, { 0 } };
	char world[] = "/dev/shm/bpfutils-test-XXXXXX", rm[64];
	uint64_t ops = 20000, seed = 1;
	const char *only = NULL;
	bool found = false;
	long round = -1;
	cpu_set_t cpus;
	int c;

	if (getenv("BPFUTILS_EMULATOR") && *getenv("BPFUTILS_EMULATOR")) {
		puts("1..0 # SKIP needs programs that run without an emulator");
		return 0;
	}
	while ((c = getopt_long(argc, argv, "", opts, NULL)) != -1) {
		if (c == 'o')
			ops = strtoull(optarg, NULL, 0);
		else if (c == 's')
			seed = strtoull(optarg, NULL, 0);
		else if (c == 't')
			only = optarg;
		else if (c == 'r')
			round = strtol(optarg, NULL, 0);
		else if (c == 'c')
			want_stats = true;
		else
			return usage();
	}
	/* On one CPU, so that the kernel's lists per CPU are one. */
	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	sched_setaffinity(0, sizeof(cpus), &cpus);
	kern.s = bu_kern_open();
	if (!kern.s || !kernel_has_bpf()) {
		printf("1..0 # SKIP needs bpf(2)\n");
		return 0;
	}
	if (!mkdtemp(world) || bu_vm_open(&vm.s, &(struct bu_vm_options){ .world = world }, NULL)) {
		printf("1..0 # SKIP needs a tmpfs at /dev/shm\n");
		return 0;
	}
	kern.ncpus = kern.s->ops->possible_cpus(kern.s);
	vm.ncpus = vm.s->ops->possible_cpus(vm.s);
	kern.btf = lock_btf(kern.s);
	vm.btf = lock_btf(vm.s);
	for (unsigned i = 0; i < ntypes; i++) {
		if (only && strcmp(only, types[i].name))
			continue;
		found = true;
		if (types[i].percpu && kern.ncpus != vm.ncpus) {
			printf("ok %u - %s # SKIP needs as many possible CPUs as the machine has\n",
			       ++points, types[i].name);
			continue;
		}
		run_type(&types[i], seed, ops, round);
		if (types[i].type == BPF_MAP_TYPE_LRU_HASH && round < 0) {
			unsigned bad = evict_run(vm.s, ops, seed);

			printf("%sok %u - lru-hash under eviction\n", bad ? "not " : "", ++points);
			failed += bad;
		}
	}
	printf("1..%u\n", points);
	if (kern.btf < 0 || vm.btf < 0)
		printf("# without bpf_spin_lock: BTF_LOAD gave %d and %d\n", kern.btf, vm.btf);
	vm.s->ops->destroy(vm.s);
	kern.s->ops->destroy(kern.s);
	free(kres.out);
	free(vres.out);
	snprintf(rm, sizeof(rm), "rm -rf %s", world);
	if (system(rm))
		failed++;
	return !found ? usage() : failed != 0;
}
