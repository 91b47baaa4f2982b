/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that tell the time, the task and the machine, and what stood in memory. */
#include "vm/helper.h"

#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint64_t ktime(struct bu_vm_run *run, clockid_t clock)
{
	const struct bu_vm_env *env = run->env;

	return env && env->fixed_time ? env->time + env->step * run->looks++ : now(clock);
}

uint64_t bu_vm_ktime(struct bu_vm_run *run)
{
	return ktime(run, CLOCK_MONOTONIC);
}

uint64_t bu_vm_h_ktime_get_ns(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
			      uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return ktime(run, CLOCK_MONOTONIC);
}

uint64_t bu_vm_h_ktime_get_boot_ns(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				   uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return ktime(run, CLOCK_BOOTTIME);
}

uint64_t bu_vm_h_ktime_get_coarse_ns(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				     uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return ktime(run, CLOCK_MONOTONIC_COARSE);
}

uint64_t bu_vm_h_ktime_get_tai_ns(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				  uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return ktime(run, CLOCK_TAI);
}

/* As of a kernel with 250 ticks a second, which begins five minutes before 32 bits wrap. */
uint64_t bu_vm_h_jiffies64(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
			   uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return (uint32_t)(-300 * 250) + ktime(run, CLOCK_MONOTONIC) / 4000000u;
}

uint64_t bu_vm_h_get_prandom_u32(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				 uint64_t e)
{
	uint64_t x = run->seed;

	(void)a, (void)b, (void)c, (void)d, (void)e;
	if (!x)
		x = run->env && run->env->seeded ? run->env->seed
						 : now(CLOCK_MONOTONIC) ^ (uint64_t)getpid() << 32;
	if (!x)
		x = 1;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	run->seed = x;
	return (uint32_t)(x * 0x2545f4914f6cdd1du >> 32);
}

uint64_t bu_vm_h_get_smp_processor_id(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				      uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	return run->cpu;
}

uint64_t bu_vm_h_get_numa_node_id(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				  uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	(void)run;
	return 0;
}

/* ---------------------------------------------------------------- the task */

void bu_vm_task(const struct bu_vm_run *run, uint32_t *pid, uint32_t *tgid, char comm[16])
{
	if (run->env && run->env->fixed_task) {
		*pid = run->env->pid;
		*tgid = run->env->tgid;
		if (comm)
			memcpy(comm, run->env->comm, 16);
	} else {
		*pid = (uint32_t)gettid();
		*tgid = (uint32_t)getpid();
		if (comm) {
			memset(comm, 0, 16);
			prctl(PR_GET_NAME, comm, 0, 0, 0);
		}
	}
	if (comm)
		comm[15] = 0;
}

uint64_t bu_vm_h_get_current_pid_tgid(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				      uint64_t e)
{
	uint32_t pid, tgid;

	(void)a, (void)b, (void)c, (void)d, (void)e;
	bu_vm_task(run, &pid, &tgid, NULL);
	return (uint64_t)tgid << 32 | pid;
}

uint64_t bu_vm_h_get_current_uid_gid(struct bu_vm_run *run, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
				     uint64_t e)
{
	(void)a, (void)b, (void)c, (void)d, (void)e;
	if (run->env && run->env->fixed_task)
		return (uint64_t)run->env->gid << 32 | run->env->uid;
	return (uint64_t)getgid() << 32 | getuid();
}

uint64_t bu_vm_h_get_current_comm(struct bu_vm_run *run, uint64_t buf, uint64_t size, uint64_t c,
				  uint64_t d, uint64_t e)
{
	char comm[16], *out = (char *)(uintptr_t)buf;
	uint32_t pid, tgid;
	size_t n;

	(void)c, (void)d, (void)e;
	bu_vm_task(run, &pid, &tgid, comm);
	n = strlen(comm);
	if (n > size - 1)
		n = size - 1;
	memset(out, 0, size);
	memcpy(out, comm, n);
	return 0;
}

/* ---------------------------------------------------------------- probe_read */

/* The bytes from addr on that are known, at most n: their number, 0: none. */
static uint64_t known(const struct bu_vm_run *run, uint64_t addr, uint64_t n, const uint8_t **p)
{
	const struct bu_vm_env *env = run->env;

	for (unsigned i = 0; env && i < env->nmems; i++) {
		const struct bu_vm_mem *m = &env->mems[i];
		uint64_t off = addr - m->addr;

		if (addr < m->addr || off >= m->size)
			continue;
		*p = (const uint8_t *)m->bytes + off;
		return n < m->size - off ? n : m->size - off;
	}
	/* The run's own memory ends where it ends: ask for all, else byte by byte. */
	*p = bu_vm_mem_try((struct bu_vm_run *)run, addr, n, false);
	if (*p)
		return n;
	*p = bu_vm_mem_try((struct bu_vm_run *)run, addr, 1, false);
	return *p ? 1 : 0;
}

/* What the kernel says of an address where nothing can be read. */
static int64_t refusal(uint64_t addr, enum bu_vm_space space)
{
	/* probe_read_kernel does not even try addresses of user space. */
	return space == BU_VM_KERNEL && !(addr >> 63) ? -ERANGE : -EFAULT;
}

int64_t bu_vm_probe(const struct bu_vm_run *run, void *dst, uint64_t n, uint64_t addr,
		    enum bu_vm_space space)
{
	uint64_t done = 0, k;
	const uint8_t *p;

	/* Gathered at the end of dst's bytes as they come; overlap with the source is harmless. */
	for (; done < n; done += k) {
		k = known(run, addr + done, n - done, &p);
		if (!k) {
			memset(dst, 0, n);
			return refusal(addr, space);
		}
		memmove((uint8_t *)dst + done, p, k);
	}
	return 0;
}

int64_t bu_vm_probe_str(const struct bu_vm_run *run, void *dst, uint64_t n, uint64_t addr,
			enum bu_vm_space space)
{
	uint8_t *out = dst;
	const uint8_t *p;

	for (uint64_t i = 0; i < n; i++) {
		if (!known(run, addr + i, 1, &p)) {
			memset(dst, 0, n);
			return refusal(addr, space);
		}
		out[i] = *p;
		if (!out[i])
			return (int64_t)i + 1;
	}
	if (n)
		out[n - 1] = 0;
	return (int64_t)n;
}

#define PROBE(name, function, space)                                                               \
	uint64_t bu_vm_h_##name(struct bu_vm_run *run, uint64_t dst, uint64_t n, uint64_t addr,    \
				uint64_t d, uint64_t e)                                            \
	{                                                                                          \
		(void)d, (void)e;                                                                  \
		return (uint64_t)function(run, (void *)(uintptr_t)dst, n, addr, space);            \
	}
PROBE(probe_read, bu_vm_probe, BU_VM_EITHER)
PROBE(probe_read_str, bu_vm_probe_str, BU_VM_EITHER)
PROBE(probe_read_user, bu_vm_probe, BU_VM_USER)
PROBE(probe_read_user_str, bu_vm_probe_str, BU_VM_USER)
PROBE(probe_read_kernel, bu_vm_probe, BU_VM_KERNEL)
PROBE(probe_read_kernel_str, bu_vm_probe_str, BU_VM_KERNEL)
