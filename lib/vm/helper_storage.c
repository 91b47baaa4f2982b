/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Local storage: of the sockets that the run has seen, of the current task, of the control groups that it was given.
 * There are no inodes here: no program is given one.
 */
#include "vm/helper.h"
#include "vm/interp.h"
#include "vm/map_local.h"
#include "vm/map_sock.h"

#include <stdlib.h>
#include <string.h>

#define CREATE 1ull    /* BPF_LOCAL_STORAGE_GET_F_CREATE */
#define U_RUN 11       /* m->u: the run that what is a run's own was made new for */
enum { TIME_WAIT = 6, NEW_SYN_RECV = 12 };

static struct bu_vm_map *map_arg(uint64_t a)
{
	return (struct bu_vm_map *)(uintptr_t)a;
}

/* ---------------------------------------------------------------- owners */

/* A pointer that only helpers understand, or what the environment says that it is. */
BU_VM_FN(get_current_task_btf)
{
	return run->env && run->env->task ? run->env->task : BU_VM_TASK_HANDLE;
}

static bool task(struct bu_vm_run *run, uint64_t p, struct bu_vm_owner *o)
{
	uint32_t pid;

	if (!bu_vm_task_named(run, p, &pid))
		return false;
	bu_vm_owner_task(pid, o);
	return true;
}

/* A packet's own socket is another one in each run: what it had then is gone. */
static void sock_owner(struct bu_vm_run *run, struct bu_vm_map *m, const struct bu_vm_sock *s, struct bu_vm_owner *o)
{
	*o = (struct bu_vm_owner){ bu_vm_sock_cookie(run, s), 0 };
	if (s != &run->own)
		return;
	*o = (struct bu_vm_owner){ (uint64_t)run->vm->member, 1 };
	if (m->u[U_RUN] != run->vm->run_no)
		bu_vm_local_delete(m, o);
	m->u[U_RUN] = run->vm->run_no;
}

/* ---------------------------------------------------------------- get, delete */

/* The value, made when it is not there and that is wanted: as first says, or all zero. */
static uint64_t get(struct bu_vm_map *m, const struct bu_vm_owner *o, uint64_t first, uint64_t flags)
{
	void *p = bu_vm_local_get(m, o), *zero;

	if (!p && flags & CREATE) {
		zero = first ? NULL : calloc(1, m->value_size);
		if (first || zero)
			bu_vm_local_set(m, o, first ? bu_vm_ptr(first) : zero, BPF_NOEXIST);
		free(zero);
		p = bu_vm_local_get(m, o);
	}
	if (p)
		bu_vm_grant(m, p);
	return (uintptr_t)p;
}

static uint64_t no(struct bu_vm_run *run, const char *helper, const char *what, uint64_t p)
{
	bu_vm_fault_at(run, BU_VM_FAULT_HELPER, p, 0, false, "%s: argument 2: is no %s that the VM knows", helper, what);
	return 0;
}

BU_VM_FN(task_storage_get)
{
	struct bu_vm_owner o;

	if (!b || d & ~CREATE)
		return 0;
	return task(run, b, &o) ? get(map_arg(a), &o, c, d) : no(run, "bpf_task_storage_get", "task", b);
}

BU_VM_FN(task_storage_delete)
{
	struct bu_vm_owner o;

	if (!b)
		return bu_vm_ret(-EINVAL);
	return task(run, b, &o) ? bu_vm_ret(bu_vm_local_delete(map_arg(a), &o)) :
				     no(run, "bpf_task_storage_delete", "task", b);
}

BU_VM_FN(cgrp_storage_get)
{
	struct bu_vm_owner o;
	uint64_t id;

	if (!b || d & ~CREATE)
		return 0;
	if (!bu_vm_cgroup_named(run, b, &id))
		return no(run, "bpf_cgrp_storage_get", "control group", b);
	bu_vm_owner_cgroup(id, &o);
	return get(map_arg(a), &o, c, d);
}

BU_VM_FN(cgrp_storage_delete)
{
	struct bu_vm_owner o;
	uint64_t id;

	if (!b)
		return bu_vm_ret(-EINVAL);
	if (!bu_vm_cgroup_named(run, b, &id))
		return no(run, "bpf_cgrp_storage_delete", "control group", b);
	bu_vm_owner_cgroup(id, &o);
	return bu_vm_ret(bu_vm_local_delete(map_arg(a), &o));
}

BU_VM_FN(inode_storage_get)
{
	return !b || d & ~CREATE ? 0 : no(run, "bpf_inode_storage_get", "inode", b);
}

BU_VM_FN(inode_storage_delete)
{
	return b ? no(run, "bpf_inode_storage_delete", "inode", b) : bu_vm_ret(-EINVAL);
}

static const struct bu_vm_sock *full_sock(struct bu_vm_run *run, uint64_t p)
{
	const struct bu_vm_sock *s = bu_vm_sock_at(run, p)->of; /* the argument was checked */

	return s->state == TIME_WAIT || s->state == NEW_SYN_RECV ? NULL : s;
}

BU_VM_FN(sk_storage_get)
{
	const struct bu_vm_sock *s = full_sock(run, b);
	struct bu_vm_owner o;

	if (!s || d > CREATE)
		return 0;
	sock_owner(run, map_arg(a), s, &o);
	return get(map_arg(a), &o, c, d);
}

BU_VM_FN(sk_storage_delete)
{
	const struct bu_vm_sock *s = full_sock(run, b);
	struct bu_vm_owner o;

	if (!s)
		return bu_vm_ret(-EINVAL);
	sock_owner(run, map_arg(a), s, &o);
	return bu_vm_ret(bu_vm_local_delete(map_arg(a), &o));
}

/* What a program has for the control group that it is attached to: run by hand, for the run. */
BU_VM_FN(get_local_storage)
{
	struct bu_vm_map *m = map_arg(a);
	void *p = m->ops->lookup(m, NULL, run->cpu);

	if (!p)
		return 0;
	if (m->u[U_RUN] != run->vm->run_no)
		memset(p, 0, m->value_size);
	m->u[U_RUN] = run->vm->run_no;
	bu_vm_grant(m, p);
	return (uintptr_t)p;
}
