/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PROG_ATTACH, PROG_DETACH, PROG_QUERY: the kernel's checks in its order, on the lists of attach.c. */
#include "vm/attach.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_REPLACE | BPF_F_PREORDER)
#define MPROG (BPF_F_REPLACE | BPF_F_BEFORE | BPF_F_AFTER | BPF_F_ID | BPF_F_LINK)
#define MODES (BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI)

/* A program of the type, by its fd. */
static int prog_of(struct bu_vm *vm, uint32_t fd, uint32_t type, struct bu_vm_obj **o)
{
	int err = bu_vm_prog_obj(vm, fd, o);

	if (err || (*o)->h.prog.type == type)
		return err;
	bu_vm_obj_put(*o);
	*o = NULL;
	return -EINVAL;
}

struct job {
	struct bu_vm *vm;
	const union bpf_attr *a;
	struct bu_vm_at at;
	struct bu_vm_attach w;
	struct bu_vm_spots s;
};

static int lock(struct job *j)
{
	int err = bu_vm_world_lock(j->vm);

	if (!err)
		bu_vm_spots_get(j->vm, &j->at, &j->s);
	return err;
}

static void unlock(struct job *j)
{
	bu_vm_spots_put(&j->s);
	bu_vm_world_unlock(j->vm);
}

/* ---------------------------------------------------------------- attach */

static int put_in(struct job *j, unsigned i, bool replace)
{
	int err;

	if (replace) {
		if (j->s.v[i].o->kind == BU_VM_LINK)
			return -EBUSY;
		err = bu_vm_spot_replace(j->vm, &j->s.v[i], j->w.prog, j->w.flags);
	} else {
		err = bu_vm_spot_make(j->vm, &j->at, j->w.prog, j->w.flags, bu_vm_spots_open(&j->s, i));
	}
	if (!err)
		bu_vm_revise(j->vm, &j->at);
	return err;
}

static int attach_cgroup(struct job *j)
{
	const union bpf_attr *a = j->a;
	bool replace;
	unsigned i;
	int err;

	err = bu_vm_at_cgroup((int)a->target_fd, &j->at.target);
	if (err)
		return err;
	if (a->attach_flags & BPF_F_ALLOW_MULTI && a->attach_flags & BPF_F_REPLACE) {
		err = prog_of(j->vm, a->replace_bpf_fd, j->w.prog->h.prog.type, &j->w.old);
		if (err)
			return err;
	}
	err = lock(j);
	if (err)
		return err;
	err = bu_vm_cgroup_place(j->vm, &j->at, (int)a->target_fd, &j->s, &j->w, &i, &replace);
	j->w.flags &= MODES | BPF_F_PREORDER;
	if (!err)
		err = put_in(j, i, replace);
	unlock(j);
	return err;
}

static int attach_device(struct job *j)
{
	const union bpf_attr *a = j->a;
	bool replace;
	unsigned i;
	int err;

	err = bu_vm_at_device(a->target_ifindex, j->at.type, &j->at.target);
	if (err)
		return err;
	if (a->attach_flags & BPF_F_REPLACE) {
		err = prog_of(j->vm, a->replace_bpf_fd, j->w.prog->h.prog.type, &j->w.old);
		if (err)
			return err;
	}
	err = lock(j);
	if (err)
		return err;
	err = bu_vm_mprog_place(j->vm, &j->s, &j->w, &i, &replace);
	j->w.flags = 0;
	if (!err)
		err = put_in(j, i, replace);
	unlock(j);
	return err;
}

/* One program a place: a socket map's kind of program, or the flow dissector of this namespace. */
static int attach_single(struct job *j)
{
	int err = lock(j);

	if (err)
		return err;
	if (bu_vm_at_family(j->at.type) == BU_VM_AT_SOCKMAP)
		err = bu_vm_other_verdict(j->vm, &j->at);
	else if (j->s.n && j->s.v[0].o->kind == BU_VM_LINK)
		err = -EEXIST;
	else if (j->s.n && j->s.v[0].prog_id == j->w.prog->id)
		err = -EINVAL;
	if (!err)
		err = put_in(j, 0, j->s.n > 0);
	unlock(j);
	return err;
}

static int attach(struct job *j)
{
	const union bpf_attr *a = j->a;
	int err;

	switch (bu_vm_at_family(j->at.type)) {
	case BU_VM_AT_CGROUP:
		return attach_cgroup(j);
	case BU_VM_AT_DEVICE:
		return attach_device(j);
	case BU_VM_AT_SOCKMAP:
		if (a->attach_flags || a->replace_bpf_fd)
			return -EINVAL;
		err = bu_vm_at_sockmap(j->vm, (int)a->target_fd, &j->at.target);
		return err ? err : attach_single(j);
	case BU_VM_AT_NETNS:
		if (j->at.type != BPF_FLOW_DISSECTOR || a->target_fd || a->attach_flags || a->replace_bpf_fd)
			return -EINVAL;
		err = bu_vm_at_netns(-1, &j->at.target);
		return err ? err : attach_single(j);
	default:
		return -EINVAL;
	}
}

int bu_vm_cmd_attach(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	uint32_t type = bu_vm_type_of_attach(a->attach_type), known = BASE;
	struct job *j;
	int err;

	(void)user, (void)size;
	if (!type)
		return -EINVAL;
	if (type == BPF_PROG_TYPE_SCHED_CLS)
		known = MPROG;
	else if (bu_vm_at_family(a->attach_type) == BU_VM_AT_CGROUP || type == BPF_PROG_TYPE_LSM)
		known = BASE | MPROG;
	else if (a->attach_flags & ~(uint32_t)BASE || a->relative_fd || a->expected_revision)
		return -EINVAL;
	if (a->attach_flags & ~known)
		return -EINVAL;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	*j = (struct job){
		.vm = vm, .a = a, .at.type = a->attach_type,
		.w = { .flags = a->attach_flags, .relative = a->relative_fd, .revision = a->expected_revision },
	};
	err = prog_of(vm, a->attach_bpf_fd, type, &j->w.prog);
	if (!err)
		err = bu_vm_attach_check_type(j->w.prog, a->attach_type);
	if (!err)
		err = attach(j);
	bu_vm_obj_put(j->w.prog);
	bu_vm_obj_put(j->w.old);
	free(j);
	return err;
}

/* ---------------------------------------------------------------- detach */

static int take_out(struct job *j, unsigned i)
{
	int err = bu_vm_spot_remove(j->vm, &j->s.v[i]);

	if (!err)
		bu_vm_revise(j->vm, &j->at);
	return err;
}

static int detach_cgroup(struct job *j)
{
	unsigned i;
	int err;

	err = bu_vm_at_cgroup((int)j->a->target_fd, &j->at.target);
	if (!err)
		err = lock(j);
	if (err)
		return err;
	if (j->w.revision && j->w.revision != j->s.revision)
		err = -ESTALE;
	else if (!j->s.n || !(j->s.v[0].flags & BPF_F_ALLOW_MULTI)) /* whichever program it is */
		err = j->s.n ? take_out(j, 0) : -ENOENT;
	else if (!j->w.prog)
		err = -EINVAL;
	else {
		for (i = 0; i < j->s.n; i++)
			if (j->s.v[i].o->kind == BU_VM_EVENT && j->s.v[i].prog_id == j->w.prog->id)
				break;
		err = i < j->s.n ? take_out(j, i) : -ENOENT;
	}
	unlock(j);
	return err;
}

static int detach_device(struct job *j)
{
	unsigned i;
	int err;

	err = bu_vm_at_device(j->a->target_ifindex, j->at.type, &j->at.target);
	if (!err)
		err = lock(j);
	if (err)
		return err;
	err = bu_vm_mprog_find(j->vm, &j->s, &j->w, &i);
	if (!err)
		err = take_out(j, i);
	unlock(j);
	return err;
}

static int detach_single(struct job *j)
{
	int err = lock(j);

	if (err)
		return err;
	if (bu_vm_at_family(j->at.type) == BU_VM_AT_SOCKMAP)
		err = j->s.n && j->s.v[0].o->kind == BU_VM_LINK ? -EBUSY : bu_vm_other_verdict(j->vm, &j->at);
	else if (j->s.n && j->s.v[0].o->kind == BU_VM_LINK)
		err = -EINVAL;
	if (err)
		;
	else if (!j->s.n || j->s.v[0].prog_id != j->w.prog->id)
		err = -ENOENT;
	else
		err = take_out(j, 0);
	unlock(j);
	return err;
}

static int detach(struct job *j, uint32_t type)
{
	const union bpf_attr *a = j->a;
	int err;

	switch (bu_vm_at_family(j->at.type)) {
	case BU_VM_AT_CGROUP: /* a program that is none, or another's, counts as not given */
		(void)prog_of(j->vm, a->attach_bpf_fd, type, &j->w.prog);
		return detach_cgroup(j);
	case BU_VM_AT_DEVICE:
		err = a->attach_bpf_fd ? prog_of(j->vm, a->attach_bpf_fd, type, &j->w.prog) : 0;
		return err ? err : detach_device(j);
	case BU_VM_AT_SOCKMAP:
		if (a->attach_flags || a->replace_bpf_fd)
			return -EINVAL;
		err = bu_vm_at_sockmap(j->vm, (int)a->target_fd, &j->at.target);
		if (!err)
			err = prog_of(j->vm, a->attach_bpf_fd, type, &j->w.prog);
		return err ? err : detach_single(j);
	case BU_VM_AT_NETNS:
		if (j->at.type != BPF_FLOW_DISSECTOR || a->target_fd)
			return -EINVAL;
		err = prog_of(j->vm, a->attach_bpf_fd, type, &j->w.prog);
		if (!err)
			err = bu_vm_at_netns(-1, &j->at.target);
		return err ? err : detach_single(j);
	default:
		return -EINVAL;
	}
}

int bu_vm_cmd_detach(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	uint32_t type = bu_vm_type_of_attach(a->attach_type);
	struct job *j;
	int err;

	(void)user, (void)size;
	if (type == BPF_PROG_TYPE_SCHED_CLS) {
		if (a->attach_flags & ~(uint32_t)MPROG)
			return -EINVAL;
	} else if (bu_vm_at_family(a->attach_type) == BU_VM_AT_CGROUP || type == BPF_PROG_TYPE_LSM) {
		if (a->attach_flags || a->relative_fd)
			return -EINVAL;
	} else if (a->attach_flags || a->relative_fd || a->expected_revision) {
		return -EINVAL;
	}
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	*j = (struct job){
		.vm = vm, .a = a, .at.type = a->attach_type,
		.w = { .flags = a->attach_flags, .relative = a->relative_fd, .revision = a->expected_revision },
	};
	err = detach(j, type);
	bu_vm_obj_put(j->w.prog);
	free(j);
	return err;
}

/* ---------------------------------------------------------------- query */

struct answer {
	struct bu_vm *vm;
	const union bpf_attr *a;
	union bpf_attr *user;
};

#define PUT(w, val, m) bu_vm_put_user((w)->vm, val, (w)->user, query.m)

static int put_array(const struct answer *w, uint64_t to, uint32_t i, uint32_t v)
{
	return to ? bu_vm_copy_out(w->vm, to + (uint64_t)i * sizeof(v), &v, sizeof(v)) : 0;
}

static void take_effective(const struct bu_vm_spots *s, uint32_t *ids, uint32_t *n, uint32_t *first, uint32_t *nfirst,
			   uint32_t room)
{
	uint32_t pre = 0;

	for (unsigned i = 0; i < s->n; i++)
		pre += (s->v[i].flags & BPF_F_PREORDER) != 0;
	if (*n + *nfirst + s->n > room)
		return;
	memmove(first + pre, first, *nfirst * sizeof(*first));
	*nfirst += pre;
	pre = 0;
	for (unsigned i = 0; i < s->n; i++)
		if (s->v[i].flags & BPF_F_PREORDER)
			first[pre++] = s->v[i].prog_id;
		else
			ids[(*n)++] = s->v[i].prog_id;
}

/*
 * What runs at a group: its own, and those of the groups above as far as their modes let them; before them those that
 * were attached with BPF_F_PREORDER, the group's that is furthest above first.
 */
static int effective(struct bu_vm *vm, const struct bu_vm_at *at, int fd, uint32_t *ids, uint32_t room, uint32_t *n)
{
	struct bu_vm_spots *s = malloc(sizeof(*s));
	int dir = fcntl(fd, F_DUPFD_CLOEXEC, 0), next;
	uint32_t first[16 * BU_VM_ATTACH_MAX], nfirst = 0;
	struct bu_vm_at a = *at;

	*n = 0;
	while (s && dir >= 0 && !bu_vm_at_cgroup(dir, &a.target)) {
		uint64_t was = a.target;

		bu_vm_spots_get(vm, &a, s);
		if (s->n && (!(*n + nfirst) || s->v[0].flags & BPF_F_ALLOW_MULTI))
			take_effective(s, ids, n, first, &nfirst, room);
		bu_vm_spots_put(s);
		next = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = next;
		if (dir >= 0 && !bu_vm_at_cgroup(dir, &a.target) && a.target == was)
			break;
	}
	if (dir >= 0)
		close(dir);
	if (!s)
		return -ENOMEM;
	free(s);
	memmove(ids + nfirst, ids, *n * sizeof(*ids));
	memcpy(ids, first, nfirst * sizeof(*ids));
	*n += nfirst;
	return 0;
}

static int query_effective(const struct answer *w, const struct bu_vm_at *at)
{
	uint32_t ids[16 * BU_VM_ATTACH_MAX], n, cnt = w->a->query.prog_cnt;
	int err;

	if (w->a->query.prog_attach_flags)
		return -EINVAL;
	err = bu_vm_world_lock(w->vm);
	if (err)
		return err;
	err = effective(w->vm, at, (int)w->a->query.target_fd, ids, BU_ARRAY_SIZE(ids), &n);
	bu_vm_world_unlock(w->vm);
	if (err)
		return err;
	if (PUT(w, 0, attach_flags) || PUT(w, n, prog_cnt))
		return -EFAULT;
	if (!cnt || !w->a->query.prog_ids || !n)
		return 0;
	for (uint32_t i = 0; i < n && i < cnt; i++)
		if (put_array(w, w->a->query.prog_ids, i, ids[i]))
			return -EFAULT;
	return cnt < n ? -ENOSPC : 0;
}

static int query_list(const struct answer *w, const struct bu_vm_at *at)
{
	enum bu_vm_family f = bu_vm_at_family(at->type);
	uint32_t cnt = w->a->query.prog_cnt, mode;
	struct bu_vm_spots *s = malloc(sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	err = bu_vm_world_lock(w->vm);
	if (err)
		goto out;
	bu_vm_spots_get(w->vm, at, s);
	err = f == BU_VM_AT_SOCKMAP ? bu_vm_other_verdict(w->vm, at) : 0;
	bu_vm_world_unlock(w->vm);
	if (err && (PUT(w, 0, attach_flags) || PUT(w, 0, prog_cnt)))
		err = -EFAULT;
	if (err)
		goto out;
	err = -EFAULT;
	mode = f == BU_VM_AT_CGROUP && s->n ? s->v[0].flags & MODES : 0;
	if (PUT(w, mode, attach_flags) || PUT(w, s->n, prog_cnt))
		goto out;
	if ((f == BU_VM_AT_CGROUP || f == BU_VM_AT_DEVICE) && PUT(w, s->revision, revision))
		goto out;
	err = 0;
	if (!cnt || !w->a->query.prog_ids || !s->n)
		goto out;
	for (uint32_t i = 0; i < s->n && i < cnt; i++) {
		uint32_t link = s->v[i].o->kind == BU_VM_LINK ? s->v[i].o->id : 0;

		if (put_array(w, w->a->query.prog_ids, i, s->v[i].prog_id) ||
		    (f == BU_VM_AT_CGROUP && put_array(w, w->a->query.prog_attach_flags, i, s->v[i].flags & MODES)) ||
		    (f == BU_VM_AT_DEVICE && (put_array(w, w->a->query.prog_attach_flags, i, 0) ||
					      put_array(w, w->a->query.link_ids, i, link) ||
					      put_array(w, w->a->query.link_attach_flags, i, 0))))
			err = -EFAULT;
	}
	if (!err && cnt < s->n)
		err = -ENOSPC;
out:
	bu_vm_spots_put(s);
	free(s);
	return err;
}

int bu_vm_cmd_query(struct bu_vm *vm, union bpf_attr *a, union bpf_attr *user, unsigned size)
{
	struct bu_vm_at at = { .type = a->query.attach_type };
	struct answer w = { .vm = vm, .a = a, .user = user };
	int err = -EINVAL;

	(void)size;
	if (a->query.query_flags & ~(uint32_t)BPF_F_QUERY_EFFECTIVE)
		return -EINVAL;
	switch (bu_vm_at_family(at.type)) {
	case BU_VM_AT_CGROUP:
		err = bu_vm_at_cgroup((int)a->query.target_fd, &at.target);
		if (!err && a->query.query_flags)
			return query_effective(&w, &at);
		break;
	case BU_VM_AT_DEVICE:
		err = bu_vm_at_device(a->query.target_ifindex, at.type, &at.target);
		if (!err && (a->query.query_flags || a->query.attach_flags))
			err = -EINVAL;
		break;
	case BU_VM_AT_SOCKMAP:
		err = a->query.query_flags ? -EINVAL : bu_vm_at_sockmap(vm, (int)a->query.target_fd, &at.target);
		break;
	case BU_VM_AT_NETNS:
		err = a->query.query_flags ? -EINVAL : bu_vm_at_netns((int)a->query.target_fd, &at.target);
		break;
	default:
		break;
	}
	return err ? err : query_list(&w, &at);
}
