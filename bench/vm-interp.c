/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interpreter beside the same loops compiled: ns of a run, of an instruction, and how many times native. The
 * least of several samples.
 */
#include "../tests/unit/vm_run.h"

#include <time.h>

#define N 4096
#define SAMPLES 9

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint8_t bytes[N] __attribute__((aligned(8)));

static uint64_t native_mix(uint64_t n)
{
	uint64_t h = 1;

	for (uint64_t i = 0; i < n; i++) {
		h ^= i;
		h *= 0x01000193;
		h = h << 7 | h >> 57;
		__asm__ volatile("" : "+r"(h));
	}
	return h;
}

static uint64_t native_sum(uint64_t n)
{
	uint64_t h = 0;

	for (uint64_t i = 0; i < n; i++) {
		h += bytes[i];
		__asm__ volatile("" : "+r"(h));
	}
	return h;
}

static uint64_t native_fib(uint64_t n)
{
	uint64_t a = 0, b = 1;

	while (n--) {
		uint64_t c = a + b;

		a = b;
		b = c;
		__asm__ volatile("" : "+r"(a), "+r"(b));
	}
	return a;
}

static __attribute__((noinline)) uint64_t add3(uint64_t x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 3;
}

static uint64_t native_calls(uint64_t n)
{
	uint64_t h = 0;

	while (n--)
		h = add3(h);
	return h;
}

static uint64_t native_nop(uint64_t n)
{
	__asm__ volatile("" : "+r"(n));
	return 0;
}

static double native_ns(uint64_t (*fn)(uint64_t), uint64_t n, uint64_t *r)
{
	double best = 1e18;

	for (int k = 0; k < SAMPLES; k++) {
		uint64_t t = now();
		double d;

		for (int i = 0; i < 100; i++)
			*r = fn(n);
		d = (double)(now() - t) / 100;
		best = d < best ? d : best;
	}
	return best;
}

static void one(const char *name, const struct bu_insn *in, uint32_t n, double executed,
		uint64_t (*fn)(uint64_t))
{
	struct bu_vm_ctx c = { .kind = BU_VM_CTX_MEM, .bytes = bytes, .size = N };
	struct bu_vm_prog *p;
	uint64_t r0 = 0, want = 0;
	double best = 1e18, native = native_ns(fn, N, &want);
	int fd = load(BPF_PROG_TYPE_TRACEPOINT, in, n, "GPL", NULL, 0);
	int times = executed > 100 ? 100 : 100000;

	if (fd < 0 || bu_vm_prog_by_fd(bu_vm(s), fd, &p)) {
		printf("%-8s cannot be loaded\n", name);
		return;
	}
	for (int k = 0; k < SAMPLES; k++) {
		uint64_t t = now();
		double d;

		for (int i = 0; i < times; i++)
			bu_vm_run_prog(p, &c, NULL, &r0, NULL);
		d = (double)(now() - t) / times;
		best = d < best ? d : best;
	}
	printf("%-8s %10.1f ns %8.2f ns/insn %10.1f ns native %8.1f times%s\n", name, best, best / executed, native,
	       best / native, r0 == want ? "" : "  WRONG RESULT");
	bu_vm_prog_put(p);
	close(fd);
}

#define P(...) (const struct bu_insn[]){ __VA_ARGS__ }, sizeof((const struct bu_insn[]){ __VA_ARGS__ }) / sizeof(struct bu_insn)
#define X(c, d, src_) I(c, d, src_, 0, 0)

int main(void)
{
	if (!open_world())
		return 1;
	for (unsigned i = 0; i < N; i++)
		bytes[i] = (uint8_t)(i * 7);
	one("empty", P(MOV(0, 0), EXIT), 2, native_nop);
	one("mix", P(MOV(0, 1), MOV(3, 0),
		     X(0xaf, 0, 3), I(0x27, 0, 0, 0, 0x01000193), MOVR(4, 0), I(0x77, 4, 0, 0, 57),
		     I(0x67, 0, 0, 0, 7), X(0x4f, 0, 4), ADD(3, 1), I(0xa5, 3, 0, -8, N), EXIT), 8.0 * N, native_mix);
	one("sum", P(MOV(0, 0), MOVR(3, 1), I(0x07, 3, 0, 0, N), LD8(4, 1, 0), X(0x0f, 0, 4), ADD(1, 1),
		     I(0x5d, 1, 3, -4, 0), EXIT), 4.0 * N, native_sum);
	one("fib", P(MOV(0, 0), MOV(3, 1), MOV(2, N), MOVR(4, 0), X(0x0f, 4, 3), MOVR(0, 3), MOVR(3, 4), ADD(2, -1),
		     JNE(2, 0, -6), EXIT), 6.0 * N, native_fib);
	one("calls", P(MOV(6, 0), MOV(7, N), MOVR(1, 6), CALLF(5), MOVR(6, 0), ADD(7, -1), JNE(7, 0, -5), MOVR(0, 6),
		       EXIT, /* f: */ MOVR(0, 1), ADD(0, 3), EXIT), 8.0 * N, native_calls);
	close_world();
	return 0;
}
