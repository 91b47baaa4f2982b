/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Timers in values of maps. A timer is this process's: what is due is called in front of and behind its runs, and while
 * it waits; where the clock is said (bu_vm_env), behind the run, in the order of their times, each once. In the value stands
 * a number that names it; where that is gone, by an update or a deletion, so is the timer.
 */
#include "vm/helper.h"
#include "vm/timer.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { F_ABS = 1, F_CPU_PIN = 2, MAX_CLOCKS = 16 };

struct bu_vm_timer {
	struct bu_vm_timer *next;
	uint64_t name, at, seq; /* seq: of its last start */
	struct bu_vm_map *map;
	uint64_t off;           /* of the field in the map's file */
	struct bu_vm_prog *prog; /* of the callback; NULL: none is set */
	uint32_t insn;
	clockid_t clock;
	bool armed, running;
};

static uint64_t now(clockid_t clock)
{
	struct timespec ts = { 0 };

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static _Atomic uint64_t *field(const struct bu_vm_map *m, uint64_t off)
{
	return (_Atomic uint64_t *)(void *)(m->mem + off);
}

/* The map of the program's whose value has its timer at p; NULL, and a fault. */
static struct bu_vm_map *map_of(struct bu_vm_run *run, uint64_t p, const char *name)
{
	for (uint32_t i = 0; i < run->prog->nmaps; i++) {
		struct bu_vm_map *m = run->prog->maps[i];
		const struct bu_vm_granules *g = &m->gran;
		uint64_t off = p - (uintptr_t)m->mem;

		if (m->timer && g->stride && off >= g->off && off < m->data_size && !(off & 7) &&
		    (off - g->off) % g->stride == (uint64_t)g->val + m->timer - 1 &&
		    bu_vm_mem_is(run, p, BU_VM_TIMER_SIZE))
			return m;
	}
	bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, BU_VM_TIMER_SIZE, true, "%s: argument 1: is no bpf_timer of a map value",
		       name);
	return NULL;
}

static struct bu_vm_timer *find(struct bu_vm *vm, const struct bu_vm_map *m, uint64_t off)
{
	uint64_t name = atomic_load(field(m, off));

	for (struct bu_vm_timer *t = vm->timers; name && t; t = t->next)
		if (t->name == name && t->map == m && t->off == off)
			return t;
	return NULL;
}

/* Is a name of nobody's any more? */
static bool stale(uint64_t name)
{
	pid_t pid = (pid_t)(name >> 32);

	return pid <= 0 || (kill(pid, 0) && errno == ESRCH);
}

static void drop_callback(struct bu_vm_timer *t)
{
	if (t->prog)
		bu_vm_prog_put(t->prog);
	t->prog = NULL;
	t->armed = false;
}

BU_VM_FN(timer_init)
{
	struct bu_vm_map *m = map_of(run, a, "bpf_timer_init"), *ref;
	uint64_t was, off = a - (uintptr_t)(m ? m->mem : 0);
	struct bu_vm_timer *t;
	uint32_t clock = (uint32_t)c;

	if (!m)
		return 0;
	if ((uintptr_t)m != b) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, b, 0, false,
			       "bpf_timer_init: argument 2: is not the map that the timer is in");
		return 0;
	}
	if (c >= MAX_CLOCKS || (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME && clock != CLOCK_BOOTTIME))
		return bu_vm_ret(-EINVAL);
	was = atomic_load(field(m, off));
	if (was && (find(run->vm, m, off) || !stale(was)))
		return bu_vm_ret(-EBUSY);
	t = calloc(1, sizeof(*t));
	if (!t || bu_vm_map_by_id(run->vm, m->obj->id, &ref)) {
		free(t);
		return bu_vm_ret(-ENOMEM);
	}
	t->name = (uint64_t)getpid() << 32 | ++run->vm->timer_names;
	t->map = m;
	t->off = off;
	t->clock = (clockid_t)clock;
	if (!atomic_compare_exchange_strong(field(m, off), &was, t->name)) {
		bu_vm_map_put(ref);
		free(t);
		return bu_vm_ret(-EBUSY);
	}
	t->next = run->vm->timers;
	run->vm->timers = t;
	return 0;
}

BU_VM_FN(timer_set_callback)
{
	struct bu_vm_map *m = map_of(run, a, "bpf_timer_set_callback");
	struct bu_vm_timer *t = m ? find(run->vm, m, a - (uintptr_t)m->mem) : NULL;
	struct bu_vm_prog *p;

	if (!t)
		return bu_vm_ret(-EINVAL);
	if (bu_vm_prog_by_id(run->vm, run->prog->id, &p))
		return bu_vm_ret(-EINVAL);
	if (t->prog)
		bu_vm_prog_put(t->prog);
	t->prog = p;
	t->insn = (uint32_t)((b - bu_vm_func_handle(p, 0)) / (bu_vm_func_handle(p, 1) - bu_vm_func_handle(p, 0)));
	return 0;
}

BU_VM_FN(timer_start)
{
	struct bu_vm_map *m = map_of(run, a, "bpf_timer_start");
	struct bu_vm_timer *t = m ? find(run->vm, m, a - (uintptr_t)m->mem) : NULL;

	if (c & ~(uint64_t)(F_ABS | F_CPU_PIN) || !t || !t->prog)
		return bu_vm_ret(-EINVAL);
	if (!(c & F_ABS))
		t->at = bu_vm_ktime(run) + b;
	else if (run->env && run->env->fixed_time)
		t->at = b;
	else
		t->at = b - now(t->clock) + now(CLOCK_MONOTONIC);
	t->armed = true;
	t->seq = ++run->vm->timer_seq;
	return 0;
}

BU_VM_FN(timer_cancel)
{
	struct bu_vm_map *m = map_of(run, a, "bpf_timer_cancel");
	struct bu_vm_timer *t = m ? find(run->vm, m, a - (uintptr_t)m->mem) : NULL;
	bool armed;

	if (!t)
		return bu_vm_ret(-EINVAL);
	if (t->running)
		return bu_vm_ret(-EDEADLK);
	armed = t->armed;
	drop_callback(t);
	return armed;
}

/* ---------------------------------------------------------------- firing */

/* Takes those out whose value no longer names them, or whose map nobody has any more. */
static void sweep(struct bu_vm *vm)
{
	struct bu_vm_timer **at = &vm->timers, *t;

	while ((t = *at)) {
		if ((atomic_load(field(t->map, t->off)) == t->name && bu_vm_obj_lives(t->map->obj)) || t->running) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		drop_callback(t);
		bu_vm_map_put(t->map);
		free(t);
	}
}

static struct bu_vm_timer *earliest(struct bu_vm *vm, uint64_t by, uint64_t seq)
{
	struct bu_vm_timer *best = NULL;

	for (struct bu_vm_timer *t = vm->timers; t; t = t->next)
		if (t->armed && t->prog && t->at <= by && t->seq <= seq && t->name >> 32 == (uint64_t)getpid() &&
		    (!best || t->at < best->at || (t->at == best->at && t->seq < best->seq)))
			best = t;
	return best;
}

static int fire(struct bu_vm_timer *t, const struct bu_vm_env *env, struct bu_vm_fault *fault)
{
	struct bu_vm_env said;
	struct bu_vm_entry e;
	uint32_t index;
	int err;

	t->armed = false;
	if (!bu_vm_map_key_of(t->map, t->off, &index, &e.key))
		return 0;
	e.map = t->map;
	e.value = t->map->mem + t->off - (t->map->timer - 1);
	if (t->map->ops->lookup(t->map, e.key, 0) != e.value)
		return 0;
	e.insn = t->insn;
	if (env && env->fixed_time) {
		said = *env;
		if (t->at > said.time)
			said.time = t->at;
		env = &said;
	}
	t->running = true;
	err = bu_vm_run_entry(t->prog, &e, env, fault);
	t->running = false;
	return err;
}

int bu_vm_timers_fire(struct bu_vm *vm, const struct bu_vm_env *env, bool behind, struct bu_vm_fault *fault)
{
	bool said = env && env->fixed_time;
	uint64_t seq = vm->timer_seq;
	struct bu_vm_timer *t;
	int err = 0;

	if (vm->run || (said && !behind))
		return 0;
	sweep(vm);
	while (!err && (t = earliest(vm, said ? UINT64_MAX : now(CLOCK_MONOTONIC), seq))) {
		err = fire(t, env, fault);
		sweep(vm);
	}
	return err;
}

int bu_vm_timers_due(struct bu_vm *vm)
{
	struct bu_vm_timer *t = earliest(vm, UINT64_MAX, UINT64_MAX);
	uint64_t n = now(CLOCK_MONOTONIC), ms;

	if (!t)
		return -1;
	ms = t->at > n ? (t->at - n + 999999) / 1000000 : 0;
	return ms > 1u << 30 ? 1 << 30 : (int)ms;
}

/* What the process leaves in values names nobody, and is free for the next. */
void bu_vm_timers_close(struct bu_vm *vm)
{
	while (vm->timers) {
		struct bu_vm_timer *t = vm->timers;
		uint64_t name = t->name;

		vm->timers = t->next;
		if (name >> 32 == (uint64_t)getpid())
			atomic_compare_exchange_strong(field(t->map, t->off), &name, 0);
		drop_callback(t);
		bu_vm_map_put(t->map);
		free(t);
	}
}
