/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Helpers of tracing programs: the function that is traced, stacks, counters. What changes the machine (a signal, another
 * return value, the user's memory) is noted in the context for who runs the program, and not done.
 */
#include "vm/helper.h"

#include <string.h>

/* ---------------------------------------------------------------- the function */

BU_VM_FN(get_func_ip)
{
	return run->ctx ? run->ctx->func_ip : 0;
}

BU_VM_FN(get_attach_cookie)
{
	return run->ctx ? run->ctx->cookie : 0;
}

/* An address of the kernel at which nothing can be read, or what a recording knows. */
BU_VM_FN(get_current_task)
{
	return run->env && run->env->task ? run->env->task : 0xffff888000000000u;
}

/* ---------------------------------------------------------------- stacks */

#define SKIP 0xffull
#define USER_STACK 256ull
#define USER_BUILD_ID 2048ull

BU_VM_FN(get_stack)
{
	const struct bu_vm_env *env = run->env;
	bool user = d & USER_STACK;
	uint64_t n = env ? user ? env->nustack : env->nkstack : 0, skip = d & SKIP, unit = d & USER_BUILD_ID ? 32 : 8;
	const uint64_t *at = env ? user ? env->ustack : env->kstack : NULL;

	if (c)
		memset(bu_vm_ptr(b), 0, c);
	if (d & ~(SKIP | USER_STACK | USER_BUILD_ID) || (!user && d & USER_BUILD_ID) || c % unit)
		return bu_vm_ret(-EINVAL);
	if (n <= skip || unit != 8)
		return bu_vm_ret(-EFAULT);
	n -= skip;
	n = n < c / 8 ? n : c / 8;
	if (n)
		memcpy(bu_vm_ptr(b), at + skip, n * 8);
	return n * 8;
}

#define FAST_STACK_CMP 512ull
#define REUSE_STACKID 1024ull

BU_VM_FN(get_stackid)
{
	const struct bu_vm_env *env = run->env;
	bool user = c & USER_STACK;
	uint64_t n = env ? user ? env->nustack : env->nkstack : 0;

	if (c & ~(SKIP | USER_STACK | FAST_STACK_CMP | REUSE_STACKID))
		return bu_vm_ret(-EINVAL);
	return bu_vm_ret(bu_vm_stackid((struct bu_vm_map *)(uintptr_t)b, env ? user ? env->ustack : env->kstack : NULL,
				       n, c));
}

/* No branches are recorded. */
BU_VM_FN(read_branch_records)
{
	return bu_vm_ret(d & ~1ull ? -EINVAL : -ENOENT);
}

BU_VM_FN(get_branch_snapshot)
{
	return bu_vm_ret(c ? -EINVAL : -ENOENT);
}

/* ---------------------------------------------------------------- counters */

#define INDEX_MASK 0xffffffffull
enum { PERF_VALUE = 24 }; /* struct bpf_perf_event_value: counter, enabled, running */

/* Is there an event? Its count is 0 then: those of the VM are of software, and take output. */
static int64_t event(struct bu_vm_run *run, uint64_t map, uint64_t flags)
{
	const struct bu_vm_map *m = (const struct bu_vm_map *)(uintptr_t)map;
	uint32_t i = (uint32_t)flags;

	if (flags & ~INDEX_MASK)
		return -EINVAL;
	if (i == UINT32_MAX)
		i = run->cpu;
	if (i >= m->max_entries)
		return -E2BIG;
	return m->ops->lookup((struct bu_vm_map *)(uintptr_t)map, &i, run->cpu) ? 0 : -ENOENT;
}

BU_VM_FN(perf_event_read)
{
	return bu_vm_ret(event(run, a, b));
}

BU_VM_FN(perf_event_read_value)
{
	int64_t err = d == PERF_VALUE ? event(run, a, b) : -EINVAL;

	memset(bu_vm_ptr(c), 0, d);
	return bu_vm_ret(err);
}

BU_VM_FN(perf_prog_read_value)
{
	memset(bu_vm_ptr(b), 0, c);
	if (c != PERF_VALUE)
		return bu_vm_ret(-EINVAL);
	if (run->ctx)
		memcpy(bu_vm_ptr(b), run->ctx->perf_value, PERF_VALUE);
	return 0;
}

/* ---------------------------------------------------------------- noted, not done */

static uint64_t signal(struct bu_vm_run *run, uint32_t sig)
{
	if (sig > 64)
		return bu_vm_ret(-EINVAL);
	if (run->ctx)
		run->ctx->signal = sig;
	return 0;
}

BU_VM_FN(send_signal)
{
	return signal(run, (uint32_t)a);
}

BU_VM_FN(send_signal_thread)
{
	return signal(run, (uint32_t)a);
}

BU_VM_FN(override_return)
{
	if (run->ctx) {
		run->ctx->overridden = true;
		run->ctx->override = b;
	}
	return 0;
}

/* Nobody's memory is written. */
BU_VM_FN(probe_write_user)
{
	return bu_vm_ret(-EPERM);
}

BU_VM_FN(copy_from_user)
{
	return (uint64_t)bu_vm_probe(run, bu_vm_ptr(a), b, c, BU_VM_USER);
}

/* ---------------------------------------------------------------- messages of sockets, TCP's callbacks */

BU_VM_FN(msg_apply_bytes)
{
	if (run->ctx)
		run->ctx->apply_bytes = (uint32_t)b;
	return 0;
}

BU_VM_FN(msg_cork_bytes)
{
	if (run->ctx)
		run->ctx->cork_bytes = (uint32_t)b;
	return 0;
}

/* Of the bits that are known all are taken; told are the others. */
BU_VM_FN(sock_ops_cb_flags_set)
{
	if (run->ctx)
		run->ctx->cb_flags = (uint32_t)b & 0x7f;
	return (uint64_t)(int64_t)(int32_t)((uint32_t)b & ~0x7fu);
}
