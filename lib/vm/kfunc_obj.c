/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tasks and control groups as programs have them: names for helpers and kfuncs, with nothing to look into. What was
 * acquired has to be released.
 */
#include "vm/interp.h"
#include "vm/kfunc.h"
#include "vm/map_local.h"

/* ---------------------------------------------------------------- names */

static uint64_t handle(struct bu_vm_run *run, bool task, uint64_t id, bool held)
{
	uint32_t i;

	for (i = 0; i < run->nkobj && (run->kobj[i].id != id || run->kobj[i].task != task); i++)
		;
	if (i == BU_ARRAY_SIZE(run->kobj))
		return 0;
	if (i == run->nkobj) {
		run->kobj[i].id = id;
		run->kobj[i].task = task;
		run->kobj[i].held = 0;
		run->nkobj++;
	}
	run->kobj[i].held += held;
	run->nkheld += held;
	return BU_VM_KOBJ_HANDLE + i * 64ull;
}

static int index_of(const struct bu_vm_run *run, bool task, uint64_t p)
{
	uint64_t i = (p - BU_VM_KOBJ_HANDLE) / 64;

	return p % 64 || i >= run->nkobj || run->kobj[i].task != task ? -1 : (int)i;
}

bool bu_vm_task_named(struct bu_vm_run *run, uint64_t p, uint32_t *pid)
{
	int i = index_of(run, true, p);
	uint32_t tgid;

	if (i >= 0) {
		*pid = (uint32_t)run->kobj[i].id;
		return true;
	}
	if (p != bu_vm_h_get_current_task_btf(run, 0, 0, 0, 0, 0))
		return false;
	bu_vm_task(run, pid, &tgid, NULL);
	return true;
}

bool bu_vm_cgroup_named(const struct bu_vm_run *run, uint64_t p, uint64_t *id)
{
	int i = index_of(run, false, p);

	if (i >= 0)
		*id = run->kobj[i].id;
	return i >= 0;
}

static uint64_t no(struct bu_vm_run *run, const char *func, unsigned arg, const char *what, uint64_t p)
{
	bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, 0, false, "%s: argument %u: is no %s that the VM knows", func, arg, what);
	return 0;
}

static uint64_t release(struct bu_vm_run *run, bool task, uint64_t p, const char *func)
{
	int i = index_of(run, task, p);

	if (i < 0 || !run->kobj[i].held) {
		bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, 0, false, "%s: argument 1: was not acquired, or is released", func);
		return 0;
	}
	run->kobj[i].held--;
	run->nkheld--;
	return 0;
}

/* ---------------------------------------------------------------- tasks */

BU_VM_KFN(bpf_task_from_pid)
{
	struct bu_vm_owner o;
	uint32_t pid, tgid;

	bu_vm_task(run, &pid, &tgid, NULL);
	if ((int32_t)a <= 0)
		return 0;
	bu_vm_owner_task((uint32_t)a, &o);
	return (uint32_t)a == pid || (o.b && !(run->env && run->env->fixed_task)) ? handle(run, true, (uint32_t)a, true) : 0;
}

BU_VM_KFN(bpf_task_acquire)
{
	uint32_t pid;

	return bu_vm_task_named(run, a, &pid) ? handle(run, true, pid, true) : no(run, "bpf_task_acquire", 1, "task", a);
}

BU_VM_KFN(bpf_task_release)
{
	return release(run, true, a, "bpf_task_release");
}

/* Of another task than the current one nothing is known. */
BU_VM_KFN(bpf_task_under_cgroup)
{
	uint32_t pid, me, tgid;
	uint64_t id;

	if (!bu_vm_task_named(run, a, &pid))
		return no(run, "bpf_task_under_cgroup", 1, "task", a);
	if (!bu_vm_cgroup_named(run, b, &id))
		return no(run, "bpf_task_under_cgroup", 2, "control group", b);
	bu_vm_task(run, &me, &tgid, NULL);
	return pid == me && bu_vm_cgroup_level(run, id) >= 0;
}

/* ---------------------------------------------------------------- control groups */

BU_VM_KFN(bpf_cgroup_from_id)
{
	return bu_vm_cgroup_there(run, a) ? handle(run, false, a, true) : 0;
}

BU_VM_KFN(bpf_cgroup_acquire)
{
	uint64_t id;

	return bu_vm_cgroup_named(run, a, &id) ? handle(run, false, id, true) :
						 no(run, "bpf_cgroup_acquire", 1, "control group", a);
}

BU_VM_KFN(bpf_cgroup_release)
{
	return release(run, false, a, "bpf_cgroup_release");
}

/* Of the task's own group, and those above it. */
BU_VM_KFN(bpf_cgroup_ancestor)
{
	int32_t level = (int32_t)b, own;
	uint64_t id;

	if (!bu_vm_cgroup_named(run, a, &id))
		return no(run, "bpf_cgroup_ancestor", 1, "control group", a);
	own = bu_vm_cgroup_level(run, id);
	return level < 0 || level > own ? 0 : handle(run, false, bu_vm_cgroup_above(run, level), true);
}
