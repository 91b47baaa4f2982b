/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USDT notes and symbols of executables: this test has probes itself; then damaged copies of it. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/elffile.h"
#include "sys/usdt.h"
#include "tap.h"

#if defined(__x86_64__)
#include "../usdt/usdt.h"

__extension__ unsigned short test_sema __attribute__((section(".probes"), used));

__attribute__((noinline)) void probed(int a, long b);
void probed(int a, long b)
{
	USDT(first, 0, "-4@%0 8@%1 -4@$-5", "r"(a), "r"(b));
	USDT(second, test_sema, "", "r"(a));
}
#endif

static bool is(const struct bu_usdt_arg *a, enum bu_usdt_where where, int64_t val, unsigned reg, unsigned size, bool sign)
{
	return a->where == where && a->val == val && a->reg == reg && a->size == size && a->is_signed == sign;
}

static void args(void)
{
	struct bu_usdt_site s = { 0 };

	bu_usdt_args(&s, "-4@%edi 8@$77 -2@-20(%rbp) 1@%r15b", EM_X86_64);
	ok(s.nargs == 4 && is(&s.arg[0], BU_USDT_REG, 0, 112, 4, true) && is(&s.arg[1], BU_USDT_CONST, 77, 0, 8, false) &&
	   is(&s.arg[2], BU_USDT_DEREF, -20, 32, 2, true) && is(&s.arg[3], BU_USDT_REG, 0, 0, 1, false),
	   "x86-64: registers, constants, memory");
	bu_usdt_args(&s, "8@16(%rax,%rbx,8) 4@(%rsp) 4@(%rdx,%rcx)", EM_X86_64);
	ok(s.nargs == 3 && s.arg[0].where == BU_USDT_SIB && s.arg[0].val == 16 && s.arg[0].reg == 80 && s.arg[0].index == 40 &&
	   s.arg[0].shift == 3 && is(&s.arg[1], BU_USDT_DEREF, 0, 152, 4, false) && s.arg[2].where == BU_USDT_SIB &&
	   s.arg[2].shift == 0, "x86-64: scaled index");
	bu_usdt_args(&s, "8@x0 -4@w30 8@[sp] -8@[x29, -16] 4@5 4@[sp, #8]", EM_AARCH64);
	ok(s.nargs == 6 && is(&s.arg[0], BU_USDT_REG, 0, 0, 8, false) && is(&s.arg[1], BU_USDT_REG, 0, 240, 4, true) &&
	   is(&s.arg[2], BU_USDT_DEREF, 0, 248, 8, false) && is(&s.arg[3], BU_USDT_DEREF, -16, 232, 8, true) &&
	   is(&s.arg[4], BU_USDT_CONST, 5, 0, 4, false) && is(&s.arg[5], BU_USDT_DEREF, 8, 248, 4, false), "arm64");
	bu_usdt_args(&s, "8f@%xmm0 8@sym(%rip) 3@%eax 8@ @ 8@(%rax,%rbx,3) 8@(%rax 8@) 4@%eax", EM_X86_64);
	ok(s.nargs == 9 && s.arg[0].where == BU_USDT_UNKNOWN && s.arg[1].where == BU_USDT_UNKNOWN &&
	   s.arg[2].where == BU_USDT_UNKNOWN && s.arg[3].where == BU_USDT_UNKNOWN && s.arg[4].where == BU_USDT_UNKNOWN &&
	   s.arg[5].where == BU_USDT_UNKNOWN && s.arg[6].where == BU_USDT_UNKNOWN, "what is not known is unknown");
	bu_usdt_args(&s, "4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1 4@$1", EM_X86_64);
	ok(s.nargs == BU_USDT_ARGS, "twelve at most");
	bu_usdt_args(&s, "-9223372036854775808@%eax 264@%eax", EM_X86_64);
	ok(s.nargs == 2 && s.arg[0].where == BU_USDT_UNKNOWN && s.arg[1].where == BU_USDT_UNKNOWN,
	   "a size beyond 8 bytes is none");
	bu_usdt_args(&s, "8@[x0", EM_AARCH64);
	ok(s.nargs == 1 && s.arg[0].where == BU_USDT_UNKNOWN, "a bracket that is not closed");
}

static int count(void *ctx, const struct bu_usdt_site *s)
{
	*(unsigned *)ctx += 1 + s->nargs + (s->sema ? 100 : 0);
	return 0;
}

static bool any(void *ctx, const struct bu_elff_func *f)
{
	*(uint64_t *)ctx += f->n + f->version[0] + f->offset;
	return true;
}

static uint32_t seed = 1;

static uint32_t next(void)
{
	seed = seed * 1664525u + 1013904223u;
	return seed >> 8;
}

/* Damaged copies: nothing is asked but that reading them ends, and by what it may say. */
static bool damaged(const char *path, struct bu_buf *file, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		size_t n = i % 4 ? file->n : next() % file->n;
		unsigned sites = 0;
		uint64_t sum = 0;
		uint8_t old[8];
		size_t at[8];
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600), err;

		/* headers, their tables at the end, or anywhere */
		for (int k = 0; k < 8; k++) {
			at[k] = k % 3 == 0 ? next() % 1024 : k % 3 == 1 ? file->n - 1 - next() % 4096 : next() % file->n;
			old[k] = file->p[at[k]];
			if (i % 4)
				file->p[at[k]] = (uint8_t)next();
		}
		err = fd < 0 ? -errno : bu_write_all(fd, file->p, n);
		if (fd >= 0)
			close(fd);
		for (int k = 7; k >= 0; k--)
			file->p[at[k]] = old[k];
		if (err)
			return false;
		err = bu_usdt_each(path, count, &sites);
		if (err && err != -ENODATA && err != -EINVAL && err != -ENOEXEC && err != -ENOMEM)
			return false;
		err = bu_elff_each_func(path, any, &sum);
		if (err && err != -ENOEXEC && err != -ENOMEM)
			return false;
	}
	return true;
}

int main(void)
{
	char path[] = "/tmp/bpfutils-usdt-XXXXXX";
	struct bu_buf file = { 0 };
	unsigned sites = 0;
	uint64_t sum = 0;
	int fd = mkstemp(path);

	args();
#if defined(__x86_64__)
	ok(!bu_usdt_each("/proc/self/exe", count, &sites) && sites == 1 + 3 + 1 + 100,
	   "the probes of this test: two, one with three arguments, one with a semaphore");
	if (getppid() < 0)
		probed(1, 2);
#else
	ok(bu_usdt_each("/proc/self/exe", count, &sites) == -ENODATA, "this test has no probes");
#endif
	ok(!bu_elff_each_func("/proc/self/exe", any, &sum) && sum, "it has functions");
	ok(bu_usdt_each("/nowhere", count, &sites) == -ENOENT, "no such file");
	ok(bu_usdt_each("/dev/null", count, &sites) == -ENOEXEC, "a device");
	if (fd >= 0)
		close(fd);
	ok(fd >= 0 && !bu_file_read("/proc/self/exe", 64u << 20, &file) && file.n > 8192 && damaged(path, &file, 300),
	   "300 damaged copies are read to their end");
	bu_buf_free(&file);
	unlink(path);
	return done_testing();
}
