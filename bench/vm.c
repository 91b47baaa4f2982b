/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The VM beside native code and the kernel: the programs of vm-progs.c, compiled by clang to BPF and by gcc -O2 to
 * machine code.
 *
 *   bench/vm [-p] [-n SAMPLES] [PROGRAM...]
 *
 * Columns: ns of a call of the native function; ns of a run in the kernel (PROG_TEST_RUN); ns of a run in
 * ours (bu_vm_run_prog), the least of the samples, which are taken in turn. The call of an empty program
 * is subtracted from the kernel's and ours. The ratios are to native. -p: as if a verifier had
 * proved all accesses, to see what the checks cost. A result that differs is said, and fails.
 */
#include <config.h>
#include <dlfcn.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kern/kern.h"
#include "vm/interp.h"

#define SIZE 1024u
enum class { IS_COMPUTE, IS_OTHER, IS_MAPS };
static struct prog {
	const char *name;
	enum class class;
	uint64_t (*native)(uint8_t *p);
	int kern_fd;              /* -1: not there */
	struct bu_vm_prog *vm;
	double native_ns, kern_ns, vm_ns;
	uint32_t want, got_kern, got_vm;
} progs[] = {
#define COMPUTE(n) { #n, IS_COMPUTE, NULL, -1, NULL, 1e18, 1e18, 1e18, 0, 0, 0 },
#define OTHER(n) { #n, IS_OTHER, NULL, -1, NULL, 1e18, 1e18, 1e18, 0, 0, 0 },
#define MAPS(n) { #n, IS_MAPS, NULL, -1, NULL, 1e18, 1e18, 1e18, 0, 0, 0 },
#include "vm-list.def"
};
#define NPROGS BU_ARRAY_SIZE(progs)

static uint8_t packet[SIZE] __attribute__((aligned(8)));
static char work[] = "/dev/shm/bpfutils-bench-XXXXXX";
static char pins[64];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int sh(const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	return system(cmd);
}

static int skip(const char *why)
{
	printf("SKIP: bench/vm: %s\n", why);
	return 0;
}

/* ---------------------------------------------------------------- one sample of each */

static void sample_native(struct prog *p)
{
	unsigned n = p->class == IS_COMPUTE ? 300 : 20000;
	double t = now();

	for (unsigned i = 0; i < n; i++)
		p->want = (uint32_t)p->native(packet);
	t = (now() - t) / n;
	p->native_ns = t < p->native_ns ? t : p->native_ns;
}

static void sample_kernel(struct bu_sys *k, struct prog *p)
{
	union bpf_attr a = { 0 };

	a.test.prog_fd = (uint32_t)p->kern_fd;
	a.test.data_in = (uintptr_t)packet;
	a.test.data_size_in = SIZE;
	a.test.repeat = p->class == IS_COMPUTE ? 3000 : 100000;
	if (bu_sys_test_run(k, &a))
		return;
	p->got_kern = a.test.retval;
	p->kern_ns = a.test.duration < p->kern_ns ? a.test.duration : p->kern_ns;
}

static void sample_vm(struct prog *p)
{
	struct bu_vm_ctx c = { .kind = BU_VM_CTX_XDP, .packet = packet, .packet_size = SIZE, .packet_room = SIZE };
	unsigned n = p->class == IS_COMPUTE ? 60 : 3000;
	struct bu_vm_fault f;
	uint64_t r0 = 0;
	double t = now();

	for (unsigned i = 0; i < n; i++)
		if (bu_vm_run_prog(p->vm, &c, NULL, &r0, &f)) {
			fprintf(stderr, "bench/vm: %s: %s\n", p->name, f.text);
			exit(1);
		}
	t = (now() - t) / n;
	p->got_vm = (uint32_t)r0;
	p->vm_ns = t < p->vm_ns ? t : p->vm_ns;
}

/* As if all accesses but those of the context, which is no memory, had been proved. */
static void prove(struct bu_vm_prog *p)
{
	uint8_t *facts = calloc(p->ninsns, 1);
	uint32_t i;

	for (i = 0; facts && i < p->ninsns; i++)
		facts[i] = i < 8 && p->insns[i].code == 0x61 ? 0 : BU_VM_PROVED_MEM | BU_VM_PROVED_ARGS;
	p->facts = facts;
	bu_vm_decode(p);
}

/* ---------------------------------------------------------------- all */

static bool load(struct bu_sys *k, struct bu_sys *v, bool proved)
{
	char path[160];
	void *lib;
	size_t i;

	if (sh("clang-19 -O2 -g -mcpu=v3 -target bpf -c %s/bench/vm-progs.c -o %s.o 2>/dev/null || clang -O2 -g -mcpu=v3 "
	       "-target bpf -c %s/bench/vm-progs.c -o %s.o", SRCDIR, work, SRCDIR, work))
		return false;
	if (sh("gcc -O2 -w -fPIC -shared -o %s.so %s/bench/vm-progs.c", work, SRCDIR))
		return false;
	snprintf(path, sizeof(path), "%s.so", work);
	lib = dlopen(path, RTLD_NOW);
	if (k)
		sh("%s/bpf-ld/bpf-ld --backend=kernel --no-attach --keep-going --pin %s %s.o >/dev/null 2>&1", BUILDDIR,
		   pins, work);
	sh("%s/bpf-ld/bpf-ld --backend=vm --no-attach --keep-going --pin /sys/fs/bpf/p %s.o >/dev/null 2>&1",
	   BUILDDIR, work);
	for (i = 0; i < NPROGS; i++) {
		struct prog *p = &progs[i];
		int fd;

		snprintf(path, sizeof(path), "%s/%s", pins, p->name);
		if (k)
			p->kern_fd = bu_sys_get(k, path, 0);
		snprintf(path, sizeof(path), "/sys/fs/bpf/p/%s", p->name);
		fd = bu_sys_get(v, path, 0);
		if (fd < 0 || bu_vm_prog_by_fd(bu_vm(v), fd, &p->vm)) {
			fprintf(stderr, "bench/vm: the VM has no %s\n", p->name);
			return false;
		}
		if (proved)
			prove(p->vm);
		snprintf(path, sizeof(path), "native_%s", p->name);
		if (lib && p->class != IS_MAPS)
			*(void **)&p->native = dlsym(lib, path);
	}
	return true;
}

static bool chosen(const char *name, int n, char **words)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(words[i], name))
			return true;
	return !n;
}

static double above(double ns, double nop)
{
	return ns - nop > 0.1 ? ns - nop : 0.1;
}

static int report(int n, char **words)
{
	double knop = progs[0].kern_ns, vnop = progs[0].vm_ns, kl = 0, vl = 0;
	unsigned nk = 0, nv = 0;
	bool wrong = false;

	printf("%-10s %10s %10s %10s %8s %8s\n", "", "native ns", "kernel ns", "ours ns", "kernel/n", "ours/n");
	for (size_t i = 0; i < NPROGS; i++) {
		struct prog *p = &progs[i];
		double k = above(p->kern_ns, knop), v = above(p->vm_ns, vnop);

		if (!chosen(p->name, n, words) && i)
			continue;
		printf("%-10s", p->name);
		p->native ? printf(" %10.1f", p->native_ns) : printf(" %10s", "-");
		p->kern_ns < 1e17 ? printf(" %10.1f", i ? k : p->kern_ns) : printf(" %10s", "-");
		printf(" %10.1f", i ? v : p->vm_ns);
		if (p->class == IS_COMPUTE) {
			p->kern_ns < 1e17 ? printf(" %8.2f", k / p->native_ns) : printf(" %8s", "-");
			printf(" %8.2f", v / p->native_ns);
			vl += log(v / p->native_ns);
			nv++;
			if (p->kern_ns < 1e17) {
				kl += log(k / p->native_ns);
				nk++;
			}
		}
		if (p->native && p->got_vm != p->want) {
			printf("  WRONG: %#x, natively %#x", p->got_vm, p->want);
			wrong = true;
		}
		if (p->native && p->kern_ns < 1e17 && p->got_kern != p->want)
			printf("  the kernel gives %#x, natively %#x", p->got_kern, p->want);
		printf("\n");
	}
	if (nv)
		printf("geometric mean of %u that compute, in multiples of native: ours %.2f", nv, exp(vl / nv));
	if (nk)
		printf(", kernel %.2f (of %u)", exp(kl / nk), nk);
	printf("\n");
	return wrong;
}

int main(int argc, char **argv)
{
	struct bu_sys *k = NULL, *v = NULL;
	struct bu_vm_options opts = { .world = work };
	struct bu_diags ds = { 0 };
	int samples = 9, opt, st = 1;
	bool proved = false;
	uint64_t x = 1;

	while ((opt = getopt(argc, argv, "pn:")) != -1)
		switch (opt) {
		case 'p': proved = true; break;
		case 'n': samples = atoi(optarg); break;
		default: return 2;
		}
	for (unsigned i = 0; i < SIZE; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		packet[i] = (uint8_t)(x >> 56);
	}
	packet[12] = 8;
	packet[13] = 0;
	if (system("command -v clang >/dev/null && command -v gcc >/dev/null"))
		return skip("needs clang to make BPF objects, and gcc");
	if (!mkdtemp(work) || setenv("BPFUTILS_WORLD", work, 1) || bu_vm_open(&v, &opts, &ds))
		return skip("needs a tmpfs on /dev/shm");
	snprintf(pins, sizeof(pins), "/sys/fs/bpf/bpfutils-bench-%d", (int)getpid());
	if (geteuid() || !(k = bu_kern_open()))
		k = NULL;
	if (!load(k, v, proved))
		goto out;
	for (int s = 0; s < samples; s++)
		for (size_t i = 0; i < NPROGS; i++) {
			if (i && !chosen(progs[i].name, argc - optind, argv + optind))
				continue;
			if (progs[i].native)
				sample_native(&progs[i]);
			if (progs[i].kern_fd >= 0)
				sample_kernel(k, &progs[i]);
			sample_vm(&progs[i]);
		}
	printf("VM by %s, checks %s\n", __VERSION__, proved ? "left out" : "on");
	st = report(argc - optind, argv + optind);
out:
	sh("rm -rf %s", pins);
	v->ops->destroy(v);
	sh("rm -rf %s %s.o %s.so", work, work, work);
	return st;
}
