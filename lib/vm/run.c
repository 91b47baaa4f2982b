/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole run: a virtual CPU on lease, memory for stack and packet, the context, the interpreter, and giving
 * back. What a run needs is made once per process; an empty run costs some tens of nanoseconds.
 */
#include "vm/ctxrule.h"
#include "vm/env.h"
#include "vm/interp.h"
#include "vm/private.h"
#include "vm/timer.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* In run_mem. Between the stack and what is below and above it lies memory that is nothing's. */
#define STACK_OFF 4096u
#define STACK_SIZE (BU_VM_FRAMES * BU_VM_FRAME_STRIDE)
#define MD_OFF (STACK_OFF + STACK_SIZE + 4096u)
#define PACKET_OFF (MD_OFF + 4096u)
#define RUN_MEM (PACKET_OFF + (256u << 10) + 2 * 4096u)
#define CPU_WAIT_NS 3000000000ull

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---------------------------------------------------------------- virtual CPUs */

static bool take(struct bu_vm *vm, uint32_t cpu, bool ask)
{
	_Atomic uint32_t *owner = &vm->root->cpu[cpu].owner;
	uint32_t me = (uint32_t)vm->member + 1, was = atomic_load_explicit(owner, memory_order_relaxed);
	int fd;

	if (!was || was == me) /* nested runs are refused: ours is left over */
		return atomic_compare_exchange_strong(owner, &was, me);
	if (!ask)
		return false;
	if (was > BU_VM_MEMBERS)
		return atomic_compare_exchange_strong(owner, &was, me);
	if (!bu_vm_member_dead(vm, was - 1, &fd))
		return false;
	ask = atomic_compare_exchange_strong(owner, &was, me);
	if (fd >= 0)
		close(fd);
	return ask;
}

/* want: the CPU + 1, 0: any. */
static int lease(struct bu_vm *vm, uint32_t want, uint32_t *cpu)
{
	uint32_t n = vm->root->ncpus, i;
	uint64_t start = 0;

	if (n > BU_VM_MAX_CPUS)
		n = BU_VM_MAX_CPUS;
	if (!n || want > n)
		return n ? -EINVAL : -EUCLEAN;
	i = want ? want - 1 : vm->run_cpu < n ? vm->run_cpu : 0;
	for (bool ask = false;; ask = true) {
		for (uint32_t k = 0; k < (want ? 1 : n); k++, i = want || i + 1 < n ? i + !want : 0)
			if (take(vm, i, ask)) {
				*cpu = vm->run_cpu = i;
				return 0;
			}
		if (!start)
			start = now();
		else if (now() - start > CPU_WAIT_NS)
			return -EBUSY;
		if (ask)
			sched_yield();
	}
}

/* ---------------------------------------------------------------- a run */

/* A new number for grants. When they are used up, old grants must not be taken for new ones. */
static void next_run(struct bu_vm *vm)
{
	if (++vm->run_no)
		return;
	for (unsigned i = 0; i < BU_ARRAY_SIZE(vm->table); i++)
		for (struct bu_vm_obj *o = vm->table[i]; o; o = o->next) {
			struct bu_vm_map *m = o->kind == BU_VM_MAP ? o->body : NULL;

			if (m && m->grant)
				memset(m->grant, 0, m->gran.n * (m->gran.rows ? m->gran.rows : 1) *
						    sizeof(*m->grant));
		}
	vm->run_no = 1;
}

static int prepare(struct bu_vm *vm)
{
	int err = 0;

	if (vm->run)
		return -EBUSY;
	if (vm->member < 0) {
		err = bu_vm_member(vm);
		if (err)
			return err;
	}
	if (!vm->run_mem)
		vm->run_mem = bu_vm_window_map(vm, -1, RUN_MEM, true, BU_VM_R_STACK, NULL, &err);
	return vm->run_mem ? 0 : err;
}

static void leave(struct bu_vm_run *run)
{
	for (uint32_t i = 0; i < run->ninner; i++)
		bu_vm_map_put(run->inner[i]);
	for (uint32_t i = 0; i < run->tail_calls; i++)
		bu_vm_prog_put(run->tails[i]);
	if (run->deepest)
		memset(run->stack + BU_VM_FRAME_STRIDE, 0, run->deepest * BU_VM_FRAME_STRIDE);
}

/* The program's counters and, while somebody wants them, its time. */
static void count(struct bu_vm_prog *p, uint64_t ns)
{
	struct bu_vm_live *live = &p->obj->hdr->live;

	atomic_fetch_add_explicit(&live->run_cnt, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&live->run_time_ns, ns, memory_order_relaxed);
}

/* What the kernel's verifier would not have let the program return. */
static int check_result(struct bu_vm_run *run)
{
	const struct bu_vm_ctx_view *w = run->prog->view;
	int64_t v = (int64_t)run->r[0];

	if (!w || (w->min == INT32_MIN && w->max == INT32_MAX) || (v >= w->min && v <= w->max))
		return 0;
	return bu_vm_fault_at(run, BU_VM_FAULT_RESULT, 0, 0, false, "it returned %lld, which should have been in [%d, %d]",
			      (long long)v, w->min, w->max);
}

/* What a timer's callback is given: the map, a copy of the key where for_each_map_elem has it, the value. */
static void arguments(struct bu_vm_run *run, const struct bu_vm_entry *e)
{
	uint8_t *copy = run->stack + BU_VM_STACK;

	for (uint32_t i = 0; i < run->prog->nmaps; i++)
		if (run->prog->maps[i] == e->map)
			run->r[1] = BU_VM_MAP_HANDLE + ((uint64_t)i << 12);
	memcpy(copy, e->key, e->map->key_size);
	run->key[0].lo = run->r[2] = (uintptr_t)copy;
	run->key[0].hi = (uintptr_t)copy + e->map->key_size;
	run->r[3] = (uintptr_t)e->value;
	bu_vm_grant(e->map, e->value);
}

static int run_it(struct bu_vm_prog *p, struct bu_vm_ctx *ctx, const struct bu_vm_env *env, const struct bu_vm_entry *e,
		  uint64_t *r0, struct bu_vm_fault *fault)
{
	struct bu_vm *vm = p->vm;
	struct bu_vm_run run;
	bool stats;
	uint64_t start = 0;
	int err = prepare(vm);

	if (fault)
		fault->kind = BU_VM_FAULT_NONE;
	if (err)
		return err;
	/* What is large and set before it is read is left as it is. */
	run.vm = vm;
	run.prog = p;
	run.ctx = ctx;
	run.env = env ? env : vm->settings ? &vm->settings->env : NULL;
	env = run.env;
	run.looks = 0;
	run.sysctl_size = 0;
	bu_vm_clear(run.r, sizeof(run.r));
	run.stack = vm->run_mem + STACK_OFF;
	run.md = vm->run_mem + MD_OFF;
	run.packet_buf = vm->run_mem + PACKET_OFF;
	run.packet_buf_size = 0;
	run.depth = run.deepest = 0;
	run.tail_calls = 0;
	run.fuel = vm->fuel < UINT64_MAX / sizeof(struct bu_vm_op) ? BU_VM_COST(vm->fuel) : UINT64_MAX;
	run.seed = env && env->seeded ? env->seed : 0;
	run.nrec = run.ninner = run.nsock = run.nheld = run.nsample = run.nkobj = run.nkheld = 0;
	run.nheap = 0;
	run.rcu = run.preempt = run.irqs = 0;
	run.thrown = false;
	run.nfd = 0;
	run.entry = e ? e->insn : 0;
	bu_vm_clear(run.key, sizeof(run.key));
	run.spin = NULL;
	run.spin_off = 0;
	run.pc = NULL;
	run.fault.kind = BU_VM_FAULT_NONE;
	bu_vm_clear(run.stack, BU_VM_STACK);
	err = bu_vm_ctx_begin(&run);
	if (!err)
		err = lease(vm, env && env->cpu > 0 ? (uint32_t)env->cpu : 0, &run.cpu);
	if (err)
		return err;
	vm->run = &run;
	next_run(vm);
	if (e)
		arguments(&run, e);
	atomic_store_explicit(&vm->root->cpu[run.cpu].epoch,
			      atomic_fetch_add_explicit(&vm->root->epoch, 1, memory_order_relaxed) + 1,
			      memory_order_release);
	stats = p->obj && atomic_load_explicit(&vm->root->stats, memory_order_relaxed) &&
		bu_vm_stats_wanted(vm);
	if (stats)
		start = now();
	err = bu_vm_interp(&run);
	if (stats)
		count(p, now() - start);
	if (!err && !e)
		err = check_result(&run);
	if (run.spin || run.nrec || run.nheld)
		bu_vm_helpers_end(&run);
	if (run.nheap | run.rcu | run.preempt | run.irqs | run.nkheld)
		bu_vm_kfuncs_end(&run);
	if (vm->win.fault) { /* whatever else went wrong came of it */
		vm->win.fault = 0;
		bu_vm_fault_at(&run, BU_VM_FAULT_WORLD, 0, 0, false,
			       "a file of the world was cut short while it was in use");
	}
	if (run.fault.kind != BU_VM_FAULT_NONE)
		err = -EFAULT;
	atomic_store_explicit(&vm->root->cpu[run.cpu].epoch, 0, memory_order_relaxed);
	atomic_store_explicit(&vm->root->cpu[run.cpu].owner, 0, memory_order_release);
	leave(&run);
	bu_vm_ctx_end(&run);
	vm->run = NULL;
	if (r0)
		*r0 = run.r[0];
	if (fault && err == -EFAULT)
		*fault = run.fault;
	return err;
}

int bu_vm_run_entry(struct bu_vm_prog *p, const struct bu_vm_entry *e, const struct bu_vm_env *env,
		    struct bu_vm_fault *fault)
{
	return run_it(p, NULL, env, e, NULL, fault);
}

int bu_vm_run_prog(struct bu_vm_prog *p, struct bu_vm_ctx *ctx, const struct bu_vm_env *env,
		   uint64_t *r0, struct bu_vm_fault *fault)
{
	struct bu_vm *vm = p->vm;
	const struct bu_vm_env *said = env ? env : vm->settings ? &vm->settings->env : NULL;
	int err = vm->timers ? bu_vm_timers_fire(vm, said, false, fault) : 0;

	if (!err)
		err = run_it(p, ctx, env, NULL, r0, fault);
	if (!err && vm->timers)
		err = bu_vm_timers_fire(vm, said, true, fault);
	return err;
}

int bu_vm_run(struct bu_sys *s, int prog_fd, struct bu_vm_ctx *ctx, const struct bu_vm_env *env,
	      uint64_t *r0, struct bu_vm_fault *fault)
{
	struct bu_vm_prog *p;
	int err = bu_vm_prog_by_fd(bu_vm(s), prog_fd, &p);

	if (err)
		return err;
	err = bu_vm_run_prog(p, ctx, env, r0, fault);
	bu_vm_prog_put(p);
	return err;
}

int bu_vm_run_raw(struct bu_sys *s, const struct bu_vm_raw *raw, struct bu_vm_ctx *ctx,
		  uint64_t *r0, struct bu_vm_fault *fault)
{
	struct bu_vm_prog p = {
		.vm = bu_vm(s), .insns = raw->insns, .ninsns = raw->n,
		.raw_helper = raw->helper, .raw_ctx = raw->helper_ctx,
	};
	struct bu_vm_check c = { .insns = raw->insns, .n = raw->n, .gpl = true, .raw = true };
	int err = bu_vm_check_insns(&c);

	if (err)
		return err;
	p.ops = calloc(raw->n, sizeof(*p.ops));
	if (!p.ops)
		return -ENOMEM;
	err = bu_vm_decode(&p);
	if (!err)
		err = bu_vm_run_prog(&p, ctx, NULL, r0, fault);
	free(p.ops);
	return err;
}

/* ---------------------------------------------------------------- handles */

struct bu_vm_map *bu_vm_map_by_handle(const struct bu_vm_run *run, uint64_t handle)
{
	uint64_t i = handle - BU_VM_MAP_HANDLE;

	if (handle & 4095)
		return NULL;
	if (i >> 12 < run->prog->nmaps)
		return run->prog->maps[i >> 12];
	i = handle - BU_VM_INNER_HANDLE;
	return i >> 12 < run->ninner ? run->inner[i >> 12] : NULL;
}

uint64_t bu_vm_inner_handle(struct bu_vm_run *run, struct bu_vm_map *m)
{
	uint32_t i;

	for (i = 0; i < run->ninner; i++)
		if (run->inner[i] == m) {
			bu_vm_map_put(m);
			return BU_VM_INNER_HANDLE + ((uint64_t)i << 12);
		}
	if (i == BU_ARRAY_SIZE(run->inner))
		return 0;
	run->inner[run->ninner++] = m;
	return BU_VM_INNER_HANDLE + ((uint64_t)i << 12);
}

uint64_t bu_vm_func_handle(const struct bu_vm_prog *p, uint32_t insn)
{
	(void)p;
	return BU_VM_FUNC_HANDLE + ((uint64_t)insn << 3);
}
